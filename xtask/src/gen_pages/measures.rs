//! The reference of measures, from the registry every command reads.
//!
//! Not here: the measures, and the figures of races and vectors.

use super::{cell, generated_from};
use anyhow::Result;
use fieldassay_measure::registry::{Measure, measures};
use std::fmt::Write as _;

/// A list of every measure, then a section each.
pub(super) fn page() -> Result<Option<String>> {
    let mut page = generated_from("`measure::registry`");
    page.push_str(
        "# Measures\n\n\
         Every measure by its name, which never changes. `fieldassay measure explain NAME` says the same at a terminal; `fieldassay measure run NAME --input CASE.json` runs one on a case of the form its example has, `-` for standard input. Angles are radians unless a name says otherwise, times seconds or nanoseconds as named, frames `parent_from_child`. Infinities and NaN are the strings `inf`, `-inf` and `nan`. A statistic is `{estimate, low, high, n}`; `low` and `high` are the ends of an interval at 95 %, null where none is sound or none was asked for.\n\n\
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
    let mut subject = "";
    for measure in measures() {
        if measure.subject() != subject {
            subject = measure.subject();
            writeln!(page, "\n## {subject}")?;
        }
        section(&mut page, measure)?;
    }
    Ok(Some(page))
}

/// The anchor GitHub gives a heading.
fn anchor(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        .collect()
}

fn section(page: &mut String, measure: &Measure) -> Result<()> {
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
    write!(page, "\n```json\n{}\n```\n", measure.example)?;
    Ok(())
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
    use super::{anchor, escaped};

    #[test]
    fn signs_stay_signs() {
        assert_eq!(escaped("|t_E| `a_b` c*d"), "\\|t\\_E\\| `a_b` c\\*d");
        assert_eq!(anchor("trajectory.scale_drift"), "trajectoryscale_drift");
    }
}
