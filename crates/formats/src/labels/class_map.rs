//! Images whose pixels are numbers of classes.
//!
//! Read [`ClassMap`] and [`read`] first: PNG of grey levels or palette positions, or a `NumPy` array of two dimensions.
//! Palettes are not looked at: the position is the class, as Pascal VOC and Cityscapes (`labelIds`) write it.
//!
//! Not here: pictures for people, whose colors stand for classes.

use super::{At, LabelError, Place};
use crate::table;
use png::{BitDepth, ColorType, Decoder, Transformations};
use std::io::Cursor;

/// Class of each pixel, in rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassMap {
    /// Columns.
    pub width: usize,
    /// Classes.
    pub classes: Vec<u32>,
}

/// Pixels of one image at most.
const MOST_PIXELS: usize = 1 << 28;
const HINT: &str = "class maps are PNG files of grey levels or palette positions, or NumPy arrays of two dimensions";

/// Reads a file.
///
/// Errors: another form, colors, damage, classes below 0, more than 2^28 pixels. Cost: four bytes per pixel.
pub fn read(file: &str, bytes: &[u8]) -> Result<ClassMap, LabelError> {
    let at = At {
        file,
        place: Place::File,
    };
    if bytes.starts_with(b"\x93NUMPY") {
        return array(at, bytes);
    }
    png(bytes).map_err(|what| at.form(what, HINT))
}

fn png(bytes: &[u8]) -> Result<ClassMap, String> {
    let limits = png::Limits {
        bytes: MOST_PIXELS.saturating_mul(2),
    };
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(Transformations::IDENTITY);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().map_err(|error| error.to_string())?;
    let (color, depth) = reader.output_color_type();
    if !matches!(color, ColorType::Grayscale | ColorType::Indexed) {
        return Err(format!("its pixels are `{color:?}`, not one number each"));
    }
    let size = reader
        .output_buffer_size()
        .filter(|size| *size <= 2 * MOST_PIXELS);
    let size = size.ok_or("it is larger than the limit")?;
    let mut pixels = vec![0; size];
    let frame = reader
        .next_frame(&mut pixels)
        .map_err(|error| error.to_string())?;
    let width = usize::try_from(frame.width).map_err(|error| error.to_string())?;
    let rows = pixels.chunks(frame.line_size.max(1));
    let height = usize::try_from(frame.height).map_err(|error| error.to_string())?;
    let mut classes = Vec::with_capacity(width.saturating_mul(height).min(MOST_PIXELS));
    for row in rows.take(height) {
        match depth {
            BitDepth::Sixteen => classes.extend(row.chunks_exact(2).map(|pair| {
                let pair: [u8; 2] = pair.try_into().unwrap_or_default();
                u32::from(u16::from_be_bytes(pair))
            })),
            _ => unpack(row, depth as u8, width, &mut classes),
        }
    }
    Ok(ClassMap { width, classes })
}

/// Pixels of 1, 2, 4 or 8 bits, the highest first.
fn unpack(row: &[u8], bits: u8, width: usize, out: &mut Vec<u32>) {
    let per_byte = usize::from(8 / bits.max(1)).max(1);
    let mask = u8::try_from((1_u16 << bits) - 1).unwrap_or(u8::MAX);
    for at in 0..width {
        let byte = row.get(at / per_byte).copied().unwrap_or(0);
        let place = u8::try_from(per_byte - 1 - at % per_byte).unwrap_or(0);
        out.push(u32::from((byte >> (place * bits)) & mask));
    }
}

fn array(at: At<'_>, bytes: &[u8]) -> Result<ClassMap, LabelError> {
    let table = table::read(at.file, bytes)?;
    let width = table.names().count();
    let mut classes = vec![0; table.rows().saturating_mul(width)];
    let names: Vec<String> = table.names().map(str::to_owned).collect();
    for (column, name) in names.iter().enumerate() {
        for (row, value) in table.integers(name)?.into_iter().enumerate() {
            let class = u32::try_from(value)
                .map_err(|_| at.value("class", value, "classes are numbers from 0"))?;
            if let Some(cell) = classes.get_mut(row * width + column) {
                *cell = class;
            }
        }
    }
    Ok(ClassMap { width, classes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(color: ColorType, depth: BitDepth, size: [u32; 2], data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, size[0], size[1]);
        encoder.set_color(color);
        encoder.set_depth(depth);
        if color == ColorType::Indexed {
            encoder.set_palette(vec![0; 3 * 16]);
        }
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(data).unwrap();
        writer.finish().unwrap();
        out
    }

    #[test]
    fn pixels_are_numbers_whatever_their_depth() {
        let four = encoded(
            ColorType::Indexed,
            BitDepth::Four,
            [3, 2],
            &[0x12, 0x30, 0x45, 0x60],
        );
        let found = read("a.png", &four).unwrap();
        assert_eq!((found.width, found.classes), (3, vec![1, 2, 3, 4, 5, 6]));
        let wide = encoded(
            ColorType::Grayscale,
            BitDepth::Sixteen,
            [2, 1],
            &[1, 0, 0, 7],
        );
        assert_eq!(read("a.png", &wide).unwrap().classes, [256, 7]);
        let bits = encoded(ColorType::Grayscale, BitDepth::One, [3, 1], &[0b1010_0000]);
        assert_eq!(read("a.png", &bits).unwrap().classes, [1, 0, 1]);
        let color = encoded(ColorType::Rgb, BitDepth::Eight, [1, 1], &[1, 2, 3]);
        let error = read("a.png", &color).unwrap_err().to_string();
        assert!(
            error.starts_with("`a.png`: its pixels are `Rgb`"),
            "{error}"
        );
        assert!(read("a.png", four.get(..40).unwrap()).is_err());
    }
}
