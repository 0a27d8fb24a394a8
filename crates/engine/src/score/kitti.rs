//! KITTI objects.

use super::document::Rule;
use super::scored::{MOST_SLICES, Numbers, Scored, Sliced, too_many};
use super::{Outcome, Request, files, undefined};
use crate::EngineError;
use fieldassay_formats::labels::kitti::{self, Row};
use fieldassay_measure::boxes::Rect;
use fieldassay_measure::detection::kitti::{
    CLASSES, Class, Curve, Dataset, Evaluation, Found, Label, View, at_11, at_40,
};
use rayon::prelude::*;

const DIFFICULTIES: [&str; 3] = ["easy", "moderate", "hard"];
const VIEWS: [(View, &str); 3] = [
    (View::Image, "bbox"),
    (View::BirdsEye, "bev"),
    (View::Space, "3d"),
];
const POINTS: [&str; 2] = ["AP_R11", "AP_R40"];
const ORIENTATION: &str = "aos";

/// One class at one difficulty, in all views.
type Cell = Vec<Evaluation>;

/// Labels, predictions, and images without a file of these.
type Rows = (Vec<Label>, Vec<Found>, usize);

fn read_all(request: &Request, images: &[std::path::PathBuf]) -> Result<Rows, EngineError> {
    let (mut labels, mut found, mut without) = (Vec::new(), Vec::new(), 0);
    for (image, file) in images.iter().enumerate() {
        let rows = kitti::read(&files::name(file), &files::read(file)?, false)?;
        labels.extend(rows.iter().map(|row| label(image, row)));
        let results = request
            .predictions
            .join(file.file_name().unwrap_or_default());
        if !results.is_file() {
            without += 1;
            continue;
        }
        let rows = kitti::read(&files::name(&results), &files::read(&results)?, true)?;
        found.extend(rows.iter().map(|row| Found {
            label: label(image, row),
            score: row.score.unwrap_or(0.0),
        }));
    }
    Ok((labels, found, without))
}

pub(super) fn score(request: &Request) -> Outcome {
    let images = files::with_ending(&request.labels, &["txt"])?;
    let given = files::with_ending(&request.predictions, &["txt"])?;
    let (labels, found, without) = read_all(request, &images)?;
    let is_unknown =
        |path: &&std::path::PathBuf| !images.iter().any(|i| i.file_name() == path.file_name());
    if let Some(unknown) = given.iter().find(is_unknown) {
        return Err(undefined(
            request,
            format!(
                "`{}` is of an image without labels; hint: files have the same names on both sides",
                unknown.display()
            ),
        ));
    }
    let (cells, is_oriented) = cells(request, images.len(), &labels, &found)?;
    let numbers = move |weights: Option<&[u32]>| values(&cells, is_oriented, weights);
    if numbers(None).iter().all(Option::is_none) {
        return Err(undefined(
            request,
            "no label of a car, pedestrian or cyclist counts, so no score is defined; hint: all are too small, hidden or of other types",
        ));
    }
    let sliced = match &request.by {
        Some(by) => Some(Sliced::Apart(apart(
            request,
            by,
            images.len(),
            (&labels, &found),
        )?)),
        None => None,
    };
    let units = 0..u32::try_from(images.len()).unwrap_or(u32::MAX);
    let notes = (without > 0).then(|| {
        format!(
            "{without} of {} images have no file of predictions and count as without detections",
            images.len()
        )
    });
    Ok(Scored {
        unit: "images",
        units: units.collect(),
        summary: summary_paths(is_oriented),
        per_class: class_paths(is_oriented),
        numbers: Box::new(numbers),
        sequences: Vec::new(),
        sliced,
        rules: rules(),
        notes: notes.into_iter().collect(),
    })
}

/// Matches every class at every difficulty in every view; says too whether there are orientations to score.
fn cells(
    request: &Request,
    images: usize,
    labels: &[Label],
    found: &[Found],
) -> Result<(Vec<Cell>, bool), EngineError> {
    let datasets: Result<Vec<Dataset>, EngineError> = VIEWS
        .par_iter()
        .map(|(view, _)| {
            let dataset = Dataset::new(images, labels, found, *view);
            dataset.map_err(|error| undefined(request, error))
        })
        .collect();
    let datasets = datasets?;
    let is_oriented = datasets.first().is_some_and(Dataset::has_orientation) && !found.is_empty();
    let at: Vec<(usize, usize)> = (0..CLASSES.len())
        .flat_map(|class| (0..DIFFICULTIES.len()).map(move |difficulty| (class, difficulty)))
        .collect();
    let cells = at.into_par_iter().map(|(class, difficulty)| {
        let views = datasets.iter();
        views.map(|d| d.evaluate(class, difficulty)).collect()
    });
    Ok((cells.collect(), is_oriented))
}

/// Each value of a field of labels matched apart: labels of other values are neither found nor missed.
fn apart(
    request: &Request,
    by: &str,
    images: usize,
    (labels, found): (&[Label], &[Found]),
) -> Result<Vec<(Option<String>, Numbers)>, EngineError> {
    // Hidden further than any difficulty takes; the label stays there to be matched.
    const HIDDEN: f64 = f64::MAX;
    let value: fn(&Label) -> f64 = match by {
        "occluded" => |label| label.occluded,
        "truncated" => |label| label.truncated,
        _ => {
            return Err(EngineError::Request {
                message: format!(
                    "`--by {by}`: labels of KITTI have no such field\nhint: give `occluded` or `truncated`"
                ),
            });
        }
    };
    let is_scored = |label: &&Label| CLASSES.iter().any(|(class, ..)| *class == label.class);
    let mut known: Vec<f64> = labels.iter().filter(is_scored).map(value).collect();
    known.sort_by(f64::total_cmp);
    known.dedup();
    if known.len() > MOST_SLICES {
        return Err(too_many(by, known.len()));
    }
    let slice = |own: &f64| -> Result<(Option<String>, Numbers), EngineError> {
        let mut labels = labels.to_vec();
        for label in &mut labels {
            if value(label).total_cmp(own).is_ne() {
                label.occluded = HIDDEN;
            }
        }
        let (cells, is_oriented) = cells(request, images, &labels, found)?;
        let numbers: Numbers = Box::new(move |weights| values(&cells, is_oriented, weights));
        Ok((Some(own.to_string()), numbers))
    };
    known.iter().map(slice).collect()
}

fn rules() -> Vec<Rule> {
    let overlaps = CLASSES.map(|(_, name, least)| format!("{name} {least}"));
    vec![
        Rule {
            name: "iou",
            value: overlaps.join(", "),
        },
        Rule {
            name: "unit",
            value: "percent".to_owned(),
        },
    ]
}

/// Types are compared without regard to case, as in the devkit.
fn class(name: &str) -> Class {
    let known = [
        ("Car", Class::Car),
        ("Pedestrian", Class::Pedestrian),
        ("Cyclist", Class::Cyclist),
        ("Van", Class::Van),
        ("Person_sitting", Class::PersonSitting),
        ("DontCare", Class::DontCare),
    ];
    let found = known
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map_or(Class::Other, |(_, class)| *class)
}

fn label(image: usize, row: &Row) -> Label {
    Label {
        image,
        class: class(&row.class),
        truncated: row.truncated,
        occluded: row.occluded,
        alpha_radians: row.alpha_radians,
        bounds: Rect::from_corners(row.corners),
        dimensions_meters: row.dimensions_meters,
        location_meters: row.location_meters,
        rotation_y_radians: row.rotation_y_radians,
    }
}

fn measures(is_oriented: bool) -> impl Iterator<Item = &'static str> {
    let views = VIEWS.iter().map(|(_, name)| *name);
    views.chain(is_oriented.then_some(ORIENTATION))
}

/// Means over classes, at moderate difficulty, at 40 points.
fn summary_paths(is_oriented: bool) -> Vec<Vec<String>> {
    measures(is_oriented)
        .map(|name| vec![name.to_owned()])
        .collect()
}

fn class_paths(is_oriented: bool) -> Vec<Vec<String>> {
    let mut out = Vec::new();
    for (_, class, _) in CLASSES {
        for difficulty in DIFFICULTIES {
            for name in measures(is_oriented) {
                out.extend(POINTS.map(|points| {
                    [class, difficulty, name, points]
                        .map(str::to_owned)
                        .to_vec()
                }));
            }
        }
    }
    out
}

fn values(cells: &[Cell], is_oriented: bool, weights: Option<&[u32]>) -> Vec<Option<f64>> {
    let both = |curve: &[f64; 41]| [at_11(curve), at_40(curve)].map(|ap| Some(100.0 * ap));
    // Each class at each difficulty: views, then orientation; eleven and forty points of each.
    let rows: Vec<Vec<Option<f64>>> = cells
        .iter()
        .map(|cell| {
            let curves: Vec<Option<Curve>> = cell.iter().map(|e| e.curve(weights)).collect();
            let of = |curve: &Option<Curve>, is_turn: bool| match curve {
                None => [None, None],
                Some(curve) if is_turn => both(&curve.orientation),
                Some(curve) => both(&curve.precision),
            };
            let mut row: Vec<Option<f64>> = curves.iter().flat_map(|c| of(c, false)).collect();
            if let Some(image) = curves.first().filter(|_| is_oriented) {
                row.extend(of(image, true));
            }
            row
        })
        .collect();
    let mut out = Vec::new();
    for at in 0..measures(is_oriented).count() {
        let moderate = rows.iter().skip(1).step_by(DIFFICULTIES.len());
        let known: Vec<f64> = moderate
            .filter_map(|row| row.get(2 * at + 1).copied().flatten())
            .collect();
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        out.push((!known.is_empty()).then_some(mean));
    }
    out.extend(rows.into_iter().flatten());
    out
}
