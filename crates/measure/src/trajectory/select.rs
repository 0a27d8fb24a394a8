//! Pairs of poses a step apart.

use super::errors::TrajectoryError;
use super::frame::{Frame, PathError, distances, orthonormal};
use crate::pose::matrix::dot;
use crate::pose::{angle_between, quat_of_matrix};
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
    fn check(&self) -> Result<(), TrajectoryError> {
        let bad = |hint| {
            Err(TrajectoryError::BadStep {
                delta: self.delta,
                unit: self.unit.name(),
                hint,
            })
        };
        if !(self.delta > 0.0 && self.delta.is_finite()) {
            return bad("it must be positive");
        }
        if !(self.rel_tol >= 0.0 && self.rel_tol.is_finite()) {
            return Err(TrajectoryError::BadOption {
                name: "rel_tol",
                value: self.rel_tol,
                hint: "a share of the step, at least 0",
            });
        }
        match self.unit {
            DeltaUnit::Frames if self.delta.fract() != 0.0 => bad("a whole number of frames"),
            DeltaUnit::Degrees if self.delta > 180.0 => bad("at most 180"),
            DeltaUnit::Radians if self.delta > PI => bad("at most pi"),
            _ => Ok(()),
        }
    }
}

/// Index pairs of poses a step apart, ordered by their first index.
///
/// One after the other: frames `(0, d), (d, 2d), …`; meters and angles are added up from the end of the last pair until
/// they reach the step; seconds take the pose nearest to a step later (of two the earlier), where within tolerance. Over
/// all pairs: frames every `(i, i + d)`; meters and seconds for every pose the later one nearest to a step further,
/// within tolerance; angles every two poses whose rotations differ by the step within tolerance.
/// `stamps_nanos` are needed for seconds only.
///
/// Errors: [`TrajectoryError::BadStep`], [`TrajectoryError::BadOption`], [`TrajectoryError::NoStamps`],
/// [`TrajectoryError::NoSteps`] where there is no such pair. Cost: one pass, `O(n log n)` over all pairs; for all
/// pairs by angle the pairs found and, of the others, only as many as the turning of the path lets come into question.
/// Source: evo 1.38.1 `filters`, which has no seconds.
pub fn select(
    path: &[Frame],
    stamps_nanos: &[i64],
    step: &Step,
) -> Result<Vec<(usize, usize)>, TrajectoryError> {
    step.check()?;
    let is_all = step.is_over_all_pairs;
    let (found, covered) = match step.unit {
        DeltaUnit::Frames => (by_frames(path.len(), step), path.len() as f64),
        DeltaUnit::Meters => {
            let along = distances(path);
            let covered = along.last().copied().unwrap_or(0.0);
            let found = if is_all {
                nearest_later(&along, step)
            } else {
                let mut cuts = accumulated(&steps_of(path), step.delta);
                cuts.drain(..usize::from(step.is_from_first_cut).min(cuts.len()));
                cuts
            };
            (found, covered)
        }
        DeltaUnit::Degrees | DeltaUnit::Radians => by_angle(path, step),
        DeltaUnit::Seconds => {
            let Some(first) = stamps_nanos
                .first()
                .filter(|_| stamps_nanos.len() == path.len())
            else {
                return Err(TrajectoryError::NoStamps);
            };
            if let Some(at) = stamps_nanos.windows(2).position(|w| w[1] < w[0]) {
                let (whose, index) = ("path", at + 1);
                return Err(PathError::Unsorted { whose, index }.into());
            }
            let secs: Vec<f64> = stamps_nanos
                .iter()
                .map(|t| t.saturating_sub(*first) as f64 / 1e9)
                .collect();
            let found = if is_all {
                nearest_later(&secs, step)
            } else {
                chained(&secs, step)
            };
            (found, secs.last().copied().unwrap_or(0.0))
        }
    };
    if found.is_empty() {
        return Err(TrajectoryError::NoSteps {
            poses: path.len(),
            delta: step.delta,
            unit: step.unit.name(),
            covered,
        });
    }
    Ok(found)
}

fn by_frames(n: usize, step: &Step) -> Vec<(usize, usize)> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be whole and positive; casts of large floats saturate"
    )]
    let delta = step.delta as usize;
    let stride = if step.is_over_all_pairs { 1 } else { delta };
    (0..n.saturating_sub(delta))
        .step_by(stride.max(1))
        .map(|i| (i, i + delta))
        .collect()
}

/// Distances between neighbors; taken from the positions, so that they are not differences of large sums.
fn steps_of(path: &[Frame]) -> Vec<f64> {
    path.windows(2)
        .map(|w| {
            crate::pose::matrix::norm(&crate::pose::matrix::subtract(
                &w[1].position_meters,
                &w[0].position_meters,
            ))
        })
        .collect()
}

/// Cuts wherever the sum of steps since the last cut reaches `delta`.
fn accumulated(steps: &[f64], delta: f64) -> Vec<(usize, usize)> {
    let (mut sum, mut start) = (0.0, 0);
    let mut found = Vec::new();
    for (i, step) in steps.iter().enumerate() {
        sum += step;
        if sum >= delta {
            found.push((start, i + 1));
            (sum, start) = (0.0, i + 1);
        }
    }
    found
}

/// The index after `i` whose place is nearest to `delta` beyond that of `i`, of several the first, where within `most`.
fn later(places: &[f64], i: usize, delta: f64, most: f64) -> Option<usize> {
    let here = *places.get(i)?;
    let rest = places.get(i + 1..)?;
    let off = |k: usize| rest.get(k).map(|p| ((p - here) - delta).abs());
    let reached = rest.partition_point(|p| p - here < delta);
    let mut best = reached;
    if let Some(last_below) = reached.checked_sub(1)
        && off(reached).is_none_or(|o| off(last_below).is_some_and(|b| b <= o))
    {
        // Standing still repeats a place; the first one counts.
        let place = rest.get(last_below)?;
        best = rest.partition_point(|p| p < place);
    }
    off(best).filter(|o| *o <= most).map(|_| best + i + 1)
}

fn nearest_later(places: &[f64], step: &Step) -> Vec<(usize, usize)> {
    let most = step.delta * step.rel_tol;
    (0..places.len().saturating_sub(1))
        .filter_map(|i| Some((i, later(places, i, step.delta, most)?)))
        .collect()
}

/// One step after the other; a pose without a partner is passed over.
fn chained(places: &[f64], step: &Step) -> Vec<(usize, usize)> {
    let most = step.delta * step.rel_tol;
    let mut found = Vec::new();
    let mut i = 0;
    while i + 1 < places.len() {
        if let Some(j) = later(places, i, step.delta, most) {
            found.push((i, j));
            i = j;
        } else {
            i += 1;
        }
    }
    found
}

/// Pairs by angle, and the sum of the angles between neighbors in the unit of the step.
fn by_angle(path: &[Frame], step: &Step) -> (Vec<(usize, usize)>, f64) {
    let is_degrees = step.unit == DeltaUnit::Degrees;
    let radians = |x: f64| if is_degrees { x.to_radians() } else { x };
    let quats: Vec<[f64; 4]> = path
        .iter()
        .map(|f| quat_of_matrix(&orthonormal(&f.rotation)))
        .collect();
    let turns: Vec<f64> = quats
        .windows(2)
        .map(|w| angle_between(&w[0], &w[1]))
        .collect();
    let covered: f64 = turns.iter().sum();
    let delta = radians(step.delta);
    let found = if step.is_over_all_pairs {
        let tolerance = radians(step.delta * step.rel_tol);
        all_by_angle(&quats, &turns, (delta - tolerance, delta + tolerance))
    } else {
        accumulated(&turns, delta)
    };
    (
        found,
        if is_degrees {
            covered.to_degrees()
        } else {
            covered
        },
    )
}

/// Departure of a cosine from its bound below which the angle itself is looked at.
const UNSURE: f64 = 1e-12;
/// What the arc cosine may be wrong by near 1, with the sums of angles beside it, radians.
const SLACK_RADIANS: f64 = 1e-7;

/// Every two poses whose rotations differ by an angle within the bounds (both included).
///
/// Two poses cannot differ by more than the turning between them. So after a pose that is too near or too far by some
/// angle, all are passed over until the path has turned as much: on real paths most of the `n^2 / 2` are.
fn all_by_angle(quats: &[[f64; 4]], turns: &[f64], (low, high): (f64, f64)) -> Vec<(usize, usize)> {
    let mut turned = Vec::with_capacity(quats.len());
    turned.push(0.0);
    turned.extend(turns.iter().scan(0.0, |sum, turn| {
        *sum += turn;
        Some(*sum)
    }));
    // The cosine of half the angle falls with the angle.
    let most = if low > 0.0 { (0.5 * low).cos() } else { 2.0 };
    let least = if high < PI { (0.5 * high).cos() } else { -1.0 };
    let mut found = Vec::new();
    for (i, from) in quats.iter().enumerate() {
        let mut j = i + 1;
        while let Some(to) = quats.get(j) {
            let half_cosine = dot(from, to).abs();
            let is_sure =
                (half_cosine - most).abs() > UNSURE && (half_cosine - least).abs() > UNSURE;
            let is_within = if is_sure {
                half_cosine <= most && half_cosine >= least
            } else {
                let angle = angle_between(from, to);
                low <= angle && angle <= high
            };
            if is_within {
                found.push((i, j));
                j += 1;
                continue;
            }
            let angle = 2.0 * half_cosine.min(1.0).acos();
            let gap = (low - angle).max(angle - high) - SLACK_RADIANS;
            j = next_reaching(&turned, j, gap);
        }
    }
    found
}

/// The first index after `j` up to which the path turned by `gap` since `j`, by doubling strides.
fn next_reaching(turned: &[f64], j: usize, gap: f64) -> usize {
    let mut low = j + 1;
    let Some(here) = turned.get(j) else {
        return low;
    };
    let target = here + gap;
    let mut stride = 1;
    while turned.get(low + stride - 1).is_some_and(|t| *t < target) {
        low += stride;
        stride *= 2;
    }
    let end = (low + stride - 1).min(turned.len());
    let rest = turned.get(low..end).unwrap_or_default();
    low + rest.partition_point(|t| *t < target)
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

    proptest! {
        #[test]
        fn all_pairs_by_angle_are_those_of_the_whole_search(
            seed in 0_u64..1000, scale in 0.01_f64..0.4, delta in 0.01_f64..3.1, rel_tol in 0.0_f64..1.2,
        ) {
            let path = path(seed, 60, scale);
            let step = Step { delta, unit: DeltaUnit::Radians, is_over_all_pairs: true, rel_tol, ..Step::default() };
            let (found, _) = by_angle(&path, &step);
            let tolerance = delta * rel_tol;
            let mut wanted = Vec::new();
            for i in 0..path.len() {
                for j in i + 1..path.len() {
                    let angle = path[i].between(&path[j]).angle_radians();
                    if (angle - delta).abs() <= tolerance {
                        wanted.push((i, j));
                    }
                }
            }
            prop_assert_eq!(found, wanted);
        }

        #[test]
        fn all_pairs_by_distance_are_those_of_the_whole_search(
            seed in 0_u64..1000, delta in 0.1_f64..9.0, rel_tol in 0.0_f64..0.5,
        ) {
            let along = distances(&path(seed, 80, 0.1));
            let step = Step { delta, unit: DeltaUnit::Meters, is_over_all_pairs: true, rel_tol, ..Step::default() };
            let mut wanted = Vec::new();
            for i in 0..along.len() - 1 {
                let off = |j: &usize| ((along[*j] - along[i]) - delta).abs();
                let best = (i + 1..along.len()).min_by(|a, b| off(a).total_cmp(&off(b))).unwrap();
                if off(&best) <= delta * rel_tol {
                    wanted.push((i, best));
                }
            }
            prop_assert_eq!(nearest_later(&along, &step), wanted);
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
        let all = Step {
            is_over_all_pairs: true,
            ..step
        };
        assert_eq!(pairs(&all).len(), 23);
        let meters = Step {
            delta: 2.0,
            unit: DeltaUnit::Meters,
            ..step
        };
        let found = pairs(&meters);
        assert!(found.windows(2).all(|w| w[0].1 == w[1].0) && found[0].0 == 0);
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
    }

    #[test]
    fn steps_that_are_none_are_refused() {
        let path = path(1, 6, 0.1);
        for (delta, unit) in [
            (0.0, DeltaUnit::Frames),
            (1.5, DeltaUnit::Frames),
            (181.0, DeltaUnit::Degrees),
            (4.0, DeltaUnit::Radians),
            (f64::NAN, DeltaUnit::Meters),
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
        let far = Step {
            delta: 6.0,
            ..Step::default()
        };
        assert!(matches!(
            select(&path, &[], &far),
            Err(TrajectoryError::NoSteps { .. })
        ));
    }
}
