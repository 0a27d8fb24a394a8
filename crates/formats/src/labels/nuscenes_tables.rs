//! nuScenes' tables of annotations with everything they say, in the data set's own categories.
//!
//! Read [`content`] first. Source: the nuScenes schema (nuscenes-devkit, `docs/schema_nuscenes.md`); Lyft Level 5 has the
//! same tables, times with fractions of a microsecond, and poses that share the time of the key frame, so that a pose has
//! the time of the first file it belongs to.
//!
//! Not here: detection classes, velocities and submissions ([`super::nuscenes`]); sensors' files ([`crate::folder`]).

use super::content::{Budget, Content, Fields, Item, Label, Placement, Shape, too_much, unit};
use super::nuscenes::{AnnotationRow, InstanceRow, NamedRow, SampleRow};
use super::rows::list;
use super::{At, LabelError, Place};
use crate::folder::nanos_of_micros;
use crate::sensor::Pose;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};

/// The tables that are read.
pub const TABLES: [&str; 10] = [
    "scene.json",
    "sample.json",
    "sample_annotation.json",
    "instance.json",
    "category.json",
    "attribute.json",
    "sample_data.json",
    "ego_pose.json",
    "calibrated_sensor.json",
    "sensor.json",
];
/// The coordinate frame of boxes.
pub const MAP: &str = "map";
/// The vehicle's coordinate frame.
pub const BODY: &str = "base_link";
const HINT: &str = "a token names a row of another table; copy the tables again";
const TURN_HINT: &str = "a quaternion has length 1";

#[derive(Deserialize)]
struct Data {
    ego_pose_token: String,
    calibrated_sensor_token: String,
    timestamp: f64,
}

#[derive(Deserialize)]
struct Placed {
    token: String,
    #[serde(default)]
    sensor_token: String,
    translation: [f64; 3],
    rotation: [f64; 4],
}

#[derive(Deserialize)]
struct Sensor {
    token: String,
    channel: String,
}

/// Reads the tables; `read` gives the bytes of one of [`TABLES`].
///
/// An item per sample (key frame) in the order of the file, a box per annotation in the map's frame with its instance as
/// track, attributes and points as attributes; the vehicle's poses by time, and where its sensors sit. Sizes become
/// length, width, height. Errors: a table of another form, a token that names nothing, numbers that are none; table and
/// row are named. Cost: one pass per table, whose tokens are kept.
pub fn content<E: From<LabelError>, B: AsRef<[u8]>>(
    read: impl FnMut(&'static str) -> Result<B, E>,
) -> Result<Content, E> {
    let mut read = read;
    let [
        scene,
        sample,
        annotation,
        instance,
        category,
        attribute,
        data,
        pose,
        mount,
        sensor,
    ] = TABLES;
    let names = |rows: Vec<NamedRow>| -> BTreeMap<String, String> {
        rows.into_iter().map(|row| (row.token, row.name)).collect()
    };
    let scenes = names(rows(scene, read(scene)?.as_ref())?);
    let samples: Vec<SampleRow> = rows(sample, read(sample)?.as_ref())?;
    let annotations: Vec<AnnotationRow> = rows(annotation, read(annotation)?.as_ref())?;
    let instances: Vec<InstanceRow> = rows(instance, read(instance)?.as_ref())?;
    let mut out = Content::default();
    let items = items(&mut out, samples, &scenes);
    let known = Known {
        items,
        categories: names(rows(category, read(category)?.as_ref())?),
        attributes: names(rows(attribute, read(attribute)?.as_ref())?),
        instances: instances
            .into_iter()
            .map(|row| (row.token, row.category_token))
            .collect(),
    };
    let mut budget = Budget::default();
    for (row, given) in annotations.into_iter().enumerate() {
        let label = known.label(row, given)?;
        let at = At {
            file: annotation,
            place: Place::Row(row),
        };
        budget.spend(|| too_much(at), &label, 1)?;
        out.label(label);
    }
    let sensors: Vec<Sensor> = rows(sensor, read(sensor)?.as_ref())?;
    let places = Places {
        data: rows(data, read(data)?.as_ref())?,
        poses: rows(pose, read(pose)?.as_ref())?,
        mounts: rows(mount, read(mount)?.as_ref())?,
        channels: sensors
            .into_iter()
            .map(|row| (row.token, row.channel))
            .collect(),
    };
    out.poses = places.placements()?;
    Ok(out)
}

/// An item per sample, and where it is by its token.
fn items(
    out: &mut Content,
    samples: Vec<SampleRow>,
    scenes: &BTreeMap<String, String>,
) -> BTreeMap<String, usize> {
    let mut items = BTreeMap::new();
    for sample in samples {
        let scene = scenes.get(&sample.scene_token);
        let item = out.item(Item {
            name: sample.token.clone(),
            time_ns: Some(nanos_of_micros(sample.timestamp)),
            fields: vec![(
                "scene".to_owned(),
                scene.cloned().unwrap_or(sample.scene_token),
            )],
            ..Item::default()
        });
        items.insert(sample.token, item);
    }
    items
}

fn rows<T: DeserializeOwned>(file: &str, bytes: &[u8]) -> Result<Vec<T>, LabelError> {
    list(file, bytes, "a table of nuScenes is a list of rows")
}

/// Tokens and what they name.
struct Known {
    items: BTreeMap<String, usize>,
    categories: BTreeMap<String, String>,
    attributes: BTreeMap<String, String>,
    instances: BTreeMap<String, String>,
}

impl Known {
    fn label(&self, row: usize, given: AnnotationRow) -> Result<Label, LabelError> {
        let at = At {
            file: "sample_annotation.json",
            place: Place::Row(row),
        };
        let item = self.items.get(&given.sample_token);
        let item = item.ok_or_else(|| at.value("sample_token", &given.sample_token, HINT))?;
        let category = self.instances.get(&given.instance_token);
        let category =
            category.ok_or_else(|| at.value("instance_token", &given.instance_token, HINT))?;
        let category = self.categories.get(category);
        let category = category.ok_or_else(|| at.form("its instance has no category", HINT))?;
        for value in given.translation {
            at.finite("translation", value)?;
        }
        for value in given.size {
            at.size("size", value)?;
        }
        let [w, x, y, z] = given.rotation;
        let [width, length, height] = given.size;
        let attributes = given.attribute_tokens.iter();
        let attributes = attributes.filter_map(|token| self.attributes.get(token));
        let mut attributes: Fields = attributes
            .map(|name| ("attribute".to_owned(), name.clone()))
            .collect();
        for (name, count) in [
            ("num_lidar_pts", given.num_lidar_pts),
            ("num_radar_pts", given.num_radar_pts),
        ] {
            // Lyft writes -1 for unknown.
            if count >= 0 {
                attributes.push((name.to_owned(), count.to_string()));
            }
        }
        Ok(Label {
            item: Some(*item),
            category: category.clone(),
            id: Some(given.token),
            track: Some(given.instance_token),
            shape: Shape::Box3 {
                center_meters: given.translation,
                quat_xyzw: unit([x, y, z, w])
                    .ok_or_else(|| at.form("its rotation has no direction", TURN_HINT))?,
                size_meters: [length, width, height],
            },
            frame: MAP.to_owned(),
            attributes,
            ..Label::default()
        })
    }
}

/// What says where the vehicle and its sensors are.
struct Places {
    data: Vec<Data>,
    poses: Vec<Placed>,
    mounts: Vec<Placed>,
    channels: BTreeMap<String, String>,
}

impl Places {
    /// The vehicle by time, each time once, then its sensors, each once.
    fn placements(&self) -> Result<Vec<Placement>, LabelError> {
        let by_token = |rows: &[Placed]| -> BTreeMap<String, usize> {
            let rows = rows.iter().enumerate();
            rows.map(|(row, placed)| (placed.token.clone(), row))
                .collect()
        };
        let (poses, mounts) = (by_token(&self.poses), by_token(&self.mounts));
        let mut first: BTreeMap<usize, i64> = BTreeMap::new();
        let mut used = BTreeSet::new();
        for (row, data) in self.data.iter().enumerate() {
            let at = At {
                file: "sample_data.json",
                place: Place::Row(row),
            };
            let pose = poses.get(&data.ego_pose_token);
            let pose =
                pose.ok_or_else(|| at.value("ego_pose_token", &data.ego_pose_token, HINT))?;
            let token = &data.calibrated_sensor_token;
            let mount = mounts.get(token);
            used.insert(*mount.ok_or_else(|| at.value("calibrated_sensor_token", token, HINT))?);
            let time = nanos_of_micros(data.timestamp);
            let earliest = first.entry(*pose).or_insert(time);
            *earliest = time.min(*earliest);
        }
        let timed: BTreeMap<i64, usize> = first.iter().map(|(row, time)| (*time, *row)).collect();
        let mut out = Vec::new();
        for (time, row) in timed {
            let pose = placed("ego_pose.json", row, &self.poses, [MAP, BODY])?;
            out.push(Placement {
                item: None,
                step: None,
                time_ns: Some(time),
                pose,
            });
        }
        for row in used {
            let token = self.mounts.get(row).map(|mount| &mount.sensor_token);
            let channel = token.and_then(|token| self.channels.get(token));
            let at = At {
                file: "calibrated_sensor.json",
                place: Place::Row(row),
            };
            let channel = channel.ok_or_else(|| at.form("its sensor is in no table", HINT))?;
            out.push(Placement {
                item: None,
                step: None,
                time_ns: None,
                pose: placed(at.file, row, &self.mounts, [BODY, channel])?,
            });
        }
        Ok(out)
    }
}

fn placed(
    file: &str,
    row: usize,
    rows: &[Placed],
    [parent, child]: [&str; 2],
) -> Result<Pose<'static>, LabelError> {
    let at = At {
        file,
        place: Place::Row(row),
    };
    let given = rows
        .get(row)
        .ok_or_else(|| at.form("it is missing", HINT))?;
    for value in given.translation {
        at.finite("translation", value)?;
    }
    let [w, x, y, z] = given.rotation;
    Ok(Pose {
        parent: parent.to_owned().into(),
        child: child.to_owned().into(),
        translation_meters: given.translation,
        quat_xyzw: unit([x, y, z, w])
            .ok_or_else(|| at.form("its rotation has no direction", TURN_HINT))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str) -> String {
        let text = match name {
            "scene.json" => r#"[{"token": "s", "name": "scene-1"}]"#,
            "sample.json" => {
                r#"[{"token": "k", "scene_token": "s", "timestamp": 1500000000000000.5}]"#
            }
            "sample_annotation.json" => {
                r#"[{"token": "a", "sample_token": "k", "instance_token": "i", "attribute_tokens": ["t"],
                "translation": [1, 2, 3], "size": [2, 4, 1.5], "rotation": [2, 0, 0, 0], "num_lidar_pts": 7,
                "num_radar_pts": -1}]"#
            }
            "instance.json" => r#"[{"token": "i", "category_token": "c"}]"#,
            "category.json" => r#"[{"token": "c", "name": "animal"}]"#,
            "attribute.json" => r#"[{"token": "t", "name": "sleeping"}]"#,
            "sample_data.json" => {
                r#"[{"ego_pose_token": "p", "calibrated_sensor_token": "m", "timestamp": 30},
                {"ego_pose_token": "p", "calibrated_sensor_token": "m", "timestamp": 20}]"#
            }
            "ego_pose.json" => {
                r#"[{"token": "p", "translation": [5, 6, 0], "rotation": [1, 0, 0, 0]}]"#
            }
            "calibrated_sensor.json" => {
                r#"[{"token": "m", "sensor_token": "x", "translation": [1, 0, 2], "rotation": [0, 0, 0, 1]}]"#
            }
            "sensor.json" => r#"[{"token": "x", "channel": "LIDAR_TOP"}]"#,
            other => panic!("{other}"),
        };
        text.to_owned()
    }

    #[test]
    fn every_category_is_read_and_broken_tokens_named() {
        let found = content(|name| Ok::<_, LabelError>(table(name).into_bytes())).unwrap();
        assert_eq!(found.items[0].time_ns, Some(1_500_000_000_000_000_500));
        let label = &found.labels[0];
        assert_eq!(
            (label.category.as_str(), label.track.as_deref()),
            ("animal", Some("i"))
        );
        let Shape::Box3 {
            size_meters,
            quat_xyzw,
            ..
        } = label.shape
        else {
            panic!("a box in space")
        };
        assert_eq!(size_meters, [4.0, 2.0, 1.5]);
        assert_eq!(quat_xyzw, [0.0, 0.0, 0.0, 1.0]);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = [pair("attribute", "sleeping"), pair("num_lidar_pts", "7")];
        assert_eq!(label.attributes, expected);
        assert_eq!(found.poses.len(), 2);
        assert_eq!(found.poses[0].time_ns, Some(20_000));
        assert_eq!(found.poses[1].pose.child, "LIDAR_TOP");
        for (in_table, from, to, said) in [
            (
                "sample_annotation.json",
                "\"k\"",
                "\"z\"",
                "row `0`: `sample_token` is `z`",
            ),
            ("instance.json", "\"i\"", "\"z\"", "`instance_token` is `i`"),
            (
                "sample_annotation.json",
                "[2, 0, 0, 0]",
                "[0, 0, 0, 0]",
                "no direction",
            ),
            (
                "sample_data.json",
                "\"p\"",
                "\"z\"",
                "`ego_pose_token` is `z`",
            ),
            (
                "sensor.json",
                "\"x\"",
                "\"z\"",
                "`calibrated_sensor.json` row `0`: its sensor",
            ),
        ] {
            let error = content(|name| {
                let text = table(name);
                Ok::<_, LabelError>(if name == in_table {
                    text.replace(from, to)
                } else {
                    text
                })
            });
            let error = error.unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
