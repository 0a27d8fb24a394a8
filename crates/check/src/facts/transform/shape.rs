//! Cycles, parents, statics, connection.

use super::super::RECORDING;
use super::super::sheet::{Annotate as _, Sheet, count_detail, text_detail};
use super::{count, edge_name, name};
use crate::collect::UnitTransforms;
use crate::run::Span;
use fieldassay_measure::transform::{ParentRun, components, cycles, reparents};
use fieldassay_model::Fact;
use std::collections::{BTreeMap, BTreeSet};

/// Names listed in a message.
const LISTED: usize = 6;

pub(super) fn facts(transforms: &UnitTransforms, span: Span) -> Vec<Fact> {
    let mut facts = cycle_facts(transforms, span);
    facts.extend(parent_facts(transforms));
    facts.extend(static_facts(transforms));
    facts.extend(whole_facts(transforms));
    facts
}

/// (child, parent) of static edges in the order they were first published.
fn statics(transforms: &UnitTransforms) -> Vec<(u32, u32)> {
    let mut statics: Vec<(i64, u32, u32)> = transforms
        .edges
        .iter()
        .filter(|((_, _, is_static), _)| *is_static)
        .map(|((parent, child, _), edge)| (edge.first_log, *child, *parent))
        .collect();
    statics.sort_unstable();
    statics.into_iter().map(|(_, c, p)| (c, p)).collect()
}

fn parent_runs(transforms: &UnitTransforms) -> Vec<ParentRun> {
    transforms
        .runs
        .iter()
        .flat_map(|(child, runs)| {
            runs.iter().map(|run| ParentRun {
                child: *child,
                start_ns: run.first_log,
                parent: run.parent,
            })
        })
        .collect()
}

fn cycle_facts(transforms: &UnitTransforms, span: Span) -> Vec<Fact> {
    let method = "sweep over the latest parent of every frame, log time";
    let found = cycles(
        &statics(transforms),
        &parent_runs(transforms),
        (span.start_ns, span.end_ns),
    );
    let n = count(transforms);
    if found.is_empty() {
        let mut sheet = Sheet::new(RECORDING, n);
        sheet.count("transform.cycle", 0, method);
        return sheet.facts;
    }
    found
        .iter()
        .flat_map(|cycle| {
            let mut frames: Vec<&str> = cycle.frames.iter().map(|f| name(transforms, *f)).collect();
            frames.extend(frames.first().copied());
            let mut sheet = Sheet::new(&frames.join(" -> "), n);
            sheet
                .count("transform.cycle", cycle.windows as u64, method)
                .at(cycle.first_ns, cycle.last_ns);
            sheet.facts
        })
        .collect()
}

fn parent_facts(transforms: &UnitTransforms) -> Vec<Fact> {
    let method = "changes of the latest parent, log time";
    let mut facts = Vec::new();
    for reparent in reparents(&parent_runs(transforms)) {
        let runs = transforms.runs.get(&reparent.child);
        let n: u64 = runs.map_or(0, |runs| runs.iter().map(|run| run.count).sum());
        let n = usize::try_from(n).unwrap_or(usize::MAX);
        let mut sheet = Sheet::new(name(transforms, reparent.child), n);
        sheet
            .count("transform.reparent", reparent.changes as u64, method)
            .with(&[text_detail("parents", &list(transforms, &reparent.parents))])
            .at(reparent.first_ns, reparent.last_ns);
        facts.append(&mut sheet.facts);
    }
    // Two static parents are two parents at once.
    let mut static_parents: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for (child, parent) in statics(transforms) {
        static_parents.entry(child).or_default().insert(parent);
    }
    for (child, parents) in static_parents {
        if parents.len() > 1 {
            let parents: Vec<u32> = parents.into_iter().collect();
            let mut sheet = Sheet::new(name(transforms, child), parents.len());
            sheet
                .count(
                    "transform.reparent",
                    parents.len() as u64 - 1,
                    "static parents beyond the first",
                )
                .with(&[text_detail("parents", &list(transforms, &parents))]);
            facts.append(&mut sheet.facts);
        }
    }
    if facts.is_empty() {
        let mut sheet = Sheet::new(RECORDING, count(transforms));
        sheet.count("transform.reparent", 0, method);
        facts = sheet.facts;
    }
    facts
}

fn list(transforms: &UnitTransforms, frames: &[u32]) -> String {
    let mut names: Vec<String> = frames
        .iter()
        .take(LISTED)
        .map(|frame| format!("`{}`", name(transforms, *frame)))
        .collect();
    if frames.len() > LISTED {
        names.push(format!("{} more", frames.len() - LISTED));
    }
    names.join(", ")
}

fn static_facts(transforms: &UnitTransforms) -> Vec<Fact> {
    let mut facts = Vec::new();
    let all = count(transforms);
    let static_children: BTreeSet<u32> = statics(transforms).into_iter().map(|(c, _)| c).collect();
    for (child, runs) in &transforms.runs {
        if static_children.contains(child) {
            let n = runs.iter().map(|run| run.count).sum::<u64>();
            let mut sheet = Sheet::new(
                name(transforms, *child),
                usize::try_from(n).unwrap_or(usize::MAX),
            );
            let window = runs.first().zip(runs.last());
            let fact = sheet.boolean(
                "transform.static_dynamic",
                true,
                "children of static and of dynamic edges",
            );
            if let Some((first, last)) = window {
                fact.at(first.first_log, last.last_log);
            }
            facts.append(&mut sheet.facts);
        }
    }
    if facts.is_empty() {
        let mut sheet = Sheet::new(RECORDING, all);
        sheet.boolean(
            "transform.static_dynamic",
            false,
            "children of static and of dynamic edges",
        );
        facts.append(&mut sheet.facts);
    }
    let method = "published values that differ from the one before by more than 1e-6";
    let before = facts.len();
    for (key, edge) in &transforms.edges {
        let is_static = key.2;
        if is_static && edge.value_changes > 0 {
            let n = usize::try_from(edge.count).unwrap_or(usize::MAX);
            let mut sheet = Sheet::new(&edge_name(transforms, *key), n);
            let fact = sheet.count("transform.static_conflict", edge.value_changes, method);
            if let Some(at) = edge.value_change_log {
                fact.at(at, edge.last_log);
            }
            facts.append(&mut sheet.facts);
        }
    }
    if facts.len() == before {
        let mut sheet = Sheet::new(RECORDING, all);
        sheet.count("transform.static_conflict", 0, method);
        facts.append(&mut sheet.facts);
    }
    facts
}

fn whole_facts(transforms: &UnitTransforms) -> Vec<Fact> {
    let mut sheet = Sheet::new(RECORDING, count(transforms));
    let pairs: Vec<(u32, u32)> = transforms.edges.keys().map(|(p, c, _)| (*p, *c)).collect();
    let parts = components(&pairs);
    let children: BTreeSet<u32> = pairs.iter().map(|(_, child)| *child).collect();
    let roots: Vec<u32> = parts
        .iter()
        .filter_map(|part| {
            let root = part.iter().find(|frame| !children.contains(frame));
            root.or_else(|| part.first()).copied()
        })
        .collect();
    sheet
        .count(
            "transform.disconnected",
            (parts.len() as u64).saturating_sub(1),
            "connected components of all edges, minus one",
        )
        .with(&[
            count_detail("trees", parts.len() as u64),
            text_detail("roots", &list(transforms, &roots)),
        ]);
    for (name, counted, method) in [
        (
            "transform.self",
            transforms.self_transforms,
            "transforms of a frame onto itself",
        ),
        (
            "transform.unnamed",
            transforms.unnamed,
            "transforms with an empty frame name",
        ),
    ] {
        let fact = sheet.count(name, counted.count, method);
        if let Some(at) = counted.first_log {
            fact.at(at, at);
        }
    }
    sheet.facts
}
