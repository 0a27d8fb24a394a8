//! How strange items look.

use super::flat;
use crate::confidence::ConfidenceError;
use crate::confidence::novelty::{
    LogitScores, Mahalanobis, conformal_p, logit_scores, neighbor_distance,
};
use crate::registry::{About, Direction, Measure, Number, call};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogitCase {
    logits: Vec<Vec<f64>>,
    #[serde(rename = "T", default = "super::one")]
    t: f64,
}

fn strange(case: &LogitCase) -> Result<Vec<LogitScores>, ConfidenceError> {
    let (logits, width) = flat(&case.logits)?;
    logit_scores(&logits, width, case.t)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FeatureCase {
    features: Vec<Vec<f64>>,
    reference: Vec<Vec<f64>>,
    labels: Option<Vec<u32>>,
    calibration: Option<Vec<Vec<f64>>>,
    #[serde(default = "once")]
    k: usize,
    #[serde(default = "ridge")]
    ridge: f64,
}

const fn once() -> usize {
    1
}

const fn ridge() -> f64 {
    1e-6
}

#[derive(Serialize)]
struct FeatureFound {
    neighbor_distance: Vec<f64>,
    neighbor_p: Option<Vec<f64>>,
    mahalanobis: Option<Vec<f64>>,
    mahalanobis_p: Option<Vec<f64>>,
}

fn features(case: &FeatureCase) -> Result<FeatureFound, ConfidenceError> {
    let (features, width) = flat(&case.features)?;
    let (reference, _) = flat(&case.reference)?;
    let calibration = case
        .calibration
        .as_ref()
        .map(|c| flat(c))
        .transpose()?
        .map(|c| c.0);
    let near = |x: &[f64]| neighbor_distance(x, &reference, width, case.k);
    let found = near(&features)?;
    let neighbor_p = match &calibration {
        Some(known) => Some(conformal_p(&found, &near(known)?)?),
        None => None,
    };
    let (mut far, mut far_p) = (None, None);
    if let Some(labels) = &case.labels {
        let model = Mahalanobis::fit(&reference, width, labels, case.ridge)?;
        let scores = model.scores(&features)?;
        if let Some(known) = &calibration {
            far_p = Some(conformal_p(&scores, &model.scores(known)?)?);
        }
        far = Some(scores);
    }
    Ok(FeatureFound {
        neighbor_distance: found,
        neighbor_p,
        mahalanobis: far,
        mahalanobis_p: far_p,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConformalCase {
    score: Vec<f64>,
    calibration: Vec<Number>,
}

fn conformal_values(case: &ConformalCase) -> Result<Vec<f64>, ConfidenceError> {
    let calibration: Vec<f64> = case.calibration.iter().map(|n| n.0).collect();
    conformal_p(&case.score, &calibration)
}

pub(crate) static MEASURES: &[Measure] = &[
    Measure {
        name: "confidence.conformal_p",
        about: About {
            title: "Chance that a known item looks as strange",
            formula: "(1 + calibration scores >= score) / (n + 1)",
            defaults: "none; use Benjamini-Hochberg over a batch",
            direction: Direction::Describes,
            blind_spots: "calibration items must be exchangeable with known ones; never below 1/(n+1)",
            peers: "none needed",
            source: "Vovk, Gammerman and Shafer 2005",
        },
        example: r#"{"score": [5.0, 0.5], "calibration": [1, 2, 3]}"#,
        run: |case| call(case, conformal_values),
    },
    Measure {
        name: "confidence.novelty_features",
        about: About {
            title: "How far items lie from known ones, by features",
            formula: "distance to the k-th nearest reference and squared Mahalanobis distance to the nearest class mean, features scaled to length 1; p-values from calibration items",
            defaults: "k 1, ridge 1e-6; Mahalanobis only with labels, p-values only with calibration",
            direction: Direction::Describes,
            blind_spots: "only as good as the features; no score wins everywhere",
            peers: "the cited papers' code on the same formulas",
            source: "Sun et al. 2022; Lee et al. 2018; Müller and Hein 2025",
        },
        example: r#"{"features": [[0.0, 1.0]], "reference": [[1.0, 0.1], [1.0, -0.1], [0.9, 0.2]], "k": 2}"#,
        run: |case| call(case, features),
    },
    Measure {
        name: "confidence.novelty_logits",
        about: About {
            title: "How strange items look, by logits",
            formula: "energy -T ln sum exp(z/T); -max z; 1 - max p; entropy; generalized entropy sum (p (1-p))^0.1 over the 100 largest p; higher is stranger",
            defaults: "T 1",
            direction: Direction::Describes,
            blind_spots: "a model can be sure of nonsense; set thresholds by `confidence.conformal_p`",
            peers: "the cited papers' code on the same formulas",
            source: "Liu et al. 2020; Hendrycks and Gimpel 2017; Hendrycks et al. 2022; Liu, Lochman and Zach 2023",
        },
        example: r#"{"logits": [[2.0, 0.5, 0.1], [9.0, 0.0, 0.0]]}"#,
        run: |case| call(case, strange),
    },
];
