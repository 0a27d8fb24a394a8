//! Facts about point clouds and scans.
//!
//! [`reduce`] and [`reduce_scan`] boil each message down while the recording is read, [`outcome`] judges a stream.

mod facts;
mod picture;
mod platform;
mod skew;

use super::{At, Context, Outcome};
use crate::facts::sheet::Sheet;
use fieldassay_formats::sensor::cloud::{CloudError, CloudView};
use fieldassay_formats::sensor::{Cloud, Scan};
use fieldassay_measure::lidar::{Laser, Points};
use xxhash_rust::xxh3::xxh3_64;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

pub(crate) use fieldassay_measure::lidar::Sweep;
pub(crate) use platform::{Carrier, Platform};

/// One message.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct CloudRow {
    pub(crate) t_nanos: i64,
    pub(crate) log_nanos: i64,
    /// xxh3 of the points.
    pub(crate) digest: u64,
    pub(crate) points: u32,
    /// 0, or which rule of the layout is broken: 1 + index into [`DEFECTS`].
    pub(crate) defect: u32,
}

/// Rules of the layout, by [`CloudRow::defect`].
const DEFECTS: [&str; 7] = [
    "row_step",
    "data_length",
    "field_bounds",
    "overlap",
    "field_count",
    "field_type",
    "position",
];

fn defect_of(error: &CloudError) -> u32 {
    match error {
        CloudError::RowStep { .. } => 1,
        CloudError::DataLength { .. } => 2,
        CloudError::FieldBounds { .. } => 3,
        CloudError::Overlap { .. } => 4,
        CloudError::FieldCount { .. } => 5,
        CloudError::FieldType { .. } => 6,
        _ => 7,
    }
}

/// Boils a cloud down: a row for every message, a sweep for the sampled ones. Cost: a digest of the bytes; about
/// 30 ns per point of a sampled cloud.
pub(crate) fn reduce(cloud: &Cloud<'_>, at: At, rows: &mut Vec<CloudRow>, sweeps: &mut Vec<Sweep>) {
    let view = CloudView::new(cloud);
    rows.push(CloudRow {
        t_nanos: at.t_nanos,
        log_nanos: at.log_nanos,
        digest: xxh3_64(&cloud.data),
        points: cloud.width.saturating_mul(cloud.height),
        defect: view.as_ref().err().map_or(0, defect_of),
    });
    if let (true, Ok(view)) = (at.sampled, view) {
        let columns = Columns::read(&view, at.t_nanos);
        let points = Points {
            positions: &columns.positions,
            rings: &columns.rings,
            intensities: &columns.intensities,
            times_secs: &columns.times_secs,
            claims_dense: cloud.is_dense == Some(true),
            is_organized: cloud.height > 1,
        };
        sweeps.push(Sweep::of_cloud(at.t_nanos, at.log_nanos, &points));
    }
}

/// Boils a scan down; see [`reduce`].
pub(crate) fn reduce_scan(scan: &Scan, at: At, rows: &mut Vec<CloudRow>, sweeps: &mut Vec<Sweep>) {
    rows.push(CloudRow {
        t_nanos: at.t_nanos,
        log_nanos: at.log_nanos,
        digest: xxh3_64(scan.ranges_meters.as_slice().as_bytes()),
        points: u32::try_from(scan.ranges_meters.len()).unwrap_or(u32::MAX),
        defect: 0,
    });
    if at.sampled {
        let laser = Laser {
            ranges: &scan.ranges_meters,
            intensities: &scan.intensities,
            start_radians: scan.start_radians,
            step_radians: scan.step_radians,
            step_secs: scan.step_secs,
            least_meters: scan.least_meters,
        };
        sweeps.push(Sweep::of_scan(at.t_nanos, at.log_nanos, &laser));
    }
}

/// The columns of a cloud.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    pub(crate) positions: Vec<[f32; 3]>,
    pub(crate) rings: Vec<u16>,
    pub(crate) intensities: Vec<f32>,
    pub(crate) times_secs: Vec<f64>,
}

impl Columns {
    /// Reads what the cloud has; times are relative to `stamp_nanos`.
    pub(crate) fn read(view: &CloudView<'_>, stamp_nanos: i64) -> Self {
        let mut columns = Self::default();
        view.xyz_into(&mut columns.positions);
        view.ring_into(&mut columns.rings);
        view.intensity_into(&mut columns.intensities);
        if let Some(time) = view.point_time() {
            time.secs_into(stamp_nanos, &mut columns.times_secs);
        }
        columns
    }
}

/// What a stream of clouds is, as far as it decides what can be asked of it.
pub(crate) struct Stream<'a> {
    pub(crate) topic: &'a str,
    pub(crate) rows: &'a [CloudRow],
    pub(crate) sweeps: &'a [Sweep],
    pub(crate) is_scan: bool,
    /// Whether it is a LiDAR that turns: rings, and returns from most directions.
    pub(crate) is_spinning: bool,
    pub(crate) has_rings: bool,
    /// Median period of the messages, seconds; NaN for fewer than three.
    pub(crate) period_secs: f64,
}

/// Degrees of azimuth a spinning LiDAR covers in a typical sweep.
const SPINNING_DEGREES: f64 = 270.0;
/// Rings a spinning LiDAR has at least.
const SPINNING_RINGS: usize = 4;

impl<'a> Stream<'a> {
    fn new(topic: &'a str, rows: &'a [CloudRow], sweeps: &'a [Sweep]) -> Self {
        let median = |values: &mut Vec<f64>| fieldassay_measure::stats::median(values);
        let mut covered: Vec<f64> = sweeps.iter().map(|s| s.covered_degrees() as f64).collect();
        let has_rings = sweeps
            .iter()
            .any(|s| s.has_rings() && s.ring_count() >= SPINNING_RINGS);
        let mut times: Vec<i64> = rows.iter().map(|row| row.t_nanos).collect();
        times.sort_unstable();
        let differences = times
            .windows(2)
            .map(|pair| pair[1].saturating_sub(pair[0]) as f64 / 1e9);
        let mut periods: Vec<f64> = differences.filter(|d| *d > 0.0).collect();
        Self {
            topic,
            rows,
            sweeps,
            is_scan: sweeps.iter().any(Sweep::is_scan),
            is_spinning: has_rings && median(&mut covered).is_ok_and(|c| c >= SPINNING_DEGREES),
            has_rings,
            period_secs: if periods.len() < 2 {
                f64::NAN
            } else {
                median(&mut periods).unwrap_or(f64::NAN)
            },
        }
    }
}

/// Facts and drawings of one stream of clouds or scans.
pub(crate) fn outcome(
    (topic, frame): (&str, &str),
    stream: usize,
    rows: &[CloudRow],
    sweeps: &[Sweep],
    context: &Context<'_>,
) -> Outcome {
    let mut outcome = Outcome::default();
    if rows.is_empty() {
        return outcome;
    }
    // Rows come in the order of the file; runs of sweeps are runs in time.
    let (mut rows, mut sweeps) = (rows.to_vec(), sweeps.to_vec());
    rows.sort_by_key(|row| (row.t_nanos, row.log_nanos));
    sweeps.sort_by_key(|sweep| (sweep.t_nanos, sweep.log_nanos));
    let clouds = Stream::new(topic, &rows, &sweeps);
    let platform = Platform::new(context);
    let mut sheet = Sheet::new(topic, sweeps.len());
    facts::validity(&clouds, &mut sheet);
    facts::counts(&clouds, &mut sheet);
    facts::shift(&clouds, &mut sheet);
    facts::directions(&clouds, &mut sheet);
    facts::lasers(&clouds, &mut sheet);
    facts::point_times(&clouds, &mut sheet);
    facts::smear(&clouds, &platform, &mut sheet);
    skew::skew(&clouds, (stream, frame), context, &mut sheet);
    facts::intensity(&clouds, &mut sheet);
    facts::repeats(&clouds, &platform, &mut sheet);
    outcome.curves = picture::curves(&clouds, context);
    outcome.pictures = picture::range_images(&clouds, stream, &sheet.facts, context);
    outcome.facts = sheet.facts;
    outcome
}
