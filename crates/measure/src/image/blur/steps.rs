//! Blur that comes or goes from one frame to the next.

use super::Sharpness;
use crate::stats::{MAD_TO_SIGMA, median};

/// Change of both logarithms from look to look below which no step of [`LEAST_LEVEL_STEP`] is looked for: what a
/// scene changes in half a second may hide part of it.
const LEAST_GAP: f64 = 0.15;
/// Change of the logarithm of the ratio of fine to coarse detail, at least. Blur to 0.7 of the variance makes 0.25;
/// the largest step in 450 s of sharp frames of a
/// simulated arm is 0.2.
const LEAST_RATIO_STEP: f64 = 0.2;
/// Change of the logarithm of the variance, at least: a quarter is lost.
const LEAST_LEVEL_STEP: f64 = 0.288;
/// Standard deviations of the steps between other frames: of the ratio, whose coarse part changes with how texture
/// falls on the pixels, and of the variance.
const LEAST_SCORE: [f64; 2] = [3.0, 5.0];
/// Times the largest other step of the same run.
const LEAST_LEAD: [f64; 2] = [1.5, 2.5];
/// Part of the step that coarse detail may take part in. Blur to half leaves a fifth, to a quarter a third; another
/// scene or another contrast changes both alike.
const MOST_COARSE_SHARE: f64 = 0.6;
/// Change of the logarithm of the variance from which on blur may be heavy: half is lost.
const HEAVY: f64 = 0.69;
/// Part of the step that is left between the medians of the frames before and after: one odd frame leaves nothing.
const LEAST_KEPT: f64 = 0.6;
/// Times the usual time between frames: over a hole or a frozen picture the scene may have changed.
const MOST_SPACING: f64 = 2.5;
/// Steps beside the one judged.
const LEAST_OTHERS: usize = 3;
/// Scatter is not taken to be below this: the logarithms of a steady view move that much.
const LEAST_SCATTER: f64 = 0.01;

/// How sharp a frame was, and when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SharpFrame {
    /// Time, nanoseconds.
    pub nanos: i64,
    /// How sharp.
    pub sharpness: Sharpness,
}

/// Frames in a row, in order of time, that reach a little over both ends of a gap between two looks.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameRun {
    /// Look before the gap, nanoseconds.
    pub start_nanos: i64,
    /// Look after it.
    pub end_nanos: i64,
    /// Frames, those of the looks among them.
    pub frames: Vec<SharpFrame>,
}

/// Sharpness that changes from one frame to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SharpnessStep {
    /// Last frame before.
    pub before_nanos: i64,
    /// First frame after.
    pub after_nanos: i64,
    /// Change of the natural logarithm of the variance of the Laplacian; negative where blur begins.
    pub change: f64,
    /// Standard deviation of such changes between other frames of the same camera.
    pub scatter: f64,
}

/// Gaps between neighboring looks in which sharpness may have changed at once, the most telling first: at most `most`
/// in which it fell and as many in which it rose. Given as the index of the look before the gap.
///
/// Told from the change of the variance and of its ratio to that at a quarter or a sixteenth of the size. Empty for fewer than two
/// looks. Cost: a sort of the looks.
pub fn suspect_gaps(looks: &[Sharpness], most: usize) -> Vec<usize> {
    let changes: Vec<[f64; 2]> = looks
        .windows(2)
        .filter_map(|pair| <&[Sharpness; 2]>::try_from(pair).ok())
        .map(telling)
        .collect();
    let mut gaps = Vec::new();
    for sign in [-1.0, 1.0] {
        let mut found: Vec<(f64, usize)> = changes
            .iter()
            .enumerate()
            .filter(|(_, [ratio, level])| sign * ratio >= LEAST_GAP && sign * level >= LEAST_GAP)
            .map(|(at, [ratio, _])| (ratio.abs(), at))
            .collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        gaps.extend(found.into_iter().take(most));
    }
    gaps.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    gaps.into_iter().map(|(_, at)| at).collect()
}

/// The largest step of each run, where it is that of blur; by time.
///
/// A scene changes little from one frame to the next, so a step is compared with the other steps of the same run and
/// with the robust scatter of the steps of all runs. It counts where the variance of the Laplacian and its ratio to
/// that at a quarter of the size, or at a sixteenth, fall, or rise, together: by at least ln 4/3 and 0.2, 5 and 3 standard deviations, 2.5
/// and 1.5 times the largest other step of the run; where coarse detail takes part in at most 0.6 of it, and the medians
/// of the frames before and after keep 0.6 of it. Copies of a frame are left out; over holes between frames nothing is
/// judged, nor in runs of fewer than five frames.
///
/// Cost: linear.
pub fn sudden_steps(runs: &[FrameRun]) -> Vec<SharpnessStep> {
    let mut steps: Vec<SharpnessStep> = SCALES
        .iter()
        .flat_map(|coarse| steps_against(runs, *coarse))
        .collect();
    steps.sort_by_key(|step| step.after_nanos);
    steps.dedup_by_key(|step| step.after_nanos);
    steps
}

/// The steps of one scale of coarse detail.
fn steps_against(runs: &[FrameRun], coarse: Coarse) -> Vec<SharpnessStep> {
    let candidates: Vec<Candidate> = runs
        .iter()
        .filter_map(|run| Candidate::new(run, coarse))
        .collect();
    let scatter = |column: usize| {
        let mut sizes: Vec<f64> = candidates
            .iter()
            .flat_map(|candidate| candidate.others.iter().map(|step| step[column].abs()))
            .collect();
        median(&mut sizes).map_or(LEAST_SCATTER, |m| (MAD_TO_SIGMA * m).max(LEAST_SCATTER))
    };
    let scatter = [scatter(0), scatter(1)];
    candidates
        .iter()
        .filter(|candidate| candidate.is_blur(scatter))
        .map(|candidate| SharpnessStep {
            before_nanos: candidate.before_nanos,
            after_nanos: candidate.after_nanos,
            change: candidate.step[1],
            scatter: scatter[1],
        })
        .collect()
}

/// Which coarse detail the variance is compared with.
type Coarse = fn(&Sharpness) -> f64;

/// Slight blur leaves detail at a quarter of the size alone, heavy blur only that at a sixteenth.
const SCALES: [Coarse; 2] = [|s| s.coarse_variance, |s| s.coarsest_variance];

/// Change of the logarithms of the ratio and of the variance.
fn change([before, after]: &[Sharpness; 2], coarse: Coarse) -> [f64; 2] {
    let (a, b) = (before.against(coarse(before)), after.against(coarse(after)));
    [b[0] - a[0], b[1] - a[1]]
}

/// The change at the scale that tells most: a sixteenth only where so much of the variance is lost that blur takes
/// detail at a quarter along.
fn telling(pair: &[Sharpness; 2]) -> [f64; 2] {
    let [fine, heavy] = SCALES.map(|coarse| change(pair, coarse));
    let along = |[ratio, level]: [f64; 2]| ratio * level.signum();
    if heavy[1].abs() >= HEAVY && along(heavy) > along(fine) {
        heavy
    } else {
        fine
    }
}

/// The largest step of a run and what there is to compare it with.
struct Candidate {
    before_nanos: i64,
    after_nanos: i64,
    /// Ratio, variance.
    step: [f64; 2],
    /// Between the medians of the frames before and after, variance.
    kept: f64,
    others: Vec<[f64; 2]>,
}

impl Candidate {
    fn new(run: &FrameRun, coarse: Coarse) -> Option<Self> {
        let mut frames = run.frames.clone();
        frames.dedup_by_key(|frame| frame.sharpness);
        let mut spacings: Vec<f64> = frames
            .windows(2)
            .filter_map(|pair| Some(pair.last()?.nanos.saturating_sub(pair.first()?.nanos) as f64))
            .collect();
        let widest = MOST_SPACING * median(&mut spacings).ok()?;
        let mut best: Option<(usize, [f64; 2])> = None;
        let mut steps = Vec::with_capacity(frames.len());
        for (at, pair) in frames.windows(2).enumerate() {
            let [a, b] = pair else { continue };
            let step = change(&[a.sharpness, b.sharpness], coarse);
            steps.push(step);
            let inside = a.nanos >= run.start_nanos && b.nanos <= run.end_nanos;
            let near = b.nanos.saturating_sub(a.nanos) as f64 <= widest;
            if inside && near && best.is_none_or(|(_, other)| step[0].abs() > other[0].abs()) {
                best = Some((at, step));
            }
        }
        let (at, step) = best?;
        let level = |part: &[SharpFrame]| {
            let mut levels: Vec<f64> = part.iter().map(|f| f.sharpness.logarithms()[1]).collect();
            median(&mut levels).ok()
        };
        let (before, after) = frames.split_at_checked(at + 1)?;
        steps.remove(at);
        (steps.len() >= LEAST_OTHERS).then_some(())?;
        Some(Self {
            before_nanos: before.last()?.nanos,
            after_nanos: after.first()?.nanos,
            step,
            kept: level(after)? - level(before)?,
            others: steps,
        })
    }

    fn is_blur(&self, scatter: [f64; 2]) -> bool {
        let [ratio, level] = self.step;
        let least = [LEAST_RATIO_STEP, LEAST_LEVEL_STEP];
        let stands_out = (0..2).all(|k| {
            let other = self.others.iter().map(|step| step[k].abs());
            let other = other.fold(0.0, f64::max);
            let needed = least[k]
                .max(LEAST_SCORE[k] * scatter[k])
                .max(LEAST_LEAD[k] * other);
            self.step[k].abs() >= needed
        });
        stands_out
            && (level - ratio).abs() <= MOST_COARSE_SHARE * level.abs()
            && ratio.signum() == level.signum()
            && self.kept * level.signum() >= LEAST_KEPT * level.abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;

    const PERIOD: i64 = 100_000_000;

    /// Ten frames, four of them outside the gap; from frame `from` on the two variances are multiplied.
    fn run(noise: &mut Noise, from: usize, (fine, coarse): (f64, f64)) -> FrameRun {
        let frames = (0_u32..10)
            .map(|i| {
                let drift = 0.02 * f64::from(i) + 0.02 * noise.normal();
                let after = i as usize >= from;
                let factor = |x: f64| if after { x } else { 1.0 };
                SharpFrame {
                    nanos: i64::from(i) * PERIOD,
                    sharpness: Sharpness {
                        variance: 400.0 * drift.exp() * factor(fine),
                        coarse_variance: 1200.0
                            * (drift + 0.01 * noise.normal()).exp()
                            * factor(coarse),
                        coarsest_variance: 1500.0
                            * (drift + 0.01 * noise.normal()).exp()
                            * factor(coarse),
                    },
                }
            })
            .collect();
        FrameRun {
            start_nanos: 2 * PERIOD,
            end_nanos: 7 * PERIOD,
            frames,
        }
    }

    #[test]
    fn blur_that_comes_at_once_is_placed_and_sized() {
        let mut noise = Noise::new(5);
        let mut found = 0;
        for _ in 0..300 {
            let clean = run(&mut noise, 10, (1.0, 1.0));
            let blurred = run(&mut noise, 5, (0.5, 0.9));
            let sharp = run(&mut noise, 4, (2.0, 1.1));
            assert!(sudden_steps(std::slice::from_ref(&clean)).is_empty());
            let steps = sudden_steps(&[blurred, clean, sharp]);
            found += u32::from(steps.len() == 2);
            for step in steps {
                let fall = step.change < 0.0;
                assert_eq!(step.after_nanos, if fall { 5 } else { 4 } * PERIOD);
                assert_eq!(step.before_nanos, step.after_nanos - PERIOD);
                assert!((step.change.abs() - 0.693).abs() < 0.15);
            }
        }
        assert!(found >= 295, "{found} of 300");
    }

    #[test]
    fn scenes_contrast_copies_holes_and_odd_frames_are_no_blur() {
        let mut noise = Noise::new(6);
        let none = |run: FrameRun| assert!(sudden_steps(&[run]).is_empty());
        // Another scene or contrast; steps outside the gap.
        none(run(&mut noise, 5, (0.5, 0.5)));
        none(run(&mut noise, 5, (0.5, 0.6)));
        none(run(&mut noise, 5, (0.5, 1.6)));
        none(run(&mut noise, 1, (0.5, 0.9)));
        none(run(&mut noise, 9, (0.5, 0.9)));
        // One blurred frame.
        let mut odd = run(&mut noise, 10, (1.0, 1.0));
        odd.frames[5].sharpness.variance *= 0.5;
        none(odd);
        // A hole of half a second.
        let mut hole = run(&mut noise, 5, (0.5, 0.9));
        for frame in &mut hole.frames[5..] {
            frame.nanos += 5 * PERIOD;
        }
        hole.end_nanos += 5 * PERIOD;
        none(hole);
        // The same picture for five frames, then another.
        let mut frozen = run(&mut noise, 5, (0.5, 0.9));
        let held = frozen.frames[0].sharpness;
        for frame in &mut frozen.frames[..5] {
            frame.sharpness = held;
        }
        none(frozen);
        let mut few = run(&mut noise, 5, (0.5, 0.9));
        few.frames = few.frames[4..7].to_vec();
        none(few);
        assert!(sudden_steps(&[]).is_empty());
    }

    #[test]
    fn heavy_blur_takes_coarse_detail_along() {
        let mut noise = Noise::new(6);
        let mut heavy = run(&mut noise, 5, (0.4, 0.3));
        assert!(sudden_steps(std::slice::from_ref(&heavy)).is_empty());
        for frame in &mut heavy.frames[5..] {
            frame.sharpness.coarsest_variance *= 0.9 / 0.3;
        }
        let found = sudden_steps(&[heavy.clone()]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].after_nanos, heavy.frames[5].nanos);
        let looks: Vec<Sharpness> = heavy.frames.iter().map(|f| f.sharpness).collect();
        assert_eq!(suspect_gaps(&looks, 8), [4]);
    }

    #[test]
    fn gaps_are_ranked_on_both_sides() {
        let look = |variance: f64, coarse_variance: f64| Sharpness {
            variance,
            coarse_variance,
            coarsest_variance: coarse_variance,
        };
        let looks = [
            look(400.0, 900.0),
            look(410.0, 900.0),
            look(200.0, 850.0),
            look(190.0, 850.0),
            look(300.0, 860.0),
            look(290.0, 860.0),
            look(240.0, 860.0),
            look(120.0, 430.0),
        ];
        assert_eq!(suspect_gaps(&looks, 8), [1, 3, 5]);
        assert_eq!(suspect_gaps(&looks, 1), [1, 3]);
        assert!(suspect_gaps(&looks[..1], 8).is_empty());
    }
}
