//! Reader of the protobuf wire format: fields in the order written, nothing decoded that is not asked for.
//!
//! Source: protobuf.dev, "Encoding". Groups (deprecated in 2008) are skipped whole.

use super::error::{DecodeCause, DecodeError};

/// Deepest nesting of groups that is skipped.
const MAX_GROUPS: usize = 64;

/// A value as written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum WireValue<'a> {
    /// Varint.
    Varint(u64),
    /// Eight bytes, little endian.
    Fixed64(u64),
    /// Length-delimited: text, bytes, message, packed numbers.
    Bytes(&'a [u8]),
    /// Four bytes, little endian.
    Fixed32(u32),
}

impl<'a> WireValue<'a> {
    /// The bytes of a length-delimited value.
    pub(crate) fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// A `double` (or `float`) value.
    pub(crate) fn double(self) -> Option<f64> {
        match self {
            Self::Fixed64(bits) => Some(f64::from_bits(bits)),
            Self::Fixed32(bits) => Some(f64::from(f32::from_bits(bits))),
            _ => None,
        }
    }

    /// A signed integer of any plain varint or fixed type.
    pub(crate) fn integer(self) -> Option<i64> {
        match self {
            Self::Varint(value) | Self::Fixed64(value) => Some(value.cast_signed()),
            Self::Fixed32(value) => Some(i64::from(value.cast_signed())),
            Self::Bytes(_) => None,
        }
    }
}

/// A position in an encoded message.
#[derive(Clone, Debug)]
pub(crate) struct WireReader<'a> {
    rest: &'a [u8],
    /// Bytes before `rest` in the payload, for messages of errors.
    offset: usize,
}

impl<'a> WireReader<'a> {
    /// A reader of one message.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            offset: 0,
        }
    }

    /// A reader of a message inside another, whose errors count from the outer payload's start.
    pub(crate) fn inside(bytes: &'a [u8], outer: &[u8]) -> Self {
        let offset = (bytes.as_ptr().addr()).saturating_sub(outer.as_ptr().addr());
        Self {
            rest: bytes,
            offset: offset.min(outer.len()),
        }
    }

    #[cold]
    fn error(&self, reason: &str) -> DecodeError {
        DecodeError::new(
            self.offset,
            DecodeCause::Protobuf {
                reason: reason.to_owned(),
            },
        )
    }

    #[cold]
    fn truncated(&self, needed: u64) -> DecodeError {
        DecodeError::new(
            self.offset,
            DecodeCause::Truncated {
                needed,
                available: self.rest.len() as u64,
            },
        )
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        match self.rest.split_at_checked(count) {
            Some((head, tail)) => {
                self.rest = tail;
                self.offset = self.offset.saturating_add(count);
                Ok(head)
            }
            None => Err(self.truncated(count as u64)),
        }
    }

    fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0_u64;
        for (index, byte) in self.rest.iter().take(10).enumerate() {
            let shift = u32::try_from(index).unwrap_or(0).saturating_mul(7);
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                self.take(index.saturating_add(1))?;
                return Ok(value);
            }
        }
        if self.rest.len() < 10 {
            return Err(self.truncated(self.rest.len().saturating_add(1) as u64));
        }
        Err(self.error("a varint of more than ten bytes"))
    }

    fn key(&mut self) -> Result<(u32, u8), DecodeError> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).ok().filter(|n| *n != 0);
        let Some(number) = number else {
            return Err(self.error("a field number out of range"));
        };
        Ok((number, u8::try_from(key & 7).unwrap_or(7)))
    }

    /// The next field; none at the end of the message.
    pub(crate) fn next(&mut self) -> Result<Option<(u32, WireValue<'a>)>, DecodeError> {
        while !self.rest.is_empty() {
            let (number, wire_type) = self.key()?;
            if wire_type == 3 {
                self.skip_group()?;
                continue;
            }
            return Ok(Some((number, self.value(wire_type)?)));
        }
        Ok(None)
    }

    fn value(&mut self, wire_type: u8) -> Result<WireValue<'a>, DecodeError> {
        match wire_type {
            0 => Ok(WireValue::Varint(self.varint()?)),
            1 => {
                let bytes = self.take(8)?;
                let array = bytes.first_chunk::<8>().copied().unwrap_or_default();
                Ok(WireValue::Fixed64(u64::from_le_bytes(array)))
            }
            2 => {
                let length = self.varint()?;
                match usize::try_from(length) {
                    Ok(length) => Ok(WireValue::Bytes(self.take(length)?)),
                    Err(_) => Err(self.truncated(length)),
                }
            }
            5 => {
                let bytes = self.take(4)?;
                let array = bytes.first_chunk::<4>().copied().unwrap_or_default();
                Ok(WireValue::Fixed32(u32::from_le_bytes(array)))
            }
            _ => Err(self.error("an unknown wire type")),
        }
    }

    fn skip_group(&mut self) -> Result<(), DecodeError> {
        let mut depth = 1_usize;
        while depth > 0 {
            let (_, wire_type) = self.key()?;
            match wire_type {
                3 if depth >= MAX_GROUPS => return Err(self.error("groups nested too deep")),
                3 => depth = depth.saturating_add(1),
                4 => depth = depth.saturating_sub(1),
                other => {
                    self.value(other)?;
                }
            }
        }
        Ok(())
    }

    /// The first value of the field `number`; none when the message lacks it or is damaged before it.
    pub(crate) fn find(mut self, number: u32) -> Option<WireValue<'a>> {
        while let Ok(Some((found, value))) = self.next() {
            if found == number {
                return Some(value);
            }
        }
        None
    }
}

/// The numbers of a packed list; `outer` is the payload the bytes are part of.
pub(crate) fn varints<'a>(
    bytes: &'a [u8],
    outer: &[u8],
) -> impl Iterator<Item = Result<u64, DecodeError>> + use<'a> {
    let mut reader = WireReader::inside(bytes, outer);
    std::iter::from_fn(move || {
        if reader.rest.is_empty() {
            return None;
        }
        let number = reader.varint();
        if number.is_err() {
            reader.rest = &[];
        }
        Some(number)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_wire_type() {
        let bytes = [
            0x08, 0x96, 0x01, // 1: varint 150
            0x11, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, // 2: double 1
            0x1a, 2, b'h', b'i', // 3: bytes
            0x25, 0, 0, 0x80, 0x3f, // 4: float 1
            0x2b, 0x08, 0x01, 0x2c, // 5: group, skipped
            0x30, 0x01, // 6: varint 1
        ];
        let mut reader = WireReader::new(&bytes);
        let mut seen = Vec::new();
        while let Some(field) = reader.next().expect("valid") {
            seen.push(field);
        }
        assert_eq!(
            seen,
            vec![
                (1, WireValue::Varint(150)),
                (2, WireValue::Fixed64(0x3ff0_0000_0000_0000)),
                (3, WireValue::Bytes(b"hi")),
                (4, WireValue::Fixed32(0x3f80_0000)),
                (6, WireValue::Varint(1)),
            ]
        );
        for cut in 0..bytes.len() {
            let mut reader = WireReader::new(bytes.get(..cut).expect("prefix"));
            while let Ok(Some(_)) = reader.next() {}
        }
    }

    #[test]
    fn refuses_endless_varints_and_field_zero() {
        assert!(WireReader::new(&[0xff; 12]).next().is_err());
        assert!(WireReader::new(&[0x00, 0x01]).next().is_err());
    }
}
