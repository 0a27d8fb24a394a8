//! Pascal VOC's average precision.
//!
//! Read [`Label`], [`Found`] and [`evaluate`] first.
//!
//! Not here: reading XML.

use super::curve::{envelope, mean, order_by_score};
use super::resample::bootstrap_weights;
use crate::boxes::{BoxError, Rect};
use crate::stats::{Interval, Resampling};

/// A labeled object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Label {
    /// Position of its image.
    pub image: u32,
    /// Position of its category.
    pub category: u32,
    /// Its box.
    pub bounds: Rect,
    /// Whether it is hard to tell, so that it is neither found nor missed.
    pub is_difficult: bool,
}

/// A detection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Position of its image.
    pub image: u32,
    /// Position of its category.
    pub category: u32,
    /// Its box.
    pub bounds: Rect,
    /// How sure the detector is.
    pub score: f64,
}

/// What counts as a hit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// Least overlap of a hit, itself included.
    pub overlap: f64,
    /// Whether corners are pixels, so that a box is one pixel larger than the difference of its corners, as in the
    /// devkit.
    pub corners_are_pixels: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            overlap: 0.5,
            corners_are_pixels: true,
        }
    }
}

/// Why a data set cannot be scored.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum VocError {
    /// A box or score that is none.
    #[error("{list} row `{row}`: {why}")]
    Row {
        /// Which list.
        list: &'static str,
        /// The row.
        row: usize,
        /// What is wrong.
        why: BoxError,
    },
    /// A threshold that is none.
    #[error("the overlap `{overlap}` is no threshold; hint: above 0, at most 1")]
    Overlap {
        /// The value seen.
        overlap: f64,
    },
    /// No label counts.
    #[error("no label counts, so no score is defined; hint: all are difficult, or there is none")]
    Nothing,
}

/// What became of a detection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Hit,
    Miss,
    Neutral,
}

/// Matches of one category, by falling score.
#[derive(Clone, Debug, Default)]
struct CategoryMatches {
    fates: Vec<(u32, Fate)>,
    /// Image of each label that counts.
    labels: Vec<u32>,
}

/// Precision of one category.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CategoryScores {
    /// Labels that count.
    pub labels: u64,
    /// Mean of the best precision from each of the recalls 0, 0.1 to 1 on (VOC until 2009).
    pub at_11_points: f64,
    /// Area below the best precision from each recall on (VOC from 2010).
    pub at_all_points: f64,
}

/// All categories, matched.
#[derive(Clone, Debug)]
pub struct Evaluation {
    categories: Vec<CategoryMatches>,
    images: usize,
}

fn enlarged(bounds: Rect, rules: Rules) -> Rect {
    let more = if rules.corners_are_pixels { 1.0 } else { 0.0 };
    Rect {
        width: bounds.width + more,
        height: bounds.height + more,
        ..bounds
    }
}

fn match_category(labels: &[&Label], found: &[&Found], rules: Rules) -> CategoryMatches {
    let mut labels = labels.to_vec();
    labels.sort_by_key(|l| l.image);
    let mut taken = vec![false; labels.len()];
    let order = order_by_score(found.iter().map(|d| d.score));
    let mut out = CategoryMatches::default();
    for i in order {
        let detection = found[i as usize];
        let bounds = enlarged(detection.bounds, rules);
        let start = labels.partition_point(|l| l.image < detection.image);
        let of_image = labels[start..]
            .iter()
            .take_while(|l| l.image == detection.image);
        let mut best: Option<(f64, usize)> = None;
        for (offset, label) in of_image.enumerate() {
            let overlap = bounds.iou(&enlarged(label.bounds, rules));
            if best.is_none_or(|(most, _)| overlap > most) {
                best = Some((overlap, start + offset));
            }
        }
        // The label that overlaps most decides, even if it is taken.
        let fate = match best.filter(|&(overlap, _)| overlap >= rules.overlap) {
            None => Fate::Miss,
            Some((_, at)) if labels[at].is_difficult => Fate::Neutral,
            Some((_, at)) if taken[at] => Fate::Miss,
            Some((_, at)) => {
                taken[at] = true;
                Fate::Hit
            }
        };
        out.fates.push((detection.image, fate));
    }
    let counting = labels.iter().filter(|l| !l.is_difficult);
    out.labels = counting.map(|l| l.image).collect();
    out
}

/// Matches detections with labels.
///
/// Per category, detections by falling score look at the label of their image that overlaps most (the first of equal
/// ones): a hit if it reaches the threshold and is free, nothing if it is difficult, else a miss.
/// Errors: boxes and scores that are not finite, negative sizes; each names the row. Cost: detections times labels of
/// the same image and category. Source: `VOCevaldet.m` of the VOC devkit 2012.
pub fn evaluate(labels: &[Label], found: &[Found], rules: Rules) -> Result<Evaluation, VocError> {
    if !(rules.overlap > 0.0 && rules.overlap <= 1.0) {
        return Err(VocError::Overlap {
            overlap: rules.overlap,
        });
    }
    let row = |list, row| move |why| VocError::Row { list, row, why };
    for (i, label) in labels.iter().enumerate() {
        label.bounds.checked().map_err(row("labels", i))?;
    }
    for (i, detection) in found.iter().enumerate() {
        detection.bounds.checked().map_err(row("detections", i))?;
        crate::boxes::finite("score", detection.score).map_err(row("detections", i))?;
    }
    let ids = labels.iter().map(|l| (l.category, l.image));
    let ids = ids.chain(found.iter().map(|d| (d.category, d.image)));
    let (categories, images) = ids.fold((0, 0), |(c, i), (category, image)| {
        (c.max(category as usize + 1), i.max(image as usize + 1))
    });
    let mut by_category: Vec<(Vec<&Label>, Vec<&Found>)> = vec![Default::default(); categories];
    for label in labels {
        by_category[label.category as usize].0.push(label);
    }
    for detection in found {
        by_category[detection.category as usize].1.push(detection);
    }
    let matches = by_category
        .iter()
        .map(|(labels, found)| match_category(labels, found, rules));
    Ok(Evaluation {
        categories: matches.collect(),
        images,
    })
}

impl CategoryMatches {
    fn scores(&self, weight: &impl Fn(u32) -> u64) -> Option<CategoryScores> {
        let labels: u64 = self.labels.iter().map(|&image| weight(image)).sum();
        if labels == 0 {
            return None;
        }
        let (mut hits, mut seen) = (0, 0);
        let (mut recall, mut precision) = (Vec::new(), Vec::new());
        for &(image, fate) in &self.fates {
            let weight = weight(image);
            if fate == Fate::Neutral || weight == 0 {
                continue;
            }
            seen += weight;
            hits += if fate == Fate::Hit { weight } else { 0 };
            recall.push(hits as f64 / labels as f64);
            precision.push(hits as f64 / seen as f64);
        }
        envelope(&mut precision);
        let from = |least: f64| {
            let at = recall.partition_point(|&r| r < least);
            precision.get(at).copied().unwrap_or(0.0)
        };
        let mut before = 0.0;
        let steps = recall.iter().zip(&precision).map(|(&r, &p)| {
            let step = (r - before) * p;
            before = r;
            step
        });
        Some(CategoryScores {
            labels,
            at_all_points: steps.sum(),
            at_11_points: (0..11).map(|i| from(f64::from(i) / 10.0)).sum::<f64>() / 11.0,
        })
    }
}

impl Evaluation {
    /// Scores by category, none where no label counts; `weights` says how often each image counts, once where there are
    /// none.
    pub fn scores(&self, weights: Option<&[u32]>) -> Vec<Option<CategoryScores>> {
        let weight = |image: u32| match weights {
            None => 1,
            Some(list) => list.get(image as usize).map_or(0, |&w| u64::from(w)),
        };
        self.categories.iter().map(|c| c.scores(&weight)).collect()
    }

    /// Means over categories at 11 and at all points. Errors: [`VocError::Nothing`].
    pub fn means(scores: &[Option<CategoryScores>]) -> Result<[f64; 2], VocError> {
        let over = |of: fn(&CategoryScores) -> f64| {
            mean(scores.iter().flatten().map(of)).ok_or(VocError::Nothing)
        };
        Ok([over(|s| s.at_11_points)?, over(|s| s.at_all_points)?])
    }

    /// Intervals of the means by drawing images again.
    pub fn intervals(&self, how: Resampling) -> Vec<Option<Interval>> {
        bootstrap_weights(self.images, how, |weights| {
            let means = Self::means(&self.scores(Some(weights)));
            means.map_or(Vec::new(), |m| m.map(Some).to_vec())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_label_decides_even_if_it_is_taken() {
        let bounds = Rect {
            x: 0.0,
            y: 0.0,
            width: 9.0,
            height: 9.0,
        };
        let beside = Rect { x: 4.0, ..bounds };
        let label = |bounds, is_difficult| Label {
            image: 0,
            category: 0,
            bounds,
            is_difficult,
        };
        let found = |bounds, score| Found {
            image: 0,
            category: 0,
            bounds,
            score,
        };
        let rules = Rules {
            overlap: 0.4,
            ..Rules::default()
        };
        let of = |labels: &[Label]| {
            let found = [found(bounds, 0.9), found(Rect { x: 1.0, ..bounds }, 0.8)];
            evaluate(labels, &found, rules).unwrap().scores(None)[0]
        };
        // The second detection overlaps the taken label more than the free one.
        let both = of(&[label(bounds, false), label(beside, false)]).unwrap();
        assert_eq!((both.labels, both.at_all_points), (2, 0.5));
        assert!((both.at_11_points - 6.0 / 11.0).abs() < 1e-15);
        // A difficult label makes its detections nothing.
        let one = of(&[label(bounds, true), label(beside, false)]).unwrap();
        assert_eq!((one.labels, one.at_all_points), (1, 0.0));
        assert_eq!(of(&[label(bounds, true)]), None);
        assert!(
            evaluate(
                &[],
                &[],
                Rules {
                    overlap: 0.0,
                    ..rules
                }
            )
            .is_err()
        );
    }
}
