//! `votes`: one label per item from the votes of many, how sure it is, and how good each annotator is.

use super::agree::{PARTS, Table};
use super::table::Opened;
use super::{Estimate, Source, undefined};
use crate::EngineError;
use crate::output::{Output, refuse_other_form};
use fieldassay_formats::table::{Codes, MISSING};
use fieldassay_measure::aggregation::{
    self, EmOptions, GladOptions, Known, MaceOptions, SoftLabels, Votes, VotesError,
};
use serde::ser::{Serialize, Serializer};
use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;

/// Version of the JSON document.
pub const DOCUMENT_VERSION: u32 = 1;

/// How votes become labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// The label given most often.
    #[default]
    Mv,
    /// Dawid and Skene: who confuses what.
    Ds,
    /// One chance of being right per annotator.
    Onecoin,
    /// Abilities of annotators and difficulties of items.
    Glad,
    /// Who answers and who spams.
    Mace,
}

/// Which votes, and how they become labels.
#[derive(Clone, Debug)]
pub struct Request {
    /// The votes, one per row.
    pub votes: Source,
    /// True labels of some items.
    pub truth: Option<Source>,
    /// How votes become labels.
    pub method: Method,
    /// Rounds at most, where the method has them; its own when none.
    pub iterations: Option<usize>,
    /// When it stops, where the method has that; its own when none.
    pub tolerance: Option<f64>,
    /// Seed of starts drawn at random (`mace`); none where it was not given.
    pub seed: Option<u64>,
}

/// What `votes --json` promises.
#[derive(Debug, serde::Serialize)]
pub struct Document {
    /// `fieldassay.votes`.
    pub schema: &'static str,
    /// [`DOCUMENT_VERSION`].
    pub version: u32,
    /// The file.
    pub input: String,
    /// How votes became labels.
    pub method: Method,
    /// Votes that count.
    pub votes: usize,
    /// Labels given; `soft` of items is in their order.
    pub labels: Vec<String>,
    /// Share of items whose label is the true one, over items with a truth; labels that are tied count by their share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Estimate>,
    /// The same for the majority vote, where another method was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub majority_accuracy: Option<Estimate>,
    /// Rounds it took; none where the method has none.
    pub rounds: Option<usize>,
    /// Whether it stopped because nothing changed any more; none where the method does not tell.
    pub converged: Option<bool>,
    /// One by one, in the order of their names.
    pub annotators: Vec<Annotator>,
    /// What was left out, and what to mind.
    pub notes: Vec<String>,
    /// One by one, in the order of their names.
    pub items: Items,
}

/// One annotator.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Annotator {
    /// Who.
    pub annotator: String,
    /// Chance that a vote is right, judged by the labels found.
    pub quality: Option<Estimate>,
    /// What of it is above guessing by the shares of labels.
    pub above_chance: Option<f64>,
    /// What the method holds of the annotator: the chance to be right (`onecoin`), the ability (`glad`; 0 guesses), the
    /// chance to answer instead of spamming (`mace`); none for the others.
    pub skill: Option<f64>,
    /// Votes.
    pub votes: usize,
}

/// Items with their labels, made one by one when they are looked at.
#[derive(Debug)]
pub struct Items {
    names: Vec<String>,
    labels: Vec<String>,
    counts: Vec<u32>,
    soft: SoftLabels,
}

/// One item.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Item<'a> {
    /// Which.
    pub item: &'a str,
    /// Its label; none for an item without a vote. Of labels that are tied the first.
    pub label: Option<&'a str>,
    /// Probability of the label.
    pub confidence: Option<f64>,
    /// Whether another label is as probable.
    pub tied: bool,
    /// Votes.
    pub votes: u32,
    /// Probability of each label, in the order of the document's `labels`; empty without a vote.
    pub soft: &'a [f64],
}

impl Items {
    /// How many.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Each in turn.
    pub fn iter(&self) -> impl Iterator<Item = Item<'_>> {
        let counted = self.names.iter().zip(&self.counts);
        counted.enumerate().map(|(at, (item, &votes))| {
            if votes == 0 {
                return Item {
                    item,
                    label: None,
                    confidence: None,
                    tied: false,
                    votes,
                    soft: &[],
                };
            }
            let choice = self.soft.choice(at);
            Item {
                item,
                label: self.labels.get(choice.label as usize).map(String::as_str),
                confidence: Some(choice.probability),
                tied: choice.is_tied,
                votes,
                soft: self.soft.of(at),
            }
        })
    }
}

impl Serialize for Items {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// What a method finds.
struct Found {
    soft: SoftLabels,
    skills: Vec<f64>,
    rounds: Option<usize>,
    converged: Option<bool>,
}

impl Found {
    fn of_soft(soft: SoftLabels) -> Self {
        Self {
            soft,
            skills: Vec::new(),
            rounds: None,
            converged: None,
        }
    }
}

/// Finds one label per item.
///
/// Errors: a table that cannot be read, a single label (but by majority), options a method does not have, truth of none of
/// the items. Cost: the table in memory; per round one pass over votes and `items * labels` probabilities.
pub fn run(request: &Request) -> Result<Document, EngineError> {
    check_options(request)?;
    let source = &request.votes;
    let opened = Opened::new(source, PARTS)?;
    let table = Table::new(source, &opened)?;
    drop(opened);
    let Table {
        items,
        annotators,
        labels,
        votes,
        mut notes,
    } = table;
    let of_votes = |error: VotesError| match error {
        VotesError::OneLabel { .. } => undefined(
            &source.path,
            format!("{error}; `--method mv` still counts them"),
        ),
        other => undefined(&source.path, other),
    };
    let found = found(request, &votes).map_err(of_votes)?;
    let (mut accuracy, mut majority_accuracy) = (None, None);
    if let Some(truth) = &request.truth {
        let truth = true_labels(truth, &items, &labels, &votes, &mut notes)?;
        accuracy = aggregation::accuracy(&found.soft, &truth).map_err(of_votes)?;
        if request.method != Method::Mv {
            let shares = aggregation::soft_labels(&votes, 0.0).map_err(of_votes)?;
            majority_accuracy = aggregation::accuracy(&shares, &truth).map_err(of_votes)?;
        }
    }
    let annotators = people(request.method, &votes, &found, annotators.names).map_err(of_votes)?;
    let count = |(people, _): (&[u32], &[u32])| u32::try_from(people.len()).unwrap_or(u32::MAX);
    let mut counts: Vec<u32> = votes.iter().map(count).collect();
    // Items all of whose labels are empty have a name and no votes.
    counts.resize(items.names.len(), 0);
    let mut document = Document {
        schema: "fieldassay.votes",
        version: DOCUMENT_VERSION,
        input: source.path.display().to_string(),
        method: request.method,
        votes: votes.len(),
        labels: labels.names.clone(),
        accuracy,
        majority_accuracy,
        rounds: found.rounds,
        converged: found.converged,
        annotators,
        notes,
        items: Items {
            names: items.names,
            labels: labels.names,
            counts,
            soft: found.soft,
        },
    };
    explain(&mut document);
    Ok(document)
}

/// Notes on what was found.
fn explain(document: &mut Document) {
    if document.converged == Some(false) {
        document.notes.push(format!(
            "it still changed after {} rounds; `--iterations` allows more",
            document.rounds.unwrap_or_default()
        ));
    }
    let tied = document.items.iter().filter(|item| item.tied).count();
    if tied > 0 {
        let share = if document.accuracy.is_some() {
            ", and each counts by its share in the accuracy"
        } else {
            ""
        };
        document.notes.push(format!(
            "{tied} items have labels that are tied; the first of them is given{share}"
        ));
    }
}

/// Refuses options the method does not have.
fn check_options(request: &Request) -> Result<(), EngineError> {
    let method = request.method;
    let has_rounds = method != Method::Mv;
    let has_tolerance = has_rounds && method != Method::Mace;
    let wrong = [
        ("--iterations", request.iterations.is_some(), has_rounds),
        ("--tolerance", request.tolerance.is_some(), has_tolerance),
        ("--seed", request.seed.is_some(), method == Method::Mace),
    ];
    if let Some((option, ..)) = wrong.iter().find(|(_, is_given, has)| *is_given && !has) {
        return Err(EngineError::Request {
            message: format!(
                "`{option}` has no meaning for this method\nhint: leave it out, or choose another `--method`"
            ),
        });
    }
    if request.iterations == Some(0) {
        return Err(EngineError::Request {
            message: "`--iterations` is `0`\nhint: at least one round is needed".to_owned(),
        });
    }
    if request.tolerance.is_some_and(f64::is_nan) {
        return Err(EngineError::Request {
            message: "`--tolerance` is `NaN`\nhint: give a number; below 0 all rounds are run"
                .to_owned(),
        });
    }
    Ok(())
}

fn found(request: &Request, votes: &Votes) -> Result<Found, VotesError> {
    let em = EmOptions {
        iterations: request
            .iterations
            .unwrap_or(EmOptions::default().iterations),
        tolerance: request.tolerance.unwrap_or(EmOptions::default().tolerance),
    };
    Ok(match request.method {
        Method::Mv => Found::of_soft(aggregation::soft_labels(votes, 0.0)?),
        Method::Ds => {
            let found = aggregation::dawid_skene(votes, Known::default(), em)?;
            Found {
                rounds: Some(found.elbo.len()),
                converged: Some(found.is_converged),
                ..Found::of_soft(found.soft)
            }
        }
        Method::Onecoin => {
            let found = aggregation::one_coin(votes, em)?;
            Found {
                soft: found.soft,
                skills: found.skills,
                rounds: Some(found.elbo.len()),
                converged: Some(found.is_converged),
            }
        }
        Method::Glad => {
            let usual = GladOptions::default();
            let options = GladOptions {
                iterations: request.iterations.unwrap_or(usual.iterations),
                tolerance: request.tolerance.unwrap_or(usual.tolerance),
            };
            let found = aggregation::glad(votes, options)?;
            Found {
                soft: found.soft,
                skills: found.abilities,
                rounds: Some(found.elbo.len()),
                converged: Some(found.is_converged),
            }
        }
        Method::Mace => {
            let usual = MaceOptions::default();
            let options = MaceOptions {
                iterations: request.iterations.unwrap_or(usual.iterations),
                seed: request.seed.unwrap_or(1),
                ..usual
            };
            let found = aggregation::mace(votes, options)?;
            Found {
                soft: found.soft,
                skills: found.spamming.iter().map(|[_, answers]| *answers).collect(),
                rounds: Some(options.iterations),
                converged: None,
            }
        }
    })
}

/// Annotators with their quality: by the probabilities of labels, or for the majority vote by the labels it decides for.
fn people(
    method: Method,
    votes: &Votes,
    found: &Found,
    names: Vec<String>,
) -> Result<Vec<Annotator>, VotesError> {
    let quality = if method == Method::Mv {
        aggregation::annotator_quality(votes, &aggregation::decided(&found.soft))?
    } else {
        aggregation::annotator_quality(votes, &found.soft)?
    };
    // An annotator all of whose labels are empty has a name and no votes.
    let mut quality = quality.into_iter();
    let mut skills = found.skills.iter();
    let one = |annotator: String| {
        let quality = quality.next().flatten();
        let skill = skills.next().copied();
        Annotator {
            annotator,
            quality: quality.map(|q| q.accuracy),
            above_chance: quality.and_then(|q| q.above_chance),
            skill: skill.filter(|_| quality.is_some()),
            votes: quality.map_or(0, |q| q.accuracy.n),
        }
    };
    Ok(names.into_iter().map(one).collect())
}

/// Items with a vote and their true labels; a label that nobody gave gets a code beyond those of votes.
fn true_labels(
    source: &Source,
    items: &Codes,
    labels: &Codes,
    votes: &Votes,
    notes: &mut Vec<String>,
) -> Result<Vec<(u32, u32)>, EngineError> {
    let opened = Opened::new(source, &["item", "label"])?;
    let (their_items, their_labels) = (opened.full_codes("item")?, opened.full_codes("label")?);
    let numbers = |names: &[String], other: &[String]| -> Vec<u32> {
        let known: HashMap<&str, u32> = other.iter().map(String::as_str).zip(0..).collect();
        let of = |name: &String| known.get(name.as_str()).copied().unwrap_or(MISSING);
        names.iter().map(of).collect()
    };
    let item_of = numbers(&their_items.names, &items.names);
    let label_of = numbers(&their_labels.names, &labels.names);
    let mut given: Vec<Option<u32>> = vec![None; their_items.names.len()];
    let (mut truth, mut without_votes, mut never_given) = (Vec::new(), 0_usize, 0_usize);
    let rows = their_items
        .cells
        .iter()
        .zip(&their_labels.cells)
        .enumerate();
    for (row, (&item, &label)) in rows {
        if let Some(place) = given.get_mut(item as usize)
            && let Some(before) = place.replace(label)
        {
            if before == label {
                continue;
            }
            let name = their_items.names.get(item as usize);
            return Err(opened.bad_row(
                row,
                &format!(
                    "the item `{}` has another label before\nhint: give one truth per item",
                    name.map_or("", String::as_str)
                ),
            ));
        }
        let code = item_of.get(item as usize).copied().unwrap_or(MISSING);
        let is_voted =
            (code as usize) < votes.items() && !votes.labels_of(code as usize).is_empty();
        if !is_voted {
            without_votes += 1;
            continue;
        }
        let label = label_of.get(label as usize).copied().unwrap_or(MISSING);
        never_given += usize::from(label == MISSING);
        truth.push((code, label));
    }
    if truth.is_empty() {
        return Err(undefined(
            &source.path,
            "none of its items has a vote\nhint: items are compared by their names; `--truth-columns item=NAME,label=NAME` says where they are",
        ));
    }
    if without_votes > 0 {
        notes.push(format!(
            "{without_votes} items of the truth have no vote and do not count"
        ));
    }
    if never_given > 0 {
        notes.push(format!(
            "{never_given} true labels were never given by anybody, so these items are wrong"
        ));
    }
    Ok(truth)
}

/// An error where the table of labels would replace something, or its name promises another form; ask before the work.
pub fn refuse(path: &Path, force: bool) -> Result<(), EngineError> {
    refuse_other_form(path, force, ("csv", "labels are written as CSV"))
}

/// Writes `item,label,confidence,votes`, one row per item.
pub fn write(document: &Document, path: &Path, force: bool) -> Result<(), EngineError> {
    let mut output = Output::create(path, force)?;
    let mut write = || {
        writeln!(output, "item,label,confidence,votes")?;
        for item in document.items.iter() {
            cell(&mut output, item.item)?;
            write!(output, ",")?;
            cell(&mut output, item.label.unwrap_or_default())?;
            match item.confidence {
                Some(confidence) => writeln!(output, ",{confidence},{}", item.votes)?,
                None => writeln!(output, ",,{}", item.votes)?,
            }
        }
        Ok(())
    };
    write().map_err(|error| EngineError::io("write", path, error))?;
    output.finish()
}

/// A cell of CSV (RFC 4180).
fn cell(to: &mut impl std::io::Write, text: &str) -> std::io::Result<()> {
    if text.contains([',', '"', '\n', '\r']) {
        write!(to, "\"{}\"", text.replace('"', "\"\""))
    } else {
        write!(to, "{text}")
    }
}
