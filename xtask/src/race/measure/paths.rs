//! Errors of paths against evo.
//!
//! Read [`run`] first. Whole processes are compared, from start to exit, as whoever types the command waits for them.

use super::{Duel, Setting, row, shared, word};
use crate::race::kernels::{KernelResult, Random};
use crate::race::{machine, timed};
use crate::released::environment;
use crate::shell::root;
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const EVO: &str = "1.38.1";
/// Estimates of the race in one process.
const SEQUENCES: usize = 100;
/// evo prints six decimals.
const PRINTED: f64 = 1e-6;
/// Relative difference of values that are printed in full.
const FULL: f64 = 1e-9;

/// Both paths of KITTI 00.
struct Kitti {
    reference: PathBuf,
    estimate: PathBuf,
}

/// Plain absolute errors, relative errors over all pairs, and many sequences in one process.
pub(super) fn run(setting: &Setting<'_>) -> Result<Vec<Duel>> {
    let kitti = Kitti {
        reference: shared("evo_kitti00/KITTI_00_gt.txt")?,
        estimate: shared("evo_kitti00/KITTI_00_ORB.txt")?,
    };
    let evo = environment("evo", EVO)?.join("bin");
    let absolute = Commands {
        title: "Absolute pose errors",
        program: evo.join("evo_ape"),
        measure: "ape",
        ours: &[],
        theirs: &[],
        aim: 60.0,
        rounds: setting.rounds,
    };
    let relative = Commands {
        title: "Relative pose errors over all pairs 10 degrees apart",
        program: evo.join("evo_rpe"),
        measure: "rpe",
        ours: &["--delta", "10", "--unit", "degrees", "--all-pairs"],
        theirs: &["--delta", "10", "--delta_unit", "d", "--all_pairs"],
        aim: 1000.0,
        rounds: setting.slow_rounds,
    };
    Ok(vec![
        commands(&absolute, &kitti, setting)?,
        commands(&relative, &kitti, setting)?,
        many(&kitti, &evo.join("python"), setting)?,
    ])
}

/// A command of evo and ours for the same.
struct Commands<'a> {
    title: &'a str,
    program: PathBuf,
    measure: &'a str,
    ours: &'a [&'a str],
    theirs: &'a [&'a str],
    aim: f64,
    rounds: usize,
}

fn contenders(what: &Commands<'_>, name: &str) -> Vec<super::KernelRow> {
    let options = |list: &[&str]| list.join(" ");
    vec![
        row(
            "fieldassay",
            env!("CARGO_PKG_VERSION"),
            &format!(
                "`fieldassay traj {} REF EST {}`",
                what.measure,
                options(what.ours)
            ),
        ),
        row(
            "evo",
            EVO,
            &format!("`{name} kitti REF EST {}`", options(what.theirs)),
        ),
    ]
}

fn commands(what: &Commands<'_>, kitti: &Kitti, setting: &Setting<'_>) -> Result<Duel> {
    let files = [word(&kitti.reference), word(&kitti.estimate)];
    let words = |first: &[&str], rest: &[&str]| -> Vec<String> {
        let first = first.iter().map(|w| (*w).to_owned());
        let rest = rest.iter().map(|w| (*w).to_owned());
        first.chain(files.clone()).chain(rest).collect()
    };
    let ours = words(&["traj", what.measure, "--json"], what.ours);
    let theirs = words(&["kitti"], what.theirs);
    let name = format!("evo_{}", what.measure);
    let mut rows = contenders(what, &name);
    let mut largest_difference = 0.0_f64;
    let mut values = 0;
    for round in 0..what.rounds {
        let first = timed::run(&setting.programs.check, &ours, "fieldassay")?;
        let second = timed::run(&what.program, &theirs, &name)?;
        for (row, run) in rows.iter_mut().zip([&first, &second]) {
            println!(
                "round {} {:<12} {:>9.4} s",
                round + 1,
                row.name,
                run.seconds
            );
            row.seconds.push(run.seconds);
        }
        let document: Value = serde_json::from_str(&first.output)?;
        let printed = table(&second.output);
        values = printed.len();
        for (statistic, theirs) in printed {
            let ours = document["stats"][&statistic]["estimate"].as_f64();
            let ours = ours.with_context(|| format!("no `{statistic}` in our document"))?;
            let off = (ours - theirs).abs();
            if off > PRINTED {
                bail!("`{statistic}` is `{ours}` here and `{theirs}` in evo");
            }
            largest_difference = largest_difference.max(off);
        }
    }
    if values == 0 {
        bail!("`{name}` printed no table");
    }
    Ok(Duel {
        part: "paths".to_owned(),
        title: what.title.to_owned(),
        aim: what.aim,
        note: "Whole processes, files read anew; evo prints six decimals.".to_owned(),
        result: KernelResult {
            command: setting.command.clone(),
            machine: machine(),
            input: "KITTI odometry 00: ground truth and an ORB-SLAM estimate of 4,541 poses each"
                .to_owned(),
            rows,
            values,
            largest_difference,
        },
    })
}

/// Statistics of evo's table, `name<tab>value`.
fn table(output: &str) -> Vec<(String, f64)> {
    let row = |line: &str| {
        let (name, value) = line.split_once('\t')?;
        Some((name.trim().to_owned(), value.trim().parse().ok()?))
    };
    output.lines().filter_map(row).collect()
}

/// Many estimates against one reference: our whole process against evo's without its imports.
fn many(kitti: &Kitti, python: &Path, setting: &Setting<'_>) -> Result<Duel> {
    let estimates = estimates(kitti, &setting.place)?;
    let script = root().join("bench/peers/evo_many.py");
    let mut ours = ["traj", "ape", "--json", "--align", "se3"]
        .map(str::to_owned)
        .to_vec();
    let mut theirs = vec![word(&script)];
    for words in [&mut ours, &mut theirs] {
        words.push(word(&kitti.reference));
        words.extend(estimates.iter().map(|path| word(path)));
    }
    let mut rows = vec![
        row(
            "fieldassay",
            env!("CARGO_PKG_VERSION"),
            "`fieldassay traj ape REF EST… --align se3`, whole process",
        ),
        row(
            "evo",
            EVO,
            "read, `align`, `APE.process_data` in a loop, without imports",
        ),
    ];
    let mut largest_difference = 0.0_f64;
    for round in 0..setting.slow_rounds {
        let first = timed::run(&setting.programs.check, &ours, "fieldassay")?;
        let second = timed::run(python, &theirs, "evo")?;
        let document: Value = serde_json::from_str(&first.output)?;
        let printed: Value = serde_json::from_str(&second.output)?;
        let inner = printed["seconds"][0].as_f64();
        let inner = inner.context("the script says no seconds")?;
        for (row, seconds) in rows.iter_mut().zip([first.seconds, inner]) {
            println!("round {} {:<12} {:>9.4} s", round + 1, row.name, seconds);
            row.seconds.push(seconds);
        }
        for (path, theirs) in estimates
            .iter()
            .zip(printed["values"].as_array().context("no values")?)
        {
            let found = document["estimates"].as_array().into_iter().flatten();
            let mut found = found.filter(|entry| entry["estimate"] == word(path));
            let ours = found
                .next()
                .and_then(|entry| entry["stats"]["rmse"]["estimate"].as_f64());
            let (Some(ours), Some(theirs)) = (ours, theirs.as_f64()) else {
                bail!("`{}` was not measured", path.display());
            };
            let off = (ours - theirs).abs() / theirs.abs();
            if off > FULL {
                bail!("`{}`: `{ours}` here and `{theirs}` in evo", path.display());
            }
            largest_difference = largest_difference.max(off);
        }
    }
    Ok(Duel {
        part: "paths".to_owned(),
        title: format!("{SEQUENCES} sequences in one process"),
        aim: 10.0,
        note: "Our time is that of the whole process; evo's leaves out starting Python and its imports.".to_owned(),
        result: KernelResult {
            command: setting.command.clone(),
            machine: machine(),
            input: format!("KITTI odometry 00 and {SEQUENCES} estimates of 4,541 poses: the ORB-SLAM estimate with noise of up to 5 cm on its positions"),
            rows,
            values: SEQUENCES,
            largest_difference,
        },
    })
}

/// Estimates with noise of their own on the positions, made anew so that they are what this code makes.
fn estimates(kitti: &Kitti, place: &Path) -> Result<Vec<PathBuf>> {
    let text = std::fs::read_to_string(&kitti.estimate)?;
    let mut random = Random::new(3);
    (0..SEQUENCES)
        .map(|index| {
            let path = place.join(format!("estimate-{index:03}.txt"));
            std::fs::write(&path, with_noise(&text, &mut random)?)?;
            Ok(path)
        })
        .collect()
}

fn with_noise(text: &str, random: &mut Random) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        for (column, cell) in line.split_whitespace().enumerate() {
            let separator = if column == 0 { "" } else { " " };
            if matches!(column, 3 | 7 | 11) {
                let moved = cell.parse::<f64>()? + 0.1 * random.centered();
                write!(out, "{separator}{moved:.6}")?;
            } else {
                write!(out, "{separator}{cell}")?;
            }
        }
        out.push('\n');
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_evo_is_read() {
        let printed = "APE w.r.t. translation part (m)\n(not aligned)\n\n       max\t3.587949\n      rmse\t1.303450\n\n";
        let found = table(printed);
        assert_eq!(found.len(), 2);
        assert!(found[1].0 == "rmse" && (found[1].1 - 1.303_45).abs() < 1e-12);
    }

    #[test]
    fn noise_moves_positions_alone() {
        let text = "1 0 0 4 0 1 0 5 0 0 1 6\n";
        let moved = with_noise(text, &mut Random::new(1)).expect("numbers");
        let cells: Vec<f64> = moved
            .split_whitespace()
            .map(|c| c.parse().unwrap())
            .collect();
        for (column, (a, b)) in cells
            .iter()
            .zip([1.0, 0.0, 0.0, 4.0, 0.0, 1.0, 0.0, 5.0, 0.0, 0.0, 1.0, 6.0])
            .enumerate()
        {
            let off = (a - b).abs();
            assert!(
                off <= 0.05 && (off == 0.0) != matches!(column, 3 | 7 | 11),
                "{moved}"
            );
        }
    }
}
