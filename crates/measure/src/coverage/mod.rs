//! How much of the world a data set has seen: kinds found and kinds still unseen, combinations, variety, rates of discovery.
//!
//! Read [`Abundance`] (counts per kind) and [`Incidence`] (units per kind, the right one where clips come from drives),
//! then [`richness`], [`t_way`], [`vendi`] and [`discovery`].
//! Not here: what the kinds are (the contract says), reading files, verdicts.

pub(crate) mod cases;
mod curve;
mod discovery;
mod expected;
mod feasible;
mod incidence;
mod richness;
mod tway;
mod vendi;

pub use curve::{accumulation, extrapolate, rarefy};
pub use discovery::{
    BinomialRate, Discovery, Driving, DrivingNeeds, PoissonRate, binomial_rate, discovery,
    driving_to_safety, poisson_rate,
};
pub use expected::{WeightedCoverage, weighted_coverage};
pub use feasible::Forbidden;
pub use incidence::{Incidence, IncidenceRichness};
pub use richness::{Abundance, Richness, richness};
pub use tway::{Combination, Difference, Missing, TWay, Table, t_way, t_way_difference};
pub use vendi::{Vendi, vendi, vendi_of_rows};

use crate::rows::RowsError;
use crate::stats::StatsError;

/// Why a measure of coverage is not defined.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum CoverageError {
    /// Nothing was counted.
    #[error("nothing was counted; hint: at least one kind must have been seen")]
    Empty,
    /// A unit count above the number of units.
    #[error(
        "a kind was seen in `{seen}` of `{units}` units; hint: count a unit once per kind, and give all units"
    )]
    MoreThanUnits {
        /// Units with the kind.
        seen: u64,
        /// All units.
        units: u64,
    },
    /// A sample size beyond what can be said.
    #[error(
        "a curve at `{asked}` is beyond `{most}`; hint: interpolate to the sample, extrapolate to twice of it at most"
    )]
    TooFar {
        /// The size asked for.
        asked: u64,
        /// The largest size.
        most: u64,
    },
    /// An order of combinations that does not fit the attributes.
    #[error(
        "`{order}`-way combinations of `{attributes}` attributes; hint: the order lies between 1 and the attributes"
    )]
    BadOrder {
        /// The order asked for.
        order: usize,
        /// Attributes there are.
        attributes: usize,
    },
    /// A level that does not exist.
    #[error(
        "row `{row}` has level `{level}` of attribute `{attribute}`, which has `{levels}`; hint: list all levels, or drop the row and count it"
    )]
    BadLevel {
        /// Row.
        row: usize,
        /// Attribute.
        attribute: usize,
        /// The level's code.
        level: u32,
        /// Levels of the attribute.
        levels: u32,
    },
    /// Tables that do not match.
    #[error("`{seen}` entries where `{expected}` are needed; hint: {hint}")]
    Mismatch {
        /// Entries seen.
        seen: usize,
        /// Entries needed.
        expected: usize,
        /// What must match what.
        hint: &'static str,
    },
    /// More configurations than can be counted.
    #[error(
        "the combinations have `{configurations}` configurations, `{most}` are the most; hint: a lower order, or fewer attributes"
    )]
    TooMany {
        /// Configurations.
        configurations: u64,
        /// The most that are counted.
        most: u64,
    },
    /// A kernel that is none.
    #[error(
        "the kernel has `{value}` at row `{row}`, column `{column}`; hint: it must be symmetric with 1 on the diagonal"
    )]
    BadKernel {
        /// Row.
        row: usize,
        /// Column.
        column: usize,
        /// What is there.
        value: f64,
    },
    /// A number outside its range.
    #[error("`{name}` is `{value}`; hint: {hint}")]
    BadOption {
        /// Name of the number.
        name: &'static str,
        /// The value seen.
        value: f64,
        /// Its range.
        hint: &'static str,
    },
    /// A statistic is not defined.
    #[error(transparent)]
    Stats(#[from] StatsError),
    /// Rows that cannot be used.
    #[error(transparent)]
    Rows(#[from] RowsError),
}
