//! nuScenes' detection score.
//!
//! Read [`Object`], [`Detection`] and [`evaluate`] first; [`Rules::nuscenes`] holds the challenge's numbers.
//!
//! Not here: rotating boxes into one frame, and reading tables.

use super::curve::{descending, interpolate, mean, spaced};
use super::resample::bootstrap_weights;
use crate::stats::{Interval, Resampling};
use std::f64::consts::{PI, TAU};

/// Recalls at which precision is read.
const RECALLS: usize = 101;
/// Errors of hits, in the order of [`ERRORS`].
pub const ERROR_KINDS: usize = 5;
/// Names of the errors: translation (meters), scale (1 - IoU of sizes), orientation (radians), velocity (meters per
/// second), attribute (share wrong).
pub const ERRORS: [&str; ERROR_KINDS] = ["mATE", "mASE", "mAOE", "mAVE", "mAAE"];

/// A labeled object, or what a detector says of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Object {
    /// Which sample (key frame) it is in.
    pub sample: u32,
    /// Position in [`Rules::categories`].
    pub category: usize,
    /// Center in a frame common to labels and detections, meters.
    pub center_meters: [f64; 3],
    /// Width, length, height, meters.
    pub size_meters: [f64; 3],
    /// Heading, radians.
    pub yaw_radians: f64,
    /// Velocity, meters per second; NaN where unknown.
    pub velocity_meters_per_sec: [f64; 2],
    /// Attribute by number; none where the object has none.
    pub attribute: Option<u32>,
    /// Distance from the vehicle on the ground; where given, objects beyond the range of their category are left out.
    pub range_meters: Option<f64>,
    /// `LiDAR` and radar points inside; a label that has 0 is left out.
    pub points: Option<u64>,
}

/// A detection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detection {
    /// What was found.
    pub object: Object,
    /// How sure the detector is.
    pub score: f64,
}

/// How one category is scored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Category {
    /// Its name.
    pub name: &'static str,
    /// Objects farther from the vehicle are left out, meters.
    pub range_meters: f64,
    /// Headings that differ by this are the same, radians; none where heading is not scored.
    pub yaw_period_radians: Option<f64>,
    /// Whether velocity and attribute are scored.
    pub moves: bool,
}

/// The challenge's numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// Categories.
    pub categories: Vec<Category>,
    /// A hit is nearer than this on the ground, meters; precision is averaged over these.
    pub distances_meters: Vec<f64>,
    /// Errors are those of hits at this distance, one of `distances_meters`.
    pub error_distance_meters: f64,
    /// Lowest recall and precision that count.
    pub least: f64,
    /// Weight of mAP against one for each error.
    pub map_weight: f64,
    /// Most detections per sample.
    pub most_per_sample: usize,
}

impl Rules {
    /// `detection_cvpr_2019` of nuscenes-devkit 1.2.0.
    pub fn nuscenes() -> Self {
        let of = |name, range_meters, yaw_period_radians, moves| Category {
            name,
            range_meters,
            yaw_period_radians,
            moves,
        };
        Self {
            categories: vec![
                of("car", 50.0, Some(TAU), true),
                of("truck", 50.0, Some(TAU), true),
                of("bus", 50.0, Some(TAU), true),
                of("trailer", 50.0, Some(TAU), true),
                of("construction_vehicle", 50.0, Some(TAU), true),
                of("pedestrian", 40.0, Some(TAU), true),
                of("motorcycle", 40.0, Some(TAU), true),
                of("bicycle", 40.0, Some(TAU), true),
                of("traffic_cone", 30.0, None, false),
                of("barrier", 30.0, Some(PI), false),
            ],
            distances_meters: vec![0.5, 1.0, 2.0, 4.0],
            error_distance_meters: 2.0,
            least: 0.1,
            map_weight: 5.0,
            most_per_sample: 500,
        }
    }

    fn check(&self) -> Result<(), NuscenesError> {
        let is_listed = self.distances_meters.contains(&self.error_distance_meters);
        if self.categories.is_empty() || !is_listed || !(0.0..1.0).contains(&self.least) {
            return Err(NuscenesError::Rules);
        }
        Ok(())
    }
}

/// Why a data set cannot be scored.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NuscenesError {
    /// A number that is none.
    #[error(
        "{list} row `{row}`: `{what}` is `{value}`; hint: centers and headings are finite, sizes above 0"
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
    /// A category that is not scored.
    #[error(
        "{list} row `{row}` names category `{category}` of `{known}`; hint: map labels to the challenge's categories first"
    )]
    Category {
        /// Which list.
        list: &'static str,
        /// The row.
        row: usize,
        /// The category's number.
        category: usize,
        /// How many there are.
        known: usize,
    },
    /// More detections in a sample than the challenge allows.
    #[error(
        "sample `{sample}` has `{found}` detections, more than `{most}`; hint: keep the surest"
    )]
    TooMany {
        /// The sample.
        sample: u32,
        /// Detections seen.
        found: usize,
        /// The limit.
        most: usize,
    },
    /// Rules that contradict themselves.
    #[error(
        "the rules cannot be followed; hint: categories, the error's distance among the distances, and `least` from 0 to 1"
    )]
    Rules,
    /// No label counts.
    #[error(
        "no label counts, so no score is defined; hint: all are out of range or without points, or there is none"
    )]
    Nothing,
}

/// What became of the detections of one category, by falling score.
#[derive(Clone, Debug)]
pub struct CategoryMatches {
    /// Sample of each detection.
    samples: Vec<u32>,
    scores: Vec<f64>,
    /// Per distance, then per detection.
    hits: Vec<Vec<bool>>,
    /// Errors of the hits at the error's distance; NaN where one is not defined.
    errors: Vec<[f64; ERROR_KINDS]>,
    /// Sample of each label that counts.
    labels: Vec<u32>,
}

/// Scores of one category.
#[derive(Clone, Debug, PartialEq)]
pub struct CategoryScores {
    /// Labels that count.
    pub labels: u64,
    /// Average precision at each distance.
    pub average_precision: Vec<f64>,
    /// Errors of hits; none where the category has none of the kind.
    pub errors: [Option<f64>; ERROR_KINDS],
}

/// Scores of all categories.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// Per category, in the order of the rules.
    pub categories: Vec<CategoryScores>,
    /// Mean over categories and distances.
    pub mean_average_precision: f64,
    /// Mean errors over the categories that have them.
    pub errors: [f64; ERROR_KINDS],
    /// The nuScenes detection score.
    pub nds: f64,
}

impl Scores {
    /// `mAP`, `NDS` and the errors by their familiar names.
    pub fn summary(&self) -> Vec<(&'static str, f64)> {
        let mut out = vec![("mAP", self.mean_average_precision), ("NDS", self.nds)];
        out.extend(ERRORS.into_iter().zip(self.errors));
        out
    }
}

fn check(
    list: &'static str,
    row: usize,
    object: &Object,
    rules: &Rules,
) -> Result<(), NuscenesError> {
    let numbers = [
        ("x", object.center_meters[0], f64::NEG_INFINITY),
        ("y", object.center_meters[1], f64::NEG_INFINITY),
        ("z", object.center_meters[2], f64::NEG_INFINITY),
        ("yaw", object.yaw_radians, f64::NEG_INFINITY),
        ("width", object.size_meters[0], 0.0),
        ("length", object.size_meters[1], 0.0),
        ("height", object.size_meters[2], 0.0),
    ];
    for (what, value, above) in numbers {
        if !(value.is_finite() && value > above) {
            return Err(NuscenesError::Row {
                list,
                row,
                what,
                value,
            });
        }
    }
    if object.category >= rules.categories.len() {
        return Err(NuscenesError::Category {
            list,
            row,
            category: object.category,
            known: rules.categories.len(),
        });
    }
    Ok(())
}

fn ground_distance(a: &Object, b: &Object) -> f64 {
    let d = |axis: usize| a.center_meters[axis] - b.center_meters[axis];
    d(0).hypot(d(1))
}

/// Share of the union of two boxes put on one center and heading that is common to both.
pub(super) fn size_iou(a: [f64; 3], b: [f64; 3]) -> f64 {
    let volume = |size: [f64; 3]| size.iter().product::<f64>();
    let common = volume([0, 1, 2].map(|i| a[i].min(b[i])));
    common / (volume(a) + volume(b) - common)
}

/// How far two headings are apart where headings a period apart are the same.
fn yaw_distance(a: f64, b: f64, period: f64) -> f64 {
    let d = (a - b + period / 2.0).rem_euclid(period) - period / 2.0;
    if d > PI { (d - TAU).abs() } else { d.abs() }
}

/// Errors of one hit, in the order of [`ERRORS`].
fn errors_of(label: &Object, found: &Object, category: &Category) -> [f64; ERROR_KINDS] {
    let v = |axis: usize| found.velocity_meters_per_sec[axis] - label.velocity_meters_per_sec[axis];
    let attribute = match label.attribute {
        None => f64::NAN,
        same if same == found.attribute => 0.0,
        Some(_) => 1.0,
    };
    let period = category.yaw_period_radians.unwrap_or(TAU);
    [
        ground_distance(label, found),
        1.0 - size_iou(label.size_meters, found.size_meters),
        yaw_distance(label.yaw_radians, found.yaw_radians, period),
        v(0).hypot(v(1)),
        attribute,
    ]
}

fn counts(object: &Object, rules: &Rules) -> bool {
    let most = rules.categories[object.category].range_meters;
    object.range_meters.is_none_or(|range| range < most) && object.points != Some(0)
}

/// Positions by falling score; of equal scores the later one first, as the devkit's reversed sort has it.
fn later_first(scores: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by_key(|&i| (descending(scores[i]), std::cmp::Reverse(i)));
    order
}

/// Finds the hits of one category at every distance.
fn match_category(
    labels: &[Object],
    found: &[Detection],
    category: usize,
    rules: &Rules,
) -> CategoryMatches {
    let mut labels: Vec<&Object> = (labels.iter())
        .filter(|o| o.category == category && counts(o, rules))
        .collect();
    // Stable, so that labels of a sample keep their order.
    labels.sort_by_key(|o| o.sample);
    let found: Vec<&Detection> = (found.iter())
        .filter(|d| d.object.category == category && counts(&d.object, rules))
        .collect();
    let scores: Vec<f64> = found.iter().map(|d| d.score).collect();
    let order = later_first(&scores);
    let mut out = CategoryMatches {
        samples: order.iter().map(|&i| found[i].object.sample).collect(),
        scores: order.iter().map(|&i| scores[i]).collect(),
        hits: Vec::new(),
        errors: Vec::new(),
        labels: labels.iter().map(|o| o.sample).collect(),
    };
    for &most in &rules.distances_meters {
        let mut taken = vec![false; labels.len()];
        let mut hits = Vec::with_capacity(order.len());
        for &i in &order {
            let object = &found[i].object;
            let start = labels.partition_point(|o| o.sample < object.sample);
            let mut nearest: Option<(f64, usize)> = None;
            for (at, label) in labels.iter().enumerate().skip(start) {
                if label.sample != object.sample {
                    break;
                }
                let distance = ground_distance(label, object);
                if !taken[at] && nearest.is_none_or(|(least, _)| distance < least) {
                    nearest = Some((distance, at));
                }
            }
            let hit = nearest.filter(|&(distance, _)| distance < most);
            hits.push(hit.is_some());
            if let Some((_, at)) = hit {
                taken[at] = true;
            }
            if most == rules.error_distance_meters {
                let of = |(_, at): (f64, usize)| {
                    errors_of(labels[at], object, &rules.categories[category])
                };
                out.errors.push(hit.map_or([f64::NAN; ERROR_KINDS], of));
            }
        }
        out.hits.push(hits);
    }
    out
}

/// Mean so far, over the values that are numbers; 0 before the first, 1 everywhere where there is none.
fn running_mean(values: &[f64]) -> Vec<f64> {
    if values.iter().all(|x| x.is_nan()) {
        return vec![1.0; values.len()];
    }
    let (mut sum, mut n) = (0.0, 0.0_f64);
    values
        .iter()
        .map(|&x| {
            if !x.is_nan() {
                sum += x;
                n += 1.0;
            }
            if n > 0.0 { sum / n } else { 0.0 }
        })
        .collect()
}

impl CategoryMatches {
    /// Row of each detection, as often as its sample counts.
    fn rows<'a>(&'a self, weight: &'a dyn Fn(u32) -> u32) -> impl Iterator<Item = usize> + 'a {
        (self.samples.iter().enumerate())
            .flat_map(|(i, &sample)| std::iter::repeat_n(i, weight(sample) as usize))
    }

    fn scores(
        &self,
        category: &Category,
        rules: &Rules,
        weight: &dyn Fn(u32) -> u32,
    ) -> CategoryScores {
        let labels: u64 = self.labels.iter().map(|&s| u64::from(weight(s))).sum();
        let recalls = spaced(0.0, 1.0, RECALLS);
        // The devkit reads from the recall after the least one on.
        let first = 1 + recalls.partition_point(|r| *r < rules.least - 1e-9);
        let mut average_precision = Vec::new();
        let mut errors = [1.0; ERROR_KINDS];
        for (hits, &distance) in self.hits.iter().zip(&rules.distances_meters) {
            if labels == 0 || !self.rows(weight).any(|i| hits[i]) {
                average_precision.push(0.0);
                continue;
            }
            let (mut recall, mut precision, mut scores) = (Vec::new(), Vec::new(), Vec::new());
            let mut tp = 0_u64;
            for i in self.rows(weight) {
                tp += u64::from(hits[i]);
                recall.push(tp as f64 / labels as f64);
                precision.push(tp as f64 / (recall.len()) as f64);
                scores.push(self.scores[i]);
            }
            let read = |values: &[f64]| -> Vec<f64> {
                (recalls.iter())
                    .map(|&r| interpolate(r, &recall, values, 0.0))
                    .collect()
            };
            let above = read(&precision).into_iter().skip(first);
            let above = mean(above.map(|p| (p - rules.least).max(0.0)));
            average_precision.push(above.unwrap_or(0.0) / (1.0 - rules.least));
            if distance == rules.error_distance_meters {
                errors = self.errors(hits, &read(&scores), first, weight);
            }
        }
        let is_scored = [
            true,
            true,
            category.yaw_period_radians.is_some(),
            category.moves,
            category.moves,
        ];
        let mut scored = [None; ERROR_KINDS];
        for ((out, error), is_scored) in scored.iter_mut().zip(errors).zip(is_scored) {
            *out = is_scored.then_some(error);
        }
        CategoryScores {
            labels,
            average_precision,
            errors: scored,
        }
    }

    /// Running means of the errors, read where the score is that of each recall, averaged over the recalls reached.
    fn errors(
        &self,
        hits: &[bool],
        confidence: &[f64],
        first: usize,
        weight: &dyn Fn(u32) -> u32,
    ) -> [f64; ERROR_KINDS] {
        let last = confidence.iter().rposition(|&c| c != 0.0).unwrap_or(0);
        if last < first {
            return [1.0; ERROR_KINDS];
        }
        let rows: Vec<usize> = self.rows(weight).filter(|&i| hits[i]).collect();
        // Ascending scores, as the interpolation needs them.
        let at: Vec<f64> = rows.iter().rev().map(|&i| self.scores[i]).collect();
        let mut out = [1.0; ERROR_KINDS];
        for (kind, out) in out.iter_mut().enumerate() {
            let values: Vec<f64> = rows.iter().map(|&i| self.errors[i][kind]).collect();
            let mut means = running_mean(&values);
            means.reverse();
            let end = means.last().copied().unwrap_or(1.0);
            let read = confidence[first..=last]
                .iter()
                .map(|&c| interpolate(c, &at, &means, end));
            *out = mean(read).unwrap_or(1.0);
        }
        out
    }
}

/// Matches of all categories, kept so that samples can be weighted anew.
#[derive(Clone, Debug)]
pub struct Evaluation {
    rules: Rules,
    matches: Vec<CategoryMatches>,
}

/// Matches detections with labels.
///
/// Per category and distance, detections by falling score each take the nearest free label of their sample if it is
/// nearer than the distance. Errors: numbers that are none, categories that are not listed, samples with too many
/// detections; each names the row. Cost: detections times labels of the same sample and category.
/// Source: `accumulate` of nuscenes-devkit 1.2.0.
pub fn evaluate(
    labels: &[Object],
    found: &[Detection],
    rules: Rules,
) -> Result<Evaluation, NuscenesError> {
    rules.check()?;
    for (row, label) in labels.iter().enumerate() {
        check("labels", row, label, &rules)?;
    }
    let mut samples = Vec::with_capacity(found.len());
    for (row, detection) in found.iter().enumerate() {
        check("detections", row, &detection.object, &rules)?;
        if !detection.score.is_finite() {
            return Err(NuscenesError::Row {
                list: "detections",
                row,
                what: "score",
                value: detection.score,
            });
        }
        samples.push(detection.object.sample);
    }
    samples.sort_unstable();
    for group in samples.chunk_by(|a, b| a == b) {
        if group.len() > rules.most_per_sample {
            return Err(NuscenesError::TooMany {
                sample: group[0],
                found: group.len(),
                most: rules.most_per_sample,
            });
        }
    }
    let matches = (0..rules.categories.len())
        .map(|category| match_category(labels, found, category, &rules))
        .collect();
    Ok(Evaluation { rules, matches })
}

impl Evaluation {
    /// The scores; `weights` says how often each sample counts, once where there are none.
    ///
    /// A category without labels has precision 0 and errors 1, and is part of the means, as in the devkit.
    /// Errors: [`NuscenesError::Nothing`]. Source: `calc_ap`, `calc_tp` and `DetectionMetrics` of nuscenes-devkit 1.2.0.
    pub fn scores(&self, weights: Option<&[u32]>) -> Result<Scores, NuscenesError> {
        let weight = |sample: u32| match weights {
            None => 1,
            Some(list) => list.get(sample as usize).copied().unwrap_or(0),
        };
        let pairs = self.matches.iter().zip(&self.rules.categories);
        let categories: Vec<CategoryScores> = pairs
            .map(|(matches, category)| matches.scores(category, &self.rules, &weight))
            .collect();
        if categories.iter().all(|c| c.labels == 0) {
            return Err(NuscenesError::Nothing);
        }
        let of_category = |c: &CategoryScores| mean(c.average_precision.iter().copied());
        let map = mean(categories.iter().filter_map(of_category)).unwrap_or(0.0);
        let mut errors = [1.0; ERROR_KINDS];
        for (kind, error) in errors.iter_mut().enumerate() {
            *error = mean(categories.iter().filter_map(|c| c.errors[kind])).unwrap_or(1.0);
        }
        let good: f64 = errors.iter().map(|error| (1.0 - error).max(0.0)).sum();
        let whole = self.rules.map_weight + ERROR_KINDS as f64;
        Ok(Scores {
            categories,
            mean_average_precision: map,
            errors,
            nds: (self.rules.map_weight * map + good) / whole,
        })
    }

    /// Intervals of the summary by drawing sequences again; `sequence_of` names the sequence of each sample, from 0.
    pub fn intervals(&self, sequence_of: &[u32], how: Resampling) -> Vec<Option<Interval>> {
        let units = sequence_of
            .iter()
            .max()
            .map_or(0, |&last| last as usize + 1);
        bootstrap_weights(units, how, |drawn| {
            let of = |&sequence: &u32| drawn[sequence as usize];
            let weights: Vec<u32> = sequence_of.iter().map(of).collect();
            let scores = self.scores(Some(&weights));
            scores.map_or(Vec::new(), |s| {
                s.summary()
                    .into_iter()
                    .map(|(_, value)| Some(value))
                    .collect()
            })
        })
    }
}
