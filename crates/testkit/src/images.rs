//! Images that the reference vectors describe by a formula.

use crate::vectors::numbers;

/// A square image of `(a x^2 + b y^2 + c xy) mod m`, row by row, and its width, from a text such as
/// `I[y][x]=(7x^2+13y^2+5xy) mod 256, 16x16 u8`.
///
/// Errors: a text of another form.
pub fn polynomial_image(text: &str) -> Result<(usize, Vec<u8>), String> {
    let found = numbers(text);
    let [a, _, b, _, c, modulus, size, ..] = found.as_slice() else {
        return Err(format!("`{text}` is no formula of an image"));
    };
    let whole = |x: f64| {
        format!("{x}")
            .parse::<usize>()
            .map_err(|e| format!("`{x}`: {e}"))
    };
    let (a, b, c, modulus, size) = (
        whole(*a)?,
        whole(*b)?,
        whole(*c)?,
        whole(*modulus)?,
        whole(*size)?,
    );
    if modulus == 0 || modulus > 256 || size > 4096 {
        return Err(format!("`{text}` is no image of bytes"));
    }
    let pixel = |i: usize| {
        let (x, y) = (i % size, i / size);
        u8::try_from((a * x * x + b * y * y + c * x * y) % modulus).unwrap_or(u8::MAX)
    };
    Ok((size, (0..size * size).map(pixel).collect()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn by_hand() {
        let (width, data) =
            super::polynomial_image("I[y][x]=(7x^2+13y^2+5xy) mod 256, 16x16 u8").unwrap();
        assert_eq!((width, data.len()), (16, 256));
        assert_eq!((data[1], data[16], data[17], data[255]), (7, 13, 25, 249));
        assert!(super::polynomial_image("16x16").is_err());
    }
}
