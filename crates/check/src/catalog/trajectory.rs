//! Checks of poses over time.

use fieldassay_model::CheckInfo;

pub(super) const CHECKS: &[CheckInfo] = &[];
