//! Running other programs, what was typed, and the repository's place.
//!
//! Read [`Step`] first. Not here: what the chores decide to run.

use anyhow::{Context as _, Result, bail};
use std::path::PathBuf;
use std::process::Command;

/// The repository's root folder: that of the checkout cargo runs us for. One build folder may serve several, and holds one
/// of us.
pub(crate) fn root() -> PathBuf {
    let told = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let told = told.filter(|folder| folder.ends_with("xtask"));
    let here = told.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    here.parent().unwrap_or(&here).to_path_buf()
}

/// A program, `cargo` being the one that runs us, as a person would start it: without what cargo tells the program it runs.
/// Build scripts look at some of that (`ring` at `CARGO_PKG_NAME`), and everything above them would be built once with it
/// and once without.
pub(crate) fn program(name: &str) -> Command {
    const TOLD: [&str; 5] = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
        "CARGO_PRIMARY_",
    ];
    let cargo = std::env::var("CARGO").ok();
    let mut command = Command::new(cargo.as_deref().filter(|_| name == "cargo").unwrap_or(name));
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        if TOLD.iter().any(|start| name.starts_with(start)) {
            command.env_remove(&variable);
        }
    }
    command
}

/// Starts the build of `xtask` that links the rooms with the same arguments.
pub(crate) fn full_build(arguments: &[String]) -> Result<()> {
    let status = program("cargo")
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

/// Words of a command line that are still to be read.
pub(crate) struct Words<'a>(std::slice::Iter<'a, String>);

impl<'a> Words<'a> {
    pub(crate) fn new(arguments: &'a [String]) -> Self {
        Self(arguments.iter())
    }

    /// The value of an option that was read.
    pub(crate) fn value(&mut self, option: &str) -> Result<&'a str> {
        self.next()
            .with_context(|| format!("`{option}` needs a value"))
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.0.next().map(String::as_str)
    }
}

/// An amount of memory from the status file of a process, such as `VmHWM`; 0 where the system does not say.
pub(crate) fn memory_bytes(status_file: &str, field: &str) -> u64 {
    let amount = |text: String| {
        let mut fields = text.lines().filter_map(|line| line.split_once(':'));
        let (_, amount) = fields.find(|(name, _)| *name == field)?;
        amount.trim().trim_end_matches(" kB").parse::<u64>().ok()
    };
    let text = std::fs::read_to_string(status_file).ok();
    text.and_then(amount).map_or(0, |kib| kib * 1024)
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
        let Some((name, rest)) = self.words.split_first() else {
            bail!("a step without a command");
        };
        let mut command = program(name);
        command.args(rest).current_dir(root());
        Ok(command)
    }
}
