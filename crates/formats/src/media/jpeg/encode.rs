//! Grey baseline JPEG, for pictures in reports and for simulated cameras.

use super::super::error::MediaError;
use super::super::grey::GreyImage;
use super::super::png_file::check_size;
use super::tables::{Codes, LUMA_AC, LUMA_DC, LUMA_QUANTIZATION, ZIGZAG};

/// Code and length of each symbol.
type Lookup = [(u16, u8); 256];

fn lookup(codes: &Codes) -> Lookup {
    let mut table = [(0, 0); 256];
    let mut symbols = codes.symbols.iter();
    let mut code = 0_u16;
    for (length, &count) in (1_u8..).zip(&codes.counts) {
        for symbol in symbols.by_ref().take(usize::from(count)) {
            if let Some(entry) = table.get_mut(usize::from(*symbol)) {
                *entry = (code, length);
            }
            code = code.wrapping_add(1);
        }
        code = code.wrapping_shl(1);
    }
    table
}

/// Bits that come to a file, with zeros stuffed behind 0xFF.
struct Sink {
    file: Vec<u8>,
    bits: u64,
    count: u32,
}

impl Sink {
    fn put(&mut self, value: u16, length: u8) {
        self.bits = (self.bits << length) | u64::from(value);
        self.count += u32::from(length);
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.bits >> self.count).to_le_bytes()[0];
            self.file.push(byte);
            if byte == 0xFF {
                self.file.push(0);
            }
        }
    }

    fn symbol(&mut self, table: &Lookup, symbol: u8) {
        let (code, length) = table.get(usize::from(symbol)).copied().unwrap_or_default();
        self.put(code, length);
    }

    /// Magnitude category and bits of a value (T.81, F.1.2.1).
    fn magnitude(value: i16) -> (u8, u16) {
        let category = u8::try_from(16 - value.unsigned_abs().leading_zeros()).unwrap_or(0);
        let mask = if category == 0 {
            0
        } else {
            u16::MAX >> (16 - category)
        };
        let shifted = if value < 0 {
            value.wrapping_sub(1)
        } else {
            value
        };
        (category, shifted.cast_unsigned() & mask)
    }

    fn segment(&mut self, marker: u8, parts: &[&[u8]]) {
        let length: usize = parts.iter().map(|part| part.len()).sum::<usize>() + 2;
        self.file.extend([0xFF, marker]);
        let length = u16::try_from(length).unwrap_or(u16::MAX);
        self.file.extend(length.to_be_bytes());
        for part in parts {
            self.file.extend_from_slice(part);
        }
    }
}

/// Quantization steps at a quality of 1 to 100, as libjpeg scales them (`jpeg_quality_scaling`).
fn steps(quality: u8) -> [u8; 64] {
    let quality = u32::from(quality.clamp(1, 100));
    let scale = if quality < 50 {
        5000 / quality
    } else {
        200 - 2 * quality
    };
    LUMA_QUANTIZATION.map(|base| {
        let step = (u32::from(base) * scale + 50) / 100;
        u8::try_from(step.clamp(1, 255)).unwrap_or(u8::MAX)
    })
}

/// `cos((2 x + 1) u pi / 16) * c(u) / 2`, by u then x.
fn basis() -> [[f32; 8]; 8] {
    let mut table = [[0.0; 8]; 8];
    for (u, row) in (0_u8..).zip(&mut table) {
        for (x, value) in (0_u8..).zip(row) {
            let angle = f32::from((2 * x + 1) * u) * std::f32::consts::PI / 16.0;
            let norm = if u == 0 {
                std::f32::consts::FRAC_1_SQRT_2
            } else {
                1.0
            };
            *value = angle.cos() * norm / 2.0;
        }
    }
    table
}

/// The transform of a block: rows, then columns.
fn transform(block: &[[f32; 8]; 8], basis: &[[f32; 8]; 8]) -> [f32; 64] {
    let dot = |a: &[f32; 8], b: &[f32; 8]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    // By u, then y.
    let rows = basis.map(|wave| block.map(|row| dot(&row, &wave)));
    let mut out = [0.0; 64];
    let pairs = basis
        .iter()
        .flat_map(|vertical| rows.iter().map(move |column| (vertical, column)));
    for (value, (vertical, column)) in out.iter_mut().zip(pairs) {
        *value = dot(column, vertical);
    }
    out
}

/// Writes an 8-bit grey baseline JPEG with the standard's tables. `quality` is 1 to 100, as libjpeg's.
///
/// Errors: `WrongSize` where `data` does not hold `width * height` bytes, `Damaged` for a size of zero,
/// `TooLarge` beyond 65535 pixels a side.
/// Cost: about 15 ms per megapixel. The same bytes for the same input. Source: ITU-T T.81, F.1 and annex K.
pub fn encode_jpeg_grey(
    width: u32,
    height: u32,
    data: &[u8],
    quality: u8,
) -> Result<Vec<u8>, MediaError> {
    check_size(width, height, data)?;
    let (Ok(short_width), Ok(short_height)) = (u16::try_from(width), u16::try_from(height)) else {
        return Err(MediaError::TooLarge {
            width,
            height,
            limit: u64::from(u16::MAX) * u64::from(u16::MAX),
        });
    };
    let steps = steps(quality);
    let mut sink = Sink {
        file: vec![0xFF, 0xD8],
        bits: 0,
        count: 0,
    };
    let zigzag = ZIGZAG.map(|at| steps.get(usize::from(at)).copied().unwrap_or(1));
    sink.segment(0xE0, &[b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"]);
    sink.segment(0xDB, &[&[0], &zigzag]);
    let [h1, h0] = short_height.to_be_bytes();
    let [w1, w0] = short_width.to_be_bytes();
    sink.segment(0xC0, &[&[8, h1, h0, w1, w0, 1, 1, 0x11, 0]]);
    for (head, codes) in [(0x00, LUMA_DC), (0x10, LUMA_AC)] {
        sink.segment(0xC4, &[&[head], &codes.counts, codes.symbols]);
    }
    sink.segment(0xDA, &[&[1, 1, 0, 0, 63, 0]]);
    let image = GreyImage {
        width,
        height,
        data: Vec::new(),
    };
    scan(&image, data, &steps, &mut sink);
    // The last byte is filled with ones.
    sink.put(0x7F, 7);
    sink.file.extend([0xFF, 0xD9]);
    Ok(sink.file)
}

/// Blocks row by row; those over the edge repeat its pixels.
fn scan(size: &GreyImage, data: &[u8], steps: &[u8; 64], sink: &mut Sink) {
    let (dc, ac, basis) = (lookup(&LUMA_DC), lookup(&LUMA_AC), basis());
    let (width, height) = (size.width as usize, size.height as usize);
    let mut prediction = 0_i16;
    for top in (0..height).step_by(8) {
        for left in (0..width).step_by(8) {
            let mut block = [[0.0; 8]; 8];
            for (y, row) in block.iter_mut().enumerate() {
                let start = (top + y).min(height - 1) * width;
                for (x, value) in row.iter_mut().enumerate() {
                    let at = start + (left + x).min(width - 1);
                    *value = f32::from(data.get(at).copied().unwrap_or(0)) - 128.0;
                }
            }
            let waves = transform(&block, &basis);
            let levels = ZIGZAG.map(|at| {
                let at = usize::from(at);
                let step = f32::from(steps.get(at).copied().unwrap_or(1));
                let level = (waves.get(at).copied().unwrap_or(0.0) / step).round();
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "coefficients of bytes are below 1024"
                )]
                let level = level.clamp(-1023.0, 1023.0) as i16;
                level
            });
            prediction = encode_block(&levels, prediction, (&dc, &ac), sink);
        }
    }
}

fn encode_block(
    levels: &[i16; 64],
    prediction: i16,
    (dc, ac): (&Lookup, &Lookup),
    sink: &mut Sink,
) -> i16 {
    let [first, rest @ ..] = levels;
    let (category, bits) = Sink::magnitude(*first - prediction);
    sink.symbol(dc, category);
    sink.put(bits, category);
    let mut run = 0_u8;
    for &level in rest {
        if level == 0 {
            run += 1;
            continue;
        }
        while run > 15 {
            sink.symbol(ac, 0xF0);
            run -= 16;
        }
        let (category, bits) = Sink::magnitude(level);
        sink.symbol(ac, run << 4 | category);
        sink.put(bits, category);
        run = 0;
    }
    if run > 0 {
        sink.symbol(ac, 0);
    }
    *first
}
