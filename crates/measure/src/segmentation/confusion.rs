//! Which class every pixel was given.
//!
//! Read [`Confusion`] first. Not here: instances.

use super::{MOST_CLASSES, SegmentationError};

/// Pixels by labeled class (rows) and predicted class (columns).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    pixels: Vec<u64>,
}

impl Confusion {
    /// An empty matrix. Errors: no class, or more than [`MOST_CLASSES`].
    pub fn new(classes: usize) -> Result<Self, SegmentationError> {
        if classes == 0 || classes > MOST_CLASSES {
            return Err(SegmentationError::Classes { classes });
        }
        Ok(Self {
            classes,
            pixels: vec![0; classes * classes],
        })
    }

    /// Counts one image; pixels whose label is `ignored` do not count. `image` is named in errors.
    ///
    /// Errors: sizes that differ, a class that is not there (also of a prediction where the label counts).
    /// Cost: one pass.
    pub fn add(
        &mut self,
        image: usize,
        label: &[u32],
        predicted: &[u32],
        ignored: Option<u32>,
    ) -> Result<(), SegmentationError> {
        if label.len() != predicted.len() {
            return Err(SegmentationError::Pixels {
                image,
                found: predicted.len(),
                expected: label.len(),
            });
        }
        for (pixel, (&of, &given)) in label.iter().zip(predicted).enumerate() {
            if Some(of) == ignored {
                continue;
            }
            for class in [of, given] {
                if class as usize >= self.classes {
                    return Err(SegmentationError::Class {
                        image,
                        pixel,
                        class,
                        classes: self.classes,
                    });
                }
            }
            self.pixels[of as usize * self.classes + given as usize] += 1;
        }
        Ok(())
    }

    /// Adds another matrix of as many classes, `weight` times.
    pub fn merge(&mut self, other: &Self, weight: u32) {
        for (sum, &n) in self.pixels.iter_mut().zip(&other.pixels) {
            *sum += n * u64::from(weight);
        }
    }

    /// Rows of the matrix.
    pub fn rows(&self) -> impl Iterator<Item = &[u64]> {
        self.pixels.chunks(self.classes)
    }

    /// Pixels labeled, predicted and both, of one class.
    fn of(&self, class: usize) -> [u64; 3] {
        let column = self.pixels.iter().skip(class).step_by(self.classes);
        let row = &self.pixels[class * self.classes..][..self.classes];
        [row.iter().sum(), column.sum(), row[class]]
    }

    fn per_class(&self, of: impl Fn([u64; 3]) -> Option<f64>) -> Vec<Option<f64>> {
        (0..self.classes).map(|class| of(self.of(class))).collect()
    }

    /// Intersection over union of each class; none where it is neither labeled nor predicted.
    pub fn iou(&self) -> Vec<Option<f64>> {
        self.per_class(|[labeled, predicted, both]| ratio(both, labeled + predicted - both))
    }

    /// Share of each class's pixels that were given it; none where it is not labeled.
    pub fn recall(&self) -> Vec<Option<f64>> {
        self.per_class(|[labeled, _, both]| ratio(both, labeled))
    }

    /// Share of pixels given their class; none without pixels.
    pub fn accuracy(&self) -> Option<f64> {
        let right = (0..self.classes).map(|class| self.of(class)[2]).sum();
        ratio(right, self.pixels.iter().sum())
    }

    /// Mean of the intersections over unions, weighted by labeled pixels; none without pixels.
    pub fn weighted_iou(&self) -> Option<f64> {
        let all: u64 = self.pixels.iter().sum();
        let parts = self
            .iou()
            .into_iter()
            .enumerate()
            .map(|(class, iou)| iou.unwrap_or(0.0) * self.of(class)[0] as f64);
        (all > 0).then(|| parts.sum::<f64>() / all as f64)
    }
}

/// `part` of `whole`; none of nothing.
pub(super) fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_classes_have_no_iou_and_wrong_ones_are_named() {
        let mut confusion = Confusion::new(3).unwrap();
        confusion
            .add(0, &[0, 0, 1, 9], &[0, 1, 1, 7], Some(9))
            .unwrap();
        assert_eq!(confusion.iou(), [Some(0.5), Some(0.5), None]);
        assert_eq!(confusion.recall(), [Some(0.5), Some(1.0), None]);
        assert_eq!(confusion.accuracy(), Some(2.0 / 3.0));
        let wrong = confusion.add(4, &[0, 1], &[0, 7], None);
        assert!(wrong.is_err_and(|e| e.to_string().starts_with("image `4`, pixel `1`: class `7`")));
        assert!(confusion.add(0, &[0], &[], None).is_err());
        assert!(Confusion::new(0).is_err());
        assert_eq!(Confusion::new(2).unwrap().accuracy(), None);
    }
}
