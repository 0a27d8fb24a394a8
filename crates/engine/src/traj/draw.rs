//! The picture of a comparison: paths from above and errors along them.

use super::read::Path;
use super::score::Scored;
use super::{Measured, Outcome, Request, What};
use fieldassay_model::plot::{About, Curves, Line};

/// Height of the map and of the errors over a width of 360.
const HEIGHTS: (f64, f64) = (300.0, 160.0);
/// Lines that can be told apart, the reference among them.
const LINES: usize = 6;

/// What is drawn.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    title: String,
    names: Vec<String>,
    map: Curves,
    errors: Curves,
}

/// The two axes along which a path is longest, in their order: from above, whichever axis is up.
fn axes(path: &[[f64; 3]]) -> (usize, usize) {
    let extent = |axis: usize| {
        let values = || {
            path.iter()
                .filter_map(|p| p.get(axis))
                .filter(|x| x.is_finite())
        };
        let high = values().copied().fold(f64::NEG_INFINITY, f64::max);
        high - values().copied().fold(f64::INFINITY, f64::min)
    };
    let flat = (0..3)
        .min_by(|a, b| extent(*a).total_cmp(&extent(*b)).then(b.cmp(a)))
        .unwrap_or(2);
    match flat {
        0 => (1, 2),
        1 => (0, 2),
        _ => (0, 1),
    }
}

impl Drawn {
    pub(super) fn new(request: &Request, reference: &Path, scored: &mut [Scored]) -> Self {
        if !request.with_lines {
            return Self::default();
        }
        let positions = reference.positions();
        let (x, y) = axes(&positions);
        let line = |name: &str, path: &[[f64; 3]]| Line {
            name: name.to_owned(),
            points: path
                .iter()
                .filter_map(|p| Some((*p.get(x)?, *p.get(y)?)))
                .collect(),
        };
        let mut map = vec![line("reference", &positions)];
        // The first color belongs to the reference, which has no errors.
        let mut errors = vec![Line::default()];
        let inputs: Vec<&str> = std::iter::once(reference.input.as_str())
            .chain(scored.iter().map(|found| found.measured.estimate()))
            .collect();
        let mut short = short_names(&inputs).into_iter();
        let mut names = vec![format!("reference {}", short.next().unwrap_or_default())];
        for (found, short) in scored.iter_mut().zip(short).take(LINES - 1) {
            let name = label(&short, &found.measured);
            map.push(line(&name, &found.line));
            errors.push(Line {
                name: name.clone(),
                points: std::mem::take(&mut found.errors),
            });
            names.push(name);
        }
        let hidden = scored.len().saturating_sub(LINES - 1);
        let more = if hidden > 0 {
            format!(", {hidden} more not drawn")
        } else {
            String::new()
        };
        let axis = ["x [m]", "y [m]", "z [m]"];
        let of = |axis_index: usize| axis.get(axis_index).copied().unwrap_or_default().to_owned();
        let (title, x_label, y_label) = labels(request, reference, scored);
        Self {
            title: format!("{title}{more}"),
            names,
            map: Curves {
                about: About {
                    title: "Paths".to_owned(),
                    ..About::default()
                },
                x_label: of(x),
                y_label: of(y),
                equal_axes: true,
                lines: map,
                ..Curves::default()
            },
            errors: Curves {
                about: About {
                    title: "Errors".to_owned(),
                    ..About::default()
                },
                x_label,
                y_label,
                lines: errors,
                ..Curves::default()
            },
        }
    }
}

/// The end of a path, `parts` names long, with the topic of a recording.
fn tail(input: &str, parts: usize) -> String {
    let (path, topic) = match input.rfind(":/") {
        Some(at) => input.split_at(at),
        None => (input, ""),
    };
    let cut = path.rmatch_indices(['/', '\\']).nth(parts.max(1) - 1);
    let start = cut.map_or(0, |(at, _)| at + 1);
    format!("{}{topic}", path.get(start..).unwrap_or(path))
}

/// The shortest end of each path that no other path has.
fn short_names(inputs: &[&str]) -> Vec<String> {
    let short = |input: &&str| {
        let is_alone = |parts: &usize| {
            let name = tail(input, *parts);
            let mut others = inputs.iter().filter(|other| *other != input);
            others.all(|other| tail(other, *parts) != name)
        };
        let parts = (1..=input.len()).find(is_alone);
        parts.map_or((*input).to_owned(), |parts| tail(input, parts))
    };
    inputs.iter().map(short).collect()
}

/// Name of an estimate with its number.
fn label(name: &str, measured: &Measured) -> String {
    match measured {
        Measured::Errors(found) => format!(
            "{name}: rmse {:.4} {}",
            found.stats.rmse.estimate, found.unit
        ),
        Measured::Segments(found) => format!(
            "{name}: {:.3} %",
            100.0 * found.scores.translation_ratio.estimate
        ),
        Measured::Compared(found) => {
            format!("{name}: APE rmse {:.4} m", found.ape.rmse.estimate)
        }
    }
}

/// Title and labels of the errors.
fn labels(request: &Request, reference: &Path, scored: &[Scored]) -> (String, String, String) {
    let has_times = reference.ends().is_some();
    let time = if has_times { "time [s]" } else { "pose" };
    let unit = match scored.first().map(|s| &s.measured) {
        Some(Measured::Errors(found)) => found.unit,
        _ => "m",
    };
    let (title, x, y) = match &request.what {
        What::Ape(_) => ("Absolute pose error", time, format!("error [{unit}]")),
        What::Compare(_) => ("Paths compared", time, "APE [m]".to_owned()),
        What::Rpe(..) => ("Relative pose error", time, format!("error [{unit}]")),
        What::Kitti(_) => (
            "KITTI odometry errors",
            "length of segments [m]",
            "translation [%]".to_owned(),
        ),
    };
    let aligned = scored.first().map(|found| found.measured.alignment());
    let title = match aligned {
        Some(how) if !how.is_none() => format!("{title}, alignment {}", how.words()),
        _ => title.to_owned(),
    };
    (title, x.to_owned(), y)
}

/// The picture as SVG; without lines where the request did not ask for them.
pub fn svg(outcome: &Outcome) -> String {
    let drawn = &outcome.drawn;
    fieldassay_report::picture(
        &drawn.title,
        &drawn.names,
        &[(&drawn.map, HEIGHTS.0), (&drawn.errors, HEIGHTS.1)],
    )
}

#[cfg(test)]
mod tests {
    use super::{axes, short_names};

    #[test]
    fn a_path_is_seen_from_above_whichever_axis_is_up() {
        let path = |flat: usize| {
            let point = |t: f64| {
                let mut p = [t, 2.0 * t, 3.0 * t];
                p[flat] = 0.1 * t;
                p
            };
            [point(0.0), point(1.0)]
        };
        assert_eq!(axes(&path(2)), (0, 1));
        assert_eq!(axes(&path(1)), (0, 2));
        assert_eq!(axes(&path(0)), (1, 2));
        assert_eq!(axes(&[]), (0, 1));
    }

    #[test]
    fn names_are_as_short_as_they_can_be_told_apart() {
        let names = |inputs: &[&str]| short_names(inputs);
        assert_eq!(names(&["/d/gt.txt", "/d/a.txt"]), ["gt.txt", "a.txt"]);
        assert_eq!(
            names(&["gt.txt", "/x/a/est.txt", "/x/b/est.txt"]),
            ["gt.txt", "a/est.txt", "b/est.txt"]
        );
        assert_eq!(
            names(&["d/r.mcap:/gt/odom", "d/r.mcap:/odom"]),
            ["r.mcap:/gt/odom", "r.mcap:/odom"]
        );
        assert_eq!(names(&["a.txt", "a.txt"]), ["a.txt", "a.txt"]);
        assert_eq!(names(&["/a.txt", "a.txt"]), ["/a.txt", "a.txt"]);
    }
}
