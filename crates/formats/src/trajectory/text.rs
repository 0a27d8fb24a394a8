//! Tables of numbers as text: lines with their places, cells, exact numbers.

/// One line, without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Counted from 1.
    pub number: u64,
    /// Byte of the file it starts at.
    pub start: usize,
    /// Its bytes, without line feed and carriage return.
    pub text: &'a [u8],
}

/// The lines of `bytes`; an empty last line is none.
pub fn lines(bytes: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0;
    bytes
        .split_inclusive(|&byte| byte == b'\n')
        .enumerate()
        .map(move |(index, whole)| {
            let text = whole.strip_suffix(b"\n").unwrap_or(whole);
            let line = Line {
                number: index as u64 + 1,
                start,
                text: text.strip_suffix(b"\r").unwrap_or(text),
            };
            start += whole.len();
            line
        })
}

/// The lines that hold data: not empty, no comment (`#`).
pub fn rows(bytes: &[u8]) -> impl Iterator<Item = Line<'_>> {
    lines(bytes).filter(|line| {
        let text = line.text.trim_ascii();
        !text.is_empty() && !text.starts_with(b"#")
    })
}

/// The line that starts at a byte; its number is counted only by [`line_number`].
pub fn line_at(bytes: &[u8], start: u64) -> &[u8] {
    let rest = usize::try_from(start)
        .ok()
        .and_then(|start| bytes.get(start..))
        .unwrap_or_default();
    let text = rest.split(|&byte| byte == b'\n').next().unwrap_or_default();
    text.strip_suffix(b"\r").unwrap_or(text)
}

/// The number of the line that starts at a byte, counted from 1. Cost: reads everything before.
pub fn line_number(bytes: &[u8], start: u64) -> u64 {
    let before = usize::try_from(start)
        .ok()
        .and_then(|start| bytes.get(..start))
        .unwrap_or(bytes);
    before.split(|&byte| byte == b'\n').count() as u64
}

/// What separates the cells of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// A comma; blanks around cells do not count.
    Comma,
    /// Any run of blanks and tabs.
    Blank,
}

/// The cells of a line.
pub fn cells(line: &[u8], separator: Separator) -> Cells<'_> {
    Cells {
        rest: Some(line),
        separator,
    }
}

/// See [`cells`].
#[derive(Clone, Debug)]
pub struct Cells<'a> {
    /// None after the last comma-separated cell.
    rest: Option<&'a [u8]>,
    separator: Separator,
}

impl<'a> Iterator for Cells<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        match self.separator {
            Separator::Blank => {
                let rest = rest.trim_ascii_start();
                let end = rest.iter().position(u8::is_ascii_whitespace);
                let (cell, rest) = rest.split_at(end.unwrap_or(rest.len()));
                self.rest = Some(rest);
                (!cell.is_empty()).then_some(cell)
            }
            Separator::Comma => {
                let end = rest.iter().position(|&byte| byte == b',');
                let (cell, after) = rest.split_at(end.unwrap_or(rest.len()));
                self.rest = after.get(1..);
                Some(cell.trim_ascii())
            }
        }
    }
}

/// Why a line is not a row of its table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// Too few or too many cells.
    #[error("`{found}` columns where `{expected}` belong")]
    Columns {
        /// Columns there are.
        found: usize,
        /// Columns there should be.
        expected: usize,
    },
    /// A cell that is no number.
    #[error("column `{column}`: `{seen}` is not {expected}")]
    Cell {
        /// Counted from 1.
        column: usize,
        /// The cell, cut to 40 characters.
        seen: String,
        /// What belongs there.
        expected: &'static str,
    },
}

impl RowError {
    /// An error about a cell.
    pub fn cell(column: usize, seen: &[u8], expected: &'static str) -> Self {
        let text = String::from_utf8_lossy(seen);
        Self::Cell {
            column,
            seen: text.chars().take(40).collect(),
            expected,
        }
    }
}

/// Reads the first `N` cells as numbers; further cells are left alone.
///
/// # Errors
/// When there are fewer than `N`, or one is not a number as [`float`] reads it.
pub fn floats<const N: usize>(
    line: &[u8],
    separator: Separator,
    skip: usize,
) -> Result<[f64; N], RowError> {
    leading(&mut cells(line, separator), skip)
}

/// Reads exactly `N` cells as numbers. Cost: one pass of the line.
///
/// # Errors
/// As [`floats`], and when there are more.
pub fn exact<const N: usize>(line: &[u8], separator: Separator) -> Result<[f64; N], RowError> {
    let mut row = cells(line, separator);
    let values = leading(&mut row, 0)?;
    match row.count() {
        0 => Ok(values),
        more => Err(RowError::Columns {
            found: N + more,
            expected: N,
        }),
    }
}

/// The next `N` cells after `skip` of them.
fn leading<const N: usize>(row: &mut Cells<'_>, skip: usize) -> Result<[f64; N], RowError> {
    let mut values = [0.0; N];
    let skipped = row.take(skip).count();
    for (index, value) in values.iter_mut().enumerate() {
        let Some(cell) = row.next() else {
            return Err(RowError::Columns {
                found: skipped + index,
                expected: skip + N,
            });
        };
        *value = float(cell).ok_or_else(|| RowError::cell(skip + index + 1, cell, "a number"))?;
    }
    Ok(values)
}

/// A number as `strtod` reads it, correctly rounded: `1e-3`, `nan`, `inf` included.
pub fn float(cell: &[u8]) -> Option<f64> {
    std::str::from_utf8(cell).ok()?.parse().ok()
}

/// An integer.
pub fn integer(cell: &[u8]) -> Option<i64> {
    std::str::from_utf8(cell).ok()?.parse().ok()
}

/// Decimal seconds (`1311868164.363181`, `1.037359e-01`) as nanoseconds, without a detour through
/// floats; digits below a nanosecond are rounded half away from zero.
///
/// None for what is no finite decimal number or lies beyond 64 bits.
pub fn decimal_nanos(cell: &[u8]) -> Option<i64> {
    let (negative, rest) = match cell {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    };
    let at = rest.iter().position(|byte| matches!(byte, b'e' | b'E'));
    let (digits, exponent) = match at {
        Some(at) => (
            rest.get(..at)?,
            std::str::from_utf8(rest.get(at + 1..)?)
                .ok()?
                .parse()
                .ok()?,
        ),
        None => (rest, 0_i32),
    };
    let (mantissa, scale) = mantissa(digits)?;
    let nanos = scaled(mantissa, exponent.checked_add(scale)?.checked_add(9)?)?;
    i64::try_from(if negative { -nanos } else { nanos }).ok()
}

/// Digits with at most one point as an integer and its power of ten. Beyond 30 significant digits
/// the rest cannot reach a nanosecond of any time that fits.
fn mantissa(digits: &[u8]) -> Option<(i128, i32)> {
    let (mut value, mut scale, mut seen, mut point, mut any) = (0_i128, 0_i32, 0, false, false);
    for &byte in digits {
        match byte {
            b'.' if !point => point = true,
            b'0'..=b'9' => {
                any = true;
                if seen < 30 {
                    value = value * 10 + i128::from(byte - b'0');
                    seen += i32::from(value != 0);
                    scale -= i32::from(point);
                } else if !point {
                    scale = scale.checked_add(1)?;
                }
            }
            _ => return None,
        }
    }
    any.then_some((value, scale))
}

/// `value * 10^power`, rounded half up.
fn scaled(value: i128, power: i32) -> Option<i128> {
    if value == 0 {
        return Some(0);
    }
    let factor = |power: u32| 10_i128.checked_pow(power);
    if power >= 0 {
        return value.checked_mul(factor(power.unsigned_abs())?);
    }
    let Some(divisor) = factor(power.unsigned_abs()) else {
        return Some(0);
    };
    Some((value + divisor / 2) / divisor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_seconds_become_nanoseconds_exactly() {
        for (text, nanos) in [
            ("1311868164.363181", Some(1_311_868_164_363_181_000)),
            ("1403715273.262142976", Some(1_403_715_273_262_142_976)),
            ("0.000000e+00", Some(0)),
            ("1.037359e-01", Some(103_735_900)),
            ("-1.5", Some(-1_500_000_000)),
            ("+2", Some(2_000_000_000)),
            (".5", Some(500_000_000)),
            ("1.4037152732621430e+18", None),
            ("1.4037152732621430e+09", Some(1_403_715_273_262_143_000)),
            ("0.0000000005", Some(1)),
            ("0.00000000049", Some(0)),
            ("1e-400", Some(0)),
            ("1e400", None),
            ("0e2147483647", None),
            ("9223372036.854775807", Some(i64::MAX)),
            ("9223372036.854775808", None),
            ("", None),
            (".", None),
            ("1.2.3", None),
            ("nan", None),
            ("1e", None),
            ("0x10", None),
            (
                "00000000000000000000000000000000000000000001",
                Some(1_000_000_000),
            ),
        ] {
            assert_eq!(decimal_nanos(text.as_bytes()), nanos, "{text}");
        }
    }

    #[test]
    fn lines_know_their_places() {
        let found: Vec<_> = lines(b"a\r\n\nbc").collect();
        let expected = [(1, 0, "a"), (2, 3, ""), (3, 4, "bc")];
        assert_eq!(found.len(), expected.len());
        for (line, (number, start, text)) in found.iter().zip(expected) {
            assert_eq!((line.number, line.start), (number, start));
            assert_eq!(line.text, text.as_bytes());
        }
        assert_eq!(line_at(b"a\r\n\nbc", 4), b"bc");
        assert_eq!(line_number(b"a\r\n\nbc", 4), 3);
        assert_eq!(line_at(b"a", 9), b"");
    }

    #[test]
    fn errors_name_the_column() {
        let short = floats::<3>(b"1,2", Separator::Comma, 0).unwrap_err();
        assert_eq!(short.to_string(), "`2` columns where `3` belong");
        let word = floats::<3>(b"1 2 x", Separator::Blank, 0).unwrap_err();
        assert_eq!(word.to_string(), "column `3`: `x` is not a number");
        let empty = floats::<2>(b"1,,2", Separator::Comma, 1).unwrap_err();
        assert_eq!(empty.to_string(), "column `2`: `` is not a number");
        let all = floats::<3>(b" 1\t2  3 4", Separator::Blank, 0);
        assert_eq!(all, Ok([1.0, 2.0, 3.0]));
    }
}
