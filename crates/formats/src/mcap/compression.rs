//! Compression of chunks, both ways; what a damaged chunk still yields is kept.
//!
//! Read [`Compression`] first. Not here: checksums, which the callers compare.

use super::cursor::{minus, narrow, plus};
use crate::Buffers;
use crate::recording::ZstdContext;
use std::io::{self, BufRead, Write};
use zstd::stream::raw::{InBuffer, Operation, OutBuffer};

/// Compression of a chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Stored as it is.
    None,
    /// Zstandard frames.
    #[default]
    Zstd,
    /// LZ4 frames.
    Lz4,
}

impl Compression {
    /// The name in a chunk record.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
        }
    }

    /// The compression with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "" => Some(Self::None),
            "zstd" => Some(Self::Zstd),
            "lz4" => Some(Self::Lz4),
            _ => None,
        }
    }
}

/// Compresses chunk after chunk, with one context and one buffer.
pub(crate) struct Compressor {
    compression: Compression,
    zstd: Option<zstd::bulk::Compressor<'static>>,
    buffer: Vec<u8>,
}

impl std::fmt::Debug for Compressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Compressor({:?})", self.compression)
    }
}

impl Compressor {
    pub(crate) fn new(compression: Compression, zstd_level: i32) -> io::Result<Self> {
        let zstd = match compression {
            Compression::Zstd => Some(zstd::bulk::Compressor::new(zstd_level)?),
            Compression::None | Compression::Lz4 => None,
        };
        Ok(Self {
            compression,
            zstd,
            buffer: Vec::new(),
        })
    }

    /// The stored form of `records`, valid until the next call.
    pub(crate) fn compress<'s>(&'s mut self, records: &'s [u8]) -> io::Result<&'s [u8]> {
        self.buffer.clear();
        match &mut self.zstd {
            Some(zstd) => {
                self.buffer
                    .reserve(zstd::zstd_safe::compress_bound(records.len()));
                zstd.compress_to_buffer(records, &mut self.buffer)?;
            }
            None if self.compression == Compression::Lz4 => {
                let mut encoder =
                    lz4_flex::frame::FrameEncoder::new(std::mem::take(&mut self.buffer));
                encoder.write_all(records)?;
                self.buffer = encoder.finish().map_err(io::Error::other)?;
            }
            None => return Ok(records),
        }
        Ok(&self.buffer)
    }
}

/// How the decompression of a chunk ended; what was decompressed is kept either way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decoded {
    /// Everything stored was decompressed.
    Whole,
    /// The stored bytes are damaged or cut off.
    Damaged {
        /// Stored bytes behind the last block that decompressed.
        consumed: usize,
        /// What the decompressor said.
        reason: String,
    },
    /// There is more than the limit allows.
    TooLarge,
}

/// A claim up to this many bytes is allocated at once; a larger one must be likely, too.
const TRUSTED_CLAIM_BYTES: usize = 64 << 20;

/// Compression ratio up to which a larger claim is likely.
const LIKELY_RATIO: usize = 64;

/// Output of one step when a frame is decompressed block by block; a zstd block has at most 128 KiB.
const STEP_BYTES: usize = 128 << 10;

/// Which compression these bytes show by their first four, whatever the chunk calls it.
pub(crate) fn sniff(stored: &[u8]) -> Option<Compression> {
    match stored.first_chunk::<4>()? {
        [0x28, 0xB5, 0x2F, 0xFD] => Some(Compression::Zstd),
        [0x04, 0x22, 0x4D, 0x18] => Some(Compression::Lz4),
        _ => None,
    }
}

/// Decompresses `stored` into `buffers.decompressed`. `claimed` is the size the chunk declares; it
/// only guides allocation. Uncompressed chunks need no decompression and yield nothing here.
pub(crate) fn decompress(
    compression: Compression,
    stored: &[u8],
    claimed: u64,
    limit: usize,
    buffers: &mut Buffers,
) -> Decoded {
    buffers.decompressed.clear();
    let claimed = narrow(claimed);
    let likely = claimed <= limit
        && (claimed <= TRUSTED_CLAIM_BYTES || claimed <= stored.len().saturating_mul(LIKELY_RATIO));
    match compression {
        Compression::None => Decoded::Whole,
        Compression::Zstd => {
            if likely && zstd_at_once(stored, claimed, buffers) {
                return Decoded::Whole;
            }
            zstd_by_block(stored, limit, &mut buffers.decompressed)
        }
        Compression::Lz4 => {
            if likely {
                buffers.decompressed.reserve(claimed);
            }
            lz4_by_block(stored, limit, &mut buffers.decompressed)
        }
    }
}

fn zstd_at_once(stored: &[u8], claimed: usize, buffers: &mut Buffers) -> bool {
    if buffers.zstd.is_none() {
        buffers.zstd = zstd::bulk::Decompressor::new().ok().map(ZstdContext);
    }
    let Some(ZstdContext(context)) = &mut buffers.zstd else {
        return false;
    };
    buffers.decompressed.reserve(claimed);
    context
        .decompress_to_buffer(stored, &mut buffers.decompressed)
        .is_ok()
}

fn zstd_by_block(stored: &[u8], limit: usize, out: &mut Vec<u8>) -> Decoded {
    out.clear();
    let damaged = |consumed, reason: String| Decoded::Damaged { consumed, reason };
    let mut decoder = match zstd::stream::raw::Decoder::new() {
        Ok(decoder) => decoder,
        Err(error) => return damaged(0, error.to_string()),
    };
    let mut step = vec![0; STEP_BYTES];
    let mut consumed = 0;
    let mut wanted = 1;
    loop {
        // One block header less than the decoder hints at: it then stops right behind a block,
        // and an error in the next header cannot take the block's output with it.
        let feed = if wanted > 3 {
            minus(wanted, 3)
        } else {
            wanted.max(1)
        };
        let end = plus(consumed, feed).min(stored.len());
        let mut input = InBuffer::around(stored.get(consumed..end).unwrap_or_default());
        loop {
            let mut output = OutBuffer::around(&mut step);
            match decoder.run(&mut input, &mut output) {
                Ok(hint) => wanted = hint,
                Err(error) => return damaged(consumed, error.to_string()),
            }
            let written = output.as_slice();
            let full = written.len() == STEP_BYTES;
            out.extend_from_slice(written);
            if out.len() > limit {
                out.truncate(limit);
                return Decoded::TooLarge;
            }
            if !full && input.pos() == input.src.len() {
                break;
            }
        }
        consumed = end;
        if consumed >= stored.len() {
            return if wanted == 0 {
                Decoded::Whole
            } else {
                damaged(
                    consumed,
                    "the compressed data ends inside a frame".to_owned(),
                )
            };
        }
    }
}

fn lz4_by_block(stored: &[u8], limit: usize, out: &mut Vec<u8>) -> Decoded {
    let mut decoder = lz4_flex::frame::FrameDecoder::new(stored);
    let mut left = stored.len();
    loop {
        let block = match decoder.fill_buf() {
            Ok(block) => block,
            Err(error) => {
                return Decoded::Damaged {
                    consumed: minus(stored.len(), decoder.get_ref().len()),
                    reason: error.to_string(),
                };
            }
        };
        let length = block.len();
        if length == 0 {
            // The end of a frame, of all frames, or of bytes that were cut off between two blocks;
            // the caller tells these apart by the size. Each frame gets its own decoder, so that
            // frames of different block sizes never share buffers.
            let rest = *decoder.get_ref();
            if rest.is_empty() || rest.len() >= left {
                return Decoded::Whole;
            }
            left = rest.len();
            decoder = lz4_flex::frame::FrameDecoder::new(rest);
            continue;
        }
        out.extend_from_slice(block);
        decoder.consume(length);
        if out.len() > limit {
            out.truncate(limit);
            return Decoded::TooLarge;
        }
    }
}
