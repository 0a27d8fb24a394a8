//! Plots as SVG, made by hand: no library, no font, nothing to load.
//!
//! Read [`Frame`] first (axes and coordinates of one plot), then [`clock`], [`curves`],
//! [`histogram`] and [`strip`]. Colors are classes, so that one style sheet serves light, dark and paper.
//!
//! Not here: what is worth drawing, and the numbers beside a plot.

pub(crate) mod clock;
pub(crate) mod curves;
mod frame;
pub(crate) mod histogram;
mod scale;
pub(crate) mod strip;

pub(crate) use frame::{Frame, HEIGHT, WIDTH};
pub(crate) use scale::{Scale, TimeUnit, nice_ticks, tick_label};

use std::fmt::{self, Write as _};

/// A coordinate: at most one decimal, zero for what is not finite.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coordinate(pub(crate) f64);

impl fmt::Display for Coordinate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whole tenths: printing integers is several times faster than floats, and pages have many.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "within the bounds; NaN gives 0"
        )]
        let tenths = (self.0 * 10.0).round().clamp(-1e7, 1e7) as i32;
        let tenths = if self.0.is_finite() { tenths } else { 0 };
        if tenths < 0 {
            f.write_char('-')?;
        }
        let size = tenths.unsigned_abs();
        match size % 10 {
            0 => write!(f, "{}", size / 10),
            tenth => write!(f, "{}.{tenth}", size / 10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Coordinate;

    #[test]
    fn coordinates_are_short_and_finite() {
        let text = |x: f64| Coordinate(x).to_string();
        assert_eq!(text(12.0), "12");
        assert_eq!(text(12.34), "12.3");
        assert_eq!(text(-0.01), "0");
        assert_eq!(text(-0.14), "-0.1");
        assert_eq!(text(-3.0), "-3");
        assert_eq!(text(f64::NAN), "0");
        assert_eq!(text(f64::INFINITY), "0");
    }
}
