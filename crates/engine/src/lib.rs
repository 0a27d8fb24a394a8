//! The boundary: every operation of the product as plan, run and outcome.
//!
//! Read [`check::run`] first. [`sources`] finds and opens recordings, [`limits`] holds every
//! written limit; each operation is one module with a request, a `run` and an outcome.
//!
//! Not here: how anything is shown (`report`, `cli`), how anything is measured (`check`,
//! `measure`). The clock is never asked.

pub mod calibrations;
pub mod check;
mod context;
pub mod contract;
pub mod convert;
pub mod demo;
mod digest;
mod error;
pub mod info;
mod input;
pub mod limits;
pub mod measures;
pub mod ontology;
mod output;
pub mod page;
pub mod pictures;
mod power;
pub mod scan;
pub mod score;
mod scratch;
pub mod simulate;
pub mod sources;
pub mod statistics;
pub mod traj;
#[cfg(feature = "platform")]
pub mod workspace;

pub use digest::digests;
pub use error::{EngineError, ErrorKind};
pub use fieldassay_check::{NoProgress, Progress, catalog};
pub use power::power;
