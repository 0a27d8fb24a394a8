//! Blobs, tables, catalogue and jobs of a workspace: the only room that names `deltalake`, `object_store` and `sqlx`.
//!
//! Read [`Place`] (where a workspace keeps its files) and [`Blobs`] (originals, by content) first, then [`Catalog`].
//!
//! Not here: what is stored and why (`engine`), SQL over it (`query`). No clock and no random source is asked: callers
//! pass times and names in.

mod blobs;
mod catalog;
mod error;
mod log;
mod place;
mod tables;
mod uploads;

pub use blobs::{Blobs, Kept, STAGING};
pub use catalog::{
    Batch, Catalog, Claim, Job, JobState, Known, Listed, NewJob, Publication, Published, Publisher,
    Retry, SeenFile,
};
pub use error::{ErrorKind, StoreError};
pub use log::Log;
pub use place::Place;
pub use tables::{DataFile, Snapshot, Step, Tables, put_together, schema, sorted};
