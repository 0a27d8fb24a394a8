//! The workspace against programs that do a part of its work: copying and hashing, DVC, `DuckDB` and Polars, Python.
//!
//! Read [`COURSE`] first: a part makes its inputs, which are kept for the next race but for the recordings of the first
//! ingest. Programs whose verbs are whole processes run by [`duel`]; those that time themselves by [`timing`].
//!
//! Not here: how a race runs and is kept ([`super::measure`]).

use super::kernels::{KernelResult, KernelRow};
use super::measure::timing::{Peer, Race, difference, numbers, race};
use super::measure::{Course, Duel, Part, Setting, row, section, word};
use super::{SEED, machine, median, timed};
use crate::released::{environment, environment_of};
use crate::shell::root;
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The race of the workspace.
pub(super) const COURSE: Course = Course {
    verb: "store",
    build: "cargo build --release --package fieldassay --bin fieldassay --features fieldassay/platform --package fieldassay-query --bin store",
    rounds: 5,
    parts: &[
        Part {
            name: "ingest",
            run: ingest,
        },
        Part {
            name: "again",
            run: again,
        },
        Part {
            name: "sql",
            run: sql,
        },
        Part {
            name: "topic",
            run: topic,
        },
    ],
    section: under,
};

/// Times the time of a peer that ours may take at most is written as the share of our time it takes at least.
const INGEST_AIM: f64 = 1.0 / 1.3;
const SQL_AIM: f64 = 1.0 / 1.5;
const FASTER_AIM: f64 = 20.0;
/// What makes inputs and asks for SQL.
const PROGRAM: &str = "store";
/// Threads of whoever answers SQL.
const THREADS: &str = "2";
const DUCKDB: &str = "2.0.0";
const POLARS: &str = "2.1.0";
const DVC: &str = "3.67.1";
const MCAP_FAST: &str = "0.8.0";
/// What reads files for it.
const MCAP_FAST_NEEDS: [&str; 2] = ["small-mcap==0.16.0", "zstandard==0.25.0"];
/// Relative errors of sums in another order.
const SAME: f64 = 1e-9;

/// How long, at which peak of memory, with which numbers.
pub(super) type Done = (f64, u64, Vec<f64>);

/// A program with all it needs for a round.
pub(super) struct Entrant<'a> {
    pub(super) row: KernelRow,
    /// Makes ready untimed, and runs.
    pub(super) run: Box<dyn FnMut() -> Result<Done> + 'a>,
}

/// What is said of a duel.
pub(super) struct About<'a> {
    pub(super) part: &'a str,
    pub(super) title: &'a str,
    pub(super) aim: f64,
    pub(super) note: &'a str,
    pub(super) input: String,
}

/// Runs all in turn, ours first, and compares their numbers. What one of them left to be written is written before the next.
pub(super) fn duel(
    about: About<'_>,
    mut entrants: Vec<Entrant<'_>>,
    setting: &Setting<'_>,
) -> Result<Duel> {
    let (mut values, mut largest_difference) = (0, 0.0_f64);
    for round in 0..setting.rounds {
        let mut ours: Option<Vec<f64>> = None;
        for Entrant { row, run } in &mut entrants {
            settle()?;
            let (seconds, peak, found) = run()?;
            println!("round {} {:<24} {seconds:>9.3} s", round + 1, row.name);
            row.seconds.push(seconds);
            row.peak_anon_bytes = row.peak_anon_bytes.max(peak);
            let ours = ours.get_or_insert_with(|| found.clone());
            values = ours.len();
            largest_difference = largest_difference.max(difference(ours, &found, SAME)?);
        }
    }
    Ok(Duel {
        part: about.part.to_owned(),
        title: about.title.to_owned(),
        aim: about.aim,
        note: about.note.to_owned(),
        result: KernelResult {
            command: setting.command.clone(),
            machine: machine(),
            input: about.input,
            rows: entrants.into_iter().map(|entrant| entrant.row).collect(),
            values,
            largest_difference,
        },
    })
}

/// All duels under their heading.
pub(super) fn sections(duels: &[Duel]) -> Result<String> {
    chapter(
        "Workspace",
        "Made by `cargo xtask race store`; `--only ingest,again,sql,topic` runs some of the parts and `--quick` all of them on small inputs. Where ours may take at most 1.3 or 1.5 times the time of others, they have to take at least 0.77 or 0.67 times ours. Peak anonymous memory leaves out files that are mapped.",
        duels,
    )
}

/// A heading, what stands below it, and the duels; nothing where there are none.
pub(super) fn chapter(title: &str, about: &str, duels: &[Duel]) -> Result<String> {
    let mut page = String::new();
    if duels.is_empty() {
        return Ok(page);
    }
    writeln!(page, "\n## {title}\n\n{about}")?;
    for duel in duels {
        page.push_str(&under(duel)?);
    }
    Ok(page)
}

/// A duel under a heading of its own.
pub(super) fn under(duel: &Duel) -> Result<String> {
    Ok(section(duel)?.replacen("\n## ", "\n### ", 1))
}

/// The same with as few rounds as those have that take long.
fn slow<'a>(setting: &Setting<'a>) -> Setting<'a> {
    Setting {
        rounds: setting.rounds.min(setting.slow_rounds),
        place: setting.place.clone(),
        command: setting.command.clone(),
        ..*setting
    }
}

pub(super) fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|one| (*one).to_owned()).collect()
}

pub(super) fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)
            .with_context(|| format!("`{}` cannot be removed", folder.display()))?;
    }
    Ok(())
}

/// Makes an input once, under another name until it is whole.
fn once(path: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    let part = path.with_extension("part");
    if part.is_dir() {
        remove(&part)?;
    }
    println!("making {}", path.display());
    make(&part)?;
    std::fs::rename(&part, path)?;
    Ok(())
}

/// Files of a folder, sorted.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?;
    let files: std::io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut files = files?;
    files.sort();
    Ok(files)
}

fn size_of_all(files: &[PathBuf]) -> Result<u64> {
    files.iter().map(|file| super::size(file)).sum()
}

/// Our program making inputs.
fn made_by_store(setting: &Setting<'_>, verb: &str, path: &Path, count: u64) -> Result<()> {
    let program = setting.programs.release.join(PROGRAM);
    let arguments = words(&[verb, &word(path), &count.to_string()]);
    // It says nothing when all is well.
    let status = std::process::Command::new(program)
        .args(arguments)
        .status()?;
    if !status.success() {
        bail!("`store {verb}` failed ({status})");
    }
    Ok(())
}

/// A row of ours without rounds.
fn own(does: &str) -> KernelRow {
    row("fieldassay", env!("CARGO_PKG_VERSION"), does)
}

/// A fresh workspace, and what the program says of an ingest into it.
pub(super) struct Workspace {
    program: PathBuf,
    pub(super) folder: PathBuf,
}

impl Workspace {
    pub(super) fn new(setting: &Setting<'_>, name: &str) -> Result<Self> {
        let made = Self {
            program: setting.programs.check.clone(),
            folder: setting.place.join(name),
        };
        made.renew()?;
        Ok(made)
    }

    fn renew(&self) -> Result<()> {
        remove(&self.folder)?;
        timed::run(
            &self.program,
            &words(&["init", &word(&self.folder)]),
            "init",
        )?;
        Ok(())
    }

    pub(super) fn ingest(&self, inputs: &Path) -> Result<(timed::Run, Value)> {
        self.told(&["ingest", &word(inputs), "--json"])
    }

    /// Runs a verb and reads its document.
    pub(super) fn told(&self, arguments: &[&str]) -> Result<(timed::Run, Value)> {
        let run = self.run(arguments)?;
        let document = serde_json::from_str(&run.output)
            .with_context(|| format!("`{}` printed no JSON", arguments.join(" ")))?;
        Ok((run, document))
    }

    fn run(&self, arguments: &[&str]) -> Result<timed::Run> {
        let verb = arguments.first().copied().unwrap_or_default();
        let mut all = words(arguments);
        all.extend(["--workspace".to_owned(), word(&self.folder)]);
        timed::run(&self.program, &all, verb)
    }
}

/// How many inputs were there already, by the last line an ingest writes.
fn counted_present(output: &str) -> Result<usize> {
    let last = output.lines().last().unwrap_or_default();
    let words: Vec<&str> = last.split([' ', ',']).collect();
    let count = words.windows(2).find_map(|pair| match pair {
        [count, "present"] => Some(count),
        _ => None,
    });
    let count = count.with_context(|| format!("`{last}` counts nothing as present"))?;
    Ok(count.parse()?)
}

/// How many inputs have a status.
fn with_status(document: &Value, status: &str) -> usize {
    let inputs = document["inputs"].as_array().into_iter().flatten();
    inputs.filter(|input| input["status"] == status).count()
}

/// Bytes the workspace did not have before.
fn added_bytes(document: &Value) -> u64 {
    let inputs = document["inputs"].as_array().into_iter().flatten();
    inputs
        .filter_map(|input| input["added_bytes"].as_u64())
        .sum()
}

/// A folder of simulated drives.
pub(super) fn drives(setting: &Setting<'_>, count: u64, bytes: u64) -> Result<PathBuf> {
    let inputs = setting.place.join(format!("recordings-{count}x{bytes}"));
    once(&inputs, |folder| {
        std::fs::create_dir_all(folder)?;
        for number in 0..count {
            let file = word(&folder.join(format!("drive-{number:02}.mcap")));
            let (seed, bytes) = ((SEED + number).to_string(), bytes.to_string());
            let arguments = words(&["simulate", &file, "--seed", &seed, "--mixed-bytes", &bytes]);
            timed::run(&setting.programs.check, &arguments, "simulate")?;
            // What was put in is not what the ingest is told.
            std::fs::remove_file(folder.join(format!("drive-{number:02}.truth.json")))?;
        }
        Ok(())
    })?;
    Ok(inputs)
}

/// What was not written yet is written, so that nobody pays for what others did.
pub(super) fn settle() -> Result<()> {
    timed::run(Path::new("sh"), &words(&["-c", "sync; echo"]), "sync")?;
    Ok(())
}

/// Copies, hashes and syncs the files of a folder; the numbers are how many there are and their bytes.
fn copied(inputs: &Path, copies: &Path) -> Result<Done> {
    remove(copies)?;
    std::fs::create_dir_all(copies)?;
    settle()?;
    let script = r#"cp "$1"/* "$2" && openssl dgst -sha256 "$1"/* && sync "$2"/* "$2""#;
    let arguments = words(&["-c", script, "sh", &word(inputs), &word(copies)]);
    let run = timed::run(Path::new("sh"), &arguments, "cp")?;
    let digests = run.output.lines().count() as f64;
    let bytes = size_of_all(&files_of(copies)?)? as f64;
    Ok((run.seconds, run.peak_anon_bytes, vec![digests, bytes]))
}

/// A first ingest against copying, hashing and syncing the same files.
fn ingest(setting: &Setting<'_>) -> Result<Vec<Duel>> {
    let (count, bytes) = if setting.is_quick {
        (4, 16_000_000)
    } else {
        (4, 500_000_000)
    };
    let inputs = drives(setting, count, bytes)?;
    let workspace = Workspace::new(setting, "workspace")?;
    let copies = setting.place.join("copies");
    let size = size_of_all(&files_of(&inputs)?)?;
    let ours = || {
        workspace.renew()?;
        settle()?;
        let (run, document) = workspace.ingest(&inputs)?;
        let added = with_status(&document, "added") as f64;
        let bytes = added_bytes(&document) as f64;
        Ok((run.seconds, run.peak_anon_bytes, vec![added, bytes]))
    };
    let theirs = || copied(&inputs, &copies);
    let found = duel(
        About {
            part: "ingest",
            title: "First ingest",
            aim: INGEST_AIM,
            note: "Ours checks every recording with the default checks, makes two digests, copies, syncs, and writes and publishes its tables. Compared are how many files were added and their bytes.",
            input: format!(
                "{count} simulated drives with three cameras, a LiDAR and an IMU, {:.0} MB, from a warm cache into an empty workspace",
                size as f64 / 1e6
            ),
        },
        vec![
            Entrant {
                row: own("`fieldassay ingest DIR --json`"),
                run: Box::new(ours),
            },
            Entrant {
                row: row(
                    "coreutils and openssl",
                    "of the system",
                    "`cp`, `openssl dgst -sha256`, `sync` of the copies",
                ),
                run: Box::new(theirs),
            },
        ],
        setting,
    )?;
    for folder in [&workspace.folder, &copies, &inputs] {
        remove(folder)?;
    }
    Ok(vec![found])
}

/// An ingest of what is there already against DVC.
fn again(setting: &Setting<'_>) -> Result<Vec<Duel>> {
    let count = if setting.is_quick { 500 } else { 10_000 };
    let project = setting.place.join("dvc");
    remove(&project)?;
    std::fs::create_dir_all(&project)?;
    // DVC takes only what is in its folder.
    let inputs = project.join("drives");
    made_by_store(setting, "recordings", &inputs, count)?;
    let workspace = Workspace::new(setting, "workspace")?;
    let (first, document) = workspace.ingest(&inputs)?;
    let added = with_status(&document, "added");
    if u64::try_from(added)? != count {
        bail!("`{added}` of {count} recordings were added");
    }
    println!("first ingest: {:.1} s", first.seconds);
    let dvc = environment("dvc", DVC)?.join("bin/dvc");
    let script = r#"cd "$1" && DVC_NO_ANALYTICS=1 "$2" $3 && echo done"#;
    let call = |what: &str| {
        let arguments = words(&["-c", script, "sh", &word(&project), &word(&dvc), what]);
        timed::run(Path::new("sh"), &arguments, what)
    };
    call("init --no-scm --quiet")?;
    call("add --quiet drives")?;
    let ours = || {
        let run = workspace.run(&["ingest", &word(&inputs)])?;
        let present = counted_present(&run.output)? as f64;
        Ok((run.seconds, run.peak_anon_bytes, vec![present]))
    };
    let ours_listed = || {
        let (run, document) = workspace.ingest(&inputs)?;
        let present = with_status(&document, "present") as f64;
        Ok((run.seconds, run.peak_anon_bytes, vec![present]))
    };
    let theirs = || {
        let run = call("add --quiet drives")?;
        let told = std::fs::read_to_string(project.join("drives.dvc"))?;
        let files = told
            .lines()
            .find_map(|line| line.trim().strip_prefix("nfiles: "));
        let files = files.context("`drives.dvc` does not say how many files there are")?;
        Ok((run.seconds, run.peak_anon_bytes, vec![files.parse()?]))
    };
    let found = duel(
        About {
            part: "again",
            title: "Ingest again, nothing changed",
            aim: FASTER_AIM,
            note: "Whole processes; both go by size, modification time and inode. Compared is how many files are there. Neither names every file, but ours with `--json`, which writes some 5 MB.",
            input: format!("a folder of {count} small recordings that both have already"),
        },
        vec![
            Entrant {
                row: own("`fieldassay ingest DIR`"),
                run: Box::new(ours),
            },
            Entrant {
                row: own("`fieldassay ingest DIR --json`"),
                run: Box::new(ours_listed),
            },
            Entrant {
                row: row("dvc", DVC, "`dvc add DIR`"),
                run: Box::new(theirs),
            },
        ],
        setting,
    )?;
    remove(&project)?;
    remove(&workspace.folder)?;
    Ok(vec![found])
}

const SQL_PEERS: [Peer; 2] = [
    Peer {
        package: "duckdb",
        version: DUCKDB,
        word: "duckdb",
        runs: 3,
        does: "`read_parquet`, the same SQL, 2 threads",
    },
    Peer {
        package: "polars",
        version: POLARS,
        word: "polars",
        runs: 3,
        does: "`scan_parquet`, streaming, 2 threads",
    },
];

/// Questions by the name of their file, with what they ask for.
const QUESTIONS: [(&str, &str); 5] = [
    ("count", "Objects by category"),
    (
        "nearest",
        "Nearest distance to the ego by recording and category",
    ),
    ("tracks", "Tracks longer than 5 s"),
    (
        "speed",
        "99th percentile of speed by category and recording",
    ),
    (
        "intervals",
        "Join of objects with intervals by recording and time",
    ),
];

/// SQL over objects against `DuckDB` and Polars, on the same files.
fn sql(setting: &Setting<'_>) -> Result<Vec<Duel>> {
    let rows: u64 = if setting.is_quick {
        2_000_000
    } else {
        50_000_000
    };
    let folder = setting.place.join(format!("objects-{rows}"));
    once(&folder, |folder| {
        made_by_store(setting, "objects", folder, rows)
    })?;
    let mut files = files_of(&folder.join("tables/objects"))?;
    files.retain(|file| file.is_file());
    let bytes = size_of_all(&files)?;
    let setting = &slow(setting);
    let ask = |(question, title): (&str, &str)| {
        let what = Race {
            part: "sql",
            title,
            aim: SQL_AIM,
            same: SAME,
            note: "Every run is a new session over the same Parquet files.",
            input: format!(
                "{rows} rows of `objects` as the store writes them, {:.0} MB of Parquet from a warm cache; `bench/store/{question}.sql`",
                bytes as f64 / 1e6
            ),
            program: PROGRAM,
            verb: "sql",
            does: "a session of `query`, 2 threads, at most 4 GiB",
            script: "bench/peers/store_sql.py",
            files: vec![
                folder.clone(),
                root().join(format!("bench/store/{question}.sql")),
            ],
            settings: &[THREADS],
            peers: &SQL_PEERS,
        };
        race(&what, setting)
    };
    QUESTIONS.into_iter().map(ask).collect()
}

/// Python with what reads recordings fastest.
fn mcap_fast() -> Result<PathBuf> {
    let package = format!("mcap-ros2-support-fast=={MCAP_FAST}");
    let [reader, chunks] = MCAP_FAST_NEEDS;
    let environment = environment_of("mcap-ros2-support-fast", &[&package, reader, chunks])?;
    Ok(environment.join("bin/python"))
}

/// The mean and how many there are, in the time the script says.
fn mean_in_python(python: &Path, file: &Path) -> Result<Done> {
    let script = word(&root().join("bench/peers/store_topic.py"));
    let arguments = words(&[&script, &word(file), "/imu", "1"]);
    let run = timed::run(python, &arguments, "python")?;
    let printed: Value = serde_json::from_str(&run.output).context("no JSON was printed")?;
    let seconds = median(&numbers(&printed["seconds"]));
    Ok((seconds, run.peak_anon_bytes, numbers(&printed["values"])))
}

/// The mean of a field of a topic against Python.
fn topic(setting: &Setting<'_>) -> Result<Vec<Duel>> {
    let messages: u64 = if setting.is_quick { 50_000 } else { 1_000_000 };
    let file = setting.place.join(format!("imu-{messages}.mcap"));
    once(&file, |file| {
        made_by_store(setting, "topic", file, messages)
    })?;
    let workspace = Workspace::new(setting, "workspace")?;
    let (_, document) = workspace.ingest(&file)?;
    let id = document["inputs"][0]["recording_id"].as_str();
    let id = id.context("the recording has no id")?;
    let question = format!(
        "SELECT avg(\"linear_acceleration.z\") AS mean, count(*) AS n FROM read_topic('{id}', '/imu')"
    );
    let ours = || {
        let folder = word(&workspace.folder);
        let arguments = words(&[
            "query",
            &question,
            "--workspace",
            &folder,
            "--format",
            "json",
        ]);
        let run = timed::run(&workspace.program, &arguments, "query")?;
        let rows: Value = serde_json::from_str(&run.output).context("`query` printed no JSON")?;
        let values = ["mean", "n"].map(|name| rows[0][name].as_f64().unwrap_or(f64::NAN));
        Ok((run.seconds, run.peak_anon_bytes, values.to_vec()))
    };
    let python = mcap_fast()?;
    let theirs = || mean_in_python(&python, &file);
    let setting = &slow(setting);
    let found = duel(
        About {
            part: "topic",
            title: "Mean of one field of a topic",
            aim: FASTER_AIM,
            note: "Our time is that of the whole process; theirs leaves out starting Python and its imports.",
            input: format!("{messages} messages of `sensor_msgs/msg/Imu`, CDR, in chunks of zstd"),
        },
        vec![
            Entrant {
                row: own("`fieldassay query` of `avg` over `read_topic`"),
                run: Box::new(ours),
            },
            Entrant {
                row: row(
                    "mcap-ros2-support-fast",
                    MCAP_FAST,
                    "`read_message_decoded` in a loop",
                ),
                run: Box::new(theirs),
            },
        ],
        setting,
    )?;
    remove(&workspace.folder)?;
    Ok(vec![found])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_made_once_and_only_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("input");
        let failed = once(&path, |part| {
            std::fs::write(part, "half")?;
            bail!("interrupted")
        });
        assert!(failed.is_err() && !path.exists());
        once(&path, |part| Ok(std::fs::write(part, "whole")?)).expect("made");
        once(&path, |_| bail!("made twice")).expect("there already");
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), "whole");
    }

    #[test]
    fn inputs_are_counted_by_their_status() {
        let document = serde_json::json!({"inputs": [
            {"status": "added", "added_bytes": 5}, {"status": "present", "added_bytes": 0}, {"status": "added", "added_bytes": 7}
        ]});
        assert_eq!(
            (
                with_status(&document, "added"),
                with_status(&document, "failed")
            ),
            (2, 0)
        );
        assert_eq!(added_bytes(&document), 12);
    }
}
