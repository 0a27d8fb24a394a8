//! Agreement on labels.

use crate::aggregation::{Code, VoteTable, Votes};
use crate::agreement::{
    AgreementError, Coefficient, Confusion, Draws, Kappa, Level, Units, WeightKind, Weights,
    agreement_report, coefficients, cohen, coincidences, krippendorff, unit_intervals,
};
use crate::registry::{About, Direction, Measure, call};
use crate::stats::Resampling;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CohenCase {
    #[serde(default)]
    table: Vec<Vec<f64>>,
    #[serde(default)]
    a: Vec<Code>,
    #[serde(default)]
    b: Vec<Code>,
    #[serde(default)]
    labels: Option<Vec<Code>>,
    #[serde(default = "identity")]
    weights: WeightKind,
}

fn identity() -> WeightKind {
    WeightKind::Identity
}

/// Values of labels: their own where all are numbers, else their places.
fn values_of(labels: &[Code]) -> Vec<f64> {
    let own: Option<Vec<f64>> = labels
        .iter()
        .map(|label| match label {
            Code::Number(x) => Some(*x),
            _ => None,
        })
        .collect();
    own.unwrap_or_else(|| (0..labels.len()).map(|i| i as f64).collect())
}

fn kappa(case: &CohenCase) -> Result<Value, AgreementError> {
    let (table, values) = if case.table.is_empty() {
        let names = match &case.labels {
            Some(labels) => crate::aggregation::Names::of(labels.iter()),
            None => crate::aggregation::Names::of(case.a.iter().chain(&case.b)),
        };
        let codes = |column: &[Code]| -> Vec<u32> {
            column
                .iter()
                .map(|name| names.code(name).unwrap_or(u32::MAX))
                .collect()
        };
        let table = Confusion::from_codes(&codes(&case.a), &codes(&case.b), names.0.len())?;
        (table, values_of(&names.0))
    } else {
        let places = (0..case.table.len()).map(|i| i as f64).collect();
        (Confusion::from_rows(&case.table)?, places)
    };
    let weights = Weights::new(case.weights, &values)?;
    let Kappa {
        kappa,
        kappa_max,
        observed,
        expected,
        standard_error,
        standard_error_of_chance,
        z,
        p_value,
        interval,
        n,
    } = cohen(&table, &weights)?;
    Ok(json!({
        "kappa": {"estimate": kappa, "low": interval.low, "high": interval.high, "n": n},
        "kappa_max": kappa_max, "observed": observed, "expected": expected,
        "standard_error": standard_error, "standard_error_of_chance": standard_error_of_chance,
        "z": z, "p_value": p_value,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CoefficientsCase {
    /// A row per item, a column per annotator, null where there is no vote.
    #[serde(default)]
    items: Vec<Vec<Option<Code>>>,
    /// Or how often each item was given each label.
    #[serde(default)]
    counts: Vec<Vec<u32>>,
    #[serde(default = "identity")]
    weights: WeightKind,
}

/// Votes and values of labels of a table of items.
fn votes_of(items: &[Vec<Option<Code>>]) -> Result<(Votes, Vec<f64>), AgreementError> {
    let mut rows = Vec::new();
    for (item, row) in items.iter().enumerate() {
        for (annotator, label) in row.iter().enumerate() {
            if let Some(label) = label {
                let number = |x: usize| Code::Number(x as f64);
                rows.push((number(item), number(annotator), label.clone()));
            }
        }
    }
    let table = VoteTable::from_rows(&rows)?;
    let values = values_of(&table.labels.0);
    Ok((table.votes, values))
}

fn counted(counts: &[Vec<u32>]) -> Result<Votes, AgreementError> {
    let mut rows = [Vec::new(), Vec::new(), Vec::new()];
    for (item, row) in (0_u32..).zip(counts) {
        let mut annotator = 0;
        for (label, &n) in (0_u32..).zip(row) {
            for _ in 0..n {
                [item, annotator, label]
                    .into_iter()
                    .zip(&mut rows)
                    .for_each(|(x, list)| list.push(x));
                annotator += 1;
            }
        }
    }
    let labels = counts.iter().map(Vec::len).max().unwrap_or(0);
    Ok(Votes::from_rows(&rows[0], &rows[1], &rows[2])?.with_labels(labels))
}

fn shown(found: &Coefficient) -> Value {
    let interval = found.interval();
    let test = found.test();
    json!({
        "value": {
            "estimate": found.value, "low": interval.map(|i| i.low), "high": interval.map(|i| i.high), "n": found.n,
        },
        "observed": found.observed, "expected": found.expected,
        "standard_error": found.standard_error.is_finite().then_some(found.standard_error),
        "z": test.map(|t| t.0), "p_value": test.map(|t| t.1),
    })
}

fn all(case: &CoefficientsCase) -> Result<Value, AgreementError> {
    let (votes, values) = if case.counts.is_empty() {
        votes_of(&case.items)?
    } else {
        let votes = counted(&case.counts)?;
        let values = (0..votes.labels()).map(|i| i as f64).collect();
        (votes, values)
    };
    let found = coefficients(&votes, &Weights::new(case.weights, &values)?)?;
    Ok(json!({
        "gwet": shown(&found.gwet), "fleiss": shown(&found.fleiss),
        "krippendorff": shown(&found.krippendorff), "conger": shown(&found.conger),
        "brennan_prediger": shown(&found.brennan_prediger),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AlphaCase {
    /// A row per annotator, a column per unit, null where there is no value.
    raters: Vec<Vec<Option<f64>>>,
    level: Level,
    #[serde(default)]
    bootstrap: Option<Resampling>,
    #[serde(default)]
    indices: Vec<Vec<usize>>,
}

fn alpha(case: &AlphaCase) -> Result<Value, AgreementError> {
    let units = case.raters.first().map_or(0, Vec::len);
    if let Some(row) = case.raters.iter().find(|row| row.len() != units) {
        return Err(AgreementError::Length {
            what: "a row",
            found: row.len(),
            expected: units,
        });
    }
    let (mut starts, mut values) = (vec![0], Vec::new());
    for unit in 0..units {
        values.extend(case.raters.iter().map(|row| row[unit].unwrap_or(f64::NAN)));
        starts.push(values.len());
    }
    let all = Units {
        starts: &starts,
        values: &values,
    };
    let draws = if case.indices.is_empty() {
        case.bootstrap.map(Draws::Random)
    } else {
        Some(Draws::Given(case.indices.clone()))
    };
    let Some(draws) = draws else {
        let value = krippendorff(&all, case.level)?;
        return Ok(json!({"alpha": {"estimate": value, "low": null, "high": null, "n": units}}));
    };
    let found = unit_intervals(&all, case.level, &draws)?;
    let percentile = [found.percentile.low, found.percentile.high];
    let bca = [found.bca.low, found.bca.high];
    Ok(json!({
        "alpha": {"estimate": found.alpha, "low": bca[0], "high": bca[1], "n": found.n},
        "jackknife": found.jackknife, "jackknife_error": found.jackknife_error,
        "acceleration": found.acceleration, "bias": found.bias, "levels": found.levels,
        "percentile": percentile, "bca": bca, "drawn": found.drawn,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VotesCase {
    annotations: Vec<(Code, Code, Code)>,
    #[serde(default = "nominal")]
    level: Level,
}

fn nominal() -> Level {
    Level::Nominal
}

fn votes(case: &VotesCase) -> Result<Value, AgreementError> {
    let table = VoteTable::from_rows(&case.annotations)?;
    let found = agreement_report(&table.votes, case.level, &values_of(&table.labels.0))?;
    let who = |code: u32| &table.annotators.0[code as usize];
    let k = table.votes.labels();
    let pairs: Vec<Value> = found
        .pairs
        .iter()
        .map(|p| json!({"a": who(p.a), "b": who(p.b), "kappa": p.kappa, "same": p.same, "n": p.n}))
        .collect();
    let categories: Vec<Value> = found
        .per_category
        .iter()
        .map(|c| {
            let label = &table.labels.0[c.label as usize];
            json!({"category": label, "alpha": c.alpha, "ac1": c.ac1, "given": c.given})
        })
        .collect();
    let annotators: Vec<Value> = found
        .annotators
        .iter()
        .map(|a| {
            json!({"annotator": who(a.annotator), "same": a.same, "vitality": a.vitality, "votes": a.votes})
        })
        .collect();
    Ok(json!({
        "overall": {
            "alpha": found.alpha, "fleiss": found.fleiss, "ac1": found.ac1,
            "brennan_prediger": found.brennan_prediger,
        },
        "pairs": pairs, "per_category": categories, "annotators": annotators,
        "labels": table.labels.0,
        "coincidences": coincidences(&table.votes).chunks_exact(k).collect::<Vec<_>>(),
    }))
}

pub(crate) static MEASURES: &[Measure] = &[
    Measure {
        name: "agreement.votes",
        about: About {
            title: "How much the annotators of a table of votes agree: overall, per pair, per label, per annotator",
            formula: "alpha, Fleiss' kappa, AC1 and Brennan-Prediger overall; Cohen's kappa per pair (equality, linear for ordinal, squared for interval and ratio); alpha and AC1 of each label against all others; vitality = alpha - alpha without the annotator",
            defaults: "level nominal; intervals by linearization over items",
            direction: Direction::Higher,
            blind_spots: "agreement is not being right; where one label is nearly always right alpha and the kappas are low though all agree (see AC1 beside them), and AC1 is high though nobody can tell labels apart",
            peers: "irrCAC 0.4.4, statsmodels 0.15.0, krippendorff 0.9.0 (which takes 7 GiB for 1e5 units of 100 values)",
            source: "Krippendorff 2011; Gwet 2014; Cohen 1960",
        },
        example: r#"{"annotations": [["a", "ann", 0], ["a", "bob", 0], ["b", "ann", 1], ["b", "bob", 1], ["c", "ann", 0], ["c", "bob", 1], ["d", "ann", 1], ["d", "bob", 1]]}"#,
        run: |case| call(case, votes),
    },
    Measure {
        name: "agreement.krippendorff",
        about: About {
            title: "Krippendorff's alpha at any level of measurement, with missing values",
            formula: "alpha = 1 - Do / De over pairs of values of the same unit, each weighted 1 / (m_u - 1), and of all units; differences are equality, squared differences of mean ranks, of values, or squared (v - w) / (v + w)",
            defaults: "no interval; `bootstrap` {resamples, seed} draws units with two values again (percentile and BCa)",
            direction: Direction::Higher,
            blind_spots: "low where one value is frequent; 1 - alpha is not the share of wrong labels",
            peers: "krippendorff 0.9.0; kalos 0.8.0 gives 1 where all values are the same, this one refuses",
            source: "Krippendorff 2011; Efron and Tibshirani 1993, 14.3",
        },
        example: r#"{"raters": [[1, 2, 3, null], [1, 2, 4, 4], [null, 2, 3, 4]], "level": "ordinal"}"#,
        run: |case| call(case, alpha),
    },
    Measure {
        name: "agreement.cohen",
        about: About {
            title: "Cohen's kappa of two annotators, weighted or not",
            formula: "1 - sum d_ij p_ij / sum d_ij r_i c_j with d = 1 - w; kappa_max is the largest the shares of labels allow",
            defaults: "weights identity; labels those that occur; from columns a and b or a table",
            direction: Direction::Higher,
            blind_spots: "low where one label is frequent; depends on how labels are shared out by each annotator",
            peers: "statsmodels 0.15.0 cohens_kappa; scikit-learn 1.9.1 gives NaN for a single label, this one refuses",
            source: "Cohen 1960, 1968; Fleiss, Cohen and Everitt 1969",
        },
        example: r#"{"a": [0, 1, 2, 1, 0], "b": [0, 1, 1, 1, 0], "weights": "linear"}"#,
        run: |case| call(case, kappa),
    },
    Measure {
        name: "agreement.coefficients",
        about: About {
            title: "Agreement of many annotators with missing votes and weights: Gwet's AC1 and AC2, Fleiss, Conger, Brennan-Prediger, Krippendorff",
            formula: "(pa - pe) / (1 - pe); pa is the mean over items of the weighted share of agreeing pairs; pe is T_w / (q (q - 1)) sum pi (1 - pi) (Gwet), sum w pi pi (Fleiss), with each annotator's own shares (Conger), T_w / q^2 (Brennan-Prediger); standard errors by linearization, intervals by Student's t",
            defaults: "weights identity; from `items` (rows of labels) or `counts` (rows of numbers of votes); values of labels are their numbers, else their places",
            direction: Direction::Higher,
            blind_spots: "coefficients answer different questions: show AC1 and alpha side by side; intervals take items as independent, so use clips, not frames",
            peers: "irrCAC 0.4.4 to 12 digits; it tests Brennan-Prediger on one side, this one all on two; statsmodels 0.15.0 fleiss_kappa (Randolph's is Brennan-Prediger)",
            source: "Gwet 2014, chapters 2 to 5",
        },
        example: r#"{"items": [[1, 1, null], [2, 2, 3], [3, 3, 3], [1, 2, 1]], "weights": "quadratic"}"#,
        run: |case| call(case, all),
    },
];
