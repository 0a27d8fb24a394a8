//! How unlike the others is one clip? Scores of rarity for numbers, embeddings and tags.
//!
//! Read [`robust_z`] first (cheap and explained), then [`neighbors`] (distance to the k-th neighbor and local outlier
//! factor), [`novelty`] (new against an archive), [`IsolationForest`] and [`tag_rarity`].
//! Not here: how clips are described, and the choice of clips to label ([`crate::selection`]). Neighbors in time hide
//! rarity: leave out the clip's own recording, or score one row per drive.

pub(crate) mod cases;
mod forest;
mod neighbors;
mod novelty;
mod robust;
mod tags;

pub use forest::{ForestOptions, IsolationForest, average_path, isolation_score};
pub use neighbors::{Neighbors, neighbors};
pub use novelty::{Novelty, novelty};
pub use robust::{RobustZ, robust_z};
pub use tags::{TagRarity, tag_rarity};

use crate::rows::RowsError;
use crate::stats::StatsError;

/// Why a score of rarity is not defined.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum RarityError {
    /// Too few rows.
    #[error(
        "`{rows}` rows where more than `{needed}` are needed; hint: fewer neighbors, or more clips"
    )]
    TooFew {
        /// Rows seen.
        rows: usize,
        /// Rows that do not suffice.
        needed: usize,
    },
    /// A column without spread.
    #[error(
        "column `{column}` has the same value in half of its rows or more; hint: its spread is 0, leave it out or score it as a tag"
    )]
    NoSpread {
        /// The column.
        column: usize,
    },
    /// A row of another length, or a level beyond those listed.
    #[error(
        "row `{row}` does not fit: `{seen}` where `{expected}` is the bound; hint: one level per attribute, below its number of levels"
    )]
    Mismatch {
        /// The row.
        row: usize,
        /// What was seen.
        seen: usize,
        /// Its bound.
        expected: usize,
    },
    /// A number outside its range.
    #[error("`{name}` is `{value}`; hint: it must be positive")]
    BadOption {
        /// Name of the number.
        name: &'static str,
        /// The value seen.
        value: f64,
    },
    /// Rows that cannot be used.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// A statistic is not defined.
    #[error(transparent)]
    Stats(#[from] StatsError),
}
