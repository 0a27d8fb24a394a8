//! Logistic regression with a ridge, for telling two samples apart.

use super::DriftError;
use crate::rows::Rows;
use crate::stats::logistic;
use crate::stats::regression::Regression;

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
        let fitted = Regression {
            table: &table,
            width,
            target: &labels,
            c: options.c,
            ridge: 1.0,
            most_steps: options.most_steps,
        };
        let mut parameters = fitted.solve().parameters;
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
