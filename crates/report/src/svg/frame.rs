//! Axes of one plot: the box, the grid, the ticks and the captions.

use super::{Coordinate, Scale, nice_ticks, tick_label};
use crate::markup::Markup;

/// Width of every plot in its own units; the page scales it to the column.
pub(crate) const WIDTH: f64 = 360.0;
/// Height of a plot on a page.
pub(crate) const HEIGHT: f64 = 220.0;

const LEFT: f64 = 46.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 20.0;
const BOTTOM: f64 = 34.0;

/// One plot with two linear axes.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// Horizontal axis.
    pub(crate) x: Scale,
    /// Vertical axis.
    pub(crate) y: Scale,
    /// Ticks of the vertical axis with their labels; chosen from the scale when empty.
    pub(crate) y_ticks: Vec<(f64, String)>,
    /// Caption under the horizontal axis.
    pub(crate) x_caption: String,
    /// Caption over the vertical axis.
    pub(crate) y_caption: String,
    /// Height of the whole plot.
    height: f64,
}

impl Frame {
    /// A plot over these ranges.
    pub(crate) fn new(x: (f64, f64), y: (f64, f64)) -> Self {
        Self::of_height(x, y, HEIGHT)
    }

    /// A plot over these ranges of another height.
    pub(crate) fn of_height(x: (f64, f64), y: (f64, f64), height: f64) -> Self {
        Self {
            x: Scale::new(x, (LEFT, WIDTH - RIGHT)),
            y: Scale::new(y, (height - BOTTOM, TOP)),
            y_ticks: Vec::new(),
            x_caption: String::new(),
            y_caption: String::new(),
            height,
        }
    }

    /// Width over height of the inside of a plot of that height.
    pub(crate) const fn aspect(height: f64) -> f64 {
        (WIDTH - LEFT - RIGHT) / (height - TOP - BOTTOM)
    }

    /// Coordinate of the lower edge.
    pub(crate) const fn bottom(&self) -> f64 {
        self.height - BOTTOM
    }

    /// Coordinate of the upper edge.
    pub(crate) const fn top() -> f64 {
        TOP
    }

    /// The plot as an image with a name and a description for those who do not see it; `body` is
    /// drawn over the grid.
    pub(crate) fn draw(&self, id: &str, title: &str, description: &str, body: &Markup) -> Markup {
        let mut out = Markup::new();
        out.literal("<svg class=\"plot\" role=\"img\"");
        out.attribute("viewBox", format_args!("0 0 {WIDTH} {}", self.height));
        out.attribute("aria-labelledby", format_args!("{id}-t {id}-d"));
        out.literal("><title")
            .attribute("id", format_args!("{id}-t"));
        out.literal(">").text(title).literal("</title><desc");
        out.attribute("id", format_args!("{id}-d"));
        out.literal(">").text(description).literal("</desc>");
        self.horizontal(&mut out);
        self.vertical(&mut out);
        out.append(body);
        out.literal("<path class=\"axis\"").attribute(
            "d",
            format_args!("M{LEFT} {TOP}V{}H{}", self.bottom(), WIDTH - RIGHT),
        );
        out.literal("/></svg>");
        out
    }

    fn horizontal(&self, out: &mut Markup) {
        let (low, high) = self.x.range();
        let ticks = nice_ticks(low, high, 5);
        for tick in &ticks {
            let x = Coordinate(self.x.at(*tick));
            out.literal("<path class=\"grid\"")
                .attribute("d", format_args!("M{x} {TOP}V{}", self.bottom()))
                .literal("/><text text-anchor=\"middle\"")
                .attribute("x", x)
                .attribute("y", self.bottom() + 13.0)
                .literal(">")
                .text(tick_label(*tick, &ticks))
                .literal("</text>");
        }
        out.literal("<text class=\"caption\" text-anchor=\"end\"")
            .attribute("x", WIDTH - RIGHT)
            .attribute("y", self.height - 6.0)
            .literal(">")
            .text(&self.x_caption)
            .literal("</text>");
    }

    fn vertical(&self, out: &mut Markup) {
        let chosen = if self.y_ticks.is_empty() {
            let (low, high) = self.y.range();
            let ticks = nice_ticks(low, high, 4);
            ticks.iter().map(|t| (*t, tick_label(*t, &ticks))).collect()
        } else {
            self.y_ticks.clone()
        };
        for (tick, label) in &chosen {
            let y = self.y.at(*tick);
            out.literal("<path class=\"grid\"")
                .attribute(
                    "d",
                    format_args!("M{LEFT} {}H{}", Coordinate(y), WIDTH - RIGHT),
                )
                .literal("/><text text-anchor=\"end\"")
                .attribute("x", LEFT - 5.0)
                .attribute("y", Coordinate(y + 3.5))
                .literal(">")
                .text(label)
                .literal("</text>");
        }
        out.literal("<text class=\"caption\" x=\"2\" y=\"11\">")
            .text(&self.y_caption)
            .literal("</text>");
    }
}
