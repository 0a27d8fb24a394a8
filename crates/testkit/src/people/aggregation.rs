//! One label out of many votes.

use super::{VectorCase, by_prefix, case, entries, in_order, list, number, with};
use serde_json::{Map, Value, json};

pub(super) fn crowdlab(file: &Value) -> Vec<VectorCase> {
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

pub(super) fn dawid_skene(file: &Value) -> Vec<VectorCase> {
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
    out.push(one_coin(file));
    out
}

fn one_coin(file: &Value) -> VectorCase {
    let (key, found) = by_prefix(file, "one_coin_n_iter_");
    let rounds: usize = key
        .trim_start_matches("one_coin_n_iter_")
        .parse()
        .unwrap_or(0);
    let input =
        json!({"annotations": file["annotations"], "iterations": rounds, "tolerance": -1.0});
    let expected = with(proba(&found["proba"]), &json!({"skills": found["skills"]}));
    case("one coin", "aggregation.one_coin", input, expected, 1e-9)
}

pub(super) fn fast(file: &Value) -> Vec<VectorCase> {
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

pub(super) fn glad(file: &Value) -> Vec<VectorCase> {
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

pub(super) fn mace(file: &Value) -> Vec<VectorCase> {
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
