//! Pull scanner over JSON text: finds values without building a tree.
//!
//! It is lenient: what it skips is not validated beyond balance. Strings are borrowed unless they
//! hold escapes.

use super::error::{DecodeCause, DecodeError};
use std::borrow::Cow;

/// Deepest nesting that is skipped.
const MAX_DEPTH: usize = 128;

/// A position in JSON text.
#[derive(Clone, Debug)]
pub(crate) struct Scanner<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Scanner<'a> {
    /// A scanner at the start of a document.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// An error at the current position.
    #[cold]
    pub(crate) fn error(&self, reason: &str) -> DecodeError {
        DecodeError::new(
            self.position,
            DecodeCause::Json {
                reason: reason.to_owned(),
            },
        )
    }

    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.position).copied()
    }

    fn bump(&mut self) {
        self.position = self.position.saturating_add(1);
    }

    /// The next byte that is not white space, not consumed.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.byte() {
            self.bump();
        }
        self.byte()
    }

    fn expect(&mut self, wanted: u8, reason: &str) -> Result<(), DecodeError> {
        if self.peek() == Some(wanted) {
            self.bump();
            return Ok(());
        }
        Err(self.error(reason))
    }

    /// Bytes of a string between its quotes, escapes as written.
    pub(crate) fn raw_string(&mut self) -> Result<&'a [u8], DecodeError> {
        self.expect(b'"', "expected a string")?;
        let start = self.position;
        loop {
            match self.byte() {
                Some(b'"') => {
                    let raw = self.bytes.get(start..self.position).unwrap_or(&[]);
                    self.bump();
                    return Ok(raw);
                }
                Some(b'\\') => {
                    self.bump();
                    self.bump();
                }
                Some(_) => self.bump(),
                None => return Err(self.error("the text ends inside a string")),
            }
        }
    }

    /// A string with its escapes resolved.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        let raw = self.raw_string()?;
        let text = std::str::from_utf8(raw).map_err(|_| self.error("a string is not UTF-8"))?;
        if !raw.contains(&b'\\') {
            return Ok(Cow::Borrowed(text));
        }
        serde_json::from_str(&format!("\"{text}\""))
            .map(Cow::Owned)
            .map_err(|_| self.error("a string holds a wrong escape"))
    }

    /// Text of a number, `true`, `false` or `null`.
    pub(crate) fn literal(&mut self) -> Result<&'a str, DecodeError> {
        let _ = self.peek();
        let start = self.position;
        while let Some(b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'+' | b'-' | b'.') = self.byte() {
            self.bump();
        }
        let raw = self.bytes.get(start..self.position).unwrap_or(&[]);
        match std::str::from_utf8(raw) {
            Ok(text) if !text.is_empty() => Ok(text),
            _ => Err(self.error("expected a value")),
        }
    }

    /// A number; `null` and anything else is an error.
    pub(crate) fn number(&mut self) -> Result<f64, DecodeError> {
        let text = self.literal()?;
        match text.parse::<f64>() {
            // Rust also reads `inf` and `nan`, which JSON writers of floats do emit.
            Ok(value) => Ok(value),
            Err(_) => Err(self.error("expected a number")),
        }
    }

    /// A whole number.
    pub(crate) fn integer(&mut self) -> Result<i64, DecodeError> {
        let text = self.literal()?;
        text.parse()
            .map_err(|_| self.error("expected a whole number"))
    }

    /// Moves past one value of any kind. Cost: linear, no recursion.
    pub(crate) fn skip(&mut self) -> Result<(), DecodeError> {
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                Some(b'{' | b'[') => {
                    depth = depth.saturating_add(1);
                    if depth > MAX_DEPTH {
                        return Err(self.error("nested too deep"));
                    }
                    self.bump();
                    continue;
                }
                Some(b'}' | b']') if depth > 0 => {
                    depth = depth.saturating_sub(1);
                    self.bump();
                }
                Some(b',' | b':') if depth > 0 => {
                    self.bump();
                    continue;
                }
                Some(b'"') => {
                    self.raw_string()?;
                }
                Some(_) => {
                    self.literal()?;
                }
                None => return Err(self.error("the text ends inside a value")),
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// Bytes of the next value as written, consumed.
    pub(crate) fn value_text(&mut self) -> Result<&'a [u8], DecodeError> {
        let _ = self.peek();
        let start = self.position;
        self.skip()?;
        Ok(self.bytes.get(start..self.position).unwrap_or(&[]))
    }

    /// Enters an object; follow with [`Scanner::key`].
    pub(crate) fn enter_object(&mut self) -> Result<(), DecodeError> {
        self.expect(b'{', "expected an object")
    }

    /// The next key (escapes as written) with the scanner at its value; none at the object's end.
    pub(crate) fn key(&mut self) -> Result<Option<&'a [u8]>, DecodeError> {
        if self.peek() == Some(b',') {
            self.bump();
        }
        if self.peek() == Some(b'}') {
            self.bump();
            return Ok(None);
        }
        let key = self.raw_string()?;
        self.expect(b':', "expected `:`")?;
        Ok(Some(key))
    }

    /// Enters an array; follow with [`Scanner::element`].
    pub(crate) fn enter_array(&mut self) -> Result<(), DecodeError> {
        self.expect(b'[', "expected an array")
    }

    /// Whether another element follows, with the scanner at it; false at the array's end.
    pub(crate) fn element(&mut self) -> Result<bool, DecodeError> {
        if self.peek() == Some(b',') {
            self.bump();
        }
        match self.peek() {
            Some(b']') => {
                self.bump();
                Ok(false)
            }
            Some(_) => Ok(true),
            None => Err(self.error("the text ends inside an array")),
        }
    }
}

/// Reads a time object (`{sec, nsec}` and the other spellings), nanoseconds; none for anything else.
///
/// An RFC 3339 text, protobuf's JSON form of a timestamp, is read as well. A bare number is not:
/// its unit is unknown.
pub(crate) fn time(scanner: &mut Scanner<'_>) -> Result<Option<i64>, DecodeError> {
    match scanner.peek() {
        Some(b'{') => {}
        Some(b'"') => {
            let raw = scanner.raw_string()?;
            return Ok(std::str::from_utf8(raw).ok().and_then(rfc3339));
        }
        _ => {
            scanner.skip()?;
            return Ok(None);
        }
    }
    scanner.enter_object()?;
    let (mut secs, mut nanos) = (None, 0_i64);
    while let Some(key) = scanner.key()? {
        match key {
            b"sec" | b"secs" | b"seconds" => secs = time_word(scanner)?,
            b"nsec" | b"nanosec" | b"nsecs" | b"nanos" | b"nanoseconds" => {
                nanos = time_word(scanner)?.unwrap_or(0);
            }
            _ => scanner.skip()?,
        }
    }
    Ok(secs.map(|secs| super::plan::nanos_of(secs, nanos)))
}

/// A whole number, bare or quoted (protobuf's JSON form of 64-bit numbers).
fn time_word(scanner: &mut Scanner<'_>) -> Result<Option<i64>, DecodeError> {
    if scanner.peek() == Some(b'"') {
        let raw = scanner.raw_string()?;
        return Ok(std::str::from_utf8(raw).ok().and_then(|t| t.parse().ok()));
    }
    if scanner.peek() == Some(b'n') {
        scanner.skip()?;
        return Ok(None);
    }
    scanner.integer().map(Some)
}

/// Nanoseconds since 1970 of `YYYY-MM-DDThh:mm:ss[.fraction](Z|±hh:mm)`.
pub(crate) fn rfc3339(text: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| -> Option<i64> {
        let digits = text.get(range)?;
        digits
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| digits.parse().ok())?
    };
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let bytes = text.as_bytes();
    let separators = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if separators.iter().any(|(i, b)| bytes.get(*i) != Some(b)) {
        return None;
    }
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let rest = text.get(19..)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(tail) => {
            let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
            tail.split_at_checked(digits)?
        }
        None => ("", rest),
    };
    let mut nanos = 0_i64;
    for index in 0..9 {
        let digit = fraction
            .as_bytes()
            .get(index)
            .map_or(0, |b| i64::from(b & 15));
        nanos = nanos * 10 + digit;
    }
    let zone_secs = match zone.as_bytes() {
        b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), rest @ ..] => {
            let text = std::str::from_utf8(rest).ok()?;
            let (hours, minutes) = text.split_once(':')?;
            let secs = i64::from(hours.parse::<u8>().ok()?) * 3600
                + i64::from(minutes.parse::<u8>().ok()?) * 60;
            if *sign == b'+' { secs } else { -secs }
        }
        _ => return None,
    };
    let secs = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    Some(super::plan::nanos_of(secs - zone_secs, nanos))
}

/// Days since 1970-01-01 of a proleptic Gregorian date (H. Hinnant, "chrono-compatible low-level date algorithms").
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_index = (month + 9) % 12;
    let day_of_year = (153 * month_index + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_and_finds() {
        let text = br#" {"a": [1, {"b": "}\"]"}, null], "c\"": -2.5e3 , "d":{}}"#;
        let mut scanner = Scanner::new(text);
        scanner.enter_object().expect("object");
        let mut keys = Vec::new();
        while let Some(key) = scanner.key().expect("key") {
            keys.push(String::from_utf8_lossy(key).into_owned());
            scanner.skip().expect("value");
        }
        assert_eq!(keys, ["a", "c\\\"", "d"]);
        for cut in 0..text.len() {
            let mut scanner = Scanner::new(text.get(..cut).expect("prefix"));
            assert!(scanner.skip().is_err());
        }
    }

    #[test]
    fn deep_nesting_is_refused_without_recursion() {
        let text = vec![b'['; 100_000];
        assert!(Scanner::new(&text).skip().is_err());
    }

    #[test]
    fn times_in_all_spellings() {
        let check = |text: &str, expected: Option<i64>| {
            let found = time(&mut Scanner::new(text.as_bytes())).expect("valid");
            assert_eq!(found, expected, "{text}");
        };
        check(
            r#"{"sec":1700000000,"nsec":5}"#,
            Some(1_700_000_000_000_000_005),
        );
        check(r#"{"nanosec":7,"sec":-1}"#, Some(-999_999_993));
        check(r#"{"seconds":"12","nanos":3}"#, Some(12_000_000_003));
        check(r#"{"nsec":5}"#, None);
        check("12.5", None);
        check(
            r#""2023-11-14T22:13:20.5Z""#,
            Some(1_700_000_000_500_000_000),
        );
        check(
            r#""2023-11-15T00:13:20+02:00""#,
            Some(1_700_000_000_000_000_000),
        );
        check(r#""yesterday""#, None);
    }
}
