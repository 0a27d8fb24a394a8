//! Many annotators, missing votes, weights: the coefficients of Gwet's handbook with their standard errors.

use super::AgreementError;
use super::weights::Weights;
use crate::aggregation::Votes;
use crate::stats::{Estimate, Interval, Sum, student, student_tail};

/// One coefficient `(pa - pe) / (1 - pe)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coefficient {
    /// Agreement beyond chance.
    pub value: f64,
    /// Observed agreement, weighted.
    pub observed: f64,
    /// Agreement by chance as the coefficient sees it.
    pub expected: f64,
    /// Standard error over items, by linearization.
    pub standard_error: f64,
    /// Items it rests on.
    pub n: usize,
}

impl Coefficient {
    /// Interval at 95 % with Student's t of `n - 1` degrees of freedom, at most 1; none for a single item.
    pub fn interval(&self) -> Option<Interval> {
        let t = student(self.n.checked_sub(1)?);
        let half = t * self.standard_error;
        half.is_finite().then(|| Interval {
            low: self.value - half,
            high: (self.value + half).min(1.0),
        })
    }

    /// `value / standard_error` and the two-sided probability of one as large by chance.
    pub fn test(&self) -> Option<(f64, f64)> {
        let z = self.value / self.standard_error;
        let p = 2.0 * student_tail(z.abs(), self.n.checked_sub(1)? as f64).ok()?;
        Some((z, p))
    }

    /// As a statistic at the edge.
    pub fn estimate(&self) -> Estimate {
        Estimate::with(self.value, self.interval(), self.n)
    }
}

/// All coefficients of one table of votes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coefficients {
    /// Gwet's AC1 (weights of equality) or AC2: stable where one label is frequent.
    pub gwet: Coefficient,
    /// Fleiss' kappa, generalized.
    pub fleiss: Coefficient,
    /// Krippendorff's alpha; it rests on items with two votes only.
    pub krippendorff: Coefficient,
    /// Conger's kappa: annotators have their own shares of labels; with two it is Cohen's.
    pub conger: Coefficient,
    /// Brennan and Prediger's (also Randolph's, Bennett's S): chance is uniform.
    pub brennan_prediger: Coefficient,
}

struct Table<'a> {
    votes: &'a Votes,
    weights: &'a Weights,
    /// Items with a vote, and with two.
    n: usize,
    pairable: usize,
    /// Mean share of each label over items.
    share: Vec<f64>,
    observed: f64,
}

fn mean_by(labels: &[u32], of: impl Fn(usize) -> f64) -> f64 {
    labels.iter().map(|&y| of(y as usize)).sum::<f64>() / labels.len() as f64
}

/// Weighted agreement of an item's votes; 0 for one alone.
fn agreed(weights: &Weights, labels: &[u32]) -> f64 {
    let r = labels.len();
    if r < 2 {
        return 0.0;
    }
    let mut sum = 0.0;
    for (i, &y) in labels.iter().enumerate() {
        let row = weights.row(y as usize);
        sum += labels[..i].iter().map(|&z| row[z as usize]).sum::<f64>();
    }
    2.0 * sum / (r * (r - 1)) as f64
}

impl<'a> Table<'a> {
    fn new(votes: &'a Votes, weights: &'a Weights) -> Result<Self, AgreementError> {
        let (mut n, mut pairable) = (0, 0);
        let mut share = vec![0.0; votes.labels()];
        let mut observed = Sum::default();
        for (_, labels) in votes.iter().filter(|(_, labels)| !labels.is_empty()) {
            n += 1;
            let part = 1.0 / labels.len() as f64;
            for &y in labels {
                share[y as usize] += part;
            }
            if labels.len() > 1 {
                pairable += 1;
                observed.add(agreed(weights, labels));
            }
        }
        if pairable == 0 {
            return Err(AgreementError::NoPairs);
        }
        for x in &mut share {
            *x /= n as f64;
        }
        let observed = observed.value() / pairable as f64;
        Ok(Self {
            votes,
            weights,
            n,
            pairable,
            share,
            observed,
        })
    }

    fn no_variation(&self) -> AgreementError {
        AgreementError::NoVariation {
            values: self.votes.len(),
        }
    }

    /// The coefficient of an expected agreement whose share of one item is `part`.
    fn coefficient(
        &self,
        expected: f64,
        part: impl Fn(&[u32], &[u32]) -> f64,
    ) -> Result<Coefficient, AgreementError> {
        let rest = 1.0 - expected;
        if rest <= 1e-15 {
            return Err(self.no_variation());
        }
        let value = (self.observed - expected) / rest;
        let n = self.n as f64;
        let ratio = n / self.pairable as f64;
        let mut squares = Sum::default();
        for (annotators, labels) in self.votes.iter().filter(|(_, l)| !l.is_empty()) {
            let base = if labels.len() > 1 {
                agreed(self.weights, labels) - expected
            } else {
                0.0
            };
            let moved = 2.0 * (1.0 - value) * (part(annotators, labels) - expected) / rest;
            squares.add((ratio * base / rest - moved - value).powi(2));
        }
        let variance = squares.value() / (n * (n - 1.0).max(f64::MIN_POSITIVE));
        Ok(Coefficient {
            value,
            observed: self.observed,
            expected,
            standard_error: if self.n > 1 {
                variance.sqrt()
            } else {
                f64::INFINITY
            },
            n: self.n,
        })
    }

    fn weighted(&self, share: &[f64]) -> Vec<f64> {
        let dot = |k: usize| {
            self.weights
                .row(k)
                .iter()
                .zip(share)
                .map(|(w, p)| w * p)
                .sum()
        };
        (0..share.len()).map(dot).collect()
    }

    fn gwet(&self) -> Result<Coefficient, AgreementError> {
        let q = self.share.len() as f64;
        let scale = self.weights.total() / (q * (q - 1.0));
        let expected = scale * self.share.iter().map(|p| p * (1.0 - p)).sum::<f64>();
        self.coefficient(expected, |_, labels| {
            scale * mean_by(labels, |y| 1.0 - self.share[y])
        })
    }

    fn fleiss(&self) -> Result<Coefficient, AgreementError> {
        let weighted = self.weighted(&self.share);
        let expected = weighted.iter().zip(&self.share).map(|(a, b)| a * b).sum();
        self.coefficient(expected, |_, labels| mean_by(labels, |y| weighted[y]))
    }

    fn brennan_prediger(&self) -> Result<Coefficient, AgreementError> {
        let q = self.share.len() as f64;
        let expected = self.weights.total() / (q * q);
        self.coefficient(expected, |_, _| expected)
    }

    fn conger(&self) -> Result<Coefficient, AgreementError> {
        let (q, r) = (self.share.len(), self.votes.annotators());
        let mut given = vec![0.0; r * q];
        for (annotators, labels) in self.votes.iter() {
            for (&g, &y) in annotators.iter().zip(labels) {
                given[g as usize * q + y as usize] += 1.0;
            }
        }
        let totals: Vec<f64> = given.chunks_exact(q).map(|row| row.iter().sum()).collect();
        let raters = totals.iter().filter(|t| **t > 0.0).count() as f64;
        if raters < 2.0 {
            return Err(AgreementError::NoPairs);
        }
        for (row, total) in given.chunks_exact_mut(q).zip(&totals) {
            for x in row.iter_mut() {
                *x /= total.max(1.0);
            }
        }
        let mut mean = vec![0.0; q];
        for row in given.chunks_exact(q) {
            mean.iter_mut().zip(row).for_each(|(m, x)| *m += x / raters);
        }
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let weighted_mean = self.weighted(&mean);
        let own: Vec<Vec<f64>> = given
            .chunks_exact(q)
            .map(|row| self.weighted(row))
            .collect();
        let within: f64 = given
            .chunks_exact(q)
            .zip(&own)
            .map(|(row, w)| dot(row, w))
            .sum();
        // The sum over different raters of the chance that they agree.
        let expected =
            (raters * raters * dot(&mean, &weighted_mean) - within) / (raters * (raters - 1.0));
        // What a vote of a rater adds to the share of its item, against that rater's mean.
        let n = self.n as f64;
        let scale = 1.0 / (raters * (raters - 1.0));
        let mut parts = vec![0.0; r * q];
        let mut base = 0.0;
        for (g, row) in given
            .chunks_exact(q)
            .enumerate()
            .filter(|(g, _)| totals[*g] > 0.0)
        {
            let others: Vec<f64> = mean.iter().zip(row).map(|(m, x)| raters * m - x).collect();
            let usual = dot(&own[g], &others);
            base += scale * usual;
            for y in 0..q {
                let here = dot(self.weights.row(y), &others);
                parts[g * q + y] = scale * n / totals[g] * (here - usual);
            }
        }
        self.coefficient(expected, |annotators, labels| {
            let votes = annotators.iter().zip(labels);
            base + votes
                .map(|(&g, &y)| parts[g as usize * q + y as usize])
                .sum::<f64>()
        })
    }

    fn krippendorff(&self) -> Result<Coefficient, AgreementError> {
        let pairable = || self.votes.iter().filter(|(_, labels)| labels.len() > 1);
        let n = self.pairable as f64;
        let total: usize = pairable().map(|(_, labels)| labels.len()).sum();
        let mean_votes = total as f64 / n;
        let mut share = vec![0.0; self.share.len()];
        for (_, labels) in pairable() {
            for &y in labels {
                share[y as usize] += 1.0 / total as f64;
            }
        }
        let weighted = self.weighted(&share);
        let expected: f64 = weighted.iter().zip(&share).map(|(a, b)| a * b).sum();
        let rest = 1.0 - expected;
        if rest <= 1e-15 {
            return Err(self.no_variation());
        }
        let small = 1.0 / total as f64;
        // Items count by their votes.
        let size = |labels: &[u32]| labels.len() as f64 / mean_votes;
        let prime: Sum = pairable().fold(Sum::default(), |mut sum, (_, labels)| {
            sum.add(agreed(self.weights, labels) * size(labels));
            sum
        });
        let prime = prime.value() / n;
        let observed = (1.0 - small) * prime + small;
        let value = (observed - expected) / rest;
        // Gwet's linearization: around the value before the correction for few votes, the corrected agreement in its items.
        let before = (prime - expected) / rest;
        let mut squares = Sum::default();
        for (_, labels) in pairable() {
            let size = size(labels);
            let own = agreed(self.weights, labels) * size - observed * (size - 1.0);
            let chance = mean_by(labels, |y| weighted[y]) * size - expected * (size - 1.0);
            let moved = 2.0 * (1.0 - before) * (chance - expected) / rest;
            squares.add(((own - expected) / rest - moved - before).powi(2));
        }
        let variance = squares.value() / (n * (n - 1.0).max(f64::MIN_POSITIVE));
        Ok(Coefficient {
            value,
            observed,
            expected,
            standard_error: if self.pairable > 1 {
                variance.sqrt()
            } else {
                f64::INFINITY
            },
            n: self.pairable,
        })
    }
}

/// Every coefficient of a table of votes, with weights for labels that differ a little.
///
/// Items without votes do not count. Standard errors treat items as drawn from a large population. Errors: weights of
/// another size, no item with two votes, no variation. Cost: `O(votes^2)` within items, `O(annotators * labels^2)`.
/// Source: Gwet 2014, Handbook of Inter-Rater Reliability, chapters 2 to 5; same numbers as irrCAC 0.4.4.
pub fn coefficients(votes: &Votes, weights: &Weights) -> Result<Coefficients, AgreementError> {
    if weights.size() != votes.labels() {
        let (found, expected) = (weights.size(), votes.labels());
        return Err(AgreementError::Length {
            what: "a row of weights",
            found,
            expected,
        });
    }
    let table = Table::new(votes, weights)?;
    if votes.labels_used() < 2 {
        return Err(table.no_variation());
    }
    Ok(Coefficients {
        gwet: table.gwet()?,
        fleiss: table.fleiss()?,
        krippendorff: table.krippendorff()?,
        conger: table.conger()?,
        brennan_prediger: table.brennan_prediger()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    #[test]
    fn intervals_cover_what_they_estimate() {
        // Three annotators who give the true one of two labels with chance 0.8, truth even: pa = 0.68, all coefficients 0.36.
        let mut random = SplitMix::new(17);
        let mut covered = [0; 4];
        for _ in 0..250 {
            let mut rows = [Vec::new(), Vec::new(), Vec::new()];
            for item in 0..80_u32 {
                let truth = u32::from(random.unit() < 0.5);
                for annotator in 0..3 {
                    rows[0].push(item);
                    rows[1].push(annotator);
                    rows[2].push(truth ^ u32::from(random.unit() < 0.2));
                }
            }
            let votes = Votes::from_rows(&rows[0], &rows[1], &rows[2]).unwrap();
            let found = coefficients(&votes, &Weights::equal(2)).unwrap();
            let all = [found.gwet, found.fleiss, found.krippendorff, found.conger];
            for (n, c) in covered.iter_mut().zip(all) {
                *n += usize::from(c.interval().unwrap().contains(0.36));
            }
        }
        assert!(
            covered.iter().all(|n| (228..=249).contains(n)),
            "{covered:?} of 250"
        );
    }

    #[test]
    fn one_label_and_no_pairs_are_refused() {
        let same = Votes::from_rows(&[0, 0], &[0, 1], &[1, 1]).unwrap();
        let refused = coefficients(&same, &Weights::equal(2));
        assert!(matches!(refused, Err(AgreementError::NoVariation { .. })));
        let alone = Votes::from_rows(&[0, 1], &[0, 1], &[0, 1]).unwrap();
        assert_eq!(
            coefficients(&alone, &Weights::equal(2)),
            Err(AgreementError::NoPairs)
        );
    }
}
