//! nuPlan's closed-loop score and its parts (nuplan-devkit e9241677, code and configuration).
//!
//! Read [`ClosedLoop`] first. Not here: filtering of accelerations (`kinematics::comfort`), time to collision
//! (`criticality`), the map.

use super::{DrivingError, finite, positive, samples, unit};
use crate::kinematics::Comfort;

/// Parts of the closed-loop score of one scenario, each from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClosedLoop {
    /// [`at_fault_collisions`].
    pub no_at_fault_collisions: f64,
    /// 0 where a corner was more than 0.3 m outside the drivable area.
    pub drivable_area: f64,
    /// 1 where the progress ratio was 0.2 or more.
    pub making_progress: f64,
    /// [`driving_direction`].
    pub driving_direction: f64,
    /// [`Progress::ratio`].
    pub progress: f64,
    /// [`ttc_within_bound`].
    pub ttc: f64,
    /// [`speed_limit`].
    pub speed: f64,
    /// [`is_comfortable`].
    pub comfort: f64,
}

impl ClosedLoop {
    /// `NC DAC MP DDC (5 progress + 5 TTC + 4 speed + 2 comfort) / 16`.
    ///
    /// The devkit's page on aggregation lists the driving direction with weight 5; its configurations make it a
    /// multiplier, as here. Errors: a part outside 0 to 1.
    pub fn score(&self) -> Result<f64, DrivingError> {
        unit(&[
            ("no_at_fault_collisions", self.no_at_fault_collisions),
            ("drivable_area", self.drivable_area),
            ("making_progress", self.making_progress),
            ("driving_direction", self.driving_direction),
            ("progress", self.progress),
            ("ttc", self.ttc),
            ("speed", self.speed),
            ("comfort", self.comfort),
        ])?;
        let gates = self.no_at_fault_collisions
            * self.drivable_area
            * self.making_progress
            * self.driving_direction;
        let weighted = 5.0 * self.progress + 5.0 * self.ttc + 4.0 * self.speed + 2.0 * self.comfort;
        Ok(gates * weighted / 16.0)
    }
}

/// Collisions the ego is to blame for, by what it hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtFault {
    /// Vulnerable road users; none is forgiven.
    pub vulnerable: u32,
    /// Vehicles; none is forgiven.
    pub vehicles: u32,
    /// Objects; one costs half.
    pub objects: u32,
}

/// Product of `max(0, 1 - n / (allowed + 1))` with 0, 0 and 1 allowed.
pub fn at_fault_collisions(collisions: AtFault) -> f64 {
    let part = |n: u32, allowed: u32| (1.0 - f64::from(n) / f64::from(allowed + 1)).max(0.0);
    part(collisions.vulnerable, 0) * part(collisions.vehicles, 0) * part(collisions.objects, 1)
}

/// How far the ego came along the expert's route.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Ego's over the expert's progress, 0 to 1.
    pub ratio: f64,
    /// Whether the ratio is 0.2 or more.
    pub making_progress: bool,
}

/// Below this progress (meters) both count as this; an ego further back than its negative has none.
pub const PROGRESS_THRESHOLD_METERS: f64 = 0.1;
/// Least ratio that counts as making progress.
pub const MIN_PROGRESS_RATIO: f64 = 0.2;

/// `min(1, max(ego, 0.1) / max(expert, 0.1))`, 0 where the ego went back by more than 0.1 m; without a route the expert
/// has none to compare with and the ratio is 1: give 0 for both. Meters.
///
/// Errors: numbers that are not finite.
pub fn progress(ego_meters: f64, expert_meters: f64) -> Result<Progress, DrivingError> {
    finite(&[("ego", ego_meters), ("expert", expert_meters)])?;
    let least = PROGRESS_THRESHOLD_METERS;
    let ratio = if ego_meters < -least {
        0.0
    } else {
        (ego_meters.max(least) / expert_meters.max(least)).min(1.0)
    };
    Ok(Progress {
        ratio,
        making_progress: ratio >= MIN_PROGRESS_RATIO,
    })
}

/// `max(0, 1 - sum over dt / (threshold T))` with `T` from the first to the last sample: how much and how long the
/// limit was exceeded. `over_speed` in meters per second, 0 where it was kept; the devkit's threshold is 2.23.
///
/// One sample has no duration and scores 1, as there. Errors: no samples, negative ones, a step that is not positive.
pub fn speed_limit(
    over_speed: &[f64],
    step_secs: f64,
    threshold: f64,
) -> Result<f64, DrivingError> {
    positive(&[("dt", step_secs)])?;
    finite(&[("threshold", threshold)])?;
    samples("over_speed", over_speed, over_speed.len())?;
    let Some(intervals) = over_speed.len().checked_sub(1) else {
        return Err(DrivingError::Empty {
            field: "over_speed",
            least: 1,
        });
    };
    if intervals == 0 {
        return Ok(1.0);
    }
    let excess: f64 = over_speed.iter().sum::<f64>() * step_secs;
    // The devkit keeps a threshold of 0 from dividing by 0 this way.
    let allowed = threshold.max(1e-3) * intervals as f64 * step_secs;
    Ok((1.0 - excess / allowed).max(0.0))
}

/// 1 where the ego drove less than 2 m against the traffic within a second, 0.5 below 6 m, else 0.
///
/// Errors: not finite.
pub fn driving_direction(against_traffic_meters: f64) -> Result<f64, DrivingError> {
    finite(&[("against_traffic", against_traffic_meters)])?;
    Ok(if against_traffic_meters < 2.0 {
        1.0
    } else if against_traffic_meters < 6.0 {
        0.5
    } else {
        0.0
    })
}

/// Least time to collision that is safe, seconds.
pub const LEAST_MIN_TTC_SECS: f64 = 0.95;

/// Whether the least time to collision (stepped as `criticality::Contact::stepped_secs`) stays above 0.95 s.
pub fn ttc_within_bound(least_ttc_secs: f64) -> bool {
    least_ttc_secs > LEAST_MIN_TTC_SECS
}

/// Bounds of a comfortable drive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ComfortBounds {
    /// Least and greatest longitudinal acceleration, meters per second squared; allowed.
    pub longitudinal_acceleration: [f64; 2],
    /// Lateral acceleration, either way; must stay below.
    pub lateral_acceleration: f64,
    /// Yaw rate, radians per second.
    pub yaw_rate: f64,
    /// Yaw acceleration, radians per second squared.
    pub yaw_acceleration: f64,
    /// Longitudinal jerk, meters per second cubed.
    pub longitudinal_jerk: f64,
    /// Jerk of the norm.
    pub jerk: f64,
}

/// The devkit's and NAVSIM's bounds.
pub const COMFORT_BOUNDS: ComfortBounds = ComfortBounds {
    longitudinal_acceleration: [-4.05, 2.40],
    lateral_acceleration: 4.89,
    yaw_rate: 0.95,
    yaw_acceleration: 1.93,
    longitudinal_jerk: 4.13,
    jerk: 8.37,
};

/// Whether every filtered series stays within the bounds. An empty series is within.
pub fn is_comfortable(drive: &Comfort, bounds: &ComfortBounds) -> bool {
    let below = |x: &[f64], bound: f64| x.iter().all(|x| x.abs() < bound);
    let [least, greatest] = bounds.longitudinal_acceleration;
    let lon = &drive.longitudinal_acceleration;
    lon.iter().all(|a| *a >= least && *a <= greatest)
        && below(&drive.lateral_acceleration, bounds.lateral_acceleration)
        && below(&drive.yaw_rate, bounds.yaw_rate)
        && below(&drive.yaw_acceleration, bounds.yaw_acceleration)
        && below(&drive.longitudinal_jerk, bounds.longitudinal_jerk)
        && below(&drive.jerk, bounds.jerk)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_score_is_from_0_to_1_and_never_falls_with_a_part(
            parts in proptest::array::uniform8(0.0..=1.0_f64), which in 0_usize..8, more in 0.0..1.0_f64,
        ) {
            let of = |p: [f64; 8]| ClosedLoop {
                no_at_fault_collisions: p[0], drivable_area: p[1], making_progress: p[2],
                driving_direction: p[3], progress: p[4], ttc: p[5], speed: p[6], comfort: p[7],
            }.score().expect("defined");
            let base = of(parts);
            prop_assert!((0.0..=1.0).contains(&base));
            let mut better = parts;
            better[which] += (1.0 - better[which]) * more;
            prop_assert!(of(better) >= base - 1e-15);
        }
    }

    #[test]
    fn a_part_outside_is_named() {
        let parts = ClosedLoop {
            no_at_fault_collisions: 1.0,
            drivable_area: 1.0,
            making_progress: 1.0,
            driving_direction: 1.0,
            progress: 1.2,
            ttc: 1.0,
            speed: 1.0,
            comfort: 1.0,
        };
        let error = parts.score().expect_err("refused");
        assert_eq!(
            error.to_string(),
            "`progress` is `1.2`; hint: parts of scores are from 0 to 1"
        );
        assert_eq!(speed_limit(&[0.0], 0.1, 2.23), Ok(1.0));
        assert!(speed_limit(&[], 0.1, 2.23).is_err());
    }
}
