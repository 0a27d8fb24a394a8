//! Which channels a drive has, and which of them a fault hits.
//!
//! Read [`channels`] first.

use crate::damage::whole;
use crate::noise::{Law, choices, whole_ns};
use crate::rng::Rng;
use crate::scene::Payload;
use crate::stream::{Choice, Effect, Injected, Timing};
use crate::{DriveSpec, Fault, FaultKind, Rates, SimulateError};

/// One channel of a drive.
#[derive(Clone, Debug)]
pub(crate) struct ChannelPlan {
    pub(crate) topic: String,
    pub(crate) payload: Payload,
    pub(crate) timing: Timing,
}

impl ChannelPlan {
    /// Whether messages come at a period, so that faults of time and delivery make sense.
    fn periodic(&self) -> bool {
        self.timing.jitter.is_some()
    }
}

const SECOND_NS: i64 = 1_000_000_000;

/// A sensor of the vehicle: topic, payload, rates in Hz (full, small), scatter, driver delay in
/// nanoseconds, and whether it stamps with its own clock.
type Sensor = (&'static str, Payload, [i64; 2], Law, i64, bool);

/// Driver delays are choices, no shared recording holds both sensor and publish times: camera
/// 15 ms (exposure and USB transfer), GNSS 30 ms (solution and serial line), lidar 6 ms (packet
/// assembly), others well below a millisecond.
const SENSORS: [Sensor; 8] = [
    (
        "/imu",
        Payload::Imu,
        [200, 50],
        Law::TimerJitter,
        500_000,
        true,
    ),
    (
        "/joint_states",
        Payload::Joints,
        [100, 20],
        Law::TimerJitter,
        300_000,
        false,
    ),
    (
        "/odom",
        Payload::Odometry,
        [50, 10],
        Law::TimerJitter,
        500_000,
        false,
    ),
    (
        "/tf",
        Payload::Transforms,
        [50, 10],
        Law::TimerJitter,
        200_000,
        false,
    ),
    (
        "/camera/camera_info",
        Payload::CameraInfo,
        [30, 10],
        Law::CameraJitter,
        15_000_000,
        true,
    ),
    (
        "/lidar/scan",
        Payload::Scan,
        [10, 5],
        Law::LidarJitter,
        6_000_000,
        true,
    ),
    (
        "/gnss/fix",
        Payload::Fix,
        [5, 2],
        Law::TimerJitter,
        30_000_000,
        false,
    ),
    (
        "/diagnostics",
        Payload::Diagnostics,
        [1, 1],
        Law::TimerJitter,
        200_000,
        false,
    ),
];

/// Mean time between lines of the log.
const ROSOUT_INTERVAL_NS: i64 = 3 * SECOND_NS;
/// Rate of each channel of the race recording.
const RACE_HZ: i64 = 400;
const RACE_CHANNELS: u64 = 8;

/// The channels of a recipe.
pub(crate) fn channels(spec: &DriveSpec) -> Vec<ChannelPlan> {
    let mut rng = Rng::new(spec.seed, "channels");
    if let Some(messages) = spec.messages {
        return race(messages, &mut rng);
    }
    let duration_ns = whole_ns(spec.duration_secs * 1e9);
    let mut plans = vec![ChannelPlan {
        topic: "/tf_static".to_owned(),
        payload: Payload::StaticTransforms,
        timing: Timing {
            period_ns: SECOND_NS,
            phase_ns: 0,
            count: 1,
            until_ns: duration_ns,
            jitter: None,
            driver_delay_ns: 100_000,
            skew_ppm: 0.0,
        },
    }];
    for (topic, payload, rates, law, driver_delay_ns, own_clock) in SENSORS {
        let [full, small] = rates;
        let hz = if spec.rates == Rates::Small {
            small
        } else {
            full
        };
        let period_ns = SECOND_NS / hz;
        let phase_ns = whole_ns(rng.uniform() * period_ns as f64);
        let natural = rng.between(-choices::CRYSTAL_SKEW_PPM, choices::CRYSTAL_SKEW_PPM);
        plans.push(ChannelPlan {
            topic: topic.to_owned(),
            payload,
            timing: Timing {
                period_ns,
                phase_ns,
                count: samples(duration_ns, period_ns, phase_ns),
                until_ns: duration_ns,
                jitter: Some(law),
                driver_delay_ns,
                skew_ppm: if own_clock { natural } else { 0.0 },
            },
        });
    }
    plans.push(rosout(duration_ns, &mut rng));
    plans
}

/// Log lines at random moments.
fn rosout(duration_ns: i64, rng: &mut Rng) -> ChannelPlan {
    ChannelPlan {
        topic: "/rosout".to_owned(),
        payload: Payload::Rosout,
        timing: Timing {
            period_ns: ROSOUT_INTERVAL_NS,
            phase_ns: whole_ns(rng.uniform() * ROSOUT_INTERVAL_NS as f64).min(duration_ns),
            count: u64::MAX,
            until_ns: duration_ns,
            jitter: None,
            driver_delay_ns: 100_000,
            skew_ppm: 0.0,
        },
    }
}

fn race(messages: u64, rng: &mut Rng) -> Vec<ChannelPlan> {
    let period_ns = SECOND_NS / RACE_HZ;
    (0..RACE_CHANNELS)
        .map(|number| ChannelPlan {
            topic: format!("/imu_{number}"),
            payload: Payload::Imu,
            timing: Timing {
                period_ns,
                phase_ns: whole_ns(rng.uniform() * period_ns as f64),
                count: messages / RACE_CHANNELS + u64::from(number < messages % RACE_CHANNELS),
                until_ns: i64::MAX,
                jitter: Some(Law::TimerJitter),
                driver_delay_ns: 500_000,
                skew_ppm: rng.between(-choices::CRYSTAL_SKEW_PPM, choices::CRYSTAL_SKEW_PPM),
            },
        })
        .filter(|plan| plan.timing.count > 0)
        .collect()
}

/// Samples on the grid before the end of the drive.
fn samples(duration_ns: i64, period_ns: i64, phase_ns: i64) -> u64 {
    let last = duration_ns.saturating_sub(1).saturating_sub(phase_ns);
    if last < 0 {
        return 0;
    }
    u64::try_from(last / period_ns).unwrap_or(0) + 1
}

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
        let effect = effect(fault, plan, duration_ns, rng)?;
        if let Some(list) = injection.channels.get_mut(place) {
            list.push(Injected {
                fault: number,
                effect,
            });
        }
        injection.topics.push(Some(plan.topic.clone()));
    }
    Ok(injection)
}

/// Which channel a fault hits: the one asked for, else the default of the kind, else the first
/// that it can hit (the race recording has other topics).
fn target(fault: &Fault, topic: &str, plans: &[ChannelPlan]) -> Result<usize, SimulateError> {
    let transforms = matches!(
        fault.kind,
        FaultKind::TransformCycleCount | FaultKind::ReparentCount
    );
    let can_hit = |plan: &ChannelPlan| {
        if transforms {
            plan.payload == Payload::Transforms
        } else {
            plan.periodic()
        }
    };
    let exact = plans
        .iter()
        .position(|plan| plan.topic == topic && can_hit(plan));
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

fn does_not_fit(fault: &Fault, reason: String) -> SimulateError {
    SimulateError::DoesNotFit {
        fault: fault.to_string(),
        reason,
    }
}

/// A stretch as long as the magnitude in seconds, at a seeded place within the middle 80 %.
fn stretch(fault: &Fault, duration_ns: i64, rng: &mut Rng) -> Result<(i64, i64), SimulateError> {
    let length = whole_ns(fault.magnitude * 1e9);
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
fn effect(
    fault: &Fault,
    plan: &ChannelPlan,
    duration_ns: i64,
    mut rng: Rng,
) -> Result<Effect, SimulateError> {
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

#[cfg(test)]
mod tests {
    use super::samples;

    #[test]
    fn counts_the_grid_before_the_end() {
        assert_eq!(samples(100, 10, 0), 10);
        assert_eq!(samples(100, 10, 9), 10);
        assert_eq!(samples(101, 10, 0), 11);
        assert_eq!(samples(5, 10, 7), 0);
    }
}
