//! Cameras as they project: pinhole with lens distortion.

use super::AlignmentError;

/// Smallest depth of a point that is projected, meters.
const LEAST_DEPTH_METERS: f64 = 0.1;
/// Steps of the search for the radius at which the distortion folds, and its end (tangent of 80 degrees).
const FOLD_STEPS: u32 = 400;
const FOLD_END: f64 = 5.67;

/// A lens model, with the parameters of `OpenCV` and `sensor_msgs/CameraInfo`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distortion {
    /// Straight lines stay straight.
    None,
    /// `plumb_bob` and `rational_polynomial`: k1 k2 p1 p2 k3 k4 k5 k6, missing ones 0.
    Rational([f64; 8]),
    /// `equidistant` (Kannala and Brandt 2006): k1 k2 k3 k4.
    Equidistant([f64; 4]),
}

/// A pinhole camera with its lens; optical frame: x right, y down, z forward.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CameraModel {
    /// Width and height, pixels.
    pub size: [u32; 2],
    /// Focal lengths, pixels.
    pub focal: [f64; 2],
    /// Principal point, pixels; the center of the first pixel is 0.
    pub center: [f64; 2],
    /// Lens.
    pub distortion: Distortion,
    /// Radius on the plane at depth 1 beyond which the distortion folds back.
    radius_limit: f64,
}

impl CameraModel {
    /// A camera from the fields of a `CameraInfo`.
    ///
    /// `k` is row-major in pixels; `model` and `d` as `sensor_msgs/CameraInfo` writes them (an empty or all-zero
    /// `d` means no distortion; the names `radial-tangential` and `radtan` are taken as `plumb_bob`, `fisheye`
    /// and `kannala_brandt` as `equidistant`).
    ///
    /// Errors: [`AlignmentError::Uncalibrated`] for sizes or focal lengths that are not positive and finite,
    /// [`AlignmentError::UnknownLens`]. Cost: constant.
    pub fn new(
        size: [u32; 2],
        k: &[f64; 9],
        model: &str,
        d: &[f64],
    ) -> Result<Self, AlignmentError> {
        let (focal, center) = ([k[0], k[4]], [k[2], k[5]]);
        let usable = focal.iter().all(|f| f.is_finite() && *f > 0.0)
            && center.iter().all(|c| c.is_finite())
            && size.iter().all(|s| *s > 0);
        if !usable {
            return Err(AlignmentError::Uncalibrated {
                focal_pixels: focal[0],
                width: size[0],
            });
        }
        let unknown = || AlignmentError::UnknownLens {
            model: model.to_owned(),
            parameters: d.len(),
        };
        let distortion = if d.iter().all(|x| *x == 0.0) {
            // A fisheye lens without corrections still bends lines.
            match model {
                "equidistant" | "fisheye" | "kannala_brandt" => Distortion::Equidistant([0.0; 4]),
                _ => Distortion::None,
            }
        } else {
            match (model, d.len()) {
                ("plumb_bob" | "radial-tangential" | "radtan" | "", 4 | 5)
                | ("rational_polynomial", 8..) => {
                    let mut all = [0.0; 8];
                    all.iter_mut().zip(d).for_each(|(to, from)| *to = *from);
                    Distortion::Rational(all)
                }
                ("equidistant" | "fisheye" | "kannala_brandt", 4) => {
                    let mut all = [0.0; 4];
                    all.iter_mut().zip(d).for_each(|(to, from)| *to = *from);
                    Distortion::Equidistant(all)
                }
                _ => return Err(unknown()),
            }
        };
        if d.iter().any(|x| !x.is_finite()) {
            return Err(unknown());
        }
        Ok(Self {
            size,
            focal,
            center,
            distortion,
            radius_limit: fold_radius(&distortion),
        })
    }

    /// The camera whose pixels are the means of `factor` x `factor` pixels of this one.
    #[must_use]
    pub fn reduced(&self, factor: u32) -> Self {
        let f = f64::from(factor.max(1));
        let mut small = *self;
        small.size = self.size.map(|s| s / factor.max(1));
        small.focal = self.focal.map(|x| x / f);
        small.center = self.center.map(|c| (c + 0.5) / f - 0.5);
        small
    }

    /// Pixel of a point of the optical frame, meters; none behind the camera, beyond the fold of the lens and for
    /// coordinates that are not finite. Pixels outside the image are given too. Cost: constant.
    pub fn project(&self, point: [f64; 3]) -> Option<[f64; 2]> {
        let [x, y, z] = point;
        if z.is_nan() || z < LEAST_DEPTH_METERS {
            return None;
        }
        let (x, y) = (x / z, y / z);
        let r2 = x * x + y * y;
        if r2.is_nan() || r2 > self.radius_limit * self.radius_limit {
            return None;
        }
        let [u, v] = self.distort(x, y, r2);
        Some([
            self.focal[0] * u + self.center[0],
            self.focal[1] * v + self.center[1],
        ])
    }

    /// Where the ray of a pixel meets the plane at depth 1, lens removed: Newton on the radius for fisheye lenses,
    /// fixed-point iteration as `undistortPoints` of `OpenCV` otherwise. None where it does not converge to a
    /// thousandth of a pixel. Cost: up to 50 steps.
    pub fn normalize(&self, pixel: [f64; 2]) -> Option<[f64; 2]> {
        let u = (pixel[0] - self.center[0]) / self.focal[0];
        let v = (pixel[1] - self.center[1]) / self.focal[1];
        let (mut x, mut y) = (u, v);
        for _ in 0..50 {
            let [a, b] = self.distort(x, y, x * x + y * y);
            let (du, dv) = (u - a, v - b);
            if du.abs() * self.focal[0] < 1e-4 && dv.abs() * self.focal[1] < 1e-4 {
                return Some([x, y]);
            }
            // The distortion is close to a scaling, so its inverse scales the remaining error.
            let scale = (a.hypot(b) / x.hypot(y).max(1e-12)).max(0.05);
            x += du / scale;
            y += dv / scale;
        }
        let [a, b] = self.distort(x, y, x * x + y * y);
        let left = ((u - a) * self.focal[0]).hypot((v - b) * self.focal[1]);
        (left < 1e-3).then_some([x, y])
    }

    fn distort(&self, x: f64, y: f64, r2: f64) -> [f64; 2] {
        match self.distortion {
            Distortion::None => [x, y],
            Distortion::Rational([_, _, p1, p2, ..]) => {
                let scale = radial(&self.distortion, r2);
                [
                    x * scale + 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x),
                    y * scale + p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y,
                ]
            }
            Distortion::Equidistant(_) => {
                let scale = radial(&self.distortion, r2);
                [x * scale, y * scale]
            }
        }
    }
}

/// Factor by which the lens moves points at this squared radius.
fn radial(distortion: &Distortion, r2: f64) -> f64 {
    match distortion {
        Distortion::None => 1.0,
        Distortion::Rational([k1, k2, _, _, k3, k4, k5, k6]) => {
            (1.0 + r2 * (k1 + r2 * (k2 + r2 * k3))) / (1.0 + r2 * (k4 + r2 * (k5 + r2 * k6)))
        }
        Distortion::Equidistant([k1, k2, k3, k4]) => {
            let r = r2.sqrt();
            if r < 1e-9 {
                return 1.0;
            }
            let theta = r.atan();
            let t2 = theta * theta;
            theta * (1.0 + t2 * (k1 + t2 * (k2 + t2 * (k3 + t2 * k4)))) / r
        }
    }
}

/// The radius at which the distorted radius stops growing.
fn fold_radius(distortion: &Distortion) -> f64 {
    let mut last = 0.0;
    for step in 1..=FOLD_STEPS {
        let r = FOLD_END * f64::from(step) / f64::from(FOLD_STEPS);
        let distorted = r * radial(distortion, r * r);
        if distorted.is_nan() || distorted <= last {
            return FOLD_END * f64::from(step - 1) / f64::from(FOLD_STEPS);
        }
        last = distorted;
    }
    FOLD_END
}

#[cfg(test)]
mod tests {
    use super::*;

    const K: [f64; 9] = [458.654, 0.0, 367.215, 0.0, 457.296, 248.375, 0.0, 0.0, 1.0];

    #[test]
    fn normalizing_undoes_projecting() {
        for (model, d) in [
            (
                "plumb_bob",
                vec![-0.283_408_11, 0.073_959_07, 0.000_193_59, 1.76e-5, 0.0],
            ),
            ("equidistant", vec![-0.01, 0.02, -0.003, 0.0004]),
            (
                "rational_polynomial",
                vec![0.1, -0.02, 1e-4, 2e-4, 0.001, 0.12, -0.01, 0.0005],
            ),
            ("plumb_bob", vec![]),
        ] {
            let camera = CameraModel::new([752, 480], &K, model, &d).unwrap();
            for point in [[0.0, 0.0, 1.0], [0.5, -0.3, 1.0], [-1.2, 0.8, 2.0]] {
                let pixel = camera.project(point).unwrap();
                let [x, y] = camera.normalize(pixel).unwrap();
                assert!(
                    (x - point[0] / point[2]).abs() < 1e-6,
                    "{model} {point:?} {x}"
                );
                assert!(
                    (y - point[1] / point[2]).abs() < 1e-6,
                    "{model} {point:?} {y}"
                );
            }
        }
    }

    #[test]
    fn folding_lenses_and_points_behind_give_none() {
        let camera =
            CameraModel::new([752, 480], &K, "plumb_bob", &[-0.5, 0.0, 0.0, 0.0, 0.0]).unwrap();
        assert_eq!(camera.project([2.0, 0.0, 1.0]), None);
        assert_eq!(camera.project([0.0, 0.0, -1.0]), None);
        assert_eq!(camera.project([f64::NAN, 0.0, 1.0]), None);
    }

    #[test]
    fn unusable_calibrations_are_errors() {
        let error = CameraModel::new([752, 480], &[0.0; 9], "plumb_bob", &[]).unwrap_err();
        assert!(matches!(error, AlignmentError::Uncalibrated { .. }));
        let error = CameraModel::new([752, 480], &K, "omnidirectional", &[1.0, 2.0]).unwrap_err();
        assert!(matches!(error, AlignmentError::UnknownLens { .. }));
    }

    #[test]
    fn reduced_cameras_see_the_same_rays() {
        let camera = CameraModel::new([752, 480], &K, "plumb_bob", &[]).unwrap();
        let [u, v] = camera.project([0.1, 0.2, 1.0]).unwrap();
        let [a, b] = camera.reduced(2).project([0.1, 0.2, 1.0]).unwrap();
        assert!((0.5 * (u - 0.5) - a).abs() < 1e-9 && (0.5 * (v - 0.5) - b).abs() < 1e-9);
    }
}
