//! nuScenes: JSON tables of sensor files, calibrations, poses of the car and annotated boxes.
//!
//! Source: the published schema of nuScenes (nuscenes-devkit, `docs/schema_nuscenes.md`); Lyft Level 5
//! has the same tables, times with fractions of a microsecond and poses that share the time of the key
//! frame, so poses get the time of the first file they belong to. `ego_pose` is `map_from_base_link`,
//! `calibrated_sensor` is `base_link_from_sensor`, quaternions are w x y z, sizes width, length, height.
//! With more than one scene the topics begin with the name of the scene.
//!
//! Memory: the tables, as in the devkit: about 200 bytes a file and 150 a box.
//!
//! Not here: radar files (ASCII headers before binary points), maps, can bus.

use super::images::{Picture, image_format};
use super::scene::{Listing, Mounts, Placed, Stream, pinhole};
use super::{Contents, Event, Failure, Files, FolderError, Layout, OpenFiles};
use crate::sensor::{Box3, Cloud, CloudField, FieldType};
use crate::{Format, Limits, message};
use serde::Deserialize;
use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const LAYOUT: Layout = Layout {
    format: Format::NuScenes,
    mark: "nuScenes: tables such as `sample_data.json` and `ego_pose.json`",
    detect: |files| tables(files).is_some(),
    list,
};

const MAP: &str = "map";
const BODY: &str = "base_link";
/// Bytes of a point: x, y, z, intensity, ring in single precision.
const POINT_BYTES: usize = 20;
/// Tables nothing can be read without.
const NEEDED: [&str; 4] = [
    "calibrated_sensor.json",
    "ego_pose.json",
    "sample_data.json",
    "sensor.json",
];

/// The folder of the tables, at most two below; with several (a split and a test set) there is none,
/// and each is a recording of its own.
fn tables(files: &dyn Files) -> Option<String> {
    let has = |prefix: &str| {
        NEEDED
            .iter()
            .all(|name| files.has(&format!("{prefix}{name}")))
    };
    if has("") {
        return Some(String::new());
    }
    let mut found = Vec::new();
    for name in files.folders("") {
        // Only folders named like a version are searched: the rest may be anything.
        if !name.starts_with('v') {
            continue;
        }
        for prefix in [format!("{name}/"), format!("{name}/{name}/")] {
            if has(&prefix) {
                found.push(prefix);
            }
        }
    }
    match found.len() {
        1 => found.pop(),
        _ => None,
    }
}

#[derive(Deserialize)]
struct SampleData<'a> {
    #[serde(borrow)]
    sample_token: Cow<'a, str>,
    #[serde(borrow)]
    ego_pose_token: Cow<'a, str>,
    #[serde(borrow)]
    calibrated_sensor_token: Cow<'a, str>,
    #[serde(borrow)]
    filename: Cow<'a, str>,
    timestamp: f64,
    #[serde(default)]
    width: Option<u32>,
    #[serde(default)]
    height: Option<u32>,
}

#[derive(Deserialize)]
struct Calibrated<'a> {
    #[serde(borrow)]
    token: Cow<'a, str>,
    #[serde(borrow)]
    sensor_token: Cow<'a, str>,
    translation: [f64; 3],
    rotation: [f64; 4],
    #[serde(default)]
    camera_intrinsic: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Sensor<'a> {
    #[serde(borrow)]
    token: Cow<'a, str>,
    channel: String,
    #[serde(default)]
    modality: String,
}

#[derive(Deserialize)]
struct EgoPose<'a> {
    #[serde(borrow)]
    token: Cow<'a, str>,
    translation: [f64; 3],
    rotation: [f64; 4],
}

#[derive(Deserialize)]
struct Sample<'a> {
    #[serde(borrow)]
    token: Cow<'a, str>,
    #[serde(borrow)]
    scene_token: Cow<'a, str>,
    timestamp: f64,
}

#[derive(Deserialize)]
struct Annotation<'a> {
    #[serde(borrow)]
    sample_token: Cow<'a, str>,
    #[serde(borrow)]
    instance_token: Cow<'a, str>,
    translation: [f64; 3],
    size: [f64; 3],
    rotation: [f64; 4],
    #[serde(default)]
    num_lidar_pts: Option<i64>,
}

#[derive(Deserialize)]
struct Instance<'a> {
    #[serde(borrow)]
    token: Cow<'a, str>,
    #[serde(borrow)]
    category_token: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    token: Cow<'a, str>,
    name: String,
}

/// Collects the rows of an array up to the first that cannot be read.
struct Rows<'r, T>(&'r mut Vec<T>);

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Rows<'_, T> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Rows<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        while let Some(row) = rows.next_element()? {
            self.0.push(row);
        }
        Ok(())
    }
}

/// The rows of a table; what cannot be read and everything behind it is one loss.
fn rows<'t, T: Deserialize<'t>>(path: &str, text: &'t [u8], contents: &mut Contents<'_>) -> Vec<T> {
    let mut found = Vec::new();
    let mut from = serde_json::Deserializer::from_slice(text);
    if let Err(error) = Rows(&mut found).deserialize(&mut from) {
        contents.lose(Failure {
            code: "loss.row",
            start: 0,
            end: text.len() as u64,
            message: format!(
                "`{path}`: {error}; `{}` rows before it were read",
                found.len()
            ),
        });
    }
    found
}

/// Microseconds to nanoseconds. Values near 1.5e15 with a fraction are exact to a quarter microsecond.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a time beyond the range saturates; it is out of order then and noted"
)]
pub(crate) fn nanos(micros: f64) -> i64 {
    let whole = micros.floor();
    (whole as i64)
        .saturating_mul(1000)
        .saturating_add(((micros - whole) * 1000.0).round() as i64)
}

fn placed(translation_meters: [f64; 3], [w, x, y, z]: [f64; 4]) -> Placed {
    Placed {
        translation_meters,
        quat_xyzw: [x, y, z, w],
    }
}

fn list<'a>(files: &'a dyn Files, limits: &Limits) -> Result<Contents<'a>, FolderError> {
    let folder = tables(files).unwrap_or_default();
    let mut listing = Listing::new(files, limits, "nuscenes");
    let bytes = |name: &str| files.read(&format!("{folder}{name}"));
    let data = bytes("sample_data.json")?;
    let (calibrated, sensors) = (bytes("calibrated_sensor.json")?, bytes("sensor.json")?);
    let poses = bytes("ego_pose.json")?;
    let contents = &mut listing.contents;
    let calibrated: Vec<Calibrated<'_>> =
        rows("calibrated_sensor.json", calibrated.as_ref(), contents);
    let sensors: Vec<Sensor<'_>> = rows("sensor.json", sensors.as_ref(), contents);
    let poses: Vec<EgoPose<'_>> = rows("ego_pose.json", poses.as_ref(), contents);
    let data: Vec<SampleData<'_>> = rows("sample_data.json", data.as_ref(), contents);
    let mut optional = |name: &str| match bytes(name) {
        Ok(bytes) => bytes.as_ref().to_vec(),
        Err(error) => {
            contents.note("structure.table_missing", || error.to_string());
            b"[]".to_vec()
        }
    };
    let (samples, scenes) = (optional("sample.json"), optional("scene.json"));
    let samples: Vec<Sample<'_>> = rows("sample.json", &samples, &mut listing.contents);
    let scenes: Vec<Named<'_>> = rows("scene.json", &scenes, &mut listing.contents);
    let tables = Tables {
        folder: folder.clone(),
        root: root(files, &folder, &data),
        sensors: sensors.iter().map(|row| (&*row.token, row)).collect(),
        calibrated: calibrated.iter().map(|row| (&*row.token, row)).collect(),
        poses: poses
            .iter()
            .map(|row| (&*row.token, placed(row.translation, row.rotation)))
            .collect(),
        samples: samples.iter().map(|row| (&*row.token, row)).collect(),
        scenes: scenes.iter().map(|row| (&*row.token, row)).collect(),
    };
    tables.sensor_files(&mut listing, &data);
    tables.annotations(&mut listing);
    listing.finish(
        Format::NuScenes.name(),
        "no row of `sample_data.json` has a pose and a calibration",
    )
}

/// The folder the files of the tables lie in: the nearest above them that holds one; none without any.
fn root(files: &dyn Files, folder: &str, data: &[SampleData<'_>]) -> Option<String> {
    let mut prefix = folder.to_owned();
    loop {
        if data
            .iter()
            .any(|row| files.has(&format!("{prefix}{}", row.filename)))
        {
            return Some(prefix);
        }
        if prefix.is_empty() {
            return None;
        }
        prefix.pop();
        prefix.truncate(prefix.rfind('/').map_or(0, |at| at + 1));
    }
}

/// The tables by token.
struct Tables<'t> {
    folder: String,
    root: Option<String>,
    sensors: BTreeMap<&'t str, &'t Sensor<'t>>,
    calibrated: BTreeMap<&'t str, &'t Calibrated<'t>>,
    poses: BTreeMap<&'t str, Placed>,
    samples: BTreeMap<&'t str, &'t Sample<'t>>,
    scenes: BTreeMap<&'t str, &'t Named<'t>>,
}

/// One sensor of one scene.
#[derive(Default)]
struct Channel<'t> {
    rows: Vec<&'t SampleData<'t>>,
}

/// Everything of one scene: its sensors by name, its poses by time.
#[derive(Default)]
struct SceneRows<'t> {
    channels: BTreeMap<&'t str, Channel<'t>>,
    poses: BTreeMap<i64, Placed>,
}

impl<'t> Tables<'t> {
    /// The topics of a scene begin with this; empty where there is one scene.
    fn prefix(&self, scene: &str) -> String {
        match self.scenes.get(scene) {
            Some(named) if self.scenes.len() > 1 => format!("/{}", named.name),
            _ => String::new(),
        }
    }

    fn sensor_files(&self, listing: &mut Listing<'_>, data: &'t [SampleData<'t>]) {
        let mut scenes: BTreeMap<&str, SceneRows<'_>> = BTreeMap::new();
        let mut posed = BTreeSet::new();
        for (index, row) in data.iter().enumerate() {
            let sensor = self
                .calibrated
                .get(&*row.calibrated_sensor_token)
                .and_then(|calibrated| self.sensors.get(&*calibrated.sensor_token));
            let (Some(sensor), Some(pose)) = (sensor, self.poses.get(&*row.ego_pose_token)) else {
                listing.contents.lose(Failure {
                    code: "loss.row",
                    start: 0,
                    end: 0,
                    message: format!(
                        "`sample_data.json` row `{index}` names a calibration or a pose that no table has"
                    ),
                });
                continue;
            };
            let sample = self.samples.get(&*row.sample_token);
            let scene = scenes
                .entry(sample.map_or("", |sample| &*sample.scene_token))
                .or_default();
            let channel = scene.channels.entry(&sensor.channel).or_default();
            channel.rows.push(row);
            if posed.insert(&*row.ego_pose_token) {
                scene.poses.entry(nanos(row.timestamp)).or_insert(*pose);
            }
        }
        if self.root.is_none() {
            listing.contents.note("structure.media_missing", || {
                format!(
                    "none of the `{}` files that `sample_data.json` names is there; only the tables are read",
                    data.len()
                )
            });
        }
        for (scene, rows) in scenes {
            let prefix = self.prefix(scene);
            let poses: Vec<_> = rows.poses.into_iter().collect();
            let table = format!("{}ego_pose.json", self.folder);
            listing.poses(&prefix, (MAP, BODY), &table, &poses);
            self.scene_sensors(listing, &prefix, &rows.channels);
        }
    }

    fn scene_sensors(
        &self,
        listing: &mut Listing<'_>,
        prefix: &str,
        channels: &BTreeMap<&str, Channel<'_>>,
    ) {
        let mut mounts: Mounts = Vec::new();
        let mut first = i64::MAX;
        for (name, channel) in channels {
            let calibrated = channel
                .rows
                .first()
                .and_then(|row| self.calibrated.get(&*row.calibrated_sensor_token));
            let Some(calibrated) = calibrated else {
                continue;
            };
            let mount = placed(calibrated.translation, calibrated.rotation);
            mounts.push(mount.mount(BODY, name));
            let times = channel.rows.iter().map(|row| nanos(row.timestamp));
            first = times.fold(first, i64::min);
            let modality = self
                .sensors
                .get(&*calibrated.sensor_token)
                .map_or("", |sensor| sensor.modality.as_str());
            match modality {
                "camera" => self.camera(listing, &format!("{prefix}/{name}"), channel, calibrated),
                "lidar" => self.lidar(listing, &format!("{prefix}/{name}"), channel),
                _ => listing.contents.note("structure.not_read", || {
                    format!("`{name}` is no camera and no laser scanner; its files are not read")
                }),
            }
        }
        let table = format!("{}calibrated_sensor.json", self.folder);
        listing.mounts(prefix, &table, first, mounts);
    }

    /// Events of the files of a sensor; returns the times of those there are.
    fn files(&self, listing: &mut Listing<'_>, id: u32, channel: &Channel<'_>) {
        let Some(root) = &self.root else { return };
        for row in &channel.rows {
            let path = format!("{root}{}", row.filename);
            if listing.files.has(&path) {
                listing.whole(nanos(row.timestamp), id, &path);
            } else {
                listing.contents.lose(FolderError::Missing { path }.into());
            }
        }
    }

    fn camera(
        &self,
        listing: &mut Listing<'_>,
        topic: &str,
        channel: &Channel<'_>,
        calibrated: &Calibrated<'_>,
    ) {
        let frame = topic.rsplit('/').next().unwrap_or_default();
        let flat: Vec<f64> = calibrated
            .camera_intrinsic
            .iter()
            .flatten()
            .copied()
            .collect();
        let info = if let Ok(k) = <[f64; 9]>::try_from(flat) {
            let size = channel.rows.first();
            let size = size.and_then(|row| Some([row.width?, row.height?]));
            Some(pinhole(frame, size.unwrap_or_default(), k, Vec::new()))
        } else {
            listing.contents.note("structure.calibration", || {
                format!("`camera_intrinsic` of `{frame}` is no matrix of 3 x 3 numbers")
            });
            None
        };
        if self.root.is_some() {
            let stream = Stream::Picture(Picture {
                frame: frame.to_owned(),
            });
            let name = "sensor_msgs/msg/CompressedImage";
            let id = listing.channel(format!("{topic}/image_raw/compressed"), name, stream);
            self.files(listing, id, channel);
        }
        if let Some(info) = info {
            let file = listing
                .contents
                .file(format!("{}calibrated_sensor.json", self.folder));
            let stream = Stream::CameraInfo(Box::new(info));
            let name = "sensor_msgs/msg/CameraInfo";
            let id = listing.channel(format!("{topic}/camera_info"), name, stream);
            for row in &channel.rows {
                listing.small(nanos(row.timestamp), id, file);
            }
        }
    }

    fn lidar(&self, listing: &mut Listing<'_>, topic: &str, channel: &Channel<'_>) {
        if self.root.is_none() {
            return;
        }
        let frame = topic.rsplit('/').next().unwrap_or_default().to_owned();
        let stream = Stream::Cloud { frame, make: cloud };
        let name = "sensor_msgs/msg/PointCloud2";
        let id = listing.channel(format!("{topic}/points"), name, stream);
        self.files(listing, id, channel);
    }

    /// Boxes by sample; those of one scene are one channel.
    fn annotations(&self, listing: &mut Listing<'_>) {
        let read = |name: &str| listing.files.read(&format!("{}{name}", self.folder));
        let Ok(annotations) = read("sample_annotation.json") else {
            // Test sets have none, and that is no defect.
            return;
        };
        let (instances, categories) = (read("instance.json"), read("category.json"));
        let contents = &mut listing.contents;
        let annotations: Vec<Annotation<'_>> =
            rows("sample_annotation.json", annotations.as_ref(), contents);
        let bytes = |read: &'_ Result<_, FolderError>| match read {
            Ok(bytes) => super::FileBytes::as_ref(bytes).to_vec(),
            Err(_) => b"[]".to_vec(),
        };
        let (instances, categories) = (bytes(&instances), bytes(&categories));
        let instances: Vec<Instance<'_>> = rows("instance.json", &instances, contents);
        let categories: Vec<Named<'_>> = rows("category.json", &categories, contents);
        let categories: BTreeMap<&str, &str> = categories
            .iter()
            .map(|row| (&*row.token, row.name.as_str()))
            .collect();
        let instances: BTreeMap<&str, &str> = instances
            .iter()
            .filter_map(|row| Some((&*row.token, *categories.get(&*row.category_token)?)))
            .collect();
        let mut by_sample: BTreeMap<&str, Vec<Box3<'static>>> = BTreeMap::new();
        for row in &annotations {
            let category = instances.get(&*row.instance_token).copied();
            by_sample
                .entry(&row.sample_token)
                .or_default()
                .push(box3(row, category.unwrap_or_default()));
        }
        self.boxes(listing, by_sample);
    }

    fn boxes(&self, listing: &mut Listing<'_>, by_sample: BTreeMap<&str, Vec<Box3<'static>>>) {
        let path = format!("{}sample_annotation.json", self.folder);
        let file = listing.contents.file(path);
        let mut channels: BTreeMap<&str, u32> = BTreeMap::new();
        for (token, boxes) in by_sample {
            let Some(sample) = self.samples.get(token) else {
                listing.contents.lose(Failure {
                    code: "loss.row",
                    start: 0,
                    end: 0,
                    message: format!(
                        "`{}` rows of `sample_annotation.json` name the sample `{token}`, which no table has",
                        boxes.len()
                    ),
                });
                continue;
            };
            let scene: &str = &sample.scene_token;
            let id = if let Some(id) = channels.get(scene) {
                *id
            } else {
                let topic = format!("{}/annotations", self.prefix(scene));
                let name = "fieldassay_msgs/msg/Boxes3D";
                let id = listing.channel(topic, name, Stream::Boxes(MAP));
                channels.insert(scene, id);
                id
            };
            listing.boxes(nanos(sample.timestamp), (id, file), boxes);
        }
    }
}

/// Negative counts of points mean that nobody counted.
fn box3(row: &Annotation<'_>, category: &str) -> Box3<'static> {
    let [width, length, height] = row.size;
    let pose = placed(row.translation, row.rotation);
    Box3 {
        track: Cow::Owned(row.instance_token.to_string()),
        category: Cow::Owned(category.to_owned()),
        center_meters: pose.translation_meters,
        quat_xyzw: pose.quat_xyzw,
        size_meters: [length, width, height],
        points: row
            .num_lidar_pts
            .and_then(|count| u64::try_from(count).ok()),
    }
}

/// The points of a file as they are.
fn cloud(
    frame: &str,
    event: &Event,
    files: &mut OpenFiles<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    let path = files.path(event.file);
    if image_format(path).is_some() {
        return Err(not_points(path, 0));
    }
    let data = files.bytes(event.file)?;
    let points = data.len() / POINT_BYTES;
    if points * POINT_BYTES != data.len() {
        return Err(not_points(path, data.len()));
    }
    let names = [
        ("x", 0),
        ("y", 4),
        ("z", 8),
        ("intensity", 12),
        ("ring", 16),
    ];
    let fields = names.map(|(name, offset)| CloudField {
        name: name.to_owned(),
        offset,
        field_type: Some(FieldType::F32),
        count: 1,
    });
    let width = u32::try_from(points).unwrap_or(u32::MAX);
    let cloud = Cloud {
        frame: Cow::Borrowed(frame),
        width,
        height: 1,
        fields: fields.to_vec(),
        point_step: 20,
        row_step: width.saturating_mul(20),
        is_dense: Some(true),
        big_endian: false,
        data: Cow::Borrowed(data),
    };
    message::point_cloud2(out, event.log_time, &cloud);
    Ok(())
}

fn not_points(path: &str, bytes: usize) -> Failure {
    Failure {
        code: "loss.file",
        start: 0,
        end: bytes as u64,
        message: format!(
            "`{path}` has `{bytes}` bytes, which are no whole points of `{POINT_BYTES}`"
        ),
    }
}
