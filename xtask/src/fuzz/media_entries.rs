//! Entries of decoders of pictures, video, sound and clouds; see `entries.rs`.

use super::{Target, target};
use fieldassay_formats::media::video::{Framing, Mp4Summary, VideoCodec, VideoParser};
use fieldassay_formats::media::{Limits, Scale, depth_meters, grey, probe, sound};
use fieldassay_formats::sensor::cloud::CloudView;
use fieldassay_formats::sensor::{Audio, Cloud, CloudField, FieldType, Image};
use std::borrow::Cow;

/// What is fed here.
pub(crate) const TARGETS: &[Target] = &[
    target("image_file", image_file),
    target("image_raw", image_raw),
    target("video_units", video_units),
    target("mp4_tables", mp4_tables),
    target("sound", sound_samples),
    target("cloud_view", cloud_view),
];

/// Small, so that a claimed size shows as a refusal and not as time.
const LIMITS: Limits = Limits { pixels: 1 << 16 };

fn read_image(image: &Image<'_>) {
    for scale in [Scale::Full, Scale::Eighth] {
        if let Ok(found) = grey(image, scale, LIMITS) {
            let pixels = u64::from(found.width) * u64::from(found.height);
            assert_eq!(found.data.len() as u64, pixels, "pixels fit the size");
        }
    }
    let _ = (probe(image), depth_meters(image, LIMITS));
}

/// `kind, file`: `d` and `r` are `compressedDepth` with PNG and RVL, anything else is known by its first bytes.
fn image_file(bytes: &[u8]) {
    let Some((kind, data)) = bytes.split_first() else {
        return;
    };
    let encoding = match kind {
        b'd' => "16UC1; compressedDepth png",
        b'r' => "32FC1; compressedDepth rvl",
        b'u' => "16UC1; png",
        _ => "jpeg",
    };
    read_image(&Image {
        frame: Cow::Borrowed(""),
        width: 0,
        height: 0,
        encoding: Cow::Borrowed(encoding),
        compressed: true,
        step: 0,
        big_endian: false,
        data: Cow::Borrowed(data),
    });
}

const ENCODINGS: [&str; 12] = [
    "mono8",
    "mono16",
    "rgb8",
    "bgra8",
    "rgb16",
    "bayer_rggb8",
    "bayer_gbrg16",
    "uyvy",
    "yuyv",
    "nv12",
    "16UC1",
    "32FC1",
];

/// `encoding, width, height, step, order, pixels`, a byte each.
fn image_raw(bytes: &[u8]) {
    let Some(([encoding, width, height, step, order], data)) = bytes.split_first_chunk::<5>()
    else {
        return;
    };
    let encoding = ENCODINGS[usize::from(*encoding) % ENCODINGS.len()];
    read_image(&Image {
        frame: Cow::Borrowed(""),
        width: u32::from(*width),
        height: u32::from(*height),
        encoding: Cow::Borrowed(encoding),
        compressed: false,
        step: u32::from(*step),
        big_endian: order % 2 == 1,
        data: Cow::Borrowed(data),
    });
}

/// `kind, stream`: `4`, `5` and `1` with start codes, anything else H.264 with lengths; units of 512 bytes.
fn video_units(bytes: &[u8]) {
    let Some((kind, data)) = bytes.split_first() else {
        return;
    };
    let (codec, framing) = match kind {
        b'4' => (VideoCodec::H264, Framing::StartCodes),
        b'5' => (VideoCodec::H265, Framing::StartCodes),
        b'1' => (VideoCodec::Av1, Framing::StartCodes),
        _ => (VideoCodec::H264, Framing::Lengths(kind % 4 + 1)),
    };
    let mut parser = VideoParser::new(codec, framing);
    for unit in std::iter::once(data).chain(data.chunks(512)) {
        let found = parser.push(unit);
        assert_eq!(found.bytes, unit.len());
        assert!(
            found
                .size
                .is_none_or(|(width, height)| width > 0 && height > 0)
        );
    }
}

fn mp4_tables(bytes: &[u8]) {
    if let Ok(summary) = Mp4Summary::parse(bytes) {
        for track in &summary.tracks {
            let _ = (track.fps(), track.duration_secs(), track.longest_gop());
        }
    }
}

/// `kind, samples`: `w` is a file, anything else raw.
fn sound_samples(bytes: &[u8]) {
    let Some((kind, data)) = bytes.split_first() else {
        return;
    };
    let found = sound(&Audio {
        format: Cow::Borrowed(if kind % 2 == 0 { "pcm-s16" } else { "f32le" }),
        sample_rate_hz: 8000,
        channels: u32::from(kind % 3),
        data: Cow::Borrowed(data),
    });
    if let Ok(found) = found {
        assert!(found.samples.iter().all(|sample| sample.is_finite()));
    }
}

const NAMES: [&str; 10] = [
    "x",
    "y",
    "z",
    "intensity",
    "ring",
    "time",
    "t",
    "timestamp",
    "tag",
    "line",
];
const TYPES: [FieldType; 8] = [
    FieldType::I8,
    FieldType::U8,
    FieldType::I16,
    FieldType::U16,
    FieldType::I32,
    FieldType::U32,
    FieldType::F32,
    FieldType::F64,
];

/// `fields, width, height, point step, row step, order`, a byte each, then `name, offset, type, count` per field, then points.
fn cloud_view(bytes: &[u8]) {
    let Some(([fields, width, height, point_step, row_step, order], rest)) =
        bytes.split_first_chunk::<6>()
    else {
        return;
    };
    let count = usize::from(fields % 12);
    let (described, data) = rest.split_at((4 * count).min(rest.len()));
    let fields = described.as_chunks::<4>().0.iter();
    let cloud = Cloud {
        frame: Cow::Borrowed(""),
        width: u32::from(*width),
        height: u32::from(*height),
        fields: fields
            .map(|[name, offset, kind, count]| CloudField {
                name: NAMES[usize::from(*name) % NAMES.len()].to_owned(),
                offset: u32::from(*offset),
                field_type: TYPES.get(usize::from(*kind % 9)).copied(),
                count: u32::from(*count),
            })
            .collect(),
        point_step: u32::from(*point_step),
        row_step: u32::from(*row_step),
        is_dense: None,
        big_endian: order % 2 == 1,
        data: Cow::Borrowed(data),
    };
    let Ok(view) = CloudView::new(&cloud) else {
        return;
    };
    let (mut xyz, mut rings, mut intensities, mut times) = (vec![], vec![], vec![], vec![]);
    view.xyz_into(&mut xyz);
    assert_eq!(xyz.len(), view.len(), "a position per point");
    assert!(!view.ring_into(&mut rings) || rings.len() == view.len());
    assert!(!view.intensity_into(&mut intensities) || intensities.len() == view.len());
    if let Some(time) = view.point_time() {
        time.secs_into(1_700_000_000_000_000_000, &mut times);
        assert_eq!(times.len(), view.len(), "a time per point");
    }
}
