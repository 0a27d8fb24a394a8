//! Rates of tests worked out by hand, apart from the code under test.
//!
//! Read [`conditional`] and [`chi_square_power`] first. Not here: the laws.

use fieldassay_measure::stats::{chi_square_tail, normal_tail};

/// Chance of a normal value above `z`.
pub(super) fn above(z: f64) -> f64 {
    normal_tail(z).unwrap_or(f64::NAN)
}

/// Chances of 0 to n of n, each with probability `p`.
pub(super) fn binomial(n: usize, p: f64) -> Vec<f64> {
    let mut chances = vec![1.0];
    for _ in 0..n {
        let mut next = vec![0.0; chances.len() + 1];
        for (k, chance) in chances.iter().enumerate() {
            next[k] += chance * (1.0 - p);
            next[k + 1] += chance * p;
        }
        chances = next;
    }
    chances
}

/// Chances of 0 to `most` events where `mean` are expected.
pub(super) fn poisson(mean: f64, most: usize) -> Vec<f64> {
    let mut chance = (-mean).exp();
    let mut chances = vec![chance];
    for k in 1..=most {
        chance *= mean / k as f64;
        chances.push(chance);
    }
    chances
}

/// Chance that a test is at most 0.05 that looks at how `d` changes are shared out: `totals` gives the chance of each
/// `d`, `share` that of a change to be of the first kind; `p_of` gets the chances of 0 to d under an even share, and how
/// many are of the first kind.
pub(super) fn conditional(totals: &[f64], share: f64, p_of: fn(&[f64], usize) -> f64) -> f64 {
    let of_total = |(d, chance): (usize, &f64)| {
        let even = binomial(d, 0.5);
        let rejected = |(k, seen): (usize, f64)| {
            if p_of(&even, k) <= 0.05 { seen } else { 0.0 }
        };
        let all = binomial(d, share).into_iter().enumerate();
        chance * all.map(rejected).sum::<f64>()
    };
    totals.iter().enumerate().map(of_total).sum()
}

/// Power of chi-squared at `level`: a Poisson mixture of central ones.
pub(super) fn chi_square_power(level: f64, degrees: f64, noncentrality: f64) -> f64 {
    let tail = |x: f64, degrees: f64| chi_square_tail(x, degrees).unwrap_or(f64::NAN);
    let (mut low, mut high) = (0.0, 1000.0);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if tail(middle, degrees) > level {
            low = middle;
        } else {
            high = middle;
        }
    }
    let mixed = poisson(0.5 * noncentrality, 400);
    let part = |(j, weight): (usize, &f64)| weight * tail(high, degrees + 2.0 * j as f64);
    mixed.iter().enumerate().map(part).sum()
}

/// At the least what a comparison of medians finds of a shift by `shift` standard deviations of normal values, `n` on
/// either side: it needs pi/2 times the values of Student's test (Mood 1954).
pub(super) fn median_power(shift: f64, n: f64) -> f64 {
    above(1.959_964 - shift * (n * std::f64::consts::FRAC_2_PI / 2.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_tables() {
        assert!((above(1.959_963_985) - 0.025).abs() < 1e-9);
        assert!((binomial(4, 0.5)[2] - 0.375).abs() < 1e-15);
        // Cohen 1988, table 7.3.16: w 0.3, n 100, one degree of freedom.
        assert!((chi_square_power(0.05, 1.0, 9.0) - 0.85).abs() < 0.005);
        assert!((chi_square_power(0.05, 4.0, 0.0) - 0.05).abs() < 1e-9);
    }
}
