//! Votes as integer codes in flat arrays.

use serde::Serialize;

/// Why votes cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum VotesError {
    /// Columns of different lengths.
    #[error("`{what}` has `{found}` entries, expected `{expected}`; hint: one for each row")]
    Length {
        /// Which column.
        what: &'static str,
        /// Entries seen.
        found: usize,
        /// Entries expected.
        expected: usize,
    },
    /// No votes at all.
    #[error("no votes; hint: rows of item, annotator and label are needed")]
    Empty,
    /// Codes with gaps so large that memory would be wasted.
    #[error(
        "`{what}` has the code `{code}` in `{rows}` rows; hint: number them from 0 without gaps"
    )]
    Sparse {
        /// Which column.
        what: &'static str,
        /// The code seen.
        code: u32,
        /// Rows there are.
        rows: usize,
    },
    /// A single label, where labels are to be told apart.
    #[error(
        "all `{votes}` votes have the same label, so there is nothing to tell apart; hint: at least two labels are needed"
    )]
    OneLabel {
        /// Votes seen.
        votes: usize,
    },
    /// No item that two people voted on.
    #[error("no item has two votes; hint: let at least two annotators label the same items")]
    NoOverlap,
    /// A number outside its range.
    #[error("`{what}` is `{value}`; hint: {expected}")]
    BadNumber {
        /// Which number.
        what: &'static str,
        /// The value seen.
        value: f64,
        /// What it must be.
        expected: &'static str,
    },
}

/// Votes grouped by item: every item's votes lie together, ordered by annotator.
///
/// Items, annotators and labels are codes from 0. Memory: 8 bytes per vote and 8 per item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Votes {
    starts: Vec<usize>,
    annotators: Vec<u32>,
    labels: Vec<u32>,
    n_annotators: usize,
    n_labels: usize,
    repeated: usize,
}

/// Votes of the same people grouped by annotator: items ascend within each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Grouped {
    /// Where each annotator's votes start; one more than annotators.
    pub starts: Vec<usize>,
    /// Item of each vote.
    pub items: Vec<u32>,
    /// Label of each vote.
    pub labels: Vec<u32>,
}

impl Grouped {
    /// Items and labels of an annotator.
    pub fn of(&self, annotator: usize) -> (&[u32], &[u32]) {
        let range = self.starts[annotator]..self.starts[annotator + 1];
        (&self.items[range.clone()], &self.labels[range])
    }
}

/// One more than the largest code.
fn size(what: &'static str, codes: &[u32]) -> Result<usize, VotesError> {
    let rows = codes.len();
    let Some(&code) = codes.iter().max() else {
        return Err(VotesError::Empty);
    };
    // Codes come from numbering distinct values, of which there are at most as many as rows; labels may be more.
    if code as usize >= rows.max(1 << 16) {
        return Err(VotesError::Sparse { what, code, rows });
    }
    Ok(code as usize + 1)
}

/// Where each group starts, from how large groups are.
fn starts_of(codes: &[u32], groups: usize) -> Vec<usize> {
    let mut starts = vec![0; groups + 1];
    for &code in codes {
        starts[code as usize + 1] += 1;
    }
    let mut total = 0;
    for start in &mut starts {
        total += *start;
        *start = total;
    }
    starts
}

impl Votes {
    /// Groups rows of a long table: one item, annotator and label code per vote, in any order.
    ///
    /// Of several votes of an annotator on the same item the last counts; [`Votes::repeated`] tells how many were left
    /// out. Errors: columns of other lengths, no rows, codes with gaps. Cost: two passes, plus sorting within items.
    pub fn from_rows(
        items: &[u32],
        annotators: &[u32],
        labels: &[u32],
    ) -> Result<Self, VotesError> {
        let expected = items.len();
        for (what, found) in [("annotators", annotators.len()), ("labels", labels.len())] {
            if found != expected {
                return Err(VotesError::Length {
                    what,
                    found,
                    expected,
                });
            }
        }
        let n_items = size("items", items)?;
        let n_annotators = size("annotators", annotators)?;
        let n_labels = size("labels", labels)?;
        let starts = starts_of(items, n_items);
        let mut next = starts.clone();
        let mut grouped = vec![(0_u32, 0_u32); expected];
        for ((&item, &annotator), &label) in items.iter().zip(annotators).zip(labels) {
            let at = &mut next[item as usize];
            grouped[*at] = (annotator, label);
            *at += 1;
        }
        let mut votes = Self {
            starts: Vec::with_capacity(n_items + 1),
            annotators: Vec::with_capacity(expected),
            labels: Vec::with_capacity(expected),
            n_annotators,
            n_labels,
            repeated: 0,
        };
        votes.starts.push(0);
        for item in 0..n_items {
            let group = &mut grouped[starts[item]..starts[item + 1]];
            if !group.is_sorted_by_key(|vote| vote.0) {
                group.sort_by_key(|vote| vote.0);
            }
            let begin = votes.labels.len();
            for &(annotator, label) in group.iter() {
                let is_again =
                    votes.labels.len() > begin && votes.annotators.last() == Some(&annotator);
                if is_again {
                    votes.repeated += 1;
                    if let Some(last) = votes.labels.last_mut() {
                        *last = label;
                    }
                } else {
                    votes.annotators.push(annotator);
                    votes.labels.push(label);
                }
            }
            votes.starts.push(votes.labels.len());
        }
        Ok(votes)
    }

    /// The same votes with at least `n` labels, for labels that nobody gave.
    #[must_use]
    pub fn with_labels(mut self, n: usize) -> Self {
        self.n_labels = self.n_labels.max(n);
        self
    }

    /// The same votes with other labels below `labels`. Errors: a label out of range.
    pub fn relabeled(&self, labels: usize, of: impl Fn(u32) -> u32) -> Result<Self, VotesError> {
        let mut out = self.clone();
        out.n_labels = labels;
        for y in &mut out.labels {
            *y = of(*y);
            if *y as usize >= labels {
                return Err(VotesError::BadNumber {
                    what: "label",
                    value: f64::from(*y),
                    expected: "a code below the number of labels",
                });
            }
        }
        Ok(out)
    }

    /// Number of items, those without votes included.
    pub fn items(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of annotators.
    pub fn annotators(&self) -> usize {
        self.n_annotators
    }

    /// Number of labels.
    pub fn labels(&self) -> usize {
        self.n_labels
    }

    /// Number of votes that count.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none; never for what [`Votes::from_rows`] made.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Votes left out because the same annotator voted again on the same item.
    pub fn repeated(&self) -> usize {
        self.repeated
    }

    /// Labels an item was given, ordered by annotator.
    pub fn labels_of(&self, item: usize) -> &[u32] {
        &self.labels[self.starts[item]..self.starts[item + 1]]
    }

    /// Annotators and labels of an item.
    pub fn of(&self, item: usize) -> (&[u32], &[u32]) {
        let range = self.starts[item]..self.starts[item + 1];
        (&self.annotators[range.clone()], &self.labels[range])
    }

    /// Annotators and labels of every item in turn.
    pub fn iter(&self) -> impl Iterator<Item = (&[u32], &[u32])> {
        (0..self.items()).map(|item| self.of(item))
    }

    /// The votes grouped by annotator. Cost: one pass.
    pub fn by_annotator(&self) -> Grouped {
        let starts = starts_of(&self.annotators, self.n_annotators);
        let mut next = starts.clone();
        let mut items = vec![0; self.len()];
        let mut labels = vec![0; self.len()];
        for (item, (annotators, given)) in (0_u32..).zip(self.iter()) {
            for (&annotator, &label) in annotators.iter().zip(given) {
                let at = &mut next[annotator as usize];
                items[*at] = item;
                labels[*at] = label;
                *at += 1;
            }
        }
        Grouped {
            starts,
            items,
            labels,
        }
    }

    /// Distinct labels that were given.
    pub fn labels_used(&self) -> usize {
        let mut seen = vec![false; self.n_labels];
        for &label in &self.labels {
            seen[label as usize] = true;
        }
        seen.iter().filter(|s| **s).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_in_any_order_are_grouped_and_the_last_of_repeated_votes_counts() {
        let votes = Votes::from_rows(&[1, 0, 1, 0, 1], &[1, 0, 0, 1, 1], &[2, 0, 1, 1, 0]).unwrap();
        assert_eq!(
            (votes.items(), votes.annotators(), votes.labels()),
            (2, 2, 3)
        );
        assert_eq!(votes.of(0), (&[0, 1][..], &[0, 1][..]));
        assert_eq!(votes.of(1), (&[0, 1][..], &[1, 0][..]));
        assert_eq!((votes.repeated(), votes.len()), (1, 4));
        let grouped = votes.by_annotator();
        assert_eq!(grouped.of(1), (&[0, 1][..], &[1, 0][..]));
        assert_eq!(votes.labels_used(), 2);
    }

    #[test]
    fn columns_that_do_not_fit_are_refused() {
        assert_eq!(Votes::from_rows(&[], &[], &[]), Err(VotesError::Empty));
        assert!(matches!(
            Votes::from_rows(&[0], &[0, 1], &[0]),
            Err(VotesError::Length { .. })
        ));
        assert!(matches!(
            Votes::from_rows(&[0], &[u32::MAX], &[0]),
            Err(VotesError::Sparse { .. })
        ));
    }
}
