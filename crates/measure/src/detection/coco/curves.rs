//! Precision and recall of one category.
//!
//! Read [`CategoryMatches::curves`] first.

use super::matching::all_bits;
use super::{CategoryMatches, MOST_THRESHOLDS, Rules};
use crate::detection::curve::envelope;

/// Precision and recall of one category, per range of areas.
#[derive(Clone, Debug, PartialEq)]
pub struct CategoryCurves {
    /// By range of areas; none where nothing of that size counts.
    pub areas: Vec<Option<AreaCurves>>,
}

/// Precision and recall within one range of areas.
#[derive(Clone, Debug, PartialEq)]
pub struct AreaCurves {
    /// Objects that count.
    pub positives: u64,
    /// Per threshold and recall: the best precision from that recall on, at the last limit of detections; 0 where the
    /// recall is not reached.
    pub precision: Vec<f64>,
    /// Per limit of detections and threshold: the recall reached.
    pub recall: Vec<f64>,
}

/// Hits as they come, per threshold.
struct Counts {
    hits: [u64; MOST_THRESHOLDS],
    /// Misses beyond those common to all thresholds.
    misses: [u64; MOST_THRESHOLDS],
    common_misses: u64,
    /// Hits so far and precision at each hit.
    points: Vec<Vec<(u64, f64)>>,
    /// Per limit and threshold.
    limited: Vec<[u64; MOST_THRESHOLDS]>,
}

/// The thresholds of a word.
fn bits(mut word: u16) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = word.trailing_zeros() as usize;
        word &= word.wrapping_sub(1);
        (bit < MOST_THRESHOLDS).then_some(bit)
    })
}

impl Counts {
    fn new(thresholds: usize, limits: usize) -> Self {
        Self {
            hits: [0; MOST_THRESHOLDS],
            misses: [0; MOST_THRESHOLDS],
            common_misses: 0,
            points: vec![Vec::new(); thresholds],
            limited: vec![[0; MOST_THRESHOLDS]; limits],
        }
    }

    fn miss(&mut self, word: u16, all: u16, weight: u64) {
        if word == all {
            self.common_misses += weight;
            return;
        }
        for t in bits(word) {
            self.misses[t] += weight;
        }
    }

    fn hit(&mut self, word: u16, weight: u64, first_limit: usize) {
        for t in bits(word) {
            self.hits[t] += weight;
            let hits = self.hits[t];
            let seen = hits + self.misses[t] + self.common_misses;
            // cocoeval adds the spacing of 1 to the denominator.
            let precision = hits as f64 / (seen as f64 + f64::EPSILON);
            self.points[t].push((hits, precision));
            for limited in &mut self.limited[first_limit..] {
                limited[t] += weight;
            }
        }
    }
}

/// Precision read at each recall: the envelope at the first hit that reaches it.
fn read(points: &[(u64, f64)], positives: f64, recalls: &[f64], out: &mut Vec<f64>) {
    let mut best: Vec<f64> = points.iter().map(|&(_, precision)| precision).collect();
    envelope(&mut best);
    let mut at = 0;
    for &recall in recalls {
        while points
            .get(at)
            .is_some_and(|&(hits, _)| (hits as f64 / positives) < recall)
        {
            at += 1;
        }
        out.push(best.get(at).copied().unwrap_or(0.0));
    }
}

impl CategoryMatches {
    /// Precision and recall; `weights` says how often each image counts (by position in `Dataset::images`; absent
    /// images count never), once each where there are none.
    ///
    /// Detections of equal score follow each other in the order of images. Cost: one pass over the detections per range
    /// of areas, whatever the number of thresholds where most detections miss all of them.
    /// Source: `accumulate` of pycocotools 2.0.11.
    pub fn curves(&self, rules: &Rules, weights: Option<&[u32]>) -> CategoryCurves {
        let weight = |image: u32| match weights {
            None => 1,
            Some(list) => u64::from(list.get(image as usize).copied().unwrap_or(0)),
        };
        let mut positives = vec![0_u64; self.areas];
        for row in &self.positives {
            positives[row.area] += u64::from(row.n) * weight(row.image);
        }
        let areas = positives.iter().enumerate().map(|(area, &positives)| {
            (positives > 0).then(|| self.area_curves(area, positives, rules, &weight))
        });
        CategoryCurves {
            areas: areas.collect(),
        }
    }

    fn area_curves(
        &self,
        area: usize,
        positives: u64,
        rules: &Rules,
        weight: &impl Fn(u32) -> u64,
    ) -> AreaCurves {
        let n = self.images.len();
        let all = all_bits(rules.overlaps.len());
        let mut counts = Counts::new(rules.overlaps.len(), rules.limits.len());
        let words = self.hits[area * n..][..n]
            .iter()
            .zip(&self.ignored[area * n..][..n]);
        for ((&hit, &ignored), (&image, &rank)) in words.zip(self.images.iter().zip(&self.ranks)) {
            let weight = weight(image);
            if weight == 0 || (hit == 0 && ignored == all) {
                continue;
            }
            // Misses of this detection do not change its own precision: a hit elsewhere is another threshold.
            counts.miss(all & !hit & !ignored, all, weight);
            if hit & !ignored != 0 {
                let first = rules
                    .limits
                    .partition_point(|&limit| limit <= rank as usize);
                counts.hit(hit & !ignored, weight, first);
            }
        }
        let total = positives as f64;
        let mut precision = Vec::with_capacity(rules.overlaps.len() * rules.recalls.len());
        for points in &counts.points {
            read(points, total, &rules.recalls, &mut precision);
        }
        let recall = (counts.limited.iter())
            .flat_map(|limited| limited[..rules.overlaps.len()].iter())
            .map(|&hits| hits as f64 / total)
            .collect();
        AreaCurves {
            positives,
            precision,
            recall,
        }
    }
}
