//! Rules about Rust: heads, lengths, words that have no place in a room.
//!
//! Not here: what clippy holds.

use super::scan::{Source, line_of, words};
use super::{Breaches, File};
use crate::architecture::Room;
use crate::shell;
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// Lines of code a function may have.
const MAX_FUNCTION: usize = 70;
/// Lines a file may have, tests included: a longer one holds more than one subject.
const MAX_FILE: usize = 800;

/// Words that have no place anywhere, and why.
const BANNED: &[(&str, &str)] = &[
    (concat!("to", "do!"), "is a stub"),
    (concat!("unimpl", "emented!"), "is a stub"),
    (concat!("#[ig", "nore"), "is a test nobody runs"),
    (
        concat!("#[al", "low"),
        "use `#[expect(.., reason = \"..\")]`",
    ),
    (
        concat!("#![al", "low"),
        "use `#![expect(.., reason = \"..\")]`",
    ),
];

/// Checks one file.
pub(crate) fn check_file(file: &File, rooms: &BTreeMap<String, Room>, breaches: &mut Breaches) {
    let source = Source::new(&file.text);
    let lines = file.text.lines().count();
    if lines > MAX_FILE {
        breaches.add(
            &file.path,
            1,
            &format!("has {lines} lines; at most {MAX_FILE}"),
        );
    }
    if !file.text.starts_with("//!") && !file.is_test() {
        breaches.add(&file.path, 1, "has no module head (`//!`)");
    }
    for (word, why) in BANNED {
        for (at, _) in source.code.match_indices(word) {
            breaches.add(
                &file.path,
                line_of(&source.code, at),
                &format!("`{word}` {why}"),
            );
        }
    }
    if file.is_test() {
        return;
    }
    for function in source.functions() {
        if function.length > MAX_FUNCTION {
            let what = format!(
                "`{}` has {} lines of code; at most {MAX_FUNCTION}",
                function.name, function.length
            );
            breaches.add(&file.path, function.line, &what);
        }
    }
    if let Some((name, room)) = room_of(&file.path, rooms) {
        check_room_words(file, &source.shipped, (name, room), breaches);
    }
}

/// The room whose `src` holds the file.
fn room_of<'a>(path: &Path, rooms: &'a BTreeMap<String, Room>) -> Option<(&'a str, &'a Room)> {
    let mut parts = path.iter().filter_map(|part| part.to_str());
    if parts.next() != Some("crates") {
        return None;
    }
    let (name, room) = rooms.get_key_value(parts.next()?)?;
    Some((name, room))
}

/// Words the room's row rules out.
fn check_room_words(file: &File, code: &str, (name, room): (&str, &Room), breaches: &mut Breaches) {
    for word in &room.banned {
        for at in words(code, word) {
            let what = format!("`{word}` has no place in `{name}` (ARCHITECTURE.md, Rooms)");
            breaches.add(&file.path, line_of(code, at), &what);
        }
        // `use std::{fs, io}` names `std::fs` as well.
        let Some(module) = word.strip_prefix("std::") else {
            continue;
        };
        for (at, _) in code.match_indices("use std::{") {
            let group = code[at..].split(';').next().unwrap_or_default();
            if group
                .split(['{', ',', '}'])
                .any(|item| item.trim().split("::").next() == Some(module))
            {
                let what =
                    format!("`std::{module}` has no place in `{name}` (ARCHITECTURE.md, Rooms)");
                breaches.add(&file.path, line_of(code, at), &what);
            }
        }
    }
}

/// The first sentence of every crate, its description and its row say the same.
pub(crate) fn check_crate_heads(
    rooms: &BTreeMap<String, Room>,
    breaches: &mut Breaches,
) -> Result<()> {
    let crates = shell::root().join("crates");
    for entry in std::fs::read_dir(&crates)? {
        let folder = entry?.path();
        if !folder.join("Cargo.toml").is_file() {
            continue;
        }
        let name = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let manifest = Path::new("crates").join(&name).join("Cargo.toml");
        let Some(room) = rooms.get(&name) else {
            breaches.add(&manifest, 1, "has no row in ARCHITECTURE.md");
            continue;
        };
        let root = ["lib.rs", "main.rs"].map(|f| folder.join("src").join(f));
        let root = root
            .iter()
            .find(|path| path.is_file())
            .context("a crate without root")?;
        let head = first_sentence(&std::fs::read_to_string(root)?);
        let description = std::fs::read_to_string(folder.join("Cargo.toml"))?
            .lines()
            .find_map(|line| line.strip_prefix("description = "))
            .unwrap_or_default()
            .trim_matches('"')
            .to_owned();
        for (what, said) in [("head", head), ("description", description)] {
            if plain(&said) != plain(&room.sentence) {
                let what = format!(
                    "{what} says `{said}`, its row in ARCHITECTURE.md `{}`",
                    room.sentence
                );
                breaches.add(&manifest, 1, &what);
            }
        }
    }
    Ok(())
}

/// The first paragraph of the module head, in one line.
fn first_sentence(text: &str) -> String {
    text.lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(str::trim)
        .take_while(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A sentence without what differs between a heading, a list and a description.
fn plain(sentence: &str) -> String {
    let sentence = sentence.replace('`', "").replace("->", "→");
    let sentence = sentence.trim_end_matches('.');
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    fn breaches(path: &str, text: &str) -> Vec<String> {
        let room = Room {
            banned: BTreeSet::from(["std::fs".to_owned(), "tokio".to_owned()]),
            ..Room::default()
        };
        let rooms = BTreeMap::from([("measure".to_owned(), room)]);
        let file = File {
            path: PathBuf::from(path),
            text: text.to_owned(),
        };
        let mut found = Breaches::default();
        check_file(&file, &rooms, &mut found);
        found.0
    }

    #[test]
    fn each_rule_fires_once() {
        let pure = "crates/measure/src/a.rs";
        assert_eq!(breaches(pure, "fn a() {}\n").len(), 1);
        assert_eq!(breaches(pure, "//! A.\nuse std::fs::read;\n").len(), 1);
        assert_eq!(breaches(pure, "//! A.\nuse std::{io, fs};\n").len(), 1);
        let long = format!("//! A.\nfn a() {{\n{}}}\n", "    b();\n".repeat(70));
        assert_eq!(breaches(pure, &long).len(), 1);
        let stub = format!("//! A.\nfn a() {{ {}() }}\n", BANNED[0].0);
        assert_eq!(breaches(pure, &stub).len(), 1);
        assert_eq!(
            breaches(pure, &format!("//! A.\n{}", "\n".repeat(800))).len(),
            1
        );
    }

    #[test]
    fn words_in_comments_strings_tests_and_other_rooms_are_fine() {
        let text = "//! A: std::fs.\nconst A: &str = \"tokio\";\n#[cfg(test)]\nmod tests {\n    use std::fs::read;\n}\n";
        assert_eq!(
            breaches("crates/measure/src/a.rs", text),
            Vec::<String>::new()
        );
        assert_eq!(
            breaches("crates/engine/src/a.rs", "//! A.\nuse std::fs::read;\n"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn heads_are_compared_without_case_and_full_stop() {
        assert_eq!(plain("The science: `a` -> b."), plain("the science: a → b"));
        assert_eq!(
            first_sentence("//! One\n//! two.\n//!\n//! More.\n"),
            "One two."
        );
    }
}
