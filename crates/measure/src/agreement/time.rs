//! Agreement in time: stretches with a label, and moments where something begins.
//!
//! Read [`segment_agreement`] and [`boundary_agreement`] first. Stretches that belong together across several annotators
//! are [`super::object_agreement`] of spans.

use super::AgreementError;
use crate::stats::{Spread, median_abs_deviation};
use crate::text::levenshtein;
use crate::tracking::{Assigner, Edge};
use serde::{Deserialize, Serialize};

/// A stretch of frames with one label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Code of the label.
    pub label: u32,
    /// First frame.
    pub start: usize,
    /// Frame after the last.
    pub end: usize,
}

/// Stretches of equal labels, without those that are background.
pub fn segments(labels: &[u32], is_background: impl Fn(u32) -> bool) -> Vec<Segment> {
    let mut at = 0;
    let mut out = Vec::new();
    for run in labels.chunk_by(|a, b| a == b) {
        if !is_background(run[0]) {
            out.push(Segment {
                label: run[0],
                start: at,
                end: at + run.len(),
            });
        }
        at += run.len();
    }
    out
}

/// How two lists of stretches agree.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentAgreement {
    /// `100 (1 - Levenshtein / longer)` over the labels in their order; 100 for two empty lists.
    pub edit: f64,
    /// For each overlap asked for: hits, false alarms, misses.
    pub counts: Vec<[usize; 3]>,
    /// The same with hits counted by optimal assignment, where one stretch cannot keep another from its due.
    pub optimal: Vec<[usize; 3]>,
}

impl SegmentAgreement {
    /// F1 of hits, false alarms and misses; none where both lists are empty.
    pub fn f1([hits, alarms, misses]: [usize; 3]) -> Option<f64> {
        let all = 2 * hits + alarms + misses;
        (all > 0).then(|| 2.0 * hits as f64 / all as f64)
    }
}

/// Edit score and F1 counts of stretches found against reference ones.
///
/// A found stretch takes the reference stretch of its label with the largest overlap (intersection over hull, first of
/// equals); it is a hit where that is at least the overlap asked for and not yet taken. So one whose best is taken is a
/// false alarm even where a second would do, as in ms-tcn; `optimal` counts as many hits as there can be.
/// Errors: an overlap outside 0 to 1. Cost: product of the lengths. Source: Lea et al. 2017; ms-tcn `eval.py`.
pub fn segment_agreement(
    found: &[Segment],
    reference: &[Segment],
    overlaps: &[f64],
) -> Result<SegmentAgreement, AgreementError> {
    if let Some(&value) = overlaps.iter().find(|x| !(0.0..=1.0).contains(*x)) {
        return Err(AgreementError::BadOption {
            name: "overlap",
            value,
            expected: "0 to 1",
        });
    }
    let labels = |list: &[Segment]| list.iter().map(|s| s.label).collect::<Vec<_>>();
    let distance = levenshtein(&labels(found), &labels(reference));
    let longer = found.len().max(reference.len());
    let edit = if longer > 0 {
        100.0 * (1.0 - distance as f64 / longer as f64)
    } else {
        100.0
    };
    let tally = |hits: usize| [hits, found.len() - hits, reference.len() - hits];
    let mut taken = vec![false; reference.len()];
    let mut counts = Vec::with_capacity(overlaps.len());
    let mut optimal = Vec::with_capacity(overlaps.len());
    let mut assigner = Assigner::new();
    for &least in overlaps {
        taken.fill(false);
        let mut hits = 0;
        let mut edges = Vec::new();
        for (row, a) in (0_u32..).zip(found) {
            let (mut best, mut at) = (-1.0, None);
            for ((col, b), place) in (0_u32..).zip(reference).zip(0..) {
                let overlap = overlap(a, b);
                if overlap > best {
                    (best, at) = (overlap, Some(place));
                }
                if overlap >= least && a.label == b.label {
                    edges.push(Edge {
                        row,
                        col,
                        weight: 1.0,
                    });
                }
            }
            if let Some(at) = at.filter(|at: &usize| best >= least && !taken[*at])
                && reference[at].label == a.label
            {
                taken[at] = true;
                hits += 1;
            }
        }
        counts.push(tally(hits));
        optimal.push(tally(
            assigner.best(found.len(), reference.len(), &edges).len(),
        ));
    }
    Ok(SegmentAgreement {
        edit,
        counts,
        optimal,
    })
}

/// Intersection over hull for equal labels, else 0.
fn overlap(a: &Segment, b: &Segment) -> f64 {
    let both = a.end.min(b.end) as f64 - a.start.max(b.start) as f64;
    let hull = a.end.max(b.end) as f64 - a.start.min(b.start) as f64;
    if a.label == b.label { both / hull } else { 0.0 }
}

/// How moments are matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoundaryRule {
    /// As many pairs within the tolerance as there can be.
    #[default]
    Optimal,
    /// Each reference moment in turn takes the nearest found one that is left, as GEBD's evaluation does.
    Gebd,
}

/// How two lists of moments agree.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundaryAgreement {
    /// Pairs within the tolerance.
    pub hits: usize,
    /// Hits over found moments; none without any.
    pub precision: Option<f64>,
    /// Hits over reference moments; none without any.
    pub recall: Option<f64>,
    /// Harmonic mean; none where both lists are empty.
    pub f1: Option<f64>,
    /// Found minus reference moment of each pair, seconds.
    pub offsets_secs: Vec<f64>,
    /// Median and median absolute deviation of the offsets: a median far from 0 is a habit of one side.
    pub spread: Option<Spread>,
}

/// Precision and recall of moments within a tolerance.
///
/// Lists need not be sorted for [`BoundaryRule::Gebd`], whose outcome depends on their order; the optimal rule sorts them:
/// going through both in order and pairing whenever it can be done is as good as any assignment, since all tolerances
/// are equal. Errors: values that are not finite, a negative tolerance. Cost: a sort; product of lengths for GEBD.
/// Source: Shou et al. 2021 (GEBD), `eval.py` of its challenge.
pub fn boundary_agreement(
    found_secs: &[f64],
    reference_secs: &[f64],
    tolerance_secs: f64,
    rule: BoundaryRule,
) -> Result<BoundaryAgreement, AgreementError> {
    if !(tolerance_secs >= 0.0 && tolerance_secs.is_finite()) {
        let (name, value) = ("tolerance_secs", tolerance_secs);
        return Err(AgreementError::BadOption {
            name,
            value,
            expected: "at least 0",
        });
    }
    if let Some(&value) = found_secs
        .iter()
        .chain(reference_secs)
        .find(|x| !x.is_finite())
    {
        return Err(AgreementError::BadValue {
            value,
            expected: "moments must be finite",
        });
    }
    let mut offsets_secs = match rule {
        BoundaryRule::Gebd => gebd(found_secs, reference_secs, tolerance_secs),
        BoundaryRule::Optimal => in_order(found_secs, reference_secs, tolerance_secs),
    };
    let hits = offsets_secs.len();
    let share = |n: usize| (n > 0).then(|| hits as f64 / n as f64);
    let all = found_secs.len() + reference_secs.len();
    let spread = median_abs_deviation(&mut offsets_secs.clone()).ok();
    offsets_secs.sort_by(f64::total_cmp);
    Ok(BoundaryAgreement {
        hits,
        precision: share(found_secs.len()),
        recall: share(reference_secs.len()),
        f1: (all > 0).then(|| 2.0 * hits as f64 / all as f64),
        offsets_secs,
        spread,
    })
}

fn gebd(found: &[f64], reference: &[f64], tolerance: f64) -> Vec<f64> {
    let mut left: Vec<f64> = found.to_vec();
    let mut out = Vec::new();
    for moment in reference {
        let distance = |x: &f64| (x - moment).abs();
        let nearest =
            (0..left.len()).min_by(|&i, &j| distance(&left[i]).total_cmp(&distance(&left[j])));
        if let Some(i) = nearest.filter(|&i| distance(&left[i]) <= tolerance) {
            out.push(left.remove(i) - moment);
        }
    }
    out
}

fn in_order(found: &[f64], reference: &[f64], tolerance: f64) -> Vec<f64> {
    let sorted = |list: &[f64]| {
        let mut list = list.to_vec();
        list.sort_by(f64::total_cmp);
        list
    };
    let (a, b) = (sorted(found), sorted(reference));
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    while i < a.len() && j < b.len() {
        // The same rounding as the test of the distance, whichever list is ahead.
        let d = a[i] - b[j];
        if d.abs() <= tolerance {
            out.push(d);
            i += 1;
            j += 1;
        } else if d < 0.0 {
            i += 1;
        } else {
            j += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_same_segments_agree_fully() {
        let list = segments(&[0, 1, 1, 2, 0, 1], |label| label == 0);
        assert_eq!(list.len(), 3);
        let found = segment_agreement(&list, &list, &[0.5]).unwrap();
        assert_eq!((found.edit, found.counts[0]), (100.0, [3, 0, 0]));
        let none = segment_agreement(&[], &list, &[0.5]).unwrap();
        assert_eq!((none.edit, none.counts[0]), (0.0, [0, 0, 3]));
        assert_eq!(SegmentAgreement::f1([0, 0, 0]), None);
    }

    proptest! {
        #[test]
        fn pairing_in_order_is_optimal(a in prop::collection::vec(0_u8..60, 0..9), b in prop::collection::vec(0_u8..60, 0..9), tolerance in 0_u8..9) {
            let secs = |list: &[u8]| list.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
            let (a, b) = (secs(&a), secs(&b));
            let mut edges = Vec::new();
            for (row, x) in (0_u32..).zip(&a) {
                for (col, y) in (0_u32..).zip(&b) {
                    if (x - y).abs() <= f64::from(tolerance) {
                        edges.push(Edge { row, col, weight: 1.0 });
                    }
                }
            }
            let mut assigner = Assigner::new();
            let best = assigner.best(a.len(), b.len(), &edges).len();
            let of = |rule| boundary_agreement(&a, &b, f64::from(tolerance), rule).unwrap().hits;
            prop_assert_eq!(of(BoundaryRule::Optimal), best);
            prop_assert!(of(BoundaryRule::Gebd) <= best);
        }
    }
}
