//! Risk control by testing: learn-then-test and conformal risk control.
//!
//! Read [`hoeffding_bentkus`], [`learn_then_test`], [`route`] and [`conformal`] first. All of it rests on calibration items
//! drawn at random from the stream the threshold is used on. Not here: the search of [`super::selective::sgr`].

use super::selective::Ranked;
use super::{ConfidenceError, at_least, open_unit, range};
use crate::stats::{Adjustment, adjust, binomial_tails, clopper_pearson_upper};
use serde::{Deserialize, Serialize};

/// p-values for "the risk is above `alpha`" from a mean loss in 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RiskP {
    /// `exp(-n h1(min(r, alpha), alpha))`.
    pub hoeffding: f64,
    /// `e P(Bin(n, alpha) <= ceil(n r))`; may be above 1.
    pub bentkus: f64,
    /// The smaller one, at most 1.
    pub p: f64,
    /// As the authors' code (aangelopoulos/ltt) has it: there the first is NaN at a risk of 0 and the second, e times
    /// larger, counts; valid, with less power.
    pub hb_p: f64,
    /// `P(Bin(n, alpha) <= n r)`: valid for losses of 0 and 1 only, and then the sharpest.
    pub binom_p: f64,
}

/// Hoeffding's and Bentkus' p-values (Bates et al. 2021, propositions 1 and 2) of the mean loss `mean` of `n` items.
///
/// Errors: [`ConfidenceError::OutOfRange`] for `alpha` outside (0, 1), a mean outside 0 to 1, or no items. Cost: constant.
pub fn hoeffding_bentkus(mean: f64, n: u64, alpha: f64) -> Result<RiskP, ConfidenceError> {
    open_unit("alpha", alpha)?;
    range(
        "mean",
        mean,
        (0.0..=1.0).contains(&mean),
        "losses are from 0 to 1",
    )?;
    range("n", n as f64, n > 0, "at least one item")?;
    let size = n as f64;
    let below = mean.min(alpha);
    let first = if below > 0.0 {
        below * (below / alpha).ln()
    } else {
        0.0
    };
    let h1 = first + (1.0 - below) * ((1.0 - below) / (1.0 - alpha)).ln();
    let hoeffding = (-size * h1).exp();
    // A sum of losses such as 35.00000000000001 is the whole number it stands for.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and n"
    )]
    let count = (size * mean - 1e-9).ceil().max(0.0) as u64;
    let binom_p = binomial_tails(count, n, alpha)?.0;
    let bentkus = std::f64::consts::E * binom_p;
    Ok(RiskP {
        hoeffding,
        bentkus,
        p: hoeffding.min(bentkus).min(1.0),
        hb_p: if mean == 0.0 {
            bentkus
        } else {
            hoeffding.min(bentkus)
        },
        binom_p,
    })
}

/// How several thresholds are tested together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Each at `delta` over their number.
    Bonferroni,
    /// Step down.
    Holm,
    /// One after the other from the safest, each at `delta`, up to the first that fails.
    FixedSequence,
}

/// Places of thresholds whose risk is below the limit, all together with probability `1 - delta` (Angelopoulos et al. 2021).
/// `p` in the order in which they are tried: the safest first.
///
/// Errors: [`ConfidenceError`] for no p-values, one outside 0 to 1 (values above 1 count as 1), or `delta`. Cost: one sort.
pub fn learn_then_test(
    p: &[f64],
    delta: f64,
    family: Family,
) -> Result<Vec<usize>, ConfidenceError> {
    open_unit("delta", delta)?;
    let capped: Vec<f64> = p.iter().map(|p| p.min(1.0)).collect();
    let places = |kept: &[bool]| {
        kept.iter()
            .enumerate()
            .filter(|(_, k)| **k)
            .map(|(i, _)| i)
            .collect()
    };
    Ok(match family {
        Family::Bonferroni => places(&adjust(&capped, delta, Adjustment::Bonferroni)?.reject),
        Family::Holm => places(&adjust(&capped, delta, Adjustment::Holm)?.reject),
        Family::FixedSequence => {
            at_least("p", p.len(), 1, "nothing was tested")?;
            capped
                .iter()
                .take_while(|p| **p <= delta)
                .enumerate()
                .map(|(i, _)| i)
                .collect()
        }
    })
}

/// A threshold from testing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Routed {
    /// Items with at least this score are answered.
    pub threshold: f64,
    /// Share of items answered.
    pub coverage: f64,
    /// Items answered.
    pub accepted: usize,
    /// Errors among them.
    pub errors: u64,
    /// Exact upper bound of the risk at `1 - delta` for this threshold alone.
    pub bound: f64,
}

/// Fewest answered items a threshold is tested on (annotation, E.3).
pub const FEWEST_ANSWERED: usize = 25;

/// Threshold of largest coverage whose share of errors among answered items is at most `risk` with probability `1 - delta`,
/// by learn-then-test on the exact binomial p-value of each threshold; none where no threshold passes.
///
/// `thresholds` must be chosen without looking at the calibration items; those with fewer than 25 items answered are left
/// out. Fixed sequences start at the highest threshold. Errors: [`ConfidenceError`]. Cost: one beta function per threshold.
pub fn route(
    ranked: &Ranked,
    thresholds: &[f64],
    limits: (f64, f64),
    family: Family,
) -> Result<Option<Routed>, ConfidenceError> {
    let (risk, delta) = limits;
    open_unit("risk", risk)?;
    open_unit("delta", delta)?;
    let mut falling: Vec<f64> = thresholds.iter().copied().filter(|t| !t.is_nan()).collect();
    falling.sort_by(|a, b| b.total_cmp(a));
    falling.dedup();
    let mut tried = Vec::new();
    let mut p = Vec::new();
    for threshold in falling {
        let (accepted, errors) = ranked.accepted(threshold);
        if accepted < FEWEST_ANSWERED {
            continue;
        }
        p.push(binomial_tails(errors, accepted as u64, risk)?.0);
        tried.push((threshold, accepted, errors));
    }
    if p.is_empty() {
        return Ok(None);
    }
    let valid = learn_then_test(&p, delta, family)?;
    let best = valid
        .into_iter()
        .map(|i| tried[i])
        .max_by_key(|(_, accepted, _)| *accepted);
    let Some((threshold, accepted, errors)) = best else {
        return Ok(None);
    };
    Ok(Some(Routed {
        threshold,
        coverage: accepted as f64 / ranked.n() as f64,
        accepted,
        errors,
        bound: clopper_pearson_upper(errors, accepted as u64, delta)?,
    }))
}

/// What conformal risk control found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Feasible {
    /// No setting holds the risk.
    None,
    /// The last setting that does, in the order of rising loss.
    UpTo(usize),
    /// Every setting does.
    All,
}

/// Conformal risk control (Angelopoulos et al. 2024, eq. 4): the last of the settings, in the order of rising loss, with
/// `n/(n+1) mean + B/(n+1) <= alpha`; the expected loss on the next item is then at most `alpha`.
///
/// The authors' code returns the first setting both where all and where none will do; here the two are told apart.
/// Errors: [`ConfidenceError`] for no settings, no items, `bound` not positive, or losses that fall (a loss must be monotone).
/// Cost: `O(settings)`.
pub fn conformal(
    mean_loss: &[f64],
    n: u64,
    bound: f64,
    alpha: f64,
) -> Result<Feasible, ConfidenceError> {
    at_least(
        "mean_loss",
        mean_loss.len(),
        1,
        "give the loss of each setting",
    )?;
    range("n", n as f64, n > 0, "at least one item")?;
    range(
        "bound",
        bound,
        bound > 0.0 && bound.is_finite(),
        "the largest loss there is",
    )?;
    range("alpha", alpha, alpha.is_finite(), "finite")?;
    for pair in mean_loss.windows(2) {
        range(
            "mean_loss",
            pair[1],
            pair[1] >= pair[0] - 1e-12,
            "never falling: order settings from the safest on",
        )?;
    }
    if let Some(&loss) = mean_loss.iter().find(|l| l.is_nan() || **l > bound) {
        range("mean_loss", loss, false, "at most the bound")?;
    }
    let size = n as f64;
    let holds = |loss: &f64| size / (size + 1.0) * loss + bound / (size + 1.0) <= alpha;
    let held = mean_loss.iter().take_while(|l| holds(l)).count();
    Ok(if held == 0 {
        Feasible::None
    } else if held == mean_loss.len() {
        Feasible::All
    } else {
        Feasible::UpTo(held - 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    #[test]
    fn p_values_are_valid_and_ordered() {
        for n in [20_u64, 100, 400] {
            for k in 0..n / 5 {
                let found = hoeffding_bentkus(k as f64 / n as f64, n, 0.2).unwrap();
                assert!(found.binom_p <= found.p * (1.0 + 1e-12));
                assert!(found.p <= found.hb_p.min(1.0));
            }
        }
        let none = hoeffding_bentkus(0.0, 100, 0.05).unwrap();
        assert!((none.hoeffding - 0.95_f64.powi(100)).abs() < 1e-15);
        assert!((none.hb_p / none.p - std::f64::consts::E).abs() < 1e-12);
        assert!(hoeffding_bentkus(0.1, 0, 0.1).is_err() && hoeffding_bentkus(1.1, 5, 0.1).is_err());
    }

    #[test]
    fn families_hold_the_risk_over_thresholds() {
        let grid: Vec<f64> = (1..40).map(|i| f64::from(i) / 40.0).collect();
        let mut random = SplitMix::new(8);
        let mut broken = [0; 3];
        let mut coverage = [0.0; 3];
        let families = [Family::Bonferroni, Family::Holm, Family::FixedSequence];
        for _ in 0..400 {
            let score: Vec<f64> = (0..400).map(|_| random.unit()).collect();
            let error: Vec<bool> = score.iter().map(|s| random.unit() > *s).collect();
            let ranked = Ranked::new(&score, &error).unwrap();
            for (i, family) in families.into_iter().enumerate() {
                if let Some(found) = route(&ranked, &grid, (0.2, 0.1), family).unwrap() {
                    broken[i] += usize::from((1.0 - found.threshold) / 2.0 > 0.2);
                    coverage[i] += found.coverage / 400.0;
                }
            }
        }
        assert!(broken.iter().all(|b| *b <= 40), "{broken:?}");
        assert!(
            coverage[2] > coverage[0] && coverage[1] >= coverage[0],
            "{coverage:?}"
        );
    }

    #[test]
    fn conformal_holds_the_mean_and_tells_all_from_none() {
        assert_eq!(
            conformal(&[0.0, 0.1, 0.5], 100, 1.0, 0.001).unwrap(),
            Feasible::None
        );
        assert_eq!(
            conformal(&[0.0, 0.1, 0.5], 100, 1.0, 0.9).unwrap(),
            Feasible::All
        );
        assert_eq!(
            conformal(&[0.0, 0.1, 0.5], 100, 1.0, 0.2).unwrap(),
            Feasible::UpTo(1)
        );
        assert!(
            conformal(&[0.5, 0.1], 10, 1.0, 0.2).is_err() && conformal(&[], 10, 1.0, 0.2).is_err()
        );
        // Loss 1 where the score is below lambda: scores uniform, so the true loss at lambda is lambda.
        let mut random = SplitMix::new(10);
        let (mut total, trials) = (0.0, 1000);
        for _ in 0..trials {
            let score: Vec<f64> = (0..60).map(|_| random.unit()).collect();
            let mean = |l: f64| score.iter().filter(|s| **s < l).count() as f64 / 60.0;
            let losses: Vec<f64> = (0..=100).map(|i| mean(f64::from(i) / 100.0)).collect();
            total += match conformal(&losses, 60, 1.0, 0.1).unwrap() {
                Feasible::None => 0.0,
                Feasible::UpTo(i) => i as f64 / 100.0,
                Feasible::All => 1.0,
            };
        }
        let mean = total / f64::from(trials);
        assert!(mean <= 0.103 && mean > 0.06, "{mean}");
    }
}
