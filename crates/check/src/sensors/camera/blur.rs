//! Blurred stretches, told from changes of the scene by how suddenly they come.

use super::{FRAMES_PER_CAMERA, FRAMES_PER_STRETCH, Flagged, Look, MOST_STRETCHES, View, borrowed};
use crate::facts::sheet::{Annotate, Sheet, count_detail};
use fieldassay_formats::media::Scale;
use fieldassay_measure::image::blur::{BlurOptions, BlurStretch, Sharpness, blurred_stretches};
use fieldassay_measure::image::scan;
use fieldassay_measure::stats::Interval;
use fieldassay_model::FactValue;

/// Looks from which a camera's own scatter is known.
const LEAST_LOOKS: usize = 12;
/// Part of the fall that comes from one frame to the next where it is a fault: scenes change over many frames.
const SUDDEN_SHARE: f64 = 0.5;
const METHOD: &str =
    "variance of the Laplacian over that of its surroundings, scatter of the camera's own log";

pub(super) fn facts(view: &View<'_>, sheet: &mut Sheet, flagged: &mut Vec<Flagged>) {
    let names = [("camera.blur", "share"), ("camera.blur_gradual", "share")];
    if let Some(reason) = view.no_light(LEAST_LOOKS) {
        return sheet.none_of(&names, &reason);
    }
    let looks: Vec<&Look> = view.looks.iter().filter(|look| look.is_light()).collect();
    let sharpness: Vec<Sharpness> = looks
        .iter()
        .map(|look| Sharpness {
            variance: look.variance,
            coarse_variance: look.coarse_variance,
        })
        .collect();
    let mut stretches = match blurred_stretches(&sharpness, BlurOptions::default()) {
        Ok(stretches) => stretches,
        Err(error) => return sheet.none_of(&names, &error.to_string()),
    };
    stretches.sort_by(|a, b| a.ratio_high.total_cmp(&b.ratio_high));
    let mut said = [false; 2];
    for (index, stretch) in stretches.iter().take(MOST_STRETCHES).enumerate() {
        let budget = FRAMES_PER_CAMERA / 2 > index * FRAMES_PER_STRETCH;
        let placed = place(view, &looks, stretch, budget);
        let gradual = usize::from(placed.sudden < SUDDEN_SHARE);
        said[gradual] = true;
        let (name, unit) = names[gradual];
        sheet
            .number(name, (1.0 - stretch.ratio_high).max(0.0), unit, METHOD)
            .at(placed.start_nanos, placed.end_nanos)
            .of(looks.len())
            .within(Some(Interval {
                low: 1.0 - stretch.ratio_high,
                high: 1.0 - stretch.ratio_low,
            }))
            .with(&[
                ("variance_ratio", FactValue::Number(stretch.ratio)),
                ("lost_share", FactValue::Number(1.0 - stretch.ratio)),
                ("score", FactValue::Number(stretch.score)),
                ("sudden_share", FactValue::Number(placed.sudden)),
                count_detail("looks", (stretch.last - stretch.first + 1) as u64),
            ]);
        if gradual == 0 {
            flagged.push(Flagged {
                code: "camera.blur",
                title: "blurred".to_owned(),
                start_nanos: placed.start_nanos,
                end_nanos: placed.end_nanos,
                size: 1.0 - stretch.ratio,
            });
        }
    }
    for ((name, unit), said) in names.into_iter().zip(said) {
        if !said {
            sheet.number(name, 0.0, unit, METHOD).of(looks.len());
        }
    }
}

/// Where a stretch begins and ends, and how suddenly.
struct Placed {
    start_nanos: i64,
    end_nanos: i64,
    sudden: f64,
}

/// Reads the frames around both ends again.
fn place(view: &View<'_>, looks: &[&Look], stretch: &BlurStretch, budget: bool) -> Placed {
    let look = |index: usize| looks.get(index).copied();
    let inside = (look(stretch.first), look(stretch.last));
    let outside = (
        stretch.first.checked_sub(1).and_then(look),
        look(stretch.last + 1),
    );
    let mut placed = Placed {
        start_nanos: inside.0.map_or(0, |l| l.log_nanos),
        end_nanos: inside.1.map_or(0, |l| l.log_nanos),
        sudden: 0.0,
    };
    let mut read = false;
    if let (Some(a), Some(b)) = (outside.0, inside.0)
        && budget
        && let Some(edge) = edge(view, a, b, stretch)
    {
        read = true;
        placed.start_nanos = edge.after_nanos;
        placed.sudden = edge.sudden;
    }
    if let (Some(a), Some(b)) = (inside.1, outside.1)
        && budget
        && let Some(edge) = edge(view, a, b, stretch)
    {
        read = true;
        placed.end_nanos = edge.before_nanos;
        placed.sudden = placed.sudden.max(edge.sudden);
    }
    if !read {
        placed.sudden = stretch.suddenness.unwrap_or(0.0);
    }
    placed
}

/// The largest step between two frames in a row.
struct Edge {
    before_nanos: i64,
    after_nanos: i64,
    sudden: f64,
}

/// The largest step of sharpness between two looks, from frame to frame, as part of the fall of the stretch.
/// None where no frame between them can be read.
fn edge(view: &View<'_>, a: &Look, b: &Look, stretch: &BlurStretch) -> Option<Edge> {
    let times = view.between(a.log_nanos, b.log_nanos, FRAMES_PER_STRETCH / 2);
    let mut curve = vec![(a.log_nanos, a.variance)];
    if !times.is_empty() {
        let found = view.again(&times, Scale::Full, |decoded| {
            Some(scan(&borrowed(decoded)?, None).ok()?.laplacian_variance())
        });
        if found.is_empty() {
            return None;
        }
        curve.extend(found);
    }
    curve.push((b.log_nanos, b.variance));
    let falls = b.variance < a.variance;
    let steps = curve.windows(2).filter_map(|pair| match pair {
        [(t, x), (u, y)] => {
            let step = ((x + 1.0) / (y + 1.0)).ln();
            Some((*t, *u, if falls { step } else { -step }))
        }
        _ => None,
    });
    let (before_nanos, after_nanos, step) = steps.max_by(|a, b| a.2.total_cmp(&b.2))?;
    Some(Edge {
        before_nanos,
        after_nanos,
        sudden: step / -stretch.ratio.ln().min(-1e-9),
    })
}
