//! What the errors of a path are and how they are summed up.

use super::align::AlignError;
use super::associate::AssociateError;
use super::frame::PathError;
use crate::stats::{
    Estimate, Interval, Resampling, StatsError, block_bootstrap, block_length, median, moments,
};
use serde::{Deserialize, Serialize};

/// What of two poses is compared. Names are those of evo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Length of the translation of the error, meters.
    #[default]
    TranslationPart,
    /// Frobenius norm of `R - I`.
    RotationPart,
    /// Frobenius norm of `T - I`, which mixes meters and rotation.
    FullTransformation,
    /// Angle of the rotation, radians.
    RotationAngleRad,
    /// Angle of the rotation, degrees.
    RotationAngleDeg,
    /// Distance of the positions (APE), difference of the distances covered by the two pairs (RPE), meters.
    PointDistance,
    /// [`Relation::PointDistance`] of a pair in percent of the distance of the reference; RPE only.
    PointDistanceErrorRatio,
}

impl Relation {
    /// Unit of the errors.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::TranslationPart | Self::PointDistance => "m",
            Self::RotationPart | Self::FullTransformation => "1",
            Self::RotationAngleRad => "rad",
            Self::RotationAngleDeg => "deg",
            Self::PointDistanceErrorRatio => "%",
        }
    }
}

/// Why the errors of a path are not defined.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TrajectoryError {
    /// One of the paths is none.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The paths have no pairs.
    #[error(transparent)]
    Associate(#[from] AssociateError),
    /// The alignment is not determined.
    #[error(transparent)]
    Align(#[from] AlignError),
    /// No errors to sum up.
    #[error(transparent)]
    Stats(#[from] StatsError),
    /// No two poses a step apart.
    #[error(
        "no two of `{poses}` poses are `{delta}` {unit} apart; the path covers `{covered}` {unit}; hint: give a smaller step or, over all pairs, a larger tolerance"
    )]
    NoSteps {
        /// Poses searched.
        poses: usize,
        /// Step asked for.
        delta: f64,
        /// Its unit.
        unit: &'static str,
        /// What the whole path covers, in the same unit.
        covered: f64,
    },
    /// A step that means nothing.
    #[error("a step of `{delta}` {unit} is none; hint: {hint}")]
    BadStep {
        /// Step given.
        delta: f64,
        /// Its unit.
        unit: &'static str,
        /// What would be one.
        hint: &'static str,
    },
    /// Seconds asked of paths without times.
    #[error("the paths have no stamps; hint: give steps in frames, meters or degrees")]
    NoStamps,
    /// A relation that belongs to pairs of poses.
    #[error("`point_distance_error_ratio` is a ratio of steps; hint: use it with RPE")]
    RatioOfPoses,
    /// An option outside its range.
    #[error("`{name}` is `{value}`; hint: {hint}")]
    BadOption {
        /// Its name.
        name: &'static str,
        /// Value given.
        value: f64,
        /// What is allowed.
        hint: &'static str,
    },
}

/// What evo says of errors; every one with its interval where one was asked for and is sound.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ErrorStats {
    /// Root of the mean square.
    pub rmse: Estimate,
    /// Mean.
    pub mean: Estimate,
    /// Median.
    pub median: Estimate,
    /// Standard deviation over `n`, as in evo.
    pub std: Estimate,
    /// Smallest.
    pub min: Estimate,
    /// Largest.
    pub max: Estimate,
    /// Sum of squares.
    pub sse: Estimate,
}

/// Errors of a path and their summary.
#[derive(Clone, Debug, PartialEq)]
pub struct PathErrors {
    /// Error of each pair, in order of the pairs.
    pub errors: Vec<f64>,
    /// Summary.
    pub stats: ErrorStats,
    /// Pairs per block of the bootstrap; none where no intervals were asked for.
    pub block_length: Option<usize>,
}

/// Root mean square, mean, standard deviation and median of a series, which is reordered.
fn summary(series: &mut [f64]) -> Option<[f64; 4]> {
    let found = moments(series).ok()?;
    let square = found.mean * found.mean + found.std_population * found.std_population;
    let middle = median(series).ok()?;
    Some([square.sqrt(), found.mean, found.std_population, middle])
}

/// Sums errors up, in their order along the path.
///
/// Neighboring errors of a path are alike, so intervals, on request, come from a bootstrap of blocks with blocks of
/// [`block_length`]; none where fewer than eight blocks fit, and none for smallest and largest, which no resampling
/// bounds. They hold for paths like this one, given the alignment. Errors: [`StatsError`]. Cost: three passes and a
/// selection, per resample too.
pub fn error_stats(
    errors: Vec<f64>,
    intervals: Option<Resampling>,
) -> Result<PathErrors, StatsError> {
    let found = moments(&errors)?;
    let n = errors.len();
    let sse: f64 = errors.iter().map(|e| e * e).sum();
    let middle = median(&mut errors.clone())?;
    let length = intervals.map(|_| block_length(&errors));
    let ends = intervals.zip(length).and_then(|(how, length)| {
        block_bootstrap(&errors, length, how, |drawn| {
            summary(drawn).unwrap_or([f64::NAN; 4])
        })
    });
    let of = |k: usize| ends.and_then(|e| e.get(k).copied());
    let squared = of(0).map(|i| Interval {
        low: i.low * i.low * n as f64,
        high: i.high * i.high * n as f64,
    });
    let stats = ErrorStats {
        rmse: Estimate::with((sse / n as f64).sqrt(), of(0), n),
        mean: Estimate::with(found.mean, of(1), n),
        median: Estimate::with(middle, of(3), n),
        std: Estimate::with(found.std_population, of(2), n),
        min: Estimate::bare(found.min, n),
        max: Estimate::bare(found.max, n),
        sse: Estimate::with(sse, squared, n),
    };
    Ok(PathErrors {
        errors,
        stats,
        block_length: length,
    })
}
