//! Which channel a fault hits, when, and what it does to the samples there.
//!
//! Read [`inject`] first.

use super::ChannelPlan;
use crate::damage::whole;
use crate::noise::whole_ns;
use crate::rng::Rng;
use crate::scene::Payload;
use crate::stream::{Choice, Effect, Injected, Timing};
use crate::vehicle::Rig;
use crate::{DriveSpec, Fault, FaultKind, SimulateError};

/// What the faults of a recipe do: per channel, and to the recorder as `(fault, start, end)`.
#[derive(Debug, Default)]
pub(crate) struct Injection {
    pub(crate) channels: Vec<Vec<Injected>>,
    pub(crate) stalls: Vec<(usize, i64, i64)>,
    /// Per fault the topic it hits.
    pub(crate) topics: Vec<Option<String>>,
}

/// Places every fault of a recipe, each from its own generator.
pub(crate) fn inject(
    spec: &DriveSpec,
    plans: &[ChannelPlan],
    rig: &Rig,
    duration_ns: i64,
) -> Result<Injection, SimulateError> {
    let mut injection = Injection {
        channels: vec![Vec::new(); plans.len()],
        ..Injection::default()
    };
    for (number, fault) in spec.faults.iter().enumerate() {
        let mut rng = Rng::new(spec.seed, &format!("fault {number}"));
        let Some(topic) = fault.topic() else {
            if fault.kind == FaultKind::RecorderStallS {
                let (start, end) = stretch(fault, duration_ns, &mut rng)?;
                injection.stalls.push((number, start, end));
            }
            injection.topics.push(None);
            continue;
        };
        let place = target(fault, topic, plans)?;
        let Some(plan) = plans.get(place) else {
            continue;
        };
        let setting = Setting {
            plan,
            rig,
            duration_ns,
            topic,
            rings: spec.lidar.rings,
        };
        let effect = effect(fault, &setting, rng)?;
        for (follower, list) in plans.iter().zip(&mut injection.channels) {
            let hit = follower.topic == plan.topic;
            if hit || (is_clock(&effect) && follows(follower, plan)) {
                list.push(Injected {
                    fault: hit.then_some(number),
                    effect: effect.clone(),
                });
            }
        }
        let mount = matches!(
            fault.kind,
            FaultKind::ExtrinsicRotationDeg | FaultKind::ExtrinsicShiftM
        );
        let hit = if mount { topic } else { &plan.topic };
        injection.topics.push(Some(hit.to_owned()));
    }
    Ok(injection)
}

/// Where and when a fault acts.
pub(super) struct Setting<'a> {
    pub(super) plan: &'a ChannelPlan,
    pub(super) rig: &'a Rig,
    pub(super) duration_ns: i64,
    /// The topic asked for, else the default of the kind.
    pub(super) topic: &'a str,
    /// Rings of the lidar.
    pub(super) rings: u16,
}

/// Whether a channel takes its stamps from another: what is computed from pictures or clouds.
fn follows(follower: &ChannelPlan, source: &ChannelPlan) -> bool {
    let name = |plan: &ChannelPlan| plan.topic.split('/').nth(1).map(str::to_owned);
    matches!(source.payload, Payload::Image(_) | Payload::Cloud)
        && follower.clock == source.clock
        && name(follower) == name(source)
}

/// Whether an effect is on stamps only.
fn is_clock(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Offset { .. }
            | Effect::Skew { .. }
            | Effect::Step { .. }
            | Effect::Jitter { .. }
            | Effect::Uptime { .. }
    )
}

/// Which channel a fault hits: the one asked for, else the default of the kind, else the first
/// that it can hit (the race recording has other topics).
fn target(fault: &Fault, topic: &str, plans: &[ChannelPlan]) -> Result<usize, SimulateError> {
    let can_hit = |plan: &ChannelPlan| hits(fault.kind, plan);
    if matches!(
        fault.kind,
        FaultKind::ExtrinsicRotationDeg | FaultKind::ExtrinsicShiftM
    ) && let Some(place) = plans.iter().position(can_hit)
    {
        return Ok(place);
    }
    let exact = plans
        .iter()
        .position(|plan| plan.is(topic) && can_hit(plan));
    let any = || plans.iter().position(can_hit);
    let found = match (&fault.channel, exact) {
        (_, Some(place)) => Some(place),
        (None, None) => any(),
        (Some(_), None) => None,
    };
    found.ok_or_else(|| {
        let known: Vec<String> = plans
            .iter()
            .filter(|plan| can_hit(plan))
            .map(|plan| format!("`{}`", plan.topic))
            .collect();
        SimulateError::Channel {
            fault: fault.to_string(),
            topic: topic.to_owned(),
            known: if known.is_empty() {
                "none of this recording".to_owned()
            } else {
                known.join(", ")
            },
        }
    })
}

/// Whether a kind of fault makes sense on a channel.
fn hits(kind: FaultKind, plan: &ChannelPlan) -> bool {
    let payload = plan.payload;
    match kind {
        FaultKind::TransformCycleCount | FaultKind::ReparentCount => payload == Payload::Transforms,
        FaultKind::ExtrinsicRotationDeg | FaultKind::ExtrinsicShiftM => {
            payload == Payload::StaticTransforms
        }
        FaultKind::FreezeS | FaultKind::BlurRatio | FaultKind::OverexposePercent => {
            matches!(payload, Payload::Image(_))
        }
        FaultKind::ImuStuckS
        | FaultKind::ImuSaturationCount
        | FaultKind::AccelScalePercent
        | FaultKind::GyroBiasRadS => payload == Payload::Imu,
        FaultKind::FocalPercent => matches!(payload, Payload::CameraInfo(_)),
        FaultKind::DeadRingCount | FaultKind::BlockedSectorDeg | FaultKind::NoPointTimeCount => {
            payload == Payload::Cloud
        }
        FaultKind::PoseJumpM => matches!(payload, Payload::Odometry | Payload::Poses(_)),
        FaultKind::GnssJumpM | FaultKind::GnssOutageS => payload == Payload::Fix,
        FaultKind::JointClipPercent => payload == Payload::Joints,
        FaultKind::AudioLagMs => payload == Payload::Audio,
        _ => plan.periodic(),
    }
}

pub(super) fn does_not_fit(fault: &Fault, reason: String) -> SimulateError {
    SimulateError::DoesNotFit {
        fault: fault.to_string(),
        reason,
    }
}

/// A stretch as long as the magnitude in seconds, at a seeded place within the middle 80 %.
pub(super) fn stretch(
    fault: &Fault,
    duration_ns: i64,
    rng: &mut Rng,
) -> Result<(i64, i64), SimulateError> {
    stretch_of(fault, whole_ns(fault.magnitude * 1e9), duration_ns, rng)
}

/// A stretch of a length at a seeded place within the middle 80 %.
pub(super) fn stretch_of(
    fault: &Fault,
    length: i64,
    duration_ns: i64,
    rng: &mut Rng,
) -> Result<(i64, i64), SimulateError> {
    let first = duration_ns / 10;
    let room = duration_ns.saturating_sub(2 * first).saturating_sub(length);
    if room <= 0 {
        let secs = duration_ns as f64 * 1e-9;
        return Err(does_not_fit(fault, format!("the drive lasts {secs} s")));
    }
    let start = first.saturating_add(whole_ns(rng.uniform() * room as f64));
    Ok((start, start.saturating_add(length)))
}

/// A seeded run of `length` messages, clear of both ends.
fn run(fault: &Fault, count: u64, rng: &mut Rng) -> Result<(u64, u64), SimulateError> {
    let length = whole(fault.magnitude);
    if length.saturating_add(4) > count {
        return Err(does_not_fit(
            fault,
            format!("the channel has {count} messages"),
        ));
    }
    Ok((2 + rng.below(count - length - 3), length))
}

/// What a fault does to the samples of the channel it hits.
fn effect(fault: &Fault, setting: &Setting<'_>, mut rng: Rng) -> Result<Effect, SimulateError> {
    let Setting {
        plan, duration_ns, ..
    } = *setting;
    if let Some(effect) = super::contents::effect(fault, setting, &mut rng)? {
        return Ok(effect);
    }
    if let Some(effect) = clock_effect(fault, duration_ns, &rng) {
        return Ok(effect);
    }
    let count = plan.timing.count;
    let inside = count.saturating_sub(2);
    let share = whole(count as f64 * fault.magnitude / 100.0).max(1);
    let chosen = |wanted: u64, places: u64, rng: Rng| {
        if wanted > places {
            let reason = format!("the channel has {count} messages");
            return Err(does_not_fit(fault, reason));
        }
        Ok(Choice::new(wanted, places, rng))
    };
    Ok(match fault.kind {
        FaultKind::DropPercent => Effect::Drop {
            choice: chosen(share, inside, rng)?,
        },
        FaultKind::DuplicatePercent => Effect::Duplicate {
            choice: chosen(share, inside.max(share), rng)?,
        },
        FaultKind::ReorderCount => Effect::Reorder {
            choice: chosen(whole(fault.magnitude), inside / 2, rng)?,
        },
        FaultKind::StallS => {
            let (start_ns, end_ns) = stretch(fault, duration_ns, &mut rng)?;
            Effect::Stall { start_ns, end_ns }
        }
        FaultKind::BurstCount => {
            let (first, length) = run(fault, count, &mut rng)?;
            Effect::Burst {
                first,
                count: length,
                release_ns: release_ns(&plan.timing, first + length - 1),
            }
        }
        FaultKind::TransformCycleCount => {
            let (first, count) = run(fault, count, &mut rng)?;
            Effect::Ring { first, count }
        }
        FaultKind::ReparentCount => {
            let mut at_ns: Vec<i64> = (0..whole(fault.magnitude))
                .map(|_| whole_ns(duration_ns as f64 * rng.between(0.1, 0.9)))
                .collect();
            at_ns.sort_unstable();
            Effect::Reparent { at_ns }
        }
        _ => return Err(does_not_fit(fault, "it hits the whole file".to_owned())),
    })
}

/// The faults of a sensor's clock; none for other kinds.
fn clock_effect(fault: &Fault, duration_ns: i64, rng: &Rng) -> Option<Effect> {
    let magnitude = fault.magnitude;
    let seconds = |by: f64| Effect::Offset {
        by_ns: whole_ns(by * 1e9),
    };
    Some(match fault.kind {
        FaultKind::OffsetMs => seconds(magnitude * 1e-3),
        FaultKind::EpochOffsetS => seconds(-magnitude),
        FaultKind::LeapS | FaultKind::TaiS => seconds(magnitude),
        FaultKind::UptimeS => Effect::Uptime {
            by_ns: whole_ns(magnitude * 1e9),
        },
        FaultKind::SkewPpm => Effect::Skew { ppm: magnitude },
        FaultKind::StepMs => Effect::Step {
            at_ns: whole_ns(duration_ns as f64 * rng.clone().between(0.3, 0.7)),
            by_ns: whole_ns(magnitude * 1e6),
        },
        FaultKind::JitterMs => Effect::Jitter {
            sigma_ns: magnitude * 1e6,
            rng: rng.clone(),
            last_ns: 0,
        },
        _ => return None,
    })
}

/// When a queue that held messages back lets them go: a little after its last one is due, later
/// than the fitted scatter and transport, sooner than the next message.
fn release_ns(timing: &Timing, last: u64) -> i64 {
    let due = timing
        .period_ns
        .saturating_mul(i64::try_from(last).unwrap_or(i64::MAX));
    let margin_ns = (timing.period_ns / 4).min(10_000_000);
    due.saturating_add(timing.phase_ns)
        .saturating_add(timing.driver_delay_ns)
        .saturating_add(margin_ns)
}
