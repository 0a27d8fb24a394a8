//! Which fields make a sensor message: one table per layout, tried in order.
//!
//! Read [`Layout`] and [`LAYOUTS`]. Sources: the packages
//! `sensor_msgs`, `nav_msgs`, `geometry_msgs`, `vision_msgs` and `audio_common_msgs` of ROS 1 and ROS 2, the schemas of Foxglove, the uORB topics of PX4.

use super::sample::SensorKind;
use super::slots::{boxes, camera, cloud, fix, imu, joints, media, pose, scan};
use crate::decode::fields::{Shape, Wanted};

/// How the values of a layout become a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Angular rate, specific force, orientation.
    Imu,
    /// `NavSatFix`, `GPSFix`, `LocationFix`.
    Fix,
    /// PX4 receivers: scaled integers or degrees.
    Px4Fix,
    /// Stamped poses.
    Pose,
    /// PX4 attitude, odometry and local position.
    Px4Pose,
    /// Joint states as parallel lists.
    Joints,
    /// Joint states joint by joint.
    JointList,
    /// Calibrations.
    CameraInfo,
    /// Pixels.
    RawImage,
    /// Files of one image.
    CompressedImage,
    /// Access units.
    Video,
    /// `PointCloud2`.
    RosCloud,
    /// `foxglove.PointCloud`.
    FoxgloveCloud,
    /// `LaserScan` of ROS.
    RosScan,
    /// `foxglove.LaserScan`.
    FoxgloveScan,
    /// Sound.
    Audio,
    /// Lists of boxes.
    Boxes,
    /// Boxes of scene entities.
    Scene,
}

/// What the name of a type has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// Nothing: the fields are distinctive.
    Any,
    /// The last part must be one of the layout's types: other types have the same fields.
    Type,
    /// The package must be one of these and the type one of the layout's, in snake or camel case: others
    /// use the same fields with other units or for other purposes (set points).
    Package(&'static [&'static str]),
}

/// A recognized set of fields.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) kind: SensorKind,
    pub(super) form: Form,
    pub(super) named: Named,
    /// Last parts of the names of types known to have this layout; decide where the schema has no fields.
    pub(super) types: &'static [&'static str],
    pub(super) wanted: &'static [Wanted<'static>],
    /// Slots that must be found.
    pub(super) required: &'static [u16],
}

const fn number(path: &'static str, slot: u16) -> Wanted<'static> {
    want(path, slot, Shape::Number)
}

const fn text(path: &'static str, slot: u16) -> Wanted<'static> {
    want(path, slot, Shape::Text)
}

const fn numbers(path: &'static str, slot: u16) -> Wanted<'static> {
    want(path, slot, Shape::Numbers)
}

const fn bytes(path: &'static str, slot: u16) -> Wanted<'static> {
    want(path, slot, Shape::Bytes)
}

const fn list(path: &'static str, slot: u16) -> Wanted<'static> {
    want(path, slot, Shape::List)
}

const fn want(path: &'static str, slot: u16, shape: Shape) -> Wanted<'static> {
    Wanted { path, slot, shape }
}

/// Names packages of PX4 topics go by: our reader of `ULog`, and the ROS 2 bridge.
const PX4: &[&str] = &["px4", "px4_msgs"];

/// Layouts in the order they are tried: where one holds the fields of another it comes first.
pub(super) const LAYOUTS: &[Layout] = &[
    Layout {
        kind: SensorKind::Imu,
        form: Form::Imu,
        named: Named::Any,
        types: &["Imu"],
        wanted: &[
            number("angular_velocity.x", imu::GYRO),
            number("angular_velocity.y", imu::GYRO + 1),
            number("angular_velocity.z", imu::GYRO + 2),
            number("linear_acceleration.x", imu::ACCEL),
            number("linear_acceleration.y", imu::ACCEL + 1),
            number("linear_acceleration.z", imu::ACCEL + 2),
            number("orientation.x", imu::QUAT),
            number("orientation.y", imu::QUAT + 1),
            number("orientation.z", imu::QUAT + 2),
            number("orientation.w", imu::QUAT + 3),
            numbers("angular_velocity_covariance", imu::GYRO_COVARIANCE),
            numbers("linear_acceleration_covariance", imu::ACCEL_COVARIANCE),
            numbers("orientation_covariance", imu::QUAT_COVARIANCE),
        ],
        required: &[
            imu::GYRO,
            imu::GYRO + 1,
            imu::GYRO + 2,
            imu::ACCEL,
            imu::ACCEL + 1,
            imu::ACCEL + 2,
        ],
    },
    Layout {
        kind: SensorKind::Imu,
        form: Form::Imu,
        named: Named::Package(PX4),
        types: &["sensor_combined"],
        wanted: &[
            numbers("gyro_rad", imu::GYRO_LIST),
            numbers("accelerometer_m_s2", imu::ACCEL_LIST),
        ],
        required: &[imu::GYRO_LIST, imu::ACCEL_LIST],
    },
    Layout {
        kind: SensorKind::Fix,
        form: Form::Fix,
        named: Named::Any,
        types: &["NavSatFix", "GPSFix", "LocationFix"],
        wanted: &[
            number("status.status", fix::STATUS),
            number("latitude", fix::LATITUDE),
            number("longitude", fix::LONGITUDE),
            number("altitude", fix::ALTITUDE),
            numbers("position_covariance", fix::COVARIANCE),
            number("position_covariance_type", fix::COVARIANCE_TYPE),
            number("hdop", fix::HDOP),
        ],
        required: &[
            fix::LATITUDE,
            fix::LONGITUDE,
            fix::ALTITUDE,
            fix::COVARIANCE,
        ],
    },
    Layout {
        kind: SensorKind::Fix,
        form: Form::Px4Fix,
        named: Named::Package(PX4),
        types: &["vehicle_gps_position", "sensor_gps"],
        wanted: &[
            number("latitude_deg", fix::LATITUDE),
            number("longitude_deg", fix::LONGITUDE),
            number("altitude_msl_m", fix::ALTITUDE),
            number("eph", fix::EPH),
            number("epv", fix::EPV),
            number("hdop", fix::HDOP),
            number("fix_type", fix::FIX_TYPE),
        ],
        required: &[fix::LATITUDE, fix::LONGITUDE, fix::ALTITUDE, fix::FIX_TYPE],
    },
    Layout {
        kind: SensorKind::Fix,
        form: Form::Px4Fix,
        named: Named::Package(PX4),
        types: &["vehicle_gps_position", "sensor_gps"],
        wanted: &[
            number("lat", fix::LATITUDE_E7),
            number("lon", fix::LONGITUDE_E7),
            number("alt", fix::ALTITUDE_MM),
            number("eph", fix::EPH),
            number("epv", fix::EPV),
            number("hdop", fix::HDOP),
            number("fix_type", fix::FIX_TYPE),
        ],
        required: &[
            fix::LATITUDE_E7,
            fix::LONGITUDE_E7,
            fix::ALTITUDE_MM,
            fix::FIX_TYPE,
        ],
    },
    Layout {
        kind: SensorKind::Pose,
        form: Form::Px4Pose,
        named: Named::Package(PX4),
        types: &[
            "vehicle_attitude",
            "vehicle_attitude_groundtruth",
            "estimator_attitude",
            "vehicle_odometry",
            "vehicle_visual_odometry",
            "vehicle_mocap_odometry",
            "estimator_odometry",
        ],
        wanted: &[
            numbers("q", pose::QUAT_LIST),
            numbers("position", pose::POSITION_LIST),
            number("x", pose::POSITION),
            number("y", pose::POSITION + 1),
            number("z", pose::POSITION + 2),
            number("pose_frame", pose::POSE_FRAME),
        ],
        required: &[pose::QUAT_LIST],
    },
    Layout {
        kind: SensorKind::Pose,
        form: Form::Px4Pose,
        named: Named::Package(PX4),
        types: &[
            "vehicle_local_position",
            "vehicle_local_position_groundtruth",
            "estimator_local_position",
        ],
        wanted: &[
            number("x", pose::POSITION),
            number("y", pose::POSITION + 1),
            number("z", pose::POSITION + 2),
            number("heading", pose::HEADING),
        ],
        required: &[
            pose::POSITION,
            pose::POSITION + 1,
            pose::POSITION + 2,
            pose::HEADING,
        ],
    },
    Layout {
        kind: SensorKind::Joints,
        form: Form::Joints,
        named: Named::Any,
        types: &["JointState"],
        wanted: &[
            text("name", joints::NAME),
            numbers("position", joints::POSITION),
            numbers("velocity", joints::VELOCITY),
            numbers("effort", joints::EFFORT),
        ],
        required: &[
            joints::NAME,
            joints::POSITION,
            joints::VELOCITY,
            joints::EFFORT,
        ],
    },
    Layout {
        kind: SensorKind::Joints,
        form: Form::JointList,
        named: Named::Any,
        types: &["JointStates"],
        wanted: &[
            list("joints", joints::JOINT),
            text("joints.name", joints::NAME),
            number("joints.position", joints::POSITION),
            number("joints.velocity", joints::VELOCITY),
            number("joints.effort", joints::EFFORT),
            numbers("joints.position", joints::POSITION),
            numbers("joints.velocity", joints::VELOCITY),
            numbers("joints.effort", joints::EFFORT),
        ],
        required: &[joints::JOINT, joints::NAME, joints::POSITION],
    },
    Layout {
        kind: SensorKind::Joints,
        form: Form::JointList,
        named: Named::Any,
        types: &[],
        wanted: &[
            text("name", joints::NAME),
            number("position", joints::POSITION),
            number("velocity", joints::VELOCITY),
            number("effort", joints::EFFORT),
        ],
        required: &[
            joints::NAME,
            joints::POSITION,
            joints::VELOCITY,
            joints::EFFORT,
        ],
    },
    Layout {
        kind: SensorKind::CameraInfo,
        form: Form::CameraInfo,
        named: Named::Any,
        types: &["CameraInfo", "CameraCalibration"],
        wanted: &[
            text("header.frame_id", camera::FRAME),
            text("frame_id", camera::FRAME),
            number("width", camera::WIDTH),
            number("height", camera::HEIGHT),
            text("distortion_model", camera::MODEL),
            numbers("D", camera::D),
            numbers("K", camera::K),
            numbers("R", camera::R),
            numbers("P", camera::P),
            numbers("d", camera::D),
            numbers("k", camera::K),
            numbers("r", camera::R),
            numbers("p", camera::P),
            number("binning_x", camera::BINNING),
            number("binning_y", camera::BINNING + 1),
            number("roi.x_offset", camera::ROI),
            number("roi.y_offset", camera::ROI + 1),
            number("roi.width", camera::ROI + 2),
            number("roi.height", camera::ROI + 3),
        ],
        required: &[
            camera::WIDTH,
            camera::HEIGHT,
            camera::MODEL,
            camera::D,
            camera::K,
            camera::R,
            camera::P,
        ],
    },
    Layout {
        kind: SensorKind::Image,
        form: Form::RawImage,
        named: Named::Any,
        types: &["Image", "RawImage"],
        wanted: &[
            text("header.frame_id", media::FRAME),
            text("frame_id", media::FRAME),
            number("width", media::WIDTH),
            number("height", media::HEIGHT),
            text("encoding", media::FORMAT),
            number("is_bigendian", media::BIG_ENDIAN),
            number("step", media::STEP),
            bytes("data", media::DATA),
        ],
        required: &[
            media::WIDTH,
            media::HEIGHT,
            media::FORMAT,
            media::STEP,
            media::DATA,
        ],
    },
    Layout {
        kind: SensorKind::Image,
        form: Form::CompressedImage,
        named: Named::Type,
        types: &["CompressedImage"],
        wanted: &[
            text("header.frame_id", media::FRAME),
            text("frame_id", media::FRAME),
            text("format", media::FORMAT),
            bytes("data", media::DATA),
        ],
        required: &[media::FORMAT, media::DATA],
    },
    Layout {
        kind: SensorKind::Video,
        form: Form::Video,
        named: Named::Type,
        types: &["CompressedVideo"],
        wanted: &[
            text("header.frame_id", media::FRAME),
            text("frame_id", media::FRAME),
            text("format", media::FORMAT),
            bytes("data", media::DATA),
        ],
        required: &[media::FORMAT, media::DATA],
    },
    Layout {
        kind: SensorKind::Video,
        form: Form::Video,
        named: Named::Type,
        types: &["FFMPEGPacket"],
        wanted: &[
            text("header.frame_id", media::FRAME),
            text("encoding", media::FORMAT),
            bytes("data", media::DATA),
        ],
        required: &[media::FORMAT, media::DATA],
    },
    Layout {
        kind: SensorKind::Cloud,
        form: Form::RosCloud,
        named: Named::Any,
        types: &["PointCloud2"],
        wanted: &[
            text("header.frame_id", cloud::FRAME),
            number("height", cloud::HEIGHT),
            number("width", cloud::WIDTH),
            list("fields", cloud::FIELD),
            text("fields.name", cloud::FIELD_NAME),
            number("fields.offset", cloud::FIELD_OFFSET),
            number("fields.datatype", cloud::FIELD_TYPE),
            number("fields.count", cloud::FIELD_COUNT),
            number("is_bigendian", cloud::BIG_ENDIAN),
            number("point_step", cloud::POINT_STEP),
            number("row_step", cloud::ROW_STEP),
            bytes("data", cloud::DATA),
            number("is_dense", cloud::DENSE),
        ],
        required: &[
            cloud::WIDTH,
            cloud::HEIGHT,
            cloud::FIELD,
            cloud::FIELD_NAME,
            cloud::FIELD_OFFSET,
            cloud::FIELD_TYPE,
            cloud::FIELD_COUNT,
            cloud::POINT_STEP,
            cloud::ROW_STEP,
            cloud::DATA,
        ],
    },
    Layout {
        kind: SensorKind::Cloud,
        form: Form::FoxgloveCloud,
        named: Named::Any,
        types: &["PointCloud"],
        wanted: &[
            text("frame_id", cloud::FRAME),
            number("point_stride", cloud::POINT_STEP),
            list("fields", cloud::FIELD),
            text("fields.name", cloud::FIELD_NAME),
            number("fields.offset", cloud::FIELD_OFFSET),
            number("fields.type", cloud::FIELD_TYPE),
            bytes("data", cloud::DATA),
        ],
        required: &[
            cloud::POINT_STEP,
            cloud::FIELD,
            cloud::FIELD_NAME,
            cloud::FIELD_OFFSET,
            cloud::FIELD_TYPE,
            cloud::DATA,
        ],
    },
    Layout {
        kind: SensorKind::Scan,
        form: Form::RosScan,
        named: Named::Any,
        types: &[],
        wanted: &[
            text("header.frame_id", scan::FRAME),
            number("angle_min", scan::START),
            number("angle_increment", scan::STEP),
            number("time_increment", scan::STEP_SECS),
            number("range_min", scan::LEAST),
            number("range_max", scan::MOST),
            numbers("ranges", scan::RANGES),
            numbers("intensities", scan::INTENSITIES),
        ],
        required: &[
            scan::START,
            scan::STEP,
            scan::LEAST,
            scan::MOST,
            scan::RANGES,
        ],
    },
    Layout {
        kind: SensorKind::Scan,
        form: Form::FoxgloveScan,
        named: Named::Any,
        types: &["LaserScan"],
        wanted: &[
            text("frame_id", scan::FRAME),
            number("start_angle", scan::START),
            number("end_angle", scan::END),
            numbers("ranges", scan::RANGES),
            numbers("intensities", scan::INTENSITIES),
        ],
        required: &[scan::START, scan::END, scan::RANGES],
    },
    Layout {
        kind: SensorKind::Audio,
        form: Form::Audio,
        named: Named::Any,
        types: &["RawAudio"],
        wanted: &[
            text("format", media::FORMAT),
            number("sample_rate", media::SAMPLE_RATE),
            number("number_of_channels", media::CHANNELS),
            bytes("data", media::DATA),
        ],
        required: &[
            media::FORMAT,
            media::SAMPLE_RATE,
            media::CHANNELS,
            media::DATA,
        ],
    },
    Layout {
        kind: SensorKind::Audio,
        form: Form::Audio,
        named: Named::Type,
        types: &["CompressedAudio"],
        wanted: &[text("format", media::FORMAT), bytes("data", media::DATA)],
        required: &[media::FORMAT, media::DATA],
    },
    Layout {
        kind: SensorKind::Audio,
        form: Form::Audio,
        named: Named::Type,
        types: &["AudioData", "AudioDataStamped"],
        wanted: &[bytes("data", media::DATA), bytes("audio.data", media::DATA)],
        required: &[media::DATA],
    },
    Layout {
        kind: SensorKind::Boxes,
        form: Form::Boxes,
        named: Named::Any,
        types: &["Boxes3D"],
        wanted: &[
            text("header.frame_id", boxes::FRAME),
            list("boxes", boxes::BOX),
            text("boxes.track_id", boxes::TRACK),
            text("boxes.category", boxes::CATEGORY),
            number("boxes.pose.position.x", boxes::CENTER),
            number("boxes.pose.position.y", boxes::CENTER + 1),
            number("boxes.pose.position.z", boxes::CENTER + 2),
            number("boxes.pose.orientation.x", boxes::QUAT),
            number("boxes.pose.orientation.y", boxes::QUAT + 1),
            number("boxes.pose.orientation.z", boxes::QUAT + 2),
            number("boxes.pose.orientation.w", boxes::QUAT + 3),
            number("boxes.size.x", boxes::SIZE),
            number("boxes.size.y", boxes::SIZE + 1),
            number("boxes.size.z", boxes::SIZE + 2),
            number("boxes.point_count", boxes::POINTS),
        ],
        required: &[
            boxes::BOX,
            boxes::TRACK,
            boxes::CATEGORY,
            boxes::CENTER,
            boxes::CENTER + 1,
            boxes::CENTER + 2,
            boxes::QUAT,
            boxes::QUAT + 1,
            boxes::QUAT + 2,
            boxes::QUAT + 3,
            boxes::SIZE,
            boxes::SIZE + 1,
            boxes::SIZE + 2,
        ],
    },
    Layout {
        kind: SensorKind::Boxes,
        form: Form::Boxes,
        named: Named::Any,
        types: &["Detection3DArray"],
        wanted: &[
            text("header.frame_id", boxes::FRAME),
            list("detections", boxes::BOX),
            text("detections.id", boxes::TRACK),
            list("detections.results", boxes::RESULT),
            text("detections.results.id", boxes::CLASS),
            number("detections.results.id", boxes::CLASS_NUMBER),
            number("detections.results.score", boxes::SCORE),
            text("detections.results.hypothesis.class_id", boxes::CLASS),
            number("detections.results.hypothesis.score", boxes::SCORE),
            number("detections.bbox.center.position.x", boxes::CENTER),
            number("detections.bbox.center.position.y", boxes::CENTER + 1),
            number("detections.bbox.center.position.z", boxes::CENTER + 2),
            number("detections.bbox.center.orientation.x", boxes::QUAT),
            number("detections.bbox.center.orientation.y", boxes::QUAT + 1),
            number("detections.bbox.center.orientation.z", boxes::QUAT + 2),
            number("detections.bbox.center.orientation.w", boxes::QUAT + 3),
            number("detections.bbox.size.x", boxes::SIZE),
            number("detections.bbox.size.y", boxes::SIZE + 1),
            number("detections.bbox.size.z", boxes::SIZE + 2),
        ],
        required: &[
            boxes::BOX,
            boxes::CENTER,
            boxes::CENTER + 1,
            boxes::CENTER + 2,
            boxes::QUAT,
            boxes::QUAT + 1,
            boxes::QUAT + 2,
            boxes::QUAT + 3,
            boxes::SIZE,
            boxes::SIZE + 1,
            boxes::SIZE + 2,
        ],
    },
    Layout {
        kind: SensorKind::Boxes,
        form: Form::Scene,
        named: Named::Any,
        types: &["SceneUpdate"],
        wanted: &[
            list("entities", boxes::ENTITY),
            text("entities.frame_id", boxes::FRAME),
            text("entities.id", boxes::ENTITY_ID),
            text("entities.metadata.key", boxes::KEY),
            text("entities.metadata.value", boxes::VALUE),
            list("entities.cubes", boxes::BOX),
            number("entities.cubes.pose.position.x", boxes::CENTER),
            number("entities.cubes.pose.position.y", boxes::CENTER + 1),
            number("entities.cubes.pose.position.z", boxes::CENTER + 2),
            number("entities.cubes.pose.orientation.x", boxes::QUAT),
            number("entities.cubes.pose.orientation.y", boxes::QUAT + 1),
            number("entities.cubes.pose.orientation.z", boxes::QUAT + 2),
            number("entities.cubes.pose.orientation.w", boxes::QUAT + 3),
            number("entities.cubes.size.x", boxes::SIZE),
            number("entities.cubes.size.y", boxes::SIZE + 1),
            number("entities.cubes.size.z", boxes::SIZE + 2),
        ],
        required: &[
            boxes::ENTITY,
            boxes::FRAME,
            boxes::BOX,
            boxes::CENTER,
            boxes::CENTER + 1,
            boxes::CENTER + 2,
            boxes::QUAT,
            boxes::QUAT + 1,
            boxes::QUAT + 2,
            boxes::QUAT + 3,
            boxes::SIZE,
            boxes::SIZE + 1,
            boxes::SIZE + 2,
        ],
    },
    // Clouds and scans of Foxglove stand at a pose, too.
    Layout {
        kind: SensorKind::Pose,
        form: Form::Pose,
        named: Named::Any,
        types: &[
            "Odometry",
            "PoseStamped",
            "PoseWithCovarianceStamped",
            "PoseInFrame",
        ],
        wanted: &[
            text("header.frame_id", pose::PARENT),
            text("frame_id", pose::PARENT),
            text("child_frame_id", pose::CHILD),
            number("pose.pose.position.x", pose::POSITION),
            number("pose.pose.position.y", pose::POSITION + 1),
            number("pose.pose.position.z", pose::POSITION + 2),
            number("pose.pose.orientation.x", pose::QUAT),
            number("pose.pose.orientation.y", pose::QUAT + 1),
            number("pose.pose.orientation.z", pose::QUAT + 2),
            number("pose.pose.orientation.w", pose::QUAT + 3),
            number("pose.position.x", pose::POSITION),
            number("pose.position.y", pose::POSITION + 1),
            number("pose.position.z", pose::POSITION + 2),
            number("pose.orientation.x", pose::QUAT),
            number("pose.orientation.y", pose::QUAT + 1),
            number("pose.orientation.z", pose::QUAT + 2),
            number("pose.orientation.w", pose::QUAT + 3),
        ],
        required: &[
            pose::PARENT,
            pose::POSITION,
            pose::POSITION + 1,
            pose::POSITION + 2,
            pose::QUAT,
            pose::QUAT + 1,
            pose::QUAT + 2,
            pose::QUAT + 3,
        ],
    },
];
