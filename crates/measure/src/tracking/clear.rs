//! CLEAR MOT: misses, false boxes and switches of identity.

use super::assign::{Assigner, Edge};
use super::sequence::{Pair, Sequence, TrackingError, check_threshold, ratio};

/// No id.
const NONE: u32 = u32::MAX;

/// What a match that goes on is worth beside its similarity, so that it wins over any other.
const CONTINUES: f64 = 1000.0;

/// Counts of which the CLEAR scores are made; those of several sequences add up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClearCounts {
    /// Boxes matched.
    pub matches: u64,
    /// Boxes of the ground truth without a match.
    pub misses: u64,
    /// Boxes of the tracker without a match.
    pub false_boxes: u64,
    /// Matches to another id than the last one before.
    pub switches: u64,
    /// Times a track goes on after it was lost.
    pub fragmentations: u64,
    /// Objects tracked for most of their boxes.
    pub mostly_tracked: u64,
    /// Objects tracked for some.
    pub partly_tracked: u64,
    /// Objects tracked for less than a fifth.
    pub mostly_lost: u64,
    /// Frames.
    pub frames: u64,
    /// Sum of the similarity of matches.
    pub similarity: f64,
}

/// The CLEAR scores; none where there is nothing to take a share of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clear {
    /// `1 - (misses + false boxes + switches) / boxes of the ground truth`; may be negative.
    pub mota: Option<f64>,
    /// Mean similarity of matches.
    pub motp: Option<f64>,
    /// [`Clear::mota`] without switches.
    pub moda: Option<f64>,
    /// Boxes matched of the ground truth.
    pub recall: Option<f64>,
    /// Boxes matched of the tracker.
    pub precision: Option<f64>,
    /// Harmonic mean of both.
    pub f1: Option<f64>,
    /// [`Clear::mota`] with matches weighted by similarity.
    pub smota: Option<f64>,
    /// [`Clear::mota`] with the logarithm of the switches.
    pub motal: Option<f64>,
    /// False boxes per frame.
    pub false_per_frame: Option<f64>,
    /// Share of objects mostly tracked, partly tracked and mostly lost.
    pub tracked: [Option<f64>; 3],
}

impl ClearCounts {
    /// Adds the counts of another sequence.
    pub fn add(&mut self, other: &Self) {
        self.matches += other.matches;
        self.misses += other.misses;
        self.false_boxes += other.false_boxes;
        self.switches += other.switches;
        self.fragmentations += other.fragmentations;
        self.mostly_tracked += other.mostly_tracked;
        self.partly_tracked += other.partly_tracked;
        self.mostly_lost += other.mostly_lost;
        self.frames += other.frames;
        self.similarity += other.similarity;
    }

    /// The scores of these counts.
    pub fn scores(&self) -> Clear {
        let [tp, misses, wrong, switches] =
            [self.matches, self.misses, self.false_boxes, self.switches].map(|n| n as f64);
        let gt = tp + misses;
        let log_switches = if switches > 0.0 {
            switches.log10()
        } else {
            0.0
        };
        let kinds = [self.mostly_tracked, self.partly_tracked, self.mostly_lost];
        let objects: u64 = kinds.iter().sum();
        Clear {
            mota: ratio(tp - wrong - switches, gt),
            motp: ratio(self.similarity, tp),
            moda: ratio(tp - wrong, gt),
            recall: ratio(tp, gt),
            precision: ratio(tp, tp + wrong),
            f1: ratio(tp, tp + 0.5 * misses + 0.5 * wrong),
            smota: ratio(self.similarity - wrong - switches, gt),
            motal: ratio(tp - wrong - log_switches, gt),
            false_per_frame: ratio(wrong, self.frames as f64),
            tracked: kinds.map(|n| ratio(n as f64, objects as f64)),
        }
    }

    fn add_objects(&mut self, counts: &[u32], matched: &[u32], is_most: fn(f64) -> bool) {
        for (all, own) in counts.iter().zip(matched) {
            let share = f64::from(*own) / f64::from(*all);
            if is_most(share) {
                self.mostly_tracked += 1;
            } else if share >= 0.2 {
                self.partly_tracked += 1;
            } else {
                self.mostly_lost += 1;
            }
        }
    }
}

/// Counts of one sequence at a similarity of at least `threshold`.
///
/// In each frame the largest sum of similarity is matched, where a match of the frame before that goes on beats all
/// others. A switch is a match to another id than the last one ever; a fragmentation a match after frames without one;
/// mostly tracked is above 80 %. Frames in which one side has no boxes neither end a track nor a match, as in
/// `TrackEval`. Errors: [`TrackingError::BadThreshold`]. Cost: near linear in the pairs that have something in common.
/// Source: Bernardin and Stiefelhagen 2008; `TrackEval` 1.3.0 `CLEAR`.
pub fn clear(
    sequence: &Sequence,
    threshold: f64,
    assigner: &mut Assigner,
) -> Result<ClearCounts, TrackingError> {
    check_threshold(threshold)?;
    let objects = sequence.gt.counts.len();
    let mut counts = ClearCounts {
        frames: sequence.frames() as u64,
        ..ClearCounts::default()
    };
    let mut matched = vec![0_u32; objects];
    let mut begun = vec![0_u32; objects];
    let mut last = vec![NONE; objects];
    // The match in the frame before, by object; `now` becomes `before`.
    let (mut before, mut now) = (vec![NONE; objects], vec![NONE; objects]);
    let mut edges = Vec::new();
    for frame in sequence.iter() {
        if frame.gt.is_empty() || frame.tracker.is_empty() {
            counts.misses += frame.gt.len() as u64;
            counts.false_boxes += frame.tracker.len() as u64;
            continue;
        }
        edges.clear();
        let similar = frame
            .pairs
            .iter()
            .filter(|p| p.similarity >= threshold - f64::EPSILON);
        edges.extend(similar.map(|p| {
            let object = frame.gt[p.gt as usize] as usize;
            let goes_on = before[object] == frame.tracker[p.tracker as usize];
            Edge {
                row: p.gt,
                col: p.tracker,
                weight: p.similarity + if goes_on { CONTINUES } else { 0.0 },
            }
        }));
        now.fill(NONE);
        let found = assigner.best(frame.gt.len(), frame.tracker.len(), &edges);
        for m in found {
            let object = frame.gt[m.row as usize] as usize;
            let id = frame.tracker[m.col as usize];
            counts.switches += u64::from(last[object] != NONE && last[object] != id);
            begun[object] += u32::from(before[object] == NONE);
            matched[object] += 1;
            last[object] = id;
            now[object] = id;
        }
        counts.similarity += sum_of(found, frame.pairs);
        let n = found.len() as u64;
        counts.matches += n;
        counts.misses += frame.gt.len() as u64 - n;
        counts.false_boxes += frame.tracker.len() as u64 - n;
        std::mem::swap(&mut before, &mut now);
    }
    counts.fragmentations = begun.iter().map(|n| u64::from(n.saturating_sub(1))).sum();
    counts.add_objects(&sequence.gt.counts, &matched, |share| share > 0.8);
    Ok(counts)
}

/// Similarity of the matches; both lists are ordered by row.
fn sum_of(matches: &[Edge], pairs: &[Pair]) -> f64 {
    let mut from = 0;
    let mut sum = 0.0;
    for m in matches {
        let rest = pairs.get(from..).unwrap_or_default();
        let found = rest
            .iter()
            .position(|p| (p.gt, p.tracker) == (m.row, m.col));
        from += found.unwrap_or(0);
        sum += pairs.get(from).map_or(0.0, |p| p.similarity);
    }
    sum
}

/// [`clear`] by the rules of py-motmetrics 1.4.0, kept for comparison with numbers made by it.
///
/// There a match goes on as long as it is similar enough, also after frames without it, before anything else is matched;
/// the rest is matched in the largest number and then the largest similarity. Mostly tracked is at least 80 %, and a
/// fragmentation is every time an object is lost between its first and last match. Its MOTP is a distance: 1 less ours.
/// Errors and cost as [`clear`].
pub fn clear_motmetrics(
    sequence: &Sequence,
    threshold: f64,
    assigner: &mut Assigner,
) -> Result<ClearCounts, TrackingError> {
    check_threshold(threshold)?;
    let objects = sequence.gt.counts.len();
    let mut counts = ClearCounts {
        frames: sequence.frames() as u64,
        ..ClearCounts::default()
    };
    let mut matched = vec![0_u32; objects];
    let mut last = vec![NONE; objects];
    let mut is_lost = vec![false; objects];
    let (mut edges, mut taken) = (Vec::new(), Vec::new());
    for frame in sequence.iter() {
        let (rows, cols) = (frame.gt.len(), frame.tracker.len());
        taken.clear();
        taken.resize(rows + cols, false);
        let mut similarity = 0.0;
        let is_near = |p: &&Pair| 1.0 - p.similarity <= 1.0 - threshold;
        for p in frame.pairs.iter().filter(is_near) {
            let (i, j) = (p.gt as usize, rows + p.tracker as usize);
            let goes_on = last[frame.gt[i] as usize] == frame.tracker[p.tracker as usize];
            if goes_on && !taken[i] && !taken[j] {
                (taken[i], taken[j]) = (true, true);
                similarity += p.similarity;
            }
        }
        // More matches beat any similarity.
        let most = (rows + cols) as f64;
        edges.clear();
        let free = frame
            .pairs
            .iter()
            .filter(is_near)
            .filter(|p| !taken[p.gt as usize] && !taken[rows + p.tracker as usize]);
        edges.extend(free.map(|p| Edge {
            row: p.gt,
            col: p.tracker,
            weight: most + p.similarity,
        }));
        for m in assigner.best(rows, cols, &edges) {
            let object = frame.gt[m.row as usize] as usize;
            let id = frame.tracker[m.col as usize];
            counts.switches += u64::from(last[object] != NONE && last[object] != id);
            last[object] = id;
            taken[m.row as usize] = true;
            similarity += m.weight - most;
        }
        let mut n = 0;
        for (i, &object) in frame.gt.iter().enumerate() {
            let object = object as usize;
            if taken[i] {
                n += 1;
                counts.fragmentations += u64::from(is_lost[object]);
                matched[object] += 1;
                is_lost[object] = false;
            } else {
                is_lost[object] = matched[object] > 0;
            }
        }
        counts.similarity += similarity;
        counts.matches += n;
        counts.misses += rows as u64 - n;
        counts.false_boxes += cols as u64 - n;
    }
    counts.add_objects(&sequence.gt.counts, &matched, |share| share >= 0.8);
    Ok(counts)
}
