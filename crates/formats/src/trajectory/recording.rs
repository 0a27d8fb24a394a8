//! A trajectory file as a recording: one channel of `geometry_msgs/msg/PoseStamped`.

use super::parse::{
    Kind, Trajectory, TrajectoryError, looks_like_times, parse_row, parse_times, sniff,
};
use super::text::{line_at, line_number};
use crate::folder::{Contents, Event, Failure, Files, FolderError, Layout, Maker, OpenFiles};
use crate::{Format, Limits, message, sensor};
use std::borrow::Cow;

/// Path of the poses among the files given to [`crate::folder::open`].
pub const TRAJECTORY_PATH: &str = "poses";
/// Path of the times of a KITTI trajectory, where there are any.
pub const TIMES_PATH: &str = "times";

/// Nanoseconds between poses whose times nothing tells.
const ASSUMED_STEP_NS: i64 = 1_000_000_000;

/// The layout that makes a trajectory file a recording. The files hold the poses as
/// [`TRAJECTORY_PATH`] and, for KITTI, one time per row as [`TIMES_PATH`].
///
/// Without times the position in the file stands for seconds, and a note says so.
pub fn layout(kind: Kind) -> Layout {
    let (format, list): (Format, super::super::folder::List) = match kind {
        Kind::Tum => (Format::Tum, |files, limits| list(files, limits, Kind::Tum)),
        Kind::Kitti => (Format::KittiPoses, |files, limits| {
            list(files, limits, Kind::Kitti)
        }),
        Kind::Euroc => (Format::EurocPoses, |files, limits| {
            list(files, limits, Kind::Euroc)
        }),
    };
    Layout {
        format,
        mark: "rows of times and poses, or of matrices",
        detect: |files| {
            files
                .read(TRAJECTORY_PATH)
                .is_ok_and(|bytes| sniff(bytes.as_ref()).is_some())
        },
        list,
    }
}

fn list<'a>(
    files: &'a dyn Files,
    limits: &Limits,
    kind: Kind,
) -> Result<Contents<'a>, FolderError> {
    let mut contents = Contents::new(limits);
    let bytes = files.read(TRAJECTORY_PATH)?;
    let trajectory = Trajectory::parse(bytes.as_ref(), kind);
    contents.origin = format!("trajectory {}", kind.name());
    let file = contents.file(TRAJECTORY_PATH);
    let channel = contents.channel("/poses", "geometry_msgs/msg/PoseStamped");
    for error in &trajectory.errors {
        contents.lose(unreadable(error));
    }
    if trajectory.poses.is_empty() {
        return Err(FolderError::Empty {
            layout: kind.name(),
            reason: "no row could be read".to_owned(),
        });
    }
    let times = match kind {
        Kind::Kitti => kitti_times(files, trajectory.poses.len(), &mut contents),
        Kind::Tum | Kind::Euroc => None,
    };
    let mut newest = i64::MIN;
    for (index, pose) in trajectory.poses.iter().enumerate() {
        let assumed = i64::try_from(index)
            .unwrap_or(i64::MAX)
            .saturating_mul(ASSUMED_STEP_NS);
        let given = times.as_ref().and_then(|times| times.get(index).copied());
        let log_time = pose.stamp_ns.or(given).unwrap_or(assumed);
        if log_time < newest {
            contents.note("structure.message_order", || {
                format!("time `{log_time}` ns comes after `{newest}` ns")
            });
        }
        newest = newest.max(log_time);
        contents.event(Event {
            log_time,
            channel,
            file,
            place: pose.start as u64,
            bytes: 128,
        });
    }
    Ok(contents.made_by(Poses { kind }))
}

/// Times for the poses of a KITTI file, when every pose has one.
fn kitti_times(files: &dyn Files, poses: usize, contents: &mut Contents<'_>) -> Option<Vec<i64>> {
    let missing = |contents: &mut Contents<'_>, reason: String| {
        contents.note("structure.time_missing", || {
            format!("{reason}; the position in the file stands for seconds. hint: put `times.txt` beside the poses")
        });
        None
    };
    let Ok(bytes) = files.read(TIMES_PATH) else {
        return missing(contents, "the poses have no file of times".to_owned());
    };
    if !looks_like_times(bytes.as_ref()) {
        return missing(
            contents,
            "the file of times holds something else".to_owned(),
        );
    }
    let times = parse_times(bytes.as_ref());
    if times.len() != poses {
        let reason = format!("`{}` times for `{poses}` poses", times.len());
        return missing(contents, reason);
    }
    match times.into_iter().collect::<Result<Vec<i64>, _>>() {
        Ok(times) => Some(times),
        Err(error) => missing(contents, format!("the file of times: {error}")),
    }
}

fn unreadable(error: &TrajectoryError) -> Failure {
    Failure {
        code: "loss.row",
        start: error.start as u64,
        end: error.end as u64,
        message: error.to_string(),
    }
}

struct Poses {
    kind: Kind,
}

impl Maker for Poses {
    fn make(
        &self,
        event: &Event,
        files: &mut OpenFiles<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let bytes = files.bytes(event.file)?;
        let line = line_at(bytes, event.place);
        let pose = parse_row(line, self.kind).map_err(|cause| {
            unreadable(&TrajectoryError {
                line: line_number(bytes, event.place),
                start: usize::try_from(event.place).unwrap_or(usize::MAX),
                end: usize::try_from(event.place)
                    .unwrap_or(usize::MAX)
                    .saturating_add(line.len()),
                cause,
            })
        })?;
        let pose = sensor::Pose {
            parent: Cow::Borrowed("world"),
            child: Cow::Borrowed(""),
            translation_meters: pose.translation_meters,
            quat_xyzw: pose.quat_xyzw,
        };
        message::pose_stamped(out, event.log_time, &pose);
        Ok(())
    }
}
