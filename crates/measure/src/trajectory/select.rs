//! Pairs of poses a step apart.
//!
//! Read [`Step`] and [`select`] first. Not here: what is measured over a pair ([`super::rpe`]).

use super::errors::TrajectoryError;
use super::frame::{Frame, PathError, distances, orthonormal};
use crate::pose::matrix::{norm, subtract};
use crate::pose::quat_of_matrix;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Unit of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeltaUnit {
    /// Poses.
    #[default]
    Frames,
    /// Meters along the path.
    Meters,
    /// Degrees: along the path for consecutive pairs, between the two poses for all pairs.
    Degrees,
    /// Radians, likewise.
    Radians,
    /// Seconds by the stamps.
    Seconds,
}

impl DeltaUnit {
    /// Name of the unit.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Frames => "frames",
            Self::Meters => "meters",
            Self::Degrees => "degrees",
            Self::Radians => "radians",
            Self::Seconds => "seconds",
        }
    }
}

/// A step along a path.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Its length; 1 by default.
    pub delta: f64,
    /// Its unit; frames by default.
    pub unit: DeltaUnit,
    /// Whether every pair that is a step apart counts, instead of one step after the other; false by default.
    pub is_over_all_pairs: bool,
    /// Largest departure from `delta`, as a share of it, over all pairs in meters, degrees and radians, and of any pair
    /// in seconds; 0.1 by default.
    pub rel_tol: f64,
    /// Whether the first of consecutive pairs in meters begins where the first step ends, as in evo up to 1.36, instead
    /// of at the first pose; false by default.
    pub is_from_first_cut: bool,
}

impl Default for Step {
    fn default() -> Self {
        Self {
            delta: 1.0,
            unit: DeltaUnit::Frames,
            is_over_all_pairs: false,
            rel_tol: 0.1,
            is_from_first_cut: false,
        }
    }
}

impl Step {
    /// Refuses what is no step.
    fn check(&self) -> Result<(), TrajectoryError> {
        let delta = self.delta;
        let (is_step, hint) = match self.unit {
            DeltaUnit::Frames => (
                delta >= 1.0 && delta.fract() == 0.0,
                "give a whole number of frames, at least 1",
            ),
            DeltaUnit::Degrees => (
                delta > 0.0 && delta <= 180.0,
                "give an angle above 0, at most 180 degrees",
            ),
            DeltaUnit::Radians => (
                delta > 0.0 && delta <= PI,
                "give an angle above 0, at most pi",
            ),
            DeltaUnit::Meters => (
                delta > 0.0 && delta.is_finite(),
                "give a finite distance above 0",
            ),
            DeltaUnit::Seconds => (
                delta > 0.0 && delta.is_finite(),
                "give a finite time above 0",
            ),
        };
        if !is_step {
            return Err(TrajectoryError::BadStep {
                delta,
                unit: self.unit.name(),
                hint,
            });
        }
        if !(self.rel_tol >= 0.0 && self.rel_tol.is_finite()) {
            return Err(TrajectoryError::BadOption {
                name: "rel_tol",
                value: self.rel_tol,
                hint: "a finite share of the step, at least 0",
            });
        }
        Ok(())
    }
}

/// Index pairs of poses a step apart, ordered by their first index.
///
/// One after the other: frames `(0, d), (d, 2d), …`; meters and angles are added up from the end of the last pair until
/// they reach the step; seconds take the pose nearest to a step later (of two the earlier), where within tolerance, and
/// pass over a pose that has none. Over all pairs: frames every `(i, i + d)`; meters and seconds for every pose the
/// later one nearest to a step further (of several the first), within tolerance; angles every two poses whose rotations
/// differ by the step within tolerance. `stamps_nanos` are needed for seconds only, one per pose; times are compared in
/// whole nanoseconds.
///
/// A frame that is not finite, which [`super::frames`] refuses, is in no pair by meters or angle, and pairs around it
/// may be missing. Errors: [`TrajectoryError::BadStep`], [`TrajectoryError::BadOption`]; for seconds
/// [`TrajectoryError::NoStamps`] where there is not one stamp per pose and [`PathError::Unsorted`];
/// [`TrajectoryError::NoSteps`] where there is no such pair, and so of an empty path. Cost: one pass, at most
/// `O(n log n)` over all pairs; for all pairs by angle the pairs found and, of the others, only as many as the turning
/// of the path lets come into question. Source: evo 1.38.1 as documented and observed, which has no seconds.
pub fn select(
    path: &[Frame],
    stamps_nanos: &[i64],
    step: &Step,
) -> Result<Vec<(usize, usize)>, TrajectoryError> {
    step.check()?;
    let pairs = match step.unit {
        DeltaUnit::Frames => by_frames(path.len(), step),
        DeltaUnit::Meters => by_meters(path, step),
        DeltaUnit::Degrees | DeltaUnit::Radians => by_angle(path, step),
        DeltaUnit::Seconds if stamps_nanos.len() == path.len() => by_seconds(stamps_nanos, step)?,
        DeltaUnit::Seconds => return Err(TrajectoryError::NoStamps),
    };
    if pairs.is_empty() {
        return Err(TrajectoryError::NoSteps {
            poses: path.len(),
            delta: step.delta,
            unit: step.unit.name(),
            covered: covered(path, stamps_nanos, step.unit),
        });
    }
    Ok(pairs)
}

/// What a whole path covers.
fn covered(path: &[Frame], stamps_nanos: &[i64], unit: DeltaUnit) -> f64 {
    let turned_radians = || turns(path).fold(0.0, |sum, turn| sum + turn);
    match unit {
        DeltaUnit::Frames => path.len().saturating_sub(1) as f64,
        DeltaUnit::Meters => distances(path).last().copied().unwrap_or(0.0),
        DeltaUnit::Degrees => turned_radians().to_degrees(),
        DeltaUnit::Radians => turned_radians(),
        DeltaUnit::Seconds => {
            let ends = stamps_nanos.first().zip(stamps_nanos.last());
            ends.map_or(0.0, |(first, last)| last.abs_diff(*first) as f64 / 1e9)
        }
    }
}

/// Distances between neighbors, meters: from the positions, not as differences of sums.
fn lengths(path: &[Frame]) -> impl Iterator<Item = f64> {
    path.windows(2).map(|ends| {
        norm(&subtract(
            &ends[1].position_meters,
            &ends[0].position_meters,
        ))
    })
}

/// Angles between neighbors, radians.
fn turns(path: &[Frame]) -> impl Iterator<Item = f64> {
    path.windows(2)
        .map(|ends| ends[0].between(&ends[1]).angle_radians())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the step is a whole number, at least 1 and below the number of poses"
)]
fn by_frames(n: usize, step: &Step) -> Vec<(usize, usize)> {
    if step.delta >= n as f64 {
        return Vec::new();
    }
    let apart = step.delta as usize;
    let stride = if step.is_over_all_pairs { 1 } else { apart };
    (apart..n)
        .step_by(stride)
        .map(|last| (last - apart, last))
        .collect()
}

fn by_meters(path: &[Frame], step: &Step) -> Vec<(usize, usize)> {
    if !step.is_over_all_pairs {
        let mut pairs = cut(lengths(path), step.delta);
        if step.is_from_first_cut && !pairs.is_empty() {
            pairs.remove(0);
        }
        return pairs;
    }
    let along = distances(path);
    let most = step.delta * step.rel_tol;
    let past = |from: f64, place: f64| (place - from) - step.delta;
    each(along.len(), |i| nearest_later(&along, i, past, most))
}

fn by_seconds(stamps_nanos: &[i64], step: &Step) -> Result<Vec<(usize, usize)>, PathError> {
    let before = stamps_nanos.windows(2).position(|ends| ends[1] < ends[0]);
    if let Some(before) = before {
        return Err(PathError::Unsorted {
            whose: "path",
            index: before + 1,
        });
    }
    // Stamps are whole nanoseconds, and so is a step: `0.29 * 1e9` alone would not be.
    let delta = (step.delta * 1e9).round().max(1.0);
    let most = delta * step.rel_tol;
    let past = |from: i64, stamp: i64| stamp.saturating_sub(from) as f64 - delta;
    let partner = |i| nearest_later(stamps_nanos, i, past, most);
    Ok(if step.is_over_all_pairs {
        each(stamps_nanos.len(), partner)
    } else {
        chain(stamps_nanos.len(), partner)
    })
}

fn by_angle(path: &[Frame], step: &Step) -> Vec<(usize, usize)> {
    let radians = if step.unit == DeltaUnit::Degrees {
        step.delta.to_radians()
    } else {
        step.delta
    };
    if step.is_over_all_pairs {
        Turning::of(path).pairs(radians, radians * step.rel_tol)
    } else {
        cut(turns(path), radians)
    }
}

/// Pairs from cut to cut, beginning at pose 0: a pose is a cut where the `parts` since the last one add up to `delta`.
fn cut(parts: impl Iterator<Item = f64>, delta: f64) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let (mut first, mut sum) = (0, 0.0);
    for (last, part) in (1..).zip(parts) {
        sum += part;
        if sum >= delta {
            pairs.push((first, last));
            (first, sum) = (last, 0.0);
        }
    }
    pairs
}

/// Every pose with its partner.
fn each(n: usize, partner: impl Fn(usize) -> Option<usize>) -> Vec<(usize, usize)> {
    (0..n).filter_map(|i| Some((i, partner(i)?))).collect()
}

/// One step after the other, each from the partner of the last; poses without one are passed over.
fn chain(n: usize, partner: impl Fn(usize) -> Option<usize>) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let mut i = 0;
    while i < n {
        let found = partner(i);
        pairs.extend(found.map(|j| (i, j)));
        i = found.unwrap_or(i + 1);
    }
    pairs
}

/// Of ascending `places` the one after `i` that is nearest to a step ahead of `i`, of several as near the first, where
/// it is off by at most `most`. `past` is how far the second of two places is beyond a step ahead of the first.
/// Cost: `O(log n)`.
fn nearest_later<T: Copy>(
    places: &[T],
    i: usize,
    past: impl Fn(T, T) -> f64,
    most: f64,
) -> Option<usize> {
    let (from, later) = places.get(i..)?.split_first()?;
    let past = |place: &T| past(*from, *place);
    let reached = later.partition_point(|place| past(place) < 0.0);
    let (short, long) = later.split_at(reached);
    let nearest = match (short.last(), long.first()) {
        // Standing still repeats a place.
        (Some(last), first) if first.is_none_or(|first| -past(last) <= past(first)) => {
            short.partition_point(|place| past(place) < past(last))
        }
        _ => reached,
    };
    let off = past(later.get(nearest)?).abs();
    (off <= most).then_some(i + 1 + nearest)
}

/// Departure of a chord from a bound below which the angle itself decides: far above the rounding of a chord (1e-15)
/// and the departure up to which a matrix passes for a rotation (1e-12), far below what any sensor resolves.
const UNSURE: f64 = 1e-10;
/// Parts of [`Guide`] per pose: enough to land within a fraction of a pose.
const PARTS_PER_POSE: usize = 4;

/// The rotations of a path and how far it has turned.
///
/// All is told in chords: the chord of two rotations is the distance of their unit quaternions, of both signs the
/// nearer one, `2 sin(angle / 4)`. It grows with the angle, takes no arc function to find, and obeys the triangle
/// inequality: two rotations are never farther apart than the path turns between them. So where the chord from one pose
/// to another is some margin away from a bound, it stays on that side of it until the path has turned by as much.
struct Turning<'a> {
    path: &'a [Frame],
    quats_xyzw: Vec<[f64; 4]>,
    /// Sum of the chords between neighbors up to each pose.
    turned: Vec<f64>,
    guide: Guide,
    /// Departure of a chord from a bound below which the angle itself decides.
    unsure: f64,
}

/// Chord of two rotations.
fn chord(a: &[f64; 4], b: &[f64; 4]) -> f64 {
    let squared = |sign: f64| -> f64 { a.iter().zip(b).map(|(x, y)| (x - sign * y).powi(2)).sum() };
    let same = squared(1.0);
    // The squares of both signs add up to 4.
    if same > 2.0 {
        squared(-1.0).sqrt()
    } else {
        same.sqrt()
    }
}

impl<'a> Turning<'a> {
    fn of(path: &'a [Frame]) -> Self {
        let mut stretch: f64 = 0.0;
        let mut sum = 0.0;
        let mut quats_xyzw: Vec<[f64; 4]> = Vec::with_capacity(path.len());
        let mut turned = Vec::with_capacity(path.len());
        for frame in path {
            let rotation = orthonormal(&frame.rotation);
            let cells = rotation
                .iter()
                .flatten()
                .zip(frame.rotation.iter().flatten());
            stretch = cells.map(|(a, b)| (a - b).abs()).fold(stretch, f64::max);
            let quat = quat_of_matrix(&rotation);
            sum += quats_xyzw.last().map_or(0.0, |last| chord(last, &quat));
            quats_xyzw.push(quat);
            turned.push(sum);
        }
        Self {
            path,
            quats_xyzw,
            guide: Guide::of(&turned),
            turned,
            // The nearest rotation to a product of two matrices is the product of their nearest rotations, but for an
            // angle of at most the square of their stretch, whose norm is at most 3 times its largest entry.
            unsure: UNSURE + 10.0 * stretch * stretch,
        }
    }

    /// Every two poses whose rotations differ by `radians`, give or take `most`.
    fn pairs(&self, radians: f64, most: f64) -> Vec<(usize, usize)> {
        let chord_of = |angle: f64| 2.0 * (angle / 4.0).sin();
        // A bound that no angle can be beyond is none.
        let low = if radians - most > 0.0 {
            chord_of(radians - most)
        } else {
            f64::NEG_INFINITY
        };
        let high = if radians + most < PI {
            chord_of(radians + most)
        } else {
            f64::INFINITY
        };
        // Sums of the turning are off by less than this.
        let whole = self.turned.last().copied().unwrap_or(0.0);
        let rounding = whole * self.path.len() as f64 * f64::EPSILON;
        let slack = 2.0 * self.unsure + rounding;
        let mut pairs = Vec::new();
        for (i, from) in self.quats_xyzw.iter().enumerate() {
            let mut j = i + 1;
            while let Some(to) = self.quats_xyzw.get(j) {
                let apart = chord(from, to);
                let margin = (apart - low).abs().min((high - apart).abs());
                if margin > self.unsure {
                    let next = self.guide.reach(self.turned[j] + margin - slack).max(j + 1);
                    if low < apart && apart < high {
                        pairs.extend((j..next).map(|j| (i, j)));
                    }
                    j = next;
                } else {
                    let angle = self.path[i].between(&self.path[j]).angle_radians();
                    if (angle - radians).abs() <= most {
                        pairs.push((i, j));
                    }
                    j += 1;
                }
            }
        }
        pairs
    }
}

/// Where along a path it has turned by how much, found in one look-up.
struct Guide {
    /// First pose in or after each of a number of even parts of the whole turning.
    firsts: Vec<usize>,
    parts_per_chord: f64,
    poses: usize,
}

impl Guide {
    /// Of the turning up to each pose.
    fn of(turned: &[f64]) -> Self {
        let parts = PARTS_PER_POSE * turned.len();
        // Infinite of a path that does not turn: whatever is asked for is then beyond its last pose.
        let parts_per_chord = parts as f64 / turned.last().copied().unwrap_or(0.0);
        let mut firsts = Vec::new();
        for (pose, place) in turned.iter().enumerate() {
            let part = whole_parts(place * parts_per_chord).min(parts);
            if part >= firsts.len() {
                firsts.resize(part + 1, pose);
            }
        }
        Self {
            firsts,
            parts_per_chord,
            poses: turned.len(),
        }
    }

    /// A pose before which the path has not turned as far as `place`, near the first such; their number beyond the last.
    fn reach(&self, place: f64) -> usize {
        let part = whole_parts(place * self.parts_per_chord);
        self.firsts.get(part).copied().unwrap_or(self.poses)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is below the first part is taken for the first, what is beyond the last is looked for in vain"
)]
fn whole_parts(place: f64) -> usize {
    place as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pose::{Pose, multiply_quat, quat_of_rotation_vector};
    use crate::test_noise::Noise;
    use proptest::prelude::*;

    /// A path that turns by about `scale` radians per pose and now and then stands still.
    fn path(seed: u64, n: usize, scale: f64) -> Vec<Frame> {
        let mut noise = Noise::new(seed);
        let mut pose = Pose::IDENTITY;
        (0..n)
            .map(|i| {
                if i % 7 != 0 {
                    let turn: [f64; 3] = std::array::from_fn(|_| scale * noise.normal());
                    pose.quat_xyzw =
                        multiply_quat(&pose.quat_xyzw, &quat_of_rotation_vector(&turn));
                    pose.translation_meters[0] += noise.normal().abs();
                }
                Frame::of(&pose).unwrap()
            })
            .collect()
    }

    /// The path with matrices of few digits, which are rotations only nearly.
    fn rounded(mut path: Vec<Frame>, digits: f64) -> Vec<Frame> {
        for frame in &mut path {
            frame.rotation = frame
                .rotation
                .map(|row| row.map(|x| (x * digits).round() / digits));
        }
        path
    }

    /// A path along x, one pose per place.
    fn along_x(places: &[f64]) -> Vec<Frame> {
        let at = |x: &f64| Frame {
            position_meters: [*x, 0.0, 0.0],
            ..Frame::of(&Pose::IDENTITY).unwrap()
        };
        places.iter().map(at).collect()
    }

    fn all(delta: f64, unit: DeltaUnit, rel_tol: f64) -> Step {
        Step {
            delta,
            unit,
            is_over_all_pairs: true,
            rel_tol,
            ..Step::default()
        }
    }

    /// The pairs; none where that is the error.
    fn found(path: &[Frame], stamps_nanos: &[i64], step: &Step) -> Vec<(usize, usize)> {
        match select(path, stamps_nanos, step) {
            Err(TrajectoryError::NoSteps { .. }) => Vec::new(),
            pairs => pairs.unwrap(),
        }
    }

    /// Every two poses whose angle is within tolerance.
    fn all_by_angle(path: &[Frame], delta: f64, rel_tol: f64) -> Vec<(usize, usize)> {
        let is_wanted = |&(i, j): &(usize, usize)| {
            (path[i].between(&path[j]).angle_radians() - delta).abs() <= delta * rel_tol
        };
        let n = path.len();
        let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
        pairs.filter(is_wanted).collect()
    }

    proptest! {
        #[test]
        fn all_pairs_by_angle_are_those_of_the_whole_search(
            seed in 0_u64..1000, scale in 0.001_f64..0.4, delta in 0.01_f64..3.1, rel_tol in 0.0_f64..1.2,
            digits in prop::option::of(3_i32..9),
        ) {
            let path = path(seed, 50, scale);
            let path = digits.map_or(path.clone(), |d| rounded(path, 10_f64.powi(d)));
            let step = all(delta, DeltaUnit::Radians, rel_tol);
            prop_assert_eq!(found(&path, &[], &step), all_by_angle(&path, delta, rel_tol));
        }

        #[test]
        fn all_pairs_by_distance_are_those_of_the_whole_search(
            seed in 0_u64..1000, delta in 0.1_f64..9.0, rel_tol in 0.0_f64..0.5,
        ) {
            let path = path(seed, 80, 0.1);
            let along = distances(&path);
            let mut wanted = Vec::new();
            for i in 0..along.len() - 1 {
                let off = |j: &usize| ((along[*j] - along[i]) - delta).abs();
                let best = (i + 1..along.len()).min_by(|a, b| off(a).total_cmp(&off(b))).unwrap();
                if off(&best) <= delta * rel_tol {
                    wanted.push((i, best));
                }
            }
            prop_assert_eq!(found(&path, &[], &all(delta, DeltaUnit::Meters, rel_tol)), wanted);
        }

        #[test]
        fn consecutive_pairs_are_the_shortest_that_reach_the_step(
            seed in 0_u64..1000, delta in 0.05_f64..3.0,
            unit in prop::sample::select(vec![DeltaUnit::Meters, DeltaUnit::Radians]),
        ) {
            let path = path(seed, 80, 0.1);
            let parts: Vec<f64> = match unit {
                DeltaUnit::Meters => lengths(&path).collect(),
                _ => turns(&path).collect(),
            };
            let sum = |i: usize, j: usize| parts[i..j].iter().sum::<f64>();
            let pairs = found(&path, &[], &Step { delta, unit, ..Step::default() });
            let ends = pairs.iter().map(|pair| pair.1);
            prop_assert!(pairs.iter().map(|pair| pair.0).eq(std::iter::once(0).chain(ends).take(pairs.len())));
            for &(i, j) in &pairs {
                prop_assert!(sum(i, j) >= delta && sum(i, j - 1) < delta);
            }
            let last = pairs.last().map_or(0, |pair| pair.1);
            prop_assert!(sum(last, parts.len()) < delta);
        }

        #[test]
        fn seconds_are_those_of_the_whole_search(
            stamps in prop::collection::vec(0_i64..60, 2..40), tenths in 1_u32..100, rel_tol in 0.0_f64..0.5,
        ) {
            let mut stamps: Vec<i64> = stamps.into_iter().map(|t| t * 100_000_000).collect();
            stamps.sort_unstable();
            let delta = f64::from(tenths) * 1e8;
            let mut wanted = Vec::new();
            for i in 0..stamps.len() - 1 {
                let off = |j: &usize| ((stamps[*j] - stamps[i]) as f64 - delta).abs();
                let best = (i + 1..stamps.len()).min_by(|a, b| off(a).total_cmp(&off(b))).unwrap();
                if off(&best) <= delta * rel_tol {
                    wanted.push((i, best));
                }
            }
            let path = path(1, stamps.len(), 0.1);
            let step = all(f64::from(tenths) / 10.0, DeltaUnit::Seconds, rel_tol);
            prop_assert_eq!(found(&path, &stamps, &step), wanted);
        }
    }

    #[test]
    fn steps_follow_one_another() {
        let path = path(1, 30, 0.1);
        let pairs = |step: &Step| select(&path, &[], step).unwrap();
        let step = Step {
            delta: 7.0,
            ..Step::default()
        };
        assert_eq!(pairs(&step), [(0, 7), (7, 14), (14, 21), (21, 28)]);
        let every = Step {
            is_over_all_pairs: true,
            ..step
        };
        assert_eq!(pairs(&every).len(), 23);
        let meters = Step {
            delta: 2.0,
            unit: DeltaUnit::Meters,
            ..step
        };
        let all_of_them = pairs(&meters);
        assert!(all_of_them.windows(2).all(|w| w[0].1 == w[1].0) && all_of_them[0].0 == 0);
        let from_first_cut = Step {
            is_from_first_cut: true,
            ..meters
        };
        assert_eq!(pairs(&from_first_cut), all_of_them[1..]);
    }

    #[test]
    fn of_places_as_near_the_first_is_taken() {
        let path = along_x(&[0.0, 0.5, 0.5, 1.5, 1.5, 2.5]);
        let wide = all(1.0, DeltaUnit::Meters, 0.5);
        assert_eq!(
            found(&path, &[], &wide),
            [(0, 1), (1, 3), (2, 3), (3, 5), (4, 5)]
        );
        let narrow = all(1.0, DeltaUnit::Meters, 0.0);
        assert_eq!(found(&path, &[], &narrow), [(1, 3), (2, 3), (3, 5), (4, 5)]);
    }

    #[test]
    fn a_path_that_does_not_turn_has_no_angles() {
        let path = along_x(&[0.0, 1.0, 2.0, 3.0]);
        let narrow = all(1.0, DeltaUnit::Degrees, 0.5);
        assert_eq!(
            select(&path, &[], &narrow),
            Err(TrajectoryError::NoSteps {
                poses: 4,
                delta: 1.0,
                unit: "degrees",
                covered: 0.0
            })
        );
        let anything = all(1.0, DeltaUnit::Degrees, 1.0);
        assert_eq!(found(&path, &[], &anything).len(), 6);
    }

    #[test]
    fn seconds_take_the_nearest_stamp() {
        let path = path(1, 6, 0.1);
        let stamps = [0, 400, 900, 1_600, 2_050, 9_000].map(|ms: i64| ms * 1_000_000);
        let seconds = |is_over_all_pairs| Step {
            unit: DeltaUnit::Seconds,
            is_over_all_pairs,
            ..Step::default()
        };
        assert_eq!(select(&path, &stamps, &seconds(false)).unwrap(), [(0, 2)]);
        assert_eq!(select(&path, &stamps, &seconds(true)).unwrap(), [(0, 2)]);
        assert_eq!(
            select(&path, &[], &seconds(true)),
            Err(TrajectoryError::NoStamps)
        );
        let unsorted = [0, 400, 300, 1_600, 2_050, 9_000];
        assert_eq!(
            select(&path, &unsorted, &seconds(true)),
            Err(TrajectoryError::Path(PathError::Unsorted {
                whose: "path",
                index: 2
            }))
        );
    }

    #[test]
    fn a_pose_that_is_none_is_in_no_pair_by_angle() {
        let mut path = path(1, 20, 0.1);
        path[5].rotation[0][0] = f64::NAN;
        let pairs = found(&path, &[], &all(0.5, DeltaUnit::Radians, 0.9));
        assert!(!pairs.is_empty() && pairs.iter().all(|(i, j)| *i != 5 && *j != 5));
    }

    #[test]
    fn both_ends_of_the_tolerance_in_seconds_belong_to_it() {
        let path = path(1, 2, 0.1);
        for nanos in [900_000_000, 1_100_000_000] {
            let step = all(1.0, DeltaUnit::Seconds, 0.1);
            assert_eq!(found(&path, &[0, nanos], &step), [(0, 1)], "{nanos}");
        }
        for nanos in [899_999_999, 1_100_000_001] {
            let step = all(1.0, DeltaUnit::Seconds, 0.1);
            assert!(found(&path, &[0, nanos], &step).is_empty(), "{nanos}");
        }
    }

    #[test]
    fn steps_that_are_none_are_refused() {
        let path = path(1, 6, 0.1);
        for (delta, unit) in [
            (0.0, DeltaUnit::Frames),
            (1.5, DeltaUnit::Frames),
            (f64::INFINITY, DeltaUnit::Frames),
            (181.0, DeltaUnit::Degrees),
            (4.0, DeltaUnit::Radians),
            (f64::NAN, DeltaUnit::Meters),
            (-1.0, DeltaUnit::Seconds),
        ] {
            let step = Step {
                delta,
                unit,
                ..Step::default()
            };
            let found = select(&path, &[], &step);
            assert!(
                matches!(found, Err(TrajectoryError::BadStep { .. })),
                "{found:?}"
            );
        }
        for rel_tol in [-0.1, f64::NAN, f64::INFINITY] {
            let found = select(&path, &[], &all(1.0, DeltaUnit::Meters, rel_tol));
            assert!(
                matches!(found, Err(TrajectoryError::BadOption { .. })),
                "{found:?}"
            );
        }
        let far = Step {
            delta: 6.0,
            ..Step::default()
        };
        for path in [&path[..], &[]] {
            assert!(matches!(
                select(path, &[], &far),
                Err(TrajectoryError::NoSteps { .. })
            ));
        }
    }
}
