//! Which unit looks into a stretch of time of a stream.
//!
//! Pixels and points are decoded for the first message of each stretch only. Units are read in
//! parallel, so the first message is that of the lowest unit that has one: a unit leaves a stretch
//! out only when a lower one has claimed it, and what a higher one decoded all the same is dropped
//! when units are merged. The outcome does not depend on who came first.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Claims of all streams.
#[derive(Debug, Default)]
pub(crate) struct Claims(Mutex<BTreeMap<(u32, i64), usize>>);

impl Claims {
    /// Whether no unit before `unit` has claimed the stretch; claims it.
    pub(crate) fn claim(&self, stream: u32, stretch: i64, unit: usize) -> bool {
        let mut claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = claims.entry((stream, stretch)).or_insert(unit);
        if *first < unit {
            return false;
        }
        *first = unit;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::Claims;

    #[test]
    fn only_a_lower_unit_stops_a_claim() {
        let claims = Claims::default();
        assert!(claims.claim(0, 7, 5));
        assert!(claims.claim(0, 7, 3));
        assert!(!claims.claim(0, 7, 4));
        assert!(claims.claim(1, 7, 9));
        assert!(claims.claim(0, 8, 9));
    }
}
