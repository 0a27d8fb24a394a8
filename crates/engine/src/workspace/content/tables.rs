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
    Reals(Vec<Option<f64>>),
    Truths(Vec<Option<bool>>),
    Moments(Vec<Option<Moment>>),
    Lists(Vec<Vec<String>>),
}

/// A column of theirs that is one of ours.
struct Mapped {
    column: &'static tables::Column,
    cells: Cells,
    unread: Unread,
}

/// Cells of a column that say something and cannot be read.
struct Unread {
    /// What they are.
    what: String,
    count: u64,
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
                out.columns.push(Mapped::of(table, name, column, *unit)?);
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
        for Mapped { unread, .. } in &self.columns {
            sink.leave_out(&unread.what, unread.count);
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
        if let (Some(start), Some(end)) = (number(&values, "start_ns"), number(&values, "end_ns"))
            && end < start
        {
            sink.leave_out("rows whose end is before their start", 1);
            return Ok(());
        }
        sink.add_about(self.into.name, recording, values)
    }

    /// Adds what follows from the other values of a row, or from the names of columns.
    fn complete(&self, values: &mut Vec<(&str, Value<'_>)>, width: Option<i64>) {
        let of = |values: &Vec<(&str, Value<'_>)>, wanted: &str| {
            values.iter().any(|(name, _)| *name == wanted)
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

/// The whole number among values that has this name.
fn number(values: &[(&str, Value<'_>)], wanted: &str) -> Option<i64> {
    values.iter().find_map(|(name, value)| match value {
        Value::Integer(number) if *name == wanted => Some(*number),
        _ => None,
    })
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

impl Mapped {
    /// The cells of a column in the kind of ours; `unit` are the nanoseconds of its unit, where its name says one.
    fn of(
        table: &Table,
        name: &str,
        column: &'static tables::Column,
        unit: Option<f64>,
    ) -> Result<Self, EngineError> {
        let is_length = LENGTHS.contains(&column.name);
        let (cells, count, none) = if column.name.ends_with("_ns") && !is_length {
            let (cells, count) = moments(table, name, unit)?;
            let none = if unit == Some(1.0) {
                "no whole nanoseconds"
            } else {
                "no moment"
            };
            (Cells::Moments(cells), count, none)
        } else {
            match column.kind {
                Kind::Text => {
                    let codes = table.codes(name)?;
                    let (_, count) = by_name(&codes, |text| word(column, text).map(|_| ()));
                    (Cells::Texts(codes), count, "none of its words")
                }
                Kind::Integer => {
                    let factor = if is_length { unit.unwrap_or(1e9) } else { 1.0 };
                    let read = |number: f64| {
                        let is_read = is_length || number.fract() == 0.0;
                        moment::nanos(number, factor).filter(|_| is_read)
                    };
                    let (cells, count) = numbers(table, name, read)?;
                    let cells = cells.into_iter().map(|cell| Some(cell?.t_ns));
                    let none = if is_length {
                        "no number"
                    } else {
                        "no whole number"
                    };
                    (Cells::Integers(cells.collect()), count, none)
                }
                Kind::Real => {
                    let factor = if column.name == "speed_mps" {
                        reports::speed_unit(name)
                    } else {
                        1.0
                    };
                    let read = |number: f64| Some(number * factor).filter(|one| one.is_finite());
                    let (cells, count) = numbers(table, name, read)?;
                    (Cells::Reals(cells), count, "no number")
                }
                Kind::Boolean => {
                    let (cells, count) = by_name(&table.codes(name)?, reports::truth);
                    (Cells::Truths(cells), count, "neither yes nor no")
                }
                _ => {
                    let (lists, count) = by_name(&table.codes(name)?, |text| Some(list(text)));
                    let lists = lists.into_iter().map(Option::unwrap_or_default);
                    (Cells::Lists(lists.collect()), count, "no list")
                }
            }
        };
        let unread = Unread {
            what: format!("cells of `{}` that are {none}", name.replace('\n', " ")),
            count,
        };
        Ok(Self {
            column,
            cells,
            unread,
        })
    }
}

/// Names between commas or semicolons.
fn list(text: &str) -> Vec<String> {
    let parts = text.split([';', ',']).map(str::trim);
    let parts = parts.filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

/// A text, as one of the words of a column where it has only some.
fn word<'a>(column: &tables::Column, text: &'a str) -> Option<&'a str> {
    if column.one_of.is_empty() {
        return Some(text);
    }
    let is = |word: &&&'static str| {
        word.eq_ignore_ascii_case(text) || word.replace('_', " ").eq_ignore_ascii_case(text)
    };
    column.one_of.iter().find(is).copied()
}

/// Each cell by what its word means, which is asked once per word, and how many mean nothing though they say something.
fn by_name<T: Clone>(codes: &Codes, meaning: impl Fn(&str) -> Option<T>) -> (Vec<Option<T>>, u64) {
    let known = codes.names.iter().map(|name| {
        let name = name.trim();
        let meaning = meaning(name);
        let is_unread = meaning.is_none() && !reports::is_missing(name);
        (meaning, is_unread)
    });
    let known: Vec<(Option<T>, bool)> = known.collect();
    let mut unread = 0;
    let cells = codes.cells.iter().map(|cell| {
        let (meaning, is_unread) = known.get(*cell as usize)?;
        unread += u64::from(*is_unread);
        meaning.clone()
    });
    (cells.collect(), unread)
}

/// Numbers as `read` takes them, and how many it does not, or that are none.
fn numbers<T: Clone>(
    table: &Table,
    name: &str,
    read: impl Fn(f64) -> Option<T>,
) -> Result<(Vec<Option<T>>, u64), EngineError> {
    let Ok(numbers) = table.numbers(name) else {
        let number = |text: &str| text.parse::<f64>().ok().and_then(&read);
        return Ok(by_name(&table.codes(name)?, number));
    };
    Ok(each(numbers.into_iter(), |number| !number.is_nan(), read))
}

/// Each number as `read` takes it, and how many it does not of those that say something.
fn each<N: Copy, T>(
    numbers: impl Iterator<Item = N>,
    says: impl Fn(N) -> bool,
    read: impl Fn(N) -> Option<T>,
) -> (Vec<Option<T>>, u64) {
    let mut unread = 0;
    let cells = numbers.map(|number| {
        let cell = read(number);
        unread += u64::from(cell.is_none() && says(number));
        cell
    });
    (cells.collect(), unread)
}

/// Moments of a column, and how many cells are none. What its name says of its unit holds for every number in it.
fn moments(
    table: &Table,
    name: &str,
    unit: Option<f64>,
) -> Result<(Vec<Option<Moment>>, u64), EngineError> {
    let of_integer = |number: i64| match unit {
        Some(1.0) => Some(Moment {
            t_ns: number,
            width_ns: 0,
        }),
        Some(unit) => moment::nanos(number as f64, unit),
        None => moment::of_integer(number),
    };
    let of_number = |number: f64| match unit {
        // Parts of a nanosecond are seconds in the wrong column.
        Some(1.0) if number.fract() != 0.0 => None,
        Some(unit) => moment::nanos(number, unit),
        None => moment::of_number(number),
    };
    if let Ok(numbers) = table.integers(name) {
        return Ok(each(numbers.into_iter(), |_| true, of_integer));
    }
    if let Ok(numbers) = table.numbers(name) {
        let says = |number: f64| !number.is_nan();
        return Ok(each(numbers.into_iter(), says, of_number));
    }
    Ok(by_name(&table.codes(name)?, |text| {
        if let Ok(number) = text.parse::<i64>() {
            of_integer(number)
        } else if let Ok(number) = text.parse::<f64>() {
            of_number(number)
        } else {
            moment::of_text(text)
        }
    }))
}

impl Mapped {
    fn value(&self, row: usize) -> Value<'_> {
        match &self.cells {
            Cells::Texts(codes) => {
                let cell = codes.cells.get(row).copied().unwrap_or(MISSING);
                let text = codes.names.get(cell as usize).map(|text| text.trim());
                let text = text.filter(|text| !text.is_empty() && !reports::is_redacted(text));
                text.and_then(|text| word(self.column, text)).into()
            }
            Cells::Integers(cells) => cells.get(row).copied().flatten().into(),
            Cells::Reals(cells) => cells.get(row).copied().flatten().into(),
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
}
