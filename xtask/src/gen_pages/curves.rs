//! The picture of the power results: share of drives in which a fault is found, by its size.
//!
//! Read [`picture`] first. One small plot per kind of fault and drive, with Wilson intervals.

use crate::power::{self, Row};
use anyhow::Result;
use std::fmt::Write as _;

const COLUMNS: usize = 5;
const WIDTH: f64 = 220.0;
const HEIGHT: f64 = 150.0;
/// Edges of the plot inside its cell: left, top, right, bottom.
const INSIDE: [f64; 4] = [34.0, 34.0, 210.0, 118.0];

/// The picture; none before the first sweep.
pub(super) fn picture() -> Result<Option<String>> {
    let Some(results) = power::committed()? else {
        return Ok(None);
    };
    let mut curves: Vec<(String, Vec<&Row>)> = Vec::new();
    for row in &results.faults {
        let name = format!("{} on {}", row.fault, row.drive);
        match curves.iter_mut().find(|(known, _)| *known == name) {
            Some((_, rows)) => rows.push(row),
            None => curves.push((name, vec![row])),
        }
    }
    curves.retain(|(_, rows)| rows.len() > 1);
    let lines = curves.len().div_ceil(COLUMNS);
    let (width, height) = (WIDTH * COLUMNS as f64, HEIGHT * lines as f64);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"9\">\n<title>Share of simulated drives in which a fault is found, by its size; bars are Wilson 95 % intervals, the line is 95 %</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    for (index, (_, rows)) in curves.iter().enumerate() {
        let x = WIDTH * (index % COLUMNS) as f64;
        let y = HEIGHT * (index / COLUMNS) as f64;
        writeln!(out, "<g transform=\"translate({x} {y})\">")?;
        cell(&mut out, rows)?;
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    Ok(Some(out))
}

fn cell(out: &mut String, rows: &[&Row]) -> Result<()> {
    let Some(first) = rows.first() else {
        return Ok(());
    };
    let [left, top, right, bottom] = INSIDE;
    let y = |share: f64| bottom - share * (bottom - top);
    let step = (right - left) / rows.len() as f64;
    writeln!(
        out,
        "<text x=\"{left}\" y=\"14\" font-weight=\"bold\">{} [{}]</text><text x=\"{left}\" y=\"26\" fill=\"#555555\">{}</text>",
        first.fault, first.unit, first.drive
    )?;
    for (share, color) in [
        (0.0, "#888888"),
        (0.5, "#dddddd"),
        (0.95, "#c25b12"),
        (1.0, "#dddddd"),
    ] {
        writeln!(
            out,
            "<path d=\"M{left} {0:.1}H{right}\" stroke=\"{color}\" stroke-width=\"0.7\"/>",
            y(share)
        )?;
    }
    for (share, label) in [(0.0, "0"), (0.5, "50 %"), (1.0, "100 %")] {
        writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#555555\">{label}</text>",
            left - 3.0,
            y(share) + 3.0
        )?;
    }
    for (place, row) in rows.iter().enumerate() {
        let x = left + step * (place as f64 + 0.5);
        let share = row.found as f64 / row.drives.max(1) as f64;
        let color = if row.promised { "#17673a" } else { "#1c5a9c" };
        writeln!(
            out,
            "<path d=\"M{x:.1} {:.1}V{:.1}\" stroke=\"{color}\"/><circle cx=\"{x:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{color}\"/><text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            y(row.low),
            y(row.high),
            y(share),
            bottom + 12.0,
            row.magnitude
        )?;
    }
    Ok(())
}
