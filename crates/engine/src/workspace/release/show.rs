//! `release ls` and `release show`: which releases there are, and what one is.

use super::create;
use crate::EngineError;
use crate::workspace::opened::Workspace;
use fieldassay_model::nearest;
use fieldassay_model::release::{Envelope, Manifest, Which};
use fieldassay_store::{Release, Tag};
use serde::Serialize;

/// The document of `release ls --json`.
#[derive(Clone, Debug, Serialize)]
pub struct ListDocument {
    /// `fieldassay.releases`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// Releases by name and version.
    pub releases: Vec<Listed>,
}

/// A release as lists show it.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: i64,
    /// What it is known by.
    pub manifest_sha256: String,
    /// Its members.
    pub members: i64,
    /// The batch its tables are of.
    pub tables_at: i64,
    /// When it was made, nanoseconds since 1970.
    pub created_ns: i64,
    /// Its tags.
    pub tags: Vec<String>,
}

/// The document of `release show --json`.
#[derive(Clone, Debug, Serialize)]
pub struct ShowDocument {
    /// `fieldassay.release_show`.
    pub schema: &'static str,
    /// Version of this form; that of the release is in `release`.
    pub version: u32,
    /// The release.
    pub release: Listed,
    /// Its manifest: all that is digested.
    pub manifest: Manifest,
    /// What is known besides.
    pub envelope: Envelope,
}

/// A release with its manifest and what is known besides.
#[derive(Clone, Debug)]
pub(in crate::workspace) struct Named {
    pub(in crate::workspace) release: Release,
    pub(in crate::workspace) manifest: Manifest,
    pub(in crate::workspace) envelope: Envelope,
}

/// The releases of a workspace, of one name where one is given.
pub fn list(workspace: &Workspace, name: Option<&str>) -> Result<ListDocument, EngineError> {
    let tags = workspace.runtime.block_on(workspace.catalog.tags())?;
    let all = all(workspace)?.into_iter();
    let all = all.filter(|one| name.is_none_or(|name| one.name == name));
    Ok(ListDocument {
        schema: "fieldassay.releases",
        version: 1,
        releases: all.map(|one| listed(&one, &tags)).collect(),
    })
}

fn listed(one: &Release, tags: &[Tag]) -> Listed {
    let of = tags.iter();
    let of = of.filter(|tag| tag.release == one.name && tag.version == one.version);
    Listed {
        name: one.name.clone(),
        version: one.version,
        manifest_sha256: one.manifest_sha256.clone(),
        members: one.members,
        tables_at: one.tables_at,
        created_ns: one.created_ns,
        tags: of.map(|tag| tag.tag.clone()).collect(),
    }
}

/// One release, by `NAME`, `NAME@2` or `NAME@tag`. Errors: one that is not there, a manifest that is damaged.
pub fn show(workspace: &Workspace, text: &str) -> Result<ShowDocument, EngineError> {
    let tags = workspace.runtime.block_on(workspace.catalog.tags())?;
    let named = create::named(workspace, text)?;
    Ok(ShowDocument {
        schema: "fieldassay.release_show",
        version: 1,
        release: listed(&named.release, &tags),
        manifest: named.manifest,
        envelope: named.envelope,
    })
}

/// Every release, by name and version.
pub(in crate::workspace) fn all(workspace: &Workspace) -> Result<Vec<Release>, EngineError> {
    Ok(workspace.runtime.block_on(workspace.catalog.releases())?)
}

/// The release that a text names: `NAME` (the newest), `NAME@2`, `NAME@tag`.
///
/// Errors: [`EngineError::Request`] for a name that is none, [`EngineError::NoRelease`] with what is near.
pub(in crate::workspace) fn resolve(
    workspace: &Workspace,
    text: &str,
) -> Result<Release, EngineError> {
    let wanted = create::reference(text)?;
    let all = all(workspace)?;
    let missing = |near: Option<String>| EngineError::NoRelease {
        seen: text.to_owned(),
        near,
    };
    let of_name: Vec<&Release> = all.iter().filter(|one| one.name == wanted.name).collect();
    let Some(newest) = of_name.last() else {
        let names = all.iter().map(|one| one.name.as_str());
        return Err(missing(nearest(&wanted.name, names).map(str::to_owned)));
    };
    let version = match &wanted.which {
        Which::Newest => newest.version,
        Which::Version(version) => *version,
        Which::Tag(tag) => {
            let tags = workspace.runtime.block_on(workspace.catalog.tags())?;
            let of_name: Vec<&Tag> = tags
                .iter()
                .filter(|one| one.release == wanted.name)
                .collect();
            let found = of_name.iter().find(|one| one.tag == *tag);
            let found = found.map(|found| found.version);
            found.ok_or_else(|| {
                let words = of_name.iter().map(|one| one.tag.as_str());
                let near = nearest(tag, words).map(|near| format!("{}@{near}", wanted.name));
                missing(near.or_else(|| Some(format!("{}@{}", newest.name, newest.version))))
            })?
        }
    };
    let found = of_name.iter().find(|one| one.version == version);
    found
        .map(|found| (*found).clone())
        .ok_or_else(|| missing(Some(format!("{}@{}", newest.name, newest.version))))
}
