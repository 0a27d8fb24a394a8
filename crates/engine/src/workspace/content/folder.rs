//! What recordings that are folders say besides their messages.
//!
//! Read [`gather_of_folder`] first. Not here: the messages (`formats::folder`).

use super::forms::read;
use super::sink::Sink;
use super::{LeftOut, said, wrong};
use crate::EngineError;
use crate::limits::Limits;
use crate::sources::FolderFiles;
use crate::workspace::layouts::{AV2_POSES, Form};
use crate::workspace::{Gathered, Value};
use fieldassay_formats::Format;
use fieldassay_formats::folder::{Files, LeRobotEpisode, lerobot_episodes};
use fieldassay_formats::labels::content::Placement;
use fieldassay_formats::labels::{Content, LabelError, av2, kitti, nuscenes_tables, voc};
use fieldassay_formats::table::{self, Table};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Rows a recording that is a folder of a known layout holds besides its messages: boxes with tracks and attributes,
/// poses, mounts and cameras of Argoverse 2 and nuScenes, labels of KITTI, episodes of `LeRobot`. A layout without any
/// gives none.
///
/// A file that cannot be read is left out with the reason. Errors: a folder that cannot be listed.
pub(crate) fn gather_of_folder(
    root: &Path,
    format: Format,
    id: &str,
    out: &mut Gathered,
) -> Result<LeftOut, EngineError> {
    let mut left_out = LeftOut::new();
    let files = FolderFiles::list(root, &Limits::default())?;
    let mut of = OfFolder {
        root,
        files: &files,
        format,
        id,
        out,
        left_out: &mut left_out,
    };
    match format {
        Format::Argoverse2 => of.argoverse()?,
        Format::NuScenes => of.nuscenes()?,
        Format::KittiObject => of.kitti()?,
        Format::LeRobot => of.lerobot()?,
        _ => {}
    }
    Ok(left_out)
}

struct OfFolder<'a> {
    root: &'a Path,
    files: &'a FolderFiles,
    format: Format,
    id: &'a str,
    out: &'a mut Gathered,
    left_out: &'a mut LeftOut,
}

impl OfFolder<'_> {
    /// Rows of one file; what cannot be read is left out.
    fn of_file(
        &mut self,
        file: &str,
        gather: impl FnOnce(&mut Sink<'_>, &Path) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let source = format!("{} {file}", self.format.name());
        let path = self.root.join(file);
        let mut sink = Sink::new(self.out, self.id, source, self.left_out);
        match gather(&mut sink, &path) {
            Err(error) if !matches!(error, EngineError::Rows { .. }) => {
                self.left_out.insert(error.to_string(), 1);
                Ok(())
            }
            done => done,
        }
    }

    fn argoverse(&mut self) -> Result<(), EngineError> {
        let files = self.files;
        let is_table = |path: &&String| {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            let is_boxes = name.starts_with("annotations") || name.starts_with("detections");
            let of_log = folder.is_empty() && (is_boxes || name == AV2_POSES);
            name.ends_with(".feather") && (of_log || folder == "calibration")
        };
        for file in files.paths().iter().filter(is_table) {
            self.of_file(file, |sink, path| {
                let table = table::read(&path.display().to_string(), &read(path)?)?;
                argoverse(sink, &table)
            })?;
        }
        Ok(())
    }

    /// The tables, at most two folders below.
    fn nuscenes(&mut self) -> Result<(), EngineError> {
        let files = self.files;
        let found = files
            .paths()
            .iter()
            .filter_map(|path| path.strip_suffix("sample_annotation.json"));
        let folders: Vec<String> = found
            .filter(|folder| folder.matches('/').count() <= 2)
            .map(str::to_owned)
            .collect();
        for folder in folders {
            self.of_file(&format!("{folder}sample_annotation.json"), |sink, path| {
                let folder = path.with_file_name("");
                let content = nuscenes_tables::content(|name| {
                    Ok::<_, EngineError>(read(&folder.join(name))?.to_vec())
                })?;
                said::add(sink, None, &content)?;
                cameras(sink, &folder)
            })?;
        }
        Ok(())
    }

    fn kitti(&mut self) -> Result<(), EngineError> {
        let files = self.files;
        let is_labels = |path: &&String| {
            path.strip_suffix(".txt")
                .is_some_and(|stem| stem.contains("label_2/"))
        };
        for file in files.paths().iter().filter(is_labels) {
            self.of_file(file, |sink, path| {
                let name = path.display().to_string();
                let content = kitti::content(&name, &read(path)?, voc::stem(&name), false);
                said::add(sink, Some(Form::Kitti), &content.map_err(wrong)?)
            })?;
        }
        Ok(())
    }

    /// Episodes, and the tasks they are of.
    fn lerobot(&mut self) -> Result<(), EngineError> {
        let (episodes, lost) = match lerobot_episodes(self.files, &Limits::default().formats()) {
            Ok(found) => found,
            Err(error) => (Vec::new(), vec![error.to_string()]),
        };
        for reason in lost {
            self.left_out.insert(reason, 1);
        }
        let source = format!("{} meta/episodes", self.format.name());
        let mut sink = Sink::new(self.out, self.id, source, self.left_out);
        for episode in &episodes {
            add_episode(&mut sink, episode)?;
        }
        Ok(())
    }
}

/// A row for an episode, and one for each of its tasks.
fn add_episode(sink: &mut Sink<'_>, episode: &LeRobotEpisode) -> Result<(), EngineError> {
    let detail = serde_json::json!({"episode_index": episode.index, "length": episode.length});
    let detail = detail.to_string();
    let own = ("episode", format!("episode_{:06}", episode.index));
    let tasks = episode.tasks.iter().map(|task| ("task", task.clone()));
    for (kind, name) in std::iter::once(own).chain(tasks) {
        sink.add(
            "intervals",
            [
                ("start_ns", episode.start_ns.into()),
                ("end_ns", episode.end_ns.into()),
                ("clock", "source_time".into()),
                ("kind", kind.into()),
                ("name", Value::Text(&name)),
                ("subject_ids", Value::Texts(&[])),
                ("object_ids", Value::Texts(&[])),
                ("detail_json", Value::Text(&detail)),
            ],
        )?;
    }
    Ok(())
}

/// Adds the rows of a table of Argoverse 2, which its columns tell: boxes, poses of the vehicle, mounts or cameras.
pub(super) fn argoverse(sink: &mut Sink<'_>, table: &Table) -> Result<(), EngineError> {
    let mut content = Content::default();
    if table.has("sensor_name") && table.has("fx_px") {
        return intrinsics(sink, table);
    } else if table.has("sensor_name") {
        content.poses = mounts(table)?;
    } else if table.has("category") {
        // Tables of labels made of detections keep their scores.
        let is_scored = table.has("score") && !table.has("num_interior_pts");
        content = av2::content(table, is_scored).map_err(wrong)?;
    } else {
        content.poses = av2::poses(table).map_err(wrong)?;
    }
    said::add(sink, None, &content)
}

fn of_json(file: &str, error: &serde_json::Error) -> EngineError {
    wrong(LabelError::Form {
        file: file.to_owned(),
        place: fieldassay_formats::labels::Place::File,
        what: error.to_string(),
        hint: "copy the file again",
    })
}

/// Where sensors sit on the vehicle.
fn mounts(table: &Table) -> Result<Vec<Placement>, EngineError> {
    let names = table.full_texts("sensor_name")?;
    let columns = ["tx_m", "ty_m", "tz_m", "qx", "qy", "qz", "qw"].map(|name| table.numbers(name));
    let [x, y, z, qx, qy, qz, qw] = columns;
    let columns = [x?, y?, z?, qx?, qy?, qz?, qw?];
    let placed = names.into_iter().enumerate().map(|(row, name)| {
        let [x, y, z, qx, qy, qz, qw] = columns
            .each_ref()
            .map(|column| column.get(row).copied().unwrap_or(f64::NAN));
        let length = (qx * qx + qy * qy + qz * qz + qw * qw).sqrt();
        Placement {
            item: None,
            step: None,
            time_ns: None,
            pose: fieldassay_formats::sensor::Pose {
                parent: av2::BODY.into(),
                child: name.into(),
                translation_meters: [x, y, z],
                quat_xyzw: [qx, qy, qz, qw].map(|part| part / length),
            },
        }
    });
    Ok(placed.collect())
}

/// A camera of which these are known.
struct Camera<'a> {
    name: &'a str,
    size_px: Option<[f64; 2]>,
    model: &'a str,
    distortion: &'a [f64],
    matrix: [f64; 9],
}

fn camera(sink: &mut Sink<'_>, camera: &Camera<'_>) -> Result<(), EngineError> {
    sink.add(
        "cameras",
        [
            ("topic", Value::Text(camera.name)),
            ("frame", Value::Text(camera.name)),
            ("width_px", camera.size_px.map(|[width, _]| width).into()),
            ("height_px", camera.size_px.map(|[_, height]| height).into()),
            ("distortion_model", camera.model.into()),
            ("distortion", Value::Reals(camera.distortion)),
            ("intrinsic_matrix_px", Value::Reals(&camera.matrix)),
        ],
    )
}

/// Cameras of a log: pinholes with three radial coefficients.
fn intrinsics(sink: &mut Sink<'_>, table: &Table) -> Result<(), EngineError> {
    let names = table.full_texts("sensor_name")?;
    let columns = [
        "fx_px",
        "fy_px",
        "cx_px",
        "cy_px",
        "k1",
        "k2",
        "k3",
        "width_px",
        "height_px",
    ];
    let mut values = Vec::new();
    for column in columns {
        values.push(table.numbers(column)?);
    }
    for (row, name) in names.iter().enumerate() {
        let of = values
            .iter()
            .map(|column| column.get(row).copied().unwrap_or(f64::NAN));
        let of: Vec<f64> = of.collect();
        let [fx, fy, cx, cy, k1, k2, k3, width, height] = of.as_slice() else {
            continue;
        };
        camera(
            sink,
            &Camera {
                name,
                size_px: Some([*width, *height]),
                model: "plumb_bob",
                distortion: &[*k1, *k2, 0.0, 0.0, *k3],
                matrix: [*fx, 0.0, *cx, 0.0, *fy, *cy, 0.0, 0.0, 1.0],
            },
        )?;
    }
    Ok(())
}

/// Cameras of nuScenes: images are rectified.
fn cameras(sink: &mut Sink<'_>, folder: &Path) -> Result<(), EngineError> {
    #[derive(Deserialize)]
    struct Sensor {
        token: String,
        channel: String,
    }
    #[derive(Deserialize)]
    struct Calibrated {
        sensor_token: String,
        #[serde(default)]
        camera_intrinsic: Vec<Vec<f64>>,
    }
    let path = folder.join("sensor.json");
    let name = path.display().to_string();
    let sensors: Vec<Sensor> =
        serde_json::from_slice(&read(&path)?).map_err(|error| of_json(&name, &error))?;
    let channels: BTreeMap<&str, &str> = sensors
        .iter()
        .map(|one| (one.token.as_str(), one.channel.as_str()))
        .collect();
    let path = folder.join("calibrated_sensor.json");
    let name = path.display().to_string();
    let given: Vec<Calibrated> =
        serde_json::from_slice(&read(&path)?).map_err(|error| of_json(&name, &error))?;
    for one in &given {
        let numbers: Vec<f64> = one.camera_intrinsic.iter().flatten().copied().collect();
        let known = <[f64; 9]>::try_from(numbers.as_slice()).ok();
        if let Some((matrix, name)) = known.zip(channels.get(one.sensor_token.as_str())) {
            camera(
                sink,
                &Camera {
                    name,
                    size_px: None,
                    model: "",
                    distortion: &[],
                    matrix,
                },
            )?;
        }
    }
    Ok(())
}
