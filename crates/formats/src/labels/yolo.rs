//! YOLO's text files: one per image, one line per object, in shares of the image.
//!
//! Read [`content`] and [`Names`] first. Source: darknet (`AlexeyAB`, "How to train": `class x y width height`, center and
//! size as shares of the image) and the Ultralytics documentation (segments, oriented boxes and poses in the same file,
//! a confidence behind each line of `predict`). Files say neither names nor sizes: names come from `data.yaml`,
//! `obj.names` or `classes.txt`, sizes from the caller.
//!
//! Not here: lists of images (`train.txt`).

use super::content::{Budget, Content, Item, Label, Shape, too_much};
use super::{At, LabelError, Place};
use crate::trajectory::text::{Separator, cells, float, integer, rows};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a data set says about its files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Names of classes by number.
    pub classes: BTreeMap<u32, String>,
    /// Points of a pose, and the numbers of each (2, or 3 with its visibility); none where files hold no poses.
    pub keypoints: Option<[usize; 2]>,
}

/// Where a line holds how sure a detector is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Confidence {
    /// Nowhere: the file holds labels. A sixth column is taken for one all the same.
    #[default]
    Absent,
    /// Behind everything else (Ultralytics, `save_conf`).
    Last,
    /// Behind the class.
    Second,
}

/// What a file does not say itself.
#[derive(Clone, Debug, Default)]
pub struct About<'a> {
    /// Name of the image.
    pub image: &'a str,
    /// Its width and height, pixels.
    pub size_px: [f64; 2],
    /// Names of classes; where there are none at all, classes go by their number.
    pub names: Option<&'a Names>,
    /// Whether and where it says how sure a detector is.
    pub confidence: Confidence,
}

const HINT: &str = "a line is `class x y width height` (center and size as shares of the image), or a class and the x and y of each corner";
const NAMES_HINT: &str = "names are one per line (`obj.names`, `classes.txt`), or `names` of a `data.yaml`: a list, or a name by number";
/// Shares further from 0 than this are pixels.
const FURTHEST: f64 = 2.0;
/// Classes at most.
const MOST_CLASSES: usize = 1 << 20;

/// Reads names: YAML where the file is called so, else one name per line.
///
/// Errors: no UTF-8, YAML of another form; the file is named. Cost: one pass.
pub fn names(file: &str, bytes: &[u8]) -> Result<Names, LabelError> {
    let at = At {
        file,
        place: Place::File,
    };
    let text =
        std::str::from_utf8(bytes).map_err(|error| at.form(error.to_string(), NAMES_HINT))?;
    let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
    if !["yaml", "yml"].contains(&ending.to_ascii_lowercase().as_str()) {
        let lines = text.trim_end().lines().take(MOST_CLASSES);
        let classes = (0..).zip(lines.map(|line| line.trim().to_owned()));
        return Ok(Names {
            classes: classes.collect(),
            keypoints: None,
        });
    }
    let document: Value =
        serde_saphyr::from_str(text).map_err(|error| at.form(error.to_string(), NAMES_HINT))?;
    let name_of = |value: &Value| match value {
        Value::String(name) => Ok(name.clone()),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(at.value("names", other, NAMES_HINT)),
    };
    let mut classes = BTreeMap::new();
    match document.get("names") {
        Some(Value::Array(list)) => {
            for (number, name) in (0..).zip(list) {
                classes.insert(number, name_of(name)?);
            }
        }
        Some(Value::Object(map)) => {
            for (number, name) in map {
                let wrong = |_| at.value("names", number, NAMES_HINT);
                classes.insert(number.parse().map_err(wrong)?, name_of(name)?);
            }
        }
        _ => return Err(at.form("it has no list `names`", NAMES_HINT)),
    }
    let keypoints = document.get("kpt_shape").map(|shape| keypoints(at, shape));
    Ok(Names {
        classes,
        keypoints: keypoints.transpose()?,
    })
}

/// `kpt_shape` of a data set: points, and numbers of each.
fn keypoints(at: At<'_>, shape: &Value) -> Result<[usize; 2], LabelError> {
    let part = |place: usize| {
        let number = shape.get(place).and_then(Value::as_u64);
        number.and_then(|number| usize::try_from(number).ok())
    };
    match [part(0), part(1)] {
        [Some(points @ 1..=10_000), Some(numbers @ 2..=3)] => Ok([points, numbers]),
        _ => Err(at.value("kpt_shape", shape, "it is `[points, 2]` or `[points, 3]`")),
    }
}

/// Reads the file of one image. An empty file is an image without objects.
///
/// Five columns are a box. More are a polygon of at least three corners, an oriented box among them; where the data set
/// has poses, a box and its key points, of which those with visibility 0 are left out. Edges are
/// `(x ± width / 2) * image width`; shares a little outside the image stay. Errors: a class without a name, columns
/// that fit no form, numbers that are not finite, shares beyond 2, which are pixels, sizes below 0, image sizes of 0 and
/// below; the line is named. Cost: one pass.
pub fn content(file: &str, bytes: &[u8], about: &About<'_>) -> Result<Content, LabelError> {
    let whole = At {
        file,
        place: Place::File,
    };
    for side in about.size_px {
        if !side.is_finite() || side <= 0.0 {
            let hint = "shares become pixels by the size of the image; name it";
            return Err(whole.value("image size", side, hint));
        }
    }
    let mut out = Content::default();
    let item = out.item(Item {
        name: about.image.to_owned(),
        size_px: Some(about.size_px),
        ..Item::default()
    });
    let mut budget = Budget::default();
    for line in rows(bytes) {
        let at = At {
            file,
            place: Place::Line(line.number),
        };
        let row = row(at, line.text, about)?;
        let label = Label {
            item: Some(item),
            category: row.category,
            id: (row.shapes.len() > 1).then(|| line.number.to_string()),
            score: row.score,
            is_prediction: row.score.is_some(),
            ..Label::default()
        };
        budget.spend(|| too_much(at), &label, row.shapes.len())?;
        for shape in row.shapes {
            let label = label.clone();
            out.label(Label { shape, ..label });
        }
    }
    Ok(out)
}

struct Row {
    category: String,
    score: Option<f64>,
    shapes: Vec<Shape>,
}

fn row(at: At<'_>, line: &[u8], about: &About<'_>) -> Result<Row, LabelError> {
    let mut given = cells(line, Separator::Blank);
    let class = given.next().unwrap_or_default();
    // Some tools write the class as a float.
    let number = integer(class)
        .or_else(|| integer(class.strip_suffix(b".0")?))
        .and_then(|number| u32::try_from(number).ok());
    let text = String::from_utf8_lossy(class);
    let number = number.ok_or_else(|| at.value("class", &text, "classes are numbers from 0"))?;
    let category = match about.names {
        Some(names) => names.classes.get(&number).cloned().ok_or_else(|| {
            let count = names.classes.len();
            let what = format!("class `{number}` is none of the `{count}` names");
            at.form(what, "give the names the file was written with")
        })?,
        None => number.to_string(),
    };
    let mut numbers = Vec::new();
    for cell in given {
        let value = float(cell).filter(|value| value.is_finite());
        let text = String::from_utf8_lossy(cell);
        numbers.push(value.ok_or_else(|| at.value("number", text, HINT))?);
    }
    let score = score(about, &mut numbers);
    let shapes = shapes(at, &numbers, about)?;
    Ok(Row {
        category,
        score,
        shapes,
    })
}

/// Takes the confidence out of the numbers of a line.
fn score(about: &About<'_>, numbers: &mut Vec<f64>) -> Option<f64> {
    match about.confidence {
        Confidence::Absent if numbers.len() == 5 => numbers.pop(),
        Confidence::Absent => None,
        Confidence::Last => numbers.pop(),
        Confidence::Second if numbers.is_empty() => None,
        Confidence::Second => Some(numbers.remove(0)),
    }
}

fn shapes(at: At<'_>, numbers: &[f64], about: &About<'_>) -> Result<Vec<Shape>, LabelError> {
    let [width, height] = about.size_px;
    let point = |x: f64, y: f64| -> Result<[f64; 2], LabelError> {
        for share in [x, y] {
            if share.abs() > FURTHEST {
                return Err(at.value("share", share, HINT));
            }
        }
        Ok([x * width, y * height])
    };
    let keypoints = about.names.and_then(|names| names.keypoints);
    if let ([x, y, wide, high, rest @ ..], true) =
        (numbers, numbers.len() == 4 || keypoints.is_some())
    {
        let [points, per_point] = keypoints.unwrap_or([0, 2]);
        if !rest.is_empty() && rest.len() != points * per_point {
            let what = format!(
                "`{}` columns where `{}` belong",
                rest.len() + 5,
                points * per_point + 5
            );
            return Err(at.form(what, "a line of a pose is a box and `kpt_shape` numbers"));
        }
        let [x, y] = point(*x, *y)?;
        point(*wide, *high)?;
        let half = [
            0.5 * at.size("width", *wide)? * width,
            0.5 * at.size("height", *high)? * height,
        ];
        let corners = [x - half[0], y - half[1], x + half[0], y + half[1]];
        let mut out = vec![Shape::upright(corners)];
        let seen = |point: &&[f64]| point.get(2).is_none_or(|visible| *visible > 0.0);
        let mut marked = Vec::new();
        for one in rest.chunks_exact(per_point).filter(seen) {
            if let [x, y, ..] = one {
                marked.push(point(*x, *y)?);
            }
        }
        if !marked.is_empty() {
            out.push(Shape::Points(marked));
        }
        return Ok(out);
    }
    if numbers.len() < 6 || !numbers.len().is_multiple_of(2) {
        let what = format!("`{}` columns fit no form", numbers.len() + 1);
        return Err(at.form(what, HINT));
    }
    let corners = numbers.chunks_exact(2).map(|pair| match pair {
        [x, y] => point(*x, *y),
        _ => Ok([f64::NAN; 2]),
    });
    Ok(vec![Shape::Polygon(corners.collect::<Result<_, _>>()?)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        text: &str,
        names: Option<&Names>,
        confidence: Confidence,
    ) -> Result<Content, LabelError> {
        let about = About {
            image: "a.jpg",
            size_px: [100.0, 200.0],
            names,
            confidence,
        };
        content("a.txt", text.as_bytes(), &about)
    }

    #[test]
    fn boxes_polygons_and_poses_become_pixels() {
        let names = names("data.yaml", b"path: x\nnames:\n  0: cat\n  1: dog\n").unwrap();
        let found = read(
            "1 0.5 0.5 0.5 0.25\n0 0 0 1 0 1 1\n",
            Some(&names),
            Confidence::Absent,
        );
        let found = found.unwrap();
        assert_eq!(found.labels[0].category, "dog");
        assert_eq!(
            found.labels[0].shape,
            Shape::upright([25.0, 75.0, 75.0, 125.0])
        );
        assert_eq!(
            found.labels[1].shape,
            Shape::Polygon(vec![[0.0, 0.0], [100.0, 0.0], [100.0, 200.0]])
        );
        for (text, confidence) in [
            ("1 0.5 0.5 0.5 0.25 0.9", Confidence::Last),
            ("1 0.9 0.5 0.5 0.5 0.25", Confidence::Second),
            ("1 0.5 0.5 0.5 0.25 0.9", Confidence::Absent),
            ("1.0 0 0 1 0 1 1 0.9", Confidence::Last),
        ] {
            let found = read(text, None, confidence).unwrap();
            assert_eq!(found.labels[0].score, Some(0.9), "{text}");
            assert_eq!(found.labels[0].category, "1");
        }
        let poses = names_of_poses();
        let found = read(
            "0 0.5 0.5 0.5 0.25 0.5 0.5 2 0 0 0",
            Some(&poses),
            Confidence::Absent,
        );
        let found = found.unwrap();
        assert_eq!(found.labels[1].shape, Shape::Points(vec![[50.0, 100.0]]));
        assert_eq!(found.labels[1].id, found.labels[0].id);
        assert!(
            read("", None, Confidence::Absent)
                .unwrap()
                .labels
                .is_empty()
        );
    }

    fn names_of_poses() -> Names {
        names("d.yml", b"names: [person]\nkpt_shape: [2, 3]\n").unwrap()
    }

    #[test]
    fn wrong_lines_are_named() {
        let names = names("obj.names", b"cat\r\ndog\n\n").unwrap();
        assert_eq!(names.classes.len(), 2);
        assert_eq!(names.classes[&1], "dog");
        for (text, said) in [
            (
                "0 1 1 1 1\n2 0.5 0.5 0.5 0.5",
                "`a.txt` line `2`: class `2` is none of the `2` names",
            ),
            ("-1 0.5 0.5 0.5 0.5", "`class` is `-1`"),
            ("0 50 60 20 30", "`share` is `50`"),
            ("0 0.5 0.5 -0.5 0.5", "`width` is `-0.5`"),
            ("0 0.5 nan 0.5 0.5", "`number` is `nan`"),
            ("0 0.5 0.5 0.5", "`4` columns fit no form"),
            ("0 0 0 1 0 1 1 0.5", "`8` columns fit no form"),
        ] {
            let error = read(text, Some(&names), Confidence::Absent).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
        }
        let poses = names_of_poses();
        let error = read(
            "0 0.5 0.5 0.5 0.5 0.1 0.1",
            Some(&poses),
            Confidence::Absent,
        )
        .unwrap_err();
        assert!(error.to_string().contains("columns where"), "{error}");
        for wrong in [
            "a: 1",
            "names: 3",
            "names: {x: y}",
            "names: [a]\nkpt_shape: 3",
            "names: [",
        ] {
            assert!(super::names("d.yaml", wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
