//! `ingest --watch`: a folder in which recordings land.

use super::ingest::{self, Outcome, Plan, Request, Watch};
use super::opened::{Workspace, World};
use crate::EngineError;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// How often to look. What is the same at two looks is taken to be whole.
const LOOK: Duration = Duration::from_secs(1);

/// A folder in which recordings land.
#[derive(Clone, Copy, Debug)]
pub struct Landing<'a> {
    /// The folder.
    pub folder: &'a Path,
    /// Ends when nothing has landed for so long; never when not given.
    pub until_idle_secs: Option<u64>,
}

/// Brings in whatever lands and stays the same for two looks, until `tell` says that it is enough. What could not be read
/// is told once, and tried again when it changes.
///
/// Errors: a folder that is not there, what the store or the system says.
pub fn run(
    workspace: &Workspace,
    world: &World<'_>,
    request: &Request<'_>,
    (landing, watch): (&Landing<'_>, &dyn Watch),
    tell: &mut dyn FnMut(&Outcome) -> bool,
) -> Result<(), EngineError> {
    let folder = [landing.folder.display().to_string()];
    // Stamps at the last look, and of what was brought in or refused.
    let (mut last, mut done) = (BTreeMap::new(), BTreeMap::new());
    let mut idle = 0;
    loop {
        if !landing.folder.is_dir() {
            return Err(EngineError::NotFound {
                path: landing.folder.to_owned(),
            });
        }
        let request = Request {
            inputs: &folder,
            ..request.clone()
        };
        let plan = planned(workspace, &request)?;
        let now: BTreeMap<String, String> = plan
            .iter()
            .flat_map(|plan| &plan.inputs)
            .map(|input| {
                (
                    input.path.clone(),
                    format!("{} {:?}", input.size_bytes, input.stamp),
                )
            })
            .collect();
        let ready: Vec<String> = plan
            .iter()
            .flat_map(|plan| &plan.inputs)
            .filter(|input| input.present.is_none())
            .map(|input| input.path.clone())
            .filter(|path| now.get(path) == last.get(path) && now.get(path) != done.get(path))
            .collect();
        idle += 1;
        let request = Request {
            inputs: &ready,
            ..request
        };
        let plan = match ready.as_slice() {
            [] => None,
            _ => planned(workspace, &request)?,
        };
        if let Some(plan) = plan {
            idle = 0;
            let outcome = ingest::run(workspace, world, &request, &plan, watch)?;
            for path in ready {
                let stamp = now.get(&path).cloned().unwrap_or_default();
                done.insert(path, stamp);
            }
            if !tell(&outcome) {
                return Ok(());
            }
        }
        if landing.until_idle_secs.is_some_and(|secs| idle > secs) {
            return Ok(());
        }
        last = now;
        std::thread::sleep(LOOK);
    }
}

/// What is to be brought in; none where nothing we know has landed yet, or something went while it was looked at.
fn planned(workspace: &Workspace, request: &Request<'_>) -> Result<Option<Plan>, EngineError> {
    match ingest::plan(workspace, request) {
        Ok(plan) => Ok(Some(plan)),
        Err(
            EngineError::NothingThere { .. }
            | EngineError::NothingKnown { .. }
            | EngineError::NotFound { .. }
            | EngineError::NoLabels { .. }
            | EngineError::Io { .. },
        ) => Ok(None),
        Err(error) => Err(error),
    }
}
