//! The measures of this subject by name.

use super::navsim::{Epdms, Pdms};
use super::nuplan::{
    AtFault, COMFORT_BOUNDS, ClosedLoop, at_fault_collisions, driving_direction, is_comfortable,
    progress, speed_limit,
};
use super::robot::{Episodes, ZONES_METERS, Zones, barn, social, spl};
use super::{DrivingError, expert};
use crate::kinematics::{self, KinematicsError};
use crate::registry::{About, Direction, Measure, Number, call};
use crate::stats::{Estimate, Resampling, bootstrap, moments};
use serde::{Deserialize, Serialize};
use std::convert::Infallible;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClosedLoopCase {
    no_at_fault_collisions: f64,
    drivable_area: f64,
    making_progress: f64,
    driving_direction: f64,
    progress: f64,
    ttc: f64,
    speed: f64,
    comfort: f64,
}

fn closed_loop(case: &ClosedLoopCase) -> Result<f64, DrivingError> {
    ClosedLoop {
        no_at_fault_collisions: case.no_at_fault_collisions,
        drivable_area: case.drivable_area,
        making_progress: case.making_progress,
        driving_direction: case.driving_direction,
        progress: case.progress,
        ttc: case.ttc,
        speed: case.speed,
        comfort: case.comfort,
    }
    .score()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AtFaultCase {
    vru: u32,
    vehicle: u32,
    object: u32,
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the registry calls functions that may fail"
)]
fn at_fault(case: &AtFaultCase) -> Result<f64, Infallible> {
    Ok(at_fault_collisions(AtFault {
        vulnerable: case.vru,
        vehicles: case.vehicle,
        objects: case.object,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SpeedCase {
    over_speed: Vec<f64>,
    dt: f64,
    #[serde(default = "devkit_threshold")]
    threshold: f64,
}

fn devkit_threshold() -> f64 {
    2.23
}

fn speed(case: &SpeedCase) -> Result<f64, DrivingError> {
    speed_limit(&case.over_speed, case.dt, case.threshold)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgressCase {
    ego: f64,
    expert: f64,
}

#[derive(Serialize)]
struct ProgressFound {
    ratio: f64,
    making_progress: f64,
}

fn progressed(case: &ProgressCase) -> Result<ProgressFound, DrivingError> {
    let found = progress(case.ego, case.expert)?;
    Ok(ProgressFound {
        ratio: found.ratio,
        making_progress: f64::from(found.making_progress),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DirectionCase {
    against_traffic: f64,
}

fn direction(case: &DirectionCase) -> Result<f64, DrivingError> {
    driving_direction(case.against_traffic)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ComfortCase {
    dt: f64,
    accel_lon: Vec<f64>,
    accel_lat: Vec<f64>,
    yaw: Vec<f64>,
}

#[derive(Serialize)]
struct ComfortFound {
    comfortable: bool,
    accel_lon: [f64; 2],
    accel_lat: f64,
    jerk_lon: f64,
    jerk: f64,
    yaw_rate: f64,
    yaw_accel: f64,
}

fn comfortable(case: &ComfortCase) -> Result<ComfortFound, KinematicsError> {
    let drive = kinematics::comfort(&case.accel_lon, &case.accel_lat, &case.yaw, case.dt)?;
    let most = |x: &[f64]| x.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    let lon = &drive.longitudinal_acceleration;
    Ok(ComfortFound {
        comfortable: is_comfortable(&drive, &COMFORT_BOUNDS),
        accel_lon: [
            lon.iter().copied().fold(f64::INFINITY, f64::min),
            lon.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        ],
        accel_lat: most(&drive.lateral_acceleration),
        jerk_lon: most(&drive.longitudinal_jerk),
        jerk: most(&drive.jerk),
        yaw_rate: most(&drive.yaw_rate),
        yaw_accel: most(&drive.yaw_acceleration),
    })
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct BootstrapCase {
    resamples: usize,
    seed: u64,
}

impl From<BootstrapCase> for Resampling {
    fn from(case: BootstrapCase) -> Self {
        Self {
            resamples: case.resamples,
            seed: case.seed,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScenariosCase {
    /// One score per scenario; null for one that failed and scores nothing.
    scores: Vec<Option<f64>>,
    bootstrap: Option<BootstrapCase>,
}

fn scenarios(case: &ScenariosCase) -> Result<Estimate, DrivingError> {
    let scores: Vec<f64> = case.scores.iter().map(|s| s.unwrap_or(0.0)).collect();
    if scores.is_empty() {
        return Err(DrivingError::Empty {
            field: "scores",
            least: 1,
        });
    }
    scores
        .iter()
        .try_for_each(|s| super::unit(&[("scores", *s)]))?;
    let mean = |drawn: &[usize]| {
        let sum: f64 = drawn.iter().filter_map(|&i| scores.get(i)).sum();
        Some(sum / drawn.len() as f64)
    };
    let interval = case
        .bootstrap
        .and_then(|how| bootstrap(scores.len(), how.into(), mean));
    let n = scores.len();
    Ok(Estimate::with(
        scores.iter().sum::<f64>() / n as f64,
        interval,
        n,
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PdmsCase {
    #[serde(rename = "NC")]
    nc: f64,
    #[serde(rename = "DAC")]
    dac: f64,
    #[serde(rename = "TTC")]
    ttc: f64,
    #[serde(rename = "EP")]
    ep: f64,
    #[serde(rename = "C")]
    c: f64,
}

fn pdms(case: &PdmsCase) -> Result<f64, DrivingError> {
    Pdms {
        no_collision: case.nc,
        drivable_area: case.dac,
        ttc: case.ttc,
        progress: case.ep,
        comfort: case.c,
    }
    .score()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EpdmsParts {
    #[serde(rename = "NC")]
    nc: f64,
    #[serde(rename = "DAC")]
    dac: f64,
    #[serde(rename = "DDC")]
    ddc: f64,
    #[serde(rename = "TLC")]
    tlc: f64,
    #[serde(rename = "TTC")]
    ttc: f64,
    #[serde(rename = "EP")]
    ep: f64,
    #[serde(rename = "HC")]
    hc: f64,
    #[serde(rename = "LK")]
    lk: f64,
    #[serde(rename = "EC")]
    ec: f64,
}

impl EpdmsParts {
    fn read(&self) -> Epdms {
        Epdms {
            no_collision: self.nc,
            drivable_area: self.dac,
            driving_direction: self.ddc,
            traffic_lights: self.tlc,
            ttc: self.ttc,
            progress: self.ep,
            history_comfort: self.hc,
            lane_keeping: self.lk,
            extended_comfort: self.ec,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EpdmsCase {
    agent: EpdmsParts,
    human: Option<EpdmsParts>,
}

fn epdms(case: &EpdmsCase) -> Result<f64, DrivingError> {
    let human = case.human.as_ref().map_or(Epdms::PERFECT, EpdmsParts::read);
    case.agent.read().score(&human)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpertCase {
    ego: Vec<[f64; 3]>,
    expert: Vec<[f64; 3]>,
    #[serde(default)]
    heading_weight: f64,
}

#[derive(Serialize)]
struct ExpertFound {
    mean: f64,
    max: f64,
    final_error: f64,
    path_progress: f64,
    n: usize,
}

fn against_expert(case: &ExpertCase) -> Result<ExpertFound, DrivingError> {
    let errors = expert::errors(&case.ego, &case.expert, case.heading_weight)?;
    let flat = |p: &[f64; 3]| [p[0], p[1]];
    let path: Vec<[f64; 2]> = case.expert.iter().map(flat).collect();
    let ends = case.ego.first().zip(case.ego.last());
    let path_progress = match ends {
        Some((first, last)) => expert::path_progress(flat(first), flat(last), &path)?,
        None => 0.0,
    };
    Ok(ExpertFound {
        mean: moments(&errors).map_or(0.0, |m| m.mean),
        max: errors.iter().copied().fold(0.0, f64::max),
        final_error: errors.last().copied().unwrap_or_default(),
        path_progress,
        n: errors.len(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SplCase {
    success: Vec<f64>,
    shortest: Vec<f64>,
    actual: Vec<f64>,
    bootstrap: Option<BootstrapCase>,
}

fn weighted_success(case: &SplCase) -> Result<Estimate, DrivingError> {
    let episodes = Episodes {
        success: &case.success,
        shortest_meters: &case.shortest,
        actual_meters: &case.actual,
    };
    spl(&episodes, case.bootstrap.map(Into::into))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BarnCase {
    success: f64,
    path_length: f64,
    actual_time: f64,
    #[serde(default = "two")]
    v_max: f64,
}

fn two() -> f64 {
    2.0
}

#[derive(Serialize)]
struct BarnFound {
    icra2022_clip4_8: f64,
    later_clip2_8: f64,
}

fn barn_score(case: &BarnCase) -> Result<BarnFound, DrivingError> {
    let of = |low| {
        barn(
            case.success,
            case.path_length,
            case.actual_time,
            case.v_max,
            [low, 8.0],
        )
    };
    Ok(BarnFound {
        icra2022_clip4_8: of(4.0)?,
        later_clip2_8: of(2.0)?,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SocialCase {
    robot: Vec<[f64; 2]>,
    people: Vec<Vec<[f64; 2]>>,
    dt: f64,
    #[serde(default = "hall")]
    zones: [f64; 3],
}

fn hall() -> [f64; 3] {
    [
        ZONES_METERS.intimate,
        ZONES_METERS.personal,
        ZONES_METERS.social,
    ]
}

#[derive(Serialize)]
struct SocialFound {
    least: Number,
    intimate_secs: f64,
    personal_secs: f64,
    social_secs: f64,
    personal_entries: usize,
    n: usize,
}

fn social_distance(case: &SocialCase) -> Result<SocialFound, DrivingError> {
    let [intimate, personal, far] = case.zones;
    let zones = Zones {
        intimate,
        personal,
        social: far,
    };
    let found = social(&case.robot, &case.people, case.dt, &zones)?;
    Ok(SocialFound {
        least: found.least_meters.into(),
        intimate_secs: found.intimate_secs,
        personal_secs: found.personal_secs,
        social_secs: found.social_secs,
        personal_entries: found.personal_entries,
        n: found.n,
    })
}

const NUPLAN: &str = "nuplan-devkit e9241677";

pub(crate) static MEASURES: &[Measure] = &[
    Measure {
        name: "driving.nuplan_closed_loop",
        about: About {
            title: "nuPlan's closed-loop score of one scenario",
            formula: "NC DAC MP DDC (5 progress + 5 TTC + 4 speed + 2 comfort) / 16, parts from 0 to 1",
            defaults: "none",
            direction: Direction::Higher,
            blind_spots: "gates hide how bad a failed scenario was",
            peers: "the devkit's page on aggregation lists the driving direction with weight 5; its configurations multiply by it, as here",
            source: NUPLAN,
        },
        example: r#"{"no_at_fault_collisions": 1, "drivable_area": 1, "making_progress": 1, "driving_direction": 1, "progress": 0.9, "ttc": 1, "speed": 0.95, "comfort": 1}"#,
        run: |case| call(case, closed_loop),
    },
    Measure {
        name: "driving.nuplan_at_fault",
        about: About {
            title: "nuPlan's part for collisions the ego is to blame for",
            formula: "product over vru, vehicle, object of max(0, 1 - n / (allowed + 1)) with 0, 0 and 1 allowed",
            defaults: "none",
            direction: Direction::Higher,
            blind_spots: "who is to blame is decided before",
            peers: NUPLAN,
            source: NUPLAN,
        },
        example: r#"{"vru": 0, "vehicle": 0, "object": 1}"#,
        run: |case| call(case, at_fault),
    },
    Measure {
        name: "driving.nuplan_speed_limit",
        about: About {
            title: "nuPlan's part for keeping the speed limit",
            formula: "max(0, 1 - sum over_speed dt / (threshold T)), T from the first to the last sample; meters per second",
            defaults: "threshold 2.23 m/s",
            direction: Direction::Higher,
            blind_spots: "the sum counts one sample more than the duration, as in the devkit",
            peers: NUPLAN,
            source: NUPLAN,
        },
        example: r#"{"over_speed": [0, 0.5, 1, 0.2, 0], "dt": 0.1}"#,
        run: |case| call(case, speed),
    },
    Measure {
        name: "driving.nuplan_progress_ratio",
        about: About {
            title: "nuPlan's parts for progress along the expert's route",
            formula: "ratio = min(1, max(ego, 0.1) / max(expert, 0.1)), 0 for ego < -0.1 m; making_progress = 1 where ratio >= 0.2",
            defaults: "none",
            direction: Direction::Higher,
            blind_spots: "an expert that stands makes any ego perfect",
            peers: NUPLAN,
            source: NUPLAN,
        },
        example: r#"{"ego": 41, "expert": 42}"#,
        run: |case| call(case, progressed),
    },
    Measure {
        name: "driving.nuplan_driving_direction",
        about: About {
            title: "nuPlan's part for driving with the traffic",
            formula: "1 below 2 m against the traffic within a second, 0.5 below 6 m, else 0",
            defaults: "none",
            direction: Direction::Higher,
            blind_spots: "the way driven against the traffic needs a map",
            peers: NUPLAN,
            source: NUPLAN,
        },
        example: r#"{"against_traffic": 1.2}"#,
        run: |case| call(case, direction),
    },
    Measure {
        name: "driving.nuplan_comfort",
        about: About {
            title: "Whether a drive is comfortable by nuPlan's bounds",
            formula: "all of -4.05 <= a_lon <= 2.40, |a_lat| < 4.89 m/s^2, |yaw rate| < 0.95, |yaw accel| < 1.93, |jerk_lon| < 4.13, |jerk| < 8.37 m/s^3 after the filters of kinematics.comfort; extremes beside it",
            defaults: "none",
            direction: Direction::Describes,
            blind_spots: "as kinematics.comfort",
            peers: "nuplan-devkit e9241677 ego_is_comfortable; NAVSIM 0a380a90 has the same bounds",
            source: NUPLAN,
        },
        example: r#"{"dt": 0.1, "accel_lon": [0, 0.1, 0.3, 0.4, 0.4, 0.3, 0.2, 0.1, 0, 0], "accel_lat": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "yaw": [0, 0, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.11, 0.12]}"#,
        run: |case| call(case, comfortable),
    },
    Measure {
        name: "driving.scenario_mean",
        about: About {
            title: "Mean score over scenarios",
            formula: "sum of scores / number of scenarios; a failed one (null) counts with 0; interval by the bias-corrected percentile bootstrap over scenarios",
            defaults: "no interval without bootstrap {resamples, seed}",
            direction: Direction::Higher,
            blind_spots: "scenarios of one drive are not independent: intervals are then too narrow",
            peers: "nuplan-devkit e9241677: per-type means weighted by counts are this mean",
            source: NUPLAN,
        },
        example: r#"{"scores": [1, 0.875, null, 0.9], "bootstrap": {"resamples": 200, "seed": 1}}"#,
        run: |case| call(case, scenarios),
    },
    Measure {
        name: "driving.pdms",
        about: About {
            title: "NAVSIM's predictive driver model score",
            formula: "NC DAC (5 EP + 5 TTC + 2 C) / 12, parts from 0 to 1",
            defaults: "none",
            direction: Direction::Higher,
            blind_spots: "4 s without reaction of others",
            peers: "navsim 0a380a90",
            source: "Dauner et al. 2024, eq. 1",
        },
        example: r#"{"NC": 1, "DAC": 1, "TTC": 1, "EP": 0.8, "C": 1}"#,
        run: |case| call(case, pdms),
    },
    Measure {
        name: "driving.epdms",
        about: About {
            title: "NAVSIM's extended predictive driver model score",
            formula: "product of NC, DAC, DDC, TLC times (5 TTC + 5 EP + 2 HC + 2 LK + 2 EC) / 16; a part the human scored 0 at counts as 1",
            defaults: "human: full in every part",
            direction: Direction::Higher,
            blind_spots: "what the human failed at is not asked of the agent",
            peers: "navsim 0a380a90",
            source: "Cao et al. 2025, eq. 2",
        },
        example: r#"{"agent": {"NC": 1, "DAC": 1, "DDC": 1, "TLC": 1, "TTC": 1, "EP": 0.9, "HC": 1, "LK": 1, "EC": 0}}"#,
        run: |case| call(case, epdms),
    },
    Measure {
        name: "driving.expert_error",
        about: About {
            title: "A drive against the expert's",
            formula: "per sample |xy - xy_expert| + heading_weight |heading difference|: mean, max and last (meters); path_progress: way along the expert's path between the projections of the first and last pose. Poses [x, y, heading]",
            defaults: "heading_weight 0; nuPlan's error with yaw takes 2.5",
            direction: Direction::Lower,
            blind_spots: "projection takes the nearest place: wrong on paths that cross themselves; errors are by index, so both need the same times",
            peers: "nuplan-devkit e9241677 ego_expert_l2_error; its progress follows baselines of the map",
            source: NUPLAN,
        },
        example: r#"{"ego": [[0, 0, 0], [1, 0.1, 0], [2, 0.1, 0.1]], "expert": [[0, 0, 0], [1, 0, 0], [2, 0, 0]]}"#,
        run: |case| call(case, against_expert),
    },
    Measure {
        name: "driving.spl",
        about: About {
            title: "Success weighted by path length",
            formula: "mean over episodes of S l / max(p, l); interval by the bias-corrected percentile bootstrap over episodes",
            defaults: "no interval without bootstrap {resamples, seed}",
            direction: Direction::Higher,
            blind_spots: "says nothing about time, collisions or comfort",
            peers: "none",
            source: "Anderson et al. 2018, eq. 1",
        },
        example: r#"{"success": [1, 1, 0], "shortest": [10, 5, 7], "actual": [12, 5, 20]}"#,
        run: |case| call(case, weighted_success),
    },
    Measure {
        name: "driving.barn",
        about: About {
            title: "Score of one run of the BARN challenge",
            formula: "S OT / clip(AT, low OT, 8 OT), OT = path_length / v_max; low 4 (ICRA 2022) and 2 (later)",
            defaults: "v_max 2 m/s",
            direction: Direction::Higher,
            blind_spots: "faster than low OT earns nothing more",
            peers: "Daffan/nav-competition-icra2022 run.py; the later clip was not checked against its source",
            source: "BARN challenge, ICRA 2022",
        },
        example: r#"{"success": 1, "path_length": 10, "actual_time": 18}"#,
        run: |case| call(case, barn_score),
    },
    Measure {
        name: "driving.social_distance",
        about: About {
            title: "How near a robot came to people",
            formula: "nearest person per sample: least distance, seconds inside the intimate, personal and social zone, entries into the personal zone; meters between centers",
            defaults: "zones 0.45, 1.2 and 3.6 m (Hall)",
            direction: Direction::Higher,
            blind_spots: "people the robot did not see; zones are round, though people mind their front more",
            peers: "SocNavBench's asymmetric zone takes speed from the position (a defect)",
            source: "Hall 1966",
        },
        example: r#"{"robot": [[0, 0], [1, 0]], "people": [[[3, 0]], [[2, 0.5], [9, 9]]], "dt": 0.1}"#,
        run: |case| call(case, social_distance),
    },
];
