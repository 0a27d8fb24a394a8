//! Where sound begins to be loud.

/// Length of a frame, seconds.
const FRAME_SECS: f64 = 0.01;

/// A short piece of sound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoundFrame {
    /// Middle of the frame, seconds from the first sample.
    pub center_secs: f64,
    /// Mean square of the samples, 1 at full scale.
    pub mean_square: f64,
    /// Largest magnitude.
    pub peak: f64,
}

/// Cuts samples (between -1 and 1) into equal frames of about 10 ms; the last frame ends with the last sample.
///
/// Empty for no samples or a rate that is not positive. NaN samples make their frame NaN. Cost: one pass.
pub fn frames(samples: &[f32], sample_rate_hz: f64) -> Vec<SoundFrame> {
    if samples.is_empty() || sample_rate_hz <= 0.0 || !sample_rate_hz.is_finite() {
        return Vec::new();
    }
    let wanted = (samples.len() as f64 / (sample_rate_hz * FRAME_SECS)).round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at least 1 and at most the number of samples"
    )]
    let count = wanted.clamp(1.0, samples.len() as f64) as usize;
    (0..count)
        .filter_map(|index| {
            let (start, end) = (
                index * samples.len() / count,
                (index + 1) * samples.len() / count,
            );
            let piece = samples.get(start..end)?;
            let sum: f64 = piece.iter().map(|&s| f64::from(s).powi(2)).sum();
            let peak = piece
                .iter()
                .fold(0.0_f64, |peak, &s| peak.max(f64::from(s).abs()));
            Some(SoundFrame {
                center_secs: (start + end) as f64 / 2.0 / sample_rate_hz,
                mean_square: sum / piece.len().max(1) as f64,
                peak,
            })
        })
        .collect()
}

/// Onset strength of each frame: the rise of its level over the frame before, in nepers, 0 where it falls.
///
/// The level is `ln(e + floor)` with the floor at the median energy (and at least -80 dB), so that noise between events
/// hardly counts. The first frame has 0; NaN energies count as silence. As long as the input.
/// Source: energy-based onset detection, Bello et al., A tutorial on onset detection in music signals, 2005, III-B.
pub fn onsets(mean_squares: &[f64]) -> Vec<f64> {
    let clean: Vec<f64> = mean_squares
        .iter()
        .map(|&e| if e.is_finite() { e.max(0.0) } else { 0.0 })
        .collect();
    let mut sorted = clean.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let floor = sorted
        .get(sorted.len() / 2)
        .copied()
        .unwrap_or(0.0)
        .max(1e-8);
    let level = |energy: f64| (energy + floor).ln();
    let mut before = clean.first().copied().map_or(0.0, level);
    clean
        .iter()
        .map(|&energy| {
            let now = level(energy);
            let rise = (now - before).max(0.0);
            before = now;
            rise
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_cover_every_sample_once() {
        let samples = vec![0.5_f32; 1024];
        let found = frames(&samples, 44_100.0);
        assert_eq!(found.len(), 2);
        assert!(
            found
                .iter()
                .all(|f| (f.mean_square - 0.25).abs() < 1e-12 && f.peak == 0.5)
        );
        let middle: f64 = found.iter().map(|f| f.center_secs).sum::<f64>() / 2.0;
        assert!((middle - 512.0 / 44_100.0).abs() < 1e-12);
        assert!(frames(&[], 8000.0).is_empty() && frames(&samples, 0.0).is_empty());
    }

    #[test]
    fn only_rises_count() {
        let found = onsets(&[1e-6, 1e-6, 1e-2, 1e-2, 1e-6, f64::NAN]);
        assert_eq!(found.len(), 6);
        assert!(found[2] > 5.0 && found.iter().enumerate().all(|(i, &x)| i == 2 || x == 0.0));
        assert!(onsets(&[]).is_empty());
    }
}
