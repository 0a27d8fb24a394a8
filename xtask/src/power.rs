//! To come: `cargo xtask power`.

use anyhow::{Result, bail};

/// Runs the chore.
pub(crate) fn run(_arguments: &[String]) -> Result<()> {
    bail!("`cargo xtask power` is not written yet")
}
