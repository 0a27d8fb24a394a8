//! Offsets and hand-eye residuals against reference vectors and a real flight.

use fieldassay_measure::calibration::{residual, screw};
use fieldassay_measure::motion::{
    AlignOptions, align, norm_offset, normalized_correlation, parabola, turns_of_poses,
    turns_of_rates,
};
use fieldassay_measure::pose::matrix::norm;
use fieldassay_measure::pose::{
    Pose, Rate, StampedPose, is_rotation, multiply_quat, rotation_vector,
};
use fieldassay_testkit::{expect_near, repository_root, shared_data};
use serde_json::Value;

/// A block of the vectors, none when the file is not as it should be.
fn block(name: &str) -> Option<Value> {
    let path = repository_root().join("conformance/signals/signals.json");
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()?;
    all.get(name).cloned()
}

#[test]
fn time_offset() {
    let expected = block("time_offset").unwrap();
    let number = |key: &str| expected[key].as_f64().unwrap();
    let signal = |t: f64| {
        let wave = |amplitude: f64, hz: f64, phase: f64| {
            amplitude * (std::f64::consts::TAU * hz * t + phase).sin()
        };
        0.6 + wave(0.5, 0.31, 0.0) + wave(0.35, 0.83, 0.4) + wave(0.25, 1.7, 1.1)
    };
    let sampled = |late: f64| -> Vec<f64> {
        (0..=3000)
            .map(|i| signal(f64::from(i) / 100.0 + late))
            .collect()
    };
    let curve = normalized_correlation(&sampled(0.0), &sampled(number("true_s")), 20);
    let peak = parabola(&curve).unwrap();
    assert_eq!(peak.lag, expected["peak_lag"].as_i64().unwrap());
    expect_near(peak.correlation, number("peak_value"), 1e-5);
    expect_near(
        (peak.lag as f64 + peak.delta) / 100.0,
        number("offset_s"),
        1e-6,
    );
}

/// Columns of a file of comma-separated numbers below a head.
fn rows(relative: &str) -> Option<Vec<(i64, Vec<f64>)>> {
    let text = std::fs::read_to_string(shared_data(relative)?).ok()?;
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let (stamp, rest) = line.split_once(',')?;
            let numbers = rest.split(',').map(|x| x.trim().parse().ok());
            Some((stamp.trim().parse().ok()?, numbers.collect::<Option<_>>()?))
        })
        .collect()
}

/// The ground truth of this flight is in the frame of the IMU and on its clock.
#[test]
fn euroc_gyro_against_ground_truth() {
    let (Some(imu), Some(truth)) = (
        rows("euroc_v101_imu_gt/mav0/imu0/data.csv"),
        rows("euroc_v101_imu_gt/mav0/gt0/data.csv"),
    ) else {
        return;
    };
    let gyro = turns_of_rates(
        imu.iter().map(|(t_nanos, x)| Rate {
            t_nanos: *t_nanos,
            radians_per_sec: [x[0], x[1], x[2]],
        }),
        0.1,
    );
    let poses: Vec<StampedPose> = truth
        .iter()
        .map(|(t_nanos, x)| StampedPose {
            t_nanos: *t_nanos,
            pose: Pose {
                translation_meters: [x[0], x[1], x[2]],
                quat_xyzw: [x[4], x[5], x[6], x[3]],
            },
        })
        .collect();
    let poses = turns_of_poses(&poses, 0.1);
    let norms = norm_offset(&gyro, &poses, 0.025, 1.0).unwrap();
    // The signals reference found 0.27 ms and 0.9913 with rates interpolated on the same grid; ours are averaged over its
    // cells, so the two agree within the noise of the rates only.
    expect_near(norms.offset_secs, 0.27e-3, 0.3e-3);
    expect_near(norms.peak.correlation, 0.9913, 1e-3);
    let found = align(&gyro, &poses, &AlignOptions::default()).unwrap();
    assert!(found.offset_secs.abs() < 0.5e-3, "{}", found.offset_secs);
    assert!(
        found.offset_sigma_secs < 0.5e-3,
        "{}",
        found.offset_sigma_secs
    );
    assert!(
        found.half_difference_secs.abs() < 1e-3,
        "{}",
        found.half_difference_secs
    );
    expect_near(found.rate_ratio, 1.0, 0.01);
    let turned = norm(&rotation_vector(&found.a_from_b_quat_xyzw));
    assert!(turned.to_degrees() < 0.2, "{}", turned.to_degrees());
    // The bias that the ground truth lists for the gyro.
    for (seen, stated) in found
        .bias_radians_per_sec
        .iter()
        .zip([-0.002_153, 0.020_744, 0.075_806])
    {
        expect_near(*seen, stated, 3e-4);
    }
}

fn pose(matrix: &Value) -> Pose {
    let cell = |i: usize, j: usize| matrix[i][j].as_f64().unwrap_or(f64::NAN);
    let rotation = [0, 1, 2].map(|i| [0, 1, 2].map(|j| cell(i, j)));
    assert!(is_rotation(&rotation));
    Pose::from_matrix(&rotation, [0, 1, 2].map(|i| cell(i, 3)))
}

#[test]
fn hand_eye_residuals() {
    let expected = block("hand_eye").unwrap();
    let number = |key: &str| expected[key].as_f64().unwrap();
    let [x, a, b] = ["X", "A", "B"].map(|key| pose(&expected[key]));
    let (angle, shift) = residual(&a, &b, &x);
    assert!(angle.to_degrees() < 1e-9 && shift < 1e-9, "{angle} {shift}");
    let degree_y = [
        0.0,
        0.5_f64.to_radians().sin(),
        0.0,
        0.5_f64.to_radians().cos(),
    ];
    let turned = Pose {
        quat_xyzw: multiply_quat(&x.quat_xyzw, &degree_y),
        ..x
    };
    let (angle, shift) = residual(&a, &b, &turned);
    let wanted = &expected["residual_X_rot_1deg_y"];
    expect_near(
        angle.to_degrees(),
        wanted["rot_deg"].as_f64().unwrap(),
        1e-9,
    );
    expect_near(shift, wanted["trans_m"].as_f64().unwrap(), 1e-9);
    for (motion, letter) in [(&a, "A"), (&b, "B")] {
        let found = screw(motion);
        expect_near(
            found.angle_radians.to_degrees(),
            number(&format!("angle_{letter}_deg")),
            1e-9,
        );
        expect_near(
            found.along_meters,
            number(&format!("screw_translation_{letter}")),
            1e-9,
        );
    }
}
