//! KITTI.

use super::Bootstrap;
use crate::boxes::Rect;
use crate::detection::kitti::{
    CLASSES, Class, Dataset, Evaluation, Found, KittiError, Label, View, at_11, at_40,
};
use crate::registry::{About, Direction, Measure, call};
use crate::stats::{Estimate, Interval};
use serde::{Deserialize, Serialize};

/// Columns of one image, as label files hold them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Columns {
    name: Vec<Class>,
    #[serde(default)]
    truncated: Vec<f64>,
    #[serde(default)]
    occluded: Vec<f64>,
    alpha: Vec<f64>,
    bbox: Vec<[f64; 4]>,
    dimensions: Vec<[f64; 3]>,
    location: Vec<[f64; 3]>,
    rotation_y: Vec<f64>,
    #[serde(default)]
    score: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    gt: Vec<Columns>,
    dt: Vec<Columns>,
    #[serde(default)]
    bootstrap: Option<Bootstrap>,
}

/// Why a case cannot be scored.
#[derive(Debug, thiserror::Error)]
enum CaseProblem {
    #[error(transparent)]
    Score(#[from] KittiError),
    #[error(
        "{list} image `{image}` has columns of different lengths; hint: one entry per object in each"
    )]
    Columns { list: &'static str, image: usize },
    #[error(
        "there are detections of `{found}` images for `{expected}`; hint: an image without detections has empty columns"
    )]
    Images { found: usize, expected: usize },
}

impl Columns {
    fn rows(&self, list: &'static str, image: usize) -> Result<Vec<Label>, CaseProblem> {
        let n = self.name.len();
        let or_zeros = |given: &[f64]| match given.len() {
            0 => vec![0.0; n],
            _ => given.to_vec(),
        };
        let (truncated, occluded) = (or_zeros(&self.truncated), or_zeros(&self.occluded));
        let lengths = [
            truncated.len(),
            occluded.len(),
            self.alpha.len(),
            self.bbox.len(),
            self.dimensions.len(),
            self.location.len(),
            self.rotation_y.len(),
        ];
        if lengths.iter().any(|&length| length != n) {
            return Err(CaseProblem::Columns { list, image });
        }
        let row = |i: usize| Label {
            image,
            class: self.name[i],
            truncated: truncated[i],
            occluded: occluded[i],
            alpha_radians: self.alpha[i],
            bounds: Rect::from_corners(self.bbox[i]),
            dimensions_meters: self.dimensions[i],
            location_meters: self.location[i],
            rotation_y_radians: self.rotation_y[i],
        };
        Ok((0..n).map(row).collect())
    }
}

fn percent(interval: Interval) -> Interval {
    Interval {
        low: 100.0 * interval.low,
        high: 100.0 * interval.high,
    }
}

/// Percent, by class and difficulty.
type Table = Vec<Vec<Option<Estimate>>>;

#[derive(Default, Serialize)]
struct Scores {
    #[serde(rename = "AP_R11")]
    at_11: Table,
    #[serde(rename = "AP_R40")]
    at_40: Table,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    precision: Vec<Vec<Vec<f64>>>,
}

#[derive(Serialize)]
struct Scored {
    classes: [&'static str; 3],
    difficulty: [&'static str; 3],
    bbox: Scores,
    aos: Option<Scores>,
    bev: Scores,
    #[serde(rename = "3d")]
    space: Scores,
}

fn tables(dataset: &Dataset, how: Option<Bootstrap>) -> [Scores; 2] {
    let mut out: [Scores; 2] = Default::default();
    for class in 0..CLASSES.len() {
        let mut rows: [Vec<Option<Estimate>>; 4] = Default::default();
        let mut precision = Vec::new();
        for difficulty in 0..3 {
            let evaluation: Evaluation = dataset.evaluate(class, difficulty);
            let curve = evaluation.curve(None);
            let intervals = how.map_or(Vec::new(), |how| evaluation.intervals(how.into()));
            let values = curve
                .as_ref()
                .map(|c| [&c.precision, &c.orientation].map(|curve| [at_11(curve), at_40(curve)]));
            for (i, row) in rows.iter_mut().enumerate() {
                let interval = intervals.get(i).copied().flatten().map(percent);
                let n = curve.as_ref().map_or(0, |c| c.labels);
                row.push(values.map(|v| Estimate::with(100.0 * v[i / 2][i % 2], interval, n)));
            }
            precision.push(curve.map_or(Vec::new(), |c| c.precision.to_vec()));
        }
        let [at_11, at_40, aos_at_11, aos_at_40] = rows;
        out[0].at_11.push(at_11);
        out[0].at_40.push(at_40);
        out[0].precision.push(precision);
        out[1].at_11.push(aos_at_11);
        out[1].at_40.push(aos_at_40);
    }
    out
}

fn score(case: &Case) -> Result<Scored, CaseProblem> {
    let images = case.gt.len();
    if case.dt.len() != images {
        return Err(CaseProblem::Images {
            found: case.dt.len(),
            expected: images,
        });
    }
    let (mut labels, mut found) = (Vec::new(), Vec::new());
    for (image, (gt, dt)) in case.gt.iter().zip(&case.dt).enumerate() {
        labels.extend(gt.rows("gt", image)?);
        let rows = dt.rows("dt", image)?;
        if dt.score.len() != rows.len() {
            return Err(CaseProblem::Columns { list: "dt", image });
        }
        let scored = rows.into_iter().zip(&dt.score);
        found.extend(scored.map(|(label, &score)| Found { label, score }));
    }
    let of = |view| Dataset::new(images, &labels, &found, view);
    let image = of(View::Image)?;
    let [bbox, aos] = tables(&image, case.bootstrap);
    let [bev, _] = tables(&of(View::BirdsEye)?, case.bootstrap);
    let [space, _] = tables(&of(View::Space)?, case.bootstrap);
    Ok(Scored {
        classes: CLASSES.map(|(_, name, _)| name),
        difficulty: ["easy", "moderate", "hard"],
        bbox,
        aos: image.has_orientation().then_some(aos),
        bev,
        space,
    })
}

pub(super) const KITTI: Measure = Measure {
    name: "detection.kitti",
    about: About {
        title: "KITTI's average precision of image boxes, orientation, footprints and boxes in space",
        formula: "41 thresholds of the score at which the recall is nearest to multiples of 1/40; at each, hits overlap more than 0.7 (cars) or 0.5 (pedestrians, cyclists); AP in percent is the mean of the best precision from each recall on, over 11 (every fourth, from 0) or 40 (from 1/40) points; orientation weighs hits by (1 + cos of the error) / 2; by class (rows) and difficulty easy, moderate, hard",
        defaults: "easy: height above 40 px, visible, truncated to 15 % at most; moderate: 25 px, partly occluded, 30 %; hard: 25 px, largely occluded, 50 %; null where no label counts; n counts labels; intervals draw images, each draw with its own thresholds",
        direction: Direction::Higher,
        blind_spots: "the eleven points give 9 percent for a single sure hit, so the surest detection alone moves the score, whatever the number of images; every hit gives one threshold at most, so with fewer than 40 labels the 40 points cannot reach the recall and the score is too low, its interval too; regions of \"don't care\" excuse image boxes only; detections below the height count for no class but may take a label",
        peers: "kitti-object-eval-python 9f385f8 with footprints by shapely 2.2.0, to 1e-9",
        source: "Geiger et al. 2012; Simonelli et al. 2019 (40 points); devkit_object of 2017",
    },
    example: r#"{"gt": [{"name": ["Car"], "truncated": [0], "occluded": [0], "alpha": [0.1], "bbox": [[100, 100, 200, 160]], "dimensions": [[4, 1.5, 1.7]], "location": [[1, 1.6, 20]], "rotation_y": [0.2]}], "dt": [{"name": ["Car"], "alpha": [0.2], "bbox": [[102, 100, 201, 161]], "dimensions": [[4, 1.5, 1.7]], "location": [[1, 1.6, 20.1]], "rotation_y": [0.25], "score": [0.9]}]}"#,
    run: |case| call(case, score),
};
