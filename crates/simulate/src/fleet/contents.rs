//! Faults of what sensors say: when they act and with which numbers.

use super::faults::{Setting, does_not_fit, stretch, stretch_of};
use crate::alter::Alter;
use crate::damage::whole;
use crate::math::{Vec3, norm, scale};
use crate::noise::whole_ns;
use crate::rng::Rng;
use crate::scene::{Payload, joint_names, joint_position};
use crate::stream::Effect;
use crate::vehicle::Mount;
use crate::{Fault, FaultKind, SimulateError};

/// How long satellite positions stay off after a jump.
const GNSS_JUMP_SECS: f64 = 5.0;

/// What a fault does to contents; none for faults of time, delivery, tree and bytes.
pub(super) fn effect(
    fault: &Fault,
    setting: &Setting<'_>,
    rng: &mut Rng,
) -> Result<Option<Effect>, SimulateError> {
    let duration_ns = setting.duration_ns;
    let magnitude = fault.magnitude;
    let within = |(start_ns, end_ns): (i64, i64), alter: Alter| Effect::Contents {
        start_ns,
        end_ns,
        alter,
    };
    let always = |alter: Alter| within((0, i64::MAX), alter);
    let third = |rng: &mut Rng| {
        let length = duration_ns / 3;
        moving(setting, length, rng).map_or_else(|| stretch_of(fault, length, duration_ns, rng), Ok)
    };
    Ok(Some(match fault.kind {
        FaultKind::FreezeS | FaultKind::ImuStuckS => {
            let length = whole_ns(magnitude * 1e9);
            let place = moving(setting, length, rng).ok_or_else(|| {
                does_not_fit(fault, "the vehicle is not under way for so long".to_owned())
            })?;
            within(place, Alter::Repeat)
        }
        FaultKind::BlurRatio => within(third(rng)?, Alter::Blur { ratio: magnitude }),
        FaultKind::OverexposePercent => {
            let share = magnitude / 100.0;
            within(third(rng)?, Alter::Overexpose { share })
        }
        FaultKind::ImuSaturationCount => shock(fault, setting, rng)?,
        FaultKind::AccelScalePercent => always(Alter::AccelScale {
            ratio: 1.0 + magnitude / 100.0,
        }),
        FaultKind::GyroBiasRadS => {
            let axis = rng.below(3);
            let mut radians_per_sec = [0.0; 3];
            for (place, value) in (0_u64..).zip(&mut radians_per_sec) {
                *value = if place == axis { magnitude } else { 0.0 };
            }
            always(Alter::GyroBias { radians_per_sec })
        }
        FaultKind::FocalPercent => always(Alter::Focal {
            ratio: 1.0 + magnitude / 100.0,
        }),
        FaultKind::NoPointTimeCount => always(Alter::NoPointTime),
        FaultKind::AudioLagMs => always(Alter::Lag {
            secs: magnitude * 1e-3,
        }),
        FaultKind::PoseJumpM | FaultKind::GnssJumpM | FaultKind::GnssOutageS => {
            place(fault, duration_ns, rng)?
        }
        FaultKind::ExtrinsicRotationDeg | FaultKind::ExtrinsicShiftM => {
            always(mounted(fault, setting, rng)?)
        }
        FaultKind::JointClipPercent => always(clipped(fault, setting, rng)),
        FaultKind::DeadRingCount | FaultKind::BlockedSectorDeg => {
            return cloud(fault, setting, rng).map(Some);
        }
        _ => return Ok(None),
    }))
}

/// Faults of poses and satellite positions.
fn place(fault: &Fault, duration_ns: i64, rng: &mut Rng) -> Result<Effect, SimulateError> {
    if fault.kind == FaultKind::GnssOutageS {
        let (start_ns, end_ns) = stretch(fault, duration_ns, rng)?;
        if rng.uniform() < 0.5 {
            return Ok(Effect::Stall { start_ns, end_ns });
        }
        return Ok(Effect::Contents {
            start_ns,
            end_ns,
            alter: Alter::NoFix,
        });
    }
    let satellites = fault.kind == FaultKind::GnssJumpM;
    let (first, last) = if satellites { (0.25, 0.65) } else { (0.3, 0.7) };
    let start_ns = whole_ns(duration_ns as f64 * rng.between(first, last));
    let meters = level(rng, fault.magnitude);
    let length = if satellites {
        whole_ns(GNSS_JUMP_SECS * 1e9)
    } else {
        i64::MAX
    };
    Ok(Effect::Contents {
        start_ns,
        end_ns: start_ns.saturating_add(length),
        alter: Alter::Shift { meters },
    })
}

/// A stretch during which the vehicle is under way, if there is one so long.
fn moving(setting: &Setting<'_>, length: i64, rng: &mut Rng) -> Option<(i64, i64)> {
    let secs = setting.duration_ns as f64 * 1e-9;
    let phases = setting.rig.course.progress().under_way(secs);
    let place = usize::try_from(rng.below(phases.len() as u64)).unwrap_or(0);
    let (start, end) = phases.get(place).copied()?;
    let (start, end) = (whole_ns(start * 1e9), whole_ns(end * 1e9));
    let room = end.saturating_sub(start).saturating_sub(length);
    let first = start.saturating_add(whole_ns(rng.uniform() * room as f64));
    (room > 0).then_some((first, first.saturating_add(length)))
}

/// A horizontal shift in a seeded direction.
fn level(rng: &mut Rng, meters: f64) -> Vec3 {
    let (s, c) = libm::sincos(rng.between(0.0, std::f64::consts::TAU));
    [c * meters, s * meters, 0.0]
}

/// A direction, all of them equally likely.
fn direction(rng: &mut Rng) -> Vec3 {
    let v = [rng.normal(), rng.normal(), rng.normal()];
    scale(v, 1.0 / norm(v).max(1e-9))
}

/// Samples of an IMU that a shock clips, while the vehicle moves.
fn shock(fault: &Fault, setting: &Setting<'_>, rng: &mut Rng) -> Result<Effect, SimulateError> {
    let timing = &setting.plan.timing;
    let count = whole(fault.magnitude);
    let length = timing
        .period_ns
        .saturating_mul(i64::try_from(count).unwrap_or(i64::MAX));
    let (start, _) = moving(setting, length, rng).ok_or_else(|| {
        does_not_fit(fault, "the vehicle is not under way for so long".to_owned())
    })?;
    let first = u64::try_from((start - timing.phase_ns).max(0) / timing.period_ns).unwrap_or(0) + 1;
    if first + count > timing.count {
        return Err(does_not_fit(
            fault,
            format!("the channel has {} messages", timing.count),
        ));
    }
    Ok(Effect::Shock { first, count })
}

/// The sensor whose claimed mount is wrong.
fn mounted(fault: &Fault, setting: &Setting<'_>, rng: &mut Rng) -> Result<Alter, SimulateError> {
    let mount = match setting.topic.split('/').nth(1) {
        Some("camera_right") => Mount::CameraRight,
        Some("lidar") => Mount::Lidar,
        Some("imu") => Mount::Imu,
        Some("gnss") => Mount::Gnss,
        _ => Mount::Camera,
    };
    let has = setting
        .rig
        .mounts()
        .iter()
        .any(|(known, _)| *known == mount);
    let named = ["/camera", "/lidar", "/imu", "/gnss"]
        .iter()
        .any(|start| setting.topic.starts_with(start));
    if !has || !named {
        return Err(SimulateError::Channel {
            fault: fault.to_string(),
            topic: setting.topic.to_owned(),
            known: "those of sensors with a mount: `/camera/image`, `/camera_right/image`, `/lidar/points`, `/imu`, `/gnss/fix`"
                .to_owned(),
        });
    }
    let axis = direction(rng);
    let (radians, meters) = match fault.kind {
        FaultKind::ExtrinsicShiftM => (0.0, fault.magnitude),
        _ => (fault.magnitude.to_radians(), 0.0),
    };
    Ok(Alter::Mount {
        mount,
        rotation: scale(axis, radians),
        meters: scale(axis, meters),
    })
}

/// A joint and the limit that it would be beyond for the wanted share of the drive.
fn clipped(fault: &Fault, setting: &Setting<'_>, rng: &mut Rng) -> Alter {
    let names = joint_names(setting.rig.vehicle);
    // Wheels turn without end; of them the last joint, which steers, is left.
    let joint = if names.len() == crate::vehicle::ARM_JOINTS {
        usize::try_from(rng.below(names.len() as u64)).unwrap_or(0)
    } else {
        names.len() - 1
    };
    let timing = &setting.plan.timing;
    let places = timing.count.clamp(1, 4000);
    let stride = setting.duration_ns as f64 * 1e-9 / places as f64;
    let mut positions: Vec<f64> = (0..places)
        .map(|place| {
            joint_position(
                &setting.rig.course,
                setting.rig.vehicle,
                joint,
                place as f64 * stride,
            )
        })
        .collect();
    positions.sort_by(f64::total_cmp);
    let below = whole(places as f64 * (1.0 - fault.magnitude / 100.0));
    let place = usize::try_from(below)
        .unwrap_or(0)
        .min(positions.len().saturating_sub(1));
    Alter::ClipJoint {
        joint,
        limit: positions.get(place).copied().unwrap_or(0.0),
    }
}

/// Faults of clouds.
fn cloud(fault: &Fault, setting: &Setting<'_>, rng: &mut Rng) -> Result<Effect, SimulateError> {
    let (start_ns, alter) = if fault.kind == FaultKind::DeadRingCount {
        let Payload::Cloud = setting.plan.payload else {
            return Err(does_not_fit(fault, "the channel has no clouds".to_owned()));
        };
        let wanted = fault.magnitude;
        let all = u64::from(setting.rings);
        if wanted >= all as f64 {
            return Err(does_not_fit(fault, format!("the lidar has {all} rings")));
        }
        let mut rings = 0_u128;
        while f64::from(rings.count_ones()) < wanted {
            rings |= 1 << rng.below(all);
        }
        (0, Alter::DeadRings { rings })
    } else {
        let at = whole_ns(setting.duration_ns as f64 * rng.between(0.2, 0.4));
        let middle = rng.between(-std::f64::consts::PI, std::f64::consts::PI);
        let half = fault.magnitude.to_radians() / 2.0;
        (at, Alter::Blocked { middle, half })
    };
    Ok(Effect::Contents {
        start_ns,
        end_ns: i64::MAX,
        alter,
    })
}
