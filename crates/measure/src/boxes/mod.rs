//! How much two boxes, masks or skeletons are the same thing.
//!
//! Read [`Rect`] (axis-aligned), [`Cuboid`] (turned about the vertical) and [`Mask`] (run lengths) first; then
//! [`boundary_iou`] and [`Keypoints`].
//!
//! Not here: which box is matched with which, and scores over data sets; [`crate::detection`] and
//! [`crate::segmentation`] hold those.

mod aligned;
mod boundary;
pub(crate) mod cases;
mod keypoints;
mod mask;
mod polygon;
mod rotated;

pub use aligned::Rect;
pub(crate) use boundary::overlap as boundary_overlap;
pub use boundary::{Bitmap, boundary, boundary_iou, boundary_width};
pub(crate) use keypoints::similarity as keypoint_similarity;
pub use keypoints::{COCO_SIGMAS, Keypoints, oks};
pub use mask::{Mask, MaskCounts, Segmentation};
pub use polygon::rasterize;
pub use rotated::{BirdsEye, Cuboid};

/// Why an overlap is not defined.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BoxError {
    /// A NaN or infinity.
    #[error("`{what}` is `{value}`; hint: drop boxes that are not finite and count them")]
    NotFinite {
        /// Which number.
        what: &'static str,
        /// The value seen.
        value: f64,
    },
    /// A size below 0.
    #[error(
        "`{what}` is `{value}`; hint: a size is not negative, so corners may be in the wrong order"
    )]
    Negative {
        /// Which size.
        what: &'static str,
        /// The value seen.
        value: f64,
    },
    /// Nothing to overlap.
    #[error(
        "neither box nor mask covers anything, so the overlap is 0 of 0; hint: drop empty ones"
    )]
    NoArea,
    /// Masks of images of other sizes.
    #[error("`{a:?}` and `{b:?}` are sizes of two images; hint: height first, then width")]
    Sizes {
        /// Height and width of the first.
        a: [u32; 2],
        /// Height and width of the second.
        b: [u32; 2],
    },
    /// Run lengths that do not add up to the image.
    #[error(
        "the runs cover `{covered}` pixels of `{height}` by `{width}`; hint: runs go down the columns and begin with background"
    )]
    Runs {
        /// Pixels covered.
        covered: u64,
        /// Rows.
        height: u32,
        /// Columns.
        width: u32,
    },
    /// A compressed run-length text that ends early or holds another character.
    #[error(
        "the run-length text is damaged at byte `{position}`; hint: it is COCO's form of `counts`"
    )]
    RunText {
        /// Position of the byte.
        position: usize,
    },
    /// A polygon that is none.
    #[error(
        "polygon `{index}` has `{numbers}` numbers; hint: x and y in turn, at least three points"
    )]
    Polygon {
        /// Which of the polygons.
        index: usize,
        /// How many numbers it has.
        numbers: usize,
    },
    /// A coordinate no image has.
    #[error("coordinate `{value}` is beyond `{most}` pixels; hint: polygons are in pixels")]
    Far {
        /// The value seen.
        value: f64,
        /// The limit.
        most: f64,
    },
    /// An image of no or too many pixels.
    #[error("an image of `{height}` by `{width}` pixels; hint: at least one, at most 2^31")]
    Image {
        /// Rows.
        height: u32,
        /// Columns.
        width: u32,
    },
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
}

/// The value where it is finite.
pub(crate) fn finite(what: &'static str, value: f64) -> Result<f64, BoxError> {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(BoxError::NotFinite { what, value })
    }
}

/// The size where it is finite and not negative.
pub(crate) fn size(what: &'static str, value: f64) -> Result<f64, BoxError> {
    match finite(what, value)? {
        value if value < 0.0 => Err(BoxError::Negative { what, value }),
        value => Ok(value),
    }
}
