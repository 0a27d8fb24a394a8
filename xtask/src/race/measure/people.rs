//! Statistics of people, labels and data sets against the packages they are usually computed with.
//!
//! Read [`run`] first. Inputs are little-endian arrays made by a seeded generator; every program has them in the form it
//! likes best before its clock starts.

use super::timing::{Peer, Race, race};
use super::{Duel, Setting};
use crate::race::kernels::Random;
use anyhow::Result;
use std::path::{Path, PathBuf};

const SCRIPT: &str = "bench/peers/people.py";
const PROGRAM: &str = "examples/people";
const MISSING: u32 = u32::MAX;

const ALPHA: [Peer; 2] = [
    Peer {
        package: "krippendorff",
        version: "0.9.0",
        word: "alpha_krippendorff",
        runs: 1,
        does: "`alpha`, nominal",
    },
    Peer {
        package: "evalica",
        version: "0.4.2",
        word: "alpha_evalica",
        runs: 2,
        does: "`alpha`, nominal",
    },
];
const VOTES: [Peer; 1] = [Peer {
    package: "crowd-kit",
    version: "1.4.2",
    word: "votes_crowdkit",
    runs: 1,
    does: "`DawidSkene.fit_predict_proba`",
}];
const PAIRS: [Peer; 2] = [
    Peer {
        package: "choix",
        version: "0.4.1",
        word: "pairs_choix",
        runs: 3,
        does: "`ilsr_pairwise`",
    },
    Peer {
        package: "evalica",
        version: "0.4.2",
        word: "pairs_evalica",
        runs: 3,
        does: "`bradley_terry`",
    },
];
const LABELS: [Peer; 1] = [Peer {
    package: "cleanlab",
    version: "2.9.0",
    word: "labels_cleanlab",
    runs: 1,
    does: "`find_label_issues`",
}];
const WORDS: [Peer; 1] = [Peer {
    package: "datasketch",
    version: "2.0.0",
    word: "words_datasketch",
    runs: 1,
    does: "`MinHash.update_batch`",
}];
const SAMPLES: [Peer; 1] = [Peer {
    package: "scipy",
    version: "1.17.1",
    word: "samples_scipy",
    runs: 1,
    does: "`cdist` and numpy",
}];
const PICKS: [Peer; 1] = [Peer {
    package: "scipy",
    version: "1.17.1",
    word: "picks_numpy",
    runs: 1,
    does: "matrix products of numpy in a loop over picks",
}];
const STREAM: [Peer; 1] = [Peer {
    package: "river",
    version: "0.26.1",
    word: "stream_river",
    runs: 3,
    does: "`drift.ADWIN.update`",
}];
const DIVERSITY: [Peer; 1] = [Peer {
    package: "vendi-score",
    version: "0.0.3",
    word: "diversity_vendi",
    runs: 3,
    does: "`vendi.score_dual`",
}];

/// What every race here shares.
const COMMON: Race<'static> = Race {
    part: "people",
    title: "",
    aim: 1.0,
    same: 1e-9,
    note: "No aim was set; the ratio is stated.",
    input: String::new(),
    program: PROGRAM,
    verb: "",
    does: "",
    script: SCRIPT,
    files: Vec::new(),
    settings: &[],
    peers: &[],
};

/// Agreement, aggregation, label errors, preference; then text, drift, selection, streams and diversity.
pub(super) fn run(setting: &Setting<'_>) -> Result<Vec<Duel>> {
    let mut races = people(&setting.place)?;
    races.extend(data(&setting.place)?);
    races.iter().map(|one| race(one, setting)).collect()
}

fn people(place: &Path) -> Result<Vec<Race<'static>>> {
    let (probabilities, labels) = (place.join("probabilities.f64"), place.join("labels.u32"));
    noisy_labels(&probabilities, &labels)?;
    Ok(vec![
        Race {
            title: "Krippendorff's alpha of 5,000,000 codes",
            aim: 15.0,
            note: "Against krippendorff the aim is 60 times. Memory of ours is the number of labels.",
            input: "5 annotators, 1,000,000 units, 5 labels, one vote in 20 missing".to_owned(),
            verb: "alpha",
            does: "`NominalCounts::push_rows`, `alpha`",
            files: vec![agreeing(place)?],
            settings: &["5"],
            peers: &ALPHA,
            ..COMMON
        },
        Race {
            title: "Dawid and Skene's labels of 500,000 votes, 10 rounds",
            aim: 30.0,
            same: 1e-6,
            note: "Time of ours includes grouping the rows. crowd-kit raises small probabilities to 1e-10, hence the difference.",
            input:
                "100,000 items of 10 labels, 200 annotators right in 7 of 10 votes, 5 votes an item"
                    .to_owned(),
            verb: "votes",
            does: "`Votes::from_rows`, `dawid_skene`",
            files: vec![votes(place)?],
            settings: &["10"],
            peers: &VOTES,
            ..COMMON
        },
        Race {
            title: "Bradley and Terry's strengths from 100,000 comparisons",
            aim: 1.0,
            same: 1e-3,
            note: "Against choix the aim is 10 times; evalica should not be faster. Logarithms of the strengths are compared; each program stops by its own rule, ours at changes of 1e-10.",
            input: "100 items whose strengths lie within a factor of 20".to_owned(),
            verb: "pairs",
            does: "`Pairs::count`, `bradley_terry`",
            files: vec![comparisons(place)?],
            settings: &["100"],
            peers: &PAIRS,
            ..COMMON
        },
        Race {
            title: "Confident learning on 1,000,000 labels of 10 classes",
            aim: 8.0,
            note: "cleanlab uses both cores, as it does by default.",
            input: "probabilities of a model right in 9 of 10 cases, one label in 20 wrong"
                .to_owned(),
            verb: "labels",
            does: "`Predictions::new`, `confident_joint`, `find_issues`",
            files: vec![probabilities, labels],
            settings: &["10"],
            peers: &LABELS,
            ..COMMON
        },
    ])
}

fn data(place: &Path) -> Result<Vec<Race<'static>>> {
    Ok(vec![
        Race {
            title: "MinHash signatures of 5,000 documents",
            input: "200 shingles a document, 128 permutations, SHA-1, the same constants"
                .to_owned(),
            verb: "words",
            does: "`sha1_hash32`, `MinHash::signature`",
            files: words(place)?.to_vec(),
            settings: &["200"],
            peers: &WORDS,
            ..COMMON
        },
        Race {
            title: "Maximum mean discrepancy of two samples of 2,000 rows",
            input: "32 columns, kernel as wide as the median distance".to_owned(),
            verb: "samples",
            does: "`drift::mmd_statistic`",
            files: vec![cloud(place, "samples.f64", 4000 * 32)?],
            settings: &["32"],
            peers: &SAMPLES,
            ..COMMON
        },
        Race {
            title: "Greedy k-center: 500 of 50,000 rows",
            input: "64 columns".to_owned(),
            verb: "picks",
            does: "`selection::k_center`",
            files: vec![cloud(place, "picks.f64", 50_000 * 64)?],
            settings: &["64", "500"],
            peers: &PICKS,
            ..COMMON
        },
        Race {
            title: "ADWIN over 200,000 values",
            input: "shares of 0.2 and 0.3 in turn, 20,000 values each; alarms at the same values"
                .to_owned(),
            verb: "stream",
            does: "`change::adwin`",
            files: vec![stream(place)?],
            peers: &STREAM,
            ..COMMON
        },
        Race {
            title: "Vendi score of 20,000 rows",
            input: "64 columns, cosine similarity".to_owned(),
            verb: "diversity",
            does: "`coverage::vendi_of_rows`",
            files: vec![cloud(place, "diversity.f64", 20_000 * 64)?],
            settings: &["64"],
            peers: &DIVERSITY,
            ..COMMON
        },
    ])
}

fn save<const N: usize>(path: &Path, words: impl Iterator<Item = [u8; N]>) -> Result<()> {
    let bytes: Vec<u8> = words.flatten().collect();
    Ok(std::fs::write(path, bytes)?)
}

/// A number from 0 to below `n`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "below n"
)]
fn below(random: &mut Random, n: u32) -> u32 {
    (((random.centered() + 0.5) * f64::from(n)) as u32).min(n - 1)
}

fn chance(random: &mut Random, p: f64) -> bool {
    random.centered() + 0.5 < p
}

fn agreeing(place: &Path) -> Result<PathBuf> {
    const UNITS: usize = 1_000_000;
    let path = place.join("codes.u32");
    let mut random = Random::new(21);
    let truth: Vec<u32> = (0..UNITS).map(|_| below(&mut random, 5)).collect();
    let codes = (0..5).flat_map(|_| truth.iter()).map(|&label| {
        if chance(&mut random, 0.05) {
            MISSING
        } else if chance(&mut random, 0.7) {
            label
        } else {
            below(&mut random, 5)
        }
    });
    save(&path, codes.map(u32::to_le_bytes))?;
    Ok(path)
}

fn votes(place: &Path) -> Result<PathBuf> {
    let path = place.join("votes.u32");
    let mut random = Random::new(22);
    let mut rows = Vec::with_capacity(1_500_000);
    for item in 0..100_000 {
        let truth = below(&mut random, 10);
        let first = below(&mut random, 200);
        for vote in 0..5 {
            let label = if chance(&mut random, 0.7) {
                truth
            } else {
                below(&mut random, 10)
            };
            rows.extend([item, (first + 37 * vote) % 200, label]);
        }
    }
    save(&path, rows.into_iter().map(u32::to_le_bytes))?;
    Ok(path)
}

fn comparisons(place: &Path) -> Result<PathBuf> {
    let path = place.join("comparisons.u32");
    let mut random = Random::new(23);
    let strength: Vec<f64> = (0..100).map(|_| (3.0 * random.centered()).exp()).collect();
    let mut rows = Vec::with_capacity(200_000);
    while rows.len() < 200_000 {
        let (a, b) = (below(&mut random, 100), below(&mut random, 100));
        let of = |item: u32| strength.get(item as usize).copied().unwrap_or(1.0);
        if a != b {
            let wins = chance(&mut random, of(a) / (of(a) + of(b)));
            rows.extend(if wins { [a, b] } else { [b, a] });
        }
    }
    save(&path, rows.into_iter().map(u32::to_le_bytes))?;
    Ok(path)
}

fn noisy_labels(probabilities: &Path, labels: &Path) -> Result<()> {
    let mut random = Random::new(24);
    let (mut p, mut y) = (
        Vec::with_capacity(10_000_000),
        Vec::with_capacity(1_000_000),
    );
    for _ in 0..1_000_000 {
        let truth = below(&mut random, 10);
        let seen = if chance(&mut random, 0.9) {
            truth
        } else {
            below(&mut random, 10)
        };
        let weights: Vec<f64> = (0..10)
            .map(|class| {
                let favored = if class == seen { 3.5 } else { 0.0 };
                (favored + 2.0 * random.centered()).exp()
            })
            .collect();
        let total: f64 = weights.iter().sum();
        p.extend(weights.into_iter().map(|w| w / total));
        y.push(if chance(&mut random, 0.95) {
            truth
        } else {
            below(&mut random, 10)
        });
    }
    save(probabilities, p.into_iter().map(f64::to_le_bytes))?;
    save(labels, y.into_iter().map(u32::to_le_bytes))
}

fn words(place: &Path) -> Result<[PathBuf; 2]> {
    let (words, constants) = (place.join("words.u32"), place.join("constants.u32"));
    let mut random = Random::new(25);
    let drawn: Vec<u32> = (0..5000 * 200)
        .map(|_| below(&mut random, 1 << 20))
        .collect();
    save(&words, drawn.into_iter().map(u32::to_le_bytes))?;
    let a: Vec<u32> = (0..128).map(|_| below(&mut random, MISSING) | 1).collect();
    let b = (0..128)
        .map(|_| below(&mut random, MISSING))
        .collect::<Vec<_>>();
    save(&constants, a.into_iter().chain(b).map(u32::to_le_bytes))?;
    Ok([words, constants])
}

fn cloud(place: &Path, name: &str, numbers: usize) -> Result<PathBuf> {
    let path = place.join(name);
    let mut random = Random::new(26);
    // Four draws make it nearly normal.
    let drawn = (0..numbers).map(|_| (0..4).map(|_| random.centered()).sum::<f64>());
    save(&path, drawn.map(f64::to_le_bytes))?;
    Ok(path)
}

fn stream(place: &Path) -> Result<PathBuf> {
    let path = place.join("stream.f64");
    let mut random = Random::new(27);
    let values = (0..200_000).map(|at| {
        let share = if at / 20_000 % 2 == 0 { 0.2 } else { 0.3 };
        f64::from(u8::from(chance(&mut random, share)))
    });
    save(&path, values.map(f64::to_le_bytes))?;
    Ok(path)
}
