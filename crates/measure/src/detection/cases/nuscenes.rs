//! nuScenes.

use super::{Bootstrap, Lines, Names, lines};
use crate::boxes::Cuboid;
use crate::detection::nuscenes::{Detection, ERRORS, NuscenesError, Object, Rules, evaluate};
use crate::registry::{About, Direction, Measure, Number, call};
use crate::stats::Resampling;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A box of a sample; a result besides has `detection_score`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    sample_token: String,
    #[serde(default)]
    scene: Option<String>,
    detection_name: String,
    translation: [f64; 3],
    size: [f64; 3],
    yaw: f64,
    #[serde(default)]
    velocity: Option<[Number; 2]>,
    #[serde(default)]
    attribute_name: String,
    #[serde(default)]
    detection_score: Option<f64>,
    #[serde(default)]
    ego_distance: Option<f64>,
    #[serde(default)]
    num_pts: Option<u64>,
}

/// A rack in which bicycles and motorcycles are not scored.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rack {
    sample_token: String,
    translation: [f64; 3],
    size: [f64; 3],
    yaw: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    ground_truth: Vec<Row>,
    results: Vec<Row>,
    #[serde(default)]
    bike_racks: Vec<Rack>,
    #[serde(default)]
    bootstrap: Option<Bootstrap>,
}

#[derive(Serialize)]
struct Scored {
    summary: Lines,
    per_class: BTreeMap<String, Lines>,
}

/// Why a case cannot be scored.
#[derive(Debug, thiserror::Error)]
enum CaseProblem {
    #[error(transparent)]
    Score(#[from] NuscenesError),
    #[error(
        "{list} row `{row}` names category `{name}`; hint: map labels to the challenge's ten categories first"
    )]
    Category {
        list: &'static str,
        row: usize,
        name: String,
    },
    #[error("results row `{row}` has no `detection_score`; hint: a result says how sure it is")]
    Score0 { row: usize },
}

/// Numbers for everything that has a name.
struct Reader<'a> {
    rules: Rules,
    samples: Names,
    attributes: Names,
    scenes: Names,
    /// Scene of each sample.
    scene_of: Vec<u32>,
    racks: &'a [Rack],
}

impl Reader<'_> {
    fn is_racked(&self, row: &Row) -> bool {
        let is_inside = |rack: &Rack| {
            let [width, length, height] = rack.size;
            let [x, y, z] = rack.translation;
            let cuboid = Cuboid::from_array([x, y, z, length, width, height, rack.yaw]);
            rack.sample_token == row.sample_token && cuboid.contains(row.translation)
        };
        matches!(row.detection_name.as_str(), "bicycle" | "motorcycle")
            && self.racks.iter().any(is_inside)
    }

    fn object(&mut self, list: &'static str, at: usize, row: &Row) -> Result<Object, CaseProblem> {
        let categories = &mut self.rules.categories.iter();
        let category = categories.position(|c| c.name == row.detection_name);
        let category = category.ok_or_else(|| CaseProblem::Category {
            list,
            row: at,
            name: row.detection_name.clone(),
        })?;
        let sample = self.samples.number(&row.sample_token);
        let scene = row.scene.as_ref().unwrap_or(&row.sample_token);
        let scene = self.scenes.number(scene);
        if sample as usize == self.scene_of.len() {
            self.scene_of.push(scene);
        }
        let attribute = row.attribute_name.as_str();
        Ok(Object {
            sample,
            category,
            center_meters: row.translation,
            size_meters: row.size,
            yaw_radians: row.yaw,
            velocity_meters_per_sec: row.velocity.map_or([f64::NAN; 2], |v| v.map(|n| n.0)),
            attribute: (!attribute.is_empty()).then(|| self.attributes.number(attribute)),
            range_meters: row.ego_distance,
            points: row.num_pts,
        })
    }
}

fn score(case: &Case) -> Result<Scored, CaseProblem> {
    let mut reader = Reader {
        rules: Rules::nuscenes(),
        samples: Names::default(),
        attributes: Names::default(),
        scenes: Names::default(),
        scene_of: Vec::new(),
        racks: &case.bike_racks,
    };
    let mut labels = Vec::with_capacity(case.ground_truth.len());
    for (at, row) in case.ground_truth.iter().enumerate() {
        if !reader.is_racked(row) {
            labels.push(reader.object("ground truth", at, row)?);
        }
    }
    let mut found = Vec::with_capacity(case.results.len());
    for (at, row) in case.results.iter().enumerate() {
        let score = row.detection_score.ok_or(CaseProblem::Score0 { row: at })?;
        if !reader.is_racked(row) {
            let object = reader.object("results", at, row)?;
            // What a result says of its points is not looked at.
            let object = Object {
                points: None,
                ..object
            };
            found.push(Detection { object, score });
        }
    }
    let evaluation = evaluate(&labels, &found, reader.rules.clone())?;
    let scores = evaluation.scores(None)?;
    let how = case.bootstrap.map(Resampling::from);
    let intervals = how.map_or(Vec::new(), |how| {
        evaluation.intervals(&reader.scene_of, how)
    });
    let pairs = reader.rules.categories.iter().zip(&scores.categories);
    let per_class = pairs.map(|(category, of)| {
        let n = usize::try_from(of.labels).unwrap_or(usize::MAX);
        let mut values: Vec<(String, Option<f64>)> = Vec::new();
        let mean = of.average_precision.iter().sum::<f64>() / of.average_precision.len() as f64;
        values.push(("AP".to_owned(), Some(mean)));
        for (distance, ap) in reader
            .rules
            .distances_meters
            .iter()
            .zip(&of.average_precision)
        {
            values.push((format!("AP_{distance}m"), Some(*ap)));
        }
        // Per class the errors are not means: `ATE` for `mATE`.
        let names = ERRORS.iter().map(|name| name[1..].to_owned());
        values.extend(names.zip(of.errors));
        let values = values.iter().map(|(name, value)| (name.as_str(), *value));
        (category.name.to_owned(), lines(values, &[], n))
    });
    let summary = scores
        .summary()
        .into_iter()
        .map(|(name, value)| (name, Some(value)));
    Ok(Scored {
        summary: lines(summary, &intervals, reader.scene_of.len()),
        per_class: per_class.collect(),
    })
}

pub(super) const NUSCENES: Measure = Measure {
    name: "detection.nuscenes",
    about: About {
        title: "nuScenes' detection score, with precision and the errors of hits",
        formula: "per category and ground distance of 0.5, 1, 2 and 4 m, detections by falling score take the nearest free label of their sample that is nearer than it; AP is the mean of (precision - 0.1) / 0.9, at least 0, over the recalls 0.11 to 1; errors of hits at 2 m (translation in meters, 1 - IoU of sizes, heading in radians, velocity in m/s, share of wrong attributes) are running means read at each recall from 0.11 to the last reached; NDS = (5 mAP + sum of max(0, 1 - error)) / 10",
        defaults: "boxes beyond `ego_distance` of their category's range (50 m cars to 30 m cones), labels with `num_pts` 0 and bicycles in `bike_racks` are left out; intervals draw scenes where `scene` is given, samples otherwise; n counts samples",
        direction: Direction::Higher,
        blind_spots: "precision is not made monotone; categories without labels have AP 0 and errors 1 and count in the means, so small sets look worse than they are; a pass over few samples hides that frames of a scene are alike; of equal scores the later detection comes first",
        peers: "nuscenes-devkit 1.2.0, to 1e-12",
        source: "Caesar et al. 2020, eq. 1 to 3; nuscenes-devkit 1.2.0, configuration detection_cvpr_2019",
    },
    example: r#"{"ground_truth": [{"sample_token": "a", "detection_name": "car", "translation": [10, 2, 1], "size": [1.9, 4.5, 1.6], "yaw": 0.1, "velocity": [3, 0], "attribute_name": "vehicle.moving"}], "results": [{"sample_token": "a", "detection_name": "car", "translation": [10.3, 2, 1], "size": [1.8, 4.4, 1.6], "yaw": 0.2, "velocity": [2.5, 0], "attribute_name": "vehicle.moving", "detection_score": 0.8}]}"#,
    run: |case| call(case, score),
};
