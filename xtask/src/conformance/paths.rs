//! Vectors about trajectories and trackers: `expected.json` with its trajectories beside it, `H_tracking.json`, and the
//! KITTI segments of `signals.json`.

use super::Outcome;
use super::measured::measured;
use fieldassay_measure::pose::matrix::multiply;
use fieldassay_measure::trajectory::{Frame, KittiOptions, kitti_scores, kitti_segments};
use fieldassay_testkit::Comparison;
use fieldassay_testkit::paths::{TrajectoryVector, trajectory_vectors};
use fieldassay_testkit::vectors::numbers;
use serde_json::{Value, json};
use std::path::Path;

/// Tolerance of the vectors' README for `H_tracking`.
const TRACKING: f64 = 1e-12;
/// Tolerance of the vectors' README for `kitti_segments`.
const KITTI: f64 = 1e-9;

/// Every case of `expected.json`.
pub(super) fn trajectories(path: &Path, value: &Value) -> Vec<(String, Outcome)> {
    let folder = path.parent().unwrap_or(path);
    // Other subjects have files of this name too; those of this one lie beside their trajectories.
    if value["cases"].is_null() && !folder.join("ref.tum").exists() {
        let reason = "of another subject: neither cases nor trajectories beside it";
        return vec![(String::new(), Outcome::Skipped(reason.to_owned()))];
    }
    match trajectory_vectors(value, folder) {
        Ok(vectors) => vectors.iter().map(|v| (v.label.clone(), one(v))).collect(),
        Err(why) => vec![(String::new(), Outcome::Failed(why))],
    }
}

fn one(vector: &TrajectoryVector) -> Outcome {
    let mut c = Comparison::default();
    match (&vector.out, measured(vector.measure, &vector.case)) {
        (Some(out), Ok(found)) => c.agree("out", &vector.cut(found), out, vector.tolerance),
        (Some(_), Err(why)) => c.fail(why),
        (None, Ok(_)) => c.fail("the peer refuses this, we do not".to_owned()),
        (None, Err(_)) => return Outcome::Passed,
    }
    c.into()
}

/// Scores of `TrackEval` and py-motmetrics on the frames of `H_tracking.json`.
pub(super) fn tracking(_: &Path, value: &Value) -> Vec<(String, Outcome)> {
    let case = json!({"box": value["box"], "frames": value["frames"]});
    let found = match measured("tracking.scores", &case) {
        Ok(found) => found,
        Err(why) => return vec![(String::new(), Outcome::Failed(why))],
    };
    let families = [
        ("HOTA", "HOTA"),
        ("CLEAR", "CLEAR"),
        ("Identity", "Identity"),
        ("motmetrics_iou>=0.5", "motmetrics"),
    ];
    families
        .iter()
        .map(|(theirs, ours)| {
            let mut c = Comparison::default();
            c.agree("out", &found[ours], &value[theirs], TRACKING);
            ((*theirs).to_owned(), c.into())
        })
        .collect()
}

fn about(axis: usize, angle: f64) -> [[f64; 3]; 3] {
    let (s, c) = angle.sin_cos();
    match axis {
        0 => [[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]],
        1 => [[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]],
        _ => [[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]],
    }
}

/// Reference and estimate as `poses` of the vector words them. The text must be of this very shape; its numbers may be
/// others.
fn kitti_paths(text: &str) -> Option<(Vec<Frame>, Vec<Frame>, KittiOptions)> {
    const SHAPE: &str = "i=#..#, s=# i; p=(s cos(# s), s sin(# s), # sin(# s)); R=Rz(# s) Ry(# sin(# s)) Rx(# cos(# s)); estimate p_e=# p+(# s, #, # s), R_e=R exp([#,#,# s]); dist=cumulative |dp| of the truth; first frame every #, lengths #..# step #, last frame=first index with dist>dist[first]+length; error=inv(inv(E_f) E_l) inv(G_f) G_l; translation norm/length, rotation angle/length";
    let mut rest = SHAPE.split('#');
    let mut left = text.strip_prefix(rest.next()?)?;
    let mut n: Vec<f64> = Vec::new();
    for part in rest {
        let length = if part.is_empty() {
            left.len()
        } else {
            left.find(part)?
        };
        n.push(left[..length].parse().ok()?);
        left = &left[length + part.len()..];
    }
    let at = |i: usize| n.get(i).copied().unwrap_or(f64::NAN);
    let mut reference = Vec::new();
    let mut estimate = Vec::new();
    let mut i = at(0);
    while i <= at(1) {
        let s = at(2) * i;
        let p = [
            s * (at(3) * s).cos(),
            s * (at(4) * s).sin(),
            at(5) * (at(6) * s).sin(),
        ];
        let tilt = multiply(
            &about(1, at(8) * (at(9) * s).sin()),
            &about(0, at(10) * (at(11) * s).cos()),
        );
        let rotation = multiply(&about(2, at(7) * s), &tilt);
        let moved = [at(13) * s, at(14), at(15) * s];
        reference.push(Frame {
            rotation,
            position_meters: p,
        });
        estimate.push(Frame {
            rotation: multiply(&rotation, &about(2, at(18) * s)),
            position_meters: std::array::from_fn(|k| at(12) * p[k] + moved[k]),
        });
        i += 1.0;
    }
    let mut lengths_meters = Vec::new();
    let mut length = at(20);
    while length <= at(21) {
        lengths_meters.push(length);
        length += at(22);
    }
    // The rotation of the estimate is about z in every vector of this shape.
    let is_known = at(16) == 0.0 && at(17) == 0.0 && at(22) > 0.0 && at(19) >= 1.0;
    let step = (1..=1000_u32).find(|k| f64::from(*k) == at(19))?;
    let how = KittiOptions {
        lengths_meters,
        step: usize::try_from(step).ok()?,
        ..KittiOptions::default()
    };
    is_known.then_some((reference, estimate, how))
}

/// KITTI segments of a path given by formulas.
pub(super) fn kitti(block: &Value) -> Outcome {
    let mut c = Comparison::default();
    let text = block["poses"].as_str().unwrap_or_default();
    let Some((reference, estimate, how)) = kitti_paths(text) else {
        let seen = numbers(text).len();
        c.fail(format!("`poses` is worded in another way ({seen} numbers)"));
        return c.into();
    };
    let found = kitti_segments(&reference, &estimate, &how).and_then(|s| kitti_scores(&s, None));
    let scores = match found {
        Ok(scores) => scores,
        Err(e) => {
            c.fail(e.to_string());
            return c.into();
        }
    };
    c.equal("segments", &json!(scores.segments), &block["segments"]);
    let percent = 100.0 * scores.translation_ratio.estimate;
    c.near("t_err_percent", percent, &block["t_err_percent"], KITTI);
    let degrees = scores.radians_per_meter.estimate.to_degrees();
    c.near("r_err_deg_per_m", degrees, &block["r_err_deg_per_m"], KITTI);
    let by_length = &block["t_err_by_len_percent"];
    for score in &scores.by_length {
        let key = score.length_meters.to_string();
        let percent = 100.0 * score.translation_ratio.estimate;
        c.near(&key, percent, &by_length[&key], KITTI);
    }
    let lengths = by_length.as_object().map_or(0, serde_json::Map::len);
    c.equal("lengths", &json!(scores.by_length.len()), &json!(lengths));
    c.into()
}
