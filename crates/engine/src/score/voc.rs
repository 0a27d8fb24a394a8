//! Pascal VOC.

use super::document::Rule;
use super::files::{self, Names};
use super::scored::{Scored, Sliced, path};
use super::{Outcome, Request, undefined};
use crate::EngineError;
use fieldassay_formats::labels::voc as form;
use fieldassay_formats::table;
use fieldassay_measure::boxes::Rect;
use fieldassay_measure::detection::voc::{Evaluation, Found, Label, Rules, evaluate};
use std::collections::BTreeMap;
use std::path::Path;

pub(super) fn score(request: &Request) -> Outcome {
    let annotations = annotations(request)?;
    let mut classes = Names::default();
    let mut images = Names::default();
    let mut names: Vec<&str> = (annotations.iter())
        .flat_map(|annotation| {
            annotation
                .objects
                .iter()
                .map(|object| object.class.as_str())
        })
        .collect();
    names.sort_unstable();
    for name in names {
        classes.number(name);
    }
    let mut labels = Vec::new();
    for annotation in &annotations {
        let known = images.list().len();
        let image = images.number(&annotation.image);
        if images.list().len() == known {
            let image = &annotation.image;
            return Err(undefined(
                request,
                format!("two annotations are of image `{image}`; hint: images have one file each"),
            ));
        }
        labels.extend(annotation.objects.iter().map(|object| Label {
            image,
            category: classes.number(&object.class),
            bounds: Rect::from_corners(object.corners),
            is_difficult: object.is_difficult,
        }));
    }
    let (found, unlabeled) = found(request, &images, &classes)?;
    let rules = Rules {
        overlap: request.overlap.unwrap_or(Rules::default().overlap),
        ..Rules::default()
    };
    let evaluation = evaluate(&labels, &found, rules).map_err(|error| undefined(request, error))?;
    Evaluation::means(&evaluation.scores(None)).map_err(|error| undefined(request, error))?;
    let per_class = classes.list().iter().flat_map(|class| {
        ["AP_11point", "AP_all_points", "labels"].map(|name| path([class.as_str(), name]))
    });
    let per_class = per_class.collect();
    let notes = unlabeled.into_iter().map(|(class, count)| {
        format!("{count} detections of `{class}` do not count: no label is of that class")
    });
    let count = classes.list().len();
    Ok(Scored {
        unit: "images",
        units: (0..).take(images.list().len()).collect(),
        summary: ["AP_11point", "AP_all_points"]
            .map(|name| path([name]))
            .to_vec(),
        per_class,
        numbers: Box::new(move |weights| values(&evaluation, count, weights)),
        sequences: Vec::new(),
        sliced: sliced(request, &annotations)?,
        rules: vec![Rule {
            name: "iou",
            value: rules.overlap.to_string(),
        }],
        notes: notes.collect(),
    })
}

fn values(evaluation: &Evaluation, classes: usize, weights: Option<&[u32]>) -> Vec<Option<f64>> {
    let scores = evaluation.scores(weights);
    let Ok(means) = Evaluation::means(&scores) else {
        return Vec::new();
    };
    let mut out = means.map(Some).to_vec();
    for class in 0..classes {
        let of = scores.get(class).copied().flatten();
        out.extend([
            of.map(|s| s.at_11_points),
            of.map(|s| s.at_all_points),
            Some(of.map_or(0.0, |s| s.labels as f64)),
        ]);
    }
    out
}

fn annotations(request: &Request) -> Result<Vec<form::Annotation>, EngineError> {
    let below = request.labels.join("Annotations");
    let folder = if below.is_dir() {
        &below
    } else {
        &request.labels
    };
    let paths = if folder.is_file() {
        vec![folder.clone()]
    } else {
        files::with_ending(folder, &["xml"])?
    };
    let read = paths
        .iter()
        .map(|path| Ok(form::annotation(&files::name(path), &files::read(path)?)?));
    read.collect()
}

/// Detections, and how many there are of each class without labels.
type Detections = (Vec<Found>, BTreeMap<String, usize>);

fn found(request: &Request, images: &Names, classes: &Names) -> Result<Detections, EngineError> {
    let paths = if request.predictions.is_dir() {
        files::with_ending(&request.predictions, &["txt"])?
    } else {
        vec![request.predictions.clone()]
    };
    let (mut out, mut unlabeled) = (Vec::new(), BTreeMap::new());
    for path in &paths {
        for (row, found) in read(path)?.into_iter().enumerate() {
            let Some(image) = images.known(&found.image) else {
                return Err(undefined(
                    request,
                    format!(
                        "detection `{row}` of `{}` is in image `{}`, which has no annotation; hint: add the annotation or drop the row",
                        path.display(),
                        found.image
                    ),
                ));
            };
            let Some(category) = classes.known(&found.class) else {
                *unlabeled.entry(found.class).or_default() += 1;
                continue;
            };
            out.push(Found {
                image,
                category,
                bounds: Rect::from_corners(found.corners),
                score: found.score,
            });
        }
    }
    Ok((out, unlabeled))
}

/// COCO's form, a table, or the devkit's text, whose lines have no names.
fn read(path: &Path) -> Result<Vec<form::Found>, EngineError> {
    let name = files::name(path);
    let bytes = files::read(path)?;
    let first = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let is_devkit = path.extension().is_some_and(|ending| ending == "txt")
        && !first.contains(&b',')
        && !first.contains(&b'\t');
    if is_devkit {
        return Ok(form::results(&name, form::class_of(&name), &bytes)?);
    }
    if bytes.trim_ascii_start().starts_with(b"{")
        && path.extension().is_some_and(|ending| ending == "json")
    {
        return Ok(form::from_coco(&name, &bytes)?);
    }
    let table = table::read(&name, &bytes)?;
    Ok(form::from_table(&table)?)
}

fn sliced(
    request: &Request,
    annotations: &[form::Annotation],
) -> Result<Option<Sliced>, EngineError> {
    let Some(by) = &request.by else {
        return Ok(None);
    };
    let value = |annotation: &form::Annotation| {
        let field = annotation.fields.iter().find(|(name, _)| name == by);
        field.map(|(_, value)| value.clone())
    };
    let values: Vec<Option<String>> = annotations.iter().map(value).collect();
    if values.iter().all(Option::is_none) {
        return Err(EngineError::Request {
            message: format!(
                "`--by {by}`: no annotation has that field\nhint: fields are texts below `<annotation>`, such as `folder` and `source/database`"
            ),
        });
    }
    Ok(Some(Sliced::Items(values)))
}
