//! Second opinions on sharpness, and the smoothing their vectors need. Slow and plain; [`super::scan()`] is the fast one.

use super::Grey;

/// Values of the 3 x 3 neighborhood of every pixel, border mirrored (reflect 101), row by row.
fn neighborhoods<'a>(image: &'a Grey<'a>) -> impl Iterator<Item = [[f64; 3]; 3]> + 'a {
    let (width, height) = (image.width(), image.height());
    let around = |i: usize, n: usize| {
        let before = i.checked_sub(1).unwrap_or_else(|| 1.min(n - 1));
        let after = if i + 1 < n {
            i + 1
        } else {
            n.saturating_sub(2)
        };
        [before, i, after]
    };
    (0..height).flat_map(move |y| {
        let rows = around(y, height).map(|y| image.row(y));
        (0..width).map(move |x| {
            let columns = around(x, width);
            rows.map(|row| columns.map(|x| row.get(x).map_or(0.0, |v| f64::from(*v))))
        })
    })
}

fn mean_of(image: &Grey<'_>, values: impl Iterator<Item = f64>) -> f64 {
    values.sum::<f64>() / (image.width() * image.height()) as f64
}

/// Variance (population) of the Laplacian with the kernel 2 0 2, 0 -8 0, 2 0 2, as `cv2.Laplacian(image, CV_64F,
/// ksize=3).var()`. Grey levels squared. Cost: one pass, about 10 ns per pixel.
pub fn laplacian_variance_3(image: &Grey<'_>) -> f64 {
    let value = |k: [[f64; 3]; 3]| 2.0 * (k[0][0] + k[0][2] + k[2][0] + k[2][2]) - 8.0 * k[1][1];
    // Sums of integers far below 2^53 are exact, so the order does not matter.
    let mean = mean_of(image, neighborhoods(image).map(value));
    let square = mean_of(image, neighborhoods(image).map(value).map(|v| v * v));
    square - mean * mean
}

/// Mean squared gradient by Sobel's 3 x 3 kernels, grey levels squared (Tenenbaum 1970; Krotkov, Focusing, IJCV 1988).
/// Cost: one pass, about 10 ns per pixel.
pub fn tenengrad(image: &Grey<'_>) -> f64 {
    let value = |k: [[f64; 3]; 3]| {
        let gx = k[0][2] - k[0][0] + 2.0 * (k[1][2] - k[1][0]) + k[2][2] - k[2][0];
        let gy = k[2][0] - k[0][0] + 2.0 * (k[2][1] - k[0][1]) + k[2][2] - k[0][2];
        gx * gx + gy * gy
    };
    mean_of(image, neighborhoods(image).map(value))
}

/// Weights of a Gaussian of standard deviation 1 over 5 pixels in 256ths, rounded with the error carried to the next
/// and the rest given to the middle, as `OpenCV` does for 8-bit images.
const GAUSSIAN_5: [u32; 5] = [14, 62, 104, 62, 14];

/// The image smoothed by a Gaussian of 5 x 5 pixels and standard deviation 1, rounded once at the end, border mirrored
/// (reflect 101), as `cv2.GaussianBlur(image, (5, 5), 1)` of 8-bit images. Cost: two passes, about 10 ns per pixel.
pub fn gaussian_5(image: &Grey<'_>) -> Vec<u8> {
    let (width, height) = (image.width(), image.height());
    let mirror = |i: usize, k: usize, n: usize| {
        // Position `i + k - 2`, mirrored about both ends.
        let (mut at, last) = ((i + k).abs_diff(2), n - 1);
        if at > last {
            at = (2 * last).saturating_sub(at);
        }
        at
    };
    let mut along = vec![0_u32; width * height];
    for (y, out) in along.chunks_exact_mut(width).enumerate() {
        let row = image.row(y);
        for (x, out) in out.iter_mut().enumerate() {
            let at = |k: usize| row.get(mirror(x, k, width)).map_or(0, |v| u32::from(*v));
            *out = (0..5).map(|k| GAUSSIAN_5[k] * at(k)).sum();
        }
    }
    let mut out = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let at = |k: usize| along[mirror(y, k, height) * width + x];
            let value: u32 = (0..5).map(|k| GAUSSIAN_5[k] * at(k)).sum();
            #[expect(clippy::cast_possible_truncation, reason = "a mean of bytes")]
            out.push(((value + (1 << 15)) >> 16) as u8);
        }
    }
    out
}

/// The image at half the size: means of blocks of 2 x 2, rounded; a last odd row or column is dropped.
/// Returns width, height and pixels; nothing for images narrower or lower than two pixels.
/// Cost: one pass, about 0.3 ns per pixel.
pub fn halve(image: &Grey<'_>) -> (usize, usize, Vec<u8>) {
    let (width, height) = (image.width() / 2, image.height() / 2);
    let mut out = Vec::with_capacity(width * height);
    for y in 0..height {
        let (top, bottom) = (image.row(2 * y), image.row(2 * y + 1));
        let (top, bottom) = (top.as_chunks::<2>().0, bottom.as_chunks::<2>().0);
        out.extend(top.iter().zip(bottom).map(|(a, b)| {
            let sum = u16::from(a[0]) + u16::from(a[1]) + u16::from(b[0]) + u16::from(b[1]);
            #[expect(clippy::cast_possible_truncation, reason = "a mean of bytes")]
            let mean = ((sum + 2) / 4) as u8;
            mean
        }));
    }
    (width, height, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_images_are_flat_and_small_ones_do_not_fail() {
        for (w, h) in [(1, 1), (1, 5), (2, 2), (7, 3)] {
            let data = vec![9_u8; w * h];
            let image = Grey::new(w, h, &data).unwrap();
            assert_eq!(
                (laplacian_variance_3(&image), tenengrad(&image)),
                (0.0, 0.0)
            );
            assert_eq!(gaussian_5(&image), data);
            assert_eq!(halve(&image).2.len(), (w / 2) * (h / 2));
        }
    }

    #[test]
    fn a_ramp_has_the_gradient_of_its_slope() {
        let data: Vec<u8> = (0..20 * 9)
            .map(|i| u8::try_from(i % 20 * 3).unwrap())
            .collect();
        let image = Grey::new(20, 9, &data).unwrap();
        // Sobel sums to eight times the slope; the mirrored ends have none.
        assert!((tenengrad(&image) - 24.0 * 24.0 * 18.0 / 20.0).abs() < 1e-9);
        assert_eq!(halve(&image).2[..3], [2, 8, 14]);
    }
}
