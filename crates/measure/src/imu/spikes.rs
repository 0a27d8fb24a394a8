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
/// The scale is that of blocks of 256 samples: 1.2533 times the mean absolute second difference over the root of 6
/// (on a slope every sample is its own median, so distances from it would not do), the largest of the block and its
/// neighbors, not below that of the distances in the block, and not below `floor`: what shakes is not compared with
/// what rests. Blocks without a second difference of that size are passed over. The two samples at each end are not
/// judged. Values must be finite. Cost: one pass that vectorizes, a second one over few blocks.
/// Source: signals reference, B.5 (median of 5, 8 sigma); local scales are our own.
pub fn spikes(values: &[f64], sigmas: f64, floor: f64) -> Vec<Spike> {
    let n = values.len();
    if n < 5 {
        return Vec::new();
    }
    let bounds = |b: usize| (2 + b * BLOCK, (2 + (b + 1) * BLOCK).min(n - 2));
    let blocks = (n - 4).div_ceil(BLOCK);
    let bends: Vec<(f64, f64)> = (0..blocks)
        .map(|b| {
            let (start, end) = bounds(b);
            bend(&values[start - 1..=end])
        })
        .collect();
    let mut found = Vec::new();
    for b in 0..blocks {
        let near = bends[b.saturating_sub(1)..(b + 2).min(blocks)]
            .iter()
            .fold(0.0_f64, |most, bend| most.max(bend.0));
        if bends[b].1 <= sigmas * near.max(floor) {
            continue;
        }
        let (start, end) = bounds(b);
        let residuals: Vec<f64> = values[start - 2..end + 2]
            .windows(5)
            .map(|w| w[2] - median5([w[0], w[1], w[2], w[3], w[4]]))
            .collect();
        let mean = residuals.iter().map(|r| r.abs()).sum::<f64>() / residuals.len() as f64;
        let scale = near.max(floor).max(TO_SIGMA * mean);
        let far = residuals.iter().enumerate();
        found.extend(
            far.filter(|(_, r)| scale > 0.0 && r.abs() > sigmas * scale)
                .map(|(i, r)| Spike {
                    index: start + i,
                    size: *r,
                    sigmas: r.abs() / scale,
                }),
        );
        if found.len() >= 1000 {
            found.truncate(1000);
            break;
        }
    }
    found
}

/// Standard deviation by second differences, and the largest of them; in lanes, so that it vectorizes.
fn bend(values: &[f64]) -> (f64, f64) {
    const LANES: usize = 8;
    let n = values.len() - 2;
    let (a, b, c) = (&values[..n], &values[1..=n], &values[2..]);
    let (mut sums, mut most) = ([0.0_f64; LANES], [0.0_f64; LANES]);
    let whole = n - n % LANES;
    for start in (0..whole).step_by(LANES) {
        let (a, b, c) = (
            &a[start..start + LANES],
            &b[start..start + LANES],
            &c[start..start + LANES],
        );
        for lane in 0..LANES {
            let d = (a[lane] - 2.0 * b[lane] + c[lane]).abs();
            sums[lane] += d;
            most[lane] = if d > most[lane] { d } else { most[lane] };
        }
    }
    for i in whole..n {
        let d = (a[i] - 2.0 * b[i] + c[i]).abs();
        sums[0] += d;
        most[0] = most[0].max(d);
    }
    let total: f64 = sums.iter().sum();
    (
        TO_SIGMA * total / ROOT_6 / n as f64,
        most.iter().copied().fold(0.0, f64::max),
    )
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
