//! `diff`: what changed from one release to another: members, distributions, schema, request.
//!
//! Read [`Document`] first. Both releases are read from their own files, not from the tables of the workspace. Intervals are
//! at 95 % and take recordings, not rows, as the units that vary.
//!
//! Not here: the statistics themselves (`measure`).

use super::cells::every;
use super::create;
use super::show::Named;
use super::{Making, fetch};
use crate::EngineError;
use crate::workspace::opened::Workspace;
use fieldassay_measure::compare::ranks::{Samples, mann_whitney, shift};
use fieldassay_measure::stats::{
    Estimate, Interval, Resampling, bootstrap, difference_interval, median, median_ranks, wilson,
};
use fieldassay_model::release::{Manifest, Member, TableForm};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Members listed of each kind of change, at most.
const SHOWN: usize = 100;
/// Values of one field compared, the most frequent first.
const MOST_VALUES: usize = 50;
/// Facts compared, by name.
const MOST_FACTS: usize = 200;
/// Draws times recordings of one interval.
const MOST_DRAWS: usize = 5_000_000;
/// Values per side whose shift is estimated.
const MOST_SHIFTED: usize = 100_000;

/// The document of `diff --json`.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// `fieldassay.diff`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// The one release, `name@version`.
    pub from: String,
    /// The other.
    pub to: String,
    /// Whether both are the same manifest.
    pub is_same: bool,
    /// Members that came, went and moved.
    pub members: Members,
    /// Classes of labels and objects, and values of the context, whose shares are in either.
    pub shares: Vec<ShareChange>,
    /// Durations of members and facts of recordings.
    pub numbers: Vec<NumberChange>,
    /// Tables and columns that differ.
    pub tables: Vec<TableChange>,
    /// Parts of the request that differ, and what they say.
    pub request: Vec<RequestChange>,
}

/// Members that came, went and moved.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Members {
    /// Members of the one.
    pub from: u64,
    /// Members of the other.
    pub to: u64,
    /// Members of both.
    pub kept: u64,
    /// Members of the other alone.
    pub added: u64,
    /// Members of the one alone.
    pub removed: u64,
    /// Members of both in other splits.
    pub moved: u64,
    /// Members by split: name, in the one, in the other.
    pub splits: Vec<(String, u64, u64)>,
    /// The first that came, at most 100.
    pub added_members: Vec<Member>,
    /// The first that went.
    pub removed_members: Vec<Member>,
    /// The first that moved, as they are in the other, each with the split it was in.
    pub moved_members: Vec<(Member, String)>,
}

/// The share of a value in both.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShareChange {
    /// What it is a value of: `objects.category`, `labels.label`, `context.weather`.
    pub field: String,
    /// The value.
    pub value: String,
    /// Its share in the one; `n` is recordings.
    pub from: Estimate,
    /// Its share in the other.
    pub to: Estimate,
    /// By how much it changed; the interval takes both as independent.
    pub difference: Estimate,
}

/// A number in both.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NumberChange {
    /// What it is: `member.duration`, or the name of a fact.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// Median in the one.
    pub from: Estimate,
    /// Median in the other.
    pub to: Estimate,
    /// Median of all differences (Hodges and Lehmann), with its interval.
    pub shift: Estimate,
    /// Two-sided p-value of Mann and Whitney's test.
    pub p: Option<f64>,
}

/// A table or column that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableChange {
    /// The table.
    pub table: String,
    /// The column; null where the table as a whole came or went.
    pub column: Option<String>,
    /// What it was; null where it was not.
    pub from: Option<String>,
    /// What it is.
    pub to: Option<String>,
}

/// A part of the request that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestChange {
    /// Its key.
    pub part: String,
    /// What it was, JSON; null where it was not said.
    pub from: Option<String>,
    /// What it is.
    pub to: Option<String>,
}

/// Compares two releases. Errors: one that is not there, a file that is damaged.
pub fn run(workspace: &Workspace, from: &str, to: &str) -> Result<Document, EngineError> {
    let sides = [
        create::named(workspace, from)?,
        create::named(workspace, to)?,
    ];
    workspace.runtime.block_on(compare(workspace, &sides))
}

async fn compare(workspace: &Workspace, sides: &[Named; 2]) -> Result<Document, EngineError> {
    let sequence = workspace.catalog.sequence().await?;
    let making = Making::at(workspace, sequence, 0).await?;
    for (side, named) in ["a", "b"].iter().zip(sides) {
        for file in ["members", "labels", "objects", "context", "facts"] {
            let name = format!("{side}_{file}");
            let path = making.scratch.path().join(format!("{name}.parquet"));
            let source = format!("{file}.parquet");
            if fetch(workspace, named, &source, &path).await? {
                making.session.add_parquet(&name, &path).await?;
            }
        }
    }
    let [a, b] = sides;
    let reading = Reading {
        making: &making,
        sides,
    };
    let mut shares = Vec::new();
    for (table, field, value, rows) in [
        (
            "objects",
            "objects.category",
            "category",
            "category IS NOT NULL",
        ),
        ("labels", "labels.label", "label", "attribute IS NULL"),
    ] {
        shares.extend(reading.shares(table, field, value, rows).await?);
    }
    shares.extend(reading.context().await?);
    let name = |named: &Named| format!("{}@{}", named.release.name, named.release.version);
    Ok(Document {
        schema: "fieldassay.diff",
        version: 1,
        from: name(a),
        to: name(b),
        is_same: a.release.manifest_sha256 == b.release.manifest_sha256,
        members: reading.members().await?,
        shares,
        numbers: reading.numbers().await?,
        tables: tables(&a.manifest, &b.manifest),
        request: request(&a.manifest, &b.manifest),
    })
}

struct Reading<'a> {
    making: &'a Making,
    sides: &'a [Named; 2],
}

impl Reading<'_> {
    fn has(&self, side: usize, table: &str) -> bool {
        let path = format!("{table}.parquet");
        let side = self.sides.get(side);
        side.is_some_and(|side| side.manifest.files.iter().any(|file| file.path == path))
    }

    async fn members(&self) -> Result<Members, EngineError> {
        let [a, b] = self.sides;
        let mut out = Members {
            from: a.manifest.members,
            to: b.manifest.members,
            ..Members::default()
        };
        let key = "recording_id, coalesce(start_ns, -1) AS s, coalesce(end_ns, -1) AS e, split, split_group, start_ns, end_ns";
        let sql = format!(
            "SELECT a.recording_id, a.start_ns, a.end_ns, a.split, a.split_group, \
             b.recording_id, b.start_ns, b.end_ns, b.split, b.split_group \
             FROM (SELECT {key} FROM a_members) a FULL OUTER JOIN (SELECT {key} FROM b_members) b \
             ON a.recording_id = b.recording_id AND a.s = b.s AND a.e = b.e \
             WHERE a.recording_id IS NULL OR b.recording_id IS NULL OR a.split IS DISTINCT FROM b.split \
             ORDER BY coalesce(a.recording_id, b.recording_id), coalesce(a.s, b.s), coalesce(a.e, b.e)"
        );
        every(&self.making.session, &sql, |cells| {
            let text = |column| cells.text(column).map(str::to_owned);
            let member = |first: usize| {
                Some(Member {
                    recording_id: text(first)?,
                    start_ns: cells.integer(first + 1),
                    end_ns: cells.integer(first + 2),
                    split: text(first + 3),
                    split_group: text(first + 4),
                })
            };
            match (member(0), member(5)) {
                (Some(before), None) => {
                    out.removed += 1;
                    if out.removed_members.len() < SHOWN {
                        out.removed_members.push(before);
                    }
                }
                (None, Some(now)) => {
                    out.added += 1;
                    if out.added_members.len() < SHOWN {
                        out.added_members.push(now);
                    }
                }
                (Some(before), Some(now)) => {
                    out.moved += 1;
                    if out.moved_members.len() < SHOWN {
                        let was = before.split.unwrap_or_default();
                        out.moved_members.push((now, was));
                    }
                }
                (None, None) => {}
            }
        })
        .await?;
        out.kept = out.to.saturating_sub(out.added);
        let parts = |named: &Named| {
            let parts = named.manifest.split.iter().flat_map(|split| &split.parts);
            parts
                .map(|part| (part.name.clone(), part.members))
                .collect::<BTreeMap<_, _>>()
        };
        let (before, now) = (parts(a), parts(b));
        let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
        let of = |parts: &BTreeMap<String, u64>, name| parts.get(name).copied().unwrap_or(0);
        let splits = names.into_iter();
        let splits = splits.map(|name| (name.clone(), of(&before, name), of(&now, name)));
        out.splits = splits.collect();
        Ok(out)
    }

    /// How often recordings hold each value, by side: value, recording, count.
    async fn counts(
        &self,
        table: &str,
        value: &str,
        rows: &str,
    ) -> Result<[Counts; 2], EngineError> {
        let mut both = [Counts::default(), Counts::default()];
        for (side, (name, counts)) in ["a", "b"].iter().zip(&mut both).enumerate() {
            if !self.has(side, table) {
                continue;
            }
            let sql = format!(
                "SELECT recording_id, {value}, count(*) FROM {name}_{table} WHERE {rows} GROUP BY 1, 2 ORDER BY 1, 2"
            );
            every(&self.making.session, &sql, |cells| {
                let id = cells.text(0).unwrap_or_default();
                counts.add(id, cells.text(1).unwrap_or_default(), cells.count(2));
            })
            .await?;
        }
        Ok(both)
    }

    async fn shares(
        &self,
        table: &str,
        field: &str,
        value: &str,
        rows: &str,
    ) -> Result<Vec<ShareChange>, EngineError> {
        let [a, b] = self.counts(table, value, rows).await?;
        let mut totals: BTreeMap<&String, u64> = BTreeMap::new();
        for (value, by_recording) in a.values.iter().chain(&b.values) {
            *totals.entry(value).or_default() += by_recording.values().sum::<u64>();
        }
        let mut values: Vec<&String> = totals.keys().copied().collect();
        values.sort_by_key(|value| std::cmp::Reverse(totals.get(value).copied()));
        values.truncate(MOST_VALUES);
        let change = |value: &String| {
            let (from, to) = (a.share(value), b.share(value));
            change(field, value, from, to)
        };
        Ok(values.into_iter().map(change).collect())
    }

    /// Shares of recordings that have each value of each field of the context.
    async fn context(&self) -> Result<Vec<ShareChange>, EngineError> {
        let mut counts: BTreeMap<(String, String), [u64; 2]> = BTreeMap::new();
        for (side, name) in ["a", "b"].iter().enumerate() {
            if !self.has(side, "context") {
                continue;
            }
            let sql = format!(
                "SELECT field, value, count(DISTINCT recording_id) FROM {name}_context GROUP BY 1, 2 ORDER BY 1, 2"
            );
            every(&self.making.session, &sql, |cells| {
                let text = |column| cells.text(column).unwrap_or_default().to_owned();
                let both = counts.entry((text(0), text(1))).or_default();
                if let Some(count) = both.get_mut(side) {
                    *count = cells.count(2);
                }
            })
            .await?;
        }
        let mut by_field: BTreeMap<&String, Vec<(&String, [u64; 2])>> = BTreeMap::new();
        for ((field, value), both) in &counts {
            by_field.entry(field).or_default().push((value, *both));
        }
        let mut out = Vec::new();
        for (field, mut values) in by_field {
            values.sort_by_key(|(_, [a, b])| std::cmp::Reverse(a + b));
            for (value, [a, b]) in values.into_iter().take(MOST_VALUES) {
                let share = |count: u64, side: usize| {
                    let all = self
                        .sides
                        .get(side)
                        .map_or(0, |side| side.manifest.recordings);
                    let interval = wilson(count, all).ok();
                    let units = usize::try_from(all).unwrap_or(usize::MAX);
                    Estimate::with(count as f64 / all.max(1) as f64, interval, units)
                };
                let field = format!("context.{field}");
                out.push(change(&field, value, share(a, 0), share(b, 1)));
            }
        }
        Ok(out)
    }

    async fn numbers(&self) -> Result<Vec<NumberChange>, EngineError> {
        let mut all: BTreeMap<(String, String), [Vec<f64>; 2]> = BTreeMap::new();
        for (side, name) in ["a", "b"].iter().enumerate() {
            let mut questions = vec![format!(
                "SELECT 'member.duration', 's', CAST(end_ns - start_ns AS DOUBLE) * 1e-9 FROM {name}_members \
                 WHERE start_ns IS NOT NULL AND end_ns IS NOT NULL ORDER BY 3"
            )];
            if self.has(side, "facts") {
                // The worst subject stands for a recording, so that recordings are the units.
                questions.push(format!(
                    "SELECT name, unit, max(value) AS worst FROM {name}_facts WHERE status = 'ok' AND value IS NOT NULL \
                     GROUP BY recording_id, name, unit ORDER BY 1, 2, 3"
                ));
            }
            for sql in questions {
                every(&self.making.session, &sql, |cells| {
                    let text = |column| cells.text(column).unwrap_or_default().to_owned();
                    let both = all.entry((text(0), text(1))).or_default();
                    if let (Some(values), Some(value)) = (both.get_mut(side), cells.real(2)) {
                        values.push(value);
                    }
                })
                .await?;
            }
        }
        let change = |((name, unit), [a, b]): ((String, String), [Vec<f64>; 2])| {
            let (from, to) = (middle(&a)?, middle(&b)?);
            let thin = |values: &[f64]| {
                // Every so-manieth of the sorted values: their distribution.
                let step = values.len().div_ceil(MOST_SHIFTED).max(1);
                values.iter().step_by(step).copied().collect::<Vec<f64>>()
            };
            let samples = Samples::new(&thin(&a), &thin(&b)).ok()?;
            let moved = shift(&samples, 0.05).ok()?;
            let is_enough = a.len() > 1 && b.len() > 1;
            Some(NumberChange {
                name,
                unit,
                shift: Estimate::with(
                    moved.shift,
                    is_enough.then_some(moved.interval),
                    a.len() + b.len(),
                ),
                p: mann_whitney(&samples).ok().map(|test| test.p_asymptotic_cc),
                from,
                to,
            })
        };
        Ok(all
            .into_iter()
            .filter_map(change)
            .take(MOST_FACTS)
            .collect())
    }
}

/// The median with its interval from ranks.
fn middle(sorted: &[f64]) -> Option<Estimate> {
    let mut scratch = sorted.to_vec();
    let middle = median(&mut scratch).ok()?;
    let interval = median_ranks(sorted.len()).and_then(|(low, high)| {
        Some(Interval {
            low: *sorted.get(low)?,
            high: *sorted.get(high)?,
        })
    });
    Some(Estimate::with(middle, interval, sorted.len()))
}

fn change(field: &str, value: &str, from: Estimate, to: Estimate) -> ShareChange {
    let interval = |one: &Estimate| {
        Some(Interval {
            low: one.low?,
            high: one.high?,
        })
    };
    let both = interval(&from).zip(interval(&to));
    let both = both.map(|(a, b)| difference_interval((from.estimate, a), (to.estimate, b)));
    ShareChange {
        field: field.to_owned(),
        value: value.to_owned(),
        difference: Estimate::with(to.estimate - from.estimate, both, from.n + to.n),
        from,
        to,
    }
}

/// Rows of a field by value and recording.
#[derive(Default)]
struct Counts {
    recordings: BTreeMap<String, usize>,
    totals: Vec<u64>,
    values: BTreeMap<String, BTreeMap<usize, u64>>,
}

impl Counts {
    fn add(&mut self, recording: &str, value: &str, count: u64) {
        let next = self.totals.len();
        let at = *self.recordings.entry(recording.to_owned()).or_insert(next);
        if at == next {
            self.totals.push(0);
        }
        if let Some(total) = self.totals.get_mut(at) {
            *total += count;
        }
        let of = self.values.entry(value.to_owned()).or_default();
        *of.entry(at).or_default() += count;
    }

    /// The share of a value among all rows; recordings are drawn again for the interval.
    fn share(&self, value: &str) -> Estimate {
        let units = self.totals.len();
        let of = self.values.get(value);
        let counts: Vec<u64> = (0..units)
            .map(|at| of.and_then(|of| of.get(&at)).copied().unwrap_or(0))
            .collect();
        let ratio = |drawn: &[usize]| {
            let sum = |all: &[u64]| drawn.iter().filter_map(|at| all.get(*at)).sum::<u64>();
            let total = sum(&self.totals);
            (total > 0).then(|| sum(&counts) as f64 / total as f64)
        };
        let all: Vec<usize> = (0..units).collect();
        let how = Resampling {
            resamples: (MOST_DRAWS / units.max(1)).clamp(100, 1000),
            ..Resampling::default()
        };
        let interval = bootstrap(units, how, ratio);
        Estimate::with(ratio(&all).unwrap_or(0.0), interval, units)
    }
}

fn tables(a: &Manifest, b: &Manifest) -> Vec<TableChange> {
    let by_name = |manifest: &Manifest| {
        let forms = manifest.tables.iter();
        let forms = forms.map(|form| (form.name.clone(), form.clone()));
        forms.collect::<BTreeMap<String, TableForm>>()
    };
    let (a, b) = (by_name(a), by_name(b));
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let mut out = Vec::new();
    for name in names {
        let columns = |form: Option<&TableForm>| {
            let columns = form.into_iter().flat_map(|form| &form.columns);
            let text = |one: &fieldassay_model::release::ColumnForm| {
                let null = if one.nullable { ", may be null" } else { "" };
                let unit = one
                    .unit
                    .as_ref()
                    .map_or(String::new(), |unit| format!(", {unit}"));
                let frame = one
                    .frame
                    .as_ref()
                    .map_or(String::new(), |frame| format!(", in {frame}"));
                format!("{}{unit}{frame}{null}", one.kind)
            };
            columns
                .map(|one| (one.name.clone(), text(one)))
                .collect::<BTreeMap<String, String>>()
        };
        let (before, now) = (a.get(name), b.get(name));
        if before.is_none() || now.is_none() {
            let there = |form: Option<&TableForm>| {
                form.map(|form| format!("{} columns", form.columns.len()))
            };
            out.push(TableChange {
                table: name.clone(),
                column: None,
                from: there(before),
                to: there(now),
            });
            continue;
        }
        let (before, now) = (columns(before), columns(now));
        let columns: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
        for column in columns {
            let (from, to) = (before.get(column), now.get(column));
            if from != to {
                out.push(TableChange {
                    table: name.clone(),
                    column: Some(column.clone()),
                    from: from.cloned(),
                    to: to.cloned(),
                });
            }
        }
    }
    out
}

fn request(a: &Manifest, b: &Manifest) -> Vec<RequestChange> {
    let parts = |manifest: &Manifest| match serde_json::to_value(&manifest.request) {
        Ok(serde_json::Value::Object(parts)) => parts,
        _ => serde_json::Map::new(),
    };
    let (a, b) = (parts(a), parts(b));
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let change = |name: &String| {
        let (from, to) = (a.get(name), b.get(name));
        (from != to).then(|| RequestChange {
            part: name.clone(),
            from: from.map(ToString::to_string),
            to: to.map(ToString::to_string),
        })
    };
    names.into_iter().filter_map(change).collect()
}
