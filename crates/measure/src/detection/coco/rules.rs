//! What counts as a hit, and what is summarized.
//!
//! Read [`Rules`] first.

use super::{CocoError, Kind};
use crate::boxes::COCO_SIGMAS;
use crate::detection::curve::spaced;

/// Thresholds of overlap fit one 16-bit word per detection.
pub const MOST_THRESHOLDS: usize = 16;

/// Objects of a size.
#[derive(Clone, Debug, PartialEq)]
pub struct AreaRange {
    /// Its name.
    pub name: &'static str,
    /// Smallest and largest area, both included, square pixels.
    pub area: [f64; 2],
}

/// Largest area of anything (cocoeval).
const MOST_AREA: f64 = 1e5 * 1e5;
/// Every size.
const ALL: AreaRange = AreaRange {
    name: "all",
    area: [0.0, MOST_AREA],
};
/// Below 32 pixels a side.
pub const SMALL: AreaRange = AreaRange {
    name: "small",
    area: [0.0, 1024.0],
};
/// 32 to 96 pixels a side.
pub const MEDIUM: AreaRange = AreaRange {
    name: "medium",
    area: [1024.0, 9216.0],
};
/// From 96 pixels a side.
pub const LARGE: AreaRange = AreaRange {
    name: "large",
    area: [9216.0, MOST_AREA],
};

/// What counts as a hit.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// What is compared.
    pub kind: Kind,
    /// Least overlaps of a hit, ascending.
    pub overlaps: Vec<f64>,
    /// Recalls at which precision is read.
    pub recalls: Vec<f64>,
    /// Sizes; the first holds all.
    pub areas: Vec<AreaRange>,
    /// Detections that count per image and category, ascending; precision is that of the last.
    pub limits: Vec<usize>,
    /// How much people differ on each joint, for keypoints.
    pub sigmas: Vec<f64>,
    /// LVIS: crowds are objects like others, detections count where the image says what it holds, and at most the last
    /// limit per image.
    pub lvis: bool,
    /// Whether hits of annotation 0 count as misses, as in pycocotools, which takes 0 for "not matched".
    pub zero_is_no_hit: bool,
}

impl Rules {
    /// COCO's own for this kind (cocoeval of pycocotools 2.0.11, `Params`).
    pub fn coco(kind: Kind) -> Self {
        let (areas, limits) = match kind {
            Kind::Keypoints => (vec![ALL, MEDIUM, LARGE], vec![20]),
            Kind::Boxes | Kind::Masks => (vec![ALL, SMALL, MEDIUM, LARGE], vec![1, 10, 100]),
        };
        Self {
            kind,
            overlaps: spaced(0.5, 0.95, 10),
            recalls: spaced(0.0, 1.0, 101),
            areas,
            limits,
            sigmas: COCO_SIGMAS.to_vec(),
            lvis: false,
            zero_is_no_hit: false,
        }
    }

    /// LVIS' own (lvis 0.5.3, `Params`).
    pub fn lvis(kind: Kind) -> Self {
        Self {
            lvis: true,
            limits: vec![300],
            ..Self::coco(kind)
        }
    }

    /// The detections per image and category that are looked at.
    pub(super) fn most(&self) -> usize {
        self.limits.last().copied().unwrap_or(0)
    }

    pub(super) fn check(&self) -> Result<(), CocoError> {
        let rule = |what| Err(CocoError::Rules { what });
        let ascends = |list: &[f64]| {
            list.windows(2).all(|pair| pair[0] < pair[1])
                && list.iter().all(|x| (0.0..=1.0).contains(x))
        };
        if self.overlaps.is_empty()
            || self.overlaps.len() > MOST_THRESHOLDS
            || !ascends(&self.overlaps)
        {
            return rule("the thresholds of overlap are not usable");
        }
        if self.recalls.is_empty() || !ascends(&self.recalls) {
            return rule("the recalls are not usable");
        }
        if self.areas.is_empty() {
            return rule("there is no range of areas");
        }
        let rises = self.limits.windows(2).all(|pair| pair[0] < pair[1]);
        if self.limits.first().is_none_or(|&least| least == 0) || !rises {
            return rule("the limits of detections are not usable");
        }
        Ok(())
    }
}
