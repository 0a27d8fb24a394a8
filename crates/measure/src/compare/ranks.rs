//! Two independent samples by ranks: Mann and Whitney's test and the shift of Hodges and Lehmann.
//!
//! Read [`mann_whitney`] and [`shift`] first. Not here: paired samples ([`super::paired`]).

use super::{CompareError, finite, open_unit};
use crate::stats::{Interval, normal_quantile, normal_two_sided, whole};
use serde::Serialize;

/// Results of Mann and Whitney's test of `experiment` against `control`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MannWhitney {
    /// Pairs where the experiment is larger, ties by half.
    #[serde(rename = "U")]
    pub u: f64,
    /// Two-sided p-value by the normal approximation with corrections for ties and continuity; 1 where all are alike.
    pub p_asymptotic_cc: f64,
    /// Two-sided p-value from all orders; none with ties or above 400 pairs.
    pub p_exact: Option<f64>,
    /// `P(experiment > control)`, ties by half: 0.5 is no effect.
    #[serde(rename = "cles_P_e_gt_c")]
    pub probability_larger: f64,
}

/// Both samples sorted.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    control: Vec<f64>,
    experiment: Vec<f64>,
}

impl Samples {
    /// Sorts both. Errors: [`CompareError`] for an empty sample or a value that is not finite. Cost: two sorts.
    pub fn new(control: &[f64], experiment: &[f64]) -> Result<Self, CompareError> {
        for (field, values) in [("control", control), ("experiment", experiment)] {
            if values.is_empty() {
                return Err(CompareError::TooFew {
                    field,
                    seen: 0,
                    least: 1,
                    hint: "both samples must hold values",
                });
            }
            finite(values)?;
        }
        let sorted = |values: &[f64]| {
            // Adding zero makes -0 into 0, so that they tie.
            let mut values: Vec<f64> = values.iter().map(|x| x + 0.0).collect();
            values.sort_unstable_by(f64::total_cmp);
            values
        };
        Ok(Self {
            control: sorted(control),
            experiment: sorted(experiment),
        })
    }

    fn sizes(&self) -> (f64, f64) {
        (self.control.len() as f64, self.experiment.len() as f64)
    }

    /// Sum over groups of `t` ties of `t^3 - t`, and U.
    fn ties_and_u(&self) -> (f64, f64) {
        let (mut i, mut j) = (0, 0);
        let (mut ties, mut u) = (0.0, 0.0);
        let (c, e) = (&self.control, &self.experiment);
        while i < c.len() || j < e.len() {
            let value = match (c.get(i), e.get(j)) {
                (Some(a), Some(b)) => a.min(*b),
                (Some(a), None) => *a,
                (None, b) => b.copied().unwrap_or_default(),
            };
            let in_c = c[i..].iter().take_while(|x| **x == value).count();
            let in_e = e[j..].iter().take_while(|x| **x == value).count();
            u += in_e as f64 * (i as f64 + 0.5 * in_c as f64);
            let t = (in_c + in_e) as f64;
            ties += t * t * t - t;
            i += in_c;
            j += in_e;
        }
        (ties, u)
    }

    /// Pairs whose difference `experiment - control` is at most `limit`.
    fn pairs_up_to(&self, limit: f64) -> u64 {
        // Differences fall as the control grows, so one sweep over both is enough.
        let mut taken = self.experiment.len();
        let mut pairs = 0;
        for c in self.control.iter().rev() {
            while taken > 0 && self.experiment[taken - 1] - c > limit {
                taken -= 1;
            }
            pairs += taken as u64;
        }
        pairs
    }

    /// The difference of rank `rank` (from 0) among all pairs, without making them: halving over the ordered floats.
    fn difference(&self, rank: u64) -> f64 {
        let (mut low, mut high) = (NEGATIVE_INFINITY, POSITIVE_INFINITY);
        while low < high {
            let middle = low.midpoint(high - 1);
            if self.pairs_up_to(from_order(middle)) > rank {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        // -0 comes before 0 in this order.
        from_order(low) + 0.0
    }
}

/// Places of the infinities in [`from_order`].
const POSITIVE_INFINITY: i64 = 0x7ff0_0000_0000_0000;
const NEGATIVE_INFINITY: i64 = -POSITIVE_INFINITY - 1;

/// Floats in their order as integers: 0 is 0.0, -1 is -0.0.
fn from_order(order: i64) -> f64 {
    let bits = if order < 0 {
        order.cast_unsigned() ^ (u64::MAX >> 1)
    } else {
        order.cast_unsigned()
    };
    f64::from_bits(bits)
}

/// Mann and Whitney 1947; agrees with scipy 1.17 `mannwhitneyu(experiment, control)`.
///
/// Takes the values of each sample as independent: neighboring points of a time series are not. Cost: `O(n)` after sorting.
pub fn mann_whitney(samples: &Samples) -> Result<MannWhitney, CompareError> {
    let (m, n) = samples.sizes();
    let (ties, u) = samples.ties_and_u();
    let all = m + n;
    let tied = if all > 1.0 {
        ties / (all * (all - 1.0))
    } else {
        0.0
    };
    let spread = (m * n / 12.0 * (all + 1.0 - tied)).max(0.0).sqrt();
    let p = if spread > 0.0 {
        let far = (u - 0.5 * m * n).abs() - 0.5;
        normal_two_sided(far / spread)?
    } else {
        1.0
    };
    let is_small = ties == 0.0 && samples.control.len() * samples.experiment.len() <= 400;
    Ok(MannWhitney {
        u,
        p_asymptotic_cc: p,
        p_exact: is_small.then(|| exact(samples, u)),
        probability_larger: u / (m * n),
    })
}

/// `2 P(U >= max(u, mn - u))` by counting the orders that give each U.
fn exact(samples: &Samples, u: f64) -> f64 {
    let (m, n) = (samples.control.len(), samples.experiment.len());
    // ways[u] after `k` of the experiment: the Gaussian binomial coefficient, as a product of ratios of polynomials.
    let size = m * n;
    let mut ways = vec![0.0; size + 1];
    ways[0] = 1.0;
    for k in 1..=n {
        for i in (m + k..=size).rev() {
            ways[i] -= ways[i - (m + k)];
        }
        for i in k..=size {
            ways[i] += ways[i - k];
        }
    }
    let far = u.max(size as f64 - u);
    let total: f64 = ways.iter().sum();
    let beyond = ways.iter().enumerate().filter(|(i, _)| *i as f64 >= far);
    (2.0 * beyond.map(|(_, w)| w).sum::<f64>() / total).min(1.0)
}

/// How far the experiment lies above the control.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// Median of all differences experiment - control (Hodges and Lehmann 1963).
    pub shift: f64,
    /// Interval from the ranks of the differences, at the confidence asked for.
    pub interval: Interval,
}

/// The shift of Hodges and Lehmann with its interval at confidence `1 - alpha` by the normal approximation of U.
///
/// Errors: [`CompareError`] for `alpha` outside (0, 1). Cost: about 250 sweeps over both samples, no pair is stored.
pub fn shift(samples: &Samples, alpha: f64) -> Result<Shift, CompareError> {
    open_unit("alpha", alpha)?;
    let (m, n) = samples.sizes();
    let pairs = samples.control.len() as u64 * samples.experiment.len() as u64;
    let middle = samples.difference((pairs - 1) / 2);
    let shift = if pairs % 2 == 1 {
        middle
    } else {
        0.5 * (middle + samples.difference(pairs / 2))
    };
    let (ties, _) = samples.ties_and_u();
    let all = m + n;
    let tied = if all > 1.0 {
        ties / (all * (all - 1.0))
    } else {
        0.0
    };
    let spread = (m * n / 12.0 * (all + 1.0 - tied)).max(0.0).sqrt();
    let away = 0.5 * m * n + normal_quantile(0.5 * alpha)? * spread;
    let rank = whole(away).min((pairs - 1) / 2);
    Ok(Shift {
        shift,
        interval: Interval {
            low: samples.difference(rank),
            high: samples.difference(pairs - 1 - rank),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;
    use proptest::prelude::*;

    fn slow(control: &[f64], experiment: &[f64]) -> Vec<f64> {
        let pairs = control
            .iter()
            .flat_map(|c| experiment.iter().map(move |e| e - c));
        let mut all: Vec<f64> = pairs.collect();
        all.sort_by(f64::total_cmp);
        all
    }

    proptest! {
        #[test]
        fn differences_are_those_of_all_pairs(
            control in prop::collection::vec(-5..5_i32, 1..12),
            experiment in prop::collection::vec(-9.0..9.0_f64, 1..12),
        ) {
            let control: Vec<f64> = control.into_iter().map(f64::from).collect();
            let samples = Samples::new(&control, &experiment).unwrap();
            let all = slow(&control, &experiment);
            for (rank, expected) in all.iter().enumerate() {
                prop_assert_eq!(samples.difference(rank as u64), *expected);
            }
            let larger = all.iter().map(|d| if *d > 0.0 { 1.0 } else if *d == 0.0 { 0.5 } else { 0.0 });
            let u = mann_whitney(&samples).unwrap().u;
            prop_assert!((u - larger.sum::<f64>()).abs() < 1e-9);
        }
    }

    #[test]
    fn exact_orders_of_small_samples() {
        // All 20 orders of three and three: both extremes are 2 of 20.
        let apart = Samples::new(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]).unwrap();
        assert!((mann_whitney(&apart).unwrap().p_exact.unwrap() - 0.1).abs() < 1e-12);
        // scipy 1.17: mannwhitneyu([2, 4, 9, 10, 11], [1, 3, 5, 6], method="exact") has p = 0.28571428571428571.
        let mixed = Samples::new(&[1.0, 3.0, 5.0, 6.0], &[2.0, 4.0, 9.0, 10.0, 11.0]).unwrap();
        let found = mann_whitney(&mixed).unwrap();
        assert_eq!(found.u, 15.0);
        assert!(
            (found.p_exact.unwrap() - 0.2857142857142857).abs() < 1e-12,
            "{found:?}"
        );
        let same = Samples::new(&[1.0; 4], &[1.0; 5]).unwrap();
        assert_eq!(mann_whitney(&same).unwrap().p_asymptotic_cc, 1.0);
        assert!(Samples::new(&[], &[1.0]).is_err() && Samples::new(&[f64::NAN], &[1.0]).is_err());
        assert!(shift(&same, 0.0).is_err());
    }

    #[test]
    fn levels_and_coverage_by_simulation() {
        let mut noise = Noise::new(29);
        let (mut rejected, mut exact, mut covered, trials) = (0, 0, 0, 400);
        for _ in 0..trials {
            let control: Vec<f64> = (0..15).map(|_| noise.normal()).collect();
            let experiment: Vec<f64> = (0..20).map(|_| 0.7 + noise.normal()).collect();
            let shifted: Vec<f64> = experiment.iter().map(|x| x - 0.7).collect();
            let found = mann_whitney(&Samples::new(&control, &shifted).unwrap()).unwrap();
            rejected += usize::from(found.p_asymptotic_cc <= 0.05);
            exact += usize::from(found.p_exact.unwrap() <= 0.05);
            let samples = Samples::new(&control, &experiment).unwrap();
            covered += usize::from(shift(&samples, 0.05).unwrap().interval.contains(0.7));
        }
        // Four standard errors of 400 trials at 5 % are 4.4 points.
        assert!(rejected <= 37 && exact <= 37, "{rejected} {exact}");
        assert!(covered >= 362, "{covered}");
    }
}
