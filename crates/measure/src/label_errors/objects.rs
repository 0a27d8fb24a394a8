//! Wrong boxes: overlooked, badly located, of another class.

use super::LabelError;
use super::pooled::soft_min;
use crate::boxes::Rect;
use serde::{Deserialize, Serialize};

/// A labeled box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabeledBox {
    /// Where it is, pixels.
    pub place: Rect,
    /// Code of its class.
    pub class: u32,
}

/// A predicted box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PredictedBox {
    /// Where it is, pixels.
    pub place: Rect,
    /// Code of its class.
    pub class: u32,
    /// How sure the model is of it, 0 to 1.
    pub score: f64,
}

/// One image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageLabels {
    /// Labels.
    pub labels: Vec<LabeledBox>,
    /// Out-of-sample predictions.
    pub predictions: Vec<PredictedBox>,
}

/// Parameters of `ObjectLab`; the defaults are cleanlab 2.9.0's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ObjectOptions {
    /// Weight of `IoU` against distance in the similarity of two boxes.
    pub iou_weight: f64,
    /// How fast similarity falls with distance, per pixel.
    pub per_pixel: f64,
    /// Measures distance in units of the mean diagonal of the two boxes instead of tenths of `1 / per_pixel`, so that
    /// nothing changes when images are scaled.
    pub is_scale_free: bool,
    /// Predictions above this say where a box is.
    pub low: f64,
    /// Predictions above this say that a box is there, and what it is.
    pub high: f64,
    /// Labels of different classes that overlap by this much contradict each other.
    pub same_place: f64,
    /// Temperature of pooling: towards 0 only the worst box of an image counts.
    pub temperature: f64,
    /// A box is an issue where its score is at most this times the average precision of its class.
    pub threshold: f64,
}

impl Default for ObjectOptions {
    fn default() -> Self {
        Self {
            iou_weight: 0.9,
            per_pixel: 0.1,
            is_scale_free: false,
            low: 0.5,
            high: 0.95,
            same_place: 0.95,
            temperature: 0.1,
            threshold: 0.8 * 0.25,
        }
    }
}

/// Scores of one image: 1 is fine, towards 0 is wrong.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageScores {
    /// Of each prediction: how close the nearest label of its class is to it, though it should overlap one; none where
    /// the model is not sure or a label is there.
    pub overlooked: Vec<Option<f64>>,
    /// Of each label: how well the nearest confident prediction of its class fits.
    pub badly_located: Vec<f64>,
    /// Of each label: how little a confident prediction of another class fits.
    pub swapped: Vec<f64>,
    /// Pooled: overlooked, badly located, swapped.
    pub pooled: [f64; 3],
    /// Geometric mean of the pooled scores.
    pub quality: f64,
    /// Whether a box is an issue.
    pub is_issue: bool,
}

/// Result of [`object_issues`].
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectReport {
    /// One per image.
    pub images: Vec<ImageScores>,
    /// Images with an issue, worst first.
    pub ranked: Vec<usize>,
    /// Average precision of each class, mean over `IoU` 0.5 to 0.95; none without labels.
    pub average_precision: Vec<Option<f64>>,
    /// Smallest similarity above 0 of a label and a prediction of the same image.
    pub least_similarity: f64,
}

/// Smallest value that is kept before a logarithm (cleanlab 2.9.0).
const TINY: f64 = 1e-100;

fn center_distance(a: &Rect, b: &Rect) -> f64 {
    let dx = (a.x + 0.5 * a.width) - (b.x + 0.5 * b.width);
    let dy = (a.y + 0.5 * a.height) - (b.y + 0.5 * b.height);
    dx.hypot(dy)
}

/// `IoU` and similarity of a label and a prediction.
fn compare(a: &Rect, b: &Rect, options: ObjectOptions) -> [f64; 2] {
    let iou = a.iou(b);
    let distance = center_distance(a, b);
    let near = if options.is_scale_free {
        let diagonal = |r: &Rect| r.width.hypot(r.height);
        let mean = 0.5 * (diagonal(a) + diagonal(b));
        if mean > 0.0 {
            (-distance / mean).exp()
        } else {
            f64::from(u8::from(distance == 0.0))
        }
    } else {
        (-distance * options.per_pixel).exp()
    };
    // What is below the rounding of 1 counts as no nearness, as in cleanlab, whose smallest similarity rests on it.
    let near = 1.0 - (1.0 - near);
    [
        iou,
        iou * options.iou_weight + (1.0 - options.iou_weight) * near,
    ]
}

fn check(images: &[ImageLabels], options: ObjectOptions) -> Result<(), LabelError> {
    let unit = "0 to 1";
    for (name, value) in [
        ("iou_weight", options.iou_weight),
        ("low", options.low),
        ("high", options.high),
        ("same_place", options.same_place),
    ] {
        if !(0.0..=1.0).contains(&value) {
            return Err(LabelError::BadOption {
                name,
                value,
                expected: unit,
            });
        }
    }
    for (name, value) in [
        ("temperature", options.temperature),
        ("per_pixel", options.per_pixel),
    ] {
        if !(value > 0.0 && value.is_finite()) {
            return Err(LabelError::BadOption {
                name,
                value,
                expected: "above 0",
            });
        }
    }
    if images.is_empty() {
        return Err(LabelError::Empty);
    }
    for (item, image) in images.iter().enumerate() {
        for label in &image.labels {
            label.place.checked()?;
        }
        for prediction in &image.predictions {
            prediction.place.checked()?;
            let value = prediction.score;
            if !(0.0..=1.0).contains(&value) {
                return Err(LabelError::Probability { item, value });
            }
        }
    }
    Ok(())
}

/// `ObjectLab` (Tkachenko, Thyagarajan and Mueller 2023): boxes a detector is sure of against labels.
///
/// The similarity of the paper falls with distance in pixels, so scores change with the resolution of images; set
/// `is_scale_free` for one that does not. Errors: options out of range, boxes that are none, scores outside 0 to 1.
/// Cost: similarity of all pairs of boxes of an image; average precision at ten overlaps.
/// Source: cleanlab 2.9.0 `object_detection` (whose average precision is rounded to single precision).
pub fn object_issues(
    images: &[ImageLabels],
    options: ObjectOptions,
) -> Result<ObjectReport, LabelError> {
    check(images, options)?;
    let mut least = 1.0_f64;
    let mut similar = Vec::with_capacity(images.len());
    for image in images {
        let mut cells = Vec::with_capacity(image.labels.len() * image.predictions.len());
        for label in &image.labels {
            for prediction in &image.predictions {
                let cell = compare(&label.place, &prediction.place, options);
                if cell[1] > 0.0 {
                    least = least.min(cell[1]);
                }
                cells.push(cell);
            }
        }
        similar.push(cells);
    }
    let precision = average_precisions(images);
    let limit = |class: u32| {
        let ap = precision
            .get(class as usize)
            .copied()
            .flatten()
            .unwrap_or(0.0);
        options.threshold * ap
    };
    let scored = images.iter().zip(&similar);
    let scores: Vec<ImageScores> = scored
        .map(|(image, cells)| {
            let mut scores = score(image, cells, least, options);
            let labels = scores
                .badly_located
                .iter()
                .zip(&scores.swapped)
                .zip(&image.labels);
            let mut of_labels = labels.map(|((a, b), label)| a.min(*b) <= limit(label.class));
            let mut missed = scores.overlooked.iter().zip(&image.predictions);
            scores.is_issue =
                of_labels.any(|x| x) || missed.any(|(s, p)| s.unwrap_or(1.0) <= limit(p.class));
            scores
        })
        .collect();
    let mut ranked: Vec<usize> = (0..scores.len()).filter(|&i| scores[i].is_issue).collect();
    ranked.sort_by(|&i, &j| scores[i].quality.total_cmp(&scores[j].quality));
    Ok(ObjectReport {
        images: scores,
        ranked,
        average_precision: precision,
        least_similarity: least,
    })
}

fn score(
    image: &ImageLabels,
    cells: &[[f64; 2]],
    least: f64,
    options: ObjectOptions,
) -> ImageScores {
    let n = image.predictions.len();
    let cell = |label: usize, prediction: usize| cells[label * n + prediction];
    let most = |values: &mut dyn Iterator<Item = f64>| values.reduce(f64::max);
    let overlooked = image.predictions.iter().enumerate().map(|(j, prediction)| {
        let is_met = (0..image.labels.len()).any(|i| cell(i, j)[0] > 0.0);
        if prediction.score < options.high || is_met {
            return None;
        }
        let own = (0..image.labels.len()).filter(|&i| image.labels[i].class == prediction.class);
        let nearest = most(&mut own.map(|i| cell(i, j)[1]));
        Some(nearest.unwrap_or(least * (1.0 - prediction.score)))
    });
    let located = image.labels.iter().enumerate().map(|(i, label)| {
        let fits = image.predictions.iter().enumerate().filter(|(j, p)| {
            p.class == label.class && p.score > options.low && cell(i, *j)[0] > 0.0
        });
        most(&mut fits.map(|(j, _)| cell(i, j)[1])).unwrap_or(1.0)
    });
    let swapped = image.labels.iter().enumerate().map(|(i, label)| {
        let contradicts = image.labels.iter().any(|other| {
            other.class != label.class && label.place.iou(&other.place) >= options.same_place
        });
        if contradicts {
            return least;
        }
        let others = image.predictions.iter().enumerate();
        let others = others.filter(|(_, p)| p.class != label.class && p.score > options.high);
        let nearest = most(&mut others.map(|(j, _)| cell(i, j)[1]));
        nearest.map_or(1.0, |s| (1.0 - s).max(least))
    });
    let mut out = ImageScores {
        overlooked: overlooked.collect(),
        badly_located: located.collect(),
        swapped: swapped.collect(),
        ..ImageScores::default()
    };
    let pool = |values: &[f64]| soft_min(values, options.temperature).unwrap_or(1.0);
    let missed: Vec<f64> = out.overlooked.iter().flatten().copied().collect();
    out.pooled = [pool(&missed), pool(&out.badly_located), pool(&out.swapped)];
    let logs: f64 = out.pooled.iter().map(|x| (TINY + x).ln()).sum();
    out.quality = (logs / 3.0).exp();
    out
}

/// Average precision of each class, mean over `IoU` 0.5 to 0.95: each prediction takes the label it overlaps most, which
/// counts once; precision is made to fall with recall.
fn average_precisions(images: &[ImageLabels]) -> Vec<Option<f64>> {
    let labels = images.iter().flat_map(|i| i.labels.iter().map(|l| l.class));
    let predictions = images
        .iter()
        .flat_map(|i| i.predictions.iter().map(|p| p.class));
    let classes = labels
        .chain(predictions)
        .max()
        .map_or(0, |c| c as usize + 1);
    let mut per_class: Vec<(usize, Vec<Best>)> = vec![(0, Vec::new()); classes];
    let mut seen = 0;
    for image in images {
        for label in &image.labels {
            per_class[label.class as usize].0 += 1;
        }
        for prediction in &image.predictions {
            let own = image.labels.iter().enumerate();
            let own = own.filter(|(_, l)| l.class == prediction.class);
            let best = own
                .map(|(i, l)| (seen + i, prediction.place.iou(&l.place)))
                .reduce(|a, b| if b.1 > a.1 { b } else { a });
            per_class[prediction.class as usize].1.push(Best {
                score: prediction.score,
                best,
            });
        }
        seen += image.labels.len();
    }
    let of = |(labels, mut list): (usize, Vec<Best>)| {
        if labels == 0 {
            return None;
        }
        list.sort_by(|a, b| b.score.total_cmp(&a.score));
        let thresholds = (0..10_u32).map(|i| 0.5 + 0.05 * f64::from(i));
        let mut taken = vec![false; seen];
        let sum: f64 = thresholds
            .map(|t| precision_at(&list, labels, t, &mut taken))
            .sum();
        Some(sum / 10.0)
    };
    per_class.into_iter().map(of).collect()
}

/// A prediction, the label it overlaps most, and by how much.
#[derive(Clone, Copy, Debug)]
struct Best {
    score: f64,
    best: Option<(usize, f64)>,
}

fn precision_at(list: &[Best], labels: usize, threshold: f64, taken: &mut [bool]) -> f64 {
    taken.fill(false);
    let (mut hits, mut curve) = (0, Vec::with_capacity(list.len()));
    for (n, entry) in (1..).zip(list) {
        let hit = entry
            .best
            .filter(|(label, iou)| *iou >= threshold && !taken[*label]);
        if let Some((label, _)) = hit {
            taken[label] = true;
            hits += 1;
        }
        curve.push((hit.is_some(), f64::from(hits) / f64::from(n)));
    }
    let (mut area, mut best) = (0.0, 0.0_f64);
    for (is_hit, precision) in curve.into_iter().rev() {
        best = best.max(precision);
        if is_hit {
            area += best / labels as f64;
        }
    }
    area
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rect(x: f64) -> Rect {
        Rect::from_corners([x, 0.0, x + 20.0, 20.0])
    }

    fn images(scale: f64) -> Vec<ImageLabels> {
        let scaled =
            |r: Rect| Rect::from_corners([r.x * scale, 0.0, (r.x + 20.0) * scale, 20.0 * scale]);
        let label = |x, class| LabeledBox {
            place: scaled(rect(x)),
            class,
        };
        let found = |x, class| PredictedBox {
            place: scaled(rect(x)),
            class,
            score: 0.99,
        };
        vec![
            ImageLabels {
                labels: vec![label(0.0, 0)],
                predictions: vec![found(1.0, 0)],
            },
            ImageLabels {
                labels: vec![label(0.0, 0)],
                predictions: vec![found(0.0, 1)],
            },
            ImageLabels {
                labels: vec![label(0.0, 0)],
                predictions: vec![found(0.0, 0), found(100.0, 0)],
            },
            ImageLabels {
                labels: vec![label(0.0, 1)],
                predictions: vec![found(0.0, 1)],
            },
        ]
    }

    #[test]
    fn planted_errors_come_first() {
        let found = object_issues(&images(1.0), ObjectOptions::default()).unwrap();
        assert!(!found.images[0].is_issue && !found.images[3].is_issue);
        let mut ranked = found.ranked.clone();
        ranked.sort_unstable();
        assert_eq!(ranked, [1, 2]);
        assert!(object_issues(&[], ObjectOptions::default()).is_err());
    }

    #[test]
    fn the_scale_free_variant_does_not_see_the_resolution() {
        let options = ObjectOptions {
            is_scale_free: true,
            ..ObjectOptions::default()
        };
        let of = |scale, options| -> Vec<f64> {
            let found = object_issues(&images(scale), options).unwrap();
            found.images.iter().map(|i| i.quality).collect()
        };
        let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9);
        assert!(near(&of(1.0, options), &of(7.0, options)));
        let pixels = ObjectOptions::default();
        assert!(!near(&of(1.0, pixels), &of(7.0, pixels)));
    }
}
