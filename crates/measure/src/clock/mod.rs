//! The three clocks of a recording: when the sensor stamped (header), when it was sent (publish), when it was written (log).
//!
//! Read [`latency`], [`hull`] (skew and offset) and [`steps`] first; [`linear`] is the fit other tools publish, shown
//! beside; [`epoch_mistake`] names a constant offset. Stamps are `i64` nanoseconds of the same messages in file order.
//! Not here: the timing of one stream ([`crate::time`]).

mod epoch;
mod hull;
mod latency;
mod linear;
mod posterior;
mod step;

pub use epoch::{EpochMatch, EpochMistake, epoch_mistake, gps_minus_utc_secs};
pub use hull::{HullClock, hull, hull_within};
pub use latency::{LatencySummary, StampAge, latency, stamp_age};
pub use linear::{LinearClock, linear};
pub use step::{ClockStep, StepOptions, StepReport, steps};

use crate::stats::StatsError;

/// Why a relation between clocks is not defined for the stamps.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ClockError {
    /// Two columns of the same messages differ in length.
    #[error("columns of `{left}` and `{right}` stamps; hint: both must hold one stamp per message")]
    LengthMismatch {
        /// Length of the first.
        left: usize,
        /// Length of the second.
        right: usize,
    },
    /// Too few messages.
    #[error(
        "`{n}` usable messages where at least `{needed}` are needed; hint: this channel is too short for a clock model"
    )]
    TooFew {
        /// Messages seen.
        n: usize,
        /// Messages needed.
        needed: usize,
    },
    /// All stamps of one clock are equal.
    #[error(
        "the stamps of one clock do not advance; hint: no skew can be told from a clock that stands still"
    )]
    NoSpread,
    /// Stamps farther apart than 73 years.
    #[error(
        "stamps of one clock are more than 73 years apart; hint: some are not filled in, or the epoch changed"
    )]
    SpanTooLarge,
    /// An option outside its range.
    #[error("`{name}` is `{value}`; hint: it must be positive")]
    BadOption {
        /// Name of the option.
        name: &'static str,
        /// The value seen.
        value: i64,
    },
    /// A statistic is not defined.
    #[error("a statistic is not defined")]
    Stats(#[from] StatsError),
}

/// Refuses columns of different length.
fn same_length(left: &[i64], right: &[i64]) -> Result<(), ClockError> {
    if left.len() == right.len() {
        Ok(())
    } else {
        Err(ClockError::LengthMismatch {
            left: left.len(),
            right: right.len(),
        })
    }
}

/// Refuses stamps whose differences could overflow: a quarter of the range of `i64`, 73 years, is left.
fn check_span(stamps: &[i64]) -> Result<(), ClockError> {
    let low = stamps.iter().min().copied().unwrap_or(0);
    let high = stamps.iter().max().copied().unwrap_or(0);
    match high.checked_sub(low) {
        Some(span) if span <= i64::MAX / 4 => Ok(()),
        _ => Err(ClockError::SpanTooLarge),
    }
}
