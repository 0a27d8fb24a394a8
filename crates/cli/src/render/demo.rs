//! The answer of `demo`: what was put in beside what was found.

use super::{Style, simulate::entry_line, text};
use fieldassay_engine::demo::DemoOutcome;
use fieldassay_engine::simulate::TruthEntry;
use std::fmt::Write as _;

/// Findings shown per drive.
const FINDINGS_SHOWN: usize = 3;
/// A fault that begins earlier in a drive is one of the whole drive.
const FROM_THE_START_NANOS: i64 = 1_000_000_000;

pub(crate) fn outcome(outcome: &DemoOutcome) -> anyhow::Result<()> {
    let style = Style::for_stdout();
    let mut out = String::from("The drives are simulated; the faults in them are known.\n\n");
    for drive in &outcome.drives {
        let _ = writeln!(
            out,
            "{}  {}",
            style.verdict(drive.report.verdict),
            style.strong(&drive.path.display().to_string())
        );
        let start = drive.report.start_ns.unwrap_or(0);
        if drive.truth.0.is_empty() {
            let _ = writeln!(out, "  put in:  nothing");
        }
        for entry in &drive.truth.0 {
            let _ = writeln!(
                out,
                "  put in:  {}{}",
                entry_line(entry),
                when(entry, start)
            );
        }
        let findings: Vec<_> = drive.findings().collect();
        if findings.is_empty() {
            let _ = writeln!(out, "  found:   nothing");
        }
        for finding in findings.iter().take(FINDINGS_SHOWN) {
            let _ = writeln!(
                out,
                "  found:   {} on {}{}: {}",
                finding.code,
                finding.subject,
                finding
                    .window
                    .map_or_else(String::new, |window| at(window.start_ns, start)),
                finding.message
            );
        }
        if let Some(more) = findings
            .len()
            .checked_sub(FINDINGS_SHOWN)
            .filter(|more| *more > 0)
        {
            let _ = writeln!(out, "           and {more} more");
        }
        out.push('\n');
    }
    let _ = writeln!(out, "open {} in a browser", outcome.report.display());
    text(&out)
}

/// When a fault begins; nothing for one that lasts from the first messages on.
fn when(entry: &TruthEntry, start: i64) -> String {
    let begins = entry.start_ns.saturating_sub(start);
    if entry.channel.is_none() || begins < FROM_THE_START_NANOS {
        return String::new();
    }
    at(entry.start_ns, start)
}

fn at(nanos: i64, start: i64) -> String {
    let secs = nanos.saturating_sub(start) as f64 * 1e-9;
    format!(" at {secs:.3} s")
}
