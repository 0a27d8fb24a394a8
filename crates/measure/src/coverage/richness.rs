//! Kinds and unseen mass from counts per kind.

use super::CoverageError;
use super::curve::{accumulation, delta_variance, more_for, point, rarefy_counts};
use crate::stats::{Estimate, Interval};
use serde::Serialize;

/// Quantile that scikit-bio 0.7.4 uses for the interval of Chao1.
const Z_CHAO: f64 = 1.96;

/// Counts above which a kind is no longer rare for ACE (Chao and Lee 1992).
const RARE: u64 = 10;

/// Counts of kinds, kept as how many kinds were seen how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abundance {
    /// `(count, kinds with that count)`, counts ascending, none of them 0.
    frequencies: Vec<(u64, u64)>,
    /// All individuals.
    n: u64,
    /// Kinds seen.
    kinds: u64,
}

impl Abundance {
    /// From the count of each kind; kinds that were never seen change nothing.
    ///
    /// Errors: [`CoverageError::Empty`] without any individual. Cost: one sort.
    pub fn new(counts: &[u64]) -> Result<Self, CoverageError> {
        let mut sorted: Vec<u64> = counts.iter().copied().filter(|c| *c > 0).collect();
        sorted.sort_unstable();
        let frequencies: Vec<(u64, u64)> = sorted
            .chunk_by(|a, b| a == b)
            .map(|run| (run[0], run.len() as u64))
            .collect();
        if frequencies.is_empty() {
            return Err(CoverageError::Empty);
        }
        Ok(Self {
            n: sorted.iter().sum(),
            kinds: sorted.len() as u64,
            frequencies,
        })
    }

    /// Kinds that were seen exactly `count` times.
    pub fn frequency(&self, count: u64) -> u64 {
        self.frequencies
            .binary_search_by_key(&count, |f| f.0)
            .map_or(0, |at| self.frequencies[at].1)
    }

    /// All individuals.
    pub fn individuals(&self) -> u64 {
        self.n
    }

    /// Kinds seen.
    pub fn kinds(&self) -> u64 {
        self.kinds
    }

    /// `(count, kinds with that count)`, ascending.
    pub fn frequencies(&self) -> &[(u64, u64)] {
        &self.frequencies
    }

    /// Kinds expected in a sample of `size` individuals, smaller or enlarged, with the interval at 95 % of Colwell and
    /// others 2012; `n` of the estimate is the size.
    ///
    /// Errors: [`CoverageError::TooFar`] above twice the sample. Cost: distinct counts.
    pub fn expected_kinds(&self, size: u64) -> Result<Estimate, CoverageError> {
        within_twice(size, self.n)?;
        Ok(point(&self.frequencies, self.n, size))
    }

    /// Individuals to add until the sample coverage is expected to be `target` (Chao and Jost 2012, equation 12): 0 where
    /// it already is, none where no number can be told. Beyond twice the sample it is a rough figure.
    ///
    /// Errors: [`CoverageError::BadOption`] for a target outside (0, 1).
    pub fn more_for_coverage(&self, target: f64) -> Result<Option<u64>, CoverageError> {
        let (f1, f2) = (self.frequency(1) as f64, self.frequency(2) as f64);
        let n = self.n as f64;
        more_for(f1 / n, coverage_ratio(f1, f2, n), target)
    }

    /// The abundance-based coverage estimator with a log-normal interval at 95 %, its variance by the delta method over
    /// how many kinds were seen how often (Chao and Lee 1992, section 3); none where it is not defined.
    pub fn ace(&self) -> Option<Estimate> {
        let estimate = ace(self)?;
        let slope = |count: u64| {
            if count > RARE {
                return 1.0;
            }
            let step = 1e-4;
            let moved = |by: f64| {
                let kinds = self.frequencies.iter().map(|(c, kinds)| {
                    let by = if *c == count { by } else { 0.0 };
                    (*c as f64, *kinds as f64 + by)
                });
                ace_of(&kinds.collect::<Vec<_>>())
            };
            match (moved(step), moved(-step)) {
                (Some(above), Some(below)) => (above - below) / (2.0 * step),
                _ => f64::NAN,
            }
        };
        let variance = delta_variance(&self.frequencies, estimate, slope);
        let seen = self.kinds as f64;
        let [low, high] = super::incidence::interval(seen, estimate - seen, variance);
        let interval = high.is_finite().then_some(Interval { low, high });
        Some(Estimate::with(
            estimate,
            interval,
            usize::try_from(self.n).unwrap_or(usize::MAX),
        ))
    }

    /// Sum of `f(count)` over the kinds.
    fn sum(&self, f: impl Fn(f64) -> f64) -> f64 {
        self.frequencies
            .iter()
            .map(|(count, kinds)| *kinds as f64 * f(*count as f64))
            .sum()
    }
}

/// What counts say about the kinds; see [`richness`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Richness {
    /// Individuals.
    pub n: u64,
    /// Kinds seen.
    pub sobs: u64,
    /// Kinds seen once.
    pub f1: u64,
    /// Kinds seen twice.
    pub f2: u64,
    /// Good–Turing: probability that the next individual is of an unseen kind, `f1 / n`.
    pub good_turing_missing: f64,
    /// Good's coverage, `1 - f1 / n`.
    pub goods_coverage: f64,
    /// Coverage after Chao and Jost 2012, which is less biased.
    pub coverage_chao_jost2012: f64,
    /// A lower bound of the number of kinds: `S + f1 (f1 - 1) / (2 (f2 + 1))`.
    pub chao1_bias_corrected: f64,
    /// `S + f1^2 / (2 f2)`; the corrected one where no kind was seen twice.
    pub chao1_uncorrected: f64,
    /// Interval of the corrected Chao1 at 95 %, log-normal (Chao 1987).
    pub chao1_ci95: [f64; 2],
    /// Abundance-based coverage estimator; none where every rare kind was seen once.
    pub ace: Option<f64>,
    /// Shannon's entropy in nats.
    pub shannon_nats: f64,
    /// The same in bits.
    pub shannon_bits: f64,
    /// `1 - sum p^2`.
    #[serde(rename = "simpson_1_minus_D")]
    pub simpson: f64,
    /// Hill number of order 1, `exp H`: kinds as many as equally common ones would give the same entropy.
    pub hill_q1: f64,
    /// Hill number of order 2, `1 / sum p^2`.
    pub hill_q2: f64,
    /// Robbins' estimator as scikit-bio has it: the same as Good–Turing.
    pub robbins_skbio: f64,
    /// Esty's normal interval of the missing mass, as scikit-bio gives it: its ends leave 0 to 1 where few kinds are
    /// seen once.
    pub esty_ci95_missing: [f64; 2],
    /// The same held to 0 to 1.
    pub missing_ci95: Interval,
    /// Upper bound of the missing mass with 95 % whatever the distribution (`McAllester` and Schapire 2000): wide.
    pub missing_mass_ucb95_mcallester_schapire: f64,
    /// Expected kinds in samples of 1, 2, 5, half and all individuals (Hurlbert 1971).
    pub rarefaction_hurlbert: std::collections::BTreeMap<u64, f64>,
}

/// Richness, evenness and unseen mass from counts per kind. All estimators take individuals as independent; where they
/// come from drives, count drives instead ([`super::Incidence`]).
///
/// Errors: none beyond those of [`Abundance::new`]. Cost: one pass over distinct counts per size of the curve.
pub fn richness(abundance: &Abundance) -> Richness {
    let (n, s) = (abundance.n as f64, abundance.kinds as f64);
    let (f1, f2) = (abundance.frequency(1), abundance.frequency(2));
    let missing = f1 as f64 / n;
    let share_square = abundance.sum(|c| (c / n) * (c / n));
    let entropy = -abundance.sum(|c| (c / n) * (c / n).ln());
    let esty = esty(f1 as f64, f2 as f64, n);
    let sizes = [1, 2, 5, abundance.n / 2, abundance.n];
    Richness {
        n: abundance.n,
        sobs: abundance.kinds,
        f1,
        f2,
        good_turing_missing: missing,
        goods_coverage: 1.0 - missing,
        coverage_chao_jost2012: chao_jost(f1 as f64, f2 as f64, n),
        chao1_bias_corrected: s + unseen(f1 as f64, f2 as f64),
        chao1_uncorrected: if f2 > 0 {
            s + (f1 * f1) as f64 / (2.0 * f2 as f64)
        } else {
            s + unseen(f1 as f64, 0.0)
        },
        chao1_ci95: chao1_interval(s, f1 as f64, f2 as f64, n),
        ace: ace(abundance),
        shannon_nats: entropy,
        shannon_bits: entropy / std::f64::consts::LN_2,
        simpson: 1.0 - share_square,
        hill_q1: entropy.exp(),
        hill_q2: 1.0 / share_square,
        robbins_skbio: missing,
        esty_ci95_missing: esty,
        missing_ci95: Interval {
            low: esty[0].clamp(0.0, 1.0),
            high: esty[1].clamp(0.0, 1.0),
        },
        missing_mass_ucb95_mcallester_schapire: mcallester_schapire(missing, n, 0.05),
        rarefaction_hurlbert: accumulation(abundance.n, &sizes, |m| rarefy_counts(abundance, m)),
    }
}

/// Kinds not seen, corrected for bias: `f1 (f1 - 1) / (2 (f2 + 1))` (Chao 2005).
pub(super) fn unseen(f1: f64, f2: f64) -> f64 {
    f1 * (f1 - 1.0) / (2.0 * (f2 + 1.0))
}

/// Sample coverage of Chao and Jost 2012, equation 4a; without kinds seen twice its limit form.
pub(super) fn chao_jost(f1: f64, f2: f64, n: f64) -> f64 {
    1.0 - f1 / n * coverage_ratio(f1, f2, n)
}

/// By how much one more unit shrinks the missing share.
pub(super) fn coverage_ratio(f1: f64, f2: f64, n: f64) -> f64 {
    if f1 == 0.0 {
        return 0.0;
    }
    let (top, bottom) = if f2 > 0.0 {
        ((n - 1.0) * f1, (n - 1.0) * f1 + 2.0 * f2)
    } else {
        ((n - 1.0) * (f1 - 1.0), (n - 1.0) * (f1 - 1.0) + 2.0)
    };
    top / bottom
}

/// Errors: [`CoverageError::TooFar`] above twice the sample.
pub(super) fn within_twice(size: u64, n: u64) -> Result<(), CoverageError> {
    let most = n.saturating_mul(2);
    if size > most {
        return Err(CoverageError::TooFar { asked: size, most });
    }
    Ok(())
}

/// Esty 1983 with the quantile of scikit-bio.
fn esty(f1: f64, f2: f64, n: f64) -> [f64; 2] {
    let variance = (f1 * (n - f1) + 2.0 * n * f2) / (n * n * n);
    let half = crate::stats::Z95 * variance.max(0.0).sqrt();
    [f1 / n - half, f1 / n + half]
}

/// `M <= f1 / n + (2 sqrt 2 + sqrt 3) sqrt(ln(3 / delta) / n)` with probability `1 - delta`.
fn mcallester_schapire(missing: f64, n: f64, delta: f64) -> f64 {
    let factor = 2.0 * 2.0_f64.sqrt() + 3.0_f64.sqrt();
    (missing + factor * ((3.0 / delta).ln() / n).sqrt()).min(1.0)
}

/// Chao 1987: the unseen kinds are taken as log-normal; without kinds seen once, Poisson counts of the kinds seen.
fn chao1_interval(s: f64, f1: f64, f2: f64, n: f64) -> [f64; 2] {
    if f1 == 0.0 {
        let never = (-n / s).exp();
        let center = s / (1.0 - never);
        let half = Z_CHAO * (s * never / (1.0 - never)).sqrt();
        return [(center - half).max(s), center + half];
    }
    let found = unseen(f1, f2);
    let variance = if f2 > 0.0 {
        let d = f2 + 1.0;
        found
            + f1 * (2.0 * f1 - 1.0).powi(2) / (4.0 * d * d)
            + f1 * f1 * f2 * (f1 - 1.0).powi(2) / (4.0 * d.powi(4))
    } else {
        found + f1 * (2.0 * f1 - 1.0).powi(2) / 4.0 - f1.powi(4) / (4.0 * (s + found))
    };
    if found == 0.0 {
        return [s, s];
    }
    let k = (Z_CHAO * (variance / (found * found)).ln_1p().sqrt()).exp();
    [s + found / k, s + found * k]
}

/// Chao and Lee 1992 with rare kinds up to ten individuals.
fn ace(abundance: &Abundance) -> Option<f64> {
    let kinds: Vec<(f64, f64)> = abundance
        .frequencies
        .iter()
        .map(|(count, kinds)| (*count as f64, *kinds as f64))
        .collect();
    ace_of(&kinds)
}

/// The same from `(count, kinds with it)`, where kinds need not be whole.
fn ace_of(frequencies: &[(f64, f64)]) -> Option<f64> {
    let all: f64 = frequencies.iter().map(|(_, k)| k).sum();
    let rare: Vec<&(f64, f64)> = frequencies
        .iter()
        .filter(|(count, _)| *count <= RARE as f64)
        .collect();
    let rare_kinds: f64 = rare.iter().map(|(_, k)| k).sum();
    let common = all - rare_kinds;
    if rare.is_empty() {
        return Some(common);
    }
    let f1 = rare.iter().find(|(c, _)| *c == 1.0).map_or(0.0, |f| f.1);
    if f1 == rare_kinds {
        return None;
    }
    let individuals: f64 = rare.iter().map(|(c, k)| c * k).sum();
    let coverage = 1.0 - f1 / individuals;
    let pairs: f64 = rare.iter().map(|(c, k)| c * (c - 1.0) * k).sum();
    let spread = rare_kinds * pairs / (coverage * individuals * (individuals - 1.0)) - 1.0;
    Some(common + rare_kinds / coverage + f1 / coverage * spread.max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    /// Counts of `n` individuals drawn from `weights`.
    fn draw(weights: &[f64], n: usize, random: &mut SplitMix) -> Vec<u64> {
        let total: f64 = weights.iter().sum();
        let mut counts = vec![0; weights.len()];
        for _ in 0..n {
            let mut u = random.unit() * total;
            let at = weights.iter().position(|w| {
                u -= w;
                u < 0.0
            });
            counts[at.unwrap_or(0)] += 1;
        }
        counts
    }

    #[test]
    fn the_interval_of_chao1_holds_where_kinds_are_alike() {
        let weights = vec![1.0; 60];
        let mut random = SplitMix::new(11);
        let (mut covered, runs) = (0, 300);
        let (mut mass, mut estimated) = (0.0, 0.0);
        for _ in 0..runs {
            let counts = draw(&weights, 90, &mut random);
            let found = richness(&Abundance::new(&counts).unwrap());
            covered += usize::from(found.chao1_ci95[0] <= 60.0 && 60.0 <= found.chao1_ci95[1]);
            mass += counts.iter().filter(|c| **c == 0).count() as f64 / 60.0;
            estimated += 1.0 - found.coverage_chao_jost2012;
        }
        assert!(covered >= 270, "{covered} of {runs}");
        assert!((mass - estimated).abs() / f64::from(runs) < 0.01);
    }

    #[test]
    fn edges() {
        assert_eq!(Abundance::new(&[0, 0]), Err(CoverageError::Empty));
        let one = richness(&Abundance::new(&[1]).unwrap());
        assert_eq!((one.sobs, one.good_turing_missing, one.ace), (1, 1.0, None));
        assert_eq!(one.chao1_ci95, [1.0, 1.0]);
        let even = richness(&Abundance::new(&[20, 20, 20, 20]).unwrap());
        assert!((even.hill_q1 - 4.0).abs() < 1e-12 && (even.hill_q2 - 4.0).abs() < 1e-12);
        assert_eq!(even.ace, Some(4.0));
    }

    /// Counts of 150 kinds of unequal rates after `n` individuals.
    fn drawn(n: usize, random: &mut SplitMix) -> Abundance {
        let weights: Vec<f64> = (1..=150).map(|i| 1.0 / f64::from(i).sqrt()).collect();
        let sum: f64 = weights.iter().sum();
        let mut counts = vec![0_u64; weights.len()];
        for _ in 0..n {
            let mut at = random.unit() * sum;
            let kind = weights.iter().position(|w| {
                at -= w;
                at < 0.0
            });
            counts[kind.unwrap_or(0)] += 1;
        }
        Abundance::new(&counts).unwrap()
    }

    #[test]
    fn intervals_hold_what_they_are_of() {
        let mut random = SplitMix::new(5);
        let rounds = 300;
        let mut means = [0.0; 2];
        for _ in 0..rounds {
            means[0] += drawn(200, &mut random).kinds() as f64 / f64::from(rounds);
            means[1] += drawn(800, &mut random).kinds() as f64 / f64::from(rounds);
        }
        let (mut of_curve, mut of_ace, mut mean) = ([0; 2], 0, 0.0);
        for _ in 0..rounds {
            let sample = drawn(400, &mut random);
            for ((held, size), known) in of_curve.iter_mut().zip([200, 800]).zip(means) {
                let found = sample.expected_kinds(size).unwrap();
                *held += u32::from(found.low.unwrap() <= known && known <= found.high.unwrap());
            }
            let ace = sample.ace().unwrap();
            of_ace += u32::from(ace.low.unwrap() <= 150.0 && 150.0 <= ace.high.unwrap());
            mean += ace.estimate / f64::from(rounds);
        }
        // Intervals of parts of the sample are rather too long, those beyond it about right.
        assert!(of_curve.iter().all(|held| *held >= 270), "{of_curve:?}");
        assert!((mean - 150.0).abs() < 10.0, "{mean}");
        assert!((255..=300).contains(&of_ace), "{of_ace}");
    }

    #[test]
    fn more_individuals_for_more_coverage() {
        let sample = Abundance::new(&[120, 80, 44, 30, 5, 4, 3, 2, 2, 2, 1, 1, 1, 1, 1]).unwrap();
        let some = sample.more_for_coverage(0.99).unwrap().unwrap();
        let more = sample.more_for_coverage(0.999).unwrap().unwrap();
        assert!(some < more);
        assert_eq!(sample.more_for_coverage(0.9).unwrap(), Some(0));
        assert!(sample.expected_kinds(10_000).is_err());
        assert!(Abundance::new(&[1, 1]).unwrap().ace().is_none());
    }
}
