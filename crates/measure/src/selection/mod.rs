//! Which clips to label next: doubt of the model, variety of the choice.
//!
//! Read [`uncertainty`], [`disagreement`] (several passes of a model), [`k_center`], [`clustered`] and [`typicality`] first.
//! Not here: what makes a clip rare ([`crate::rarity`]). Always compare with a random choice ([`against_random`]), and
//! repeat ([`repeated_against_random`]): differences of three to five runs mislead.

mod against;
pub(crate) mod cases;
mod clusters;
mod diversity;
mod doubt;

pub use against::{AgainstRandom, RepeatedAgainstRandom, against_random, repeated_against_random};
pub use clusters::{ClusterOptions, Clustered, clustered};
pub use diversity::{BallCover, KCenter, ball_cover, k_center, typicality};
pub use doubt::{Disagreement, Uncertainty, class_weights, disagreement, uncertainty};

use crate::rarity::RarityError;
use crate::rows::RowsError;
use crate::stats::StatsError;

/// Why a score of selection is not defined.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum SelectionError {
    /// Nothing to choose from.
    #[error("there is nothing to choose from; hint: at least one row with two classes is needed")]
    Empty,
    /// A row that is no distribution.
    #[error(
        "row `{row}` sums to `{sum}`; hint: probabilities of a row sum to 1 and are not negative; apply a softmax to raw scores"
    )]
    NotProbabilities {
        /// The row.
        row: usize,
        /// Its sum.
        sum: f64,
    },
    /// Lists that do not match.
    #[error(
        "`{seen}` entries where `{expected}` are needed; hint: lists that belong together are as long as each other"
    )]
    Mismatch {
        /// Entries seen.
        seen: usize,
        /// Entries needed.
        expected: usize,
    },
    /// A row that does not exist.
    #[error("row `{row}` is beyond `{rows}` rows; hint: rows count from 0")]
    NoSuchRow {
        /// The row.
        row: usize,
        /// Rows there are.
        rows: usize,
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
    /// Neither one way of telling what was chosen nor the other.
    #[error(
        "what was chosen is not told; hint: `score` with `budget`, or `picks` with the items of each repetition"
    )]
    Choice,
    /// Rows that cannot be used.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// Neighbors that cannot be found.
    #[error(transparent)]
    Neighbors(#[from] RarityError),
    /// A statistic is not defined.
    #[error(transparent)]
    Stats(#[from] StatsError),
}
