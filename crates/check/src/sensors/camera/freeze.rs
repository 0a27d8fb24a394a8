//! Images that repeat: exact copies by digest, without decoding, and pictures that do not change.

use super::moving::{Moving, moving};
use super::{Flagged, Frame, Look, MOST_STRETCHES, View};
use crate::facts::sheet::{Annotate, Sheet, count_detail, text_detail};
use fieldassay_measure::image::sequence::{freeze_runs, mafd};
use fieldassay_measure::stats::wilson;

/// Equal images that make a run: two may be a driver that sends one twice.
const LEAST_EQUAL: usize = 3;
/// Mean absolute difference over the range up to which pictures count as frozen (`FFmpeg` freezedetect, -60 dB).
const MOST_MAFD: f64 = 0.001;
/// Seconds pictures must stay so alike (`FFmpeg` freezedetect); exact copies need no such patience.
const LEAST_ALIKE_SECS: f64 = 2.0;
/// Difference of the pictures before and after that only another view makes: five grey levels on average, twice what
/// sensor noise of two levels makes.
const OTHER_VIEW_MAFD: f64 = 0.02;

/// A run of equal images.
struct Run {
    start: (i64, i64),
    end: (i64, i64),
    frames: usize,
    method: &'static str,
    moving: Moving,
    witness: &'static str,
}

impl Run {
    /// Seconds from the first of the equal images to the last, by header stamps where they advance.
    fn secs(&self) -> f64 {
        let (t, log) = (self.end.0 - self.start.0, self.end.1 - self.start.1);
        if t > 0 {
            t as f64 / 1e9
        } else {
            log as f64 / 1e9
        }
    }
}

pub(super) fn facts(view: &View<'_>, sheet: &mut Sheet, flagged: &mut Vec<Flagged>) {
    let names = [
        ("camera.freeze", "s"),
        ("camera.freeze_still", "s"),
        ("camera.duplicate", "share"),
    ];
    if view.frames.len() < LEAST_EQUAL {
        return sheet.none_of(&names, "fewer than three images");
    }
    let mut runs = equal_runs(&view.frames);
    let mut alike = alike_runs(&view.looks);
    alike.retain(|a| {
        !runs
            .iter()
            .any(|r| r.start.1 <= a.end.1 && a.start.1 <= r.end.1)
    });
    runs.append(&mut alike);
    for run in &mut runs {
        judge(view, run);
    }
    runs.sort_by(|a, b| b.secs().total_cmp(&a.secs()));
    let (still, moved): (Vec<&Run>, Vec<&Run>) =
        runs.iter().partition(|run| run.moving != Moving::Yes);
    for (name, runs) in [("camera.freeze", &moved), ("camera.freeze_still", &still)] {
        write(sheet, name, runs);
    }
    for run in moved.iter().take(MOST_STRETCHES) {
        flagged.push(Flagged {
            code: "camera.freeze",
            title: "frozen while moving".to_owned(),
            start_nanos: run.start.1,
            end_nanos: run.end.1,
            size: run.secs(),
        });
    }
    duplicates(view, sheet, &still);
}

fn write(sheet: &mut Sheet, name: &str, runs: &[&Run]) {
    if runs.is_empty() {
        sheet.number(name, 0.0, "s", "runs of images with one digest");
    }
    for run in runs.iter().take(MOST_STRETCHES) {
        sheet
            .number(name, run.secs(), "s", run.method)
            .at(run.start.1, run.end.1)
            .with(&[
                count_detail("frames", run.frames as u64),
                text_detail("witness", run.witness),
            ]);
    }
}

/// Share of exact copies of the image before, those of a scene that may have been still left out.
fn duplicates(view: &View<'_>, sheet: &mut Sheet, still: &[&Run]) {
    let (mut copies, mut pairs) = (0_u64, 0_u64);
    for pair in view.frames.windows(2) {
        let [a, b] = pair else { continue };
        let calm = still
            .iter()
            .any(|run| run.start.1 <= a.log_nanos && b.log_nanos <= run.end.1);
        if calm {
            continue;
        }
        pairs += 1;
        copies += u64::from(a.digest == b.digest);
    }
    if pairs == 0 {
        return sheet.none(
            "camera.duplicate",
            "share",
            "the scene was still all the time",
        );
    }
    sheet
        .number(
            "camera.duplicate",
            copies as f64 / pairs as f64,
            "share",
            "digest of the pixels equal to that of the image before",
        )
        .within(wilson(copies, pairs).ok())
        .with(&[count_detail("copies", copies)]);
}

fn equal_runs(frames: &[Frame]) -> Vec<Run> {
    frames
        .chunk_by(|a, b| a.digest == b.digest && a.bytes == b.bytes)
        .filter(|run| run.len() >= LEAST_EQUAL)
        .filter_map(|run| {
            let (first, last) = (run.first()?, run.last()?);
            Some(Run {
                start: (first.t_nanos, first.log_nanos),
                end: (last.t_nanos, last.log_nanos),
                frames: run.len(),
                method: "images with one digest",
                moving: Moving::Unknown,
                witness: "nothing",
            })
        })
        .collect()
}

fn alike_runs(looks: &[Look]) -> Vec<Run> {
    freeze_runs(looks.iter().map(|look| look.grid.as_slice()), MOST_MAFD)
        .into_iter()
        .filter_map(|range| {
            let run = looks.get(range)?;
            let (first, last) = (run.first()?, run.last()?);
            Some(Run {
                start: (first.t_nanos, first.log_nanos),
                end: (last.t_nanos, last.log_nanos),
                frames: run.len(),
                method: "mean absolute difference to the first image of the run at 3072 points",
                moving: Moving::Unknown,
                witness: "nothing",
            })
        })
        .filter(|run| run.secs() >= LEAST_ALIKE_SECS)
        .collect()
}

/// Asks the other sensors, then the picture itself: one that jumps when it thaws hid something.
fn judge(view: &View<'_>, run: &mut Run) {
    run.moving = moving(view.context, run.start.0, run.end.0);
    run.witness = match run.moving {
        Moving::Yes => "another sensor moved",
        Moving::No => "the other sensors were still",
        Moving::Unknown => "no other sensor",
    };
    if run.moving == Moving::Yes {
        return;
    }
    let inside = view
        .looks
        .partition_point(|look| look.log_nanos < run.start.1);
    let after = view
        .looks
        .partition_point(|look| look.log_nanos <= run.end.1);
    let during = view.looks.get(inside..after).and_then(<[Look]>::last);
    let during = during.or_else(|| view.looks.get(inside.checked_sub(1)?));
    // The next look may be half a second late; the scene does not become another in that time unless it moves anyway.
    let differs = during.zip(view.looks.get(after)).is_some_and(|(a, b)| {
        mafd(&a.grid, &b.grid).is_ok_and(|d| d > OTHER_VIEW_MAFD) && brightness_is_alike(a, b)
    });
    if differs {
        run.moving = Moving::Yes;
        run.witness = "the picture jumped when it thawed";
    }
}

/// A lamp or the exposure changes the mean; a moved view hardly does.
fn brightness_is_alike(a: &Look, b: &Look) -> bool {
    (a.mean - b.mean).abs() < 0.5 * 256.0 * OTHER_VIEW_MAFD
}
