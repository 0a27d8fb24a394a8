//! Habit or chance: which features errors depend on, found on one half and confirmed on the other.

use super::LabelError;
use super::association::{Permutations, association, permutation_test};
use crate::stats::{
    Adjustment, Estimate, SplitMix, adjust, chi_square_tail, gamma_q, ln_gamma, wilson,
};
use serde::{Deserialize, Serialize};

/// Something errors may depend on: annotator, tool version, hour, sensor, distance bin.
#[derive(Clone, Copy, Debug)]
pub struct Feature<'a> {
    /// Its name.
    pub name: &'a str,
    /// Code of its value for each item.
    pub codes: &'a [u32],
}

/// Options of [`systematic`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SystematicOptions {
    /// Share of false findings that is allowed among findings of the first half, and level of their confirmation.
    pub level: f64,
    /// Least strength (Cramér's V, corrected) that counts.
    pub least_effect: f64,
    /// Permutations where counts are too small for chi-squared.
    pub permutations: usize,
    /// Seed of the halves and permutations.
    pub seed: u64,
}

impl Default for SystematicOptions {
    fn default() -> Self {
        Self {
            level: 0.05,
            least_effect: 0.1,
            permutations: 999,
            seed: 1,
        }
    }
}

/// What was found about one feature.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureVerdict {
    /// Its name.
    pub name: String,
    /// Whether errors depend on it: significant and strong enough on both halves.
    pub is_systematic: bool,
    /// Chance on the first half; none where it has a single value there.
    pub p_value: Option<f64>,
    /// The same, adjusted for the number of features (Benjamini and Hochberg).
    pub adjusted: Option<f64>,
    /// Chance on the second half.
    pub confirmed: Option<f64>,
    /// Strength over all items, corrected.
    pub effect: Option<f64>,
    /// Least strength that would have been found with power 0.8 on the second half at the level.
    pub detectable: Option<f64>,
    /// Code, error rate with interval, and residual of the value with the most errors beyond expectation.
    pub worst: Option<(u32, Estimate, f64)>,
}

/// Result of [`systematic`].
#[derive(Clone, Debug, PartialEq)]
pub struct Systematic {
    /// One per feature, in the order given.
    pub features: Vec<FeatureVerdict>,
    /// Error rate over all items.
    pub rate: Estimate,
}

/// Errors and others by value of a feature, over the items that count; values without items are left out.
fn table(errors: &[bool], codes: &[u32], items: &[usize]) -> (Vec<u32>, Vec<Vec<u64>>) {
    let most = items.iter().map(|&i| codes[i]).max().unwrap_or(0);
    let mut counts = vec![[0_u64; 2]; most as usize + 1];
    for &i in items {
        counts[codes[i] as usize][usize::from(!errors[i])] += 1;
    }
    let used = (0_u32..).zip(counts).filter(|(_, c)| c[0] + c[1] > 0);
    used.map(|(code, c)| (code, c.to_vec())).unzip()
}

/// Chance of the association on some items: chi-squared, or permutation where counts are small. None where undefined.
fn chance(
    errors: &[bool],
    codes: &[u32],
    items: &[usize],
    options: SystematicOptions,
) -> Result<Option<f64>, LabelError> {
    let (_, rows) = table(errors, codes, items);
    match association(&rows) {
        Ok(found) if found.is_large_enough => Ok(Some(found.p_value)),
        Ok(_) => {
            let values: Vec<f64> = items
                .iter()
                .map(|&i| f64::from(u8::from(errors[i])))
                .collect();
            let groups: Vec<u32> = items.iter().map(|&i| codes[i]).collect();
            let how = Permutations::Random {
                count: options.permutations,
                seed: options.seed,
            };
            Ok(Some(permutation_test(&values, &groups, &[], &how)?.p_value))
        }
        Err(LabelError::NoVariation { .. } | LabelError::Classes { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// How many errors there are.
fn check(
    errors: &[bool],
    features: &[Feature],
    units: &[u32],
    options: SystematicOptions,
) -> Result<usize, LabelError> {
    let n = errors.len();
    let lengths = features
        .iter()
        .map(|f| f.codes.len())
        .chain((!units.is_empty()).then_some(units.len()));
    for found in lengths {
        if found != n {
            return Err(LabelError::Length {
                what: "a feature",
                found,
                expected: n,
            });
        }
    }
    for (name, value) in [
        ("level", options.level),
        ("least_effect", options.least_effect),
    ] {
        if !(value > 0.0 && value < 1.0) {
            return Err(LabelError::BadOption {
                name,
                value,
                expected: "between 0 and 1",
            });
        }
    }
    let wrong = errors.iter().filter(|e| **e).count();
    if wrong == 0 || wrong == n {
        return Err(LabelError::NoVariation {
            errors: wrong,
            items: n,
        });
    }
    Ok(wrong)
}

/// Tells habits from chance: features are tested on a random half with the share of false findings controlled, and what
/// is found must be significant and strong enough on the other half.
///
/// `units` holds codes of what is independent (clip, batch); halves are of units, so that neighbors do not confirm each
/// other; empty where every item is its own. Chi-squared itself treats items as independent: give one item per unit
/// where errors within units hang together. Errors: lists of other lengths, options out of range, no or only errors.
/// Cost: per feature two passes, permutations where counts are small.
pub fn systematic(
    errors: &[bool],
    features: &[Feature],
    units: &[u32],
    options: SystematicOptions,
) -> Result<Systematic, LabelError> {
    let wrong = check(errors, features, units, options)?;
    let n = errors.len();
    let halves = halves(n, units, options.seed);
    let all: Vec<usize> = (0..n).collect();
    let mut verdicts = Vec::with_capacity(features.len());
    for feature in features {
        let of = |items: &[usize]| chance(errors, feature.codes, items, options);
        let (codes, rows) = table(errors, feature.codes, &all);
        let whole = association(&rows).ok();
        let worst = whole
            .as_ref()
            .and_then(|found| worst(&codes, &rows, found.residuals.iter()));
        let degrees = rows.len().saturating_sub(1);
        verdicts.push(FeatureVerdict {
            name: feature.name.to_owned(),
            is_systematic: false,
            p_value: of(&halves[0])?,
            adjusted: None,
            confirmed: of(&halves[1])?,
            effect: whole.map(|found| found.cramers_v_corrected),
            detectable: detectable(degrees, halves[1].len(), options.level),
            worst,
        });
    }
    let p: Vec<f64> = verdicts.iter().filter_map(|v| v.p_value).collect();
    let adjusted = adjust(&p, options.level, Adjustment::BenjaminiHochberg)?.p_adj;
    let tested = verdicts.iter_mut().filter(|v| v.p_value.is_some());
    for (verdict, adjusted) in tested.zip(adjusted) {
        verdict.adjusted = Some(adjusted);
        let is_confirmed = verdict.confirmed.is_some_and(|p| p <= options.level);
        let is_strong = verdict.effect.is_some_and(|v| v >= options.least_effect);
        verdict.is_systematic = adjusted <= options.level && is_confirmed && is_strong;
    }
    let interval = wilson(wrong as u64, n as u64)?;
    Ok(Systematic {
        features: verdicts,
        rate: Estimate::with(wrong as f64 / n as f64, Some(interval), n),
    })
}

/// Items of two random halves of the units.
fn halves(n: usize, units: &[u32], seed: u64) -> [Vec<usize>; 2] {
    let most = units.iter().max().map_or(n, |u| *u as usize + 1);
    let mut random = SplitMix::new(seed);
    let mut order: Vec<usize> = (0..most).collect();
    random.shuffle(&mut order);
    let mut half_of = vec![0; most];
    order
        .iter()
        .take(most / 2)
        .for_each(|unit| half_of[*unit] = 1);
    let mut out = [Vec::new(), Vec::new()];
    for item in 0..n {
        let unit = units.get(item).map_or(item, |u| *u as usize);
        out[half_of[unit]].push(item);
    }
    out
}

fn worst<'a>(
    codes: &[u32],
    rows: &[Vec<u64>],
    residuals: impl Iterator<Item = &'a Vec<f64>>,
) -> Option<(u32, Estimate, f64)> {
    let rated = codes.iter().zip(rows).zip(residuals);
    let ((code, row), residual) = rated.max_by(|a, b| a.1[0].total_cmp(&b.1[0]))?;
    let (errors, items) = (row[0], row[0] + row[1]);
    let interval = wilson(errors, items).ok();
    let n = usize::try_from(items).unwrap_or(usize::MAX);
    Some((
        *code,
        Estimate::with(errors as f64 / items as f64, interval, n),
        residual[0],
    ))
}

/// Cramér's V that a chi-squared test of `n` items finds with power 0.8; none without degrees of freedom or items.
fn detectable(degrees: usize, n: usize, level: f64) -> Option<f64> {
    if degrees == 0 || n == 0 {
        return None;
    }
    let root = |f: &dyn Fn(f64) -> Option<bool>| {
        let (mut low, mut high) = (0.0, 1.0);
        while !f(high)? {
            high *= 2.0;
        }
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if f(middle)? {
                high = middle;
            } else {
                low = middle;
            }
        }
        Some(high)
    };
    let critical = root(&|x| Some(chi_square_tail(x, degrees as f64).ok()? <= level))?;
    let noncentrality = root(&|lambda| Some(noncentral_above(critical, degrees, lambda)? >= 0.8))?;
    Some((noncentrality / n as f64).sqrt())
}

/// Chance that chi-squared with a noncentrality exceeds `x`: a Poisson mixture of central ones.
fn noncentral_above(x: f64, degrees: usize, lambda: f64) -> Option<f64> {
    let (half, mut sum, mut mass) = (0.5 * lambda, 0.0, 0.0);
    for j in 0..10_000_u32 {
        let j = f64::from(j);
        let weight = (j * half.max(1e-300).ln() - half - ln_gamma(j + 1.0).ok()?).exp();
        sum += weight * gamma_q(0.5 * degrees as f64 + j, 0.5 * x).ok()?;
        mass += weight;
        if mass > 1.0 - 1e-12 {
            break;
        }
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(seed: u64, effect: f64) -> (Vec<bool>, Vec<Vec<u32>>) {
        let mut random = SplitMix::new(seed);
        let features: Vec<Vec<u32>> = (0..10)
            .map(|_| {
                (0..600)
                    .map(|_| u32::try_from(random.below(3)).unwrap())
                    .collect()
            })
            .collect();
        let errors = (0..600)
            .map(|i| random.unit() < 0.1 + if features[0][i] == 2 { effect } else { 0.0 })
            .collect();
        (errors, features)
    }

    fn names(errors: &[bool], features: &[Vec<u32>], seed: u64) -> Vec<usize> {
        let features: Vec<Feature> = features
            .iter()
            .map(|codes| Feature { name: "x", codes })
            .collect();
        let options = SystematicOptions {
            seed,
            ..SystematicOptions::default()
        };
        let found = systematic(errors, &features, &[], options).unwrap();
        let flags = found
            .features
            .iter()
            .enumerate()
            .filter(|(_, v)| v.is_systematic);
        flags.map(|(i, _)| i).collect()
    }

    #[test]
    fn chance_is_not_called_habit_and_habit_is_found() {
        let (mut false_findings, mut found) = (0, 0);
        for seed in 0..60 {
            let (errors, features) = draw(seed, 0.0);
            false_findings += usize::from(!names(&errors, &features, seed).is_empty());
            let (errors, features) = draw(1000 + seed, 0.25);
            found += usize::from(names(&errors, &features, seed).contains(&0));
        }
        assert!(false_findings <= 2, "{false_findings} of 60");
        assert!(found >= 54, "{found} of 60");
    }

    #[test]
    fn what_could_have_been_found_is_said() {
        // One degree of freedom: (1.96 + 0.8416)^2 = 7.849.
        let v = detectable(1, 785, 0.05).unwrap();
        assert!((v - 0.1).abs() < 1e-3, "{v}");
        assert_eq!(detectable(0, 10, 0.05), None);
    }
}
