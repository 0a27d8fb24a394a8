//! Pixels stored one after another.

use super::boxes::Eighths;
use super::depth::{DepthImage, depth_level};
use super::error::MediaError;
use super::grey::{Codec, GreyImage, ImageInfo, Limits, Scale};
use crate::sensor::Image;

/// Where the samples of a pixel are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// One sample of this many bytes.
    Grey(usize),
    /// This many samples of this many bytes; red first, or blue first.
    Color {
        samples: usize,
        bytes: usize,
        blue_first: bool,
    },
    /// Bayer pattern with samples of this many bytes; where red and blue are in the first 2 x 2 pixels (x, y).
    Bayer {
        bytes: usize,
        red: (usize, usize),
        blue: (usize, usize),
    },
    /// Two bytes per pixel, luma at this one.
    Yuv422(usize),
    /// A plane of luma, then one of chroma at half the height.
    Nv12,
    /// Millimeters, 16 bits.
    DepthMillimeters,
    /// Meters, single precision.
    DepthMeters,
}

/// Encodings of `sensor_msgs/image_encodings.hpp` and of `foxglove.RawImage`.
fn layout(encoding: &str) -> Option<Layout> {
    let color = |samples, bytes, blue_first| Layout::Color {
        samples,
        bytes,
        blue_first,
    };
    let bayer = |pattern: &str, bytes| {
        let (red, blue) = match pattern {
            "rggb" => ((0, 0), (1, 1)),
            "bggr" => ((1, 1), (0, 0)),
            "gbrg" => ((0, 1), (1, 0)),
            "grbg" => ((1, 0), (0, 1)),
            _ => return None,
        };
        Some(Layout::Bayer { bytes, red, blue })
    };
    Some(match encoding {
        "mono8" | "8UC1" => Layout::Grey(1),
        "mono16" => Layout::Grey(2),
        "rgb8" => color(3, 1, false),
        "bgr8" | "8UC3" => color(3, 1, true),
        "rgba8" => color(4, 1, false),
        "bgra8" | "8UC4" => color(4, 1, true),
        "rgb16" => color(3, 2, false),
        "bgr16" | "16UC3" => color(3, 2, true),
        "rgba16" => color(4, 2, false),
        "bgra16" | "16UC4" => color(4, 2, true),
        "yuv422" | "uyvy" | "UYVY" => Layout::Yuv422(1),
        "yuyv" | "YUYV" | "yuv422_yuy2" | "yuy2" => Layout::Yuv422(0),
        "nv12" | "nv21" | "NV12" | "NV21" => Layout::Nv12,
        "16UC1" => Layout::DepthMillimeters,
        "32FC1" => Layout::DepthMeters,
        _ => {
            let rest = encoding.strip_prefix("bayer_")?;
            if let Some(pattern) = rest.strip_suffix("16") {
                bayer(pattern, 2)?
            } else {
                bayer(rest.strip_suffix('8')?, 1)?
            }
        }
    })
}

impl Layout {
    /// Bytes a row needs; for planes, a row of luma.
    fn row_bytes(self, width: u32) -> u64 {
        let width = u64::from(width);
        width
            * match self {
                Self::Grey(bytes) | Self::Bayer { bytes, .. } => bytes as u64,
                Self::Color { samples, bytes, .. } => (samples * bytes) as u64,
                Self::Yuv422(_) | Self::DepthMillimeters => 2,
                Self::Nv12 => 1,
                Self::DepthMeters => 4,
            }
    }

    fn info(self) -> (u8, u8) {
        match self {
            Self::Grey(bytes) | Self::Bayer { bytes, .. } => (1, bits_of(bytes)),
            Self::Color { samples, bytes, .. } => {
                (u8::try_from(samples).unwrap_or(u8::MAX), bits_of(bytes))
            }
            Self::Yuv422(_) | Self::Nv12 => (3, 8),
            Self::DepthMillimeters => (1, 16),
            Self::DepthMeters => (1, 32),
        }
    }
}

fn bits_of(bytes: usize) -> u8 {
    if bytes == 2 { 16 } else { 8 }
}

/// A raw image whose sizes have been found consistent.
pub(super) struct Raw<'a> {
    layout: Layout,
    width: u32,
    height: u32,
    step: usize,
    big_endian: bool,
    data: &'a [u8],
}

impl<'a> Raw<'a> {
    pub(super) fn info(image: &Image<'_>) -> Result<ImageInfo, MediaError> {
        let layout = layout(&image.encoding)
            .ok_or_else(|| MediaError::unsupported(image.encoding.as_ref()))?;
        let (channels, bits) = layout.info();
        Ok(ImageInfo {
            width: image.width,
            height: image.height,
            channels,
            bits,
            codec: Codec::Raw,
        })
    }

    pub(super) fn new(image: &'a Image<'_>, limits: Limits) -> Result<Self, MediaError> {
        let layout = layout(&image.encoding)
            .ok_or_else(|| MediaError::unsupported(image.encoding.as_ref()))?;
        limits.admit(image.width, image.height)?;
        let row = layout.row_bytes(image.width);
        // Some drivers leave the step at 0 and pack rows.
        let step = match image.step {
            0 => row,
            step => u64::from(step),
        };
        if step < row {
            return Err(MediaError::WrongStep {
                encoding: image.encoding.to_string(),
                width: image.width,
                expected: row,
                actual: step,
            });
        }
        let height = u64::from(image.height);
        let rows = height
            + if layout == Layout::Nv12 {
                height.div_ceil(2)
            } else {
                0
            };
        // The padding behind the last row is often left out.
        let expected = rows.saturating_sub(1) * step + if rows > 0 { row } else { 0 };
        if (image.data.len() as u64) < expected {
            return Err(MediaError::WrongSize {
                encoding: image.encoding.to_string(),
                width: image.width,
                height: image.height,
                step: image.step,
                expected,
                actual: image.data.len() as u64,
            });
        }
        Ok(Self {
            layout,
            width: image.width,
            height: image.height,
            step: usize::try_from(step).unwrap_or(usize::MAX),
            big_endian: image.big_endian,
            data: &image.data,
        })
    }

    fn row(&self, y: usize) -> &'a [u8] {
        let bytes = usize::try_from(self.layout.row_bytes(self.width)).unwrap_or(usize::MAX);
        let start = y.saturating_mul(self.step);
        self.data
            .get(start..start.saturating_add(bytes))
            .unwrap_or_default()
    }

    pub(super) fn grey(&self, scale: Scale) -> Result<GreyImage, MediaError> {
        let width = self.width as usize;
        if width == 0 || self.height == 0 {
            return Err(MediaError::damaged("raw", "no pixels"));
        }
        match scale {
            Scale::Full => {
                let mut data = vec![0; width * self.height as usize];
                for (y, row) in data.chunks_exact_mut(width).enumerate() {
                    self.grey_row(y, row);
                }
                Ok(GreyImage {
                    width: self.width,
                    height: self.height,
                    data,
                })
            }
            Scale::Eighth => {
                let mut eighths = Eighths::new(self.width, self.height);
                let mut row = vec![0; width];
                for y in 0..self.height as usize {
                    if self.layout == Layout::Grey(1) {
                        eighths.push(self.row(y));
                    } else {
                        self.grey_row(y, &mut row);
                        eighths.push(&row);
                    }
                }
                Ok(eighths.finish())
            }
        }
    }

    fn grey_row(&self, y: usize, out: &mut [u8]) {
        let row = self.row(y);
        // Offset of the more significant byte within a sample of two.
        let high = usize::from(!self.big_endian);
        match self.layout {
            Layout::Grey(1) | Layout::Nv12 => out.copy_from_slice(row),
            Layout::Grey(_) => pick::<2>(row, high, out),
            Layout::Yuv422(offset) => pick::<2>(row, offset, out),
            Layout::Color {
                samples,
                bytes,
                blue_first,
            } => {
                let high = if bytes == 2 { high } else { 0 };
                match samples * bytes {
                    3 => color::<3>(row, [0, 1, 2], blue_first, out),
                    4 => color::<4>(row, [0, 1, 2], blue_first, out),
                    6 => color::<6>(row, [high, 2 + high, 4 + high], blue_first, out),
                    _ => color::<8>(row, [high, 2 + high, 4 + high], blue_first, out),
                }
            }
            Layout::Bayer { bytes, red, blue } => {
                let below = if y + 1 < self.height as usize {
                    y + 1
                } else {
                    y.saturating_sub(1)
                };
                let other = self.row(below);
                let offset = if bytes == 2 { high } else { 0 };
                let shift = Mosaic {
                    row,
                    other,
                    bytes,
                    offset,
                };
                shift.luma(y % 2, red, blue, out);
            }
            Layout::DepthMillimeters | Layout::DepthMeters => {
                let mut meters = vec![0.0_f32; out.len()];
                self.depth_row(y, &mut meters);
                for (level, depth) in out.iter_mut().zip(meters) {
                    *level = depth_level(depth);
                }
            }
        }
    }

    fn depth_row(&self, y: usize, out: &mut [f32]) {
        let row = self.row(y);
        if self.layout == Layout::DepthMeters {
            for (depth, bytes) in out.iter_mut().zip(row.as_chunks::<4>().0) {
                let value = if self.big_endian {
                    f32::from_be_bytes(*bytes)
                } else {
                    f32::from_le_bytes(*bytes)
                };
                *depth = if value > 0.0 && value.is_finite() {
                    value
                } else {
                    f32::NAN
                };
            }
        } else {
            for (depth, bytes) in out.iter_mut().zip(row.as_chunks::<2>().0) {
                let value = if self.big_endian {
                    u16::from_be_bytes(*bytes)
                } else {
                    u16::from_le_bytes(*bytes)
                };
                *depth = super::depth::from_millimeters(value);
            }
        }
    }

    /// The image as depth; `Unsupported` for other encodings.
    pub(super) fn depth(&self, encoding: &str) -> Result<DepthImage, MediaError> {
        if !matches!(self.layout, Layout::DepthMillimeters | Layout::DepthMeters) {
            return Err(MediaError::unsupported(encoding));
        }
        let width = self.width as usize;
        let mut meters = vec![f32::NAN; width * self.height as usize];
        if width > 0 {
            for (y, row) in meters.chunks_exact_mut(width).enumerate() {
                self.depth_row(y, row);
            }
        }
        Ok(DepthImage {
            width: self.width,
            height: self.height,
            meters,
        })
    }
}

/// Copies byte `offset` of every `N` bytes.
fn pick<const N: usize>(row: &[u8], offset: usize, out: &mut [u8]) {
    for (to, from) in out.iter_mut().zip(row.as_chunks::<N>().0) {
        *to = from.get(offset).copied().unwrap_or(0);
    }
}

/// Luma of red, green and blue: `OpenCV`'s weights in 15 bits (0.299, 0.587, 0.114).
pub(super) fn luma(red: u8, green: u8, blue: u8) -> u8 {
    let sum = u32::from(red) * 9798 + u32::from(green) * 19235 + u32::from(blue) * 3735;
    // The weights add up to 1 << 15, so the result is a byte.
    ((sum + (1 << 14)) >> 15).to_le_bytes()[0]
}

fn color<const N: usize>(row: &[u8], at: [usize; 3], blue_first: bool, out: &mut [u8]) {
    let [first, green, last] = at;
    let (red, blue) = if blue_first {
        (last, first)
    } else {
        (first, last)
    };
    if red >= N || green >= N || blue >= N {
        return;
    }
    let sample = |pixel: &[u8; N], index: usize| pixel.get(index).copied().unwrap_or(0);
    for (to, pixel) in out.iter_mut().zip(row.as_chunks::<N>().0) {
        *to = luma(
            sample(pixel, red),
            sample(pixel, green),
            sample(pixel, blue),
        );
    }
}

/// Two neighboring rows of a Bayer pattern.
struct Mosaic<'a> {
    row: &'a [u8],
    other: &'a [u8],
    bytes: usize,
    offset: usize,
}

impl Mosaic<'_> {
    /// Weighted mean of each pixel, its right and its lower neighbors: any such four hold one red, one blue and two
    /// green samples.
    fn luma(&self, y: usize, red: (usize, usize), blue: (usize, usize), out: &mut [u8]) {
        let sample = |row: &[u8], x: usize| {
            u32::from(row.get(x * self.bytes + self.offset).copied().unwrap_or(0))
        };
        let weight = |x: usize, y: usize| {
            if (x, y) == red {
                9798
            } else if (x, y) == blue {
                3735
            } else {
                9617
            }
        };
        // Weights by column parity for this row and for the other one.
        let here = [weight(0, y), weight(1, y)];
        let there = [weight(0, 1 - y), weight(1, 1 - y)];
        let width = out.len();
        for (x, to) in out.iter_mut().enumerate() {
            let right = if x + 1 < width {
                x + 1
            } else {
                x.saturating_sub(1)
            };
            let (even, odd) = if x % 2 == 0 { (x, right) } else { (right, x) };
            let [h0, h1] = here;
            let [t0, t1] = there;
            let sum = sample(self.row, even) * h0
                + sample(self.row, odd) * h1
                + sample(self.other, even) * t0
                + sample(self.other, odd) * t1;
            *to = u8::try_from((sum + (1 << 14)) >> 15).unwrap_or(u8::MAX);
        }
    }
}
