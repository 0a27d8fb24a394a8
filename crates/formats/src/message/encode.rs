//! One function per message type: a buffer, the stamp, the values.

use super::CdrWriter;
use crate::sensor::{
    Audio, Boxes, CameraInfo, Cloud, FieldType, Fix, Image, Imu, Joints, Pose, Scan,
};

/// Linear and angular velocity in the child frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Twist {
    /// Meters per second.
    pub linear_meters_per_sec: [f64; 3],
    /// Radians per second.
    pub angular_radians_per_sec: [f64; 3],
}

/// A line of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLine<'a> {
    /// 10 debug, 20 info, 30 warning, 40 error, 50 fatal, as in `rcl_interfaces/msg/Log`.
    pub level: u8,
    /// Who says it.
    pub name: &'a str,
    /// What is said.
    pub text: &'a str,
}

/// `sensor_msgs/msg/Imu`. Values that are NaN and an orientation that is none are marked as not
/// measured (covariance element 0 is -1, values 0); all other covariances are 0, unknown.
pub fn imu(out: &mut Vec<u8>, stamp_ns: i64, frame: &str, imu: &Imu) {
    let mut cdr = CdrWriter::new(out);
    cdr.header(stamp_ns, frame);
    measured(&mut cdr, &imu.quat_xyzw.unwrap_or([f64::NAN; 4]));
    measured(&mut cdr, &imu.gyro);
    measured(&mut cdr, &imu.accel);
}

/// Values and their 3 x 3 covariance, which says whether they are measured.
fn measured(cdr: &mut CdrWriter<'_>, values: &[f64]) {
    let known = !values.iter().any(|value| value.is_nan());
    for value in values {
        cdr.f64(if known { *value } else { 0.0 });
    }
    cdr.f64(if known { 0.0 } else { -1.0 });
    cdr.f64s(&[0.0; 8]);
}

/// `sensor_msgs/msg/CompressedImage`: `encoding` is its `format`, `data` the file as it is.
pub fn compressed_image(out: &mut Vec<u8>, stamp_ns: i64, image: &Image<'_>) {
    let mut cdr = CdrWriter::new(out);
    cdr.header(stamp_ns, &image.frame);
    cdr.string(&image.encoding);
    cdr.byte_sequence(&image.data);
}

/// `sensor_msgs/msg/Image`.
pub fn image(out: &mut Vec<u8>, stamp_ns: i64, image: &Image<'_>) {
    let mut cdr = CdrWriter::new(out);
    cdr.header(stamp_ns, &image.frame);
    cdr.u32(image.height);
    cdr.u32(image.width);
    cdr.string(&image.encoding);
    cdr.bool(image.big_endian);
    cdr.u32(image.step);
    cdr.byte_sequence(&image.data);
}

/// `sensor_msgs/msg/PointCloud2`. A claim about invalid points that is none is written as `false`.
pub fn point_cloud2(out: &mut Vec<u8>, stamp_ns: i64, cloud: &Cloud<'_>) {
    let mut cdr = CdrWriter::new(out);
    cdr.header(stamp_ns, &cloud.frame);
    cdr.u32(cloud.height);
    cdr.u32(cloud.width);
    cdr.count(cloud.fields.len());
    for field in &cloud.fields {
        cdr.string(&field.name);
        cdr.u32(field.offset);
        cdr.u8(point_field_type(field.field_type));
        cdr.u32(field.count);
    }
    cdr.bool(cloud.big_endian);
    cdr.u32(cloud.point_step);
    cdr.u32(cloud.row_step);
    cdr.byte_sequence(&cloud.data);
    cdr.bool(cloud.is_dense.unwrap_or(false));
}

/// The number `sensor_msgs/msg/PointField` gives a type, 0 for none.
fn point_field_type(field_type: Option<FieldType>) -> u8 {
    match field_type {
        None => 0,
        Some(FieldType::I8) => 1,
        Some(FieldType::U8) => 2,
        Some(FieldType::I16) => 3,
        Some(FieldType::U16) => 4,
        Some(FieldType::I32) => 5,
        Some(FieldType::U32) => 6,
        Some(FieldType::F32) => 7,
        Some(FieldType::F64) => 8,
    }
}

/// `sensor_msgs/msg/CameraInfo`.
pub fn camera_info(out: &mut Vec<u8>, stamp_ns: i64, info: &CameraInfo) {
    let mut cdr = CdrWriter::new(out);
    cdr.header(stamp_ns, &info.frame);
    cdr.u32(info.height);
    cdr.u32(info.width);
    cdr.string(&info.distortion_model);
    cdr.f64_sequence(&info.d);
    cdr.f64s(&info.k);
    cdr.f64s(&info.r);
    cdr.f64s(&info.p);
    for binning in info.binning {
        cdr.u32(binning);
    }
    let [x, y, width, height] = info.roi;
    for value in [x, y, height, width] {
        cdr.u32(value);
    }
    cdr.bool(false);
}

/// `tf2_msgs/msg/TFMessage` of transforms with their stamps.
pub fn transforms(out: &mut Vec<u8>, transforms: &[(i64, Pose<'_>)]) {
    let mut cdr = CdrWriter::new(out);
    cdr.count(transforms.len());
    for (stamp_ns, pose) in transforms {
        cdr.header(*stamp_ns, &pose.parent);
        cdr.string(&pose.child);
        cdr.f64s(&pose.translation_meters);
        cdr.f64s(&pose.quat_xyzw);
    }
}

/// `geometry_msgs/msg/PoseStamped`, in the parent frame; the type has no place for a child frame.
pub fn pose_stamped(out: &mut Vec<u8>, stamp_ns: i64, pose: &Pose<'_>) {
    let mut cdr = CdrWriter::new(out);
    cdr.header(stamp_ns, &pose.parent);
    cdr.f64s(&pose.translation_meters);
    cdr.f64s(&pose.quat_xyzw);
}

/// `nav_msgs/msg/Odometry`; covariances are 0, unknown.
pub fn odometry(out: &mut Vec<u8>, stamp_ns: i64, pose: &Pose<'_>, twist: &Twist) {
    let mut cdr = CdrWriter::new(out);
    cdr.header(stamp_ns, &pose.parent);
    cdr.string(&pose.child);
    cdr.f64s(&pose.translation_meters);
    cdr.f64s(&pose.quat_xyzw);
    cdr.f64s(&[0.0; 36]);
    cdr.f64s(&twist.linear_meters_per_sec);
    cdr.f64s(&twist.angular_radians_per_sec);
    cdr.f64s(&[0.0; 36]);
}

/// `sensor_msgs/msg/NavSatFix`. A status that is none is written as 0 (fix), services as GPS.
pub fn nav_sat_fix(out: &mut Vec<u8>, stamp_ns: i64, frame: &str, fix: &Fix) {
    let mut cdr = CdrWriter::new(out);
    cdr.header(stamp_ns, frame);
    cdr.i8(i8::try_from(fix.status.unwrap_or(0)).unwrap_or(0));
    cdr.u16(1);
    cdr.f64(fix.latitude_degrees);
    cdr.f64(fix.longitude_degrees);
    cdr.f64(fix.altitude_meters);
    cdr.f64s(&fix.covariance_meters2.unwrap_or_default());
    let kind = fix
        .covariance_type
        .filter(|_| fix.covariance_meters2.is_some());
    cdr.u8(u8::try_from(kind.unwrap_or(0)).unwrap_or(0));
}

/// `sensor_msgs/msg/JointState`; lists are written as long as they are.
pub fn joint_state(out: &mut Vec<u8>, stamp_ns: i64, frame: &str, joints: &Joints<'_>) {
    let mut cdr = CdrWriter::new(out);
    cdr.header(stamp_ns, frame);
    cdr.count(joints.names.len());
    for name in &joints.names {
        cdr.string(name);
    }
    cdr.f64_sequence(&joints.position);
    cdr.f64_sequence(&joints.velocity);
    cdr.f64_sequence(&joints.effort);
}

/// `sensor_msgs/msg/LaserScan`. The last angle follows from the step; the time of a scan is that of
/// its beams.
pub fn laser_scan(out: &mut Vec<u8>, stamp_ns: i64, scan: &Scan) {
    let mut cdr = CdrWriter::new(out);
    cdr.header(stamp_ns, &scan.frame);
    let beams = scan.ranges_meters.len();
    let last = scan.start_radians + scan.step_radians * beams.saturating_sub(1) as f64;
    let values = [
        scan.start_radians,
        last,
        scan.step_radians,
        scan.step_secs,
        scan.step_secs * beams as f64,
        scan.least_meters,
        scan.most_meters,
    ];
    for value in values {
        cdr.f32(single(value));
    }
    cdr.f32_sequence(&scan.ranges_meters);
    cdr.f32_sequence(&scan.intensities);
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the message holds singles; rounding is what writing it means"
)]
fn single(value: f64) -> f32 {
    value as f32
}

/// `foxglove_msgs/msg/RawAudio`; the type has no frame.
pub fn audio(out: &mut Vec<u8>, stamp_ns: i64, audio: &Audio<'_>) {
    let mut cdr = CdrWriter::new(out);
    cdr.time(stamp_ns);
    cdr.byte_sequence(&audio.data);
    cdr.string(&audio.format);
    cdr.u32(audio.sample_rate_hz);
    cdr.u32(audio.channels);
}

/// `fieldassay_msgs/msg/Boxes3D`; unknown point counts are -1.
pub fn boxes3d(out: &mut Vec<u8>, stamp_ns: i64, boxes: &Boxes<'_>) {
    let mut cdr = CdrWriter::new(out);
    cdr.header(stamp_ns, &boxes.frame);
    cdr.count(boxes.boxes.len());
    for item in &boxes.boxes {
        cdr.string(&item.track);
        cdr.string(&item.category);
        cdr.f64s(&item.center_meters);
        cdr.f64s(&item.quat_xyzw);
        cdr.f64s(&item.size_meters);
        let points = item.points.and_then(|count| i64::try_from(count).ok());
        cdr.i64(points.unwrap_or(-1));
    }
}

/// `rcl_interfaces/msg/Log`; file, function and line are empty.
pub fn log(out: &mut Vec<u8>, stamp_ns: i64, line: &LogLine<'_>) {
    let mut cdr = CdrWriter::new(out);
    cdr.time(stamp_ns);
    cdr.u8(line.level);
    cdr.string(line.name);
    cdr.string(line.text);
    cdr.string("");
    cdr.string("");
    cdr.u32(0);
}
