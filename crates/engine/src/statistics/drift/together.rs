//! Columns of numbers together: changes that no column shows alone.

use super::{Dealt, Tables};
use crate::statistics::Estimate;
use fieldassay_measure::drift::{
    DriftError, LogisticOptions, MmdOptions, classifier_test, energy, fold_by_index, mmd,
};
use fieldassay_measure::rows::Rows;
use serde::Serialize;

/// Rows of each table whose pairs are looked at.
const PAIRED_ROWS: usize = 1000;

/// Rows of each table for the classifier.
const CLASSIFIED_ROWS: usize = 10_000;

/// Folds of the classifier.
const FOLDS: u32 = 5;

/// All numbers together.
#[derive(Clone, Debug, Serialize)]
pub struct Together {
    /// Which columns.
    pub columns: Vec<String>,
    /// Rows of both tables without a missing number in them.
    pub rows: [usize; 2],
    /// The tests.
    pub tests: Vec<JointTest>,
    /// Columns by how much they tell the tables apart, most first.
    pub telling: Vec<Telling>,
}

/// One test.
#[derive(Clone, Debug, Serialize)]
pub struct JointTest {
    /// `energy`, `mmd` or `classifier`.
    pub test: &'static str,
    /// The distance, of columns brought to one scale; the held-out accuracy of the classifier. `n` counts rows used.
    pub estimate: Estimate,
    /// Probability of such a value or a larger one without drift; null where it cannot be told.
    pub p: Option<f64>,
    /// The same with all tests of the document counted in.
    pub p_adjusted: Option<f64>,
}

/// How much a column tells.
#[derive(Clone, Debug, Serialize)]
pub struct Telling {
    /// The column.
    pub column: String,
    /// Its weight in the classifier times its standard deviation.
    pub weight: f64,
}

/// A column of numbers in both tables.
type Sides = [Vec<Option<f64>>; 2];

/// Rows of both tables with what is dealt whole.
struct Chosen {
    sides: [Rows; 2],
    dealt: Option<Dealt>,
}

/// The tests of all numbers together; none below two columns or four rows.
pub(super) fn test(
    tables: &Tables<'_>,
    columns: Vec<(&str, Sides)>,
) -> Result<Option<Together>, DriftError> {
    let (names, columns): (Vec<&str>, Vec<Sides>) = columns.into_iter().unzip();
    let whole: [Vec<usize>; 2] = [0, 1].map(|side| {
        let is_whole = |row: &usize| {
            let cell = |column: &Sides| column[side].get(*row).copied().flatten();
            columns.iter().all(|column| cell(column).is_some())
        };
        (0..tables.rows[side]).filter(is_whole).collect()
    });
    if names.len() < 2 || whole.iter().any(|rows| rows.len() < 2) {
        return Ok(None);
    }
    let block = block(tables, &columns);
    let pick = |most: usize| chosen(tables, &columns, &whole, (block, most));
    let mut tests = by_pairs(tables, &pick(PAIRED_ROWS)?)?;
    let most = whole[0].len().min(whole[1].len()).min(CLASSIFIED_ROWS);
    let (classified, telling) = by_classifier(&pick(most)?, &names)?;
    tests.extend(classified);
    Ok(Some(Together {
        columns: names.iter().map(|name| (*name).to_owned()).collect(),
        rows: [whole[0].len(), whole[1].len()],
        tests,
        telling,
    }))
}

/// The longest block that any column needs.
fn block(tables: &Tables<'_>, columns: &[[Vec<Option<f64>>; 2]]) -> usize {
    let of = |column: &Sides| {
        let known = |side: &Vec<Option<f64>>| side.iter().copied().flatten().collect();
        tables.block(&column.each_ref().map(known))
    };
    columns.iter().map(of).max().unwrap_or(1)
}

/// At most so many rows of each side, evenly over the table, brought to the scale of the reference.
fn chosen(
    tables: &Tables<'_>,
    columns: &[[Vec<Option<f64>>; 2]],
    whole: &[Vec<usize>; 2],
    (block, most): (usize, usize),
) -> Result<Chosen, DriftError> {
    let rows = whole.each_ref().map(|rows| {
        let n = rows.len().min(most);
        let at = |i: usize| rows.get(i * rows.len() / n.max(1)).copied();
        (0..n).filter_map(at).collect::<Vec<usize>>()
    });
    let table = |side: usize| {
        let cells = rows[side].iter().flat_map(|row| {
            columns
                .iter()
                .filter_map(|column| column[side].get(*row).copied().flatten())
        });
        Rows::from_flat(&cells.collect::<Vec<f64>>(), columns.len())
    };
    let (old, new) = (table(0)?, table(1)?);
    Ok(Chosen {
        sides: [old.scaled_like(&old), new.scaled_like(&old)],
        dealt: tables.units(&rows, block)?,
    })
}

/// What cannot be told gives no p-value.
fn told<T>(found: Result<T, DriftError>) -> Result<Option<T>, DriftError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(DriftError::TooFewUnits { .. } | DriftError::BadOption { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn by_pairs(tables: &Tables<'_>, chosen: &Chosen) -> Result<Vec<JointTest>, DriftError> {
    let [old, new] = &chosen.sides;
    let codes = chosen.dealt.as_ref().map(|dealt| &dealt.codes);
    let options = MmdOptions {
        sigma: None,
        resampling: Some(tables.request.resampling),
        reference_clusters: codes.map(|codes| codes[0].as_slice()),
        current_clusters: codes.map(|codes| codes[1].as_slice()),
    };
    let n = old.len() + new.len();
    let test = |test, estimate: f64, p| JointTest {
        test,
        estimate: Estimate::bare(estimate, n),
        p,
        p_adjusted: None,
    };
    let mut out = Vec::new();
    if let Some(found) = told(energy(old, new, options))? {
        out.push(test("energy", found.squared, found.p));
    }
    if let Some(found) = told(mmd(old, new, options))? {
        out.push(test("mmd", found.statistic.mmd2_unbiased, found.p));
    }
    Ok(out)
}

fn by_classifier(
    chosen: &Chosen,
    names: &[&str],
) -> Result<(Option<JointTest>, Vec<Telling>), DriftError> {
    let [old, new] = &chosen.sides;
    let n = old.len() + new.len();
    let units = chosen.dealt.as_ref().map(|dealt| dealt.units.of_values());
    let folds = fold_by_index(n, FOLDS, units);
    let found = classifier_test(old, new, &folds, units, LogisticOptions::default());
    let found = match found {
        Ok(found) => found,
        // A fold that leaves rows of one table only: too few units.
        Err(DriftError::Empty { .. }) => return Ok((None, Vec::new())),
        Err(error) => return Err(error),
    };
    let telling = (found.columns.iter())
        .filter_map(|(column, weight)| {
            Some(Telling {
                column: (*names.get(*column)?).to_owned(),
                weight: *weight,
            })
        })
        .collect();
    let test = JointTest {
        test: "classifier",
        estimate: Estimate::bare(found.accuracy, n),
        p: found.unit_p,
        p_adjusted: None,
    };
    Ok((Some(test), telling))
}
