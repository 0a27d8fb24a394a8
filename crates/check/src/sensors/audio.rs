//! Facts about sound, and how far it is ahead of the picture.

use super::{At, CameraStream, Context, Outcome, Track};
use crate::facts::sheet::{Annotate, Sheet, count_detail};
use fieldassay_formats::media::{GreyImage, Limits, Scale, grey, sound};
use fieldassay_formats::sensor::{Audio, Sample};
use fieldassay_measure::audio::{AvSync, SyncOptions, av_sync, frames, onsets};
use fieldassay_measure::stats::Interval;
use fieldassay_model::FactValue;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Set in rows of messages that carry a stamp.
const STAMPED: u32 = 1;
/// Set in rows that stand for a message whose sound cannot be decoded.
const UNREADABLE: u32 = 2;

/// About 10 ms of sound.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub(crate) struct OnsetRow {
    /// Middle of the frame, nanoseconds: after the header stamp, which is that of the first sample, or before the log
    /// time, when the message was complete.
    pub(crate) t_nanos: i64,
    /// Log time of the message, nanoseconds.
    pub(crate) log_nanos: i64,
    /// Mean square of the samples, 1 at full scale.
    mean_square: f32,
    /// Length, seconds.
    secs: f32,
    /// Share of samples at the end of their range, of the whole message.
    clipped_ratio: f32,
    /// [`STAMPED`] and [`UNREADABLE`].
    flags: u32,
}

/// Cuts the sound of one message into rows of about 10 ms. Cost: about 2 ns per sample.
pub(crate) fn reduce(audio: &Audio<'_>, at: At, rows: &mut Vec<OnsetRow>) {
    let stamped = at.t_nanos != at.log_nanos;
    let flags = if stamped { STAMPED } else { 0 };
    let row = OnsetRow {
        t_nanos: at.t_nanos,
        log_nanos: at.log_nanos,
        flags,
        ..OnsetRow::default()
    };
    let Ok(sound) = sound(audio) else {
        rows.push(OnsetRow {
            flags: flags | UNREADABLE,
            ..row
        });
        return;
    };
    let rate = f64::from(sound.sample_rate_hz);
    let length = sound.samples.len() as f64 / rate;
    let values = sound.samples.len() as f64 * f64::from(sound.channels);
    let pieces = frames(&sound.samples, rate);
    let secs = length / pieces.len().max(1) as f64;
    for piece in pieces {
        let after = if stamped {
            piece.center_secs
        } else {
            piece.center_secs - length
        };
        rows.push(OnsetRow {
            t_nanos: at.t_nanos.saturating_add(nanos(after)),
            mean_square: single(piece.mean_square),
            secs: single(secs),
            clipped_ratio: single(sound.clipped as f64 / values.max(1.0)),
            ..row
        });
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "rounded; ratios and seconds"
)]
fn single(value: f64) -> f32 {
    value as f32
}

#[expect(clippy::cast_possible_truncation, reason = "saturates")]
fn nanos(secs: f64) -> i64 {
    (secs * 1e9).round() as i64
}

/// Below this mean square sound is silent: one step of 16 bits, -90 dB of full scale.
const SILENT: f32 = 1e-9;

const NAMES: [(&str, &str); 2] = [("audio.clipping", "ratio"), ("audio.silence", "s")];

/// Facts about one stream of sound.
pub(crate) fn outcome(track: Track<'_, OnsetRow>, _: &Context<'_>) -> Outcome {
    let readable = track.rows.iter().filter(|row| row.flags & UNREADABLE == 0);
    let rows: Vec<&OnsetRow> = readable.collect();
    let mut sheet = Sheet::new(track.topic, rows.len());
    if rows.is_empty() {
        let reason = if track.rows.is_empty() {
            "no samples"
        } else {
            "the sound is compressed, or the messages do not say its rate and channels"
        };
        sheet.none_of(&NAMES, reason);
    } else {
        let clipped: f64 = rows.iter().map(|row| f64::from(row.clipped_ratio)).sum();
        let clipped = clipped / rows.len() as f64;
        sheet
            .number(
                "audio.clipping",
                clipped,
                "ratio",
                "samples at the end of their range",
            )
            .with(&[count_detail("frames", rows.len() as u64)]);
        silence(&rows, &mut sheet);
    }
    Outcome {
        facts: sheet.facts,
        ..Outcome::default()
    }
}

fn silence(rows: &[&OnsetRow], sheet: &mut Sheet) {
    let (mut longest, mut run, mut total) = ((0.0, 0, 0), (0.0, 0), 0.0);
    for row in rows {
        if row.mean_square >= SILENT {
            run = (0.0, 0);
            continue;
        }
        if run.0 == 0.0 {
            run.1 = row.log_nanos;
        }
        run.0 += f64::from(row.secs);
        total += f64::from(row.secs);
        if run.0 > longest.0 {
            longest = (run.0, run.1, row.log_nanos);
        }
    }
    let fact = sheet.number(
        "audio.silence",
        longest.0,
        "s",
        "longest run of 10 ms below -90 dB",
    );
    fact.with(&[("total_secs", FactValue::Number(total))]);
    if longest.0 > 0.0 {
        fact.at(longest.1, longest.2);
    }
}

/// Pictures are compared with sound for at most this long.
const WINDOW_NANOS: i64 = 30_000_000_000;

const SYNC: [(&str, &str); 3] = [
    ("audio.sync", "s"),
    ("audio.sync_at_least", "s"),
    ("audio.ahead_at_least", "s"),
];

/// How far the sound of one stream is ahead of the pictures of the camera that saw most of it.
///
/// Cost: at most 30 s of one camera are decoded again, at an eighth of their size.
pub(crate) fn sync(
    track: Track<'_, OnsetRow>,
    cameras: &[CameraStream<'_>],
    context: &Context<'_>,
) -> Outcome {
    let rows: Vec<&OnsetRow> = track
        .rows
        .iter()
        .filter(|row| row.flags & UNREADABLE == 0)
        .collect();
    // Without stamps on the sound, log times are the only clock both share.
    let stamped = rows.iter().all(|row| row.flags & STAMPED != 0);
    let window = loudest(&rows);
    let seen = |camera: &CameraStream<'_>| pictures(camera, stamped, window).len();
    let best = cameras.iter().max_by_key(|camera| seen(camera));
    let subject = match best {
        Some(camera) => format!("{} -> {}", track.topic, camera.topic),
        None => track.topic.to_owned(),
    };
    let mut sheet = Sheet::new(&subject, rows.len());
    match best {
        _ if rows.is_empty() => sheet.none_of(&SYNC, "no sound that can be decoded"),
        None => sheet.none_of(&SYNC, "no images beside the sound"),
        Some(camera) => compare(&rows, camera, (stamped, window), context, &mut sheet),
    }
    Outcome {
        facts: sheet.facts,
        ..Outcome::default()
    }
}

/// The stretch of 30 s with the strongest onsets.
fn loudest(rows: &[&OnsetRow]) -> (i64, i64) {
    let Some(first) = rows.iter().map(|row| row.t_nanos).min() else {
        return (0, 0);
    };
    let mut sums: Vec<f64> = Vec::new();
    let levels: Vec<f64> = rows.iter().map(|row| f64::from(row.mean_square)).collect();
    for (row, strength) in rows.iter().zip(onsets(&levels)) {
        let tens = row.t_nanos.saturating_sub(first) / (WINDOW_NANOS / 3);
        // Half a day of sound; what is behind is not looked at.
        let Ok(index @ 0..5000) = usize::try_from(tens) else {
            continue;
        };
        if sums.len() <= index {
            sums.resize(index + 1, 0.0);
        }
        if let Some(sum) = sums.get_mut(index) {
            *sum += strength;
        }
    }
    let best = sums
        .windows(3)
        .map(|three| three.iter().sum::<f64>())
        .enumerate()
        .max_by(|(i, a), (j, b)| a.total_cmp(b).then(j.cmp(i)));
    let index = i64::try_from(best.map_or(0, |(index, _)| index)).unwrap_or(0);
    let start = first.saturating_add(index * (WINDOW_NANOS / 3));
    (start, start.saturating_add(WINDOW_NANOS))
}

/// Log times of the pictures of a stretch, ascending.
fn pictures(camera: &CameraStream<'_>, stamped: bool, (start, end): (i64, i64)) -> Vec<i64> {
    let times = if stamped {
        camera.t_nanos
    } else {
        camera.log_nanos
    };
    let mut log: Vec<i64> = times
        .iter()
        .zip(camera.log_nanos)
        .filter(|(t, _)| (start..=end).contains(*t))
        .map(|(_, &log)| log)
        .collect();
    log.sort_unstable();
    log
}

/// A picture small enough to keep some thousands.
fn small(sample: &Sample<'_>) -> Option<GreyImage> {
    let Sample::Image(image) = sample else {
        return None;
    };
    let picture = grey(image, Scale::Eighth, Limits::default()).ok()?;
    Some(if picture.width > 80 {
        picture.eighth()
    } else {
        picture
    })
}

/// Mean difference of two pictures of one size.
fn difference(a: &GreyImage, b: &GreyImage) -> Option<f64> {
    if (a.width, a.height) != (b.width, b.height) || a.data.is_empty() {
        return None;
    }
    let pairs = a.data.iter().zip(&b.data);
    let sum: f64 = pairs.map(|(x, y)| f64::from(x.abs_diff(*y))).sum();
    Some(sum / a.data.len() as f64)
}

fn compare(
    rows: &[&OnsetRow],
    camera: &CameraStream<'_>,
    (stamped, window): (bool, (i64, i64)),
    context: &Context<'_>,
    sheet: &mut Sheet,
) {
    let secs = |nanos: i64| nanos.saturating_sub(window.0) as f64 / 1e9;
    let wanted = pictures(camera, stamped, window);
    let mut seen: Vec<(i64, GreyImage)> = context
        .reread_map(camera.stream, &wanted, |at, sample| {
            let time = if stamped { at.t_nanos } else { at.log_nanos };
            small(&sample).map(|picture| (time, picture))
        })
        .into_iter()
        .flatten()
        .collect();
    seen.sort_by_key(|(time, _)| *time);
    let motion: Vec<(f64, f64)> = seen
        .array_windows::<2>()
        .filter_map(|[(_, a), (time, b)]| Some((secs(*time), difference(a, b)?)))
        .collect();
    let mut heard: Vec<&&OnsetRow> = rows
        .iter()
        .filter(|row| (window.0..=window.1).contains(&row.t_nanos))
        .collect();
    heard.sort_by_key(|row| row.t_nanos);
    let levels: Vec<f64> = heard.iter().map(|row| f64::from(row.mean_square)).collect();
    let strengths = onsets(&levels);
    let sound: Vec<(f64, f64)> = heard
        .iter()
        .zip(strengths)
        .map(|(row, strength)| (secs(row.t_nanos), strength))
        .collect();
    match av_sync(&sound, &motion, &SyncOptions::default()) {
        Ok(found) => report(&found, motion.len(), stamped, sheet),
        Err(cause) => sheet.none_of(&SYNC, &cause.to_string()),
    }
}

/// The value of the interval nearest to zero.
fn nearest_to_zero(interval: Interval) -> f64 {
    if interval.low > 0.0 {
        interval.low
    } else {
        interval.high.min(0.0)
    }
}

fn report(found: &AvSync, n: usize, stamped: bool, sheet: &mut Sheet) {
    let details = [
        ("offset_secs", FactValue::Number(found.offset_secs)),
        ("contrast", FactValue::Number(found.contrast)),
        ("second_peak_ratio", FactValue::Number(found.second_ratio)),
        ("overlap_secs", FactValue::Number(found.overlap_secs)),
        ("by_stamps", FactValue::Bool(stamped)),
    ];
    let method = "GCC-PHAT of onsets and motion, jackknife";
    let end = "end of the 95 % interval nearest to zero";
    for (name, value, method) in [
        ("audio.sync", found.offset_secs, method),
        ("audio.sync_at_least", nearest_to_zero(found.interval), end),
        ("audio.ahead_at_least", found.interval.low.max(0.0), end),
    ] {
        sheet
            .number(name, value, "s", method)
            .of(n)
            .within(Some(found.interval))
            .with(&details);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Reread, Rig};
    use super::*;
    use fieldassay_model::Fact;
    use fieldassay_testkit::Lcg;
    use std::borrow::Cow;

    const RATE: u32 = 16_000;
    const START: i64 = 1_700_000_000_000_000_000;

    fn unit(random: &mut Lcg) -> f64 {
        f64::from(random.next_u32()) / f64::from(u32::MAX)
    }

    /// Events of a scene, seconds.
    fn events() -> Vec<f64> {
        let mut random = Lcg::new(11);
        let mut times: Vec<f64> = (0..24).map(|_| 1.0 + 27.0 * unit(&mut random)).collect();
        times.sort_by(f64::total_cmp);
        times
    }

    /// Thirty seconds of knocks in noise as messages of 1024 samples, stamped with their first sample.
    fn sound_rows(offset_secs: f64) -> Vec<OnsetRow> {
        let (mut random, events) = (Lcg::new(5), events());
        let mut rows = Vec::new();
        for message in 0..469_i64 {
            let mut data = Vec::new();
            for sample in 0..1024_i64 {
                let t = (message * 1024 + sample) as f64 / f64::from(RATE) - offset_secs;
                let knock: f64 = events
                    .iter()
                    .filter(|&&event| (event..event + 0.2).contains(&t))
                    .map(|event| (-(t - event) / 0.02).exp() * 0.8)
                    .sum();
                let value = (knock + 0.004) * (2.0 * unit(&mut random) - 1.0);
                #[expect(clippy::cast_possible_truncation, reason = "below full scale")]
                let value = (value * 20_000.0) as i16;
                data.extend(value.to_le_bytes());
            }
            let audio = Audio {
                format: Cow::Borrowed("pcm-s16"),
                sample_rate_hz: RATE,
                channels: 1,
                data: Cow::Owned(data),
            };
            let t_nanos = START + nanos(message as f64 * 1024.0 / f64::from(RATE));
            let at = At {
                t_nanos,
                log_nanos: t_nanos + 70_000_000,
                sampled: true,
            };
            reduce(&audio, at, &mut rows);
        }
        rows
    }

    /// Pictures at 30 Hz in which a square jumps at each event.
    struct Pictures;

    const PICTURE_LATENCY: i64 = 20_000_000;

    impl Reread for Pictures {
        fn samples(
            &self,
            _: usize,
            log_nanos: &[i64],
            each: &(dyn Fn(usize, At, Sample<'_>) + Sync),
        ) {
            let events = events();
            for (index, &log) in log_nanos.iter().enumerate() {
                let t_nanos = log - PICTURE_LATENCY;
                let t = (t_nanos - START) as f64 / 1e9;
                let jumps = events.iter().filter(|&&event| event <= t).count();
                let mut data = vec![90_u8; 64 * 48];
                for (place, pixel) in data.iter_mut().enumerate() {
                    let noise = (place * 7 + index * 13) % 5;
                    *pixel += u8::try_from(noise).unwrap();
                    if place % 64 / 16 == jumps % 4 {
                        *pixel = 220;
                    }
                }
                let image = fieldassay_formats::sensor::Image {
                    frame: Cow::Borrowed("camera"),
                    width: 64,
                    height: 48,
                    encoding: Cow::Borrowed("mono8"),
                    compressed: false,
                    step: 64,
                    big_endian: false,
                    data: Cow::Owned(data),
                };
                let at = At {
                    t_nanos,
                    log_nanos: log,
                    sampled: true,
                };
                each(index, at, Sample::Image(image));
            }
        }
    }

    fn track(rows: &[OnsetRow]) -> Track<'_, OnsetRow> {
        Track {
            stream: Some(0),
            topic: "/audio",
            frame: "",
            parent: "",
            log_nanos: &[],
            rows,
            start_nanos: START,
        }
    }

    fn facts(rows: &[OnsetRow], with_camera: bool) -> Vec<Fact> {
        let t_nanos: Vec<i64> = (0..900).map(|i| START + i * 33_333_333).collect();
        let log: Vec<i64> = t_nanos.iter().map(|t| t + PICTURE_LATENCY).collect();
        let camera = CameraStream {
            topic: "/image",
            frame: "camera",
            stream: 1,
            t_nanos: &t_nanos,
            log_nanos: &log,
            info: None,
        };
        let rig = Rig::default();
        let context = Context {
            rig: &rig,
            imus: &[],
            poses: &[],
            fixes: &[],
            reread: &Pictures,
            start_nanos: START,
        };
        let cameras = if with_camera { vec![camera] } else { vec![] };
        let mut all = outcome(track(rows), &context).facts;
        all.extend(sync(track(rows), &cameras, &context).facts);
        all
    }

    fn number(facts: &[Fact], name: &str) -> Option<f64> {
        match facts.iter().find(|fact| fact.name == name).unwrap().value {
            Some(FactValue::Number(value)) => Some(value),
            _ => None,
        }
    }

    #[test]
    fn the_offset_of_sound_is_found_with_its_sign() {
        // Sound that is recorded later than it was by the stamps is behind.
        for (late, expected) in [(0.0, 0.0), (0.12, -0.12), (-0.2, 0.2)] {
            let facts = facts(&sound_rows(late), true);
            let found = number(&facts, "audio.sync").unwrap();
            assert!((found - expected).abs() < 0.012, "{late}: {found}");
            let judged = number(&facts, "audio.sync_at_least").unwrap();
            let ahead = number(&facts, "audio.ahead_at_least").unwrap();
            if expected == 0.0 {
                assert!(judged.abs() < 0.012 && ahead < 0.012, "{judged} {ahead}");
            } else {
                assert!(judged * expected > 0.0 && judged.abs() > 0.09, "{judged}");
                assert_eq!(ahead > 0.0, expected > 0.0);
            }
        }
    }

    #[test]
    fn sound_alone_is_measured_and_the_rest_is_said() {
        let facts = facts(&sound_rows(0.0), false);
        assert_eq!(number(&facts, "audio.clipping"), Some(0.0));
        assert_eq!(number(&facts, "audio.silence"), Some(0.0));
        assert_eq!(number(&facts, "audio.sync"), None);
        assert_eq!(
            number(&super::tests::facts(&[], true), "audio.silence"),
            None
        );
    }

    #[test]
    fn silence_and_clipping_are_measured() {
        let mut rows = Vec::new();
        for message in 0..20_i16 {
            let value = if message < 10 { 0 } else { i16::MAX };
            let audio = Audio {
                format: Cow::Borrowed("s16le"),
                sample_rate_hz: 1000,
                channels: 1,
                data: Cow::Owned(value.to_le_bytes().repeat(100)),
            };
            let log_nanos = START + i64::from(message) * 100_000_000;
            let at = At {
                t_nanos: log_nanos,
                log_nanos,
                sampled: true,
            };
            reduce(&audio, at, &mut rows);
        }
        let facts = facts(&rows, false);
        assert!((number(&facts, "audio.silence").unwrap() - 1.0).abs() < 1e-6);
        assert_eq!(number(&facts, "audio.clipping"), Some(0.5));
        // Log times are when a message was complete.
        assert_eq!(rows[0].t_nanos, START - 95_000_000);
    }
}
