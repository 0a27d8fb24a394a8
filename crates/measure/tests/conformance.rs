//! Reference vectors, tighter than `cargo xtask conformance` holds them.

use fieldassay_measure::calibration::epipolar::epipolar;
use fieldassay_measure::change::{Cusum, PageHinkleyOptions, cusum, page_hinkley, reference};
use fieldassay_measure::clock::{hull, linear};
use fieldassay_measure::imu::{adev, hdev, mdev, normal_gravity, oadev, ohdev, tdev};
use fieldassay_measure::trajectory::{umeyama, umeyama_plane};
use fieldassay_testkit::vectors::{ClockCase, DriftCase, UNITS_PER_SEC};
use fieldassay_testkit::{expect_near, repository_root};
use serde_json::Value;

/// A block of the vectors, none when the file is not as it should be.
fn block(name: &str) -> Option<Value> {
    let path = repository_root().join("conformance/signals/signals.json");
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()?;
    all.get(name).cloned()
}

#[test]
fn hull_and_least_squares() {
    let expected = block("clock_hull").unwrap();
    let number = |key: &str| expected[key].as_f64().unwrap();
    let case = ClockCase::read(&expected).unwrap();
    expect_near(case.mean_delay_secs, number("mean_delay"), 1e-12);
    let h = hull(&case.remote, &case.local).unwrap();
    assert_eq!(h.hull_size as u64, expected["hull_size"].as_u64().unwrap());
    expect_near(h.skew_ppm, number("hull_skew_ppm"), 1e-5);
    expect_near(h.offset_ns / UNITS_PER_SEC, number("hull_offset"), 1e-10);
    assert!(
        h.skew_interval_ppm
            .unwrap()
            .contains(number("true_skew_ppm"))
    );
    let l = linear(&case.remote, &case.local).unwrap();
    expect_near(l.skew_ppm, number("lsq_skew_ppm"), 1e-5);
    expect_near(l.offset_ns / UNITS_PER_SEC, number("lsq_offset"), 1e-10);
}

#[test]
fn cusum_and_page_hinkley() {
    let expected = block("drift").unwrap();
    let values = DriftCase::read(&expected).unwrap().values;
    let (mean, std) = reference(&values[..DriftCase::REFERENCE]).unwrap();
    expect_near(mean, expected["mu"].as_f64().unwrap(), 1e-14);
    expect_near(std, expected["sd"].as_f64().unwrap(), 1e-14);
    for (key, k, h) in [
        ("cusum_first_alarm", 0.5, 5.0),
        ("cusum_k0.25_h8", 0.25, 8.0),
    ] {
        let alarm = cusum(Cusum::new(mean, std, k, h).unwrap(), &values).unwrap();
        assert_eq!(alarm.index as u64, expected[key][0].as_u64().unwrap());
        expect_near(alarm.upper, expected[key][1].as_f64().unwrap(), 1e-12);
        expect_near(alarm.lower, expected[key][2].as_f64().unwrap(), 1e-12);
    }
    for (key, threshold) in [("ph_default", 50.0), ("ph_th5", 5.0)] {
        let options = PageHinkleyOptions {
            threshold,
            ..PageHinkleyOptions::default()
        };
        let alarm = page_hinkley(options, &values).unwrap().unwrap();
        assert_eq!(alarm.index as u64, expected[key][0].as_u64().unwrap());
        expect_near(alarm.sum, expected[key][1].as_f64().unwrap(), 1e-12);
    }
}

#[test]
fn epipolar_distances() {
    let expected = block("epipolar").unwrap();
    let triple = |value: &Value| -> [f64; 3] { [0, 1, 2].map(|i| value[i].as_f64().unwrap()) };
    let f = [0, 1, 2].map(|i| triple(&expected["F"][i]));
    let found = epipolar(&f, triple(&expected["x1"]), triple(&expected["x2"]));
    let number = |key: &str| expected[key].as_f64().unwrap();
    expect_near(found.residual, number("x2Fx1"), 1e-13);
    expect_near(found.sampson_squared, number("sampson_sq"), 1e-12);
    expect_near(found.second_to_line, number("dist_l2"), 1e-12);
    expect_near(found.first_to_line, number("dist_l1"), 1e-12);
}

#[test]
fn allan_deviations() {
    let expected = block("allan_nist_sp1065").unwrap();
    let mut state = 1_234_567_890_u64;
    let values: Vec<f64> = (0..1000)
        .map(|_| {
            let value = state as f64 / 2_147_483_647.0;
            state = 16807 * state % 2_147_483_647;
            value
        })
        .collect();
    for (name, deviation) in [
        ("adev", adev as fn(&[f64], f64, &[f64]) -> _),
        ("oadev", oadev),
        ("mdev", mdev),
        ("tdev", tdev),
        ("hdev", hdev),
        ("ohdev", ohdev),
    ] {
        let result = &expected["results"][name];
        let points = deviation(&values, 1.0, &[100.0, 1.0, 10.0]).unwrap();
        assert_eq!(points.len(), 3);
        for (i, point) in points.iter().enumerate() {
            expect_near(point.tau_secs, result["tau"][i].as_f64().unwrap(), 0.0);
            assert_eq!(point.n as u64, result["n"][i].as_u64().unwrap(), "{name}");
            let wanted = result["dev"][i].as_f64().unwrap();
            assert!(
                (point.deviation / wanted - 1.0).abs() < 1e-11,
                "{name} {} is not {wanted}",
                point.deviation
            );
        }
    }
}

#[test]
fn normal_gravity_by_latitude() {
    let expected = block("gravity_wgs84").unwrap();
    for (latitude, gravity) in expected.as_object().unwrap() {
        let degrees: f64 = latitude.parse().unwrap();
        expect_near(
            normal_gravity(degrees.to_radians(), 0.0),
            gravity.as_f64().unwrap(),
            1e-12,
        );
    }
}

#[test]
fn umeyama_with_and_without_scale() {
    let expected = block("umeyama_1991").unwrap();
    let cell = |key: &str, row: usize, column: usize| expected[key][row][column].as_f64().unwrap();
    let points = |key: &str| -> Vec<[f64; 2]> {
        (0..3).map(|i| [cell(key, 0, i), cell(key, 1, i)]).collect()
    };
    let (x, y) = (points("X"), points("Y"));
    for with_scale in [true, false] {
        let wanted = if with_scale {
            &expected
        } else {
            &expected["rigid"]
        };
        let found = umeyama_plane(&x, &y, with_scale).unwrap();
        for i in 0..2 {
            for j in 0..2 {
                let r = wanted["R"][i][j].as_f64().unwrap();
                expect_near(found.rotation[i][j], r, 1e-12);
            }
            expect_near(
                found.translation[i],
                wanted["t"][i].as_f64().unwrap(),
                1e-12,
            );
        }
        if with_scale {
            expect_near(found.scale, wanted["c"].as_f64().unwrap(), 1e-12);
            expect_near(
                found.mean_squared_error,
                wanted["mse"].as_f64().unwrap(),
                1e-12,
            );
        }
    }
    // The same points in space, off their plane so that no mirror is better, agree with the plane's rotation.
    let lift = |p: &[[f64; 2]]| -> Vec<[f64; 3]> {
        p.iter()
            .flat_map(|p| [[p[0], p[1], 2.0], [p[0], p[1], -2.0]])
            .collect()
    };
    let flat = umeyama_plane(&x, &y, false).unwrap();
    let solid = umeyama(&lift(&x), &lift(&y), false).unwrap();
    for i in 0..2 {
        for j in 0..2 {
            expect_near(solid.rotation[i][j], flat.rotation[i][j], 1e-12);
        }
    }
}
