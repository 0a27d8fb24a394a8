//! Coherence of tracks, without ground truth.

use crate::stats::{Estimate, StatsError, median, wilson};
use serde::{Deserialize, Serialize};

/// Seconds beyond which two observations say nothing about the motion between them (nuScenes: 1.5 s).
const MOST_STEP_SECS: f64 = 1.5;
/// Distance from where constant velocity leads that no body covers between frames, meters.
const TELEPORT_METERS: f64 = 3.0;
/// Length from which a box has a front and a back, meters.
const LONG_METERS: f64 = 2.0;

/// A box of one track at one time, in a frame that does not move (or compensated for its motion).
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// Seconds since any origin.
    pub secs: f64,
    /// Number of the frame it belongs to.
    pub frame: usize,
    /// Center, meters.
    pub center_meters: [f64; 3],
    /// Heading about the vertical, radians.
    pub yaw_radians: f64,
    /// Length, width, height, meters.
    pub size_meters: [f64; 3],
    /// LiDAR points inside; none where unknown.
    #[serde(default)]
    pub points: Option<u64>,
    /// Number of the class.
    #[serde(default)]
    pub category: u64,
}

/// What one track does.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TrackReport {
    /// Observations.
    pub n: usize,
    /// Largest of standard deviation over median of length, width and height.
    pub size_jitter_ratio: f64,
    /// Teleports: observation after it, and meters beyond constant velocity.
    pub teleports: Vec<(usize, f64)>,
    /// Observations after which the heading turned by more than a right angle from one frame to the next.
    pub flips: Vec<usize>,
    /// Observations at which the class changed.
    pub class_changes: Vec<usize>,
    /// Frames missing between the first and the last observation.
    pub missing: usize,
    /// Gaps: observation after it, and frames missing before that.
    pub gaps: Vec<(usize, usize)>,
    /// Longest run of observations without a point inside.
    pub longest_empty: usize,
}

fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    crate::pose::matrix::norm(&crate::pose::matrix::subtract(&a, &b))
}

/// Difference of two angles, radians, -pi to pi.
fn turn(a: f64, b: f64) -> f64 {
    let d = b - a;
    d - (d / std::f64::consts::TAU).round() * std::f64::consts::TAU
}

/// Measures one track; observations ascend in time.
///
/// Teleport: more than 3 m beyond where the velocity of the step before leads, or faster than
/// `most_meters_per_sec`; only over steps of at most 1.5 s, so tracks that leave and come back do not teleport.
/// Heading flips: between neighboring frames, boxes of at least 2 m. None for an empty track. Cost: one pass and a
/// sort of none. Source: signals reference, B.12.
pub fn track_report(track: &[Observation], most_meters_per_sec: f64) -> Option<TrackReport> {
    let (first, last) = (track.first()?, track.last()?);
    let mut out = TrackReport {
        n: track.len(),
        size_jitter_ratio: size_jitter(track),
        missing: (last.frame.saturating_sub(first.frame) + 1).saturating_sub(track.len()),
        ..TrackReport::default()
    };
    let mut velocity: Option<[f64; 3]> = None;
    let mut empty = usize::from(first.points == Some(0));
    out.longest_empty = empty;
    for (i, pair) in track.windows(2).enumerate() {
        let (a, b) = (&pair[0], &pair[1]);
        let dt = b.secs - a.secs;
        empty = if b.points == Some(0) { empty + 1 } else { 0 };
        out.longest_empty = out.longest_empty.max(empty);
        let skipped = b.frame.saturating_sub(a.frame).saturating_sub(1);
        if skipped > 0 {
            out.gaps.push((i + 1, skipped));
        }
        if a.category != b.category {
            out.class_changes.push(i + 1);
        }
        if !(dt > 0.0 && dt <= MOST_STEP_SECS) {
            velocity = None;
            continue;
        }
        let moved: [f64; 3] = std::array::from_fn(|k| b.center_meters[k] - a.center_meters[k]);
        let speed = crate::pose::matrix::norm(&moved) / dt;
        let beyond = velocity.map_or(0.0, |v| distance(moved, v.map(|v| v * dt)));
        if beyond > TELEPORT_METERS || speed > most_meters_per_sec {
            out.teleports.push((i + 1, beyond.max(speed * dt)));
            // What follows is judged by its own motion.
            velocity = None;
        } else {
            velocity = Some(moved.map(|m| m / dt));
        }
        let is_long = a.size_meters[0].min(b.size_meters[0]) >= LONG_METERS;
        let turned = turn(a.yaw_radians, b.yaw_radians).abs();
        if is_long && b.frame == a.frame + 1 && turned > std::f64::consts::FRAC_PI_2 {
            out.flips.push(i + 1);
        }
    }
    Some(out)
}

fn size_jitter(track: &[Observation]) -> f64 {
    let n = track.len() as f64;
    (0..3)
        .map(|axis| {
            let mut sizes: Vec<f64> = track.iter().map(|o| o.size_meters[axis]).collect();
            let mean = sizes.iter().sum::<f64>() / n;
            let variance = sizes.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / n;
            match median(&mut sizes) {
                Ok(median) if median > 0.0 => variance.sqrt() / median,
                _ => 0.0,
            }
        })
        .fold(0.0, f64::max)
}

/// How coherent a set of tracks is: shares of tracks, each with Wilson's interval.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Coherence {
    /// Tracks.
    pub tracks: usize,
    /// Observations of all of them.
    pub observations: usize,
    /// Tracks with a teleport.
    pub jumping: Estimate,
    /// Tracks whose size varies by more than the given ratio.
    pub jittering: Estimate,
    /// Tracks whose heading flips.
    pub flipping: Estimate,
    /// Tracks with a gap.
    pub broken: Estimate,
    /// Tracks whose class changes.
    pub class_changing: Estimate,
    /// Pairs of tracks that look like one (see [`fragments`]).
    pub fragments: Vec<(usize, usize)>,
    /// What each track does.
    pub reports: Vec<TrackReport>,
}

/// [`track_report`] of every track and the shares of tracks with each fault.
///
/// `most_jitter_ratio` is the largest spread of the size that does not count (rigid bodies: 0.05). Empty tracks are left
/// out. Errors: [`StatsError`] where no track is left. Cost: as [`track_report`] and [`fragments`].
pub fn coherence(
    tracks: &[Vec<Observation>],
    most_meters_per_sec: f64,
    most_jitter_ratio: f64,
) -> Result<Coherence, StatsError> {
    let reports: Vec<TrackReport> = tracks
        .iter()
        .filter_map(|t| track_report(t, most_meters_per_sec))
        .collect();
    let share = |has: &dyn Fn(&TrackReport) -> bool| -> Result<Estimate, StatsError> {
        let n = reports.len();
        let with = reports.iter().filter(|r| has(r)).count();
        let interval = wilson(with as u64, n as u64)?;
        Ok(Estimate::with(with as f64 / n as f64, Some(interval), n))
    };
    let ends: Vec<(Observation, Observation)> = tracks
        .iter()
        .filter_map(|t| Some((*t.first()?, *t.last()?)))
        .collect();
    Ok(Coherence {
        tracks: reports.len(),
        observations: reports.iter().map(|r| r.n).sum(),
        jumping: share(&|r| !r.teleports.is_empty())?,
        jittering: share(&|r| r.size_jitter_ratio > most_jitter_ratio)?,
        flipping: share(&|r| !r.flips.is_empty())?,
        broken: share(&|r| !r.gaps.is_empty())?,
        class_changing: share(&|r| !r.class_changes.is_empty())?,
        fragments: fragments(&ends),
        reports,
    })
}

/// Pairs of tracks of which the second begins where and when the first one ends: within 1 s and 2 m, same class.
///
/// `ends` holds first and last observation of each track. A track is joined once at most. Cost: quadratic in tracks
/// that are near in time; give at most a few thousand. Source: signals reference, B.12.
pub fn fragments(ends: &[(Observation, Observation)]) -> Vec<(usize, usize)> {
    let mut starts: Vec<usize> = (0..ends.len()).collect();
    starts.sort_by(|a, b| ends[*a].0.secs.total_cmp(&ends[*b].0.secs));
    let mut pairs = Vec::new();
    for (i, (_, last)) in ends.iter().enumerate() {
        let from = starts.partition_point(|j| ends[*j].0.secs <= last.secs);
        let next = starts[from..]
            .iter()
            .copied()
            .take_while(|j| ends[*j].0.secs - last.secs <= 1.0)
            .find(|j| {
                let first = &ends[*j].0;
                *j != i
                    && first.category == last.category
                    && distance(first.center_meters, last.center_meters) <= 2.0
            });
        pairs.extend(next.map(|j| (i, j)));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track() -> Vec<Observation> {
        (0..50_u32)
            .map(|i| Observation {
                secs: f64::from(i) * 0.1,
                frame: i as usize,
                center_meters: [f64::from(i) * 1.2, 3.0, 0.5],
                yaw_radians: 3.1 + 0.002 * f64::from(i),
                size_meters: [4.5, 1.9, 1.6],
                points: Some(20),
                category: 1,
            })
            .collect()
    }

    #[test]
    fn a_healthy_track_has_nothing_even_when_it_comes_back() {
        let mut healthy = track();
        healthy.drain(20..40);
        let report = track_report(&healthy, 70.0).unwrap();
        assert_eq!((report.missing, report.gaps.clone()), (20, vec![(20, 20)]));
        assert!(
            report.teleports.is_empty() && report.flips.is_empty(),
            "{report:?}"
        );
        assert!(report.size_jitter_ratio < 1e-12 && report.class_changes.is_empty());
    }

    #[test]
    fn faults_are_found_where_they_are() {
        let mut bad = track();
        bad[10].yaw_radians += std::f64::consts::PI;
        bad[30].category = 2;
        for o in &mut bad[40..] {
            o.center_meters[1] += 5.0;
        }
        bad[5].size_meters[0] = 6.0;
        bad[20].points = Some(0);
        let report = track_report(&bad, 70.0).unwrap();
        assert_eq!(report.flips, [10, 11]);
        assert_eq!(report.class_changes, [30, 31]);
        assert_eq!(report.teleports.len(), 1);
        assert_eq!(report.teleports[0].0, 40);
        assert!(report.size_jitter_ratio > 0.04 && report.longest_empty == 1);
    }

    #[test]
    fn shares_are_of_tracks() {
        let mut gone = track();
        gone.drain(20..40);
        let mut bad = track();
        bad[30].category = 2;
        let found = coherence(&[track(), gone, bad, Vec::new()], 70.0, 0.05).unwrap();
        assert_eq!((found.tracks, found.observations), (3, 130));
        assert!((found.broken.estimate - 1.0 / 3.0).abs() < 1e-15 && found.broken.n == 3);
        assert!((found.class_changing.estimate - 1.0 / 3.0).abs() < 1e-15);
        assert_eq!(
            (found.jumping.estimate, found.flipping.estimate),
            (0.0, 0.0)
        );
        assert!(coherence(&[], 70.0, 0.05).is_err());
    }

    #[test]
    fn fragments_are_joined() {
        let all = track();
        let shifted: Vec<Observation> = all
            .iter()
            .map(|o| Observation { category: 7, ..*o })
            .collect();
        let ends = [
            (all[0], all[20]),
            (all[21], all[49]),
            (shifted[21], shifted[49]),
        ];
        assert_eq!(fragments(&ends), [(0, 1)]);
    }
}
