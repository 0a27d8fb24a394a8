//! Generalized cross-correlation with phase transform.

use rustfft::num_complex::Complex64;
use rustfft::{FftDirection, FftPlannerScalar};

/// The best lag of a correlation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PhatPeak {
    /// Samples by which the second sequence is later than the first, between samples.
    pub lag: f64,
    /// Height of the peak: 1 where all phases agree.
    pub height: f64,
    /// Highest other peak outside the main lobe, over the height; 0 where there is none.
    pub second_ratio: f64,
    /// Height over the root mean square of the correlation outside the main lobe.
    pub contrast: f64,
}

/// In-place Fourier transform, unscaled; the same instructions on every machine.
fn transform(values: &mut [Complex64], direction: FftDirection) {
    FftPlannerScalar::new()
        .plan_fft(values.len(), direction)
        .process(values);
}

fn spectrum(values: &[f64], length: usize) -> Vec<Complex64> {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let mut padded: Vec<Complex64> = values.iter().map(|v| Complex64::from(v - mean)).collect();
    padded.resize(length, Complex64::ZERO);
    transform(&mut padded, FftDirection::Forward);
    padded
}

/// Finds the lag at which `b` follows `a`, both on one grid: `G = A conj(B) / |A conj(B)|`, then back.
///
/// `band` is the range of frequencies used, in cycles per sample (0 to 0.5): outside the band of the slower signal the
/// phases are noise, and whitening would make them as loud as the rest. Lags up to `max_lag` either way are searched.
/// The peak is refined with a parabola. Means are removed, the sequences padded with zeros.
///
/// None for sequences shorter than 8, of different length, not finite or without any content in the band, and for an
/// empty search. Cost: three transforms of at least twice the length.
/// Source: Knapp and Carter, The generalized correlation method for estimation of time delay, IEEE ASSP 24(4), 1976.
pub fn gcc_phat(a: &[f64], b: &[f64], band: (f64, f64), max_lag: usize) -> Option<PhatPeak> {
    let finite = a.iter().chain(b).all(|v| v.is_finite());
    if a.len() != b.len() || a.len() < 8 || !finite || max_lag == 0 || max_lag + 2 >= a.len() {
        return None;
    }
    let length = (2 * a.len()).next_power_of_two();
    let (first, second) = (spectrum(a, length), spectrum(b, length));
    let mut used = 0_u32;
    let mut cross: Vec<Complex64> = first
        .iter()
        .zip(&second)
        .enumerate()
        .map(|(index, (x, y))| {
            let frequency = index.min(length - index) as f64 / length as f64;
            // conj(A) B: its phase falls with the lag of b behind a.
            let product = x.conj() * y;
            let size = product.norm();
            if frequency < band.0 || frequency > band.1 || size <= f64::MIN_POSITIVE {
                return Complex64::ZERO;
            }
            used += 1;
            product / size
        })
        .collect();
    if used == 0 {
        return None;
    }
    transform(&mut cross, FftDirection::Inverse);
    // From -max_lag to max_lag, with one more on either side for the parabola.
    let reach = max_lag + 1;
    let lags: Vec<f64> = (0..=2 * reach)
        .filter_map(|index| cross.get((length + index - reach) % length))
        .map(|value| value.re / f64::from(used))
        .collect();
    peak(&lags, reach, band)
}

fn peak(lags: &[f64], reach: usize, band: (f64, f64)) -> Option<PhatPeak> {
    let inner = || lags.iter().enumerate().skip(1).take(lags.len() - 2);
    let (best, &height) = inner().max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    if height <= 0.0 {
        return None;
    }
    let (before, after) = (*lags.get(best - 1)?, *lags.get(best + 1)?);
    let bend = before - 2.0 * height + after;
    let shift = if bend < 0.0 {
        (0.5 * (before - after) / bend).clamp(-0.5, 0.5)
    } else {
        0.0
    };
    // A band of width w makes a main lobe of 1 / w either way.
    let lobe = 1.0 / (band.1 - band.0).max(1e-9);
    let others = || inner().filter(|(index, _)| index.abs_diff(best) as f64 > lobe);
    let second = others().map(|(_, &v)| v).fold(0.0_f64, f64::max);
    let count = others().count();
    let square: f64 = others().map(|(_, v)| v * v).sum();
    let rms = (square / count.max(1) as f64).sqrt();
    Some(PhatPeak {
        lag: best as f64 - reach as f64 + shift,
        height,
        second_ratio: second / height,
        contrast: if rms > 0.0 {
            height / rms
        } else {
            f64::INFINITY
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldassay_testkit::Lcg;

    fn noise(n: usize, seed: u64) -> Vec<f64> {
        let mut random = Lcg::new(seed);
        (0..n)
            .map(|_| f64::from(random.next_u32()) / f64::from(u32::MAX) - 0.5)
            .collect()
    }

    /// A sum of waves, so that shifts between samples are exact.
    fn waves(n: usize, shift: f64) -> Vec<f64> {
        let tones = noise(60, 3);
        (0..n)
            .map(|i| {
                tones
                    .iter()
                    .enumerate()
                    .map(|(k, phase)| {
                        let frequency = 0.004 + 0.0016 * k as f64;
                        (std::f64::consts::TAU * (frequency * (i as f64 - shift) + phase)).sin()
                    })
                    .sum()
            })
            .collect()
    }

    #[test]
    fn whole_shifts_are_found_exactly() {
        let long = noise(700, 1);
        for shift in [-40_i32, -1, 0, 7, 63] {
            let at = usize::try_from(100 + shift).unwrap();
            // b[i] = a[i - shift]: later by the shift.
            let (a, b) = (&long[at..at + 512], &long[100..612]);
            let found = gcc_phat(a, b, (0.0, 0.5), 80).unwrap();
            assert!(
                (found.lag - f64::from(shift)).abs() < 0.05,
                "{shift}: {found:?}"
            );
            assert!(
                found.second_ratio < 0.5 && found.contrast > 8.0,
                "{found:?}"
            );
        }
    }

    #[test]
    fn shifts_between_samples_are_found() {
        for shift in [-12.3, 0.4, 5.75] {
            let found = gcc_phat(&waves(2000, 0.0), &waves(2000, shift), (0.003, 0.1), 60).unwrap();
            assert!((found.lag - shift).abs() < 0.15, "{shift}: {found:?}");
        }
    }

    #[test]
    fn nothing_to_find() {
        let flat = vec![1.0; 100];
        assert_eq!(gcc_phat(&flat, &flat, (0.01, 0.5), 20), None);
        assert_eq!(gcc_phat(&noise(50, 1), &noise(49, 1), (0.0, 0.5), 20), None);
        assert_eq!(
            gcc_phat(&[f64::NAN; 64], &noise(64, 1), (0.0, 0.5), 20),
            None
        );
        let found = gcc_phat(&noise(3000, 1), &noise(3000, 2), (0.0, 0.12), 100).unwrap();
        assert!(found.contrast < 4.5, "{found:?}");
    }
}
