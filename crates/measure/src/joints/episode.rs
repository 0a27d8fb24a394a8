//! Whole episodes.

/// Change between the first and the last third of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// Difference of the means, in the unit of the series.
    pub difference: f64,
    /// The same over the standard deviation within the thirds.
    pub sigmas: f64,
}

/// Shift of the mean from the first to the last third; none below 9 values or for a constant series.
///
/// Source: lerobot-doctor (3 standard deviations). Cost: one pass.
pub fn shift(values: &[f64]) -> Option<Shift> {
    let third = values.len() / 3;
    if third < 3 {
        return None;
    }
    let moments = |part: &[f64]| {
        let mean = part.iter().sum::<f64>() / part.len() as f64;
        let squares: f64 = part.iter().map(|x| (x - mean).powi(2)).sum();
        (mean, squares / part.len() as f64)
    };
    let (a, va) = moments(&values[..third]);
    let (b, vb) = moments(&values[values.len() - third..]);
    let std = (0.5 * (va + vb)).sqrt();
    (std > 0.0 && std.is_finite()).then(|| Shift {
        difference: b - a,
        sigmas: (b - a) / std,
    })
}

/// Largest difference between two episodes that hold nearly the same values; none where they do not: other lengths, or
/// a value further apart than `1e-6 + 1e-5 |b|`, the defaults of `numpy.allclose` with lerobot-doctor's absolute
/// tolerance. NaN equals nothing, and empty episodes are no duplicates. Cost: one pass, up to the first difference.
pub fn near_duplicate(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.is_empty() || a.len() != b.len() {
        return None;
    }
    a.iter().zip(b).try_fold(0.0_f64, |largest, (x, y)| {
        let apart = (x - y).abs();
        (apart <= 1e-6 + 1e-5 * y.abs()).then_some(largest.max(apart))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_and_duplicates() {
        let values: Vec<f64> = (0..90_u32)
            .map(|i| f64::from(i % 2) + if i >= 60 { 5.0 } else { 0.0 })
            .collect();
        let found = shift(&values).unwrap();
        assert_eq!((found.difference, found.sigmas), (5.0, 10.0));
        assert_eq!(shift(&[1.0; 30]), None);
        let near: Vec<f64> = values.iter().map(|x| x + 5e-7).collect();
        let apart = near_duplicate(&values, &near).unwrap();
        assert!((apart - 5e-7).abs() < 1e-9, "{apart}");
        assert_eq!(near_duplicate(&values, &near[1..]), None);
        assert_eq!(near_duplicate(&values, &vec![0.0; 90]), None);
        assert_eq!(near_duplicate(&[f64::NAN], &[f64::NAN]), None);
        assert_eq!(near_duplicate(&[], &[]), None);
    }
}
