//! The measures of this subject by name.

use super::{
    AgainstRandom, BallCover, ClusterOptions, Clustered, Disagreement, KCenter,
    RepeatedAgainstRandom, SelectionError, Uncertainty, against_random, ball_cover, class_weights,
    clustered, disagreement, k_center, repeated_against_random, typicality, uncertainty,
};
use crate::registry::{About, Direction, Measure, Number, call};
use crate::rows::Rows;
use crate::stats::Resampling;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProbabilitiesCase {
    probs: Vec<Vec<f64>>,
}

fn flat(rows: &[Vec<f64>]) -> Result<(Vec<f64>, usize), SelectionError> {
    let classes = rows.first().map_or(0, Vec::len);
    match rows.iter().find(|r| r.len() != classes) {
        Some(row) => Err(SelectionError::Mismatch {
            seen: row.len(),
            expected: classes,
        }),
        None => Ok((rows.concat(), classes)),
    }
}

fn doubt(case: &ProbabilitiesCase) -> Result<Uncertainty, SelectionError> {
    let (values, classes) = flat(&case.probs)?;
    uncertainty(&values, classes)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PassesCase {
    passes: Vec<Vec<Vec<f64>>>,
}

fn passes(case: &PassesCase) -> Result<Disagreement, SelectionError> {
    let rows = case.passes.first().map_or(0, Vec::len);
    if let Some(pass) = case.passes.iter().find(|p| p.len() != rows) {
        return Err(SelectionError::Mismatch {
            seen: pass.len(),
            expected: rows,
        });
    }
    let (values, classes) = flat(&case.passes.concat())?;
    disagreement(&values, case.passes.len(), classes)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CenterCase {
    #[serde(rename = "X")]
    rows: Vec<Vec<f64>>,
    #[serde(default)]
    initial: Vec<usize>,
    budget: usize,
}

fn center(case: &CenterCase) -> Result<KCenter, SelectionError> {
    k_center(&Rows::from_nested(&case.rows)?, &case.initial, case.budget)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypicalCase {
    #[serde(rename = "X")]
    rows: Vec<Vec<f64>>,
    k: usize,
}

fn typical(case: &TypicalCase) -> Result<Vec<Number>, SelectionError> {
    let found = typicality(&Rows::from_nested(&case.rows)?, case.k)?;
    Ok(found.into_iter().map(Number).collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CoverCase {
    #[serde(rename = "X")]
    rows: Vec<Vec<f64>>,
    delta: f64,
    budget: usize,
}

fn cover(case: &CoverCase) -> Result<BallCover, SelectionError> {
    ball_cover(&Rows::from_nested(&case.rows)?, case.delta, case.budget)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClusteredCase {
    #[serde(rename = "X")]
    rows: Vec<Vec<f64>>,
    #[serde(default)]
    initial: Vec<usize>,
    budget: usize,
    #[serde(default)]
    options: ClusterOptions,
}

fn by_clusters(case: &ClusteredCase) -> Result<Clustered, SelectionError> {
    let rows = Rows::from_nested(&case.rows)?;
    clustered(&rows, &case.initial, case.budget, case.options)
}

/// A score and a budget, or what each repetition of a random choice has chosen.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgainstCase {
    score: Option<Vec<f64>>,
    budget: Option<usize>,
    picks: Option<Vec<Vec<usize>>>,
    wanted: Vec<bool>,
    #[serde(default)]
    permutations: Resampling,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Against {
    Once(AgainstRandom),
    Often(RepeatedAgainstRandom),
}

fn against(case: &AgainstCase) -> Result<Against, SelectionError> {
    match (&case.score, case.budget, &case.picks) {
        (Some(score), Some(budget), None) => {
            against_random(score, &case.wanted, budget).map(Against::Once)
        }
        (None, None, Some(picks)) => {
            repeated_against_random(picks, &case.wanted, case.permutations).map(Against::Often)
        }
        _ => Err(SelectionError::Choice),
    }
}

fn alpha() -> f64 {
    0.3
}

fn bound() -> f64 {
    0.2
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WeightsCase {
    class_quality: Vec<f64>,
    #[serde(default = "alpha")]
    alpha: f64,
    #[serde(default = "bound")]
    upper_bound: f64,
}

fn weights(case: &WeightsCase) -> Result<Vec<f64>, SelectionError> {
    class_weights(&case.class_quality, case.alpha, case.upper_bound)
}

pub(crate) static MEASURES: &[Measure] = &[
    Measure {
        name: "selection.uncertainty",
        about: About {
            title: "How much a model doubts each row",
            formula: "entropy -sum p ln p; least confidence 1 - p1; margin p1 - p2; ratio p2 / p1",
            defaults: "none",
            direction: Direction::Describes,
            blind_spots: "an overconfident model doubts nothing: calibrate first. Picks near copies of one doubtful clip: combine with selection.k_center",
            peers: "scipy 1.12.0 entropy",
            source: "Settles 2009, section 3.1",
        },
        example: r#"{"probs": [[0.7, 0.2, 0.1], [0.4, 0.35, 0.25]]}"#,
        run: |case| call(case, doubt),
    },
    Measure {
        name: "selection.bald",
        about: About {
            title: "What several passes of a model do not agree on",
            formula: "H(mean p) - mean H(p); variation ratio 1 - largest share of votes",
            defaults: "none; passes of rows of classes",
            direction: Direction::Describes,
            blind_spots: "as many opinions as passes: few passes make it noisy",
            peers: "numpy 1.26.4",
            source: "Houlsby, Huszar, Ghahramani and Lengyel 2011; Freeman 1965",
        },
        example: r#"{"passes": [[[0.9, 0.1]], [[0.2, 0.8]]]}"#,
        run: |case| call(case, passes),
    },
    Measure {
        name: "selection.k_center",
        about: About {
            title: "Rows that cover a space: always the one farthest from those chosen",
            formula: "argmax over rows of the distance to the nearest center; Euclidean",
            defaults: "initial none: the first row is chosen first",
            direction: Direction::Describes,
            blind_spots: "chases outliers, broken recordings first; at most twice the best radius",
            peers: "numpy 1.26.4 greedy form",
            source: "Gonzalez 1985; Sener and Savarese 2018",
        },
        example: r#"{"X": [[0], [1], [5], [9]], "initial": [0], "budget": 2}"#,
        run: |case| call(case, center),
    },
    Measure {
        name: "selection.typicality",
        about: About {
            title: "How typical each row is of its surroundings",
            formula: "1 / mean distance to the k nearest other rows",
            defaults: "k has none: 20 is usual",
            direction: Direction::Describes,
            blind_spots: "neighbors in time make every frame typical: one row per scene",
            peers: "numpy 1.26.4",
            source: "Hacohen, Dekel and Weinshall 2022 (TypiClust)",
        },
        example: r#"{"X": [[0], [1], [1.1], [9]], "k": 2}"#,
        run: |case| call(case, typical),
    },
    Measure {
        name: "selection.ball_cover",
        about: About {
            title: "Rows whose balls hold most of the others",
            formula: "greedy: the ball of radius delta with most rows not covered yet",
            defaults: "none",
            direction: Direction::Describes,
            blind_spots: "delta decides: choose it by the purity of balls",
            peers: "numpy 1.26.4 greedy form",
            source: "Yehuda, Dekel, Hacohen and Weinshall 2022 (ProbCover)",
        },
        example: r#"{"X": [[0], [1], [1.1], [9]], "delta": 0.5, "budget": 2}"#,
        run: |case| call(case, cover),
    },
    Measure {
        name: "selection.clustered",
        about: About {
            title: "One row from each of the groups a set falls into, the largest group first",
            formula: "k-means with len(initial) + budget clusters: k-means++ centers, Lloyd's iteration; of each cluster without an initial row the row nearest to its center",
            defaults: "initial none; options rounds 100, seed 1",
            direction: Direction::Describes,
            blind_spots: "columns of large scale rule the distance: standardize first. A local optimum: other seeds choose otherwise, so judge it by selection.against_random over seeds. Always takes the usual of a group, never what is rare. Neighbors in time make large groups: one row per scene",
            peers: "scikit-learn KMeans likewise, with other random numbers and several tries per center",
            source: "Lloyd 1982; Arthur and Vassilvitskii 2007; Hacohen, Dekel and Weinshall 2022 (TypiClust)",
        },
        example: r#"{"X": [[0], [0.2], [0.1], [5], [5.2], [9]], "initial": [1], "budget": 2}"#,
        run: |case| call(case, by_clusters),
    },
    Measure {
        name: "selection.against_random",
        about: About {
            title: "Is a way of choosing better than chance at finding what is looked for?",
            formula: "found among the budget items of highest score, ties at its end by lot; by chance budget x wanted / items, 95 % range and p by the hypergeometric distribution; ratio found / expected with Fisher's exact interval. With picks: mean over repetitions with Student's interval, p by dealing the outcomes anew",
            defaults: "score with budget, or picks (the items of each repetition); permutations 1000, seed 1, for picks",
            direction: Direction::Higher,
            blind_spots: "items must be independent: errors of one drive come together, and a score that finds the drive finds them all, so score drives. The interval over repetitions is about this set of items only. A few repetitions rank ways of choosing wrongly: 50 are stable. A ratio at one budget says nothing of another",
            peers: "scipy 1.17.1 hypergeom for p without ties; lift in scikit-learn-like tools has no interval and breaks ties by order",
            source: "Fisher 1935; Cornfield 1956; Agresti 2013, 16.6; Good 2005; Werner, Burchert, Stubbemann and Schmidt-Thieme 2024 (repetitions)",
        },
        example: r#"{"score": [0.9, 0.8, 0.4, 0.3, 0.2, 0.1], "wanted": [true, true, false, false, true, false], "budget": 2}"#,
        run: |case| call(case, against),
    },
    Measure {
        name: "selection.class_weights",
        about: About {
            title: "Weights of classes by how poor the model is on them",
            formula: "1 + alpha ln((e^(1/alpha) - 1)(1 - q) + 1) upper_bound",
            defaults: "alpha 0.3, upper_bound 0.2",
            direction: Direction::Describes,
            blind_spots: "quality of a class without examples is unknown, not 0",
            peers: "PPAL (run only)",
            source: "Yang, Huang and Crowley 2024 (PPAL)",
        },
        example: r#"{"class_quality": [0.9, 0.2]}"#,
        run: |case| call(case, weights),
    },
];
