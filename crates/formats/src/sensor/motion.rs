//! Samples of motion: inertial, satellite positions, poses, joints.

use super::sample::{Fix, Imu, Joints, Pose, Sample};
use super::slots::{fix as f, imu as i, joints as j, pose as p};
use crate::decode::DecodeError;
use crate::decode::fields::{FieldReader, Value};
use std::borrow::Cow;

/// The place of a vector's component in `target`, for slots that start at `first`.
#[inline]
pub(super) fn place(target: &mut [f64], first: u16, slot: u16) -> Option<&mut f64> {
    target.get_mut(usize::from(slot.checked_sub(first)?))
}

/// Gyro, accelerometer and orientation; a covariance that begins with -1 says "not measured" (REP 145), and
/// so does an orientation of four zeros, which is no rotation.
pub(super) fn imu<'a>(reader: &FieldReader, payload: &'a [u8]) -> Result<Sample<'a>, DecodeError> {
    let mut values = [0.0; 10];
    let mut unknown = [false; 3];
    reader.read_inline(payload, &mut |slot, value| match (slot, &value) {
        (i::GYRO_COVARIANCE..=i::QUAT_COVARIANCE, Value::Numbers(numbers)) => {
            let index = usize::from(slot.saturating_sub(i::GYRO_COVARIANCE));
            if let Some(unknown) = unknown.get_mut(index) {
                *unknown = numbers
                    .get(0)
                    .is_some_and(|first| first.to_bits() == MINUS_ONE);
            }
        }
        (i::GYRO_LIST, Value::Numbers(numbers)) => {
            numbers.copy_to(values.get_mut(0..3).unwrap_or(&mut []));
        }
        (i::ACCEL_LIST, Value::Numbers(numbers)) => {
            numbers.copy_to(values.get_mut(3..6).unwrap_or(&mut []));
        }
        _ => {
            if let Some(target) = values.get_mut(usize::from(slot)) {
                *target = value.float();
            }
        }
    })?;
    let [gx, gy, gz, ax, ay, az, qx, qy, qz, qw] = values;
    let [gyro, accel, quat] = unknown;
    let quat_xyzw = [qx, qy, qz, qw];
    let stated = quat_xyzw.iter().any(|value| value.to_bits() << 1 != 0);
    Ok(Sample::Imu(Imu {
        gyro: if gyro { [f64::NAN; 3] } else { [gx, gy, gz] },
        accel: if accel { [f64::NAN; 3] } else { [ax, ay, az] },
        quat_xyzw: (stated && !quat).then_some(quat_xyzw),
    }))
}

/// Bits of -1.0.
const MINUS_ONE: u64 = 0xbff0_0000_0000_0000;

/// A position in degrees and meters; `has` tells which slots the schema has.
pub(super) fn fix<'a>(
    reader: &FieldReader,
    payload: &'a [u8],
    has: impl Fn(u16) -> bool,
) -> Result<Sample<'a>, DecodeError> {
    let mut fix = Fix {
        status: has(f::STATUS).then_some(0),
        latitude_degrees: 0.0,
        longitude_degrees: 0.0,
        altitude_meters: 0.0,
        covariance_meters2: None,
        covariance_type: has(f::COVARIANCE_TYPE).then_some(0),
        hdop_ratio: None,
    };
    let mut covariance = [0.0; 9];
    let mut count = 0_usize;
    reader.read_inline(payload, &mut |slot, value| match (slot, &value) {
        (f::STATUS, _) => fix.status = Some(value.integer()),
        (f::LATITUDE, _) => fix.latitude_degrees = value.float(),
        (f::LONGITUDE, _) => fix.longitude_degrees = value.float(),
        (f::ALTITUDE, _) => fix.altitude_meters = value.float(),
        (f::COVARIANCE_TYPE, _) => fix.covariance_type = Some(value.integer()),
        (f::HDOP, _) => fix.hdop_ratio = Some(value.float()),
        (f::COVARIANCE, Value::Numbers(numbers)) => {
            numbers.copy_to(covariance.get_mut(count..).unwrap_or(&mut []));
            count = count.saturating_add(numbers.len());
        }
        _ => {}
    })?;
    fix.covariance_meters2 = (count == covariance.len()).then_some(covariance);
    Ok(Sample::Fix(fix))
}

/// PX4 receivers. `eph` and `epv` are standard deviations (uORB `SensorGps.msg`), taken for both horizontal
/// axes and the vertical, type 1 (approximated); `fix_type` below 2 is no fix, 4 and above is corrected from the ground.
pub(super) fn px4_fix<'a>(
    reader: &FieldReader,
    payload: &'a [u8],
) -> Result<Sample<'a>, DecodeError> {
    let mut fix = Fix {
        status: None,
        latitude_degrees: f64::NAN,
        longitude_degrees: f64::NAN,
        altitude_meters: f64::NAN,
        covariance_meters2: None,
        covariance_type: None,
        hdop_ratio: None,
    };
    let (mut eph, mut epv) = (None, None);
    reader.read_inline(payload, &mut |slot, value| {
        let number = value.float();
        match slot {
            f::LATITUDE => fix.latitude_degrees = number,
            f::LONGITUDE => fix.longitude_degrees = number,
            f::ALTITUDE => fix.altitude_meters = number,
            f::LATITUDE_E7 => fix.latitude_degrees = number / 1e7,
            f::LONGITUDE_E7 => fix.longitude_degrees = number / 1e7,
            f::ALTITUDE_MM => fix.altitude_meters = number / 1e3,
            f::EPH => eph = Some(number),
            f::EPV => epv = Some(number),
            f::HDOP => fix.hdop_ratio = Some(number),
            f::FIX_TYPE => {
                fix.status = Some(match value.integer() {
                    ..2 => -1,
                    2 | 3 => 0,
                    _ => 2,
                });
            }
            _ => {}
        }
    })?;
    if let (Some(eph), Some(epv)) = (eph, epv) {
        let (h, v) = (eph * eph, epv * epv);
        fix.covariance_meters2 = Some([h, 0.0, 0.0, 0.0, h, 0.0, 0.0, 0.0, v]);
        fix.covariance_type = Some(1);
    }
    Ok(Sample::Fix(fix))
}

pub(super) fn pose<'a>(reader: &FieldReader, payload: &'a [u8]) -> Result<Sample<'a>, DecodeError> {
    let mut pose = Pose {
        parent: Cow::Borrowed(""),
        child: Cow::Borrowed(""),
        translation_meters: [0.0; 3],
        quat_xyzw: [0.0; 4],
    };
    reader.read_inline(payload, &mut |slot, value| match slot {
        p::PARENT => pose.parent = value.text(),
        p::CHILD => pose.child = value.text(),
        p::POSITION..p::QUAT => {
            if let Some(target) = place(&mut pose.translation_meters, p::POSITION, slot) {
                *target = value.float();
            }
        }
        _ => {
            if let Some(target) = place(&mut pose.quat_xyzw, p::QUAT, slot) {
                *target = value.float();
            }
        }
    })?;
    Ok(Sample::Pose(pose))
}

/// PX4 poses: body `frd` in `ned`, or in `frd_world` where the heading is arbitrary (`pose_frame` 2).
/// An attitude states no position (NaN), a local position only its heading.
pub(super) fn px4_pose<'a>(
    reader: &FieldReader,
    payload: &'a [u8],
) -> Result<Sample<'a>, DecodeError> {
    let mut pose = Pose {
        parent: Cow::Borrowed("ned"),
        child: Cow::Borrowed("frd"),
        translation_meters: [f64::NAN; 3],
        quat_xyzw: [f64::NAN; 4],
    };
    reader.read_inline(payload, &mut |slot, value| match (slot, &value) {
        (p::QUAT_LIST, Value::Numbers(numbers)) => {
            let mut wxyz = [f64::NAN; 4];
            numbers.copy_to(&mut wxyz);
            let [w, x, y, z] = wxyz;
            pose.quat_xyzw = [x, y, z, w];
        }
        (p::POSITION_LIST, Value::Numbers(numbers)) => {
            numbers.copy_to(&mut pose.translation_meters);
        }
        (p::HEADING, _) => {
            let (sin, cos) = (value.float() / 2.0).sin_cos();
            pose.quat_xyzw = [0.0, 0.0, sin, cos];
        }
        (p::POSE_FRAME, _) if value.integer() == 2 => pose.parent = Cow::Borrowed("frd_world"),
        _ => {
            if let Some(target) = place(&mut pose.translation_meters, p::POSITION, slot) {
                *target = value.float();
            }
        }
    })?;
    Ok(Sample::Pose(pose))
}

pub(super) fn joints<'a>(
    reader: &FieldReader,
    payload: &'a [u8],
) -> Result<Sample<'a>, DecodeError> {
    let mut joints = Joints::default();
    reader.read(payload, &mut |slot, value| match (slot, value) {
        (j::NAME, Value::Text(name)) => joints.names.push(name),
        (j::POSITION, Value::Numbers(numbers)) => numbers.extend(&mut joints.position),
        (j::VELOCITY, Value::Numbers(numbers)) => numbers.extend(&mut joints.velocity),
        (j::EFFORT, Value::Numbers(numbers)) => numbers.extend(&mut joints.effort),
        _ => {}
    })?;
    Ok(Sample::Joints(joints))
}

/// Joints one by one; what a joint does not state is NaN, and a list nobody states is empty.
pub(super) fn joint_list<'a>(
    reader: &FieldReader,
    payload: &'a [u8],
) -> Result<Sample<'a>, DecodeError> {
    let mut joints = Joints::default();
    reader.read(payload, &mut |slot, value| {
        let list = match slot {
            j::JOINT => return pad(&mut joints),
            j::NAME => return joints.names.push(value.text()),
            j::POSITION => &mut joints.position,
            j::VELOCITY => &mut joints.velocity,
            j::EFFORT => &mut joints.effort,
            _ => return,
        };
        match value {
            Value::Numbers(numbers) => numbers.extend(list),
            single => list.push(single.float()),
        }
    })?;
    pad(&mut joints);
    for list in [
        &mut joints.position,
        &mut joints.velocity,
        &mut joints.effort,
    ] {
        if list.iter().all(|value| value.is_nan()) {
            list.clear();
        }
    }
    Ok(Sample::Joints(joints))
}

/// Brings every list to the length of the longest.
fn pad(joints: &mut Joints<'_>) {
    let lists = [
        &mut joints.position,
        &mut joints.velocity,
        &mut joints.effort,
    ];
    let longest = lists.iter().map(|list| list.len()).max().unwrap_or(0);
    let length = longest.max(joints.names.len());
    for list in lists {
        list.resize(length, f64::NAN);
    }
    joints.names.resize(length, Cow::Borrowed(""));
}
