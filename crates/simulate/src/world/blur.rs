//! Optical blur of a wanted strength.

use super::byte;

/// Variance of the Laplacian (4 neighbors, edges left out) of a picture, grey levels squared.
pub(crate) fn laplacian_variance(pixels: &[u8], width: usize) -> f64 {
    let (mut sum, mut squares, mut count) = (0_i64, 0_i64, 0_i64);
    let rows: Vec<&[u8]> = pixels.chunks_exact(width.max(1)).collect();
    for rows in rows.windows(3) {
        let [above, here, below] = rows else { continue };
        for ((triple, up), down) in here
            .windows(3)
            .zip(above.iter().skip(1))
            .zip(below.iter().skip(1))
        {
            let [left, middle, right] = triple else {
                continue;
            };
            let value = i64::from(*left) + i64::from(*right) + i64::from(*up) + i64::from(*down)
                - 4 * i64::from(*middle);
            sum += value;
            squares += value * value;
            count += 1;
        }
    }
    if count == 0 {
        return 0.0;
    }
    let mean = sum as f64 / count as f64;
    squares as f64 / count as f64 - mean * mean
}

/// Widest blur, pixels.
const MAX_SIGMA: f64 = 4.0;
/// Taps to either side.
const RADIUS: usize = 10;

/// Gaussian blur, edges repeated; weights are fractions of 4096.
pub(crate) fn gaussian(pixels: &[u8], width: usize, sigma: f64) -> Vec<u8> {
    let weights: Vec<f64> = (0..=RADIUS)
        .map(|tap| libm::exp(-0.5 * (tap as f64 / sigma) * (tap as f64 / sigma)))
        .collect();
    let sum = weights.iter().sum::<f64>() * 2.0 - 1.0;
    let weights: Vec<f32> = weights
        .iter()
        .map(|weight| crate::math::single(weight / sum))
        .filter(|weight| *weight > 1e-4)
        .collect();
    let width = width.max(1);
    let source: Vec<f32> = pixels.iter().map(|pixel| f32::from(*pixel)).collect();
    let mut across = Vec::with_capacity(source.len());
    for row in source.chunks_exact(width) {
        across.extend(line(row, &weights));
    }
    let mut out = Vec::with_capacity(source.len());
    let rows: Vec<&[f32]> = across.chunks_exact(width).collect();
    for place in 0..rows.len() {
        let mut sum = vec![0.5_f32; width];
        for (tap, weight) in weights.iter().enumerate() {
            let low = rows.get(place.saturating_sub(tap)).or(rows.first());
            let high = rows.get(place + tap).or(rows.last());
            let (Some(low), Some(high)) = (low, high) else {
                continue;
            };
            let weight = if tap == 0 { weight * 0.5 } else { *weight };
            for ((sum, a), b) in sum.iter_mut().zip(*low).zip(*high) {
                *sum += weight * (a + b);
            }
        }
        out.extend(
            sum.into_iter()
                .map(|value| byte(super::texture::floor(value))),
        );
    }
    out
}

/// A row, blurred along itself.
fn line(row: &[f32], weights: &[f32]) -> Vec<f32> {
    let margin = weights.len();
    let (first, last) = (row.first().copied(), row.last().copied());
    let mut padded = vec![first.unwrap_or(0.0); margin];
    padded.extend_from_slice(row);
    padded.extend(std::iter::repeat_n(last.unwrap_or(0.0), margin));
    let mut sum = vec![0.0_f32; row.len()];
    for (tap, weight) in weights.iter().enumerate() {
        let weight = if tap == 0 { weight * 0.5 } else { *weight };
        let low = padded.iter().skip(margin - tap);
        let high = padded.iter().skip(margin + tap);
        for ((sum, a), b) in sum.iter_mut().zip(low).zip(high) {
            *sum += weight * (a + b);
        }
    }
    sum
}

/// The width of the Gaussian, in pixels, that leaves `ratio` of the variance of the Laplacian once noise of
/// variance `noise_variance` per pixel is added; the widest there is where noise alone has more.
pub(crate) fn sigma_for(pixels: &[u8], width: usize, ratio: f64, noise_variance: f64) -> f64 {
    // White noise comes through the Laplacian with 16 + 4 times its variance.
    let floor = 20.0 * noise_variance;
    let wanted = ratio * (laplacian_variance(pixels, width) + floor) - floor;
    let (mut low, mut high) = (0.2, MAX_SIGMA);
    for _ in 0..12 {
        let middle = 0.5 * (low + high);
        if laplacian_variance(&gaussian(pixels, width, middle), width) > wanted {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}
