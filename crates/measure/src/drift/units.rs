//! Which values belong together, and permutations that keep them together.

use super::DriftError;
use crate::stats::{Resampling, SplitMix};

/// A sample and, where its values are not independent, the cluster of each: the drive, the day, the block of time.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// The values, or one row per value.
    pub values: &'a [f64],
    /// One code per value; none where values are independent.
    pub clusters: Option<&'a [u32]>,
}

impl<'a> Sample<'a> {
    /// Values taken as independent.
    pub fn independent(values: &'a [f64]) -> Self {
        Self {
            values,
            clusters: None,
        }
    }
}

/// Codes of consecutive blocks of `length` values, for a series in time: block `i / length`. 0 counts as 1.
/// [`crate::stats::block_length`] gives a length that the series needs.
pub fn blocks(values: usize, length: usize) -> Vec<u32> {
    (0..values)
        .map(|i| u32::try_from(i / length.max(1)).unwrap_or(u32::MAX))
        .collect()
}

/// The units of two samples that a permutation deals to the sides: those of the reference first.
/// A code in both samples names two units: what was observed before and after is dealt apart, which is conservative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Units {
    /// Per value, reference first, its unit.
    of: Vec<u32>,
    /// Units of the reference.
    reference: usize,
    /// Units of the current sample.
    current: usize,
    /// Whether every value is its own unit.
    is_trivial: bool,
}

impl Units {
    /// From the clusters of both samples and how many values each has. Errors: [`DriftError::Mismatch`].
    pub fn new(
        reference: (usize, Option<&[u32]>),
        current: (usize, Option<&[u32]>),
    ) -> Result<Self, DriftError> {
        let is_trivial = reference.1.is_none() && current.1.is_none();
        let mut of = Vec::with_capacity(reference.0 + current.0);
        let first = append(&mut of, reference.0, reference.1, 0)?;
        let second = append(&mut of, current.0, current.1, first)?;
        Ok(Self {
            of,
            reference: first,
            current: second,
            is_trivial,
        })
    }

    /// Units of the reference and of the current sample.
    pub fn counts(&self) -> (usize, usize) {
        (self.reference, self.current)
    }

    /// Whether every value is a unit of its own.
    pub fn are_values(&self) -> bool {
        self.is_trivial
    }

    /// The unit of every value, reference first.
    pub fn of_values(&self) -> &[u32] {
        &self.of
    }

    /// At least twenty ways to deal the units, so that a p-value of 5 % is possible.
    pub(super) fn enough(&self) -> Result<(), DriftError> {
        let (a, b) = (self.reference as f64, self.current as f64);
        let ways = (1..=self.reference.min(self.current))
            .map(|i| (a + b - i as f64 + 1.0) / i as f64)
            .take(64)
            .product::<f64>();
        if self.reference < 2 || self.current < 2 || ways < 20.0 {
            return Err(DriftError::TooFewUnits {
                reference: self.reference,
                current: self.current,
            });
        }
        Ok(())
    }

    /// Sides as observed: true for units of the reference.
    pub(super) fn observed(&self) -> Vec<bool> {
        (0..self.reference + self.current)
            .map(|unit| unit < self.reference)
            .collect()
    }
}

/// Appends dense codes from `start` on; gives how many there are.
fn append(
    of: &mut Vec<u32>,
    values: usize,
    clusters: Option<&[u32]>,
    start: usize,
) -> Result<usize, DriftError> {
    let code = |i: usize| u32::try_from(start + i).unwrap_or(u32::MAX);
    let Some(clusters) = clusters else {
        of.extend((0..values).map(code));
        return Ok(values);
    };
    if clusters.len() != values {
        return Err(DriftError::Mismatch {
            seen: clusters.len(),
            expected: values,
            hint: "one cluster per value",
        });
    }
    let mut known = clusters.to_vec();
    known.sort_unstable();
    known.dedup();
    of.extend(
        clusters
            .iter()
            .map(|c| code(known.partition_point(|k| k < c))),
    );
    Ok(known.len())
}

/// Permutation p-value of a statistic that grows with the difference: `(1 + #{permuted >= observed}) / (1 + resamples)`.
/// `statistic` sees per unit whether it is dealt to the reference. Exact: under no drift a p-value at or below `a` has
/// probability `a` at most, whatever the distribution, as long as units are exchangeable.
///
/// Errors: [`DriftError::TooFewUnits`]. Cost: `resamples` calls.
pub fn permutation_p(
    units: &Units,
    how: Resampling,
    observed: f64,
    mut statistic: impl FnMut(&[bool]) -> f64,
) -> Result<f64, DriftError> {
    units.enough()?;
    let mut random = SplitMix::new(how.seed);
    let mut sides = units.observed();
    // Equal up to rounding counts as equal.
    let limit = observed - 1e-12 * observed.abs().max(1e-12);
    let mut at_least = 0;
    for _ in 0..how.resamples {
        random.shuffle(&mut sides);
        at_least += usize::from(statistic(&sides) >= limit);
    }
    Ok((1 + at_least) as f64 / (1 + how.resamples) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_dense_and_apart() {
        let units = Units::new((3, Some(&[7, 9, 7])), (2, Some(&[7, 1]))).unwrap();
        assert_eq!(units.of_values(), [0, 1, 0, 3, 2]);
        assert_eq!(units.counts(), (2, 2));
        assert!(units.enough().is_err());
        assert!(Units::new((2, Some(&[1])), (1, None)).is_err());
        assert_eq!(blocks(5, 2), [0, 0, 1, 1, 2]);
        let many = Units::new((4, None), (4, None)).unwrap();
        assert!(many.enough().is_ok() && many.are_values());
    }
}
