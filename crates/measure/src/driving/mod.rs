//! Scores of a drive in a closed loop, and of a mobile robot on its way.
//!
//! Read [`nuplan`] (closed-loop score and its parts), [`navsim`] (PDMS and EPDMS), [`robot`] (SPL, BARN, social
//! distance) and [`expert`] (errors against the expert's drive) first.
//! Not here: maps and simulation: what needs a map comes in as a number (progress along a route, over-speed).

pub(crate) mod cases;
pub mod expert;
pub mod navsim;
pub mod nuplan;
pub mod robot;

/// Why a score is not defined.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DrivingError {
    /// A part of a score outside 0 to 1.
    #[error("`{field}` is `{value}`; hint: parts of scores are from 0 to 1")]
    OutsideUnit {
        /// Which part.
        field: &'static str,
        /// What it is.
        value: f64,
    },
    /// A NaN or infinity.
    #[error("`{field}` is `{value}`; hint: give a finite number")]
    NotFinite {
        /// Which value.
        field: &'static str,
        /// What it is.
        value: f64,
    },
    /// A value that must be positive.
    #[error("`{field}` is `{value}`; hint: it must be above zero")]
    NotPositive {
        /// Which value.
        field: &'static str,
        /// What it is.
        value: f64,
    },
    /// A value that must not be negative.
    #[error("`{field}` is `{value}` at index `{index}`; hint: it must be finite and not negative")]
    BadSample {
        /// Which list.
        field: &'static str,
        /// Index of the sample.
        index: usize,
        /// What it is.
        value: f64,
    },
    /// No samples.
    #[error("`{field}` is empty; hint: give at least `{least}`")]
    Empty {
        /// Which list.
        field: &'static str,
        /// How many are needed.
        least: usize,
    },
    /// Lists that belong together differ in length.
    #[error(
        "`{field}` has `{seen}` entries, `{expected}` expected; hint: one per episode or sample"
    )]
    Lengths {
        /// Which list.
        field: &'static str,
        /// Its length.
        seen: usize,
        /// The length of the others.
        expected: usize,
    },
}

/// Each part from 0 to 1, or the first that is not.
pub(crate) fn unit(parts: &[(&'static str, f64)]) -> Result<(), DrivingError> {
    match parts.iter().find(|(_, x)| !(0.0..=1.0).contains(x)) {
        Some(&(field, value)) => Err(DrivingError::OutsideUnit { field, value }),
        None => Ok(()),
    }
}

pub(crate) fn finite(fields: &[(&'static str, f64)]) -> Result<(), DrivingError> {
    match fields.iter().find(|(_, x)| !x.is_finite()) {
        Some(&(field, value)) => Err(DrivingError::NotFinite { field, value }),
        None => Ok(()),
    }
}

pub(crate) fn positive(fields: &[(&'static str, f64)]) -> Result<(), DrivingError> {
    finite(fields)?;
    match fields.iter().find(|(_, x)| *x <= 0.0) {
        Some(&(field, value)) => Err(DrivingError::NotPositive { field, value }),
        None => Ok(()),
    }
}

/// Finite and not negative throughout, of the expected length.
pub(crate) fn samples(field: &'static str, x: &[f64], expected: usize) -> Result<(), DrivingError> {
    if x.len() != expected {
        return Err(DrivingError::Lengths {
            field,
            seen: x.len(),
            expected,
        });
    }
    match x
        .iter()
        .enumerate()
        .find(|(_, x)| !(x.is_finite() && **x >= 0.0))
    {
        Some((index, &value)) => Err(DrivingError::BadSample {
            field,
            index,
            value,
        }),
        None => Ok(()),
    }
}
