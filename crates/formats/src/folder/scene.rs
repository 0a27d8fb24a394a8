//! What driving data sets have in common: files of sensors, and poses, boxes and calibrations out of
//! tables, which are held in memory (64 bytes a pose, about 150 a box).
//!
//! Read [`Listing`] first. Not here: the tables of a data set.

use super::contents::stream_of;
use super::images::{Picture, make_picture};
use super::{Contents, Event, Failure, Files, FolderError, Maker, OpenFiles};
use crate::sensor::{Box3, Boxes, CameraInfo, Pose};
use crate::{Limits, message};
use std::borrow::Cow;
use std::ops::Range;

/// Makes a cloud of the file of an event; the frame comes first.
pub(super) type MakeCloud =
    fn(&str, &Event, &mut OpenFiles<'_>, &mut Vec<u8>) -> Result<(), Failure>;

/// How the messages of a channel are made; by channel id.
pub(super) enum Stream {
    /// Image files.
    Picture(Picture),
    /// Files of points.
    Cloud { frame: String, make: MakeCloud },
    /// The same calibration each time.
    CameraInfo(Box<CameraInfo>),
    /// The same transforms each time.
    Static(Vec<Pose<'static>>),
    /// Poses by place as transforms: parent and child.
    Transform(&'static str, &'static str),
    /// Poses by place in a frame.
    Pose(&'static str),
    /// Groups of boxes by place in a frame.
    Boxes(&'static str),
}

/// A pose without its frames.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Placed {
    pub(super) translation_meters: [f64; 3],
    pub(super) quat_xyzw: [f64; 4],
}

impl Placed {
    fn named(&self, parent: &'static str, child: &'static str) -> Pose<'static> {
        Pose {
            parent: Cow::Borrowed(parent),
            child: Cow::Borrowed(child),
            translation_meters: self.translation_meters,
            quat_xyzw: self.quat_xyzw,
        }
    }

    /// As a mount of a sensor.
    pub(super) fn mount(&self, parent: &'static str, child: &str) -> Pose<'static> {
        Pose {
            child: Cow::Owned(child.to_owned()),
            ..self.named(parent, "")
        }
    }
}

/// Everything messages are made of besides files.
#[derive(Default)]
struct Scene {
    streams: Vec<Stream>,
    poses: Vec<Placed>,
    boxes: Vec<Box3<'static>>,
    groups: Vec<Range<usize>>,
}

/// Channels and events under way.
pub(super) struct Listing<'a> {
    pub(super) files: &'a dyn Files,
    pub(super) contents: Contents<'a>,
    scene: Scene,
}

/// Bytes an event out of memory counts.
const SMALL: u32 = 512;
/// Bytes a box counts.
const BOX_BYTES: usize = 128;

impl<'a> Listing<'a> {
    pub(super) fn new(files: &'a dyn Files, limits: &Limits, origin: &str) -> Self {
        let mut contents = Contents::new(limits);
        origin.clone_into(&mut contents.origin);
        Self {
            files,
            contents,
            scene: Scene::default(),
        }
    }

    /// A channel and how its messages are made.
    pub(super) fn channel(
        &mut self,
        topic: impl Into<String>,
        type_name: &'static str,
        stream: Stream,
    ) -> u32 {
        self.scene.streams.push(stream);
        self.contents.channel(topic, type_name)
    }

    /// An event that is a whole file.
    pub(super) fn whole(&mut self, log_time: i64, channel: u32, path: &str) {
        let bytes = u32::try_from(self.files.size(path)).unwrap_or(u32::MAX);
        let file = self.contents.file(path);
        self.contents.event(Event {
            log_time,
            channel,
            file,
            place: 0,
            bytes,
        });
    }

    /// An event made of what the stream holds.
    pub(super) fn small(&mut self, log_time: i64, channel: u32, file: u32) {
        self.contents.event(Event {
            log_time,
            channel,
            file,
            place: 0,
            bytes: SMALL,
        });
    }

    /// Poses of a body: `/tf` and `/ego_pose`, each below `prefix`, out of one table.
    pub(super) fn poses(
        &mut self,
        prefix: &str,
        (parent, child): (&'static str, &'static str),
        table: &str,
        poses: &[(i64, Placed)],
    ) {
        if poses.is_empty() {
            return;
        }
        let file = self.contents.file(table);
        let (name, stream) = ("tf2_msgs/msg/TFMessage", Stream::Transform(parent, child));
        let transforms = self.channel(format!("{prefix}/tf"), name, stream);
        let name = "geometry_msgs/msg/PoseStamped";
        let stamped = self.channel(format!("{prefix}/ego_pose"), name, Stream::Pose(parent));
        for (log_time, pose) in poses {
            let place = self.scene.poses.len() as u64;
            self.scene.poses.push(*pose);
            for channel in [transforms, stamped] {
                self.contents.event(Event {
                    log_time: *log_time,
                    channel,
                    file,
                    place,
                    bytes: SMALL,
                });
            }
        }
    }

    /// The boxes of one time.
    pub(super) fn boxes(
        &mut self,
        log_time: i64,
        (channel, file): (u32, u32),
        boxes: impl IntoIterator<Item = Box3<'static>>,
    ) {
        let start = self.scene.boxes.len();
        self.scene.boxes.extend(boxes);
        let group = start..self.scene.boxes.len();
        let place = self.scene.groups.len() as u64;
        let bytes = group.len().saturating_mul(BOX_BYTES);
        self.scene.groups.push(group);
        self.contents.event(Event {
            log_time,
            channel,
            file,
            place,
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
        });
    }

    /// The mounts of a body at the first time of all.
    pub(super) fn mounts(&mut self, prefix: &str, table: &str, time: i64, mounts: Mounts) {
        if mounts.is_empty() {
            return;
        }
        let file = self.contents.file(table);
        let (name, stream) = ("tf2_msgs/msg/TFMessage", Stream::Static(mounts));
        let channel = self.channel(format!("{prefix}/tf_static"), name, stream);
        self.small(time, channel, file);
    }

    /// Ends the listing.
    pub(super) fn finish(
        self,
        layout: &'static str,
        looked_for: &str,
    ) -> Result<Contents<'a>, FolderError> {
        if self.contents.first_time().is_none() {
            return Err(FolderError::Empty {
                layout,
                reason: looked_for.to_owned(),
            });
        }
        Ok(self.contents.made_by(self.scene))
    }
}

/// Where sensors sit.
pub(super) type Mounts = Vec<Pose<'static>>;

impl Scene {
    fn pose(&self, place: u64) -> Result<&Placed, Failure> {
        let place = usize::try_from(place).ok();
        place
            .and_then(|place| self.poses.get(place))
            .ok_or_else(gone)
    }
}

/// An event that points to nothing; the lister never makes one.
fn gone() -> Failure {
    Failure {
        code: "loss.row",
        start: 0,
        end: 0,
        message: "an event points to no row".to_owned(),
    }
}

impl Maker for Scene {
    fn make(
        &self,
        event: &Event,
        files: &mut OpenFiles<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let stamp = event.log_time;
        match stream_of(&self.streams, event) {
            None => return Err(gone()),
            Some(Stream::Picture(picture)) => make_picture(picture, event, files, out)?,
            Some(Stream::Cloud { frame, make }) => make(frame, event, files, out)?,
            Some(Stream::CameraInfo(info)) => message::camera_info(out, stamp, info),
            Some(Stream::Static(mounts)) => {
                let stamped: Vec<_> = mounts.iter().map(|pose| (stamp, pose.clone())).collect();
                message::transforms(out, &stamped);
            }
            Some(Stream::Transform(parent, child)) => {
                let pose = self.pose(event.place)?.named(parent, child);
                message::transforms(out, &[(stamp, pose)]);
            }
            Some(Stream::Pose(parent)) => {
                message::pose_stamped(out, stamp, &self.pose(event.place)?.named(parent, ""));
            }
            Some(Stream::Boxes(frame)) => {
                let group = usize::try_from(event.place).ok();
                let group = group.and_then(|group| self.groups.get(group)).cloned();
                let boxes = group.and_then(|group| self.boxes.get(group));
                let boxes = Boxes {
                    frame: Cow::Borrowed(frame),
                    boxes: boxes.ok_or_else(gone)?.to_vec(),
                };
                message::boxes3d(out, stamp, &boxes);
            }
        }
        Ok(())
    }
}

/// A pinhole camera's calibration: matrix row-major, `plumb_bob` distortion, empty for none.
pub(super) fn pinhole(frame: &str, size: [u32; 2], k: [f64; 9], d: Vec<f64>) -> CameraInfo {
    let [a, b, c, e, f, g, h, i, j] = k;
    CameraInfo {
        frame: frame.to_owned(),
        width: size[0],
        height: size[1],
        distortion_model: "plumb_bob".to_owned(),
        d,
        k,
        r: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p: [a, b, c, 0.0, e, f, g, 0.0, h, i, j, 0.0],
        binning: [0, 0],
        roi: [0; 4],
    }
}
