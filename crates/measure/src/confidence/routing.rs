//! Which items a machine may answer alone, whatever the guarantee asked for.
//!
//! Read [`routing`] first. Not here: the searches themselves ([`super::selective`], [`super::risk`]).

use super::risk::{FEWEST_ANSWERED, Family, Feasible, Routed, conformal, route};
use super::selective::{Probe, Ranked, sgr};
use super::{ConfidenceError, at_least, open_unit};
use crate::stats::clopper_pearson_upper;
use serde::{Deserialize, Serialize};

/// What is guaranteed of a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guarantee {
    /// The share of errors among answered items, with confidence, by [`sgr`]; thresholds are scores that were seen.
    Sgr,
    /// The same, by [`route`] over thresholds fixed beforehand.
    Ltt(Family),
    /// The expected share of items that are answered and wrong, by [`conformal`] over thresholds fixed beforehand.
    Crc,
}

/// A threshold, or how far it is from there being one.
#[derive(Clone, Debug, PartialEq)]
pub struct Routing {
    /// The threshold of largest coverage; none where no threshold holds the risk.
    pub best: Option<Routed>,
    /// Where there is none, the smallest risk for which the same items would give one; none where too few items can be
    /// answered at any threshold.
    pub least_risk: Option<f64>,
    /// What [`sgr`] tried.
    pub probes: Vec<Probe>,
}

/// Thresholds fixed beforehand for scores from 0 to 1: hundredths.
pub fn hundredths() -> Vec<f64> {
    (0..=100).map(|i| f64::from(i) / 100.0).collect()
}

/// The smallest risk that `answered` items can show at `1 - delta` when none of them is an error.
fn without_error(answered: usize, delta: f64) -> Result<f64, ConfidenceError> {
    Ok(clopper_pearson_upper(0, answered as u64, delta)?)
}

/// Thresholds, falling, at which enough items are answered that the risk could be shown if none of them were an error.
///
/// It looks at scores alone and not at what came of them, so that testing what is left keeps its level; a fixed sequence
/// that started with a threshold of few items would end there for nothing.
fn testable(
    ranked: &Ranked,
    thresholds: &[f64],
    (risk, delta): (f64, f64),
) -> Result<Vec<f64>, ConfidenceError> {
    let mut kept = Vec::new();
    for threshold in falling(thresholds) {
        let (accepted, _) = ranked.accepted(threshold);
        if accepted >= FEWEST_ANSWERED && without_error(accepted, delta)? <= risk {
            kept.push(threshold);
        }
    }
    Ok(kept)
}

fn falling(thresholds: &[f64]) -> Vec<f64> {
    let mut found: Vec<f64> = thresholds.iter().copied().filter(|t| !t.is_nan()).collect();
    found.sort_by(|a, b| b.total_cmp(a));
    found.dedup();
    found
}

/// Smallest risk at which [`route`] over [`testable`] thresholds finds one.
fn least_tested(
    ranked: &Ranked,
    thresholds: &[f64],
    delta: f64,
    family: Family,
) -> Result<Option<f64>, ConfidenceError> {
    let mut counted = Vec::new();
    for threshold in falling(thresholds) {
        let (accepted, errors) = ranked.accepted(threshold);
        if accepted >= FEWEST_ANSWERED {
            counted.push((accepted, errors));
        }
    }
    // At a given risk the first threshold that can be tested is the first with a bound without errors below it; more
    // thresholds are tested as the risk grows, so that those that share the level are counted anew for each.
    let mut least: Option<f64> = None;
    let mut entry_of_safer = f64::INFINITY;
    for (place, &(accepted, errors)) in counted.iter().enumerate() {
        let entry = without_error(accepted, delta)?;
        if family == Family::FixedSequence {
            let bound = clopper_pearson_upper(errors, accepted as u64, delta)?;
            if bound < entry_of_safer {
                least = Some(least.map_or(bound, |known| known.min(bound)));
            }
            entry_of_safer = entry;
            continue;
        }
        // From this risk on the thresholds from `place` to the last share the level.
        let share = delta / (counted.len() - place) as f64;
        for &(accepted, errors) in counted.iter().skip(place) {
            let bound = clopper_pearson_upper(errors, accepted as u64, share)?.max(entry);
            if bound < entry_of_safer {
                least = Some(least.map_or(bound, |known| known.min(bound)));
            }
        }
        entry_of_safer = entry;
    }
    Ok(least)
}

/// Conformal risk control of the loss "answered and wrong" over all items, which never falls as the threshold falls.
fn expected(ranked: &Ranked, thresholds: &[f64], risk: f64) -> Result<Routing, ConfidenceError> {
    let grid = falling(thresholds);
    let n = ranked.n() as f64;
    let losses: Vec<f64> = grid
        .iter()
        .map(|t| ranked.accepted(*t).1 as f64 / n)
        .collect();
    let bound = |loss: f64| (n * loss + 1.0) / (n + 1.0);
    let last = match conformal(&losses, ranked.n() as u64, 1.0, risk)? {
        Feasible::None => {
            return Ok(Routing {
                best: None,
                least_risk: losses.first().map(|loss| bound(*loss)),
                probes: Vec::new(),
            });
        }
        Feasible::UpTo(i) => i,
        Feasible::All => grid.len() - 1,
    };
    let (accepted, errors) = ranked.accepted(grid[last]);
    Ok(Routing {
        best: Some(Routed {
            threshold: grid[last],
            coverage: accepted as f64 / n,
            accepted,
            errors,
            bound: bound(losses[last]),
        }),
        least_risk: None,
        probes: Vec::new(),
    })
}

/// The threshold of largest coverage that holds `risk`, with `1 - delta` where the guarantee knows a confidence.
///
/// `thresholds` must be chosen without looking at what came of the items; [`sgr`] does not use them. Of those for
/// learn-then-test only the ones are tested at which the risk could be shown at all. Errors: [`ConfidenceError`] for
/// `risk` or `delta` outside (0, 1), no thresholds. Cost: as the search; without a threshold for Bonferroni and Holm the
/// square of the number of thresholds.
pub fn routing(
    ranked: &Ranked,
    guarantee: Guarantee,
    thresholds: &[f64],
    (risk, delta): (f64, f64),
) -> Result<Routing, ConfidenceError> {
    open_unit("risk", risk)?;
    open_unit("delta", delta)?;
    match guarantee {
        Guarantee::Sgr => {
            let found = sgr(ranked, risk, delta)?;
            // Where all probes fail the search takes the same way for every smaller risk and for every larger one up to
            // the smallest bound on it.
            let bounds = found.probes.iter().map(|probe| probe.bound);
            let least_risk = bounds.min_by(f64::total_cmp);
            Ok(Routing {
                best: found.best.map(|probe| Routed {
                    threshold: probe.threshold,
                    coverage: probe.accepted as f64 / ranked.n() as f64,
                    accepted: probe.accepted,
                    errors: probe.errors,
                    bound: probe.bound,
                }),
                least_risk: least_risk.filter(|_| found.best.is_none()),
                probes: found.probes,
            })
        }
        Guarantee::Ltt(family) => {
            at_least("thresholds", thresholds.len(), 1, "nothing can be tested")?;
            let tested = testable(ranked, thresholds, (risk, delta))?;
            let best = route(ranked, &tested, (risk, delta), family)?;
            let least_risk = match best {
                Some(_) => None,
                None => least_tested(ranked, thresholds, delta, family)?,
            };
            Ok(Routing {
                best,
                least_risk,
                probes: Vec::new(),
            })
        }
        Guarantee::Crc => expected(ranked, thresholds, risk),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    const ALL: [Guarantee; 5] = [
        Guarantee::Sgr,
        Guarantee::Ltt(Family::FixedSequence),
        Guarantee::Ltt(Family::Holm),
        Guarantee::Ltt(Family::Bonferroni),
        Guarantee::Crc,
    ];

    fn drawn(seed: u64, n: usize, right: impl Fn(f64) -> f64) -> Ranked {
        let mut random = SplitMix::new(seed);
        let score: Vec<f64> = (0..n).map(|_| random.unit()).collect();
        let error: Vec<bool> = score.iter().map(|s| random.unit() > right(*s)).collect();
        Ranked::new(&score, &error).unwrap()
    }

    #[test]
    fn the_least_risk_is_where_it_becomes_feasible() {
        for seed in 0..6 {
            let ranked = drawn(seed, 600, |s| 0.5 + 0.4 * s);
            for guarantee in ALL {
                let at =
                    |risk: f64| routing(&ranked, guarantee, &hundredths(), (risk, 0.05)).unwrap();
                let least = at(1e-4).least_risk.unwrap();
                let above = at((least * (1.0 + 1e-6)).min(0.999));
                assert!(above.best.is_some(), "{guarantee:?} at {least}");
                assert_eq!(above.least_risk, None);
                for share in [0.999_999, 0.9, 0.7, 0.5] {
                    let below = at(least * share);
                    assert!(below.best.is_none(), "{guarantee:?} at {share} of {least}");
                    assert!(
                        (below.least_risk.unwrap() - least).abs() < 1e-12,
                        "{guarantee:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_few_sure_items_do_not_end_a_fixed_sequence() {
        // 40 items of a score of 1 without error cannot show a risk of 5 %, but 1000 items below can.
        let mut score = vec![1.0; 40];
        score.extend(vec![0.9; 1000]);
        let error = vec![false; 1040];
        let ranked = Ranked::new(&score, &error).unwrap();
        let limits = (0.05, 0.05);
        let fixed = Family::FixedSequence;
        assert_eq!(route(&ranked, &hundredths(), limits, fixed), Ok(None));
        let found = routing(&ranked, Guarantee::Ltt(fixed), &hundredths(), limits).unwrap();
        assert_eq!(found.best.unwrap().coverage, 1.0);
    }

    #[test]
    fn guarantees_hold_over_many_samples() {
        // Right with the score as its chance: among scores of at least t a share (1 - t) / 2 is wrong.
        let (risk, delta, trials) = (0.15, 0.1, 300);
        for guarantee in ALL {
            let (mut broken, mut loss, mut covered) = (0, 0.0, 0.0);
            for seed in 0..trials {
                let ranked = drawn(seed + 100, 500, |s| s);
                let found = routing(&ranked, guarantee, &hundredths(), (risk, delta)).unwrap();
                if let Some(best) = found.best {
                    let t = best.threshold;
                    broken += usize::from(0.5 * (1.0 - t) > risk);
                    loss += 0.5 * (1.0 - t) * (1.0 - t) / trials as f64;
                    covered += best.coverage / trials as f64;
                }
            }
            if guarantee == Guarantee::Crc {
                assert!(loss <= risk + 0.003, "{loss}");
            } else {
                assert!(broken <= 38, "{guarantee:?} {broken} of {trials}");
            }
            // Corrections for a hundred thresholds leave little; the fixed sequence needs none.
            assert!(covered > 0.03, "{guarantee:?} {covered}");
        }
    }

    #[test]
    fn too_few_items_are_said_and_wrong_limits_refused() {
        let ranked = drawn(1, 10, |_| 1.0);
        let ltt = Guarantee::Ltt(Family::FixedSequence);
        let found = routing(&ranked, ltt, &hundredths(), (0.1, 0.1)).unwrap();
        assert_eq!((found.best, found.least_risk), (None, None));
        for limits in [(0.0, 0.1), (0.1, 1.0), (f64::NAN, 0.1)] {
            assert!(routing(&ranked, Guarantee::Sgr, &[], limits).is_err());
        }
        assert!(routing(&ranked, ltt, &[], (0.1, 0.1)).is_err());
        assert!(routing(&ranked, Guarantee::Crc, &[], (0.1, 0.1)).is_err());
    }
}
