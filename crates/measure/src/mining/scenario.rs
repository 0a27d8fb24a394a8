//! Combining what primitives found.
//!
//! Read [`Scenario`] first. Not here: the primitives themselves.

use super::TrackId;
use super::relation::Related;
use std::collections::BTreeMap;

/// When a track does something, and to whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matches {
    /// Stamps, ascending, without repetition.
    pub t_nanos: Vec<i64>,
    /// The others and the stamps with each; empty where nobody else is part of it.
    pub related: Related,
}

impl Matches {
    /// Of one track alone.
    pub fn alone(mut t_nanos: Vec<i64>) -> Self {
        t_nanos.sort_unstable();
        t_nanos.dedup();
        Self {
            t_nanos,
            related: Related::new(),
        }
    }

    /// With others: it holds whenever it holds with one of them.
    pub fn with(related: Related) -> Self {
        let stamps = related.values().flatten().copied().collect();
        Self {
            related,
            ..Self::alone(stamps)
        }
    }

    /// What remains at stamps that are kept.
    fn kept(&self, keep: impl Fn(&i64) -> bool) -> Self {
        let only = |t: &Vec<i64>| t.iter().filter(|t| keep(t)).copied().collect::<Vec<_>>();
        let related = self.related.iter().map(|(id, t)| (*id, only(t)));
        Self {
            t_nanos: only(&self.t_nanos),
            related: related.filter(|(_, t)| !t.is_empty()).collect(),
        }
    }

    fn merge(&mut self, other: &Self) {
        for (id, t) in &other.related {
            let mut all: Vec<i64> = self
                .related
                .get(id)
                .into_iter()
                .flatten()
                .chain(t)
                .copied()
                .collect();
            all.sort_unstable();
            all.dedup();
            self.related.insert(*id, all);
        }
    }
}

/// Tracks and when they match (RefAV's scenario, one level of relations deep). Tracks that never match are not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scenario(BTreeMap<TrackId, Matches>);

impl FromIterator<(TrackId, Matches)> for Scenario {
    fn from_iter<I: IntoIterator<Item = (TrackId, Matches)>>(found: I) -> Self {
        Self(
            found
                .into_iter()
                .filter(|(_, m)| !m.t_nanos.is_empty())
                .collect(),
        )
    }
}

impl Scenario {
    /// Its tracks, by number.
    pub fn tracks(&self) -> &BTreeMap<TrackId, Matches> {
        &self.0
    }

    /// Tracks and stamps that are in both; relations of either at those stamps.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let both = self.0.iter().filter_map(|(id, a)| {
            let b = other.0.get(id)?;
            let mut found = a.kept(|t| b.t_nanos.binary_search(t).is_ok());
            found.merge(&b.kept(|t| a.t_nanos.binary_search(t).is_ok()));
            Some((*id, found))
        });
        both.collect()
    }

    /// Tracks and stamps that are in either.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        let mut found = self.clone();
        for (id, b) in &other.0 {
            let a = found.0.entry(*id).or_default();
            let mut all = Matches::alone(a.t_nanos.iter().chain(&b.t_nanos).copied().collect());
            all.related = std::mem::take(&mut a.related);
            all.merge(b);
            *a = all;
        }
        found
    }

    /// Tracks and stamps of this that are not in the other, without the relations the other asked for.
    #[must_use]
    pub fn but_not(&self, other: &Self) -> Self {
        let left = self.0.iter().map(|(id, a)| {
            let without = other.0.get(id);
            let keep = |t: &i64| without.is_none_or(|b| b.t_nanos.binary_search(t).is_err());
            (*id, a.kept(keep))
        });
        left.collect()
    }

    /// The related tracks with those they relate to: who is followed for who follows.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let mut found: BTreeMap<TrackId, Related> = BTreeMap::new();
        for (id, matches) in &self.0 {
            for (other, t) in &matches.related {
                found.entry(*other).or_default().insert(*id, t.clone());
            }
        }
        found
            .into_iter()
            .map(|(id, related)| (id, Matches::with(related)))
            .collect()
    }
}

/// The stamps of a match with each run of neighboring samples made to last at least `least_secs`, evenly at both ends as
/// far as the track goes, and runs of fewer than `least_samples` left out first; RefAV takes 1.5 s and 2.
///
/// `track` are all stamps of the track, ascending, `matched` some of them. Cost: linear.
pub fn stretched(
    track: &[i64],
    matched: &[i64],
    least_secs: f64,
    least_samples: usize,
) -> Vec<i64> {
    let mut marks = vec![false; track.len()];
    let hit: Vec<bool> = track
        .iter()
        .map(|t| matched.binary_search(t).is_ok())
        .collect();
    let mut begin = 0;
    for run in hit.chunk_by(|a, b| a == b) {
        let end = begin + run.len();
        if run.first() == Some(&true) && run.len() >= least_samples.max(1) {
            let (from, to) = widened(track, begin, end - 1, least_secs);
            for mark in marks.iter_mut().take(to + 1).skip(from) {
                *mark = true;
            }
        }
        begin = end;
    }
    let kept = track.iter().zip(&marks);
    kept.filter(|(_, m)| **m).map(|(t, _)| *t).collect()
}

/// First and last sample of a run widened by one sample at each end in turn until it lasts long enough.
fn widened(track: &[i64], mut from: usize, mut to: usize, least_secs: f64) -> (usize, usize) {
    let lasts = |from: usize, to: usize| {
        let ends = track.get(from).zip(track.get(to));
        ends.map_or(0.0, |(a, b)| (i128::from(*b) - i128::from(*a)) as f64 / 1e9)
    };
    let mut front = true;
    while lasts(from, to) < least_secs && (from > 0 || to + 1 < track.len()) {
        if (front && from > 0) || to + 1 >= track.len() {
            from -= 1;
        } else {
            to += 1;
        }
        front = !front;
    }
    (from, to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scenarios() -> impl Strategy<Value = Scenario> {
        let stamps = proptest::collection::btree_set(0_i64..12, 0..6);
        let related = proptest::collection::btree_map(10_u64..13, stamps.clone(), 0..3);
        proptest::collection::btree_map(0_u64..5, (stamps, related), 0..5).prop_map(|all| {
            let matches = |(alone, related): (
                std::collections::BTreeSet<i64>,
                BTreeMap<u64, std::collections::BTreeSet<i64>>,
            )| {
                if related.is_empty() {
                    return Matches::alone(alone.into_iter().collect());
                }
                let related = related
                    .into_iter()
                    .map(|(id, t)| (id, t.into_iter().collect::<Vec<_>>()));
                Matches::with(related.filter(|(_, t)| !t.is_empty()).collect())
            };
            all.into_iter().map(|(id, m)| (id, matches(m))).collect()
        })
    }

    proptest! {
        #[test]
        fn algebra(a in scenarios(), b in scenarios()) {
            let holds = |s: &Scenario, id: u64, t: i64| s.tracks().get(&id).is_some_and(|m| m.t_nanos.contains(&t));
            for id in 0..5 {
                for t in 0..12 {
                    let (x, y) = (holds(&a, id, t), holds(&b, id, t));
                    prop_assert_eq!(holds(&a.and(&b), id, t), x && y);
                    prop_assert_eq!(holds(&a.or(&b), id, t), x || y);
                    prop_assert_eq!(holds(&a.but_not(&b), id, t), x && !y);
                }
            }
            prop_assert_eq!(a.and(&b), b.and(&a));
            prop_assert_eq!(a.or(&b), b.or(&a));
            prop_assert_eq!(&a.and(&a), &a);
            prop_assert_eq!(&a.or(&a), &a);
            prop_assert_eq!(a.reversed().reversed().reversed(), a.reversed());
        }

        #[test]
        fn stretched_matches_last(hits in proptest::collection::btree_set(0_i64..40, 0..12)) {
            let track: Vec<i64> = (0..40).map(|i| i * 100_000_000).collect();
            let matched: Vec<i64> = hits.iter().map(|i| i * 100_000_000).collect();
            let found = stretched(&track, &matched, 1.5, 1);
            prop_assert!(matched.iter().all(|t| found.contains(t)));
            for run in found.chunk_by(|a, b| b - a == 100_000_000) {
                prop_assert!(run[run.len() - 1] - run[0] >= 1_500_000_000);
            }
            prop_assert!(stretched(&track, &matched, 0.0, 1) == matched);
        }
    }
}
