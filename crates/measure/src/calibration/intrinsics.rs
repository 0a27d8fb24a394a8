//! Whether the numbers of a camera calibration can be those of a camera.

use crate::pose::is_rotation_within;
use crate::pose::matrix::Matrix;

/// A camera calibration as `sensor_msgs/CameraInfo` has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Intrinsics<'a> {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// `plumb_bob`, `rational_polynomial`, `equidistant`, …; may be empty.
    pub distortion_model: &'a str,
    /// Distortion parameters in the order of the model.
    pub distortion: &'a [f64],
    /// Intrinsic matrix, row-major, pixels.
    pub k: &'a [f64; 9],
    /// Rectification matrix, row-major; all 0 where there is none.
    pub r: &'a [f64; 9],
    /// Projection matrix, row-major, pixels; all 0 where there is none.
    pub p: &'a [f64; 12],
}

/// What a calibration looks like; each is one rule of the signals reference, B.9.1.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum IntrinsicsDefect {
    /// Width or height is 0.
    #[error("the size is `{width}` x `{height}`, expected positive numbers")]
    NoSize {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// A number is NaN or infinite.
    #[error("`{matrix}` holds a number that is not finite")]
    NotFinite {
        /// `K`, `D`, `R` or `P`.
        matrix: &'static str,
    },
    /// A focal length is not positive.
    #[error("the focal lengths are `{fx}` and `{fy}` pixels, expected positive numbers")]
    BadFocal {
        /// Pixels.
        fx: f64,
        /// Pixels.
        fy: f64,
    },
    /// The focal lengths differ by more than 5 %.
    #[error("the focal lengths `{fx}` and `{fy}` differ by more than 5 %")]
    UnequalFocal {
        /// Pixels.
        fx: f64,
        /// Pixels.
        fy: f64,
    },
    /// The axes are skewed by a pixel or more.
    #[error("the skew is `{skew}` pixels, expected less than 1")]
    Skewed {
        /// Pixels.
        skew: f64,
    },
    /// The last row of K is not 0 0 1.
    #[error("the last row of K ends in `{value}`, expected 1")]
    BadLastRow {
        /// K[8].
        value: f64,
    },
    /// The principal point is outside of the image.
    #[error("the principal point `{cx}`, `{cy}` is outside of the image")]
    CenterOutside {
        /// Pixels.
        cx: f64,
        /// Pixels.
        cy: f64,
    },
    /// The principal point is more than 10 % of the size away from the center.
    #[error("the principal point `{cx}`, `{cy}` is more than 10 % of the image off its center")]
    CenterOff {
        /// Pixels.
        cx: f64,
        /// Pixels.
        cy: f64,
    },
    /// The horizontal field of view is not that of a camera.
    #[error("the horizontal field of view is `{degrees}` degrees, expected 10 to 200")]
    BadFieldOfView {
        /// Degrees.
        degrees: f64,
    },
    /// The number of distortion parameters is not that of the model.
    #[error("`{model}` with `{seen}` parameters, expected `{expected}`")]
    BadDistortionCount {
        /// The model.
        model: String,
        /// Parameters seen.
        seen: usize,
        /// Parameters expected.
        expected: usize,
    },
    /// The distortion folds the image before its corner.
    #[error(
        "the distortion turns back at `{radius}` of the focal length, the corner is at `{corner}`"
    )]
    Folded {
        /// Where the image folds, in units of the focal length.
        radius: f64,
        /// Where the corner is.
        corner: f64,
    },
    /// R is no rotation.
    #[error("R is no rotation within 0.001")]
    BadRectification,
    /// The projection's focal length is far from that of K.
    #[error("P says a focal length of `{p_focal}`, K `{k_focal}`: expected within a factor of 2")]
    BadProjection {
        /// Pixels.
        p_focal: f64,
        /// Pixels.
        k_focal: f64,
    },
}

impl IntrinsicsDefect {
    /// Whether a calibration with it is unusable; otherwise it is unusual only.
    pub fn is_fatal(&self) -> bool {
        !matches!(
            self,
            Self::UnequalFocal { .. } | Self::CenterOff { .. } | Self::BadProjection { .. }
        )
    }
}

/// Whether the message says that the camera is not calibrated: `K[0] == 0` (`sensor_msgs/CameraInfo`).
pub fn is_uncalibrated(camera: &Intrinsics<'_>) -> bool {
    camera.k[0] == 0.0
}

/// Every rule of the signals reference, B.9.1, that a calibration breaks; empty when it is plausible.
///
/// Deviations: P is held against K only by a factor of 2 in the focal length, because rectification to a common view changes
/// it by tens of percent; the field of view is tested for models of a pinhole only, since `2 atan(w / 2 f)` is not that of a
/// fisheye lens (`equidistant`). An uncalibrated camera ([`is_uncalibrated`]) has no defects but that of its size.
/// Cost: 200 evaluations of the distortion.
pub fn defects(camera: &Intrinsics<'_>) -> Vec<IntrinsicsDefect> {
    let mut found = Vec::new();
    let (width, height) = (camera.width, camera.height);
    if width == 0 || height == 0 {
        found.push(IntrinsicsDefect::NoSize { width, height });
    }
    if is_uncalibrated(camera) {
        return found;
    }
    for (matrix, cells) in [
        ("K", camera.k.as_slice()),
        ("D", camera.distortion),
        ("R", camera.r),
        ("P", camera.p),
    ] {
        if cells.iter().any(|x| !x.is_finite()) {
            found.push(IntrinsicsDefect::NotFinite { matrix });
        }
    }
    if found.is_empty() {
        matrix_defects(camera, &mut found);
        distortion_defects(camera, &mut found);
        rectification_defects(camera, &mut found);
    }
    found
}

fn matrix_defects(camera: &Intrinsics<'_>, found: &mut Vec<IntrinsicsDefect>) {
    let [fx, skew, cx, _, fy, cy, _, _, last] = *camera.k;
    let (width, height) = (f64::from(camera.width), f64::from(camera.height));
    if fx <= 0.0 || fy <= 0.0 {
        found.push(IntrinsicsDefect::BadFocal { fx, fy });
        return;
    }
    if (fx - fy).abs() / fx >= 0.05 {
        found.push(IntrinsicsDefect::UnequalFocal { fx, fy });
    }
    if skew.abs() >= 1.0 {
        found.push(IntrinsicsDefect::Skewed { skew });
    }
    if (last - 1.0).abs() > 1e-6 {
        found.push(IntrinsicsDefect::BadLastRow { value: last });
    }
    if !(0.0..=width).contains(&cx) || !(0.0..=height).contains(&cy) {
        found.push(IntrinsicsDefect::CenterOutside { cx, cy });
    } else if (cx - 0.5 * width).abs() > 0.1 * width || (cy - 0.5 * height).abs() > 0.1 * height {
        found.push(IntrinsicsDefect::CenterOff { cx, cy });
    }
    let degrees = 2.0 * (0.5 * width / fx).atan().to_degrees();
    if !is_fisheye(camera.distortion_model) && !(10.0..=200.0).contains(&degrees) {
        found.push(IntrinsicsDefect::BadFieldOfView { degrees });
    }
}

fn is_fisheye(model: &str) -> bool {
    matches!(
        model,
        "equidistant" | "fisheye" | "kannala_brandt4" | "kannala_brandt"
    )
}

/// Number of parameters of the models of `sensor_msgs/distortion_models`.
fn expected_count(model: &str) -> Option<usize> {
    match model {
        "plumb_bob" => Some(5),
        "rational_polynomial" => Some(8),
        "equidistant" => Some(4),
        _ => None,
    }
}

fn distortion_defects(camera: &Intrinsics<'_>, found: &mut Vec<IntrinsicsDefect>) {
    let (model, d) = (camera.distortion_model, camera.distortion);
    let seen = d.len();
    // An empty list means no distortion. OpenCV's longer lists (12 and 14 parameters) begin like the shorter ones, and
    // EuRoC's four are k1 k2 p1 p2, which OpenCV and image_proc take.
    let tolerated = seen == 0
        || (model == "rational_polynomial" && (seen == 12 || seen == 14))
        || (model == "plumb_bob" && seen == 4);
    if let Some(expected) = expected_count(model).filter(|n| *n != seen && !tolerated) {
        found.push(IntrinsicsDefect::BadDistortionCount {
            model: model.to_owned(),
            seen,
            expected,
        });
        return;
    }
    let [fx, _, cx, _, fy, cy, ..] = *camera.k;
    let (width, height) = (f64::from(camera.width), f64::from(camera.height));
    if fx <= 0.0 || fy <= 0.0 {
        return;
    }
    let corner = (cx.max(width - cx) / fx).hypot(cy.max(height - cy) / fy);
    let Some(distorted) = radial(model, d) else {
        return;
    };
    if let Some(radius) = folds_before(distorted, corner) {
        found.push(IntrinsicsDefect::Folded { radius, corner });
    }
}

/// Distorted radius over undistorted radius; for fisheye models over the angle. None for unknown models.
fn radial<'a>(model: &str, d: &'a [f64]) -> Option<impl Fn(f64) -> f64 + 'a> {
    let at = |i: usize| d.get(i).copied().unwrap_or(0.0);
    let fisheye = is_fisheye(model);
    let known = matches!(
        model,
        "plumb_bob" | "rational_polynomial" | "radial-tangential" | "radtan"
    );
    let long = model == "rational_polynomial";
    (fisheye || known).then_some(move |r: f64| {
        let q = r * r;
        if fisheye {
            return r * (1.0 + q * (at(0) + q * (at(1) + q * (at(2) + q * at(3)))));
        }
        let top = 1.0 + q * (at(0) + q * (at(1) + q * at(4)));
        let bottom = if long {
            1.0 + q * (at(5) + q * (at(6) + q * at(7)))
        } else {
            1.0
        };
        r * top / bottom
    })
}

/// Steps of the search for a fold.
const STEPS: u32 = 200;

/// Where a distortion stops growing before it has reached the corner of the image.
///
/// The corner is a distorted radius, so the undistorted one is walked up until its image is there.
fn folds_before(distorted: impl Fn(f64) -> f64, corner: f64) -> Option<f64> {
    // Barrel distortion pulls the corner in: the undistorted corner may be several times further out.
    let most = if corner.is_finite() {
        8.0 * corner
    } else {
        return None;
    };
    let mut before = 0.0;
    for i in 1..=STEPS * 8 {
        let r = most * f64::from(i) / f64::from(STEPS * 8);
        let value = distorted(r);
        if value >= corner {
            return None;
        }
        if value <= before {
            return Some(before);
        }
        before = value;
    }
    None
}

fn rectification_defects(camera: &Intrinsics<'_>, found: &mut Vec<IntrinsicsDefect>) {
    let r = camera.r;
    let rotation: Matrix<3, 3> = std::array::from_fn(|i| std::array::from_fn(|j| r[3 * i + j]));
    if r.iter().any(|x| *x != 0.0) && !is_rotation_within(&rotation, 1e-3) {
        found.push(IntrinsicsDefect::BadRectification);
    }
    let (p_focal, k_focal) = (camera.p[0], camera.k[0]);
    if camera.p.iter().any(|x| *x != 0.0) && !(0.5..=2.0).contains(&(p_focal / k_focal)) {
        found.push(IntrinsicsDefect::BadProjection { p_focal, k_focal });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const K: [f64; 9] = [458.0, 0.0, 367.0, 0.0, 457.0, 248.0, 0.0, 0.0, 1.0];
    const EUROC: [f64; 4] = [-0.28340811, 0.07395907, 0.00019359, 1.76187114e-05];

    fn camera<'a>(k: &'a [f64; 9], model: &'a str, distortion: &'a [f64]) -> Intrinsics<'a> {
        Intrinsics {
            width: 752,
            height: 480,
            distortion_model: model,
            distortion,
            k,
            r: &[0.0; 9],
            p: &[0.0; 12],
        }
    }

    #[test]
    fn a_real_calibration_is_plausible() {
        assert_eq!(defects(&camera(&K, "plumb_bob", &EUROC)), vec![]);
        assert_eq!(defects(&camera(&K, "plumb_bob", &[])), vec![]);
        assert_eq!(defects(&camera(&K, "", &[])), vec![]);
        assert!(is_uncalibrated(&camera(&[0.0; 9], "", &[])));
        assert_eq!(defects(&camera(&[0.0; 9], "", &[])), vec![]);
    }

    #[test]
    fn each_rule_is_named() {
        let with = |index: usize, value: f64| {
            let mut k = K;
            k[index] = value;
            defects(&camera(&k, "plumb_bob", &EUROC))
        };
        assert!(matches!(
            with(4, -457.0)[..],
            [IntrinsicsDefect::BadFocal { .. }]
        ));
        assert!(matches!(
            with(4, 500.0)[..],
            [IntrinsicsDefect::UnequalFocal { .. }]
        ));
        assert!(matches!(
            with(1, 2.0)[..],
            [IntrinsicsDefect::Skewed { .. }]
        ));
        assert!(matches!(
            with(8, 0.0)[..],
            [IntrinsicsDefect::BadLastRow { .. }]
        ));
        assert!(matches!(
            with(2, 900.0)[..],
            [IntrinsicsDefect::CenterOutside { .. }, ..]
        ));
        assert!(matches!(
            with(2, 250.0)[..],
            [IntrinsicsDefect::CenterOff { .. }]
        ));
        assert!(matches!(
            with(2, f64::NAN)[..],
            [IntrinsicsDefect::NotFinite { matrix: "K" }]
        ));
        let mut narrow = K;
        narrow[0] = 9000.0;
        narrow[4] = 9000.0;
        assert!(matches!(
            defects(&camera(&narrow, "plumb_bob", &EUROC))[..],
            [IntrinsicsDefect::BadFieldOfView { .. }]
        ));
        assert!(matches!(
            defects(&camera(&K, "plumb_bob", &[0.1; 3]))[..],
            [IntrinsicsDefect::BadDistortionCount { expected: 5, .. }]
        ));
    }

    #[test]
    fn a_distortion_that_folds_is_found() {
        let folded = defects(&camera(&K, "plumb_bob", &[-0.9, 0.0, 0.0, 0.0, 0.0]));
        assert!(
            matches!(folded[..], [IntrinsicsDefect::Folded { .. }]),
            "{folded:?}"
        );
        assert!(folded[0].is_fatal());
        // r (1 + r^2): no fold.
        assert_eq!(
            defects(&camera(&K, "plumb_bob", &[1.0, 0.0, 0.0, 0.0, 0.0])),
            vec![]
        );
    }

    #[test]
    fn r_and_p_are_tested_where_they_are() {
        let r = [1.0, 0.0, 0.0, 0.0, 1.1, 0.0, 0.0, 0.0, 1.0];
        let mut p = [0.0; 12];
        p[0] = 4.5;
        let mut c = camera(&K, "plumb_bob", &EUROC);
        (c.r, c.p) = (&r, &p);
        assert!(matches!(
            defects(&c)[..],
            [
                IntrinsicsDefect::BadRectification,
                IntrinsicsDefect::BadProjection { .. }
            ]
        ));
    }
}
