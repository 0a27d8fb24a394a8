//! What is wrong with parts of an image: the block diagnosis of Autoware.

use super::{Grey, ImageError};
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlannerScalar};
use std::sync::Arc;

/// Rows the image is resized to.
const ROWS: usize = 480;
/// Blocks in each direction.
const BLOCKS: usize = 5;
/// Smallest real part of the transform that is told from rounding; keeps the logarithm of flat blocks finite.
const LEAST_REAL: f32 = 1e-3;

/// What a block shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockState {
    /// Nothing wrong.
    Normal,
    /// Mean below 10.
    Dark,
    /// More than 90 % of the pixels at 10 and below, and no texture (log-mean of the spectrum below 0.3).
    Blockage,
    /// Hardly any texture (log-mean below 4) and a mean below 230.
    LowVisibility,
    /// Mean above 230.
    Backlight,
}

/// The states of 25 blocks, row by row from the top left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// States.
    pub blocks: [BlockState; BLOCKS * BLOCKS],
}

impl Diagnosis {
    /// Blocks in a state.
    pub fn count(&self, state: BlockState) -> usize {
        self.blocks.iter().filter(|block| **block == state).count()
    }

    /// Autoware's limits for an error: more than 20 dark, 5 blocked, 4 of low visibility or 3 against the light.
    pub fn is_error(&self) -> bool {
        self.exceeds([20, 5, 4, 3])
    }

    /// Autoware's limits for a warning: more than 10 dark, 3 blocked, 2 of low visibility or 2 against the light.
    pub fn is_warning(&self) -> bool {
        self.exceeds([10, 3, 2, 2])
    }

    fn exceeds(&self, limits: [usize; 4]) -> bool {
        let states = [
            BlockState::Dark,
            BlockState::Blockage,
            BlockState::LowVisibility,
            BlockState::Backlight,
        ];
        states
            .iter()
            .zip(limits)
            .any(|(state, limit)| self.count(*state) > limit)
    }
}

/// States of 5 x 5 blocks of the image at 480 rows, with the limits of Autoware's `image_diagnostics` (2022).
///
/// The spectrum of a block is judged by the mean of `ln |Re F|` over its two-dimensional discrete Fourier transform,
/// real part only, as there. Deviations: bilinear resizing without the fixed-point rounding of `OpenCV`; the whole
/// padded spectrum is averaged, not its part of the block's size; values below 0.001 count as 0.001, where the
/// logarithm of `OpenCV` is undefined.
///
/// Errors: [`ImageError::TooSmall`] below 10 pixels in a direction. Cost: 25 transforms, about 2 ms.
pub fn diagnose(image: &Grey<'_>) -> Result<Diagnosis, ImageError> {
    let needed = 2 * BLOCKS;
    if image.width() < needed || image.height() < needed {
        return Err(ImageError::TooSmall {
            width: image.width(),
            height: image.height(),
            needed,
        });
    }
    let width = (image.width() * ROWS / image.height()).clamp(needed, 16 * ROWS);
    let resized = resize(image, width, ROWS);
    let (block_width, block_height) = (width / BLOCKS, ROWS / BLOCKS);
    let mut spectrum = Spectrum::new(block_width, block_height);
    let mut blocks = [BlockState::Normal; BLOCKS * BLOCKS];
    let mut pixels = Vec::with_capacity(block_width * block_height);
    for (index, state) in blocks.iter_mut().enumerate() {
        let (left, top) = (index % BLOCKS * block_width, index / BLOCKS * block_height);
        pixels.clear();
        for y in top..top + block_height {
            pixels.extend(resized[y * width + left..][..block_width].iter().copied());
        }
        *state = state_of(&pixels, &mut spectrum);
    }
    Ok(Diagnosis { blocks })
}

fn state_of(pixels: &[f32], spectrum: &mut Spectrum) -> BlockState {
    let n = pixels.len() as f32;
    // Autoware truncates the mean to a whole level.
    let mean = (pixels.iter().sum::<f32>() / n).floor();
    let dark = pixels.iter().filter(|v| **v <= 10.0).count() as f32 / n;
    if mean < 10.0 {
        return BlockState::Dark;
    }
    let texture = spectrum.log_mean(pixels);
    if dark > 0.9 && texture < 0.3 {
        BlockState::Blockage
    } else if texture < 4.0 && mean < 230.0 {
        BlockState::LowVisibility
    } else if mean > 230.0 {
        BlockState::Backlight
    } else {
        BlockState::Normal
    }
}

/// Values whose product stays far inside the range of a double: from 0.001 to a few million each.
const FACTORS: usize = 16;

/// Two-dimensional spectra of blocks of one size, padded with zeros to lengths without prime factors above 5.
struct Spectrum {
    width: usize,
    columns: usize,
    rows: usize,
    along: Arc<dyn Fft<f32>>,
    down: Arc<dyn Fft<f32>>,
    /// Half of the columns, one after the other: the other half mirrors them.
    field: Vec<Complex32>,
    line: Vec<Complex32>,
    scratch: Vec<Complex32>,
}

impl Spectrum {
    fn new(width: usize, height: usize) -> Self {
        let (columns, rows) = (padded(width), padded(height));
        // The same instructions on every machine, so that every machine sees the same states.
        let mut planner = FftPlannerScalar::new();
        let (along, down) = (
            planner.plan_fft_forward(columns),
            planner.plan_fft_forward(rows),
        );
        let scratch = along
            .get_inplace_scratch_len()
            .max(down.get_inplace_scratch_len());
        Self {
            width,
            columns,
            rows,
            along,
            down,
            field: vec![Complex32::default(); (columns / 2 + 1) * rows],
            line: vec![Complex32::default(); columns],
            scratch: vec![Complex32::default(); scratch],
        }
    }

    /// Mean of `ln |Re F|` of a block.
    fn log_mean(&mut self, pixels: &[f32]) -> f64 {
        self.rows_of(pixels);
        self.down
            .process_with_scratch(&mut self.field, &mut self.scratch);
        let mut sum = 0.0;
        for (x, column) in self.field.chunks_exact(self.rows).enumerate() {
            let mut logarithms = 0.0;
            for part in column.chunks(FACTORS) {
                let product: f64 = part
                    .iter()
                    .map(|c| f64::from(c.re.abs().max(LEAST_REAL)))
                    .product();
                logarithms += product.ln();
            }
            // Re F(-u, -v) = Re F(u, v), so every column but the first and the middle one counts for two.
            let mirrored = x > 0 && 2 * x != self.columns;
            sum += if mirrored {
                2.0 * logarithms
            } else {
                logarithms
            };
        }
        sum / (self.columns * self.rows) as f64
    }

    /// Transforms the rows into half of the columns. Two real rows are the parts of a complex one; their spectra
    /// are its even and odd parts (Press et al., Numerical Recipes, 12.3).
    fn rows_of(&mut self, pixels: &[f32]) {
        self.field.fill(Complex32::default());
        let half = Complex32::new(0.5, 0.0);
        for (pair, two) in pixels.chunks(2 * self.width).enumerate() {
            let (first, second) = two.split_at(self.width.min(two.len()));
            self.line.fill(Complex32::default());
            for (c, v) in self.line.iter_mut().zip(first) {
                c.re = *v;
            }
            for (c, v) in self.line.iter_mut().zip(second) {
                c.im = *v;
            }
            self.along
                .process_with_scratch(&mut self.line, &mut self.scratch);
            for (x, column) in self.field.chunks_exact_mut(self.rows).enumerate() {
                let (here, there) = (self.line[x], self.line[(self.columns - x) % self.columns]);
                column[2 * pair] = (here + there.conj()) * half;
                if !second.is_empty() {
                    let odd = (here - there.conj()) * half;
                    column[2 * pair + 1] = Complex32::new(odd.im, -odd.re);
                }
            }
        }
    }
}

/// Bilinear, pixel centers aligned as `cv2.resize` does.
fn resize(image: &Grey<'_>, width: usize, height: usize) -> Vec<f32> {
    let places = |from: usize, to: usize| -> Vec<(usize, usize, f32)> {
        let scale = from as f32 / to as f32;
        (0..to)
            .map(|i| {
                let at = ((i as f32 + 0.5) * scale - 0.5).clamp(0.0, (from - 1) as f32);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "clamped to the image"
                )]
                let low = at as usize;
                (low, (low + 1).min(from - 1), at - low as f32)
            })
            .collect()
    };
    let columns = places(image.width(), width);
    let mut out = Vec::with_capacity(width * height);
    for (y, next, ay) in places(image.height(), height) {
        let (top, bottom) = (image.row(y), image.row(next));
        for (x, right, ax) in &columns {
            let mix = |row: &[u8]| {
                let (a, b) = (f32::from(row[*x]), f32::from(row[*right]));
                a + ax * (b - a)
            };
            let (a, b) = (mix(top), mix(bottom));
            out.push(a + ay * (b - a));
        }
    }
    out
}

/// The smallest length from `n` on that has no prime factor above 5.
fn padded(n: usize) -> usize {
    let smooth = |n: usize| {
        let mut rest = n;
        for p in [2, 3, 5] {
            while rest.is_multiple_of(p) {
                rest /= p;
            }
        }
        rest == 1
    };
    // A power of two lies below twice the length.
    (n..=2 * n).find(|n| smooth(*n)).unwrap_or(n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;

    #[test]
    fn the_spectrum_is_the_sum_it_stands_for() {
        let mut noise = Noise::new(2);
        for (width, height) in [(6, 5), (7, 4), (9, 4), (10, 9)] {
            let mut value = || f32::from(u16::try_from(noise.bits() >> 48).unwrap()) / 256.0;
            let pixels: Vec<f32> = (0..width * height).map(|_| value()).collect();
            let (columns, rows) = (padded(width), padded(height));
            let mut sum = 0.0;
            for u in 0..columns {
                for v in 0..rows {
                    let real: f64 = pixels
                        .iter()
                        .enumerate()
                        .map(|(i, p)| {
                            let along = (i % width * u) as f64 / columns as f64;
                            let down = (i / width * v) as f64 / rows as f64;
                            f64::from(*p) * (std::f64::consts::TAU * (along + down)).cos()
                        })
                        .sum();
                    sum += real.abs().max(f64::from(LEAST_REAL)).ln();
                }
            }
            let expected = sum / (columns * rows) as f64;
            let found = Spectrum::new(width, height).log_mean(&pixels);
            assert!(
                (found - expected).abs() < 1e-3,
                "{width} x {height}: {found} {expected}"
            );
        }
        assert_eq!((padded(96), padded(170), padded(128)), (96, 180, 128));
    }

    fn picture(noise: &mut Noise, mean: f64, sigma: f64) -> Diagnosis {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to the range of a byte"
        )]
        let data: Vec<u8> = (0..640 * 480)
            .map(|_| (mean + sigma * noise.normal()).round().clamp(0.0, 255.0) as u8)
            .collect();
        diagnose(&Grey::new(640, 480, &data).unwrap()).unwrap()
    }

    #[test]
    fn dark_flat_bright_and_ordinary_pictures() {
        let mut noise = Noise::new(3);
        assert_eq!(picture(&mut noise, 3.0, 1.0).count(BlockState::Dark), 25);
        assert_eq!(
            picture(&mut noise, 120.0, 0.0).count(BlockState::LowVisibility),
            25
        );
        assert_eq!(
            picture(&mut noise, 245.0, 20.0).count(BlockState::Backlight),
            25
        );
        let ordinary = picture(&mut noise, 120.0, 20.0);
        assert_eq!(ordinary.count(BlockState::Normal), 25);
        assert!(!ordinary.is_error() && !ordinary.is_warning());
        assert!(picture(&mut noise, 3.0, 1.0).is_error());
        assert!(diagnose(&Grey::new(4, 4, &[0; 16]).unwrap()).is_err());
    }
}
