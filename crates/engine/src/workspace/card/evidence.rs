//! What is known of a release, asked of its own files.
//!
//! Read [`Evidence`] first. Every number is counted over rows of the release, as it was when it was made; what was left
//! out of it is counted in the tables of the batch it was made from.

use super::super::ask::{Asked, Limits, Row};
use super::super::opened::Workspace;
use super::super::release_files::ReleaseFiles;
use super::super::settings::Card;
use crate::EngineError;
use fieldassay_measure::stats::median_ranks;
use fieldassay_model::release::Manifest;
use fieldassay_store::{Direction, LineageQuestion, Release};
use serde_json::Value;
use std::collections::BTreeMap;

/// Rows of an answer that are kept.
const ROWS: usize = 1000;
/// Values of facts that are put in order for intervals.
const FACT_VALUES: usize = 200_000;
/// Recordings named one by one.
pub(super) const NAMED_RECORDINGS: usize = 1000;

/// What is known of a release.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    /// The release as the catalogue has it.
    pub(super) release: Release,
    /// Its manifest.
    pub(super) manifest: Manifest,
    /// What people said for cards.
    pub(super) said: Card,
    /// Number of its entry in the log.
    pub(super) entry: Option<i64>,
    /// Recordings by format: how many, bytes, how many simulated.
    pub(super) formats: Vec<Format>,
    /// Recordings by verdict.
    pub(super) verdicts: Vec<Counted>,
    /// Recordings of which something was lost.
    pub(super) incomplete: u64,
    /// First and last moment of members, nanoseconds.
    pub(super) times: Option<(i64, i64)>,
    /// Members by split, with how long they are.
    pub(super) splits: Vec<Split>,
    /// Recordings that are members: id, name and digest.
    pub(super) recordings: Vec<(String, String, String)>,
    /// Classes of labels and objects.
    pub(super) classes: Vec<Class>,
    /// Who said objects and labels: person, model, simulation.
    pub(super) origins: Vec<Counted>,
    /// Models, tools, guidelines, ontologies, suppliers that are named, each with how often.
    pub(super) named: BTreeMap<&'static str, Vec<Counted>>,
    /// Least, median and most votes of an item.
    pub(super) votes: Option<(u64, f64, u64)>,
    /// Values of fields of context.
    pub(super) context: BTreeMap<String, Known>,
    /// Facts over recordings.
    pub(super) facts: Vec<FactOver>,
    /// Facts that were not evaluated: name, reason, recordings.
    pub(super) not_evaluated: Vec<(String, String, u64)>,
    /// Findings: code, severity, recordings.
    pub(super) findings: Vec<(String, String, u64)>,
    /// Recordings that were left out because they are quarantined.
    pub(super) quarantined: u64,
}

/// Something with how often it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) name: String,
    pub(super) count: u64,
}

/// Recordings of one format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Format {
    pub(super) name: String,
    pub(super) recordings: u64,
    pub(super) bytes: u64,
    pub(super) simulated: u64,
}

/// Members of one split; no name where nothing was split.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Split {
    pub(super) name: Option<String>,
    pub(super) members: u64,
    pub(super) recordings: u64,
    pub(super) seconds: f64,
}

/// One class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Class {
    /// `label` or `object`.
    pub(super) of: &'static str,
    pub(super) name: String,
    pub(super) count: u64,
    pub(super) recordings: u64,
}

/// What is known of one field of context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// Recordings of which it is known.
    pub(super) recordings: u64,
    /// Its values, most frequent first, each with its recordings.
    pub(super) values: Vec<Counted>,
}

/// A fact over recordings: every recording counts once, by the median over its subjects.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FactOver {
    pub(super) name: String,
    pub(super) unit: String,
    pub(super) recordings: u64,
    pub(super) least: f64,
    pub(super) median: f64,
    pub(super) most: f64,
    /// 95 % interval of the median; none below six recordings.
    pub(super) interval: Option<(f64, f64)>,
}

impl Evidence {
    /// Name and version.
    pub(super) fn name(&self) -> String {
        format!("{}@{}", self.release.name, self.release.version)
    }

    /// Recordings it has.
    pub(super) const fn recording_count(&self) -> u64 {
        self.manifest.recordings
    }

    /// Recordings that say they are simulated.
    pub(super) fn simulated(&self) -> u64 {
        self.formats.iter().map(|one| one.simulated).sum()
    }

    /// Bytes of its recordings.
    pub(super) fn bytes(&self) -> u64 {
        self.formats.iter().map(|one| one.bytes).sum()
    }

    /// How long its members are together, seconds.
    pub(super) fn seconds(&self) -> f64 {
        self.splits.iter().map(|one| one.seconds).sum()
    }

    /// Values of a field of context.
    pub(super) fn values(&self, field: &str) -> Vec<&str> {
        let known = self.context.get(field);
        let values = known.into_iter().flat_map(|known| &known.values);
        values.map(|one| one.name.as_str()).collect()
    }

    /// Names that rows give for `model`, `tool`, `guideline`, ….
    pub(super) fn named(&self, what: &str) -> &[Counted] {
        self.named.get(what).map_or(&[], Vec::as_slice)
    }
}

fn text(row: &Row, name: &str) -> String {
    let value = row.get(name).and_then(Value::as_str);
    value.unwrap_or_default().to_owned()
}

fn count(row: &Row, name: &str) -> u64 {
    row.get(name).and_then(Value::as_u64).unwrap_or(0)
}

fn number(row: &Row, name: &str) -> f64 {
    row.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN)
}

fn counted(rows: &[Row]) -> Vec<Counted> {
    let one = |row: &Row| Counted {
        name: text(row, "name"),
        count: count(row, "n"),
    };
    rows.iter().map(one).collect()
}

/// Asks everything. Cost: a pass over each table of the release that is asked about.
pub(super) fn gather(workspace: &Workspace, release: Release) -> Result<Evidence, EngineError> {
    const TABLES: [&str; 8] = [
        "members",
        "recordings",
        "labels",
        "objects",
        "votes",
        "context",
        "facts",
        "findings",
    ];
    let files = ReleaseFiles::open(workspace, &release, &TABLES)?;
    let subject = format!("{}@{}", release.name, release.version);
    let entries = workspace
        .runtime
        .block_on(workspace.catalog.log_entries())?;
    let entry = entries
        .iter()
        .rev()
        .find(|one| one.subject == subject && one.kind == "release");
    let release = Release {
        actor: actor(workspace, &release)?,
        ..release
    };
    let mut evidence = Evidence {
        manifest: files.manifest().clone(),
        said: workspace.settings.card.clone(),
        entry: entry.map(|one| one.entry),
        quarantined: quarantined(workspace, &release, files.manifest())?,
        release,
        formats: Vec::new(),
        verdicts: Vec::new(),
        incomplete: 0,
        times: None,
        splits: Vec::new(),
        recordings: Vec::new(),
        classes: Vec::new(),
        origins: Vec::new(),
        named: BTreeMap::new(),
        votes: None,
        context: BTreeMap::new(),
        facts: Vec::new(),
        not_evaluated: Vec::new(),
        findings: Vec::new(),
    };
    members(&files, &mut evidence)?;
    if files.has("recordings") {
        recordings(&files, &mut evidence)?;
    }
    labels(&files, &mut evidence)?;
    if files.has("context") {
        context(&files, &mut evidence)?;
    }
    if files.has("facts") {
        facts(&files, &mut evidence)?;
    }
    if files.has("findings") {
        let rows = files.rows(
            "SELECT code, severity, count(DISTINCT recording_id) AS n FROM release_findings \
             GROUP BY code, severity ORDER BY n DESC, code, severity",
        )?;
        let one = |row: &Row| (text(row, "code"), text(row, "severity"), count(row, "n"));
        evidence.findings = rows.iter().map(one).collect();
    }
    Ok(evidence)
}

/// Who made it, as a commitment: what the catalogue says, else the operation that made it.
fn actor(workspace: &Workspace, release: &Release) -> Result<String, EngineError> {
    if !release.actor.is_empty() {
        return Ok(release.actor.clone());
    }
    let question = LineageQuestion {
        node_id: &format!("{}@{}", release.name, release.version),
        direction: Direction::Up,
        depth: Some(1),
        until: None,
        most: 1,
    };
    let found = workspace.catalog.lineage(&question);
    let found = workspace.runtime.block_on(found)?.links;
    Ok(found
        .into_iter()
        .next()
        .map_or_else(String::new, |link| link.operation.actor))
}

/// Recordings that were there and stayed out because of their verdict.
fn quarantined(
    workspace: &Workspace,
    release: &Release,
    manifest: &Manifest,
) -> Result<u64, EngineError> {
    if manifest.request.include_quarantined {
        return Ok(0);
    }
    let asked = Asked::new(workspace, Some(release.tables_at), Limits::default())?;
    let rows = asked.rows("SELECT count(*) AS n FROM recordings WHERE quarantined")?;
    Ok(rows.first().map_or(0, |row| count(row, "n")))
}

fn members(files: &ReleaseFiles<'_>, evidence: &mut Evidence) -> Result<(), EngineError> {
    let rows = files.rows(
        "SELECT split AS name, count(*) AS members, count(DISTINCT recording_id) AS recordings, \
         sum(CAST(end_ns - start_ns AS DOUBLE)) / 1e9 AS seconds, min(start_ns) AS first, max(end_ns) AS last \
         FROM release_members GROUP BY split ORDER BY split",
    )?;
    for row in &rows {
        let (first, last) = (row.get("first"), row.get("last"));
        let times = first
            .and_then(Value::as_i64)
            .zip(last.and_then(Value::as_i64));
        evidence.times = match (evidence.times, times) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (known, new) => known.or(new),
        };
        let seconds = number(row, "seconds");
        evidence.splits.push(Split {
            name: row.get("name").and_then(Value::as_str).map(str::to_owned),
            members: count(row, "members"),
            recordings: count(row, "recordings"),
            seconds: if seconds.is_finite() { seconds } else { 0.0 },
        });
    }
    Ok(())
}

fn recordings(files: &ReleaseFiles<'_>, evidence: &mut Evidence) -> Result<(), EngineError> {
    let rows = files.rows(
        "SELECT format AS name, count(*) AS n, sum(size_bytes) AS bytes, \
         sum(CASE WHEN simulated THEN 1 ELSE 0 END) AS simulated, \
         sum(CASE WHEN complete THEN 0 ELSE 1 END) AS incomplete \
         FROM release_recordings GROUP BY format ORDER BY n DESC, name",
    )?;
    for row in &rows {
        evidence.incomplete += count(row, "incomplete");
        evidence.formats.push(Format {
            name: text(row, "name"),
            recordings: count(row, "n"),
            bytes: count(row, "bytes"),
            simulated: count(row, "simulated"),
        });
    }
    let verdicts = "SELECT verdict AS name, count(*) AS n FROM release_recordings GROUP BY verdict ORDER BY name";
    evidence.verdicts = counted(&files.rows(verdicts)?);
    let rows = files.rows(&format!(
        "SELECT recording_id, name, sha256 FROM release_recordings ORDER BY recording_id LIMIT {NAMED_RECORDINGS}"
    ))?;
    let one = |row: &Row| {
        (
            text(row, "recording_id"),
            text(row, "name"),
            text(row, "sha256"),
        )
    };
    evidence.recordings = rows.iter().map(one).collect();
    Ok(())
}

/// Classes, and who said them.
fn labels(files: &ReleaseFiles<'_>, evidence: &mut Evidence) -> Result<(), EngineError> {
    let mut origins: BTreeMap<String, u64> = BTreeMap::new();
    for (table, of, class, is_class) in [
        ("labels", "label", "label", "attribute IS NULL"),
        ("objects", "object", "category", "category IS NOT NULL"),
    ] {
        if !files.has(table) {
            continue;
        }
        let rows = files.rows(&format!(
            "SELECT {class} AS name, count(*) AS n, count(DISTINCT recording_id) AS recordings FROM release_{table} \
             WHERE {is_class} GROUP BY {class} ORDER BY n DESC, name LIMIT {ROWS}"
        ))?;
        evidence.classes.extend(rows.iter().map(|row| Class {
            of,
            name: text(row, "name"),
            count: count(row, "n"),
            recordings: count(row, "recordings"),
        }));
        let declared = fieldassay_model::tables::table(table);
        let has = |column: &str| declared.is_some_and(|table| table.column(column).is_some());
        if has("origin") {
            add_origins(files, table, &mut origins)?;
        }
        let named = ["model", "tool", "guideline", "ontology", "supplier"];
        for what in named.into_iter().filter(|what| has(what)) {
            let rows = files.rows(&format!(
                "SELECT {what} AS name, count(*) AS n FROM release_{table} WHERE {what} IS NOT NULL \
                 GROUP BY {what} ORDER BY n DESC, name LIMIT 20"
            ))?;
            let all: &mut Vec<Counted> = evidence.named.entry(what).or_default();
            for one in counted(&rows) {
                match all.iter_mut().find(|known| known.name == one.name) {
                    Some(known) => known.count += one.count,
                    None => all.push(one),
                }
            }
        }
    }
    let origins = origins.into_iter();
    evidence.origins = origins
        .map(|(name, count)| Counted { name, count })
        .collect();
    if files.has("votes") {
        let rows = files.rows(
            "SELECT min(n) AS least, median(CAST(n AS DOUBLE)) AS median, max(n) AS most FROM (SELECT count(*) AS n \
             FROM release_votes GROUP BY recording_id, source_id, item)",
        )?;
        evidence.votes = rows
            .first()
            .map(|row| {
                (
                    count(row, "least"),
                    number(row, "median"),
                    count(row, "most"),
                )
            })
            .filter(|votes| votes.2 > 0);
    }
    Ok(())
}

/// Rows of a table by who said them.
fn add_origins(
    files: &ReleaseFiles<'_>,
    table: &str,
    origins: &mut BTreeMap<String, u64>,
) -> Result<(), EngineError> {
    let rows = files.rows(&format!(
        "SELECT origin AS name, count(*) AS n FROM release_{table} GROUP BY origin ORDER BY origin"
    ))?;
    for one in counted(&rows) {
        *origins.entry(one.name).or_default() += one.count;
    }
    Ok(())
}

fn context(files: &ReleaseFiles<'_>, evidence: &mut Evidence) -> Result<(), EngineError> {
    let rows = files.rows(
        "SELECT field, count(DISTINCT recording_id) AS n FROM release_context GROUP BY field ORDER BY field",
    )?;
    for row in &rows {
        let known = evidence.context.entry(text(row, "field")).or_default();
        known.recordings = count(row, "n");
    }
    let rows = files.rows(&format!(
        "SELECT field, value AS name, count(DISTINCT recording_id) AS n FROM release_context \
         GROUP BY field, value ORDER BY field, n DESC, name LIMIT {}",
        10 * ROWS
    ))?;
    for row in &rows {
        let known = evidence.context.entry(text(row, "field")).or_default();
        known.values.extend(counted(std::slice::from_ref(row)));
    }
    Ok(())
}

/// Facts over recordings, and those that nobody could measure.
fn facts(files: &ReleaseFiles<'_>, evidence: &mut Evidence) -> Result<(), EngineError> {
    let rows = files.rows(&format!(
        "SELECT name, unit, recording_id, median(value) AS value FROM release_facts \
         WHERE status = 'ok' AND value IS NOT NULL AND value_boolean IS NULL \
         GROUP BY name, unit, recording_id ORDER BY name, unit, value, recording_id LIMIT {FACT_VALUES}"
    ))?;
    let mut all: BTreeMap<(String, String), Vec<f64>> = BTreeMap::new();
    for row in &rows {
        let values = all
            .entry((text(row, "name"), text(row, "unit")))
            .or_default();
        values.push(number(row, "value"));
    }
    for ((name, unit), values) in all {
        evidence.facts.extend(over(name, unit, &values));
    }
    let rows = files.rows(&format!(
        "SELECT name, reason, count(DISTINCT recording_id) AS n FROM release_facts WHERE status <> 'ok' \
         GROUP BY name, reason ORDER BY n DESC, name, reason LIMIT {ROWS}"
    ))?;
    let one = |row: &Row| (text(row, "name"), text(row, "reason"), count(row, "n"));
    evidence.not_evaluated = rows.iter().map(one).collect();
    Ok(())
}

/// A fact over recordings, from its values in order.
fn over(name: String, unit: String, values: &[f64]) -> Option<FactOver> {
    let n = values.len();
    let at = |rank: usize| values.get(rank).copied();
    let median = f64::midpoint(at((n.checked_sub(1)?) / 2)?, at(n / 2)?);
    let ranks = median_ranks(n);
    Some(FactOver {
        name,
        unit,
        recordings: n as u64,
        least: at(0)?,
        median,
        most: at(n - 1)?,
        interval: ranks.and_then(|(low, high)| at(low).zip(at(high))),
    })
}
