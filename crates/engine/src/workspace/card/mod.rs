//! `card`: what a release is, for people and for programs, from evidence alone.
//!
//! Read [`Request`] and [`run`] first. [`evidence`] asks the files of the release, [`croissant`] and [`page`] say the same
//! in Croissant and in a page. What nobody said and nothing shows is absent, or stated as not known.
//!
//! Not here: forms of documents (`formats`), how a page looks (`report`).

mod croissant;
mod evidence;
mod page;

use super::lineage;
use super::opened::Workspace;
use crate::EngineError;
use fieldassay_formats::croissant::{Problem, problems};
use fieldassay_report::{card_html, card_markdown};

/// The form of a card.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// JSON-LD of Croissant 1.1.
    #[default]
    Croissant,
    /// A page.
    Html,
    /// Text.
    Markdown,
}

/// Which card.
#[derive(Clone, Debug)]
pub struct Request {
    /// `NAME`, `NAME@2` or `NAME@tag`.
    pub release: String,
    /// In which form.
    pub form: Form,
    /// Whether to make it although required parts are missing.
    pub is_draft: bool,
}

/// A card.
#[derive(Clone, Debug)]
pub struct Card {
    /// The release, with its version.
    pub release: String,
    /// The card in its form.
    pub text: String,
    /// What is missing, each with what to add.
    pub missing: Vec<String>,
}

/// Makes the card of a release.
///
/// Errors: no such release; parts that Croissant requires and nobody said, with what to add, unless a draft is asked
/// for; what the store says.
pub fn run(workspace: &Workspace, request: &Request) -> Result<Card, EngineError> {
    let found = lineage::release(workspace, &request.release)?;
    let release = found.ok_or_else(|| no_release(workspace, &request.release))?;
    let evidence = evidence::gather(workspace, release)?;
    let name = evidence.name();
    let document = croissant::data_set(&evidence).document();
    let missing: Vec<String> = problems(&document).iter().map(told).collect();
    if !missing.is_empty() && !request.is_draft {
        return Err(EngineError::Request {
            message: format!(
                "the card of `{name}` lacks what Croissant requires:\n  {}\nhint: add it, or give --draft to write the card without",
                missing.join("\n  ")
            ),
        });
    }
    let text = match request.form {
        Form::Croissant => {
            let text = serde_json::to_string_pretty(&document);
            let text = text.map_err(|error| EngineError::Request {
                message: format!("the card cannot be written: {error}"),
            })?;
            format!("{text}\n")
        }
        Form::Html => {
            card_html(&page::page(&evidence, &missing)).map_err(|error| EngineError::Report {
                message: error.to_string(),
            })?
        }
        Form::Markdown => card_markdown(&page::page(&evidence, &missing)),
    };
    Ok(Card {
        release: name,
        text,
        missing,
    })
}

fn no_release(workspace: &Workspace, text: &str) -> EngineError {
    let all = workspace.runtime.block_on(workspace.catalog.releases());
    let all = all.unwrap_or_default().into_iter();
    let names: Vec<String> = all
        .flat_map(|one| [format!("{}@{}", one.name, one.version), one.name])
        .collect();
    let near = fieldassay_model::nearest(text, names.iter().map(String::as_str));
    let hint = near.map_or_else(
        || "`fieldassay release create NAME` makes one".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    EngineError::Request {
        message: format!("there is no release `{text}`\nhint: {hint}"),
    }
}

/// A problem, and what to add where only a person can say it.
fn told(problem: &Problem) -> String {
    let add = match problem.property() {
        "license" => {
            "say `license = \"CC-BY-4.0\"` under `[card]` in fieldassay.toml, or the field `license` in the context of the recordings"
        }
        "creator" => {
            "say `creator = \"…\"` under `[card]` in fieldassay.toml, or the field `owner` in the context of the recordings"
        }
        "url" => "say `url = \"https://…\"` under `[card]` in fieldassay.toml",
        "description" => "say `description = \"…\"` under `[card]` in fieldassay.toml",
        _ => problem.message.as_str(),
    };
    format!("`{}`: {add}", problem.path.trim_start_matches("$."))
}

/// Evidence as it is counted: a share with its interval, `12 of 40, 30.0 % [18.1, 45.4]`.
fn share(part: u64, all: u64) -> String {
    let Ok(interval) = fieldassay_measure::stats::wilson(part, all) else {
        return format!("{part} of {all}");
    };
    format!(
        "{part} of {all}, {:.1} % [{:.1}, {:.1}]",
        100.0 * part as f64 / all as f64,
        100.0 * interval.low,
        100.0 * interval.high
    )
}

#[cfg(test)]
mod tests;
