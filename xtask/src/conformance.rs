//! To come: `cargo xtask conformance`.

use anyhow::{Result, bail};

/// Runs the chore.
pub(crate) fn run(_arguments: &[String]) -> Result<()> {
    bail!("`cargo xtask conformance` is not written yet")
}
