//! `card`: what a release is, for people and for programs.

use super::Where;
use crate::render;
use fieldassay_engine::workspace::card::{self, Form, Request};
use fieldassay_engine::workspace::lineage;
use std::path::PathBuf;

/// Make the card of a release from its evidence: Croissant 1.1 for programs, a page or Markdown for people.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The release: `NAME`, `NAME@2` or `NAME@tag`.
    #[arg(value_name = "NAME@V")]
    release: String,
    #[command(flatten)]
    workspace: Where,
    /// Form of the card.
    #[arg(long, value_enum, default_value_t = CardForm::Croissant)]
    format: CardForm,
    /// Make it although parts are missing that only people can say.
    #[arg(long)]
    draft: bool,
    /// Write to this file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace an existing file.
    #[arg(long)]
    force: bool,
}

/// Form of the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum CardForm {
    /// JSON-LD of Croissant 1.1.
    Croissant,
    /// A page.
    Html,
    /// Text.
    Markdown,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let workspace = arguments.workspace.open()?;
    let request = Request {
        release: arguments.release.clone(),
        form: match arguments.format {
            CardForm::Croissant => Form::Croissant,
            CardForm::Html => Form::Html,
            CardForm::Markdown => Form::Markdown,
        },
        is_draft: arguments.draft,
    };
    let made = card::run(&workspace, &request)?;
    match &arguments.output {
        Some(path) => {
            lineage::write(path, &made.text, arguments.force)?;
            render::note(&format!(
                "card of {} written to {}",
                made.release,
                path.display()
            ));
        }
        None => render::text(&made.text)?,
    }
    for missing in &made.missing {
        render::note(&format!("note: missing {missing}"));
    }
    Ok(crate::exit::DONE)
}
