//! Clouds and planar scans.

use super::{Scene, altered, secs};
use crate::alter::Alter;
use crate::math::single;
use crate::stream::Sample;
use crate::vehicle::Mount;
use crate::world::sweep::{Beams, Return, SWEEP_SECS, azimuth, sweep};
use fieldassay_formats::message;
use fieldassay_formats::sensor::{Cloud, CloudField, FieldType, Scan};
use std::borrow::Cow;
use std::f64::consts::{PI, TAU};

/// Lowest and highest ring, noise and reach of a Velodyne VLP-16 (data sheet 63-9229: 30 degrees of vertical field,
/// typical accuracy +-3 cm, taken as two standard deviations; 100 m).
const ELEVATION_RADIANS: f64 = 0.2618;
const SIGMA_M: f64 = 0.015;
const REACH_M: f64 = 100.0;

impl Scene {
    pub(super) fn cloud(&mut self, sample: &Sample, out: &mut Vec<u8>) {
        let Some(world) = &self.world else {
            return;
        };
        let beams = Beams {
            rings: usize::from(self.lidar.rings),
            columns: usize::from(self.lidar.columns),
            elevation: (-ELEVATION_RADIANS, ELEVATION_RADIANS),
            sigma_m: SIGMA_M,
            reach_m: REACH_M,
        };
        let rig = &self.rig;
        let place = |secs: f64| rig.sensor(Mount::Lidar, secs);
        let mut returns = sweep(world, &beams, secs(sample), place, &mut self.cloud_rng);
        returns.retain(|one| seen(sample, one, beams.columns));
        let timed = !sample.alterations.contains(&Alter::NoPointTime);
        let step_secs = SWEEP_SECS / beams.columns.max(1) as f64;
        let fields = fields(timed);
        let point_step = if timed { 22 } else { 18 };
        let mut data = Vec::with_capacity(returns.len() * 22);
        for one in &returns {
            for value in one.direction {
                data.extend_from_slice(&(value * one.range_m).to_le_bytes());
            }
            data.extend_from_slice(&f32::from(one.intensity).to_le_bytes());
            data.extend_from_slice(&one.ring.to_le_bytes());
            if timed {
                let time = single(one.column as f64 * step_secs);
                data.extend_from_slice(&time.to_le_bytes());
            }
        }
        let width = u32::try_from(returns.len()).unwrap_or(u32::MAX);
        let cloud = Cloud {
            frame: Cow::Borrowed(Mount::Lidar.frame()),
            width,
            height: 1,
            fields,
            point_step,
            row_step: width.saturating_mul(point_step),
            is_dense: Some(true),
            big_endian: false,
            data: Cow::Owned(data),
        };
        message::point_cloud2(out, sample.stamp_ns, &cloud);
    }

    pub(super) fn scan(&mut self, sample: &Sample, out: &mut Vec<u8>) {
        let Some(world) = &self.world else {
            return;
        };
        let beams = Beams {
            rings: 1,
            columns: self.beams,
            elevation: (0.0, 0.0),
            sigma_m: SIGMA_M,
            reach_m: REACH_M,
        };
        let rig = &self.rig;
        let place = |secs: f64| rig.sensor(Mount::Lidar, secs);
        let returns = sweep(world, &beams, secs(sample), place, &mut self.scan_rng);
        let mut ranges_meters = vec![f32::INFINITY; self.beams];
        for one in returns {
            if let Some(range) = ranges_meters.get_mut(one.column) {
                // Steps of a centimeter.
                *range = single(libm::round(f64::from(one.range_m) * 100.0) / 100.0);
            }
        }
        let scan = Scan {
            frame: Mount::Lidar.frame().to_owned(),
            start_radians: -PI,
            step_radians: TAU / self.beams as f64,
            step_secs: SWEEP_SECS / self.beams as f64,
            least_meters: 0.3,
            most_meters: REACH_M,
            ranges_meters,
            intensities: Vec::new(),
        };
        message::laser_scan(out, sample.stamp_ns, &scan);
    }
}

/// Whether faults let a return through.
fn seen(sample: &Sample, one: &Return, columns: usize) -> bool {
    let hidden = altered(sample, |alter| match alter {
        Alter::DeadRings { rings } => (rings >> one.ring & 1 == 1).then_some(()),
        Alter::Blocked { middle, half } => {
            let apart = libm::fabs(azimuth(one.column, columns) - middle);
            (apart.min(TAU - apart) <= *half).then_some(())
        }
        _ => None,
    });
    hidden.is_none()
}

/// As the Velodyne driver names them, packed.
fn fields(timed: bool) -> Vec<CloudField> {
    let layout = [
        ("x", 0, FieldType::F32),
        ("y", 4, FieldType::F32),
        ("z", 8, FieldType::F32),
        ("intensity", 12, FieldType::F32),
        ("ring", 16, FieldType::U16),
        ("time", 18, FieldType::F32),
    ];
    layout
        .into_iter()
        .take(if timed { 6 } else { 5 })
        .map(|(name, offset, field_type)| CloudField {
            name: name.to_owned(),
            offset,
            field_type: Some(field_type),
            count: 1,
        })
        .collect()
}
