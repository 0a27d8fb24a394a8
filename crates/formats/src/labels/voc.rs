//! Pascal VOC: one XML file of labels per image, and text files of results per class.
//!
//! Read [`Annotation`] and [`Found`] first, and [`content`] for everything a file of labels says. Source: VOC devkit 2012
//! (`VOCreadxml`, `VOCevaldet`): corners are pixels counted from 1, both included, which few tools that write the form
//! keep to, so that the caller says what they are ([`Corners`]); results are `comp4_det_SET_CLASS.txt` with `image score
//! left top right bottom`.
//!
//! Not here: segmentation and actions.

use super::content::{Content, Fields, Item, Label, Shape};
use super::xml::{self, Element};
use super::{At, LabelError, Place};
use crate::table::Table;
use crate::trajectory::text::{Separator, cells, floats, rows};
use serde::Deserialize;
use std::collections::BTreeMap;

/// One labeled object.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Its class.
    pub class: String,
    /// Left, top, right, bottom; pixels.
    pub corners: [f64; 4],
    /// Whether it is marked hard to tell.
    pub is_difficult: bool,
}

/// The labels of one image.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    /// Name of the image without its ending, as results name it.
    pub image: String,
    /// Texts directly below the root, `source/database` and the like by their path: what slices are by.
    pub fields: Vec<(String, String)>,
    /// Objects.
    pub objects: Vec<Object>,
}

/// One detection.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Name of the image without its ending.
    pub image: String,
    /// Its class.
    pub class: String,
    /// How sure the detector is.
    pub score: f64,
    /// Left, top, right, bottom; pixels.
    pub corners: [f64; 4],
}

/// Nodes of one XML file at most.
const MOST_NODES: u32 = 1 << 20;
const XML_HINT: &str =
    "an annotation is `<annotation>` with `<filename>` and `<object>`s of `<name>` and `<bndbox>`";
const TEXT_HINT: &str = "a line is `image score left top right bottom`";

/// A name without folder and ending.
pub fn stem(name: &str) -> &str {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Corners that are a box; the place is only asked for in errors.
fn corners_at<'a>(at: impl Fn() -> At<'a>, found: [f64; 4]) -> Result<[f64; 4], LabelError> {
    let [left, top, right, bottom] = found;
    let is_box = found.iter().all(|edge| edge.is_finite()) && left <= right && top <= bottom;
    if is_box {
        return Ok(found);
    }
    corners(at(), found)
}

fn corners(at: At<'_>, [left, top, right, bottom]: [f64; 4]) -> Result<[f64; 4], LabelError> {
    at.finite("left", left)?;
    at.finite("top", top)?;
    at.size("right - left", right - left)?;
    at.size("bottom - top", bottom - top)?;
    Ok([left, top, right, bottom])
}

/// Reads an annotation.
///
/// Errors: no XML, a `DOCTYPE`, an object without name or box, numbers that are none; the file and the line are named.
/// Cost: the file in memory as a tree.
pub fn annotation(file: &str, bytes: &[u8]) -> Result<Annotation, LabelError> {
    let document = xml::parse(file, bytes, XML_HINT, MOST_NODES)?;
    let root = Element::root(file, &document, &["annotation"], XML_HINT)?;
    let objects = root.all("object").map(object);
    Ok(Annotation {
        image: stem(root.text_of("filename").unwrap_or(file)).to_owned(),
        fields: fields(root, &["object"]),
        objects: objects.collect::<Result<_, _>>()?,
    })
}

/// What corners of boxes mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Corners {
    /// Edges as they stand: what CVAT, `LabelImg`, Label Studio and most converters write and read.
    #[default]
    Edges,
    /// Pixels counted from 1, both included, as the VOC devkit defines them: the left and upper edges lie one less.
    Pixels,
}

impl Corners {
    fn edges(self, [left, top, right, bottom]: [f64; 4]) -> [f64; 4] {
        match self {
            Self::Edges => [left, top, right, bottom],
            Self::Pixels => [left - 1.0, top - 1.0, right, bottom],
        }
    }
}

/// Reads an annotation with everything it says: the image with its size, the objects with pose, truncation, occlusion
/// and difficulty as attributes, and their parts.
///
/// Errors and cost: as [`annotation`]; a size that is no number is none.
pub fn content(file: &str, bytes: &[u8], corners: Corners) -> Result<Content, LabelError> {
    let document = xml::parse(file, bytes, XML_HINT, MOST_NODES)?;
    let root = Element::root(file, &document, &["annotation"], XML_HINT)?;
    let size = root.find("size");
    let pixels = |name| size?.text_of(name)?.parse::<f64>().ok();
    let known = |size: &[f64; 2]| size.iter().all(|side| side.is_finite() && *side > 0.0);
    let size_px = pixels("width").zip(pixels("height"));
    let mut out = Content::default();
    let item = out.item(Item {
        name: root.text_of("filename").unwrap_or(file).to_owned(),
        size_px: size_px.map(<[f64; 2]>::from).filter(known),
        fields: fields(root, &["object", "filename", "size"]),
        ..Item::default()
    });
    for node in root.all("object") {
        let object = object(node)?;
        let label = |class: String, given, part_of, attributes| Label {
            item: Some(item),
            category: class,
            shape: Shape::upright(corners.edges(given)),
            part_of,
            attributes,
            ..Label::default()
        };
        let attributes = fields(node, &["name", "bndbox", "part"]);
        let whole = out.label(label(object.class, object.corners, None, attributes));
        for part in node.all("part") {
            let part = self::object(part)?;
            out.label(label(part.class, part.corners, Some(whole), Fields::new()));
        }
    }
    Ok(out)
}

/// Texts directly below an element and those one deeper, but for the names that are known otherwise.
fn fields(root: Element<'_, '_>, known: &[&str]) -> Fields {
    let mut out = Vec::new();
    for node in root.elements() {
        let name = node.name();
        if known.contains(&name) {
            continue;
        }
        let mut is_leaf = true;
        for below in node.elements() {
            is_leaf = false;
            let path = format!("{name}/{}", below.name());
            out.push((path, below.text().to_owned()));
        }
        if is_leaf {
            out.push((name.to_owned(), node.text().to_owned()));
        }
    }
    out
}

fn object(node: Element<'_, '_>) -> Result<Object, LabelError> {
    let missing = |what: &str| node.wrong(format!("an object has no `<{what}>`"));
    let class = node.text_of("name").ok_or_else(|| missing("name"))?;
    let bounds = node.find("bndbox").ok_or_else(|| missing("bndbox"))?;
    let number = |name: &'static str| {
        let text = bounds.text_of(name).ok_or_else(|| missing(name))?;
        let wrong = |_| node.at().value(name, text, "corners are numbers");
        text.parse::<f64>().map_err(wrong)
    };
    let found = [
        number("xmin")?,
        number("ymin")?,
        number("xmax")?,
        number("ymax")?,
    ];
    let is_difficult = node.find("difficult").is_some_and(|one| one.text() == "1");
    Ok(Object {
        class: class.to_owned(),
        corners: corners_at(|| node.at(), found)?,
        is_difficult,
    })
}

/// The class of a file of results: the last word of its name, as in `comp4_det_val_car.txt`.
pub fn class_of(file: &str) -> &str {
    let stem = stem(file);
    stem.rsplit('_').next().unwrap_or(stem)
}

/// Reads the results of one class.
///
/// Errors: lines that are not six cells, numbers that are none; the line is named. Cost: one pass.
pub fn results(file: &str, class: &str, bytes: &[u8]) -> Result<Vec<Found>, LabelError> {
    let mut out = Vec::new();
    for line in rows(bytes) {
        let at = At {
            file,
            place: Place::Line(line.number),
        };
        let image = cells(line.text, Separator::Blank)
            .next()
            .unwrap_or_default();
        let numbers = floats::<5>(line.text, Separator::Blank, 1);
        let [score, left, top, right, bottom] =
            numbers.map_err(|error| at.row_error(&error, TEXT_HINT))?;
        out.push(Found {
            image: String::from_utf8_lossy(image).into_owned(),
            class: class.to_owned(),
            score: at.finite("score", score)?,
            corners: corners(at, [left, top, right, bottom])?,
        });
    }
    Ok(out)
}

/// Reads a table with the columns `image class score xmin ymin xmax ymax` (or `category`, `confidence`, and
/// `left top right bottom`).
///
/// Errors: a missing column, numbers that are none; the row is named.
pub fn from_table(table: &Table) -> Result<Vec<Found>, LabelError> {
    let images = table.full_texts(table.either(&["image", "image_id", "filename"]))?;
    let classes = table.full_texts(table.either(&["class", "category"]))?;
    let scores = table.numbers(table.either(&["score", "confidence"]))?;
    let edges = [
        table.numbers(table.either(&["xmin", "left"]))?,
        table.numbers(table.either(&["ymin", "top"]))?,
        table.numbers(table.either(&["xmax", "right"]))?,
        table.numbers(table.either(&["ymax", "bottom"]))?,
    ];
    let rows = images.iter().zip(classes).zip(scores).enumerate();
    rows.map(|(row, ((image, class), score))| {
        let at = At {
            file: table.name(),
            place: Place::Row(row),
        };
        let edge = |column: &Vec<f64>| column.get(row).copied().unwrap_or(f64::NAN);
        Ok(Found {
            image: stem(image).to_owned(),
            class,
            score: at.finite("score", score)?,
            corners: corners(at, edges.each_ref().map(edge))?,
        })
    })
    .collect()
}

/// Detections in COCO's form: `images` with `file_name`, `categories` with `name`, and `annotations` with `image_id`,
/// `category_id`, `bbox` (left, top, width, height) and `score`.
///
/// Errors: another form, an id that names nothing, a box or score that is not finite; the row is named.
pub fn from_coco(file: &str, bytes: &[u8]) -> Result<Vec<Found>, LabelError> {
    #[derive(Deserialize)]
    struct Image {
        id: i64,
        file_name: String,
    }
    #[derive(Deserialize)]
    struct Category {
        id: i64,
        name: String,
    }
    #[derive(Deserialize)]
    struct Row {
        image_id: i64,
        category_id: i64,
        bbox: [f64; 4],
        score: f64,
    }
    let (images, categories, rows) = super::coco::labels::<Image, Category, Row>(file, bytes)?;
    let images: BTreeMap<i64, &str> = images
        .iter()
        .map(|one| (one.id, stem(&one.file_name)))
        .collect();
    let classes: BTreeMap<i64, String> = categories
        .into_iter()
        .map(|one| (one.id, one.name))
        .collect();
    let rows = rows.into_iter().enumerate();
    rows.map(|(row, found)| {
        let at = At {
            file,
            place: Place::Row(row),
        };
        let unknown =
            |name, id: i64| at.value(name, id, "ids are those of `images` and `categories`");
        let image = images.get(&found.image_id);
        let class = classes.get(&found.category_id);
        let [left, top, width, height] = found.bbox;
        Ok(Found {
            image: (*image.ok_or_else(|| unknown("image_id", found.image_id))?).to_owned(),
            class: class
                .ok_or_else(|| unknown("category_id", found.category_id))?
                .clone(),
            score: at.finite("score", found.score)?,
            corners: corners(at, [left, top, left + width, top + height])?,
        })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = "<annotation>\n<folder>A</folder><filename>x.jpg</filename><source><database>D</database></source>\n<object><name>cat</name><difficult>1</difficult><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4.5</ymax></bndbox></object>\n</annotation>";

    #[test]
    fn detections_in_the_form_of_coco() {
        let file = |image: i64| {
            format!(
                r#"{{"images": [{{"id": 0, "file_name": "a/x.jpg"}}], "categories": [{{"id": 3, "name": "cat"}}],
                "annotations": [{{"image_id": {image}, "category_id": 3, "bbox": [1, 2, 10, 20], "score": 0.5}}]}}"#
            )
        };
        let found = from_coco("d.json", file(0).as_bytes()).unwrap();
        assert_eq!(
            (found[0].image.as_str(), found[0].class.as_str()),
            ("x", "cat")
        );
        assert_eq!(found[0].corners, [1.0, 2.0, 11.0, 22.0]);
        let error = from_coco("d.json", file(7).as_bytes())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("row `0`") && error.contains("`7`"),
            "{error}"
        );
    }

    #[test]
    fn annotations_are_read_and_wrong_objects_named() {
        let found = annotation("x.xml", XML.as_bytes()).unwrap();
        assert_eq!(found.image, "x");
        assert_eq!(found.fields[0], ("folder".to_owned(), "A".to_owned()));
        assert_eq!(
            found.fields[2],
            ("source/database".to_owned(), "D".to_owned())
        );
        assert_eq!(found.objects[0].corners, [1.0, 2.0, 3.0, 4.5]);
        assert!(found.objects[0].is_difficult);
        for (from, to, said) in [
            (
                "<xmax>3<",
                "<xmax>0<",
                "`x.xml` line `3`: `right - left` is `-1`",
            ),
            ("<ymin>2<", "<ymin>two<", "`ymin` is `two`"),
            (
                "<name>cat</name>",
                "",
                "line `3`: an object has no `<name>`",
            ),
            ("</annotation>", "", "`x.xml`: "),
        ] {
            let wrong = XML.replace(from, to);
            let error = annotation("x.xml", wrong.as_bytes())
                .unwrap_err()
                .to_string();
            assert!(error.contains(said), "{error}");
        }
        let deep = "<a>".repeat(100_000);
        let error = annotation("x.xml", deep.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(error.contains("too deep"), "{error}");
    }

    #[test]
    fn content_has_sizes_attributes_and_parts() {
        let text = "<annotation><filename>a/x.jpg</filename><size><width>10</width><height>20</height></size>\
            <object><name>person</name><pose>Left</pose><truncated>1</truncated><bndbox><xmin>1</xmin><ymin>2</ymin>\
            <xmax>3</xmax><ymax>4</ymax></bndbox><part><name>head</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>2</xmax>\
            <ymax>3</ymax></bndbox></part></object></annotation>";
        let found = content("x.xml", text.as_bytes(), Corners::Pixels).unwrap();
        assert_eq!(found.items[0].name, "a/x.jpg");
        assert_eq!(found.items[0].size_px, Some([10.0, 20.0]));
        assert_eq!(found.labels[0].shape, Shape::upright([0.0, 1.0, 3.0, 4.0]));
        let pose = ("pose".to_owned(), "Left".to_owned());
        assert_eq!(found.labels[0].attributes[0], pose);
        assert_eq!(found.labels[1].part_of, Some(0));
        assert_eq!(found.labels[1].category, "head");
        let edges = content("x.xml", text.as_bytes(), Corners::Edges).unwrap();
        assert_eq!(edges.labels[0].shape, Shape::upright([1.0, 2.0, 3.0, 4.0]));
    }

    #[test]
    fn results_are_read_and_wrong_lines_named() {
        assert_eq!(class_of("a/comp4_det_val_diningtable.txt"), "diningtable");
        let found = results("r", "cat", b"2007_000027 0.5 1 2 3 4\n").unwrap();
        assert_eq!(
            (found[0].image.as_str(), found[0].score),
            ("2007_000027", 0.5)
        );
        let error = results("r", "cat", b"a 0.5 1 2 3 4\na 0.5 1 2 3\n").unwrap_err();
        assert!(
            error
                .to_string()
                .contains("`r` line `2`: `5` columns where `6`"),
            "{error}"
        );
    }
}
