//! Losses of preference training, by what they take a label's noise to be.

use super::PreferenceError;
use crate::stats::soft_plus;
use serde::Serialize;

/// Per pair; see [`losses`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Losses {
    /// `-ln s(beta d)` (DPO, Rafailov and others 2023).
    pub sigmoid: Vec<f64>,
    /// `(1 - eps) l(+) + eps l(-)`: labels softened (cDPO).
    pub conservative: Vec<f64>,
    /// `((1 - eps) l(+) - eps l(-)) / (1 - 2 eps)`: free of bias from flips (rDPO, Chowdhury and others 2024; TRL `robust`).
    pub robust: Vec<f64>,
}

/// Losses of log ratios `d` of chosen against rejected, for a flip rate `eps` below 1/2.
///
/// Errors: [`PreferenceError::BadOption`].
pub fn losses(deltas: &[f64], beta: f64, eps: f64) -> Result<Losses, PreferenceError> {
    if !(0.0..0.5).contains(&eps) {
        return Err(PreferenceError::BadOption {
            name: "eps",
            value: eps,
            hint: "a flip rate from 0 to below 1/2",
        });
    }
    let both = |d: &f64| (soft_plus(-beta * d), soft_plus(beta * d));
    Ok(Losses {
        sigmoid: deltas.iter().map(|d| both(d).0).collect(),
        conservative: deltas
            .iter()
            .map(|d| {
                let (plus, minus) = both(d);
                (1.0 - eps) * plus + eps * minus
            })
            .collect(),
        robust: deltas
            .iter()
            .map(|d| {
                let (plus, minus) = both(d);
                ((1.0 - eps) * plus - eps * minus) / (1.0 - 2.0 * eps)
            })
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_robust_loss_is_free_of_bias() {
        // Mean over flips of the robust loss is the plain loss.
        let (eps, d) = (0.2, 1.3);
        let found = losses(&[d, -d], 0.5, eps).unwrap();
        let mean = (1.0 - eps) * found.robust[0] + eps * found.robust[1];
        assert!((mean - found.sigmoid[0]).abs() < 1e-12);
        assert!(losses(&[1.0], 0.1, 0.5).is_err());
    }
}
