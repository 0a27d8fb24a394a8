//! Vectors of overlaps and of detection and segmentation scores.
//!
//! Each reader turns a file into cases of a measure and compares the results. Not here: files of cases
//! ([`super::cases`]).

use super::measured::{Entries, compared, list, run};
use fieldassay_testkit::Comparison;
use serde_json::{Value, json};
use std::path::Path;

/// Tolerances of the vectors' README.
const ROTATED: f64 = 1e-9;
const COCO: f64 = 1e-12;
const KITTI: f64 = 1e-6;
const NUSCENES: f64 = 1e-10;
const CLASSES: f64 = 1e-12;

/// `A_rotated_iou_shapely`.
pub(super) fn rotated(_: &Path, file: &Value) -> Entries {
    let one = |(i, pair): (usize, &Value)| {
        let case = json!({"a": pair["a"], "b": pair["b"]});
        let expected = json!({"bev_iou": pair["bev_iou"], "iou3d": pair["iou3d"]});
        let outcome = compared("boxes.iou_rotated", &case, &expected, ROTATED);
        (format!("pairs[{i}]"), outcome)
    };
    list(&file["pairs"]).iter().enumerate().map(one).collect()
}

/// The summary lines of a vector by name.
fn lines(file: &Value, stats: &Value) -> Value {
    let names = list(&file["stat_names"]).iter();
    let named = names.map(|n| n.as_str().unwrap_or_default().to_owned());
    let summary: serde_json::Map<String, Value> = named.zip(list(stats).iter().cloned()).collect();
    json!({"summary": summary})
}

/// `H_coco_bbox`: the data as it is, with ids from 0, and with ids from 0 as pycocotools takes them.
pub(super) fn coco(_: &Path, file: &Value) -> Entries {
    let case = json!({"ground_truth": file["gt"], "results": file["dt"]});
    let mut from_zero = case.clone();
    let annotations = from_zero["ground_truth"]["annotations"].as_array_mut();
    for (id, annotation) in annotations.into_iter().flatten().enumerate() {
        annotation["id"] = id.into();
    }
    let mut parity = from_zero.clone();
    parity["zero_is_no_hit"] = true.into();
    let right = lines(file, &file["stats_12"]);
    let wrong = lines(file, &file["stats_12_when_annotation_ids_start_at_0"]);
    let of = |case: &Value, expected: &Value| compared("detection.coco", case, expected, COCO);
    let mut classes = Comparison::default();
    let found = run(&mut classes, "detection.coco", &case);
    let categories = list(&file["gt"]["categories"]).iter();
    let per_class = list(&file["precision_full_mean_per_class_AP"]);
    for (category, expected) in categories.zip(per_class) {
        let name = category["name"].as_str().unwrap_or_default();
        let found = found["per_class"][name]["AP"]["estimate"].as_f64();
        classes.near(name, found.unwrap_or(f64::NAN), expected, COCO);
    }
    vec![
        ("stats_12".to_owned(), of(&case, &right)),
        ("stats_12 ids from 0".to_owned(), of(&from_zero, &right)),
        (
            "stats_12 parity with ids from 0".to_owned(),
            of(&parity, &wrong),
        ),
        ("AP per class".to_owned(), classes.into()),
    ]
}

/// Where no label counts the devkit has 0 and we have nothing.
fn zeros_for_none(value: &mut Value) {
    match value {
        Value::Null => *value = 0.0.into(),
        Value::Array(list) if list.is_empty() => {
            *value = vec![0.0; fieldassay_measure::detection::kitti::POINTS].into();
        }
        Value::Array(list) => list.iter_mut().for_each(zeros_for_none),
        _ => {}
    }
}

/// `H_kitti`.
pub(super) fn kitti(_: &Path, file: &Value) -> Entries {
    let case = json!({"gt": file["gt"], "dt": file["dt"]});
    let views = ["bbox", "aos", "bev", "3d"].into_iter();
    let mut refused = Comparison::default();
    let found = run(&mut refused, "detection.kitti", &case);
    if found.is_null() {
        return vec![("results".to_owned(), refused.into())];
    }
    let one = |view: &str| {
        let mut to = Comparison::default();
        for (name, expected) in file["results"][view].as_object().into_iter().flatten() {
            // Our key is without the note on the order of the lists.
            let key = if name.starts_with("precision") {
                "precision"
            } else {
                name
            };
            let mut found = found[view][key].clone();
            zeros_for_none(&mut found);
            to.agree(&format!("{view}.{name}"), &found, expected, KITTI);
        }
        (format!("results.{view}"), to.into())
    };
    views.map(one).collect()
}

/// A row of the nuScenes vector as a row of a case.
fn nuscenes_row(row: &Value) -> Value {
    let mut out = json!({
        "sample_token": row[0], "detection_name": row[1], "translation": row[2], "size": row[3],
        "yaw": row[4], "velocity": row[5], "attribute_name": row[6],
    });
    if let Some(score) = row.get(7) {
        out["detection_score"] = score.clone();
    }
    out
}

/// The rows below the key that begins like this.
fn nuscenes_rows(file: &Value, key: &str) -> Vec<Value> {
    let mut keys = file.as_object().into_iter().flatten();
    let rows = keys.find(|(name, _)| name.starts_with(key));
    rows.map_or(Vec::new(), |(_, rows)| {
        list(rows).iter().map(nuscenes_row).collect()
    })
}

/// `H_nuscenes_detection`.
pub(super) fn nuscenes(_: &Path, file: &Value) -> Entries {
    let case = json!({
        "ground_truth": nuscenes_rows(file, "gt"),
        "results": nuscenes_rows(file, "pred"),
    });
    let metrics = &file["metrics"];
    let errors = |of: &Value, prefix: &str| -> serde_json::Map<String, Value> {
        let names = [
            ("ATE", "trans_err"),
            ("ASE", "scale_err"),
            ("AOE", "orient_err"),
            ("AVE", "vel_err"),
            ("AAE", "attr_err"),
        ];
        names
            .map(|(ours, theirs)| (format!("{prefix}{ours}"), of[theirs].clone()))
            .into_iter()
            .collect()
    };
    let mut summary = errors(&metrics["tp_errors"], "m");
    summary.insert("mAP".to_owned(), metrics["mean_ap"].clone());
    summary.insert("NDS".to_owned(), metrics["nd_score"].clone());
    let mut per_class = serde_json::Map::new();
    for (class, aps) in metrics["label_aps"].as_object().into_iter().flatten() {
        let mut expected = errors(&metrics["label_tp_errors"][class], "");
        expected.insert("AP".to_owned(), metrics["mean_dist_aps"][class].clone());
        for (distance, ap) in aps.as_object().into_iter().flatten() {
            let distance = distance.strip_suffix(".0").unwrap_or(distance);
            expected.insert(format!("AP_{distance}m"), ap.clone());
        }
        per_class.insert(class.clone(), expected.into());
    }
    let of = |expected: Value| compared("detection.nuscenes", &case, &expected, NUSCENES);
    vec![
        ("summary".to_owned(), of(json!({"summary": summary}))),
        ("per class".to_owned(), of(json!({"per_class": per_class}))),
    ]
}

/// The number no class has.
const IGNORED: u32 = 255;

/// Rows of digits as classes, [`IGNORED`] where `ignored` has a 1.
fn classes(rows: &Value, ignored: Option<&Value>) -> Vec<Vec<u32>> {
    let digits = |row: &Value| -> Vec<u32> {
        let text = row.as_str().unwrap_or_default();
        text.chars().filter_map(|c| c.to_digit(10)).collect()
    };
    let flags = |row: usize, column: usize| {
        let text = ignored.and_then(|rows| rows[row].as_str());
        text.is_some_and(|text| text.as_bytes().get(column) == Some(&b'1'))
    };
    let row = |(at, row): (usize, &Value)| {
        let classes = digits(row).into_iter().enumerate();
        classes
            .map(|(column, class)| if flags(at, column) { IGNORED } else { class })
            .collect()
    };
    list(rows).iter().enumerate().map(row).collect()
}

/// `H_miou_boundary`.
pub(super) fn miou(_: &Path, file: &Value) -> Entries {
    let label = classes(&file["gt_rows"], Some(&file["ignore_rows"]));
    let mut case = json!({
        "classes": list(&file["iou"]).len(),
        "ignored": IGNORED,
        "images": [{"label": label, "predicted": classes(&file["pred_rows"], None)}],
    });
    let expected = json!({
        "confusion": file["confusion_gt_rows"],
        "iou": file["iou"],
        "summary": {
            "mIoU": file["miou"], "accuracy": file["pixel_acc"],
            "mean_class_accuracy": file["mean_class_acc"], "fwIoU": file["fwiou"],
        },
    });
    let outcome = compared("segmentation.miou", &case, &expected, CLASSES);
    let mut out = vec![("classes".to_owned(), outcome)];
    for (i, boundary) in list(&file["boundary"]).iter().enumerate() {
        case["boundary_ratio"] = boundary["ratio"].clone();
        let mut to = Comparison::default();
        let found = run(&mut to, "segmentation.miou", &case);
        let class = boundary["class"]
            .as_u64()
            .and_then(|c| usize::try_from(c).ok());
        let class = class.unwrap_or(usize::MAX);
        let of = |key: &str| found[key].get(class).cloned().unwrap_or_default();
        to.equal(
            "n_gt_boundary_px",
            &of("label_boundary_pixels"),
            &boundary["n_gt_boundary_px"],
        );
        let iou = of("boundary_iou").as_f64().unwrap_or(f64::NAN);
        to.near("boundary_iou", iou, &boundary["boundary_iou"], CLASSES);
        out.push((format!("boundary[{i}]"), to.into()));
    }
    out
}
