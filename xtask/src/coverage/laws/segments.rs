//! Laws of segmentation: small maps whose share of errors differs from image to image.

use super::{Case, Noise, PLAIN, known, sampled};
use serde_json::{Value, json};

pub(super) const CASES: &[Case] = &[
    Case {
        measure: "segmentation.miou",
        law: "images of 8 by 8 pixels, two of three classes side by side; of each image's pixels a share from 0 to 0.4, evenly, is given another class",
        unit: "images",
        sizes: &[20, 100],
        sample: 20_000,
        seed: 5,
        statistics: &[
            known("mIoU", "/summary/mIoU", |_| 0.8 / 1.2),
            known("accuracy", "/summary/accuracy", |_| 0.8),
            sampled("boundary mIoU", "/summary/boundary_mIoU"),
        ],
        draw: maps,
        ..PLAIN
    },
    Case {
        measure: "segmentation.panoptic",
        law: "images with 2 to 5 segments of two categories; each is found with a chance that differs from image to image (0.4 to 1, evenly), with IoU 0.6 to 1; half of those not found have a false alarm on them",
        unit: "images",
        sizes: &[20, 100],
        seed: 6,
        statistics: &[
            // Of each category 0.7 hits, 0.3 misses and 0.15 false alarms per segment.
            known("PQ", "/summary/PQ", |_| 0.7 * 0.8 / 0.925),
            known("SQ", "/summary/SQ", |_| 0.8),
            known("RQ", "/summary/RQ", |_| 0.7 / 0.925),
        ],
        draw: panoptic,
        ..PLAIN
    },
];

fn maps(noise: &mut Noise, n: usize) -> Value {
    let images: Vec<Value> = (0..n).map(|_| image(noise)).collect();
    json!({"classes": 3, "images": images})
}

fn image(noise: &mut Noise) -> Value {
    let wrong = noise.between(0.0, 0.4);
    let left = noise.below(3);
    let right = (left + 1 + noise.below(2)) % 3;
    let border = 2 + noise.below(5);
    let row: Vec<usize> = (0..8)
        .map(|x| if x < border { left } else { right })
        .collect();
    let label = vec![row.clone(); 8];
    let mut given = |class: usize| {
        if noise.chance(wrong) {
            (class + 1 + noise.below(2)) % 3
        } else {
            class
        }
    };
    let predicted: Vec<Vec<usize>> = (0..8)
        .map(|_| row.iter().map(|class| given(*class)).collect())
        .collect();
    json!({"label": label, "predicted": predicted})
}

/// One segment per row of ten pixels, of which the first ones are predicted.
fn panoptic(noise: &mut Noise, n: usize) -> Value {
    let one = |noise: &mut Noise| {
        let chance = noise.between(0.4, 1.0);
        let segments = 2 + noise.below(4);
        let (mut label, mut predicted) = (Vec::new(), Vec::new());
        let (mut labeled, mut found) = (Vec::new(), Vec::new());
        for id in 1..=segments {
            let segment = json!({"id": id, "category_id": 1 + noise.below(2)});
            let pixels = if noise.chance(chance) {
                6 + noise.below(5)
            } else if noise.chance(0.5) {
                3
            } else {
                0
            };
            label.push(vec![id; 10]);
            predicted.push((0..10).map(|x| if x < pixels { id } else { 0 }).collect());
            labeled.push(segment.clone());
            if pixels > 0 {
                found.push(segment);
            }
        }
        let predicted: Vec<Vec<usize>> = predicted;
        json!({
            "label": label, "label_segments": labeled,
            "predicted": predicted, "predicted_segments": found,
        })
    };
    let images: Vec<Value> = (0..n).map(|_| one(noise)).collect();
    json!({"things": [1], "images": images})
}
