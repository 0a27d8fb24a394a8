//! Files of recorded votes and probabilities.

use std::path::Path;

/// Shape and values of an array of `NumPy`, little-endian, C order.
pub(super) fn numpy(path: &Path) -> (Vec<usize>, Vec<f64>) {
    let bytes = std::fs::read(path).expect("the array");
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..10 + length]).expect("a header");
    let after = |key: &str| header.split_once(key).expect("a key of the header").1;
    let kind: String = after("'descr': '")
        .chars()
        .take_while(|c| *c != '\'')
        .collect();
    let shape = after("'shape': (").split(')').next().expect("a shape");
    let shape = shape
        .split(',')
        .filter_map(|n| n.trim().parse().ok())
        .collect();
    let data = &bytes[10 + length..];
    let values = match kind.as_str() {
        "<f8" => data
            .chunks_exact(8)
            .map(|b| f64::from_le_bytes(b.try_into().expect("eight bytes")))
            .collect(),
        "<i8" => data
            .chunks_exact(8)
            .map(|b| i64::from_le_bytes(b.try_into().expect("eight bytes")) as f64)
            .collect(),
        "<f4" => data
            .chunks_exact(4)
            .map(|b| f64::from(f32::from_le_bytes(b.try_into().expect("four bytes"))))
            .collect(),
        "<i2" => data
            .chunks_exact(2)
            .map(|b| f64::from(i16::from_le_bytes([b[0], b[1]])))
            .collect(),
        "<u2" => data
            .chunks_exact(2)
            .map(|b| f64::from(u16::from_le_bytes([b[0], b[1]])))
            .collect(),
        "|u1" => data.iter().map(|b| f64::from(*b)).collect(),
        other => panic!("`{other}` is not read here"),
    };
    (shape, values)
}

/// Cells of a text file, without its first lines.
pub(super) fn cells(path: &Path, separator: char, header: usize) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(path).expect("the table");
    let lines = text
        .lines()
        .skip(header)
        .filter(|line| !line.trim().is_empty());
    lines
        .map(|line| line.split(separator).map(|c| c.trim().to_owned()).collect())
        .collect()
}
