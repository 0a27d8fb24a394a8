//! The format of `compressed_depth_image_transport`: 12 bytes of parameters, then PNG or RVL.

use super::depth::{DepthImage, from_millimeters};
use super::error::MediaError;
use super::grey::{Codec, ImageInfo, Limits};
use super::png_file;

/// Splits the parameters (A, B of the inverse-depth quantization) from the picture.
///
/// Source: `compressed_depth_image_transport/compression_common.h`: `ConfigHeader { enum format; float depthParam[2] }`.
fn split(data: &[u8]) -> Result<([f32; 2], &[u8]), MediaError> {
    let short = || MediaError::truncated("compressedDepth", "less than its 12-byte header");
    let (header, body) = data.split_first_chunk::<12>().ok_or_else(short)?;
    let [_, _, _, _, a0, a1, a2, a3, b0, b1, b2, b3] = *header;
    let parameters = [
        f32::from_le_bytes([a0, a1, a2, a3]),
        f32::from_le_bytes([b0, b1, b2, b3]),
    ];
    Ok((parameters, body))
}

fn is_rvl(encoding: &str, body: &[u8]) -> bool {
    !body.starts_with(&png_file::SIGNATURE) && encoding.to_ascii_lowercase().contains("rvl")
}

/// Columns and rows in front of the RVL nibbles.
fn rvl_size(body: &[u8]) -> Result<(u32, u32, &[u8]), MediaError> {
    let short = || MediaError::truncated("rvl", "less than its 8-byte size");
    let ([c0, c1, c2, c3, r0, r1, r2, r3], rest) =
        body.split_first_chunk::<8>().ok_or_else(short)?;
    let columns = u32::from_le_bytes([*c0, *c1, *c2, *c3]);
    let rows = u32::from_le_bytes([*r0, *r1, *r2, *r3]);
    Ok((columns, rows, rest))
}

pub(super) fn probe(data: &[u8], encoding: &str) -> Result<ImageInfo, MediaError> {
    let (_, body) = split(data)?;
    if is_rvl(encoding, body) {
        let (width, height, _) = rvl_size(body)?;
        return Ok(ImageInfo {
            width,
            height,
            channels: 1,
            bits: 16,
            codec: Codec::DepthRvl,
        });
    }
    let info = png_file::probe(body)?;
    Ok(ImageInfo {
        codec: Codec::DepthPng,
        ..info
    })
}

pub(super) fn read(data: &[u8], encoding: &str, limits: Limits) -> Result<DepthImage, MediaError> {
    let ([a, b], body) = split(data)?;
    let (width, height, samples) = if is_rvl(encoding, body) {
        let (width, height, rest) = rvl_size(body)?;
        limits.admit(width, height)?;
        (width, height, rvl(rest, width as usize * height as usize)?)
    } else {
        png_file::samples16(body, encoding, limits)?
    };
    let quantized = encoding.starts_with("32FC1");
    let meters = samples
        .into_iter()
        .map(|value| match (quantized, value) {
            (_, 0) => f32::NAN,
            (true, value) => positive(a / (f32::from(value) - b)),
            (false, value) => from_millimeters(value),
        })
        .collect();
    Ok(DepthImage {
        width,
        height,
        meters,
    })
}

fn positive(meters: f32) -> f32 {
    if meters > 0.0 && meters.is_finite() {
        meters
    } else {
        f32::NAN
    }
}

/// Nibbles of a little-endian stream of 32-bit words, highest first.
struct Nibbles<'a> {
    words: std::slice::Iter<'a, [u8; 4]>,
    word: u32,
    left: u32,
}

impl Nibbles<'_> {
    fn nibble(&mut self) -> Option<u32> {
        if self.left == 0 {
            self.word = u32::from_le_bytes(*self.words.next()?);
            self.left = 8;
        }
        let nibble = self.word >> 28;
        self.word <<= 4;
        self.left -= 1;
        Some(nibble)
    }

    /// Three bits per nibble, lowest first; the fourth says that more follow.
    fn variable(&mut self) -> Option<u32> {
        let mut value = 0_u32;
        for shift in (0..30).step_by(3) {
            let nibble = self.nibble()?;
            value |= (nibble & 7) << shift;
            if nibble & 8 == 0 {
                return Some(value);
            }
        }
        None
    }
}

/// Decompresses RVL. Source: Wilson 2017, listing; `rvl_codec.cpp` of `compressed_depth_image_transport`.
fn rvl(data: &[u8], count: usize) -> Result<Vec<u16>, MediaError> {
    let mut nibbles = Nibbles {
        words: data.as_chunks::<4>().0.iter(),
        word: 0,
        left: 0,
    };
    // Grows with what the stream really holds: a count is only a claim.
    let mut samples: Vec<u16> = Vec::with_capacity(count.min(data.len().saturating_mul(4)));
    let mut previous = 0_u16;
    let short = || MediaError::truncated("rvl", format!("not all of {count} pixels"));
    while samples.len() < count {
        let zeros = nibbles.variable().ok_or_else(short)? as usize;
        let nonzeros = nibbles.variable().ok_or_else(short)? as usize;
        if zeros + nonzeros > count - samples.len() {
            return Err(MediaError::damaged("rvl", "more pixels than the size says"));
        }
        if zeros + nonzeros == 0 {
            return Err(MediaError::damaged("rvl", "an empty run"));
        }
        samples.resize(samples.len() + zeros, 0);
        for _ in 0..nonzeros {
            let positive = nibbles.variable().ok_or_else(short)?;
            let delta = (positive >> 1) ^ (positive & 1).wrapping_neg();
            let [low, high, ..] = delta.to_le_bytes();
            previous = previous.wrapping_add(u16::from_le_bytes([low, high]));
            samples.push(previous);
        }
    }
    Ok(samples)
}
