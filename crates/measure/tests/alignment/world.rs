//! A small street of boxes and poles, seen by a camera and swept by a LiDAR, with noise.

use fieldassay_measure::calibration::alignment::{CameraModel, GreyView, RingCloud, Scene};
use fieldassay_measure::pose::Pose;
use fieldassay_testkit::Lcg;

/// An upright box with a grey value and the side length of its texture's cells.
struct Block {
    low: [f64; 3],
    high: [f64; 3],
    grey: f64,
}

/// The street of a seed.
pub(crate) struct World {
    blocks: Vec<Block>,
    rng: Lcg,
}

/// Rings of the LiDAR, its lowest and highest elevation (degrees), and beams per turn.
#[derive(Clone, Copy)]
pub(crate) struct Lidar {
    pub(crate) rings: u16,
    pub(crate) low_degrees: f64,
    pub(crate) high_degrees: f64,
    pub(crate) beams: u32,
}

/// As a VLP-16.
pub(crate) const SIXTEEN: Lidar = Lidar {
    rings: 16,
    low_degrees: -15.0,
    high_degrees: 15.0,
    beams: 900,
};

/// A rotation about an axis, radians, as x y z w.
pub(crate) fn turn(axis: [f64; 3], angle: f64) -> [f64; 4] {
    let norm = axis.iter().map(|a| a * a).sum::<f64>().sqrt();
    let s = (0.5 * angle).sin() / norm;
    [s * axis[0], s * axis[1], s * axis[2], (0.5 * angle).cos()]
}

/// Hamilton product.
pub(crate) fn times(a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
    let ([x, y, z, w], [p, q, r, s]) = (a, b);
    [
        w * p + x * s + y * r - z * q,
        w * q - x * r + y * s + z * p,
        w * r + x * q - y * p + z * s,
        w * s - x * p - y * q - z * r,
    ]
}

pub(crate) fn rotate(q: [f64; 4], v: [f64; 3]) -> [f64; 3] {
    let inverse = [-q[0], -q[1], -q[2], q[3]];
    let [x, y, z, _] = times(times(q, [v[0], v[1], v[2], 0.0]), inverse);
    [x, y, z]
}

/// Optical axes in vehicle axes (x forward, y left, z up): vehicle from camera.
pub(crate) const OPTICAL: [f64; 4] = [-0.5, 0.5, -0.5, 0.5];
/// Where camera and LiDAR sit on the vehicle, meters.
const CAMERA: [f64; 3] = [0.4, 0.05, 1.4];
const LIDAR: [f64; 3] = [0.0, 0.0, 1.7];

/// The true mounting, camera from LiDAR.
pub(crate) fn mounting() -> Pose {
    let inverse = [0.5, -0.5, 0.5, 0.5];
    let apart = [0, 1, 2].map(|i| LIDAR[i] - CAMERA[i]);
    Pose {
        translation_meters: rotate(inverse, apart),
        quat_xyzw: inverse,
    }
}

/// The mounting turned by a rotation in camera axes, so that the truth is `exp(-rotation)` away from it.
pub(crate) fn turned(pose: &Pose, axis: [f64; 3], radians: f64) -> Pose {
    let q = turn(axis, radians);
    Pose {
        translation_meters: rotate(q, pose.translation_meters),
        quat_xyzw: times(q, pose.quat_xyzw),
    }
}

pub(crate) fn camera() -> CameraModel {
    let k = [240.0, 0.0, 159.5, 0.0, 240.0, 119.5, 0.0, 0.0, 1.0];
    CameraModel::new([320, 240], &k, "plumb_bob", &[]).expect("a camera")
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Lcg::new(seed);
        let mut blocks = Vec::new();
        for i in 0..42 {
            let along = unit(&mut rng) * 75.0 - 5.0;
            let side = if unit(&mut rng) < 0.5 { -1.0 } else { 1.0 };
            let across = side * (3.0 + 22.0 * unit(&mut rng) * unit(&mut rng));
            let (size, height) = match i % 3 {
                0 => ([0.15 + 0.3 * unit(&mut rng); 2], 2.0 + 4.0 * unit(&mut rng)),
                1 => (
                    [1.6 + 3.0 * unit(&mut rng), 1.6 + unit(&mut rng)],
                    1.2 + unit(&mut rng),
                ),
                _ => (
                    [2.0 + 10.0 * unit(&mut rng), 2.0 + 6.0 * unit(&mut rng)],
                    2.0 + 8.0 * unit(&mut rng),
                ),
            };
            let near = if i % 3 == 2 {
                across + side * (2.0 + size[1])
            } else {
                across
            };
            blocks.push(Block {
                low: [along - 0.5 * size[0], near - 0.5 * size[1], 0.0],
                high: [along + 0.5 * size[0], near + 0.5 * size[1], height],
                grey: 20.0 + 200.0 * unit(&mut rng),
            });
        }
        Self { blocks, rng }
    }

    /// Distance and brightness of what a ray meets first.
    fn cast(&self, from: [f64; 3], to: [f64; 3]) -> Option<(f64, f64)> {
        let mut best: Option<(f64, f64, usize)> = None;
        for (index, block) in self.blocks.iter().enumerate() {
            let (mut enter, mut leave, mut face) = (0.0_f64, f64::INFINITY, 0);
            for i in 0..3 {
                let inverse = 1.0 / to[i];
                let (a, b) = (
                    (block.low[i] - from[i]) * inverse,
                    (block.high[i] - from[i]) * inverse,
                );
                if a.min(b) > enter {
                    enter = a.min(b);
                    face = i;
                }
                leave = leave.min(a.max(b));
            }
            if enter < leave && enter > 0.0 && best.is_none_or(|b| enter < b.0) {
                let shade = [0.85, 1.0, 1.1][face];
                best = Some((enter, shade * block.grey, index + 1));
            }
        }
        let ground = -from[2] / to[2];
        if to[2] < 0.0 && ground < best.map_or(f64::INFINITY, |b| b.0) {
            best = Some((ground, 110.0, 0));
        }
        let (distance, grey, salt) = best?;
        let p = [0, 1, 2].map(|i| ((from[i] + distance * to[i] + 1e-6) / 0.6).floor());
        let hash =
            (p[0] * 12.9898 + p[1] * 78.233 + p[2] * 37.719 + salt as f64 * 4.1).sin() * 43758.5453;
        Some((distance, grey + 30.0 * (hash - hash.floor() - 0.5)))
    }

    pub(crate) fn image(&mut self, at: [f64; 2], heading: f64) -> Vec<u8> {
        let body = turn([0.0, 0.0, 1.0], heading);
        let offset = rotate(body, CAMERA);
        let from = [at[0] + offset[0], at[1] + offset[1], offset[2]];
        let world_from_camera = times(body, OPTICAL);
        let mut data = Vec::with_capacity(320 * 240);
        for v in 0..240 {
            for u in 0..320 {
                let ray = [
                    (f64::from(u) - 159.5) / 240.0,
                    (f64::from(v) - 119.5) / 240.0,
                    1.0,
                ];
                let grey = self
                    .cast(from, rotate(world_from_camera, ray))
                    .map_or(200.0, |hit| hit.1);
                data.push(
                    (grey + 3.0 * (unit(&mut self.rng) + unit(&mut self.rng) - 1.0))
                        .clamp(0.0, 255.0) as u8,
                );
            }
        }
        data
    }

    pub(crate) fn sweep(
        &mut self,
        at: [f64; 2],
        heading: f64,
        lidar: Lidar,
    ) -> (Vec<[f32; 3]>, Vec<u16>, Vec<f32>) {
        let body = turn([0.0, 0.0, 1.0], heading);
        let from = [at[0], at[1], LIDAR[2]];
        let (mut points, mut rings, mut intensities) = (Vec::new(), Vec::new(), Vec::new());
        let spacing = (lidar.high_degrees - lidar.low_degrees) / f64::from(lidar.rings - 1);
        for ring in 0..lidar.rings {
            let elevation = (lidar.low_degrees + spacing * f64::from(ring)).to_radians();
            for beam in 0..lidar.beams {
                let azimuth = std::f64::consts::TAU * f64::from(beam) / f64::from(lidar.beams)
                    - std::f64::consts::PI;
                if azimuth.cos() < 0.6 {
                    continue;
                }
                let ray = [
                    azimuth.cos() * elevation.cos(),
                    azimuth.sin() * elevation.cos(),
                    elevation.sin(),
                ];
                let Some((distance, grey)) = self.cast(from, rotate(body, ray)) else {
                    continue;
                };
                if distance > 100.0 {
                    continue;
                }
                let noise = 0.06 * (unit(&mut self.rng) + unit(&mut self.rng) - 1.0);
                points.push(ray.map(|x| (x * (distance + noise)) as f32));
                rings.push(ring);
                intensities.push(grey as f32);
            }
        }
        (points, rings, intensities)
    }

    /// A drive of so many pairs, with each of these claimed mountings.
    pub(crate) fn scenes(&mut self, claimed: &[Pose], frames: usize, lidar: Lidar) -> Vec<Scene> {
        let mut scenes: Vec<Scene> = claimed.iter().map(|c| Scene::new(&camera(), c)).collect();
        for i in 0..frames {
            let side = 2.0 * unit(&mut self.rng) - 1.0;
            let at = [50.0 * i as f64 / frames as f64, side];
            let heading = 0.8 * (unit(&mut self.rng) - 0.5);
            let data = self.image(at, heading);
            let (points, rings, intensities) = self.sweep(at, heading, lidar);
            let image = GreyView {
                width: 320,
                height: 240,
                data: &data,
            };
            let cloud = RingCloud {
                points: &points,
                rings: &rings,
                intensities: &intensities,
            };
            for scene in &mut scenes {
                scene.push(&image, &cloud).expect("a pair");
            }
        }
        scenes
    }
}

/// In 0 to 1.
fn unit(rng: &mut Lcg) -> f64 {
    f64::from(rng.next_u32()) / 4_294_967_296.0
}
