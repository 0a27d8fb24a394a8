//! Groups to splits.

use super::SplitError;

/// Members that stay together.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What decides when its turn comes: a digest of seed and name, so that the order is that of nothing else.
    pub turn: [u8; 32],
    /// Its members by stratum, each stratum once; one stratum 0 without strata.
    pub members: Vec<(usize, u64)>,
    /// The split it stays in.
    pub stays: Option<usize>,
}

impl Group {
    fn size(&self) -> u64 {
        self.members.iter().map(|(_, members)| members).sum()
    }
}

/// Which split each group is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Split of every group, in the order they were given.
    pub splits: Vec<usize>,
    /// Members of every split.
    pub members: Vec<u64>,
    /// Groups of every split.
    pub groups: Vec<u64>,
}

/// Members of splits by stratum, as they are given out.
struct Open {
    shares: Vec<f64>,
    /// Members of every stratum in all.
    totals: Vec<u64>,
    /// Members given out, by split and stratum.
    given: Vec<Vec<u64>>,
    groups: Vec<u64>,
}

impl Open {
    fn new(groups: &[Group], shares: &[f64], sum: f64) -> Self {
        let members = || groups.iter().flat_map(|group| &group.members);
        let strata = members().map(|(stratum, _)| stratum + 1).max().unwrap_or(1);
        let mut totals = vec![0; strata];
        for (stratum, count) in members() {
            if let Some(total) = totals.get_mut(*stratum) {
                *total += count;
            }
        }
        Self {
            shares: shares.iter().map(|share| share / sum).collect(),
            totals,
            given: vec![vec![0; strata]; shares.len()],
            groups: vec![0; shares.len()],
        }
    }

    /// The split a group goes to when so many groups are left, itself included.
    fn best(&self, group: &Group, left: usize) -> usize {
        let empty = self.empty();
        let among = if empty.len() >= left {
            empty
        } else {
            (0..self.shares.len()).collect()
        };
        let best = among.into_iter().max_by(|a, b| {
            let (a_lack, b_lack) = (self.lack(*a, group), self.lack(*b, group));
            let by_lack = a_lack.0.total_cmp(&b_lack.0);
            by_lack.then(a_lack.1.total_cmp(&b_lack.1)).then(b.cmp(a))
        });
        best.unwrap_or(0)
    }

    /// By how much a split lacks what a group would bring, as a share of its strata, and by how much it lacks members.
    fn lack(&self, split: usize, group: &Group) -> (f64, f64) {
        let share = self.shares.get(split).copied().unwrap_or(0.0);
        let given = self.given.get(split).map_or(&[][..], Vec::as_slice);
        let of = |stratum: usize| {
            let total = self.totals.get(stratum).copied().unwrap_or(0) as f64;
            let given = given.get(stratum).copied().unwrap_or(0) as f64;
            (share * total - given, total)
        };
        let strata = group.members.iter().map(|(stratum, members)| {
            let (lack, total) = of(*stratum);
            lack / total.max(1.0) * *members as f64
        });
        let all = (0..self.totals.len()).map(|stratum| of(stratum).0);
        (strata.sum(), all.sum())
    }

    fn give(&mut self, split: usize, group: &Group) {
        if let Some(given) = self.given.get_mut(split) {
            for (stratum, members) in &group.members {
                if let Some(given) = given.get_mut(*stratum) {
                    *given += members;
                }
            }
        }
        if let Some(groups) = self.groups.get_mut(split) {
            *groups += 1;
        }
    }

    fn empty(&self) -> Vec<usize> {
        let all = self.groups.iter().enumerate();
        all.filter(|(_, groups)| **groups == 0)
            .map(|(split, _)| split)
            .collect()
    }
}

/// Gives every group to a split: those that stay first; the others in their turn, each to the split that lacks most of
/// what the group brings (by stratum, then by members, then the first). When only as many groups are left as splits have
/// nothing, these get them, so that no split is empty that can be filled.
///
/// Shares are relative to their sum. Shares are met as well as groups allow: a split exceeds its share by less than its
/// largest group, unless groups that stay exceed it.
///
/// Errors: [`SplitError`]. Cost: groups times splits times strata of a group, and one sort.
pub fn assign(groups: &[Group], shares: &[f64]) -> Result<Assignment, SplitError> {
    if groups.is_empty() {
        return Err(SplitError::Empty);
    }
    let sum: f64 = shares.iter().sum();
    if shares.len() < 2 || !sum.is_finite() || shares.iter().any(|share| *share <= 0.0) {
        return Err(SplitError::Shares);
    }
    if groups.len() < shares.len() {
        return Err(SplitError::TooFewGroups {
            groups: groups.len(),
            splits: shares.len(),
        });
    }
    let mut open = Open::new(groups, shares, sum);
    let mut splits = vec![0; groups.len()];
    let mut free: Vec<usize> = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        match group.stays.filter(|split| *split < shares.len()) {
            Some(split) => {
                open.give(split, group);
                if let Some(place) = splits.get_mut(at) {
                    *place = split;
                }
            }
            None => free.push(at),
        }
    }
    let empty = open.empty();
    if let Some(split) = empty.get(free.len()) {
        return Err(SplitError::NothingLeft {
            split: *split,
            free: free.len(),
        });
    }
    free.sort_by_key(|at| groups.get(*at).map(|group| (group.turn, *at)));
    for (turn, at) in free.iter().enumerate() {
        let Some(group) = groups.get(*at) else {
            continue;
        };
        let split = open.best(group, free.len() - turn);
        open.give(split, group);
        if let Some(place) = splits.get_mut(*at) {
            *place = split;
        }
    }
    let mut members = vec![0; shares.len()];
    for (group, split) in groups.iter().zip(&splits) {
        if let Some(members) = members.get_mut(*split) {
            *members += group.size();
        }
    }
    Ok(Assignment {
        splits,
        members,
        groups: open.groups,
    })
}
