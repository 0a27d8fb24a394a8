//! The log of a workspace: its name and key, and how it begins.
//!
//! Read [`Identity`] and [`found`] first. Not here: what comes after the beginning (`mod`).

use super::chain;
use super::keys::{Keys, random, refused};
use crate::EngineError;
use crate::workspace::ingest::publish::{self, Scene};
use crate::workspace::opened::{Workspace, World};
use crate::workspace::settings::LogSettings;
use fieldassay_check::NoProgress;
use fieldassay_model::hexadecimal;
use fieldassay_model::tables::TABLES;
use fieldassay_proof::VerifierKey;
use fieldassay_store::Objects;
use serde::Serialize;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// What the catalogue calls name and key of the log.
const SETTING: &str = "log";

/// Name and first key of the log of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::workspace) struct Identity {
    pub(in crate::workspace) origin: String,
    pub(in crate::workspace) public_key: VerifierKey,
}

/// The log of a workspace, as `init` tells of it.
#[derive(Clone, Debug, Serialize)]
pub struct Log {
    /// Its name.
    pub origin: String,
    /// The public key everything can be checked with, `name+id+base64`.
    pub public_key: String,
    /// The signed checkpoint; none where its first entry could not be made here.
    pub checkpoint: Option<String>,
    /// What to mind: a key that is not on this machine.
    pub note: Option<String>,
}

impl Identity {
    pub(in crate::workspace) fn parse(origin: &str, public_key: &str) -> Result<Self, EngineError> {
        let public_key = VerifierKey::parse(public_key).map_err(refused)?;
        fieldassay_proof::KeyChain::new(origin, public_key.clone()).map_err(refused)?;
        Ok(Self {
            origin: origin.to_owned(),
            public_key,
        })
    }

    /// What settings and catalogue say; none where neither says anything.
    ///
    /// Errors: they contradict each other, or it is no key.
    pub(in crate::workspace) async fn of(
        workspace: &Workspace,
    ) -> Result<Option<Self>, EngineError> {
        let said = workspace.settings.log.as_ref();
        let said = said.map(|log| Self::parse(&log.origin, &log.public_key));
        let said = said.transpose()?;
        let kept = workspace.catalog.setting(SETTING).await?;
        let kept = kept.as_deref().and_then(|text| text.split_once('\n'));
        let kept = kept.map(|(origin, key)| Self::parse(origin, key));
        let kept = kept.transpose()?;
        match (said, kept) {
            (Some(said), Some(kept)) if said != kept => Err(EngineError::Log {
                message: format!(
                    "the settings name log `{}` with key `{}`, the catalogue log `{}` with key `{}`\nhint: one of them was changed, or they belong to different workspaces",
                    said.origin, said.public_key, kept.origin, kept.public_key
                ),
            }),
            (said, kept) => Ok(said.or(kept)),
        }
    }

    async fn settle(&self, workspace: &Workspace) -> Result<Self, EngineError> {
        let text = format!("{}\n{}", self.origin, self.public_key);
        let settled = workspace.catalog.settle(SETTING, &text).await?;
        let (origin, key) = settled.split_once('\n').unwrap_or_default();
        Self::parse(origin, key)
    }

    /// A new name with a new key, whose private half is kept before anything names it.
    fn make(world: &World<'_>, keys: &Keys) -> Result<Self, EngineError> {
        let name = random(world)?;
        let name = hexadecimal(name.get(..8).unwrap_or_default());
        let origin = format!("fieldassay/{name}");
        let key = keys.make(world, &origin, &keys.file(&origin)?)?;
        Ok(Self {
            origin,
            public_key: key.verifier().clone(),
        })
    }
}

/// The log of a workspace: made where there is none, with all that is there already in its first entry.
///
/// Errors: no place for keys, what the store says. A key that is elsewhere is told in [`Log::note`].
pub(in crate::workspace) async fn found(
    workspace: &mut Workspace,
    world: &World<'_>,
) -> Result<Log, EngineError> {
    let keys = Keys::of(world);
    let known = Identity::of(workspace).await?;
    let identity = if let Some(known) = known {
        known.settle(workspace).await?
    } else {
        let made = Identity::make(world, &keys)?;
        let settled = made.settle(workspace).await?;
        if settled != made {
            // Another was first, and nothing was ever signed with this one.
            let file = keys.file(&made.origin)?;
            std::fs::remove_file(&file).map_err(|error| EngineError::io("remove", &file, error))?;
        }
        settled
    };
    if workspace.settings.log.is_none() {
        let log = LogSettings {
            origin: identity.origin.clone(),
            public_key: identity.public_key.to_string(),
        };
        log.append_to(&workspace.folder)?;
        workspace.settings.log = Some(log);
    }
    let mut log = Log {
        origin: identity.origin.clone(),
        public_key: identity.public_key.to_string(),
        checkpoint: None,
        note: None,
    };
    let objects = Objects::new(workspace.place.clone());
    let chain = chain(&objects, &identity.origin, &identity.public_key).await?;
    if let Err(missing) = keys.find(&identity.origin, chain.newest()) {
        log.note = Some(missing.to_string());
    } else if workspace.catalog.log_head(None).await?.is_none() {
        let scene = Scene {
            workspace,
            world,
            watch: &NoProgress,
        };
        publish::begin_log(scene).await?;
    }
    let head = workspace.catalog.log_head(None).await?;
    log.checkpoint = head.map(|head| head.checkpoint);
    Ok(log)
}

/// What the first entry vouches for: every file of Delta's logs, and the documents of batches that were published before.
pub(in crate::workspace) async fn before(
    workspace: &Workspace,
) -> Result<BTreeMap<String, Json>, EngineError> {
    let mut tables = BTreeMap::new();
    for table in TABLES {
        let log = workspace.tables.log_files(table.name).await?;
        tables.insert(table.name, json!({"files": [], "log": log}));
    }
    let objects = Objects::new(workspace.place.clone());
    let mut earlier = Vec::new();
    for (path, _) in objects.list(super::tree::FOLDER).await? {
        let name = path
            .strip_prefix("log/")
            .and_then(|name| name.strip_suffix(".json"));
        if name.is_some()
            && let Some((sha256, size_bytes)) = objects.sha256(&path).await?
        {
            earlier.push(json!({"path": path, "sha256": sha256, "size_bytes": size_bytes}));
        }
    }
    let mut said = BTreeMap::from([("tables".to_owned(), json!(tables))]);
    if !earlier.is_empty() {
        said.insert("earlier".to_owned(), json!(earlier));
    }
    Ok(said)
}
