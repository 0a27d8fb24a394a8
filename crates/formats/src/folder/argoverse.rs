//! Argoverse 2 sensor logs: Feather tables of poses, boxes and calibration, sweeps and images.
//!
//! Source: the sensor data set's guide (argoverse/av2-api). `city_SE3_egovehicle` is the pose of the car
//! in the city, boxes are in the car's frame, sweeps too: they are already corrected for its motion and
//! put together from two scanners; `offset_ns` counts from the time in the name of the file.
//! Half-precision coordinates become single precision, which holds them exactly.
//!
//! Not here: maps, scene flow, motion forecasting.

use super::feather::{self, Table};
use super::images::{Picture, image_format};
use super::scene::{Listing, Mounts, Placed, Stream, pinhole};
use super::{Contents, Event, Failure, Files, FolderError, Layout, OpenFiles};
use crate::sensor::{Box3, Cloud, CloudField, FieldType};
use crate::{Format, Limits, message};
use std::borrow::Cow;
use std::collections::BTreeMap;

pub(super) const LAYOUT: Layout = Layout {
    format: Format::Argoverse2,
    mark: "Argoverse 2: `city_SE3_egovehicle.feather` of a log",
    detect,
    list,
};

const CITY: &str = "city";
const BODY: &str = "egovehicle";
const POSES: &str = "city_SE3_egovehicle.feather";
const ANNOTATIONS: &str = "annotations.feather";
const MOUNTS: &str = "calibration/egovehicle_SE3_sensor.feather";
const INTRINSICS: &str = "calibration/intrinsics.feather";
const SWEEPS: &str = "sensors/lidar/";
const CAMERAS: &str = "sensors/cameras/";
/// Most a table or a sweep may unpack to; real ones stay below 100 MiB.
const UNPACKED_BYTES: u64 = 1 << 30;
/// Bytes of a point as it is written.
const POINT_BYTES: u32 = 20;

fn detect(files: &dyn Files) -> bool {
    files.has(POSES)
        && (files.has(ANNOTATIONS) || files.has(MOUNTS) || !files.under(SWEEPS).is_empty())
}

fn list<'a>(files: &'a dyn Files, limits: &Limits) -> Result<Contents<'a>, FolderError> {
    let mut listing = Listing::new(files, limits, "argoverse 2");
    poses(&mut listing);
    annotations(&mut listing);
    let sweeps: Vec<(i64, &String)> = stamped(files.under(SWEEPS), "feather").collect();
    if !sweeps.is_empty() {
        let frame = BODY.to_owned();
        let stream = Stream::Cloud { frame, make: sweep };
        let name = "sensor_msgs/msg/PointCloud2";
        let id = listing.channel("/lidar/points", name, stream);
        listing.contents.property("motion_corrected", "true");
        for (time, path) in sweeps {
            listing.whole(time, id, path);
        }
    }
    cameras(&mut listing);
    if let (Some(first), Some(mounts)) = (listing.contents.first_time(), mounts(&mut listing)) {
        listing.mounts("", MOUNTS, first, mounts);
    }
    listing.finish(
        Format::Argoverse2.name(),
        "no table of poses or boxes, no sweep and no image can be read",
    )
}

/// Files named by their time in nanoseconds.
fn stamped<'p>(
    paths: &'p [String],
    extension: &'static str,
) -> impl Iterator<Item = (i64, &'p String)> {
    paths.iter().filter_map(move |path| {
        let name = path.rsplit('/').next()?;
        let (stem, found) = name.rsplit_once('.')?;
        let time = stem.parse().ok()?;
        found
            .eq_ignore_ascii_case(extension)
            .then_some((time, path))
    })
}

/// A table, or none when it is not there; what cannot be read is a loss.
fn table(listing: &mut Listing<'_>, path: &str) -> Option<Table> {
    if !listing.files.has(path) {
        return None;
    }
    let read = listing.files.read(path).map_err(Failure::from);
    let read = read.and_then(|bytes| feather::read(path, bytes.as_ref(), UNPACKED_BYTES, false));
    read.map_err(|failure| listing.contents.lose(failure)).ok()
}

/// What lacks a column, said.
fn lacking(listing: &mut Listing<'_>, path: &str) {
    listing.contents.lose(Failure {
        code: "loss.file",
        start: 0,
        end: 0,
        message: format!("`{path}` lacks a column of the layout, or one holds something else"),
    });
}

/// The columns `qw qx qy qz tx_m ty_m tz_m`.
fn placements(table: &Table) -> Option<Vec<Placed>> {
    let columns = ["tx_m", "ty_m", "tz_m", "qx", "qy", "qz", "qw"];
    let columns: Vec<Vec<f64>> = columns
        .iter()
        .map(|name| table.numbers(name))
        .collect::<Option<_>>()?;
    let at = |column: usize, row: usize| {
        columns
            .get(column)
            .and_then(|values| values.get(row))
            .copied()
            .unwrap_or(f64::NAN)
    };
    let placed = (0..table.rows()).map(|row| Placed {
        translation_meters: [at(0, row), at(1, row), at(2, row)],
        quat_xyzw: [at(3, row), at(4, row), at(5, row), at(6, row)],
    });
    Some(placed.collect())
}

fn poses(listing: &mut Listing<'_>) {
    let Some(table) = table(listing, POSES) else {
        return;
    };
    match (table.integers("timestamp_ns"), placements(&table)) {
        (Some(times), Some(placed)) => {
            let poses: Vec<(i64, Placed)> = times.into_iter().zip(placed).collect();
            listing.poses("", (CITY, BODY), POSES, &poses);
        }
        _ => lacking(listing, POSES),
    }
}

fn annotations(listing: &mut Listing<'_>) {
    let Some(table) = table(listing, ANNOTATIONS) else {
        return;
    };
    let Some(rows) = boxes(&table) else {
        return lacking(listing, ANNOTATIONS);
    };
    let name = "fieldassay_msgs/msg/Boxes3D";
    let id = listing.channel("/annotations", name, Stream::Boxes(BODY));
    let file = listing.contents.file(ANNOTATIONS);
    for (time, boxes) in rows {
        listing.boxes(time, (id, file), boxes);
    }
}

/// The boxes of the annotations by time.
fn boxes(table: &Table) -> Option<BTreeMap<i64, Vec<Box3<'static>>>> {
    let times = table.integers("timestamp_ns")?;
    let (tracks, categories) = (table.texts("track_uuid")?, table.texts("category")?);
    let sizes = ["length_m", "width_m", "height_m"];
    let [length, width, height] = sizes.map(|name| table.numbers(name));
    let sizes = length?.into_iter().zip(width?).zip(height?);
    let points = table.integers("num_interior_pts");
    let mut found: BTreeMap<i64, Vec<Box3<'static>>> = BTreeMap::new();
    let rows = times.into_iter().zip(tracks).zip(categories);
    let rows = rows.zip(placements(table)?).zip(sizes).enumerate();
    for (row, ((((time, track), category), pose), ((length, width), height))) in rows {
        let points = points.as_ref().and_then(|points| points.get(row));
        found.entry(time).or_default().push(Box3 {
            track: Cow::Owned(track),
            category: Cow::Owned(category),
            center_meters: pose.translation_meters,
            quat_xyzw: pose.quat_xyzw,
            size_meters: [length, width, height],
            points: points.and_then(|count| u64::try_from(*count).ok()),
        });
    }
    Some(found)
}

fn mounts(listing: &mut Listing<'_>) -> Option<Mounts> {
    let table = table(listing, MOUNTS)?;
    let (Some(names), Some(placed)) = (table.texts("sensor_name"), placements(&table)) else {
        lacking(listing, MOUNTS);
        return None;
    };
    let named = names.iter().zip(&placed);
    Some(
        named
            .map(|(name, placed)| placed.mount(BODY, name))
            .collect(),
    )
}

/// One camera's calibration.
struct Intrinsics {
    name: String,
    /// fx, fy, cx, cy in pixels, k1, k2, k3.
    values: [f64; 7],
    size: [u32; 2],
}

fn intrinsics(table: &Table) -> Option<Vec<Intrinsics>> {
    let names = table.texts("sensor_name")?;
    let columns = ["fx_px", "fy_px", "cx_px", "cy_px", "k1", "k2", "k3"];
    let columns: Vec<Vec<f64>> = columns
        .iter()
        .map(|name| table.numbers(name))
        .collect::<Option<_>>()?;
    let (width, height) = (table.integers("width_px")?, table.integers("height_px")?);
    let pixels = |values: &[i64], row: usize| {
        let value = values.get(row).copied().unwrap_or_default();
        u32::try_from(value).unwrap_or_default()
    };
    let found = names.into_iter().enumerate().map(|(row, name)| {
        let mut values = [f64::NAN; 7];
        for (value, column) in values.iter_mut().zip(&columns) {
            *value = column.get(row).copied().unwrap_or(f64::NAN);
        }
        let size = [pixels(&width, row), pixels(&height, row)];
        Intrinsics { name, values, size }
    });
    Some(found.collect())
}

/// Images by camera, and the calibration of each: with every image, or once where there is none.
fn cameras(listing: &mut Listing<'_>) {
    let known = match table(listing, INTRINSICS) {
        Some(table) => intrinsics(&table).unwrap_or_else(|| {
            lacking(listing, INTRINSICS);
            Vec::new()
        }),
        None => Vec::new(),
    };
    let files = listing.files;
    let mut times: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for camera in files.folders(CAMERAS) {
        let paths = files.under(&format!("{CAMERAS}{camera}/"));
        let images: Vec<_> = ["jpg", "png"]
            .into_iter()
            .flat_map(|extension| stamped(paths, extension))
            .filter(|(_, path)| image_format(path).is_some())
            .collect();
        let stream = Stream::Picture(Picture {
            frame: camera.to_owned(),
        });
        let name = "sensor_msgs/msg/CompressedImage";
        let id = listing.channel(format!("/{camera}/image_raw/compressed"), name, stream);
        for (time, path) in images {
            listing.whole(time, id, path);
            times.entry(camera).or_default().push(time);
        }
    }
    let first = listing.contents.first_time();
    let file = listing.contents.file(INTRINSICS);
    for camera in known {
        let [fx, fy, cx, cy, k1, k2, k3] = camera.values;
        let k = [fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0];
        let info = pinhole(&camera.name, camera.size, k, vec![k1, k2, 0.0, 0.0, k3]);
        let stream = Stream::CameraInfo(Box::new(info));
        let topic = format!("/{}/camera_info", camera.name);
        let id = listing.channel(topic, "sensor_msgs/msg/CameraInfo", stream);
        let images = times.remove(camera.name.as_str());
        for time in images.unwrap_or_else(|| first.into_iter().collect()) {
            listing.small(time, id, file);
        }
    }
}

/// A sweep: x, y, z as singles, intensity and laser as bytes, the time as a 32-bit integer.
fn sweep(
    frame: &str,
    event: &Event,
    files: &mut OpenFiles<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    let path = files.path(event.file);
    let table = feather::read(path, files.bytes(event.file)?, UNPACKED_BYTES, false)?;
    let Some(data) = points(&table) else {
        return Err(Failure {
            code: "loss.file",
            start: 0,
            end: u64::from(event.bytes),
            message: format!("`{path}` lacks a column of a sweep, or one holds something else"),
        });
    };
    let field = |name: &str, offset: u32, field_type: FieldType| CloudField {
        name: name.to_owned(),
        offset,
        field_type: Some(field_type),
        count: 1,
    };
    let width = u32::try_from(table.rows()).unwrap_or(u32::MAX);
    let cloud = Cloud {
        frame: Cow::Borrowed(frame),
        width,
        height: 1,
        fields: vec![
            field("x", 0, FieldType::F32),
            field("y", 4, FieldType::F32),
            field("z", 8, FieldType::F32),
            field("intensity", 12, FieldType::U8),
            field("laser_number", 13, FieldType::U8),
            field("offset_ns", 16, FieldType::I32),
        ],
        point_step: POINT_BYTES,
        row_step: width.saturating_mul(POINT_BYTES),
        is_dense: Some(true),
        big_endian: false,
        data: Cow::Owned(data),
    };
    message::point_cloud2(out, event.log_time, &cloud);
    Ok(())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "coordinates are half or single precision in the file"
)]
fn points(table: &Table) -> Option<Vec<u8>> {
    let [x, y, z] = ["x", "y", "z"].map(|name| table.numbers(name));
    let [intensity, laser, offset] =
        ["intensity", "laser_number", "offset_ns"].map(|name| table.integers(name));
    let places = x?.into_iter().zip(y?).zip(z?);
    let marks = intensity?.into_iter().zip(laser?).zip(offset?);
    let mut data = Vec::with_capacity(table.rows().saturating_mul(POINT_BYTES as usize));
    for (((x, y), z), ((intensity, laser), offset)) in places.zip(marks) {
        for value in [x, y, z] {
            data.extend_from_slice(&(value as f32).to_le_bytes());
        }
        for value in [intensity, laser] {
            data.push(u8::try_from(value).unwrap_or(u8::MAX));
        }
        data.extend_from_slice(&[0; 2]);
        let offset = i32::try_from(offset).unwrap_or(i32::MAX);
        data.extend_from_slice(&offset.to_le_bytes());
    }
    Some(data)
}
