//! Rows of somebody's table as rows of ours: each column of theirs that one of ours is called by.
//!
//! Read [`gather`] first. Not here: which names stand for which column (`layouts::columns`), words of reports
//! (`reports`).

use super::forms::read;
use super::moment::{self, Moment};
use super::reports;
use super::sink::Sink;
use crate::EngineError;
use crate::statistics::Columns;
use crate::workspace::Value;
use crate::workspace::layouts::{Form, as_utf8, classes, declared, normal, shares};
use fieldassay_formats::table::{self, Codes, MISSING, Table};
use fieldassay_model::tables::{self, Kind};
use std::collections::BTreeMap;
use std::path::Path;

/// Columns that are lengths of time, and seconds unless they say otherwise.
const LENGTHS: [&str; 5] = [
    "spent_ns",
    "latency_ns",
    "before_ns",
    "after_ns",
    "t_width_ns",
];

/// Adds the rows of a table.
///
/// A row that lacks what the table must have is left out and counted, and so is a column that plays no part. Errors: a
/// form that is not read, a part that no column plays.
pub(super) fn gather(
    sink: &mut Sink<'_>,
    form: Form,
    into: &'static tables::Table,
    file: &Path,
    columns: &Columns,
) -> Result<(), EngineError> {
    let bytes = read(file)?;
    let name = file.display().to_string();
    let bytes = if bytes.starts_with(b"PAR1")
        || bytes.starts_with(b"ARROW1")
        || bytes.starts_with(b"\x93NUMPY")
        || bytes.starts_with(b"PK")
    {
        std::borrow::Cow::Borrowed(&*bytes)
    } else {
        as_utf8(&bytes)
    };
    let is_place = |column: &str| column.parse::<u16>().is_ok();
    let are_places =
        columns.pairs().next().is_some() && columns.pairs().all(|(_, column)| is_place(column));
    let table = if are_places {
        table::read_unnamed(&name, &bytes)?
    } else {
        table::read(&name, &bytes)?
    };
    let is_array = (table.names().enumerate()).all(|(at, name)| name == at.to_string());
    if is_array && !are_places {
        return array(sink, form, into.name, &table);
    }
    let rows = Rows::of(form, into, &table, columns)?;
    rows.add(sink)
}

/// A matrix without names: an item per row, a class per column; or a list of labels.
fn array(
    sink: &mut Sink<'_>,
    form: Form,
    into: &'static str,
    table: &Table,
) -> Result<(), EngineError> {
    let names: Vec<String> = table.names().map(str::to_owned).collect();
    if let ([only], Form::Labels) = (names.as_slice(), form) {
        for (row, label) in table.full_texts(only)?.iter().enumerate() {
            let item = row.to_string();
            let word = ("label", Value::Text(label));
            sink.add(into, about_row(&item).into_iter().chain([word]))?;
        }
        return Ok(());
    }
    let mut columns = Vec::new();
    for name in &names {
        columns.push(table.numbers(name)?);
    }
    for row in 0..table.rows() {
        let item = row.to_string();
        let cells = columns
            .iter()
            .map(|column| column.get(row).copied().unwrap_or(f64::NAN));
        let cells: Vec<f64> = cells.collect();
        let sum: f64 = cells.iter().sum();
        if !sum.is_finite() || cells.iter().any(|cell| *cell < 0.0) {
            sink.leave_out("rows with a number that is none or below 0", 1);
            continue;
        }
        let head = about_row(&item).into_iter();
        let classes = ("classes", Value::Texts(&names));
        if form == Form::Predictions {
            let said = [classes, ("probabilities", Value::Reals(&cells))];
            sink.add(into, head.chain(said))?;
            continue;
        }
        if sum == 0.0 {
            sink.leave_out("rows without a vote", 1);
            continue;
        }
        let shares: Vec<f64> = cells.iter().map(|cell| cell / sum).collect();
        let count = moment::nanos(sum, 1.0).map(|count| count.t_ns);
        let label = first_largest(&cells).and_then(|at| names.get(at));
        let counted = [
            ("label", label.into()),
            ("vote_count", count.into()),
            classes,
            ("probabilities", Value::Reals(&shares)),
        ];
        sink.add(into, head.chain(counted))?;
    }
    Ok(())
}

/// What a row of a matrix is about: its number.
fn about_row(item: &str) -> [(&'static str, Value<'_>); 2] {
    [("item", Value::Text(item)), ("item_kind", "other".into())]
}

/// Where the largest of numbers is; of several the first.
fn first_largest(cells: &[f64]) -> Option<usize> {
    let mut most: Option<(usize, f64)> = None;
    for (at, cell) in cells.iter().enumerate() {
        if most.is_none_or(|(_, known)| *cell > known) {
            most = Some((at, *cell));
        }
    }
    most.map(|(at, _)| at)
}

/// Cells of one column, in the kind of ours.
enum Cells {
    Texts(Codes),
    Integers(Vec<Option<i64>>),
    Reals(Vec<f64>),
    Truths(Vec<Option<bool>>),
    Moments(Vec<Option<Moment>>),
    Lists(Vec<Vec<String>>),
}

/// A column of theirs that is one of ours.
struct Mapped {
    column: &'static tables::Column,
    cells: Cells,
}

/// A table on its way into ours.
struct Rows<'a> {
    form: Form,
    into: &'static tables::Table,
    table: &'a Table,
    columns: Vec<Mapped>,
    /// What a row is about where it does not say it: sort of item, or of what happened.
    kind: &'static str,
    classes: Vec<String>,
    probabilities: Vec<Vec<f64>>,
    unused: Vec<String>,
}

impl<'a> Rows<'a> {
    fn of(
        form: Form,
        into: &'static tables::Table,
        table: &'a Table,
        given: &Columns,
    ) -> Result<Self, EngineError> {
        let chosen = chosen(into, table, given)?;
        let mut out = Self {
            form,
            into,
            table,
            columns: Vec::new(),
            kind: "other",
            classes: Vec::new(),
            probabilities: Vec::new(),
            unused: Vec::new(),
        };
        out.kind = out.default_kind(&chosen);
        for column in into.columns() {
            if let Some((name, unit)) = chosen.get(column.name) {
                let cells = cells(table, name, column, *unit)?;
                out.columns.push(Mapped { column, cells });
            }
        }
        if into.column("probabilities").is_some() {
            let names = classes(table);
            if names.len() > 1 && shares(table, &names) == Some(true) {
                for name in &names {
                    out.probabilities.push(table.numbers(name)?);
                }
                out.classes = names.into_iter().map(str::to_owned).collect();
            }
        }
        let is_used = |name: &&str| {
            chosen.values().any(|(used, _)| used == name)
                || out.classes.iter().any(|class| class == name)
        };
        out.unused = table
            .names()
            .filter(|name| !is_used(name))
            .map(str::to_owned)
            .collect();
        Ok(out)
    }

    /// What rows are about where no column says it, by the names of the columns that play the parts.
    fn default_kind(&self, chosen: &BTreeMap<&'static str, (String, Option<f64>)>) -> &'static str {
        let name = |part: &str| {
            chosen
                .get(part)
                .map(|(name, _)| normal(name))
                .unwrap_or_default()
        };
        let has = |wanted: &str| self.table.names().any(|name| normal(name) == wanted);
        let starts = |name: &str, words: &[&str]| words.iter().any(|word| name.starts_with(word));
        match self.form {
            Form::Outcomes if has("highest_injury_severity") => "crash",
            Form::Outcomes if has("description_of_facts_causing_disengagement") => "disengagement",
            Form::Outcomes if chosen.contains_key("succeeded") => "task",
            Form::Outcomes => "other",
            Form::Intervals => {
                let kinds = ["scenario", "action", "event", "task"];
                let name = name("name");
                kinds
                    .into_iter()
                    .find(|kind| name == *kind)
                    .unwrap_or("segment")
            }
            _ => {
                let item = name("item");
                if starts(&item, &["image", "file"]) {
                    "image"
                } else if starts(&item, &["clip", "video"]) {
                    "video"
                } else if starts(&item, &["question"]) {
                    "text"
                } else {
                    "other"
                }
            }
        }
    }

    fn add(&self, sink: &mut Sink<'_>) -> Result<(), EngineError> {
        for name in &self.unused {
            sink.leave_out(
                &format!("column `{}`", name.replace('\n', " ")),
                self.table.rows() as u64,
            );
        }
        for row in 0..self.table.rows() {
            self.row(sink, row)?;
        }
        Ok(())
    }

    fn row(&self, sink: &mut Sink<'_>, row: usize) -> Result<(), EngineError> {
        let mut values: Vec<(&str, Value<'_>)> = Vec::new();
        let (mut recording, mut width) = (None, None);
        for mapped in &self.columns {
            let value = mapped.value(row);
            match (mapped.column.name, value) {
                ("recording_id", Value::Text(id)) => recording = Some(id),
                (_, Value::Null) => {}
                (name, value) => values.push((name, value)),
            }
            if let ("t_ns", Cells::Moments(moments)) = (mapped.column.name, &mapped.cells) {
                width = moments
                    .get(row)
                    .copied()
                    .flatten()
                    .map(|moment| moment.width_ns);
            }
        }
        self.complete(&mut values, width);
        let probabilities: Vec<f64>;
        if !self.classes.is_empty() {
            probabilities = self
                .probabilities
                .iter()
                .map(|column| column.get(row).copied().unwrap_or(f64::NAN))
                .collect();
            if probabilities.iter().all(|share| share.is_finite()) {
                values.push(("classes", Value::Texts(&self.classes)));
                values.push(("probabilities", Value::Reals(&probabilities)));
            }
        }
        let own = ["recording_id", "source_id", "source_row", "source"];
        let mut needed = self
            .into
            .columns()
            .filter(|column| !column.is_nullable() && !own.contains(&column.name));
        let lacks = |column: &&tables::Column| !values.iter().any(|(name, _)| *name == column.name);
        if let Some(column) = needed.find(lacks) {
            sink.leave_out(&format!("rows without `{}`", column.name), 1);
            return Ok(());
        }
        sink.add_about(self.into.name, recording, values)
    }

    /// Adds what follows from the other values of a row, or from the names of columns.
    fn complete(&self, values: &mut Vec<(&str, Value<'_>)>, width: Option<i64>) {
        let of = |values: &Vec<(&str, Value<'_>)>, wanted: &str| {
            values.iter().any(|(name, _)| *name == wanted)
        };
        let number = |values: &Vec<(&str, Value<'_>)>, wanted: &str| {
            values.iter().find_map(|(name, value)| match value {
                Value::Integer(number) if *name == wanted => Some(*number),
                _ => None,
            })
        };
        let has_column = |name: &str| self.into.column(name).is_some();
        if has_column("end_ns")
            && self.form != Form::Intervals
            && !of(values, "end_ns")
            && let Some(start) = number(values, "start_ns")
        {
            values.push(("end_ns", start.into()));
        }
        if has_column("t_width_ns")
            && of(values, "t_ns")
            && !of(values, "t_width_ns")
            && let Some(width) = width
        {
            values.push(("t_width_ns", width.into()));
        }
        if !of(values, "clock")
            && ["t_ns", "start_ns", "end_ns"]
                .iter()
                .any(|name| of(values, name))
        {
            values.push(("clock", "source_time".into()));
        }
        if !of(values, "severity") && has_column("severity") {
            let stated = values.iter().find_map(|(name, value)| match value {
                Value::Text(text) if *name == "severity_stated" => Some(*text),
                _ => None,
            });
            if let Some(class) = stated.and_then(reports::severity) {
                values.push(("severity", class.into()));
            }
        }
        // What reports say besides is in months in which nothing happened too.
        let is_report = self.kind != "crash"
            || of(values, "severity_stated")
            || of(values, "t_ns") && of(values, "incident_id");
        for name in ["item_kind", "kind"] {
            if has_column(name) && !of(values, name) && is_report {
                values.push((name, self.kind.into()));
            }
        }
        for name in ["subject_ids", "object_ids"] {
            if has_column(name) && !of(values, name) {
                values.push((name, Value::Texts(&[])));
            }
        }
    }
}

/// Which column of theirs is which of ours, with the nanoseconds of its unit.
fn chosen(
    into: &'static tables::Table,
    table: &Table,
    given: &Columns,
) -> Result<BTreeMap<&'static str, (String, Option<f64>)>, EngineError> {
    let mut chosen: BTreeMap<&'static str, (String, Option<f64>, bool)> = BTreeMap::new();
    for name in table.names() {
        if let Some((column, unit, is_own)) = declared(into, name)
            && chosen
                .get(column)
                .is_none_or(|(_, _, known)| is_own && !known)
        {
            chosen.insert(column, (name.to_owned(), unit, is_own));
        }
    }
    for (part, column) in given.pairs() {
        let known = declared(into, part);
        let (part, unit, _) = known.ok_or_else(|| {
            let names: Vec<&str> = into.columns().map(|column| column.name).skip(4).collect();
            EngineError::Request {
                message: format!(
                    "`--columns` gives `{part}`, which `{}` has no column for\nhint: the columns are `{}`",
                    into.name,
                    names.join("`, `")
                ),
            }
        })?;
        if !table.has(column) {
            let names: Vec<&str> = table.names().collect();
            return Err(EngineError::Request {
                message: format!(
                    "`{}` has no column `{column}`, but `{}`\nhint: `--columns {part}=0` counts places in a file without a line of names",
                    table.name(),
                    names.join("`, `")
                ),
            });
        }
        chosen.retain(|_, (name, ..)| name != column);
        chosen.insert(part, (column.to_owned(), unit, true));
    }
    Ok(chosen
        .into_iter()
        .map(|(part, (name, unit, _))| (part, (name, unit)))
        .collect())
}

/// The cells of a column in the kind of ours.
fn cells(
    table: &Table,
    name: &str,
    column: &tables::Column,
    unit: Option<f64>,
) -> Result<Cells, EngineError> {
    let is_length = LENGTHS.contains(&column.name);
    if column.name.ends_with("_ns") && !is_length {
        return moments(table, name, unit);
    }
    Ok(match column.kind {
        Kind::Text => Cells::Texts(table.codes(name)?),
        Kind::Integer => {
            let factor = if is_length { unit.unwrap_or(1e9) } else { 1.0 };
            let numbers = loose_numbers(table, name)?;
            let whole = |number: &f64| moment::nanos(*number, factor).map(|one| one.t_ns);
            Cells::Integers(numbers.iter().map(whole).collect())
        }
        Kind::Real => {
            let factor = if column.name == "speed_mps" {
                reports::speed_unit(name)
            } else {
                1.0
            };
            let numbers = loose_numbers(table, name)?;
            Cells::Reals(numbers.iter().map(|number| number * factor).collect())
        }
        Kind::Boolean => Cells::Truths(by_name(&table.codes(name)?, reports::truth)),
        _ => {
            let lists = by_name(&table.codes(name)?, |text| {
                let parts = text
                    .split([';', ','])
                    .map(str::trim)
                    .filter(|part| !part.is_empty());
                Some(parts.map(str::to_owned).collect::<Vec<String>>())
            });
            Cells::Lists(lists.into_iter().map(Option::unwrap_or_default).collect())
        }
    })
}

/// Each cell by what its word means, which is asked once per word.
fn by_name<T: Clone>(codes: &Codes, meaning: impl Fn(&str) -> Option<T>) -> Vec<Option<T>> {
    let known: Vec<Option<T>> = codes.names.iter().map(|name| meaning(name)).collect();
    codes
        .cells
        .iter()
        .map(|cell| known.get(*cell as usize).cloned().flatten())
        .collect()
}

/// Numbers; what is no number is unknown.
fn loose_numbers(table: &Table, name: &str) -> Result<Vec<f64>, EngineError> {
    if let Ok(numbers) = table.numbers(name) {
        return Ok(numbers);
    }
    let numbers = by_name(&table.codes(name)?, |text| text.trim().parse::<f64>().ok());
    Ok(numbers
        .into_iter()
        .map(|number| number.unwrap_or(f64::NAN))
        .collect())
}

fn moments(table: &Table, name: &str, unit: Option<f64>) -> Result<Cells, EngineError> {
    if let Ok(numbers) = table.integers(name) {
        let exact = |number: i64| Moment {
            t_ns: number,
            width_ns: 0,
        };
        let moment = |number: i64| match unit {
            Some(1.0) => Some(exact(number)),
            Some(unit) => moment::nanos(number as f64, unit),
            None => moment::of_integer(number),
        };
        return Ok(Cells::Moments(numbers.into_iter().map(moment).collect()));
    }
    if let Ok(numbers) = table.numbers(name) {
        let moment = |number: f64| match unit {
            Some(unit) => moment::nanos(number, unit),
            None => moment::of_number(number),
        };
        return Ok(Cells::Moments(numbers.into_iter().map(moment).collect()));
    }
    Ok(Cells::Moments(by_name(
        &table.codes(name)?,
        moment::of_text,
    )))
}

impl Mapped {
    fn value(&self, row: usize) -> Value<'_> {
        match &self.cells {
            Cells::Texts(codes) => {
                let cell = codes.cells.get(row).copied().unwrap_or(MISSING);
                let text = codes.names.get(cell as usize).map(|text| text.trim());
                let text = text.filter(|text| !text.is_empty() && !reports::is_redacted(text));
                text.and_then(|text| self.word(text)).into()
            }
            Cells::Integers(cells) => cells.get(row).copied().flatten().into(),
            Cells::Reals(cells) => cells
                .get(row)
                .copied()
                .filter(|cell| cell.is_finite())
                .into(),
            Cells::Truths(cells) => cells.get(row).copied().flatten().into(),
            Cells::Moments(cells) => cells
                .get(row)
                .copied()
                .flatten()
                .map(|moment| moment.t_ns)
                .into(),
            Cells::Lists(cells) => cells
                .get(row)
                .map_or(Value::Null, |list| Value::Texts(list)),
        }
    }

    /// A text, as one of the words of the column where it has only some.
    fn word<'a>(&self, text: &'a str) -> Option<&'a str> {
        if self.column.one_of.is_empty() {
            return Some(text);
        }
        let is = |word: &&&'static str| {
            word.eq_ignore_ascii_case(text) || word.replace('_', " ").eq_ignore_ascii_case(text)
        };
        self.column.one_of.iter().find(is).copied()
    }
}
