//! What is simulated: laws whose truth is known, one or more for every measure with an interval.
//!
//! Read [`Case`] first. A law is chosen to resemble what the measure is used on, with units that differ from one
//! another, and is never changed to make an interval look better.
//!
//! To add one:
//! 1. write `draw`, which makes the case of a measure of the registry from [`Noise`] and a size, and an entry in the
//!    `CASES` of its subject, from [`PLAIN`], with a seed that no other has;
//! 2. name what is counted: an interval with [`known`], whose truth you work out from the law by hand, or [`sampled`]
//!    only where you cannot; a decision with [`decided`], whose function says from the result whether it was taken
//!    (an alarm where there was nothing, an alarm where there was something, a risk that stayed below what was
//!    promised; for the last, `draw` puts what the function needs to know into the case) and whose rate is the one
//!    promised or worked out;
//! 3. `cargo run --release -p xtask -- coverage --only NAME --write`, then `gen`. Where an interval holds its truth too
//!    seldom, mend the measure, or say why in its blind spots and here as `weakness`.
//!
//! Not here: counting.

mod charts;
mod choices;
mod compare;
mod confidence;
mod detections;
mod drift;
mod labels;
mod paths;
mod people;
mod sampling;
mod segments;
mod shares;
mod tracks;
mod worked;

use super::Kind;
use fieldassay_measure::stats::SplitMix;
use serde_json::Value;

/// Where the truth of a statistic is from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Truth {
    /// Worked out from the law, for a size.
    Known(fn(usize) -> f64),
    /// The value of one very large sample.
    Sample,
}

/// One number of a measure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Statistic {
    /// What the page calls it.
    pub(super) name: &'static str,
    /// Where it is in the result.
    pub(super) pointer: &'static str,
    /// What its interval is meant to hold; of a decision, the rate at which it is meant to be taken.
    pub(super) truth: Truth,
    /// What is counted.
    pub(super) count: Count,
}

/// What is counted of a number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Count {
    /// Whether its interval holds the truth.
    Interval,
    /// Whether a decision was taken, by what the result has there; none where the result decides nothing.
    Decision(Kind, fn(&Value) -> Option<bool>),
}

impl Statistic {
    /// What its share tells.
    pub(super) fn kind(&self) -> Kind {
        match self.count {
            Count::Interval => Kind::Coverage,
            Count::Decision(kind, _) => kind,
        }
    }
}

/// An interval whose truth follows from the law.
const fn known(name: &'static str, pointer: &'static str, value: fn(usize) -> f64) -> Statistic {
    Statistic {
        name,
        pointer,
        truth: Truth::Known(value),
        count: Count::Interval,
    }
}

/// An interval whose truth is the value of one very large sample.
const fn sampled(name: &'static str, pointer: &'static str) -> Statistic {
    Statistic {
        name,
        pointer,
        truth: Truth::Sample,
        count: Count::Interval,
    }
}

/// A decision that is to be taken at a rate.
const fn decided(
    name: &'static str,
    pointer: &'static str,
    rate: fn(usize) -> f64,
    count: Count,
) -> Statistic {
    Statistic {
        name,
        pointer,
        truth: Truth::Known(rate),
        count,
    }
}

/// A test at five in a hundred on data without anything to find; the pointer is to its p-value.
const fn quiet(name: &'static str, pointer: &'static str) -> Statistic {
    let count = Count::Decision(Kind::FalseAlarm, is_at_five);
    decided(name, pointer, |_| 0.05, count)
}

/// The same test on data with something to find, and the rate at which it is to be found.
const fn heard(name: &'static str, pointer: &'static str, rate: fn(usize) -> f64) -> Statistic {
    decided(
        name,
        pointer,
        rate,
        Count::Decision(Kind::Power, is_at_five),
    )
}

/// Whether a p-value is at most five in a hundred.
fn is_at_five(p: &Value) -> Option<bool> {
    p.as_f64().map(|p| p <= 0.05)
}

/// Whether anything is there: the place of an alarm, or a list of alarms.
#[expect(clippy::unnecessary_wraps, reason = "the form of all decisions")]
fn is_there(found: &Value) -> Option<bool> {
    Some(match found {
        Value::Array(alarms) => !alarms.is_empty(),
        other => !other.is_null(),
    })
}

/// A measure on data of one law; its `pointer`s are JSON pointers into its result.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    /// Name of the measure.
    pub(super) measure: &'static str,
    /// The law in words.
    pub(super) law: &'static str,
    /// What is drawn independently, or counted along a path.
    pub(super) unit: &'static str,
    /// Sizes of data sets, in units.
    pub(super) sizes: &'static [usize],
    /// Size of the sample that gives the truth where it cannot be worked out.
    pub(super) sample: usize,
    /// Data sets per size.
    pub(super) trials: usize,
    /// Differs between cases; never changed.
    pub(super) seed: u64,
    /// Whether the interval is asked for by `bootstrap`.
    pub(super) is_resampled: bool,
    /// Why a promise is not kept even at the largest size, or is kept only nearly, with the bound that holds: the least
    /// share of intervals (of powers, of risks held), the largest of false alarms. None where intervals hold the truth
    /// nine times in ten and decisions what they promise.
    pub(super) weakness: Option<(&'static str, f64)>,
    /// The numbers looked at.
    pub(super) statistics: &'static [Statistic],
    /// Draws a data set.
    pub(super) draw: fn(&mut Noise, usize) -> Value,
}

/// What most laws share; not a case itself.
const PLAIN: Case = Case {
    measure: "",
    law: "",
    unit: "",
    sizes: &[20, 200],
    sample: 0,
    trials: 500,
    seed: 0,
    is_resampled: true,
    weakness: None,
    statistics: &[],
    draw: |_, _| Value::Null,
};

/// Every law, by subject.
pub(super) fn cases() -> impl Iterator<Item = &'static Case> {
    [
        detections::CASES,
        segments::CASES,
        shares::CASES,
        tracks::CASES,
        paths::CASES,
        people::CASES,
        labels::CASES,
        compare::CASES,
        drift::CASES,
        confidence::CASES,
        sampling::CASES,
        charts::CASES,
        choices::CASES,
    ]
    .into_iter()
    .flatten()
}

/// Chance, the same on every machine.
pub(super) struct Noise {
    random: SplitMix,
    spare: Option<f64>,
}

impl Noise {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: SplitMix::new(seed),
            spare: None,
        }
    }

    /// Evenly from `low` to `high`.
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.random.unit()
    }

    /// A whole number below `n`.
    fn below(&mut self, n: usize) -> usize {
        self.random.below(n)
    }

    /// Yes with this probability.
    fn chance(&mut self, probability: f64) -> bool {
        self.random.unit() < probability
    }

    /// Normal with mean 0 and standard deviation 1 (Box and Muller 1958).
    fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * (1.0 - self.random.unit()).ln()).sqrt();
        let angle = std::f64::consts::TAU * self.random.unit();
        self.spare = Some(radius * angle.sin());
        radius * angle.cos()
    }

    /// How many of `n` are taken, each with this probability.
    fn count(&mut self, n: usize, probability: f64) -> usize {
        (0..n).filter(|_| self.chance(probability)).count()
    }

    /// Events where `mean` are expected (Knuth).
    fn poisson(&mut self, mean: f64) -> usize {
        let (mut product, mut events) = (self.random.unit(), 0);
        while product > (-mean).exp() {
            product *= self.random.unit();
            events += 1;
        }
        events
    }

    /// `n` normal values around `mean`.
    fn around(&mut self, mean: f64, n: usize) -> Vec<f64> {
        (0..n).map(|_| mean + self.normal()).collect()
    }

    /// Three of them.
    fn normals(&mut self) -> [f64; 3] {
        std::array::from_fn(|_| self.normal())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_follows_its_laws() {
        let mut noise = Noise::new(3);
        let x: Vec<f64> = (0..20_000).map(|_| noise.normal()).collect();
        let mean = x.iter().sum::<f64>() / 20_000.0;
        let square = x.iter().map(|x| x * x).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.02 && (square - 1.0).abs() < 0.03);
        assert!((0..100).all(|_| (2.0..3.0).contains(&noise.between(2.0, 3.0))));
        assert!((0..100).all(|_| noise.below(4) < 4));
    }
}
