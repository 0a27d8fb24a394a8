//! Safe distances of Responsibility-Sensitive Safety.
//!
//! Read [`same_direction`], [`opposite_direction`] and [`lateral`] first; formulas of Shalev-Shwartz, Shammah and
//! Shashua (arXiv 1708.06374, definitions 1, 2 and 6) with the bounded speed and the defaults of ad-rss-lib 847b9c2a.
//! Not here: who is to blame: a violation needs both the longitudinal and the lateral distance unsafe.

use super::{CriticalityError, finite, not_negative, positive};

/// A vehicle that accelerates for its response time and then brakes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Response {
    /// Speed along its driving direction, meters per second.
    pub speed: f64,
    /// Response time, seconds; 1 for the ego, 2 for others.
    pub response_secs: f64,
    /// Acceleration during the response, meters per second squared; 3.5.
    pub acceleration: f64,
    /// Deceleration after it, meters per second squared; 4, or 3 for the one in its own lane on an opposite course.
    pub deceleration: f64,
    /// Accelerating stops at this speed or the present one, whichever is more; none for no limit.
    pub speed_limit: Option<f64>,
}

impl Response {
    fn check(&self) -> Result<(), CriticalityError> {
        not_negative(&[
            ("speed", self.speed),
            ("rho", self.response_secs),
            ("a_max", self.acceleration),
        ])?;
        positive(&[("b_min", self.deceleration)])?;
        finite(&[("v_max_on_accel", self.speed_limit.unwrap_or(0.0))])
    }

    /// Distance until it stands, meters:
    /// `v rho + a t^2 / 2 + (v' - v)(rho - t) + v'^2 / (2 b)` with `t = (v' - v) / a`.
    pub fn stopping_meters(&self) -> Result<f64, CriticalityError> {
        self.check()?;
        let (v, rho, a) = (self.speed, self.response_secs, self.acceleration);
        let free = v + a * rho;
        let reached = match self.speed_limit {
            Some(limit) => free.min(limit.max(v)),
            None => free,
        };
        let gained = reached - v;
        let accelerating_secs = if a > 0.0 { gained / a } else { 0.0 };
        Ok(v * rho
            + 0.5 * a * accelerating_secs * accelerating_secs
            + gained * (rho - accelerating_secs)
            + reached * reached / (2.0 * self.deceleration))
    }
}

/// Safe distance behind a vehicle that drives the same way, meters:
/// `max(0, d(rear) - v_front^2 / (2 b_max)) + d_min`.
///
/// Errors: numbers that are not finite, negative speeds and times, decelerations that are not positive.
pub fn same_direction(
    rear: &Response,
    front_speed: f64,
    front_deceleration: f64,
    margin_meters: f64,
) -> Result<f64, CriticalityError> {
    not_negative(&[("v_front", front_speed), ("d_min", margin_meters)])?;
    positive(&[("b_max", front_deceleration)])?;
    let front = front_speed * front_speed / (2.0 * front_deceleration);
    Ok((rear.stopping_meters()? - front).max(0.0) + margin_meters)
}

/// Safe distance between vehicles that drive toward each other, meters: both stop; `first` is in its own lane.
///
/// Errors: as [`same_direction`].
pub fn opposite_direction(
    first: &Response,
    second: &Response,
    margin_meters: f64,
) -> Result<f64, CriticalityError> {
    not_negative(&[("d_min", margin_meters)])?;
    Ok(first.stopping_meters()? + second.stopping_meters()? + margin_meters)
}

/// One of two vehicles side by side; velocities to the right are positive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Side {
    /// Lateral velocity, meters per second, to the right positive.
    pub velocity: f64,
    /// Response time, seconds.
    pub response_secs: f64,
    /// Lateral acceleration toward the other during the response, meters per second squared; 0.2.
    pub acceleration: f64,
    /// Lateral deceleration after it; 0.8.
    pub deceleration: f64,
    /// Lateral wobble allowed for, meters; 0.1.
    pub fluctuation_meters: f64,
}

impl Side {
    /// How far it gets toward its `toward` (+1 right, -1 left), meters to the right.
    fn offset(&self, toward: f64) -> Result<f64, CriticalityError> {
        finite(&[("velocity", self.velocity)])?;
        not_negative(&[
            ("rho", self.response_secs),
            ("a_lat_max", self.acceleration),
            ("mu", self.fluctuation_meters),
        ])?;
        positive(&[("b_lat_min", self.deceleration)])?;
        let (rho, a) = (self.response_secs, toward * self.acceleration);
        let after = self.velocity + a * rho;
        // Braking counts only while it still moves toward the other.
        let braking = if after * toward > 0.0 {
            toward * after * after / (2.0 * self.deceleration)
        } else {
            0.0
        };
        Ok(self.velocity * rho + 0.5 * a * rho * rho + braking)
    }
}

/// Safe lateral distance, meters: `max(0, offset(left) - offset(right) + (mu_left + mu_right) / 2)`.
///
/// Errors: as [`same_direction`].
pub fn lateral(left: &Side, right: &Side) -> Result<f64, CriticalityError> {
    let wobble = 0.5 * (left.fluctuation_meters + right.fluctuation_meters);
    Ok((left.offset(1.0)? - right.offset(-1.0)? + wobble).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn response(speed: f64, response_secs: f64) -> Response {
        Response {
            speed,
            response_secs,
            acceleration: 3.5,
            deceleration: 4.0,
            speed_limit: None,
        }
    }

    proptest! {
        #[test]
        fn faster_and_slower_to_respond_needs_more(
            v in 0.0..40.0_f64, more in 0.0..10.0_f64, rho in 0.1..2.0_f64, front in 0.0..40.0_f64,
        ) {
            let of = |v, rho, front| same_direction(&response(v, rho), front, 8.0, 0.0).expect("defined");
            let base = of(v, rho, front);
            prop_assert!(of(v + more, rho, front) >= base - 1e-9);
            prop_assert!(of(v, rho + more, front) >= base - 1e-9);
            prop_assert!(of(v, rho, front + more) <= base + 1e-9);
            let limited = Response { speed_limit: Some(v + 1.0), ..response(v, rho) };
            prop_assert!(same_direction(&limited, front, 8.0, 0.0).expect("defined") <= base + 1e-9);
        }

        #[test]
        fn left_and_right_are_mirrored(v in [-2.0..2.0_f64, -2.0..2.0_f64], rho in 0.1..2.0_f64) {
            let side = |velocity| Side {
                velocity, response_secs: rho, acceleration: 0.2, deceleration: 0.8, fluctuation_meters: 0.1,
            };
            let one = lateral(&side(v[0]), &side(v[1])).expect("defined");
            let mirrored = lateral(&side(-v[1]), &side(-v[0])).expect("defined");
            prop_assert!((one - mirrored).abs() < 1e-12);
        }
    }

    #[test]
    fn what_is_not_defined_is_named() {
        let bad = Response {
            deceleration: 0.0,
            ..response(1.0, 1.0)
        };
        let error = same_direction(&bad, 1.0, 8.0, 0.0).expect_err("refused");
        assert_eq!(
            error.to_string(),
            "`b_min` is `0`; hint: it must be above zero"
        );
    }
}
