//! A stretch of a recording, or a row about it: back to the bytes it lies in, forward to the releases that hold it.
//!
//! Read [`follow`] first.

use super::super::ask::{Asked, Limits, Row, quoted};
use super::super::opened::Workspace;
use super::{Direction, Document, Gathered, Request, Thing, links};
use crate::EngineError;
use crate::workspace::release_files::ReleaseFiles;
use fieldassay_store::{Links, Node, Release};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Parts of files shown at most.
const CHUNKS: usize = 1000;

/// Where a sample is.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Its full id.
    pub(super) id: String,
    /// The recording it is of.
    pub(super) recording_id: String,
    /// Its first and last moment.
    pub(super) stretch: Option<(i64, i64)>,
    /// Table, source and number of the row.
    pub(super) row: Option<(String, Option<String>, i64)>,
}

/// The stretch or row that was asked about.
#[derive(Clone, Debug, Serialize)]
pub struct Sample {
    /// The recording.
    pub recording_id: String,
    /// First moment, nanoseconds on the clock of the recording; none for a row without time.
    pub start_ns: Option<i64>,
    /// Last moment.
    pub end_ns: Option<i64>,
    /// The table of a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// What a row was made from: an input, or the recipe that computed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
    /// The row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<Row>,
    /// Topics with messages in these parts.
    pub topics: Vec<String>,
    /// Parts of files whose times reach into the stretch.
    pub chunks: Vec<Chunk>,
    /// Whether there are more of them.
    pub chunks_cut: bool,
}

/// A part of a file.
#[derive(Clone, Debug, Serialize)]
pub struct Chunk {
    /// Its number within the recording.
    pub chunk: i64,
    /// The file.
    pub blob_sha256: String,
    /// First byte of it in the file.
    pub offset_bytes: i64,
    /// Its bytes.
    pub length_bytes: i64,
    /// How they are compressed; empty for not at all.
    pub compression: String,
    /// First moment within.
    pub start_ns: Option<i64>,
    /// Last moment within.
    pub end_ns: Option<i64>,
    /// Topics that have messages within.
    pub topics: Vec<String>,
}

/// Follows a sample.
pub(super) fn follow(
    workspace: &Workspace,
    request: &Request,
    place: &Place,
) -> Result<Document, EngineError> {
    let asked = Asked::new(workspace, None, Limits::default())?;
    let sample = sample(&asked, place)?;
    let mut gathered = Gathered::default();
    gathered.thing(Thing {
        id: place.id.clone(),
        kind: if place.row.is_some() { "row" } else { "sample" }.to_owned(),
        name: name(&sample),
        sha256: None,
    });
    match request.direction {
        Direction::Up => upwards(workspace, request, (place, &sample), &mut gathered)?,
        Direction::Down => downwards(workspace, request, (place, &sample), &mut gathered)?,
    }
    Ok(gathered.document(request, place.id.clone(), Some(sample)))
}

fn name(sample: &Sample) -> String {
    let table = sample.table.as_deref();
    let what = table.map_or_else(|| "stretch".to_owned(), |table| format!("row of {table}"));
    match (sample.start_ns, sample.end_ns) {
        (Some(start), Some(end)) => {
            let length = (end.saturating_sub(start)) as f64 * 1e-9;
            format!("{what}, {length:.3} s")
        }
        _ => what,
    }
}

fn integer(row: &Row, name: &str) -> Option<i64> {
    row.get(name).and_then(Value::as_i64)
}

fn text(row: &Row, name: &str) -> String {
    let value = row.get(name).and_then(Value::as_str);
    value.unwrap_or_default().to_owned()
}

/// What is known of the sample itself.
fn sample(asked: &Asked<'_>, place: &Place) -> Result<Sample, EngineError> {
    let mut sample = Sample {
        recording_id: place.recording_id.clone(),
        start_ns: place.stretch.map(|stretch| stretch.0),
        end_ns: place.stretch.map(|stretch| stretch.1),
        table: None,
        source_id: None,
        row: None,
        topics: Vec::new(),
        chunks: Vec::new(),
        chunks_cut: false,
    };
    if let Some((table, source, number)) = &place.row {
        let row = row(asked, place, (table, source.as_deref(), *number))?;
        sample.start_ns = integer(&row, "t_ns").or_else(|| integer(&row, "start_ns"));
        sample.end_ns = integer(&row, "end_ns").or(sample.start_ns);
        sample.source_id = Some(text(&row, "source_id"));
        sample.table = Some(table.clone());
        let known = row.into_iter().filter(|(_, value)| !value.is_null());
        sample.row = Some(known.collect());
    }
    if let (Some(start), Some(end)) = (sample.start_ns, sample.end_ns) {
        chunks(asked, (start, end), &mut sample)?;
    }
    Ok(sample)
}

/// The row that was meant.
fn row(
    asked: &Asked<'_>,
    place: &Place,
    (table, source, number): (&str, Option<&str>, i64),
) -> Result<Row, EngineError> {
    let of_source = source.map_or(String::new(), |source| {
        format!(" AND source_id = {}", quoted(source))
    });
    let mut rows = asked.rows(&format!(
        "SELECT * FROM {table} WHERE recording_id = {} AND source_row = {number}{of_source} ORDER BY source_id LIMIT 6",
        quoted(&place.recording_id)
    ))?;
    match (rows.pop(), rows.is_empty()) {
        (Some(row), true) => Ok(row),
        (Some(last), false) => {
            let sources = rows.iter().chain([&last]).map(|row| text(row, "source_id"));
            Err(EngineError::Request {
                message: format!(
                    "several sources have a row {number} of `{table}` about `{}`: {}\nhint: name one: `{}/{table}/<source_id>/{number}`",
                    place.recording_id,
                    sources.collect::<Vec<_>>().join(", "),
                    place.recording_id
                ),
            })
        }
        (None, _) => Err(EngineError::Request {
            message: format!(
                "`{table}` has no row {number} about `{}`\nhint: `fieldassay query \"SELECT source_id, source_row FROM {table} WHERE recording_id = '{}'\"` lists them",
                place.recording_id, place.recording_id
            ),
        }),
    }
}

/// Parts of files that reach into the stretch, by the table `chunks`.
fn chunks(
    asked: &Asked<'_>,
    (start, end): (i64, i64),
    sample: &mut Sample,
) -> Result<(), EngineError> {
    let id = quoted(&sample.recording_id);
    let topics = asked.rows(&format!(
        "SELECT channel, topic FROM channels WHERE recording_id = {id} ORDER BY channel"
    ))?;
    let topics: BTreeMap<i64, String> = topics
        .iter()
        .filter_map(|row| Some((integer(row, "channel")?, text(row, "topic"))))
        .collect();
    let mut rows = asked.rows(&format!(
        "SELECT chunk, blob_sha256, offset_bytes, length_bytes, compression, start_ns, end_ns, channels FROM chunks \
         WHERE recording_id = {id} AND start_ns <= {end} AND end_ns >= {start} ORDER BY chunk LIMIT {}",
        CHUNKS + 1
    ))?;
    sample.chunks_cut = rows.len() > CHUNKS;
    rows.truncate(CHUNKS);
    let mut all = BTreeSet::new();
    for row in &rows {
        let channels = row.get("channels").and_then(Value::as_array);
        let within = channels.into_iter().flatten().filter_map(Value::as_i64);
        let within = within.filter_map(|channel| topics.get(&channel).cloned());
        let within: BTreeSet<String> = within.collect();
        all.extend(within.iter().cloned());
        sample.chunks.push(Chunk {
            chunk: integer(row, "chunk").unwrap_or_default(),
            blob_sha256: text(row, "blob_sha256"),
            offset_bytes: integer(row, "offset_bytes").unwrap_or_default(),
            length_bytes: integer(row, "length_bytes").unwrap_or_default(),
            compression: text(row, "compression"),
            start_ns: integer(row, "start_ns"),
            end_ns: integer(row, "end_ns"),
            topics: within.into_iter().collect(),
        });
    }
    sample.topics = all.into_iter().collect();
    Ok(())
}

/// To the bytes: parts of files, the recording, the input a row was read from, and what these came from.
fn upwards(
    workspace: &Workspace,
    request: &Request,
    (place, sample): (&Place, &Sample),
    gathered: &mut Gathered,
) -> Result<(), EngineError> {
    let node = recording(workspace, &place.recording_id)?;
    gathered.part(&place.id, &node.node_id);
    gathered.links(links(workspace, request, &node)?);
    gathered.thing(node);
    let source = sample.source_id.as_deref();
    if let Some(source) = source.filter(|source| *source != place.recording_id) {
        gathered.part(&place.id, source);
        if source.starts_with("r-") {
            let node = recording(workspace, source)?;
            gathered.links(links(workspace, request, &node)?);
            gathered.thing(node);
        } else {
            gathered.thing(Thing {
                id: source.to_owned(),
                kind: "recipe".to_owned(),
                name: String::new(),
                sha256: None,
            });
        }
    }
    for chunk in &sample.chunks {
        let id = format!("{}#{}", place.recording_id, chunk.chunk);
        gathered.part(&place.id, &id);
        gathered.part(&id, &format!("blob:{}", chunk.blob_sha256));
        gathered.thing(Thing {
            kind: "chunk".to_owned(),
            name: format!(
                "bytes {} to {}, {}",
                chunk.offset_bytes,
                chunk.offset_bytes + chunk.length_bytes,
                chunk.topics.join(" ")
            ),
            sha256: None,
            id,
        });
    }
    Ok(())
}

fn recording(workspace: &Workspace, id: &str) -> Result<Node, EngineError> {
    let known = workspace.runtime.block_on(workspace.catalog.node(id))?;
    Ok(known.unwrap_or_else(|| Node {
        node_id: id.to_owned(),
        kind: "recording".to_owned(),
        name: String::new(),
        sha256: None,
    }))
}

/// To every release that holds the sample, and what came of these.
fn downwards(
    workspace: &Workspace,
    request: &Request,
    (place, sample): (&Place, &Sample),
    gathered: &mut Gathered,
) -> Result<(), EngineError> {
    let node = recording(workspace, &place.recording_id)?;
    let found = links(workspace, request, &node)?;
    gathered.part(&node.node_id, &place.id);
    gathered.thing(node.clone());
    // Since when the workspace has it: what is not in the tables of a release cannot be in the release.
    let source = sample.source_id.as_deref().unwrap_or(&place.recording_id);
    let since = workspace
        .runtime
        .block_on(workspace.catalog.made_at(source))?;
    let releases = workspace.runtime.block_on(workspace.catalog.releases())?;
    let mut others = BTreeSet::new();
    for release in releases {
        let id = format!("{}@{}", release.name, release.version);
        let is_used = found.links.iter().any(|link| link.child == id);
        let is_later = since.is_some_and(|since| since > release.tables_at);
        if is_used && (is_later || !holds(workspace, &release, sample)?) {
            others.insert(id);
        }
    }
    gathered.links(without(found, &node.node_id, &others));
    Ok(())
}

/// Whether a member of a release reaches into the sample.
fn holds(workspace: &Workspace, release: &Release, sample: &Sample) -> Result<bool, EngineError> {
    let files = ReleaseFiles::open(workspace, release, &["members"])?;
    let reaches = match (sample.start_ns, sample.end_ns) {
        (Some(start), Some(end)) => format!(
            " AND (start_ns IS NULL OR start_ns <= {end}) AND (end_ns IS NULL OR end_ns >= {start})"
        ),
        _ => String::new(),
    };
    let found = files.rows(&format!(
        "SELECT recording_id FROM release_members WHERE recording_id = {}{reaches} LIMIT 1",
        quoted(&sample.recording_id)
    ))?;
    Ok(!found.is_empty())
}

/// Links that can be reached without what is left out.
fn without(found: Links, from: &str, others: &BTreeSet<String>) -> Links {
    let mut reached = BTreeSet::from([from.to_owned()]);
    loop {
        let before = reached.len();
        for link in &found.links {
            if reached.contains(&link.parent) && !others.contains(&link.child) {
                reached.insert(link.child.clone());
            }
        }
        if reached.len() == before {
            break;
        }
    }
    let is_kept = |link: &fieldassay_store::Link| {
        reached.contains(&link.parent) && reached.contains(&link.child)
    };
    Links {
        links: found.links.into_iter().filter(is_kept).collect(),
        is_cut: found.is_cut,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldassay_store::{Link, Operation};

    #[test]
    fn a_release_that_does_not_hold_it_is_left_out_with_what_only_it_leads_to() {
        let link = |child: &str, parent: &str| Link {
            child: child.to_owned(),
            parent: parent.to_owned(),
            operation: Operation {
                operation_id: "op:1".to_owned(),
                verb: "release".to_owned(),
                plan_sha256: String::new(),
                actor: String::new(),
                time_ns: 0,
            },
            sequence: 1,
            published_us: None,
            node: None,
        };
        let found = Links {
            links: vec![
                link("a@1", "r-1"),
                link("b@1", "r-1"),
                link("e-1", "b@1"),
                link("e-2", "a@1"),
            ],
            is_cut: false,
        };
        let kept = without(found, "r-1", &BTreeSet::from(["b@1".to_owned()]));
        let ends: Vec<&str> = kept.links.iter().map(|link| link.child.as_str()).collect();
        assert_eq!(ends, ["a@1", "e-2"]);
    }
}
