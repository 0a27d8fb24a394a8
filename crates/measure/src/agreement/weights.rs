//! How much two labels that differ still agree.

use super::AgreementError;
use serde::{Deserialize, Serialize};

/// Rules for weights; `x` are the values of labels, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightKind {
    /// 1 for equal labels, else 0.
    #[serde(alias = "none", alias = "nominal")]
    Identity,
    /// `1 - |x - y| / range`.
    Linear,
    /// `1 - (x - y)^2 / range^2`.
    Quadratic,
    /// By how many pairs of labels lie between.
    Ordinal,
    /// `1 - sqrt(|x - y| / range)`.
    Radical,
    /// By `((x - y) / (x + y))^2`, largest taken as 1.
    Ratio,
    /// By the angle, where the last label is next to the first.
    Circular,
    /// By the distance relative to the ends of the scale.
    Bipolar,
}

/// Weights of pairs of labels: 1 on the diagonal, symmetric.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    size: usize,
    w: Vec<f64>,
}

impl Weights {
    /// 1 for equal labels, else 0.
    pub fn equal(labels: usize) -> Self {
        let mut w = vec![0.0; labels * labels];
        for i in 0..labels {
            w[i * labels + i] = 1.0;
        }
        Self { size: labels, w }
    }

    /// Weights of labels with these values.
    ///
    /// Errors: values that do not ascend or are not finite; below 0 for ratio weights. Source: Gwet 2014, chapter 3.5.
    pub fn new(kind: WeightKind, values: &[f64]) -> Result<Self, AgreementError> {
        for pair in values.windows(2) {
            if pair[0] >= pair[1] || !(pair[1] - pair[0]).is_finite() {
                let value = pair[1];
                return Err(AgreementError::BadValue {
                    value,
                    expected: "values of labels must ascend and be finite",
                });
            }
        }
        let size = values.len();
        let (Some(&low), Some(&high)) = (values.first(), values.last()) else {
            return Ok(Self::equal(0));
        };
        if kind == WeightKind::Ratio && low < 0.0 {
            return Err(AgreementError::BadValue {
                value: low,
                expected: "ratios need values of at least 0",
            });
        }
        let apart = |i: usize, j: usize| {
            let (x, y) = (values[i], values[j]);
            let d = (x - y).abs();
            match kind {
                WeightKind::Identity => 1.0,
                WeightKind::Linear => d,
                WeightKind::Quadratic => d * d,
                WeightKind::Ordinal => (i.abs_diff(j) * (i.abs_diff(j) + 1)) as f64 / 2.0,
                WeightKind::Radical => d.sqrt(),
                WeightKind::Ratio => ((x - y) / (x + y)).powi(2),
                WeightKind::Circular => (std::f64::consts::PI * d / (high - low + 1.0))
                    .sin()
                    .powi(2),
                WeightKind::Bipolar => d * d / ((x + y - 2.0 * low) * (2.0 * high - x - y)),
            }
        };
        let pairs = || (0..size).flat_map(|i| (0..i).map(move |j| (i, j)));
        let most = pairs().map(|(i, j)| apart(i, j)).fold(0.0_f64, f64::max);
        let mut weights = Self::equal(size);
        for (i, j) in pairs() {
            let w = 1.0 - apart(i, j) / most;
            weights.w[i * size + j] = w;
            weights.w[j * size + i] = w;
        }
        Ok(weights)
    }

    /// Number of labels.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Weight of a pair of labels.
    pub fn of(&self, i: usize, j: usize) -> f64 {
        self.w[i * self.size + j]
    }

    /// Weights of a label with every label.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.w[i * self.size..(i + 1) * self.size]
    }

    /// Sum of all weights.
    pub fn total(&self) -> f64 {
        self.w.iter().sum()
    }
}
