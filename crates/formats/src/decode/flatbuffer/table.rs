//! Tables, structs, vectors and text of a buffer.

use super::broken;
use crate::decode::error::{DecodeCause, DecodeError};

/// A table, or a struct, at a place of a buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table<'a> {
    bytes: &'a [u8],
    position: usize,
    /// The vtable; empty for a struct.
    vtable: &'a [u8],
    is_struct: bool,
}

/// A vector of elements of one size, or a fixed array of a struct.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vector<'a> {
    bytes: &'a [u8],
    start: usize,
    /// Number of elements.
    pub(crate) count: usize,
    stride: usize,
}

fn word(bytes: &[u8], position: usize) -> Result<usize, DecodeError> {
    let found = bytes.get(position..).and_then(|rest| rest.first_chunk());
    let word = found.ok_or_else(|| truncated(bytes, position, 4))?;
    // Offsets and counts beyond the address space point outside any buffer.
    Ok(usize::try_from(u32::from_le_bytes(*word)).unwrap_or(usize::MAX))
}

#[cold]
fn truncated(bytes: &[u8], position: usize, needed: usize) -> DecodeError {
    let cause = DecodeCause::Truncated {
        needed: needed as u64,
        available: bytes.len().saturating_sub(position) as u64,
    };
    DecodeError::new(position.min(bytes.len()), cause)
}

/// The place an offset stored at `position` leads to.
fn follow(bytes: &[u8], position: usize) -> Result<usize, DecodeError> {
    let offset = word(bytes, position)?;
    let target = position.saturating_add(offset);
    if offset == 0 || target >= bytes.len() {
        return Err(broken(position, "an offset leads out of the buffer"));
    }
    Ok(target)
}

impl<'a> Table<'a> {
    /// The root table of a buffer.
    pub(crate) fn root(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Self::at(bytes, follow(bytes, 0)?)
    }

    fn at(bytes: &'a [u8], position: usize) -> Result<Self, DecodeError> {
        let found = bytes.get(position..).and_then(|rest| rest.first_chunk());
        let back = i32::from_le_bytes(*found.ok_or_else(|| truncated(bytes, position, 4))?);
        let start = i64::try_from(position)
            .ok()
            .and_then(|at| at.checked_sub(i64::from(back)));
        let start = start.and_then(|start| usize::try_from(start).ok());
        let vtable = start.and_then(|start| {
            let rest = bytes.get(start..)?;
            let size = usize::from(u16::from_le_bytes(*rest.first_chunk()?));
            (size >= 4).then(|| rest.get(..size))?
        });
        Ok(Self {
            bytes,
            position,
            vtable: vtable.ok_or_else(|| broken(position, "a table has no vtable"))?,
            is_struct: false,
        })
    }

    /// Byte of the buffer where the field is stored; none when it is absent. `offset` is that of the
    /// schema: of the vtable's slot in a table, of the value in a struct.
    pub(crate) fn place(&self, offset: u16) -> Option<usize> {
        let offset = usize::from(offset);
        if self.is_struct {
            return self.position.checked_add(offset);
        }
        let slot = self.vtable.get(offset..)?.first_chunk()?;
        match u16::from_le_bytes(*slot) {
            0 => None,
            stored => self.position.checked_add(usize::from(stored)),
        }
    }

    /// `size` bytes at a place given by [`Table::place`].
    pub(crate) fn bytes_at(&self, place: usize, size: usize) -> Result<&'a [u8], DecodeError> {
        let end = place.saturating_add(size);
        let found = self.bytes.get(place..end);
        found.ok_or_else(|| truncated(self.bytes, place, size))
    }

    /// The struct stored at a place.
    pub(crate) fn structure_at(&self, place: usize) -> Self {
        Self {
            bytes: self.bytes,
            position: place,
            vtable: &[],
            is_struct: true,
        }
    }

    /// The table an offset at a place leads to.
    pub(crate) fn table_at(&self, place: usize) -> Result<Self, DecodeError> {
        Self::at(self.bytes, follow(self.bytes, place)?)
    }

    /// The text an offset at a place leads to, as bytes.
    pub(crate) fn text_at(&self, place: usize) -> Result<&'a [u8], DecodeError> {
        Ok(self.vector_at(place, 1)?.all())
    }

    /// The vector an offset at a place leads to; a count the buffer cannot hold is an error.
    pub(crate) fn vector_at(&self, place: usize, stride: usize) -> Result<Vector<'a>, DecodeError> {
        let start = follow(self.bytes, place)?;
        let count = word(self.bytes, start)?;
        self.array_at(start.saturating_add(4), count, stride)
    }

    /// `count` elements that begin at a place.
    pub(crate) fn array_at(
        &self,
        start: usize,
        count: usize,
        stride: usize,
    ) -> Result<Vector<'a>, DecodeError> {
        let available = self.bytes.len().saturating_sub(start);
        if stride == 0 || count.saturating_mul(stride) > available {
            let cause = DecodeCause::SequenceTooLong {
                count: count as u64,
                available: available as u64,
            };
            return Err(DecodeError::new(start.min(self.bytes.len()), cause));
        }
        Ok(Vector {
            bytes: self.bytes,
            start,
            count,
            stride,
        })
    }
}

impl<'a> Vector<'a> {
    /// All elements as they lie.
    pub(crate) fn all(&self) -> &'a [u8] {
        let end = self
            .start
            .saturating_add(self.count.saturating_mul(self.stride));
        self.bytes.get(self.start..end).unwrap_or(&[])
    }

    /// Byte of the buffer where the element is stored; meaningless from `count` on.
    pub(crate) fn place(&self, index: usize) -> usize {
        self.start.saturating_add(index.saturating_mul(self.stride))
    }
}
