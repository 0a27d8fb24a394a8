//! Mutates the committed corpus through every decoder, without libFuzzer.
//!
//! Read [`entries::TARGETS`] first: the same entry functions are the libFuzzer targets in `fuzz/`
//! and are replayed over the corpus by the tests here. A crash is cut down and kept as a corpus
//! entry `crash-…`, so it stays in the normal tests. Not here: what a target does with its bytes.

mod entries;
mod mutate;

use crate::shell::{Words, memory_bytes, root};
use anyhow::{Context as _, Result, bail};
use entries::{TARGETS, Target};
use fieldassay_testkit::Lcg;
use std::panic::catch_unwind;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// An input that takes longer than this is a failure: nothing of this size may.
const MAX_TIME: Duration = Duration::from_secs(5);
/// Peak memory beyond which a decoder has believed a claimed size.
const MAX_RESIDENT_BYTES: u64 = 2_500_000_000;

/// `fuzz [--secs N] [--seed N] [--target NAME]`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (mut secs, mut seed, mut only) = (30u64, 1u64, None);
    let mut words = Words::new(arguments);
    while let Some(flag) = words.next() {
        let mut value = || words.value(flag);
        match flag {
            "--secs" => secs = value()?.parse()?,
            "--seed" => seed = value()?.parse()?,
            "--target" => only = Some(value()?.to_owned()),
            other => bail!("`fuzz` does not know `{other}`"),
        }
    }
    let targets: Vec<&Target> = TARGETS
        .iter()
        .filter(|target| only.as_ref().is_none_or(|name| name == target.name))
        .collect();
    if targets.is_empty() {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        bail!("no target is called that; there are {}", names.join(", "));
    }
    // Panics are expected here; each is reported once, cut down.
    std::panic::set_hook(Box::new(|_| ()));
    let each = Duration::from_secs(secs) / u32::try_from(targets.len()).unwrap_or(1);
    let mut crashes = 0;
    for target in targets {
        crashes += hunt(target, each, seed)?;
    }
    if crashes > 0 {
        bail!("{crashes} inputs fail; they are in `fuzz/corpus/*/crash-*`");
    }
    Ok(())
}

/// Mutates the corpus of one target for a while; returns how many failures it kept.
#[expect(
    clippy::disallowed_methods,
    reason = "an edge: the hunt is bounded by wall time"
)]
fn hunt(target: &Target, time: Duration, seed: u64) -> Result<usize> {
    let seeds: Vec<Vec<u8>> = corpus(target.name)?
        .into_iter()
        .map(|(_, bytes)| bytes)
        .collect();
    let mut pool = seeds.clone();
    if seeds.is_empty() {
        bail!("`fuzz/corpus/{}` is empty", target.name);
    }
    let mut random = Lcg::new(seed);
    let (mut runs, mut crashes) = (0u64, 0);
    let start = Instant::now();
    while start.elapsed() < time && crashes < 5 {
        // Most inputs start at a seed: far from it nearly everything is refused at once.
        let base = if random.below(4) > 0 {
            &seeds[random.below(seeds.len())]
        } else {
            &pool[random.below(pool.len())]
        };
        let other = &pool[random.below(pool.len())];
        let input = mutate::mutate(base, other, &mut random);
        runs += 1;
        if fails(target, &input) {
            crashes += 1;
            keep(
                target,
                &mutate::minimize(&input, |bytes| fails(target, bytes)),
            )?;
        } else if runs.is_multiple_of(64) {
            // The pool walks away from the seeds, slowly.
            let slot = random.below(256);
            if let Some(old) = pool.get_mut(slot.max(8)) {
                *old = input;
            } else {
                pool.push(input);
            }
        }
        if runs.is_multiple_of(1024)
            && memory_bytes("/proc/self/status", "VmHWM") > MAX_RESIDENT_BYTES
        {
            bail!(
                "`{}` has used over {MAX_RESIDENT_BYTES} bytes of memory",
                target.name
            );
        }
    }
    println!("{:<18} {runs:>9} inputs, {crashes} failures", target.name);
    Ok(crashes)
}

/// Whether the target panics or takes too long.
#[expect(
    clippy::disallowed_methods,
    reason = "an edge: slowness is a failure here"
)]
fn fails(target: &Target, input: &[u8]) -> bool {
    let start = Instant::now();
    catch_unwind(|| (target.run)(input)).is_err() || start.elapsed() > MAX_TIME
}

/// Keeps a failing input under a name made from its bytes.
fn keep(target: &Target, input: &[u8]) -> Result<()> {
    let name = input.iter().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let path = root().join(format!("fuzz/corpus/{}/crash-{name:016x}", target.name));
    std::fs::write(&path, input)?;
    println!(
        "{}: {} bytes fail, kept as {}",
        target.name,
        input.len(),
        path.display()
    );
    Ok(())
}

/// The committed inputs of a target, by name.
fn corpus(target: &str) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let folder = root().join("fuzz/corpus").join(target);
    let mut paths = std::fs::read_dir(&folder)
        .with_context(|| format!("`{}` could not be read", folder.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<PathBuf>>>()?;
    paths.sort();
    paths
        .into_iter()
        .map(|path| Ok((path.clone(), std::fs::read(&path)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_corpus_replays() {
        for target in TARGETS {
            let inputs = corpus(target.name).expect(target.name);
            assert!(
                inputs.len() >= 2,
                "{} has {} inputs",
                target.name,
                inputs.len()
            );
            for (path, input) in inputs {
                assert!(!fails(target, &input), "{} fails", path.display());
            }
        }
    }

    #[test]
    fn every_target_survives_empty_and_a_short_walk() {
        for target in TARGETS {
            assert!(!fails(target, b""), "{} fails on nothing", target.name);
            let inputs = corpus(target.name).expect(target.name);
            let mut random = Lcg::new(99);
            for round in 0..60 {
                let (_, base) = &inputs[round % inputs.len()];
                let (_, other) = &inputs[random.below(inputs.len())];
                let input = mutate::mutate(base, other, &mut random);
                assert!(
                    !fails(target, &input),
                    "{} fails in round {round}",
                    target.name
                );
            }
        }
    }

    #[test]
    fn every_target_has_its_libfuzzer_twin() {
        for target in TARGETS {
            let path = root().join(format!("fuzz/fuzz_targets/{}.rs", target.name));
            assert!(path.is_file(), "{} is missing", path.display());
        }
    }
}
