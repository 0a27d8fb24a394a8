//! How near a conflict came to a collision: times, decelerations, safe distances, severity.
//!
//! Read [`Following`] first (one lane, one leader), then [`MovingBox`] and [`contact`] (oriented boxes in the plane),
//! [`rss`] (safe distances), [`encroachment`] (who used the crossing first) and [`impact`] (what a collision does).
//! Meters, seconds, radians. Times are infinite where nothing ever happens: an honest value, not an error.
//! Not here: where boxes come from, thresholds that make an event, the closed-loop scores built on these.

pub(crate) mod cases;
mod contact;
mod encroachment;
mod exposure;
mod following;
mod impact;
pub mod rss;
mod worst;

pub use contact::{
    Contact, MovingBox, STANDSTILL_METERS_PER_SEC, contact, contact_times, footprint_distance,
};
pub use encroachment::{BoxTrack, Encroachment, encroachment};
pub use exposure::{Exposure, exposure};
pub use following::{Following, dst};
pub use impact::{Impact, impact};
pub use worst::worst_case_time;

/// Why a measure of criticality is not defined.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CriticalityError {
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
    #[error("`{field}` is `{value}`; hint: it must not be negative")]
    Negative {
        /// Which value.
        field: &'static str,
        /// What it is.
        value: f64,
    },
    /// A series with a NaN.
    #[error("`{field}` is not a number at index `{index}`; hint: drop such samples or give `inf`")]
    NanAt {
        /// Which series.
        field: &'static str,
        /// Index of the first NaN.
        index: usize,
    },
    /// Two lists that belong together differ in length.
    #[error("`{field}` has `{seen}` entries, `{expected}` expected; hint: one per sample")]
    Lengths {
        /// Which list.
        field: &'static str,
        /// Its length.
        seen: usize,
        /// The length of the other.
        expected: usize,
    },
    /// No samples.
    #[error("`{field}` is empty; hint: give at least one sample")]
    Empty {
        /// Which list.
        field: &'static str,
    },
    /// Stamps that do not ascend.
    #[error("stamps do not ascend at index `{index}`; hint: sort the track and drop duplicates")]
    Unsorted {
        /// Index of the first stamp that is not after its predecessor.
        index: usize,
    },
}

/// Every value finite, or the first that is not.
pub(crate) fn finite(fields: &[(&'static str, f64)]) -> Result<(), CriticalityError> {
    match fields.iter().find(|(_, value)| !value.is_finite()) {
        Some(&(field, value)) => Err(CriticalityError::NotFinite { field, value }),
        None => Ok(()),
    }
}

/// Every value finite and not negative, or the first that is not.
pub(crate) fn not_negative(fields: &[(&'static str, f64)]) -> Result<(), CriticalityError> {
    finite(fields)?;
    match fields.iter().find(|(_, value)| *value < 0.0) {
        Some(&(field, value)) => Err(CriticalityError::Negative { field, value }),
        None => Ok(()),
    }
}

/// Every value finite and above zero, or the first that is not.
pub(crate) fn positive(fields: &[(&'static str, f64)]) -> Result<(), CriticalityError> {
    finite(fields)?;
    match fields.iter().find(|(_, value)| *value <= 0.0) {
        Some(&(field, value)) => Err(CriticalityError::NotPositive { field, value }),
        None => Ok(()),
    }
}
