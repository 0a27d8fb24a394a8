//! `ls`: which recordings there are.

use super::Where;
use crate::render;
use fieldassay_engine::workspace::list::{self, Filter};

/// List the recordings of the workspace.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    workspace: Where,
    /// Only those for which this SQL condition over the table `recordings` holds: `format = 'mcap' and message_count > 1000`.
    #[arg(long = "where", value_name = "SQL")]
    condition: Option<String>,
    /// Only those kept apart because of their verdict.
    #[arg(long)]
    quarantined: bool,
    /// What was published when instead: the numbers that `query --at` takes.
    #[arg(long, conflicts_with_all = ["condition", "quarantined"])]
    batches: bool,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let workspace = arguments.workspace.open()?;
    if arguments.batches {
        let document = list::batches(&workspace)?;
        render::answer(arguments.json, &document, render::workspace::batches)?;
        return Ok(crate::exit::DONE);
    }
    let filter = Filter {
        quarantined: arguments.quarantined.then_some(true),
        condition: arguments.condition.clone(),
    };
    let document = list::list(&workspace, &filter)?;
    render::answer(arguments.json, &document, render::workspace::list)?;
    Ok(crate::exit::DONE)
}
