//! Agreement in time.

use crate::aggregation::{Code, Names};
use crate::agreement::{
    AgreementError, BoundaryRule, SegmentAgreement, boundary_agreement, segment_agreement, segments,
};
use crate::registry::{About, Direction, Measure, call};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SegmentsCase {
    found: Vec<Code>,
    reference: Vec<Code>,
    #[serde(default = "usual")]
    overlaps: Vec<f64>,
    #[serde(default = "background")]
    background: Vec<Code>,
}

fn usual() -> Vec<f64> {
    vec![0.1, 0.25, 0.5]
}

fn background() -> Vec<Code> {
    vec![Code::Text("background".to_owned())]
}

fn stretches(case: &SegmentsCase) -> Result<Value, AgreementError> {
    let names = Names::of(case.found.iter().chain(&case.reference));
    let codes = |list: &[Code]| -> Vec<u32> { list.iter().filter_map(|n| names.code(n)).collect() };
    let is_background = |code: u32| case.background.contains(&names.0[code as usize]);
    let found = segments(&codes(&case.found), is_background);
    let reference = segments(&codes(&case.reference), is_background);
    let scores = segment_agreement(&found, &reference, &case.overlaps)?;
    let f1 = |counts: &[[usize; 3]]| -> Vec<Option<f64>> {
        counts.iter().map(|c| SegmentAgreement::f1(*c)).collect()
    };
    let listed = |list: &[crate::agreement::Segment]| -> Value {
        list.iter()
            .map(|s| json!([names.0[s.label as usize], s.start, s.end]))
            .collect()
    };
    Ok(json!({
        "edit": scores.edit, "counts": scores.counts, "f1": f1(&scores.counts),
        "optimal_counts": scores.optimal, "optimal_f1": f1(&scores.optimal),
        "found": listed(&found), "reference": listed(&reference),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BoundariesCase {
    found_secs: Vec<f64>,
    /// One list per annotator; the best F1 counts, as in GEBD.
    reference_secs: Vec<Vec<f64>>,
    #[serde(default)]
    tolerance_secs: Option<f64>,
    /// With `duration_secs`: the tolerance is this share of it.
    #[serde(default = "share")]
    tolerance_share: f64,
    #[serde(default)]
    duration_secs: Option<f64>,
    #[serde(default)]
    rule: BoundaryRule,
}

fn share() -> f64 {
    0.05
}

fn boundaries(case: &BoundariesCase) -> Result<Value, AgreementError> {
    let relative = case.duration_secs.map(|d| d * case.tolerance_share);
    let tolerance = case.tolerance_secs.or(relative).unwrap_or(f64::NAN);
    let mut best: Option<Value> = None;
    let mut most = f64::NEG_INFINITY;
    for reference in &case.reference_secs {
        let found = boundary_agreement(&case.found_secs, reference, tolerance, case.rule)?;
        // Two empty lists agree, though they have no F1.
        let score = found.f1.unwrap_or(1.0);
        if score > most {
            most = score;
            best = Some(json!({
                "hits": found.hits, "precision": found.precision, "recall": found.recall,
                "f1": found.f1, "offsets_secs": found.offsets_secs, "spread_secs": found.spread,
            }));
        }
    }
    best.ok_or(AgreementError::NoPairs)
}

pub(crate) static MEASURES: &[Measure] = &[
    Measure {
        name: "agreement.segments",
        about: About {
            title: "How much two labelings of the frames of a recording agree, stretch by stretch",
            formula: "edit = 100 (1 - Levenshtein / longer) over the labels of stretches without background; at an overlap a found stretch is a hit where its best reference stretch of the same label (intersection / hull) reaches it and is not yet taken; counts are hits, false alarms, misses",
            defaults: "overlaps 0.1, 0.25, 0.5; background is the label `background`",
            direction: Direction::Higher,
            blind_spots: "edit does not see times; a stretch whose best reference is taken is a false alarm though a second would do: optimal_counts gives it its due",
            peers: "ms-tcn eval.py at 33ed91c0",
            source: "Lea et al. 2017",
        },
        example: r#"{"found": ["background", "turn", "turn", "brake"], "reference": ["turn", "turn", "background", "brake"]}"#,
        run: |case| call(case, stretches),
    },
    Measure {
        name: "agreement.boundaries",
        about: About {
            title: "How much two lists of moments agree within a tolerance",
            formula: "hits are pairs at most the tolerance apart, each moment in one; precision = hits / found, recall = hits / reference, F1 their harmonic mean; with several annotators the best F1",
            defaults: "rule optimal: as many pairs as there can be; gebd takes the nearest that is left for each reference moment in turn; the tolerance is tolerance_secs or tolerance_share (0.05) of duration_secs",
            direction: Direction::Higher,
            blind_spots: "an offset within the tolerance costs nothing: see spread_secs for a habit of one side",
            peers: "GEBD's eval.py, whose greedy rule finds fewer pairs than there are",
            source: "Shou et al. 2021",
        },
        example: r#"{"found_secs": [1.1, 4.0], "reference_secs": [[1.0, 3.0]], "tolerance_secs": 0.5}"#,
        run: |case| call(case, boundaries),
    },
];
