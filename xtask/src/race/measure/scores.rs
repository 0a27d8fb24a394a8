//! Scores of detectors and trackers against the packages they replace.
//!
//! Read [`run`] first. Evaluation alone is compared: every program has read its files before the clock starts. Ours
//! checks and sorts the rows within its time.

use super::timing::{Peer, Race, race};
use super::{Duel, Setting};
use crate::race::kernels::Random;
use anyhow::Result;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const COCO: [Peer; 3] = [
    Peer {
        package: "pycocotools",
        version: "2.0.11",
        word: "pycocotools",
        runs: 1,
        does: "`evaluate`, `accumulate`, `summarize`",
    },
    Peer {
        package: "hotcoco",
        version: "1.3.0",
        word: "hotcoco",
        runs: 3,
        does: "the same",
    },
    Peer {
        package: "ultrafast-pycocotools",
        version: "0.1.14",
        word: "ultrafast_pycocotools",
        runs: 3,
        does: "the same",
    },
];

const TRACKING: [Peer; 2] = [
    Peer {
        package: "trackeval",
        version: "1.3.0",
        word: "trackeval",
        runs: 3,
        does: "`_calculate_box_ious`, `eval_sequence` of HOTA, CLEAR and Identity",
    },
    Peer {
        package: "motrics",
        version: "0.3.0",
        word: "motrics",
        runs: 3,
        does: "`evaluate`",
    },
];

/// Boxes of COCO, and tracks.
pub(super) fn run(setting: &Setting<'_>) -> Result<Vec<Duel>> {
    let boxes = coco_files(&setting.place)?;
    let tracks = tracking_files(&setting.place)?;
    Ok(vec![
        race(
            &Race {
                part: "scores",
                title: "COCO's scores of boxes",
                aim: 1.0,
                same: 1e-9,
                note: "Against pycocotools the aim is 100 times; hotcoco and ultrafast-pycocotools should not be faster. Time of ours includes checking and sorting the rows.",
                input: boxes.1,
                program: "examples/scores",
                verb: "coco",
                does: "`Matched::new`, `scores`, `summary`",
                script: "bench/peers/coco_boxes.py",
                files: boxes.0.to_vec(),
                settings: &[],
                peers: &COCO,
            },
            setting,
        )?,
        race(
            &Race {
                part: "scores",
                title: "HOTA, CLEAR and identity scores of tracks",
                aim: 1.0,
                same: 1e-9,
                note: "Against TrackEval the aim is 7 times; motrics should not be faster; its MOTA is left out, as it differs from the one TrackEval and we compute. Similarities are part of the time on all sides.",
                input: tracks.1,
                program: "examples/scores",
                verb: "mot",
                does: "`Sequence::push_boxes`, `tracking_counts`, `tracking_summary`",
                script: "bench/peers/tracking.py",
                files: tracks.0.to_vec(),
                settings: &[],
                peers: &TRACKING,
            },
            setting,
        )?,
    ])
}

/// Where the files are, and what they are.
type Input = ([PathBuf; 2], String);

/// Draws between two ends, hundredths.
fn between(random: &mut Random, low: f64, high: f64) -> f64 {
    let value = low + (random.centered() + 0.5) * (high - low);
    (100.0 * value).round() / 100.0
}

/// Labels and detections of COCO in the making.
struct Scenes {
    random: Random,
    annotations: Vec<Value>,
    found: Vec<Value>,
}

impl Scenes {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        between(&mut self.random, low, high)
    }

    /// A side of a small, medium or large box, pixels.
    fn side(&mut self) -> f64 {
        let at = self.between(0.0, 2.99);
        let size = match at {
            0.0..1.0 => 20.0,
            1.0..2.0 => 60.0,
            _ => 150.0,
        };
        self.between(0.5 * size, 1.5 * size)
    }

    /// 1 to 80.
    #[expect(clippy::cast_possible_truncation, reason = "1 to 80")]
    fn category(&mut self) -> i64 {
        self.between(1.0, 80.99) as i64
    }

    /// A labeled object and three detections of it, one in ten of another category.
    fn object(&mut self, image: usize) {
        let (w, h) = (self.side(), self.side());
        let (x, y) = (self.between(0.0, 640.0 - w), self.between(0.0, 480.0 - h));
        let category = self.category();
        let is_crowd = self.between(0.0, 1.0) < 0.02;
        self.annotations.push(json!({
            "id": self.annotations.len() + 1, "image_id": image, "category_id": category,
            "bbox": [x, y, w, h], "area": 0.7 * w * h, "iscrowd": u8::from(is_crowd)
        }));
        for _ in 0..3 {
            let bbox = [(x, w), (y, h), (w, w), (h, h)]
                .map(|(at, by)| at + by * self.between(-0.25, 0.25));
            let is_same = self.between(0.0, 1.0) < 0.9;
            let of = if is_same { category } else { self.category() };
            let score = self.random.centered() + 0.5;
            self.push(image, of, bbox, score);
        }
    }

    /// A detection of nothing.
    fn stray(&mut self, image: usize) {
        let corner = [self.between(0.0, 600.0), self.between(0.0, 440.0)];
        let bbox = [corner[0], corner[1], self.side(), self.side()];
        let category = self.category();
        let score = (self.random.centered() + 0.5).powi(2);
        self.push(image, category, bbox, score);
    }

    fn push(&mut self, image: usize, category: i64, bbox: [f64; 4], score: f64) {
        self.found.push(
            json!({"image_id": image, "category_id": category, "bbox": bbox, "score": score}),
        );
    }
}

/// 5,000 images of 80 categories: objects of three sizes, of which each is found three times, and false detections.
fn coco_files(place: &Path) -> Result<Input> {
    const IMAGES: usize = 5000;
    const DETECTIONS: usize = 200_000;
    let mut scenes = Scenes {
        random: Random::new(7),
        annotations: Vec::new(),
        found: Vec::new(),
    };
    for image in 1..=IMAGES {
        for _ in 0..7 {
            scenes.object(image);
        }
        while scenes.found.len() < image * DETECTIONS / IMAGES {
            scenes.stray(image);
        }
    }
    let images: Vec<Value> = (1..=IMAGES)
        .map(|id| json!({"id": id, "width": 640, "height": 480}))
        .collect();
    let categories: Vec<Value> = (1..=80)
        .map(|id| json!({"id": id, "name": format!("c{id}")}))
        .collect();
    let input = format!(
        "{IMAGES} images of 80 categories, {} labels, {} detections, made by a seeded generator",
        scenes.annotations.len(),
        scenes.found.len()
    );
    let labels =
        json!({"images": images, "categories": categories, "annotations": scenes.annotations});
    let files = ["gt.json", "dt.json"].map(|name| place.join(name));
    std::fs::write(&files[0], labels.to_string())?;
    std::fs::write(&files[1], Value::from(scenes.found).to_string())?;
    Ok((files, input))
}

/// 1,000 frames of 50 objects that walk, and tracks of them that slip, are lost and change their ids.
fn tracking_files(place: &Path) -> Result<Input> {
    const FRAMES: usize = 1000;
    const OBJECTS: usize = 50;
    let mut random = Random::new(8);
    let (mut labels, mut tracks) = (String::new(), String::new());
    let mut centers: Vec<[f64; 2]> = (0..OBJECTS)
        .map(|_| {
            [
                between(&mut random, 0.0, 1800.0),
                between(&mut random, 0.0, 1000.0),
            ]
        })
        .collect();
    let mut ids: Vec<usize> = (1..=OBJECTS).collect();
    let mut next = OBJECTS + 1;
    for frame in 1..=FRAMES {
        for (object, (center, id)) in centers.iter_mut().zip(&mut ids).enumerate() {
            for at in center.iter_mut() {
                *at += between(&mut random, -6.0, 6.0);
            }
            let [x, y] = *center;
            writeln!(
                labels,
                "{frame},{},{x:.2},{y:.2},60,120,1,-1,-1,-1",
                object + 1
            )?;
            if between(&mut random, 0.0, 1.0) < 0.01 {
                (*id, next) = (next, next + 1);
            }
            if between(&mut random, 0.0, 1.0) < 0.1 {
                continue;
            }
            let (dx, dy) = (
                between(&mut random, -12.0, 12.0),
                between(&mut random, -20.0, 20.0),
            );
            writeln!(
                tracks,
                "{frame},{id},{:.2},{:.2},60,120,1,-1,-1,-1",
                x + dx,
                y + dy
            )?;
        }
    }
    let files = ["gt.txt", "tracks.txt"].map(|name| place.join(name));
    std::fs::write(&files[0], labels)?;
    std::fs::write(&files[1], tracks)?;
    let input = format!("{FRAMES} frames of {OBJECTS} objects, made by a seeded generator");
    Ok((files, input))
}
