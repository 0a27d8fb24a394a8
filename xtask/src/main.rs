//! The chores of the house: ci, tidy, deps, gen, conformance, race, power, coverage, fuzz.
//!
//! Read [`VERBS`] first: one line per chore. A chore is a module with
//! `pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()>`; one that calls the rooms is
//! declared under the feature `rooms` and listed with `with_rooms!`.
//!
//! Not here: anything the product needs at run time.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "chores talk to the person who runs them"
)]

mod architecture;
mod ci;
mod deps;
mod race;
mod readme;
mod released;
mod services;
mod shell;
mod tidy;

use anyhow::{Result, bail};
use std::process::ExitCode;

/// How a chore is started.
enum Run {
    /// In this build.
    Here(fn(&[String]) -> Result<()>),
    /// In the build that links the rooms.
    #[cfg_attr(
        feature = "rooms",
        expect(dead_code, reason = "only the light build hands over to the full one")
    )]
    InFullBuild,
}

/// One chore.
struct Verb {
    name: &'static str,
    help: &'static str,
    run: Run,
}

/// A chore that calls the rooms: run here when they are linked, else handed to the full build.
#[cfg(feature = "rooms")]
macro_rules! with_rooms {
    ($function:path) => {
        Run::Here($function)
    };
}
#[cfg(not(feature = "rooms"))]
macro_rules! with_rooms {
    ($function:path) => {
        Run::InFullBuild
    };
}

#[cfg(feature = "rooms")]
mod conformance;
#[cfg(feature = "rooms")]
mod coverage;
#[cfg(feature = "rooms")]
mod fit_noise;
#[cfg(feature = "rooms")]
mod fuzz;
#[cfg(feature = "rooms")]
mod gen_pages;
#[cfg(feature = "rooms")]
mod power;
#[cfg(feature = "rooms")]
mod sweep;

/// Every chore, in the order of the help.
const VERBS: &[Verb] = &[
    Verb {
        name: "ci",
        help: "[--full]: what CI runs, fastest first; --full adds the slow sweeps",
        run: Run::Here(ci::run),
    },
    Verb {
        name: "tidy",
        help: "house rules no lint holds: sizes, heads, pages, words, tracked files",
        run: Run::Here(tidy::run),
    },
    Verb {
        name: "deps",
        help: "edges between rooms, heavy crates, the default build, licences",
        run: Run::Here(deps::run),
    },
    Verb {
        name: "services",
        help: "[--install] -- COMMAND: runs a command with the servers some tests need (PostgreSQL, S3)",
        run: Run::Here(services::run),
    },
    Verb {
        name: "readme",
        help: "runs the transcript of the README word for word",
        run: Run::Here(readme::run),
    },
    Verb {
        name: "gen",
        help: "[--check]: the generated pages under docs/; --check only compares",
        run: with_rooms!(gen_pages::run),
    },
    Verb {
        name: "fuzz",
        help: "[--secs N]: mutates the committed corpus through every decoder",
        run: with_rooms!(fuzz::run),
    },
    Verb {
        name: "race",
        help: "check|measure|store: side by side with released peers; writes docs/performance.md",
        run: Run::Here(race::run),
    },
    Verb {
        name: "conformance",
        help: "DIR: compares our results with vectors of other programs",
        run: with_rooms!(conformance::run),
    },
    Verb {
        name: "power",
        help: "finds how often checks fire, with and without faults, on simulated drives",
        run: with_rooms!(power::run),
    },
    Verb {
        name: "coverage",
        help: "[--only NAME] [--write|--check]: how often intervals hold a known truth",
        run: with_rooms!(coverage::run),
    },
    Verb {
        name: "fit-noise",
        help: "[--write|--check]: fits the simulator's noise to the shared recordings",
        run: with_rooms!(fit_noise::run),
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Finds the chore named first and hands it the rest.
fn dispatch(arguments: &[String]) -> Result<()> {
    let Some((name, rest)) = arguments.split_first() else {
        print_help();
        return Ok(());
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        print_help();
        return Ok(());
    }
    let Some(verb) = VERBS.iter().find(|verb| verb.name == name) else {
        print_help();
        bail!("no chore is called `{name}`");
    };
    match verb.run {
        Run::Here(run) => run(rest),
        Run::InFullBuild => shell::full_build(arguments),
    }
}

fn print_help() {
    println!("cargo xtask CHORE [ARGUMENTS]\n");
    for verb in VERBS {
        println!("  {:<12} {}", verb.name, verb.help);
    }
}
