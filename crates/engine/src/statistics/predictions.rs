//! What a model said of items, and what they are: what `confidence`, `label-errors` and `route` read.
//!
//! Read [`Predictions::read`] first. A table of a column per class holds probabilities; one column of numbers, or one called
//! `confidence` (`score` for `route`), holds how sure the model was of its answer, and the labels then say whether it was
//! right. Not here: whether numbers are probabilities, which `measure` checks.

use super::table::Opened;
use super::{Source, undefined};
use crate::{EngineError, ErrorKind};
use fieldassay_formats::table::Codes;
use std::collections::BTreeMap;
use std::path::Path;

/// Columns that are never a class.
const NO_CLASSES: &[&str] = &["item", "label", "correct"];

/// How far the first line of a file may be from adding to 1 to be taken for probabilities.
const SUM_SLACK: f64 = 1e-2;

/// What was said of items.
#[derive(Debug)]
pub(super) enum Said {
    /// Probabilities of every class, item after item, and the codes of the true ones.
    Classes {
        names: Vec<String>,
        p: Vec<f64>,
        labels: Vec<u32>,
    },
    /// How sure the model was of its answer, and whether that was right.
    Scores { score: Vec<f64>, correct: Vec<bool> },
}

/// Items with what was said of them.
#[derive(Debug)]
pub(super) struct Predictions {
    pub said: Said,
    /// Names of items, where the table of predictions has a column of them.
    pub items: Option<Vec<String>>,
    pub notes: Vec<String>,
}

/// Columns of numbers that say something about items.
struct Columns {
    names: Vec<String>,
    is_score: bool,
}

impl Predictions {
    /// Reads predictions and labels; `score` are the names a column of scores may have.
    ///
    /// Rows belong together by their column `item` where both tables have one, else by their order. Errors: tables that
    /// cannot be read, other lengths, items or labels that are not there, labels without a column of their class.
    pub(super) fn read(
        predictions: &Source,
        labels: &Source,
        score: &[&str],
    ) -> Result<Self, EngineError> {
        let mut parts = vec!["item"];
        parts.extend(score);
        let mut notes = Vec::new();
        let table = opened(predictions, &parts, &mut notes)?;
        let columns = Columns::of(&table, score)?;
        let truth = Labels::read(&table, labels, columns.is_score, &mut notes)?;
        let items = if table.has("item")? {
            let codes = table.full_codes("item")?;
            let name = |cell: &u32| codes.names.get(*cell as usize).cloned().unwrap_or_default();
            Some(codes.cells.iter().map(name).collect())
        } else {
            None
        };
        let said = if columns.is_score {
            let name = columns.names.first().map_or("", String::as_str);
            Said::Scores {
                score: table.full_numbers(name)?,
                correct: truth.correct()?,
            }
        } else {
            let labels = truth.classes(&columns.names, predictions, &mut notes)?;
            Said::Classes {
                p: rows(&table, &columns.names)?,
                names: columns.names,
                labels,
            }
        };
        Ok(Self { said, items, notes })
    }
}

/// The table, with a first line that is no line of names taken for the first row.
fn opened<'a>(
    source: &'a Source,
    parts: &[&str],
    notes: &mut Vec<String>,
) -> Result<Opened<'a>, EngineError> {
    let table = match Opened::new(source, parts) {
        Ok(table) if !holds_shares(&table) => return Ok(table),
        // Equal numbers in the first line are no names of columns.
        Err(error) if error.kind() == ErrorKind::Input => match Opened::unnamed(source) {
            Ok(table) if starts_with_shares(&table) => table,
            _ => return Err(error),
        },
        Err(error) => return Err(error),
        Ok(_) => Opened::unnamed(source)?,
    };
    notes.push(format!(
        "the first line of `{}` holds numbers, so it is taken for the first item and not for names",
        source.path.display()
    ));
    Ok(table)
}

/// Whether numbers are probabilities of classes, or a lone confidence.
fn are_shares(numbers: &[f64]) -> bool {
    let sum: f64 = numbers.iter().sum();
    numbers.iter().all(|x| (0.0..=1.0).contains(x))
        && (numbers.len() == 1 || (sum - 1.0).abs() <= SUM_SLACK)
}

/// Whether the names of columns are such numbers, and not their places.
fn holds_shares(table: &Opened<'_>) -> bool {
    let are_places = (table.names().enumerate()).all(|(at, name)| name == at.to_string());
    let numbers: Option<Vec<f64>> = table.names().map(|name| name.parse().ok()).collect();
    !are_places && numbers.is_some_and(|numbers| are_shares(&numbers))
}

/// Whether the first row holds such numbers.
fn starts_with_shares(table: &Opened<'_>) -> bool {
    let first = |name| Some(*table.numbers(name).ok()?.first()?);
    let numbers: Option<Vec<f64>> = table.names().map(first).collect();
    numbers.is_some_and(|numbers| numbers.len() > 1 && are_shares(&numbers))
}

impl Columns {
    fn of(table: &Opened<'_>, score: &[&str]) -> Result<Self, EngineError> {
        for part in score {
            if table.has(part)? {
                return Ok(Self {
                    names: vec![(*part).to_owned()],
                    is_score: true,
                });
            }
        }
        let item = table.has("item")?.then(|| table.column("item"));
        let is_class = |name: &&str| !NO_CLASSES.contains(name) && item != Some(*name);
        let names: Vec<String> = table.names().filter(is_class).map(str::to_owned).collect();
        if names.is_empty() {
            return Err(undefined(
                table.path(),
                format!(
                    "no column of numbers\nhint: give a column of probabilities for each class{}",
                    score
                        .first()
                        .map_or(String::new(), |name| format!(", or one called `{name}`"))
                ),
            ));
        }
        Ok(Self {
            is_score: names.len() == 1,
            names,
        })
    }
}

/// Columns as one list, row after row.
fn rows(table: &Opened<'_>, names: &[String]) -> Result<Vec<f64>, EngineError> {
    let mut out = vec![0.0; table.rows() * names.len()];
    for (at, name) in names.iter().enumerate() {
        let column = table.numbers(name)?;
        let cells = out.iter_mut().skip(at).step_by(names.len());
        for (to, x) in cells.zip(column) {
            *to = x;
        }
    }
    Ok(out)
}

/// The labels, in the order of predictions.
struct Labels<'a> {
    path: &'a Path,
    codes: Codes,
}

impl<'a> Labels<'a> {
    fn read(
        table: &Opened<'_>,
        source: &'a Source,
        is_score: bool,
        notes: &mut Vec<String>,
    ) -> Result<Self, EngineError> {
        let parts: &[&str] = if is_score {
            &["correct", "label", "item"]
        } else {
            &["label", "item"]
        };
        let mut found = Opened::new(source, parts)?;
        // A lone column of labels has no line of names where this is what one row is missing for.
        let lone = found.names().next().map(str::to_owned);
        if let Some(name) = lone.filter(|_| found.names().count() == 1)
            && found.rows() + 1 == table.rows()
            && (name.parse::<f64>().is_ok() || found.codes(&name)?.names.contains(&name))
        {
            notes.push(format!(
                "the first line of `{}` is taken for the first label, because there is one row too few without it",
                source.path.display()
            ));
            found = Opened::unnamed(source)?;
        }
        let part = label_part(&found, parts)?;
        let codes = found.full_codes(&part)?;
        let path = source.path.as_path();
        let is_same_file = path == table.path();
        let codes = match (table.has("item")?, found.has("item")?) {
            (true, true) if !is_same_file => by_item(table, &found, codes)?,
            (true, true) | (false, false) => codes,
            _ => {
                notes.push(
                    "only one of the tables has a column `item`, so rows belong together by their order"
                        .to_owned(),
                );
                codes
            }
        };
        if codes.cells.len() != table.rows() {
            return Err(undefined(
                path,
                format!(
                    "`{}` labels for the `{}` rows of `{}`\nhint: give one label per row in the same order, or a column `item` in both tables; `--truth-columns label=0` reads text without a line of names",
                    codes.cells.len(),
                    table.rows(),
                    table.path().display()
                ),
            ));
        }
        Ok(Self { path, codes })
    }

    fn name(&self, row: usize) -> &str {
        let cell = self.codes.cells.get(row).copied().unwrap_or_default();
        let name = self.codes.names.get(cell as usize);
        name.map(String::as_str).unwrap_or_default()
    }

    fn bad(&self, row: usize, what: &str) -> EngineError {
        let label = self.name(row);
        undefined(
            self.path,
            format!("row `{row}` (the first is 0): the label `{label}` {what}"),
        )
    }

    /// Whether answers were right.
    fn correct(&self) -> Result<Vec<bool>, EngineError> {
        let right = |name: &String| match name.trim().to_ascii_lowercase().as_str() {
            "1" | "true" => Some(true),
            "0" | "false" => Some(false),
            _ => None,
        };
        let names: Vec<Option<bool>> = self.codes.names.iter().map(right).collect();
        let cells = self.codes.cells.iter().enumerate();
        cells
            .map(|(row, cell)| {
                let found = names.get(*cell as usize).copied().flatten();
                found.ok_or_else(|| {
                    self.bad(
                        row,
                        "is neither 1 (right) nor 0 (wrong)\nhint: with one confidence per item labels say whether the model was right; to compare classes give a column of probabilities for each",
                    )
                })
            })
            .collect()
    }

    /// Codes of classes by the names of columns.
    ///
    /// Whole numbers that no column is named after count columns from 0; texts belong to columns without names in sorted
    /// order, as scikit-learn has its classes.
    fn classes(
        &self,
        columns: &[String],
        predictions: &Source,
        notes: &mut Vec<String>,
    ) -> Result<Vec<u32>, EngineError> {
        let place: BTreeMap<&str, u32> = columns.iter().map(String::as_str).zip(0..).collect();
        let mut of: Vec<Option<u32>> = self
            .codes
            .names
            .iter()
            .map(|name| place.get(name.trim()).copied())
            .collect();
        if of.iter().all(Option::is_none) {
            let whole = self
                .codes
                .names
                .iter()
                .map(|name| name.trim().parse::<u32>().ok());
            let whole: Vec<Option<u32>> = whole.collect();
            let are_places = columns
                .iter()
                .enumerate()
                .all(|(at, name)| *name == at.to_string());
            if whole.iter().all(Option::is_some) {
                let is_column = |code: &u32| (*code as usize) < columns.len();
                of = whole
                    .into_iter()
                    .map(|code| code.filter(is_column))
                    .collect();
                notes.push("labels are numbers: they count the columns from 0".to_owned());
            } else if are_places && self.codes.names.len() == columns.len() {
                of = (0..).take(columns.len()).map(Some).collect();
                notes.push(
                    "columns have no names: labels belong to them in sorted order, as in scikit-learn"
                        .to_owned(),
                );
            }
        }
        let cells = self.codes.cells.iter().enumerate();
        cells
            .map(|(row, cell)| {
                let code = of.get(*cell as usize).copied().flatten();
                code.ok_or_else(|| {
                    let shown: Vec<&str> = columns.iter().take(20).map(String::as_str).collect();
                    self.bad(
                        row,
                        &format!(
                            "has no column in `{}`, whose columns are `{}`\nhint: name the columns by the labels, or give labels as numbers of columns from 0",
                            predictions.path.display(),
                            shown.join("`, `")
                        ),
                    )
                })
            })
            .collect()
    }
}

/// The column of labels: the first part that is there, else the only column that is no item.
fn label_part(table: &Opened<'_>, parts: &[&str]) -> Result<String, EngineError> {
    for part in parts.iter().filter(|part| **part != "item") {
        if table.has(part)? {
            return Ok((*part).to_owned());
        }
    }
    let item = table.has("item")?.then(|| table.column("item"));
    let mut others = table.names().filter(|name| item != Some(*name));
    match (others.next(), others.next()) {
        (Some(only), None) => Ok(only.to_owned()),
        _ => Err(table.missing("label")),
    }
}

/// Labels in the order of the items of another table.
fn by_item(table: &Opened<'_>, labels: &Opened<'_>, codes: Codes) -> Result<Codes, EngineError> {
    let (wanted, known) = (table.full_codes("item")?, labels.full_codes("item")?);
    let mut row_of: Vec<Option<usize>> = vec![None; known.names.len()];
    for (row, &cell) in known.cells.iter().enumerate() {
        let name = known.names.get(cell as usize).map_or("", String::as_str);
        if let Some(place) = row_of.get_mut(cell as usize)
            && place.replace(row).is_some()
        {
            return Err(labels.bad_row(
                row,
                &format!(
                    "the item `{name}` stands here a second time\nhint: give one label per item"
                ),
            ));
        }
    }
    let numbers: BTreeMap<&str, usize> = known.names.iter().map(String::as_str).zip(0..).collect();
    let rows_of: Vec<Option<usize>> = wanted
        .names
        .iter()
        .map(|name| {
            numbers
                .get(name.as_str())
                .and_then(|at| row_of.get(*at).copied().flatten())
        })
        .collect();
    let mut cells = Vec::with_capacity(wanted.cells.len());
    for (row, &item) in wanted.cells.iter().enumerate() {
        let found = rows_of.get(item as usize).copied().flatten();
        let cell = found.and_then(|at| codes.cells.get(at)).copied();
        cells.push(cell.ok_or_else(|| {
            let name = wanted.names.get(item as usize).map_or("", String::as_str);
            table.bad_row(
                row,
                &format!(
                    "the item `{name}` has no label in `{}`\nhint: add its label, or drop the row",
                    labels.path().display()
                ),
            )
        })?);
    }
    Ok(Codes { cells, ..codes })
}
