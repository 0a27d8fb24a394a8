//! COCO's and LVIS' files: labels as an object of lists, results as a list.
//!
//! Read [`labels`] and [`results`] first; the caller says what a row holds. Source: the COCO data format
//! (cocodataset.org, "Data format" and "Results format"); LVIS has the same with more keys.
//!
//! Not here: ids that stand twice or name nothing (`measure::detection::coco` checks them).

use super::rows::{FieldOfRows, Rows, json_error, list};
use super::{At, LabelError, Place};
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer as _};
use std::fmt;

/// The lists of a file of labels.
#[derive(Clone, Debug, Deserialize)]
#[serde(bound = "I: DeserializeOwned, C: DeserializeOwned, A: DeserializeOwned")]
struct File<I, C, A> {
    images: Rows<I>,
    categories: Rows<C>,
    annotations: Rows<A>,
}

/// Images, categories and annotations.
pub type Lists<I, C, A> = (Vec<I>, Vec<C>, Vec<A>);

const LABELS_HINT: &str =
    "a COCO or LVIS file of labels is an object with `images`, `categories` and `annotations`";
const RESULTS_HINT: &str = "COCO results are a list of rows with `image_id`, `category_id`, `score` and `bbox`, `segmentation` or `keypoints`";

/// Reads the labels.
///
/// Errors: not JSON, a list that is missing, a row of another form; list and row are named. Cost: one pass; only rows
/// are kept.
pub fn labels<I, C, A>(file: &str, bytes: &[u8]) -> Result<Lists<I, C, A>, LabelError>
where
    I: DeserializeOwned,
    C: DeserializeOwned,
    A: DeserializeOwned,
{
    let read: File<I, C, A> =
        serde_json::from_slice(bytes).map_err(|error| json_error(file, &error, LABELS_HINT))?;
    Ok((read.images.0, read.categories.0, read.annotations.0))
}

/// Reads the results: a list of rows, or an object whose `annotations` are one.
///
/// Errors and cost as [`labels`].
pub fn results<T: DeserializeOwned>(file: &str, bytes: &[u8]) -> Result<Vec<T>, LabelError> {
    #[derive(Deserialize)]
    #[serde(bound = "T: DeserializeOwned")]
    struct Object<T> {
        annotations: Rows<T>,
    }
    if bytes.trim_ascii_start().starts_with(b"{") {
        let read: Object<T> = serde_json::from_slice(bytes)
            .map_err(|error| json_error(file, &error, RESULTS_HINT))?;
        return Ok(read.annotations.0);
    }
    list(file, bytes, RESULTS_HINT)
}

/// Which rows carry the value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldOf {
    /// One value per image, in the order of the file.
    Images(Vec<Option<String>>),
    /// One value per annotation.
    Annotations(Vec<Option<String>>),
}

/// The values of a field of images, or of annotations where no image has it.
///
/// Errors: as [`labels`], and a field no row has. Cost: one pass.
pub fn field(file: &str, bytes: &[u8], field: &str) -> Result<FieldOf, LabelError> {
    let mut from = serde_json::Deserializer::from_slice(bytes);
    let (images, annotations) = from
        .deserialize_map(FieldOfLists(field))
        .map_err(|error| json_error(file, &error, LABELS_HINT))?;
    let is_known = |rows: &Vec<Option<String>>| rows.iter().any(Option::is_some);
    if is_known(&images) {
        return Ok(FieldOf::Images(images));
    }
    let annotations = Some(annotations).filter(is_known);
    annotations.map(FieldOf::Annotations).ok_or_else(|| {
        let at = At {
            file,
            place: Place::File,
        };
        at.form(
            format!("no image and no annotation has a field `{field}` with a text, number or truth value"),
            "slices are by a field of the images or annotations of the labels",
        )
    })
}

/// One field of images and of annotations.
struct FieldOfLists<'a>(&'a str);

impl<'de> Visitor<'de> for FieldOfLists<'_> {
    type Value = (Vec<Option<String>>, Vec<Option<String>>);

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object of lists")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut images, mut annotations) = (Vec::new(), Vec::new());
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "images" => images = map.next_value_seed(FieldOfRows(self.0))?,
                "annotations" => annotations = map.next_value_seed(FieldOfRows(self.0))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok((images, annotations))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Id {
        id: i64,
    }

    #[test]
    fn rows_are_named_and_fields_found() {
        let text = br#"{"info": {}, "images": [{"id": 1, "city": "A"}, {"id": 2}], "categories": [], "annotations": [{"id": 5, "area": 2.5, "segmentation": [[1, 2]]}]}"#;
        let (images, _, annotations) = labels::<Id, Id, Id>("gt.json", text).unwrap();
        assert_eq!((images[1].id, annotations[0].id), (2, 5));
        assert_eq!(
            field("gt.json", text, "city").unwrap(),
            FieldOf::Images(vec![Some("A".to_owned()), None])
        );
        assert_eq!(
            field("gt.json", text, "area").unwrap(),
            FieldOf::Annotations(vec![Some("2.5".to_owned())])
        );
        assert!(field("gt.json", text, "night").is_err());
        let error = results::<Id>("r.json", br#"[{"id": 1}, {"id": "x"}]"#).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("`r.json`: row `1`: invalid type"),
            "{error}"
        );
        let wrapped = results::<Id>("r.json", br#"{"annotations": [{"id": 4}]}"#).unwrap();
        assert_eq!(wrapped[0].id, 4);
    }
}
