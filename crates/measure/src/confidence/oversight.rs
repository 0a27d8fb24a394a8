//! Do people still look: statistics of automation bias among those who review a machine's labels.
//!
//! Read [`detection`], [`changes`], [`anchoring`] and [`timing`] first. Seeded wrong labels must be as hard as real ones and
//! unknown to the reviewer. Not here: what to do about it; charts over time.

use super::{ConfidenceError, Predictions, at_least, range, same_length};
use crate::stats::{Interval, fisher_exact, normal_cdf, normal_quantile, normal_tail, wilson};
use serde::{Deserialize, Serialize};

/// Counts of seeded wrong labels and of right ones that a reviewer saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seeded {
    /// Wrong labels planted.
    pub planted: u64,
    /// Of those, labels the reviewer changed.
    pub caught: u64,
    /// Right labels seen.
    pub right: u64,
    /// Of those, labels the reviewer changed all the same.
    pub changed: u64,
}

/// How well a reviewer tells wrong from right.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Detection {
    /// Share of planted errors caught.
    pub hit_rate: f64,
    /// Lower end of Wilson's interval, which is what trust should rest on.
    pub hit_rate_low: f64,
    /// Upper end.
    pub hit_rate_high: f64,
    /// Share of right labels changed: over-correction.
    pub false_alarm_rate: f64,
    /// `d' = z(H) - z(F)`: how far wrong and right lie apart for the reviewer; with (k + 1/2) / (n + 1) for both rates.
    pub d_prime: f64,
    /// `c = -(z(H) + z(F)) / 2`: above 0 leans towards accepting, the mark of automation bias.
    pub criterion: f64,
}

/// Signal detection with the log-linear correction (Hautus 1995).
///
/// Errors: [`ConfidenceError`] without planted or right labels, or counts out of order. Cost: constant.
pub fn detection(seeded: &Seeded) -> Result<Detection, ConfidenceError> {
    let hits = wilson(seeded.caught, seeded.planted)?;
    wilson(seeded.changed, seeded.right)?;
    let z = |k: u64, n: u64| normal_quantile((k as f64 + 0.5) / (n as f64 + 1.0));
    let (hit, alarm) = (
        z(seeded.caught, seeded.planted)?,
        z(seeded.changed, seeded.right)?,
    );
    Ok(Detection {
        hit_rate: seeded.caught as f64 / seeded.planted as f64,
        hit_rate_low: hits.low,
        hit_rate_high: hits.high,
        false_alarm_rate: seeded.changed as f64 / seeded.right as f64,
        d_prime: hit - alarm,
        criterion: -0.5 * (hit + alarm),
    })
}

/// Changes a reviewer made against those the confidences foretell.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Changes {
    /// `sum (1 - p)`.
    pub expected: f64,
    /// Labels changed.
    pub actual: u64,
    /// Actual over expected; with a low hit rate, below 1 is rubber-stamping.
    pub ratio: f64,
    /// `P(changes <= actual)` if each label is changed with `1 - p` (Poisson-binomial): small for too few.
    pub p_too_few: f64,
    /// `P(changes >= actual)`.
    pub p_too_many: f64,
}

/// Items up to which the Poisson-binomial distribution is summed exactly; beyond, by the normal approximation with
/// continuity and skewness corrections (Volkova 1996).
const MOST_EXACT: usize = 5_000;

/// Expected against actual changes; `predictions` hold calibrated confidences and whether the label was left as it was.
///
/// Errors: [`ConfidenceError::OutOfRange`] where nothing is expected to change. Cost: `O(n^2)` up to 5,000 items, `O(n)` above.
pub fn changes(predictions: &Predictions<'_>) -> Result<Changes, ConfidenceError> {
    let wrong: Vec<f64> = predictions.iter().map(|(p, _)| 1.0 - p).collect();
    let actual = predictions.iter().filter(|(_, kept)| !kept).count();
    let expected: f64 = wrong.iter().sum();
    range(
        "expected changes",
        expected,
        expected > 0.0,
        "above 0: some confidence must be below 1",
    )?;
    let (at_most, below) = if wrong.len() <= MOST_EXACT {
        let ways = poisson_binomial(&wrong, actual);
        let at_most: f64 = ways.iter().sum();
        (
            at_most.min(1.0),
            at_most - ways.last().copied().unwrap_or(0.0),
        )
    } else {
        let cdf = |k: f64| volkova(&wrong, k);
        (
            cdf(actual as f64)?,
            if actual == 0 {
                0.0
            } else {
                cdf(actual as f64 - 1.0)?
            },
        )
    };
    Ok(Changes {
        expected,
        actual: actual as u64,
        ratio: actual as f64 / expected,
        p_too_few: at_most,
        p_too_many: (1.0 - below).clamp(0.0, 1.0),
    })
}

/// Probability of each count from 0 to `most` of independent events.
fn poisson_binomial(p: &[f64], most: usize) -> Vec<f64> {
    let mut ways = vec![0.0; most + 1];
    ways[0] = 1.0;
    for p in p {
        for k in (0..=most).rev() {
            let from_below = if k > 0 { ways[k - 1] * p } else { 0.0 };
            ways[k] = ways[k] * (1.0 - p) + from_below;
        }
    }
    ways
}

/// Refined normal approximation of `P(X <= k)`.
fn volkova(p: &[f64], k: f64) -> Result<f64, ConfidenceError> {
    let (mut mean, mut variance, mut third) = (0.0, 0.0, 0.0);
    for p in p {
        mean += p;
        variance += p * (1.0 - p);
        third += p * (1.0 - p) * (1.0 - 2.0 * p);
    }
    if variance == 0.0 {
        return Ok(f64::from(u8::from(k >= mean)));
    }
    let spread = variance.sqrt();
    let x = (k + 0.5 - mean) / spread;
    let density = (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
    let skewness = third / (variance * spread);
    Ok((normal_cdf(x)? + skewness * (1.0 - x * x) * density / 6.0).clamp(0.0, 1.0))
}

/// Errors with the machine's label shown and without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arms {
    /// Errors where the label was shown.
    pub shown_errors: u64,
    /// Items where it was.
    pub shown: u64,
    /// Errors where it was not.
    pub blind_errors: u64,
    /// Items where it was not.
    pub blind: u64,
}

/// What showing the label does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Anchoring {
    /// Share of errors shown less that blind: above 0, people take over the machine's errors.
    pub difference: f64,
    /// Interval at 95 % (Newcombe 1998, method 10: from two Wilson intervals).
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Fisher's exact test, two-sided: the sum of outcomes no likelier than the one seen.
    pub p_fisher: f64,
}

/// Compares the two arms.
///
/// Errors: [`ConfidenceError::Stats`] for an arm without items or more errors than items. Cost: `O(errors)`.
pub fn anchoring(arms: &Arms) -> Result<Anchoring, ConfidenceError> {
    let shown = wilson(arms.shown_errors, arms.shown)?;
    let blind = wilson(arms.blind_errors, arms.blind)?;
    let p = arms.shown_errors as f64 / arms.shown as f64;
    let q = arms.blind_errors as f64 / arms.blind as f64;
    let difference = p - q;
    Ok(Anchoring {
        difference,
        low: difference - (p - shown.low).hypot(blind.high - q),
        high: difference + (shown.high - p).hypot(q - blind.low),
        p_fisher: fisher_exact([
            [arms.shown_errors, arms.shown - arms.shown_errors],
            [arms.blind_errors, arms.blind - arms.blind_errors],
        ])?
        .two_sided,
    })
}

/// Whether time goes where doubt is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Timing {
    /// Rank correlation (Spearman) of review time with `1 - p`: should be above 0.
    pub correlation: f64,
    /// Ends of its interval at 95 % (Fisher's z with the variance of Bonett and Wright 2000).
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// One-sided p-value against "no more time where in doubt".
    pub p_value: f64,
    /// Share of reviews below the least time.
    pub hasty: f64,
}

/// Review times against confidences; `least_secs` is the time below which nobody can have looked.
///
/// Errors: [`ConfidenceError`] for fewer than four reviews, other lengths, times that are not finite and positive, or all alike
/// times or confidences ([`ConfidenceError::OneOutcome`]). Cost: two sorts.
pub fn timing(
    confidence: &[f64],
    time_secs: &[f64],
    least_secs: f64,
) -> Result<Timing, ConfidenceError> {
    same_length("time", time_secs.len(), confidence.len())?;
    at_least(
        "time",
        time_secs.len(),
        4,
        "a correlation of fewer reviews says nothing",
    )?;
    if let Some(bad) = time_secs.iter().find(|t| !(**t > 0.0 && t.is_finite())) {
        range("time_secs", *bad, false, "finite and above 0")?;
    }
    if let Some(index) = confidence.iter().position(|c| !(0.0..=1.0).contains(c)) {
        return Err(ConfidenceError::BadProbability {
            index,
            value: confidence[index],
        });
    }
    let doubt: Vec<f64> = confidence.iter().map(|c| 1.0 - c).collect();
    let n = confidence.len() as f64;
    let Some(r) = correlation(&ranks(&doubt), &ranks(time_secs)) else {
        return Err(ConfidenceError::OneOutcome {
            n: confidence.len(),
        });
    };
    // Just inside 1, where the transform is finite.
    let z = r.clamp(-1.0 + 1e-12, 1.0 - 1e-12).atanh();
    let spread = ((1.0 + 0.5 * r * r) / (n - 3.0)).sqrt();
    let around = Interval::normal(z, spread);
    let hasty = time_secs.iter().filter(|t| **t < least_secs).count();
    Ok(Timing {
        correlation: r,
        low: around.low.tanh(),
        high: around.high.tanh(),
        p_value: normal_tail(z * (n - 3.0).sqrt() / 1.06_f64.sqrt())?,
        hasty: hasty as f64 / n,
    })
}

/// Ranks from 1, ties at their mean.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    let mut found = vec![0.0; values.len()];
    let mut from = 0;
    for group in order.chunk_by(|&i, &j| values[i] == values[j]) {
        let rank = from as f64 + 0.5 * (group.len() + 1) as f64;
        for &i in group {
            found[i] = rank;
        }
        from += group.len();
    }
    found
}

/// Pearson's correlation; none where one side does not vary.
fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let n = a.len() as f64;
    let mean = |x: &[f64]| x.iter().sum::<f64>() / n;
    let (ma, mb) = (mean(a), mean(b));
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        aa += (a - ma) * (a - ma);
        bb += (b - mb) * (b - mb);
        ab += (a - ma) * (b - mb);
    }
    (aa > 0.0 && bb > 0.0).then(|| ab / (aa * bb).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    #[test]
    fn detection_by_hand() {
        let seeded = Seeded {
            planted: 100,
            caught: 50,
            right: 900,
            changed: 20,
        };
        let found = detection(&seeded).unwrap();
        assert!(
            (found.d_prime - 2.0).abs() < 0.02 && found.criterion > 0.9,
            "{found:?}"
        );
        assert_eq!(found.hit_rate, 0.5);
        // Perfect rates stay finite.
        let perfect = Seeded {
            planted: 10,
            caught: 10,
            right: 10,
            changed: 0,
        };
        assert!(detection(&perfect).unwrap().d_prime.is_finite());
        assert!(
            detection(&Seeded {
                planted: 0,
                ..perfect
            })
            .is_err()
        );
    }

    #[test]
    fn rubber_stamps_are_seen_and_honest_reviewers_are_not() {
        let mut random = SplitMix::new(12);
        let mut blamed = 0;
        for _ in 0..300 {
            let confidence: Vec<f64> = (0..60).map(|_| 0.5 + 0.5 * random.unit()).collect();
            let kept: Vec<bool> = confidence.iter().map(|p| random.unit() < *p).collect();
            let found = changes(&Predictions::new(&confidence, &kept).unwrap()).unwrap();
            blamed += usize::from(found.p_too_few <= 0.05);
        }
        assert!(blamed <= 15 + 12, "{blamed}");
        let confidence = [0.7; 100];
        let stamped = changes(&Predictions::new(&confidence, &[true; 100]).unwrap()).unwrap();
        assert!(stamped.p_too_few < 1e-12 && stamped.ratio == 0.0 && stamped.p_too_many == 1.0);
        assert!(changes(&Predictions::new(&[1.0], &[true]).unwrap()).is_err());
    }

    #[test]
    fn approximation_meets_the_exact_sum() {
        let p: Vec<f64> = (0..2000)
            .map(|i| 0.01 + 0.1 * f64::from(i % 7) / 7.0)
            .collect();
        let exact = poisson_binomial(&p, 100);
        for k in [60, 80, 100] {
            let sum: f64 = exact[..=k].iter().sum();
            assert!((volkova(&p, k as f64).unwrap() - sum).abs() < 1e-4);
        }
    }

    #[test]
    fn arms_by_published_tables() {
        // Newcombe 1998, table II: 56/70 against 48/80 has 0.2000, 0.0524 to 0.3339.
        let found = anchoring(&Arms {
            shown_errors: 56,
            shown: 70,
            blind_errors: 48,
            blind: 80,
        })
        .unwrap();
        assert!((found.low - 0.0524).abs() < 1e-4 && (found.high - 0.3339).abs() < 1e-4);
        // Fisher's tea: 3 of 4 against 1 of 4.
        let tea = Arms {
            shown_errors: 3,
            shown: 4,
            blind_errors: 1,
            blind: 4,
        };
        assert!((anchoring(&tea).unwrap().p_fisher - 34.0 / 70.0).abs() < 1e-12);
        assert!(anchoring(&Arms { shown: 0, ..tea }).is_err());
    }

    #[test]
    fn time_goes_where_doubt_is() {
        let confidence: Vec<f64> = (0..50).map(|i| 0.5 + 0.01 * f64::from(i)).collect();
        let careful: Vec<f64> = confidence.iter().map(|p| 2.0 + 10.0 * (1.0 - p)).collect();
        let found = timing(&confidence, &careful, 2.5).unwrap();
        assert!((found.correlation - 1.0).abs() < 1e-12 && found.p_value < 1e-6);
        assert!((found.hasty - 0.08).abs() < 0.03, "{found:?}");
        assert!(timing(&confidence, &[1.0; 50], 1.0).is_err());
        assert!(timing(&confidence[..3], &careful[..3], 1.0).is_err());
        assert!(timing(&confidence, &[-1.0; 50], 1.0).is_err());
    }
}
