//! Sound of a clapper that is also seen.

use super::{altered, secs};
use crate::alter::Alter;
use crate::rng::Rng;
use crate::stream::Sample;
use fieldassay_formats::message;
use fieldassay_formats::sensor::Audio;
use std::borrow::Cow;
use std::f64::consts::TAU;

/// Samples per second and per message.
const RATE_HZ: u32 = 16_000;
const PIECE: u32 = 800;
/// A clap: pitch, decay, strength and length.
const PITCH_HZ: f64 = 2_400.0;
const DECAY_SECS: f64 = 0.006;
const STRENGTH: f64 = 12_000.0;
const CLAP_SECS: f64 = 0.04;
/// Standard deviation of the background, of 32,768.
const BACKGROUND: f64 = 40.0;

/// Claps at seeded moments.
#[derive(Clone, Debug)]
pub(super) struct Clapper {
    /// Seconds since the start of the drive, ascending.
    claps: Vec<f64>,
    rng: Rng,
}

impl Clapper {
    pub(super) fn new(seed: u64, duration_secs: f64) -> Self {
        let mut rng = Rng::new(seed, "claps");
        let mut claps = Vec::new();
        let mut at = rng.between(0.4, 1.2);
        while at < duration_secs {
            claps.push(at);
            at += rng.between(0.7, 1.9);
        }
        Self { claps, rng }
    }

    /// Whether the board is light: it turns with every clap.
    pub(super) fn lit(&self, secs: f64) -> bool {
        self.claps.partition_point(|clap| *clap <= secs) % 2 == 1
    }

    /// `foxglove_msgs/RawAudio`, 16 bit, one channel; the stamp is that of its first sample.
    pub(super) fn encode(&mut self, sample: &Sample, out: &mut Vec<u8>) {
        let lag = altered(sample, |alter| match alter {
            Alter::Lag { secs } => Some(*secs),
            _ => None,
        });
        let start = secs(sample) - lag.unwrap_or(0.0);
        let mut data = Vec::with_capacity(2 * PIECE as usize);
        for number in 0..PIECE {
            let at = start + f64::from(number) / f64::from(RATE_HZ);
            let first = self.claps.partition_point(|clap| *clap <= at - CLAP_SECS);
            let mut value = BACKGROUND * self.rng.normal();
            for clap in self
                .claps
                .iter()
                .skip(first)
                .take_while(|clap| **clap <= at)
            {
                let since = at - clap;
                value +=
                    STRENGTH * libm::exp(-since / DECAY_SECS) * libm::sin(TAU * PITCH_HZ * since);
            }
            data.extend_from_slice(&step(value).to_le_bytes());
        }
        let audio = Audio {
            format: Cow::Borrowed("pcm-s16"),
            sample_rate_hz: RATE_HZ,
            channels: 1,
            data: Cow::Owned(data),
        };
        message::audio(out, sample.stamp_ns, &audio);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "clamped to the range before"
)]
fn step(value: f64) -> i16 {
    libm::round(value.clamp(-32_768.0, 32_767.0)) as i16
}
