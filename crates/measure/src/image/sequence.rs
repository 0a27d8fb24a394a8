//! Several images in a row: freezing, flicker, what never changes, motion.

use super::ImageError;
use crate::stats::{MAD_TO_SIGMA, median};

/// Mean absolute difference of two lists of grey values over the range of 8 bits (`FFmpeg` freezedetect).
///
/// Errors: [`ImageError::SizesDiffer`] for lists of different length or none. Cost: one pass.
pub fn mafd(a: &[u8], b: &[u8]) -> Result<f64, ImageError> {
    if a.len() != b.len() || a.is_empty() {
        return Err(ImageError::SizesDiffer {
            width: a.len(),
            height: 1,
            other_width: b.len(),
            other_height: 1,
        });
    }
    let sum: u64 = a
        .iter()
        .zip(b)
        .map(|(a, b)| u64::from(a.abs_diff(*b)))
        .sum();
    Ok(sum as f64 / a.len() as f64 / 256.0)
}

/// Runs of images that equal the **first image of their run** up to `most_mafd`, as ranges of indices of two images
/// and more (`FFmpeg` freezedetect: 0.001, which is -60 dB, for 2 s; the duration is left to the caller).
///
/// An image of another size ends a run. Cost: one pass.
pub fn freeze_runs<'a>(
    images: impl IntoIterator<Item = &'a [u8]>,
    most_mafd: f64,
) -> Vec<std::ops::Range<usize>> {
    let mut runs = Vec::new();
    let mut first: Option<(usize, &[u8])> = None;
    let mut n = 0;
    for (index, image) in images.into_iter().enumerate() {
        n = index + 1;
        let Some((start, reference)) = first else {
            first = Some((index, image));
            continue;
        };
        if mafd(reference, image).is_ok_and(|d| d <= most_mafd) {
            continue;
        }
        if index - start > 1 {
            runs.push(start..index);
        }
        first = Some((index, image));
    }
    if let Some((start, _)) = first
        && n - start > 1
    {
        runs.push(start..n);
    }
    runs
}

/// Flicker: standard deviation of what the mean brightness does from frame to frame beyond a straight line, relative
/// to the mean brightness.
///
/// `means`: mean grey values of **consecutive** frames, at least 5. The second difference of a slow change is nothing,
/// that of independent changes has 6 times their variance; `1.4826 median |d2| / sqrt(6) / mean`, so that single
/// jumps (a scene cut, a lamp) do not count. Errors: [`ImageError::TooFew`], and black images.
pub fn flicker_ratio(means: &[f64]) -> Result<f64, ImageError> {
    let needed = 5;
    let few = ImageError::TooFew {
        n: means.len(),
        needed,
    };
    if means.len() < needed {
        return Err(few);
    }
    let mean = means.iter().sum::<f64>() / means.len() as f64;
    let mut second: Vec<f64> = means
        .windows(3)
        .map(|w| (w[0] - 2.0 * w[1] + w[2]).abs())
        .collect();
    let middle = median(&mut second).map_err(|_| few)?;
    if mean < 1.0 {
        return Err(few);
    }
    Ok(MAD_TO_SIGMA * middle / 6.0_f64.sqrt() / mean)
}

/// Sums over images of one size, for the standard deviation of every pixel over time.
#[derive(Clone, Debug, Default)]
pub struct TemporalSpread {
    n: u32,
    sums: Vec<u64>,
    squares: Vec<u64>,
}

impl TemporalSpread {
    /// Adds one image.
    ///
    /// Errors: [`ImageError::SizesDiffer`] for another number of pixels than the first image had.
    pub fn push(&mut self, pixels: &[u8]) -> Result<(), ImageError> {
        if self.n == 0 {
            self.sums = vec![0; pixels.len()];
            self.squares = vec![0; pixels.len()];
        }
        if self.sums.len() != pixels.len() {
            return Err(ImageError::SizesDiffer {
                width: self.sums.len(),
                height: 1,
                other_width: pixels.len(),
                other_height: 1,
            });
        }
        self.n += 1;
        for ((sum, square), value) in self.sums.iter_mut().zip(&mut self.squares).zip(pixels) {
            *sum += u64::from(*value);
            *square += u64::from(*value) * u64::from(*value);
        }
        Ok(())
    }

    /// Images so far.
    pub fn n(&self) -> u32 {
        self.n
    }

    /// Mean and standard deviation (population) of each pixel over time, grey levels; empty without images.
    pub fn pixels(&self) -> Vec<(f64, f64)> {
        let n = f64::from(self.n);
        let pixel = |(sum, square): (&u64, &u64)| {
            let mean = *sum as f64 / n;
            (mean, (*square as f64 / n - mean * mean).max(0.0).sqrt())
        };
        self.sums.iter().zip(&self.squares).map(pixel).collect()
    }
}

/// Motion energy between two frames: root mean square difference of grey values, levels, after the means are taken
/// out, so that exposure does not count.
///
/// Errors: as [`mafd`]. Cost: one pass.
pub fn motion_energy(a: &[u8], b: &[u8]) -> Result<f64, ImageError> {
    mafd(a, b)?;
    let n = a.len() as f64;
    let (mut sum, mut squares) = (0_i64, 0_u64);
    for (a, b) in a.iter().zip(b) {
        let d = i64::from(*a) - i64::from(*b);
        sum += d;
        squares += d.unsigned_abs() * d.unsigned_abs();
    }
    let mean = sum as f64 / n;
    Ok((squares as f64 / n - mean * mean).max(0.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;

    #[test]
    fn runs_are_measured_against_their_first_image() {
        // Each image differs from the one before by less than the bound, from the first by more.
        let images: Vec<Vec<u8>> = [10, 10, 10, 11, 12, 12, 50]
            .iter()
            .map(|v| vec![*v; 4])
            .collect();
        let runs = |most| freeze_runs(images.iter().map(Vec::as_slice), most);
        assert_eq!(runs(0.001), [0..3, 4..6]);
        assert_eq!(runs(0.005), [0..4, 4..6]);
        assert!(freeze_runs(std::iter::empty(), 0.1).is_empty());
        let sizes: [&[u8]; 3] = [&[1, 1], &[1, 1, 1], &[1, 1, 1]];
        assert_eq!(freeze_runs(sizes, 0.1).first(), Some(&(1..3)));
        let same = freeze_runs([&[5_u8; 4][..]; 3], 0.0);
        assert_eq!(same.first(), Some(&(0..3)));
    }

    #[test]
    fn flicker_is_found_and_slow_change_is_not() {
        let mut noise = Noise::new(5);
        let slow: Vec<f64> = (0..16).map(|i| 100.0 + 3.0 * f64::from(i)).collect();
        assert!(flicker_ratio(&slow).unwrap() < 1e-12);
        let mut found = 0.0;
        for _ in 0..200 {
            let means: Vec<f64> = (0..60).map(|_| 100.0 + 5.0 * noise.normal()).collect();
            found += flicker_ratio(&means).unwrap() / 200.0;
        }
        assert!((found - 0.05).abs() < 0.003, "{found}");
        assert!(flicker_ratio(&[1.0; 4]).is_err());
        assert!(flicker_ratio(&[0.0; 9]).is_err());
    }

    #[test]
    fn spread_over_time() {
        let mut spread = TemporalSpread::default();
        for value in [0_u8, 2, 4] {
            spread.push(&[value, 9]).unwrap();
        }
        assert_eq!(spread.n(), 3);
        let pixels = spread.pixels();
        assert!((pixels[0].1 - (8.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert_eq!(pixels[1], (9.0, 0.0));
        assert!(spread.push(&[1]).is_err());
    }

    #[test]
    fn brightness_is_no_motion() {
        assert_eq!(motion_energy(&[1, 2, 3], &[11, 12, 13]).unwrap(), 0.0);
        assert!(motion_energy(&[1, 2, 3], &[3, 2, 1]).unwrap() > 1.0);
        assert!(motion_energy(&[], &[]).is_err());
    }
}
