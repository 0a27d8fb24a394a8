//! Edges by themselves: rate, gaps, order, numbers.

use super::super::RECORDING;
use super::super::sheet::{Annotate as _, Sheet, count_detail, secs_detail};
use super::super::timing::{LEAST_MESSAGES, near_median};
use super::{count, edge_name, name};
use crate::collect::{Arena, Collected, EdgeKey, Scratchpad, UnitTransforms};
use fieldassay_measure::time::{PeriodSummary, period_summary};
use fieldassay_measure::transform::live_intervals;
use fieldassay_model::Fact;
use fieldassay_model::plot::TransformEdge;
use rayon::prelude::*;

/// Share of periods near the median from which an edge counts as published regularly.
const REGULAR_SHARE: f64 = 0.5;
/// An edge bridges this long between two transforms, or ten of its periods: the interpolation error of a slow
/// edge is its publisher's choice.
const BRIDGED_NS: f64 = 1e9;
const BRIDGED_PERIODS: f64 = 10.0;
/// Deviation from length one that is told edge by edge: rounding of `f32` is 1e-7.
const NOTABLE_NORM: f64 = 1e-4;

/// What is measured on one dynamic edge.
pub(super) struct Measured {
    pub(super) key: EdgeKey,
    periods: Option<PeriodSummary>,
    is_regular: bool,
    regressions: usize,
    longest: Option<Longest>,
    /// Stretches of stamps in which it can be used.
    pub(super) live: Vec<(i64, i64)>,
}

/// The longest time between two stamps.
struct Longest {
    nanos: i64,
    /// In log time.
    window: (i64, i64),
}

/// Measures every dynamic edge.
pub(super) fn measure<'a>(collected: &'a Collected<'a>, arena: &'a Arena<'a>) -> Vec<Measured> {
    let edges: Vec<_> = collected.edge_segments.iter().collect();
    edges
        .into_par_iter()
        .map(|(key, segments)| {
            let mut stamps = collected.store.gather(arena, segments, 0);
            let logs = collected.store.gather(arena, segments, 1);
            let mut scratch = Scratchpad::new(arena);
            let periods = period_summary(&stamps, &mut scratch).ok();
            let near = periods
                .as_ref()
                .map_or(0.0, |p| near_median(&stamps, p.median_ns));
            let regressions = pairs(&stamps).filter(|(a, b)| b < a).count();
            let longest = longest(&stamps, &logs);
            let bridged = periods.as_ref().map_or(BRIDGED_NS, |p| {
                (BRIDGED_PERIODS * p.median_ns).max(BRIDGED_NS)
            });
            stamps.sort_unstable();
            #[expect(
                clippy::cast_possible_truncation,
                reason = "ten medians of i64 values; `as` saturates"
            )]
            let live = live_intervals(&stamps, bridged as i64);
            Measured {
                key: *key,
                is_regular: stamps.len() >= LEAST_MESSAGES && near >= REGULAR_SHARE,
                periods,
                regressions,
                longest,
                live,
            }
        })
        .collect()
}

fn pairs(values: &[i64]) -> impl Iterator<Item = (i64, i64)> + '_ {
    values
        .iter()
        .zip(values.iter().skip(1))
        .map(|(a, b)| (*a, *b))
}

fn longest(stamps: &[i64], logs: &[i64]) -> Option<Longest> {
    pairs(stamps)
        .zip(pairs(logs))
        .map(|((a, b), window)| Longest {
            nanos: b.saturating_sub(a),
            window,
        })
        .reduce(|best, next| if next.nanos > best.nanos { next } else { best })
}

/// Facts about edges.
pub(super) fn facts(transforms: &UnitTransforms, edges: &[Measured]) -> Vec<Fact> {
    let mut facts: Vec<Fact> = edges
        .iter()
        .flat_map(|edge| timing_facts(transforms, edge))
        .collect();
    facts.extend(number_facts(transforms));
    facts
}

fn timing_facts(transforms: &UnitTransforms, edge: &Measured) -> Vec<Fact> {
    let n = edge.periods.as_ref().map_or(1, |p| p.n + 1);
    let mut sheet = Sheet::new(&edge_name(transforms, edge.key), n);
    match (&edge.periods, &edge.longest) {
        (Some(periods), Some(longest)) => {
            sheet
                .number(
                    "transform.rate",
                    periods.rate_hz,
                    "Hz",
                    "(n - 1) / span of the stamps",
                )
                .within(periods.rate_interval);
            sheet.number(
                "transform.order",
                edge.regressions as f64 / periods.n as f64,
                "share",
                "share of stamps below the one before, file order",
            );
            if edge.is_regular {
                sheet
                    .number(
                        "transform.gap",
                        longest.nanos as f64 / 1e9,
                        "s",
                        "longest difference of consecutive stamps",
                    )
                    .with(&[secs_detail("period_secs", periods.median_ns)])
                    .at(longest.window.0, longest.window.1);
            } else {
                sheet.none(
                    "transform.gap",
                    "s",
                    "not published regularly, or fewer than 10 times",
                );
            }
        }
        _ => sheet.none_of(
            &[
                ("transform.rate", "Hz"),
                ("transform.order", "share"),
                ("transform.gap", "s"),
            ],
            "fewer than two different stamps",
        ),
    }
    sheet.facts
}

fn number_facts(transforms: &UnitTransforms) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut rest = 0.0_f64;
    let norm = "largest | |q|^2 - 1 |";
    let finite = "transforms with NaN or infinity";
    for (key, edge) in &transforms.edges {
        let n = usize::try_from(edge.count).unwrap_or(usize::MAX);
        let mut sheet = Sheet::new(&edge_name(transforms, *key), n);
        if edge.worst_norm > NOTABLE_NORM {
            sheet
                .number("transform.denormalized", edge.worst_norm, "ratio", norm)
                .with(&[count_detail("bad_count", edge.denormalized)])
                .at(edge.worst_norm_log, edge.worst_norm_log);
        } else {
            rest = rest.max(edge.worst_norm);
        }
        if edge.not_finite > 0 {
            sheet
                .count("transform.not_finite", edge.not_finite, finite)
                .at(edge.first_log, edge.last_log);
        }
        facts.append(&mut sheet.facts);
    }
    // What holds for all other edges is said once.
    let mut sheet = Sheet::new(RECORDING, count(transforms));
    sheet
        .number("transform.denormalized", rest, "ratio", norm)
        .with(&[count_detail("bad_count", 0)]);
    sheet.count("transform.not_finite", 0, finite);
    facts.append(&mut sheet.facts);
    facts
}

/// Edges for the report.
pub(super) fn plot(transforms: &UnitTransforms, edges: &[Measured]) -> Vec<TransformEdge> {
    let rate = |key: &EdgeKey| {
        edges
            .iter()
            .find(|edge| edge.key == *key)
            .and_then(|edge| edge.periods.as_ref())
            .map(|periods| periods.rate_hz)
    };
    let mut plot: Vec<TransformEdge> = transforms
        .edges
        .iter()
        .map(|(key, edge)| TransformEdge {
            parent: name(transforms, key.0).to_owned(),
            child: name(transforms, key.1).to_owned(),
            is_static: key.2,
            count: edge.count,
            rate_hz: rate(key),
            codes: Vec::new(),
        })
        .collect();
    plot.sort_by(|a, b| {
        (&a.parent, &a.child, a.is_static).cmp(&(&b.parent, &b.child, b.is_static))
    });
    plot
}
