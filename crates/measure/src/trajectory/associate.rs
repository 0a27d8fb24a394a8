//! Which pose of an estimate belongs to which pose of the reference.

use super::frame::{Frame, PathError, frames};
use crate::pose::StampedPose;
use serde::{Deserialize, Serialize};

const NANOS: i64 = 1_000_000_000;

/// What stamps a path may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stamps {
    /// Ascending. One that is there twice is refused where a pair would use it, as it is not known which pose is right;
    /// others are left out.
    #[default]
    Strict,
    /// Any, as evo takes them: repeated stamps serve as they come, unsorted ones by a search through all.
    AsTheyAre,
}

/// How two paths are brought together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Association {
    /// Most distance in time of a pair, nanoseconds; 10 ms by default, as in evo.
    pub max_diff_nanos: i64,
    /// Added to the stamps of the estimate, nanoseconds.
    pub offset_nanos: i64,
    /// Whether the denser path is interpolated at the stamps of the other one (straight and along the shorter arc)
    /// instead of taken at its nearest pose; false by default.
    pub is_interpolated: bool,
    /// Whether times are compared as seconds in `f64`, as evo does; false by default. Only pairs at the very edge of
    /// `max_diff_nanos`, or halfway between two poses, come out differently.
    pub in_float_seconds: bool,
    /// What stamps are taken; ascending ones by default.
    pub stamps: Stamps,
}

impl Default for Association {
    fn default() -> Self {
        Self {
            max_diff_nanos: NANOS / 100,
            offset_nanos: 0,
            is_interpolated: false,
            in_float_seconds: false,
            stamps: Stamps::Strict,
        }
    }
}

/// Why no pairs were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssociateError {
    /// One of the paths is none.
    #[error(transparent)]
    Path(#[from] PathError),
    /// No stamps within the tolerance.
    #[error(
        "no stamps of reference and estimate are within `{}` s; the nearest are `{}` s apart; hint: raise the tolerance, or give the offset between the clocks", float_secs(*.max_diff_nanos), *.nearest_nanos as f64 / 1e9
    )]
    NoPairs {
        /// Tolerance used.
        max_diff_nanos: i64,
        /// Smallest distance found, nanoseconds.
        nearest_nanos: u64,
    },
    /// A tolerance below zero.
    #[error("the tolerance `{max_diff_nanos}` ns is negative; hint: give a time of at least 0")]
    BadTolerance {
        /// Tolerance given.
        max_diff_nanos: i64,
    },
    /// Paths without stamps and of different lengths.
    #[error(
        "`{reference}` and `{estimate}` poses without stamps cannot be paired; hint: give both paths with stamps, or as many poses"
    )]
    Lengths {
        /// Poses of the reference.
        reference: usize,
        /// Poses of the estimate.
        estimate: usize,
    },
}

/// Poses of two paths, pair by pair.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pairs {
    /// Poses of the reference.
    pub reference: Vec<Frame>,
    /// Poses of the estimate, as many.
    pub estimate: Vec<Frame>,
    /// Time of each pair by the stamps of the estimate, nanoseconds; empty where paths have none.
    pub stamps_nanos: Vec<i64>,
    /// Poses of the denser path that serve more than one pair.
    pub reused: usize,
    /// Stamps that are there twice in one of the paths; with [`Stamps::Strict`] no pair uses them.
    pub repeated: usize,
}

impl Pairs {
    /// Pairs of paths that have no stamps, by position in the list.
    ///
    /// Errors: [`AssociateError::Lengths`], [`PathError::Empty`].
    pub fn by_position(
        reference: Vec<Frame>,
        estimate: Vec<Frame>,
    ) -> Result<Self, AssociateError> {
        if reference.len() != estimate.len() {
            return Err(AssociateError::Lengths {
                reference: reference.len(),
                estimate: estimate.len(),
            });
        }
        if reference.is_empty() {
            return Err(PathError::Empty { whose: "reference" }.into());
        }
        Ok(Self {
            reference,
            estimate,
            stamps_nanos: Vec::new(),
            reused: 0,
            repeated: 0,
        })
    }

    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.reference.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.reference.is_empty()
    }
}

/// Seconds as evo reads them from a file: the float nearest to the decimal number.
fn float_secs(nanos: i64) -> f64 {
    (nanos.div_euclid(NANOS)) as f64 + nanos.rem_euclid(NANOS) as f64 / 1e9
}

/// For each of `short` the index of the nearest of `long` (of two equally near the earlier one), where within `most`.
fn nearest<T: Copy + PartialOrd, D: PartialOrd>(
    short: impl Iterator<Item = T>,
    long: &[T],
    distance: impl Fn(T, T) -> D,
    most: &D,
) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut after = 0;
    for (i, stamp) in short.enumerate() {
        while long.get(after).is_some_and(|t| *t < stamp) {
            after += 1;
        }
        let candidates = [after.checked_sub(1), Some(after)];
        let mut best: Option<(usize, D)> = None;
        for j in candidates.into_iter().flatten() {
            let Some(t) = long.get(j) else { continue };
            let d = distance(*t, stamp);
            if best.as_ref().is_none_or(|(_, least)| d < *least) {
                best = Some((j, d));
            }
        }
        found.extend(best.filter(|(_, d)| d <= most).map(|(j, _)| (i, j)));
    }
    found
}

/// [`nearest`] among stamps in any order: a search through all of `long` for each of `short`; the first of equals.
fn nearest_of_all<T: Copy, D: PartialOrd>(
    short: impl Iterator<Item = T>,
    long: &[T],
    distance: impl Fn(T, T) -> D,
    most: &D,
) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (i, stamp) in short.enumerate() {
        let mut best: Option<(usize, D)> = None;
        for (j, t) in long.iter().enumerate() {
            let d = distance(*t, stamp);
            if best.as_ref().is_none_or(|(_, least)| d < *least) {
                best = Some((j, d));
            }
        }
        found.extend(best.filter(|(_, d)| d <= most).map(|(j, _)| (i, j)));
    }
    found
}

/// Whether a path may be searched in order; refuses what the options do not take.
fn check(stamps: &[i64], whose: &'static str, how: &Association) -> Result<bool, PathError> {
    if stamps.is_empty() {
        return Err(PathError::Empty { whose });
    }
    // Between stamps in no order nothing can be interpolated.
    let is_strict = how.stamps == Stamps::Strict;
    let back = stamps.windows(2).position(|w| w[1] < w[0]);
    match back {
        Some(at) if is_strict || how.is_interpolated => {
            let index = at + 1;
            Err(PathError::Unsorted { whose, index })
        }
        _ => Ok(back.is_none()),
    }
}

/// Refuses a stamp that is there twice and is used; `used` are indices into `stamps`, which ascend.
fn check_used(
    stamps: &[i64],
    whose: &'static str,
    mut used: impl Iterator<Item = usize>,
) -> Result<(), PathError> {
    let again = |i: usize| {
        let is_repeat = |at: usize| at > 0 && stamps.get(at) == stamps.get(at - 1);
        let is_next = i + 1 < stamps.len() && is_repeat(i + 1);
        (is_repeat(i) || is_next).then_some(i + usize::from(is_next))
    };
    match used.find_map(again) {
        Some(index) => Err(PathError::Repeated { whose, index }),
        None => Ok(()),
    }
}

/// Index pairs (reference, estimate): for each pose of the shorter path the nearest one of the other, within the
/// tolerance; of two equally near ones the earlier. A pose of the longer path may serve several.
///
/// `reference`, `estimate`: nanoseconds, as [`Stamps`] says. With paths of the same length
/// the estimate counts as the shorter one. Errors: [`AssociateError`]. Cost: one pass over both; the product of their
/// lengths for stamps in no order. Source: evo 1.38.1 `sync`, nearest time.
pub fn associate(
    reference: &[i64],
    estimate: &[i64],
    how: &Association,
) -> Result<Vec<(usize, usize)>, AssociateError> {
    let max_diff_nanos = how.max_diff_nanos;
    let Ok(most) = u64::try_from(max_diff_nanos) else {
        return Err(AssociateError::BadTolerance { max_diff_nanos });
    };
    let is_sorted = check(reference, "reference", how)? && check(estimate, "estimate", how)?;
    let is_estimate_longer = estimate.len() > reference.len();
    let (short, long, sign) = if is_estimate_longer {
        (reference, estimate, 1)
    } else {
        (estimate, reference, -1)
    };
    // The offset goes to the longer path, with the sign that has the same effect.
    let shift = sign * how.offset_nanos;
    let found = if how.in_float_seconds {
        let offset = float_secs(shift);
        let long: Vec<f64> = long.iter().map(|t| float_secs(*t) + offset).collect();
        let short = short.iter().map(|t| float_secs(*t));
        let most = max_diff_nanos as f64 / 1e9;
        let distance = |a: f64, b: f64| (a - b).abs();
        if is_sorted {
            nearest(short, &long, distance, &most)
        } else {
            nearest_of_all(short, &long, distance, &most)
        }
    } else {
        let long: Vec<i64> = long.iter().map(|t| t.saturating_add(shift)).collect();
        let short = short.iter().copied();
        if is_sorted {
            nearest(short, &long, i64::abs_diff, &most)
        } else {
            nearest_of_all(short, &long, i64::abs_diff, &most)
        }
    };
    if found.is_empty() {
        let distance = |t: &i64| {
            let t = t.saturating_add(how.offset_nanos);
            let others = reference.iter().map(move |r| r.abs_diff(t));
            others.min().unwrap_or(u64::MAX)
        };
        return Err(AssociateError::NoPairs {
            max_diff_nanos,
            nearest_nanos: estimate.iter().map(distance).min().unwrap_or(u64::MAX),
        });
    }
    let in_order = |(s, l)| if is_estimate_longer { (s, l) } else { (l, s) };
    let found: Vec<(usize, usize)> = found.into_iter().map(in_order).collect();
    if how.stamps == Stamps::Strict {
        if how.is_interpolated {
            // Any pose may be a neighbor.
            check_used(reference, "reference", 0..reference.len())?;
            check_used(estimate, "estimate", 0..estimate.len())?;
        }
        check_used(reference, "reference", found.iter().map(|p| p.0))?;
        check_used(estimate, "estimate", found.iter().map(|p| p.1))?;
    }
    Ok(found)
}

/// Pairs of two paths by their stamps.
///
/// Interpolation moves the denser path to the stamps of the other; beyond its ends it stays at them. Errors:
/// [`AssociateError`]. Cost: one pass over both.
pub fn pairs(
    reference: &[StampedPose],
    estimate: &[StampedPose],
    how: &Association,
) -> Result<Pairs, AssociateError> {
    let stamps = |poses: &[StampedPose]| poses.iter().map(|p| p.t_nanos).collect::<Vec<i64>>();
    let (t_reference, t_estimate) = (stamps(reference), stamps(estimate));
    let found = associate(&t_reference, &t_estimate, how)?;
    let (all_reference, all_estimate) = (
        frames(reference, "reference")?,
        frames(estimate, "estimate")?,
    );
    let is_estimate_longer = estimate.len() > reference.len();
    let long_index = |pair: &(usize, usize)| if is_estimate_longer { pair.1 } else { pair.0 };
    let reused = found
        .windows(2)
        .filter(|w| long_index(&w[0]) == long_index(&w[1]))
        .count();
    let repeats = |stamps: &[i64]| stamps.windows(2).filter(|w| w[0] == w[1]).count();
    let mut out = Pairs {
        reference: found.iter().map(|(i, _)| all_reference[*i]).collect(),
        estimate: found.iter().map(|(_, j)| all_estimate[*j]).collect(),
        stamps_nanos: found.iter().map(|(_, j)| t_estimate[*j]).collect(),
        reused,
        repeated: repeats(&t_reference) + repeats(&t_estimate),
    };
    if how.is_interpolated {
        let offset = how.offset_nanos;
        if is_estimate_longer {
            out.stamps_nanos = found
                .iter()
                .map(|(i, _)| t_reference[*i].saturating_sub(offset))
                .collect();
            out.estimate = out.stamps_nanos.iter().map(|t| at(estimate, *t)).collect();
        } else {
            let times = out.stamps_nanos.iter().map(|t| t.saturating_add(offset));
            out.reference = times.map(|t| at(reference, t)).collect();
        }
    }
    Ok(out)
}

/// The frame at a time, between neighbors by interpolation, beyond the ends the end. The poses were checked.
fn at(poses: &[StampedPose], t_nanos: i64) -> Frame {
    let after = poses.partition_point(|p| p.t_nanos <= t_nanos);
    let before = after.saturating_sub(1);
    let (a, b) = (&poses[before], &poses[after.min(poses.len() - 1)]);
    let of = |p: &StampedPose| p.pose.normalized().unwrap_or(crate::pose::Pose::IDENTITY);
    let span = b.t_nanos.abs_diff(a.t_nanos) as f64;
    let fraction = if span > 0.0 && after > 0 {
        t_nanos.abs_diff(a.t_nanos) as f64 / span
    } else {
        0.0
    };
    let pose = of(a).interpolate(&of(b), fraction);
    Frame::of(&pose).unwrap_or(Frame {
        rotation: crate::pose::matrix::identity(),
        position_meters: pose.translation_meters,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(reference: &[i64], estimate: &[i64], most: i64) -> Vec<(usize, usize)> {
        let how = Association {
            max_diff_nanos: most,
            ..Association::default()
        };
        let exact = associate(reference, estimate, &how).unwrap();
        let float = Association {
            in_float_seconds: true,
            ..how
        };
        assert_eq!(associate(reference, estimate, &float).unwrap(), exact);
        exact
    }

    #[test]
    fn each_of_the_shorter_finds_the_nearest() {
        let tenths = |list: &[i64]| list.iter().map(|t| t * NANOS / 10).collect::<Vec<i64>>();
        let reference = tenths(&[0, 10, 20, 30, 40]);
        // As evo 1.38.1 pairs them: of two equally near the earlier, and a pose may serve twice.
        let estimate = tenths(&[1, 9, 11, 25, 30]);
        let found = find(&reference, &estimate, 6 * NANOS / 10);
        assert_eq!(found, [(0, 0), (1, 1), (1, 2), (2, 3), (3, 4)]);
        let few = tenths(&[9, 11]);
        assert_eq!(find(&reference, &few, 2 * NANOS / 10), [(1, 0), (1, 1)]);
        assert_eq!(find(&few, &reference, 2 * NANOS / 10), [(0, 1), (1, 1)]);
    }

    #[test]
    fn an_offset_moves_the_estimate() {
        let (reference, estimate) = ([0, 1_000, 2_000, 3_000], [900, 1_900]);
        let how = Association {
            max_diff_nanos: 10,
            offset_nanos: 100,
            ..Association::default()
        };
        let found = associate(&reference, &estimate, &how);
        assert_eq!(found, Ok(vec![(1, 0), (2, 1)]));
        let swapped = associate(
            &estimate,
            &reference,
            &Association {
                offset_nanos: -100,
                ..how
            },
        );
        assert_eq!(swapped, Ok(vec![(0, 1), (1, 2)]));
    }

    #[test]
    fn stamps_are_refused_where_they_would_count() {
        let how = Association {
            max_diff_nanos: 5,
            ..Association::default()
        };
        let refused = |reference: &[i64], estimate: &[i64]| {
            associate(reference, estimate, &how).map_err(|e| e.to_string())
        };
        let whose = "estimate";
        let path = |e: PathError| Err(AssociateError::Path(e));
        assert_eq!(associate(&[1], &[], &how), path(PathError::Empty { whose }));
        let back = associate(&[1, 2, 3], &[5, 4], &how);
        assert_eq!(back, path(PathError::Unsorted { whose, index: 1 }));
        let twice = associate(&[0, 10, 20, 30], &[10, 20, 20], &how);
        assert_eq!(twice, path(PathError::Repeated { whose, index: 2 }));
        assert!(refused(&[0, 10, 10, 20], &[11, 20]).is_err_and(|e| e.contains("hint")));
        // Which of two poses is right does not matter where neither is used.
        assert_eq!(
            refused(&[0, 10, 10, 20], &[0, 20]),
            Ok(vec![(0, 0), (3, 1)])
        );
        let between = Association {
            is_interpolated: true,
            ..how
        };
        assert!(associate(&[0, 10, 10, 20], &[0, 20], &between).is_err());
        let any = Association {
            stamps: Stamps::AsTheyAre,
            ..how
        };
        let found = associate(&[20, 0, 10, 10], &[11, 20], &any);
        assert_eq!(found, Ok(vec![(2, 0), (0, 1)]));
    }

    #[test]
    fn nothing_near_says_how_far_the_nearest_is() {
        let how = Association {
            max_diff_nanos: 5,
            ..Association::default()
        };
        assert_eq!(
            associate(&[0, 100], &[40, 130], &how),
            Err(AssociateError::NoPairs {
                max_diff_nanos: 5,
                nearest_nanos: 30
            })
        );
    }
}
