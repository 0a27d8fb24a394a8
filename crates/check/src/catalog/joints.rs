//! Checks of joint states and episodes.

use fieldassay_model::CheckInfo;

pub(super) const CHECKS: &[CheckInfo] = &[];
