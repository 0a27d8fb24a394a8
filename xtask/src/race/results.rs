//! What races found: the committed results from which the page is rendered.
//!
//! Read [`Results`] first. Not here: measuring, the page.

use super::kernels::KernelResult;
use super::measure::{self, Duel};
use super::{Part, Plan, release, store};
use anyhow::{Context as _, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What a race found: the committed result from which the page is rendered.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RaceResult {
    /// The command that repeats it.
    pub(super) command: String,
    /// Kind of machine: cores, memory, processor, system.
    pub(super) machine: String,
    /// The input all contenders read.
    pub(super) input: Input,
    /// One row per contender, ours first.
    pub(super) rows: Vec<Row>,
    /// Peak anonymous memory of `fieldassay check` by length of the input.
    pub(super) memory: Vec<Memory>,
}

/// An input file.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Input {
    pub(super) messages: u64,
    pub(super) bytes: u64,
    pub(super) seed: u64,
}

/// One contender's runs.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) command: String,
    /// Wall time of each run in the order they ran.
    pub(super) seconds: Vec<f64>,
    /// Largest anonymous memory seen in any run.
    pub(super) peak_anon_bytes: u64,
    /// Messages it says it read; none where it does not say.
    pub(super) messages: Option<u64>,
}

/// Peak anonymous memory over an input.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Memory {
    pub(super) messages: u64,
    pub(super) bytes: u64,
    pub(super) peak_anon_bytes: u64,
    pub(super) seconds: f64,
}

impl Row {
    /// Median wall time.
    pub(super) fn median(&self) -> f64 {
        median(&self.seconds)
    }
}

/// The middle; of an even number of values the mean of the middle two, of none NaN.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.get(middle), sorted.len() % 2) {
        (None, _) => f64::NAN,
        (Some(upper), 1) => *upper,
        (Some(upper), _) => f64::midpoint(sorted[middle - 1], *upper),
    }
}

/// All committed results; parts that were never raced are none.
#[derive(Debug)]
pub(super) struct Results {
    pub(super) messages: RaceResult,
    pub(super) mixed: Option<RaceResult>,
    pub(super) image: Option<KernelResult>,
    pub(super) allan: Option<KernelResult>,
    /// Measures against the packages they replace.
    pub(super) measures: Vec<Duel>,
    /// The workspace against what does a part of its work.
    pub(super) store: Vec<Duel>,
    /// Releases, the log and lineage.
    pub(super) release: Vec<Duel>,
}

/// Reads what is committed.
pub(super) fn read() -> Result<Results> {
    let messages = read_file(&Part::Messages.path())?
        .context("`bench/results/check.json` is not there; run `cargo xtask race check`")?;
    Ok(Results {
        messages,
        mixed: read_file(&Part::Mixed.path())?,
        image: read_file(&Part::Image.path())?,
        allan: read_file(&Part::Allan.path())?,
        measures: measure::COURSE.read()?,
        store: store::COURSE.read()?,
        release: release::COURSE.read()?,
    })
}

/// What a file of results holds; none before the first race.
pub(super) fn read_file<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    if !path.is_file() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(path)?;
    let found = serde_json::from_str(&text);
    Ok(Some(found.with_context(|| {
        format!("`{}` is not a result of this race", path.display())
    })?))
}

/// Writes a result where the plan says so.
pub(super) fn keep<T: Serialize>(plan: &Plan, part: Part, found: &T) -> Result<()> {
    if !plan.write {
        return Ok(());
    }
    write_file(&part.path(), found)
}

/// Writes a file of results.
pub(super) fn write_file<T: Serialize>(path: &Path, found: &T) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, serde_json::to_string_pretty(found)? + "\n")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-12);
        assert!((median(&[3.0, 1.0, 2.0, 10.0]) - 2.5).abs() < 1e-12);
        assert!(median(&[]).is_nan());
    }
}
