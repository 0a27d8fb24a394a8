//! Accelerations, jerks and yaw rates of a drive, filtered as nuPlan and NAVSIM filter them.
//!
//! Read [`comfort`] first. Not here: whether they are comfortable (`driving`).

use super::{Filter, KinematicsError, finite_series, savgol};
use std::f64::consts::TAU;

/// Filtered series of a drive, one value per sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Comfort {
    /// Longitudinal acceleration, meters per second squared.
    pub longitudinal_acceleration: Vec<f64>,
    /// Lateral acceleration.
    pub lateral_acceleration: Vec<f64>,
    /// Norm of the acceleration, smoothed as a series of its own.
    pub acceleration: Vec<f64>,
    /// Derivative of the smoothed longitudinal acceleration, meters per second cubed.
    pub longitudinal_jerk: Vec<f64>,
    /// Derivative of the smoothed lateral acceleration.
    pub lateral_jerk: Vec<f64>,
    /// Derivative of the smoothed norm.
    pub jerk: Vec<f64>,
    /// Yaw rate, radians per second.
    pub yaw_rate: Vec<f64>,
    /// Yaw acceleration, radians per second squared.
    pub yaw_acceleration: Vec<f64>,
}

impl Comfort {
    /// The smoothed series of an acceleration, of any component: window 8, order 2, rounded to 8 digits as nuPlan does.
    /// Errors: fewer than 3 samples, samples that are not finite.
    pub fn smoothed(acceleration: &[f64], step_secs: f64) -> Result<Vec<f64>, KinematicsError> {
        let filter = Filter {
            window: 8,
            order: 2,
            derivative: 0,
            step_secs,
        };
        let mut found = savgol(acceleration, &filter.shortened(acceleration.len()))?;
        for x in &mut found {
            *x = rounded(*x);
        }
        Ok(found)
    }

    /// The jerk of a smoothed acceleration: window 15, order 2. Errors: as [`Comfort::smoothed`].
    pub fn jerk_of(smoothed: &[f64], step_secs: f64) -> Result<Vec<f64>, KinematicsError> {
        let filter = Filter {
            window: 15,
            order: 2,
            derivative: 1,
            step_secs,
        };
        savgol(smoothed, &filter.shortened(smoothed.len()))
    }

    /// Yaw rate and yaw acceleration of headings, which are unwrapped first: window 5, order 2 and 3 (nuPlan asks for 15
    /// but does not pass it on). Errors: fewer than 5 samples, samples that are not finite.
    pub fn yaw_of(
        yaw_radians: &[f64],
        step_secs: f64,
    ) -> Result<(Vec<f64>, Vec<f64>), KinematicsError> {
        let yaw = unwrapped(yaw_radians);
        let filter = |order, derivative| Filter {
            window: 5,
            order,
            derivative,
            step_secs,
        };
        Ok((savgol(&yaw, &filter(2, 1))?, savgol(&yaw, &filter(3, 2))?))
    }
}

/// The filtered series of a drive from its accelerations in the body's frame and its headings, evenly sampled.
///
/// nuplan-devkit e9241677 `state_extractors` and NAVSIM 0a380a90 `pdm_comfort_metrics`. Errors: series of different
/// length, fewer than 5 samples, samples that are not finite. Cost: some 80 operations a sample.
pub fn comfort(
    longitudinal: &[f64],
    lateral: &[f64],
    yaw_radians: &[f64],
    step_secs: f64,
) -> Result<Comfort, KinematicsError> {
    for (field, x) in [("lateral", lateral), ("yaw", yaw_radians)] {
        if x.len() != longitudinal.len() {
            return Err(KinematicsError::Lengths {
                field,
                seen: x.len(),
                expected: longitudinal.len(),
            });
        }
    }
    finite_series("longitudinal", longitudinal)?;
    finite_series("lateral", lateral)?;
    finite_series("yaw", yaw_radians)?;
    let norm: Vec<f64> = longitudinal
        .iter()
        .zip(lateral)
        .map(|(x, y)| x.hypot(*y))
        .collect();
    let smooth = |x: &[f64]| Comfort::smoothed(x, step_secs);
    let (longitudinal_acceleration, lateral_acceleration) =
        (smooth(longitudinal)?, smooth(lateral)?);
    let acceleration = smooth(&norm)?;
    let (yaw_rate, yaw_acceleration) = Comfort::yaw_of(yaw_radians, step_secs)?;
    Ok(Comfort {
        longitudinal_jerk: Comfort::jerk_of(&longitudinal_acceleration, step_secs)?,
        lateral_jerk: Comfort::jerk_of(&lateral_acceleration, step_secs)?,
        jerk: Comfort::jerk_of(&acceleration, step_secs)?,
        longitudinal_acceleration,
        lateral_acceleration,
        acceleration,
        yaw_rate,
        yaw_acceleration,
    })
}

/// Rounded to 8 digits, halves toward zero.
///
/// Smoothing values of few digits gives many exact halves. numpy rounds those to even, but scipy's weights are a few
/// units of the last place too small, so that there halves end toward zero; what is within a millionth of a half counts as
/// one, so that our last place decides nothing either.
fn rounded(x: f64) -> f64 {
    ((x.abs() * 1e8 + 0.5 - 1e-6).floor() / 1e8).copysign(x)
}

/// Angles without jumps of whole turns.
pub fn unwrapped(radians: &[f64]) -> Vec<f64> {
    let mut turns = 0.0;
    let mut last = radians.first().copied().unwrap_or_default();
    radians
        .iter()
        .map(|&angle| {
            turns += ((angle - last) / TAU).round();
            last = angle;
            angle - TAU * turns
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_toward_zero() {
        let found = [0.786_631_875, -0.786_631_875, 0.786_631_876, 1.0, 0.0].map(rounded);
        assert_eq!(found, [0.786_631_87, -0.786_631_87, 0.786_631_88, 1.0, 0.0]);
    }

    #[test]
    fn turning_on_past_half_a_turn_is_steady() {
        let wrapped: Vec<f64> = (0..40)
            .map(|i| {
                let yaw: f64 = 0.3 * f64::from(i);
                yaw.sin().atan2(yaw.cos())
            })
            .collect();
        let (rate, acceleration) = Comfort::yaw_of(&wrapped, 0.1).expect("defined");
        assert!(rate.iter().all(|r| (r - 3.0).abs() < 1e-9));
        assert!(acceleration.iter().all(|a| a.abs() < 1e-8));
    }
}
