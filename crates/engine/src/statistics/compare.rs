//! `compare`: is the new one worse than the old one on the same items.

use super::table::{Columns, Opened};
use super::{Estimate, Source, undefined};
use crate::EngineError;
use fieldassay_formats::table::{Codes, MISSING};
use fieldassay_measure::compare::CompareError;
use fieldassay_measure::compare::mcnemar::{
    self, McNemar, NonInferiority, Pairs, increase_interval, non_inferiority,
};
use fieldassay_measure::compare::paired::{self, Differences, FEWEST_CLUSTERS, Method};
use fieldassay_measure::stats::{Interval, Resampling, wilson};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

pub use fieldassay_measure::compare::Verdict;

/// Version of the JSON document.
pub const DOCUMENT_VERSION: u32 = 1;

/// Names of items shown where some are left out.
const SHOWN: usize = 5;

/// Which tables, and what of them is compared.
#[derive(Clone, Debug)]
pub struct Request {
    /// The old one.
    pub old: PathBuf,
    /// The new one.
    pub new: PathBuf,
    /// Columns under other names, in both.
    pub columns: Columns,
    /// Column that names items.
    pub by: String,
    /// Column of scores.
    pub score: String,
    /// Column of what belongs together: a drive, a site.
    pub cluster: Option<String>,
    /// Loss that is tolerated, in units of the score.
    pub margin: f64,
    /// Whether a lower score is better.
    pub is_lower_better: bool,
    /// Draws of the bootstrap.
    pub resampling: Resampling,
}

/// What `compare --json` promises.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// `fieldassay.compare`.
    pub schema: &'static str,
    /// [`DOCUMENT_VERSION`].
    pub version: u32,
    /// The old file.
    pub old: String,
    /// The new file.
    pub new: String,
    /// What follows for the new one.
    pub verdict: Verdict,
    /// Mean of new - old over items, with its interval at 95 %; `n` counts items.
    pub difference: Estimate,
    /// The one-sided bounds at 95 % the verdict is read from.
    pub bounds: Interval,
    /// How they were found: `score_interval`, `bca` or `percentile`.
    pub method: &'static str,
    /// Loss that is tolerated.
    pub margin: f64,
    /// Whether a lower score is better.
    pub is_lower_better: bool,
    /// Mean of the old scores.
    pub old_mean: Estimate,
    /// Mean of the new scores.
    pub new_mean: Estimate,
    /// Items in both, with both scores.
    pub items: usize,
    /// Clusters, which are what the interval rests on; null without.
    pub clusters: Option<usize>,
    /// What was tested.
    pub tests: Tests,
    /// Items of one table only, or without a score in one.
    pub left_out: LeftOut,
    /// What to mind.
    pub notes: Vec<String>,
}

/// What was tested.
#[derive(Clone, Debug, Serialize)]
pub struct Tests {
    /// The bootstrap of the mean difference, over items or clusters.
    pub bootstrap: Bootstrap,
    /// Of scores that are 0 or 1, items independent.
    pub mcnemar: Option<McNemar>,
    /// The same against a margin above 0.
    pub non_inferiority: Option<NonInferiority>,
    /// Counts of scores that are 0 or 1.
    pub counts: Option<Counts>,
}

/// Intervals of the mean difference by bootstrap.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Bootstrap {
    /// Draws.
    pub resamples: usize,
    /// Their seed.
    pub seed: u64,
    /// Percentile interval at 95 %.
    pub percentile95: Interval,
    /// `BCa` interval at 95 %; null below two clusters.
    pub bca95: Option<Interval>,
    /// Percentile interval at 90 %, whose ends are one-sided bounds at 95 %.
    pub percentile90: Interval,
    /// `BCa` interval at 90 %.
    pub bca90: Option<Interval>,
}

/// Items by what both did.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Counts {
    /// Both passed.
    pub both_pass: u64,
    /// Regressions.
    pub old_pass_new_fail: u64,
    /// Repairs.
    pub old_fail_new_pass: u64,
    /// Both failed.
    pub both_fail: u64,
}

/// Items that do not count.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LeftOut {
    /// In the old table only.
    pub only_old: usize,
    /// In the new table only.
    pub only_new: usize,
    /// In both, without a score in one.
    pub without_score: usize,
}

/// One table: scores and clusters by item.
struct Scores {
    of: BTreeMap<String, (f64, Option<String>)>,
    has_clusters: bool,
}

impl Scores {
    fn new(source: &Source, request: &Request) -> Result<Self, EngineError> {
        let mut parts = vec![request.by.as_str(), request.score.as_str()];
        parts.extend(request.cluster.as_deref());
        let table = Opened::new(source, &parts)?;
        let items = table.full_codes(&request.by)?;
        let scores = table.numbers(&request.score)?;
        let clusters = match request.cluster.as_deref() {
            Some(cluster) => table.codes_if_any(cluster)?,
            None => None,
        };
        let name = |codes: &Codes, row: usize| {
            let code = codes.cells.get(row).copied().unwrap_or(MISSING);
            codes.names.get(code as usize).cloned()
        };
        let mut of = BTreeMap::new();
        for (row, score) in scores.iter().enumerate() {
            let item = name(&items, row).unwrap_or_default();
            if score.is_infinite() {
                let what = "the score is not finite\nhint: drop the row or repair it";
                return Err(table.bad_row(row, what));
            }
            let cluster = clusters.as_ref().and_then(|codes| name(codes, row));
            if clusters.is_some() && cluster.is_none() {
                let what = format!(
                    "the cluster of `{item}` is empty\nhint: fill it in, or leave out `--cluster`"
                );
                return Err(table.bad_row(row, &what));
            }
            if of.contains_key(&item) {
                let what = format!(
                    "the item `{item}` stands twice\nhint: give one row per item, or name the column that tells them apart with `--by`"
                );
                return Err(table.bad_row(row, &what));
            }
            of.insert(item, (*score, cluster));
        }
        Ok(Self {
            of,
            has_clusters: clusters.is_some(),
        })
    }
}

/// Items of both tables, with both scores.
struct Matched {
    old: Vec<f64>,
    new: Vec<f64>,
    clusters: Option<Vec<u32>>,
    left_out: LeftOut,
    notes: Vec<String>,
}

impl Matched {
    fn new(request: &Request, old: &Scores, new: &Scores) -> Result<Self, EngineError> {
        if request.cluster.is_some() && !old.has_clusters && !new.has_clusters {
            return Err(EngineError::Request {
                message: format!(
                    "neither table has a column `{}`\nhint: name the column of clusters that one of them has",
                    request.cluster.as_deref().unwrap_or_default()
                ),
            });
        }
        let mut out = Self {
            old: Vec::new(),
            new: Vec::new(),
            clusters: None,
            left_out: LeftOut::default(),
            notes: Vec::new(),
        };
        let mut codes: BTreeMap<&str, u32> = BTreeMap::new();
        let mut clusters = Vec::new();
        for (item, (old_score, old_cluster)) in &old.of {
            let Some((new_score, new_cluster)) = new.of.get(item) else {
                continue;
            };
            if let (Some(a), Some(b)) = (old_cluster, new_cluster)
                && a != b
            {
                return Err(EngineError::Table {
                    path: request.new.clone(),
                    message: format!(
                        "the item `{item}` is of cluster `{b}` here and of `{a}` in `{}`\nhint: an item belongs to one cluster",
                        request.old.display()
                    ),
                });
            }
            if old_score.is_nan() || new_score.is_nan() {
                out.left_out.without_score += 1;
                continue;
            }
            out.old.push(*old_score);
            out.new.push(*new_score);
            if let Some(name) = old_cluster.as_ref().or(new_cluster.as_ref()) {
                let next = u32::try_from(codes.len()).unwrap_or(MISSING);
                clusters.push(*codes.entry(name).or_insert(next));
            }
        }
        out.clusters = (request.cluster.is_some()).then_some(clusters);
        let only = |a: &Scores, b: &Scores| -> Vec<String> {
            let is_alone = |item: &&String| !b.of.contains_key(*item);
            a.of.keys().filter(is_alone).cloned().collect()
        };
        let (only_old, only_new) = (only(old, new), only(new, old));
        out.left_out.only_old = only_old.len();
        out.left_out.only_new = only_new.len();
        for (names, which) in [(only_old, "old"), (only_new, "new")] {
            if !names.is_empty() {
                out.notes.push(format!(
                    "{} items are in the {which} table only and are left out: {}",
                    names.len(),
                    some(&names)
                ));
            }
        }
        if out.left_out.without_score > 0 {
            out.notes.push(format!(
                "{} items have no score in one of the tables and are left out",
                out.left_out.without_score
            ));
        }
        Ok(out)
    }
}

/// The first of some names.
fn some(names: &[String]) -> String {
    let first: Vec<String> = (names.iter().take(SHOWN))
        .map(|name| format!("`{name}`"))
        .collect();
    let more = if names.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", first.join(", "))
}

/// Says whether the new one is better, not worse, worse, or cannot be told, by scores on the same items.
///
/// Errors: tables that cannot be read, an item twice, no item in both, an item in two clusters, a negative margin.
/// Cost: a pass over the items or clusters per draw.
pub fn run(request: &Request) -> Result<Document, EngineError> {
    let source = |path| Source::new(path, Some(&request.columns));
    let (old, new) = (
        Scores::new(&source(&request.old), request)?,
        Scores::new(&source(&request.new), request)?,
    );
    let matched = Matched::new(request, &old, &new)?;
    if matched.old.is_empty() {
        return Err(undefined(
            &request.new,
            format!(
                "no item has a score here and in `{}`: {} items are in the old table only, {} in the new one only\nhint: name the column that is the same in both with `--by`",
                request.old.display(),
                matched.left_out.only_old,
                matched.left_out.only_new
            ),
        ));
    }
    let failed = |error: CompareError| match error {
        CompareError::OutOfRange { .. } => EngineError::Request {
            message: error.to_string(),
        },
        error => undefined(&request.new, error),
    };
    let differences = match &matched.clusters {
        Some(clusters) => Differences::by_cluster(&matched.old, &matched.new, clusters),
        None => Differences::by_item(&matched.old, &matched.new),
    }
    .map_err(failed)?;
    let claim = paired::Claim {
        margin: request.margin,
        is_higher_better: !request.is_lower_better,
    };
    let mut replicates = differences.replicates(request.resampling);
    let compared = paired::compare(&differences, &mut replicates, claim).map_err(failed)?;
    let binary = Binary::new(request, &matched).map_err(failed)?;
    let answer = match (&binary, &matched.clusters) {
        (Some(binary), None) => binary.answer(request).map_err(failed)?,
        _ => Answer::of(&compared),
    };
    let notes = notes(&matched, &differences, &answer, binary.is_some());
    let n = matched.old.len();
    Ok(Document {
        schema: "fieldassay.compare",
        version: DOCUMENT_VERSION,
        old: request.old.display().to_string(),
        new: request.new.display().to_string(),
        verdict: answer.verdict,
        difference: Estimate::with(compared.mean, Some(answer.interval), n),
        bounds: answer.bounds,
        method: answer.method,
        margin: request.margin,
        is_lower_better: request.is_lower_better,
        old_mean: mean(&matched.old, binary.is_some()).map_err(failed)?,
        new_mean: mean(&matched.new, binary.is_some()).map_err(failed)?,
        items: n,
        clusters: matched.clusters.is_some().then(|| differences.clusters()),
        tests: tests(request, &compared, binary.as_ref()),
        left_out: matched.left_out,
        notes,
    })
}

/// All that was tested.
fn tests(request: &Request, compared: &paired::Compared, binary: Option<&Binary>) -> Tests {
    Tests {
        bootstrap: Bootstrap {
            resamples: request.resampling.resamples,
            seed: request.resampling.seed,
            percentile95: compared.percentile95,
            bca95: compared.bca95.map(|found| found.interval),
            percentile90: compared.percentile90,
            bca90: compared.bca90.map(|found| found.interval),
        },
        mcnemar: binary.map(|binary| binary.mcnemar),
        non_inferiority: binary.and_then(|binary| binary.non_inferiority),
        counts: binary.map(|binary| Counts {
            both_pass: binary.pairs.both_pass,
            old_pass_new_fail: binary.pairs.old_pass_new_fail,
            old_fail_new_pass: binary.pairs.old_fail_new_pass,
            both_fail: binary.pairs.both_fail,
        }),
    }
}

/// Mean score, with the interval of a share where scores are 0 or 1.
fn mean(scores: &[f64], is_binary: bool) -> Result<Estimate, CompareError> {
    let n = scores.len();
    if is_binary {
        let passed = scores.iter().filter(|x| **x > 0.5).count();
        let interval = wilson(passed as u64, n as u64)?;
        return Ok(Estimate::with(passed as f64 / n as f64, Some(interval), n));
    }
    let mean = fieldassay_measure::stats::moments(scores)?.mean;
    Ok(Estimate::bare(mean, n))
}

/// What follows, and from what.
struct Answer {
    verdict: Verdict,
    interval: Interval,
    bounds: Interval,
    method: &'static str,
}

impl Answer {
    fn of(compared: &paired::Compared) -> Self {
        let (bounds, interval, method) = match (compared.method, compared.bca90, compared.bca95) {
            (Method::Bca, Some(bounds), Some(interval)) => {
                (bounds.interval, interval.interval, "bca")
            }
            _ => (compared.percentile90, compared.percentile95, "percentile"),
        };
        Self {
            verdict: compared.verdict,
            interval,
            bounds,
            method,
        }
    }
}

/// Scores that are 0 or 1.
struct Binary {
    pairs: Pairs,
    mcnemar: McNemar,
    non_inferiority: Option<NonInferiority>,
}

impl Binary {
    fn new(request: &Request, matched: &Matched) -> Result<Option<Self>, CompareError> {
        let is_flag = |x: &f64| *x == 0.0 || *x == 1.0;
        if !matched.old.iter().chain(&matched.new).all(is_flag) {
            return Ok(None);
        }
        // A score of 1 passes, unless less is better.
        let passed = |scores: &[f64]| -> Vec<bool> {
            let is_passed = |x: &f64| (*x > 0.5) != request.is_lower_better;
            scores.iter().map(is_passed).collect()
        };
        let pairs = Pairs::count(&passed(&matched.old), &passed(&matched.new))?;
        let against = request.margin > 0.0 && request.margin < 1.0;
        Ok(Some(Self {
            mcnemar: mcnemar::mcnemar(&pairs)?,
            non_inferiority: (against && matched.clusters.is_none())
                .then(|| non_inferiority(&pairs, request.margin))
                .transpose()?,
            pairs,
        }))
    }

    /// By the score interval, which does not collapse where nothing changed.
    fn answer(&self, request: &Request) -> Result<Answer, CompareError> {
        let bounds = increase_interval(&self.pairs, 0.9)?;
        let interval = increase_interval(&self.pairs, 0.95)?;
        // Of failures; a score counts what passed, unless less is better.
        let turned = |of: Interval| {
            if request.is_lower_better {
                of
            } else {
                Interval {
                    low: -of.high,
                    high: -of.low,
                }
            }
        };
        Ok(Answer {
            verdict: Verdict::of_increase(bounds.low, bounds.high, request.margin),
            interval: turned(interval),
            bounds: turned(bounds),
            method: "score_interval",
        })
    }
}

fn notes(
    matched: &Matched,
    differences: &Differences,
    answer: &Answer,
    is_binary: bool,
) -> Vec<String> {
    let mut notes = matched.notes.clone();
    let units = differences.clusters();
    let what = if matched.clusters.is_some() {
        "clusters"
    } else {
        "items"
    };
    if units < FEWEST_CLUSTERS && answer.method != "score_interval" {
        notes.push(format!(
            "{units} {what} are too few for a verdict, at least {FEWEST_CLUSTERS} are needed"
        ));
    }
    let is_alike = answer.bounds.low == answer.bounds.high;
    if is_alike && units >= FEWEST_CLUSTERS {
        notes.push(
            "all differences are alike, so the interval has no width and says nothing of other items"
                .to_owned(),
        );
    }
    if is_binary && matched.clusters.is_some() {
        notes.push(
            "McNemar's test takes items as independent; the verdict does not, it draws clusters"
                .to_owned(),
        );
    }
    notes
}
