//! Classes of pixels.

use super::document::Rule;
use super::scored::{Scored, Sliced, path};
use super::{Outcome, Request, files, undefined};
use crate::EngineError;
use fieldassay_formats::labels::class_map::{self, ClassMap};
use fieldassay_measure::boxes::boundary_width;
use fieldassay_measure::segmentation::{ClassBoundaries, ClassMaps, Confusion, SegmentationError};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What pixels without a class are in Pascal VOC, Cityscapes' training classes and ADE20K.
const IGNORED: u32 = 255;
/// Share of the diagonal that boundaries reach inside (Cheng et al. 2021).
const BOUNDARY_RATIO: f64 = 0.02;
const ENDINGS: [&str; 2] = ["png", "npy"];
/// Classes at most where their number is told by the pixels.
const MOST_CLASSES: u32 = 1024;

/// One image's sums.
type Part = (Confusion, ClassBoundaries);

pub(super) fn score(request: &Request) -> Outcome {
    let pairs = pairs(request)?;
    let ignored = request.ignored.unwrap_or(IGNORED);
    let classes = match request.classes {
        Some(classes) => classes as usize,
        None => told_by_pixels(request, &pairs, ignored)?,
    };
    let part = |(image, pair): (usize, &Maps)| -> Result<Part, EngineError> {
        let (label, predicted) = (read(&pair.0)?, read(&pair.1)?);
        part(image, &label, &predicted, classes, ignored)
            .map_err(|error| undefined(request, format!("`{}`: {error}", pair.1.display())))
    };
    let parts = if request.bootstrap.is_some() || request.by.is_some() {
        let parts: Result<Vec<Part>, EngineError> =
            pairs.par_iter().enumerate().map(part).collect();
        parts?
    } else {
        // Without intervals and slices one sum is enough, whatever the number of images.
        let whole = pairs
            .par_iter()
            .enumerate()
            .map(part)
            .try_reduce_with(|mut sum, one| {
                sum.0.merge(&one.0, 1);
                sum.1.merge(&one.1, 1);
                Ok(sum)
            });
        vec![
            whole
                .transpose()?
                .ok_or_else(|| undefined(request, SegmentationError::Nothing))?,
        ]
    };
    let one_by_one = parts.len() == pairs.len();
    let numbers =
        move |weights: Option<&[u32]>| values(&parts, weights.filter(|_| one_by_one), classes);
    if numbers(None).is_empty() {
        return Err(undefined(request, SegmentationError::Nothing));
    }
    let per_class = (0..classes).flat_map(|class| {
        let class = class.to_string();
        ["IoU", "boundary_IoU", "accuracy"].map(|name| path([class.as_str(), name]))
    });
    Ok(Scored {
        unit: "images",
        units: (0..).take(pairs.len()).collect(),
        summary: [
            "mIoU",
            "boundary_mIoU",
            "accuracy",
            "mean_class_accuracy",
            "fwIoU",
        ]
        .map(|name| path([name]))
        .to_vec(),
        per_class: per_class.collect(),
        numbers: Box::new(numbers),
        sequences: Vec::new(),
        sliced: sliced(request, &pairs),
        rules: rules(&ignored.to_string(), classes),
        notes: Vec::new(),
    })
}

fn rules(ignored: &str, classes: usize) -> Vec<Rule> {
    vec![
        Rule {
            name: "ignored",
            value: ignored.to_owned(),
        },
        Rule {
            name: "classes",
            value: classes.to_string(),
        },
        Rule {
            name: "boundary_ratio",
            value: BOUNDARY_RATIO.to_string(),
        },
    ]
}

fn read(path: &Path) -> Result<ClassMap, EngineError> {
    Ok(class_map::read(&files::name(path), &files::read(path)?)?)
}

/// Label and prediction of one image.
type Maps = (PathBuf, PathBuf);

/// Files of the same name without ending, in folders of the same names, on both sides.
fn pairs(request: &Request) -> Result<Vec<Maps>, EngineError> {
    if request.labels.is_file() && request.predictions.is_file() {
        return Ok(vec![(request.labels.clone(), request.predictions.clone())]);
    }
    let name =
        |root: &Path, path: &Path| path.strip_prefix(root).unwrap_or(path).with_extension("");
    let labels = files::below(&request.labels, &ENDINGS)?;
    let predictions: BTreeMap<PathBuf, PathBuf> = files::below(&request.predictions, &ENDINGS)?
        .into_iter()
        .map(|path| (name(&request.predictions, &path), path))
        .collect();
    let pair = |label: PathBuf| {
        let name = name(&request.labels, &label);
        let predicted = predictions.get(&name).ok_or_else(|| {
            undefined(
                request,
                format!(
                    "no prediction is called `{}`; hint: files have the same names on both sides",
                    name.display()
                ),
            )
        })?;
        Ok((label, predicted.clone()))
    };
    labels.into_iter().map(pair).collect()
}

/// The folder of each image below that of all labels.
fn sliced(request: &Request, pairs: &[Maps]) -> Option<Sliced> {
    request.by.as_ref()?;
    let folder = |(label, _): &Maps| {
        let below = label.strip_prefix(&request.labels).ok()?.parent()?;
        let below = below.display().to_string();
        (!below.is_empty()).then_some(below)
    };
    Some(Sliced::Items(pairs.iter().map(folder).collect()))
}

/// One more than the largest class seen, pixels without a class apart.
fn told_by_pixels(request: &Request, pairs: &[Maps], ignored: u32) -> Result<usize, EngineError> {
    let largest = |(label, predicted): &Maps| -> Result<u32, EngineError> {
        let (label, predicted) = (read(label)?, read(predicted)?);
        let counting = label.classes.iter().zip(&predicted.classes);
        let counting = counting.filter(|(label, _)| **label != ignored);
        Ok(counting.map(|(a, b)| *a.max(b)).max().unwrap_or(0))
    };
    let largest: Result<Vec<u32>, EngineError> = pairs.par_iter().map(largest).collect();
    let largest = largest?.into_iter().max().unwrap_or(0);
    if largest >= MOST_CLASSES {
        return Err(undefined(
            request,
            format!(
                "the largest class is `{largest}`; hint: say how many there are with --classes, and which number has none with --ignore"
            ),
        ));
    }
    Ok(largest as usize + 1)
}

fn part(
    image: usize,
    label: &ClassMap,
    predicted: &ClassMap,
    classes: usize,
    ignored: u32,
) -> Result<Part, SegmentationError> {
    let mut confusion = Confusion::new(classes)?;
    if label.width != predicted.width {
        return Err(SegmentationError::Pixels {
            image,
            found: predicted.classes.len(),
            expected: label.classes.len(),
        });
    }
    confusion.add(image, &label.classes, &predicted.classes, Some(ignored))?;
    let maps = ClassMaps {
        width: label.width,
        label: &label.classes,
        predicted: &predicted.classes,
        ignored: Some(ignored),
    };
    let height = label.classes.len() / label.width.max(1);
    let reach = boundary_width(height, label.width, BOUNDARY_RATIO);
    Ok((
        confusion,
        ClassBoundaries::of(image, &maps, classes, reach)?,
    ))
}

fn values(parts: &[Part], weights: Option<&[u32]>, classes: usize) -> Vec<Option<f64>> {
    let Ok(mut confusion) = Confusion::new(classes) else {
        return Vec::new();
    };
    let mut outlines = ClassBoundaries { pixels: Vec::new() };
    for (at, part) in parts.iter().enumerate() {
        let weight = weights.map_or(1, |weights| weights.get(at).copied().unwrap_or(0));
        confusion.merge(&part.0, weight);
        outlines.merge(&part.1, weight);
    }
    if confusion.accuracy().is_none() {
        return Vec::new();
    }
    let mean = |list: &[Option<f64>]| {
        let known: Vec<f64> = list.iter().copied().flatten().collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    };
    let (iou, outline, recall) = (confusion.iou(), outlines.iou(), confusion.recall());
    let mut out = vec![
        mean(&iou),
        mean(&outline),
        confusion.accuracy(),
        mean(&recall),
        confusion.weighted_iou(),
    ];
    for class in 0..classes {
        out.extend([&iou, &outline, &recall].map(|list| list.get(class).copied().flatten()));
    }
    out
}
