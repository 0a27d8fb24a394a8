//! The reference of measures, from the registry every command reads, with the committed results of `coverage`.
//!
//! Not here: the measures, and the figures of races and vectors.

use super::{cell, generated_from};
use crate::coverage::{self, Kind, Results, Row};
use anyhow::Result;
use fieldassay_measure::registry::{Measure, measures};
use std::fmt::Write as _;

/// A list of every measure, then a section each.
pub(super) fn page() -> Result<Option<String>> {
    let mut page = generated_from("`measure::registry`");
    page.push_str(
        "# Measures\n\n\
         Every measure by its name, which never changes. `fieldassay measure explain NAME` says the same at a terminal, but for the coverage found; `fieldassay measure run NAME --input CASE.json` runs one on a case of the form its example has, `-` for standard input. Angles are radians unless a name says otherwise, times seconds or nanoseconds as named, frames `parent_from_child`. Infinities and NaN are the strings `inf`, `-inf` and `nan`. A statistic is `{estimate, low, high, n}`; `low` and `high` are the ends of an interval at 95 %, null where none is sound or none was asked for. What such intervals are worth is under *Coverage found*: data sets were simulated by laws whose truth is known, and counted was how often the interval held it; 95 in 100 is what an interval promises. With few units, and with few stretches of a path that do not resemble their neighbors, intervals promise more than they hold: look for the size of your data in the tables. Decisions were counted the same way.\n\n\
         | measure | what it tells | better |\n|---|---|---|\n",
    );
    for measure in measures() {
        writeln!(
            page,
            "| [`{name}`](#{anchor}) | {} | {} |",
            cell(measure.about.title),
            measure.about.direction.words(),
            name = measure.name,
            anchor = anchor(measure.name),
        )?;
    }
    let found = coverage::committed()?;
    let mut subject = "";
    for measure in measures() {
        if measure.subject() != subject {
            subject = measure.subject();
            writeln!(page, "\n## {subject}")?;
        }
        section(&mut page, measure, found.as_ref())?;
    }
    Ok(Some(page))
}

/// The anchor GitHub gives a heading.
fn anchor(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        .collect()
}

fn section(page: &mut String, measure: &Measure, found: Option<&Results>) -> Result<()> {
    let about = &measure.about;
    write!(
        page,
        "\n### {}\n\n{}: {}.\n\n",
        measure.name,
        about.title,
        about.direction.words()
    )?;
    for (name, text) in [
        ("Definition", about.formula),
        ("Defaults", about.defaults),
        ("Blind spots", about.blind_spots),
        ("Peers", about.peers),
        ("Source", about.source),
    ] {
        writeln!(page, "- {name}: {}", escaped(text))?;
    }
    let has_interval = coverage::has_interval(measure)?;
    if !has_interval {
        writeln!(
            page,
            "- Interval: none; it is computed from its case, not estimated from a sample of units"
        )?;
    }
    shares(page, measure, found, has_interval)?;
    write!(page, "\n```json\n{}\n```\n", measure.example)?;
    Ok(())
}

/// How often the intervals of a measure held what they should and its decisions were right, a table per law and kind.
fn shares(
    page: &mut String,
    measure: &Measure,
    found: Option<&Results>,
    has_interval: bool,
) -> Result<()> {
    let all: &[Row] = found.map_or(&[], |found| &found.rows);
    let rows: Vec<&Row> = all.iter().filter(|r| r.measure == measure.name).collect();
    let Some(found) = found.filter(|_| !rows.is_empty()) else {
        if has_interval {
            writeln!(page, "- Coverage found: not looked for yet")?;
        }
        return Ok(());
    };
    writeln!(
        page,
        "- {}, by `{}` (bootstraps of {} resamples; in brackets the 95 % interval of the share):",
        if has_interval {
            "Coverage found"
        } else {
            "Rates found"
        },
        found.command,
        found.resamples
    )?;
    for law in rows.chunk_by(|a, b| (&a.law, a.kind) == (&b.law, b.kind)) {
        let Some(first) = law.first() else { continue };
        let columns = match first.kind {
            Kind::Coverage => {
                "intervals that hold the truth | too high | too low | truth |\n|---|---|---|---|---|---|"
            }
            Kind::FalseAlarm => "false alarms | at most promised |\n|---|---|---|---|",
            Kind::Power => "alarms, all of them right | worked out |\n|---|---|---|---|",
            Kind::RiskHeld => {
                "risk below what was promised | at least promised |\n|---|---|---|---|"
            }
        };
        write!(
            page,
            "\n{}.{}\n\n| statistic | {} | {columns}\n",
            sentence(&first.law),
            coverage::weakness(first)
                .map_or(String::new(), |why| format!(" What is behind it: {why}.")),
            first.unit
        )?;
        for row in law {
            writeln!(page, "{}", line(row))?;
        }
    }
    Ok(())
}

fn line(row: &Row) -> String {
    let percent = |share: f64| format!("{:.1}", 100.0 * share);
    let share = row.share().map_or_else(
        || format!("none of {} data sets gave one", row.trials),
        |share| {
            let missing = row.trials - row.given;
            let without = match missing {
                0 => String::new(),
                _ => format!("; {missing} data sets more gave none"),
            };
            format!(
                "{} % of {} ({} to {}){without}",
                percent(share),
                row.given,
                percent(row.low),
                percent(row.high)
            )
        },
    );
    let sides = match row.kind {
        Kind::Coverage => format!(" {} | {} |", row.too_high, row.too_low),
        _ => String::new(),
    };
    let truth = match row.kind {
        Kind::Coverage => format!("{}, {}", rounded(row.truth), row.truth_from),
        _ => format!("{} %", percent(row.truth)),
    };
    format!(
        "| {} | {} | {share} |{sides} {truth} |",
        cell(&row.statistic),
        row.n
    )
}

/// Four significant digits.
fn rounded(x: f64) -> String {
    let digits = 3.0 - x.abs().log10().floor();
    let places = if digits.is_finite() { digits } else { 0.0 };
    let shift = 10.0_f64.powf(places);
    ((x * shift).round() / shift).to_string()
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// Text whose signs Markdown would take for markup.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            out.push('`');
            out.push_str(part);
            out.push('`');
            continue;
        }
        for c in part.chars() {
            if matches!(c, '*' | '_' | '<' | '>' | '[' | ']' | '|' | '~') {
                out.push('\\');
            }
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{anchor, escaped, rounded, sentence};

    #[test]
    fn signs_stay_signs() {
        assert_eq!(escaped("|t_E| `a_b` c*d"), "\\|t\\_E\\| `a_b` c\\*d");
        assert_eq!(anchor("trajectory.scale_drift"), "trajectoryscale_drift");
    }

    #[test]
    fn numbers_and_sentences_are_short_and_begin_well() {
        assert_eq!([rounded(0.123_456), rounded(0.0001)], ["0.1235", "0.0001"]);
        assert_eq!([rounded(56.78), rounded(0.0)], ["56.78", "0"]);
        assert_eq!(sentence("images of"), "Images of");
    }
}
