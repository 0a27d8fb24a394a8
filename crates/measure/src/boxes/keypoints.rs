//! Similarity of skeletons.
//!
//! Read [`oks`] first. Not here: which skeleton is matched with which.

use super::{BoxError, Rect, finite};

/// How much people differ on each of COCO's 17 joints, relative to the size of the person (cocoeval of
/// pycocotools 2.0.11, `kpt_oks_sigmas`).
pub const COCO_SIGMAS: [f64; 17] = [
    0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107,
    0.087, 0.087, 0.089, 0.089,
];

/// The labeled skeleton another is compared with.
#[derive(Clone, Copy, Debug)]
pub struct Keypoints<'a> {
    /// x, y and visibility in turn; visibility 0 is not labeled.
    pub joints: &'a [f64],
    /// Area of the object, square pixels.
    pub area: f64,
    /// Its box.
    pub bounds: Rect,
}

/// Object keypoint similarity, 0 to 1: the mean over labeled joints of `exp(-d^2 / (2 area (2 sigma)^2))`.
///
/// `found` holds x, y and anything in turn; `sigmas` one number per joint. Where no joint is labeled, the distances are
/// those of all joints found to the label's box made three times as large, as COCO treats crowds.
/// Errors: lengths that differ, no joints, a coordinate that is not finite. Cost: linear.
/// Source: `computeOks` of pycocotools 2.0.11.
pub fn oks(truth: &Keypoints, found: &[f64], sigmas: &[f64]) -> Result<f64, BoxError> {
    for (what, list) in [
        ("joints of the label", truth.joints),
        ("joints found", found),
    ] {
        if list.len() != 3 * sigmas.len() {
            return Err(BoxError::Length {
                what,
                found: list.len(),
                expected: 3 * sigmas.len(),
            });
        }
        for &value in list {
            finite(what, value)?;
        }
    }
    if sigmas.is_empty() {
        return Err(BoxError::NoArea);
    }
    Ok(similarity(truth, found, sigmas))
}

/// [`oks`] of lists that were checked.
pub(crate) fn similarity(truth: &Keypoints, found: &[f64], sigmas: &[f64]) -> f64 {
    let any_labeled = truth.joints.chunks_exact(3).any(|joint| joint[2] > 0.0);
    let b = truth.bounds;
    let beyond = |x: f64, start: f64, length: f64| {
        (start - length - x).max(0.0) + (x - (start + 2.0 * length)).max(0.0)
    };
    let (mut sum, mut n) = (0.0, 0_usize);
    let joints = truth.joints.chunks_exact(3).zip(found.chunks_exact(3));
    for ((joint, seen), sigma) in joints.zip(sigmas) {
        let (dx, dy) = if !any_labeled {
            (
                beyond(seen[0], b.x, b.width),
                beyond(seen[1], b.y, b.height),
            )
        } else if joint[2] > 0.0 {
            (seen[0] - joint[0], seen[1] - joint[1])
        } else {
            continue;
        };
        let variance = (sigma * 2.0) * (sigma * 2.0);
        let exponent = (dx * dx + dy * dy) / variance / (truth.area + f64::EPSILON) / 2.0;
        sum += (-exponent).exp();
        n += 1;
    }
    sum / n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_skeleton_is_fully_similar_and_far_ones_are_not() {
        let joints = [10.0, 20.0, 2.0, 30.0, 40.0, 1.0];
        let truth = Keypoints {
            joints: &joints,
            area: 400.0,
            bounds: Rect {
                x: 0.0,
                y: 0.0,
                width: 40.0,
                height: 50.0,
            },
        };
        assert_eq!(oks(&truth, &joints, &[0.05, 0.05]), Ok(1.0));
        let far = [900.0, 20.0, 1.0, 30.0, 40.0, 1.0];
        assert_eq!(oks(&truth, &far, &[0.05, 0.05]), Ok(0.5));
        assert!(oks(&truth, &far[..3], &[0.05, 0.05]).is_err());
        // A crowd: inside the enlarged box counts as hit.
        let unlabeled = [0.0; 6];
        let crowd = Keypoints {
            joints: &unlabeled,
            ..truth
        };
        assert_eq!(oks(&crowd, &joints, &[0.05, 0.05]), Ok(1.0));
    }
}
