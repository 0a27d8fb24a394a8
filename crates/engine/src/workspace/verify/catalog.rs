//! What the catalogue claims, against signed documents, signed entries and signed files of tables.
//!
//! Read [`compare`] first. Not here: heads of the log (`tree`), manifests (`release`).

use super::Findings;
use super::stored::{Stored, rows};
use super::tree::Log;
use crate::EngineError;
use crate::workspace::ledger::say::Said;
use crate::workspace::opened::Workspace;
use arrow_array::{Array as _, BooleanArray, Int64Array, RecordBatch, StringArray};
use fieldassay_proof::commitment::{Commitment, Salt};
use fieldassay_store::Listed;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Compares every row of the catalogue that something signed speaks of, both ways.
pub(super) async fn compare(
    workspace: &Workspace,
    (log, stored): (&Log, &Stored),
    findings: &mut Findings,
) -> Result<(), EngineError> {
    batches(workspace, stored, findings).await?;
    versions(workspace, stored, findings).await?;
    recordings(workspace, stored, findings).await?;
    entries(workspace, log, findings).await?;
    people(workspace, stored, findings).await?;
    releases(workspace, log, findings).await
}

/// Compares two sets of rows: each row that only one side has is wrong.
fn same_rows<T: Ord + std::fmt::Debug>(
    (what, place): (&str, &str),
    expected: &BTreeSet<T>,
    found: &BTreeSet<T>,
    findings: &mut Findings,
) {
    for row in expected.union(found) {
        match (expected.contains(row), found.contains(row)) {
            (true, true) => findings.counted("rows of the catalogue", 1),
            (true, false) => findings.wrong(what, place, format!("{row:?}"), "nothing"),
            (false, _) => {
                findings.wrong(what, place, "nothing that was signed", format!("{row:?}"));
            }
        }
    }
}

async fn batches(
    workspace: &Workspace,
    stored: &Stored,
    findings: &mut Findings,
) -> Result<(), EngineError> {
    let mut found: BTreeMap<i64, (String, String)> = BTreeMap::new();
    for (sequence, key, state) in workspace.catalog.batch_rows().await? {
        found.insert(sequence, (key, state));
    }
    for (sequence, document) in &stored.documents {
        let place = format!("catalogue, `batches` {sequence}");
        let Some((key, state)) = found.remove(sequence) else {
            findings.wrong("batch", place, "a batch that was published", "nothing");
            continue;
        };
        findings.same(("batch", &place), &"published".to_owned(), &state);
        // Documents of an earlier version do not name their batch.
        if let Some(named) = document.get("batch_sha256").and_then(Json::as_str) {
            findings.same(("batch", &place), &named.to_owned(), &key);
        }
    }
    for (sequence, (_, state)) in found {
        let place = format!("catalogue, `batches` {sequence}");
        let found = match state.as_str() {
            "open" => {
                "a batch that was begun and not finished; the next `fieldassay ingest` finishes it"
            }
            _ => "a batch without a signed document",
        };
        findings.wrong("batch", place, "nothing", found);
    }
    Ok(())
}

async fn versions(
    workspace: &Workspace,
    stored: &Stored,
    findings: &mut Findings,
) -> Result<(), EngineError> {
    let mut expected = BTreeSet::new();
    for (sequence, document) in &stored.documents {
        let tables = document.get("tables").and_then(Json::as_object);
        for (table, said) in tables.into_iter().flatten() {
            if let Some(version) = said.get("version").and_then(Json::as_i64) {
                expected.insert((*sequence, table.clone(), version));
            }
        }
    }
    let found = workspace.catalog.version_rows().await?;
    let place = ("version of a table", "catalogue, `versions`");
    same_rows(place, &expected, &found.into_iter().collect(), findings);
    Ok(())
}

/// A column by its name and type.
fn column<'a, T: 'static>(batch: &'a RecordBatch, name: &str) -> Option<&'a T> {
    batch.column_by_name(name)?.as_any().downcast_ref::<T>()
}

/// Rows of `recordings` as the catalogue would list them.
fn listed(batch: &RecordBatch) -> Vec<Listed> {
    let text = |name: &str, row: usize| {
        let column = column::<StringArray>(batch, name);
        column.map_or_else(String::new, |column| column.value(row).to_owned())
    };
    let integer = |name: &str, row: usize| {
        let column = column::<Int64Array>(batch, name)?;
        column.is_valid(row).then(|| column.value(row))
    };
    let one = |row: usize| Listed {
        recording_id: text("recording_id", row),
        name: text("name", row),
        format: text("format", row),
        verdict: text("verdict", row),
        quarantined: column::<BooleanArray>(batch, "quarantined")
            .is_some_and(|column| column.value(row)),
        size_bytes: integer("size_bytes", row).unwrap_or_default(),
        message_count: integer("message_count", row).unwrap_or_default(),
        start_ns: integer("start_ns", row),
        end_ns: integer("end_ns", row),
    };
    (0..batch.num_rows()).map(one).collect()
}

async fn recordings(
    workspace: &Workspace,
    stored: &Stored,
    findings: &mut Findings,
) -> Result<(), EngineError> {
    let mut expected = BTreeSet::new();
    for (sequence, document) in &stored.documents {
        let ids = document.get("recordings").and_then(Json::as_array);
        for id in ids.into_iter().flatten().filter_map(Json::as_str) {
            expected.insert((*sequence, id.to_owned()));
        }
    }
    let found = workspace.catalog.recording_rows().await?;
    let place = ("recording", "catalogue, `recordings`");
    same_rows(place, &expected, &found.into_iter().collect(), findings);
    let mut signed = BTreeMap::new();
    for batch in rows(workspace, stored, "recordings").await? {
        for one in listed(&batch) {
            signed.insert(one.recording_id.clone(), one);
        }
    }
    for found in workspace.catalog.recordings().await? {
        let place = format!("catalogue, `recordings` {}", found.recording_id);
        let says = |one: &Listed| serde_json::to_string(one).unwrap_or_default();
        match signed.get(&found.recording_id) {
            Some(expected) => findings.same(("recording", &place), &says(expected), &says(&found)),
            None => findings.wrong("recording", place, "a row that was signed", says(&found)),
        }
    }
    Ok(())
}

async fn entries(
    workspace: &Workspace,
    log: &Log,
    findings: &mut Findings,
) -> Result<(), EngineError> {
    let (mut expected, mut unknown) = (BTreeSet::new(), BTreeSet::new());
    let mut batch = -1;
    for (number, entry) in log.entries.iter().enumerate() {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        let Some(entry) = entry else {
            unknown.insert(number);
            continue;
        };
        // Whatever else is said of a batch follows the entry that begins it.
        batch = entry
            .batch
            .and_then(|batch| i64::try_from(batch).ok())
            .unwrap_or(batch);
        let subject = entry
            .subject
            .clone()
            .unwrap_or_else(|| format!("batch:{batch}"));
        expected.insert((number, batch, entry.kind.clone(), subject));
    }
    let found = workspace.catalog.log_entries().await?;
    let found = found
        .into_iter()
        .filter(|row| !unknown.contains(&row.entry));
    let found = found
        .map(|row| (row.entry, row.sequence, row.kind, row.subject))
        .collect();
    let place = ("entry of the log", "catalogue, `log_entries`");
    same_rows(place, &expected, &found, findings);
    Ok(())
}

async fn people(
    workspace: &Workspace,
    stored: &Stored,
    findings: &mut Findings,
) -> Result<(), EngineError> {
    let actors = stored
        .documents
        .values()
        .filter_map(|document| document.get("actor")?.as_str());
    let actors: BTreeSet<&str> = actors.collect();
    for row in workspace.catalog.commitments().await? {
        let place = format!("catalogue, `commitments` {}", row.commitment);
        let salt = (0..32).map(|at| {
            let pair = row.salt.get(2 * at..2 * at + 2)?;
            u8::from_str_radix(pair, 16).ok()
        });
        let salt: Option<Vec<u8>> = salt.collect();
        let salt = salt
            .and_then(|salt| <[u8; 32]>::try_from(salt).ok())
            .map(Salt::from_bytes);
        let is_of = salt.is_some_and(|salt| {
            Commitment::new(&row.purpose, &salt, row.value.as_bytes()).to_string() == row.commitment
        });
        if is_of && actors.contains(row.commitment.as_str()) {
            findings.counted("rows of the catalogue", 1);
        } else {
            findings.wrong(
                "person behind a commitment",
                place,
                "what was committed to in the log",
                "something else",
            );
        }
    }
    Ok(())
}

async fn releases(
    workspace: &Workspace,
    log: &Log,
    findings: &mut Findings,
) -> Result<(), EngineError> {
    let (mut releases, mut tags) = (BTreeSet::new(), BTreeSet::new());
    let mut batch = -1;
    for entry in log.entries.iter().flatten() {
        batch = entry
            .batch
            .and_then(|batch| i64::try_from(batch).ok())
            .unwrap_or(batch);
        match &entry.said {
            Said::Release {
                name,
                version,
                manifest_sha256,
                members,
                ..
            } => {
                let members = i64::try_from(*members).unwrap_or(i64::MAX);
                let actor = entry.operation.actor.clone();
                releases.insert((
                    name.clone(),
                    i64::from(*version),
                    manifest_sha256.clone(),
                    members,
                    actor,
                ));
            }
            Said::Tag {
                tag,
                release,
                version,
                ..
            } => {
                tags.insert((batch, tag.clone(), release.clone(), i64::from(*version)));
            }
            _ => {}
        }
    }
    let found = workspace.catalog.releases().await?.into_iter().map(|row| {
        (
            row.name,
            row.version,
            row.manifest_sha256,
            row.members,
            row.actor,
        )
    });
    let place = ("release", "catalogue, `releases`");
    same_rows(place, &releases, &found.collect(), findings);
    let found = workspace.catalog.tag_rows().await?;
    let found = found
        .into_iter()
        .map(|(batch, row)| (batch, row.tag, row.release, row.version));
    let place = ("tag", "catalogue, `tags`");
    same_rows(place, &tags, &found.collect(), findings);
    Ok(())
}
