//! Comparisons as collected, and counted by pair.

use super::PreferenceError;

/// How one comparison ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The left item won.
    Left,
    /// The right item won.
    Right,
    /// Neither.
    Tie,
}

/// Comparisons of a long table, column by column, items coded from 0.
#[derive(Clone, Copy, Debug)]
pub struct Comparisons<'a> {
    /// How many items there are.
    pub items: usize,
    /// The left item of each.
    pub left: &'a [u32],
    /// The right item.
    pub right: &'a [u32],
    /// How each ended; none where the left item always won (winner, loser).
    pub outcomes: Option<&'a [Outcome]>,
    /// Weight of each, not negative; none for 1.
    pub weights: Option<&'a [f64]>,
}

impl Comparisons<'_> {
    /// Errors: [`PreferenceError`] for what does not fit.
    pub(super) fn check(&self) -> Result<(), PreferenceError> {
        let n = self.left.len();
        let lengths = [
            Some(self.right.len()),
            self.outcomes.map(<[Outcome]>::len),
            self.weights.map(<[f64]>::len),
        ];
        if let Some(seen) = lengths.into_iter().flatten().find(|l| *l != n) {
            return Err(PreferenceError::Mismatch {
                seen,
                expected: n,
                hint: "left, right, outcome and weight have one entry per comparison",
            });
        }
        if n == 0 || self.items < 2 {
            return Err(PreferenceError::Empty);
        }
        for (index, (a, b)) in self.left.iter().zip(self.right).enumerate() {
            let item = *a.max(b);
            if item as usize >= self.items {
                return Err(PreferenceError::NoSuchItem {
                    item,
                    items: self.items,
                });
            }
            if a == b {
                return Err(PreferenceError::Itself { index, item });
            }
        }
        let wrong = |w: &&f64| !(**w >= 0.0 && w.is_finite());
        match self.weights.and_then(|w| w.iter().find(wrong)) {
            Some(value) => Err(PreferenceError::BadOption {
                name: "weight",
                value: *value,
                hint: "weights are finite and not negative",
            }),
            None => Ok(()),
        }
    }

    pub(super) fn outcome(&self, index: usize) -> Outcome {
        self.outcomes
            .and_then(|o| o.get(index).copied())
            .unwrap_or(Outcome::Left)
    }

    pub(super) fn weight(&self, index: usize) -> f64 {
        self.weights
            .and_then(|w| w.get(index).copied())
            .unwrap_or(1.0)
    }
}

/// What two items did against each other, seen from one of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// The other item.
    pub other: u32,
    /// Wins against it.
    pub wins: f64,
    /// Losses.
    pub losses: f64,
    /// Ties.
    pub ties: f64,
}

/// Counts per pair, item after item: each pair is there twice, once from either side.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairs {
    starts: Vec<usize>,
    edges: Vec<Edge>,
}

impl Pairs {
    /// Counts comparisons. Errors: [`PreferenceError`]. Cost: one pass where the table of all pairs is not larger than
    /// four times the comparisons, else a sort.
    pub fn count(comparisons: &Comparisons<'_>) -> Result<Self, PreferenceError> {
        comparisons.check()?;
        let n = comparisons.items;
        let dense = n
            .checked_mul(n)
            .is_some_and(|cells| cells <= (4 * comparisons.left.len()).max(1 << 14));
        Ok(if dense {
            Self::dense(comparisons)
        } else {
            Self::sorted(comparisons)
        })
    }

    /// From a table of wins, row over column, and of ties above its diagonal or none.
    ///
    /// Errors: [`PreferenceError::Mismatch`], [`PreferenceError::Empty`].
    pub fn from_wins(wins: &[f64], items: usize) -> Result<Self, PreferenceError> {
        if wins.len() != items * items {
            return Err(PreferenceError::Mismatch {
                seen: wins.len(),
                expected: items * items,
                hint: "wins have a row and a column per item",
            });
        }
        if items < 2 || wins.iter().all(|w| *w == 0.0) {
            return Err(PreferenceError::Empty);
        }
        let cells: Vec<[f64; 2]> = wins.iter().map(|w| [*w, 0.0]).collect();
        Ok(Self::of_cells(&cells, items))
    }

    /// `cells[i * n + j]` are wins of i over j and ties, the ties on either side of the diagonal.
    fn of_cells(cells: &[[f64; 2]], n: usize) -> Self {
        let mut found = Self {
            starts: Vec::with_capacity(n + 1),
            edges: Vec::new(),
        };
        found.starts.push(0);
        for i in 0..n {
            for j in (0..n).filter(|j| *j != i) {
                let (own, other) = (cells[i * n + j], cells[j * n + i]);
                let edge = Edge {
                    other: u32::try_from(j).unwrap_or(u32::MAX),
                    wins: own[0],
                    losses: other[0],
                    ties: own[1] + other[1],
                };
                if edge.wins + edge.losses + edge.ties > 0.0 {
                    found.edges.push(edge);
                }
            }
            found.starts.push(found.edges.len());
        }
        found
    }

    fn dense(comparisons: &Comparisons<'_>) -> Self {
        let n = comparisons.items;
        let mut cells = vec![[0.0; 2]; n * n];
        for (index, (a, b)) in comparisons.left.iter().zip(comparisons.right).enumerate() {
            let (a, b) = (*a as usize, *b as usize);
            let weight = comparisons.weight(index);
            match comparisons.outcome(index) {
                Outcome::Left => cells[a * n + b][0] += weight,
                Outcome::Right => cells[b * n + a][0] += weight,
                Outcome::Tie => cells[a * n + b][1] += weight,
            }
        }
        Self::of_cells(&cells, n)
    }

    fn sorted(comparisons: &Comparisons<'_>) -> Self {
        let mut both: Vec<(u32, Edge)> = Vec::with_capacity(2 * comparisons.left.len());
        for (index, (a, b)) in comparisons.left.iter().zip(comparisons.right).enumerate() {
            let weight = comparisons.weight(index);
            let (mut wins, mut losses, mut ties) = (0.0, 0.0, 0.0);
            match comparisons.outcome(index) {
                Outcome::Left => wins = weight,
                Outcome::Right => losses = weight,
                Outcome::Tie => ties = weight,
            }
            let edge = |other: u32, wins: f64, losses: f64| Edge {
                other,
                wins,
                losses,
                ties,
            };
            if weight > 0.0 {
                both.push((*a, edge(*b, wins, losses)));
                both.push((*b, edge(*a, losses, wins)));
            }
        }
        // Stable, so that sums of weights do not depend on the sort.
        both.sort_by_key(|(item, edge)| (*item, edge.other));
        let mut found = Self {
            starts: vec![0; comparisons.items + 1],
            edges: Vec::new(),
        };
        for run in both.chunk_by(|a, b| a.0 == b.0 && a.1.other == b.1.other) {
            let mut sum = run[0].1;
            for (_, edge) in &run[1..] {
                sum.wins += edge.wins;
                sum.losses += edge.losses;
                sum.ties += edge.ties;
            }
            found.edges.push(sum);
            found.starts[run[0].0 as usize + 1] = found.edges.len();
        }
        for i in 1..found.starts.len() {
            found.starts[i] = found.starts[i].max(found.starts[i - 1]);
        }
        found
    }

    /// How many items.
    pub fn items(&self) -> usize {
        self.starts.len() - 1
    }

    /// What an item did, by the other item ascending; empty for an item that does not exist.
    pub fn of(&self, item: usize) -> &[Edge] {
        match (self.starts.get(item), self.starts.get(item + 1)) {
            (Some(start), Some(end)) => &self.edges[*start..*end],
            _ => &[],
        }
    }

    /// Every pair once, the smaller item first.
    pub fn each(&self) -> impl Iterator<Item = (usize, Edge)> + '_ {
        (0..self.items()).flat_map(move |i| {
            self.of(i)
                .iter()
                .filter(move |e| e.other as usize > i)
                .map(move |e| (i, *e))
        })
    }

    /// The same pairs with ties as half a win and half a loss.
    #[must_use]
    pub fn ties_as_halves(mut self) -> Self {
        for edge in &mut self.edges {
            edge.wins += 0.5 * edge.ties;
            edge.losses += 0.5 * edge.ties;
            edge.ties = 0.0;
        }
        self
    }

    /// Where the pair stands, from either side, in the order of [`Pairs::edges`].
    pub(super) fn slots(&self, a: u32, b: u32) -> Option<[usize; 2]> {
        let find = |item: u32, other: u32| {
            let at = self
                .of(item as usize)
                .binary_search_by_key(&other, |e| e.other)
                .ok()?;
            Some(self.starts[item as usize] + at)
        };
        Some([find(a, b)?, find(b, a)?])
    }

    pub(super) fn edges_mut(&mut self) -> &mut [Edge] {
        &mut self.edges
    }

    /// Errors: [`PreferenceError::NotConnected`] where some strengths would run away.
    pub(super) fn connected(&self) -> Result<(), PreferenceError> {
        let groups = components(self, |e| e.wins > 0.0 || e.ties > 0.0);
        if groups.len() == 1 {
            return Ok(());
        }
        let largest = groups.iter().map(Vec::len).max().unwrap_or(0);
        let mut is_first = true;
        let outside = groups.iter().find(|g| {
            let is_kept = g.len() == largest && is_first;
            is_first &= !is_kept;
            !is_kept
        });
        Err(PreferenceError::NotConnected {
            groups: groups.len(),
            item: outside.and_then(|g| g.first().copied()).unwrap_or(0),
        })
    }
}

/// Strongly connected groups of the directed graph whose edges `leads` accepts (Tarjan 1972, without recursion), each
/// ascending, ordered by their smallest item. Cost: items and edges.
pub fn components(pairs: &Pairs, leads: impl Fn(&Edge) -> bool) -> Vec<Vec<u32>> {
    let n = pairs.items();
    let mut search = Search {
        index: vec![usize::MAX; n],
        low: vec![0; n],
        is_open: vec![false; n],
        stack: Vec::new(),
        groups: Vec::new(),
        next: 0,
    };
    for root in 0..n {
        if search.index[root] == usize::MAX {
            search.run(root, pairs, &leads);
        }
    }
    let mut groups = search.groups;
    for g in &mut groups {
        g.sort_unstable();
    }
    groups.sort_unstable();
    groups
}

struct Search {
    index: Vec<usize>,
    low: Vec<usize>,
    is_open: Vec<bool>,
    stack: Vec<u32>,
    groups: Vec<Vec<u32>>,
    next: usize,
}

impl Search {
    fn enter(&mut self, item: usize) {
        self.index[item] = self.next;
        self.low[item] = self.next;
        self.next += 1;
        self.is_open[item] = true;
        self.stack.push(u32::try_from(item).unwrap_or(u32::MAX));
    }

    fn run(&mut self, root: usize, pairs: &Pairs, leads: &impl Fn(&Edge) -> bool) {
        self.enter(root);
        let mut path = vec![(root, 0_usize)];
        while let Some((item, at)) = path.last_mut() {
            let item = *item;
            if let Some(edge) = pairs.of(item).get(*at) {
                *at += 1;
                let other = edge.other as usize;
                if !leads(edge) {
                    continue;
                }
                if self.index[other] == usize::MAX {
                    self.enter(other);
                    path.push((other, 0));
                } else if self.is_open[other] {
                    self.low[item] = self.low[item].min(self.index[other]);
                }
                continue;
            }
            path.pop();
            if let Some((parent, _)) = path.last() {
                self.low[*parent] = self.low[*parent].min(self.low[item]);
            }
            if self.low[item] == self.index[item] {
                let start = self
                    .stack
                    .iter()
                    .rposition(|s| *s as usize == item)
                    .unwrap_or(0);
                let group = self.stack.split_off(start);
                for g in &group {
                    self.is_open[*g as usize] = false;
                }
                self.groups.push(group);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    #[test]
    fn both_ways_of_counting_agree() {
        let mut random = SplitMix::new(3);
        let mut draw = |n: usize| -> Vec<u32> {
            (0..500)
                .map(|_| u32::try_from(random.below(n)).unwrap())
                .collect()
        };
        let left = draw(40);
        let right: Vec<u32> = left
            .iter()
            .zip(draw(39))
            .map(|(a, d)| (a + 1 + d) % 40)
            .collect();
        let outcomes: Vec<Outcome> = draw(3)
            .iter()
            .map(|o| [Outcome::Left, Outcome::Right, Outcome::Tie][*o as usize])
            .collect();
        let comparisons = Comparisons {
            items: 40,
            left: &left,
            right: &right,
            outcomes: Some(&outcomes),
            weights: None,
        };
        let (a, b) = (Pairs::dense(&comparisons), Pairs::sorted(&comparisons));
        assert_eq!(a, b);
        let all: f64 = a.each().map(|(_, e)| e.wins + e.losses + e.ties).sum();
        assert_eq!(all, 500.0);
    }

    #[test]
    fn groups_and_errors() {
        let wins = [0.0, 2.0, 0.0, 1.0, 0.0, 3.0, 0.0, 0.0, 0.0];
        let pairs = Pairs::from_wins(&wins, 3).unwrap();
        assert_eq!(components(&pairs, |e| e.wins > 0.0), [vec![0, 1], vec![2]]);
        let error = pairs.connected().unwrap_err();
        assert_eq!(error, PreferenceError::NotConnected { groups: 2, item: 2 });
        let comparisons = Comparisons {
            items: 2,
            left: &[0, 1],
            right: &[1, 1],
            outcomes: None,
            weights: None,
        };
        assert_eq!(
            Pairs::count(&comparisons),
            Err(PreferenceError::Itself { index: 1, item: 1 })
        );
    }
}
