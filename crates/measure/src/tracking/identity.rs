//! Identity scores: one id of the tracker per object, over the whole sequence.

use super::assign::{Assigner, Edge};
use super::sequence::{Sequence, TrackingError, check_threshold, ratio};

/// Counts of which the identity scores are made; those of several sequences add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IdentityCounts {
    /// Boxes of the ground truth under their one id.
    pub matches: u64,
    /// Boxes of the ground truth that are not.
    pub misses: u64,
    /// Boxes of the tracker that are not.
    pub false_boxes: u64,
}

/// The identity scores; none where there is nothing to take a share of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Identity {
    /// Harmonic mean of precision and recall.
    pub idf1: Option<f64>,
    /// Share of the boxes of the tracker.
    pub idp: Option<f64>,
    /// Share of the boxes of the ground truth.
    pub idr: Option<f64>,
}

impl IdentityCounts {
    /// Adds the counts of another sequence.
    pub fn add(&mut self, other: &Self) {
        self.matches += other.matches;
        self.misses += other.misses;
        self.false_boxes += other.false_boxes;
    }

    /// The scores of these counts.
    pub fn scores(&self) -> Identity {
        let [tp, misses, wrong] = [self.matches, self.misses, self.false_boxes].map(|n| n as f64);
        Identity {
            idf1: ratio(tp, tp + 0.5 * wrong + 0.5 * misses),
            idp: ratio(tp, tp + wrong),
            idr: ratio(tp, tp + misses),
        }
    }
}

/// Counts of one sequence: ids are matched one to one so that the frames in which both have boxes of at least
/// `threshold` similarity are most.
///
/// Errors: [`TrackingError::BadThreshold`]. Cost: near linear in the pairs, plus an assignment of the ids. Source:
/// Ristani et al. 2016; `TrackEval` 1.3.0 `Identity`.
pub fn identity(
    sequence: &Sequence,
    threshold: f64,
    assigner: &mut Assigner,
) -> Result<IdentityCounts, TrackingError> {
    check_threshold(threshold)?;
    let mut frames = vec![0_u32; sequence.id_pairs.len()];
    for frame in sequence.iter() {
        for p in frame.pairs.iter().filter(|p| p.similarity >= threshold) {
            frames[p.ids as usize] += 1;
        }
    }
    let edges: Vec<Edge> = sequence
        .id_pairs
        .iter()
        .zip(&frames)
        .map(|(&(row, col), &n)| Edge {
            row,
            col,
            weight: f64::from(n),
        })
        .collect();
    let (rows, cols) = (sequence.gt.counts.len(), sequence.tracker.counts.len());
    let total: f64 = assigner
        .best(rows, cols, &edges)
        .iter()
        .map(|e| e.weight)
        .sum();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a sum of whole numbers of frames"
    )]
    let matches = total as u64;
    Ok(IdentityCounts {
        matches,
        misses: sequence.gt.ids.len() as u64 - matches,
        false_boxes: sequence.tracker.ids.len() as u64 - matches,
    })
}
