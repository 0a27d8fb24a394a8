//! Temporal logic over traces, and when moving boxes meet, against the packages that compute them.
//!
//! Read [`run`] first.

use super::timing::{Peer, Race, race};
use super::{Duel, Setting};
use crate::race::kernels::Random;
use anyhow::Result;
use std::f64::consts::TAU;
use std::path::{Path, PathBuf};

/// Samples of the trace.
const SAMPLES: usize = 100_000;
/// Samples of the window that slides over it.
const WINDOW: &str = "1000";
/// Scenes of one ego and ten others.
const SCENES: usize = 500;
const BOXES: usize = 11;

const LOGIC: [Peer; 2] = [
    Peer {
        package: "rtamt",
        version: "0.4.10",
        word: "rtamt",
        runs: 1,
        does: "`StlDiscreteTimeSpecification.evaluate`",
    },
    Peer {
        package: "mstlo-python",
        version: "0.2.2",
        word: "mstlo",
        runs: 3,
        does: "`Monitor.update_batch`, delayed quantitative",
    },
];

const CONTACT: [Peer; 2] = [
    Peer {
        package: "shapely",
        version: "2.2.0",
        word: "loop",
        runs: 1,
        does: "`Polygon` and `intersects` in a loop",
    },
    Peer {
        package: "shapely",
        version: "2.2.0",
        word: "arrays",
        runs: 3,
        does: "`polygons` and `intersects` on whole arrays",
    },
];

/// Windows of signal temporal logic, and times to contact.
pub(super) fn run(setting: &Setting<'_>) -> Result<Vec<Duel>> {
    let logic = Race {
        part: "scenes",
        title: "Robustness of a window of 1,000 samples",
        aim: 25.0,
        same: 1e-9,
        note: "Against rtamt the aim is 500 times. The formula is parsed before the clock starts; mstlo works sample by sample, and its Python package is raced, with the trace given at once.",
        input: format!(
            "`always[0:999] (x >= 1)` on a trace of {SAMPLES} samples, a walk made by a seeded generator"
        ),
        program: "examples/kernels",
        verb: "stl",
        does: "`logic::robustness`",
        script: "bench/peers/stl_windows.py",
        files: vec![trace(&setting.place)?],
        settings: &[WINDOW],
        peers: &LOGIC,
    };
    let contact = Race {
        part: "scenes",
        title: "Times to contact of moving boxes, stepped as nuPlan does",
        aim: 5.0,
        same: 1e-9,
        note: "Against the loop the aim is 300 times. Ours solves for the contact and then takes the step inside it.",
        input: format!(
            "{SCENES} scenes of one ego and ten others, 29 steps of 0.1 s, made by a seeded generator"
        ),
        program: "examples/kernels",
        verb: "contact",
        does: "`criticality::contact`, `stepped_secs`",
        script: "bench/peers/contact_times.py",
        files: vec![scenes(&setting.place)?],
        settings: &[],
        peers: &CONTACT,
    };
    Ok(vec![race(&logic, setting)?, race(&contact, setting)?])
}

/// A walk that is drawn back to 5.
fn trace(place: &Path) -> Result<PathBuf> {
    let mut random = Random::new(11);
    let mut value = 5.0_f64;
    let walk = (0..SAMPLES).map(|_| {
        value += 0.02 * (5.0 - value) + random.centered();
        value
    });
    write(place.join("trace.f64"), walk)
}

/// Boxes of the size of cars within 40 m, at up to 15 m/s.
fn scenes(place: &Path) -> Result<PathBuf> {
    let mut random = Random::new(12);
    let numbers = (0..SCENES * BOXES).flat_map(|_| {
        let mut spread = |size: f64| size * random.centered();
        let [x, y, turn, speed] = [spread(80.0), spread(80.0), spread(TAU), spread(15.0) + 7.5];
        [x, y, turn, 4.5, 1.9, speed]
    });
    write(place.join("scenes.f64"), numbers)
}

fn write(path: PathBuf, numbers: impl Iterator<Item = f64>) -> Result<PathBuf> {
    let bytes: Vec<u8> = numbers.flat_map(f64::to_le_bytes).collect();
    std::fs::write(&path, bytes)?;
    Ok(path)
}
