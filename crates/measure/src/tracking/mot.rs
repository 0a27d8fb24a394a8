//! What `MOTChallenge` leaves out before it scores.

use super::assign::{Assigner, Edge};
use super::sequence::{BoxXywh, iou};

/// Class of pedestrians in `gt.txt`, the only one that is scored.
pub const MOT_PEDESTRIAN: u32 = 1;
/// Classes that look like pedestrians: on a vehicle, standing, distractor, reflection.
const DISTRACTORS: [u32; 4] = [2, 7, 8, 12];
/// Class of vehicles that MOT20 takes for a distractor too.
const NON_MOT_VEHICLE: u32 = 6;
/// Similarity at which a box of the tracker is taken for a box of the ground truth.
const THRESHOLD: f64 = 0.5;

/// A row of `gt.txt`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MotBox {
    /// Id of the object.
    pub id: i64,
    /// Left, top, width, height; pixels.
    pub bounds: BoxXywh,
    /// Class, column 8.
    pub class: u32,
    /// Whether column 7 is not 0.
    pub is_considered: bool,
}

/// The boxes of one side that are scored, with their ids.
pub type Boxes = Vec<(i64, BoxXywh)>;

/// The boxes of a frame that `MOTChallenge` scores: of the ground truth pedestrians that are considered; of the tracker
/// all but those that belong to a distractor when every box of the ground truth is matched at a similarity of 0.5.
///
/// For MOT15, which has no classes, give every box [`MOT_PEDESTRIAN`]. Cost: one comparison per two boxes and an
/// assignment. Source: Dendorfer et al. 2020; `TrackEval` 1.3.0 `MotChallenge2DBox`.
pub fn mot_frame(
    gt: &[MotBox],
    tracker: &[(i64, BoxXywh)],
    is_mot20: bool,
    assigner: &mut Assigner,
) -> (Boxes, Boxes) {
    let mut edges = Vec::new();
    for (row, a) in (0_u32..).zip(gt) {
        for (col, (_, b)) in (0_u32..).zip(tracker) {
            let weight = iou(&a.bounds, b);
            if weight >= THRESHOLD - f64::EPSILON {
                edges.push(Edge { row, col, weight });
            }
        }
    }
    let mut is_dropped = vec![false; tracker.len()];
    for m in assigner.best(gt.len(), tracker.len(), &edges) {
        let class = gt.get(m.row as usize).map_or(MOT_PEDESTRIAN, |g| g.class);
        let is_distractor = DISTRACTORS.contains(&class) || (is_mot20 && class == NON_MOT_VEHICLE);
        if let Some(flag) = is_dropped.get_mut(m.col as usize) {
            *flag = is_distractor;
        }
    }
    let scored = gt
        .iter()
        .filter(|g| g.is_considered && g.class == MOT_PEDESTRIAN)
        .map(|g| (g.id, g.bounds));
    let kept = tracker
        .iter()
        .zip(&is_dropped)
        .filter(|(_, dropped)| !**dropped);
    (scored.collect(), kept.map(|(t, _)| *t).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_on_distractors_do_not_count() {
        let at = |x: f64| [x, 0.0, 10.0, 20.0];
        let row = |id, x, class, is_considered| MotBox {
            id,
            bounds: at(x),
            class,
            is_considered,
        };
        let gt = [
            row(1, 0.0, MOT_PEDESTRIAN, true),
            row(2, 50.0, 8, true),
            row(3, 100.0, MOT_PEDESTRIAN, false),
            row(4, 150.0, NON_MOT_VEHICLE, true),
        ];
        let tracker = [
            (7, at(0.5)),
            (8, at(50.5)),
            (9, at(100.0)),
            (10, at(150.0)),
            (11, at(300.0)),
        ];
        let mut assigner = Assigner::new();
        let ids = |boxes: &Boxes| boxes.iter().map(|b| b.0).collect::<Vec<i64>>();
        let (scored, kept) = mot_frame(&gt, &tracker, false, &mut assigner);
        assert_eq!((ids(&scored), ids(&kept)), (vec![1], vec![7, 9, 10, 11]));
        let (_, kept) = mot_frame(&gt, &tracker, true, &mut assigner);
        assert_eq!(ids(&kept), [7, 9, 11]);
    }
}
