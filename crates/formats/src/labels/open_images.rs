//! Open Images' tables of boxes, in shares of the image.
//!
//! Read [`content`] first. Source: the Open Images V7 download page: `ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax`
//! and the marks `IsOccluded` to `IsInside`, -1 where unknown; `class-descriptions-boxable.csv` gives names to codes
//! such as `/m/0jbk`. Copies of the form write numbers with a decimal comma, which are read too.
//!
//! Not here: masks, relationships, labels of whole images; sizes of images, which no table says.

use super::content::{Budget, Content, Item, Label, Shape, too_much};
use super::{At, LabelError, Place};
use crate::table::{self, Table};
use std::collections::BTreeMap;

const MARKS: [&str; 6] = [
    "IsOccluded",
    "IsTruncated",
    "IsGroupOf",
    "IsDepiction",
    "IsInside",
    "Source",
];

/// Reads the names of codes: a code and a name per line. Errors: as [`table::read_unnamed`].
pub fn names(file: &str, bytes: &[u8]) -> Result<BTreeMap<String, String>, LabelError> {
    let table = table::read_unnamed(file, bytes)?;
    let (codes, names) = (table.full_texts("0")?, table.full_texts("1")?);
    Ok(codes.into_iter().zip(names).collect())
}

/// Reads a table of boxes. `size_of` gives width and height of an image by its id, pixels; codes that `names` does not
/// have stand for themselves.
///
/// A `Score` column makes the boxes predictions. Errors: a missing column, numbers that are none, an image without a
/// size, boxes whose far edge comes first; the row is named. Cost: a copy of the table.
pub fn content(
    table: &Table,
    names: &BTreeMap<String, String>,
    size_of: &dyn Fn(&str) -> Option<[f64; 2]>,
) -> Result<Content, LabelError> {
    let (images, codes) = (table.full_texts("ImageID")?, table.full_texts("LabelName")?);
    let edges = [
        numbers(table, "XMin")?,
        numbers(table, "YMin")?,
        numbers(table, "XMax")?,
        numbers(table, "YMax")?,
    ];
    let scores = table.has("Score").then(|| numbers(table, "Score"));
    let scores = scores.transpose()?;
    let mut marks = Vec::new();
    for name in MARKS.iter().filter(|name| table.has(name)) {
        marks.push((*name, table.texts(name)?));
    }
    let mut out = Content::default();
    let mut items: BTreeMap<String, (usize, [f64; 2])> = BTreeMap::new();
    let mut budget = Budget::default();
    for (row, (image, code)) in images.into_iter().zip(codes).enumerate() {
        let at = At {
            file: table.name(),
            place: Place::Row(row),
        };
        let (item, size) = if let Some(known) = items.get(&image) {
            *known
        } else {
            let hint = "shares become pixels by the size of the image; name it";
            let size = size_of(&image).ok_or_else(|| at.value("ImageID", &image, hint))?;
            let item = out.item(Item {
                name: image.clone(),
                size_px: Some(size),
                ..Item::default()
            });
            *items.entry(image).or_insert((item, size))
        };
        let cell = |column: &Vec<f64>| column.get(row).copied().unwrap_or(f64::NAN);
        let [left, top, right, bottom] = edges.each_ref().map(cell);
        at.size("XMax - XMin", right - left)?;
        at.size("YMax - YMin", bottom - top)?;
        let score = scores
            .as_ref()
            .map(|scores| at.finite("Score", cell(scores)));
        let said = marks.iter().filter_map(|(name, column)| {
            let value = column.get(row)?.clone()?;
            Some(((*name).to_owned(), value))
        });
        let label = Label {
            item: Some(item),
            category: names.get(&code).cloned().unwrap_or(code),
            shape: Shape::upright([
                left * size[0],
                top * size[1],
                right * size[0],
                bottom * size[1],
            ]),
            is_prediction: score.is_some(),
            score: score.transpose()?,
            attributes: said.collect(),
            ..Label::default()
        };
        budget.spend(|| too_much(at), &label, 1)?;
        out.label(label);
    }
    Ok(out)
}

/// A column of numbers, some perhaps with a decimal comma.
fn numbers(table: &Table, name: &'static str) -> Result<Vec<f64>, LabelError> {
    let cells = table.full_texts(name)?.into_iter().enumerate();
    let parsed = cells.map(|(row, text)| {
        let at = At {
            file: table.name(),
            place: Place::Row(row),
        };
        let value = text.trim().replacen(',', ".", 1).parse::<f64>().ok();
        let value = value.filter(|value| value.is_finite());
        value.ok_or_else(|| at.value(name, &text, "shares of the image are numbers"))
    });
    parsed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded\n\
        a,xclick,/m/01,1,0.25,0.5,0.1,0.2,1\nb,,/m/02,1,\"0,5\",\"1,0\",\"0\",\"0,25\",\n";

    #[test]
    fn boxes_become_pixels_and_wrong_rows_are_named() {
        let names = names("n.csv", b"/m/01,Dog\n/m/03,Cat\n").unwrap();
        let size = |image: &str| (image != "c").then_some([100.0, 200.0]);
        let read = |text: &str| {
            let table = table::read("t.csv", text.as_bytes()).unwrap();
            content(&table, &names, &size)
        };
        let found = read(TABLE).unwrap();
        assert_eq!(found.items.len(), 2);
        assert_eq!(found.labels[0].category, "Dog");
        assert_eq!(
            found.labels[0].shape,
            Shape::upright([25.0, 20.0, 50.0, 40.0])
        );
        assert_eq!(found.labels[1].category, "/m/02");
        assert_eq!(
            found.labels[1].shape,
            Shape::upright([50.0, 0.0, 100.0, 50.0])
        );
        let occluded = ("IsOccluded".to_owned(), "1".to_owned());
        assert_eq!(found.labels[0].attributes[0], occluded);
        for (from, to, said) in [
            ("0.25,0.5", "0.5,0.25", "row `0`: `XMax - XMin` is `-0.25`"),
            ("\nb,", "\nc,", "row `1`: `ImageID` is `c`"),
            ("\"0,25\"", "\"0,2x\"", "row `1`: `YMax` is `0,2x`"),
            ("XMin", "Left", "no column `XMin`"),
        ] {
            let error = read(&TABLE.replacen(from, to, 1)).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}
