//! nuPlan's metric scenes with their stated answers, from the shared data.

use fieldassay_measure::driving::expert;
use fieldassay_measure::driving::nuplan::{COMFORT_BOUNDS, is_comfortable, progress};
use fieldassay_measure::kinematics::{Comfort, comfort};
use fieldassay_testkit::{expect_near, shared_data};
use serde_json::Value;

/// Stated values are rounded to two digits.
const ROUNDED: f64 = 0.005 + 1e-9;

/// A scene, none where the shared data is absent (said loudly by `shared_data`).
fn scene(metric: &str, name: &str) -> Option<Value> {
    let folder = shared_data("nuplan_metric_dev/common/test/json")?;
    let text = std::fs::read_to_string(folder.join(metric).join(format!("{name}.json"))).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

/// The ego's states, the first included.
fn states(scene: &Value) -> Vec<&Value> {
    let future = scene["ego_future_states"].as_array().unwrap();
    std::iter::once(&scene["ego"]).chain(future).collect()
}

fn column(states: &[&Value], key: &str, index: usize) -> Vec<f64> {
    states
        .iter()
        .map(|s| s[key][index].as_f64().unwrap())
        .collect()
}

/// From the rear axle, where the scenes have the ego, to the center of nuPlan's Pacifica: half of 4.049 m less 1.127 m.
const CENTER_METERS: f64 = 1.461;

/// Poses of the ego's center.
fn poses<'a>(states: impl IntoIterator<Item = &'a Value>) -> Vec<[f64; 3]> {
    states
        .into_iter()
        .map(|state| {
            let [x, y, heading] = [0, 1, 2].map(|i| state["pose"][i].as_f64().unwrap());
            let (sin, cos) = heading.sin_cos();
            [x + CENTER_METERS * cos, y + CENTER_METERS * sin, heading]
        })
        .collect()
}

fn expert_poses(scene: &Value) -> Vec<[f64; 3]> {
    poses(scene["expert_ego_states"].as_array().unwrap())
}

fn drive(scene: &Value) -> Comfort {
    let states = states(scene);
    let t: Vec<f64> = states
        .iter()
        .map(|s| s["time_us"].as_f64().unwrap() / 1e6)
        .collect();
    let step_secs = (t[t.len() - 1] - t[0]) / (t.len() - 1) as f64;
    let lon = column(&states, "acceleration", 0);
    let lat = column(&states, "acceleration", 1);
    comfort(&lon, &lat, &column(&states, "pose", 2), step_secs).unwrap()
}

fn statistic(scene: &Value, name: &str) -> f64 {
    let all = scene["expected"]["statistics"].as_array().unwrap();
    let found = all.iter().find(|s| s[0] == name).unwrap();
    found[1].as_f64().unwrap()
}

#[test]
fn filtered_series_are_as_stated() {
    type Series = fn(&Comfort) -> &[f64];
    let series: [(&str, Series); 8] = [
        ("ego_acceleration", |d| &d.acceleration),
        ("ego_lon_acceleration", |d| &d.longitudinal_acceleration),
        ("ego_lat_acceleration", |d| &d.lateral_acceleration),
        ("ego_jerk", |d| &d.jerk),
        ("ego_lon_jerk", |d| &d.longitudinal_jerk),
        ("ego_lat_jerk", |d| &d.lateral_jerk),
        ("ego_yaw_rate", |d| &d.yaw_rate),
        ("ego_yaw_acceleration", |d| &d.yaw_acceleration),
    ];
    for (metric, of) in series {
        let Some(scene) = scene(metric, metric) else {
            return;
        };
        let drive = drive(&scene);
        let expected = scene["expected"]["time_series"]["values"]
            .as_array()
            .unwrap();
        assert_eq!(of(&drive).len(), expected.len(), "{metric}");
        for (i, (found, e)) in of(&drive).iter().zip(expected).enumerate() {
            let e = e.as_f64().unwrap();
            assert!(
                (found - e).abs() <= ROUNDED,
                "{metric}[{i}]: {found}, stated {e}"
            );
        }
    }
}

#[test]
fn comfort_follows_the_bounds() {
    let Some(turning) = scene("ego_yaw_acceleration", "ego_yaw_acceleration") else {
        return;
    };
    assert!(!is_comfortable(&drive(&turning), &COMFORT_BOUNDS));
    // This scene states `false`, which is what the devkit's test gives while none of the parts has been worked out:
    // it keeps its heading and accelerates by at most 1 m/s^2, so every part is within its bound.
    let Some(gentle) = scene("ego_is_comfortable", "ego_is_comfortable") else {
        return;
    };
    let drive = drive(&gentle);
    assert!(drive.yaw_rate.iter().all(|r| r.abs() < 1e-9));
    assert!(drive.acceleration.iter().all(|a| a.abs() < 1.0));
    assert!(is_comfortable(&drive, &COMFORT_BOUNDS));
}

#[test]
fn errors_against_the_expert_are_as_stated() {
    for (metric, name, weight) in [
        ("ego_expert_l2_error", "ego_expert_l2_error", 0.0),
        (
            "ego_expert_l2_error_with_yaw",
            "ego_expert_l2_error_with_yaw",
            2.5,
        ),
        (
            "ego_expert_l2_error_with_yaw",
            "ego_expert_l2_error_with_yaw_zero",
            2.5,
        ),
    ] {
        let Some(scene) = scene(metric, name) else {
            return;
        };
        let found = expert::errors(&poses(states(&scene)), &expert_poses(&scene), weight).unwrap();
        let mean = found.iter().sum::<f64>() / found.len() as f64;
        expect_near(mean, statistic(&scene, "MEAN"), ROUNDED);
        expect_near(
            found.iter().copied().fold(0.0, f64::max),
            statistic(&scene, "MAX"),
            ROUNDED,
        );
    }
}

/// Ego's and expert's way along the expert's path.
fn ways(scene: &Value) -> [f64; 2] {
    let flat = |p: &[f64; 3]| [p[0], p[1]];
    let path: Vec<[f64; 2]> = expert_poses(scene).iter().map(flat).collect();
    let ego = poses(states(scene));
    let of = |from, to| expert::path_progress(from, to, &path).unwrap();
    [
        of(flat(&ego[0]), flat(&ego[ego.len() - 1])),
        of(path[0], path[path.len() - 1]),
    ]
}

#[test]
fn progress_is_as_stated() {
    for name in [
        "ego_drives_backward",
        "ego_no_progress_along_expert_route",
        "ego_progress_along_expert_route",
    ] {
        let Some(scene) = scene("ego_progress_along_expert_route", name) else {
            return;
        };
        let all = scene["expected"]["statistics"].as_array().unwrap();
        let values: Vec<f64> = all
            .iter()
            .filter(|s| s[0] == "VALUE")
            .map(|s| s[1].as_f64().unwrap())
            .collect();
        let [expert_meters, ego_meters] = values[..] else {
            panic!("{name}")
        };
        let ratio = progress(ego_meters, expert_meters).unwrap().ratio;
        // The stated ratio of 41.04 m to 41.99 m is cut, not rounded: 0.97.
        expect_near(ratio, statistic(&scene, "RATIO"), 0.01);
    }
    let Some(straight) = scene(
        "ego_progress_along_expert_route",
        "ego_progress_along_expert_route",
    ) else {
        return;
    };
    // Along the expert's own path: the same as along the map's baselines where both are straight.
    let [ego, expert] = ways(&straight);
    expect_near(ego, 41.04, 0.05);
    expect_near(expert, 41.99, 0.05);
    let Some(making) = scene("ego_is_making_progress", "ego_is_making_progress") else {
        return;
    };
    let [ego, expert] = ways(&making);
    assert!(progress(ego, expert).unwrap().making_progress);
    let no_route = progress(0.0, 0.0).unwrap();
    assert!(no_route.making_progress && no_route.ratio == 1.0);
}
