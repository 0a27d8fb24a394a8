//! Signal temporal logic with robustness, and the algebra of time intervals.
//!
//! Read [`Formula`] first (text to program), then [`robustness`] (whole traces), [`Monitor`] (sample by sample) and
//! [`Intervals`] (sets of time spans). A value of robustness says by how much a formula holds (positive) or fails.
//! Not here: where signals come from, sampling them onto one clock, thresholds for events.

pub(crate) mod cases;
mod interval;
mod monitor;
mod parse;
mod program;
mod ring;
mod robustness;
mod text;
mod window;

pub use interval::{Intervals, Relation, Span, relation};
pub use monitor::Monitor;
pub use program::Formula;
pub use robustness::{Episode, episodes, robustness};

/// Most bytes a formula may have.
pub const MAX_TEXT_BYTES: usize = 65_536;
/// How deep parentheses and prefix operators may nest.
pub const MAX_DEPTH: usize = 100;
/// Most samples an online monitor may have to wait or remember.
pub const MAX_MEMORY_SAMPLES: usize = 1 << 24;

/// Why a formula has no meaning or no value.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LogicError {
    /// The text does not follow the grammar.
    #[error("column `{column}`: {why}; hint: {hint}")]
    Text {
        /// 1 for the first character.
        column: usize,
        /// What was found and expected.
        why: String,
        /// What to do.
        hint: &'static str,
    },
    /// A signal the formula names was not given.
    #[error("no signal `{name}`; hint: the formula uses it, so give its samples")]
    NoSignal {
        /// Its name.
        name: String,
    },
    /// Signals of different length.
    #[error("`{name}` has `{seen}` samples, others `{expected}`; hint: sample all on one clock")]
    Lengths {
        /// Which signal.
        name: String,
        /// Its samples.
        seen: usize,
        /// Samples of the first signal.
        expected: usize,
    },
    /// A NaN in a signal.
    #[error(
        "`{name}` is not a number at sample `{index}`; hint: fill or cut missing samples first"
    )]
    Nan {
        /// Which signal.
        name: String,
        /// Which sample.
        index: usize,
    },
    /// Arithmetic without a result, such as infinity minus infinity.
    #[error(
        "the arithmetic of the formula has no result at sample `{index}`; hint: look for 0/0, inf-inf, roots of negatives"
    )]
    Undefined {
        /// Which sample.
        index: usize,
    },
    /// A formula that must see the whole future.
    #[error(
        "the formula looks into an unbounded future; hint: give bounds, or evaluate whole traces"
    )]
    Unbounded,
    /// Bounds that need too much memory online.
    #[error(
        "the formula needs `{samples}` samples of memory, at most `{limit}`; hint: sample more slowly or use smaller bounds"
    )]
    TooLong {
        /// What it needs.
        samples: usize,
        /// The limit.
        limit: usize,
    },
    /// Another number of values than signals.
    #[error(
        "`{seen}` values for `{expected}` signals; hint: one per name, in the order of the formula"
    )]
    Values {
        /// Values given.
        seen: usize,
        /// Signals of the formula.
        expected: usize,
    },
    /// No samples.
    #[error("no samples; hint: robustness needs at least one")]
    Empty,
    /// A period that is not positive.
    #[error("the period is `{period}` s; hint: give seconds per sample, above zero")]
    Period {
        /// What was given.
        period: f64,
    },
}
