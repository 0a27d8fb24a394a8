//! What faults do to the contents of messages.
//!
//! When they do it is decided in `stream`, how it looks in `scene`.

use crate::math::Vec3;
use crate::vehicle::Mount;

/// One thing wrong with the contents of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Alter {
    /// The values of the last message once more.
    Repeat,
    /// Out of focus: share of the variance of the Laplacian that is left.
    Blur { ratio: f64 },
    /// Too bright: share of the pixels that are clipped.
    Overexpose { share: f64 },
    /// A shock of this share of the accelerometer's range.
    Shock { share: f64 },
    /// Specific force times this.
    AccelScale { ratio: f64 },
    /// Added to angular rates.
    GyroBias { radians_per_sec: Vec3 },
    /// The claimed mount is turned by a rotation vector and moved, in the sensor's frame.
    Mount {
        mount: Mount,
        rotation: Vec3,
        meters: Vec3,
    },
    /// The claimed focal length times this.
    Focal { ratio: f64 },
    /// These rings bring nothing back, one bit each.
    DeadRings { rings: u128 },
    /// Beams between two azimuths bring nothing back: middle and half width, radians.
    Blocked { middle: f64, half: f64 },
    /// Points have no time.
    NoPointTime,
    /// Positions are off.
    Shift { meters: Vec3 },
    /// The receiver has no fix.
    NoFix,
    /// A joint does not get beyond a position.
    ClipJoint { joint: usize, limit: f64 },
    /// Sound is late.
    Lag { secs: f64 },
}
