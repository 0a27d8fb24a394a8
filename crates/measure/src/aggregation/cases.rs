//! The measures of this subject by name.

use super::{
    Code, EmOptions, FastOptions, GladOptions, Known, MaceOptions, MaceStart, SoftLabels, Spamming,
    VoteTable, Votes, VotesError,
};
use crate::registry::{About, Direction, Measure, call};
use crate::stats::Estimate;
use serde::Deserialize;
use serde_json::{Map, Value, json};

type Rows = Vec<(Code, Code, Code)>;

/// What every result says of items.
fn labeled(table: &VoteTable, soft: &SoftLabels) -> Map<String, Value> {
    let found = super::choices(soft);
    let rows: Vec<&[f64]> = soft.rows().collect();
    let chosen: Vec<&Code> = found
        .iter()
        .map(|c| &table.labels.0[c.label as usize])
        .collect();
    let votes: Vec<usize> = table.votes.iter().map(|(_, labels)| labels.len()).collect();
    let entropy: Vec<f64> = found.iter().map(|c| c.entropy).collect();
    let is_tied: Vec<bool> = found.iter().map(|c| c.is_tied).collect();
    let all = json!({
        "items": table.items.texts(), "labels": table.labels.0, "p": rows, "chosen": chosen,
        "votes": votes, "entropy": entropy, "is_tied": is_tied, "repeated_votes": table.votes.repeated(),
    });
    match all {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// A value for each annotator, by name.
fn by_annotator<T: serde::Serialize>(table: &VoteTable, values: &[T]) -> Value {
    let names = table.annotators.texts().into_iter();
    names
        .zip(values)
        .map(|(name, value)| (name, json!(value)))
        .collect::<Map<_, _>>()
        .into()
}

fn quality(table: &VoteTable, soft: &SoftLabels) -> Result<Value, VotesError> {
    let found = super::annotator_quality(&table.votes, soft)?;
    let rows: Vec<Value> = found
        .iter()
        .map(|q| {
            q.map_or(
                Value::Null,
                |q| json!({"accuracy": q.accuracy, "above_chance": q.above_chance}),
            )
        })
        .collect();
    Ok(by_annotator(table, &rows))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MajorityCase {
    annotations: Rows,
    #[serde(default)]
    pseudo: f64,
}

fn majority(case: &MajorityCase) -> Result<Value, VotesError> {
    let table = VoteTable::from_rows(&case.annotations)?;
    let soft = super::soft_labels(&table.votes, case.pseudo)?;
    let mut out = labeled(&table, &soft);
    let agreement: Vec<Option<Estimate>> = super::agreement_with_majority(&table.votes)?;
    out.insert(
        "agreement_with_majority".to_owned(),
        by_annotator(&table, &agreement),
    );
    Ok(out.into())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DawidSkeneCase {
    annotations: Rows,
    #[serde(default)]
    gold: Vec<(Code, Code)>,
    #[serde(default)]
    pseudo_counts: Vec<(Code, Code, Code, f64)>,
    #[serde(default = "rounds")]
    iterations: usize,
    #[serde(default = "gain")]
    tolerance: f64,
}

fn rounds() -> usize {
    EmOptions::default().iterations
}

fn gain() -> f64 {
    EmOptions::default().tolerance
}

fn unknown(what: &'static str) -> VotesError {
    VotesError::BadNumber {
        what,
        value: f64::NAN,
        expected: "a name that is among the annotations",
    }
}

fn dawid_skene(case: &DawidSkeneCase) -> Result<Value, VotesError> {
    let table = VoteTable::from_rows(&case.annotations)?;
    let k = table.votes.labels();
    let mut gold = Vec::new();
    for (item, label) in &case.gold {
        let item = table.items.code(item).ok_or(unknown("item of gold"))?;
        gold.push((
            item,
            table.labels.code(label).ok_or(unknown("label of gold"))?,
        ));
    }
    let mut pseudo = Vec::new();
    if !case.pseudo_counts.is_empty() {
        pseudo.resize(table.votes.annotators() * k * k, 0.0);
        for (annotator, given, truth, count) in &case.pseudo_counts {
            let annotator = table
                .annotators
                .code(annotator)
                .ok_or(unknown("annotator of counts"))?;
            let code = |label| table.labels.code(label).ok_or(unknown("label of counts"));
            let at = (annotator as usize * k + code(given)? as usize) * k + code(truth)? as usize;
            pseudo[at] += count;
        }
    }
    let known = Known {
        gold: &gold,
        pseudo_counts: &pseudo,
    };
    let options = EmOptions {
        iterations: case.iterations,
        tolerance: case.tolerance,
    };
    let found = super::dawid_skene(&table.votes, known, options)?;
    let mut out = labeled(&table, &found.soft);
    let errors: Vec<Vec<&[f64]>> = found
        .errors
        .chunks_exact(k * k)
        .map(|block| block.chunks_exact(k).collect())
        .collect();
    out.insert("priors".to_owned(), json!(found.priors));
    out.insert("errors".to_owned(), by_annotator(&table, &errors));
    out.insert("annotators".to_owned(), quality(&table, &found.soft)?);
    out.insert("elbo".to_owned(), json!(found.elbo));
    out.insert("is_converged".to_owned(), json!(found.is_converged));
    Ok(out.into())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneCoinCase {
    annotations: Rows,
    #[serde(default = "rounds")]
    iterations: usize,
    #[serde(default = "gain")]
    tolerance: f64,
}

fn one_coin(case: &OneCoinCase) -> Result<Value, VotesError> {
    let table = VoteTable::from_rows(&case.annotations)?;
    let options = EmOptions {
        iterations: case.iterations,
        tolerance: case.tolerance,
    };
    let found = super::one_coin(&table.votes, options)?;
    let mut out = labeled(&table, &found.soft);
    out.insert("priors".to_owned(), json!(found.priors));
    out.insert("skills".to_owned(), by_annotator(&table, &found.skills));
    out.insert("annotators".to_owned(), quality(&table, &found.soft)?);
    out.insert("elbo".to_owned(), json!(found.elbo));
    Ok(out.into())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FastCase {
    annotations: Rows,
    #[serde(default)]
    options: FastOptions,
}

fn fast(case: &FastCase) -> Result<Value, VotesError> {
    let table = VoteTable::from_rows(&case.annotations)?;
    let found = super::fast_dawid_skene(&table.votes, case.options)?;
    let chosen: Vec<&Code> = found
        .labels
        .iter()
        .map(|y| &table.labels.0[*y as usize])
        .collect();
    Ok(json!({
        "items": table.items.texts(), "labels": table.labels.0, "chosen": chosen,
        "priors": found.priors, "iterations": found.iterations,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GladCase {
    annotations: Rows,
    #[serde(default)]
    options: GladOptions,
}

fn glad(case: &GladCase) -> Result<Value, VotesError> {
    let table = VoteTable::from_rows(&case.annotations)?;
    let found = super::glad(&table.votes, case.options)?;
    let mut out = labeled(&table, &found.soft);
    let ease: Map<String, Value> = table
        .items
        .texts()
        .into_iter()
        .zip(&found.log_ease)
        .map(|(n, x)| (n, json!(x)))
        .collect();
    out.insert(
        "abilities".to_owned(),
        by_annotator(&table, &found.abilities),
    );
    out.insert("log_ease".to_owned(), ease.into());
    out.insert("elbo".to_owned(), json!(found.elbo));
    out.insert("is_converged".to_owned(), json!(found.is_converged));
    Ok(out.into())
}

/// Chances of labels, a row per annotator.
type Strategies = Vec<Vec<f64>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MaceCase {
    annotations: Rows,
    #[serde(default)]
    options: MaceOptions,
    /// Start of a single run: spamming and strategies by annotator and label, in order of their names.
    #[serde(default)]
    start: Option<(Vec<[f64; 2]>, Strategies)>,
}

fn mace(case: &MaceCase) -> Result<Value, VotesError> {
    let table = VoteTable::from_rows(&case.annotations)?;
    let MaceOptions {
        method, iterations, ..
    } = case.options;
    let found = match &case.start {
        None => super::mace(&table.votes, case.options)?,
        Some((spamming, strategies)) => {
            let start = MaceStart {
                spamming: spamming.clone(),
                strategies: strategies.concat(),
            };
            super::mace_from(&table.votes, start, method, iterations)?
        }
    };
    let mut out = labeled(&table, &found.soft);
    let strategies: Vec<&[f64]> = found
        .strategies
        .chunks_exact(table.votes.labels())
        .collect();
    out.insert("spamming".to_owned(), by_annotator(&table, &found.spamming));
    out.insert("strategies".to_owned(), by_annotator(&table, &strategies));
    out.insert("log_likelihood".to_owned(), json!(found.log_likelihood));
    let is_normalized = method == Spamming::Em;
    out.insert("is_normalized".to_owned(), json!(is_normalized));
    Ok(out.into())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CrowdlabCase {
    /// A row per item, a column per annotator, null where there is no vote.
    labels: Vec<Vec<Option<f64>>>,
    pred_probs: Vec<Vec<f64>>,
}

/// Codes from a table of labels that are whole numbers.
fn codes_of(rows: &[Vec<Option<f64>>]) -> Result<[Vec<u32>; 3], VotesError> {
    let mut out = [Vec::new(), Vec::new(), Vec::new()];
    for (item, row) in (0_u32..).zip(rows) {
        for (annotator, label) in (0_u32..).zip(row) {
            let Some(value) = *label else { continue };
            let expected = "a whole number from 0, below 65536";
            let bad = VotesError::BadNumber {
                what: "label",
                value,
                expected,
            };
            if value.fract() != 0.0 || !(0.0..65536.0).contains(&value) {
                return Err(bad);
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked"
            )]
            let code = value as u32;
            [item, annotator, code]
                .into_iter()
                .zip(&mut out)
                .for_each(|(x, list)| list.push(x));
        }
    }
    Ok(out)
}

fn crowdlab(case: &CrowdlabCase) -> Result<Value, VotesError> {
    let [items, annotators, labels] = codes_of(&case.labels)?;
    let k = case.pred_probs.first().map_or(0, Vec::len);
    let votes = Votes::from_rows(&items, &annotators, &labels)?.with_labels(k);
    if let Some(row) = case.pred_probs.iter().find(|row| row.len() != k) {
        return Err(VotesError::Length {
            what: "a row of probabilities",
            found: row.len(),
            expected: k,
        });
    }
    let model = SoftLabels {
        labels: k,
        p: case.pred_probs.concat(),
    };
    let found = super::crowdlab(&votes, &model)?;
    let rows: Vec<Vec<Option<f64>>> = (0..votes.items())
        .map(|item| {
            let (who, given) = votes.of(item);
            let mut row = vec![None; votes.annotators()];
            for (&w, &y) in who.iter().zip(given) {
                row[w as usize] = Some(found.soft.of(item)[y as usize]);
            }
            row
        })
        .collect();
    let stats: Vec<Value> = found
        .annotators
        .iter()
        .map(|a| {
            json!({
                "quality": a.quality, "agreement_with_consensus": a.agreement,
                "worst_class": a.worst_label, "n": a.n, "weight": a.weight,
            })
        })
        .collect();
    Ok(json!({
        "majority": found.majority, "consensus_label": found.consensus,
        "consensus_quality_score": found.quality, "annotator_agreement": found.agreement,
        "p": found.soft.rows().collect::<Vec<_>>(), "detailed_label_quality": rows,
        "annotators": stats, "model_weight": found.model_weight,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SoftCase {
    /// A row of vote counts per item.
    counts: Vec<Vec<f64>>,
    #[serde(default)]
    truth: Vec<usize>,
}

fn soft(case: &SoftCase) -> Result<Value, VotesError> {
    let k = case.counts.first().map_or(0, Vec::len);
    let mut p = Vec::with_capacity(case.counts.len() * k);
    for row in &case.counts {
        let total: f64 = row.iter().sum();
        if row.len() != k {
            return Err(VotesError::Length {
                what: "a row of counts",
                found: row.len(),
                expected: k,
            });
        }
        if let Some(&value) = row.iter().find(|x| !(**x >= 0.0 && x.is_finite())) {
            return Err(VotesError::BadNumber {
                what: "count",
                value,
                expected: "a count",
            });
        }
        if total <= 0.0 {
            return Err(VotesError::Empty);
        }
        p.extend(row.iter().map(|x| x / total));
    }
    if p.is_empty() {
        return Err(VotesError::Empty);
    }
    let soft = SoftLabels { labels: k, p };
    let found = super::choices(&soft);
    let n = found.len() as f64;
    let mut out = json!({
        "chosen": found.iter().map(|c| c.label).collect::<Vec<_>>(),
        "mean_entropy": found.iter().map(|c| c.entropy).sum::<f64>() / n,
        "tied": found.iter().filter(|c| c.is_tied).count(),
    });
    if !case.truth.is_empty() {
        let (found_n, expected) = (case.truth.len(), found.len());
        if found_n != expected || case.truth.iter().any(|t| *t >= k) {
            return Err(VotesError::Length {
                what: "truth",
                found: found_n,
                expected,
            });
        }
        let right = found
            .iter()
            .zip(&case.truth)
            .filter(|(c, t)| c.label as usize == **t)
            .count();
        let of_truth: f64 = soft.rows().zip(&case.truth).map(|(row, t)| row[*t]).sum();
        out["accuracy"] = json!(right as f64 / n);
        out["mean_p_of_truth"] = json!(of_truth / n);
    }
    Ok(out)
}

const VOTES: &str = r#"{"annotations": [["a", "ann", 0], ["a", "bob", 0], ["a", "cyd", 1], ["b", "ann", 1], ["b", "bob", 1], ["b", "cyd", 1], ["c", "ann", 0], ["c", "bob", 0], ["c", "cyd", 0]]}"#;

pub(crate) static MEASURES: &[Measure] = &[
    Measure {
        name: "aggregation.majority",
        about: About {
            title: "The label most people gave, and the share of votes of every label",
            formula: "p = (n_k + pseudo) / (n + K pseudo); the label is the largest, of equals the first in order of names; entropy in nats; agreement with the majority is each annotator's share of votes equal to it",
            defaults: "pseudo 0; of several votes of an annotator on an item the last counts",
            direction: Direction::Describes,
            blind_spots: "everybody counts the same, so careless annotators outvote careful ones; an annotator agrees with a majority they are part of",
            peers: "crowd-kit 1.4.2 MajorityVote and Wawa's skills; its Wawa.predict does not run with scikit-learn 1.9",
            source: "definition",
        },
        example: VOTES,
        run: |case| call(case, majority),
    },
    Measure {
        name: "aggregation.soft_labels",
        about: About {
            title: "Distributions of votes per item, against a truth where there is one",
            formula: "p = counts / sum; accuracy of the largest and mean probability of the truth",
            defaults: "no truth",
            direction: Direction::Describes,
            blind_spots: "with few votes per item shares are coarse: train on single votes in turn (multipass) rather than on them",
            peers: "none needed",
            source: "Peterson et al. 2019 (CIFAR-10H); arXiv 2605.20642 for multipass",
        },
        example: r#"{"counts": [[49, 1, 0], [10, 30, 10]], "truth": [0, 1]}"#,
        run: |case| call(case, soft),
    },
    Measure {
        name: "aggregation.dawid_skene",
        about: About {
            title: "Labels and the confusion of each annotator, from votes alone",
            formula: "p_t[c] ~ prior_c prod_w e_w[y|c]; e_w[y|c] = sum of p_t[c] over votes y of w, normalized over y; prior = mean p; elbo is the log likelihood of all votes",
            defaults: "starts from shares of votes; 100 iterations, stops when the elbo gains less than 1e-5 per vote; gold [[item, label]] stays fixed; pseudo_counts [[annotator, label given, true label, count]] count in every round",
            direction: Direction::Describes,
            blind_spots: "takes votes of one item as independent given the truth: annotators who copy each other, and items that are hard for all, make it too sure; needs some dozens of votes per annotator; several annotators who err alike win; intervals of accuracies take the inferred labels as known, and hold about 87 times in 100",
            peers: "crowd-kit 1.4.2 after equally many iterations; its stopping rule counts the prior once per vote, and it forgets initial_error after the first round",
            source: "Dawid and Skene 1979, eq. 2.3 to 2.5",
        },
        example: VOTES,
        run: |case| call(case, dawid_skene),
    },
    Measure {
        name: "aggregation.one_coin",
        about: About {
            title: "Labels and one accuracy per annotator, from votes alone",
            formula: "as aggregation.dawid_skene with e_w[y|c] = s_w for y = c, else (1 - s_w) / (K - 1)",
            defaults: "100 iterations, stops when the elbo gains less than 1e-5 per vote",
            direction: Direction::Describes,
            blind_spots: "does not see that an annotator confuses only some labels; intervals of accuracies take the inferred labels as known, and hold about 87 times in 100",
            peers: "crowd-kit 1.4.2 OneCoinDawidSkene",
            source: "Zhang, Chen, Zhou and Jordan 2016",
        },
        example: VOTES,
        run: |case| call(case, one_coin),
    },
    Measure {
        name: "aggregation.fast_dawid_skene",
        about: About {
            title: "Dawid and Skene with a hard decision in each round",
            formula: "as aggregation.dawid_skene, but each item is given its most probable label; with soft_until above 0 softly until priors change by at most that",
            defaults: "100 iterations, tolerance 1e-4 on the change of priors, soft_until 0 (the hybrid of the paper is 0.005)",
            direction: Direction::Describes,
            blind_spots: "stops in worse optima than the soft form, often where it starts: at the majority vote",
            peers: "the authors' code at 377ef557, which breaks ties at random",
            source: "Sinha, Rao and Balasubramanian 2018",
        },
        example: VOTES,
        run: |case| call(case, fast),
    },
    Measure {
        name: "aggregation.glad",
        about: About {
            title: "Labels, ability of annotators and ease of items",
            formula: "P(vote right) = sigmoid(ability exp(log_ease)), else any other label alike; abilities and log_ease are normal with mean 1 and variance 1, labels equally likely beforehand",
            defaults: "2000 iterations, tolerance 1e-8",
            direction: Direction::Describes,
            blind_spots: "ability and ease are only known relative to each other; one vote on an item says nothing of its ease",
            peers: "crowd-kit 1.4.2 at a stationary point",
            source: "Whitehill et al. 2009",
        },
        example: VOTES,
        run: |case| call(case, glad),
    },
    Measure {
        name: "aggregation.mace",
        about: About {
            title: "Labels, and who answers and who only clicks",
            formula: "with chance spam_w a vote comes from the strategy theta_w, else it is the truth; em: counts + 0.01 / K, normalized; vb: exp(psi(count + prior)) / exp(psi(sum)) with priors 0.5 and 10",
            defaults: "method vb, 50 iterations, 10 restarts from different seeds; `start` [spamming, strategies] in order of names for one run",
            direction: Direction::Describes,
            blind_spots: "who knows is always right, so honest mistakes look like spam; on two labels spam and contrariness cannot be told apart",
            peers: "crowd-kit 1.4.2 on data sorted by name; on other data its rows are permuted, and its ten restarts are one",
            source: "Hovy et al. 2013",
        },
        example: VOTES,
        run: |case| call(case, mace),
    },
    Measure {
        name: "aggregation.crowdlab",
        about: About {
            title: "Labels from votes and a model together",
            formula: "p = (w_M p_M + sum_j w_j (P if y_j = k else (1 - P) / (K - 1))) / (w_M + sum_j w_j); w_j = max(1 - (1 - agreement_j) / error_of_most_frequent, 1e-6), w_M likewise times sqrt(mean votes), P the mean agreement with the consensus",
            defaults: "consensus by best quality",
            direction: Direction::Describes,
            blind_spots: "the model must not have seen the items; weights do not know single labels",
            peers: "cleanlab 2.9.0 get_label_quality_multiannotator; where it breaks ties at random the lowest code is taken",
            source: "Goh, Tkachenko and Mueller 2022",
        },
        example: r#"{"labels": [[0, 0, 1], [1, 1, null], [0, null, 0], [1, 1, 0]], "pred_probs": [[0.8, 0.2], [0.1, 0.9], [0.7, 0.3], [0.4, 0.6]]}"#,
        run: |case| call(case, crowdlab),
    },
];
