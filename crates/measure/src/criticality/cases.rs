//! The measures of this subject by name.

use super::rss::{Response, Side, lateral, opposite_direction, same_direction};
use super::{
    BoxTrack, CriticalityError, Following, MovingBox, STANDSTILL_METERS_PER_SEC, contact,
    contact_times, encroachment, exposure, impact, worst_case_time,
};
use crate::registry::{About, Direction, Measure, Number, call};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FollowingCase {
    gap: f64,
    v_follow: f64,
    v_lead: f64,
    #[serde(default)]
    a_follow: f64,
    #[serde(default)]
    a_lead: f64,
    #[serde(default = "crime_deceleration")]
    a_max: f64,
    #[serde(default = "two")]
    safety_time: f64,
}

fn crime_deceleration() -> f64 {
    11.5
}

fn two() -> f64 {
    2.0
}

#[derive(Serialize)]
struct FollowingFound {
    ttc: Number,
    mttc_const_accel: Number,
    thw_gap: Number,
    drac: Number,
    a_required_decel: Number,
    btn: Number,
    dst: Number,
}

fn following(case: &FollowingCase) -> Result<FollowingFound, CriticalityError> {
    let scene = Following {
        gap_meters: case.gap,
        follower_speed: case.v_follow,
        leader_speed: case.v_lead,
        follower_acceleration: case.a_follow,
        leader_acceleration: case.a_lead,
    };
    scene.check()?;
    super::positive(&[("safety_time", case.safety_time)])?;
    Ok(FollowingFound {
        ttc: scene.ttc_secs().into(),
        mttc_const_accel: scene.mttc_secs().into(),
        thw_gap: scene.headway_secs().into(),
        drac: scene.drac().into(),
        a_required_decel: scene.required_deceleration().into(),
        btn: scene.brake_threat(case.a_max)?.into(),
        dst: scene.dst(case.safety_time).into(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BoxCase {
    x: f64,
    y: f64,
    h: f64,
    l: f64,
    w: f64,
    #[serde(default)]
    v: f64,
}

impl BoxCase {
    fn read(&self) -> Result<MovingBox, CriticalityError> {
        let found = MovingBox {
            x_meters: self.x,
            y_meters: self.y,
            heading_radians: self.h,
            length_meters: self.l,
            width_meters: self.w,
            speed_meters_per_sec: self.v,
        };
        found.check().map(|()| found)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PairCase {
    ego: BoxCase,
    other: BoxCase,
}

#[derive(Serialize)]
struct PairFound {
    ttc_exact: Number,
    contact_end: Number,
    ttc_stepped_0p1_3s: Number,
}

fn pair(case: &PairCase) -> Result<PairFound, CriticalityError> {
    let (ego, other) = (case.ego.read()?, case.other.read()?);
    let found = contact(&ego, &other);
    // As nuPlan: an ego that stands has no time to collision.
    let standing = ego.speed_meters_per_sec <= STANDSTILL_METERS_PER_SEC;
    Ok(PairFound {
        ttc_exact: found.map_or(f64::INFINITY, |c| c.enter_secs).into(),
        contact_end: found.map_or(f64::INFINITY, |c| c.leave_secs).into(),
        ttc_stepped_0p1_3s: found
            .filter(|_| !standing)
            .map_or(f64::INFINITY, |c| c.stepped_secs())
            .into(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SceneCase {
    ego: BoxCase,
    others: Vec<BoxCase>,
}

#[derive(Serialize)]
struct SceneFound {
    ttc: Vec<Number>,
    least: Number,
}

fn scene(case: &SceneCase) -> Result<SceneFound, CriticalityError> {
    let ego = case.ego.read()?;
    let others: Result<Vec<_>, _> = case.others.iter().map(BoxCase::read).collect();
    let ttc = contact_times(&ego, &others?);
    Ok(SceneFound {
        least: ttc.iter().copied().fold(f64::INFINITY, f64::min).into(),
        ttc: ttc.into_iter().map(Number).collect(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorstCase {
    ego: BoxCase,
    other: BoxCase,
    a_ego: f64,
    a_other: f64,
}

fn worst(case: &WorstCase) -> Result<Number, CriticalityError> {
    let (ego, other) = (case.ego.read()?, case.other.read()?);
    worst_case_time(&ego, &other, [case.a_ego, case.a_other]).map(Number)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SameDirectionCase {
    v_rear_mps: f64,
    v_front_mps: f64,
    rho: f64,
    a_max: f64,
    b_min: f64,
    b_max: f64,
    v_max_on_accel: Option<f64>,
    d_min: f64,
}

fn rss_same(case: &SameDirectionCase) -> Result<f64, CriticalityError> {
    let rear = Response {
        speed: case.v_rear_mps,
        response_secs: case.rho,
        acceleration: case.a_max,
        deceleration: case.b_min,
        speed_limit: case.v_max_on_accel,
    };
    same_direction(&rear, case.v_front_mps, case.b_max, case.d_min)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OppositeCase {
    v1: f64,
    v2: f64,
    rho1: f64,
    rho2: f64,
    a_max: f64,
    b_min_correct: f64,
    b_min: f64,
    v_max_on_accel: Option<f64>,
    d_min: f64,
}

fn rss_opposite(case: &OppositeCase) -> Result<f64, CriticalityError> {
    let response = |speed: f64, response_secs, deceleration| Response {
        speed: speed.abs(),
        response_secs,
        acceleration: case.a_max,
        deceleration,
        speed_limit: case.v_max_on_accel,
    };
    let first = response(case.v1, case.rho1, case.b_min_correct);
    let second = response(case.v2, case.rho2, case.b_min);
    opposite_direction(&first, &second, case.d_min)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LateralCase {
    v_left_mps: f64,
    v_right_mps: f64,
    rho_left: f64,
    rho_right: f64,
    a_lat_max: f64,
    b_lat_min: f64,
    mu_left: f64,
    mu_right: f64,
}

fn rss_lateral(case: &LateralCase) -> Result<f64, CriticalityError> {
    let side = |velocity, response_secs, fluctuation_meters| Side {
        velocity,
        response_secs,
        acceleration: case.a_lat_max,
        deceleration: case.b_lat_min,
        fluctuation_meters,
    };
    lateral(
        &side(case.v_left_mps, case.rho_left, case.mu_left),
        &side(case.v_right_mps, case.rho_right, case.mu_right),
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ImpactCase {
    m_a: f64,
    m_b: f64,
    v_a: f64,
    v_b: f64,
    heading_diff: f64,
}

#[derive(Serialize)]
struct ImpactFound {
    dv_a: f64,
    dv_b: f64,
    v_common: [f64; 2],
}

fn delta_v(case: &ImpactCase) -> Result<ImpactFound, CriticalityError> {
    let found = impact(
        [case.m_a, case.m_b],
        [case.v_a, case.v_b],
        case.heading_diff,
    )?;
    Ok(ImpactFound {
        dv_a: found.delta_v_first,
        dv_b: found.delta_v_second,
        v_common: found.common_velocity,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExposureCase {
    ttc: Vec<Number>,
    dt: f64,
    #[serde(default = "two")]
    tau: f64,
}

#[derive(Serialize)]
struct ExposureFound {
    tet: f64,
    tit: f64,
    least: Number,
    n: usize,
}

fn exposed(case: &ExposureCase) -> Result<ExposureFound, CriticalityError> {
    let ttc: Vec<f64> = case.ttc.iter().map(|t| t.0).collect();
    let found = exposure(&ttc, case.dt, case.tau)?;
    Ok(ExposureFound {
        tet: found.time_exposed_secs,
        tit: found.time_integrated_secs2,
        least: found.least_secs.into(),
        n: found.n,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrackCase {
    t_ns: Vec<i64>,
    boxes: Vec<BoxCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EncroachmentCase {
    first: TrackCase,
    second: TrackCase,
}

#[derive(Serialize)]
struct EncroachmentFound {
    pet: Number,
    et: f64,
    first_leads: bool,
}

fn encroached(case: &EncroachmentCase) -> Result<EncroachmentFound, CriticalityError> {
    let read = |track: &TrackCase| -> Result<Vec<_>, _> {
        track.boxes.iter().map(BoxCase::read).collect()
    };
    let (first, second) = (read(&case.first)?, read(&case.second)?);
    let found = encroachment(
        &BoxTrack {
            t_nanos: &case.first.t_ns,
            boxes: &first,
        },
        &BoxTrack {
            t_nanos: &case.second.t_ns,
            boxes: &second,
        },
    )?;
    Ok(EncroachmentFound {
        pet: found.pet_secs.into(),
        et: found.et_secs,
        first_leads: found.first_leads,
    })
}

pub(crate) static MEASURES: &[Measure] = &[
    Measure {
        name: "criticality.following",
        about: About {
            title: "Times and decelerations of a follower behind a leader in one lane",
            formula: "gap bumper to bumper, dv = v_follow - v_lead, da = a_follow - a_lead. ttc = gap / dv; mttc: first t > 0 with gap = dv t + da t^2 / 2; thw_gap = gap / v_follow; drac = dv^2 / (2 gap); a_required_decel: drac - a_lead, or with a braking leader drac + |a_lead| if contact would come before it stands, else v_follow^2 / (2 (gap + d_lead)); btn = a_required_decel / a_max; dst = 3 dv^2 / (2 (gap - v_lead t_s)). Meters, seconds; infinite where the gap never closes",
            defaults: "a_follow 0, a_lead 0, a_max 11.5 m/s^2 and safety_time 2 s (CriMe)",
            direction: Direction::Describes,
            blind_spots: "one lane, constant speeds or accelerations, no response time; mttc lets a braking leader drive backward, a_required_decel does not; headway is rear to front, some tools take front to front",
            peers: "CriMe 0.4.5 takes the leader's acceleration without its sign, computes v^2/2*a in one mode of a_long_req, and rounds to 2 digits",
            source: "Hayward 1972; Ozbay et al. 2008, eq. 3; Almqvist, Hyden and Risser 1991; Brannstrom et al. 2008; Hupfer 1997",
        },
        example: r#"{"gap": 30, "v_follow": 20, "v_lead": 10, "a_lead": -2}"#,
        run: |case| call(case, following),
    },
    Measure {
        name: "criticality.contact",
        about: About {
            title: "When two oriented boxes that keep velocity and heading touch",
            formula: "separating axes over time: on each of the four box axes |p + q t| <= r; ttc_exact is the begin of the common interval, contact_end its end; ttc_stepped_0p1_3s is the first of 0.1, 0.2 .. 2.9 s inside it, infinite for an ego at 5e-3 m/s or less (nuPlan)",
            defaults: "v 0; the steps are nuPlan's",
            direction: Direction::Describes,
            blind_spots: "constant velocity and heading; which tracks count (ahead, at fault) is not decided here; the stepped value misses contacts shorter than a step",
            peers: "shapely 2.2.0 stepped as nuPlan e9241677 misses 25 brief contacts of 3,000 random pairs",
            source: "Gottschalk, Lin and Manocha 1996; Eberly 1999; nuplan-devkit e9241677 time_to_collision_within_bound",
        },
        example: r#"{"ego": {"x": 0, "y": 0, "h": 0, "l": 5.176, "w": 2.297, "v": 10}, "other": {"x": 25, "y": 0, "h": 0, "l": 4.5, "w": 1.9, "v": 0}}"#,
        run: |case| call(case, pair),
    },
    Measure {
        name: "criticality.contact_scene",
        about: About {
            title: "Exact time to contact of one box with each of many",
            formula: "as criticality.contact, in the order of others; least is the smallest",
            defaults: "v 0",
            direction: Direction::Higher,
            blind_spots: "as criticality.contact; an empty list has an infinite least",
            peers: "shapely 2.2.0, vectorized over steps, gives the stepped value only",
            source: "as criticality.contact",
        },
        example: r#"{"ego": {"x": 0, "y": 0, "h": 0, "l": 4, "w": 2, "v": 10}, "others": [{"x": 25, "y": 0, "h": 0, "l": 4, "w": 2}, {"x": 9, "y": 9, "h": 0, "l": 4, "w": 2}]}"#,
        run: |case| call(case, scene),
    },
    Measure {
        name: "criticality.worst_case_time",
        about: About {
            title: "The earliest time two could touch if each did its worst",
            formula: "first t with |dp + dv t| <= r_a + r_b + (a_ego + a_other) t^2 / 2, bodies as circumscribed circles",
            defaults: "none",
            direction: Direction::Higher,
            blind_spots: "no turning limits and round bodies: a lower bound on any time to collision with those accelerations, often far below it",
            peers: "CriMe 0.4.5 WTTC uses the same discs",
            source: "Wachenfeld, Junietz, Wenzel and Winner 2016",
        },
        example: r#"{"ego": {"x": 0, "y": 0, "h": 0, "l": 4, "w": 2, "v": 10}, "other": {"x": 40, "y": 0, "h": 0, "l": 4, "w": 2}, "a_ego": 4, "a_other": 4}"#,
        run: |case| call(case, worst),
    },
    Measure {
        name: "criticality.rss_same_direction",
        about: About {
            title: "RSS safe distance behind a vehicle that drives the same way",
            formula: "max(0, d(rear) - v_front^2 / (2 b_max)) + d_min, d = v rho + a t^2 / 2 + (v' - v)(rho - t) + v'^2 / (2 b_min) with v' = min(v + a rho, max(v_max, v)) and t = (v' - v) / a; meters",
            defaults: "v_max_on_accel none; ad-rss-lib: rho 1 s (ego) or 2 s, a_max 3.5, b_min 4, b_max 8 m/s^2",
            direction: Direction::Describes,
            blind_spots: "a violation needs the lateral distance unsafe as well",
            peers: "formulas of intel/ad-rss-lib 847b9c2a (LGPL: derived anew, not copied)",
            source: "Shalev-Shwartz, Shammah and Shashua, arXiv 1708.06374, definition 1",
        },
        example: r#"{"v_rear_mps": 14, "v_front_mps": 14, "rho": 1, "a_max": 3.5, "b_min": 4, "b_max": 8, "v_max_on_accel": null, "d_min": 0}"#,
        run: |case| call(case, rss_same),
    },
    Measure {
        name: "criticality.rss_opposite_direction",
        about: About {
            title: "RSS safe distance between vehicles that drive toward each other",
            formula: "d(v1; rho1, b_min_correct) + d(v2; rho2, b_min) + d_min, d as criticality.rss_same_direction; the sign of a speed only says its direction; meters",
            defaults: "v_max_on_accel none; ad-rss-lib: b_min_correct 3 m/s^2",
            direction: Direction::Describes,
            blind_spots: "as criticality.rss_same_direction",
            peers: "formulas of intel/ad-rss-lib 847b9c2a (LGPL: derived anew, not copied)",
            source: "arXiv 1708.06374, definition 2",
        },
        example: r#"{"v1": 14, "v2": 14, "rho1": 1, "rho2": 2, "a_max": 3.5, "b_min_correct": 3, "b_min": 4, "v_max_on_accel": null, "d_min": 0}"#,
        run: |case| call(case, rss_opposite),
    },
    Measure {
        name: "criticality.rss_lateral",
        about: About {
            title: "RSS safe lateral distance",
            formula: "max(0, off(left) - off(right) + (mu_left + mu_right) / 2), off(v) = v rho + a rho^2 / 2 plus (v + a rho)^2 / (2 b) only while still moving toward the other; velocities to the right positive; meters",
            defaults: "ad-rss-lib: a_lat_max 0.2, b_lat_min 0.8 m/s^2, mu 0.1 m",
            direction: Direction::Describes,
            blind_spots: "as criticality.rss_same_direction",
            peers: "formulas of intel/ad-rss-lib 847b9c2a (LGPL: derived anew, not copied)",
            source: "arXiv 1708.06374, definition 6",
        },
        example: r#"{"v_left_mps": 0.3, "v_right_mps": 0, "rho_left": 2, "rho_right": 2, "a_lat_max": 0.2, "b_lat_min": 0.8, "mu_left": 0.1, "mu_right": 0.1}"#,
        run: |case| call(case, rss_lateral),
    },
    Measure {
        name: "criticality.delta_v",
        about: About {
            title: "Change of speed in a perfectly plastic collision",
            formula: "dv_a = m_b / (m_a + m_b) |v_b - v_a|, dv_b with the masses swapped, v_common by the balance of momentum, x along a's heading; kilograms, meters per second",
            defaults: "none; nuPlan takes 2,000 kg for both",
            direction: Direction::Lower,
            blind_spots: "no restitution, rotation or point of impact",
            peers: "nuplan-devkit e9241677 agrees; CriMe 0.4.5 uses v_a + v_b cos, which is wrong for anything but standing targets",
            source: "balance of momentum",
        },
        example: r#"{"m_a": 2000, "m_b": 1500, "v_a": 14, "v_b": 8, "heading_diff": 1.57}"#,
        run: |case| call(case, delta_v),
    },
    Measure {
        name: "criticality.exposure",
        about: About {
            title: "How long and how deep a time to collision stayed below its threshold",
            formula: "tet = sum dt [ttc <= tau]; tit = sum (tau - ttc) dt while ttc <= tau; seconds, seconds squared",
            defaults: "tau 2 s (CriMe)",
            direction: Direction::Lower,
            blind_spots: "evenly spaced samples; an event between samples is not seen",
            peers: "CriMe 0.4.5 rounds to 2 digits",
            source: "Minderhoud and Bovy 2001, eq. 4 and 6",
        },
        example: r#"{"ttc": ["inf", 3.0, 1.5, 1.0, 2.5], "dt": 0.1}"#,
        run: |case| call(case, exposed),
    },
    Measure {
        name: "criticality.encroachment",
        about: About {
            title: "Post-encroachment time of two tracks of boxes",
            formula: "the conflict area is what both footprints sweep; pet = entry of the second into it - exit of the first, negative where both were inside at once, infinite where no area is shared; et = exit - entry of the first; seconds",
            defaults: "none",
            direction: Direction::Higher,
            blind_spots: "times are of samples: a pet is known to two sample periods, and boxes must be sampled nearer than they are long",
            peers: "CriMe 0.4.5 gives infinity outside tagged intersections",
            source: "Allen, Shin and Cooper 1978",
        },
        example: r#"{"first": {"t_ns": [0, 100000000], "boxes": [{"x": -1, "y": 0, "h": 0, "l": 4, "w": 2}, {"x": 9, "y": 0, "h": 0, "l": 4, "w": 2}]}, "second": {"t_ns": [0, 1000000000], "boxes": [{"x": 0, "y": -9, "h": 0, "l": 2, "w": 2}, {"x": 0, "y": 0, "h": 0, "l": 2, "w": 2}]}}"#,
        run: |case| call(case, encroached),
    },
];
