//! Maps from a model's scores to probabilities that are right as often as they say.
//!
//! Read [`temperature`], [`Platt`], [`Isotonic`] and [`BetaMap`] first. Fit on data the model was not trained on, and judge
//! on other data again. Not here: measuring calibration ([`super::bins`]).

use super::{Classes, ConfidenceError, at_least, same_length};
use crate::stats::largest;
use crate::stats::regression::Regression;
use serde::Serialize;

/// A temperature and what it changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Temperature {
    /// Logits are divided by it; above 1 the model was too sure.
    #[serde(rename = "T")]
    pub t: f64,
    /// Mean negative log likelihood at T = 1.
    pub nll_before: f64,
    /// Mean negative log likelihood at T.
    pub nll_after: f64,
}

/// Smallest and largest `1 / T` looked for.
const SCALES: (f64, f64) = (1e-6, 1e6);

/// Mean negative log likelihood of logits times `scale`, and its first two derivatives by `scale`.
fn likelihood(classes: &Classes<'_>, scale: f64) -> (f64, f64, f64) {
    let (mut nll, mut first, mut second) = (0.0, 0.0, 0.0);
    for (row, label) in classes.rows() {
        let (_, top) = largest(row);
        let (mut sum, mut mean, mut square) = (0.0, 0.0, 0.0);
        for z in row {
            // From the largest logit, so that nothing overflows.
            let d = z - top;
            let w = (scale * d).exp();
            sum += w;
            mean += w * d;
            square += w * d * d;
        }
        mean /= sum;
        let here = row[label] - top;
        nll += sum.ln() - scale * here;
        first += mean - here;
        second += (square / sum - mean * mean).max(0.0);
    }
    let n = classes.n() as f64;
    (nll / n, first / n, second / n)
}

/// Temperature of least log loss (Guo et al. 2017), by safeguarded Newton steps on `1 / T`, in which the loss is convex.
///
/// Errors: [`ConfidenceError::OneOutcome`] where every item is right (or every best class wrong beyond repair) so that no
/// finite temperature is best. Cost: about ten passes of `O(n classes)`.
pub fn temperature(logits: &Classes<'_>) -> Result<Temperature, ConfidenceError> {
    let (nll_before, ..) = likelihood(logits, 1.0);
    let none = ConfidenceError::OneOutcome { n: logits.n() };
    // Without a wrong item surer is always better; labels below the mean logit want no certainty at all.
    let is_beaten = |(row, label): (&[f64], usize)| row[label] < largest(row).1;
    if !logits.rows().any(is_beaten) || likelihood(logits, SCALES.0).1 >= 0.0 {
        return Err(none);
    }
    let (mut low, mut high) = SCALES;
    let mut scale = 1.0;
    for _ in 0..200 {
        let (_, first, second) = likelihood(logits, scale);
        if first == 0.0 {
            break;
        }
        if first < 0.0 {
            low = scale;
        } else {
            high = scale;
        }
        let newton = scale - first / second;
        let next = if newton > low && newton < high {
            newton
        } else {
            (low * high).sqrt()
        };
        if (next - scale).abs() <= 1e-15 * scale {
            break;
        }
        scale = next;
    }
    // A flat loss has no best temperature either.
    if !(scale > 2.0 * SCALES.0 && scale < 0.5 * SCALES.1) {
        return Err(none);
    }
    Ok(Temperature {
        t: 1.0 / scale,
        nll_before,
        nll_after: likelihood(logits, scale).0,
    })
}

/// Softmax of logits over a temperature, in place of `out` (cleared). Cost: `O(n classes)`.
pub fn softmax(logits: &[f64], classes: usize, t: f64, out: &mut Vec<f64>) {
    out.clear();
    if classes == 0 {
        return;
    }
    for row in logits.chunks_exact(classes) {
        let (_, top) = largest(row);
        let from = out.len();
        out.extend(row.iter().map(|z| ((z - top) / t).exp()));
        let sum: f64 = out[from..].iter().sum();
        out[from..].iter_mut().for_each(|p| *p /= sum);
    }
}

/// Logistic regression on a few features; none where no finite weights are best.
fn logistic<const K: usize>(features: &[[f64; K]], target: &[f64]) -> Option<[f64; K]> {
    let fitted = Regression {
        table: features.as_flattened(),
        width: K,
        target,
        c: 1.0,
        ridge: 0.0,
        most_steps: 200,
    };
    let found = fitted.solve();
    // A loss of nothing is that of outcomes which the features separate: larger weights are always better.
    let is_separated =
        found.loss < 1e-9 * target.len() as f64 || found.parameters.iter().any(|w| w.abs() > 1e8);
    if !found.is_converged || is_separated {
        return None;
    }
    found.parameters.try_into().ok()
}

fn both_outcomes(field: &'static str, n: usize, correct: &[bool]) -> Result<(), ConfidenceError> {
    same_length("correct", correct.len(), n)?;
    at_least(field, n, 2, "a fit needs right and wrong items")?;
    let right = correct.iter().filter(|c| **c).count();
    if right == 0 || right == correct.len() {
        return Err(ConfidenceError::OneOutcome { n });
    }
    Ok(())
}

fn finite(values: &[f64]) -> Result<(), ConfidenceError> {
    match values.iter().position(|x| !x.is_finite()) {
        Some(index) => Err(ConfidenceError::BadProbability {
            index,
            value: values[index],
        }),
        None => Ok(()),
    }
}

/// `p = 1 / (1 + exp(a score + b))` (Platt 1999).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Platt {
    /// Slope; negative where a higher score is more often right.
    pub a: f64,
    /// Offset.
    pub b: f64,
}

impl Platt {
    /// Least log loss against the targets `(N+ + 1) / (N+ + 2)` and `1 / (N- + 2)`, which keep the weights finite; as
    /// scikit-learn 1.9.1, to the end of convergence.
    ///
    /// Errors: [`ConfidenceError`] for other lengths, scores that are not finite, or one outcome only. Cost: about ten passes.
    pub fn fit(score: &[f64], correct: &[bool]) -> Result<Self, ConfidenceError> {
        both_outcomes("score", score.len(), correct)?;
        finite(score)?;
        let right = correct.iter().filter(|c| **c).count() as f64;
        let wrong = correct.len() as f64 - right;
        let (high, low) = ((right + 1.0) / (right + 2.0), 1.0 / (wrong + 2.0));
        let target: Vec<f64> = correct
            .iter()
            .map(|c| if *c { high } else { low })
            .collect();
        let features: Vec<[f64; 2]> = score.iter().map(|s| [*s, 1.0]).collect();
        // Scores that are all alike leave the offset alone.
        let are_alike = score.windows(2).all(|pair| pair[0] == pair[1]);
        if !are_alike && let Some([a, b]) = logistic(&features, &target) {
            return Ok(Self { a: -a, b: -b });
        }
        let mean = target.iter().sum::<f64>() / target.len() as f64;
        Ok(Self {
            a: 0.0,
            b: ((1.0 - mean) / mean).ln(),
        })
    }

    /// The probability of a score.
    pub fn apply(&self, score: f64) -> f64 {
        1.0 / (1.0 + (self.a * score + self.b).exp())
    }
}

/// A map that never falls: straight between thresholds, level beyond them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Isotonic {
    /// Scores, ascending.
    #[serde(rename = "X_thresholds")]
    pub x: Vec<f64>,
    /// Probabilities, never falling.
    #[serde(rename = "y_thresholds")]
    pub y: Vec<f64>,
}

impl Isotonic {
    /// Least squares among maps that never fall, by pooling adjacent violators (Ayer et al. 1955); equal scores are one point,
    /// and of each level only its first and last score are kept (as scikit-learn 1.9.1).
    ///
    /// Errors: [`ConfidenceError`] for no scores, other lengths, or scores that are not finite. Cost: one sort.
    pub fn fit(score: &[f64], correct: &[bool]) -> Result<Self, ConfidenceError> {
        same_length("correct", correct.len(), score.len())?;
        at_least("score", score.len(), 1, "nothing was predicted")?;
        finite(score)?;
        let mut items: Vec<(f64, bool)> =
            score.iter().copied().zip(correct.iter().copied()).collect();
        items.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Blocks of score range, right ones and count; counts are whole, so levels of a block are exactly equal.
        let mut blocks: Vec<(f64, f64, u64, u64)> = Vec::new();
        for group in items.chunk_by(|a, b| a.0 == b.0) {
            let x = group[0].0;
            let right = group.iter().filter(|(_, c)| *c).count() as u64;
            blocks.push((x, x, right, group.len() as u64));
            while let [.., before, last] = blocks.as_mut_slice() {
                // right/n of the one before is not below that of the last.
                let is_rising = u128::from(before.2) * u128::from(last.3)
                    < u128::from(last.2) * u128::from(before.3);
                if is_rising {
                    break;
                }
                *before = (before.0, last.1, before.2 + last.2, before.3 + last.3);
                blocks.pop();
            }
        }
        let mut map = Self {
            x: Vec::new(),
            y: Vec::new(),
        };
        for (first, last, right, n) in blocks {
            let level = right as f64 / n as f64;
            map.x.push(first);
            map.y.push(level);
            if last > first {
                map.x.push(last);
                map.y.push(level);
            }
        }
        Ok(map)
    }

    /// The probability of a score. Cost: `O(log n)`.
    pub fn apply(&self, score: f64) -> f64 {
        let after = self.x.partition_point(|x| *x <= score);
        match (after.checked_sub(1), self.x.get(after)) {
            (None, _) => self.y.first().copied().unwrap_or(f64::NAN),
            (Some(i), None) => self.y[i],
            (Some(i), Some(next)) => {
                let share = (score - self.x[i]) / (next - self.x[i]);
                self.y[i] + share * (self.y[after] - self.y[i])
            }
        }
    }
}

/// `p = 1 / (1 + exp(-(a ln s - b ln(1 - s) + c)))` (Kull, Silva Filho and Flach 2017), which can leave well calibrated
/// probabilities as they are, as Platt's map cannot.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BetaMap {
    /// Weight of `ln s`, at least 0.
    pub a: f64,
    /// Weight of `-ln(1 - s)`, at least 0.
    pub b: f64,
    /// Offset.
    pub c: f64,
}

/// Confidences are kept this far from 0 and 1.
const EDGE: f64 = 1e-12;

fn logs(s: f64) -> (f64, f64) {
    let s = s.clamp(EDGE, 1.0 - EDGE);
    (s.ln(), -(1.0 - s).ln())
}

impl BetaMap {
    /// Largest likelihood with `a` and `b` at least 0, so that the map never falls: a negative weight is set to 0 and the rest
    /// fitted again, as the paper does.
    ///
    /// Errors: [`ConfidenceError`] for confidences outside 0 to 1, one outcome, or outcomes that confidence separates
    /// completely. Cost: at most three fits of about ten passes.
    pub fn fit(confidence: &[f64], correct: &[bool]) -> Result<Self, ConfidenceError> {
        both_outcomes("confidence", confidence.len(), correct)?;
        super::Predictions::new(confidence, correct)?;
        let separated = ConfidenceError::OneOutcome { n: correct.len() };
        let target: Vec<f64> = correct.iter().map(|c| f64::from(u8::from(*c))).collect();
        let full: Vec<[f64; 3]> = confidence
            .iter()
            .map(|s| {
                let (low, high) = logs(*s);
                [low, high, 1.0]
            })
            .collect();
        let one =
            |column: usize| -> Vec<[f64; 2]> { full.iter().map(|x| [x[column], 1.0]).collect() };
        if let Some([a, b, c]) = logistic(&full, &target)
            && a >= 0.0
            && b >= 0.0
        {
            return Ok(Self { a, b, c });
        }
        let only_b = logistic(&one(1), &target).filter(|w| w[0] >= 0.0);
        let only_a = logistic(&one(0), &target).filter(|w| w[0] >= 0.0);
        let candidates = [
            only_a.map(|[a, c]| Self { a, b: 0.0, c }),
            only_b.map(|[b, c]| Self { a: 0.0, b, c }),
        ];
        let loss = |map: &Self| -> f64 {
            let items = confidence.iter().zip(correct);
            items
                .map(|(s, c)| {
                    let p = map.apply(*s);
                    -(if *c { p } else { 1.0 - p }).max(1e-300).ln()
                })
                .sum()
        };
        let found = candidates.into_iter().flatten();
        let best = found.min_by(|x, y| loss(x).total_cmp(&loss(y)));
        if let Some(best) = best {
            return Ok(best);
        }
        // Confidence against the outcome: the best map that never falls is level.
        let mean = |want: bool| {
            let of = confidence.iter().zip(correct).filter(|(_, c)| **c == want);
            let (sum, n) = of.fold((0.0, 0.0), |(sum, n), (s, _)| (sum + s, n + 1.0));
            sum / n
        };
        if mean(true) > mean(false) {
            return Err(separated);
        }
        let share = target.iter().sum::<f64>() / target.len() as f64;
        Ok(Self {
            a: 0.0,
            b: 0.0,
            c: (share / (1.0 - share)).ln(),
        })
    }

    /// The probability of a confidence.
    pub fn apply(&self, confidence: f64) -> f64 {
        let (low, high) = logs(confidence);
        1.0 / (1.0 + (-(self.a * low + self.b * high + self.c)).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Predictions;
    use super::super::bins::{Binning, reliability};
    use super::*;
    use crate::stats::SplitMix;
    use proptest::prelude::*;

    /// Confidences of a model that is too sure: truth is half way to one half in log odds.
    fn too_sure(seed: u64, n: usize) -> (Vec<f64>, Vec<bool>) {
        let mut random = SplitMix::new(seed);
        let mut draw = || {
            let s = 0.02 + 0.96 * random.unit();
            let odds: f64 = 0.5 * (s / (1.0 - s)).ln();
            (s, random.unit() < 1.0 / (1.0 + (-odds).exp()))
        };
        (0..n).map(|_| draw()).unzip()
    }

    #[test]
    fn maps_calibrate_new_data() {
        let (confidence, correct) = too_sure(1, 4000);
        let logit: Vec<f64> = confidence.iter().map(|s| (s / (1.0 - s)).ln()).collect();
        let platt = Platt::fit(&logit, &correct).unwrap();
        let isotonic = Isotonic::fit(&confidence, &correct).unwrap();
        let beta = BetaMap::fit(&confidence, &correct).unwrap();
        assert!((platt.a + 0.5).abs() < 0.06, "{platt:?}");
        assert!(
            (beta.a - 0.5).abs() < 0.1 && (beta.b - 0.5).abs() < 0.1,
            "{beta:?}"
        );
        let (confidence, correct) = too_sure(2, 4000);
        let ece = |map: &dyn Fn(f64) -> f64| {
            let mapped: Vec<f64> = confidence.iter().map(|s| map(*s)).collect();
            reliability(
                &Predictions::new(&mapped, &correct).unwrap(),
                Binning::Width(10),
            )
            .unwrap()
            .ece
        };
        let before = ece(&|s| s);
        for after in [
            ece(&|s| platt.apply((s / (1.0 - s)).ln())),
            ece(&|s| isotonic.apply(s)),
            ece(&|s| beta.apply(s)),
        ] {
            assert!(after < 0.4 * before, "{after} {before}");
        }
    }

    #[test]
    fn temperature_finds_its_own() {
        let mut random = SplitMix::new(4);
        let (mut logits, mut label) = (vec![], vec![]);
        for _ in 0..4000 {
            let row: Vec<f64> = (0..3).map(|_| 4.0 * random.unit()).collect();
            let mut p = vec![];
            softmax(&row, 3, 1.0, &mut p);
            let u = random.unit();
            label.push(if u < p[0] {
                0
            } else if u < p[0] + p[1] {
                1
            } else {
                2
            });
            logits.extend(row.iter().map(|z| 2.5 * z));
        }
        let found = temperature(&Classes::of_logits(&logits, &label, 3).unwrap()).unwrap();
        assert!(
            (found.t - 2.5).abs() < 0.2 && found.nll_after < found.nll_before,
            "{found:?}"
        );
        let sure = Classes::of_logits(&[5.0, 0.0, 0.0, 3.0], &[0, 1], 2).unwrap();
        assert!(matches!(
            temperature(&sure),
            Err(ConfidenceError::OneOutcome { .. })
        ));
        let flat = Classes::of_logits(&[1.0, 1.0, 1.0, 1.0], &[0, 1], 2).unwrap();
        assert!(temperature(&flat).is_err());
    }

    proptest! {
        #[test]
        fn isotonic_never_falls_and_keeps_the_mean(
            items in prop::collection::vec((0..12_i32, any::<bool>()), 1..60),
        ) {
            let score: Vec<f64> = items.iter().map(|i| f64::from(i.0)).collect();
            let correct: Vec<bool> = items.iter().map(|i| i.1).collect();
            let map = Isotonic::fit(&score, &correct).unwrap();
            prop_assert!(map.y.windows(2).all(|w| w[0] <= w[1]));
            prop_assert!(map.x.windows(2).all(|w| w[0] < w[1]));
            let mean: f64 = score.iter().map(|s| map.apply(*s)).sum::<f64>() / score.len() as f64;
            let right = correct.iter().filter(|c| **c).count() as f64 / correct.len() as f64;
            prop_assert!((mean - right).abs() < 1e-12);
        }
    }

    #[test]
    fn bad_input_is_said() {
        assert!(Platt::fit(&[1.0, 2.0], &[true, true]).is_err());
        assert!(Platt::fit(&[f64::NAN, 2.0], &[true, false]).is_err());
        assert_eq!(Platt::fit(&[1.0, 1.0], &[true, false]).unwrap().a, 0.0);
        assert!(Isotonic::fit(&[], &[]).is_err());
        assert!(BetaMap::fit(&[0.1, 0.9], &[false, true]).is_err());
        assert!(BetaMap::fit(&[0.1, 1.9], &[false, true]).is_err());
        let level = BetaMap::fit(&[0.9, 0.8, 0.3, 0.2], &[false, false, true, true]).unwrap();
        assert!((level.apply(0.7) - 0.5).abs() < 1e-12);
    }
}
