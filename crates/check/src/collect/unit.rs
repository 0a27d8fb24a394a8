//! What one unit yields: rows per stream and transforms per edge.

use super::claims::Claims;
use super::registry::{Known, Registry, Stream};
use super::samples::{Turn, UnitSamples};
use super::transforms::UnitTransforms;
use crate::sensors::At;
use fieldassay_formats::{Channel, Message, UnitSummary, Visitor};
use xxhash_rust::xxh3::xxh3_64;

/// Header stamp of a message that carries none.
pub(crate) const NO_STAMP: i64 = i64::MIN;
/// Bit of the packed word that marks an exact repetition of the message before.
const REPEATED: u64 = 1 << 31;
const SIZE_MASK: u64 = REPEATED - 1;

/// Sequence number, size and repetition of a message in one word.
pub(crate) fn pack(sequence: u32, size: usize) -> i64 {
    let size = u64::try_from(size).unwrap_or(SIZE_MASK).min(SIZE_MASK);
    ((u64::from(sequence) << 32) | size).cast_signed()
}

/// The sequence number of a packed word.
pub(crate) fn sequence_of(word: i64) -> u32 {
    u32::try_from(word.cast_unsigned() >> 32).unwrap_or(0)
}

/// Whether the message repeats the one before it, stamp and payload.
pub(crate) fn is_repeated(word: i64) -> bool {
    word.cast_unsigned() & REPEATED != 0
}

/// Stamp and payload digest of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Print {
    stamp: i64,
    digest: u64,
}

/// Rows of one stream from one unit.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) log: Vec<i64>,
    pub(crate) publish: Vec<i64>,
    pub(crate) header: Vec<i64>,
    pub(crate) packed: Vec<i64>,
    pub(crate) first: Option<Print>,
    pub(crate) last: Option<Print>,
    pub(crate) payload_bytes: u64,
    pub(crate) without_publish: u64,
    pub(crate) without_sequence: u64,
    /// Messages whose stamp should be there but could not be read.
    pub(crate) without_stamp: u64,
    pub(crate) undecodable: u64,
    pub(crate) frame: Option<String>,
}

impl Rows {
    /// Marks the first row as a repetition of the message before this unit.
    pub(crate) fn link(&mut self, before: Option<Print>) {
        if before.is_some()
            && before == self.first
            && let Some(word) = self.packed.first_mut()
        {
            *word = (word.cast_unsigned() | REPEATED).cast_signed();
        }
    }

    /// Adds a message; returns its header stamp, [`NO_STAMP`] where it has none.
    fn push(&mut self, stream: &Stream, message: &Message<'_>) -> i64 {
        let mut of_header = NO_STAMP;
        let stamped = stream.has_stamps();
        self.log.push(message.log_time);
        self.publish
            .push(message.publish_time.unwrap_or(message.log_time));
        self.without_publish += u64::from(message.publish_time.is_none());
        let sequence = message
            .sequence
            .or_else(|| stream.stamps.header_sequence(message.data));
        self.without_sequence += u64::from(sequence.is_none());
        self.payload_bytes += message.data.len() as u64;
        let mut word = pack(sequence.unwrap_or(0), message.data.len());
        if stamped {
            let stamp = stream.stamps.stamp(message.data);
            self.without_stamp += u64::from(stamp.is_none());
            of_header = stamp.unwrap_or(NO_STAMP);
            self.header.push(of_header);
            if let Some(stamp) = stamp {
                let print = Print {
                    stamp,
                    digest: xxh3_64(message.data),
                };
                if self.last == Some(print) {
                    word = (word.cast_unsigned() | REPEATED).cast_signed();
                }
                self.first.get_or_insert(print);
                self.last = Some(print);
                if self.frame.is_none()
                    && let Some(frame) = stream.stamps.frame_id(message.data)
                {
                    self.frame = Some(frame.to_owned());
                }
            } else {
                self.last = None;
            }
        }
        self.packed.push(word);
        of_header
    }
}

/// Everything one unit yields.
#[derive(Default)]
pub(crate) struct UnitRows {
    /// By index of the stream.
    pub(crate) rows: Vec<Option<Box<Rows>>>,
    /// Samples of sensors, by index of the stream.
    pub(crate) samples: Vec<Option<Box<UnitSamples>>>,
    pub(crate) transforms: UnitTransforms,
    /// Channels defined inside the unit that the registry did not know.
    pub(crate) definitions: Vec<Channel>,
    /// Messages whose channel the registry did not know.
    pub(crate) unresolved: u64,
    pub(crate) summary: UnitSummary,
}

/// Fills a [`UnitRows`].
pub(crate) struct UnitVisitor<'a> {
    pub(crate) registry: &'a Registry<'a>,
    pub(crate) window: (i64, i64),
    pub(crate) claims: &'a Claims,
    /// Number of the unit.
    pub(crate) number: usize,
    pub(crate) unit: UnitRows,
}

impl<'a> UnitVisitor<'a> {
    pub(crate) fn new(
        registry: &'a Registry<'a>,
        window: (i64, i64),
        claims: &'a Claims,
        number: usize,
    ) -> Self {
        let mut unit = UnitRows::default();
        unit.rows.resize_with(registry.streams.len(), || None);
        unit.samples.resize_with(registry.streams.len(), || None);
        Self {
            registry,
            window,
            claims,
            number,
            unit,
        }
    }

    /// Reduces a sensor's message to rows. Returns whether it could not be decoded.
    fn sense(&mut self, index: usize, stream: &Stream, message: &Message<'_>, stamp: i64) -> bool {
        let (Some(reader), Some(slot)) = (&stream.sensor, self.unit.samples.get_mut(index)) else {
            return false;
        };
        let sample = match reader.read(message.data) {
            Ok(Some(sample)) => sample,
            Ok(None) => return false,
            Err(_) => return true,
        };
        let samples = slot.get_or_insert_with(|| Box::new(UnitSamples::new(reader.kind())));
        let turn = Turn {
            claims: self.claims,
            stream: u32::try_from(index).unwrap_or(u32::MAX),
            unit: self.number,
        };
        let at = At {
            t_nanos: usable(stamp, message),
            log_nanos: message.log_time,
            sampled: samples.is_sampled(message.log_time, &turn),
        };
        samples.push(&sample, &stream.topic, at);
        false
    }
}

/// The stamp, or the log time where it is missing or not set.
fn usable(stamp: i64, message: &Message<'_>) -> i64 {
    if stamp == NO_STAMP || stamp == 0 {
        message.log_time
    } else {
        stamp
    }
}

/// When a message was measured: its header stamp, or its log time where it has none.
pub(crate) fn stamp_of(stream: &Stream, message: &Message<'_>) -> i64 {
    usable(
        stream.stamps.stamp(message.data).unwrap_or(NO_STAMP),
        message,
    )
}

impl Visitor for UnitVisitor<'_> {
    fn channel(&mut self, channel: &Channel) {
        let known = self.registry.get(channel.id) != Known::Unknown
            || self.unit.definitions.iter().any(|c| c.id == channel.id);
        if !known {
            self.unit.definitions.push(channel.clone());
        }
    }

    fn message(&mut self, message: &Message<'_>) {
        let index = match self.registry.get(message.channel) {
            Known::Stream(index) => index as usize,
            Known::Excluded => return,
            Known::Unknown => {
                self.unit.unresolved += 1;
                return;
            }
        };
        if message.log_time < self.window.0 || message.log_time > self.window.1 {
            return;
        }
        let registry = self.registry;
        let (Some(stream), Some(slot)) =
            (registry.streams.get(index), self.unit.rows.get_mut(index))
        else {
            return;
        };
        let rows = slot.get_or_insert_default();
        let stamp = rows.push(stream, message);
        if let Some(reader) = &stream.transforms {
            let transforms = &mut self.unit.transforms;
            let read = reader.read(message.data, &mut |transform| {
                transforms.push(&transform, message.log_time, stream.is_static);
            });
            rows.undecodable += u64::from(read.is_err());
        } else if stream.sensor.is_some() && self.sense(index, stream, message, stamp) {
            let slot = self.unit.rows.get_mut(index).and_then(Option::as_mut);
            if let Some(rows) = slot {
                rows.undecodable += 1;
            }
        }
    }
}
