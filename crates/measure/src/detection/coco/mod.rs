//! COCO's scores of boxes, masks and keypoints, and LVIS' on the same ground.
//!
//! Read [`GroundTruth`] and [`Found`] (what files hold), [`Dataset`] (checked and sorted) and [`Rules`] first. Then
//! [`match_category`] finds the hits of one category, [`CategoryMatches::curves`] makes them precision and recall, and
//! [`Scores`] puts categories together; [`evaluate`] does all three. Categories are independent of each other, so
//! whoever has threads may match them side by side: results do not depend on it.
//!
//! Not here: reading files; where an overlap is defined ([`crate::boxes`]).

mod curves;
mod dataset;
mod form;
mod matching;
mod rules;
mod scores;

pub use curves::{AreaCurves, CategoryCurves};
pub use dataset::{Dataset, Kind};
pub use form::{Annotation, Category, Found, GroundTruth, Image};
pub use matching::{CategoryMatches, match_category};
pub use rules::{AreaRange, LARGE, MEDIUM, MOST_THRESHOLDS, Rules, SMALL};
pub use scores::{Scores, Summary, evaluate, matches};

use crate::boxes::BoxError;

/// Why a data set cannot be scored.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CocoError {
    /// An id stands twice.
    #[error(
        "{what} id `{id}` stands at rows `{first}` and `{second}`; hint: ids name one row each"
    )]
    Twice {
        /// What the id names.
        what: &'static str,
        /// The id.
        id: i64,
        /// The first row that has it.
        first: usize,
        /// The second.
        second: usize,
    },
    /// A row names an image or a category that is not listed.
    #[error(
        "{list} row `{row}` names {what} `{id}`, which is not listed; hint: drop the row or add it to the ground truth's list"
    )]
    Unknown {
        /// Which list the row is in.
        list: &'static str,
        /// The row.
        row: usize,
        /// What it names.
        what: &'static str,
        /// The id.
        id: i64,
    },
    /// A row's numbers are none.
    #[error("{list} row `{row}`: {why}")]
    Row {
        /// Which list the row is in.
        list: &'static str,
        /// The row.
        row: usize,
        /// What is wrong.
        why: BoxError,
    },
    /// A row lacks what is to be compared.
    #[error("{list} row `{row}` has no `{what}`; hint: the kind of score must fit the file")]
    Missing {
        /// Which list the row is in.
        list: &'static str,
        /// The row.
        row: usize,
        /// The missing key.
        what: &'static str,
    },
    /// Rules that cannot be followed.
    #[error(
        "{what}; hint: thresholds ascend within 0 to 1, at most {MOST_THRESHOLDS} of them, and limits ascend from 1"
    )]
    Rules {
        /// Which rule.
        what: &'static str,
    },
    /// No category has anything to find.
    #[error(
        "no annotation counts, so no score is defined; hint: every one is a crowd or ignored, or there is none"
    )]
    Nothing,
}
