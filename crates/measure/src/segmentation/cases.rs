//! The measures of this subject by name.

use super::{
    ClassBoundaries, ClassMaps, Confusion, Panoptic, PanopticImage, Segment, SegmentationError,
};
use crate::boxes::boundary_width;
use crate::detection::cases::{Bootstrap, Lines, lines};
use crate::detection::{bootstrap_weights, mean};
use crate::registry::{About, Direction, Measure, call};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Maps of one image, in rows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Maps {
    label: Vec<Vec<u32>>,
    predicted: Vec<Vec<u32>>,
}

impl Maps {
    fn width(&self) -> usize {
        self.label.first().map_or(0, Vec::len)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassCase {
    images: Vec<Maps>,
    classes: usize,
    #[serde(default)]
    ignored: Option<u32>,
    #[serde(default = "two_percent")]
    boundary_ratio: f64,
    #[serde(default)]
    bootstrap: Option<Bootstrap>,
}

fn two_percent() -> f64 {
    0.02
}

#[derive(Serialize)]
struct ClassScores {
    summary: Lines,
    confusion: Vec<Vec<u64>>,
    iou: Vec<Option<f64>>,
    recall: Vec<Option<f64>>,
    boundary_iou: Vec<Option<f64>>,
    label_boundary_pixels: Vec<u64>,
}

fn summary(confusion: &Confusion, outlines: &ClassBoundaries) -> [(&'static str, Option<f64>); 5] {
    let over = |list: Vec<Option<f64>>| mean(list.into_iter().flatten());
    [
        ("mIoU", over(confusion.iou())),
        ("boundary_mIoU", over(outlines.iou())),
        ("accuracy", confusion.accuracy()),
        ("mean_class_accuracy", over(confusion.recall())),
        ("fwIoU", confusion.weighted_iou()),
    ]
}

fn classes(case: &ClassCase) -> Result<ClassScores, SegmentationError> {
    let mut parts = Vec::with_capacity(case.images.len());
    for (image, maps) in case.images.iter().enumerate() {
        let width = maps.width();
        let reach = boundary_width(maps.label.len(), width, case.boundary_ratio);
        let (label, predicted) = (maps.label.concat(), maps.predicted.concat());
        let mut confusion = Confusion::new(case.classes)?;
        confusion.add(image, &label, &predicted, case.ignored)?;
        let maps = ClassMaps {
            width,
            label: &label,
            predicted: &predicted,
            ignored: case.ignored,
        };
        parts.push((
            confusion,
            ClassBoundaries::of(image, &maps, case.classes, reach)?,
        ));
    }
    let empty = Confusion::new(case.classes)?;
    let sum = |weight: &dyn Fn(usize) -> u32| {
        let (mut confusion, mut outlines) = (empty.clone(), ClassBoundaries { pixels: Vec::new() });
        for (i, part) in parts.iter().enumerate() {
            confusion.merge(&part.0, weight(i));
            outlines.merge(&part.1, weight(i));
        }
        (confusion, outlines)
    };
    let (confusion, outlines) = sum(&|_| 1);
    if confusion.accuracy().is_none() {
        return Err(SegmentationError::Nothing);
    }
    let intervals = case.bootstrap.map_or(Vec::new(), |asked| {
        bootstrap_weights(parts.len(), asked.into(), |weights| {
            let (confusion, outlines) = sum(&|i| weights[i]);
            summary(&confusion, &outlines)
                .map(|(_, value)| value)
                .to_vec()
        })
    });
    Ok(ClassScores {
        summary: lines(summary(&confusion, &outlines), &intervals, parts.len()),
        confusion: confusion.rows().map(<[u64]>::to_vec).collect(),
        iou: confusion.iou(),
        recall: confusion.recall(),
        boundary_iou: outlines.iou(),
        label_boundary_pixels: outlines.pixels.iter().map(|p| p[0]).collect(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PanopticMaps {
    label: Vec<Vec<u32>>,
    label_segments: Vec<Segment>,
    predicted: Vec<Vec<u32>>,
    predicted_segments: Vec<Segment>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PanopticCase {
    images: Vec<PanopticMaps>,
    /// Categories whose objects can be counted; the others are stuff.
    #[serde(default)]
    things: Vec<i64>,
    #[serde(default)]
    bootstrap: Option<Bootstrap>,
}

#[derive(Serialize)]
struct PanopticScores {
    summary: Lines,
    per_class: BTreeMap<String, Lines>,
}

fn panoptic(case: &PanopticCase) -> Result<PanopticScores, SegmentationError> {
    let mut parts = Vec::with_capacity(case.images.len());
    for (image, maps) in case.images.iter().enumerate() {
        let (label, predicted) = (maps.label.concat(), maps.predicted.concat());
        let maps = PanopticImage {
            label: &label,
            label_segments: &maps.label_segments,
            predicted: &predicted,
            predicted_segments: &maps.predicted_segments,
        };
        parts.push(Panoptic::of(image, &maps)?);
    }
    let sum = |weight: &dyn Fn(usize) -> u32| {
        let mut whole = Panoptic::default();
        for (i, part) in parts.iter().enumerate() {
            whole.merge(part, weight(i));
        }
        whole
    };
    let summary = |whole: &Panoptic| {
        let all = whole.quality(|_| true);
        let things = whole.quality(|id| case.things.contains(&id));
        let stuff = whole.quality(|id| !case.things.contains(&id));
        let line = |q: Option<[f64; 3]>, i: usize| q.map(|q| q[i]);
        [
            ("PQ", line(all, 0)),
            ("SQ", line(all, 1)),
            ("RQ", line(all, 2)),
            ("PQ_things", line(things, 0)),
            ("PQ_stuff", line(stuff, 0)),
        ]
    };
    let whole = sum(&|_| 1);
    if whole.quality(|_| true).is_none() {
        return Err(SegmentationError::Nothing);
    }
    let intervals = case.bootstrap.map_or(Vec::new(), |asked| {
        bootstrap_weights(parts.len(), asked.into(), |weights| {
            summary(&sum(&|i| weights[i]))
                .map(|(_, value)| value)
                .to_vec()
        })
    });
    let per_class = whole.classes.iter().map(|(id, class)| {
        let n = usize::try_from(class.hits + class.misses).unwrap_or(usize::MAX);
        let of = |i: usize| class.quality().map(|q| q[i]);
        let all = [("PQ", of(0)), ("SQ", of(1)), ("RQ", of(2))];
        (id.to_string(), lines(all, &[], n))
    });
    Ok(PanopticScores {
        summary: lines(summary(&whole), &intervals, parts.len()),
        per_class: per_class.collect(),
    })
}

pub(crate) static MEASURES: &[Measure] = &[
    Measure {
        name: "segmentation.miou",
        about: About {
            title: "How well pixels were given their classes",
            formula: "IoU of a class = pixels labeled and predicted / labeled or predicted, summed over images; mIoU is the mean over classes that occur; boundary mIoU the same over pixels within d of the outside of their class, d = max(1, round(ratio * diagonal)); accuracy is the share of pixels that are right, mean_class_accuracy the mean share per labeled class, fwIoU the mean IoU weighted by labeled pixels",
            defaults: "no pixel is ignored; boundary_ratio 0.02; n counts images",
            direction: Direction::Higher,
            blind_spots: "large classes hide small objects in accuracy and fwIoU, large objects hide small ones in all; classes that occur in no label but are predicted have IoU 0 and count",
            peers: "counting by hand with numpy 2.4.6; boundary-iou-api with OpenCV 5.0.0",
            source: "Everingham et al. 2015, 4.1.3; Cheng et al. 2021",
        },
        example: r#"{"classes": 2, "ignored": 255, "images": [{"label": [[0, 0, 1], [0, 1, 255]], "predicted": [[0, 1, 1], [0, 1, 0]]}]}"#,
        run: |case| call(case, classes),
    },
    Measure {
        name: "segmentation.panoptic",
        about: About {
            title: "Panoptic quality: which segments were found, and how well",
            formula: "segments of a category match where their IoU, without unlabeled pixels, is above 1/2; PQ = sum of IoU / (hits + misses / 2 + false alarms / 2), SQ = mean IoU of hits, RQ = hits / (hits + misses / 2 + false alarms / 2); means over categories that occur",
            defaults: "things: none are named, so all are stuff; n counts images; per class it counts labeled segments",
            direction: Direction::Higher,
            blind_spots: "nothing at or below IoU 1/2 counts, so long thin segments are hard; a small segment weighs as much as a large one",
            peers: "hotcoco 1.3.0; panopticapi's rules",
            source: "Kirillov et al. 2019, eq. 1",
        },
        example: r#"{"things": [1], "images": [{"label": [[5, 5, 6], [5, 5, 6]], "label_segments": [{"id": 5, "category_id": 1}, {"id": 6, "category_id": 2}], "predicted": [[3, 3, 3], [3, 3, 4]], "predicted_segments": [{"id": 3, "category_id": 1}, {"id": 4, "category_id": 2}]}]}"#,
        run: |case| call(case, panoptic),
    },
];
