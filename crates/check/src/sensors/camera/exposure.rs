//! Too bright, too dark, hidden.

use super::moving::{Moving, moving};
use super::{Flagged, Look, MOST_STRETCHES, View};
use crate::facts::sheet::{Annotate, Sheet, count_detail};
use fieldassay_measure::image::sequence::TemporalSpread;

/// Share from which looks in a row make a stretch.
const CLIPPED_SHARE: f64 = 0.4;
/// Looks in a row: one alone is a lamp or the end of a tunnel.
const LEAST_LOOKS: usize = 2;
/// Share of the picture that may be black for good (the frame of a fisheye lens) and is then left out of darkness.
const MOST_BLACK_SHARE: f64 = 0.6;
/// Looks, while moving, that a static part of the picture needs.
const OCCLUSION_LOOKS: usize = 100;
/// Standard deviation over time, grey levels, below which a point does not change (signals reference, B.7).
const STATIC_LEVELS: f64 = 2.0;

pub(super) fn facts(view: &View<'_>, sheet: &mut Sheet, flagged: &mut Vec<Flagged>) {
    let names = [
        ("camera.over_exposed", "share"),
        ("camera.under_exposed", "share"),
    ];
    if let Some(reason) = view.no_light(LEAST_LOOKS) {
        return sheet.none_of(&names, &reason);
    }
    let looks: Vec<&Look> = view.looks.iter().filter(|look| look.is_light()).collect();
    let black = black_share(&looks);
    let over: Vec<f64> = looks.iter().map(|look| look.over).collect();
    let under: Vec<f64> = looks
        .iter()
        .map(|look| ((look.under - black) / (1.0 - black)).max(0.0))
        .collect();
    for (name, shares) in [
        ("camera.over_exposed", over),
        ("camera.under_exposed", under),
    ] {
        for stretch in stretches(&shares) {
            let (Some(first), Some(last)) = (looks.get(stretch.first), looks.get(stretch.last))
            else {
                continue;
            };
            let means = looks.get(stretch.first..=stretch.last).unwrap_or(&[]);
            let mean = means.iter().map(|look| look.mean).sum::<f64>() / means.len().max(1) as f64;
            let (low, high) = (first.low.min(last.low), first.high.max(last.high));
            sheet
                .number(
                    name,
                    stretch.share,
                    "share",
                    "share of clipped pixels, median over the looks of the stretch",
                )
                .at(first.log_nanos, last.log_nanos)
                .of(looks.len())
                .with(&[
                    count_detail("looks", means.len() as u64),
                    ("mean_level", fieldassay_model::FactValue::Number(mean)),
                    ("percentile_1", fieldassay_model::FactValue::Number(low)),
                    ("percentile_99", fieldassay_model::FactValue::Number(high)),
                ]);
            if stretch.share >= CLIPPED_SHARE {
                flagged.push(Flagged {
                    code: if name == "camera.over_exposed" {
                        "camera.over_exposed"
                    } else {
                        "camera.under_exposed"
                    },
                    title: if name == "camera.over_exposed" {
                        "over-exposed"
                    } else {
                        "under-exposed"
                    }
                    .to_owned(),
                    start_nanos: first.log_nanos,
                    end_nanos: last.log_nanos,
                    size: stretch.share,
                });
            }
        }
    }
}

struct Stretch {
    first: usize,
    last: usize,
    share: f64,
}

/// Runs of clipped looks; without any, the two neighbors that are clipped most.
fn stretches(shares: &[f64]) -> Vec<Stretch> {
    let mut found = Vec::new();
    let mut at = 0;
    for run in shares.chunk_by(|a, b| (*a >= CLIPPED_SHARE) == (*b >= CLIPPED_SHARE)) {
        let first = at;
        at += run.len();
        if run.len() >= LEAST_LOOKS && run.first().is_some_and(|share| *share >= CLIPPED_SHARE) {
            let share = fieldassay_measure::stats::median(&mut run.to_vec()).unwrap_or(0.0);
            found.push(Stretch {
                first,
                last: at - 1,
                share,
            });
        }
    }
    if found.is_empty() {
        let pairs = shares.windows(2).enumerate();
        found.extend(
            pairs
                .filter_map(|(first, pair)| {
                    let share = pair.iter().copied().reduce(f64::min)?;
                    Some(Stretch {
                        first,
                        last: first + 1,
                        share,
                    })
                })
                .max_by(|a, b| a.share.total_cmp(&b.share)),
        );
    }
    found.sort_by(|a, b| b.share.total_cmp(&a.share));
    found.truncate(MOST_STRETCHES);
    found
}

/// Share of the picture that is black in every look.
fn black_share(looks: &[&Look]) -> f64 {
    let Some(first) = looks.first() else {
        return 0.0;
    };
    let black = (0..first.grid.len())
        .filter(|k| {
            looks
                .iter()
                .all(|look| look.grid.get(*k).is_some_and(|v| *v <= 5))
        })
        .count();
    let share = black as f64 / first.grid.len() as f64;
    if share > MOST_BLACK_SHARE { 0.0 } else { share }
}

/// Parts of the picture that stop changing while the camera moves.
pub(super) fn occlusion(view: &View<'_>, sheet: &mut Sheet) {
    let (name, unit) = ("camera.occlusion", "share");
    if let Some(reason) = view.no_light(OCCLUSION_LOOKS) {
        return sheet.none(name, unit, &reason);
    }
    let light: Vec<&Look> = view.looks.iter().filter(|look| look.is_light()).collect();
    let moved: Vec<&Look> = light
        .windows(2)
        .filter_map(|pair| match pair {
            [a, b] if moving(view.context, a.t_nanos, b.t_nanos) == Moving::Yes => Some(*b),
            _ => None,
        })
        .collect();
    if moved.len() < OCCLUSION_LOOKS {
        let reason = format!(
            "{} looks while moving where {OCCLUSION_LOOKS} are needed",
            moved.len()
        );
        return sheet.none(name, unit, &reason);
    }
    let (before, after) = moved.split_at(moved.len() / 2);
    let masks = [before, after].map(static_points);
    let n = masks.iter().map(Vec::len).max().unwrap_or(1).max(1) as f64;
    let [first, second] = &masks;
    let new = first
        .iter()
        .zip(second)
        .filter(|(a, b)| !**a && **b)
        .count();
    let always = first.iter().zip(second).filter(|(a, b)| **a && **b).count();
    sheet
        .number(
            name,
            new as f64 / n,
            unit,
            "points that change in the first half of the moving looks and not in the second",
        )
        .of(moved.len())
        .with(&[(
            "always_share",
            fieldassay_model::FactValue::Number(always as f64 / n),
        )]);
}

/// Points whose grey value hardly changes and is not clipped: the sky and the night are not dirt.
fn static_points(looks: &[&Look]) -> Vec<bool> {
    let mut spread = TemporalSpread::default();
    for look in looks {
        // All grids have one size.
        let _ = spread.push(&look.grid);
    }
    spread
        .pixels()
        .into_iter()
        .map(|(mean, std)| std < STATIC_LEVELS && (6.0..250.0).contains(&mean))
        .collect()
}
