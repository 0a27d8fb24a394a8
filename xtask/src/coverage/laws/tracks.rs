//! Laws of tracks and of points seen by several cameras.

use super::{Case, Noise, PLAIN, known, sampled};
use serde_json::{Value, json};

pub(super) const CASES: &[Case] = &[
    Case {
        measure: "tracking.scores",
        law: "sequences of 15 frames with 3 objects; a box is found with a chance that differs from sequence to sequence (0.6 to 1, evenly), with IoU 0.6 to 1; before 1 frame in 20 an object is given a new identity; 1 frame in 5 has a false box",
        unit: "sequences",
        sizes: &[10, 40],
        sample: 4_000,
        trials: 400,
        seed: 13,
        statistics: &[
            sampled("MOTA", "/summary/mota"),
            sampled("IDF1", "/summary/idf1"),
            sampled("HOTA", "/summary/hota"),
            known("recall", "/summary/recall", |_| 0.8),
            known("precision", "/summary/precision", |_| 2.4 / 2.6),
            known("MOTP", "/summary/motp", |_| 0.8),
        ],
        draw: sequences,
        ..PLAIN
    },
    Case {
        measure: "tracking.coherence",
        law: "independent tracks of ten frames: 1 in 10 misses a frame, 3 in 10 turn by half a turn once",
        unit: "tracks",
        seed: 14,
        is_resampled: false,
        statistics: &[
            known("broken", "/broken", |_| 0.1),
            known("flipping", "/flipping", |_| 0.3),
        ],
        draw: coherence,
        ..PLAIN
    },
    Case {
        measure: "tracking.view_agreement",
        law: "three cameras 1 m apart see points 8 to 10 m ahead, each pixel coordinate off by normal noise of 0.5 pixels",
        unit: "points",
        seed: 15,
        is_resampled: false,
        statistics: &[
            // Six coordinates less three of the point: 0.25 px^2 chi-squared with three degrees of freedom, whose
            // median is 2.365974, over three views. To first order of the noise over the focal length.
            known("median", "/median_px", |_| {
                0.5 * (2.365_974_f64 / 3.0).sqrt()
            }),
        ],
        draw: views,
        ..PLAIN
    },
];

fn sequences(noise: &mut Noise, n: usize) -> Value {
    let all: Vec<Value> = (0..n).map(|_| sequence(noise)).collect();
    json!({"sequences": all})
}

fn sequence(noise: &mut Noise) -> Value {
    let chance = noise.between(0.6, 1.0);
    let mut identity = [0, 1, 2];
    let mut next = 3;
    let mut fresh = || {
        next += 1;
        next
    };
    let mut frames = Vec::new();
    for _ in 0..15 {
        let (mut boxes, mut rows) = (Vec::new(), [Vec::new(), Vec::new(), Vec::new()]);
        let mut add = |id: i64, of: Option<usize>, overlap: f64| {
            boxes.push(id);
            for (object, row) in rows.iter_mut().enumerate() {
                row.push(if of == Some(object) { overlap } else { 0.0 });
            }
        };
        for (object, id) in identity.iter_mut().enumerate() {
            if noise.chance(0.05) {
                *id = fresh();
            }
            if noise.chance(chance) {
                add(*id, Some(object), noise.between(0.6, 1.0));
            }
        }
        if noise.chance(0.2) {
            add(fresh(), None, 0.0);
        }
        frames.push(json!({"gt": [0, 1, 2], "tr": boxes, "similarity": rows}));
    }
    Value::from(frames)
}

fn coherence(noise: &mut Noise, n: usize) -> Value {
    let track = |noise: &mut Noise| {
        let lost = noise.chance(0.1).then(|| 1 + noise.below(8));
        let flipped = noise.chance(0.3).then(|| 2 + noise.below(6));
        let is_flipped = |frame| flipped.is_some_and(|from| frame > from);
        (0..10)
            .filter(|frame| Some(*frame) != lost)
            .map(|frame| {
                let at = f64::from(u32::try_from(frame).unwrap_or(0));
                json!({
                    "secs": 0.1 * at, "frame": frame, "center_meters": [at, 0.0, 0.0],
                    "yaw_radians": if is_flipped(frame) { std::f64::consts::PI } else { 0.0 },
                    "size_meters": [4.5, 1.9, 1.6],
                })
            })
            .collect()
    };
    let tracks: Vec<Vec<Value>> = (0..n).map(|_| track(noise)).collect();
    json!({"tracks": tracks})
}

fn views(noise: &mut Noise, n: usize) -> Value {
    let places = [-1.0, 0.0, 1.0];
    let cameras: Vec<Value> = places
        .iter()
        .map(|x| {
            json!({
                "world_from_camera": [x, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
                "focal_px": [800.0, 800.0], "center_px": [640.0, 360.0], "size_px": [1280.0, 720.0],
            })
        })
        .collect();
    let point = |noise: &mut Noise| {
        let (x, y) = (noise.between(-1.0, 1.0), noise.between(-0.7, 0.7));
        let z = noise.between(8.0, 10.0);
        let mut seen = |view: usize| {
            let column = 640.0 + 800.0 * (x - places[view]) / z + 0.5 * noise.normal();
            let row = 360.0 + 800.0 * y / z + 0.5 * noise.normal();
            json!({"view": view, "pixel": [column, row]})
        };
        [seen(0), seen(1), seen(2)]
    };
    let points: Vec<[Value; 3]> = (0..n).map(|_| point(noise)).collect();
    json!({"views": cameras, "points": points})
}
