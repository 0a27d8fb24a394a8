//! `release create`: what is asked for becomes files under a manifest, and is published.
//!
//! Read [`Request`], [`plan`] and [`run`] first. Not here: how members are chosen and split (`make`).

use super::make::{self, Ingredients, Planned};
use super::show::{self, Named};
use super::{Source, make::Made};
use crate::EngineError;
use crate::contract::files::Files;
use crate::workspace::held;
use crate::workspace::ingest;
use crate::workspace::ingest::publish::{self, Published, Scene, Told};
use crate::workspace::ingest::{Reached, Watch};
use crate::workspace::ledger::say::Said;
use crate::workspace::lineage::record;
use crate::workspace::opened::{Workspace, World};
use fieldassay_model::release::{
    self, Envelope, FILE, LeakageReport, MAX_BYTES, Manifest, Part, Reference, ReleaseFile,
    ReleaseRef, SplitReport,
};
use fieldassay_model::{canonical_json, hexadecimal};
use fieldassay_proof::statement;
use fieldassay_store::{Lineage, Recorded, Release, Releases};
use serde::Serialize;
use serde_json::json;
use sha2::Digest as _;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Earlier versions whose splits are looked at.
const MOST_KEPT: usize = 100;
/// Times a version is given another number because another was first.
const MOST_TRIES: usize = 20;

/// What to make.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its name; the version follows from the ones there are.
    pub name: String,
    /// What it is to be, but for the contracts.
    pub release: release::Request,
    /// Files of contracts that its recordings are held to.
    pub contracts: Vec<PathBuf>,
    /// Another release whose splits are kept, instead of the versions before of the same name.
    pub keep_splits: Option<String>,
    /// Threads; 0 means one per core.
    pub jobs: usize,
}

/// What a request comes to: the document of `--dry-run`.
#[derive(Serialize)]
pub struct Plan {
    /// `fieldassay.release_plan`.
    pub schema: &'static str,
    /// Version of this form.
    pub document_version: u32,
    /// SHA-256 of name, request, state of the workspace and releases whose splits are kept.
    pub plan_sha256: String,
    /// The name.
    pub name: String,
    /// The version it would be.
    pub version: i64,
    /// What was asked for.
    pub request: release::Request,
    /// SHA-256 of its canonical JSON.
    pub request_sha256: String,
    /// The batch it is made after.
    pub tables_at: i64,
    /// Members.
    pub members: u64,
    /// Recordings they are of.
    pub recordings: u64,
    /// What the split comes to.
    pub split: Option<SplitReport>,
    /// What ties splits together.
    pub leakage: LeakageReport,
    /// Releases whose splits are kept, the newest first.
    pub kept_splits: Vec<String>,
    /// Groups that stay where these had them.
    pub kept_groups: u64,
    /// What to mind.
    pub notes: Vec<String>,
    #[serde(skip)]
    planned: Planned,
    #[serde(skip)]
    contracts: Vec<(Files, String)>,
    #[serde(skip)]
    kept: Vec<Source>,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan")
            .field("name", &self.name)
            .field("plan_sha256", &self.plan_sha256)
            .finish_non_exhaustive()
    }
}

impl Plan {
    /// Whether something leaks that nobody allowed: it is not run then.
    pub fn refuses(&self) -> bool {
        self.leakage.refuses()
    }
}

/// What came of it: the document of `release create --json`.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// `fieldassay.release`.
    pub schema: &'static str,
    /// Version of this form; `version` is that of the release.
    pub document_version: u32,
    /// The name.
    pub name: String,
    /// The version.
    pub version: i64,
    /// What it is known by.
    pub manifest_sha256: String,
    /// Whether it is new; a request that gives what the newest version has makes none.
    pub is_new: bool,
    /// Members.
    pub members: u64,
    /// Recordings they are of.
    pub recordings: u64,
    /// Its files.
    pub files: Vec<ReleaseFile>,
    /// Its splits, in the order of the request; empty where it is not split.
    pub splits: Vec<Part>,
    /// What was looked for between splits.
    pub leakage: LeakageReport,
    /// Where shares could not be met.
    pub deviations: Vec<String>,
    /// The batch its tables are of.
    pub tables_at: i64,
    /// The batch it was published with; null where it was there.
    pub sequence: Option<i64>,
    /// The signed head of the log that has it, where there is one.
    pub checkpoint: Option<String>,
    /// What to mind.
    pub notes: Vec<String>,
}

/// What a request comes to. Nothing is changed.
///
/// Errors: a name or a contract that is none, what SQL says, an empty release, splits that cannot be.
pub fn plan(workspace: &Workspace, request: &Request) -> Result<Plan, EngineError> {
    let wrong = |message: String| EngineError::Request { message };
    release::check_name("name of a release", &request.name)
        .map_err(|error| wrong(error.to_string()))?;
    let mut asked = request.release.clone();
    let contracts = contracts(&request.contracts)?;
    asked.contracts = references(&contracts);
    let sequence = workspace.runtime.block_on(workspace.catalog.sequence())?;
    let all = show::all(workspace)?;
    let before = all.iter().filter(|one| one.name == request.name);
    let version = before.map(|one| one.version).max().unwrap_or(0) + 1;
    let kept = kept(workspace, request, (&asked, &all))?;
    let ingredients = Ingredients {
        request: &asked,
        sequence,
        kept: &kept,
        jobs: request.jobs,
    };
    let planned = workspace
        .runtime
        .block_on(make::plan(workspace, ingredients))?;
    let manifests: Vec<&str> = kept
        .iter()
        .map(|one| one.manifest_sha256.as_str())
        .collect();
    let identity = json!({
        "name": request.name,
        "request": asked,
        "tables_at": sequence,
        "kept_manifests": manifests,
    });
    let identity = canonical_json(&identity).unwrap_or_default();
    Ok(Plan {
        schema: "fieldassay.release_plan",
        document_version: 1,
        plan_sha256: hexadecimal(&sha2::Sha256::digest(identity.as_bytes())),
        name: request.name.clone(),
        version,
        request_sha256: asked.sha256(),
        request: asked,
        tables_at: sequence,
        members: planned.selected.members() as u64,
        recordings: planned.selected.recordings.len() as u64,
        split: planned.placement.report.clone(),
        leakage: planned.leakage.clone(),
        kept_splits: kept.iter().map(|one| one.name.clone()).collect(),
        kept_groups: planned.placement.kept_groups,
        notes: planned.placement.notes.clone(),
        planned,
        contracts,
        kept,
    })
}

/// Contracts with their texts. Errors: [`EngineError::Contract`], files that cannot be read.
fn contracts(files: &[PathBuf]) -> Result<Vec<(Files, String)>, EngineError> {
    let mut all: Vec<(Files, String)> = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file);
        let text = text.map_err(|error| EngineError::io("read", file, error))?;
        let read = Files::read(file, &[], &[])?;
        if all.iter().all(|(one, _)| one.contract != read.contract) {
            all.push((read, text));
        }
    }
    Ok(all)
}

fn references(contracts: &[(Files, String)]) -> Vec<Reference> {
    let all = contracts.iter().map(|(files, _)| {
        let named = files.contract.reference();
        Reference {
            name: named.contract,
            version: named.version,
            sha256: named.sha256,
        }
    });
    let mut all: Vec<Reference> = all.collect();
    all.sort();
    all
}

/// The same, after the contracts are kept, by which the release can be made again.
fn keep_and_hold(
    workspace: &Workspace,
    sequence: i64,
    (planned, contracts): (&mut Planned, Vec<(Files, String)>),
) -> Result<(), EngineError> {
    ingest::contracts::keep(workspace, &contracts)?;
    let contracts: Vec<Files> = contracts.into_iter().map(|(files, _)| files).collect();
    hold(workspace, sequence, (planned, &contracts))
}

/// What contracts come to over all that was planned. Errors: what the store says.
pub(super) fn hold(
    workspace: &Workspace,
    sequence: i64,
    (planned, contracts): (&mut Planned, &[Files]),
) -> Result<(), EngineError> {
    planned.held = held::results(workspace, sequence, (&planned.ids(), contracts))?;
    Ok(())
}

/// Releases whose splits are kept: the one that is named, else every version of the same name that was split by the same
/// key, shares and seed, the newest first.
fn kept(
    workspace: &Workspace,
    request: &Request,
    (asked, all): (&release::Request, &[Release]),
) -> Result<Vec<Source>, EngineError> {
    let Some(split) = &asked.split else {
        if request.keep_splits.is_some() {
            return Err(EngineError::Request {
                message: "splits cannot be kept where none are made\nhint: give --split too"
                    .to_owned(),
            });
        }
        return Ok(Vec::new());
    };
    let source = |one: &Release| Source {
        name: format!("{}@{}", one.name, one.version),
        manifest_sha256: one.manifest_sha256.clone(),
    };
    if let Some(named) = &request.keep_splits {
        let found = show::resolve(workspace, named)?;
        let manifest = manifest_of(workspace, &found.manifest_sha256)?;
        if manifest.split.is_none() {
            return Err(EngineError::Request {
                message: format!("`{named}` is not split\nhint: name a release that is"),
            });
        }
        return Ok(vec![source(&found)]);
    }
    let mut found = Vec::new();
    let before = all.iter().rev().filter(|one| one.name == request.name);
    for one in before.take(MOST_KEPT) {
        let manifest = manifest_of(workspace, &one.manifest_sha256)?;
        let is_same = manifest.request.split.as_ref().is_some_and(|known| {
            (&known.by, &known.shares, known.seed) == (&split.by, &split.shares, split.seed)
        });
        if is_same {
            found.push(source(one));
        }
    }
    Ok(found)
}

/// The manifest of a release, as it is kept: its digest is that of its name.
pub(super) fn manifest_of(workspace: &Workspace, sha256: &str) -> Result<Manifest, EngineError> {
    let releases = Releases::new(workspace.place.clone());
    let read = releases.read(sha256, FILE, MAX_BYTES);
    let bytes = workspace.runtime.block_on(read)?;
    let seen = hexadecimal(&sha2::Sha256::digest(&bytes));
    let damaged = |what: String| {
        EngineError::Store(fieldassay_store::StoreError::Damaged {
            path: format!("releases/{sha256}/{FILE}"),
            what,
        })
    };
    if seen != sha256 {
        return Err(damaged(format!("its SHA-256 is `{seen}`")));
    }
    Manifest::parse(&bytes).map_err(|error| damaged(error.to_string()))
}

/// Runs a plan: files first, then the manifest, last the catalogue. What was done before an interruption is not done again.
///
/// Errors: [`EngineError::Request`] where the plan refuses; what the store says.
pub fn run(
    workspace: &Workspace,
    world: &World<'_>,
    plan: Plan,
    watch: &dyn Watch,
) -> Result<Outcome, EngineError> {
    if plan.refuses() {
        return Err(EngineError::Request {
            message: "splits leak into each other; nothing was published\nhint: `--dry-run` lists what leaks; --allow-leakage KIND accepts it".to_owned(),
        });
    }
    let Plan {
        plan_sha256,
        name,
        tables_at,
        kept,
        kept_groups,
        notes,
        mut planned,
        contracts,
        ..
    } = plan;
    let scene = Scene {
        workspace,
        world,
        watch,
    };
    let tables = workspace.catalog.versions(Some(tables_at));
    let envelope = Envelope {
        tables: workspace.runtime.block_on(tables)?,
        kept_splits: kept.iter().map(|one| one.name.clone()).collect(),
        kept_manifests: kept.into_iter().map(|one| one.manifest_sha256).collect(),
        kept_groups,
        program: concat!("fieldassay ", env!("CARGO_PKG_VERSION")).to_owned(),
        plan_sha256,
        ..Envelope::default()
    };
    workspace.runtime.block_on(publish::roll_forward(scene))?;
    keep_and_hold(workspace, tables_at, (&mut planned, contracts))?;
    let made = workspace.runtime.block_on(planned.make())?;
    let publishing = Publishing {
        scene,
        name: &name,
        tables_at,
        envelope,
        manifest_sha256: made.manifest.sha256(),
    };
    let (version, published) = publishing.publish(&made)?;
    let checkpoint = checkpoint(workspace, published.as_ref())?;
    let manifest = made.manifest;
    let deviations = deviations(&manifest);
    Ok(Outcome {
        schema: "fieldassay.release",
        document_version: 1,
        name: name.clone(),
        version,
        manifest_sha256: publishing.manifest_sha256,
        is_new: published.is_some(),
        members: manifest.members,
        recordings: manifest.recordings,
        files: manifest.files,
        deviations,
        splits: manifest.split.map(|split| split.parts).unwrap_or_default(),
        leakage: manifest.leakage,
        tables_at,
        sequence: published.as_ref().and_then(|one| one.sequence),
        checkpoint,
        notes,
    })
}

fn deviations(manifest: &Manifest) -> Vec<String> {
    let split = manifest.split.iter();
    split.flat_map(|split| split.deviations.clone()).collect()
}

/// The signed head of the log that has what was published, the last where nothing was.
fn checkpoint(
    workspace: &Workspace,
    published: Option<&Published>,
) -> Result<Option<String>, EngineError> {
    if let Some(published) = published {
        return Ok(published.checkpoint.clone());
    }
    let head = workspace.catalog.log_head(None);
    let head = workspace.runtime.block_on(head)?;
    Ok(head.map(|head| head.checkpoint))
}

struct Publishing<'a> {
    scene: Scene<'a>,
    name: &'a str,
    tables_at: i64,
    envelope: Envelope,
    manifest_sha256: String,
}

impl Publishing<'_> {
    /// Keeps the files and publishes the release under the next version. Gives the version, and the batch where it is new.
    fn publish(&self, made: &Made) -> Result<(i64, Option<Published>), EngineError> {
        let workspace = self.scene.workspace;
        for _ in 0..MOST_TRIES {
            let newest = self.newest()?;
            if let Some(newest) = newest
                .as_ref()
                .filter(|newest| newest.manifest_sha256 == self.manifest_sha256)
            {
                return Ok((newest.version, None));
            }
            workspace.runtime.block_on(self.keep(made))?;
            let version = newest.as_ref().map_or(1, |newest| newest.version + 1);
            let parent = newest.map(|newest| format!("{}@{}", newest.name, newest.version));
            match self.enter(made, version, parent) {
                Ok(published) => return Ok((version, Some(published))),
                // Another was first, and the number is theirs.
                Err(_)
                    if self
                        .newest()?
                        .is_some_and(|newest| newest.version >= version) => {}
                Err(error) => return Err(error),
            }
        }
        Err(EngineError::Request {
            message: format!(
                "`{}` gets new versions faster than this one can be added\nhint: try again",
                self.name
            ),
        })
    }

    fn newest(&self) -> Result<Option<Release>, EngineError> {
        let all = show::all(self.scene.workspace)?;
        let of_name = all.into_iter().filter(|one| one.name == self.name);
        Ok(of_name.max_by_key(|one| one.version))
    }

    async fn keep(&self, made: &Made) -> Result<(), EngineError> {
        let releases = Releases::new(self.scene.workspace.place.clone());
        for (file, path) in made.files() {
            releases
                .keep_file(&self.manifest_sha256, &file.path, path)
                .await?;
            self.scene.watch.reached(Reached::ReleaseFile)?;
        }
        let text = made.manifest.canonical();
        releases
            .keep_bytes(&self.manifest_sha256, FILE, text.into_bytes().into())
            .await?;
        self.scene.watch.reached(Reached::Manifest)
    }

    /// What it came from.
    fn lineage(&self, made: &Made, version: i64, parent: Option<String>) -> Lineage {
        let manifest = &made.manifest;
        let policies = manifest.policies.iter();
        let contracts = manifest.contracts.iter();
        let parents = record::ReleaseParents {
            release: format!("{}@{version}", self.name),
            manifest_sha256: self.manifest_sha256.clone(),
            recordings: made.sources.clone(),
            contracts: contracts
                .map(|one| by_digest((one.name.as_str(), one.version, one.sha256.as_str())))
                .collect(),
            policies: policies
                .map(|one| by_digest((one.name.as_str(), one.version, one.sha256.as_str())))
                .collect(),
            parent,
        };
        // Who and when is what the batch says.
        let done = record::Done {
            verb: "release",
            plan_sha256: &self.envelope.plan_sha256,
            actor: "",
            time_ns: 0,
        };
        record::of_release(&done, &parents)
    }

    fn enter(
        &self,
        made: &Made,
        version: i64,
        parent: Option<String>,
    ) -> Result<Published, EngineError> {
        let Scene {
            workspace, world, ..
        } = self.scene;
        let manifest = &made.manifest;
        let lineage = self.lineage(made, version, parent.clone());
        let envelope = Envelope {
            parent,
            ..self.envelope.clone()
        };
        let bytes = manifest.canonical().len();
        let release = Release {
            name: self.name.to_owned(),
            version,
            manifest_sha256: self.manifest_sha256.clone(),
            manifest_bytes: i64::try_from(bytes).unwrap_or(i64::MAX),
            members: i64::try_from(manifest.members).unwrap_or(i64::MAX),
            tables_at: self.tables_at,
            created_ns: (world.now_ns)(),
            actor: String::new(),
            envelope: canonical_json(&envelope).unwrap_or_default(),
        };
        let held_to = manifest.policies.iter().cloned();
        let contracts = manifest.contracts.iter().map(|one| Reference {
            name: one.name.clone(),
            version: one.version,
            sha256: one.sha256.clone(),
        });
        let held_to = held_to.chain(contracts).map(|one| statement::Reference {
            name: one.name,
            version: one.version,
            sha256: one.sha256,
        });
        let statement = Said::Release {
            name: self.name.to_owned(),
            version: u32::try_from(version).unwrap_or(u32::MAX),
            manifest_sha256: self.manifest_sha256.clone(),
            members: manifest.members,
            held_to: held_to.collect(),
            inputs: Vec::new(),
        };
        let told = Told {
            statements: vec![statement],
            recorded: Recorded {
                releases: vec![release],
                lineage,
                ..Recorded::default()
            },
            key: format!("release {}@{version} {}", self.name, self.manifest_sha256),
        };
        let plan = publish::Plan {
            verb: "release",
            sha256: &self.envelope.plan_sha256,
            about: BTreeMap::from([
                (
                    "release".to_owned(),
                    json!(format!("{}@{version}", self.name)),
                ),
                ("manifest_sha256".to_owned(), json!(self.manifest_sha256)),
            ]),
        };
        let entered = publish::publish_operation(self.scene, &plan, told);
        workspace.runtime.block_on(entered)
    }
}

/// A policy or a contract by its digest, for lineage.
fn by_digest(one: (&str, u32, &str)) -> record::Named {
    record::Named {
        name: one.0.to_owned(),
        version: i64::from(one.1),
        sha256: one.2.to_owned(),
    }
}

/// A reference as people write it. Errors: [`EngineError::Request`].
pub(super) fn reference(text: &str) -> Result<ReleaseRef, EngineError> {
    ReleaseRef::parse(text).map_err(|error| EngineError::Request {
        message: error.to_string(),
    })
}

/// A release with its manifest and what is known besides.
pub(super) fn named(workspace: &Workspace, text: &str) -> Result<Named, EngineError> {
    let release = show::resolve(workspace, text)?;
    let manifest = manifest_of(workspace, &release.manifest_sha256)?;
    let envelope = serde_json::from_str(&release.envelope).unwrap_or_default();
    Ok(Named {
        release,
        manifest,
        envelope,
    })
}
