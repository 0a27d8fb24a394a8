//! How near a conflict came to a collision.

use super::{Arg, Call, Function};
use fieldassay_measure::criticality::rss::{Response, same_direction};
use fieldassay_measure::criticality::{Following, MovingBox, contact, footprint_distance};

const AT_SPEEDS: &[Arg] = &[
    ("gap", "m"),
    ("follower_speed", "m/s"),
    ("leader_speed", "m/s"),
];

const ACCELERATING: &[Arg] = &[
    ("gap", "m"),
    ("follower_speed", "m/s"),
    ("leader_speed", "m/s"),
    ("follower_acceleration", "m/s²"),
    ("leader_acceleration", "m/s²"),
];

const TWO_BOXES: &[Arg] = &[
    ("x1", "m"),
    ("y1", "m"),
    ("heading1", "rad"),
    ("length1", "m"),
    ("width1", "m"),
    ("speed1", "m/s"),
    ("x2", "m"),
    ("y2", "m"),
    ("heading2", "rad"),
    ("length2", "m"),
    ("width2", "m"),
    ("speed2", "m/s"),
];

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "ttc",
        args: AT_SPEEDS,
        unit: "s",
        about: "Time to collision of a follower with its leader at constant speeds (Hayward 1972).",
        measure: "criticality::Following::ttc_secs",
        call: Call::Row(|a| following(a).map(|scene| scene.ttc_secs())),
    },
    Function {
        name: "mttc",
        args: ACCELERATING,
        unit: "s",
        about: "Time to collision at constant accelerations (Ozbay et al. 2008).",
        measure: "criticality::Following::mttc_secs",
        call: Call::Row(|a| following(a).map(|scene| scene.mttc_secs())),
    },
    Function {
        name: "time_headway",
        args: &[("gap", "m"), ("follower_speed", "m/s")],
        unit: "s",
        about: "Time headway from the rear of the leader to the front of the follower.",
        measure: "criticality::Following::headway_secs",
        call: Call::Row(|a| following(a).map(|scene| scene.headway_secs())),
    },
    Function {
        name: "drac",
        args: AT_SPEEDS,
        unit: "m/s²",
        about: "Deceleration rate to avoid a crash with a leader that keeps its speed.",
        measure: "criticality::Following::drac",
        call: Call::Row(|a| following(a).map(|scene| scene.drac())),
    },
    Function {
        name: "required_deceleration",
        args: ACCELERATING,
        unit: "m/s²",
        about: "The constant deceleration that just avoids contact, with a braking leader that stops and stays.",
        measure: "criticality::Following::required_deceleration",
        call: Call::Row(|a| following(a).map(|scene| scene.required_deceleration())),
    },
    Function {
        name: "brake_threat",
        args: &[
            ("gap", "m"),
            ("follower_speed", "m/s"),
            ("leader_speed", "m/s"),
            ("follower_acceleration", "m/s²"),
            ("leader_acceleration", "m/s²"),
            ("available_deceleration", "m/s²"),
        ],
        unit: "",
        about: "Required deceleration over the one the vehicle can do; above 1 braking is too late.",
        measure: "criticality::Following::brake_threat",
        call: Call::Row(|a| {
            let (available, scene) = a.split_last()?;
            following(scene)?.brake_threat(*available).ok()
        }),
    },
    Function {
        name: "contact_time",
        args: TWO_BOXES,
        unit: "s",
        about: "When two boxes that keep heading and speed touch; infinite where they never do.",
        measure: "criticality::contact",
        call: Call::Row(|a| {
            let (ego, other) = boxes(a)?;
            Some(contact(&ego, &other).map_or(f64::INFINITY, |contact| contact.enter_secs))
        }),
    },
    Function {
        name: "footprint_distance",
        args: TWO_BOXES,
        unit: "m",
        about: "Distance of two boxes as they stand; 0 where they touch. Speeds are not used.",
        measure: "criticality::footprint_distance",
        call: Call::Row(|a| boxes(a).map(|(ego, other)| footprint_distance(&ego, &other))),
    },
    Function {
        name: "rss_safe_distance",
        args: &[
            ("rear_speed", "m/s"),
            ("response", "s"),
            ("rear_acceleration", "m/s²"),
            ("rear_deceleration", "m/s²"),
            ("front_speed", "m/s"),
            ("front_deceleration", "m/s²"),
            ("margin", "m"),
        ],
        unit: "m",
        about: "Safe distance behind a vehicle that drives the same way (RSS, definition 1), without a limit of speed.",
        measure: "criticality::rss::same_direction",
        call: Call::Row(|a| match *a {
            [
                speed,
                response_secs,
                acceleration,
                deceleration,
                front_speed,
                front_deceleration,
                margin,
            ] => {
                let rear = Response {
                    speed,
                    response_secs,
                    acceleration,
                    deceleration,
                    speed_limit: None,
                };
                same_direction(&rear, front_speed, front_deceleration, margin).ok()
            }
            _ => None,
        }),
    },
];

/// Gap, speeds and accelerations, as far as they are given; the rest is 0.
fn following(a: &[f64]) -> Option<Following> {
    let at = |index: usize| a.get(index).copied().unwrap_or(0.0);
    let scene = Following {
        gap_meters: at(0),
        follower_speed: at(1),
        leader_speed: at(2),
        follower_acceleration: at(3),
        leader_acceleration: at(4),
    };
    scene.check().ok()?;
    Some(scene)
}

fn boxes(a: &[f64]) -> Option<(MovingBox, MovingBox)> {
    let (first, second) = a.split_at_checked(6)?;
    let one = |a: &[f64]| match *a {
        [
            x_meters,
            y_meters,
            heading_radians,
            length_meters,
            width_meters,
            speed_meters_per_sec,
        ] => {
            let moving = MovingBox {
                x_meters,
                y_meters,
                heading_radians,
                length_meters,
                width_meters,
                speed_meters_per_sec,
            };
            moving.check().ok()?;
            Some(moving)
        }
        _ => None,
    };
    Some((one(first)?, one(second)?))
}
