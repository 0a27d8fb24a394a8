//! Absolute and relative time as integer nanoseconds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A moment: nanoseconds since the epoch of the clock it was read from.
///
/// Which clock (`log_time`, `publish_time`, `sensor_time`) is said by the field that holds it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Stamp(pub i64);

/// A signed length of time in nanoseconds.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Span(pub i64);

impl Stamp {
    /// Time from `earlier` to `self`; saturates instead of overflowing.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// The length in seconds, exact to 2^-53 relative.
    pub const fn secs(self) -> f64 {
        self.0 as f64 * 1e-9
    }
}

/// A closed stretch of time, nanoseconds on the clock the fact or finding names.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct Window {
    /// First nanosecond.
    pub start_ns: i64,
    /// Last nanosecond.
    pub end_ns: i64,
}
