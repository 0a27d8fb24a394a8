//! The noise of drives: fitted to real recordings, kept as data with its provenance.
//!
//! Read [`Noise`] first. `fitted.json` is written by `cargo xtask fit-noise --write` from the shared
//! recordings and says for every parameter which recording it came from, how, and with how many
//! observations. What no shared recording supports is a named choice in [`choices`].

use crate::rng::Rng;
use serde::Deserialize;

/// Choices that no shared recording supports, each conservative and with its reason.
pub(crate) mod choices {
    /// Largest natural skew of a sensor's own clock: the frequency tolerance at 25 degrees plus
    /// aging that data sheets of ordinary AT-cut crystals give. The shared recordings stamp every
    /// sensor with the clock of one host, so no skew can be measured in them.
    pub(crate) const CRYSTAL_SKEW_PPM: f64 = 20.0;

    /// Longest hiccup of the recorder in a clean drive. The fitted recording has longer ones, up to
    /// 2.7 s; those are faults of that recording and are injected as `recorder_stall_s`.
    pub(crate) const CLEAN_HICCUP_NS: f64 = 20e6;
}

/// A distribution as its quantiles at [`Noise::probabilities`], linear in between.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Quantiles {
    /// Values, ascending.
    quantiles: Vec<f64>,
}

/// A single number.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Value {
    /// The estimate.
    value: f64,
}

/// The noise of sensors, host and recorder.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Noise {
    probabilities: Vec<f64>,
    timer_jitter_ns: Quantiles,
    camera_jitter_ns: Quantiles,
    lidar_jitter_ns: Quantiles,
    idle_latency_ns: Quantiles,
    drain_interval_ns: Quantiles,
    batch_spacing_ns: Quantiles,
    hiccup_ns: Quantiles,
    hiccups_per_sec: Value,
    least_transport_ns: Value,
    imu: ImuNoise,
}

/// Noise of an inertial sensor at 200 Hz, standard deviations, rad/s and m/s².
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct ImuNoise {
    /// White noise of a sample.
    pub(crate) gyro_sigma: f64,
    /// White noise of a sample.
    pub(crate) accel_sigma: f64,
    /// Wandering of the bias.
    pub(crate) gyro_instability: f64,
    /// Wandering of the bias.
    pub(crate) accel_instability: f64,
}

/// Which distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Law {
    /// Stamp against the grid of the period, for sources driven by a timer of the host.
    TimerJitter,
    /// The same for a camera on USB.
    CameraJitter,
    /// The same for a spinning lidar.
    LidarJitter,
    /// Publish to log on a host with little to do.
    IdleLatency,
    /// Time between two rounds of a recorder that drains its queues in rounds.
    DrainInterval,
    /// Log time between two messages of one round.
    BatchSpacing,
    /// Length of a round that was held up.
    Hiccup,
}

impl Noise {
    /// The committed fit.
    pub(crate) fn fitted() -> Result<Self, serde_json::Error> {
        serde_json::from_str(include_str!("fitted.json"))
    }

    /// Noise of inertial sensors.
    pub(crate) fn imu(&self) -> ImuNoise {
        self.imu
    }

    /// How often a round is held up, per second.
    pub(crate) fn hiccups_per_sec(&self) -> f64 {
        self.hiccups_per_sec.value
    }

    /// Least time from publication to a recorder that takes messages in rounds.
    pub(crate) fn least_transport_ns(&self) -> i64 {
        whole_ns(self.least_transport_ns.value)
    }

    /// One draw, nanoseconds.
    pub(crate) fn draw_ns(&self, law: Law, rng: &mut Rng) -> i64 {
        whole_ns(self.at(law, rng.uniform()))
    }

    /// The quantile function at `p`, by linear interpolation; 0 where the table is empty.
    fn at(&self, law: Law, p: f64) -> f64 {
        let table = match law {
            Law::TimerJitter => &self.timer_jitter_ns,
            Law::CameraJitter => &self.camera_jitter_ns,
            Law::LidarJitter => &self.lidar_jitter_ns,
            Law::IdleLatency => &self.idle_latency_ns,
            Law::DrainInterval => &self.drain_interval_ns,
            Law::BatchSpacing => &self.batch_spacing_ns,
            Law::Hiccup => &self.hiccup_ns,
        };
        let mut below: Option<(f64, f64)> = None;
        for point in self
            .probabilities
            .iter()
            .copied()
            .zip(table.quantiles.iter().copied())
        {
            if point.0 >= p {
                return match below {
                    Some((p0, x0)) if point.0 > p0 => {
                        x0 + (point.1 - x0) * (p - p0) / (point.0 - p0)
                    }
                    _ => point.1,
                };
            }
            below = Some(point);
        }
        below.map_or(0.0, |(_, x)| x)
    }
}

/// Whole nanoseconds; the values here are far below 2^53.
#[expect(
    clippy::cast_possible_truncation,
    reason = "`as` saturates, and the times of a drive are far below 2^63 ns"
)]
pub(crate) fn whole_ns(value: f64) -> i64 {
    libm::round(value) as i64
}

#[cfg(test)]
mod tests {
    use super::{Law, Noise};
    use crate::rng::Rng;

    const LAWS: [Law; 7] = [
        Law::TimerJitter,
        Law::CameraJitter,
        Law::LidarJitter,
        Law::IdleLatency,
        Law::DrainInterval,
        Law::BatchSpacing,
        Law::Hiccup,
    ];

    #[test]
    fn the_committed_fit_is_readable_and_ascending() {
        let noise = Noise::fitted().unwrap();
        for law in LAWS {
            let points: Vec<f64> = (0..=100)
                .map(|i| noise.at(law, f64::from(i) / 100.0))
                .collect();
            assert!(
                points.windows(2).all(|w| w[0] <= w[1]),
                "{law:?} {points:?}"
            );
        }
        assert!(noise.hiccups_per_sec() > 0.0);
    }

    #[test]
    fn draws_follow_the_table() {
        let noise = Noise::fitted().unwrap();
        for law in LAWS {
            let mut rng = Rng::new(3, "draws");
            let mut draws: Vec<i64> = (0..4001).map(|_| noise.draw_ns(law, &mut rng)).collect();
            draws.sort_unstable();
            let below = draws
                .iter()
                .filter(|x| (**x as f64) < noise.at(law, 0.5))
                .count();
            // Half of 4001 draws, five standard errors of 32 each.
            assert!((1840..=2160).contains(&below), "{law:?} {below}");
        }
    }
}
