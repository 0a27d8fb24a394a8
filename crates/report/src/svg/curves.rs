//! Lines over a common axis, with marks and shaded stretches.

use super::{Coordinate, Frame, HEIGHT};
use crate::markup::Markup;
use crate::text;
use fieldassay_model::plot::{Curves, Line};
use std::fmt::Write as _;

/// Lines that differ in looks; further ones are left out.
pub(crate) const LINES: usize = 6;
/// Classes of the lines, in order.
pub(crate) const CLASSES: [&str; LINES] = [
    "line s0", "line s1", "line s2", "line s3", "line s4", "line s5",
];
/// Marks up to which their labels are drawn.
const MARKS_LABELED: usize = 3;
/// Longest label drawn beside a mark.
const LABEL_CHARS: usize = 28;

/// Draws the lines; none when no line has two finite points.
pub(crate) fn draw(id: &str, title: &str, data: &Curves, max_points: usize) -> Option<Markup> {
    draw_of_height(HEIGHT, (id, title), data, max_points)
}

/// As [`draw`], in a plot of another height.
pub(crate) fn draw_of_height(
    height: f64,
    (id, title): (&str, &str),
    data: &Curves,
    max_points: usize,
) -> Option<Markup> {
    let drawable = |line: &&Line| finite(line).nth(1).is_some();
    data.lines.iter().find(drawable)?;
    let points = || data.lines.iter().take(LINES).flat_map(finite);
    let x = range(points().map(|p| p.0))?;
    let y = range(points().map(|p| p.1))?;
    let (x, y) = if data.equal_axes {
        equal(x, y, Frame::aspect(height))
    } else {
        (x, padded(y))
    };
    let mut frame = Frame::of_height(x, y, height);
    frame.x_caption = text::name(&data.x_label);
    frame.y_caption = text::name(&data.y_label);
    let mut body = Markup::new();
    for band in data.bands.iter().take(100) {
        let (from, to) = (frame.x.clamped(band.start), frame.x.clamped(band.end));
        // A short stretch stays visible.
        let width = (to - from).max(1.0);
        body.literal("<rect class=\"band\"")
            .attribute("x", Coordinate(from))
            .attribute("y", Coordinate(Frame::top()))
            .attribute("width", Coordinate(width))
            .attribute("height", Coordinate(frame.bottom() - Frame::top()))
            .literal("><title>")
            .text(text::name(&band.label))
            .literal("</title></rect>");
    }
    for (line, class) in data.lines.iter().zip(CLASSES) {
        draw_line(&mut body, &frame, line, class, max_points);
    }
    for mark in data.marks.iter().take(20).filter(|m| frame.x.contains(m.x)) {
        let at = Coordinate(frame.x.at(mark.x));
        body.literal("<path class=\"mark\"")
            .attribute(
                "d",
                format_args!("M{at} {}V{}", Frame::top(), frame.bottom()),
            )
            .literal("><title>")
            .text(text::name(&mark.label))
            .literal("</title></path>");
    }
    // Labels of many marks would cover each other; the marks still tell them to whoever points there.
    if data.marks.len() <= MARKS_LABELED {
        draw_labels(&mut body, &frame, data);
    }
    Some(frame.draw(id, title, &description(data), &body))
}

/// Names the marks beside their upper ends, on the side with more room.
fn draw_labels(body: &mut Markup, frame: &Frame, data: &Curves) {
    let (low, high) = frame.x.range();
    for (row, mark) in data.marks.iter().enumerate() {
        if !frame.x.contains(mark.x) || mark.label.is_empty() {
            continue;
        }
        let is_left = mark.x < low / 2.0 + high / 2.0;
        let (aside, anchor) = if is_left {
            (4.0, "start")
        } else {
            (-4.0, "end")
        };
        body.literal("<text class=\"mark-label\"")
            .attribute("text-anchor", anchor)
            .attribute("x", Coordinate(frame.x.at(mark.x) + aside))
            .attribute("y", Coordinate(frame.bottom() - 5.0 - 12.0 * row as f64))
            .literal(">")
            .text(text::clean(&mark.label, LABEL_CHARS))
            .literal("</text>");
    }
}

/// What is drawn, for those who do not see it.
fn description(data: &Curves) -> String {
    let names: Vec<&str> = data.lines.iter().map(|line| line.name.as_str()).collect();
    let mut out = format!("Lines: {}.", names.join(", "));
    for mark in data.marks.iter().take(5) {
        let _ = write!(out, " Mark: {}.", mark.label);
    }
    if let Some(band) = data.bands.first() {
        let _ = write!(out, " Shaded: {}, {} in all.", band.label, data.bands.len());
    }
    text::clean(&out, 400)
}

fn finite(line: &Line) -> impl Iterator<Item = (f64, f64)> {
    let points = line.points.iter().copied();
    points.filter(|(x, y)| x.is_finite() && y.is_finite())
}

fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |known, value| {
        let (low, high) = known.unwrap_or((value, value));
        Some((low.min(value), high.max(value)))
    })
}

/// A little room above and below, so that lines do not lie on the edge; much of it around a constant, whose
/// ticks would differ in digits nobody reads.
fn padded((low, high): (f64, f64)) -> (f64, f64) {
    let size = low.abs().max(high.abs());
    let pad = if high - low > size * 1e-6 {
        (high - low) * 0.05
    } else if size > 0.0 {
        size * 0.1
    } else {
        1.0
    };
    (low - pad, high + pad)
}

/// Ranges around the same centers on which a unit is as long both ways.
fn equal(x: (f64, f64), y: (f64, f64), aspect: f64) -> ((f64, f64), (f64, f64)) {
    let height = (y.1 - y.0).max((x.1 - x.0) / aspect).max(1e-6) * 1.1;
    let around = |(low, high): (f64, f64), length: f64| {
        let center = low / 2.0 + high / 2.0;
        (center - length / 2.0, center + length / 2.0)
    };
    (around(x, height * aspect), around(y, height))
}

/// One line, thinned to `max_points` and broken where points are not finite.
fn draw_line(
    body: &mut Markup,
    frame: &Frame,
    line: &Line,
    class: &'static str,
    max_points: usize,
) {
    let stride = line.points.len().div_ceil(max_points.max(2)).max(1);
    let last = line.points.len().saturating_sub(1);
    let mut path = String::new();
    let mut letter = 'M';
    for (index, (x, y)) in line.points.iter().enumerate() {
        if !x.is_finite() || !y.is_finite() {
            letter = 'M';
        } else if index % stride == 0 || index == last {
            let (x, y) = (frame.x.clamped(*x), frame.y.clamped(*y));
            let _ = write!(path, "{letter}{} {}", Coordinate(x), Coordinate(y));
            letter = 'L';
        }
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
    use super::{draw, equal};
    use fieldassay_model::plot::{Band, Curves, Line, Mark};
    use proptest::prelude::*;

    fn curves(points: Vec<(f64, f64)>) -> Curves {
        Curves {
            lines: vec![Line {
                name: "a <b>".to_owned(),
                points,
            }],
            marks: vec![Mark {
                x: 1.0,
                label: "peak & more".to_owned(),
            }],
            bands: vec![Band {
                start: 0.2,
                end: 0.4,
                label: "outage".to_owned(),
            }],
            ..Curves::default()
        }
    }

    #[test]
    fn lines_marks_and_bands_are_drawn_and_escaped() {
        let svg = draw("c", "t", &curves(vec![(0.0, 1.0), (2.0, 3.0)]), 100).unwrap();
        let svg = svg.to_string();
        for piece in [
            "line s0",
            "class=\"mark\"",
            "class=\"band\"",
            "peak &amp; more",
            "a &lt;b&gt;",
        ] {
            assert!(svg.contains(piece), "{piece}: {svg}");
        }
    }

    #[test]
    fn a_gap_breaks_the_line() {
        let points = vec![
            (0.0, 1.0),
            (1.0, 1.0),
            (f64::NAN, 0.0),
            (2.0, 2.0),
            (3.0, 1.0),
        ];
        let svg = draw("c", "t", &curves(points), 100).unwrap().to_string();
        let path = svg.split("line s0\" d=\"").nth(1).unwrap();
        let path = path.split('"').next().unwrap();
        assert_eq!(path.matches('M').count(), 2, "{path}");
    }

    #[test]
    fn a_single_point_is_no_line() {
        assert!(draw("c", "t", &curves(vec![(0.0, 1.0)]), 100).is_none());
        assert!(draw("c", "t", &Curves::default(), 100).is_none());
    }

    #[test]
    fn a_constant_stands_on_an_axis_of_round_numbers() {
        let (low, high) = super::padded((0.838_477_6, 0.838_477_6));
        assert!(low < 0.8 && high > 0.9, "{low} {high}");
        assert_eq!(super::padded((0.0, 0.0)), (-1.0, 1.0));
    }

    #[test]
    fn few_marks_are_named() {
        let named = |count: usize| {
            let mark = Mark {
                x: 1.0,
                label: "peak".to_owned(),
            };
            let data = Curves {
                marks: vec![mark; count],
                ..curves(vec![(0.0, 1.0), (2.0, 3.0)])
            };
            let svg = draw("c", "t", &data, 100).unwrap().to_string();
            svg.contains("mark-label")
        };
        assert!(named(2) && !named(20));
    }

    #[test]
    fn equal_axes_have_equal_units() {
        let (x, y) = equal((0.0, 10.0), (0.0, 1.0), 1.8);
        assert!(((x.1 - x.0) / (y.1 - y.0) - 1.8).abs() < 1e-9);
        assert!(x.0 <= 0.0 && x.1 >= 10.0 && y.0 <= 0.0 && y.1 >= 1.0);
    }

    proptest! {
        #[test]
        fn any_points_give_finite_coordinates(
            points in proptest::collection::vec((any::<f64>(), any::<f64>()), 0..40),
            equal in any::<bool>(),
        ) {
            let data = Curves { equal_axes: equal, ..curves(points) };
            if let Some(svg) = draw("c", "t", &data, 10) {
                let svg = svg.to_string();
                let paths = svg.split(" d=\"").skip(1).map(|rest| &rest[..rest.find('"').unwrap()]);
                for path in paths {
                    prop_assert!(!path.contains("NaN") && !path.contains("inf"), "{}", path);
                }
            }
        }
    }
}
