//! `docs/performance.md` from a race's result.
//!
//! Not here: measuring.

use super::{RaceResult, Row};
use crate::shell::root;
use anyhow::{Context as _, Result};
use std::fmt::Write as _;

/// Writes the page.
pub(super) fn write(result: &RaceResult) -> Result<()> {
    std::fs::write(root().join("docs/performance.md"), render(result)?)?;
    Ok(())
}

/// The page as text.
pub(super) fn render(result: &RaceResult) -> Result<String> {
    let ours = result.rows.first().context("the result has no rows")?;
    let scan = result.rows.get(1).context("the result has no bare scan")?;
    let mut page = String::new();
    write!(
        page,
        "# Performance\n\n\
         Made by `{}` from `bench/results/check.json`; run it again on your machine, the ratios are what carries over.\n\n\
         - Machine: {}.\n\
         - Input: a simulated drive of {} messages, seed {}, {:.0} MB; read from a warm cache.\n\
         - Every contender runs its released version on the same file, one after the other, round after round; the table shows medians.\n\
         - `fieldassay check` makes its full report: every fact and finding as JSON, both digests and the HTML page. The bare scan reads every message with all checksums and makes both digests, and nothing else.\n\n",
        result.command,
        result.machine,
        grouped(result.input.messages),
        result.input.seed,
        megabytes(result.input.bytes),
    )?;
    page.push_str(
        "| program | version | command | runs | median, s | times the time of `fieldassay check` | peak anonymous memory, MB | messages read |\n|---|---|---|---:|---:|---:|---:|---:|\n",
    );
    for row in &result.rows {
        writeln!(
            page,
            "| {} | {} | `{}` | {} | {:.3} | {} | {:.0} | {} |",
            row.name,
            row.version,
            row.command,
            row.seconds.len(),
            row.median(),
            ratio(row.median() / ours.median()),
            megabytes(row.peak_anon_bytes),
            row.messages.map_or("not said".to_owned(), grouped),
        )?;
    }
    let fastest: Option<&Row> = result
        .rows
        .iter()
        .skip(2)
        .min_by(|a, b| a.median().total_cmp(&b.median()));
    page.push('\n');
    if let Some(fastest) = fastest {
        writeln!(
            page,
            "The full report takes 1/{} of the time of the fastest peer, {}, and {} times that of the bare scan.",
            ratio(fastest.median() / ours.median()),
            fastest.name,
            ratio(ours.median() / scan.median()),
        )?;
    }
    memory(&mut page, result)?;
    page.push_str("\n## What differs\n\nPeers answer fewer questions: rosbag-doctor and baglint look at log times, clockdoctor fits a line per topic, deepen-bag-check judges readiness for calibration. clockdoctor counts transforms instead of messages. Peers that take minutes run fewer times; the table says how often.\n");
    Ok(page)
}

/// Peak memory by length of the input.
fn memory(page: &mut String, result: &RaceResult) -> Result<()> {
    page.push_str("\n## Memory\n\nPeak anonymous memory of `fieldassay check` (the file itself is a memory map and not counted); per-message columns beyond a fixed bound go to a temporary file, so memory stays bounded however long the recording is.\n\n| messages | file, MB | peak anonymous memory, MB | time, s |\n|---:|---:|---:|---:|\n");
    for memory in &result.memory {
        writeln!(
            page,
            "| {} | {:.0} | {:.0} | {:.2} |",
            grouped(memory.messages),
            megabytes(memory.bytes),
            megabytes(memory.peak_anon_bytes),
            memory.seconds,
        )?;
    }
    Ok(())
}

/// Bytes in megabytes of a million bytes.
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Two significant digits above one, three below ten.
fn ratio(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// Thousands separated by commas.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Input, Memory};
    use super::*;

    #[test]
    fn the_page_names_the_fastest_peer_and_both_ratios() {
        let row = |name: &str, seconds: f64| Row {
            name: name.to_owned(),
            version: "1".to_owned(),
            command: "c".to_owned(),
            seconds: vec![seconds],
            peak_anon_bytes: 1_000_000,
            messages: Some(1_234_567),
        };
        let result = RaceResult {
            command: "r".to_owned(),
            machine: "m".to_owned(),
            input: Input {
                messages: 1000,
                bytes: 1,
                seed: 1,
            },
            rows: vec![
                row("ours", 0.5),
                row("bare scan", 0.25),
                row("slow", 50.0),
                row("fast", 6.0),
            ],
            memory: vec![Memory {
                messages: 1000,
                bytes: 1,
                peak_anon_bytes: 1,
                seconds: 0.5,
            }],
        };
        let page = render(&result).expect("renders");
        assert!(page.contains("1/12.0 of the time of the fastest peer, fast, and 2.00 times"));
        assert!(page.contains("1,234,567"));
    }
}
