//! The statistics of people, labels, coverage and comparison, on plain tables: `agree`, `votes`, `confidence`,
//! `label-errors`, `route`, `plan-qa`, `prefer`, `compare`, `drift` and `richness`.
//!
//! Read [`Source`] first (a table and what its columns are called), then [`agree`]; every verb is one file: a request, a
//! `run`, and the document it promises. A statistic in a document is `{estimate, low, high, n}`.
//!
//! Not here: the statistics themselves (`measure`), the forms of tables (`formats::table`), what people see (`cli`).

pub mod agree;
mod agree_chart;
pub mod compare;
pub mod confidence;
pub mod drift;
pub mod label_errors;
pub mod plan_qa;
mod predictions;
pub mod prefer;
pub mod richness;
pub mod route;
pub mod table;
pub mod votes;

pub use fieldassay_measure::stats::{Estimate, Resampling};
pub use table::{Columns, Source};

use crate::EngineError;
use std::path::Path;

/// A statistic that is not defined for a table, with what can still be said.
fn undefined(path: &Path, why: impl std::fmt::Display) -> EngineError {
    EngineError::Table {
        path: path.to_owned(),
        message: why.to_string(),
    }
}

/// One plot with a legend, as SVG.
fn picture(title: &str, curves: &fieldassay_model::plot::Curves) -> String {
    const HEIGHT: f64 = 220.0;
    let names: Vec<String> = curves.lines.iter().map(|line| line.name.clone()).collect();
    fieldassay_report::picture(title, &names, &[(curves, HEIGHT)])
}
