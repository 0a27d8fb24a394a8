//! Does the error rate depend on something?
//!
//! Read [`association`] first (a table of groups), then [`permutation_test`] (any feature, small samples, strata),
//! [`runs_test`] (time), [`symmetry`] (pairs of labels) and [`overdispersion`] (annotators).

use super::LabelError;
use crate::stats::{SplitMix, chi_square_tail, fisher_exact, normal_two_sided};

/// Tests of a table of groups against errors.
#[derive(Clone, Debug, PartialEq)]
pub struct Association {
    /// Pearson's chi-squared.
    pub chi2: f64,
    /// Degrees of freedom.
    pub degrees: usize,
    /// Chance of a chi-squared as large.
    pub p_value: f64,
    /// Likelihood ratio statistic.
    pub g: f64,
    /// Chance of one as large.
    pub g_p_value: f64,
    /// Counts that would be expected, row by row.
    pub expected: Vec<Vec<f64>>,
    /// Strength, 0 to 1.
    pub cramers_v: f64,
    /// Strength with its bias taken off (Bergsma 2013): 0 where there is no more than chance.
    pub cramers_v_corrected: f64,
    /// `(observed - expected) / sqrt(expected (1 - row) (1 - column))`: normal without association.
    pub residuals: Vec<Vec<f64>>,
    /// Chi-squared with Yates' correction and its chance; for tables of two by two.
    pub yates: Option<[f64; 2]>,
    /// Fisher's exact chance and its mid-p; for tables of two by two.
    pub fisher: Option<[f64; 2]>,
    /// Odds ratio; for tables of two by two, infinite where a product is 0.
    pub odds_ratio: Option<f64>,
    /// Whether chi-squared can be trusted: no expected count below 1, at most a fifth below 5 (Cochran 1954).
    pub is_large_enough: bool,
}

/// Sums of rows and of columns, none of which is 0.
fn margins(table: &[Vec<u64>]) -> Result<[Vec<f64>; 2], LabelError> {
    let columns = table.first().map_or(0, Vec::len);
    if table.len() < 2 || columns < 2 {
        return Err(LabelError::Classes {
            classes: table.len().min(columns),
        });
    }
    if let Some(row) = table.iter().find(|row| row.len() != columns) {
        return Err(LabelError::Length {
            what: "a row of the table",
            found: row.len(),
            expected: columns,
        });
    }
    let rows: Vec<f64> = table
        .iter()
        .map(|row| row.iter().sum::<u64>() as f64)
        .collect();
    let sum = |j: usize| table.iter().map(|row| row[j]).sum::<u64>() as f64;
    let cols: Vec<f64> = (0..columns).map(sum).collect();
    if rows.iter().chain(&cols).any(|x| *x == 0.0) {
        let errors =
            usize::try_from(table.iter().map(|row| row[0]).sum::<u64>()).unwrap_or(usize::MAX);
        let items = usize::try_from(table.iter().flatten().sum::<u64>()).unwrap_or(usize::MAX);
        return Err(LabelError::NoVariation { errors, items });
    }
    Ok([rows, cols])
}

/// Tests whether columns depend on rows: rows are groups, columns errors and others (or any classes).
///
/// Errors: fewer than two rows or columns, rows of other lengths, a row or column without counts. Cost: cells; Fisher's
/// test as many terms as the smallest margin. Source: scipy 1.12 `chi2_contingency`, `fisher_exact`.
pub fn association(table: &[Vec<u64>]) -> Result<Association, LabelError> {
    let [rows, cols] = margins(table)?;
    let (columns, n) = (cols.len(), rows.iter().sum::<f64>());
    let of = |i: usize, j: usize| rows[i] * cols[j] / n;
    let grid = |f: &dyn Fn(usize, usize) -> f64| -> Vec<Vec<f64>> {
        (0..rows.len())
            .map(|i| (0..columns).map(|j| f(i, j)).collect())
            .collect()
    };
    let seen = |i: usize, j: usize| table[i][j] as f64;
    let total = |f: &dyn Fn(usize, usize) -> f64| grid(f).iter().flatten().sum::<f64>();
    let chi2 = total(&|i, j| (seen(i, j) - of(i, j)).powi(2) / of(i, j));
    let g = 2.0
        * total(&|i, j| {
            let o = seen(i, j);
            if o > 0.0 {
                o * (o / of(i, j)).ln()
            } else {
                0.0
            }
        });
    let degrees = (rows.len() - 1) * (columns - 1);
    let expected = grid(&of);
    let small = expected.iter().flatten().filter(|e| **e < 5.0).count();
    let least = expected
        .iter()
        .flatten()
        .copied()
        .fold(f64::INFINITY, f64::min);
    let (r, c) = (rows.len() as f64, columns as f64);
    let phi2 = (chi2 / n - (r - 1.0) * (c - 1.0) / (n - 1.0)).max(0.0);
    let shrunk = |x: f64| x - (x - 1.0).powi(2) / (n - 1.0);
    let square = two_by_two(table, &expected);
    let exact =
        square.map(|_| fisher_exact([[table[0][0], table[0][1]], [table[1][0], table[1][1]]]));
    Ok(Association {
        chi2,
        degrees,
        p_value: chi_square_tail(chi2, degrees as f64)?,
        g,
        g_p_value: chi_square_tail(g.max(0.0), degrees as f64)?,
        cramers_v: (chi2 / n / (r.min(c) - 1.0)).sqrt(),
        cramers_v_corrected: (phi2 / (shrunk(r).min(shrunk(c)) - 1.0)).sqrt(),
        residuals: grid(&|i, j| {
            let spread = of(i, j) * (1.0 - rows[i] / n) * (1.0 - cols[j] / n);
            (seen(i, j) - of(i, j)) / spread.sqrt()
        }),
        yates: match square {
            Some([yates, _]) => Some([yates, chi_square_tail(yates, 1.0)?]),
            None => None,
        },
        fisher: exact.transpose()?.map(|p| [p.two_sided, p.two_sided_mid]),
        odds_ratio: square.map(|[_, odds]| odds),
        is_large_enough: least >= 1.0 && 5 * small <= rows.len() * columns,
        expected,
    })
}

/// Yates' chi-squared and the odds ratio.
fn two_by_two(table: &[Vec<u64>], expected: &[Vec<f64>]) -> Option<[f64; 2]> {
    if table.len() != 2 || table[0].len() != 2 {
        return None;
    }
    let cells = table.iter().flatten().zip(expected.iter().flatten());
    let yates = cells.map(|(o, e)| {
        let d = (*o as f64 - e).abs();
        (d - d.min(0.5)).powi(2) / e
    });
    let product = |a: u64, b: u64| a as f64 * b as f64;
    let odds = product(table[0][0], table[1][1]) / product(table[0][1], table[1][0]);
    Some([yates.sum(), odds])
}

/// How errors are moved about.
#[derive(Clone, Debug, PartialEq)]
pub enum Permutations {
    /// At random, within each stratum.
    Random {
        /// How often.
        count: usize,
        /// Seed.
        seed: u64,
    },
    /// As given: position `i` gets the error of position `order[i]`.
    Given(Vec<Vec<usize>>),
}

/// Largest difference, over groups, of the error rate in the group and outside it.
///
/// A group that is everything has no outside and does not count; negative infinity without a group.
pub fn max_difference(errors: &[f64], groups: &[u32]) -> f64 {
    let mut sums: Vec<[f64; 2]> = Vec::new();
    let (mut total, n) = (0.0, errors.len() as f64);
    for (x, &g) in errors.iter().zip(groups) {
        let g = g as usize;
        if g >= sums.len() {
            sums.resize(g + 1, [0.0; 2]);
        }
        sums[g][0] += x;
        sums[g][1] += 1.0;
        total += x;
    }
    let differences = sums.iter().filter(|s| s[1] > 0.0 && s[1] < n).map(|s| {
        let outside = (total - s[0]) / (n - s[1]);
        s[0] / s[1] - outside
    });
    differences.fold(f64::NEG_INFINITY, f64::max)
}

/// Statistic seen, statistics after permutation, and `(1 + #{as large}) / (1 + count)`.
#[derive(Clone, Debug, PartialEq)]
pub struct PermutationTest {
    /// Statistic of the errors as they are.
    pub observed: f64,
    /// Statistic of each permutation.
    pub permuted: Vec<f64>,
    /// Chance of a statistic as large if errors did not depend on groups.
    pub p_value: f64,
}

/// Tests whether any group has more errors than the others, by [`max_difference`] of errors moved about within strata.
///
/// One test for all groups, so no correction for their number is needed; within strata (clip, task, day) so that what
/// strata differ in is not taken for an effect. `strata` is empty for none. Errors: lists of other lengths, positions out
/// of range, no or only errors. Cost: one pass per permutation. Source: Phipson and Smyth 2010 for the chance.
pub fn permutation_test(
    errors: &[f64],
    groups: &[u32],
    strata: &[u32],
    how: &Permutations,
) -> Result<PermutationTest, LabelError> {
    let n = errors.len();
    for (what, found) in [
        ("groups", groups.len()),
        ("strata", if strata.is_empty() { n } else { strata.len() }),
    ] {
        if found != n {
            return Err(LabelError::Length {
                what,
                found,
                expected: n,
            });
        }
    }
    let Some(first) = errors.first() else {
        return Err(LabelError::Empty);
    };
    let observed = max_difference(errors, groups);
    if errors.iter().all(|x| x == first) || !observed.is_finite() {
        let count = errors.iter().filter(|x| **x > 0.0).count();
        return Err(LabelError::NoVariation {
            errors: count,
            items: n,
        });
    }
    let mut permuted = Vec::new();
    match how {
        Permutations::Given(orders) => {
            for order in orders {
                if order.len() != n || order.iter().any(|i| *i >= n) {
                    return Err(LabelError::Length {
                        what: "a permutation",
                        found: order.len(),
                        expected: n,
                    });
                }
                let moved: Vec<f64> = order.iter().map(|i| errors[*i]).collect();
                permuted.push(max_difference(&moved, groups));
            }
        }
        Permutations::Random { count, seed } => {
            let mut random = SplitMix::new(*seed);
            let mut order: Vec<usize> = (0..n).collect();
            let stratum = |i: usize| strata.get(i).copied().unwrap_or(0);
            order.sort_by_key(|&i| stratum(i));
            let mut moved = errors.to_vec();
            for _ in 0..*count {
                for block in order.chunk_by(|&a, &b| stratum(a) == stratum(b)) {
                    // Fisher and Yates, on the values at the block's places.
                    for last in (1..block.len()).rev() {
                        moved.swap(block[last], block[random.below(last + 1)]);
                    }
                }
                permuted.push(max_difference(&moved, groups));
            }
        }
    }
    // Sums in another order differ in the last bits.
    let as_large = permuted.iter().filter(|x| **x >= observed - 1e-12).count();
    let p_value = (1 + as_large) as f64 / (1 + permuted.len()) as f64;
    Ok(PermutationTest {
        observed,
        permuted,
        p_value,
    })
}

/// Runs of errors in a sequence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunsTest {
    /// Stretches of equal values.
    pub runs: usize,
    /// Below 0 errors come in batches, above 0 they alternate.
    pub z: f64,
    /// Two-sided chance.
    pub p_value: f64,
}

/// Tests whether errors come in batches. Errors: no or only errors. Source: Wald and Wolfowitz 1940, without correction
/// for continuity; as statsmodels 0.15 `runstest_1samp` with the mean as cut.
pub fn runs_test(errors: &[bool]) -> Result<RunsTest, LabelError> {
    let n = errors.len();
    let ones = errors.iter().filter(|e| **e).count();
    if ones == 0 || ones == n {
        return Err(LabelError::NoVariation {
            errors: ones,
            items: n,
        });
    }
    let runs = errors.chunk_by(|a, b| a == b).count();
    let (size, pairs) = (n as f64, 2.0 * ones as f64 * (n - ones) as f64);
    let variance = pairs * (pairs - size) / (size * size * (size - 1.0));
    let z = (runs as f64 - (pairs / size + 1.0)) / variance.sqrt();
    if !z.is_finite() {
        return Err(LabelError::NoVariation {
            errors: ones,
            items: n,
        });
    }
    Ok(RunsTest {
        runs,
        z,
        p_value: normal_two_sided(z)?,
    })
}

/// Square table of two labels for the same items.
#[derive(Clone, Debug, PartialEq)]
pub struct PairedTable(pub Vec<Vec<u64>>);

/// Whether confusion goes both ways alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SymmetryTest {
    /// Bowker's statistic.
    pub chi2: f64,
    /// Pairs of labels that were confused at all.
    pub degrees: usize,
    /// Chance of one as large where every confusion is as frequent as its opposite.
    pub p_value: f64,
}

/// Bowker's test (1948): is A labeled B as often as B is labeled A? A habit has a direction, chance has none.
///
/// Errors: a table that is not square, or where nothing was confused. Cost: cells.
pub fn symmetry(table: &PairedTable) -> Result<SymmetryTest, LabelError> {
    let rows = &table.0;
    let k = rows.len();
    if let Some(row) = rows.iter().find(|row| row.len() != k) {
        return Err(LabelError::Length {
            what: "a row of the table",
            found: row.len(),
            expected: k,
        });
    }
    let (mut chi2, mut degrees) = (0.0, 0);
    for (i, row) in rows.iter().enumerate() {
        for (there, other) in row.iter().zip(rows).take(i) {
            let (a, b) = (*there as f64, other[i] as f64);
            if a + b > 0.0 {
                chi2 += (a - b).powi(2) / (a + b);
                degrees += 1;
            }
        }
    }
    if degrees == 0 {
        let items = usize::try_from(rows.iter().flatten().sum::<u64>()).unwrap_or(usize::MAX);
        return Err(LabelError::NoVariation { errors: 0, items });
    }
    Ok(SymmetryTest {
        chi2,
        degrees,
        p_value: chi_square_tail(chi2, degrees as f64)?,
    })
}

/// Correlation of errors of the same annotator (team, clip) beyond the binomial, and the one-sided chance of as much
/// without any: the beta-binomial `rho` by moments, and Tarone's C(α) test (1979).
///
/// `counts` are errors and `sizes` items of each annotator. Errors: lists of other lengths, no or only errors, all sizes
/// 1. Cost: one pass.
pub fn overdispersion(counts: &[u64], sizes: &[u64]) -> Result<[f64; 2], LabelError> {
    if counts.len() != sizes.len() {
        let (found, expected) = (counts.len(), sizes.len());
        return Err(LabelError::Length {
            what: "counts",
            found,
            expected,
        });
    }
    let total = |list: &[u64]| list.iter().sum::<u64>() as f64;
    let (errors, n) = (total(counts), total(sizes));
    let p = errors / n;
    let squares: f64 = sizes.iter().map(|m| (*m as f64).powi(2)).sum();
    if !(p > 0.0 && p < 1.0) || squares <= n {
        let of = |list: &[u64]| usize::try_from(list.iter().sum::<u64>()).unwrap_or(usize::MAX);
        return Err(LabelError::NoVariation {
            errors: of(counts),
            items: of(sizes),
        });
    }
    let pairs = counts.iter().zip(sizes);
    let spread: f64 = pairs
        .map(|(x, m)| (*x as f64 - *m as f64 * p).powi(2))
        .sum();
    let s = spread / (p * (1.0 - p));
    let z = (s - n)
        / (2.0
            * sizes
                .iter()
                .map(|m| (m * (m.saturating_sub(1))) as f64)
                .sum::<f64>())
        .sqrt();
    let rho = ((s - n) / (squares - n)).clamp(0.0, 1.0);
    let two_sided = normal_two_sided(z)?;
    Ok([
        rho,
        if z > 0.0 {
            0.5 * two_sided
        } else {
            1.0 - 0.5 * two_sided
        },
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undefined_tables_are_refused() {
        assert!(association(&[vec![1, 2]]).is_err());
        assert!(association(&[vec![1, 2], vec![3]]).is_err());
        assert!(matches!(
            association(&[vec![0, 2], vec![0, 3]]),
            Err(LabelError::NoVariation { .. })
        ));
        assert!(runs_test(&[true, true]).is_err());
        assert!(overdispersion(&[1], &[1]).is_err());
    }

    #[test]
    fn chances_are_even_without_an_effect() {
        let mut random = SplitMix::new(31);
        let mut rejected = [0; 4];
        for seed in 0..200 {
            let groups: Vec<u32> = (0..120).map(|i| i % 3).collect();
            let errors: Vec<f64> = groups
                .iter()
                .map(|_| f64::from(u8::from(random.unit() < 0.3)))
                .collect();
            let mut table = vec![vec![0, 0]; 3];
            for (x, g) in errors.iter().zip(&groups) {
                table[*g as usize][usize::from(*x == 0.0)] += 1;
            }
            rejected[0] += usize::from(association(&table).unwrap().p_value <= 0.05);
            let how = Permutations::Random { count: 99, seed };
            let found = permutation_test(&errors, &groups, &[], &how).unwrap();
            rejected[1] += usize::from(found.p_value <= 0.05);
            let flags: Vec<bool> = errors.iter().map(|x| *x > 0.0).collect();
            rejected[2] += usize::from(runs_test(&flags).unwrap().p_value <= 0.05);
            let counts: Vec<u64> = flags
                .chunks(10)
                .map(|c| c.iter().filter(|e| **e).count() as u64)
                .collect();
            rejected[3] += usize::from(overdispersion(&counts, &[10; 12]).unwrap()[1] <= 0.05);
        }
        // 10 of 200 expected; up to 20 is within three and a half standard deviations.
        assert!(rejected.iter().all(|r| *r <= 20), "{rejected:?}");
    }

    #[test]
    fn effects_are_found() {
        // Annotators differ: rho = 0.1.
        let counts: Vec<u64> = (0..20).map(|i| if i % 2 == 0 { 30 } else { 10 }).collect();
        let [rho, p] = overdispersion(&counts, &[100; 20]).unwrap();
        assert!(p < 1e-6 && (0.03..0.1).contains(&rho), "{rho} {p}");
        let one_way = PairedTable(vec![vec![50, 20], vec![2, 60]]);
        assert!(symmetry(&one_way).unwrap().p_value < 0.001);
        let flags: Vec<bool> = (0..100).map(|i| (40..60).contains(&i)).collect();
        let found = runs_test(&flags).unwrap();
        assert!(found.z < -5.0 && found.runs == 3);
    }
}
