//! KITTI: raw drives ([`RAW`]), odometry sequences ([`ODOMETRY`]) and the object benchmark ([`OBJECT`]).
//!
//! Source: Geiger et al., "Vision meets robotics: the KITTI dataset", IJRR 2013, and the readme of the
//! development kits. Images of synchronized drives are rectified, so cameras get the rectified
//! projection matrix and no distortion; mounts are `/tf_static`. Velodyne files are passed on as they
//! are: x, y, z, reflectance in single precision; they hold no times of points and no rings.
//!
//! Not here: the files of a single frame beside each other, which are no recording.

mod calibration;
mod make;
mod object;
mod odometry;
mod raw;

pub(super) use object::LAYOUT as OBJECT;
pub(super) use odometry::LAYOUT as ODOMETRY;
pub(super) use raw::LAYOUT as RAW;

use super::images::image_format;
use super::{Contents, Event, Failure, Files, FolderError};
use calibration::Camera;
use make::Stream;

/// Frame of the laser scanner.
const VELODYNE: &str = "velodyne";

/// Channels and events under way, for both layouts.
struct Listing<'a> {
    files: &'a dyn Files,
    contents: Contents<'a>,
    streams: Vec<Stream>,
}

impl<'a> Listing<'a> {
    fn channel(&mut self, topic: String, type_name: &'static str, stream: Stream) -> u32 {
        self.streams.push(stream);
        self.contents.channel(topic, type_name)
    }

    /// A small event at the start of a file.
    fn small(&mut self, log_time: i64, channel: u32, path: &str) {
        let file = self.contents.file(path);
        self.contents.event(Event {
            log_time,
            channel,
            file,
            place: 0,
            bytes: 512,
        });
    }

    /// One event per frame, its file found by number; times of frames without a file are losses.
    /// Returns the times of the frames there are.
    fn frames(
        &mut self,
        channel: u32,
        folder: &str,
        times: &[Option<i64>],
        digits: usize,
    ) -> Vec<i64> {
        let mut found = Vec::new();
        for (index, time) in times.iter().enumerate() {
            let Some(log_time) = *time else {
                continue;
            };
            let stem = format!("{folder}{index:0digits$}.");
            let path = self
                .files
                .under(&stem)
                .iter()
                .find(|path| is_frame(path))
                .cloned();
            let Some(path) = path else {
                self.contents.lose(Failure {
                    code: "loss.file",
                    start: 0,
                    end: 0,
                    message: format!("frame `{index}` has a time, but no file `{stem}*`"),
                });
                continue;
            };
            let bytes = u32::try_from(self.files.size(&path)).unwrap_or(u32::MAX);
            let file = self.contents.file(path);
            self.contents.event(Event {
                log_time,
                channel,
                file,
                place: 0,
                bytes,
            });
            found.push(log_time);
        }
        let listed = times.len();
        let beside = self
            .files
            .under(folder)
            .iter()
            .filter(|path| is_frame(path));
        let extra = beside.count().saturating_sub(listed);
        if extra > 0 {
            self.contents.note("structure.file_not_listed", || {
                format!("`{folder}` holds `{extra}` files more than there are times")
            });
        }
        found
    }

    /// Images and the calibration of their camera.
    fn camera(&mut self, name: &str, folder: &str, times: &[Option<i64>], camera: Option<Camera>) {
        let digits = if folder.ends_with("/data/") { 10 } else { 6 };
        let channel = self.channel(
            format!("/{name}/image_raw/compressed"),
            "sensor_msgs/msg/CompressedImage",
            Stream::Picture(name.to_owned()),
        );
        let found = self.frames(channel, folder, times, digits);
        if let Some(info) = camera {
            let stream = Stream::CameraInfo(Box::new(info.message(name)));
            let topic = format!("/{name}/camera_info");
            let channel = self.channel(topic, "sensor_msgs/msg/CameraInfo", stream);
            for time in found {
                self.small(time, channel, "calib");
            }
        }
    }

    fn cloud(&mut self, folder: &str, times: &[Option<i64>], digits: usize) {
        let channel = self.channel(
            "/velodyne_points".to_owned(),
            "sensor_msgs/msg/PointCloud2",
            Stream::Cloud,
        );
        let _ = self.frames(channel, folder, times, digits);
    }

    /// The mounts as one message at the first time; then the contents.
    fn finish(
        mut self,
        mounts: Vec<crate::sensor::Pose<'static>>,
        layout: &'static str,
    ) -> Result<Contents<'a>, FolderError> {
        let Some(first) = self.contents.first_time() else {
            return Err(FolderError::Empty {
                layout,
                reason: "no frame has a time and a file".to_owned(),
            });
        };
        if !mounts.is_empty() {
            let name = "tf2_msgs/msg/TFMessage";
            let channel = self.channel("/tf_static".to_owned(), name, Stream::Static(mounts));
            self.small(first, channel, "calib");
        }
        let streams = self.streams;
        Ok(self.contents.made_by(make::Kitti { streams }))
    }
}

fn is_frame(path: &str) -> bool {
    image_format(path).is_some()
        || path
            .rsplit_once('.')
            .is_some_and(|(_, extension)| matches!(extension, "bin" | "txt"))
}
