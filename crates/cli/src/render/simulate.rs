//! The answer of `simulate`.

use super::text;
use fieldassay_engine::simulate::{Truth, TruthEntry};
use fieldassay_model::display;
use std::fmt::Write as _;
use std::path::Path;

pub(crate) fn truth(output: &Path, truth: &Truth) -> anyhow::Result<()> {
    let mut out = String::new();
    let _ = writeln!(out, "wrote the simulated drive {}", output.display());
    for entry in &truth.0 {
        let _ = writeln!(out, "  {}", entry_line(entry));
    }
    if truth.0.is_empty() {
        let _ = writeln!(out, "  without faults");
    }
    text(&out)
}

/// One injected fault in a line.
pub(super) fn entry_line(entry: &TruthEntry) -> String {
    format!(
        "{}={} on {}",
        entry.kind,
        display::number(entry.magnitude),
        entry.channel.as_deref().unwrap_or("the file")
    )
}
