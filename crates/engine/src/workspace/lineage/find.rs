//! What an id means.

use super::super::list::resolve;
use super::super::opened::Workspace;
use super::sample::Place;
use crate::EngineError;
use fieldassay_model::release::{ReleaseRef, Which};
use fieldassay_model::tables::TABLES;
use fieldassay_model::{TimeBound, nearest};
use fieldassay_store::{Node, Release};

/// Digits of a time that is nanoseconds since 1970, not seconds.
const NANOS_DIGITS: usize = 15;

/// What was found.
pub(super) enum Found {
    /// A thing that is kept.
    Node(Node),
    /// A stretch of a recording, or a row of a table.
    Sample(Place),
}

/// What an id, a digest or a name means. Errors: nothing, or several things.
pub(super) fn find(workspace: &Workspace, id: &str) -> Result<Found, EngineError> {
    if let Some((recording, stretch)) = id.split_once('@').filter(|_| id.starts_with("r-")) {
        return stretch_of(workspace, recording, stretch).map(Found::Sample);
    }
    if let Some((recording, row)) = id.split_once('/').filter(|_| id.starts_with("r-")) {
        return row_of(workspace, recording, row).map(Found::Sample);
    }
    let catalog = &workspace.catalog;
    if let Some(node) = workspace.runtime.block_on(catalog.node(id))? {
        return Ok(Found::Node(node));
    }
    let digest = id.strip_prefix("blob:").unwrap_or(id);
    if digest.len() >= 8 && digest.bytes().all(|b| b.is_ascii_hexdigit()) {
        let start = format!("blob:{}", digest.to_ascii_lowercase());
        return one_of(workspace, id, &start);
    }
    if id.contains(':') {
        return one_of(workspace, id, id);
    }
    if let Some(release) = release(workspace, id)? {
        let name = format!("{}@{}", release.name, release.version);
        return Ok(Found::Node(Node {
            sha256: Some(release.manifest_sha256),
            kind: "release".to_owned(),
            node_id: name.clone(),
            name,
        }));
    }
    let listed = resolve(workspace, id)?;
    let node = catalog.node(&listed.recording_id);
    let node = workspace.runtime.block_on(node)?;
    Ok(Found::Node(node.unwrap_or_else(|| Node {
        node_id: listed.recording_id,
        kind: "recording".to_owned(),
        name: listed.name,
        sha256: None,
    })))
}

/// The only node whose id begins so.
fn one_of(workspace: &Workspace, seen: &str, start: &str) -> Result<Found, EngineError> {
    let mut found = workspace
        .runtime
        .block_on(workspace.catalog.nodes_like(start, 5))?;
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(Found::Node(one)),
        (Some(last), false) => {
            let ids = found.iter().chain([&last]).map(|one| one.node_id.as_str());
            Err(EngineError::Request {
                message: format!(
                    "`{seen}` may be any of several: {}\nhint: give more of the id",
                    ids.collect::<Vec<_>>().join(", ")
                ),
            })
        }
        (None, _) => {
            let kind = start.split(':').next().unwrap_or_default();
            let near = workspace
                .runtime
                .block_on(workspace.catalog.nodes_like(&format!("{kind}:"), 1000))?;
            let near = nearest(start, near.iter().map(|one| one.node_id.as_str()));
            let hint = near.map_or_else(
                || {
                    "`fieldassay ls` lists recordings, `fieldassay show ID` the files of one"
                        .to_owned()
                },
                |near| format!("did you mean `{near}`?"),
            );
            Err(EngineError::Request {
                message: format!("nothing in this workspace is `{seen}`\nhint: {hint}"),
            })
        }
    }
}

/// The release of `NAME`, `NAME@2` or `NAME@tag`; none where no release has that name.
///
/// Errors: a version or tag that the release does not have.
pub(in crate::workspace) fn release(
    workspace: &Workspace,
    text: &str,
) -> Result<Option<Release>, EngineError> {
    let Ok(wanted) = ReleaseRef::parse(text) else {
        return Ok(None);
    };
    let all = workspace.runtime.block_on(workspace.catalog.releases())?;
    let mut versions: Vec<Release> = all
        .into_iter()
        .filter(|one| one.name == wanted.name)
        .collect();
    let known: Vec<String> = versions.iter().map(|one| one.version.to_string()).collect();
    let version = match &wanted.which {
        Which::Newest => return Ok(versions.pop()),
        _ if versions.is_empty() => return Ok(None),
        Which::Version(version) => Some(*version),
        Which::Tag(tag) => {
            let tags = workspace.runtime.block_on(workspace.catalog.tags())?;
            let of = |one: &&fieldassay_store::Tag| one.tag == *tag && one.release == wanted.name;
            tags.iter().find(of).map(|one| one.version)
        }
    };
    let found = versions
        .into_iter()
        .find(|one| Some(one.version) == version);
    found.map(Some).ok_or_else(|| EngineError::Request {
        message: format!(
            "there is no `{text}`\nhint: `{}` has the versions {}",
            wanted.name,
            known.join(", ")
        ),
    })
}

/// `start-end` of a recording: nanoseconds since 1970, seconds from its start, or ISO 8601.
fn stretch_of(workspace: &Workspace, recording: &str, text: &str) -> Result<Place, EngineError> {
    let listed = resolve(workspace, recording)?;
    let first = listed.start_ns.unwrap_or(0);
    let bounds = text
        .match_indices('-')
        .find_map(|(at, _)| {
            let start = bound(text.get(..at)?, first)?;
            Some((start, bound(text.get(at + 1..)?, first)?))
        })
        .or_else(|| bound(text, first).map(|at| (at, at)));
    let refuse = |what: &str| EngineError::Request {
        message: format!(
            "`{text}` is no stretch of `{}`: {what}\nhint: give `{}@12.5-14` in seconds from its start, or nanoseconds since 1970",
            listed.recording_id, listed.recording_id
        ),
    };
    let (start_ns, end_ns) = bounds.ok_or_else(|| refuse("these are no two times"))?;
    if start_ns > end_ns {
        return Err(refuse("it ends before it starts"));
    }
    if listed.start_ns.is_none_or(|start| end_ns < start)
        || listed.end_ns.is_none_or(|end| start_ns > end)
    {
        return Err(refuse("the recording has nothing there"));
    }
    Ok(Place {
        id: format!("{}@{start_ns}-{end_ns}", listed.recording_id),
        recording_id: listed.recording_id,
        stretch: Some((start_ns, end_ns)),
        row: None,
    })
}

fn bound(text: &str, first: i64) -> Option<i64> {
    let is_nanos = text.len() >= NANOS_DIGITS && text.bytes().all(|b| b.is_ascii_digit());
    if is_nanos {
        return text.parse().ok();
    }
    TimeBound::parse(text).ok().map(|bound| bound.at(first))
}

/// `table/row` or `table/source/row` of a recording.
fn row_of(workspace: &Workspace, recording: &str, text: &str) -> Result<Place, EngineError> {
    let listed = resolve(workspace, recording)?;
    let parts: Vec<&str> = text.split('/').collect();
    let (table, source, number) = match parts.as_slice() {
        [table, number] => (*table, None, *number),
        [table, source, number] => (*table, Some(*source), *number),
        _ => ("", None, ""),
    };
    let refuse = |message: String| EngineError::Request { message };
    let number: i64 = number.parse().map_err(|_| {
        refuse(format!(
            "`{recording}/{text}` names no row\nhint: give `{recording}/labels/17`, or `{recording}/labels/<source_id>/17`"
        ))
    })?;
    let has_rows = |table: &&fieldassay_model::tables::Table| {
        table.columns().any(|column| column.name == "source_row")
    };
    let known = TABLES.iter().filter(has_rows);
    if !known.clone().any(|one| one.name == table) {
        let near = nearest(table, known.map(|one| one.name)).unwrap_or("labels");
        return Err(refuse(format!(
            "no table `{table}` has rows with a source\nhint: did you mean `{near}`?"
        )));
    }
    Ok(Place {
        id: format!("{}/{text}", listed.recording_id),
        recording_id: listed.recording_id,
        stretch: None,
        row: Some((table.to_owned(), source.map(str::to_owned), number)),
    })
}
