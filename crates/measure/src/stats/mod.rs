//! Order statistics, moments and intervals that every other subject rests on.
//!
//! Read [`quantiles_i64`], [`moments_i64`] and [`wilson`] first.
//! Not here: tests of hypotheses and anything that needs to know what the numbers mean.

mod blocks;
pub(crate) mod cases;
mod interval;
mod moments;
mod quantile;
mod resample;
mod special;

pub use blocks::{block_bootstrap, block_length};
pub use interval::{Interval, median_ranks, normal_cdf, normal_quantile, poisson, student, wilson};
pub use moments::{Moments, moments, moments_i64};
pub use quantile::{
    Spread, median, median_abs_deviation, median_i64, quantile, quantile_i64, quantiles,
    quantiles_i64,
};
pub use resample::{Estimate, Resampling, SplitMix, bootstrap, corrected_percentiles};
pub use special::{gamma_p, ln_gamma};

/// Factor from the median absolute deviation to the standard deviation of a normal distribution,
/// `1 / normal_quantile(0.75)`; the rounded value of the reference (signals, B) is used so that numbers match.
pub const MAD_TO_SIGMA: f64 = 1.4826;

/// Two-sided 97.5 % quantile of the standard normal distribution.
pub const Z95: f64 = 1.959_963_984_540_054;

/// Why a statistic is not defined for the input.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum StatsError {
    /// No values.
    #[error("no values; hint: a statistic needs at least one")]
    Empty,
    /// A NaN or infinity among the values.
    #[error("the value at index `{index}` is not finite; hint: drop such values and count them")]
    NotFinite {
        /// Index of the first such value.
        index: usize,
    },
    /// A probability outside its range.
    #[error(
        "probability `{value}` is outside its range; hint: use 0 to 1, ends only for quantiles"
    )]
    BadProbability {
        /// The value seen.
        value: f64,
    },
    /// More successes than trials, or no trials.
    #[error(
        "`{successes}` of `{trials}` is no share; hint: at least one trial, and no more successes than trials"
    )]
    BadCounts {
        /// Successes seen.
        successes: u64,
        /// Trials seen.
        trials: u64,
    },
}
