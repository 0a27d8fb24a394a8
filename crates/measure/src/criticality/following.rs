//! One vehicle behind another in one lane.
//!
//! Read [`Following`] first. Not here: boxes in the plane (`contact`), safe distances ([`super::rss`]).

use super::{CriticalityError, finite, positive};

/// Relative accelerations below this are none; from `CriMe`'s constant-acceleration case taken to the limit.
const NO_ACCELERATION: f64 = 1e-9;

/// A follower and the leader in its lane at one moment; speeds and accelerations along the lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Following {
    /// From the follower's front bumper to the leader's rear bumper, meters; 0 or less is contact.
    pub gap_meters: f64,
    /// Speed of the follower, meters per second.
    pub follower_speed: f64,
    /// Speed of the leader, meters per second.
    pub leader_speed: f64,
    /// Acceleration of the follower, meters per second squared.
    pub follower_acceleration: f64,
    /// Acceleration of the leader, meters per second squared; negative brakes.
    pub leader_acceleration: f64,
}

impl Following {
    /// Every number finite. Errors: [`CriticalityError::NotFinite`].
    pub fn check(&self) -> Result<(), CriticalityError> {
        finite(&[
            ("gap", self.gap_meters),
            ("v_follow", self.follower_speed),
            ("v_lead", self.leader_speed),
            ("a_follow", self.follower_acceleration),
            ("a_lead", self.leader_acceleration),
        ])
    }

    fn closing_speed(&self) -> f64 {
        self.follower_speed - self.leader_speed
    }

    /// Time to collision at constant speeds, seconds: `gap / dv`; 0 in contact, infinite while the gap does not close
    /// (Hayward 1972).
    pub fn ttc_secs(&self) -> f64 {
        let dv = self.closing_speed();
        if self.gap_meters <= 0.0 {
            0.0
        } else if dv > 0.0 {
            self.gap_meters / dv
        } else {
            f64::INFINITY
        }
    }

    /// Modified time to collision, seconds: the first `t > 0` with `gap = dv t + da t^2 / 2` at constant
    /// accelerations (Ozbay et al. 2008, eq. 3); infinite where none exists.
    ///
    /// It does not know that a braking vehicle stops: see [`Following::required_deceleration`] for that.
    pub fn mttc_secs(&self) -> f64 {
        let (gap, dv) = (self.gap_meters, self.closing_speed());
        let da = self.follower_acceleration - self.leader_acceleration;
        if da.abs() < NO_ACCELERATION || gap <= 0.0 {
            return self.ttc_secs();
        }
        let discriminant = dv * dv + 2.0 * da * gap;
        if discriminant < 0.0 {
            return f64::INFINITY;
        }
        let root = discriminant.sqrt();
        // Of the two forms of the root each is free of cancellation where it is used.
        if dv > 0.0 {
            2.0 * gap / (dv + root)
        } else if da > 0.0 {
            (root - dv) / da
        } else {
            f64::INFINITY
        }
    }

    /// Time headway, seconds, from the leader's rear to the follower's front: `gap / v_follow`; 0 in contact,
    /// infinite where the follower does not move forward. Tools that take front to front find more.
    pub fn headway_secs(&self) -> f64 {
        if self.gap_meters <= 0.0 {
            0.0
        } else if self.follower_speed > 0.0 {
            self.gap_meters / self.follower_speed
        } else {
            f64::INFINITY
        }
    }

    /// Deceleration rate to avoid a crash with a leader that keeps its speed: `dv^2 / (2 gap)`, 0 where the gap does
    /// not close, infinite in contact (Almqvist, Hyden and Risser 1991). Common alarm: 3.35 m/s^2.
    pub fn drac(&self) -> f64 {
        let dv = self.closing_speed();
        if dv <= 0.0 {
            0.0
        } else if self.gap_meters <= 0.0 {
            f64::INFINITY
        } else {
            dv * dv / (2.0 * self.gap_meters)
        }
    }

    /// The constant deceleration of the follower that just avoids contact, with a braking leader that stops and stays
    /// (scenarios reference, A.3); meters per second squared, 0 where none is needed, infinite in contact.
    ///
    /// Leader not braking: `max(0, dv^2 / (2 gap) - a_lead)`. Leader braking: `dv^2 / (2 gap) + |a_lead|` where contact
    /// would come before the leader stands, else `v_follow^2 / (2 (gap + d_lead))` with its stopping distance.
    pub fn required_deceleration(&self) -> f64 {
        let (gap, dv) = (self.gap_meters, self.closing_speed());
        let moving = self.drac();
        if moving.is_infinite() {
            return moving;
        }
        if self.leader_acceleration >= 0.0 {
            return (moving - self.leader_acceleration).max(0.0);
        }
        let braking = -self.leader_acceleration;
        let leader_stops_after = self.leader_speed / braking;
        if dv > 0.0 && 2.0 * gap / dv <= leader_stops_after {
            return moving + braking;
        }
        let leader_stops_in = self.leader_speed * self.leader_speed / (2.0 * braking);
        let room = gap + leader_stops_in;
        if self.follower_speed <= 0.0 {
            0.0
        } else if room <= 0.0 {
            f64::INFINITY
        } else {
            self.follower_speed * self.follower_speed / (2.0 * room)
        }
    }

    /// Brake threat number: the required deceleration over the one the vehicle can do; above 1 braking is too late
    /// (Brannstrom et al. 2008). `CriMe` takes 11.5 m/s^2. Errors: not positive.
    pub fn brake_threat(&self, available_deceleration: f64) -> Result<f64, CriticalityError> {
        positive(&[("a_max", available_deceleration)])?;
        Ok(self.required_deceleration() / available_deceleration)
    }

    /// Deceleration to reach a safety time: with [`dst`].
    pub fn dst(&self, safety_secs: f64) -> f64 {
        dst(self, safety_secs)
    }
}

/// Deceleration to reach a safety time behind the leader: `3 dv^2 / (2 (gap - v_lead t_s))` as `CriMe` 0.4.5 (after
/// Hupfer 1997), 0 where the gap does not close, infinite where the leader is nearer than the safety time allows.
pub fn dst(scene: &Following, safety_secs: f64) -> f64 {
    let dv = scene.closing_speed();
    let room = scene.gap_meters - scene.leader_speed * safety_secs;
    if dv <= 0.0 {
        0.0
    } else if room <= 0.0 {
        f64::INFINITY
    } else {
        3.0 * dv * dv / (2.0 * room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Whether a follower braking at `deceleration` touches the leader, by small steps of the exact motion.
    fn touches(scene: &Following, deceleration: f64) -> bool {
        let position = |speed: f64, acceleration: f64, t: f64| {
            let stop = if acceleration < 0.0 {
                speed / -acceleration
            } else {
                f64::INFINITY
            };
            let t = t.min(stop);
            speed * t + 0.5 * acceleration * t * t
        };
        (1..=40_000).any(|i| {
            let t = f64::from(i) * 0.002;
            let leader = position(scene.leader_speed, scene.leader_acceleration, t);
            let follower = position(scene.follower_speed, -deceleration, t);
            scene.gap_meters + leader - follower < -1e-9
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn required_deceleration_is_just_enough(
            gap in 1.0..80.0_f64, vf in 1.0..30.0_f64, vl in 0.0..30.0_f64, al in -6.0..0.0_f64,
        ) {
            let scene = Following {
                gap_meters: gap, follower_speed: vf, leader_speed: vl,
                follower_acceleration: 0.0, leader_acceleration: al,
            };
            let needed = scene.required_deceleration();
            prop_assert!(!touches(&scene, needed * (1.0 + 1e-6) + 1e-6));
            if needed > 0.5 {
                prop_assert!(touches(&scene, needed * 0.99));
            }
        }

        #[test]
        fn equal_accelerations_make_modified_time_plain(
            gap in 0.1..80.0_f64, vf in 0.0..30.0_f64, vl in 0.0..30.0_f64, a in -3.0..3.0_f64,
        ) {
            let scene = Following {
                gap_meters: gap, follower_speed: vf, leader_speed: vl,
                follower_acceleration: a, leader_acceleration: a,
            };
            prop_assert_eq!(scene.mttc_secs(), scene.ttc_secs());
        }

        #[test]
        fn modified_time_closes_the_gap(
            gap in 0.1..80.0_f64, vf in 0.0..30.0_f64, vl in 0.0..30.0_f64,
            af in -3.0..3.0_f64, al in -3.0..3.0_f64,
        ) {
            let scene = Following {
                gap_meters: gap, follower_speed: vf, leader_speed: vl,
                follower_acceleration: af, leader_acceleration: al,
            };
            let left = |t: f64| gap - (vf - vl) * t - 0.5 * (af - al) * t * t;
            let t = scene.mttc_secs();
            if t.is_finite() && t < 1e3 {
                prop_assert!(left(t).abs() < 1e-6 * (1.0 + gap + t * t));
            }
            // Open until then.
            for i in 1..50 {
                let s = f64::from(i) / 50.0 * t.min(60.0);
                prop_assert!(left(s) > -1e-6 * (1.0 + s * s));
            }
        }
    }
}
