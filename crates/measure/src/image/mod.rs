//! One grey image, or a few in a row: sharpness, exposure, freezing, blocks, rotation between frames.
//!
//! Read [`Grey`] first; [`scan()`] looks at one image once, [`rotation`] tells how the camera turned between two frames,
//! [`matching`] finds the same corner in two images. Not here: decoding (`formats`), thresholds (policies).

pub mod blocks;
pub mod blur;
pub mod filters;
pub mod matching;
pub mod rotation;
mod scan;
pub mod sequence;

pub use matching::{Match, MatchOptions, match_stereo};
pub use rotation::{Pyramid, RotationEstimate, rotation_between, rotation_of};
pub use scan::{Scan, scan};

/// An 8-bit grey image, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grey<'a> {
    width: usize,
    height: usize,
    stride: usize,
    data: &'a [u8],
}

impl<'a> Grey<'a> {
    /// An image without padding: `width * height` bytes, row by row from the top.
    ///
    /// Errors: [`ImageError::BadSize`] for an empty image or another number of bytes.
    pub fn new(width: usize, height: usize, data: &'a [u8]) -> Result<Self, ImageError> {
        let grey = Self::with_stride(width, height, width, data)?;
        if data.len() == width * height {
            Ok(grey)
        } else {
            Err(grey.bad_size())
        }
    }

    /// An image whose rows begin every `stride` bytes; bytes after the last row are ignored.
    ///
    /// Errors: [`ImageError::BadSize`] for an empty image, a stride below the width, or too few bytes.
    pub fn with_stride(
        width: usize,
        height: usize,
        stride: usize,
        data: &'a [u8],
    ) -> Result<Self, ImageError> {
        let grey = Self {
            width,
            height,
            stride,
            data,
        };
        let needed = height
            .checked_sub(1)
            .and_then(|rows| rows.checked_mul(stride))
            .and_then(|bytes| bytes.checked_add(width));
        let fits = needed.is_some_and(|needed| data.len() >= needed);
        if width == 0 || stride < width || !fits {
            return Err(grey.bad_size());
        }
        Ok(grey)
    }

    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// One row of pixels; empty below the image.
    pub fn row(&self, y: usize) -> &'a [u8] {
        if y >= self.height {
            return &[];
        }
        let start = y * self.stride;
        self.data.get(start..start + self.width).unwrap_or(&[])
    }

    fn bad_size(&self) -> ImageError {
        ImageError::BadSize {
            width: self.width,
            height: self.height,
            stride: self.stride,
            bytes: self.data.len(),
        }
    }

    /// Errors where two images that are compared pixel by pixel differ in size.
    fn same_size(&self, other: &Self) -> Result<(), ImageError> {
        if self.width == other.width && self.height == other.height {
            return Ok(());
        }
        Err(ImageError::SizesDiffer {
            width: self.width,
            height: self.height,
            other_width: other.width,
            other_height: other.height,
        })
    }
}

/// A camera without distortion: `u = fx x / z + cx`, `v = fy y / z + cy`; x right, y down, z forward (REP 103,
/// optical frame). Pixel centers are at whole numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pinhole {
    /// Focal length along x, pixels.
    pub fx: f64,
    /// Focal length along y, pixels.
    pub fy: f64,
    /// Principal point, pixels from the center of the first pixel.
    pub cx: f64,
    /// Principal point, pixels from the center of the first pixel.
    pub cy: f64,
}

impl Pinhole {
    /// The same camera in an image made smaller by `factor` (2, 8, …) by averaging or by picking blocks: the center of
    /// the first block is `(factor - 1) / 2` pixels from the center of the first pixel.
    #[must_use]
    pub fn shrunk(&self, factor: f64) -> Self {
        let center = |c: f64| (c + 0.5) / factor - 0.5;
        Self {
            fx: self.fx / factor,
            fy: self.fy / factor,
            cx: center(self.cx),
            cy: center(self.cy),
        }
    }

    fn check(&self) -> Result<(), ImageError> {
        let focal = self.fx.is_finite() && self.fy.is_finite() && self.fx > 0.0 && self.fy > 0.0;
        if focal && self.cx.is_finite() && self.cy.is_finite() {
            return Ok(());
        }
        Err(ImageError::BadCamera {
            fx: self.fx,
            fy: self.fy,
            cx: self.cx,
            cy: self.cy,
        })
    }
}

/// Why something about images is not defined.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ImageError {
    /// The bytes do not hold the image.
    #[error(
        "`{bytes}` bytes do not hold an image of `{width}` x `{height}` pixels with rows every `{stride}` bytes; hint: check width, height and step"
    )]
    BadSize {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
        /// Bytes from one row to the next.
        stride: usize,
        /// Bytes seen.
        bytes: usize,
    },
    /// Two images that should be of one size are not.
    #[error(
        "images of `{width}` x `{height}` and `{other_width}` x `{other_height}` pixels; hint: compare images of one size"
    )]
    SizesDiffer {
        /// Of the first.
        width: usize,
        /// Of the first.
        height: usize,
        /// Of the second.
        other_width: usize,
        /// Of the second.
        other_height: usize,
    },
    /// Too few images for what is asked.
    #[error("`{n}` usable images where at least `{needed}` are needed")]
    TooFew {
        /// Images seen.
        n: usize,
        /// Images needed.
        needed: usize,
    },
    /// Too few pixels for what is asked.
    #[error(
        "an image of `{width}` x `{height}` pixels where at least `{needed}` in each direction are needed"
    )]
    TooSmall {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
        /// Pixels needed in each direction.
        needed: usize,
    },
    /// Intrinsics that no camera has.
    #[error(
        "focal lengths `{fx}`, `{fy}` and center `{cx}`, `{cy}` are no pinhole camera; hint: focal lengths are positive pixels"
    )]
    BadCamera {
        /// Focal length along x.
        fx: f64,
        /// Focal length along y.
        fy: f64,
        /// Principal point.
        cx: f64,
        /// Principal point.
        cy: f64,
    },
    /// Too little texture to tell how the image moved.
    #[error(
        "the texture fixes the rotation to `{sigma_px}` pixels only (root mean square gradient `{gradient}` per pixel); hint: a wall or the sky shows no rotation"
    )]
    Textureless {
        /// Root mean square gradient, grey levels per pixel.
        gradient: f64,
        /// Largest standard deviation, in pixels; infinite where the texture fixes nothing.
        sigma_px: f64,
    },
    /// The second image is not the first one turned.
    #[error(
        "after the best rotation the images correlate by `{correlation}` only over `{overlap}` of the image; hint: the scene changed, or the camera turned too far between the frames"
    )]
    Inconsistent {
        /// Zero-mean normalized correlation after alignment, -1 to 1.
        correlation: f64,
        /// Share of the pixels that both images show.
        overlap: f64,
    },
}

#[cfg(test)]
mod vectors;
