//! Single computations against those of released libraries: both programs get the same file and
//! time themselves, in turn, round after round.
//!
//! Read [`image`] and [`allan`] first. Not here: installing peers, the page.

use super::{Plan, Programs, machine, measure, median, timed};
use crate::released::environment;
use crate::shell::root;
use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Rounds; each gives one time, the median of the runs inside it.
const ROUNDS: usize = 9;
/// Pixels of the image.
const SIZE: (usize, usize) = (1920, 1080);
/// Samples of the series: four hours at 100 per second.
const SAMPLES: usize = 1_440_000;
const RATE_HZ: usize = 100;
/// Values that differ by more than this are not the same computation.
const LARGEST_DIFFERENCE: f64 = 1e-9;

/// What a race of one computation found.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct KernelResult {
    pub(super) command: String,
    pub(super) machine: String,
    pub(super) input: String,
    /// Ours first.
    pub(super) rows: Vec<KernelRow>,
    /// Values compared with those of each peer.
    pub(super) values: usize,
    /// Largest relative difference among them.
    pub(super) largest_difference: f64,
}

/// One program's rounds.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct KernelRow {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) does: String,
    /// Median seconds of each round.
    pub(super) seconds: Vec<f64>,
    /// Largest anonymous memory seen in any round; 0 where it was not looked at.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) peak_anon_bytes: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes what it asks about by reference"
)]
fn is_zero(bytes: &u64) -> bool {
    *bytes == 0
}

impl KernelRow {
    pub(super) fn median(&self) -> f64 {
        median(&self.seconds)
    }
}

/// What a program prints.
#[derive(Deserialize)]
struct Printed {
    seconds: Vec<f64>,
    places: Vec<f64>,
    values: Vec<f64>,
}

/// A program that computes and times itself.
struct Kernel {
    row: KernelRow,
    program: PathBuf,
    arguments: Vec<String>,
    last: Option<Printed>,
}

impl Kernel {
    fn new(
        (name, version, does): (&str, &str, &str),
        program: &Path,
        arguments: &[String],
    ) -> Self {
        Self {
            row: measure::row(name, version, does),
            program: program.to_path_buf(),
            arguments: arguments.to_vec(),
            last: None,
        }
    }
}

/// Blur, histogram and difference in one walk against blur alone.
pub(super) fn image(programs: &Programs, place: &Path, plan: &Plan) -> Result<KernelResult> {
    const VERSION: &str = "5.0.0.93";
    let python = environment("opencv-python-headless", VERSION)?.join("bin/python");
    let file = place.join("grey-1080p.raw");
    std::fs::write(&file, pictures())?;
    let words = |first: &str, rest: &[&str]| -> Vec<String> {
        let file = file.to_string_lossy().into_owned();
        let (width, height) = (SIZE.0.to_string(), SIZE.1.to_string());
        let mut words = vec![first.to_owned(), file, width, height, "30".to_owned()];
        words.extend(rest.iter().map(|word| (*word).to_owned()));
        words
    };
    let script = root().join("bench/peers/opencv_blur.py");
    let script = script.to_string_lossy();
    let mut kernels = vec![Kernel::new(
        (
            "fieldassay",
            env!("CARGO_PKG_VERSION"),
            "`image::scan`: variance of the Laplacian, histogram and difference to the image before",
        ),
        &programs.kernels,
        &words("scan", &[]),
    )];
    for (form, does) in [
        (
            "int16",
            "`Laplacian(CV_16S)` into memory kept, `meanStdDev`: blur alone",
        ),
        (
            "float32",
            "`Laplacian(CV_32F)` into memory kept, `meanStdDev`: blur alone",
        ),
        (
            "float64",
            "`Laplacian(CV_64F)` into memory kept, `meanStdDev`: blur alone",
        ),
    ] {
        kernels.push(Kernel::new(
            ("opencv-python-headless", VERSION, does),
            &python,
            &words(&script, &[form]),
        ));
    }
    let input = format!(
        "two grey images of {} by {} pixels: waves with noise; one thread",
        SIZE.0, SIZE.1
    );
    race(kernels, input, plan)
}

/// Overlapping Allan deviation at the same averaging times.
pub(super) fn allan(programs: &Programs, place: &Path, plan: &Plan) -> Result<KernelResult> {
    const VERSION: &str = "2024.6";
    let python = environment("allantools", VERSION)?.join("bin/python");
    let file = place.join("rates.f64");
    std::fs::write(&file, rates())?;
    let words = |first: &str| -> Vec<String> {
        let file = file.to_string_lossy().into_owned();
        vec![first.to_owned(), file, RATE_HZ.to_string(), "3".to_owned()]
    };
    let script = root().join("bench/peers/allantools_oadev.py");
    let kernels = vec![
        Kernel::new(
            (
                "fieldassay",
                env!("CARGO_PKG_VERSION"),
                "`imu::oadev` at `decade_taus`, with intervals",
            ),
            &programs.kernels,
            &words("oadev"),
        ),
        Kernel::new(
            ("allantools", VERSION, "`oadev(taus=\"decade\")`"),
            &python,
            &words(&script.to_string_lossy()),
        ),
    ];
    let input = format!("{SAMPLES} rates at {RATE_HZ} Hz: white noise on a random walk");
    race(kernels, input, plan)
}

/// Runs all in turn and compares what they found.
fn race(mut kernels: Vec<Kernel>, input: String, plan: &Plan) -> Result<KernelResult> {
    for round in 0..plan.kernel_rounds.unwrap_or(ROUNDS) {
        for kernel in &mut kernels {
            let run = timed::run(&kernel.program, &kernel.arguments, &kernel.row.name)?;
            let printed: Printed = serde_json::from_str(&run.output)
                .with_context(|| format!("`{}` printed no JSON", kernel.row.name))?;
            let seconds = median(&printed.seconds);
            println!(
                "round {} {:<24} {:>9.3} ms",
                round + 1,
                kernel.row.name,
                1e3 * seconds
            );
            kernel.row.seconds.push(seconds);
            kernel.last = Some(printed);
        }
    }
    let (ours, theirs) = kernels.split_first().context("nothing ran")?;
    let ours = ours.last.as_ref().context("ours did not run")?;
    let mut largest_difference = 0.0_f64;
    for peer in theirs.iter().filter_map(|kernel| kernel.last.as_ref()) {
        largest_difference = largest_difference.max(difference(ours, peer)?);
    }
    let values = ours.values.len();
    Ok(KernelResult {
        command: plan.command(),
        machine: machine(),
        input,
        rows: kernels.into_iter().map(|kernel| kernel.row).collect(),
        values,
        largest_difference,
    })
}

/// Largest relative difference of the values; an error where they are not of the same places.
fn difference(ours: &Printed, peer: &Printed) -> Result<f64> {
    let apart = |a: f64, b: f64| (a - b).abs() / a.abs().max(b.abs()).max(f64::MIN_POSITIVE);
    let differ =
        |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| apart(*a, *b)).reduce(f64::max);
    let is_same_places = ours.places.len() == peer.places.len()
        && differ(&ours.places, &peer.places).is_none_or(|d| d < LARGEST_DIFFERENCE);
    if !is_same_places || ours.values.len() != peer.values.len() {
        bail!(
            "not the same computation: ours at {:?}, the peer's at {:?}",
            ours.places,
            peer.places
        );
    }
    let difference = differ(&ours.values, &peer.values).unwrap_or(f64::NAN);
    if difference.is_nan() || difference > LARGEST_DIFFERENCE {
        bail!("values differ by {difference}, expected at most {LARGEST_DIFFERENCE}");
    }
    Ok(difference)
}

/// A generator of Knuth's (`MMIX`), good enough for inputs of speed races.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The upper bits, as many as asked for.
    fn bits(&mut self, count: u32) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> (64 - count)
    }

    /// From -0.5 to 0.5.
    pub(super) fn centered(&mut self) -> f64 {
        self.bits(32) as f64 / f64::from(u32::MAX) - 0.5
    }
}

/// Two pictures of the same waves with noise of their own.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "levels lie between 20 and 236"
)]
fn pictures() -> Vec<u8> {
    let mut random = Random(1);
    let mut out = Vec::with_capacity(2 * SIZE.0 * SIZE.1);
    for _ in 0..2 {
        for y in 0..SIZE.1 {
            let row = 120.0 + 50.0 * (0.05 * y as f64).cos();
            out.extend((0..SIZE.0).map(|x| {
                let level = row + 50.0 * (0.03 * x as f64).sin();
                level as u8 + random.bits(4) as u8
            }));
        }
    }
    out
}

/// White noise on a random walk, as little-endian doubles.
fn rates() -> Vec<u8> {
    let mut random = Random(2);
    let mut walk = 0.0;
    let sample = |_| {
        walk += 1e-5 * random.centered();
        (walk + 1e-3 * random.centered()).to_le_bytes()
    };
    (0..SAMPLES).flat_map(sample).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_at_the_same_places_only() {
        let printed = |places: &[f64], values: &[f64]| Printed {
            seconds: Vec::new(),
            places: places.to_vec(),
            values: values.to_vec(),
        };
        let ours = printed(&[1.0, 2.0], &[3.0, 4.0]);
        assert!(difference(&ours, &ours).expect("equal").abs() < 1e-15);
        assert!(difference(&ours, &printed(&[1.0, 2.0], &[3.0, 4.1])).is_err());
        assert!(difference(&ours, &printed(&[1.0, 2.1], &[3.0, 4.0])).is_err());
        assert!(difference(&ours, &printed(&[1.0], &[3.0])).is_err());
    }

    #[test]
    fn inputs_have_their_sizes() {
        assert_eq!(pictures().len(), 2 * 1920 * 1080);
        assert_eq!(rates().len(), 8 * SAMPLES);
    }
}
