//! Errors over segments of fixed length, as the KITTI odometry benchmark has them.

use super::errors::TrajectoryError;
use super::frame::{Frame, distances};
use crate::pose::matrix::{add, inverse, multiply, norm, scale, subtract, transform, transpose};
use crate::stats::{Estimate, Interval, Resampling, block_bootstrap, block_length, moments};
use serde::Serialize;

/// Lengths of the benchmark, meters (devkit `evaluate_odometry.cpp`).
pub const KITTI_LENGTHS_METERS: [f64; 8] = [100.0, 200.0, 300.0, 400.0, 500.0, 600.0, 700.0, 800.0];

/// How segments are cut.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KittiOptions {
    /// Lengths along the reference, meters.
    pub lengths_meters: Vec<f64>,
    /// Frames from one start to the next; 10.
    pub step: usize,
    /// Whether distances and angles are held in 32 bits, as in the devkit; false by default. Its angle then cannot be
    /// smaller than 3.5e-4 rad without being 0.
    pub in_float32: bool,
    /// Time from frame to frame for the speed of a segment, seconds; 0.1.
    pub period_secs: f64,
}

impl Default for KittiOptions {
    fn default() -> Self {
        Self {
            lengths_meters: KITTI_LENGTHS_METERS.to_vec(),
            step: 10,
            in_float32: false,
            period_secs: 0.1,
        }
    }
}

/// One segment and its error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Segment {
    /// Frame it starts at.
    pub first: usize,
    /// Frame it ends at.
    pub last: usize,
    /// Its nominal length, meters.
    pub length_meters: f64,
    /// Error of the translation over the length.
    pub translation_ratio: f64,
    /// Error of the rotation over the length, radians per meter.
    pub radians_per_meter: f64,
    /// Nominal length over the time between the frames.
    pub meters_per_sec: f64,
}

/// Mean errors of the segments of one length.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LengthScore {
    /// The length, meters.
    pub length_meters: f64,
    /// Mean error of the translation over the length.
    pub translation_ratio: Estimate,
    /// Mean error of the rotation over the length, radians per meter.
    pub radians_per_meter: Estimate,
}

/// Mean errors over all segments.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KittiScores {
    /// Segments.
    pub segments: usize,
    /// Mean error of the translation over the length.
    pub translation_ratio: Estimate,
    /// Mean error of the rotation over the length, radians per meter.
    pub radians_per_meter: Estimate,
    /// By length, those with segments.
    pub by_length: Vec<LengthScore>,
    /// Segments per block of the bootstrap; none where no intervals were asked for.
    pub block_length: Option<usize>,
}

/// `a^-1 b` with the true inverse, as matrices of a file are rotations only nearly.
fn step_between(a: &Frame, b: &Frame) -> Frame {
    let back = inverse(&a.rotation).unwrap_or_else(|| transpose(&a.rotation));
    let origin = scale(&transform(&back, &a.position_meters), -1.0);
    Frame {
        rotation: multiply(&back, &b.rotation),
        position_meters: add(&transform(&back, &b.position_meters), &origin),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "32 bits are what the devkit computes in"
)]
fn distances_float32(path: &[Frame]) -> Vec<f64> {
    let mut sum = 0.0_f32;
    let mut along = vec![0.0];
    along.extend(path.windows(2).map(|w| {
        let d = subtract(&w[1].position_meters, &w[0].position_meters).map(|x| x as f32);
        sum += (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]).sqrt();
        f64::from(sum)
    }));
    along.truncate(path.len());
    along
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "32 bits are what the devkit computes in"
)]
fn angle_float32(error: &Frame) -> f64 {
    let m = &error.rotation;
    let cosine = (0.5 * (m[0][0] + m[1][1] + m[2][2] - 1.0)) as f32;
    f64::from(cosine.clamp(-1.0, 1.0).acos())
}

/// Every segment of the lengths: from each `step`-th frame to the first frame farther than the length along the
/// reference; `E = (P_first^-1 P_last)^-1 (Q_first^-1 Q_last)` with P the estimate and Q the reference.
///
/// Paths of the same frames, one by one. Errors: [`TrajectoryError::BadOption`] for lengths that are not positive or a
/// step of 0, [`TrajectoryError::NoSteps`] where the path is shorter than every length. Cost: `O(starts lengths log n)`.
/// Source: Geiger et al. 2012; devkit `calcSequenceErrors`.
pub fn kitti_segments(
    reference: &[Frame],
    estimate: &[Frame],
    how: &KittiOptions,
) -> Result<Vec<Segment>, TrajectoryError> {
    let bad = |name, value, hint| Err(TrajectoryError::BadOption { name, value, hint });
    if how.step == 0 {
        return bad("step", 0.0, "at least one frame");
    }
    let is_bad = |length: &&f64| !(**length > 0.0 && length.is_finite());
    if let Some(length) = how.lengths_meters.iter().find(is_bad) {
        return bad("lengths_meters", *length, "lengths above 0");
    }
    let along = if how.in_float32 {
        distances_float32(reference)
    } else {
        distances(reference)
    };
    let n = along.len().min(estimate.len());
    let mut found = Vec::new();
    for first in (0..n).step_by(how.step) {
        for &length in &how.lengths_meters {
            let last = first + along[first..n].partition_point(|d| *d <= along[first] + length);
            if last >= n {
                continue;
            }
            let moved = step_between(&estimate[first], &estimate[last]);
            let truth = step_between(&reference[first], &reference[last]);
            let error = step_between(&moved, &truth);
            let angle = if how.in_float32 {
                angle_float32(&error)
            } else {
                error.angle_radians()
            };
            found.push(Segment {
                first,
                last,
                length_meters: length,
                translation_ratio: norm(&error.position_meters) / length,
                radians_per_meter: angle / length,
                meters_per_sec: length / (how.period_secs * (last - first + 1) as f64),
            });
        }
    }
    if found.is_empty() {
        return Err(TrajectoryError::NoSteps {
            poses: n,
            delta: how.lengths_meters.iter().copied().fold(f64::NAN, f64::min),
            unit: "meters",
            covered: along.last().copied().unwrap_or(0.0),
        });
    }
    Ok(found)
}

/// Most segments that overlap with one: what a block of the bootstrap must hold at least.
fn most_overlapping(segments: &[Segment]) -> usize {
    let until = |s: &Segment| segments.partition_point(|other| other.first < s.last);
    let spans = segments.iter().enumerate().map(|(i, s)| until(s) - i);
    spans.max().unwrap_or(1)
}

/// Means over segments as [`kitti_segments`] gives them: all of them, and by length.
///
/// Segments overlap, so intervals, on request, come from a bootstrap of blocks whose blocks are at least as long as
/// the overlap reaches; paths of fewer than eight such blocks have none. Errors: [`TrajectoryError::Stats`] for no
/// segments. Cost: a pass per length.
pub fn kitti_scores(
    segments: &[Segment],
    intervals: Option<Resampling>,
) -> Result<KittiScores, TrajectoryError> {
    let translation: Vec<f64> = segments.iter().map(|s| s.translation_ratio).collect();
    let rotation: Vec<f64> = segments.iter().map(|s| s.radians_per_meter).collect();
    let length = intervals.map(|_| {
        let memory = block_length(&translation).max(block_length(&rotation));
        memory.max(most_overlapping(segments))
    });
    let estimate = |values: &[f64]| -> Result<Estimate, TrajectoryError> {
        let mean = moments(values)?.mean;
        let ends: Option<[Interval; 1]> = intervals.zip(length).and_then(|(how, length)| {
            block_bootstrap(values, length, how, |drawn| {
                [moments(drawn).map_or(f64::NAN, |m| m.mean)]
            })
        });
        Ok(Estimate::with(mean, ends.map(|[i]| i), values.len()))
    };
    let mut lengths: Vec<f64> = segments.iter().map(|s| s.length_meters).collect();
    lengths.sort_by(f64::total_cmp);
    lengths.dedup();
    let by_length = lengths
        .into_iter()
        .map(|length_meters| {
            let own = segments.iter().filter(|s| s.length_meters == length_meters);
            let (t, r): (Vec<f64>, Vec<f64>) = own
                .map(|s| (s.translation_ratio, s.radians_per_meter))
                .unzip();
            Ok(LengthScore {
                length_meters,
                translation_ratio: Estimate::bare(moments(&t)?.mean, t.len()),
                radians_per_meter: Estimate::bare(moments(&r)?.mean, r.len()),
            })
        })
        .collect::<Result<_, TrajectoryError>>()?;
    Ok(KittiScores {
        segments: segments.len(),
        translation_ratio: estimate(&translation)?,
        radians_per_meter: estimate(&rotation)?,
        by_length,
        block_length: length,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pose::matrix::identity;

    fn straight(n: u32, per_frame: f64) -> Vec<Frame> {
        (0..n)
            .map(|i| Frame {
                rotation: identity(),
                position_meters: [f64::from(i) * per_frame, 0.0, 0.0],
            })
            .collect()
    }

    #[test]
    fn a_scale_is_found_over_every_length() {
        for in_float32 in [false, true] {
            let how = KittiOptions {
                in_float32,
                ..KittiOptions::default()
            };
            let found = kitti_segments(&straight(450, 1.0), &straight(450, 1.02), &how).unwrap();
            // The first frame farther than 100 m is 101 frames on.
            assert_eq!((found[0].first, found[0].last), (0, 101));
            let scores = kitti_scores(&found, None).unwrap();
            assert_eq!(scores.by_length.len(), 4);
            let first = scores.by_length[0].translation_ratio;
            assert!((first.estimate - 0.0202).abs() < 1e-6, "{first:?}");
            assert_eq!(scores.radians_per_meter.estimate, 0.0);
        }
    }

    #[test]
    fn short_paths_and_bad_lengths_are_refused() {
        let path = straight(50, 1.0);
        let default = KittiOptions::default();
        assert!(matches!(
            kitti_segments(&path, &path, &default),
            Err(TrajectoryError::NoSteps { .. })
        ));
        let bad = KittiOptions {
            lengths_meters: vec![-1.0],
            ..default
        };
        assert!(matches!(
            kitti_segments(&path, &path, &bad),
            Err(TrajectoryError::BadOption { .. })
        ));
    }
}
