//! COCO and LVIS.

use super::{Bootstrap, Lines, lines};
use crate::detection::coco::{
    CategoryMatches, CocoError, Dataset, Found, GroundTruth, Kind, Rules, Scores, matches,
};
use crate::registry::{About, Direction, Measure, call};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    ground_truth: GroundTruth,
    results: Vec<Found>,
    #[serde(default = "boxes")]
    kind: Kind,
    #[serde(default)]
    zero_is_no_hit: bool,
    #[serde(default)]
    sigmas: Option<Vec<f64>>,
    #[serde(default)]
    bootstrap: Option<Bootstrap>,
}

fn boxes() -> Kind {
    Kind::Boxes
}

#[derive(Serialize)]
struct Scored {
    summary: Lines,
    per_class: BTreeMap<String, Lines>,
}

fn score(case: &Case, rules: Rules) -> Result<Scored, CocoError> {
    let sigmas = case.sigmas.clone().unwrap_or(rules.sigmas);
    let rules = Rules {
        zero_is_no_hit: case.zero_is_no_hit,
        sigmas,
        ..rules
    };
    let dataset = Dataset::new(&case.ground_truth, &case.results, &rules)?;
    let found: Vec<CategoryMatches> = matches(&dataset, &rules);
    let scores = Scores::new(&dataset, &rules, &found, None)?;
    let intervals = case.bootstrap.map_or(Vec::new(), |asked| {
        Scores::intervals(&dataset, &rules, &found, asked.into())
    });
    let per_class = scores.categories.iter().enumerate().map(|(i, category)| {
        let n = usize::try_from(scores.positives(i)).unwrap_or(usize::MAX);
        let [all, half] = scores.average_precision(i);
        let name = match category.name.as_str() {
            "" => category.id.to_string(),
            name => name.to_owned(),
        };
        (name, lines([("AP", all), ("AP50", half)], &[], n))
    });
    Ok(Scored {
        summary: lines(scores.summary(), &intervals, dataset.images().len()),
        per_class: per_class.collect(),
    })
}

pub(super) const COCO: Measure = Measure {
    name: "detection.coco",
    about: About {
        title: "COCO's average precision and recall of boxes, masks or joints",
        formula: "per category and overlap threshold, detections by falling score each take the free label that overlaps most; AP is the mean over thresholds 0.50 to 0.95, 101 recalls and categories of the best precision from that recall on; AR the mean over thresholds and categories of the recall reached with at most the named number of detections per image; small, medium, large part at areas of 32^2 and 96^2 square pixels, both ends included",
        defaults: "kind bbox (segm, keypoints); COCO's sigmas; annotation id 0 is an id like any other (`zero_is_no_hit` counts its hits as misses, as pycocotools does); n counts images",
        direction: Direction::Higher,
        blind_spots: "rare categories weigh as much as frequent ones; a hit says nothing about the score being calibrated; detections after the hundredth are free; means hide which size or class fails; of boxes that barely overlap enough AP is biased upward and its interval with it, whatever the number of images",
        peers: "pycocotools 2.0.11, faster-coco-eval 1.8.0, hotcoco 1.3.0, ultrafast-pycocotools 0.1.14, to 1e-15; all take annotation id 0 for \"not matched\" (AP 0.2801 instead of 0.2992 on our vector)",
        source: "Lin et al. 2014; cocoeval of pycocotools 2.0.11",
    },
    example: r#"{"ground_truth": {"images": [{"id": 1}], "categories": [{"id": 3, "name": "car"}], "annotations": [{"id": 0, "image_id": 1, "category_id": 3, "bbox": [10, 10, 40, 20], "area": 800, "iscrowd": 0}]}, "results": [{"image_id": 1, "category_id": 3, "bbox": [11, 10, 40, 20], "score": 0.9}]}"#,
    run: |case| call(case, |case: &Case| score(case, Rules::coco(case.kind))),
};

pub(super) const LVIS: Measure = Measure {
    name: "detection.lvis",
    about: About {
        title: "LVIS' average precision, with that of rare, common and frequent categories",
        formula: "as `detection.coco`, but detections count only for categories an image holds or is known not to hold, misses of categories that are not labeled exhaustively do not count, and the 300 surest detections per image over all categories are looked at; APr, APc, APf over categories of frequency r, c, f",
        defaults: "kind bbox (segm); there are no crowds",
        direction: Direction::Higher,
        blind_spots: "300 detections per image are shared by all categories, so frequent ones can crowd out rare ones; what is not verified is not scored; of boxes that barely overlap enough AP is biased upward and its interval with it, whatever the number of images",
        peers: "lvis 0.5.3 (which needs numpy below 1.24: it names `np.float`)",
        source: "Gupta et al. 2019; lvis 0.5.3 `LVISEval`",
    },
    example: r#"{"ground_truth": {"images": [{"id": 1, "neg_category_ids": [], "not_exhaustive_category_ids": []}], "categories": [{"id": 3, "name": "car", "frequency": "f"}], "annotations": [{"id": 1, "image_id": 1, "category_id": 3, "bbox": [10, 10, 40, 20], "area": 800}]}, "results": [{"image_id": 1, "category_id": 3, "bbox": [11, 10, 40, 20], "score": 0.9}]}"#,
    run: |case| call(case, |case: &Case| score(case, Rules::lvis(case.kind))),
};
