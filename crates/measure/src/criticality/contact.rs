//! When oriented boxes that keep their velocity and heading touch: exactly, and as nuPlan steps it.
//!
//! Read [`MovingBox`] and [`contact`] first; [`contact_times`] does a whole scene.
//! Not here: which of the others count (ahead, at fault), areas of overlap.

use super::{CriticalityError, finite, not_negative};

/// Below this speed nuPlan takes the ego for standing and its time to collision for infinite
/// (nuplan-devkit e9241677, `time_to_collision_within_bound`).
pub const STANDSTILL_METERS_PER_SEC: f64 = 5e-3;

/// Relative speeds along an axis below this are none (scenarios reference, A.3).
const NO_SPEED: f64 = 1e-12;

/// First step, step and number of steps of nuPlan's horizon: `arange(0.1, 3.0, 0.1)`.
const STEP_SECS: f64 = 0.1;
const STEPS: u32 = 29;

/// A box in the plane moving along its heading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MovingBox {
    /// Center, meters.
    pub x_meters: f64,
    /// Center, meters.
    pub y_meters: f64,
    /// Heading of the long side, radians from x toward y.
    pub heading_radians: f64,
    /// Size along the heading, meters.
    pub length_meters: f64,
    /// Size across, meters.
    pub width_meters: f64,
    /// Speed along the heading, meters per second; negative drives backward.
    pub speed_meters_per_sec: f64,
}

impl MovingBox {
    /// Every number finite, sizes not negative. Errors: the first that is not.
    pub fn check(&self) -> Result<(), CriticalityError> {
        finite(&[
            ("x", self.x_meters),
            ("y", self.y_meters),
            ("h", self.heading_radians),
            ("v", self.speed_meters_per_sec),
        ])?;
        not_negative(&[("l", self.length_meters), ("w", self.width_meters)])
    }

    fn prepared(&self) -> Prepared {
        let (sin, cos) = self.heading_radians.sin_cos();
        Prepared {
            center: [self.x_meters, self.y_meters],
            axis: [cos, sin],
            half: [0.5 * self.length_meters, 0.5 * self.width_meters],
            speed: self.speed_meters_per_sec,
        }
    }
}

/// A box with its axes computed.
#[derive(Clone, Copy)]
struct Prepared {
    center: [f64; 2],
    axis: [f64; 2],
    half: [f64; 2],
    speed: f64,
}

/// When two boxes are in contact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contact {
    /// Begin, seconds from now; 0 where they touch already.
    pub enter_secs: f64,
    /// End, seconds from now; infinite where they never part.
    pub leave_secs: f64,
}

impl Contact {
    /// The first step of nuPlan's horizon (0.1 s to 2.9 s by 0.1 s) inside the contact; infinite where none is.
    /// Brief contacts between steps are missed, as there.
    pub fn stepped_secs(&self) -> f64 {
        (0..STEPS)
            .map(|i| STEP_SECS + f64::from(i) * STEP_SECS)
            .find(|t| self.enter_secs <= *t && *t <= self.leave_secs)
            .unwrap_or(f64::INFINITY)
    }
}

fn dot(a: [f64; 2], b: [f64; 2]) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

/// Separating axes over time: on each of the four axes `|p + q t| <= r`; contact is where all agree.
fn between(ego: &Prepared, other: &Prepared) -> (f64, f64) {
    let apart = [
        other.center[0] - ego.center[0],
        other.center[1] - ego.center[1],
    ];
    let drift = [
        other.speed * other.axis[0] - ego.speed * ego.axis[0],
        other.speed * other.axis[1] - ego.speed * ego.axis[1],
    ];
    let cos = dot(ego.axis, other.axis).abs();
    let sin = (ego.axis[0] * other.axis[1] - ego.axis[1] * other.axis[0]).abs();
    let left = |a: [f64; 2]| [-a[1], a[0]];
    let axes = [
        (
            ego.axis,
            ego.half[0] + other.half[0] * cos + other.half[1] * sin,
        ),
        (
            left(ego.axis),
            ego.half[1] + other.half[0] * sin + other.half[1] * cos,
        ),
        (
            other.axis,
            other.half[0] + ego.half[0] * cos + ego.half[1] * sin,
        ),
        (
            left(other.axis),
            other.half[1] + ego.half[0] * sin + ego.half[1] * cos,
        ),
    ];
    let (mut enter, mut leave) = (0.0_f64, f64::INFINITY);
    for (axis, reach) in axes {
        let (p, q) = (dot(apart, axis), dot(drift, axis));
        if q.abs() < NO_SPEED {
            if p.abs() > reach {
                return (f64::INFINITY, f64::NEG_INFINITY);
            }
            continue;
        }
        let (a, b) = ((-reach - p) / q, (reach - p) / q);
        enter = enter.max(a.min(b));
        leave = leave.min(a.max(b));
    }
    (enter, leave)
}

/// When two boxes that keep velocity and heading touch, from now on; none where they never do. Touching counts.
///
/// Separating axes of oriented boxes (Gottschalk, Lin and Manocha 1996) with the axes fixed and the distance linear in
/// time (Eberly, "Dynamic collision detection using oriented bounding boxes", 1999). Inputs that are not finite give
/// none; [`MovingBox::check`] says so. Cost: four sines and cosines and some 60 operations.
pub fn contact(ego: &MovingBox, other: &MovingBox) -> Option<Contact> {
    let (enter_secs, leave_secs) = between(&ego.prepared(), &other.prepared());
    (enter_secs <= leave_secs).then_some(Contact {
        enter_secs,
        leave_secs,
    })
}

/// Exact time to contact of one box with each of many, seconds; infinite where they never touch.
///
/// Order of `others`; cost as [`contact`] with the ego prepared once, no allocation but the result.
pub fn contact_times(ego: &MovingBox, others: &[MovingBox]) -> Vec<f64> {
    let ego = ego.prepared();
    others
        .iter()
        .map(|other| {
            let (enter, leave) = between(&ego, &other.prepared());
            if enter <= leave { enter } else { f64::INFINITY }
        })
        .collect()
}

/// Distance of two footprints as they stand, meters; 0 where they overlap or touch. Speeds are not used.
///
/// Of boxes that do not overlap the nearest points include a corner, so corners against boxes are enough. Inputs that are
/// not finite give a number without meaning. Cost: four sines and cosines and some 150 operations.
pub fn footprint_distance(a: &MovingBox, b: &MovingBox) -> f64 {
    let still = |b: &MovingBox| Prepared {
        speed: 0.0,
        ..b.prepared()
    };
    let (a, b) = (still(a), still(b));
    let (enter, leave) = between(&a, &b);
    if enter <= leave {
        return 0.0;
    }
    corner_distance(&a, &b).min(corner_distance(&b, &a))
}

/// Least distance from a corner of `a` to the box `b`.
fn corner_distance(a: &Prepared, b: &Prepared) -> f64 {
    let apart = [a.center[0] - b.center[0], a.center[1] - b.center[1]];
    let signs = [[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]];
    let distance = |[along, across]: [f64; 2]| {
        let (along, across) = (along * a.half[0], across * a.half[1]);
        let corner = [
            apart[0] + along * a.axis[0] - across * a.axis[1],
            apart[1] + along * a.axis[1] + across * a.axis[0],
        ];
        let local = [dot(corner, b.axis), dot(corner, [-b.axis[1], b.axis[0]])];
        let beyond = |x: f64, half: f64| (x.abs() - half).max(0.0);
        beyond(local[0], b.half[0]).hypot(beyond(local[1], b.half[1]))
    };
    signs
        .map(distance)
        .into_iter()
        .fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn boxes() -> impl Strategy<Value = MovingBox> {
        (
            -30.0..30.0_f64,
            -30.0..30.0_f64,
            -3.0..3.0_f64,
            0.3..9.0_f64,
            0.3..3.0_f64,
            -5.0..15.0_f64,
        )
            .prop_map(|(x, y, h, l, w, v)| MovingBox {
                x_meters: x,
                y_meters: y,
                heading_radians: h,
                length_meters: l,
                width_meters: w,
                speed_meters_per_sec: v,
            })
    }

    /// Both boxes turned and shifted together.
    fn moved(b: &MovingBox, angle: f64, by: [f64; 2]) -> MovingBox {
        let (s, c) = angle.sin_cos();
        MovingBox {
            x_meters: c * b.x_meters - s * b.y_meters + by[0],
            y_meters: s * b.x_meters + c * b.y_meters + by[1],
            heading_radians: b.heading_radians + angle,
            ..*b
        }
    }

    /// Each box at a later time.
    fn later(b: &MovingBox, t: f64) -> MovingBox {
        let (s, c) = b.heading_radians.sin_cos();
        MovingBox {
            x_meters: b.x_meters + b.speed_meters_per_sec * t * c,
            y_meters: b.y_meters + b.speed_meters_per_sec * t * s,
            ..*b
        }
    }

    proptest! {
        #[test]
        fn symmetric_and_free_of_the_frame(
            a in boxes(), b in boxes(), angle in -3.0..3.0_f64, x in -50.0..50.0_f64,
        ) {
            let t = contact_times(&a, &[b])[0];
            let close = |u: f64| u == t || (u - t).abs() < 1e-6 * (1.0 + t.abs());
            prop_assert!(close(contact_times(&b, &[a])[0]));
            let both = (moved(&a, angle, [x, -x]), moved(&b, angle, [x, -x]));
            // A graze may go either way after rounding.
            let wide = contact(&a, &b).is_some_and(|c| c.leave_secs - c.enter_secs > 1e-6);
            if wide {
                prop_assert!(close(contact_times(&both.0, &[both.1])[0]));
            }
        }

        #[test]
        fn time_passes(a in boxes(), b in boxes(), s in 0.0..1.0_f64) {
            if let Some(found) = contact(&a, &b) {
                let t = found.enter_secs;
                if t > 0.01 && t < 100.0 && found.leave_secs - t > 1e-6 {
                    let sooner = contact(&later(&a, s * t), &later(&b, s * t));
                    prop_assert!(sooner.is_some_and(|c| (c.enter_secs - (1.0 - s) * t).abs() < 1e-6));
                    // Not in contact just before, in contact just after.
                    let before = contact(&later(&a, t - 1e-3), &later(&b, t - 1e-3));
                    prop_assert!(before.is_some_and(|c| c.enter_secs > 0.0));
                    let inside = 0.5 * (t + found.leave_secs.min(t + 1.0));
                    let during = contact(&later(&a, inside), &later(&b, inside));
                    prop_assert!(during.is_some_and(|c| c.enter_secs == 0.0));
                }
            }
        }

        #[test]
        fn distance_is_what_a_push_must_cover(a in boxes(), b in boxes(), angle in -3.0..3.0_f64) {
            let d = footprint_distance(&a, &b);
            prop_assert!((d - footprint_distance(&b, &a)).abs() < 1e-9);
            let (ra, rb) = (moved(&a, angle, [7.0, 1.0]), moved(&b, angle, [7.0, 1.0]));
            prop_assert!((d - footprint_distance(&ra, &rb)).abs() < 1e-9);
            // No push shorter than the distance makes them touch, whatever its direction; one of them does at it.
            let pushed = |by: f64, toward: f64| MovingBox {
                x_meters: b.x_meters + by * toward.cos(), y_meters: b.y_meters + by * toward.sin(), ..b
            };
            if d > 0.0 {
                for i in 0..64 {
                    let toward = f64::from(i) * std::f64::consts::TAU / 64.0;
                    prop_assert!(footprint_distance(&a, &pushed(0.999 * d, toward)) > 0.0);
                }
                let touches = (0..6400).any(|i| {
                    let toward = f64::from(i) * std::f64::consts::TAU / 6400.0;
                    footprint_distance(&a, &pushed(1.001 * d, toward)) == 0.0
                });
                prop_assert!(touches);
            }
        }

        #[test]
        fn larger_boxes_touch_no_later(a in boxes(), b in boxes(), more in 0.0..2.0_f64) {
            let grown = MovingBox { length_meters: b.length_meters + more, ..b };
            prop_assert!(contact_times(&a, &[grown])[0] <= contact_times(&a, &[b])[0] + 1e-9);
        }
    }
}
