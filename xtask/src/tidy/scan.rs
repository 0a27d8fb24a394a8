//! A small reading of Rust source: what is code, what is a comment, a string or a test.
//!
//! Read [`Source`] first. Not here: a parser; the rules need words, braces and line numbers only.

/// A source file with comments and literals blanked out, byte for byte as long as the original.
pub(crate) struct Source {
    /// Comments are spaces, the inside of literals is `"`; line breaks stay.
    pub(crate) code: String,
    /// Like `code`, with `#[cfg(test)]` items blanked out too.
    pub(crate) shipped: String,
}

/// A function and how long it is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// Line of its `fn`, from 1.
    pub(crate) line: usize,
    /// Lines from `fn` to the closing brace that hold code.
    pub(crate) length: usize,
}

impl Source {
    /// Reads `text`.
    pub(crate) fn new(text: &str) -> Self {
        let code = mask(text);
        let shipped = without_tests(&code);
        Self { code, shipped }
    }

    /// The functions outside tests, outer and nested ones.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let bytes = self.shipped.as_bytes();
        let mut found = Vec::new();
        for at in words(&self.shipped, "fn") {
            let name: String = self.shipped[at + 2..]
                .trim_start()
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            if name.is_empty() {
                continue;
            }
            let Some(open) = body_start(bytes, at) else {
                continue;
            };
            let end = matching(bytes, open);
            let length = self.shipped[at..end]
                .lines()
                .filter(|line| !line.trim().is_empty())
                .count();
            found.push(Function {
                name,
                line: line_of(&self.shipped, at),
                length,
            });
        }
        found
    }
}

/// Line number of a byte offset, from 1.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text[..at].bytes().filter(|b| *b == b'\n').count() + 1
}

/// Offsets where `word` stands as a path or identifier of its own.
pub(crate) fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |at| {
            !text[..*at].ends_with(part) && !text[at + word.len()..].starts_with(part)
        })
}

/// Blanks comments and the inside of literals.
fn mask(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let (length, fill) = if rest.starts_with(b"//") {
            (
                rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len()),
                b' ',
            )
        } else if rest.starts_with(b"/*") {
            (block_comment(rest), b' ')
        } else if let Some(length) = literal(bytes, at) {
            (length, b'"')
        } else {
            at += 1;
            continue;
        };
        for byte in &mut out[at..at + length] {
            if *byte != b'\n' {
                *byte = fill;
            }
        }
        at += length;
    }
    // Only whole literals and comments were overwritten, with ASCII, so this loses nothing.
    String::from_utf8_lossy(&out).into_owned()
}

/// Length of a block comment, which may nest.
fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// Length of the string, byte string, raw string or character literal that starts at `at`.
fn literal(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    let inside_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    match rest.first()? {
        b'"' => Some(quoted(rest, b'"')),
        b'\'' => character(rest),
        b'r' | b'b' | b'c' if !inside_word => {
            let prefix = rest
                .iter()
                .take_while(|b| matches!(b, b'r' | b'b' | b'c'))
                .count();
            let hashes = rest[prefix..].iter().take_while(|b| **b == b'#').count();
            let raw = rest[..prefix].contains(&b'r');
            match rest.get(prefix + hashes)? {
                b'"' if raw => {
                    let close: Vec<u8> = std::iter::once(b'"')
                        .chain(std::iter::repeat_n(b'#', hashes))
                        .collect();
                    let body = prefix + hashes + 1;
                    let end = rest[body..].windows(close.len()).position(|w| w == close);
                    Some(end.map_or(rest.len(), |end| body + end + close.len()))
                }
                b'"' if hashes == 0 => Some(prefix + quoted(&rest[prefix..], b'"')),
                b'\'' if hashes == 0 && prefix == 1 => Some(1 + quoted(&rest[1..], b'\'')),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Length of a literal with escapes that begins and ends with `quote`.
fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        if rest[at] == b'\\' {
            at += 2;
        } else if rest[at] == quote {
            return at + 1;
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// Length of a character literal; none for a lifetime.
fn character(rest: &[u8]) -> Option<usize> {
    if rest.get(1) == Some(&b'\\') {
        return Some(quoted(rest, b'\''));
    }
    let text = std::str::from_utf8(&rest[1..rest.len().min(6)])
        .or_else(|e| std::str::from_utf8(&rest[1..=e.valid_up_to()]))
        .ok()?;
    let width = text.chars().next()?.len_utf8();
    (rest.get(1 + width) == Some(&b'\'')).then_some(width + 2)
}

/// Blanks every item behind `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let mut out = code.as_bytes().to_vec();
    for (at, _) in code.match_indices("#[cfg(test)]") {
        let bytes = code.as_bytes();
        let end = match body_start(bytes, at + "#[cfg(test)]".len()) {
            Some(open) => matching(bytes, open),
            None => code[at..].find(';').map_or(code.len(), |end| at + end + 1),
        };
        for byte in &mut out[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The brace that opens the body of the item at `at`; none for one that ends in `;`.
fn body_start(bytes: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (offset, byte) in bytes.iter().enumerate().skip(at) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b';' if depth == 0 => return None,
            b'{' if depth == 0 => return Some(offset),
            _ => {}
        }
    }
    None
}

/// One past the brace that closes the one at `open`.
fn matching(bytes: &[u8], open: usize) -> usize {
    let mut depth = 0usize;
    for (offset, byte) in bytes.iter().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return offset + 1;
                }
            }
            _ => {}
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_lengths_kept() {
        let text =
            "let a = \"x // {\"; // y {\nlet b = 'c'; let c: &'a str = r#\"}\"#; /* { /* } */ */ z";
        let source = Source::new(text);
        assert_eq!(source.code.len(), text.len());
        assert!(!source.code.contains(['{', '}', 'x', 'y']));
        assert!(source.code.contains("&'a str"));
        assert!(source.code.ends_with(" z"));
    }

    #[test]
    fn functions_are_measured_without_blank_lines_comments_and_tests() {
        let text = "fn a<F: Fn(u8) -> [u8; 2]>(f: F) -> u8 {\n    // why\n\n    f(1)[0]\n}\ntrait T { fn b(&self); }\n#[cfg(test)]\nmod tests {\n    fn c() {}\n}\n";
        let found = Source::new(text).functions();
        assert_eq!(
            found,
            vec![Function {
                name: "a".to_owned(),
                line: 1,
                length: 3
            }]
        );
    }

    #[test]
    fn words_stand_alone() {
        assert_eq!(
            words("std::fs my_std::fs std::fsx std::fs::read", "std::fs").count(),
            2
        );
    }
}
