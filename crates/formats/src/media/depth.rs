//! Distances as images.

use super::compressed_depth;
use super::error::MediaError;
use super::grey::{GreyImage, Limits, Payload, Scale, payload};
use super::{png_file, raw};
use crate::sensor::Image;

/// Distances along the optical axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DepthImage {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// `width * height` distances in meters, row by row; NaN where nothing was measured.
    pub meters: Vec<f32>,
}

/// Depth of one level of the 8-bit rendering: 255 levels reach 10.2 m, the range of cameras that measure depth.
const METERS_PER_LEVEL: f32 = 0.04;

/// 0 for NaN, then 40 mm per level, rounded; saturates at 10.2 m, and anything measured is at least 1.
pub(super) fn depth_level(meters: f32) -> u8 {
    if meters.is_nan() {
        return 0;
    }
    let level = (meters / METERS_PER_LEVEL).round().clamp(1.0, 255.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the range of a byte"
    )]
    let level = level as u8;
    level
}

/// Meters from the millimeters of `16UC1`; 0 stands for not measured (REP 118).
pub(super) fn from_millimeters(value: u16) -> f32 {
    if value == 0 {
        f32::NAN
    } else {
        f32::from(value) / 1000.0
    }
}

impl DepthImage {
    pub(super) fn grey(&self, scale: Scale) -> GreyImage {
        let full = GreyImage {
            width: self.width,
            height: self.height,
            data: self.meters.iter().map(|&m| depth_level(m)).collect(),
        };
        match scale {
            Scale::Full => full,
            Scale::Eighth => full.eighth(),
        }
    }
}

/// Decodes a depth image: raw `16UC1` (millimeters) and `32FC1` (meters), `compressedDepth` with PNG or RVL, and
/// 16-bit PNG.
///
/// Zero, negative and non-finite depths become NaN.
/// Errors: [`MediaError`], `Unsupported` for images that are not depth. Cost: about 1 ms per megapixel raw.
/// Source: REP 118; `compressed_depth_image_transport`; Wilson, Fast Lossless Depth Image Compression, ISS 2017 (RVL).
pub fn depth_meters(image: &Image<'_>, limits: Limits) -> Result<DepthImage, MediaError> {
    if !image.compressed {
        return raw::Raw::new(image, limits)?.depth(&image.encoding);
    }
    match payload(image)? {
        Payload::Depth(data) => compressed_depth::read(data, &image.encoding, limits),
        Payload::Png(data) => png_file::depth(data, &image.encoding, limits),
        Payload::Jpeg(_) => Err(MediaError::unsupported(image.encoding.as_ref())),
    }
}
