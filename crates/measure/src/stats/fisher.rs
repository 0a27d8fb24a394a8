//! Fisher's exact test of a two-by-two table.

use super::StatsError;
use super::binomial::{Urn, hypergeometric_pmf};

/// Probabilities of tables at least as extreme as one seen, its margins given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fisher {
    /// Of a first entry as small or smaller.
    pub less: f64,
    /// Of a first entry as large or larger.
    pub greater: f64,
    /// Of a table no likelier than the one seen, as R and scipy count (relative slack 1e-7).
    pub two_sided: f64,
    /// As [`Self::two_sided`], tables as likely as the one seen counted half: less conservative.
    pub two_sided_mid: f64,
}

/// Fisher's exact test of `[[a, b], [c, d]]`.
///
/// Errors: [`StatsError::BadCounts`] for a table without counts. Cost: one term per possible table.
pub fn fisher_exact([[a, b], [c, d]]: [[u64; 2]; 2]) -> Result<Fisher, StatsError> {
    let urn = Urn {
        size: a + b + c + d,
        marked: a + c,
        drawn: a + b,
    };
    let seen = hypergeometric_pmf(a, urn)?;
    let mut found = Fisher {
        less: 0.0,
        greater: 0.0,
        two_sided: 0.0,
        two_sided_mid: 0.0,
    };
    for x in (urn.drawn + urn.marked).saturating_sub(urn.size)..=urn.drawn.min(urn.marked) {
        let p = hypergeometric_pmf(x, urn)?;
        if x <= a {
            found.less += p;
        }
        if x >= a {
            found.greater += p;
        }
        if p <= seen * (1.0 + 1e-7) {
            found.two_sided += p;
            found.two_sided_mid += if p >= seen * (1.0 - 1e-7) { 0.5 * p } else { p };
        }
    }
    let capped = |p: f64| p.min(1.0);
    Ok(Fisher {
        less: capped(found.less),
        greater: capped(found.greater),
        two_sided: capped(found.two_sided),
        two_sided_mid: capped(found.two_sided_mid),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lady_tasting_tea() {
        let p = fisher_exact([[3, 1], [1, 3]]).unwrap();
        assert!((p.greater - 17.0 / 70.0).abs() < 1e-12, "{p:?}");
        assert!((p.less - 69.0 / 70.0).abs() < 1e-12, "{p:?}");
        assert!((p.two_sided - 34.0 / 70.0).abs() < 1e-12, "{p:?}");
        assert!((p.two_sided_mid - 18.0 / 70.0).abs() < 1e-12, "{p:?}");
    }
}
