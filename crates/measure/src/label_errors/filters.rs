//! Which items are likely mislabeled.

use super::confident::{ConfidentJoint, Predictions, is_predicted, wholes};
use super::scores::{Score, label_scores};
use super::{LabelError, confident_joint};
use crate::stats::largest;
use serde::{Deserialize, Serialize};

/// How issues are picked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Off the diagonal of the confident joint.
    #[serde(alias = "confident")]
    ConfidentLearning,
    /// As many as the joint says per label, those with the lowest probability of it.
    PruneByClass,
    /// As many as the joint says per label given and true, those with the largest margin of the true one.
    #[default]
    PruneByNoiseRate,
    /// In both of these.
    Both,
    /// Where the most probable class is another.
    PredictedNeqGiven,
    /// As many as lie off the diagonal, those with the lowest margin.
    LowNormalizedMargin,
    /// As many as lie off the diagonal, those with the lowest probability.
    LowSelfConfidence,
}

/// Options of [`find_issues`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FilterOptions {
    /// How issues are picked.
    pub filter: Filter,
    /// Share of the estimated errors that pruning takes, 0 to 1.
    pub share: f64,
    /// Items of a label that pruning leaves.
    pub least_per_class: usize,
}

impl Default for FilterOptions {
    fn default() -> Self {
        Self {
            filter: Filter::default(),
            share: 1.0,
            least_per_class: 1,
        }
    }
}

/// How many items pruning takes, in the order label given, label true; on the diagonal how many it leaves.
fn prune_counts(joint: &ConfidentJoint, options: FilterOptions) -> Vec<u64> {
    let k = joint.classes;
    let least = options.least_per_class as f64;
    let mut out = vec![0.0; k * k];
    for given in 0..k {
        let row = &joint.calibrated[given * k..(given + 1) * k];
        let own = row[given] as f64;
        let raised = own.max(least);
        let others = row.iter().filter(|c| **c > 0).count() as f64 - 1.0;
        let less = (raised - own) / others.max(1.0);
        let mut removed = 0.0;
        for truth in (0..k).filter(|t| *t != given) {
            let kept = (row[truth] as f64 - less).max(0.0);
            let reduced = kept * options.share;
            removed += kept - reduced;
            out[given * k + truth] = reduced.trunc();
        }
        out[given * k + given] = (raised + removed).trunc();
    }
    wholes(&out)
}

/// Items of each label, ascending.
fn items_by_label(predictions: &Predictions) -> Vec<Vec<u32>> {
    let counts = predictions.label_counts();
    let mut out: Vec<Vec<u32>> = counts.into_iter().map(Vec::with_capacity).collect();
    for (item, &y) in (0_u32..).zip(predictions.labels) {
        out[y as usize].push(item);
    }
    out
}

/// Marks the `n` first entries by value, then by item.
fn mark_lowest(list: &mut [(f64, u32)], n: usize, mask: &mut [bool]) {
    if n == 0 || list.is_empty() {
        return;
    }
    let n = n.min(list.len());
    list.select_nth_unstable_by(n - 1, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    list[..n]
        .iter()
        .for_each(|(_, item)| mask[*item as usize] = true);
}

fn size(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn by_class(
    predictions: &Predictions,
    items: &[Vec<u32>],
    counts: &[u64],
    options: FilterOptions,
) -> Vec<bool> {
    let k = predictions.classes;
    let mut mask = vec![false; predictions.len()];
    for (label, items) in items
        .iter()
        .enumerate()
        .filter(|(_, i)| i.len() > options.least_per_class)
    {
        let n = items.len().saturating_sub(size(counts[label * k + label]));
        let own = |&item: &u32| (predictions.p[item as usize * k + label], item);
        mark_lowest(&mut items.iter().map(own).collect::<Vec<_>>(), n, &mut mask);
    }
    mask
}

fn by_noise_rate(
    predictions: &Predictions,
    items: &[Vec<u32>],
    counts: &[u64],
    options: FilterOptions,
) -> Vec<bool> {
    let k = predictions.classes;
    let mut mask = vec![false; predictions.len()];
    let mut ahead: Vec<Vec<(f64, u32)>> = vec![Vec::new(); k];
    for (label, items) in items
        .iter()
        .enumerate()
        .filter(|(_, i)| i.len() > options.least_per_class)
    {
        ahead.iter_mut().for_each(Vec::clear);
        // Items where another class is ahead are few, and nearly always enough.
        for &item in items {
            let row = &predictions.p[item as usize * k..(item as usize + 1) * k];
            let own = row[label];
            for (list, &x) in ahead.iter_mut().zip(row) {
                if x > own {
                    list.push((own - x, item));
                }
            }
        }
        for truth in (0..k).filter(|t| *t != label) {
            let n = size(counts[label * k + truth]);
            let list = &mut ahead[truth];
            if n > list.len() {
                list.clear();
                let margin = |&item: &u32| {
                    let row = &predictions.p[item as usize * k..];
                    (row[label] - row[truth], item)
                };
                list.extend(items.iter().map(margin));
            }
            mark_lowest(list, n, &mut mask);
        }
    }
    mask
}

/// Items that are likely mislabeled, ascending.
///
/// All filters but the two lowest drop items whose label the model would give itself (within 1e-6). Of items with equal
/// scores the first is taken. Errors: a share outside 0 to 1. Cost: as [`confident_joint`], and a selection per label.
/// Source: cleanlab 2.9.0 `find_label_issues`.
pub fn find_issues(
    predictions: &Predictions,
    joint: &ConfidentJoint,
    options: FilterOptions,
) -> Result<Vec<u32>, LabelError> {
    if !(0.0..=1.0).contains(&options.share) {
        return Err(LabelError::BadOption {
            name: "share",
            value: options.share,
            expected: "0 to 1",
        });
    }
    let pruned = || {
        let items = items_by_label(predictions);
        (prune_counts(joint, options), items)
    };
    let mut mask = match options.filter {
        Filter::ConfidentLearning => off_diagonal(predictions, joint),
        Filter::PruneByClass => {
            let (counts, items) = pruned();
            by_class(predictions, &items, &counts, options)
        }
        Filter::PruneByNoiseRate => {
            let (counts, items) = pruned();
            by_noise_rate(predictions, &items, &counts, options)
        }
        Filter::Both => {
            let (counts, items) = pruned();
            let mut mask = by_class(predictions, &items, &counts, options);
            let other = by_noise_rate(predictions, &items, &counts, options);
            mask.iter_mut().zip(other).for_each(|(a, b)| *a &= b);
            mask
        }
        Filter::PredictedNeqGiven => predictions
            .rows()
            .map(|(y, row)| largest(row).0 != y)
            .collect(),
        Filter::LowNormalizedMargin | Filter::LowSelfConfidence => {
            return Ok(lowest(predictions, joint, options.filter));
        }
    };
    for (flag, (y, row)) in mask.iter_mut().zip(predictions.rows()) {
        *flag = *flag && !is_predicted(row, y);
    }
    Ok(listed(&mask))
}

fn off_diagonal(predictions: &Predictions, joint: &ConfidentJoint) -> Vec<bool> {
    let mut mask = vec![false; predictions.len()];
    joint
        .off_diagonal
        .iter()
        .for_each(|item| mask[*item as usize] = true);
    mask
}

fn listed(mask: &[bool]) -> Vec<u32> {
    (0_u32..)
        .zip(mask)
        .filter(|(_, flag)| **flag)
        .map(|(item, _)| item)
        .collect()
}

fn lowest(predictions: &Predictions, joint: &ConfidentJoint, filter: Filter) -> Vec<u32> {
    let score = if filter == Filter::LowSelfConfidence {
        Score::SelfConfidence
    } else {
        Score::NormalizedMargin
    };
    let mut scored: Vec<(f64, u32)> = label_scores(predictions, score)
        .into_iter()
        .zip(0..)
        .collect();
    let mut mask = vec![false; predictions.len()];
    mark_lowest(&mut scored, confident_issues(predictions, joint), &mut mask);
    listed(&mask)
}

/// Items off the diagonal that the model would label otherwise.
fn confident_issues(predictions: &Predictions, joint: &ConfidentJoint) -> usize {
    let k = predictions.classes;
    let is_issue = |item: &&u32| {
        let item = **item as usize;
        !is_predicted(
            &predictions.p[item * k..(item + 1) * k],
            predictions.labels[item] as usize,
        )
    };
    joint.off_diagonal.iter().filter(is_issue).count()
}

/// All of it with cleanlab's defaults: the joint, and items to look at by the most suspicious first.
pub fn ranked_issues(
    predictions: &Predictions,
    options: FilterOptions,
    score: Score,
) -> Result<(ConfidentJoint, Vec<u32>), LabelError> {
    let joint = confident_joint(predictions);
    let mut items = find_issues(predictions, &joint, options)?;
    let scores = label_scores(predictions, score);
    items.sort_by(|&a, &b| {
        scores[a as usize]
            .total_cmp(&scores[b as usize])
            .then(a.cmp(&b))
    });
    Ok((joint, items))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    /// Items of two classes with planted wrong labels and a model that is right most of the time.
    fn planted(seed: u64) -> (Vec<f64>, Vec<u32>, Vec<u32>) {
        let mut random = SplitMix::new(seed);
        let (mut p, mut labels, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
        for item in 0..600_u32 {
            let truth = u32::try_from(random.below(2)).unwrap();
            let sure = 0.7 + 0.3 * random.unit();
            let is_wrong = random.unit() < 0.08;
            let of = |class: u32| if class == truth { sure } else { 1.0 - sure };
            p.extend([of(0), of(1)]);
            labels.push(truth ^ u32::from(is_wrong));
            if is_wrong {
                wrong.push(item);
            }
        }
        (p, labels, wrong)
    }

    #[test]
    fn planted_errors_are_found_by_every_filter() {
        let (p, labels, wrong) = planted(4);
        let predictions = Predictions::new(2, &p, &labels).unwrap();
        let joint = confident_joint(&predictions);
        for filter in [
            Filter::ConfidentLearning,
            Filter::PruneByClass,
            Filter::PruneByNoiseRate,
            Filter::Both,
            Filter::PredictedNeqGiven,
            Filter::LowNormalizedMargin,
            Filter::LowSelfConfidence,
        ] {
            let options = FilterOptions {
                filter,
                ..FilterOptions::default()
            };
            let found = find_issues(&predictions, &joint, options).unwrap();
            let hits = found.iter().filter(|i| wrong.contains(i)).count();
            assert!(hits == found.len(), "{filter:?}: {hits} of {}", found.len());
            assert!(
                2 * hits > wrong.len(),
                "{filter:?}: {hits} of {}",
                wrong.len()
            );
        }
        let options = FilterOptions {
            share: 2.0,
            ..FilterOptions::default()
        };
        assert!(find_issues(&predictions, &joint, options).is_err());
    }
}
