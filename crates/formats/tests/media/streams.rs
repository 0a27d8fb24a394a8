//! Streams of ffmpeg against what ffprobe says about them.

use crate::support::{number, stream, text, vectors};
use fieldassay_formats::media::video::{
    AccessUnit, Framing, Mp4Error, Mp4Summary, VideoCodec, VideoParser,
};
use serde_json::Value;

/// The units of a stream, cut where ffprobe says.
fn units<'c>(case: &'c Value, data: &[u8]) -> Vec<(AccessUnit, &'c Value)> {
    let codec = VideoCodec::from_format(text(case, "codec")).expect("codec");
    let lengths = text(case, "file").ends_with("mp4");
    let framing = if lengths {
        Framing::Lengths(4)
    } else {
        Framing::StartCodes
    };
    let mut parser = VideoParser::new(codec, framing);
    let listed = case["units"].as_array().expect("units").iter();
    listed
        .map(|unit| {
            let start = number(unit, "position") as usize;
            let bytes = &data[start..start + number(unit, "bytes") as usize];
            (parser.push(bytes), unit)
        })
        .collect()
}

/// Holds every unit to what ffprobe says about it.
pub(crate) fn units_of(case: &Value, data: &[u8]) {
    let name = text(case, "file");
    for (index, (unit, expected)) in units(case, data).iter().enumerate() {
        let place = format!("{name} unit {index}: {unit:?}");
        assert_eq!(unit.damage, None, "{place}");
        assert_eq!(Some(unit.is_key), expected["key"].as_bool(), "{place}");
        match text(expected, "type") {
            "I" => assert!(
                unit.i_slices > 0 && unit.p_slices + unit.b_slices == 0,
                "{place}"
            ),
            "P" => assert!(unit.p_slices > 0 && unit.b_slices == 0, "{place}"),
            "B" => assert!(unit.b_slices > 0, "{place}"),
            _ => {}
        }
        // MP4 keeps its parameter sets in the index.
        if name.ends_with("mp4") {
            continue;
        }
        let size = (number(case, "width"), number(case, "height"));
        assert_eq!(
            (unit.size, unit.lacks_parameter_sets),
            (Some(size), false),
            "{place}"
        );
        assert!(
            !unit.is_key || index > 0 || unit.has_parameter_sets(),
            "{place}"
        );
        if let (Some(fps), false) = (unit.fps, text(case, "codec") == "av1") {
            let (top, bottom) = text(case, "fps").split_once('/').expect("fraction");
            let expected = top.parse::<f64>().expect("fps") / bottom.parse::<f64>().expect("fps");
            assert!((fps - expected).abs() < 1e-6, "{place}");
        }
    }
}

#[test]
fn frame_types_sizes_and_rates_agree_with_ffprobe() {
    for case in vectors()["streams"].as_array().expect("streams") {
        units_of(case, &stream(text(case, "file")));
    }
}

pub(crate) fn check_tables(case: &Value, data: &[u8]) {
    let summary = Mp4Summary::parse(data).expect("tables");
    let track = summary.video().expect("a video track");
    let units = case["units"].as_array().expect("units");
    assert_eq!(track.samples, units.len() as u64);
    assert_eq!(
        (track.width, track.height),
        (number(case, "width"), number(case, "height"))
    );
    let (top, bottom) = text(case, "fps").split_once('/').expect("fraction");
    let fps = top.parse::<f64>().expect("fps") / bottom.parse::<f64>().expect("fps");
    assert!((track.fps().expect("fps") - fps).abs() < 1e-6, "{track:?}");
    let bytes: u64 = units
        .iter()
        .map(|unit| u64::from(number(unit, "bytes")))
        .sum();
    assert_eq!((track.bytes, track.missing_samples), (bytes, 0));
    assert!(track.begins_with_key());
    let reordered = units.iter().any(|unit| text(unit, "type") == "B");
    assert_eq!(track.reordered, reordered);
    if summary.fragments == 0 {
        let keys = units
            .iter()
            .zip(1..)
            .filter(|(unit, _)| unit["key"] == true);
        let keys: Vec<u32> = keys.map(|(_, number)| number).collect();
        match &track.sync_samples {
            Some(found) => assert_eq!(*found, keys),
            None => assert_eq!(keys.len(), units.len()),
        }
    }
}

#[test]
fn tables_of_mp4_agree_with_ffprobe() {
    for case in vectors()["streams"].as_array().expect("streams") {
        if text(case, "file").ends_with("mp4") {
            check_tables(case, &stream(text(case, "file")));
        }
    }
}

/// A file that was cut off behind its index names the samples that are gone; one cut before has no index.
#[test]
fn cut_files_are_noticed() {
    let data = stream("short.mp4");
    let summary = Mp4Summary::parse(&data[..data.len() - 10]);
    assert!(
        matches!(summary, Err(Mp4Error::Box { .. } | Mp4Error::NoIndex)),
        "{summary:?}"
    );
    let half = Mp4Summary::parse(&data[..data.len() / 2]);
    assert_eq!(half, Err(Mp4Error::NoIndex));
    assert_eq!(
        Mp4Summary::parse(b"RIFF....WAVEfmt "),
        Err(Mp4Error::NotMp4)
    );
    assert_eq!(Mp4Summary::parse(b""), Err(Mp4Error::NotMp4));
}

#[test]
fn a_stream_that_begins_in_the_middle_lacks_parameter_sets() {
    for case in vectors()["streams"].as_array().expect("streams") {
        let (name, data) = (text(case, "file"), stream(text(case, "file")));
        if name.ends_with("mp4") {
            continue;
        }
        let codec = VideoCodec::from_format(text(case, "codec")).expect("codec");
        let mut parser = VideoParser::new(codec, Framing::StartCodes);
        let second = &case["units"][1];
        let start = number(second, "position") as usize;
        let unit = parser.push(&data[start..start + number(second, "bytes") as usize]);
        assert!(
            unit.lacks_parameter_sets && !unit.is_key && unit.size.is_none(),
            "{name}: {unit:?}"
        );
        assert_eq!((unit.damage, unit.slices > 0), (None, true), "{name}");
    }
}

#[test]
fn damaged_units_say_what_is_wrong() {
    let damage = |codec, data: &[u8]| {
        VideoParser::new(codec, Framing::StartCodes)
            .push(data)
            .damage
    };
    assert_eq!(damage(VideoCodec::H264, b""), Some("no start code"));
    assert_eq!(
        damage(VideoCodec::H264, b"not a stream"),
        Some("no start code")
    );
    assert_eq!(
        damage(VideoCodec::H264, &[0, 0, 1, 0x65]),
        Some("a slice header is cut off or impossible")
    );
    assert_eq!(
        damage(VideoCodec::H264, &[0, 0, 1, 0x67, 0x64]),
        Some("a sequence parameter set is cut off or impossible")
    );
    assert_eq!(
        damage(VideoCodec::H265, &[0, 0, 1, 0x80, 1]),
        Some("the forbidden bit of a NAL unit is set")
    );
    assert_eq!(
        damage(VideoCodec::Av1, &[0x12, 0x05]),
        Some("a unit is longer than the data")
    );
    assert_eq!(
        damage(VideoCodec::H264, &[0, 0, 1, 9, 0x10]),
        Some("no picture")
    );
    let mut lengths = VideoParser::new(VideoCodec::H264, Framing::Lengths(4));
    assert!(lengths.push(&[0, 0, 1, 0, 0x65, 1]).damage.is_some());
}
