//! Logistic regression with a ridge, for telling two samples apart.

use super::DriftError;
use crate::rows::Rows;
use crate::stats::linear::{cholesky, cholesky_solve};
use crate::stats::{logistic, soft_plus};

/// How the model is fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogisticOptions {
    /// Weight of the losses against `|w|^2 / 2`: scikit-learn's `C`.
    pub c: f64,
    /// Newton steps at most.
    pub most_steps: usize,
}

impl Default for LogisticOptions {
    fn default() -> Self {
        Self {
            c: 1.0,
            most_steps: 50,
        }
    }
}

/// A fitted model.
#[derive(Clone, Debug, PartialEq)]
pub struct Logistic {
    /// One weight per column.
    pub weights: Vec<f64>,
    /// The intercept, which the ridge leaves alone.
    pub intercept: f64,
}

impl Logistic {
    /// Minimizes `|w|^2 / 2 + C sum ln(1 + exp(-y (w x + b)))` over the rows named, by Newton's method with halving of the
    /// step; `is_current` is the label of a row.
    ///
    /// Errors: [`DriftError::Empty`] without rows of both labels. Cost: `rows columns^2` per step, about eight steps.
    pub fn fit(
        rows: &Rows,
        named: &[u32],
        is_current: &[bool],
        options: LogisticOptions,
    ) -> Result<Self, DriftError> {
        let label = |row: &u32| is_current.get(*row as usize).copied().unwrap_or(false);
        for (sample, wanted) in [("reference", false), ("current", true)] {
            if !named.iter().any(|row| label(row) == wanted) {
                return Err(DriftError::Empty { sample });
            }
        }
        let labels: Vec<f64> = named
            .iter()
            .map(|r| f64::from(u8::from(label(r))))
            .collect();
        // The last column is the intercept.
        let width = rows.columns() + 1;
        let mut table = Vec::with_capacity(named.len() * width);
        for row in named {
            table.extend((0..rows.columns()).map(|c| rows.at(*row as usize, c)));
            table.push(1.0);
        }
        let mut parameters = vec![0.0; width];
        let mut loss = objective(&table, &labels, &parameters, options.c);
        for _ in 0..options.most_steps {
            let Some(step) = newton_step(&table, &labels, &parameters, options.c) else {
                break;
            };
            let mut scale = 1.0;
            let mut is_better = false;
            for _ in 0..30 {
                let next: Vec<f64> = parameters
                    .iter()
                    .zip(&step)
                    .map(|(p, s)| p - scale * s)
                    .collect();
                let value = objective(&table, &labels, &next, options.c);
                if value <= loss {
                    is_better = value < loss;
                    (parameters, loss) = (next, value);
                    break;
                }
                scale *= 0.5;
            }
            let largest = step.iter().fold(0.0_f64, |m, s| m.max(s.abs()));
            if !is_better || scale * largest < 1e-12 {
                break;
            }
        }
        let intercept = parameters.pop().unwrap_or(0.0);
        Ok(Self {
            weights: parameters,
            intercept,
        })
    }

    /// Probability that a row is of the current sample.
    pub fn probability(&self, rows: &Rows, row: usize) -> f64 {
        logistic(self.log_odds(rows, row))
    }

    /// Log odds that a row is of the current sample.
    pub fn log_odds(&self, rows: &Rows, row: usize) -> f64 {
        let sum: f64 = self
            .weights
            .iter()
            .enumerate()
            .map(|(column, w)| w * rows.at(row, column))
            .sum();
        sum + self.intercept
    }
}

fn objective(table: &[f64], labels: &[f64], parameters: &[f64], c: f64) -> f64 {
    let width = parameters.len();
    let losses: f64 = table
        .chunks_exact(width)
        .zip(labels)
        .map(|(row, y)| {
            let z: f64 = row.iter().zip(parameters).map(|(x, w)| x * w).sum();
            soft_plus(z) - y * z
        })
        .sum();
    let ridge: f64 = parameters[..width - 1].iter().map(|w| w * w).sum();
    0.5 * ridge + c * losses
}

/// `H^-1 g`; none where the Hessian is not positive definite.
fn newton_step(table: &[f64], labels: &[f64], parameters: &[f64], c: f64) -> Option<Vec<f64>> {
    let width = parameters.len();
    let mut gradient: Vec<f64> = parameters.to_vec();
    gradient[width - 1] = 0.0;
    let mut hessian = vec![0.0; width * width];
    for i in 0..width - 1 {
        hessian[i * width + i] = 1.0;
    }
    for (row, y) in table.chunks_exact(width).zip(labels) {
        let z: f64 = row.iter().zip(parameters).map(|(x, w)| x * w).sum();
        let p = logistic(z);
        let weight = c * p * (1.0 - p);
        for (i, x) in row.iter().enumerate() {
            gradient[i] += c * (p - y) * x;
            let scaled = weight * x;
            for (cell, other) in hessian[(i * width)..=(i * width + i)].iter_mut().zip(row) {
                *cell += scaled * other;
            }
        }
    }
    if !cholesky(&mut hessian, width) {
        return None;
    }
    cholesky_solve(&hessian, width, &mut gradient);
    Some(gradient)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_vanishes_and_separable_rows_are_fine() {
        let rows = Rows::from_flat(&[0.0, 1.0, 2.0, 3.0, 10.0, 11.0], 1).unwrap();
        let labels = [false, false, true, false, true, true];
        let all: Vec<u32> = (0..6).collect();
        let model = Logistic::fit(&rows, &all, &labels, LogisticOptions::default()).unwrap();
        let (mut g, mut h) = (model.weights[0], 0.0);
        for (row, label) in labels.iter().enumerate() {
            let d = model.probability(&rows, row) - f64::from(u8::from(*label));
            g += d * rows.at(row, 0);
            h += d;
        }
        assert!(g.abs() < 1e-9 && h.abs() < 1e-9, "{g} {h}");
        let apart = [false, false, false, false, true, true];
        let model = Logistic::fit(&rows, &all, &apart, LogisticOptions::default()).unwrap();
        assert!(model.weights[0].is_finite());
        assert!(Logistic::fit(&rows, &all, &[false; 6], LogisticOptions::default()).is_err());
    }
}
