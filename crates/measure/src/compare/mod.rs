//! Is the new one worse: paired and clustered differences, tests, sequential evidence and a judge of canaries.
//!
//! Read [`Verdict`] first, then [`paired`] (differences with bootstrap intervals by item or cluster), [`mcnemar`] (pass
//! and fail on the same items), [`rates`] (events per distance), [`ranks`] (two independent samples),
//! [`sequential`] (looking while it runs) and [`judge`] (many metrics of a canary).
//! Not here: many tests at once ([`crate::stats::adjust`]), what a gate does with a verdict; drift between populations.

pub(crate) mod cases;
pub mod judge;
pub mod mcnemar;
pub mod paired;
pub mod ranks;
pub mod rates;
pub mod sequential;

use crate::stats::StatsError;
use serde::Serialize;

/// What a comparison can say. No data is never a pass: it is `inconclusive`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Better beyond doubt.
    Better,
    /// Not worse by the margin or more.
    NotWorse,
    /// Worse beyond doubt.
    Worse,
    /// The data cannot tell.
    Inconclusive,
}

impl Verdict {
    /// Of an interval of `new - old` where less is better (failures, errors), against a margin `>= 0`: worse where the
    /// whole interval is above 0 and reaches past the margin, not worse where all of it is below the margin.
    pub fn of_increase(low: f64, high: f64, margin: f64) -> Self {
        if high < 0.0 {
            Self::Better
        } else if high < margin {
            Self::NotWorse
        } else if low > 0.0 {
            Self::Worse
        } else {
            Self::Inconclusive
        }
    }
}

/// Why a comparison is not defined.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CompareError {
    /// Too little to compare.
    #[error("`{field}` holds `{seen}`, at least `{least}` needed; hint: {hint}")]
    TooFew {
        /// Which list.
        field: &'static str,
        /// How many there are.
        seen: usize,
        /// How many are needed.
        least: usize,
        /// What can be done.
        hint: &'static str,
    },
    /// Lists that belong together differ in length.
    #[error("`{field}` has `{seen}` entries, `{expected}` expected; hint: one per item")]
    Lengths {
        /// Which list.
        field: &'static str,
        /// Its length.
        seen: usize,
        /// The length of the others.
        expected: usize,
    },
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
    /// A drawn index beyond the units.
    #[error("index `{index}` is drawn from `{units}` units; hint: indices start at 0")]
    BadIndex {
        /// The index.
        index: usize,
        /// How many units there are.
        units: usize,
    },
    /// A statistic below is not defined.
    #[error(transparent)]
    Stats(#[from] StatsError),
}

/// Inside the open interval (0, 1), or an error.
pub(crate) fn open_unit(field: &'static str, value: f64) -> Result<(), CompareError> {
    range(field, value, value > 0.0 && value < 1.0, "between 0 and 1")
}

/// Finite and above 0, or an error.
pub(crate) fn positive(field: &'static str, value: f64) -> Result<(), CompareError> {
    range(
        field,
        value,
        value > 0.0 && value.is_finite(),
        "finite and above 0",
    )
}

pub(crate) fn range(
    field: &'static str,
    value: f64,
    is_inside: bool,
    hint: &'static str,
) -> Result<(), CompareError> {
    if is_inside {
        Ok(())
    } else {
        Err(CompareError::OutOfRange { field, value, hint })
    }
}

/// All finite, or an error.
pub(crate) fn finite(values: &[f64]) -> Result<(), CompareError> {
    match values.iter().position(|x| !x.is_finite()) {
        Some(index) => Err(StatsError::NotFinite { index }.into()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_of_intervals() {
        let of = Verdict::of_increase;
        assert_eq!(of(-0.3, -0.1, 0.05), Verdict::Better);
        assert_eq!(of(-0.1, 0.04, 0.05), Verdict::NotWorse);
        assert_eq!(of(0.01, 0.04, 0.05), Verdict::NotWorse);
        assert_eq!(of(0.01, 0.2, 0.05), Verdict::Worse);
        assert_eq!(of(-0.1, 0.2, 0.05), Verdict::Inconclusive);
        assert_eq!(of(0.0, 0.0, 0.0), Verdict::Inconclusive);
        assert_eq!(of(f64::NAN, f64::NAN, 0.1), Verdict::Inconclusive);
    }
}
