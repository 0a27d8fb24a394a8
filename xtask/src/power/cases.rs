//! What is tried: faults, magnitudes, the channels they hit and the codes that must be found.
//!
//! Not here: how a trial runs (`trial`).

use fieldassay_simulate::{FaultKind, fault_kinds};

/// One kind of fault and the magnitudes it is tried with.
pub(super) struct Case {
    pub(super) kind: FaultKind,
    pub(super) magnitudes: &'static [f64],
    /// The magnitude the project promises to find in at least 95 % of drives; none where only the
    /// curve is of interest.
    pub(super) promised: Option<f64>,
    /// A finding with one of these codes, or starting with one that ends in a dot, is the right one.
    pub(super) codes: &'static [&'static str],
    /// What the finding must be about.
    pub(super) about: About,
}

/// What the finding must be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// The channel that was hit, one of [`SENSORS`] in turn.
    Sensor,
    /// The frames of the fault.
    Frames,
    /// The recording, or any channel of it where the recorder stalled.
    Recording,
}

/// The channels that faults hit in turn, by seed. Not `/diagnostics`, which the default policy
/// leaves out, and not `/tf`, which has faults of its own.
pub(super) const SENSORS: [&str; 6] = [
    "/imu",
    "/joint_states",
    "/odom",
    "/camera/camera_info",
    "/lidar/scan",
    "/gnss/fix",
];

const LOSS: &[&str] = &["loss.", "structure."];

/// Everything that is tried.
pub(super) const CASES: &[Case] = &[
    sensor(
        FaultKind::SkewPpm,
        &[50.0, 100.0, 150.0, 200.0, 400.0],
        Some(200.0),
        &["clock.skew"],
    ),
    sensor(
        FaultKind::StepMs,
        &[2.0, 5.0, 10.0, 20.0, 50.0],
        Some(20.0),
        &["clock.step"],
    ),
    sensor(
        FaultKind::DropPercent,
        &[0.2, 0.5, 1.0, 2.0],
        Some(1.0),
        &["time.loss", "time.gap"],
    ),
    sensor(
        FaultKind::StallS,
        &[0.1, 0.25, 0.5, 1.0],
        Some(0.5),
        &["time.gap", "time.loss"],
    ),
    whole(
        FaultKind::RecorderStallS,
        &[0.1, 0.25, 0.5, 1.0],
        None,
        &["time.stall"],
    ),
    sensor(
        FaultKind::BurstCount,
        &[5.0, 7.0, 10.0, 20.0],
        Some(10.0),
        &["time.burst"],
    ),
    sensor(
        FaultKind::DuplicatePercent,
        &[0.1, 0.5, 1.0, 2.0],
        Some(1.0),
        &["time.duplicate"],
    ),
    sensor(
        FaultKind::ReorderCount,
        &[1.0, 2.0],
        Some(1.0),
        &["time.header_order", "time.publish_order"],
    ),
    sensor(
        FaultKind::JitterMs,
        &[1.0, 2.0, 5.0, 20.0],
        None,
        &["time.jitter"],
    ),
    sensor(
        FaultKind::EpochOffsetS,
        &[315_964_800.0, 86_400.0],
        Some(315_964_800.0),
        &["clock.epoch"],
    ),
    sensor(FaultKind::UptimeS, &[100.0], Some(100.0), &["clock.epoch"]),
    sensor(
        FaultKind::LeapS,
        &[1.0, 18.0],
        Some(18.0),
        &["clock.whole_seconds"],
    ),
    sensor(
        FaultKind::TaiS,
        &[37.0],
        Some(37.0),
        &["clock.whole_seconds"],
    ),
    frames(FaultKind::TransformCycleCount, &["transform.cycle"]),
    frames(FaultKind::ReparentCount, &["transform.reparent"]),
    whole(FaultKind::FlipBytes, &[1.0], Some(1.0), LOSS),
    whole(
        FaultKind::TruncatePercent,
        &[1.0, 10.0, 50.0],
        Some(10.0),
        LOSS,
    ),
    whole(
        FaultKind::TruncateBytes,
        &[1.0, 100.0, 10_000.0],
        Some(100.0),
        LOSS,
    ),
];

const fn sensor(
    kind: FaultKind,
    magnitudes: &'static [f64],
    promised: Option<f64>,
    codes: &'static [&'static str],
) -> Case {
    Case {
        kind,
        magnitudes,
        promised,
        codes,
        about: About::Sensor,
    }
}

const fn frames(kind: FaultKind, codes: &'static [&'static str]) -> Case {
    Case {
        about: About::Frames,
        ..sensor(kind, &[1.0], Some(1.0), codes)
    }
}

const fn whole(
    kind: FaultKind,
    magnitudes: &'static [f64],
    promised: Option<f64>,
    codes: &'static [&'static str],
) -> Case {
    Case {
        about: About::Recording,
        ..sensor(kind, magnitudes, promised, codes)
    }
}

/// Kinds of fault that no case tries, for the page: nothing can find them from one recording alone.
pub(super) fn untried() -> Vec<&'static str> {
    fault_kinds()
        .iter()
        .filter(|info| CASES.iter().all(|case| case.kind != info.kind))
        .map(|info| info.name)
        .collect()
}
