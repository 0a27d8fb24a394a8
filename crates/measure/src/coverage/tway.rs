//! Combinations of attribute levels that a data set holds.

use super::feasible::Feasible;
use super::{CoverageError, Forbidden};
use serde::Serialize;

/// Configurations above which a table is refused.
const MOST_CONFIGURATIONS: u64 = 100_000_000;

/// Rows of coded levels: attribute by attribute, one code per row.
#[derive(Clone, Debug)]
pub struct Table<'a> {
    /// Per attribute one code per row.
    columns: &'a [Vec<u32>],
    /// Levels per attribute.
    levels: &'a [u32],
    rows: usize,
}

impl<'a> Table<'a> {
    /// Checks the codes. Errors: [`CoverageError::Mismatch`], [`CoverageError::BadLevel`], [`CoverageError::Empty`] without
    /// attributes or for an attribute without levels.
    pub fn new(columns: &'a [Vec<u32>], levels: &'a [u32]) -> Result<Self, CoverageError> {
        if columns.is_empty() || levels.contains(&0) {
            return Err(CoverageError::Empty);
        }
        let rows = columns[0].len();
        if columns.len() != levels.len() {
            return Err(CoverageError::Mismatch {
                seen: levels.len(),
                expected: columns.len(),
                hint: "one list of levels per attribute",
            });
        }
        for (attribute, (column, count)) in columns.iter().zip(levels).enumerate() {
            if column.len() != rows {
                return Err(CoverageError::Mismatch {
                    seen: column.len(),
                    expected: rows,
                    hint: "every attribute has a level in every row",
                });
            }
            if let Some(row) = column.iter().position(|level| level >= count) {
                return Err(CoverageError::BadLevel {
                    row,
                    attribute,
                    level: column[row],
                    levels: *count,
                });
            }
        }
        Ok(Self {
            columns,
            levels,
            rows,
        })
    }
}

/// What is covered of one set of attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Combination {
    /// The attributes, ascending.
    pub attributes: Vec<usize>,
    /// Configurations that occur and can exist.
    pub covered: u64,
    /// Configurations that can exist.
    pub feasible: u64,
}

/// A configuration that can exist and does not occur.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Missing {
    /// Attributes.
    pub attributes: Vec<usize>,
    /// Their levels.
    pub levels: Vec<u32>,
    /// Rows in which one would expect it if the attributes were independent: the larger, the more it is missed.
    pub expected: f64,
}

/// Coverage of combinations of one order; see [`t_way`].
#[derive(Clone, Debug, PartialEq)]
pub struct TWay {
    /// Attributes per combination.
    pub order: usize,
    /// Configurations that can exist.
    pub feasible: u64,
    /// Configurations that a rule makes impossible, by itself or together with others.
    pub infeasible: u64,
    /// Configurations that occur and can exist.
    pub covered: u64,
    /// Rows with a forbidden configuration: the rules or the tags are wrong.
    pub forbidden_rows: usize,
    /// Every set of attributes, in order.
    pub combinations: Vec<Combination>,
    /// What is missing, most expected first, no more than asked for.
    pub missing: Vec<Missing>,
}

impl TWay {
    /// Total variable-value configuration coverage: covered over feasible.
    pub fn coverage(&self) -> f64 {
        self.covered as f64 / self.feasible as f64
    }

    /// Share of sets of attributes with at least `share` of their configurations ((p, t)-completeness); 1 gives simple
    /// t-way coverage.
    pub fn completeness(&self, share: f64) -> f64 {
        let enough = self
            .combinations
            .iter()
            .filter(|c| c.covered as f64 >= share * c.feasible as f64)
            .count();
        enough as f64 / self.combinations.len() as f64
    }
}

/// Coverage of all configurations of `order` attributes (NIST IR 7878): over every set of attributes, which
/// configurations occur in some row, out of those that can exist. A configuration cannot exist if no completion avoids
/// every forbidden combination (decided exactly).
///
/// Errors: [`CoverageError::BadOrder`]; [`CoverageError::TooMany`] above 1e8 configurations; [`CoverageError::Empty`] where
/// the rules forbid everything. Cost: rows times sets of attributes; with rules one search per configuration.
pub fn t_way(
    table: &Table<'_>,
    order: usize,
    forbidden: &[Forbidden],
    most_missing: usize,
) -> Result<TWay, CoverageError> {
    let attributes = table.levels.len();
    if order == 0 || order > attributes {
        return Err(CoverageError::BadOrder { order, attributes });
    }
    let mut run = Run::new(table, forbidden, most_missing)?;
    let mut found = TWay {
        order,
        feasible: 0,
        infeasible: 0,
        covered: 0,
        forbidden_rows: run.forbidden_rows(),
        combinations: Vec::new(),
        missing: Vec::new(),
    };
    let sets = Sets::new(attributes, order);
    let configurations: u64 = sets
        .clone()
        .map(|set| run.size(&set))
        .fold(0, u64::saturating_add);
    if configurations > MOST_CONFIGURATIONS {
        return Err(CoverageError::TooMany {
            configurations,
            most: MOST_CONFIGURATIONS,
        });
    }
    for set in sets {
        let combination = run.one(&set);
        found.feasible += combination.feasible;
        found.covered += combination.covered;
        found.combinations.push(combination);
    }
    if found.feasible == 0 {
        return Err(CoverageError::Empty);
    }
    found.infeasible = configurations - found.feasible;
    found.missing = run.missing.into_list();
    Ok(found)
}

/// What one table holds and another does not; see [`t_way_difference`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Configurations of the field.
    pub field: u64,
    /// Those that the data set does not hold.
    pub absent: u64,
    /// Those that are absent, most rows of the field first, no more than asked for; `expected` counts those rows.
    pub missing: Vec<Missing>,
}

/// Configurations of `order` attributes that occur in the field and not in a data set (combinatorial coverage
/// difference, Kuhn and others 2020): what a model meets that it never saw.
///
/// Errors: as [`t_way`]; [`CoverageError::Mismatch`] for tables of other attributes or levels. Cost: rows times sets.
pub fn t_way_difference(
    field: &Table<'_>,
    data: &Table<'_>,
    order: usize,
    most_missing: usize,
) -> Result<Difference, CoverageError> {
    let attributes = field.levels.len();
    if order == 0 || order > attributes {
        return Err(CoverageError::BadOrder { order, attributes });
    }
    if field.levels != data.levels {
        return Err(CoverageError::Mismatch {
            seen: data.levels.len(),
            expected: attributes,
            hint: "both tables have the same attributes with the same levels",
        });
    }
    let mut found = Difference {
        field: 0,
        absent: 0,
        missing: Vec::new(),
    };
    let mut missing = Worst::new(most_missing);
    for set in Sets::new(attributes, order) {
        let size: u64 = set
            .iter()
            .map(|a| u64::from(field.levels[*a]))
            .fold(1, u64::saturating_mul);
        if size > MOST_CONFIGURATIONS {
            return Err(CoverageError::TooMany {
                configurations: size,
                most: MOST_CONFIGURATIONS,
            });
        }
        let count = |table: &Table<'_>| {
            let mut counts = vec![0_u32; usize::try_from(size).unwrap_or(0)];
            for index in configurations(table, &set) {
                counts[index as usize] += 1;
            }
            counts
        };
        let mut levels = vec![0_u32; order];
        for (seen, known) in count(field).into_iter().zip(count(data)) {
            if seen > 0 {
                found.field += 1;
                if known == 0 {
                    found.absent += 1;
                    missing.add(Missing {
                        attributes: set.clone(),
                        levels: levels.clone(),
                        expected: f64::from(seen),
                    });
                }
            }
            step(&mut levels, &set, field.levels);
        }
    }
    found.missing = missing.into_list();
    Ok(found)
}

/// The configuration of every row, in mixed radix, the last attribute fastest, built column by column.
fn configurations(table: &Table<'_>, set: &[usize]) -> Vec<u32> {
    let mut index = vec![0_u32; table.rows];
    for attribute in set {
        let levels = table.levels[*attribute];
        for (index, level) in index.iter_mut().zip(&table.columns[*attribute]) {
            *index = *index * levels + level;
        }
    }
    index
}

/// The most expected of what is missing; twice as many are held before the list is cut.
struct Worst {
    list: Vec<Missing>,
    most: usize,
}

impl Worst {
    fn new(most: usize) -> Self {
        Self {
            list: Vec::new(),
            most,
        }
    }

    fn add(&mut self, missing: Missing) {
        if self.most == 0 {
            return;
        }
        self.list.push(missing);
        if self.list.len() >= 2 * self.most + 64 {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.list.sort_by(|a, b| {
            b.expected
                .total_cmp(&a.expected)
                .then_with(|| a.attributes.cmp(&b.attributes))
                .then_with(|| a.levels.cmp(&b.levels))
        });
        self.list.truncate(self.most);
    }

    fn into_list(mut self) -> Vec<Missing> {
        self.cut();
        self.list
    }
}

/// Sets of `order` of `n` attributes in lexicographic order.
#[derive(Clone)]
struct Sets {
    next: Option<Vec<usize>>,
    n: usize,
}

impl Sets {
    fn new(n: usize, order: usize) -> Self {
        Self {
            next: Some((0..order).collect()),
            n,
        }
    }
}

impl Iterator for Sets {
    type Item = Vec<usize>;

    fn next(&mut self) -> Option<Vec<usize>> {
        let current = self.next.take()?;
        let order = current.len();
        if let Some(at) = (0..order).rfind(|i| current[*i] < self.n - order + i) {
            let mut next = current.clone();
            next[at] += 1;
            for i in at + 1..order {
                next[i] = next[i - 1] + 1;
            }
            self.next = Some(next);
        }
        Some(current)
    }
}

struct Run<'a> {
    table: &'a Table<'a>,
    forbidden: &'a [Forbidden],
    feasible: Feasible<'a>,
    /// Share of rows per attribute and level.
    shares: Vec<Vec<f64>>,
    seen: Vec<bool>,
    missing: Worst,
}

impl<'a> Run<'a> {
    fn new(
        table: &'a Table<'a>,
        forbidden: &'a [Forbidden],
        most_missing: usize,
    ) -> Result<Self, CoverageError> {
        let all = forbidden.iter().flat_map(Forbidden::parts);
        for (attribute, level) in all {
            let levels = table.levels.get(*attribute).copied().unwrap_or(0);
            if *level >= levels {
                return Err(CoverageError::BadLevel {
                    row: 0,
                    attribute: *attribute,
                    level: *level,
                    levels,
                });
            }
        }
        let shares = table
            .columns
            .iter()
            .zip(table.levels)
            .map(|(column, levels)| {
                let mut shares = vec![0.0; *levels as usize];
                for level in column {
                    shares[*level as usize] += 1.0 / table.rows as f64;
                }
                shares
            })
            .collect();
        Ok(Self {
            table,
            forbidden,
            feasible: Feasible::new(forbidden, table.levels),
            shares,
            seen: Vec::new(),
            missing: Worst::new(most_missing),
        })
    }

    fn size(&self, set: &[usize]) -> u64 {
        set.iter()
            .map(|a| u64::from(self.table.levels[*a]))
            .fold(1, u64::saturating_mul)
    }

    fn forbidden_rows(&self) -> usize {
        if self.forbidden.is_empty() {
            return 0;
        }
        (0..self.table.rows)
            .filter(|row| {
                self.forbidden.iter().any(|f| {
                    f.parts()
                        .iter()
                        .all(|(a, level)| self.table.columns[*a][*row] == *level)
                })
            })
            .count()
    }

    fn one(&mut self, set: &[usize]) -> Combination {
        let size = usize::try_from(self.size(set)).unwrap_or(0);
        self.seen.clear();
        self.seen.resize(size, false);
        for index in configurations(self.table, set) {
            self.seen[index as usize] = true;
        }
        let mut combination = Combination {
            attributes: set.to_vec(),
            covered: 0,
            feasible: 0,
        };
        let mut levels = vec![0_u32; set.len()];
        let mut partial = vec![None; self.table.levels.len()];
        for configuration in 0..size {
            let is_possible = self.forbidden.is_empty() || {
                for (attribute, level) in set.iter().zip(&levels) {
                    partial[*attribute] = Some(*level);
                }
                self.feasible.can_be_completed(&mut partial)
            };
            if is_possible {
                combination.feasible += 1;
                if self.seen[configuration] {
                    combination.covered += 1;
                } else {
                    self.miss(set, &levels);
                }
            }
            step(&mut levels, set, self.table.levels);
        }
        combination
    }

    fn miss(&mut self, set: &[usize], levels: &[u32]) {
        if self.missing.most == 0 {
            return;
        }
        let share: f64 = set
            .iter()
            .zip(levels)
            .map(|(a, level)| self.shares[*a][*level as usize])
            .product();
        self.missing.add(Missing {
            attributes: set.to_vec(),
            levels: levels.to_vec(),
            expected: share * self.table.rows as f64,
        });
    }
}

/// The next configuration, the last attribute fastest.
fn step(levels: &mut [u32], set: &[usize], counts: &[u32]) {
    for (level, attribute) in levels.iter_mut().zip(set).rev() {
        *level += 1;
        if *level < counts[*attribute] {
            return;
        }
        *level = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_nist() {
        let columns = [
            vec![0, 0, 1, 0],
            vec![0, 1, 0, 1],
            vec![0, 1, 0, 1],
            vec![0, 0, 1, 1],
        ];
        let table = Table::new(&columns, &[2; 4]).unwrap();
        let found = t_way(&table, 2, &[], 3).unwrap();
        assert_eq!((found.covered, found.feasible), (19, 24));
        assert_eq!(found.missing.len(), 3);
        assert!(found.missing[0].expected >= found.missing[1].expected);
        assert!(t_way(&table, 5, &[], 0).is_err());
        assert!(Table::new(&columns, &[2, 2, 2, 1]).is_err());
    }

    #[test]
    fn what_the_field_holds_and_the_data_do_not() {
        let field = [vec![0, 0, 1, 1], vec![0, 0, 1, 0]];
        let data = [vec![0, 1], vec![1, 0]];
        let (field, data) = (
            Table::new(&field, &[2, 2]).unwrap(),
            Table::new(&data, &[2, 2]).unwrap(),
        );
        let found = t_way_difference(&field, &data, 2, 5).unwrap();
        assert_eq!((found.field, found.absent), (3, 2));
        assert_eq!(
            (
                found.missing[0].levels.as_slice(),
                found.missing[0].expected
            ),
            (&[0, 0][..], 2.0)
        );
        assert!(t_way_difference(&field, &data, 3, 5).is_err());
    }

    #[test]
    fn what_cannot_exist_is_not_asked_for() {
        // Snow at night never: attribute 0 weather (0 clear, 1 snow), attribute 1 time (0 day, 1 night).
        let columns = [vec![0, 0, 1], vec![0, 1, 0], vec![0, 0, 0]];
        let table = Table::new(&columns, &[2, 2, 1]).unwrap();
        let rule = [Forbidden::new(vec![(0, 1), (1, 1)]).unwrap()];
        let found = t_way(&table, 2, &rule, 10).unwrap();
        assert_eq!((found.covered, found.feasible, found.infeasible), (7, 7, 1));
        assert_eq!(found.forbidden_rows, 0);
        assert!(found.missing.is_empty());
        let free = t_way(&table, 2, &[], 10).unwrap();
        assert_eq!((free.covered, free.feasible), (7, 8));
        assert_eq!(free.missing[0].levels, [1, 1]);
        let every = [Forbidden::new(vec![(2, 0)]).unwrap()];
        assert_eq!(t_way(&table, 1, &every, 0), Err(CoverageError::Empty));
    }
}
