//! House rules that no compiler lint holds: sizes, heads, pages, words, tracked files.
//!
//! Read [`run`] first: it collects every breach before failing. [`scan::Source`] reads Rust.
//! Not here: what clippy holds (parameters, panics, printing, casts; see `clippy.toml` and the
//! workspace lints) and what `deps` holds (edges, licences).

mod pages;
mod rust;
mod scan;
mod tracked;

use crate::{architecture, shell};
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

/// Rules broken so far.
#[derive(Default)]
pub(crate) struct Breaches(Vec<String>);

impl Breaches {
    /// Notes one, with the place as `file:line`.
    fn add(&mut self, file: &Path, line: usize, what: &str) {
        self.0.push(format!("{}:{line}: {what}", file.display()));
    }
}

/// A text file under version control.
pub(crate) struct File {
    /// Path from the root.
    path: PathBuf,
    /// Its content.
    text: String,
}

impl File {
    fn is(&self, extension: &str) -> bool {
        self.path.extension().is_some_and(|e| e == extension)
    }

    /// Whether it is compiled only into tests, benches or examples.
    fn is_test(&self) -> bool {
        self.path.components().any(|part| {
            matches!(
                part.as_os_str().to_str(),
                Some("tests" | "benches" | "examples" | "fuzz_targets")
            )
        }) || self.path.ends_with("tests.rs")
    }
}

/// Checks every file git knows or would add, and fails with the list of breaches.
pub(crate) fn run(_arguments: &[String]) -> Result<()> {
    let rooms = architecture::rooms()?;
    let mut breaches = Breaches::default();
    let paths = tracked::paths()?;
    tracked::check_sizes(&paths, &mut breaches)?;
    tracked::check_copies(&paths, &mut breaches)?;
    let files = paths.iter().filter_map(|path| {
        let text = std::fs::read_to_string(shell::root().join(path)).ok()?;
        Some(File {
            path: path.clone(),
            text,
        })
    });
    for file in files {
        pages::check_text(&file, &mut breaches);
        if file.is("md") {
            pages::check_markdown(&file, &mut breaches);
        }
        if file.is("rs") {
            rust::check_file(&file, &rooms, &mut breaches);
        }
    }
    rust::check_crate_heads(&rooms, &mut breaches)?;
    for breach in &breaches.0 {
        println!("{breach}");
    }
    match breaches.0.len() {
        0 => Ok(()),
        n => bail!("{n} breaches of the house rules (STYLE in CONTRIBUTING.md)"),
    }
}
