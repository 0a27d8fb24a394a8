//! COCO's and LVIS' files: labels as an object of lists, results as a list.
//!
//! Read [`labels`] and [`results`] first; the caller says what a row holds; [`content`] is everything a file says. Boxes may come as a table too
//! ([`from_table`]). Source: the COCO data format
//! (cocodataset.org, "Data format" and "Results format"); LVIS has the same with more keys.
//!
//! Not here: ids that stand twice or name nothing (`measure::detection::coco` checks them).

use super::content::{
    Budget, Content, Fields, Item, Label, Runs, Shape, corners_of, pairs, too_much,
};
use super::rows::{FieldOfRows, Rows, json_error, list, object, text_of};
use super::{At, LabelError, Place};
use crate::table::{Table, is_table};
use crate::trajectory::text::{Line, lines};
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer as _};
use serde_json::Value;
use std::collections::BTreeMap;
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
    let read: File<I, C, A> = object(file, bytes, LABELS_HINT)?;
    Ok((read.images.0, read.categories.0, read.annotations.0))
}

/// Reads everything a file of labels says: boxes, polygons, masks and key points; rows of one annotation share its id.
///
/// An annotation without any is absent. Categories without a name and images without a file go by their id, which may be
/// a number or a text. Errors: as [`labels`], ids that name nothing, numbers that are none; the row
/// is named. Cost: one pass.
pub fn content(file: &str, bytes: &[u8]) -> Result<Content, LabelError> {
    let (images, categories, annotations) = labels::<Image, Category, Annotation>(file, bytes)?;
    let mut out = Content::default();
    let mut items = BTreeMap::new();
    for image in images {
        let size_px = image.width.zip(image.height).map(<[f64; 2]>::from);
        let name = image.file_name.or(image.coco_url);
        let item = out.item(Item {
            name: name.unwrap_or_else(|| text_of(&image.id)),
            size_px: size_px.filter(|size| size.iter().all(|side| *side > 0.0)),
            fields: vec![("id".to_owned(), text_of(&image.id))],
            ..Item::default()
        });
        items.insert(text_of(&image.id), item);
    }
    let names = categories.into_iter().map(|one| {
        let id = text_of(&one.id);
        let name = one.name.unwrap_or_else(|| id.clone());
        (id, name)
    });
    let names: BTreeMap<String, String> = names.collect();
    let mut budget = Budget::default();
    for (row, annotation) in annotations.into_iter().enumerate() {
        let at = At {
            file,
            place: Place::Row(row),
        };
        let unknown =
            |name, id: &Value| at.value(name, id, "ids are those of `images` and `categories`");
        let item = items.get(&text_of(&annotation.image_id));
        let item = item.ok_or_else(|| unknown("image_id", &annotation.image_id))?;
        let category = names.get(&text_of(&annotation.category_id));
        let category = category.ok_or_else(|| unknown("category_id", &annotation.category_id))?;
        let base = Label {
            item: Some(*item),
            category: category.clone(),
            id: annotation.id.as_ref().map(text_of),
            score: annotation.score,
            is_prediction: annotation.score.is_some(),
            attributes: annotation.attributes(),
            ..Label::default()
        };
        let times = match &annotation.segmentation {
            Segmentation::Polygons(polygons) => polygons.len() + 2,
            Segmentation::Mask(_) | Segmentation::Other(_) => 2,
        };
        budget.spend(|| too_much(at), &base, times)?;
        let shapes = Shapes {
            bbox: annotation.bbox,
            segmentation: annotation.segmentation,
            keypoints: annotation.keypoints,
        };
        add(&mut out, at, &base, shapes)?;
    }
    Ok(out)
}

#[derive(Deserialize)]
struct Image {
    id: Value,
    #[serde(default)]
    file_name: Option<String>,
    #[serde(default)]
    coco_url: Option<String>,
    #[serde(default)]
    width: Option<f64>,
    #[serde(default)]
    height: Option<f64>,
}

#[derive(Deserialize)]
struct Category {
    id: Value,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Deserialize)]
struct Annotation {
    #[serde(default)]
    id: Option<Value>,
    image_id: Value,
    category_id: Value,
    #[serde(default)]
    bbox: Option<[f64; 4]>,
    #[serde(default)]
    segmentation: Segmentation,
    #[serde(default)]
    keypoints: Vec<f64>,
    #[serde(default)]
    iscrowd: Option<Value>,
    #[serde(default)]
    attributes: BTreeMap<String, Value>,
    #[serde(default)]
    score: Option<f64>,
}

impl Annotation {
    fn attributes(&self) -> Fields {
        let crowd = self.iscrowd.iter();
        let crowd = crowd.map(|value| ("iscrowd".to_owned(), text_of(value)));
        let named = self.attributes.iter();
        let named = named.map(|(name, value)| (name.clone(), text_of(value)));
        crowd.chain(named).collect()
    }
}

/// Run lengths, as a list or compressed.
#[derive(Deserialize)]
#[serde(untagged)]
enum Counts {
    List(Vec<u32>),
    Text(String),
}

/// A mask: height and width of its image, and run lengths.
#[derive(Deserialize)]
struct RunLengths {
    size: [u32; 2],
    counts: Counts,
}

/// Polygons, a mask, or something else.
#[derive(Deserialize)]
#[serde(untagged)]
enum Segmentation {
    Polygons(Vec<Vec<f64>>),
    Mask(RunLengths),
    Other(IgnoredAny),
}

impl Default for Segmentation {
    fn default() -> Self {
        Self::Polygons(Vec::new())
    }
}

/// The shapes of an annotation or a result.
struct Shapes {
    bbox: Option<[f64; 4]>,
    segmentation: Segmentation,
    keypoints: Vec<f64>,
}

/// The shapes of an annotation as labels.
fn add(out: &mut Content, at: At<'_>, base: &Label, annotation: Shapes) -> Result<(), LabelError> {
    let mut shapes = Vec::new();
    if let Some(xywh) = annotation.bbox {
        at.finite("bbox", xywh.iter().sum())?;
        at.size("bbox width", xywh[2])?;
        at.size("bbox height", xywh[3])?;
        shapes.push(Shape::upright(corners_of(xywh)));
    }
    match annotation.segmentation {
        Segmentation::Polygons(polygons) => {
            for polygon in polygons {
                shapes.push(Shape::Polygon(pairs(at, "segmentation", &polygon)?));
            }
        }
        Segmentation::Mask(mask) => shapes.push(Shape::Mask {
            size_px: mask.size,
            runs: match mask.counts {
                Counts::List(list) => Runs::List(list),
                Counts::Text(text) => Runs::Text(text),
            },
        }),
        Segmentation::Other(_) => out.leave_out("segmentations of another form"),
    }
    let seen: Vec<f64> = (annotation.keypoints.chunks_exact(3))
        .filter(|point| point.last().is_some_and(|visible| *visible > 0.0))
        .flat_map(|point| point.iter().take(2).copied())
        .collect();
    if !seen.is_empty() {
        shapes.push(Shape::Points(pairs(at, "keypoints", &seen)?));
    }
    if shapes.is_empty() {
        shapes.push(Shape::Absent);
    }
    for shape in shapes {
        let label = base.clone();
        out.label(Label { shape, ..label });
    }
    Ok(())
}

/// Reads the results: a list of rows, an object whose `annotations` are one, or, in files that end in `.jsonl` or
/// `.ndjson`, a row per line.
///
/// Errors and cost as [`labels`].
pub fn results<T: DeserializeOwned>(file: &str, bytes: &[u8]) -> Result<Vec<T>, LabelError> {
    #[derive(Deserialize)]
    #[serde(bound = "T: DeserializeOwned")]
    struct Object<T> {
        annotations: Rows<T>,
    }
    let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
    let is = |known: &str| ending.eq_ignore_ascii_case(known);
    if is("jsonl") || is("ndjson") {
        return by_line(file, bytes);
    }
    if bytes.trim_ascii_start().starts_with(b"{") {
        let read: Object<T> = serde_json::from_slice(bytes)
            .map_err(|error| json_error(file, &error, RESULTS_HINT))?;
        return Ok(read.annotations.0);
    }
    list(file, bytes, RESULTS_HINT)
}

/// One result, as far as it is a place.
#[derive(Deserialize)]
struct Found {
    image_id: Value,
    category_id: Value,
    #[serde(default)]
    score: Option<f64>,
    #[serde(default)]
    bbox: Option<[f64; 4]>,
    #[serde(default)]
    segmentation: Segmentation,
    #[serde(default)]
    keypoints: Vec<f64>,
}

/// Everything results say, of any form [`results`] or [`from_table`] read. Images and categories go by their ids, since
/// results do not name them.
///
/// Errors: as these, numbers that are none; the row is named. Cost: one pass.
pub fn results_content(file: &str, bytes: &[u8]) -> Result<Content, LabelError> {
    let rows: Vec<Found> = if is_json(file, bytes) {
        results(file, bytes)?
    } else {
        let rows = from_table(&crate::table::read(file, bytes)?)?.into_iter();
        rows.map(|row| Found {
            image_id: row.image_id.into(),
            category_id: row.category_id.into(),
            score: Some(row.score),
            bbox: Some(row.xywh),
            segmentation: Segmentation::default(),
            keypoints: Vec::new(),
        })
        .collect()
    };
    let mut out = Content::default();
    let mut items: BTreeMap<String, usize> = BTreeMap::new();
    for (row, found) in rows.into_iter().enumerate() {
        let at = At {
            file,
            place: Place::Row(row),
        };
        let image = text_of(&found.image_id);
        let item = items.get(&image).copied().unwrap_or_else(|| {
            out.item(Item {
                name: image.clone(),
                ..Item::default()
            })
        });
        items.entry(image).or_insert(item);
        let base = Label {
            item: Some(item),
            category: text_of(&found.category_id),
            id: Some(row.to_string()),
            score: found.score,
            is_prediction: true,
            ..Label::default()
        };
        let shapes = Shapes {
            bbox: found.bbox,
            segmentation: found.segmentation,
            keypoints: found.keypoints,
        };
        add(&mut out, at, &base, shapes)?;
    }
    Ok(out)
}

/// A row per line.
fn by_line<T: DeserializeOwned>(file: &str, bytes: &[u8]) -> Result<Vec<T>, LabelError> {
    let filled = lines(bytes).filter(|line| !line.text.trim_ascii().is_empty());
    let row = |line: Line<'_>| {
        let at = At {
            file,
            place: Place::Line(line.number),
        };
        serde_json::from_slice(line.text).map_err(|error| at.form(error.to_string(), RESULTS_HINT))
    };
    filled.map(row).collect()
}

/// One row of results that stand in a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TableRow {
    /// Its image.
    pub image_id: i64,
    /// Its category.
    pub category_id: i64,
    /// How sure the detector is.
    pub score: f64,
    /// Left, top, width, height; pixels.
    pub xywh: [f64; 4],
}

/// Boxes from a table with the columns `image_id category_id score` and `x y width height` (or `left top` for the
/// corner, `bbox_x` and so on); a `NumPy` array without names has image, x, y, width, height, score and category, as
/// pycocotools takes it.
///
/// Errors: a missing column, numbers that are not finite, ids that are not whole; the row is named. Cost: a copy of the
/// table.
pub fn from_table(table: &Table) -> Result<Vec<TableRow>, LabelError> {
    const UNNAMED: [&str; 7] = ["0", "1", "2", "3", "4", "5", "6"];
    let is_unnamed = table.names().eq(UNNAMED);
    let column = |unnamed: usize, names: &[&'static str]| match UNNAMED.get(unnamed) {
        Some(name) if is_unnamed => *name,
        _ => table.either(names),
    };
    let images = table.integers(column(0, &["image_id"]))?;
    let categories = table.integers(column(6, &["category_id"]))?;
    let scores = table.numbers(column(5, &["score", "confidence"]))?;
    let edges = [
        table.numbers(column(1, &["x", "left", "bbox_x"]))?,
        table.numbers(column(2, &["y", "top", "bbox_y"]))?,
        table.numbers(column(3, &["width", "w", "bbox_width"]))?,
        table.numbers(column(4, &["height", "h", "bbox_height"]))?,
    ];
    let rows = images.into_iter().zip(categories).zip(scores).enumerate();
    rows.map(|(row, ((image_id, category_id), score))| {
        let at = At {
            file: table.name(),
            place: Place::Row(row),
        };
        let mut xywh = [0.0; 4];
        for (value, column) in xywh.iter_mut().zip(&edges) {
            let cell = column.get(row).copied().unwrap_or(f64::NAN);
            *value = at.finite("x, y, width or height", cell)?;
        }
        Ok(TableRow {
            image_id,
            category_id,
            score: at.finite("score", score)?,
            xywh,
        })
    })
    .collect()
}

/// Whether results are JSON, one document or a row per line; else they are a table.
pub fn is_json(file: &str, bytes: &[u8]) -> bool {
    matches!(bytes.trim_ascii_start().first(), Some(b'[' | b'{')) || !is_table(file, bytes)
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

    #[test]
    fn results_are_places_of_images_by_their_ids() {
        let text = br#"[{"image_id": 7, "category_id": 2, "score": 0.5, "bbox": [1, 2, 3, 4]},
            {"image_id": "b", "category_id": 2, "score": 0.25, "segmentation": {"size": [2, 3], "counts": "06"}}]"#;
        let found = results_content("r.json", text).unwrap();
        let names: Vec<&str> = found.items.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["7", "b"]);
        assert_eq!(found.labels[0].shape, Shape::upright([1.0, 2.0, 4.0, 6.0]));
        assert!(found.labels[0].is_prediction && found.labels[0].score == Some(0.5));
        assert_eq!(found.labels[1].shape.name(), "mask");
        let table = b"image_id,category_id,score,x,y,width,height\n7,2,0.5,1,2,3,4\n";
        let of_table = results_content("r.csv", table).unwrap();
        assert_eq!(of_table.labels[0], found.labels[0]);
    }

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

    #[test]
    fn content_has_all_shapes_of_an_annotation() {
        let text = br#"{"images": [{"id": 1, "file_name": "a.jpg", "width": 10, "height": 20}],
            "categories": [{"id": 3, "name": "cat"}], "annotations": [{"id": 5, "image_id": 1, "category_id": 3,
            "bbox": [1, 2, 3, 4], "segmentation": [[1, 2, 4, 2, 4, 6]], "iscrowd": 0, "keypoints": [1, 2, 2, 0, 0, 0],
            "attributes": {"occluded": false}}, {"image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4],
            "segmentation": {"counts": [1, 2], "size": [1, 3]}}]}"#;
        let found = content("gt.json", text).unwrap();
        assert_eq!(found.items[0].size_px, Some([10.0, 20.0]));
        let shapes: Vec<&str> = found.labels.iter().map(|one| one.shape.name()).collect();
        assert_eq!(shapes, ["box", "polygon", "points", "box", "mask"]);
        assert_eq!(found.labels[0].shape, Shape::upright([1.0, 2.0, 4.0, 6.0]));
        assert_eq!(found.labels[2].shape, Shape::Points(vec![[1.0, 2.0]]));
        assert_eq!(found.labels[2].id.as_deref(), Some("5"));
        let occluded = ("occluded".to_owned(), "false".to_owned());
        assert_eq!(found.labels[0].attributes[1], occluded);
        let mask = Shape::Mask {
            size_px: [1, 3],
            runs: Runs::List(vec![1, 2]),
        };
        assert_eq!(found.labels[4].shape, mask);
        let text = String::from_utf8_lossy(text);
        for (from, to, said) in [
            (
                "\"image_id\": 1",
                "\"image_id\": 2",
                "row `0`: `image_id` is `2`",
            ),
            ("[1, 2, 3, 4]", "[1, 2, -3, 4]", "`bbox width` is `-3`"),
            ("4, 2, 4, 6]", "4, 2, 4]", "`segmentation` has `5` numbers"),
        ] {
            let error = content("gt.json", text.replace(from, to).as_bytes()).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
        }
    }

    #[test]
    fn results_may_be_lines_or_a_table() {
        let rows = results::<Id>("r.jsonl", b"{\"id\": 1}\n\n{\"id\": 2}\n").unwrap();
        assert_eq!((rows.len(), rows[1].id), (2, 2));
        let error = results::<Id>("r.jsonl", b"{\"id\": 1}\n{\"id\": x}\n").unwrap_err();
        assert!(
            error.to_string().starts_with("`r.jsonl` line `2`: "),
            "{error}"
        );
        let table = |text: &str| crate::table::read("r.csv", text.as_bytes()).unwrap();
        let head = "image_id,category_id,score,left,top,width,height\n";
        let found = from_table(&table(&format!("{head}7,2,0.5,1,2,3,4\n"))).unwrap();
        assert_eq!((found[0].image_id, found[0].category_id), (7, 2));
        assert_eq!(found[0].xywh, [1.0, 2.0, 3.0, 4.0]);
        for (row, said) in [
            ("7.5,2,0.5,1,2,3,4", "`r.csv` row `1`: `image_id` is `7.5`"),
            ("7,2,,1,2,3,4", "`r.csv` row `1`: `score` is `NaN`"),
        ] {
            let error = from_table(&table(&format!("{head}7,2,0.5,1,2,3,4\n{row}\n"))).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
        }
        assert!(is_json("r", b" [") && is_json("r.txt", b"") && !is_json("r.csv", b"a"));
    }
}
