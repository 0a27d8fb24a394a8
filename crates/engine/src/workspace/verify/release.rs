//! A release: its statement in the log, its manifest, its files and the originals they name.
//!
//! Read [`verify`] first; what it holds a release to is the same in a folder that was exported (`offline`).

use super::Findings;
use super::stored::{Want, hash, texts, wants};
use super::tree::{Log, sha256};
use crate::EngineError;
use crate::workspace::ledger::say::{Entry, Said};
use crate::workspace::opened::Workspace;
use fieldassay_model::release::{FILE, Manifest, ReleaseRef, Which};
use fieldassay_store::{Bytes, Objects, Release, parquet_rows};
use std::collections::BTreeSet;

/// The file of a release that names originals.
pub(super) const ORIGINALS: &str = "files.parquet";

/// The release of a name, if there is one.
pub(super) async fn resolve(
    workspace: &Workspace,
    named: &ReleaseRef,
) -> Result<Option<Release>, EngineError> {
    let releases = workspace.catalog.releases().await?;
    let mut of_name = releases
        .into_iter()
        .filter(|release| release.name == named.name);
    Ok(match &named.which {
        Which::Newest => of_name.next_back(),
        Which::Version(version) => of_name.find(|release| release.version == *version),
        Which::Tag(tag) => {
            let tags = workspace.catalog.tags().await?;
            let tagged = tags
                .iter()
                .find(|one| one.tag == *tag && one.release == named.name);
            let version = tagged.map(|tagged| tagged.version);
            of_name.find(|release| Some(release.version) == version)
        }
    })
}

/// The entry that says this of a release.
fn stated<'a>(log: &'a Log, release: &Release) -> Option<&'a Entry> {
    log.entries.iter().flatten().find(|entry| {
        matches!(&entry.said, Said::Release { name, version, .. }
            if *name == release.name && i64::from(*version) == release.version)
    })
}

/// Holds a release to its statement in the log.
pub(super) async fn verify(
    workspace: &Workspace,
    (log, release): (&Log, &Release),
    findings: &mut Findings,
) -> Result<(), EngineError> {
    let name = format!("{}@{}", release.name, release.version);
    let place = format!("catalogue, `releases` {name}");
    let Some(Entry {
        said: Said::Release {
            manifest_sha256, ..
        },
        ..
    }) = stated(log, release)
    else {
        findings.wrong("release", place, "a statement in the log", "none");
        return Ok(());
    };
    findings.same(
        ("release", &place),
        manifest_sha256,
        &release.manifest_sha256,
    );
    let folder = format!("releases/{manifest_sha256}");
    let objects = Objects::new(workspace.place.clone());
    let path = format!("{folder}/{FILE}");
    let Some(bytes) = objects.get(&path).await? else {
        findings.wrong("manifest", path, manifest_sha256, "nothing");
        return Ok(());
    };
    let Some(manifest) = manifest(&path, &bytes, manifest_sha256, findings) else {
        return Ok(());
    };
    let mut wanted = files(&folder, &manifest);
    let listed = objects.list(&folder).await?;
    let known: BTreeSet<&str> = wanted.iter().map(|want| want.path.as_str()).collect();
    for (other, _) in listed.iter().filter(|(other, _)| *other != path) {
        if !known.contains(other.as_str()) {
            findings.wrong("file that nobody signed", other, "nothing", "a file");
        }
    }
    let path = format!("{folder}/{ORIGINALS}");
    if let Some(bytes) = objects.get(&path).await?
        && manifest
            .files
            .iter()
            .any(|file| file.path == ORIGINALS && file.sha256 == sha256(&bytes))
    {
        wanted.extend(wants(named(&path, bytes)?)?);
    }
    hash(workspace, wanted, findings).await
}

/// Folders among the releases that no release names: what an interrupted `release create` left, or anybody. Nothing
/// reads them, so they are no problem; they are told.
pub(super) async fn left_over(
    workspace: &Workspace,
    releases: &[Release],
) -> Result<Option<String>, EngineError> {
    let known: BTreeSet<&str> = releases
        .iter()
        .map(|release| release.manifest_sha256.as_str())
        .collect();
    let listed = Objects::new(workspace.place.clone())
        .list("releases")
        .await?;
    let folders = listed.iter().filter_map(|(path, _)| path.split('/').nth(1));
    let others: BTreeSet<&str> = folders.filter(|one| !known.contains(one)).collect();
    let Some(first) = others.first() else {
        return Ok(None);
    };
    Ok(Some(format!(
        "{} in `releases` that no release names, `{first}` first: an interrupted `release create` leaves such, and the same request takes them up again",
        match others.len() {
            1 => "a folder".to_owned(),
            count => format!("{count} folders"),
        }
    )))
}

/// A manifest with this digest.
pub(super) fn manifest(
    path: &str,
    bytes: &[u8],
    expected: &str,
    findings: &mut Findings,
) -> Option<Manifest> {
    let found = sha256(bytes);
    if found != expected {
        findings.wrong("manifest", path, expected, found);
        return None;
    }
    match Manifest::parse(bytes) {
        Ok(manifest) => {
            findings.counted("manifests", 1);
            Some(manifest)
        }
        Err(error) => {
            findings.wrong("manifest", path, "a manifest of a release", error);
            None
        }
    }
}

/// The files of a manifest in a folder.
pub(super) fn files(folder: &str, manifest: &Manifest) -> Vec<Want> {
    let want = |file: &fieldassay_model::release::ReleaseFile| Want {
        what: "file of a release",
        path: format!("{folder}/{}", file.path),
        sha256: file.sha256.clone(),
    };
    manifest.files.iter().map(want).collect()
}

/// Digests of the originals that a file of a release names.
fn named(path: &str, bytes: Bytes) -> Result<BTreeSet<String>, EngineError> {
    let mut named = BTreeSet::new();
    for batch in parquet_rows(path, bytes)? {
        named.extend(
            texts(&batch, ["sha256"])
                .into_iter()
                .map(|[sha256]| sha256.to_owned()),
        );
    }
    Ok(named)
}
