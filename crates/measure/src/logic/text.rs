//! The words of a formula.
//!
//! Read [`words`] first. Not here: their grammar (`parse`).

use super::{LogicError, MAX_TEXT_BYTES};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Word<'a> {
    Number(f64),
    Name(&'a str),
    Symbol(&'static str),
    End,
}

/// A word and where it begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Placed<'a> {
    pub(super) word: Word<'a>,
    /// 1 for the first character.
    pub(super) column: usize,
}

/// Longest first, so that `<->` is not read as `<`.
const SYMBOLS: &[&str] = &[
    "<->", "!==", "->", "<=", ">=", "==", "<", ">", "(", ")", "[", "]", ":", ",", ";", "=", "+",
    "-", "*", "/", "!", "&", "|",
];

/// The words of a text, `End` last. Comments are skipped.
pub(super) fn words(text: &str) -> Result<Vec<Placed<'_>>, LogicError> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(LogicError::Text {
            column: MAX_TEXT_BYTES,
            why: format!("the text has `{}` bytes", text.len()),
            hint: "at most 65536 are read",
        });
    }
    let mut found = Vec::new();
    let mut rest = text;
    // Characters before `rest`, counted as they are passed so that the cost stays linear.
    let mut column = 1;
    while let Some(first) = rest.chars().next() {
        let (word, bytes) = if first.is_whitespace() {
            (None, first.len_utf8())
        } else if rest.starts_with("//") {
            (None, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (None, rest.find("*/").map_or(rest.len(), |end| end + 2))
        } else if first.is_ascii_digit() || is_fraction(rest) {
            let (value, bytes) = number(rest, column)?;
            (Some(Word::Number(value)), bytes)
        } else if is_name_start(first) {
            let end = rest.find(|c: char| !is_name_part(c)).unwrap_or(rest.len());
            (rest.get(..end).map(Word::Name), end)
        } else if let Some(symbol) = SYMBOLS.iter().find(|s| rest.starts_with(**s)) {
            (Some(Word::Symbol(symbol)), symbol.len())
        } else {
            return Err(LogicError::Text {
                column,
                why: format!("`{first}` means nothing here"),
                hint: "signals are letters, digits, `_`, `$` and `.`",
            });
        };
        found.extend(word.map(|word| Placed { word, column }));
        let (passed, left) = rest.split_at(bytes);
        column += passed.chars().count();
        rest = left;
    }
    found.push(Placed {
        word: Word::End,
        column,
    });
    Ok(found)
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == '$'
}

fn is_name_part(c: char) -> bool {
    is_name_start(c) || c.is_ascii_digit() || c == '.'
}

/// `.5`
fn is_fraction(rest: &str) -> bool {
    let mut chars = rest.chars();
    chars.next() == Some('.') && chars.next().is_some_and(|c| c.is_ascii_digit())
}

/// A decimal number at the begin of `rest` and its length.
fn number(rest: &str, column: usize) -> Result<(f64, usize), LogicError> {
    let bytes = rest.as_bytes();
    let digits = |from: usize| {
        let count = bytes.iter().skip(from).take_while(|b| b.is_ascii_digit());
        from + count.count()
    };
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    let text = rest.get(..end).unwrap_or_default();
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok((value, end)),
        _ => Err(LogicError::Text {
            column,
            why: format!("`{text}` is no finite number"),
            hint: "write decimals such as 0.95 or 1e-3",
        }),
    }
}
