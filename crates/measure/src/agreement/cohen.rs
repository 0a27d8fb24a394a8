//! Two annotators: Cohen's kappa.

use super::AgreementError;
use super::weights::Weights;
use crate::stats::{Interval, Z95, normal_two_sided};

/// How often one annotator gave a label where the other gave another.
#[derive(Clone, Debug, PartialEq)]
pub struct Confusion {
    labels: usize,
    counts: Vec<f64>,
}

impl Confusion {
    /// From a square table; rows are the first annotator's labels.
    ///
    /// Errors: a table that is not square, a count that is negative or not finite.
    pub fn from_rows(rows: &[Vec<f64>]) -> Result<Self, AgreementError> {
        let labels = rows.len();
        for row in rows {
            if row.len() != labels {
                return Err(AgreementError::Length {
                    what: "a row of the table",
                    found: row.len(),
                    expected: labels,
                });
            }
        }
        let counts = rows.concat();
        if let Some(&value) = counts.iter().find(|x| !(**x >= 0.0 && x.is_finite())) {
            return Err(AgreementError::BadValue {
                value,
                expected: "a count",
            });
        }
        Ok(Self { labels, counts })
    }

    /// From two columns of label codes below `labels`.
    ///
    /// Errors: columns of different lengths, codes out of range. Cost: one pass.
    pub fn from_codes(a: &[u32], b: &[u32], labels: usize) -> Result<Self, AgreementError> {
        if a.len() != b.len() {
            let (found, expected) = (b.len(), a.len());
            return Err(AgreementError::Length {
                what: "the second column",
                found,
                expected,
            });
        }
        let mut counts = vec![0.0; labels * labels];
        for (&x, &y) in a.iter().zip(b) {
            if x as usize >= labels || y as usize >= labels {
                let value = f64::from(x.max(y));
                return Err(AgreementError::BadValue {
                    value,
                    expected: "a code below the number of labels",
                });
            }
            counts[x as usize * labels + y as usize] += 1.0;
        }
        Ok(Self { labels, counts })
    }

    /// Number of labels.
    pub fn labels(&self) -> usize {
        self.labels
    }
}

/// Cohen's kappa with what follows from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kappa {
    /// Agreement beyond chance.
    pub kappa: f64,
    /// Largest value the shares of labels allow, unweighted.
    pub kappa_max: f64,
    /// Observed agreement, weighted.
    pub observed: f64,
    /// Agreement by chance, weighted.
    pub expected: f64,
    /// Standard error.
    pub standard_error: f64,
    /// Standard error if the truth were no agreement beyond chance; the test rests on it.
    pub standard_error_of_chance: f64,
    /// `kappa / standard_error_of_chance`; none where an annotator only ever gave one label, so that nothing can be tested.
    pub z: Option<f64>,
    /// Two-sided probability of a `z` as large by chance.
    pub p_value: Option<f64>,
    /// Interval at 95 % by the normal approximation.
    pub interval: Interval,
    /// Items.
    pub n: f64,
}

/// Cohen's kappa, weighted: `1 - sum d p / sum d r c` with disagreements `d = 1 - w`.
///
/// Source: Cohen 1960 and 1968; standard errors of Fleiss, Cohen and Everitt 1969, as statsmodels 0.15 computes them.
/// Errors: no items, weights of another size, and [`AgreementError::NoVariation`] where both only ever gave the same
/// label (scikit-learn gives NaN). Cost: `O(labels^2)`.
pub fn cohen(table: &Confusion, weights: &Weights) -> Result<Kappa, AgreementError> {
    let k = table.labels;
    if weights.size() != k {
        let (found, expected) = (weights.size(), k);
        return Err(AgreementError::Length {
            what: "a row of weights",
            found,
            expected,
        });
    }
    let n: f64 = table.counts.iter().sum();
    if n <= 0.0 {
        return Err(AgreementError::NoPairs);
    }
    let p = |i: usize, j: usize| table.counts[i * k + j] / n;
    let w = |i: usize, j: usize| weights.of(i, j);
    let row: Vec<f64> = (0..k).map(|i| (0..k).map(|j| p(i, j)).sum()).collect();
    let col: Vec<f64> = (0..k).map(|j| (0..k).map(|i| p(i, j)).sum()).collect();
    let cells = || (0..k).flat_map(move |i| (0..k).map(move |j| (i, j)));
    let disagreed: f64 = cells().map(|(i, j)| (1.0 - w(i, j)) * p(i, j)).sum();
    let by_chance: f64 = cells()
        .map(|(i, j)| (1.0 - w(i, j)) * row[i] * col[j])
        .sum();
    if by_chance <= 0.0 {
        return Err(AgreementError::NoVariation {
            values: table.counts.iter().filter(|x| **x > 0.0).count(),
        });
    }
    let kappa = 1.0 - disagreed / by_chance;
    let expected = 1.0 - by_chance;
    let row_mean: Vec<f64> = (0..k)
        .map(|i| (0..k).map(|j| w(i, j) * col[j]).sum())
        .collect();
    let col_mean: Vec<f64> = (0..k)
        .map(|j| (0..k).map(|i| w(i, j) * row[i]).sum())
        .collect();
    let square = |x: f64| x * x;
    let spread: f64 = cells()
        .map(|(i, j)| p(i, j) * square(w(i, j) - (row_mean[i] + col_mean[j]) * (1.0 - kappa)))
        .sum();
    let chance_spread: f64 = cells()
        .map(|(i, j)| row[i] * col[j] * square(w(i, j) - (row_mean[i] + col_mean[j])))
        .sum();
    let scale = n * square(by_chance);
    let variance = (spread - square(kappa - expected * (1.0 - kappa))) / scale;
    let chance_variance = (chance_spread - square(expected)) / scale;
    let standard_error = variance.max(0.0).sqrt();
    let standard_error_of_chance = chance_variance.max(0.0).sqrt();
    // Of marginals with a single label only rounding is left.
    let z = (standard_error_of_chance > 1e-9).then(|| kappa / standard_error_of_chance);
    let plain: f64 = (0..k).map(|i| row[i] * col[i]).sum();
    let most: f64 = (0..k).map(|i| row[i].min(col[i])).sum();
    Ok(Kappa {
        kappa,
        kappa_max: (most - plain) / (1.0 - plain),
        observed: 1.0 - disagreed,
        expected,
        standard_error,
        standard_error_of_chance,
        z,
        p_value: z.map(normal_two_sided).transpose()?,
        interval: Interval {
            low: kappa - Z95 * standard_error,
            high: kappa + Z95 * standard_error,
        },
        n,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::WeightKind;
    use crate::stats::SplitMix;

    #[test]
    fn the_paradox_and_one_label() {
        let table = Confusion::from_rows(&[vec![80.0, 10.0], vec![10.0, 0.0]]).unwrap();
        let found = cohen(&table, &Weights::equal(2)).unwrap();
        assert!((found.kappa + 1.0 / 9.0).abs() < 1e-12);
        let one = Confusion::from_codes(&[1, 1], &[1, 1], 2).unwrap();
        assert!(matches!(
            cohen(&one, &Weights::equal(2)),
            Err(AgreementError::NoVariation { .. })
        ));
        assert!(Confusion::from_codes(&[0], &[2], 2).is_err());
        // One who only ever says the same has no kappa that could be tested.
        let constant = Confusion::from_codes(&[0, 0, 0], &[0, 1, 0], 2).unwrap();
        let found = cohen(&constant, &Weights::equal(2)).unwrap();
        assert_eq!((found.kappa, found.z, found.p_value), (0.0, None, None));
    }

    #[test]
    fn intervals_cover_kappa() {
        // Two annotators of 3 labels who copy a common truth with chance 0.8: agreement 0.7467, kappa 0.6.
        let mut random = SplitMix::new(9);
        let weights = Weights::new(WeightKind::Identity, &[0.0, 1.0, 2.0]).unwrap();
        let (mut covered, trials) = (0, 300);
        // P(same) = a^2 + (1-a)^2/2 with a = 0.8: 0.66; chance 1/3.
        let truth = (0.66 - 1.0 / 3.0) / (2.0 / 3.0);
        for _ in 0..trials {
            let mut draw = || {
                let label = random.below(3);
                let mut vote = || {
                    let moved = if random.unit() < 0.8 {
                        0
                    } else {
                        1 + random.below(2)
                    };
                    u32::try_from((label + moved) % 3).unwrap()
                };
                (vote(), vote())
            };
            let (a, b): (Vec<u32>, Vec<u32>) = (0..150).map(|_| draw()).unzip();
            let table = Confusion::from_codes(&a, &b, 3).unwrap();
            covered += usize::from(cohen(&table, &weights).unwrap().interval.contains(truth));
        }
        assert!((274..=297).contains(&covered), "{covered} of {trials}");
    }
}
