//! Tracking scores against the results of other programs, on synthetic and on real data.

use fieldassay_measure::registry;
use fieldassay_measure::tracking::{BoxXywh, Sequence, tracking_counts, tracking_summary};
use fieldassay_testkit::paths::number_rows;
use fieldassay_testkit::{repository_root, shared_data};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

fn close(at: &str, found: &Value, wanted: &Value, tolerance: f64) {
    match wanted {
        Value::Object(fields) => {
            for (k, v) in fields {
                close(&format!("{at}.{k}"), &found[k], v, tolerance);
            }
        }
        Value::Array(list) => {
            assert_eq!(found.as_array().map(Vec::len), Some(list.len()), "{at}");
            for (i, v) in list.iter().enumerate() {
                close(&format!("{at}[{i}]"), &found[i], v, tolerance);
            }
        }
        _ => {
            let (a, b) = (
                found.as_f64().unwrap_or(f64::NAN),
                wanted.as_f64().unwrap_or(f64::NAN),
            );
            assert!(
                (a - b).abs() <= tolerance * b.abs().max(1.0),
                "{at}: {found}, wanted {wanted}"
            );
        }
    }
}

#[test]
fn trackeval_and_motmetrics_agree() {
    let path = repository_root().join("conformance/annotation/H_tracking.json");
    let vector: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let case = json!({"box": vector["box"], "frames": vector["frames"]});
    let measure = registry::find("tracking.scores").unwrap();
    let found = (measure.run)(&case).unwrap();
    for family in ["HOTA", "CLEAR", "Identity"] {
        close(family, &found[family], &vector[family], 1e-12);
    }
    close(
        "motmetrics",
        &found["motmetrics"],
        &vector["motmetrics_iou>=0.5"],
        1e-12,
    );
}

/// Boxes by frame of a `MOTChallenge` file.
fn mot(path: &Path) -> Result<BTreeMap<i64, Vec<(i64, BoxXywh)>>, String> {
    let mut frames: BTreeMap<i64, Vec<(i64, BoxXywh)>> = BTreeMap::new();
    for row in number_rows(path)? {
        #[expect(clippy::cast_possible_truncation, reason = "whole numbers in the file")]
        let (frame, id) = (row[0] as i64, row[1] as i64);
        let bounds = [row[2], row[3], row[4], row[5]];
        frames.entry(frame).or_default().push((id, bounds));
    }
    Ok(frames)
}

#[test]
fn tud_campus_gives_the_numbers_of_its_readme() {
    let Some(folder) = shared_data("mot_tud_campus/TUD-Campus") else {
        return;
    };
    let gt = mot(&folder.join("gt.txt")).unwrap();
    let tracker = mot(&folder.join("test.txt")).unwrap();
    let mut sequence = Sequence::new();
    let last = gt.keys().chain(tracker.keys()).max().copied().unwrap();
    for frame in 1..=last {
        let of = |side: &BTreeMap<i64, Vec<(i64, BoxXywh)>>| {
            side.get(&frame).cloned().unwrap_or_default()
        };
        sequence.push_boxes(&of(&gt), &of(&tracker)).unwrap();
    }
    let counts = tracking_counts(&sequence, 0.5).unwrap();
    let summary = tracking_summary(std::slice::from_ref(&counts), None).unwrap();
    for (found, wanted, within) in [
        (summary.mota, 0.526, 5e-4),
        (summary.idf1, 0.558, 5e-4),
        (summary.idp, 0.730, 5e-4),
        (summary.idr, 0.451, 5e-4),
        (summary.recall, 0.582, 5e-4),
        (summary.precision, 0.941, 5e-4),
        (summary.motp_distance, 0.277, 5e-4),
        (summary.hota, 0.391_397, 5e-7),
        (summary.deta, 0.418_047, 5e-7),
        (summary.assa, 0.369_121, 5e-7),
    ] {
        let found = found.unwrap().estimate;
        assert!((found - wanted).abs() <= within, "{found}, wanted {wanted}");
    }
    let m = counts.motmetrics;
    assert_eq!(
        (m.false_boxes, m.misses, m.switches, m.fragmentations),
        (13, 150, 7, 7)
    );
    assert_eq!(
        (m.mostly_tracked, m.partly_tracked, m.mostly_lost),
        (1, 6, 1)
    );
}
