#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::needless_range_loop,
    reason = "grey values are clamped before they are cast; components are compared by index"
)]

use super::*;
use crate::test_noise::Noise;

/// A smooth random texture on the sphere of directions: sinusoids of the direction, periods of 5 to 40 pixels.
pub(crate) struct Texture(Vec<([f64; 3], f64, f64)>);

impl Texture {
    pub(crate) fn new(noise: &mut Noise, focal: f64) -> Self {
        let wave = |noise: &mut Noise| {
            let period = 5.0 * 8.0_f64.powf(noise.uniform());
            let direction = [noise.normal(), noise.normal(), 0.2 * noise.normal()];
            let length = norm(direction);
            let k = direction.map(|x| x / length * std::f64::consts::TAU * focal / period);
            (k, std::f64::consts::TAU * noise.uniform(), period.sqrt())
        };
        Self((0..20).map(|_| wave(noise)).collect())
    }

    fn at(&self, ray: [f64; 3]) -> f64 {
        let length = norm(ray);
        let wave = |(k, phase, size): &([f64; 3], f64, f64)| {
            let dot: f64 = k.iter().zip(ray).map(|(k, r)| k * r / length).sum();
            size * (dot + phase).sin()
        };
        120.0 + 3.1 * self.0.iter().map(wave).sum::<f64>()
    }

    /// What a camera sees that is turned so that `camera_from_world` holds.
    fn render(
        &self,
        camera: &Pinhole,
        (width, height): (usize, usize),
        camera_from_world: &[[f64; 3]; 3],
        change: impl Fn(f64) -> f64,
    ) -> Vec<u8> {
        let mut out = Vec::new();
        for v in 0..height {
            for u in 0..width {
                let ray = [
                    (u as f64 - camera.cx) / camera.fx,
                    (v as f64 - camera.cy) / camera.fy,
                    1.0,
                ];
                let world =
                    [0, 1, 2].map(|j| (0..3).map(|i| camera_from_world[i][j] * ray[i]).sum());
                let value = change(self.at(world)).round().clamp(0.0, 255.0);
                out.push(value as u8);
            }
        }
        out
    }
}

const SMALL: (usize, usize) = (80, 60);
const CAMERA: Pinhole = Pinhole {
    fx: 66.0,
    fy: 66.0,
    cx: 39.5,
    cy: 29.5,
};

struct Pair {
    prev: Vec<u8>,
    next: Vec<u8>,
}

fn pair(noise: &mut Noise, rotation: [f64; 3], sigma: f64, (gain, offset): (f64, f64)) -> Pair {
    let texture = Texture::new(noise, CAMERA.fx);
    let mut noisy = |data: Vec<u8>| -> Vec<u8> {
        data.into_iter()
            .map(|x| {
                (f64::from(x) + sigma * noise.normal())
                    .round()
                    .clamp(0.0, 255.0) as u8
            })
            .collect()
    };
    let prev = noisy(texture.render(&CAMERA, SMALL, &IDENTITY, |x| x));
    let next = noisy(texture.render(&CAMERA, SMALL, &exponential(rotation), |x| {
        gain * x + offset
    }));
    Pair { prev, next }
}

fn estimate(pair: &Pair) -> Result<RotationEstimate, ImageError> {
    let grey = |data| Grey::new(SMALL.0, SMALL.1, data);
    rotation_between(&grey(&pair.prev)?, &grey(&pair.next)?, &CAMERA)
}

fn random_rotation(noise: &mut Noise, scale: f64) -> [f64; 3] {
    [0; 3].map(|_| scale * noise.normal())
}

#[test]
fn rotations_of_synthetic_textures_to_two_hundredths_of_a_pixel() {
    let mut noise = Noise::new(7);
    let (mut squares, mut mahalanobis, mut worst) = (0.0, 0.0, 0.0_f64);
    let pairs = 60;
    for index in 0..pairs {
        let scale = [0.002, 0.01, 0.04][index % 3];
        let truth = random_rotation(&mut noise, scale);
        let found = estimate(&pair(&mut noise, truth, 2.0, (1.0, 0.0))).unwrap();
        let error = [0, 1, 2].map(|i| found.rotation_radians[i] - truth[i]);
        let pixels = norm([error[0], error[1], 0.5 * error[2]]) * CAMERA.fx;
        squares += pixels * pixels;
        worst = worst.max(pixels);
        for i in 0..3 {
            mahalanobis += error[i] * error[i] / found.covariance_radians2[i][i] / 3.0;
        }
    }
    let rms = (squares / pairs as f64).sqrt();
    let mean_square = mahalanobis / pairs as f64;
    assert!(rms < 0.02, "root mean square error {rms} px");
    assert!(worst < 0.06, "worst error {worst} px");
    assert!(
        (0.6..1.5).contains(&mean_square),
        "normalized square error {mean_square}"
    );
}

#[test]
fn brightness_and_contrast_change_nothing() {
    let mut noise = Noise::new(8);
    let truth = [0.01, -0.02, 0.015];
    let found = estimate(&pair(&mut noise, truth, 1.0, (0.8, 20.0))).unwrap();
    for i in 0..3 {
        assert!(
            (found.rotation_radians[i] - truth[i]).abs() < 0.0008,
            "{found:?}"
        );
    }
    assert!((found.gain_ratio - 0.8).abs() < 0.02);
    assert!((found.offset_levels - 20.0).abs() < 3.0);
}

#[test]
fn swapping_the_frames_inverts_the_rotation() {
    let mut noise = Noise::new(9);
    let there = pair(&mut noise, [0.02, 0.03, -0.05], 1.0, (1.0, 0.0));
    let back = Pair {
        prev: there.next.clone(),
        next: there.prev.clone(),
    };
    let (a, b) = (estimate(&there).unwrap(), estimate(&back).unwrap());
    for i in 0..3 {
        assert!((a.rotation_radians[i] + b.rotation_radians[i]).abs() < 0.0006);
    }
}

#[test]
fn a_turn_of_a_fifth_of_the_view_is_found() {
    let mut noise = Noise::new(10);
    for index in 0..6 {
        let sign = if index % 2 == 0 { 1.0 } else { -1.0 };
        let truth = [0.05 * sign, 0.2 * sign, 0.03];
        let found = estimate(&pair(&mut noise, truth, 2.0, (1.0, 0.0))).unwrap();
        for i in 0..3 {
            assert!(
                (found.rotation_radians[i] - truth[i]).abs() < 0.002,
                "{found:?}"
            );
        }
    }
}

#[test]
fn a_thing_that_moves_on_its_own_is_ignored() {
    let mut noise = Noise::new(11);
    let truth = [0.004, 0.012, 0.0];
    let mut pair = pair(&mut noise, truth, 1.0, (1.0, 0.0));
    let (plain, mut other) = (estimate(&pair).unwrap(), Noise::new(3));
    // A quarter of the second image shows something else.
    for y in 10..40 {
        for x in 5..45 {
            let value =
                100.0 + 60.0 * (0.4 * f64::from(x) + 0.3 * f64::from(y)).sin() + other.normal();
            pair.next[y as usize * SMALL.0 + x as usize] = value as u8;
        }
    }
    let found = estimate(&pair).unwrap();
    assert!(found.inlier_share < plain.inlier_share - 0.05);
    for i in 0..3 {
        assert!(
            (found.rotation_radians[i] - truth[i]).abs() < 0.002,
            "{found:?}"
        );
    }
}

#[test]
fn flat_and_unrelated_frames_are_refused() {
    let flat = Pair {
        prev: vec![90; 4800],
        next: vec![90; 4800],
    };
    assert!(matches!(
        estimate(&flat),
        Err(ImageError::Textureless { .. })
    ));
    // Stripes fix one direction only.
    let stripes: Vec<u8> = (0..4800).map(|i| ((i % 80) % 8 * 20) as u8).collect();
    let stripes = Pair {
        prev: stripes.clone(),
        next: stripes,
    };
    assert!(
        matches!(estimate(&stripes), Err(ImageError::Textureless { .. })),
        "{:?}",
        estimate(&stripes)
    );
    let mut noise = Noise::new(12);
    for _ in 0..10 {
        let (a, b) = (
            pair(&mut noise, [0.0; 3], 1.0, (1.0, 0.0)),
            pair(&mut noise, [0.0; 3], 1.0, (1.0, 0.0)),
        );
        let mixed = Pair {
            prev: a.prev,
            next: b.next,
        };
        let found = estimate(&mixed);
        assert!(found.is_err(), "{found:?}");
    }
    let noisy = |noise: &mut Noise| {
        (0..4800)
            .map(|_| (100.0 + 5.0 * noise.normal()) as u8)
            .collect()
    };
    let mixed = Pair {
        prev: noisy(&mut noise),
        next: noisy(&mut noise),
    };
    assert!(estimate(&mixed).is_err());
}

#[test]
fn sizes_and_cameras_are_checked() {
    let data = vec![0; 4800];
    let a = Grey::new(80, 60, &data).unwrap();
    let b = Grey::new(60, 80, &data).unwrap();
    assert!(matches!(
        rotation_between(&a, &b, &CAMERA),
        Err(ImageError::SizesDiffer { .. })
    ));
    let small = Grey::new(8, 8, &data[..64]).unwrap();
    assert!(matches!(
        rotation_between(&small, &small, &CAMERA),
        Err(ImageError::TooSmall { .. })
    ));
    let camera = Pinhole { fx: 0.0, ..CAMERA };
    assert!(matches!(
        rotation_between(&a, &a, &camera),
        Err(ImageError::BadCamera { .. })
    ));
    assert!(Grey::new(0, 0, &[]).is_err());
    assert!(Grey::with_stride(4, 4, 3, &data).is_err());
    assert!(Grey::with_stride(4, 4, usize::MAX, &data).is_err());
}

#[test]
fn exponential_and_logarithm_are_inverse() {
    for w in [
        [0.0; 3],
        [1e-9, 0.0, 2e-8],
        [0.3, -0.2, 0.1],
        [1.0, 1.0, -1.0],
    ] {
        let back = logarithm(&exponential(w));
        for i in 0..3 {
            assert!((back[i] - w[i]).abs() < 1e-12);
        }
    }
}
