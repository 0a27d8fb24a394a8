//! `contract check r-…`: what a workspace keeps, held to a contract.
//!
//! Read [`check`] first. Messages are read from the originals, context and labels from the tables.
//!
//! Not here: files that are in no workspace (`crate::contract`).

use super::Form;
use super::ask::{Asked, Limits as AskLimits, quoted};
use super::list::resolve;
use super::opened::Workspace;
use crate::EngineError;
use crate::context::{Fields, Said};
use crate::contract::hold::{Known, Tables, hold};
use crate::contract::lens::Held;
use crate::contract::tables::{feed_batch, wanted};
use crate::contract::{CheckedInput, Files, held, recording};
use crate::limits::Limits;
use crate::sources::Source;
use fieldassay_check::{NoProgress, Progress};
use fieldassay_model::Verdict;
use fieldassay_model::contract::{Checking, Notes, ObservedTable, category_column};
use fieldassay_model::release::ContractResult;
use fieldassay_model::tables::table;
use std::collections::{BTreeMap, BTreeSet};

/// Whether an argument names a recording of a workspace and no file.
pub fn is_id(argument: &str) -> bool {
    let digits = argument.strip_prefix("r-").unwrap_or_default();
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !std::path::Path::new(argument).exists()
}

/// Holds recordings and labels of a workspace to a contract.
///
/// Errors: an id that is not there, what the store says.
pub fn check(
    workspace: &Workspace,
    ids: &[String],
    files: &Files,
    (limits, progress): (&Limits, &dyn Progress),
) -> Result<Vec<CheckedInput>, EngineError> {
    check_at(workspace, None, (ids, files), (limits, progress))
}

/// The same for the workspace as it is after a batch.
fn check_at(
    workspace: &Workspace,
    sequence: Option<i64>,
    (ids, files): (&[String], &Files),
    (limits, progress): (&Limits, &dyn Progress),
) -> Result<Vec<CheckedInput>, EngineError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let asked = Asked::new(workspace, sequence, AskLimits::default())?;
    let of_tables = files.of_tables();
    let materializer = workspace
        .runtime
        .block_on(workspace.materializer(sequence))?;
    let mut all = Vec::new();
    for id in ids {
        let listed = resolve(workspace, id)?;
        let id = listed.recording_id.as_str();
        let fields = context(&asked, id)?;
        let kept = Kept::look(workspace, &asked, (id, files))?;
        let known = Known {
            context: Some(&fields),
            tables: Some(&kept),
        };
        let is_labels =
            listed.message_count == 0 && Form::ALL.iter().any(|form| form.name() == listed.format);
        let mut checked = if is_labels {
            CheckedInput::new(id.to_owned(), hold(&held(&of_tables), None, known)?)
        } else {
            let together = materializer.together(id)?;
            let read = Source::read(&together.path);
            let done =
                read.and_then(|source| recording(&source, &held(files), known, (limits, progress)));
            done.unwrap_or_else(|error| CheckedInput::unreadable(id.to_owned(), &error))
        };
        id.clone_into(&mut checked.path);
        checked.format = Some(listed.format.clone());
        all.push(checked);
    }
    Ok(all)
}

/// What contracts come to over the members of a release, as the workspace is after a batch.
///
/// Errors: what the store says.
pub(super) fn results(
    workspace: &Workspace,
    sequence: i64,
    (ids, contracts): (&[String], &[Files]),
) -> Result<Vec<ContractResult>, EngineError> {
    let limits = Limits::default();
    let mut all = Vec::new();
    for files in contracts {
        let watched: (&Limits, &dyn Progress) = (&limits, &NoProgress);
        let checked = check_at(workspace, Some(sequence), (ids, files), watched)?;
        let count = |verdict| checked.iter().filter(|one| one.verdict == verdict).count() as u64;
        let named = files.contract.reference();
        let violations = checked.iter().flat_map(|one| &one.violations);
        let (broken, not_evaluated) = (count(Verdict::Fail), count(Verdict::NotEvaluated));
        all.push(ContractResult {
            name: named.contract,
            version: named.version,
            sha256: named.sha256,
            verdict: match (broken, not_evaluated) {
                (0, 0) => Verdict::Pass,
                (0, _) => Verdict::NotEvaluated,
                _ => Verdict::Fail,
            },
            violations: violations.count() as u64,
            recordings: broken,
            not_evaluated,
        });
    }
    Ok(all)
}

/// What is known of a recording besides its messages.
fn context(asked: &Asked<'_>, id: &str) -> Result<Fields, EngineError> {
    let rows = asked.rows(&format!(
        "SELECT field, \"value\", value_real, unit FROM context WHERE recording_id = {} ORDER BY field, \"number\"",
        quoted(id)
    ))?;
    let mut fields = Fields::new();
    for row in &rows {
        let text = |name: &str| row.get(name)?.as_str().map(str::to_owned);
        if let (Some(field), Some(value)) = (text("field"), text("value")) {
            fields.entry(field).or_default().push(Said {
                value,
                real: row.get("value_real").and_then(serde_json::Value::as_f64),
                unit: text("unit"),
                start: None,
                end: None,
                given_by: "workspace",
                place: String::new(),
            });
        }
    }
    Ok(fields)
}

/// Tables of one recording.
struct Kept<'a> {
    workspace: &'a Workspace,
    asked: &'a Asked<'a>,
    id: &'a str,
    observed: BTreeMap<String, ObservedTable>,
}

impl<'a> Kept<'a> {
    fn look(
        workspace: &'a Workspace,
        asked: &'a Asked<'a>,
        (id, files): (&'a str, &Files),
    ) -> Result<Self, EngineError> {
        let mut observed = BTreeMap::new();
        let of = format!("WHERE recording_id = {}", quoted(id));
        for name in files.contract.tables.keys() {
            let counted = asked.rows(&format!("SELECT count(*) AS n FROM {name} {of}"))?;
            let count = counted.first().and_then(|row| row.get("n")?.as_u64());
            let mut seen = ObservedTable {
                row_count: count.unwrap_or(0),
                ontologies: None,
            };
            let has_ontology = table(name).is_some_and(|one| one.column("ontology").is_some());
            if let Some(category) = category_column(name).filter(|_| has_ontology) {
                let rows = asked.rows(&format!(
                    "SELECT DISTINCT coalesce(ontology, '') AS ontology FROM {name} {of} AND {category} IS NOT NULL ORDER BY 1"
                ))?;
                let named = rows.iter().filter_map(|row| row.get("ontology")?.as_str());
                seen.ontologies = Some(named.map(str::to_owned).collect());
            }
            observed.insert(name.clone(), seen);
        }
        Ok(Self {
            workspace,
            asked,
            id,
            observed,
        })
    }

    fn sql(&self, name: &str, wanted: &BTreeSet<String>) -> Option<String> {
        let declared = table(name)?;
        let times = ["t_ns", "start_ns"].map(str::to_owned);
        let columns = declared.columns().filter(|column| {
            wanted.contains(column.name) || times.iter().any(|time| time == column.name)
        });
        let columns: Vec<String> = columns
            .map(|column| format!("\"{}\"", column.name))
            .collect();
        let key: Vec<String> = declared
            .key
            .iter()
            .map(|name| format!("\"{name}\""))
            .collect();
        Some(format!(
            "SELECT {} FROM {name} WHERE recording_id = {} ORDER BY {}",
            columns.join(", "),
            quoted(self.id),
            key.join(", ")
        ))
    }
}

impl Tables for Kept<'_> {
    fn observed(&self) -> &BTreeMap<String, ObservedTable> {
        &self.observed
    }

    fn feed(
        &self,
        held: &Held<'_>,
        checking: &mut Checking<'_>,
        notes: &mut Notes,
    ) -> Result<(), EngineError> {
        for name in self.observed.keys() {
            let wanted = wanted(held, name, checking);
            let Some(sql) = self.sql(name, &wanted).filter(|_| !wanted.is_empty()) else {
                continue;
            };
            let runtime = &self.workspace.runtime;
            let mut answer = runtime.block_on(self.asked.session().run(&sql))?;
            let mut first = 0;
            while let Some(batch) = runtime.block_on(answer.next()) {
                let batch = batch?;
                feed_batch(held, (name, &batch, first), checking, notes)?;
                first += batch.num_rows() as u64;
            }
        }
        Ok(())
    }
}
