//! Which detection found which object.
//!
//! Read [`match_category`] first. Overlaps are worked out once for all thresholds and sizes; a detection's hits at all
//! thresholds are the bits of one word.

use super::dataset::{Detection, Truth};
use super::{AreaRange, Dataset, Rules};
use crate::detection::curve::order_by_score;

/// A detection hits where it overlaps an object this much, even where the threshold is 1 (cocoeval).
const MOST_OVERLAP: f64 = 1.0 - 1e-10;

/// Hits of one category, by falling score.
#[derive(Clone, Debug)]
pub struct CategoryMatches {
    /// Position of each detection's image.
    pub(super) images: Vec<u32>,
    /// Position of each detection among those of its image and category.
    pub(super) ranks: Vec<u32>,
    /// Per range of areas and detection: thresholds at which it hit something (bit 0 is the lowest).
    pub(super) hits: Vec<u16>,
    /// The same: thresholds at which it does not count.
    pub(super) ignored: Vec<u16>,
    /// Image and objects that count, per range of areas.
    pub(super) positives: Vec<Positives>,
    /// Ranges of areas.
    pub(super) areas: usize,
}

/// Objects of one image that count.
#[derive(Clone, Debug)]
pub(super) struct Positives {
    pub(super) image: u32,
    pub(super) area: usize,
    pub(super) n: u32,
}

/// Bits of all thresholds.
pub(super) fn all_bits(thresholds: usize) -> u16 {
    u16::MAX >> (16 - thresholds.clamp(1, 16))
}

/// What matching one image needs, kept from image to image.
struct Cell<'a> {
    rules: &'a Rules,
    thresholds: Vec<f64>,
    /// Bits of all thresholds.
    all: u16,
    /// Per range of areas and label: thresholds at which it is taken.
    taken: Vec<u16>,
    /// Per range of areas and label.
    is_ignored: Vec<bool>,
    /// Overlap and label, best first.
    candidates: Vec<(f64, usize)>,
}

impl Cell<'_> {
    fn start(&mut self, truths: &[Truth]) {
        let areas = &self.rules.areas;
        self.taken.clear();
        self.taken.resize(areas.len() * truths.len(), 0);
        self.is_ignored.clear();
        for range in areas {
            let [least, most] = range.area;
            let is_ignored = |t: &Truth| t.is_ignored || t.area < least || t.area > most;
            self.is_ignored.extend(truths.iter().map(is_ignored));
        }
    }

    /// Thresholds that an overlap reaches.
    fn reached(&self, overlap: f64) -> u16 {
        let n = self
            .thresholds
            .iter()
            .take_while(|&&t| overlap >= t)
            .count();
        if n == 0 { 0 } else { all_bits(n) }
    }

    /// Labels a detection reaches: more overlap first, and of equal overlap the later label, as cocoeval's loop
    /// prefers them.
    fn find(&mut self, labels: usize, overlap: impl Fn(usize) -> f64) {
        self.candidates.clear();
        let least = self.thresholds[0];
        for label in 0..labels {
            let overlap = overlap(label);
            if overlap >= least {
                self.candidates.push((overlap, label));
            }
        }
        if self.candidates.len() > 1 {
            self.candidates
                .sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
        }
    }

    /// Hits and ignored thresholds of the detection just looked for, for one range of areas.
    fn assign(&mut self, area: usize, truths: &[Truth], detection: &Unmatched) -> (u16, u16) {
        if self.candidates.is_empty() {
            let is_out = detection.is_out(&self.rules.areas[area]);
            return (0, if is_out { self.all } else { 0 });
        }
        let offset = area * truths.len();
        let (mut hit, mut ignored, mut lost) = (0, 0, 0);
        // At each threshold the first free label in this order: those that count before those that do not.
        for wants_ignored in [false, true] {
            for &(overlap, label) in &self.candidates {
                let at = offset + label;
                if self.is_ignored[at] != wants_ignored {
                    continue;
                }
                let mut free = self.reached(overlap) & !hit;
                if !truths[label].is_crowd {
                    free &= !self.taken[at];
                }
                hit |= free;
                self.taken[at] |= free;
                if wants_ignored {
                    ignored |= free;
                }
                if self.rules.zero_is_no_hit && truths[label].has_id_zero {
                    lost |= free;
                }
            }
        }
        hit &= !lost;
        if detection.is_out(&self.rules.areas[area]) {
            ignored |= self.all & !hit;
        }
        (hit, ignored)
    }
}

/// What decides whether a detection without a hit counts.
struct Unmatched {
    area: f64,
    is_exhaustive: bool,
}

impl Unmatched {
    fn is_out(&self, range: &AreaRange) -> bool {
        !self.is_exhaustive || self.area < range.area[0] || self.area > range.area[1]
    }
}

/// Ends of the stretch of equal images from `start` on.
fn end_of<T>(list: &[T], start: usize, image: u32, of: impl Fn(&T) -> u32) -> usize {
    let rest = &list[start..];
    start + rest.iter().take_while(|row| of(row) == image).count()
}

/// Finds the hits of one category, over all images, thresholds and sizes.
///
/// Per image, detections by falling score each take the label that overlaps most among those still free at the
/// threshold; labels that do not count are taken only where no other is left, and crowds again and again. Detections
/// without a hit that are outside the range of sizes do not count.
/// `category` is a position in [`Dataset::categories`]; one that is not there has nothing.
/// Cost: detections times labels of the same image. Source: `evaluateImg` of pycocotools 2.0.11.
pub fn match_category(dataset: &Dataset, category: usize, rules: &Rules) -> CategoryMatches {
    let areas = rules.areas.len();
    if category >= dataset.categories().len() {
        return gather(&[], &[], Vec::new(), areas);
    }
    let (truth_range, truths) = dataset.truths_of(category);
    let (found_range, detections) = dataset.detections_of(category);
    let mut cell = Cell {
        rules,
        thresholds: (rules.overlaps.iter())
            .map(|t| t.min(MOST_OVERLAP))
            .collect(),
        all: all_bits(rules.overlaps.len()),
        taken: Vec::new(),
        is_ignored: Vec::new(),
        candidates: Vec::new(),
    };
    // Per detection that is looked at: position, rank; and per range of areas its words.
    let mut looked_at: Vec<(u32, u32)> = Vec::with_capacity(detections.len());
    let mut words: Vec<(u16, u16)> = Vec::with_capacity(detections.len() * areas);
    let mut positives = Vec::new();
    let (mut t, mut d) = (0, 0);
    while t < truths.len() || d < detections.len() {
        let image = match (truths.get(t), detections.get(d)) {
            (Some(truth), Some(found)) => truth.image.min(found.image),
            (Some(truth), None) => truth.image,
            (None, Some(found)) => found.image,
            (None, None) => break,
        };
        let truth_end = end_of(truths, t, image, |row| row.image);
        let found_end = end_of(detections, d, image, |row| row.image);
        let labels = &truths[t..truth_end];
        cell.start(labels);
        let is_exhaustive = dataset.is_exhaustive(category, image);
        positives.extend(count(&cell.is_ignored, labels.len(), image));
        for (rank, at) in (d..found_end).take(rules.most()).enumerate() {
            let whole = found_range.start + at;
            cell.find(labels.len(), |label| {
                dataset.overlap(whole, truth_range.start + t + label)
            });
            let unmatched = Unmatched {
                area: detections[at].area,
                is_exhaustive,
            };
            #[expect(
                clippy::cast_possible_truncation,
                reason = "rows are counted in 32 bits since `Dataset::new`"
            )]
            looked_at.push((at as u32, rank as u32));
            words.extend((0..areas).map(|area| cell.assign(area, labels, &unmatched)));
        }
        (t, d) = (truth_end, found_end);
    }
    let mut out = gather(detections, &looked_at, words, areas);
    out.positives = positives;
    out
}

fn count(is_ignored: &[bool], labels: usize, image: u32) -> impl Iterator<Item = Positives> {
    is_ignored
        .chunks(labels.max(1))
        .enumerate()
        .map(move |(area, list)| Positives {
            image,
            area,
            n: list.iter().map(|&is_ignored| u32::from(!is_ignored)).sum(),
        })
}

/// Puts the words of one category into the order of falling score.
fn gather(
    detections: &[Detection],
    looked_at: &[(u32, u32)],
    words: Vec<(u16, u16)>,
    areas: usize,
) -> CategoryMatches {
    let scores = looked_at
        .iter()
        .map(|&(at, _)| detections[at as usize].score);
    let order = order_by_score(scores);
    let row = |i: &u32| looked_at[*i as usize];
    let mut out = CategoryMatches {
        images: (order.iter())
            .map(|i| detections[row(i).0 as usize].image)
            .collect(),
        ranks: order.iter().map(|i| row(i).1).collect(),
        hits: Vec::with_capacity(words.len()),
        ignored: Vec::with_capacity(words.len()),
        positives: Vec::new(),
        areas,
    };
    for area in 0..areas {
        for &i in &order {
            let (hit, ignored) = words[i as usize * areas + area];
            out.hits.push(hit);
            out.ignored.push(ignored);
        }
    }
    out
}
