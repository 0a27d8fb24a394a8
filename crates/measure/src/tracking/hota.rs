//! Higher order tracking accuracy.

use super::assign::{Assigner, Edge};
use super::sequence::Sequence;

/// Similarities at which HOTA is taken: 0.05, 0.1, …, 0.95.
pub const HOTA_ALPHAS: usize = 19;

/// One of [`HOTA_ALPHAS`] numbers per similarity.
pub type Alphas = [f64; HOTA_ALPHAS];

/// The similarities themselves.
pub fn alphas() -> Alphas {
    std::array::from_fn(|i| 0.05 + i as f64 * 0.05)
}

/// Counts of which every number of the HOTA family is made; those of several sequences add up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HotaCounts {
    /// Matches at least as similar as each alpha.
    pub matches: [u64; HOTA_ALPHAS],
    /// Boxes of the ground truth.
    pub gt: u64,
    /// Boxes of the tracker.
    pub tracker: u64,
    /// Sum over matches of the association accuracy of their ids.
    pub association: Alphas,
    /// Sum over matches of the association recall.
    pub association_recall: Alphas,
    /// Sum over matches of the association precision.
    pub association_precision: Alphas,
    /// Sum of the similarity of matches.
    pub similarity: Alphas,
}

/// The HOTA family, by alpha.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hota {
    /// Root of detection times association accuracy.
    pub hota: Alphas,
    /// Detection accuracy.
    pub deta: Alphas,
    /// Association accuracy; 0 where nothing matches.
    pub assa: Alphas,
    /// Detection recall.
    pub det_re: Alphas,
    /// Detection precision.
    pub det_pr: Alphas,
    /// Association recall.
    pub ass_re: Alphas,
    /// Association precision.
    pub ass_pr: Alphas,
    /// Mean similarity of matches; 1 where nothing matches, as in `TrackEval`.
    pub loc_a: Alphas,
    /// Open-world tracking accuracy, root of detection recall times association accuracy.
    pub owta: Alphas,
}

impl HotaCounts {
    /// Adds the counts of another sequence.
    pub fn add(&mut self, other: &Self) {
        for (a, b) in self.matches.iter_mut().zip(other.matches) {
            *a += b;
        }
        self.gt += other.gt;
        self.tracker += other.tracker;
        for (mine, others) in [
            (&mut self.association, &other.association),
            (&mut self.association_recall, &other.association_recall),
            (
                &mut self.association_precision,
                &other.association_precision,
            ),
            (&mut self.similarity, &other.similarity),
        ] {
            for (a, b) in mine.iter_mut().zip(others) {
                *a += b;
            }
        }
    }

    /// The family of these counts.
    pub fn scores(&self) -> Hota {
        let of = |f: &dyn Fn(usize, f64) -> f64| -> Alphas {
            std::array::from_fn(|a| f(a, self.matches[a] as f64))
        };
        let (gt, tracker) = (self.gt as f64, self.tracker as f64);
        let per_match = |sums: &Alphas| of(&|a, tp| sums[a] / tp.max(1.0));
        let deta = of(&|_, tp| tp / (gt + tracker - tp).max(1.0));
        let det_re = of(&|_, tp| tp / gt.max(1.0));
        let assa = per_match(&self.association);
        Hota {
            hota: of(&|a, _| (deta[a] * assa[a]).sqrt()),
            deta,
            assa,
            det_re,
            det_pr: of(&|_, tp| tp / tracker.max(1.0)),
            ass_re: per_match(&self.association_recall),
            ass_pr: per_match(&self.association_precision),
            loc_a: of(&|a, tp| self.similarity[a].max(1e-10) / tp.max(1e-10)),
            owta: of(&|a, _| (det_re[a] * assa[a]).sqrt()),
        }
    }
}

/// Mean over the alphas.
pub fn mean_over_alphas(values: &Alphas) -> f64 {
    values.iter().sum::<f64>() / HOTA_ALPHAS as f64
}

/// How well ids agree over the whole sequence, per pair of ids: the sum of their similarity over frames, relative to
/// what else they resemble there, as a share of the boxes of both (Luiten et al. 2021, section 4.2, as `TrackEval` has it).
fn alignment(sequence: &Sequence) -> Vec<f64> {
    let mut sums = vec![0.0; sequence.id_pairs.len()];
    let (mut rows, mut cols) = (Vec::new(), Vec::new());
    for frame in sequence.iter() {
        rows.clear();
        rows.resize(frame.gt.len(), 0.0);
        cols.clear();
        cols.resize(frame.tracker.len(), 0.0);
        for p in frame.pairs {
            rows[p.gt as usize] += p.similarity;
            cols[p.tracker as usize] += p.similarity;
        }
        for p in frame.pairs {
            let all = cols[p.tracker as usize] + rows[p.gt as usize] - p.similarity;
            if all > f64::EPSILON {
                sums[p.ids as usize] += p.similarity / all;
            }
        }
    }
    for (sum, &(gt, tracker)) in sums.iter_mut().zip(&sequence.id_pairs) {
        let boxes = sequence.gt.counts[gt as usize] + sequence.tracker.counts[tracker as usize];
        *sum /= f64::from(boxes) - *sum;
    }
    sums
}

/// Counts of one sequence.
///
/// Boxes of a frame are matched once, by the largest sum of alignment times similarity; a match counts at every alpha
/// that its similarity reaches. Cost: near linear in the pairs that have something in common. Source: Luiten et al.
/// 2021, equations 9 to 26; `TrackEval` 1.3.0 `HOTA`.
pub fn hota(sequence: &Sequence, assigner: &mut Assigner) -> HotaCounts {
    const LEVELS: usize = HOTA_ALPHAS + 1;
    let aligned = alignment(sequence);
    let least = alphas().map(|a| a - f64::EPSILON);
    // Per pair of ids the matches that reach exactly so many alphas.
    let mut levels = vec![0_u32; sequence.id_pairs.len() * LEVELS];
    let mut similarity = [0.0; LEVELS];
    let (mut edges, mut at) = (Vec::new(), Vec::new());
    for frame in sequence.iter() {
        edges.clear();
        edges.extend(frame.pairs.iter().map(|p| Edge {
            row: p.gt,
            col: p.tracker,
            weight: aligned[p.ids as usize] * p.similarity,
        }));
        // Pairs are ordered row by row; matches are too.
        at.clear();
        let mut from = 0;
        for m in assigner.best(frame.gt.len(), frame.tracker.len(), &edges) {
            let rest = &frame.pairs[from..];
            let found = rest
                .iter()
                .position(|p| (p.gt, p.tracker) == (m.row, m.col));
            from += found.unwrap_or(0);
            at.push(from);
        }
        for &i in &at {
            let p = &frame.pairs[i];
            let level = least.iter().filter(|a| p.similarity >= **a).count();
            levels[p.ids as usize * LEVELS + level] += 1;
            similarity[level] += p.similarity;
        }
    }
    let mut counts = HotaCounts {
        gt: sequence.gt.ids.len() as u64,
        tracker: sequence.tracker.ids.len() as u64,
        ..HotaCounts::default()
    };
    let mut sum = 0.0;
    for a in (0..HOTA_ALPHAS).rev() {
        sum += similarity[a + 1];
        counts.similarity[a] = sum;
    }
    for (&(gt, tracker), of_level) in sequence.id_pairs.iter().zip(levels.chunks_exact(LEVELS)) {
        let in_gt = f64::from(sequence.gt.counts[gt as usize]);
        let in_tracker = f64::from(sequence.tracker.counts[tracker as usize]);
        let mut reached = 0;
        for a in (0..HOTA_ALPHAS).rev() {
            reached += of_level[a + 1];
            if reached == 0 {
                continue;
            }
            let both = f64::from(reached);
            counts.matches[a] += u64::from(reached);
            counts.association[a] += both * both / (in_gt + in_tracker - both);
            counts.association_recall[a] += both * both / in_gt;
            counts.association_precision[a] += both * both / in_tracker;
        }
    }
    counts
}
