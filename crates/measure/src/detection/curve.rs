//! What every precision-recall curve needs.
//!
//! Read [`order_by_score`] first. Not here: what counts as a hit.

/// A key whose ascending order is the descending order of `score` (any float, NaN last or first by its sign).
pub(crate) fn descending(score: f64) -> u64 {
    // IEEE 754 totalOrder; -0 and 0 are one score, as for a comparison of floats.
    let bits = (score + 0.0).to_bits();
    let ascending = if bits >> 63 == 1 {
        !bits
    } else {
        bits | (1 << 63)
    };
    !ascending
}

/// Positions by descending score; equal scores keep their order.
pub(crate) fn order_by_score(scores: impl Iterator<Item = f64>) -> Vec<u32> {
    let mut keyed: Vec<(u64, u32)> = scores.zip(0..).map(|(s, i)| (descending(s), i)).collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, i)| i).collect()
}

/// Replaces each value by the largest from it on (the monotone envelope of precision).
pub(crate) fn envelope(precision: &mut [f64]) {
    let mut most = f64::NEG_INFINITY;
    for value in precision.iter_mut().rev() {
        most = most.max(*value);
        *value = most;
    }
}

/// Mean; none for no values.
pub(crate) fn mean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values
        .into_iter()
        .fold((0.0, 0_usize), |(sum, n), x| (sum + x, n + 1));
    (n > 0).then(|| sum / n as f64)
}

/// `n` values from `start` to `end`, both included (as numpy's `linspace` rounds them).
pub(crate) fn spaced(start: f64, end: f64, n: usize) -> Vec<f64> {
    let step = (end - start) / (n.max(2) - 1) as f64;
    let mut out: Vec<f64> = (0..n).map(|i| i as f64 * step + start).collect();
    if let Some(last) = out.last_mut() {
        *last = end;
    }
    out
}

/// Linear interpolation at `x` in points that ascend; `beyond` after the last, the first value before the first
/// (numpy's `interp`, which takes the last of equal abscissas).
pub(crate) fn interpolate(x: f64, at: &[f64], values: &[f64], beyond: f64) -> f64 {
    let after = at.partition_point(|&a| a <= x);
    let (Some(&first), Some(&last)) = (values.first(), at.last()) else {
        return beyond;
    };
    if after == 0 {
        return first;
    }
    let (i, j) = (after - 1, after);
    if j == at.len() {
        return if x > last { beyond } else { values[i] };
    }
    (values[j] - values[i]) / (at[j] - at[i]) * (x - at[i]) + values[i]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_fall_and_ties_keep_their_order() {
        let scores = [0.5, 1.0, -0.0, 0.5, 0.0, -3.0, f64::INFINITY];
        assert_eq!(order_by_score(scores.into_iter()), [6, 1, 0, 3, 2, 4, 5]);
    }

    #[test]
    fn interpolation_is_that_of_numpy() {
        let (at, values) = ([0.0, 0.5, 0.5, 1.0], [1.0, 2.0, 4.0, 6.0]);
        let of = |x| interpolate(x, &at, &values, 0.0);
        assert_eq!(
            [of(-1.0), of(0.25), of(0.5), of(0.75), of(1.0), of(1.1)],
            [1.0, 1.5, 4.0, 5.0, 6.0, 0.0]
        );
        assert_eq!(spaced(0.0, 1.0, 101)[29], 0.29);
    }
}
