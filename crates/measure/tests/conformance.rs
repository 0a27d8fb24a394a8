//! Reference vectors, tighter than `cargo xtask conformance` holds them.

use fieldassay_measure::calibration::epipolar::epipolar;
use fieldassay_measure::change::{Cusum, PageHinkleyOptions, cusum, page_hinkley, reference};
use fieldassay_measure::clock::{hull, linear};
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
