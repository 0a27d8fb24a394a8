//! From values to coordinates, and ticks a person would choose.

/// A linear map of values to coordinates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// Maps `low` to `from` and `high` to `to`; a range without width is widened.
    pub(crate) fn new((low, high): (f64, f64), (from, to): (f64, f64)) -> Self {
        let (low, high) = if low.is_finite() && high.is_finite() && high > low {
            (low, high)
        } else if low.is_finite() {
            let pad = (low.abs() * 1e-6).max(1e-9);
            (low - pad, low + pad)
        } else {
            (0.0, 1.0)
        };
        Self {
            low,
            high,
            from,
            to,
        }
    }

    /// The coordinate of a value.
    pub(crate) fn at(&self, value: f64) -> f64 {
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    /// The coordinate of a value, kept inside the range.
    pub(crate) fn clamped(&self, value: f64) -> f64 {
        self.at(value.clamp(self.low, self.high))
    }

    /// Whether a value lies in the range.
    pub(crate) fn contains(&self, value: f64) -> bool {
        value >= self.low && value <= self.high
    }

    /// Ends of the range of values.
    pub(crate) const fn range(&self) -> (f64, f64) {
        (self.low, self.high)
    }
}

/// Round values (1, 2, 5 times a power of ten) inside `[low, high]`, about `target` of them.
pub(crate) fn nice_ticks(low: f64, high: f64, target: usize) -> Vec<f64> {
    let span = high - low;
    if !span.is_finite() || span <= 0.0 || target == 0 {
        return Vec::new();
    }
    let rough = span / target as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough * 0.999_999)
        .unwrap_or(rough);
    let first = (low / step - 1e-9).ceil();
    let mut ticks = Vec::new();
    for index in 0..target * 3 {
        let value = (first + index as f64) * step;
        if value > high + step * 1e-9 {
            break;
        }
        // Negative zero would be printed with a sign.
        ticks.push(if value.abs() < step * 1e-9 {
            0.0
        } else {
            value
        });
    }
    ticks
}

/// A tick as text, with as many decimals as the distance between ticks needs.
pub(crate) fn tick_label(value: f64, ticks: &[f64]) -> String {
    let step = match ticks {
        [a, b, ..] => (b - a).abs(),
        _ => value.abs().max(1e-12),
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=9"
    )]
    let decimals = (-(step * 1.000_001).log10().floor()).clamp(0.0, 9.0) as usize;
    format!("{value:.decimals$}").replace('-', "−")
}

/// The unit a stretch of seconds is best shown in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TimeUnit {
    /// Units per second.
    pub(crate) per_second: f64,
    /// Its sign.
    pub(crate) sign: &'static str,
}

impl TimeUnit {
    /// The unit for values of this size in seconds.
    pub(crate) fn of(secs: f64) -> Self {
        let (per_second, sign) = match secs.abs() {
            x if x < 2e-6 => (1e9, "ns"),
            x if x < 2e-3 => (1e6, "µs"),
            x if x < 2.0 => (1e3, "ms"),
            _ => (1.0, "s"),
        };
        Self { per_second, sign }
    }
}

#[cfg(test)]
mod tests {
    use super::{Scale, nice_ticks, tick_label};
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    fn check(low: f64, high: f64, target: usize, expected: &Expect) {
        let ticks = nice_ticks(low, high, target);
        let labels: Vec<String> = ticks.iter().map(|t| tick_label(*t, &ticks)).collect();
        expected.assert_eq(&labels.join(" "));
    }

    #[test]
    fn ticks_are_round() {
        check(0.0, 60.0, 6, &expect!["0 10 20 30 40 50 60"]);
        check(0.0031, 0.0049, 4, &expect!["0.0035 0.0040 0.0045"]);
        check(-1.2, 1.2, 4, &expect!["−1 0 1"]);
        check(1.0, 1.0, 4, &expect![""]);
        check(f64::NAN, 1.0, 4, &expect![""]);
        check(0.0, 5025.0, 6, &expect!["0 1000 2000 3000 4000 5000"]);
    }

    #[test]
    fn a_range_without_width_is_widened() {
        let scale = Scale::new((5.0, 5.0), (0.0, 10.0));
        assert!((scale.at(5.0) - 5.0).abs() < 1e-6);
        assert!(Scale::new((f64::NAN, 1.0), (0.0, 10.0)).at(0.5).is_finite());
    }

    proptest! {
        #[test]
        fn ticks_rise_inside_the_range(low in -1e9..1e9f64, span in 1e-6..1e9f64, target in 1..12usize) {
            let high = low + span;
            prop_assume!(high > low);
            let ticks = nice_ticks(low, high, target);
            prop_assert!(ticks.len() <= target * 3);
            prop_assert!(ticks.windows(2).all(|w| w[0] < w[1]));
            let slack = span * 1e-6 + low.abs() * 1e-9;
            prop_assert!(ticks.iter().all(|t| *t >= low - slack && *t <= high + slack));
        }
    }
}
