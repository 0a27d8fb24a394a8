//! Which labels are wrong, and whether they are wrong by chance or by habit.
//!
//! Read [`Predictions`] and [`confident_joint`] first (a model's probabilities against labels), then [`find_issues`] and
//! [`label_scores`]; boxes are [`object_issues`], masks [`pixel_issues`], tracks [`track_issues`]. Habits are found by
//! [`association`], [`systematic`] and [`worst_slices`]; [`ErrorType`] names the eighteen kinds of error.
//!
//! Not here: several annotators per item ([`crate::aggregation`]), how sure a model is ([`crate::stats`] has intervals).

mod association;
pub(crate) mod cases;
mod confident;
mod filters;
mod objects;
mod pooled;
mod rounding;
mod scores;
mod slices;
mod systematic;
mod taxonomy;

pub use association::{
    Association, PairedTable, PermutationTest, Permutations, RunsTest, SymmetryTest, association,
    max_difference, overdispersion, permutation_test, runs_test, symmetry,
};
pub use confident::{ConfidentJoint, NoiseEstimate, Predictions, confident_joint};
pub use filters::{Filter, FilterOptions, find_issues, ranked_issues};
pub use objects::{
    ImageLabels, ImageScores, LabeledBox, ObjectOptions, ObjectReport, PredictedBox, object_issues,
};
pub use pooled::{PixelIssues, TrackIssue, pixel_issues, soft_min, track_issues};
pub use scores::{Score, adjusted, label_scores};
pub use slices::{Slice, SliceOptions, worst_slices};
pub use systematic::{Feature, FeatureVerdict, Systematic, SystematicOptions, systematic};
pub use taxonomy::{Dimension, ErrorType, FailureMode, Tally, tally};

use crate::boxes::BoxError;
use crate::stats::StatsError;

/// Why label errors cannot be looked for.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LabelError {
    /// Lists that should be as long as each other.
    #[error("`{what}` has `{found}` entries, expected `{expected}`; hint: one for each")]
    Length {
        /// Which list.
        what: &'static str,
        /// Entries seen.
        found: usize,
        /// Entries expected.
        expected: usize,
    },
    /// Nothing to look at.
    #[error("no items; hint: labels and a row of probabilities for each are needed")]
    Empty,
    /// A single class.
    #[error("`{classes}` classes; hint: at least two are needed for a label to be wrong")]
    Classes {
        /// Classes seen.
        classes: usize,
    },
    /// A label without a column.
    #[error(
        "item `{item}` has the label `{label}` of `{classes}` classes; hint: labels are codes from 0, one per column"
    )]
    Label {
        /// Which item.
        item: usize,
        /// Its label.
        label: u32,
        /// Columns there are.
        classes: usize,
    },
    /// A number that is no probability.
    #[error(
        "item `{item}` has the probability `{value}`; hint: probabilities are 0 to 1, so pass a softmax, not its input"
    )]
    Probability {
        /// Which item.
        item: usize,
        /// The value seen.
        value: f64,
    },
    /// Probabilities that do not sum to one.
    #[error(
        "the probabilities of item `{item}` sum to `{sum}`; hint: each row sums to 1; for labels that do not exclude each other look at one at a time"
    )]
    Sum {
        /// Which item.
        item: usize,
        /// Their sum.
        sum: f64,
    },
    /// A parameter outside its range.
    #[error("`{name}` is `{value}`; hint: {expected}")]
    BadOption {
        /// Name of the parameter.
        name: &'static str,
        /// The value seen.
        value: f64,
        /// What it must be.
        expected: &'static str,
    },
    /// No errors, or nothing but errors.
    #[error(
        "`{errors}` of `{items}` are errors, so nothing can depend on anything; hint: at least one error and one item without are needed"
    )]
    NoVariation {
        /// Errors seen.
        errors: usize,
        /// Items seen.
        items: usize,
    },
    /// A box that cannot be used.
    #[error("{0}")]
    Box(#[from] BoxError),
    /// A statistic is not defined.
    #[error("{0}")]
    Stats(#[from] StatsError),
}
