//! `EuRoC` MAV folders: `mav0/<sensor>/{data.csv, sensor.yaml, data/}`.
//!
//! Read from the published form (Burri et al., "The `EuRoC` micro aerial vehicle datasets", IJRR
//! 2016): cameras, IMUs, ground truth (`state_groundtruth_estimate*`, `gt*`, `vicon*`) and laser
//! tracker positions (`leica*`). `T_BS` is `body_from_sensor` and becomes `/tf_static`.
//!
//! Not here: the point cloud of the room (`pointcloud0`), which is no message.

use super::contents::stream_of;
use super::images::{Picture, image_format, make_picture};
use super::{
    Contents, Event, Failure, Files, FolderError, Layout, Maker, OpenFiles, quat_xyzw_from_rows,
};
use crate::message::{self, CdrWriter};
use crate::sensor::{self, CameraInfo};
use crate::trajectory::text::{
    Line, RowError, Separator, cells, floats, integer, line_at, line_number, rows,
};
use crate::{Format, Limits};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeSet;

pub(super) const LAYOUT: Layout = Layout {
    format: Format::Euroc,
    mark: "EuRoC: `cam0/data.csv` or `imu0/data.csv`, also below `mav0/`",
    detect,
    list,
};

/// Frame the sensors are mounted on.
const BODY: &str = "body";
/// Frame of the ground truth.
const WORLD: &str = "world";

/// What a sensor's folder holds, by its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Camera,
    Imu,
    Pose,
    Position,
}

const KINDS: [(&str, Kind); 6] = [
    ("cam", Kind::Camera),
    ("imu", Kind::Imu),
    ("state_groundtruth_estimate", Kind::Pose),
    ("gt", Kind::Pose),
    ("vicon", Kind::Pose),
    ("leica", Kind::Position),
];

fn kind(folder: &str) -> Option<Kind> {
    KINDS.iter().find_map(|(name, kind)| {
        let number = folder.strip_prefix(name)?;
        number
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then_some(*kind)
    })
}

/// The folder with the sensors: `mav0/` or the folder itself.
fn root(files: &dyn Files) -> Option<&'static str> {
    ["mav0/", ""].into_iter().find(|root| {
        files.folders(root).iter().any(|folder| {
            matches!(kind(folder), Some(Kind::Camera | Kind::Imu))
                && files.has(&format!("{root}{folder}/data.csv"))
        })
    })
}

fn detect(files: &dyn Files) -> bool {
    root(files).is_some()
}

/// What of `sensor.yaml` is used.
#[derive(Default, Deserialize)]
#[serde(default)]
struct SensorYaml {
    #[serde(rename = "T_BS")]
    body_from_sensor: Option<Matrix>,
    rate_hz: Option<f64>,
    resolution: Vec<u32>,
    camera_model: String,
    intrinsics: Vec<f64>,
    distortion_model: String,
    distortion_coefficients: Vec<f64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Matrix {
    data: Vec<f64>,
}

/// How the messages of a channel are made; by channel id.
enum Stream {
    Imu { frame: String },
    Picture(Picture),
    CameraInfo(Box<CameraInfo>),
    Pose,
    Position,
    Static(Vec<sensor::Pose<'static>>),
}

fn list<'a>(files: &'a dyn Files, limits: &Limits) -> Result<Contents<'a>, FolderError> {
    let root = root(files).unwrap_or_default();
    let mut listing = Listing {
        files,
        root,
        contents: Contents::new(limits),
        streams: Vec::new(),
        mounts: Vec::new(),
    };
    "euroc".clone_into(&mut listing.contents.origin);
    for folder in files.folders(root) {
        if let Some(kind) = kind(folder) {
            listing.sensor(folder, kind);
        }
    }
    listing.statics();
    if listing.contents.events.is_empty() {
        return Err(FolderError::Empty {
            layout: Format::Euroc.name(),
            reason: "no `data.csv` has a readable row".to_owned(),
        });
    }
    let streams = listing.streams;
    Ok(listing.contents.made_by(Euroc { streams }))
}

struct Listing<'a> {
    files: &'a dyn Files,
    root: &'static str,
    contents: Contents<'a>,
    streams: Vec<Stream>,
    mounts: Vec<sensor::Pose<'static>>,
}

impl Listing<'_> {
    fn sensor(&mut self, folder: &str, kind: Kind) {
        let path = format!("{}{folder}/data.csv", self.root);
        if !self.files.has(&path) {
            self.contents.note("structure.calibration", || {
                format!(
                    "`{}{folder}` has no `data.csv`, so nothing of it is read",
                    self.root
                )
            });
            return;
        }
        let yaml = self.yaml(folder);
        if let Some(mount) = yaml.body_from_sensor.as_ref() {
            self.mount(folder, mount);
        }
        let bytes = match self.files.read(&path) {
            Ok(bytes) => bytes,
            Err(error) => return self.contents.lose(error.into()),
        };
        let table = self.table(&path, bytes.as_ref());
        match kind {
            Kind::Camera => self.camera(folder, &yaml, &path, &table),
            Kind::Imu => {
                let frame = folder.to_owned();
                self.rows(folder, "sensor_msgs/msg/Imu", Stream::Imu { frame }, &table);
            }
            Kind::Pose => {
                let name = "geometry_msgs/msg/PoseStamped";
                self.rows(folder, name, Stream::Pose, &table);
            }
            Kind::Position => {
                let name = "geometry_msgs/msg/PointStamped";
                self.rows(folder, name, Stream::Position, &table);
            }
        }
        if let Some(rate) = yaml.rate_hz {
            self.contents.property("rate_hz", rate.to_string());
        }
    }

    fn yaml(&mut self, folder: &str) -> SensorYaml {
        let path = format!("{}{folder}/sensor.yaml", self.root);
        if !self.files.has(&path) {
            return SensorYaml::default();
        }
        let text = match self.files.text(&path) {
            Ok(text) => text,
            Err(error) => {
                self.contents.lose(error.into());
                return SensorYaml::default();
            }
        };
        // OpenCV begins such files with `%YAML:1.0`, which is no directive of YAML.
        let text: String = text
            .lines()
            .filter(|line| !line.starts_with('%'))
            .flat_map(|line| [line, "\n"])
            .collect();
        serde_saphyr::from_str(&text).unwrap_or_else(|error| {
            self.contents
                .note("structure.calibration", || format!("`{path}`: {error}"));
            SensorYaml::default()
        })
    }

    fn mount(&mut self, folder: &str, matrix: &Matrix) {
        let pose = match *matrix.data.as_slice() {
            [a, b, c, x, d, e, f, y, g, h, i, z, ..] => {
                quat_xyzw_from_rows(&[a, b, c, d, e, f, g, h, i]).map(|quat| (quat, [x, y, z]))
            }
            _ => None,
        };
        match pose {
            Some((quat_xyzw, translation_meters)) => self.mounts.push(sensor::Pose {
                parent: Cow::Borrowed(BODY),
                child: Cow::Owned(folder.to_owned()),
                translation_meters,
                quat_xyzw,
            }),
            None => self.contents.note("structure.calibration", || {
                format!("`T_BS` of `{folder}/sensor.yaml` is no rigid transform of 4 x 4 numbers")
            }),
        }
    }

    /// The rows of a table with their times; those without a time are lost.
    fn table<'b>(&mut self, path: &str, bytes: &'b [u8]) -> Vec<(i64, Line<'b>)> {
        let mut table = Vec::new();
        let mut newest = i64::MIN;
        for line in rows(bytes) {
            let cell = cells(line.text, Separator::Comma)
                .next()
                .unwrap_or_default();
            let Some(stamp) = integer(cell) else {
                let cause = RowError::cell(1, cell, "a time in nanoseconds");
                self.contents.lose(bad_row(path, line, &cause));
                continue;
            };
            if stamp < newest {
                self.contents.note("structure.message_order", || {
                    format!(
                        "`{path}` line `{}`: time `{stamp}` ns comes after `{newest}` ns",
                        line.number
                    )
                });
            }
            newest = newest.max(stamp);
            table.push((stamp, line));
        }
        table
    }

    /// A channel with one message per row.
    fn rows(
        &mut self,
        folder: &str,
        type_name: &'static str,
        stream: Stream,
        table: &[(i64, Line<'_>)],
    ) {
        let channel = self.contents.channel(format!("/{folder}"), type_name);
        self.streams.push(stream);
        let path = format!("{}{folder}/data.csv", self.root);
        let file = self.contents.file(path);
        for (log_time, line) in table {
            self.contents.event(Event {
                log_time: *log_time,
                channel,
                file,
                place: line.start as u64,
                bytes: u32::try_from(line.text.len()).unwrap_or(u32::MAX),
            });
        }
    }

    fn camera(&mut self, folder: &str, yaml: &SensorYaml, path: &str, table: &[(i64, Line<'_>)]) {
        let topic = format!("/{folder}/image_raw/compressed");
        let channel = self
            .contents
            .channel(topic, "sensor_msgs/msg/CompressedImage");
        self.streams.push(Stream::Picture(Picture {
            frame: folder.to_owned(),
        }));
        let data = format!("{}{folder}/data/", self.root);
        let mut named = BTreeSet::new();
        let mut stamps = Vec::new();
        for (log_time, line) in table {
            let name = cells(line.text, Separator::Comma).nth(1);
            let name = name
                .map(String::from_utf8_lossy)
                .filter(|name| !name.is_empty());
            let Some(name) = name else {
                let cause = RowError::Columns {
                    found: 1,
                    expected: 2,
                };
                self.contents.lose(bad_row(path, *line, &cause));
                continue;
            };
            let image = format!("{data}{name}");
            if !self.files.has(&image) {
                self.contents.lose(missing_image(path, line.number, &image));
                continue;
            }
            let bytes = u32::try_from(self.files.size(&image)).unwrap_or(u32::MAX);
            let file = self.contents.file(image.clone());
            self.contents.event(Event {
                log_time: *log_time,
                channel,
                file,
                place: 0,
                bytes,
            });
            named.insert(image);
            stamps.push(*log_time);
        }
        let beside = self.files.under(&data);
        let unnamed = beside
            .iter()
            .filter(|path| image_format(path).is_some() && !named.contains(*path));
        for image in unnamed {
            self.contents.note("structure.file_not_listed", || {
                format!("`{image}` is in no row of `{path}`")
            });
        }
        if let Some(info) = self.camera_info(folder, yaml) {
            let topic = format!("/{folder}/camera_info");
            let channel = self.contents.channel(topic, "sensor_msgs/msg/CameraInfo");
            self.streams.push(Stream::CameraInfo(Box::new(info)));
            let file = self
                .contents
                .file(format!("{}{folder}/sensor.yaml", self.root));
            for log_time in stamps {
                self.contents.event(Event {
                    log_time,
                    channel,
                    file,
                    place: 0,
                    bytes: 512,
                });
            }
        }
    }

    fn camera_info(&mut self, folder: &str, yaml: &SensorYaml) -> Option<CameraInfo> {
        if yaml.camera_model.is_empty() && yaml.intrinsics.is_empty() {
            return None;
        }
        let known = match (
            yaml.camera_model.as_str(),
            yaml.intrinsics.as_slice(),
            yaml.resolution.as_slice(),
        ) {
            ("pinhole", &[fx, fy, cx, cy], &[width, height]) => {
                Some((fx, fy, cx, cy, width, height))
            }
            _ => None,
        };
        let distortion = distortion(&yaml.distortion_model, &yaml.distortion_coefficients);
        let (Some((fx, fy, cx, cy, width, height)), Some((model, d))) = (known, distortion) else {
            self.contents.note("structure.calibration", || {
                format!(
                    "`{folder}/sensor.yaml`: camera model `{}` with `{}` intrinsics and distortion `{}` with `{}` coefficients is not known",
                    yaml.camera_model, yaml.intrinsics.len(), yaml.distortion_model, yaml.distortion_coefficients.len()
                )
            });
            return None;
        };
        Some(CameraInfo {
            frame: folder.to_owned(),
            width,
            height,
            distortion_model: model.to_owned(),
            d,
            k: [fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0],
            r: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
            p: [fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0],
            binning: [0; 2],
            roi: [0; 4],
        })
    }

    /// The mounts as one message at the first time of the recording.
    fn statics(&mut self) {
        let (Some(log_time), false) = (self.contents.first_time(), self.mounts.is_empty()) else {
            return;
        };
        let channel = self
            .contents
            .channel("/tf_static", "tf2_msgs/msg/TFMessage");
        self.streams
            .push(Stream::Static(std::mem::take(&mut self.mounts)));
        let file = self.contents.file(format!("{}*/sensor.yaml", self.root));
        self.contents.event(Event {
            log_time,
            channel,
            file,
            place: 0,
            bytes: 512,
        });
    }
}

/// The ROS name of a distortion and its parameters.
/// A row of `path` names an image that is not there.
fn missing_image(path: &str, line: u64, image: &str) -> Failure {
    Failure {
        message: format!("`{path}` line `{line}` names `{image}`, which is missing"),
        ..Failure::from(FolderError::Missing {
            path: String::new(),
        })
    }
}

fn distortion(model: &str, coefficients: &[f64]) -> Option<(&'static str, Vec<f64>)> {
    match (model, coefficients) {
        ("radial-tangential", &[k1, k2, p1, p2]) => Some(("plumb_bob", vec![k1, k2, p1, p2, 0.0])),
        ("radial-tangential", &[_, _, _, _, _]) => Some(("plumb_bob", coefficients.to_vec())),
        ("equidistant", &[_, _, _, _]) => Some(("equidistant", coefficients.to_vec())),
        ("none" | "", &[]) => Some(("", Vec::new())),
        _ => None,
    }
}

fn bad_row(path: &str, line: Line<'_>, cause: &RowError) -> Failure {
    Failure {
        code: "loss.row",
        start: line.start as u64,
        end: (line.start + line.text.len()) as u64,
        message: format!("`{path}` line `{}`: {cause}", line.number),
    }
}

struct Euroc {
    streams: Vec<Stream>,
}

impl Maker for Euroc {
    fn make(
        &self,
        event: &Event,
        files: &mut OpenFiles<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let stream = stream_of(&self.streams, event);
        let stamp = event.log_time;
        match stream {
            Some(Stream::Picture(picture)) => make_picture(picture, event, files, out),
            Some(Stream::CameraInfo(info)) => {
                message::camera_info(out, stamp, info);
                Ok(())
            }
            Some(Stream::Static(mounts)) => {
                let stamped: Vec<_> = mounts.iter().map(|pose| (stamp, pose.clone())).collect();
                message::transforms(out, &stamped);
                Ok(())
            }
            Some(Stream::Imu { frame }) => from_row(event, files, |line| {
                let [gx, gy, gz, ax, ay, az] = floats::<6>(line, Separator::Comma, 1)?;
                let imu = sensor::Imu {
                    gyro: [gx, gy, gz],
                    accel: [ax, ay, az],
                    quat_xyzw: None,
                };
                message::imu(out, stamp, frame, &imu);
                Ok(())
            }),
            Some(Stream::Pose) => from_row(event, files, |line| {
                let [x, y, z, qw, qx, qy, qz] = floats::<7>(line, Separator::Comma, 1)?;
                let pose = sensor::Pose {
                    parent: Cow::Borrowed(WORLD),
                    child: Cow::Borrowed(BODY),
                    translation_meters: [x, y, z],
                    quat_xyzw: [qx, qy, qz, qw],
                };
                message::pose_stamped(out, stamp, &pose);
                Ok(())
            }),
            Some(Stream::Position) => from_row(event, files, |line| {
                let position = floats::<3>(line, Separator::Comma, 1)?;
                let mut cdr = CdrWriter::new(out);
                cdr.header(stamp, WORLD);
                cdr.f64s(&position);
                Ok(())
            }),
            None => Ok(()),
        }
    }
}

/// Makes a message from the row an event points to.
fn from_row(
    event: &Event,
    files: &mut OpenFiles<'_>,
    make: impl FnOnce(&[u8]) -> Result<(), RowError>,
) -> Result<(), Failure> {
    let path = files.path(event.file);
    let bytes = files.bytes(event.file)?;
    let line = line_at(bytes, event.place);
    make(line).map_err(|cause| {
        let place = Line {
            number: line_number(bytes, event.place),
            start: usize::try_from(event.place).unwrap_or(usize::MAX),
            text: line,
        };
        bad_row(path, place, &cause)
    })
}
