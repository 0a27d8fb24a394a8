//! Facts about images: decoding, sizes, sharpness, exposure, freezing, flicker, what hides the view.
//!
//! Read [`Frame`] (every message) and [`Look`] (two messages per second, decoded) first; [`outcome`] turns them into
//! facts and reads a bounded number of frames again to place what it found.
//!
//! Not here: video streams (no pixels are decoded for those), calibration, motion of the camera.

mod blur;
mod burst;
mod draw;
mod exposure;
mod freeze;
mod moving;
mod stream;

use super::{At, Context, Outcome};
use crate::facts::sheet::Sheet;
use fieldassay_formats::media::{self, GreyImage, Limits, MediaError, Scale};
use fieldassay_formats::sensor::Image;
use fieldassay_measure::image::{Grey, filters, scan};
use std::borrow::Cow;
use xxhash_rust::xxh3::xxh3_64;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Columns and rows of the grid of grey values that is kept of each look.
const GRID: (usize, usize) = (64, 48);
/// Stretches reported of each kind.
const MOST_STRETCHES: usize = 20;
/// Frames read again to tell blur, of one camera.
const FRAMES_PER_CAMERA: usize = 600;

/// The message holds depth, not light.
const DEPTH: u32 = 1;

/// One image message.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct Frame {
    /// Header stamp, nanoseconds.
    pub(crate) t_nanos: i64,
    /// Log time, nanoseconds.
    pub(crate) log_nanos: i64,
    /// XXH3 of the pixel bytes, or of the compressed file, without header.
    digest: u64,
    /// XXH3 of the name of the encoding.
    encoding: u64,
    /// Length of the pixel bytes.
    bytes: u64,
    /// Pixels; 0 where they cannot be told.
    width: u32,
    height: u32,
    /// 0, or why it cannot be read: see [`fault_name`].
    fault: u32,
    /// [`DEPTH`].
    flags: u32,
}

/// One decoded image, reduced.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct Look {
    /// Header stamp, nanoseconds.
    pub(crate) t_nanos: i64,
    /// Log time, nanoseconds.
    pub(crate) log_nanos: i64,
    /// Variance of the Laplacian.
    variance: f64,
    /// The same at a quarter of the size.
    coarse_variance: f64,
    /// The same at a sixteenth.
    coarsest_variance: f64,
    /// Mean grey value.
    mean: f64,
    /// Share of the pixels at 5 and below.
    under: f64,
    /// Share of the pixels at 250 and above.
    over: f64,
    /// First and last percentile of the grey values.
    low: f64,
    high: f64,
    /// Entropy of the histogram, bits.
    entropy: f64,
    /// Share of the pixels that are not 0: those of a depth image that were measured.
    nonzero: f64,
    /// 0, or why it cannot be decoded; then everything else is 0.
    fault: u32,
    /// [`DEPTH`].
    flags: u32,
    /// Grey values at the points of a grid, row by row: no means, so that noise stays noise.
    grid: [u8; GRID.0 * GRID.1],
}

/// Reduces a message to rows. Pixels are decoded only where `at.sampled` says so; every payload is hashed.
pub(crate) fn reduce(image: &Image<'_>, at: At, frames: &mut Vec<Frame>, looks: &mut Vec<Look>) {
    let flags = if is_depth(image) { DEPTH } else { 0 };
    let mut frame = Frame {
        t_nanos: at.t_nanos,
        log_nanos: at.log_nanos,
        digest: xxh3_64(&image.data),
        encoding: xxh3_64(image.encoding.as_bytes()),
        bytes: image.data.len() as u64,
        width: image.width,
        height: image.height,
        fault: 0,
        flags,
    };
    match media::probe(image) {
        Ok(info) => {
            (frame.width, frame.height) = (info.width, info.height);
            if image.compressed && ends_early(&image.data) {
                frame.fault = TRUNCATED;
            }
        }
        Err(error) => frame.fault = fault_of(&error),
    }
    if at.sampled && frame.fault == 0 {
        let look = look_at(image, at, flags);
        frame.fault = look.fault;
        looks.push(look);
    }
    frames.push(frame);
}

fn look_at(image: &Image<'_>, at: At, flags: u32) -> Look {
    let mut look = Look {
        t_nanos: at.t_nanos,
        log_nanos: at.log_nanos,
        variance: 0.0,
        coarse_variance: 0.0,
        coarsest_variance: 0.0,
        mean: 0.0,
        under: 0.0,
        over: 0.0,
        low: 0.0,
        high: 0.0,
        entropy: 0.0,
        nonzero: 0.0,
        fault: 0,
        flags,
        grid: [0; GRID.0 * GRID.1],
    };
    match media::grey(image, Scale::Full, Limits::default()) {
        Ok(grey) => {
            if look.take(&grey).is_none() {
                look.fault = DAMAGED;
            }
        }
        Err(error) => look.fault = fault_of(&error),
    }
    look
}

impl Look {
    /// Statistics of the decoded image; none for an image without pixels.
    fn take(&mut self, decoded: &GreyImage) -> Option<()> {
        let image = borrowed(decoded)?;
        let whole = scan(&image, None).ok()?;
        self.variance = whole.laplacian_variance();
        [self.coarse_variance, self.coarsest_variance] = coarse_variances(&image);
        self.mean = whole.mean_level();
        self.under = whole.share_at_most(5);
        self.over = whole.share_at_least(250);
        self.low = whole.quantile(0.01)?;
        self.high = whole.quantile(0.99)?;
        self.entropy = whole.entropy_bits();
        self.nonzero = 1.0 - whole.share_at_most(0);
        let (columns, rows) = GRID;
        for (j, out) in self.grid.chunks_exact_mut(columns).enumerate() {
            let row = image.row((2 * j + 1) * image.height() / (2 * rows));
            for (i, out) in out.iter_mut().enumerate() {
                *out = *row.get((2 * i + 1) * image.width() / (2 * columns))?;
            }
        }
        Some(())
    }

    /// Whether the look shows light that can be judged.
    fn is_light(&self) -> bool {
        self.fault == 0 && self.flags & DEPTH == 0
    }
}

/// A decoded image as `measure` takes it.
fn borrowed(decoded: &GreyImage) -> Option<Grey<'_>> {
    Grey::new(
        decoded.width as usize,
        decoded.height as usize,
        &decoded.data,
    )
    .ok()
}

/// Variance of the Laplacian at a quarter and at a sixteenth of the size; 0 where too little is left to have one.
fn coarse_variances(image: &Grey<'_>) -> [f64; 2] {
    let mut found = [0.0; 2];
    let (mut width, mut height, mut data) = filters::halve(image);
    for variance in &mut found {
        let Ok(half) = Grey::new(width, height, &data) else {
            break;
        };
        let (columns, rows, quarter) = filters::halve(&half);
        let Ok(small) = Grey::new(columns, rows, &quarter) else {
            break;
        };
        *variance = scan(&small, None).map_or(0.0, |scan| scan.laplacian_variance());
        (width, height, data) = filters::halve(&small);
    }
    found
}

/// Whether the message holds distances.
fn is_depth(image: &Image<'_>) -> bool {
    let encoding = image.encoding.as_ref();
    encoding.starts_with("16UC1")
        || encoding.starts_with("32FC1")
        || encoding.contains("compressedDepth")
}

/// Whether a JPEG lacks its end marker (T.81, B.1.1.3). Cameras pad with zeros or a few bytes of their own.
fn ends_early(data: &[u8]) -> bool {
    if !data.starts_with(&[0xFF, 0xD8]) {
        return false;
    }
    let padding = data.iter().rev().take_while(|byte| **byte == 0).count();
    let end = data.len() - padding;
    let tail = data.get(end.saturating_sub(64)..end).unwrap_or(data);
    !tail.windows(2).any(|pair| pair == [0xFF, 0xD9])
}

const TRUNCATED: u32 = 1;
const UNSUPPORTED: u32 = 2;
const DAMAGED: u32 = 3;

fn fault_of(error: &MediaError) -> u32 {
    match error {
        MediaError::Truncated { .. } => TRUNCATED,
        MediaError::Unsupported { .. } => UNSUPPORTED,
        MediaError::Damaged { .. } => DAMAGED,
        MediaError::WrongSize { .. } => 4,
        MediaError::WrongStep { .. } => 5,
        MediaError::TooLarge { .. } => 6,
    }
}

/// The fault in words.
fn fault_name(fault: u32) -> &'static str {
    match fault {
        0 => "none",
        TRUNCATED => "truncated",
        UNSUPPORTED => "unsupported encoding",
        DAMAGED => "damaged",
        4 => "fewer bytes than the size needs",
        5 => "row step shorter than a row",
        _ => "larger than the limit",
    }
}

/// One camera while it is measured.
struct View<'a> {
    topic: &'a str,
    /// Frame of the messages.
    frame: &'a str,
    stream: usize,
    /// By log time.
    frames: Cow<'a, [Frame]>,
    /// By log time, those that were decoded.
    looks: Cow<'a, [Look]>,
    context: &'a Context<'a>,
}

/// A stretch something was found in, for drawings.
#[derive(Clone, Debug)]
struct Flagged {
    code: &'static str,
    title: String,
    start_nanos: i64,
    end_nanos: i64,
    /// How bad it is, for the choice of pictures.
    size: f64,
}

/// Facts and drawings of one stream of images.
///
/// `topic` and the frame of its messages; `frames` and `looks` may be in any order. Reads up to 700 frames again.
pub(crate) fn outcome(
    (topic, frame): (&str, &str),
    stream: usize,
    frames: &[Frame],
    looks: &[Look],
    context: &Context<'_>,
) -> Outcome {
    let decoded: Vec<Look> = looks
        .iter()
        .filter(|look| look.fault == 0)
        .copied()
        .collect();
    let view = View {
        topic,
        frame,
        stream,
        frames: sorted(Cow::Borrowed(frames), |frame| frame.log_nanos),
        looks: sorted(Cow::Owned(decoded), |look| look.log_nanos),
        context,
    };
    let mut sheet = Sheet::new(topic, frames.len());
    let mut flagged = Vec::new();
    stream::facts(&view, &mut sheet);
    freeze::facts(&view, &mut sheet, &mut flagged);
    exposure::facts(&view, &mut sheet, &mut flagged);
    exposure::occlusion(&view, &mut sheet);
    blur::facts(&view, &mut sheet, &mut flagged);
    burst::facts(&view, &mut sheet);
    Outcome {
        facts: sheet.facts,
        curves: draw::curves(&view, &flagged),
        pictures: draw::pictures(&view, &flagged),
        tables: Vec::new(),
    }
}

fn sorted<T: Copy>(rows: Cow<'_, [T]>, time: impl Fn(&T) -> i64) -> Cow<'_, [T]> {
    if rows.is_sorted_by_key(&time) {
        return rows;
    }
    let mut owned = rows.into_owned();
    owned.sort_by_key(&time);
    Cow::Owned(owned)
}

impl View<'_> {
    /// Why light cannot be judged; none where it can.
    fn no_light(&self, least_looks: usize) -> Option<String> {
        if self.frames.is_empty() {
            return Some("no images".to_owned());
        }
        if self.frames.iter().all(|frame| frame.flags & DEPTH != 0) {
            return Some("depth images have neither focus nor exposure".to_owned());
        }
        let light = self.looks.iter().filter(|look| look.is_light()).count();
        if light == 0 {
            let fault = self.frames.iter().find(|frame| frame.fault != 0);
            return Some(fault.map_or_else(
                || "no image was decoded".to_owned(),
                |frame| format!("no image could be decoded: {}", fault_name(frame.fault)),
            ));
        }
        (light < least_looks).then(|| {
            format!(
                "{light} decoded images where {least_looks} are needed (two are decoded per second)"
            )
        })
    }

    /// Reads frames again and reduces their pixels; frames that cannot be decoded are left out.
    fn again<T: Send>(
        &self,
        log_nanos: &[i64],
        scale: Scale,
        map: impl Fn(&GreyImage) -> Option<T> + Sync,
    ) -> Vec<(i64, T)> {
        let found = self
            .context
            .reread_map(self.stream, log_nanos, |_, sample| {
                let fieldassay_formats::sensor::Sample::Image(image) = sample else {
                    return None;
                };
                map(&media::grey(&image, scale, Limits::default()).ok()?)
            });
        log_nanos
            .iter()
            .zip(found)
            .filter_map(|(t, value)| Some((*t, value?)))
            .collect()
    }
}

#[cfg(test)]
mod tests;
