//! The reference of checks: meaning, formula, source, default, blind spots, power.
//!
//! Read [`page`] first. Not here: the catalogue (`fieldassay_check::catalog`) and the simulations
//! behind the figures (`power`).

use super::{cell, generated_from};
use anyhow::Result;
use fieldassay_model::policy::{Policy, Rule};
use fieldassay_model::{CheckInfo, Compare, Subject};
use std::fmt::Write as _;

/// A list, then one section per check.
pub(super) fn page() -> Result<Option<String>> {
    let policy = Policy::built_in("default")?;
    let mut page = generated_from(
        "`fieldassay_check::catalog()`, the default policy and the committed power results",
    );
    page.push_str(
        "# Checks\n\nA check compares one fact with the thresholds of a policy; the defaults here are those of the built-in policy `default`. `fieldassay checks CODE` prints the same. A check that could not be evaluated is never a pass.\n\n| code | what it finds | default: info / warn / error |\n|---|---|---|\n",
    );
    let mut catalog: Vec<&CheckInfo> = fieldassay_check::catalog().iter().collect();
    catalog.sort_by_key(|check| check.code);
    for check in &catalog {
        writeln!(
            page,
            "| [`{}`](#{}) | {} | {} |",
            check.code,
            anchor(check.code),
            cell(check.title),
            policy
                .checks
                .get(check.code)
                .map_or("–".to_owned(), defaults),
        )?;
    }
    for check in &catalog {
        section(&mut page, check, &policy)?;
    }
    Ok(Some(page))
}

fn section(page: &mut String, check: &CheckInfo, policy: &Policy) -> Result<()> {
    write!(
        page,
        "\n## {}\n\n{}: {}\n\n",
        check.code, check.title, check.meaning
    )?;
    let subject = match check.subject {
        Subject::Recording => "the recording",
        Subject::Channel => "each channel",
        Subject::Pair => "a pair, `a -> b`",
        Subject::Frame => "a frame or an edge of the transform tree",
    };
    let compare = match check.compare {
        Compare::Above => "above the threshold",
        Compare::AtLeast => "at or above the threshold",
        Compare::Below => "below the threshold",
        Compare::Magnitude => "beyond the threshold to either side",
        Compare::Declared => "off the declared rate by more than the threshold",
    };
    writeln!(
        page,
        "- Fact: `{}` ({}), about {subject}; a finding when {compare}",
        check.fact, check.unit
    )?;
    writeln!(page, "- Formula: {}", check.formula)?;
    writeln!(page, "- Source: {}", check.source)?;
    let default = policy
        .checks
        .get(check.code)
        .map_or("not judged".to_owned(), defaults);
    writeln!(
        page,
        "- Default thresholds (info / warn / error): {default}"
    )?;
    writeln!(page, "- Blind spots: {}", check.blind_spots)?;
    writeln!(page, "- What to do: {}", check.hint)?;
    Ok(())
}

/// `info / warn / error` of a rule.
fn defaults(rule: &Rule) -> String {
    if !rule.enabled {
        return "off".to_owned();
    }
    let show = |value: Option<f64>| value.map_or("–".to_owned(), |value| value.to_string());
    let mut text = format!(
        "{} / {} / {}",
        show(rule.info),
        show(rule.warn),
        show(rule.error)
    );
    if rule.min_n > 0 {
        let _ = write!(text, ", from {} observations", rule.min_n);
    }
    text
}

/// The anchor of a heading: letters, digits and underscores, lower case.
fn anchor(code: &str) -> String {
    code.chars()
        .filter(|c| c.is_alphanumeric() || *c == '_')
        .collect::<String>()
        .to_lowercase()
}
