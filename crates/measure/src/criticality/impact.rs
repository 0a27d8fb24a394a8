//! What a collision does to the speeds.
//!
//! Read [`impact`] first. Not here: where on the bodies it hits, injury models.

use super::finite;
use super::{CriticalityError, not_negative, positive};

/// Two bodies that stick together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Impact {
    /// Change of speed of the first, meters per second.
    pub delta_v_first: f64,
    /// Change of speed of the second, meters per second.
    pub delta_v_second: f64,
    /// Common velocity after it, meters per second, x along the first body's heading.
    pub common_velocity: [f64; 2],
}

/// Delta-v of a perfectly plastic collision by the balance of momentum: `m_b / (m_a + m_b) |v_b - v_a|` and the other
/// way round. Masses in kilograms, speeds along the headings in meters per second, `heading_difference_radians` from
/// the first to the second.
///
/// nuPlan takes 2,000 kg for both. `CriMe` 0.4.5 adds where it should subtract (`v_a + v_b cos`), so its values differ.
/// Errors: numbers that are not finite, masses that are not positive, speeds below zero.
pub fn impact(
    masses_kg: [f64; 2],
    speeds: [f64; 2],
    heading_difference_radians: f64,
) -> Result<Impact, CriticalityError> {
    positive(&[("m_a", masses_kg[0]), ("m_b", masses_kg[1])])?;
    not_negative(&[("v_a", speeds[0]), ("v_b", speeds[1])])?;
    finite(&[("heading_diff", heading_difference_radians)])?;
    let (sin, cos) = heading_difference_radians.sin_cos();
    let second = [speeds[1] * cos, speeds[1] * sin];
    let relative = f64::hypot(second[0] - speeds[0], second[1]);
    let total = masses_kg[0] + masses_kg[1];
    let [share_first, share_second] = masses_kg.map(|m| m / total);
    Ok(Impact {
        delta_v_first: share_second * relative,
        delta_v_second: share_first * relative,
        common_velocity: [
            share_first * speeds[0] + share_second * second[0],
            share_second * second[1],
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn momentum_is_kept(
            m in [1.0..5000.0_f64, 1.0..5000.0_f64], v in [0.0..40.0_f64, 0.0..40.0_f64], h in -3.0..3.0_f64,
        ) {
            let found = impact(m, v, h).expect("defined");
            prop_assert!((m[0] * found.delta_v_first - m[1] * found.delta_v_second).abs() < 1e-6);
            let change = f64::hypot(found.common_velocity[0] - v[0], found.common_velocity[1]);
            prop_assert!((change - found.delta_v_first).abs() < 1e-9);
            let swapped = impact([m[1], m[0]], [v[1], v[0]], -h).expect("defined");
            prop_assert!((swapped.delta_v_first - found.delta_v_second).abs() < 1e-9);
        }
    }
}
