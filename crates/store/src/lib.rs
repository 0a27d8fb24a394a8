//! Blobs, tables, catalogue and jobs of a workspace: the only room that names `deltalake`, `object_store` and `sqlx`.
//!
//! Read [`Place`] (where a workspace keeps its files) and [`Blobs`] (originals, by content) first, then [`Catalog`].
//!
//! Not here: what is stored and why (`engine`), SQL over it (`query`). No clock and no random source is asked: callers
//! pass times and names in.

mod blobs;
mod catalog;
mod copying;
mod error;
mod log;
mod objects;
mod place;
mod releases;
mod tables;
mod uploads;
mod versions;

pub use bytes::Bytes;

pub use blobs::{Blobs, Kept, STAGING};
pub use catalog::{
    Batch, Catalog, Claim, Committed, Direction, Edge, Job, JobState, Known, Lineage,
    LineageQuestion, Link, Links, Listed, LogEntry, LogHead, NewJob, Node, Operation, Publication,
    Published, Publisher, Recorded, Release, Retry, SeenFile, Tag, Verdicts,
};
pub use error::{ErrorKind, StoreError};
pub use log::Log;
pub use objects::Objects;
pub use place::Place;
pub use releases::Releases;
pub use tables::{
    DataFile, LogFile, RowsFile, Snapshot, Step, Tables, WrittenFile, lasting_schema, parquet_rows,
    put_together, schema, sorted,
};
pub use versions::Versions;
