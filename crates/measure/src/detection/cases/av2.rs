//! Argoverse 2.

use super::{Bootstrap, Lines, Names, lines};
use crate::detection::av2::{
    Av2Error, CategoryScores, Detection, Evaluation, Label, Object, Rules, SCORES, evaluate,
};
use crate::registry::{About, Direction, Measure, call};
use crate::stats::Resampling;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A row of an annotation or detection table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    log_id: String,
    timestamp_ns: i64,
    category: String,
    tx_m: f64,
    ty_m: f64,
    tz_m: f64,
    length_m: f64,
    width_m: f64,
    height_m: f64,
    qw: f64,
    qx: f64,
    qy: f64,
    qz: f64,
    #[serde(default)]
    score: f64,
    #[serde(default = "one")]
    num_interior_pts: u64,
    /// Of the track, which the scores do not need.
    #[serde(default, rename = "track_uuid")]
    _track: Option<String>,
}

fn one() -> u64 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    ground_truth: Vec<Row>,
    results: Vec<Row>,
    /// Categories that are part of the means even where they have no label.
    #[serde(default)]
    categories: Vec<String>,
    #[serde(default = "yes")]
    first_claims: bool,
    #[serde(default = "yes")]
    scale_by_hull: bool,
    #[serde(default)]
    bootstrap: Option<Bootstrap>,
}

fn yes() -> bool {
    true
}

#[derive(Serialize)]
struct Scored {
    summary: Lines,
    per_class: BTreeMap<String, Lines>,
}

/// Numbers for everything that has a name.
#[derive(Default)]
struct Reader {
    sweeps: BTreeMap<(u32, i64), u32>,
    logs: Names,
    categories: Names,
    /// Log of each sweep.
    log_of: Vec<u32>,
}

impl Reader {
    fn object(&mut self, row: &Row) -> Object {
        let log = self.logs.number(&row.log_id);
        let next = u32::try_from(self.sweeps.len()).unwrap_or(u32::MAX);
        let sweep = *self.sweeps.entry((log, row.timestamp_ns)).or_insert(next);
        if sweep == next {
            self.log_of.push(log);
        }
        let (w, x, y, z) = (row.qw, row.qx, row.qy, row.qz);
        let yaw = (2.0 * (w * z + x * y)).atan2(w * w + x * x - y * y - z * z);
        Object {
            sweep,
            category: self.categories.number(&row.category),
            center_meters: [row.tx_m, row.ty_m, row.tz_m],
            size_meters: [row.length_m, row.width_m, row.height_m],
            yaw_radians: yaw,
        }
    }
}

fn score(case: &Case) -> Result<Scored, Av2Error> {
    let mut reader = Reader::default();
    for name in &case.categories {
        reader.categories.number(name);
    }
    let mut labels = Vec::with_capacity(case.ground_truth.len());
    for row in &case.ground_truth {
        labels.push(Label {
            object: reader.object(row),
            points: row.num_interior_pts,
        });
    }
    let mut found = Vec::with_capacity(case.results.len());
    for row in &case.results {
        found.push(Detection {
            object: reader.object(row),
            score: row.score,
        });
    }
    let rules = Rules {
        first_claims: case.first_claims,
        scale_by_hull: case.scale_by_hull,
        asked: case.categories.len(),
        ..Rules::default()
    };
    let evaluation = evaluate(&labels, &found, rules)?;
    let scores = evaluation.scores(None);
    let means = Evaluation::means(&scores)?;
    let how = case.bootstrap.map(Resampling::from);
    let intervals = how.map_or(Vec::new(), |how| evaluation.intervals(&reader.log_of, how));
    let per_class = reader.categories.iter().map(|(name, number)| {
        let of: Option<CategoryScores> = scores.get(number as usize).copied().flatten();
        let n = of.map_or(0, |s| usize::try_from(s.labels).unwrap_or(usize::MAX));
        let values = SCORES
            .iter()
            .enumerate()
            .map(|(i, &name)| (name, of.map(|s| s.scores[i])));
        (name.to_owned(), lines(values, &[], n))
    });
    let summary = SCORES.into_iter().zip(means.map(Some));
    Ok(Scored {
        summary: lines(summary, &intervals, reader.log_of.len()),
        per_class: per_class.collect(),
    })
}

pub(super) const AV2: Measure = Measure {
    name: "detection.av2",
    about: About {
        title: "Argoverse 2's average precision, errors of hits and composite detection score",
        formula: "per sweep and category, the hundred surest detections within 150 m each look at the label whose center is nearest in space; of several with one nearest label the surest has it, and hits where it is nearer than 0.5, 1, 2, 4 m; AP is the mean over distances and 101 recalls of the best precision from each recall on; ATE (meters), ASE (1 - common volume / volume of the box around both, put on one center and heading) and AOE (radians) are means over hits at 2 m; CDS = AP * mean(1 - ATE / 2, 1 - ASE, 1 - AOE / pi)",
        defaults: "labels without points do not count; means over categories with labels and those named in `categories`, which without labels have AP 0, ATE 2, ASE 1, AOE pi, CDS 0; `scale_by_hull` false divides by the union of the two instead; `first_claims` false lets a free label within reach be taken instead; intervals draw logs; n counts sweeps",
        direction: Direction::Higher,
        blind_spots: "as in av2 a far detection can claim a label before a near one of lower score, which then is a miss; a heading off by half a turn costs a third of CDS at most; the region of interest is not applied",
        peers: "av2 0.3.6, which rounds to three digits, breaks ties of scores by an unstable sort, and calls the box around two boxes their union",
        source: "Wilson et al. 2021, appendix; av2 0.3.6 `evaluation.detection`",
    },
    example: r#"{"ground_truth": [{"log_id": "a", "timestamp_ns": 0, "category": "BUS", "tx_m": 10, "ty_m": 2, "tz_m": 1, "length_m": 12, "width_m": 3, "height_m": 3, "qw": 1, "qx": 0, "qy": 0, "qz": 0, "num_interior_pts": 9}], "results": [{"log_id": "a", "timestamp_ns": 0, "category": "BUS", "tx_m": 10.2, "ty_m": 2, "tz_m": 1, "length_m": 11, "width_m": 3, "height_m": 3, "qw": 1, "qx": 0, "qy": 0, "qz": 0, "score": 0.9}]}"#,
    run: |case| call(case, score),
};
