//! The intelligent driver model, as nuPlan's reactive agents use it.
//!
//! Read [`Idm`] first. Not here: who leads, paths, lanes.

use super::{KinematicsError, Tolerance, finite, integrate, positive};

/// Parameters of the model (Treiber, Hennecke and Helbing 2000, eq. 1 to 3).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Idm {
    /// Desired speed, meters per second.
    pub target_speed: f64,
    /// Gap at standstill, meters.
    pub min_gap_meters: f64,
    /// Desired time headway, seconds.
    pub headway_secs: f64,
    /// Greatest acceleration, meters per second squared.
    pub max_acceleration: f64,
    /// Comfortable deceleration, positive.
    pub max_deceleration: f64,
    /// Exponent of the free road: 4; NAVSIM's planner takes 10.
    pub exponent: f64,
}

impl Default for Idm {
    /// nuPlan's agents (e9241677): 10 m/s, 1 m, 1.5 s, 1 and 2 m/s^2, exponent 4.
    fn default() -> Self {
        Self {
            target_speed: 10.0,
            min_gap_meters: 1.0,
            headway_secs: 1.5,
            max_acceleration: 1.0,
            max_deceleration: 2.0,
            exponent: 4.0,
        }
    }
}

/// The one who follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Follower {
    /// Progress of its front, meters.
    pub progress_meters: f64,
    /// Speed, meters per second.
    pub speed: f64,
}

/// The one ahead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leader {
    /// Progress, meters, on the follower's path.
    pub progress_meters: f64,
    /// Speed, meters per second.
    pub speed: f64,
    /// What of its length lies behind its progress, meters.
    pub half_length_meters: f64,
}

impl Idm {
    /// Whether every number is of use. Errors: not finite, not positive.
    pub fn check(&self) -> Result<(), KinematicsError> {
        finite(&[
            ("min_gap", self.min_gap_meters),
            ("headway", self.headway_secs),
        ])?;
        positive(&[
            ("target_velocity", self.target_speed),
            ("min_gap", self.min_gap_meters),
            ("a_max", self.max_acceleration),
            ("d_max", self.max_deceleration),
            ("exponent", self.exponent),
        ])
    }

    /// `a (1 - (v / v0)^delta - (s* / s)^2)`, `s* = s0 + v T + v dv / (2 sqrt(a b))`, `s = max(gap, s0)`, in meters per
    /// second squared. As nuPlan, `s*` is not kept above `s0` (Waymax keeps its dynamic part above 0).
    pub fn acceleration(&self, follower: &Follower, leader: &Leader) -> f64 {
        let v = follower.speed;
        let gap = leader.progress_meters - follower.progress_meters - leader.half_length_meters;
        let gap = gap.max(self.min_gap_meters);
        let root = (self.max_acceleration * self.max_deceleration).sqrt();
        let wanted =
            self.min_gap_meters + v * self.headway_secs + v * (v - leader.speed) / (2.0 * root);
        let free = (v / self.target_speed).powf(self.exponent);
        self.max_acceleration * (1.0 - free - (wanted / gap) * (wanted / gap))
    }

    /// One forward Euler step: the old speed moves it, the acceleration held within `[-d_max, a_max]` changes the
    /// speed, which may come out negative: nuPlan's agents then stand.
    pub fn euler(&self, follower: &Follower, leader: &Leader, step_secs: f64) -> Follower {
        let acceleration = self
            .acceleration(follower, leader)
            .clamp(-self.max_deceleration, self.max_acceleration);
        Follower {
            progress_meters: follower.progress_meters + step_secs * follower.speed,
            speed: follower.speed + step_secs * acceleration,
        }
    }

    /// The exact motion over a step behind a leader that stays at its progress, without bounds on the acceleration
    /// (nuPlan's `solve_ivp` policy, which solves it to one part in a thousand).
    ///
    /// Errors: [`KinematicsError::TooManySteps`].
    pub fn solve(
        &self,
        follower: &Follower,
        leader: &Leader,
        step_secs: f64,
    ) -> Result<Follower, KinematicsError> {
        let slope = |state: &[f64; 2]| {
            let now = Follower {
                progress_meters: state[0],
                speed: state[1],
            };
            [now.speed, self.acceleration(&now, leader)]
        };
        let begin = [follower.progress_meters, follower.speed];
        let [progress_meters, speed] = integrate(slope, begin, step_secs, Tolerance::default())?;
        Ok(Follower {
            progress_meters,
            speed,
        })
    }
}

/// A leader that follows a script of accelerations.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptedLeader {
    /// Where and how fast it begins.
    pub begin: Leader,
    /// First step, one beyond the last step, acceleration; the first that holds counts, none is 0. Accelerating ends
    /// at the speed it began with.
    pub script: Vec<(usize, usize, f64)>,
}

/// One step of a rollout, after it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RolloutStep {
    /// Time, seconds.
    pub t_secs: f64,
    /// The follower.
    pub follower: Follower,
    /// The leader.
    pub leader: Leader,
}

/// A follower behind a scripted leader: both advance from the same earlier state, the follower by [`Idm::euler`] and
/// never backward, the leader by trapezoids.
///
/// Errors: parameters out of range, a step that is not positive. Cost: one acceleration a step.
pub fn rollout(
    idm: &Idm,
    mut follower: Follower,
    leader: &ScriptedLeader,
    step_secs: f64,
    steps: usize,
) -> Result<Vec<RolloutStep>, KinematicsError> {
    idm.check()?;
    positive(&[("dt", step_secs)])?;
    let top = leader.begin.speed;
    let mut ahead = leader.begin;
    let mut found = Vec::new();
    for step in 0..steps {
        let scripted = leader
            .script
            .iter()
            .find(|(from, to, _)| (*from..*to).contains(&step))
            .map_or(0.0, |(_, _, a)| *a);
        let acceleration = if scripted > 0.0 && ahead.speed >= top {
            0.0
        } else {
            scripted
        };
        let next = idm.euler(&follower, &ahead, step_secs);
        let speed = (ahead.speed + acceleration * step_secs).max(0.0);
        ahead.progress_meters += 0.5 * (ahead.speed + speed) * step_secs;
        ahead.speed = speed;
        follower = Follower {
            speed: next.speed.max(0.0),
            ..next
        };
        found.push(RolloutStep {
            t_secs: (step + 1) as f64 * step_secs,
            follower,
            leader: ahead,
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn more_room_and_a_faster_leader_never_brake_more(
            v in 0.0..15.0_f64, gap in 2.0..100.0_f64, lead in 0.0..15.0_f64, more in 0.0..30.0_f64,
        ) {
            let idm = Idm::default();
            let follower = Follower { progress_meters: 0.0, speed: v };
            let at = |gap, speed| Leader { progress_meters: gap, speed, half_length_meters: 0.0 };
            let base = idm.acceleration(&follower, &at(gap, lead));
            // Wanted gaps are positive when the leader is not much faster.
            if v * 1.5 + v * (v - lead - more) / 8_f64.sqrt() > -1.0 {
                prop_assert!(idm.acceleration(&follower, &at(gap + more, lead)) >= base - 1e-9);
                prop_assert!(idm.acceleration(&follower, &at(gap, lead + more)) >= base - 1e-9);
            }
        }

        #[test]
        fn small_euler_steps_tend_to_the_solution(v in 1.0..9.0_f64, gap in 20.0..60.0_f64) {
            let idm = Idm::default();
            let leader = Leader { progress_meters: gap, speed: 5.0, half_length_meters: 0.0 };
            let mut euler = Follower { progress_meters: 0.0, speed: v };
            let exact = idm.solve(&euler, &leader, 0.5).expect("solved");
            let bounded = idm.acceleration(&euler, &leader) > -2.0;
            for _ in 0..5000 {
                euler = idm.euler(&euler, &leader, 1e-4);
            }
            if bounded && idm.acceleration(&exact, &leader) > -2.0 {
                prop_assert!((euler.speed - exact.speed).abs() < 1e-3);
                prop_assert!((euler.progress_meters - exact.progress_meters).abs() < 1e-3);
            }
        }
    }
}
