//! HOTA, CLEAR and identity scores together, over one or several sequences.

use super::assign::Assigner;
use super::clear::{ClearCounts, clear, clear_motmetrics};
use super::hota::{HotaCounts, hota, mean_over_alphas};
use super::identity::{IdentityCounts, identity};
use super::sequence::{Sequence, TrackingError};
use crate::stats::{Estimate, Resampling, bootstrap};
use serde::Serialize;

/// Counts of all three families; those of several sequences add up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrackingCounts {
    /// HOTA family.
    pub hota: HotaCounts,
    /// CLEAR MOT by the rules of `TrackEval`.
    pub clear: ClearCounts,
    /// CLEAR MOT by the rules of py-motmetrics.
    pub motmetrics: ClearCounts,
    /// Identity scores.
    pub identity: IdentityCounts,
}

impl TrackingCounts {
    /// Adds the counts of another sequence.
    pub fn add(&mut self, other: &Self) {
        self.hota.add(&other.hota);
        self.clear.add(&other.clear);
        self.motmetrics.add(&other.motmetrics);
        self.identity.add(&other.identity);
    }

    /// The counts of all sequences.
    pub fn sum<'a>(all: impl Iterator<Item = &'a Self>) -> Self {
        let mut sum = Self::default();
        for counts in all {
            sum.add(counts);
        }
        sum
    }
}

/// All counts of one sequence at a similarity of at least `threshold` (HOTA has its own thresholds).
///
/// Errors: [`TrackingError::BadThreshold`], [`TrackingError::Nothing`] where neither side has a box. Cost: near linear in
/// the pairs of boxes that have something in common.
pub fn tracking_counts(
    sequence: &Sequence,
    threshold: f64,
) -> Result<TrackingCounts, TrackingError> {
    if sequence.gt.ids.is_empty() && sequence.tracker.ids.is_empty() {
        return Err(TrackingError::Nothing);
    }
    let mut assigner = Assigner::new();
    Ok(TrackingCounts {
        hota: hota(sequence, &mut assigner),
        clear: clear(sequence, threshold, &mut assigner)?,
        motmetrics: clear_motmetrics(sequence, threshold, &mut assigner)?,
        identity: identity(sequence, threshold, &mut assigner)?,
    })
}

/// The numbers people quote, as ratios, with `TrackEval`'s definitions; none where there is nothing to take a share of.
/// `n` is the number of sequences, and intervals, on request, are over them: frames of one sequence are not independent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TrackingSummary {
    /// Multiple object tracking accuracy.
    pub mota: Option<Estimate>,
    /// Mean similarity of matches.
    pub motp: Option<Estimate>,
    /// 1 less [`TrackingSummary::motp`], as py-motmetrics gives it.
    pub motp_distance: Option<Estimate>,
    /// Identity F1.
    pub idf1: Option<Estimate>,
    /// Identity precision.
    pub idp: Option<Estimate>,
    /// Identity recall.
    pub idr: Option<Estimate>,
    /// Boxes of the ground truth matched.
    pub recall: Option<Estimate>,
    /// Boxes of the tracker matched.
    pub precision: Option<Estimate>,
    /// Switches of identity.
    pub switches: u64,
    /// Fragmentations of tracks.
    pub fragmentations: u64,
    /// HOTA, mean over its thresholds.
    pub hota: Option<Estimate>,
    /// Detection accuracy, likewise.
    pub deta: Option<Estimate>,
    /// Association accuracy, likewise.
    pub assa: Option<Estimate>,
}

/// Sums sequences up.
///
/// Errors: [`TrackingError::Nothing`] for no sequences. Cost: linear in sequences, per resample and number too.
pub fn tracking_summary(
    sequences: &[TrackingCounts],
    intervals: Option<Resampling>,
) -> Result<TrackingSummary, TrackingError> {
    if sequences.is_empty() {
        return Err(TrackingError::Nothing);
    }
    let total = TrackingCounts::sum(sequences.iter());
    let estimate = |of: &dyn Fn(&TrackingCounts) -> Option<f64>| -> Option<Estimate> {
        let value = of(&total)?;
        let interval = intervals.and_then(|how| {
            bootstrap(sequences.len(), how, |drawn| {
                of(&TrackingCounts::sum(drawn.iter().map(|i| &sequences[*i])))
            })
        });
        Some(Estimate::with(value, interval, sequences.len()))
    };
    let has_gt = total.hota.gt > 0;
    let mean = |of: fn(&super::Hota) -> &super::Alphas| {
        estimate(&|c| has_gt.then(|| mean_over_alphas(of(&c.hota.scores()))))
    };
    Ok(TrackingSummary {
        mota: estimate(&|c| c.clear.scores().mota),
        motp: estimate(&|c| c.clear.scores().motp),
        motp_distance: estimate(&|c| Some(1.0 - c.clear.scores().motp?)),
        idf1: estimate(&|c| c.identity.scores().idf1),
        idp: estimate(&|c| c.identity.scores().idp),
        idr: estimate(&|c| c.identity.scores().idr),
        recall: estimate(&|c| c.clear.scores().recall),
        precision: estimate(&|c| c.clear.scores().precision),
        switches: total.clear.switches,
        fragmentations: total.clear.fragmentations,
        hota: mean(|h| &h.hota),
        deta: mean(|h| &h.deta),
        assa: mean(|h| &h.assa),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(frames: &[(&[i64], &[i64], &[f64])]) -> Sequence {
        let mut out = Sequence::new();
        for (gt, tracker, similarity) in frames {
            out.push(gt, tracker, similarity).unwrap();
        }
        out
    }

    #[test]
    fn a_perfect_tracker_scores_one_and_an_empty_one_zero() {
        let same: &[f64] = &[1.0, 0.0, 0.0, 1.0];
        let perfect = sequence(&[(&[0, 1], &[7, 0], same), (&[0, 1], &[7, 0], same)]);
        let counts = tracking_counts(&perfect, 0.5).unwrap();
        let summary = tracking_summary(&[counts], None).unwrap();
        for value in [
            summary.mota,
            summary.idf1,
            summary.hota,
            summary.assa,
            summary.motp,
        ] {
            assert!((value.unwrap().estimate - 1.0).abs() < 1e-15);
        }
        let none = sequence(&[(&[0, 1], &[], &[]), (&[0, 1], &[], &[])]);
        let summary = tracking_summary(&[tracking_counts(&none, 0.5).unwrap()], None).unwrap();
        assert_eq!(summary.mota.map(|e| e.estimate), Some(0.0));
        assert_eq!(summary.hota.map(|e| e.estimate), Some(0.0));
        assert_eq!(
            (summary.motp, summary.precision, summary.idp),
            (None, None, None)
        );
        let only_tracker = sequence(&[(&[], &[3], &[])]);
        let counts = tracking_counts(&only_tracker, 0.5).unwrap();
        let summary = tracking_summary(&[counts], None).unwrap();
        assert_eq!((summary.mota, summary.hota), (None, None));
    }

    #[test]
    fn a_switch_costs_identity_and_association_but_no_detection() {
        let one: &[f64] = &[0.9];
        let switched = sequence(&[
            (&[5], &[1], one),
            (&[5], &[1], one),
            (&[5], &[2], one),
            (&[5], &[2], one),
        ]);
        let counts = tracking_counts(&switched, 0.5).unwrap();
        assert_eq!((counts.clear.switches, counts.motmetrics.switches), (1, 1));
        let summary = tracking_summary(&[counts], None).unwrap();
        let value = |e: Option<Estimate>| e.unwrap().estimate;
        assert!((value(summary.mota) - 0.75).abs() < 1e-15);
        assert!((value(summary.idf1) - 0.5).abs() < 1e-15);
        // Half of the boxes of the object under each id, at the 18 thresholds up to 0.9.
        assert!((value(summary.assa) - 0.5 * 18.0 / 19.0).abs() < 1e-12);
    }

    #[test]
    fn sequences_are_the_unit_of_intervals() {
        let good = sequence(&[(&[1], &[1], &[0.9]), (&[1], &[1], &[0.8])]);
        let bad = sequence(&[(&[1], &[1], &[0.9]), (&[1], &[2], &[0.3])]);
        let counts: Vec<TrackingCounts> = [&good, &bad, &good, &bad]
            .into_iter()
            .map(|s| tracking_counts(s, 0.5).unwrap())
            .collect();
        let summary = tracking_summary(&counts, Some(Resampling::default())).unwrap();
        let mota = summary.mota.unwrap();
        assert_eq!(mota.n, 4);
        assert!(mota.low.unwrap() < mota.estimate && mota.estimate < mota.high.unwrap());
        let alone = tracking_summary(&counts[..1], Some(Resampling::default())).unwrap();
        assert_eq!(alone.mota.unwrap().low, None);
    }

    #[test]
    fn bad_frames_are_refused() {
        let mut s = Sequence::new();
        assert!(matches!(
            s.push(&[1, 1], &[], &[]),
            Err(TrackingError::Repeated {
                id: 1,
                frame: 0,
                ..
            })
        ));
        let mut s = Sequence::new();
        assert!(matches!(
            s.push(&[1], &[1], &[]),
            Err(TrackingError::Size { .. })
        ));
        assert!(matches!(
            s.push(&[1], &[1], &[f64::NAN]),
            Err(TrackingError::BadSimilarity { .. })
        ));
        let thin = [0.0, 0.0, -1.0, 2.0];
        assert!(matches!(
            s.push_boxes(&[(0, thin)], &[]),
            Err(TrackingError::BadBox { id: 0, .. })
        ));
        assert_eq!(
            tracking_counts(&Sequence::new(), 0.5),
            Err(TrackingError::Nothing)
        );
        let fine = sequence(&[(&[1], &[1], &[0.9])]);
        assert!(tracking_counts(&fine, 0.0).is_err());
    }
}
