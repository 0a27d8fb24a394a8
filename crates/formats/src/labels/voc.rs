//! Pascal VOC: one XML file of labels per image, and text files of results per class.
//!
//! Read [`Annotation`] and [`Found`] first. Source: VOC devkit 2012 (`VOCreadxml`, `VOCevaldet`): corners are pixels
//! counted from 1, both included; results are `comp4_det_SET_CLASS.txt` with `image score left top right bottom`.
//!
//! Not here: parts, segmentation and actions.

use super::{At, LabelError, Place};
use crate::table::Table;
use crate::trajectory::text::{Separator, cells, floats, rows};
use roxmltree::{Document, Node, ParsingOptions};
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
const MOST_DEPTH: usize = 64;

/// A name without folder and ending.
pub fn stem(name: &str) -> &str {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

fn corners(at: At<'_>, [left, top, right, bottom]: [f64; 4]) -> Result<[f64; 4], LabelError> {
    at.finite("left", left)?;
    at.finite("top", top)?;
    at.size("right - left", right - left)?;
    at.size("bottom - top", bottom - top)?;
    Ok([left, top, right, bottom])
}

fn child<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    let found = node.children().find(|child| child.has_tag_name(name))?;
    found.text().map(str::trim)
}

/// Reads an annotation.
///
/// Errors: no XML, a `DOCTYPE`, an object without name or box, numbers that are none; the file and the line are named.
/// Cost: the file in memory as a tree.
pub fn annotation(file: &str, bytes: &[u8]) -> Result<Annotation, LabelError> {
    let whole = At {
        file,
        place: Place::File,
    };
    let text =
        std::str::from_utf8(bytes).map_err(|error| whole.form(error.to_string(), XML_HINT))?;
    if is_too_deep(text) {
        return Err(whole.form("its elements are nested too deep", XML_HINT));
    }
    let options = ParsingOptions {
        nodes_limit: MOST_NODES,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options)
        .map_err(|error| whole.form(error.to_string(), XML_HINT))?;
    let root = document.root_element();
    if !root.has_tag_name("annotation") {
        let name = root.tag_name().name();
        return Err(whole.form(format!("its root is `<{name}>`"), XML_HINT));
    }
    let mut objects = Vec::new();
    for node in root.children().filter(|node| node.has_tag_name("object")) {
        let line = document.text_pos_at(node.range().start).row;
        let at = At {
            file,
            place: Place::Line(u64::from(line)),
        };
        objects.push(object(at, node)?);
    }
    let image = child(root, "filename").filter(|name| !name.is_empty());
    Ok(Annotation {
        image: stem(image.unwrap_or(file)).to_owned(),
        fields: fields(root),
        objects,
    })
}

/// Whether elements lie deeper in each other than any annotation's, which the parser would follow by recursion.
fn is_too_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    for (at, _) in text.match_indices('<') {
        match text.as_bytes().get(at + 1) {
            Some(b'/') => depth = depth.saturating_sub(1),
            Some(b'?' | b'!') | None => {}
            Some(_) => {
                let rest = text.get(at..).unwrap_or_default();
                let end = rest.find('>').unwrap_or(rest.len());
                let is_empty = rest.get(..end).is_some_and(|tag| tag.ends_with('/'));
                depth += usize::from(!is_empty);
            }
        }
        if depth > MOST_DEPTH {
            return true;
        }
    }
    false
}

fn fields(root: Node<'_, '_>) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for node in root.children().filter(Node::is_element) {
        let name = node.tag_name().name();
        if name == "object" {
            continue;
        }
        let mut is_leaf = true;
        for below in node.children().filter(Node::is_element) {
            is_leaf = false;
            let text = below.text().unwrap_or_default().trim().to_owned();
            out.push((format!("{name}/{}", below.tag_name().name()), text));
        }
        if is_leaf {
            out.push((
                name.to_owned(),
                node.text().unwrap_or_default().trim().to_owned(),
            ));
        }
    }
    out
}

fn object(at: At<'_>, node: Node<'_, '_>) -> Result<Object, LabelError> {
    let missing = |what: &str| at.form(format!("an object has no `<{what}>`"), XML_HINT);
    let class = child(node, "name").ok_or_else(|| missing("name"))?;
    let bounds = node.children().find(|child| child.has_tag_name("bndbox"));
    let bounds = bounds.ok_or_else(|| missing("bndbox"))?;
    let number = |name: &'static str| {
        let text = child(bounds, name).ok_or_else(|| missing(name))?;
        let wrong = || at.value(name, text, "corners are numbers");
        text.parse::<f64>().map_err(|_| wrong())
    };
    let found = [
        number("xmin")?,
        number("ymin")?,
        number("xmax")?,
        number("ymax")?,
    ];
    Ok(Object {
        class: class.to_owned(),
        corners: corners(at, found)?,
        is_difficult: child(node, "difficult").is_some_and(|text| text == "1"),
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
