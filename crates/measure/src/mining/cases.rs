//! The measures of this subject by name.

use super::relation::{Course, Pair, Related, Sector, Toward, near_objects, objects_in_direction};
use super::{MiningError, Motion, Side, Track, stretched};
use crate::registry::{About, Direction, Measure, Number, call};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrackCase {
    id: u64,
    t_ns: Vec<i64>,
    /// x, y, z.
    xyz: Vec<[f64; 3]>,
    yaw: Vec<f64>,
    length: f64,
    width: f64,
}

impl TrackCase {
    fn read(&self) -> Result<Track, MiningError> {
        Track {
            id: self.id,
            t_nanos: self.t_ns.clone(),
            positions: self.xyz.clone(),
            yaws: self.yaw.clone(),
            length_meters: self.length,
            width_meters: self.width,
        }
        .checked()
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MotionPrimitive {
    HasVelocity,
    Accelerating,
    HasLateralAcceleration,
    Turning,
    TurningLeft,
    TurningRight,
    Stationary,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MotionCase {
    primitive: MotionPrimitive,
    track: TrackCase,
    min: Option<Number>,
    max: Option<Number>,
    /// Seconds every match lasts at least.
    #[serde(default)]
    stretch: f64,
}

#[derive(Serialize)]
struct MotionFound {
    t_ns: Vec<i64>,
    n: usize,
}

fn motion(case: &MotionCase) -> Result<MotionFound, MiningError> {
    let track = case.track.read()?;
    let found = Motion::new(&track);
    let bound = |given: Option<Number>, default: f64| given.map_or(default, |x| x.0);
    let (min, max) = (|d| bound(case.min, d), bound(case.max, f64::INFINITY));
    let t = match case.primitive {
        MotionPrimitive::HasVelocity => found.has_velocity(min(0.5), max),
        MotionPrimitive::Accelerating => found.accelerating(min(0.65), max),
        MotionPrimitive::HasLateralAcceleration => {
            found.has_lateral_acceleration(min(f64::NEG_INFINITY), max)
        }
        MotionPrimitive::Turning => found.turning(None),
        MotionPrimitive::TurningLeft => found.turning(Some(Side::Left)),
        MotionPrimitive::TurningRight => found.turning(Some(Side::Right)),
        MotionPrimitive::Stationary if found.stationary() => track.t_nanos.clone(),
        MotionPrimitive::Stationary => Vec::new(),
    };
    Ok(MotionFound {
        t_ns: stretched(&track.t_nanos, &t, case.stretch, 1),
        n: track.t_nanos.len(),
    })
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TowardCase {
    Forward,
    Backward,
    Left,
    Right,
}

impl From<TowardCase> for Toward {
    fn from(case: TowardCase) -> Self {
        match case {
            TowardCase::Forward => Self::Forward,
            TowardCase::Backward => Self::Backward,
            TowardCase::Left => Self::Left,
            TowardCase::Right => Self::Right,
        }
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CourseCase {
    Same,
    Perpendicular,
    Opposite,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CrossingCase {
    Clockwise,
    Counterclockwise,
    Either,
}

fn infinity() -> Number {
    Number(f64::INFINITY)
}

fn half_quarter() -> f64 {
    22.5_f64.to_radians()
}

/// A primitive with RefAV's names and defaults; angles in radians.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case", tag = "primitive", deny_unknown_fields)]
enum RelationPrimitive {
    NearObjects {
        #[serde(default = "ten")]
        distance: f64,
        #[serde(default = "once")]
        min_objects: usize,
    },
    FacingToward {
        #[serde(default = "half_quarter")]
        within_angle: f64,
        #[serde(default = "fifty")]
        max_distance: Number,
    },
    HeadingToward {
        #[serde(default = "half_quarter")]
        angle: f64,
        #[serde(default = "half")]
        minimum_speed: f64,
        #[serde(default = "infinity")]
        max_distance: Number,
    },
    HeadingInRelativeDirectionTo {
        direction: CourseCase,
    },
    Following,
    BeingCrossedBy {
        #[serde(default = "ahead")]
        direction: TowardCase,
        #[serde(default = "either")]
        in_direction: CrossingCase,
        #[serde(default = "ten")]
        forward: f64,
        #[serde(default = "five")]
        lateral: f64,
    },
    HasObjectsInRelativeDirection {
        direction: TowardCase,
        #[serde(default = "once")]
        min_number: usize,
        max_number: Option<usize>,
        #[serde(default = "fifty")]
        within_distance: Number,
        #[serde(default = "infinity")]
        lateral: Number,
    },
}

fn ten() -> f64 {
    10.0
}

fn five() -> f64 {
    5.0
}

fn half() -> f64 {
    0.5
}

fn once() -> usize {
    1
}

fn fifty() -> Number {
    Number(50.0)
}

fn ahead() -> TowardCase {
    TowardCase::Forward
}

fn either() -> CrossingCase {
    CrossingCase::Either
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RelationCase {
    what: RelationPrimitive,
    track: TrackCase,
    others: Vec<TrackCase>,
}

#[derive(Serialize)]
struct RelationFound {
    related: BTreeMap<u64, Vec<i64>>,
}

fn relation(case: &RelationCase) -> Result<RelationFound, MiningError> {
    let track = case.track.read()?;
    let others: Result<Vec<Track>, _> = case.others.iter().map(TrackCase::read).collect();
    let others = others?;
    let others = others.iter().filter(|o| o.id != track.id);
    let pairs: Vec<Pair<'_>> = others.clone().map(|o| Pair::new(&track, o)).collect();
    let each = |of: &dyn Fn(&Pair<'_>) -> Vec<i64>| -> Related {
        let found = others.clone().map(|o| o.id).zip(pairs.iter().map(of));
        found.filter(|(_, t)| !t.is_empty()).collect()
    };
    let related = match case.what {
        RelationPrimitive::NearObjects {
            distance,
            min_objects,
        } => near_objects(&pairs, distance, min_objects),
        RelationPrimitive::FacingToward {
            within_angle,
            max_distance,
        } => each(&|p| p.facing_toward(within_angle, max_distance.0)),
        RelationPrimitive::HeadingToward {
            angle,
            minimum_speed,
            max_distance,
        } => each(&|p| p.heading_toward(angle, minimum_speed, max_distance.0)),
        RelationPrimitive::HeadingInRelativeDirectionTo { direction } => {
            let course = match direction {
                CourseCase::Same => Course::Same,
                CourseCase::Perpendicular => Course::Perpendicular,
                CourseCase::Opposite => Course::Opposite,
            };
            each(&|p| p.on_course(course))
        }
        RelationPrimitive::Following => each(&|p| p.following(|_| true)),
        RelationPrimitive::BeingCrossedBy {
            direction,
            in_direction,
            forward,
            lateral,
        } => {
            let turn = match in_direction {
                CrossingCase::Clockwise => Some(Side::Right),
                CrossingCase::Counterclockwise => Some(Side::Left),
                CrossingCase::Either => None,
            };
            each(&|p| p.crossed_by(direction.into(), turn, forward, lateral))
        }
        RelationPrimitive::HasObjectsInRelativeDirection {
            direction,
            min_number,
            max_number,
            within_distance,
            lateral,
        } => {
            let sector = Sector {
                toward: direction.into(),
                lateral_meters: lateral.0,
                within_meters: within_distance.0,
                least: min_number,
                most: max_number.unwrap_or(usize::MAX),
            };
            objects_in_direction(&pairs, &sector)
        }
    };
    Ok(RelationFound { related })
}

const REFAV: &str = "RefAV 5c5be643 (arXiv 2505.20981), atomic_functions.py and utils.py";

pub(crate) static MEASURES: &[Measure] = &[
    Measure {
        name: "mining.motion",
        about: About {
            title: "When a track does something on its own",
            formula: "has_velocity min..max m/s; accelerating and has_lateral_acceleration min..max m/s^2 in its own frame (left positive); turning, turning_left, turning_right: runs of yaw rate of one sign of more than 45 degrees, cut runs from 15 degrees at more than 5 degrees/s; stationary: all positions within 2 m. Derivatives are central differences followed by a median of 7; a parked track does none of the first. Stamps in nanoseconds, positions in the world",
            defaults: "has_velocity min 0.5, accelerating min 0.65, has_lateral_acceleration min -inf; max inf; stretch 0 s (RefAV makes matches last 1.5 s)",
            direction: Direction::Describes,
            blind_spots: "annotations jitter: slow motion and gentle acceleration are not seen; the median hides what is shorter than 4 samples",
            peers: "RefAV also asks for an intersection near turns cut by the track, and adds one sample after a turn",
            source: REFAV,
        },
        example: r#"{"primitive": "has_velocity", "track": {"id": 1, "t_ns": [0, 500000000, 1000000000], "xyz": [[0, 0, 0], [2, 0, 0], [4, 0, 0]], "yaw": [0, 0, 0], "length": 4, "width": 2}}"#,
        run: |case| call(case, motion),
    },
    Measure {
        name: "mining.relation",
        about: About {
            title: "When a track does something to others",
            formula: "near_objects: footprints within distance of at least min_objects; facing_toward, heading_toward: yaw or velocity within an angle of the direction to the other; heading_in_relative_direction_to same (45 degrees), perpendicular, opposite (135); following: the other up to 25 m ahead of the front, less than 5 m aside, headings alike; being_crossed_by: the other's center passes the edge of the strip ahead (or beside, behind) at more than 0.2 m/s; has_objects_in_relative_direction: centers beyond a side of the box. related: stamps by the other's id",
            defaults: "distance 10 m, min_objects 1; within_angle and angle 22.5 degrees (0.3927 rad), max_distance 50 m and inf, minimum_speed 0.5 m/s; forward 10 m, lateral 5 m, direction forward, in_direction either; min_number 1, within_distance 50 m, lateral inf",
            direction: Direction::Describes,
            blind_spots: "no map: following does not know lanes; only stamps that both tracks have count",
            peers: "RefAV compares closing per sample, not per second, in heading_toward (its 0.5 is 5 m/s at 10 Hz), and loses the direction of being_crossed_by after the first crossing",
            source: REFAV,
        },
        example: r#"{"what": {"primitive": "near_objects", "distance": 5}, "track": {"id": 1, "t_ns": [0, 100000000], "xyz": [[0, 0, 0], [1, 0, 0]], "yaw": [0, 0], "length": 4, "width": 2}, "others": [{"id": 2, "t_ns": [0, 100000000], "xyz": [[8, 0, 0], [9, 0, 0]], "yaw": [0, 0], "length": 4, "width": 2}]}"#,
        run: |case| call(case, relation),
    },
];
