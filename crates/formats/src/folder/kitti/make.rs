//! KITTI files as messages.

use super::super::contents::stream_of;
use super::super::images::{Picture, make_picture};
use super::super::{Event, Failure, Maker, OpenFiles};
use super::{VELODYNE, object};
use crate::message;
use crate::sensor::{CameraInfo, Cloud, CloudField, FieldType, Fix, Imu, Pose};
use crate::trajectory::Kind;
use crate::trajectory::text::{RowError, Separator, floats, line_at, line_number, rows};
use std::borrow::Cow;

/// Bytes of a point: x, y, z, reflectance.
const POINT_BYTES: usize = 16;
/// Values of an `oxts` file.
const OXTS_VALUES: usize = 30;

/// How the messages of a channel are made; by channel id.
pub(super) enum Stream {
    /// Image files; the optical frame.
    Picture(String),
    CameraInfo(Box<CameraInfo>),
    Cloud,
    Static(Vec<Pose<'static>>),
    OxtsImu,
    OxtsFix,
    /// Rows of a file of poses.
    Pose,
    ObjectCamera,
    ObjectMounts,
    ObjectLabels,
}

pub(super) struct Kitti {
    pub(super) streams: Vec<Stream>,
}

impl Maker for Kitti {
    fn make(
        &self,
        event: &Event,
        files: &mut OpenFiles<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let stream = stream_of(&self.streams, event);
        let stamp = event.log_time;
        match stream {
            None => {}
            Some(Stream::Picture(frame)) => {
                let picture = Picture {
                    frame: frame.clone(),
                };
                make_picture(&picture, event, files, out)?;
            }
            Some(Stream::CameraInfo(info)) => message::camera_info(out, stamp, info),
            Some(Stream::Static(mounts)) => {
                let stamped: Vec<_> = mounts.iter().map(|pose| (stamp, pose.clone())).collect();
                message::transforms(out, &stamped);
            }
            Some(Stream::Cloud) => cloud(event, files, out)?,
            Some(Stream::OxtsImu) => {
                let imu = oxts_imu(&oxts(event, files)?);
                message::imu(out, stamp, "imu", &imu);
            }
            Some(Stream::OxtsFix) => {
                let fix = oxts_fix(&oxts(event, files)?);
                message::nav_sat_fix(out, stamp, "imu", &fix);
            }
            Some(Stream::Pose) => pose(event, files, out)?,
            Some(Stream::ObjectCamera) => object::make_camera(event, files, out)?,
            Some(Stream::ObjectMounts) => object::make_mounts(event, files, out)?,
            Some(Stream::ObjectLabels) => object::make_labels(event, files, out)?,
        }
        Ok(())
    }
}

fn cloud(event: &Event, files: &mut OpenFiles<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let path = files.path(event.file);
    let data = files.bytes(event.file)?;
    let points = data.len() / POINT_BYTES;
    if points * POINT_BYTES != data.len() {
        return Err(Failure {
            code: "loss.file",
            start: (points * POINT_BYTES) as u64,
            end: data.len() as u64,
            message: format!(
                "`{path}` has `{}` bytes, which are no whole points of `{POINT_BYTES}`",
                data.len()
            ),
        });
    }
    let fields = [("x", 0), ("y", 4), ("z", 8), ("intensity", 12)]
        .map(|(name, offset)| CloudField {
            name: name.to_owned(),
            offset,
            field_type: Some(FieldType::F32),
            count: 1,
        })
        .to_vec();
    let width = u32::try_from(points).unwrap_or(u32::MAX);
    let cloud = Cloud {
        frame: Cow::Borrowed(VELODYNE),
        width,
        height: 1,
        fields,
        point_step: 16,
        row_step: width.saturating_mul(16),
        is_dense: Some(true),
        big_endian: false,
        data: Cow::Borrowed(data),
    };
    message::point_cloud2(out, event.log_time, &cloud);
    Ok(())
}

/// The values of an `oxts` file: one row.
fn oxts(event: &Event, files: &mut OpenFiles<'_>) -> Result<[f64; OXTS_VALUES], Failure> {
    let path = files.path(event.file);
    let bytes = files.bytes(event.file)?;
    let row = rows(bytes).next().map_or(&[][..], |line| line.text);
    floats::<OXTS_VALUES>(row, Separator::Blank, 0)
        .map_err(|cause| bad_row(path, (1, 0, row.len()), &cause))
}

/// Values 11 to 13 are the accelerations, 17 to 19 the rates about the axes of the unit (forward,
/// left, up); 3 to 5 are roll, pitch and yaw, yaw 0 to the east and counter-clockwise.
fn oxts_imu(values: &[f64; OXTS_VALUES]) -> Imu {
    let [
        _,
        _,
        _,
        roll,
        pitch,
        yaw,
        _,
        _,
        _,
        _,
        _,
        ax,
        ay,
        az,
        _,
        _,
        _,
        wx,
        wy,
        wz,
        ..,
    ] = *values;
    let (sr, cr) = (roll / 2.0).sin_cos();
    let (sp, cp) = (pitch / 2.0).sin_cos();
    let (sy, cy) = (yaw / 2.0).sin_cos();
    Imu {
        gyro: [wx, wy, wz],
        accel: [ax, ay, az],
        quat_xyzw: Some([
            sr * cp * cy - cr * sp * sy,
            cr * sp * cy + sr * cp * sy,
            cr * cp * sy - sr * sp * cy,
            cr * cp * cy + sr * sp * sy,
        ]),
    }
}

/// Values 0 to 2 are latitude, longitude and altitude, 23 the accuracy of the position in meters.
fn oxts_fix(values: &[f64; OXTS_VALUES]) -> Fix {
    let [latitude_degrees, longitude_degrees, altitude_meters, ..] = *values;
    let variance = values.get(23).map_or(0.0, |accuracy| accuracy * accuracy);
    Fix {
        status: Some(0),
        latitude_degrees,
        longitude_degrees,
        altitude_meters,
        covariance_meters2: Some([variance, 0.0, 0.0, 0.0, variance, 0.0, 0.0, 0.0, variance]),
        covariance_type: Some(1),
        hdop_ratio: None,
    }
}

fn pose(event: &Event, files: &mut OpenFiles<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let path = files.path(event.file);
    let bytes = files.bytes(event.file)?;
    let row = line_at(bytes, event.place);
    let pose = crate::trajectory::parse_row(row, Kind::Kitti).map_err(|cause| {
        let start = usize::try_from(event.place).unwrap_or(usize::MAX);
        let place = (line_number(bytes, event.place), start, row.len());
        bad_row(path, place, &cause)
    })?;
    let pose = Pose {
        parent: Cow::Borrowed("world"),
        child: Cow::Borrowed("image_0"),
        translation_meters: pose.translation_meters,
        quat_xyzw: pose.quat_xyzw,
    };
    message::pose_stamped(out, event.log_time, &pose);
    Ok(())
}

/// `place`: line, first byte, bytes.
pub(super) fn bad_row(path: &str, place: (u64, usize, usize), cause: &RowError) -> Failure {
    let (line, start, bytes) = place;
    Failure {
        code: "loss.row",
        start: start as u64,
        end: start.saturating_add(bytes) as u64,
        message: format!("`{path}` line `{line}`: {cause}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaw_turns_about_the_vertical() {
        let mut values = [0.0; OXTS_VALUES];
        values[5] = std::f64::consts::FRAC_PI_2;
        let half = std::f64::consts::FRAC_1_SQRT_2;
        let quat = oxts_imu(&values).quat_xyzw.unwrap();
        for (found, expected) in quat.iter().zip([0.0, 0.0, half, half]) {
            assert!((found - expected).abs() < 1e-15);
        }
    }
}
