//! `agree`: how much annotators agree, overall, per pair, category and annotator.

use super::table::Opened;
use super::{Estimate, Source, agree_chart, undefined};
use crate::EngineError;
use fieldassay_formats::table::{Codes, MISSING};
use fieldassay_measure::aggregation::Votes;
use fieldassay_measure::agreement::{self, AgreementError, AgreementReport};
use serde::Serialize;

pub use super::agree_chart::{Chart, Sample, svg};
pub use fieldassay_measure::agreement::Level;

/// Version of the JSON document.
pub const DOCUMENT_VERSION: u32 = 1;

/// Columns of a long table of votes.
pub(super) const PARTS: &[&str] = &["item", "annotator", "label", "category", "time"];

/// Which votes, and what their labels mean.
#[derive(Clone, Debug)]
pub struct Request {
    /// The votes, one per row.
    pub votes: Source,
    /// What differences of labels mean.
    pub level: Level,
    /// Column whose values are looked at one by one.
    pub by: Option<String>,
}

/// What `agree --json` promises.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// `fieldassay.agree`.
    pub schema: &'static str,
    /// [`DOCUMENT_VERSION`].
    pub version: u32,
    /// The file.
    pub input: String,
    /// What differences of labels mean.
    pub level: Level,
    /// Items with a vote.
    pub items: usize,
    /// People.
    pub annotators: usize,
    /// Votes that count.
    pub votes: usize,
    /// Labels given.
    pub labels: Vec<String>,
    /// Of all votes.
    pub overall: Overall,
    /// Two by two.
    pub pairs: Vec<Pair>,
    /// What [`Document::per_category`] is by: `label` (each against all others) or the column asked for.
    pub by: String,
    /// One by one.
    pub per_category: Vec<Category>,
    /// One by one.
    pub per_annotator: Vec<Annotator>,
    /// Disputed items over time; null without a column `time`.
    pub chart: Option<Chart>,
    /// What was left out, and what to mind.
    pub notes: Vec<String>,
}

/// Coefficients of all votes.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Overall {
    /// Krippendorff's alpha at the level.
    pub alpha: Estimate,
    /// Fleiss' kappa.
    pub fleiss: Estimate,
    /// Gwet's AC1.
    pub ac1: Estimate,
    /// Brennan and Prediger's coefficient.
    pub brennan_prediger: Estimate,
}

/// Two annotators.
#[derive(Clone, Debug, Serialize)]
pub struct Pair {
    /// One.
    pub a: String,
    /// The other.
    pub b: String,
    /// Cohen's kappa with the weights of the level; null where both only ever gave one label.
    pub kappa: Option<Estimate>,
    /// Share of equal labels.
    pub same: f64,
    /// Items both labeled.
    pub n: usize,
}

/// One label against all others, or the votes of one value of a column.
#[derive(Clone, Debug, Serialize)]
pub struct Category {
    /// The label, or the value.
    pub category: String,
    /// Krippendorff's alpha; null where it is not defined.
    pub alpha: Option<Estimate>,
    /// Gwet's AC1.
    pub ac1: Option<Estimate>,
    /// Votes.
    pub votes: usize,
}

/// One annotator against the others.
#[derive(Clone, Debug, Serialize)]
pub struct Annotator {
    /// Who.
    pub annotator: String,
    /// Share of equal labels over pairs with others.
    pub same: Option<f64>,
    /// Alpha minus alpha without this annotator: below 0 the others agree better alone.
    pub vitality: Option<f64>,
    /// Votes.
    pub votes: usize,
}

/// Rows that are votes, with the names behind their codes.
pub(super) struct Table {
    pub items: Codes,
    pub annotators: Codes,
    pub labels: Codes,
    pub votes: Votes,
    pub notes: Vec<String>,
}

impl Table {
    /// The votes of an opened table, or of those of its rows that are `wanted`. Errors: a column that is not there, an item
    /// or annotator that is empty, no vote at all.
    pub(super) fn new(source: &Source, table: &Opened<'_>) -> Result<Self, EngineError> {
        let items = table.full_codes("item")?;
        let annotators = table.full_codes("annotator")?;
        let labels = table.codes("label")?;
        let mut notes = Vec::new();
        let empty = labels.cells.iter().filter(|&&cell| cell == MISSING).count();
        if empty > 0 {
            notes.push(format!(
                "{empty} of {} rows have no label and do not count",
                table.rows()
            ));
        }
        let votes = votes(&items, &annotators, &labels, |_| true);
        let votes = votes.map_err(|error| undefined(&source.path, error))?;
        if votes.repeated() > 0 {
            notes.push(format!(
                "{} votes of an annotator on an item already labeled by them: the last one counts",
                votes.repeated()
            ));
        }
        Ok(Self {
            items,
            annotators,
            labels,
            votes,
            notes,
        })
    }
}

/// Votes of some rows; labels that are empty do not count.
fn votes(
    items: &Codes,
    annotators: &Codes,
    labels: &Codes,
    wanted: impl Fn(usize) -> bool,
) -> Result<Votes, fieldassay_measure::aggregation::VotesError> {
    let rows = || {
        let is_vote = |&(row, label): &(usize, &u32)| *label != MISSING && wanted(row);
        labels
            .cells
            .iter()
            .enumerate()
            .filter(is_vote)
            .map(|(row, _)| row)
    };
    let of = |codes: &Codes| -> Vec<u32> {
        rows()
            .filter_map(|row| codes.cells.get(row).copied())
            .collect()
    };
    let votes = Votes::from_rows(&of(items), &of(annotators), &of(labels))?;
    Ok(votes.with_labels(labels.names.len()))
}

/// Says how much annotators agree.
///
/// Errors: a table that cannot be read, labels without numbers at a level that needs them, no item with two votes, one
/// label only. Cost: the table in memory and a few passes; pairs of annotators are those that met.
pub fn run(request: &Request) -> Result<Document, EngineError> {
    let source = &request.votes;
    let mut parts = PARTS.to_vec();
    parts.extend(request.by.as_deref());
    let opened = Opened::new(source, &parts)?;
    let table = Table::new(source, &opened)?;
    let values = values(source, request.level, &table.labels)?;
    let report = agreement::agreement_report(&table.votes, request.level, &values);
    let report = report.map_err(|error| undefined(&source.path, error))?;
    let name =
        |codes: &Codes, code: u32| codes.names.get(code as usize).cloned().unwrap_or_default();
    let mut notes = table.notes.clone();
    let chart = if opened.has("time")? {
        // What agreement is does not hang on the chart.
        let chart = agree_chart::chart(source, &table, &opened.full_codes("time")?);
        chart.map_err(|error| notes.push(error.to_string())).ok()
    } else {
        None
    };
    // Without such a column the categories are the labels.
    let by = match request.by.as_deref() {
        Some("category") if !opened.has("category")? => None,
        other => other,
    };
    let per_category = match by {
        None => of_labels(&report, &table.labels),
        Some(by) => of_values(request, &opened.codes(by)?, &table, &values)?,
    };
    Ok(Document {
        schema: "fieldassay.agree",
        version: DOCUMENT_VERSION,
        input: source.path.display().to_string(),
        level: request.level,
        items: table
            .votes
            .iter()
            .filter(|(people, _)| !people.is_empty())
            .count(),
        annotators: table.annotators.names.len(),
        votes: table.votes.len(),
        overall: Overall {
            alpha: report.alpha,
            fleiss: report.fleiss,
            ac1: report.ac1,
            brennan_prediger: report.brennan_prediger,
        },
        pairs: report
            .pairs
            .iter()
            .map(|pair| Pair {
                a: name(&table.annotators, pair.a),
                b: name(&table.annotators, pair.b),
                kappa: pair.kappa,
                same: pair.same,
                n: pair.n,
            })
            .collect(),
        by: by.unwrap_or("label").to_owned(),
        per_category,
        per_annotator: report
            .annotators
            .iter()
            .map(|one| Annotator {
                annotator: name(&table.annotators, one.annotator),
                same: one.same,
                vitality: one.vitality,
                votes: one.votes,
            })
            .collect(),
        labels: table.labels.names,
        chart,
        notes,
    })
}

/// The values of labels. Errors: labels that are no numbers, at a level that needs them.
fn values(source: &Source, level: Level, labels: &Codes) -> Result<Vec<f64>, EngineError> {
    if let Some(values) = &labels.values {
        return Ok(values.clone());
    }
    let is_text = |name: &&String| name.trim().parse::<f64>().is_err();
    match (level, labels.names.iter().find(is_text)) {
        (Level::Nominal, _) | (_, None) => Ok((0..labels.names.len()).map(|i| i as f64).collect()),
        (_, Some(text)) => Err(EngineError::Request {
            message: format!(
                "`{}`: the label `{text}` is no number, so labels have no order or distance\nhint: give numbers, or `--level nominal`",
                source.path.display()
            ),
        }),
    }
}

fn of_labels(report: &AgreementReport, labels: &Codes) -> Vec<Category> {
    let name = |code: u32| labels.names.get(code as usize).cloned().unwrap_or_default();
    let one = |found: &agreement::CategoryAgreement| Category {
        category: name(found.label),
        alpha: found.alpha,
        ac1: found.ac1,
        votes: found.given,
    };
    report.per_category.iter().map(one).collect()
}

/// Agreement within each value of a column.
fn of_values(
    request: &Request,
    by: &Codes,
    table: &Table,
    values: &[f64],
) -> Result<Vec<Category>, EngineError> {
    let mut out = Vec::new();
    for (code, category) in (0_u32..).zip(&by.names) {
        let of_value = |row: usize| by.cells.get(row) == Some(&code);
        let count = (0..by.cells.len()).filter(|&row| of_value(row)).count();
        let found = votes(&table.items, &table.annotators, &table.labels, of_value)
            .map_err(AgreementError::from)
            .and_then(|votes| agreement::agreement_report(&votes, request.level, values));
        let (alpha, ac1) = match found {
            Ok(report) => (Some(report.alpha), Some(report.ac1)),
            // A value in which nothing can be compared leaves the others as they are.
            Err(
                AgreementError::NoVariation { .. }
                | AgreementError::NoPairs
                | AgreementError::Votes(_),
            ) => (None, None),
            Err(error) => {
                return Err(undefined(
                    &request.votes.path,
                    format!("`{category}`: {error}"),
                ));
            }
        };
        out.push(Category {
            category: category.clone(),
            alpha,
            ac1,
            votes: count,
        });
    }
    Ok(out)
}
