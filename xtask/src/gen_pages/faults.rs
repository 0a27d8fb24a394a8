//! The reference of faults `simulate` can inject.
//!
//! Not here: what a fault does to a drive.

use super::{cell, generated_from};
use anyhow::Result;
use std::fmt::Write as _;

/// One row per kind of fault.
pub(super) fn page() -> Result<Option<String>> {
    let mut page = generated_from("`fieldassay_simulate::fault_kinds()`");
    page.push_str(
        "# Faults\n\n`fieldassay simulate OUT.mcap --fault KIND=MAGNITUDE` makes a drive with a known fault and writes what was done to a truth file beside it: a JSON list of `{kind, channel, start_ns, end_ns, magnitude, unit}`. The unit is part of the name. `--fault KIND=MAGNITUDE@TOPIC` chooses the channel.\n\n| kind | what it does | unit | from | to | channel unless chosen |\n|---|---|---|---:|---:|---|\n",
    );
    for fault in fieldassay_simulate::fault_kinds() {
        writeln!(
            page,
            "| `{}` | {} | {}{} | {} | {} | {} |",
            fault.name,
            cell(fault.what),
            fault.unit,
            if fault.whole { ", whole" } else { "" },
            fault.min,
            fault.max,
            fault
                .default_channel
                .map_or("the whole file".to_owned(), |topic| format!("`{topic}`")),
        )?;
    }
    Ok(Some(page))
}
