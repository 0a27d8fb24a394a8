//! Whether sweeps are corrected for the motion of the vehicle, measured on planes.
//!
//! Read [`skew`] first: it reads a few sweeps of the fastest moments again.
//!
//! Not here: how far points move at most (`facts::smear`, which needs no points).

use super::{Carrier, Columns, Platform, Stream, facts};
use crate::facts::sheet::{Annotate as _, Sheet, count_detail};
use crate::sensors::Context;
use fieldassay_formats::sensor::Sample;
use fieldassay_formats::sensor::cloud::CloudView;
use fieldassay_measure::lidar::{Skew, TwoPlaces, skew as skew_of};
use fieldassay_measure::stats::{Interval, SplitMix};
use fieldassay_model::FactValue;

/// Moments that are looked at, sweeps of each, and how far they lie apart in time, nanoseconds.
const MOMENTS: usize = 3;
const SWEEPS: u16 = 4;
const STEP_NANOS: i64 = 200_000_000;
/// Predicted smear from which on a moment tells something, meters (signals reference, B.8).
const LEAST_SMEAR_METERS: f64 = 0.2;
/// Points of a sweep that are used at most, and their ranges, meters: nearer is the vehicle, further hardly a plane.
const MOST_POINTS: usize = 16_000;
const NEAR_METERS: f64 = 2.5;
const FAR_METERS: f64 = 40.0;
const SEED: u64 = 20;

const NAMES: [(&str, &str); 2] = [("lidar.skew", "ratio"), ("lidar.skew_at_most", "ratio")];
const METHOD: &str = "regression of the distances of points from planes seen by several sweeps on what correction by the poses moves them";

/// How much of the vehicle's motion within sweeps is in the points. Cost: up to 12 clouds are read again.
pub(super) fn skew(
    clouds: &Stream<'_>,
    (stream, frame): (usize, &str),
    context: &Context<'_>,
    sheet: &mut Sheet,
) {
    if clouds.is_scan {
        return;
    }
    match measured(clouds, (stream, frame), context) {
        Err(reason) => sheet.none_of(&NAMES, reason),
        Ok((found, interval, carrier, sweeps)) => {
            let details = [
                ("measured", FactValue::Number(found.share)),
                ("raw_thickness_m", FactValue::Number(found.raw_meters)),
                (
                    "corrected_thickness_m",
                    FactValue::Number(found.moved_meters),
                ),
                ("poses", FactValue::Text(carrier)),
                count_detail("sweeps", sweeps as u64),
            ];
            for ((name, unit), value) in NAMES.into_iter().zip([found.share, interval.high]) {
                sheet
                    .number(name, value, unit, METHOD)
                    .of(found.planes)
                    .within(Some(interval))
                    .with(&details);
            }
        }
    }
}

type Measured = (Skew, Interval, String, usize);

fn measured(
    clouds: &Stream<'_>,
    (stream, frame): (usize, &str),
    context: &Context<'_>,
) -> Result<Measured, &'static str> {
    if !clouds.is_spinning {
        return Err(facts::NOT_SPINNING);
    }
    if !clouds
        .sweeps
        .iter()
        .any(|sweep| sweep.last_secs > sweep.first_secs)
    {
        return Err("points carry no times");
    }
    let carrier = Carrier::of(frame, context)
        .ok_or("no poses of a frame rigidly connected with the LiDAR")?;
    let chosen = moments(clouds, &Platform::new(context));
    if chosen.is_empty() {
        return Err("no sweep with a predicted smear of 0.2 m");
    }
    let mut logs: Vec<i64> = chosen.iter().flatten().copied().collect();
    logs.sort_unstable();
    logs.dedup();
    let read = context.reread_map(stream, &logs, |at, sample| {
        let Sample::Cloud(cloud) = sample else {
            return None;
        };
        let view = CloudView::new(&cloud).ok()?;
        Some((at.t_nanos, thinned(&Columns::read(&view, at.t_nanos))))
    });
    let of_moment = |moment: &Vec<i64>| -> Vec<TwoPlaces> {
        let sweeps: Vec<&(i64, Columns)> = moment
            .iter()
            .filter_map(|log| read.get(logs.binary_search(log).ok()?)?.as_ref())
            .collect();
        let Some((to_nanos, _)) = sweeps.get(sweeps.len() / 2) else {
            return Vec::new();
        };
        let places = sweeps
            .iter()
            .filter_map(|sweep| two_places(sweep, *to_nanos, &carrier));
        places.flatten().collect()
    };
    let mut points = Vec::new();
    // Errors of the poses are shared by all planes of a moment, so moments that disagree widen the interval.
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for (index, moment) in (0_u32..).zip(&chosen) {
        let mut of_it = of_moment(moment);
        if let Some(alone) = skew_of(&of_it, SEED) {
            (low, high) = (low.min(alone.share), high.max(alone.share));
        }
        // Moments are different places: they must not share cells.
        for point in &mut of_it {
            for place in [&mut point.raw, &mut point.moved] {
                place[2] += 1000.0 * f64::from(index);
            }
        }
        points.append(&mut of_it);
    }
    let few = "too few planes, or too little motion across them";
    let found = skew_of(&points, SEED).ok_or(few)?;
    let interval = found.interval.ok_or(few)?;
    let interval = Interval {
        low: interval.low.min(low),
        high: interval.high.max(high),
    };
    Ok((found, interval, carrier.topic.to_owned(), logs.len()))
}

/// Log times of a few sweeps about the moments of largest predicted smear, apart from each other.
fn moments(clouds: &Stream<'_>, platform: &Platform<'_>) -> Vec<Vec<i64>> {
    let mut ranked: Vec<(f64, i64)> = clouds
        .sweeps
        .iter()
        .filter_map(|sweep| {
            Some((
                facts::smear_of(clouds, platform, sweep.t_nanos)?,
                sweep.t_nanos,
            ))
        })
        .filter(|(smear, _)| *smear >= LEAST_SMEAR_METERS)
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let span = STEP_NANOS * i64::from(SWEEPS);
    let mut times: Vec<i64> = Vec::new();
    for (_, t) in ranked {
        if times.len() < MOMENTS
            && times
                .iter()
                .all(|known| t.abs_diff(*known) >= span.unsigned_abs())
        {
            times.push(t);
        }
    }
    let nearest = |t: i64| {
        let after = clouds.rows.partition_point(|row| row.t_nanos < t);
        let near = [after.checked_sub(1), Some(after)].into_iter().flatten();
        near.filter_map(|index| clouds.rows.get(index))
            .min_by_key(|row| row.t_nanos.abs_diff(t))
            .map(|row| row.log_nanos)
    };
    let around = |t: &i64| {
        let steps = (0..SWEEPS).map(i64::from);
        let mut logs: Vec<i64> = steps
            .filter_map(|step| nearest(t.saturating_add((step - 1) * STEP_NANOS)))
            .collect();
        logs.dedup();
        logs
    };
    times.iter().map(around).collect()
}

/// A random part of the points that are neither too near nor too far and have a time.
fn thinned(columns: &Columns) -> Columns {
    let stride = columns.positions.len().div_ceil(MOST_POINTS).max(1);
    let mut random = SplitMix::new(SEED);
    let timed = columns.positions.iter().zip(&columns.times_secs);
    let kept = timed.filter(|(position, secs)| {
        let [x, y, z] = position.map(f64::from);
        let range = x.hypot(y).hypot(z);
        random.below(stride) == 0 && (NEAR_METERS..FAR_METERS).contains(&range) && secs.is_finite()
    });
    let (positions, times_secs) = kept.map(|(position, secs)| (*position, *secs)).unzip();
    Columns {
        positions,
        times_secs,
        ..Columns::default()
    }
}

/// The points of a sweep in the LiDAR's frame of `to_nanos`, as they came and moved; none without poses.
fn two_places(
    (stamp_nanos, columns): &(i64, Columns),
    to_nanos: i64,
    carrier: &Carrier<'_>,
) -> Option<Vec<TwoPlaces>> {
    let there_from_here = carrier.between(to_nanos, *stamp_nanos)?;
    let mut moved = columns.clone();
    if !carrier.move_points(&mut moved, *stamp_nanos, to_nanos) {
        return None;
    }
    let pairs = columns.positions.iter().zip(&moved.positions);
    let places = pairs.map(|(raw, moved)| TwoPlaces {
        raw: there_from_here.apply(&raw.map(f64::from)),
        moved: moved.map(f64::from),
    });
    Some(places.collect())
}

#[cfg(test)]
mod tests {
    use super::skew;
    use crate::facts::sheet::Sheet;
    use crate::sensors::imu::tests::complaints;
    use crate::sensors::lidar::{CloudRow, Stream, Sweep, reduce};
    use crate::sensors::{At, Context, Reread, Rig, Track};
    use fieldassay_formats::sensor::{Cloud, CloudField, FieldType, Sample};
    use fieldassay_measure::pose::{Pose, StampedPose, quat_of_rotation_vector};
    use fieldassay_model::{Fact, FactValue};
    use std::borrow::Cow;

    /// How the driver hands sweeps on.
    #[derive(Clone, Copy, PartialEq)]
    enum Driver {
        AsMeasured,
        Corrected,
        /// Times count down while the beam goes on.
        TimesReversed,
    }

    const SWEEP_SECS: f64 = 0.1;
    const COLUMNS: u32 = 360;

    /// Along a corridor, swaying.
    fn place(secs: f64) -> Pose {
        Pose {
            translation_meters: [8.0 * secs, 0.5 * secs.sin(), 0.0],
            quat_xyzw: quat_of_rotation_vector(&[0.0, 0.0, 0.4 * (1.5 * secs).sin()]),
        }
    }

    /// Where a beam meets a wall 6 m to either side or the ground 1.8 m below.
    fn hit(from: &Pose, direction: &[f64; 3]) -> Option<[f64; 3]> {
        let origin = from.translation_meters;
        let tip = from.apply(direction);
        let step = [0, 1, 2].map(|i| tip[i] - origin[i]);
        let walls = [(1, 6.0), (1, -6.0), (2, -1.8)];
        let ranges = walls.map(|(axis, at)| (at - origin[axis]) / step[axis]);
        let near = ranges.into_iter().filter(|range| *range > 0.0);
        let range = near.fold(f64::INFINITY, f64::min);
        (range < 40.0).then(|| [0, 1, 2].map(|i| origin[i] + range * step[i]))
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "clouds are in single precision"
    )]
    fn cloud(stamp_nanos: i64, driver: Driver) -> Cloud<'static> {
        let start = stamp_nanos as f64 / 1e9;
        let mut data = Vec::new();
        for column in 0..COLUMNS {
            let part = f64::from(column) / f64::from(COLUMNS);
            let (secs, turn) = (SWEEP_SECS * part, std::f64::consts::TAU * part);
            for ring in 0..16_u16 {
                let up = (2.0 * f64::from(ring) - 15.0).to_radians();
                let direction = [up.cos() * turn.cos(), up.cos() * turn.sin(), up.sin()];
                let here = place(start + secs);
                let Some(point) = hit(&here, &direction) else {
                    continue;
                };
                let seen_from = if driver == Driver::Corrected {
                    place(start)
                } else {
                    here
                };
                let told = match driver {
                    Driver::TimesReversed => SWEEP_SECS - secs,
                    _ => secs,
                };
                for value in seen_from.inverse().apply(&point) {
                    data.extend_from_slice(&(value as f32).to_le_bytes());
                }
                data.extend_from_slice(&ring.to_le_bytes());
                data.extend_from_slice(&(told as f32).to_le_bytes());
            }
        }
        let fields = [
            ("x", 0, FieldType::F32),
            ("y", 4, FieldType::F32),
            ("z", 8, FieldType::F32),
            ("ring", 12, FieldType::U16),
            ("time", 14, FieldType::F32),
        ];
        let width = u32::try_from(data.len() / 18).unwrap();
        Cloud {
            frame: Cow::Borrowed("base"),
            width,
            height: 1,
            fields: fields
                .map(|(name, offset, field_type)| CloudField {
                    name: name.to_owned(),
                    offset,
                    field_type: Some(field_type),
                    count: 1,
                })
                .to_vec(),
            point_step: 18,
            row_step: width * 18,
            is_dense: Some(true),
            big_endian: false,
            data: Cow::Owned(data),
        }
    }

    fn at(t_nanos: i64) -> At {
        At {
            t_nanos,
            log_nanos: t_nanos,
            sampled: true,
        }
    }

    impl Reread for Driver {
        fn samples(
            &self,
            _: usize,
            log_nanos: &[i64],
            each: &(dyn Fn(usize, At, Sample<'_>) + Sync),
        ) {
            for (index, log) in log_nanos.iter().enumerate() {
                each(index, at(*log), Sample::Cloud(cloud(*log, *self)));
            }
        }
    }

    fn facts(driver: Driver) -> Vec<Fact> {
        let (mut rows, mut sweeps): (Vec<CloudRow>, Vec<Sweep>) = (Vec::new(), Vec::new());
        for index in 10..40 {
            let stamp = index * 100_000_000;
            reduce(&cloud(stamp, driver), at(stamp), &mut rows, &mut sweeps);
        }
        let poses: Vec<StampedPose> = (0..500)
            .map(|i| StampedPose {
                t_nanos: i * 10_000_000,
                pose: place(i as f64 / 100.0),
            })
            .collect();
        let track = Track {
            stream: Some(1),
            topic: "/odom",
            frame: "base",
            parent: "odom",
            log_nanos: &[],
            rows: &poses,
            start_nanos: 0,
        };
        let context = Context {
            rig: &Rig::default(),
            imus: &[],
            poses: &[track],
            fixes: &[],
            reread: &driver,
            start_nanos: 0,
        };
        let mut sheet = Sheet::new("/points", sweeps.len());
        let clouds = Stream::new("/points", &rows, &sweeps);
        skew(&clouds, (0, "base"), &context, &mut sheet);
        sheet.facts
    }

    fn value(facts: &[Fact], name: &str) -> f64 {
        let fact = facts.iter().find(|fact| fact.name == name).unwrap();
        fact.value.as_ref().and_then(FactValue::as_f64).unwrap()
    }

    #[test]
    fn sweeps_as_measured_corrected_and_with_wrong_times_are_told_apart() {
        let measured = facts(Driver::AsMeasured);
        let share = value(&measured, "lidar.skew");
        assert!((share - 1.0).abs() < 0.1, "{share}");
        assert_eq!(complaints(&measured), Vec::<String>::new());
        let corrected = facts(Driver::Corrected);
        let share = value(&corrected, "lidar.skew");
        assert!(share.abs() < 0.1, "{share}");
        // A driver that corrects its sweeps is fine: information.
        assert!(value(&corrected, "lidar.skew_at_most") < 0.5);
        assert_eq!(complaints(&corrected), Vec::<String>::new());
        // Times in the wrong order explain less of the motion than right ones do.
        let share = value(&facts(Driver::TimesReversed), "lidar.skew_at_most");
        assert!(share < 0.8, "{share}");
    }
}
