//! Checks of time offsets between sensors.

use fieldassay_model::CheckInfo;

pub(super) const CHECKS: &[CheckInfo] = &[];
