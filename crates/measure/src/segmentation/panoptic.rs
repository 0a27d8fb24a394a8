//! Panoptic quality.
//!
//! Read [`PanopticImage`] and [`Panoptic`] first.

use super::SegmentationError;
use std::collections::BTreeMap;

/// A segment of one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Segment {
    /// Its number in the map; 0 is "no segment" and names none.
    pub id: u32,
    /// Its category.
    pub category_id: i64,
    /// Whether it is a region of many objects; only labels have them.
    #[serde(default)]
    pub iscrowd: u8,
}

/// Label and prediction of one image.
#[derive(Clone, Copy, Debug)]
pub struct PanopticImage<'a> {
    /// Segment of each pixel by the label; 0 is unlabeled.
    pub label: &'a [u32],
    /// Segments of the label.
    pub label_segments: &'a [Segment],
    /// Segment of each pixel by the prediction; 0 is none.
    pub predicted: &'a [u32],
    /// Segments of the prediction.
    pub predicted_segments: &'a [Segment],
}

/// What was found of one category.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PanopticClass {
    /// Sum of overlaps of the matched segments.
    pub iou: f64,
    /// Matched segments.
    pub hits: u64,
    /// Predicted segments that match none.
    pub false_alarms: u64,
    /// Labeled segments that none matches.
    pub misses: u64,
}

impl PanopticClass {
    fn weight(&self) -> f64 {
        self.hits as f64 + (self.false_alarms + self.misses) as f64 / 2.0
    }

    /// Panoptic, segmentation and recognition quality; none where nothing is labeled or predicted. Segmentation quality
    /// is 0 where nothing matched, as in panopticapi.
    pub fn quality(&self) -> Option<[f64; 3]> {
        let weight = self.weight();
        if weight <= 0.0 {
            return None;
        }
        let segmentation = if self.hits > 0 {
            self.iou / self.hits as f64
        } else {
            0.0
        };
        Some([self.iou / weight, segmentation, self.hits as f64 / weight])
    }
}

/// What was found, by category.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panoptic {
    /// Per category id.
    pub classes: BTreeMap<i64, PanopticClass>,
}

/// Segments by id with their pixels.
type Areas = BTreeMap<u32, (Segment, u64)>;

fn areas(image: usize, map: &[u32], segments: &[Segment]) -> Result<Areas, SegmentationError> {
    let wrong = |segment, why| SegmentationError::Segment {
        image,
        segment,
        why,
    };
    let mut out = Areas::new();
    for segment in segments {
        if segment.id == 0 {
            return Err(wrong(0, "is \"no segment\"; hint: number segments from 1"));
        }
        if out.insert(segment.id, (*segment, 0)).is_some() {
            return Err(wrong(
                segment.id,
                "is listed twice; hint: ids name one segment each",
            ));
        }
    }
    let mut sorted = map.to_vec();
    sorted.sort_unstable();
    for run in sorted.chunk_by(|a, b| a == b) {
        match out.get_mut(&run[0]) {
            Some((_, area)) => *area = run.len() as u64,
            None if run[0] == 0 => {}
            None => {
                return Err(wrong(
                    run[0],
                    "is in the map but not listed; hint: list it or set its pixels to 0",
                ));
            }
        }
    }
    if let Some((&id, _)) = out.iter().find(|(_, (_, area))| *area == 0) {
        return Err(wrong(id, "is listed but not in the map; hint: drop it"));
    }
    Ok(out)
}

/// Pixels of each pair of segments.
struct Pairs(BTreeMap<(u32, u32), u64>);

impl Pairs {
    fn new(label: &[u32], predicted: &[u32]) -> Self {
        let mut pairs: Vec<(u32, u32)> = label
            .iter()
            .copied()
            .zip(predicted.iter().copied())
            .collect();
        pairs.sort_unstable();
        let runs = pairs.chunk_by(|a, b| a == b);
        Self(runs.map(|run| (run[0], run.len() as u64)).collect())
    }

    fn of(&self, label: u32, predicted: u32) -> u64 {
        self.0.get(&(label, predicted)).copied().unwrap_or(0)
    }
}

impl Panoptic {
    /// Counts one image; `image` is named in errors.
    ///
    /// Segments of one category match where they overlap more than one half, which at most one does; unlabeled pixels
    /// of the predicted segment are left out of the union. A predicted segment without match that lies by more than half
    /// in unlabeled pixels or a crowd of its category is no false alarm; of several crowds of a category the last listed
    /// by id counts, as in panopticapi.
    /// Errors: maps of different sizes, maps and lists that contradict each other. Cost: a sort of the pixels.
    /// Source: Kirillov et al. 2019, eq. 1; `pq_compute_single_core` of panopticapi.
    pub fn of(image: usize, maps: &PanopticImage) -> Result<Self, SegmentationError> {
        let (found, expected) = (maps.predicted.len(), maps.label.len());
        if found != expected {
            return Err(SegmentationError::Pixels {
                image,
                found,
                expected,
            });
        }
        let mut labels = areas(image, maps.label, maps.label_segments)?;
        let mut predicted = areas(image, maps.predicted, maps.predicted_segments)?;
        let pairs = Pairs::new(maps.label, maps.predicted);
        let mut out = Self::default();
        for (&(l, p), &common) in &pairs.0 {
            let (Some(&(a, area)), Some(&(b, other))) = (labels.get(&l), predicted.get(&p)) else {
                continue;
            };
            if a.iscrowd != 0 || a.category_id != b.category_id {
                continue;
            }
            let union = area + other - common - pairs.of(0, p);
            if 2 * common > union {
                let class = out.classes.entry(a.category_id).or_default();
                class.hits += 1;
                class.iou += common as f64 / union as f64;
                // A match takes more than half of both, so neither is met again.
                labels.remove(&l);
                predicted.remove(&p);
            }
        }
        let mut crowds = BTreeMap::new();
        for (&id, (segment, _)) in &labels {
            if segment.iscrowd == 0 {
                out.classes.entry(segment.category_id).or_default().misses += 1;
            } else {
                crowds.insert(segment.category_id, id);
            }
        }
        for (&id, (segment, area)) in &predicted {
            let crowd = crowds.get(&segment.category_id);
            let excused = pairs.of(0, id) + crowd.map_or(0, |&crowd| pairs.of(crowd, id));
            if 2 * excused <= *area {
                out.classes
                    .entry(segment.category_id)
                    .or_default()
                    .false_alarms += 1;
            }
        }
        Ok(out)
    }

    /// Adds another image's counts, `weight` times.
    pub fn merge(&mut self, other: &Self, weight: u32) {
        let times = u64::from(weight);
        for (&id, of) in &other.classes {
            let class = self.classes.entry(id).or_default();
            class.iou += of.iou * f64::from(weight);
            class.hits += of.hits * times;
            class.false_alarms += of.false_alarms * times;
            class.misses += of.misses * times;
        }
    }

    /// Means of the three qualities over the categories for which `is_meant` that have anything; none where none has.
    pub fn quality(&self, is_meant: impl Fn(i64) -> bool) -> Option<[f64; 3]> {
        let classes = self.classes.iter().filter(|(id, _)| is_meant(**id));
        let all: Vec<[f64; 3]> = classes.filter_map(|(_, c)| c.quality()).collect();
        let mean = |i: usize| all.iter().map(|q| q[i]).sum::<f64>() / all.len() as f64;
        (!all.is_empty()).then(|| [mean(0), mean(1), mean(2)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(id: u32, category_id: i64, iscrowd: u8) -> Segment {
        Segment {
            id,
            category_id,
            iscrowd,
        }
    }

    #[test]
    fn hits_misses_and_false_alarms() {
        // Segment 5 is found by 3 to three quarters, 6 is missed by 4.
        let found = Panoptic::of(
            0,
            &PanopticImage {
                label: &[5, 5, 5, 5, 6, 6, 0, 0],
                label_segments: &[segment(5, 1, 0), segment(6, 2, 0)],
                predicted: &[3, 3, 3, 4, 4, 4, 4, 0],
                predicted_segments: &[segment(3, 1, 0), segment(4, 1, 0)],
            },
        )
        .unwrap();
        let one = PanopticClass {
            iou: 0.75,
            hits: 1,
            false_alarms: 1,
            misses: 0,
        };
        assert_eq!(found.classes[&1], one);
        assert_eq!(found.classes[&2].misses, 1);
        assert_eq!(found.classes[&1].quality(), Some([0.5, 0.75, 1.0 / 1.5]));
        assert_eq!(found.quality(|_| true), Some([0.25, 0.375, 1.0 / 3.0]));
        assert_eq!(found.quality(|id| id > 9), None);
    }

    #[test]
    fn maps_and_lists_that_contradict_are_refused() {
        let of = |predicted: &[u32], segments: &[Segment]| {
            Panoptic::of(
                7,
                &PanopticImage {
                    label: &[1, 1],
                    label_segments: &[segment(1, 1, 0)],
                    predicted,
                    predicted_segments: segments,
                },
            )
        };
        assert!(of(&[1, 2], &[segment(1, 1, 0)]).is_err());
        assert!(of(&[1, 1], &[segment(1, 1, 0), segment(2, 1, 0)]).is_err());
        assert!(of(&[1, 1], &[segment(1, 1, 0), segment(1, 1, 0)]).is_err());
        assert!(of(&[1, 0], &[segment(1, 1, 0), segment(0, 1, 0)]).is_err());
        assert!(of(&[1], &[segment(1, 1, 0)]).is_err());
        assert!(of(&[1, 1], &[segment(1, 1, 0)]).is_ok());
    }
}
