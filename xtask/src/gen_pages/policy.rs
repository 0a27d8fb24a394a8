//! The reference of the built-in policies: their commented files, and how they differ.
//!
//! Not here: what a check means (`checks`).

use super::{generated_from, thresholds};
use anyhow::{Context as _, Result};
use fieldassay_model::policy::{BUILT_IN, Policy};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Thresholds side by side, then the files.
pub(super) fn page() -> Result<Option<String>> {
    let policies: Vec<Policy> = BUILT_IN
        .iter()
        .map(|name| Policy::built_in(name))
        .collect::<Result<_, _>>()?;
    let mut page = generated_from("the built-in policies in `crates/model/src/policy`");
    page.push_str("# Policies\n\nHow to write one: [write a policy](../guides/write-a-policy.md). What each check means: [checks](checks.md).\n\n## Thresholds side by side\n\nEach cell holds the thresholds of `info`, `warn` and `error`, in the unit of the fact; – is none.\n\n| check |");
    for policy in &policies {
        write!(page, " {} (version {}) |", policy.name, policy.version)?;
    }
    page.push_str("\n|---|");
    page.push_str(&"---|".repeat(policies.len()));
    page.push('\n');
    let codes: BTreeSet<&String> = policies
        .iter()
        .flat_map(|policy| policy.checks.keys())
        .collect();
    for code in codes {
        write!(page, "| `{code}` |")?;
        for policy in &policies {
            write!(
                page,
                " {} |",
                policy.checks.get(code).map_or("–".to_owned(), thresholds)
            )?;
        }
        page.push('\n');
    }
    for name in BUILT_IN {
        let text = Policy::built_in_text(name).context("a built-in policy without text")?;
        write!(page, "\n## {name}\n\n```yaml\n{}\n```\n", text.trim_end())?;
    }
    Ok(Some(page))
}
