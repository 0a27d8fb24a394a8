//! `lineage`: what something came from, and what came of it.

use super::Where;
use crate::render;
use fieldassay_engine::workspace::lineage::{self, Direction, MOST_LINKS, Request, openlineage};
use std::path::PathBuf;

/// Show what something came from, or what came of it: from a sample to the bytes of its recording, and on to every release that holds it.
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(crate) struct Arguments {
    /// A recording, the digest of a file, `release@version`, `contract:name@version`, `policy:name@version`, a stretch `r-…@12.5-14`, or a row `r-…/labels/17`.
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    workspace: Where,
    /// To what it came from (the default).
    #[arg(long)]
    up: bool,
    /// To what came of it.
    #[arg(long, conflicts_with = "up")]
    down: bool,
    /// Steps at most; all when not given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    depth: Option<u32>,
    /// Links followed at most.
    #[arg(long, value_name = "N", default_value_t = MOST_LINKS)]
    most: usize,
    /// Form of the answer.
    #[arg(long, value_enum, default_value_t = Form::Tree)]
    format: Form,
    /// As `--format json`.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Namespace of jobs and data sets in events of `OpenLineage`.
    #[arg(long, value_name = "NAME", default_value = openlineage::NAMESPACE)]
    namespace: String,
    /// Write to this file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace an existing file.
    #[arg(long)]
    force: bool,
}

/// Form of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// A tree of text.
    Tree,
    /// A graph of Graphviz.
    Dot,
    /// A drawing.
    Svg,
    /// One JSON document.
    Json,
    /// Events of `OpenLineage`, one per line.
    Openlineage,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let direction = if arguments.down {
        Direction::Down
    } else {
        Direction::Up
    };
    let request = Request {
        id: arguments.id.clone(),
        direction,
        depth: arguments.depth,
        most: arguments.most,
    };
    let workspace = arguments.workspace.open()?;
    let document = lineage::run(&workspace, &request)?;
    let form = if arguments.json {
        Form::Json
    } else {
        arguments.format
    };
    let text = match form {
        Form::Json if arguments.output.is_none() => {
            render::json(&document)?;
            return Ok(crate::exit::DONE);
        }
        Form::Json => format!("{}\n", serde_json::to_string_pretty(&document)?),
        Form::Tree => document.tree(),
        Form::Dot => document.dot(),
        Form::Svg => document.drawing(),
        Form::Openlineage => {
            let events = lineage::told(&workspace, &document, &arguments.namespace)?;
            let mut lines: Vec<String> = events.iter().map(ToString::to_string).collect();
            // One per line, the last as well.
            lines.push(String::new());
            lines.join("\n")
        }
    };
    match &arguments.output {
        Some(path) => lineage::write(path, &text, arguments.force)?,
        None => render::text(&text)?,
    }
    if document.is_cut {
        render::note(&format!(
            "note: only the first {} steps are here; --most follows more",
            document.edges.len()
        ));
    }
    Ok(crate::exit::DONE)
}
