//! `ingest`: bring recordings and labels into the workspace.

use super::{Where, in_world};
use crate::commands::policy;
use crate::exit::Happened;
use crate::render::{self, Bar};
use fieldassay_engine::Progress;
use fieldassay_engine::limits::Limits;
use fieldassay_engine::statistics::Columns;
use fieldassay_engine::workspace::ingest::{self, Outcome, Request, Watch};
use fieldassay_engine::workspace::{Form, Workspace, jobs, watch};
use std::path::PathBuf;

/// Bring recordings, labels, votes, predictions, events and outcomes into the workspace: kept as they came, checked, indexed.
///
/// Safe to interrupt and to repeat: what is there already is not read again, and nothing comes in twice.
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags of a command line are what they are"
)]
pub(crate) struct Arguments {
    /// Recordings, folders of data sets, files and folders of labels, tables, folders of any of these, globs.
    #[arg(required_unless_present = "watch", value_name = "FILES|DIRS|GLOBS")]
    inputs: Vec<String>,
    #[command(flatten)]
    workspace: Where,
    /// Policy: `default`, `strict`, `lenient`, or the path of a policy file.
    #[arg(long, value_name = "P", default_value = "default")]
    policy: String,
    /// What is known about all of them: `site=plant-3`; may be repeated.
    #[arg(long, value_name = "FIELD=VALUE")]
    set: Vec<String>,
    /// A YAML file of what is known: a field per line, for all; under `recordings:` by name or pattern.
    #[arg(long, value_name = "FILE.yaml")]
    context: Option<PathBuf>,
    /// What the inputs are, where it cannot be told from them.
    #[arg(long = "as", value_name = "FORM")]
    form: Option<String>,
    /// Sizes of images for labels that carry none (YOLO, Open Images): a table with name, width and height, or a folder of the images.
    #[arg(long, value_name = "FILE|DIR")]
    image_sizes: Option<PathBuf>,
    /// Names of classes, for labels that count or code them (YOLO, Open Images) and have none beside.
    #[arg(long, value_name = "FILE")]
    class_names: Option<PathBuf>,
    /// Columns of tables under other names: `item=question,annotator=worker`.
    #[arg(long, value_name = "PART=NAME,…")]
    columns: Option<Columns>,
    /// Hold them to this contract besides those of `fieldassay.toml`; may be repeated.
    #[arg(long, value_name = "FILE")]
    contract: Vec<PathBuf>,
    /// The ontology labels are of that name none: `name@version`, or its file.
    #[arg(long, value_name = "NAME@V|FILE")]
    ontology: Option<String>,
    /// Print the plan and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Read files again that look unchanged by size, modification time and inode.
    #[arg(long)]
    rehash: bool,
    /// Put the work into the queue, for `fieldassay worker`, one job per input.
    #[arg(long, conflicts_with_all = ["dry_run", "watch"])]
    enqueue: bool,
    /// Bring in what lands in this folder until interrupted: files that have not changed for a while.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["dry_run", "inputs"])]
    watch: Option<PathBuf>,
    /// With --watch: end when nothing has landed for so many seconds.
    #[arg(long, value_name = "SECONDS", requires = "watch")]
    until_idle: Option<u64>,
    /// Threads; one per core when not given.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    jobs: usize,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

struct Bars(Bar);

impl Progress for Bars {
    fn advance(&self, bytes: u64) {
        self.0.advance(bytes);
    }
}

impl Watch for Bars {}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    // Side by side: each takes milliseconds, which count where nothing changed.
    let (policy, workspace) = std::thread::scope(|scope| {
        let policy = scope.spawn(|| policy(&arguments.policy));
        let workspace = arguments.workspace.open();
        let policy = policy.join();
        (
            policy.unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            workspace,
        )
    });
    let (policy, workspace) = (policy?, workspace?);
    let form = arguments
        .form
        .as_deref()
        .map(str::parse::<Form>)
        .transpose()?;
    let request = Request {
        inputs: &arguments.inputs,
        policy: &policy,
        context: &arguments.set,
        context_file: arguments.context.clone(),
        form,
        image_sizes: arguments.image_sizes.clone(),
        class_names: arguments.class_names.clone(),
        columns: arguments.columns.clone().unwrap_or_default(),
        contracts: arguments.contract.clone(),
        ontology: arguments.ontology.clone(),
        rehash: arguments.rehash,
        jobs: arguments.jobs,
        limits: Limits::default(),
    };
    if arguments.enqueue {
        let queued = in_world(|world| {
            Ok(jobs::enqueue(
                &workspace,
                world,
                &request,
                &arguments.policy,
            )?)
        })?;
        render::answer(arguments.json, &queued, render::workspace::jobs)?;
        return Ok(crate::exit::DONE);
    }
    if let Some(folder) = &arguments.watch {
        return watching(arguments, &workspace, &request, folder);
    }
    let plan = ingest::plan(&workspace, &request)?;
    if arguments.dry_run {
        render::answer(arguments.json, &plan, render::workspace::plan)?;
        for one in plan.skipped.iter().take(20) {
            render::note(&format!("skipped: {one}"));
        }
        if plan.skipped.len() > 20 {
            render::note(&format!(
                "{} files are nothing we know and would be left where they are",
                plan.skipped_count
            ));
        }
        return Ok(crate::exit::DONE);
    }
    let bars = Bars(Bar::new(plan.size_bytes));
    let outcome = in_world(|world| Ok(ingest::run(&workspace, world, &request, &plan, &bars)?));
    bars.0.finish();
    let outcome = outcome?;
    render::answer(arguments.json, &outcome, render::workspace::ingested)?;
    Ok(happened(&outcome).code())
}

fn watching(
    arguments: &Arguments,
    workspace: &Workspace,
    request: &Request<'_>,
    folder: &std::path::Path,
) -> anyhow::Result<u8> {
    let mut happened = Happened::default();
    render::note(&format!("watching {}; end with Ctrl-C", folder.display()));
    in_world(|world| {
        let landing = watch::Landing {
            folder,
            until_idle_secs: arguments.until_idle,
        };
        let bars = Bars(Bar::new(0));
        watch::run(
            workspace,
            world,
            request,
            (&landing, &bars),
            &mut |outcome| {
                let of_this = self::happened(outcome);
                happened.failed |= of_this.failed;
                happened.loss |= of_this.loss;
                happened.refused |= of_this.refused;
                // A reader that has gone ends the watching.
                render::answer(arguments.json, outcome, render::workspace::ingested).is_ok()
            },
        )?;
        Ok(())
    })?;
    Ok(happened.code())
}

pub(super) fn happened(outcome: &Outcome) -> Happened {
    let mut happened = Happened::default();
    for input in &outcome.inputs {
        happened.failed |= input.error.is_some();
        happened.loss |= !input.complete && input.error.is_none();
        happened.refused |= input.quarantined;
    }
    happened
}
