//! How well the outlines of classes are drawn.
//!
//! Read [`ClassBoundaries`] first.

use super::SegmentationError;
use super::confusion::ratio;
use crate::boxes::{Bitmap, boundary, boundary_overlap};

/// Pixels on the outlines of each class: labeled, and in both and either of label and prediction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassBoundaries {
    /// Per class: labeled boundary pixels, pixels in both boundaries, pixels in either.
    pub pixels: Vec<[u64; 3]>,
}

/// One image: class of each pixel, in rows.
#[derive(Clone, Copy, Debug)]
pub struct ClassMaps<'a> {
    /// Columns.
    pub width: usize,
    /// Labeled classes.
    pub label: &'a [u32],
    /// Predicted classes.
    pub predicted: &'a [u32],
    /// Pixels with this label belong to no class, in label and prediction.
    pub ignored: Option<u32>,
}

impl ClassBoundaries {
    /// Of one image; boundaries are `reach` pixels deep. `image` is named in errors.
    ///
    /// Ignored pixels are outside every class, so classes end where they begin, in label and prediction alike.
    /// Errors: maps of different sizes, a width that does not divide the pixels. Cost: a few passes per class.
    /// Source: Cheng et al. 2021, boundary mIoU.
    pub fn of(
        image: usize,
        maps: &ClassMaps,
        classes: usize,
        reach: usize,
    ) -> Result<Self, SegmentationError> {
        let (found, expected) = (maps.predicted.len(), maps.label.len());
        if found != expected {
            return Err(SegmentationError::Pixels {
                image,
                found,
                expected,
            });
        }
        let outline = |why| SegmentationError::Outline { image, why };
        let mut pixels = Vec::with_capacity(classes);
        for class in 0..classes {
            let edge = |map: &[u32]| {
                let inside = map.iter().zip(maps.label);
                let inside = inside.map(|(&c, &l)| c as usize == class && Some(l) != maps.ignored);
                let mask = Bitmap {
                    width: maps.width,
                    pixels: inside.collect(),
                };
                boundary(&mask, reach).map_err(outline)
            };
            let (label, predicted) = (edge(maps.label)?, edge(maps.predicted)?);
            let [both, either] = boundary_overlap(&label, &predicted).map_err(outline)?;
            let labeled = label.pixels.iter().map(|&p| u64::from(p)).sum();
            pixels.push([labeled, both, either]);
        }
        Ok(Self { pixels })
    }

    /// Adds another image's counts, `weight` times.
    pub fn merge(&mut self, other: &Self, weight: u32) {
        if self.pixels.len() < other.pixels.len() {
            self.pixels.resize(other.pixels.len(), [0; 3]);
        }
        for (sum, of) in self.pixels.iter_mut().zip(&other.pixels) {
            for (sum, n) in sum.iter_mut().zip(of) {
                *sum += n * u64::from(weight);
            }
        }
    }

    /// Intersection over union of the boundaries of each class; none where it has none.
    pub fn iou(&self) -> Vec<Option<f64>> {
        let of = |&[_, both, either]: &[u64; 3]| ratio(both, either);
        self.pixels.iter().map(of).collect()
    }
}
