//! How much people agree: on labels, on objects, in time, and from week to week.
//!
//! Read [`krippendorff`] and [`NominalCounts`] first (alpha at every level of measurement), then [`cohen`] (two
//! annotators), [`coefficients`] (Gwet's AC, Fleiss, Conger, Brennan and Prediger, with weights) and [`agreement_report`]
//! (all of a table of votes). Objects are [`object_agreement`] and [`location_agreement`]; stretches of time
//! [`segment_agreement`] and [`boundary_agreement`]; watching over time is [`charts`].
//!
//! Not here: which label is right ([`crate::aggregation`]), why labels are wrong ([`crate::label_errors`]).

pub(crate) mod cases;
pub mod charts;
mod coefficients;
mod cohen;
mod intervals;
mod krippendorff;
mod location;
mod objects;
mod report;
mod threshold;
mod time;
mod weights;

pub use coefficients::{Coefficient, Coefficients, coefficients};
pub use cohen::{Confusion, Kappa, cohen};
pub use intervals::{Draws, UnitIntervals, unit_intervals};
pub use krippendorff::{
    Level, MISSING, NominalCounts, Units, alpha_of_votes, category_alphas, coincidences,
    krippendorff,
};
pub use location::{LocationAgreement, Placed, location_agreement};
pub use objects::{
    Clustering, Cost, Marked, Matching, ObjectAgreement, ObjectOptions, Scene, Shape, cluster,
    object_agreement,
};
pub use report::{
    AgreementReport, AnnotatorAgreement, CategoryAgreement, PairAgreement, agreement_report,
};
pub use threshold::{Disagreement, Threshold, disagreement, threshold};
pub use time::{
    BoundaryAgreement, BoundaryRule, Segment, SegmentAgreement, boundary_agreement,
    segment_agreement, segments,
};
pub use weights::{WeightKind, Weights};

use crate::aggregation::VotesError;
use crate::boxes::BoxError;
use crate::stats::StatsError;

/// Why an agreement is not defined.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AgreementError {
    /// All values are the same.
    #[error(
        "all `{values}` values are the same, so agreement beyond chance is 0 of 0; hint: the share of equal values is 1, and nothing can be said of whether annotators tell labels apart"
    )]
    NoVariation {
        /// Values seen.
        values: usize,
    },
    /// No unit with two values.
    #[error("no unit has two values; hint: at least two annotators must label the same items")]
    NoPairs,
    /// Too few units for an interval.
    #[error("`{units}` units where at least `{needed}` are needed; hint: label more items twice")]
    TooFew {
        /// Units seen.
        units: usize,
        /// Units needed.
        needed: usize,
    },
    /// A value that the level does not allow.
    #[error("the value `{value}` has no place at this level; hint: {expected}")]
    BadValue {
        /// The value seen.
        value: f64,
        /// What values must be.
        expected: &'static str,
    },
    /// Lists that should be as long as each other, or codes out of range.
    #[error("`{what}` has `{found}` entries, expected `{expected}`; hint: one for each")]
    Length {
        /// Which list.
        what: &'static str,
        /// Entries seen.
        found: usize,
        /// Entries expected.
        expected: usize,
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
    /// Shapes of different kinds, or none.
    #[error(
        "objects `{a}` and `{b}` of one image have shapes of different kinds; hint: boxes, masks, cuboids, points or spans, but one of them"
    )]
    Shapes {
        /// The first object.
        a: usize,
        /// The second.
        b: usize,
    },
    /// Votes that cannot be used.
    #[error("{0}")]
    Votes(#[from] VotesError),
    /// A shape that cannot be used.
    #[error("{0}")]
    Box(#[from] BoxError),
    /// A statistic is not defined.
    #[error("{0}")]
    Stats(#[from] StatsError),
}
