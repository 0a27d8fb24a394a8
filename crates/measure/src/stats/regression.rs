//! Logistic regression, for telling samples apart and for maps from scores to probabilities.

use super::linear::{cholesky, cholesky_solve};
use super::{logistic, soft_plus};

/// What is fitted: `ridge |w|^2 / 2 + c sum (ln(1 + exp(z)) - target z)` with `z = table w`, the last column being the
/// intercept, which the ridge leaves alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Regression<'a> {
    /// Row after row, `width` numbers each.
    pub(crate) table: &'a [f64],
    /// Columns, at least 1.
    pub(crate) width: usize,
    /// One target from 0 to 1 per row.
    pub(crate) target: &'a [f64],
    /// Weight of the losses.
    pub(crate) c: f64,
    /// Weight of the ridge.
    pub(crate) ridge: f64,
    /// Newton steps at most.
    pub(crate) most_steps: usize,
}

/// What was found.
#[derive(Clone, Debug)]
pub(crate) struct Solution {
    /// One per column.
    pub(crate) parameters: Vec<f64>,
    /// The sum minimized.
    pub(crate) loss: f64,
    /// Whether no step made it better any more; without a ridge, rows that can be separated have no best weights.
    pub(crate) is_converged: bool,
}

impl Regression<'_> {
    /// Newton's method with halving of the step. Cost: `rows width^2` per step, about eight steps.
    pub(crate) fn solve(&self) -> Solution {
        let mut found = Solution {
            parameters: vec![0.0; self.width],
            loss: self.loss(&vec![0.0; self.width]),
            is_converged: false,
        };
        for _ in 0..self.most_steps {
            let Some(step) = self.newton_step(&found.parameters) else {
                return found;
            };
            let mut scale = 1.0;
            let mut is_better = false;
            for _ in 0..60 {
                let next: Vec<f64> = (found.parameters.iter().zip(&step))
                    .map(|(p, s)| p - scale * s)
                    .collect();
                let loss = self.loss(&next);
                if loss <= found.loss {
                    is_better = loss < found.loss;
                    (found.parameters, found.loss) = (next, loss);
                    break;
                }
                scale *= 0.5;
            }
            let largest = step.iter().fold(0.0_f64, |m, s| m.max(s.abs()));
            if !is_better || scale * largest < 1e-13 {
                found.is_converged = true;
                return found;
            }
        }
        found
    }

    fn rows(&self) -> impl Iterator<Item = (&[f64], f64)> {
        self.table
            .chunks_exact(self.width)
            .zip(self.target.iter().copied())
    }

    fn loss(&self, parameters: &[f64]) -> f64 {
        let losses: f64 = self
            .rows()
            .map(|(row, target)| {
                let z = dot(row, parameters);
                soft_plus(z) - target * z
            })
            .sum();
        let weights = &parameters[..self.width - 1];
        0.5 * self.ridge * dot(weights, weights) + self.c * losses
    }

    /// `H^-1 g`; none where the Hessian is not positive definite.
    fn newton_step(&self, parameters: &[f64]) -> Option<Vec<f64>> {
        let width = self.width;
        let mut gradient: Vec<f64> = parameters.iter().map(|w| self.ridge * w).collect();
        gradient[width - 1] = 0.0;
        let mut hessian = vec![0.0; width * width];
        for i in 0..width - 1 {
            hessian[i * width + i] = self.ridge;
        }
        for (row, target) in self.rows() {
            let p = logistic(dot(row, parameters));
            let weight = self.c * p * (1.0 - p);
            for (i, x) in row.iter().enumerate() {
                gradient[i] += self.c * (p - target) * x;
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
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
