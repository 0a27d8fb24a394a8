//! How well the checks work: what simulated drives with known faults have shown.
//!
//! The figures are made by `cargo xtask power` and put here by `cargo xtask gen`.

use fieldassay_model::Power;
use std::sync::LazyLock;

static POWER: LazyLock<Vec<Power>> =
    LazyLock::new(|| serde_json::from_str(include_str!("power.json")).unwrap_or_default());

/// Every fault that was tried, and drives without faults, in the order they were tried.
pub fn power() -> &'static [Power] {
    &POWER
}

#[cfg(test)]
mod tests {
    use super::power;
    use fieldassay_check::catalog;

    #[test]
    fn figures_are_there_and_about_checks_that_exist() {
        assert!(power().iter().any(|row| row.fault == "none"));
        for row in power().iter().filter(|row| row.fault != "none") {
            let known = catalog().iter().any(|check| row.counts(check.code));
            assert!(known, "{row:?}");
        }
    }
}
