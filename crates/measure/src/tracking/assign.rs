//! Assignment: which rows go with which columns.

/// A possible match and what it is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// Row.
    pub row: u32,
    /// Column.
    pub col: u32,
    /// Worth, above 0.
    pub weight: f64,
}

/// No row or column.
const NONE: u32 = u32::MAX;

/// Matchings of the largest total weight, with memory that is used again from call to call.
///
/// Matches come only from the edges given, so an edge left out is worth 0 and stays unmatched. Rows and columns that
/// edges tie together are solved apart from the others, which on boxes of images are small groups. Of several
/// matchings of the same weight always the same one is found.
#[derive(Clone, Debug, Default)]
pub struct Assigner {
    parent: Vec<u32>,
    local: Vec<u32>,
    group_of: Vec<u32>,
    ends: Vec<usize>,
    grouped: Vec<Edge>,
    names: [Vec<u32>; 2],
    cost: Vec<f64>,
    dense: Dense,
    found: Vec<Edge>,
}

impl Assigner {
    /// Without memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn root(&mut self, node: u32) -> u32 {
        let mut node = node;
        loop {
            let up = self.parent[node as usize];
            if up == node {
                return node;
            }
            let next = self.parent[up as usize];
            self.parent[node as usize] = next;
            node = next;
        }
    }

    /// The matching of largest total weight, ordered by row. Edges with a weight that is not above 0 are never matched.
    ///
    /// `edges` name rows below `rows` and columns below `cols`, each pair once. Cost: near linear in the edges, plus
    /// `O(r^2 c)` for every group of `r` rows and `c` columns, `r <= c`, that edges tie together.
    ///
    /// # Panics
    /// For rows and columns beyond the counts: callers make the edges.
    pub fn best(&mut self, rows: usize, cols: usize, edges: &[Edge]) -> &[Edge] {
        self.found.clear();
        self.group(rows, cols, edges);
        let mut start = 0;
        for g in 0..self.ends.len() {
            let end = self.ends[g];
            self.solve(start, end, rows);
            start = end;
        }
        self.found.sort_unstable_by_key(|e| e.row);
        &self.found
    }

    /// Sorts edges by the group they belong to; groups in order of their first edge.
    fn group(&mut self, rows: usize, cols: usize, edges: &[Edge]) {
        let nodes = u32::try_from(rows + cols).unwrap_or(NONE);
        let offset = u32::try_from(rows).unwrap_or(NONE);
        self.parent.clear();
        self.parent.extend(0..nodes);
        for e in edges.iter().filter(|e| e.weight > 0.0) {
            let (a, b) = (self.root(e.row), self.root(offset + e.col));
            self.parent[a.max(b) as usize] = a.min(b);
        }
        self.group_of.clear();
        self.group_of.resize(rows + cols, NONE);
        self.ends.clear();
        for e in edges.iter().filter(|e| e.weight > 0.0) {
            let root = self.root(e.row) as usize;
            if self.group_of[root] == NONE {
                self.group_of[root] = u32::try_from(self.ends.len()).unwrap_or(NONE);
                self.ends.push(0);
            }
            self.ends[self.group_of[root] as usize] += 1;
        }
        let mut total = 0;
        for end in &mut self.ends {
            // Starts for now; filling moves each to its end.
            let count = std::mem::replace(end, total);
            total += count;
        }
        let empty = Edge {
            row: 0,
            col: 0,
            weight: 0.0,
        };
        self.grouped.clear();
        self.grouped.resize(total, empty);
        for e in edges.iter().filter(|e| e.weight > 0.0) {
            let root = self.root(e.row) as usize;
            let at = &mut self.ends[self.group_of[root] as usize];
            self.grouped[*at] = *e;
            *at += 1;
        }
        self.local.clear();
        self.local.resize(rows + cols, NONE);
    }

    /// Solves the group of edges from `start` to `end`.
    fn solve(&mut self, start: usize, end: usize, rows: usize) {
        let group = &self.grouped[start..end];
        if let [only] = group {
            self.found.push(*only);
            return;
        }
        let first = group[0];
        let is_star =
            group.iter().all(|e| e.row == first.row) || group.iter().all(|e| e.col == first.col);
        if is_star {
            let heaviest = group.iter().fold(
                first,
                |best, e| if e.weight > best.weight { *e } else { best },
            );
            self.found.push(heaviest);
            return;
        }
        let [row_names, col_names] = &mut self.names;
        row_names.clear();
        col_names.clear();
        for e in group {
            for (node, name, names) in [
                (e.row as usize, e.row, &mut *row_names),
                (rows + e.col as usize, e.col, &mut *col_names),
            ] {
                if self.local[node] == NONE {
                    self.local[node] = u32::try_from(names.len()).unwrap_or(NONE);
                    names.push(name);
                }
            }
        }
        let (r, c) = (row_names.len(), col_names.len());
        let is_wide = r <= c;
        let (short, long) = if is_wide { (r, c) } else { (c, r) };
        self.cost.clear();
        self.cost.resize(r * c, 0.0);
        for e in group {
            let i = self.local[e.row as usize] as usize;
            let j = self.local[rows + e.col as usize] as usize;
            let at = if is_wide { i * c + j } else { j * r + i };
            self.cost[at] = -e.weight;
        }
        self.dense.solve(&self.cost, short, long);
        for (i, &j) in self.dense.col_of_row.iter().enumerate() {
            let weight = -self.cost[i * long + j as usize];
            if weight > 0.0 {
                let (i, j) = if is_wide {
                    (i, j as usize)
                } else {
                    (j as usize, i)
                };
                self.found.push(Edge {
                    row: row_names[i],
                    col: col_names[j],
                    weight,
                });
            }
        }
    }
}

/// Shortest augmenting paths on a dense matrix (Jonker and Volgenant 1987 in the form of Crouse 2016, algorithm 1).
#[derive(Clone, Debug, Default)]
struct Dense {
    row_price: Vec<f64>,
    col_price: Vec<f64>,
    shortest: Vec<f64>,
    path: Vec<u32>,
    row_of_col: Vec<u32>,
    col_of_row: Vec<u32>,
    is_row_seen: Vec<bool>,
    is_col_seen: Vec<bool>,
    left: Vec<u32>,
}

fn refill<T: Copy>(list: &mut Vec<T>, n: usize, value: T) {
    list.clear();
    list.resize(n, value);
}

impl Dense {
    /// The assignment of every row to a column with the least total cost; `rows <= cols`, costs finite, row-major.
    fn solve(&mut self, cost: &[f64], rows: usize, cols: usize) {
        refill(&mut self.row_price, rows, 0.0);
        refill(&mut self.col_price, cols, 0.0);
        refill(&mut self.path, cols, NONE);
        refill(&mut self.row_of_col, cols, NONE);
        refill(&mut self.col_of_row, rows, NONE);
        for row in 0..rows {
            self.assign(cost, cols, row);
        }
    }

    /// Finds the shortest path from a row to a column that is free, and moves the assignments along it.
    fn assign(&mut self, cost: &[f64], cols: usize, row: usize) {
        refill(&mut self.shortest, cols, f64::INFINITY);
        refill(&mut self.is_row_seen, self.row_price.len(), false);
        refill(&mut self.is_col_seen, cols, false);
        self.left.clear();
        self.left
            .extend((0..u32::try_from(cols).unwrap_or(NONE)).rev());
        let (mut reached, mut i) = (0.0, row);
        let sink = loop {
            self.is_row_seen[i] = true;
            let (mut lowest, mut at) = (f64::INFINITY, 0);
            let price = self.row_price[i];
            let line = &cost[i * cols..(i + 1) * cols];
            for (k, &j) in self.left.iter().enumerate() {
                let j = j as usize;
                let through = reached + line[j] - price - self.col_price[j];
                if through < self.shortest[j] {
                    self.path[j] = u32::try_from(i).unwrap_or(NONE);
                    self.shortest[j] = through;
                }
                let s = self.shortest[j];
                // Of equals a free column ends the search.
                if s < lowest || (s == lowest && self.row_of_col[j] == NONE) {
                    (lowest, at) = (s, k);
                }
            }
            reached = lowest;
            let j = self.left.swap_remove(at) as usize;
            self.is_col_seen[j] = true;
            match self.row_of_col[j] {
                NONE => break j,
                taken => i = taken as usize,
            }
        };
        self.reprice(row, reached);
        self.shift(row, sink);
    }

    fn reprice(&mut self, row: usize, reached: f64) {
        self.row_price[row] += reached;
        for i in 0..self.row_price.len() {
            if self.is_row_seen[i] && i != row {
                self.row_price[i] += reached - self.shortest[self.col_of_row[i] as usize];
            }
        }
        for j in 0..self.col_price.len() {
            if self.is_col_seen[j] {
                self.col_price[j] -= reached - self.shortest[j];
            }
        }
    }

    fn shift(&mut self, row: usize, sink: usize) {
        let mut j = u32::try_from(sink).unwrap_or(NONE);
        loop {
            let i = self.path[j as usize];
            self.row_of_col[j as usize] = i;
            std::mem::swap(&mut self.col_of_row[i as usize], &mut j);
            if i as usize == row {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Largest total weight over all ways to give rows from `row` on to columns not yet `taken`.
    fn brute(weights: &[Vec<f64>], row: usize, taken: u32) -> f64 {
        let Some(line) = weights.get(row) else {
            return 0.0;
        };
        let skipped = brute(weights, row + 1, taken);
        line.iter()
            .enumerate()
            .filter(|(j, w)| (taken >> j) & 1 == 0 && **w > 0.0)
            .map(|(j, w)| w + brute(weights, row + 1, taken | (1 << j)))
            .fold(skipped, f64::max)
    }

    fn edges(weights: &[Vec<f64>]) -> Vec<Edge> {
        let mut all = Vec::new();
        for (row, line) in (0_u32..).zip(weights) {
            for (col, &weight) in (0_u32..).zip(line) {
                if weight > 0.0 {
                    all.push(Edge { row, col, weight });
                }
            }
        }
        all
    }

    proptest! {
        #[test]
        fn the_best_is_that_of_all_matchings(
            rows in 1_usize..7, cols in 1_usize..7, cells in prop::collection::vec(0_u8..12, 36), some in 0_u8..9,
        ) {
            // Small integers, many of them zero, so that ties and groups are common.
            let weights: Vec<Vec<f64>> = (0..rows)
                .map(|i| (0..cols).map(|j| f64::from(cells[i * 6 + j].saturating_sub(some))).collect())
                .collect();
            let mut assigner = Assigner::new();
            let all = edges(&weights);
            let found = assigner.best(rows, cols, &all).to_vec();
            let total: f64 = found.iter().map(|e| e.weight).sum();
            prop_assert_eq!(total, brute(&weights, 0, 0));
            let mut seen_rows = std::collections::BTreeSet::new();
            let mut seen_cols = std::collections::BTreeSet::new();
            for e in &found {
                prop_assert!(seen_rows.insert(e.row) && seen_cols.insert(e.col));
                prop_assert_eq!(e.weight, weights[e.row as usize][e.col as usize]);
            }
            prop_assert_eq!(assigner.best(rows, cols, &all), found.as_slice());
        }
    }

    #[test]
    fn no_edges_no_matches() {
        let mut assigner = Assigner::new();
        assert!(assigner.best(3, 0, &[]).is_empty());
        let zero = Edge {
            row: 0,
            col: 0,
            weight: 0.0,
        };
        assert!(assigner.best(1, 1, &[zero]).is_empty());
    }
}
