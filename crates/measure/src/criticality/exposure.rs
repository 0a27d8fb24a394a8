//! How long and how deep a time to collision stayed below its threshold.
//!
//! Read [`exposure`] first. Not here: the times themselves.

use super::{CriticalityError, positive};

/// Exposure to a small time to collision over a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exposure {
    /// Time exposed: `sum dt [TTC <= tau]`, seconds (TET; Minderhoud and Bovy 2001, eq. 4).
    pub time_exposed_secs: f64,
    /// Time integrated: `sum (tau - TTC) dt` while exposed, seconds squared (TIT; eq. 6).
    pub time_integrated_secs2: f64,
    /// The least time of the series, seconds.
    pub least_secs: f64,
    /// Samples.
    pub n: usize,
}

/// Exposure of a series of times to collision (seconds, infinite allowed) at steps of `step_secs` to a threshold;
/// `CriMe` takes 2 s.
///
/// Errors: no samples, a NaN, a step or threshold that is not positive. Cost: one pass.
pub fn exposure(
    ttc_secs: &[f64],
    step_secs: f64,
    threshold_secs: f64,
) -> Result<Exposure, CriticalityError> {
    positive(&[("dt", step_secs), ("tau", threshold_secs)])?;
    if ttc_secs.is_empty() {
        return Err(CriticalityError::Empty { field: "ttc" });
    }
    if let Some(index) = ttc_secs.iter().position(|t| t.is_nan()) {
        return Err(CriticalityError::NanAt {
            field: "ttc",
            index,
        });
    }
    let exposed = ttc_secs.iter().filter(|t| **t <= threshold_secs);
    Ok(Exposure {
        time_exposed_secs: exposed.clone().count() as f64 * step_secs,
        time_integrated_secs2: exposed.map(|t| threshold_secs - t).sum::<f64>() * step_secs,
        least_secs: ttc_secs.iter().copied().fold(f64::INFINITY, f64::min),
        n: ttc_secs.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_and_monotone_in_the_threshold() {
        let ttc = [f64::INFINITY, 3.0, 1.5, 1.0, 2.5];
        let found = exposure(&ttc, 0.1, 2.0).expect("defined");
        assert!((found.time_exposed_secs - 0.2).abs() < 1e-15);
        assert!((found.time_integrated_secs2 - 0.15).abs() < 1e-15);
        assert_eq!(found.least_secs, 1.0);
        let mut last = 0.0;
        for tau in [0.5, 1.0, 1.5, 2.0, 4.0] {
            let now = exposure(&ttc, 0.1, tau)
                .expect("defined")
                .time_integrated_secs2;
            assert!(now >= last);
            last = now;
        }
        assert!(exposure(&[], 0.1, 2.0).is_err());
        assert!(exposure(&[f64::NAN], 0.1, 2.0).is_err());
    }
}
