//! Many charts at once: one per category, annotator, team.

use super::run_length::{Chart, cusum_threshold, run_length};
use super::shares::share_chart;
use super::tabular_cusum;
use crate::agreement::AgreementError;
use crate::stats::{Adjustment, adjust};

/// Errors of one category, annotator or team over time.
#[derive(Clone, Copy, Debug)]
pub struct Series<'a> {
    /// Errors of each sample.
    pub counts: &'a [u64],
    /// Items of each sample.
    pub sizes: &'a [u64],
}

/// What a chart among many says.
#[derive(Clone, Debug, PartialEq)]
pub struct Watched {
    /// Error rate of the first phase.
    pub mean: f64,
    /// How much samples vary beyond the binomial; deviations are divided by it where it is above 1.
    pub spread: f64,
    /// Largest CUSUM sum after the first phase.
    pub largest: f64,
    /// First sample with an alarm; none without.
    pub first_signal: Option<usize>,
    /// Chance of a sum as large in as many samples without a change.
    pub p_value: f64,
    /// The same, adjusted so that among charts with at most q at most a share q is false on average (Benjamini and
    /// Hochberg).
    pub adjusted: f64,
}

/// Watches many series with CUSUMs whose threshold is chosen so that all of them together give one false alarm in
/// `between` samples of each on average, and tests each for a change at all.
///
/// The first `first` samples of each give its mean and spread; sums begin after them, with allowance `k`. Chances come from
/// the average run length (time to an alarm is nearly exponential), so they hold for samples large enough to be nearly
/// normal (`n p` above 5). Returns the threshold and one entry per series; a series without a first phase is an error of
/// that series alone. Errors: no series, options out of range. Cost: as [`cusum_threshold`] once, and [`run_length`]
/// per series.
pub fn watch(
    series: &[Series],
    first: usize,
    k: f64,
    between: f64,
) -> Result<(f64, Vec<Result<Watched, AgreementError>>), AgreementError> {
    if series.is_empty() {
        return Err(AgreementError::TooFew {
            units: 0,
            needed: 1,
        });
    }
    let h = cusum_threshold(k, between * series.len() as f64)?;
    let mut found: Vec<_> = series.iter().map(|s| one(s, first, k, h)).collect();
    let known = || found.iter().flatten();
    let p: Vec<f64> = known().map(|w| w.p_value).collect();
    // Their adjusted values are the same at any level.
    let adjusted = adjust(&p, 0.05, Adjustment::BenjaminiHochberg)?.p_adj;
    for (watched, adjusted) in found.iter_mut().flatten().zip(adjusted) {
        watched.adjusted = adjusted;
    }
    Ok((h, found))
}

fn one(series: &Series, first: usize, k: f64, h: f64) -> Result<Watched, AgreementError> {
    let chart = share_chart(series.counts, series.sizes, first)?;
    let wide = chart.spread.max(1.0);
    let z: Vec<f64> = chart.z[first..].iter().map(|z| z / wide).collect();
    let bad = |_| AgreementError::BadOption {
        name: "k",
        value: k,
        expected: "at least 0",
    };
    let path = tabular_cusum(&z, k, h).map_err(bad)?;
    let largest = path.sums.iter().flatten().copied().fold(0.0, f64::max);
    let p_value = if largest > 0.0 {
        let length = run_length(Chart::Cusum { k, h: largest }, 0.0).unwrap_or(f64::INFINITY);
        -(z.len() as f64 * (-1.0 / length).ln_1p()).exp_m1()
    } else {
        1.0
    };
    Ok(Watched {
        mean: chart.mean,
        spread: chart.spread,
        largest,
        first_signal: path.signals.first().map(|i| i + first),
        p_value,
        adjusted: p_value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    fn draw(random: &mut SplitMix, rates: impl Iterator<Item = f64>) -> Vec<u64> {
        rates
            .map(|p| (0..200).filter(|_| random.unit() < p).count() as u64)
            .collect()
    }

    #[test]
    fn false_alarms_are_held_and_a_change_is_found() {
        let mut random = SplitMix::new(12);
        let sizes = [200; 80];
        let mut counts: Vec<Vec<u64>> = (0..20)
            .map(|_| draw(&mut random, (0..80).map(|_| 0.1)))
            .collect();
        let quiet = |counts: &[Vec<u64>]| {
            let series: Vec<Series> = counts
                .iter()
                .map(|c| Series {
                    counts: c,
                    sizes: &sizes,
                })
                .collect();
            watch(&series, 40, 0.5, 1000.0).unwrap().1
        };
        let alarms = |found: &[Result<Watched, AgreementError>]| {
            found
                .iter()
                .flatten()
                .filter(|w| w.first_signal.is_some())
                .count()
        };
        let found = quiet(&counts);
        // 20 charts of 40 samples each, one false alarm in 1000 samples of each if means were known.
        assert!(alarms(&found) <= 1);
        counts[3] = draw(
            &mut random,
            (0..80).map(|i| if i < 60 { 0.1 } else { 0.18 }),
        );
        let found = quiet(&counts);
        let changed = found[3].as_ref().unwrap();
        assert!(
            (60..70).contains(&changed.first_signal.unwrap()),
            "{changed:?}"
        );
        assert!(changed.adjusted < 0.01);
        counts[0] = vec![0; 80];
        assert!(quiet(&counts)[0].is_err());
    }
}
