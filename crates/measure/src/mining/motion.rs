//! Primitives of one track.
//!
//! Read [`Motion`] first. Not here: what tracks do to each other (`relation`).

use super::{Track, derivative, length, turned, yaw_rates};

/// A track whose positions stay within this is parked, meters: annotations jitter (RefAV).
const PARKED_METERS: f64 = 2.0;
/// A turn, radians.
const TURN_RADIANS: f64 = 45.0 / 180.0 * std::f64::consts::PI;
/// Rate of a turn that the track does not show whole, radians per second.
const CUT_TURN_RATE: f64 = 5.0 / 180.0 * std::f64::consts::PI;

/// A side, from the track's point of view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// y positive, yaw growing.
    Left,
    /// y negative.
    Right,
}

/// Derivatives of a track, worked out once.
#[derive(Clone, Debug)]
pub struct Motion<'a> {
    track: &'a Track,
    /// In the world, meters per second.
    pub velocities: Vec<[f64; 3]>,
    /// In the track's own frame, meters per second squared: x forward, y left.
    pub accelerations: Vec<[f64; 3]>,
    /// Radians per second.
    pub yaw_rates: Vec<f64>,
}

impl<'a> Motion<'a> {
    /// The motion of a track that was [`Track::checked`]. Cost: some hundred operations a sample.
    pub fn new(track: &'a Track) -> Self {
        let own = |v: Vec<[f64; 3]>| {
            v.iter()
                .zip(&track.yaws)
                .map(|(v, y)| turned(v, *y))
                .collect()
        };
        Self {
            track,
            velocities: derivative(&track.t_nanos, &track.positions, 1),
            accelerations: own(derivative(&track.t_nanos, &track.positions, 2)),
            yaw_rates: yaw_rates(&track.t_nanos, &track.yaws),
        }
    }

    /// Stamps of the samples that are marked; none of a parked track.
    fn moving(&self, marks: impl Iterator<Item = bool>) -> Vec<i64> {
        if self.stationary() {
            return Vec::new();
        }
        let stamps = self.track.t_nanos.iter().zip(marks);
        stamps
            .filter(|(_, holds)| *holds)
            .map(|(t, _)| *t)
            .collect()
    }

    /// Whether the whole track stays within a box of 2 m across its diagonal (RefAV `stationary`: parked, not stopped).
    pub fn stationary(&self) -> bool {
        let extent = |d: usize| {
            let values = self.track.positions.iter().map(|p| p[d]);
            let ends = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
                (low.min(x), high.max(x))
            });
            ends.1 - ends.0
        };
        length(&[extent(0), extent(1), extent(2)]) < PARKED_METERS
    }

    /// When the speed is within bounds, meters per second; RefAV takes 0.5 and infinity. Empty for a parked track.
    pub fn has_velocity(&self, least: f64, greatest: f64) -> Vec<i64> {
        self.moving(
            self.velocities
                .iter()
                .map(|v| (least..=greatest).contains(&length(v))),
        )
    }

    /// When the forward acceleration is within bounds, meters per second squared; RefAV takes 0.65 and infinity; below
    /// -1 is surely braking. Empty for a parked track.
    pub fn accelerating(&self, least: f64, greatest: f64) -> Vec<i64> {
        self.moving(
            self.accelerations
                .iter()
                .map(|a| (least..=greatest).contains(&a[0])),
        )
    }

    /// When the lateral acceleration, left positive, is within bounds. Empty for a parked track.
    pub fn has_lateral_acceleration(&self, least: f64, greatest: f64) -> Vec<i64> {
        self.moving(
            self.accelerations
                .iter()
                .map(|a| (least..=greatest).contains(&a[1])),
        )
    }

    /// When it turns to a side, or to either for none: runs of yaw rate of one sign that turn by more than 45 degrees; a
    /// run cut by the begin or end of the track counts from 15 degrees if it turns by more than 5 degrees a second on the
    /// whole and at the cut.
    ///
    /// RefAV also adds the sample after a run and asks for an intersection nearby at cuts; its table does not.
    pub fn turning(&self, side: Option<Side>) -> Vec<i64> {
        let rates = &self.yaw_rates;
        let step_secs = self.step_secs();
        let mut found = Vec::new();
        let mut begin = 0;
        while let Some(first) = rates.get(begin) {
            let sign = if *first > 0.0 { 1.0 } else { -1.0 };
            let rest = rates.iter().skip(begin);
            let run = rest.take_while(|r| **r * sign > 0.0).count();
            let end = begin + run.max(1);
            let wanted = match side {
                Some(Side::Left) => sign > 0.0,
                Some(Side::Right) => sign < 0.0,
                None => true,
            };
            if run > 0
                && wanted
                && turns(
                    rates.get(begin..end).unwrap_or_default(),
                    [begin == 0, end == rates.len()],
                    step_secs,
                )
            {
                found.extend(self.track.t_nanos.iter().take(end).skip(begin));
            }
            begin = end;
        }
        found
    }

    /// Mean time between samples.
    fn step_secs(&self) -> f64 {
        let t = &self.track.t_nanos;
        let span = t
            .first()
            .zip(t.last())
            .map_or(0.0, |(a, b)| (i128::from(*b) - i128::from(*a)) as f64 / 1e9);
        span / (t.len().max(2) - 1) as f64
    }
}

/// Whether a run of one sign is a turn; `cut` at the begin and at the end of the track.
fn turns(run: &[f64], cut: [bool; 2], step_secs: f64) -> bool {
    let turned = run.iter().sum::<f64>().abs() * step_secs;
    if turned > TURN_RADIANS {
        return true;
    }
    let fast = |rate: Option<&f64>| rate.is_some_and(|r| r.abs() > CUT_TURN_RATE);
    let at_cut = (cut[0] && fast(run.first())) || (cut[1] && fast(run.last()));
    let mean = run.iter().sum::<f64>() / run.len() as f64;
    at_cut && mean.abs() > CUT_TURN_RATE && turned > TURN_RADIANS / 3.0
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A track at 10 Hz from its x, y and yaw over time.
    pub(crate) fn track(id: u64, n: i64, of: impl Fn(f64) -> [f64; 3]) -> Track {
        let poses: Vec<[f64; 3]> = (0..n).map(|i| of(0.1 * i as f64)).collect();
        Track {
            id,
            t_nanos: (0..n).map(|i| i * 100_000_000).collect(),
            positions: poses.iter().map(|p| [p[0], p[1], 0.0]).collect(),
            yaws: poses.iter().map(|p| p[2]).collect(),
            length_meters: 4.0,
            width_meters: 2.0,
        }
        .checked()
        .expect("a track")
    }

    #[test]
    fn braking_and_speed_by_hand() {
        // 20 m/s, from 2 s on braking with 4 m/s^2.
        let drive = track(1, 60, |t| {
            let late = (t - 2.0).max(0.0);
            [20.0 * t - 2.0 * late * late, 0.0, 0.0]
        });
        let motion = Motion::new(&drive);
        let braking = motion.accelerating(f64::NEG_INFINITY, -1.0);
        let secs = |t: i64| t as f64 / 1e9;
        assert!((secs(braking[0]) - 2.0).abs() < 0.25);
        assert_eq!(braking.last(), drive.t_nanos.last());
        let fast = motion.has_velocity(15.0, f64::INFINITY);
        assert!((secs(*fast.last().expect("some")) - 3.25).abs() < 0.3);
        assert!(motion.turning(None).is_empty());
    }

    #[test]
    fn turns_have_sides_and_need_45_degrees() {
        // A quarter circle to the left within 4 s, straight before and after.
        let corner = |sign: f64, total: f64| {
            track(1, 100, move |t| {
                let turned = ((t - 3.0) / 4.0).clamp(0.0, 1.0);
                [8.0 * t, 0.0, sign * total * turned]
            })
        };
        let right = std::f64::consts::FRAC_PI_2;
        let left = corner(1.0, right);
        let motion = Motion::new(&left);
        let turn = motion.turning(Some(Side::Left));
        assert!((turn[0] as f64 / 1e9 - 3.0).abs() < 0.15);
        assert!((*turn.last().expect("some") as f64 / 1e9 - 7.0).abs() < 0.15);
        assert!(motion.turning(Some(Side::Right)).is_empty());
        assert_eq!(motion.turning(None), turn);
        let mirrored = corner(-1.0, right);
        assert_eq!(Motion::new(&mirrored).turning(Some(Side::Right)), turn);
        let slight = corner(1.0, 0.7);
        assert!(Motion::new(&slight).turning(None).is_empty());
    }

    #[test]
    fn turns_cut_by_the_track_count_from_15_degrees() {
        let cut = track(1, 20, |t| [8.0 * t, 0.0, 0.25 * t]);
        assert_eq!(Motion::new(&cut).turning(Some(Side::Left)).len(), 20);
        let slow = track(1, 60, |t| [8.0 * t, 0.0, 0.08 * t]);
        assert!(Motion::new(&slow).turning(None).is_empty());
    }

    #[test]
    fn parked_tracks_do_nothing() {
        let parked = track(1, 50, |t| [0.5 * (9.0 * t).sin(), 0.0, 0.0]);
        let motion = Motion::new(&parked);
        assert!(motion.stationary());
        assert!(motion.has_velocity(0.0, f64::INFINITY).is_empty());
        let single = track(1, 1, |_| [0.0; 3]);
        assert!(Motion::new(&single).stationary());
    }
}
