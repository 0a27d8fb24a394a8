//! The measures of this subject by name.

use super::{
    FailureMode, Feature, FilterOptions, ImageLabels, LabelError, LabeledBox, ObjectOptions,
    PairedTable, Permutations, PredictedBox, Predictions, Score, SliceOptions, SystematicOptions,
};
use crate::aggregation::{Code, Names};
use crate::boxes::Rect;
use crate::registry::{About, Direction, Measure, Number, call};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfidentCase {
    labels: Vec<u32>,
    pred_probs: Vec<Vec<f64>>,
    #[serde(default)]
    options: FilterOptions,
    #[serde(default)]
    score: Score,
}

/// Rows as one list, which all must be as long as the first.
fn flat(rows: &[Vec<f64>]) -> Result<(usize, Vec<f64>), LabelError> {
    let k = rows.first().map_or(0, Vec::len);
    match rows.iter().find(|row| row.len() != k) {
        Some(row) => Err(LabelError::Length {
            what: "a row of probabilities",
            found: row.len(),
            expected: k,
        }),
        None => Ok((k, rows.concat())),
    }
}

fn confident(case: &ConfidentCase) -> Result<Value, LabelError> {
    let (k, p) = flat(&case.pred_probs)?;
    let predictions = Predictions::new(k, &p, &case.labels)?;
    let (joint, ranked) = super::ranked_issues(&predictions, case.options, case.score)?;
    let mut issues = ranked.clone();
    issues.sort_unstable();
    let noise = joint.noise();
    let square = |list: &[f64]| {
        list.chunks_exact(k)
            .map(<[f64]>::to_vec)
            .collect::<Vec<_>>()
    };
    let whole = |list: &[u64]| {
        list.chunks_exact(k)
            .map(<[u64]>::to_vec)
            .collect::<Vec<_>>()
    };
    let moved = super::adjusted(&predictions, &joint.thresholds);
    let own = moved
        .chunks_exact(k)
        .zip(&case.labels)
        .map(|(row, y)| row[*y as usize]);
    Ok(json!({
        "thresholds": joint.thresholds, "joint_counts": whole(&joint.counts),
        "calibrated_counts": whole(&joint.calibrated), "joint": square(&joint.joint()),
        "estimated_errors": joint.estimated_errors, "truth": noise.truth,
        "given_if_true": square(&noise.given_if_true), "true_if_given": square(&noise.true_if_given),
        "issues": issues, "ranked": ranked, "scores": super::label_scores(&predictions, case.score),
        "adjusted_self_confidence": own.collect::<Vec<_>>(),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ObjectsCase {
    images: Vec<ImageCase>,
    #[serde(default)]
    options: ObjectOptions,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ImageCase {
    /// Left, upper, right, lower and class.
    labels: Vec<([f64; 4], u32)>,
    /// Left, upper, right, lower, class and score.
    predictions: Vec<([f64; 4], u32, f64)>,
}

fn objects(case: &ObjectsCase) -> Result<Value, LabelError> {
    let most = case.images.iter().flat_map(|i| {
        let labels = i.labels.iter().map(|l| l.1);
        labels.chain(i.predictions.iter().map(|p| p.1))
    });
    if let Some(class) = most.max().filter(|c| *c > 1 << 20) {
        let value = f64::from(class);
        return Err(LabelError::BadOption {
            name: "class",
            value,
            expected: "codes from 0 without gaps",
        });
    }
    let images: Vec<ImageLabels> = case
        .images
        .iter()
        .map(|image| ImageLabels {
            labels: image
                .labels
                .iter()
                .map(|(corners, class)| LabeledBox {
                    place: Rect::from_corners(*corners),
                    class: *class,
                })
                .collect(),
            predictions: image
                .predictions
                .iter()
                .map(|(corners, class, score)| PredictedBox {
                    place: Rect::from_corners(*corners),
                    class: *class,
                    score: *score,
                })
                .collect(),
        })
        .collect();
    let found = super::object_issues(&images, case.options)?;
    let list = |of: &dyn Fn(&super::ImageScores) -> Value| -> Vec<Value> {
        found.images.iter().map(of).collect()
    };
    Ok(json!({
        "overlooked": list(&|s| json!(s.overlooked)), "badly_located": list(&|s| json!(s.badly_located)),
        "swapped": list(&|s| json!(s.swapped)), "pooled": list(&|s| json!(s.pooled)),
        "quality": list(&|s| json!(s.quality)), "is_issue": list(&|s| json!(s.is_issue)),
        "ranked": found.ranked, "average_precision": found.average_precision,
        "least_similarity": found.least_similarity,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PixelsCase {
    /// For each image, rows of labels.
    labels: Vec<Vec<Vec<u32>>>,
    /// For each image, rows of pixels of probabilities.
    pred_probs: Vec<Vec<Vec<Vec<f64>>>>,
    #[serde(default)]
    options: FilterOptions,
    #[serde(default = "tenth")]
    temperature: f64,
}

fn tenth() -> f64 {
    0.1
}

fn pixels(case: &PixelsCase) -> Result<Value, LabelError> {
    let widths: Vec<usize> = case
        .labels
        .iter()
        .map(|image| image.first().map_or(0, Vec::len))
        .collect();
    let sizes: Vec<usize> = case
        .labels
        .iter()
        .map(|image| image.iter().map(Vec::len).sum())
        .collect();
    let labels: Vec<u32> = case.labels.iter().flatten().flatten().copied().collect();
    let rows: Vec<Vec<f64>> = case
        .pred_probs
        .iter()
        .flatten()
        .flatten()
        .cloned()
        .collect();
    let (k, p) = flat(&rows)?;
    let predictions = Predictions::new(k, &p, &labels)?;
    let found = super::pixel_issues(
        &predictions,
        &widths,
        &sizes,
        case.options,
        case.temperature,
    )?;
    let rows: Vec<Value> = found
        .iter()
        .map(|i| json!({"quality": i.quality, "pixels": i.pixels, "per_class": i.per_class}))
        .collect();
    Ok(json!({"images": rows}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TracksCase {
    tracks: Vec<u32>,
    labels: Vec<u32>,
    pred_probs: Vec<Vec<f64>>,
    #[serde(default)]
    options: FilterOptions,
}

fn tracks(case: &TracksCase) -> Result<Value, LabelError> {
    let (k, p) = flat(&case.pred_probs)?;
    let predictions = Predictions::new(k, &p, &case.labels)?;
    let found = super::track_issues(&predictions, &case.tracks, case.options)?;
    let rows: Vec<Value> = found
        .iter()
        .map(|t| {
            json!({
                "track": t.track, "label": t.label, "predicted": t.predicted, "quality": t.quality,
                "is_mislabeled": t.is_mislabeled, "flips": t.flips, "frames": t.frames,
            })
        })
        .collect();
    Ok(json!({"tracks": rows}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AssociationCase {
    table: Vec<Vec<u64>>,
}

fn association(case: &AssociationCase) -> Result<Value, LabelError> {
    let a = super::association(&case.table)?;
    Ok(json!({
        "chi2": a.chi2, "dof": a.degrees, "p": a.p_value, "expected": a.expected, "G": a.g,
        "G_p": a.g_p_value, "cramers_v": a.cramers_v,
        "cramers_v_bias_corrected": a.cramers_v_corrected, "std_residuals_adjusted": a.residuals,
        "chi2_yates": a.yates.map(|y| y[0]), "p_yates": a.yates.map(|y| y[1]),
        "fisher_p": a.fisher.map(|f| f[0]), "fisher_mid_p": a.fisher.map(|f| f[1]),
        "odds_ratio": a.odds_ratio.map(Number), "is_large_enough": a.is_large_enough,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PermutationCase {
    errors: Vec<f64>,
    groups: Vec<u32>,
    #[serde(default)]
    strata: Vec<u32>,
    #[serde(default)]
    permutations: Vec<Vec<usize>>,
    #[serde(default = "thousand")]
    count: usize,
    #[serde(default)]
    seed: u64,
}

fn thousand() -> usize {
    999
}

fn permutation(case: &PermutationCase) -> Result<Value, LabelError> {
    let bound = case.groups.len().max(1 << 16);
    if let Some(&code) = case.groups.iter().find(|g| **g as usize >= bound) {
        let value = f64::from(code);
        return Err(LabelError::BadOption {
            name: "group",
            value,
            expected: "codes from 0 without gaps",
        });
    }
    let how = if case.permutations.is_empty() {
        Permutations::Random {
            count: case.count,
            seed: case.seed,
        }
    } else {
        Permutations::Given(case.permutations.clone())
    };
    let found = super::permutation_test(&case.errors, &case.groups, &case.strata, &how)?;
    Ok(json!({"observed": found.observed, "permuted": found.permuted, "p": found.p_value}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunsCase {
    errors: Vec<u8>,
}

fn runs(case: &RunsCase) -> Result<Value, LabelError> {
    let flags: Vec<bool> = case.errors.iter().map(|e| *e > 0).collect();
    let found = super::runs_test(&flags)?;
    Ok(json!({"runs": found.runs, "z": found.z, "p": found.p_value}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HabitsCase {
    #[serde(default)]
    confusion: Vec<Vec<u64>>,
    #[serde(default)]
    errors: Vec<u64>,
    #[serde(default)]
    items: Vec<u64>,
}

fn habits(case: &HabitsCase) -> Result<Value, LabelError> {
    let mut out = Map::new();
    if !case.confusion.is_empty() {
        let found = super::symmetry(&PairedTable(case.confusion.clone()))?;
        let value = json!({"chi2": found.chi2, "dof": found.degrees, "p": found.p_value});
        out.insert("symmetry".to_owned(), value);
    }
    if !case.errors.is_empty() || out.is_empty() {
        let [rho, p] = super::overdispersion(&case.errors, &case.items)?;
        out.insert("overdispersion".to_owned(), json!({"rho": rho, "p": p}));
    }
    Ok(out.into())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableCase<O> {
    columns: Vec<String>,
    /// A row of values per item.
    rows: Vec<Vec<Code>>,
    errors: Vec<f64>,
    /// What is independent, per item.
    #[serde(default)]
    units: Vec<u32>,
    #[serde(default)]
    options: O,
}

/// Names and codes of each column.
fn columns(names: &[String], rows: &[Vec<Code>]) -> Result<Vec<(Names, Vec<u32>)>, LabelError> {
    if let Some(row) = rows.iter().find(|row| row.len() != names.len()) {
        return Err(LabelError::Length {
            what: "a row",
            found: row.len(),
            expected: names.len(),
        });
    }
    let one = |column: usize| {
        let values = || rows.iter().map(move |row| &row[column]);
        let names = Names::of(values());
        let codes = values().filter_map(|value| names.code(value)).collect();
        (names, codes)
    };
    Ok((0..names.len()).map(one).collect())
}

fn systematic(case: &TableCase<SystematicOptions>) -> Result<Value, LabelError> {
    let columns = columns(&case.columns, &case.rows)?;
    let features: Vec<Feature> = case
        .columns
        .iter()
        .zip(&columns)
        .map(|(name, (_, codes))| Feature { name, codes })
        .collect();
    let flags: Vec<bool> = case.errors.iter().map(|e| *e > 0.0).collect();
    let found = super::systematic(&flags, &features, &case.units, case.options)?;
    let rows: Vec<Value> = found
        .features
        .iter()
        .zip(&columns)
        .map(|(f, (names, _))| {
            let worst = f.worst.map(|(code, rate, residual)| {
                json!({"value": names.0[code as usize], "rate": rate, "residual": residual})
            });
            json!({
                "name": f.name, "is_systematic": f.is_systematic, "p": f.p_value,
                "adjusted": f.adjusted, "confirmed": f.confirmed, "effect": f.effect,
                "detectable": f.detectable, "worst": worst,
            })
        })
        .collect();
    Ok(json!({"features": rows, "rate": found.rate}))
}

fn slices(case: &TableCase<SliceOptions>) -> Result<Value, LabelError> {
    let columns = columns(&case.columns, &case.rows)?;
    let features: Vec<Feature> = case
        .columns
        .iter()
        .zip(&columns)
        .map(|(name, (_, codes))| Feature { name, codes })
        .collect();
    let found = super::worst_slices(&case.errors, &features, case.options)?;
    let rows: Vec<Value> = found
        .iter()
        .map(|slice| {
            let mut values = vec![Value::Null; columns.len()];
            for &(feature, code) in &slice.literals {
                values[feature as usize] = json!(columns[feature as usize].0.0[code as usize]);
            }
            json!({
                "values": values, "score": slice.score, "errors": slice.errors,
                "worst": slice.worst, "items": slice.items,
                "rate": slice.errors / slice.items as f64,
            })
        })
        .collect();
    Ok(json!({"slices": rows}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TaxonomyCase {
    #[serde(default)]
    findings: Vec<FailureMode>,
}

fn taxonomy(case: &TaxonomyCase) -> Value {
    json!({"types": super::tally(&case.findings)})
}

pub(crate) static MEASURES: &[Measure] = &[
    Measure {
        name: "label_errors.confident",
        about: About {
            title: "Which labels are likely wrong, and how many, from a model's out-of-sample probabilities",
            formula: "a class is confident where its probability reaches the mean probability of that class among items labeled with it; counts of label given against the confident class, calibrated to the number of items of each label; filters take items off the diagonal, the lowest of each label, the largest margins per pair, both, or where the model says otherwise",
            defaults: "options {filter: prune_by_noise_rate | confident_learning | prune_by_class | both | predicted_neq_given | low_normalized_margin | low_self_confidence, share: 1, least_per_class: 1}; score self_confidence | normalized_margin | confidence_weighted_entropy",
            direction: Direction::Describes,
            blind_spots: "a model that saw the labels repeats their errors: use cross-validation; errors a model makes as well are not found; the number of errors is an estimate that needs a calibrated model",
            peers: "cleanlab 2.9.0; its confidence-weighted entropy gives 0, the worst score, to a certain label, this one 1",
            source: "Northcutt, Jiang and Chuang 2021",
        },
        example: r#"{"labels": [0, 0, 1, 1, 0], "pred_probs": [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.05, 0.95]]}"#,
        run: |case| call(case, confident),
    },
    Measure {
        name: "label_errors.objects",
        about: About {
            title: "Boxes that were overlooked, badly located or given another class",
            formula: "similarity = 0.9 IoU + 0.1 exp(-0.1 distance of centers in pixels); overlooked: nearest label of its class to a sure prediction that meets no label; badly located: best similarity to a prediction of its class above 0.5 that meets it; swapped: 1 - best similarity to a sure prediction of another class; pooled per image with softmin, quality their geometric mean; an issue where a score is at most 0.2 times the class's average precision",
            defaults: "options {iou_weight 0.9, per_pixel 0.1, low 0.5, high 0.95, same_place 0.95, temperature 0.1, threshold 0.2, is_scale_free false}",
            direction: Direction::Higher,
            blind_spots: "with distances in pixels scores change with resolution: set is_scale_free; objects the detector misses as well stay hidden (up to two thirds on REC-D)",
            peers: "cleanlab 2.9.0 object_detection, whose average precision is in single precision",
            source: "Tkachenko, Thyagarajan and Mueller 2023",
        },
        example: r#"{"images": [{"labels": [[[0, 0, 10, 10], 0]], "predictions": [[[0, 0, 10, 10], 0, 0.97], [[40, 40, 60, 60], 0, 0.99]]}]}"#,
        run: |case| call(case, objects),
    },
    Measure {
        name: "label_errors.pixels",
        about: About {
            title: "Masks that are likely wrong, and where",
            formula: "confident learning over all pixels; a pixel is an issue where it is one and at least two of its four neighbors too; quality is the softmin of the pixels' probabilities of their labels",
            defaults: "options as label_errors.confident; temperature 0.1",
            direction: Direction::Higher,
            blind_spots: "pixels of an image are not independent: rank images, do not count pixels; a whole object of the wrong class in a model's blind spot stays hidden",
            peers: "cleanlab 2.9.0 segmentation has the softmin; the neighborhood is our own",
            source: "Lad and Mueller 2023",
        },
        example: r#"{"labels": [[[0, 0], [1, 1]]], "pred_probs": [[[[0.9, 0.1], [0.9, 0.1]], [[0.2, 0.8], [0.1, 0.9]]]]}"#,
        run: |case| call(case, pixels),
    },
    Measure {
        name: "label_errors.tracks",
        about: About {
            title: "Tracks of the wrong class, and frames where the class flips",
            formula: "a track's label is that of most of its frames, its probabilities the mean over frames; confident learning over tracks; flips are frames with another label",
            defaults: "options as label_errors.confident",
            direction: Direction::Describes,
            blind_spots: "two objects in one track look like flips: see tracking.coherence",
            peers: "none known",
            source: "own form of confident learning, one unit per track",
        },
        example: r#"{"tracks": [0, 0, 1, 1, 2, 2], "labels": [0, 0, 1, 1, 0, 1], "pred_probs": [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.9, 0.1], [0.8, 0.2]]}"#,
        run: |case| call(case, tracks),
    },
    Measure {
        name: "label_errors.association",
        about: About {
            title: "Whether errors depend on a group",
            formula: "Pearson's chi-squared and G of a table of groups by error and no error; Cramer's V, with its bias taken off; adjusted residuals; for two groups Yates, Fisher's exact test with mid-p, odds ratio",
            defaults: "is_large_enough says whether chi-squared can be trusted (Cochran)",
            direction: Direction::Describes,
            blind_spots: "items are taken as independent; a strong effect of a small group is hidden in V: see residuals",
            peers: "scipy 1.12 chi2_contingency, fisher_exact",
            source: "Agresti 2013; Bergsma 2013",
        },
        example: r#"{"table": [[40, 960], [10, 990]]}"#,
        run: |case| call(case, association),
    },
    Measure {
        name: "label_errors.permutation",
        about: About {
            title: "Whether any group has more errors than the others, by moving errors about",
            formula: "largest difference of the error rate in a group and outside it; p = (1 + permutations as large) / (1 + permutations), within strata where given",
            defaults: "999 random permutations, seed 0; `permutations` for given ones",
            direction: Direction::Describes,
            blind_spots: "one-sided: a group with fewer errors is not looked for",
            peers: "own formula with numpy",
            source: "Phipson and Smyth 2010",
        },
        example: r#"{"errors": [1, 1, 0, 0, 0, 0, 1, 0], "groups": [0, 0, 1, 1, 0, 1, 0, 1], "count": 99}"#,
        run: |case| call(case, permutation),
    },
    Measure {
        name: "label_errors.runs",
        about: About {
            title: "Whether errors come in batches",
            formula: "z of the number of runs of equal values against (2 n1 n0 / n + 1), without correction for continuity",
            defaults: "none",
            direction: Direction::Describes,
            blind_spots: "sees neighbors only; the order must be that in which labels were made",
            peers: "statsmodels 0.15.0 runstest_1samp",
            source: "Wald and Wolfowitz 1940",
        },
        example: r#"{"errors": [0, 0, 1, 1, 1, 0, 0, 0, 0, 1]}"#,
        run: |case| call(case, runs),
    },
    Measure {
        name: "label_errors.habits",
        about: About {
            title: "Whether confusions have a direction, and whether annotators differ beyond chance",
            formula: "Bowker: sum (n_ij - n_ji)^2 / (n_ij + n_ji); overdispersion: beta-binomial rho by moments with Tarone's C(alpha) test",
            defaults: "either of confusion, or errors and items per annotator",
            direction: Direction::Describes,
            blind_spots: "annotators who got harder items differ too: compare within tasks",
            peers: "statsmodels has Bowker's test",
            source: "Bowker 1948; Tarone 1979",
        },
        example: r#"{"confusion": [[50, 20], [2, 60]], "errors": [30, 10, 12], "items": [100, 100, 100]}"#,
        run: |case| call(case, habits),
    },
    Measure {
        name: "label_errors.systematic",
        about: About {
            title: "Which features errors depend on: habit, or consistent with chance",
            formula: "each feature is tested on a random half (chi-squared, permutation where counts are small) with the share of false findings held (Benjamini-Hochberg); a habit is significant there and on the other half, with a corrected Cramer's V of at least least_effect; detectable is the V that would have been found with power 0.8",
            defaults: "options {level 0.05, least_effect 0.1, permutations 999, seed 1}; `units` name what is independent",
            direction: Direction::Describes,
            blind_spots: "association is not cause: annotators who got the night shift look like bad annotators. The worst value of a feature is chosen by looking, so its interval holds its true rate less often than it says; the test on the other half is the one to trust",
            peers: "none known",
            source: "own verdict rule; Cramer 1946; Benjamini and Hochberg 1995",
        },
        example: r#"{"columns": ["annotator"], "rows": [["a"], ["a"], ["a"], ["a"], ["b"], ["b"], ["b"], ["b"]], "errors": [1, 1, 1, 0, 0, 0, 0, 1]}"#,
        run: |case| call(case, systematic),
    },
    Measure {
        name: "label_errors.slices",
        about: About {
            title: "Combinations of features with the worst error rates",
            formula: "score = alpha (rate / mean rate - 1) - (1 - alpha) (n / items - 1), the k largest above 0 with at least least_items items and an error, by enumeration with upper bounds",
            defaults: "options {alpha 0.95, k 5, most_features 3, least_items 10}; slices that tie with the last are kept",
            direction: Direction::Describes,
            blind_spots: "the worst of many slices is bad by chance too: confirm on other data; numbers must be put into bins first",
            peers: "sliceline 0.3.0; its bound uses the number of columns in place of items, so it may miss slices",
            source: "Sagadeeva and Boehm 2021",
        },
        example: r#"{"columns": ["time", "class"], "rows": [["day", "car"], ["day", "car"], ["night", "car"], ["night", "ped"], ["night", "ped"], ["day", "ped"]], "errors": [0, 0, 0, 1, 1, 0], "options": {"least_items": 2}}"#,
        run: |case| call(case, slices),
    },
    Measure {
        name: "label_errors.taxonomy",
        about: About {
            title: "The eighteen kinds of annotation error, with findings counted and weighed",
            formula: "count of findings of each kind; risk = largest severity x occurrence x detection, each 1 to 10",
            defaults: "numbers that are not given are 1",
            direction: Direction::Describes,
            blind_spots: "most kinds need a person to see them; a kind without findings was perhaps not looked for",
            peers: "none",
            source: "Saeeda, Johansson, Mohamad and Knauss, CAIN 2026 (arXiv 2511.16410)",
        },
        example: r#"{"findings": [{"type": "wrong_class", "severity": 8, "occurrence": 4, "detection": 3}]}"#,
        run: |case| call(case, |case| Ok::<_, LabelError>(taxonomy(case))),
    },
];
