//! Periods of a channel as a histogram with a logarithmic count axis.

use super::{Coordinate, Frame, TimeUnit};
use crate::markup::Markup;
use fieldassay_model::plot::Histogram;
use std::fmt::Write as _;

/// The histogram, its median marked; none when it holds nothing.
///
/// Counts are drawn as `log10(1 + count)`, so that a single odd period beside thousands of
/// regular ones stays visible.
pub(crate) fn draw(
    id: &str,
    title: &str,
    data: &Histogram,
    median_secs: Option<f64>,
) -> Option<Markup> {
    let peak = data.counts.iter().copied().max().filter(|peak| *peak > 0)?;
    if !(data.low.is_finite() && data.high.is_finite() && data.high > data.low) {
        return None;
    }
    let unit = TimeUnit::of(data.high);
    let height = |count: u64| (1.0 + count as f64).log10();
    let top = height(peak) * 1.05;
    let range = (data.low * unit.per_second, data.high * unit.per_second);
    let mut frame = Frame::new(range, (0.0, top));
    frame.y_ticks = decades(peak)
        .map(|count| (height(count), crate::text::integer(count)))
        .collect();
    frame.x_caption = format!("period [{}]", unit.sign);
    "messages (log scale)".clone_into(&mut frame.y_caption);

    let mut path = String::new();
    let width = (range.1 - range.0) / data.counts.len() as f64;
    for (index, count) in data
        .counts
        .iter()
        .enumerate()
        .filter(|(_, count)| **count > 0)
    {
        let left = frame.x.at(range.0 + width * index as f64);
        let right = frame.x.at(range.0 + width * (index + 1) as f64);
        let y = Coordinate(frame.y.at(height(*count)));
        let (x, w) = (
            Coordinate(left + 0.3),
            Coordinate((right - left - 0.6).max(0.4)),
        );
        let _ = write!(path, "M{x} {}V{y}h{w}V{}z", frame.bottom(), frame.bottom());
    }
    let mut body = Markup::new();
    body.literal("<path class=\"bar\"")
        .attribute("d", path)
        .literal("/>");
    if let Some(median) = median_secs.map(|m| m * unit.per_second)
        && frame.x.contains(median)
    {
        let x = Coordinate(frame.x.at(median));
        body.literal("<path class=\"median\"")
            .attribute(
                "d",
                format_args!("M{x} {}V{}", Frame::top(), frame.bottom()),
            )
            .literal("/>");
    }
    let total: u64 = data.counts.iter().sum();
    let description = format!(
        "Histogram of {} periods from {} to {} {}, highest bin {} messages.",
        crate::text::integer(total),
        fieldassay_model::display::number(range.0),
        fieldassay_model::display::number(range.1),
        unit.sign,
        crate::text::integer(peak),
    );
    Some(frame.draw(id, title, &description, &body))
}

/// 0, 1, 10, 100, … up to the peak, thinned so that labels do not touch.
fn decades(peak: u64) -> impl Iterator<Item = u64> {
    let all: Vec<u64> = std::iter::successors(Some(1u64), |count| count.checked_mul(10))
        .take_while(|count| *count <= peak)
        .collect();
    let every = all.len().div_ceil(6).max(1);
    std::iter::once(0).chain(all.into_iter().step_by(every))
}

#[cfg(test)]
mod tests {
    use super::{decades, draw};
    use fieldassay_model::plot::Histogram;

    #[test]
    fn nothing_gives_no_picture() {
        assert!(draw("h", "t", &Histogram::default(), None).is_none());
        let flat = Histogram {
            low: 1.0,
            high: 1.0,
            counts: vec![5],
        };
        assert!(draw("h", "t", &flat, None).is_none());
    }

    #[test]
    fn a_single_odd_period_has_a_bar() {
        let data = Histogram {
            low: 0.0,
            high: 0.1,
            counts: vec![0, 10_000, 0, 1],
        };
        let svg = draw("h", "/imu", &data, Some(0.03)).unwrap().to_string();
        assert_eq!(svg.matches("V186z").count(), 2, "{svg}");
        assert!(svg.contains("class=\"median\""));
        assert!(svg.contains("period [ms]"));
    }

    #[test]
    fn decades_are_few() {
        assert_eq!(decades(1200).collect::<Vec<_>>(), [0, 1, 10, 100, 1000]);
        assert!(decades(u64::MAX).count() <= 7);
    }
}
