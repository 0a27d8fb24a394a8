//! `tf.train.Example` on the wire: features by key, values where they lie.
//!
//! Source: `tensorflow/core/example/{example,feature}.proto`: `Example.features` (1) is a map (1) of
//! entries `key` (1), `value` (2); a `Feature` is one list of bytes (1), floats (2, packed or not) or
//! integers (3, packed or not), whose values are field 1.

/// One feature of an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Values<'a> {
    /// The message `BytesList`.
    Bytes(&'a [u8]),
    /// The message `FloatList`.
    Floats(&'a [u8]),
    /// The message `Int64List`.
    Integers(&'a [u8]),
}

/// A field of a message.
enum Field<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    Fixed([u8; 4]),
    Other,
}

/// The fields of a message up to the first that is damaged.
struct Fields<'a> {
    rest: &'a [u8],
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(index + 1..)?));
        }
    }
    None
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Field<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (tag, rest) = varint(self.rest)?;
        let (field, rest) = match tag & 7 {
            0 => {
                let (value, rest) = varint(rest)?;
                (Field::Varint(value), rest)
            }
            1 => (Field::Other, rest.get(8..)?),
            2 => {
                let (length, rest) = varint(rest)?;
                let (bytes, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
                (Field::Bytes(bytes), rest)
            }
            5 => {
                let (bytes, rest) = rest.split_first_chunk::<4>()?;
                (Field::Fixed(*bytes), rest)
            }
            _ => return None,
        };
        self.rest = rest;
        Some((tag >> 3, field))
    }
}

fn messages(bytes: &[u8], number: u64) -> impl Iterator<Item = &[u8]> {
    Fields { rest: bytes }.filter_map(move |(found, field)| match field {
        Field::Bytes(bytes) if found == number => Some(bytes),
        _ => None,
    })
}

/// Key and values of every feature, in the order of the file. Cost: the entries are walked, not their values.
pub(super) fn features(example: &[u8]) -> impl Iterator<Item = (&[u8], Values<'_>)> {
    messages(example, 1)
        .flat_map(|features| messages(features, 1))
        .filter_map(|entry| {
            let key = messages(entry, 1).next()?;
            let feature = messages(entry, 2).next()?;
            let values =
                Fields { rest: feature }.find_map(|(number, field)| match (number, field) {
                    (1, Field::Bytes(list)) => Some(Values::Bytes(list)),
                    (2, Field::Bytes(list)) => Some(Values::Floats(list)),
                    (3, Field::Bytes(list)) => Some(Values::Integers(list)),
                    _ => None,
                });
            Some((key, values?))
        })
}

/// The feature of a key.
pub(super) fn feature<'a>(example: &'a [u8], key: &str) -> Option<Values<'a>> {
    features(example).find_map(|(found, values)| (found == key.as_bytes()).then_some(values))
}

impl<'a> Values<'a> {
    /// How many values there are. Cost: integers are walked, floats and bytes are not.
    pub(super) fn count(self) -> usize {
        match self {
            Self::Bytes(list) => messages(list, 1).count(),
            Self::Floats(list) => Fields { rest: list }
                .map(|(number, field)| match field {
                    Field::Bytes(packed) if number == 1 => packed.len() / 4,
                    Field::Fixed(_) if number == 1 => 1,
                    _ => 0,
                })
                .sum(),
            Self::Integers(list) => Fields { rest: list }
                .map(|(number, field)| match field {
                    Field::Bytes(packed) if number == 1 => {
                        packed.iter().filter(|byte| **byte & 0x80 == 0).count()
                    }
                    Field::Varint(_) if number == 1 => 1,
                    _ => 0,
                })
                .sum(),
        }
    }

    /// The bytes at a position of a list of bytes.
    pub(super) fn bytes(self, position: usize) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(list) => messages(list, 1).nth(position),
            _ => None,
        }
    }

    /// `count` numbers from `start` on; fewer where the list ends. Cost: constant for packed floats,
    /// the position for what has no fixed size.
    pub(super) fn numbers(self, start: usize, count: usize) -> Vec<f64> {
        match self {
            Self::Bytes(_) => Vec::new(),
            Self::Floats(list) => {
                let single = |bytes: [u8; 4]| f64::from(f32::from_le_bytes(bytes));
                let mut fields = Fields { rest: list }.peekable();
                // One packed run is what writers write.
                if let Some((1, Field::Bytes(packed))) = fields.peek() {
                    let values = packed.as_chunks::<4>().0.iter();
                    return values.skip(start).take(count).map(|v| single(*v)).collect();
                }
                let values = fields.filter_map(|(number, field)| match field {
                    Field::Fixed(bytes) if number == 1 => Some(single(bytes)),
                    _ => None,
                });
                values.skip(start).take(count).collect()
            }
            Self::Integers(list) => {
                let values = Fields { rest: list }.flat_map(|(number, field)| match field {
                    Field::Bytes(packed) if number == 1 => Varints {
                        rest: packed,
                        one: None,
                    },
                    Field::Varint(value) if number == 1 => Varints {
                        rest: &[],
                        one: Some(value),
                    },
                    _ => Varints {
                        rest: &[],
                        one: None,
                    },
                });
                let values = values.skip(start).take(count);
                values.map(|value| value.cast_signed() as f64).collect()
            }
        }
    }
}

/// Packed integers, or one that is not.
struct Varints<'a> {
    rest: &'a [u8],
    one: Option<u64>,
}

impl Iterator for Varints<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        if let Some(one) = self.one.take() {
            return Some(one);
        }
        let (value, rest) = varint(self.rest)?;
        self.rest = rest;
        Some(value)
    }
}
