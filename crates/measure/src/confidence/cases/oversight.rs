//! Whether reviewers still look.

use super::{Flag, flags};
use crate::confidence::oversight::{
    Anchoring, Arms, Changes, Detection, Seeded, Timing, anchoring, changes, detection, timing,
};
use crate::confidence::{ConfidenceError, Predictions};
use crate::registry::{About, Direction, Measure, call};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TimesCase {
    confidence: Vec<f64>,
    time_secs: Vec<f64>,
    #[serde(default = "super::one")]
    least_secs: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReviewedCase {
    confidence: Vec<f64>,
    changed: Vec<Flag>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OversightCase {
    seeded: Option<Seeded>,
    reviewed: Option<ReviewedCase>,
    arms: Option<Arms>,
    times: Option<TimesCase>,
}

#[derive(Serialize)]
struct OversightFound {
    detection: Option<Detection>,
    changes: Option<Changes>,
    anchoring: Option<Anchoring>,
    timing: Option<Timing>,
}

fn oversight(case: &OversightCase) -> Result<OversightFound, ConfidenceError> {
    let changes_of = |reviewed: &ReviewedCase| {
        let kept: Vec<bool> = flags(&reviewed.changed).iter().map(|c| !c).collect();
        changes(&Predictions::new(&reviewed.confidence, &kept)?)
    };
    let times = |t: &TimesCase| timing(&t.confidence, &t.time_secs, t.least_secs);
    Ok(OversightFound {
        detection: case.seeded.as_ref().map(detection).transpose()?,
        changes: case.reviewed.as_ref().map(changes_of).transpose()?,
        anchoring: case.arms.as_ref().map(anchoring).transpose()?,
        timing: case.times.as_ref().map(times).transpose()?,
    })
}

pub(crate) static MEASURES: &[Measure] = &[Measure {
    name: "confidence.oversight",
    about: About {
        title: "Whether reviewers still look: seeded errors, changes, anchoring and time",
        formula: "hit rate with Wilson interval, d' = z(H) - z(F), c = -(z(H) + z(F))/2 with (k+1/2)/(n+1); changes against sum (1-p), Poisson-binomial; difference of error rates with and without the label (Newcombe, Fisher); Spearman of time with 1-p",
        defaults: "each part only where its counts are given; least_secs 1",
        direction: Direction::Describes,
        blind_spots: "seeded errors must be as hard as real ones; expected changes need calibrated confidences",
        peers: "scipy `fisher_exact`, `spearmanr`",
        source: "Green and Swets 1966; Hautus 1995; Newcombe 1998; Bonett and Wright 2000",
    },
    example: r#"{"seeded": {"planted": 100, "caught": 71, "right": 900, "changed": 12}, "arms": {"shown_errors": 12, "shown": 200, "blind_errors": 6, "blind": 210}}"#,
    run: |case| call(case, oversight),
}];
