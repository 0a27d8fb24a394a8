//! Inputs unlike those a model knows: scores, and p-values from calibration data.
//!
//! Read [`logit_scores`], [`Mahalanobis`], [`neighbor_distance`] and [`conformal_p`] first. Higher is stranger everywhere.
//! No score wins everywhere; energy and the largest logit see far shifts, the probabilities see errors near the data.
//! Not here: drift of a whole population.

use super::{ConfidenceError, at_least, range, same_length};
use crate::stats::{entropy, largest};
use serde::Serialize;

/// Scores of one item from its logits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LogitScores {
    /// `-T ln sum exp(z / T)` (Liu et al. 2020).
    pub energy: f64,
    /// `-max z` (Hendrycks et al. 2022).
    pub max_logit: f64,
    /// `1 - max p` (Hendrycks and Gimpel 2017).
    pub one_minus_max_softmax: f64,
    /// Entropy of the softmax, in nats.
    pub entropy: f64,
    /// `sum (p (1 - p))^0.1` over the 100 largest p (Liu, Lochman and Zach 2023, GEN, with its settings).
    pub generalized_entropy: f64,
}

/// Scores of logits, row after row, at temperature `t` (of the energy alone).
///
/// Errors: [`ConfidenceError`] for no classes, a length that is no multiple of them, a logit that is not finite, or `t` not
/// positive. Cost: `O(n classes log classes)`.
pub fn logit_scores(
    logits: &[f64],
    classes: usize,
    t: f64,
) -> Result<Vec<LogitScores>, ConfidenceError> {
    at_least(
        "classes",
        classes,
        2,
        "one class leaves nothing to be unsure of",
    )?;
    same_length("logits", logits.len(), logits.len() / classes * classes)?;
    range("T", t, t > 0.0 && t.is_finite(), "above 0")?;
    finite(logits, classes)?;
    let mut p = Vec::with_capacity(classes);
    let rows = logits.chunks_exact(classes);
    let found = rows.map(|row| {
        let (_, top) = largest(row);
        let sum: f64 = row.iter().map(|z| ((z - top) / t).exp()).sum();
        super::fit::softmax(row, classes, 1.0, &mut p);
        p.sort_unstable_by(|a, b| b.total_cmp(a));
        LogitScores {
            energy: -(top + t * sum.ln()),
            max_logit: -top,
            one_minus_max_softmax: 1.0 - p[0],
            entropy: entropy(&p),
            generalized_entropy: p.iter().take(100).map(|p| (p * (1.0 - p)).powf(0.1)).sum(),
        }
    });
    Ok(found.collect())
}

fn finite(values: &[f64], width: usize) -> Result<(), ConfidenceError> {
    match values.iter().position(|x| !x.is_finite()) {
        Some(at) => Err(ConfidenceError::BadProbability {
            index: at / width,
            value: values[at],
        }),
        None => Ok(()),
    }
}

/// Rows scaled to length 1; rows of zeros stay.
fn normalized(features: &[f64], width: usize) -> Vec<f64> {
    let mut out = features.to_vec();
    for row in out.chunks_exact_mut(width) {
        let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
        if length > 0.0 {
            for x in row {
                *x /= length;
            }
        }
    }
    out
}

/// Distance to the nearest class mean under the classes' common covariance, of features scaled to length 1
/// (Lee et al. 2018; scaling after Müller and Hein 2025, Mahalanobis++).
#[derive(Clone, Debug, PartialEq)]
pub struct Mahalanobis {
    width: usize,
    means: Vec<f64>,
    /// Lower triangle of Cholesky's factor, row after row at full width.
    factor: Vec<f64>,
}

impl Mahalanobis {
    /// Means and covariance of features with labels from 0; `ridge` times the mean variance is added to the diagonal
    /// (1e-6 is usual).
    ///
    /// Errors: [`ConfidenceError`] for lengths that do not fit, features that are not finite, a class without items, or no
    /// spread. Cost: `O(n width^2 + width^3)`.
    pub fn fit(
        features: &[f64],
        width: usize,
        label: &[u32],
        ridge: f64,
    ) -> Result<Self, ConfidenceError> {
        at_least("width", width, 1, "features have at least one number")?;
        at_least("labels", label.len(), 2, "a covariance needs more items")?;
        same_length("features", features.len(), label.len() * width)?;
        range(
            "ridge",
            ridge,
            ridge >= 0.0 && ridge.is_finite(),
            "0 or more",
        )?;
        finite(features, width)?;
        let features = normalized(features, width);
        let classes = label.iter().max().map_or(0, |l| *l as usize + 1);
        let (mut means, mut counts) = (vec![0.0; classes * width], vec![0_usize; classes]);
        for (row, label) in features.chunks_exact(width).zip(label) {
            let at = *label as usize;
            counts[at] += 1;
            let mean = &mut means[at * width..(at + 1) * width];
            mean.iter_mut().zip(row).for_each(|(m, x)| *m += x);
        }
        for (mean, count) in means.chunks_exact_mut(width).zip(&counts) {
            at_least(
                "items of a class",
                *count,
                1,
                "labels are codes from 0 without gaps",
            )?;
            for m in mean {
                *m /= *count as f64;
            }
        }
        let mut covariance = vec![0.0; width * width];
        let mut d = vec![0.0; width];
        for (row, label) in features.chunks_exact(width).zip(label) {
            let mean = &means[*label as usize * width..];
            d.iter_mut()
                .zip(row.iter().zip(mean))
                .for_each(|(d, (x, m))| *d = x - m);
            for (i, line) in covariance.chunks_exact_mut(width).enumerate() {
                line.iter_mut()
                    .zip(&d)
                    .take(i + 1)
                    .for_each(|(c, x)| *c += d[i] * x);
            }
        }
        let n = label.len() as f64;
        for c in &mut covariance {
            *c /= n;
        }
        let variance = (0..width).map(|i| covariance[i * width + i]).sum::<f64>() / width as f64;
        for i in 0..width {
            covariance[i * width + i] += ridge * variance;
        }
        let factor = cholesky(covariance, width).ok_or(ConfidenceError::OutOfRange {
            field: "ridge",
            value: ridge,
            hint: "features do not span their space; raise the ridge",
        })?;
        Ok(Self {
            width,
            means,
            factor,
        })
    }

    /// Squared distance of each row to its nearest mean.
    ///
    /// Errors: [`ConfidenceError`] for another width or numbers that are not finite. Cost: `O(n classes width^2)`.
    pub fn scores(&self, features: &[f64]) -> Result<Vec<f64>, ConfidenceError> {
        let width = self.width;
        same_length("features", features.len(), features.len() / width * width)?;
        finite(features, width)?;
        let features = normalized(features, width);
        let mut y = vec![0.0; width];
        let score = |row: &[f64]| {
            let distances = self.means.chunks_exact(width).map(|mean| {
                // Solve L y = x - mean from the top.
                for i in 0..width {
                    let line = &self.factor[i * width..i * width + i];
                    let known: f64 = line.iter().zip(&y).map(|(l, y)| l * y).sum();
                    y[i] = (row[i] - mean[i] - known) / self.factor[i * width + i];
                }
                y.iter().map(|y| y * y).sum::<f64>()
            });
            distances.fold(f64::INFINITY, f64::min)
        };
        Ok(features.chunks_exact(width).map(score).collect())
    }
}

/// Cholesky's factor of a symmetric matrix given by its lower triangle; none if it is not positive definite.
fn cholesky(mut a: Vec<f64>, width: usize) -> Option<Vec<f64>> {
    for i in 0..width {
        for j in 0..=i {
            let (before_i, before_j) = (&a[i * width..i * width + j], &a[j * width..j * width + j]);
            let known: f64 = before_i.iter().zip(before_j).map(|(x, y)| x * y).sum();
            let rest = a[i * width + j] - known;
            a[i * width + j] = if i == j {
                if rest.is_nan() || rest <= 0.0 {
                    return None;
                }
                rest.sqrt()
            } else {
                rest / a[j * width + j]
            };
        }
    }
    Some(a)
}

/// Distance of each row to its `k`th nearest reference row, both scaled to length 1 (Sun et al. 2022).
///
/// Errors: [`ConfidenceError`] for fewer than `k` references, lengths that are no multiple of `width`, or numbers that are not
/// finite. Cost: `O(n references width)`, memory `O(references)`.
pub fn neighbor_distance(
    features: &[f64],
    reference: &[f64],
    width: usize,
    k: usize,
) -> Result<Vec<f64>, ConfidenceError> {
    at_least("width", width, 1, "features have at least one number")?;
    at_least("k", k, 1, "the first neighbor is 1")?;
    same_length("features", features.len(), features.len() / width * width)?;
    same_length(
        "reference",
        reference.len(),
        reference.len() / width * width,
    )?;
    at_least(
        "reference",
        reference.len() / width,
        k,
        "ask for fewer neighbors",
    )?;
    finite(features, width)?;
    finite(reference, width)?;
    let (features, reference) = (normalized(features, width), normalized(reference, width));
    let mut squares = Vec::with_capacity(reference.len() / width);
    let of = |row: &[f64]| {
        squares.clear();
        let square = |other: &[f64]| {
            row.iter()
                .zip(other)
                .map(|(a, b)| (a - b) * (a - b))
                .sum::<f64>()
        };
        squares.extend(reference.chunks_exact(width).map(square));
        let (_, found, _) = squares.select_nth_unstable_by(k - 1, f64::total_cmp);
        found.sqrt()
    };
    Ok(features.chunks_exact(width).map(of).collect())
}

/// Chance that an item of the known kind is as strange: `(1 + calibration items at least as strange) / (n + 1)`, valid for
/// any score if calibration items are exchangeable with known ones (Vovk, Gammerman and Shafer 2005).
///
/// Errors: [`ConfidenceError`] for no calibration items or a NaN. Cost: one sort and a search per item.
pub fn conformal_p(score: &[f64], calibration: &[f64]) -> Result<Vec<f64>, ConfidenceError> {
    at_least(
        "calibration",
        calibration.len(),
        1,
        "score items of the known kind first",
    )?;
    for list in [score, calibration] {
        if let Some(index) = list.iter().position(|x| x.is_nan()) {
            return Err(ConfidenceError::BadProbability {
                index,
                value: f64::NAN,
            });
        }
    }
    let mut sorted = calibration.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len();
    let p = score.iter().map(|s| {
        let stranger = n - sorted.partition_point(|c| c < s);
        (1.0 + stranger as f64) / (1.0 + n as f64)
    });
    Ok(p.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Adjustment, adjust};
    use crate::test_noise::Noise;

    #[test]
    fn logits_by_hand() {
        let found = logit_scores(&[0.0, 0.0, 10.0, 0.0], 2, 1.0).unwrap();
        let ln2 = std::f64::consts::LN_2;
        assert!((found[0].energy + ln2).abs() < 1e-12 && (found[0].entropy - ln2).abs() < 1e-12);
        assert!(found[1].energy < found[0].energy && found[1].one_minus_max_softmax < 1e-4);
        assert!(found[1].max_logit < found[0].max_logit);
        assert!(found[1].generalized_entropy < found[0].generalized_entropy);
        assert!(
            logit_scores(&[0.0; 3], 2, 1.0).is_err() && logit_scores(&[0.0; 2], 2, 0.0).is_err()
        );
        assert!(logit_scores(&[f64::NAN, 0.0], 2, 1.0).is_err());
    }

    fn around(noise: &mut Noise, center: [f64; 3], n: usize) -> Vec<f64> {
        (0..n)
            .flat_map(|_| center.map(|c| c + 0.1 * noise.normal()))
            .collect()
    }

    #[test]
    fn strangers_are_seen_and_known_ones_rarely_flagged() {
        let mut noise = Noise::new(47);
        let known = |noise: &mut Noise, n: usize| {
            [
                around(noise, [1.0, 0.0, 0.0], n),
                around(noise, [0.0, 1.0, 0.0], n),
            ]
            .concat()
        };
        let label: Vec<u32> = (0..200).map(|i| u32::from(i >= 100)).collect();
        let train = known(&mut noise, 100);
        let model = Mahalanobis::fit(&train, 3, &label, 1e-6).unwrap();
        let calibration = known(&mut noise, 100);
        let test = [
            known(&mut noise, 100),
            around(&mut noise, [0.0, 0.0, 1.0], 100),
        ]
        .concat();
        let near = |x: &[f64]| neighbor_distance(x, &train, 3, 5).unwrap();
        for (of_calibration, of_test) in [
            (
                model.scores(&calibration).unwrap(),
                model.scores(&test).unwrap(),
            ),
            (near(&calibration), near(&test)),
        ] {
            let p = conformal_p(&of_test, &of_calibration).unwrap();
            let flagged = adjust(&p, 0.1, Adjustment::BenjaminiHochberg)
                .unwrap()
                .reject;
            let wrong = flagged[..200].iter().filter(|f| **f).count();
            let found = flagged[200..].iter().filter(|f| **f).count();
            assert!(found == 100 && wrong <= 25, "{found} {wrong}");
        }
        assert!(Mahalanobis::fit(&[1.0, 0.0, 1.0, 0.0], 2, &[0, 0], 0.0).is_err());
        assert!(Mahalanobis::fit(&train, 3, &[0, 2], 0.0).is_err());
        assert!(neighbor_distance(&test, &train[..6], 3, 3).is_err());
        assert!(conformal_p(&[0.0], &[]).is_err());
    }

    #[test]
    fn distances_by_hand() {
        // Unit vectors at right angles are the root of two apart.
        let found = neighbor_distance(&[0.0, 5.0], &[3.0, 0.0, 0.0, 1.0], 2, 2).unwrap();
        assert!((found[0] - 2.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!(
            conformal_p(&[5.0, 0.0], &[1.0, 2.0, 3.0]).unwrap(),
            vec![0.25, 1.0]
        );
    }
}
