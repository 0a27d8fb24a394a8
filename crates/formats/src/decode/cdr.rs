//! Cursor over CDR, XCDR2 and ROS 1 payloads; the only place that does offset arithmetic.
//!
//! Read [`Cursor`] and [`Dialect`]. Every read is bounds-checked, nothing allocates. What a
//! payload means is in `plan`.
//!
//! CDR as in OMG CORBA 3.3 part 2, 9.3 and DDS-XTypes 1.3, 7.4.3: primitives are aligned to their
//! size from the byte after the encapsulation, at most to 8 (XCDR1) or 4 (XCDR2). In XCDR2 a
//! delimited type and a collection of anything but primitives is preceded by its size in bytes
//! (DHEADER). A field-less struct is one byte, as rosidl generates it. Strings are a 32-bit size
//! that includes the closing NUL, wide strings a 32-bit count of 16-bit units (XCDR1, as rosidl
//! type supports write them, some of them four bytes wide) or a size in bytes (XCDR2), neither closed.
#![deny(clippy::arithmetic_side_effects)]

use super::definition::Extensibility;
use super::error::{DecodeCause, DecodeError};

/// Values without bytes a message may hold beside those its size allows.
const FREE_VALUES: u64 = 1 << 16;
/// Structs that may be entered per byte of payload (nesting is limited to 48 levels).
const VALUES_PER_BYTE: u64 = 64;

/// How values are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// ROS 1: packed, little endian, no encapsulation.
    Ros1,
    /// CDR with alignment up to 8.
    Xcdr1,
    /// XCDR2 whose root type is final.
    Xcdr2Plain,
    /// XCDR2 whose root type is appendable.
    Xcdr2Delimited,
}

impl Dialect {
    /// All dialects, in the order of `index`.
    pub(crate) const ALL: [Self; 4] = [
        Self::Ros1,
        Self::Xcdr1,
        Self::Xcdr2Plain,
        Self::Xcdr2Delimited,
    ];

    /// Position in tables by dialect.
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Ros1 => 0,
            Self::Xcdr1 => 1,
            Self::Xcdr2Plain => 2,
            Self::Xcdr2Delimited => 3,
        }
    }

    /// Largest alignment.
    pub(crate) const fn max_align(self) -> usize {
        match self {
            Self::Ros1 => 1,
            Self::Xcdr1 => 8,
            Self::Xcdr2Plain | Self::Xcdr2Delimited => 4,
        }
    }

    /// XCDR2 in either form.
    pub(crate) const fn is_xcdr2(self) -> bool {
        matches!(self, Self::Xcdr2Plain | Self::Xcdr2Delimited)
    }

    /// Whether a type carries a DHEADER. A type that declares nothing is what the encapsulation
    /// says the root is: ROS types declare nothing, and vendors differ in the default.
    pub(crate) fn is_delimited(self, declared: Option<Extensibility>) -> bool {
        match self {
            Self::Ros1 | Self::Xcdr1 => false,
            Self::Xcdr2Plain => declared == Some(Extensibility::Appendable),
            Self::Xcdr2Delimited => declared != Some(Extensibility::Final),
        }
    }

    /// Dialect and byte order (true is big endian) of an encapsulation identifier.
    ///
    /// Identifiers 6 to 11 are those of DDS-XTypes 1.3, table 60, and what Cyclone DDS and Fast DDS
    /// write; 16 to 21 those of RTPS 2.3 and later, table 10.3.
    pub(crate) const fn of_representation(id: u16) -> Option<(Self, bool)> {
        let dialect = match id {
            0x00 | 0x01 => Self::Xcdr1,
            0x06 | 0x07 | 0x10 | 0x11 => Self::Xcdr2Plain,
            0x08 | 0x09 | 0x14 | 0x15 => Self::Xcdr2Delimited,
            _ => return None,
        };
        Some((dialect, id & 1 == 0))
    }
}

/// A place inside a payload where decoding stopped, without the field's name.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) offset: usize,
    pub(crate) cause: FaultCause,
}

/// Small causes, so that results stay small on the hot path.
#[derive(Clone, Copy, Debug)]
pub(crate) enum FaultCause {
    Truncated { needed: u64, available: u64 },
    SequenceTooLong { count: u64, available: u64 },
    Representation { id: u16 },
    InvalidUtf8,
    TooManyValues { limit: u64 },
}

impl From<Fault> for DecodeError {
    #[cold]
    fn from(fault: Fault) -> Self {
        let cause = match fault.cause {
            FaultCause::Truncated { needed, available } => {
                DecodeCause::Truncated { needed, available }
            }
            FaultCause::SequenceTooLong { count, available } => {
                DecodeCause::SequenceTooLong { count, available }
            }
            FaultCause::Representation { id } => DecodeCause::Representation { id },
            FaultCause::InvalidUtf8 => DecodeCause::InvalidUtf8,
            FaultCause::TooManyValues { limit } => DecodeCause::TooManyValues { limit },
        };
        Self::new(fault.offset, cause)
    }
}

/// Where the enclosing delimited value ends; given back to [`Cursor::leave`].
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(crate) struct Scope {
    outer_limit: usize,
    delimited: bool,
}

/// A reading position in a payload.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
    limit: usize,
    origin: usize,
    align_mask: usize,
    dialect: Dialect,
    big_endian: bool,
    values_left: u64,
}

macro_rules! read_number {
    ($name:ident, $type:ty, $size:literal) => {
        /// Aligned value in the payload's byte order.
        #[inline]
        pub(crate) fn $name(&mut self) -> Result<$type, Fault> {
            self.align($size);
            let bytes: [u8; $size] = self.array()?;
            Ok(if self.big_endian {
                <$type>::from_be_bytes(bytes)
            } else {
                <$type>::from_le_bytes(bytes)
            })
        }
    };
}

impl<'a> Cursor<'a> {
    /// A cursor at the first value of a payload: `ros1` without encapsulation, else CDR by its four-byte encapsulation.
    pub(crate) fn new(bytes: &'a [u8], ros1: bool) -> Result<Self, Fault> {
        let (dialect, big_endian, origin) = if ros1 {
            (Dialect::Ros1, false, 0)
        } else {
            let [high, low, _, _] = bytes.first_chunk::<4>().ok_or(Fault {
                offset: 0,
                cause: FaultCause::Truncated {
                    needed: 4,
                    available: bytes.len() as u64,
                },
            })?;
            let id = u16::from_be_bytes([*high, *low]);
            let (dialect, big_endian) = Dialect::of_representation(id).ok_or(Fault {
                offset: 0,
                cause: FaultCause::Representation { id },
            })?;
            (dialect, big_endian, 4)
        };
        Ok(Self {
            bytes,
            position: origin,
            limit: bytes.len(),
            origin,
            align_mask: dialect.max_align().saturating_sub(1),
            dialect,
            big_endian,
            values_left: value_limit(bytes.len()),
        })
    }

    /// Layout of the payload.
    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Byte order of the payload.
    pub(crate) fn big_endian(&self) -> bool {
        self.big_endian
    }

    /// Byte of the payload the next read starts at, before alignment.
    pub(crate) fn position(&self) -> usize {
        self.position
    }

    /// A fault at the current position.
    #[cold]
    pub(crate) fn fault(&self, cause: FaultCause) -> Fault {
        Fault {
            offset: self.position,
            cause,
        }
    }

    /// Bytes left before the end of the innermost scope.
    pub(crate) fn remaining(&self) -> usize {
        self.limit.saturating_sub(self.position)
    }

    /// Skips padding before a value of `size` bytes (a power of two).
    #[inline]
    pub(crate) fn align(&mut self, size: usize) {
        let mask = size.wrapping_sub(1) & self.align_mask;
        let padding = self.origin.wrapping_sub(self.position) & mask;
        self.position = self.position.saturating_add(padding);
    }

    #[cold]
    fn truncated(&self, needed: u64) -> Fault {
        self.fault(FaultCause::Truncated {
            needed,
            available: self.remaining() as u64,
        })
    }

    /// The next `count` bytes.
    #[inline]
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let end = self.position.saturating_add(count);
        if end > self.limit {
            return Err(self.truncated(count as u64));
        }
        match self.bytes.get(self.position..end) {
            Some(slice) => {
                self.position = end;
                Ok(slice)
            }
            None => Err(self.truncated(count as u64)),
        }
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let slice = self.take(N)?;
        match slice.first_chunk::<N>() {
            Some(array) => Ok(*array),
            None => Err(self.truncated(N as u64)),
        }
    }

    read_number!(u8, u8, 1);
    read_number!(u32, u32, 4);
    read_number!(i32, i32, 4);
    read_number!(f32, f32, 4);
    read_number!(f64, f64, 8);

    /// `count` aligned values of `size` bytes each, undecoded. No padding is read for none of them.
    #[inline]
    pub(crate) fn primitives(&mut self, size: usize, count: usize) -> Result<&'a [u8], Fault> {
        if count == 0 {
            return Ok(&[]);
        }
        self.align(size);
        self.take(count.saturating_mul(size))
    }

    /// The element count of a sequence whose elements have at least `min_bytes` each.
    ///
    /// A count the rest of the payload cannot hold is a fault, so nobody allocates for it.
    pub(crate) fn count(&mut self, min_bytes: u64) -> Result<usize, Fault> {
        let count = self.u32()?;
        let available = self.remaining() as u64;
        let fits = u64::from(count).saturating_mul(min_bytes) <= available;
        let free = min_bytes == 0 && u64::from(count) > self.values_left;
        match usize::try_from(count) {
            Ok(count) if fits && !free => Ok(count),
            _ => Err(self.fault(FaultCause::SequenceTooLong {
                count: u64::from(count),
                available,
            })),
        }
    }

    /// Bytes of a string without its closing NUL, if it has one.
    #[inline]
    pub(crate) fn text(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.count(1)?;
        let bytes = self.take(length)?;
        Ok(match bytes {
            [rest @ .., 0] if self.dialect != Dialect::Ros1 => rest,
            _ => bytes,
        })
    }

    /// A string that must be UTF-8.
    pub(crate) fn utf8(&mut self) -> Result<&'a str, Fault> {
        let bytes = self.text()?;
        std::str::from_utf8(bytes).map_err(|_| self.fault(FaultCause::InvalidUtf8))
    }

    /// Bytes of a wide string and bytes per unit, in the payload's byte order.
    ///
    /// XCDR1 writers disagree: Cyclone DDS and Fast CDR 2 put a unit into two bytes, Fast CDR 1 (ROS 2
    /// up to Iron) into four. Text holds no zero units, so two or more units whose upper halves are
    /// all zero are of the second kind; a single unit is taken for the first.
    pub(crate) fn wide_text(&mut self) -> Result<(&'a [u8], usize), Fault> {
        if self.dialect.is_xcdr2() {
            let length = self.count(1)?;
            return Ok((self.take(length)?, 2));
        }
        let units = self.count(2)?;
        let upper = if self.big_endian { 0..2 } else { 2..4 };
        let mut ahead = self.clone();
        if units >= 2
            && let Ok(bytes) = ahead.take(units.saturating_mul(4))
            && bytes
                .chunks_exact(4)
                .all(|unit| unit.get(upper.clone()) == Some(&[0, 0]))
        {
            *self = ahead;
            return Ok((bytes, 4));
        }
        Ok((self.take(units.saturating_mul(2))?, 2))
    }

    /// Enters a struct: reads its DHEADER where it has one, and the byte of a field-less one.
    pub(crate) fn enter_struct(
        &mut self,
        declared: Option<Extensibility>,
        empty: bool,
    ) -> Result<Scope, Fault> {
        self.spend(1)?;
        let scope = self.delimit(self.dialect.is_delimited(declared))?;
        if empty && self.dialect != Dialect::Ros1 && (!scope.delimited || self.remaining() > 0) {
            let _ = self.u8()?;
        }
        Ok(scope)
    }

    /// Enters a sequence or array of `primitives` or of anything else.
    pub(crate) fn enter_collection(&mut self, primitives: bool) -> Result<Scope, Fault> {
        self.delimit(self.dialect.is_xcdr2() && !primitives)
    }

    fn delimit(&mut self, delimited: bool) -> Result<Scope, Fault> {
        let outer_limit = self.limit;
        if delimited {
            let size = self.u32()?;
            let available = self.remaining();
            match usize::try_from(size) {
                Ok(size) if size <= available => {
                    self.limit = self.position.saturating_add(size);
                }
                _ => return Err(self.truncated(u64::from(size))),
            }
        }
        Ok(Scope {
            outer_limit,
            delimited,
        })
    }

    /// Leaves a struct or collection; what a newer writer appended is skipped.
    pub(crate) fn leave(&mut self, scope: Scope) {
        if scope.delimited {
            self.position = self.limit;
            self.limit = scope.outer_limit;
        }
    }

    /// Skips the rest of a delimited scope at once; false when the scope has no size.
    pub(crate) fn skip_scope(&mut self, scope: Scope) -> bool {
        self.leave(scope);
        scope.delimited
    }

    /// Counts values that may have no bytes, so that a hostile message cannot ask for endless work.
    fn spend(&mut self, values: u64) -> Result<(), Fault> {
        match self.values_left.checked_sub(values) {
            Some(left) => {
                self.values_left = left;
                Ok(())
            }
            None => Err(self.fault(FaultCause::TooManyValues {
                limit: value_limit(self.bytes.len()),
            })),
        }
    }
}

fn value_limit(bytes: usize) -> u64 {
    (bytes as u64)
        .saturating_mul(VALUES_PER_BYTE)
        .saturating_add(FREE_VALUES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alignment_starts_after_the_encapsulation() {
        let bytes = [0, 1, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0];
        let mut cursor = Cursor::new(&bytes, false).expect("CDR");
        assert_eq!(cursor.u8().expect("byte"), 7);
        assert_eq!(cursor.u32().expect("word"), 1);
        assert_eq!(cursor.f64().expect("double word").to_bits(), 9);
    }

    #[test]
    fn xcdr2_aligns_to_four_at_most() {
        let bytes = [0, 6, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9];
        let mut cursor = Cursor::new(&bytes, false).expect("XCDR2");
        assert_eq!(cursor.u32().expect("word"), 1);
        assert_eq!(cursor.f64().expect("double word").to_bits(), 9);
        assert!(cursor.u8().is_err());
    }

    #[test]
    fn parameter_lists_are_refused_by_name() {
        for id in [2_u8, 3, 10, 11, 18, 19, 200] {
            let fault = Cursor::new(&[0, id, 0, 0], false).expect_err("unsupported");
            assert!(
                DecodeError::from(fault)
                    .to_string()
                    .contains("representation")
            );
        }
        assert!(Cursor::new(&[0, 1], false).is_err());
    }

    #[test]
    fn a_lying_count_is_a_fault() {
        let bytes = [0, 1, 0, 0, 255, 255, 255, 255];
        let mut cursor = Cursor::new(&bytes, false).expect("CDR");
        assert!(matches!(
            cursor.text().expect_err("too long").cause,
            FaultCause::SequenceTooLong { .. }
        ));
    }
}
