//! The frame tree of a recording over time, by the rules of tf2.
//!
//! Read [`EdgeSample`] (input), [`TreeBuilder`] (collects, in parallel if wanted) and [`TransformTree`] (what was found) first;
//! [`TransformTree::path`] and [`transformable`] answer whether frames can be related at a moment. Callers that keep
//! columns of their own use the parts: [`cycles`], [`reparents`], [`components`], [`path_availability`].
//! Frames are ids into a table of names the caller keeps. Stamps are `i64` nanoseconds of the sensor clock.
//! Not here: looking a transform up, interpolation and composition.

mod builder;
mod cycle;
mod parents;
mod path;
mod tree;

pub use builder::{EdgeSample, TreeBuilder};
pub use cycle::{Cycle, cycles};
pub use parents::{ParentRun, Reparent, ReparentEvent, reparents};
pub use path::{
    LiveEdge, PathAvailability, Sweep, Transformable, live_intervals, path_availability,
    transformable,
};
pub use tree::{Defect, DefectKind, EdgeReport, TransformTree, components};

/// Tolerance on the squared norm of a quaternion (tf2 `QUATERNION_NORMALIZATION_TOLERANCE`, 10e-3).
pub const NORM_TOLERANCE: f64 = 0.01;

/// How long tf2 keeps transforms by default, nanoseconds; older ones are ignored on arrival.
pub const CACHE_NS: i64 = 10_000_000_000;

/// Why a question about the tree has no answer.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum TransformError {
    /// A window without length.
    #[error(
        "the window from `{start_ns}` to `{end_ns}` ns is empty; hint: the end must lie after the start"
    )]
    EmptyWindow {
        /// Start asked for, nanoseconds.
        start_ns: i64,
        /// End asked for, nanoseconds.
        end_ns: i64,
    },
    /// A negative time to live.
    #[error("`max_stale_ns` is `{max_stale_ns}`; hint: it must not be negative")]
    BadStaleness {
        /// The value seen, nanoseconds.
        max_stale_ns: i64,
    },
    /// No stamps to judge.
    #[error("no stamps; hint: a share needs at least one message")]
    NoStamps,
}
