//! Offsets of consecutive windows: drift of one clock against another.

use crate::stats::Interval;

/// A line through offsets over time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OffsetLine {
    /// Offset gained per second, seconds per second.
    pub slope: f64,
    /// Standard deviation of the slope.
    pub slope_sigma: f64,
    /// Windows it rests on.
    pub windows: usize,
}

impl OffsetLine {
    /// 95 % interval of the slope.
    pub fn interval(&self) -> Interval {
        Interval::normal(self.slope, self.slope_sigma)
    }
}

/// Weighted least-squares line through `(time, offset, sigma)`, all in seconds: relative drift of the clocks of two
/// sensors from windowed offsets (signals reference, B.4).
///
/// The sigma of the slope is widened by the scatter about the line where that is larger than the sigmas say. None below
/// three windows, without spread in time, or when a sigma is not positive. Cost: two passes.
pub fn offset_line(windows: &[(f64, f64, f64)]) -> Option<OffsetLine> {
    let usable = windows
        .iter()
        .all(|(t, y, s)| t.is_finite() && y.is_finite() && *s > 0.0 && s.is_finite());
    if windows.len() < 3 || !usable {
        return None;
    }
    let weigh = |value: &dyn Fn(&(f64, f64, f64)) -> f64| -> f64 {
        windows.iter().map(|w| value(w) / (w.2 * w.2)).sum()
    };
    let total = weigh(&|_| 1.0);
    let (mean_t, mean_y) = (weigh(&|w| w.0) / total, weigh(&|w| w.1) / total);
    let spread = weigh(&|w| (w.0 - mean_t).powi(2));
    if spread <= 0.0 {
        return None;
    }
    let slope = weigh(&|w| (w.0 - mean_t) * (w.1 - mean_y)) / spread;
    let misfit = weigh(&|w| (w.1 - mean_y - slope * (w.0 - mean_t)).powi(2));
    let widening = (misfit / (windows.len() - 2) as f64).sqrt().max(1.0);
    Some(OffsetLine {
        slope,
        slope_sigma: widening / spread.sqrt(),
        windows: windows.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found() {
        let windows: Vec<_> = (0..5)
            .map(|i| {
                (
                    30.0 * f64::from(i),
                    0.01 + 1e-4 * 30.0 * f64::from(i),
                    0.001,
                )
            })
            .collect();
        let line = offset_line(&windows).unwrap();
        assert!((line.slope - 1e-4).abs() < 1e-12);
        // sigma / sqrt(sum (t - mean)^2) = 0.001 / sqrt(9000).
        assert!((line.slope_sigma - 0.001 / 9000.0_f64.sqrt()).abs() < 1e-12);
        assert!(line.interval().contains(1e-4));
    }

    #[test]
    fn what_is_no_line_is_none() {
        assert_eq!(offset_line(&[(0.0, 0.0, 1.0); 2]), None);
        assert_eq!(offset_line(&[(1.0, 0.0, 1.0); 4]), None);
        assert_eq!(
            offset_line(&[(1.0, 0.0, 0.0), (2.0, 0.0, 1.0), (3.0, 0.0, 1.0)]),
            None
        );
    }
}
