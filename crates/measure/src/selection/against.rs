//! Is a way of choosing better than chance?

use super::SelectionError;
use crate::stats::{
    Estimate, Interval, Resampling, SplitMix, Urn, fisher_interval, hypergeometric_pmf, student,
    whole,
};
use serde::Serialize;

/// What a choice found against what chance finds; see [`against_random`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AgainstRandom {
    /// Items there were to choose from.
    pub items: usize,
    /// Those that are what is looked for.
    pub wanted: usize,
    /// Items chosen.
    pub budget: usize,
    /// Wanted ones among the chosen; not whole where ties at the end of the budget are broken by lot.
    pub found: f64,
    /// What a random choice of as many items finds on average.
    pub expected: f64,
    /// What 95 of 100 random choices find at least and at most.
    pub chance: Interval,
    /// `found / expected`, with the exact interval where the odds of being chosen differ by a constant factor.
    pub ratio: Estimate,
    /// Probability that a random choice finds as many or more.
    pub p: f64,
    /// Items with the score at the end of the budget, where not all of them fit into it; 0 otherwise.
    pub tied: usize,
}

/// Does a score find more than chance within a budget? The items of highest score are chosen; of those that share the
/// score at the end of the budget as many as fit are taken by lot, so that the order of the items counts for nothing.
///
/// With `N` items, `E` wanted and `b` chosen a random choice finds a hypergeometric number with mean `b E / N`. `p` is the
/// exact upper tail of the number found, its expectation over the lots where scores are tied, under all orders of the
/// items. The interval of the ratio takes Fisher's exact interval of the odds ratio of chosen to not chosen items
/// (Cornfield 1956; Agresti 2013, 16.6) to the mean of the noncentral hypergeometric distribution; with ties it is of
/// the whole numbers around the number found. Without ties it is above 1 exactly where `p` is at most 0.025.
/// Items must be independent: of frames of one drive count the drive once.
///
/// Errors: [`SelectionError::Mismatch`], [`SelectionError::BadOption`] for a budget of none or of all items, for items
/// none or all of which are wanted, and for a score that is NaN. Cost: a sort, then terms times wanted items found.
pub fn against_random(
    scores: &[f64],
    wanted: &[bool],
    budget: usize,
) -> Result<AgainstRandom, SelectionError> {
    let marked = check(wanted, scores.len(), budget)?;
    if scores.iter().any(|score| score.is_nan()) {
        return Err(SelectionError::BadOption {
            name: "score",
            value: f64::NAN,
            hint: "every item needs a score; leave items without one out and count them",
        });
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    // The sort orders -0 below 0: compare the score at the end by value.
    let last = scores[order[budget - 1]];
    let (mut sure, mut sure_found, mut tied, mut tied_found) = (0, 0, 0, 0);
    for (score, is_wanted) in scores.iter().zip(wanted) {
        if *score > last {
            sure += 1;
            sure_found += usize::from(*is_wanted);
        } else if *score == last {
            tied += 1;
            tied_found += usize::from(*is_wanted);
        }
    }
    let lots = budget - sure;
    let items = scores.len();
    let found = sure_found as f64 + tied_found as f64 * lots as f64 / tied as f64;
    let cut = Cut {
        sure,
        tied,
        lots,
        // In units of one over the tied items, so that it stays whole.
        seen: sure_found * tied + tied_found * lots,
    };
    let urn = urn(items, marked, budget);
    let expected = budget as f64 * marked as f64 / items as f64;
    let ends = ratio_interval(found, urn)?;
    Ok(AgainstRandom {
        items,
        wanted: marked,
        budget,
        found,
        expected,
        chance: chance(urn)?,
        ratio: Estimate::with(found / expected, Some(ends), items),
        p: cut.tail(items, marked)?,
        tied: if tied == lots { 0 } else { tied },
    })
}

fn check(wanted: &[bool], items: usize, budget: usize) -> Result<usize, SelectionError> {
    if wanted.len() != items {
        return Err(SelectionError::Mismatch {
            seen: wanted.len(),
            expected: items,
        });
    }
    if budget == 0 || budget >= items {
        return Err(SelectionError::BadOption {
            name: "budget",
            value: budget as f64,
            hint: "at least one item is chosen and at least one is not",
        });
    }
    let marked = wanted.iter().filter(|is_wanted| **is_wanted).count();
    if marked == 0 || marked == items {
        return Err(SelectionError::BadOption {
            name: "wanted",
            value: marked as f64,
            hint: "with none or all items wanted every choice is as good as any other",
        });
    }
    Ok(marked)
}

fn urn(size: usize, marked: usize, drawn: usize) -> Urn {
    Urn {
        size: size as u64,
        marked: marked as u64,
        drawn: drawn as u64,
    }
}

/// Where a budget ends in the order of scores.
struct Cut {
    sure: usize,
    tied: usize,
    lots: usize,
    seen: usize,
}

impl Cut {
    /// `P(A tied + B lots >= seen)`, A the wanted among the sure and B those among the tied, over all orders of the items.
    fn tail(&self, items: usize, marked: usize) -> Result<f64, SelectionError> {
        let first = urn(items, marked, self.sure);
        let mut total = 0.0;
        for a in support(first) {
            let a_size = usize::try_from(a).unwrap_or(usize::MAX);
            let left = self.seen.saturating_sub(a_size * self.tied);
            let least = left.div_ceil(self.lots) as u64;
            let second = urn(items - self.sure, marked - a_size, self.tied);
            // Summed from the far end: exact to rounding where the tail is small.
            let mut above = 0.0;
            for b in support(second).rev().take_while(|b| *b >= least) {
                above += probability(b, second)?;
            }
            total += probability(a, first)? * above;
        }
        Ok(total.min(1.0))
    }
}

/// One where nothing else can be drawn, else the hypergeometric probability.
fn probability(x: u64, urn: Urn) -> Result<f64, SelectionError> {
    let possible = support(urn);
    if possible.start() == possible.end() {
        return Ok(if possible.contains(&x) { 1.0 } else { 0.0 });
    }
    Ok(hypergeometric_pmf(x, urn)?)
}

fn support(urn: Urn) -> std::ops::RangeInclusive<u64> {
    (urn.drawn + urn.marked).saturating_sub(urn.size)..=urn.drawn.min(urn.marked)
}

/// The central 95 % of what random choices find: at most 2.5 % lie beyond either end.
fn chance(urn: Urn) -> Result<Interval, SelectionError> {
    Ok(Interval {
        low: chance_end(support(urn), urn)?,
        high: chance_end(support(urn).rev(), urn)?,
    })
}

fn chance_end(from: impl Iterator<Item = u64>, urn: Urn) -> Result<f64, SelectionError> {
    let mut passed = 0.0;
    let mut end = 0;
    for x in from {
        end = x;
        passed += hypergeometric_pmf(x, urn)?;
        if passed > 0.025 {
            break;
        }
    }
    Ok(end as f64)
}

fn ratio_interval(found: f64, urn: Urn) -> Result<Interval, SelectionError> {
    let low = fisher_interval(whole(found.floor()), urn, 0.05)?.mean.low;
    let high = fisher_interval(whole(found.ceil()), urn, 0.05)?.mean.high;
    let expected = urn.drawn as f64 * urn.marked as f64 / urn.size as f64;
    Ok(Interval {
        low: low / expected,
        high: high / expected,
    })
}

/// What repeated choices found against what chance finds; see [`repeated_against_random`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RepeatedAgainstRandom {
    /// Items there were to choose from.
    pub items: usize,
    /// Those that are what is looked for.
    pub wanted: usize,
    /// Items chosen each time.
    pub budget: usize,
    /// Mean number of wanted ones among the chosen, with its interval by Student's t; n is the repetitions.
    pub found: Estimate,
    /// What random choices of as many items find on average, exactly.
    pub expected: f64,
    /// As many random repetitions, drawn from the seed: their mean and interval like those of `found`.
    pub random: Estimate,
    /// `found / expected`, with the interval of `found` over `expected`.
    pub ratio: Estimate,
    /// `(1 + B') / (1 + B)`, B' of B ways to deal the outcomes anew to the items for which the same choices find as many.
    pub p: f64,
    /// Mean share of the budget that two repetitions have in common; 1 where the choice is not random.
    pub overlap: f64,
}

/// Does a choice that is random itself find more than chance? `picks` are the items of each repetition, all of one number.
///
/// Repetitions that choose the same items again and again are not independent, so `p` does not compare means of
/// repetitions: it deals the outcomes anew to the items and lets the same choices find again, which is exact whatever the
/// choices have in common (a permutation test; Good 2005). The interval of `found` is about the repetitions on this
/// one set of items, not about other sets. Fewer than about 50 repetitions rank ways of choosing wrongly (Werner,
/// Burchert, Stubbemann and Schmidt-Thieme 2024).
///
/// Errors: [`SelectionError::BadOption`] for fewer than 2 repetitions, repetitions of other sizes, an item twice in one,
/// no resamples; else as [`against_random`]. Cost: resamples x items.
pub fn repeated_against_random(
    picks: &[Vec<usize>],
    wanted: &[bool],
    how: Resampling,
) -> Result<RepeatedAgainstRandom, SelectionError> {
    let items = wanted.len();
    let budget = picks.first().map_or(0, Vec::len);
    let marked = check(wanted, items, budget)?;
    if picks.len() < 2 || how.resamples == 0 {
        return Err(SelectionError::BadOption {
            name: "repetitions",
            value: picks.len().min(how.resamples) as f64,
            hint: "at least 2 repetitions and 1 resample; 50 repetitions are stable",
        });
    }
    let times = times_chosen(picks, items, budget)?;
    let of_repetition = |chosen: &Vec<usize>| chosen.iter().filter(|i| wanted[**i]).count() as f64;
    let found = mean_of(&picks.iter().map(of_repetition).collect::<Vec<_>>());
    let mut random = SplitMix::new(how.seed);
    let mut order: Vec<usize> = (0..items).collect();
    let by_chance: Vec<f64> = (0..picks.len())
        .map(|_| {
            deal(&mut order, budget, &mut random);
            order[..budget].iter().filter(|i| wanted[**i]).count() as f64
        })
        .collect();
    // Dealing the outcomes to the items is drawing which items are wanted.
    let total = |chosen: &[usize]| chosen.iter().map(|i| times[*i]).sum::<u64>();
    let seen: u64 = times.iter().zip(wanted).filter(|t| *t.1).map(|t| t.0).sum();
    let mut as_many = 0_usize;
    for _ in 0..how.resamples {
        deal(&mut order, marked, &mut random);
        as_many += usize::from(total(&order[..marked]) >= seen);
    }
    let expected = budget as f64 * marked as f64 / items as f64;
    let repetitions = picks.len() as f64;
    // Pairs of repetitions that share an item, over all pairs and places.
    let shared: f64 = times.iter().map(|t| (t * t.saturating_sub(1)) as f64).sum();
    Ok(RepeatedAgainstRandom {
        items,
        wanted: marked,
        budget,
        found,
        expected,
        random: mean_of(&by_chance),
        ratio: Estimate {
            estimate: found.estimate / expected,
            low: found.low.map(|x| x / expected),
            high: found.high.map(|x| x / expected),
            n: found.n,
        },
        p: (1 + as_many) as f64 / (1 + how.resamples) as f64,
        overlap: shared / (repetitions * (repetitions - 1.0) * budget as f64),
    })
}

/// How often each item is chosen.
fn times_chosen(
    picks: &[Vec<usize>],
    items: usize,
    budget: usize,
) -> Result<Vec<u64>, SelectionError> {
    let mut times = vec![0_u64; items];
    let mut last = vec![usize::MAX; items];
    for (repetition, chosen) in picks.iter().enumerate() {
        if chosen.len() != budget {
            return Err(SelectionError::Mismatch {
                seen: chosen.len(),
                expected: budget,
            });
        }
        for item in chosen {
            let Some(of) = last.get_mut(*item) else {
                return Err(SelectionError::NoSuchRow {
                    row: *item,
                    rows: items,
                });
            };
            if *of == repetition {
                return Err(SelectionError::BadOption {
                    name: "picks",
                    value: *item as f64,
                    hint: "a repetition chooses an item once",
                });
            }
            *of = repetition;
            times[*item] += 1;
        }
    }
    Ok(times)
}

/// Brings a random choice of `count` entries to the front (Fisher and Yates).
fn deal(order: &mut [usize], count: usize, random: &mut SplitMix) {
    let n = order.len();
    for at in 0..count.min(n) {
        order.swap(at, at + random.below(n - at));
    }
}

/// Mean with its interval by Student's t; no interval where all are the same, since then nothing says how far they vary.
fn mean_of(values: &[f64]) -> Estimate {
    let n = values.len();
    let mean = values.iter().sum::<f64>() / n as f64;
    let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    let half = student(n - 1) * (squares / (n as f64 - 1.0) / n as f64).sqrt();
    let interval = (squares > 0.0).then_some(Interval {
        low: mean - half,
        high: mean + half,
    });
    Estimate::with(mean, interval, n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;

    /// `P(T >= seen)` over all subsets of wanted items, T with ties broken by lot on average.
    fn counted(scores: &[f64], marked: usize, budget: usize, found: f64) -> f64 {
        let n = scores.len();
        let (mut all, mut as_many) = (0.0, 0.0);
        for set in 0_u32..1 << n {
            if set.count_ones() as usize != marked {
                continue;
            }
            let wanted: Vec<bool> = (0..n).map(|i| set >> i & 1 == 1).collect();
            all += 1.0;
            if against_random(scores, &wanted, budget).unwrap().found >= found - 1e-9 {
                as_many += 1.0;
            }
        }
        as_many / all
    }

    #[test]
    fn the_p_value_counts_all_orders_with_ties_too() {
        let scores = [3.0, 1.0, 2.0, 2.0, 2.0, 0.0, 2.0, 5.0, -0.0];
        for set in [
            0b0_1000_0101_u32,
            0b1_0001_1100,
            0b0_0000_1111,
            0b1_1110_0000,
        ] {
            let wanted: Vec<bool> = (0..9).map(|i| set >> i & 1 == 1).collect();
            let marked = wanted.iter().filter(|w| **w).count();
            for budget in 1..9 {
                let found = against_random(&scores, &wanted, budget).unwrap();
                let p = counted(&scores, marked, budget, found.found);
                assert!((found.p - p).abs() < 1e-12, "{found:?} by counting {p}");
                let interval = found.ratio;
                assert!(
                    interval.low.unwrap() <= interval.estimate + 1e-12,
                    "{found:?}"
                );
                assert!(
                    interval.high.unwrap() >= interval.estimate - 1e-12,
                    "{found:?}"
                );
            }
        }
    }

    #[test]
    fn a_score_that_sees_nothing_is_chance_in_any_order() {
        let wanted: Vec<bool> = (0..100).map(|i| i < 20).collect();
        let found = against_random(&[1.0; 100], &wanted, 20).unwrap();
        assert_eq!((found.found, found.expected, found.tied), (4.0, 4.0, 100));
        assert_eq!((found.ratio.estimate, found.p), (1.0, 1.0));
        // What 20 of 100 find: hypergeometric quantiles of scipy 1.17.1, hypergeom.ppf([.025, .975], 100, 20, 20).
        assert_eq!((found.chance.low, found.chance.high), (1.0, 7.0));
        let sorted: Vec<f64> = (0..100).map(|i| -f64::from(i)).collect();
        let best = against_random(&sorted, &wanted, 20).unwrap();
        assert_eq!((best.found, best.ratio.high), (20.0, Some(5.0)));
        assert!(best.p < 1e-20 && best.p > 0.0, "{best:?}");
    }

    #[test]
    fn the_interval_and_the_test_agree() {
        let mut noise = Noise::new(11);
        for _ in 0..300 {
            let wanted: Vec<bool> = (0..60).map(|_| noise.uniform() < 0.25).collect();
            let pull = 2.0 * noise.uniform();
            let scores: Vec<f64> = wanted
                .iter()
                .map(|w| noise.normal() + pull * f64::from(u8::from(*w)))
                .collect();
            let found = against_random(&scores, &wanted, 15).unwrap();
            assert_eq!(found.ratio.low.unwrap() > 1.0, found.p < 0.025, "{found:?}");
        }
    }

    #[test]
    fn false_alarms_stay_below_the_level_and_help_is_seen() {
        let mut noise = Noise::new(5);
        let mut rejected = [0_u32; 2];
        for (help, count) in [0.0, 1.5].into_iter().zip(&mut rejected) {
            for _ in 0..2000 {
                let wanted: Vec<bool> = (0..80).map(|_| noise.uniform() < 0.2).collect();
                // Rounded, so that many scores are tied.
                let scores: Vec<f64> = wanted
                    .iter()
                    .map(|w| (noise.normal() + help * f64::from(u8::from(*w))).round())
                    .collect();
                let p = against_random(&scores, &wanted, 16).unwrap().p;
                *count += u32::from(p <= 0.05);
            }
        }
        // 5 % of 2000 and three standard errors of 10.
        assert!(rejected[0] <= 130, "{rejected:?}");
        assert!(rejected[1] > 1500, "{rejected:?}");
    }

    #[test]
    fn repetitions_that_choose_alike_raise_no_false_alarms() {
        let mut noise = Noise::new(8);
        let how = Resampling {
            resamples: 199,
            seed: 3,
        };
        let mut rejected = [0_u32; 2];
        for (help, count) in [0.0, 1.5].into_iter().zip(&mut rejected) {
            for _ in 0..600 {
                let wanted: Vec<bool> = (0..60).map(|i| i % 6 == 0).collect();
                let score: Vec<f64> = wanted
                    .iter()
                    .map(|w| noise.normal() + help * f64::from(u8::from(*w)))
                    .collect();
                // Ten repetitions of one score with a little noise: nearly the same items each time.
                let picks: Vec<Vec<usize>> = (0..10)
                    .map(|_| {
                        let mut order: Vec<(f64, usize)> = score
                            .iter()
                            .enumerate()
                            .map(|(i, s)| (-s + 0.1 * noise.normal(), i))
                            .collect();
                        order.sort_by(|a, b| a.0.total_cmp(&b.0));
                        order[..12].iter().map(|(_, i)| *i).collect()
                    })
                    .collect();
                let found = repeated_against_random(&picks, &wanted, how).unwrap();
                assert!(found.overlap > 0.7, "{found:?}");
                *count += u32::from(found.p <= 0.05);
            }
        }
        // 5 % of 600 and three standard errors of 5.3; the means of ten repetitions by a t-test would reject most.
        assert!(rejected[0] <= 46, "{rejected:?}");
        assert!(rejected[1] > 450, "{rejected:?}");
    }

    #[test]
    fn what_cannot_be_compared_says_so() {
        let wanted = [true, false, false];
        let scores = [1.0, 2.0, f64::NAN];
        assert!(against_random(&scores, &wanted, 1).is_err());
        assert!(against_random(&scores[..2], &wanted, 1).is_err());
        assert!(against_random(&[1.0; 3], &wanted, 0).is_err());
        assert!(against_random(&[1.0; 3], &wanted, 3).is_err());
        assert!(against_random(&[1.0; 3], &[false; 3], 1).is_err());
        let how = Resampling::default();
        assert!(repeated_against_random(&[vec![0]], &wanted, how).is_err());
        assert!(repeated_against_random(&[vec![0], vec![3]], &wanted, how).is_err());
        assert!(repeated_against_random(&[vec![0, 0], vec![0, 1]], &wanted, how).is_err());
        assert!(repeated_against_random(&[vec![0], vec![0, 1]], &wanted, how).is_err());
        let same = repeated_against_random(&[vec![0], vec![0]], &wanted, how).unwrap();
        assert_eq!((same.overlap, same.found.low), (1.0, None));
    }
}
