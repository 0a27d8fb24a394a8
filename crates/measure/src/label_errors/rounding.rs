//! Whole numbers with the same sum.

/// Rounds, then moves those that were rounded furthest until the sum is that of the values, rounded.
///
/// Halves go to the even number; of equals the last is raised and the first lowered first, as numpy's sort leaves them
/// (cleanlab 2.9.0 `round_preserving_sum`).
pub(super) fn round_preserving_sum(values: &[f64]) -> Vec<f64> {
    let mut whole: Vec<f64> = values.iter().map(|x| x.round_ties_even()).collect();
    let wanted = values.iter().sum::<f64>().round_ties_even();
    if values.is_empty() {
        return whole;
    }
    loop {
        let missing = (wanted - whole.iter().sum::<f64>()).round_ties_even();
        if missing == 0.0 || !missing.is_finite() {
            return whole;
        }
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&i, &j| (values[i] - whole[i]).total_cmp(&(values[j] - whole[j])));
        if missing > 0.0 {
            order.reverse();
        }
        let mut left = missing.abs();
        for i in order {
            if left < 0.5 {
                break;
            }
            whole[i] += missing.signum();
            left -= 1.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::round_preserving_sum;

    #[test]
    fn sums_are_kept() {
        assert_eq!(round_preserving_sum(&[0.4, 0.4, 0.2]), [0.0, 1.0, 0.0]);
        assert_eq!(round_preserving_sum(&[1.6, 1.6, 1.8]), [1.0, 2.0, 2.0]);
        assert!(round_preserving_sum(&[]).is_empty());
    }
}
