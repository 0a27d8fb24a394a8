//! Krippendorff's alpha at every level of measurement, in memory that does not grow with the values.

use super::AgreementError;
use crate::aggregation::Votes;
use crate::stats::Sum;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Stands for a missing code.
pub const MISSING: u32 = u32::MAX;

/// What differences of values mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Equal or not.
    Nominal,
    /// Their order counts: distances of mean ranks.
    Ordinal,
    /// Their difference counts.
    Interval,
    /// Their difference relative to their sum counts; values are at least 0.
    Ratio,
}

/// Units of a table that one core takes at a time.
const COLUMNS: usize = 1 << 15;

/// Units compared at once: what is counted of them stays in the first cache.
const LANES: usize = 512;

/// Labels counted in tables of their own.
const FEW_LABELS: usize = 1 << 12;

/// Units at most this large are compared pair by pair, larger ones are counted.
const SMALL: usize = 16;

/// All that alpha needs of nominal codes: how often each was given, and how often two values of a unit are equal.
///
/// Grows by units that are not kept, so memory is the number of labels and of distinct unit sizes; counts of parts of a
/// table add up ([`NominalCounts::merge`]) to the same result in any order. Cost: per unit of `m` values `m^2 / 2`
/// comparisons up to 16 values, `m` beyond.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NominalCounts {
    /// Times each label was given in units with two values.
    given: Vec<u64>,
    /// Pairs of equal values, by size of the unit.
    equal: Vec<u64>,
    units: u64,
    scratch: Vec<u32>,
}

impl NominalCounts {
    /// Nothing seen yet; `labels` is a hint.
    pub fn new(labels: usize) -> Self {
        Self {
            given: vec![0; labels],
            ..Self::default()
        }
    }

    /// Takes the values of one unit; none of them [`MISSING`].
    pub fn push(&mut self, unit: &[u32]) {
        let m = unit.len();
        if m < 2 {
            return;
        }
        self.units += 1;
        for &v in unit {
            let v = v as usize;
            if v >= self.given.len() {
                self.given.resize(v + 1, 0);
            }
            self.given[v] += 1;
        }
        if m >= self.equal.len() {
            self.equal.resize(m + 1, 0);
        }
        self.equal[m] += self.equal_pairs(unit);
    }

    /// Takes a unit back that was pushed before.
    pub(super) fn remove(&mut self, unit: &[u32]) {
        let m = unit.len();
        if m < 2 {
            return;
        }
        self.units -= 1;
        for &v in unit {
            self.given[v as usize] -= 1;
        }
        self.equal[m] -= self.equal_pairs(unit);
    }

    fn equal_pairs(&mut self, unit: &[u32]) -> u64 {
        if unit.len() > SMALL {
            return self.counted(unit);
        }
        let mut equal = 0;
        for (i, v) in unit.iter().enumerate() {
            equal += unit[..i].iter().map(|w| u64::from(v == w)).sum::<u64>();
        }
        equal
    }

    /// Equal pairs of a large unit, by counting.
    fn counted(&mut self, unit: &[u32]) -> u64 {
        if self.scratch.len() < self.given.len() {
            self.scratch.resize(self.given.len(), 0);
        }
        let mut equal = 0;
        for &v in unit {
            let before = &mut self.scratch[v as usize];
            equal += u64::from(*before);
            *before += 1;
        }
        for &v in unit {
            self.scratch[v as usize] = 0;
        }
        equal
    }

    /// Takes a table with one row of codes per annotator and a column per unit; [`MISSING`] where there is none.
    ///
    /// Errors: rows of different lengths. Cost: one pass over all rows side by side, on all cores; counts are whole
    /// numbers, so that they do not depend on how the work is shared.
    pub fn push_rows(&mut self, rows: &[&[u32]]) -> Result<(), AgreementError> {
        let expected = rows.first().map_or(0, |row| row.len());
        if let Some(row) = rows.iter().find(|row| row.len() != expected) {
            return Err(AgreementError::Length {
                what: "a row",
                found: row.len(),
                expected,
            });
        }
        let labels = self.given.len();
        let of_columns = |first: usize| {
            let last = (first + COLUMNS).min(expected);
            let part: Vec<&[u32]> = rows.iter().map(|row| &row[first..last]).collect();
            let mut counts = Self::new(labels);
            // A missing code becomes 0 and every other one more than it was.
            let codes = part.iter().flat_map(|row| row.iter());
            let top = codes.fold(0, |top, v| top.max(v.wrapping_add(1))) as usize;
            if rows.len() <= SMALL && top <= FEW_LABELS {
                counts.push_narrow(&part, top);
            } else {
                counts.push_columns(&part);
            }
            counts
        };
        let merged = |mut a: Self, b: Self| {
            a.merge(&b);
            a
        };
        let starts = (0..expected.div_ceil(COLUMNS)).into_par_iter();
        let found = starts.map(|at| of_columns(at * COLUMNS));
        self.merge(&found.reduce(Self::default, merged));
        Ok(())
    }

    /// Column by column.
    fn push_columns(&mut self, rows: &[&[u32]]) {
        let mut unit = vec![0; rows.len()];
        for column in 0..rows.first().map_or(0, |row| row.len()) {
            let mut m = 0;
            for row in rows {
                let v = row[column];
                unit[m] = v;
                m += usize::from(v != MISSING);
            }
            self.push(&unit[..m]);
        }
    }

    /// Row against row over many units at once, which the processor does for several units in one step; `top` is one
    /// more than the largest code.
    fn push_narrow(&mut self, rows: &[&[u32]], top: usize) {
        let mut given = vec![[0_u32; 4]; top + 1];
        let mut alone = vec![0_u32; top + 1];
        let (mut units, mut pairs) = ([0_u64; SMALL + 1], [0_u64; SMALL + 1]);
        let columns = rows.first().map_or(0, |row| row.len());
        for start in (0..columns).step_by(LANES) {
            let lanes = start..(start + LANES).min(columns);
            let (mut missing, mut equal) = ([0_u32; LANES], [0_u32; LANES]);
            for (i, row) in rows.iter().enumerate() {
                let row = &row[lanes.clone()];
                for (missing, v) in missing.iter_mut().zip(row) {
                    *missing += u32::from(*v == MISSING);
                }
                for other in &rows[..i] {
                    for ((equal, v), w) in equal.iter_mut().zip(row).zip(&other[lanes.clone()]) {
                        *equal += u32::from(v == w);
                    }
                }
                // Four counts of a label, because equal codes often follow one another and would wait.
                let (fours, rest) = row.as_chunks::<4>();
                for four in fours {
                    for (k, v) in four.iter().enumerate() {
                        given[v.wrapping_add(1) as usize][k] += 1;
                    }
                }
                for v in rest {
                    given[v.wrapping_add(1) as usize][0] += 1;
                }
            }
            for (at, (&missing, &equal)) in lanes.zip(missing.iter().zip(&equal)) {
                let m = rows.len() - missing as usize;
                units[m] += 1;
                // Missing codes are equal to one another too.
                pairs[m] += u64::from(equal - missing * missing.saturating_sub(1) / 2);
                if m == 1 {
                    let codes = rows.iter().map(|row| row[at].wrapping_add(1));
                    alone[codes.max().unwrap_or(0) as usize] += 1;
                }
            }
        }
        if let Some(most) = (2..units.len()).rev().find(|m| units[*m] > 0) {
            self.units = units[2..].iter().sum();
            self.equal = pairs[..=most].to_vec();
        }
        let counts = given.iter().zip(&alone).skip(1);
        let counts = counts.map(|(four, alone)| u64::from(four.iter().sum::<u32>() - alone));
        self.merge(&Self {
            given: counts.collect(),
            ..Self::default()
        });
    }

    /// Adds what another has seen.
    pub fn merge(&mut self, other: &Self) {
        let add = |to: &mut Vec<u64>, from: &[u64]| {
            to.resize(to.len().max(from.len()), 0);
            to.iter_mut().zip(from).for_each(|(a, b)| *a += b);
        };
        add(&mut self.given, &other.given);
        add(&mut self.equal, &other.equal);
        self.units += other.units;
    }

    /// Units with two values.
    pub fn units(&self) -> u64 {
        self.units
    }

    /// Values in units with two values.
    pub fn values(&self) -> u64 {
        self.given.iter().sum()
    }

    /// `((n-1) sum o_vv - sum n_v (n_v - 1)) / (n (n-1) - sum n_v (n_v - 1))`.
    ///
    /// Errors: no unit with two values, no variation. Cost: labels and sizes.
    pub fn alpha(&self) -> Result<f64, AgreementError> {
        let n = self.values();
        if n == 0 {
            return Err(AgreementError::NoPairs);
        }
        let by_chance: u128 = self
            .given
            .iter()
            .map(|&x| u128::from(x) * u128::from(x.saturating_sub(1)))
            .sum();
        let all = u128::from(n) * u128::from(n - 1);
        if all == by_chance {
            let values = usize::try_from(n).unwrap_or(usize::MAX);
            return Err(AgreementError::NoVariation { values });
        }
        let mut agreed = Sum::default();
        for (m, &pairs) in self
            .equal
            .iter()
            .enumerate()
            .filter(|(_, pairs)| **pairs > 0)
        {
            agreed.add(2.0 * pairs as f64 / (m - 1) as f64);
        }
        let disagreed = n as f64 - agreed.value();
        Ok(1.0 - disagreed * (n - 1) as f64 / (all - by_chance) as f64)
    }
}

/// Values of units, one after the other; NaN stands for a missing value.
#[derive(Clone, Copy, Debug)]
pub struct Units<'a> {
    /// Where each unit starts; one more than units.
    pub starts: &'a [usize],
    /// All values.
    pub values: &'a [f64],
}

impl Units<'_> {
    /// Number of units.
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn of(&self, unit: usize) -> &[f64] {
        &self.values[self.starts[unit]..self.starts[unit + 1]]
    }
}

/// Values of the units drawn that have two, missing ones left out.
fn gather(units: &Units, drawn: impl Iterator<Item = usize>) -> (Vec<usize>, Vec<f64>) {
    let (mut starts, mut values) = (vec![0], Vec::new());
    for unit in drawn {
        let begin = values.len();
        values.extend(units.of(unit).iter().copied().filter(|x| !x.is_nan()));
        if values.len() - begin < 2 {
            values.truncate(begin);
        } else {
            starts.push(values.len());
        }
    }
    (starts, values)
}

/// Alpha of units given by index, with repetition; see [`krippendorff`].
pub(super) fn alpha_of_drawn(
    units: &Units,
    level: Level,
    drawn: impl Iterator<Item = usize>,
) -> Result<f64, AgreementError> {
    let (starts, mut values) = gather(units, drawn);
    if values.is_empty() {
        return Err(AgreementError::NoPairs);
    }
    check(level, &values)?;
    let no_variation = AgreementError::NoVariation {
        values: values.len(),
    };
    if values.iter().all(|x| *x == values[0]) {
        return Err(no_variation);
    }
    match level {
        Level::Nominal => {
            let (codes, _) = ranked(&values);
            let mut counts = NominalCounts::default();
            starts
                .windows(2)
                .for_each(|w| counts.push(&codes[w[0]..w[1]]));
            counts.alpha()
        }
        Level::Interval => Ok(by_squares(&starts, &values)),
        Level::Ordinal => {
            // The distance of two values is that of their mean ranks, so this is the interval level of the ranks.
            let (codes, counts) = ranked(&values);
            let mut below = 0.0;
            let ranks: Vec<f64> = counts
                .iter()
                .map(|&n| {
                    below += n as f64;
                    below - 0.5 * n as f64
                })
                .collect();
            values
                .iter_mut()
                .zip(&codes)
                .for_each(|(x, &c)| *x = ranks[c as usize]);
            Ok(by_squares(&starts, &values))
        }
        Level::Ratio => Ok(by_ratios(&starts, &values)),
    }
}

fn check(level: Level, values: &[f64]) -> Result<(), AgreementError> {
    let bad = values
        .iter()
        .find(|x| !x.is_finite() || (level == Level::Ratio && **x < 0.0));
    bad.map_or(Ok(()), |&value| {
        Err(AgreementError::BadValue {
            value,
            expected: "values must be finite, and at least 0 for ratios",
        })
    })
}

/// The code of each value, by size, and how often each code occurs.
fn ranked(values: &[f64]) -> (Vec<u32>, Vec<usize>) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let (mut codes, mut counts) = (vec![0; values.len()], Vec::<usize>::new());
    let mut code = 0;
    for (at, &i) in order.iter().enumerate() {
        // Compared as numbers, so that the two zeros are one value.
        let is_new = at == 0 || values[order[at - 1]] != values[i];
        if is_new {
            code = u32::try_from(counts.len()).unwrap_or(MISSING);
            counts.push(0);
        }
        if let Some(count) = counts.last_mut() {
            *count += 1;
        }
        codes[i] = code;
    }
    (codes, counts)
}

/// `1 - Do / De` with squared differences, in one pass over values and without pairs.
fn by_squares(starts: &[usize], values: &[f64]) -> f64 {
    let deviations = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>()
    };
    let mut observed = Sum::default();
    for unit in starts.windows(2).map(|w| &values[w[0]..w[1]]) {
        let m = unit.len() as f64;
        observed.add(2.0 * m * deviations(unit) / (m - 1.0));
    }
    let n = values.len() as f64;
    let expected = 2.0 * n * deviations(values) / (n - 1.0);
    1.0 - observed.value() / expected
}

fn ratio(v: f64, w: f64) -> f64 {
    let sum = v + w;
    if sum == 0.0 {
        0.0
    } else {
        ((v - w) / sum).powi(2)
    }
}

fn by_ratios(starts: &[usize], values: &[f64]) -> f64 {
    let mut observed = Sum::default();
    for unit in starts.windows(2).map(|w| &values[w[0]..w[1]]) {
        let pairs: f64 = (0..unit.len())
            .map(|i| unit[..i].iter().map(|w| ratio(unit[i], *w)).sum::<f64>())
            .sum();
        observed.add(2.0 * pairs / (unit.len() - 1) as f64);
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut distinct: Vec<(f64, f64)> = Vec::new();
    for x in sorted {
        match distinct.last_mut() {
            Some((last, n)) if *last == x => *n += 1.0,
            _ => distinct.push((x, 1.0)),
        }
    }
    let mut expected = Sum::default();
    for (i, (v, n)) in distinct.iter().enumerate() {
        expected.add(
            n * distinct[..i]
                .iter()
                .map(|(w, m)| m * ratio(*v, *w))
                .sum::<f64>(),
        );
    }
    1.0 - observed.value() * (values.len() - 1) as f64 / (2.0 * expected.value())
}

/// Krippendorff's alpha of values at a level: `1 - Do / De` over pairs of values of the same unit and of all units.
///
/// Units with fewer than two values do not count. Errors: no unit with two values, no variation, values the level does
/// not allow. Cost: interval `O(N)`; nominal and ordinal one sort; ratio `O(distinct^2)` time. Memory `O(N)` at every
/// level: krippendorff 0.9.0 takes units times distinct values squared. Source: Krippendorff 2011.
pub fn krippendorff(units: &Units, level: Level) -> Result<f64, AgreementError> {
    alpha_of_drawn(units, level, 0..units.len())
}

/// Alpha of votes: nominal by their codes, else with `value_of` each label. Errors and cost: as [`krippendorff`], nominal
/// in one pass.
pub fn alpha_of_votes(
    votes: &Votes,
    level: Level,
    value_of: &[f64],
) -> Result<f64, AgreementError> {
    if level == Level::Nominal {
        let mut counts = NominalCounts::new(votes.labels());
        votes.iter().for_each(|(_, labels)| counts.push(labels));
        return counts.alpha();
    }
    if value_of.len() < votes.labels() {
        let (found, expected) = (value_of.len(), votes.labels());
        return Err(AgreementError::Length {
            what: "values of labels",
            found,
            expected,
        });
    }
    let (mut starts, mut values) = (vec![0], Vec::with_capacity(votes.len()));
    for (_, labels) in votes.iter() {
        values.extend(labels.iter().map(|&y| value_of[y as usize]));
        starts.push(values.len());
    }
    krippendorff(
        &Units {
            starts: &starts,
            values: &values,
        },
        level,
    )
}

/// Nominal alpha of each label against all others; none where it was always or never given.
///
/// `1 - (n_k - o_kk) (n - 1) / (n_k (n - n_k))`. Cost: one pass.
pub fn category_alphas(votes: &Votes) -> Vec<Option<f64>> {
    let k = votes.labels();
    let (mut given, mut agreed) = (vec![0.0; k], vec![0.0; k]);
    let mut counts = vec![0_u32; k];
    let mut n = 0.0;
    for (_, labels) in votes.iter().filter(|(_, labels)| labels.len() > 1) {
        let others = 1.0 / (labels.len() - 1) as f64;
        n += labels.len() as f64;
        for &y in labels {
            counts[y as usize] += 1;
        }
        for &y in labels {
            let y = y as usize;
            given[y] += 1.0;
            agreed[y] += f64::from(counts[y] - 1) * others;
        }
        for &y in labels {
            counts[y as usize] = 0;
        }
    }
    let alpha = |(n_k, o_kk): (&f64, &f64)| {
        let by_chance = n_k * (n - n_k);
        (by_chance > 0.0).then(|| 1.0 - (n_k - o_kk) * (n - 1.0) / by_chance)
    };
    given.iter().zip(&agreed).map(alpha).collect()
}

/// Coincidence matrix, `labels * labels`: how often values of the same unit go together, each pair weighted by
/// `1 / (m - 1)`. Cost: `O(m^2)` per unit.
pub fn coincidences(votes: &Votes) -> Vec<f64> {
    let k = votes.labels();
    let mut out = vec![0.0; k * k];
    for (_, labels) in votes.iter().filter(|(_, labels)| labels.len() > 1) {
        let part = 1.0 / (labels.len() - 1) as f64;
        for (i, &v) in labels.iter().enumerate() {
            for (j, &w) in labels.iter().enumerate() {
                if i != j {
                    out[v as usize * k + w as usize] += part;
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Alpha as it is defined: over all pairs, with a coincidence matrix.
    fn by_definition(units: &[Vec<f64>], level: Level) -> Option<f64> {
        let pairable: Vec<&Vec<f64>> = units.iter().filter(|u| u.len() > 1).collect();
        let mut all: Vec<f64> = pairable.iter().copied().flatten().copied().collect();
        let n = all.len() as f64;
        let count = |x: f64| all.iter().filter(|y| **y == x).count() as f64;
        let delta = |v: f64, w: f64| match level {
            Level::Nominal => f64::from(u8::from(v != w)),
            Level::Interval => (v - w).powi(2),
            Level::Ratio => ratio(v, w),
            Level::Ordinal => {
                let (low, high) = (v.min(w), v.max(w));
                let between = all.iter().filter(|x| (low..=high).contains(*x)).count() as f64;
                if v == w {
                    0.0
                } else {
                    (between - 0.5 * (count(v) + count(w))).powi(2)
                }
            }
        };
        let mut observed = 0.0;
        for unit in &pairable {
            for (i, v) in unit.iter().enumerate() {
                for (j, w) in unit.iter().enumerate() {
                    if i != j {
                        observed += delta(*v, *w) / (unit.len() - 1) as f64;
                    }
                }
            }
        }
        let mut expected = 0.0;
        for v in &all {
            for w in &all {
                expected += delta(*v, *w) / (n - 1.0);
            }
        }
        all.dedup();
        (expected > 0.0).then(|| 1.0 - observed / expected)
    }

    proptest! {
        #[test]
        fn short_forms_equal_the_definition(units in prop::collection::vec(prop::collection::vec(0_u8..5, 0..6), 1..12)) {
            let units: Vec<Vec<f64>> = units.iter().map(|u| u.iter().map(|x| f64::from(*x)).collect()).collect();
            let mut starts = vec![0];
            for unit in &units {
                starts.push(starts[starts.len() - 1] + unit.len());
            }
            let values = units.concat();
            let all = Units { starts: &starts, values: &values };
            for level in [Level::Nominal, Level::Ordinal, Level::Interval, Level::Ratio] {
                match (krippendorff(&all, level), by_definition(&units, level)) {
                    (Ok(a), Some(b)) => prop_assert!((a - b).abs() < 1e-11, "{level:?} {a} {b}"),
                    (Err(_), None) => {}
                    other => prop_assert!(false, "{level:?} {other:?}"),
                }
            }
        }

        #[test]
        fn rows_are_counted_as_columns_are(
            codes in prop::collection::vec(0_u32..7, 0..4000),
            raters in 1_usize..18,
            far in prop_oneof![Just(1_u32), Just(5000)],
        ) {
            let n = codes.len() / raters;
            let codes: Vec<u32> = codes.iter().map(|v| match v { 0 | 1 => MISSING, v => v * far }).collect();
            let rows: Vec<&[u32]> = (0..raters).map(|r| &codes[r * n..(r + 1) * n]).collect();
            let mut counts = NominalCounts::default();
            counts.push_rows(&rows).unwrap();
            let mut others = NominalCounts::default();
            others.push_columns(&rows);
            prop_assert_eq!(counts.alpha(), others.alpha());
            prop_assert_eq!((counts.units(), counts.values()), (others.units(), others.values()));
            prop_assert_eq!(counts.equal, others.equal);
        }

        #[test]
        fn parts_add_up(codes in prop::collection::vec(0_u32..4, 40..200), cut in 0_usize..10) {
            let units: Vec<&[u32]> = codes.chunks(20).collect();
            let of = |units: &[&[u32]]| {
                let mut counts = NominalCounts::new(4);
                for u in units { counts.push(u); }
                counts
            };
            let cut = cut.min(units.len());
            let mut first = of(&units[..cut]);
            first.merge(&of(&units[cut..]));
            prop_assert_eq!(first.alpha(), of(&units).alpha());
        }
    }

    #[test]
    fn rows_with_missing_codes_and_undefined_cases() {
        let mut counts = NominalCounts::new(0);
        counts.push_rows(&[&[0, 1, MISSING], &[0, 1, 1]]).unwrap();
        assert_eq!((counts.units(), counts.values()), (2, 4));
        assert_eq!(counts.alpha(), Ok(1.0));
        assert!(counts.push_rows(&[&[0], &[]]).is_err());
        let mut same = NominalCounts::new(1);
        same.push(&[0, 0]);
        assert_eq!(same.alpha(), Err(AgreementError::NoVariation { values: 2 }));
        assert_eq!(NominalCounts::new(1).alpha(), Err(AgreementError::NoPairs));
        let negative = Units {
            starts: &[0, 2],
            values: &[-1.0, 1.0],
        };
        assert!(krippendorff(&negative, Level::Ratio).is_err());
    }

    #[test]
    fn a_label_against_the_others() {
        let votes = Votes::from_rows(
            &[0, 0, 1, 1, 2, 2],
            &[0, 1, 0, 1, 0, 1],
            &[0, 0, 1, 1, 2, 1],
        )
        .unwrap();
        let found = category_alphas(&votes);
        assert_eq!(found[0], Some(1.0));
        assert!(found[2].unwrap() < 0.1);
        assert_eq!(coincidences(&votes)[0], 2.0);
    }
}
