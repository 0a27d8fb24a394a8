//! The kinds of faults: name, unit, range, default channel.
//!
//! Not here: reading faults (`fault`); what they do (`fleet`, `stream`, `scene`, `damage`).

use crate::{FaultInfo, FaultKind};

/// Longest shift of a clock: a century in seconds.
const MAX_SHIFT_S: f64 = 3.2e9;

const fn info(kind: FaultKind, name: &'static str, unit: &'static str) -> FaultInfo {
    FaultInfo {
        kind,
        name,
        unit,
        what: "",
        default_channel: None,
        min: 0.0,
        max: 0.0,
        whole: false,
    }
}

const fn on(topic: &'static str, info: FaultInfo) -> FaultInfo {
    FaultInfo {
        default_channel: Some(topic),
        ..info
    }
}

const fn within(min: f64, max: f64, info: FaultInfo) -> FaultInfo {
    FaultInfo { min, max, ..info }
}

const fn whole(min: f64, max: f64, info: FaultInfo) -> FaultInfo {
    FaultInfo {
        min,
        max,
        whole: true,
        ..info
    }
}

const fn what(info: FaultInfo, what: &'static str) -> FaultInfo {
    FaultInfo { what, ..info }
}

/// Every kind of fault, in the order of the documentation.
pub(crate) static KINDS: [FaultInfo; 37] = [
    what(
        on(
            "/imu",
            within(-3.6e6, 3.6e6, info(FaultKind::OffsetMs, "offset_ms", "ms")),
        ),
        "header stamps are ahead of the true time by this much",
    ),
    what(
        on(
            "/imu",
            within(-1e5, 1e5, info(FaultKind::SkewPpm, "skew_ppm", "ppm")),
        ),
        "the sensor clock runs fast by this much, on top of its natural skew",
    ),
    what(
        on(
            "/imu",
            within(-3.6e6, 3.6e6, info(FaultKind::StepMs, "step_ms", "ms")),
        ),
        "the sensor clock jumps ahead once, at a seeded moment",
    ),
    what(
        on(
            "/imu",
            within(0.0, 1e4, info(FaultKind::JitterMs, "jitter_ms", "ms")),
        ),
        "header stamps scatter with this standard deviation (normal), order kept",
    ),
    what(
        on(
            "/imu",
            within(
                0.0,
                90.0,
                info(FaultKind::DropPercent, "drop_percent", "percent"),
            ),
        ),
        "this share of the messages is lost, one by one, at seeded places",
    ),
    what(
        on(
            "/imu",
            whole(
                2.0,
                1e5,
                info(FaultKind::BurstCount, "burst_count", "count"),
            ),
        ),
        "this many messages are held back once and delivered in one batch",
    ),
    what(
        on(
            "/lidar/scan",
            within(0.0, 1e5, info(FaultKind::StallS, "stall_s", "s")),
        ),
        "the sensor falls silent once for this long; its messages are lost",
    ),
    what(
        within(
            0.0,
            1e5,
            info(FaultKind::RecorderStallS, "recorder_stall_s", "s"),
        ),
        "the recorder writes nothing for this long, then everything that waited; nothing is lost",
    ),
    what(
        on(
            "/odom",
            within(
                0.0,
                100.0,
                info(FaultKind::DuplicatePercent, "duplicate_percent", "percent"),
            ),
        ),
        "this share of the messages is recorded twice",
    ),
    what(
        on(
            "/imu",
            whole(
                1.0,
                1e5,
                info(FaultKind::ReorderCount, "reorder_count", "count"),
            ),
        ),
        "this many pairs of neighboring messages arrive in the wrong order",
    ),
    what(
        on(
            "/gnss/fix",
            within(
                -MAX_SHIFT_S,
                MAX_SHIFT_S,
                info(FaultKind::EpochOffsetS, "epoch_offset_s", "s"),
            ),
        ),
        "header stamps count from an epoch this much after 1970 (315964800: GPS epoch)",
    ),
    what(
        on(
            "/lidar/scan",
            within(0.0, 1e9, info(FaultKind::UptimeS, "uptime_s", "s")),
        ),
        "header stamps count from the start of the sensor, this long before the drive",
    ),
    what(
        on(
            "/gnss/fix",
            within(-1e3, 1e3, info(FaultKind::LeapS, "leap_s", "s")),
        ),
        "header stamps are GPS time labeled UTC, ahead by the leap seconds (18 since 2017)",
    ),
    what(
        on(
            "/gnss/fix",
            within(-1e3, 1e3, info(FaultKind::TaiS, "tai_s", "s")),
        ),
        "header stamps are TAI labeled UTC (37 s ahead since 2017)",
    ),
    what(
        on(
            "/tf",
            whole(
                1.0,
                1e6,
                info(
                    FaultKind::TransformCycleCount,
                    "transform_cycle_count",
                    "count",
                ),
            ),
        ),
        "this many messages carry a transform that closes the tree to a ring",
    ),
    what(
        on(
            "/tf",
            whole(
                1.0,
                1e4,
                info(FaultKind::ReparentCount, "reparent_count", "count"),
            ),
        ),
        "`base_link` changes its parent this often",
    ),
    what(
        whole(
            1.0,
            1e12,
            info(FaultKind::TruncateBytes, "truncate_bytes", "bytes"),
        ),
        "this many bytes are missing at the end of the file",
    ),
    what(
        within(
            0.0,
            100.0,
            info(FaultKind::TruncatePercent, "truncate_percent", "percent"),
        ),
        "this share of the file is missing at its end",
    ),
    what(
        whole(1.0, 1e6, info(FaultKind::FlipBytes, "flip_bytes", "bytes")),
        "this many bytes, anywhere in the file, have one bit inverted",
    ),
    what(
        on(
            "/camera/image",
            within(0.0, 1e5, info(FaultKind::FreezeS, "freeze_s", "s")),
        ),
        "pictures repeat for this long while the vehicle moves; stamps go on",
    ),
    what(
        on(
            "/camera/image",
            within(
                0.01,
                0.99,
                info(FaultKind::BlurRatio, "blur_ratio", "ratio"),
            ),
        ),
        "for a third of the drive the lens is out of focus: this share of the variance of the Laplacian is left",
    ),
    what(
        on(
            "/camera/image",
            within(
                0.0,
                95.0,
                info(
                    FaultKind::OverexposePercent,
                    "overexpose_percent",
                    "percent",
                ),
            ),
        ),
        "for a third of the drive the exposure is so long that this share of the pixels is clipped",
    ),
    what(
        on(
            "/imu",
            within(0.0, 1e5, info(FaultKind::ImuStuckS, "imu_stuck_s", "s")),
        ),
        "rates and forces repeat for this long while the vehicle moves; stamps go on",
    ),
    what(
        on(
            "/imu",
            whole(
                1.0,
                1e4,
                info(
                    FaultKind::ImuSaturationCount,
                    "imu_saturation_count",
                    "count",
                ),
            ),
        ),
        "a shock clips the vertical force at 16 g for this many samples while the vehicle moves",
    ),
    what(
        on(
            "/imu",
            within(
                -50.0,
                50.0,
                info(
                    FaultKind::AccelScalePercent,
                    "accel_scale_percent",
                    "percent",
                ),
            ),
        ),
        "forces are too large by this much",
    ),
    what(
        on(
            "/imu",
            within(
                -10.0,
                10.0,
                info(FaultKind::GyroBiasRadS, "gyro_bias_rad_s", "rad/s"),
            ),
        ),
        "this much is added to the rate about one seeded axis",
    ),
    what(
        on(
            "/camera/image",
            within(
                -180.0,
                180.0,
                info(
                    FaultKind::ExtrinsicRotationDeg,
                    "extrinsic_rotation_deg",
                    "deg",
                ),
            ),
        ),
        "the claimed mount of the sensor is turned by this much about a seeded axis",
    ),
    what(
        on(
            "/camera/image",
            within(
                -100.0,
                100.0,
                info(FaultKind::ExtrinsicShiftM, "extrinsic_shift_m", "m"),
            ),
        ),
        "the claimed mount of the sensor is moved by this much in a seeded direction",
    ),
    what(
        on(
            "/camera/camera_info",
            within(
                -90.0,
                1000.0,
                info(FaultKind::FocalPercent, "focal_percent", "percent"),
            ),
        ),
        "the claimed focal length is too long by this much",
    ),
    what(
        on(
            "/lidar/points",
            whole(
                1.0,
                127.0,
                info(FaultKind::DeadRingCount, "dead_ring_count", "count"),
            ),
        ),
        "this many seeded rings of the lidar bring nothing back",
    ),
    what(
        on(
            "/lidar/points",
            within(
                0.0,
                359.0,
                info(FaultKind::BlockedSectorDeg, "blocked_sector_deg", "deg"),
            ),
        ),
        "after 20 to 40 % of the drive a sector this wide brings nothing back any more",
    ),
    what(
        on(
            "/lidar/points",
            whole(
                1.0,
                1.0,
                info(FaultKind::NoPointTimeCount, "no_point_time_count", "count"),
            ),
        ),
        "points have no time",
    ),
    what(
        on(
            "/odom",
            within(0.0, 1e6, info(FaultKind::PoseJumpM, "pose_jump_m", "m")),
        ),
        "poses jump by this much at a seeded moment and stay off",
    ),
    what(
        on(
            "/gnss/fix",
            within(0.0, 1e6, info(FaultKind::GnssJumpM, "gnss_jump_m", "m")),
        ),
        "positions are off by this much for five seconds",
    ),
    what(
        on(
            "/gnss/fix",
            within(0.0, 1e5, info(FaultKind::GnssOutageS, "gnss_outage_s", "s")),
        ),
        "the receiver has no fix for this long, or is silent (seeded)",
    ),
    what(
        on(
            "/joint_states",
            within(
                0.0,
                90.0,
                info(FaultKind::JointClipPercent, "joint_clip_percent", "percent"),
            ),
        ),
        "one joint stops at a limit for this share of the messages",
    ),
    what(
        on(
            "/audio",
            within(
                -3.6e6,
                3.6e6,
                info(FaultKind::AudioLagMs, "audio_lag_ms", "ms"),
            ),
        ),
        "sound comes this much later than what is seen",
    ),
];
