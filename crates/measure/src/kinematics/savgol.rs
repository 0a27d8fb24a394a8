//! Savitzky-Golay smoothing and derivatives.
//!
//! Read [`Filter`] and [`savgol`] first. Not here: which windows belong to which quantity (`comfort`).

use super::{KinematicsError, finite_series, positive};

/// A least-squares polynomial over a moving window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Filter {
    /// Samples the polynomial is fitted to; even windows are centered half a sample late, as scipy does.
    pub window: usize,
    /// Order of the polynomial, less than the window.
    pub order: usize,
    /// Derivative: 0 smooths.
    pub derivative: usize,
    /// Time between samples, seconds.
    pub step_secs: f64,
}

impl Filter {
    fn check(&self, samples: usize) -> Result<(), KinematicsError> {
        positive(&[("dt", self.step_secs)])?;
        if self.order >= self.window || self.window > samples {
            return Err(KinematicsError::Window {
                window: self.window,
                order: self.order,
                samples,
            });
        }
        Ok(())
    }

    /// The same with the window no longer than the series, as nuPlan asks for it.
    #[must_use]
    pub fn shortened(self, samples: usize) -> Self {
        Self {
            window: self.window.min(samples),
            ..self
        }
    }

    /// Weights of the samples of a window for the value at its middle, oldest first; scipy's `savgol_coeffs` lists
    /// them newest first. Errors: an order that does not fit.
    pub fn weights(&self) -> Result<Vec<f64>, KinematicsError> {
        self.check(self.window)?;
        Ok(self.weights_at(0.5 * (self.window as f64 - 1.0)))
    }

    /// Weights for the value at a place of the window, by discrete orthogonal polynomials (Gram; Gorry 1990, eq. 4):
    /// `w_j = sum_k p_k(j) p_k^(d)(at) / |p_k|^2`.
    fn weights_at(&self, at: f64) -> Vec<f64> {
        let n = self.window;
        // Positions from -1 to 1 keep the recurrence well scaled.
        let half = (0.5 * (n as f64 - 1.0)).max(1.0);
        let middle = 0.5 * (n as f64 - 1.0);
        let place = |j: f64| (j - middle) / half;
        let places: Vec<f64> = (0..n).map(|j| place(j as f64)).collect();
        let at = place(at);
        let mut weights = vec![0.0; n];
        let mut now = vec![1.0; n];
        let mut before = vec![0.0; n];
        // Derivatives 0 to d of the polynomial at the place, and of the one before.
        let mut value = vec![0.0; self.derivative + 1];
        if let Some(first) = value.first_mut() {
            *first = 1.0;
        }
        let mut value_before = vec![0.0; self.derivative + 1];
        let mut norm_before = 1.0;
        for k in 0..=self.order {
            let norm: f64 = now.iter().map(|p| p * p).sum();
            let wanted = value.last().copied().unwrap_or_default() / norm;
            for (w, p) in weights.iter_mut().zip(&now) {
                *w += wanted * p;
            }
            // Symmetric places make every alpha zero.
            let beta = if k == 0 { 0.0 } else { norm / norm_before };
            let next: Vec<f64> = places
                .iter()
                .zip(now.iter().zip(&before))
                .map(|(x, (p, q))| x * p - beta * q)
                .collect();
            let next_value: Vec<f64> = (0..value.len())
                .map(|d| {
                    let lower = d.checked_sub(1).map_or(0.0, |e| d as f64 * value[e]);
                    at * value[d] + lower - beta * value_before[d]
                })
                .collect();
            before = std::mem::replace(&mut now, next);
            value_before = std::mem::replace(&mut value, next_value);
            norm_before = norm;
        }
        let unit = half * self.step_secs;
        let scale = (0..self.derivative).fold(1.0, |s, _| s * unit);
        weights.iter_mut().for_each(|w| *w /= scale);
        weights
    }
}

/// A series smoothed or differentiated, evenly sampled, of the same length (Savitzky and Golay 1964; scipy 1.17.1
/// `savgol_filter` with `mode="interp"`): half a window at each end is taken from the polynomial of the outermost window.
///
/// Errors: [`KinematicsError::Window`] for fewer samples than the window, samples that are not finite. Cost: `n window`.
pub fn savgol(x: &[f64], filter: &Filter) -> Result<Vec<f64>, KinematicsError> {
    filter.check(x.len())?;
    finite_series("samples", x)?;
    let (n, window) = (x.len(), filter.window);
    let half = window / 2;
    let dot = |weights: &[f64], x: &[f64]| weights.iter().zip(x).map(|(w, x)| w * x).sum::<f64>();
    let mut out = vec![0.0; n];
    let middle = filter.weights()?;
    // The middle of window i is sample i + (window - 1) / 2; an even window is given to the earlier of the two.
    let offset = (window - 1) / 2;
    for (out, x) in out.iter_mut().skip(offset).zip(x.windows(window)) {
        *out = dot(&middle, x);
    }
    let tail = n - window;
    for edge in 0..half {
        let front = filter.weights_at(edge as f64);
        if let (Some(out), Some(x)) = (out.get_mut(edge), x.get(..window)) {
            *out = dot(&front, x);
        }
        let back = filter.weights_at((window - 1 - edge) as f64);
        if let (Some(out), Some(x)) = (out.get_mut(n - 1 - edge), x.get(tail..)) {
            *out = dot(&back, x);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn polynomials_of_its_order_pass_unchanged(
            c in [-2.0..2.0_f64, -2.0..2.0_f64, -2.0..2.0_f64], half in 1_usize..6, dt in 0.01..1.0_f64,
        ) {
            let window = 2 * half + 1;
            let t: Vec<f64> = (0..30).map(|i| f64::from(i) * dt).collect();
            let x: Vec<f64> = t.iter().map(|t| c[0] + c[1] * t + c[2] * t * t).collect();
            let of = |derivative| {
                savgol(&x, &Filter { window, order: 2, derivative, step_secs: dt }).expect("fits")
            };
            let scale = 1.0 + x.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
            for (i, t) in t.iter().enumerate() {
                prop_assert!((of(0)[i] - x[i]).abs() < 1e-10 * scale);
                prop_assert!((of(1)[i] - (c[1] + 2.0 * c[2] * t)).abs() < 1e-8 * scale / dt);
                prop_assert!((of(2)[i] - 2.0 * c[2]).abs() < 1e-7 * scale / (dt * dt));
            }
        }
    }

    #[test]
    fn windows_that_do_not_fit_are_refused() {
        let filter = Filter {
            window: 5,
            order: 2,
            derivative: 0,
            step_secs: 0.1,
        };
        assert!(savgol(&[1.0; 4], &filter).is_err());
        assert!(savgol(&[1.0; 4], &filter.shortened(4)).is_ok());
        assert!(savgol(&[1.0, 2.0, f64::NAN, 1.0, 1.0], &filter).is_err());
        assert!(savgol(&[1.0; 9], &Filter { order: 5, ..filter }).is_err());
    }
}
