//! Functions of `measure` in SQL: one declaration each, from which registration, names and the reference page come.
//!
//! Read [`Function`] first; `scalar` calls those of one row, `aggregate` those of many.
//!
//! Not here: formulas. Every function is one call into `measure`.

mod aggregate;
mod criticality;
mod geometry;
mod scalar;
mod statistics;

use datafusion::common::DataFusionError;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF};
use std::fmt::Write as _;
use std::sync::Arc;

/// A function of numbers.
#[derive(Debug)]
pub(crate) struct Function {
    /// Name in SQL.
    pub(crate) name: &'static str,
    /// Arguments in order.
    pub(crate) args: &'static [Arg],
    /// Unit of the result, empty for none.
    pub(crate) unit: &'static str,
    /// What it gives.
    pub(crate) about: &'static str,
    /// What of `measure` it is.
    pub(crate) measure: &'static str,
    /// How.
    pub(crate) call: Call,
}

/// How a function is computed.
#[derive(Debug)]
pub(crate) enum Call {
    /// From one row, whose values come in the order of the arguments; none where it is not defined for them.
    Row(fn(&[f64]) -> Option<f64>),
    /// From many rows.
    Rows(aggregate::Kind),
}

/// An argument: its name and its unit, empty for none.
pub(crate) type Arg = (&'static str, &'static str);

/// Subjects with their functions.
const SUBJECTS: &[(&str, &[Function])] = &[
    ("Geometry", geometry::FUNCTIONS),
    ("Criticality", criticality::FUNCTIONS),
    ("Statistics", statistics::FUNCTIONS),
];

/// Registers every function.
pub(crate) fn register(registry: &mut dyn FunctionRegistry) -> Result<(), DataFusionError> {
    for function in SUBJECTS.iter().flat_map(|(_, functions)| *functions) {
        match &function.call {
            Call::Row(call) => {
                let scalar = scalar::Scalar::new(function, *call);
                registry.register_udf(Arc::new(ScalarUDF::from(scalar)))?;
            }
            Call::Rows(kind) => {
                let aggregate = aggregate::Aggregate::new(function, *kind);
                registry.register_udaf(Arc::new(AggregateUDF::from(aggregate)))?;
            }
        }
    }
    Ok(())
}

/// The function of a name, none for one of the engine.
pub(crate) fn named(name: &str) -> Option<&'static Function> {
    let mut all = SUBJECTS.iter().flat_map(|(_, functions)| *functions);
    all.find(|function| function.name == name)
}

/// The reference page: tables, table functions and functions that SQL of fieldassay has besides those of the engine.
pub fn reference() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (subject, functions) in SUBJECTS {
        let _ = write!(
            page,
            "\n## {subject}\n\n| function | unit | gives | from `measure` |\n|---|---|---|---|\n"
        );
        for function in *functions {
            let args = function.args.iter().map(|(name, unit)| match *unit {
                "" => (*name).to_owned(),
                unit => format!("{name} [{unit}]"),
            });
            let unit = if function.unit.is_empty() {
                "–"
            } else {
                function.unit
            };
            let _ = writeln!(
                page,
                "| `{}`({}) | {unit} | {} | `{}` |",
                function.name,
                args.collect::<Vec<_>>().join(", "),
                function.about,
                function.measure,
            );
        }
    }
    page
}

const INTRODUCTION: &str = "<!-- Made from the declarations in crates/query by `UPDATE_EXPECT=1 cargo test -p fieldassay-query`; do not edit. -->

# SQL

One statement that reads: `SELECT`, `WITH`, `EXPLAIN`, `DESCRIBE`, `SHOW TABLES`. The language and its own functions are those of Apache DataFusion 55; `SHOW FUNCTIONS` lists all. Names with a dot or an upper-case letter are written in double quotes: `\"angular_velocity.x\"`.

## Tables

- The tables of record, as [tables](tables.md) lists them.
- `messages`: every message of every recording as it is stored: `recording_id`, `topic`, `channel`, `sequence`, `log_time_ns`, `publish_time_ns`, `size_bytes`, `data`. Only the parts of files that may hold what WHERE asks for are read, and none where counts are enough.
- `read_topic('r-…', '/imu')`: the messages of a topic with `log_time_ns`, `publish_time_ns` and their fields as columns, nested ones with dots; the recording is given by its id, the start of it, or its name; a message that cannot be decoded is a row of nulls.
- `table_at('objects', 3)`: a table of record as it was in a version.

## Rules of the functions

A null among the arguments gives null, and so does a value for which a function is not defined, such as a share of no trials. Times and decelerations are infinite where nothing ever happens. Quaternions are real part first, as the columns `qw`, `qx`, `qy`, `qz`, of any length but 0. Intervals hold 95 %.
";
