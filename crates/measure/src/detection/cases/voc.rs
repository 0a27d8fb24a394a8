//! Pascal VOC.

use super::{Bootstrap, Lines, Names, lines};
use crate::boxes::Rect;
use crate::detection::voc::{Evaluation, Found, Label, Rules, VocError, evaluate};
use crate::registry::{About, Direction, Measure, call};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A box by its corners: left, upper, right, lower.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    image: String,
    category: String,
    corners: [f64; 4],
    #[serde(default)]
    difficult: bool,
    #[serde(default)]
    score: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    ground_truth: Vec<Row>,
    results: Vec<Row>,
    #[serde(default = "half")]
    iou: f64,
    #[serde(default = "yes")]
    corners_are_pixels: bool,
    #[serde(default)]
    bootstrap: Option<Bootstrap>,
}

fn half() -> f64 {
    0.5
}

fn yes() -> bool {
    true
}

#[derive(Serialize)]
struct Scored {
    summary: Lines,
    per_class: BTreeMap<String, Lines>,
}

/// The lines of a mean or of one category.
fn named([at_11, at_all]: [Option<f64>; 2]) -> [(&'static str, Option<f64>); 2] {
    [("AP_11point", at_11), ("AP_all_points", at_all)]
}

fn score(case: &Case) -> Result<Scored, VocError> {
    let (mut images, mut categories) = (Names::default(), Names::default());
    let mut labels = Vec::with_capacity(case.ground_truth.len());
    for row in &case.ground_truth {
        labels.push(Label {
            image: images.number(&row.image),
            category: categories.number(&row.category),
            bounds: Rect::from_corners(row.corners),
            is_difficult: row.difficult,
        });
    }
    let mut found = Vec::with_capacity(case.results.len());
    for row in &case.results {
        found.push(Found {
            image: images.number(&row.image),
            category: categories.number(&row.category),
            bounds: Rect::from_corners(row.corners),
            score: row.score,
        });
    }
    let rules = Rules {
        overlap: case.iou,
        corners_are_pixels: case.corners_are_pixels,
    };
    let evaluation = evaluate(&labels, &found, rules)?;
    let scores = evaluation.scores(None);
    let means = Evaluation::means(&scores)?;
    let intervals = (case.bootstrap).map_or(Vec::new(), |how| evaluation.intervals(how.into()));
    let per_class = categories.iter().map(|(name, number)| {
        let of = scores[number as usize];
        let n = of.map_or(0, |s| usize::try_from(s.labels).unwrap_or(usize::MAX));
        let values = [of.map(|s| s.at_11_points), of.map(|s| s.at_all_points)];
        (name.to_owned(), lines(named(values), &[], n))
    });
    Ok(Scored {
        summary: lines(named(means.map(Some)), &intervals, images.len()),
        per_class: per_class.collect(),
    })
}

pub(super) const VOC: Measure = Measure {
    name: "detection.voc",
    about: About {
        title: "Pascal VOC's average precision at 11 and at all points",
        formula: "per category, detections by falling score look at the label of their image that overlaps most: a hit where IoU is at least the threshold and the label is free, nothing where it is difficult, else a miss; AP_11point is the mean of the best precision from the recalls 0, 0.1 to 1 on, AP_all_points the area below it; means over categories that have labels",
        defaults: "iou 0.5; corners_are_pixels true: a box is right - left + 1 wide; n counts images, per class labels",
        direction: Direction::Higher,
        blind_spots: "one threshold: a hit at 0.51 is as good as one at 0.99; the eleven points give 9 percent for a single sure hit; a detection of a taken label is a miss even where a free one overlaps enough; of boxes that barely overlap enough AP is biased upward and its interval with it, whatever the number of images",
        peers: "VOC devkit 2012 (`>=`); py-faster-rcnn's voc_eval differs only where IoU is exactly the threshold (`>`); for 11 points it adds float steps of 0.1",
        source: "Everingham et al. 2010, 4.2; VOCdevkit 2012 `VOCevaldet.m`",
    },
    example: r#"{"ground_truth": [{"image": "a", "category": "car", "corners": [10, 10, 50, 30]}], "results": [{"image": "a", "category": "car", "corners": [11, 10, 51, 30], "score": 0.9}]}"#,
    run: |case| call(case, score),
};
