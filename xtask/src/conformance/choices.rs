//! Vectors of choices: preference data and active learning.
//!
//! Each reader turns a file into cases of measures and compares the results. Not here: files of cases
//! ([`super::cases`]).

use super::Outcome;
use super::measured::{Entries, compared, run};
use fieldassay_testkit::Comparison;
use serde_json::{Value, json};
use std::path::Path;

/// Tolerances of the vectors' README.
const OPTIMIZER: f64 = 1e-6;
const CLOSED_FORM: f64 = 1e-10;
const NUMBERS: f64 = 1e-12;

/// The named entries of `from`.
fn part(from: &Value, keys: &[&str]) -> Value {
    let named = keys
        .iter()
        .map(|key| ((*key).to_owned(), from[key].clone()));
    Value::Object(named.collect())
}

/// One measure whose result has other names than the vector: pairs of our name and what is expected.
fn renamed(measure: &str, case: &Value, pairs: &[(&str, &Value)], tolerance: f64) -> Outcome {
    let mut to = Comparison::default();
    let found = run(&mut to, measure, case);
    for (name, expected) in pairs {
        to.agree(name, &found[*name], expected, tolerance);
    }
    to.into()
}

/// `F_active_learning`.
pub(super) fn selection(_: &Path, file: &Value) -> Entries {
    let one = |name: &str, measure: &str, case: Value, expected: Value| {
        (
            name.to_owned(),
            compared(measure, &case, &expected, NUMBERS),
        )
    };
    let (center, cover) = (&file["kcenter"], &file["probcover"]);
    let weights = &file["ppal_class_weight"];
    vec![
        one(
            "uncertainty",
            "selection.uncertainty",
            json!({"probs": file["probs"]}),
            part(
                file,
                &["entropy_nats", "least_confidence", "margin", "ratio"],
            ),
        ),
        one(
            "bald",
            "selection.bald",
            json!({"passes": file["mc_probs_[pass,item,class]"]}),
            part(
                file,
                &[
                    "predictive_entropy",
                    "expected_entropy",
                    "bald",
                    "variation_ratio_of_votes",
                ],
            ),
        ),
        one(
            "kcenter",
            "selection.k_center",
            json!({"X": file["X"], "initial": center["initial"], "budget": center["budget"]}),
            part(
                center,
                &["selected", "radius_at_pick", "final_cover_radius"],
            ),
        ),
        one(
            "typicality",
            "selection.typicality",
            json!({"X": file["X"], "k": 20}),
            file["typicality_k20"].clone(),
        ),
        one(
            "probcover",
            "selection.ball_cover",
            json!({"X": file["X"], "delta": cover["delta"], "budget": cover["budget"]}),
            part(cover, &["selected", "covered"]),
        ),
        one(
            "ppal_class_weight",
            "selection.class_weights",
            json!({"class_quality": weights["class_quality"], "alpha": weights["alpha"], "upper_bound": weights["upper_bound"]}),
            weights["weights"].clone(),
        ),
    ]
}

/// `G_preference`.
pub(super) fn preference(_: &Path, file: &Value) -> Entries {
    let mut entries = strengths(file);
    let ties = &file["ties"];
    for (model, tie) in [("davidson", "nu"), ("rao_kupper", "theta_param_eta")] {
        let expected = &ties[model];
        let case = json!({"data": ties["data_[i,j,result]"], "model": model});
        let pairs = [
            ("theta_sum0", &expected["theta_sum0"]),
            ("tie", &expected[tie]),
            ("nll", &expected["nll"]),
        ];
        let outcome = renamed("preference.ties", &case, &pairs, OPTIMIZER);
        entries.push((model.to_owned(), outcome));
    }
    let luce = &file["plackett_luce"];
    let case = json!({"rankings": luce["rankings_best_first"]});
    let pairs = [
        ("log_strengths", &luce["mm_mean0"]),
        ("log_strengths", &luce["opt_mean0"]),
        ("log_likelihood", &luce["loglik"]),
    ];
    let outcome = renamed("preference.plackett_luce", &case, &pairs, OPTIMIZER);
    entries.push(("plackett_luce".to_owned(), outcome));
    let crowd = &file["crowd_bt"];
    let case = json!({"data": crowd["data_[annotator,winner,loser]"], "prior": [1.0, 1.0]});
    let expected = part(crowd, &["theta", "eta", "objective"]);
    // The maximum lies on the border of one reliability, which BFGS only approaches.
    let outcome = compared("preference.crowd", &case, &expected, 1e-5);
    entries.push(("crowd_bt".to_owned(), outcome));
    let mut expected = file["intransitivity"].clone();
    let wins = expected
        .as_object_mut()
        .and_then(|e| e.remove("wins"))
        .unwrap_or_default();
    let case = json!({"wins": wins});
    let outcome = compared("preference.intransitivity", &case, &expected, CLOSED_FORM);
    entries.push(("intransitivity".to_owned(), outcome));
    let losses = &file["dpo_losses"];
    let case = json!({"delta_logratio": losses["delta_logratio"], "beta": losses["beta"]});
    let pairs = [
        ("sigmoid", &losses["sigmoid"]),
        ("conservative", &losses["cdpo_eps_0.1"]),
        ("robust", &losses["robust_eps_0.1"]),
    ];
    let outcome = renamed("preference.losses", &case, &pairs, NUMBERS);
    entries.push(("dpo_losses".to_owned(), outcome));
    entries
}

/// Strengths from wins by every way there is.
fn strengths(file: &Value) -> Entries {
    let comparisons = &file["comparisons_[winner,loser]"];
    let case = |more: Value| {
        let mut case = json!({"comparisons": comparisons});
        if let (Some(case), Some(more)) = (case.as_object_mut(), more.as_object()) {
            case.extend(more.clone());
        }
        case
    };
    let plain = "preference.bradley_terry";
    let fitted = [
        ("log_strengths", &file["mm_logworth_mean0"]),
        ("log_strengths", &file["ilsr_mean0"]),
        ("log_strengths", &file["opt_newton_mean0"]),
        ("log_likelihood", &file["loglik_at_mm"]),
        ("covariance", &file["cov_sum_to_zero_pinv_of_information"]),
    ];
    let penalized = [("log_strengths", &file["map_L2_penalty_0.5"])];
    let shrunk = [("log_strengths", &file["mm_alpha_0.1"])];
    let central = [("rank_centrality", &file["rank_centrality"])];
    let newman = renamed(plain, &case(json!({})), &fitted, OPTIMIZER);
    let mm = renamed(plain, &case(json!({"method": "mm"})), &fitted, OPTIMIZER);
    let alpha = renamed(plain, &case(json!({"alpha": 0.1})), &shrunk, OPTIMIZER);
    let map = renamed(
        "preference.bradley_terry_penalized",
        &case(json!({"penalty": 0.5})),
        &penalized,
        OPTIMIZER,
    );
    let rank = renamed("preference.scores", &case(json!({})), &central, CLOSED_FORM);
    [
        ("newman", newman),
        ("mm", mm),
        ("alpha", alpha),
        ("map", map),
        ("rank_centrality", rank),
    ]
    .map(|(name, outcome)| (name.to_owned(), outcome))
    .into()
}

/// `G_evalica`: scores on a scale of their own, on the data of the file beside it.
pub(super) fn evalica(path: &Path, file: &Value) -> Entries {
    let beside = path.with_file_name("G_preference.json");
    let data: Option<Value> = std::fs::read_to_string(&beside)
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok());
    let Some(data) = data else {
        let why = format!("`{}` holds its data and cannot be read", beside.display());
        return vec![(String::new(), Outcome::Failed(why))];
    };
    let ties = json!({"data": data["ties"]["data_[i,j,result]"]});
    let wins = json!({"comparisons": data["comparisons_[winner,loser]"]});
    let newman = centered_logs(&file["newman_scores"]);
    let half = centered_logs(&file["bradley_terry_ties_half_win"]);
    let plain = centered_logs(&file["bradley_terry_on_comparisons"]);
    let nu = file["newman_v_(tie param)"]
        .as_f64()
        .map(|v| 2.0 * v)
        .into();
    let elo = values(&file["elo_default"]);
    let strengths = "preference.bradley_terry";
    let one = |name: &str, outcome: Outcome| (name.to_owned(), outcome);
    vec![
        one(
            "newman",
            renamed(
                "preference.ties",
                &ties,
                &[("theta_sum0", &newman), ("tie", &nu)],
                OPTIMIZER,
            ),
        ),
        one(
            "bradley_terry_ties",
            renamed(strengths, &ties, &[("log_strengths", &half)], OPTIMIZER),
        ),
        one(
            "bradley_terry",
            renamed(strengths, &wins, &[("log_strengths", &plain)], OPTIMIZER),
        ),
        one(
            "elo",
            renamed("preference.scores", &ties, &[("elo", &elo)], OPTIMIZER),
        ),
    ]
}

/// The numbers of a map, by the order of its keys.
fn values(map: &Value) -> Value {
    let all = map
        .as_object()
        .into_iter()
        .flat_map(|m| m.values().cloned());
    Value::Array(all.collect())
}

/// Their logarithms, less the mean.
fn centered_logs(map: &Value) -> Value {
    let logs: Vec<f64> = map
        .as_object()
        .into_iter()
        .flat_map(|m| m.values())
        .filter_map(|x| Some(x.as_f64()?.ln()))
        .collect();
    let mean = logs.iter().sum::<f64>() / logs.len().max(1) as f64;
    logs.iter().map(|x| x - mean).collect::<Vec<_>>().into()
}
