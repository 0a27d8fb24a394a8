//! Where errors pile up: combinations of features with the worst error rates.

use super::{Feature, LabelError};
use serde::{Deserialize, Serialize};

/// Options of [`worst_slices`]; the paper's defaults.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SliceOptions {
    /// Weight of the error rate against the size of a slice, above 0 and at most 1.
    pub alpha: f64,
    /// Slices wanted; more where they tie with the last.
    pub k: usize,
    /// Features in a slice at most.
    #[serde(alias = "max_l")]
    pub most_features: usize,
    /// Items in a slice at least.
    #[serde(alias = "min_sup")]
    pub least_items: usize,
}

impl Default for SliceOptions {
    fn default() -> Self {
        Self {
            alpha: 0.95,
            k: 5,
            most_features: 3,
            least_items: 10,
        }
    }
}

/// Items that have some values of some features.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    /// Position of each feature and the code of its value, ascending.
    pub literals: Vec<(u32, u32)>,
    /// Above 0: worse than all items, and large enough to matter.
    pub score: f64,
    /// Sum of errors.
    pub errors: f64,
    /// Largest error.
    pub worst: f64,
    /// Items.
    pub items: u64,
}

/// One value of one feature as a set of items, 64 a word.
struct Literal {
    feature: u32,
    code: u32,
    set: Vec<u64>,
    items: u64,
    errors: f64,
    worst: f64,
}

struct Search<'a> {
    options: SliceOptions,
    errors: &'a [f64],
    /// Items with an error, as words.
    erroneous: Vec<u64>,
    literals: Vec<Literal>,
    n: f64,
    mean: f64,
    /// Largest score first.
    found: Vec<Slice>,
}

impl Search<'_> {
    fn score(&self, items: f64, errors: f64) -> f64 {
        let a = self.options.alpha;
        a * (errors / items / self.mean - 1.0) - (1.0 - a) * (self.n / items - 1.0)
    }

    /// No slice with at most so many items, errors and so large a worst error scores higher.
    fn bound(&self, items: f64, errors: f64, worst: f64) -> f64 {
        let least = self.options.least_items as f64;
        let sizes = [least, (errors / worst).max(least), items];
        let fits = sizes.iter().filter(|s| **s <= items);
        fits.map(|&s| self.score(s, errors.min(s * worst)))
            .fold(f64::NEG_INFINITY, f64::max)
    }

    /// Items, errors and worst error of a set.
    fn measure(&self, set: &[u64]) -> (u64, f64, f64) {
        let (mut items, mut errors, mut worst) = (0, 0.0, 0.0_f64);
        for (at, (word, wrong)) in set.iter().zip(&self.erroneous).enumerate() {
            items += u64::from(word.count_ones());
            let mut left = word & wrong;
            while left != 0 {
                let e = self.errors[64 * at + left.trailing_zeros() as usize];
                errors += e;
                worst = worst.max(e);
                left &= left - 1;
            }
        }
        (items, errors, worst)
    }

    /// Score a slice must reach to be kept.
    fn needed(&self) -> f64 {
        let last = self.found.get(self.options.k.saturating_sub(1));
        last.map_or(0.0, |slice| slice.score)
    }

    fn keep(&mut self, slice: Slice) {
        if slice.score <= 0.0 || slice.score < self.needed() {
            return;
        }
        let order = |a: &Slice, b: &Slice| {
            let by_score = b.score.total_cmp(&a.score);
            by_score
                .then(a.literals.len().cmp(&b.literals.len()))
                .then(a.literals.cmp(&b.literals))
        };
        let at = self
            .found
            .partition_point(|other| order(other, &slice).is_lt());
        self.found.insert(at, slice);
        let needed = self.needed();
        self.found.retain(|slice| slice.score >= needed);
    }

    /// Looks at every slice that adds literals from `from` on to `slice`.
    fn extend(&mut self, slice: &Slice, set: &[u64], from: usize) {
        if slice.literals.len() >= self.options.most_features {
            return;
        }
        for next in from..self.literals.len() {
            let literal = &self.literals[next];
            if slice
                .literals
                .last()
                .is_some_and(|(feature, _)| *feature == literal.feature)
            {
                continue;
            }
            let items = slice.items.min(literal.items);
            let (errors, worst) = (
                slice.errors.min(literal.errors),
                slice.worst.min(literal.worst),
            );
            let bound = self.bound(items as f64, errors, worst);
            if bound <= 0.0 || bound < self.needed() {
                continue;
            }
            let both: Vec<u64> = set.iter().zip(&literal.set).map(|(a, b)| a & b).collect();
            let mut literals = slice.literals.clone();
            literals.push((literal.feature, literal.code));
            self.visit(literals, &both, next + 1);
        }
    }

    fn visit(&mut self, literals: Vec<(u32, u32)>, set: &[u64], from: usize) {
        let (items, errors, worst) = self.measure(set);
        if items < self.options.least_items as u64 || errors <= 0.0 {
            return;
        }
        let score = self.score(items as f64, errors);
        let slice = Slice {
            literals,
            score,
            errors,
            worst,
            items,
        };
        self.keep(slice.clone());
        self.extend(&slice, set, from);
    }
}

fn check(errors: &[f64], features: &[Feature], options: SliceOptions) -> Result<(), LabelError> {
    let n = errors.len();
    if let Some(feature) = features.iter().find(|f| f.codes.len() != n) {
        return Err(LabelError::Length {
            what: "a feature",
            found: feature.codes.len(),
            expected: n,
        });
    }
    if !(options.alpha > 0.0 && options.alpha <= 1.0) {
        let value = options.alpha;
        return Err(LabelError::BadOption {
            name: "alpha",
            value,
            expected: "above 0 and at most 1",
        });
    }
    for (name, value) in [
        ("k", options.k),
        ("least_items", options.least_items),
        ("most_features", options.most_features),
    ] {
        if value == 0 {
            return Err(LabelError::BadOption {
                name,
                value: 0.0,
                expected: "at least 1",
            });
        }
    }
    if let Some(&value) = errors.iter().find(|e| !(**e >= 0.0 && e.is_finite())) {
        return Err(LabelError::BadOption {
            name: "error",
            value,
            expected: "finite and at least 0",
        });
    }
    Ok(())
}

/// `SliceLine` (Sagadeeva and Boehm 2021): the slices with the largest
/// `alpha (rate / mean rate - 1) - (1 - alpha) (n / items - 1)`, exactly, by enumeration with upper bounds.
///
/// `errors` are at least 0. Errors: lists of other lengths, options out of range, no errors. Cost: in the worst case all
/// combinations; slices that cannot reach the k-th are not looked at. sliceline 0.3.0 bounds with the number of columns in
/// place of items, so it may miss slices; this one does not.
pub fn worst_slices(
    errors: &[f64],
    features: &[Feature],
    options: SliceOptions,
) -> Result<Vec<Slice>, LabelError> {
    check(errors, features, options)?;
    let n = errors.len();
    let total: f64 = errors.iter().sum();
    if total <= 0.0 {
        return Err(LabelError::NoVariation {
            errors: 0,
            items: n,
        });
    }
    let words = n.div_ceil(64);
    let mut erroneous = vec![0_u64; words];
    for (i, e) in errors.iter().enumerate() {
        erroneous[i / 64] |= u64::from(*e > 0.0) << (i % 64);
    }
    let mut search = Search {
        options,
        errors,
        erroneous,
        literals: Vec::new(),
        n: n as f64,
        mean: total / n as f64,
        found: Vec::new(),
    };
    for (feature, column) in (0_u32..).zip(features) {
        search.add(feature, column.codes, words);
    }
    let everything = Slice {
        literals: Vec::new(),
        score: 0.0,
        errors: total,
        worst: errors.iter().copied().fold(0.0, f64::max),
        items: n as u64,
    };
    search.extend(&everything, &vec![u64::MAX; words], 0);
    Ok(search.found)
}

impl Search<'_> {
    /// Adds the values of a feature that are frequent enough and have errors.
    fn add(&mut self, feature: u32, codes: &[u32], words: usize) {
        let mut order: Vec<usize> = (0..codes.len()).collect();
        order.sort_by_key(|&i| codes[i]);
        for group in order.chunk_by(|&a, &b| codes[a] == codes[b]) {
            if group.len() < self.options.least_items {
                continue;
            }
            let mut set = vec![0_u64; words];
            for i in group {
                set[i / 64] |= 1 << (i % 64);
            }
            let (items, errors, worst) = self.measure(&set);
            if errors > 0.0 {
                let code = codes[group[0]];
                self.literals.push(Literal {
                    feature,
                    code,
                    set,
                    items,
                    errors,
                    worst,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    #[test]
    fn the_search_finds_what_brute_force_finds() {
        for seed in 0..20 {
            let mut random = SplitMix::new(seed);
            let columns: Vec<Vec<u32>> = (0..4)
                .map(|_| {
                    (0..150)
                        .map(|_| u32::try_from(random.below(3)).unwrap())
                        .collect()
                })
                .collect();
            let errors: Vec<f64> = (0..150)
                .map(|i| {
                    if columns[0][i] == 1 && columns[2][i] == 2 {
                        random.unit()
                    } else {
                        f64::from(u8::from(random.unit() < 0.1))
                    }
                })
                .collect();
            let features: Vec<Feature> = columns
                .iter()
                .map(|codes| Feature { name: "", codes })
                .collect();
            let options = SliceOptions {
                least_items: 8,
                ..SliceOptions::default()
            };
            let found = worst_slices(&errors, &features, options).unwrap();
            let mut all = Vec::new();
            let mean = errors.iter().sum::<f64>() / 150.0;
            // A code of 3 stands for any value.
            for which in 0..256_u32 {
                let wanted: Vec<u32> = (0..4).map(|f| (which >> (2 * f)) & 3).collect();
                let used = wanted.iter().filter(|w| **w < 3).count();
                if used == 0 || used > 3 {
                    continue;
                }
                let is_in =
                    |i: &usize| (0..4).all(|f| wanted[f] == 3 || columns[f][*i] == wanted[f]);
                let items: Vec<usize> = (0..150).filter(is_in).collect();
                let sum: f64 = items.iter().map(|i| errors[*i]).sum();
                let size = items.len() as f64;
                let score = 0.95 * (sum / size / mean - 1.0) - 0.05 * (150.0 / size - 1.0);
                if items.len() >= 8 && sum > 0.0 && score > 0.0 {
                    all.push(score);
                }
            }
            all.sort_by(|a, b| b.total_cmp(a));
            for (slice, score) in found.iter().zip(&all) {
                assert!(
                    (slice.score - score).abs() < 1e-9,
                    "seed {seed}: {found:?} {all:?}"
                );
            }
            assert!(found.len() >= all.len().min(5));
        }
    }

    #[test]
    fn bad_input_is_refused() {
        let codes = [0, 1];
        let features = [Feature {
            name: "",
            codes: &codes,
        }];
        assert!(worst_slices(&[0.0, 0.0], &features, SliceOptions::default()).is_err());
        assert!(worst_slices(&[1.0], &features, SliceOptions::default()).is_err());
        let options = SliceOptions {
            alpha: 0.0,
            ..SliceOptions::default()
        };
        assert!(worst_slices(&[1.0, 0.0], &features, options).is_err());
    }
}
