//! Intervals of shares and rates, and statistics of many rows.

use super::aggregate::Kind;
use super::{Arg, Call, Function};
use fieldassay_measure::stats::{self, Interval};

const SHARE: &[Arg] = &[("successes", ""), ("trials", "")];
const RATE: &[Arg] = &[("events", ""), ("exposure", "")];
/// Of intervals that hold 95 %.
const ALPHA: f64 = 0.05;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "wilson_low",
        args: SHARE,
        unit: "",
        about: "Lower end of Wilson's score interval of a share.",
        measure: "stats::wilson",
        call: Call::Row(|a| wilson(a).map(|interval| interval.low)),
    },
    Function {
        name: "wilson_high",
        args: SHARE,
        unit: "",
        about: "Its upper end.",
        measure: "stats::wilson",
        call: Call::Row(|a| wilson(a).map(|interval| interval.high)),
    },
    Function {
        name: "clopper_pearson_low",
        args: SHARE,
        unit: "",
        about: "Lower end of the exact interval of a share, which never covers less than it says.",
        measure: "stats::clopper_pearson",
        call: Call::Row(|a| exact(a).map(|interval| interval.low)),
    },
    Function {
        name: "clopper_pearson_high",
        args: SHARE,
        unit: "",
        about: "Its upper end.",
        measure: "stats::clopper_pearson",
        call: Call::Row(|a| exact(a).map(|interval| interval.high)),
    },
    Function {
        name: "poisson_rate_low",
        args: RATE,
        unit: "1 per unit of exposure",
        about: "Lower end of the exact interval of a rate of events: per kilometer, per hour.",
        measure: "stats::poisson_rate",
        call: Call::Row(|a| rate(a).map(|interval| interval.low)),
    },
    Function {
        name: "poisson_rate_high",
        args: RATE,
        unit: "1 per unit of exposure",
        about: "Its upper end.",
        measure: "stats::poisson_rate",
        call: Call::Row(|a| rate(a).map(|interval| interval.high)),
    },
    Function {
        name: "exact_sum",
        args: &[("x", "")],
        unit: "that of x",
        about: "Sum of many rows, rounded once: the same in any order of rows and for any number of threads.",
        measure: "stats::ExactSum",
        call: Call::Rows(Kind::Sum),
    },
    Function {
        name: "exact_mean",
        args: &[("x", "")],
        unit: "that of x",
        about: "Mean of many rows from their exact sum.",
        measure: "stats::ExactSum",
        call: Call::Rows(Kind::Mean),
    },
    Function {
        name: "quantile",
        args: &[("x", ""), ("q", "")],
        unit: "that of x",
        about: "Quantile of many rows by linear interpolation (Hyndman and Fan type 7, as numpy); `percentile_cont` rounds the place to a millionth.",
        measure: "stats::quantile",
        call: Call::Rows(Kind::Quantile),
    },
];

/// A count as it comes from SQL; none for what is no count.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole and in range"
)]
fn count(x: f64) -> Option<u64> {
    const MOST: f64 = 9_007_199_254_740_992.0;
    ((0.0..=MOST).contains(&x) && x.fract() == 0.0).then_some(x as u64)
}

fn two(a: &[f64]) -> Option<(u64, f64)> {
    match *a {
        [first, second] => Some((count(first)?, second)),
        _ => None,
    }
}

fn wilson(a: &[f64]) -> Option<Interval> {
    let (successes, trials) = two(a)?;
    stats::wilson(successes, count(trials)?).ok()
}

fn exact(a: &[f64]) -> Option<Interval> {
    let (successes, trials) = two(a)?;
    stats::clopper_pearson(successes, count(trials)?, ALPHA).ok()
}

fn rate(a: &[f64]) -> Option<Interval> {
    let (events, exposure) = two(a)?;
    stats::poisson_rate(events, exposure).ok()
}
