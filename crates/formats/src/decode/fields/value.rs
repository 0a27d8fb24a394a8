//! What a sink is handed.

use crate::decode::definition::Primitive;
use std::borrow::Cow;

/// A value of a wanted field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// A whole number, truth value, enumeration, or time in nanoseconds; unsigned values beyond
    /// `i64::MAX` are `i64::MAX`.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// Bytes.
    Bytes(Cow<'a, [u8]>),
    /// Numbers of a list or array.
    Numbers(Numbers<'a>),
    /// Another element of a list of messages begins.
    Element,
}

impl<'a> Value<'a> {
    /// A number as `f64`; NaN for anything else.
    #[inline]
    #[expect(
        clippy::cast_precision_loss,
        reason = "whole numbers beyond 2^53 have no use as measurements"
    )]
    pub fn float(&self) -> f64 {
        match self {
            Self::Float(value) => *value,
            Self::Integer(value) => *value as f64,
            _ => f64::NAN,
        }
    }

    /// A number as `i64`, fractions cut off; 0 for anything else.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast saturates, NaN gives 0: what is asked for"
    )]
    pub fn integer(&self) -> i64 {
        match self {
            Self::Integer(value) => *value,
            Self::Float(value) => *value as i64,
            _ => 0,
        }
    }

    /// The text; empty for anything else.
    pub fn text(self) -> Cow<'a, str> {
        match self {
            Self::Text(text) => text,
            _ => Cow::Borrowed(""),
        }
    }

    /// The bytes; empty for anything else.
    pub fn bytes(self) -> Cow<'a, [u8]> {
        match self {
            Self::Bytes(bytes) => bytes,
            _ => Cow::Borrowed(&[]),
        }
    }
}

/// Numbers of a list, undecoded where the encoding stores them in a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers<'a> {
    /// As they lie in the payload.
    Raw {
        /// Their bytes, a multiple of the type's size.
        bytes: &'a [u8],
        /// Their type.
        primitive: Primitive,
        /// Byte order.
        big_endian: bool,
    },
    /// Decoded.
    Owned(Vec<f64>),
}

impl Numbers<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Raw {
                bytes, primitive, ..
            } => bytes.len().checked_div(primitive.size()).unwrap_or(0),
            Self::Owned(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number at `index`.
    #[inline]
    pub fn get(&self, index: usize) -> Option<f64> {
        match self {
            Self::Raw {
                bytes,
                primitive,
                big_endian,
            } => {
                let size = primitive.size();
                let start = index.checked_mul(size)?;
                let bytes = bytes.get(start..start.checked_add(size)?)?;
                decode(bytes, *primitive, *big_endian).map(|value| value.float())
            }
            Self::Owned(values) => values.get(index).copied(),
        }
    }

    /// Appends them all to `target`. Cost: linear.
    pub fn extend(&self, target: &mut Vec<f64>) {
        match self {
            Self::Raw {
                bytes,
                primitive,
                big_endian,
            } => target.extend(
                bytes
                    .chunks_exact(primitive.size())
                    .filter_map(|chunk| decode(chunk, *primitive, *big_endian))
                    .map(|value| value.float()),
            ),
            Self::Owned(values) => target.extend_from_slice(values),
        }
    }

    /// Appends them all as single precision. Cost: linear; a copy for little-endian `float32`.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the caller asks for single precision"
    )]
    pub fn extend_f32(&self, target: &mut Vec<f32>) {
        match self {
            Self::Raw {
                bytes,
                primitive: Primitive::F32,
                big_endian,
            } => target.extend(bytes.as_chunks::<4>().0.iter().map(|chunk| {
                if *big_endian {
                    f32::from_be_bytes(*chunk)
                } else {
                    f32::from_le_bytes(*chunk)
                }
            })),
            Self::Raw {
                bytes,
                primitive,
                big_endian,
            } => target.extend(
                bytes
                    .chunks_exact(primitive.size())
                    .filter_map(|chunk| decode(chunk, *primitive, *big_endian))
                    .map(|value| value.float() as f32),
            ),
            Self::Owned(values) => target.extend(values.iter().map(|value| *value as f32)),
        }
    }

    /// Copies the first numbers into `target`; those beyond the list stay.
    pub fn copy_to(&self, target: &mut [f64]) {
        for (index, slot) in target.iter_mut().enumerate() {
            if let Some(value) = self.get(index) {
                *slot = value;
            }
        }
    }
}

/// A number from the bytes it begins with; none when there are too few.
#[inline]
pub(crate) fn decode(
    bytes: &[u8],
    primitive: Primitive,
    big_endian: bool,
) -> Option<Value<'static>> {
    macro_rules! read {
        ($type:ty) => {{
            let array = *bytes.first_chunk()?;
            if big_endian {
                <$type>::from_be_bytes(array)
            } else {
                <$type>::from_le_bytes(array)
            }
        }};
    }
    Some(match primitive {
        Primitive::F64 => Value::Float(read!(f64)),
        Primitive::F32 => Value::Float(f64::from(read!(f32))),
        Primitive::Bool | Primitive::U8 => Value::Integer(i64::from(read!(u8))),
        Primitive::I8 => Value::Integer(i64::from(read!(i8))),
        Primitive::I16 => Value::Integer(i64::from(read!(i16))),
        Primitive::U16 => Value::Integer(i64::from(read!(u16))),
        Primitive::I32 => Value::Integer(i64::from(read!(i32))),
        Primitive::U32 => Value::Integer(i64::from(read!(u32))),
        Primitive::I64 => Value::Integer(read!(i64)),
        Primitive::U64 => Value::Integer(i64::try_from(read!(u64)).unwrap_or(i64::MAX)),
    })
}
