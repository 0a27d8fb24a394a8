//! Samples of cameras and microphones.

use super::sample::{Audio, CameraInfo, Image, Sample, Video};
use super::slots::{camera as c, media as m};
use crate::decode::DecodeError;
use crate::decode::fields::{FieldReader, Value};
use std::borrow::Cow;

/// A size or offset; negative numbers are 0.
pub(super) fn size(value: &Value<'_>) -> u32 {
    let most = i64::from(u32::MAX);
    u32::try_from(value.integer().clamp(0, most)).unwrap_or(0)
}

pub(super) fn camera_info<'a>(
    reader: &FieldReader,
    payload: &'a [u8],
) -> Result<Sample<'a>, DecodeError> {
    let mut info = Box::<CameraInfo>::default();
    let (mut k, mut r, mut p) = (Vec::new(), Vec::new(), Vec::new());
    reader.read(payload, &mut |slot, value| match (slot, value) {
        (c::FRAME, value) => info.frame = value.text().into_owned(),
        (c::MODEL, value) => info.distortion_model = value.text().into_owned(),
        (c::WIDTH, value) => info.width = size(&value),
        (c::HEIGHT, value) => info.height = size(&value),
        (c::D, Value::Numbers(numbers)) => numbers.extend(&mut info.d),
        (c::K, Value::Numbers(numbers)) => numbers.extend(&mut k),
        (c::R, Value::Numbers(numbers)) => numbers.extend(&mut r),
        (c::P, Value::Numbers(numbers)) => numbers.extend(&mut p),
        (c::BINNING..c::ROI, value) => {
            let index = usize::from(slot.saturating_sub(c::BINNING));
            if let Some(target) = info.binning.get_mut(index) {
                *target = size(&value);
            }
        }
        (c::ROI.., value) => {
            let index = usize::from(slot.saturating_sub(c::ROI));
            if let Some(target) = info.roi.get_mut(index) {
                *target = size(&value);
            }
        }
        _ => {}
    })?;
    fill(&mut info.k, &k);
    fill(&mut info.r, &r);
    fill(&mut info.p, &p);
    Ok(Sample::CameraInfo(info))
}

/// A matrix from its list; one of another length is as good as absent and stays zero.
fn fill(target: &mut [f64], values: &[f64]) {
    if target.len() == values.len() {
        target.copy_from_slice(values);
    }
}

pub(super) fn image<'a>(
    reader: &FieldReader,
    payload: &'a [u8],
    compressed: bool,
) -> Result<Sample<'a>, DecodeError> {
    let mut image = Image {
        frame: Cow::Borrowed(""),
        width: 0,
        height: 0,
        encoding: Cow::Borrowed(""),
        compressed,
        step: 0,
        big_endian: false,
        data: Cow::Borrowed(&[]),
    };
    reader.read(payload, &mut |slot, value| match slot {
        m::FRAME => image.frame = value.text(),
        m::WIDTH => image.width = size(&value),
        m::HEIGHT => image.height = size(&value),
        m::FORMAT => image.encoding = value.text(),
        m::STEP => image.step = size(&value),
        m::BIG_ENDIAN => image.big_endian = value.integer() != 0,
        m::DATA => image.data = value.bytes(),
        _ => {}
    })?;
    Ok(Sample::Image(image))
}

pub(super) fn video<'a>(
    reader: &FieldReader,
    payload: &'a [u8],
) -> Result<Sample<'a>, DecodeError> {
    let mut video = Video {
        frame: Cow::Borrowed(""),
        format: Cow::Borrowed(""),
        data: Cow::Borrowed(&[]),
    };
    reader.read(payload, &mut |slot, value| match slot {
        m::FRAME => video.frame = value.text(),
        m::FORMAT => video.format = value.text(),
        m::DATA => video.data = value.bytes(),
        _ => {}
    })?;
    Ok(Sample::Video(video))
}

pub(super) fn audio<'a>(
    reader: &FieldReader,
    payload: &'a [u8],
) -> Result<Sample<'a>, DecodeError> {
    let mut audio = Audio {
        format: Cow::Borrowed(""),
        sample_rate_hz: 0,
        channels: 0,
        data: Cow::Borrowed(&[]),
    };
    reader.read(payload, &mut |slot, value| match slot {
        m::FORMAT => audio.format = value.text(),
        m::SAMPLE_RATE => audio.sample_rate_hz = size(&value),
        m::CHANNELS => audio.channels = size(&value),
        m::DATA => audio.data = value.bytes(),
        _ => {}
    })?;
    Ok(Sample::Audio(audio))
}
