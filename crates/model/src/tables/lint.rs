//! The rules every declared table obeys, so that a name says what a value is and every reader gives it back unchanged.
//!
//! Read [`Broken`] first: one variant per rule. Types that readers round or refuse need no rule, [`Kind`] has none.
//! Not here: whether rows obey their table.

use super::{Column, Kind, Null, Stated, Table};
use std::collections::BTreeSet;

/// Last words of names and the unit they stand for. A column with one of these units has the word in its name.
pub const UNIT_SUFFIXES: &[(&str, &str)] = &[
    ("ns", "ns"),
    ("bytes", "bytes"),
    ("m", "m"),
    ("px", "px"),
    ("rad", "rad"),
    ("mps", "m/s"),
    ("mps2", "m/s2"),
    ("hz", "Hz"),
    ("ratio", "ratio"),
];

/// Units that are counted, not measured.
const WHOLE_UNITS: &[&str] = &["ns", "bytes"];

/// Last words of names that would hold a time in another form.
const TIME_WORDS: &[&str] = &[
    "age",
    "at",
    "date",
    "datetime",
    "day",
    "days",
    "duration",
    "min",
    "ms",
    "nanos",
    "period",
    "s",
    "sec",
    "seconds",
    "secs",
    "stamp",
    "time",
    "timestamp",
    "us",
];

/// Words before the unit, or whole names, of what means nothing without a frame.
const COORDINATES: &[&str] = &[
    "x",
    "y",
    "z",
    "vx",
    "vy",
    "vz",
    "ax",
    "ay",
    "az",
    "wx",
    "wy",
    "wz",
    "qw",
    "qx",
    "qy",
    "qz",
    "roll",
    "pitch",
    "yaw",
    "heading",
    "rotation",
    "points",
    "covariance",
];

/// Words that a column or table is not named by, because PostgreSQL, `DuckDB`, Spark or `DataFusion` would want quotes
/// around them: those PostgreSQL reserves, and those the others do besides.
pub const RESERVED_WORDS: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "anti",
    "any",
    "array",
    "as",
    "asc",
    "asof",
    "asymmetric",
    "authorization",
    "between",
    "binary",
    "both",
    "by",
    "case",
    "cast",
    "check",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "cube",
    "current",
    "default",
    "deferrable",
    "delete",
    "desc",
    "describe",
    "distinct",
    "do",
    "drop",
    "else",
    "end",
    "except",
    "exists",
    "explain",
    "false",
    "fetch",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "function",
    "glob",
    "grant",
    "group",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "insert",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "join",
    "lambda",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "local",
    "localtime",
    "localtimestamp",
    "map",
    "minus",
    "natural",
    "not",
    "notnull",
    "null",
    "of",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "out",
    "outer",
    "overlaps",
    "partition",
    "pivot",
    "pivot_longer",
    "pivot_wider",
    "placing",
    "position",
    "primary",
    "qualify",
    "range",
    "references",
    "returning",
    "right",
    "rollup",
    "row",
    "rows",
    "select",
    "semi",
    "session_user",
    "set",
    "show",
    "similar",
    "some",
    "start",
    "struct",
    "summarize",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "time",
    "timestamp",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "unknown",
    "unnest",
    "unpivot",
    "update",
    "user",
    "using",
    "values",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
    "within",
    "without",
];

/// A rule that a declaration breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Table, or table and column: `objects.x_m`.
    pub place: String,
    /// The rule.
    pub rule: Broken,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`: {}", self.place, self.rule)
    }
}

/// The rules, by what breaks them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A name or word in another form.
    #[error(
        "`{0}` is no snake case; hint: lower-case letters and digits, `_` between words, a letter first"
    )]
    Name(String),
    /// A name SQL wants quotes around.
    #[error("`{0}` is a word of SQL; hint: choose a name that needs no quotes")]
    Reserved(String),
    /// No description.
    #[error(
        "what it is about is no sentence; hint: a capital letter or code first, a full stop last"
    )]
    About,
    /// A null rule that says nothing.
    #[error(
        "its null rule `{0}` does not follow the words `null where`; hint: say when, without a full stop"
    )]
    NullRule(String),
    /// A key that is none.
    #[error("its key does not begin with `recording_id`; hint: rows of a recording lie together")]
    KeyStart,
    /// A key column that is not there.
    #[error("its key names `{0}`, which is no column")]
    KeyMissing(String),
    /// A key column that cannot be one.
    #[error(
        "`{0}` cannot be part of a key; hint: keys are texts and integers, once each, never null and not volatile"
    )]
    KeyColumn(String),
    /// Two columns of one name.
    #[error("`{0}` stands twice")]
    Twice(String),
    /// A column that holds the unit or frame is not there, or holds something else.
    #[error("it refers to `{0}`, which is no text column of the table")]
    Reference(String),
    /// A name and a unit that contradict each other.
    #[error(
        "its name says `{name}` and its unit is `{unit}`; hint: `_{suffix}` and `{suffix_unit}` go together"
    )]
    Unit {
        /// The last word of the name.
        name: String,
        /// The unit given.
        unit: String,
        /// The word that would fit the unit, or is in the name.
        suffix: &'static str,
        /// The unit that would fit the name, or is given.
        suffix_unit: &'static str,
    },
    /// A kind that its unit or name rules out.
    #[error("it is `{kind}` and should be `{wanted}`; hint: {why}")]
    Kind {
        /// The kind given.
        kind: &'static str,
        /// The kind it should have.
        wanted: &'static str,
        /// Why.
        why: &'static str,
    },
    /// A time in another form.
    #[error("its name ends in `{0}`; hint: times are integer nanoseconds, `_ns`")]
    Time(String),
    /// A digest that does not say of which sort.
    #[error("its name ends in `{0}`; hint: digests are named `_sha256` or `_blake3`")]
    Digest(String),
    /// A coordinate without a frame.
    #[error(
        "it is a coordinate and names no frame; hint: `.frame_in(\"column\")` or `.frame(\"which\")`"
    )]
    Frame,
    /// A unit or frame of what can have none, or an empty one.
    #[error("`{0}` cannot have a unit or frame, or it is empty; hint: only numbers have one")]
    Stated(&'static str),
    /// Words of what is no text, or that stand twice.
    #[error("its words are no set of words of a text; hint: `one_of` is for texts, each word once")]
    Words,
}

/// Every rule that a table breaks; empty for a sound one. Cost: a look at each column.
pub fn lint(table: &Table) -> Vec<Problem> {
    let mut broken = Vec::new();
    name(table.name, &mut broken);
    sentence(table.about, &mut broken);
    key(table, &mut broken);
    let mut seen = BTreeSet::new();
    for column in table.columns() {
        if !seen.insert(column.name) {
            broken.push(Broken::Twice(column.name.to_owned()));
        }
    }
    let place = table.name.to_owned();
    let here = broken.into_iter().map(|rule| Problem {
        place: place.clone(),
        rule,
    });
    let mut problems: Vec<Problem> = here.collect();
    for column in table.columns() {
        problems.extend(lint_column(table.name, column));
        problems.extend(references(table, column));
    }
    problems
}

/// Every rule that a column breaks by itself; `table` is for the place in the answer.
pub fn lint_column(table: &str, column: &Column) -> Vec<Problem> {
    let mut broken = Vec::new();
    name(column.name, &mut broken);
    sentence(column.about, &mut broken);
    if let Null::Where(rule) = column.null
        && (rule.is_empty() || rule.ends_with('.') || rule.trim() != rule)
    {
        broken.push(Broken::NullRule(rule.to_owned()));
    }
    words(column, &mut broken);
    stated(column, &mut broken);
    unit(column, &mut broken);
    named_kind(column, &mut broken);
    let place = format!("{table}.{}", column.name);
    let problem = |rule| Problem {
        place: place.clone(),
        rule,
    };
    broken.into_iter().map(problem).collect()
}

fn is_snake_case(name: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.split('_').all(is_word)
}

fn name(name: &str, broken: &mut Vec<Broken>) {
    if !is_snake_case(name) {
        broken.push(Broken::Name(name.to_owned()));
    }
    if RESERVED_WORDS.contains(&name) {
        broken.push(Broken::Reserved(name.to_owned()));
    }
}

fn sentence(about: &str, broken: &mut Vec<Broken>) {
    let starts = about.starts_with(|c: char| c.is_uppercase() || c == '`');
    // A list that goes on ends in an ellipsis.
    if !starts || !about.ends_with(['.', '…']) {
        broken.push(Broken::About);
    }
}

fn key(table: &Table, broken: &mut Vec<Broken>) {
    if table.key.first() != Some(&"recording_id") {
        broken.push(Broken::KeyStart);
    }
    for (at, name) in table.key.iter().enumerate() {
        let Some(column) = table.column(name) else {
            broken.push(Broken::KeyMissing((*name).to_owned()));
            continue;
        };
        let is_key = matches!(column.kind, Kind::Text | Kind::Integer)
            && !column.is_nullable()
            && !column.volatile
            && !table.key.iter().take(at).any(|before| before == name);
        if !is_key {
            broken.push(Broken::KeyColumn((*name).to_owned()));
        }
    }
}

fn words(column: &Column, broken: &mut Vec<Broken>) {
    let words = column.one_of;
    for word in words.iter().filter(|word| !is_snake_case(word)) {
        broken.push(Broken::Name((*word).to_owned()));
    }
    let is_text = matches!(column.kind, Kind::Text | Kind::TextList);
    let different: BTreeSet<&&str> = words.iter().collect();
    if !words.is_empty() && (!is_text || different.len() != words.len()) {
        broken.push(Broken::Words);
    }
}

fn stated(column: &Column, broken: &mut Vec<Broken>) {
    let is_number =
        column.kind.is_real() || matches!(column.kind, Kind::Integer | Kind::IntegerList);
    for stated in [column.unit, column.frame] {
        let is_sound = match stated {
            Stated::Nowhere => true,
            Stated::Here(text) | Stated::InColumn(text) => is_number && !text.is_empty(),
        };
        if !is_sound {
            broken.push(Broken::Stated(column.name));
        }
    }
}

fn references(table: &Table, column: &Column) -> Vec<Problem> {
    let referred = [column.unit, column.frame]
        .into_iter()
        .filter_map(|stated| match stated {
            Stated::InColumn(name) => Some(name),
            Stated::Nowhere | Stated::Here(_) => None,
        });
    let is_text = |name: &str| {
        table
            .column(name)
            .is_some_and(|found| found.kind == Kind::Text)
    };
    let wrong = referred.filter(|name| !is_text(name));
    wrong
        .map(|name| Problem {
            place: format!("{}.{}", table.name, column.name),
            rule: Broken::Reference(name.to_owned()),
        })
        .collect()
}

/// The last word of a name, and what is before it.
fn last_word(name: &str) -> (&str, &str) {
    name.rsplit_once('_').unwrap_or(("", name))
}

/// The word of the name and the unit go together, and so does the kind.
fn unit(column: &Column, broken: &mut Vec<Broken>) {
    let (before, last) = last_word(column.name);
    let by_name = UNIT_SUFFIXES
        .iter()
        .find(|(suffix, _)| *suffix == last && !before.is_empty());
    let by_unit = UNIT_SUFFIXES
        .iter()
        .find(|(_, unit)| Stated::Here(unit) == column.unit);
    if by_name != by_unit
        && let Some((suffix, suffix_unit)) = by_name.or(by_unit)
    {
        let unit = match column.unit {
            Stated::Nowhere => "none",
            Stated::Here(unit) => unit,
            Stated::InColumn(_) => "that of the row",
        };
        broken.push(Broken::Unit {
            name: last.to_owned(),
            unit: unit.to_owned(),
            suffix,
            suffix_unit,
        });
    }
    let Some((_, unit)) = by_name else {
        return;
    };
    let item = column.kind.item().unwrap_or(column.kind);
    let wanted = if WHOLE_UNITS.contains(unit) {
        Kind::Integer
    } else {
        Kind::Real
    };
    if item != wanted {
        broken.push(wrong_kind(
            column,
            wanted,
            "nanoseconds and bytes are counted, everything else with a unit is measured",
        ));
    }
}

fn wrong_kind(column: &Column, wanted: Kind, why: &'static str) -> Broken {
    Broken::Kind {
        kind: column.kind.delta(),
        wanted: wanted.delta(),
        why,
    }
}

/// What the last word of a name says about the kind.
fn named_kind(column: &Column, broken: &mut Vec<Broken>) {
    let (before, last) = last_word(column.name);
    let item = column.kind.item().unwrap_or(column.kind);
    match last {
        "id" | "ids" if item != Kind::Text => {
            broken.push(wrong_kind(column, Kind::Text, "ids are texts"));
        }
        "sha256" | "blake3" if item != Kind::Text => broken.push(wrong_kind(
            column,
            Kind::Text,
            "digests are texts of hexadecimal digits",
        )),
        "json" if item != Kind::Text => {
            broken.push(wrong_kind(column, Kind::Text, "JSON is text"));
        }
        "count" | "counts" if item != Kind::Integer => {
            broken.push(wrong_kind(column, Kind::Integer, "counts are whole"));
        }
        "digest" | "hash" | "checksum" => broken.push(Broken::Digest(last.to_owned())),
        _ if TIME_WORDS.contains(&last) => broken.push(Broken::Time(last.to_owned())),
        _ => {}
    }
    let is_unit = UNIT_SUFFIXES.iter().any(|(suffix, _)| *suffix == last);
    let quantity = if is_unit { last_word(before).1 } else { last };
    if item == Kind::Real && COORDINATES.contains(&quantity) && column.frame == Stated::Nowhere {
        broken.push(Broken::Frame);
    }
}
