//! How the sensors are mounted: static transforms and camera calibrations of the recording.

use fieldassay_formats::sensor::CameraInfo;
use fieldassay_measure::pose::Pose;

/// What the recording says about the mounting of its sensors.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rig {
    /// Static transforms `parent_from_child`, first value of each edge, by parent and child.
    pub(crate) mounts: Vec<Mount>,
    /// Camera calibrations by topic, first message of each.
    pub(crate) cameras: Vec<Camera>,
}

/// A static transform.
#[derive(Clone, Debug)]
pub(crate) struct Mount {
    pub(crate) parent: String,
    pub(crate) child: String,
    pub(crate) parent_from_child: Pose,
}

/// A camera calibration and where it came from.
#[derive(Clone, Debug)]
pub(crate) struct Camera {
    /// Topic of the calibration.
    pub(crate) topic: String,
    /// First message.
    pub(crate) info: CameraInfo,
    /// Log time of the first message, nanoseconds.
    pub(crate) log_nanos: i64,
    /// Messages seen.
    pub(crate) messages: u64,
    /// Messages whose content differs from the one before, header apart, and the first log time of one.
    pub(crate) changes: u64,
    pub(crate) first_change_nanos: Option<i64>,
}
