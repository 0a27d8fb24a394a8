//! The measures of this subject by name.

use super::{
    Formula, Intervals, LogicError, Monitor, Relation, Span, episodes, relation, robustness,
};
use crate::registry::{About, Direction, Measure, Number, call};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StlCase {
    spec: String,
    signals: BTreeMap<String, Vec<Number>>,
    #[serde(default = "one")]
    period: f64,
    #[serde(default)]
    online: bool,
}

fn one() -> f64 {
    1.0
}

#[derive(Serialize)]
struct EpisodeFound {
    begin: usize,
    end: usize,
    least: Number,
}

#[derive(Serialize)]
struct StlFound {
    robustness: Vec<Number>,
    violations: Vec<EpisodeFound>,
}

fn stl(case: &StlCase) -> Result<StlFound, LogicError> {
    let formula = Formula::with_period(&case.spec, case.period)?;
    let owned: Vec<(&str, Vec<f64>)> = case
        .signals
        .iter()
        .map(|(name, samples)| (name.as_str(), samples.iter().map(|x| x.0).collect()))
        .collect();
    let signals: Vec<(&str, &[f64])> = owned.iter().map(|(n, x)| (*n, x.as_slice())).collect();
    let found = robustness(&formula, &signals)?;
    let found = if case.online {
        stream(&formula, &signals, found.len())?
    } else {
        found
    };
    let violations = episodes(&found, false).into_iter().map(|run| EpisodeFound {
        begin: run.begin,
        end: run.end,
        least: run.least.into(),
    });
    Ok(StlFound {
        violations: violations.collect(),
        robustness: found.into_iter().map(Number).collect(),
    })
}

/// The same through the monitor.
fn stream(formula: &Formula, signals: &[(&str, &[f64])], n: usize) -> Result<Vec<f64>, LogicError> {
    let order: Vec<&[f64]> = formula
        .signals()
        .iter()
        .filter_map(|name| signals.iter().find(|(known, _)| known == name).map(|s| s.1))
        .collect();
    let mut monitor = Monitor::new(formula)?;
    let mut found = Vec::with_capacity(n);
    let mut values = Vec::with_capacity(order.len());
    for t in 0..n {
        values.clear();
        values.extend(order.iter().filter_map(|x| x.get(t)));
        found.extend(monitor.push(&values)?);
    }
    found.extend(monitor.finish()?);
    Ok(found)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RelationCase {
    a: [i64; 2],
    b: [i64; 2],
}

#[derive(Debug, thiserror::Error)]
#[error(
    "a span from `{begin}` to `{end}` holds nothing; hint: the end must be later than the begin"
)]
struct EmptySpan {
    begin: i64,
    end: i64,
}

#[derive(Serialize)]
struct RelationFound {
    relation: Relation,
    union: Intervals,
    intersection: Intervals,
    difference: Intervals,
}

fn related(case: &RelationCase) -> Result<RelationFound, EmptySpan> {
    let span = |[begin, end]: [i64; 2]| Span::new(begin, end).ok_or(EmptySpan { begin, end });
    let (a, b) = (span(case.a)?, span(case.b)?);
    let (left, right) = (Intervals::new([a]), Intervals::new([b]));
    Ok(RelationFound {
        relation: relation(a, b),
        union: left.union(&right),
        intersection: left.intersection(&right),
        difference: left.difference(&right),
    })
}

pub(crate) static MEASURES: &[Measure] = &[
    Measure {
        name: "logic.stl",
        about: About {
            title: "Robustness of a signal temporal logic formula at every sample",
            formula: "x >= c gives x - c, not -r, and min, or max, -> max(-a, b), <-> -|a - b|, xor |a - b|; always, eventually, historically, once [a:b] are extrema over the window, cut at the ends of the trace, inf or -inf wholly outside; p until[a:b] q = max over t' in the window of min(q(t'), min p before t'); since mirrored; rise = min(-prev, now). violations are the maximal runs below 0",
            defaults: "period 1 s per sample, online false (true runs the streaming monitor, which gives the same)",
            direction: Direction::Higher,
            blind_spots: "discrete time: what happens between samples is not seen; robustness mixes the units of the signals it compares; near the end of the trace windows are cut, so `always` there says little",
            peers: "rtamt 0.4.10, offline and discrete; its text gives prev(0) as -inf, its code computes inf, as here; a/b without spaces is one name there and a division here",
            source: "Donze and Maler 2010; Donze, Ferrere and Maler 2013; van Herk 1992",
        },
        example: r#"{"spec": "always[0:2] (ttc >= 1.5)", "signals": {"ttc": [4, 3, 2, 1, 2, 3]}}"#,
        run: |case| call(case, stl),
    },
    Measure {
        name: "logic.relation",
        about: About {
            title: "How two time spans lie to each other",
            formula: "one of Allen's thirteen relations of a to b, with union, intersection and difference; half-open spans [begin, end) in nanoseconds",
            defaults: "none",
            direction: Direction::Describes,
            blind_spots: "none",
            peers: "none",
            source: "Allen 1983",
        },
        example: r#"{"a": [0, 10], "b": [5, 20]}"#,
        run: |case| call(case, related),
    },
];
