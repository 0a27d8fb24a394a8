//! The columns of one stream, with the header stamps that can be used.

use crate::collect::{
    Arena, Collected, Column, HEADER, LOG, NO_STAMP, PACKED, PUBLISH, Stream, StreamData,
};

/// Types that several nodes publish on one topic as a rule; interleaved stamps are normal there.
const SHARED_TYPES: [&str; 8] = [
    "TFMessage",
    "FrameTransform",
    "FrameTransforms",
    "DiagnosticArray",
    "Log",
    "Marker",
    "MarkerArray",
    "ParameterEvent",
];

/// Header stamps of a stream, as far as they are set.
pub(crate) struct Stamped<'a> {
    /// Stamps in file order, without missing and without zero ones.
    pub(crate) header: Column<'a>,
    /// Log times of the same messages; none when they are all of them.
    log: Option<Column<'a>>,
}

/// Columns of one stream in file order.
pub(crate) struct Columns<'a> {
    pub(crate) log: Column<'a>,
    /// Publish times; none when the format has none.
    pub(crate) publish: Option<Column<'a>>,
    pub(crate) packed: Column<'a>,
    /// Header stamps; none when the messages carry none, or only zeros.
    pub(crate) stamped: Option<Stamped<'a>>,
    /// Messages whose stamp is zero.
    pub(crate) zero_stamps: usize,
    /// Messages whose stamp could be read, zero included.
    pub(crate) stamps: usize,
    /// Whether every message carries a sequence number.
    pub(crate) is_numbered: bool,
}

impl<'a> Columns<'a> {
    /// Gathers the columns of a stream.
    pub(crate) fn gather(
        collected: &Collected<'a>,
        arena: &Arena<'a>,
        stream: &Stream,
        data: &StreamData,
    ) -> Self {
        let column = |which| collected.store.gather(arena, &data.segments, which);
        let log = column(LOG);
        let publish = (data.without_publish == 0).then(|| column(PUBLISH));
        let packed = column(PACKED);
        let (mut zero_stamps, mut stamps) = (0, 0);
        let stamped = stream
            .has_stamps()
            .then(|| column(HEADER))
            .and_then(|header| {
                zero_stamps = header.iter().filter(|t| **t == 0).count();
                stamps = header.iter().filter(|t| **t != NO_STAMP).count();
                let usable = stamps - zero_stamps;
                if usable == 0 {
                    None
                } else if usable == header.len() {
                    Some(Stamped { header, log: None })
                } else {
                    Some(usable_stamps(arena, &header, &log, usable))
                }
            });
        Self {
            log,
            publish,
            packed,
            stamped,
            zero_stamps,
            stamps,
            is_numbered: data.without_sequence == 0,
        }
    }

    /// Header stamps and the log times of the same messages.
    pub(crate) fn header_and_log(&self) -> Option<(&[i64], &[i64])> {
        let stamped = self.stamped.as_ref()?;
        let log = stamped.log.as_ref().unwrap_or(&self.log);
        Some((&stamped.header, log))
    }
}

fn usable_stamps<'a>(arena: &Arena<'a>, header: &[i64], log: &[i64], usable: usize) -> Stamped<'a> {
    let mut kept_header = arena.words(usable);
    let mut kept_log = arena.words(usable);
    let pairs = header
        .iter()
        .zip(log)
        .filter(|(stamp, _)| **stamp != NO_STAMP && **stamp != 0);
    for (((stamp, time), h), l) in pairs.zip(kept_header.iter_mut()).zip(kept_log.iter_mut()) {
        *h = *stamp;
        *l = *time;
    }
    Stamped {
        header: kept_header,
        log: Some(kept_log),
    }
}

/// Whether several nodes may publish on the topic, so that neighboring messages need not be related.
pub(crate) fn is_shared(stream: &Stream) -> bool {
    let name = stream.schema.rsplit(['/', '.']).next().unwrap_or_default();
    stream.publishers > 1 || stream.transforms.is_some() || SHARED_TYPES.contains(&name)
}

/// Packages whose messages are samples of a sensor, made at a fixed rate as a rule.
const SENSOR_PACKAGES: [&str; 6] = [
    "sensor_msgs",
    "velodyne_msgs",
    "radar_msgs",
    "novatel_gps_msgs",
    "ublox_msgs",
    "livox_ros_driver2",
];
/// Types of those packages that come when something happens.
const EVENT_TYPES: [&str; 3] = ["Joy", "JoyFeedback", "JoyFeedbackArray"];
/// Types of other packages that are sampled at a fixed rate.
const SAMPLED_TYPES: [&str; 12] = [
    "Odometry",
    "RawImage",
    "CompressedImage",
    "CompressedVideo",
    "CameraCalibration",
    "PointCloud",
    "LaserScan",
    "LocationFix",
    "Imu",
    "Image",
    "PointCloud2",
    "NavSatFix",
];

/// Whether the type is one that sensors publish at a fixed rate.
pub(crate) fn is_sampled(stream: &Stream) -> bool {
    let package = stream.schema.split(['/', '.']).next().unwrap_or_default();
    let name = stream.schema.rsplit(['/', '.']).next().unwrap_or_default();
    (SENSOR_PACKAGES.contains(&package) && !EVENT_TYPES.contains(&name))
        || SAMPLED_TYPES.contains(&name)
}
