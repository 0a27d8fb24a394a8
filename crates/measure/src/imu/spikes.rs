//! Spikes: single samples far from their neighbors.

/// Samples of a block that share a scale.
const BLOCK: usize = 256;
/// Standard deviation of a normal variable over its mean absolute value.
const TO_SIGMA: f64 = 1.2533141373155001;

/// Standard deviation of second differences of white noise of 1.
const ROOT_6: f64 = 2.449489742783178;

/// A sample far from the median of the five around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spike {
    /// Position.
    pub index: usize,
    /// Distance from the median of five.
    pub size: f64,
    /// That over the standard deviation of the distances around it.
    pub sigmas: f64,
}

/// Samples further than `sigmas` standard deviations from the median of the five around them; at most 1000.
///
/// The scale is that of blocks of 256 samples: 1.2533 times the mean absolute distance, or that of the second
/// differences over the root of 6 where it is greater (on a slope every sample is its own median); the largest of
/// the block and its neighbors, and not below `floor`: what shakes is not compared with what rests. The two samples at
/// each end are not judged. Values must be finite. Cost: one pass and 8 bytes per sample of a block.
/// Source: signals reference, B.5 (median of 5, 8 sigma); local scales are our own.
pub fn spikes(values: &[f64], sigmas: f64, floor: f64) -> Vec<Spike> {
    let n = values.len();
    if n < 5 {
        return Vec::new();
    }
    let residual = |i: usize| {
        values[i]
            - median5([
                values[i - 2],
                values[i - 1],
                values[i],
                values[i + 1],
                values[i + 2],
            ])
    };
    let blocks = (n - 4).div_ceil(BLOCK);
    let bounds = |b: usize| (2 + b * BLOCK, (2 + (b + 1) * BLOCK).min(n - 2));
    // Mean absolute distance and the largest distance of each block: most blocks are done with these.
    let scales: Vec<(f64, f64)> = (0..blocks)
        .map(|b| {
            let (start, end) = bounds(b);
            let (mut sum, mut bend, mut most) = (0.0_f64, 0.0_f64, 0.0_f64);
            for window in values[start - 2..end + 2].windows(5) {
                let r = (window[2]
                    - median5([window[0], window[1], window[2], window[3], window[4]]))
                .abs();
                sum += r;
                bend += (window[1] - 2.0 * window[2] + window[3]).abs();
                most = most.max(r);
            }
            let scale = TO_SIGMA * sum.max(bend / ROOT_6) / (end - start) as f64;
            (scale, most)
        })
        .collect();
    let mut found = Vec::new();
    for b in 0..blocks {
        let near = scales[b.saturating_sub(1)..(b + 2).min(blocks)]
            .iter()
            .fold(0.0_f64, |most, scale| most.max(scale.0));
        let scale = near.max(floor);
        if scales[b].1 <= sigmas * scale || scale <= 0.0 {
            continue;
        }
        let (start, end) = bounds(b);
        found.extend((start..end).filter_map(|i| {
            let size = residual(i);
            (size.abs() > sigmas * scale).then_some(Spike {
                index: i,
                size,
                sigmas: size.abs() / scale,
            })
        }));
        if found.len() >= 1000 {
            found.truncate(1000);
            break;
        }
    }
    found
}

/// Median of five by a network of comparisons without branches.
fn median5([a, b, c, d, e]: [f64; 5]) -> f64 {
    let (min, max) = (f64::min, f64::max);
    // Of the two pairs, the smallest of the lower and the largest of the upper ends cannot be the median.
    let f = max(min(a, b), min(c, d));
    let g = min(max(a, b), max(c, d));
    max(min(e, f), min(max(e, f), g))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;

    #[test]
    fn median_of_five_equals_sorting() {
        let mut noise = Noise::new(1);
        for _ in 0..1000 {
            let mut v: [f64; 5] = std::array::from_fn(|_| (noise.normal() * 3.0).round());
            let found = median5(v);
            v.sort_by(f64::total_cmp);
            assert_eq!(found, v[2]);
        }
    }

    #[test]
    fn spikes_are_found_and_motion_is_not() {
        let mut noise = Noise::new(5);
        let mut values: Vec<f64> = (0..20_000_i32)
            .map(|i| {
                let shakes = if i > 8000 { 1.0 } else { 0.01 };
                shakes * noise.normal() + (f64::from(i) * 0.02).sin()
            })
            .collect();
        let clean = spikes(&values, 8.0, 0.0);
        assert!(clean.is_empty(), "{clean:?}");
        values[3000] += 0.5;
        values[12_000] -= 20.0;
        let found = spikes(&values, 8.0, 0.0);
        assert_eq!(
            found.iter().map(|s| s.index).collect::<Vec<_>>(),
            [3000, 12_000]
        );
    }
}
