//! Agreement of people.

use super::{VectorCase, annotations, by_prefix, case, entries, list, number};
use serde_json::{Map, Value, json};

pub(super) fn bootstrap(file: &Value) -> Vec<VectorCase> {
    let input =
        json!({"raters": file["units"], "level": "nominal", "indices": file["bootstrap_indices"]});
    let out = json!({
        "alpha": file["alpha_nominal"], "jackknife": file["jackknife"],
        "jackknife_error": file["jackknife_se"], "acceleration": file["acceleration"],
        "drawn": file["bootstrap_alpha"], "percentile": file["percentile_95_linear_interp"],
        "bias": file["z0_with_half_ties"], "levels": file["bca_levels"], "bca": file["bca_95"],
    });
    vec![case("all", "agreement.krippendorff", input, out, 1e-12)]
}

pub(super) fn cohen(file: &Value) -> Vec<VectorCase> {
    let mut out = Vec::new();
    for (weights, s) in entries(&file["statsmodels"]) {
        let input = json!({"a": file["rater1"], "b": file["rater2"], "labels": file["labels"], "weights": weights});
        let expected = json!({
            "kappa": {"estimate": s["kappa"], "low": s["kappa_low"], "high": s["kappa_upp"]},
            "kappa_max": s["kappa_max"], "standard_error": s["std_kappa"],
            "standard_error_of_chance": s["std_kappa0"], "z": s["z_value"],
            "p_value": s["pvalue_two_sided"],
        });
        out.push(case(weights, "agreement.cohen", input, expected, 1e-12));
    }
    let table = &file["edge"]["paradox_table"];
    let expected = json!({"kappa": file["edge"]["paradox_kappa"]});
    out.push(case(
        "paradox",
        "agreement.cohen",
        json!({"table": table}),
        expected,
        1e-12,
    ));
    let perfect = json!({"a": file["rater1"], "b": file["rater1"]});
    out.push(case(
        "perfect",
        "agreement.cohen",
        perfect,
        json!({"kappa": file["edge"]["perfect"]}),
        1e-12,
    ));
    // The peer says that one class has no kappa; we refuse it.
    out.push(VectorCase {
        entry: "single class".to_owned(),
        measure: "agreement.cohen",
        case: json!({"a": [0, 0, 0], "b": [0, 0, 0]}),
        out: None,
        tolerance: 0.0,
    });
    out
}

pub(super) fn charts(file: &Value) -> Vec<VectorCase> {
    let first = file["phase1"].as_str().unwrap_or_default();
    let first: usize = first.trim_start_matches("first ").parse().unwrap_or(0);
    let input = json!({"defects": file["defects"], "n": file["n"], "first": first});
    let expected = json!({
        "mean": file["pbar"], "z": file["z"], "spread": file["laney_sigma_z"], "low": file["lcl3"],
        "high": file["ucl3"], "laney_low": file["laney_lcl"], "laney_high": file["laney_ucl"],
        "exact_high_count": by_prefix(file, "exact_binomial").1, "signals": file["signals_3sigma"],
    });
    let mut out = vec![case(
        "shares",
        "agreement.share_chart",
        input,
        expected,
        1e-9,
    )];
    let e = &file["ewma_on_z"];
    let input = json!({"x": file["z"], "lambda": e["lambda"], "width": e["L"], "target": e["z0"]});
    let expected =
        json!({"ewma": e["ewma"], "limits": e["limit_exact_var"], "signals": e["signals"]});
    out.push(case("ewma", "agreement.ewma", input, expected, 1e-9));
    let n = &file["nist_ewma_example"];
    let input = json!({"x": n["x"], "lambda": n["lambda"], "width": 3.0, "target": n["target"], "sigma": n["s"]});
    let expected = json!({"ewma": n["ewma"], "high": n["ucl"], "low": n["lcl"]});
    out.push(case("nist ewma", "agreement.ewma", input, expected, 1e-9));
    let t = &file["tabular_cusum_on_z"];
    let input = json!({"kind": "tabular", "z": file["z"], "k": t["k"], "h": t["h"]});
    let expected = json!({"sums": t["[C+,C-]"], "signals": t["signals"]});
    out.push(case(
        "tabular cusum",
        "agreement.cusum",
        input,
        expected,
        1e-9,
    ));
    let l = &file["lr_cusum_binomial"];
    let input = json!({"kind": "binomial", "defects": file["defects"], "n": file["n"], "p0": l["p0"], "p1": l["p1"], "h": l["h"]});
    let expected = json!({"weights": l["w"], "sums": l["C"], "first_signal": l["first_signal"]});
    out.push(case(
        "binomial cusum",
        "agreement.cusum",
        input,
        expected,
        1e-9,
    ));
    let b = &file["bernoulli_cusum"];
    let (key, at) = by_prefix(b, "first_B>=");
    let h: f64 = key
        .trim_start_matches("first_B>=")
        .parse()
        .unwrap_or(f64::NAN);
    let input = json!({"kind": "bernoulli", "x": b["x"], "p0": b["p0"], "p1": b["p1"], "h": h});
    let gamma = by_prefix(b, "gamma").1;
    let expected =
        json!({"gamma": gamma, "last_sums": b["B_last10"], "max": b["max"], "first_signal": at});
    out.push(case(
        "bernoulli cusum",
        "agreement.cusum",
        input,
        expected,
        1e-9,
    ));
    out.extend(run_lengths(&file["arl"]));
    out
}

/// Run lengths of three charts.
fn run_lengths(arl: &Value) -> Vec<VectorCase> {
    let mut out = Vec::new();
    for (chart, key) in [
        ("ewma", "ewma_two"),
        ("cusum_one_sided", "cusum_one"),
        ("cusum", "cusum_two"),
    ] {
        for row in list(by_prefix(arl, key).1) {
            let mut input = row.clone();
            if let Some(fields) = input.as_object_mut() {
                fields.remove("ARL");
                if let Some(width) = fields.remove("L") {
                    fields.insert("width".to_owned(), width);
                }
                fields.insert("chart".to_owned(), chart.into());
            }
            let expected = json!({"run_length": row["ARL"]});
            out.push(case(
                format!("run length {row}"),
                "agreement.run_length",
                input,
                expected,
                5e-3,
            ));
        }
    }
    out
}

pub(super) fn fleiss(file: &Value) -> Vec<VectorCase> {
    let input = json!({"counts": file["table_subjects_x_categories"]});
    let out = json!({"fleiss": {"value": file["fleiss"]}, "brennan_prediger": {"value": file["randolph_uniform"]}});
    vec![case("all", "agreement.coefficients", input, out, 1e-12)]
}

const GWET: [(&str, &str); 5] = [
    ("gwet", "gwet"),
    ("fleiss", "fleiss"),
    ("krippendorff", "krippendorff"),
    ("conger", "conger"),
    ("bp", "brennan_prediger"),
];

pub(super) fn gwet(file: &Value) -> Vec<VectorCase> {
    let mut out = Vec::new();
    for (weights, methods) in entries(&file["methods"]) {
        let input = json!({"items": file["rows_are_subjects"], "weights": weights});
        let mut expected = Map::new();
        for (theirs, ours) in GWET {
            let m = &methods[theirs];
            let ends = &m["confidence_interval"];
            // Of all coefficients the peer tests this one on one side only.
            let sides = if theirs == "bp" { 2.0 } else { 1.0 };
            let value =
                json!({"estimate": m["coefficient_value"], "low": ends[0], "high": ends[1]});
            let of = json!({
                "value": value, "observed": m["pa"], "expected": m["pe"], "standard_error": m["se"],
                "z": m["z"], "p_value": sides * number(&m["p_value"]),
            });
            expected.insert(ours.to_owned(), of);
        }
        out.push(case(
            weights,
            "agreement.coefficients",
            input,
            expected.into(),
            1e-10,
        ));
    }
    let pairs = [([0, 0], 80), ([0, 1], 10), ([1, 0], 10)];
    let items: Vec<[i32; 2]> = pairs
        .iter()
        .flat_map(|(pair, n)| std::iter::repeat_n(*pair, *n))
        .collect();
    let paradox = &file["paradox_80_10_10_0"];
    let expected: Map<String, Value> = GWET
        .iter()
        .map(|(theirs, ours)| ((*ours).to_owned(), json!({"value": paradox[theirs]})))
        .collect();
    out.push(case(
        "paradox",
        "agreement.coefficients",
        json!({"items": items}),
        expected.into(),
        1e-10,
    ));
    out
}

pub(super) fn krippendorff(file: &Value) -> Vec<VectorCase> {
    let mut out = Vec::new();
    for vector in list(&file["cases"]) {
        let name = vector["name"].as_str().unwrap_or_default();
        for (level, alpha) in entries(&vector["alpha"]) {
            let input = json!({"raters": vector["rows_are_raters"], "level": level});
            let expected = json!({"alpha": alpha});
            out.push(case(
                format!("{name} {level}"),
                "agreement.krippendorff",
                input,
                expected,
                1e-12,
            ));
        }
    }
    let first = &file["cases"][0]["rows_are_raters"];
    let input = json!({"annotations": annotations(first)});
    let matrix = by_prefix(file, "coincidence_matrix").1;
    out.push(case(
        "coincidences",
        "agreement.votes",
        input,
        json!({"coincidences": matrix}),
        1e-12,
    ));
    out
}

pub(super) fn temporal(file: &Value) -> Vec<VectorCase> {
    let counts = &file["f_counts_tp_fp_fn"];
    let overlaps: Vec<f64> = entries(counts)
        .filter_map(|(k, _)| k.parse().ok())
        .collect();
    let rows: Vec<&Value> = entries(counts).map(|(_, v)| v).collect();
    let listed = |value: &Value| -> Vec<Value> {
        let [labels, starts, ends] = [0, 1, 2].map(|i| list(&value[i]));
        let rows = labels.iter().zip(starts).zip(ends);
        rows.map(|((label, start), end)| json!([label, start, end]))
            .collect()
    };
    let input =
        json!({"found": file["rater_pred"], "reference": file["rater_ref"], "overlaps": overlaps});
    let expected = json!({
        "edit": file["edit"], "counts": rows, "found": listed(&file["segments_pred"]),
        "reference": listed(&file["segments_ref"]),
    });
    let mut out = vec![case(
        "segments",
        "agreement.segments",
        input,
        expected,
        1e-12,
    )];
    for (i, g) in list(&file["gebd"]).iter().enumerate() {
        let input = |rule: &str| {
            json!({
                "found_secs": g["det"], "reference_secs": [g["gt"]], "duration_secs": g["duration"],
                "tolerance_share": g["rel_threshold"], "rule": rule,
            })
        };
        let s = &g["tp_prec_rec_f1"];
        let expected = json!({"hits": s[0], "precision": s[1], "recall": s[2], "f1": s[3]});
        out.push(case(
            format!("gebd {i}"),
            "agreement.boundaries",
            input("gebd"),
            expected,
            1e-12,
        ));
        let expected = json!({"hits": g["optimal_matching_tp"]});
        out.push(case(
            format!("optimal {i}"),
            "agreement.boundaries",
            input("optimal"),
            expected,
            0.0,
        ));
    }
    out
}

/// Images as our measures take them.
struct Marked<'a> {
    /// Number and name of each.
    ids: Vec<(usize, &'a str)>,
    images: Vec<Value>,
    /// The vectors' own numbers of the marks of each.
    places: Vec<Vec<Value>>,
}

fn marked(file: &Value) -> Marked<'_> {
    let mut images = Vec::new();
    let mut places: Vec<Vec<Value>> = Vec::new();
    let mut ids: Vec<(usize, &str)> = entries(&file["images"])
        .map(|(id, _)| (id.parse().unwrap_or(0), id.as_str()))
        .collect();
    ids.sort_unstable();
    for (_, id) in &ids {
        let image = &file["images"][id];
        let (mut objects, mut own) = (Vec::new(), Vec::new());
        for rater in list(&image["rater_list"]) {
            for mark in list(&image["annotations_by_rater"][rater.as_str().unwrap_or_default()]) {
                let category = &file["categories"][mark["category_id"].to_string()];
                objects
                    .push(json!({"annotator": rater, "category": category, "bbox": mark["bbox"]}));
                own.push(mark["id"].clone());
            }
        }
        images.push(json!({"annotators": image["rater_list"], "objects": objects}));
        places.push(own);
    }
    Marked {
        ids,
        images,
        places,
    }
}

pub(super) fn kalos(file: &Value) -> Vec<VectorCase> {
    let Marked {
        ids,
        images,
        places,
    } = marked(file);
    let mut out = Vec::new();
    for (setting, found) in entries(&file["results"]) {
        let parts: Vec<&str> = setting.split('|').collect();
        let [matching, cost, threshold] = parts[..] else {
            continue;
        };
        let threshold: f64 = threshold.parse().unwrap_or(f64::NAN);
        let input = json!({"images": images, "options": {"matching": matching, "cost": cost, "threshold": threshold}});
        let mut clusters: Vec<Vec<Vec<usize>>> = Vec::new();
        for ((_, id), own) in ids.iter().zip(&places) {
            let place = |mark: &Value| own.iter().position(|known| known == mark);
            let of = |cluster: &Value| {
                let mut cluster: Vec<usize> = list(cluster).iter().filter_map(place).collect();
                cluster.sort_unstable();
                cluster
            };
            let mut all: Vec<Vec<usize>> = list(&found["clusters"][id]).iter().map(of).collect();
            all.sort();
            clusters.push(all);
        }
        let alphas: Vec<&Value> = ids
            .iter()
            .map(|(_, id)| &found["image_alphas"][id])
            .collect();
        let mut pairs = Vec::new();
        for (a, row) in entries(&found["global_collaboration"]) {
            for (b, alpha) in entries(row) {
                pairs.push(json!({"a": a, "b": b, "alpha": alpha}));
            }
        }
        let expected = json!({
            "mean": found["mean_image_alpha"], "global": found["global_alpha"],
            "vitality": found["global_vitality"], "categories": found["global_class_difficulty"],
            "images": alphas, "clusters": clusters, "pairs": pairs,
        });
        out.push(case(setting, "agreement.objects", input, expected, 1e-12));
    }
    let d = &file["disagreement"];
    let expected = json!({"d_o": d["d_o"]});
    out.push(case(
        "distances",
        "agreement.objects_threshold",
        json!({"images": images}),
        expected,
        1e-12,
    ));
    let input = json!({"d_o": d["d_o"], "d_e": by_prefix(d, "d_e").1});
    let expected = json!({"ks": d["ks"], "tau_star": d["tau_star"]});
    out.push(case(
        "threshold",
        "agreement.objects_threshold",
        input,
        expected,
        1e-3,
    ));
    out
}
