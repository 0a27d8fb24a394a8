//! Checks of boxes and tracks.

use fieldassay_model::CheckInfo;

pub(super) const CHECKS: &[CheckInfo] = &[];
