//! Paths as rows of numbers, and what a case may ask to be done to them first.

use super::super::{
    Association, Pairs, PathError, Plane, Preparation, Stamps, TrajectoryError, pairs,
};
use super::Frame;
use crate::pose::{Pose, StampedPose};
use serde::Deserialize;

/// Why a case has no paths.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(super) enum PathsError {
    /// A row of another length, or than its neighbors.
    #[error(
        "row `{index}` of the {whose} has `{columns}` numbers; hint: `t x y z qx qy qz qw` (seconds, meters), the same without `t`, or the 12 of a 3 x 4 matrix, all rows alike"
    )]
    Columns {
        /// `reference`, `estimate` or `path`.
        whose: &'static str,
        /// Index of the row, from 0.
        index: usize,
        /// Numbers in it.
        columns: usize,
    },
    /// A time that is none.
    #[error("a time of `{secs}` s is none; hint: finite seconds within 290 years of 0")]
    Time {
        /// The number seen.
        secs: f64,
    },
    /// An option for paths with stamps.
    #[error("`{option}` needs stamps; hint: give rows of `t x y z qx qy qz qw`")]
    NoStamps {
        /// Its name.
        option: &'static str,
    },
    /// The measure itself.
    #[error(transparent)]
    Measure(#[from] TrajectoryError),
}

impl From<PathError> for PathsError {
    fn from(e: PathError) -> Self {
        Self::Measure(e.into())
    }
}

/// Seconds to the nearest nanosecond.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the size is looked at before"
)]
pub(super) fn nanos(secs: f64) -> Result<i64, PathsError> {
    let whole = secs.floor();
    if !(whole.is_finite() && whole.abs() < 9.2e9) {
        return Err(PathsError::Time { secs });
    }
    Ok(whole as i64 * 1_000_000_000 + ((secs - whole) * 1e9).round() as i64)
}

/// `x y z qx qy qz qw`.
pub(super) fn pose_of(row: &[f64; 7]) -> Pose {
    let [x, y, z, qx, qy, qz, qw] = *row;
    Pose {
        translation_meters: [x, y, z],
        quat_xyzw: [qx, qy, qz, qw],
    }
}

/// A path, one pose per row.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Rows(Vec<Vec<f64>>);

impl Rows {
    fn has_stamps(&self) -> bool {
        self.0.first().is_some_and(|row| row.len() == 8)
    }

    fn is_like(&self, row: &[f64]) -> bool {
        self.0.first().is_some_and(|first| first.len() == row.len())
    }

    /// The poses of rows with or without stamps.
    pub(super) fn frames(&self, whose: &'static str) -> Result<Vec<Frame>, PathsError> {
        if self.0.is_empty() {
            return Err(PathError::Empty { whose }.into());
        }
        let of = |(index, row): (usize, &Vec<f64>)| {
            let columns = row.len();
            let wrong = PathsError::Columns {
                whose,
                index,
                columns,
            };
            if !self.is_like(row) {
                return Err(wrong);
            }
            let tail = usize::from(columns == 8);
            let frame = if let Ok(matrix) = <&[f64; 12]>::try_from(row.as_slice()) {
                Frame::of_rows(matrix)
            } else {
                let row: &[f64; 7] = row
                    .get(tail..)
                    .and_then(|r| r.try_into().ok())
                    .ok_or(wrong)?;
                Frame::of(&pose_of(row))
            };
            frame.ok_or(PathError::NoPose { whose, index }.into())
        };
        self.0.iter().enumerate().map(of).collect()
    }

    fn stamped(&self, whose: &'static str) -> Result<Vec<StampedPose>, PathsError> {
        let of = |(index, row): (usize, &Vec<f64>)| {
            let columns = row.len();
            let wrong = PathsError::Columns {
                whose,
                index,
                columns,
            };
            let row: &[f64; 8] = row.as_slice().try_into().map_err(|_| wrong)?;
            let [secs, x, y, z, qx, qy, qz, qw] = *row;
            Ok(StampedPose {
                t_nanos: nanos(secs)?,
                pose: pose_of(&[x, y, z, qx, qy, qz, qw]),
            })
        };
        self.0.iter().enumerate().map(of).collect()
    }
}

/// Association as a case asks for it.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Associate {
    max_diff_secs: Option<f64>,
    offset_secs: f64,
    interpolate: bool,
    float_seconds: bool,
    stamps: Stamps,
}

impl Associate {
    pub(super) fn read(&self) -> Result<Association, PathsError> {
        let default = Association::default();
        Ok(Association {
            max_diff_nanos: self
                .max_diff_secs
                .map_or(Ok(default.max_diff_nanos), nanos)?,
            offset_nanos: nanos(self.offset_secs)?,
            is_interpolated: self.interpolate,
            in_float_seconds: self.float_seconds,
            stamps: self.stamps,
        })
    }
}

/// [`Preparation`] as a case asks for it.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Prepare {
    start_secs: Option<f64>,
    end_secs: Option<f64>,
    downsample: Option<usize>,
    motion_filter: Option<MotionFilter>,
    plane: Option<Plane>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MotionFilter {
    meters: f64,
    radians: f64,
}

impl Prepare {
    fn read(&self) -> Result<Preparation, PathsError> {
        Ok(Preparation {
            start_nanos: self.start_secs.map(nanos).transpose()?,
            end_nanos: self.end_secs.map(nanos).transpose()?,
            downsample: self.downsample,
            motion_filter: self.motion_filter.map(|filter| super::super::MotionFilter {
                meters: filter.meters,
                radians: filter.radians,
            }),
            plane: self.plane,
        })
    }
}

fn at<T: Copy>(path: &[T], kept: Vec<usize>) -> Vec<T> {
    kept.into_iter().map(|i| path[i]).collect()
}

fn thin(
    path: Vec<StampedPose>,
    whose: &'static str,
    how: &Preparation,
) -> Result<Vec<StampedPose>, PathsError> {
    if !how.is_thinning() {
        return Ok(path);
    }
    let kept = how.kept(&super::super::frames(&path, whose)?)?;
    Ok(at(&path, kept))
}

/// Both paths of a case.
pub(super) struct Paths<'a> {
    pub(super) reference: &'a Rows,
    pub(super) estimate: &'a Rows,
}

impl Paths<'_> {
    /// Their pairs, and the association used: by stamps where both have them, else by position.
    pub(super) fn pairs(
        &self,
        associate: &Associate,
        prepare: &Prepare,
    ) -> Result<(Pairs, Option<Association>), PathsError> {
        let cuts = prepare.read()?;
        let (mut found, how) = if self.reference.has_stamps() && self.estimate.has_stamps() {
            let how = associate.read()?;
            let mut reference = self.reference.stamped("reference")?;
            reference = at(&reference, cuts.in_time(&reference));
            let reference = thin(reference, "reference", &cuts)?;
            let estimate = thin(self.estimate.stamped("estimate")?, "estimate", &cuts)?;
            let found = pairs(&reference, &estimate, &how).map_err(TrajectoryError::from)?;
            (found, Some(how))
        } else {
            if prepare.start_secs.is_some() || prepare.end_secs.is_some() {
                let option = "start_secs";
                return Err(PathsError::NoStamps { option });
            }
            let thin = |path: Vec<Frame>| -> Result<Vec<Frame>, PathsError> {
                Ok(at(&path, cuts.kept(&path)?))
            };
            let reference = thin(self.reference.frames("reference")?)?;
            let estimate = thin(self.estimate.frames("estimate")?)?;
            let found = Pairs::by_position(reference, estimate).map_err(TrajectoryError::from)?;
            (found, None)
        };
        cuts.lay(&mut found);
        Ok((found, how))
    }
}
