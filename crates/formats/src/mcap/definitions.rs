//! The schemas and channels of a recording, as far as they are known before it is read.
//!
//! Read [`Definitions`] first. They come from the summary when it can be trusted, otherwise from
//! the data itself. Where definitions contradict each other the first in the file stands.

use super::compression::{self, Compression, Decoded};
use super::cursor::{Cursor, Frame, frame_at};
use super::layout::{ChunkUnit, Layout, Unit};
use super::records::{self, opcode};
use crate::{Buffers, Limits};
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where a definition stands; the smallest wins. Those of chunks with a wrong checksum come last.
type Rank = (bool, usize, usize);

/// Definitions found so far: rank and record body by opcode and id.
type Found<'a> = BTreeMap<(u8, u16), (Rank, Cow<'a, [u8]>)>;

/// Known schemas and channels.
#[derive(Debug, Default)]
pub(crate) struct Definitions<'a> {
    /// By id.
    pub(crate) channels: Vec<crate::Channel>,
    pub(crate) schemas: BTreeMap<u16, Arc<crate::Schema>>,
    /// Record bodies by opcode and id, to tell repetitions from contradictions.
    bodies: BTreeMap<(u8, u16), Cow<'a, [u8]>>,
}

/// How a definition relates to what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    New,
    Same,
    Contradicts,
}

impl<'a> Definitions<'a> {
    /// Those of the summary, then those of the data section's top level.
    pub(crate) fn from_summary(layout: &Layout<'a>) -> Self {
        let mut found = Found::new();
        for (rank, frame) in layout.summary.iter().chain(&layout.definitions).enumerate() {
            keep_first(
                &mut found,
                frame,
                (false, rank, 0),
                Cow::Borrowed(frame.body),
            );
        }
        Self::from_found(found)
    }

    /// Those of the data, found by decompressing every chunk; then those of the summary.
    pub(crate) fn from_data(layout: &Layout<'a>, limits: Limits) -> Self {
        let chunks = layout.units.par_iter().enumerate();
        let scanned = chunks.fold(
            || (Buffers::default(), Found::new()),
            |(mut buffers, mut found), (index, unit)| {
                match unit {
                    Unit::Chunk(chunk) => {
                        scan_chunk(chunk, index, limits, &mut buffers, &mut found);
                    }
                    Unit::Run(run) => {
                        let inside = |f: &&Frame<'_>| (run.start..run.end).contains(&f.offset);
                        for frame in layout.definitions.iter().filter(inside) {
                            let rank = (false, index, frame.offset);
                            keep_first(&mut found, frame, rank, Cow::Borrowed(frame.body));
                        }
                    }
                }
                (buffers, found)
            },
        );
        let mut found = scanned.map(|(_, found)| found).reduce(Found::new, merge);
        for frame in layout.summary.iter().chain(&layout.definitions) {
            let rank = (true, usize::MAX, frame.offset);
            keep_first(&mut found, frame, rank, Cow::Borrowed(frame.body));
        }
        Self::from_found(found)
    }

    fn from_found(found: Found<'a>) -> Self {
        let mut definitions = Self {
            bodies: found
                .into_iter()
                .map(|(key, (_, body))| (key, body))
                .collect(),
            ..Self::default()
        };
        for ((opcode, id), body) in &definitions.bodies {
            if *opcode == opcode::SCHEMA
                && let Some(schema) = records::Schema::parse(&mut Cursor::new(body))
            {
                definitions
                    .schemas
                    .insert(*id, Arc::new(schema_of(&schema)));
            }
        }
        for ((opcode, _), body) in &definitions.bodies {
            if *opcode == opcode::CHANNEL
                && let Some(channel) = records::Channel::parse(&mut Cursor::new(body))
            {
                let schema = definitions.schemas.get(&channel.schema_id).cloned();
                definitions.channels.push(channel_of(&channel, schema));
            }
        }
        definitions
    }

    pub(crate) fn channel(&self, id: u16) -> Option<&crate::Channel> {
        let found = self.channels.binary_search_by_key(&u32::from(id), |c| c.id);
        self.channels.get(found.ok()?)
    }

    /// Compares a definition record with what is known under its id.
    pub(crate) fn relation(&self, opcode: u8, id: u16, body: &[u8]) -> Relation {
        let Some(known) = self.bodies.get(&(opcode, id)) else {
            return Relation::New;
        };
        if known.as_ref() == body || same_fields(opcode, known, body) {
            Relation::Same
        } else {
            Relation::Contradicts
        }
    }
}

/// Whether two bodies differ in padding or in the order of map entries only.
fn same_fields(opcode: u8, a: &[u8], b: &[u8]) -> bool {
    let (a, b) = (&mut Cursor::new(a), &mut Cursor::new(b));
    if opcode == opcode::SCHEMA {
        records::Schema::parse(a) == records::Schema::parse(b)
    } else {
        records::Channel::parse(a) == records::Channel::parse(b)
    }
}

fn keep_first<'a>(found: &mut Found<'a>, frame: &Frame<'_>, rank: Rank, body: Cow<'a, [u8]>) {
    if !matches!(frame.opcode, opcode::SCHEMA | opcode::CHANNEL) {
        return;
    }
    let Some(id) = Cursor::new(frame.body).u16() else {
        return;
    };
    let parses = if frame.opcode == opcode::SCHEMA {
        records::Schema::parse(&mut Cursor::new(frame.body)).is_some()
    } else {
        records::Channel::parse(&mut Cursor::new(frame.body)).is_some()
    };
    let better = found
        .get(&(frame.opcode, id))
        .is_none_or(|(known, _)| rank < *known);
    if parses && better {
        found.insert((frame.opcode, id), (rank, body));
    }
}

fn merge<'a>(mut into: Found<'a>, from: Found<'a>) -> Found<'a> {
    for (key, (rank, body)) in from {
        if into.get(&key).is_none_or(|(known, _)| rank < *known) {
            into.insert(key, (rank, body));
        }
    }
    into
}

fn scan_chunk<'a>(
    chunk: &ChunkUnit<'a>,
    index: usize,
    limits: Limits,
    buffers: &mut Buffers,
    found: &mut Found<'a>,
) {
    let Some(compression) = chunk.compression else {
        return;
    };
    let (stored, claimed) = (chunk.head.records, chunk.head.uncompressed_size);
    let decoded = compression::decompress(compression, stored, claimed, limits.unit_bytes, buffers);
    let bytes = if compression == Compression::None {
        stored
    } else {
        &buffers.decompressed
    };
    let crc = chunk.head.uncompressed_crc;
    let doubtful = decoded != Decoded::Whole || crc != 0 && crc32fast::hash(bytes) != crc;
    let mut position = 0;
    while let Ok(frame) = frame_at(bytes, position) {
        if frame.opcode == opcode::SCHEMA || frame.opcode == opcode::CHANNEL {
            let rank = (doubtful, index, position);
            let key = Cursor::new(frame.body).u16().map(|id| (frame.opcode, id));
            if key.is_some_and(|key| found.get(&key).is_none_or(|(known, _)| rank < *known)) {
                keep_first(found, &frame, rank, Cow::Owned(frame.body.to_vec()));
            }
        }
        position = frame.end;
    }
}

/// The schema as readers see it.
pub(crate) fn schema_of(schema: &records::Schema<'_>) -> crate::Schema {
    crate::Schema {
        name: schema.name.clone().into_owned(),
        encoding: schema.encoding.clone().into_owned(),
        data: schema.data.to_vec(),
    }
}

/// The channel as readers see it.
pub(crate) fn channel_of(
    channel: &records::Channel<'_>,
    schema: Option<Arc<crate::Schema>>,
) -> crate::Channel {
    let pairs = channel.metadata.iter();
    crate::Channel {
        id: u32::from(channel.id),
        topic: channel.topic.clone().into_owned(),
        schema,
        message_encoding: channel.message_encoding.clone().into_owned(),
        metadata: pairs
            .map(|(k, v)| (k.clone().into_owned(), v.clone().into_owned()))
            .collect(),
    }
}
