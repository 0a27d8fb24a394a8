//! Reading files that people write: strictly, with the line and the nearest valid word.
//!
//! Read [`FileError`] first. The types of a file say what is valid in it; reading, its canonical text and its JSON Schema
//! all come from them, so that no list of keys is kept twice.
//!
//! Not here: what the files say ([`crate::contract`], [`crate::ontology`]); where they lie.

use crate::{hexadecimal, nearest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_saphyr::Error as Yaml;
use sha2::Digest as _;

/// Valid words shown when none is near.
const SHOWN: usize = 16;
/// Longest piece of the file shown, characters.
const PIECE: usize = 60;

/// What is wrong with a file a person wrote.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line `{line}`: {fault}")]
pub struct FileError {
    /// What the file should be: `contract`, `ontology`.
    pub file: &'static str,
    /// Line, from 1; 0 where the fault is of the file as a whole.
    pub line: u64,
    /// What is wrong there.
    pub fault: Fault,
}

/// One fault of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not YAML.
    #[error("not valid YAML: {message}\nhint: correct the line, or the one before it")]
    Yaml {
        /// What the parser says.
        message: String,
    },
    /// A key or word that is none here.
    #[error("unknown {what} `{word}`{}", hint_of(.word, .valid))]
    Unknown {
        /// `key`, or what the word should be: `unit`, `step`.
        what: &'static str,
        /// The word.
        word: String,
        /// What is valid there.
        valid: Vec<String>,
    },
    /// A key that must be there.
    #[error("`{key}` is missing\nhint: add `{key}: …` to the part that begins here")]
    Missing {
        /// The key.
        key: String,
    },
    /// A value of the wrong type.
    #[error("`{value}` is not {expected}\nhint: correct the value")]
    Value {
        /// What was seen.
        value: String,
        /// What is expected.
        expected: String,
    },
    /// What contradicts itself or something else in the file; the text ends with a hint.
    #[error("{message}")]
    Contradiction {
        /// What contradicts what.
        message: String,
    },
}

fn hint_of(word: &str, valid: &[String]) -> String {
    match nearest(word, valid.iter().map(String::as_str)) {
        Some(near) => format!("\nhint: did you mean `{near}`?"),
        None if valid.is_empty() => "\nhint: nothing is valid here".to_owned(),
        None => {
            let shown: Vec<_> = valid.iter().take(SHOWN).map(|v| format!("`{v}`")).collect();
            let more = if valid.len() > SHOWN { ", …" } else { "" };
            format!("\nhint: valid here are {}{more}", shown.join(", "))
        }
    }
}

impl FileError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self.fault {
            Fault::Yaml { .. } => "file.yaml",
            Fault::Unknown { .. } => "file.unknown",
            Fault::Missing { .. } => "file.missing",
            Fault::Value { .. } => "file.value",
            Fault::Contradiction { .. } => "file.contradiction",
        }
    }
}

/// A fault on its way through `serde`, which carries texts only: an unknown word is told from a sentence by its marks.
const MARK: char = '\u{1}';

/// The text of an unknown word for `serde::de::Error::custom` and `try_from`; [`read`] makes it [`Fault::Unknown`].
pub(crate) fn unknown_word<'a>(
    what: &str,
    word: &str,
    valid: impl IntoIterator<Item = &'a str>,
) -> String {
    let mut text = format!("{MARK}{what}{MARK}{word}");
    for valid in valid {
        text.push(MARK);
        text.push_str(valid);
    }
    text
}

/// The value a file describes; unknown keys, keys that stand twice and wrong types are errors with their line.
pub(crate) fn read<T: DeserializeOwned>(file: &'static str, yaml: &str) -> Result<T, FileError> {
    serde_saphyr::from_str(yaml).map_err(|error| {
        let error = error.without_snippet();
        let place = error.location();
        FileError {
            file,
            line: place.map_or(0, |place| place.line()),
            fault: fault(error, piece(yaml, place)),
        }
    })
}

fn fault(error: &Yaml, piece: String) -> Fault {
    let words = |valid: &[&'static str]| valid.iter().map(|word| (*word).to_owned()).collect();
    match error {
        Yaml::SerdeUnknownField {
            field, expected, ..
        } => Fault::Unknown {
            what: "key",
            word: field.clone(),
            valid: words(expected),
        },
        Yaml::SerdeUnknownVariant {
            variant, expected, ..
        } => Fault::Unknown {
            what: "word",
            word: variant.clone(),
            valid: words(expected),
        },
        Yaml::SerdeMissingField { field, .. } => Fault::Missing {
            key: (*field).to_owned(),
        },
        Yaml::SerdeInvalidType { expected, .. } | Yaml::SerdeInvalidValue { expected, .. } => {
            Fault::Value {
                value: piece,
                expected: expected.clone(),
            }
        }
        Yaml::InvalidScalar { ty, .. } => Fault::Value {
            value: piece,
            expected: match *ty {
                "floating point" => "a number".to_owned(),
                "bool" | "boolean" => "`true` or `false`".to_owned(),
                _ => "a whole number in range".to_owned(),
            },
        },
        Yaml::NullIntoString { .. } => Fault::Value {
            value: piece,
            expected: "a text; the word null is written with quotes".to_owned(),
        },
        Yaml::Unexpected { expected, .. } => Fault::Value {
            value: piece,
            expected: match *expected {
                "string scalar" => "a text".to_owned(),
                "sequence start" => "a list".to_owned(),
                "mapping start" => "a mapping of keys to values".to_owned(),
                other => other.to_owned(),
            },
        },
        Yaml::Message { msg, .. } => marked(msg),
        other => Fault::Yaml {
            message: first_line(&other.to_string()),
        },
    }
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let line = line.split(", set DuplicateKeyPolicy").next();
    let line = line.and_then(|line| line.split(" at line ").next());
    line.unwrap_or_default().to_owned()
}

fn marked(message: &str) -> Fault {
    let mut parts = message.split(MARK).map(str::to_owned);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(before), Some(what), Some(word)) if before.is_empty() => Fault::Unknown {
            what: WHATS
                .iter()
                .find(|known| **known == what)
                .copied()
                .unwrap_or("word"),
            word,
            valid: parts.collect(),
        },
        _ => Fault::Contradiction {
            message: message.to_owned(),
        },
    }
}

/// What an unknown word may be meant as.
const WHATS: [&str; 5] = ["unit", "type", "table", "class", "column"];

/// What stands in the file at a place, up to the end of the value.
fn piece(yaml: &str, place: Option<serde_saphyr::Location>) -> String {
    let Some(place) = place else {
        return String::new();
    };
    let line = usize::try_from(place.line()).unwrap_or(usize::MAX);
    let column = usize::try_from(place.column()).unwrap_or(usize::MAX);
    let text = yaml.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let rest: String = text.chars().skip(column.saturating_sub(1)).collect();
    let end = if rest.starts_with(['[', '{']) {
        rest.len()
    } else {
        rest.find([',', '}', ']']).unwrap_or(rest.len())
    };
    let value = rest.get(..end).unwrap_or_default();
    let value = value.split(" #").next().unwrap_or_default().trim();
    value.chars().take(PIECE).collect()
}

/// What is wrong between parts of a file, found after it was read: the words that lead to the place, and the message.
pub(crate) type Crossed = (Vec<String>, String);

/// A fault between parts of a file.
pub(crate) fn contradiction(
    file: &'static str,
    yaml: &str,
    (words, message): Crossed,
) -> FileError {
    FileError {
        file,
        line: line_of(yaml, &words),
        fault: Fault::Contradiction { message },
    }
}

/// The line of the last of some words, each looked for by itself from the line of the one before it on; the line of the
/// one before where it stands nowhere, 0 for none: what is wrong between two parts of a file is found after reading,
/// when places are gone.
fn line_of(yaml: &str, words: &[String]) -> u64 {
    let is_part = |c: char| c.is_alphanumeric() || "_-./*".contains(c);
    let holds = |line: &str, word: &str| {
        line.match_indices(word).any(|(at, _)| {
            let before = line.get(..at).and_then(|text| text.chars().next_back());
            let after = line.get(at + word.len()..);
            let after = after.and_then(|text| text.chars().next());
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })
    };
    let mut found = 0;
    for word in words.iter().filter(|word| !word.is_empty()) {
        let mut lines = yaml.lines().enumerate().skip(found.max(1) - 1);
        if let Some((at, _)) = lines.find(|(_, line)| holds(line, word)) {
            found = at + 1;
        }
    }
    found as u64
}

/// One text per value: keys sorted, no spaces, numbers in their shortest form. None where it cannot be written, as a map
/// whose keys are no texts; what was read from a file always can.
pub fn canonical_json<T: Serialize>(value: &T) -> Option<String> {
    // A value's map sorts its keys.
    let value = serde_json::to_value(value).ok()?;
    Some(value.to_string())
}

/// SHA-256 of [`canonical_json`], hexadecimal.
pub(crate) fn digest<T: Serialize>(value: &T) -> String {
    let text = canonical_json(value).unwrap_or_default();
    hexadecimal(&sha2::Sha256::digest(text.as_bytes()))
}

/// Whether a value is what it is when nothing is said: such keys are left out of the canonical text, so that a key that
/// is added to the form later changes no digest.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

pub(crate) const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
pub(crate) const fn is_true(value: &bool) -> bool {
    *value
}
