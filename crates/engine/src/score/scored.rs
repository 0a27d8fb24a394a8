//! Estimates, intervals and slices of any benchmark.
//!
//! Read [`Scored`] first: a benchmark matches once and then gives all its numbers for any weights of its items, so that
//! drawing units again and looking at slices need no second matching.

use super::Request;
use super::document::{DOCUMENT_VERSION, Node, Number, Rule, ScoreDocument, Slice, Slices};
use crate::EngineError;
use fieldassay_measure::detection::{draws, percentiles};
use fieldassay_measure::stats::Interval;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Makes every number, in the order of the paths; none of them where no score is defined. Weights go by item, each
/// counts once where there are none.
pub(super) type Numbers = Box<dyn Fn(Option<&[u32]>) -> Vec<Option<f64>> + Send + Sync>;

/// A benchmark, matched.
pub(super) struct Scored {
    /// What units are.
    pub(super) unit: &'static str,
    /// Unit of each item that can be weighted: image, sample, sweep, sequence.
    pub(super) units: Vec<u32>,
    /// Where each number of the summary stands.
    pub(super) summary: Vec<Vec<String>>,
    /// Where each number by class stands; these follow those of the summary.
    pub(super) per_class: Vec<Vec<String>>,
    pub(super) numbers: Numbers,
    /// Names of items whose numbers are shown one by one; empty where they are not.
    pub(super) sequences: Vec<String>,
    pub(super) sliced: Option<Sliced>,
    pub(super) rules: Vec<Rule>,
    pub(super) notes: Vec<String>,
}

/// How slices are cut.
pub(super) enum Sliced {
    /// By the value of each item.
    Items(Vec<Option<String>>),
    /// Matched apart, by value.
    Apart(Vec<(Option<String>, Numbers)>),
}

/// Slices that are matched apart, at most.
pub(super) const MOST_SLICES: usize = 1000;

/// More values than slices are made of.
pub(super) fn too_many(by: &str, values: usize) -> EngineError {
    EngineError::Request {
        message: format!(
            "`--by {by}` has {values} values, more than {MOST_SLICES}\nhint: slices are by a field of few values"
        ),
    }
}

/// A path of names.
pub(super) fn path<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).to_vec()
}

/// Draws held at once.
const BATCH: usize = 64;

impl Scored {
    /// The document.
    pub(super) fn document(&self, request: &Request) -> ScoreDocument {
        let all = vec![true; self.units.len()];
        let (summary, per_class) = self.part(&self.numbers, &all, request);
        let mut per_sequence = Node::default();
        for (at, name) in self.sequences.iter().enumerate() {
            let mut weights = vec![0; self.units.len()];
            if let Some(weight) = weights.get_mut(at) {
                *weight = 1;
            }
            let values = (self.numbers)(Some(&weights));
            for (i, path) in self.summary.iter().enumerate() {
                let estimate = values.get(i).copied().flatten();
                let path: Vec<String> = std::iter::once(name).chain(path).cloned().collect();
                let (low, high) = (None, None);
                per_sequence.put(
                    &path,
                    Number {
                        estimate,
                        low,
                        high,
                        n: 1,
                    },
                );
            }
        }
        let by = request.by.as_ref().zip(self.sliced.as_ref());
        ScoreDocument {
            schema: "fieldassay.score",
            version: DOCUMENT_VERSION,
            benchmark: request.benchmark.name(),
            labels: request.labels.display().to_string(),
            predictions: request.predictions.display().to_string(),
            unit: self.unit,
            rules: self.rules.clone(),
            bootstrap: request.bootstrap,
            summary,
            per_class,
            per_sequence,
            slices: by.map(|(by, sliced)| Slices {
                by: by.clone(),
                values: self.slices(sliced, request),
            }),
            notes: self.notes(request),
        }
    }

    /// The notes of the benchmark, and why there are no intervals where some were asked for.
    fn notes(&self, request: &Request) -> Vec<String> {
        let mut units = self.units.clone();
        units.sort_unstable();
        units.dedup();
        let mut notes = self.notes.clone();
        if request.bootstrap.is_some() && units.len() < 2 {
            notes.push(format!(
                "intervals come from drawing {} again, which takes at least two of them",
                self.unit
            ));
        }
        notes
    }

    fn slices(&self, sliced: &Sliced, request: &Request) -> Vec<Slice> {
        let slice = |value: &Option<String>, numbers: &Numbers, items: &[bool]| {
            let (summary, per_class) = self.part(numbers, items, request);
            Slice {
                value: value.clone(),
                summary,
                per_class,
            }
        };
        match sliced {
            Sliced::Items(values) => {
                let mut known: BTreeMap<&Option<String>, Vec<bool>> = BTreeMap::new();
                for (at, value) in values.iter().enumerate() {
                    let items = known
                        .entry(value)
                        .or_insert_with(|| vec![false; self.units.len()]);
                    if let Some(item) = items.get_mut(at) {
                        *item = true;
                    }
                }
                let parts = known.into_iter();
                parts
                    .map(|(value, items)| slice(value, &self.numbers, &items))
                    .collect()
            }
            Sliced::Apart(parts) => {
                let all = vec![true; self.units.len()];
                parts
                    .iter()
                    .map(|(value, numbers)| slice(value, numbers, &all))
                    .collect()
            }
        }
    }

    /// Summary and numbers by class of some of the items.
    fn part(&self, numbers: &Numbers, items: &[bool], request: &Request) -> (Node, Node) {
        let is_whole = items.iter().all(|is_in| *is_in);
        let mask: Vec<u32> = items.iter().map(|is_in| u32::from(*is_in)).collect();
        let values = numbers((!is_whole).then_some(&mask));
        let mut own: Vec<u32> = (self.units.iter().zip(items))
            .filter(|(_, is_in)| **is_in)
            .map(|(unit, _)| *unit)
            .collect();
        own.sort_unstable();
        own.dedup();
        let intervals = self.intervals(numbers, (items, &values), &own, request);
        let number = |i: usize| {
            let interval = intervals.get(i).copied().flatten();
            Number {
                estimate: values.get(i).copied().flatten(),
                low: interval.map(|interval| interval.low),
                high: interval.map(|interval| interval.high),
                n: own.len(),
            }
        };
        let (mut summary, mut per_class) = (Node::default(), Node::default());
        for (i, path) in self.summary.iter().enumerate() {
            summary.put(path, number(i));
        }
        for (i, path) in self.per_class.iter().enumerate() {
            per_class.put(path, number(self.summary.len() + i));
        }
        (summary, per_class)
    }

    /// Intervals of `values` by drawing the units that have items, whose other items stay out. The draws do not depend on how they
    /// are shared among threads.
    fn intervals(
        &self,
        numbers: &Numbers,
        (items, values): (&[bool], &[Option<f64>]),
        own: &[u32],
        request: &Request,
    ) -> Vec<Option<Interval>> {
        let Some(how) = request.bootstrap else {
            return Vec::new();
        };
        let weights = |drawn: &Vec<u32>| -> Vec<u32> {
            let weight = |(unit, is_in): (&u32, &bool)| {
                let at = own.binary_search(unit).ok().filter(|_| *is_in);
                at.and_then(|at| drawn.get(at).copied()).unwrap_or(0)
            };
            self.units.iter().zip(items).map(weight).collect()
        };
        let mut draws = draws(own.len(), how);
        let mut found = Vec::new();
        loop {
            let batch: Vec<Vec<u32>> = draws.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                break;
            }
            let made = batch.par_iter().map(|drawn| numbers(Some(&weights(drawn))));
            found.extend(made.collect::<Vec<_>>());
        }
        percentiles(own.len(), how, values, found)
    }
}
