//! Parquet and Feather, by the readers that data set folders are read with.

use super::{Column, Columns, UNPACKED_BYTES, Words};
use crate::folder::feather as arrow;
use crate::folder::lerobot::columns::{Parquet, Values};
use std::panic::catch_unwind;

/// Feather, version 2. Columns that hold neither numbers nor text are left out; empty text is taken for missing.
pub(super) fn feather(file: &str, bytes: &[u8]) -> Result<Columns, String> {
    let table =
        arrow::read(file, bytes, UNPACKED_BYTES, true).map_err(|failure| failure.message)?;
    let column = |name: &String| {
        let integers = || table.integers(name).map(Column::Integers);
        let numbers = || table.numbers(name).map(Column::Numbers);
        let texts = || {
            let texts = table.texts(name)?.into_iter();
            let filled = texts.map(|text| Some(text).filter(|text| !text.is_empty()));
            Some(Column::Texts(Words::of(filled)))
        };
        Some((name.clone(), integers().or_else(numbers).or_else(texts)?))
    };
    Ok(table.names().iter().filter_map(column).collect())
}

/// Parquet. Columns that hold neither numbers nor text, or lists, are left out.
pub(super) fn parquet(_: &str, bytes: &[u8]) -> Result<Columns, String> {
    // The crate asserts what a damaged file may contradict; it holds no state beyond this call.
    let read = catch_unwind(|| parquet_columns(bytes));
    read.map_err(|_| "its pages contradict its table of contents".to_owned())?
}

fn parquet_columns(bytes: &[u8]) -> Result<Columns, String> {
    let parquet = Parquet::open(bytes).map_err(|error| error.to_string())?;
    let groups = parquet.groups().count();
    let mut out: Columns = Vec::new();
    for field in parquet.fields() {
        let Some(position) = parquet.position(field) else {
            continue;
        };
        if out.iter().any(|(name, _)| name == field) {
            continue;
        }
        let (mut integers, mut numbers, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        let mut is_usable = true;
        for group in 0..groups {
            match parquet.values(bytes, group, position) {
                Ok(Values::Integers(values)) => integers.extend(values),
                Ok(Values::Numbers(values)) => numbers.extend(values),
                Ok(Values::Texts(values)) => texts.extend(values),
                Err(_) => is_usable = false,
            }
        }
        if !is_usable {
            continue;
        }
        let column = if !integers.is_empty() {
            Column::of_integers(integers)
        } else if !numbers.is_empty() {
            let number = |value: Option<f64>| value.unwrap_or(f64::NAN);
            Column::Numbers(numbers.into_iter().map(number).collect())
        } else {
            Column::Texts(Words::of(texts.into_iter()))
        };
        out.push((field.to_owned(), column));
    }
    Ok(out)
}
