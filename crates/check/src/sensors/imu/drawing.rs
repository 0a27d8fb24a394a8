//! Angular rate and specific force over time.

use super::{AXES, Look, POINTS};
use fieldassay_measure::imu::Sample;
use fieldassay_model::plot::{About, Band, Curves, Line, Mark};

pub(super) fn drawings(look: &Look<'_>, marks: &[(usize, &'static str)]) -> Vec<Curves> {
    let start = look.track.start_nanos;
    let secs = |i: usize| look.log_at(i).saturating_sub(start) as f64 / 1e9;
    let bands: Vec<Band> = look
        .rests
        .iter()
        .take(100)
        .filter_map(|rest| {
            Some(Band {
                start: secs(look.windows.get(rest.first)?.start),
                end: secs(
                    look.windows
                        .get(rest.last.checked_sub(1)?)?
                        .end
                        .saturating_sub(1),
                ),
                label: "at rest".to_owned(),
            })
        })
        .collect();
    let marks: Vec<Mark> = marks
        .iter()
        .take(20)
        .map(|(i, label)| Mark {
            x: secs(*i),
            label: (*label).to_owned(),
        })
        .collect();
    let draw = |title: &str, y_label: &str, offset: usize, codes: Vec<&'static str>| Curves {
        about: About {
            subject: look.track.topic.to_owned(),
            group: "imu",
            codes,
            title: title.to_owned(),
            caption: if bands.is_empty() {
                String::new()
            } else {
                "Shaded stretches are taken as rest.".to_owned()
            },
        },
        x_label: "time [s]".to_owned(),
        y_label: y_label.to_owned(),
        equal_axes: false,
        lines: lines(look, offset),
        marks: marks.clone(),
        bands: bands.clone(),
    };
    let mut curves = Vec::new();
    if look.has_gyro {
        let codes = vec!["imu.gyro_bias", "imu.saturation", "imu.stuck", "imu.spikes"];
        curves.push(draw("angular rate", "rate [rad/s]", 0, codes));
    }
    if look.has_accel {
        let codes = vec!["imu.gravity", "imu.saturation", "imu.stuck", "imu.spikes"];
        curves.push(draw("specific force", "force [m/s²]", 1, codes));
    }
    curves
}

/// One line per axis: rates for `offset` 0, forces otherwise.
fn lines(look: &Look<'_>, offset: usize) -> Vec<Line> {
    let start = look.track.start_nanos;
    let secs = |i: usize| look.log_at(i).saturating_sub(start) as f64 / 1e9;
    let stride = look.samples.len().div_ceil(POINTS).max(1);
    let line = |axis: usize| {
        let some = look.samples.iter().enumerate().step_by(stride);
        let point = |(i, s): (usize, &Sample)| {
            let values = if offset == 0 { s.gyro } else { s.accel };
            (secs(i), values[axis])
        };
        Line {
            name: AXES[axis].to_owned(),
            points: some.map(point).collect(),
        }
    };
    (0..3).map(line).collect()
}
