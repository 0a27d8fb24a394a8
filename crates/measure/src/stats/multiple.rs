//! Many tests at once: p-values that may be read together.
//!
//! Read [`adjust`] and [`Adjustment`] first. Not here: the tests themselves.

use super::StatsError;
use serde::{Deserialize, Serialize};

/// What is held, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Adjustment {
    /// Family-wise error, each p times their number, whatever the dependence.
    #[serde(rename = "bonferroni")]
    Bonferroni,
    /// Family-wise error, step down (Holm 1979): never weaker than Bonferroni.
    #[serde(rename = "holm")]
    Holm,
    /// False discovery rate, step up, for independent or positively dependent tests (Benjamini and Hochberg 1995).
    #[serde(rename = "fdr_bh")]
    BenjaminiHochberg,
    /// False discovery rate under any dependence (Benjamini and Yekutieli 2001).
    #[serde(rename = "fdr_by")]
    BenjaminiYekutieli,
    /// The first, with the share of true hypotheses estimated at the level (Benjamini, Krieger and Yekutieli 2006).
    #[serde(rename = "fdr_tsbh")]
    TwoStage,
}

/// Decisions and adjusted p-values in the order of the input.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Adjusted {
    /// Whether each is rejected at the level.
    pub reject: Vec<bool>,
    /// The smallest level at which each would be.
    pub p_adj: Vec<f64>,
}

/// Corrects `p` for their number; decisions at level `alpha` are made on the raw values, as statsmodels 0.15.0 does, so
/// that rounding of the adjusted ones moves none. No p-values give no decisions.
///
/// Errors: [`StatsError::BadProbability`] for a p-value outside 0 to 1 or NaN, or `alpha` outside (0, 1). Cost: one sort.
pub fn adjust(p: &[f64], alpha: f64, how: Adjustment) -> Result<Adjusted, StatsError> {
    if !(alpha > 0.0 && alpha < 1.0) {
        return Err(StatsError::BadProbability { value: alpha });
    }
    if let Some(&value) = p.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        return Err(StatsError::BadProbability { value });
    }
    let m = p.len();
    let mut order: Vec<usize> = (0..m).collect();
    order.sort_by(|&i, &j| p[i].total_cmp(&p[j]));
    let sorted: Vec<f64> = order.iter().map(|&i| p[i]).collect();
    let harmonic = match how {
        Adjustment::BenjaminiYekutieli => (1..=m).map(|k| 1.0 / k as f64).sum(),
        _ => 1.0,
    };
    let (rejected, adjusted) = match how {
        Adjustment::Bonferroni => {
            let level = alpha / m as f64;
            let rejected = sorted.iter().filter(|x| **x <= level).count();
            (rejected, sorted.iter().map(|x| x * m as f64).collect())
        }
        Adjustment::Holm => step_down(&sorted, alpha),
        Adjustment::BenjaminiHochberg | Adjustment::BenjaminiYekutieli => {
            step_up(&sorted, alpha, harmonic)
        }
        Adjustment::TwoStage => two_stages(&sorted, alpha),
    };
    let mut found = Adjusted {
        reject: vec![false; m],
        p_adj: vec![0.0; m],
    };
    for (rank, (&i, value)) in order.iter().zip(adjusted).enumerate() {
        found.reject[i] = rank < rejected;
        found.p_adj[i] = value.min(1.0);
    }
    Ok(found)
}

fn step_down(sorted: &[f64], alpha: f64) -> (usize, Vec<f64>) {
    let m = sorted.len();
    let is_kept = |(k, p): (usize, &f64)| *p > alpha / (m - k) as f64;
    let rejected = sorted.iter().enumerate().position(is_kept).unwrap_or(m);
    let mut largest = 0.0_f64;
    let adjusted = sorted.iter().enumerate().map(|(k, p)| {
        largest = largest.max(p * (m - k) as f64);
        largest
    });
    (rejected, adjusted.collect())
}

fn step_up(sorted: &[f64], alpha: f64, harmonic: f64) -> (usize, Vec<f64>) {
    let m = sorted.len();
    let share = |k: usize| (k + 1) as f64 / m as f64 / harmonic;
    let is_rejected = |(k, p): (usize, &f64)| *p <= share(k) * alpha;
    let rejected = sorted
        .iter()
        .enumerate()
        .rposition(is_rejected)
        .map_or(0, |k| k + 1);
    let mut adjusted = vec![0.0; m];
    let mut least = f64::INFINITY;
    for (k, p) in sorted.iter().enumerate().rev() {
        least = least.min(p / share(k));
        adjusted[k] = least;
    }
    (rejected, adjusted)
}

fn two_stages(sorted: &[f64], alpha: f64) -> (usize, Vec<f64>) {
    let (first, adjusted) = step_up(sorted, alpha, 1.0);
    let m = sorted.len();
    // With everything or nothing rejected the first stage stands.
    if first == 0 || first == m {
        return (first, adjusted);
    }
    let truly_null = (m - first) as f64 / m as f64;
    let (rejected, _) = step_up(sorted, alpha / truly_null, 1.0);
    (rejected, adjusted.iter().map(|p| p * truly_null).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;
    use proptest::prelude::*;

    const ALL: [Adjustment; 5] = [
        Adjustment::Bonferroni,
        Adjustment::Holm,
        Adjustment::BenjaminiHochberg,
        Adjustment::BenjaminiYekutieli,
        Adjustment::TwoStage,
    ];

    proptest! {
        #[test]
        fn adjusted_values_agree_with_decisions_and_keep_the_order(
            p in prop::collection::vec(0.0..1.0_f64, 1..40), alpha in 0.01..0.3_f64,
        ) {
            let found: Vec<Adjusted> = ALL.iter().map(|&how| adjust(&p, alpha, how).unwrap()).collect();
            for one in &found {
                for (i, value) in one.p_adj.iter().enumerate() {
                    prop_assert!(*value <= 1.0);
                    if (value - alpha).abs() > 1e-9 {
                        prop_assert_eq!(one.reject[i], *value <= alpha);
                    }
                }
            }
            for (i, p) in p.iter().enumerate() {
                prop_assert!(found[2].p_adj[i] >= p * (1.0 - 1e-12));
                prop_assert!(found[4].p_adj[i] <= found[2].p_adj[i]);
                prop_assert!(found[1].p_adj[i] <= found[0].p_adj[i] + 1e-12);
                prop_assert!(found[2].p_adj[i] <= found[1].p_adj[i] + 1e-12);
                prop_assert!(found[2].p_adj[i] <= found[3].p_adj[i] + 1e-12);
            }
        }
    }

    #[test]
    fn errors_are_held_in_families() {
        // 20 true nulls and 5 effects per family.
        let mut noise = Noise::new(3);
        let (mut any_false, mut share_false, families) = (0, 0.0, 1000);
        for _ in 0..families {
            let mut p: Vec<f64> = (0..20).map(|_| noise.uniform()).collect();
            p.extend((0..5).map(|_| noise.uniform() * 1e-3));
            let holm = adjust(&p, 0.05, Adjustment::Holm).unwrap();
            any_false += usize::from(holm.reject[..20].iter().any(|r| *r));
            let bh = adjust(&p, 0.1, Adjustment::BenjaminiHochberg).unwrap();
            let wrong = bh.reject[..20].iter().filter(|r| **r).count();
            let all = bh.reject.iter().filter(|r| **r).count();
            share_false += wrong as f64 / all.max(1) as f64;
        }
        assert!(any_false <= 75, "{any_false}");
        assert!(share_false / f64::from(families) <= 0.1, "{share_false}");
    }

    #[test]
    fn bad_input_is_said() {
        assert!(
            adjust(&[], 0.05, Adjustment::Holm)
                .unwrap()
                .reject
                .is_empty()
        );
        assert!(adjust(&[f64::NAN], 0.05, Adjustment::Holm).is_err());
        assert!(adjust(&[0.1], 1.0, Adjustment::Holm).is_err());
    }
}
