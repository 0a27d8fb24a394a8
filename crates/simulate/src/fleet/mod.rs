//! Which channels a drive has, and which of them a fault hits.
//!
//! Read [`channels`] first; [`inject`] places faults.

mod contents;
mod faults;

pub(crate) use faults::{Injection, inject};

use crate::noise::{Law, choices, whole_ns};
use crate::rng::Rng;
use crate::scene::Payload;
use crate::stream::Timing;
use crate::vehicle::Mount;
use crate::{DriveSpec, Encoding, Rates, Sensors, SimulateError, Vehicle};

/// One channel of a drive.
#[derive(Clone, Debug)]
pub(crate) struct ChannelPlan {
    pub(crate) topic: String,
    /// What stamps its samples: channels of one clock are sampled together.
    pub(crate) clock: String,
    pub(crate) payload: Payload,
    pub(crate) timing: Timing,
}

impl ChannelPlan {
    /// Whether messages come at a period, so that faults of time and delivery make sense.
    fn periodic(&self) -> bool {
        self.timing.jitter.is_some()
    }

    /// Whether this is the channel a user means by a topic: `/camera/image` also means its JPEG form.
    fn is(&self, topic: &str) -> bool {
        self.topic
            .strip_suffix("/compressed")
            .unwrap_or(&self.topic)
            == topic
            || self.topic == topic
    }
}

const SECOND_NS: i64 = 1_000_000_000;

/// A sensor of a vehicle.
#[derive(Clone, Copy, Debug)]
struct Sensor {
    topic: &'static str,
    /// Name of the clock it shares with others; none for one of its own.
    clock: &'static str,
    payload: Payload,
    /// Hz, full and small; 0 means the rate of the cameras.
    hz: [i64; 2],
    scatter: Law,
    /// Time from sample to publication. Choices: no shared recording holds both sensor and publish times.
    delay_ns: i64,
    /// Whether it stamps with a clock of its own rather than the host's.
    own_clock: bool,
    /// Whether it is recorded without being asked for.
    core: bool,
}

const fn sensor(
    topic: &'static str,
    payload: Payload,
    hz: [i64; 2],
    scatter: Law,
    delay_ns: i64,
) -> Sensor {
    Sensor {
        topic,
        clock: topic,
        payload,
        hz,
        scatter,
        delay_ns,
        own_clock: false,
        core: true,
    }
}

/// With a clock of its own, named.
const fn clocked(clock: &'static str, sensor: Sensor) -> Sensor {
    Sensor {
        clock,
        own_clock: true,
        ..sensor
    }
}

/// Only where asked for.
const fn extra(sensor: Sensor) -> Sensor {
    Sensor {
        core: false,
        ..sensor
    }
}

const CAMERA: [i64; 2] = [0, 0];

/// Everything a vehicle may have. Camera: 15 ms of exposure and USB transfer; GNSS: 30 ms of solution and
/// serial line; lidar: 6 ms of packet assembly; poses from pictures and clouds: the time to compute them.
const SENSORS: [Sensor; 17] = [
    clocked(
        "/imu",
        sensor("/imu", Payload::Imu, [200, 50], Law::TimerJitter, 500_000),
    ),
    sensor(
        "/joint_states",
        Payload::Joints,
        [100, 20],
        Law::TimerJitter,
        300_000,
    ),
    sensor(
        "/odom",
        Payload::Odometry,
        [50, 10],
        Law::TimerJitter,
        500_000,
    ),
    sensor(
        "/tool/odometry",
        Payload::Odometry,
        [50, 10],
        Law::TimerJitter,
        500_000,
    ),
    sensor(
        "/tf",
        Payload::Transforms,
        [50, 10],
        Law::TimerJitter,
        200_000,
    ),
    clocked(
        "/camera",
        sensor(
            "/camera/camera_info",
            Payload::CameraInfo(Mount::Camera),
            CAMERA,
            Law::CameraJitter,
            15_000_000,
        ),
    ),
    clocked(
        "/lidar",
        sensor(
            "/lidar/scan",
            Payload::Scan,
            [10, 5],
            Law::LidarJitter,
            6_000_000,
        ),
    ),
    sensor(
        "/gnss/fix",
        Payload::Fix,
        [5, 2],
        Law::TimerJitter,
        30_000_000,
    ),
    sensor(
        "/diagnostics",
        Payload::Diagnostics,
        [1, 1],
        Law::TimerJitter,
        200_000,
    ),
    extra(clocked(
        "/camera",
        sensor(
            "/camera/image",
            Payload::Image(Mount::Camera),
            CAMERA,
            Law::CameraJitter,
            15_000_000,
        ),
    )),
    extra(clocked(
        "/camera",
        sensor(
            "/camera/odometry",
            Payload::Poses(Mount::Camera),
            CAMERA,
            Law::CameraJitter,
            45_000_000,
        ),
    )),
    extra(clocked(
        "/camera",
        sensor(
            "/camera_right/image",
            Payload::Image(Mount::CameraRight),
            CAMERA,
            Law::CameraJitter,
            15_000_000,
        ),
    )),
    extra(clocked(
        "/camera",
        sensor(
            "/camera_right/camera_info",
            Payload::CameraInfo(Mount::CameraRight),
            CAMERA,
            Law::CameraJitter,
            15_000_000,
        ),
    )),
    extra(clocked(
        "/lidar",
        sensor(
            "/lidar/points",
            Payload::Cloud,
            [10, 5],
            Law::LidarJitter,
            106_000_000,
        ),
    )),
    extra(clocked(
        "/lidar",
        sensor(
            "/lidar/odometry",
            Payload::Poses(Mount::Lidar),
            [10, 5],
            Law::LidarJitter,
            140_000_000,
        ),
    )),
    extra(sensor(
        "/audio",
        Payload::Audio,
        [20, 20],
        Law::TimerJitter,
        60_000_000,
    )),
    extra(sensor(
        "/rosout",
        Payload::Rosout,
        [1, 1],
        Law::TimerJitter,
        0,
    )),
];

impl Sensor {
    /// Whether a vehicle has it.
    fn fits(&self, vehicle: Vehicle) -> bool {
        match vehicle {
            Vehicle::Car => self.topic != "/tool/odometry",
            Vehicle::Robot => !matches!(self.topic, "/tool/odometry" | "/gnss/fix"),
            Vehicle::Arm => {
                self.topic != "/odom"
                    && !self.topic.starts_with("/lidar/")
                    && !self.topic.starts_with("/gnss/")
            }
        }
    }

    /// Whether a recipe asks for it.
    fn wanted(&self, spec: &DriveSpec) -> bool {
        let named = |topic: &str| {
            let plain = topic.strip_suffix("/compressed").unwrap_or(topic);
            let calibrates = || {
                plain
                    .strip_suffix("/image")
                    .is_some_and(|camera| self.topic.strip_suffix("/camera_info") == Some(camera))
            };
            plain == self.topic || calibrates()
        };
        let by_sensors = match &spec.sensors {
            Sensors::Core => self.core || self.payload == Payload::Rosout,
            Sensors::All => true,
            Sensors::Topics(topics) => topics.iter().any(|topic| named(topic)),
        };
        let mounts = |fault: &crate::Fault| {
            matches!(
                fault.kind,
                crate::FaultKind::ExtrinsicRotationDeg | crate::FaultKind::ExtrinsicShiftM
            )
        };
        let mut hit = spec.faults.iter().filter(|fault| !mounts(fault));
        by_sensors || hit.any(|fault| fault.topic().is_some_and(named))
    }

    /// Its channel in a drive.
    fn plan(&self, spec: &DriveSpec, duration_ns: i64) -> ChannelPlan {
        let mut rng = Rng::new(spec.seed, &format!("channel {}", self.clock));
        let small = spec.rates == Rates::Small;
        let hz = match self.hz {
            CAMERA if spec.camera_info_only() && small => 10,
            CAMERA if spec.camera_info_only() => 30,
            CAMERA => i64::from(spec.camera.hz),
            [_, hz] if small => hz,
            [hz, _] => hz,
        };
        let period_ns = SECOND_NS / hz.max(1);
        let phase_ns = whole_ns(rng.uniform() * period_ns as f64);
        let natural = rng.between(-choices::CRYSTAL_SKEW_PPM, choices::CRYSTAL_SKEW_PPM);
        let jpeg =
            matches!(self.payload, Payload::Image(_)) && spec.camera.encoding == Encoding::Jpeg;
        ChannelPlan {
            topic: format!("{}{}", self.topic, if jpeg { "/compressed" } else { "" }),
            clock: self.clock.to_owned(),
            payload: self.payload,
            timing: Timing {
                period_ns,
                phase_ns,
                count: samples(duration_ns, period_ns, phase_ns),
                until_ns: duration_ns,
                jitter: Some(self.scatter),
                driver_delay_ns: self.delay_ns,
                skew_ppm: if self.own_clock { natural } else { 0.0 },
            },
        }
    }
}

/// Mean time between lines of the log.
const ROSOUT_INTERVAL_NS: i64 = 3 * SECOND_NS;
/// Rate of each channel of the race recording.
const RACE_HZ: i64 = 400;
const RACE_CHANNELS: u64 = 8;

/// The channels of a recipe.
///
/// # Errors
/// [`SimulateError::Sensor`] when it names one the vehicle does not have.
pub(crate) fn channels(spec: &DriveSpec) -> Result<Vec<ChannelPlan>, SimulateError> {
    if let Some(messages) = spec.messages {
        let mut rng = Rng::new(spec.seed, "channels");
        return Ok(race(messages, &mut rng));
    }
    if spec.mixed_bytes.is_some() {
        return Ok(mixed(spec));
    }
    known(spec)?;
    let duration_ns = whole_ns(spec.duration_secs * 1e9);
    let mut plans = vec![event(
        "/tf_static",
        Payload::StaticTransforms,
        SECOND_NS,
        duration_ns,
    )];
    if let Some(first) = plans.first_mut() {
        first.timing.count = 1;
    }
    let sensors = SENSORS.iter().filter(|sensor| sensor.fits(spec.vehicle));
    for sensor in sensors.filter(|sensor| sensor.wanted(spec)) {
        if sensor.payload == Payload::Rosout {
            let mut plan = event(
                sensor.topic,
                sensor.payload,
                ROSOUT_INTERVAL_NS,
                duration_ns,
            );
            let first = Rng::new(spec.seed, "rosout").uniform() * ROSOUT_INTERVAL_NS as f64;
            plan.timing.phase_ns = whole_ns(first).min(duration_ns);
            plans.push(plan);
        } else {
            plans.push(sensor.plan(spec, duration_ns));
        }
    }
    Ok(plans)
}

/// Refuses topics the vehicle does not have.
fn known(spec: &DriveSpec) -> Result<(), SimulateError> {
    let Sensors::Topics(topics) = &spec.sensors else {
        return Ok(());
    };
    let all: Vec<&str> = SENSORS
        .iter()
        .filter(|sensor| sensor.fits(spec.vehicle))
        .map(|sensor| sensor.topic)
        .collect();
    for topic in topics {
        let plain = topic.strip_suffix("/compressed").unwrap_or(topic);
        if !all.contains(&plain) && plain != "/tf_static" {
            let known: Vec<String> = all.iter().map(|topic| format!("`{topic}`")).collect();
            return Err(SimulateError::Sensor {
                topic: topic.clone(),
                known: known.join(", "),
            });
        }
    }
    Ok(())
}

/// A channel of events: messages at random moments from the start on.
fn event(topic: &str, payload: Payload, interval_ns: i64, duration_ns: i64) -> ChannelPlan {
    ChannelPlan {
        topic: topic.to_owned(),
        clock: topic.to_owned(),
        payload,
        timing: Timing {
            period_ns: interval_ns,
            phase_ns: 0,
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
            clock: format!("/imu_{number}"),
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

/// Three cameras with their calibrations, lidar and a fast IMU.
fn mixed(spec: &DriveSpec) -> Vec<ChannelPlan> {
    let duration_ns = whole_ns(spec.duration_secs * 1e9);
    let mut plans = vec![event(
        "/tf_static",
        Payload::StaticTransforms,
        SECOND_NS,
        duration_ns,
    )];
    if let Some(first) = plans.first_mut() {
        first.timing.count = 1;
    }
    for sensor in &SENSORS {
        match sensor.payload {
            Payload::Imu => plans.push(
                Sensor {
                    hz: [RACE_HZ, RACE_HZ],
                    ..*sensor
                }
                .plan(spec, duration_ns),
            ),
            Payload::Cloud => plans.push(sensor.plan(spec, duration_ns)),
            Payload::Image(Mount::Camera) | Payload::CameraInfo(Mount::Camera) => {
                let plan = sensor.plan(spec, duration_ns);
                plans.extend((0..3).map(|number| {
                    ChannelPlan {
                        topic: plan
                            .topic
                            .replacen("/camera", &format!("/camera_{number}"), 1),
                        ..plan.clone()
                    }
                }));
            }
            _ => {}
        }
    }
    plans
}

/// Samples on the grid before the end of the drive.
fn samples(duration_ns: i64, period_ns: i64, phase_ns: i64) -> u64 {
    let last = duration_ns.saturating_sub(1).saturating_sub(phase_ns);
    if last < 0 {
        return 0;
    }
    u64::try_from(last / period_ns).unwrap_or(0) + 1
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
