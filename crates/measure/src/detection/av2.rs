//! Argoverse 2's detection scores.
//!
//! Read [`Object`], [`Detection`] and [`evaluate`] first.
//!
//! Not here: the region of interest, which needs the map; leave out what lies beyond it first.

use super::curve::{envelope, interpolate, mean, order_by_score, spaced};
use super::nuscenes::size_iou;
use super::resample::bootstrap_weights;
use crate::stats::{Interval, Resampling};
use std::f64::consts::{PI, TAU};

/// A labeled object, or what a detector says of one, in the frame of the vehicle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Object {
    /// Which sweep it is in.
    pub sweep: u32,
    /// Its category.
    pub category: u32,
    /// Center, meters.
    pub center_meters: [f64; 3],
    /// Length, width, height, meters.
    pub size_meters: [f64; 3],
    /// Heading, radians.
    pub yaw_radians: f64,
}

/// A label with the `LiDAR` points inside; without any it does not count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Label {
    /// What is there.
    pub object: Object,
    /// Points inside.
    pub points: u64,
}

/// A detection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detection {
    /// What was found.
    pub object: Object,
    /// How sure the detector is.
    pub score: f64,
}

/// What counts as a hit.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// A hit is nearer than this, meters; precision is averaged over these.
    pub distances_meters: Vec<f64>,
    /// Errors are those of hits at this distance, one of `distances_meters`; it also is the error of no hit.
    pub error_distance_meters: f64,
    /// Most detections per sweep and category.
    pub most: usize,
    /// Farther objects do not count, meters.
    pub range_meters: f64,
    /// Recalls at which precision is read.
    pub recalls: usize,
    /// Whether one label can be taken only by the surest of the detections nearest to it, however far that is, as in
    /// av2; else by the surest that is near enough.
    pub first_claims: bool,
    /// Whether the scale error takes the box around two boxes for their union, as av2 does, which makes it larger where
    /// one is longer and the other wider; else the union itself.
    pub scale_by_hull: bool,
    /// The first so many categories are part of the means even without a label, with the worst scores, as av2 counts the
    /// categories of its configuration.
    pub asked: usize,
}

impl Default for Rules {
    /// `DetectionCfg` of av2 0.3.6.
    fn default() -> Self {
        Self {
            distances_meters: vec![0.5, 1.0, 2.0, 4.0],
            error_distance_meters: 2.0,
            most: 100,
            range_meters: 150.0,
            recalls: 101,
            first_claims: true,
            scale_by_hull: true,
            asked: 0,
        }
    }
}

/// Why a data set cannot be scored.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Av2Error {
    /// A number that is none.
    #[error(
        "{list} row `{row}`: `{what}` is `{value}`; hint: numbers are finite and sizes above 0"
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
    /// Rules that contradict themselves.
    #[error(
        "the rules cannot be followed; hint: the error's distance is among the distances, and there are recalls"
    )]
    Rules,
    /// No label counts.
    #[error(
        "no label counts, so no score is defined; hint: all are out of range or without points, or there is none"
    )]
    Nothing,
}

/// More categories are not asked for.
const MOST_CATEGORIES: usize = 1 << 16;
/// Names of the scores.
pub const SCORES: [&str; 5] = ["AP", "ATE", "ASE", "AOE", "CDS"];

/// One detection after matching.
#[derive(Clone, Debug)]
struct Matched {
    sweep: u32,
    score: f64,
    /// Per distance.
    hits: Vec<bool>,
    /// Translation (meters), scale and orientation (radians) of a hit at the error's distance.
    errors: [f64; 3],
}

/// One category, by falling score.
#[derive(Clone, Debug, Default)]
struct CategoryMatches {
    detections: Vec<Matched>,
    /// Sweep of each label that counts.
    labels: Vec<u32>,
}

/// Scores of one category: labels, and in the order of [`SCORES`] precision, the errors of hits and the composite score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CategoryScores {
    /// Labels that count.
    pub labels: u64,
    /// The scores.
    pub scores: [f64; 5],
}

/// All categories, matched.
#[derive(Clone, Debug)]
pub struct Evaluation {
    rules: Rules,
    categories: Vec<CategoryMatches>,
}

fn check(list: &'static str, row: usize, object: &Object) -> Result<(), Av2Error> {
    let [x, y, z] = object.center_meters;
    let [length, width, height] = object.size_meters;
    let free = [("x", x), ("y", y), ("z", z), ("yaw", object.yaw_radians)];
    let sizes = [("length", length), ("width", width), ("height", height)];
    let wrong = (free.into_iter().find(|(_, value)| !value.is_finite())).or_else(|| {
        sizes
            .into_iter()
            .find(|&(_, s)| !(s.is_finite() && s > 0.0))
    });
    match wrong {
        Some((what, value)) => Err(Av2Error::Row {
            list,
            row,
            what,
            value,
        }),
        None => Ok(()),
    }
}

fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    crate::pose::matrix::norm(&crate::pose::matrix::subtract(&a, &b))
}

/// Share of the box around two boxes, put on one center and heading, that is common to both.
fn hull_iou(a: [f64; 3], b: [f64; 3]) -> f64 {
    let common: f64 = a.iter().zip(b).map(|(a, b)| a.min(b)).product();
    let hull: f64 = a.iter().zip(b).map(|(a, b)| a.max(b)).product();
    common / hull
}

fn errors_of(label: &Object, found: &Object, rules: &Rules) -> [f64; 3] {
    let overlap = if rules.scale_by_hull {
        hull_iou
    } else {
        size_iou
    };
    let turn = (label.yaw_radians - found.yaw_radians).rem_euclid(TAU);
    [
        distance(label.center_meters, found.center_meters),
        1.0 - overlap(label.size_meters, found.size_meters),
        turn.min(TAU - turn),
    ]
}

/// Labels and detections of one sweep and category, both only those that count; detections by falling score.
struct Sweep<'a> {
    labels: &'a [&'a Object],
    found: &'a [&'a Detection],
    rules: &'a Rules,
}

impl Sweep<'_> {
    fn nearest(&self, found: usize, is_free: impl Fn(usize) -> bool) -> Option<(f64, usize)> {
        let center = self.found[found].object.center_meters;
        let mut best: Option<(f64, usize)> = None;
        for (at, label) in self.labels.iter().enumerate() {
            let d = distance(label.center_meters, center);
            if is_free(at) && best.is_none_or(|(least, _)| d < least) {
                best = Some((d, at));
            }
        }
        best
    }

    /// The label each detection has at each distance.
    fn claims(&self) -> Vec<Vec<Option<usize>>> {
        let rules = self.rules;
        let mut taken = vec![vec![false; self.labels.len()]; rules.distances_meters.len()];
        let mut out = Vec::with_capacity(self.found.len());
        for found in 0..self.found.len() {
            let nearest = self.nearest(found, |_| true);
            let mut claims = Vec::with_capacity(taken.len());
            for (taken, &most) in taken.iter_mut().zip(&rules.distances_meters) {
                let claim = if rules.first_claims {
                    nearest.filter(|&(_, at)| !taken[at])
                } else {
                    self.nearest(found, |at| !taken[at])
                        .filter(|&(d, _)| d < most)
                };
                if let Some((_, at)) = claim {
                    taken[at] = true;
                }
                claims.push(claim.filter(|&(d, _)| d < most).map(|(_, at)| at));
            }
            out.push(claims);
        }
        out
    }

    fn matched(&self, out: &mut Vec<Matched>) {
        let distances = &self.rules.distances_meters;
        let error_at = distances
            .iter()
            .position(|&d| d == self.rules.error_distance_meters);
        for (found, claims) in self.found.iter().zip(self.claims()) {
            let hit = error_at.and_then(|i| claims[i]);
            out.push(Matched {
                sweep: found.object.sweep,
                score: found.score,
                errors: hit.map_or([0.0; 3], |at| {
                    errors_of(self.labels[at], &found.object, self.rules)
                }),
                hits: claims.iter().map(Option::is_some).collect(),
            });
        }
    }
}

/// Positions of the rows of each category that counts, by sweep.
fn by_sweep<'a, T>(rows: &'a [T], object: impl Fn(&T) -> &Object, category: u32) -> Vec<&'a T> {
    let mut out: Vec<&T> = rows
        .iter()
        .filter(|r| object(r).category == category)
        .collect();
    out.sort_by_key(|r| object(r).sweep);
    out
}

fn match_category(
    labels: &[Label],
    found: &[Detection],
    category: u32,
    rules: &Rules,
) -> CategoryMatches {
    let in_range = |o: &Object| distance(o.center_meters, [0.0; 3]) < rules.range_meters;
    let labels = by_sweep(labels, |l| &l.object, category);
    let counting: Vec<&Object> = (labels.iter())
        .filter(|l| l.points > 0 && in_range(&l.object))
        .map(|l| &l.object)
        .collect();
    let found = by_sweep(found, |d| &d.object, category);
    let mut matched = Vec::new();
    for group in found.chunk_by(|a, b| a.object.sweep == b.object.sweep) {
        let order = order_by_score(group.iter().map(|d| d.score));
        let of_sweep: Vec<&Detection> = (order.iter())
            .map(|&i| group[i as usize])
            .filter(|d| in_range(&d.object))
            .take(rules.most)
            .collect();
        let start = counting.partition_point(|o| o.sweep < group[0].object.sweep);
        let end = counting.partition_point(|o| o.sweep <= group[0].object.sweep);
        let sweep = Sweep {
            labels: &counting[start..end],
            found: &of_sweep,
            rules,
        };
        sweep.matched(&mut matched);
    }
    let order = order_by_score(matched.iter().map(|m| m.score));
    CategoryMatches {
        detections: order.iter().map(|&i| matched[i as usize].clone()).collect(),
        labels: counting.iter().map(|o| o.sweep).collect(),
    }
}

/// Matches detections with labels.
///
/// Per sweep and category, the hundred surest detections within range take the label nearest to them in space; of
/// several with the same nearest label the surest, which is a hit if it is nearer than the distance.
/// Errors: numbers that are not finite, sizes of 0 and below; each names the row. Cost: detections times labels of the
/// same sweep and category. Source: `accumulate` and `assign` of av2 0.3.6.
pub fn evaluate(
    labels: &[Label],
    found: &[Detection],
    rules: Rules,
) -> Result<Evaluation, Av2Error> {
    if rules.recalls < 2
        || !rules
            .distances_meters
            .contains(&rules.error_distance_meters)
    {
        return Err(Av2Error::Rules);
    }
    for (row, label) in labels.iter().enumerate() {
        check("labels", row, &label.object)?;
    }
    for (row, detection) in found.iter().enumerate() {
        check("detections", row, &detection.object)?;
        if !detection.score.is_finite() {
            return Err(Av2Error::Row {
                list: "detections",
                row,
                what: "score",
                value: detection.score,
            });
        }
    }
    let categories = labels.iter().map(|l| l.object.category);
    let categories = categories
        .chain(found.iter().map(|d| d.object.category))
        .max();
    let categories = categories.map_or(0, |last| last + 1);
    let asked = u32::try_from(rules.asked.min(MOST_CATEGORIES)).unwrap_or(0);
    let categories = categories.max(asked);
    Ok(Evaluation {
        categories: (0..categories)
            .map(|category| match_category(labels, found, category, &rules))
            .collect(),
        rules,
    })
}

impl CategoryMatches {
    fn rows<'a>(&'a self, weight: &'a dyn Fn(u32) -> u32) -> impl Iterator<Item = &'a Matched> {
        (self.detections.iter()).flat_map(|d| std::iter::repeat_n(d, weight(d.sweep) as usize))
    }

    fn precision(
        &self,
        distance: usize,
        labels: u64,
        recalls: &[f64],
        weight: &dyn Fn(u32) -> u32,
    ) -> f64 {
        let (mut recall, mut precision) = (Vec::new(), Vec::new());
        let mut hits = 0_u64;
        for row in self.rows(weight) {
            hits += u64::from(row.hits[distance]);
            recall.push(hits as f64 / labels as f64);
            precision.push(hits as f64 / recall.len() as f64);
        }
        envelope(&mut precision);
        let read = recalls
            .iter()
            .map(|&r| interpolate(r, &recall, &precision, 0.0));
        mean(read).unwrap_or(0.0)
    }

    fn scores(
        &self,
        rules: &Rules,
        is_asked: bool,
        weight: &dyn Fn(u32) -> u32,
    ) -> Option<CategoryScores> {
        let labels: u64 = self.labels.iter().map(|&s| u64::from(weight(s))).sum();
        let worst = [rules.error_distance_meters, 1.0, PI];
        if labels == 0 {
            let [translation, scale, orientation] = worst;
            return is_asked.then_some(CategoryScores {
                labels,
                scores: [0.0, translation, scale, orientation, 0.0],
            });
        }
        let recalls = spaced(0.0, 1.0, rules.recalls);
        let distances = rules.distances_meters.iter().enumerate();
        let ap = mean(distances.map(|(i, _)| self.precision(i, labels, &recalls, weight)));
        let ap = ap.unwrap_or(0.0);
        let at = (rules.distances_meters.iter()).position(|&d| d == rules.error_distance_meters)?;
        let mut errors = worst;
        for (kind, error) in errors.iter_mut().enumerate() {
            let hits = self.rows(weight).filter(|row| row.hits[at]);
            *error = mean(hits.map(|row| row.errors[kind])).unwrap_or(worst[kind]);
        }
        let good = mean(
            errors
                .iter()
                .zip(worst)
                .map(|(error, worst)| 1.0 - error / worst),
        );
        let composite = ap * good.unwrap_or(0.0);
        let [translation, scale, orientation] = errors;
        Some(CategoryScores {
            labels,
            scores: [ap, translation, scale, orientation, composite],
        })
    }
}

impl Evaluation {
    /// Scores by category, none where no label counts; `weights` says how often each sweep counts, once where there are
    /// none. Source: `summarize_metrics` of av2 0.3.6, without its rounding to three digits.
    pub fn scores(&self, weights: Option<&[u32]>) -> Vec<Option<CategoryScores>> {
        let weight = |sweep: u32| match weights {
            None => 1,
            Some(list) => list.get(sweep as usize).copied().unwrap_or(0),
        };
        let categories = self.categories.iter().enumerate();
        categories
            .map(|(i, c)| c.scores(&self.rules, i < self.rules.asked, &weight))
            .collect()
    }

    /// Means over the categories that have labels, in the order of [`SCORES`]. Errors: [`Av2Error::Nothing`].
    pub fn means(scores: &[Option<CategoryScores>]) -> Result<[f64; 5], Av2Error> {
        if scores.iter().flatten().all(|s| s.labels == 0) {
            return Err(Av2Error::Nothing);
        }
        let mut out = [0.0; 5];
        for (i, out) in out.iter_mut().enumerate() {
            *out = mean(scores.iter().flatten().map(|s| s.scores[i])).ok_or(Av2Error::Nothing)?;
        }
        Ok(out)
    }

    /// Intervals of the means by drawing sequences again; `sequence_of` names the sequence of each sweep, from 0.
    pub fn intervals(&self, sequence_of: &[u32], how: Resampling) -> Vec<Option<Interval>> {
        let units = sequence_of
            .iter()
            .max()
            .map_or(0, |&last| last as usize + 1);
        bootstrap_weights(units, how, |drawn| {
            let of = |&sequence: &u32| drawn[sequence as usize];
            let weights: Vec<u32> = sequence_of.iter().map(of).collect();
            let means = Self::means(&self.scores(Some(&weights)));
            means.map_or(Vec::new(), |m| m.map(Some).to_vec())
        })
    }
}
