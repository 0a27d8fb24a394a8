//! What is said about a stream of clouds.

use super::{CloudRow, DEFECTS, Platform, Stream};
use crate::facts::sheet::{Annotate, Sheet, count_detail, text_detail};
use fieldassay_measure::lidar::{
    DeadRing, Sweep, dead_rings, range_shift, sectors, short_sweeps, smear_meters,
};
use fieldassay_measure::stats::{median, quantile, wilson};
use fieldassay_model::FactValue;

/// Share of the points of neighboring sweeps below which a sweep is short.
const SHORT_PART: f64 = 0.7;
/// Range at which the smear is given, meters.
const SMEAR_RANGE_METERS: f64 = 20.0;
/// Largest intensities of common encodings.
const FULL_SCALES: [f32; 4] = [1.0, 100.0, 255.0, 65535.0];
pub(super) const NOT_SPINNING: &str = "not a spinning LiDAR: no rings, or few directions";
const NOTHING: &str = "no cloud could be looked into";

/// Layout, claims and invalid points.
pub(super) fn validity(clouds: &Stream<'_>, sheet: &mut Sheet) {
    if !clouds.is_scan {
        let broken: Vec<&CloudRow> = clouds.rows.iter().filter(|row| row.defect > 0).collect();
        let fact = sheet
            .count("lidar.layout", broken.len() as u64, "rules of PointCloud2")
            .of(clouds.rows.len());
        if let Some(first) = broken.first() {
            let class = DEFECTS
                .get(first.defect as usize - 1)
                .copied()
                .unwrap_or("position");
            fact.with(&[text_detail("class", class)])
                .at(first.log_nanos, first.log_nanos);
        }
    }
    let filled: Vec<&Sweep> = clouds.sweeps.iter().filter(|s| s.points > 0).collect();
    let mut shares: Vec<f64> = filled
        .iter()
        .map(|s| f64::from(s.not_finite + s.zeros) / f64::from(s.points))
        .collect();
    match median(&mut shares) {
        Ok(share) => {
            sheet.number(
                "lidar.invalid",
                share,
                "share",
                "median over sampled sweeps",
            );
        }
        Err(_) => sheet.none("lidar.invalid", "share", NOTHING),
    }
    let dense: Vec<&&Sweep> = filled.iter().filter(|s| s.claims_dense()).collect();
    if !dense.is_empty() {
        let broken = dense.iter().filter(|s| s.not_finite > 0).count();
        let share = broken as f64 / dense.len() as f64;
        sheet
            .number(
                "lidar.dense_broken",
                share,
                "share",
                "is_dense against the points",
            )
            .within(wilson(broken as u64, dense.len() as u64).ok())
            .of(dense.len());
    }
}

/// Empty and short sweeps.
pub(super) fn counts(clouds: &Stream<'_>, sheet: &mut Sheet) {
    let names = [("lidar.empty", "share"), ("lidar.short_sweep", "share")];
    if !clouds.is_spinning {
        // A cloud of obstacles is empty when there is none.
        return sheet.none_of(&names, NOT_SPINNING);
    }
    let n = clouds.rows.len();
    let points: Vec<u32> = clouds.rows.iter().map(|row| row.points).collect();
    let empty = points.iter().filter(|p| **p == 0).count();
    sheet
        .number(
            "lidar.empty",
            empty as f64 / n as f64,
            "share",
            "messages without points",
        )
        .within(wilson(empty as u64, n as u64).ok())
        .of(n);
    let short = short_sweeps(&points, SHORT_PART);
    let fact = sheet
        .number(
            "lidar.short_sweep",
            short.len() as f64 / n as f64,
            "share",
            "below 70 % of the 21 around",
        )
        .within(wilson(short.len() as u64, n as u64).ok())
        .of(n);
    let least = short
        .iter()
        .filter_map(|i| clouds.rows.get(*i))
        .min_by_key(|row| row.points);
    if let Some(row) = least {
        fact.with(&[count_detail("least_points", u64::from(row.points))]);
    }
}

/// Ranges unlike the usual.
pub(super) fn shift(clouds: &Stream<'_>, sheet: &mut Sheet) {
    let mut shifts = range_shift(clouds.sweeps);
    shifts.retain(|s| s.is_finite());
    match quantile(&mut shifts, 0.95) {
        Ok(shift) => {
            sheet.number(
                "lidar.range_shift",
                shift,
                "bit",
                "Jensen-Shannon divergence, 95 % quantile",
            );
        }
        Err(_) => sheet.none("lidar.range_shift", "bit", NOTHING),
    }
}

fn log_at(sweeps: &[Sweep], index: usize) -> i64 {
    let last = sweeps.len().saturating_sub(1);
    sweeps.get(index.min(last)).map_or(0, |s| s.log_nanos)
}

/// Blocked and blind sectors.
pub(super) fn directions(clouds: &Stream<'_>, sheet: &mut Sheet) {
    let organized = clouds.sweeps.iter().any(Sweep::is_organized) && !clouds.has_rings;
    if clouds.sweeps.len() < 6 || organized || !(clouds.has_rings || clouds.is_scan) {
        let reason = if clouds.sweeps.len() < 6 {
            "sectors need 6 sampled sweeps"
        } else {
            "not a scanning LiDAR: no rings"
        };
        return sheet.none_of(
            &[
                ("lidar.blocked_sector", "deg"),
                ("lidar.blind_sector", "deg"),
            ],
            reason,
        );
    }
    let found = sectors(clouds.sweeps);
    let method = "degrees of azimuth without a return on any ring";
    if found.blocked.is_empty() {
        sheet.number("lidar.blocked_sector", 0.0, "deg", method);
    }
    for arc in found.blocked.iter().take(20) {
        let (start, end) = (
            log_at(clouds.sweeps, arc.from),
            log_at(clouds.sweeps, arc.to),
        );
        sheet
            .number(
                "lidar.blocked_sector",
                arc.width_degrees as f64,
                "deg",
                method,
            )
            .with(&[
                (
                    "start_degrees",
                    FactValue::Integer(i64::from(arc.start_degrees)),
                ),
                (
                    "length_secs",
                    FactValue::Number(end.saturating_sub(start) as f64 / 1e9),
                ),
            ])
            .at(start, end);
    }
    let (start, width) = found.blind.unwrap_or((0, 0));
    sheet
        .number("lidar.blind_sector", width as f64, "deg", method)
        .with(&[
            ("start_degrees", FactValue::Integer(i64::from(start))),
            (
                "covered_degrees",
                FactValue::Integer(i64::try_from(found.covered_degrees).unwrap_or(0)),
            ),
        ]);
}

/// Silent rings.
pub(super) fn lasers(clouds: &Stream<'_>, sheet: &mut Sheet) {
    if clouds.is_scan {
        return;
    }
    if !clouds.has_rings {
        return sheet.none("lidar.dead_rings", "count", "the points carry no ring");
    }
    let report = match dead_rings(clouds.sweeps) {
        Ok(report) => report,
        Err(error) => {
            let text = error.to_string();
            let reason = text.split("; hint").next().unwrap_or_default();
            return sheet.none("lidar.dead_rings", "count", reason);
        }
    };
    let names: Vec<String> = report
        .dead
        .iter()
        .take(16)
        .map(|d: &DeadRing| d.ring.to_string())
        .collect();
    let fact = sheet.count(
        "lidar.dead_rings",
        report.dead.len() as u64,
        "returns per ring and sweep",
    );
    fact.with(&[count_detail("rings", report.rings as u64)]);
    if let Some(first) = report.dead.iter().map(|d| d.from).min() {
        fact.with(&[text_detail("which", &names.join(", "))]);
        if first > 0 {
            fact.at(
                log_at(clouds.sweeps, first),
                log_at(clouds.sweeps, usize::MAX),
            );
        }
    }
}

/// Times of the points.
pub(super) fn point_times(clouds: &Stream<'_>, sheet: &mut Sheet) {
    let names = [
        ("lidar.point_time_missing", "bool"),
        ("lidar.point_time_constant", "bool"),
        ("lidar.sweep_time_error", "ratio"),
    ];
    if clouds.is_scan {
        return;
    }
    if !clouds.is_spinning {
        return sheet.none_of(&names, NOT_SPINNING);
    }
    let timed: Vec<&Sweep> = clouds.sweeps.iter().filter(|s| s.has_times()).collect();
    sheet.boolean(
        "lidar.point_time_missing",
        timed.is_empty(),
        "fields of the cloud",
    );
    if timed.is_empty() {
        let reason = "the points carry no time";
        return sheet.none_of(names.get(1..).unwrap_or_default(), reason);
    }
    let mut spans: Vec<f64> = timed
        .iter()
        .map(|s| s.last_secs - s.first_secs)
        .filter(|s| s.is_finite())
        .collect();
    let is_constant = spans.iter().all(|span| *span == 0.0);
    sheet.boolean(
        "lidar.point_time_constant",
        is_constant,
        "earliest and latest point",
    );
    let (name, unit) = names[2];
    if is_constant {
        return sheet.none(name, unit, "all points carry one time");
    }
    let mut covered: Vec<f64> = timed
        .iter()
        .map(|s| s.covered_degrees() as f64 / 360.0)
        .collect();
    let expected = clouds.period_secs * median(&mut covered).unwrap_or(1.0).clamp(0.5, 1.0);
    let span = median(&mut spans).unwrap_or(f64::NAN);
    if !expected.is_finite() || timed.len() < 2 {
        return sheet.none(name, unit, "a period needs 3 messages and 2 sampled sweeps");
    }
    let mut turning: Vec<f64> = timed
        .iter()
        .map(|s| s.turn_agreement)
        .filter(|a| a.is_finite())
        .collect();
    sheet
        .number(
            name,
            span / expected - 1.0,
            unit,
            "span of point times against the period",
        )
        .with(&[
            ("span_secs", FactValue::Number(span)),
            ("period_secs", FactValue::Number(clouds.period_secs)),
            (
                "turn_agreement_ratio",
                FactValue::Number(median(&mut turning).unwrap_or(f64::NAN)),
            ),
        ])
        .of(timed.len());
}

/// Predicted smear at 20 m of a sweep at a time, meters; none where nothing tells how the vehicle moves.
pub(super) fn smear_of(clouds: &Stream<'_>, platform: &Platform<'_>, t_nanos: i64) -> Option<f64> {
    let (rate, speed) = (platform.rate(t_nanos), platform.speed(t_nanos));
    rate.or(speed)?;
    let (speed, rate) = (speed.unwrap_or(0.0), rate.unwrap_or(0.0));
    let period = clouds.period_secs;
    Some(smear_meters(speed, rate, period, SMEAR_RANGE_METERS))
}

/// What motion does to a sweep.
pub(super) fn smear(clouds: &Stream<'_>, platform: &Platform<'_>, sheet: &mut Sheet) {
    let (name, unit) = ("lidar.smear", "m");
    if !clouds.is_spinning && !clouds.is_scan {
        return sheet.none(name, unit, NOT_SPINNING);
    }
    if !clouds.period_secs.is_finite() {
        return sheet.none(name, unit, "a period needs 3 messages");
    }
    let mut smears: Vec<f64> = clouds
        .sweeps
        .iter()
        .filter_map(|sweep| smear_of(clouds, platform, sweep.t_nanos))
        .collect();
    let n = smears.len();
    match quantile(&mut smears, 0.95) {
        Ok(smear) => {
            sheet
                .number(
                    name,
                    smear,
                    unit,
                    "(speed + rate x 20 m) x period, 95 % quantile",
                )
                .of(n);
        }
        Err(_) => sheet.none(
            name,
            unit,
            "no poses and no gyroscope at the times of the sweeps",
        ),
    }
}

/// Intensities that say nothing.
pub(super) fn intensity(clouds: &Stream<'_>, sheet: &mut Sheet) {
    let names = [
        ("lidar.intensity_constant", "bool"),
        ("lidar.intensity_saturated", "share"),
    ];
    let lit: Vec<&Sweep> = clouds
        .sweeps
        .iter()
        .filter(|s| s.has_intensities() && s.most_intensity.is_finite() && s.returns > 0)
        .collect();
    if lit.is_empty() {
        return sheet.none_of(&names, "the points carry no intensity");
    }
    let least = lit
        .iter()
        .map(|s| s.least_intensity)
        .fold(f32::INFINITY, f32::min);
    let most = lit
        .iter()
        .map(|s| s.most_intensity)
        .fold(f32::NEG_INFINITY, f32::max);
    sheet.boolean(
        "lidar.intensity_constant",
        least == most,
        "smallest and largest intensity",
    );
    let (name, unit) = names[1];
    if least == most || !FULL_SCALES.contains(&most) {
        return sheet.none(name, unit, "the largest intensity is no full scale");
    }
    let mut shares: Vec<f64> = lit
        .iter()
        .map(|s| {
            let at_most = if s.most_intensity == most {
                s.brightest
            } else {
                0
            };
            f64::from(at_most) / f64::from(s.returns)
        })
        .collect();
    let share = median(&mut shares).unwrap_or(f64::NAN);
    sheet
        .number(name, share, unit, "share of returns at full scale")
        .of(lit.len());
}

/// Identical clouds.
pub(super) fn repeats(clouds: &Stream<'_>, platform: &Platform<'_>, sheet: &mut Sheet) {
    let method = "digest of the points";
    let mut longest: Option<(&CloudRow, &CloudRow)> = None;
    let mut moving: Option<(&CloudRow, &CloudRow)> = None;
    let mut is_told = false;
    let mut start = 0;
    let length = |run: Option<(&CloudRow, &CloudRow)>| {
        run.map_or(0, |(a, b)| b.t_nanos.saturating_sub(a.t_nanos))
    };
    for (index, row) in clouds.rows.iter().enumerate() {
        let Some(first) = clouds.rows.get(start) else {
            continue;
        };
        if row.digest != first.digest || row.points == 0 {
            start = index;
            continue;
        }
        if length(Some((first, row))) > length(longest) {
            longest = Some((first, row));
        }
        let middle = i64::midpoint(first.t_nanos, row.t_nanos);
        if index > start && length(Some((first, row))) > length(moving) {
            let moves = platform.moves(middle);
            is_told |= moves.is_some();
            if moves == Some(true) {
                moving = Some((first, row));
            }
        }
    }
    let n = clouds.rows.len();
    let repeated = length(longest) as f64 / 1e9;
    let fact = sheet.number("lidar.repeated", repeated, "s", method).of(n);
    if let Some((a, b)) = longest {
        fact.at(a.log_nanos, b.log_nanos);
    }
    if repeated > 0.0 && !is_told {
        let reason = "clouds repeat, but no poses or gyroscope tell whether the vehicle moved";
        return sheet.none("lidar.frozen", "s", reason);
    }
    let fact = sheet
        .number("lidar.frozen", length(moving) as f64 / 1e9, "s", method)
        .of(n);
    if let Some((a, b)) = moving {
        fact.at(a.log_nanos, b.log_nanos);
    }
}
