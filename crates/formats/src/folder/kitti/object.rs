//! The object benchmark: `{image_2,velodyne,calib,label_2}/NNNNNN.*`, also below `training/` or
//! `testing/` where the folder holds one of them. Frames were picked from many drives and have no
//! times: the number of a frame stands for seconds.

use super::super::images::size;
use super::super::{Contents, Event, Failure, Files, FolderError, Layout, OpenFiles};
use super::calibration::{Calibration, Camera, Rigid};
use super::make::{Stream, bad_row};
use super::{Listing, VELODYNE, is_frame};
use crate::labels::kitti::in_camera_axes;
use crate::message;
use crate::sensor::{Box3, Boxes};
use crate::trajectory::text::{RowError, Separator, cells, floats, rows};
use crate::{Format, Limits};

pub(in super::super) const LAYOUT: Layout = Layout {
    format: Format::KittiObject,
    mark: "KITTI object: frames below each of `image_2/`, `velodyne/` and `calib/`; the files of one frame beside each other are none",
    detect: |files| root(files).is_some(),
    list,
};

/// Frame of the rectified first camera, which labels are given in.
const CAMERA_0: &str = "camera_0";
const IMAGE: &str = "image_2";

/// The folder with the sensors. Files of one frame beside each other are no such folder.
fn root(files: &dyn Files) -> Option<&'static str> {
    let mut found = ["", "training/", "testing/"].into_iter().filter(|root| {
        [IMAGE, VELODYNE, "calib"].iter().all(|folder| {
            let first = files.under(&format!("{root}{folder}/")).first();
            first.is_some_and(|path| is_frame(path))
        })
    });
    found.next().filter(|_| found.next().is_none())
}

fn list<'a>(files: &'a dyn Files, limits: &Limits) -> Result<Contents<'a>, FolderError> {
    let root = root(files).unwrap_or_default();
    let mut listing = Listing {
        files,
        contents: Contents::new(limits),
        streams: Vec::new(),
    };
    "kitti object".clone_into(&mut listing.contents.origin);
    listing.contents.note("structure.time_missing", || {
        "frames of the object benchmark have no times; their numbers stand for seconds".to_owned()
    });
    for (folder, topic, type_name, stream) in [
        (
            IMAGE,
            "/image_2/image_raw/compressed",
            "sensor_msgs/msg/CompressedImage",
            Stream::Picture(IMAGE.to_owned()),
        ),
        (
            VELODYNE,
            "/velodyne_points",
            "sensor_msgs/msg/PointCloud2",
            Stream::Cloud,
        ),
        (
            "calib",
            "/image_2/camera_info",
            "sensor_msgs/msg/CameraInfo",
            Stream::ObjectCamera,
        ),
        (
            "calib",
            "/tf",
            "tf2_msgs/msg/TFMessage",
            Stream::ObjectMounts,
        ),
        (
            "label_2",
            "/labels",
            "fieldassay_msgs/msg/Boxes3D",
            Stream::ObjectLabels,
        ),
    ] {
        let frames = files.under(&format!("{root}{folder}/"));
        if frames.is_empty() {
            continue;
        }
        let channel = listing.channel(topic.to_owned(), type_name, stream);
        for path in frames {
            listing.frame(path, channel);
        }
    }
    listing.finish(Vec::new(), Format::KittiObject.name())
}

impl Listing<'_> {
    /// One file of a frame, or a note that it is none.
    fn frame(&mut self, path: &str, channel: u32) {
        let name = path.rsplit('/').next().unwrap_or_default();
        let number = name
            .split('.')
            .next()
            .and_then(|stem| stem.parse::<u32>().ok());
        let Some(number) = number.filter(|_| is_frame(path)) else {
            self.contents.note("structure.file_not_listed", || {
                format!("`{path}` is named like no frame")
            });
            return;
        };
        let file = self.contents.file(path.to_owned());
        self.contents.event(Event {
            log_time: i64::from(number) * 1_000_000_000,
            channel,
            file,
            place: 0,
            bytes: u32::try_from(self.files.size(path)).unwrap_or(u32::MAX),
        });
    }
}

fn calibration(event: &Event, files: &mut OpenFiles<'_>) -> Result<Calibration, Failure> {
    let bytes = files.bytes(event.file)?;
    Ok(Calibration::parse(&String::from_utf8_lossy(bytes)))
}

fn incomplete(path: &str, what: &str) -> Failure {
    Failure {
        code: "loss.file",
        start: 0,
        end: 0,
        message: format!("`{path}` does not hold {what}"),
    }
}

fn camera(calibration: &Calibration, size: [u32; 2]) -> Option<Camera> {
    Some(Camera {
        projection: calibration.get("P2")?,
        size,
    })
}

/// Size of the image of the same frame as a file of calibration: the calibration does not say it.
fn image_size(calibration: &str, files: &OpenFiles<'_>) -> Option<[u32; 2]> {
    let (folder, name) = calibration.rsplit_once('/')?;
    let root = folder.strip_suffix("calib")?;
    let stem = name.split('.').next()?;
    size(files.first(&format!("{root}{IMAGE}/{stem}."))?.as_ref())
}

/// The calibration of the color camera of one frame.
pub(super) fn make_camera(
    event: &Event,
    files: &mut OpenFiles<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    let path = files.path(event.file);
    let size = image_size(path, files).unwrap_or_default();
    let camera = camera(&calibration(event, files)?, size)
        .ok_or_else(|| incomplete(path, "the projection matrix `P2`"))?;
    message::camera_info(out, event.log_time, &camera.message(IMAGE));
    Ok(())
}

/// Where the cameras of one frame sit on the scanner.
pub(super) fn make_mounts(
    event: &Event,
    files: &mut OpenFiles<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    let path = files.path(event.file);
    let calibration = calibration(event, files)?;
    let mounts = || {
        let turn = Rigid::rotated(calibration.get("R0_rect")?);
        let first = turn.after(&Rigid::from_rows(&calibration.get("Tr_velo_to_cam")?));
        let shift = camera(&calibration, [0; 2])?.shift()?;
        Some([
            first.inverse().mount(VELODYNE, CAMERA_0)?,
            shift.inverse().mount(CAMERA_0, IMAGE)?,
        ])
    };
    let mounts = mounts()
        .ok_or_else(|| incomplete(path, "rigid transforms `R0_rect` and `Tr_velo_to_cam`"))?;
    message::transforms(out, &mounts.map(|mount| (event.log_time, mount)));
    Ok(())
}

/// The labeled boxes of one frame; areas nobody labeled (`DontCare`) are none.
pub(super) fn make_labels(
    event: &Event,
    files: &mut OpenFiles<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    let path = files.path(event.file);
    let bytes = files.bytes(event.file)?;
    let mut boxes = Boxes {
        frame: CAMERA_0.into(),
        boxes: Vec::new(),
    };
    for line in rows(bytes) {
        let category = cells(line.text, Separator::Blank)
            .next()
            .unwrap_or_default();
        if category == b"DontCare" {
            continue;
        }
        let label = label(line.text)
            .map_err(|cause| bad_row(path, (line.number, line.start, line.text.len()), &cause))?;
        boxes.boxes.push(Box3 {
            category: String::from_utf8_lossy(category),
            ..label
        });
    }
    message::boxes3d(out, event.log_time, &boxes);
    Ok(())
}

/// `h w l x y z ry` from the ninth column on.
fn label(line: &[u8]) -> Result<Box3<'static>, RowError> {
    let [height, width, length, x, y, z, turn] = floats::<7>(line, Separator::Blank, 8)?;
    let (center_meters, quat_xyzw) = in_camera_axes(height, [x, y, z], turn);
    Ok(Box3 {
        center_meters,
        quat_xyzw,
        size_meters: [length, width, height],
        ..Box3::default()
    })
}

#[cfg(test)]
mod tests {
    use super::label;

    /// A vector turned by a quaternion x y z w.
    fn turned([x, y, z, w]: [f64; 4], v: [f64; 3]) -> [f64; 3] {
        let cross = |a: [f64; 3], b: [f64; 3]| {
            [
                a[1] * b[2] - a[2] * b[1],
                a[2] * b[0] - a[0] * b[2],
                a[0] * b[1] - a[1] * b[0],
            ]
        };
        let t = cross([x, y, z], v).map(|value| 2.0 * value);
        let u = cross([x, y, z], t);
        [0, 1, 2].map(|i| v[i] + w * t[i] + u[i])
    }

    #[test]
    fn boxes_look_where_the_label_says() {
        for (turn, forward, left) in [
            (0.0_f64, [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]),
            // A quarter turn about the axis down, from right to backward.
            (
                std::f64::consts::FRAC_PI_2,
                [0.0, 0.0, -1.0],
                [1.0, 0.0, 0.0],
            ),
        ] {
            let line = format!("Car 0 0 0 1 2 3 4 1.5 1.6 4 10 2 30 {turn}");
            let found = label(line.as_bytes()).unwrap();
            assert_eq!(found.center_meters, [10.0, 1.25, 30.0]);
            assert_eq!(found.size_meters, [4.0, 1.6, 1.5]);
            for (axis, expected) in [
                ([1.0, 0.0, 0.0], forward),
                ([0.0, 1.0, 0.0], left),
                ([0.0, 0.0, 1.0], [0.0, -1.0, 0.0]),
            ] {
                let seen = turned(found.quat_xyzw, axis);
                for (seen, expected) in seen.iter().zip(expected) {
                    assert!(
                        (seen - expected).abs() < 1e-12,
                        "{axis:?}: {seen} {expected}"
                    );
                }
            }
        }
    }
}
