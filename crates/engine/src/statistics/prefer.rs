//! `prefer`: which item is better, from comparisons of pairs.

use super::table::Opened;
use super::{Estimate, Source, undefined};
use crate::EngineError;
use fieldassay_formats::table::{Codes, MISSING};
use fieldassay_measure::aggregation::Votes;
use fieldassay_measure::agreement::{self, Level};
use fieldassay_measure::preference::{
    self, Comparisons, CrowdOptions, FitOptions, FitTest, Outcome, Pairs, Penalty, PreferenceError,
    TieModel, Vote,
};
use fieldassay_measure::stats::Resampling;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Version of the JSON document.
pub const DOCUMENT_VERSION: u32 = 1;

/// Columns of a table of comparisons.
const PARTS: &[&str] = &["left", "right", "winner", "annotator", "weight"];

/// Items above which the test of one order is by chi-square alone: each draw is a fit.
const MOST_DRAWN_ITEMS: usize = 200;

/// Items above which no covariance is made: `items^2` numbers and `items^3` steps.
const MOST_WITH_INTERVALS: usize = 3000;

/// Strengths that differ by less are equal: it is the rounding of the fit.
const SAME: f64 = 1e-8;

/// Groups and items named in a message.
const SHOWN: usize = 6;

/// What a tie is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ties {
    /// Half a win for either: Bradley and Terry.
    Half,
    /// Davidson 1970.
    Davidson,
    /// Rao and Kupper 1967.
    RaoKupper,
}

/// Which comparisons, and how they are read.
#[derive(Clone, Debug)]
pub struct Request {
    /// The comparisons, one per row.
    pub pairs: Source,
    /// What a tie is.
    pub ties: Ties,
    /// Wins and losses of every item against one of strength 1, where the comparisons alone cannot place all.
    pub penalty: Option<f64>,
    /// Draws of the test of one order.
    pub resampling: Resampling,
}

/// What `prefer --json` promises.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// `fieldassay.prefer`.
    pub schema: &'static str,
    /// [`DOCUMENT_VERSION`].
    pub version: u32,
    /// The file.
    pub input: String,
    /// What a tie is.
    pub ties: Ties,
    /// Comparisons that count.
    pub comparisons: usize,
    /// How many of them are ties.
    pub tied: usize,
    /// Best first.
    pub items: Vec<Item>,
    /// Davidson's `nu` or Rao and Kupper's `eta`; null where ties count half.
    pub tie_parameter: Option<Estimate>,
    /// Is there one order?
    pub intransitivity: Intransitivity,
    /// Log odds that being left adds; null where it cannot be told.
    pub left_side: Option<Side>,
    /// Annotators, where there are any.
    pub annotators: Option<Annotators>,
    /// What was left out, and what to mind.
    pub notes: Vec<String>,
}

/// One item.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    /// Its name.
    pub item: String,
    /// 1 is the best.
    pub rank: usize,
    /// Logarithm of its strength, mean 0 over items: a difference of `d` wins with odds of `e^d`. `n` counts comparisons.
    pub strength: Estimate,
    /// Sum of weights of its wins.
    pub wins: f64,
    /// Of its losses.
    pub losses: f64,
    /// Of its ties.
    pub ties: f64,
}

/// Cycles, and a test of one order.
#[derive(Clone, Debug, Serialize)]
pub struct Intransitivity {
    /// Triples of items in which all three pairs have a majority.
    pub triads: u64,
    /// Those that go in a circle.
    pub cyclic: u64,
    /// Circles expected if every majority were a coin.
    pub cyclic_if_random: f64,
    /// Items inside which majorities go in circles.
    pub cycles: Vec<Vec<String>>,
    /// Does one order with strengths explain the wins? A small p says no; null where it cannot be told.
    pub test: Option<FitTest>,
}

/// Does being left decide?
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Side {
    /// Log odds.
    pub log_odds: Estimate,
    /// Two-sided p of none.
    pub p: f64,
}

/// Who compared.
#[derive(Clone, Debug, Serialize)]
pub struct Annotators {
    /// Krippendorff's alpha over pairs of items that several compared; null where none was, or all say the same.
    pub alpha: Option<Estimate>,
    /// Share of answers that go against the strengths by the annotator-aware model; ties do not count.
    pub flip_rate: Option<f64>,
    /// One by one.
    pub each: Vec<Annotator>,
}

/// One annotator.
#[derive(Clone, Debug, Serialize)]
pub struct Annotator {
    /// Who.
    pub annotator: String,
    /// Comparisons.
    pub comparisons: usize,
    /// Probability to answer by the strengths (Crowd-BT): 1/2 guesses, below turns around. Null without a decided answer.
    pub reliability: Option<f64>,
    /// Share of equal answers over pairs of items others compared too.
    pub same: Option<f64>,
}

/// Comparisons as read.
struct Read {
    names: Vec<String>,
    left: Vec<u32>,
    right: Vec<u32>,
    outcomes: Vec<Outcome>,
    weights: Option<Vec<f64>>,
    annotators: Option<(Vec<u32>, Vec<String>)>,
    notes: Vec<String>,
}

impl Read {
    fn new(source: &Source) -> Result<Self, EngineError> {
        let table = Opened::new(source, PARTS)?;
        let sides = [table.full_codes("left")?, table.full_codes("right")?];
        let winners = table.codes("winner")?;
        let weights = if table.has("weight")? {
            Some(table.full_numbers("weight")?)
        } else {
            None
        };
        let annotators = if table.has("annotator")? {
            Some(table.full_codes("annotator")?)
        } else {
            None
        };
        let items = items_of(&sides);
        let [left, right] = sides.each_ref().map(|codes| in_common(codes, &items));
        let mut out = Self {
            names: items.keys().map(|name| (*name).to_owned()).collect(),
            left: Vec::new(),
            right: Vec::new(),
            outcomes: Vec::new(),
            weights: weights.as_ref().map(|_| Vec::new()),
            annotators: annotators
                .as_ref()
                .map(|codes| (Vec::new(), codes.names.clone())),
            notes: Vec::new(),
        };
        let mut itself = 0;
        for row in 0..table.rows() {
            let at = |cells: &[u32]| cells.get(row).copied().unwrap_or(MISSING);
            let (a, b) = (at(&left), at(&right));
            let code = at(&winners.cells);
            let word = winners
                .names
                .get(code as usize)
                .map_or("", |name| name.trim());
            let Some(outcome) = outcome(word, (a, b), &items) else {
                let name = |code: u32| out.names.get(code as usize).map_or("", String::as_str);
                let what = format!(
                    "the winner is `{word}`, neither `{}` nor `{}`\nhint: name the left or the right item, or `tie`, or leave it empty for a tie",
                    name(a),
                    name(b)
                );
                return Err(table.bad_row(row, &what));
            };
            if a == b {
                itself += 1;
                continue;
            }
            out.left.push(a);
            out.right.push(b);
            out.outcomes.push(outcome);
            if let (Some(to), Some(from)) = (&mut out.weights, &weights) {
                to.extend(from.get(row));
            }
            if let (Some((to, _)), Some(from)) = (&mut out.annotators, &annotators) {
                to.push(at(&from.cells));
            }
        }
        if itself > 0 {
            out.notes.push(format!(
                "{itself} comparisons of an item with itself do not count"
            ));
        }
        Ok(out)
    }

    fn comparisons(&self) -> Comparisons<'_> {
        Comparisons {
            items: self.names.len(),
            left: &self.left,
            right: &self.right,
            outcomes: Some(&self.outcomes),
            weights: self.weights.as_deref(),
        }
    }

    fn name(&self, code: u32) -> String {
        self.names.get(code as usize).cloned().unwrap_or_default()
    }
}

/// Items of both columns by name.
fn items_of(sides: &[Codes; 2]) -> BTreeMap<&str, u32> {
    let names = sides.iter().flat_map(|codes| &codes.names);
    let all: BTreeSet<&str> = names.map(String::as_str).collect();
    all.into_iter().zip(0..).collect()
}

/// Cells of a column by codes that both columns share.
fn in_common(codes: &Codes, items: &BTreeMap<&str, u32>) -> Vec<u32> {
    let of: Vec<u32> = (codes.names.iter())
        .map(|name| items.get(name.as_str()).copied().unwrap_or(MISSING))
        .collect();
    let cell = |code: &u32| of.get(*code as usize).copied().unwrap_or(MISSING);
    codes.cells.iter().map(cell).collect()
}

/// What a winner says: the name of an item wins over the words `left`, `right` and `tie`.
fn outcome(word: &str, (left, right): (u32, u32), items: &BTreeMap<&str, u32>) -> Option<Outcome> {
    match items.get(word) {
        Some(&item) if item == left => Some(Outcome::Left),
        Some(&item) if item == right => Some(Outcome::Right),
        None if word.is_empty() || word.eq_ignore_ascii_case("tie") => Some(Outcome::Tie),
        None if word.eq_ignore_ascii_case("left") => Some(Outcome::Left),
        None if word.eq_ignore_ascii_case("right") => Some(Outcome::Right),
        _ => None,
    }
}

/// Strengths of items, best first, with what ties and circles say.
///
/// Errors: a table that cannot be read, a winner that is neither item, comparisons that do not connect the items, a model
/// of ties without ties. Cost: some dozen passes, `items^3` for intervals.
pub fn run(request: &Request) -> Result<Document, EngineError> {
    let source = &request.pairs;
    let read = Read::new(source)?;
    let comparisons = read.comparisons();
    let pairs = Pairs::count(&comparisons);
    let pairs = pairs.map_err(|error| undefined(&source.path, error))?;
    let mut notes = read.notes.clone();
    let fitted = fit(request, &read, &pairs, &mut notes)
        .map_err(|error| explained(source, &read, &pairs, error))?;
    let tied = (read.outcomes.iter())
        .filter(|outcome| **outcome == Outcome::Tie)
        .count();
    if tied > 0 && request.ties == Ties::Half {
        notes.push(format!(
            "{tied} ties count half a win for either; `--ties davidson` gives them a parameter"
        ));
    }
    let side = preference::side_bias(&comparisons).ok();
    Ok(Document {
        schema: "fieldassay.prefer",
        version: DOCUMENT_VERSION,
        input: source.path.display().to_string(),
        ties: request.ties,
        comparisons: read.left.len(),
        tied,
        items: items(&read, &pairs, &fitted.strengths),
        tie_parameter: fitted.tie,
        intransitivity: circles(request, &read, &pairs),
        left_side: side.map(|found| Side {
            log_odds: found.left,
            p: found.p,
        }),
        annotators: annotators(&read, &mut notes),
        notes,
    })
}

/// Strengths with intervals, and the parameter of ties.
struct Fitted {
    strengths: Vec<Estimate>,
    tie: Option<Estimate>,
}

fn fit(
    request: &Request,
    read: &Read,
    pairs: &Pairs,
    notes: &mut Vec<String>,
) -> Result<Fitted, PreferenceError> {
    let bare = |strengths: &[f64]| preference::strengths(pairs, strengths, &[]);
    if let Some(penalty) = request.penalty {
        let found = preference::penalized(pairs, Penalty::VirtualItem(penalty))?;
        notes.push(format!(
            "strengths are drawn to each other by {penalty} wins and losses against an item of strength 1, and have no intervals"
        ));
        return Ok(Fitted {
            strengths: bare(&found.log_strengths),
            tie: None,
        });
    }
    let is_small = read.names.len() <= MOST_WITH_INTERVALS;
    if !is_small {
        notes.push(format!(
            "{} items are too many for intervals, {MOST_WITH_INTERVALS} are the most",
            read.names.len()
        ));
    }
    let (model, found) = match request.ties {
        Ties::Half => {
            let found = preference::bradley_terry(pairs, FitOptions::default())?;
            let strengths = if is_small {
                let covariance = covariance(read, pairs, &found.log_strengths, notes)?;
                preference::strengths(pairs, &found.log_strengths, &covariance)
            } else {
                bare(&found.log_strengths)
            };
            return Ok(Fitted {
                strengths,
                tie: None,
            });
        }
        Ties::Davidson => (TieModel::Davidson, preference::davidson(pairs)?),
        Ties::RaoKupper => (TieModel::RaoKupper, preference::rao_kupper(pairs)?),
    };
    if !is_small {
        return Ok(Fitted {
            strengths: bare(&found.theta_sum0),
            tie: Some(Estimate::bare(found.tie, read.left.len())),
        });
    }
    if read.annotators.is_some() {
        notes.push(
            "intervals of a model of ties take comparisons as independent; those without know the annotators".to_owned(),
        );
    }
    let (strengths, tie) = preference::tie_strengths(pairs, &found, model)?;
    Ok(Fitted {
        strengths,
        tie: Some(tie),
    })
}

/// By annotators where there are several, whose comparisons are alike.
fn covariance(
    read: &Read,
    pairs: &Pairs,
    strengths: &[f64],
    notes: &mut Vec<String>,
) -> Result<Vec<f64>, PreferenceError> {
    const FEW: usize = 30;
    match &read.annotators {
        Some((codes, names)) if names.len() >= 2 => {
            if names.len() < FEW {
                notes.push(format!(
                    "intervals rest on {} annotators; below about {FEW} they are rather too short",
                    names.len()
                ));
            }
            preference::robust_covariance(&read.comparisons(), codes, strengths)
        }
        _ => preference::covariance(pairs, strengths),
    }
}

/// An error in the words of the table: items by name, groups that are not connected.
fn explained(source: &Source, read: &Read, pairs: &Pairs, error: PreferenceError) -> EngineError {
    let message = match error {
        PreferenceError::NotConnected { .. } => {
            let groups = preference::components(pairs, |e| e.wins > 0.0 || e.ties > 0.0);
            let mut shown: Vec<String> = (groups.iter().take(SHOWN))
                .map(|group| {
                    let names: Vec<String> = group
                        .iter()
                        .take(SHOWN)
                        .map(|&item| read.name(item))
                        .collect();
                    let more = if group.len() > SHOWN { ", …" } else { "" };
                    format!("{{{}{more}}}", names.join(", "))
                })
                .collect();
            if groups.len() > SHOWN {
                shown.push(format!("{} more", groups.len() - SHOWN));
            }
            format!(
                "the items fall into {} groups of which one always wins against the other or is never compared with it: {}\nhint: compare across the groups; or rank the items of one group alone; or give `--penalty 0.5`, which places all but without intervals",
                groups.len(),
                shown.join(", ")
            )
        }
        PreferenceError::NoTies => {
            "there are no ties, so their parameter is at its bound\nhint: leave out `--ties`"
                .to_owned()
        }
        PreferenceError::BadOption {
            name: "penalty", ..
        } => {
            return EngineError::Request {
                message: error.to_string(),
            };
        }
        error => error.to_string(),
    };
    undefined(&source.path, message)
}

fn items(read: &Read, pairs: &Pairs, strengths: &[Estimate]) -> Vec<Item> {
    let mut order: Vec<usize> = (0..strengths.len()).collect();
    let strength = |i: usize| strengths.get(i).map_or(f64::NAN, |s| s.estimate);
    order.sort_by(|&a, &b| strength(b).total_cmp(&strength(a)).then(a.cmp(&b)));
    let mut out: Vec<Item> = Vec::with_capacity(order.len());
    for (at, &i) in order.iter().enumerate() {
        let Some(&strength) = strengths.get(i) else {
            continue;
        };
        // Equal strengths share their rank.
        let rank = match out.last() {
            Some(last) if (last.strength.estimate - strength.estimate).abs() < SAME => last.rank,
            _ => at + 1,
        };
        let sum = |of: fn(&preference::Edge) -> f64| pairs.of(i).iter().map(of).sum();
        out.push(Item {
            item: read.names.get(i).cloned().unwrap_or_default(),
            rank,
            strength,
            wins: sum(|e| e.wins),
            losses: sum(|e| e.losses),
            ties: sum(|e| e.ties),
        });
    }
    out
}

fn circles(request: &Request, read: &Read, pairs: &Pairs) -> Intransitivity {
    let found = preference::intransitivity(pairs);
    let how = Resampling {
        resamples: if read.names.len() > MOST_DRAWN_ITEMS {
            0
        } else {
            request.resampling.resamples
        },
        ..request.resampling
    };
    let named = |group: &Vec<u32>| group.iter().map(|&item| read.name(item)).collect();
    Intransitivity {
        triads: found.complete_triads,
        cyclic: found.cyclic_triads,
        cyclic_if_random: found.cyclic_if_random,
        cycles: (found.strongly_connected_components.iter())
            .filter(|group| group.len() > 1)
            .map(named)
            .collect(),
        test: preference::fit_test(pairs, how).ok(),
    }
}

fn annotators(read: &Read, notes: &mut Vec<String>) -> Option<Annotators> {
    let (codes, names) = read.annotators.as_ref()?;
    let mut counts = vec![0_usize; names.len()];
    for &code in codes {
        if let Some(count) = counts.get_mut(code as usize) {
            *count += 1;
        }
    }
    let report = answers(read, codes).and_then(|votes| {
        agreement::agreement_report(&votes, Level::Nominal, &[0.0, 1.0, 2.0]).ok()
    });
    if report.is_none() {
        notes.push(
            "annotators cannot be compared: no pair of items was compared by two of them, or all answers are the same"
                .to_owned(),
        );
    }
    let mut decided = vec![0_usize; names.len()];
    let mut votes = Vec::new();
    for (index, outcome) in read.outcomes.iter().enumerate() {
        let at = |list: &[u32]| list.get(index).copied().unwrap_or(MISSING);
        let (winner, loser) = match outcome {
            Outcome::Left => (at(&read.left), at(&read.right)),
            Outcome::Right => (at(&read.right), at(&read.left)),
            Outcome::Tie => continue,
        };
        let annotator = at(codes);
        if let Some(count) = decided.get_mut(annotator as usize) {
            *count += 1;
        }
        votes.push(Vote {
            annotator,
            winner,
            loser,
        });
    }
    let crowd = preference::crowd(
        &votes,
        read.names.len(),
        names.len(),
        CrowdOptions::default(),
    )
    .ok();
    let same = |code: usize| {
        let list = report.as_ref()?.annotators.iter();
        let mut own = list.filter(|one| one.annotator as usize == code);
        own.next()?.same
    };
    let each = (names.iter().zip(&counts).enumerate())
        .map(|(code, (name, &comparisons))| Annotator {
            annotator: name.clone(),
            comparisons,
            reliability: crowd
                .as_ref()
                .filter(|_| decided.get(code).is_some_and(|n| *n > 0))
                .and_then(|found| found.eta.get(code).copied()),
            same: same(code),
        })
        .collect();
    Some(Annotators {
        alpha: report.as_ref().map(|found| found.alpha),
        flip_rate: crowd.as_ref().map(|found| found.flip_rate),
        each,
    })
}

/// Answers as votes on pairs of items: the first by name, the second, or neither.
fn answers(read: &Read, annotators: &[u32]) -> Option<Votes> {
    let pair_of = |index: usize| {
        let (a, b) = (read.left.get(index)?, read.right.get(index)?);
        Some((*a.min(b), *a.max(b)))
    };
    let mut pairs: Vec<(u32, u32)> = (0..read.left.len()).filter_map(pair_of).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let (mut of_pairs, mut labels) = (Vec::new(), Vec::new());
    for (index, outcome) in read.outcomes.iter().enumerate() {
        let pair = pair_of(index)?;
        of_pairs.push(u32::try_from(pairs.binary_search(&pair).ok()?).ok()?);
        let is_first_left = read.left.get(index) == Some(&pair.0);
        labels.push(match outcome {
            Outcome::Tie => 2,
            Outcome::Left => u32::from(!is_first_left),
            Outcome::Right => u32::from(is_first_left),
        });
    }
    let votes = Votes::from_rows(&of_pairs, annotators, &labels).ok()?;
    Some(votes.with_labels(3))
}
