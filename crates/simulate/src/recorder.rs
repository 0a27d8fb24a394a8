//! The host and its recorder: from arrival to log time.
//!
//! Two fitted hosts: an idle one, whose recorder takes every message as it comes (ROS 1 recording
//! of turtlesim), and a loaded one, whose recorder drains its queues in rounds and is held up now and then
//! (ROS 2 recording of a Nav2 simulation). Which one a drive has follows from its seed.

use crate::noise::{Law, Noise, choices, whole_ns};
use crate::rng::Rng;

/// Turns arrivals, offered in ascending order, into log times.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    loaded: bool,
    round_ns: i64,
    last_log_ns: i64,
    stalls: Vec<(usize, i64, i64)>,
    rng: Rng,
}

/// A log time and the faults that changed it.
pub(crate) struct Logged {
    pub(crate) log_ns: i64,
    pub(crate) touched: u64,
}

impl Recorder {
    /// The recorder of a seed; `stalls` are `(fault, start, end)` on the time of the drive.
    pub(crate) fn new(seed: u64, stalls: Vec<(usize, i64, i64)>) -> Self {
        let mut rng = Rng::new(seed, "recorder");
        Self {
            loaded: rng.uniform() < 0.5,
            round_ns: 0,
            last_log_ns: -1,
            stalls,
            rng,
        }
    }

    /// Whether the host has much to do.
    pub(crate) const fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// `idle` or `loaded`.
    pub(crate) fn host(&self) -> &'static str {
        if self.loaded { "loaded" } else { "idle" }
    }

    /// When a message that arrived at `arrival_ns` is logged.
    pub(crate) fn log(&mut self, arrival_ns: i64, noise: &Noise) -> Logged {
        let mut ready = arrival_ns;
        if self.loaded {
            while self.round_ns < arrival_ns {
                self.round_ns = self.round_ns.saturating_add(self.next_round(noise));
            }
            ready = self.round_ns;
        }
        let mut touched = 0;
        for (fault, start, end) in &self.stalls {
            if (*start..*end).contains(&ready) {
                ready = *end;
                touched |= 1 << (fault % 64);
            }
        }
        if ready <= self.last_log_ns {
            let spacing = noise.draw_ns(Law::BatchSpacing, &mut self.rng).max(1);
            ready = self.last_log_ns.saturating_add(spacing);
        }
        self.last_log_ns = ready;
        Logged {
            log_ns: ready,
            touched,
        }
    }

    /// Length of the next round, held up at the fitted rate.
    fn next_round(&mut self, noise: &Noise) -> i64 {
        let interval = noise.draw_ns(Law::DrainInterval, &mut self.rng).max(1);
        let share = noise.hiccups_per_sec() * interval as f64 * 1e-9;
        if self.rng.uniform() >= share {
            return interval;
        }
        let held = noise.draw_ns(Law::Hiccup, &mut self.rng);
        held.min(whole_ns(choices::CLEAN_HICCUP_NS)).max(interval)
    }
}
