//! One pass over a recording's bytes: formats + measure -> facts.
//!
//! Read [`check`] first: it reads every unit of a recording once into columns of stamps, and turns
//! the columns into policy-free [`Evidence`]. [`catalog`] describes every check a policy can judge.
//!
//! Not here: thresholds and verdicts (`model`), the maths (`measure`), files and clocks (`engine`).

mod catalog;
mod collect;
mod facts;
mod options;
mod run;
mod sensors;

pub use catalog::catalog;
pub use options::{CheckOptions, HeapOnly, NoProgress, Progress, Scratch, ScratchBytes};
pub use run::{Evidence, check};
