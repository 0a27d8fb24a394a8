//! Statistics of people, labels and data sets for the race: timed inside the process, after the files are read.
//!
//! `people SUBJECT FILE… SETTING… RUNS` as in `bench/peers/people.py`; files are little-endian arrays. Prints seconds per
//! run and what was found as JSON.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program of the bench, about wall time"
)]

use fieldassay_measure::aggregation::{EmOptions, Known, Votes, dawid_skene};
use fieldassay_measure::agreement::NominalCounts;
use fieldassay_measure::change::{AdwinOptions, adwin};
use fieldassay_measure::coverage::vendi_of_rows;
use fieldassay_measure::drift::mmd_statistic;
use fieldassay_measure::label_errors::{FilterOptions, Predictions, confident_joint, find_issues};
use fieldassay_measure::preference::{Comparisons, FitOptions, Pairs, bradley_terry};
use fieldassay_measure::rows::Rows;
use fieldassay_measure::selection::k_center;
use fieldassay_measure::text::{MinHash, sha1_hash32};
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["alpha", file, raters, runs] => alpha(file, raters.parse()?, runs.parse()?),
        ["votes", file, iterations, runs] => votes(file, iterations.parse()?, runs.parse()?),
        ["pairs", file, items, runs] => pairs(file, items.parse()?, runs.parse()?),
        ["labels", p, y, classes, runs] => labels(p, y, classes.parse()?, runs.parse()?),
        ["words", file, constants, size, runs] => {
            signatures(file, constants, size.parse()?, runs.parse()?)
        }
        ["samples", file, columns, runs] => samples(file, columns.parse()?, runs.parse()?),
        ["picks", file, columns, budget, runs] => {
            picks(file, columns.parse()?, budget.parse()?, runs.parse()?)
        }
        ["stream", file, runs] => stream(file, runs.parse()?),
        ["diversity", file, columns, runs] => diversity(file, columns.parse()?, runs.parse()?),
        _ => Err("say `SUBJECT FILE… SETTING… RUNS` as bench/peers/people.py does".into()),
    }
}

/// Does something again and again, and prints what `told` says of the last time.
fn timed<T, E: Into<Box<dyn Error>>>(
    runs: usize,
    mut once: impl FnMut() -> Result<T, E>,
    told: impl FnOnce(T) -> Vec<f64>,
) -> Outcome {
    let mut seconds = Vec::with_capacity(runs);
    let mut last = None;
    for _ in 0..runs {
        let start = Instant::now();
        let found = black_box(once().map_err(Into::into)?);
        seconds.push(start.elapsed().as_secs_f64());
        last = Some(found);
    }
    let values = told(last.ok_or("no runs")?);
    let document = serde_json::json!({ "seconds": seconds, "places": [], "values": values });
    println!("{document}");
    Ok(())
}

fn codes(file: &str) -> Result<Vec<u32>, Box<dyn Error>> {
    let bytes = std::fs::read(file)?;
    let words = bytes.as_chunks::<4>().0.iter();
    Ok(words.map(|word| u32::from_le_bytes(*word)).collect())
}

fn doubles(file: &str) -> Result<Vec<f64>, Box<dyn Error>> {
    let bytes = std::fs::read(file)?;
    let words = bytes.as_chunks::<8>().0.iter();
    Ok(words.map(|word| f64::from_le_bytes(*word)).collect())
}

/// Krippendorff's alpha of a table with a row of codes per annotator.
fn alpha(file: &str, raters: usize, runs: usize) -> Outcome {
    let table = codes(file)?;
    let rows: Vec<&[u32]> = table.chunks_exact(table.len() / raters).collect();
    let once = || {
        let mut counts = NominalCounts::new(0);
        counts.push_rows(black_box(&rows))?;
        counts.alpha()
    };
    timed(runs, once, |alpha| vec![alpha])
}

/// Dawid and Skene's labels of rows of item, annotator and label, from the rows on.
fn votes(file: &str, iterations: usize, runs: usize) -> Outcome {
    let rows = codes(file)?;
    let column =
        |at: usize| -> Vec<u32> { rows.as_chunks::<3>().0.iter().map(|row| row[at]).collect() };
    let (items, annotators, labels) = (column(0), column(1), column(2));
    let options = EmOptions {
        iterations,
        tolerance: 0.0,
    };
    let once = || {
        let votes = Votes::from_rows(black_box(&items), &annotators, &labels)?;
        dawid_skene(&votes, Known::default(), options)
    };
    timed(runs, once, |found| {
        let rows = found.soft.p.chunks_exact(found.soft.labels).step_by(97);
        rows.map(|row| row.iter().copied().fold(0.0, f64::max))
            .collect()
    })
}

/// Strengths of rows of winner and loser, from the rows on.
fn pairs(file: &str, items: usize, runs: usize) -> Outcome {
    let rows = codes(file)?;
    let column =
        |at: usize| -> Vec<u32> { rows.as_chunks::<2>().0.iter().map(|row| row[at]).collect() };
    let (left, right) = (column(0), column(1));
    let once = || {
        let pairs = Pairs::count(&Comparisons {
            items,
            left: black_box(&left),
            right: &right,
            outcomes: None,
            weights: None,
        })?;
        bradley_terry(&pairs, FitOptions::default())
    };
    timed(runs, once, |fit| fit.log_strengths)
}

/// Confident learning: which labels are wrong.
fn labels(p: &str, y: &str, classes: usize, runs: usize) -> Outcome {
    let (p, y) = (doubles(p)?, codes(y)?);
    let once = || {
        let predictions = Predictions::new(classes, black_box(&p), &y)?;
        find_issues(
            &predictions,
            &confident_joint(&predictions),
            FilterOptions::default(),
        )
    };
    timed(runs, once, |mut found| {
        found.sort_unstable();
        let told: f64 = found.iter().step_by(97).map(|&at| f64::from(at)).sum();
        vec![found.len() as f64, told]
    })
}

/// Signatures of documents of words.
fn signatures(file: &str, constants: &str, size: usize, runs: usize) -> Outcome {
    let constants = codes(constants)?;
    let (a, b) = constants.split_at(constants.len() / 2);
    let words: Vec<String> = codes(file)?.iter().map(u32::to_string).collect();
    let documents: Vec<&[String]> = words.chunks_exact(size).collect();
    let hash = MinHash::new(a.to_vec(), b.to_vec())?;
    let once = || -> Result<Vec<Vec<u32>>, Box<dyn Error>> {
        let hashes = |document: &&[String]| {
            hash.signature(document.iter().map(|word| sha1_hash32(word.as_bytes())))
        };
        Ok(black_box(&documents).iter().map(hashes).collect())
    };
    timed(runs, once, |found| {
        let sum = |signature: &Vec<u32>| signature.iter().map(|&x| f64::from(x)).sum();
        found.iter().step_by(97).map(sum).collect()
    })
}

/// Maximum mean discrepancy of the first and the second half of the rows.
fn samples(file: &str, columns: usize, runs: usize) -> Outcome {
    let values = doubles(file)?;
    let (first, second) = values.split_at(values.len() / 2);
    let (first, second) = (
        Rows::from_flat(first, columns)?,
        Rows::from_flat(second, columns)?,
    );
    let once = || mmd_statistic(black_box(&first), &second, None);
    timed(runs, once, |found| vec![found.mmd2_unbiased])
}

/// Rows picked far from all others.
fn picks(file: &str, columns: usize, budget: usize, runs: usize) -> Outcome {
    let rows = Rows::from_flat(&doubles(file)?, columns)?;
    let once = || k_center(black_box(&rows), &[0], budget - 1);
    timed(runs, once, |found| {
        let picked = found.selected.iter().map(|&at| at as f64);
        std::iter::once(0.0)
            .chain(picked.filter(|&at| at > 0.0))
            .collect()
    })
}

/// Alarms of a stream.
fn stream(file: &str, runs: usize) -> Outcome {
    let values = doubles(file)?;
    let once = || adwin(AdwinOptions::default(), black_box(&values));
    timed(runs, once, |found| {
        found.iter().map(|alarm| alarm.index as f64).collect()
    })
}

/// The Vendi score of rows.
fn diversity(file: &str, columns: usize, runs: usize) -> Outcome {
    let rows = Rows::from_flat(&doubles(file)?, columns)?;
    timed(
        runs,
        || vendi_of_rows(black_box(&rows)),
        |found| vec![found.vs_q1],
    )
}
