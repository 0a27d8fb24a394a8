//! Bands of a signature: texts that agree in one whole band are candidates.

use super::TextError;
use serde::Serialize;

/// A signature cut into bands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bands {
    /// Bands.
    pub bands: usize,
    /// Entries per band.
    pub rows: usize,
}

/// Probability that texts of similarity `s` share a band: `1 - (1 - s^r)^b`.
pub fn candidate_probability(s: f64, bands: Bands) -> f64 {
    let rows = i32::try_from(bands.rows).unwrap_or(i32::MAX);
    let bands = i32::try_from(bands.bands).unwrap_or(i32::MAX);
    1.0 - (1.0 - s.powi(rows)).powi(bands)
}

/// Bands that make the areas of false positives (below the threshold) and false negatives (above) smallest, with weights
/// that sum to 1, among all that fit `permutations` (as datasketch's `_optimal_param`): equal weights in datasketch.
///
/// Errors: [`TextError::BadOption`] for a threshold outside (0, 1) or no permutations. Cost: some thousand integrals.
pub fn optimal_bands(
    threshold: f64,
    permutations: usize,
    false_positive_weight: f64,
) -> Result<Bands, TextError> {
    if !(threshold > 0.0 && threshold < 1.0) {
        return Err(TextError::BadOption {
            name: "threshold",
            value: threshold,
            hint: "between 0 and 1",
        });
    }
    let mut best: Option<(f64, Bands)> = None;
    for bands in 1..=permutations {
        for rows in 1..=permutations / bands {
            let cut = Bands { bands, rows };
            let above = integral(threshold, 1.0, |s| 1.0 - candidate_probability(s, cut));
            let below = integral(0.0, threshold, |s| candidate_probability(s, cut));
            let cost = false_positive_weight * below + (1.0 - false_positive_weight) * above;
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, cut));
            }
        }
    }
    best.map(|(_, cut)| cut).ok_or(TextError::BadOption {
        name: "permutations",
        value: 0.0,
        hint: "at least one",
    })
}

/// Gauss and Legendre with five nodes on each of 16 parts: error below 1e-10 for these curves.
fn integral(from: f64, to: f64, f: impl Fn(f64) -> f64) -> f64 {
    const NODES: [(f64, f64); 5] = [
        (0.0, 0.568_888_888_888_888_9),
        (0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
        (-0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
        (0.906_179_845_938_664, 0.236_926_885_056_189_08),
        (-0.906_179_845_938_664, 0.236_926_885_056_189_08),
    ];
    let half = (to - from) / 32.0;
    (0..16)
        .map(|part| {
            let middle = from + half * f64::from(2 * part + 1);
            let sum: f64 = NODES.iter().map(|(x, w)| w * f(middle + half * x)).sum();
            half * sum
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_is_steep_at_the_threshold() {
        let bands = optimal_bands(0.7, 64, 0.5).unwrap();
        assert!(bands.bands * bands.rows <= 64);
        assert!(candidate_probability(0.5, bands) < 0.2);
        assert!(candidate_probability(0.9, bands) > 0.9);
        assert!(optimal_bands(1.0, 64, 0.5).is_err());
        assert!(optimal_bands(0.5, 0, 0.5).is_err());
        assert!((integral(0.0, 1.0, |x| x * x) - 1.0 / 3.0).abs() < 1e-14);
    }
}
