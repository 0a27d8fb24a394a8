//! Rules about files as such: how large they are and where they come from.
//!
//! Not here: what is written in them (`pages`, `rust`).

use super::Breaches;
use crate::shell::{self, Step};
use anyhow::{Context as _, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Larger files are data, and data does not belong here.
const MAX_BYTES: u64 = 2_000_000;
/// Smaller files of the shared data are licences and markers that others have too.
const MIN_COPY_BYTES: u64 = 2_048;

/// Files git tracks or would add, sorted, from the root. Deleted ones are left out.
pub(crate) fn paths() -> Result<Vec<PathBuf>> {
    let list = Step::new("git ls-files --cached --others --exclude-standard").output()?;
    let set: BTreeSet<PathBuf> = list.lines().map(PathBuf::from).collect();
    Ok(set
        .into_iter()
        .filter(|path| shell::root().join(path).is_file())
        .collect())
}

/// No file over 2 MB.
pub(crate) fn check_sizes(paths: &[PathBuf], breaches: &mut Breaches) -> Result<()> {
    for path in paths {
        let bytes = size(&shell::root().join(path))?;
        if bytes > MAX_BYTES {
            breaches.add(
                path,
                1,
                &format!("{bytes} bytes; at most {MAX_BYTES} are kept here"),
            );
        }
    }
    Ok(())
}

/// No file of the shared test data, compared by digest where the data is present.
pub(crate) fn check_copies(paths: &[PathBuf], breaches: &mut Breaches) -> Result<()> {
    let data = std::env::var_os("FIELDASSAY_SHARED_DATA")
        .map_or_else(|| shell::root().join("../shared/data"), PathBuf::from);
    if !data.is_dir() {
        return Ok(());
    }
    let mut shared: BTreeMap<u64, Vec<PathBuf>> = BTreeMap::new();
    collect(&data, &mut shared)?;
    for path in paths {
        let full = shell::root().join(path);
        // Equal files have equal sizes, so digests are needed for few.
        let Some(candidates) = shared.get(&size(&full)?) else {
            continue;
        };
        let own = sha256(&full)?;
        for candidate in candidates {
            if sha256(candidate)? == own {
                breaches.add(
                    path,
                    1,
                    "is a file of the shared test data, which stays outside",
                );
            }
        }
    }
    Ok(())
}

fn collect(folder: &Path, found: &mut BTreeMap<u64, Vec<PathBuf>>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, found)?;
        } else {
            let bytes = size(&path)?;
            if bytes >= MIN_COPY_BYTES {
                found.entry(bytes).or_default().push(path);
            }
        }
    }
    Ok(())
}

fn size(path: &Path) -> Result<u64> {
    let metadata = std::fs::metadata(path)
        .with_context(|| format!("`{}` could not be read", path.display()))?;
    Ok(metadata.len())
}

/// Digest by the system's `sha256sum`, which keeps hashing crates out of this build.
fn sha256(path: &Path) -> Result<String> {
    let output = Command::new("sha256sum")
        .arg(path)
        .output()
        .context("`sha256sum` is needed")?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned())
}
