use super::*;
use proptest::prelude::*;

/// The same by the definitions, pixel by pixel.
fn plainly(image: &Grey<'_>) -> (f64, f64) {
    let at = |x: i64, y: i64| {
        let mirror = |v: i64, n: usize| {
            let n = i64::try_from(n).unwrap();
            let v = if v < 0 { -v } else { v };
            let v = if v >= n { 2 * n - 2 - v } else { v };
            usize::try_from(v.max(0)).unwrap()
        };
        f64::from(image.row(mirror(y, image.height()))[mirror(x, image.width())])
    };
    let mut values = Vec::new();
    for y in 0..i64::try_from(image.height()).unwrap() {
        for x in 0..i64::try_from(image.width()).unwrap() {
            values.push(at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1) - 4.0 * at(x, y));
        }
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n;
    (mean, variance)
}

#[test]
fn one_pixel_and_one_row() {
    let one = scan(&Grey::new(1, 1, &[7]).unwrap(), None).unwrap();
    assert_eq!((one.laplacian_mean(), one.laplacian_variance()), (0.0, 0.0));
    assert_eq!(
        (one.mean_level(), one.quantile(0.5), one.entropy_bits()),
        (7.0, Some(7.0), 0.0)
    );
    assert_eq!(one.mafd(), None);
    // Mirrored about the ends: 2 * 10 - 2 * 0 at the left, 0 + 0 - 2 * 10, then the same again.
    let row = Grey::new(3, 1, &[0, 10, 0]).unwrap();
    let (mean, variance) = plainly(&row);
    let found = scan(&row, None).unwrap();
    assert!((found.laplacian_mean() - mean).abs() < 1e-12);
    assert!((found.laplacian_variance() - variance).abs() < 1e-10);
}

#[test]
fn shares_quantiles_and_entropy() {
    let data = [0, 5, 6, 250, 251, 255, 100, 100];
    let found = scan(&Grey::new(4, 2, &data).unwrap(), None).unwrap();
    assert_eq!(
        (found.share_at_most(5), found.share_at_least(250)),
        (0.25, 0.375)
    );
    // numpy.percentile([0, 5, 6, 100, 100, 250, 251, 255], [50, 90]) gives 100 and 252.2.
    assert_eq!(found.quantile(0.5), Some(100.0));
    assert!((found.quantile(0.9).unwrap() - 252.2).abs() < 1e-12);
    assert_eq!(found.quantile(1.5), None);
    assert!((found.entropy_bits() - 2.75).abs() < 1e-12);
}

#[test]
fn the_largest_laplacians_do_not_overflow() {
    // A checkerboard of black and white has 1020 everywhere inside, over rows longer than a segment.
    let width = 3 * SEGMENT + 5;
    let data: Vec<u8> = (0..4 * width)
        .map(|i| {
            if (i % width + i / width).is_multiple_of(2) {
                0
            } else {
                255
            }
        })
        .collect();
    let found = scan(&Grey::new(width, 4, &data).unwrap(), None).unwrap();
    assert!((found.laplacian_variance() - 1020.0 * 1020.0).abs() < 1e-3 * 1020.0);
    let zeros = vec![0; data.len()];
    let image = Grey::new(width, 4, &data).unwrap();
    let other = Grey::new(width, 4, &zeros).unwrap();
    let mafd = scan(&image, Some(&other)).unwrap().mafd().unwrap();
    assert!((mafd - 255.0 / 512.0).abs() < 1e-12);
}

#[test]
fn images_of_different_sizes_are_not_compared() {
    let data = [0; 12];
    let (a, b) = (
        Grey::new(3, 4, &data).unwrap(),
        Grey::new(4, 3, &data).unwrap(),
    );
    assert!(matches!(
        scan(&a, Some(&b)),
        Err(ImageError::SizesDiffer { .. })
    ));
}

proptest! {
    #[test]
    fn equals_the_definitions(
        width in 1_usize..70,
        height in 1_usize..12,
        pad in 0_usize..3,
        seed in any::<u64>(),
    ) {
        let mut noise = crate::test_noise::Noise::new(seed);
        let stride = width + pad;
        let data: Vec<u8> = (0..stride * height).map(|_| noise.bits().to_le_bytes()[3]).collect();
        let image = Grey::with_stride(width, height, stride, &data).unwrap();
        let other: Vec<u8> = data.iter().map(|v| v.wrapping_add(37)).collect();
        let second = Grey::with_stride(width, height, stride, &other).unwrap();
        let found = scan(&image, Some(&second)).unwrap();
        let (mean, variance) = plainly(&image);
        prop_assert!((found.laplacian_mean() - mean).abs() < 1e-9);
        prop_assert!((found.laplacian_variance() - variance).abs() < 1e-9 * variance.max(1.0));
        let pixels: Vec<u8> = (0..height).flat_map(|y| image.row(y).to_vec()).collect();
        let sum: u32 = pixels.iter().map(|v| u32::from(v.abs_diff(v.wrapping_add(37)))).sum();
        let n = pixels.len() as f64;
        prop_assert!((found.mafd().unwrap() - f64::from(sum) / n / 256.0).abs() < 1e-12);
        prop_assert_eq!(found.histogram().iter().sum::<u32>() as usize, pixels.len());
        let below = pixels.iter().filter(|v| **v <= 99).count() as f64 / n;
        prop_assert!((found.share_at_most(99) - below).abs() < 1e-12);
    }
}
