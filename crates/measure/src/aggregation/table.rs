//! Long tables of names, numbered.

use super::{Votes, VotesError};
use serde::{Deserialize, Serialize};

/// A name at the edge: a number or a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Code {
    /// A truth value.
    Flag(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

impl Code {
    fn rank(&self) -> u8 {
        match self {
            Self::Flag(_) => 0,
            Self::Number(_) => 1,
            Self::Text(_) => 2,
        }
    }

    /// Truth values first, then numbers by size, then texts by their bytes.
    pub fn order(&self, other: &Self) -> std::cmp::Ordering {
        match (self, other) {
            (Self::Flag(a), Self::Flag(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(flag) => write!(to, "{flag}"),
            Self::Number(x) => write!(to, "{x}"),
            Self::Text(text) => to.write_str(text),
        }
    }
}

/// Distinct names in order; a name's code is its place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Names(pub Vec<Code>);

impl Names {
    /// Numbers a column: its distinct names in order. Cost: one sort.
    pub fn of<'a>(column: impl Iterator<Item = &'a Code>) -> Self {
        let mut names: Vec<&Code> = column.collect();
        names.sort_by(|a, b| a.order(b));
        names.dedup();
        Self(names.into_iter().cloned().collect())
    }

    /// The code of a name; none for names that are not there.
    pub fn code(&self, name: &Code) -> Option<u32> {
        let found = self.0.binary_search_by(|known| known.order(name)).ok()?;
        u32::try_from(found).ok()
    }

    /// The names as texts.
    pub fn texts(&self) -> Vec<String> {
        self.0.iter().map(Code::to_string).collect()
    }
}

/// Votes with the names their codes stand for.
#[derive(Clone, Debug, PartialEq)]
pub struct VoteTable {
    /// The votes.
    pub votes: Votes,
    /// Names of items.
    pub items: Names,
    /// Names of annotators.
    pub annotators: Names,
    /// Names of labels.
    pub labels: Names,
}

impl VoteTable {
    /// Numbers rows of item, annotator and label.
    ///
    /// Errors: as [`Votes::from_rows`]. Cost: three sorts.
    pub fn from_rows(rows: &[(Code, Code, Code)]) -> Result<Self, VotesError> {
        let items = Names::of(rows.iter().map(|row| &row.0));
        let annotators = Names::of(rows.iter().map(|row| &row.1));
        let labels = Names::of(rows.iter().map(|row| &row.2));
        let codes = |names: &Names, of: fn(&(Code, Code, Code)) -> &Code| -> Vec<u32> {
            rows.iter().filter_map(|row| names.code(of(row))).collect()
        };
        let votes = Votes::from_rows(
            &codes(&items, |row| &row.0),
            &codes(&annotators, |row| &row.1),
            &codes(&labels, |row| &row.2),
        )?;
        Ok(Self {
            votes,
            items,
            annotators,
            labels,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_numbered_in_order() {
        let number = |x: f64| Code::Number(x);
        let text = |t: &str| Code::Text(t.to_owned());
        let rows = [
            (text("b"), text("w"), number(10.0)),
            (text("a"), text("w"), number(9.0)),
        ];
        let table = VoteTable::from_rows(&rows).unwrap();
        assert_eq!(table.items.texts(), ["a", "b"]);
        assert_eq!(table.labels.texts(), ["9", "10"]);
        assert_eq!(table.votes.labels_of(1), [1]);
        assert_eq!(table.labels.code(&text("c")), None);
    }
}
