//! Primitives of two and more tracks.
//!
//! Read [`Pair`] first: two tracks at the stamps both have. Not here: combining what was found (`scenario`).

use super::{Side, Track, TrackId, angle, derivative, length, turned};
use crate::criticality::footprint_distance;
use std::collections::BTreeMap;
use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

/// Speed from which the velocity, not the yaw, tells where something heads, meters per second.
const HEADED: f64 = 0.5;
/// The same for comparing two headings.
const HEADED_SURELY: f64 = 1.0;
/// Speed across the line that makes a crossing, meters per second.
const CROSSING: f64 = 0.2;

/// A direction from the track's point of view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toward {
    /// Ahead.
    Forward,
    /// Behind.
    Backward,
    /// To the left.
    Left,
    /// To the right.
    Right,
}

/// How two headings lie to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// Within 45 degrees.
    Same,
    /// Between 45 and 135 degrees.
    Perpendicular,
    /// 135 degrees or more.
    Opposite,
}

/// One sample of two tracks.
#[derive(Clone, Copy, Debug)]
struct Moment {
    t_nanos: i64,
    /// Position of the other in the frame of the track.
    place: [f64; 3],
    /// Velocity of the track in its own frame.
    own_velocity: [f64; 3],
    /// Velocity of the other in the frame of the track, over the ground.
    velocity: [f64; 3],
    /// Heading of the other less that of the track.
    yaw: f64,
    /// Distance of the footprints.
    clearance: f64,
}

/// A track and another one, at the stamps both have; derivatives of the other are taken over those stamps only, as RefAV
/// does.
#[derive(Clone, Debug)]
pub struct Pair<'a> {
    track: &'a Track,
    other: &'a Track,
    moments: Vec<Moment>,
}

impl<'a> Pair<'a> {
    /// Two tracks that were [`Track::checked`]; no moments where they share no stamp. Cost: linear.
    pub fn new(track: &'a Track, other: &'a Track) -> Self {
        let shared = shared_stamps(&track.t_nanos, &other.t_nanos);
        let stamps: Vec<i64> = shared
            .iter()
            .filter_map(|(i, _)| track.t_nanos.get(*i).copied())
            .collect();
        let places: Vec<[f64; 3]> = shared
            .iter()
            .filter_map(|(_, j)| other.positions.get(*j).copied())
            .collect();
        let own = derivative(&track.t_nanos, &track.positions, 1);
        let smooth = derivative(&stamps, &places, 0);
        let velocities = derivative(&stamps, &places, 1);
        let moments = shared
            .iter()
            .zip(stamps.iter().zip(smooth.iter().zip(&velocities)));
        let moment = |(&(i, j), (&t_nanos, (place, velocity))): (
            &(usize, usize),
            (&i64, (&[f64; 3], &[f64; 3])),
        )| {
            let (yaw, center) = (*track.yaws.get(i)?, track.positions.get(i)?);
            let apart = [
                place[0] - center[0],
                place[1] - center[1],
                place[2] - center[2],
            ];
            Some(Moment {
                t_nanos,
                place: turned(&apart, yaw),
                own_velocity: turned(own.get(i)?, yaw),
                velocity: turned(velocity, yaw),
                yaw: other.yaws.get(j)? - yaw,
                clearance: footprint_distance(&track.footprint(i)?, &other.footprint(j)?),
            })
        };
        Self {
            track,
            other,
            moments: moments.filter_map(moment).collect(),
        }
    }

    fn when(&self, holds: impl Fn(&Moment) -> bool) -> Vec<i64> {
        self.moments
            .iter()
            .filter(|m| holds(m))
            .map(|m| m.t_nanos)
            .collect()
    }

    /// When the footprints are at most so far apart, meters; RefAV takes 10.
    pub fn near(&self, within_meters: f64) -> Vec<i64> {
        self.when(|m| m.clearance <= within_meters)
    }

    /// When the other lies within an angle of the track's heading and within a distance; RefAV takes 22.5 degrees and
    /// 50 m.
    pub fn facing_toward(&self, within_radians: f64, within_meters: f64) -> Vec<i64> {
        self.when(|m| {
            m.place[1].atan2(m.place[0]).abs() <= within_radians && m.clearance <= within_meters
        })
    }

    /// When the track moves toward the other: its velocity within an angle of the direction to the other, closing by at
    /// least `least_speed`; RefAV takes 22.5 degrees, 0.5 and no limit of distance.
    ///
    /// The speed is in meters per second; RefAV compares the change of the distance per sample, so at 10 Hz its 0.5 is
    /// 5 m/s.
    pub fn heading_toward(
        &self,
        within_radians: f64,
        least_speed: f64,
        within_meters: f64,
    ) -> Vec<i64> {
        let distances: Vec<[f64; 3]> = self
            .moments
            .iter()
            .map(|m| [length(&m.place), 0.0, 0.0])
            .collect();
        let stamps: Vec<i64> = self.moments.iter().map(|m| m.t_nanos).collect();
        let closing = derivative(&stamps, &distances, 1);
        let holds = |(m, rate): (&Moment, &[f64; 3])| {
            -rate[0] >= least_speed
                && angle(&m.own_velocity, &m.place).is_some_and(|a| a <= within_radians)
                && m.clearance <= within_meters
        };
        let both = self.moments.iter().zip(&closing);
        both.filter(|pair| holds(*pair))
            .map(|(m, _)| m.t_nanos)
            .collect()
    }

    /// When the track moves on a course relative to the other's. Headings are those of the velocities; the yaw stands in
    /// for the slower one where only one of both moves (at 1 m/s; for the track 0.5 m/s is enough), and where neither does
    /// there is none.
    pub fn on_course(&self, course: Course) -> Vec<i64> {
        self.when(|m| {
            let (own, other) = (length(&m.own_velocity), length(&m.velocity));
            let own_heading = [1.0, 0.0, 0.0];
            let (sin, cos) = m.yaw.sin_cos();
            let between = if own < HEADED_SURELY && other > HEADED_SURELY {
                angle(&own_heading, &m.velocity)
            } else if other < HEADED_SURELY && own > HEADED {
                angle(&m.own_velocity, &[cos, sin, 0.0])
            } else if own < HEADED_SURELY || other < HEADED_SURELY {
                None
            } else {
                angle(&m.own_velocity, &m.velocity)
            };
            between.is_some_and(|a| match course {
                Course::Same => a <= FRAC_PI_4,
                Course::Perpendicular => a > FRAC_PI_4 && a < 3.0 * FRAC_PI_4,
                Course::Opposite => a >= 3.0 * FRAC_PI_4,
            })
        })
    }

    /// When the track follows the other: the other ahead by up to 25 m beyond the track's front, less than 5 m aside,
    /// headings alike (cosine above 0.5; of the velocity above 0.5 m/s, else the yaw), and `same_lane` at that time; where
    /// lanes are not known give a function that is always true.
    pub fn following(&self, same_lane: impl Fn(i64) -> bool) -> Vec<i64> {
        let front = 0.5 * self.track.length_meters;
        self.when(|m| {
            let (sin, cos) = m.yaw.sin_cos();
            let heading = |v: &[f64; 3], still: [f64; 3]| {
                if length(v) > HEADED {
                    [v[0], v[1], 0.0]
                } else {
                    still
                }
            };
            let own = heading(&m.own_velocity, [1.0, 0.0, 0.0]);
            let other = heading(&m.velocity, [cos, sin, 0.0]);
            let alike = angle(&own, &other).is_some_and(|a| a.cos() > 0.5);
            m.place[0] > front
                && m.place[0] < 25.0 + front
                && m.place[1].abs() < 5.0
                && alike
                && same_lane(m.t_nanos)
        })
    }

    /// When the other crosses the half line that goes out from a side of the track: its center passes the edge of the
    /// strip as wide as the track, at more than 0.2 m/s across, from half a length to `reach_meters` beyond; the crossing
    /// lasts while it moves on and stays within `lateral_meters`. RefAV takes forward, 10 and 5 m. `turn` asks for crossing
    /// to the left (counterclockwise seen from above) or to the right only.
    ///
    /// RefAV loses its direction after the first crossing and lets it begin without bound; both are put right here.
    pub fn crossed_by(
        &self,
        toward: Toward,
        turn: Option<Side>,
        reach_meters: f64,
        lateral_meters: f64,
    ) -> Vec<i64> {
        let yaw = match toward {
            Toward::Forward => 0.0,
            Toward::Left => FRAC_PI_2,
            Toward::Right => -FRAC_PI_2,
            Toward::Backward => PI,
        };
        let half_length = 0.5 * self.track.length_meters;
        let half_width = 0.5 * self.track.width_meters;
        // Along the half line, across it, speed across it.
        let path: Vec<[f64; 3]> = self
            .moments
            .iter()
            .map(|m| {
                let (place, velocity) = (turned(&m.place, yaw), turned(&m.velocity, yaw));
                [place[0], place[1], velocity[1]]
            })
            .collect();
        let mut crossing = vec![false; path.len()];
        for (i, pair) in path.windows(2).enumerate() {
            let [before, after] = pair else { continue };
            let passes = |edge: f64| (before[1] < edge) != (after[1] < edge);
            let sign = (after[1] - before[1]).signum();
            let wanted = match turn {
                Some(Side::Left) => sign > 0.0,
                Some(Side::Right) => sign < 0.0,
                None => true,
            };
            let inside = after[0] >= half_length && after[0] <= half_length + reach_meters;
            let crosses = (passes(-half_width) || passes(half_width)) && after[2].abs() > CROSSING;
            if !(wanted && inside && crosses) {
                continue;
            }
            let lasts = |p: &[f64; 3]| sign * p[2] > CROSSING && p[1].abs() < lateral_meters;
            let before_it = path
                .iter()
                .take(i + 1)
                .rev()
                .take_while(|p| lasts(p))
                .count();
            let after_it = path.iter().skip(i + 1).take_while(|p| lasts(p)).count();
            for mark in crossing
                .iter_mut()
                .take(i + 1 + after_it)
                .skip(i + 1 - before_it)
            {
                *mark = true;
            }
        }
        let marked = self.moments.iter().zip(&crossing);
        marked
            .filter(|(_, c)| **c)
            .map(|(m, _)| m.t_nanos)
            .collect()
    }
}

/// Indices of equal stamps of two ascending lists.
fn shared_stamps(a: &[i64], b: &[i64]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut other = b.iter().enumerate().peekable();
    for (i, t) in a.iter().enumerate() {
        while other.peek().is_some_and(|(_, u)| *u < t) {
            other.next();
        }
        if let Some((j, _)) = other.peek().filter(|(_, u)| *u == t) {
            found.push((i, *j));
        }
    }
    found
}

/// Stamps at which something holds between a track and each of the others.
pub type Related = BTreeMap<TrackId, Vec<i64>>;

/// Keeps of each stamp's candidates those a rule chooses, if they are enough. Others with the track's own id are left
/// out. `candidates` gives clearance and stamp.
fn choose(found: Vec<(i64, f64, TrackId)>, least: usize, most: usize) -> Related {
    let mut found = found;
    found.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
    let mut related = Related::new();
    for at_once in found.chunk_by(|a, b| a.0 == b.0) {
        let kept = at_once.get(..most.min(at_once.len())).unwrap_or_default();
        if kept.len() >= least {
            for (t, _, id) in kept {
                related.entry(*id).or_default().push(*t);
            }
        }
    }
    related
}

/// When at least `least` others are within a distance of the track, with each of them; RefAV takes 10 m and 1.
///
/// Pairs are of one track. Cost: a sort of what is near.
pub fn near_objects(pairs: &[Pair<'_>], within_meters: f64, least: usize) -> Related {
    let found = pairs
        .iter()
        .filter(|p| p.track.id != p.other.id)
        .flat_map(|pair| {
            let near = pair.moments.iter().filter(|m| m.clearance <= within_meters);
            near.map(|m| (m.t_nanos, m.clearance, pair.other.id))
        });
    choose(found.collect(), least.max(1), usize::MAX)
}

/// What counts as lying in a direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sector {
    /// The direction; the sector is as wide as the track's box.
    pub toward: Toward,
    /// How far the sector reaches beyond the box on both sides, meters; RefAV: without limit.
    pub lateral_meters: f64,
    /// Greatest distance of the footprints, meters; RefAV: 50.
    pub within_meters: f64,
    /// Fewest others; RefAV: 1.
    pub least: usize,
    /// Most others, the nearest; RefAV: all.
    pub most: usize,
}

/// When enough others lie in a direction of the track (their centers beyond that side of its box), with the nearest of
/// them. Pairs are of one track. Cost: a sort of what lies there.
pub fn objects_in_direction(pairs: &[Pair<'_>], sector: &Sector) -> Related {
    let found = pairs
        .iter()
        .filter(|p| p.track.id != p.other.id)
        .flat_map(|pair| {
            let half_length = 0.5 * pair.track.length_meters;
            let half_width = 0.5 * pair.track.width_meters;
            let lies = move |m: &&Moment| {
                let [x, y, _] = m.place;
                let (out, edge, aside, width) = match sector.toward {
                    Toward::Forward => (x, half_length, y, half_width),
                    Toward::Backward => (-x, half_length, y, half_width),
                    Toward::Left => (y, half_width, x, half_length),
                    Toward::Right => (-y, half_width, x, half_length),
                };
                out > edge
                    && aside.abs() < width + sector.lateral_meters
                    && m.clearance <= sector.within_meters
            };
            let there = pair.moments.iter().filter(lies);
            there.map(|m| (m.t_nanos, m.clearance, pair.other.id))
        });
    choose(found.collect(), sector.least.max(1), sector.most)
}

#[cfg(test)]
mod tests {
    use super::super::motion::tests::track;
    use super::*;

    fn secs(t: &[i64]) -> Option<(f64, f64)> {
        Some((*t.first()? as f64 / 1e9, *t.last()? as f64 / 1e9))
    }

    #[test]
    fn following_until_the_gap_is_too_long() {
        let ego = track(1, 60, |t| [8.0 * t, 0.0, 0.0]);
        // Begins 15 m ahead and draws away by 4 m/s: 27 m after 3 s.
        let lead = track(2, 60, |t| [15.0 + 12.0 * t, 1.0, 0.0]);
        let found = Pair::new(&ego, &lead).following(|_| true);
        let (begin, end) = secs(&found).expect("some");
        assert!(begin < 0.4 && (end - 3.0).abs() < 0.35, "{begin} {end}");
        assert!(Pair::new(&lead, &ego).following(|_| true).is_empty());
        assert!(Pair::new(&ego, &lead).following(|_| false).is_empty());
        let oncoming = track(3, 60, |t| [40.0 - 8.0 * t, 1.0, PI]);
        assert!(Pair::new(&ego, &oncoming).following(|_| true).is_empty());
    }

    #[test]
    fn a_pedestrian_crosses_ahead() {
        let ego = track(1, 80, |_| [0.0, 0.0, 0.0]);
        // From 8 m right to 8 m left at 2 m/s, 5 m ahead.
        let walker = track(2, 80, |t| [5.0, 2.0 * t - 8.05, FRAC_PI_2]);
        let pair = Pair::new(&ego, &walker);
        let crossing = |toward, turn| pair.crossed_by(toward, turn, 10.0, 5.0);
        let (begin, end) = secs(&crossing(Toward::Forward, None)).expect("some");
        // |y| < 5 m: from 1.5 to 6.5 s.
        assert!(
            (begin - 1.5).abs() < 0.25 && (end - 6.5).abs() < 0.25,
            "{begin} {end}"
        );
        assert_eq!(
            crossing(Toward::Forward, Some(Side::Left)),
            crossing(Toward::Forward, None)
        );
        assert!(crossing(Toward::Forward, Some(Side::Right)).is_empty());
        assert!(crossing(Toward::Backward, None).is_empty());
        assert!(pair.crossed_by(Toward::Forward, None, 2.0, 5.0).is_empty());
        // Seen from an ego that looks the other way the walker crosses behind.
        let turned_ego = track(1, 80, |_| [0.0, 0.0, PI]);
        let behind = Pair::new(&turned_ego, &walker).crossed_by(Toward::Backward, None, 10.0, 5.0);
        assert_eq!(behind, crossing(Toward::Forward, None));
    }

    #[test]
    fn directions_and_courses() {
        let ego = track(1, 40, |t| [5.0 * t, 0.0, 0.0]);
        let left = track(2, 40, |t| [5.0 * t, 6.0, 0.0]);
        let ahead = track(3, 40, |t| [5.0 * t + 10.0, 0.0, PI]);
        let pairs: Vec<Pair<'_>> = [&left, &ahead].map(|o| Pair::new(&ego, o)).into();
        let sector = |toward| Sector {
            toward,
            lateral_meters: 1.0,
            within_meters: 50.0,
            least: 1,
            most: usize::MAX,
        };
        let ids = |toward| {
            objects_in_direction(&pairs, &sector(toward))
                .into_keys()
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(Toward::Left), [2]);
        assert_eq!(ids(Toward::Forward), [3]);
        assert!(ids(Toward::Right).is_empty() && ids(Toward::Backward).is_empty());
        let two = Sector {
            least: 2,
            ..sector(Toward::Left)
        };
        assert!(objects_in_direction(&pairs, &two).is_empty());
        assert_eq!(pairs[0].on_course(Course::Same).len(), 40);
        assert!(pairs[0].on_course(Course::Opposite).is_empty());
        assert_eq!(
            near_objects(&pairs, 5.0, 1).into_keys().collect::<Vec<_>>(),
            [2]
        );
        assert!(near_objects(&pairs, 5.0, 2).is_empty());
        assert_eq!(near_objects(&pairs, 6.5, 2).len(), 2);
    }

    #[test]
    fn heading_and_facing() {
        let ego = track(1, 60, |t| [5.0 * t, 0.0, 0.0]);
        let cone = track(2, 60, |_| [20.0, 1.0, 0.0]);
        let pair = Pair::new(&ego, &cone);
        let facing = pair.facing_toward(22.5_f64.to_radians(), 50.0);
        // 1 m aside is 22.5 degrees at 2.4 m: until 3.5 s.
        assert!((secs(&facing).expect("some").1 - 3.5).abs() < 0.3);
        let heading = pair.heading_toward(22.5_f64.to_radians(), 0.5, f64::INFINITY);
        assert!((secs(&heading).expect("some").1 - 3.5).abs() < 0.3);
        let backward = track(1, 60, |t| [-5.0 * t, 0.0, 0.0]);
        let pair = Pair::new(&backward, &cone);
        assert!(
            pair.heading_toward(22.5_f64.to_radians(), 0.5, f64::INFINITY)
                .is_empty()
        );
        assert!(!pair.facing_toward(22.5_f64.to_radians(), 50.0).is_empty());
    }

    #[test]
    fn only_shared_stamps_count() {
        assert_eq!(
            shared_stamps(&[1, 2, 4, 7], &[2, 3, 7, 9]),
            [(1, 0), (3, 2)]
        );
        let mut late = track(2, 30, |t| [3.0 + t, 0.0, 0.0]);
        late.t_nanos.iter_mut().for_each(|t| *t += 50_000_000);
        let ego = track(1, 30, |t| [t, 0.0, 0.0]);
        assert!(Pair::new(&ego, &late).near(100.0).is_empty());
    }
}
