//! A spinning lidar: rays against the same blocks and ground the cameras see.
//!
//! Read [`sweep`] first. Cost: about 2 ms for 16 rings of 900 beams.

use super::texture::byte;
use super::{Block, MAX_BLOCKS, World};
use crate::math::{Pose, Vec3, single, sub};
use crate::rng::Rng;
use std::f64::consts::{PI, TAU};

/// What a lidar is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Beams {
    pub(crate) rings: usize,
    /// Beams per turn and ring.
    pub(crate) columns: usize,
    /// Lowest and highest ring, radians above the sensor's plane.
    pub(crate) elevation: (f64, f64),
    /// Standard deviation of ranges, meters.
    pub(crate) sigma_m: f64,
    /// Longest range, meters.
    pub(crate) reach_m: f64,
}

/// One return, in the sensor's frame at the time of its beam.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Return {
    pub(crate) column: usize,
    pub(crate) ring: u16,
    pub(crate) direction: [f32; 3],
    pub(crate) range_m: f32,
    /// 0 to 255.
    pub(crate) intensity: u8,
}

/// Length of a sweep, seconds.
pub(crate) const SWEEP_SECS: f64 = 0.1;
/// Columns between two exact poses; between them poses are interpolated.
const POSE_COLUMNS: usize = 45;
/// Share of beams that bring nothing back though something is in reach.
const LOST: f64 = 0.004;
/// Ranges come in steps of 2 mm, as those of a VLP-16.
const RANGE_STEPS_PER_M: f64 = 500.0;

/// A turn of the lidar that starts at `secs`: returns in the order of their beams. The first column looks
/// backwards; columns go on to the left. `sensor` gives `world_from_lidar` at a time.
pub(crate) fn sweep(
    world: &World,
    beams: &Beams,
    secs: f64,
    sensor: impl Fn(f64) -> Pose,
    rng: &mut Rng,
) -> Vec<Return> {
    let middle = sensor(secs + SWEEP_SECS / 2.0);
    let blocks = world.blocks(secs + SWEEP_SECS / 2.0);
    let masks = candidates(&blocks, &middle, beams.columns);
    let solids: Vec<Solid> = blocks.iter().map(Solid::new).collect();
    let rings: Vec<(f64, f64)> = (0..beams.rings)
        .map(|ring| {
            let share = ring as f64 / (beams.rings.saturating_sub(1)).max(1) as f64;
            let (low, high) = beams.elevation;
            libm::sincos(low + (high - low) * share)
        })
        .collect();
    let mut returns = Vec::with_capacity(beams.rings * beams.columns);
    let column_secs = SWEEP_SECS / beams.columns.max(1) as f64;
    let mut frames = (Frame::new(&sensor(secs)), Frame::new(&sensor(secs)));
    for (column, mask) in masks.into_iter().enumerate() {
        let within = column % POSE_COLUMNS;
        if within == 0 {
            let next = secs + (column + POSE_COLUMNS) as f64 * column_secs;
            frames = (frames.1, Frame::new(&sensor(next)));
        }
        let frame = frames
            .0
            .toward(&frames.1, within as f64 / POSE_COLUMNS as f64);
        let (s, c) = libm::sincos(azimuth(column, beams.columns));
        for (ring, (up, level)) in (0_u16..).zip(&rings) {
            let direction = [level * c, level * s, *up];
            let ray = Ray {
                origin: frame.origin,
                direction: frame.turn(direction),
            };
            let Some((range, brightness)) = ray.cast(world, &blocks, &solids, mask) else {
                continue;
            };
            let noisy = range + beams.sigma_m * rng.normal();
            if noisy > beams.reach_m || noisy < 0.3 || rng.uniform() < LOST {
                continue;
            }
            let steps = libm::round(noisy * RANGE_STEPS_PER_M);
            returns.push(Return {
                column,
                ring,
                direction: direction.map(single),
                range_m: single(steps / RANGE_STEPS_PER_M),
                intensity: fading(brightness, rng),
            });
        }
    }
    returns
}

/// Direction of a column in the sensor's frame, radians.
pub(crate) fn azimuth(column: usize, columns: usize) -> f64 {
    -PI + TAU * column as f64 / columns.max(1) as f64
}

/// Reflected intensity: calibrated to the surface, with a little scatter.
fn fading(brightness: u8, rng: &mut Rng) -> u8 {
    let scatter = i32::try_from(rng.below(7)).unwrap_or(0) - 3;
    byte(i32::from(brightness) * 3 / 4 + scatter + 4)
}

/// Per column the blocks it may meet, one bit each: those within the angle a block takes up,
/// with a margin for the way and the turn of half a sweep.
fn candidates(blocks: &[Block], sensor: &Pose, columns: usize) -> Vec<u128> {
    let mut masks = vec![0_u128; columns];
    let back = sensor.inverse();
    for (number, block) in blocks.iter().enumerate().take(MAX_BLOCKS) {
        let [x, y, _] = back.apply(block.center);
        let [hx, hy, hz] = block.half;
        let radius =
            libm::sqrt(hx * hx + hy * hy) + 0.1 * hz + 1.0_f64.min(0.05 * libm::hypot(x, y));
        let distance = libm::hypot(x, y);
        let half = if distance <= radius * 1.05 {
            PI
        } else {
            libm::asin(radius / distance) + 0.08
        };
        let middle = libm::atan2(y, x);
        for (column, mask) in masks.iter_mut().enumerate() {
            let apart = libm::fabs(azimuth(column, columns) - middle);
            if apart.min(TAU - apart) <= half {
                *mask |= 1 << number;
            }
        }
    }
    masks
}

/// A sensor's place and axes.
#[derive(Clone, Copy)]
struct Frame {
    origin: Vec3,
    axes: [Vec3; 3],
}

impl Frame {
    fn new(pose: &Pose) -> Self {
        Self {
            origin: pose.meters,
            axes: pose.axes(),
        }
    }

    /// Part of the way to another frame near by: the axes stay of unit length to 1e-6.
    fn toward(&self, other: &Self, share: f64) -> Self {
        let mix =
            |a: Vec3, b: Vec3| -> Vec3 { std::array::from_fn(|i| a[i] + (b[i] - a[i]) * share) };
        Self {
            origin: mix(self.origin, other.origin),
            axes: std::array::from_fn(|i| mix(self.axes[i], other.axes[i])),
        }
    }

    fn turn(&self, v: Vec3) -> Vec3 {
        let [x, y, z] = self.axes;
        std::array::from_fn(|i| x[i] * v[0] + y[i] * v[1] + z[i] * v[2])
    }
}

/// A block made ready for rays.
struct Solid {
    center: Vec3,
    half: Vec3,
    sin_cos: (f64, f64),
}

impl Solid {
    fn new(block: &Block) -> Self {
        Self {
            center: block.center,
            half: block.half,
            sin_cos: libm::sincos(block.yaw_radians),
        }
    }

    /// Into the block's own axes.
    fn local(&self, v: Vec3) -> Vec3 {
        let (s, c) = self.sin_cos;
        [c * v[0] + s * v[1], c * v[1] - s * v[0], v[2]]
    }

    /// Distance along a ray to the block, and the axis of the face it meets.
    fn hit(&self, ray: &Ray) -> Option<(f64, usize)> {
        let origin = self.local(sub(ray.origin, self.center));
        let direction = self.local(ray.direction);
        let (mut enter, mut leave, mut axis) = (0.0, f64::MAX, 3);
        for i in 0..3 {
            let inverse = 1.0 / direction[i];
            let a = (-self.half[i] - origin[i]) * inverse;
            let b = (self.half[i] - origin[i]) * inverse;
            let (near, far) = if a < b { (a, b) } else { (b, a) };
            if near > enter {
                enter = near;
                axis = i;
            }
            leave = if far < leave { far } else { leave };
        }
        (enter < leave && axis < 3).then_some((enter, axis))
    }
}

struct Ray {
    origin: Vec3,
    direction: Vec3,
}

impl Ray {
    /// Distance to the first thing met and its brightness.
    fn cast(
        &self,
        world: &World,
        blocks: &[Block],
        solids: &[Solid],
        mut mask: u128,
    ) -> Option<(f64, u8)> {
        let mut best = f64::MAX;
        let mut met: Option<(usize, usize)> = None;
        while mask != 0 {
            let number = mask.trailing_zeros() as usize;
            mask &= mask - 1;
            let Some(solid) = solids.get(number) else {
                continue;
            };
            if let Some((distance, axis)) = solid.hit(self)
                && distance < best
            {
                best = distance;
                met = Some((number, axis));
            }
        }
        let down = (world.ground_z - self.origin[2]) / self.direction[2];
        if self.direction[2] < -1e-4 && down < best {
            let texture = world.textures.first()?;
            let per_meter = world.per_meter.1;
            let u = (self.origin[0] + down * self.direction[0]) * per_meter;
            let v = (self.origin[1] + down * self.direction[1]) * per_meter;
            return Some((down, shade(texture.value(single(u), single(v)), 0.78)));
        }
        let (number, axis) = met?;
        let (block, solid) = (blocks.get(number)?, solids.get(number)?);
        let point: Vec3 = std::array::from_fn(|i| self.origin[i] + best * self.direction[i]);
        let local = solid.local(sub(point, solid.center));
        let (u, v) = match axis {
            0 => (local[1], local[2]),
            1 => (local[0], local[2]),
            _ => (local[0], local[1]),
        };
        let texture = world.textures.get(block.texture)?;
        let per_meter = world.per_meter.0;
        let value = texture.value(single(u * per_meter), single(v * per_meter));
        Some((best, shade(value, block.gain)))
    }
}

fn shade(value: u8, gain: f32) -> u8 {
    byte(super::texture::floor(f32::from(value) * gain))
}
