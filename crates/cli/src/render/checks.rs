//! The list of checks and the explanation of one.

use super::{Align, Style, Table, statistic, text};
use fieldassay_model::{CheckInfo, Compare, Policy, Power, display, policy::Rule};
use std::fmt::Write as _;

pub(crate) fn list(checks: &[&CheckInfo], policy: &Policy) -> anyhow::Result<()> {
    let mut table = Table::new(&[
        ("code", Align::Left),
        ("info", Align::Right),
        ("warn", Align::Right),
        ("error", Align::Right),
        ("what it finds", Align::Left),
    ]);
    for check in checks {
        let rule = policy.checks.get(check.code).filter(|rule| rule.enabled);
        let threshold = |value| statistic::or_dash(value, |value| limit(check, value));
        table.row(vec![
            check.code.to_owned(),
            threshold(rule.and_then(|rule| rule.info)),
            threshold(rule.and_then(|rule| rule.warn)),
            threshold(rule.and_then(|rule| rule.error)),
            uncapitalized(check.title),
        ]);
    }
    let mut out = table.render("");
    let _ = writeln!(
        out,
        "\nthresholds of policy `{}`; `fieldassay checks CODE` explains one",
        policy.name
    );
    text(&out)
}

pub(crate) fn explain(
    check: &CheckInfo,
    rule: Option<&Rule>,
    power: &[Power],
) -> anyhow::Result<()> {
    let style = Style::for_stdout();
    let mut out = String::new();
    let _ = writeln!(out, "{}: {}\n", style.strong(check.code), check.title);
    let mut part = |name: &str, content: &str| {
        if !content.is_empty() {
            let _ = writeln!(out, "{}\n  {content}\n", style.strong(name));
        }
    };
    part("what it means", check.meaning);
    part("how it is computed", check.formula);
    part("what it cannot see", check.blind_spots);
    part("what to do", check.hint);
    part("source", check.source);
    part(
        "fact",
        &format!(
            "{} ({})",
            check.fact,
            if check.unit.is_empty() {
                "no unit"
            } else {
                check.unit
            }
        ),
    );
    let thresholds = rule.filter(|rule| rule.enabled).map_or_else(
        || "not judged by this policy".to_owned(),
        |rule| {
            let parts: Vec<String> = [
                ("info", rule.info),
                ("warn", rule.warn),
                ("error", rule.error),
            ]
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name} {}", limit(check, value?))))
            .collect();
            if parts.is_empty() {
                "none".to_owned()
            } else {
                parts.join(", ")
            }
        },
    );
    part("thresholds", &thresholds);
    part(
        "how well it works, in simulated drives",
        &measured(check, power),
    );
    out.pop();
    text(&out)
}

/// What the check found of faults of known size, one line each.
fn measured(check: &CheckInfo, power: &[Power]) -> String {
    let share = |x: f64| display::quantity(x, "share");
    let rows: Vec<String> = power
        .iter()
        .filter(|row| row.counts(check.code))
        .map(|row| {
            format!(
                "{} {} {}: found in {} of {} ({} to {} at 95 %)",
                row.fault,
                display::number(row.magnitude),
                row.unit,
                row.found,
                row.drives,
                share(row.low),
                share(row.high)
            )
        })
        .collect();
    rows.join("\n  ")
}

/// A threshold with the side that is worse.
fn limit(check: &CheckInfo, value: f64) -> String {
    let (sign, unit) = match check.compare {
        Compare::Above => (">", check.unit),
        Compare::AtLeast => (">=", check.unit),
        Compare::Below => ("<", check.unit),
        Compare::Magnitude => ("+-", check.unit),
        Compare::Declared => ("+-", "share"),
    };
    // As the policy file has it: angles are radians there.
    if unit == "rad" {
        return format!("{sign} {} rad", display::number(value));
    }
    format!("{sign} {}", display::quantity(value, unit))
}

/// A title as it stands inside a line; names such as MCAP keep their capitals.
fn uncapitalized(title: &str) -> String {
    let mut letters = title.chars();
    match (letters.next(), letters.next()) {
        (Some(first), second) if !second.is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(title.chars().skip(1)).collect()
        }
        _ => title.to_owned(),
    }
}
