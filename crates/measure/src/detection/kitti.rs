//! KITTI's object scores: image boxes, orientation, bird's-eye view and 3D.
//!
//! Read [`Label`], [`Found`] and [`Evaluation`] first.
//!
//! Not here: reading label files.

use super::curve::envelope;
use super::resample::bootstrap_weights;
use crate::boxes::{BirdsEye, Cuboid, Rect};
use crate::stats::{Interval, Resampling};
use serde::Deserialize;

/// Recalls at which the score threshold is set.
pub const POINTS: usize = 41;
/// Easy, moderate and hard: least height of the image box (pixels), most occlusion, most truncation.
const DIFFICULTIES: [(f64, f64, f64); 3] = [(40.0, 0.0, 0.15), (25.0, 1.0, 0.3), (25.0, 2.0, 0.5)];
/// What a detector gives for an orientation it does not know.
const NO_ALPHA: f64 = -10.0;

/// What a label is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum Class {
    /// Scored; vans beside it do not count.
    Car,
    /// Scored; people who sit do not count.
    Pedestrian,
    /// Scored.
    Cyclist,
    /// Neither hit nor miss for cars.
    Van,
    /// Neither hit nor miss for pedestrians.
    #[serde(rename = "Person_sitting")]
    PersonSitting,
    /// A region where detections of image boxes do not count.
    DontCare,
    /// Anything else (trucks, trams).
    #[serde(other)]
    Other,
}

/// The scored classes with the least overlap of a hit.
pub const CLASSES: [(Class, &str, f64); 3] = [
    (Class::Car, "Car", 0.7),
    (Class::Pedestrian, "Pedestrian", 0.5),
    (Class::Cyclist, "Cyclist", 0.5),
];

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Boxes in the image.
    Image,
    /// Footprints from above.
    BirdsEye,
    /// Boxes in space.
    Space,
}

/// One labeled object, in KITTI's camera frame (x right, y down, z forward).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Label {
    /// Position of its image.
    pub image: usize,
    /// What it is.
    pub class: Class,
    /// Share outside the image.
    pub truncated: f64,
    /// 0 visible to 3 unknown.
    pub occluded: f64,
    /// Observation angle, radians.
    pub alpha_radians: f64,
    /// Box in the image, pixels.
    pub bounds: Rect,
    /// Length, height, width, meters.
    pub dimensions_meters: [f64; 3],
    /// Center of the bottom face, meters.
    pub location_meters: [f64; 3],
    /// Heading about the camera's y axis, radians.
    pub rotation_y_radians: f64,
}

/// One detection; `truncated` and `occluded` are not looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// What was found.
    pub label: Label,
    /// How sure the detector is.
    pub score: f64,
}

/// Why a data set cannot be scored.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum KittiError {
    /// A number that is none.
    #[error(
        "{list} row `{row}`: `{what}` is `{value}`; hint: numbers are finite, and image boxes are left, top, right, bottom"
    )]
    Row {
        /// Which list.
        list: &'static str,
        /// The row.
        row: usize,
        /// Which number.
        what: &'static str,
        /// The value seen.
        value: f64,
    },
    /// An image that is not there.
    #[error(
        "{list} row `{row}` names image `{image}` of `{images}`; hint: images are counted from 0"
    )]
    Image {
        /// Which list.
        list: &'static str,
        /// The row.
        row: usize,
        /// The image.
        image: usize,
        /// How many there are.
        images: usize,
    },
}

impl Label {
    /// Image y points down, so a turn about y is clockwise seen from above with x right and z up.
    fn cuboid(&self) -> Cuboid {
        let [length, height, width] = self.dimensions_meters;
        let [x, y, z] = self.location_meters;
        Cuboid {
            footprint: BirdsEye {
                center_meters: [x, z],
                length_meters: length,
                width_meters: width,
                yaw_radians: -self.rotation_y_radians,
            },
            center_z_meters: height / 2.0 - y,
            height_meters: height,
        }
    }

    fn overlap(&self, other: &Self, view: View) -> f64 {
        match view {
            View::Image => self.bounds.iou(&other.bounds),
            View::BirdsEye => self.cuboid().footprint.iou(&other.cuboid().footprint),
            View::Space => self.cuboid().iou(&other.cuboid()),
        }
    }

    fn check(&self, list: &'static str, row: usize, images: usize) -> Result<(), KittiError> {
        if self.image >= images {
            let image = self.image;
            return Err(KittiError::Image {
                list,
                row,
                image,
                images,
            });
        }
        let b = &self.bounds;
        // Regions of "don't care" have sizes of -1 in space.
        let mut numbers = vec![
            ("left", b.x),
            ("top", b.y),
            ("width", b.width),
            ("height", b.height),
            ("truncated", self.truncated),
            ("occluded", self.occluded),
            ("alpha", self.alpha_radians),
            ("rotation_y", self.rotation_y_radians),
        ];
        numbers.extend(self.dimensions_meters.map(|x| ("dimensions", x)));
        numbers.extend(self.location_meters.map(|x| ("location", x)));
        let is_wrong = |&(what, x): &(&str, f64)| {
            !x.is_finite() || (x < 0.0 && (what == "width" || what == "height"))
        };
        match numbers.into_iter().find(is_wrong) {
            Some((what, value)) => Err(KittiError::Row {
                list,
                row,
                what,
                value,
            }),
            None => Ok(()),
        }
    }
}

/// How a row counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// As hit or miss.
    Counts,
    /// May be matched, but neither way.
    Neutral,
    /// Not at all.
    Absent,
}

fn part_of_label(label: &Label, class: Class, difficulty: usize) -> Part {
    let (least_height, most_occluded, most_truncated) = DIFFICULTIES[difficulty];
    let is_hidden = label.occluded > most_occluded
        || label.truncated > most_truncated
        || label.bounds.height <= least_height;
    let is_neighbor = matches!(
        (class, label.class),
        (Class::Pedestrian, Class::PersonSitting) | (Class::Car, Class::Van)
    );
    if label.class == class && !is_hidden {
        Part::Counts
    } else if label.class == class || is_neighbor {
        Part::Neutral
    } else {
        Part::Absent
    }
}

/// Small detections are neutral whatever their class, as in the devkit.
fn part_of_found(found: &Found, class: Class, difficulty: usize) -> Part {
    if found.label.bounds.height < DIFFICULTIES[difficulty].0 {
        Part::Neutral
    } else if found.label.class == class {
        Part::Counts
    } else {
        Part::Absent
    }
}

/// One image, for one class, difficulty and view.
struct Frame<'a> {
    labels: &'a [Label],
    found: &'a [Found],
    label_parts: Vec<Part>,
    found_parts: Vec<Part>,
    /// Detections times labels.
    overlaps: &'a [f64],
    least: f64,
    view: View,
}

/// What an image gives at a threshold of the score, or what is new there.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Tally {
    hits: f64,
    false_alarms: f64,
    /// Sum of (1 + cos of the error of orientation) / 2 over hits.
    similarity: f64,
}

impl Tally {
    /// Adds another one some times, which may be less than never.
    fn add(&mut self, other: &Self, times: f64) {
        self.hits += times * other.hits;
        self.false_alarms += times * other.false_alarms;
        self.similarity += times * other.similarity;
    }
}

/// What is new in one image once detections of this score count.
#[derive(Clone, Copy, Debug)]
struct Change {
    score: f64,
    image: usize,
    new: Tally,
}

impl Frame<'_> {
    fn overlap(&self, found: usize, label: usize) -> f64 {
        self.overlaps[found * self.labels.len() + label]
    }

    /// Scores of the detections that hit where all count: of several, the surest.
    fn hit_scores(&self, out: &mut Vec<f64>) {
        let mut taken = vec![false; self.found.len()];
        for (i, &part) in self.label_parts.iter().enumerate() {
            if part == Part::Absent {
                continue;
            }
            let mut best: Option<usize> = None;
            for (j, &is_taken) in taken.iter().enumerate() {
                if self.found_parts[j] == Part::Absent
                    || is_taken
                    || self.overlap(j, i) <= self.least
                {
                    continue;
                }
                if best.is_none_or(|b| self.found[j].score > self.found[b].score) {
                    best = Some(j);
                }
            }
            let Some(j) = best else { continue };
            taken[j] = true;
            if part == Part::Counts && self.found_parts[j] == Part::Counts {
                out.push(self.found[j].score);
            }
        }
    }

    /// Whether a detection may hit anything.
    fn touches(&self, found: usize) -> bool {
        let mut labels = self.label_parts.iter().enumerate();
        labels.any(|(i, &part)| part != Part::Absent && self.overlap(found, i) > self.least)
    }

    /// How hits and false alarms change as the threshold of the score falls.
    fn changes(&self, image: usize, out: &mut Vec<Change>) {
        let (near, alone): (Vec<usize>, Vec<usize>) =
            (0..self.found.len()).partition(|&j| self.touches(j));
        let is_alarm = |j: &&usize| self.found_parts[**j] == Part::Counts && !self.is_excused(**j);
        out.extend(alone.iter().filter(is_alarm).map(|&j| Change {
            score: self.found[j].score,
            image,
            new: Tally {
                false_alarms: 1.0,
                ..Tally::default()
            },
        }));
        let mut scores: Vec<f64> = near.iter().map(|&j| self.found[j].score).collect();
        scores.sort_unstable_by(|a, b| b.total_cmp(a));
        scores.dedup();
        let mut last = Tally::default();
        for score in scores {
            let now = self.tally(score, &near);
            let mut new = now;
            new.add(&last, -1.0);
            last = now;
            out.push(Change { score, image, new });
        }
    }

    /// Hits and false alarms among those detections of `near` that have at least this score: of several the one that
    /// overlaps most, and neutral ones only where no other is left.
    fn tally(&self, threshold: f64, near: &[usize]) -> Tally {
        let mut out = Tally::default();
        let mut taken = vec![false; self.found.len()];
        let is_in = |j: usize| self.found[j].score >= threshold;
        for (i, &part) in self.label_parts.iter().enumerate() {
            if part == Part::Absent {
                continue;
            }
            let mut best: Option<(usize, f64)> = None;
            let mut neutral = None;
            for j in near.iter().copied().filter(|&j| is_in(j) && !taken[j]) {
                let overlap = self.overlap(j, i);
                if overlap <= self.least {
                    continue;
                }
                match self.found_parts[j] {
                    Part::Counts if best.is_none_or(|(_, most)| overlap > most) => {
                        best = Some((j, overlap));
                    }
                    Part::Neutral => neutral = neutral.or(Some(j)),
                    _ => {}
                }
            }
            let Some(j) = best.map(|(j, _)| j).or(neutral) else {
                continue;
            };
            taken[j] = true;
            if part == Part::Counts && self.found_parts[j] == Part::Counts {
                out.hits += 1.0;
                let turn = self.labels[i].alpha_radians - self.found[j].label.alpha_radians;
                out.similarity += f64::midpoint(1.0, turn.cos());
            }
        }
        for &j in near {
            if !taken[j] && self.found_parts[j] == Part::Counts && is_in(j) && !self.is_excused(j) {
                out.false_alarms += 1.0;
            }
        }
        out
    }

    /// Whether a detection lies in a region of "don't care"; only images have them.
    fn is_excused(&self, found: usize) -> bool {
        let bounds = &self.found[found].label.bounds;
        let regions = self.labels.iter().filter(|l| l.class == Class::DontCare);
        self.view == View::Image
            && regions
                .into_iter()
                .any(|r| bounds.covered_by(&r.bounds) > self.least)
    }
}

/// Thresholds of the score at which the recall is nearest to multiples of 1 / 40 (`get_thresholds` of the devkit), from
/// falling scores of hits.
fn thresholds(scores: &[f64], labels: usize) -> Vec<f64> {
    let mut out = Vec::new();
    let mut recall = 0.0;
    for (i, &score) in scores.iter().enumerate() {
        let is_last = i + 1 == scores.len();
        let left = (i + 1) as f64 / labels as f64;
        let right = (i + 2) as f64 / labels as f64;
        if !is_last && right - recall < recall - left {
            continue;
        }
        out.push(score);
        recall += 1.0 / (POINTS as f64 - 1.0);
    }
    out
}

/// Precision and orientation along the recalls, as percent at the edge.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Labels that count.
    pub labels: usize,
    /// Best precision from each of the 41 recalls on; 0 where it is not reached.
    pub precision: [f64; POINTS],
    /// The same of precision weighted by orientation.
    pub orientation: [f64; POINTS],
}

/// Mean of every fourth of the points, the first included: the eleven points of the first rule, as a ratio.
pub fn at_11(curve: &[f64; POINTS]) -> f64 {
    curve.iter().step_by(4).sum::<f64>() / 11.0
}

/// Mean of all points but the first: the rule since 2019, as a ratio.
pub fn at_40(curve: &[f64; POINTS]) -> f64 {
    curve[1..].iter().sum::<f64>() / 40.0
}

/// One class at one difficulty in one view, matched.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// Labels that count, by image.
    labels: Vec<usize>,
    /// Scores of hits where all detections count, with their images; falling.
    hits: Vec<(f64, usize)>,
    /// By falling score.
    changes: Vec<Change>,
}

/// Labels and detections by image, with their overlaps in one view.
#[derive(Clone, Debug)]
pub struct Dataset {
    view: View,
    labels: Vec<Label>,
    found: Vec<Found>,
    label_starts: Vec<usize>,
    found_starts: Vec<usize>,
    overlaps: Vec<Vec<f64>>,
}

/// Where each image starts in a list sorted by image.
fn starts<T>(list: &[T], images: usize, of: impl Fn(&T) -> usize) -> Vec<usize> {
    (0..=images)
        .map(|i| list.partition_point(|row| of(row) < i))
        .collect()
}

impl Dataset {
    /// Checks, groups by image and works out the overlaps.
    ///
    /// Errors: numbers that are not finite, image boxes of negative size, images that are not there; each names the row.
    /// Cost: detections times labels of the same image.
    pub fn new(
        images: usize,
        labels: &[Label],
        found: &[Found],
        view: View,
    ) -> Result<Self, KittiError> {
        for (row, label) in labels.iter().enumerate() {
            label.check("labels", row, images)?;
        }
        for (row, detection) in found.iter().enumerate() {
            detection.label.check("detections", row, images)?;
            if !detection.score.is_finite() {
                return Err(KittiError::Row {
                    list: "detections",
                    row,
                    what: "score",
                    value: detection.score,
                });
            }
        }
        let (mut labels, mut found) = (labels.to_vec(), found.to_vec());
        labels.sort_by_key(|l| l.image);
        found.sort_by_key(|d| d.label.image);
        let mut out = Self {
            view,
            label_starts: starts(&labels, images, |l| l.image),
            found_starts: starts(&found, images, |d| d.label.image),
            labels,
            found,
            overlaps: Vec::new(),
        };
        out.overlaps = (0..images)
            .map(|image| {
                let (labels, found) = out.rows(image);
                let pairs = found
                    .iter()
                    .flat_map(|d| labels.iter().map(move |l| (d, l)));
                pairs.map(|(d, l)| d.label.overlap(l, view)).collect()
            })
            .collect();
        Ok(out)
    }

    fn rows(&self, image: usize) -> (&[Label], &[Found]) {
        (
            &self.labels[self.label_starts[image]..self.label_starts[image + 1]],
            &self.found[self.found_starts[image]..self.found_starts[image + 1]],
        )
    }

    /// Whether every detection says an orientation.
    pub fn has_orientation(&self) -> bool {
        self.found.iter().all(|d| d.label.alpha_radians != NO_ALPHA)
    }

    /// Matches one class, a position in [`CLASSES`], at one difficulty (0 easy, 1 moderate, 2 hard).
    ///
    /// A hit overlaps more than the class's least. Labels that are too low, occluded or truncated, and vans beside cars
    /// or sitting people beside pedestrians, are neither found nor missed. Positions beyond the lists give an empty
    /// evaluation. Cost: per image, labels times the square of the detections near them, and a sort of all detections.
    /// Source: `eval.py` of kitti-object-eval-python (9f385f8), which follows the devkit of 2017.
    pub fn evaluate(&self, class: usize, difficulty: usize) -> Evaluation {
        let images = self.overlaps.len();
        let mut out = Evaluation {
            labels: vec![0; images],
            hits: Vec::new(),
            changes: Vec::new(),
        };
        if class >= CLASSES.len() || difficulty >= DIFFICULTIES.len() {
            return out;
        }
        let (class, _, least) = CLASSES[class];
        let frame = |image: usize| {
            let (labels, found) = self.rows(image);
            Frame {
                label_parts: labels
                    .iter()
                    .map(|l| part_of_label(l, class, difficulty))
                    .collect(),
                found_parts: found
                    .iter()
                    .map(|d| part_of_found(d, class, difficulty))
                    .collect(),
                labels,
                found,
                overlaps: &self.overlaps[image],
                least,
                view: self.view,
            }
        };
        let mut scores = Vec::new();
        for (image, labels) in out.labels.iter_mut().enumerate() {
            let frame = frame(image);
            frame.hit_scores(&mut scores);
            out.hits
                .extend(scores.drain(..).map(|score| (score, image)));
            frame.changes(image, &mut out.changes);
            let parts = frame.label_parts.iter();
            *labels = parts.filter(|&&p| p == Part::Counts).count();
        }
        out.hits.sort_by(|a, b| b.0.total_cmp(&a.0));
        out.changes.sort_by(|a, b| b.score.total_cmp(&a.score));
        out
    }
}

impl Evaluation {
    /// The curve; none where no label counts. `weights` says how often each image counts, once where there are none;
    /// the curve is that of a set which holds each image so often, thresholds of the score included.
    ///
    /// Cost: one pass over the detections.
    pub fn curve(&self, weights: Option<&[u32]>) -> Option<Curve> {
        let weight = |image: usize| match weights {
            None => 1,
            Some(list) => list.get(image).map_or(0, |&w| w as usize),
        };
        let mut out = Curve {
            labels: (self.labels.iter().enumerate())
                .map(|(image, n)| weight(image) * n)
                .sum(),
            precision: [0.0; POINTS],
            orientation: [0.0; POINTS],
        };
        if out.labels == 0 {
            return None;
        }
        let copies = |&(score, image): &(f64, usize)| std::iter::repeat_n(score, weight(image));
        let scores: Vec<f64> = self.hits.iter().flat_map(copies).collect();
        let mut changes = self.changes.iter().peekable();
        let mut sum = Tally::default();
        let points = out.precision.iter_mut().zip(&mut out.orientation);
        for ((precision, orientation), threshold) in points.zip(thresholds(&scores, out.labels)) {
            while let Some(change) = changes.next_if(|c| c.score >= threshold) {
                sum.add(&change.new, weight(change.image) as f64);
            }
            let seen = sum.hits + sum.false_alarms;
            if seen > 0.0 {
                *precision = sum.hits / seen;
                *orientation = sum.similarity / seen;
            }
        }
        envelope(&mut out.precision);
        envelope(&mut out.orientation);
        Some(out)
    }

    /// Intervals of 11 and 40 points of precision, then of orientation, by drawing images again; every draw has its own
    /// thresholds of the score.
    pub fn intervals(&self, how: Resampling) -> Vec<Option<Interval>> {
        bootstrap_weights(self.labels.len(), how, |weights| {
            self.curve(Some(weights)).map_or(Vec::new(), |c| {
                [&c.precision, &c.orientation]
                    .into_iter()
                    .flat_map(|curve| [Some(at_11(curve)), Some(at_40(curve))])
                    .collect()
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    fn label(image: usize, slot: u32, shift: f64) -> Label {
        let x = 100.0 * f64::from(slot) + shift;
        Label {
            image,
            class: Class::Car,
            truncated: 0.0,
            occluded: 0.0,
            alpha_radians: 0.01 * shift,
            bounds: Rect {
                x,
                y: 10.0,
                width: 60.0,
                height: 60.0,
            },
            dimensions_meters: [4.0, 1.5, 1.8],
            location_meters: [x, 1.5, 20.0],
            rotation_y_radians: 0.0,
        }
    }

    /// Three cars an image, some found twice, and a false alarm.
    fn images(weights: &[u32]) -> (usize, Vec<Label>, Vec<Found>) {
        let (mut labels, mut found) = (Vec::new(), Vec::new());
        let mut copies = 0;
        for (seed, &weight) in (0..).zip(weights) {
            for image in copies..copies + weight as usize {
                let mut random = SplitMix::new(seed);
                for slot in 0..3 {
                    labels.push(label(image, slot, 0.0));
                    for _ in 0..random.below(3) {
                        found.push(Found {
                            label: label(image, slot, 20.0 * random.unit()),
                            score: random.unit(),
                        });
                    }
                }
                found.push(Found {
                    label: label(image, 7, 0.0),
                    score: random.unit(),
                });
            }
            copies += weight as usize;
        }
        (copies, labels, found)
    }

    #[test]
    fn a_weight_of_two_is_a_copy_of_the_image() {
        let of = |weights: &[u32]| {
            let (n, labels, found) = images(weights);
            let dataset = Dataset::new(n, &labels, &found, View::Image).unwrap();
            dataset.evaluate(0, 1)
        };
        let weights = [2, 0, 1, 3, 1, 0, 2, 1, 4, 1];
        let weighted = of(&[1; 10]).curve(Some(&weights)).unwrap();
        let copied = of(&weights).curve(None).unwrap();
        assert_eq!(weighted.labels, copied.labels);
        assert_eq!(weighted.precision, copied.precision);
        let orientations = weighted.orientation.iter().zip(&copied.orientation);
        assert!(orientations.into_iter().all(|(a, b)| (a - b).abs() < 1e-12));
        assert!(weighted.precision[0] > weighted.precision[20]);
        assert_eq!(of(&[1; 10]).curve(Some(&[0; 10])), None);
    }
}
