//! Every check a policy can judge: what it measures, what it means, what it cannot see.
//!
//! One file per subject; the rules of the formats come from their readers' own tables.
//! Thresholds are in the policy files, one entry per code.

mod alignment;
mod audio;
mod calibration;
mod camera;
mod clock;
mod gnss;
mod imu;
mod joints;
mod lidar;
mod motion;
mod structure;
mod sync;
mod time;
mod tracking;
mod trajectory;
mod transform;
mod video;

use fieldassay_model::CheckInfo;
use std::sync::LazyLock;

static CATALOG: LazyLock<Vec<CheckInfo>> = LazyLock::new(|| {
    let mut all: Vec<CheckInfo> = [
        time::CHECKS,
        clock::CHECKS,
        sync::CHECKS,
        transform::CHECKS,
        imu::CHECKS,
        gnss::CHECKS,
        camera::CHECKS,
        video::CHECKS,
        lidar::CHECKS,
        alignment::CHECKS,
        audio::CHECKS,
        joints::CHECKS,
        motion::CHECKS,
        calibration::CHECKS,
        trajectory::CHECKS,
        tracking::CHECKS,
        structure::CHECKS,
    ]
    .concat();
    all.extend(structure::rule_checks());
    all.sort_by_key(|check| check.code);
    all.dedup_by_key(|check| check.code);
    all
});

/// Every check, ordered by code.
pub fn catalog() -> &'static [CheckInfo] {
    &CATALOG
}
