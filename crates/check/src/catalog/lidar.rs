//! Checks of point clouds and scans.

use fieldassay_model::CheckInfo;

pub(super) const CHECKS: &[CheckInfo] = &[];
