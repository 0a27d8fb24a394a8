//! The measures of this subject by name.

use super::{
    Comfort, Filter, Follower, Idm, KinematicsError, Leader, ScriptedLeader, SingleTrack,
    SingleTrackState, finite, finite_series, positive, rollout, savgol,
};
use crate::registry::{About, Direction, Measure, call};
use serde::{Deserialize, Serialize};

fn four() -> f64 {
    4.0
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IdmCase {
    target_velocity: f64,
    min_gap: f64,
    headway: f64,
    a_max: f64,
    d_max: f64,
    #[serde(default = "four")]
    exponent: f64,
    progress: f64,
    v: f64,
    lead_progress: f64,
    lead_v: f64,
    #[serde(default)]
    lead_half_len: f64,
    dt: f64,
}

#[derive(Serialize)]
struct StateFound {
    progress: f64,
    v: f64,
    v_after_agent_clamp: f64,
}

impl From<Follower> for StateFound {
    fn from(state: Follower) -> Self {
        Self {
            progress: state.progress_meters,
            v: state.speed,
            v_after_agent_clamp: state.speed.max(0.0),
        }
    }
}

#[derive(Serialize)]
struct IdmFound {
    accel_unclamped: f64,
    euler: StateFound,
    ivp_rk45: StateFound,
}

fn idm(case: &IdmCase) -> Result<IdmFound, KinematicsError> {
    let idm = Idm {
        target_speed: case.target_velocity,
        min_gap_meters: case.min_gap,
        headway_secs: case.headway,
        max_acceleration: case.a_max,
        max_deceleration: case.d_max,
        exponent: case.exponent,
    };
    idm.check()?;
    positive(&[("dt", case.dt)])?;
    finite(&[
        ("progress", case.progress),
        ("v", case.v),
        ("lead_progress", case.lead_progress),
        ("lead_v", case.lead_v),
        ("lead_half_len", case.lead_half_len),
    ])?;
    let follower = Follower {
        progress_meters: case.progress,
        speed: case.v,
    };
    let leader = Leader {
        progress_meters: case.lead_progress,
        speed: case.lead_v,
        half_length_meters: case.lead_half_len,
    };
    Ok(IdmFound {
        accel_unclamped: idm.acceleration(&follower, &leader),
        euler: idm.euler(&follower, &leader, case.dt).into(),
        ivp_rk45: idm.solve(&follower, &leader, case.dt)?.into(),
    })
}

/// From step, to step, acceleration.
type Script = Vec<(usize, usize, f64)>;

fn brake_and_recover() -> Script {
    vec![(20, 40, -3.0), (60, usize::MAX, 1.0)]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RolloutCase {
    v0: f64,
    x_lead0: f64,
    v_lead0: f64,
    dt: f64,
    steps: usize,
    params: [f64; 5],
    #[serde(default = "brake_and_recover")]
    script: Script,
}

/// Steps a case may ask for.
const MAX_STEPS: usize = 1_000_000;

fn rolled(case: &RolloutCase) -> Result<Vec<[f64; 5]>, KinematicsError> {
    finite(&[
        ("v0", case.v0),
        ("x_lead0", case.x_lead0),
        ("v_lead0", case.v_lead0),
    ])?;
    if case.steps > MAX_STEPS {
        return Err(KinematicsError::TooManySteps { steps: MAX_STEPS });
    }
    let [
        target_speed,
        min_gap_meters,
        headway_secs,
        max_acceleration,
        max_deceleration,
    ] = case.params;
    let idm = Idm {
        target_speed,
        min_gap_meters,
        headway_secs,
        max_acceleration,
        max_deceleration,
        exponent: 4.0,
    };
    let leader = ScriptedLeader {
        begin: Leader {
            progress_meters: case.x_lead0,
            speed: case.v_lead0,
            half_length_meters: 0.0,
        },
        script: case.script.clone(),
    };
    let follower = Follower {
        progress_meters: 0.0,
        speed: case.v0,
    };
    let found = rollout(&idm, follower, &leader, case.dt, case.steps)?;
    Ok(found
        .iter()
        .map(|s| {
            [
                s.t_secs,
                s.follower.progress_meters,
                s.follower.speed,
                s.leader.progress_meters,
                s.leader.speed,
            ]
        })
        .collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SingleTrackCase {
    x: [f64; 5],
    u: [f64; 2],
    dt: f64,
}

#[derive(Serialize)]
struct SingleTrackFound {
    xdot: [f64; 5],
    x_after_1s: [f64; 5],
}

fn single_track(case: &SingleTrackCase) -> Result<SingleTrackFound, KinematicsError> {
    let car = SingleTrack::BMW_320I;
    let state = SingleTrackState::from(case.x);
    Ok(SingleTrackFound {
        x_after_1s: car.advance(&state, case.u, case.dt)?.into(),
        xdot: car.slope(&state, case.u).into(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ComfortCase {
    dt: f64,
    accel: Vec<f64>,
    yaw: Vec<f64>,
}

#[derive(Serialize)]
struct ComfortFound {
    accel_smoothed: Vec<f64>,
    jerk: Vec<f64>,
    yaw_rate: Vec<f64>,
    yaw_accel: Vec<f64>,
    coeffs_w8: Vec<f64>,
    coeffs_w15_d1: Vec<f64>,
}

/// As scipy lists them: for a convolution, so newest sample first.
fn coefficients(
    window: usize,
    derivative: usize,
    step_secs: f64,
) -> Result<Vec<f64>, KinematicsError> {
    let filter = Filter {
        window,
        order: 2,
        derivative,
        step_secs,
    };
    filter.weights().map(|mut weights| {
        weights.reverse();
        weights
    })
}

fn comfort_series(case: &ComfortCase) -> Result<ComfortFound, KinematicsError> {
    finite_series("accel", &case.accel)?;
    finite_series("yaw", &case.yaw)?;
    let accel_smoothed = Comfort::smoothed(&case.accel, case.dt)?;
    let (yaw_rate, yaw_accel) = Comfort::yaw_of(&case.yaw, case.dt)?;
    Ok(ComfortFound {
        jerk: Comfort::jerk_of(&accel_smoothed, case.dt)?,
        accel_smoothed,
        yaw_rate,
        yaw_accel,
        coeffs_w8: coefficients(8, 0, case.dt)?,
        coeffs_w15_d1: coefficients(15, 1, case.dt)?,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SavgolCase {
    x: Vec<f64>,
    window: usize,
    order: usize,
    #[serde(default)]
    deriv: usize,
    #[serde(default = "one")]
    dt: f64,
}

fn one() -> f64 {
    1.0
}

fn filtered(case: &SavgolCase) -> Result<Vec<f64>, KinematicsError> {
    let filter = Filter {
        window: case.window,
        order: case.order,
        // Derivatives above the order are zero, so more of them are the same.
        derivative: case.deriv.min(case.order + 1),
        step_secs: case.dt,
    };
    savgol(&case.x, &filter)
}

pub(crate) static MEASURES: &[Measure] = &[
    Measure {
        name: "kinematics.idm",
        about: About {
            title: "What the intelligent driver model does behind a leader",
            formula: "accel = a (1 - (v / v0)^exponent - (s* / s)^2), s* = s0 + v T + v (v - v_lead) / (2 sqrt(a b)), s = max(lead_progress - progress - lead_half_len, s0). euler: progress += dt v, v += dt clamp(accel, -b, a); ivp_rk45: the exact motion behind a leader that stays, unbounded",
            defaults: "exponent 4, lead_half_len 0; nuPlan's agents: v0 10, s0 1, T 1.5, a 1, b 2",
            direction: Direction::Describes,
            blind_spots: "one leader; s* is not kept above s0, so a much faster leader can brake the follower",
            peers: "nuplan-devkit e9241677 idm_policy; its solve_ivp policy is exact to 1e-3 only; Waymax keeps the dynamic part above 0; NAVSIM takes exponent 10",
            source: "Treiber, Hennecke and Helbing 2000, eq. 1 to 3",
        },
        example: r#"{"target_velocity": 10, "min_gap": 1, "headway": 1.5, "a_max": 1, "d_max": 2, "progress": 0, "v": 8, "lead_progress": 30, "lead_v": 6, "dt": 0.1}"#,
        run: |case| call(case, idm),
    },
    Measure {
        name: "kinematics.idm_rollout",
        about: About {
            title: "A follower behind a leader that brakes and recovers",
            formula: "rows [t, x, v, x_lead, v_lead] after each step; follower by Euler steps of kinematics.idm from x = 0, never backward; leader by trapezoids; both from the same earlier state",
            defaults: "params [v0, s0, T, a, b]; script [[from step, to step, acceleration]] = -3 m/s^2 in steps 20 to 39, +1 from 60 while below the first speed",
            direction: Direction::Describes,
            blind_spots: "one lane, one leader",
            peers: "nuplan-devkit e9241677 idm_policy",
            source: "as kinematics.idm",
        },
        example: r#"{"v0": 8, "x_lead0": 30, "v_lead0": 8, "dt": 0.1, "steps": 5, "params": [10, 1, 1.5, 1, 2]}"#,
        run: |case| call(case, rolled),
    },
    Measure {
        name: "kinematics.single_track",
        about: About {
            title: "Where a kinematic single-track vehicle is after a time",
            formula: "state [x, y, steering, v, yaw], input [steering rate, acceleration]: x' = v cos(yaw), y' = v sin(yaw), yaw' = v tan(steering) / wheelbase; inputs held within the limits of the vehicle, none past the end of a range, engine power above the switching speed; xdot now, x_after_1s after dt",
            defaults: "a BMW 320i: wheelbase 2.5789 m, steering 1.066 rad and 0.4 rad/s, speed -13.9 to 50.8 m/s, switching 7.319 m/s, 11.5 m/s^2",
            direction: Direction::Describes,
            blind_spots: "no slip: wrong at high lateral acceleration",
            peers: "commonroad-vehicle-models 3.0.2 vehicle_dynamics_ks (parameters BSD-3-Clause)",
            source: "Althoff, Koschi and Manzinger 2017; Dormand and Prince 1980",
        },
        example: r#"{"x": [0, 0, 0.1, 10, 0], "u": [0.1, 1], "dt": 1}"#,
        run: |case| call(case, single_track),
    },
    Measure {
        name: "kinematics.comfort",
        about: About {
            title: "Smoothed acceleration, jerk, yaw rate and yaw acceleration as nuPlan filters them",
            formula: "Savitzky-Golay: accel_smoothed window 8 order 2, rounded to 8 digits; jerk its derivative, window 15 order 2; yaw_rate window 5 order 2 and yaw_accel window 5 order 3 of the unwrapped yaw; coeffs newest sample first; SI units, radians",
            defaults: "windows shorten to the series, except for yaw",
            direction: Direction::Describes,
            blind_spots: "evenly spaced samples; the even window of 8 is half a sample late, as there; at the ends values come from one polynomial and are less sure",
            peers: "scipy 1.17.1 savgol_filter; nuplan-devkit e9241677 asks for a yaw window of 15 but uses 5, kept here",
            source: "Savitzky and Golay 1964; Gorry 1990, eq. 4",
        },
        example: r#"{"dt": 0.1, "accel": [0, 0.1, 0.3, 0.4, 0.4, 0.3, 0.2, 0.1, 0, 0], "yaw": [0, 0, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.11, 0.12]}"#,
        run: |case| call(case, comfort_series),
    },
    Measure {
        name: "kinematics.savgol",
        about: About {
            title: "Savitzky-Golay smoothing or derivative of a series",
            formula: "the derivative at each sample of the least-squares polynomial over the window around it; at the ends that of the outermost window",
            defaults: "deriv 0, dt 1",
            direction: Direction::Describes,
            blind_spots: "evenly spaced samples; even windows are half a sample late",
            peers: "scipy 1.17.1 savgol_filter with mode interp",
            source: "Savitzky and Golay 1964; Gorry 1990, eq. 4",
        },
        example: r#"{"x": [0, 1, 4, 9, 16, 25], "window": 5, "order": 2, "deriv": 1}"#,
        run: |case| call(case, filtered),
    },
];
