//! `release create`, `release ls`, `release show`: members, labels and facts as files under a manifest.

use super::{Where, in_world};
use crate::exit::UsageError;
use crate::render;
use fieldassay_engine::NoProgress;
use fieldassay_engine::workspace::release::{create, show};
use fieldassay_model::TimeBound;
use fieldassay_model::release::{LeakageKind, Request, Split};
use std::path::PathBuf;

/// Make releases, list them, show one.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Create(Box<Create>),
    Ls(List),
    Show(Show),
}

/// Make a release: choose members, split them, look for leakage, write everything about them under one digest.
///
/// The same request over the same content gives the same digest anywhere. Asking again for what the newest version has
/// makes no new one.
#[derive(Debug, clap::Args)]
struct Create {
    /// Its name: lower-case letters, digits, `-`, `_` and `.`. The version is counted from 1.
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    workspace: Where,
    /// Only recordings for which this SQL condition holds, or rows of the table of --from.
    #[arg(long = "where", value_name = "SQL")]
    condition: Option<String>,
    /// Make members of the rows of this table: a recording and a stretch of time each.
    #[arg(long, value_name = "TABLE")]
    from: Option<String>,
    /// Split by groups that stay together: `KEY:80/10/10` (train, val, test) or `KEY:train=80,test=20`; KEY is
    /// `recording`, `site`, `day`, `scene`, `near_duplicate` or a field of the context, several joined by `+`.
    #[arg(long, value_name = "KEY:SHARES")]
    split: Option<String>,
    /// Give every split its share of each value of this field of the context.
    #[arg(long, value_name = "FIELD", requires = "split")]
    stratify: Option<String>,
    /// Decides in which order groups are given out.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "split")]
    seed: u64,
    /// Leave groups in the splits that this release gave them, instead of the versions before of the same name.
    #[arg(long, value_name = "NAME@V", requires = "split")]
    keep_splits: Option<String>,
    /// Members of one rig or site have to be this far apart to be in different splits, seconds.
    #[arg(long, value_name = "SECONDS", default_value = "0")]
    time_gap: String,
    /// Share of equal messages or rows from which on two recordings are near-duplicates.
    #[arg(long, value_name = "RATIO", default_value_t = 0.8)]
    near_duplicate: f64,
    /// Cosine of scenes from which on two recordings are near-duplicates.
    #[arg(long, value_name = "COSINE", default_value_t = 0.999)]
    near_scene: f64,
    /// Accept leakage of these kinds, and say so in the manifest: `group`, `time`, `content`, `scene`; may be repeated.
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    allow_leakage: Vec<String>,
    /// A contract the recordings are held to; may be repeated.
    #[arg(long = "contract", value_name = "FILE")]
    contracts: Vec<PathBuf>,
    /// Take recordings too that are kept apart because of their verdict.
    #[arg(long)]
    include_quarantined: bool,
    /// Print what would be made and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Threads; one per core when not given.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    jobs: usize,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// List releases.
#[derive(Debug, clap::Args)]
struct List {
    /// Only versions of this one.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    workspace: Where,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// Show a release: what was asked for, what it has, where it comes from.
#[derive(Debug, clap::Args)]
struct Show {
    /// The release: `NAME` (the newest), `NAME@2`, `NAME@tag`.
    #[arg(value_name = "NAME[@V]")]
    release: String,
    #[command(flatten)]
    workspace: Where,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    match &arguments.action {
        Action::Create(arguments) => create(arguments),
        Action::Ls(arguments) => {
            let workspace = arguments.workspace.open()?;
            let document = show::list(&workspace, arguments.name.as_deref())?;
            render::answer(arguments.json, &document, render::release::list)?;
            Ok(crate::exit::DONE)
        }
        Action::Show(arguments) => {
            let workspace = arguments.workspace.open()?;
            let document = show::show(&workspace, &arguments.release)?;
            render::answer(arguments.json, &document, render::release::show)?;
            Ok(crate::exit::DONE)
        }
    }
}

fn request(arguments: &Create) -> anyhow::Result<create::Request> {
    let wrong = |error: fieldassay_model::release::RequestError| UsageError(error.to_string());
    let split = arguments.split.as_deref().map(Split::parse).transpose();
    let split = split.map_err(wrong)?.map(|split| Split {
        stratify: arguments.stratify.clone(),
        seed: arguments.seed,
        ..split
    });
    let kinds = arguments.allow_leakage.iter();
    let kinds: Result<_, _> = kinds.map(|word| LeakageKind::parse(word)).collect();
    let time_gap_ns = match TimeBound::parse(&arguments.time_gap) {
        Ok(TimeBound::FromStart(gap_ns)) if gap_ns >= 0 => gap_ns,
        _ => {
            return Err(UsageError(format!(
                "the time gap is `{}` s\nhint: give seconds, 0 or more",
                arguments.time_gap
            ))
            .into());
        }
    };
    let release = Request {
        from: arguments.from.clone(),
        condition: arguments.condition.clone(),
        include_quarantined: arguments.include_quarantined,
        split,
        contracts: Vec::new(),
        time_gap_ns,
        content_min_ratio: arguments.near_duplicate,
        scene_min_cosine: arguments.near_scene,
        allow_leakage: kinds.map_err(wrong)?,
    };
    release.check().map_err(wrong)?;
    Ok(create::Request {
        name: arguments.name.clone(),
        release,
        contracts: arguments.contracts.clone(),
        keep_splits: arguments.keep_splits.clone(),
        jobs: arguments.jobs,
    })
}

fn create(arguments: &Create) -> anyhow::Result<u8> {
    let request = request(arguments)?;
    let workspace = arguments.workspace.open()?;
    let plan = create::plan(&workspace, &request)?;
    if arguments.dry_run || plan.refuses() {
        let refuses = plan.refuses();
        render::answer(arguments.json, &plan, render::release::plan)?;
        if !refuses {
            return Ok(crate::exit::DONE);
        }
        render::note("refused: splits leak into each other; nothing was published");
        return Ok(crate::exit::GATE);
    }
    let outcome = in_world(|world| Ok(create::run(&workspace, world, plan, &NoProgress)?))?;
    for note in &outcome.notes {
        render::note(&format!("note: {note}"));
    }
    render::answer(arguments.json, &outcome, render::release::created)?;
    if let Some(checkpoint) = &outcome.checkpoint {
        render::note(&format!(
            "checkpoint of the log; keep it elsewhere:\n{}",
            checkpoint.trim_end()
        ));
    }
    Ok(crate::exit::DONE)
}
