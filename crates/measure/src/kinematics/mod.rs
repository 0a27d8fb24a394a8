//! How vehicles move: following, steering, and derivatives of what was measured.
//!
//! Read [`Idm`] (car following), [`SingleTrack`] (steering), [`savgol`] (smoothing and derivatives) and [`Comfort`]
//! (accelerations and jerks as nuPlan takes them) first; [`integrate`] solves the equations of motion.
//! Not here: scores from these series (`driving`), what tracks do to each other (`mining`).

pub(crate) mod cases;
mod comfort;
mod idm;
mod integrate;
mod savgol;
mod single_track;

pub use comfort::{Comfort, comfort, unwrapped};
pub use idm::{Follower, Idm, Leader, RolloutStep, ScriptedLeader, rollout};
pub use integrate::{Tolerance, integrate};
pub use savgol::{Filter, savgol};
pub use single_track::{SingleTrack, SingleTrackState};

/// Why a motion is not defined.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum KinematicsError {
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
    /// A NaN or infinity in a series.
    #[error("`{field}` is not finite at index `{index}`; hint: fill or cut missing samples first")]
    SampleNotFinite {
        /// Which series.
        field: &'static str,
        /// Index of the first such sample.
        index: usize,
    },
    /// Series that belong together differ in length.
    #[error(
        "`{field}` has `{seen}` samples, `{expected}` expected; hint: sample all at the same times"
    )]
    Lengths {
        /// Which series.
        field: &'static str,
        /// Its length.
        seen: usize,
        /// Length of the first series.
        expected: usize,
    },
    /// A filter that does not fit its order or the series.
    #[error(
        "a window of `{window}` with order `{order}` on `{samples}` samples; hint: order < window <= samples"
    )]
    Window {
        /// Samples the filter looks at.
        window: usize,
        /// Order of its polynomial.
        order: usize,
        /// Samples of the series.
        samples: usize,
    },
    /// A numerical solution that needs too many steps.
    #[error(
        "the motion needs more than `{steps}` steps; hint: use a shorter time or a wider tolerance"
    )]
    TooManySteps {
        /// The limit.
        steps: usize,
    },
}

pub(crate) fn finite(fields: &[(&'static str, f64)]) -> Result<(), KinematicsError> {
    match fields.iter().find(|(_, value)| !value.is_finite()) {
        Some(&(field, value)) => Err(KinematicsError::NotFinite { field, value }),
        None => Ok(()),
    }
}

pub(crate) fn positive(fields: &[(&'static str, f64)]) -> Result<(), KinematicsError> {
    finite(fields)?;
    match fields.iter().find(|(_, value)| *value <= 0.0) {
        Some(&(field, value)) => Err(KinematicsError::NotPositive { field, value }),
        None => Ok(()),
    }
}

pub(crate) fn finite_series(field: &'static str, x: &[f64]) -> Result<(), KinematicsError> {
    match x.iter().position(|x| !x.is_finite()) {
        Some(index) => Err(KinematicsError::SampleNotFinite { field, index }),
        None => Ok(()),
    }
}
