//! Paths of poses from tables: CSV, JSON lines, Parquet, Feather, `NumPy`.

use super::Input;
use super::read::{Origin, Path, Poses};
use crate::EngineError;
use crate::sources::Source;
use fieldassay_formats::table::{self, Table};
use fieldassay_measure::pose::{Pose, StampedPose};

/// Names a column of times in nanoseconds may have.
const NANOS: [&str; 6] = [
    "timestamp_ns",
    "t_ns",
    "time_ns",
    "stamp_ns",
    "timestamp_nanos",
    "t_nanos",
];
/// Names a column of times in seconds may have.
const SECONDS: [&str; 8] = [
    "t",
    "time",
    "timestamp",
    "stamp",
    "t_s",
    "time_s",
    "timestamp_s",
    "secs",
];
/// Names of positions in meters, then of the quaternion, x y z w.
const POSE: [[&str; 4]; 7] = [
    ["x", "tx", "px", "tx_m"],
    ["y", "ty", "py", "ty_m"],
    ["z", "tz", "pz", "tz_m"],
    ["qx", "q_x", "quat_x", "orientation_x"],
    ["qy", "q_y", "quat_y", "orientation_y"],
    ["qz", "q_z", "quat_z", "orientation_z"],
    ["qw", "q_w", "quat_w", "orientation_w"],
];
/// Columns of an array without names, in TUM's order.
const UNNAMED: [&str; 8] = ["0", "1", "2", "3", "4", "5", "6", "7"];
const HINT: &str = "the columns are `t` in seconds or `timestamp_ns`, `x y z` in meters and `qx qy qz qw`; an array without names has these eight in order, seconds first";

/// Reads a path of a file that is a table; none where it is not one by its first bytes or its ending.
pub(super) fn read(input: &Input, source: Source) -> Result<Result<Path, Source>, EngineError> {
    let name = input.path.display().to_string();
    let Some(bytes) = source.file().filter(|bytes| table::is_table(&name, bytes)) else {
        return Ok(Err(source));
    };
    let table = table::read(&name, bytes)?;
    let wrong = |place: Option<usize>, message: String| EngineError::Poses {
        input: input.to_string(),
        place: place.map(|row| format!("row `{row}`")),
        message: format!("{message}\nhint: {HINT}"),
    };
    let columns = columns(&table).map_err(|missing| {
        let names: Vec<String> = table.names().map(|name| format!("`{name}`")).collect();
        let known = match names.len() {
            0 => "none at all".to_owned(),
            _ => names.join(", "),
        };
        wrong(
            None,
            format!("it is a table without a column `{missing}`; its columns are {known}"),
        )
    })?;
    let stamps = stamps(&table, columns.time)?.map_err(|(row, seen)| {
        wrong(
            Some(row),
            format!("`{}` is `{seen}`, no time", columns.time),
        )
    })?;
    let values: Result<Vec<Vec<f64>>, _> = columns
        .pose
        .iter()
        .map(|name| table.numbers(name))
        .collect();
    let values = values?;
    let poses = stamps.into_iter().enumerate().map(|(row, t_nanos)| {
        let [x, y, z, qx, qy, qz, qw] = std::array::from_fn(|column| {
            let cell = values.get(column).and_then(|values| values.get(row));
            cell.copied().unwrap_or(f64::NAN)
        });
        StampedPose {
            t_nanos,
            pose: Pose {
                translation_meters: [x, y, z],
                quat_xyzw: [qx, qy, qz, qw],
            },
        }
    });
    let poses: Vec<StampedPose> = poses.collect();
    Ok(Ok(Path {
        input: input.to_string(),
        format: format!("table of `{}` and poses", columns.time),
        starts: (0..poses.len()).collect(),
        poses: Poses::Stamped(poses),
        source,
        origin: Origin::Table,
        loss: None,
    }))
}

/// Which columns hold what.
struct Columns {
    time: &'static str,
    pose: [&'static str; 7],
}

/// The columns of a path, or the name of one that is missing.
fn columns(table: &Table) -> Result<Columns, &'static str> {
    if UNNAMED.iter().all(|name| table.has(name)) && table.names().count() == UNNAMED.len() {
        let [time, pose @ ..] = UNNAMED;
        return Ok(Columns { time, pose });
    }
    let known = |names: &[&'static str]| names.iter().copied().find(|name| table.has(name));
    let time = known(&NANOS).or_else(|| known(&SECONDS)).ok_or("t")?;
    let mut pose = [""; 7];
    for (column, names) in pose.iter_mut().zip(&POSE) {
        let [first, ..] = names;
        *column = known(names).ok_or(*first)?;
    }
    Ok(Columns { time, pose })
}

/// Times in nanoseconds; row and cell of one that is none.
type Stamps = Result<Vec<i64>, (usize, f64)>;

fn stamps(table: &Table, column: &str) -> Result<Stamps, EngineError> {
    if NANOS.contains(&column) {
        return Ok(Ok(table.integers(column)?));
    }
    let seconds = table.numbers(column)?;
    let nanos = |(row, secs): (usize, f64)| super::nanos("", secs).map_err(|_| (row, secs));
    Ok(seconds.into_iter().enumerate().map(nanos).collect())
}
