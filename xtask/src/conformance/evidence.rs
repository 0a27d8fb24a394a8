//! Vectors of sampling plans, calibration and selective answers.
//!
//! Each reader turns a file into cases of measures and compares the results. Not here: files of cases
//! ([`super::cases`]).

use super::Outcome;
use super::measured::{Entries, compared, list, run};
use fieldassay_testkit::Comparison;
use serde_json::{Value, json};
use std::path::Path;

/// Tolerances of the vectors' README.
const BOUNDS: f64 = 1e-9;
const STRATIFIED: f64 = 1e-10;
const SPRT: f64 = 1e-10;
const CALIBRATION: f64 = 1e-9;
const TEMPERATURE: f64 = 1e-6;
const PLATT: f64 = 1e-4;
const RISK: f64 = 1e-12;
const COST: f64 = 1e-15;

/// One entry per case of a list.
fn each(name: &str, cases: &Value, compare: impl Fn(&Value) -> Outcome) -> Entries {
    let cases = list(cases).iter().enumerate();
    cases
        .map(|(i, case)| (format!("{name}[{i}]"), compare(case)))
        .collect()
}

/// `D_acceptance_oc`: curves of plans, and the plan itself from the tables.
pub(super) fn acceptance(_: &Path, file: &Value) -> Entries {
    each("oc", &file["oc"], |oc| {
        let mut to = Comparison::default();
        let curve: Vec<(f64, &Value)> = oc["Pa_binomial"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(p, passes)| Some((p.parse().ok()?, passes)))
            .collect();
        let p: Vec<f64> = curve.iter().map(|(p, _)| *p).collect();
        let case = json!({"n": oc["n"], "accept": oc["Ac"], "p": p});
        let found = run(&mut to, "sampling.acceptance", &case);
        let expected: Vec<Value> = curve
            .iter()
            .map(|(_, passes)| json!({"passes": passes}))
            .collect();
        to.agree("points", &found["points"], &Value::from(expected), BOUNDS);
        to.near(
            "lq10",
            number(&found["lq10"]),
            &oc["LQ10(p with Pa=0.10)"],
            BOUNDS,
        );
        to.near(
            "p95",
            number(&found["p95"]),
            &oc["p95(p with Pa=.95)"],
            BOUNDS,
        );
        let limit: f64 = oc["aql"]
            .as_str()
            .and_then(|a| a.parse().ok())
            .unwrap_or(f64::NAN);
        let case =
            json!({"letter": oc["code"], "aql_percent": limit, "inspection": oc["inspection"]});
        let plan = run(&mut to, "sampling.mil_std_105e", &case);
        to.equal("n", &plan["n"], &oc["n"]);
        to.equal("accept", &plan["accept"], &oc["Ac"]);
        to.into()
    })
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// `D_binomial_bounds`.
pub(super) fn bounds(_: &Path, file: &Value) -> Entries {
    let mut entries = each("intervals", &file["intervals"], |case| {
        let mut to = Comparison::default();
        for (name, expected) in case.as_object().into_iter().flatten() {
            let Some(alpha) = name
                .strip_prefix("alpha=")
                .and_then(|a| a.parse::<f64>().ok())
            else {
                continue;
            };
            let asked = json!({"count": case["count"], "nobs": case["nobs"], "alpha": alpha});
            let mut found = run(&mut to, "sampling.share_intervals", &asked);
            // statsmodels calls the interval of Clopper and Pearson after its distribution.
            found["beta"] = found["clopper_pearson"].clone();
            to.agree(name, &found, expected, BOUNDS);
        }
        to.into()
    });
    entries.extend(each(
        "required_n_exact_binomial",
        &file["required_n_exact_binomial"],
        |case| {
            let asked = json!({
                "accuracy": case["accuracy"], "confidence": case["confidence"], "allowed_errors": case["allowed_errors"],
            });
            compared("sampling.required_n", &asked, &json!({"n": case["n"]}), 0.0)
        },
    ));
    entries
}

/// `D_hypergeom_n`.
pub(super) fn lots(_: &Path, file: &Value) -> Entries {
    each("cases", &file["cases"], |case| {
        let asked = json!({
            "lot": case["lot"], "accuracy": case["accuracy"], "confidence": case["confidence"],
            "allowed_errors": case["allowed_errors"],
        });
        compared("sampling.required_n", &asked, &json!({"n": case["n"]}), 0.0)
    })
}

/// `D_sprt`: the path's last ratios are kept there.
pub(super) fn sprt(_: &Path, file: &Value) -> Entries {
    each("cases", &file["cases"], |case| {
        let mut to = Comparison::default();
        let asked = json!({
            "x": case["x"], "p0": case["p0"], "p1": case["p1"], "alpha": case["alpha"], "beta": case["beta"],
        });
        let found = run(&mut to, "sampling.sprt", &asked);
        let path = list(&found["path"]);
        let last = list(&case["llr"]);
        let ratios: Vec<Value> = path
            .iter()
            .skip(path.len().saturating_sub(last.len()))
            .map(|step| step[0].clone())
            .collect();
        to.agree("llr", &Value::from(ratios), &case["llr"], SPRT);
        to.near("upper", number(&found["A"]), &case["upper"], SPRT);
        to.near("lower", number(&found["B"]), &case["lower"], SPRT);
        to.equal("n", &found["n"], &case["n"]);
        for key in ["lines", "ASN_p0", "ASN_p1"] {
            to.agree(key, &found[key], &case[key], SPRT);
        }
        let words = match found["decision"].as_str() {
            Some("accept_h0") => "accept_lot",
            Some("accept_h1") => "reject_lot",
            _ => "continue",
        };
        let expected = case["decision"].as_str().unwrap_or_default();
        if !expected.starts_with(words) {
            to.fail(format!("decision: found {words}, expected {expected}"));
        }
        to.into()
    })
}

/// `D_stratified`.
pub(super) fn stratified(_: &Path, file: &Value) -> Entries {
    let strata: Vec<Value> = list(&file["strata"])
        .iter()
        .map(|s| json!({"size": s["N"], "expected_error": s["p"]}))
        .collect();
    let mut to = Comparison::default();
    let case = json!({"strata": strata, "n": file["n"]});
    let found = run(&mut to, "sampling.allocate", &case);
    for (ours, theirs) in [
        ("neyman", "neyman_real"),
        ("neyman_whole", "neyman_int_largest_remainder"),
        ("proportional", "proportional_real"),
        ("floor", "floor_10pct_per_category"),
        ("floor_total", "total_n_for_10pct_floor"),
    ] {
        to.agree(ours, &found[ours], &file[theirs], STRATIFIED);
    }
    let boxed = &file["box_constrained_neyman"];
    let case =
        json!({"strata": strata, "n": file["n"], "lower": boxed["lower"], "upper": boxed["upper"]});
    let mut bounded = Comparison::default();
    let found = run(&mut bounded, "sampling.allocate", &case);
    bounded.agree(
        "bounded",
        &found["bounded"]["real"],
        &boxed["real"],
        STRATIFIED,
    );
    let estimator = &file["estimator"];
    let reviewed = list(&file["strata"])
        .iter()
        .zip(list(&estimator["n_h"]))
        .zip(list(&estimator["errors_h"]));
    let reviewed: Vec<Value> = reviewed
        .map(|((s, n), k)| json!({"size": s["N"], "reviewed": n, "errors": k}))
        .collect();
    let mut expected = estimator.clone();
    for input in ["n_h", "errors_h"] {
        if let Some(map) = expected.as_object_mut() {
            map.remove(input);
        }
    }
    let case = json!({"strata": reviewed});
    vec![
        ("allocation".to_owned(), to.into()),
        ("box_constrained_neyman".to_owned(), bounded.into()),
        (
            "estimator".to_owned(),
            compared("sampling.stratified", &case, &expected, STRATIFIED),
        ),
    ]
}

/// `E_calibration`.
pub(super) fn calibration(_: &Path, file: &Value) -> Entries {
    let data = json!({"confidence": file["confidence"], "correct": file["correct"]});
    vec![
        ("calibration".to_owned(), binned(file, &data)),
        ("curves".to_owned(), curves(file, &data)),
        ("isotonic".to_owned(), isotonic(file)),
        ("platt".to_owned(), platt(file)),
        ("temperature".to_owned(), temperature(file)),
    ]
}

fn with_bins(data: &Value, bins: usize) -> Value {
    let mut case = data.clone();
    case["bins"] = bins.into();
    case
}

fn binned(file: &Value, data: &Value) -> Outcome {
    let mut to = Comparison::default();
    let ten = run(&mut to, "confidence.calibration", &with_bins(data, 10));
    let fifteen = run(&mut to, "confidence.calibration", &with_bins(data, 15));
    let netcal = &file["netcal"];
    let reference = &file["reference_equal_width_10"];
    let of = |value: &Value| number(value.get("estimate").unwrap_or(value));
    for (name, found, expected) in [
        ("ECE_10", &ten["ece"], &netcal["ECE_10"]),
        ("ECE_15", &fifteen["ece"], &netcal["ECE_15"]),
        ("MCE_10", &ten["mce"], &netcal["MCE_10"]),
        ("ACE_10", &ten["ace"], &netcal["ACE_10"]),
        (
            "ECE_10_equal_mass",
            &ten["adaptive_ece"],
            &netcal["ECE_10_equal_mass"],
        ),
        ("ece", &ten["ece"], &reference["ece"]),
        ("mce", &ten["mce"], &reference["mce"]),
        (
            "equal mass",
            &ten["adaptive_ece"],
            &file["reference_equal_mass_10_array_split"],
        ),
        ("brier", &ten["brier"], &file["brier"]),
        ("log_loss", &ten["log_loss"], &file["log_loss"]),
        (
            "reliability",
            &ten["murphy"]["reliability"],
            &file["murphy"]["reliability(binned)"],
        ),
        (
            "resolution",
            &ten["murphy"]["resolution"],
            &file["murphy"]["resolution"],
        ),
        (
            "uncertainty",
            &ten["murphy"]["uncertainty"],
            &file["murphy"]["uncertainty"],
        ),
    ] {
        to.near(name, of(found), expected, CALIBRATION);
    }
    for row in list(&reference["bins_[k,n,conf,acc]"]) {
        let k = row[0]
            .as_u64()
            .and_then(|k| usize::try_from(k).ok())
            .unwrap_or(usize::MAX);
        let bin = &ten["reliability"][k];
        to.equal("n", &bin["n"], &row[1]);
        to.near(
            "confidence",
            number(&bin["confidence"]),
            &row[2],
            CALIBRATION,
        );
        to.near("accuracy", number(&bin["accuracy"]), &row[3], CALIBRATION);
    }
    to.into()
}

fn curves(file: &Value, data: &Value) -> Outcome {
    let mut to = Comparison::default();
    let ten = run(&mut to, "confidence.calibration", &with_bins(data, 10));
    for (ours, theirs) in [
        ("reliability", "sklearn_calibration_curve_uniform10"),
        (
            "reliability_equal_mass",
            "sklearn_calibration_curve_quantile10",
        ),
    ] {
        let filled: Vec<&Value> = list(&ten[ours])
            .iter()
            .filter(|bin| bin["n"] != 0)
            .collect();
        let of = |key: &str| {
            Value::from(
                filled
                    .iter()
                    .map(|bin| bin[key].clone())
                    .collect::<Vec<_>>(),
            )
        };
        to.agree(
            theirs,
            &of("accuracy"),
            &file[theirs]["prob_true"],
            CALIBRATION,
        );
        to.agree(
            theirs,
            &of("confidence"),
            &file[theirs]["prob_pred"],
            CALIBRATION,
        );
    }
    to.into()
}

fn isotonic(file: &Value) -> Outcome {
    let expected = &file["isotonic"];
    let case = json!({
        "scores": file["confidence"], "correct": file["correct"], "predict_at": expected["predict_at"],
    });
    let mut expected = expected.clone();
    if let Some(map) = expected.as_object_mut() {
        map.remove("predict_at");
    }
    compared("confidence.isotonic", &case, &expected, CALIBRATION)
}

fn platt(file: &Value) -> Outcome {
    let expected = &file["platt_sklearn_on_logit"];
    let case = json!({"scores": expected["scores"], "correct": file["correct"]});
    let wanted = json!({"a": expected["a"], "b": expected["b"]});
    compared("confidence.platt", &case, &wanted, PLATT)
}

fn temperature(file: &Value) -> Outcome {
    let expected = &file["temperature"];
    let case = json!({"logits": expected["logits"], "labels": expected["labels"]});
    let wanted = json!({
        "T": expected["T"], "nll_before": expected["nll_before"], "nll_after": expected["nll_after"],
    });
    compared("confidence.temperature", &case, &wanted, TEMPERATURE)
}

/// `E_selective`: our counts are whole; the peer's results with its defect are not compared.
pub(super) fn selective(_: &Path, file: &Value) -> Entries {
    let data = |case: Value| {
        let mut all = json!({"score": file["score"], "error": file["error"]});
        if let (Some(all), Some(case)) = (all.as_object_mut(), case.as_object()) {
            all.extend(case.clone());
        }
        all
    };
    let curve = data(json!({"coverage": file["risk_coverage_at"]["coverage"]}));
    let expected = json!({
        "risk": file["risk_coverage_at"]["risk"],
        "aurc": file["aurc_mean_over_all_prefixes"],
        "excess_aurc": file["excess_aurc"],
        "e_aurc_closed_form": file["e_aurc_closed_form"],
    });
    let mut entries = vec![(
        "risk_coverage".to_owned(),
        compared("confidence.risk_coverage", &curve, &expected, BOUNDS),
    )];
    entries.extend(each("bounds", &file["bounds"], |case| {
        let asked = json!({"count": case["k"], "nobs": case["m"], "alpha": case["delta"]});
        let expected = json!({"clopper_pearson_one_sided_upper": case["exact_upper"]});
        compared("sampling.share_intervals", &asked, &expected, BOUNDS)
    }));
    entries.extend(each(
        "sgr_integer_counts",
        &file["sgr_integer_counts"],
        |case| {
            let mut to = Comparison::default();
            let confidence = 1.0 - number(&case["delta"]);
            let asked =
                data(json!({"risk": case["r_star"], "confidence": confidence, "method": "sgr"}));
            let found = run(&mut to, "confidence.route", &asked);
            let probes = list(&found["probes"]).iter();
            let trace: Vec<Value> = probes
                .map(|p| json!([p["place"], p["accepted"], p["errors"], p["bound"]]))
                .collect();
            to.agree(
                "trace",
                &Value::from(trace),
                &case["trace_[z,m_i,errors,bound]"],
                BOUNDS,
            );
            let result = match &found["threshold"] {
                Value::Null => Value::Null,
                threshold => json!([threshold, found["risk_bound"], found["coverage"]]),
            };
            to.agree(
                "result",
                &result,
                &case["result_theta_bound_coverage"],
                BOUNDS,
            );
            to.into()
        },
    ));
    entries
}

/// `E_conformal_ltt`.
pub(super) fn conformal(_: &Path, file: &Value) -> Entries {
    let n = list(&file["scores"]).len();
    let mut entries = each("crc", &file["crc"], |case| {
        let mut to = Comparison::default();
        let asked = json!({
            "mean_loss": file["mean_loss"], "lambdas": file["lambdas"], "n": n, "alpha": case["alpha"],
        });
        let found = run(&mut to, "confidence.conformal_risk", &asked);
        to.agree("lambda", &found["lambda"], &case["lhat_sup_with_<="], RISK);
        to.into()
    });
    entries.extend(each("hb_p_values", &file["hb_p_values"], |case| {
        let asked = json!({"r_hat": case["r_hat"], "n": case["n"], "alpha": case["alpha"]});
        let expected = json!({"hb_p": case["hb_p"], "binom_p": case["binom_p"]});
        compared("confidence.risk_p", &asked, &expected, RISK)
    }));
    for (name, expected) in file.as_object().into_iter().flatten() {
        // The limits are in the name: `ltt_alpha_0.1_delta_0.1`.
        let limits = name
            .strip_prefix("ltt_alpha_")
            .and_then(|rest| rest.split_once("_delta_"));
        let parsed =
            limits.and_then(|(a, d)| Some((a.parse::<f64>().ok()?, d.parse::<f64>().ok()?)));
        let Some((alpha, delta)) = parsed else {
            continue;
        };
        let mut to = Comparison::default();
        let asked = json!({"mean_loss": file["mean_loss"], "n": n, "alpha": alpha, "delta": delta});
        let found = run(&mut to, "confidence.learn_then_test", &asked);
        for key in ["p_hb", "bonferroni_valid_idx", "holm_valid_idx"] {
            to.agree(key, &found[key], &expected[key], RISK);
        }
        let last = list(&found["fixed_sequence_valid_idx"])
            .last()
            .unwrap_or(&Value::Null);
        to.equal(
            "fixed sequence",
            last,
            &expected["fixed_sequence_from_lambda0_idx_max"],
        );
        entries.push((name.clone(), to.into()));
    }
    entries
}

/// `E_cost_threshold`.
pub(super) fn costs(_: &Path, file: &Value) -> Entries {
    each("cases", &file["cases"], |case| {
        let asked = json!({
            "C_error": case["C_error"], "C_review": case["C_review"], "review_catch_prob_q": case["review_catch_prob_q"],
        });
        let expected = json!({"accept_if_p_at_least": case["accept_if_p_at_least"]});
        compared("confidence.cost_threshold", &asked, &expected, COST)
    })
}

/// Rows of a table of words, by the names of its first line.
fn rows(text: &str) -> impl Iterator<Item = Vec<(&str, &str)>> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    lines.map(move |line| names.iter().copied().zip(line.split(',')).collect())
}

fn cell<'a>(row: &[(&str, &'a str)], name: &str) -> &'a str {
    row.iter()
        .find(|(n, _)| *n == name)
        .map_or("", |(_, value)| value)
}

/// `D_mil105e_single_plans.csv`: every cell of the three tables.
pub(super) fn single_plans(text: &str) -> Entries {
    let mut to = Comparison::default();
    for row in rows(text) {
        let number_of = |name: &str| cell(&row, name).parse::<f64>().unwrap_or(f64::NAN);
        let letter = cell(&row, "code_letter");
        let limit = number_of("aql_percent");
        let case =
            json!({"inspection": cell(&row, "inspection"), "letter": letter, "aql_percent": limit});
        let found = run(&mut to, "sampling.mil_std_105e", &case);
        for (ours, theirs) in [("n", "n"), ("accept", "Ac"), ("reject", "Re")] {
            let name = format!("{} {letter} {limit} {ours}", cell(&row, "inspection"));
            to.equal(&name, &found[ours], &Value::from(number_of(theirs)));
        }
    }
    vec![(String::new(), to.into())]
}

/// `D_mil105e_code_letters.csv`: both ends of every range of lots at every level.
pub(super) fn code_letters(text: &str) -> Entries {
    let mut to = Comparison::default();
    for row in rows(text) {
        let lots = cell(&row, "lot");
        let ends: Vec<u64> = lots
            .trim_end_matches('+')
            .split('-')
            .filter_map(|end| end.parse().ok())
            .collect();
        for (level, letter) in row.iter().filter(|(name, _)| *name != "lot") {
            for lot in &ends {
                let case = json!({"lot": lot, "level": level, "aql_percent": 1.0});
                let found = run(&mut to, "sampling.mil_std_105e", &case);
                to.equal(
                    &format!("{lot} {level}"),
                    &found["letter"],
                    &Value::from(*letter),
                );
            }
        }
    }
    vec![(String::new(), to.into())]
}
