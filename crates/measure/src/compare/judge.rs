//! A judge of canaries: many metrics of a control and an experiment, one verdict.
//!
//! Read [`Metric`], [`Rules`] and [`judge`] first. After Kayenta's judge (Mann and Whitney per metric, a weighted score),
//! without what misleads there: a group without data scores 100, the gate on the effect is skipped where a mean is 0,
//! tolerance and confidence are fixed in code, points of a time series count as independent, and a metric too noisy to
//! show anything passes.
//! Not here: fetching metrics; evidence while a canary runs ([`super::sequential`]).

use super::ranks::{Samples, Shift, mann_whitney, shift};
use super::{CompareError, Verdict, open_unit, range};
use crate::stats::{Adjustment, adjust, block_length, median};
use serde::{Deserialize, Serialize};

/// Fewest independent values per side: below, no order of two samples reaches 5 %.
pub const FEWEST: usize = 4;

/// Which way a metric is worse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorseIf {
    /// Errors, latency.
    #[default]
    Higher,
    /// Throughput, success.
    Lower,
    /// Any change.
    Either,
}

/// One metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric<'a> {
    /// Values of the control, in time order; NaN where missing.
    pub control: &'a [f64],
    /// Values of the experiment.
    pub experiment: &'a [f64],
    /// Which way is worse.
    pub worse_if: WorseIf,
    /// Change that matters, as a share of the control's median.
    pub least_effect: f64,
    /// Change that matters at least, in the metric's unit; what counts where the control's median is 0.
    pub least_effect_absolute: f64,
    /// Weight in the score.
    pub weight: f64,
    /// Whether one failure fails all.
    pub is_critical: bool,
}

/// What the judge goes by.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Level of all metrics together (Holm); intervals are at `1 - alpha` each.
    pub alpha: f64,
    /// Score from which on the canary passes.
    pub pass: f64,
    /// Score below which it fails.
    pub marginal: f64,
    /// Share of the weight that must have data.
    pub least_data: f64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            alpha: 0.05,
            pass: 95.0,
            marginal: 75.0,
            least_data: 0.5,
        }
    }
}

/// What became of one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A change that matters is ruled out.
    Pass,
    /// Worse, and it matters.
    Worse,
    /// Too noisy to say.
    Unsure,
    /// Too few values.
    NoData,
}

/// One metric, judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// What became of it.
    pub class: Class,
    /// The shift and its interval; none without data.
    pub shift: Option<Shift>,
    /// Two-sided p-value; 1 without data.
    pub p: f64,
    /// After Holm's correction over all metrics with data.
    pub p_adjusted: f64,
    /// Blocks of the control and of the experiment that were taken as independent.
    pub blocks: (usize, usize),
}

/// The whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// One per metric, in their order.
    pub metrics: Vec<Judged>,
    /// 100 times the weight that passed over the weight with data; none without data.
    pub score: Option<f64>,
    /// Share of the weight with data.
    pub data_share: f64,
    /// Better is never said: `not_worse`, `worse` or `inconclusive`.
    pub verdict: Verdict,
}

/// Judges the metrics together.
///
/// Series are cut into blocks as long as their memory (Politis and White) and each block is one value. A metric is worse
/// if its p-value holds after Holm and the shift is at least the effect that matters; it passes if its interval
/// rules such a shift out; otherwise it is unsure and counts against the score by half.
/// Worse: a critical metric is worse, or the score is below `marginal`. Inconclusive: too little data, a critical
/// metric without data or unsure, or a score between.
///
/// Errors: [`CompareError`] for no metrics or parameters out of range. Cost: `O(n log n)` per metric.
pub fn judge(metrics: &[Metric<'_>], rules: Rules) -> Result<Judgement, CompareError> {
    if metrics.is_empty() {
        return Err(CompareError::TooFew {
            field: "metrics",
            seen: 0,
            least: 1,
            hint: "nothing is judged by no metric",
        });
    }
    open_unit("alpha", rules.alpha)?;
    for metric in metrics {
        let is_weight = metric.weight > 0.0 && metric.weight.is_finite();
        range("weight", metric.weight, is_weight, "finite and above 0")?;
        for effect in [metric.least_effect, metric.least_effect_absolute] {
            range("least_effect", effect, effect >= 0.0, "0 or more")?;
        }
    }
    let mut judged = metrics
        .iter()
        .map(|metric| test(metric, rules.alpha))
        .collect::<Result<Vec<_>, _>>()?;
    let tested: Vec<f64> = judged
        .iter()
        .filter(|j| j.shift.is_some())
        .map(|j| j.p)
        .collect();
    if !tested.is_empty() {
        let adjusted = adjust(&tested, rules.alpha, Adjustment::Holm)?.p_adj;
        let with_data = judged.iter_mut().filter(|j| j.shift.is_some());
        for (one, p) in with_data.zip(adjusted) {
            one.p_adjusted = p;
        }
    }
    for (one, metric) in judged.iter_mut().zip(metrics) {
        one.class = class(one, metric, rules.alpha)?;
    }
    Ok(summed(judged, metrics, rules))
}

/// Means of blocks that hardly depend on each other; missing values left out.
fn blocks(values: &[f64]) -> Vec<f64> {
    let kept: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
    let length = block_length(&kept).max(1);
    let mean = |block: &[f64]| block.iter().sum::<f64>() / block.len() as f64;
    kept.chunks_exact(length).map(mean).collect()
}

fn test(metric: &Metric<'_>, alpha: f64) -> Result<Judged, CompareError> {
    let (control, experiment) = (blocks(metric.control), blocks(metric.experiment));
    let sizes = (control.len(), experiment.len());
    if sizes.0.min(sizes.1) < FEWEST {
        return Ok(Judged {
            class: Class::NoData,
            shift: None,
            p: 1.0,
            p_adjusted: 1.0,
            blocks: sizes,
        });
    }
    let samples = Samples::new(&control, &experiment)?;
    let found = mann_whitney(&samples)?;
    let p = found.p_exact.unwrap_or(found.p_asymptotic_cc);
    Ok(Judged {
        class: Class::Unsure,
        shift: Some(shift(&samples, alpha)?),
        p,
        p_adjusted: p,
        blocks: sizes,
    })
}

fn class(judged: &Judged, metric: &Metric<'_>, alpha: f64) -> Result<Class, CompareError> {
    let Some(found) = judged.shift else {
        return Ok(Class::NoData);
    };
    let mut control: Vec<f64> = metric
        .control
        .iter()
        .copied()
        .filter(|x| x.is_finite())
        .collect();
    let typical = median(&mut control)?.abs();
    let matters = (metric.least_effect * typical).max(metric.least_effect_absolute);
    let (low, high) = (found.interval.low, found.interval.high);
    // The shift towards worse, and the most of it that the interval allows.
    let (worse_by, at_least, at_most) = match metric.worse_if {
        WorseIf::Higher => (found.shift, low, high),
        WorseIf::Lower => (-found.shift, -high, -low),
        WorseIf::Either => {
            let nearest = if low <= 0.0 && high >= 0.0 {
                0.0
            } else {
                low.abs().min(high.abs())
            };
            (found.shift.abs(), nearest, low.abs().max(high.abs()))
        }
    };
    let is_same = low == 0.0 && high == 0.0;
    Ok(if is_same || at_most < matters {
        Class::Pass
    } else if judged.p_adjusted <= alpha && at_least > 0.0 && worse_by >= matters {
        Class::Worse
    } else if at_most <= 0.0 {
        Class::Pass
    } else {
        Class::Unsure
    })
}

fn summed(judged: Vec<Judged>, metrics: &[Metric<'_>], rules: Rules) -> Judgement {
    let (mut all, mut with_data, mut passed) = (0.0, 0.0, 0.0);
    let (mut is_critical_worse, mut is_critical_open) = (false, false);
    for (one, metric) in judged.iter().zip(metrics) {
        all += metric.weight;
        if one.class != Class::NoData {
            with_data += metric.weight;
        }
        passed += metric.weight
            * match one.class {
                Class::Pass => 1.0,
                Class::Unsure => 0.5,
                Class::Worse | Class::NoData => 0.0,
            };
        is_critical_worse |= metric.is_critical && one.class == Class::Worse;
        is_critical_open |=
            metric.is_critical && matches!(one.class, Class::NoData | Class::Unsure);
    }
    let score = (with_data > 0.0).then(|| 100.0 * passed / with_data);
    let data_share = with_data / all;
    let is_any_worse = judged.iter().any(|one| one.class == Class::Worse);
    let verdict = match score {
        _ if is_critical_worse => Verdict::Worse,
        Some(score) if data_share >= rules.least_data => {
            // Noise alone lowers a score; it takes a metric that is worse to fail.
            if score < rules.marginal && is_any_worse {
                Verdict::Worse
            } else if score >= rules.pass && !is_critical_open {
                Verdict::NotWorse
            } else {
                Verdict::Inconclusive
            }
        }
        _ => Verdict::Inconclusive,
    };
    Judgement {
        metrics: judged,
        score,
        data_share,
        verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;

    fn metric<'a>(control: &'a [f64], experiment: &'a [f64]) -> Metric<'a> {
        Metric {
            control,
            experiment,
            worse_if: WorseIf::Higher,
            least_effect: 0.1,
            least_effect_absolute: 0.0,
            weight: 1.0,
            is_critical: false,
        }
    }

    fn series(noise: &mut Noise, mean: f64, n: usize) -> Vec<f64> {
        (0..n).map(|_| mean + noise.normal()).collect()
    }

    #[test]
    fn no_data_never_passes() {
        let found = judge(&[metric(&[], &[])], Rules::default()).unwrap();
        assert_eq!((found.verdict, found.score), (Verdict::Inconclusive, None));
        let flat = [5.0; 30];
        let two = [metric(&flat, &flat), metric(&[1.0; 3], &[])];
        let critical = Metric {
            is_critical: true,
            ..two[1]
        };
        assert_eq!(
            judge(&two, Rules::default()).unwrap().verdict,
            Verdict::NotWorse
        );
        let open = judge(&[two[0], critical], Rules::default()).unwrap();
        assert_eq!(open.verdict, Verdict::Inconclusive);
        assert!(judge(&[], Rules::default()).is_err());
        let wrong = Metric {
            weight: 0.0,
            ..two[0]
        };
        assert!(judge(&[wrong], Rules::default()).is_err());
    }

    #[test]
    fn a_rise_from_nothing_is_seen() {
        // Kayenta skips its gate where a mean is 0.
        let (control, experiment) = ([0.0; 40], [1.0; 40]);
        let mut rise = metric(&control, &experiment);
        rise.least_effect_absolute = 0.5;
        let found = judge(&[rise], Rules::default()).unwrap();
        assert_eq!(
            (found.metrics[0].class, found.verdict),
            (Class::Worse, Verdict::Worse)
        );
        let fall = Metric {
            worse_if: WorseIf::Lower,
            ..rise
        };
        assert_eq!(
            judge(&[fall], Rules::default()).unwrap().verdict,
            Verdict::NotWorse
        );
        let change = Metric {
            worse_if: WorseIf::Either,
            ..rise
        };
        assert_eq!(
            judge(&[change], Rules::default()).unwrap().verdict,
            Verdict::Worse
        );
    }

    #[test]
    fn noise_is_neither_pass_nor_failure() {
        let mut noise = Noise::new(41);
        let (a, b) = (series(&mut noise, 1.0, 12), series(&mut noise, 1.0, 12));
        let found = judge(&[metric(&a, &b)], Rules::default()).unwrap();
        assert_eq!(found.metrics[0].class, Class::Unsure);
        assert_eq!(found.verdict, Verdict::Inconclusive);
    }

    #[test]
    fn slow_series_without_change_rarely_fail() {
        // Neighbors alike (0.9): taken as independent, every second canary would fail.
        let mut noise = Noise::new(43);
        let slow = |noise: &mut Noise| {
            let mut x = 0.0;
            (0..400)
                .map(|_| {
                    x = 0.9 * x + noise.normal();
                    20.0 + x
                })
                .collect::<Vec<f64>>()
        };
        let (mut failed, mut naive) = (0, 0);
        for _ in 0..100 {
            let (a, b) = (slow(&mut noise), slow(&mut noise));
            let mut one = metric(&a, &b);
            one.least_effect = 0.0;
            failed +=
                usize::from(judge(&[one], Rules::default()).unwrap().verdict == Verdict::Worse);
            let plain = mann_whitney(&Samples::new(&a, &b).unwrap()).unwrap();
            naive += usize::from(plain.p_asymptotic_cc <= 0.05);
        }
        assert!(failed <= 12 && naive > 30, "{failed} {naive}");
    }
}
