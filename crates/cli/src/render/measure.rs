//! The list of measures and the explanation of one.

use super::{Align, Style, Table, text};
use fieldassay_engine::measures::Measure;
use std::fmt::Write as _;

pub(crate) fn list(measures: &[&Measure]) -> anyhow::Result<()> {
    let style = Style::for_stdout();
    let mut out = String::new();
    for group in measures.chunk_by(|a, b| a.subject() == b.subject()) {
        let Some(first) = group.first() else { continue };
        let _ = writeln!(out, "{}", style.strong(first.subject()));
        let mut table = Table::new(&[("", Align::Left), ("", Align::Left)]);
        for measure in group {
            table.row(vec![
                measure.name.to_owned(),
                measure.about.title.to_owned(),
            ]);
        }
        // The table has no headings: its first line is empty.
        out.push_str(table.render("  ").trim_start_matches('\n'));
        out.push('\n');
    }
    out.push_str(
        "`fieldassay measure explain NAME` explains one, `run NAME --input CASE.json` runs it\n",
    );
    text(&out)
}

pub(crate) fn explain(measure: &Measure) -> anyhow::Result<()> {
    let style = Style::for_stdout();
    let about = &measure.about;
    let mut out = String::new();
    let _ = writeln!(out, "{}: {}\n", style.strong(measure.name), about.title);
    for (name, content) in [
        ("how it is computed", about.formula),
        ("defaults", about.defaults),
        ("which way is better", about.direction.words()),
        ("what it cannot see", about.blind_spots),
        ("peers", about.peers),
        ("source", about.source),
        ("a case that runs", measure.example),
    ] {
        let _ = writeln!(out, "{}\n  {content}\n", style.strong(name));
    }
    let _ = writeln!(
        out,
        "`fieldassay measure run {} --input CASE.json`",
        measure.name
    );
    text(&out)
}
