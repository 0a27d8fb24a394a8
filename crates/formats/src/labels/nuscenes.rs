//! nuScenes' boxes: a submission, or the tables of the data set.
//!
//! Read [`Row`], [`submission`] and [`Tables`] first. Source: the nuScenes schema and detection task (nuscenes-devkit
//! 1.2.0): annotations become boxes with the names, velocities and points that the detection score is about.
//!
//! Not here: sensors ([`crate::folder`]); which boxes count.

use super::av2::yaw;
use super::rows::{list, object};
use super::{At, LabelError, Place};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// One box of a sample (key frame), in the global frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Token of the sample.
    pub sample: String,
    /// Its detection class.
    pub class: String,
    /// Center, meters.
    pub center_meters: [f64; 3],
    /// Width, length, height, meters.
    pub size_meters: [f64; 3],
    /// Heading, radians.
    pub yaw_radians: f64,
    /// Velocity, meters per second; NaN where unknown.
    pub velocity_meters_per_sec: [f64; 2],
    /// Attribute; empty where it has none.
    pub attribute: String,
    /// How sure the detector is; none in labels.
    pub score: Option<f64>,
    /// Center minus the vehicle's position, global axes, where the file says it.
    pub ego_translation_meters: Option<[f64; 3]>,
    /// `LiDAR` and radar points inside, where the file says it.
    pub points: Option<u64>,
}

/// The content of a submission.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Submission {
    /// Tokens of the samples it speaks of, those without boxes too, sorted.
    pub samples: Vec<String>,
    /// Boxes, sample by sample.
    pub rows: Vec<Row>,
}

#[derive(Deserialize)]
struct File {
    results: BTreeMap<String, super::Rows<Given>>,
}

#[derive(Deserialize)]
struct Given {
    sample_token: String,
    translation: [f64; 3],
    size: [f64; 3],
    rotation: [f64; 4],
    #[serde(default)]
    velocity: Option<[Option<f64>; 2]>,
    detection_name: String,
    #[serde(default)]
    detection_score: Option<f64>,
    #[serde(default)]
    attribute_name: String,
    #[serde(default)]
    ego_translation: Option<[f64; 3]>,
    #[serde(default)]
    num_pts: Option<i64>,
}

const SUBMISSION_HINT: &str = "a submission is an object whose `results` have a list of boxes for each sample; NaN is not JSON, write null";

/// Reads a submission, or labels in the same form, sample by sample. `scored` asks for scores.
///
/// Errors: another form, boxes listed under another sample, numbers that are none, sizes of 0 and below; sample and row
/// are named. Cost: one pass.
pub fn submission(file: &str, bytes: &[u8], scored: bool) -> Result<Submission, LabelError> {
    let given: File = object(file, bytes, SUBMISSION_HINT)?;
    let mut out = Submission::default();
    for (sample, rows) in given.results {
        for (row, given) in rows.0.into_iter().enumerate() {
            let name = format!("{file}, sample {sample}");
            let at = At {
                file: &name,
                place: Place::Row(row),
            };
            if given.sample_token != sample {
                let hint = "boxes stand under the sample they name";
                return Err(at.value("sample_token", given.sample_token, hint));
            }
            if scored && given.detection_score.is_none() {
                return Err(at.form("it has no `detection_score`", SUBMISSION_HINT));
            }
            out.rows.push(row_of(at, given)?);
        }
        out.samples.push(sample);
    }
    Ok(out)
}

fn row_of(at: At<'_>, given: Given) -> Result<Row, LabelError> {
    for value in given.translation {
        at.finite("translation", value)?;
    }
    for value in given.size {
        if at.finite("size", value)? <= 0.0 {
            return Err(at.value("size", value, "sizes are above 0"));
        }
    }
    if let Some(score) = given.detection_score {
        at.finite("detection_score", score)?;
    }
    let velocity = given.velocity.unwrap_or([None; 2]);
    Ok(Row {
        sample: given.sample_token,
        class: given.detection_name,
        center_meters: given.translation,
        size_meters: given.size,
        yaw_radians: at.finite("rotation", yaw(given.rotation))?,
        velocity_meters_per_sec: velocity.map(|v| v.unwrap_or(f64::NAN)),
        attribute: given.attribute_name,
        score: given.detection_score,
        ego_translation_meters: given.ego_translation,
        points: given.num_pts.and_then(|n| u64::try_from(n).ok()),
    })
}

/// A key frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its token.
    pub token: String,
    /// Token of its scene.
    pub scene: String,
    /// Position of the vehicle when the scanner on the roof was read, meters.
    pub ego_meters: Option<[f64; 3]>,
}

/// What the tables of a data set say about boxes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tables {
    /// Key frames in the order of the file.
    pub samples: Vec<Sample>,
    /// Boxes of the ten detection classes.
    pub labels: Vec<Row>,
    /// Bicycle racks.
    pub racks: Vec<Row>,
}

/// Rows of the tables, as far as they are needed.
#[derive(Deserialize)]
pub(super) struct SampleRow {
    pub(super) token: String,
    pub(super) timestamp: f64,
    pub(super) scene_token: String,
}

#[derive(Deserialize)]
struct DataRow {
    sample_token: String,
    ego_pose_token: String,
    #[serde(default)]
    is_key_frame: bool,
    calibrated_sensor_token: String,
}

#[derive(Deserialize)]
struct CalibratedRow {
    token: String,
    sensor_token: String,
}

#[derive(Deserialize)]
struct SensorRow {
    token: String,
    channel: String,
}

#[derive(Deserialize)]
struct PoseRow {
    token: String,
    translation: [f64; 3],
}

#[derive(Deserialize)]
pub(super) struct NamedRow {
    pub(super) token: String,
    pub(super) name: String,
}

#[derive(Deserialize)]
pub(super) struct InstanceRow {
    pub(super) token: String,
    pub(super) category_token: String,
}

#[derive(Deserialize)]
pub(super) struct AnnotationRow {
    pub(super) token: String,
    pub(super) sample_token: String,
    pub(super) instance_token: String,
    #[serde(default)]
    pub(super) attribute_tokens: Vec<String>,
    pub(super) translation: [f64; 3],
    pub(super) size: [f64; 3],
    pub(super) rotation: [f64; 4],
    #[serde(default)]
    pub(super) prev: String,
    #[serde(default)]
    pub(super) next: String,
    #[serde(default)]
    pub(super) num_lidar_pts: i64,
    #[serde(default)]
    pub(super) num_radar_pts: i64,
}

/// The tables that are read.
pub const TABLES: [&str; 9] = [
    "sample.json",
    "sample_data.json",
    "calibrated_sensor.json",
    "sensor.json",
    "ego_pose.json",
    "category.json",
    "attribute.json",
    "instance.json",
    "sample_annotation.json",
];

/// Largest time between two annotations of which a velocity is made, seconds (nuscenes-devkit).
const MOST_SECS: f64 = 1.5;
const RACK: &str = "static_object.bicycle_rack";

/// The detection class of a category of the data set; names of detection classes stand for themselves.
fn detection_class(category: &str) -> Option<&'static str> {
    Some(match category {
        "barrier" | "movable_object.barrier" => "barrier",
        "bicycle" | "vehicle.bicycle" => "bicycle",
        "bus" | "vehicle.bus.bendy" | "vehicle.bus.rigid" => "bus",
        "car" | "vehicle.car" => "car",
        "construction_vehicle" | "vehicle.construction" => "construction_vehicle",
        "motorcycle" | "vehicle.motorcycle" => "motorcycle",
        "pedestrian"
        | "human.pedestrian.adult"
        | "human.pedestrian.child"
        | "human.pedestrian.construction_worker"
        | "human.pedestrian.police_officer" => "pedestrian",
        "traffic_cone" | "movable_object.trafficcone" => "traffic_cone",
        "trailer" | "vehicle.trailer" => "trailer",
        "truck" | "vehicle.truck" => "truck",
        _ => return None,
    })
}

/// Reads the tables; `read` gives the bytes of one of [`TABLES`].
///
/// Annotations of categories without a detection class are left out. A velocity is the difference between the
/// annotations before and after, where they are near enough in time. Errors: a table of another form, a token that
/// names nothing, numbers that are none; table and row are named. Cost: one pass per table, whose tokens are kept.
pub fn tables<E: From<LabelError>, B: AsRef<[u8]>>(
    mut read: impl FnMut(&'static str) -> Result<B, E>,
) -> Result<Tables, E> {
    fn rows<T: DeserializeOwned>(file: &str, bytes: &[u8]) -> Result<Vec<T>, LabelError> {
        list(file, bytes, "a table of nuScenes is a list of rows")
    }
    let [
        sample,
        data,
        calibrated,
        sensor,
        pose,
        category,
        attribute,
        instance,
        annotation,
    ] = TABLES;
    let samples: Vec<SampleRow> = rows(sample, read(sample)?.as_ref())?;
    let ego = Ego {
        data: rows(data, read(data)?.as_ref())?,
        calibrated: rows(calibrated, read(calibrated)?.as_ref())?,
        sensors: rows(sensor, read(sensor)?.as_ref())?,
        poses: rows(pose, read(pose)?.as_ref())?,
    };
    let ego = ego.by_sample();
    let names = |rows: Vec<NamedRow>| rows.into_iter().map(|r| (r.token, r.name)).collect();
    let instances: Vec<InstanceRow> = rows(instance, read(instance)?.as_ref())?;
    let annotations: Vec<AnnotationRow> = rows(annotation, read(annotation)?.as_ref())?;
    let known = Known {
        categories: names(rows(category, read(category)?.as_ref())?),
        attributes: names(rows(attribute, read(attribute)?.as_ref())?),
        instances: instances
            .into_iter()
            .map(|r| (r.token, r.category_token))
            .collect(),
        times: samples
            .iter()
            .map(|s| (s.token.as_str(), 1e-6 * s.timestamp))
            .collect(),
        places: (annotations.iter())
            .map(|a| (a.token.as_str(), (a.sample_token.as_str(), a.translation)))
            .collect(),
    };
    let mut out = Tables::default();
    for (row, annotation) in annotations.iter().enumerate() {
        known.add(row, annotation, &mut out)?;
    }
    out.samples = samples
        .iter()
        .map(|sample| Sample {
            token: sample.token.clone(),
            scene: sample.scene_token.clone(),
            ego_meters: ego.get(&sample.token).copied(),
        })
        .collect();
    Ok(out)
}

/// What says where the vehicle was.
struct Ego {
    data: Vec<DataRow>,
    calibrated: Vec<CalibratedRow>,
    sensors: Vec<SensorRow>,
    poses: Vec<PoseRow>,
}

impl Ego {
    /// Position at the key frame of `LIDAR_TOP`, by sample; Argoverse-like copies of the form call it otherwise, so any
    /// scanner serves where there is none of that name.
    fn by_sample(&self) -> BTreeMap<String, [f64; 3]> {
        let channels: BTreeMap<&str, &str> = self
            .sensors
            .iter()
            .map(|s| (s.token.as_str(), s.channel.as_str()))
            .collect();
        let channel_of: BTreeMap<&str, &str> = (self.calibrated.iter())
            .filter_map(|c| Some((c.token.as_str(), *channels.get(c.sensor_token.as_str())?)))
            .collect();
        let poses: BTreeMap<&str, [f64; 3]> = self
            .poses
            .iter()
            .map(|p| (p.token.as_str(), p.translation))
            .collect();
        let mut best: BTreeMap<String, (bool, [f64; 3])> = BTreeMap::new();
        for data in self.data.iter().filter(|data| data.is_key_frame) {
            let channel = channel_of
                .get(data.calibrated_sensor_token.as_str())
                .copied();
            let channel = channel.unwrap_or_default();
            let Some(pose) = poses.get(data.ego_pose_token.as_str()) else {
                continue;
            };
            let is_top = channel.eq_ignore_ascii_case("LIDAR_TOP");
            let known = best.get(&data.sample_token);
            if is_top || (channel.starts_with("LIDAR") && known.is_none()) {
                best.insert(data.sample_token.clone(), (is_top, *pose));
            }
        }
        best.into_iter()
            .map(|(sample, (_, pose))| (sample, pose))
            .collect()
    }
}

/// Tokens and what they name.
struct Known<'a> {
    categories: BTreeMap<String, String>,
    attributes: BTreeMap<String, String>,
    instances: BTreeMap<String, String>,
    /// Seconds, by sample.
    times: BTreeMap<&'a str, f64>,
    /// Sample and center, by annotation.
    places: BTreeMap<&'a str, (&'a str, [f64; 3])>,
}

impl Known<'_> {
    fn add(&self, row: usize, given: &AnnotationRow, out: &mut Tables) -> Result<(), LabelError> {
        const HINT: &str = "a token names a row of another table; copy the tables again";
        let at = At {
            file: "sample_annotation.json",
            place: Place::Row(row),
        };
        let category = self.instances.get(&given.instance_token);
        let category =
            category.ok_or_else(|| at.value("instance_token", &given.instance_token, HINT))?;
        let category = self.categories.get(category);
        let category = category.ok_or_else(|| at.form("its instance has no category", HINT))?;
        if !self.times.contains_key(given.sample_token.as_str()) {
            return Err(at.value("sample_token", &given.sample_token, HINT));
        }
        let is_rack = category == RACK;
        let class = match detection_class(category) {
            Some(class) => class,
            None if is_rack => RACK,
            None => return Ok(()),
        };
        let attribute = given.attribute_tokens.first();
        let attribute = attribute.and_then(|token| self.attributes.get(token));
        let points = given.num_lidar_pts.checked_add(given.num_radar_pts);
        let row = Given {
            sample_token: given.sample_token.clone(),
            translation: given.translation,
            size: given.size,
            rotation: given.rotation,
            velocity: self.velocity(given),
            detection_name: class.to_owned(),
            detection_score: None,
            attribute_name: attribute.cloned().unwrap_or_default(),
            ego_translation: None,
            num_pts: points.filter(|_| given.num_lidar_pts >= 0),
        };
        let row = row_of(at, row)?;
        if is_rack {
            out.racks.push(row);
        } else {
            out.labels.push(row);
        }
        Ok(())
    }

    /// `NuScenes.box_velocity` of the devkit, on the ground.
    fn velocity(&self, given: &AnnotationRow) -> Option<[Option<f64>; 2]> {
        let place = |token: &str| {
            let (sample, center) = self.places.get(token)?;
            Some((*self.times.get(sample)?, *center))
        };
        let (before, after) = (place(&given.prev), place(&given.next));
        let here = place(&given.token)?;
        let most = match (before, after) {
            (None, None) => return None,
            (Some(_), Some(_)) => 2.0 * MOST_SECS,
            _ => MOST_SECS,
        };
        let ((start, [x, y, _]), (end, [to_x, to_y, _])) =
            (before.unwrap_or(here), after.unwrap_or(here));
        let secs = end - start;
        (secs > 0.0 && secs <= most).then(|| [Some((to_x - x) / secs), Some((to_y - y) / secs)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_boxes_of_a_submission_are_named() {
        let row = r#"{"sample_token": "s", "translation": [1, 2, 3], "size": [2, 4, 1.5], "rotation": [1, 0, 0, 0], "velocity": [1, null], "detection_name": "car", "detection_score": 0.5, "attribute_name": ""}"#;
        let text = |row: &str| format!(r#"{{"meta": {{}}, "results": {{"s": [{row}]}}}}"#);
        let found = submission("r.json", text(row).as_bytes(), true).unwrap();
        assert!(found.rows[0].velocity_meters_per_sec[1].is_nan());
        for (from, to, said) in [
            (
                "[2, 4, 1.5]",
                "[2, 0, 1.5]",
                "`r.json, sample s` row `0`: `size` is `0`",
            ),
            (
                r#""sample_token": "s""#,
                r#""sample_token": "t""#,
                "`sample_token` is `t`",
            ),
            (
                r#""detection_score": 0.5, "#,
                "",
                "it has no `detection_score`",
            ),
            ("[1, 0, 0, 0]", "[1, 0, 0]", "row `0`: invalid length 3"),
        ] {
            let wrong = text(&row.replace(from, to));
            let error = submission("r.json", wrong.as_bytes(), true)
                .unwrap_err()
                .to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
