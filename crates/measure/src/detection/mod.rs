//! Scores of detectors over data sets.
//!
//! Read [`coco`] first: it scores boxes, masks and keypoints, for COCO and LVIS. [`voc`], [`kitti`],
//! [`nuscenes`] and [`av2`] follow their own programs. Each is in two steps: match once, then accumulate, so that an interval over images or sequences needs
//! no second matching.
//!
//! Not here: reading files, and overlaps ([`crate::boxes`]).

pub mod av2;
pub(crate) mod cases;
pub mod coco;
mod curve;
pub mod kitti;
pub mod nuscenes;
mod resample;
pub mod voc;

pub(crate) use curve::mean;
pub(crate) use resample::bootstrap_weights;
pub use resample::{draws, percentiles};
