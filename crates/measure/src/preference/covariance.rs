//! Uncertainty of fitted strengths.

use super::{Comparisons, Outcome, Pairs, PreferenceError, TieFit};
use crate::stats::linear::inverse;
use crate::stats::{Estimate, Interval, logistic, whole_usize};

/// Covariance of log strengths of mean 0, row by row: the pseudo-inverse of the information
/// `sum n_ij p (1 - p) (e_i - e_j)(e_i - e_j)^T`, by way of adding `1 / n` everywhere, which the pseudo-inverse of a
/// connected graph allows.
///
/// For independent comparisons. Errors: [`PreferenceError::NotConnected`] where the graph falls apart.
/// Cost: `items^3`; for thousands of items the memory is `items^2` numbers.
pub fn covariance(pairs: &Pairs, log_strengths: &[f64]) -> Result<Vec<f64>, PreferenceError> {
    let n = pairs.items();
    let even = 1.0 / n as f64;
    let mut information = vec![even; n * n];
    for (i, edge) in pairs.each() {
        let j = edge.other as usize;
        let p = logistic(log_strengths[i] - log_strengths[j]);
        let weight = (edge.wins + edge.losses + edge.ties) * p * (1.0 - p);
        information[i * n + i] += weight;
        information[j * n + j] += weight;
        information[i * n + j] -= weight;
        information[j * n + i] -= weight;
    }
    let mut found =
        inverse(information, n).ok_or(PreferenceError::NotConnected { groups: 2, item: 0 })?;
    for x in &mut found {
        *x -= even;
    }
    Ok(found)
}

/// Covariance that holds where comparisons of one annotator are alike: the sandwich `C (sum_a g_a g_a^T) C` with the
/// gradients of the annotators, times `A / (A - 1)` (Liang and Zeger 1986). Too small below about thirty annotators.
///
/// `annotators` has a code per comparison. Errors: [`PreferenceError::Mismatch`], [`PreferenceError::BadOption`] below two
/// annotators, and those of [`covariance`]. Cost: `items^2` per annotator.
pub fn robust_covariance(
    comparisons: &Comparisons<'_>,
    annotators: &[u32],
    log_strengths: &[f64],
) -> Result<Vec<f64>, PreferenceError> {
    let pairs = Pairs::count(comparisons)?;
    if annotators.len() != comparisons.left.len() {
        return Err(PreferenceError::Mismatch {
            seen: annotators.len(),
            expected: comparisons.left.len(),
            hint: "one annotator per comparison",
        });
    }
    let plain = covariance(&pairs, log_strengths)?;
    let n = pairs.items();
    let mut order: Vec<usize> = (0..annotators.len()).collect();
    order.sort_by_key(|i| annotators[*i]);
    let mut meat = vec![0.0; n * n];
    let mut gradient = vec![0.0; n];
    let mut clusters = 0_usize;
    for run in order.chunk_by(|a, b| annotators[*a] == annotators[*b]) {
        gradient.fill(0.0);
        for index in run {
            let (a, b) = (
                comparisons.left[*index] as usize,
                comparisons.right[*index] as usize,
            );
            let won = match comparisons.outcome(*index) {
                Outcome::Left => 1.0,
                Outcome::Right => 0.0,
                Outcome::Tie => 0.5,
            };
            let excess = won - logistic(log_strengths[a] - log_strengths[b]);
            let weighted = comparisons.weight(*index) * excess;
            gradient[a] += weighted;
            gradient[b] -= weighted;
        }
        clusters += 1;
        for (row, x) in meat.chunks_exact_mut(n).zip(&gradient) {
            for (cell, y) in row.iter_mut().zip(&gradient) {
                *cell += x * y;
            }
        }
    }
    if clusters < 2 {
        return Err(PreferenceError::BadOption {
            name: "annotators",
            value: clusters as f64,
            hint: "differences between annotators need at least two",
        });
    }
    let scale = clusters as f64 / (clusters - 1) as f64;
    let half = product(&plain, &meat, n);
    let mut found = product(&half, &plain, n);
    for x in &mut found {
        *x *= scale;
    }
    Ok(found)
}

fn product(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let mut out = vec![0.0; n * n];
    for (to, row) in out.chunks_exact_mut(n).zip(a.chunks_exact(n)) {
        for (x, other) in row.iter().zip(b.chunks_exact(n)) {
            for (cell, y) in to.iter_mut().zip(other) {
                *cell += x * y;
            }
        }
    }
    out
}

/// Log strengths with normal intervals at 95 %; `n` counts an item's comparisons.
pub fn strengths(pairs: &Pairs, log_strengths: &[f64], covariance: &[f64]) -> Vec<Estimate> {
    let n = pairs.items();
    log_strengths
        .iter()
        .enumerate()
        .map(|(i, t)| {
            let variance = covariance.get(i * n + i).copied().unwrap_or(f64::NAN);
            let all: f64 = pairs.of(i).iter().map(|e| e.wins + e.losses + e.ties).sum();
            let interval = (variance >= 0.0).then(|| Interval::normal(*t, variance.sqrt()));
            Estimate::with(*t, interval, whole_usize(all.round()))
        })
        .collect()
}

/// Which model of ties was fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TieModel {
    /// [`super::davidson`].
    Davidson,
    /// [`super::rao_kupper`].
    RaoKupper,
}

impl TieModel {
    /// Probabilities of a win, a loss and a tie at a difference `d` of log strengths, and their logarithms' slopes by `d`
    /// and by the logarithm of the tie parameter.
    fn outcomes(self, d: f64, tie: f64) -> [(f64, [f64; 2]); 3] {
        match self {
            Self::Davidson => {
                let (a, b) = ((0.5 * d).exp(), (-0.5 * d).exp());
                let all = a + b + tie;
                let (lean, tied) = ((a - b) / (2.0 * all), tie / all);
                [
                    (a / all, [0.5 - lean, -tied]),
                    (b / all, [-0.5 - lean, -tied]),
                    (tied, [-lean, 1.0 - tied]),
                ]
            }
            Self::RaoKupper => {
                let (win, loss) = (logistic(d - tie.ln()), logistic(-d - tie.ln()));
                let tied = 1.0 - win - loss;
                let (w, l) = (win * (1.0 - win), loss * (1.0 - loss));
                [
                    (win, [1.0 - win, win - 1.0]),
                    (loss, [loss - 1.0, loss - 1.0]),
                    (tied, [(l - w) / tied, (w + l) / tied]),
                ]
            }
        }
    }
}

/// Log strengths and the tie parameter of a fitted model with normal intervals at 95 %, by the expected information of
/// both together; that of the parameter is normal on its logarithm. `n` counts an item's comparisons, and all of them.
///
/// For independent comparisons. Without ties Davidson's parameter is 0, has no interval, and the strengths' intervals are
/// those of Bradley and Terry.
/// Errors: [`PreferenceError::NotConnected`] where the graph falls apart. Cost: `items^3`.
pub fn tie_strengths(
    pairs: &Pairs,
    fit: &TieFit,
    model: TieModel,
) -> Result<(Vec<Estimate>, Estimate), PreferenceError> {
    let n = pairs.items();
    let all: f64 = pairs.each().map(|(_, e)| e.wins + e.losses + e.ties).sum();
    if fit.tie <= 0.0 {
        let plain = covariance(pairs, &fit.theta_sum0)?;
        let tie = Estimate::bare(fit.tie, whole_usize(all));
        return Ok((strengths(pairs, &fit.theta_sum0, &plain), tie));
    }
    let width = n + 1;
    let mut information = vec![0.0; width * width];
    for i in 0..n {
        for j in 0..n {
            information[i * width + j] = 1.0 / n as f64;
        }
    }
    for (i, edge) in pairs.each() {
        let j = edge.other as usize;
        let count = edge.wins + edge.losses + edge.ties;
        let d = fit.theta_sum0[i] - fit.theta_sum0[j];
        for (p, [by_d, by_tie]) in model.outcomes(d, fit.tie) {
            let parts = [(i, by_d), (j, -by_d), (n, by_tie)];
            for (row, x) in parts {
                for (column, y) in parts {
                    information[row * width + column] += count * p * x * y;
                }
            }
        }
    }
    let found =
        inverse(information, width).ok_or(PreferenceError::NotConnected { groups: 2, item: 0 })?;
    let mut of_strengths = Vec::with_capacity(n * n);
    for row in found.chunks_exact(width).take(n) {
        of_strengths.extend(row.iter().take(n).map(|x| x - 1.0 / n as f64));
    }
    let error = found[n * width + n].max(0.0).sqrt();
    let Interval { low, high } = Interval::normal(fit.tie.ln(), error);
    let interval = Interval {
        low: low.exp(),
        high: high.exp(),
    };
    Ok((
        strengths(pairs, &fit.theta_sum0, &of_strengths),
        Estimate::with(fit.tie, Some(interval), whole_usize(all)),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preference::{FitOptions, bradley_terry, davidson, rao_kupper};
    use crate::stats::SplitMix;

    #[test]
    fn intervals_cover() {
        let truth = [0.9, 0.3, 0.0, -0.4, -0.8];
        let mut random = SplitMix::new(12);
        let (mut covered, mut all) = (0, 0);
        for _ in 0..150 {
            let (mut left, mut right) = (Vec::new(), Vec::new());
            for i in 0..5_u32 {
                for j in i + 1..5 {
                    for _ in 0..12 {
                        let p = logistic(truth[i as usize] - truth[j as usize]);
                        let (a, b) = if random.unit() < p { (i, j) } else { (j, i) };
                        left.push(a);
                        right.push(b);
                    }
                }
            }
            let comparisons = Comparisons {
                items: 5,
                left: &left,
                right: &right,
                outcomes: None,
                weights: None,
            };
            let pairs = Pairs::count(&comparisons).unwrap();
            let Ok(fit) = bradley_terry(&pairs, FitOptions::default()) else {
                continue;
            };
            let spread = covariance(&pairs, &fit.log_strengths).unwrap();
            for (found, t) in strengths(&pairs, &fit.log_strengths, &spread)
                .iter()
                .zip(truth)
            {
                all += 1;
                covered += usize::from(found.low.unwrap() <= t && t <= found.high.unwrap());
            }
        }
        let share =
            f64::from(u32::try_from(covered).unwrap()) / f64::from(u32::try_from(all).unwrap());
        assert!((0.92..0.975).contains(&share), "{share} of {all}");
    }

    #[test]
    fn annotators_who_copy_themselves_do_not_count_often() {
        // Every annotator repeats one answer twenty times.
        let mut random = SplitMix::new(2);
        let (mut left, mut right, mut who) = (Vec::new(), Vec::new(), Vec::new());
        for annotator in 0..60_u32 {
            let (a, b) = if random.unit() < 0.6 { (0, 1) } else { (1, 0) };
            for _ in 0..20 {
                left.push(a);
                right.push(b);
                who.push(annotator);
            }
        }
        let comparisons = Comparisons {
            items: 2,
            left: &left,
            right: &right,
            outcomes: None,
            weights: None,
        };
        let pairs = Pairs::count(&comparisons).unwrap();
        let fit = bradley_terry(&pairs, FitOptions::default()).unwrap();
        let plain = covariance(&pairs, &fit.log_strengths).unwrap();
        let robust = robust_covariance(&comparisons, &who, &fit.log_strengths).unwrap();
        let ratio = robust[0] / plain[0];
        assert!((ratio - 20.0 * 60.0 / 59.0).abs() < 0.01, "{ratio}");
        assert!(robust_covariance(&comparisons, &[0; 1200], &fit.log_strengths).is_err());
    }

    /// Counts of 60 comparisons of every pair of 4 items by a model.
    fn drawn(model: TieModel, truth: &[f64; 4], tie: f64, random: &mut SplitMix) -> Pairs {
        let (mut left, mut right, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..4_u32 {
            for j in i + 1..4 {
                let [(win, _), (loss, _), _] =
                    model.outcomes(truth[i as usize] - truth[j as usize], tie);
                for _ in 0..60 {
                    let at = random.unit();
                    left.push(i);
                    right.push(j);
                    outcomes.push(if at < win {
                        Outcome::Left
                    } else if at < win + loss {
                        Outcome::Right
                    } else {
                        Outcome::Tie
                    });
                }
            }
        }
        let comparisons = Comparisons {
            items: 4,
            left: &left,
            right: &right,
            outcomes: Some(&outcomes),
            weights: None,
        };
        Pairs::count(&comparisons).unwrap()
    }

    #[test]
    fn intervals_of_models_of_ties_cover() {
        let truth = [0.9, 0.3, -0.2, -1.0];
        let mut random = SplitMix::new(11);
        for (model, tie) in [(TieModel::Davidson, 0.8), (TieModel::RaoKupper, 1.7)] {
            let mut held = [0_u32; 5];
            for _ in 0..400 {
                let pairs = drawn(model, &truth, tie, &mut random);
                let fit = match model {
                    TieModel::Davidson => davidson(&pairs).unwrap(),
                    TieModel::RaoKupper => rao_kupper(&pairs).unwrap(),
                };
                let (mut found, parameter) = tie_strengths(&pairs, &fit, model).unwrap();
                found.push(parameter);
                let known = truth.iter().chain([&tie]);
                for ((held, one), known) in held.iter_mut().zip(&found).zip(known) {
                    let (low, high) = (one.low.unwrap(), one.high.unwrap());
                    *held += u32::from(low <= *known && *known <= high);
                }
            }
            // 95 % of 400 is 380, three standard errors are 13.
            assert!(held.iter().all(|h| (366..=394).contains(h)), "{held:?}");
        }
    }

    #[test]
    fn without_ties_the_intervals_are_those_of_bradley_and_terry() {
        let pairs = Pairs::from_wins(&[0.0, 6.0, 4.0, 2.0, 0.0, 5.0, 3.0, 2.0, 0.0], 3).unwrap();
        let fit = davidson(&pairs).unwrap();
        let (found, tie) = tie_strengths(&pairs, &fit, TieModel::Davidson).unwrap();
        let plain = covariance(&pairs, &fit.theta_sum0).unwrap();
        assert_eq!(found, strengths(&pairs, &fit.theta_sum0, &plain));
        assert_eq!((tie.estimate, tie.low), (0.0, None));
    }
}
