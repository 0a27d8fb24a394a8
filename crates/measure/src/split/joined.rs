//! Rows that share a word, joined.

use std::collections::BTreeMap;

/// Gives every row the number of its group: rows that share any word are in one, and so on from row to row. Groups are
/// numbered by their first rows; a row without words is a group of its own. Cost: nearly linear.
pub fn joined<'a>(rows: impl IntoIterator<Item = &'a [String]>) -> Vec<usize> {
    let mut parents: Vec<usize> = Vec::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (row, words) in rows.into_iter().enumerate() {
        parents.push(row);
        for word in words {
            match seen.get(word.as_str()) {
                Some(other) => join(&mut parents, *other, row),
                None => {
                    seen.insert(word, row);
                }
            }
        }
    }
    (0..parents.len())
        .map(|row| root(&mut parents, row))
        .collect()
}

fn join(parents: &mut [usize], one: usize, other: usize) {
    let (one, other) = (root(parents, one), root(parents, other));
    // The smaller is the root, so that groups are named by their first rows.
    if let Some(parent) = parents.get_mut(one.max(other)) {
        *parent = one.min(other);
    }
}

fn root(parents: &mut [usize], row: usize) -> usize {
    let mut at = row;
    while let Some(parent) = parents.get(at).copied().filter(|parent| *parent != at) {
        // Half of the way is skipped the next time.
        let above = parents.get(parent).copied().unwrap_or(parent);
        if let Some(place) = parents.get_mut(at) {
            *place = above;
        }
        at = above;
    }
    at
}
