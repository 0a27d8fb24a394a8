//! nuScenes and KITTI.

use super::{agree, run, vectors};
use serde_json::{Value, json};

/// The vector's lists as the rows of a case.
fn row(list: &Value) -> Value {
    let mut row = json!({
        "sample_token": list[0], "detection_name": list[1], "translation": list[2], "size": list[3],
        "yaw": list[4], "velocity": list[5], "attribute_name": list[6],
    });
    if let Some(score) = list.get(7) {
        row["detection_score"] = score.clone();
    }
    row
}

#[test]
fn nuscenes_scores_as_its_devkit_does() {
    let vector = vectors("H_nuscenes_detection.json");
    let rows =
        |key: &str| -> Vec<Value> { vector[key].as_array().unwrap().iter().map(row).collect() };
    let case = json!({
        "ground_truth": rows("gt_[token,class,translation,size_wlh,yaw,velocity_xy,attribute]"),
        "results": rows("pred_[...,score]"),
    });
    let found = run("detection.nuscenes", &case);
    let metrics = &vector["metrics"];
    let errors = &metrics["tp_errors"];
    let summary = json!({
        "mAP": metrics["mean_ap"], "NDS": metrics["nd_score"], "mATE": errors["trans_err"],
        "mASE": errors["scale_err"], "mAOE": errors["orient_err"], "mAVE": errors["vel_err"],
        "mAAE": errors["attr_err"],
    });
    agree(&found["summary"], &summary, 1e-12);
    for (class, aps) in metrics["label_aps"].as_object().unwrap() {
        let errors = &metrics["label_tp_errors"][class];
        let expected = json!({
            "AP": metrics["mean_dist_aps"][class],
            "AP_0.5m": aps["0.5"], "AP_1m": aps["1.0"], "AP_2m": aps["2.0"], "AP_4m": aps["4.0"],
            "ATE": errors["trans_err"], "ASE": errors["scale_err"], "AOE": errors["orient_err"],
            "AVE": errors["vel_err"], "AAE": errors["attr_err"],
        });
        agree(&found["per_class"][class], &expected, 1e-12);
    }
}

/// Where no label counts we give null, the devkit 0.
fn zeros_for_none(found: &mut Value, curve: bool) {
    for row in found.as_array_mut().unwrap() {
        for value in row.as_array_mut().unwrap() {
            if value.is_null() {
                *value = 0.0.into();
            }
            if curve && value.as_array().is_some_and(Vec::is_empty) {
                *value = vec![0.0; 41].into();
            }
        }
    }
}

#[test]
fn kitti_scores_as_its_devkit_does() {
    let vector = vectors("H_kitti.json");
    let mut found = run(
        "detection.kitti",
        &json!({"gt": vector["gt"], "dt": vector["dt"]}),
    );
    for view in ["bbox", "aos", "bev", "3d"] {
        let expected = &vector["results"][view];
        for rule in ["AP_R11", "AP_R40"] {
            zeros_for_none(&mut found[view][rule], false);
            agree(&found[view][rule], &expected[rule], 1e-9);
        }
        let curves = &expected["precision_41[class,difficulty]"];
        if view != "aos" {
            zeros_for_none(&mut found[view]["precision"], true);
            agree(&found[view]["precision"], curves, 1e-12);
        }
    }
}
