//! How alike two paths are.
//!
//! Read [`dtw`] and [`frechet`] first. Points are in the plane or in space, meters; the distance of points is
//! Euclidean. Not here: errors of an estimated trajectory against its reference (`trajectory`), embeddings.

pub(crate) mod cases;
mod dynamic;
mod pointwise;

pub use dynamic::{dtw, edr, frechet, lcss};
pub use pointwise::{Displacement, displacement, hausdorff};

/// A point.
pub type Point<const D: usize> = [f64; D];

/// Why paths cannot be compared.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SimilarityError {
    /// A path without points.
    #[error("path `{path}` has no points; hint: give at least one")]
    Empty {
        /// Which path.
        path: &'static str,
    },
    /// A NaN or infinity.
    #[error(
        "path `{path}` has a coordinate that is not finite at point `{index}`; hint: drop such points"
    )]
    NotFinite {
        /// Which path.
        path: &'static str,
        /// Which point.
        index: usize,
    },
    /// A threshold below zero or not a number.
    #[error("the threshold is `{value}`; hint: give a distance of 0 m or more")]
    Threshold {
        /// What was given.
        value: f64,
    },
    /// Points of different or unknown dimension.
    #[error(
        "path `{path}` has `{seen}` coordinates at point `{index}`; hint: all points need 2, or all 3"
    )]
    Dimension {
        /// Which path.
        path: &'static str,
        /// Which point.
        index: usize,
        /// Its coordinates.
        seen: usize,
    },
}

pub(crate) fn distance<const D: usize>(a: &Point<D>, b: &Point<D>) -> f64 {
    squared(a, b).sqrt()
}

pub(crate) fn squared<const D: usize>(a: &Point<D>, b: &Point<D>) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// Both paths have points and all are finite.
pub(crate) fn check<const D: usize>(a: &[Point<D>], b: &[Point<D>]) -> Result<(), SimilarityError> {
    for (path, points) in [("A", a), ("B", b)] {
        if points.is_empty() {
            return Err(SimilarityError::Empty { path });
        }
        if let Some(index) = points.iter().position(|p| p.iter().any(|x| !x.is_finite())) {
            return Err(SimilarityError::NotFinite { path, index });
        }
    }
    Ok(())
}

pub(crate) fn check_threshold(value: f64) -> Result<(), SimilarityError> {
    if value >= 0.0 {
        Ok(())
    } else {
        Err(SimilarityError::Threshold { value })
    }
}
