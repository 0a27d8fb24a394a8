//! Page–Hinkley test for increases.

use super::{ChangeError, finite, not_negative, positive};
use serde::{Deserialize, Serialize};

/// Parameters of the test; the defaults are those of river 0.26.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PageHinkleyOptions {
    /// Values before the first alarm.
    pub min_samples: usize,
    /// Change that is tolerated, in units of the values.
    pub delta: f64,
    /// Alarm from this sum on, in units of the values: scale it to the data.
    pub threshold: f64,
    /// Forgetting factor of the sum, in 0 to 1.
    pub alpha: f64,
}

impl Default for PageHinkleyOptions {
    fn default() -> Self {
        Self {
            min_samples: 30,
            delta: 0.005,
            threshold: 50.0,
            alpha: 0.9999,
        }
    }
}

/// Where and how strongly the test alarmed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PageHinkleyAlarm {
    /// Index of the value, from 0.
    pub index: usize,
    /// The sum after the value, in units of the values.
    pub sum: f64,
}

/// Page–Hinkley test for an increase of the mean: `m += (x - m) / n`, `S = max(0, alpha S + x - m - delta)`, alarm when
/// `n >= min_samples` and `S >= threshold` (Page 1954, as in river 0.26.1 `drift.PageHinkley` in mode `up`, which does
/// not hold the sum at 0 but subtracts its least value, the same for `alpha` 1; signals reference, B.11).
/// To find decreases, pass the negated values, or use [`TwoSidedPageHinkley`].
#[derive(Clone, Debug, PartialEq)]
pub struct PageHinkley {
    options: PageHinkleyOptions,
    mean: f64,
    sum: f64,
    /// Values the mean rests on.
    used: usize,
    seen: usize,
}

impl PageHinkley {
    /// A detector that has seen nothing. Errors: [`ChangeError::BadOption`].
    pub fn new(options: PageHinkleyOptions) -> Result<Self, ChangeError> {
        finite("delta", options.delta)?;
        positive("threshold", options.threshold)?;
        not_negative("alpha", options.alpha)?;
        if options.alpha > 1.0 {
            return Err(ChangeError::BadOption {
                name: "alpha",
                value: options.alpha,
            });
        }
        Ok(Self {
            options,
            mean: 0.0,
            sum: 0.0,
            used: 0,
            seen: 0,
        })
    }

    /// Takes the next value; an alarm for every value after which the sum is at the threshold or above.
    /// A value that is not finite counts but changes nothing.
    pub fn push(&mut self, x: f64) -> Option<PageHinkleyAlarm> {
        let index = self.seen;
        self.seen += 1;
        if !x.is_finite() {
            return None;
        }
        self.used += 1;
        self.mean += (x - self.mean) / self.used as f64;
        self.sum = (self.options.alpha * self.sum + x - self.mean - self.options.delta).max(0.0);
        (self.used >= self.options.min_samples && self.sum >= self.options.threshold).then_some(
            PageHinkleyAlarm {
                index,
                sum: self.sum,
            },
        )
    }

    /// Forgets mean and sum, as after an alarm that was dealt with; the index goes on.
    pub fn reset(&mut self) {
        self.mean = 0.0;
        self.sum = 0.0;
        self.used = 0;
    }

    /// The sum after the values so far.
    pub fn sum(&self) -> f64 {
        self.sum
    }
}

/// First alarm over a slice; none when the test stays quiet. Equals pushing the values one by one.
///
/// Errors: [`ChangeError::BadOption`]. Cost: one pass.
pub fn page_hinkley(
    options: PageHinkleyOptions,
    values: &[f64],
) -> Result<Option<PageHinkleyAlarm>, ChangeError> {
    let mut detector = PageHinkley::new(options)?;
    Ok(values.iter().find_map(|x| detector.push(*x)))
}

/// Directions an alarm may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sides {
    /// Increases only.
    Up,
    /// Decreases only.
    Down,
    /// Increases and decreases.
    #[default]
    Both,
}

/// Page–Hinkley test in both directions as river 0.26.1 has it in mode `both`: sums that forget by `alpha` and are not held
/// at 0, against their extremes: `S+ = alpha S+ + x - m - delta` above its least value by more than the threshold, or
/// `S- = alpha S- + x - m + delta` below its largest. Forgets everything at the value after an alarm. With `alpha` 1 each
/// direction is [`PageHinkley`] but for the strict comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct TwoSidedPageHinkley {
    options: PageHinkleyOptions,
    sides: Sides,
    mean: f64,
    /// Sum for increases and its least value.
    up: [f64; 2],
    /// Sum for decreases and its largest value.
    down: [f64; 2],
    used: usize,
    seen: usize,
    must_reset: bool,
}

impl TwoSidedPageHinkley {
    /// A detector that has seen nothing. Errors: [`ChangeError::BadOption`].
    pub fn new(options: PageHinkleyOptions) -> Result<Self, ChangeError> {
        PageHinkley::new(options)?;
        Ok(Self {
            options,
            sides: Sides::Both,
            mean: 0.0,
            up: [0.0, f64::INFINITY],
            down: [0.0, f64::NEG_INFINITY],
            used: 0,
            seen: 0,
            must_reset: false,
        })
    }

    /// The same for one direction only: river's modes `up` and `down`.
    #[must_use]
    pub fn only(mut self, sides: Sides) -> Self {
        self.sides = sides;
        self
    }

    /// Takes the next value; an alarm holds the sum that ran away, negative for a decrease. A value that is not finite
    /// counts but changes nothing.
    pub fn push(&mut self, x: f64) -> Option<PageHinkleyAlarm> {
        let index = self.seen;
        self.seen += 1;
        if !x.is_finite() {
            return None;
        }
        if self.must_reset {
            (self.mean, self.used, self.must_reset) = (0.0, 0, false);
            (self.up, self.down) = ([0.0, f64::INFINITY], [0.0, f64::NEG_INFINITY]);
        }
        self.used += 1;
        self.mean += (x - self.mean) / self.used as f64;
        let (gap, alpha, delta) = (x - self.mean, self.options.alpha, self.options.delta);
        self.up[0] = alpha * self.up[0] + gap - delta;
        self.up[1] = self.up[1].min(self.up[0]);
        self.down[0] = alpha * self.down[0] + gap + delta;
        self.down[1] = self.down[1].max(self.down[0]);
        if self.used < self.options.min_samples {
            return None;
        }
        let (mut rise, mut fall) = (self.up[0] - self.up[1], self.down[1] - self.down[0]);
        match self.sides {
            Sides::Up => fall = 0.0,
            Sides::Down => rise = 0.0,
            Sides::Both => {}
        }
        self.must_reset = rise.max(fall) > self.options.threshold;
        let sum = if rise >= fall { rise } else { -fall };
        self.must_reset.then_some(PageHinkleyAlarm { index, sum })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_increase_is_found_and_a_decrease_is_not() {
        let options = PageHinkleyOptions {
            threshold: 5.0,
            ..PageHinkleyOptions::default()
        };
        let up: Vec<f64> = (0..200).map(|i| if i < 100 { 0.0 } else { 1.0 }).collect();
        let alarm = page_hinkley(options, &up).unwrap().unwrap();
        assert!((104..108).contains(&alarm.index), "{alarm:?}");
        let down: Vec<f64> = up.iter().map(|x| -x).collect();
        assert_eq!(page_hinkley(options, &down).unwrap(), None);
    }

    #[test]
    fn both_directions_are_found() {
        let options = PageHinkleyOptions {
            threshold: 5.0,
            ..PageHinkleyOptions::default()
        };
        for jump in [1.0, -1.0] {
            let mut detector = TwoSidedPageHinkley::new(options).unwrap();
            let alarms: Vec<PageHinkleyAlarm> = (0..200)
                .filter_map(|i| detector.push(if i < 100 { 0.0 } else { jump }))
                .collect();
            let alone = |sides: Sides| {
                let mut one = TwoSidedPageHinkley::new(options).unwrap().only(sides);
                (0..200)
                    .filter_map(|i| one.push(if i < 100 { 0.0 } else { jump }))
                    .collect::<Vec<_>>()
            };
            let (seen, unseen) = if jump > 0.0 {
                (Sides::Up, Sides::Down)
            } else {
                (Sides::Down, Sides::Up)
            };
            assert_eq!((alone(seen), alone(unseen)), (alarms.clone(), Vec::new()));
            // What was before the alarm is forgotten: the new level is no second alarm.
            assert_eq!(alarms.len(), 1, "{alarms:?}");
            assert!((104..108).contains(&alarms[0].index) && alarms[0].sum * jump > 0.0);
        }
    }

    #[test]
    fn each_mode_alarms_where_river_does() {
        // river 0.26.1 drift.PageHinkley(min_instances=20, delta=0.05, threshold=6, alpha=0.999, mode=...).
        let values: Vec<f64> = (0..900_u32)
            .map(|i| {
                let noise = f64::from(i * 7919 % 101) / 101.0;
                noise
                    + if i >= 600 {
                        -1.0
                    } else if i >= 300 {
                        1.5
                    } else {
                        0.0
                    }
            })
            .collect();
        let options = PageHinkleyOptions {
            min_samples: 20,
            delta: 0.05,
            threshold: 6.0,
            alpha: 0.999,
        };
        for (sides, wanted) in [
            (Sides::Up, vec![304]),
            (Sides::Down, vec![603]),
            (Sides::Both, vec![304, 602]),
        ] {
            let mut detector = TwoSidedPageHinkley::new(options).unwrap().only(sides);
            let found = values.iter().filter_map(|x| detector.push(*x));
            assert_eq!(found.map(|a| a.index).collect::<Vec<_>>(), wanted);
        }
    }

    #[test]
    fn early_values_do_not_alarm() {
        let options = PageHinkleyOptions {
            threshold: 1.0,
            ..PageHinkleyOptions::default()
        };
        let values: Vec<f64> = (0..29).map(f64::from).collect();
        assert_eq!(page_hinkley(options, &values).unwrap(), None);
        let bad = PageHinkleyOptions {
            alpha: 1.5,
            ..options
        };
        assert!(PageHinkley::new(bad).is_err());
    }

    proptest! {
        #[test]
        fn a_constant_offset_and_a_reset_change_nothing(values in prop::collection::vec(-3.0_f64..3.0, 40..200), shift in -100.0_f64..100.0) {
            let options = PageHinkleyOptions { threshold: 8.0, ..PageHinkleyOptions::default() };
            let mut a = PageHinkley::new(options).unwrap();
            let mut b = PageHinkley::new(options).unwrap();
            // What came before a reset is forgotten.
            b.push(1e6);
            b.reset();
            for x in &values {
                a.push(*x);
                b.push(*x + shift);
                prop_assert!((a.sum() - b.sum()).abs() < 1e-9);
            }
        }

        #[test]
        fn streaming_equals_batch(values in prop::collection::vec(-3.0_f64..4.0, 0..200)) {
            let options = PageHinkleyOptions { threshold: 8.0, ..PageHinkleyOptions::default() };
            let mut streaming = PageHinkley::new(options).unwrap();
            let first = values.iter().find_map(|x| streaming.push(*x));
            prop_assert_eq!(first, page_hinkley(options, &values).unwrap());
        }
    }
}
