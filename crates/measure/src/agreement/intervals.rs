//! Intervals of alpha, by drawing units again.

use super::AgreementError;
use super::krippendorff::{Level, Units, alpha_of_drawn};
use crate::stats::{
    Interval, Resampling, SplitMix, bca_level, jackknife_acceleration, normal_quantile, quantiles,
};

/// Alpha with what drawing units again says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitIntervals {
    /// Alpha of all units.
    pub alpha: f64,
    /// Alpha without each unit in turn.
    pub jackknife: Vec<f64>,
    /// Standard error by the jackknife.
    pub jackknife_error: f64,
    /// Alpha of each draw that is defined.
    pub drawn: Vec<f64>,
    /// Percentile interval at 95 %.
    pub percentile: Interval,
    /// Bias, as a normal quantile; draws equal to alpha count half.
    pub bias: f64,
    /// Acceleration.
    pub acceleration: f64,
    /// Probabilities whose quantiles are the ends of the `BCa` interval.
    pub levels: [f64; 2],
    /// Bias-corrected and accelerated interval at 95 %.
    pub bca: Interval,
    /// Units with two values.
    pub n: usize,
}

/// Which units are drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Draws {
    /// At random.
    Random(Resampling),
    /// As given, by position among the units that have two values.
    Given(Vec<Vec<usize>>),
}

/// Percentile and `BCa` intervals of alpha: units with two values are drawn with repetition.
///
/// Errors: fewer than three such units, an index out of range, alpha undefined, more than one draw in twenty undefined.
/// Cost: `draws + units` times alpha. Source: Efron and Tibshirani 1993, chapters 13 and 14.3; quantiles of type 7.
pub fn unit_intervals(
    units: &Units,
    level: Level,
    draws: &Draws,
) -> Result<UnitIntervals, AgreementError> {
    let of = |unit: usize| &units.values[units.starts[unit]..units.starts[unit + 1]];
    let is_pairable = |unit: &usize| of(*unit).iter().filter(|x| !x.is_nan()).count() > 1;
    let pairable: Vec<usize> = (0..units.len()).filter(is_pairable).collect();
    let n = pairable.len();
    if n < 3 {
        return Err(AgreementError::TooFew {
            units: n,
            needed: 3,
        });
    }
    let alpha = alpha_of_drawn(units, level, pairable.iter().copied())?;
    let mut jackknife = Vec::with_capacity(n);
    for left in 0..n {
        let rest = pairable.iter().enumerate().filter(|(i, _)| *i != left);
        jackknife.push(alpha_of_drawn(units, level, rest.map(|(_, u)| *u))?);
    }
    let (drawn, asked) = draw(units, level, &pairable, draws)?;
    if drawn.is_empty() || (asked - drawn.len()) * 20 > asked {
        return Err(AgreementError::TooFew {
            units: drawn.len(),
            needed: asked,
        });
    }
    let mean = jackknife.iter().sum::<f64>() / n as f64;
    let squares: f64 = jackknife.iter().map(|x| (mean - x).powi(2)).sum();
    let acceleration = jackknife_acceleration(&jackknife);
    let below: f64 = drawn
        .iter()
        .map(|x| {
            // The same units in another order differ in the last bits.
            if (x - alpha).abs() <= 1e-12 {
                0.5
            } else {
                f64::from(u8::from(*x < alpha))
            }
        })
        .sum();
    let share = below / drawn.len() as f64;
    let edge = 0.5 / drawn.len() as f64;
    let bias = normal_quantile(share.clamp(edge, 1.0 - edge))?;
    let moved = |p| bca_level(p, bias, acceleration);
    let levels = [moved(0.025)?, moved(0.975)?];
    let ends = |at: [f64; 2]| -> Result<Interval, AgreementError> {
        let found = quantiles(&mut drawn.clone(), &at)?;
        Ok(Interval {
            low: found[0],
            high: found[1],
        })
    };
    Ok(UnitIntervals {
        alpha,
        jackknife_error: ((n - 1) as f64 / n as f64 * squares).sqrt(),
        percentile: ends([0.025, 0.975])?,
        bca: ends(levels)?,
        jackknife,
        drawn,
        bias,
        acceleration,
        levels,
        n,
    })
}

/// Alpha of every draw that is defined, and how many draws there were.
fn draw(
    units: &Units,
    level: Level,
    pairable: &[usize],
    draws: &Draws,
) -> Result<(Vec<f64>, usize), AgreementError> {
    let n = pairable.len();
    let mut found = Vec::new();
    match draws {
        Draws::Random(how) => {
            let mut random = SplitMix::new(how.seed);
            let mut picked = vec![0; n];
            for _ in 0..how.resamples {
                picked.fill_with(|| pairable[random.below(n)]);
                found.extend(alpha_of_drawn(units, level, picked.iter().copied()));
            }
            Ok((found, how.resamples))
        }
        Draws::Given(indices) => {
            for row in indices {
                if let Some(&at) = row.iter().find(|i| **i >= n) {
                    let expected = "an index below the number of units with two values";
                    return Err(AgreementError::BadOption {
                        name: "index",
                        value: at as f64,
                        expected,
                    });
                }
                found.extend(alpha_of_drawn(
                    units,
                    level,
                    row.iter().map(|i| pairable[*i]),
                ));
            }
            Ok((found, indices.len()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_cover_alpha() {
        // Pairs of values: truth normal with variance 1, each read with error variance 0.25: alpha 0.8 at interval level.
        let mut random = SplitMix::new(5);
        let mut normal = || -> f64 { (0..12).map(|_| random.unit()).sum::<f64>() - 6.0 };
        let starts: Vec<usize> = (0..=50).map(|i| 2 * i).collect();
        let (mut covered, trials) = ([0; 2], 120);
        for seed in 0..trials {
            let values: Vec<f64> = (0..50)
                .flat_map(|_| {
                    let truth = normal();
                    [truth + 0.5 * normal(), truth + 0.5 * normal()]
                })
                .collect();
            let draws = Draws::Random(Resampling {
                resamples: 200,
                seed,
            });
            let units = Units {
                starts: &starts,
                values: &values,
            };
            let found = unit_intervals(&units, Level::Interval, &draws).unwrap();
            covered[0] += usize::from(found.percentile.contains(0.8));
            covered[1] += usize::from(found.bca.contains(0.8));
        }
        assert!(covered.iter().all(|c| *c >= 105), "{covered:?} of {trials}");
    }
}
