//! How often checks fire: on clean drives, where they must not, and on drives with a known fault.
//!
//! Read [`run`] and [`Results`] first. The results are committed as data and rendered by `gen`.
//! Not here: what is tried (`cases`), how one trial goes (`trial`) and how many are run (`sweep`).

mod cases;
mod trial;

use crate::sweep::{self, Asked, Mode, Stored};
use anyhow::{Context as _, Result, ensure};
use cases::{CASES, Case};
use fieldassay_model::policy::Policy;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;
use trial::Outcome;

/// Seeds below this are for development; quoted figures use seeds from here on.
const FIRST_QUOTED_SEED: u64 = 60_000;
/// Drives of the quoted figures: clean ones, and how many of those have all sensors.
const DRIVES: u64 = 300;
const CLEAN_OF_ALL_DRIVES: u64 = 300;
/// Drives of the core sensors: at the promised magnitude, and at the others.
const CORE_DRIVES: [u64; 2] = [60, 20];
/// Drives with pictures, clouds and the like, which cost a second or two each.
const SENSOR_DRIVES: [u64; 2] = [50, 6];

/// The committed results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Results {
    /// Always `fieldassay.power`.
    pub(crate) schema: String,
    /// Version of this form.
    pub(crate) version: u32,
    /// The command that repeats it.
    pub(crate) command: String,
    /// Policy the findings rest on.
    pub(crate) policy: String,
    /// First seed and one past the last.
    pub(crate) seeds: [u64; 2],
    /// Length of every drive, seconds.
    pub(crate) drive_secs: f64,
    /// Drives without faults: how many had a warning or worse.
    pub(crate) clean: Row,
    /// The same with all sensors of a car, a robot and an arm in turn.
    pub(crate) clean_all: Row,
    /// One row per fault and magnitude.
    pub(crate) faults: Vec<Row>,
    /// Kinds of fault that one recording alone cannot show.
    pub(crate) not_tried: Vec<String>,
}

/// One row of the results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// Kind of fault, `skew_ppm`; `none` for clean drives.
    pub(crate) fault: String,
    /// What it was put into: the channel, or that channels took turns, and the vehicles.
    pub(crate) drive: String,
    /// How much of it, in `unit`.
    pub(crate) magnitude: f64,
    /// Unit of the magnitude.
    pub(crate) unit: String,
    /// Whether at least 95 % is promised at this magnitude.
    pub(crate) promised: bool,
    /// Codes of which one must be found.
    pub(crate) codes: Vec<String>,
    /// Seed of the first drive; the others follow it.
    pub(crate) first_seed: u64,
    /// Drives tried.
    pub(crate) drives: u64,
    /// Drives in which the fault was found.
    pub(crate) found: u64,
    /// Wilson 95 % interval of the share found.
    pub(crate) low: f64,
    /// Its upper end.
    pub(crate) high: f64,
    /// Seeds of the drives that count against us: missed faults, or clean drives with a finding.
    pub(crate) against: Vec<u64>,
    /// Found and tried per channel hit, where channels take turns.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) by_channel: BTreeMap<String, [u64; 2]>,
}

/// From which magnitude on a kind of fault is found, among those tried.
pub(crate) struct Reach {
    pub(crate) fault: String,
    pub(crate) drive: String,
    pub(crate) unit: String,
    /// Smallest magnitude found in half of the drives; none where no magnitude was.
    pub(crate) half: Option<f64>,
    /// Smallest magnitude found in 95 of 100 drives.
    pub(crate) nearly_all: Option<f64>,
}

impl Results {
    /// Every fault tried with several magnitudes, in the order of the rows.
    pub(crate) fn reaches(&self) -> Vec<Reach> {
        let mut reaches: Vec<Reach> = Vec::new();
        for row in &self.faults {
            let same = |other: &&Row| other.fault == row.fault && other.drive == row.drive;
            let tried = self.faults.iter().filter(same);
            let known = |reach: &Reach| reach.fault == row.fault && reach.drive == row.drive;
            if tried.clone().count() < 2 || reaches.iter().any(known) {
                continue;
            }
            let from = |share: f64| {
                tried
                    .clone()
                    .filter(|row| row.found as f64 >= share * row.drives as f64)
                    .map(|row| row.magnitude)
                    .min_by(f64::total_cmp)
            };
            reaches.push(Reach {
                fault: row.fault.clone(),
                drive: row.drive.clone(),
                unit: row.unit.clone(),
                half: from(0.5),
                nearly_all: from(0.95),
            });
        }
        reaches
    }
}

/// Where they are.
const STORED: Stored<Results, Row> = Stored {
    file: "docs/reference/power/results.json",
    key: "faults",
    rows: |results| &mut results.faults,
};

/// What the command line asks for.
struct Options {
    seeds: Range<u64>,
    kinds: Vec<String>,
    verbose: bool,
    asked: Asked,
}

/// Runs the sweep: `[--seeds A..B | --drives N] [--jobs N] [--kinds K,K] [--verbose] [--write | --check]`.
///
/// `--write` stores the committed results, with `--kinds` only the rows of those; `--check` repeats what is promised (or `--kinds`) and
/// compares drive by drive.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let options = parse(arguments)?;
    let policy = Policy::built_in("default")?;
    if options.asked.mode == Mode::Check {
        return compare(&options, &policy);
    }
    let results = sweep(&options, &policy)?;
    if options.asked.mode == Mode::Write {
        ensure!(
            options.seeds.start >= FIRST_QUOTED_SEED,
            "only drives from seed {FIRST_QUOTED_SEED} on are committed"
        );
        let results = if options.kinds.is_empty() {
            results
        } else {
            renewed(&options.kinds, results)?
        };
        STORED.write(&results)?;
    }
    Ok(())
}

/// The committed results with the rows of these kinds replaced, after a change that can move no other row.
fn renewed(kinds: &[String], fresh: Results) -> Result<Results> {
    let mut all = committed()?.context("there are no committed results; hint: power --write")?;
    let is_new = |name: &str| kinds.iter().any(|kind| kind == name);
    if is_new("none") {
        all.clean = fresh.clean;
    }
    if is_new("none_of_all") {
        all.clean_all = fresh.clean_all;
    }
    for row in fresh.faults {
        let same = |old: &&mut Row| {
            (&old.fault, &old.drive, old.magnitude) == (&row.fault, &row.drive, row.magnitude)
        };
        let missing = || format!("no row of {} {} is committed", row.fault, row.magnitude);
        let old = all.faults.iter_mut().find(same).with_context(missing)?;
        *old = row;
    }
    Ok(all)
}

/// The committed results, none before the first sweep.
pub(crate) fn committed() -> Result<Option<Results>> {
    STORED.read()
}

fn parse(arguments: &[String]) -> Result<Options> {
    let mut seeds = FIRST_QUOTED_SEED..FIRST_QUOTED_SEED + DRIVES;
    let (mut kinds, mut verbose) = (Vec::new(), false);
    let asked = Asked::read("power", arguments, |word, words| {
        match word {
            "--seeds" => {
                let range = words.value(word)?.split_once("..");
                let (first, last) = range.context("`--seeds` takes A..B")?;
                seeds = first.parse()?..last.parse()?;
            }
            "--drives" => seeds.end = seeds.start + words.value(word)?.parse::<u64>()?,
            "--kinds" => kinds = words.value(word)?.split(',').map(str::to_owned).collect(),
            "--verbose" => verbose = true,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(Options {
        seeds,
        kinds,
        verbose,
        asked,
    })
}

/// One row to be.
#[derive(Clone, Copy)]
enum Plan {
    /// Drives without faults, core sensors.
    Clean,
    /// Drives without faults, all sensors.
    CleanOfAll,
    /// Drives with one fault.
    Fault(&'static Case, f64),
}

impl Plan {
    fn is_clean(self) -> bool {
        !matches!(self, Self::Fault(..))
    }

    fn is_promised(self) -> bool {
        match self {
            Self::Clean | Self::CleanOfAll => true,
            Self::Fault(case, magnitude) => case.promised == Some(magnitude),
        }
    }

    /// Drives of the quoted figures.
    fn drives(self) -> u64 {
        let [promised, other] = match self {
            Self::Clean => return DRIVES,
            Self::CleanOfAll => return CLEAN_OF_ALL_DRIVES,
            Self::Fault(case, _) if case.is_core() => CORE_DRIVES,
            Self::Fault(..) => SENSOR_DRIVES,
        };
        if self.is_promised() { promised } else { other }
    }

    /// The seeds of this row among those asked for.
    fn seeds(self, asked: &Range<u64>) -> Range<u64> {
        asked.start..asked.end.min(asked.start + self.drives())
    }
}

fn plans(kinds: &[String]) -> Vec<Plan> {
    let wanted = |name: &str| kinds.is_empty() || kinds.iter().any(|kind| kind == name);
    let mut plans: Vec<Plan> = Vec::new();
    if wanted("none") {
        plans.push(Plan::Clean);
    }
    if wanted("none_of_all") {
        plans.push(Plan::CleanOfAll);
    }
    for case in CASES.iter().filter(|case| wanted(case.kind.name())) {
        let magnitudes = case.magnitudes.iter();
        plans.extend(magnitudes.map(|magnitude| Plan::Fault(case, *magnitude)));
    }
    plans
}

fn sweep(options: &Options, policy: &Policy) -> Result<Results> {
    let mut rows = Vec::new();
    let empty = |plan| count(plan, &(0..0), &[]);
    let (mut clean, mut clean_all) = (empty(Plan::Clean)?, empty(Plan::CleanOfAll)?);
    for plan in plans(&options.kinds) {
        let seeds = plan.seeds(&options.seeds);
        let outcomes = trials(plan, &seeds, options, policy)?;
        let row = count(plan, &seeds, &outcomes)?;
        println!("{}", line(&row));
        if options.verbose {
            tell(plan, &seeds, &outcomes);
        }
        match plan {
            Plan::Clean => clean = row,
            Plan::CleanOfAll => clean_all = row,
            Plan::Fault(..) => rows.push(row),
        }
    }
    Ok(Results {
        schema: "fieldassay.power".to_owned(),
        version: 2,
        command: "cargo run --release -p xtask -- power --write".to_owned(),
        policy: format!("{} {}", policy.name, policy.version),
        seeds: [options.seeds.start, options.seeds.end],
        drive_secs: trial::DURATION_SECS,
        clean,
        clean_all,
        faults: rows,
        not_tried: cases::untried().into_iter().map(str::to_owned).collect(),
    })
}

/// Runs one drive per seed on all jobs; outcomes come in the order of the seeds.
fn trials(
    plan: Plan,
    seeds: &Range<u64>,
    options: &Options,
    policy: &Policy,
) -> Result<Vec<Outcome>> {
    let seeds: Vec<u64> = seeds.clone().collect();
    sweep::trials(&seeds, options.asked.jobs, |seed| match plan {
        Plan::Clean => trial::clean(*seed, policy),
        Plan::CleanOfAll => trial::clean_of_all(*seed, policy),
        Plan::Fault(case, magnitude) => trial::faulty(*seed, case, magnitude, policy),
    })
}

fn count(plan: Plan, seeds: &Range<u64>, outcomes: &[Outcome]) -> Result<Row> {
    let found = outcomes.iter().filter(|outcome| outcome.found).count() as u64;
    let drives = outcomes.len() as u64;
    let (low, high) = sweep::interval(found, drives)?;
    // On a clean drive a finding counts against us, on a faulty one its absence.
    let bad = |outcome: &Outcome| outcome.found == plan.is_clean();
    let mut by_channel: BTreeMap<String, [u64; 2]> = BTreeMap::new();
    for (seed, outcome) in seeds.clone().zip(outcomes) {
        let Some(place) = trial::place(plan, seed) else {
            break;
        };
        let [found, tried] = by_channel.entry(place).or_default();
        *found += u64::from(outcome.found);
        *tried += 1;
    }
    let against = seeds
        .clone()
        .zip(outcomes)
        .filter(|(_, outcome)| bad(outcome))
        .map(|(seed, _)| seed)
        .collect();
    let (fault, drive, magnitude, unit, codes) = match plan {
        Plan::Clean => ("none", "core sensors".to_owned(), 0.0, "", &[][..]),
        Plan::CleanOfAll => ("none", cases::CLEAN.to_string(), 0.0, "", &[][..]),
        Plan::Fault(case, magnitude) => {
            let info = case.kind.info();
            (info.name, case.place(), magnitude, info.unit, case.codes)
        }
    };
    Ok(Row {
        fault: fault.to_owned(),
        drive,
        magnitude,
        unit: unit.to_owned(),
        promised: plan.is_promised(),
        codes: codes.iter().map(|code| (*code).to_owned()).collect(),
        first_seed: seeds.start,
        drives,
        found,
        low,
        high,
        against,
        by_channel,
    })
}

fn line(row: &Row) -> String {
    let channels: Vec<String> = row
        .by_channel
        .iter()
        .map(|(topic, [found, tried])| format!("{topic} {found}/{tried}"))
        .collect();
    let mark = if row.promised { "*" } else { " " };
    format!(
        "{mark} {:<22} {:>12} {:<8} {:>4}/{:<4} [{:.3}, {:.3}]  {}",
        row.fault,
        row.magnitude,
        row.unit,
        row.found,
        row.drives,
        row.low,
        row.high,
        channels.join("  ")
    )
}

/// Prints the findings of the drives that count against us.
fn tell(plan: Plan, seeds: &Range<u64>, outcomes: &[Outcome]) {
    for (seed, outcome) in seeds.clone().zip(outcomes) {
        if outcome.found == plan.is_clean() {
            let place = trial::place(plan, seed).unwrap_or_default();
            println!("    seed {seed} {place}: {}", outcome.findings.join(", "));
        }
    }
}

/// Repeats a share of the committed sweep and compares drive by drive.
fn compare(options: &Options, policy: &Policy) -> Result<()> {
    let stored = committed()?.context("there are no committed results; hint: power --write")?;
    let drives = options.seeds.end - options.seeds.start;
    let mut differences = Vec::new();
    let mut plans = plans(&options.kinds);
    plans.retain(|plan| !options.kinds.is_empty() || plan.is_promised());
    for plan in plans {
        let blank = count(plan, &(0..0), &[])?;
        let known = [&stored.clean, &stored.clean_all]
            .into_iter()
            .chain(&stored.faults)
            .find(|known| {
                (&known.fault, &known.drive, known.magnitude)
                    == (&blank.fault, &blank.drive, blank.magnitude)
            })
            .with_context(|| format!("no row of {} {} is committed", blank.fault, blank.drive))?;
        let seeds = known.first_seed..known.first_seed + drives.min(plan.drives());
        let row = count(plan, &seeds, &trials(plan, &seeds, options, policy)?)?;
        let against = known.against.iter().copied();
        let expected: Vec<u64> = against.filter(|seed| seeds.contains(seed)).collect();
        if expected != row.against {
            differences.push(format!(
                "{}={}: against us now {:?}, committed {expected:?}",
                row.fault, row.magnitude, row.against
            ));
        }
    }
    sweep::no_difference("the sweep differs", &differences, &stored.command)?;
    println!("{drives} drives per row agree with the committed results");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_read() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let options = parse(&words("--seeds 5..9 --jobs 1 --kinds skew_ppm,none")).unwrap();
        assert_eq!((options.seeds, options.asked.jobs), (5..9, 1));
        assert_eq!(plans(&options.kinds).len(), 6);
        let options = parse(&words("--check --drives 5")).unwrap();
        assert_eq!(options.seeds, FIRST_QUOTED_SEED..FIRST_QUOTED_SEED + 5);
        assert_eq!(options.asked.mode, Mode::Check);
        assert!(parse(&words("--nothing")).is_err());
    }

    #[test]
    fn the_reach_is_the_smallest_magnitude_found_often_enough() {
        let seeds = 0..20;
        let outcomes = |found: usize| -> Vec<Outcome> {
            let outcome = |i| Outcome {
                found: i < found,
                findings: Vec::new(),
            };
            (0..20).map(outcome).collect()
        };
        let case = &CASES[0];
        let row = |magnitude, found| count(Plan::Fault(case, magnitude), &seeds, &outcomes(found));
        let results = Results {
            schema: String::new(),
            version: 1,
            command: String::new(),
            policy: String::new(),
            seeds: [0, 20],
            drive_secs: 60.0,
            clean: count(Plan::Clean, &seeds, &outcomes(0)).unwrap(),
            clean_all: count(Plan::CleanOfAll, &seeds, &outcomes(0)).unwrap(),
            faults: vec![
                row(50.0, 3).unwrap(),
                row(100.0, 10).unwrap(),
                row(200.0, 19).unwrap(),
            ],
            not_tried: Vec::new(),
        };
        let reaches = results.reaches();
        assert_eq!(reaches.len(), 1);
        assert_eq!(
            (reaches[0].half, reaches[0].nearly_all),
            (Some(100.0), Some(200.0))
        );
        assert_eq!(results.clean.against, Vec::<u64>::new());
        assert_eq!(results.faults[2].against, [19]);
    }

    #[test]
    fn the_committed_results_are_whole_and_as_promised() {
        let results = committed().unwrap().unwrap();
        let text = std::fs::read_to_string(STORED.path()).unwrap();
        assert!(STORED.render(&results).unwrap() == text);
        let rows = [&results.clean, &results.clean_all];
        for row in rows.into_iter().chain(&results.faults) {
            assert!(row.first_seed >= FIRST_QUOTED_SEED, "{}", row.fault);
        }
        assert_eq!((results.clean.found, results.clean.drives), (0, DRIVES));
        let all = &results.clean_all;
        assert_eq!((all.found, all.drives), (0, CLEAN_OF_ALL_DRIVES));
        let planned = plans(&[]);
        assert_eq!(results.faults.len() + 2, planned.len());
        let faults = planned.iter().filter(|plan| !plan.is_clean());
        for (row, plan) in results.faults.iter().zip(faults) {
            assert_eq!(row.drives, plan.drives(), "{}", row.fault);
            let enough = row.found * 100 >= 95 * row.drives;
            let is_missed = cases::MISSED.contains(&row.fault.as_str());
            let as_said = enough != is_missed;
            assert!(as_said || !row.promised, "{} {}", row.fault, row.drive);
        }
    }

    #[test]
    fn every_promise_is_among_the_magnitudes() {
        for case in CASES {
            assert!(
                case.promised
                    .is_none_or(|promised| case.magnitudes.contains(&promised))
            );
        }
    }
}
