//! Classifier two-sample test: if a model can tell the samples apart on rows it has not seen, they differ.

use super::DriftError;
use super::logistic::{Logistic, LogisticOptions};
use crate::rows::Rows;
use crate::stats::{StatsError, binomial_tails, normal_tail, student_tail};
use serde::Serialize;

/// Test that a share of right answers is above a half.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AccuracyTest {
    /// Share of right answers.
    pub acc: f64,
    /// `(acc - 1/2) / sqrt(1 / 4 n)` (Lopez-Paz and Oquab 2017).
    pub z: f64,
    /// One-sided, by the normal approximation.
    pub p: f64,
    /// One-sided, exact: `P(Bin(n, 1/2) >= correct)`.
    pub p_exact: f64,
}

/// Test of a held-out accuracy for balanced classes and independent rows. Errors: [`StatsError::BadCounts`].
pub fn accuracy_z(correct: u64, tested: u64) -> Result<AccuracyTest, StatsError> {
    if tested == 0 || correct > tested {
        return Err(StatsError::BadCounts {
            successes: correct,
            trials: tested,
        });
    }
    let n = tested as f64;
    let acc = correct as f64 / n;
    let z = (acc - 0.5) / (0.25 / n).sqrt();
    Ok(AccuracyTest {
        acc,
        z,
        p: normal_tail(z)?,
        p_exact: at_least(correct, tested, 0.5)?,
    })
}

/// `P(Bin(n, p) >= k)`.
fn at_least(k: u64, n: u64, p: f64) -> Result<f64, StatsError> {
    match k.checked_sub(1) {
        None => Ok(1.0),
        Some(below) => Ok(binomial_tails(below, n, p)?.1),
    }
}

/// Area under the ROC curve: probability that a row of the current sample has the higher score, ties counting half.
/// None without rows of both. Cost: one sort.
pub fn roc_area(scores: &[f64], is_current: &[bool]) -> Option<f64> {
    let mut order: Vec<(f64, bool)> = scores
        .iter()
        .copied()
        .zip(is_current.iter().copied())
        .collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut wins) = (0.0, 0.0);
    for run in order.chunk_by(|a, b| a.0 == b.0) {
        let current = run.iter().filter(|r| r.1).count() as f64;
        let reference = run.len() as f64 - current;
        wins += current * (below + 0.5 * reference);
        below += reference;
    }
    let current = order.len() as f64 - below;
    (below > 0.0 && current > 0.0).then(|| wins / (below * current))
}

/// Which rows are held out together.
pub type Fold = u32;

/// Folds by position, `index mod folds`, of both samples in a row; clusters take the fold of their first row, whole.
pub fn fold_by_index(rows: usize, folds: u32, clusters: Option<&[u32]>) -> Vec<Fold> {
    let by_position = |i: usize| u32::try_from(i % usize::try_from(folds.max(1)).unwrap_or(1));
    let Some(clusters) = clusters else {
        return (0..rows).map(|i| by_position(i).unwrap_or(0)).collect();
    };
    // Order of first appearance, so that folds are of like size.
    let mut first: Vec<(u32, usize)> = clusters.iter().copied().zip(0..).collect();
    first.sort_unstable();
    first.dedup_by_key(|f| f.0);
    let mut ranked: Vec<usize> = first.iter().map(|f| f.1).collect();
    ranked.sort_unstable();
    clusters
        .iter()
        .map(|c| {
            let at = first.partition_point(|f| f.0 < *c);
            let rank = first
                .get(at)
                .map_or(0, |f| ranked.partition_point(|r| *r < f.1));
            by_position(rank).unwrap_or(0)
        })
        .collect()
}

/// What the classifier says; see [`classifier_test`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassifierTest {
    /// Held-out probability of each row to be of the current sample, reference rows first.
    pub prob: Vec<f64>,
    /// Share of rows told right at 1/2.
    pub accuracy: f64,
    /// Area under the ROC curve.
    pub auc: f64,
    /// Accuracy of always naming the larger sample.
    pub majority_rate: f64,
    /// Exact one-sided test of the accuracy against the majority rate; for independent rows only.
    pub binom_p_greater_vs_majority: f64,
    /// `(accuracy - 1/2) / sqrt(1 / 4 n)`, for balanced samples of independent rows only.
    pub z_lopez_paz_balanced: f64,
    /// One-sided test by one hold-out, whose false alarms are what they say: a model of the first half of the folds scores
    /// the rest, and the mean score (log odds) of current units is compared with that of reference units (Welch). A unit
    /// is a row, or the rows of a cluster on one side, by their mean. None below five held-out units of either side.
    pub unit_p: Option<f64>,
    /// Held-out units of `unit_p`.
    pub units: usize,
    /// Columns by how much they tell, largest `|weight| x standard deviation` first, of a model on all rows.
    pub columns: Vec<(usize, f64)>,
}

/// Classifier two-sample test by logistic regression (Lopez-Paz and Oquab 2017): every fold is predicted by a model of
/// the others. It sees differences of means and not of correlations; [`super::mmd`] sees both. The predictions of the folds
/// share training rows, so that tests of their accuracy alarm too often; `unit_p` is of one hold-out and does not.
///
/// `folds` has one entry per row, reference first; `clusters` likewise, for the test by units: a cluster must lie in one
/// fold, else the model has seen its like.
///
/// Errors: [`DriftError::Mismatch`], [`DriftError::Empty`] where a fold leaves only one sample. Cost: one fit per fold and two.
pub fn classifier_test(
    reference: &Rows,
    current: &Rows,
    folds: &[Fold],
    clusters: Option<&[u32]>,
    options: LogisticOptions,
) -> Result<ClassifierTest, DriftError> {
    let rows = reference.joined(current)?;
    let n = rows.len();
    for seen in [Some(folds.len()), clusters.map(<[u32]>::len)]
        .into_iter()
        .flatten()
    {
        if seen != n {
            return Err(DriftError::Mismatch {
                seen,
                expected: n,
                hint: "one fold and one cluster per row of both samples",
            });
        }
    }
    let is_current: Vec<bool> = (0..n).map(|i| i >= reference.len()).collect();
    let all: Vec<u32> = (0..n).filter_map(|i| u32::try_from(i).ok()).collect();
    let mut names = folds.to_vec();
    names.sort_unstable();
    names.dedup();
    let mut prob = vec![0.0; n];
    for name in &names {
        let (out, inside): (Vec<u32>, Vec<u32>) =
            all.iter().partition(|row| folds[**row as usize] == *name);
        let model = Logistic::fit(&rows, &inside, &is_current, options)?;
        for row in out {
            prob[row as usize] = model.probability(&rows, row as usize);
        }
    }
    let right: Vec<bool> = prob
        .iter()
        .zip(&is_current)
        .map(|(p, c)| (*p > 0.5) == *c)
        .collect();
    let correct = right.iter().filter(|r| **r).count() as u64;
    let size = n as f64;
    let majority = reference.len().max(current.len()) as f64 / size;
    let accuracy = correct as f64 / size;
    let first_held_out = names.get(names.len().div_ceil(2)).copied();
    let (held_out, learned): (Vec<u32>, Vec<u32>) = all
        .iter()
        .partition(|row| first_held_out.is_some_and(|first| folds[**row as usize] >= first));
    let (unit_p, units) = match Logistic::fit(&rows, &learned, &is_current, options) {
        Ok(model) => held_out_p(&held_out, clusters, &|row| {
            (is_current[row], model.log_odds(&rows, row))
        })?,
        // A half of one sample only teaches nothing.
        Err(DriftError::Empty { .. }) => (None, 0),
        Err(error) => return Err(error),
    };
    let model = Logistic::fit(&rows, &all, &is_current, options)?;
    Ok(ClassifierTest {
        auc: roc_area(&prob, &is_current).unwrap_or(0.5),
        accuracy,
        majority_rate: majority,
        binom_p_greater_vs_majority: at_least(correct, n as u64, majority)?,
        z_lopez_paz_balanced: (accuracy - 0.5) / (0.25 / size).sqrt(),
        unit_p,
        units,
        columns: telling(&rows, &model),
        prob,
    })
}

/// One-sided p of Welch's test that units of the current sample score higher, and how many units there are.
/// `scored` gives the side and the score of a row.
fn held_out_p(
    rows: &[u32],
    clusters: Option<&[u32]>,
    scored: &dyn Fn(usize) -> (bool, f64),
) -> Result<(Option<f64>, usize), StatsError> {
    let mut all: Vec<(bool, u32, f64)> = rows
        .iter()
        .map(|row| {
            let (is_current, score) = scored(*row as usize);
            let unit = clusters.map_or(*row, |codes| codes[*row as usize]);
            (is_current, unit, score)
        })
        .collect();
    all.sort_by_key(|one| (one.0, one.1));
    let mut sides: [Vec<f64>; 2] = Default::default();
    for unit in all.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let sum: f64 = unit.iter().map(|one| one.2).sum();
        sides[usize::from(unit[0].0)].push(sum / unit.len() as f64);
    }
    let units = sides.iter().map(Vec::len).sum();
    if sides.iter().any(|side| side.len() < 5) {
        return Ok((None, units));
    }
    let [old, new] = sides.each_ref().map(|side| {
        let n = side.len() as f64;
        let mean = side.iter().sum::<f64>() / n;
        let square: f64 = side.iter().map(|x| (x - mean).powi(2)).sum();
        (mean, square / (n - 1.0) / n, n - 1.0)
    });
    let variance = old.1 + new.1;
    if variance.is_nan() || variance <= 0.0 {
        return Ok((None, units));
    }
    // Welch and Satterthwaite's degrees of freedom.
    let degrees = variance * variance / (old.1 * old.1 / old.2 + new.1 * new.1 / new.2);
    let p = student_tail((new.0 - old.0) / variance.sqrt(), degrees)?;
    Ok((Some(p), units))
}

fn telling(rows: &Rows, model: &Logistic) -> Vec<(usize, f64)> {
    let mut columns: Vec<(usize, f64)> = model
        .weights
        .iter()
        .enumerate()
        .map(|(column, w)| {
            let values = rows.column(column);
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let square: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
            (column, w.abs() * (square / n).sqrt())
        })
        .collect();
    columns.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    #[test]
    fn clusters_stay_in_one_fold() {
        let folds = fold_by_index(6, 2, Some(&[9, 9, 4, 4, 9, 7]));
        assert_eq!(folds, [0, 0, 1, 1, 0, 0]);
        assert_eq!(fold_by_index(5, 3, None), [0, 1, 2, 0, 1]);
    }

    #[test]
    fn level_and_power_with_clusters() {
        let mut random = SplitMix::new(6);
        let (mut alarms, mut found, runs) = (0, 0, 60);
        let clusters: Vec<u32> = (0..120).map(|i| i / 6).collect();
        let folds = fold_by_index(120, 5, Some(&clusters));
        for _ in 0..runs {
            let mut side = |shift: f64| {
                let mut values = Vec::new();
                for _ in 0..10 {
                    let level = random.unit() + shift;
                    values
                        .extend((0..6).flat_map(|_| [level + 0.1 * random.unit(), random.unit()]));
                }
                Rows::from_flat(&values, 2).unwrap()
            };
            let (a, b, c) = (side(0.0), side(0.0), side(1.0));
            let test = |x: &Rows, y: &Rows| {
                classifier_test(x, y, &folds, Some(&clusters), LogisticOptions::default()).unwrap()
            };
            alarms += usize::from(test(&a, &b).unit_p.is_some_and(|p| p <= 0.05));
            let apart = test(&a, &c);
            found += usize::from(apart.unit_p.is_none_or(|p| p <= 0.05));
            assert_eq!(apart.columns[0].0, 0);
        }
        assert!(alarms <= 6, "{alarms}");
        assert!(found >= 55, "{found}");
    }

    #[test]
    fn areas_by_counting() {
        assert_eq!(
            roc_area(&[0.1, 0.4, 0.4, 0.9], &[false, true, false, true]),
            Some(0.875)
        );
        assert_eq!(roc_area(&[0.1], &[true]), None);
        assert!(accuracy_z(3, 2).is_err());
        assert_eq!(accuracy_z(0, 4).unwrap().p_exact, 1.0);
    }
}
