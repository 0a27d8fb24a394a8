//! One sweep boiled down to counts.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Sectors of one degree.
pub const SECTORS: usize = 360;
/// Rings that are counted one by one; higher ones are counted together.
pub const RING_BINS: usize = 128;
/// Bins of range, 1 m each; the last one holds everything beyond.
pub const RANGE_BINS: usize = 200;

const HAS_RINGS: u32 = 1;
const HAS_TIMES: u32 = 2;
const HAS_INTENSITIES: u32 = 4;
const IS_DENSE: u32 = 8;
const IS_SCAN: u32 = 16;
const IS_ORGANIZED: u32 = 32;

/// The points of a cloud, columns of equal length; empty where the cloud has no such field.
#[derive(Clone, Copy, Debug, Default)]
pub struct Points<'a> {
    /// Positions in the frame of the cloud, meters.
    pub positions: &'a [[f32; 3]],
    /// Laser of each point.
    pub rings: &'a [u16],
    /// Intensities.
    pub intensities: &'a [f32],
    /// Times relative to the header stamp, seconds.
    pub times_secs: &'a [f64],
    /// Whether the message claims that no point is invalid.
    pub claims_dense: bool,
    /// Whether the cloud has rows.
    pub is_organized: bool,
}

/// A planar scan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Laser<'a> {
    /// Ranges, meters.
    pub ranges: &'a [f32],
    /// Intensities, or empty.
    pub intensities: &'a [f32],
    /// Angle of the first beam and between beams, radians.
    pub start_radians: f64,
    /// Angle between beams, radians.
    pub step_radians: f64,
    /// Time between beams, seconds; 0 where it is not stated.
    pub step_secs: f64,
    /// Shortest range the sensor measures, meters.
    pub least_meters: f64,
}

/// A sweep boiled down to counts; azimuth is measured about the z axis of the cloud's frame.
#[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Sweep {
    /// Header stamp, nanoseconds.
    pub t_nanos: i64,
    /// Log time, nanoseconds.
    pub log_nanos: i64,
    /// Earliest and latest point, seconds after the stamp; NaN without times.
    pub first_secs: f64,
    /// Latest point, seconds after the stamp; NaN without times.
    pub last_secs: f64,
    /// How well time follows azimuth over a turn, 0 (not at all) to 1; NaN without times.
    pub turn_agreement: f64,
    /// Points of the message.
    pub points: u32,
    /// Points with a finite position other than zero: returns.
    pub returns: u32,
    /// Points with a coordinate that is NaN or infinite.
    pub not_finite: u32,
    /// Points at the origin.
    pub zeros: u32,
    flags: u32,
    /// Returns with the largest intensity of the sweep.
    pub brightest: u32,
    /// Smallest intensity of a return; NaN without.
    pub least_intensity: f32,
    /// Largest intensity of a return; NaN without.
    pub most_intensity: f32,
    /// Returns per ring.
    pub rings: [u32; RING_BINS],
    /// Returns per range in meters.
    pub ranges: [u32; RANGE_BINS],
    /// Returns per degree of azimuth from -180 on, at most 65535. For scans also beams that met nothing.
    pub azimuths: [u16; SECTORS],
}

impl Sweep {
    fn empty(t_nanos: i64, log_nanos: i64) -> Self {
        Self {
            t_nanos,
            log_nanos,
            first_secs: f64::NAN,
            last_secs: f64::NAN,
            turn_agreement: f64::NAN,
            points: 0,
            returns: 0,
            not_finite: 0,
            zeros: 0,
            flags: 0,
            brightest: 0,
            least_intensity: f32::NAN,
            most_intensity: f32::NAN,
            rings: [0; RING_BINS],
            ranges: [0; RANGE_BINS],
            azimuths: [0; SECTORS],
        }
    }

    /// Counts a cloud. Columns shorter than the positions leave their part out. Cost: about 30 ns per point.
    pub fn of_cloud(t_nanos: i64, log_nanos: i64, points: &Points<'_>) -> Self {
        let mut sweep = Self::empty(t_nanos, log_nanos);
        let flag = |is_set: bool, bit: u32| if is_set { bit } else { 0 };
        sweep.flags = flag(!points.rings.is_empty(), HAS_RINGS)
            | flag(!points.times_secs.is_empty(), HAS_TIMES)
            | flag(!points.intensities.is_empty(), HAS_INTENSITIES)
            | flag(points.claims_dense, IS_DENSE)
            | flag(points.is_organized, IS_ORGANIZED);
        sweep.points = saturated(points.positions.len());
        let mut turn = Turn::new(points.times_secs);
        for (index, position) in points.positions.iter().enumerate() {
            let [x, y, z] = position.map(f64::from);
            // Of single precision, so that no square overflows.
            let range = (x * x + y * y + z * z).sqrt();
            if !range.is_finite() {
                sweep.not_finite += 1;
                continue;
            }
            if range == 0.0 {
                sweep.zeros += 1;
                continue;
            }
            let azimuth = y.atan2(x);
            sweep.count(azimuth, Some(range));
            if let Some(ring) = points.rings.get(index)
                && let Some(slot) = sweep.rings.get_mut(usize::from(*ring))
            {
                *slot += 1;
            }
            if let Some(intensity) = points.intensities.get(index) {
                sweep.shine(*intensity);
            }
            if let Some(secs) = points.times_secs.get(index) {
                turn.add(*secs, azimuth);
            }
        }
        (sweep.first_secs, sweep.last_secs) = (turn.first, turn.last);
        sweep.turn_agreement = turn.agreement();
        sweep
    }

    /// Counts a scan. A beam of infinite range met nothing, which is no defect; NaN, zero and what is nearer than the
    /// sensor measures is no return. Cost: about 10 ns per beam.
    pub fn of_scan(t_nanos: i64, log_nanos: i64, laser: &Laser<'_>) -> Self {
        let mut sweep = Self::empty(t_nanos, log_nanos);
        sweep.flags = IS_SCAN;
        sweep.points = saturated(laser.ranges.len());
        for (index, range) in laser.ranges.iter().enumerate() {
            let range = f64::from(*range);
            let azimuth = laser.start_radians + laser.step_radians * index as f64;
            if range == f64::INFINITY {
                sweep.count(azimuth, None);
            } else if !range.is_finite() {
                sweep.not_finite += 1;
            } else if range <= 0.0 || range < laser.least_meters {
                sweep.zeros += 1;
            } else {
                sweep.count(azimuth, Some(range));
                if let Some(intensity) = laser.intensities.get(index) {
                    sweep.flags |= HAS_INTENSITIES;
                    sweep.shine(*intensity);
                }
            }
        }
        if laser.step_secs > 0.0 {
            sweep.flags |= HAS_TIMES;
            sweep.first_secs = 0.0;
            sweep.last_secs = laser.step_secs * laser.ranges.len() as f64;
        }
        sweep
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "wrapped into the number of sectors, or a range that saturates at the last bin"
    )]
    fn count(&mut self, azimuth: f64, range: Option<f64>) {
        let turned = (azimuth.to_degrees() + 180.0).rem_euclid(360.0);
        if let Some(sector) = self.azimuths.get_mut((turned as usize).min(SECTORS - 1)) {
            *sector = sector.saturating_add(1);
        }
        if let Some(range) = range {
            self.returns += 1;
            if let Some(bin) = self.ranges.get_mut((range as usize).min(RANGE_BINS - 1)) {
                *bin += 1;
            }
        }
    }

    fn shine(&mut self, intensity: f32) {
        if intensity.is_nan() {
            return;
        }
        self.least_intensity = self.least_intensity.min(intensity);
        if self.most_intensity.is_nan() || intensity > self.most_intensity {
            self.most_intensity = intensity;
            self.brightest = 0;
        }
        self.brightest += u32::from(intensity == self.most_intensity);
    }

    /// Whether points say their ring.
    pub fn has_rings(&self) -> bool {
        self.flags & HAS_RINGS != 0
    }

    /// Whether points say their time.
    pub fn has_times(&self) -> bool {
        self.flags & HAS_TIMES != 0
    }

    /// Whether points say their intensity.
    pub fn has_intensities(&self) -> bool {
        self.flags & HAS_INTENSITIES != 0
    }

    /// Whether the message claims that no point is invalid.
    pub fn claims_dense(&self) -> bool {
        self.flags & IS_DENSE != 0
    }

    /// Whether it is a planar scan.
    pub fn is_scan(&self) -> bool {
        self.flags & IS_SCAN != 0
    }

    /// Whether the cloud has rows, as those of depth cameras do.
    pub fn is_organized(&self) -> bool {
        self.flags & IS_ORGANIZED != 0
    }

    /// Degrees of azimuth with returns.
    pub fn covered_degrees(&self) -> usize {
        self.azimuths.iter().filter(|count| **count > 0).count()
    }

    /// Rings with returns.
    pub fn ring_count(&self) -> usize {
        self.rings.iter().filter(|count| **count > 0).count()
    }
}

fn saturated(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// How times follow azimuth: for a unit that turns once per sweep, `2 pi t / T` minus or plus the azimuth is constant.
struct Turn {
    first: f64,
    last: f64,
    period: f64,
    sums: [[f64; 2]; 2],
    n: f64,
}

impl Turn {
    fn new(times: &[f64]) -> Self {
        let finite = || times.iter().copied().filter(|t| t.is_finite());
        let first = finite().fold(f64::NAN, f64::min);
        let last = finite().fold(f64::NAN, f64::max);
        Self {
            first,
            last,
            period: last - first,
            sums: [[0.0; 2]; 2],
            n: 0.0,
        }
    }

    fn add(&mut self, secs: f64, azimuth: f64) {
        // Every eighth point says enough, and two sines per point are not free.
        self.n += 1.0;
        if self.n % 8.0 != 0.0 || !secs.is_finite() || self.period.is_nan() || self.period <= 0.0 {
            return;
        }
        let phase = std::f64::consts::TAU * (secs - self.first) / self.period;
        for (sum, sign) in self.sums.iter_mut().zip([1.0, -1.0]) {
            let (sin, cos) = (phase + sign * azimuth).sin_cos();
            sum[0] += cos;
            sum[1] += sin;
        }
    }

    fn agreement(&self) -> f64 {
        let used = (self.n / 8.0).floor();
        let length = |sum: &[f64; 2]| sum[0].hypot(sum[1]) / used;
        if used < 10.0 || self.period.is_nan() || self.period <= 0.0 {
            return f64::NAN;
        }
        self.sums.iter().map(length).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_counted_by_what_they_are() {
        let positions = [
            [10.0, 0.0, 0.0],
            [0.0, 10.5, 0.0],
            [f32::NAN, 0.0, 0.0],
            [0.0, 0.0, 0.0],
            [-500.0, -0.1, 0.0],
        ];
        let points = Points {
            positions: &positions,
            rings: &[0, 1, 1, 1, 200],
            intensities: &[1.0, 255.0, 0.0, 0.0, 255.0],
            claims_dense: true,
            ..Points::default()
        };
        let sweep = Sweep::of_cloud(1, 2, &points);
        assert_eq!(
            (sweep.points, sweep.returns, sweep.not_finite, sweep.zeros),
            (5, 3, 1, 1)
        );
        assert_eq!(
            (sweep.rings[0], sweep.rings[1], sweep.ring_count()),
            (1, 1, 2)
        );
        assert_eq!((sweep.ranges[10], sweep.ranges[RANGE_BINS - 1]), (2, 1));
        assert_eq!(
            (sweep.azimuths[180], sweep.azimuths[270], sweep.azimuths[0]),
            (1, 1, 1)
        );
        assert_eq!((sweep.most_intensity, sweep.brightest), (255.0, 2));
        assert!(sweep.claims_dense() && sweep.has_rings() && !sweep.has_times());
        assert_eq!(std::mem::size_of::<Sweep>() % 8, 0);
    }

    #[test]
    fn a_turning_unit_agrees_with_its_times() {
        let angle = |i: u16| f32::from(i).to_radians();
        let positions: Vec<[f32; 3]> = (0..360)
            .map(|i| [10.0 * angle(i).cos(), 10.0 * angle(i).sin(), 1.0])
            .collect();
        let turning: Vec<f64> = (0..360).map(|i| 0.1 - f64::from(i) / 3600.0).collect();
        let mixed: Vec<f64> = (0..360).map(|i| f64::from(i * 77 % 360) / 3600.0).collect();
        let agreement = |times_secs: &[f64]| {
            let points = Points {
                positions: &positions,
                times_secs,
                ..Points::default()
            };
            Sweep::of_cloud(0, 0, &points).turn_agreement
        };
        assert!(agreement(&turning) > 0.99, "{}", agreement(&turning));
        assert!(agreement(&mixed) < 0.5, "{}", agreement(&mixed));
        assert!(agreement(&[]).is_nan());
    }

    #[test]
    fn beams_that_meet_nothing_are_no_defect() {
        let ranges = [f32::INFINITY, 2.0, 0.0, f32::NAN, 0.05];
        let laser = Laser {
            ranges: &ranges,
            step_radians: 0.1,
            least_meters: 0.1,
            ..Laser::default()
        };
        let sweep = Sweep::of_scan(0, 0, &laser);
        assert_eq!((sweep.returns, sweep.not_finite, sweep.zeros), (1, 1, 2));
        assert_eq!(sweep.covered_degrees(), 2);
    }
}
