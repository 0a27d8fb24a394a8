//! Tables of record as SQL sees them: plain Parquet scans over files that are pinned by their digests.
//!
//! Read [`PinnedFiles`] first. A plan over it names nothing but Parquet files, so it can be sent to other processes.
//!
//! Not here: recordings as tables.

mod at;
mod pinned;
mod statistics;

pub(crate) use at::TableAt;
pub(crate) use pinned::{Declared, PinnedFiles};

use datafusion::common::DataFusionError;
use datafusion::execution::object_store::ObjectStoreUrl;

/// Where the engine looks for the store of the workspace.
pub(crate) fn store_url() -> Result<ObjectStoreUrl, DataFusionError> {
    ObjectStoreUrl::parse("fieldassay://workspace/")
}
