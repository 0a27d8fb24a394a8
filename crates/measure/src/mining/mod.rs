//! What tracks of objects do, alone and to each other: the primitives scenarios are mined with.
//!
//! Read [`Track`] first, then [`Motion`] (one track), [`relation`] (two or more) and [`Scenario`] (combining what was
//! found). The set and its defaults are those of RefAV (5c5be643) for Argoverse 2 scenario mining; primitives that need
//! a map take it as a function of the time. Positions are in a frame of the world (city), meters; x forward and y left
//! in the frame of a track; radians.
//! Not here: maps, cameras, reading annotations, scores of mined scenarios.

pub(crate) mod cases;
mod derivative;
mod motion;
pub mod relation;
mod scenario;

pub use derivative::{derivative, yaw_rates};
pub use motion::{Motion, Side};
pub use scenario::{Matches, Scenario, stretched};

use crate::criticality::MovingBox;

/// Number of a track in its recording.
pub type TrackId = u64;

/// Why a track cannot be mined.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MiningError {
    /// Lists that belong together differ in length.
    #[error(
        "track `{track}`: `{field}` has `{seen}` entries, `{expected}` expected; hint: one per stamp"
    )]
    Lengths {
        /// Which track.
        track: TrackId,
        /// Which list.
        field: &'static str,
        /// Its length.
        seen: usize,
        /// Number of stamps.
        expected: usize,
    },
    /// No samples.
    #[error("track `{track}` has no samples; hint: leave such tracks out")]
    Empty {
        /// Which track.
        track: TrackId,
    },
    /// Stamps that do not ascend.
    #[error(
        "track `{track}`: stamps do not ascend at index `{index}`; hint: sort it and drop duplicates"
    )]
    Unsorted {
        /// Which track.
        track: TrackId,
        /// Index of the first stamp that is not after its predecessor.
        index: usize,
    },
    /// A NaN or infinity.
    #[error("track `{track}`: a number at index `{index}` is not finite; hint: drop such samples")]
    NotFinite {
        /// Which track.
        track: TrackId,
        /// Which sample.
        index: usize,
    },
    /// A size that is not positive.
    #[error(
        "track `{track}`: its box is `{length}` by `{width}` m; hint: sizes must be finite and not negative"
    )]
    Size {
        /// Which track.
        track: TrackId,
        /// Length, meters.
        length: f64,
        /// Width, meters.
        width: f64,
    },
}

/// An object over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// Its number.
    pub id: TrackId,
    /// Stamps, nanoseconds, ascending.
    pub t_nanos: Vec<i64>,
    /// Center at each stamp, in the world, meters.
    pub positions: Vec<[f64; 3]>,
    /// Heading at each stamp, radians.
    pub yaws: Vec<f64>,
    /// Size along the heading, meters.
    pub length_meters: f64,
    /// Size across, meters.
    pub width_meters: f64,
}

impl Track {
    /// The track, if it can be mined: what every primitive expects.
    ///
    /// Errors: lists of different length, none or unsorted stamps, numbers that are not finite, sizes below 0.
    pub fn checked(self) -> Result<Self, MiningError> {
        let (track, expected) = (self.id, self.t_nanos.len());
        for (field, seen) in [
            ("positions", self.positions.len()),
            ("yaws", self.yaws.len()),
        ] {
            if seen != expected {
                return Err(MiningError::Lengths {
                    track,
                    field,
                    seen,
                    expected,
                });
            }
        }
        if expected == 0 {
            return Err(MiningError::Empty { track });
        }
        let mut pairs = self.t_nanos.iter().zip(self.t_nanos.iter().skip(1));
        if let Some(index) = pairs.position(|(a, b)| a >= b) {
            return Err(MiningError::Unsorted {
                track,
                index: index + 1,
            });
        }
        let bad =
            |(p, yaw): (&[f64; 3], &f64)| !(p.iter().all(|x| x.is_finite()) && yaw.is_finite());
        if let Some(index) = self.positions.iter().zip(&self.yaws).position(bad) {
            return Err(MiningError::NotFinite { track, index });
        }
        let (length, width) = (self.length_meters, self.width_meters);
        let fine = |x: f64| x.is_finite() && x >= 0.0;
        if !(fine(length) && fine(width)) {
            return Err(MiningError::Size {
                track,
                length,
                width,
            });
        }
        Ok(self)
    }

    /// Its footprint at a sample.
    pub(crate) fn footprint(&self, index: usize) -> Option<MovingBox> {
        let p = self.positions.get(index)?;
        Some(MovingBox {
            x_meters: p[0],
            y_meters: p[1],
            heading_radians: *self.yaws.get(index)?,
            length_meters: self.length_meters,
            width_meters: self.width_meters,
            speed_meters_per_sec: 0.0,
        })
    }
}

/// A vector of the world in the frame of a heading: x forward, y left.
pub(crate) fn turned(v: &[f64; 3], yaw_radians: f64) -> [f64; 3] {
    let (sin, cos) = yaw_radians.sin_cos();
    [cos * v[0] + sin * v[1], cos * v[1] - sin * v[0], v[2]]
}

/// Length of a vector.
pub(crate) fn length(v: &[f64; 3]) -> f64 {
    crate::pose::matrix::norm(v)
}

/// Angle between two vectors, 0 to pi; none where one has no length.
pub(crate) fn angle(a: &[f64; 3], b: &[f64; 3]) -> Option<f64> {
    let scale = length(a) * length(b);
    let dot: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
    (scale > 0.0).then(|| (dot / scale).clamp(-1.0, 1.0).acos())
}
