//! How exactly annotators place what they agree on.

use super::AgreementError;
use super::objects::{Clustering, Scene, Shape};
use crate::stats::{Estimate, Resampling, bootstrap, quantiles};

/// One pair of marks of the same thing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// Overlap, 0 to 1.
    pub iou: f64,
    /// Distance of the centers, pixels or meters.
    pub center: f64,
    /// Larger area or volume over the smaller one, at least 1.
    pub size_ratio: f64,
    /// Difference of headings in radians, 0 to pi; none without headings.
    pub yaw_radians: Option<f64>,
}

/// Agreement on places.
#[derive(Clone, Debug, PartialEq)]
pub struct LocationAgreement {
    /// Median overlap; intervals come from drawing images again.
    pub iou: Estimate,
    /// Median distance of centers, pixels or meters.
    pub center: Estimate,
    /// Median ratio of sizes.
    pub size_ratio: Estimate,
    /// Median difference of headings where half a turn does not count, radians; none without headings.
    pub yaw_radians: Option<Estimate>,
    /// Share of pairs whose headings differ by more than a quarter turn; none without headings.
    pub flipped: Option<f64>,
    /// 95 % of the centers are at most this far apart: the tail is what medians hide.
    pub center_95: f64,
    /// Pairs of marks.
    pub pairs: usize,
}

fn compare(a: &Shape, b: &Shape) -> Result<Option<Placed>, AgreementError> {
    let ratio = |x: f64, y: f64| if x > y { x / y } else { y / x };
    Ok(match (a, b) {
        (Shape::Rect(a), Shape::Rect(b)) => {
            let middle = |r: &crate::boxes::Rect| [r.x + 0.5 * r.width, r.y + 0.5 * r.height];
            let ([x, y], [u, v]) = (middle(a), middle(b));
            Some(Placed {
                iou: a.iou(b),
                center: (x - u).hypot(y - v),
                size_ratio: ratio(a.area(), b.area()),
                yaw_radians: None,
            })
        }
        (Shape::Cuboid(a), Shape::Cuboid(b)) => {
            let ([x, y], [u, v]) = (a.footprint.center_meters, b.footprint.center_meters);
            let rise = a.center_z_meters - b.center_z_meters;
            let turn = a.footprint.yaw_radians - b.footprint.yaw_radians;
            let turn = turn.rem_euclid(std::f64::consts::TAU);
            Some(Placed {
                iou: a.iou(b),
                center: (x - u).hypot(y - v).hypot(rise),
                size_ratio: ratio(a.volume(), b.volume()),
                yaw_radians: Some(turn.min(std::f64::consts::TAU - turn)),
            })
        }
        (Shape::Mask(a), Shape::Mask(b)) => {
            let middle = |m: &crate::boxes::Mask| {
                let r = m.bounds();
                [r.x + 0.5 * r.width, r.y + 0.5 * r.height]
            };
            let ([x, y], [u, v]) = (middle(a), middle(b));
            Some(Placed {
                iou: a.iou(b)?,
                center: (x - u).hypot(y - v),
                size_ratio: ratio(a.area() as f64, b.area() as f64),
                yaw_radians: None,
            })
        }
        _ => None,
    })
}

/// Medians over all pairs of marks that were put together, with intervals from drawing images again.
///
/// `clusters` are those of [`super::object_agreement`], one for each scene. Boxes without area and shapes without an area
/// (points, spans) are left out. Errors: no pair, lists of other lengths. Cost: pairs, times resamples.
pub fn location_agreement(
    scenes: &[Scene],
    clusters: &[Clustering],
    how: Option<Resampling>,
) -> Result<LocationAgreement, AgreementError> {
    if scenes.len() != clusters.len() {
        let (found, expected) = (clusters.len(), scenes.len());
        return Err(AgreementError::Length {
            what: "clusters",
            found,
            expected,
        });
    }
    let mut images: Vec<Vec<Placed>> = Vec::with_capacity(scenes.len());
    for (scene, clustering) in scenes.iter().zip(clusters) {
        let mut placed = Vec::new();
        for cluster in &clustering.clusters {
            for (i, &a) in cluster.iter().enumerate() {
                for &b in &cluster[..i] {
                    let found = compare(&scene.objects[a].shape, &scene.objects[b].shape)?;
                    placed.extend(found.filter(|p| p.size_ratio.is_finite()));
                }
            }
        }
        images.push(placed);
    }
    let all: Vec<usize> = (0..images.len()).collect();
    let pairs: usize = images.iter().map(Vec::len).sum();
    if pairs == 0 {
        return Err(AgreementError::NoPairs);
    }
    let at = |drawn: &[usize], q: f64, of: fn(&Placed) -> Option<f64>| {
        let mut values: Vec<f64> = drawn
            .iter()
            .flat_map(|&i| images[i].iter().filter_map(of))
            .collect();
        quantiles(&mut values, &[q]).ok().map(|found| found[0])
    };
    let middle = |of: fn(&Placed) -> Option<f64>| {
        let value = at(&all, 0.5, of)?;
        let interval = how.and_then(|how| bootstrap(images.len(), how, |drawn| at(drawn, 0.5, of)));
        Some(Estimate::with(value, interval, pairs))
    };
    let need = |found: Option<Estimate>| found.ok_or(AgreementError::NoPairs);
    let yaws: Vec<f64> = images
        .iter()
        .flatten()
        .filter_map(|p| p.yaw_radians)
        .collect();
    let flipped = yaws
        .iter()
        .filter(|y| **y > std::f64::consts::FRAC_PI_2)
        .count();
    Ok(LocationAgreement {
        iou: need(middle(|p| Some(p.iou)))?,
        center: need(middle(|p| Some(p.center)))?,
        size_ratio: need(middle(|p| Some(p.size_ratio)))?,
        yaw_radians: middle(|p| p.yaw_radians.map(|y| y.min(std::f64::consts::PI - y))),
        flipped: (!yaws.is_empty()).then(|| flipped as f64 / yaws.len() as f64),
        center_95: at(&all, 0.95, |p| Some(p.center)).ok_or(AgreementError::NoPairs)?,
        pairs,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::{Marked, ObjectOptions, cluster};
    use crate::boxes::Cuboid;

    #[test]
    fn a_box_turned_by_half_is_in_place_but_flipped() {
        let mark = |by, x, yaw| Marked {
            by,
            category: 0,
            shape: Shape::Cuboid(Cuboid::from_array([x, 0.0, 0.0, 4.0, 2.0, 2.0, yaw])),
        };
        let scene = Scene {
            annotators: vec![0, 1],
            objects: vec![mark(0, 0.0, 0.0), mark(1, 0.2, std::f64::consts::PI)],
        };
        let clusters = [cluster(&scene, ObjectOptions::default()).unwrap()];
        let found = location_agreement(&[scene], &clusters, None).unwrap();
        assert_eq!(found.flipped, Some(1.0));
        assert!(found.yaw_radians.unwrap().estimate < 1e-12);
        assert!((found.center.estimate - 0.2).abs() < 1e-12);
        assert!((found.iou.estimate - 3.8 / 4.2).abs() < 1e-12);
    }
}
