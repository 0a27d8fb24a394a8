//! Boxes along the axes of an image.
//!
//! Read [`Rect`] first. Not here: boxes that are turned.

use super::{BoxError, finite, size};
use serde::{Deserialize, Serialize};

/// A box along the axes: the corner with the smallest coordinates and the size, in COCO's order, pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 4]", into = "[f64; 4]")]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Size along x.
    pub width: f64,
    /// Size along y.
    pub height: f64,
}

impl From<[f64; 4]> for Rect {
    fn from([x, y, width, height]: [f64; 4]) -> Self {
        Self {
            x,
            y,
            width,
            height,
        }
    }
}

impl From<Rect> for [f64; 4] {
    fn from(rect: Rect) -> Self {
        [rect.x, rect.y, rect.width, rect.height]
    }
}

impl Rect {
    /// From left, upper, right and lower edge.
    pub fn from_corners([left, upper, right, lower]: [f64; 4]) -> Self {
        Self {
            x: left,
            y: upper,
            width: right - left,
            height: lower - upper,
        }
    }

    /// The box where it is one: finite, and no size below 0. A size of 0 is allowed.
    pub fn checked(self) -> Result<Self, BoxError> {
        finite("x", self.x)?;
        finite("y", self.y)?;
        size("width", self.width)?;
        size("height", self.height)?;
        Ok(self)
    }

    /// Area.
    pub fn area(&self) -> f64 {
        self.width * self.height
    }

    /// Area common to both; 0 where they do not meet.
    #[inline]
    pub fn intersection(&self, other: &Self) -> f64 {
        let width = (self.width + self.x).min(other.width + other.x) - self.x.max(other.x);
        let height = (self.height + self.y).min(other.height + other.y) - self.y.max(other.y);
        if width <= 0.0 || height <= 0.0 {
            return 0.0;
        }
        width * height
    }

    /// Intersection over union, 0 to 1; 0 where they do not meet, boxes without area included.
    ///
    /// Source: `bbIou` of pycocotools 2.0.11, to the last bit. Cost: constant.
    #[inline]
    pub fn iou(&self, other: &Self) -> f64 {
        let common = self.intersection(other);
        if common <= 0.0 {
            return 0.0;
        }
        common / (self.area() + other.area() - common)
    }

    /// The share of this box that `region` covers, 0 to 1: COCO's overlap with a crowd, KITTI's with a "don't care".
    #[inline]
    pub fn covered_by(&self, region: &Self) -> f64 {
        let common = self.intersection(region);
        if common <= 0.0 {
            return 0.0;
        }
        common / self.area()
    }

    /// Generalized intersection over union, -1 to 1: the IoU less the share of the smallest enclosing box that neither
    /// covers (Rezatofighi et al. 2019, eq. 1).
    ///
    /// Errors: [`BoxError::NoArea`] where neither has an area.
    pub fn giou(&self, other: &Self) -> Result<f64, BoxError> {
        let common = self.intersection(other);
        let union = self.area() + other.area() - common;
        if union <= 0.0 {
            return Err(BoxError::NoArea);
        }
        let width = (self.x + self.width).max(other.x + other.width) - self.x.min(other.x);
        let height = (self.y + self.height).max(other.y + other.height) - self.y.min(other.y);
        let hull = width * height;
        Ok(common / union - (hull - union) / hull)
    }
}
