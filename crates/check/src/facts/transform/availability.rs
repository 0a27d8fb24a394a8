//! Which sensor messages can be brought into the root frame at their own stamp.

use super::super::columns::{Columns, is_shared};
use super::super::sheet::{Annotate as _, Sheet, secs_detail, text_detail};
use super::super::stream::StreamOutcome;
use super::edges::Measured;
use super::{edge_name, name};
use crate::collect::{Arena, Collected, UnitTransforms};
use fieldassay_measure::transform::{LiveEdge, PathAvailability, path_availability, transformable};
use fieldassay_model::{Fact, FactValue};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Streams that are looked up at most.
const STREAMS: usize = 50;
/// Stamped messages below which a stream is not looked up.
const LEAST_MESSAGES: usize = 10;
/// Steps to the root at most, as in tf2.
const MAX_DEPTH: usize = 1000;

/// Facts about every sensor stream.
pub(super) fn facts<'a>(
    collected: &'a Collected<'a>,
    arena: &Arena<'a>,
    outcomes: &[StreamOutcome],
    foreign: &[String],
    edges: &[Measured],
) -> Vec<Fact> {
    let transforms = &collected.transforms;
    let tree = Tree::new(transforms, edges);
    let streams: Vec<&StreamOutcome> = outcomes
        .iter()
        .filter(|outcome| outcome.header_period_ns.is_some())
        .filter(|outcome| {
            let stream = collected.streams.get(outcome.index);
            stream.is_some_and(|stream| !is_shared(stream))
        })
        .take(STREAMS)
        .collect();
    streams
        .into_par_iter()
        .flat_map_iter(|outcome| stream_facts(collected, arena, outcome, foreign, &tree))
        .collect()
}

/// The tree as it can be used.
struct Tree<'a> {
    transforms: &'a UnitTransforms,
    by_name: BTreeMap<&'a str, u32>,
    /// Every parent each child ever had, the latest last.
    parents: BTreeMap<u32, Vec<u32>>,
    live: Vec<LiveEdge>,
}

impl<'a> Tree<'a> {
    fn new(transforms: &'a UnitTransforms, edges: &[Measured]) -> Self {
        let by_name = (0_u32..)
            .zip(&transforms.frames)
            .map(|(id, name)| (name.as_str(), id))
            .collect();
        let mut seen: BTreeMap<u32, Vec<(i64, u32)>> = BTreeMap::new();
        for ((parent, child, _), edge) in &transforms.edges {
            seen.entry(*child)
                .or_default()
                .push((edge.last_log, *parent));
        }
        let latest_last = |(child, mut parents): (u32, Vec<(i64, u32)>)| {
            parents.sort_unstable();
            (child, parents.into_iter().map(|(_, p)| p).collect())
        };
        let mut live: Vec<LiveEdge> = edges
            .iter()
            .map(|edge| LiveEdge {
                parent: edge.key.0,
                child: edge.key.1,
                intervals: edge.live.clone(),
            })
            .collect();
        live.extend(
            transforms
                .edges
                .keys()
                .filter(|(_, _, is_static)| *is_static)
                .map(|(parent, child, _)| LiveEdge {
                    parent: *parent,
                    child: *child,
                    intervals: vec![(i64::MIN, i64::MAX)],
                }),
        );
        Self {
            transforms,
            by_name,
            parents: seen.into_iter().map(latest_last).collect(),
            live,
        }
    }

    /// `frame` and all its ancestors at any time: tf2 looks up by the parent a frame had at the stamp.
    fn ancestors(&self, frame: u32) -> BTreeSet<u32> {
        let mut seen = BTreeSet::from([frame]);
        let mut open = vec![frame];
        while let Some(at) = open.pop() {
            for parent in self.parents.get(&at).into_iter().flatten() {
                if seen.insert(*parent) {
                    open.push(*parent);
                }
            }
        }
        seen
    }

    /// Frames from `frame` up to its root by the latest parents; none in a cycle.
    fn chain(&self, frame: u32) -> Option<Vec<u32>> {
        let mut chain = vec![frame];
        let mut at = frame;
        while let Some(parent) = self.parents.get(&at).and_then(|all| all.last()) {
            if chain.len() > MAX_DEPTH || chain.contains(parent) {
                return None;
            }
            chain.push(*parent);
            at = *parent;
        }
        Some(chain)
    }

    /// When the first frame of a chain can be brought to the last one.
    fn path(&self, chain: &[u32], window: (i64, i64)) -> Option<PathAvailability> {
        let (from, to) = (*chain.first()?, *chain.last()?);
        let ancestors = self.ancestors(from);
        let used: Vec<LiveEdge> = self
            .live
            .iter()
            .filter(|edge| ancestors.contains(&edge.parent) && ancestors.contains(&edge.child))
            .cloned()
            .collect();
        path_availability(&used, (from, to), window).ok()
    }

    /// The edge of the chain that is usable the shortest.
    fn weakest(&self, chain: &[u32], window: (i64, i64)) -> String {
        let usable = |child: u32, parent: u32| -> i64 {
            self.live
                .iter()
                .filter(|edge| edge.child == child && edge.parent == parent)
                .flat_map(|edge| &edge.intervals)
                .map(|(a, b)| (*b).min(window.1).saturating_sub((*a).max(window.0)).max(0))
                .fold(0, i64::saturating_add)
        };
        chain
            .iter()
            .zip(chain.iter().skip(1))
            .min_by_key(|(child, parent)| usable(**child, **parent))
            .map_or_else(String::new, |(child, parent)| {
                edge_name(self.transforms, (*parent, *child, false))
            })
    }
}

fn stream_facts<'a>(
    collected: &'a Collected<'a>,
    arena: &Arena<'a>,
    outcome: &StreamOutcome,
    foreign: &[String],
    tree: &Tree<'_>,
) -> Vec<Fact> {
    let topic = &outcome.report.topic;
    let (Some(stream), Some(data)) = (
        collected.streams.get(outcome.index),
        collected.data.get(outcome.index),
    ) else {
        return Vec::new();
    };
    let columns = Columns::gather(collected, arena, stream, data);
    let Some((stamps, _)) = columns.header_and_log() else {
        return Vec::new();
    };
    let mut sheet = Sheet::new(topic, stamps.len());
    let Some(frame) = data.frame.as_deref().filter(|frame| !frame.is_empty()) else {
        sheet.none(
            "transform.unknown_frame",
            "bool",
            "the messages name no frame",
        );
        return sheet.facts;
    };
    let id = tree
        .by_name
        .get(frame.strip_prefix('/').unwrap_or(frame))
        .copied();
    if id.is_none() && !collected.is_recorded {
        let reason = "the data set says nothing about how this sensor is mounted";
        sheet.none("transform.unknown_frame", "bool", reason);
        return sheet.facts;
    }
    sheet
        .boolean(
            "transform.unknown_frame",
            id.is_none(),
            "frame_id of the first message against all edges",
        )
        .with(&[text_detail("frame", frame)]);
    let Some(id) = id else { return sheet.facts };
    let mut facts = sheet.facts;
    let sensor = Sensor {
        topic,
        frame,
        id,
        is_foreign: foreign.contains(topic),
    };
    facts.extend(available(&sensor, stamps, tree));
    facts
}

/// Who asks for which frame.
struct Sensor<'a> {
    topic: &'a str,
    frame: &'a str,
    id: u32,
    /// Its stamps are on another clock than the transforms.
    is_foreign: bool,
}

fn available(sensor: &Sensor<'_>, stamps: &[i64], tree: &Tree<'_>) -> Vec<Fact> {
    let Sensor {
        topic,
        frame,
        id,
        is_foreign,
    } = *sensor;
    let none = |subject: &str, reason: &str| {
        let mut sheet = Sheet::new(subject, stamps.len());
        sheet.none("transform.available", "share", reason);
        sheet.facts
    };
    if is_foreign {
        return none(topic, "the stamps are on another clock than the transforms");
    }
    if stamps.len() < LEAST_MESSAGES {
        return none(topic, "fewer than 10 stamped messages");
    }
    let Some(chain) = tree.chain(id) else {
        return none(topic, "the frame is part of a cycle");
    };
    let root = chain.last().copied().unwrap_or(id);
    if root == id {
        return none(topic, "the frame is the root itself");
    }
    let root = name(tree.transforms, root);
    let subject = format!("{topic} -> {root}");
    let window = stamps
        .iter()
        .min()
        .zip(stamps.iter().max())
        .map_or((0, 0), |(a, b)| (*a, b.saturating_add(1)));
    let path = tree.path(&chain, window);
    let Some((path, share)) =
        path.and_then(|path| transformable(stamps, &path).ok().map(|share| (path, share)))
    else {
        return none(&subject, "the stamps span no time");
    };
    let longest = path
        .longest_unavailable
        .map_or(0, |(a, b)| b.saturating_sub(a));
    let mut sheet = Sheet::new(&subject, stamps.len());
    sheet
        .number(
            "transform.available",
            share.share,
            "share",
            "stamps at which every edge to the root is live",
        )
        .within(Some(share.interval))
        .with(&[
            text_detail("frame", frame),
            text_detail("root", root),
            text_detail("edge", &tree.weakest(&chain, window)),
            secs_detail("longest_secs", longest as f64),
            ("path_share", FactValue::Number(path.share)),
        ]);
    sheet.facts
}
