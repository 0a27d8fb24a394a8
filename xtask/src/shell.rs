//! Running other programs, and the repository's place.
//!
//! Read [`Step`] first. Not here: what the chores decide to run.

use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's root folder.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// The cargo that runs us.
pub(crate) fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// Starts the build of `xtask` that links the rooms with the same arguments.
pub(crate) fn full_build(arguments: &[String]) -> Result<()> {
    let status = Command::new(cargo())
        .args(["run", "--quiet", "--package", "xtask", "--"])
        .args(arguments)
        .current_dir(root())
        .status()
        .context("cargo could not be started")?;
    if !status.success() {
        // The inner process has said why.
        std::process::exit(status.code().unwrap_or(1));
    }
    Ok(())
}

/// A command in the repository's root, shown as a person would type it.
pub(crate) struct Step {
    words: Vec<String>,
}

impl Step {
    /// A step from the words of its command; the first is the program.
    pub(crate) fn new(command: &str) -> Self {
        Self {
            words: command.split_whitespace().map(str::to_owned).collect(),
        }
    }

    /// Adds one word, which may hold blanks.
    pub(crate) fn with(mut self, word: &str) -> Self {
        self.words.push(word.to_owned());
        self
    }

    /// The command as typed.
    pub(crate) fn display(&self) -> String {
        self.words.join(" ")
    }

    /// Runs it with inherited output; fails when it fails.
    pub(crate) fn run(&self) -> Result<()> {
        let status = self
            .command()?
            .status()
            .with_context(|| format!("`{}` could not be started", self.display()))?;
        if !status.success() {
            bail!("`{}` failed ({status})", self.display());
        }
        Ok(())
    }

    /// Runs it and returns what it wrote to standard output; fails when it fails.
    pub(crate) fn output(&self) -> Result<String> {
        let output = self
            .command()?
            .output()
            .with_context(|| format!("`{}` could not be started", self.display()))?;
        if !output.status.success() {
            bail!(
                "`{}` failed ({}): {}",
                self.display(),
                output.status,
                String::from_utf8_lossy(&output.stderr)
            );
        }
        String::from_utf8(output.stdout).context("its output is not UTF-8")
    }

    fn command(&self) -> Result<Command> {
        let Some((program, rest)) = self.words.split_first() else {
            bail!("a step without a command");
        };
        let program = if program == "cargo" {
            cargo()
        } else {
            program.clone()
        };
        let mut command = Command::new(program);
        command.args(rest).current_dir(root());
        Ok(command)
    }
}
