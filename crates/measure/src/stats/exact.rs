//! Sums of floats that do not depend on the order of the values.

use super::StatsError;

/// Bits of a limb.
const LIMB_BITS: usize = 32;
/// Limbs from 2^-1074 to 2^1024, with room for carries.
const LIMBS: usize = 68;
/// Additions after which carries are passed on: each adds less than 2^32 to a limb of 63 bits.
const MOST_PENDING: u32 = 1 << 30;
/// Bytes of [`ExactSum::to_bytes`].
const BYTES: usize = LIMBS * 8 + 16;

/// A sum of floats without rounding, until it is asked for.
///
/// Every finite float is a whole number of 2^-1074, and so is their sum: it is kept as one long integer (Kulisch 1971).
/// The same values give the same bits in any order and however they are split. A NaN makes the sum NaN; infinities do
/// as in plain addition. Memory: 560 bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct ExactSum {
    /// Limbs of 32 bits, the smallest first, carries not passed on.
    limbs: [i64; LIMBS],
    pending: u32,
    count: u64,
    /// Sum of what is not finite.
    special: f64,
}

impl Default for ExactSum {
    fn default() -> Self {
        Self {
            limbs: [0; LIMBS],
            pending: 0,
            count: 0,
            special: 0.0,
        }
    }
}

impl ExactSum {
    /// Adds a value. Cost: three integer additions.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "32 bits at a time are taken"
    )]
    pub fn add(&mut self, x: f64) {
        const FRACTION_BITS: u32 = 52;
        self.count += 1;
        if !x.is_finite() {
            self.special += x;
            return;
        }
        let bits = x.to_bits();
        let exponent = ((bits >> FRACTION_BITS) & 0x7ff) as usize;
        let fraction = bits & ((1 << FRACTION_BITS) - 1);
        // Subnormal numbers have the exponent of the smallest normal ones and no hidden bit.
        let (mantissa, place) = match exponent {
            0 => (fraction, 0),
            _ => (fraction | 1 << FRACTION_BITS, exponent - 1),
        };
        let wide = u128::from(mantissa) << (place % LIMB_BITS);
        let sign = if x.is_sign_negative() { -1 } else { 1 };
        let first = place / LIMB_BITS;
        for (step, limb) in self.limbs[first..first + 3].iter_mut().enumerate() {
            *limb += sign * i64::from((wide >> (step * LIMB_BITS)) as u32);
        }
        self.pending += 1;
        if self.pending >= MOST_PENDING {
            self.carry();
        }
    }

    /// Adds another sum.
    pub fn merge(&mut self, mut other: Self) {
        self.carry();
        other.carry();
        for (limb, more) in self.limbs.iter_mut().zip(other.limbs) {
            *limb += more;
        }
        self.pending = 1;
        self.count += other.count;
        self.special += other.special;
    }

    /// Passes carries on, so that every limb but the last is in 0 to 2^32 - 1.
    fn carry(&mut self) {
        let mut carry = 0;
        for limb in &mut self.limbs[..LIMBS - 1] {
            let total = *limb + carry;
            *limb = total & ((1 << LIMB_BITS) - 1);
            carry = total >> LIMB_BITS;
        }
        self.limbs[LIMBS - 1] += carry;
        self.pending = 0;
    }

    /// Values added.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The sum, rounded once to the nearest float, ties to even; infinite beyond the largest. 0 for no values.
    pub fn sum(&self) -> f64 {
        if self.special != 0.0 {
            return self.special;
        }
        let mut whole = self.clone();
        whole.carry();
        let negative = whole.limbs[LIMBS - 1] < 0;
        if negative {
            whole.limbs = whole.limbs.map(|limb| -limb);
            whole.carry();
        }
        let magnitude = rounded(&whole.limbs);
        if negative { -magnitude } else { magnitude }
    }

    /// The mean: the sum over the count, rounded twice.
    ///
    /// Errors: [`StatsError::Empty`].
    pub fn mean(&self) -> Result<f64, StatsError> {
        if self.count == 0 {
            return Err(StatsError::Empty);
        }
        Ok(self.sum() / self.count as f64)
    }

    /// The sum as bytes, for another process or thread.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut whole = self.clone();
        whole.carry();
        let limbs = whole.limbs.iter().flat_map(|limb| limb.to_le_bytes());
        let rest = self.count.to_le_bytes();
        limbs
            .chain(rest)
            .chain(self.special.to_le_bytes())
            .collect()
    }

    /// The sum that [`ExactSum::to_bytes`] wrote; none for other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != BYTES {
            return None;
        }
        let (words, _) = bytes.as_chunks::<8>();
        let (limbs, rest) = words.split_first_chunk::<LIMBS>()?;
        let [count, special] = rest else {
            return None;
        };
        Some(Self {
            limbs: limbs.map(i64::from_le_bytes),
            pending: 0,
            count: u64::from_le_bytes(*count),
            special: f64::from_le_bytes(*special),
        })
    }
}

/// A number of 2^-1074, not negative and with carries passed on, as the nearest float.
#[expect(clippy::cast_sign_loss, reason = "limbs are in 0 to 2^32 - 1")]
fn rounded(limbs: &[i64; LIMBS]) -> f64 {
    const PRECISION: usize = 53;
    let bit = |place: usize| (limbs[place / LIMB_BITS] >> (place % LIMB_BITS)) & 1;
    let Some(top) = limbs.iter().rposition(|limb| *limb != 0) else {
        return 0.0;
    };
    let highest = top * LIMB_BITS + limbs[top].ilog2() as usize;
    let lowest = (highest + 1).saturating_sub(PRECISION);
    let mut mantissa = (lowest..=highest)
        .rev()
        .fold(0_u64, |sum, place| (sum << 1) | bit(place) as u64);
    if lowest > 0 {
        let half = bit(lowest - 1) == 1;
        let more = || (0..lowest - 1).any(|place| bit(place) == 1);
        if half && (mantissa & 1 == 1 || more()) {
            mantissa += 1;
        }
    }
    // The power of two is a float itself, and the product is exact or beyond the largest float.
    let scale = if lowest < PRECISION - 1 {
        f64::from_bits(1 << lowest)
    } else {
        let exponent = lowest - (PRECISION - 2);
        if exponent > 0x7fe {
            return f64::INFINITY;
        }
        f64::from_bits((exponent as u64) << (PRECISION - 1))
    };
    mantissa as f64 * scale
}

#[cfg(test)]
mod tests {
    use super::ExactSum;
    use proptest::prelude::*;

    fn of(values: &[f64]) -> ExactSum {
        let mut sum = ExactSum::default();
        for x in values {
            sum.add(*x);
        }
        sum
    }

    #[test]
    fn nothing_is_lost() {
        assert_eq!(of(&[1e16, 1.0, -1e16, 1.0]).sum(), 2.0);
        assert_eq!(of(&[1e300, 1e-300, -1e300]).sum(), 1e-300);
        assert_eq!(of(&[0.1; 10]).sum(), 1.0);
        assert_eq!(of(&[]).sum(), 0.0);
        assert_eq!(of(&[f64::MAX, f64::MAX]).sum(), f64::INFINITY);
        assert_eq!(of(&[f64::MAX, f64::MAX, -f64::MAX]).sum(), f64::MAX);
        assert_eq!(of(&[-f64::MAX, -f64::MAX]).sum(), f64::NEG_INFINITY);
        assert_eq!(
            of(&[f64::from_bits(1), f64::from_bits(2)]).sum(),
            f64::from_bits(3)
        );
        assert!(of(&[f64::INFINITY, f64::NEG_INFINITY]).sum().is_nan());
        assert_eq!(of(&[1.0, 2.0]).mean().unwrap(), 1.5);
        assert!(of(&[]).mean().is_err());
        // Ties go to the even neighbor.
        let tie = 2.0_f64.powi(53);
        assert_eq!(of(&[tie, 1.0]).sum(), tie);
        assert_eq!(of(&[tie, 1.0, 1e-300]).sum(), tie + 2.0);
    }

    proptest! {
        #[test]
        fn one_value_is_itself(bits in any::<u64>()) {
            let x = f64::from_bits(bits);
            prop_assume!(x.is_finite());
            prop_assert_eq!(of(&[x]).sum(), x);
        }

        #[test]
        fn two_values_are_rounded_as_the_processor_does(a in any::<f64>(), b in any::<f64>()) {
            prop_assume!(a.is_finite() && b.is_finite());
            prop_assert_eq!(of(&[a, b]).sum(), a + b);
        }

        #[test]
        fn neither_order_nor_parts_matter(
            mut values in prop::collection::vec(-1e200..1e200_f64, 0..40), at in 0_usize..40,
        ) {
            let whole = of(&values);
            let (a, b) = values.split_at(at.min(values.len()));
            let mut merged = of(b);
            merged.merge(ExactSum::from_bytes(&of(a).to_bytes()).unwrap());
            prop_assert_eq!(merged.sum().to_bits(), whole.sum().to_bits());
            values.reverse();
            prop_assert_eq!(of(&values).sum().to_bits(), whole.sum().to_bits());
        }

        #[test]
        fn integers_are_exact(values in prop::collection::vec(-1_i64 << 50..1 << 50, 0..40)) {
            let floats: Vec<f64> = values.iter().map(|x| *x as f64).collect();
            prop_assert_eq!(of(&floats).sum(), values.iter().sum::<i64>() as f64);
        }
    }
}
