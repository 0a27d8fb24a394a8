//! `label-errors`: labels that a model which did not see them is confident are others.

use super::predictions::{Predictions, Said};
use super::{Estimate, Source, undefined};
use crate::EngineError;
use fieldassay_measure::label_errors::{
    ConfidentJoint, FilterOptions, Predictions as Labeled, label_scores, ranked_issues,
};
use serde::Serialize;

pub use fieldassay_measure::label_errors::{Filter, Score};

/// Version of the JSON document.
pub const DOCUMENT_VERSION: u32 = 1;

/// Which labels, and which of them are suspected.
#[derive(Clone, Debug)]
pub struct Request {
    /// Probabilities of classes by models that did not see the item.
    pub predictions: Source,
    /// Labels given.
    pub labels: Source,
    /// How suspects are picked.
    pub filter: Filter,
    /// What they are ranked by.
    pub score: Score,
}

/// What `label-errors --json` promises.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// `fieldassay.label-errors`.
    pub schema: &'static str,
    /// [`DOCUMENT_VERSION`].
    pub version: u32,
    /// The probabilities.
    pub input: String,
    /// Items.
    pub n: usize,
    /// Names of classes.
    pub classes: Vec<String>,
    /// How suspects were picked.
    pub filter: Filter,
    /// What they are ranked by.
    pub score: Score,
    /// How many of the `n` labels are wrong by the calibrated confident joint: a count, without an interval.
    pub estimated_errors: Estimate,
    /// Class by class.
    pub per_class: Vec<Class>,
    /// Labels given for others, the most frequent first.
    pub confusions: Vec<Confusion>,
    /// Suspects, the most suspicious first.
    pub items: Vec<Item>,
    /// What was left out, and what to mind.
    pub notes: Vec<String>,
}

/// One class.
#[derive(Clone, Debug, Serialize)]
pub struct Class {
    /// Its name.
    pub label: String,
    /// Items with this label.
    pub n: usize,
    /// How many of them the joint takes for others.
    pub estimated_errors: u64,
    /// Suspects among them.
    pub suspects: usize,
    /// Probability from which on the model is confident of it; none where no item has the label.
    pub threshold: Option<f64>,
}

/// A label given where another is true.
#[derive(Clone, Debug, Serialize)]
pub struct Confusion {
    /// The label given.
    pub given: String,
    /// The true one, as far as the model is confident.
    pub suggested: String,
    /// Items by the calibrated joint.
    pub count: u64,
}

/// A label that is likely wrong.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    /// Its row, from 0.
    pub row: usize,
    /// Its name, where the table has a column `item`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// The label given.
    pub given: String,
    /// The most probable class.
    pub suggested: String,
    /// What it is ranked by; the lower the more suspicious.
    pub score: f64,
    /// Probability of the label given.
    pub self_confidence: f64,
    /// Probability of the suggested class.
    pub suggested_confidence: f64,
}

/// Says which labels are likely wrong.
///
/// Errors: tables that cannot be read or do not belong together, one confidence per item instead of probabilities of
/// classes, numbers that are no probabilities or do not add to 1, labels without a class. Cost: the table in memory, a few
/// passes and a selection per class.
pub fn run(request: &Request) -> Result<Document, EngineError> {
    let path = &request.predictions.path;
    let read = Predictions::read(&request.predictions, &request.labels, &[])?;
    let Said::Classes { names, p, labels } = &read.said else {
        return Err(undefined(
            path,
            "one column of numbers\nhint: a label can only be suspected in favor of another: give a column of probabilities for each class",
        ));
    };
    let labeled = Labeled::new(names.len(), p, labels).map_err(|error| undefined(path, error))?;
    let options = FilterOptions {
        filter: request.filter,
        ..FilterOptions::default()
    };
    let (joint, ranked) =
        ranked_issues(&labeled, options, request.score).map_err(|error| undefined(path, error))?;
    let scores = label_scores(&labeled, request.score);
    let name = |code: usize| names.get(code).cloned().unwrap_or_default();
    let item = |&row: &u32| {
        let row = row as usize;
        let suggested = labeled.predicted(row);
        let of = |class: usize| {
            p.get(row * names.len() + class)
                .copied()
                .unwrap_or(f64::NAN)
        };
        Item {
            row,
            item: read
                .items
                .as_ref()
                .and_then(|items| items.get(row).cloned()),
            given: name(labels.get(row).map_or(0, |label| *label as usize)),
            suggested: name(suggested),
            score: scores.get(row).copied().unwrap_or(f64::NAN),
            self_confidence: labeled.self_confidence(row),
            suggested_confidence: of(suggested),
        }
    };
    let mut notes = read.notes.clone();
    notes.push(
        "probabilities must be of models that did not see the item (cross-validation): a model that has learned a wrong label confirms it"
            .to_owned(),
    );
    Ok(Document {
        schema: "fieldassay.label-errors",
        version: DOCUMENT_VERSION,
        input: path.display().to_string(),
        n: labeled.len(),
        filter: request.filter,
        score: request.score,
        estimated_errors: Estimate::bare(joint.estimated_errors as f64, labeled.len()),
        per_class: per_class(&labeled, &joint, &ranked, names),
        confusions: confusions(&joint, names),
        items: ranked.iter().map(item).collect(),
        classes: names.clone(),
        notes,
    })
}

fn per_class(
    labeled: &Labeled<'_>,
    joint: &ConfidentJoint,
    ranked: &[u32],
    names: &[String],
) -> Vec<Class> {
    let mut suspects = vec![0_usize; names.len()];
    for &row in ranked {
        let label = labeled
            .labels
            .get(row as usize)
            .copied()
            .unwrap_or_default();
        if let Some(count) = suspects.get_mut(label as usize) {
            *count += 1;
        }
    }
    let rows = joint.calibrated.chunks_exact(names.len().max(1));
    let counts = labeled.label_counts().into_iter().zip(suspects);
    let classes = names.iter().zip(&joint.thresholds).zip(rows).zip(counts);
    classes
        .enumerate()
        .map(|(at, (((label, threshold), row), (n, suspects)))| Class {
            label: label.clone(),
            n,
            estimated_errors: row
                .iter()
                .enumerate()
                .filter(|(truth, _)| *truth != at)
                .map(|(_, count)| count)
                .sum(),
            suspects,
            threshold: (n > 0).then_some(*threshold),
        })
        .collect()
}

fn confusions(joint: &ConfidentJoint, names: &[String]) -> Vec<Confusion> {
    let mut found: Vec<(usize, u64)> = joint.calibrated.iter().copied().enumerate().collect();
    let width = names.len().max(1);
    found.retain(|(cell, count)| *count > 0 && cell / width != cell % width);
    found.sort_by_key(|(cell, count)| (std::cmp::Reverse(*count), *cell));
    let name = |code: usize| names.get(code).cloned().unwrap_or_default();
    let one = |(cell, count): (usize, u64)| Confusion {
        given: name(cell / width),
        suggested: name(cell % width),
        count,
    };
    found.into_iter().map(one).collect()
}
