//! The reference of checks: meaning, formula, source, default, blind spots, power.
//!
//! Read [`page`] first. Not here: the catalogue (`fieldassay_check::catalog`) and the simulations
//! behind the figures (`power`).

use super::{cell, generated_from, thresholds};
use crate::power::{self, Results, Row};
use anyhow::Result;
use fieldassay_model::policy::Policy;
use fieldassay_model::{CheckInfo, Compare, Subject};
use std::fmt::Write as _;

/// A list, then one section per check.
pub(super) fn page() -> Result<Option<String>> {
    let policy = Policy::built_in("default")?;
    let results = power::committed()?;
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
                .map_or("–".to_owned(), thresholds),
        )?;
    }
    match &results {
        Some(results) => false_alarms(&mut page, results)?,
        None => page.push_str("\nThe power of the checks has not been measured yet.\n"),
    }
    for check in &catalog {
        section(&mut page, check, &policy)?;
        if let Some(results) = &results {
            power_table(&mut page, check.code, results)?;
        }
    }
    Ok(Some(page))
}

/// How often a drive without faults draws a warning, and how all figures were made.
fn false_alarms(page: &mut String, results: &Results) -> Result<()> {
    let clean = &results.clean;
    write!(
        page,
        "\n## How often they are wrong\n\nFrom simulated drives of {} s whose noise is fitted to real recordings, seeds from {} on (the first of each row is in the results), policy {}. The results are committed in [power/results.json](power/results.json) and repeated by `{}`. Intervals are Wilson 95 % intervals.\n\n- Of {} drives without faults {} had a warning or worse: {}.\n- Of {} drives without faults with all sensors ({}, in turn) {} had a warning or worse: {}.\n",
        results.drive_secs,
        results.seeds[0],
        results.policy,
        results.command,
        clean.drives,
        clean.found,
        share(clean),
        results.clean_all.drives,
        results.clean_all.drive,
        results.clean_all.found,
        share(&results.clean_all),
    )?;
    let promised = results.faults.iter().filter(|row| row.promised);
    for row in promised {
        writeln!(
            page,
            "- `{}` of {} {} on {}: {}.",
            row.fault,
            row.magnitude,
            row.unit,
            row.drive,
            share(row)
        )?;
    }
    reaches(page, results)?;
    if !results.not_tried.is_empty() {
        let names: Vec<String> = results
            .not_tried
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        writeln!(
            page,
            "- Not tried, since one recording alone cannot show them: {}.",
            names.join(", ")
        )?;
    }
    Ok(())
}

/// From which magnitude on each kind of fault is found.
fn reaches(page: &mut String, results: &Results) -> Result<()> {
    page.push_str("- Smallest magnitude tried that is found in half and in 95 % of the drives:");
    let mut separator = " ";
    for reach in results.reaches() {
        let from = |magnitude: Option<f64>| {
            magnitude.map_or("none".to_owned(), |magnitude| magnitude.to_string())
        };
        write!(
            page,
            "{separator}`{}` on {}: {} and {} {}",
            reach.fault,
            reach.drive,
            from(reach.half),
            from(reach.nearly_all),
            reach.unit
        )?;
        separator = "; ";
    }
    page.push_str(".\n\n![Share of drives in which each simulated fault is found, by its size](power/curves.svg)\n\n");
    Ok(())
}

/// The faults this check is there to find, with how often one of its kind found them.
fn power_table(page: &mut String, code: &str, results: &Results) -> Result<()> {
    let rows: Vec<&Row> = results
        .faults
        .iter()
        .filter(|row| row.codes.iter().any(|known| known == code))
        .collect();
    if rows.is_empty() {
        let together = results
            .faults
            .iter()
            .flat_map(|row| &row.codes)
            .any(|known| known.ends_with('.') && code.starts_with(known));
        page.push_str(if together {
            "- Power: flipped bytes and cut files are found by the checks of damage together, see above\n"
        } else {
            "- Power: no simulated fault is made for it\n"
        });
        return Ok(());
    }
    page.push_str(
        "\n| fault | on | magnitude | found by | share of drives |\n|---|---|---:|---|---|\n",
    );
    for row in rows {
        let codes: Vec<String> = row.codes.iter().map(|code| format!("`{code}`")).collect();
        writeln!(
            page,
            "| `{}` | {} | {} {} | {} | {} |",
            row.fault,
            row.drive,
            row.magnitude,
            row.unit,
            codes.join(" or "),
            share(row)
        )?;
    }
    Ok(())
}

/// `99.3 % (97.6 to 99.8; 298 of 300)`.
fn share(row: &Row) -> String {
    let percent = |share: f64| format!("{:.1}", share * 100.0);
    let found = row.found as f64 / row.drives.max(1) as f64;
    format!(
        "{} % ({} to {} %; {} of {})",
        percent(found),
        percent(row.low),
        percent(row.high),
        row.found,
        row.drives
    )
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
        .map_or("not judged".to_owned(), thresholds);
    writeln!(
        page,
        "- Default thresholds (info / warn / error): {default}"
    )?;
    writeln!(page, "- Blind spots: {}", check.blind_spots)?;
    writeln!(page, "- What to do: {}", check.hint)?;
    Ok(())
}

/// The anchor of a heading: letters, digits and underscores, lower case.
fn anchor(code: &str) -> String {
    code.chars()
        .filter(|c| c.is_alphanumeric() || *c == '_')
        .collect::<String>()
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_shows_its_own_power_or_that_of_its_subject() {
        let table = |code: &str| {
            let results = power::committed().unwrap().unwrap();
            let mut page = String::new();
            power_table(&mut page, code, &results).unwrap();
            page
        };
        assert!(
            table("clock.skew").contains("| `skew_ppm` | channels of the car in turn | 200 ppm |")
        );
        assert!(table("loss.truncated").contains("together"));
        assert!(table("time.quantum").contains("no simulated fault"));
    }

    #[test]
    fn anchors_are_those_of_headings() {
        assert_eq!(anchor("clock.whole_seconds"), "clockwhole_seconds");
    }
}
