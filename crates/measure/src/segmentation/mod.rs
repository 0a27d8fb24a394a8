//! Scores of segmentations over data sets.
//!
//! Read [`Confusion`] (which class every pixel was given) and [`Panoptic`] (which segment was found) first;
//! [`ClassBoundaries`] looks at outlines only. All are sums over images, so an interval over images needs no second look
//! at pixels.
//!
//! Not here: reading images, and overlaps of two masks ([`crate::boxes`]).

pub(crate) mod cases;
mod confusion;
mod outlines;
mod panoptic;

pub use confusion::Confusion;
pub use outlines::{ClassBoundaries, ClassMaps};
pub use panoptic::{Panoptic, PanopticClass, PanopticImage, Segment};

use crate::boxes::BoxError;

/// Why a data set cannot be scored.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SegmentationError {
    /// Label and prediction of an image differ in size.
    #[error(
        "image `{image}`: {found} predicted pixels for {expected} labeled ones; hint: predictions are made at the size of the labels"
    )]
    Pixels {
        /// Position of the image.
        image: usize,
        /// Pixels predicted.
        found: usize,
        /// Pixels labeled.
        expected: usize,
    },
    /// A class that is not there.
    #[error(
        "image `{image}`, pixel `{pixel}`: class `{class}` of `{classes}`; hint: classes are counted from 0, and pixels without one have the ignored number"
    )]
    Class {
        /// Position of the image.
        image: usize,
        /// Position of the pixel.
        pixel: usize,
        /// The number seen.
        class: u32,
        /// How many classes there are.
        classes: usize,
    },
    /// More classes than make sense.
    #[error("`{classes}` classes; hint: 1 to {MOST_CLASSES}")]
    Classes {
        /// How many.
        classes: usize,
    },
    /// A map and its list of segments contradict each other.
    #[error("image `{image}`: segment `{segment}` {why}")]
    Segment {
        /// Position of the image.
        image: usize,
        /// Id of the segment.
        segment: u32,
        /// How.
        why: &'static str,
    },
    /// Outlines that cannot be made.
    #[error("image `{image}`: {why}")]
    Outline {
        /// Position of the image.
        image: usize,
        /// What is wrong.
        why: BoxError,
    },
    /// No pixel counts.
    #[error("no pixel counts, so no score is defined; hint: all are ignored, or there is none")]
    Nothing,
}

/// A matrix of this many classes a side is 128 MB.
pub const MOST_CLASSES: usize = 4096;
