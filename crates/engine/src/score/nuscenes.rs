//! nuScenes detection.

use super::document::Rule;
use super::files::{self, Names};
use super::scored::{Scored, Sliced, path};
use super::{Outcome, Request, undefined};
use crate::EngineError;
use fieldassay_formats::labels::list_field;
use fieldassay_formats::labels::nuscenes::{self as form, Row, Sample, Submission};
use fieldassay_measure::boxes::Cuboid;
use fieldassay_measure::detection::nuscenes::{
    Detection, ERRORS, Evaluation, Object, Rules, evaluate,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The labels, whatever form they came in.
struct Labels {
    rows: Vec<Row>,
    racks: Vec<Row>,
    samples: Vec<Sample>,
    /// The folder of the tables.
    tables: Option<PathBuf>,
    notes: Vec<String>,
}

/// Turns rows into objects.
struct Objects<'a> {
    rules: Rules,
    samples: Names,
    attributes: Names,
    ego: BTreeMap<&'a str, [f64; 3]>,
    racks: &'a [Row],
}

pub(super) fn score(request: &Request) -> Outcome {
    let submission = form::submission(
        &files::name(&request.predictions),
        &files::read(&request.predictions)?,
        true,
    )?;
    let labels = labels(request, &submission)?;
    let mut objects = Objects {
        rules: Rules::nuscenes(),
        samples: Names::default(),
        attributes: Names::default(),
        ego: BTreeMap::new(),
        racks: &labels.racks,
    };
    let mut scenes = Names::default();
    let mut scene_of = Vec::new();
    for sample in &labels.samples {
        objects.samples.number(&sample.token);
        scene_of.push(scenes.number(&sample.scene));
        if let Some(ego) = sample.ego_meters {
            objects.ego.insert(&sample.token, ego);
        }
    }
    let mut truths = Vec::new();
    for row in &labels.rows {
        if !objects.is_racked(row) {
            truths.push(objects.object(request, row)?);
        }
    }
    let mut found = Vec::new();
    for row in &submission.rows {
        if objects.is_racked(row) {
            continue;
        }
        let object = objects.object(request, row)?;
        found.push(Detection {
            // What a detector says of its points is not looked at.
            object: Object {
                points: None,
                ..object
            },
            score: row.score.unwrap_or(0.0),
        });
    }
    let rules = objects.rules;
    let evaluation =
        evaluate(&truths, &found, rules.clone()).map_err(|error| undefined(request, error))?;
    evaluation
        .scores(None)
        .map_err(|error| undefined(request, error))?;
    let per_class = rules.categories.iter().flat_map(|category| {
        let names = ["AP", "ATE", "ASE", "AOE", "AVE", "AAE", "labels"];
        names.map(|name| path([category.name, name]))
    });
    let summary = ["mAP", "NDS"].into_iter().chain(ERRORS);
    Ok(Scored {
        unit: "scenes",
        units: scene_of,
        summary: summary.map(|name| path([name])).collect(),
        per_class: per_class.collect(),
        numbers: Box::new(move |weights| values(&evaluation, weights)),
        sequences: Vec::new(),
        sliced: sliced(request, &labels)?,
        rules: vec![Rule {
            name: "distances_meters",
            value: "0.5, 1, 2, 4".to_owned(),
        }],
        notes: labels.notes,
    })
}

fn values(evaluation: &Evaluation, weights: Option<&[u32]>) -> Vec<Option<f64>> {
    let Ok(scores) = evaluation.scores(weights) else {
        return Vec::new();
    };
    let summary = scores.summary().into_iter();
    let mut out: Vec<Option<f64>> = summary.map(|(_, value)| Some(value)).collect();
    for of in &scores.categories {
        let distances = of.average_precision.len().max(1) as f64;
        out.push(Some(of.average_precision.iter().sum::<f64>() / distances));
        out.extend(of.errors);
        out.push(Some(of.labels as f64));
    }
    out
}

impl Objects<'_> {
    fn is_racked(&self, row: &Row) -> bool {
        let is_inside = |rack: &Row| {
            let [width, length, height] = rack.size_meters;
            let [x, y, z] = rack.center_meters;
            let cuboid = Cuboid::from_array([x, y, z, length, width, height, rack.yaw_radians]);
            rack.sample == row.sample && cuboid.contains(row.center_meters)
        };
        matches!(row.class.as_str(), "bicycle" | "motorcycle") && self.racks.iter().any(is_inside)
    }

    fn object(&mut self, request: &Request, row: &Row) -> Result<Object, EngineError> {
        let category = self
            .rules
            .categories
            .iter()
            .position(|c| c.name == row.class);
        let category = category.ok_or_else(|| {
            let known: Vec<&str> = self.rules.categories.iter().map(|c| c.name).collect();
            let message = format!(
                "a box of sample `{}` is of `{}`; hint: the detection classes are {}",
                row.sample,
                row.class,
                known.join(", ")
            );
            undefined(request, message)
        })?;
        let sample = self.samples.known(&row.sample);
        let sample = sample.ok_or_else(|| {
            let token = &row.sample;
            undefined(
                request,
                format!("the predictions have sample `{token}`, which the labels do not list; hint: drop it, or give the labels of that split"),
            )
        })?;
        let offset = row.ego_translation_meters.or_else(|| {
            let ego = self.ego.get(row.sample.as_str())?;
            let [x, y, z] = row.center_meters;
            Some([x - ego[0], y - ego[1], z - ego[2]])
        });
        let attribute = row.attribute.as_str();
        Ok(Object {
            sample,
            category,
            center_meters: row.center_meters,
            size_meters: row.size_meters,
            yaw_radians: row.yaw_radians,
            velocity_meters_per_sec: row.velocity_meters_per_sec,
            attribute: (!attribute.is_empty()).then(|| self.attributes.number(attribute)),
            range_meters: offset.map(|[x, y, _]| x.hypot(y)),
            points: row.points,
        })
    }
}

fn labels(request: &Request, submission: &Submission) -> Result<Labels, EngineError> {
    if request.labels.is_dir() {
        tables(request, submission)
    } else {
        boxes(request, submission)
    }
}

/// The folder with the tables: the one given, or the only one below it that has them.
fn tables(request: &Request, submission: &Submission) -> Result<Labels, EngineError> {
    let has = |folder: &Path| folder.join("sample_annotation.json").is_file();
    let mut folder = request.labels.clone();
    if !has(&folder) {
        let below = files::entries(&folder)?
            .into_iter()
            .filter(|path| has(path));
        let below: Vec<PathBuf> = below.collect();
        let [only] = below.as_slice() else {
            return Err(EngineError::Request {
                message: format!(
                    "`{}` holds {} folders with `sample_annotation.json`\nhint: give the folder of the tables, such as v1.0-trainval",
                    folder.display(),
                    below.len()
                ),
            });
        };
        folder.clone_from(only);
    }
    let read = form::tables(|table| files::read(&folder.join(table)))?;
    let listed = |sample: &str| {
        submission
            .samples
            .binary_search_by(|s| s.as_str().cmp(sample))
            .is_ok()
    };
    let all = read.samples.len();
    let samples: Vec<Sample> = read
        .samples
        .into_iter()
        .filter(|s| listed(&s.token))
        .collect();
    let mut notes = Vec::new();
    if samples.len() < all {
        notes.push(format!(
            "{} of {all} samples of the tables are scored: those the predictions list, with boxes or without",
            samples.len()
        ));
    }
    let unplaced = samples.iter().filter(|s| s.ego_meters.is_none()).count();
    if unplaced > 0 {
        notes.push(format!(
            "{unplaced} samples do not say where the vehicle was; nothing there is out of range"
        ));
    }
    Ok(Labels {
        rows: read
            .labels
            .into_iter()
            .filter(|row| listed(&row.sample))
            .collect(),
        racks: read.racks,
        samples,
        tables: Some(folder),
        notes,
    })
}

/// Labels in the form of a submission: every sample is a scene of its own.
fn boxes(request: &Request, submission: &Submission) -> Result<Labels, EngineError> {
    let name = files::name(&request.labels);
    let read = form::submission(&name, &files::read(&request.labels)?, false)?;
    // The vehicle is where a box is, less what the box says of it.
    let mut ego: BTreeMap<&str, [f64; 3]> = BTreeMap::new();
    for row in &read.rows {
        if let Some(offset) = row.ego_translation_meters {
            let [x, y, z] = row.center_meters;
            ego.insert(&row.sample, [x - offset[0], y - offset[1], z - offset[2]]);
        }
    }
    let sample = |token: &String| Sample {
        token: token.clone(),
        scene: token.clone(),
        ego_meters: ego.get(token.as_str()).copied(),
    };
    let samples: Vec<Sample> = read.samples.iter().map(sample).collect();
    let missing = read
        .samples
        .iter()
        .filter(|s| submission.samples.binary_search(s).is_err());
    let missing = missing.count();
    let mut notes = vec![
        "the labels do not say which samples are of one scene; each is taken for one".to_owned(),
    ];
    if missing > 0 {
        notes.push(format!(
            "{missing} samples have no list of predictions and count as without detections"
        ));
    }
    if ego.is_empty() {
        notes.push("no label has `ego_translation`; nothing is out of range".to_owned());
    }
    Ok(Labels {
        samples,
        rows: read.rows,
        racks: Vec::new(),
        tables: None,
        notes,
    })
}

/// The value of a field of samples, of their scenes or of the logs of these.
fn sliced(request: &Request, labels: &Labels) -> Result<Option<Sliced>, EngineError> {
    let Some(by) = &request.by else {
        return Ok(None);
    };
    let none = || EngineError::Request {
        message: format!(
            "`--by {by}`: no sample, scene or log has that field\nhint: slices need the tables of the data set; `location` is a field of logs, `name` of scenes"
        ),
    };
    let folder = labels.tables.as_ref().ok_or_else(none)?;
    let column = |table: &str, field: &str| -> Result<Vec<Option<String>>, EngineError> {
        let path = folder.join(table);
        Ok(list_field(
            &files::name(&path),
            &files::read(&path)?,
            field,
        )?)
    };
    let pairs =
        |table: &str, key: &str, field: &str| -> Result<BTreeMap<String, String>, EngineError> {
            let pairs = column(table, key)?.into_iter().zip(column(table, field)?);
            Ok(pairs
                .filter_map(|(key, value)| Some((key?, value?)))
                .collect())
        };
    let mut values = pairs("sample.json", "token", by)?;
    if values.is_empty() {
        let scene_of: Vec<(&str, &str)> = labels
            .samples
            .iter()
            .map(|s| (s.token.as_str(), s.scene.as_str()))
            .collect();
        let mut of_scene = pairs("scene.json", "token", by)?;
        if of_scene.is_empty() {
            let logs = pairs("log.json", "token", by)?;
            let log_of = pairs("scene.json", "token", "log_token")?;
            let pairs = log_of.into_iter();
            of_scene = pairs
                .filter_map(|(scene, log)| Some((scene, logs.get(&log)?.clone())))
                .collect();
        }
        let pairs = scene_of.into_iter();
        values = pairs
            .filter_map(|(sample, scene)| Some((sample.to_owned(), of_scene.get(scene)?.clone())))
            .collect();
    }
    if values.is_empty() {
        return Err(none());
    }
    let of = labels
        .samples
        .iter()
        .map(|sample| values.get(&sample.token).cloned());
    Ok(Some(Sliced::Items(of.collect())))
}
