//! What is wrong with parts of an image: the block diagnosis of Autoware.

use super::{Grey, ImageError};

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
/// Errors: [`ImageError::TooSmall`] below 10 pixels in a direction. Cost: 25 transforms, about 10 ms.
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
    let (fft_x, fft_y) = (
        Transform::new(padded(block_width)),
        Transform::new(padded(block_height)),
    );
    let mut blocks = [BlockState::Normal; BLOCKS * BLOCKS];
    for (index, state) in blocks.iter_mut().enumerate() {
        let (left, top) = (index % BLOCKS * block_width, index / BLOCKS * block_height);
        let mut pixels = Vec::with_capacity(block_width * block_height);
        for y in top..top + block_height {
            pixels.extend(resized[y * width + left..][..block_width].iter().copied());
        }
        *state = state_of(&pixels, block_width, &fft_x, &fft_y);
    }
    Ok(Diagnosis { blocks })
}

fn state_of(pixels: &[f32], width: usize, fft_x: &Transform, fft_y: &Transform) -> BlockState {
    let n = pixels.len() as f32;
    // Autoware truncates the mean to a whole level.
    let mean = (pixels.iter().sum::<f32>() / n).floor();
    let dark = pixels.iter().filter(|v| **v <= 10.0).count() as f32 / n;
    if mean < 10.0 {
        return BlockState::Dark;
    }
    let texture = spectrum_log_mean(pixels, width, fft_x, fft_y);
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

/// Mean of `ln |Re F|` of a block padded with zeros.
fn spectrum_log_mean(pixels: &[f32], width: usize, fft_x: &Transform, fft_y: &Transform) -> f64 {
    let (columns, rows) = (fft_x.n, fft_y.n);
    let mut field = vec![Complex::default(); columns * rows];
    let mut line = vec![Complex::default(); columns.max(rows)];
    for (row, out) in pixels
        .chunks_exact(width)
        .zip(field.chunks_exact_mut(columns))
    {
        for (c, v) in line
            .iter_mut()
            .zip(row.iter().copied().chain(std::iter::repeat(0.0)))
        {
            *c = Complex { re: v, im: 0.0 };
        }
        fft_x.apply(&line[..columns], out);
    }
    let mut out = vec![Complex::default(); rows];
    let mut sum = 0.0_f64;
    for x in 0..columns {
        for (y, value) in line.iter_mut().take(rows).enumerate() {
            *value = field[y * columns + x];
        }
        fft_y.apply(&line[..rows], &mut out);
        sum += out
            .iter()
            .map(|c| f64::from(c.re.abs().max(LEAST_REAL).ln()))
            .sum::<f64>();
    }
    sum / (columns * rows) as f64
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

#[derive(Clone, Copy, Debug, Default)]
struct Complex {
    re: f32,
    im: f32,
}

/// Discrete Fourier transform of one length without prime factors above 5 (Cooley and Tukey 1965).
struct Transform {
    n: usize,
    roots: Vec<Complex>,
}

impl Transform {
    fn new(n: usize) -> Self {
        let root = |k: usize| {
            let angle = -std::f64::consts::TAU * k as f64 / n as f64;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "single precision is enough here"
            )]
            let (re, im) = (angle.cos() as f32, angle.sin() as f32);
            Complex { re, im }
        };
        Self {
            n,
            roots: (0..n).map(root).collect(),
        }
    }

    fn apply(&self, input: &[Complex], out: &mut [Complex]) {
        self.part(input, 1, out);
    }

    /// Transform of every `stride`-th value of `input` into `out`, by the smallest prime factor of its length.
    fn part(&self, input: &[Complex], stride: usize, out: &mut [Complex]) {
        let n = out.len();
        if n == 1 {
            out[0] = input[0];
            return;
        }
        let p = [2, 3, 5]
            .into_iter()
            .find(|p| n.is_multiple_of(*p))
            .unwrap_or(n);
        let m = n / p;
        for (k, out) in out.chunks_exact_mut(m).enumerate() {
            self.part(&input[k * stride..], stride * p, out);
        }
        let mut values = [Complex::default(); 5];
        for k in 0..m {
            for (q, value) in values.iter_mut().take(p).enumerate() {
                *value = times(out[q * m + k], self.roots[q * k * stride % self.n]);
            }
            for j in 0..p {
                let mut sum = Complex::default();
                for (q, value) in values.iter().take(p).enumerate() {
                    let turned = times(*value, self.roots[q * j * m * stride % self.n]);
                    sum.re += turned.re;
                    sum.im += turned.im;
                }
                out[j * m + k] = sum;
            }
        }
    }
}

fn times(a: Complex, b: Complex) -> Complex {
    Complex {
        re: a.re * b.re - a.im * b.im,
        im: a.re * b.im + a.im * b.re,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;

    #[test]
    fn the_transform_is_the_sum_it_stands_for() {
        let mut noise = Noise::new(2);
        for n in [1, 2, 3, 5, 12, 30, 96] {
            let mut value = || f32::from(u16::try_from(noise.bits() >> 48).unwrap()) / 65536.0;
            let input: Vec<Complex> = (0..n)
                .map(|_| Complex {
                    re: value(),
                    im: value(),
                })
                .collect();
            let mut out = vec![Complex::default(); n];
            Transform::new(n).apply(&input, &mut out);
            for (k, found) in out.iter().enumerate() {
                let (mut re, mut im) = (0.0, 0.0);
                for (j, value) in input.iter().enumerate() {
                    let angle = -std::f64::consts::TAU * (j * k % n) as f64 / n as f64;
                    let (c, s) = (angle.cos(), angle.sin());
                    re += f64::from(value.re) * c - f64::from(value.im) * s;
                    im += f64::from(value.re) * s + f64::from(value.im) * c;
                }
                assert!((f64::from(found.re) - re).abs() < 1e-4, "n {n} k {k}");
                assert!((f64::from(found.im) - im).abs() < 1e-4, "n {n} k {k}");
            }
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
