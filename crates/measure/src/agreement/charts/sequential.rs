//! Charts with memory: EWMA and CUSUM.

use crate::agreement::AgreementError;
use crate::change::{ChangeError, Cusum};

fn bad(name: &'static str, value: f64, expected: &'static str) -> AgreementError {
    AgreementError::BadOption {
        name,
        value,
        expected,
    }
}

/// An exponentially weighted moving average with its limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Ewma {
    /// The average after each value.
    pub ewma: Vec<f64>,
    /// Distance from the target that is an alarm, growing to its steady value.
    pub limits: Vec<f64>,
    /// Steady limit.
    pub steady: f64,
    /// Values after which the average is beyond the limit.
    pub signals: Vec<usize>,
}

/// `E = lambda x + (1 - lambda) E` from `target`, limits `width sigma sqrt(lambda / (2 - lambda) (1 - (1 - lambda)^2i))`.
///
/// A NaN counts but changes nothing. Errors: `lambda` outside 0 to 1, a `sigma` or `width` not above 0.
/// Source: Roberts 1959; Montgomery 9.2. See [`super::run_length`] for the width.
pub fn ewma(
    values: &[f64],
    lambda: f64,
    width: f64,
    [target, sigma]: [f64; 2],
) -> Result<Ewma, AgreementError> {
    if !(lambda > 0.0 && lambda <= 1.0) {
        return Err(bad("lambda", lambda, "above 0 and at most 1"));
    }
    for (name, value) in [("width", width), ("sigma", sigma)] {
        if !(value > 0.0 && value.is_finite()) {
            return Err(bad(name, value, "above 0"));
        }
    }
    let steady = width * sigma * (lambda / (2.0 - lambda)).sqrt();
    let (mut at, mut rest) = (target, 1.0_f64);
    let (mut averages, mut limits, mut signals) = (Vec::new(), Vec::new(), Vec::new());
    for (i, x) in values.iter().enumerate() {
        if !x.is_nan() {
            at = lambda * x + (1.0 - lambda) * at;
        }
        rest *= (1.0 - lambda) * (1.0 - lambda);
        let limit = steady * (1.0 - rest).sqrt();
        if (at - target).abs() > limit {
            signals.push(i);
        }
        averages.push(at);
        limits.push(limit);
    }
    Ok(Ewma {
        ewma: averages,
        limits,
        steady,
        signals,
    })
}

/// A two-sided cumulative sum.
#[derive(Clone, Debug, PartialEq)]
pub struct TabularCusum {
    /// Upper and lower sum after each value.
    pub sums: Vec<[f64; 2]>,
    /// Values after which a sum is above the threshold.
    pub signals: Vec<usize>,
}

/// Two-sided CUSUM of standardized values with allowance `k` and threshold `h`; see [`Cusum`], which does it.
///
/// Errors: as [`Cusum::new`].
pub fn tabular_cusum(z: &[f64], k: f64, h: f64) -> Result<TabularCusum, ChangeError> {
    let mut detector = Cusum::new(0.0, 1.0, k, h)?;
    let mut out = TabularCusum {
        sums: Vec::with_capacity(z.len()),
        signals: Vec::new(),
    };
    for (i, x) in z.iter().enumerate() {
        if detector.push(*x).is_some() {
            out.signals.push(i);
        }
        out.sums.push(detector.sums());
    }
    Ok(out)
}

/// A cumulative sum of log-likelihood ratios of counts.
#[derive(Clone, Debug, PartialEq)]
pub struct RatioCusum {
    /// Weight of each sample.
    pub weights: Vec<f64>,
    /// Sum after each sample.
    pub sums: Vec<f64>,
    /// First sample after which the sum is at the threshold or above.
    pub first_signal: Option<usize>,
}

fn check_rates(p0: f64, p1: f64) -> Result<(), AgreementError> {
    for (name, value) in [("p0", p0), ("p1", p1)] {
        if !(value > 0.0 && value < 1.0) {
            return Err(bad(name, value, "a rate between 0 and 1"));
        }
    }
    if p0 == p1 {
        return Err(bad("p1", p1, "another rate than p0"));
    }
    Ok(())
}

/// CUSUM of samples of counts that is best at telling the error rate `p1` from `p0`:
/// `w = d ln(p1 (1-p0) / (p0 (1-p1))) + n ln((1-p1) / (1-p0))`, `C = max(0, C + w)`.
///
/// Errors: lists of other lengths, rates outside 0 to 1 or equal. Source: Page 1954; Montgomery 9.1.
pub fn ratio_cusum(
    counts: &[u64],
    sizes: &[u64],
    [p0, p1]: [f64; 2],
    h: f64,
) -> Result<RatioCusum, AgreementError> {
    check_rates(p0, p1)?;
    if counts.len() != sizes.len() {
        let (found, expected) = (counts.len(), sizes.len());
        return Err(AgreementError::Length {
            what: "counts",
            found,
            expected,
        });
    }
    let each = (p1 * (1.0 - p0) / (p0 * (1.0 - p1))).ln();
    let item = ((1.0 - p1) / (1.0 - p0)).ln();
    let pairs = counts.iter().zip(sizes);
    let weights: Vec<f64> = pairs
        .map(|(d, n)| *d as f64 * each + *n as f64 * item)
        .collect();
    let mut at = 0.0_f64;
    let sums: Vec<f64> = weights
        .iter()
        .map(|w| {
            at = (at + w).max(0.0);
            at
        })
        .collect();
    let first_signal = sums.iter().position(|c| *c >= h);
    Ok(RatioCusum {
        weights,
        sums,
        first_signal,
    })
}

/// A cumulative sum of single items that are right or wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct BernoulliCusum {
    /// Reference value: what each item takes off.
    pub gamma: f64,
    /// Sum after each item.
    pub sums: Vec<f64>,
    /// First item after which the sum is at the threshold or above.
    pub first_signal: Option<usize>,
}

impl BernoulliCusum {
    /// The reference value that is best at telling the error rate `p1` from `p0`.
    ///
    /// Errors: rates outside 0 to 1 or equal.
    pub fn gamma([p0, p1]: [f64; 2]) -> Result<f64, AgreementError> {
        check_rates(p0, p1)?;
        let r1 = -((1.0 - p1) / (1.0 - p0)).ln();
        let r2 = (p1 * (1.0 - p0) / (p0 * (1.0 - p1))).ln();
        Ok(r1 / r2)
    }
}

/// Bernoulli CUSUM: `B = max(0, B) + x - gamma` for every item, 1 for an error. For rare errors, where samples of counts
/// are mostly 0. Errors: rates outside 0 to 1 or equal. Source: Reynolds and Stoumbos 1999.
pub fn bernoulli_cusum(
    errors: impl Iterator<Item = bool>,
    rates: [f64; 2],
    h: f64,
) -> Result<BernoulliCusum, AgreementError> {
    let gamma = BernoulliCusum::gamma(rates)?;
    let mut at = 0.0_f64;
    let sums: Vec<f64> = errors
        .map(|x| {
            at = at.max(0.0) + f64::from(u8::from(x)) - gamma;
            at
        })
        .collect();
    let first_signal = sums.iter().position(|b| *b >= h);
    Ok(BernoulliCusum {
        gamma,
        sums,
        first_signal,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charts_find_what_they_are_made_for() {
        let z: Vec<f64> = (0..40).map(|i| if i < 20 { 0.0 } else { 1.5 }).collect();
        assert_eq!(tabular_cusum(&z, 0.5, 4.5).unwrap().signals[0], 24);
        let found = ewma(&z, 0.2, 2.86, [0.0, 1.0]).unwrap();
        assert!((21..26).contains(&found.signals[0]), "{:?}", found.signals);
        let counts: Vec<u64> = (0..40).map(|i| if i < 20 { 2 } else { 8 }).collect();
        let found = ratio_cusum(&counts, &[100; 40], [0.02, 0.06], 4.0).unwrap();
        assert!((20..24).contains(&found.first_signal.unwrap()));
        let errors = (0..400).map(|i| i % if i < 200 { 50 } else { 10 } == 0);
        let found = bernoulli_cusum(errors, [0.02, 0.06], 3.0).unwrap();
        assert!(found.first_signal.unwrap() > 200);
        assert!(ratio_cusum(&[1], &[2], [0.1, 0.1], 1.0).is_err());
        assert!(ewma(&z, 0.0, 3.0, [0.0, 1.0]).is_err());
    }
}
