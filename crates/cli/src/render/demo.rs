//! The answer of `demo`: what was put in beside what was found.

use super::{Style, simulate::entry_line, text};
use fieldassay_engine::demo::DemoOutcome;
use std::fmt::Write as _;

/// Findings shown per drive.
const FINDINGS_SHOWN: usize = 3;

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
        if drive.truth.0.is_empty() {
            let _ = writeln!(out, "  put in:  nothing");
        }
        for entry in &drive.truth.0 {
            let _ = writeln!(out, "  put in:  {}", entry_line(entry));
        }
        let findings: Vec<_> = drive.findings().collect();
        if findings.is_empty() {
            let _ = writeln!(out, "  found:   nothing");
        }
        for finding in findings.iter().take(FINDINGS_SHOWN) {
            let _ = writeln!(
                out,
                "  found:   {} on {}: {}",
                finding.code, finding.subject, finding.message
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
