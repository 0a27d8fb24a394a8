//! Races against released peers, side by side in one run.
//!
//! Read [`check`] first: it makes the inputs, runs every contender in turn, and writes the result
//! files and `docs/performance.md`. [`contender`] says who runs and how, [`kernels`] races single
//! computations, [`measure`] the measures, [`store`] the workspace,
//! [`release`] releases, [`timed`] measures one run, [`results`] keeps what was found, [`page`] renders.

mod contender;
mod kernels;
mod measure;
mod page;
mod release;
mod results;
mod store;
mod timed;

use crate::released::cache;
use crate::shell::{Step, Words, root};
use anyhow::{Context as _, Result, bail};
use contender::Contender;
use results::{Input, Memory, RaceResult, Row, median};
use std::path::{Path, PathBuf};

/// Bytes of the recording with cameras that is raced over.
const MIXED_BYTES: u64 = 320_000_000;
/// Messages of the input that is raced over; the longer one has ten times as many.
const MESSAGES: u64 = 1_000_000;
/// Runs of our own programs and of peers that take seconds.
const RUNS: usize = 5;
/// Runs of peers that take minutes.
const SLOW_RUNS: usize = 3;
/// Seed of the inputs: from the range whose figures are quoted.
const SEED: u64 = 10_000;

/// A part of the race, by the name `--only` knows it by and its result file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Many small messages, beside released peers.
    Messages,
    /// Cameras, LiDAR and IMU.
    Mixed,
    /// A first look at an image.
    Image,
    /// Allan deviation of a long series.
    Allan,
}

impl Part {
    const ALL: [Self; 4] = [Self::Messages, Self::Mixed, Self::Image, Self::Allan];

    fn name(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Mixed => "mixed",
            Self::Image => "image",
            Self::Allan => "allan",
        }
    }

    /// The file of its committed result.
    fn path(self) -> PathBuf {
        let name = match self {
            Self::Messages => "check",
            other => other.name(),
        };
        root().join(format!("bench/results/{name}.json"))
    }
}

/// What to do, from the arguments.
struct Plan {
    runs: usize,
    slow_runs: usize,
    messages: u64,
    /// Bytes of the recording with cameras.
    mixed_bytes: u64,
    /// Rounds of single computations, where not the usual.
    kernel_rounds: Option<usize>,
    /// Whether the input of ten times the length is measured.
    long: bool,
    /// Whether results are written to the repository.
    write: bool,
    /// Whether a recording with cameras that is there already is taken.
    reuse: bool,
    parts: Vec<Part>,
    /// Only these contenders, and ours.
    only: Vec<String>,
}

impl Plan {
    fn has(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    /// The command that repeats it.
    fn command(&self) -> String {
        let names: Vec<&str> = self.parts.iter().map(|part| part.name()).collect();
        if names.len() == Part::ALL.len() {
            return "cargo xtask race check".to_owned();
        }
        format!("cargo xtask race check --only {}", names.join(","))
    }
}

/// `race check [--only PART,…|PEER,…] [--runs N] [--slow-runs N] [--messages N] [--mixed-bytes N]
/// [--kernel-rounds N] [--no-long] [--reuse] [--dry]` with the parts `messages`, `mixed`, `image`
/// and `allan`; `race measure …`, `race store …` and `race release …` as [`measure::run`] reads them; or `race page` to render the page from the committed
/// results.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    match arguments.split_first() {
        Some((what, rest)) if what == "check" => check(&plan(rest)?),
        Some((what, rest)) if what == "measure" => measure::run(&measure::COURSE, rest),
        Some((what, rest)) if what == "store" => measure::run(&store::COURSE, rest),
        Some((what, rest)) if what == "release" => measure::run(&release::COURSE, rest),
        Some((what, [])) if what == "page" => page::write(&results::read()?),
        _ => bail!(
            "say which race: `cargo xtask race check`, `cargo xtask race measure`, `cargo xtask race store`, `cargo xtask race release`, or `cargo xtask race page`"
        ),
    }
}

fn plan(arguments: &[String]) -> Result<Plan> {
    let mut plan = Plan {
        runs: RUNS,
        slow_runs: SLOW_RUNS,
        messages: MESSAGES,
        mixed_bytes: MIXED_BYTES,
        kernel_rounds: None,
        long: true,
        write: true,
        reuse: false,
        parts: Vec::new(),
        only: Vec::new(),
    };
    let mut words = Words::new(arguments);
    while let Some(flag) = words.next() {
        let mut value = || words.value(flag);
        match flag {
            "--runs" => plan.runs = value()?.parse()?,
            "--slow-runs" => plan.slow_runs = value()?.parse()?,
            "--messages" => plan.messages = value()?.parse()?,
            "--mixed-bytes" => plan.mixed_bytes = value()?.parse()?,
            "--kernel-rounds" => plan.kernel_rounds = Some(value()?.parse()?),
            "--only" => {
                for name in value()?.split(',') {
                    match Part::ALL.into_iter().find(|part| part.name() == name) {
                        Some(part) => plan.parts.push(part),
                        None => plan.only.push(name.to_owned()),
                    }
                }
            }
            "--no-long" => plan.long = false,
            "--reuse" => plan.reuse = true,
            "--dry" => plan.write = false,
            other => bail!("`race check` does not know `{other}`"),
        }
    }
    if let Some(name) = plan.only.iter().find(|name| !contender::is_peer(name)) {
        bail!("`{name}` is neither a peer nor one of messages, mixed, image, allan");
    }
    if !plan.only.is_empty() && !plan.has(Part::Messages) {
        plan.parts.push(Part::Messages);
    }
    if plan.parts.is_empty() {
        plan.parts = Part::ALL.to_vec();
    }
    Ok(plan)
}

/// A folder for inputs, and the lock without which two races at once would measure each other.
fn alone() -> Result<(PathBuf, std::fs::File)> {
    let place = cache()?.join("race");
    std::fs::create_dir_all(&place)?;
    let lock = std::fs::File::create(place.join("lock"))?;
    if lock.try_lock().is_err() {
        bail!("another race is running; hint: wait for it, they would slow each other down");
    }
    Ok((place, lock))
}

/// Runs the parts asked for.
fn check(plan: &Plan) -> Result<()> {
    let (place, _alone) = alone()?;
    let programs = build(BUILD)?;
    if plan.has(Part::Messages) {
        let found = messages(&programs, &place, plan)?;
        println!("\n{}", page::messages(&found)?);
        results::keep(plan, Part::Messages, &found)?;
    }
    if plan.has(Part::Mixed) {
        let found = mixed(&programs, &place, plan)?;
        println!("\n{}", page::mixed(&found)?);
        results::keep(plan, Part::Mixed, &found)?;
    }
    if plan.has(Part::Image) {
        let found = kernels::image(&programs, &place, plan)?;
        println!("\n{}", page::image(&found)?);
        results::keep(plan, Part::Image, &found)?;
    }
    if plan.has(Part::Allan) {
        let found = kernels::allan(&programs, &place, plan)?;
        println!("\n{}", page::allan(&found)?);
        results::keep(plan, Part::Allan, &found)?;
    }
    if plan.write {
        page::write(&results::read()?)?;
    }
    Ok(())
}

/// Many small messages: everybody who reads recordings.
fn messages(programs: &Programs, place: &Path, plan: &Plan) -> Result<RaceResult> {
    let input = simulate(programs, place, plan.messages)?;
    let mut contenders = contender::ours(programs, &input, place);
    for peer in contender::peers(&input, place)? {
        if plan.only.is_empty() || plan.only.contains(&peer.name) {
            contenders.push(peer);
        }
    }
    let rows = race(&mut contenders, plan)?;
    let mut memory = vec![memory_of(&rows, &input, plan.messages)?];
    if plan.long {
        let messages = plan.messages * 10;
        let long = simulate(programs, place, messages)?;
        memory.push(measure_memory(programs, &long, place, messages)?);
        std::fs::remove_file(&long)?;
    }
    Ok(RaceResult {
        command: plan.command(),
        machine: machine(),
        input: Input {
            messages: plan.messages,
            bytes: size(&input)?,
            seed: SEED,
        },
        rows,
        memory,
    })
}

/// Cameras, LiDAR and IMU: `check` at its default sampling and the bare scan.
fn mixed(programs: &Programs, place: &Path, plan: &Plan) -> Result<RaceResult> {
    let input = place.join(format!("mixed-{}.mcap", plan.mixed_bytes));
    if !(plan.reuse && input.is_file()) {
        let arguments = [
            "simulate",
            &input.to_string_lossy(),
            "--force",
            "--seed",
            &SEED.to_string(),
            "--mixed-bytes",
            &plan.mixed_bytes.to_string(),
        ]
        .map(str::to_owned);
        let run = timed::run(&programs.check, &arguments, "simulate")?;
        println!("rendered {} in {:.1} s", input.display(), run.seconds);
    }
    let mut contenders = contender::ours(programs, &input, place);
    let rows = race(&mut contenders, plan)?;
    let messages = rows.first().and_then(|row| row.messages);
    let messages = messages.context("`check` does not say how many messages it read")?;
    Ok(RaceResult {
        command: plan.command(),
        machine: machine(),
        input: Input {
            messages,
            bytes: size(&input)?,
            seed: SEED,
        },
        memory: vec![memory_of(&rows, &input, messages)?],
        rows,
    })
}

/// Runs the contenders in turn, round after round, so that drift of the machine hits all alike.
fn race(contenders: &mut [Contender], plan: &Plan) -> Result<Vec<Row>> {
    let mut rows: Vec<Row> = contenders.iter().map(Contender::row).collect();
    for contender in contenders.iter_mut() {
        contender.prepare()?;
    }
    let is_slow = contenders.iter().any(|contender| contender.slow);
    let rounds = plan.runs.max(if is_slow { plan.slow_runs } else { 0 });
    for round in 0..rounds {
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
    kernels: PathBuf,
    /// The folder of release builds.
    release: PathBuf,
}

/// In one command, so that shared crates are compiled once with one set of features.
const BUILD: &str = "cargo build --release --package fieldassay --bin fieldassay --package fieldassay-engine --example bare_scan --example kernels --example people --example scores";

fn build(command: &str) -> Result<Programs> {
    Step::new(command).run()?;
    let metadata = Step::new("cargo metadata --format-version 1 --no-deps").output()?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    let target = metadata["target_directory"]
        .as_str()
        .context("`cargo metadata` names no target directory")?;
    let release = Path::new(target).join("release");
    Ok(Programs {
        check: release.join("fieldassay"),
        scan: release.join("examples/bare_scan"),
        kernels: release.join("examples/kernels"),
        release,
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

#[cfg(feature = "rooms")]
/// The page from the committed results; none while no race has been run.
pub(crate) fn rendered_page() -> Result<Option<String>> {
    if !Part::Messages.path().is_file() {
        return Ok(None);
    }
    page::render(&results::read()?).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_peers_are_told_apart() {
        let words = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        let some = plan(&words("--only mixed,allan")).expect("known parts");
        assert_eq!(some.parts, [Part::Mixed, Part::Allan]);
        assert_eq!(some.command(), "cargo xtask race check --only mixed,allan");
        let peer = plan(&words("--only baglint")).expect("a known peer");
        assert_eq!(peer.parts, [Part::Messages]);
        assert_eq!(plan(&[]).expect("no arguments").parts, Part::ALL);
        assert!(plan(&words("--only bagpipe")).is_err());
    }
}
