//! Facts about video streams.
//!
//! Read [`outcome`] first; [`files::outcome`] is about video files beside the messages.

mod files;

pub(crate) use files::outcome as of_files;

use super::{At, Context, Outcome, Track};
use crate::facts::sheet::{Annotate, Sheet, count_detail, secs_detail, text_detail};
use fieldassay_formats::media::video::{Framing, VideoCodec, VideoParser};
use fieldassay_formats::sensor::Video;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

const KEY: u32 = 1;
const SETS: u32 = 2;
const HAS_P: u32 = 4;
const HAS_B: u32 = 8;
const DAMAGED: u32 = 16;

/// One access unit. Units are read in parallel, so nothing here depends on the units before.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub(crate) struct UnitRow {
    /// Header stamp, or log time where there is none, nanoseconds.
    pub(crate) t_nanos: i64,
    /// Log time, nanoseconds.
    pub(crate) log_nanos: i64,
    /// Bytes of the unit; saturates.
    pub(crate) bytes: u32,
    /// [`KEY`] and so on.
    flags: u32,
    /// Pixels, in units that bring their parameter sets; 0 elsewhere.
    width: u32,
    /// Pixels, as `width`.
    height: u32,
    /// Stated frame rate in millihertz; 0 where none is stated.
    stated_millihertz: u32,
    /// 0 for a coding that is not read, 1 H.264, 2 H.265, 3 AV1.
    codec: u32,
}

impl UnitRow {
    const fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Whether a decoder can begin here.
    const fn is_entry(&self) -> bool {
        self.has(KEY) && self.has(SETS)
    }
}

/// Reads the headers of one access unit. Cost: about 1 ns per byte.
pub(crate) fn reduce(video: &Video<'_>, at: At, rows: &mut Vec<UnitRow>) {
    let bytes = u32::try_from(video.data.len()).unwrap_or(u32::MAX);
    let mut row = UnitRow {
        t_nanos: at.t_nanos,
        log_nanos: at.log_nanos,
        bytes,
        ..UnitRow::default()
    };
    if let Some(codec) = VideoCodec::from_format(&video.format) {
        let unit = VideoParser::new(codec, Framing::StartCodes).push(&video.data);
        let flags = [
            (unit.is_key, KEY),
            (unit.has_parameter_sets(), SETS),
            (unit.p_slices > 0, HAS_P),
            (unit.b_slices > 0, HAS_B),
            (unit.damage.is_some(), DAMAGED),
        ];
        row.flags = flags
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, flag)| flag)
            .sum();
        (row.width, row.height) = unit.size.unwrap_or_default();
        let rate = (unit.fps.unwrap_or(0.0) * 1000.0).round();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to the range"
        )]
        let rate = rate.clamp(0.0, f64::from(u32::MAX)) as u32;
        row.stated_millihertz = rate;
        row.codec = match codec {
            VideoCodec::H264 => 1,
            VideoCodec::H265 => 2,
            VideoCodec::Av1 => 3,
        };
    }
    rows.push(row);
}

const NAMES: [(&str, &str); 8] = [
    ("video.first_key", "count"),
    ("video.parameter_sets", "count"),
    ("video.gop", "s"),
    ("video.b_frames", "ratio"),
    ("video.size_change", "count"),
    ("video.damaged", "ratio"),
    ("video.timestamps", "count"),
    ("video.fps", "Hz"),
];

const METHOD: &str = "headers of access units";

/// Facts about one stream of access units.
pub(crate) fn outcome(track: Track<'_, UnitRow>, _: &Context<'_>) -> Outcome {
    let mut sheet = Sheet::new(track.topic, track.rows.len());
    let known = track.rows.iter().filter(|row| row.codec != 0).count();
    if track.rows.is_empty() {
        sheet.none_of(&NAMES, "no access units");
    } else if known < track.rows.len() {
        let others = track.rows.len() - known;
        let reason = format!(
            "{others} access units are in a coding that is not read (H.264, H.265 and AV1 are)"
        );
        sheet.none_of(&NAMES, &reason);
    } else {
        entries(&track, &mut sheet);
        bidirectional(&track, &mut sheet);
        sizes(&track, &mut sheet);
        damage(&track, &mut sheet);
        times(&track, &mut sheet);
    }
    Outcome {
        facts: sheet.facts,
        ..Outcome::default()
    }
}

fn log_at(track: &Track<'_, UnitRow>, index: usize) -> i64 {
    let row = track.rows.get(index);
    row.map_or(track.start_nanos, |row| row.log_nanos)
}

/// Where decoding can begin.
fn entries(track: &Track<'_, UnitRow>, sheet: &mut Sheet) {
    let (rows, last) = (track.rows, track.rows.len() - 1);
    let first = rows.iter().position(UnitRow::is_entry);
    let lost = first.unwrap_or(rows.len());
    let fact = sheet.count("video.first_key", lost as u64, METHOD);
    if lost > 0 {
        let (start, end) = (log_at(track, 0), log_at(track, first.unwrap_or(last)));
        fact.at(start, end)
            .with(&[secs_detail("undecodable_secs", (end - start) as f64)]);
    }
    let keys: Vec<usize> = (0..rows.len())
        .filter(|&index| rows.get(index).is_some_and(|row| row.has(KEY)))
        .collect();
    let bare = rows.iter().filter(|row| row.has(KEY) && !row.has(SETS));
    if keys.is_empty() {
        sheet.none("video.parameter_sets", "count", "no key frame");
        sheet.none("video.gop", "s", "no key frame");
        return;
    }
    sheet
        .count("video.parameter_sets", bare.count() as u64, METHOD)
        .of(keys.len());
    // The stretch behind the last key frame counts too: it may be the longest.
    let ends = keys.iter().skip(1).copied().chain([last]);
    let stretches = keys.iter().zip(ends).map(|(&start, end)| {
        let (start, end) = (log_at(track, start), log_at(track, end));
        (end - start, start, end)
    });
    if let Some((length, start, end)) = stretches.max() {
        let secs = length as f64 / 1e9;
        sheet
            .number("video.gop", secs, "s", METHOD)
            .of(keys.len())
            .at(start, end)
            .with(&[count_detail("key_frames", keys.len() as u64)]);
    }
}

/// Pictures that are predicted from later ones.
fn bidirectional(track: &Track<'_, UnitRow>, sheet: &mut Sheet) {
    let count = |flag| track.rows.iter().filter(|row| row.has(flag)).count();
    let (with_b, with_p) = (count(HAS_B), count(HAS_P));
    let h265 = track.rows.iter().all(|row| row.codec == 2);
    if h265 && with_b > 0 && with_p == 0 {
        // Low-delay encoders write all predicted pictures as B slices that look back only.
        let reason = "every predicted picture of this H.265 stream has B slices, as low-delay encoders write them without reordering";
        sheet.none("video.b_frames", "ratio", reason);
        return;
    }
    let share = with_b as f64 / track.rows.len() as f64;
    sheet
        .number("video.b_frames", share, "ratio", METHOD)
        .with(&[count_detail("pictures", with_b as u64)]);
}

/// Changes of the size of the pictures.
fn sizes(track: &Track<'_, UnitRow>, sheet: &mut Sheet) {
    let sized = || {
        track
            .rows
            .iter()
            .enumerate()
            .filter(|(_, row)| row.width > 0)
    };
    if sized().next().is_none() {
        let reason = "no parameter sets, so the size of the pictures is not known";
        sheet.none("video.size_change", "count", reason);
        return;
    }
    let changes: Vec<usize> = sized()
        .zip(sized().skip(1))
        .filter(|((_, a), (_, b))| (a.width, a.height) != (b.width, b.height))
        .map(|(_, (index, _))| index)
        .collect();
    let text = |row: &UnitRow| format!("{} x {}", row.width, row.height);
    let (from, to) = (
        sized().next().map(|(_, row)| text(row)).unwrap_or_default(),
        changes
            .first()
            .and_then(|&index| track.rows.get(index))
            .map(text),
    );
    let n = sized().count();
    let fact = sheet
        .count("video.size_change", changes.len() as u64, METHOD)
        .of(n);
    fact.with(&[text_detail("size", &from)]);
    if let (Some(to), Some(&index)) = (to, changes.first()) {
        let at = log_at(track, index);
        fact.at(at, at).with(&[text_detail("changed_to", &to)]);
    } else {
        fact.with(&[text_detail("changed_to", &from)]);
    }
}

/// Units whose headers contradict the standard.
fn damage(track: &Track<'_, UnitRow>, sheet: &mut Sheet) {
    let damaged: Vec<usize> = (0..track.rows.len())
        .filter(|&index| track.rows.get(index).is_some_and(|row| row.has(DAMAGED)))
        .collect();
    let share = damaged.len() as f64 / track.rows.len() as f64;
    let fact = sheet.number("video.damaged", share, "ratio", METHOD);
    fact.with(&[count_detail("units", damaged.len() as u64)]);
    if let (Some(&first), Some(&last)) = (damaged.first(), damaged.last()) {
        fact.at(log_at(track, first), log_at(track, last));
    }
}

/// Order of the stamps, and the stated against the real frame rate.
fn times(track: &Track<'_, UnitRow>, sheet: &mut Sheet) {
    let mut steps: Vec<i64> = track
        .rows
        .array_windows::<2>()
        .map(|[a, b]| b.t_nanos.saturating_sub(a.t_nanos))
        .collect();
    if steps.is_empty() {
        sheet.none("video.timestamps", "count", "a single access unit");
        sheet.none("video.fps", "Hz", "a single access unit");
        return;
    }
    let back = steps.iter().filter(|&&step| step <= 0).count();
    sheet.count(
        "video.timestamps",
        back as u64,
        "differences of header stamps",
    );
    let stated = track.rows.iter().map(|row| row.stated_millihertz);
    let Some(stated) = stated.filter(|&rate| rate > 0).max() else {
        sheet.none("video.fps", "Hz", "the stream states no frame rate");
        return;
    };
    let middle = steps.len() / 2;
    let (_, median, _) = steps.select_nth_unstable(middle);
    if *median <= 0 {
        sheet.none("video.fps", "Hz", "the stamps do not advance");
        return;
    }
    let (stated, real) = (f64::from(stated) / 1000.0, 1e9 / *median as f64);
    sheet
        .number(
            "video.fps",
            real - stated,
            "Hz",
            "median step of the stamps against the parameter sets",
        )
        .with(&[
            ("stated_hz", fieldassay_model::FactValue::Number(stated)),
            ("measured_hz", fieldassay_model::FactValue::Number(real)),
        ]);
}

#[cfg(test)]
mod tests {
    use super::super::{NoReread, Rig};
    use super::*;
    use fieldassay_model::{Fact, FactValue};
    use std::borrow::Cow;

    fn at(index: i64) -> At {
        let nanos = index * 100_000_000;
        At {
            t_nanos: nanos,
            log_nanos: nanos,
            sampled: true,
        }
    }

    /// Access units of a stream of ffmpeg (`conformance/media`), split where a delimiter or a parameter set begins.
    fn rows(name: &str, format: &str, cuts: &[usize]) -> Vec<UnitRow> {
        let path = fieldassay_testkit::repository_root()
            .join("conformance/media")
            .join(name);
        let data = std::fs::read(path).unwrap();
        let mut rows = Vec::new();
        for (index, pair) in (0..).zip(cuts.array_windows::<2>()) {
            let video = Video {
                frame: Cow::Borrowed("camera"),
                format: Cow::Borrowed(format),
                data: Cow::Borrowed(&data[pair[0]..pair[1]]),
            };
            reduce(&video, at(index), &mut rows);
        }
        rows
    }

    /// Where access unit delimiters of H.264 begin.
    fn delimiters(name: &str) -> Vec<usize> {
        let path = fieldassay_testkit::repository_root()
            .join("conformance/media")
            .join(name);
        let data = std::fs::read(path).unwrap();
        let mut cuts: Vec<usize> = (0..data.len() - 5)
            .filter(|&at| data[at..].starts_with(&[0, 0, 0, 1, 9]))
            .collect();
        cuts.push(data.len());
        cuts
    }

    fn facts(rows: &[UnitRow]) -> Vec<Fact> {
        let track = Track {
            stream: Some(0),
            topic: "/video",
            frame: "camera",
            parent: "",
            log_nanos: &[],
            rows,
            start_nanos: 0,
        };
        let rig = Rig::default();
        let context = Context {
            rig: &rig,
            imus: &[],
            poses: &[],
            fixes: &[],
            reread: &NoReread,
            start_nanos: 0,
        };
        outcome(track, &context).facts
    }

    fn value(facts: &[Fact], name: &str) -> Option<f64> {
        let fact = facts.iter().find(|fact| fact.name == name).unwrap();
        match fact.value {
            Some(FactValue::Number(value)) => Some(value),
            Some(FactValue::Integer(value)) => Some(value as f64),
            _ => None,
        }
    }

    /// Thirty pictures, a key frame every ten, two B-frames between others: as the command in media.json says.
    #[test]
    fn a_stream_with_b_frames() {
        let name = "bframes.h264";
        let rows = rows(name, "h264", &delimiters(name));
        assert_eq!(rows.len(), 30);
        let facts = facts(&rows);
        assert_eq!(value(&facts, "video.first_key"), Some(0.0));
        assert_eq!(value(&facts, "video.gop"), Some(1.0));
        assert_eq!(value(&facts, "video.b_frames"), Some(18.0 / 30.0));
        assert_eq!(value(&facts, "video.size_change"), Some(0.0));
        assert_eq!(value(&facts, "video.damaged"), Some(0.0));
        assert_eq!(value(&facts, "video.timestamps"), Some(0.0));
        assert!((value(&facts, "video.fps").unwrap() - (10.0 - 15.0)).abs() < 1e-9);
    }

    #[test]
    fn a_stream_that_begins_in_the_middle() {
        let name = "bframes.h264";
        let mut rows = rows(name, "h264", &delimiters(name)[4..]);
        let found = facts(&rows);
        // Key frames are the eleventh and the twenty-first picture, both with parameter sets.
        assert_eq!(value(&found, "video.first_key"), Some(6.0));
        assert_eq!(value(&found, "video.parameter_sets"), Some(0.0));
        assert_eq!(value(&facts(&rows[..6]), "video.first_key"), Some(6.0));
        assert_eq!(value(&facts(&rows[..6]), "video.gop"), None);
        rows[3].flags |= DAMAGED;
        rows[5].t_nanos = rows[4].t_nanos;
        let found = facts(&rows);
        assert_eq!(value(&found, "video.damaged"), Some(1.0 / 26.0));
        assert_eq!(value(&found, "video.timestamps"), Some(1.0));
    }

    #[test]
    fn what_is_not_read_is_not_judged() {
        let rows = rows("bframes.h264", "vp9", &delimiters("bframes.h264"));
        let found = facts(&rows);
        assert_eq!(found.len(), NAMES.len());
        assert!(found.iter().all(|fact| fact.value.is_none()));
        assert_eq!(facts(&[]).len(), NAMES.len());
    }
}
