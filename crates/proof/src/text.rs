//! Spellings that have exactly one form: base64, decimal numbers and lines.
//!
//! Not here: hexadecimal, which `model` writes.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// Standard base64 with padding (RFC 4648, section 4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of standard base64 in its one valid spelling: padding is there, unused bits are 0.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// As [`from_base64`], in the standard or in the URL-safe alphabet (DSSE allows either).
pub(crate) fn from_either_base64(text: &str) -> Option<Vec<u8>> {
    if text.contains(['-', '_']) {
        URL_SAFE.decode(text).ok()
    } else {
        from_base64(text)
    }
}

/// A number in decimal digits without sign and leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let shortest = text == "0" || !text.starts_with('0');
    if plain && shortest {
        text.parse().ok()
    } else {
        None
    }
}

/// The start of a text from outside, to be named in an error.
pub(crate) fn shortened(text: &str) -> String {
    const LIMIT: usize = 80;
    let mut out: String = text.chars().take(LIMIT).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

/// The lines at the start of bytes whose rest is something else.
pub(crate) struct Lines<'a> {
    /// What has not been read.
    pub(crate) rest: &'a [u8],
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a str;

    /// The next line without its line break; none where none ends, or it is not UTF-8.
    fn next(&mut self) -> Option<&'a str> {
        let end = self.rest.iter().position(|byte| *byte == b'\n')?;
        let (line, after) = self.rest.split_at_checked(end)?;
        self.rest = after.get(1..)?;
        std::str::from_utf8(line).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_spelling_is_read() {
        assert_eq!(from_base64("AA=="), Some(vec![0]));
        for bad in ["AA", "AB==", "AA==\n", " AA==", "A-==", "AA=A"] {
            assert_eq!(from_base64(bad), None, "{bad}");
        }
        assert_eq!(from_either_base64("_w=="), Some(vec![255]));
        assert_eq!(decimal("18446744073709551615"), Some(u64::MAX));
        for bad in [
            "",
            "+1",
            "-1",
            "00",
            "01",
            "1 ",
            "18446744073709551616",
            "１",
        ] {
            assert_eq!(decimal(bad), None, "{bad}");
        }
    }
}
