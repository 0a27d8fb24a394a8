//! An image from fine to coarse, as [`super::rotation_of`] needs it.
//!
//! Read [`Pyramid`] first. Not here: what is found in it (`rotation`).

use super::{Grey, ImageError, LEAST_PIXELS};

/// Pyramids stop where the next level would be smaller than this: below, too few pixels are left to align.
const COARSEST_PIXELS: usize = 15;

/// An image smoothed and halved until little is left, for [`super::rotation_of`]. Memory: 6 bytes per pixel.
pub struct Pyramid {
    levels: Vec<Level>,
}

impl Pyramid {
    /// Errors: [`ImageError::TooSmall`] below 16 pixels in a direction. Cost: a few passes over the pixels.
    pub fn new(image: &Grey<'_>) -> Result<Self, ImageError> {
        let (width, height) = (image.width(), image.height());
        if width < LEAST_PIXELS || height < LEAST_PIXELS {
            return Err(ImageError::TooSmall {
                width,
                height,
                needed: LEAST_PIXELS,
            });
        }
        Ok(Self {
            levels: pyramid(image),
        })
    }

    /// The smoothed image, then halves of it, finest first.
    pub(super) fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// Width and height of the image.
    pub fn size(&self) -> (usize, usize) {
        self.levels
            .first()
            .map_or((0, 0), |level| (level.width, level.height))
    }
}

/// A smoothed image in floats.
pub(super) struct Level {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) data: Vec<f32>,
}

impl Level {
    /// Bilinear value; none left of or above the first pixel, which stands for all places outside.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place inside a small image"
    )]
    pub(super) fn between(&self, x: f32, y: f32) -> Option<f32> {
        if x < 0.0 {
            return None;
        }
        let (i, j) = (x as i32, y as i32);
        let (ax, ay) = (x - i as f32, y - j as f32);
        let at = j as usize * self.width + i as usize;
        let [a, b] = *self.data.get(at..)?.first_chunk::<2>()?;
        let [c, d] = *self.data.get(at + self.width..)?.first_chunk::<2>()?;
        let top = a + ax * (b - a);
        let bottom = c + ax * (d - c);
        Some(top + ay * (bottom - top))
    }
}

/// The smoothed image, then halves of it, finest first.
fn pyramid(image: &Grey<'_>) -> Vec<Level> {
    let (width, height) = (image.width(), image.height());
    let mut data = Vec::with_capacity(width * height);
    for y in 0..height {
        data.extend(image.row(y).iter().map(|value| f32::from(*value)));
    }
    let mut levels = vec![smooth(width, height, &data)];
    while let Some(last) = levels.last() {
        let (w, h) = (last.width.div_ceil(2), last.height.div_ceil(2));
        if w.min(h) < COARSEST_PIXELS {
            break;
        }
        let twice = smooth(last.width, last.height, &last.data);
        let half: Vec<f32> = twice
            .data
            .chunks_exact(last.width)
            .step_by(2)
            .flat_map(|row| row.iter().copied().step_by(2))
            .collect();
        levels.push(Level {
            width: w,
            height: h,
            data: half,
        });
    }
    levels
}

/// Binomial smoothing 1 2 1 in both directions, border repeated.
fn smooth(width: usize, height: usize, data: &[f32]) -> Level {
    let mut along = vec![0.0_f32; width * height];
    for (row, out) in data.chunks_exact(width).zip(along.chunks_exact_mut(width)) {
        let last = width - 1;
        out[0] = 0.25 * (3.0 * row[0] + row[1.min(last)]);
        out[last] = 0.25 * (3.0 * row[last] + row[last.saturating_sub(1)]);
        for (o, v) in out[1..last.max(1)].iter_mut().zip(row.windows(3)) {
            *o = 0.25 * (v[0] + 2.0 * v[1] + v[2]);
        }
    }
    let mut out = Vec::with_capacity(width * height);
    let row_at = |y: usize| &along[y * width..(y + 1) * width];
    for y in 0..height {
        let (up, mid, down) = (
            row_at(y.saturating_sub(1)),
            row_at(y),
            row_at((y + 1).min(height - 1)),
        );
        out.extend(
            up.iter()
                .zip(mid)
                .zip(down)
                .map(|((a, b), c)| 0.25 * (a + 2.0 * b + c)),
        );
    }
    Level {
        width,
        height,
        data: out,
    }
}
