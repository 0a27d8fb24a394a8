//! Recorder against sensor clock: latency points, lower hull and both clock models.

use super::{Coordinate, Frame, Scale, TimeUnit, nice_ticks, tick_label};
use crate::markup::Markup;
use fieldassay_model::plot::ClockPlot;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Fewer points show nothing about a clock.
const FEWEST: usize = 5;

/// What is drawn of one clock.
#[derive(Clone, Debug)]
pub(crate) struct Drawing {
    /// The plot.
    pub(crate) svg: Markup,
    /// Points beyond the axes, shown at the edge or not at all.
    pub(crate) beyond: usize,
}

/// The clock plot with at most `max_points` points; none when hardly any point is finite.
///
/// Axes follow the bulk of the points: when the last half percent would take most of the height
/// (one stamp from another epoch is enough), it is drawn at the edge and counted as `beyond`.
pub(crate) fn draw(id: &str, title: &str, data: &ClockPlot, max_points: usize) -> Option<Drawing> {
    let points: Vec<(f64, f64)> = data
        .points
        .iter()
        .copied()
        .filter(|(x, y)| x.is_finite() && y.is_finite())
        .collect();
    let x_range = bulk(points.iter().map(|p| p.0))?;
    if points.len() < FEWEST || x_range.1 <= x_range.0 {
        return None;
    }
    let (low, high) = bulk(points.iter().map(|p| p.1))?;
    let pad = ((high - low) * 0.06).max(1e-9);
    let (low, high) = (low - pad, high + pad);
    let far = low.abs().min(high.abs()) > 20.0 * (high - low);
    let unit = TimeUnit::of(if far {
        high - low
    } else {
        low.abs().max(high.abs())
    });
    let base = if far {
        round_base(low, high, unit)
    } else {
        0.0
    };
    let latency = |secs: f64| (secs - base) * unit.per_second;
    let mut frame = Frame::new(x_range, (latency(low), latency(high)));
    "header time from its start [s]".clone_into(&mut frame.x_caption);
    frame.y_caption = caption(base, (high - low) * unit.per_second, unit);

    let mut body = Markup::new();
    let beyond = draw_points(&mut body, &frame, &points, max_points, latency);
    let hull = data.hull.iter().map(|(x, y)| (*x, latency(*y)));
    polyline(&mut body, "hull", &frame, hull);
    // Models of a clock that could not be fitted are zeros, not lines.
    let models: &[(&'static str, f64, f64)] = if data.hull.is_empty() {
        &[]
    } else {
        &[
            ("fit-linear", data.linear_offset_secs, data.linear_skew_ppm),
            ("fit-hull", data.hull_offset_secs, data.hull_skew_ppm),
        ]
    };
    for &(class, offset, skew_ppm) in models {
        let at = |x: f64| (x, latency(offset + skew_ppm * 1e-6 * x));
        polyline(
            &mut body,
            class,
            &frame,
            inside(at(x_range.0), at(x_range.1), &frame.y),
        );
    }
    let seen = format!(
        "Scatter of {} latencies between {} and {} over {} of header time.",
        crate::text::integer(points.len() as u64),
        fieldassay_model::display::seconds(low),
        fieldassay_model::display::seconds(high),
        fieldassay_model::display::seconds(x_range.1 - x_range.0),
    );
    let description = format!("{seen} {}", fits(data));
    Some(Drawing {
        svg: frame.draw(id, title, &description, &body),
        beyond,
    })
}

/// Both models in words.
fn fits(data: &ClockPlot) -> String {
    if data.hull.is_empty() {
        return "No clock model was fitted.".to_owned();
    }
    format!(
        "Lower hull: skew {} ppm. Least squares: skew {} ppm.",
        fieldassay_model::display::number(data.hull_skew_ppm),
        fieldassay_model::display::number(data.linear_skew_ppm),
    )
}

/// Smallest and largest value, without the outermost half percent on a side where it would take
/// most of the range.
fn bulk(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let (first, last) = (*sorted.first()?, *sorted.last()?);
    let skip = sorted.len() / 200;
    let inner_low = *sorted.get(skip)?;
    let inner_high = *sorted.get(sorted.len() - 1 - skip)?;
    let inner = inner_high - inner_low;
    let keep = |end: f64, inner_end: f64| {
        if (end - inner_end).abs() > 1.5 * inner && inner > 0.0 {
            inner_end
        } else {
            end
        }
    };
    Some((keep(first, inner_low), keep(last, inner_high)))
}

/// A round latency to count the axis from when all latencies are far from zero.
fn round_base(low: f64, high: f64, unit: TimeUnit) -> f64 {
    let ticks = nice_ticks(low * unit.per_second, high * unit.per_second, 4);
    ticks.first().map_or(0.0, |tick| tick / unit.per_second)
}

fn caption(base: f64, span: f64, unit: TimeUnit) -> String {
    if base == 0.0 {
        return format!("latency [{}]", unit.sign);
    }
    let shown = tick_label(base.abs() * unit.per_second, &nice_ticks(0.0, span, 4));
    let sign = if base < 0.0 { '+' } else { '−' };
    format!("latency {sign} {shown} [{}]", unit.sign)
}

/// Draws the points, one per half unit of the picture, and counts those beyond the axes.
fn draw_points(
    body: &mut Markup,
    frame: &Frame,
    points: &[(f64, f64)],
    max_points: usize,
    latency: impl Fn(f64) -> f64,
) -> usize {
    let stride = points.len().div_ceil(max_points.max(1)).max(1);
    let mut inside = BTreeSet::new();
    let mut edge = BTreeSet::new();
    let mut beyond = 0;
    for (index, (x, y)) in points.iter().enumerate() {
        let y = latency(*y);
        let within = frame.x.contains(*x) && frame.y.contains(y);
        beyond += usize::from(!within);
        let cell = (
            half_units(frame.x.clamped(*x)),
            half_units(frame.y.clamped(y)),
        );
        if !within {
            edge.insert(cell);
        } else if index % stride == 0 {
            inside.insert(cell);
        }
    }
    for (class, cells) in [("dots", &inside), ("dots beyond", &edge)] {
        if cells.is_empty() {
            continue;
        }
        let mut path = String::new();
        let mut last = (0, 0);
        for (x, y) in cells {
            let (dx, dy) = (f64::from(x - last.0) / 2.0, f64::from(y - last.1) / 2.0);
            let _ = write!(path, "m{} {}h0", Coordinate(dx), Coordinate(dy));
            last = (*x, *y);
        }
        body.literal("<path")
            .attribute("class", class)
            .attribute("d", path)
            .literal("/>");
    }
    beyond
}

/// A coordinate in half units.
fn half_units(coordinate: f64) -> i32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "coordinates lie inside the picture"
    )]
    let cell = (coordinate * 2.0).round() as i32;
    cell
}

/// The part of a line that lies inside the vertical axis.
fn inside(a: (f64, f64), b: (f64, f64), y: &Scale) -> impl Iterator<Item = (f64, f64)> {
    let (low, high) = y.range();
    let cut = |from: (f64, f64), to: (f64, f64)| {
        let bound = from.1.clamp(low, high);
        if bound == from.1 || from.1 == to.1 {
            return from;
        }
        let share = (bound - from.1) / (to.1 - from.1);
        (from.0 + share * (to.0 - from.0), bound)
    };
    let line = [cut(a, b), cut(b, a)];
    let visible = line
        .iter()
        .all(|(px, py)| (a.0..=b.0).contains(px) && *py >= low && *py <= high);
    line.into_iter().filter(move |_| visible)
}

fn polyline(
    body: &mut Markup,
    class: &'static str,
    frame: &Frame,
    points: impl Iterator<Item = (f64, f64)>,
) {
    let mut path = String::new();
    for (x, y) in points.filter(|(x, y)| x.is_finite() && y.is_finite()) {
        let letter = if path.is_empty() { 'M' } else { 'L' };
        let (x, y) = (frame.x.clamped(x), frame.y.clamped(y));
        let _ = write!(path, "{letter}{} {}", Coordinate(x), Coordinate(y));
    }
    if !path.is_empty() {
        body.literal("<path")
            .attribute("class", class)
            .attribute("d", path)
            .literal("/>");
    }
}

#[cfg(test)]
mod tests {
    use super::{bulk, draw};
    use fieldassay_model::plot::ClockPlot;
    use proptest::prelude::*;

    fn regular(n: usize) -> ClockPlot {
        let points: Vec<(f64, f64)> = (0..n)
            .map(|i| (i as f64 * 0.1, 0.002 + (i % 7) as f64 * 1e-4))
            .collect();
        ClockPlot {
            hull: vec![(0.0, 0.002), ((n - 1) as f64 * 0.1, 0.002)],
            points,
            hull_skew_ppm: 1.0,
            hull_offset_secs: 0.002,
            linear_skew_ppm: 2.0,
            linear_offset_secs: 0.0023,
        }
    }

    #[test]
    fn hull_and_both_models_are_drawn() {
        let drawing = draw("c", "/imu", &regular(600), 500).unwrap();
        let svg = drawing.svg.to_string();
        for class in ["dots", "hull", "fit-hull", "fit-linear"] {
            assert!(svg.contains(&format!("class=\"{class}\"")), "{class}");
        }
        assert_eq!(drawing.beyond, 0);
        assert!(svg.contains("latency [ms]"), "{svg}");
    }

    #[test]
    fn one_wild_stamp_does_not_flatten_the_plot() {
        let mut data = regular(600);
        data.points[300].1 = 1.6e9;
        let drawing = draw("c", "/imu", &data, 500).unwrap();
        assert_eq!(drawing.beyond, 1);
        assert!(drawing.svg.to_string().contains("dots beyond"));
    }

    #[test]
    fn latencies_far_from_zero_are_counted_from_a_round_base() {
        let mut data = regular(600);
        for point in &mut data.points {
            point.1 += 37.0;
        }
        let svg = draw("c", "/imu", &data, 500).unwrap().svg.to_string();
        assert!(svg.contains("latency − 37002000 [µs]"), "{svg}");
    }

    #[test]
    fn nothing_finite_gives_no_picture() {
        assert!(draw("c", "t", &ClockPlot::default(), 500).is_none());
        let data = ClockPlot {
            points: vec![(f64::NAN, 1.0)],
            ..ClockPlot::default()
        };
        assert!(draw("c", "t", &data, 500).is_none());
    }

    proptest! {
        #[test]
        fn any_points_give_finite_coordinates(
            points in proptest::collection::vec((any::<f64>(), any::<f64>()), 0..50),
            skew in any::<f64>(),
        ) {
            let data = ClockPlot { points, hull_skew_ppm: skew, ..ClockPlot::default() };
            if let Some(drawing) = draw("c", "t", &data, 20) {
                let svg = drawing.svg.to_string();
                let paths = svg.split(" d=\"").skip(1).map(|rest| &rest[..rest.find('"').unwrap()]);
                for path in paths {
                    prop_assert!(!path.contains("NaN") && !path.contains("inf"), "{}", path);
                }
            }
        }

        #[test]
        fn bulk_lies_inside(values in proptest::collection::vec(-1e6..1e6f64, 1..500)) {
            let (low, high) = bulk(values.iter().copied()).unwrap();
            prop_assert!(low <= high);
            prop_assert!(values.contains(&low) && values.contains(&high));
        }
    }
}
