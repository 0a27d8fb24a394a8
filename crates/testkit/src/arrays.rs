//! Arrays as files of `NumPy`.
//!
//! Read [`npy_of_floats`] first. Not here: other forms of tables; text needs no help.

/// Rows of 64-bit floats; one dimension where each row has one.
pub fn npy_of_floats(rows: &[Vec<f64>]) -> Vec<u8> {
    let shape = match rows.first().map_or(0, Vec::len) {
        1 => vec![rows.len()],
        width => vec![rows.len(), width],
    };
    let numbers = rows.iter().flatten();
    let data: Vec<u8> = numbers.flat_map(|number| number.to_le_bytes()).collect();
    npy("<f8", &shape, &data)
}

/// Rows of bytes.
pub fn npy_of_bytes(rows: &[Vec<u8>]) -> Vec<u8> {
    let width = rows.first().map_or(0, Vec::len);
    npy("|u1", &[rows.len(), width], &rows.concat())
}

/// Numbers of the type `NumPy` calls `kind`, aligned as it writes them (version 1 of the form).
fn npy(kind: &str, shape: &[usize], data: &[u8]) -> Vec<u8> {
    const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";
    const ALIGNMENT: usize = 64;
    let shape = if let [n] = shape {
        format!("({n},)")
    } else {
        let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
        format!("({})", sizes.join(", "))
    };
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    // Two bytes say how long the header is, and a line feed ends it.
    while !(MAGIC.len() + 2 + header.len() + 1).is_multiple_of(ALIGNMENT) {
        header.push(' ');
    }
    header.push('\n');
    // Always below 65536: a few numbers between words.
    let length = u16::try_from(header.len()).unwrap_or(u16::MAX);
    [MAGIC, &length.to_le_bytes(), header.as_bytes(), data].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_begin_where_numpy_puts_them() {
        let file = npy_of_floats(&[vec![1.0], vec![2.0]]);
        assert_eq!(file.len(), 128 + 16);
        let (header, data) = file.split_at(128);
        assert_eq!(&header[..10], b"\x93NUMPY\x01\x00\x76\x00");
        assert_eq!(
            header[10..].trim_ascii_end(),
            b"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }"
        );
        assert_eq!(
            data,
            [1.0_f64.to_le_bytes(), 2.0_f64.to_le_bytes()].concat()
        );
        assert!(npy_of_bytes(&[vec![3, 4]]).ends_with(&[b'\n', 3, 4]));
    }
}
