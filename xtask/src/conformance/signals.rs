//! Blocks of `signals.json` about clocks and changes.

use super::Outcome;
use fieldassay_measure::calibration::epipolar::epipolar as epipolar_distance;
use fieldassay_measure::change::{Cusum, PageHinkley, PageHinkleyOptions, cusum, reference};
use fieldassay_measure::clock::{hull, linear};
use fieldassay_measure::imu::{adev, hdev, mdev, normal_gravity, oadev, ohdev, tdev};
use fieldassay_measure::trajectory::umeyama_plane;
use fieldassay_testkit::Comparison;
use fieldassay_testkit::vectors::{ClockCase, DriftCase, UNITS_PER_SEC, numbers};
use serde_json::{Value, json};

/// Tolerances of the vectors' README for `clock_hull`.
const SKEW_PPM: f64 = 1e-3;
const OFFSET_SECS: f64 = 1e-9;
/// Tolerance of the vectors' README for `drift`.
const DRIFT: f64 = 1e-9;

/// Tolerance of the vectors' README for `epipolar`.
const EPIPOLAR: f64 = 1e-9;

/// Distances of a pair of points from the epipolar constraint.
pub(super) fn epipolar(block: &Value) -> Outcome {
    let mut c = Comparison::default();
    let triple = |value: &Value| -> Option<[f64; 3]> {
        let list: Option<Vec<f64>> = value.as_array()?.iter().map(Value::as_f64).collect();
        list?.try_into().ok()
    };
    let matrix = || -> Option<[[f64; 3]; 3]> {
        let rows: Option<Vec<[f64; 3]>> = block["F"].as_array()?.iter().map(triple).collect();
        rows?.try_into().ok()
    };
    let (Some(f), Some(x1), Some(x2)) = (matrix(), triple(&block["x1"]), triple(&block["x2"]))
    else {
        c.fail("F, x1 and x2 must be a 3 x 3 matrix and two triples".to_owned());
        return c.into();
    };
    let found = epipolar_distance(&f, x1, x2);
    c.near("x2Fx1", found.residual, &block["x2Fx1"], EPIPOLAR);
    c.near(
        "sampson_sq",
        found.sampson_squared,
        &block["sampson_sq"],
        EPIPOLAR,
    );
    c.near("dist_l2", found.second_to_line, &block["dist_l2"], EPIPOLAR);
    c.near("dist_l1", found.first_to_line, &block["dist_l1"], EPIPOLAR);
    c.into()
}

/// Lower hull and least squares between two generated clocks.
pub(super) fn clock_hull(block: &Value) -> Outcome {
    let mut c = Comparison::default();
    match ClockCase::read(block) {
        Ok(case) => compare_clock(block, &case, &mut c),
        Err(why) => c.fail(why),
    }
    c.into()
}

fn compare_clock(block: &Value, case: &ClockCase, c: &mut Comparison) {
    c.near_absolute(
        "mean_delay",
        case.mean_delay_secs,
        &block["mean_delay"],
        OFFSET_SECS,
    );
    // The vector's offset is that of the line at remote time zero.
    let at_zero = |offset: f64, skew_ppm: f64, first: i64| {
        (offset - 1e-6 * skew_ppm * first as f64) / UNITS_PER_SEC
    };
    match hull(&case.remote, &case.local) {
        Ok(h) => {
            c.equal("hull_size", &json!(h.hull_size), &block["hull_size"]);
            c.near_absolute(
                "hull_skew_ppm",
                h.skew_ppm,
                &block["hull_skew_ppm"],
                SKEW_PPM,
            );
            let offset = at_zero(h.offset_ns, h.skew_ppm, h.first_ns);
            c.near_absolute("hull_offset", offset, &block["hull_offset"], OFFSET_SECS);
        }
        Err(e) => c.fail(format!("hull: {e}")),
    }
    match linear(&case.remote, &case.local) {
        Ok(l) => {
            c.near_absolute("lsq_skew_ppm", l.skew_ppm, &block["lsq_skew_ppm"], SKEW_PPM);
            let offset = at_zero(l.offset_ns, l.skew_ppm, l.first_ns);
            c.near_absolute("lsq_offset", offset, &block["lsq_offset"], OFFSET_SECS);
        }
        Err(e) => c.fail(format!("least squares: {e}")),
    }
}

/// CUSUM and Page–Hinkley on a sequence whose mean jumps.
pub(super) fn drift(block: &Value) -> Outcome {
    let mut c = Comparison::default();
    match DriftCase::read(block) {
        Ok(case) => compare_drift(block, &case.values, &mut c),
        Err(why) => c.fail(why),
    }
    c.into()
}

fn compare_drift(block: &Value, values: &[f64], c: &mut Comparison) {
    let head = values.get(..DriftCase::REFERENCE).unwrap_or(values);
    let (mean, std) = match reference(head) {
        Ok(found) => found,
        Err(e) => return c.fail(format!("reference: {e}")),
    };
    c.near("mu", mean, &block["mu"], DRIFT);
    c.near("sd", std, &block["sd"], DRIFT);
    for (key, expected) in block.as_object().into_iter().flatten() {
        // Parameters that differ from the defaults are part of the name: `cusum_k0.25_h8`, `ph_th5`.
        let option = |mark: &str| {
            key.split('_')
                .skip(1)
                .find_map(|part| numbers(part.strip_prefix(mark)?).first().copied())
        };
        if key.starts_with("cusum") {
            let detector = Cusum::new(
                mean,
                std,
                option("k").unwrap_or(0.5),
                option("h").unwrap_or(5.0),
            );
            match detector {
                Ok(detector) => compare_cusum(key, cusum(detector, values), expected, c),
                Err(e) => c.fail(format!("{key}: {e}")),
            }
        } else if key.starts_with("ph") {
            let defaults = PageHinkleyOptions::default();
            let options = PageHinkleyOptions {
                threshold: option("th").unwrap_or(defaults.threshold),
                ..defaults
            };
            match PageHinkley::new(options) {
                Ok(detector) => compare_page_hinkley(key, detector, (values, expected), c),
                Err(e) => c.fail(format!("{key}: {e}")),
            }
        }
    }
}

fn compare_cusum(
    key: &str,
    alarm: Option<fieldassay_measure::change::CusumAlarm>,
    expected: &Value,
    c: &mut Comparison,
) {
    c.equal(
        &format!("{key} index"),
        &json!(alarm.map(|a| a.index)),
        &expected[0],
    );
    if let Some(alarm) = alarm {
        c.near(&format!("{key} C+"), alarm.upper, &expected[1], DRIFT);
        c.near(&format!("{key} C-"), alarm.lower, &expected[2], DRIFT);
    }
}

fn compare_page_hinkley(
    key: &str,
    mut detector: PageHinkley,
    (values, expected): (&[f64], &Value),
    c: &mut Comparison,
) {
    // Stops at the alarm, so that the sum is that of the alarm or of the last value.
    let alarm = values.iter().find_map(|x| detector.push(*x));
    c.equal(
        &format!("{key} index"),
        &json!(alarm.map(|a| a.index)),
        &expected[0],
    );
    c.near(
        &format!("{key} statistic"),
        detector.sum(),
        &expected[1],
        DRIFT,
    );
}

/// Tolerance of the vectors' README for `allan_nist_sp1065` and `umeyama_1991`.
const ALLAN: f64 = 1e-9;
/// Tolerance of the vectors' README for `gravity_wgs84`.
const GRAVITY: f64 = 1e-12;

/// Allan deviation and its relatives of a generated series.
pub(super) fn allan(block: &Value) -> Outcome {
    let mut c = Comparison::default();
    let generator = block["gen"].as_str().unwrap_or_default();
    let [seed, modulus, factor, _, count] = numbers(generator)[..] else {
        c.fail("`gen` is not of the form `n0=SEED; x=n/M; n=(A*n) mod M; N values`".to_owned());
        return c.into();
    };
    let mut state = seed;
    let mut values = Vec::new();
    while (values.len() as f64) < count {
        values.push(state / modulus);
        // Products of two numbers below 2^31 and 2^15 are exact in a float.
        state = (factor * state) % modulus;
    }
    for (name, deviation) in [
        ("adev", adev as fn(&[f64], f64, &[f64]) -> _),
        ("oadev", oadev),
        ("mdev", mdev),
        ("tdev", tdev),
        ("hdev", hdev),
        ("ohdev", ohdev),
    ] {
        let result = &block["results"][name];
        let taus: Vec<f64> = result["tau"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_f64)
            .collect();
        match deviation(&values, 1.0, &taus) {
            Ok(points) => {
                c.equal(
                    &format!("{name} points"),
                    &json!(points.len()),
                    &json!(taus.len()),
                );
                for (i, point) in points.iter().enumerate() {
                    c.equal(&format!("{name} n"), &json!(point.n), &result["n"][i]);
                    c.near(name, point.deviation, &result["dev"][i], ALLAN);
                }
            }
            Err(e) => c.fail(format!("{name}: {e}")),
        }
    }
    c.into()
}

/// Normal gravity by latitude.
pub(super) fn gravity(block: &Value) -> Outcome {
    let mut c = Comparison::default();
    for (latitude, expected) in block.as_object().into_iter().flatten() {
        match latitude.parse::<f64>() {
            Ok(degrees) => {
                let found = normal_gravity(degrees.to_radians(), 0.0);
                c.near(latitude, found, expected, GRAVITY);
            }
            Err(e) => c.fail(format!("latitude `{latitude}`: {e}")),
        }
    }
    c.into()
}

/// The example of Umeyama (1991), with scale and rigid.
pub(super) fn umeyama(block: &Value) -> Outcome {
    let mut c = Comparison::default();
    let points = |key: &str| -> Vec<[f64; 2]> {
        let row = |i: usize| -> Vec<f64> {
            let cells = block[key][i].as_array().into_iter().flatten();
            cells.filter_map(Value::as_f64).collect()
        };
        row(0)
            .into_iter()
            .zip(row(1))
            .map(|(x, y)| [x, y])
            .collect()
    };
    for (with_scale, wanted) in [(true, block), (false, &block["rigid"])] {
        match umeyama_plane(&points("X"), &points("Y"), with_scale) {
            Ok(found) => {
                for i in 0..2 {
                    for j in 0..2 {
                        c.near("R", found.rotation[i][j], &wanted["R"][i][j], ALLAN);
                    }
                    c.near("t", found.translation[i], &wanted["t"][i], ALLAN);
                }
                if with_scale {
                    c.near("c", found.scale, &wanted["c"], ALLAN);
                    c.near("mse", found.mean_squared_error, &wanted["mse"], ALLAN);
                }
            }
            Err(e) => c.fail(e.to_string()),
        }
    }
    c.into()
}
