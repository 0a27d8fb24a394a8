//! Computations that time themselves: every program reads its files before its clock starts.
//!
//! Read [`Race`] first. Not here: inputs ([`super::scores`], [`super::scenes`]), whole processes ([`super::paths`]).

use super::{Duel, Setting, row, word};
use crate::race::kernels::KernelResult;
use crate::race::{machine, median, timed};
use crate::released::environment;
use crate::shell::root;
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::path::PathBuf;

/// Runs of ours inside a process.
const OUR_RUNS: usize = 5;

/// A program beside ours.
pub(in crate::race) struct Peer {
    pub(in crate::race) package: &'static str,
    pub(in crate::race) version: &'static str,
    /// What its script is told first: a module or a way.
    pub(in crate::race) word: &'static str,
    /// Runs inside a process; slow programs have one.
    pub(in crate::race) runs: usize,
    pub(in crate::race) does: &'static str,
}

/// One race.
pub(in crate::race) struct Race<'a> {
    /// The part it belongs to.
    pub(in crate::race) part: &'a str,
    pub(in crate::race) title: &'a str,
    pub(in crate::race) aim: f64,
    /// Largest difference between values that are the same.
    pub(in crate::race) same: f64,
    pub(in crate::race) note: &'a str,
    pub(in crate::race) input: String,
    /// Our program, below the folder of release builds.
    pub(in crate::race) program: &'a str,
    /// The word our program knows it by.
    pub(in crate::race) verb: &'a str,
    pub(in crate::race) does: &'a str,
    pub(in crate::race) script: &'a str,
    pub(in crate::race) files: Vec<PathBuf>,
    /// What all programs are told after the files.
    pub(in crate::race) settings: &'a [&'a str],
    pub(in crate::race) peers: &'a [Peer],
}

/// Runs all in turn, round after round, and compares what they found.
pub(in crate::race) fn race(what: &Race<'_>, setting: &Setting<'_>) -> Result<Duel> {
    let ours = setting.programs.release.join(what.program);
    let words = |first: &[&str], runs: usize| -> Vec<String> {
        let first = first.iter().map(|w| (*w).to_owned());
        let files = what.files.iter().map(|file| word(file));
        let settings = what.settings.iter().map(|w| (*w).to_owned());
        let rest = files.chain(settings).chain([runs.to_string()]);
        first.chain(rest).collect()
    };
    let mut rows = vec![row("fieldassay", env!("CARGO_PKG_VERSION"), what.does)];
    let mut programs = vec![(ours, words(&[what.verb], OUR_RUNS))];
    for peer in what.peers {
        let python = environment(peer.package, peer.version)?.join("bin/python");
        let script = word(&root().join(what.script));
        programs.push((python, words(&[&script, peer.word], peer.runs)));
        rows.push(row(peer.package, peer.version, peer.does));
    }
    let (mut values, mut largest_difference) = (0, 0.0_f64);
    for round in 0..setting.rounds {
        let mut first: Option<Vec<f64>> = None;
        for (row, (program, words)) in rows.iter_mut().zip(&programs) {
            let run = timed::run(program, words, &row.name)?;
            let printed: Value = serde_json::from_str(&run.output)
                .with_context(|| format!("`{}` printed no JSON", row.name))?;
            let seconds = median(&numbers(&printed["seconds"]));
            println!(
                "round {} {:<24} {:>9.3} ms",
                round + 1,
                row.name,
                1e3 * seconds
            );
            row.seconds.push(seconds);
            row.peak_anon_bytes = row.peak_anon_bytes.max(run.peak_anon_bytes);
            let found = numbers(&printed["values"]);
            let first = first.get_or_insert_with(|| found.clone());
            values = first.len();
            largest_difference = largest_difference.max(difference(first, &found, what.same)?);
        }
    }
    Ok(Duel {
        part: what.part.to_owned(),
        title: what.title.to_owned(),
        aim: what.aim,
        note: what.note.to_owned(),
        result: KernelResult {
            command: setting.command.clone(),
            machine: machine(),
            input: what.input.clone(),
            rows,
            values,
            largest_difference,
        },
    })
}

pub(in crate::race) fn numbers(list: &Value) -> Vec<f64> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_f64)
        .collect()
}

/// Largest difference; an error where there are none to compare or they are not the same. A peer may leave out the last
/// ones, which it computes otherwise.
pub(in crate::race) fn difference(ours: &[f64], theirs: &[f64], same: f64) -> Result<f64> {
    if ours.len() < theirs.len() || theirs.is_empty() {
        bail!("`{}` values here and `{}` there", ours.len(), theirs.len());
    }
    let differences = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs());
    // NaN stays, as `f64::max` would not let it.
    let larger = |most: f64, x: f64| if x.is_nan() || x > most { x } else { most };
    let apart = differences.fold(0.0, larger);
    if apart.is_nan() || apart > same {
        let first = |values: &[f64]| values.iter().take(12).copied().collect::<Vec<_>>();
        bail!(
            "values differ by {apart:e}, expected at most {same:e}: ours {:?}, the peer's {:?}",
            first(ours),
            first(theirs)
        );
    }
    Ok(apart)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_differ_are_no_race() {
        assert!(difference(&[0.5], &[0.5], 1e-9).expect("the same").abs() < 1e-15);
        assert!(difference(&[0.5, 0.1], &[0.5], 1e-9).expect("the same") < 1e-15);
        assert!(difference(&[0.5], &[0.5, 0.1], 1e-9).is_err());
        assert!(difference(&[0.5], &[0.6], 1e-9).is_err());
        assert!(difference(&[0.5], &[], 1e-9).is_err());
        assert!(difference(&[], &[], 1e-9).is_err());
        assert!(difference(&[f64::NAN], &[0.5], 1e-9).is_err());
    }
}
