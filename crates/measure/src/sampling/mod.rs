//! How much to review, what a review proves, and how to plan it.
//!
//! Read [`plan`] (how many of each stratum, and why) first, then [`required`] (sample sizes that prove a claim),
//! [`allocate`] (Neyman and the like), [`estimate`] (stratified and clustered estimates, imperfect reviewers),
//! [`acceptance`] (plans by attributes and MIL-STD-105E), [`sprt`] and [`gold`] (seeded items).
//! Not here: intervals of a single share ([`crate::stats::share_interval`]).

pub mod acceptance;
pub mod allocate;
pub(crate) mod cases;
pub mod estimate;
pub mod gold;
pub mod military;
pub mod plan;
pub mod required;
pub mod sprt;

use crate::stats::StatsError;

/// Why a sample cannot be planned or read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SamplingError {
    /// A parameter out of its range.
    #[error("`{field}` is `{value}`; hint: {hint}")]
    OutOfRange {
        /// Which parameter.
        field: &'static str,
        /// What it is.
        value: f64,
        /// What it must be.
        hint: &'static str,
    },
    /// A stratum without items, or none at all.
    #[error(
        "stratum `{index}` is empty; hint: leave strata without items out, and give at least one"
    )]
    EmptyStratum {
        /// Its place.
        index: usize,
    },
    /// More reviewed than there are, or more errors than reviewed.
    #[error(
        "stratum `{index}`: `{errors}` errors of `{reviewed}` reviewed of `{size}`; hint: each at most the next"
    )]
    BadCounts {
        /// Its place.
        index: usize,
        /// Errors found.
        errors: u64,
        /// Items reviewed.
        reviewed: u64,
        /// Items there are.
        size: u64,
    },
    /// Too few units for an estimate of spread.
    #[error(
        "`{field}` holds `{seen}`, at least `{least}` needed; hint: the spread cannot be told from fewer"
    )]
    TooFew {
        /// Which list.
        field: &'static str,
        /// How many there are.
        seen: usize,
        /// How many are needed.
        least: usize,
    },
    /// No sample within the bounds is of the size asked for.
    #[error(
        "a sample of `{total}` does not fit: the bounds allow `{least}` to `{most}`; hint: raise the total or lower the floor"
    )]
    Infeasible {
        /// Asked for.
        total: f64,
        /// Sum of lower bounds.
        least: f64,
        /// Sum of upper bounds.
        most: f64,
    },
    /// Not even a full review proves the claim.
    #[error("no sample up to `{most}` items proves the claim; hint: {hint}")]
    NotProvable {
        /// Largest sample looked at.
        most: u64,
        /// What can still be done.
        hint: &'static str,
    },
    /// A reviewer no better than chance.
    #[error(
        "sensitivity `{sensitivity}` and specificity `{specificity}` add to 1 or less; hint: such a review tells nothing"
    )]
    UselessReview {
        /// Share of errors found.
        sensitivity: f64,
        /// Share of right items passed.
        specificity: f64,
    },
    /// A statistic below is not defined.
    #[error(transparent)]
    Stats(#[from] StatsError),
}

/// Inside the open interval (0, 1), or an error.
pub(crate) fn open_unit(field: &'static str, value: f64) -> Result<(), SamplingError> {
    range(field, value, value > 0.0 && value < 1.0, "between 0 and 1")
}

pub(crate) fn range(
    field: &'static str,
    value: f64,
    is_inside: bool,
    hint: &'static str,
) -> Result<(), SamplingError> {
    if is_inside {
        Ok(())
    } else {
        Err(SamplingError::OutOfRange { field, value, hint })
    }
}
