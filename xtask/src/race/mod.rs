//! Races against released peers, side by side in one run.
//!
//! Read [`check`] first: it makes the inputs, runs every contender in turn, and writes the result
//! file and `docs/performance.md`. [`contender`] says who runs and how, [`timed`] measures one
//! run, [`page`] renders. Not here: micro-benchmarks.

mod contender;
mod page;
mod timed;

use crate::shell::{Step, root};
use anyhow::{Context as _, Result, bail};
use contender::Contender;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Messages of the input that is raced over; the longer one has ten times as many.
const MESSAGES: u64 = 1_000_000;
/// Runs of our own programs and of peers that take seconds.
const RUNS: usize = 5;
/// Runs of peers that take minutes.
const SLOW_RUNS: usize = 3;
/// Seed of the inputs: from the range whose figures are quoted.
const SEED: u64 = 10_000;

/// What a race found: the committed result from which the page is rendered.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct RaceResult {
    /// The command that repeats it.
    command: String,
    /// Kind of machine: cores, memory, processor, system.
    machine: String,
    /// The input all contenders read.
    input: Input,
    /// One row per contender, ours first.
    rows: Vec<Row>,
    /// Peak anonymous memory of `fieldassay check` by length of the input.
    memory: Vec<Memory>,
}

/// An input file.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Input {
    messages: u64,
    bytes: u64,
    seed: u64,
}

/// One contender's runs.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    name: String,
    version: String,
    command: String,
    /// Wall time of each run in the order they ran.
    seconds: Vec<f64>,
    /// Largest anonymous memory seen in any run.
    peak_anon_bytes: u64,
    /// Messages it says it read; none where it does not say.
    messages: Option<u64>,
}

/// Peak anonymous memory over an input.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Memory {
    messages: u64,
    bytes: u64,
    peak_anon_bytes: u64,
    seconds: f64,
}

impl Row {
    /// Median wall time; of an even number of runs the mean of the middle two.
    fn median(&self) -> f64 {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        match (sorted.get(middle), sorted.len() % 2) {
            (None, _) => f64::NAN,
            (Some(upper), 1) => *upper,
            (Some(upper), _) => f64::midpoint(sorted[middle - 1], *upper),
        }
    }
}

/// What to do, from the arguments.
struct Plan {
    runs: usize,
    slow_runs: usize,
    messages: u64,
    /// Whether the input of ten times the length is measured.
    long: bool,
    /// Whether results are written to the repository.
    write: bool,
    /// Only these contenders, and ours.
    only: Vec<String>,
}

/// `race check [--runs N] [--slow-runs N] [--messages N] [--no-long] [--dry] [--only PEER]`,
/// or `race page` to render the page from the committed result.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    match arguments.split_first() {
        Some((what, rest)) if what == "check" => check(&plan(rest)?),
        Some((what, [])) if what == "page" => {
            page::write(&read_result()?)?;
            Ok(())
        }
        _ => bail!("say which race: `cargo xtask race check`, or `cargo xtask race page`"),
    }
}

fn plan(arguments: &[String]) -> Result<Plan> {
    let mut plan = Plan {
        runs: RUNS,
        slow_runs: SLOW_RUNS,
        messages: MESSAGES,
        long: true,
        write: true,
        only: Vec::new(),
    };
    let mut rest = arguments.iter();
    while let Some(flag) = rest.next() {
        let mut value = || {
            rest.next()
                .with_context(|| format!("`{flag}` needs a value"))
        };
        match flag.as_str() {
            "--runs" => plan.runs = value()?.parse()?,
            "--slow-runs" => plan.slow_runs = value()?.parse()?,
            "--messages" => plan.messages = value()?.parse()?,
            "--only" => plan.only.push(value()?.clone()),
            "--no-long" => plan.long = false,
            "--dry" => plan.write = false,
            other => bail!("`race check` does not know `{other}`"),
        }
    }
    Ok(plan)
}

/// Runs the whole race.
fn check(plan: &Plan) -> Result<()> {
    let place = cache()?.join("race");
    std::fs::create_dir_all(&place)?;
    // Two races at once would measure each other. The lock ends with the process.
    let lock = std::fs::File::create(place.join("lock"))?;
    if lock.try_lock().is_err() {
        bail!("another race is running; hint: wait for it, they would slow each other down");
    }
    let programs = build()?;
    let input = simulate(&programs, &place, plan.messages)?;
    let mut contenders = contender::ours(&programs, &input, &place);
    for peer in contender::peers(&cache()?.join("peers"), &input, &place)? {
        if plan.only.is_empty() || plan.only.contains(&peer.name) {
            contenders.push(peer);
        }
    }
    let rows = race(&mut contenders, plan)?;
    let mut memory = vec![memory_of(&rows, &input, plan.messages)?];
    if plan.long {
        let messages = plan.messages * 10;
        let long = simulate(&programs, &place, messages)?;
        memory.push(measure_memory(&programs, &long, &place, messages)?);
        std::fs::remove_file(&long)?;
    }
    let result = RaceResult {
        command: "cargo xtask race check".to_owned(),
        machine: machine(),
        input: Input {
            messages: plan.messages,
            bytes: size(&input)?,
            seed: SEED,
        },
        rows,
        memory,
    };
    println!("\n{}", page::render(&result)?);
    if plan.write {
        if let Some(folder) = result_path().parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(result_path(), serde_json::to_string_pretty(&result)? + "\n")?;
        page::write(&result)?;
    }
    Ok(())
}

/// Runs the contenders in turn, round after round, so that drift of the machine hits all alike.
fn race(contenders: &mut [Contender], plan: &Plan) -> Result<Vec<Row>> {
    let mut rows: Vec<Row> = contenders.iter().map(Contender::row).collect();
    for contender in contenders.iter_mut() {
        contender.prepare()?;
    }
    for round in 0..plan.runs.max(plan.slow_runs) {
        for (contender, row) in contenders.iter().zip(&mut rows) {
            let runs = if contender.slow {
                plan.slow_runs
            } else {
                plan.runs
            };
            if round >= runs {
                continue;
            }
            let run = timed::run(&contender.program, &contender.arguments, &contender.name)?;
            println!(
                "round {} {:<18} {:>9.3} s",
                round + 1,
                contender.name,
                run.seconds
            );
            row.seconds.push(run.seconds);
            row.peak_anon_bytes = row.peak_anon_bytes.max(run.peak_anon_bytes);
            row.messages = (contender.count)(&run.output);
        }
    }
    Ok(rows)
}

/// Our programs.
pub(crate) struct Programs {
    check: PathBuf,
    scan: PathBuf,
}

fn build() -> Result<Programs> {
    // In one command, so that shared crates are compiled once with one set of features.
    Step::new(
        "cargo build --release --package fieldassay --bin fieldassay --package fieldassay-engine --example bare_scan",
    )
    .run()?;
    let metadata = Step::new("cargo metadata --format-version 1 --no-deps").output()?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    let target = metadata["target_directory"]
        .as_str()
        .context("`cargo metadata` names no target directory")?;
    let release = Path::new(target).join("release");
    Ok(Programs {
        check: release.join("fieldassay"),
        scan: release.join("examples/bare_scan"),
    })
}

/// A drive of that many messages, made anew so that it is what today's simulator makes.
fn simulate(programs: &Programs, place: &Path, messages: u64) -> Result<PathBuf> {
    let path = place.join(format!("drive-{messages}.mcap"));
    let arguments: Vec<String> = ["simulate", &path.to_string_lossy(), "--force", "--seed"]
        .iter()
        .map(|word| (*word).to_owned())
        .chain([
            SEED.to_string(),
            "--messages".to_owned(),
            messages.to_string(),
        ])
        .collect();
    let run = timed::run(&programs.check, &arguments, "simulate")?;
    println!("made {messages} messages in {:.1} s", run.seconds);
    Ok(path)
}

fn memory_of(rows: &[Row], input: &Path, messages: u64) -> Result<Memory> {
    let ours = rows.first().context("no contender ran")?;
    Ok(Memory {
        messages,
        bytes: size(input)?,
        peak_anon_bytes: ours.peak_anon_bytes,
        seconds: ours.median(),
    })
}

fn measure_memory(
    programs: &Programs,
    input: &Path,
    place: &Path,
    messages: u64,
) -> Result<Memory> {
    let ours = contender::ours(programs, input, place);
    let check = ours.first().context("no contender is ours")?;
    let run = timed::run(&check.program, &check.arguments, "check, long input")?;
    println!(
        "check over {messages} messages: {:.2} s, peak {} bytes",
        run.seconds, run.peak_anon_bytes
    );
    Ok(Memory {
        messages,
        bytes: size(input)?,
        peak_anon_bytes: run.peak_anon_bytes,
        seconds: run.seconds,
    })
}

fn size(path: &Path) -> Result<u64> {
    Ok(std::fs::metadata(path)
        .with_context(|| format!("`{}` is not there", path.display()))?
        .len())
}

/// Where inputs and peers are kept between races: the user's cache.
fn cache() -> Result<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))
        .context("neither XDG_CACHE_HOME nor HOME is set")?;
    Ok(base.join("fieldassay"))
}

/// Cores, memory, processor and system of this machine.
fn machine() -> String {
    let field = |file: &str, key: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        text.lines()
            .find_map(|line| line.strip_prefix(key)?.split_once(':'))
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    };
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let kib: u64 = field("/proc/meminfo", "MemTotal")
        .trim_end_matches(" kB")
        .parse()
        .unwrap_or(0);
    let model = field("/proc/cpuinfo", "model name");
    format!(
        "{cores} cores ({model}), {} GiB, {} {}",
        kib.div_ceil(1 << 20),
        std::env::consts::OS,
        std::env::consts::ARCH
    )
}

fn result_path() -> PathBuf {
    root().join("bench/results/check.json")
}

fn read_result() -> Result<RaceResult> {
    let text = std::fs::read_to_string(result_path())
        .context("`bench/results/check.json` could not be read; run `cargo xtask race check`")?;
    Ok(serde_json::from_str(&text)?)
}

#[cfg(feature = "rooms")]
/// The page from the committed result; none while no race has been run.
pub(crate) fn rendered_page() -> Result<Option<String>> {
    if !result_path().is_file() {
        return Ok(None);
    }
    page::render(&read_result()?).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        let mut row = Row {
            name: String::new(),
            version: String::new(),
            command: String::new(),
            seconds: vec![3.0, 1.0, 2.0],
            peak_anon_bytes: 0,
            messages: None,
        };
        assert!((row.median() - 2.0).abs() < 1e-12);
        row.seconds.push(10.0);
        assert!((row.median() - 2.5).abs() < 1e-12);
        row.seconds.clear();
        assert!(row.median().is_nan());
    }
}
