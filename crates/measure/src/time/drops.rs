//! Lost messages, by the formula of the reference.

use super::{TimeError, at_least, difference, positive_period};
use crate::stats::{Interval, wilson};
use serde::Serialize;

/// Messages estimated missing from differences near whole multiples of the period.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DropReport {
    /// Stamps seen.
    pub n: usize,
    /// Estimated missing messages.
    pub missing: u64,
    /// Differences that hold missing messages.
    pub events: usize,
    /// `missing / (n + missing)`.
    pub loss_ratio: f64,
    /// Wilson's interval of `loss_ratio`; it takes losses as independent, a long dropout makes it too narrow.
    pub interval: Interval,
}

/// Missing messages (signals reference, B.1 `drops`): for each difference `k = round(d / T) - 1`, counted when
/// `k >= 1` and `|d - (k + 1) T| <= 0.25 T`; `loss = missing / (n + missing)`.
///
/// `stamps`: nanoseconds in file order; `period_ns`: declared or median period `T`.
/// Blind where stamps jitter by more than an eighth of a period each; [`crate::time::lattice`] sees further.
///
/// Errors: [`TimeError::TooFew`] below two stamps, [`TimeError::BadPeriod`]. Cost: one pass, no memory.
pub fn drops(stamps: &[i64], period_ns: f64) -> Result<DropReport, TimeError> {
    at_least(stamps.len(), 2)?;
    let period = positive_period(period_ns)?;
    let (mut missing, mut events) = (0_u64, 0_usize);
    for pair in stamps.windows(2) {
        let slots = difference(pair[1], pair[0]) as f64 / period;
        let whole = slots.round();
        if whole >= 2.0 && (slots - whole).abs() <= 0.25 {
            missing = missing.saturating_add(crate::stats::whole(whole - 1.0));
            events += 1;
        }
    }
    let n = stamps.len() as u64;
    let all = n.saturating_add(missing);
    Ok(DropReport {
        n: stamps.len(),
        missing,
        events,
        loss_ratio: missing as f64 / all as f64,
        interval: wilson(missing, all)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // One missing after 100, two after 300; 640 - 600 is too far from any multiple.
        let r = drops(&[0, 100, 300, 600, 700, 850], 100.0).unwrap();
        assert_eq!((r.missing, r.events, r.n), (3, 2, 6));
        assert!((r.loss_ratio - 3.0 / 9.0).abs() < 1e-15);
        assert!(r.interval.contains(r.loss_ratio));
    }

    #[test]
    fn undefined_cases_are_errors() {
        assert!(drops(&[1], 1.0).is_err());
        assert!(drops(&[1, 2], 0.0).is_err());
        assert_eq!(drops(&[5, 5], 1.0).unwrap().missing, 0);
    }
}
