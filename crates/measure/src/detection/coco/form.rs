//! What COCO's files hold.
//!
//! Read [`GroundTruth`] first. Keys that are not named here are skipped. Not here: checks; [`super::Dataset`] makes them.

use crate::boxes::{Rect, Segmentation};
use serde::{Deserialize, Deserializer};

/// An image of the ground truth.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Image {
    /// Its id.
    pub id: i64,
    /// Rows; only masks need them.
    #[serde(default)]
    pub height: u32,
    /// Columns.
    #[serde(default)]
    pub width: u32,
    /// LVIS: categories known to be absent.
    #[serde(default)]
    pub neg_category_ids: Vec<i64>,
    /// LVIS: categories of which not every object is labeled.
    #[serde(default)]
    pub not_exhaustive_category_ids: Vec<i64>,
}

/// A category of the ground truth.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Category {
    /// Its id.
    pub id: i64,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// LVIS: `r` rare, `c` common, `f` frequent.
    #[serde(default)]
    pub frequency: Option<char>,
}

/// One labeled object.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Annotation {
    /// Its id; 0 is an id like any other.
    pub id: i64,
    /// Its image.
    pub image_id: i64,
    /// Its category.
    pub category_id: i64,
    /// Its box.
    #[serde(default)]
    pub bbox: Option<Rect>,
    /// Its area, square pixels; that of its box where absent.
    #[serde(default)]
    pub area: Option<f64>,
    /// Whether it is a region of many objects.
    #[serde(default, deserialize_with = "zero_or_one")]
    pub iscrowd: bool,
    /// Whether it is neither found nor missed, as where only a part of the labels is looked at; not in files.
    #[serde(skip)]
    pub is_ignored: bool,
    /// What it covers.
    #[serde(default)]
    pub segmentation: Option<Segmentation>,
    /// x, y and visibility in turn.
    #[serde(default)]
    pub keypoints: Option<Vec<f64>>,
}

/// The labels.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct GroundTruth {
    /// Images.
    pub images: Vec<Image>,
    /// Categories.
    pub categories: Vec<Category>,
    /// Labeled objects.
    pub annotations: Vec<Annotation>,
}

/// One detection.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Found {
    /// Its image.
    pub image_id: i64,
    /// Its category.
    pub category_id: i64,
    /// How sure the detector is.
    pub score: f64,
    /// Its box; that of its mask or joints where absent.
    #[serde(default)]
    pub bbox: Option<Rect>,
    /// What it covers.
    #[serde(default)]
    pub segmentation: Option<Segmentation>,
    /// x, y and anything in turn.
    #[serde(default)]
    pub keypoints: Option<Vec<f64>>,
}

/// `iscrowd` is 0 or 1 in files, and `true` in a few.
fn zero_or_one<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Word(bool),
        Number(i64),
    }
    Ok(match Form::deserialize(from)? {
        Form::Word(is_crowd) => is_crowd,
        Form::Number(n) => n != 0,
    })
}
