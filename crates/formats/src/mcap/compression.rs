//! Compression of chunks, both ways; what a damaged chunk still yields is kept.
//!
//! Read [`Compression`] first. Not here: checksums, which the callers compare.

use std::io::{self, Write};

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
