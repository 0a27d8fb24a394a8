//! Samples of ranging sensors: clouds and planar scans.

use super::pictures::size;
use super::sample::{Cloud, CloudField, FieldType, Sample, Scan};
use super::slots::{cloud as c, scan as s};
use crate::decode::DecodeError;
use crate::decode::fields::{FieldReader, Value};
use std::borrow::Cow;

/// `sensor_msgs/PointField` numbers its types otherwise than `foxglove.PackedElementField`.
fn field_type(number: i64, ros: bool) -> Option<FieldType> {
    use FieldType::{F32, F64, I8, I16, I32, U8, U16, U32};
    let types = if ros {
        [I8, U8, I16, U16, I32, U32, F32, F64]
    } else {
        [U8, I8, U16, I16, U32, I32, F32, F64]
    };
    let index = usize::try_from(number.checked_sub(1)?).ok()?;
    types.get(index).copied()
}

pub(super) fn cloud<'a>(
    reader: &FieldReader,
    payload: &'a [u8],
    ros: bool,
) -> Result<Sample<'a>, DecodeError> {
    let mut cloud = Cloud {
        frame: Cow::Borrowed(""),
        width: 0,
        height: 0,
        fields: Vec::new(),
        point_step: 0,
        row_step: 0,
        is_dense: None,
        big_endian: false,
        data: Cow::Borrowed(&[]),
    };
    reader.read(payload, &mut |slot, value| match slot {
        c::FRAME => cloud.frame = value.text(),
        c::WIDTH => cloud.width = size(&value),
        c::HEIGHT => cloud.height = size(&value),
        c::FIELD => cloud.fields.push(CloudField {
            name: String::new(),
            offset: 0,
            field_type: None,
            count: u32::from(!ros),
        }),
        c::POINT_STEP => cloud.point_step = size(&value),
        c::ROW_STEP => cloud.row_step = size(&value),
        c::DENSE => cloud.is_dense = Some(value.integer() != 0),
        c::BIG_ENDIAN => cloud.big_endian = value.integer() != 0,
        c::DATA => cloud.data = value.bytes(),
        _ => {
            if let Some(field) = cloud.fields.last_mut() {
                describe(field, slot, value, ros);
            }
        }
    })?;
    if !ros {
        one_row(&mut cloud);
    }
    Ok(Sample::Cloud(cloud))
}

fn describe(field: &mut CloudField, slot: u16, value: Value<'_>, ros: bool) {
    match slot {
        c::FIELD_NAME => field.name = value.text().into_owned(),
        c::FIELD_OFFSET => field.offset = size(&value),
        c::FIELD_TYPE => field.field_type = field_type(value.integer(), ros),
        c::FIELD_COUNT => field.count = size(&value),
        _ => {}
    }
}

/// A cloud that states only its stride is one row of as many points as its bytes hold.
fn one_row(cloud: &mut Cloud<'_>) {
    let stride = usize::try_from(cloud.point_step).unwrap_or(0);
    let points = cloud.data.len().checked_div(stride).unwrap_or(0);
    cloud.width = u32::try_from(points).unwrap_or(u32::MAX);
    cloud.height = 1;
    cloud.row_step = u32::try_from(cloud.data.len()).unwrap_or(u32::MAX);
}

/// A planar scan. The Foxglove form has no limits of range (0 to infinity here), and its step is the
/// stated sweep divided by the gaps between its ranges.
pub(super) fn scan<'a>(
    reader: &FieldReader,
    payload: &'a [u8],
    ros: bool,
) -> Result<Sample<'a>, DecodeError> {
    let mut scan = Scan::default();
    let mut end_radians = 0.0;
    reader.read(payload, &mut |slot, value| match (slot, value) {
        (s::FRAME, value) => scan.frame = value.text().into_owned(),
        (s::START, value) => scan.start_radians = value.float(),
        (s::STEP, value) => scan.step_radians = value.float(),
        (s::END, value) => end_radians = value.float(),
        (s::STEP_SECS, value) => scan.step_secs = value.float(),
        (s::LEAST, value) => scan.least_meters = value.float(),
        (s::MOST, value) => scan.most_meters = value.float(),
        (s::RANGES, Value::Numbers(numbers)) => numbers.extend_f32(&mut scan.ranges_meters),
        (s::INTENSITIES, Value::Numbers(numbers)) => numbers.extend_f32(&mut scan.intensities),
        _ => {}
    })?;
    if !ros {
        scan.most_meters = f64::INFINITY;
        let gaps = scan.ranges_meters.len().saturating_sub(1);
        if let Some(gaps) = u32::try_from(gaps).ok().filter(|gaps| *gaps > 0) {
            scan.step_radians = (end_radians - scan.start_radians) / f64::from(gaps);
        }
    }
    Ok(Sample::Scan(scan))
}
