//! Votes and a model's probabilities together.

use super::{SoftLabels, Votes, VotesError};
use crate::stats::{RowFault, largest, row_fault};

/// Smallest weight and error (cleanlab 2.9.0).
const LEAST: f64 = 1e-6;

/// What CROWDLAB says of one annotator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CrowdlabAnnotator {
    /// Overall quality, 0 to 1; none without votes on items that others voted on.
    pub quality: Option<f64>,
    /// Share of votes equal to the consensus.
    pub agreement: f64,
    /// The label that is wrong most often when this annotator gives it.
    pub worst_label: u32,
    /// Weight of each vote.
    pub weight: f64,
    /// Votes.
    pub n: usize,
}

/// Result of [`crowdlab`].
#[derive(Clone, Debug, PartialEq)]
pub struct Crowdlab {
    /// Majority vote, ties decided by the model.
    pub majority: Vec<u32>,
    /// The label of each item.
    pub consensus: Vec<u32>,
    /// Probability of the consensus label.
    pub quality: Vec<f64>,
    /// Share of an item's annotators who gave the consensus label.
    pub agreement: Vec<f64>,
    /// Probability of each label of each item.
    pub soft: SoftLabels,
    /// One per annotator.
    pub annotators: Vec<CrowdlabAnnotator>,
    /// Weight of the model.
    pub model_weight: f64,
}

/// Probabilities and weights that rest on one choice of consensus.
struct Weighted {
    agreement: Vec<f64>,
    p: Vec<f64>,
    model_weight: f64,
    weights: Vec<f64>,
}

/// Keeps the codes whose score is the largest.
fn keep_best(codes: &mut Vec<u32>, score: impl Fn(u32) -> f64) {
    let most = codes
        .iter()
        .map(|&c| score(c))
        .fold(f64::NEG_INFINITY, f64::max);
    codes.retain(|&c| score(c) == most);
}

/// Share of each annotator's votes that equal `consensus` on the items that `counts` lets through; none without votes.
fn agreement_of(
    votes: &Votes,
    consensus: &[u32],
    counts: impl Fn(usize) -> bool,
) -> Vec<Option<f64>> {
    let mut sums = vec![[0_usize; 2]; votes.annotators()];
    for (item, (annotators, labels)) in votes.iter().enumerate().filter(|(i, _)| counts(*i)) {
        for (&w, &y) in annotators.iter().zip(labels) {
            sums[w as usize][0] += usize::from(y == consensus[item]);
            sums[w as usize][1] += 1;
        }
    }
    let share = |[same, n]: [usize; 2]| (n > 0).then(|| same as f64 / n as f64);
    sums.into_iter().map(share).collect()
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut n) = (0.0, 0_usize);
    for x in values {
        sum += x;
        n += 1;
    }
    sum / n as f64
}

/// Majority vote; ties by the model, then by the rarer label, then by who voted, then by code.
fn majority(votes: &Votes, model: &SoftLabels) -> Vec<u32> {
    let k = votes.labels();
    let mut totals = vec![0_usize; k];
    let mut tied: Vec<(usize, Vec<u32>)> = Vec::new();
    let mut found = vec![0; votes.items()];
    let mut counts = vec![0_usize; k];
    for (item, (_, labels)) in votes.iter().enumerate() {
        counts.fill(0);
        for &y in labels {
            counts[y as usize] += 1;
            totals[y as usize] += 1;
        }
        let most = counts.iter().copied().max().unwrap_or(0);
        let codes = (0_u32..).zip(&counts).filter(|(_, n)| **n == most);
        let mut codes: Vec<u32> = codes.map(|(c, _)| c).collect();
        if codes.len() > 1 {
            keep_best(&mut codes, |c| model.of(item)[c as usize]);
        }
        match codes[..] {
            [only] => found[item] = only,
            _ => tied.push((item, codes)),
        }
    }
    tied.retain_mut(|(item, codes)| {
        keep_best(codes, |c| -(totals[c as usize] as f64));
        found[*item] = codes[0];
        codes.len() > 1
    });
    if tied.is_empty() {
        return found;
    }
    let is_open = |item: usize| tied.binary_search_by_key(&item, |t| t.0).is_ok();
    let skills = agreement_of(votes, &found, |item| !is_open(item));
    let usual = mean(skills.iter().flatten().copied());
    for (item, codes) in &mut tied {
        let (annotators, labels) = votes.of(*item);
        let of_label = |c: u32| {
            let voters = annotators.iter().zip(labels).filter(move |(_, y)| **y == c);
            mean(voters.map(|(&w, _)| skills[w as usize].unwrap_or(usual)))
        };
        keep_best(codes, of_label);
        found[*item] = codes[0];
    }
    found
}

/// How often each annotator agrees with the others, weighted by how many there are.
fn peers(votes: &Votes) -> Vec<f64> {
    let mut sums = vec![[0.0; 2]; votes.annotators()];
    let mut counts = vec![0_usize; votes.labels()];
    for (annotators, labels) in votes.iter().filter(|(_, labels)| labels.len() > 1) {
        for &y in labels {
            counts[y as usize] += 1;
        }
        for (&w, &y) in annotators.iter().zip(labels) {
            sums[w as usize][0] += (counts[y as usize] - 1) as f64;
            sums[w as usize][1] += (labels.len() - 1) as f64;
        }
        for &y in labels {
            counts[y as usize] = 0;
        }
    }
    let usual = mean(sums.iter().filter(|s| s[1] > 0.0).map(|s| s[0] / s[1]));
    let share = |[same, n]: [f64; 2]| if n > 0.0 { same / n } else { usual };
    sums.into_iter().map(share).collect()
}

fn weigh(votes: &Votes, model: &SoftLabels, consensus: &[u32]) -> Weighted {
    let k = votes.labels();
    let several = |item: &usize| votes.labels_of(*item).len() != 1;
    let agreement: Vec<f64> = (0..votes.items())
        .map(|item| {
            let labels = votes.labels_of(item);
            labels.iter().filter(|y| **y == consensus[item]).count() as f64 / labels.len() as f64
        })
        .collect();
    let items = || (0..votes.items()).filter(several);
    let likelihood = mean(items().map(|item| agreement[item]));
    let other = (1.0 - likelihood) / (k - 1) as f64;
    let mut frequency = vec![0.0; k];
    items().for_each(|item| frequency[consensus[item] as usize] += 1.0);
    let usual = largest(&frequency).0;
    let flag = |is: bool| f64::from(u8::from(is));
    let usual_error = mean(items().map(|i| flag(consensus[i] as usize != usual))).max(LEAST);
    let weights: Vec<f64> = peers(votes)
        .into_iter()
        .map(|agreed| (1.0 - (1.0 - agreed) / usual_error).max(LEAST))
        .collect();
    let model_error = mean(items().map(|i| flag(largest(model.of(i)).0 != consensus[i] as usize)));
    let mean_votes = votes.len() as f64 / votes.items() as f64;
    let model_weight = (1.0 - model_error / usual_error).max(LEAST) * mean_votes.sqrt();
    let mut p = model.p.clone();
    for (row, (annotators, labels)) in p.chunks_exact_mut(k).zip(votes.iter()) {
        let total: f64 = annotators.iter().map(|&w| weights[w as usize]).sum();
        for x in row.iter_mut() {
            *x = *x * model_weight + total * other;
        }
        for (&w, &y) in annotators.iter().zip(labels) {
            row[y as usize] += weights[w as usize] * (likelihood - other);
        }
        for x in row.iter_mut() {
            *x /= total + model_weight;
        }
    }
    Weighted {
        agreement,
        p,
        model_weight,
        weights,
    }
}

/// The label that an annotator gives wrongly most often; of equals the one given more often, then the one whose items
/// have the better consensus.
fn worst(items: &[u32], labels: &[u32], consensus: &[u32], quality: &[f64], k: usize) -> u32 {
    let mut sums = vec![[0.0; 3]; k];
    for (&t, &y) in items.iter().zip(labels) {
        let [n, right, q] = &mut sums[y as usize];
        *n += 1.0;
        *right += f64::from(u8::from(y == consensus[t as usize]));
        *q += quality[t as usize];
    }
    let used = (0_u32..).zip(&sums).filter(|(_, s)| s[0] > 0.0);
    let mut codes: Vec<u32> = used.map(|(c, _)| c).collect();
    let of = |c: u32| sums[c as usize];
    keep_best(&mut codes, |c| -of(c)[1] / of(c)[0]);
    keep_best(&mut codes, |c| of(c)[0]);
    keep_best(&mut codes, |c| of(c)[2] / of(c)[0]);
    codes.first().copied().unwrap_or(0)
}

fn check(votes: &Votes, model: &SoftLabels) -> Result<(), VotesError> {
    let k = model.labels;
    if k < 2 {
        return Err(VotesError::OneLabel { votes: votes.len() });
    }
    if votes.labels() != k {
        let (found, expected) = (k, votes.labels());
        return Err(VotesError::Length {
            what: "a row of probabilities",
            found,
            expected,
        });
    }
    if model.p.len() != votes.items() * k {
        let (found, expected) = (model.p.len() / k, votes.items());
        return Err(VotesError::Length {
            what: "probabilities",
            found,
            expected,
        });
    }
    if let Some((_, fault)) = row_fault(&model.p, k) {
        let (what, value, expected) = match fault {
            RowFault::Value(value) => ("probability", value, "a probability, 0 to 1"),
            RowFault::Sum(sum) => ("sum of a row of probabilities", sum, "1"),
        };
        return Err(VotesError::BadNumber {
            what,
            value,
            expected,
        });
    }
    if votes.iter().any(|(_, labels)| labels.is_empty()) {
        return Err(VotesError::Empty);
    }
    if votes.iter().all(|(_, labels)| labels.len() < 2) {
        return Err(VotesError::NoOverlap);
    }
    Ok(())
}

/// CROWDLAB (Goh, Tkachenko and Mueller 2022): a model's out-of-sample probabilities count like a vote whose weight is how
/// much better than the most frequent label the model is; annotators are weighted by how they agree with each other.
///
/// `model` has a row for every item of `votes` and as many labels. Errors: a single label, no item with two votes, rows
/// that do not fit. Cost: a few passes. Source: cleanlab 2.9.0 `get_label_quality_multiannotator` (method `best_quality`);
/// where its last tie is broken at random, the lowest code is taken.
pub fn crowdlab(votes: &Votes, model: &SoftLabels) -> Result<Crowdlab, VotesError> {
    check(votes, model)?;
    let k = model.labels;
    let majority = majority(votes, model);
    let first = weigh(votes, model, &majority);
    let consensus: Vec<u32> = first
        .p
        .chunks_exact(k)
        .zip(&majority)
        .map(|(row, &voted)| {
            let at = largest(row).0;
            let is_tied = row.iter().filter(|x| **x == row[at]).count() > 1;
            if is_tied {
                voted
            } else {
                u32::try_from(at).unwrap_or(voted)
            }
        })
        .collect();
    let second = weigh(votes, model, &consensus);
    let quality: Vec<f64> = second
        .p
        .chunks_exact(k)
        .zip(&consensus)
        .map(|(row, &label)| row[label as usize])
        .collect();
    let annotators = annotators(votes, &second, &consensus, &quality);
    Ok(Crowdlab {
        majority,
        consensus,
        quality,
        agreement: second.agreement,
        soft: SoftLabels {
            labels: k,
            p: second.p,
        },
        annotators,
        model_weight: second.model_weight,
    })
}

fn annotators(
    votes: &Votes,
    found: &Weighted,
    consensus: &[u32],
    quality: &[f64],
) -> Vec<CrowdlabAnnotator> {
    let k = votes.labels();
    let grouped = votes.by_annotator();
    let all = agreement_of(votes, consensus, |_| true);
    let several = agreement_of(votes, consensus, |item| votes.labels_of(item).len() != 1);
    let share = votes.len() as f64 / votes.items() as f64 / votes.annotators() as f64;
    let crowd = found.weights.iter().sum::<f64>() * share;
    let w = found.model_weight / (found.model_weight + crowd);
    (0..votes.annotators())
        .map(|a| {
            let (items, labels) = grouped.of(a);
            let given = items.iter().zip(labels);
            let own = mean(given.map(|(&t, &y)| found.p[t as usize * k + y as usize]));
            CrowdlabAnnotator {
                quality: several[a].map(|agreed| w * own + (1.0 - w) * agreed),
                agreement: all[a].unwrap_or(f64::NAN),
                worst_label: worst(items, labels, consensus, quality, k),
                weight: found.weights[a],
                n: items.len(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_model_outvotes_a_careless_annotator() {
        let votes = Votes::from_rows(
            &[0, 0, 1, 1, 2, 2, 3, 3],
            &[0, 1, 0, 1, 0, 1, 0, 1],
            &[0, 0, 1, 1, 0, 1, 1, 1],
        )
        .unwrap();
        let p = vec![0.9, 0.1, 0.1, 0.9, 0.9, 0.1, 0.2, 0.8];
        let model = SoftLabels { labels: 2, p };
        let found = crowdlab(&votes, &model).unwrap();
        assert_eq!(found.consensus, [0, 1, 0, 1]);
        assert!(found.annotators[0].quality > found.annotators[1].quality);
        let short = SoftLabels {
            labels: 2,
            p: vec![0.5; 4],
        };
        assert!(crowdlab(&votes, &short).is_err());
    }
}
