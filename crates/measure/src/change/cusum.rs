//! Two-sided tabular CUSUM.

use super::{ChangeError, finite, not_negative, positive};
use crate::stats::moments;
use serde::Serialize;

/// Values a reference needs at least (signals reference, B.11).
const MIN_REFERENCE: usize = 30;

/// Where and how strongly a CUSUM alarmed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CusumAlarm {
    /// Index of the value, from 0.
    pub index: usize,
    /// Upper sum after the value, in standard deviations.
    pub upper: f64,
    /// Lower sum after the value, in standard deviations.
    pub lower: f64,
}

/// Two-sided tabular CUSUM of standardized values: `z = (x - mean) / std`, `S+ = max(0, S+ + z - k)`,
/// `S- = max(0, S- - z - k)`, alarm when either exceeds `h` (Montgomery, Introduction to Statistical Quality Control, 9.1;
/// signals reference, B.11).
///
/// Average run lengths for independent normal values, by Markov chain (signals reference, B.11): with `k = 0.5, h = 5`
/// 465 values to a false alarm, 38, 10.4 and 4.0 to a shift of 0.5, 1 and 2 standard deviations; with `h = 4` 168, 26.6,
/// 8.4, 3.3; with `k = 0.25, h = 8` 368, 28.8, 11.4, 5.2.
#[derive(Clone, Debug, PartialEq)]
pub struct Cusum {
    mean: f64,
    std: f64,
    allowance: f64,
    threshold: f64,
    upper: f64,
    lower: f64,
    seen: usize,
}

impl Cusum {
    /// A detector with both sums at zero.
    ///
    /// `mean`, `std`: of the quiet state, see [`reference`]; `allowance`: `k`, half the shift to be found, in standard
    /// deviations; `threshold`: `h`, in standard deviations. Errors: [`ChangeError::BadOption`].
    pub fn new(mean: f64, std: f64, allowance: f64, threshold: f64) -> Result<Self, ChangeError> {
        Ok(Self {
            mean: finite("mean", mean)?,
            std: positive("std", std)?,
            allowance: not_negative("allowance", allowance)?,
            threshold: positive("threshold", threshold)?,
            upper: 0.0,
            lower: 0.0,
            seen: 0,
        })
    }

    /// Takes the next value; an alarm for every value after which a sum is above the threshold.
    /// A NaN counts as a value but changes neither sum.
    pub fn push(&mut self, x: f64) -> Option<CusumAlarm> {
        let index = self.seen;
        self.seen += 1;
        let z = (x - self.mean) / self.std;
        if z.is_nan() {
            return None;
        }
        self.upper = (self.upper + z - self.allowance).max(0.0);
        self.lower = (self.lower - z - self.allowance).max(0.0);
        (self.upper > self.threshold || self.lower > self.threshold).then_some(CusumAlarm {
            index,
            upper: self.upper,
            lower: self.lower,
        })
    }

    /// Upper and lower sum after the values so far, in standard deviations.
    pub fn sums(&self) -> [f64; 2] {
        [self.upper, self.lower]
    }

    /// Sets both sums to zero, as after an alarm that was dealt with; the index goes on.
    pub fn reset(&mut self) {
        self.upper = 0.0;
        self.lower = 0.0;
    }
}

/// Mean and sample standard deviation of a quiet stretch, for [`Cusum::new`].
///
/// Errors: [`ChangeError::TooFew`] below 30 values; values that are not finite. Cost: two passes.
pub fn reference(values: &[f64]) -> Result<(f64, f64), ChangeError> {
    let short = ChangeError::TooFew {
        n: values.len(),
        needed: MIN_REFERENCE,
    };
    if values.len() < MIN_REFERENCE {
        return Err(short);
    }
    let m = moments(values)?;
    Ok((m.mean, m.std_sample.ok_or(short)?))
}

/// First alarm of `detector` over a slice; none when it stays quiet. Equals pushing the values one by one.
pub fn cusum(mut detector: Cusum, values: &[f64]) -> Option<CusumAlarm> {
    values.iter().find_map(|x| detector.push(*x))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;
    use proptest::prelude::*;

    #[test]
    fn by_hand() {
        let mut c = Cusum::new(0.0, 1.0, 0.5, 2.0).unwrap();
        assert_eq!(c.push(1.5), None);
        assert_eq!(c.push(f64::NAN), None);
        assert_eq!(
            c.push(1.75),
            Some(CusumAlarm {
                index: 2,
                upper: 2.25,
                lower: 0.0
            })
        );
        c.reset();
        assert_eq!(
            c.push(-3.0),
            Some(CusumAlarm {
                index: 3,
                upper: 0.0,
                lower: 2.5
            })
        );
    }

    #[test]
    fn bad_options_are_errors() {
        assert!(Cusum::new(0.0, 0.0, 0.5, 5.0).is_err());
        assert!(Cusum::new(f64::NAN, 1.0, 0.5, 5.0).is_err());
        assert!(Cusum::new(0.0, 1.0, -0.5, 5.0).is_err());
        assert_eq!(
            reference(&[1.0; 10]),
            Err(ChangeError::TooFew { n: 10, needed: 30 })
        );
    }

    #[test]
    fn run_lengths_agree_with_the_markov_chain() {
        let mut noise = Noise::new(31);
        let mut mean_run = |shift: f64, runs: u32| {
            let total: usize = (0..runs)
                .map(|_| {
                    let mut c = Cusum::new(0.0, 1.0, 0.5, 5.0).unwrap();
                    loop {
                        if let Some(alarm) = c.push(noise.normal() + shift) {
                            break alarm.index + 1;
                        }
                    }
                })
                .sum();
            total as f64 / f64::from(runs)
        };
        assert!((mean_run(0.0, 2000) - 465.4).abs() < 32.0);
        assert!((mean_run(1.0, 4000) - 10.4).abs() < 0.4);
        assert!((mean_run(2.0, 4000) - 4.0).abs() < 0.1);
    }

    proptest! {
        #[test]
        fn streaming_equals_batch_and_mirrors(values in prop::collection::vec(-3.0_f64..3.0, 0..200)) {
            let detector = Cusum::new(0.0, 1.0, 0.5, 4.0).unwrap();
            let mut streaming = detector.clone();
            let first = values.iter().find_map(|x| streaming.push(*x));
            prop_assert_eq!(first, cusum(detector.clone(), &values));
            let mirrored: Vec<f64> = values.iter().map(|x| -x).collect();
            let other = cusum(detector, &mirrored).map(|a| CusumAlarm { index: a.index, upper: a.lower, lower: a.upper });
            prop_assert_eq!(first, other);
        }
    }
}
