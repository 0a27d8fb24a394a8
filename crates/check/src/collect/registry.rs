//! Which stream a channel id belongs to, and how its payloads are read.

use fieldassay_formats::Channel;
use fieldassay_formats::decode::{StampKind, StampReader, TransformReader};
use fieldassay_formats::sensor::SensorReader;
use std::collections::BTreeMap;

/// Channels with the same topic, type and encoding, treated as one stream.
pub(crate) struct Stream {
    pub(crate) topic: String,
    pub(crate) schema: String,
    pub(crate) encoding: String,
    pub(crate) stamps: StampReader,
    pub(crate) transforms: Option<TransformReader>,
    pub(crate) sensor: Option<SensorReader>,
    /// Transforms on it hold for all time.
    pub(crate) is_static: bool,
    /// How many channel ids feed it.
    pub(crate) publishers: usize,
}

impl Stream {
    fn new(channel: &Channel) -> Self {
        let schema = channel.schema.as_deref();
        Self {
            topic: channel.topic.clone(),
            schema: schema.map(|s| s.name.clone()).unwrap_or_default(),
            encoding: channel.message_encoding.clone(),
            stamps: StampReader::new(schema, &channel.message_encoding),
            transforms: schema.and_then(|s| TransformReader::new(s, &channel.message_encoding)),
            sensor: schema.and_then(|s| SensorReader::new(s, &channel.message_encoding)),
            is_static: channel.topic.ends_with("tf_static"),
            publishers: 1,
        }
    }

    pub(crate) fn has_stamps(&self) -> bool {
        !matches!(self.stamps.kind(), StampKind::None(_))
    }
}

/// What a channel id stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// No definition seen so far.
    Unknown,
    /// Not among the topics asked for.
    Excluded,
    /// Index of its stream.
    Stream(u32),
}

/// Ids up to here are looked up in a flat table.
const FLAT_IDS: u32 = 1 << 16;

/// All streams of a recording.
pub(crate) struct Registry<'a> {
    topics: Option<&'a (dyn Fn(&str) -> bool + Sync)>,
    pub(crate) streams: Vec<Stream>,
    flat: Vec<Known>,
    sparse: BTreeMap<u32, Known>,
    by_key: BTreeMap<(String, String, String), u32>,
}

impl<'a> Registry<'a> {
    pub(crate) fn new(topics: Option<&'a (dyn Fn(&str) -> bool + Sync)>) -> Self {
        Self {
            topics,
            streams: Vec::new(),
            flat: Vec::new(),
            sparse: BTreeMap::new(),
            by_key: BTreeMap::new(),
        }
    }

    /// Takes a definition; the first one of an id holds.
    pub(crate) fn define(&mut self, channel: &Channel) {
        if self.get(channel.id) != Known::Unknown {
            return;
        }
        let known = if self
            .topics
            .is_some_and(|selected| !selected(&channel.topic))
        {
            Known::Excluded
        } else {
            Known::Stream(self.stream_of(channel))
        };
        if channel.id < FLAT_IDS {
            let index = channel.id as usize;
            if self.flat.len() <= index {
                self.flat.resize(index + 1, Known::Unknown);
            }
            if let Some(entry) = self.flat.get_mut(index) {
                *entry = known;
            }
        } else {
            self.sparse.insert(channel.id, known);
        }
    }

    fn stream_of(&mut self, channel: &Channel) -> u32 {
        let key = (
            channel.topic.clone(),
            channel
                .schema
                .as_deref()
                .map(|s| s.name.clone())
                .unwrap_or_default(),
            channel.message_encoding.clone(),
        );
        if let Some(index) = self.by_key.get(&key) {
            if let Some(stream) = self.streams.get_mut(*index as usize) {
                stream.publishers += 1;
            }
            return *index;
        }
        let index = u32::try_from(self.streams.len()).unwrap_or(u32::MAX);
        self.streams.push(Stream::new(channel));
        self.by_key.insert(key, index);
        index
    }

    /// Stream of every channel id that is looked at.
    pub(crate) fn channels(&self) -> BTreeMap<u32, u32> {
        let flat = self.flat.iter().enumerate();
        flat.filter_map(|(id, known)| Some((u32::try_from(id).ok()?, known)))
            .chain(self.sparse.iter().map(|(id, known)| (*id, known)))
            .filter_map(|(id, known)| match known {
                Known::Stream(index) => Some((id, *index)),
                Known::Unknown | Known::Excluded => None,
            })
            .collect()
    }

    pub(crate) fn get(&self, id: u32) -> Known {
        if id < FLAT_IDS {
            self.flat
                .get(id as usize)
                .copied()
                .unwrap_or(Known::Unknown)
        } else {
            self.sparse.get(&id).copied().unwrap_or(Known::Unknown)
        }
    }
}
