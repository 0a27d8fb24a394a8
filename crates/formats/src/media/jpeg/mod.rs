//! JPEG: luma at full size and at an eighth, and a small writer.
//!
//! At full size the pixels come from `zune-jpeg`; the eighth is our own, because no kept pure-Rust decoder
//! stops at the DC coefficients.

mod dc;
mod encode;
mod entropy;
mod header;
mod tables;

pub use encode::encode_jpeg_grey;

use super::error::MediaError;
use super::grey::{Codec, GreyImage, ImageInfo, Limits, Scale};
use super::raw::luma;
use header::{Frame, Reader, Step};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

/// What the color channels of a file mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// The first channel is luma.
    Luma,
    /// Red, green and blue.
    Rgb,
}

fn meaning(reader: &Reader<'_>, frame: &Frame) -> Result<Meaning, MediaError> {
    let ids = frame.components.iter().map(|c| c.id);
    match frame.components.len() {
        3 if reader.adobe == Some(0) => Ok(Meaning::Rgb),
        3 if !reader.jfif && reader.adobe.is_none() && ids.eq(*b"RGB") => Ok(Meaning::Rgb),
        1 | 3 => Ok(Meaning::Luma),
        count => Err(MediaError::unsupported(format!("jpeg of {count} channels"))),
    }
}

fn open(data: &[u8]) -> Result<(Reader<'_>, Frame), MediaError> {
    let mut reader = Reader::new(data);
    match reader.step()? {
        Step::Frame => {}
        Step::Scan(_) => return Err(MediaError::damaged("jpeg", "a scan before the frame")),
        Step::End => return Err(MediaError::damaged("jpeg", "no frame before the end")),
    }
    let frame = reader.frame.clone();
    let frame = frame.ok_or_else(|| MediaError::damaged("jpeg", "no frame header"))?;
    Ok((reader, frame))
}

pub(super) fn probe(data: &[u8]) -> Result<ImageInfo, MediaError> {
    let (_, frame) = open(data)?;
    Ok(ImageInfo {
        width: frame.width,
        height: frame.height,
        channels: u8::try_from(frame.components.len()).unwrap_or(u8::MAX),
        bits: frame.bits,
        codec: if frame.progressive {
            Codec::JpegProgressive
        } else {
            Codec::Jpeg
        },
    })
}

/// Whether the image has its end marker. Thumbnails in front of the pixels have their own, so only what lies
/// behind the frame header counts; bits of a scan cannot look like a marker.
fn has_end(reader: &Reader<'_>) -> bool {
    let behind = reader.data.get(reader.position()..).unwrap_or_default();
    behind
        .array_windows::<2>()
        .rev()
        .any(|pair| *pair == [0xFF, 0xD9])
}

pub(super) fn grey(data: &[u8], scale: Scale, limits: Limits) -> Result<GreyImage, MediaError> {
    let (mut reader, frame) = open(data)?;
    limits.admit(frame.width, frame.height)?;
    let meaning = meaning(&reader, &frame)?;
    if !has_end(&reader) {
        let length = data.len();
        let what = format!("no end of image marker in {length} bytes");
        return Err(MediaError::truncated("jpeg", what));
    }
    if scale == Scale::Eighth && meaning == Meaning::Luma && dc::reads(&frame) {
        return dc::eighth(&mut reader);
    }
    // Tables may still come between the frame and its first scan.
    let bare = matches!(reader.step()?, Step::Scan(_)) && !reader.has_tables;
    let full = if bare {
        full(&tables::with_standard(data), &frame, meaning)?
    } else {
        full(data, &frame, meaning)?
    };
    Ok(match scale {
        Scale::Full => full,
        Scale::Eighth => full.eighth(),
    })
}

fn full(data: &[u8], frame: &Frame, meaning: Meaning) -> Result<GreyImage, MediaError> {
    let out = match meaning {
        Meaning::Luma => ColorSpace::Luma,
        Meaning::Rgb => ColorSpace::RGB,
    };
    let options = DecoderOptions::default()
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .set_strict_mode(true)
        .jpeg_set_out_colorspace(out);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(data), options);
    let pixels = decoder.decode().map_err(|cause| error(&cause))?;
    let count = frame.width as usize * frame.height as usize;
    let pixels = match meaning {
        Meaning::Luma => pixels,
        Meaning::Rgb => {
            let pixels = pixels.as_chunks::<3>().0.iter();
            pixels.map(|&[r, g, b]| luma(r, g, b)).collect()
        }
    };
    if pixels.len() != count {
        let what = format!("{} of {count} pixels", pixels.len());
        return Err(MediaError::damaged("jpeg", what));
    }
    Ok(GreyImage {
        width: frame.width,
        height: frame.height,
        data: pixels,
    })
}

fn error(cause: &DecodeErrors) -> MediaError {
    match cause {
        DecodeErrors::Unsupported(what) => MediaError::unsupported(format!("jpeg: {what:?}")),
        DecodeErrors::ExhaustedData => MediaError::truncated("jpeg", "the data ends early"),
        other => MediaError::damaged("jpeg", format!("{other:?}")),
    }
}
