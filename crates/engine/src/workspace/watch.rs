//! `ingest --watch`: a folder in which recordings land.

use super::ingest::{self, Outcome, Plan, PlannedInput, Request, Watch};
use super::layouts::Skipped;
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
    let mut seen = Seen::default();
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
        let plan = seen.planned(workspace, &request)?;
        let (ready, skipped) = seen.settled(plan.as_ref());
        idle += 1;
        if let Some(mut outcome) = bring((workspace, world, watch), &request, &ready)? {
            idle = 0;
            outcome.skipped_count = skipped.iter().map(|one| one.count).sum();
            outcome.skipped = skipped;
            seen.done(&outcome);
            if !tell(&outcome) {
                return Ok(());
            }
        }
        if landing.until_idle_secs.is_some_and(|secs| idle > secs) {
            return Ok(());
        }
        std::thread::sleep(LOOK);
    }
}

/// Brings in what is ready; none where nothing is, or all of it went meanwhile.
fn bring(
    (workspace, world, watch): (&Workspace, &World<'_>, &dyn Watch),
    request: &Request<'_>,
    ready: &[String],
) -> Result<Option<Outcome>, EngineError> {
    let planned = |inputs: &[String]| {
        let request = Request {
            inputs,
            ..request.clone()
        };
        match ingest::plan(workspace, &request) {
            Ok(plan) => Ok(Some(plan)),
            Err(error) if is_passing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    };
    if ready.is_empty() {
        return Ok(None);
    }
    let mut inputs = ready.to_vec();
    let mut plan = planned(&inputs)?;
    if plan.is_none() {
        // One that went is no reason to leave the others.
        inputs.clear();
        for one in ready {
            if planned(std::slice::from_ref(one))?.is_some() {
                inputs.push(one.clone());
            }
        }
        if inputs.is_empty() {
            return Ok(None);
        }
        plan = planned(&inputs)?;
    }
    let Some(plan) = plan else { return Ok(None) };
    let request = Request {
        inputs: &inputs,
        ..request.clone()
    };
    ingest::run(workspace, world, &request, &plan, watch).map(Some)
}

/// What was seen so far.
#[derive(Default)]
struct Seen {
    /// Stamps at the last look, by path.
    last: BTreeMap<String, String>,
    /// Stamps of what was brought in or refused.
    done: BTreeMap<String, String>,
    /// Files that were nothing we know at the last look.
    unknown: Vec<Skipped>,
    /// Those that were told.
    told: Vec<Skipped>,
    /// Why nothing could be planned at the last look.
    trouble: Option<String>,
}

impl Seen {
    /// What there is; none where nothing we know has landed yet, or something went while it was looked at.
    fn planned(
        &mut self,
        workspace: &Workspace,
        request: &Request<'_>,
    ) -> Result<Option<Plan>, EngineError> {
        let error = match ingest::plan(workspace, request) {
            Ok(plan) => {
                self.trouble = None;
                return Ok(Some(plan));
            }
            Err(error) => error,
        };
        let before = self.trouble.replace(error.to_string());
        // What the system refuses at two looks it will refuse at the next.
        let lasts = matches!(error, EngineError::Io { .. }) && before == self.trouble;
        if lasts || !is_passing(&error) {
            return Err(error);
        }
        Ok(None)
    }

    /// What is as it was at the last look: paths to bring in, and files that are nothing we know and were not told.
    fn settled(&mut self, plan: Option<&Plan>) -> (Vec<String>, Vec<Skipped>) {
        let inputs = plan.map_or(&[][..], |plan| &plan.inputs);
        let stamp = |input: &PlannedInput| format!("{} {:?}", input.size_bytes, input.stamp);
        let now: BTreeMap<String, String> = inputs
            .iter()
            .map(|input| (input.path.clone(), stamp(input)))
            .collect();
        let new = inputs.iter().filter(|input| input.present.is_none());
        let is_ready = |path: &&String| {
            let stamp = now.get(*path);
            stamp == self.last.get(*path) && stamp != self.done.get(*path)
        };
        let ready = new.map(|input| &input.path).filter(is_ready);
        let ready: Vec<String> = ready.cloned().collect();
        let unknown = plan.map_or(&[][..], |plan| &plan.skipped);
        let is_news = |one: &&Skipped| self.unknown.contains(one) && !self.told.contains(one);
        let news: Vec<Skipped> = unknown.iter().filter(is_news).cloned().collect();
        self.unknown = unknown.to_vec();
        self.last = now;
        (ready, news)
    }

    /// Remembers what came of a run, so that it is told once.
    fn done(&mut self, outcome: &Outcome) {
        for input in &outcome.inputs {
            if let Some(stamp) = self.last.get(&input.path) {
                self.done.insert(input.path.clone(), stamp.clone());
            }
        }
        self.told.extend(outcome.skipped.iter().cloned());
    }
}

/// Whether an error may be another at the next look.
fn is_passing(error: &EngineError) -> bool {
    matches!(
        error,
        EngineError::NothingThere { .. }
            | EngineError::NothingKnown { .. }
            | EngineError::NotFound { .. }
            | EngineError::NoLabels { .. }
            | EngineError::Io { .. }
    )
}
