//! The three forms of trajectory files.

use super::text::{RowError, Separator, cells, decimal_nanos, exact, float, floats, integer, rows};
use crate::folder::quat_xyzw_from_rows;

/// Form of a trajectory file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `t tx ty tz qx qy qz qw`, seconds, separated by blanks (TUM RGB-D benchmark).
    Tum,
    /// Twelve numbers, rows of the 3 x 4 matrix `world_from_camera`; times are in a file apart.
    Kitti,
    /// `t,px,py,pz,qw,qx,qy,qz[,…]`, nanoseconds, separated by commas (`EuRoC` ground truth).
    Euroc,
}

impl Kind {
    /// Name for messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tum => "TUM",
            Self::Kitti => "KITTI",
            Self::Euroc => "EuRoC",
        }
    }
}

/// One pose, `world_from_body`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// Nanoseconds; none for KITTI poses without a file of times.
    pub stamp_ns: Option<i64>,
    /// Meters.
    pub translation_meters: [f64; 3],
    /// Order x y z w, as written: not normalized. For KITTI from the matrix.
    pub quat_xyzw: [f64; 4],
    /// Byte of the file its row starts at.
    pub start: usize,
}

/// A row that is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line `{line}`: {cause}")]
pub struct TrajectoryError {
    /// Counted from 1.
    pub line: u64,
    /// First byte of the line.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// What is wrong.
    pub cause: RowError,
}

/// A trajectory file, read whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trajectory {
    /// Poses in order of the file.
    pub poses: Vec<Pose>,
    /// Rows that could not be read.
    pub errors: Vec<TrajectoryError>,
}

/// Rows [`sniff`] looks at.
const SNIFFED_ROWS: usize = 3;
/// Bytes [`sniff`] looks at.
const SNIFFED_BYTES: usize = 64 << 10;

/// The form of a file by its first rows; none when they are none of the three.
///
/// Blank-separated rows of eight numbers are TUM, of twelve KITTI when the left 3 x 3 part is a rotation.
/// Comma-separated rows that begin with an integer and have at least eight numbers whose fifth to
/// eighth are a unit quaternion are `EuRoC`.
pub fn sniff(bytes: &[u8]) -> Option<Kind> {
    let head = bytes.get(..SNIFFED_BYTES).unwrap_or(bytes);
    let whole = if head.len() < bytes.len() {
        // The last line may be cut.
        let end = head.iter().rposition(|&byte| byte == b'\n')?;
        head.get(..end)?
    } else {
        head
    };
    let mut kinds = rows(whole)
        .take(SNIFFED_ROWS)
        .map(|line| row_kind(line.text));
    let first = kinds.next()??;
    kinds.all(|kind| kind == Some(first)).then_some(first)
}

/// The form the first row was probably meant to have, by its number of columns alone: for messages about the row that
/// keeps a file from being recognized. None where that row does not begin with a number.
pub fn likely(bytes: &[u8]) -> Option<Kind> {
    let head = bytes.get(..SNIFFED_BYTES).unwrap_or(bytes);
    let line = rows(head).next()?.text;
    let is_comma = line.contains(&b',');
    let separator = if is_comma {
        Separator::Comma
    } else {
        Separator::Blank
    };
    float(cells(line, separator).next()?)?;
    match (is_comma, cells(line, separator).count()) {
        (true, 8..) => Some(Kind::Euroc),
        (false, 12) => Some(Kind::Kitti),
        (false, 7..=9) => Some(Kind::Tum),
        _ => None,
    }
}

fn row_kind(line: &[u8]) -> Option<Kind> {
    if line.contains(&b',') {
        let quat = floats::<8>(line, Separator::Comma, 0).ok()?;
        let first = cells(line, Separator::Comma).next()?;
        integer(first)?;
        let norm: f64 = quat.iter().skip(4).map(|value| value * value).sum();
        return ((norm - 1.0).abs() < 0.02).then_some(Kind::Euroc);
    }
    match cells(line, Separator::Blank).count() {
        8 => {
            let row = floats::<8>(line, Separator::Blank, 0).ok()?;
            let norm: f64 = row.iter().skip(4).map(|value| value * value).sum();
            ((norm - 1.0).abs() < 0.02).then_some(Kind::Tum)
        }
        12 => {
            let row = floats::<12>(line, Separator::Blank, 0).ok()?;
            kitti_quat(&row).map(|_| Kind::Kitti)
        }
        _ => None,
    }
}

fn kitti_quat(row: &[f64; 12]) -> Option<[f64; 4]> {
    let [a, b, c, _, d, e, f, _, g, h, i, _] = *row;
    quat_xyzw_from_rows(&[a, b, c, d, e, f, g, h, i])
}

impl Trajectory {
    /// Reads a whole file of a known form; rows that cannot be read are errors, the others are read.
    /// Cost: O(bytes).
    pub fn parse(bytes: &[u8], kind: Kind) -> Self {
        let mut trajectory = Self::default();
        for line in rows(bytes) {
            match parse_row(line.text, kind) {
                Ok(pose) => trajectory.poses.push(Pose {
                    start: line.start,
                    ..pose
                }),
                Err(cause) => trajectory.errors.push(TrajectoryError {
                    line: line.number,
                    start: line.start,
                    end: line.start + line.text.len(),
                    cause,
                }),
            }
        }
        trajectory
    }
}

/// Reads one row; its place is left 0.
pub(crate) fn parse_row(line: &[u8], kind: Kind) -> Result<Pose, RowError> {
    let separator = match kind {
        Kind::Euroc => Separator::Comma,
        Kind::Tum | Kind::Kitti => Separator::Blank,
    };
    let first = cells(line, separator).next().unwrap_or_default();
    match kind {
        Kind::Kitti => {
            let row = exact::<12>(line, separator)?;
            let quat_xyzw = kitti_quat(&row)
                .ok_or_else(|| RowError::cell(1, first, "the start of a rotation matrix"))?;
            let [_, _, _, x, _, _, _, y, _, _, _, z] = row;
            Ok(pose(None, [x, y, z], quat_xyzw))
        }
        Kind::Tum => {
            let [_, x, y, z, qx, qy, qz, qw] = exact::<8>(line, separator)?;
            let stamp = decimal_nanos(first)
                .ok_or_else(|| RowError::cell(1, first, "a time in seconds"))?;
            Ok(pose(Some(stamp), [x, y, z], [qx, qy, qz, qw]))
        }
        Kind::Euroc => {
            let stamp =
                integer(first).ok_or_else(|| RowError::cell(1, first, "a time in nanoseconds"))?;
            let [x, y, z, qw, qx, qy, qz] = floats::<7>(line, separator, 1)?;
            Ok(pose(Some(stamp), [x, y, z], [qx, qy, qz, qw]))
        }
    }
}

fn pose(stamp_ns: Option<i64>, translation_meters: [f64; 3], quat_xyzw: [f64; 4]) -> Pose {
    Pose {
        stamp_ns,
        translation_meters,
        quat_xyzw,
        start: 0,
    }
}

/// The rows of a KITTI file as written, without a detour through quaternions: whether the left part of each is a
/// rotation is left to the caller. With each row the byte it starts at; a row that cannot be read is an error.
/// Cost: O(bytes).
pub fn parse_matrices(bytes: &[u8]) -> Vec<Result<(usize, [f64; 12]), TrajectoryError>> {
    rows(bytes)
        .map(|line| {
            exact::<12>(line.text, Separator::Blank)
                .map(|row| (line.start, row))
                .map_err(|cause| TrajectoryError {
                    line: line.number,
                    start: line.start,
                    end: line.start + line.text.len(),
                    cause,
                })
        })
        .collect()
}

/// The times of a KITTI sequence: one per line, seconds; a row that cannot be read is an error.
pub fn parse_times(bytes: &[u8]) -> Vec<Result<i64, TrajectoryError>> {
    rows(bytes)
        .map(|line| {
            let cell = line.text.trim_ascii();
            decimal_nanos(cell).ok_or_else(|| TrajectoryError {
                line: line.number,
                start: line.start,
                end: line.start + line.text.len(),
                cause: RowError::cell(1, cell, "a time in seconds"),
            })
        })
        .collect()
}

/// Whether every one of the first rows is a single number.
pub(super) fn looks_like_times(bytes: &[u8]) -> bool {
    let mut some = false;
    rows(bytes).take(SNIFFED_ROWS).all(|line| {
        some = true;
        float(line.text.trim_ascii()).is_some()
    }) && some
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_known_by_their_rows() {
        for (text, kind) in [
            ("# t x\n1.5 0 0 0 0 0 0 1\n", Some(Kind::Tum)),
            ("1 0 0 0 0 1 0 0 0 0 1 0\n", Some(Kind::Kitti)),
            ("#t,x\n5,0,0,0,1,0,0,0,0,0,0\n", Some(Kind::Euroc)),
            ("1.5 0 0 0 0 0 0 2\n", None),
            ("2 0 0 0 0 1 0 0 0 0 1 0\n", None),
            ("5,1,2,3,4,5,6\n", None),
            ("1.5 0 0 0 0 0 0 1\nwords\n", None),
            ("", None),
            ("# only a comment\n", None),
        ] {
            assert_eq!(sniff(text.as_bytes()), kind, "{text}");
        }
    }

    #[test]
    fn a_file_that_is_not_recognized_is_likely_something() {
        for (text, kind) in [
            ("1.5 0 0 nan 0 0 0 2\n", Some(Kind::Tum)),
            ("2 0 0 0 0 1 0 0 0 0 1 0\n", Some(Kind::Kitti)),
            ("1.5,0,0,0,1,0,0,0\n", Some(Kind::Euroc)),
            ("some words that are eight in all here\n", None),
            ("1 2 3\n", None),
            ("", None),
        ] {
            assert_eq!(likely(text.as_bytes()), kind, "{text}");
        }
    }

    #[test]
    fn matrices_are_kept_as_written() {
        let text = b"# gt\n1 0 0 4 0 1 0 5 0 0 1 6\n1 0 0\n";
        let found = parse_matrices(text);
        let row = [1.0, 0.0, 0.0, 4.0, 0.0, 1.0, 0.0, 5.0, 0.0, 0.0, 1.0, 6.0];
        assert_eq!(found[0], Ok((5, row)));
        let error = found[1].as_ref().unwrap_err().to_string();
        assert_eq!(error, "line `3`: `3` columns where `12` belong");
    }

    #[test]
    fn bad_rows_are_named_and_the_rest_is_read() {
        let text = b"1.5 0 0 0 0 0 0 1\n1.6 0 0 x 0 0 0 1\n1.7 0 0\n1.8 1 2 3 0 0 0 1\n";
        let found = Trajectory::parse(text, Kind::Tum);
        assert_eq!(found.poses.len(), 2);
        assert_eq!(found.poses[1].stamp_ns, Some(1_800_000_000));
        assert_eq!(found.poses[1].translation_meters, [1.0, 2.0, 3.0]);
        let errors: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            errors,
            [
                "line `2`: column `4`: `x` is not a number",
                "line `3`: `3` columns where `8` belong"
            ]
        );
    }
}
