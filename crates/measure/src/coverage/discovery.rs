//! Rates of rare events and of discoveries, and how far one must drive to show a rate.

use super::CoverageError;
use crate::stats::{self, Interval, StatsError, normal_quantile};
use serde::{Deserialize, Serialize};

/// A share of events in trials with its intervals.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BinomialRate {
    /// Clopper and Pearson 1934: never covers less than 95 %.
    pub clopper_pearson95: [f64; 2],
    /// Wilson 1927: covers 95 % on average.
    pub wilson95: [f64; 2],
    /// The upper end of Clopper and Pearson at 95 % on one side.
    pub one_sided_upper95: f64,
    /// `3 / n` for no event; none otherwise. 0.1 % above the exact 2.996.
    pub rule_of_three: Option<f64>,
    /// Equal tails of the posterior with Jeffreys' prior; its end is exact at no and at all events.
    pub jeffreys95: [f64; 2],
}

/// Intervals of a share at 95 %. Errors: [`StatsError::BadCounts`].
pub fn binomial_rate(events: u64, trials: u64) -> Result<BinomialRate, StatsError> {
    let wilson = stats::wilson(events, trials)?;
    let exact = stats::clopper_pearson(events, trials, 0.05)?;
    let jeffreys = stats::share_interval(events, trials, 0.05, stats::ShareMethod::Jeffreys)?;
    // Without any event, or without any other, one tail holds nothing (Brown, Cai and DasGupta 2001, 4.1.2).
    let low = if events == 0 { 0.0 } else { jeffreys.low };
    let high = if events == trials { 1.0 } else { jeffreys.high };
    Ok(BinomialRate {
        clopper_pearson95: [exact.low, exact.high],
        wilson95: [wilson.low, wilson.high],
        one_sided_upper95: stats::clopper_pearson_upper(events, trials, 0.05)?,
        rule_of_three: (events == 0).then(|| 3.0 / trials as f64),
        jeffreys95: [low, high],
    })
}

/// A rate of events per exposure with its intervals.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PoissonRate {
    /// Events over exposure.
    pub rate: f64,
    /// Garwood 1936.
    pub garwood95: [f64; 2],
    /// Upper bound at 95 % on one side, `chi2(0.95; 2 x + 2) / 2 E`.
    pub one_sided_upper95: f64,
}

/// Exact intervals of a Poisson rate at 95 %. Errors: [`StatsError::BadProbability`] for an exposure that is not positive.
pub fn poisson_rate(events: u64, exposure: f64) -> Result<PoissonRate, StatsError> {
    let interval = stats::poisson_rate(events, exposure)?;
    Ok(PoissonRate {
        rate: events as f64 / exposure,
        garwood95: [interval.low, interval.high],
        one_sided_upper95: stats::poisson_upper(events, 0.95)? / exposure,
    })
}

/// What the last stretch of driving says about discoveries to come.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Discovery {
    /// Exposure of the window.
    pub exposure: f64,
    /// First-ever kinds found in it.
    pub discoveries: u64,
    /// Discoveries per unit of exposure in the window.
    pub rate: f64,
    /// Exact two-sided interval of that rate at 95 %.
    pub interval: Interval,
    /// The future rate of discovery is not above this, with the confidence asked for.
    pub upper: f64,
    /// Exposure that would have to pass without a discovery until the bound reaches the limit asked for; none without a
    /// limit, 0 where the bound is below it already.
    pub exposure_still_needed: Option<f64>,
}

/// Bound of the future rate of discovery from the trailing window: exposures at which kinds were first seen, the
/// exposure `window` before `end`, a one-sided confidence, and the rate one wants to stay below.
///
/// For exchangeable sampling the expected rate of discovery cannot rise, so the Poisson bound of the last window holds
/// for what follows. It is not valid across a change of release, site or season: begin the window there. Exposure is in
/// kilometers, hours or units, as the caller has it.
///
/// Errors: [`CoverageError::BadOption`] for a window that is not positive or longer than what was driven, a confidence
/// outside (0, 1) or a limit that is not positive; [`CoverageError::Stats`].
pub fn discovery(
    first_seen: &[f64],
    end: f64,
    window: f64,
    confidence: f64,
    limit: Option<f64>,
) -> Result<Discovery, CoverageError> {
    if !(window > 0.0 && window <= end && end.is_finite()) {
        return Err(CoverageError::BadOption {
            name: "window",
            value: window,
            hint: "it must be positive and end inside what was driven",
        });
    }
    if let Some(value) = limit.filter(|l| *l <= 0.0 || l.is_nan()) {
        return Err(CoverageError::BadOption {
            name: "limit",
            value,
            hint: "a rate that is positive",
        });
    }
    let inside = |at: &&f64| **at > end - window && **at <= end;
    let discoveries = first_seen.iter().filter(inside).count() as u64;
    let bound = stats::poisson_upper(discoveries, confidence)?;
    let upper = bound / window;
    let needed = match limit {
        None => None,
        Some(limit) if upper <= limit => Some(0.0),
        // Without further discoveries, over a window that grows at its end.
        Some(limit) => Some(bound / limit - window),
    };
    Ok(Discovery {
        exposure: window,
        discoveries,
        rate: discoveries as f64 / window,
        interval: stats::poisson_rate(discoveries, window)?,
        upper,
        exposure_still_needed: needed,
    })
}

/// A claim about a rate, and a fleet to show it with (Kalra and Paddock 2016, RAND RR-1478).
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Driving {
    /// Events per mile of the benchmark.
    pub rate_per_mile: f64,
    /// Confidence, 0 to 1.
    #[serde(default = "confidence")]
    pub conf: f64,
    /// Half width of the interval over the rate.
    #[serde(default = "fifth")]
    pub precision: f64,
    /// By how much the rate is to be better.
    #[serde(default = "fifth")]
    pub improvement: f64,
    /// Probability to find the improvement where it is there.
    #[serde(default = "power")]
    pub power: f64,
    /// Vehicles, driving day and night.
    #[serde(default = "fleet")]
    pub fleet: f64,
    /// Miles per hour.
    #[serde(default = "mph")]
    pub mph: f64,
}

fn confidence() -> f64 {
    0.95
}

fn fifth() -> f64 {
    0.2
}

fn power() -> f64 {
    0.8
}

fn fleet() -> f64 {
    100.0
}

fn mph() -> f64 {
    25.0
}

/// Miles and years; see [`driving_to_safety`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DrivingNeeds {
    /// Without any event the rate is below the benchmark: `-ln(1 - conf) / rate`.
    pub miles_zero_failures: f64,
    /// The rate is known within the precision: `(z / precision)^2 / rate`, two-sided.
    pub miles_within_20pct: f64,
    /// The improvement is shown, with the power: `(1 - improvement) ((z_conf + z_power) / improvement)^2 / rate`.
    pub miles_20pct_better_power80: f64,
    /// The same with half a chance to fail although the improvement is there.
    pub miles_20pct_better_no_power: f64,
    /// Years of the fleet for the first three.
    pub years: [f64; 3],
}

/// How far to drive to show a rate, by the normal approximations of the report.
///
/// Errors: [`CoverageError::BadOption`] for numbers that are not positive, [`CoverageError::Stats`] for shares outside
/// (0, 1).
pub fn driving_to_safety(claim: &Driving) -> Result<DrivingNeeds, CoverageError> {
    let positive = [
        ("rate_per_mile", claim.rate_per_mile),
        ("precision", claim.precision),
        ("improvement", claim.improvement),
        ("fleet", claim.fleet),
        ("mph", claim.mph),
    ];
    for (name, value) in positive {
        if !(value > 0.0 && value.is_finite()) {
            return Err(CoverageError::BadOption {
                name,
                value,
                hint: "it must be positive",
            });
        }
    }
    if claim.improvement >= 1.0 {
        return Err(CoverageError::BadOption {
            name: "improvement",
            value: claim.improvement,
            hint: "a share below 1",
        });
    }
    let two_sided = normal_quantile(f64::midpoint(1.0, claim.conf))?;
    let one_sided = normal_quantile(claim.conf)?;
    let with_power = one_sided + normal_quantile(claim.power)?;
    let rate = claim.rate_per_mile;
    let better = |z: f64| (1.0 - claim.improvement) * (z / claim.improvement).powi(2) / rate;
    let miles = [
        -(1.0 - claim.conf).ln() / rate,
        (two_sided / claim.precision).powi(2) / rate,
        better(with_power),
    ];
    let miles_per_year = claim.fleet * claim.mph * 24.0 * 365.0;
    Ok(DrivingNeeds {
        miles_zero_failures: miles[0],
        miles_within_20pct: miles[1],
        miles_20pct_better_power80: miles[2],
        miles_20pct_better_no_power: better(one_sided),
        years: miles.map(|m| m / miles_per_year),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    #[test]
    fn the_bound_of_discoveries_holds() {
        // A hundred kinds, common ones soon exhausted; the rate after the window is known exactly.
        let rates: Vec<f64> = (0..100)
            .map(|i| 0.5 / (1.0 + f64::from(i)).powi(2))
            .collect();
        let mut random = SplitMix::new(5);
        let (mut held, runs) = (0, 600);
        for _ in 0..runs {
            let seen: Vec<f64> = rates.iter().map(|r| -random.unit().ln() / r).collect();
            let found = discovery(&seen, 200.0, 100.0, 0.95, None).unwrap();
            let future: f64 = rates
                .iter()
                .zip(&seen)
                .filter(|(_, at)| **at > 200.0)
                .map(|(r, _)| r)
                .sum();
            held += usize::from(future <= found.upper);
        }
        assert!(held >= 560, "{held} of {runs}");
    }

    #[test]
    fn no_discovery_is_the_rule_of_three() {
        let found = discovery(&[1.0, 2.0], 1000.0, 500.0, 0.95, Some(0.001)).unwrap();
        assert!((found.upper - 2.995_732_273_553_991 / 500.0).abs() < 1e-12);
        let more = found.exposure_still_needed.unwrap();
        assert!((more - 2_495.732_273_553_991).abs() < 1e-6);
        assert!(discovery(&[], 10.0, 20.0, 0.95, None).is_err());
        assert!(discovery(&[], 10.0, 5.0, 1.0, None).is_err());
    }
}
