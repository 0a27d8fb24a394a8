//! Vectors about people and their labels as cases for the registry of measures.
//!
//! Read [`people_vectors`] first. Every file has its own form; a case here is in the form of our measures, and what it
//! expects has the keys of their results.

use serde_json::{Map, Value, json};

/// One case of a file of vectors.
#[derive(Clone, Debug)]
pub struct VectorCase {
    /// What it is about, for messages.
    pub entry: String,
    /// Name of the measure.
    pub measure: &'static str,
    /// The case it runs.
    pub case: Value,
    /// What its result must hold; none where the case must be refused.
    pub out: Option<Value>,
    /// Relative above 1, absolute below; from the vectors' README.
    pub tolerance: f64,
}

/// How a file becomes cases.
type Reader = fn(&Value) -> Vec<VectorCase>;

/// Files known here, by name without `.json`.
pub const PEOPLE: &[(&str, Reader)] = &[
    ("A_bootstrap_alpha", bootstrap),
    ("A_cohen_kappa", cohen),
    ("A_control_charts", charts),
    ("A_fleiss_kappa", fleiss),
    ("A_gwet_irrcac", gwet),
    ("A_krippendorff", krippendorff),
    ("A_temporal_agreement", temporal),
    ("A_vision_alpha_kalos", kalos),
    ("B_crowdlab", crowdlab),
    ("B_dawid_skene", dawid_skene),
    ("B_fast_dawid_skene", fast),
    ("B_glad", glad),
    ("B_mace", mace),
    ("C_confident_learning", confident),
    ("C_objectlab", objectlab),
    ("C_systematic_errors", systematic),
    ("I_sliceline", sliceline),
];

/// The cases of a file; none for files of another subject.
pub fn people_vectors(stem: &str, file: &Value) -> Option<Vec<VectorCase>> {
    let (_, reader) = PEOPLE.iter().find(|(name, _)| *name == stem)?;
    Some(reader(file))
}

fn case(
    entry: impl Into<String>,
    measure: &'static str,
    case: Value,
    out: Value,
    tolerance: f64,
) -> VectorCase {
    VectorCase {
        entry: entry.into(),
        measure,
        case,
        out: Some(out),
        tolerance,
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// The value below the key that begins like this.
fn by_prefix<'a>(value: &'a Value, prefix: &str) -> (&'a str, &'a Value) {
    let mut found = entries(value).filter(|(key, _)| key.starts_with(prefix));
    found
        .next()
        .map_or(("", &Value::Null), |(key, value)| (key.as_str(), value))
}

/// Rows of raters as rows of unit, rater and value.
fn annotations(raters: &Value) -> Vec<Value> {
    let mut rows = Vec::new();
    for (rater, row) in list(raters).iter().enumerate() {
        for (unit, value) in list(row).iter().enumerate().filter(|(_, v)| !v.is_null()) {
            rows.push(json!([unit, rater, value]));
        }
    }
    rows
}

fn bootstrap(file: &Value) -> Vec<VectorCase> {
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

fn cohen(file: &Value) -> Vec<VectorCase> {
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

fn charts(file: &Value) -> Vec<VectorCase> {
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
    let arl = &file["arl"];
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

fn fleiss(file: &Value) -> Vec<VectorCase> {
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

fn gwet(file: &Value) -> Vec<VectorCase> {
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

fn krippendorff(file: &Value) -> Vec<VectorCase> {
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

fn temporal(file: &Value) -> Vec<VectorCase> {
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

fn kalos(file: &Value) -> Vec<VectorCase> {
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

fn crowdlab(file: &Value) -> Vec<VectorCase> {
    let input =
        json!({"labels": file["labels_rows_tasks_cols_workers"], "pred_probs": file["pred_probs"]});
    let stats = &file["annotator_stats"];
    let columns = list(&file["annotator_weight"]).len();
    let annotators: Vec<Value> = (0..columns)
        .map(|column| {
            let is_own = |id: &Value| id.as_str() == Some(column.to_string().as_str());
            let at = list(&file["annotator_ids"])
                .iter()
                .position(is_own)
                .unwrap_or(usize::MAX);
            json!({
                "quality": stats["annotator_quality"][at],
                "agreement_with_consensus": stats["agreement_with_consensus"][at],
                "worst_class": stats["worst_class"][at], "n": stats["num_examples_labeled"][at],
                "weight": file["annotator_weight"][column],
            })
        })
        .collect();
    let out = json!({
        "consensus_label": file["consensus_label"], "annotators": annotators,
        "consensus_quality_score": file["consensus_quality_score"],
        "annotator_agreement": file["annotator_agreement"],
        "detailed_label_quality": file["detailed_label_quality"],
        "model_weight": file["model_weight"], "majority": file["majority_vote_label_with_pred_probs"],
    });
    vec![case("all", "aggregation.crowdlab", input, out, 1e-10)]
}

/// What crowd-kit says of items, in our keys.
fn proba(found: &Value) -> Value {
    json!({"items": found["tasks"], "labels": found["labels"], "p": found["p"]})
}

fn with(mut value: Value, more: &Value) -> Value {
    if let (Some(to), Some(more)) = (value.as_object_mut(), more.as_object()) {
        to.extend(more.clone());
    }
    value
}

/// One entry per label, in the order of labels.
fn in_order(priors: &Value) -> Vec<&Value> {
    let mut keys: Vec<(i64, &Value)> = entries(priors)
        .map(|(k, v)| (k.parse().unwrap_or(0), v))
        .collect();
    keys.sort_by_key(|(k, _)| *k);
    keys.into_iter().map(|(_, v)| v).collect()
}

fn dawid_skene(file: &Value) -> Vec<VectorCase> {
    let rows = &file["annotations"];
    let mut majority = proba(&file["majority_vote_proba"]);
    let labels = by_prefix(file, "majority_vote_labels").1;
    majority["chosen"] = entries(labels).map(|(_, label)| label.clone()).collect();
    let skills = by_prefix(file, "wawa_skills").1;
    majority["agreement_with_majority"] = skills.clone();
    let input = json!({"annotations": rows});
    let mut out = vec![case(
        "majority",
        "aggregation.majority",
        input,
        majority,
        1e-9,
    )];
    let expected = |found: &Value| {
        let more =
            json!({"priors": in_order(&found["priors"]), "errors": by_prefix(found, "errors").1});
        with(proba(&found["proba"]), &more)
    };
    let all = |iterations: usize, gold: Vec<Value>| json!({"annotations": rows, "iterations": iterations, "tolerance": -1.0, "gold": gold});
    for (name, found) in entries(&file["dawid_skene"]) {
        let iterations = name.trim_start_matches("n_iter=").parse().unwrap_or(0);
        let case_ = case(
            name,
            "aggregation.dawid_skene",
            all(iterations, vec![]),
            expected(found),
            1e-9,
        );
        out.push(case_);
    }
    // The peer stops by a bound of its own; after as many rounds the numbers are the same.
    let found = &file["dawid_skene_default_tol"];
    let rounds = list(&found["loss_history"]).len();
    out.push(case(
        "default stop",
        "aggregation.dawid_skene",
        all(rounds, vec![]),
        expected(found),
        1e-9,
    ));
    let (key, found) = by_prefix(file, "dawid_skene_gold_");
    let tasks = list(&file["majority_vote_proba"]["tasks"]);
    let truth = list(&file["true_labels"]);
    let is_gold = |task: &Value| key.contains(task.as_str().unwrap_or("?"));
    let gold = tasks.iter().zip(truth).filter(|(task, _)| is_gold(task));
    let gold = gold.map(|(task, label)| json!([task, label])).collect();
    let rounds = list(&found["loss_history"]).len();
    out.push(case(
        "gold",
        "aggregation.dawid_skene",
        all(rounds, gold),
        expected(found),
        1e-9,
    ));
    let (key, found) = by_prefix(file, "one_coin_n_iter_");
    let rounds: usize = key
        .trim_start_matches("one_coin_n_iter_")
        .parse()
        .unwrap_or(0);
    let input = json!({"annotations": rows, "iterations": rounds, "tolerance": -1.0});
    let expected = with(proba(&found["proba"]), &json!({"skills": found["skills"]}));
    out.push(case(
        "one coin",
        "aggregation.one_coin",
        input,
        expected,
        1e-9,
    ));
    out
}

fn fast(file: &Value) -> Vec<VectorCase> {
    let mut rows = Vec::new();
    for (task, votes) in entries(&file["responses"]) {
        rows.extend(entries(votes).map(|(worker, label)| json!([task, worker, label])));
    }
    let labels = &file["labels_in_sorted_task_order"];
    let one = |name: &'static str, measure: &'static str, more: Value| {
        let input = with(json!({"annotations": rows}), &more);
        case(name, measure, input, json!({"chosen": labels[name]}), 0.0)
    };
    vec![
        one("FDS", "aggregation.fast_dawid_skene", json!({})),
        one(
            "H",
            "aggregation.fast_dawid_skene",
            json!({"options": {"soft_until": 0.005}}),
        ),
        one("DS", "aggregation.dawid_skene", json!({})),
        one("MV", "aggregation.majority", json!({})),
    ]
}

fn glad(file: &Value) -> Vec<VectorCase> {
    let more = json!({"abilities": file["alphas"], "log_ease": file["betas_log"]});
    let expected = with(proba(&file["proba"]), &more);
    vec![case(
        "all",
        "aggregation.glad",
        json!({"annotations": file["annotations"]}),
        expected,
        1e-5,
    )]
}

fn mace(file: &Value) -> Vec<VectorCase> {
    let workers = list(&file["worker_code_order"]);
    let codes = list(by_prefix(file, "label_code_order").1);
    let mut sorted: Vec<usize> = (0..workers.len()).collect();
    sorted.sort_by_key(|i| workers[*i].as_str());
    let mut columns: Vec<usize> = (0..codes.len()).collect();
    columns.sort_by(|a, b| number(&codes[*a]).total_cmp(&number(&codes[*b])));
    let reorder = |row: &Value| -> Vec<Value> { columns.iter().map(|c| row[*c].clone()).collect() };
    let spamming: Vec<&Value> = sorted.iter().map(|w| &file["init_spamming"][*w]).collect();
    let strategies: Vec<Vec<Value>> = sorted
        .iter()
        .map(|w| reorder(&file["init_thetas"][*w]))
        .collect();
    let mut out = Vec::new();
    for (name, found) in entries(&file["results"]) {
        let Some((method, rounds)) = name.split_once("|n_iter=") else {
            continue;
        };
        let rounds: usize = rounds.parse().unwrap_or(0);
        let input = json!({
            "annotations": file["annotations"], "start": [spamming, strategies],
            "options": {"method": method, "iterations": rounds},
        });
        let (spam, theta) = (by_prefix(found, "spamming").1, by_prefix(found, "thetas").1);
        let (mut of_spam, mut of_theta) = (Map::new(), Map::new());
        for (code, worker) in workers.iter().enumerate() {
            let worker = worker.as_str().unwrap_or_default().to_owned();
            of_spam.insert(worker.clone(), spam[code].clone());
            of_theta.insert(worker, reorder(&theta[code]).into());
        }
        let more = json!({"spamming": of_spam, "strategies": of_theta});
        out.push(case(
            name,
            "aggregation.mace",
            input,
            with(proba(&found["proba"]), &more),
            1e-9,
        ));
    }
    out
}

fn confident(file: &Value) -> Vec<VectorCase> {
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

fn objectlab(file: &Value) -> Vec<VectorCase> {
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

fn systematic(file: &Value) -> Vec<VectorCase> {
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

fn sliceline(file: &Value) -> Vec<VectorCase> {
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
