//! Laws of detection: pictures of objects far apart, found with a chance that differs from picture to picture.

use super::{Case, Noise, PLAIN, known, sampled};
use serde_json::{Value, json};

/// Words of a law of images and of drives; `$how` says how near the boxes are.
macro_rules! pictures {
    ($how:literal) => {
        concat!(
            "images with 1 to 4 objects of two classes; each is found with a chance that differs from image to image (0.35 to 0.95, evenly), its box shifted by up to ",
            $how,
            " of its width, with scores that lean to 1; 0 to 2 false alarms per image with scores that lean to 0"
        )
    };
}
macro_rules! drives {
    ($how:literal) => {
        concat!(
            "drives of three key frames, each with 1 to 4 objects of two classes; each object is found with a chance that differs from drive to drive (0.35 to 0.95, evenly), off by up to ",
            $how,
            " and normal noise of 0.2 radians, with scores that lean to 1; 0 to 2 false alarms per key frame with scores that lean to 0"
        )
    };
}

const FLAT: (&str, f64) = (
    "with such boxes the precision hardly falls along the recall, and the best precision from each recall on is then biased upward about as much as it scatters, whatever the number of images; the correction for bias takes away a part of it",
    0.88,
);

/// Largest shift of boxes, over their width.
const ROUGH: f64 = 0.5;
const NEAR: f64 = 0.1;
/// Largest distance of objects, meters.
const FAR_METERS: f64 = 3.0;
const CLOSE_METERS: f64 = 0.6;

pub(super) const CASES: &[Case] = &[
    Case {
        measure: "detection.coco",
        law: pictures!("half"),
        unit: "images",
        sizes: &[20, 100, 300],
        seed: 7,
        weakness: Some(FLAT),
        statistics: &[
            sampled("AP", "/summary/AP"),
            sampled("AP50", "/summary/AP50"),
            known("AR100", "/summary/AR100", |_| recall(ROUGH)),
        ],
        draw: |noise, n| boxes_of_images(noise, n, (false, ROUGH)),
        ..IMAGES
    },
    Case {
        measure: "detection.coco",
        law: pictures!("a tenth"),
        unit: "images",
        sizes: &[20, 100, 300],
        seed: 23,
        statistics: &[
            sampled("AP", "/summary/AP"),
            sampled("AP50", "/summary/AP50"),
            known("AR100", "/summary/AR100", |_| recall(NEAR)),
        ],
        draw: |noise, n| boxes_of_images(noise, n, (false, NEAR)),
        ..IMAGES
    },
    Case {
        measure: "detection.lvis",
        law: pictures!("half"),
        unit: "images",
        sizes: &[20, 100, 300],
        seed: 8,
        weakness: Some(FLAT),
        statistics: &[
            sampled("AP", "/summary/AP"),
            sampled("AP50", "/summary/AP50"),
            sampled("APr", "/summary/APr"),
            known("AR300", "/summary/AR300", |_| recall(ROUGH)),
        ],
        draw: |noise, n| boxes_of_images(noise, n, (true, ROUGH)),
        ..IMAGES
    },
    Case {
        measure: "detection.voc",
        law: pictures!("half"),
        unit: "images",
        seed: 9,
        sizes: &[20, 100, 500],
        statistics: &[
            sampled("AP_11point", "/summary/AP_11point"),
            sampled("AP_all_points", "/summary/AP_all_points"),
        ],
        draw: |noise, n| voc(noise, n, ROUGH),
        ..IMAGES
    },
    Case {
        measure: "detection.voc",
        law: pictures!("a tenth"),
        unit: "images",
        seed: 24,
        sizes: &[20, 100, 500],
        statistics: &[
            sampled("AP_11point", "/summary/AP_11point"),
            sampled("AP_all_points", "/summary/AP_all_points"),
        ],
        draw: |noise, n| voc(noise, n, NEAR),
        ..IMAGES
    },
    Case {
        measure: "detection.kitti",
        law: pictures!("half"),
        unit: "images",
        seed: 10,
        sizes: &[20, 100, 500],
        statistics: &[
            sampled("cars, moderate, 40 points", "/bbox/AP_R40/0/1"),
            // No eleven points: their first is decided by the surest detection, so no sample gives a truth.
        ],
        draw: |noise, n| kitti(noise, n, ROUGH),
        ..IMAGES
    },
    Case {
        measure: "detection.kitti",
        law: pictures!("a tenth"),
        unit: "images",
        seed: 25,
        sizes: &[20, 100, 500],
        statistics: &[
            sampled("cars, moderate, 40 points", "/bbox/AP_R40/0/1"),
            sampled("cars, moderate, 11 points", "/bbox/AP_R11/0/1"),
        ],
        draw: |noise, n| kitti(noise, n, NEAR),
        ..IMAGES
    },
    Case {
        measure: "detection.nuscenes",
        law: drives!("3 m"),
        unit: "scenes",
        seed: 11,
        statistics: &[
            sampled("mAP", "/summary/mAP"),
            sampled("NDS", "/summary/NDS"),
            sampled("mATE", "/summary/mATE"),
        ],
        draw: |noise, n| nuscenes(noise, n, FAR_METERS),
        ..SCENES
    },
    Case {
        measure: "detection.nuscenes",
        law: drives!("0.6 m"),
        unit: "scenes",
        seed: 26,
        statistics: &[
            sampled("mAP", "/summary/mAP"),
            sampled("NDS", "/summary/NDS"),
            sampled("mATE", "/summary/mATE"),
        ],
        draw: |noise, n| nuscenes(noise, n, CLOSE_METERS),
        ..SCENES
    },
    Case {
        measure: "detection.av2",
        law: drives!("3 m"),
        unit: "logs",
        seed: 12,
        statistics: &[
            sampled("AP", "/summary/AP"),
            sampled("CDS", "/summary/CDS"),
            sampled("ATE", "/summary/ATE"),
        ],
        draw: |noise, n| av2(noise, n, FAR_METERS),
        ..SCENES
    },
    Case {
        measure: "detection.av2",
        law: drives!("0.6 m"),
        unit: "logs",
        seed: 27,
        statistics: &[
            sampled("AP", "/summary/AP"),
            sampled("CDS", "/summary/CDS"),
            sampled("ATE", "/summary/ATE"),
        ],
        draw: |noise, n| av2(noise, n, CLOSE_METERS),
        ..SCENES
    },
];

/// Average recall. It does not depend on scores: 65 in 100 are found, and a shift of a share `s` of the width leaves an
/// `IoU` of `(1 - s) / (1 + s)`, so that a threshold `t` is met by shares up to `(1 - t) / (1 + t)` of at most `reach`.
fn recall(reach: f64) -> f64 {
    let met = (0..10).map(|i| {
        let threshold = 0.5 + 0.05 * f64::from(i);
        ((1.0 - threshold) / (1.0 + threshold) / reach).min(1.0)
    });
    0.65 * met.sum::<f64>() / 10.0
}

const IMAGES: Case = Case {
    sizes: &[20, 100],
    sample: 40_000,
    trials: 400,
    ..PLAIN
};

const SCENES: Case = Case {
    sizes: &[10, 50],
    sample: 5_000,
    trials: 400,
    ..PLAIN
};

/// A labeled object and what was found of it.
struct Thing {
    /// 0 or 1.
    class: usize,
    /// Score and shift from 0 to 1, where it was found.
    found: Option<(f64, f64)>,
}

/// Class and score of a false alarm.
struct Alarm {
    class: usize,
    score: f64,
}

fn picture(noise: &mut Noise, chance: f64) -> (Vec<Thing>, Vec<Alarm>) {
    let things = (0..=noise.below(4))
        .map(|_| Thing {
            class: noise.below(2),
            found: noise
                .chance(chance)
                .then(|| (noise.between(0.0, 1.0).sqrt(), noise.between(0.0, 1.0))),
        })
        .collect();
    let alarms = (0..noise.below(3))
        .map(|_| Alarm {
            class: noise.below(2),
            score: 1.0 - noise.between(0.0, 1.0).sqrt(),
        })
        .collect();
    (things, alarms)
}

/// The chance of an object of one image or drive. Its mean, 0.65, is the highest recall there is; were it a multiple of
/// one tenth, chance alone would decide whether the last of eleven points counts, and no sample would give the truth.
fn chance(noise: &mut Noise) -> f64 {
    noise.between(0.35, 0.95)
}

/// Boxes of 40 pixels, 100 pixels apart; false alarms far below.
fn boxes_of_images(noise: &mut Noise, n: usize, (is_lvis, reach): (bool, f64)) -> Value {
    let (mut images, mut labels, mut results) = (Vec::new(), Vec::new(), Vec::new());
    for image in 1..=n {
        let chance = chance(noise);
        let (things, alarms) = picture(noise, chance);
        images.push(if is_lvis {
            // Both categories are verified everywhere.
            let is_absent = |category: &usize| !things.iter().any(|t| t.class + 1 == *category);
            let absent: Vec<usize> = [1, 2].into_iter().filter(is_absent).collect();
            json!({"id": image, "neg_category_ids": absent, "not_exhaustive_category_ids": []})
        } else {
            json!({"id": image})
        });
        let mut result = |class: usize, bbox: [f64; 4], score: f64| {
            results.push(json!({
                "image_id": image, "category_id": class + 1, "bbox": bbox, "score": score,
            }));
        };
        for (slot, thing) in things.iter().enumerate() {
            let x = 100.0 * slot as f64;
            labels.push(json!({
                "id": labels.len() + 1, "image_id": image, "category_id": thing.class + 1,
                "bbox": [x, 0.0, 40.0, 40.0], "area": 1600.0, "iscrowd": 0,
            }));
            if let Some((score, shift)) = thing.found {
                result(
                    thing.class,
                    [x + 40.0 * reach * shift, 0.0, 40.0, 40.0],
                    score,
                );
            }
        }
        for (slot, alarm) in alarms.iter().enumerate() {
            let x = 100.0 * slot as f64;
            result(alarm.class, [x, 500.0, 40.0, 40.0], alarm.score);
        }
    }
    let categories = json!([
        {"id": 1, "name": "car", "frequency": "f"},
        {"id": 2, "name": "person", "frequency": "r"},
    ]);
    json!({
        "ground_truth": {"images": images, "categories": categories, "annotations": labels},
        "results": results,
    })
}

fn voc(noise: &mut Noise, n: usize, reach: f64) -> Value {
    let (mut labels, mut results) = (Vec::new(), Vec::new());
    for image in 0..n {
        let row = |class: usize, x: f64, y: f64, score: f64| {
            json!({
                "image": image.to_string(), "category": (["car", "person"][class]),
                "corners": [x, y, x + 39.0, y + 39.0], "score": score,
            })
        };
        let chance = chance(noise);
        let (things, alarms) = picture(noise, chance);
        for (slot, thing) in things.iter().enumerate() {
            let x = 100.0 * slot as f64;
            labels.push(row(thing.class, x, 0.0, 0.0));
            let found = thing
                .found
                .map(|(score, shift)| (score, x + 40.0 * reach * shift));
            results.extend(found.map(|(score, x)| row(thing.class, x, 0.0, score)));
        }
        for (slot, alarm) in alarms.iter().enumerate() {
            results.push(row(alarm.class, 100.0 * slot as f64, 500.0, alarm.score));
        }
    }
    json!({"ground_truth": labels, "results": results})
}

/// Columns of one image.
#[derive(Default)]
struct Columns {
    name: Vec<&'static str>,
    bbox: Vec<[f64; 4]>,
    location: Vec<[f64; 3]>,
    score: Vec<f64>,
}

impl Columns {
    /// An object 10 m from its neighbors, shifted by a share of its size in the image and in space.
    fn push(&mut self, class: usize, (slot, y): (usize, f64), shift: f64, score: f64) {
        let x = 100.0 * slot as f64 + 60.0 * shift;
        self.name.push(["Car", "Pedestrian"][class]);
        self.bbox.push([x, y, x + 60.0, y + 60.0]);
        let along = 10.0 * slot as f64 + 4.0 * shift;
        self.location.push([along, 1.5, 20.0 + y / 10.0]);
        self.score.push(score);
    }

    fn json(self) -> Value {
        let n = self.name.len();
        json!({
            "name": self.name, "bbox": self.bbox, "location": self.location, "score": self.score,
            "alpha": vec![0.0; n], "rotation_y": vec![0.0; n], "dimensions": vec![[4.0, 1.5, 1.8]; n],
        })
    }
}

fn kitti(noise: &mut Noise, n: usize, reach: f64) -> Value {
    let (mut labels, mut results) = (Vec::new(), Vec::new());
    for _ in 0..n {
        let (mut gt, mut dt) = (Columns::default(), Columns::default());
        let chance = chance(noise);
        let (things, alarms) = picture(noise, chance);
        for (slot, thing) in things.iter().enumerate() {
            gt.push(thing.class, (slot, 100.0), 0.0, 0.0);
            if let Some((score, shift)) = thing.found {
                dt.push(thing.class, (slot, 100.0), reach * shift, score);
            }
        }
        for (slot, alarm) in alarms.iter().enumerate() {
            dt.push(alarm.class, (slot, 300.0), 0.0, alarm.score);
        }
        labels.push(gt.json());
        results.push(dt.json());
    }
    json!({"gt": labels, "dt": results})
}

/// What a row of a drive needs to know.
struct Spot {
    drive: usize,
    frame: usize,
    class: usize,
    place: [f64; 2],
    yaw: f64,
    score: f64,
}

/// Labels and results of drives of three frames; objects are 20 m apart, false alarms far from all of them.
fn drives(
    noise: &mut Noise,
    n: usize,
    (reach, row): (f64, fn(&Spot) -> Value),
) -> (Vec<Value>, Vec<Value>) {
    let (mut labels, mut results) = (Vec::new(), Vec::new());
    for drive in 0..n {
        let chance = chance(noise);
        for frame in 0..3 {
            let (things, alarms) = picture(noise, chance);
            let spot = |class: usize, place: [f64; 2], yaw: f64, score: f64| Spot {
                drive,
                frame,
                class,
                place,
                yaw,
                score,
            };
            for (slot, thing) in things.iter().enumerate() {
                let x = 20.0 * slot as f64;
                labels.push(row(&spot(thing.class, [x, 5.0], 0.3, 0.0)));
                if let Some((score, shift)) = thing.found {
                    let yaw = 0.3 + 0.2 * noise.normal();
                    results.push(row(&spot(
                        thing.class,
                        [x + reach * shift, 5.0],
                        yaw,
                        score,
                    )));
                }
            }
            for (slot, alarm) in alarms.iter().enumerate() {
                let place = [20.0 * slot as f64, -40.0];
                results.push(row(&spot(alarm.class, place, 0.0, alarm.score)));
            }
        }
    }
    (labels, results)
}

fn nuscenes(noise: &mut Noise, n: usize, reach: f64) -> Value {
    let (labels, results) = drives(
        noise,
        n,
        (reach, |spot| {
            let [x, y] = spot.place;
            json!({
                "sample_token": format!("{}-{}", spot.drive, spot.frame),
                "scene": spot.drive.to_string(),
                "detection_name": (["car", "pedestrian"][spot.class]),
                "attribute_name": (["vehicle.moving", "pedestrian.moving"][spot.class]),
                "translation": [x, y, 1.0], "size": [1.9, 4.5, 1.6], "yaw": spot.yaw,
                "velocity": [3.0 + spot.yaw, 0.0], "detection_score": spot.score,
            })
        }),
    );
    json!({"ground_truth": labels, "results": results})
}

fn av2(noise: &mut Noise, n: usize, reach: f64) -> Value {
    let (labels, results) = drives(
        noise,
        n,
        (reach, |spot| {
            let [x, y] = spot.place;
            json!({
                "log_id": spot.drive.to_string(), "timestamp_ns": spot.frame,
                "category": (["REGULAR_VEHICLE", "PEDESTRIAN"][spot.class]),
                "tx_m": x, "ty_m": y, "tz_m": 1.0, "length_m": 4.5, "width_m": 1.9, "height_m": 1.6,
                "qw": (0.5 * spot.yaw).cos(), "qx": 0.0, "qy": 0.0, "qz": (0.5 * spot.yaw).sin(),
                "score": spot.score,
            })
        }),
    );
    json!({"ground_truth": labels, "results": results})
}
