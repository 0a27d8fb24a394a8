//! Blocks of `signals.json` about clocks and changes.

use super::{Comparison, Outcome};
use fieldassay_measure::calibration::epipolar::epipolar as epipolar_distance;
use fieldassay_measure::change::{Cusum, PageHinkley, PageHinkleyOptions, cusum, reference};
use fieldassay_measure::clock::{hull, linear};
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
        return c.outcome();
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
    c.outcome()
}

/// Lower hull and least squares between two generated clocks.
pub(super) fn clock_hull(block: &Value) -> Outcome {
    let mut c = Comparison::default();
    match ClockCase::read(block) {
        Ok(case) => compare_clock(block, &case, &mut c),
        Err(why) => c.fail(why),
    }
    c.outcome()
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
    c.outcome()
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
