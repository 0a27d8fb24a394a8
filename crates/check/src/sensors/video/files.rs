//! Facts about video files, by their tables.
//!
//! Read [`outcome`] first. One set of facts per camera of a data set: of all its files the worst is told.
//!
//! Not here: whether they are as long as the episodes they show (the reader of the data set says so).

use super::super::Outcome;
use crate::facts::sheet::{Annotate as _, Sheet, count_detail, text_detail};
use fieldassay_formats::VideoFile;
use fieldassay_formats::media::video::Mp4Track;
use fieldassay_model::FactValue;
use std::collections::BTreeMap;

const METHOD: &str = "tables of the MP4 files, the worst of a camera";

/// Facts about the video files of each camera. Cost: linear in files.
pub(crate) fn outcome(videos: &[VideoFile]) -> Outcome {
    let mut cameras: BTreeMap<&str, Vec<&VideoFile>> = BTreeMap::new();
    for video in videos {
        cameras.entry(&video.feature).or_default().push(video);
    }
    let mut facts = Vec::new();
    for (camera, files) in cameras {
        let mut sheet = Sheet::new(camera, files.len());
        worst("video.file_length", "count", &files, surplus, &mut sheet);
        worst(
            "video.edit_list",
            "s",
            &files,
            |t| Some(edited(t)),
            &mut sheet,
        );
        worst("video.file_gop", "s", &files, longest_gop, &mut sheet);
        let reordered = files.iter().filter(|file| file.track.reordered).count();
        sheet.count("video.file_b_frames", reordered as u64, METHOD);
        facts.append(&mut sheet.facts);
    }
    Outcome {
        facts,
        ..Outcome::default()
    }
}

/// The largest value of all files, with the path and the numbers of its file.
fn worst(
    name: &str,
    unit: &str,
    files: &[&VideoFile],
    value: impl Fn(&Mp4Track) -> Option<f64>,
    sheet: &mut Sheet,
) {
    let known = files
        .iter()
        .filter_map(|file| Some((value(&file.track)?, *file)));
    let Some((value, file)) = known.max_by(|a, b| a.0.total_cmp(&b.0)) else {
        return sheet.none(name, unit, "no file states what it takes");
    };
    let track = &file.track;
    let edits = track.edits.unwrap_or_default();
    sheet.number(name, value, unit, METHOD).with(&[
        text_detail("file", &file.path),
        count_detail("frames", track.samples),
        ("fps", FactValue::Number(track.fps().unwrap_or(f64::NAN))),
        ("shift_secs", FactValue::Number(edits.shift_secs)),
        ("cut_secs", FactValue::Number(edits.cut_secs)),
    ]);
}

/// Frames by which the tables and the length the file declares differ.
fn surplus(track: &Mp4Track) -> Option<f64> {
    let declared = track.declared_ticks? as f64 / f64::from(track.timescale);
    let apart = track.duration_secs()? - declared;
    Some((apart * track.fps()?).abs())
}

/// Seconds by which decoders that know nothing of edit lists are off; 0 without a list.
fn edited(track: &Mp4Track) -> f64 {
    let edits = track.edits.unwrap_or_default();
    edits.shift_secs.abs().max(edits.cut_secs)
}

fn longest_gop(track: &Mp4Track) -> Option<f64> {
    Some(track.longest_gop() as f64 / track.fps()?)
}

#[cfg(test)]
mod tests {
    use super::outcome;
    use fieldassay_formats::VideoFile;
    use fieldassay_formats::media::video::Mp4Summary;
    use fieldassay_model::{Fact, FactValue};

    fn file(change: impl Fn(&mut Vec<u8>)) -> VideoFile {
        let path = fieldassay_testkit::repository_root().join("conformance/media/short.mp4");
        let mut bytes = std::fs::read(path).unwrap();
        change(&mut bytes);
        let summary = Mp4Summary::parse(&bytes).unwrap();
        VideoFile {
            feature: "observation.images.top".to_owned(),
            path: "videos/short.mp4".to_owned(),
            track: summary.video().unwrap().clone(),
        }
    }

    /// Writes 32 bits behind the name of a box.
    fn put(bytes: &mut [u8], name: [u8; 4], behind: usize, value: u32) {
        let at = bytes.windows(4).position(|w| w == name).unwrap() + 4 + behind;
        bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }

    fn value(facts: &[Fact], name: &str) -> f64 {
        let fact = facts.iter().find(|fact| fact.name == name).unwrap();
        fact.value.as_ref().and_then(FactValue::as_f64).unwrap()
    }

    #[test]
    fn a_file_of_ffmpeg_contradicts_nothing() {
        let facts = outcome(&[file(|_| ())]).facts;
        assert!(value(&facts, "video.file_length") < 1e-9);
        assert!(value(&facts, "video.edit_list") < 1e-9);
        // 60 frames, a key frame at least every 20, 30 frames per second.
        assert!(value(&facts, "video.file_gop") <= 20.0 / 30.0 + 1e-9);
        assert!(outcome(&[]).facts.is_empty());
    }

    #[test]
    fn declared_lengths_and_edit_lists_are_compared_with_the_tables() {
        // The media of ffmpeg has 15360 ticks a second: half a second is 7680.
        let longer = file(|bytes| put(bytes, *b"mdhd", 16, 30_720 + 7_680));
        let facts = outcome(&[file(|_| ()), longer]).facts;
        assert!((value(&facts, "video.file_length") - 15.0).abs() < 1e-9);
        // Starts half a second in, and shows one of the two seconds.
        let cut = file(|bytes| {
            let before = u32::from_be_bytes(bytes_behind(bytes, *b"elst", 12));
            put(bytes, *b"elst", 12, before + 7_680);
            put(bytes, *b"elst", 8, 1000);
        });
        let edits = cut.track.edits.unwrap();
        assert_eq!(edits.shown, 1);
        assert!((edits.shift_secs + 0.5).abs() < 1e-9, "{edits:?}");
        assert!((edits.cut_secs - 0.5).abs() < 2e-3, "{edits:?}");
        assert!((value(&outcome(&[cut]).facts, "video.edit_list") - 0.5).abs() < 2e-3);
    }

    fn bytes_behind(bytes: &[u8], name: [u8; 4], behind: usize) -> [u8; 4] {
        let at = bytes.windows(4).position(|w| w == name).unwrap() + 4 + behind;
        bytes[at..at + 4].try_into().unwrap()
    }
}
