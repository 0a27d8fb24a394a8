//! Facts about inertial sensors.
//!
//! Read [`outcome`] first. Half-second windows say where the sensor rests; poses and positions, where the recording
//! has them, overrule windows that only look like rest (a smooth curve at constant speed).

mod drawing;
mod witness;

use super::{Context, Outcome, Track};
use crate::facts::sheet::{Annotate as _, Sheet, count_detail, secs_detail, text_detail};
use drawing::drawings;
use fieldassay_measure::imu::{
    self, FULL_SCALE_ACCEL, FULL_SCALE_GYRO, MeanAtRest, RestOptions, Sample, Stretch, Window,
};
use fieldassay_measure::pose::angle_between;
use fieldassay_measure::stats::Interval;
use fieldassay_model::FactValue;
use std::borrow::Cow;
use witness::Witness;

/// Samples below which nothing is measured.
const LEAST_SAMPLES: usize = 100;
/// Samples at rest below which no bias is claimed (signals reference, B.5).
const LEAST_AT_REST: usize = 1000;
/// A quiet window turning faster than this, radians per second, may be a slow turn (B.5).
const REST_RATE: f64 = 0.05;
/// Mean rates of rests agree within this, radians per second.
const SAME_RATE: f64 = 0.03;
/// A rest this long is worth an Allan deviation, seconds.
const ALLAN_SECS: f64 = 600.0;
/// Facts of one kind about single stretches at most.
const STRETCHES: usize = 20;
/// Points of a line in a drawing.
const POINTS: usize = 1000;
/// Gravity anywhere between the sea and 4000 m, meters per second squared.
const GRAVITY_RANGE: (f64, f64) = (9.768, 9.833);
const AXES: [&str; 6] = ["x", "y", "z", "x", "y", "z"];

const ALL: &[(&str, &str)] = &[
    ("imu.unit", "bool"),
    ("imu.rest", "s"),
    ("imu.gravity_error", "m/s^2"),
    ("imu.gravity_error_at_least", "m/s^2"),
    ("imu.gyro_bias", "rad/s"),
    ("imu.gyro_bias_at_least", "rad/s"),
    ("imu.gyro_bias_drift", "rad/s"),
    ("imu.saturation", "count"),
    ("imu.stuck", "s"),
    ("imu.repeated", "share"),
    ("imu.spikes", "share"),
    ("imu.excitation", "rad"),
    ("imu.rotation_error", "rad"),
    ("imu.noise", "rad/s"),
];

/// What is measured, and where.
struct Look<'a> {
    track: Track<'a, Sample>,
    samples: Cow<'a, [Sample]>,
    /// Log time of each sample.
    log: Cow<'a, [i64]>,
    has_gyro: bool,
    has_accel: bool,
    period_secs: f64,
    windows: Vec<Window>,
    rests: Vec<Stretch>,
    /// Whether poses confirm the rests.
    is_confirmed: bool,
    bias: Option<[f64; 3]>,
}

/// Facts and drawings of one inertial sensor.
///
/// Cost: a handful of passes, together about 50 ns per sample; a copy only where samples are not finite.
pub(crate) fn outcome(track: Track<'_, Sample>, context: &Context<'_>) -> Outcome {
    let mut sheet = Sheet::new(track.topic, track.rows.len());
    if track.rows.len() < LEAST_SAMPLES {
        sheet.none_of(ALL, "fewer than 100 samples");
        return Outcome {
            facts: sheet.facts,
            ..Outcome::default()
        };
    }
    let Some(mut look) = Look::new(track) else {
        sheet.none_of(ALL, "no finite samples, or time does not advance");
        return Outcome {
            facts: sheet.facts,
            ..Outcome::default()
        };
    };
    not_finite(&look, &mut sheet);
    let options = RestOptions::default();
    look.windows = imu::windows(&look.samples, options.window_secs);
    look.find_rests(&options, context);
    let is_si = unit(&look, &mut sheet);
    rest(&look, &mut sheet);
    if is_si {
        gravity(&look, context, &mut sheet);
        bias(&mut look, &mut sheet);
    } else {
        sheet.none_of(&ALL[2..7], "not in SI units, see imu.unit");
    }
    let marks = values(&look, &mut sheet);
    repeats(&look, &mut sheet);
    rotation(&look, context, &mut sheet);
    allan(&look, &mut sheet);
    Outcome {
        facts: sheet.facts,
        curves: drawings(&look, &marks),
        ..Outcome::default()
    }
}

fn is_finite(values: [f64; 3]) -> bool {
    values.iter().all(|x| x.is_finite())
}

impl<'a> Look<'a> {
    fn new(track: Track<'a, Sample>) -> Option<Self> {
        let n = track.rows.len();
        let gyro = track.rows.iter().filter(|s| is_finite(s.gyro)).count();
        let accel = track.rows.iter().filter(|s| is_finite(s.accel)).count();
        let (has_gyro, has_accel) = (gyro * 2 > n, accel * 2 > n);
        if !has_gyro && !has_accel {
            return None;
        }
        let is_whole =
            |s: &Sample| (!has_gyro || is_finite(s.gyro)) && (!has_accel || is_finite(s.accel));
        let all_whole = (!has_gyro || gyro == n) && (!has_accel || accel == n);
        let (samples, log) = if all_whole {
            (Cow::Borrowed(track.rows), Cow::Borrowed(track.log_nanos))
        } else {
            let kept = track.rows.iter().filter(|s| is_whole(s)).copied().collect();
            let log = track
                .rows
                .iter()
                .zip(track.log_nanos)
                .filter(|(s, _)| is_whole(s))
                .map(|(_, log)| *log)
                .collect();
            (Cow::Owned(kept), Cow::Owned(log))
        };
        let period_secs = imu::period_secs(&samples)?;
        Some(Self {
            track,
            samples,
            log,
            has_gyro,
            has_accel,
            period_secs,
            windows: Vec::new(),
            rests: Vec::new(),
            is_confirmed: false,
            bias: None,
        })
    }

    /// Log time of a sample.
    fn log_at(&self, index: usize) -> i64 {
        self.log
            .get(index)
            .or(self.log.last())
            .copied()
            .unwrap_or_default()
    }

    fn times(&self, window: &Window) -> (i64, i64) {
        let at = |i: usize| self.samples.get(i).map_or(0, |s| s.t_nanos);
        (at(window.start), at(window.end.saturating_sub(1)))
    }

    fn find_rests(&mut self, options: &RestOptions, context: &Context<'_>) {
        let witness = Witness::new(context);
        let mut confirmed = 0_usize;
        let says: Vec<Option<bool>> = self
            .windows
            .iter()
            .map(|window| {
                if !window.is_quiet(options) {
                    return None;
                }
                let (start, end) = self.times(window);
                witness.moves(start, end)
            })
            .collect();
        let quiet: Vec<&Window> = self
            .windows
            .iter()
            .zip(&says)
            .filter(|(window, says)| window.is_quiet(options) && **says != Some(true))
            .inspect(|(_, says)| confirmed += usize::from(**says == Some(false)))
            .map(|(window, _)| window)
            .collect();
        self.is_confirmed = confirmed * 10 > quiet.len() * 9;
        let typical: [f64; 3] = std::array::from_fn(|axis| {
            median(quiet.iter().map(|w| w.mean[axis]).collect()).unwrap_or_default()
        });
        let rests = imu::rests(&self.windows, options, |i| {
            let turns = self.windows.get(i).is_some_and(|window| {
                norm(std::array::from_fn(|axis| {
                    window.mean[axis] - typical[axis]
                })) > SAME_RATE
            });
            turns || says.get(i).copied().flatten() == Some(true)
        });
        self.rests = rests;
    }

    fn rest_windows(&self) -> impl Iterator<Item = &Window> {
        self.rests
            .iter()
            .flat_map(|rest| self.windows.get(rest.first..rest.last).unwrap_or_default())
    }

    fn samples_at_rest(&self) -> usize {
        self.rest_windows().map(|w| w.end - w.start).sum()
    }
}

fn norm(v: [f64; 3]) -> f64 {
    (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt()
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.retain(|x| x.is_finite());
    fieldassay_measure::stats::median(&mut values).ok()
}

fn not_finite(look: &Look<'_>, sheet: &mut Sheet) {
    let n = look.track.rows.len();
    let lost = n - look.samples.len();
    sheet.number(
        "imu.not_finite",
        lost as f64 / n as f64,
        "share",
        "samples with a NaN or infinity on an axis that is measured otherwise",
    );
}

/// Judges units; whether they are SI as far as can be told.
fn unit(look: &Look<'_>, sheet: &mut Sheet) -> bool {
    let at_rest = median(look.rest_windows().map(Window::accel_norm).collect());
    let stride = (look.samples.len() / 2000).max(1);
    let some = || look.samples.iter().step_by(stride);
    let typical = at_rest.or_else(|| median(some().map(|s| norm(s.accel)).collect()));
    let rate = median(some().map(|s| norm(s.gyro)).collect()).filter(|_| look.has_gyro);
    let slack = if at_rest.is_some() { 1.0 } else { 3.0 };
    let near = |x: f64, target: f64| (x / target - 1.0).abs() < 0.1 * slack;
    let mut class = match typical.filter(|_| look.has_accel) {
        Some(x) if near(x, 1.0) => "accel_in_g",
        Some(x) if near(x, 1000.0) => "accel_in_milli_g",
        Some(x) if at_rest.is_some() && x < 0.3 => "gravity_removed",
        _ => "si",
    };
    if class == "si" && rate.is_some_and(|rate| rate > 10.0) {
        class = "gyro_in_degrees";
    }
    let mistake = class != "si";
    sheet
        .boolean(
            "imu.unit",
            mistake,
            "typical specific force and rate against SI",
        )
        .with(&[
            text_detail("class", class),
            ("accel", FactValue::Number(typical.unwrap_or(f64::NAN))),
            ("rate", FactValue::Number(rate.unwrap_or(f64::NAN))),
        ]);
    !mistake
}

fn rest(look: &Look<'_>, sheet: &mut Sheet) {
    let secs = look.samples_at_rest() as f64 * look.period_secs;
    sheet
        .number("imu.rest", secs, "s", "windows of 0.5 s without motion")
        .with(&[
            count_detail("rests", look.rests.len() as u64),
            text_detail(
                "confirmed",
                if look.is_confirmed { "by poses" } else { "no" },
            ),
        ]);
}

fn gravity(look: &Look<'_>, context: &Context<'_>, sheet: &mut Sheet) {
    let names = &ALL[2..4];
    if !look.has_accel {
        return sheet.none_of(names, "no accelerometer");
    }
    let norms: Vec<f64> = look.rest_windows().map(Window::accel_norm).collect();
    let Some(found) = imu::mean_at_rest(&norms) else {
        return sheet.none_of(names, "never at rest for 2 s");
    };
    let place = context
        .fixes
        .iter()
        .flat_map(|track| track.rows)
        .find(|fix| {
            fix.status != -1 && fix.latitude_degrees.is_finite() && fix.latitude_degrees != 0.0
        });
    let (low, high, source) = match place {
        Some(fix) => {
            let height = if fix.altitude_meters.is_finite() {
                fix.altitude_meters
            } else {
                0.0
            };
            let g = imu::normal_gravity(fix.latitude_degrees.to_radians(), height);
            (g, g, "latitude of the recording")
        }
        None => (GRAVITY_RANGE.0, GRAVITY_RANGE.1, "unknown latitude"),
    };
    let middle = 0.5 * (low + high);
    let interval = Interval {
        low: found.interval.low - high,
        high: found.interval.high - low,
    };
    let error = found.mean - middle;
    let details = [
        ("gravity", FactValue::Number(middle)),
        ("scale_share", FactValue::Number(found.mean / middle - 1.0)),
        text_detail("place", source),
        ("measured", FactValue::Number(found.mean)),
    ];
    let n = look.samples_at_rest();
    let method = "mean magnitude of specific force at rest less normal gravity";
    sheet
        .number("imu.gravity_error", error, "m/s^2", method)
        .within(Some(interval))
        .of(n)
        .with(&details);
    sheet
        .number(
            "imu.gravity_error_at_least",
            nearest_to_zero(interval),
            "m/s^2",
            method,
        )
        .of(n)
        .with(&details);
}

/// The point of an interval nearest to zero.
fn nearest_to_zero(interval: Interval) -> f64 {
    if interval.low > 0.0 {
        interval.low
    } else if interval.high < 0.0 {
        interval.high
    } else {
        0.0
    }
}

fn axis_means(windows: &[&Window]) -> Option<[MeanAtRest; 3]> {
    let one = |axis: usize| {
        let means: Vec<f64> = windows.iter().map(|w| w.mean[axis]).collect();
        imu::mean_at_rest(&means)
    };
    Some([one(0)?, one(1)?, one(2)?])
}

fn bias(look: &mut Look<'_>, sheet: &mut Sheet) {
    let names = &ALL[4..7];
    if !look.has_gyro {
        return sheet.none_of(names, "no gyroscope");
    }
    let windows: Vec<&Window> = look.rest_windows().collect();
    let n = look.samples_at_rest();
    if n < LEAST_AT_REST {
        return sheet.none_of(names, "fewer than 1000 samples at rest");
    }
    let Some(means) = axis_means(&windows) else {
        return sheet.none_of(names, "fewer than four windows at rest");
    };
    let vector = means.map(|m| m.mean);
    if norm(vector) > REST_RATE && !look.is_confirmed {
        sheet.none_of(
            names,
            "quiet, but turning by more than 0.05 rad/s: a slow turn or a large bias; poses would tell which",
        );
        sheet
            .number(
                "imu.quiet_turn",
                norm(vector),
                "rad/s",
                "mean rate over quiet windows",
            )
            .of(n);
        // Taken off before rates are integrated: whatever it is, it is constant.
        look.bias = Some(vector);
        return;
    }
    let sizes = means.map(|m| nearest_to_zero(m.interval).abs());
    let worst = (0..3)
        .max_by(|a, b| sizes[*a].total_cmp(&sizes[*b]))
        .unwrap_or(0);
    let details = [
        text_detail("axis", AXES[worst]),
        ("x", FactValue::Number(vector[0])),
        ("y", FactValue::Number(vector[1])),
        ("z", FactValue::Number(vector[2])),
    ];
    let method = "mean rate at rest; interval by batch means";
    sheet
        .number("imu.gyro_bias", vector[worst], "rad/s", method)
        .within(Some(means[worst].interval))
        .of(n)
        .with(&details);
    sheet
        .number(
            "imu.gyro_bias_at_least",
            nearest_to_zero(means[worst].interval),
            "rad/s",
            method,
        )
        .of(n)
        .with(&details);
    drift(look, sheet);
    look.bias = Some(vector);
}

fn drift(look: &Look<'_>, sheet: &mut Sheet) {
    let rests: Vec<[MeanAtRest; 3]> = look
        .rests
        .iter()
        .filter_map(|rest| {
            let windows = look.windows.get(rest.first..rest.last)?;
            axis_means(&windows.iter().collect::<Vec<_>>())
        })
        .take(200)
        .collect();
    let worst = (0..3)
        .filter_map(|axis| {
            let means: Vec<MeanAtRest> = rests.iter().map(|rest| rest[axis]).collect();
            imu::bias_drift(&means).map(|(change, _, _)| (axis, change))
        })
        .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
    match worst {
        Some((axis, change)) => {
            sheet
                .number(
                    "imu.gyro_bias_drift",
                    change,
                    "rad/s",
                    "largest change between rests beyond both intervals",
                )
                .of(rests.len())
                .with(&[text_detail("axis", AXES[axis])]);
        }
        None => sheet.none(
            "imu.gyro_bias_drift",
            "rad/s",
            "fewer than two rests of 2 s",
        ),
    }
}

fn sensor_name(axis: usize) -> &'static str {
    if axis < 3 {
        "gyroscope"
    } else {
        "accelerometer"
    }
}

/// Saturation, stuck values and spikes, axis by axis. Returns samples worth a mark.
fn values(look: &Look<'_>, sheet: &mut Sheet) -> Vec<(usize, &'static str)> {
    let mut marks = Vec::new();
    let (mut saturated, mut stuck) = (0_usize, 0_usize);
    let (mut spike_count, mut spike_worst) = (0_usize, (0.0, 0_usize, 0_usize));
    let gyro = if look.has_gyro { 0..3 } else { 0..0 };
    let accel = if look.has_accel { 3..6 } else { 0..0 };
    // One axis at a time in the same memory: fresh memory costs more than reading the samples again.
    let mut column = Vec::with_capacity(look.samples.len());
    for axis in gyro.chain(accel) {
        column.clear();
        column.extend(look.samples.iter().map(|sample| match axis {
            0..3 => sample.gyro[axis],
            _ => sample.accel[axis - 3],
        }));
        let Some(grain) = imu::grain(&column) else {
            continue;
        };
        let scales: &[f64] = if axis < 3 {
            &FULL_SCALE_GYRO
        } else {
            &FULL_SCALE_ACCEL
        };
        for end in imu::saturation(&column, &grain, scales) {
            saturated += 1;
            marks.push((end.first, "saturated"));
            saturation_fact(look, sheet, &end, axis);
        }
        let runs = imu::runs(&column);
        for run in runs.stuck.iter().take(STRETCHES.saturating_sub(stuck)) {
            stuck += 1;
            marks.push((run.start, "stuck"));
            stuck_fact(look, sheet, (run.start, run.end), axis);
        }
        let spikes = imu::spikes(&column, 8.0, 4.0 * grain.step);
        spike_count += spikes.len();
        for spike in &spikes {
            if spike.sigmas > spike_worst.0 {
                spike_worst = (spike.sigmas, spike.index, axis);
            }
        }
    }
    if saturated == 0 {
        sheet.count(
            "imu.saturation",
            0,
            "samples at exactly the extreme of an axis",
        );
    }
    if stuck == 0 {
        sheet.number(
            "imu.stuck",
            0.0,
            "s",
            "runs of identical values too long to be natural",
        );
    }
    spike_fact(look, sheet, spike_count, spike_worst);
    marks
}

/// `worst` holds standard deviations, sample and axis.
fn spike_fact(look: &Look<'_>, sheet: &mut Sheet, count: usize, worst: (f64, usize, usize)) {
    let fact = sheet.number(
        "imu.spikes",
        count as f64 / look.samples.len() as f64,
        "share",
        "single samples beyond 8 local standard deviations from the median of five",
    );
    fact.with(&[count_detail("spikes", count as u64)]);
    if count > 0 {
        fact.with(&[
            ("worst_sigmas", FactValue::Number(worst.0)),
            text_detail("sensor", sensor_name(worst.2)),
            text_detail("axis", AXES[worst.2]),
        ]);
        let at = look.log_at(worst.1);
        fact.at(at, at);
    }
}

fn saturation_fact(look: &Look<'_>, sheet: &mut Sheet, end: &imu::Saturation, axis: usize) {
    let full_scale = end.full_scale.unwrap_or(f64::NAN);
    sheet
        .count(
            "imu.saturation",
            end.count as u64,
            "samples at exactly the extreme of an axis, apart from its other values",
        )
        .at(look.log_at(end.first), look.log_at(end.last))
        .with(&[
            text_detail("sensor", sensor_name(axis)),
            text_detail("axis", AXES[axis]),
            ("limit", FactValue::Number(end.limit)),
            count_detail("in_a_row", end.longest as u64),
            ("full_scale", FactValue::Number(full_scale)),
        ]);
}

fn stuck_fact(look: &Look<'_>, sheet: &mut Sheet, (start, end): (usize, usize), axis: usize) {
    let at = |i: usize| look.samples.get(i).map_or(0, |s| s.t_nanos);
    let span = at(end - 1).saturating_sub(at(start)) as f64 / 1e9;
    sheet
        .number(
            "imu.stuck",
            span,
            "s",
            "run of identical values too long to be natural",
        )
        .at(look.log_at(start), look.log_at(end - 1))
        .of(end - start)
        .with(&[
            text_detail("sensor", sensor_name(axis)),
            text_detail("axis", AXES[axis]),
            count_detail("samples", (end - start) as u64),
        ]);
}

fn repeats(look: &Look<'_>, sheet: &mut Sheet) {
    let (same, pairs) = imu::repeated_samples(&look.samples);
    sheet
        .number(
            "imu.repeated",
            same as f64 / pairs.max(1) as f64,
            "share",
            "samples whose six values all equal those before",
        )
        .with(&[count_detail("samples", same as u64)]);
}

/// Excitation, and the gyroscope against poses.
fn rotation(look: &Look<'_>, context: &Context<'_>, sheet: &mut Sheet) {
    let names = &ALL[11..13];
    if !look.has_gyro {
        return sheet.none_of(names, "no gyroscope");
    }
    let turns = imu::turns_of_gyro(&look.samples, look.bias.unwrap_or_default(), 1.0);
    match imu::excitation(&turns) {
        Some(found) => {
            sheet
                .number(
                    "imu.excitation",
                    found.rms_radians[1],
                    "rad",
                    "second principal rotation within 1 s, root mean square",
                )
                .of(found.n)
                .with(&[
                    ("first", FactValue::Number(found.rms_radians[0])),
                    ("third", FactValue::Number(found.rms_radians[2])),
                ]);
        }
        None => sheet.none("imu.excitation", "rad", "shorter than 1 s without a gap"),
    }
    let best = context
        .poses
        .iter()
        .filter(|track| track.rows.is_sorted_by_key(|row| row.t_nanos))
        .filter_map(|track| {
            let pairs: Vec<(f64, f64)> = turns
                .iter()
                .filter_map(|turn| {
                    let at = |t| fieldassay_measure::pose::pose_at(track.rows, t, 0.25);
                    let angle = angle_between(
                        &at(turn.start_nanos)?.quat_xyzw,
                        &at(turn.end_nanos)?.quat_xyzw,
                    );
                    angle
                        .is_finite()
                        .then_some((norm(turn.vector_radians), angle))
                })
                .collect();
            Some((track, imu::angle_match(&pairs)?))
        })
        .max_by(|a, b| a.1.correlation.total_cmp(&b.1.correlation));
    let name = "imu.rotation_error";
    let Some((track, found)) = best else {
        return sheet.none(name, "rad", "no poses to compare with, or no rotation");
    };
    if found.correlation < 0.9 || found.n < 10 {
        return sheet.none(name, "rad", "no poses that turn with this sensor for 10 s");
    }
    let method = "angle of the gyroscope against that of poses, root mean square per 1 s";
    sheet
        .number(name, found.rms_radians, "rad", method)
        .of(found.n)
        .with(&[
            text_detail("against", track.topic),
            ("median", FactValue::Number(found.median_radians)),
            ("gyro_scale", FactValue::Number(found.scale_ratio)),
            ("correlation", FactValue::Number(found.correlation)),
        ]);
}

/// Noise parameters where the sensor rests long enough.
fn allan(look: &Look<'_>, sheet: &mut Sheet) {
    let longest = look.rests.iter().max_by_key(|rest| rest.last - rest.first);
    let stretch = longest.and_then(|rest| {
        let first = look.windows.get(rest.first)?.start;
        let last = look.windows.get(rest.last.checked_sub(1)?)?.end;
        look.samples
            .get(first..last)
            .map(|samples| (first, samples))
    });
    let Some((first, samples)) =
        stretch.filter(|(_, samples)| samples.len() as f64 * look.period_secs >= ALLAN_SECS)
    else {
        return sheet.none("imu.noise", "rad/s", "no rest of 10 minutes");
    };
    let rate = 1.0 / look.period_secs;
    let taus = imu::decade_taus(samples.len(), rate);
    for (axis, axis_name) in AXES.iter().enumerate() {
        if !(if axis < 3 {
            look.has_gyro
        } else {
            look.has_accel
        }) {
            continue;
        }
        let column: Vec<f64> = samples
            .iter()
            .map(|s| {
                if axis < 3 {
                    s.gyro[axis]
                } else {
                    s.accel[axis - 3]
                }
            })
            .collect();
        let Ok(points) = imu::oadev(&column, rate, &taus) else {
            continue;
        };
        let fit = imu::noise_fit(&points);
        let unit = if axis < 3 { "rad/s" } else { "m/s^2" };
        let value = fit.density.map_or(f64::NAN, |(x, _)| x);
        sheet
            .number(
                "imu.noise",
                value,
                unit,
                "overlapping Allan deviation, slope -1/2 at 1 s",
            )
            .within(fit.density.map(|(_, interval)| interval))
            .of(samples.len())
            .at(look.log_at(first), look.log_at(first + samples.len() - 1))
            .with(&[
                text_detail("sensor", sensor_name(axis)),
                text_detail("axis", axis_name),
                (
                    "instability",
                    FactValue::Number(fit.instability.map_or(f64::NAN, |(x, _)| x)),
                ),
                (
                    "random_walk",
                    FactValue::Number(fit.random_walk.map_or(f64::NAN, |(x, _)| x)),
                ),
                secs_detail("rest_secs", samples.len() as f64 * look.period_secs * 1e9),
            ]);
    }
}

#[cfg(test)]
pub(super) mod tests;
