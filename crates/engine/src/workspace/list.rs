//! `ls` and `show`: which recordings there are, and everything known about one.

use super::ask::{Asked, Limits, Row, quoted};
use super::opened::Workspace;
use crate::EngineError;
use fieldassay_model::nearest;
use fieldassay_model::tables::TABLES;
use fieldassay_store::{Listed, Published};
use serde::Serialize;
use std::collections::BTreeMap;

/// The document of `ls --json`.
#[derive(Clone, Debug, Serialize)]
pub struct ListDocument {
    /// `fieldassay.ls`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// Number of the last batch.
    pub sequence: i64,
    /// Recordings by name.
    pub recordings: Vec<Listed>,
}

/// Which recordings to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those kept apart, or those that are not.
    pub quarantined: Option<bool>,
    /// A condition in SQL over the table `recordings`.
    pub condition: Option<String>,
}

/// The recordings of a workspace. Errors: what the catalogue says, a condition that is none.
pub fn list(workspace: &Workspace, filter: &Filter) -> Result<ListDocument, EngineError> {
    let sequence = workspace.runtime.block_on(workspace.catalog.sequence())?;
    let mut recordings = workspace.runtime.block_on(workspace.catalog.recordings())?;
    if let Some(wanted) = filter.quarantined {
        recordings.retain(|one| one.quarantined == wanted);
    }
    if let Some(condition) = &filter.condition {
        let asked = Asked::new(workspace, None, Limits::default())?;
        let rows = asked.rows(&format!(
            "SELECT recording_id FROM recordings WHERE {condition}"
        ))?;
        let ids: std::collections::BTreeSet<&str> = rows
            .iter()
            .filter_map(|row| row.get("recording_id")?.as_str())
            .collect();
        recordings.retain(|one| ids.contains(one.recording_id.as_str()));
    }
    Ok(ListDocument {
        schema: "fieldassay.ls",
        version: 1,
        sequence,
        recordings,
    })
}

/// The document of `ls --batches --json`.
#[derive(Clone, Debug, Serialize)]
pub struct BatchesDocument {
    /// `fieldassay.batches`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// Batches by number.
    pub batches: Vec<Published>,
}

/// What was published when. Errors: what the catalogue says.
pub fn batches(workspace: &Workspace) -> Result<BatchesDocument, EngineError> {
    Ok(BatchesDocument {
        schema: "fieldassay.batches",
        version: 1,
        batches: workspace.runtime.block_on(workspace.catalog.published())?,
    })
}

/// The document of `show --json`; rows have the columns of their tables.
#[derive(Clone, Debug, Serialize)]
pub struct ShowDocument {
    /// `fieldassay.show`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// Its row of `recordings`.
    pub recording: Row,
    /// What is known about it.
    pub context: Vec<Row>,
    /// What the policy found, worst first.
    pub findings: Vec<Row>,
    /// Its channels, by topic.
    pub channels: Vec<Row>,
    /// Its files, at most a hundred.
    pub files: Vec<Row>,
    /// Rows about it in every table that has any.
    pub rows: BTreeMap<String, u64>,
}

/// Everything about one recording, by its id, the start of its id, or its name.
pub fn show(workspace: &Workspace, named: &str) -> Result<ShowDocument, EngineError> {
    let id = resolve(workspace, named)?.recording_id;
    let asked = Asked::new(workspace, None, Limits::default())?;
    let about = |columns: &str, table: &str, rest: &str| {
        let id = quoted(&id);
        asked.rows(&format!(
            "SELECT {columns} FROM {table} WHERE recording_id = {id} {rest}"
        ))
    };
    let mut rows = BTreeMap::new();
    for table in TABLES {
        let counted = about("count(*) AS n", table.name, "")?;
        let count = counted.first().and_then(|row| row.get("n")?.as_u64());
        if let Some(count) = count.filter(|count| *count > 0) {
            rows.insert(table.name.to_owned(), count);
        }
    }
    let worst =
        "ORDER BY CASE severity WHEN 'error' THEN 0 WHEN 'warn' THEN 1 ELSE 2 END, source_row";
    Ok(ShowDocument {
        schema: "fieldassay.show",
        version: 1,
        recording: about("*", "recordings", "")?.pop().unwrap_or_default(),
        context: about("*", "context", "ORDER BY field, number")?,
        findings: about("*", "findings", worst)?,
        channels: about("*", "channels", "ORDER BY topic, channel")?,
        files: about("*", "files", "ORDER BY path LIMIT 100")?,
        rows,
    })
}

/// The recording of an id, of the start of an id that only one has, or of a name that only one has.
pub(super) fn resolve(workspace: &Workspace, named: &str) -> Result<Listed, EngineError> {
    workspace.runtime.block_on(resolve_async(workspace, named))
}

/// As [`resolve`], for whoever runs already.
pub(super) async fn resolve_async(
    workspace: &Workspace,
    named: &str,
) -> Result<Listed, EngineError> {
    let all = workspace.catalog.recordings().await?;
    if let Some(exact) = all.iter().find(|one| one.recording_id == named) {
        return Ok(exact.clone());
    }
    let is_start = named.len() > 2 && named.starts_with("r-");
    let fits =
        |one: &&Listed| one.name == named || (is_start && one.recording_id.starts_with(named));
    let found: Vec<&Listed> = all.iter().filter(fits).collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => {
            let names = all
                .iter()
                .flat_map(|one| [one.recording_id.as_str(), one.name.as_str()]);
            Err(EngineError::NoRecording {
                seen: named.to_owned(),
                near: nearest(named, names).map(str::to_owned),
            })
        }
        several => Err(EngineError::Request {
            message: format!(
                "`{named}` may be any of {} recordings: {}\nhint: give more of the id",
                several.len(),
                several
                    .iter()
                    .take(5)
                    .map(|one| one.recording_id.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        }),
    }
}
