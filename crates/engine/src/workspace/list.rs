//! `ls` and `show`: which recordings there are, and everything known about one.

use super::ask::{Asked, Limits, Row, quoted};
use super::opened::Workspace;
use crate::EngineError;
use fieldassay_model::nearest;
use fieldassay_model::tables::TABLES;
use fieldassay_query::recordings::{meant, several};
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
        // On lines of its own, so that places in it are those the user knows.
        let rows = asked.rows(&format!(
            "SELECT recording_id FROM recordings WHERE\n{condition}"
        ));
        let rows = rows.map_err(|error| match error {
            EngineError::Query(error) => EngineError::Query(error.after_lines(1)),
            other => other,
        })?;
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
    let found = meant(named, &all, |one| (&one.recording_id, &one.name));
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
        found => {
            let ids: Vec<&str> = found.iter().map(|one| one.recording_id.as_str()).collect();
            Err(EngineError::Request {
                message: several(named, &ids),
            })
        }
    }
}
