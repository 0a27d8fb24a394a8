//! Labels and detections, checked and sorted.
//!
//! Read [`Dataset`] first.

use super::{Annotation, Category, CocoError, Found, GroundTruth, Rules};
use crate::boxes::{BoxError, Keypoints, Mask, Rect, finite, keypoint_similarity, size};
use crate::detection::curve::descending;
use std::ops::Range;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub enum Kind {
    /// Boxes.
    #[serde(rename = "bbox")]
    Boxes,
    /// Masks.
    #[serde(rename = "segm")]
    Masks,
    /// Joints.
    #[serde(rename = "keypoints")]
    Keypoints,
}

/// One labeled object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Truth {
    pub(super) image: u32,
    pub(super) is_crowd: bool,
    pub(super) is_ignored: bool,
    pub(super) has_id_zero: bool,
    pub(super) area: f64,
    bounds: Rect,
}

/// One detection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Detection {
    pub(super) image: u32,
    pub(super) score: f64,
    pub(super) area: f64,
    bounds: Rect,
}

/// Masks or joints of the rows, in the order of the rows; empty where boxes are compared.
#[derive(Clone, Debug, Default)]
struct Shapes {
    masks: Vec<(Mask, u64)>,
    joints: Vec<f64>,
}

impl Shapes {
    fn joints(&self, row: usize, stride: usize) -> &[f64] {
        &self.joints[row * stride..(row + 1) * stride]
    }
}

/// Labels and detections, checked, sorted by category and image; detections by falling score within.
#[derive(Clone, Debug)]
pub struct Dataset {
    kind: Kind,
    images: Vec<i64>,
    categories: Vec<Category>,
    truths: Vec<Truth>,
    truth_shapes: Shapes,
    truth_starts: Vec<usize>,
    detections: Vec<Detection>,
    found_shapes: Shapes,
    found_starts: Vec<usize>,
    /// Category and image of what is not wholly labeled, sorted.
    not_exhaustive: Vec<(u32, u32)>,
    sigmas: Vec<f64>,
}

/// Ids in ascending order with the row each came from.
struct Ids {
    what: &'static str,
    sorted: Vec<(i64, usize)>,
    /// Places of the ids from the first on, where ids lie close together.
    dense: Vec<u32>,
}

/// Stands for "no id here" among dense places.
const NONE: u32 = u32::MAX;

impl Ids {
    fn new(what: &'static str, ids: impl Iterator<Item = i64>) -> Result<Self, CocoError> {
        let mut sorted: Vec<(i64, usize)> = ids.zip(0..).collect();
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(CocoError::Twice {
                what,
                id: pair[0].0,
                first: pair[0].1,
                second: pair[1].1,
            });
        }
        let mut out = Self {
            what,
            sorted,
            dense: Vec::new(),
        };
        if let (Some(&(first, _)), Some(&(last, _))) = (out.sorted.first(), out.sorted.last()) {
            let span = usize::try_from(last.abs_diff(first)).unwrap_or(usize::MAX);
            if span < 128 * out.sorted.len() {
                out.dense = vec![NONE; span + 1];
                for (&(id, _), place) in out.sorted.iter().zip(0..) {
                    out.dense[usize::try_from(id.abs_diff(first)).unwrap_or(span)] = place;
                }
            }
        }
        Ok(out)
    }

    fn find(&self, id: i64) -> Option<u32> {
        if self.dense.is_empty() {
            let place = self.sorted.binary_search_by_key(&id, |&(id, _)| id).ok()?;
            return u32::try_from(place).ok();
        }
        let offset = id.checked_sub(self.sorted.first()?.0)?;
        let place = self.dense.get(usize::try_from(offset).ok()?)?;
        (*place != NONE).then_some(*place)
    }

    /// Position among the sorted ids.
    #[inline]
    fn place(&self, id: i64, list: &'static str, row: usize) -> Result<u32, CocoError> {
        self.find(id).ok_or(CocoError::Unknown {
            list,
            row,
            what: self.what,
            id,
        })
    }
}

const LABELS: &str = "ground truth";
const FOUND: &str = "results";

/// A row's place before sorting.
#[derive(Clone, Copy, Default)]
struct Place {
    category: u32,
    image: u32,
    key: u64,
    row: u32,
}

/// Sorts by a small number, equal ones in their order; also says where each number starts.
fn bucket(
    places: &[Place],
    buckets: usize,
    of: impl Fn(&Place) -> u32,
) -> (Vec<Place>, Vec<usize>) {
    let mut starts = vec![0; buckets + 1];
    for place in places {
        starts[of(place) as usize + 1] += 1;
    }
    for i in 0..buckets {
        starts[i + 1] += starts[i];
    }
    let mut next = starts.clone();
    let mut out = vec![Place::default(); places.len()];
    for place in places {
        let at = &mut next[of(place) as usize];
        out[*at] = *place;
        *at += 1;
    }
    (out, starts)
}

/// Rows by category, image, key and row, and where each category starts.
fn sort(mut places: Vec<Place>, images: usize, categories: usize) -> (Vec<Place>, Vec<usize>) {
    if !places.is_sorted_by_key(|p| p.image) {
        places = bucket(&places, images, |p| p.image).0;
    }
    let (mut places, starts) = bucket(&places, categories, |p| p.category);
    let cells = places.chunk_by_mut(|a, b| a.image == b.image && a.category == b.category);
    for cell in cells {
        if cell.len() > 1 {
            cell.sort_unstable_by_key(|p| (p.key, p.row));
        }
    }
    (places, starts)
}

fn row_of(list: &'static str, row: usize) -> impl Fn(BoxError) -> CocoError {
    move |why| CocoError::Row { list, row, why }
}

fn joints<'a>(
    list: &'static str,
    row: usize,
    given: Option<&'a Vec<f64>>,
    stride: usize,
) -> Result<&'a [f64], CocoError> {
    let what = "keypoints";
    let joints = given.ok_or(CocoError::Missing { list, row, what })?;
    if joints.len() != stride {
        return Err(row_of(list, row)(BoxError::Length {
            what,
            found: joints.len(),
            expected: stride,
        }));
    }
    for &value in joints {
        finite(what, value).map_err(row_of(list, row))?;
    }
    Ok(joints)
}

/// The box around joints; visibility is not looked at.
fn bounds_of(joints: &[f64]) -> Rect {
    let range = |axis: usize| {
        let along = joints.iter().skip(axis).step_by(3).copied();
        let least = along.clone().fold(f64::INFINITY, f64::min);
        [least, along.fold(f64::NEG_INFINITY, f64::max)]
    };
    let (x, y) = (range(0), range(1));
    Rect::from_corners([x[0], y[0], x[1], y[1]])
}

/// Gathers the rows of one list.
struct Gather<'a> {
    truth: &'a GroundTruth,
    rules: &'a Rules,
    /// Row of each image in the ground truth's list.
    image_rows: &'a [(i64, usize)],
}

impl Gather<'_> {
    fn stride(&self) -> usize {
        3 * self.rules.sigmas.len()
    }

    fn image_size(&self, image: u32) -> [u32; 2] {
        let row = self.image_rows[image as usize].1;
        let image = &self.truth.images[row];
        [image.height, image.width]
    }

    fn label(&self, place: &Place, shapes: &mut Shapes) -> Result<Truth, CocoError> {
        let row = place.row as usize;
        let given: &Annotation = &self.truth.annotations[row];
        let wrong = row_of(LABELS, row);
        let missing = |what| CocoError::Missing {
            list: LABELS,
            row,
            what,
        };
        let bounds = given.bbox.map(Rect::checked).transpose().map_err(&wrong)?;
        let mut bounds_or = bounds;
        let mut is_ignored = given.is_ignored;
        match self.rules.kind {
            Kind::Boxes => {}
            Kind::Masks => {
                let shape = given.segmentation.as_ref();
                let shape = shape.ok_or_else(|| missing("segmentation"))?;
                let mask = shape.mask(self.image_size(place.image)).map_err(&wrong)?;
                bounds_or = Some(mask.bounds());
                let area = mask.area();
                shapes.masks.push((mask, area));
            }
            Kind::Keypoints => {
                let list = joints(LABELS, row, given.keypoints.as_ref(), self.stride())?;
                is_ignored |= !list.iter().skip(2).step_by(3).any(|&v| v > 0.0);
                bounds_or = bounds_or.or(Some(bounds_of(list)));
                shapes.joints.extend_from_slice(list);
            }
        }
        let bounds_or = bounds_or.ok_or_else(|| missing("bbox"))?;
        let area = match (given.area, self.rules.kind) {
            (Some(area), _) => size("area", area).map_err(&wrong)?,
            (None, Kind::Masks) => shapes.masks.last().map_or(0.0, |(_, area)| *area as f64),
            (None, _) => bounds_or.area(),
        };
        let is_crowd = given.iscrowd && !self.rules.lvis;
        Ok(Truth {
            image: place.image,
            is_crowd,
            is_ignored: is_ignored || is_crowd,
            has_id_zero: given.id == 0,
            area,
            bounds: bounds_or,
        })
    }

    fn found(
        &self,
        place: &Place,
        given: &Found,
        shapes: &mut Shapes,
    ) -> Result<Detection, CocoError> {
        let row = place.row as usize;
        let wrong = row_of(FOUND, row);
        let missing = |what| CocoError::Missing {
            list: FOUND,
            row,
            what,
        };
        let bounds = given.bbox.map(Rect::checked).transpose().map_err(&wrong)?;
        let (around, area) = match self.rules.kind {
            Kind::Boxes => {
                let bounds = bounds.ok_or_else(|| missing("bbox"))?;
                (bounds, bounds.area())
            }
            Kind::Masks => {
                let shape = given.segmentation.as_ref();
                let shape = shape.ok_or_else(|| missing("segmentation"))?;
                let mask = shape.mask(self.image_size(place.image)).map_err(&wrong)?;
                let (around, pixels) = (mask.bounds(), mask.area());
                shapes.masks.push((mask, pixels));
                (around, bounds.map_or(pixels as f64, |b| b.area()))
            }
            Kind::Keypoints => {
                let list = joints(FOUND, row, given.keypoints.as_ref(), self.stride())?;
                shapes.joints.extend_from_slice(list);
                let around = bounds.unwrap_or_else(|| bounds_of(list));
                (around, around.area())
            }
        };
        Ok(Detection {
            image: place.image,
            score: given.score,
            area,
            bounds: around,
        })
    }
}

impl Dataset {
    /// Checks and sorts.
    ///
    /// A box of a mask or of joints need not be given; where results have one besides the mask, its area decides which
    /// range of sizes they are of, as in pycocotools. An annotation without area has that of its box or mask.
    /// Errors: ids that stand twice; rows that name an image or category that is not listed, that lack what is
    /// compared, or whose numbers are not finite or sizes negative; each names the row.
    /// Cost: a sort of both lists.
    pub fn new(truth: &GroundTruth, found: &[Found], rules: &Rules) -> Result<Self, CocoError> {
        rules.check()?;
        let images = Ids::new("image", truth.images.iter().map(|i| i.id))?;
        let categories = Ids::new("category", truth.categories.iter().map(|c| c.id))?;
        Ids::new("annotation", truth.annotations.iter().map(|a| a.id))?;
        let place = |list, row, image_id, category_id, key| {
            Ok(Place {
                category: categories.place(category_id, list, row)?,
                image: images.place(image_id, list, row)?,
                key,
                row: u32::try_from(row).unwrap_or(u32::MAX),
            })
        };
        let labels: Result<Vec<Place>, CocoError> = (truth.annotations.iter().enumerate())
            .map(|(row, a)| place(LABELS, row, a.image_id, a.category_id, 0))
            .collect();
        let results: Result<Vec<Place>, CocoError> = (found.iter().enumerate())
            .map(|(row, f)| {
                finite("score", f.score).map_err(row_of(FOUND, row))?;
                place(FOUND, row, f.image_id, f.category_id, descending(f.score))
            })
            .collect();
        let (labels, truth_starts) = sort(labels?, images.sorted.len(), categories.sorted.len());
        let mut results = results?;
        let mut not_exhaustive = Vec::new();
        if rules.lvis {
            let federated = Federated::new(truth, &images, &categories, &labels)?;
            federated.keep(&mut results, rules.most());
            not_exhaustive = federated.not_exhaustive;
        }
        let (results, found_starts) = sort(results, images.sorted.len(), categories.sorted.len());
        let gather = Gather {
            truth,
            rules,
            image_rows: &images.sorted,
        };
        let (mut truth_shapes, mut found_shapes) = (Shapes::default(), Shapes::default());
        let truths: Result<_, _> = (labels.iter())
            .map(|place| gather.label(place, &mut truth_shapes))
            .collect();
        let detections: Result<_, _> = (results.iter())
            .map(|place| gather.found(place, &found[place.row as usize], &mut found_shapes))
            .collect();
        Ok(Self {
            kind: rules.kind,
            images: images.sorted.iter().map(|&(id, _)| id).collect(),
            categories: (categories.sorted.iter())
                .map(|&(_, row)| truth.categories[row].clone())
                .collect(),
            truths: truths?,
            truth_shapes,
            truth_starts,
            detections: detections?,
            found_shapes,
            found_starts,
            not_exhaustive,
            sigmas: rules.sigmas.clone(),
        })
    }

    /// Image ids, ascending; weights of images and [`super::CategoryMatches`] go by position here.
    pub fn images(&self) -> &[i64] {
        &self.images
    }

    /// Categories by ascending id; everything per category goes by position here.
    pub fn categories(&self) -> &[Category] {
        &self.categories
    }

    pub(super) fn truths_of(&self, category: usize) -> (Range<usize>, &[Truth]) {
        let range = self.truth_starts[category]..self.truth_starts[category + 1];
        (range.clone(), &self.truths[range])
    }

    pub(super) fn detections_of(&self, category: usize) -> (Range<usize>, &[Detection]) {
        let range = self.found_starts[category]..self.found_starts[category + 1];
        (range.clone(), &self.detections[range])
    }

    pub(super) fn is_exhaustive(&self, category: usize, image: u32) -> bool {
        let sought = (u32::try_from(category).unwrap_or(u32::MAX), image);
        self.not_exhaustive.binary_search(&sought).is_err()
    }

    /// Overlap of detection `found` with label `truth`, by position in the whole lists.
    #[inline]
    pub(super) fn overlap(&self, found: usize, truth: usize) -> f64 {
        let (detection, label) = (&self.detections[found], &self.truths[truth]);
        match self.kind {
            Kind::Boxes if label.is_crowd => detection.bounds.covered_by(&label.bounds),
            Kind::Boxes => detection.bounds.iou(&label.bounds),
            Kind::Masks => {
                let (a, pixels) = &self.found_shapes.masks[found];
                let (b, other_pixels) = &self.truth_shapes.masks[truth];
                // Masks of one image are of one size; the boxes around them are cheap to compare first.
                if detection.bounds.intersection(&label.bounds) <= 0.0 {
                    return 0.0;
                }
                let common = a.intersection(b).unwrap_or(0);
                let whole = if label.is_crowd {
                    *pixels
                } else {
                    pixels + other_pixels - common
                };
                if common == 0 {
                    0.0
                } else {
                    common as f64 / whole as f64
                }
            }
            Kind::Keypoints => {
                let stride = 3 * self.sigmas.len();
                let label = Keypoints {
                    joints: self.truth_shapes.joints(truth, stride),
                    area: label.area,
                    bounds: label.bounds,
                };
                let found = self.found_shapes.joints(found, stride);
                keypoint_similarity(&label, found, &self.sigmas)
            }
        }
    }
}

/// What LVIS images say about the categories in them.
struct Federated {
    /// Category and image for which detections count, sorted.
    known: Vec<(u32, u32)>,
    not_exhaustive: Vec<(u32, u32)>,
}

impl Federated {
    fn new(
        truth: &GroundTruth,
        images: &Ids,
        categories: &Ids,
        labels: &[Place],
    ) -> Result<Self, CocoError> {
        let mut known: Vec<(u32, u32)> = labels.iter().map(|p| (p.category, p.image)).collect();
        let mut not_exhaustive = Vec::new();
        for (row, image) in truth.images.iter().enumerate() {
            let place = images.place(image.id, "images", row)?;
            for &id in &image.neg_category_ids {
                known.push((categories.place(id, "images", row)?, place));
            }
            for &id in &image.not_exhaustive_category_ids {
                not_exhaustive.push((categories.place(id, "images", row)?, place));
            }
        }
        for list in [&mut known, &mut not_exhaustive] {
            list.sort_unstable();
            list.dedup();
        }
        Ok(Self {
            known,
            not_exhaustive,
        })
    }

    /// Keeps the `most` surest detections of each image (`limit_dets_per_image` of lvis 0.5.3), and of them those about
    /// which the image says something.
    fn keep(&self, results: &mut Vec<Place>, most: usize) {
        results.sort_unstable_by_key(|p| (p.image, p.key, p.row));
        let (mut image, mut seen) = (u32::MAX, 0);
        results.retain(|p| {
            seen = if p.image == image { seen + 1 } else { 1 };
            image = p.image;
            seen <= most && self.known.binary_search(&(p.category, p.image)).is_ok()
        });
    }
}
