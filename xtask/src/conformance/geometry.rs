//! Blocks of `signals.json` about motion and mounts.

use super::Outcome;
use fieldassay_measure::calibration::{residual, screw};
use fieldassay_measure::motion::{normalized_correlation, parabola};
use fieldassay_measure::pose::{Pose, multiply_quat};
use fieldassay_testkit::Comparison;
use fieldassay_testkit::vectors::numbers;
use serde_json::{Value, json};

/// Tolerances of the vectors' README.
const OFFSET_SECS: f64 = 1e-6;
const HAND_EYE: f64 = 1e-9;
/// Lags the vector was searched over.
const LAGS: usize = 20;

/// Lag and offset of a sampled signal against a shifted copy.
pub(super) fn time_offset(block: &Value) -> Outcome {
    let mut c = Comparison::default();
    match signal(block) {
        Some((a, b, rate_hz)) => match parabola(&normalized_correlation(&a, &b, LAGS)) {
            Some(peak) => {
                c.equal("peak_lag", &json!(peak.lag), &block["peak_lag"]);
                let offset = (peak.lag as f64 + peak.delta) / rate_hz;
                c.near_absolute("offset_s", offset, &block["offset_s"], OFFSET_SECS);
            }
            None => c.fail("no peak".to_owned()),
        },
        None => c.fail("`signal` is not of the form `A+B sin(2pi F t+P)+…`".to_owned()),
    }
    c.into()
}

/// Samples of the signal, of its copy shifted by the true offset, and their rate.
fn signal(block: &Value) -> Option<(Vec<f64>, Vec<f64>, f64)> {
    let text = block["signal"].as_str()?;
    let (rate_hz, length) = (block["fs"].as_f64()?, block["T"].as_f64()?);
    let late = block["true_s"].as_f64()?;
    let mut parts = text.split("sin(2pi");
    let [constant, mut amplitude] = numbers(parts.next()?)[..] else {
        return None;
    };
    let mut waves = Vec::new();
    for part in parts {
        let (inside, after) = part.split_once(')')?;
        let inside = numbers(inside);
        let phase = inside.get(1).copied().unwrap_or(0.0);
        waves.push((amplitude, *inside.first()?, phase));
        amplitude = numbers(after).first().copied().unwrap_or(0.0);
    }
    let at = |t: f64| {
        let wave = |(size, hz, phase): &(f64, f64, f64)| {
            size * (std::f64::consts::TAU * hz * t + phase).sin()
        };
        constant + waves.iter().map(wave).sum::<f64>()
    };
    let sampled = |late: f64| {
        (0..1_000_000_u32)
            .map(|i| f64::from(i) / rate_hz)
            .take_while(|t| *t <= length + 1e-9)
            .map(|t| at(t + late))
            .collect()
    };
    Some((sampled(0.0), sampled(late), rate_hz))
}

/// Residuals of a motion pair against X and a turned X, and the screws of both motions.
pub(super) fn hand_eye(block: &Value) -> Outcome {
    let mut c = Comparison::default();
    let (Some(x), Some(a), Some(b)) = (pose(&block["X"]), pose(&block["A"]), pose(&block["B"]))
    else {
        c.fail("`X`, `A` or `B` is no matrix of 4 x 4".to_owned());
        return c.into();
    };
    let (angle, shift) = residual(&a, &b, &x);
    c.near(
        "residual_exact.rot_deg",
        angle.to_degrees(),
        &json!(0.0),
        HAND_EYE,
    );
    c.near("residual_exact.trans_m", shift, &json!(0.0), HAND_EYE);
    let half = 0.5_f64.to_radians();
    let turned = Pose {
        quat_xyzw: multiply_quat(&x.quat_xyzw, &[0.0, half.sin(), 0.0, half.cos()]),
        ..x
    };
    let (angle, shift) = residual(&a, &b, &turned);
    let expected = &block["residual_X_rot_1deg_y"];
    c.near(
        "rot_deg",
        angle.to_degrees(),
        &expected["rot_deg"],
        HAND_EYE,
    );
    c.near("trans_m", shift, &expected["trans_m"], HAND_EYE);
    for (motion, letter) in [(&a, "A"), (&b, "B")] {
        let found = screw(motion);
        let (angle, along) = (
            format!("angle_{letter}_deg"),
            format!("screw_translation_{letter}"),
        );
        c.near(
            &angle,
            found.angle_radians.to_degrees(),
            &block[&angle],
            HAND_EYE,
        );
        c.near(&along, found.along_meters, &block[&along], HAND_EYE);
    }
    c.into()
}

fn pose(matrix: &Value) -> Option<Pose> {
    let mut cells = [[0.0; 4]; 3];
    for (i, row) in cells.iter_mut().enumerate() {
        for (j, cell) in row.iter_mut().enumerate() {
            *cell = matrix[i][j].as_f64()?;
        }
    }
    let rotation = cells.map(|[x, y, z, _]| [x, y, z]);
    Some(Pose::from_matrix(&rotation, cells.map(|row| row[3])))
}
