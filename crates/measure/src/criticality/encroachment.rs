//! Who used the conflict area first, for how long, and how soon the other followed.
//!
//! Read [`encroachment`] first. Not here: predicting where anybody will go.

use super::{Contact, CriticalityError, MovingBox, contact};

/// A track of boxes: one per stamp; speeds are not used.
#[derive(Clone, Copy, Debug)]
pub struct BoxTrack<'a> {
    /// Stamps, nanoseconds, ascending.
    pub t_nanos: &'a [i64],
    /// Boxes in one frame of the world, as many.
    pub boxes: &'a [MovingBox],
}

impl BoxTrack<'_> {
    fn check(&self) -> Result<(), CriticalityError> {
        let (seen, expected) = (self.boxes.len(), self.t_nanos.len());
        if seen != expected {
            return Err(CriticalityError::Lengths {
                field: "boxes",
                seen,
                expected,
            });
        }
        if seen == 0 {
            return Err(CriticalityError::Empty { field: "boxes" });
        }
        let pairs = self.t_nanos.iter().zip(self.t_nanos.iter().skip(1));
        if let Some(index) = pairs.clone().position(|(a, b)| a >= b) {
            return Err(CriticalityError::Unsorted { index: index + 1 });
        }
        self.boxes.iter().try_for_each(MovingBox::check)
    }
}

/// What two tracks did in the area both swept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Encroachment {
    /// Post-encroachment time: from the first one's exit of the conflict area to the second one's entry, seconds
    /// (Allen, Shin and Cooper 1978); negative where both were inside at once, infinite where no area is shared.
    pub pet_secs: f64,
    /// Encroachment time: how long the first one was inside, seconds; 0 where it was seen inside once.
    pub et_secs: f64,
    /// Whether the first track went first.
    pub first_leads: bool,
}

/// The post-encroachment time of two tracks; the conflict area is what both footprints sweep.
///
/// A box is inside while it overlaps any box of the other track (at any time), so the times are of samples: resolve the
/// crossing in time and space (samples nearer than a box is long), else a fast crossing is missed. Errors: lists of
/// different length, empty or unsorted tracks, numbers that are not finite. Cost: `n m` pairs, most of them rejected
/// by the distance of the centers.
pub fn encroachment(
    first: &BoxTrack<'_>,
    second: &BoxTrack<'_>,
) -> Result<Encroachment, CriticalityError> {
    first.check()?;
    second.check()?;
    let [Some(a), Some(b)] = [inside(first, second), inside(second, first)] else {
        return Ok(Encroachment {
            pet_secs: f64::INFINITY,
            et_secs: 0.0,
            first_leads: false,
        });
    };
    let first_leads = a <= b;
    let (leader, follower) = if first_leads { (a, b) } else { (b, a) };
    let secs = |from: i64, to: i64| (i128::from(to) - i128::from(from)) as f64 / 1e9;
    Ok(Encroachment {
        pet_secs: secs(leader.1, follower.0),
        et_secs: secs(leader.0, leader.1),
        first_leads,
    })
}

/// First and last stamp at which the track overlaps anything of the other.
fn inside(track: &BoxTrack<'_>, other: &BoxTrack<'_>) -> Option<(i64, i64)> {
    let overlaps = |b: &MovingBox| other.boxes.iter().any(|o| overlap(b, o));
    let mut hits = track
        .t_nanos
        .iter()
        .zip(track.boxes)
        .filter(|(_, b)| overlaps(b))
        .map(|(t, _)| *t);
    let enter = hits.next()?;
    Some((enter, hits.next_back().unwrap_or(enter)))
}

/// Whether two standing boxes overlap.
fn overlap(a: &MovingBox, b: &MovingBox) -> bool {
    let reach = a.length_meters + a.width_meters + b.length_meters + b.width_meters;
    let (dx, dy) = (a.x_meters - b.x_meters, a.y_meters - b.y_meters);
    if dx * dx + dy * dy > 0.25 * reach * reach {
        return false;
    }
    let still = |b: &MovingBox| MovingBox {
        speed_meters_per_sec: 0.0,
        ..*b
    };
    matches!(contact(&still(a), &still(b)), Some(Contact { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A box that moves in a straight line, 100 Hz.
    fn straight(from: [f64; 2], heading: f64, speed: f64, secs: f64) -> (Vec<i64>, Vec<MovingBox>) {
        let (s, c) = heading.sin_cos();
        (0..=(secs * 100.0) as i64)
            .map(|i| {
                let d = speed * i as f64 / 100.0;
                let b = MovingBox {
                    x_meters: from[0] + d * c,
                    y_meters: from[1] + d * s,
                    heading_radians: heading,
                    length_meters: 4.0,
                    width_meters: 2.0,
                    speed_meters_per_sec: speed,
                };
                (i * 10_000_000, b)
            })
            .unzip()
    }

    fn pet(a: &(Vec<i64>, Vec<MovingBox>), b: &(Vec<i64>, Vec<MovingBox>)) -> Encroachment {
        let track = |t: &'static str| {
            let of = if t == "a" { a } else { b };
            BoxTrack {
                t_nanos: &of.0,
                boxes: &of.1,
            }
        };
        encroachment(&track("a"), &track("b")).expect("defined")
    }

    #[test]
    fn a_crossing_by_hand() {
        // Lanes 2 m wide cross at the origin: the area is 2 m square, a box is in it from 3 m before to 3 m after.
        let east = straight([-10.0, 0.0], 0.0, 10.0, 3.0);
        let north = straight([0.0, -30.0], std::f64::consts::FRAC_PI_2, 10.0, 6.0);
        let found = pet(&east, &north);
        assert!(found.first_leads);
        // East leaves at (10 + 3) / 10 = 1.3 s, north enters at (30 - 3) / 10 = 2.7 s.
        assert!((found.pet_secs - 1.4).abs() < 0.03, "{found:?}");
        assert!((found.et_secs - 0.6).abs() < 0.03, "{found:?}");
        let swapped = pet(&north, &east);
        assert_eq!(swapped.pet_secs, found.pet_secs);
        assert!(!swapped.first_leads);
    }

    #[test]
    fn at_once_is_negative_and_apart_is_infinite() {
        let east = straight([-10.0, 0.0], 0.0, 10.0, 3.0);
        let north = straight([0.0, -10.0], std::f64::consts::FRAC_PI_2, 10.0, 3.0);
        assert!(pet(&east, &north).pet_secs < 0.0);
        let away = straight([100.0, 100.0], 0.0, 10.0, 3.0);
        assert_eq!(pet(&east, &away).pet_secs, f64::INFINITY);
    }

    #[test]
    fn unsorted_tracks_are_refused() {
        let (mut t, boxes) = straight([0.0, 0.0], 0.0, 1.0, 0.1);
        t.swap(3, 4);
        let track = BoxTrack {
            t_nanos: &t,
            boxes: &boxes,
        };
        assert_eq!(
            encroachment(&track, &track),
            Err(CriticalityError::Unsorted { index: 4 })
        );
    }
}
