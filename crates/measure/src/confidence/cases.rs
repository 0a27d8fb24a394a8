//! The measures of this subject by name.

pub(crate) mod calibration;
pub(crate) mod novelty;
pub(crate) mod oversight;
pub(crate) mod routing;

use super::ConfidenceError;
use serde::Deserialize;

/// Yes or no, also as 1 or 0.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Flag {
    Word(bool),
    Digit(u8),
}

fn flags(list: &[Flag]) -> Vec<bool> {
    let flag = |flag: &Flag| match flag {
        Flag::Word(is_set) => *is_set,
        Flag::Digit(digit) => *digit != 0,
    };
    list.iter().map(flag).collect()
}

const fn one() -> f64 {
    1.0
}

/// Rows of one width as one list.
fn flat(rows: &[Vec<f64>]) -> Result<(Vec<f64>, usize), ConfidenceError> {
    let width = rows.first().map_or(0, Vec::len);
    match rows.iter().find(|row| row.len() != width) {
        Some(row) => Err(ConfidenceError::Lengths {
            field: "row",
            seen: row.len(),
            expected: width,
        }),
        None => Ok((rows.concat(), width)),
    }
}
