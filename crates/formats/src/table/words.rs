//! Columns of text, each word kept once.

use std::collections::HashMap;

/// Number of a cell without a word.
pub const MISSING: u32 = u32::MAX;

/// A column of text: the number of each cell's word, and the words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    cells: Vec<u32>,
    words: Vec<Box<str>>,
}

impl Words {
    /// Cells in order; missing ones are none. Cost: one hash per cell, each word once in memory.
    pub fn of<T: AsRef<str>>(cells: impl Iterator<Item = Option<T>>) -> Self {
        let mut out = WordsBuilder::default();
        cells.for_each(|cell| out.push(cell.as_ref().map(AsRef::as_ref)));
        out.words()
    }

    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// A cell's word.
    pub fn get(&self, row: usize) -> Option<&str> {
        self.word(*self.cells.get(row)?)
    }

    /// All cells in order.
    pub fn iter(&self) -> impl Iterator<Item = Option<&str>> {
        self.cells.iter().map(|&cell| self.word(cell))
    }

    fn word(&self, number: u32) -> Option<&str> {
        self.words
            .get(usize::try_from(number).ok()?)
            .map(|word| &**word)
    }
}

/// A column of text in the making.
#[derive(Debug, Default)]
pub(super) struct WordsBuilder {
    numbers: HashMap<Box<str>, u32>,
    out: Words,
}

impl WordsBuilder {
    pub(super) fn push(&mut self, cell: Option<&str>) {
        let number = cell.map_or(MISSING, |cell| {
            self.numbers.get(cell).copied().unwrap_or_else(|| {
                let number = u32::try_from(self.out.words.len()).unwrap_or(MISSING);
                self.numbers.insert(cell.into(), number);
                self.out.words.push(cell.into());
                number
            })
        });
        self.out.cells.push(number);
    }

    pub(super) fn words(self) -> Words {
        self.out
    }
}

/// A column as names and the number of each cell's name; names of numbers by value, of words by their letters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Codes {
    /// Number of each cell's name; [`MISSING`] where it is empty.
    pub cells: Vec<u32>,
    /// Names, sorted; the same column in another order of rows has the same.
    pub names: Vec<String>,
    /// The names' values where they are all numbers.
    pub values: Option<Vec<f64>>,
}

impl Codes {
    pub(super) fn of_words(words: &Words) -> Self {
        let mut order: Vec<u32> = (0..).take(words.words.len()).collect();
        order.sort_by_key(|&number| words.word(number));
        let mut rank = vec![0; order.len()];
        let mut names = Vec::with_capacity(order.len());
        for (place, &number) in (0_u32..).zip(&order) {
            if let Some(rank) = rank.get_mut(number as usize) {
                *rank = place;
            }
            names.push(words.word(number).unwrap_or_default().to_owned());
        }
        let of = |&cell: &u32| rank.get(cell as usize).copied().unwrap_or(MISSING);
        let values: Option<Vec<f64>> = names.iter().map(|name| name.trim().parse().ok()).collect();
        Self {
            cells: words.cells.iter().map(of).collect(),
            values: values.filter(|values| !values.is_empty()),
            names,
        }
    }

    pub(super) fn of_integers(cells: &[i64]) -> Self {
        let mut distinct = cells.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let place = |cell: &i64| {
            distinct
                .binary_search(cell)
                .ok()
                .and_then(|at| u32::try_from(at).ok())
        };
        Self {
            cells: cells
                .iter()
                .map(|cell| place(cell).unwrap_or(MISSING))
                .collect(),
            names: distinct.iter().map(i64::to_string).collect(),
            values: Some(distinct.iter().map(|&value| value as f64).collect()),
        }
    }

    pub(super) fn of_numbers(cells: &[f64]) -> Self {
        let mut distinct: Vec<f64> = cells
            .iter()
            .copied()
            .filter(|cell| !cell.is_nan())
            .collect();
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        let place = |cell: &f64| {
            let at = distinct.partition_point(|known| known < cell);
            (!cell.is_nan()).then(|| u32::try_from(at).unwrap_or(MISSING))
        };
        Self {
            cells: cells
                .iter()
                .map(|cell| place(cell).unwrap_or(MISSING))
                .collect(),
            names: distinct.iter().map(f64::to_string).collect(),
            values: Some(distinct),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_whatever_the_order_of_rows() {
        let words = Words::of([Some("b"), None, Some("a"), Some("b")].into_iter());
        assert_eq!(words.get(1), None);
        assert_eq!(words.iter().flatten().collect::<Vec<_>>(), ["b", "a", "b"]);
        let codes = Codes::of_words(&words);
        assert_eq!(codes.cells, [1, MISSING, 0, 1]);
        assert_eq!(
            (codes.names, codes.values),
            (vec!["a".to_owned(), "b".to_owned()], None)
        );
        let numbers = Codes::of_numbers(&[10.0, f64::NAN, 9.5, 10.0]);
        assert_eq!(
            (numbers.cells, numbers.names),
            (
                vec![1, MISSING, 0, 1],
                vec!["9.5".to_owned(), "10".to_owned()]
            )
        );
        assert_eq!(Codes::of_integers(&[10, 9, 10]).cells, [1, 0, 1]);
    }
}
