use fieldassay_measure::registry;
use serde_json::Value;
fn read(name: &str) -> Value {
    let text = std::fs::read_to_string(format!("/work/shared/vectors/{name}.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}
fn agree(name: &str, found: &Value, expected: &Value, tol: f64, bad: &mut Vec<String>) {
    match expected {
        Value::Object(e) => for (k, v) in e { agree(&format!("{name}.{k}"), &found[k], v, tol, bad) },
        Value::Array(e) => {
            if found.as_array().map_or(0, Vec::len) != e.len() { bad.push(format!("{name}: length {found}")); return; }
            for (i, v) in e.iter().enumerate() { agree(&format!("{name}[{i}]"), &found[i], v, tol, bad); }
        }
        Value::Number(_) => {
            let f = found.get("estimate").unwrap_or(found).as_f64();
            let e = expected.as_f64().unwrap();
            if !f.is_some_and(|f| (f - e).abs() <= tol * e.abs().max(1.0)) { bad.push(format!("{name}: {found} is not {expected}")); }
        }
        _ => if found != expected { bad.push(format!("{name}: {found} is not {expected}")) }
    }
}
#[test]
fn cases() {
    let mut bad = Vec::new();
    for (file, function, measure, tol) in [
        ("species_coverage", "", "coverage.richness", 1e-9),
        ("vendi", "", "coverage.vendi", 1e-9),
        ("combinatorial_coverage", "", "coverage.t_way", 1e-12),
        ("rates", "binomial", "coverage.binomial_rate", 1e-9),
        ("rates", "poisson_rate", "coverage.poisson_rate", 1e-9),
        ("rand_driving_to_safety", "", "coverage.driving_to_safety", 1e-9),
        ("drift", "psi_counts", "drift.psi", 1e-9),
        ("drift", "ks_2samp", "drift.ks", 1e-9),
        ("drift", "jensen_shannon", "drift.jensen_shannon", 1e-9),
        ("drift", "mmd2_rbf_median", "drift.mmd", 1e-9),
        ("drift", "c2st_z", "drift.classifier_z", 1e-9),
        ("adwin", "", "drift.adwin", 1e-9),
        ("anomaly", "iforest_c", "rarity.isolation_path", 1e-12),
        ("anomaly", "iforest_score", "rarity.isolation_score", 1e-12),
        ("anomaly", "robust_z", "rarity.robust_z", 1e-12),
        ("anomaly", "tag_rarity", "rarity.tags", 1e-12),
    ] {
        let all = read(&format!("scenario/{file}"));
        let mut n = 0;
        for (i, case) in all["cases"].as_array().unwrap().iter().enumerate() {
            if case["fn"].as_str().unwrap_or("") != function { continue; }
            n += 1;
            match (registry::find(measure).unwrap().run)(&case["in"]) {
                Ok(found) => agree(&format!("{file} {i}"), &found, &case["out"], tol, &mut bad),
                Err(e) => bad.push(format!("{file} {i}: {e}")),
            }
        }
        assert!(n > 0, "{file} {function}");
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}
fn run(measure: &str, case: Value) -> Value { (registry::find(measure).unwrap().run)(&case).unwrap_or_else(|e| panic!("{measure}: {e}")) }
fn vecf(v: &Value) -> Vec<f64> { v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect() }
fn centered_logs(v: &Value) -> Value { let l: Vec<f64> = v.as_object().unwrap().values().map(|x| x.as_f64().unwrap().ln()).collect(); let m = l.iter().sum::<f64>()/l.len() as f64; l.iter().map(|x| x-m).collect::<Vec<_>>().into() }
#[test]
fn preference() {
    use serde_json::json;
    let g = read("annotation/G_preference"); let mut bad = Vec::new();
    let c = &g["comparisons_[winner,loser]"];
    let bt = run("preference.bradley_terry", json!({"comparisons": c}));
    println!("newman iterations {}", bt["iterations"]);
    agree("newman", &bt["log_strengths"], &g["mm_logworth_mean0"], 1e-8, &mut bad);
    agree("ll", &bt["log_likelihood"], &g["loglik_at_mm"], 1e-10, &mut bad);
    agree("cov", &bt["covariance"], &g["cov_sum_to_zero_pinv_of_information"], 1e-8, &mut bad);
    let mm = run("preference.bradley_terry", json!({"comparisons": c, "method": "mm"}));
    agree("mm", &mm["log_strengths"], &g["mm_logworth_mean0"], 1e-8, &mut bad);
    let a = run("preference.bradley_terry", json!({"comparisons": c, "alpha": 0.1}));
    agree("alpha", &a["log_strengths"], &g["mm_alpha_0.1"], 1e-6, &mut bad);
    let a = run("preference.bradley_terry_penalized", json!({"comparisons": c, "penalty": 0.5}));
    agree("map", &a["log_strengths"], &g["map_L2_penalty_0.5"], 1e-6, &mut bad);
    let s = run("preference.scores", json!({"comparisons": c}));
    agree("rank", &s["rank_centrality"], &g["rank_centrality"], 1e-9, &mut bad);
    let t = &g["ties"]["data_[i,j,result]"];
    for (model, key, tie) in [("davidson", "davidson", "nu"), ("rao_kupper", "rao_kupper", "theta_param_eta")] {
        let f = run("preference.ties", json!({"data": t, "model": model}));
        agree(key, &f["theta_sum0"], &g["ties"][key]["theta_sum0"], 1e-6, &mut bad);
        agree(key, &f["tie"], &g["ties"][key][tie], 1e-6, &mut bad);
        agree(key, &f["nll"], &g["ties"][key]["nll"], 1e-10, &mut bad);
    }
    let pl = run("preference.plackett_luce", json!({"rankings": g["plackett_luce"]["rankings_best_first"]}));
    agree("pl", &pl["log_strengths"], &g["plackett_luce"]["mm_mean0"], 1e-6, &mut bad);
    agree("pl", &pl["log_likelihood"], &g["plackett_luce"]["loglik"], 1e-9, &mut bad);
    let first: Value = vecf(&pl["per_ranking"])[..3].to_vec().into();
    agree("pl", &first, &g["plackett_luce"]["log_likelihood_per_ranking_first3"], 1e-6, &mut bad);
    let cr = run("preference.crowd", json!({"data": g["crowd_bt"]["data_[annotator,winner,loser]"], "prior": [1.0, 1.0]}));
    println!("crowd iterations {}", cr["iterations"]);
    agree("crowd", &cr["theta"], &g["crowd_bt"]["theta"], 1e-5, &mut bad);
    agree("crowd", &cr["eta"], &g["crowd_bt"]["eta"], 1e-5, &mut bad);
    agree("crowd", &cr["objective"], &g["crowd_bt"]["objective"], 1e-6, &mut bad);
    let i = run("preference.intransitivity", json!({"wins": g["intransitivity"]["wins"]}));
    let mut e = g["intransitivity"].clone(); e.as_object_mut().unwrap().remove("wins");
    agree("cycles", &i, &e, 1e-10, &mut bad);
    let d = &g["dpo_losses"];
    let l = run("preference.losses", json!({"delta_logratio": d["delta_logratio"], "beta": d["beta"]}));
    agree("dpo", &l["sigmoid"], &d["sigmoid"], 1e-12, &mut bad);
    agree("dpo", &l["conservative"], &d["cdpo_eps_0.1"], 1e-12, &mut bad);
    agree("dpo", &l["robust"], &d["robust_eps_0.1"], 1e-12, &mut bad);
    let e = read("annotation/G_evalica");
    let n = run("preference.ties", json!({"data": t}));
    agree("evalica newman", &n["theta_sum0"], &centered_logs(&e["newman_scores"]), 1e-6, &mut bad);
    let b = run("preference.bradley_terry", json!({"data": t}));
    agree("evalica bt", &b["log_strengths"], &centered_logs(&e["bradley_terry_ties_half_win"]), 1e-6, &mut bad);
    agree("evalica btc", &bt["log_strengths"], &centered_logs(&e["bradley_terry_on_comparisons"]), 1e-6, &mut bad);
    let s = run("preference.scores", json!({"data": t}));
    let list = |v: &Value| -> Value { v.as_object().unwrap().values().cloned().collect::<Vec<_>>().into() };
    agree("elo", &s["elo"], &list(&e["elo_default"]), 1e-9, &mut bad);
    agree("pagerank", &s["page_rank"], &list(&e["pagerank"]), 1e-6, &mut bad);
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}
#[test]
fn text_and_selection() {
    use serde_json::json;
    let mut bad = Vec::new();
    let m = read("annotation/I_minhash");
    for scheme in ["affine32", "affine64", "legacy"] {
        let s = &m[scheme];
        let f = run("text.min_hash", json!({"texts": m["texts"], "scheme": scheme, "a": s["a"], "b": s["b"]}));
        agree(scheme, &f["hashvalues"], &s["hashvalues"], 0.0, &mut bad);
        agree(scheme, &f["est_jaccard"], &s["est_jaccard"], 0.0, &mut bad);
        agree(scheme, &f["jaccard"], &m["jaccard"], 0.0, &mut bad);
        agree(scheme, &f["shingles"], &m["shingles"], 0.0, &mut bad);
    }
    for row in m["optimal_b_r"].as_array().unwrap() {
        let f = run("text.lsh_bands", json!({"threshold": row["threshold"], "num_perm": row["num_perm"]}));
        agree("bands", &f["b_r"], &row["b_r"], 0.0, &mut bad);
    }
    let c = &m["contamination"];
    let f = run("text.contamination", json!({"train": [c["train"]], "eval": [c["eval"]], "n": [3,4,5,8]}));
    for (n, x) in c["ngram_overlap_fraction_of_eval"].as_object().unwrap() { agree("cont", &f[n][0], x, 1e-12, &mut bad); }
    let i = read("annotation/I_captions");
    let f = run("text.captions", json!({"captions": i["tokens"]}));
    for k in ["distinct_1", "distinct_2", "unigram_entropy_bits"] { agree(k, &f[k], &i[k], 1e-12, &mut bad); }
    agree("ttr", &f["type_token_ratio"][0], &i["ttr_first"], 1e-12, &mut bad);
    let f = run("text.chair", json!({"captions": i["tokens"], "objects": i["gt_objects"], "synonyms": i["synonyms"]}));
    for k in ["chair_i", "chair_s", "per_caption"] { agree(k, &f[k], &i[k], 1e-12, &mut bad); }
    let a = read("annotation/F_active_learning");
    let f = run("selection.uncertainty", json!({"probs": a["probs"]}));
    for k in ["entropy_nats", "least_confidence", "margin", "ratio"] { agree(k, &f[k], &a[k], 1e-12, &mut bad); }
    let f = run("selection.bald", json!({"passes": a["mc_probs_[pass,item,class]"]}));
    for k in ["predictive_entropy", "expected_entropy", "bald", "variation_ratio_of_votes"] { agree(k, &f[k], &a[k], 1e-12, &mut bad); }
    let k = &a["kcenter"];
    let f = run("selection.k_center", json!({"X": a["X"], "initial": k["initial"], "budget": k["budget"]}));
    for key in ["selected", "radius_at_pick", "final_cover_radius"] { agree(key, &f[key], &k[key], 1e-12, &mut bad); }
    let f = run("selection.typicality", json!({"X": a["X"], "k": 20}));
    agree("typ", &f, &a["typicality_k20"], 1e-12, &mut bad);
    let k = &a["probcover"];
    let f = run("selection.ball_cover", json!({"X": a["X"], "delta": k["delta"], "budget": k["budget"]}));
    for key in ["selected", "covered"] { agree(key, &f[key], &k[key], 0.0, &mut bad); }
    let k = &a["ppal_class_weight"];
    let f = run("selection.class_weights", json!({"class_quality": k["class_quality"]}));
    agree("ppal", &f, &k["weights"], 1e-12, &mut bad);
    let d = read("annotation/I_distribution_shift");
    let f = run("drift.mmd", json!({"X": d["X"], "Y": d["Y"]}));
    agree("mmd", &f["sigma_median"], &d["median_pairwise_distance_pooled"], 1e-9, &mut bad);
    for k in ["gamma", "mmd2_unbiased", "mmd2_biased"] { agree(k, &f[k], &d[k], 1e-9, &mut bad); }
    let column = |m: &Value, c: usize| -> Value { m.as_array().unwrap().iter().map(|r| r[c].clone()).collect::<Vec<_>>().into() };
    for c in 0..3 {
        let (x, y) = (column(&d["X"], c), column(&d["Y"], c));
        let f = run("drift.ks", json!({"x": x, "y": y}));
        agree("D", &f["D"], &d["ks"][c]["D"], 1e-12, &mut bad);
        agree("p", &f["p_exact"], &d["ks"][c]["p_exact_or_auto"], 1e-9, &mut bad);
        let f = run("drift.wasserstein", json!({"x": x, "y": y}));
        agree("w", &f["w1"], &d["wasserstein1"][c], 1e-12, &mut bad);
        if c == 0 { agree("energy", &f["energy"], &d["energy_distance_col0"], 1e-9, &mut bad);
            let f = run("drift.psi_values", json!({"x": x, "y": y}));
            agree("psi", &f["psi"], &d["psi_col0_10_quantile_bins_eps1e-4"], 1e-9, &mut bad);
            agree("js", &f["jensen_shannon"]["js_divergence_nats"], &d["js_divergence_nats_col0_bins"], 1e-9, &mut bad);
            agree("bins", &f["current_shares"], &d["psi_bins"][1], 1e-12, &mut bad); }
    }
    let f = run("drift.classifier", json!({"X": d["X"], "Y": d["Y"]}));
    for k in ["prob", "accuracy", "auc", "majority_rate", "binom_p_greater_vs_majority", "z_lopez_paz_balanced"] { agree(k, &f[k], &d["c2st"][k], 1e-5, &mut bad); }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}
