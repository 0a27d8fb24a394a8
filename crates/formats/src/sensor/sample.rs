//! The types of samples.

use std::borrow::Cow;

/// What a channel measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SensorKind {
    /// Angular rate and specific force.
    Imu,
    /// Satellite positions.
    Fix,
    /// Poses of one body in one frame.
    Pose,
    /// Joint states.
    Joints,
    /// Camera calibration.
    CameraInfo,
    /// Images, raw or compressed one by one.
    Image,
    /// Access units of a video stream.
    Video,
    /// Point clouds.
    Cloud,
    /// Planar laser scans.
    Scan,
    /// Sound.
    Audio,
    /// Three-dimensional boxes.
    Boxes,
}

/// One message of a sensor. A stamp is 0 where the message has none.
#[derive(Clone, Debug, PartialEq)]
pub enum Sample<'a> {
    /// Angular rate and specific force.
    Imu(Imu),
    /// A satellite position.
    Fix(Fix),
    /// A pose.
    Pose(Pose<'a>),
    /// Joint states.
    Joints(Joints<'a>),
    /// A camera calibration.
    CameraInfo(Box<CameraInfo>),
    /// An image.
    Image(Image<'a>),
    /// An access unit of a video.
    Video(Video<'a>),
    /// A point cloud.
    Cloud(Cloud<'a>),
    /// A planar scan.
    Scan(Scan),
    /// A piece of sound.
    Audio(Audio<'a>),
    /// Boxes of one moment.
    Boxes(Boxes<'a>),
}

/// Angular rate and specific force as recorded, in the sensor's frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Imu {
    /// Radians per second by convention; NaN where the message says that it is not measured.
    pub gyro: [f64; 3],
    /// Meters per second squared by convention; NaN where the message says that it is not measured.
    pub accel: [f64; 3],
    /// Orientation, order x y z w; none where the message says that it is not measured.
    pub quat_xyzw: Option<[f64; 4]>,
}

/// A satellite position (WGS 84).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fix {
    /// As `sensor_msgs/NavSatStatus`: -1 no fix, 0 fix, 1 SBAS, 2 ground-based; none where the message has none.
    pub status: Option<i64>,
    /// Degrees, north positive.
    pub latitude_degrees: f64,
    /// Degrees, east positive.
    pub longitude_degrees: f64,
    /// Meters.
    pub altitude_meters: f64,
    /// East, north, up, row-major; none where the message has none.
    pub covariance_meters2: Option<[f64; 9]>,
    /// 0 unknown, 1 approximated, 2 diagonal known, 3 known; none where the message has none.
    pub covariance_type: Option<i64>,
    /// Horizontal dilution of precision, where the message has it.
    pub hdop_ratio: Option<f64>,
}

/// A pose `parent_from_child`, with the twist where the message has one.
#[derive(Clone, Debug, PartialEq)]
pub struct Pose<'a> {
    /// Parent frame.
    pub parent: Cow<'a, str>,
    /// Child frame; empty where the message names none.
    pub child: Cow<'a, str>,
    /// Meters; NaN where the message states only a rotation (PX4 attitude).
    pub translation_meters: [f64; 3],
    /// Order x y z w, not normalized.
    pub quat_xyzw: [f64; 4],
}

/// Joint states; lists may be shorter than `names` or empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Joints<'a> {
    /// Names of the joints.
    pub names: Vec<Cow<'a, str>>,
    /// Radians or meters.
    pub position: Vec<f64>,
    /// Per second.
    pub velocity: Vec<f64>,
    /// Newton meters or newtons.
    pub effort: Vec<f64>,
}

/// A camera calibration, as in `sensor_msgs/CameraInfo`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CameraInfo {
    /// Optical frame.
    pub frame: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// `plumb_bob`, `rational_polynomial`, `equidistant`, …
    pub distortion_model: String,
    /// Distortion parameters.
    pub d: Vec<f64>,
    /// Intrinsic matrix, row-major, pixels.
    pub k: [f64; 9],
    /// Rectification matrix, row-major.
    pub r: [f64; 9],
    /// Projection matrix, row-major, pixels.
    pub p: [f64; 12],
    /// Horizontal and vertical binning; 0 and 1 mean none.
    pub binning: [u32; 2],
    /// Region of interest: x, y, width, height; all 0 means the full image.
    pub roi: [u32; 4],
}

/// An image, raw or compressed by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Image<'a> {
    /// Optical frame.
    pub frame: Cow<'a, str>,
    /// Pixels; 0 for compressed images, which say it themselves.
    pub width: u32,
    /// Pixels; 0 for compressed images.
    pub height: u32,
    /// ROS encoding of raw images (`mono8`, `bgr8`, `16UC1`, …), `format` of compressed ones (`jpeg`, `png`,
    /// `rgb8; jpeg compressed bgr8`, `16UC1; compressedDepth png`).
    pub encoding: Cow<'a, str>,
    /// Whether `data` is a compressed file.
    pub compressed: bool,
    /// Bytes from one row to the next; 0 for compressed images.
    pub step: u32,
    /// Whether samples of more than one byte are big-endian.
    pub big_endian: bool,
    /// Pixels or the compressed file.
    pub data: Cow<'a, [u8]>,
}

/// One access unit of a video stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Video<'a> {
    /// Optical frame.
    pub frame: Cow<'a, str>,
    /// `h264`, `h265`, `av1`, `vp9`.
    pub format: Cow<'a, str>,
    /// Annex B access unit, or AV1 temporal unit.
    pub data: Cow<'a, [u8]>,
}

/// A point cloud with fields described by the message.
#[derive(Clone, Debug, PartialEq)]
pub struct Cloud<'a> {
    /// Frame of the points.
    pub frame: Cow<'a, str>,
    /// Points in a row; the number of points where `height` is 1.
    pub width: u32,
    /// Rows: 1 for unorganized clouds.
    pub height: u32,
    /// What a point is made of.
    pub fields: Vec<CloudField>,
    /// Bytes of a point.
    pub point_step: u32,
    /// Bytes of a row.
    pub row_step: u32,
    /// Whether the message claims that no point is invalid; none where it cannot say.
    pub is_dense: Option<bool>,
    /// Whether values are big-endian.
    pub big_endian: bool,
    /// The points.
    pub data: Cow<'a, [u8]>,
}

/// One field of a point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudField {
    /// Name as written.
    pub name: String,
    /// Byte within the point.
    pub offset: u32,
    /// Type of its values; none where the number stands for none.
    pub field_type: Option<FieldType>,
    /// How many values.
    pub count: u32,
}

/// Type of a value in a cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// 8 bits, signed.
    I8,
    /// 8 bits.
    U8,
    /// 16 bits, signed.
    I16,
    /// 16 bits.
    U16,
    /// 32 bits, signed.
    I32,
    /// 32 bits.
    U32,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
}

/// A planar laser scan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scan {
    /// Frame of the scan.
    pub frame: String,
    /// Angle of the first beam.
    pub start_radians: f64,
    /// Angle between beams.
    pub step_radians: f64,
    /// Time between beams; 0 where it is not stated.
    pub step_secs: f64,
    /// Shortest range the sensor measures.
    pub least_meters: f64,
    /// Longest range the sensor measures.
    pub most_meters: f64,
    /// Ranges.
    pub ranges_meters: Vec<f32>,
    /// Intensities; may be empty.
    pub intensities: Vec<f32>,
}

/// A piece of sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Audio<'a> {
    /// `pcm-s16`, `wav`, `mp3`, … as written; empty where the message does not say.
    pub format: Cow<'a, str>,
    /// Samples per second; 0 where the message does not say.
    pub sample_rate_hz: u32,
    /// Channels; 0 where the message does not say.
    pub channels: u32,
    /// Encoded samples.
    pub data: Cow<'a, [u8]>,
}

/// Boxes of one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Boxes<'a> {
    /// Frame of the boxes.
    pub frame: Cow<'a, str>,
    /// The boxes.
    pub boxes: Vec<Box3<'a>>,
}

/// A box in space.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Box3<'a> {
    /// Name of the track; empty where there is none.
    pub track: Cow<'a, str>,
    /// Class.
    pub category: Cow<'a, str>,
    /// Center, meters.
    pub center_meters: [f64; 3],
    /// Orientation, order x y z w.
    pub quat_xyzw: [f64; 4],
    /// Length (x), width (y), height (z), meters.
    pub size_meters: [f64; 3],
    /// `LiDAR` points inside, where the message says it.
    pub points: Option<u64>,
}
