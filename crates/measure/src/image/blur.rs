//! Stretches of a camera's log that are blurred, told from changes of the scene.
//!
//! Read [`sudden_steps`] first: blur that comes from one frame to the next is told with certainty, what comes slowly
//! ([`blurred_stretches`]) is mostly another scene.

mod steps;

pub use steps::{FrameRun, SharpFrame, SharpnessStep, sudden_steps, suspect_gaps};

use super::ImageError;
use crate::stats::{MAD_TO_SIGMA, median};

/// Looks the baseline of a look is the median of, to either side: half a minute at two looks per second.
const BASELINE_HALF: usize = 30;
/// Looks needed before anything is said.
const LEAST_LOOKS: usize = 12;
/// Scatter is not taken to be below this: the logarithm of the sharpness of a steady view moves that much.
const LEAST_SCATTER: f64 = 0.03;
/// What blur to half the variance of the Laplacian does to the two logarithms: the variance falls by ln 2, that of
/// the image at a quarter of the size by about a tenth (Gaussian blur below a pixel, 1/f^2 texture with noise).
const HALVING: [f64; 2] = [0.6, std::f64::consts::LN_2];

/// How sharp one look is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sharpness {
    /// Variance of the Laplacian of the image ([`super::Scan::laplacian_variance`]).
    pub variance: f64,
    /// The same of the image at a quarter of the size ([`super::filters::halve`], twice): what the scene holds
    /// that slight blur and the noise of the sensor leave alone.
    pub coarse_variance: f64,
    /// The same of the image at a sixteenth of the size: what heavy blur leaves alone as well.
    pub coarsest_variance: f64,
}

impl Sharpness {
    /// Logarithms of the ratio of the variance to that at a quarter of the size, which a change of contrast leaves
    /// alone, and of the variance itself.
    fn logarithms(self) -> [f64; 2] {
        self.against(self.coarse_variance)
    }

    /// Logarithms of the ratio of the variance to a coarser one, and of the variance itself.
    fn against(self, coarse: f64) -> [f64; 2] {
        // A level squared is below the rounding of 8 bits; it keeps flat images finite.
        let (v, h) = (self.variance + 1.0, coarse + 1.0);
        [(v / h).ln(), v.ln()]
    }
}

/// What counts as blurred.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlurOptions {
    /// Standard deviations, in the direction of blur, a look lies below its baseline.
    pub score: f64,
    /// Looks in a row.
    pub least_looks: usize,
    /// Variance over that of its surroundings, at most.
    pub most_ratio: f64,
}

impl Default for BlurOptions {
    /// 4 standard deviations, 2 looks (1 s at two looks per second), three quarters of the variance.
    fn default() -> Self {
        Self {
            score: 4.0,
            least_looks: 2,
            most_ratio: 0.75,
        }
    }
}

/// A stretch of looks below the sharpness of their surroundings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlurStretch {
    /// First look.
    pub first: usize,
    /// Last look, included.
    pub last: usize,
    /// Variance of the Laplacian over that of the surroundings.
    pub ratio: f64,
    /// Upper end of its 95 % interval, by the scatter of the camera's own log.
    pub ratio_high: f64,
    /// Lower end.
    pub ratio_low: f64,
    /// Mean score, standard deviations in the direction of blur.
    pub score: f64,
}

/// Stretches that are blurred relative to the rest of the log.
///
/// `looks` in order of time, evenly spread. Two logarithms per look: of the variance of the Laplacian, and of its ratio
/// to that at a quarter of the size. A change of the scene moves the first, and the second little; blur moves both. Each is
/// compared with its running median over 61 looks; the two residuals are combined by Fisher's linear discriminant
/// in the direction of blur, with the robust covariance of the camera's own log, so a camera whose scene changes
/// much needs more blur to be found. Looks between the ends of a stretch need half the score.
///
/// Errors: [`ImageError::TooFew`] below 12 looks. Blur of more than half of a minute is taken for normal, as is
/// blur from the beginning to the end. Cost: `O(n)` medians of 61.
pub fn blurred_stretches(
    looks: &[Sharpness],
    options: BlurOptions,
) -> Result<Vec<BlurStretch>, ImageError> {
    let few = ImageError::TooFew {
        n: looks.len(),
        needed: LEAST_LOOKS,
    };
    if looks.len() < LEAST_LOOKS {
        return Err(few);
    }
    let logs: Vec<[f64; 2]> = looks.iter().map(|look| look.logarithms()).collect();
    let columns = [0, 1].map(|k| residuals(&logs.iter().map(|l| l[k]).collect::<Vec<_>>()));
    let [Some(ratios), Some(levels)] = &columns else {
        return Err(few);
    };
    let (Some(weights), Some(scatter)) = (discriminant(ratios, levels), robust_sigma(levels))
    else {
        return Err(few);
    };
    let scores: Vec<f64> = ratios
        .iter()
        .zip(levels)
        .map(|(q, v)| -(weights[0] * q + weights[1] * v))
        .collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < scores.len() {
        let run = scores[at..]
            .iter()
            .take_while(|s| **s >= 0.5 * options.score)
            .count();
        let strong = scores[at..at + run]
            .iter()
            .filter(|s| **s >= options.score)
            .count();
        if run >= options.least_looks && strong >= options.least_looks {
            let stretch = describe(at, at + run - 1, &scores, (levels, scatter));
            let fell = ratios[at..at + run].iter().sum::<f64>() / run as f64;
            // Less than a tenth of the ratio is a change of contrast, not of sharpness.
            if stretch.ratio <= options.most_ratio && fell < -0.1 {
                found.push(stretch);
            }
        }
        at += run.max(1);
    }
    Ok(found)
}

fn describe(
    first: usize,
    last: usize,
    scores: &[f64],
    (levels, scatter): (&[f64], f64),
) -> BlurStretch {
    let n = (last - first + 1) as f64;
    let mean = levels[first..=last].iter().sum::<f64>() / n;
    // What a camera sees stays alike for seconds: one look in four counts as independent.
    let half = crate::stats::Z95 * scatter / (n / 4.0).max(1.0).sqrt();
    BlurStretch {
        first,
        last,
        ratio: mean.exp(),
        ratio_high: (mean + half).exp(),
        ratio_low: (mean - half).exp(),
        score: scores[first..=last].iter().sum::<f64>() / n,
    }
}

/// Differences to the running median; the window keeps its length at the ends.
fn residuals(values: &[f64]) -> Option<Vec<f64>> {
    let window = (2 * BASELINE_HALF + 1).min(values.len());
    let mut scratch = Vec::with_capacity(window);
    let mut out = Vec::with_capacity(values.len());
    for (i, value) in values.iter().enumerate() {
        let start = i.saturating_sub(window / 2).min(values.len() - window);
        scratch.clear();
        scratch.extend_from_slice(&values[start..start + window]);
        out.push(value - median(&mut scratch).ok()?);
    }
    Some(out)
}

fn robust_sigma(values: &[f64]) -> Option<f64> {
    let mut sizes: Vec<f64> = values.iter().map(|v| v.abs()).collect();
    Some((MAD_TO_SIGMA * median(&mut sizes).ok()?).max(LEAST_SCATTER))
}

/// Weights of the two residuals such that their sum has standard deviation 1 and blur stands out most.
fn discriminant(ratios: &[f64], levels: &[f64]) -> Option<[f64; 2]> {
    let (a, b) = (robust_sigma(ratios)?, robust_sigma(levels)?);
    // Gnanadesikan and Kettenring 1972: correlation from the robust scatter of sum and difference.
    let both = |sign: f64| -> Vec<f64> {
        ratios
            .iter()
            .zip(levels)
            .map(|(q, v)| q / a + sign * v / b)
            .collect()
    };
    let (plus, minus) = (robust_sigma(&both(1.0))?, robust_sigma(&both(-1.0))?);
    let (plus, minus) = (plus * plus, minus * minus);
    let rho = ((plus - minus) / (plus + minus)).clamp(0.0, 0.8);
    // Fall in units of each scatter; the weights are inverse(covariance) times it, none of them negative.
    let d = [HALVING[0] / a, HALVING[1] / b];
    let mut w = [d[0] - rho * d[1], d[1] - rho * d[0]];
    w = if w[0] < 0.0 {
        [0.0, 1.0]
    } else if w[1] < 0.0 {
        [1.0, 0.0]
    } else {
        w
    };
    let variance = w[0] * w[0] + 2.0 * rho * w[0] * w[1] + w[1] * w[1];
    (variance > 0.0).then(|| [w[0] / a / variance.sqrt(), w[1] / b / variance.sqrt()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;

    /// A log whose scene changes: the variance wanders by `content` (autocorrelated), its ratio by a third of that.
    fn log(noise: &mut Noise, n: usize, content: f64) -> Vec<Sharpness> {
        let (mut v, mut q) = (0.0, 0.0);
        (0..n)
            .map(|_| {
                v = 0.9 * v + 0.44 * content * noise.normal();
                q = 0.9 * q + 0.44 * content / 3.0 * noise.normal();
                let coarse_variance = 500.0 * (v - q + 0.03 * noise.normal()).exp();
                Sharpness {
                    variance: 400.0 * (v + 0.03 * noise.normal()).exp(),
                    coarse_variance,
                    coarsest_variance: coarse_variance,
                }
            })
            .collect()
    }

    fn blur(log: &mut [Sharpness], range: std::ops::Range<usize>) {
        for look in &mut log[range] {
            look.variance *= 0.5;
            look.coarse_variance *= 0.92;
        }
    }

    #[test]
    fn half_the_variance_is_found_and_scenes_are_not() {
        let mut noise = Noise::new(77);
        let (mut found, mut false_alarms) = (0, 0);
        for _ in 0..300 {
            let mut looks = log(&mut noise, 60, 0.2);
            let clean = blurred_stretches(&looks, BlurOptions::default()).unwrap();
            false_alarms += u32::from(!clean.is_empty());
            blur(&mut looks, 30..38);
            let stretches = blurred_stretches(&looks, BlurOptions::default()).unwrap();
            found += u32::from(stretches.iter().any(|s| s.first <= 33 && s.last >= 34));
        }
        assert!(found >= 285, "{found} of 300 found");
        assert!(false_alarms <= 3, "{false_alarms} of 300 false");
    }

    #[test]
    fn the_ends_and_the_size_are_told() {
        let mut noise = Noise::new(78);
        let mut looks = log(&mut noise, 50, 0.02);
        blur(&mut looks, 20..26);
        let found = blurred_stretches(&looks, BlurOptions::default()).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].first, found[0].last), (20, 25));
        assert!((found[0].ratio - 0.5).abs() < 0.1);
        assert!(found[0].ratio_low < 0.5 && found[0].ratio_high > 0.45);
    }

    #[test]
    fn contrast_alone_is_no_blur_and_few_looks_say_nothing() {
        let mut noise = Noise::new(79);
        let mut looks = log(&mut noise, 50, 0.02);
        for look in &mut looks[20..26] {
            look.variance *= 0.5;
            look.coarse_variance *= 0.5;
        }
        assert!(
            blurred_stretches(&looks, BlurOptions::default())
                .unwrap()
                .is_empty()
        );
        assert!(blurred_stretches(&looks[..11], BlurOptions::default()).is_err());
        let black = vec![
            Sharpness {
                variance: 0.0,
                coarse_variance: 0.0,
                coarsest_variance: 0.0
            };
            20
        ];
        assert!(
            blurred_stretches(&black, BlurOptions::default())
                .unwrap()
                .is_empty()
        );
    }
}
