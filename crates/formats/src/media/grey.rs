//! Every kind of image as 8-bit luma.

use super::boxes::Eighths;
use super::error::MediaError;
use super::{compressed_depth, jpeg, png_file, raw};
use crate::sensor::Image;

/// Luma of an image, 8 bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GreyImage {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// `width * height` values, row by row, no padding.
    pub data: Vec<u8>,
}

/// How much of the resolution is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// All of it.
    Full,
    /// Means of blocks of 8 x 8: `ceil(width / 8)` by `ceil(height / 8)`.
    Eighth,
}

/// What decoding may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most pixels of an image.
    pub pixels: u64,
}

impl Default for Limits {
    /// 128 megapixels: the largest cameras in the field have 150, those on robots below 30.
    fn default() -> Self {
        Self { pixels: 1 << 27 }
    }
}

impl Limits {
    pub(crate) fn admit(self, width: u32, height: u32) -> Result<(), MediaError> {
        if u64::from(width) * u64::from(height) > self.pixels {
            return Err(MediaError::TooLarge {
                width,
                height,
                limit: self.pixels,
            });
        }
        Ok(())
    }
}

/// How pixels are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Pixel after pixel.
    Raw,
    /// JPEG, sequential.
    Jpeg,
    /// JPEG, progressive.
    JpegProgressive,
    /// PNG.
    Png,
    /// `compressed_depth_image_transport` with PNG.
    DepthPng,
    /// `compressed_depth_image_transport` with RVL.
    DepthRvl,
}

/// What an image says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageInfo {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Samples per pixel; 1 for Bayer patterns.
    pub channels: u8,
    /// Bits per sample.
    pub bits: u8,
    /// How it is stored.
    pub codec: Codec,
}

/// What a compressed payload is, by its own bytes and by its format text.
pub(super) enum Payload<'a> {
    Jpeg(&'a [u8]),
    Png(&'a [u8]),
    Depth(&'a [u8]),
}

/// Finds the codec of a compressed image. Bytes win over the text, which drivers often get wrong.
pub(super) fn payload<'a>(image: &'a Image<'_>) -> Result<Payload<'a>, MediaError> {
    let data: &[u8] = &image.data;
    if image.encoding.contains("compressedDepth") {
        return Ok(Payload::Depth(data));
    }
    if data.starts_with(&[0xFF, 0xD8]) {
        return Ok(Payload::Jpeg(data));
    }
    if data.starts_with(&png_file::SIGNATURE) {
        return Ok(Payload::Png(data));
    }
    if data.is_empty() {
        return Err(MediaError::truncated("image", "no bytes at all"));
    }
    let encoding = image.encoding.to_ascii_lowercase();
    if encoding.contains("jpeg") || encoding.contains("jpg") {
        return Err(MediaError::damaged("jpeg", "no start of image"));
    }
    if encoding.contains("png") {
        return Err(MediaError::damaged("png", "no signature"));
    }
    Err(MediaError::unsupported(image.encoding.as_ref()))
}

/// Decodes an image to 8-bit luma.
///
/// Weights are those of BT.601 as `OpenCV` has them, 0.299 R + 0.587 G + 0.114 B in 15-bit fixed point; JPEG
/// and YUV give their Y as stored (its range is not stretched). Samples of 16 bits keep their high byte.
/// Bayer patterns give the weighted mean of each 2 x 2 neighborhood. Depth (`16UC1`, `32FC1`,
/// `compressedDepth`) gives 40 mm per level, 255 from 10.2 m on and 0 where nothing was measured.
///
/// [`Scale::Eighth`] is the mean of each block of 8 x 8 (cut off at the right and lower edge), for JPEG taken from
/// the DC coefficients without any inverse transform, equal to libjpeg at scale 1/8.
///
/// Errors: [`MediaError`]; no partial image is given. A JPEG without end marker is `Truncated` although most of it
/// could be shown.
///
/// Cost for 1920 x 1080 on one core: JPEG full about 5 ms, an eighth about 2 ms; raw color about 2 ms.
/// Source: ITU-R BT.601; `cvtColor` of `OpenCV`; ITU-T T.81; libjpeg `jidctred.c` (1 x 1).
pub fn grey(image: &Image<'_>, scale: Scale, limits: Limits) -> Result<GreyImage, MediaError> {
    if !image.compressed {
        return raw::Raw::new(image, limits)?.grey(scale);
    }
    match payload(image)? {
        Payload::Jpeg(data) => jpeg::grey(data, scale, limits),
        Payload::Png(data) => png_file::grey(data, &image.encoding, scale, limits),
        Payload::Depth(data) => {
            compressed_depth::read(data, &image.encoding, limits).map(|depth| depth.grey(scale))
        }
    }
}

/// Reads size and kind of an image without decoding a pixel.
///
/// Errors: as [`grey`] where the header is unreadable; a file cut off behind its header is not noticed.
/// Cost: below a microsecond.
pub fn probe(image: &Image<'_>) -> Result<ImageInfo, MediaError> {
    if !image.compressed {
        return raw::Raw::info(image);
    }
    match payload(image)? {
        Payload::Jpeg(data) => jpeg::probe(data),
        Payload::Png(data) => png_file::probe(data),
        Payload::Depth(data) => compressed_depth::probe(data, &image.encoding),
    }
}

impl GreyImage {
    /// Means of blocks of 8 x 8, as [`Scale::Eighth`].
    #[must_use]
    pub fn eighth(&self) -> Self {
        let mut eighths = Eighths::new(self.width, self.height);
        if self.width > 0 {
            for row in self.data.chunks_exact(self.width as usize) {
                eighths.push(row);
            }
        }
        eighths.finish()
    }
}
