//! Sound: onset envelopes and the delay between sound and motion.
//!
//! Read [`frames`] (sound in pieces of 10 ms), [`onsets`] (where it begins to be loud) and [`av_sync`] (how far ahead
//! of the picture it is) first; [`gcc_phat`] is the correlation beneath.
//! Not here: decoding of sound and pictures, thresholds.

mod onset;
mod phat;
mod sync;

pub use onset::{SoundFrame, frames, onsets};
pub use phat::{PhatPeak, gcc_phat};
pub use sync::{AvSync, SyncError, SyncOptions, av_sync};

/// Milliseconds sound needs for a meter (343 m/s at 20 degrees Celsius).
pub const SOUND_MILLIS_PER_METER: f64 = 2.9;
