//! Many tests at once.
//!
//! Read [`adjust`] first. Not here: the tests themselves.

use super::StatsError;
use serde::{Deserialize, Serialize};

/// How p-values are adjusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Adjustment {
    /// `m p`: chance of any false alarm, whatever the dependence.
    #[serde(rename = "bonferroni")]
    Bonferroni,
    /// Holm 1979, step-down: as Bonferroni, never less powerful.
    #[serde(rename = "holm")]
    Holm,
    /// Benjamini and Hochberg 1995: share of false alarms among alarms, for independent or positively dependent tests.
    #[serde(rename = "fdr_bh")]
    BenjaminiHochberg,
    /// Benjamini and Yekutieli 2001: the same under any dependence.
    #[serde(rename = "fdr_by")]
    BenjaminiYekutieli,
    /// Benjamini, Krieger and Yekutieli 2006, with the share of true hypotheses estimated at level 0.05.
    #[serde(rename = "fdr_tsbh")]
    TwoStage,
}

/// Adjusted p-values, in the order given: a test is significant at level `q` where its adjusted value is at most `q`.
///
/// Errors: [`StatsError::BadProbability`] for a value outside 0 to 1 or NaN. Cost: one sort.
/// Source: as named at [`Adjustment`]; the same numbers as statsmodels 0.15 `multipletests`.
pub fn adjust(p_values: &[f64], how: Adjustment) -> Result<Vec<f64>, StatsError> {
    if let Some(&value) = p_values.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        return Err(StatsError::BadProbability { value });
    }
    let m = p_values.len();
    let mut order: Vec<usize> = (0..m).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut out = vec![0.0; m];
    match how {
        Adjustment::Bonferroni => {
            for (to, p) in out.iter_mut().zip(p_values) {
                *to = (p * m as f64).min(1.0);
            }
        }
        Adjustment::Holm => {
            let mut worst = 0.0_f64;
            for (rank, &i) in order.iter().enumerate() {
                worst = worst.max(p_values[i] * (m - rank) as f64);
                out[i] = worst.min(1.0);
            }
        }
        Adjustment::BenjaminiHochberg | Adjustment::TwoStage => step_up(p_values, &order, 1.0, &mut out),
        Adjustment::BenjaminiYekutieli => {
            let harmonic: f64 = (1..=m).map(|i| 1.0 / i as f64).sum();
            step_up(p_values, &order, harmonic, &mut out);
        }
    }
    if how == Adjustment::TwoStage {
        let rejected = out.iter().filter(|p| **p <= 0.05).count();
        let share = (m - rejected) as f64 / m.max(1) as f64;
        // With everything or nothing rejected the first stage stands.
        if rejected > 0 && rejected < m {
            out.iter_mut().for_each(|p| *p *= share);
        }
    }
    Ok(out)
}

fn step_up(p_values: &[f64], order: &[usize], factor: f64, out: &mut [f64]) {
    let m = order.len();
    let mut best = 1.0_f64;
    for (rank, &i) in order.iter().enumerate().rev() {
        best = best.min(p_values[i] * factor * m as f64 / (rank + 1) as f64);
        out[i] = best;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    #[test]
    fn by_hand() {
        let p = [0.04, 0.01, 0.03];
        let of = |how| adjust(&p, how).unwrap();
        let near = |found: Vec<f64>, expected: [f64; 3]| {
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{found:?}");
        };
        near(of(Adjustment::Bonferroni), [0.12, 0.03, 0.09]);
        near(of(Adjustment::Holm), [0.06, 0.03, 0.06]);
        near(of(Adjustment::BenjaminiHochberg), [0.04, 0.03, 0.04]);
        assert!(adjust(&[f64::NAN], Adjustment::Holm).is_err());
        assert!(adjust(&[], Adjustment::Holm).unwrap().is_empty());
    }

    #[test]
    fn false_alarms_stay_below_the_level() {
        let mut random = SplitMix::new(11);
        let (mut family, mut shares) = (0, 0.0);
        for _ in 0..2000 {
            // 20 true hypotheses and 5 false ones.
            let p: Vec<f64> = (0..25)
                .map(|i| if i < 20 { random.unit() } else { 1e-3 * random.unit() })
                .collect();
            let holm = adjust(&p, Adjustment::Holm).unwrap();
            family += usize::from(holm[..20].iter().any(|p| *p <= 0.05));
            let fdr = adjust(&p, Adjustment::BenjaminiHochberg).unwrap();
            let wrong = fdr[..20].iter().filter(|p| **p <= 0.05).count();
            let all = fdr.iter().filter(|p| **p <= 0.05).count();
            shares += wrong as f64 / all.max(1) as f64;
        }
        // 2000 trials at 5 %: 100 expected at most; BH holds 5 % times the share of true hypotheses.
        assert!(family < 130, "{family}");
        assert!(shares / 2000.0 < 0.05, "{shares}");
    }
}
