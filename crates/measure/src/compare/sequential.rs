//! Evidence that may be looked at any time: mixture likelihood ratios and e-values.
//!
//! Read [`msprt`] and [`event_evidence`] first: reject at `1 / alpha`, whenever; the chance ever to do so without an
//! effect is at most `alpha`. Not here: tests of a share with a planned end ([`crate::sampling::sprt`]).

use super::{CompareError, finite, open_unit, positive, range};
use crate::stats::StatsError;

/// Evidence after each value.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Evidence against no effect; may overflow to infinity.
    pub e: Vec<f64>,
    /// The smallest p-value that holds at all times, `min(p, 1 / e)`.
    pub always_valid_p: Vec<f64>,
}

impl Evidence {
    fn of(e: Vec<f64>) -> Self {
        let mut least = 1.0_f64;
        let p = e.iter().map(|e| {
            least = least.min(1.0 / e);
            least
        });
        Self {
            always_valid_p: p.collect(),
            e,
        }
    }

    /// Index of the first value at which the evidence reaches `1 / alpha`.
    pub fn stops_at(&self, alpha: f64) -> Option<usize> {
        self.e.iter().position(|e| *e >= 1.0 / alpha)
    }
}

/// What a normal mixture test needs to know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormalMixture {
    /// Variance of one difference, known or well estimated.
    pub sigma2: f64,
    /// Variance of the mixture, about the square of the effect one looks for.
    pub tau2: f64,
    /// Difference of no effect.
    pub theta0: f64,
}

/// Mixture sequential probability ratio test of a mean difference (Robbins 1970; Johari et al. 2017, eq. 4):
/// `sqrt(s / (s + n t)) exp(n^2 t (mean - theta0)^2 / (2 s (s + n t)))` after each of the differences `d`.
///
/// Errors: [`CompareError`] for variances that are not positive, no differences, or one that is not finite. Cost: `O(n)`.
pub fn msprt(d: &[f64], mixture: NormalMixture) -> Result<Evidence, CompareError> {
    positive("sigma2", mixture.sigma2)?;
    positive("tau2", mixture.tau2)?;
    range(
        "theta0",
        mixture.theta0,
        mixture.theta0.is_finite(),
        "finite",
    )?;
    none_is_nothing("d", d.len())?;
    finite(d)?;
    let (s, t) = (mixture.sigma2, mixture.tau2);
    let (mut n, mut sum) = (0.0, 0.0);
    let e = d.iter().map(|d| {
        n += 1.0;
        sum += d - mixture.theta0;
        let wide = s + n * t;
        (s / wide).sqrt() * (t * sum * sum / (2.0 * s * wide)).exp()
    });
    Ok(Evidence::of(e.collect()))
}

fn none_is_nothing(field: &'static str, seen: usize) -> Result<(), CompareError> {
    if seen > 0 {
        return Ok(());
    }
    Err(CompareError::TooFew {
        field,
        seen,
        least: 1,
        hint: "nothing has been observed yet",
    })
}

/// Confidence sequence of the mean difference at confidence `1 - alpha`: after each value the interval that holds the true
/// difference at all times together, from inverting [`msprt`].
///
/// Errors: as [`msprt`], and `alpha` outside (0, 1). Cost: `O(n)`.
pub fn confidence_sequence(
    d: &[f64],
    mixture: NormalMixture,
    alpha: f64,
) -> Result<Vec<(f64, f64)>, CompareError> {
    open_unit("alpha", alpha)?;
    msprt(d, mixture)?;
    let (s, t) = (mixture.sigma2, mixture.tau2);
    let (mut n, mut sum) = (0.0, 0.0);
    let ends = d.iter().map(|d| {
        n += 1.0;
        sum += d;
        let wide = s + n * t;
        let half = (2.0 * s * wide / t * (0.5 * (wide / s).ln() - alpha.ln())).sqrt() / n;
        (sum / n - half, sum / n + half)
    });
    Ok(ends.collect())
}

/// Evidence from events of two arms: event by event whether it was of the new one, against the share `pi0` of the new
/// arm's exposure, under a Beta(`a`, `b`) mixture: `B(a + x, b + n - x) / B(a, b) / (pi0^x (1 - pi0)^(n - x))`.
///
/// The split of exposure must be fixed beforehand. Errors: [`CompareError`] for `pi0` outside (0, 1), a mixture that is not
/// positive, or no events. Cost: `O(n)`.
pub fn event_evidence(
    is_new: &[bool],
    pi0: f64,
    mixture: (f64, f64),
) -> Result<Evidence, CompareError> {
    open_unit("pi0", pi0)?;
    positive("beta_prior", mixture.0)?;
    positive("beta_prior", mixture.1)?;
    none_is_nothing("event_is_new", is_new.len())?;
    let (mut a, mut b) = mixture;
    let mut e = 1.0;
    let path = is_new.iter().map(|is_new| {
        // The chance that the mixture gave this event, over the chance without an effect.
        if *is_new {
            e *= a / (a + b) / pi0;
            a += 1.0;
        } else {
            e *= b / (a + b) / (1.0 - pi0);
            b += 1.0;
        }
        e
    });
    Ok(Evidence::of(path.collect()))
}

/// Evidence that the mean of values in 0 to 1 is above `m`, without any model: a wealth that bets on each value a share
/// set by those before it (Waudby-Smith and Ramdas 2024, one-sided, truncated at half of the largest safe bet).
///
/// Errors: [`CompareError`] for `m` outside (0, 1), no values, or one outside 0 to 1. Cost: `O(n)`.
pub fn betting_evidence(x: &[f64], m: f64, alpha: f64) -> Result<Evidence, CompareError> {
    open_unit("m", m)?;
    open_unit("alpha", alpha)?;
    none_is_nothing("x", x.len())?;
    if let Some(index) = x.iter().position(|x| !(0.0..=1.0).contains(x)) {
        return Err(StatsError::NotFinite { index }.into());
    }
    let mut wealth = 1.0;
    let (mut n, mut sum, mut squares) = (0.0_f64, 0.5, 0.25);
    let path = x.iter().map(|x| {
        n += 1.0;
        let mean = sum / n;
        let variance = squares / n;
        // The bet rests on the past alone, so it is fair whatever comes.
        let wish = (-2.0 * alpha.ln() / (variance * n * (n + 1.0).ln().max(1e-9))).sqrt();
        let bet = wish.min(0.5 / m);
        wealth *= 1.0 + bet * (x - m);
        sum += x;
        squares += (x - mean) * (x - mean);
        wealth
    });
    Ok(Evidence::of(path.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;

    const MIXTURE: NormalMixture = NormalMixture {
        sigma2: 1.0,
        tau2: 0.25,
        theta0: 0.0,
    };

    #[test]
    fn peeking_all_the_time_holds_the_level_and_finds_effects() {
        let mut noise = Noise::new(31);
        let (mut wrong, mut found, mut outside, trials) = (0, 0, 0, 400);
        for _ in 0..trials {
            let null: Vec<f64> = (0..300).map(|_| noise.normal()).collect();
            wrong += usize::from(msprt(&null, MIXTURE).unwrap().stops_at(0.05).is_some());
            let ends = confidence_sequence(&null, MIXTURE, 0.05).unwrap();
            outside += usize::from(ends.iter().any(|(low, high)| *low > 0.0 || *high < 0.0));
            let shifted: Vec<f64> = null.iter().map(|x| x + 0.4).collect();
            found += usize::from(msprt(&shifted, MIXTURE).unwrap().stops_at(0.05).is_some());
        }
        assert!(wrong <= 20 && outside <= 20, "{wrong} {outside}");
        assert!(found > 380, "{found}");
    }

    #[test]
    fn events_hold_the_level() {
        let mut noise = Noise::new(37);
        let (mut wrong, mut found, mut bet_wrong, mut bet_found) = (0, 0, 0, 0);
        for _ in 0..400 {
            let fair: Vec<bool> = (0..300).map(|_| noise.uniform() < 0.3).collect();
            let is_stopped = |x: &[bool]| {
                event_evidence(x, 0.3, (1.0, 1.0))
                    .unwrap()
                    .stops_at(0.05)
                    .is_some()
            };
            wrong += usize::from(is_stopped(&fair));
            let worse: Vec<bool> = (0..300).map(|_| noise.uniform() < 0.45).collect();
            found += usize::from(is_stopped(&worse));
            let bets = |x: &[bool]| {
                let x: Vec<f64> = x.iter().map(|b| f64::from(u8::from(*b))).collect();
                betting_evidence(&x, 0.3, 0.05)
                    .unwrap()
                    .stops_at(0.05)
                    .is_some()
            };
            bet_wrong += usize::from(bets(&fair));
            bet_found += usize::from(bets(&worse));
        }
        assert!(wrong <= 20 && bet_wrong <= 20, "{wrong} {bet_wrong}");
        assert!(found > 380 && bet_found > 320, "{found} {bet_found}");
    }

    #[test]
    fn bad_input_is_said() {
        assert!(msprt(&[], MIXTURE).is_err() && msprt(&[f64::NAN], MIXTURE).is_err());
        assert!(
            msprt(
                &[0.1],
                NormalMixture {
                    tau2: 0.0,
                    ..MIXTURE
                }
            )
            .is_err()
        );
        assert!(event_evidence(&[], 0.5, (1.0, 1.0)).is_err());
        assert!(event_evidence(&[true], 1.0, (1.0, 1.0)).is_err());
        assert!(betting_evidence(&[1.5], 0.5, 0.05).is_err());
    }
}
