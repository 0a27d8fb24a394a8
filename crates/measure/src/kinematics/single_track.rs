//! The kinematic single-track model with limits of steering and acceleration.
//!
//! Read [`SingleTrack`] first. Not here: tires and slip.

use super::{KinematicsError, Tolerance, finite, integrate, positive};

/// A vehicle on two wheels in a line, its reference at the rear axle (`CommonRoad` vehicle models, KS).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SingleTrack {
    /// From axle to axle, meters.
    pub wheelbase_meters: f64,
    /// Least and greatest steering angle, radians.
    pub steering_radians: [f64; 2],
    /// Least and greatest steering rate, radians per second.
    pub steering_rate: [f64; 2],
    /// Least and greatest speed, meters per second.
    pub speed: [f64; 2],
    /// Speed above which the engine's power limits the acceleration, meters per second.
    pub switching_speed: f64,
    /// Greatest acceleration either way, meters per second squared.
    pub max_acceleration: f64,
}

impl SingleTrack {
    /// A BMW 320i: parameters of vehicle 2 of commonroad-vehicle-models 3.0.2 (BSD-3-Clause).
    pub const BMW_320I: Self = Self {
        wheelbase_meters: 1.156_195_706_4 + 1.422_717_093_6,
        steering_radians: [-1.066, 1.066],
        steering_rate: [-0.4, 0.4],
        speed: [-13.9, 50.8],
        switching_speed: 7.319,
        max_acceleration: 11.5,
    };

    /// The steering rate that limits allow: none past the end of the range, the rest held within its bounds.
    pub fn allowed_steering_rate(&self, steering_radians: f64, rate: f64) -> f64 {
        let [least, greatest] = self.steering_radians;
        let outward = (steering_radians <= least && rate <= 0.0)
            || (steering_radians >= greatest && rate >= 0.0);
        if outward {
            0.0
        } else {
            rate.max(self.steering_rate[0]).min(self.steering_rate[1])
        }
    }

    /// The acceleration that limits allow: none past the end of the range of speeds; forward at most
    /// `a_max v_switch / v` above the switching speed.
    pub fn allowed_acceleration(&self, speed: f64, acceleration: f64) -> f64 {
        let forward = if speed > self.switching_speed {
            self.max_acceleration * self.switching_speed / speed
        } else {
            self.max_acceleration
        };
        let [least, greatest] = self.speed;
        let outward =
            (speed <= least && acceleration <= 0.0) || (speed >= greatest && acceleration >= 0.0);
        if outward {
            0.0
        } else {
            acceleration.max(-self.max_acceleration).min(forward)
        }
    }

    /// How the state changes per second under a steering rate and an acceleration:
    /// `[v cos(yaw), v sin(yaw), rate, a, v tan(steering) / wheelbase]` with both inputs limited.
    pub fn slope(&self, state: &SingleTrackState, input: [f64; 2]) -> SingleTrackState {
        let (sin, cos) = state.yaw_radians.sin_cos();
        SingleTrackState {
            x_meters: state.speed * cos,
            y_meters: state.speed * sin,
            steering_radians: self.allowed_steering_rate(state.steering_radians, input[0]),
            speed: self.allowed_acceleration(state.speed, input[1]),
            yaw_radians: state.speed * state.steering_radians.tan() / self.wheelbase_meters,
        }
    }

    /// The state after `secs` of constant input.
    ///
    /// Errors: numbers that are not finite, a wheelbase that is not positive, too many steps.
    pub fn advance(
        &self,
        state: &SingleTrackState,
        input: [f64; 2],
        secs: f64,
    ) -> Result<SingleTrackState, KinematicsError> {
        positive(&[("wheelbase", self.wheelbase_meters)])?;
        finite(&[
            ("x", state.x_meters),
            ("y", state.y_meters),
            ("steering", state.steering_radians),
            ("v", state.speed),
            ("yaw", state.yaw_radians),
            ("steering_rate", input[0]),
            ("acceleration", input[1]),
            ("dt", secs),
        ])?;
        let slope = |s: &[f64; 5]| <[f64; 5]>::from(self.slope(&SingleTrackState::from(*s), input));
        integrate(slope, (*state).into(), secs, Tolerance::default()).map(Into::into)
    }
}

/// Where a vehicle is and how it is steered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SingleTrackState {
    /// Middle of the rear axle, meters.
    pub x_meters: f64,
    /// Middle of the rear axle, meters.
    pub y_meters: f64,
    /// Steering angle of the front wheel, radians.
    pub steering_radians: f64,
    /// Speed, meters per second.
    pub speed: f64,
    /// Heading, radians.
    pub yaw_radians: f64,
}

impl From<[f64; 5]> for SingleTrackState {
    fn from([x, y, steering, speed, yaw]: [f64; 5]) -> Self {
        Self {
            x_meters: x,
            y_meters: y,
            steering_radians: steering,
            speed,
            yaw_radians: yaw,
        }
    }
}

impl From<SingleTrackState> for [f64; 5] {
    fn from(s: SingleTrackState) -> Self {
        [
            s.x_meters,
            s.y_meters,
            s.steering_radians,
            s.speed,
            s.yaw_radians,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn constant_steering_drives_a_circle(steering in 0.05..0.8_f64, speed in 1.0..20.0_f64, yaw in -3.0..3.0_f64) {
            let car = SingleTrack::BMW_320I;
            let begin = SingleTrackState::from([3.0, -2.0, steering, speed, yaw]);
            let end = car.advance(&begin, [0.0, 0.0], 2.0).expect("solved");
            let radius = car.wheelbase_meters / steering.tan();
            // The center is to the left of the rear axle.
            let center = |s: &SingleTrackState| {
                let (sin, cos) = s.yaw_radians.sin_cos();
                [s.x_meters - radius * sin, s.y_meters + radius * cos]
            };
            let (a, b) = (center(&begin), center(&end));
            prop_assert!((a[0] - b[0]).abs() < 1e-6 && (a[1] - b[1]).abs() < 1e-6);
            prop_assert!((end.yaw_radians - yaw - 2.0 * speed / radius).abs() < 1e-8 * (1.0 + speed));
        }

        #[test]
        fn limits_hold(steering in -1.0..1.0_f64, speed in -13.0..50.0_f64, rate in -3.0..3.0_f64, a in -30.0..30.0_f64) {
            let car = SingleTrack::BMW_320I;
            let begin = SingleTrackState::from([0.0, 0.0, steering, speed, 0.0]);
            let end = car.advance(&begin, [rate, a], 3.0).expect("solved");
            prop_assert!(end.steering_radians.abs() <= 1.066 + 1e-4);
            prop_assert!(end.speed <= 50.8 + 1e-2 && end.speed >= -13.9 - 1e-2);
        }
    }
}
