//! Readers that are not ours, for tests that open with them what we wrote: tables, cards, events of lineage.

use crate::released;
use anyhow::{Result, bail};
use std::path::PathBuf;

/// Name of their environment, and what is in it.
const NAME: &str = "table-readers";
const PACKAGES: [&str; 6] = [
    "deltalake==1.6.6",
    "pyarrow==26.0.1",
    "polars==2.1.0",
    "duckdb==2.0.0",
    "mlcroissant==1.1.1",
    "openlineage-python==1.54.0",
];

/// The Python that has them. Errors: where they are not there and nobody asked to install them.
pub(super) fn python(install: bool) -> Result<PathBuf> {
    if !install && !released::has(NAME, &PACKAGES)? {
        bail!("the readers of tables are not installed; give `--install`");
    }
    Ok(released::environment_of(NAME, &PACKAGES)?.join("bin/python"))
}
