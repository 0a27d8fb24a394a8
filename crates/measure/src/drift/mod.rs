//! Has a data set changed? Distances between two samples with tests that know which values belong together.
//!
//! Read [`Sample`] (values and the drives they come from), [`two_sample`] (Kolmogorov–Smirnov, Wasserstein and energy in
//! one test) and [`psi`] first, then [`mmd`] and [`classifier_test`] for rows of several numbers,
//! [`taxonomy_drift`] for classes of labels. Values of one drive are
//! alike, and a test that takes them for independent always finds drift: give clusters or blocks, which are then
//! permuted whole.
//! Not here: change points in a running stream ([`crate::change`]), verdicts.

pub(crate) mod cases;
mod classifier;
mod label_shift;
mod logistic;
mod mmd;
mod shares;
mod taxonomy;
mod transport;
mod units;

pub use classifier::{
    AccuracyTest, ClassifierTest, Fold, accuracy_z, classifier_test, fold_by_index, roc_area,
};
pub use label_shift::{CountedLabelShift, LabelShift, label_shift, label_shift_of_counts};
pub use logistic::{Logistic, LogisticOptions};
pub use mmd::{Energy, Mmd, MmdOptions, MmdStatistic, energy, mmd, mmd_statistic};
pub use shares::{JensenShannon, Psi, PsiOptions, bins_of, jensen_shannon, psi, psi_clustered};
pub use taxonomy::{
    ClassCount, ClassDrift, ClassFate, ClassShape, Renamed, TaxonomyDrift, TaxonomyOptions,
    WindowDrift, taxonomy_drift,
};
pub use transport::{
    Distances, KolmogorovSmirnov, TwoSample, distances, kolmogorov_smirnov, two_sample,
};
pub use units::{Sample, Units, blocks, permutation_p};

use crate::rows::RowsError;
use crate::stats::StatsError;

/// Why a measure of drift is not defined.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum DriftError {
    /// A sample without values.
    #[error("the `{sample}` sample is empty; hint: both samples need values")]
    Empty {
        /// Which one.
        sample: &'static str,
    },
    /// A NaN or infinity.
    #[error(
        "the `{sample}` sample has a value that is not finite at `{index}`; hint: drop such values and count them: a change of their share is drift too"
    )]
    NotFinite {
        /// Which one.
        sample: &'static str,
        /// Index of the first.
        index: usize,
    },
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
    /// Too few units to permute.
    #[error(
        "`{reference}` reference and `{current}` current units; hint: with fewer than 2 units on a side, or fewer than 20 ways to deal them, no permutation can be rare: collect more drives"
    )]
    TooFewUnits {
        /// Units of the reference.
        reference: usize,
        /// Units of the current sample.
        current: usize,
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
    /// A matrix that cannot be solved.
    #[error(
        "the confusion matrix is singular; hint: two classes are predicted alike whatever the truth, so their shares cannot be told apart: merge them"
    )]
    Singular,
    /// A statistic is not defined.
    #[error(transparent)]
    Stats(#[from] StatsError),
    /// Rows that cannot be used.
    #[error(transparent)]
    Rows(#[from] RowsError),
}

fn finite(sample: &'static str, values: &[f64]) -> Result<(), DriftError> {
    if values.is_empty() {
        return Err(DriftError::Empty { sample });
    }
    match values.iter().position(|x| !x.is_finite()) {
        Some(index) => Err(DriftError::NotFinite { sample, index }),
        None => Ok(()),
    }
}
