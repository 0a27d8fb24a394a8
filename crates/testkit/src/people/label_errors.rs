//! Labels that are wrong.

use super::{VectorCase, by_prefix, case, entries, in_order, list, number, with};
use serde_json::{Map, Value, json};

pub(super) fn confident(file: &Value) -> Vec<VectorCase> {
    const MEASURE: &str = "label_errors.confident";
    let input = |more: Value| {
        with(
            json!({"labels": file["labels"], "pred_probs": file["pred_probs"]}),
            &more,
        )
    };
    let expected = json!({
        "thresholds": file["confident_thresholds"], "joint_counts": file["confident_joint_raw"],
        "calibrated_counts": file["confident_joint_calibrated"], "joint": file["joint_estimate"],
        "estimated_errors": file["num_label_issues"]["off_diagonal_calibrated"], "truth": file["py"],
        "given_if_true": by_prefix(file, "noise_matrix").1,
        "true_if_given": by_prefix(file, "inverse_noise_matrix").1,
        "adjusted_self_confidence": by_prefix(file, "scores_adjusted").1,
        "ranked": by_prefix(file, "ranked_self_confidence").1,
    });
    let mut out = vec![case("joint", MEASURE, input(json!({})), expected, 1e-12)];
    for (score, values) in entries(&file["scores"]) {
        let expected = json!({"scores": values});
        out.push(case(
            score,
            MEASURE,
            input(json!({"score": score})),
            expected,
            1e-12,
        ));
    }
    for (filter, issues) in entries(&file["issues"]) {
        let more = json!({"options": {"filter": filter}});
        out.push(case(
            filter,
            MEASURE,
            input(more),
            json!({"issues": issues}),
            0.0,
        ));
    }
    let (key, issues) = by_prefix(file, "issues_frac_noise_");
    let rest = key.trim_start_matches("issues_frac_noise_");
    let (share, filter) = rest.split_once('_').unwrap_or_default();
    let share: f64 = share.parse().unwrap_or(f64::NAN);
    let more = json!({"options": {"filter": filter, "share": share}});
    out.push(case(
        "share",
        MEASURE,
        input(more),
        json!({"issues": issues}),
        0.0,
    ));
    out
}

pub(super) fn objectlab(file: &Value) -> Vec<VectorCase> {
    const MEASURE: &str = "label_errors.objects";
    let mut images = Vec::new();
    let predictions = list(by_prefix(file, "predictions_per_class").1);
    for (label, of_classes) in list(&file["labels"]).iter().zip(predictions) {
        let boxes = list(&label["bboxes_xyxy"])
            .iter()
            .zip(list(&label["labels"]));
        let labels: Vec<Value> = boxes
            .map(|(corners, class)| json!([corners, class]))
            .collect();
        let mut found = Vec::new();
        for (class, boxes) in list(of_classes).iter().enumerate() {
            for row in list(boxes) {
                found.push(json!([[row[0], row[1], row[2], row[3]], class, row[4]]));
            }
        }
        images.push(json!({"labels": labels, "predictions": found}));
    }
    let input = json!({"images": images});
    let pooled = &file["pooled"];
    let parts = ["overlooked", "badloc", "swap"].map(|name| list(by_prefix(pooled, name).1));
    let rows: Vec<Value> = (0..images.len())
        .map(|i| json!([parts[0][i], parts[1][i], parts[2][i]]))
        .collect();
    let expected = json!({
        "least_similarity": file["min_possible_similarity"],
        "overlooked": by_prefix(file, "overlooked").1, "badly_located": by_prefix(file, "badloc").1,
        "swapped": by_prefix(file, "swap").1, "pooled": rows, "quality": file["image_label_quality"],
        "is_issue": file["find_label_issues_mask"], "ranked": file["find_label_issues_ranked"],
    });
    let mut out = vec![case("scores", MEASURE, input.clone(), expected, 1e-10)];
    // The peer scales average precision by a quarter, in single precision.
    let precision: Vec<f64> = in_order(&file["per_class_ap_thresholds"])
        .iter()
        .map(|x| 4.0 * number(x))
        .collect();
    out.push(case(
        "average precision",
        MEASURE,
        input,
        json!({"average_precision": precision}),
        1e-6,
    ));
    out
}

pub(super) fn systematic(file: &Value) -> Vec<VectorCase> {
    let mut out = Vec::new();
    for (i, found) in list(&file["association"]).iter().enumerate() {
        let mut expected = found.clone();
        if let Some(fields) = expected.as_object_mut() {
            fields.retain(|key, value| !key.starts_with("table") && !value.is_null());
        }
        let input = json!({"table": by_prefix(found, "table").1});
        out.push(case(
            format!("association {i}"),
            "label_errors.association",
            input,
            expected,
            1e-10,
        ));
    }
    let m = &file["multiple_testing"];
    let mut expected = Map::new();
    for (name, found) in entries(m).filter(|(name, _)| *name != "p") {
        let reject = by_prefix(found, "reject").1;
        expected.insert(
            name.clone(),
            json!({"p_adj": found["adjusted"], "reject": reject}),
        );
    }
    out.push(case(
        "multiple testing",
        "compare.multiple_testing",
        json!({"p": m["p"]}),
        expected.into(),
        1e-10,
    ));
    let p = &file["permutation"];
    let input =
        json!({"errors": p["errors"], "groups": p["groups"], "permutations": p["permutations"]});
    let expected =
        json!({"observed": p["observed"], "permuted": p["perm_stats"], "p": by_prefix(p, "p_(").1});
    out.push(case(
        "permutation",
        "label_errors.permutation",
        input,
        expected,
        1e-10,
    ));
    let r = &file["runs_test"];
    let z_p = by_prefix(r, "z_p").1;
    let expected = json!({"z": z_p[0], "p": z_p[1]});
    out.push(case(
        "runs",
        "label_errors.runs",
        json!({"errors": r["seq"]}),
        expected,
        1e-10,
    ));
    out
}

pub(super) fn sliceline(file: &Value) -> Vec<VectorCase> {
    let p = &file["params"];
    let input = json!({
        "columns": file["columns"], "rows": file["rows"], "errors": file["errors"],
        "options": {"alpha": p["alpha"], "k": p["k"], "max_l": p["max_l"], "min_sup": p["min_sup"]},
    });
    let slices: Vec<Value> = list(&file["top_slices"])
        .iter()
        .zip(list(&file["stats"]))
        .map(|(values, s)| {
            json!({
                "values": values, "score": s["slice_score"], "errors": s["sum_slice_error"],
                "worst": s["max_slice_error"], "items": s["slice_size"], "rate": s["slice_average_error"],
            })
        })
        .collect();
    vec![case(
        "top",
        "label_errors.slices",
        input,
        json!({"slices": slices}),
        1e-9,
    )]
}
