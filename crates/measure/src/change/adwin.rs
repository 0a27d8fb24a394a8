//! Adaptive windowing: has the mean of a stream changed, at any scale?

use super::{ChangeError, not_negative, positive};
use serde::{Deserialize, Serialize};

/// Buckets per row that the memory is laid out for.
const MOST_BUCKETS: usize = 32;

/// Parameters; the defaults are those of river 0.26.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdwinOptions {
    /// Bound of the probability of a false alarm per look, 0 to 1.
    pub delta: f64,
    /// Looks for a change every so many values.
    pub clock: usize,
    /// Buckets of one size that are kept; the next two are merged into one of twice the size. At most 32.
    pub max_buckets: usize,
    /// Values that either side of a cut needs.
    pub min_window_length: usize,
    /// Values before the first look.
    pub grace_period: usize,
    /// Forgets everything at the value after an alarm, as river does; otherwise the newer window is kept, as in the paper.
    pub reset_after_alarm: bool,
}

impl Default for AdwinOptions {
    fn default() -> Self {
        Self {
            delta: 0.002,
            clock: 32,
            max_buckets: 5,
            min_window_length: 5,
            grace_period: 10,
            reset_after_alarm: true,
        }
    }
}

/// A change that was found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AdwinAlarm {
    /// Index of the value at which it was found, from 0.
    pub index: usize,
    /// Values in the window after the cut.
    pub width: usize,
    /// Their mean.
    pub mean: f64,
}

/// Sum and squared deviations of a run of values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Bucket {
    total: f64,
    squares: f64,
}

/// Buckets of `2^level` values, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
struct Level {
    buckets: Vec<Bucket>,
}

/// ADWIN (Bifet and Gavaldà 2007, variant 2) with an exponential histogram: memory and time per look grow with the
/// logarithm of the window. Cut where `|mean0 - mean1| > sqrt(2 r s L) + 2/3 r L` with `L = ln(2 ln W / delta)`,
/// `r = 1/(n0 - min + 1) + 1/(n1 - min + 1)` and `s` the variance of the window; then the oldest bucket is dropped and
/// the look repeated. Same alarms as river 0.26.1, index and width.
///
/// Values must be independent: frames of one scene are not, feed one value per clip.
#[derive(Clone, Debug, PartialEq)]
pub struct Adwin {
    options: AdwinOptions,
    levels: Vec<Level>,
    total: f64,
    squares: f64,
    width: usize,
    seen: usize,
    ticks: usize,
    must_reset: bool,
}

impl Adwin {
    /// A detector that has seen nothing. Errors: [`ChangeError::BadOption`].
    pub fn new(options: AdwinOptions) -> Result<Self, ChangeError> {
        positive("delta", options.delta)?;
        not_negative("1 - delta", 1.0 - options.delta)?;
        positive("clock", options.clock as f64)?;
        positive("min_window_length", options.min_window_length as f64)?;
        positive("max_buckets", options.max_buckets as f64)?;
        not_negative(
            "32 - max_buckets",
            MOST_BUCKETS as f64 - options.max_buckets as f64,
        )?;
        Ok(Self {
            options,
            levels: Vec::new(),
            total: 0.0,
            squares: 0.0,
            width: 0,
            seen: 0,
            ticks: 0,
            must_reset: false,
        })
    }

    /// Values in the window.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Their mean; none for an empty window.
    pub fn mean(&self) -> Option<f64> {
        (self.width > 0).then(|| self.total / self.width as f64)
    }

    /// Takes the next value. A value that is not finite counts but changes nothing. Cost: constant, on average; a look
    /// costs the buckets.
    pub fn push(&mut self, x: f64) -> Option<AdwinAlarm> {
        let index = self.seen;
        self.seen += 1;
        if !x.is_finite() {
            return None;
        }
        if self.must_reset {
            self.reset();
        }
        self.insert(x);
        self.ticks += 1;
        let is_time =
            self.ticks.is_multiple_of(self.options.clock) && self.width > self.options.grace_period;
        if !is_time {
            return None;
        }
        let mut is_change = false;
        while self.must_cut() {
            is_change = true;
            self.drop_oldest();
        }
        self.must_reset = is_change && self.options.reset_after_alarm;
        is_change.then(|| AdwinAlarm {
            index,
            width: self.width,
            mean: self.total / self.width.max(1) as f64,
        })
    }

    /// Forgets the window; the index goes on.
    pub fn reset(&mut self) {
        for level in &mut self.levels {
            level.buckets.clear();
        }
        self.levels.truncate(1);
        (self.total, self.squares) = (0.0, 0.0);
        (self.width, self.ticks, self.must_reset) = (0, 0, false);
    }

    fn insert(&mut self, x: f64) {
        if self.width > 0 {
            let n = self.width as f64;
            let mean = self.total / n;
            self.squares += n * (x - mean) * (x - mean) / (n + 1.0);
        }
        self.width += 1;
        self.total += x;
        self.add(
            0,
            Bucket {
                total: x,
                squares: 0.0,
            },
        );
        let mut level = 0;
        while self.levels[level].buckets.len() > self.options.max_buckets {
            let size = size_of(level);
            let buckets = &mut self.levels[level].buckets;
            let (a, b) = (buckets[0], buckets[1]);
            buckets.drain(..2);
            let gap = a.total / size - b.total / size;
            let merged = Bucket {
                total: a.total + b.total,
                squares: a.squares + b.squares + size * size * gap * gap / (size + size),
            };
            self.add(level + 1, merged);
            level += 1;
        }
    }

    fn add(&mut self, level: usize, bucket: Bucket) {
        if level == self.levels.len() {
            self.levels.push(Level {
                buckets: Vec::with_capacity(self.options.max_buckets + 1),
            });
        }
        self.levels[level].buckets.push(bucket);
    }

    /// Whether some cut between buckets has means too far apart, oldest first.
    fn must_cut(&self) -> bool {
        let least = self.options.min_window_length as f64;
        let width = self.width as f64;
        let length = (2.0 * width.ln() / self.options.delta).ln();
        let spread = self.squares / width;
        let (mut n0, mut sum0) = (0.0, 0.0);
        for (level, buckets) in self.levels.iter().enumerate().rev() {
            let size = size_of(level);
            for bucket in &buckets.buckets {
                n0 += size;
                sum0 += bucket.total;
                let n1 = width - n0;
                if n0 < least || n1 < least {
                    continue;
                }
                let gap = sum0 / n0 - (self.total - sum0) / n1;
                let r = 1.0 / (n0 - least + 1.0) + 1.0 / (n1 - least + 1.0);
                let bound = (2.0 * r * spread * length).sqrt() + 2.0 / 3.0 * length * r;
                if gap.abs() > bound {
                    return true;
                }
            }
        }
        false
    }

    fn drop_oldest(&mut self) {
        while self.levels.last().is_some_and(|l| l.buckets.is_empty()) {
            self.levels.pop();
        }
        let Some(level) = self.levels.len().checked_sub(1) else {
            return;
        };
        let bucket = self.levels[level].buckets.remove(0);
        let n = size_of(level);
        let mean = bucket.total / n;
        self.width = self.width.saturating_sub(1 << level);
        self.total -= bucket.total;
        let width = self.width as f64;
        let gap = mean - self.total / width;
        self.squares -= bucket.squares + n * width * gap * gap / (n + width);
        if self.levels[level].buckets.is_empty() && level > 0 {
            self.levels.pop();
        }
    }
}

/// Values in one bucket of a level.
fn size_of(level: usize) -> f64 {
    (1_u64 << level.min(62)) as f64
}

/// All alarms over a slice. Errors: [`ChangeError::BadOption`]. Cost: one pass.
pub fn adwin(options: AdwinOptions, values: &[f64]) -> Result<Vec<AdwinAlarm>, ChangeError> {
    let mut detector = Adwin::new(options)?;
    Ok(values.iter().filter_map(|x| detector.push(*x)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;

    #[test]
    fn changes_are_found_and_quiet_streams_stay_quiet() {
        let mut noise = Noise::new(5);
        let quiet: Vec<f64> = (0..40_000).map(|_| noise.normal()).collect();
        // Each look has a chance of 0.2 % at most, far less in truth.
        assert!(adwin(AdwinOptions::default(), &quiet).unwrap().len() <= 1);
        let step: Vec<f64> = (0..4000)
            .map(|i| noise.normal() * 0.3 + if i < 2000 { 0.0 } else { 1.0 })
            .collect();
        for reset_after_alarm in [true, false] {
            let options = AdwinOptions {
                reset_after_alarm,
                ..AdwinOptions::default()
            };
            let found = adwin(options, &step).unwrap();
            assert!((2000..2100).contains(&found[0].index), "{found:?}");
            let mut detector = Adwin::new(options).unwrap();
            for x in &step {
                detector.push(*x);
            }
            assert!((detector.mean().unwrap() - 1.0).abs() < 0.1);
            assert!(detector.width() <= 2000);
        }
    }

    #[test]
    fn the_histogram_keeps_the_moments() {
        let mut noise = Noise::new(9);
        let values: Vec<f64> = (0..1000).map(|_| noise.normal()).collect();
        let mut detector = Adwin::new(AdwinOptions::default()).unwrap();
        for x in &values {
            detector.push(*x);
        }
        let mean = values.iter().sum::<f64>() / 1000.0;
        let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
        assert!((detector.mean().unwrap() - mean).abs() < 1e-12);
        assert!((detector.squares - squares).abs() < 1e-9);
        let held: usize = detector
            .levels
            .iter()
            .enumerate()
            .map(|(level, l)| l.buckets.len() << level)
            .sum();
        assert_eq!(held, 1000);
    }

    #[test]
    fn bad_options_are_errors() {
        for options in [
            AdwinOptions {
                delta: 0.0,
                ..AdwinOptions::default()
            },
            AdwinOptions {
                clock: 0,
                ..AdwinOptions::default()
            },
            AdwinOptions {
                max_buckets: 33,
                ..AdwinOptions::default()
            },
        ] {
            assert!(Adwin::new(options).is_err());
        }
    }
}
