//! Reads little-endian fields and record frames out of bytes nobody vouches for.
//!
//! Read [`Cursor`] and [`frame_at`] first. This is the only file of the reader that does
//! arithmetic on offsets; everything here is checked and returns `None` instead of overrunning.
#![warn(clippy::arithmetic_side_effects)]

use std::borrow::Cow;

/// The first and last bytes of every MCAP file.
pub const MAGIC: [u8; 8] = [0x89, b'M', b'C', b'A', b'P', b'0', b'\r', b'\n'];

/// Opcode and length in front of every record.
pub(crate) const FRAME_HEADER_BYTES: usize = 9;

/// A position in borrowed bytes.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// Bytes consumed so far.
    pub(crate) const fn position(&self) -> usize {
        self.position
    }

    /// What is left, without consuming it.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.position >= self.bytes.len()
    }

    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.position.checked_add(count)?;
        let taken = self.bytes.get(self.position..end)?;
        self.position = end;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, _) = self.rest().split_first_chunk::<N>()?;
        self.position = self.position.checked_add(N)?;
        Some(*array)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// Bytes behind a 32-bit length.
    pub(crate) fn bytes_u32(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()?;
        self.take(usize::try_from(length).ok()?)
    }

    /// Bytes behind a 64-bit length.
    pub(crate) fn bytes_u64(&mut self) -> Option<&'a [u8]> {
        let length = self.u64()?;
        self.take(usize::try_from(length).ok()?)
    }

    /// Text behind a 32-bit length; what is not UTF-8 is replaced.
    pub(crate) fn text(&mut self) -> Option<Cow<'a, str>> {
        self.bytes_u32().map(String::from_utf8_lossy)
    }
}

/// One record as framed: what it claims to be and the bytes it claims.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) opcode: u8,
    /// Offset of the opcode.
    pub(crate) offset: usize,
    pub(crate) body: &'a [u8],
    /// Offset of the next record.
    pub(crate) end: usize,
}

impl Frame<'_> {
    /// Offset of the body.
    pub(crate) const fn body_offset(&self) -> usize {
        self.offset.saturating_add(FRAME_HEADER_BYTES)
    }
}

/// Why no record is at an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameError {
    /// The bytes end exactly here.
    End,
    /// Fewer bytes than a frame header.
    ShortHeader,
    /// Opcode zero, which no record has.
    ZeroOpcode,
    /// The record claims more bytes than there are.
    TooLong { opcode: u8, length: u64 },
}

/// The record at an offset.
#[inline]
pub(crate) fn frame_at(bytes: &[u8], offset: usize) -> Result<Frame<'_>, FrameError> {
    let rest = bytes.get(offset..).unwrap_or_default();
    let Some(([opcode, l0, l1, l2, l3, l4, l5, l6, l7], after)) =
        rest.split_first_chunk::<FRAME_HEADER_BYTES>()
    else {
        return Err(if rest.is_empty() {
            FrameError::End
        } else {
            FrameError::ShortHeader
        });
    };
    if *opcode == 0 {
        return Err(FrameError::ZeroOpcode);
    }
    let length = u64::from_le_bytes([*l0, *l1, *l2, *l3, *l4, *l5, *l6, *l7]);
    let body = usize::try_from(length)
        .ok()
        .and_then(|length| after.get(..length))
        .ok_or(FrameError::TooLong {
            opcode: *opcode,
            length,
        })?;
    Ok(Frame {
        opcode: *opcode,
        offset,
        body,
        end: offset
            .saturating_add(FRAME_HEADER_BYTES)
            .saturating_add(body.len()),
    })
}

/// `a + b`, for offsets; saturates, so that what follows finds no bytes there.
pub(crate) const fn plus(a: usize, b: usize) -> usize {
    a.saturating_add(b)
}

/// `a - b`, for offsets and lengths; zero when `b` is larger.
pub(crate) const fn minus(a: usize, b: usize) -> usize {
    a.saturating_sub(b)
}

/// An offset or length in memory as the format writes it.
pub(crate) const fn wide(value: usize) -> u64 {
    value as u64
}

/// An offset or length of the format as one in memory; beyond that, the largest.
pub(crate) fn narrow(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_end_where_the_bytes_end() {
        let mut cursor = Cursor::new(&[1, 2, 0, 3, 0, 0, 0, b'a', b'b']);
        assert_eq!(cursor.u8(), Some(1));
        assert_eq!(cursor.u16(), Some(2));
        assert_eq!(cursor.text(), None, "claims three bytes, two are there");
        assert_eq!(cursor.position(), 7);
        assert_eq!(cursor.take(usize::MAX), None);
        assert_eq!(cursor.rest(), b"ab");
    }

    #[test]
    fn frames_are_checked() {
        let bytes = [5, 2, 0, 0, 0, 0, 0, 0, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let frame = frame_at(&bytes, 0).unwrap();
        assert_eq!((frame.opcode, frame.body, frame.end), (5, &[7, 8][..], 11));
        assert_eq!(frame_at(&bytes, 11).unwrap_err(), FrameError::ZeroOpcode);
        assert_eq!(frame_at(&bytes, 12).unwrap_err(), FrameError::ShortHeader);
        assert_eq!(frame_at(&bytes, 20).unwrap_err(), FrameError::End);
        assert_eq!(frame_at(&bytes, 99).unwrap_err(), FrameError::End);
        let lying = [5, 255, 255, 255, 255, 255, 255, 255, 255, 1];
        assert_eq!(
            frame_at(&lying, 0).unwrap_err(),
            FrameError::TooLong {
                opcode: 5,
                length: u64::MAX
            }
        );
    }
}
