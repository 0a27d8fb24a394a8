//! `checks`: which checks there are, and what one means.

use super::policy;
use crate::exit::{DONE, UsageError};
use crate::render;
use fieldassay_engine::{catalog, power};
use fieldassay_model::{CheckInfo, Policy, nearest};
use serde::Serialize;

/// List the checks, or explain one.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Code of a check, as findings carry it (`time.gap`).
    code: Option<String>,
    /// Policy whose thresholds are shown; a built-in name or a file.
    #[arg(long, value_name = "P", default_value = "default")]
    policy: String,
    /// Print the policy as a file to start one's own from, and nothing else.
    #[arg(long, conflicts_with_all = ["code", "json"])]
    policy_file: bool,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct ChecksDocument<'a> {
    schema: &'static str,
    version: u32,
    checks: Vec<CheckEntry<'a>>,
}

#[derive(Serialize)]
struct CheckEntry<'a> {
    code: &'a str,
    title: &'a str,
    fact: &'a str,
    unit: &'a str,
    meaning: &'a str,
    formula: &'a str,
    source: &'a str,
    blind_spots: &'a str,
    hint: &'a str,
    info: Option<f64>,
    warn: Option<f64>,
    error: Option<f64>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    if arguments.policy_file {
        match Policy::built_in_text(&arguments.policy) {
            Some(text) => render::text(text)?,
            None => render::text(&policy(&arguments.policy)?.to_yaml())?,
        }
        return Ok(DONE);
    }
    let policy = policy(&arguments.policy)?;
    let chosen: Vec<&CheckInfo> = match &arguments.code {
        None => catalog().iter().collect(),
        Some(code) => vec![find(code)?],
    };
    if arguments.json {
        render::json(&ChecksDocument {
            schema: "fieldassay.checks",
            version: 1,
            checks: chosen.iter().map(|check| entry(check, &policy)).collect(),
        })?;
    } else if arguments.code.is_some() {
        for check in chosen {
            render::checks::explain(check, policy.checks.get(check.code), power())?;
        }
    } else {
        render::checks::list(&chosen, &policy)?;
    }
    Ok(DONE)
}

fn find(code: &str) -> Result<&'static CheckInfo, UsageError> {
    let codes = || catalog().iter().map(|check| check.code);
    catalog()
        .iter()
        .find(|check| check.code == code)
        .ok_or_else(|| {
            let hint = match nearest(code, codes()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`fieldassay checks` lists them all".to_owned(),
            };
            UsageError(format!("no check has the code `{code}`\nhint: {hint}"))
        })
}

fn entry<'a>(check: &'a CheckInfo, policy: &Policy) -> CheckEntry<'a> {
    let rule = policy.checks.get(check.code).filter(|rule| rule.enabled);
    CheckEntry {
        code: check.code,
        title: check.title,
        fact: check.fact,
        unit: check.unit,
        meaning: check.meaning,
        formula: check.formula,
        source: check.source,
        blind_spots: check.blind_spots,
        hint: check.hint,
        info: rule.and_then(|rule| rule.info),
        warn: rule.and_then(|rule| rule.warn),
        error: rule.and_then(|rule| rule.error),
    }
}
