//! `reproduce`: a release made again from the same state of the workspace, and compared digest by digest.

use super::Source;
use super::create;
use super::make::{self, Ingredients};
use crate::EngineError;
use crate::contract::files::Files;
use crate::workspace::ingest;
use crate::workspace::opened::Workspace;
use fieldassay_model::release::Manifest;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The document of `reproduce --json`.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// `fieldassay.reproduce`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// The release, `name@version`.
    pub release: String,
    /// The batch whose tables it was made from, then and now.
    pub tables_at: i64,
    /// Digest of its manifest.
    pub manifest_sha256: String,
    /// Digest of the manifest made now.
    pub made_sha256: String,
    /// Files compared.
    pub files: usize,
    /// What is not the same; empty where everything is.
    pub differences: Vec<Difference>,
}

/// One thing that is not the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// A file, or a part of the manifest.
    pub what: String,
    /// What the release says.
    pub expected: String,
    /// What came of making it again.
    pub found: String,
}

/// Makes a release again. Errors: a release that is not there, what SQL and the store say.
pub fn run(workspace: &Workspace, named: &str, jobs: usize) -> Result<Outcome, EngineError> {
    let named = create::named(workspace, named)?;
    let kept = named.envelope.kept_manifests.iter();
    let kept: Vec<Source> = kept
        .zip(&named.envelope.kept_splits)
        .map(|(manifest_sha256, name)| Source {
            name: name.clone(),
            manifest_sha256: manifest_sha256.clone(),
        })
        .collect();
    let ingredients = Ingredients {
        request: &named.manifest.request,
        sequence: named.release.tables_at,
        kept: &kept,
        jobs,
    };
    let (contracts, mut missing) = contracts(workspace, &named.manifest)?;
    let planned = make::plan(workspace, ingredients);
    let mut planned = workspace.runtime.block_on(planned)?;
    create::hold(
        workspace,
        named.release.tables_at,
        (&mut planned, &contracts),
    )?;
    let made = workspace.runtime.block_on(planned.make())?;
    let (files, mut differences) = compare(&named.manifest, &made.manifest);
    differences.append(&mut missing);
    let made_sha256 = made.manifest.sha256();
    if named.release.manifest_sha256 != made_sha256 {
        differences.push(Difference {
            what: "manifest".to_owned(),
            expected: named.release.manifest_sha256.clone(),
            found: made_sha256.clone(),
        });
    }
    Ok(Outcome {
        schema: "fieldassay.reproduce",
        version: 1,
        release: format!("{}@{}", named.release.name, named.release.version),
        tables_at: named.release.tables_at,
        manifest_sha256: named.release.manifest_sha256,
        made_sha256,
        files,
        differences,
    })
}

/// The contracts that were asked for, as the workspace keeps them, and those it keeps no more.
fn contracts(
    workspace: &Workspace,
    manifest: &Manifest,
) -> Result<(Vec<Files>, Vec<Difference>), EngineError> {
    let (mut all, mut missing) = (Vec::new(), Vec::new());
    for one in &manifest.request.contracts {
        let kept = ingest::contracts::kept(workspace, (&one.name, one.version))?;
        match kept.filter(|files| files.contract.reference().sha256 == one.sha256) {
            Some(files) => all.push(files),
            None => missing.push(Difference {
                what: format!("contract {}@{}", one.name, one.version),
                expected: one.sha256.clone(),
                found: "the workspace does not keep it".to_owned(),
            }),
        }
    }
    Ok((all, missing))
}

/// What two manifests say, file by file and part by part; how many files there are.
fn compare(then: &Manifest, now: &Manifest) -> (usize, Vec<Difference>) {
    let digests = |manifest: &Manifest| {
        let files = manifest.files.iter();
        let files = files.map(|file| (file.path.clone(), file.sha256.clone()));
        files.collect::<BTreeMap<String, String>>()
    };
    let parts = |manifest: &Manifest| match serde_json::to_value(manifest) {
        Ok(Value::Object(parts)) => parts
            .into_iter()
            .filter(|(name, _)| name != "files")
            .map(|(name, part)| (name, part.to_string()))
            .collect::<BTreeMap<String, String>>(),
        _ => BTreeMap::new(),
    };
    let (files_then, files_now) = (digests(then), digests(now));
    let mut differences = unequal(&files_then, &files_now);
    differences.extend(unequal(&parts(then), &parts(now)));
    let names: BTreeSet<&String> = files_then.keys().chain(files_now.keys()).collect();
    (names.len(), differences)
}

fn unequal(then: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<Difference> {
    let names: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let said = |one: Option<&String>| one.map_or("nothing", String::as_str).to_owned();
    let difference = |name: &String| {
        let (expected, found) = (then.get(name), now.get(name));
        (expected != found).then(|| Difference {
            what: name.clone(),
            expected: said(expected),
            found: said(found),
        })
    };
    names.into_iter().filter_map(difference).collect()
}
