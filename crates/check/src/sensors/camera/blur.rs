//! Blurred stretches, told from changes of the scene by how suddenly they come.
//!
//! Looks (two per second) say where to look; there frames are read again one by one, and [`sudden_steps`] judges.

use super::moving::turns_faster;
use super::{FRAMES_PER_CAMERA, Flagged, Look, MOST_STRETCHES, View, borrowed, coarse_variances};
use crate::facts::sheet::{Annotate, Sheet, count_detail};
use fieldassay_formats::media::{GreyImage, Scale};
use fieldassay_measure::image::blur::{
    BlurOptions, FrameRun, SharpFrame, Sharpness, SharpnessStep, blurred_stretches, sudden_steps,
    suspect_gaps,
};
use fieldassay_measure::image::scan;
use fieldassay_measure::stats::{Interval, Z95};
use fieldassay_model::FactValue;
use std::collections::{BTreeMap, BTreeSet};

/// Looks from which a camera's own scatter is known.
const LEAST_LOOKS: usize = 12;
/// Gaps between looks that are read again in which sharpness fell most, and as many in which it rose.
const MOST_GAPS: usize = 8;
/// Frames read on both sides of a gap, so that a step at its end has something to compare with.
const FRAMES_BESIDE: usize = 2;
/// Frames read again in one gap: half a second at 60 images per second.
const FRAMES_PER_GAP: usize = 32;
/// Shorter blur is one of a jolt.
const LEAST_NANOS: i64 = 1_000_000_000;
/// Blur ends where at least this part of the fall is made good.
const LEAST_RETURN: f64 = 0.5;
/// Part of the variance that must be lost where only one end of a stretch is sudden.
const LEAST_OF_ONE_END: f64 = 0.4;
const METHOD: &str = "change of the variance of the Laplacian from one frame to the next, against that between the frames beside it";
const GRADUAL_METHOD: &str =
    "variance of the Laplacian over that of its surroundings, scatter of the camera's own log";
const NAMES: [(&str, &str); 2] = [("camera.blur", "share"), ("camera.blur_gradual", "share")];

pub(super) fn facts(view: &View<'_>, sheet: &mut Sheet, flagged: &mut Vec<Flagged>) {
    if let Some(reason) = view.no_light(LEAST_LOOKS) {
        return sheet.none_of(&NAMES, &reason);
    }
    let looks: Vec<&Look> = view.looks.iter().filter(|look| look.is_light()).collect();
    let sharpness: Vec<Sharpness> = looks
        .iter()
        .map(|look| Sharpness {
            variance: look.variance,
            coarse_variance: look.coarse_variance,
            coarsest_variance: look.coarsest_variance,
        })
        .collect();
    let sudden = sudden(view, &looks, &sharpness);
    for stretch in &sudden {
        stretch.put(looks.len(), sheet);
        if !stretch.doubtful {
            flagged.push(Flagged {
                code: "camera.blur",
                title: "blurred".to_owned(),
                start_nanos: stretch.start_nanos,
                end_nanos: stretch.end_nanos,
                size: 1.0 - stretch.ratio,
            });
        }
    }
    if sudden.iter().all(|stretch| stretch.doubtful) {
        sheet
            .number(NAMES[0].0, 0.0, NAMES[0].1, METHOD)
            .of(looks.len());
    }
    let said = sudden.iter().any(|stretch| stretch.doubtful);
    gradual(&looks, &sharpness, (&sudden, said), sheet);
}

/// What is less sharp than its surroundings without a sudden end.
fn gradual(
    looks: &[&Look],
    sharpness: &[Sharpness],
    (sudden, mut said): (&[Stretch], bool),
    sheet: &mut Sheet,
) {
    let (name, unit) = NAMES[1];
    let mut stretches = match blurred_stretches(sharpness, BlurOptions::default()) {
        Ok(stretches) => stretches,
        Err(error) => return sheet.none(name, unit, &error.to_string()),
    };
    stretches.sort_by(|a, b| a.ratio_high.total_cmp(&b.ratio_high));
    for stretch in stretches.iter().take(MOST_STRETCHES) {
        let (Some(first), Some(last)) = (looks.get(stretch.first), looks.get(stretch.last)) else {
            continue;
        };
        let (start, end) = (first.log_nanos, last.log_nanos);
        if sudden
            .iter()
            .any(|s| s.start_nanos <= end && s.end_nanos >= start)
        {
            continue;
        }
        said = true;
        sheet
            .number(
                name,
                (1.0 - stretch.ratio_high).max(0.0),
                unit,
                GRADUAL_METHOD,
            )
            .at(start, end)
            .of(looks.len())
            .within(Some(Interval {
                low: 1.0 - stretch.ratio_high,
                high: 1.0 - stretch.ratio_low,
            }))
            .with(&[
                ("variance_ratio", FactValue::Number(stretch.ratio)),
                ("lost_share", FactValue::Number(1.0 - stretch.ratio)),
                ("score", FactValue::Number(stretch.score)),
                count_detail("looks", (stretch.last - stretch.first + 1) as u64),
            ]);
    }
    if !said {
        sheet
            .number(name, 0.0, unit, GRADUAL_METHOD)
            .of(looks.len());
    }
}

/// A stretch that blur came to or left at once.
struct Stretch {
    start_nanos: i64,
    end_nanos: i64,
    /// Variance of the Laplacian over that of the frames beside, and the ends of its interval.
    ratio: f64,
    ratio_low: f64,
    ratio_high: f64,
    /// Ends that are inside the log.
    edges: u64,
    score: f64,
    /// The camera turned faster within it, which blurs pictures of any camera; or only one of its ends is sudden and
    /// little is lost, which another scene can do.
    doubtful: bool,
}

impl Stretch {
    /// From the steps at its ends, where the log has them.
    fn new(
        view: &View<'_>,
        (start_nanos, end_nanos): (i64, i64),
        (fall, rise): (Option<SharpnessStep>, Option<SharpnessStep>),
    ) -> Option<Self> {
        let lost = [fall.map(|step| -step.change), rise.map(|step| step.change)];
        let n = lost.iter().flatten().count() as f64;
        let scatter = fall.or(rise)?.scatter;
        let mean = lost.iter().flatten().sum::<f64>() / n;
        // The scene may differ between the ends, and with it what blur takes away.
        let apart = match lost {
            [Some(a), Some(b)] => 0.5 * (a - b).abs(),
            _ => 0.0,
        };
        let half = (Z95 * scatter / n.sqrt()).max(apart);
        let turning = [fall, rise]
            .iter()
            .flatten()
            .all(|step| turns_at(view, step));
        let ratio_high = (-mean + half).exp();
        let slight = n < 2.0 && 1.0 - ratio_high < LEAST_OF_ONE_END;
        Some(Self {
            start_nanos,
            end_nanos,
            ratio: (-mean).exp(),
            ratio_low: (-mean - half).exp(),
            ratio_high,
            edges: lost.iter().flatten().count() as u64,
            score: mean / scatter,
            doubtful: turning || slight,
        })
    }

    fn put(&self, looks: usize, sheet: &mut Sheet) {
        let (name, unit) = NAMES[usize::from(self.doubtful)];
        sheet
            .number(name, (1.0 - self.ratio_high).max(0.0), unit, METHOD)
            .at(self.start_nanos, self.end_nanos)
            .of(looks)
            .within(Some(Interval {
                low: 1.0 - self.ratio_high,
                high: 1.0 - self.ratio_low,
            }))
            .with(&[
                ("variance_ratio", FactValue::Number(self.ratio)),
                ("lost_share", FactValue::Number(1.0 - self.ratio)),
                ("score", FactValue::Number(self.score)),
                count_detail("sudden_ends", self.edges),
            ]);
    }
}

/// Whether the camera turned faster on the blurred side of a step.
fn turns_at(view: &View<'_>, step: &SharpnessStep) -> bool {
    let stamp = |log_nanos: i64| {
        let at = view.frames.partition_point(|f| f.log_nanos < log_nanos);
        view.frames.get(at).map(|frame| frame.t_nanos)
    };
    let (Some(before), Some(after)) = (stamp(step.before_nanos), stamp(step.after_nanos)) else {
        return false;
    };
    turns_faster(view.context, (before, after), step.change < 0.0)
}

fn sudden(view: &View<'_>, looks: &[&Look], sharpness: &[Sharpness]) -> Vec<Stretch> {
    let mut curve = Curve {
        view,
        known: looks
            .iter()
            .zip(sharpness)
            .map(|(look, sharpness)| (look.log_nanos, *sharpness))
            .collect(),
        tried: BTreeSet::new(),
    };
    let mut gaps = suspect_gaps(sharpness, MOST_GAPS);
    curve.read(looks, &mut gaps);
    let mut steps = sudden_steps(&curve.runs(looks, &gaps));
    if is_open(&steps) {
        // The other end may hide behind a change of the scene: the gaps around the step, the nearest first.
        let at = steps.first().map_or(0, |step| step.before_nanos);
        let mut rest: Vec<usize> = (0..looks.len().saturating_sub(1)).collect();
        rest.sort_by_key(|gap| looks.get(*gap).map(|look| look.log_nanos.abs_diff(at)));
        rest.retain(|gap| !gaps.contains(gap));
        gaps.append(&mut rest);
        curve.read(looks, &mut gaps);
        steps = sudden_steps(&curve.runs(looks, &gaps));
    }
    let whole = match (looks.first(), looks.last()) {
        (Some(first), Some(last)) => (first.log_nanos, last.log_nanos),
        _ => return Vec::new(),
    };
    let mut stretches: Vec<Stretch> = paired(&steps, whole)
        .into_iter()
        .filter(|(window, _)| window.1.saturating_sub(window.0) >= LEAST_NANOS)
        .filter_map(|(window, ends)| Stretch::new(view, window, ends))
        .collect();
    stretches.sort_by(|a, b| a.ratio_high.total_cmp(&b.ratio_high));
    stretches.truncate(MOST_STRETCHES);
    stretches
}

/// Whether blur begins without an end or ends without a beginning.
fn is_open(steps: &[SharpnessStep]) -> bool {
    steps.first().is_some_and(|step| step.change > 0.0)
        || steps.last().is_some_and(|step| step.change < 0.0)
}

type Ends = (Option<SharpnessStep>, Option<SharpnessStep>);

/// Falls and the rises that end them. What begins before the log, or ends after it, is cut off there.
fn paired(steps: &[SharpnessStep], whole: (i64, i64)) -> Vec<((i64, i64), Ends)> {
    let mut out = Vec::new();
    let mut open: Option<SharpnessStep> = None;
    for (index, step) in steps.iter().enumerate() {
        match open {
            None if step.change < 0.0 => open = Some(*step),
            None if index == 0 => out.push(((whole.0, step.before_nanos), (None, Some(*step)))),
            Some(fall) if step.change >= LEAST_RETURN * -fall.change => {
                let window = (fall.after_nanos, step.before_nanos);
                out.push((window, (open.take(), Some(*step))));
            }
            _ => {}
        }
    }
    out.extend(open.map(|fall| ((fall.after_nanos, whole.1), (open, None))));
    out
}

/// Sharpness of the frames that were looked at or read again, by log time.
struct Curve<'a> {
    view: &'a View<'a>,
    known: BTreeMap<i64, Sharpness>,
    tried: BTreeSet<i64>,
}

impl Curve<'_> {
    /// Reads the frames in and beside the gaps as far as the budget goes; gaps beyond it are dropped.
    fn read(&mut self, looks: &[&Look], gaps: &mut Vec<usize>) {
        let mut wanted = BTreeSet::new();
        let mut kept = Vec::with_capacity(gaps.len());
        for gap in gaps.iter() {
            let times = self.frames_of(looks, *gap);
            let new = times.iter().filter(|t| {
                !self.known.contains_key(t) && !self.tried.contains(t) && !wanted.contains(*t)
            });
            let new: Vec<i64> = new.copied().collect();
            if self.tried.len() + wanted.len() + new.len() > FRAMES_PER_CAMERA {
                break;
            }
            wanted.extend(new);
            kept.push(*gap);
        }
        *gaps = kept;
        let times: Vec<i64> = wanted.iter().copied().collect();
        self.known
            .extend(self.view.again(&times, Scale::Full, sharpness_of));
        self.tried.append(&mut wanted);
    }

    /// Log times of the frames in and beside a gap.
    fn frames_of(&self, looks: &[&Look], gap: usize) -> Vec<i64> {
        let (Some(a), Some(b)) = (looks.get(gap), looks.get(gap + 1)) else {
            return Vec::new();
        };
        let frames = &self.view.frames;
        let first = frames.partition_point(|f| f.log_nanos < a.log_nanos);
        let last = frames.partition_point(|f| f.log_nanos <= b.log_nanos);
        let beside = first.saturating_sub(FRAMES_BESIDE)..last + FRAMES_BESIDE;
        let beside = beside.start..beside.end.min(frames.len());
        let inside = frames.get(beside).unwrap_or(&[]);
        let stride = inside
            .len()
            .div_ceil(FRAMES_PER_GAP + 2 * FRAMES_BESIDE)
            .max(1);
        inside.iter().step_by(stride).map(|f| f.log_nanos).collect()
    }

    fn runs(&self, looks: &[&Look], gaps: &[usize]) -> Vec<FrameRun> {
        let run = |gap: &usize| {
            let (a, b) = (looks.get(*gap)?, looks.get(gap + 1)?);
            let mut times: BTreeSet<i64> = self.frames_of(looks, *gap).into_iter().collect();
            times.extend([a.log_nanos, b.log_nanos]);
            let frame = |t: i64| {
                let sharpness = *self.known.get(&t)?;
                Some(SharpFrame {
                    nanos: t,
                    sharpness,
                })
            };
            Some(FrameRun {
                start_nanos: a.log_nanos,
                end_nanos: b.log_nanos,
                frames: times.into_iter().filter_map(frame).collect(),
            })
        };
        gaps.iter().filter_map(run).collect()
    }
}

fn sharpness_of(decoded: &GreyImage) -> Option<Sharpness> {
    let image = borrowed(decoded)?;
    let [coarse_variance, coarsest_variance] = coarse_variances(&image);
    Some(Sharpness {
        variance: scan(&image, None).ok()?.laplacian_variance(),
        coarse_variance,
        coarsest_variance,
    })
}
