//! The transform tree: its shape, its edges, and what can be transformed when.
//!
//! Read [`transform_facts`] first. Time is log time for the shape (tf2 keeps the latest transform to
//! arrive) and stamps for edges and availability (tf2 looks up by stamp).

mod availability;
mod edges;
mod shape;

use super::RECORDING;
use super::sheet::Sheet;
use super::stream::StreamOutcome;
use crate::collect::{Arena, Collected, EdgeKey, UnitTransforms};
use crate::run::Span;
use fieldassay_model::Fact;
use fieldassay_model::plot::TransformEdge;

/// Facts about the transform tree, and its edges for the report.
pub(crate) fn transform_facts<'a>(
    collected: &'a Collected<'a>,
    arena: &'a Arena<'a>,
    outcomes: &[StreamOutcome],
    foreign: &[String],
    span: Option<Span>,
) -> (Vec<Fact>, Vec<TransformEdge>) {
    let transforms = &collected.transforms;
    let mut sheet = Sheet::new(RECORDING, count(transforms));
    let refused = transforms.self_transforms.count + transforms.unnamed.count;
    let Some(span) = span.filter(|_| !transforms.edges.is_empty() || refused > 0) else {
        sheet.none_of(ALL, "no transforms were recorded");
        return (sheet.facts, Vec::new());
    };
    let edges = edges::measure(collected, arena);
    let mut facts = shape::facts(transforms, span);
    facts.extend(edges::facts(transforms, &edges));
    facts.extend(availability::facts(
        collected, arena, outcomes, foreign, &edges,
    ));
    (facts, edges::plot(transforms, &edges))
}

const ALL: &[(&str, &str)] = &[
    ("transform.cycle", "count"),
    ("transform.reparent", "count"),
    ("transform.static_dynamic", "bool"),
    ("transform.static_conflict", "count"),
    ("transform.disconnected", "count"),
    ("transform.denormalized", "ratio"),
    ("transform.not_finite", "count"),
    ("transform.self", "count"),
    ("transform.unnamed", "count"),
    ("transform.order", "share"),
    ("transform.gap", "s"),
    ("transform.available", "share"),
    ("transform.unknown_frame", "bool"),
];

fn count(transforms: &UnitTransforms) -> usize {
    let all: u64 = transforms.edges.values().map(|edge| edge.count).sum();
    usize::try_from(all).unwrap_or(usize::MAX)
}

/// Name of a frame.
fn name(transforms: &UnitTransforms, frame: u32) -> &str {
    transforms
        .frames
        .get(frame as usize)
        .map_or("", String::as_str)
}

/// Subject of facts about an edge.
fn edge_name(transforms: &UnitTransforms, key: EdgeKey) -> String {
    format!("{} -> {}", name(transforms, key.0), name(transforms, key.1))
}
