//! COCO and LVIS.

use super::document::Rule;
use super::scored::{MOST_SLICES, Numbers, Scored, Sliced, path, too_many};
use super::{Benchmark, Outcome, Request, Shape, files, undefined};
use crate::EngineError;
use fieldassay_formats::labels::coco as form;
use fieldassay_formats::table;
use fieldassay_measure::boxes::Rect;
use fieldassay_measure::detection::coco::{
    Annotation, Category, CategoryCurves, CategoryMatches, CocoError, Dataset, Found, GroundTruth,
    Image, Kind, Rules, Scores, match_category,
};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Labels and detections, matched, with the rules they were matched by.
#[derive(Debug)]
pub struct Matched {
    dataset: Dataset,
    rules: Rules,
    matches: Vec<CategoryMatches>,
}

impl Matched {
    /// Matches every category, side by side.
    ///
    /// Errors: rows that contradict each other or the rules.
    pub fn new(truth: &GroundTruth, found: &[Found], rules: Rules) -> Result<Self, CocoError> {
        let dataset = Dataset::new(truth, found, &rules)?;
        let categories = 0..dataset.categories().len();
        let matches = categories.into_par_iter();
        let matches = matches
            .map(|category| match_category(&dataset, category, &rules))
            .collect();
        Ok(Self {
            dataset,
            rules,
            matches,
        })
    }

    /// The scores for weights of images, by position in the data set; none where no label counts.
    pub fn scores(&self, weights: Option<&[u32]>) -> Option<Scores<'_>> {
        let curves = self
            .matches
            .par_iter()
            .map(|m| m.curves(&self.rules, weights));
        let curves: Vec<CategoryCurves> = curves.collect();
        let counts = |c: &CategoryCurves| c.areas.iter().any(Option::is_some);
        curves.iter().any(counts).then(|| Scores {
            rules: &self.rules,
            categories: self.dataset.categories(),
            curves,
        })
    }

    fn values(&self, weights: Option<&[u32]>) -> Vec<Option<f64>> {
        let Some(scores) = self.scores(weights) else {
            return Vec::new();
        };
        let mut out: Vec<Option<f64>> = scores.summary().into_iter().map(|(_, v)| v).collect();
        for category in 0..scores.categories.len() {
            out.extend(scores.average_precision(category));
            out.push(Some(scores.positives(category) as f64));
        }
        out
    }
}

/// Reads both sides and matches them.
pub(super) fn score(request: &Request) -> Outcome {
    let bytes = files::read(&request.labels)?;
    let labels = files::name(&request.labels);
    let (images, categories, annotations) =
        form::labels::<Image, Category, Annotation>(&labels, &bytes)?;
    let mut truth = GroundTruth {
        images,
        categories,
        annotations,
    };
    let field = request
        .by
        .as_ref()
        .map(|by| form::field(&labels, &bytes, by))
        .transpose()?;
    drop(bytes);
    let found = found(request)?;
    let rules = rules(request);
    let wrong = |error: CocoError| undefined(request, error);
    let matched = Matched::new(&truth, &found, rules.clone()).map_err(wrong)?;
    let whole = matched
        .scores(None)
        .ok_or_else(|| wrong(CocoError::Nothing))?;
    let summary = whole
        .summary()
        .iter()
        .map(|(name, _)| path([*name]))
        .collect();
    let per_class = class_paths(whole.categories);
    let notes = notes(&truth, &found);
    let sliced = match field {
        None => None,
        Some(form::FieldOf::Images(values)) => {
            Some(Sliced::Items(in_order(&truth, &matched.dataset, values)))
        }
        Some(form::FieldOf::Annotations(values)) => {
            Some(Sliced::Apart(apart(request, &mut truth, &found, &values)?))
        }
    };
    let units = 0..u32::try_from(matched.dataset.images().len()).unwrap_or(u32::MAX);
    Ok(Scored {
        unit: "images",
        units: units.collect(),
        summary,
        per_class,
        numbers: Box::new(move |weights| matched.values(weights)),
        sequences: Vec::new(),
        sliced,
        rules: named(&rules),
        notes,
    })
}

/// Detections as COCO writes them, or boxes as rows of a table.
fn found(request: &Request) -> Result<Vec<Found>, EngineError> {
    let bytes = files::read(&request.predictions)?;
    let name = files::name(&request.predictions);
    if form::is_json(&name, &bytes) {
        return Ok(form::results(&name, &bytes)?);
    }
    if request.shape.unwrap_or_default() != Shape::Bbox {
        return Err(EngineError::Request {
            message: format!(
                "`{name}` is a table, which holds boxes alone\nhint: masks and keypoints come as JSON, or JSON lines"
            ),
        });
    }
    let rows = form::from_table(&table::read(&name, &bytes)?)?.into_iter();
    let found = rows.map(|row| Found {
        image_id: row.image_id,
        category_id: row.category_id,
        score: row.score,
        bbox: Some(Rect::from(row.xywh)),
        ..Found::default()
    });
    Ok(found.collect())
}

fn rules(request: &Request) -> Rules {
    let kind = match request.shape.unwrap_or_default() {
        Shape::Bbox => Kind::Boxes,
        Shape::Segm => Kind::Masks,
        Shape::Keypoints => Kind::Keypoints,
    };
    let rules = if request.benchmark == Benchmark::Lvis {
        Rules::lvis(kind)
    } else {
        Rules::coco(kind)
    };
    match request.overlap {
        None => rules,
        Some(overlap) => Rules {
            overlaps: vec![overlap],
            ..rules
        },
    }
}

fn named(rules: &Rules) -> Vec<Rule> {
    let kind = match rules.kind {
        Kind::Boxes => "bbox",
        Kind::Masks => "segm",
        Kind::Keypoints => "keypoints",
    };
    let ends = [rules.overlaps.first(), rules.overlaps.last()];
    let iou = match ends.map(|end| end.copied().unwrap_or(f64::NAN)) {
        [first, last] if first == last => format!("{first:.2}"),
        [first, last] => format!("{first:.2}:{last:.2}"),
    };
    let limits: Vec<String> = rules.limits.iter().map(usize::to_string).collect();
    vec![
        Rule {
            name: "type",
            value: kind.to_owned(),
        },
        Rule {
            name: "iou",
            value: iou,
        },
        Rule {
            name: "limits",
            value: limits.join(", "),
        },
    ]
}

/// Names of categories, made different where two are the same.
fn class_paths(categories: &[Category]) -> Vec<Vec<String>> {
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for category in categories {
        *uses.entry(&category.name).or_default() += 1;
    }
    let name =
        |category: &Category| match (category.name.as_str(), uses.get(category.name.as_str())) {
            ("", _) => category.id.to_string(),
            (name, Some(1)) => name.to_owned(),
            (name, _) => format!("{name} ({})", category.id),
        };
    let paths = categories.iter().flat_map(|category| {
        let name = name(category);
        ["AP", "AP50", "labels"].map(|part| vec![name.clone(), part.to_owned()])
    });
    paths.collect()
}

/// Values of images from the order of the file to that of the data set.
fn in_order(
    truth: &GroundTruth,
    dataset: &Dataset,
    values: Vec<Option<String>>,
) -> Vec<Option<String>> {
    let ids = truth.images.iter().map(|image| image.id);
    let mut known: BTreeMap<i64, Option<String>> = ids.zip(values).collect();
    let ordered = dataset.images().iter();
    ordered.map(|id| known.remove(id).flatten()).collect()
}

/// Each value of a field of annotations matched apart: labels of other values are neither found nor missed.
fn apart(
    request: &Request,
    truth: &mut GroundTruth,
    found: &[Found],
    values: &[Option<String>],
) -> Result<Vec<(Option<String>, Numbers)>, EngineError> {
    let mut known: Vec<&Option<String>> = values.iter().collect();
    known.sort();
    known.dedup();
    if known.len() > MOST_SLICES {
        return Err(too_many(
            request.by.as_deref().unwrap_or_default(),
            known.len(),
        ));
    }
    let mut out: Vec<(Option<String>, Numbers)> = Vec::new();
    for value in known {
        for (annotation, own) in truth.annotations.iter_mut().zip(values) {
            annotation.is_ignored = own != value;
        }
        let matched = Matched::new(truth, found, rules(request));
        let matched = matched.map_err(|error| undefined(request, error))?;
        out.push((
            value.clone(),
            Box::new(move |weights| matched.values(weights)),
        ));
    }
    Ok(out)
}

fn notes(truth: &GroundTruth, found: &[Found]) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(row) = truth.annotations.iter().position(|a| a.id == 0) {
        out.push(format!(
            "annotation row `{row}` has id 0, which is an id like any other here; pycocotools counts what finds it as a miss"
        ));
    }
    if found.is_empty() {
        out.push("there are no detections".to_owned());
    }
    out
}
