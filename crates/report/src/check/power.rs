//! How well a check works: what it found in simulated drives with known faults.

use crate::text;
use fieldassay_model::{Power, display};

/// The measured power of one check.
#[derive(Debug, Default)]
pub(crate) struct PowerView {
    /// Fault, size, share found with its interval, drives.
    pub(crate) rows: Vec<[String; 4]>,
    /// What drives without faults have shown.
    pub(crate) clean: String,
}

impl PowerView {
    /// The power of the check with this code.
    pub(crate) fn new(power: &[Power], code: &str) -> Self {
        let share = |row: &Power| {
            let share = |x: f64| display::quantity(x, "share");
            let of = row.found as f64 / row.drives.max(1) as f64;
            format!("{} [{}, {}]", share(of), share(row.low), share(row.high))
        };
        let clean = power.iter().find(|row| row.fault == "none");
        Self {
            rows: power
                .iter()
                .filter(|row| row.counts(code))
                .map(|row| {
                    [
                        text::name(&row.fault),
                        format!(
                            "{} {}",
                            display::number(row.magnitude),
                            text::name(&row.unit)
                        ),
                        share(row),
                        text::integer(row.drives),
                    ]
                })
                .collect(),
            clean: clean.map_or_else(String::new, |row| {
                format!(
                    "Of {} simulated drives without faults, {} drew any warning: {}.",
                    text::integer(row.drives),
                    text::integer(row.found),
                    share(row)
                )
            }),
        }
    }
}
