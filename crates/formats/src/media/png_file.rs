//! PNG files, read and written.

use super::depth::{DepthImage, from_millimeters};
use super::error::MediaError;
use super::grey::{Codec, GreyImage, ImageInfo, Limits, Scale};
use super::raw::luma;
use png::{BitDepth, ColorType, Decoder, DecodingError, Transformations};
use std::io::Cursor;

pub(super) const SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A];

/// Decoded rows, 8 or 16 bits (big-endian), palettes expanded.
struct Pixels {
    width: u32,
    height: u32,
    channels: usize,
    wide: bool,
    data: Vec<u8>,
}

fn error(cause: &DecodingError) -> MediaError {
    match cause {
        DecodingError::IoError(cause) if cause.kind() == std::io::ErrorKind::UnexpectedEof => {
            MediaError::truncated("png", "the data ends early")
        }
        other => MediaError::damaged("png", other.to_string()),
    }
}

pub(super) fn probe(data: &[u8]) -> Result<ImageInfo, MediaError> {
    let mut decoder = Decoder::new(Cursor::new(data));
    let info = decoder.read_header_info().map_err(|cause| error(&cause))?;
    Ok(ImageInfo {
        width: info.width,
        height: info.height,
        channels: match info.color_type {
            ColorType::Grayscale | ColorType::Indexed => 1,
            ColorType::GrayscaleAlpha => 2,
            ColorType::Rgb => 3,
            ColorType::Rgba => 4,
        },
        bits: info.bit_depth as u8,
        codec: Codec::Png,
    })
}

fn decode(data: &[u8], limits: Limits) -> Result<Pixels, MediaError> {
    let info = probe(data)?;
    limits.admit(info.width, info.height)?;
    let bytes = usize::try_from(limits.pixels.saturating_mul(8)).unwrap_or(usize::MAX);
    let mut decoder = Decoder::new_with_limits(Cursor::new(data), png::Limits { bytes });
    decoder.set_transformations(Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().map_err(|cause| error(&cause))?;
    let size = reader
        .output_buffer_size()
        .ok_or_else(|| MediaError::damaged("png", "its size does not fit memory"))?;
    let mut pixels = vec![0; size];
    let frame = reader
        .next_frame(&mut pixels)
        .map_err(|cause| error(&cause))?;
    Ok(Pixels {
        width: frame.width,
        height: frame.height,
        channels: frame.color_type.samples(),
        wide: frame.bit_depth == BitDepth::Sixteen,
        data: pixels,
    })
}

pub(super) fn grey(
    data: &[u8],
    encoding: &str,
    scale: Scale,
    limits: Limits,
) -> Result<GreyImage, MediaError> {
    if encoding.starts_with("16UC1") {
        return depth(data, encoding, limits).map(|depth| depth.grey(scale));
    }
    let pixels = decode(data, limits)?;
    // The first byte of a sample is its high one; alpha is left out.
    let luma_data = match (pixels.channels, pixels.wide) {
        (1, false) => pixels.data,
        (1, true) => each::<2>(&pixels.data, |[high, _]| high),
        (2, false) => each::<2>(&pixels.data, |[level, _]| level),
        (2, true) => each::<4>(&pixels.data, |[high, ..]| high),
        (3, false) => each::<3>(&pixels.data, |[r, g, b]| luma(r, g, b)),
        (3, true) => each::<6>(&pixels.data, |[r, _, g, _, b, _]| luma(r, g, b)),
        (_, false) => each::<4>(&pixels.data, |[r, g, b, _]| luma(r, g, b)),
        (_, true) => each::<8>(&pixels.data, |[r, _, g, _, b, ..]| luma(r, g, b)),
    };
    let full = GreyImage {
        width: pixels.width,
        height: pixels.height,
        data: luma_data,
    };
    Ok(match scale {
        Scale::Full => full,
        Scale::Eighth => full.eighth(),
    })
}

fn each<const N: usize>(data: &[u8], luma: impl Fn([u8; N]) -> u8) -> Vec<u8> {
    data.as_chunks::<N>().0.iter().map(|&p| luma(p)).collect()
}

/// Samples of a 16-bit PNG of one channel, with its width and height.
pub(super) fn samples16(
    data: &[u8],
    encoding: &str,
    limits: Limits,
) -> Result<(u32, u32, Vec<u16>), MediaError> {
    let pixels = decode(data, limits)?;
    if !pixels.wide || pixels.channels != 1 {
        return Err(MediaError::unsupported(format!(
            "{encoding} with {} channels of {} bits",
            pixels.channels,
            if pixels.wide { 16 } else { 8 }
        )));
    }
    let samples = pixels.data.as_chunks::<2>().0;
    let samples = samples.iter().map(|&b| u16::from_be_bytes(b)).collect();
    Ok((pixels.width, pixels.height, samples))
}

/// A 16-bit PNG of millimeters.
pub(super) fn depth(data: &[u8], encoding: &str, limits: Limits) -> Result<DepthImage, MediaError> {
    let (width, height, samples) = samples16(data, encoding, limits)?;
    Ok(DepthImage {
        width,
        height,
        meters: samples.into_iter().map(from_millimeters).collect(),
    })
}

/// Writes an 8-bit grey PNG.
///
/// Errors: `WrongSize` where `data` does not hold `width * height` bytes, `Damaged` for a size of zero.
/// Cost: about 10 ms per megapixel. The same bytes for the same input and crate version.
pub fn encode_png_grey(width: u32, height: u32, data: &[u8]) -> Result<Vec<u8>, MediaError> {
    check_size(width, height, data)?;
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::Eight);
    let failed = |cause: png::EncodingError| MediaError::damaged("png", cause.to_string());
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(data).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(file)
}

/// Whether `data` is an 8-bit image of this size.
pub(super) fn check_size(width: u32, height: u32, data: &[u8]) -> Result<(), MediaError> {
    let expected = u64::from(width) * u64::from(height);
    if expected == 0 {
        return Err(MediaError::damaged("raw", "no pixels"));
    }
    if expected != data.len() as u64 {
        return Err(MediaError::WrongSize {
            encoding: "mono8".to_owned(),
            width,
            height,
            step: width,
            expected,
            actual: data.len() as u64,
        });
    }
    Ok(())
}
