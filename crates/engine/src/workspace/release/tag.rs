//! `tag`: a name for a version of a release.

use super::show;
use crate::EngineError;
use crate::workspace::ingest::Watch;
use crate::workspace::ingest::publish::{self, Scene, Told};
use crate::workspace::ledger::say::Said;
use crate::workspace::opened::{Workspace, World};
use fieldassay_model::hexadecimal;
use fieldassay_model::release::check_name;
use fieldassay_store::{Recorded, Tag};
use serde::Serialize;
use serde_json::json;
use sha2::Digest as _;
use std::collections::BTreeMap;

/// The document of `tag --json`.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// `fieldassay.tag`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// The tag.
    pub tag: String,
    /// The release, `name@version`.
    pub release: String,
    /// What it is known by.
    pub manifest_sha256: String,
    /// The version that had the tag before.
    pub before: Option<i64>,
    /// Whether anything changed.
    pub is_new: bool,
}

/// Gives a version a tag; one of the same release that has it loses it. What was before stays in the log.
///
/// Errors: a tag that is none, a release that is not there, what the store says.
pub fn run(
    workspace: &Workspace,
    (world, watch): (&World<'_>, &dyn Watch),
    (named, tag): (&str, &str),
) -> Result<Outcome, EngineError> {
    check_name("tag", tag).map_err(|error| EngineError::Request {
        message: error.to_string(),
    })?;
    let scene = Scene {
        workspace,
        world,
        watch,
    };
    workspace.runtime.block_on(publish::roll_forward(scene))?;
    let release = show::resolve(workspace, named)?;
    let tags = workspace.runtime.block_on(workspace.catalog.tags())?;
    let mut tags = tags.iter();
    let before = tags.find(|one| one.tag == tag && one.release == release.name);
    let before = before.map(|one| one.version);
    let is_new = before != Some(release.version);
    if is_new {
        let sequence = workspace.runtime.block_on(workspace.catalog.sequence())?;
        let name = format!("{}@{}", release.name, release.version);
        // A tag may come back to a version it left, so what it follows is part of what is done.
        let key = format!("tag {name} {tag} after {sequence}");
        let told = Told {
            statements: vec![Said::Tag {
                release: release.name.clone(),
                version: u32::try_from(release.version).unwrap_or(u32::MAX),
                tag: tag.to_owned(),
                manifest_sha256: release.manifest_sha256.clone(),
            }],
            recorded: Recorded {
                tags: vec![Tag {
                    tag: tag.to_owned(),
                    release: release.name.clone(),
                    version: release.version,
                }],
                ..Recorded::default()
            },
            key: key.clone(),
        };
        let sha256 = hexadecimal(&sha2::Sha256::digest(key.as_bytes()));
        let plan = publish::Plan {
            verb: "tag",
            sha256: &sha256,
            about: BTreeMap::from([
                ("release".to_owned(), json!(name)),
                ("tag".to_owned(), json!(tag)),
            ]),
        };
        let entered = publish::publish_operation(scene, &plan, told);
        workspace.runtime.block_on(entered)?;
    }
    Ok(Outcome {
        schema: "fieldassay.tag",
        version: 1,
        tag: tag.to_owned(),
        release: format!("{}@{}", release.name, release.version),
        manifest_sha256: release.manifest_sha256,
        before,
        is_new,
    })
}
