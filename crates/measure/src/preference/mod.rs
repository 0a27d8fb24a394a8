//! Who is better, from comparisons of pairs and rankings: strengths with intervals, ties, annotators, cycles.
//!
//! Read [`Comparisons`] (as collected) and [`Pairs`] (as counted) first, then [`bradley_terry`], [`davidson`],
//! [`plackett_luce`], [`crowd`] (annotators of different reliability) and [`intransitivity`].
//! Not here: reading tables, exporting training data.

mod bradley_terry;
pub(crate) mod cases;
mod centrality;
mod covariance;
mod crowd;
mod cycles;
mod hodge;
mod losses;
mod pairs;
mod penalized;
mod plackett_luce;
mod side;
mod ties;

pub use bradley_terry::{Fit, FitOptions, Method, bradley_terry};
pub use centrality::{elo, page_rank, rank_centrality};
pub use covariance::{TieModel, covariance, robust_covariance, strengths, tie_strengths};
pub use crowd::{Crowd, CrowdOptions, Vote, crowd, vote_weights};
pub use cycles::{FitTest, Intransitivity, Tournament, fit_test, intransitivity, tournament};
pub use hodge::{Hodge, hodge};
pub use losses::{Losses, losses};
pub use pairs::{Comparisons, Edge, Outcome, Pairs, components};
pub use penalized::{Penalty, penalized};
pub use plackett_luce::{PlackettLuce, plackett_luce};
pub use side::{SideBias, side_bias};
pub use ties::{TieFit, davidson, rao_kupper};

use crate::stats::StatsError;

/// Why strengths are not defined.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PreferenceError {
    /// No comparison.
    #[error("there are no comparisons; hint: at least two items that were compared are needed")]
    Empty,
    /// Lists that do not match.
    #[error("`{seen}` entries where `{expected}` are needed; hint: {hint}")]
    Mismatch {
        /// Entries seen.
        seen: usize,
        /// Entries needed.
        expected: usize,
        /// What must match what.
        hint: &'static str,
    },
    /// An item beyond those there are.
    #[error("item `{item}` is beyond `{items}` items; hint: items are coded from 0")]
    NoSuchItem {
        /// The item.
        item: u32,
        /// Items there are.
        items: usize,
    },
    /// An item compared with itself.
    #[error(
        "comparison `{index}` is of item `{item}` with itself; hint: drop such comparisons and count them"
    )]
    Itself {
        /// Which comparison.
        index: usize,
        /// The item.
        item: u32,
    },
    /// The strengths have no finite maximum of the likelihood.
    #[error(
        "the items fall into `{groups}` groups of which one always wins against the other or is never compared with it; hint: item `{item}` cannot be placed: compare across the groups, or use a penalty (`alpha`, `penalty`)"
    )]
    NotConnected {
        /// Strongly connected groups.
        groups: usize,
        /// An item outside the largest.
        item: u32,
    },
    /// The iteration did not come to rest.
    #[error(
        "no rest after `{iterations}` iterations, the last change was `{change}`; hint: allow more iterations, or use a penalty"
    )]
    NotConverged {
        /// Iterations.
        iterations: usize,
        /// Largest change of a log strength in the last.
        change: f64,
    },
    /// No ties for a model of ties.
    #[error("there are no ties; hint: the tie parameter is then at its bound: use Bradley-Terry")]
    NoTies,
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
}

/// Takes the mean from log strengths, which are known up to a constant.
fn center(log_strengths: &mut [f64]) {
    let mean = log_strengths.iter().sum::<f64>() / log_strengths.len().max(1) as f64;
    for x in log_strengths.iter_mut() {
        *x -= mean;
    }
}
