//! `NumPy` arrays: `.npy`, and several of them in `.npz`.
//!
//! Source: `numpy.lib.format`, versions 1.0 to 3.0. Not here: Python objects, which would run code.

use super::{Column, Columns, Words, zip};

/// What one element is.
#[derive(Clone, Debug, PartialEq)]
struct Kind {
    /// `f`, `i`, `u`, `b`, `U` or `S`.
    letter: u8,
    /// Bytes.
    size: usize,
    is_big_endian: bool,
}

/// Named parts of an element, in order; one without a name where there are no fields.
type Fields = Vec<(String, Kind)>;

struct Header<'a> {
    fields: Fields,
    is_fortran: bool,
    shape: Vec<usize>,
    data: &'a [u8],
}

/// An array: of one dimension a column `0`, of two a column per position, with fields a column per field.
pub(super) fn array(_: &str, bytes: &[u8]) -> Result<Columns, String> {
    let header = header(bytes)?;
    let stride: usize = header.fields.iter().map(|(_, kind)| kind.size).sum();
    let count = header
        .shape
        .iter()
        .try_fold(1_usize, |n, side| n.checked_mul(*side));
    let expected = count.and_then(|count| count.checked_mul(stride));
    if expected.is_none_or(|expected| header.data.len() < expected) {
        return Err("it is cut off".to_owned());
    }
    let (rows, columns) = match header.shape.as_slice() {
        [] => (1, 1),
        [rows] => (*rows, 1),
        [rows, columns] => (*rows, *columns),
        _ => {
            return Err(format!(
                "it has {} dimensions, a table has one or two",
                header.shape.len()
            ));
        }
    };
    if columns > MOST_COLUMNS {
        return Err(format!(
            "it has {columns} columns, more than {MOST_COLUMNS}"
        ));
    }
    let mut out = Columns::new();
    for column in 0..columns {
        let mut offset = 0;
        for (name, kind) in &header.fields {
            let at = |row: usize| {
                let element = if header.is_fortran {
                    column * rows + row
                } else {
                    row * columns + column
                };
                let start = element * stride + offset;
                header
                    .data
                    .get(start..start + kind.size)
                    .unwrap_or_default()
            };
            let name = match (name.as_str(), columns) {
                ("", _) => column.to_string(),
                (name, 1) => name.to_owned(),
                (name, _) => format!("{name}.{column}"),
            };
            out.push((name, kind.column((0..rows).map(at))?));
            offset += kind.size;
        }
    }
    Ok(out)
}

/// More columns are no table.
const MOST_COLUMNS: usize = 1 << 16;

/// Several arrays: each of one dimension is a column by its name; one alone is the table.
pub(super) fn arrays(file: &str, bytes: &[u8]) -> Result<Columns, String> {
    let members = zip::members(bytes, super::UNPACKED_BYTES)?;
    if let [(_, only)] = members.as_slice() {
        return array(file, only);
    }
    let mut out = Columns::new();
    for (name, bytes) in &members {
        let name = name.strip_suffix(".npy").unwrap_or(name);
        let columns = array(file, bytes).map_err(|why| format!("array `{name}`: {why}"))?;
        let is_one = columns.len() == 1;
        for (part, column) in columns {
            let name = if is_one {
                name.to_owned()
            } else {
                format!("{name}.{part}")
            };
            out.push((name, column));
        }
    }
    Ok(out)
}

impl Kind {
    fn parse(text: &str) -> Result<Self, String> {
        let unknown = || format!("elements of `{text}` are none of a table");
        let (order, rest) = match text.chars().next() {
            Some(order @ ('<' | '>' | '|' | '=')) => (order, text.get(1..).unwrap_or_default()),
            _ => ('=', text),
        };
        let letter = *rest.as_bytes().first().ok_or_else(unknown)?;
        let size: usize = rest
            .get(1..)
            .and_then(|n| n.parse().ok())
            .ok_or_else(unknown)?;
        let is_known = match letter {
            b'f' => matches!(size, 2 | 4 | 8),
            b'i' | b'u' => matches!(size, 1 | 2 | 4 | 8),
            b'b' => size == 1,
            b'U' | b'S' => size <= 1 << 16,
            _ => false,
        };
        if !is_known {
            return Err(unknown());
        }
        Ok(Self {
            letter,
            size: if letter == b'U' { size * 4 } else { size },
            is_big_endian: order == '>',
        })
    }

    /// The bytes of a number, little end first, as wide as 8.
    fn word(&self, bytes: &[u8]) -> [u8; 8] {
        let mut word = [0; 8];
        for (at, out) in word.iter_mut().enumerate().take(self.size) {
            let from = if self.is_big_endian {
                self.size - 1 - at
            } else {
                at
            };
            *out = bytes.get(from).copied().unwrap_or(0);
        }
        word
    }

    fn column<'a>(&self, cells: impl Iterator<Item = &'a [u8]>) -> Result<Column, String> {
        let bits = 64 - 8 * u32::try_from(self.size.min(8)).unwrap_or(8);
        Ok(match (self.letter, self.size) {
            (b'f', 2) => Column::Numbers(
                cells
                    .map(|cell| {
                        let [a, b, ..] = self.word(cell);
                        half(u16::from_le_bytes([a, b]))
                    })
                    .collect(),
            ),
            (b'f', 4) => Column::Numbers(
                cells
                    .map(|cell| {
                        let [a, b, c, d, ..] = self.word(cell);
                        f64::from(f32::from_le_bytes([a, b, c, d]))
                    })
                    .collect(),
            ),
            (b'f', _) => Column::Numbers(
                cells
                    .map(|cell| f64::from_le_bytes(self.word(cell)))
                    .collect(),
            ),
            (b'i', _) => Column::Integers(
                cells
                    .map(|cell| (i64::from_le_bytes(self.word(cell)) << bits) >> bits)
                    .collect(),
            ),
            (b'u' | b'b', _) => {
                let whole = cells.map(|cell| i64::try_from(u64::from_le_bytes(self.word(cell))));
                let whole: Result<Vec<i64>, _> = whole.collect();
                Column::Integers(whole.map_err(|_| "a number is beyond 2^63".to_owned())?)
            }
            _ => Column::Texts(Words::of(cells.map(|cell| Some(self.text(cell))))),
        })
    }

    fn text(&self, cell: &[u8]) -> String {
        if self.letter == b'S' {
            let text = String::from_utf8_lossy(cell);
            return text.trim_end_matches('\0').to_owned();
        }
        let letters = cell.chunks_exact(4).filter_map(|four| {
            let four: [u8; 4] = four.try_into().ok()?;
            let number = if self.is_big_endian {
                u32::from_be_bytes(four)
            } else {
                u32::from_le_bytes(four)
            };
            char::from_u32(number)
        });
        let text: String = letters.collect();
        text.trim_end_matches('\0').to_owned()
    }
}

/// A number of 16 bits (IEEE 754 binary16).
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (bits >> 10 & 0x1f, f64::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * 2.0_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2.0_f64.powi(i32::from(exponent) - 25),
    }
}

fn header(bytes: &[u8]) -> Result<Header<'_>, String> {
    let cut = || "it is cut off or no NumPy array".to_owned();
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or_else(cut)?;
    let ([major, _], rest) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
    let (length, rest) = if *major == 1 {
        let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
        (usize::from(u16::from_le_bytes(*length)), rest)
    } else {
        let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| cut())?;
        (length, rest)
    };
    let text = rest.get(..length).ok_or_else(cut)?;
    let data = rest.get(length..).ok_or_else(cut)?;
    let text = std::str::from_utf8(text).map_err(|_| cut())?;
    let after = |key: &str| {
        let quoted = [format!("'{key}':"), format!("\"{key}\":")];
        let found = quoted.iter().find_map(|key| text.split_once(key.as_str()));
        found
            .map(|(_, rest)| rest.trim_start())
            .ok_or_else(|| format!("its header has no `{key}`"))
    };
    let shape = after("shape")?;
    let shape = shape
        .strip_prefix('(')
        .and_then(|s| s.split_once(')'))
        .ok_or_else(cut)?
        .0;
    let shape: Result<Vec<usize>, _> = shape
        .split(',')
        .map(str::trim)
        .filter(|side| !side.is_empty())
        .map(str::parse)
        .collect();
    Ok(Header {
        fields: fields(after("descr")?)?,
        is_fortran: after("fortran_order")?.starts_with("True"),
        shape: shape.map_err(|_| cut())?,
        data,
    })
}

/// `'<f8'`, or `[('x', '<f8'), ('name', '<U8')]`.
fn fields(text: &str) -> Result<Fields, String> {
    let is_list = text.starts_with('[');
    let end = if is_list {
        text.find(']')
    } else {
        text.find(',')
    };
    let text = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
    let words: Vec<&str> = text.split(['\'', '"']).skip(1).step_by(2).collect();
    if !is_list {
        let kind = Kind::parse(words.first().copied().unwrap_or_default())?;
        return Ok(vec![(String::new(), kind)]);
    }
    let pairs = words.chunks(2).map(|pair| match pair {
        [name, kind] => Ok(((*name).to_owned(), Kind::parse(kind)?)),
        _ => Err("its header has a field without a kind".to_owned()),
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_16_bits() {
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (1, 2.0_f64.powi(-24)),
            (0x3555, 0.333_251_953_125),
        ] {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7e00).is_nan() && half(0xfc00) == f64::NEG_INFINITY);
    }

    fn npy(header: &str, data: &[u8]) -> Vec<u8> {
        let mut out = b"\x93NUMPY\x01\x00".to_vec();
        out.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
        out.extend(header.as_bytes());
        out.extend(data);
        out
    }

    #[test]
    fn arrays_become_columns() {
        let data: Vec<u8> = [1.0_f64, 2.0, 3.0, 4.0]
            .iter()
            .flat_map(|v| v.to_be_bytes())
            .collect();
        for (order, second) in [("False", vec![2.0, 4.0]), ("True", vec![3.0, 4.0])] {
            let text = format!("{{'descr': '>f8', 'fortran_order': {order}, 'shape': (2, 2), }}\n");
            let columns = array("", &npy(&text, &data)).unwrap();
            assert_eq!(columns[1], ("1".to_owned(), Column::Numbers(second)));
        }
        let text =
            "{'descr': [('id', '<i2'), ('name', '<U2')], 'fortran_order': False, 'shape': (1,), }";
        let columns = array("", &npy(text, &[0xff, 0xff, b'a', 0, 0, 0, 0, 0, 0, 0])).unwrap();
        assert_eq!(columns[0], ("id".to_owned(), Column::Integers(vec![-1])));
        assert_eq!(
            columns[1].1,
            Column::Texts(Words::of([Some("a")].into_iter()))
        );
        let text = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }";
        assert!(array("", &npy(text, &[0; 8])).unwrap_err().contains("`|O`"));
        let text = "{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999999999999, 9), }";
        assert!(array("", &npy(text, &[0; 8])).is_err());
    }
}
