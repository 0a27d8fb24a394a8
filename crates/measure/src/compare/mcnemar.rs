//! The same items before and after: which changed sides, and is that chance.
//!
//! Read [`Pairs`] and [`mcnemar`] first. Not here: scores instead of pass and fail ([`super::paired`]).

use super::{CompareError, Verdict, open_unit, range};
use crate::stats::{
    Alternative, Interval, binomial_pmf, binomial_test, clopper_pearson_upper, normal_quantile,
    normal_two_sided,
};
use serde::Serialize;

/// Counts of items by what the old and the new one did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pairs {
    /// Both passed.
    pub both_pass: u64,
    /// Regressions.
    pub old_pass_new_fail: u64,
    /// Repairs.
    pub old_fail_new_pass: u64,
    /// Both failed.
    pub both_fail: u64,
}

impl Pairs {
    /// Counts from one pass flag per item; items in the same order in both.
    ///
    /// Errors: [`CompareError::Lengths`]. Cost: `O(n)`.
    pub fn count(old_pass: &[bool], new_pass: &[bool]) -> Result<Self, CompareError> {
        if old_pass.len() != new_pass.len() {
            return Err(CompareError::Lengths {
                field: "new",
                seen: new_pass.len(),
                expected: old_pass.len(),
            });
        }
        let mut pairs = Self::default();
        for (old, new) in old_pass.iter().zip(new_pass) {
            match (old, new) {
                (true, true) => pairs.both_pass += 1,
                (true, false) => pairs.old_pass_new_fail += 1,
                (false, true) => pairs.old_fail_new_pass += 1,
                (false, false) => pairs.both_fail += 1,
            }
        }
        Ok(pairs)
    }

    /// Items.
    pub fn n(&self) -> u64 {
        self.both_pass + self.old_pass_new_fail + self.old_fail_new_pass + self.both_fail
    }
}

/// Results of `McNemar`'s test. p-values are two-sided but for the one named otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct McNemar {
    /// Items.
    pub n: u64,
    /// `2 P(Bin(b + c, 1/2) <= min(b, c))`, at most 1.
    pub exact_p: f64,
    /// Chi-squared with continuity correction, `(|b - c| - 1)^2 / (b + c)`.
    pub chi2_cc: f64,
    /// Its p-value, 1 degree of freedom.
    pub chi2_cc_p: f64,
    /// Chi-squared without correction.
    pub chi2: f64,
    /// Its p-value.
    pub chi2_p: f64,
    /// Exact p-value less half the probability of what was seen: holds its level nearly, and has more power.
    pub mid_p: f64,
    /// `P(Bin(b + c, 1/2) >= b)`: is the new one worse.
    pub one_sided_new_worse_exact_p: f64,
    /// Increase of the failure rate, `(b - c) / n`.
    pub diff_fail_rate_new_minus_old: f64,
    /// Its standard error, `sqrt(b + c - (b - c)^2 / n) / n`; 0 where nothing changed, which says nothing.
    pub wald_se: f64,
    /// `diff + 1.645 se`.
    pub wald_upper95_one_sided: f64,
    /// Share of items that changed sides, `(b + c) / n`, worth knowing also where `b` is `c`.
    pub flip_rate: f64,
}

/// `McNemar`'s test (`McNemar` 1947; mid-p after Fagerland, Lydersen and Laake 2013).
///
/// Errors: [`CompareError::TooFew`] without items. Nothing changed gives p-values of 1. Cost: `O(sqrt(b + c))`.
pub fn mcnemar(pairs: &Pairs) -> Result<McNemar, CompareError> {
    let n = pairs.n();
    if n == 0 {
        return Err(CompareError::TooFew {
            field: "items",
            seen: 0,
            least: 1,
            hint: "no item was run by both; match items by name",
        });
    }
    let (b, c) = (pairs.old_pass_new_fail, pairs.old_fail_new_pass);
    let changed = b + c;
    let half = |side| binomial_test(b.min(c), changed, 0.5, side);
    let exact_p = (2.0 * half(Alternative::Less)?).min(1.0);
    let mid_p = exact_mid_p(b, c, exact_p)?;
    let gap = b.abs_diff(c) as f64;
    let chi2_of = |gap: f64| {
        if changed == 0 {
            0.0
        } else {
            gap * gap / changed as f64
        }
    };
    let (chi2_cc, chi2) = (chi2_of((gap - 1.0).abs()), chi2_of(gap));
    let p_of = |chi2: f64| normal_two_sided(chi2.sqrt());
    let (size, signed) = (n as f64, b as f64 - c as f64);
    let diff = signed / size;
    let wald_se = (changed as f64 - signed * signed / size).max(0.0).sqrt() / size;
    Ok(McNemar {
        n,
        exact_p,
        chi2_cc,
        chi2_cc_p: p_of(chi2_cc)?,
        chi2,
        chi2_p: p_of(chi2)?,
        mid_p,
        one_sided_new_worse_exact_p: binomial_test(b, changed, 0.5, Alternative::Greater)?,
        diff_fail_rate_new_minus_old: diff,
        wald_se,
        wald_upper95_one_sided: diff - normal_quantile(0.05)? * wald_se,
        flip_rate: changed as f64 / size,
    })
}

fn exact_mid_p(b: u64, c: u64, exact_p: f64) -> Result<f64, CompareError> {
    if b == c {
        return Ok(1.0);
    }
    Ok(exact_p - binomial_pmf(b.min(c), b + c, 0.5)?)
}

/// Is the new one no worse by a margin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct NonInferiority {
    /// Margin, a share of items.
    pub margin: f64,
    /// Lower end of the two-sided 90 % interval of the increase (Tango's score interval).
    pub low: f64,
    /// Upper end: the one-sided 95 % bound; the exact bound of `b / n` where nothing was repaired, if that is higher.
    pub high: f64,
    /// Increase that this many items would show with 80 % power.
    pub detectable: f64,
    /// Whether `detectable` is at most the margin; where not, silence is no evidence.
    pub is_powered: bool,
    /// What follows.
    pub verdict: Verdict,
}

/// Non-inferiority of paired failure rates: the upper bound of `(b - c) / n` against `margin`.
///
/// The bound is Tango's score interval (1998, eq. 15), which does not collapse to 0 where nothing changed, as the Wald
/// bound does; where no item was repaired it is at least the exact bound of `b / n` at 95 % (0 of `n` gives `3 / n`).
/// `detectable` rests on the flips seen, at least one.
///
/// Errors: [`CompareError`] without items or for a margin outside (0, 1). Cost: some hundred operations.
pub fn non_inferiority(pairs: &Pairs, margin: f64) -> Result<NonInferiority, CompareError> {
    open_unit("margin", margin)?;
    let n = pairs.n();
    let tested = mcnemar(pairs)?;
    let Interval { low, high } = increase_interval(pairs, 0.9)?;
    let flips = (tested.flip_rate * n as f64).max(1.0);
    // One-sided 5 %, power 80 %.
    let reach = normal_quantile(0.8)? - normal_quantile(0.05)?;
    let detectable = reach * flips.sqrt() / n as f64;
    let verdict = Verdict::of_increase(low, high, margin);
    Ok(NonInferiority {
        margin,
        low,
        high,
        detectable,
        is_powered: detectable <= margin,
        verdict,
    })
}

/// Interval of the increase of the failure rate, `(b - c) / n`, at a two-sided confidence: Tango's score interval, whose
/// upper end is at least the exact one-sided bound of `b / n` where no item was repaired, and whose lower end likewise at
/// most that of `c / n` where none broke.
///
/// Errors: [`CompareError`] without items or for a confidence outside (0, 1). Cost: some hundred operations.
pub fn increase_interval(pairs: &Pairs, confidence: f64) -> Result<Interval, CompareError> {
    open_unit("confidence", confidence)?;
    let n = pairs.n();
    mcnemar(pairs)?;
    let risk = 0.5 * (1.0 - confidence);
    let (mut low, mut high) = tango(pairs, -normal_quantile(risk)?)?;
    if pairs.old_fail_new_pass == 0 {
        high = high.max(clopper_pearson_upper(pairs.old_pass_new_fail, n, risk)?);
    }
    if pairs.old_pass_new_fail == 0 {
        low = low.min(-clopper_pearson_upper(pairs.old_fail_new_pass, n, risk)?);
    }
    Ok(Interval { low, high })
}

/// Tango's score interval of a paired difference `(b - c) / n`, `z` standard errors to either side.
fn tango(pairs: &Pairs, z: f64) -> Result<(f64, f64), CompareError> {
    range("z", z, z.is_finite() && z > 0.0, "finite and above 0")?;
    let n = pairs.n() as f64;
    let b = pairs.old_pass_new_fail as f64;
    let c = pairs.old_fail_new_pass as f64;
    // Score statistic for an increase of `delta`: negative where `delta` is too large for what was seen.
    let score = |delta: f64| {
        let linear = -b - c + (2.0 * n - b + c) * delta;
        let constant = -c * delta * (1.0 - delta);
        let root = (linear * linear - 8.0 * n * constant).max(0.0).sqrt();
        let share = ((root - linear) / (4.0 * n)).max(0.0);
        let variance = n * (2.0 * share + delta * (1.0 - delta));
        let top = b - c - n * delta;
        if variance > 0.0 {
            top / variance.sqrt()
        } else if top == 0.0 {
            0.0
        } else {
            top.signum() * f64::INFINITY
        }
    };
    let solve = |target: f64| {
        let (mut low, mut high) = (-1.0, 1.0);
        for _ in 0..100 {
            let middle = 0.5 * (low + high);
            if score(middle) > target {
                low = middle;
            } else {
                high = middle;
            }
        }
        0.5 * (low + high)
    };
    Ok((solve(z), solve(-z)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    fn of(b: u64, c: u64, n: u64) -> Pairs {
        Pairs {
            both_pass: n - b - c,
            old_pass_new_fail: b,
            old_fail_new_pass: c,
            both_fail: 0,
        }
    }

    #[test]
    fn by_hand() {
        let found = mcnemar(&of(0, 5, 100)).unwrap();
        assert!((found.exact_p - 0.0625).abs() < 1e-14 && found.chi2 == 5.0);
        assert!((found.chi2_p - 0.025347318677468325).abs() < 1e-12);
        let same = mcnemar(&of(0, 0, 10)).unwrap();
        assert_eq!((same.exact_p, same.mid_p, same.chi2_p), (1.0, 1.0, 1.0));
        assert!(mcnemar(&Pairs::default()).is_err());
        assert!(Pairs::count(&[true], &[]).is_err());
        let counted = Pairs::count(&[true, true, false], &[true, false, true]).unwrap();
        assert_eq!(
            (counted.old_pass_new_fail, counted.old_fail_new_pass),
            (1, 1)
        );
    }

    #[test]
    fn nothing_changed_in_few_items_says_nothing() {
        let few = non_inferiority(&of(0, 0, 20), 0.05).unwrap();
        assert_eq!(
            (few.verdict, few.is_powered),
            (Verdict::Inconclusive, false)
        );
        assert!((few.high - 0.139).abs() < 0.01, "{few:?}");
        let many = non_inferiority(&of(0, 0, 1000), 0.05).unwrap();
        assert_eq!(many.verdict, Verdict::NotWorse);
        assert_eq!(
            non_inferiority(&of(60, 5, 500), 0.02).unwrap().verdict,
            Verdict::Worse
        );
        assert_eq!(
            non_inferiority(&of(2, 60, 500), 0.02).unwrap().verdict,
            Verdict::Better
        );
        assert!(non_inferiority(&of(0, 0, 5), 0.0).is_err());
    }

    #[test]
    fn tango_by_maximizing_the_likelihood() {
        // The same score with the likelihood maximized numerically (scipy 1.17 `minimize_scalar` and `brentq`).
        for (b, c, n, expected) in [
            (12, 2, 44, (0.069166216, 0.386003770)),
            (6, 16, 161, (-0.124023432, -0.005433395)),
        ] {
            let (low, high) = tango(&of(b, c, n), crate::stats::Z95).unwrap();
            assert!((low - expected.0).abs() < 1e-7 && (high - expected.1).abs() < 1e-7);
        }
    }

    /// How often a test at 5 % rejects, of 2000 pairs of runs with these chances to change sides.
    fn rejections(worse: f64, better: f64, p_of: fn(&McNemar) -> f64) -> f64 {
        let mut random = SplitMix::new(11);
        let trials = 2000;
        let mut rejected = 0;
        for _ in 0..trials {
            let (mut b, mut c) = (0, 0);
            for _ in 0..120 {
                let u = random.unit();
                b += u64::from(u < worse);
                c += u64::from(u >= worse && u < worse + better);
            }
            rejected += usize::from(p_of(&mcnemar(&of(b, c, 120)).unwrap()) <= 0.05);
        }
        rejected as f64 / f64::from(trials)
    }

    #[test]
    fn levels_hold_and_power_is_there() {
        assert!(rejections(0.1, 0.1, |t| t.exact_p) <= 0.05);
        assert!(rejections(0.1, 0.1, |t| t.mid_p) <= 0.06);
        assert!(rejections(0.1, 0.1, |t| t.one_sided_new_worse_exact_p) <= 0.05);
        assert!(rejections(0.2, 0.05, |t| t.mid_p) > 0.85);
    }

    #[test]
    fn an_increase_at_the_margin_is_rarely_passed() {
        let mut random = SplitMix::new(5);
        let mut passed = 0;
        for _ in 0..1000 {
            let (mut b, mut c) = (0, 0);
            for _ in 0..200 {
                let u = random.unit();
                b += u64::from(u < 0.08);
                c += u64::from((0.08..0.11).contains(&u));
            }
            let verdict = non_inferiority(&of(b, c, 200), 0.05).unwrap().verdict;
            passed += usize::from(matches!(verdict, Verdict::NotWorse | Verdict::Better));
        }
        // 5 % is promised; four standard errors of a thousand runs are 2.8 points.
        assert!(passed <= 78, "{passed} of 1000");
    }
}
