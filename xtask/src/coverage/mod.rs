//! How often the intervals of measures hold what they are meant to hold, and how often their decisions are right, on
//! simulated data whose truth is known.
//!
//! Read [`run`], [`Results`], [`Row`] and [`Kind`] first. The results are committed as data and rendered by `gen`.
//! Not here: what is simulated (`laws`), how one trial goes (`trial`) and how many are run (`sweep`).

mod laws;
mod trial;

use crate::sweep::{self, Asked, Mode, Stored};
use anyhow::{Context as _, Result, ensure};
use fieldassay_measure::registry::Measure;
use laws::{Case, Statistic, Truth};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trial::Outcome;

/// Resamples of every bootstrap.
const RESAMPLES: u64 = 400;
/// Trials of each row whose outcomes are kept one by one.
const KEPT: usize = 20;

/// The committed results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Results {
    /// Always `fieldassay.coverage`.
    pub(crate) schema: String,
    /// Version of this form.
    pub(crate) version: u32,
    /// The command that repeats it.
    pub(crate) command: String,
    /// Resamples of every bootstrap.
    pub(crate) resamples: u64,
    /// One row per measure, law, statistic and size.
    pub(crate) rows: Vec<Row>,
}

/// What the share of a row tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Of the intervals given, those that hold the truth; 95 in 100 are promised.
    Coverage,
    /// Of the data sets in which there was nothing, those with an alarm; at most the row's `truth` is promised.
    FalseAlarm,
    /// Of the data sets in which there was something, those with an alarm; `truth` is worked out.
    Power,
    /// Of the data sets, those whose true risk stayed below what was promised; at least `truth` is promised.
    RiskHeld,
}

impl Kind {
    /// Whether a row says what was promised, as far as chance lets one tell; intervals at nine in ten, or the bound
    /// that is said of their law.
    #[cfg(test)]
    fn is_kept(self, row: &Row, bound: Option<f64>) -> bool {
        let share = row.share().unwrap_or(f64::NAN);
        match (self, bound) {
            (Self::Coverage, least) => share >= least.unwrap_or(0.9),
            (Self::FalseAlarm, None) => row.given > 0 && row.low <= row.truth,
            (Self::FalseAlarm, Some(most)) => share <= most,
            (Self::Power | Self::RiskHeld, None) => row.given > 0 && row.high >= row.truth,
            (Self::Power | Self::RiskHeld, Some(least)) => share >= least,
        }
    }
}

/// One row of the results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// Name of the measure.
    pub(crate) measure: String,
    /// What is counted.
    pub(crate) kind: Kind,
    /// Which of its statistics.
    pub(crate) statistic: String,
    /// What the data are drawn from, in words.
    pub(crate) law: String,
    /// What `n` counts.
    pub(crate) unit: String,
    /// Size of each data set.
    pub(crate) n: usize,
    /// What the interval is meant to hold; of a decision, the rate at which it is meant to be taken.
    pub(crate) truth: f64,
    /// Where the truth is from.
    pub(crate) truth_from: String,
    /// Seed of the law; with the size and the number of the trial it makes the data.
    pub(crate) seed: u64,
    /// Data sets drawn.
    pub(crate) trials: usize,
    /// Data sets for which an interval was given or a decision taken either way.
    pub(crate) given: usize,
    /// Intervals that hold the truth, or decisions taken.
    pub(crate) held: usize,
    /// Intervals that lie above the truth.
    pub(crate) too_high: usize,
    /// Intervals that lie below it.
    pub(crate) too_low: usize,
    /// Wilson 95 % interval of the share of `held` among `given`.
    pub(crate) low: f64,
    /// Its upper end.
    pub(crate) high: f64,
    /// Outcomes of the first trials: `=` held, `.` not taken, `+` too high, `-` too low, `0` none given.
    pub(crate) first: String,
}

impl Row {
    /// Share of the given intervals that hold the truth, or of decisions taken; none where none was given.
    pub(crate) fn share(&self) -> Option<f64> {
        (self.given > 0).then(|| self.held as f64 / self.given as f64)
    }
}

/// Where they are.
const STORED: Stored<Results, Row> = Stored {
    file: "docs/reference/coverage/results.json",
    key: "rows",
    rows: |results| &mut results.rows,
};

/// Runs the trials: `[--only NAME] [--jobs N] [--write | --check]`.
///
/// NAME is the beginning of the names of measures. `--write` stores the committed results, with `--only` the rows of
/// those measures; `--check` repeats the first trials of each row and compares them one by one.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (only, asked) = parse(arguments)?;
    let is_asked = |name: &str| (only.as_ref()).is_none_or(|only| name.starts_with(only.as_str()));
    let cases: Vec<&Case> = laws::cases().filter(|c| is_asked(c.measure)).collect();
    ensure!(!cases.is_empty(), "no such measure has a law");
    if asked.mode == Mode::Check {
        return compare(&cases, asked.jobs);
    }
    let mut rows = Vec::new();
    for case in cases {
        rows.extend(all_sizes(case, asked.jobs)?);
    }
    if asked.mode == Mode::Write {
        let kept = match (&only, committed()?) {
            (Some(_), Some(old)) => old.rows,
            _ => Vec::new(),
        };
        rows.extend(kept.into_iter().filter(|row| !is_asked(&row.measure)));
        STORED.write(&whole(rows))?;
    }
    Ok(())
}

/// The rows in the order of the laws, with what stands above them.
fn whole(mut rows: Vec<Row>) -> Results {
    let place =
        |row: &Row| laws::cases().position(|c| c.measure == row.measure && c.law == row.law);
    rows.sort_by_key(place);
    Results {
        schema: "fieldassay.coverage".to_owned(),
        version: 1,
        command: "cargo run --release -p xtask -- coverage --write".to_owned(),
        resamples: RESAMPLES,
        rows,
    }
}

/// The beginning of the names of measures, and what all sweeps are asked for.
fn parse(arguments: &[String]) -> Result<(Option<String>, Asked)> {
    let mut only = None;
    let asked = Asked::read("coverage", arguments, |word, words| {
        if word == "--only" {
            only = Some(words.value(word)?.to_owned());
        }
        Ok(word == "--only")
    })?;
    Ok((only, asked))
}

/// Every row of one law.
fn all_sizes(case: &Case, jobs: usize) -> Result<Vec<Row>> {
    let needs_sample = |s: &Statistic| matches!(s.truth, Truth::Sample);
    let sample = if case.statistics.iter().any(needs_sample) {
        Some(trial::sample(case)?)
    } else {
        None
    };
    let mut rows = Vec::new();
    for &n in case.sizes {
        let truths = case
            .statistics
            .iter()
            .map(|s| trial::truth(case, s, n, sample.as_ref()))
            .collect::<Result<Vec<f64>>>()?;
        let outcomes = trials(case, n, &truths, (case.trials, jobs))?;
        for (i, statistic) in case.statistics.iter().enumerate() {
            let of: Vec<Outcome> = outcomes.iter().map(|all| all[i]).collect();
            let row = count(case, statistic, (n, truths[i]), &of)?;
            println!("{}", line(&row));
            rows.push(row);
        }
    }
    Ok(rows)
}

/// Runs the first trials on all jobs; outcomes come in the order of the trials.
fn trials(
    case: &Case,
    n: usize,
    truths: &[f64],
    (trials, jobs): (usize, usize),
) -> Result<Vec<Vec<Outcome>>> {
    let numbers: Vec<usize> = (0..trials).collect();
    sweep::trials(&numbers, jobs, |number| {
        trial::outcomes(case, n, *number, truths)
    })
}

fn count(
    case: &Case,
    statistic: &Statistic,
    (n, truth): (usize, f64),
    outcomes: &[Outcome],
) -> Result<Row> {
    let of = |wanted: Outcome| outcomes.iter().filter(|o| **o == wanted).count();
    let held = of(Outcome::Held);
    let given = outcomes.len() - of(Outcome::Missing);
    let (low, high) = sweep::interval(held as u64, given as u64)?;
    Ok(Row {
        measure: case.measure.to_owned(),
        kind: statistic.kind(),
        statistic: statistic.name.to_owned(),
        law: case.law.to_owned(),
        unit: case.unit.to_owned(),
        n,
        truth,
        truth_from: match statistic.truth {
            Truth::Known(_) => "worked out from the law".to_owned(),
            Truth::Sample => format!("the value of one sample of {} {}", case.sample, case.unit),
        },
        seed: case.seed,
        trials: outcomes.len(),
        given,
        held,
        too_high: of(Outcome::TooHigh),
        too_low: of(Outcome::TooLow),
        low,
        high,
        first: outcomes.iter().take(KEPT).map(|o| o.sign()).collect(),
    })
}

fn line(row: &Row) -> String {
    let share = row.share().map_or("none".to_owned(), |s| format!("{s:.3}"));
    format!(
        "{:<28} {:<26} {:>6} {:<10} {share} [{:.3}, {:.3}]  {}/{} given, +{} -{}  truth {:.5}",
        row.measure,
        row.statistic,
        row.n,
        row.unit,
        row.low,
        row.high,
        row.given,
        row.trials,
        row.too_high,
        row.too_low,
        row.truth
    )
}

/// Repeats the first trials of each row with the committed truth and compares them one by one.
fn compare(cases: &[&Case], jobs: usize) -> Result<()> {
    let stored = committed()?.context("there are no committed results; hint: coverage --write")?;
    let mut differences = Vec::new();
    for case in cases {
        for &n in case.sizes {
            differences.extend(drift(case, n, &stored, (KEPT, jobs))?);
        }
    }
    sweep::no_difference("trials differ", &differences, &stored.command)?;
    println!("the first {KEPT} trials of every row agree with the committed results");
    Ok(())
}

/// What differs in the first trials of one law and size.
fn drift(
    case: &Case,
    n: usize,
    stored: &Results,
    (first, jobs): (usize, usize),
) -> Result<Vec<String>> {
    let known =
        |s: &Statistic| {
            let is = |row: &&Row| {
                (row.measure.as_str(), row.law.as_str(), row.n) == (case.measure, case.law, n)
                    && row.statistic == s.name
            };
            stored.rows.iter().find(is).with_context(|| {
                format!("no row of {} {} at {n} is committed", case.measure, s.name)
            })
        };
    let rows = case
        .statistics
        .iter()
        .map(known)
        .collect::<Result<Vec<_>>>()?;
    let truths: Vec<f64> = rows.iter().map(|row| row.truth).collect();
    let outcomes = trials(case, n, &truths, (first, jobs))?;
    let mut differences = Vec::new();
    for (i, row) in rows.into_iter().enumerate() {
        let now: String = outcomes.iter().map(|all| all[i].sign()).collect();
        let then: String = row.first.chars().take(first).collect();
        if now != then {
            differences.push(format!(
                "{} {} at {n}: {now}, committed {then}",
                row.measure, row.statistic
            ));
        }
    }
    Ok(differences)
}

/// Why intervals under this law hold the truth too seldom, where that is known.
pub(crate) fn weakness(row: &Row) -> Option<&'static str> {
    laws::cases()
        .find(|case| case.measure == row.measure && case.law == row.law)
        .and_then(|case| case.weakness)
        .map(|(why, _)| why)
}

/// Whether a measure gives statistics with room for an interval, by what its example gives.
pub(crate) fn has_interval(measure: &Measure) -> Result<bool> {
    let case: Value = serde_json::from_str(measure.example)?;
    Ok(holds_statistic(&(measure.run)(&case)?))
}

fn holds_statistic(value: &Value) -> bool {
    match value {
        Value::Object(map) => {
            let is_statistic = ["estimate", "low", "high", "n"]
                .iter()
                .all(|key| map.contains_key(*key));
            is_statistic || map.values().any(holds_statistic)
        }
        Value::Array(list) => list.iter().any(holds_statistic),
        _ => false,
    }
}

/// The committed results, none before the first run.
pub(crate) fn committed() -> Result<Option<Results>> {
    STORED.read()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldassay_measure::registry::{find, measures};
    use std::collections::BTreeSet;

    #[test]
    fn the_command_line_is_read() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let (only, asked) = parse(&words("--only stats --jobs 1 --write")).unwrap();
        assert_eq!(only.as_deref(), Some("stats"));
        let wanted = Asked {
            jobs: 1,
            mode: Mode::Write,
        };
        assert_eq!(asked, wanted);
        assert!(parse(&words("--nothing")).is_err());
        assert!(run(&words("--only no.such")).is_err());
    }

    #[test]
    fn every_measure_with_an_interval_has_a_law_and_no_other() {
        let mut seeds = BTreeSet::new();
        for case in laws::cases() {
            assert!(seeds.insert(case.seed), "seed {} twice", case.seed);
            let measure = find(case.measure).expect(case.measure);
            let is_counted = case.statistics.iter().any(|s| s.kind() == Kind::Coverage);
            assert!(
                !is_counted || has_interval(measure).unwrap(),
                "{}",
                case.measure
            );
        }
        let known: BTreeSet<&str> = (laws::cases())
            .filter(|case| case.statistics.iter().any(|s| s.kind() == Kind::Coverage))
            .map(|case| case.measure)
            .collect();
        let lawless = measures().filter(|m| has_interval(m).unwrap() && !known.contains(m.name));
        let lawless: Vec<&str> = lawless.map(|measure| measure.name).collect();
        assert!(lawless.is_empty(), "no law is of {}", lawless.join(", "));
    }

    #[test]
    fn the_committed_results_are_whole() {
        let results = committed().unwrap().unwrap();
        let text = std::fs::read_to_string(STORED.path()).unwrap();
        assert_eq!(STORED.render(&results).unwrap(), text);
        assert_eq!(results.resamples, RESAMPLES);
        let mut rows = results.rows.iter();
        for case in laws::cases() {
            for &n in case.sizes {
                for statistic in case.statistics {
                    let row = rows.next().expect(case.measure);
                    let wanted = count(case, statistic, (n, row.truth), &[]).unwrap();
                    let place =
                        |r: &Row| (r.measure.clone(), r.statistic.clone(), r.law.clone(), r.n);
                    assert_eq!(place(row), place(&wanted));
                    assert_eq!((row.seed, row.trials), (case.seed, case.trials));
                    let not = row.given - row.held - row.too_high - row.too_low;
                    assert!(not == 0 || row.kind != Kind::Coverage, "{row:?}");
                    assert_eq!(row.kind, wanted.kind);
                    if let Truth::Known(value) = statistic.truth {
                        let off = (row.truth - value(n)).abs();
                        assert!(off <= 1e-12 * row.truth.abs(), "{row:?}");
                    }
                }
            }
        }
        assert_eq!(rows.next(), None);
    }

    #[test]
    fn at_the_largest_size_promises_are_kept_or_it_is_said() {
        let results = committed().unwrap().unwrap();
        let mut broken = Vec::new();
        for case in laws::cases() {
            let largest = case.sizes.iter().max();
            let bound = case.weakness.map(|(_, bound)| bound);
            let is_of = |row: &&Row| {
                row.measure == case.measure && row.law == case.law && Some(&row.n) == largest
            };
            let rows = results.rows.iter().filter(is_of);
            broken.extend(rows.filter(|row| !row.kind.is_kept(row, bound)));
        }
        assert!(broken.is_empty(), "{broken:#?}");
    }

    /// Measures of which a trial at the smallest size takes milliseconds.
    const CHEAP: [&str; 9] = [
        "detection.voc",
        "driving.scenario_mean",
        "driving.spl",
        "segmentation.miou",
        "stats.proportion",
        "tracking.coherence",
        "trajectory.ape",
        "trajectory.loop_residual",
        "trajectory.scale_drift",
    ];

    #[test]
    fn the_first_trials_come_out_as_committed() {
        let results = committed().unwrap().unwrap();
        for case in laws::cases().filter(|case| CHEAP.contains(&case.measure)) {
            let n = *case.sizes.iter().min().unwrap();
            let differences = drift(case, n, &results, (5, 1)).unwrap();
            assert_eq!(differences, Vec::<String>::new());
        }
    }

    #[test]
    fn outcomes_do_not_depend_on_the_number_of_jobs() {
        let case = laws::cases().find(|c| c.measure == "driving.spl").unwrap();
        let of = |jobs| trials(case, 20, &[0.5], (12, jobs)).unwrap();
        assert_eq!(of(1), of(3));
    }
}
