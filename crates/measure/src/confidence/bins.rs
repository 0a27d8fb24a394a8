//! Reliability: how often predictions of a confidence are right.
//!
//! Read [`Binning`] and [`reliability`] first. Not here: scores without bins ([`super::scores`]).

use super::{Classes, ConfidenceError, Predictions, at_least};
use crate::stats::{Interval, Resampling, SplitMix, quantiles, wilson};
use serde::Serialize;

/// How confidences are put into bins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binning {
    /// So many bins of the same width from 0 to 1; right-open, the last closed.
    Width(usize),
    /// So many bins with the same number of items, the first ones one larger (numpy `array_split`); equal confidences may
    /// fall into neighboring bins, in the order of the input.
    Mass(usize),
}

/// One bin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Bin {
    /// Items in it.
    pub n: usize,
    /// Their mean confidence; 0 if empty.
    pub confidence: f64,
    /// Share of right ones; 0 if empty.
    pub accuracy: f64,
    /// Ends of Wilson's interval of the accuracy; 0 and 1 if empty.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Lower and upper edge of each of so many bins of the same width, as [`Binning::Width`] has them.
pub fn width_edges(bins: usize) -> impl Iterator<Item = (f64, f64)> {
    let edge = move |bin: usize| bin as f64 / bins as f64;
    (0..bins).map(move |bin| (edge(bin), edge(bin + 1)))
}

/// Reliability over bins.
#[derive(Clone, Debug, PartialEq)]
pub struct Reliability {
    /// Bins from low to high confidence; empty ones too.
    pub bins: Vec<Bin>,
    /// Expected calibration error, `sum n_b / n |accuracy - confidence|`.
    pub ece: f64,
    /// Largest gap of any bin.
    pub mce: f64,
    /// Mean gap of the bins that hold items (average calibration error).
    pub ace: f64,
    /// Root of the mean squared gap.
    pub rms: f64,
    /// ECE less what chance alone gives in bins so small: the squared gaps less `accuracy (1 - accuracy) / (n_b - 1)`, at
    /// least 0, rooted (Bröcker 2012; Kumar, Liang and Ma 2019): an RMS error.
    pub rms_debiased: f64,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    n: usize,
    confidence: f64,
    right: usize,
}

fn width_bin(confidence: f64, bins: usize) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the number of bins"
    )]
    let bin = ((confidence * bins as f64) as usize).min(bins - 1);
    // The product may round over an edge that numpy's comparison with `bin / bins` does not pass.
    if bin > 0 && confidence < bin as f64 / bins as f64 {
        bin - 1
    } else if bin + 1 < bins && confidence >= (bin + 1) as f64 / bins as f64 {
        bin + 1
    } else {
        bin
    }
}

fn sums(predictions: &Predictions<'_>, binning: Binning) -> Vec<Sums> {
    let add = |sums: &mut Sums, (confidence, correct): (f64, bool)| {
        sums.n += 1;
        sums.confidence += confidence;
        sums.right += usize::from(correct);
    };
    match binning {
        Binning::Width(bins) => {
            let mut found = vec![Sums::default(); bins];
            for (confidence, correct) in predictions.iter() {
                add(
                    &mut found[width_bin(confidence, bins)],
                    (confidence, correct),
                );
            }
            found
        }
        Binning::Mass(bins) => {
            let mut items: Vec<(f64, bool)> = predictions.iter().collect();
            items.sort_by(|a, b| a.0.total_cmp(&b.0));
            let (each, more) = (items.len() / bins, items.len() % bins);
            let mut found = vec![Sums::default(); bins];
            let mut from = 0;
            for (i, bin) in found.iter_mut().enumerate() {
                let to = from + each + usize::from(i < more);
                for item in &items[from..to] {
                    add(bin, *item);
                }
                from = to;
            }
            found
        }
    }
}

fn summary(sums: &[Sums]) -> Reliability {
    let total: usize = sums.iter().map(|s| s.n).sum();
    let mut found = Reliability {
        bins: Vec::with_capacity(sums.len()),
        ece: 0.0,
        mce: 0.0,
        ace: 0.0,
        rms: 0.0,
        rms_debiased: 0.0,
    };
    let mut filled = 0.0;
    for sum in sums {
        if sum.n == 0 {
            found.bins.push(Bin {
                high: 1.0,
                ..Bin::default()
            });
            continue;
        }
        let n = sum.n as f64;
        let (confidence, accuracy) = (sum.confidence / n, sum.right as f64 / n);
        let gap = (accuracy - confidence).abs();
        let share = n / total as f64;
        found.ece += share * gap;
        found.mce = found.mce.max(gap);
        found.ace += gap;
        found.rms += share * gap * gap;
        let chance = if sum.n > 1 {
            accuracy * (1.0 - accuracy) / (n - 1.0)
        } else {
            gap * gap
        };
        found.rms_debiased += share * (gap * gap - chance);
        filled += 1.0;
        let interval = wilson(sum.right as u64, sum.n as u64);
        let interval = interval.unwrap_or(Interval {
            low: 0.0,
            high: 1.0,
        });
        found.bins.push(Bin {
            n: sum.n,
            confidence,
            accuracy,
            low: interval.low,
            high: interval.high,
        });
    }
    found.ace /= filled;
    found.rms = found.rms.sqrt();
    found.rms_debiased = found.rms_debiased.max(0.0).sqrt();
    found
}

/// Accuracy against confidence over bins, and the errors made of it (Naeini et al. 2015; Guo et al. 2017).
///
/// ECE grows with the number of bins and shrinks with items: compare only at the same binning, and see `rms_debiased`.
/// Agrees with netcal 1.3.6 (ECE, MCE, ACE) and scikit-learn 1.9.1 `calibration_curve`.
/// Errors: [`ConfidenceError::TooFew`] for no bins, or more bins of equal mass than items. Cost: `O(n)`, one sort for mass.
pub fn reliability(
    predictions: &Predictions<'_>,
    binning: Binning,
) -> Result<Reliability, ConfidenceError> {
    checked(predictions, binning)?;
    Ok(summary(&sums(predictions, binning)))
}

fn checked(predictions: &Predictions<'_>, binning: Binning) -> Result<(), ConfidenceError> {
    match binning {
        Binning::Width(bins) => at_least("bins", bins, 1, "15 is usual"),
        Binning::Mass(bins) => {
            at_least("bins", bins, 1, "15 is usual")?;
            at_least("confidence", predictions.n(), bins, "ask for fewer bins")
        }
    }
}

/// Percentile intervals at 95 % of the expected calibration error and of the largest gap, over drawn items.
///
/// Errors of drawn items are biased upward by the noise of bins, so the intervals are of the estimates, not of the truth of a
/// calibrated model; they serve to compare models. None below two items. Cost: `O(resamples n)`.
pub fn error_intervals(
    predictions: &Predictions<'_>,
    binning: Binning,
    how: Resampling,
) -> Result<Option<[Interval; 2]>, ConfidenceError> {
    checked(predictions, binning)?;
    if predictions.n() < 2 || how.resamples == 0 {
        return Ok(None);
    }
    let items: Vec<(f64, bool)> = predictions.iter().collect();
    let mut random = SplitMix::new(how.seed);
    let mut found: [Vec<f64>; 2] = std::array::from_fn(|_| Vec::with_capacity(how.resamples));
    let (mut confidence, mut correct) = (vec![0.0; items.len()], vec![false; items.len()]);
    for _ in 0..how.resamples {
        for (c, r) in confidence.iter_mut().zip(&mut correct) {
            (*c, *r) = items[random.below(items.len())];
        }
        let drawn = Predictions {
            confidence: &confidence,
            correct: &correct,
        };
        let errors = summary(&sums(&drawn, binning));
        found[0].push(errors.ece);
        found[1].push(errors.mce);
    }
    let mut intervals = [Interval {
        low: 0.0,
        high: 0.0,
    }; 2];
    for (interval, list) in intervals.iter_mut().zip(&mut found) {
        let ends = quantiles(list, &[0.025, 0.975])?;
        *interval = Interval {
            low: ends[0],
            high: ends[1],
        };
    }
    Ok(Some(intervals))
}

/// The first of [`error_intervals`].
pub fn ece_interval(
    predictions: &Predictions<'_>,
    binning: Binning,
    how: Resampling,
) -> Result<Option<Interval>, ConfidenceError> {
    let both = error_intervals(predictions, binning, how)?;
    Ok(both.map(|[ece, _]| ece))
}

/// Mean over classes of the calibration error of each class's probability (Nixon et al. 2019, class-wise ECE): sees what the
/// top class alone hides.
///
/// Errors: [`ConfidenceError::TooFew`] for no bins. Cost: `O(n classes)`.
pub fn classwise_ece(classes: &Classes<'_>, bins: usize) -> Result<f64, ConfidenceError> {
    at_least("bins", bins, 1, "15 is usual")?;
    let mut found = vec![Sums::default(); bins * classes.classes()];
    for (row, label) in classes.rows() {
        for (class, p) in row.iter().enumerate() {
            let sum = &mut found[class * bins + width_bin(*p, bins)];
            sum.n += 1;
            sum.confidence += p;
            sum.right += usize::from(class == label);
        }
    }
    let all: f64 = found.chunks_exact(bins).map(|sums| summary(sums).ece).sum();
    Ok(all / classes.classes() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    #[test]
    fn edges_belong_to_the_bin_above_and_one_to_the_last() {
        for (x, bin) in [
            (0.0, 0),
            (0.1, 1),
            (0.3, 3),
            (0.6, 6),
            (0.7, 7),
            (0.9, 9),
            (1.0, 9),
        ] {
            assert_eq!(width_bin(x, 10), bin, "{x}");
        }
        assert_eq!(width_bin(0.3_f64.next_down(), 10), 2);
    }

    #[test]
    fn perfect_and_overconfident() {
        let confidence = [0.75; 8];
        let perfect = [true, true, true, false, true, true, true, false];
        let found = reliability(
            &Predictions::new(&confidence, &perfect).unwrap(),
            Binning::Width(15),
        )
        .unwrap();
        assert_eq!(
            (found.ece, found.mce, found.ace, found.rms_debiased),
            (0.0, 0.0, 0.0, 0.0)
        );
        let wrong = [false; 8];
        let found = reliability(
            &Predictions::new(&confidence, &wrong).unwrap(),
            Binning::Mass(4),
        )
        .unwrap();
        assert_eq!((found.ece, found.mce), (0.75, 0.75));
        assert!(Predictions::new(&[1.2], &[true]).is_err() && Predictions::new(&[], &[]).is_err());
        assert!(Predictions::new(&[f64::NAN], &[true]).is_err());
        let few = Predictions::new(&confidence, &wrong).unwrap();
        assert!(
            reliability(&few, Binning::Mass(9)).is_err()
                && reliability(&few, Binning::Width(0)).is_err()
        );
    }

    #[test]
    fn debiasing_takes_away_what_noise_adds() {
        // A calibrated model with few items per bin.
        let mut random = SplitMix::new(2);
        let (mut plain, mut debiased) = (0.0, 0.0);
        for _ in 0..100 {
            let confidence: Vec<f64> = (0..300).map(|_| random.unit()).collect();
            let correct: Vec<bool> = confidence.iter().map(|c| random.unit() < *c).collect();
            let predictions = Predictions::new(&confidence, &correct).unwrap();
            let found = reliability(&predictions, Binning::Width(15)).unwrap();
            plain += found.rms / 100.0;
            debiased += found.rms_debiased / 100.0;
        }
        assert!(plain > 0.07 && debiased < 0.035, "{plain} {debiased}");
    }

    #[test]
    fn every_class_counts() {
        let p = [0.8, 0.2, 0.8, 0.2, 0.8, 0.2, 0.8, 0.2, 0.8, 0.2];
        let classes = Classes::new(&p, &[0, 0, 0, 0, 1], 2).unwrap();
        assert!(classwise_ece(&classes, 10).unwrap() < 1e-12);
        assert!(Classes::new(&[0.5, 0.6], &[0], 2).is_err());
        assert!(
            Classes::new(&[0.5, 0.5], &[2], 2).is_err() && Classes::new(&[1.0], &[0], 1).is_err()
        );
        let (confidence, correct) = classes.top();
        let how = Resampling {
            resamples: 50,
            seed: 1,
        };
        let top = Predictions::new(&confidence, &correct).unwrap();
        assert!(
            ece_interval(&top, Binning::Width(10), how)
                .unwrap()
                .is_some()
        );
    }
}
