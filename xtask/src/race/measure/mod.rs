//! Races of measures against the packages they replace: on the same files, in turn, round after round.
//!
//! Read [`run`] and [`PARTS`] first: a part is a module whose `run` gives its [`Duel`]s; a part that is run again
//! replaces its duels in the file of results. The races of other files ([`Course`]) run the same way. Not here: installing peers ([`super::contender`]).

mod paths;
mod people;
mod scenes;
mod scores;
pub(super) mod timing;

use super::kernels::{KernelResult, KernelRow};
use super::{BUILD, Programs, alone, build, page, results};
use crate::shell::{Words, root};
use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// A part of a race.
pub(super) struct Part {
    /// The name `--only` knows it by.
    pub(super) name: &'static str,
    pub(super) run: fn(&Setting<'_>) -> Result<Vec<Duel>>,
}

/// A race of parts.
pub(super) struct Course {
    /// Its word after `race`, and the name of its file of results.
    pub(super) verb: &'static str,
    /// How its programs are built.
    pub(super) build: &'static str,
    pub(super) rounds: usize,
    /// Every part, in the order of the page.
    pub(super) parts: &'static [Part],
    pub(super) section: fn(&Duel) -> Result<String>,
}

/// Measures against packages.
pub(super) const COURSE: Course = Course {
    verb: "measure",
    build: BUILD,
    rounds: ROUNDS,
    parts: PARTS,
    section,
};

const PARTS: &[Part] = &[
    Part {
        name: "paths",
        run: paths::run,
    },
    Part {
        name: "scores",
        run: scores::run,
    },
    Part {
        name: "scenes",
        run: scenes::run,
    },
    Part {
        name: "people",
        run: people::run,
    },
];

/// Rounds, unless asked otherwise.
const ROUNDS: usize = 9;
/// Rounds of a peer that takes minutes.
const SLOW_ROUNDS: usize = 3;

/// What a part is given.
pub(super) struct Setting<'a> {
    pub(super) programs: &'a Programs,
    /// A folder for inputs that are made.
    pub(super) place: PathBuf,
    pub(super) rounds: usize,
    pub(super) slow_rounds: usize,
    /// Whether inputs are small, to see that all works; nothing is kept then.
    pub(super) is_quick: bool,
    /// The command that repeats the part.
    pub(super) command: String,
}

/// One measure, ours against one or more peers.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Duel {
    /// The part it belongs to.
    pub(super) part: String,
    pub(super) title: String,
    /// Times our time the fastest peer should take at least.
    pub(super) aim: f64,
    /// What the figures mean, a sentence or two.
    pub(super) note: String,
    /// Rows, ours first.
    pub(super) result: KernelResult,
}

/// `race measure|store|release [--only PART,…] [--rounds N] [--slow-rounds N] [--quick] [--dry]`.
pub(super) fn run(course: &Course, arguments: &[String]) -> Result<()> {
    let (mut rounds, mut slow_rounds) = (course.rounds, SLOW_ROUNDS);
    let (mut is_kept, mut is_quick) = (true, false);
    let mut only: Vec<String> = Vec::new();
    let mut words = Words::new(arguments);
    while let Some(flag) = words.next() {
        let mut value = || words.value(flag);
        match flag {
            "--rounds" => rounds = value()?.parse()?,
            "--slow-rounds" => slow_rounds = value()?.parse()?,
            "--only" => only.extend(value()?.split(',').map(str::to_owned)),
            "--quick" => (is_kept, is_quick) = (false, true),
            "--dry" => is_kept = false,
            other => bail!("`race {}` does not know `{other}`", course.verb),
        }
    }
    let names = || {
        course
            .parts
            .iter()
            .map(|part| part.name)
            .collect::<Vec<_>>()
    };
    if let Some(name) = only.iter().find(|name| !names().contains(&name.as_str())) {
        bail!("`{name}` is none of the parts {}", names().join(", "));
    }
    let (place, _alone) = alone()?;
    let programs = build(course.build)?;
    for part in course.parts {
        if !only.is_empty() && !only.iter().any(|name| name == part.name) {
            continue;
        }
        let setting = Setting {
            programs: &programs,
            place: place.join(part.name),
            rounds,
            slow_rounds,
            is_quick,
            command: format!("cargo xtask race {} --only {}", course.verb, part.name),
        };
        std::fs::create_dir_all(&setting.place)?;
        let found = (part.run)(&setting)?;
        for duel in &found {
            println!("{}", (course.section)(duel)?);
        }
        if is_kept {
            course.keep(part.name, found)?;
        }
    }
    if is_kept {
        page::write(&results::read()?)?;
    }
    Ok(())
}

impl Course {
    fn path(&self) -> PathBuf {
        root().join(format!("bench/results/{}.json", self.verb))
    }

    /// The committed duels; none before the first race.
    pub(super) fn read(&self) -> Result<Vec<Duel>> {
        Ok(results::read_file(&self.path())?.unwrap_or_default())
    }

    /// Replaces the duels of a part.
    fn keep(&self, part: &str, found: Vec<Duel>) -> Result<()> {
        let mut all = self.read()?;
        all.retain(|duel| duel.part != part);
        all.extend(found);
        let order = |duel: &Duel| self.parts.iter().position(|part| part.name == duel.part);
        all.sort_by_key(order);
        results::write_file(&self.path(), &all)
    }
}

/// A duel as the page shows it.
pub(super) fn section(duel: &Duel) -> Result<String> {
    let mut text = String::new();
    page::kernel(&mut text, &duel.title, &duel.result)?;
    let (ours, fastest) = page::fastest(&duel.result)?;
    writeln!(
        text,
        "\n{} takes {} times as long (the aim is at least {}). The {} values agree within {:.0e}. {}",
        fastest.name,
        page::ratio(fastest.median() / ours.median()),
        (duel.aim * 100.0).round() / 100.0,
        duel.result.values,
        duel.result.largest_difference.max(1e-15),
        duel.note,
    )?;
    Ok(text)
}

/// A row without rounds.
pub(super) fn row(name: &str, version: &str, does: &str) -> KernelRow {
    KernelRow {
        name: name.to_owned(),
        version: version.to_owned(),
        does: does.to_owned(),
        seconds: Vec::new(),
        peak_anon_bytes: 0,
    }
}

/// A file of the shared test data, from `FIELDASSAY_SHARED_DATA` or beside the repository.
pub(super) fn shared(relative: &str) -> Result<PathBuf> {
    let base = std::env::var_os("FIELDASSAY_SHARED_DATA")
        .map_or_else(|| root().join("../shared/data"), PathBuf::from);
    let path = base.join(relative);
    if !path.exists() {
        bail!(
            "`{}` is not there; hint: set FIELDASSAY_SHARED_DATA to the folder of the shared test data",
            path.display()
        );
    }
    Ok(path)
}

/// Path as a word of a command.
pub(super) fn word(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duel_names_the_fastest_peer_and_the_aim() {
        let timed = |name: &str, seconds: f64| KernelRow {
            seconds: vec![seconds],
            ..row(name, "1", "it")
        };
        let duel = Duel {
            part: "paths".to_owned(),
            title: "Errors".to_owned(),
            aim: 60.0,
            note: "Whole processes.".to_owned(),
            result: KernelResult {
                command: "r".to_owned(),
                machine: "m".to_owned(),
                input: "i".to_owned(),
                rows: vec![timed("ours", 0.01), timed("peer", 1.5)],
                values: 7,
                largest_difference: 4e-7,
            },
        };
        let text = section(&duel).expect("renders");
        let sentence = "peer takes 150 times as long (the aim is at least 60). The 7 values agree within 4e-7. Whole processes.";
        assert!(text.contains(sentence), "{text}");
    }
}
