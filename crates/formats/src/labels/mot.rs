//! `MOTChallenge`'s text files of tracks.
//!
//! Read [`Row`] and [`read`] first. Source: the `MOTChallenge` devkit (MOT15 to MOT20) and `TrackEval` 1.3.0:
//! `frame, id, left, top, width, height, confidence, class, visibility` per line, frames and ids counted from 1.
//!
//! Not here: `seqinfo.ini`; which rows count.

use super::{At, LabelError, Place};
use crate::table::Table;
use crate::trajectory::text::{Separator, cells, floats, rows};
use std::collections::BTreeMap;

/// One box of one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Frame as the file counts them, from 1.
    pub frame: u32,
    /// Id of the track; any number.
    pub id: i64,
    /// Left, top, width, height; pixels.
    pub xywh: [f64; 4],
    /// Confidence of a tracker, or 0 for a label that does not count.
    pub confidence: f64,
    /// Class of a label; none where the file does not say one (-1).
    pub class: Option<u32>,
}

const HINT: &str = "a line is `frame,id,left,top,width,height,confidence,class,visibility`, of which the first six must be there";

/// Frames are at most this many.
pub const MOST_FRAMES: u32 = 10_000_000;

fn whole(at: At<'_>, name: &'static str, value: f64) -> Result<i64, LabelError> {
    let hint = "frames and ids are whole numbers";
    if at.finite(name, value)?.fract() != 0.0 || value.abs() > 9.0e15 {
        return Err(at.value(name, value, hint));
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole and below 2^53, checked above"
    )]
    let number = value as i64;
    Ok(number)
}

fn row(at: At<'_>, first: [f64; 6], rest: [Option<f64>; 2]) -> Result<Row, LabelError> {
    let [frame, id, left, top, width, height] = first;
    let number = whole(at, "frame", frame)?;
    let frame = u32::try_from(number)
        .ok()
        .filter(|frame| (1..=MOST_FRAMES).contains(frame))
        .ok_or_else(|| at.value("frame", number, "frames are counted from 1"))?;
    let [confidence, class] = rest;
    let class = class.filter(|class| *class >= 0.0);
    let class = class.map(|class| whole(at, "class", class)).transpose()?;
    Ok(Row {
        frame,
        id: whole(at, "id", id)?,
        xywh: [
            at.finite("left", left)?,
            at.finite("top", top)?,
            at.size("width", width)?,
            at.size("height", height)?,
        ],
        confidence: at.finite("confidence", confidence.unwrap_or(1.0))?,
        class: class.and_then(|class| u32::try_from(class).ok()),
    })
}

/// The rows of a text file, with commas or blanks between the cells.
///
/// Errors: a line with fewer than six numbers, frames below 1, numbers that are not finite, sizes below 0; the line is
/// named. An empty file has no rows. Cost: one pass.
pub fn read(file: &str, bytes: &[u8]) -> Result<Vec<Row>, LabelError> {
    let (mut out, mut places) = (Vec::new(), Vec::new());
    for line in rows(bytes) {
        let at = At {
            file,
            place: Place::Line(line.number),
        };
        let separator = if line.text.contains(&b',') {
            Separator::Comma
        } else {
            Separator::Blank
        };
        let first = floats::<6>(line.text, separator, 0);
        let first = first.map_err(|error| at.row_error(&error, HINT))?;
        let mut rest = [None; 2];
        for (value, cell) in rest.iter_mut().zip(cells(line.text, separator).skip(6)) {
            let text = String::from_utf8_lossy(cell);
            *value = match text.parse() {
                Ok(value) => Some(value),
                Err(_) if text.is_empty() => None,
                Err(_) => return Err(at.value("confidence or class", text, HINT)),
            };
        }
        out.push(row(at, first, rest)?);
        places.push(at.place);
    }
    once(
        file,
        &out,
        |_| 0,
        |at| places.get(at).copied().unwrap_or(Place::File),
    )?;
    Ok(out)
}

/// An error where an id is twice in a frame of a sequence, whose number `part` gives.
fn once(
    file: &str,
    rows: &[Row],
    part: impl Fn(usize) -> usize,
    place: impl Fn(usize) -> Place,
) -> Result<(), LabelError> {
    let keys = rows.iter().enumerate();
    let mut keys: Vec<(usize, u32, i64, usize)> = keys
        .map(|(at, row)| (part(at), row.frame, row.id, at))
        .collect();
    keys.sort_unstable();
    for pair in keys.windows(2) {
        let [first, second] = pair else { continue };
        if (first.0, first.1, first.2) == (second.0, second.1, second.2) {
            let at = At {
                file,
                place: place(second.3),
            };
            let (_, frame, id, before) = first;
            return Err(at.form(
                format!(
                    "id `{id}` is twice in frame `{frame}`, first at{}",
                    place(*before)
                ),
                "an object has one box per frame",
            ));
        }
    }
    Ok(())
}

/// One sequence of a table: its name, where the table says one, and its rows.
pub type Part = (Option<String>, Vec<Row>);

/// The rows of a table with the columns `frame id left top width height` (or `x y` for the corner), and `confidence`,
/// `class` and `sequence` where there are any; sequence by sequence, in the order in which they are first met.
///
/// Errors: a missing column, and as [`read`]; the row is named.
pub fn from_table(table: &Table) -> Result<Vec<Part>, LabelError> {
    let corner = |name: &'static str, other: &'static str| {
        let name = if table.has(name) { name } else { other };
        table.numbers(name)
    };
    let first = [
        table.numbers("frame")?,
        table.numbers("id")?,
        corner("left", "x")?,
        corner("top", "y")?,
        table.numbers("width")?,
        table.numbers("height")?,
    ];
    let confidence = table.optional_numbers("confidence")?;
    let class = table.optional_numbers("class")?;
    let rows: Result<Vec<Row>, LabelError> = (0..table.rows())
        .map(|at| {
            let of = |column: &[f64]| column.get(at).copied().unwrap_or(f64::NAN);
            let place = At {
                file: table.name(),
                place: Place::Row(at),
            };
            let rest = [&confidence, &class].map(|column| column.as_deref().map(of));
            row(place, first.each_ref().map(|column| of(column)), rest)
        })
        .collect();
    let rows = rows?;
    let names = if table.has("sequence") {
        table
            .full_texts("sequence")?
            .into_iter()
            .map(Some)
            .collect()
    } else {
        vec![None; rows.len()]
    };
    let mut numbers: BTreeMap<Option<String>, usize> = BTreeMap::new();
    let mut parts: Vec<Part> = Vec::new();
    let mut part_of = Vec::with_capacity(rows.len());
    for name in names {
        let next = parts.len();
        let number = *numbers.entry(name.clone()).or_insert(next);
        if number == next {
            parts.push((name, Vec::new()));
        }
        part_of.push(number);
    }
    let part = |at: usize| part_of.get(at).copied().unwrap_or_default();
    once(table.name(), &rows, part, Place::Row)?;
    for (at, row) in rows.into_iter().enumerate() {
        if let Some((_, rows)) = parts.get_mut(part(at)) {
            rows.push(row);
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_wrong_ones_named() {
        let text = b"1,3,113.84,274.5,57.307,130.05,-1,-1,-1,-1\n2 4 1 2 3 4 0 7 0.5\n";
        let rows = read("a.txt", text).unwrap();
        assert_eq!(rows[0].class, None);
        assert_eq!((rows[1].id, rows[1].class), (4, Some(7)));
        assert!(rows[1].confidence.abs() < 1e-12);
        for (text, said) in [
            ("1,2,3\n", "`a.txt` line `1`: `3` columns where `6` belong"),
            ("#\n0,1,1,1,1,1\n", "`a.txt` line `2`: `frame` is `0`"),
            ("1,1,nan,1,1,1\n", "`left` is `NaN`"),
            ("1,1,1,1,-1,1\n", "`width` is `-1`"),
            ("1,1.5,1,1,1,1\n", "`id` is `1.5`"),
            (
                "1,7,1,1,1,1\n2,7,1,1,1,1\n1,7,2,2,1,1\n",
                "line `3`: id `7` is twice in frame `1`, first at line `1`",
            ),
        ] {
            let error = read("a.txt", text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
            assert!(error.contains("hint: "), "{error}");
        }
    }

    #[test]
    fn tables_are_parted_by_sequence() {
        let text =
            "sequence,frame,id,x,y,width,height\nB,1,1,1,1,2,2\nA,1,1,1,1,2,2\nB,2,1,1,1,2,2\n";
        let table = |text: &str| crate::table::read("t.csv", text.as_bytes()).unwrap();
        let parts = from_table(&table(text)).unwrap();
        assert_eq!(parts[0].0.as_deref(), Some("B"));
        assert_eq!((parts[0].1.len(), parts[1].1.len()), (2, 1));
        let twice = from_table(&table(&text.replace("B,2", "B,1"))).unwrap_err();
        let said = "`t.csv` row `2`: id `1` is twice in frame `1`, first at row `0`";
        assert!(twice.to_string().starts_with(said), "{twice}");
    }
}
