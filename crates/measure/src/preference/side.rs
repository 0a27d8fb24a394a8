//! Does the side on which an answer is shown decide?

use super::{Comparisons, FitOptions, Outcome, Pairs, PreferenceError, bradley_terry};
use crate::stats::linear::{cholesky, cholesky_solve};
use crate::stats::{Estimate, Interval, logistic, normal_cdf};
use serde::Serialize;

/// See [`side_bias`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SideBias {
    /// Log odds that being shown left adds, with its interval at 95 %; `n` counts comparisons.
    pub left: Estimate,
    /// Two-sided p of no bias (Wald).
    pub p: f64,
    /// Log strengths with the bias taken out, mean 0.
    pub log_strengths: Vec<f64>,
}

/// Bradley–Terry with an advantage of the left side (Davidson and Beaver 1977): `P(left wins) = s(t_l - t_r + b)`, by
/// Newton's method. Ties count half. The table must say which item was left, not which one won.
///
/// Errors: those of [`bradley_terry`]; [`PreferenceError::NotConverged`] where one side always wins.
/// Cost: comparisons and `items^3` per step.
pub fn side_bias(comparisons: &Comparisons<'_>) -> Result<SideBias, PreferenceError> {
    let pairs = Pairs::count(comparisons)?;
    let mut t = bradley_terry(&pairs, FitOptions::default())?.log_strengths;
    let n = t.len();
    let width = n + 1;
    let mut bias = 0.0;
    let most = 60;
    let mut change = f64::INFINITY;
    for _ in 0..most {
        let (mut gradient, mut hessian) = slopes(comparisons, &t, bias);
        for i in 0..n {
            for j in 0..n {
                hessian[i * width + j] += 1.0 / n as f64;
            }
        }
        let error = PreferenceError::NotConverged {
            iterations: most,
            change,
        };
        if !cholesky(&mut hessian, width) {
            return Err(error);
        }
        cholesky_solve(&hessian, width, &mut gradient);
        change = gradient.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        let scale = (1.0 / change).min(1.0);
        for (x, step) in t.iter_mut().zip(&gradient) {
            *x += scale * step;
        }
        bias += scale * gradient[n];
        if change < 1e-10 {
            let mut unit = vec![0.0; width];
            unit[n] = 1.0;
            cholesky_solve(&hessian, width, &mut unit);
            let error = unit[n].sqrt();
            super::center(&mut t);
            return Ok(SideBias {
                left: Estimate::with(
                    bias,
                    Some(Interval::normal(bias, error)),
                    comparisons.left.len(),
                ),
                p: 2.0 * normal_cdf(-(bias / error).abs())?,
                log_strengths: t,
            });
        }
    }
    Err(PreferenceError::NotConverged {
        iterations: most,
        change,
    })
}

/// Gradient of the log likelihood and its negative Hessian; the last parameter is the bias.
fn slopes(comparisons: &Comparisons<'_>, t: &[f64], bias: f64) -> (Vec<f64>, Vec<f64>) {
    let n = t.len();
    let width = n + 1;
    let (mut gradient, mut hessian) = (vec![0.0; width], vec![0.0; width * width]);
    for (index, (a, b)) in comparisons.left.iter().zip(comparisons.right).enumerate() {
        let (a, b) = (*a as usize, *b as usize);
        let weight = comparisons.weight(index);
        let p = logistic(t[a] - t[b] + bias);
        let won = match comparisons.outcome(index) {
            Outcome::Left => 1.0,
            Outcome::Right => 0.0,
            Outcome::Tie => 0.5,
        };
        let parts = [(a, 1.0), (b, -1.0), (n, 1.0)];
        for (i, x) in parts {
            gradient[i] += weight * (won - p) * x;
            for (j, y) in parts {
                hessian[i * width + j] += weight * p * (1.0 - p) * x * y;
            }
        }
    }
    (gradient, hessian)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    #[test]
    fn the_bias_comes_back_and_its_interval_covers_none() {
        let mut random = SplitMix::new(9);
        let (mut alarms, mut sum) = (0, 0.0);
        for run in 0..60 {
            let truth = if run < 40 { 0.0 } else { 0.7 };
            let (mut left, mut right, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..300 {
                let a = random.below(4);
                let b = (a + 1 + random.below(3)) % 4;
                let gap = 0.4 * (b as f64 - a as f64) + truth;
                left.push(u32::try_from(a).unwrap());
                right.push(u32::try_from(b).unwrap());
                outcomes.push(if random.unit() < logistic(gap) {
                    Outcome::Left
                } else {
                    Outcome::Right
                });
            }
            let found = side_bias(&Comparisons {
                items: 4,
                left: &left,
                right: &right,
                outcomes: Some(&outcomes),
                weights: None,
            })
            .unwrap();
            if run < 40 {
                alarms += usize::from(found.p <= 0.05);
            } else {
                sum += found.left.estimate;
            }
        }
        assert!(alarms <= 6, "{alarms}");
        assert!((sum / 20.0 - 0.7).abs() < 0.1);
    }
}
