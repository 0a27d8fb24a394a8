//! What the confidence of a model is worth: calibration, routing with guarantees, costs, and who trusts it too much.
//!
//! Read [`bins`] (reliability and its errors) and [`scores`] (Brier and log loss) first, then [`fit`] (temperature, Platt,
//! isotonic, beta), [`cross`] (what a fit gains), [`selective`] (risk and coverage, SGR), [`risk`] (learn-then-test, conformal
//! risk control), [`routing`] (a threshold by any of them), [`cost`], [`novelty`] (out of distribution) and [`oversight`]
//! (automation bias).
//! Not here: label errors; what a model has learned.

pub mod bins;
pub(crate) mod cases;
pub mod cost;
pub mod cross;
pub mod fit;
pub mod novelty;
pub mod oversight;
pub mod risk;
pub mod routing;
pub mod scores;
pub mod selective;

use crate::compare::CompareError;
use crate::stats::{RowFault, StatsError, largest, row_fault};

/// Why a question of confidence has no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConfidenceError {
    /// Too little data.
    #[error("`{field}` holds `{seen}`, at least `{least}` needed; hint: {hint}")]
    TooFew {
        /// Which list.
        field: &'static str,
        /// How many there are.
        seen: usize,
        /// How many are needed.
        least: usize,
        /// What can be done.
        hint: &'static str,
    },
    /// Lists that belong together differ in length.
    #[error("`{field}` has `{seen}` entries, `{expected}` expected; hint: one per item")]
    Lengths {
        /// Which list.
        field: &'static str,
        /// Its length.
        seen: usize,
        /// The length of the others.
        expected: usize,
    },
    /// A confidence outside 0 to 1 or NaN.
    #[error("the confidence of item `{index}` is `{value}`; hint: probabilities are from 0 to 1")]
    BadProbability {
        /// Which item.
        index: usize,
        /// What it is.
        value: f64,
    },
    /// Probabilities of an item that do not add to 1.
    #[error(
        "the probabilities of item `{index}` add to `{sum}`; hint: apply softmax, or give logits where logits are asked for"
    )]
    BadSum {
        /// Which item.
        index: usize,
        /// Their sum.
        sum: f64,
    },
    /// A label beyond the classes.
    #[error(
        "the label of item `{index}` is `{label}` of `{classes}` classes; hint: labels are codes from 0"
    )]
    BadLabel {
        /// Which item.
        index: usize,
        /// The label.
        label: u32,
        /// How many classes there are.
        classes: usize,
    },
    /// Only one outcome was seen.
    #[error(
        "all `{n}` items have the same outcome; hint: a fit needs right and wrong ones; what can be said is their share"
    )]
    OneOutcome {
        /// Items.
        n: usize,
    },
    /// A parameter out of its range.
    #[error("`{field}` is `{value}`; hint: {hint}")]
    OutOfRange {
        /// Which parameter.
        field: &'static str,
        /// What it is.
        value: f64,
        /// What it must be.
        hint: &'static str,
    },
    /// A statistic below is not defined.
    #[error(transparent)]
    Stats(#[from] StatsError),
    /// A test below is not defined.
    #[error(transparent)]
    Compare(#[from] CompareError),
}

pub(crate) fn range(
    field: &'static str,
    value: f64,
    is_inside: bool,
    hint: &'static str,
) -> Result<(), ConfidenceError> {
    if is_inside {
        Ok(())
    } else {
        Err(ConfidenceError::OutOfRange { field, value, hint })
    }
}

pub(crate) fn open_unit(field: &'static str, value: f64) -> Result<(), ConfidenceError> {
    range(field, value, value > 0.0 && value < 1.0, "between 0 and 1")
}

pub(crate) fn same_length(
    field: &'static str,
    seen: usize,
    expected: usize,
) -> Result<(), ConfidenceError> {
    if seen == expected {
        Ok(())
    } else {
        Err(ConfidenceError::Lengths {
            field,
            seen,
            expected,
        })
    }
}

pub(crate) fn at_least(
    field: &'static str,
    seen: usize,
    least: usize,
    hint: &'static str,
) -> Result<(), ConfidenceError> {
    if seen >= least {
        Ok(())
    } else {
        Err(ConfidenceError::TooFew {
            field,
            seen,
            least,
            hint,
        })
    }
}

/// Confidences with what came of them: of the same length, not empty, all from 0 to 1.
#[derive(Clone, Copy, Debug)]
pub struct Predictions<'a> {
    confidence: &'a [f64],
    correct: &'a [bool],
}

impl<'a> Predictions<'a> {
    /// Checks and borrows. Errors: [`ConfidenceError`]. Cost: `O(n)`.
    pub fn new(confidence: &'a [f64], correct: &'a [bool]) -> Result<Self, ConfidenceError> {
        same_length("correct", correct.len(), confidence.len())?;
        at_least("confidence", confidence.len(), 1, "nothing was predicted")?;
        let is_bad = |x: &f64| !(0.0..=1.0).contains(x);
        match confidence.iter().position(is_bad) {
            Some(index) => Err(ConfidenceError::BadProbability {
                index,
                value: confidence[index],
            }),
            None => Ok(Self {
                confidence,
                correct,
            }),
        }
    }

    /// How many.
    pub fn n(&self) -> usize {
        self.confidence.len()
    }

    /// Each confidence and whether it was right.
    pub fn iter(&self) -> impl Iterator<Item = (f64, bool)> + '_ {
        self.confidence
            .iter()
            .copied()
            .zip(self.correct.iter().copied())
    }

    /// Share of right ones.
    pub fn accuracy(&self) -> f64 {
        self.correct.iter().filter(|c| **c).count() as f64 / self.n() as f64
    }

    pub(crate) fn confidences(&self) -> &'a [f64] {
        self.confidence
    }
}

/// Probabilities of classes, item after item, with the true classes.
#[derive(Clone, Copy, Debug)]
pub struct Classes<'a> {
    /// `items * classes` numbers.
    probability: &'a [f64],
    label: &'a [u32],
    width: usize,
}

impl<'a> Classes<'a> {
    /// Checks and borrows probabilities that add to 1 (within 0.01). Errors: [`ConfidenceError`]. Cost: `O(n classes)`.
    pub fn new(
        probability: &'a [f64],
        label: &'a [u32],
        classes: usize,
    ) -> Result<Self, ConfidenceError> {
        let found = Self::of_logits(probability, label, classes)?;
        match row_fault(probability, classes) {
            Some((index, RowFault::Value(value))) => {
                Err(ConfidenceError::BadProbability { index, value })
            }
            Some((index, RowFault::Sum(sum))) => Err(ConfidenceError::BadSum { index, sum }),
            None => Ok(found),
        }
    }

    /// The same for logits, which need only be finite.
    pub fn of_logits(
        logits: &'a [f64],
        label: &'a [u32],
        classes: usize,
    ) -> Result<Self, ConfidenceError> {
        at_least(
            "classes",
            classes,
            2,
            "one class leaves nothing to be unsure of",
        )?;
        at_least("labels", label.len(), 1, "nothing was predicted")?;
        same_length("logits", logits.len(), label.len() * classes)?;
        if let Some(index) = label.iter().position(|l| *l as usize >= classes) {
            let label = label[index];
            return Err(ConfidenceError::BadLabel {
                index,
                label,
                classes,
            });
        }
        if let Some(at) = logits.iter().position(|x| !x.is_finite()) {
            return Err(ConfidenceError::BadProbability {
                index: at / classes,
                value: logits[at],
            });
        }
        Ok(Self {
            probability: logits,
            label,
            width: classes,
        })
    }

    /// Each item's numbers and label.
    pub fn rows(&self) -> impl Iterator<Item = (&'a [f64], usize)> + '_ {
        let labels = self.label.iter().map(|l| *l as usize);
        self.probability.chunks_exact(self.width).zip(labels)
    }

    /// How many classes.
    pub fn classes(&self) -> usize {
        self.width
    }

    /// How many items.
    pub fn n(&self) -> usize {
        self.label.len()
    }

    /// The largest number of each row and whether it is the label's (the first of equal ones).
    pub fn top(&self) -> (Vec<f64>, Vec<bool>) {
        self.rows()
            .map(|(row, label)| {
                let (best, value) = largest(row);
                (value, best == label)
            })
            .unzip()
    }
}
