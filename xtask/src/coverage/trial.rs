//! One trial: data are drawn, measured, and the interval compared with the truth.
//!
//! Read [`outcomes`] first. Not here: how the data are drawn (`laws`).

use super::RESAMPLES;
use super::laws::{Case, Count, Noise, Statistic, Truth};
use anyhow::{Context as _, Result};
use fieldassay_measure::registry::find;
use fieldassay_measure::stats::SplitMix;
use serde_json::{Value, json};

/// What became of one interval or decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The interval holds the truth, or the decision was taken.
    Held,
    /// The decision was not taken.
    Not,
    /// It lies above the truth.
    TooHigh,
    /// It lies below the truth.
    TooLow,
    /// None was given.
    Missing,
}

impl Outcome {
    /// Its sign in the committed results.
    pub(super) fn sign(self) -> char {
        match self {
            Self::Held => '=',
            Self::Not => '.',
            Self::TooHigh => '+',
            Self::TooLow => '-',
            Self::Missing => '0',
        }
    }

    fn of(statistic: &Statistic, found: &Value, truth: f64) -> Self {
        let found = found.pointer(statistic.pointer);
        match statistic.count {
            Count::Interval => Self::of_interval(found, truth),
            Count::Decision(_, is_taken) => match found.and_then(is_taken) {
                Some(true) => Self::Held,
                Some(false) => Self::Not,
                None => Self::Missing,
            },
        }
    }

    fn of_interval(statistic: Option<&Value>, truth: f64) -> Self {
        let end = |name| statistic.and_then(|s| s.get(name)).and_then(Value::as_f64);
        match (end("low"), end("high")) {
            (Some(low), _) if low > truth => Self::TooHigh,
            (_, Some(high)) if high < truth => Self::TooLow,
            (Some(_), Some(_)) => Self::Held,
            _ => Self::Missing,
        }
    }
}

/// A number that differs for every law, size and trial, so that no two streams of chance overlap.
fn seed_of(case: &Case, n: usize, number: usize) -> u64 {
    let place = (case.seed << 48) ^ ((n as u64) << 20) ^ number as u64;
    SplitMix::new(place).next_u64()
}

/// Draws one data set and compares each interval with its truth, or sees what was decided.
///
/// Errors: a case that the measure does not take, for laws draw none such.
pub(super) fn outcomes(
    case: &Case,
    n: usize,
    number: usize,
    truths: &[f64],
) -> Result<Vec<Outcome>> {
    let mut data = (case.draw)(&mut Noise::new(seed_of(case, n, number)), n);
    if case.is_resampled {
        data["bootstrap"] = json!({"resamples": RESAMPLES, "seed": number});
    }
    let found = measured(case, &data)?;
    let of = |(s, truth): (&Statistic, &f64)| Outcome::of(s, &found, *truth);
    Ok(case.statistics.iter().zip(truths).map(of).collect())
}

fn measured(case: &Case, data: &Value) -> Result<Value> {
    let measure = find(case.measure).with_context(|| format!("no measure `{}`", case.measure))?;
    (measure.run)(data).with_context(|| format!("a trial of {}", case.measure))
}

/// What the measure gives for one very large data set.
pub(super) fn sample(case: &Case) -> Result<Value> {
    let seed = seed_of(case, case.sample, usize::MAX >> 44);
    measured(case, &(case.draw)(&mut Noise::new(seed), case.sample))
}

/// What the interval of a statistic is meant to hold.
pub(super) fn truth(
    case: &Case,
    statistic: &Statistic,
    n: usize,
    sample: Option<&Value>,
) -> Result<f64> {
    match statistic.truth {
        Truth::Known(value) => Ok(value(n)),
        Truth::Sample => sample
            .and_then(|found| found.pointer(statistic.pointer))
            .and_then(|found| found.get("estimate"))
            .and_then(Value::as_f64)
            .with_context(|| format!("{} has no {}", case.measure, statistic.pointer)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_belong_to_the_interval() {
        let of = |truth| Outcome::of_interval(Some(&json!({"low": 1.0, "high": 2.0})), truth);
        assert_eq!([of(1.0), of(2.0)], [Outcome::Held; 2]);
        assert_eq!([of(0.9), of(2.1)], [Outcome::TooHigh, Outcome::TooLow]);
        let none = json!({"low": null, "high": null});
        assert_eq!(Outcome::of_interval(Some(&none), 1.0), Outcome::Missing);
        assert_eq!(Outcome::of_interval(None, 1.0), Outcome::Missing);
    }
}
