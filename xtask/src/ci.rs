//! What CI runs, fastest first.
//!
//! Read [`STEPS`] first. Not here: how a step does its work; each is a command of its own that
//! repeats it alone.

use crate::shell::Step;
use anyhow::{Result, bail};
use std::time::Instant;

/// Commands in order: what is quick or fails most often comes first.
const STEPS: &[&str] = &[
    "cargo fmt --all --check",
    "cargo xtask tidy",
    "cargo xtask deps",
    "cargo clippy --workspace --all-targets --all-features -- -D warnings",
    "cargo clippy --package fieldassay --package fieldassay-engine -- -D warnings",
    "cargo xtask gen --check",
    "cargo xtask services --install -- cargo test --workspace --all-features",
    "cargo xtask conformance conformance",
    "cargo xtask power --check --drives 3",
    "cargo xtask readme",
];

/// Slow sweeps, run by `--full`.
const FULL: &[&str] = &[
    "cargo xtask fuzz --secs 300",
    "cargo run --release -p xtask -- power --check",
    "cargo run --release -p xtask -- coverage --check",
    "cargo xtask race check",
];

/// Runs the steps until one fails, and says how to repeat that one.
#[expect(
    clippy::disallowed_methods,
    reason = "an edge: the time a step took is for the person who waits"
)]
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let full = match arguments {
        [] => false,
        [flag] if flag == "--full" => true,
        _ => bail!("`ci` takes nothing but `--full`"),
    };
    let steps: Vec<&str> = if full {
        [STEPS, FULL].concat()
    } else {
        STEPS.to_vec()
    };
    let begin = Instant::now();
    for (index, command) in steps.iter().enumerate() {
        println!("\n[{}/{}] {command}", index + 1, steps.len());
        let start = Instant::now();
        if let Err(error) = Step::new(command).run() {
            println!("\nfailed; repeat this step with:\n  {command}");
            return Err(error);
        }
        println!("ok, {:.0} s", start.elapsed().as_secs_f64());
    }
    println!(
        "\nall {} steps passed in {:.0} s",
        steps.len(),
        begin.elapsed().as_secs_f64()
    );
    Ok(())
}
