//! Plots in a file of their own: one SVG with a title, a legend and plots below each other.
//!
//! Not here: what is drawn, and the plots of pages.

use crate::markup::Markup;
use crate::svg::{Coordinate, WIDTH, curves};
use crate::text;
use fieldassay_model::plot::Curves;

/// Colors for a file that is shown without a page: light, and dark where the viewer asks for it.
const STYLE: &str = "<style>\
svg{--bg:#ffffff;--text:#191c20;--muted:#555d68;--grid:#d8dce2;--l0:#191c20;--l1:#1c5a9c;--l2:#c25b12;--l3:#0f7c78;--l4:#8a3ca0;--l5:#ad2018}\
@media(prefers-color-scheme:dark){svg{--bg:#14171b;--text:#e4e7eb;--muted:#a4acb8;--grid:#3a414b;--l0:#e4e7eb;--l1:#86b7f2;--l2:#f0924a;--l3:#4fc7c1;--l4:#cf8ae2;--l5:#ff938a}}\
text{fill:var(--muted);font:9px system-ui,sans-serif;font-variant-numeric:tabular-nums}\
.title{fill:var(--text);font-size:11px;font-weight:600}.name{fill:var(--text)}\
.back{fill:var(--bg)}.grid{stroke:var(--grid);stroke-width:.6;fill:none}.axis{stroke:var(--muted);stroke-width:.8;fill:none}\
.line{fill:none;stroke-width:1.1;stroke-linejoin:round}\
.s0{stroke:var(--l0);stroke-dasharray:3 2}.s1{stroke:var(--l1)}.s2{stroke:var(--l2)}.s3{stroke:var(--l3)}.s4{stroke:var(--l4)}.s5{stroke:var(--l5)}\
</style>";

/// Points drawn of a line.
const MAX_POINTS: usize = 3000;
/// Longest name in the legend.
const NAME_CHARS: usize = 76;
/// Height of the title, and of a row of the legend.
const ROW: f64 = 14.0;

/// A picture of plots below each other, each with its height over the width of 360; the first line of each has the same
/// name in all of them, and so on, so that one legend serves. Plots without two finite points are left out, lines
/// beyond the sixth too. Names are escaped and cut; the same input gives the same bytes.
pub fn picture(title: &str, names: &[String], plots: &[(&Curves, f64)]) -> String {
    let shown = names.len().min(curves::LINES);
    let top = ROW * (shown as f64 + 2.0);
    let mut body = Markup::new();
    let mut y = top;
    for (index, (plot, height)) in plots.iter().enumerate() {
        let id = format!("p{index}");
        let name = (id.as_str(), plot.about.title.as_str());
        if let Some(svg) = curves::draw_of_height(*height, name, plot, MAX_POINTS) {
            body.literal("<svg x=\"0\"")
                .attribute("y", Coordinate(y))
                .attribute("width", WIDTH)
                .attribute("height", Coordinate(*height))
                .literal(">")
                .append(&svg)
                .literal("</svg>");
            y += height + 6.0;
        }
    }
    let mut out = Markup::new();
    out.literal("<svg xmlns=\"http://www.w3.org/2000/svg\"")
        .attribute("viewBox", format_args!("0 0 {WIDTH} {}", Coordinate(y)))
        .attribute("width", 2.0 * WIDTH)
        .attribute("height", Coordinate(2.0 * y))
        .literal(">")
        .literal(STYLE)
        .literal("<rect class=\"back\" width=\"100%\" height=\"100%\"/><text class=\"title\" x=\"8\" y=\"15\">")
        .text(text::clean(title, NAME_CHARS))
        .literal("</text>");
    for (row, (name, class)) in names.iter().zip(curves::CLASSES).enumerate() {
        let at = ROW * (row as f64 + 2.0);
        out.literal("<path")
            .attribute("class", class)
            .attribute("d", format_args!("M8 {}H26", Coordinate(at - 3.0)))
            .literal("/><text class=\"name\" x=\"31\"")
            .attribute("y", Coordinate(at))
            .literal(">")
            .text(text::clean(name, NAME_CHARS))
            .literal("</text>");
    }
    out.append(&body).literal("</svg>\n");
    out.to_string()
}

#[cfg(test)]
mod tests {
    use super::picture;
    use fieldassay_model::plot::{Curves, Line};

    #[test]
    fn a_picture_has_a_legend_and_every_plot() {
        let line = |y: f64| Line {
            name: "n".to_owned(),
            points: vec![(0.0, 0.0), (1.0, y)],
        };
        let both = Curves {
            lines: vec![line(1.0), line(2.0)],
            equal_axes: true,
            ..Curves::default()
        };
        let none = Curves::default();
        let names = ["a <b>".to_owned(), "c".to_owned()];
        let svg = picture("t & u", &names, &[(&both, 300.0), (&none, 200.0)]);
        assert!(
            svg.contains("a &lt;b&gt;") && svg.contains("t &amp; u"),
            "{svg}"
        );
        assert_eq!(svg.matches("class=\"plot\"").count(), 1);
        assert!(svg.contains("viewBox=\"0 0 360 362\""), "{svg}");
        assert_eq!(svg.matches("class=\"line s1\"").count(), 2);
    }
}
