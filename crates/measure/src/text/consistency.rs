//! Different answers to nearly the same question.

use super::TextError;
use super::duplicates::{DuplicateOptions, near_duplicates};
use super::words::{hashed_shingles, levenshtein, tokens};
use crate::stats::{Estimate, wilson};
use serde::Serialize;

/// A group of near-identical inputs whose answers differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Conflict {
    /// The inputs.
    pub items: Vec<u32>,
    /// Each different answer, by the first item that gave it, and how many gave it, most first.
    pub answers: Vec<(u32, usize)>,
    /// Largest distance of two answers, 0 to 1.
    pub distance: f64,
    /// The item whose answer most gave; none where two answers are first.
    pub resolved_by: Option<u32>,
}

/// See [`inconsistencies`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inconsistencies {
    /// Groups of near-identical inputs.
    pub groups: usize,
    /// Share of them whose answers differ, with Wilson's interval; none without a group.
    pub rate: Option<Estimate>,
    /// Those groups.
    pub conflicts: Vec<Conflict>,
}

/// Answers that contradict each other for near-identical inputs: groups by [`near_duplicates`], then answers whose
/// normalized edit distance over words is above `tolerance` (0 for labels) count as different.
///
/// Paraphrases of one answer count as different, and negations of one word as nearly the same: read the conflicts.
/// Errors: [`TextError`]. Cost: that of the groups, and answers squared inside each.
pub fn inconsistencies(
    inputs: &[String],
    answers: &[String],
    tolerance: f64,
    options: DuplicateOptions,
) -> Result<Inconsistencies, TextError> {
    if inputs.len() != answers.len() {
        return Err(TextError::Mismatch {
            seen: answers.len(),
            expected: inputs.len(),
            hint: "one answer per input",
        });
    }
    if inputs.is_empty() {
        return Err(TextError::Empty);
    }
    let hashed: Vec<Vec<u64>> = inputs
        .iter()
        .map(|text| hashed_shingles(&tokens(text), options.words))
        .collect();
    let found = near_duplicates(&hashed, options)?;
    let conflicts: Vec<Conflict> = found
        .groups
        .iter()
        .filter_map(|group| conflict(group, answers, tolerance))
        .collect();
    let (bad, all) = (conflicts.len() as u64, found.groups.len());
    let rate = wilson(bad, all as u64)
        .ok()
        .map(|interval| Estimate::with(bad as f64 / all as f64, Some(interval), all));
    Ok(Inconsistencies {
        groups: all,
        rate,
        conflicts,
    })
}

fn conflict(group: &[u32], answers: &[String], tolerance: f64) -> Option<Conflict> {
    // Each kind of answer: its first item, its words, how many gave it.
    let mut kinds: Vec<(u32, Vec<String>, usize)> = Vec::new();
    let mut farthest = 0.0_f64;
    for item in group {
        let words = tokens(answers.get(usize::try_from(*item).ok()?)?);
        let mut same = None;
        for (at, kind) in kinds.iter().enumerate() {
            let distance = edit_distance(&kind.1, &words);
            if distance <= tolerance {
                same = Some(at);
                break;
            }
            farthest = farthest.max(distance);
        }
        match same {
            Some(at) => kinds[at].2 += 1,
            None => kinds.push((*item, words, 1)),
        }
    }
    if kinds.len() < 2 {
        return None;
    }
    kinds.sort_by_key(|kind| (std::cmp::Reverse(kind.2), kind.0));
    Some(Conflict {
        items: group.to_vec(),
        resolved_by: (kinds[0].2 > kinds[1].2).then_some(kinds[0].0),
        answers: kinds.into_iter().map(|k| (k.0, k.2)).collect(),
        distance: farthest,
    })
}

/// Least number of words inserted, dropped or replaced (Levenshtein 1966) over the longer length; 0 for two empty lists.
fn edit_distance(a: &[String], b: &[String]) -> f64 {
    let longest = a.len().max(b.len());
    if longest == 0 {
        return 0.0;
    }
    levenshtein(a, b) as f64 / longest as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contradictions_are_found_and_resolved() {
        let text = |s: &str| s.to_owned();
        let question = "is there a pedestrian on the crosswalk in front of the ego vehicle";
        let inputs = [
            text(question),
            format!("{question}?"),
            text("Is there a pedestrian on the crosswalk in front of the ego vehicle!"),
            text("what color is the traffic light"),
            text("what color is the traffic light?"),
        ];
        let answers = ["yes", "no", "Yes.", "red", "red"].map(text);
        let found = inconsistencies(&inputs, &answers, 0.0, DuplicateOptions::default()).unwrap();
        assert_eq!((found.groups, found.conflicts.len()), (2, 1));
        assert_eq!(found.conflicts[0].answers, [(0, 2), (1, 1)]);
        assert_eq!(found.conflicts[0].resolved_by, Some(0));
        assert_eq!(found.rate.unwrap().estimate, 0.5);
        assert!(inconsistencies(&inputs, &answers[..2], 0.0, DuplicateOptions::default()).is_err());
        let words = |s: &str| tokens(s);
        assert_eq!(edit_distance(&words("a b c d"), &words("a x c")), 0.5);
    }
}
