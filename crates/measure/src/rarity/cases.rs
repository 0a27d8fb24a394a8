//! The measures of this subject by name.

use super::{
    ForestOptions, IsolationForest, Neighbors, Novelty, RarityError, RobustZ, TagRarity,
    average_path, isolation_score, neighbors, novelty, robust_z, tag_rarity,
};
use crate::registry::{About, Direction, Measure, call};
use crate::rows::Rows;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PathCase {
    n: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScoreCase {
    mean_path: f64,
    n: usize,
}

fn score(case: &ScoreCase) -> Result<f64, RarityError> {
    isolation_score(case.mean_path, case.n).ok_or(RarityError::TooFew {
        rows: case.n,
        needed: 1,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowsCase {
    #[serde(rename = "X")]
    rows: Vec<Vec<f64>>,
}

fn robust(case: &RowsCase) -> Result<RobustZ, RarityError> {
    robust_z(&Rows::from_nested(&case.rows)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NeighborsCase {
    #[serde(rename = "X")]
    rows: Vec<Vec<f64>>,
    k: usize,
}

fn nearest(case: &NeighborsCase) -> Result<Neighbors, RarityError> {
    neighbors(&Rows::from_nested(&case.rows)?, case.k)
}

fn nearly_all() -> f64 {
    0.99
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoveltyCase {
    archive: Vec<Vec<f64>>,
    groups: Vec<u32>,
    new: Vec<Vec<f64>>,
    #[serde(default = "nearly_all")]
    level: f64,
}

fn unlike(case: &NoveltyCase) -> Result<Novelty, RarityError> {
    let (archive, new) = (
        Rows::from_nested(&case.archive)?,
        Rows::from_nested(&case.new)?,
    );
    novelty(&archive, &case.groups, &new, case.level)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ForestCase {
    #[serde(rename = "X")]
    rows: Vec<Vec<f64>>,
    #[serde(default)]
    forest: ForestOptions,
}

fn forest(case: &ForestCase) -> Result<Vec<f64>, RarityError> {
    let rows = Rows::from_nested(&case.rows)?;
    IsolationForest::grow(&rows, case.forest)?.scores(&rows)
}

fn half() -> f64 {
    0.5
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TagsCase {
    tags: Vec<Vec<Value>>,
    #[serde(default = "half")]
    alpha: f64,
    levels: Vec<u32>,
}

fn tags(case: &TagsCase) -> Result<TagRarity, RarityError> {
    let attributes = case.levels.len();
    if let Some((row, wrong)) = case
        .tags
        .iter()
        .enumerate()
        .find(|(_, r)| r.len() != attributes)
    {
        return Err(RarityError::Mismatch {
            row,
            seen: wrong.len(),
            expected: attributes,
        });
    }
    // Codes in the order of first appearance.
    let columns: Vec<Vec<u32>> = (0..attributes)
        .map(|a| {
            let mut known: Vec<&Value> = Vec::new();
            let mut codes = Vec::with_capacity(case.tags.len());
            for row in &case.tags {
                let level = &row[a];
                let at = known.iter().position(|k| *k == level);
                if at.is_none() {
                    known.push(level);
                }
                let code = at.unwrap_or(known.len().saturating_sub(1));
                codes.push(u32::try_from(code).unwrap_or(u32::MAX));
            }
            codes
        })
        .collect();
    tag_rarity(&columns, &case.levels, case.alpha)
}

pub(crate) static MEASURES: &[Measure] = &[
    Measure {
        name: "rarity.robust_z",
        about: About {
            title: "How far each row is from the middle, in robust standard deviations",
            formula: "max over columns of |x - median| / (1.4826 MAD)",
            defaults: "none",
            direction: Direction::Describes,
            blind_spots: "columns one by one: an odd combination of usual numbers is not seen; skewed columns need a logarithm first",
            peers: "numpy medians",
            source: "Iglewicz and Hoaglin 1993; Rousseeuw and Croux 1993",
        },
        example: r#"{"X": [[1, 5], [2, 6], [3, 40], [4, 8]]}"#,
        run: |case| call(case, robust),
    },
    Measure {
        name: "rarity.neighbors",
        about: About {
            title: "Distance to the k-th neighbor and local outlier factor of each row",
            formula: "Euclidean distances to other rows; lof: mean of the neighbors' reachability densities over the own",
            defaults: "k has none: 10 for distances and 20 for lof are usual",
            direction: Direction::Describes,
            blind_spots: "neighbors in time hide rarity: one row per drive, or leave the own drive out; standardize columns. n^2 distances",
            peers: "scikit-learn 1.9.1 NearestNeighbors, LocalOutlierFactor",
            source: "Ramaswamy, Rastogi and Shim 2000; Breunig, Kriegel, Ng and Sander 2000",
        },
        example: r#"{"X": [[0], [1], [2], [3], [40]], "k": 2}"#,
        run: |case| call(case, nearest),
    },
    Measure {
        name: "rarity.novelty",
        about: About {
            title: "Which clips are unlike everything in the archive",
            formula: "distance to the nearest archived row above the level quantile of the archive's own distances, each row against other groups",
            defaults: "level 0.99",
            direction: Direction::Describes,
            blind_spots: "new to the embedding, not to the world: a broken sensor is new too",
            peers: "none known",
            source: "reference, scenarios A.5",
        },
        example: r#"{"archive": [[0], [1], [2], [3]], "groups": [0, 1, 2, 3], "new": [[1.5], [9]]}"#,
        run: |case| call(case, unlike),
    },
    Measure {
        name: "rarity.isolation_path",
        about: About {
            title: "Average path of an isolation tree of n rows",
            formula: "2 (ln(n-1) + gamma) - 2 (n-1)/n; 1 for two, 0 for fewer",
            defaults: "none",
            direction: Direction::Describes,
            blind_spots: "the harmonic number is approximated, as in the paper",
            peers: "scikit-learn 1.9.1 _average_path_length",
            source: "Liu, Ting and Zhou 2008, equation 1",
        },
        example: r#"{"n": 256}"#,
        run: |case| {
            call(case, |case: &PathCase| {
                Ok::<_, RarityError>(average_path(case.n))
            })
        },
    },
    Measure {
        name: "rarity.isolation_score",
        about: About {
            title: "Isolation score of a mean path",
            formula: "2^(-mean_path / c(n))",
            defaults: "none",
            direction: Direction::Describes,
            blind_spots: "0.6 is worth a look, no more than that",
            peers: "scikit-learn 1.9.1 IsolationForest.score_samples, negated",
            source: "Liu, Ting and Zhou 2008, equation 2",
        },
        example: r#"{"mean_path": 4.0, "n": 256}"#,
        run: |case| call(case, score),
    },
    Measure {
        name: "rarity.isolation_forest",
        about: About {
            title: "How quickly random cuts separate each row from the others",
            formula: "mean depth over trees of random cuts on samples, as a score by rarity.isolation_score",
            defaults: "trees 100, sample 256, seed 1; depth log2(sample)",
            direction: Direction::Describes,
            blind_spots: "cuts are along columns; another seed gives other scores in the second digit",
            peers: "scikit-learn 1.9.1 IsolationForest: the same method with other random numbers",
            source: "Liu, Ting and Zhou 2008",
        },
        example: r#"{"X": [[0, 1], [1, 0], [1, 1], [0, 0], [9, 9]]}"#,
        run: |case| call(case, forest),
    },
    Measure {
        name: "rarity.tags",
        about: About {
            title: "How surprising the tags of each row are, one by one and in pairs",
            formula: "-ln((n_level + alpha) / (N + alpha levels)); pair_pmi: least ln(p(a,b) / p(a) p(b)) over pairs, all shares smoothed by alpha per cell",
            defaults: "alpha 0.5",
            direction: Direction::Describes,
            blind_spots: "rare may be a wrong tag; pairs that occur once have large spread",
            peers: "none known",
            source: "reference, scenarios A.5; Church and Hanks 1990 for the pairs",
        },
        example: r#"{"tags": [["day", "clear"], ["day", "rain"], ["night", "clear"]], "levels": [2, 2]}"#,
        run: |case| call(case, tags),
    },
];
