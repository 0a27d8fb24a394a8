//! Everything about the agreement of one table of votes.

use super::AgreementError;
use super::coefficients::coefficients;
use super::cohen::{Confusion, cohen};
use super::krippendorff::{Level, NominalCounts, alpha_of_votes, category_alphas};
use super::weights::Weights;
use crate::aggregation::Votes;
use crate::stats::Estimate;

/// Agreement of two annotators.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairAgreement {
    /// The first annotator.
    pub a: u32,
    /// The second.
    pub b: u32,
    /// Cohen's kappa on the items both labeled; none where both only ever gave one label. It carries its weights.
    pub kappa: Option<Estimate>,
    /// Share of equal labels.
    pub same: f64,
    /// Items both labeled.
    pub n: usize,
}

/// Agreement on one label against all others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CategoryAgreement {
    /// The label.
    pub label: u32,
    /// Krippendorff's alpha; none where it was always or never given.
    pub alpha: Option<Estimate>,
    /// Gwet's AC1.
    pub ac1: Option<Estimate>,
    /// Times it was given on items with two votes.
    pub given: usize,
}

/// How one annotator agrees with the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AnnotatorAgreement {
    /// The annotator.
    pub annotator: u32,
    /// Share of equal labels over pairs with others; none without any.
    pub same: Option<f64>,
    /// Alpha minus alpha without this annotator: below 0 the others agree better alone.
    pub vitality: Option<f64>,
    /// Votes.
    pub votes: usize,
}

/// Agreement of a table of votes.
#[derive(Clone, Debug, PartialEq)]
pub struct AgreementReport {
    /// Krippendorff's alpha at the level asked for, with an interval by linearization where it has one (nominal; with
    /// squared weights interval).
    pub alpha: Estimate,
    /// Fleiss' kappa.
    pub fleiss: Estimate,
    /// Gwet's AC1.
    pub ac1: Estimate,
    /// Brennan and Prediger's coefficient.
    pub brennan_prediger: Estimate,
    /// Two by two, ordered by codes.
    pub pairs: Vec<PairAgreement>,
    /// Label by label.
    pub per_category: Vec<CategoryAgreement>,
    /// One by one.
    pub annotators: Vec<AnnotatorAgreement>,
}

/// All agreement of a table of votes: overall, per pair, per label and per annotator.
///
/// `value_of` holds the value of each label for levels above nominal. Pairs get weights of their level: equality,
/// linear for ordinal, squares for interval and ratio. Errors: no item with two votes, no variation.
/// Cost: a few passes, and one sort of all pairs of votes for the pairs of annotators.
pub fn agreement_report(
    votes: &Votes,
    level: Level,
    value_of: &[f64],
) -> Result<AgreementReport, AgreementError> {
    let found = coefficients(votes, &Weights::equal(votes.labels()))?;
    let weights = match level {
        Level::Nominal => Weights::equal(votes.labels()),
        Level::Ordinal => {
            let ranks: Vec<f64> = (0..votes.labels()).map(|i| i as f64).collect();
            Weights::new(super::WeightKind::Linear, &ranks)?
        }
        Level::Interval | Level::Ratio => Weights::new(
            super::WeightKind::Quadratic,
            &value_of[..votes.labels().min(value_of.len())],
        )?,
    };
    let value = alpha_of_votes(votes, level, value_of)?;
    let interval = match level {
        Level::Nominal => found.krippendorff.interval(),
        // Alpha at these levels is the linearized one with the weights of the level.
        Level::Interval => coefficients(votes, &weights)?.krippendorff.interval(),
        Level::Ratio => {
            let ratio = Weights::new(super::WeightKind::Ratio, value_of)?;
            coefficients(votes, &ratio)?.krippendorff.interval()
        }
        Level::Ordinal => None,
    };
    Ok(AgreementReport {
        alpha: Estimate::with(value, interval, found.krippendorff.n),
        fleiss: found.fleiss.estimate(),
        ac1: found.gwet.estimate(),
        brennan_prediger: found.brennan_prediger.estimate(),
        pairs: pairs(votes, &weights)?,
        per_category: categories(votes)?,
        annotators: annotators(votes),
    })
}

fn pairs(votes: &Votes, weights: &Weights) -> Result<Vec<PairAgreement>, AgreementError> {
    let k = votes.labels();
    let grouped = votes.by_annotator();
    let mut out = Vec::new();
    let mut met: Vec<(u32, u32, u32)> = Vec::new();
    for a in 0..votes.annotators() {
        met.clear();
        let (items, labels) = grouped.of(a);
        for (&item, &own) in items.iter().zip(labels) {
            let (others, given) = votes.of(item as usize);
            let later = others.iter().zip(given).filter(|(b, _)| **b as usize > a);
            met.extend(later.map(|(&b, &label)| (b, own, label)));
        }
        met.sort_unstable();
        for group in met.chunk_by(|x, y| x.0 == y.0) {
            let (x, y): (Vec<u32>, Vec<u32>) = group.iter().map(|(_, x, y)| (*x, *y)).unzip();
            let same = x.iter().zip(&y).filter(|(x, y)| x == y).count();
            let kappa = match cohen(&Confusion::from_codes(&x, &y, k)?, weights) {
                Ok(found) => {
                    // Where linearization sees no spread it says nothing, as on two items.
                    let interval = (found.standard_error > 1e-9).then_some(found.interval);
                    Some(Estimate::with(found.kappa, interval, x.len()))
                }
                Err(AgreementError::NoVariation { .. }) => None,
                Err(error) => return Err(error),
            };
            out.push(PairAgreement {
                a: u32::try_from(a).unwrap_or(u32::MAX),
                b: group[0].0,
                kappa,
                same: same as f64 / x.len() as f64,
                n: x.len(),
            });
        }
    }
    Ok(out)
}

fn categories(votes: &Votes) -> Result<Vec<CategoryAgreement>, AgreementError> {
    let alphas = category_alphas(votes);
    let mut given = vec![0; votes.labels()];
    for (_, labels) in votes.iter().filter(|(_, labels)| labels.len() > 1) {
        for &y in labels {
            given[y as usize] += 1;
        }
    }
    let mut out = Vec::with_capacity(alphas.len());
    for (label, alpha) in (0_u32..).zip(alphas) {
        let binary = against(votes, label)?;
        let found = coefficients(&binary, &Weights::equal(2)).ok();
        out.push(CategoryAgreement {
            label,
            alpha: alpha.zip(found).map(|(value, found)| {
                Estimate::with(value, found.krippendorff.interval(), found.krippendorff.n)
            }),
            ac1: found.map(|found| found.gwet.estimate()),
            given: given[label as usize],
        });
    }
    Ok(out)
}

/// The votes with one label against all others.
fn against(votes: &Votes, label: u32) -> Result<Votes, AgreementError> {
    Ok(votes.relabeled(2, |y| u32::from(y == label))?)
}

fn annotators(votes: &Votes) -> Vec<AnnotatorAgreement> {
    let grouped = votes.by_annotator();
    let mut all = NominalCounts::new(votes.labels());
    votes.iter().for_each(|(_, labels)| all.push(labels));
    let whole = all.alpha().ok();
    let mut rest = Vec::new();
    (0..votes.annotators())
        .map(|a| {
            let (items, own) = grouped.of(a);
            let (mut same, mut pairs) = (0_usize, 0_usize);
            let mut without = all.clone();
            for (&item, &label) in items.iter().zip(own) {
                let (who, labels) = votes.of(item as usize);
                without.remove(labels);
                rest.clear();
                let others = who.iter().zip(labels).filter(|(w, _)| **w as usize != a);
                rest.extend(others.map(|(_, y)| *y));
                without.push(&rest);
                same += rest.iter().filter(|y| **y == label).count();
                pairs += rest.len();
            }
            AnnotatorAgreement {
                annotator: u32::try_from(a).unwrap_or(u32::MAX),
                same: (pairs > 0).then(|| same as f64 / pairs as f64),
                vitality: whole
                    .zip(without.alpha().ok())
                    .map(|(with, without)| with - without),
                votes: items.len(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn votes() -> Votes {
        // Annotators 0 and 1 agree, 2 does as it likes.
        let labels = [
            [0, 0, 1],
            [1, 1, 1],
            [2, 2, 0],
            [0, 0, 2],
            [1, 1, 0],
            [2, 2, 2],
        ];
        let (mut items, mut who, mut given) = (Vec::new(), Vec::new(), Vec::new());
        for (item, row) in (0_u32..).zip(labels) {
            for (annotator, label) in (0_u32..).zip(row) {
                items.push(item);
                who.push(annotator);
                given.push(label);
            }
        }
        Votes::from_rows(&items, &who, &given).unwrap()
    }

    #[test]
    fn pairs_labels_and_annotators() {
        let found = agreement_report(&votes(), Level::Nominal, &[]).unwrap();
        assert_eq!(found.pairs.len(), 3);
        assert_eq!(found.pairs[0].kappa.unwrap().estimate, 1.0);
        assert!(found.pairs[1].kappa.unwrap().estimate < 0.2);
        assert!(found.annotators[2].vitality.unwrap() < 0.0);
        assert!(found.annotators[0].vitality.unwrap() > 0.0);
        assert_eq!(found.per_category.len(), 3);
        assert_eq!(found.per_category[0].given, 6);
        let alpha = found.alpha;
        assert!(alpha.low.unwrap() < alpha.estimate && alpha.estimate <= alpha.high.unwrap());
        let ordinal = agreement_report(&votes(), Level::Ordinal, &[0.0, 1.0, 2.0]).unwrap();
        assert!(ordinal.alpha.low.is_none());
    }
}
