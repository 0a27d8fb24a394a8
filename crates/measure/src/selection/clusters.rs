//! One row from each of the groups a set falls into.

use super::SelectionError;
use crate::rows::Rows;
use crate::stats::SplitMix;
use serde::{Deserialize, Serialize};

/// How groups are found; see [`clustered`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClusterOptions {
    /// Rounds of Lloyd's iteration at most.
    pub rounds: usize,
    /// Seed of the first centers.
    pub seed: u64,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self {
            rounds: 100,
            seed: 1,
        }
    }
}

/// See [`clustered`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Clustered {
    /// Rows in the order they were chosen: largest cluster first.
    pub selected: Vec<usize>,
    /// Rows of the cluster each was chosen from.
    pub sizes: Vec<usize>,
    /// Cluster of every row, numbered by size: the clusters of `selected` come first, then those an initial row is in.
    pub cluster: Vec<usize>,
    /// Sum over all rows of the squared distance to the center of their cluster.
    pub inertia: f64,
    /// Rounds that were made.
    pub rounds: usize,
    /// No row changed its cluster in the last round; otherwise the rounds ran out and centers still move.
    pub is_settled: bool,
}

/// One row from each of `initial.len() + budget` clusters that no initial row is in, nearest to the center of its cluster,
/// the largest cluster first: the choice by clusters that `TypiClust` (Hacohen, Dekel and Weinshall 2022) begins with.
///
/// Clusters are those of k-means: first centers by k-means++ (Arthur and Vassilvitskii 2007) from a seed, then Lloyd's
/// iteration (1982) until no row changes or the rounds are used up. A cluster that loses all rows takes the row farthest
/// from its center. Ties go to the smaller index everywhere, so the same seed gives the same choice on any machine.
/// Fewer rows than `budget` are chosen where fewer rows differ. Distances are Euclidean: bring columns to one scale first.
///
/// Errors: [`SelectionError::NoSuchRow`]. Cost: rows x clusters x columns per round.
pub fn clustered(
    rows: &Rows,
    initial: &[usize],
    budget: usize,
    options: ClusterOptions,
) -> Result<Clustered, SelectionError> {
    let n = rows.len();
    if let Some(&row) = initial.iter().find(|row| **row >= n) {
        return Err(SelectionError::NoSuchRow { row, rows: n });
    }
    let mut known = initial.to_vec();
    known.sort_unstable();
    known.dedup();
    let count = known.len().saturating_add(budget).clamp(1, n);
    let mut means = Means::seeded(rows, count, options.seed);
    let mut rounds = 0;
    let mut is_settled = false;
    while rounds < options.rounds && !is_settled {
        means.center();
        is_settled = !means.assign();
        rounds += 1;
    }
    Ok(means.choose(&known, budget, (rounds, is_settled)))
}

/// Rows, the centers of their clusters and who belongs where.
struct Means<'a> {
    rows: &'a Rows,
    /// Center after center.
    centers: Vec<f64>,
    count: usize,
    of: Vec<usize>,
    /// Squared distance to the center a row was assigned to.
    gaps: Vec<f64>,
    sizes: Vec<usize>,
    /// Distances to one center, kept to save allocations.
    buffer: Vec<f64>,
}

impl<'a> Means<'a> {
    /// k-means++: each next center is a row drawn by its squared distance to the centers so far.
    fn seeded(rows: &'a Rows, count: usize, seed: u64) -> Self {
        let n = rows.len();
        let mut random = SplitMix::new(seed);
        let mut found = Self {
            rows,
            centers: Vec::with_capacity(count * rows.columns()),
            count: 0,
            of: vec![0; n],
            gaps: vec![f64::INFINITY; n],
            sizes: Vec::new(),
            buffer: vec![0.0; n],
        };
        let mut next = random.below(n);
        while found.count < count {
            let columns = rows.columns();
            found.centers.extend((0..columns).map(|c| rows.at(next, c)));
            found.rows.squared_distances(next, &mut found.buffer);
            found.take_nearer(found.count);
            found.count += 1;
            let total: f64 = found.gaps.iter().sum();
            // All rows are centers: what is left are copies.
            if total <= 0.0 {
                break;
            }
            let mut left = random.unit() * total;
            let drawn = found.gaps.iter().position(|gap| {
                left -= gap;
                left < 0.0
            });
            // Rounding can leave a rest behind the last row.
            next = drawn.unwrap_or_else(|| farthest(&found.gaps, |_| true).unwrap_or(0));
        }
        found.count_sizes();
        found
    }

    fn take_nearer(&mut self, center: usize) {
        let rows = self.gaps.iter_mut().zip(&mut self.of).zip(&self.buffer);
        for ((gap, of), new) in rows {
            if *new < *gap {
                (*gap, *of) = (*new, center);
            }
        }
    }

    fn count_sizes(&mut self) {
        self.sizes = vec![0; self.count];
        for of in &self.of {
            self.sizes[*of] += 1;
        }
    }

    /// Moves each center to the mean of its rows.
    fn center(&mut self) {
        let columns = self.rows.columns();
        self.centers.fill(0.0);
        for column in 0..columns {
            for (x, of) in self.rows.column(column).iter().zip(&self.of) {
                self.centers[of * columns + column] += x;
            }
        }
        for (center, size) in self.centers.chunks_exact_mut(columns).zip(&self.sizes) {
            for x in center {
                *x /= *size as f64;
            }
        }
    }

    /// Gives each row to its nearest center; whether any changed.
    fn assign(&mut self) -> bool {
        let before = self.of.clone();
        self.gaps.fill(f64::INFINITY);
        let columns = self.rows.columns();
        for center in 0..self.count {
            let point = &self.centers[center * columns..][..columns];
            self.rows.squared_distances_to(point, &mut self.buffer);
            self.take_nearer(center);
        }
        self.count_sizes();
        while let Some(empty) = self.sizes.iter().position(|size| *size == 0) {
            let Some(row) = farthest(&self.gaps, |row| self.sizes[self.of[row]] > 1) else {
                break;
            };
            self.sizes[self.of[row]] -= 1;
            (self.of[row], self.gaps[row], self.sizes[empty]) = (empty, 0.0, 1);
        }
        self.of != before
    }

    fn choose(
        mut self,
        known: &[usize],
        budget: usize,
        (rounds, is_settled): (usize, bool),
    ) -> Clustered {
        // Distances to the means of the rows as they are assigned now.
        self.center();
        let columns = self.rows.columns();
        let mut nearest: Vec<Option<(f64, usize)>> = vec![None; self.count];
        let mut inertia = 0.0;
        for (row, of) in self.of.iter().enumerate() {
            let gap: f64 = (0..columns)
                .map(|c| (self.rows.at(row, c) - self.centers[of * columns + c]).powi(2))
                .sum();
            inertia += gap;
            if nearest[*of].is_none_or(|(best, _)| gap < best) {
                nearest[*of] = Some((gap, row));
            }
        }
        let mut is_known = vec![false; self.count];
        for row in known {
            is_known[self.of[*row]] = true;
        }
        // Equal sizes: the cluster whose chosen row comes first.
        let mut order: Vec<(bool, usize, usize, usize)> = nearest
            .iter()
            .enumerate()
            .filter_map(|(at, found)| {
                let (_, row) = (*found)?;
                Some((is_known[at], usize::MAX - self.sizes[at], row, at))
            })
            .collect();
        order.sort_unstable();
        let mut rank = vec![0; self.count];
        for (place, (.., at)) in order.iter().enumerate() {
            rank[*at] = place;
        }
        let taken = order.iter().filter(|c| !c.0).take(budget);
        Clustered {
            selected: taken.clone().map(|c| c.2).collect(),
            sizes: taken.map(|c| self.sizes[c.3]).collect(),
            cluster: self.of.iter().map(|of| rank[*of]).collect(),
            inertia,
            rounds,
            is_settled,
        }
    }
}

/// The row with the largest gap above 0 among those allowed, of equals the first.
fn farthest(gaps: &[f64], is_allowed: impl Fn(usize) -> bool) -> Option<usize> {
    let mut best = None;
    for (row, gap) in gaps.iter().enumerate() {
        if *gap > best.map_or(0.0, |(most, _)| most) && is_allowed(row) {
            best = Some((*gap, row));
        }
    }
    best.map(|(_, row)| row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;
    use proptest::prelude::*;

    /// Groups of rows around centers 10 apart on a circle.
    fn groups(sizes: &[usize], noise: &mut Noise) -> Vec<f64> {
        let mut values = Vec::new();
        for (group, size) in sizes.iter().enumerate() {
            let angle = std::f64::consts::TAU * group as f64 / sizes.len() as f64;
            for _ in 0..*size {
                values.push(20.0 * angle.cos() + noise.normal());
                values.push(20.0 * angle.sin() + noise.normal());
            }
        }
        values
    }

    #[test]
    fn one_row_of_each_group_the_largest_first() {
        let sizes = [30, 12, 50, 20];
        let mut all_found = 0;
        for seed in 0..50 {
            let rows = Rows::from_flat(&groups(&sizes, &mut Noise::new(seed)), 2).unwrap();
            let options = ClusterOptions {
                seed,
                ..ClusterOptions::default()
            };
            let found = clustered(&rows, &[], 4, options).unwrap();
            assert!(found.is_settled && found.selected.len() == 4);
            assert!(found.sizes.is_sorted_by(|a, b| a >= b), "{found:?}");
            all_found += usize::from(found.sizes == [50, 30, 20, 12]);
        }
        // A local optimum now and then: k-means++ puts two first centers into one group at times.
        assert!(all_found >= 40, "{all_found} of 50");
    }

    #[test]
    fn clusters_with_a_known_row_are_left_out() {
        let rows = Rows::from_flat(&[0.0, 0.1, 0.2, 5.0, 5.25, 9.0], 1).unwrap();
        let options = ClusterOptions::default();
        let found = clustered(&rows, &[1, 1], 2, options).unwrap();
        assert_eq!(found.selected, [3, 5], "{found:?}");
        assert_eq!(found.cluster, [2, 2, 2, 0, 0, 1]);
        assert_eq!(found.sizes, [2, 1]);
        assert!(
            clustered(&rows, &[], 0, options)
                .unwrap()
                .selected
                .is_empty()
        );
        assert!(clustered(&rows, &[6], 1, options).is_err());
        // Copies are one row: no more can be chosen than differ.
        let copies = Rows::from_flat(&[1.0, 2.0, 1.0, 2.0, 1.0], 1).unwrap();
        let found = clustered(&copies, &[], 5, options).unwrap();
        assert_eq!((found.selected, found.inertia), (vec![0, 1], 0.0));
    }

    #[test]
    fn rounds_that_run_out_are_said() {
        let rows = Rows::from_flat(&groups(&[40, 40, 40], &mut Noise::new(3)), 2).unwrap();
        let of = |rounds| clustered(&rows, &[], 12, ClusterOptions { rounds, seed: 5 }).unwrap();
        let inertia: Vec<f64> = (0..30).map(|rounds| of(rounds).inertia).collect();
        // Lloyd's iteration never makes it worse.
        assert!(
            inertia.windows(2).all(|w| w[1] <= w[0] + 1e-9),
            "{inertia:?}"
        );
        assert!(!of(0).is_settled && of(100).is_settled);
    }

    proptest! {
        #[test]
        fn laws(values in prop::collection::vec(-20_i32..20, 2..60), budget in 0_usize..12, seed in 0_u64..50, initial in prop::collection::vec(0_usize..2, 0..3)) {
            let rows = Rows::from_flat(&values.iter().map(|x| f64::from(*x)).collect::<Vec<_>>(), 1).unwrap();
            let options = ClusterOptions { seed, ..ClusterOptions::default() };
            let found = clustered(&rows, &initial, budget, options).unwrap();
            prop_assert_eq!(&found, &clustered(&rows, &initial, budget, options).unwrap());
            prop_assert!(found.is_settled);
            prop_assert!(found.selected.len() <= budget);
            for (place, row) in found.selected.iter().enumerate() {
                prop_assert_eq!(found.cluster[*row], place);
                prop_assert_eq!(found.cluster.iter().filter(|c| **c == place).count(), found.sizes[place]);
                prop_assert!(initial.iter().all(|known| found.cluster[*known] != place));
            }
            // A factor that rounds nothing changes nothing but the inertia.
            let scaled = Rows::from_flat(&values.iter().map(|x| f64::from(*x) * 4.0).collect::<Vec<_>>(), 1).unwrap();
            let again = clustered(&scaled, &initial, budget, options).unwrap();
            prop_assert_eq!((found.selected, found.inertia * 16.0), (again.selected, again.inertia));
        }
    }
}
