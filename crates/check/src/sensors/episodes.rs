//! Facts about the episodes of a data set beside each other.
//!
//! Read [`outcome`] first. An episode is all streams of joint states below one name, `/episode_000007/action` and
//! `/episode_000007/observation.state`, as the readers of such data sets name them.
//!
//! Not here: single streams of joint states (`joints`).

use super::Outcome;
use crate::facts::sheet::{Annotate as _, Sheet, count_detail, text_detail};
use fieldassay_measure::joints::near_duplicate;
use std::collections::BTreeMap;

/// Neighbors by mean an episode is compared with at most.
const MOST_NEIGHBORS: usize = 16;
/// Repeats that are named.
const NAMED: usize = 5;
const METHOD: &str =
    "episodes of equal length with every value within 1e-6 + 1e-5 |value| of another episode's";

/// An episode boiled down to what its duplicates share.
struct Print<'a> {
    name: &'a str,
    streams: &'a [usize],
    values: usize,
    mean: f64,
    /// Furthest the mean of a duplicate can be away.
    reach: f64,
}

/// The name of the episode a topic belongs to; none for a topic of no episode.
fn episode_of(topic: &str) -> Option<&str> {
    let (name, feature) = topic.strip_prefix('/')?.split_once('/')?;
    let number = name.strip_prefix("episode_")?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !feature.is_empty()).then_some(name)
}

/// Episodes that repeat another one; nothing is said of fewer than two episodes.
///
/// `streams`: numbers and topics of streams of joint states, by topic; `positions`: the positions of one of them, in the
/// order of the file. Cost: a pass over the positions, and one more over those of episodes with the same mean.
pub(super) fn outcome(streams: &[(usize, &str)], positions: impl Fn(usize) -> Vec<f64>) -> Outcome {
    let mut episodes: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (stream, topic) in streams {
        if let Some(name) = episode_of(topic) {
            episodes.entry(name).or_default().push(*stream);
        }
    }
    if episodes.len() < 2 {
        return Outcome::default();
    }
    let mut prints: Vec<Print<'_>> = episodes
        .iter()
        .map(|(name, streams)| print(name, streams, &positions))
        .collect();
    prints.sort_by(|a, b| {
        let by_size = (a.streams.len(), a.values).cmp(&(b.streams.len(), b.values));
        by_size
            .then(a.mean.total_cmp(&b.mean))
            .then(a.name.cmp(b.name))
    });
    let mut repeats: Vec<(&str, &str, f64)> = (1..prints.len())
        .filter_map(|index| {
            let (before, [this, ..]) = prints.split_at(index) else {
                return None;
            };
            repeated(this, before, &positions)
        })
        .collect();
    repeats.sort_by(|a, b| a.0.cmp(b.0));
    let mut which: Vec<String> = repeats
        .iter()
        .take(NAMED)
        .map(|(later, earlier, apart)| {
            if *apart > 0.0 {
                format!("{later} repeats {earlier} (largest difference {apart:.1e})")
            } else {
                format!("{later} repeats {earlier} to the bit")
            }
        })
        .collect();
    if repeats.len() > NAMED {
        which.push("…".to_owned());
    }
    let mut sheet = Sheet::new("recording", prints.len());
    sheet
        .count("joints.duplicate", repeats.len() as u64, METHOD)
        .with(&[
            count_detail("episodes", prints.len() as u64),
            text_detail("which", &which.join("; ")),
        ]);
    Outcome {
        facts: sheet.facts,
        ..Outcome::default()
    }
}

fn print<'a>(
    name: &'a str,
    streams: &'a [usize],
    positions: &impl Fn(usize) -> Vec<f64>,
) -> Print<'a> {
    let (mut values, mut sum, mut size) = (0_usize, 0.0, 0.0);
    for stream in streams {
        for value in positions(*stream) {
            values += 1;
            sum += value;
            size += value.abs();
        }
    }
    let n = values as f64;
    Print {
        name,
        streams,
        values,
        mean: sum / n,
        // Twice the tolerance of a value, so that rounding and which of two is the first do not matter.
        reach: 2.0 * (1e-6 + 1e-5 * size / n),
    }
}

/// The later and the earlier name and the largest difference, where one of the neighbors `before` is a duplicate.
fn repeated<'a>(
    this: &Print<'a>,
    before: &[Print<'a>],
    positions: &impl Fn(usize) -> Vec<f64>,
) -> Option<(&'a str, &'a str, f64)> {
    let neighbors = before.iter().rev().take(MOST_NEIGHBORS).filter(|other| {
        other.streams.len() == this.streams.len()
            && other.values == this.values
            && this.mean - other.mean <= this.reach
    });
    for other in neighbors {
        let mut largest = Some(0.0_f64);
        for (a, b) in other.streams.iter().zip(this.streams) {
            let apart = near_duplicate(&positions(*a), &positions(*b));
            largest = largest.zip(apart).map(|(x, y)| x.max(y));
            if largest.is_none() {
                break;
            }
        }
        if let Some(apart) = largest {
            let (earlier, later) = (this.name.min(other.name), this.name.max(other.name));
            return Some((later, earlier, apart));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::outcome;
    use crate::sensors::imu::tests::complaints;

    /// Episodes of two features; the value tells which motion is shown and by how much it is off.
    fn told(motions: &[(f64, f64)]) -> Vec<String> {
        let topics: Vec<String> = (0..motions.len())
            .flat_map(|i| ["action", "observation.state"].map(|f| format!("/episode_{i:06}/{f}")))
            .collect();
        let streams: Vec<(usize, &str)> = topics.iter().map(String::as_str).enumerate().collect();
        let positions = |stream: usize| {
            let (motion, off) = motions[stream / 2];
            let at = |i: i32| (motion + 0.02 * f64::from(i)).sin() + off;
            (0..90).map(at).collect::<Vec<f64>>()
        };
        complaints(&outcome(&streams, positions).facts)
    }

    #[test]
    fn a_repeated_episode_is_named_with_the_one_it_repeats() {
        let clean: Vec<(f64, f64)> = (0..20).map(|i| (0.1 * f64::from(i), 0.0)).collect();
        assert_eq!(told(&clean), Vec::<String>::new());
        let mut repeated = clean.clone();
        repeated[17] = (repeated[4].0, 4e-7);
        assert_eq!(
            told(&repeated),
            [
                "joints.duplicate: 1 of 20 episodes repeat another: episode_000017 repeats episode_000004 (largest difference 4.0e-7)"
            ]
        );
        // A hundredth of a millimeter of noise is another recording of the same.
        repeated[17].1 = 1e-4;
        assert_eq!(told(&repeated), Vec::<String>::new());
        assert_eq!(told(&clean[..1]), Vec::<String>::new());
    }
}
