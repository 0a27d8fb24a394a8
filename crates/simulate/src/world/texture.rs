//! Patterns on surfaces: seeded, repeating, with smaller copies for distant views.

use crate::rng::Rng;

/// A square repeating pattern; level `n` has half the side of level `n - 1`.
#[derive(Clone, Debug)]
pub(crate) struct Texture {
    levels: Vec<Vec<u8>>,
}

/// Side of the largest level, a power of two, and its exponent.
pub(crate) const SIDE: usize = 256;
pub(crate) const SIDE_BITS: u32 = 8;
/// Number of levels: down to 8 by 8.
pub(crate) const LEVELS: u32 = 6;

/// What a pattern looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// Stones of all sizes.
    Gravel,
    /// Rows of windows.
    Windows,
    /// Bricks of differing shades.
    Bricks,
    /// Patches and stripes, as on crates and posters.
    Patches,
}

impl Texture {
    pub(crate) fn new(pattern: Pattern, rng: &mut Rng) -> Self {
        let mut pixels = grain(rng);
        match pattern {
            Pattern::Gravel => {}
            Pattern::Windows => cells(&mut pixels, rng, (32, 32), 10),
            Pattern::Bricks => cells(&mut pixels, rng, (32, 16), 2),
            Pattern::Patches => patches(&mut pixels, rng),
        }
        let mut levels = vec![pixels];
        for level in 1..LEVELS {
            let side = SIDE >> level;
            let above = levels.last().cloned().unwrap_or_default();
            levels.push(halved(&above, side));
        }
        Self { levels }
    }

    /// The pixels of a level, row by row; the smallest for levels beyond it.
    pub(crate) fn level(&self, level: u32) -> &[u8] {
        let place = usize::try_from(level.min(LEVELS - 1)).unwrap_or(0);
        self.levels.get(place).map_or(&[], Vec::as_slice)
    }

    /// The value at a place in pixels of the largest level, from level 1.
    pub(crate) fn value(&self, u: f32, v: f32) -> u8 {
        let mask = i32::try_from(SIDE / 2 - 1).unwrap_or(0);
        let (x, y) = (floor(u * 0.5) & mask, floor(v * 0.5) & mask);
        let place = (y << (SIDE_BITS - 1)) + x;
        let place = usize::try_from(place).unwrap_or(0);
        self.level(1).get(place).copied().unwrap_or(0)
    }
}

/// Whole numbers below; places on surfaces are far below 2^31.
#[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
pub(crate) fn floor(value: f32) -> i32 {
    let whole = value as i32;
    if whole as f32 > value {
        whole.saturating_sub(1)
    } else {
        whole
    }
}

/// Noise of five octaves, 8 to 128 pixels apart doubled each time: smooth parts and fine grain.
fn grain(rng: &mut Rng) -> Vec<u8> {
    let mut sum = vec![0_i32; SIDE * SIDE];
    for (cell_bits, weight) in [(1_u32, 30), (2, 36), (3, 40), (5, 44), (6, 40)] {
        let count = SIDE >> cell_bits;
        let knots: Vec<i32> = (0..count * count).map(|_| centered(rng)).collect();
        let cell = 1_usize << cell_bits;
        let at = |x: usize, y: usize| {
            let place = (y % count) * count + x % count;
            knots.get(place).copied().unwrap_or(0)
        };
        for (place, value) in sum.iter_mut().enumerate() {
            let (x, y) = (place % SIDE, place / SIDE);
            let (cx, cy) = (x >> cell_bits, y >> cell_bits);
            let (fx, fy) = (small(x % cell), small(y % cell));
            let full = small(cell);
            let top = at(cx, cy) * (full - fx) + at(cx + 1, cy) * fx;
            let bottom = at(cx, cy + 1) * (full - fx) + at(cx + 1, cy + 1) * fx;
            let mixed = (top * (full - fy) + bottom * fy) / (full * full);
            *value += mixed * weight / 128;
        }
    }
    sum.into_iter().map(|value| byte(value + 128)).collect()
}

/// -128 to 127.
fn centered(rng: &mut Rng) -> i32 {
    i32::try_from(rng.below(256)).unwrap_or(0) - 128
}

fn small(value: usize) -> i32 {
    i32::try_from(value).unwrap_or(0)
}

pub(crate) fn byte(value: i32) -> u8 {
    u8::try_from(value.clamp(0, 255)).unwrap_or(255)
}

/// Cells with frames of `border` pixels, each cell with a shade of its own.
fn cells(pixels: &mut [u8], rng: &mut Rng, (wide, high): (usize, usize), border: usize) {
    let across = SIDE / wide;
    let shades: Vec<i32> = (0..across * (SIDE / high))
        .map(|_| centered(rng) * 2 / 3)
        .collect();
    for (place, pixel) in pixels.iter_mut().enumerate() {
        let (x, y) = (place % SIDE, place / SIDE);
        // Every other row of bricks is shifted by half a brick.
        let x = (x + if (y / high) % 2 == 1 { wide / 2 } else { 0 }) % SIDE;
        let frame = x % wide < border || y % high < border;
        let shade = shades.get((y / high) * across + x / wide).copied();
        let value = i32::from(*pixel) - 128;
        *pixel = if frame {
            byte(176 + value / 2)
        } else {
            byte(112 + shade.unwrap_or(0) + value / 2)
        };
    }
}

/// Rectangles of random size and shade over each other.
fn patches(pixels: &mut [u8], rng: &mut Rng) {
    for _ in 0..60 {
        let mut pick = |bound: u64| usize::try_from(rng.below(bound)).unwrap_or(0);
        let (x0, y0) = (pick(256), pick(256));
        let (wide, high) = (4 + pick(44), 4 + pick(44));
        let shade = centered(rng);
        for row in 0..high {
            for column in 0..wide {
                let place = ((y0 + row) % SIDE) * SIDE + (x0 + column) % SIDE;
                if let Some(pixel) = pixels.get_mut(place) {
                    *pixel = byte(128 + shade * 3 / 4 + (i32::from(*pixel) - 128) / 3);
                }
            }
        }
    }
}

/// Means of two by two pixels.
fn halved(above: &[u8], side: usize) -> Vec<u8> {
    let at = |x: usize, y: usize| above.get(y * side * 2 + x).copied().map_or(0, u16::from);
    (0..side * side)
        .map(|place| {
            let (x, y) = (place % side * 2, place / side * 2);
            let sum = at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1) + 2;
            byte(i32::from(sum / 4))
        })
        .collect()
}
