//! Paths of poses from trajectory files and from topics of recordings, with the place of each pose. Tables are read in
//! `table`.
//!
//! Not here: what is cut from them and how they are compared.

use super::{Input, PathFormat, table};
use crate::sources::Source;
use crate::{EngineError, limits::Limits};
use fieldassay_formats::decode::{StampKind, StampReader};
use fieldassay_formats::sensor::{Sample, SensorKind, SensorReader};
use fieldassay_formats::trajectory::text::line_number;
use fieldassay_formats::trajectory::{self, Kind, Trajectory, TrajectoryError};
use fieldassay_formats::{Buffers, Channel, Message, Visitor, full_account};
use fieldassay_measure::pose::{Pose, StampedPose};
use fieldassay_measure::trajectory::{Frame, PathError};

/// Departure of the squared norm of a quaternion from 1 up to which its row is believed; as for recognizing files.
const NORM_TOLERANCE: f64 = 0.02;

/// A path and where it came from.
#[derive(Debug)]
pub(super) struct Path {
    /// As given.
    pub(super) input: String,
    /// Format, and the topic where there is one.
    pub(super) format: String,
    pub(super) poses: Poses,
    /// Byte of the file, number of the message or row of the table each pose is from.
    pub(super) starts: Vec<usize>,
    pub(super) source: Source,
    pub(super) origin: Origin,
    /// What of the recording could not be read.
    pub(super) loss: Option<String>,
}

/// Where the poses of a path stand.
#[derive(Debug)]
pub(super) enum Origin {
    /// In rows of text.
    Text,
    /// In messages of a topic.
    Topic(String),
    /// In rows of a table.
    Table,
}

/// Poses with their stamps, or as matrices in their order.
#[derive(Debug)]
pub(super) enum Poses {
    Stamped(Vec<StampedPose>),
    /// KITTI: matrices are kept as written; times only where a file apart has one per pose.
    Matrices(Vec<Frame>, Option<Vec<i64>>),
}

impl Path {
    /// Number of poses.
    pub(super) fn len(&self) -> usize {
        match &self.poses {
            Poses::Stamped(poses) => poses.len(),
            Poses::Matrices(frames, _) => frames.len(),
        }
    }

    /// Keeps these poses, in this order.
    pub(super) fn keep(&mut self, kept: &[usize]) {
        fn at<T: Copy>(all: &[T], kept: &[usize]) -> Vec<T> {
            kept.iter().filter_map(|i| all.get(*i).copied()).collect()
        }
        self.starts = at(&self.starts, kept);
        match &mut self.poses {
            Poses::Stamped(poses) => *poses = at(poses, kept),
            Poses::Matrices(frames, times) => {
                *frames = at(frames, kept);
                *times = times.as_deref().map(|times| at(times, kept));
            }
        }
    }

    /// The poses with their stamps; none of KITTI poses without times.
    pub(super) fn stamped(&self) -> Option<Vec<StampedPose>> {
        match &self.poses {
            Poses::Stamped(poses) => Some(poses.clone()),
            Poses::Matrices(frames, times) => {
                let times = times.as_ref()?.iter();
                let stamped = frames
                    .iter()
                    .zip(times)
                    .map(|(frame, t_nanos)| StampedPose {
                        t_nanos: *t_nanos,
                        pose: frame.pose(),
                    });
                Some(stamped.collect())
            }
        }
    }

    /// Positions, meters.
    pub(super) fn positions(&self) -> Vec<[f64; 3]> {
        match &self.poses {
            Poses::Stamped(poses) => poses.iter().map(|p| p.pose.translation_meters).collect(),
            Poses::Matrices(frames, _) => frames.iter().map(|f| f.position_meters).collect(),
        }
    }

    /// First and last stamp; none without times or poses.
    pub(super) fn ends(&self) -> Option<(i64, i64)> {
        match &self.poses {
            Poses::Stamped(poses) => Some((poses.first()?.t_nanos, poses.last()?.t_nanos)),
            Poses::Matrices(_, times) => {
                let times = times.as_ref()?;
                Some((*times.first()?, *times.last()?))
            }
        }
    }

    /// Something is wrong with the path, or with one of its poses.
    pub(super) fn wrong(&self, index: Option<usize>, message: String) -> EngineError {
        match index.and_then(|index| self.starts.get(index).copied()) {
            Some(start) => self.wrong_at(start, message),
            None => EngineError::Poses {
                input: self.input.clone(),
                place: None,
                message,
            },
        }
    }

    /// Something is wrong with the row that starts at a byte, with a message or with a row of a table.
    fn wrong_at(&self, start: usize, message: String) -> EngineError {
        let place = match &self.origin {
            Origin::Text => {
                let bytes = self
                    .source
                    .trajectory()
                    .map_or(&[][..], |(_, bytes, _)| bytes);
                format!("line `{}`", line_number(bytes, start as u64))
            }
            Origin::Topic(topic) => format!("message `{start}` of `{topic}`"),
            Origin::Table => format!("row `{start}`"),
        };
        EngineError::Poses {
            input: self.input.clone(),
            place: Some(place),
            message,
        }
    }

    /// A path that cannot be measured, with the row to blame.
    pub(super) fn refused(&self, error: &PathError) -> EngineError {
        let message = error.to_string();
        let (what, hint) = message.split_once("; hint: ").unwrap_or((&message, ""));
        let hint = match error {
            PathError::Unsorted { .. } => {
                "sort the poses by time, or give --stamps-as-they-are, as evo takes them"
            }
            PathError::Repeated { .. } => {
                "keep one pose per time, or give --stamps-as-they-are, as evo takes them"
            }
            PathError::Empty { .. } | PathError::NoPose { .. } => hint,
        };
        self.wrong(error.index(), format!("{what}\nhint: {hint}"))
    }

    fn check_norms(self) -> Result<Self, EngineError> {
        let Poses::Stamped(poses) = &self.poses else {
            return Ok(self);
        };
        let norm = |pose: &Pose| pose.quat_xyzw.iter().map(|q| q * q).sum::<f64>();
        let is_far = |p: &StampedPose| (norm(&p.pose) - 1.0).abs() > NORM_TOLERANCE;
        match poses.iter().position(is_far) {
            None => Ok(self),
            Some(index) => {
                let found = poses.get(index).map_or(0.0, |p| norm(&p.pose).sqrt());
                Err(self.wrong(
                    Some(index),
                    format!(
                        "the quaternion has norm `{found}` where 1 belongs\nhint: look at the order of the columns (TUM x y z w last, EuRoC w first), or drop the row"
                    ),
                ))
            }
        }
    }
}

/// Reads a path; every row must be readable.
///
/// # Errors
/// [`EngineError::Poses`] with the row to blame, and what [`Source::read`] and [`Source::open`] give.
pub(super) fn read(input: &Input) -> Result<Path, EngineError> {
    if input.path.to_string_lossy().contains("://") {
        let url = input.path.display().to_string();
        return Err(EngineError::Remote { url });
    }
    if !input.path.exists() {
        return Err(EngineError::Poses {
            input: input.to_string(),
            place: None,
            message: "it does not exist\nhint: give a trajectory file (TUM, KITTI, EuRoC), a table of poses or a recording; `FILE:/topic` names one of its topics".to_owned(),
        });
    }
    let kind = match &input.format {
        Some(PathFormat::Tum) => Some(Kind::Tum),
        Some(PathFormat::Kitti) => Some(Kind::Kitti),
        Some(PathFormat::Euroc) => Some(Kind::Euroc),
        Some(PathFormat::Recording(_)) | None => None,
    };
    let mut source = Source::read_as(&input.path, kind)?;
    if let Some(kind) = source.likely_trajectory() {
        source = Source::read_as(&input.path, Some(kind))?;
    }
    if source.trajectory().is_some() {
        return from_file(input, source)?.check_norms();
    }
    let source = match table::read(input, source)? {
        Ok(path) => return path.check_norms(),
        Err(source) => source,
    };
    let topic = match &input.format {
        Some(PathFormat::Recording(topic)) => Some(topic.as_str()),
        _ => None,
    };
    from_recording(input, source, topic)?.check_norms()
}

fn from_file(input: &Input, source: Source) -> Result<Path, EngineError> {
    let mut path = Path {
        input: input.to_string(),
        format: String::new(),
        poses: Poses::Stamped(Vec::new()),
        starts: Vec::new(),
        source,
        origin: Origin::Text,
        loss: None,
    };
    let Some((kind, bytes, times)) = path.source.trajectory() else {
        return Ok(path);
    };
    let (format, found) = match kind {
        Kind::Tum => ("tum", stamped(bytes, kind)),
        Kind::Euroc => ("euroc", stamped(bytes, kind)),
        Kind::Kitti => ("kitti", matrices(bytes, times)),
    };
    let (starts, poses) = found.map_err(|row| path.wrong_at(row.start, row.message))?;
    format.clone_into(&mut path.format);
    path.starts = starts;
    path.poses = poses;
    Ok(path)
}

/// A row that is none.
struct BadRow {
    start: usize,
    message: String,
}

impl From<&TrajectoryError> for BadRow {
    fn from(error: &TrajectoryError) -> Self {
        Self {
            start: error.start,
            message: format!(
                "{}\nhint: correct or drop the row; a path is read whole or not at all",
                error.cause
            ),
        }
    }
}

fn stamped(bytes: &[u8], kind: Kind) -> Result<(Vec<usize>, Poses), BadRow> {
    let found = Trajectory::parse(bytes, kind);
    if let Some(error) = found.errors.first() {
        return Err(error.into());
    }
    let starts = found.poses.iter().map(|pose| pose.start).collect();
    let poses = found.poses.iter().map(|pose| StampedPose {
        t_nanos: pose.stamp_ns.unwrap_or(0),
        pose: Pose {
            translation_meters: pose.translation_meters,
            quat_xyzw: pose.quat_xyzw,
        },
    });
    Ok((starts, Poses::Stamped(poses.collect())))
}

fn matrices(bytes: &[u8], times: Option<&[u8]>) -> Result<(Vec<usize>, Poses), BadRow> {
    let mut starts = Vec::new();
    let mut frames = Vec::new();
    for row in trajectory::parse_matrices(bytes) {
        let (start, row) = row.map_err(|error| BadRow::from(&error))?;
        let frame = Frame::of_rows(&row).ok_or_else(|| BadRow {
            start,
            message: "the matrix is not finite or no rotation\nhint: a row is the upper 3 x 4 part of a matrix, row by row".to_owned(),
        })?;
        starts.push(start);
        frames.push(frame);
    }
    let times = times.map(trajectory::parse_times);
    let times: Option<Vec<i64>> =
        times.and_then(|times| times.into_iter().collect::<Result<_, _>>().ok());
    let times = times.filter(|times| times.len() == frames.len());
    Ok((starts, Poses::Matrices(frames, times)))
}

/// Poses of one topic.
struct Poser<'a> {
    id: u32,
    sensor: &'a SensorReader,
    stamps: &'a StampReader,
    poses: Vec<StampedPose>,
    starts: Vec<usize>,
    seen: usize,
    damaged: Option<(usize, String)>,
}

impl Visitor for Poser<'_> {
    fn channel(&mut self, _channel: &Channel) {}

    fn message(&mut self, message: &Message<'_>) {
        if message.channel != self.id {
            return;
        }
        self.seen += 1;
        match self.sensor.read(message.data) {
            Ok(Some(Sample::Pose(pose))) => {
                let header = self.stamps.stamp(message.data).filter(|stamp| *stamp != 0);
                self.poses.push(StampedPose {
                    t_nanos: header.unwrap_or(message.log_time),
                    pose: Pose {
                        translation_meters: pose.translation_meters,
                        quat_xyzw: pose.quat_xyzw,
                    },
                });
                self.starts.push(self.seen);
            }
            Err(error) if self.damaged.is_none() => {
                self.damaged = Some((self.seen, error.to_string()));
            }
            Ok(_) | Err(_) => {}
        }
    }
}

/// Channels of poses, and the one asked for.
fn channel(channels: &[Channel], topic: Option<&str>) -> Result<(Channel, SensorReader), String> {
    let reader = |channel: &Channel| {
        let schema = channel.schema.as_deref()?;
        SensorReader::new(schema, &channel.message_encoding)
            .filter(|reader| reader.kind() == SensorKind::Pose)
    };
    let found: Vec<(&Channel, SensorReader)> = channels
        .iter()
        .filter_map(|channel| Some((channel, reader(channel)?)))
        .collect();
    let mut topics: Vec<&str> = found
        .iter()
        .map(|(channel, _)| channel.topic.as_str())
        .collect();
    topics.sort_unstable();
    let listed = if topics.is_empty() {
        "none of its topics holds poses (nav_msgs/Odometry, geometry_msgs/PoseStamped and PoseWithCovarianceStamped, foxglove.PoseInFrame, …)".to_owned()
    } else {
        format!("topics of poses are `{}`", topics.join("`, `"))
    };
    let chosen = match topic {
        Some(topic) => found.iter().find(|(channel, _)| channel.topic == topic),
        None if found.len() == 1 => found.first(),
        None => {
            return Err(format!(
                "it is a recording, and which of its topics is the path is not said\nhint: give `--format recording:TOPIC` or `FILE:TOPIC`; {listed}"
            ));
        }
    };
    match chosen {
        Some((channel, reader)) => Ok(((*channel).clone(), reader.clone())),
        None => Err(format!(
            "it has no topic `{}` of poses\nhint: {listed}",
            topic.unwrap_or_default()
        )),
    }
}

fn from_recording(input: &Input, source: Source, topic: Option<&str>) -> Result<Path, EngineError> {
    let wrong = |message: String| EngineError::Poses {
        input: input.to_string(),
        place: None,
        message,
    };
    let limits = Limits::default();
    let opened = source.open(true, &limits)?;
    let recording = opened.recording();
    let (channel, sensor) = channel(recording.channels(), topic).map_err(wrong)?;
    let stamps = StampReader::new(channel.schema.as_deref(), &channel.message_encoding);
    let mut poser = Poser {
        id: channel.id,
        sensor: &sensor,
        stamps: &stamps,
        poses: Vec::new(),
        starts: Vec::new(),
        seen: 0,
        damaged: None,
    };
    let mut buffers = Buffers::default();
    let units: Vec<_> = (0..recording.unit_count())
        .map(|unit| recording.read_unit(unit, &mut buffers, &mut poser))
        .collect();
    if let Some((at, error)) = poser.damaged {
        return Err(wrong(format!(
            "message `{at}` of `{}`: {error}\nhint: `fieldassay check` says what is damaged",
            channel.topic
        )));
    }
    let losses = full_account(recording, &units).losses;
    let loss = losses.first().map(|loss| match losses.len() {
        1 => loss.message.clone(),
        many => format!("{} (and {} more places)", loss.message, many - 1),
    });
    let by = match stamps.kind() {
        StampKind::None(_) => "log time",
        _ => "header time",
    };
    let (poses, starts) = (poser.poses, poser.starts);
    let format = format!("{}:{} by {by}", recording.format().name(), channel.topic);
    drop(opened);
    Ok(Path {
        input: input.to_string(),
        format,
        poses: Poses::Stamped(poses),
        starts,
        source,
        origin: Origin::Topic(channel.topic),
        loss,
    })
}
