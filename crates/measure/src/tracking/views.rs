//! The same object in several cameras: do they agree on where it is?

use crate::pose::Pose;
use crate::pose::matrix::{
    Matrix, add, add_outer, dot, identity, norm, scale, solve_positive, subtract,
};
use crate::pose::{conjugate, rotate};
use crate::stats::{Estimate, Interval, median, median_ranks};
use serde::{Deserialize, Serialize};

/// A camera without distortion that looks along its z axis, x to the right, y down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Where it is; the quaternion must have norm 1.
    pub world_from_camera: Pose,
    /// Focal lengths in x and y, pixels.
    pub focal_px: [f64; 2],
    /// Principal point, pixels.
    pub center_px: [f64; 2],
    /// Width and height of the image, pixels.
    pub size_px: [f64; 2],
}

/// A point in one view.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sighting {
    /// Index of the view.
    pub view: usize,
    /// Where, x and y, pixels.
    pub pixel: [f64; 2],
}

/// Why views cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ViewError {
    /// A view that is not there.
    #[error("there is no view `{view}`; hint: views are counted from 0")]
    NoView {
        /// Index given.
        view: usize,
    },
    /// Fewer than two views of a point.
    #[error("a point in `{views}` view(s) has no place; hint: two at least")]
    TooFew {
        /// Views given.
        views: usize,
    },
    /// Rays that are parallel.
    #[error(
        "the rays to the point are parallel within `{parallax_radians}` rad; hint: points need views from different places"
    )]
    Parallel {
        /// Largest angle between two of them.
        parallax_radians: f64,
    },
    /// A point behind a camera.
    #[error(
        "the point lies behind view `{view}`; hint: look at the pose and the axes of the camera"
    )]
    Behind {
        /// Index of the view.
        view: usize,
    },
    /// Nothing to compare.
    #[error("there is nothing to compare; hint: give at least one point")]
    Empty,
    /// A number that is none.
    #[error(
        "`{what}` `{index}` has a number that is not finite or a size that is not above 0; hint: look at the calibration"
    )]
    BadNumber {
        /// `view` or `point`.
        what: &'static str,
        /// Its index.
        index: usize,
    },
}

/// A point found from several views.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Triangulated {
    /// Where it is in the world, meters.
    pub point_meters: [f64; 3],
    /// Distance of each sighting from where the point falls in that view, pixels.
    pub residuals_px: Vec<f64>,
    /// Root of their mean square.
    pub rms_px: f64,
    /// Largest angle between two rays, radians.
    pub parallax_radians: f64,
}

/// Angle between rays below which they are parallel, radians: a hundredth of a pixel of common cameras.
const PARALLEL_RADIANS: f64 = 1e-5;
/// Most steps of Gauss and Newton; a handful is enough where views agree.
const STEPS: usize = 20;

impl View {
    fn is_sound(&self) -> bool {
        let sizes = self.focal_px.iter().chain(&self.size_px);
        self.world_from_camera.normalized().is_some()
            && sizes.clone().all(|x| x.is_finite() && *x > 0.0)
            && self.center_px.iter().all(|x| x.is_finite())
    }

    /// A point of the world in the frame of the camera, meters.
    fn seen(&self, point: &[f64; 3]) -> [f64; 3] {
        let pose = &self.world_from_camera;
        rotate(
            &conjugate(&pose.quat_xyzw),
            &subtract(point, &pose.translation_meters),
        )
    }

    /// Where a point of the world falls, pixels; none behind the camera.
    pub fn project(&self, point_meters: &[f64; 3]) -> Option<[f64; 2]> {
        let [x, y, z] = self.seen(point_meters);
        (z > 0.0).then(|| {
            [
                self.focal_px[0] * x / z + self.center_px[0],
                self.focal_px[1] * y / z + self.center_px[1],
            ]
        })
    }

    /// Direction in the world of a pixel, length 1.
    fn ray(&self, pixel: [f64; 2]) -> [f64; 3] {
        let x = (pixel[0] - self.center_px[0]) / self.focal_px[0];
        let y = (pixel[1] - self.center_px[1]) / self.focal_px[1];
        let ray = rotate(&self.world_from_camera.quat_xyzw, &[x, y, 1.0]);
        scale(&ray, 1.0 / norm(&ray))
    }
}

/// The point nearest to all rays, in meters.
fn nearest_to_rays(views: &[View], sightings: &[Sighting], rays: &[[f64; 3]]) -> Option<[f64; 3]> {
    let mut sum: Matrix<3, 3> = [[0.0; 3]; 3];
    let mut right = [0.0; 3];
    for (s, ray) in sightings.iter().zip(rays) {
        let mut across = identity::<3>();
        add_outer(&mut across, ray, -1.0);
        let origin = views[s.view].world_from_camera.translation_meters;
        for i in 0..3 {
            right[i] += dot(&across[i], &origin);
            sum[i] = add(&sum[i], &across[i]);
        }
    }
    solve_positive(&sum, &right)
}

/// One step of Gauss and Newton on the squared residuals in pixels.
fn step(views: &[View], sightings: &[Sighting], point: &[f64; 3]) -> Option<[f64; 3]> {
    let mut normal: Matrix<3, 3> = [[0.0; 3]; 3];
    let mut right = [0.0; 3];
    for s in sightings {
        let view = &views[s.view];
        let [x, y, z] = view.seen(point);
        let turn = &view.world_from_camera.quat_xyzw;
        for (axis, (along, focal)) in [x, y].into_iter().zip(view.focal_px).enumerate() {
            let mut gradient = [0.0, 0.0, -focal * along / (z * z)];
            gradient[axis] = focal / z;
            let gradient = rotate(turn, &gradient);
            let off = s.pixel[axis] - (focal * along / z + view.center_px[axis]);
            add_outer(&mut normal, &gradient, 1.0);
            right = add(&right, &scale(&gradient, off));
        }
    }
    solve_positive(&normal, &right)
}

/// The point of the world that a set of sightings agrees on best: least squares of the distances in pixels.
///
/// Errors: [`ViewError`]. Cost: a few small systems. Source: Hartley and Zisserman 2004, 12.2 to 12.4 (here by Gauss and
/// Newton from the point nearest to the rays).
pub fn triangulate(views: &[View], sightings: &[Sighting]) -> Result<Triangulated, ViewError> {
    if sightings.len() < 2 {
        return Err(ViewError::TooFew {
            views: sightings.len(),
        });
    }
    for (index, s) in sightings.iter().enumerate() {
        let view = views
            .get(s.view)
            .ok_or(ViewError::NoView { view: s.view })?;
        let is_finite = s.pixel.iter().all(|x| x.is_finite());
        if !view.is_sound() || !is_finite {
            let (what, index) = if is_finite {
                ("view", s.view)
            } else {
                ("point", index)
            };
            return Err(ViewError::BadNumber { what, index });
        }
    }
    let rays: Vec<[f64; 3]> = sightings
        .iter()
        .map(|s| views[s.view].ray(s.pixel))
        .collect();
    let mut parallax_radians: f64 = 0.0;
    for (i, a) in rays.iter().enumerate() {
        for b in &rays[..i] {
            let between = 2.0 * (0.5 * norm(&subtract(a, b))).min(1.0).asin();
            parallax_radians = parallax_radians.max(between);
        }
    }
    let parallel = ViewError::Parallel { parallax_radians };
    if parallax_radians < PARALLEL_RADIANS {
        return Err(parallel);
    }
    let mut point = nearest_to_rays(views, sightings, &rays).ok_or(parallel)?;
    for _ in 0..STEPS {
        let behind = sightings
            .iter()
            .find(|s| views[s.view].seen(&point)[2] <= 0.0);
        if let Some(s) = behind {
            return Err(ViewError::Behind { view: s.view });
        }
        let Some(by) = step(views, sightings, &point) else {
            break;
        };
        point = add(&point, &by);
        if norm(&by) <= 1e-12 * norm(&point).max(1.0) {
            break;
        }
    }
    let residuals_px = sightings
        .iter()
        .map(|s| {
            let at = views[s.view].project(&point);
            at.map(|p| norm(&subtract(&p, &s.pixel)))
                .ok_or(ViewError::Behind { view: s.view })
        })
        .collect::<Result<Vec<f64>, ViewError>>()?;
    let square: f64 = residuals_px.iter().map(|r| r * r).sum();
    Ok(Triangulated {
        point_meters: point,
        rms_px: (square / residuals_px.len() as f64).sqrt(),
        residuals_px,
        parallax_radians,
    })
}

/// How well views agree over many points.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ViewAgreement {
    /// Median over the points of the root mean square of their residuals, pixels; the interval by ranks, over points.
    pub median_px: Estimate,
    /// Points that could be placed, in order.
    pub points: Vec<Option<Triangulated>>,
    /// Points left out, and why.
    pub left_out: Vec<(usize, String)>,
}

/// [`triangulate`] for every point; points that views see from one place or that cannot be placed are left out and
/// named.
///
/// Errors: [`ViewError::Empty`] where none is left. Cost: as [`triangulate`] per point. Source: signals reference, B.13:
/// a median of at most 1 pixel is good, above 3 something is wrong.
pub fn view_agreement(
    views: &[View],
    points: &[Vec<Sighting>],
    least_parallax_radians: f64,
) -> Result<ViewAgreement, ViewError> {
    let mut left_out = Vec::new();
    let placed: Vec<Option<Triangulated>> = points
        .iter()
        .enumerate()
        .map(|(i, sightings)| {
            let found = triangulate(views, sightings).and_then(|t| {
                let parallax_radians = t.parallax_radians;
                if parallax_radians < least_parallax_radians {
                    return Err(ViewError::Parallel { parallax_radians });
                }
                Ok(t)
            });
            found.map_err(|e| left_out.push((i, e.to_string()))).ok()
        })
        .collect();
    let mut rms: Vec<f64> = placed.iter().flatten().map(|t| t.rms_px).collect();
    rms.sort_by(f64::total_cmp);
    let interval = median_ranks(rms.len()).and_then(|(low, high)| {
        Some(Interval {
            low: *rms.get(low)?,
            high: *rms.get(high)?,
        })
    });
    let n = rms.len();
    let middle = median(&mut rms).map_err(|_| ViewError::Empty)?;
    Ok(ViewAgreement {
        median_px: Estimate::with(middle, interval, n),
        points: placed,
        left_out,
    })
}

/// Intersection over union of a box of the image with the projection of a box in space: the rectangle around its
/// corners, cut to the image. None where a corner is behind the camera or the projection misses the image.
///
/// `corners_meters` in the world, in any order; `box_px` as left, top, width, height. Cost: eight projections.
pub fn reprojected_iou(
    view: &View,
    corners_meters: &[[f64; 3]; 8],
    box_px: [f64; 4],
) -> Option<f64> {
    let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for corner in corners_meters {
        let pixel = view.project(corner)?;
        for axis in 0..2 {
            low[axis] = low[axis].min(pixel[axis]);
            high[axis] = high[axis].max(pixel[axis]);
        }
    }
    let (mut common, mut own) = (1.0, 1.0);
    for axis in 0..2 {
        let (a, b) = (low[axis].max(0.0), high[axis].min(view.size_px[axis]));
        if a >= b {
            return None;
        }
        own *= b - a;
        common *= (b.min(box_px[axis] + box_px[axis + 2]) - a.max(box_px[axis])).max(0.0);
    }
    let union = own + box_px[2] * box_px[3] - common;
    (union > 0.0).then(|| common / union)
}

/// An object at a time, as one sensor has it.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimedPosition {
    /// When the sensor saw it, seconds.
    pub secs: f64,
    /// Where, meters.
    pub position_meters: [f64; 3],
    /// Its velocity, meters per second.
    pub velocity_meters_per_sec: [f64; 3],
}

/// Distance of two sightings of one object, meters, after each is moved half of the time between them with the mean of
/// both velocities. Cameras of a rig fire up to 50 ms apart: 1.4 m at 28 m/s that are no error of either (signals
/// reference, B.13). NaN for NaN.
pub fn distance_in_time(a: &TimedPosition, b: &TimedPosition) -> f64 {
    let mean = scale(
        &add(&a.velocity_meters_per_sec, &b.velocity_meters_per_sec),
        0.5,
    );
    let moved = scale(&mean, b.secs - a.secs);
    norm(&subtract(
        &b.position_meters,
        &add(&a.position_meters, &moved),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pose::quat_of_rotation_vector;
    use crate::test_noise::Noise;

    fn rig() -> Vec<View> {
        (0..3_u32)
            .map(|i| View {
                world_from_camera: Pose {
                    translation_meters: [f64::from(i), 0.1 * f64::from(i), 0.0],
                    quat_xyzw: quat_of_rotation_vector(&[0.0, -0.05 * f64::from(i), 0.02]),
                },
                focal_px: [800.0, 820.0],
                center_px: [640.0, 360.0],
                size_px: [1280.0, 720.0],
            })
            .collect()
    }

    fn sightings(views: &[View], point: &[f64; 3]) -> Vec<Sighting> {
        (0..views.len())
            .map(|view| Sighting {
                view,
                pixel: views[view].project(point).unwrap(),
            })
            .collect()
    }

    #[test]
    fn exact_sightings_give_the_point() {
        let views = rig();
        for point in [[0.5, -0.4, 8.0], [-2.0, 1.0, 30.0]] {
            let found = triangulate(&views, &sightings(&views, &point)).unwrap();
            assert!(
                norm(&subtract(&found.point_meters, &point)) < 1e-9,
                "{found:?}"
            );
            assert!(found.rms_px < 1e-9);
        }
    }

    #[test]
    fn noise_shows_as_pixels_and_a_wrong_pose_shows_more() {
        let (views, mut noise) = (rig(), Noise::new(3));
        let points: Vec<Vec<Sighting>> = (0..60)
            .map(|_| {
                let point = [noise.normal(), noise.normal(), 9.0 + noise.normal()];
                let mut seen = sightings(&views, &point);
                for s in &mut seen {
                    s.pixel = s.pixel.map(|x| x + 0.5 * noise.normal());
                }
                seen
            })
            .collect();
        let found = view_agreement(&views, &points, 0.01).unwrap();
        // Six coordinates less three of the point, over three views: 0.5 px.
        let median = found.median_px;
        assert!(
            (0.3..0.7).contains(&median.estimate) && median.n == 60,
            "{median:?}"
        );
        assert!(median.low.unwrap() < median.estimate && median.estimate < median.high.unwrap());
        let mut bent = views;
        bent[1].world_from_camera.quat_xyzw = quat_of_rotation_vector(&[0.01, -0.05, 0.02]);
        assert!(
            view_agreement(&bent, &points, 0.01)
                .unwrap()
                .median_px
                .estimate
                > 3.0
        );
    }

    #[test]
    fn points_without_a_place_are_named() {
        let views = rig();
        let one = triangulate(&views, &sightings(&views[..1], &[0.0, 0.0, 5.0]));
        assert_eq!(one, Err(ViewError::TooFew { views: 1 }));
        let same = [views[0], views[0]];
        let seen = sightings(&same, &[0.0, 0.0, 5.0]);
        assert!(matches!(
            triangulate(&same, &seen),
            Err(ViewError::Parallel { .. })
        ));
        let crossed = [
            Sighting {
                view: 0,
                pixel: [0.0, 360.0],
            },
            Sighting {
                view: 2,
                pixel: [1280.0, 360.0],
            },
        ];
        assert!(matches!(
            triangulate(&views, &crossed),
            Err(ViewError::Behind { .. })
        ));
        let gone = view_agreement(&views, &[seen], 10.0);
        assert_eq!(gone, Err(ViewError::Empty));
        let far = Sighting {
            view: 9,
            pixel: [0.0; 2],
        };
        assert_eq!(
            triangulate(&views, &[far, far]),
            Err(ViewError::NoView { view: 9 })
        );
    }

    #[test]
    fn boxes_and_times_are_compared() {
        let view = rig()[0];
        let mut corners = [[0.0; 3]; 8];
        for (i, corner) in corners.iter_mut().enumerate() {
            let side = |bit: usize| if (i >> bit) & 1 == 0 { -1.0 } else { 1.0 };
            *corner = [side(0), side(1), 10.0 + side(2)];
        }
        let whole = reprojected_iou(&view, &corners, [0.0, 0.0, 1280.0, 720.0]).unwrap();
        assert!(whole > 0.0 && whole < 0.1);
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for pixel in corners.iter().map(|c| view.project(c).unwrap()) {
            for axis in 0..2 {
                low[axis] = low[axis].min(pixel[axis]);
                high[axis] = high[axis].max(pixel[axis]);
            }
        }
        let own = [low[0], low[1], high[0] - low[0], high[1] - low[1]];
        assert!((reprojected_iou(&view, &corners, own).unwrap() - 1.0).abs() < 1e-12);
        let behind = corners.map(|[x, y, z]| [x, y, -z]);
        assert_eq!(reprojected_iou(&view, &behind, own), None);
        let at = |secs: f64, x: f64| TimedPosition {
            secs,
            position_meters: [x, 0.0, 0.0],
            velocity_meters_per_sec: [28.0, 0.0, 0.0],
        };
        assert!(distance_in_time(&at(0.0, 0.0), &at(0.05, 1.4)) < 1e-12);
    }
}
