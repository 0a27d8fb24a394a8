//! What kind of collision it was and whom nuPlan blames, and which tracks its time to collision looks at.
//!
//! Read [`collision_kind`] and [`least_ttc_secs`] first (nuplan-devkit e9241677 `collision_utils`,
//! `time_to_collision_within_bound`). Not here: the map; whether the ego is in several lanes or outside the drivable
//! area, or in an intersection, comes in.

use super::DrivingError;
use crate::criticality::{MovingBox, STANDSTILL_METERS_PER_SEC, contact, footprint_distance};

/// Speed up to which something stands, meters per second.
const STOPPED_METERS_PER_SEC: f64 = 0.05;
/// A track beyond this bearing is behind, radians.
const BEHIND_RADIANS: f64 = 150.0 / 180.0 * std::f64::consts::PI;
/// A track within this bearing is ahead, radians.
const AHEAD_RADIANS: f64 = 30.0 / 180.0 * std::f64::consts::PI;

/// What kind of collision it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CollisionKind {
    /// The ego stood.
    StoppedEgo,
    /// The track stood.
    StoppedTrack,
    /// The track came from behind.
    ActiveRear,
    /// The ego's front bumper hit it.
    ActiveFront,
    /// The ego's side hit it.
    ActiveLateral,
}

impl CollisionKind {
    /// Whether the ego is to blame; for a lateral collision only in several lanes or outside the drivable area.
    pub fn at_fault(self, several_lanes_or_off_road: bool) -> bool {
        match self {
            Self::StoppedTrack | Self::ActiveFront => true,
            Self::ActiveLateral => several_lanes_or_off_road,
            Self::StoppedEgo | Self::ActiveRear => false,
        }
    }
}

/// An ego with its footprint and the middle of its rear axle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ego {
    /// Footprint and speed.
    pub footprint: MovingBox,
    /// From the center of the footprint back to the rear axle, meters; 1.461 for nuPlan's Pacifica.
    pub center_to_rear_axle_meters: f64,
}

impl Ego {
    /// How far from straight ahead a track lies as seen from the rear axle, 0 to pi.
    fn bearing(&self, track: &MovingBox) -> f64 {
        let (sin, cos) = self.footprint.heading_radians.sin_cos();
        let back = self.center_to_rear_axle_meters;
        let apart = [
            track.x_meters - self.footprint.x_meters + back * cos,
            track.y_meters - self.footprint.y_meters + back * sin,
        ];
        let ahead = apart[0] * cos + apart[1] * sin;
        let left = apart[1] * cos - apart[0] * sin;
        left.atan2(ahead).abs()
    }

    /// The front bumper as a box without length.
    fn bumper(&self) -> MovingBox {
        let (sin, cos) = self.footprint.heading_radians.sin_cos();
        let half = 0.5 * self.footprint.length_meters;
        MovingBox {
            x_meters: self.footprint.x_meters + half * cos,
            y_meters: self.footprint.y_meters + half * sin,
            length_meters: 0.0,
            ..self.footprint
        }
    }
}

/// What kind of collision of the ego with a track it is, for footprints that overlap; none for footprints apart.
///
/// In this order: a standing ego, a standing track (at most 0.05 m/s), a track more than 150 degrees behind the rear
/// axle, one that the front bumper touches, the side. Errors: numbers that are not finite.
pub fn collision_kind(ego: &Ego, track: &MovingBox) -> Result<Option<CollisionKind>, DrivingError> {
    check(ego, track)?;
    if footprint_distance(&ego.footprint, track) > 0.0 {
        return Ok(None);
    }
    let stands = |b: &MovingBox| b.speed_meters_per_sec.abs() <= STOPPED_METERS_PER_SEC;
    Ok(Some(if stands(&ego.footprint) {
        CollisionKind::StoppedEgo
    } else if stands(track) {
        CollisionKind::StoppedTrack
    } else if ego.bearing(track) > BEHIND_RADIANS {
        CollisionKind::ActiveRear
    } else if footprint_distance(&ego.bumper(), track) <= 0.0 {
        CollisionKind::ActiveFront
    } else {
        CollisionKind::ActiveLateral
    }))
}

/// The least time to collision of the ego at one frame as nuPlan steps it (0.1 s to 2.9 s), over the tracks that count:
/// those ahead (bearing from the rear axle below 30 degrees), and all that are not behind (above 150 degrees) where the
/// ego is in several lanes, off the road or in an intersection. Infinite for an ego that stands and where nothing is met.
///
/// Tracks the ego has collided with before are to be left out, and a frame with a collision of its own fault has 0.
/// Errors: numbers that are not finite. Cost: one exact contact per track that counts.
pub fn least_ttc_secs(
    ego: &Ego,
    tracks: &[MovingBox],
    beside_counts: bool,
) -> Result<f64, DrivingError> {
    tracks.iter().try_for_each(|track| check(ego, track))?;
    if ego.footprint.speed_meters_per_sec <= STANDSTILL_METERS_PER_SEC {
        return Ok(f64::INFINITY);
    }
    let counts = |track: &&MovingBox| {
        let bearing = ego.bearing(track);
        bearing < AHEAD_RADIANS || (beside_counts && bearing <= BEHIND_RADIANS)
    };
    let times = tracks.iter().filter(counts).map(|track| {
        contact(&ego.footprint, track).map_or(f64::INFINITY, |found| found.stepped_secs())
    });
    Ok(times.fold(f64::INFINITY, f64::min))
}

fn check(ego: &Ego, track: &MovingBox) -> Result<(), DrivingError> {
    let numbers = |b: &MovingBox| {
        [
            b.x_meters,
            b.y_meters,
            b.heading_radians,
            b.length_meters,
            b.width_meters,
            b.speed_meters_per_sec,
        ]
    };
    super::finite(&[("rear_axle", ego.center_to_rear_axle_meters)])?;
    let all = numbers(&ego.footprint).into_iter().chain(numbers(track));
    all.into_iter()
        .try_for_each(|x| super::finite(&[("box", x)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f64, y: f64, heading: f64, speed: f64) -> MovingBox {
        MovingBox {
            x_meters: x,
            y_meters: y,
            heading_radians: heading,
            length_meters: 4.5,
            width_meters: 2.0,
            speed_meters_per_sec: speed,
        }
    }

    fn ego(speed: f64) -> Ego {
        Ego {
            footprint: MovingBox {
                length_meters: 5.176,
                width_meters: 2.297,
                ..at(0.0, 0.0, 0.0, speed)
            },
            center_to_rear_axle_meters: 1.461,
        }
    }

    #[test]
    fn kinds_and_blame() {
        let kind = |ego: &Ego, track: &MovingBox| collision_kind(ego, track).expect("finite");
        let moving = ego(5.0);
        for (track, expected, blamed) in [
            (at(4.0, 0.0, 0.0, 3.0), CollisionKind::ActiveFront, true),
            (at(4.0, 0.0, 0.0, 0.0), CollisionKind::StoppedTrack, true),
            (at(-4.5, 0.0, 0.0, 9.0), CollisionKind::ActiveRear, false),
            (at(-0.5, 2.0, 0.1, 5.0), CollisionKind::ActiveLateral, false),
        ] {
            let found = kind(&moving, &track).expect("overlaps");
            assert_eq!(found, expected);
            assert_eq!(found.at_fault(false), blamed);
        }
        assert!(CollisionKind::ActiveLateral.at_fault(true));
        assert_eq!(
            kind(&ego(0.0), &at(4.0, 0.0, 0.0, 3.0)),
            Some(CollisionKind::StoppedEgo)
        );
        assert_eq!(kind(&moving, &at(9.0, 0.0, 0.0, 3.0)), None);
        assert!(collision_kind(&moving, &at(f64::NAN, 0.0, 0.0, 0.0)).is_err());
    }

    #[test]
    fn only_tracks_that_count_have_a_time() {
        let ahead = at(25.0, 0.0, 0.0, 0.0);
        let beside = at(3.0, 6.0, -std::f64::consts::FRAC_PI_2, 4.0);
        let behind = at(-12.0, 0.0, 0.0, 20.0);
        let least = |tracks: &[MovingBox], beside_counts| {
            least_ttc_secs(&ego(10.0), tracks, beside_counts).expect("finite")
        };
        assert!((least(&[ahead], false) - 2.1).abs() < 1e-12);
        assert_eq!(least(&[beside], false), f64::INFINITY);
        let slow_beside = MovingBox {
            x_meters: 8.0,
            ..beside
        };
        assert!(least(&[slow_beside], true).is_finite());
        assert_eq!(least(&[behind], true), f64::INFINITY);
        assert_eq!(least_ttc_secs(&ego(0.0), &[ahead], true), Ok(f64::INFINITY));
    }
}
