//! The figures of the power results that the program itself shows.

use crate::power;
use anyhow::Result;
use fieldassay_model::Power;

/// One line per row, without the seeds.
pub(super) fn compact() -> Result<Option<String>> {
    let Some(results) = power::committed()? else {
        return Ok(Some("[]\n".to_owned()));
    };
    let rows: Vec<String> = [&results.clean]
        .into_iter()
        .chain(&results.faults)
        .map(|row| {
            serde_json::to_string(&Power {
                fault: row.fault.clone(),
                magnitude: row.magnitude,
                unit: row.unit.clone(),
                promised: row.promised,
                codes: row.codes.clone(),
                drives: row.drives,
                found: row.found,
                low: row.low,
                high: row.high,
            })
        })
        .collect::<Result<_, _>>()?;
    Ok(Some(format!("[\n{}\n]\n", rows.join(",\n"))))
}
