//! Streams against each other: nearest partners and spread of matched sets.

use super::RECORDING;
use super::clock::statement;
use super::columns::{is_sampled, is_shared};
use super::sheet::{Annotate as _, Sheet, secs_detail};
use super::stream::StreamOutcome;
use crate::collect::{Arena, Collected, Column, HEADER, NO_STAMP, Scratchpad};
use fieldassay_measure::sync::{default_tolerance_ns, nearest, set_spread};
use fieldassay_model::Fact;
use rayon::prelude::*;

/// Streams that are paired at most: each is paired with the next faster one and with the fastest.
const STREAMS: usize = 12;
/// Streams in one set at most.
const SET: usize = 6;
/// Periods of one set agree within this share.
const SAME_RATE: f64 = 0.05;
/// Stamps below which a stream is not paired.
const LEAST_MESSAGES: u64 = 20;

/// A stream that can be paired.
struct Candidate<'a> {
    topic: &'a str,
    schema: &'a str,
    period_ns: f64,
    stamps: Column<'a>,
}

/// Facts about pairs and sets of streams.
pub(crate) fn sync_facts<'a>(
    collected: &'a Collected<'a>,
    arena: &'a Arena<'a>,
    outcomes: &'a [StreamOutcome],
    foreign: &[String],
) -> Vec<Fact> {
    let streams = candidates(collected, arena, outcomes, foreign);
    if streams.len() < 2 {
        let mut sheet = Sheet::new(RECORDING, streams.len());
        sheet.none_of(
            &[
                ("sync.unmatched", "share"),
                ("sync.nearest", "s"),
                ("sync.spread", "s"),
            ],
            "fewer than two streams with regular header stamps on one clock",
        );
        return sheet.facts;
    }
    let mut facts: Vec<Fact> = pairs(streams.len())
        .into_par_iter()
        .filter_map(|(slow, fast)| Some(pair_facts(arena, streams.get(slow)?, streams.get(fast)?)))
        .flatten_iter()
        .collect();
    facts.extend(set_facts(&streams));
    facts
}

/// Candidates from the slowest to the fastest.
fn candidates<'a>(
    collected: &'a Collected<'a>,
    arena: &'a Arena<'a>,
    outcomes: &'a [StreamOutcome],
    foreign: &[String],
) -> Vec<Candidate<'a>> {
    let mut chosen: Vec<(&StreamOutcome, f64)> = outcomes
        .iter()
        .filter(|outcome| outcome.report.message_count >= LEAST_MESSAGES)
        .filter(|outcome| !foreign.contains(&outcome.report.topic))
        .filter(|outcome| {
            collected
                .streams
                .get(outcome.index)
                .is_some_and(|stream| !is_shared(stream))
        })
        .filter_map(|outcome| Some((outcome, outcome.header_period_ns?)))
        .collect();
    let is_sensor =
        |outcome: &StreamOutcome| collected.streams.get(outcome.index).is_some_and(is_sampled);
    chosen.sort_by_key(|(outcome, _)| (!is_sensor(outcome), outcome.report.topic.as_str()));
    chosen.truncate(STREAMS);
    chosen.sort_by(|(a, a_period), (b, b_period)| {
        b_period
            .total_cmp(a_period)
            .then_with(|| a.report.topic.cmp(&b.report.topic))
    });
    chosen
        .into_par_iter()
        .filter_map(|(outcome, period_ns)| {
            let data = collected.data.get(outcome.index)?;
            let header = collected.store.gather(arena, &data.segments, HEADER);
            Some(Candidate {
                topic: &outcome.report.topic,
                schema: &outcome.report.schema,
                period_ns,
                stamps: ascending(arena, header),
            })
        })
        .collect()
}

/// The set stamps in ascending order.
fn ascending<'a>(arena: &'a Arena<'a>, header: Column<'a>) -> Column<'a> {
    let usable = |t: &&i64| **t != NO_STAMP && **t != 0;
    let count = header.iter().filter(usable).count();
    let mut stamps = if count == header.len() {
        header
    } else {
        let mut kept = arena.words(count);
        for (target, stamp) in kept.iter_mut().zip(header.iter().filter(usable)) {
            *target = *stamp;
        }
        kept
    };
    if !stamps.is_sorted() {
        stamps.sort_unstable();
    }
    stamps
}

/// Pairs (slower, faster) of streams ordered from slow to fast.
fn pairs(streams: usize) -> Vec<(usize, usize)> {
    let fastest = streams.saturating_sub(1);
    let mut pairs = Vec::new();
    for slow in 0..fastest {
        pairs.push((slow, slow + 1));
        if slow + 1 != fastest {
            pairs.push((slow, fastest));
        }
    }
    pairs
}

fn pair_facts(arena: &Arena<'_>, slow: &Candidate<'_>, fast: &Candidate<'_>) -> Vec<Fact> {
    let subject = format!("{} -> {}", slow.topic, fast.topic);
    let mut sheet = Sheet::new(&subject, slow.stamps.len());
    let names = [("sync.unmatched", "share"), ("sync.nearest", "s")];
    let Some(tolerance) = default_tolerance_ns(slow.period_ns, fast.period_ns) else {
        sheet.none_of(&names, "a period is not positive");
        return sheet.facts;
    };
    let mut scratch = Scratchpad::new(arena);
    match nearest(&slow.stamps, &fast.stamps, tolerance, &mut scratch) {
        Ok(report) => {
            let details = [
                secs_detail("tolerance_secs", report.tolerance_ns as f64),
                secs_detail("p50_secs", report.p50_ns),
                secs_detail("p95_secs", report.p95_ns),
                secs_detail("max_secs", report.max_ns as f64),
                secs_detail("mean_signed_secs", report.mean_signed_ns),
            ];
            let method = "nearest header stamp of the faster stream, within half its period + 2 ms";
            sheet
                .number("sync.unmatched", report.unmatched_share, "share", method)
                .of(report.n)
                .within(Some(report.interval))
                .with(&details);
            let method = "95 % quantile of the distance to the nearest header stamp";
            sheet
                .number("sync.nearest", report.p95_ns / 1e9, "s", method)
                .of(report.n)
                .with(&details);
        }
        Err(error) => sheet.none_of(&names, statement(&error.to_string())),
    }
    sheet.facts
}

/// Spread of each set of streams of one type and rate.
fn set_facts(streams: &[Candidate<'_>]) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut used = vec![false; streams.len()];
    for (i, first) in streams.iter().enumerate() {
        if used.get(i).copied().unwrap_or(true) {
            continue;
        }
        let members: Vec<usize> = (i..streams.len())
            .filter(|j| {
                streams.get(*j).is_some_and(|other| {
                    other.schema == first.schema
                        && (other.period_ns / first.period_ns - 1.0).abs() <= SAME_RATE
                })
            })
            .take(SET)
            .collect();
        for member in &members {
            if let Some(slot) = used.get_mut(*member) {
                *slot = true;
            }
        }
        if members.len() < 2 {
            continue;
        }
        let set: Vec<&Candidate<'_>> = members.iter().filter_map(|m| streams.get(*m)).collect();
        facts.extend(set_fact(&set));
    }
    facts
}

fn set_fact(set: &[&Candidate<'_>]) -> Vec<Fact> {
    let topics: Vec<&str> = set.iter().map(|c| c.topic).collect();
    let mut sheet = Sheet::new(&topics.join(" -> "), 0);
    let stamps: Vec<&[i64]> = set.iter().map(|c| &c.stamps[..]).collect();
    match set_spread(&stamps) {
        Ok(report) => {
            sheet
                .number(
                    "sync.spread",
                    report.p95_ns / 1e9,
                    "s",
                    "95 % quantile of largest - smallest header stamp of matched sets",
                )
                .of(report.n)
                .with(&[
                    secs_detail("p50_secs", report.p50_ns),
                    secs_detail("max_secs", report.max_ns as f64),
                ]);
        }
        Err(error) => sheet.none("sync.spread", "s", statement(&error.to_string())),
    }
    sheet.facts
}
