//! Order statistics, moments and intervals that every other subject rests on.
//!
//! Read [`quantiles_i64`], [`moments_i64`] and [`wilson`] first.
//! Not here: comparisons ([`crate::compare`]) and anything that needs to know what the numbers mean.

mod bca;
mod beta;
mod binomial;
mod blocks;
pub(crate) mod cases;
mod exact;
mod fisher;
mod interval;
mod kolmogorov;
pub(crate) mod linear;
mod moments;
mod multiple;
mod probabilities;
mod quantile;
pub(crate) mod regression;
mod resample;
mod special;
mod student;

pub(crate) use bca::bca_level;
pub use bca::{Bca, bca, jackknife_acceleration};
pub use beta::{Tail, beta_quantile, beta_tails};
pub(crate) use binomial::first_where;
pub use binomial::{
    Alternative, ShareMethod, Urn, binomial_pmf, binomial_tails, binomial_test, clopper_pearson,
    clopper_pearson_lower, clopper_pearson_upper, hypergeometric_cdf, hypergeometric_pmf,
    poisson_pmf, share_interval,
};
pub use blocks::{block_bootstrap, block_length};
pub use exact::ExactSum;
pub use fisher::{Fisher, FisherInterval, fisher_exact, fisher_interval};
pub use interval::{
    Interval, difference_interval, median_ranks, normal_cdf, normal_quantile, poisson, wilson,
    wilson_at, wilson_share,
};
pub use kolmogorov::{
    chi_square_quantile, chi_square_tail, kolmogorov_tail, poisson_rate, poisson_upper,
    smirnov_tail, smirnov_two_sample_tail,
};
pub(crate) use moments::Sum;
pub use moments::{Moments, moments, moments_i64};
pub use multiple::{Adjusted, Adjustment, adjust};
pub use probabilities::entropy;
pub(crate) use probabilities::{RowFault, largest, logistic, row_fault, soft_plus};
pub use quantile::{
    Spread, median, median_abs_deviation, median_i64, quantile, quantile_i64, quantiles,
    quantiles_i64,
};
pub use resample::{Estimate, Resampling, SplitMix, bootstrap, corrected_percentiles};
pub use special::{digamma, gamma_p, gamma_q, ln_gamma};
pub(crate) use special::{whole, whole_usize};
pub use student::{normal_tail, normal_two_sided, student, student_quantile, student_tail};

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
