//! A camera without distortion: textured polygons, nearest wins.
//!
//! Read [`Renderer::render`] first. Pixel `(i, j)` looks along `((i - cx) / fx, (j - cy) / fy, 1)`. Only
//! additions, multiplications and divisions of single precision make pixels, so machines agree on them.
//! Cost: about 2 ms for 640 by 480.

use super::texture::{LEVELS, SIDE, SIDE_BITS, Texture, byte, floor};
use super::{Block, World};
use crate::math::{Pose, Vec3, add, rotate, scale, single, sub};

/// Intrinsic parameters of a camera without distortion, pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Lens {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) focal: f64,
    pub(crate) center: (f64, f64),
}

/// Draws one camera's pictures.
#[derive(Clone, Debug, Default)]
pub(crate) struct Renderer {
    /// One over depth of what is drawn, 0 where nothing is.
    nearness: Vec<f32>,
    /// Brightness, row by row.
    pub(crate) pixels: Vec<u8>,
    width: usize,
    height: usize,
}

/// A quantity that is linear over the picture.
#[derive(Clone, Copy, Debug)]
struct Linear {
    x: f32,
    y: f32,
    constant: f32,
}

impl Linear {
    fn at(&self, x: f32, y: f32) -> f32 {
        self.x * x + self.y * y + self.constant
    }
}

/// A plane seen by the camera: one over depth, and both pattern coordinates over depth.
struct Plane {
    nearness: Linear,
    u: Linear,
    v: Linear,
}

/// A face in the camera's frame.
struct Face {
    center: Vec3,
    /// Unit axes of the pattern, and half the size along them.
    axes: [Vec3; 2],
    half: [f64; 2],
    normal: Vec3,
    per_meter: f64,
}

/// How a surface looks.
struct Skin<'a> {
    texture: &'a Texture,
    /// Brightness factor times 256.
    gain: i32,
}

/// Nearest depth drawn, meters.
const NEAR_M: f32 = 0.03;
/// Pixels between two exact pattern coordinates; between them they are interpolated.
const RUN: usize = 16;
/// Brightness of faces by their direction: front, back, left, right, top; the light comes from the front left.
const FACE_LIGHT: [f32; 5] = [1.15, 0.7, 1.0, 0.8, 1.25];
/// Half size of the box that carries the sky.
const SKY_M: f64 = 600.0;

impl Renderer {
    /// Draws what a camera at `world_from_camera` sees, without noise.
    pub(crate) fn render(
        &mut self,
        world: &World,
        lens: &Lens,
        world_from_camera: &Pose,
        secs: f64,
    ) {
        self.width = lens.width;
        self.height = lens.height;
        self.nearness.clear();
        self.nearness.resize(lens.width * lens.height, 0.0);
        self.pixels.clear();
        self.pixels.resize(lens.width * lens.height, 0);
        let camera = world_from_camera.inverse();
        let mut blocks = world.blocks(secs);
        let eye = world_from_camera.meters;
        let near = |block: &Block| {
            let [x, y, _] = sub(block.center, eye);
            x * x + y * y
        };
        blocks.sort_by(|a, b| near(a).total_cmp(&near(b)));
        for block in &blocks {
            self.block(world, lens, &camera, block);
        }
        self.ground(world, lens, &camera, eye);
        self.sky(world, lens, &camera, eye);
    }

    fn block(&mut self, world: &World, lens: &Lens, camera: &Pose, block: &Block) {
        let Some(texture) = world.textures.get(block.texture) else {
            return;
        };
        let here = camera.then(&Pose::new(
            block.center,
            crate::math::from_rotation_vector([0.0, 0.0, block.yaw_radians]),
        ));
        let reach = block.half[0] + block.half[1] + block.half[2];
        if here.meters[2] < -reach {
            return;
        }
        let [x, y, z] = here.axes();
        let [hx, hy, hz] = block.half;
        let faces = [
            (x, hx, [y, z], [hy, hz]),
            (scale(x, -1.0), hx, [y, z], [hy, hz]),
            (y, hy, [x, z], [hx, hz]),
            (scale(y, -1.0), hy, [x, z], [hx, hz]),
            (z, hz, [x, y], [hx, hy]),
        ];
        for ((normal, out, axes, half), light) in faces.into_iter().zip(FACE_LIGHT) {
            let face = Face {
                center: add(here.meters, scale(normal, out)),
                axes,
                half,
                normal,
                per_meter: world.per_meter.0,
            };
            // Seen from behind.
            if dot(face.normal, face.center) >= 0.0 {
                continue;
            }
            let gain = floor(block.gain * light * 256.0);
            self.face(lens, &face, &Skin { texture, gain });
        }
    }

    fn ground(&mut self, world: &World, lens: &Lens, camera: &Pose, eye: Vec3) {
        let Some(texture) = world.textures.first() else {
            return;
        };
        let reach = (3600.0 / world.per_meter.1).min(150.0);
        // The pattern stays where it is: the middle moves by whole repetitions.
        let repeat = SIDE as f64 / world.per_meter.1;
        let snapped = |value: f64| libm::floor(value / repeat) * repeat;
        let middle = [snapped(eye[0]), snapped(eye[1]), world.ground_z];
        let face = Face {
            center: camera.apply(middle),
            axes: [
                rotate(camera.quat_xyzw, [1.0, 0.0, 0.0]),
                rotate(camera.quat_xyzw, [0.0, 1.0, 0.0]),
            ],
            half: [reach, reach],
            normal: rotate(camera.quat_xyzw, [0.0, 0.0, 1.0]),
            per_meter: world.per_meter.1,
        };
        self.face(lens, &face, &Skin { texture, gain: 200 });
    }

    fn sky(&mut self, world: &World, lens: &Lens, camera: &Pose, eye: Vec3) {
        let Some(texture) = world.sky() else {
            return;
        };
        let here = camera.then(&Pose::new(eye, [0.0, 0.0, 0.0, 1.0]));
        let [x, y, z] = here.axes();
        let sides = [
            (x, [y, z]),
            (scale(x, -1.0), [y, z]),
            (y, [x, z]),
            (scale(y, -1.0), [x, z]),
            (z, [x, y]),
            (scale(z, -1.0), [x, y]),
        ];
        for (direction, axes) in sides {
            let face = Face {
                center: scale(direction, SKY_M),
                axes,
                half: [SKY_M, SKY_M],
                normal: scale(direction, -1.0),
                per_meter: 0.5,
            };
            self.face(lens, &face, &Skin { texture, gain: 290 });
        }
    }

    fn face(&mut self, lens: &Lens, face: &Face, skin: &Skin<'_>) {
        let Some(plane) = plane(lens, face) else {
            return;
        };
        let polygon = project(lens, face);
        let low = polygon.iter().map(|p| p.1).fold(f32::MAX, f32::min);
        let high = polygon.iter().map(|p| p.1).fold(f32::MIN, f32::max);
        let first = usize::try_from(ceil(low)).unwrap_or(0);
        let last = usize::try_from(ceil(high)).unwrap_or(0).min(self.height);
        for row in first..last {
            let y = small(row);
            let (mut left, mut right) = (f32::MAX, f32::MIN);
            for (place, from) in polygon.iter().enumerate() {
                let to = polygon.get(place + 1).unwrap_or(&polygon[0]);
                if (from.1 <= y) != (to.1 <= y) {
                    let x = from.0 + (y - from.1) * (to.0 - from.0) / (to.1 - from.1);
                    left = left.min(x);
                    right = right.max(x);
                }
            }
            let start = usize::try_from(ceil(left)).unwrap_or(0);
            let end = usize::try_from(ceil(right)).unwrap_or(0).min(self.width);
            if start < end {
                self.row(row, start..end, &plane, skin);
            }
        }
    }

    /// Draws a part of a row.
    fn row(&mut self, row: usize, columns: std::ops::Range<usize>, plane: &Plane, skin: &Skin<'_>) {
        let place = row * self.width;
        let range = place + columns.start..place + columns.end;
        let (Some(pixels), Some(nearness)) = (
            self.pixels.get_mut(range.clone()),
            self.nearness.get_mut(range),
        ) else {
            return;
        };
        let mut x = small(columns.start);
        let y = small(row);
        for (pixels, nearness) in pixels.chunks_mut(RUN).zip(nearness.chunks_mut(RUN)) {
            let steps = small(pixels.len() - 1);
            draw(plane, skin, (x, y, steps), pixels, nearness);
            x += steps + 1.0;
        }
    }
}

fn dot(a: Vec3, b: Vec3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn small(value: usize) -> f32 {
    f32::from(u16::try_from(value).unwrap_or(u16::MAX))
}

/// The next whole number up; far outside the picture it saturates.
fn ceil(value: f32) -> i32 {
    floor(-value).saturating_neg()
}

/// How depth and pattern run over the picture; none where the plane is seen edge on.
fn plane(lens: &Lens, face: &Face) -> Option<Plane> {
    let distance = dot(face.normal, face.center);
    if distance.abs() < 1e-6 {
        return None;
    }
    let over = |axis: Vec3, by: f64| -> [f64; 3] {
        let x = axis[0] * by / lens.focal;
        let y = axis[1] * by / lens.focal;
        [x, y, axis[2] * by - x * lens.center.0 - y * lens.center.1]
    };
    let nearness = over(face.normal, 1.0 / distance);
    let pattern = |axis: Vec3| {
        let [x, y, constant] = over(axis, face.per_meter);
        let shift = dot(axis, face.center) * face.per_meter;
        linear([
            x - shift * nearness[0],
            y - shift * nearness[1],
            constant - shift * nearness[2],
        ])
    };
    Some(Plane {
        nearness: linear(nearness),
        u: pattern(face.axes[0]),
        v: pattern(face.axes[1]),
    })
}

fn linear([x, y, constant]: [f64; 3]) -> Linear {
    Linear {
        x: single(x),
        y: single(y),
        constant: single(constant),
    }
}

/// Corners of a face in the picture, cut at the nearest depth.
fn project(lens: &Lens, face: &Face) -> Vec<(f32, f32)> {
    let corner = |u: f64, v: f64| {
        let along = scale(face.axes[0], u * face.half[0]);
        add(
            face.center,
            add(along, scale(face.axes[1], v * face.half[1])),
        )
    };
    let corners = [
        corner(-1.0, -1.0),
        corner(1.0, -1.0),
        corner(1.0, 1.0),
        corner(-1.0, 1.0),
    ];
    let near = f64::from(NEAR_M);
    let mut polygon = Vec::with_capacity(6);
    let mut put = |point: Vec3| {
        let x = lens.focal * point[0] / point[2] + lens.center.0;
        let y = lens.focal * point[1] / point[2] + lens.center.1;
        polygon.push((single(x), single(y)));
    };
    for (place, from) in corners.iter().enumerate() {
        let to = corners.get(place + 1).unwrap_or(&corners[0]);
        if from[2] >= near {
            put(*from);
        }
        if (from[2] >= near) != (to[2] >= near) {
            let share = (near - from[2]) / (to[2] - from[2]);
            put(add(*from, scale(sub(*to, *from), share)));
        }
    }
    polygon
}

/// Draws a run of pixels from `(x, y)`, the last one `steps` further.
fn draw(
    plane: &Plane,
    skin: &Skin<'_>,
    (x, y, steps): (f32, f32, f32),
    pixels: &mut [u8],
    nearness: &mut [f32],
) {
    let near = plane.nearness.at(x, y).max(1e-5);
    let near_end = plane.nearness.at(x + steps, y).max(1e-5);
    let (depth, depth_end) = (1.0 / near, 1.0 / near_end);
    let (u, v) = (plane.u.at(x, y) * depth, plane.v.at(x, y) * depth);
    let u_end = plane.u.at(x + steps, y) * depth_end;
    let v_end = plane.v.at(x + steps, y) * depth_end;
    let each = 1.0 / steps.max(1.0);
    let (du, dv) = ((u_end - u) * each, (v_end - v) * each);
    let down_u = (plane.u.y - u * plane.nearness.y) * depth;
    let down_v = (plane.v.y - v * plane.nearness.y) * depth;
    let mut wide = du.abs().max(dv.abs()).max(down_u.abs().max(down_v.abs()));
    let (mut level, mut shrink) = (0, 65536.0);
    while wide > 1.3 && level + 1 < LEVELS {
        wide *= 0.5;
        shrink *= 0.5;
        level += 1;
    }
    let map = Map {
        pixels: skin.texture.level(level),
        bits: SIDE_BITS - level,
    };
    let (mut u, mut v) = (fixed(u * shrink), fixed(v * shrink));
    let (du, dv) = (fixed(du * shrink), fixed(dv * shrink));
    let step = (near_end - near) * each;
    let mut near = near;
    for (pixel, known) in pixels.iter_mut().zip(nearness) {
        if near > *known {
            *known = near;
            *pixel = byte((map.sample(u, v) * skin.gain) >> 8);
        }
        near += step;
        u = u.wrapping_add(du);
        v = v.wrapping_add(dv);
    }
}

/// Whole numbers of 1/65536, wrapping as patterns do.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the low 32 bits are wanted: patterns repeat after 256 pixels"
)]
fn fixed(value: f32) -> u32 {
    value as i64 as u32
}

/// One level of a pattern.
struct Map<'a> {
    pixels: &'a [u8],
    bits: u32,
}

impl Map<'_> {
    /// The value between four pixels, 0 to 255.
    fn sample(&self, u: u32, v: u32) -> i32 {
        let mask = (1_u32 << self.bits) - 1;
        let (left, top) = ((u >> 16) & mask, (v >> 16) & mask);
        let (right, bottom) = ((left + 1) & mask, (top + 1) & mask);
        let (across, down) = ((u >> 8) & 255, (v >> 8) & 255);
        let at = |x: u32, y: u32| {
            let place = (y << self.bits) + x;
            u32::from(self.pixels.get(place as usize).copied().unwrap_or(0))
        };
        let upper = at(left, top) * (256 - across) + at(right, top) * across;
        let lower = at(left, bottom) * (256 - across) + at(right, bottom) * across;
        i32::try_from((upper * (256 - down) + lower * down) >> 16).unwrap_or(255)
    }
}
