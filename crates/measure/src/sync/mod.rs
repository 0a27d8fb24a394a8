//! How well the stamps of several streams match.
//!
//! Read [`nearest`] (pairs) and [`set_spread`] (sets of several streams) first.
//! Stamps are `i64` nanoseconds of one clock, ascending; sort them first where a stream regresses.
//! Not here: offsets between sensors estimated from motion, and interpolation.

mod nearest;
mod spread;

pub use nearest::{PairingReport, default_tolerance_ns, nearest};
pub use spread::{SpreadReport, set_spread};

use crate::stats::StatsError;

/// Why streams cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum SyncError {
    /// A stream without stamps.
    #[error("stream `{stream}` has no stamps; hint: leave it out")]
    EmptyStream {
        /// Position of the stream among the arguments.
        stream: usize,
    },
    /// Less than two streams.
    #[error("`{n}` streams; hint: a spread needs at least two")]
    TooFewStreams {
        /// Streams given.
        n: usize,
    },
    /// A stream is not ascending.
    #[error("stream `{stream}` goes back at index `{index}`; hint: sort the stamps first")]
    NotAscending {
        /// Position of the stream among the arguments.
        stream: usize,
        /// Index of the stamp below the one before.
        index: usize,
    },
    /// The streams share no time.
    #[error(
        "the streams do not overlap in time; hint: their clocks may count from different epochs"
    )]
    NoOverlap,
    /// A negative tolerance.
    #[error("the tolerance `{tolerance_ns}` ns is negative; hint: 0 asks for equal stamps")]
    BadTolerance {
        /// The tolerance seen, nanoseconds.
        tolerance_ns: i64,
    },
    /// A statistic is not defined.
    #[error("a statistic is not defined")]
    Stats(#[from] StatsError),
}

fn check_ascending(stream: usize, stamps: &[i64]) -> Result<(), SyncError> {
    if stamps.is_empty() {
        return Err(SyncError::EmptyStream { stream });
    }
    match stamps.windows(2).position(|w| w[1] < w[0]) {
        Some(before) => Err(SyncError::NotAscending {
            stream,
            index: before + 1,
        }),
        None => Ok(()),
    }
}

/// Walks along an ascending stream and gives the nearest stamp for ascending questions.
struct Nearest<'a> {
    stamps: &'a [i64],
    at: usize,
}

impl Nearest<'_> {
    /// The stamp nearest to `t`, the earlier one of two equally near. `t` must not go back from call to call.
    fn to(&mut self, t: i64) -> i64 {
        while let (Some(&here), Some(&next)) =
            (self.stamps.get(self.at), self.stamps.get(self.at + 1))
        {
            if t.abs_diff(next) < t.abs_diff(here) || next == here {
                self.at += 1;
            } else {
                break;
            }
        }
        self.stamps[self.at]
    }
}
