//! Timing of one stream of stamps, in file order.
//!
//! Read [`stamp_summary`] (what the stamps themselves say), [`period_summary`] (rate and jitter), [`gaps`],
//! [`drops`] and [`lattice`] (lost messages) first. [`classify_gaps`] compares two clocks of the same messages.
//! Stamps are `i64` nanoseconds of one clock; nothing is sorted, file order is what is measured.
//! Not here: the relation of clocks to each other ([`crate::clock`]) and of streams to each other ([`crate::sync`]).

mod burst;
mod drops;
mod gap;
mod lattice;
mod period;
mod sequence;
pub(crate) use stamps::YEAR_1990_NS;

mod stamps;

pub use burst::{Burst, BurstReport, bursts};
pub use drops::{DropReport, drops};
pub use gap::{
    ClassifiedGap, Gap, GapClass, GapReport, GapRule, SharedGap, classify_gaps, gaps, shared_gaps,
};
pub use lattice::{LatticeReport, lattice};
pub use period::{Coverage, HzSummary, PeriodSummary, coverage, period_summary, ros_hz};
pub use sequence::{SequenceReport, sequence};
pub use stamps::{EpochClass, Regressions, StampSummary, stamp_summary};

use crate::stats::StatsError;

/// Why a measure of time is not defined for the stream.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum TimeError {
    /// Too few stamps.
    #[error(
        "`{n}` stamps where at least `{needed}` are needed; hint: this channel cannot be timed"
    )]
    TooFew {
        /// Stamps seen.
        n: usize,
        /// Stamps needed.
        needed: usize,
    },
    /// All stamps are equal, or the first and last are.
    #[error("the stamps span no time; hint: a rate needs two different stamps")]
    EmptySpan,
    /// The period is zero, negative or not finite.
    #[error(
        "the period `{period_ns}` ns is not positive; hint: most stamps of the stream repeat, or the declared rate is wrong"
    )]
    BadPeriod {
        /// The period seen, nanoseconds.
        period_ns: f64,
    },
    /// A factor or limit outside its range.
    #[error("`{name}` is `{value}`; hint: it must be a positive finite number")]
    BadOption {
        /// Name of the option.
        name: &'static str,
        /// The value seen.
        value: f64,
    },
    /// The stamps do not follow any one period.
    #[error(
        "no period fits the stamps: the remainder is `{phase_rms_ratio}` of a period; hint: lost messages can only be counted on periodic streams, or by sequence numbers"
    )]
    NotPeriodic {
        /// Root mean square distance of the stamps from the best lattice, in periods; 0.29 for random stamps.
        phase_rms_ratio: f64,
    },
    /// A sequence number that never changes counts nothing.
    #[error(
        "the sequence number is `{value}` throughout; hint: the recorder does not number messages"
    )]
    ConstantSequence {
        /// The number seen.
        value: u32,
    },
    /// Two columns of the same messages differ in length.
    #[error("columns of `{left}` and `{right}` values; hint: both must hold one value per message")]
    LengthMismatch {
        /// Length of the first.
        left: usize,
        /// Length of the second.
        right: usize,
    },
    /// A statistic of the stamps is not defined.
    #[error("a statistic is not defined")]
    Stats(#[from] StatsError),
}

/// Refuses a period that nothing can be divided by.
fn positive_period(period_ns: f64) -> Result<f64, TimeError> {
    if period_ns > 0.0 && period_ns.is_finite() {
        Ok(period_ns)
    } else {
        Err(TimeError::BadPeriod { period_ns })
    }
}

/// Refuses an option that is not a positive finite number.
fn positive_option(name: &'static str, value: f64) -> Result<f64, TimeError> {
    if value > 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err(TimeError::BadOption { name, value })
    }
}

fn at_least(n: usize, needed: usize) -> Result<(), TimeError> {
    if n < needed {
        Err(TimeError::TooFew { n, needed })
    } else {
        Ok(())
    }
}

/// `later - earlier`, saturating at the ends of `i64`: 292 years is as good as any larger difference.
fn difference(later: i64, earlier: i64) -> i64 {
    later.saturating_sub(earlier)
}
