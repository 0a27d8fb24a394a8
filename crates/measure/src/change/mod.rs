//! Alarms on a sequence of values: has its mean changed?
//!
//! Read [`Cusum`] (two-sided, from a known mean and deviation), [`PageHinkley`] (from the running mean) and
//! [`Adwin`] (any scale, from the window alone).
//! All are streaming; the functions of the same names run them over a slice.
//! Not here: where in a recording a clock stepped ([`crate::clock::steps`]), which needs more than an alarm.
//! All expect independent values: autocorrelation raises false alarms; thin or whiten first.

mod adwin;
mod cusum;
mod page_hinkley;

pub use adwin::{Adwin, AdwinAlarm, AdwinOptions, adwin};
pub use cusum::{Cusum, CusumAlarm, cusum, reference};
pub use page_hinkley::{
    PageHinkley, PageHinkleyAlarm, PageHinkleyOptions, Sides, TwoSidedPageHinkley, page_hinkley,
};

use crate::stats::StatsError;

/// Why a detector cannot be set up.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ChangeError {
    /// A parameter outside its range.
    #[error(
        "`{name}` is `{value}`; hint: it must be finite, and positive where it is a scale or a threshold"
    )]
    BadOption {
        /// Name of the parameter.
        name: &'static str,
        /// The value seen.
        value: f64,
    },
    /// Too few values for the reference.
    #[error(
        "`{n}` reference values where at least `{needed}` are needed; hint: take a longer quiet stretch"
    )]
    TooFew {
        /// Values seen.
        n: usize,
        /// Values needed.
        needed: usize,
    },
    /// A statistic is not defined.
    #[error("a statistic is not defined")]
    Stats(#[from] StatsError),
}

fn finite(name: &'static str, value: f64) -> Result<f64, ChangeError> {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(ChangeError::BadOption { name, value })
    }
}

fn positive(name: &'static str, value: f64) -> Result<f64, ChangeError> {
    if value > 0.0 {
        finite(name, value)
    } else {
        Err(ChangeError::BadOption { name, value })
    }
}

fn not_negative(name: &'static str, value: f64) -> Result<f64, ChangeError> {
    if value >= 0.0 {
        finite(name, value)
    } else {
        Err(ChangeError::BadOption { name, value })
    }
}
