//! Runs of identical values.

use super::Sample;

/// Samples in a block of which the share of natural repeats is estimated.
const BLOCK: usize = 512;
/// Fewer runs than this in a block say nothing about natural repeats.
const LEAST_RUNS: usize = 64;
/// Longer runs than this are counted as this long when natural repeats are estimated.
const LEAST_RUN: usize = 5;
/// Chance of a false alarm per series.
const CHANCE: f64 = 1e-4;

/// A run of identical values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StuckRun {
    /// First sample.
    pub start: usize,
    /// Sample after the last one.
    pub end: usize,
}

/// Runs of one axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Runs {
    /// Length of the longest run, samples.
    pub longest: usize,
    /// Length from which a run cannot be natural.
    pub limit: usize,
    /// Chance that a value repeats by nature, in the block where it is greatest.
    pub repeat_ratio: f64,
    /// Runs of at least `limit`, in order, at most 1000.
    pub stuck: Vec<StuckRun>,
}

/// Runs of bit-identical values too long to be natural.
///
/// Coarse converters repeat values at rest. In the block of 512 samples with the greatest share of repeats, the
/// share `p` of runs longer than one (and among those, of runs longer than two) is taken as the chance of a
/// repeat; a run of length `L` is unnatural when `n p^(L-1) < 1e-4`, and never below 5. Blocks with fewer than
/// 64 runs are left out, so what is stuck does not excuse itself. Cost: one pass; two bytes of memory per block.
/// Source: five samples as in the signals reference, B.5; the chance is our own.
pub fn runs(values: &[f64]) -> Runs {
    let mut repeat_ratio: f64 = 0.0;
    let mut candidates = Vec::new();
    let mut longest = usize::from(!values.is_empty());
    let (mut start, mut counts) = (0, [0_usize; 3]);
    let mut close = |start: usize, end: usize, counts: &mut [usize; 3]| {
        let length = end - start;
        longest = longest.max(length);
        counts[0] += 1;
        counts[1] += usize::from(length > 1);
        counts[2] += usize::from(length > 2);
        if length >= LEAST_RUN {
            candidates.push(StuckRun { start, end });
        }
    };
    // Places where a value may differ from the one before, block by block.
    let mut first = 1;
    while first < values.len() {
        let last = (first + BLOCK).min(values.len());
        let (now, before) = (&values[first..last], &values[first - 1..last - 1]);
        let same = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits();
        let repeats: usize = now
            .iter()
            .zip(before)
            .map(|pair| usize::from(same(pair)))
            .sum();
        if repeats == 0 {
            close(start, first, &mut counts);
            counts[0] += last - 1 - first;
            start = last - 1;
        } else {
            for (i, pair) in now.iter().zip(before).enumerate() {
                if !same(pair) {
                    close(start, first + i, &mut counts);
                    start = first + i;
                }
            }
        }
        repeat_ratio = repeat_ratio.max(ratio(counts));
        counts = [0; 3];
        first = last;
    }
    if !values.is_empty() {
        close(start, values.len(), &mut counts);
    }
    let limit = limit_of(repeat_ratio, values.len());
    candidates.retain(|run| run.end - run.start >= limit);
    candidates.truncate(1000);
    Runs {
        longest,
        limit,
        repeat_ratio,
        stuck: candidates,
    }
}

/// Chance of a repeat in a block: the greater of the shares of runs that go on after one and after two samples.
fn ratio([all, longer, longest]: [usize; 3]) -> f64 {
    if all < LEAST_RUNS {
        return 0.0;
    }
    let first = longer as f64 / all as f64;
    let second = if longer >= 16 {
        longest as f64 / longer as f64
    } else {
        0.0
    };
    first.max(second)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the length is positive and saturates"
)]
fn limit_of(repeat_ratio: f64, n: usize) -> usize {
    if repeat_ratio <= 0.0 || n == 0 {
        return LEAST_RUN;
    }
    // The estimate itself scatters; two standard deviations of 64 runs.
    let p = (repeat_ratio + 2.0 * (repeat_ratio * (1.0 - repeat_ratio) / 64.0).sqrt()).min(0.99);
    let length = 1.0 + (CHANCE / n as f64).ln() / p.ln();
    (length.ceil() as usize).max(LEAST_RUN)
}

/// Samples whose six values all equal those of the sample before, and the number of pairs.
///
/// NaN equals the same NaN. Cost: one pass.
pub fn repeated_samples(samples: &[Sample]) -> (usize, usize) {
    let same = |a: [f64; 3], b: [f64; 3]| (0..3).all(|k| a[k].to_bits() == b[k].to_bits());
    let count = samples
        .windows(2)
        .filter(|pair| same(pair[0].gyro, pair[1].gyro) && same(pair[0].accel, pair[1].accel))
        .count();
    (count, samples.len().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;

    #[test]
    fn quantized_rest_is_natural_and_a_frozen_axis_is_not() {
        for seed in 0..100 {
            for ratio in [0.0, 0.2, 1.0, 3.0] {
                let mut noise = Noise::new(seed);
                let values: Vec<f64> = (0..10_000_i32)
                    .map(|i| {
                        // Rest with a noise of a fraction of a step, then motion.
                        let motion = if i > 4000 {
                            20.0 * (f64::from(i) * 0.01).sin()
                        } else {
                            0.3
                        };
                        let x = motion + noise.normal();
                        if ratio > 0.0 {
                            (x / ratio).round() * ratio
                        } else {
                            x
                        }
                    })
                    .collect();
                let clean = runs(&values);
                assert!(clean.stuck.is_empty(), "{seed} {ratio} {clean:?}");
                // With steps of three standard deviations rest itself stands still for that long.
                if ratio > 2.0 {
                    continue;
                }
                let mut bad = values;
                let value = bad[7000];
                bad[7000..7100].fill(value);
                assert_eq!(runs(&bad).stuck.len(), 1, "{seed} {ratio}");
            }
        }
    }
}
