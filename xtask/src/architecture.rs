//! What `ARCHITECTURE.md` says about the rooms, read as data.
//!
//! Read [`Room`] first. The rooms block gives each room its sentence, the table its edges and its
//! heavy crates. Not here: whether the code obeys (`deps`, `tidy`).

use crate::shell;
use anyhow::{Context as _, Result, bail};
use std::collections::{BTreeMap, BTreeSet};

/// One room of the house.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Room {
    /// What it is for: the head sentence of its crate.
    pub(crate) sentence: String,
    /// Rooms it may depend on.
    pub(crate) edges: BTreeSet<String>,
    /// Rooms it may depend on behind a feature that is off by default.
    pub(crate) optional_edges: BTreeSet<String>,
    /// Heavy crates it may name.
    pub(crate) heavy: BTreeSet<String>,
    /// Words its shipped code must not contain.
    pub(crate) banned: BTreeSet<String>,
}

/// The rooms by name.
pub(crate) fn rooms() -> Result<BTreeMap<String, Room>> {
    let page = std::fs::read_to_string(shell::root().join("ARCHITECTURE.md"))
        .context("`ARCHITECTURE.md` could not be read")?;
    parse(&page)
}

/// Reads the rooms block and the table of the page.
fn parse(page: &str) -> Result<BTreeMap<String, Room>> {
    let mut rooms: BTreeMap<String, Room> = BTreeMap::new();
    for line in page.lines().skip_while(|l| *l != "crates/").skip(1) {
        let Some((name, sentence)) = line
            .strip_prefix("  ")
            .and_then(|line| line.split_once('/'))
        else {
            break;
        };
        let room = Room {
            sentence: sentence.trim().to_owned(),
            ..Room::default()
        };
        rooms.insert(name.trim().to_owned(), room);
    }
    if rooms.is_empty() {
        bail!("`ARCHITECTURE.md` holds no block of rooms under `crates/`");
    }
    let names: BTreeSet<String> = rooms.keys().cloned().collect();
    let mut rows = 0;
    for line in page
        .lines()
        .skip_while(|l| !l.starts_with("| room |"))
        .skip(2)
    {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [who, edges, heavy, banned] = cells[..] else {
            break;
        };
        rows += 1;
        for name in who.split(',').map(str::trim) {
            let room = rooms.get_mut(name).with_context(|| {
                format!("the table has a row for `{name}`, the rooms block has not")
            })?;
            let (always, optional) = edges.split_once(';').unwrap_or((edges, ""));
            room.edges = room_names(always, &names);
            room.optional_edges = room_names(optional, &names);
            room.heavy = in_backticks(heavy);
            room.banned = in_backticks(banned);
        }
    }
    if rows == 0 {
        bail!("`ARCHITECTURE.md` holds no table that begins with `| room |`");
    }
    Ok(rooms)
}

/// The words of a cell that are rooms.
fn room_names(cell: &str, names: &BTreeSet<String>) -> BTreeSet<String> {
    cell.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| names.contains(*word))
        .map(str::to_owned)
        .collect()
}

/// The words of a cell that stand in backticks.
fn in_backticks(cell: &str) -> BTreeSet<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_and_table_are_read() {
        let page = "```\ncrates/\n  a/  first things\n  b/  second things\nxtask/\n```\n\n| room | may depend on | heavy | must not |\n|---|---|---|---|\n| a | – | `zstd`, nothing else | `std::fs` |\n| b | a; b under `platform` | – | HTTP |\n\nend";
        let rooms = parse(page).expect("parses");
        assert_eq!(rooms["a"].sentence, "first things");
        assert_eq!(rooms["a"].heavy, BTreeSet::from(["zstd".to_owned()]));
        assert_eq!(rooms["a"].banned, BTreeSet::from(["std::fs".to_owned()]));
        assert_eq!(rooms["b"].edges, BTreeSet::from(["a".to_owned()]));
        assert_eq!(rooms["b"].optional_edges, BTreeSet::from(["b".to_owned()]));
    }

    #[test]
    fn the_real_page_parses() {
        let rooms = rooms().expect("parses");
        assert!(rooms["check"].edges.contains("formats"));
        assert!(rooms["measure"].edges.is_empty());
    }
}
