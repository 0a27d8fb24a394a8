//! How long charts run: average run lengths, and thresholds for a wanted one.

use super::sequential::BernoulliCusum;
use crate::agreement::AgreementError;
use crate::stats::linear::solve;
use crate::stats::{normal_cdf, whole_usize};

/// A chart of independent normal values with standard deviation 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Chart {
    /// CUSUM upward only.
    CusumOneSided {
        /// Allowance.
        k: f64,
        /// Threshold.
        h: f64,
    },
    /// CUSUM both ways.
    Cusum {
        /// Allowance.
        k: f64,
        /// Threshold.
        h: f64,
    },
    /// EWMA both ways, with its steady limits from the start.
    Ewma {
        /// Weight of the newest value.
        lambda: f64,
        /// Limit in standard deviations of the average.
        width: f64,
    },
}

/// Points at which run lengths are solved for; with them textbook values come out to five digits.
const POINTS: usize = 80;

/// Points and weights of Gauss and Legendre on an interval.
fn gauss(low: f64, high: f64, n: usize) -> Vec<(f64, f64)> {
    let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
    let size = n as f64;
    (0..n)
        .map(|i| {
            // Newton's method on the Legendre polynomial, from the usual first guess.
            let mut x = (std::f64::consts::PI * (i as f64 + 0.75) / (size + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..50 {
                let (mut p, mut before) = (1.0, 0.0);
                for k in 0..n {
                    let k = k as f64;
                    (p, before) = (((2.0 * k + 1.0) * x * p - k * before) / (k + 1.0), p);
                }
                slope = size * (x * p - before) / (x * x - 1.0);
                let step = p / slope;
                x -= step;
                if step.abs() < 1e-15 {
                    break;
                }
            }
            (
                middle + half * x,
                2.0 * half / ((1.0 - x * x) * slope * slope),
            )
        })
        .collect()
}

fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt()
}

/// `L(u) = 1 + L(0) Phi(k - u) + integral over 0..h of L(s) phi(s + k - u)`, at 0.
fn one_sided(k: f64, h: f64, shift: f64) -> Result<f64, AgreementError> {
    let nodes = gauss(0.0, h, POINTS);
    let size = POINTS + 1;
    let mut system = Vec::with_capacity(size * size);
    let starts = std::iter::once(0.0).chain(nodes.iter().map(|n| n.0));
    for (row, u) in starts.enumerate() {
        let mut line = vec![-normal_cdf(k - u - shift)?];
        line.extend(nodes.iter().map(|(s, w)| -w * density(s + k - u - shift)));
        line[row] += 1.0;
        system.extend(line);
    }
    finish(solve(system, size, vec![1.0; size]), 0)
}

fn finish(found: Option<Vec<f64>>, at: usize) -> Result<f64, AgreementError> {
    let value = found.and_then(|x| x.get(at).copied()).unwrap_or(f64::NAN);
    if value.is_finite() && value >= 1.0 {
        Ok(value)
    } else {
        let expected = "smaller: run lengths beyond 1e12 cannot be told from forever";
        Err(AgreementError::BadOption {
            name: "threshold",
            value,
            expected,
        })
    }
}

/// Average number of values to an alarm, when their mean is `shift` standard deviations off: with 0 the mean time between
/// false alarms.
///
/// By the integral equation of the run length with Gauss and Legendre's points; two-sided CUSUM by
/// `1/L = 1/L+ + 1/L-`. Errors: parameters not above 0 (`k` at least 0), thresholds so large that the chart never alarms.
/// Cost: one linear system of 81 unknowns per side. Source: Goel and Wu 1971; Crowder 1987; Montgomery, tables 9.3 and 9.11.
pub fn run_length(chart: Chart, shift: f64) -> Result<f64, AgreementError> {
    let bad = |name, value| AgreementError::BadOption {
        name,
        value,
        expected: "finite, above 0 (an allowance at least 0)",
    };
    if !shift.is_finite() {
        return Err(bad("shift", shift));
    }
    match chart {
        Chart::CusumOneSided { k, h } | Chart::Cusum { k, h } => {
            if !(k >= 0.0 && k.is_finite()) {
                return Err(bad("k", k));
            }
            if !(h > 0.0 && h.is_finite()) {
                return Err(bad("h", h));
            }
            let up = one_sided(k, h, shift)?;
            if matches!(chart, Chart::CusumOneSided { .. }) {
                return Ok(up);
            }
            // Downward alarms are too rare to count where the shift is large.
            let down = one_sided(k, h, -shift).unwrap_or(f64::INFINITY);
            Ok(1.0 / (1.0 / up + 1.0 / down))
        }
        Chart::Ewma { lambda, width } => {
            if !(lambda > 0.0 && lambda <= 1.0) {
                return Err(bad("lambda", lambda));
            }
            if !(width > 0.0 && width.is_finite()) {
                return Err(bad("width", width));
            }
            let limit = width * (lambda / (2.0 - lambda)).sqrt();
            // An odd number, so that the middle is a point.
            let nodes = gauss(-limit, limit, POINTS + 1);
            let line = |(row, (u, _)): (usize, &(f64, f64))| {
                let kernel = |(s, w): &(f64, f64)| {
                    -w / lambda * density((s - (1.0 - lambda) * u) / lambda - shift)
                };
                let mut line: Vec<f64> = nodes.iter().map(kernel).collect();
                line[row] += 1.0;
                line
            };
            let system = nodes.iter().enumerate().flat_map(line).collect();
            let size = nodes.len();
            finish(solve(system, size, vec![1.0; size]), POINTS / 2)
        }
    }
}

/// Threshold of a two-sided CUSUM that gives `wanted` values between false alarms on average.
///
/// For `c` charts of which at most one may give a false alarm in `t` values, ask for `c * t`. Errors: an allowance below
/// 0, a `wanted` below 2 or above 1e9. Cost: about 60 times [`run_length`].
pub fn cusum_threshold(k: f64, wanted: f64) -> Result<f64, AgreementError> {
    if !(2.0..=1e9).contains(&wanted) {
        let expected = "between 2 and 1e9";
        return Err(AgreementError::BadOption {
            name: "run length",
            value: wanted,
            expected,
        });
    }
    let (mut low, mut high) = (0.0, 1.0);
    while run_length(Chart::Cusum { k, h: high }, 0.0)? < wanted {
        low = high;
        high *= 1.5;
    }
    for _ in 0..50 {
        let middle = 0.5 * (low + high);
        if run_length(Chart::Cusum { k, h: middle }, 0.0)? < wanted {
            low = middle;
        } else {
            high = middle;
        }
        if high - low < 1e-9 {
            break;
        }
    }
    Ok(high)
}

/// Average number of items to an alarm of a Bernoulli CUSUM at error rate `p`.
///
/// Exact where `gamma` is one over a whole number, which it is rounded to (Reynolds and Stoumbos 1999): the sum then moves
/// on a lattice. Errors: a rate outside 0 to 1, a `gamma` outside 0 to 1/2, `h` not above 0 or beyond 1e6 steps.
/// Cost: steps times `1 / gamma`.
pub fn bernoulli_run_length(p: f64, gamma: f64, h: f64) -> Result<f64, AgreementError> {
    let bad = |name, value, expected| AgreementError::BadOption {
        name,
        value,
        expected,
    };
    if !(p > 0.0 && p < 1.0) {
        return Err(bad("p", p, "between 0 and 1"));
    }
    if !(gamma > 0.0 && gamma <= 0.5) {
        return Err(bad("gamma", gamma, "above 0 and at most 1/2"));
    }
    let m = (1.0 / gamma).round();
    let steps = (h * m - 1e-9).ceil();
    if !(steps >= 1.0 && steps * m <= 1e8) {
        return Err(bad("h", h, "above 0 and not beyond what fits into memory"));
    }
    Ok(lattice(p, whole_usize(m), whole_usize(steps)))
}

/// `L_s = 1 + p L_(s+m-1) + (1-p) L_max(s-1, 0)` for states below `n`, at 0: elimination of the one diagonal below.
fn lattice(p: f64, m: usize, n: usize) -> f64 {
    let q = 1.0 - p;
    // Row s: diagonal, then the entries above it, then the right side. Only s+m-1 is filled at first.
    let width = m;
    let mut rows = vec![0.0; n * width];
    let mut right = vec![1.0; n];
    for s in 0..n {
        rows[s * width] = 1.0;
        rows[s * width + m - 1] -= p;
    }
    // At 0 staying there is on the diagonal.
    rows[0] -= q;
    for s in 1..n {
        let factor = q / rows[(s - 1) * width];
        // Column c of the row above is column c - 1 of this one.
        for c in 1..width {
            let above = rows[(s - 1) * width + c];
            rows[s * width + c - 1] += factor * above;
        }
        right[s] += factor * right[s - 1];
    }
    let mut x = vec![0.0; n];
    for s in (0..n).rev() {
        let mut sum = right[s];
        for c in 1..width.min(n - s) {
            sum -= rows[s * width + c] * x[s + c];
        }
        x[s] = sum / rows[s * width];
    }
    x[0]
}

/// Threshold of a Bernoulli CUSUM for the rates `[p0, p1]` with at least `wanted` items between false alarms on average,
/// and the reference value (one over a whole number) it belongs to.
///
/// Errors: as [`bernoulli_run_length`]. Cost: about 20 times that.
pub fn bernoulli_threshold(rates: [f64; 2], wanted: f64) -> Result<(f64, f64), AgreementError> {
    let gamma = BernoulliCusum::gamma(rates)?;
    let m = (1.0 / gamma).round().max(2.0);
    let gamma = 1.0 / m;
    let long_enough = |steps: usize| -> Result<bool, AgreementError> {
        Ok(bernoulli_run_length(rates[0], gamma, steps as f64 / m)? >= wanted)
    };
    let (mut low, mut high) = (0, 1);
    while !long_enough(high)? {
        low = high;
        high *= 2;
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if long_enough(middle)? {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok((high as f64 / m, gamma))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    #[test]
    fn textbook_run_lengths() {
        let near = |found: Result<f64, AgreementError>, expected: f64| {
            let found = found.unwrap();
            assert!(
                (found / expected - 1.0).abs() < 3e-3,
                "{found} for {expected}"
            );
        };
        near(run_length(Chart::Cusum { k: 0.5, h: 5.0 }, 0.0), 465.4);
        near(run_length(Chart::Cusum { k: 0.5, h: 5.0 }, 1.0), 10.4);
        near(run_length(Chart::Cusum { k: 0.25, h: 8.0 }, 0.0), 368.0);
        near(
            run_length(
                Chart::Ewma {
                    lambda: 0.2,
                    width: 2.86,
                },
                0.0,
            ),
            371.1,
        );
        // A Shewhart chart: EWMA without memory.
        near(
            run_length(
                Chart::Ewma {
                    lambda: 1.0,
                    width: 3.0,
                },
                0.0,
            ),
            370.4,
        );
        let h = cusum_threshold(0.5, 465.4).unwrap();
        assert!((h - 5.0).abs() < 1e-3, "{h}");
        assert!(run_length(Chart::Cusum { k: 0.5, h: 0.0 }, 0.0).is_err());
    }

    #[test]
    fn bernoulli_run_lengths_are_those_of_a_simulation() {
        let (h, gamma) = bernoulli_threshold([0.02, 0.06], 2000.0).unwrap();
        let computed = bernoulli_run_length(0.02, gamma, h).unwrap();
        assert!(computed >= 2000.0);
        let mut random = SplitMix::new(8);
        let runs = 1500;
        let mut total = 0_u32;
        for _ in 0..runs {
            let mut at = 0.0_f64;
            loop {
                total += 1;
                at = at.max(0.0) + f64::from(u8::from(random.unit() < 0.02)) - gamma;
                if at >= h - 1e-9 {
                    break;
                }
            }
        }
        let mean = f64::from(total) / f64::from(runs);
        // The run length is nearly exponential: its mean has a standard error of 2.6 %.
        assert!(
            (mean / computed - 1.0).abs() < 0.09,
            "{mean} for {computed}"
        );
    }
}
