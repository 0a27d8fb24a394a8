//! Every record of the MCAP format, and how it is parsed.
//!
//! Read [`Record`] first. Fields borrow from the bytes; strings that are not UTF-8 are repaired
//! with replacement characters, and bytes after the last known field are tolerated, as the
//! specification asks for. Not here: how records are encoded (`encode`), and where they may stand
//! ([`super::McapRecording`]).
//! Source: MCAP specification, version 0.

use super::cursor::Cursor;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Opcodes of the known records.
pub mod opcode {
    /// Header.
    pub const HEADER: u8 = 0x01;
    /// Footer.
    pub const FOOTER: u8 = 0x02;
    /// Schema.
    pub const SCHEMA: u8 = 0x03;
    /// Channel.
    pub const CHANNEL: u8 = 0x04;
    /// Message.
    pub const MESSAGE: u8 = 0x05;
    /// Chunk.
    pub const CHUNK: u8 = 0x06;
    /// Message index.
    pub const MESSAGE_INDEX: u8 = 0x07;
    /// Chunk index.
    pub const CHUNK_INDEX: u8 = 0x08;
    /// Attachment.
    pub const ATTACHMENT: u8 = 0x09;
    /// Attachment index.
    pub const ATTACHMENT_INDEX: u8 = 0x0A;
    /// Statistics.
    pub const STATISTICS: u8 = 0x0B;
    /// Metadata.
    pub const METADATA: u8 = 0x0C;
    /// Metadata index.
    pub const METADATA_INDEX: u8 = 0x0D;
    /// Summary offset.
    pub const SUMMARY_OFFSET: u8 = 0x0E;
    /// Data end.
    pub const DATA_END: u8 = 0x0F;
}

/// The record's name in messages, `Message`, `ChunkIndex`, …
pub const fn opcode_name(opcode: u8) -> &'static str {
    match opcode {
        opcode::HEADER => "Header",
        opcode::FOOTER => "Footer",
        opcode::SCHEMA => "Schema",
        opcode::CHANNEL => "Channel",
        opcode::MESSAGE => "Message",
        opcode::CHUNK => "Chunk",
        opcode::MESSAGE_INDEX => "MessageIndex",
        opcode::CHUNK_INDEX => "ChunkIndex",
        opcode::ATTACHMENT => "Attachment",
        opcode::ATTACHMENT_INDEX => "AttachmentIndex",
        opcode::STATISTICS => "Statistics",
        opcode::METADATA => "Metadata",
        opcode::METADATA_INDEX => "MetadataIndex",
        opcode::SUMMARY_OFFSET => "SummaryOffset",
        opcode::DATA_END => "DataEnd",
        0x80..=0xFF => "private record",
        _ => "unknown record",
    }
}

/// String-to-string map of channels and metadata records; a repeated key keeps its last value.
pub type StringMap<'a> = BTreeMap<Cow<'a, str>, Cow<'a, str>>;

/// One record of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// First record of a file.
    Header(Header<'a>),
    /// Last record of a file.
    Footer(Footer),
    /// A message type.
    Schema(Schema<'a>),
    /// A stream of messages.
    Channel(Channel<'a>),
    /// A message.
    Message(Message<'a>),
    /// A run of schemas, channels and messages, perhaps compressed.
    Chunk(Chunk<'a>),
    /// Where the messages of one channel are in the chunk before.
    MessageIndex(MessageIndex),
    /// Where a chunk is.
    ChunkIndex(ChunkIndex<'a>),
    /// A file within the file.
    Attachment(Attachment<'a>),
    /// Where an attachment is.
    AttachmentIndex(AttachmentIndex<'a>),
    /// Counts over the file.
    Statistics(Statistics),
    /// Named key-value pairs.
    Metadata(Metadata<'a>),
    /// Where a metadata record is.
    MetadataIndex(MetadataIndex<'a>),
    /// Where the summary records of one kind are.
    SummaryOffset(SummaryOffset),
    /// End of the data section.
    DataEnd(DataEnd),
    /// A record of a later version (below 0x80) or a private one.
    Unknown {
        /// Its opcode.
        opcode: u8,
        /// Its body.
        data: &'a [u8],
    },
}

/// First record of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header<'a> {
    /// Convention the file follows: empty, `ros1`, `ros2`, …
    pub profile: Cow<'a, str>,
    /// Program that wrote the file.
    pub library: Cow<'a, str>,
}

/// Last record of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footer {
    /// Offset of the summary section; 0 when there is none.
    pub summary_start: u64,
    /// Offset of the summary offset section; 0 when there is none.
    pub summary_offset_start: u64,
    /// CRC-32 from `summary_start` up to this field; 0 when not computed.
    pub summary_crc: u32,
}

/// A message type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema<'a> {
    /// Id, never 0.
    pub id: u16,
    /// Type name.
    pub name: Cow<'a, str>,
    /// Encoding of `data`.
    pub encoding: Cow<'a, str>,
    /// The definition.
    pub data: &'a [u8],
}

/// A stream of messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channel<'a> {
    /// Id.
    pub id: u16,
    /// Id of the message type; 0 for none.
    pub schema_id: u16,
    /// Topic.
    pub topic: Cow<'a, str>,
    /// Encoding of the payloads.
    pub message_encoding: Cow<'a, str>,
    /// Further properties.
    pub metadata: StringMap<'a>,
}

/// The fields in front of a message's payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageHeader {
    /// Id of the channel.
    pub channel: u16,
    /// Sequence number; 0 when the writer has none.
    pub sequence: u32,
    /// When it was recorded, nanoseconds.
    pub log_time: u64,
    /// When it was published, nanoseconds.
    pub publish_time: u64,
}

/// Bytes of [`MessageHeader`] in a file.
pub(crate) const MESSAGE_HEADER_BYTES: usize = 22;

impl MessageHeader {
    /// The header and the payload; none when the body is shorter than a header.
    #[inline]
    pub(crate) fn split(body: &[u8]) -> Option<(Self, &[u8])> {
        let (head, data) = body.split_first_chunk::<MESSAGE_HEADER_BYTES>()?;
        let [c0, c1, s0, s1, s2, s3, times @ ..] = head;
        let [
            l0,
            l1,
            l2,
            l3,
            l4,
            l5,
            l6,
            l7,
            p0,
            p1,
            p2,
            p3,
            p4,
            p5,
            p6,
            p7,
        ] = times;
        let header = Self {
            channel: u16::from_le_bytes([*c0, *c1]),
            sequence: u32::from_le_bytes([*s0, *s1, *s2, *s3]),
            log_time: u64::from_le_bytes([*l0, *l1, *l2, *l3, *l4, *l5, *l6, *l7]),
            publish_time: u64::from_le_bytes([*p0, *p1, *p2, *p3, *p4, *p5, *p6, *p7]),
        };
        Some((header, data))
    }
}

/// A message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Message<'a> {
    /// Channel, sequence and times.
    pub header: MessageHeader,
    /// Payload.
    pub data: &'a [u8],
}

/// A run of schemas, channels and messages, perhaps compressed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// Smallest log time within; 0 when there are no messages.
    pub message_start_time: u64,
    /// Largest log time within; 0 when there are no messages.
    pub message_end_time: u64,
    /// Size of the records once decompressed.
    pub uncompressed_size: u64,
    /// CRC-32 of the decompressed records; 0 when not computed.
    pub uncompressed_crc: u32,
    /// `zstd`, `lz4` or empty.
    pub compression: Cow<'a, str>,
    /// The records, as stored.
    pub records: &'a [u8],
}

/// Where the messages of one channel are in the chunk before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageIndex {
    /// Id of the channel.
    pub channel_id: u16,
    /// Log time and offset within the decompressed chunk, per message.
    pub records: Vec<(u64, u64)>,
}

/// Where a chunk is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChunkIndex<'a> {
    /// Smallest log time within.
    pub message_start_time: u64,
    /// Largest log time within.
    pub message_end_time: u64,
    /// Offset of the chunk record.
    pub chunk_start_offset: u64,
    /// Length of the chunk record, opcode and length field included.
    pub chunk_length: u64,
    /// Offset of the message index record per channel.
    pub message_index_offsets: BTreeMap<u16, u64>,
    /// Length of all message index records of the chunk.
    pub message_index_length: u64,
    /// Compression of the chunk.
    pub compression: Cow<'a, str>,
    /// Size of its records as stored.
    pub compressed_size: u64,
    /// Size of its records once decompressed.
    pub uncompressed_size: u64,
}

/// A file within the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachment<'a> {
    /// When it was recorded, nanoseconds.
    pub log_time: u64,
    /// When it was made, nanoseconds; 0 when unknown.
    pub create_time: u64,
    /// Its name.
    pub name: Cow<'a, str>,
    /// Its media type.
    pub media_type: Cow<'a, str>,
    /// Its content.
    pub data: &'a [u8],
    /// CRC-32 of all fields before; 0 when not computed.
    pub crc: u32,
}

/// Where an attachment is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttachmentIndex<'a> {
    /// Offset of the attachment record.
    pub offset: u64,
    /// Length of the record, opcode and length field included.
    pub length: u64,
    /// When it was recorded, nanoseconds.
    pub log_time: u64,
    /// When it was made, nanoseconds.
    pub create_time: u64,
    /// Size of its content.
    pub data_size: u64,
    /// Its name.
    pub name: Cow<'a, str>,
    /// Its media type.
    pub media_type: Cow<'a, str>,
}

/// Counts over the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Messages.
    pub message_count: u64,
    /// Schemas with different ids.
    pub schema_count: u16,
    /// Channels with different ids.
    pub channel_count: u32,
    /// Attachments.
    pub attachment_count: u32,
    /// Metadata records.
    pub metadata_count: u32,
    /// Chunks.
    pub chunk_count: u32,
    /// Smallest log time; 0 without messages.
    pub message_start_time: u64,
    /// Largest log time; 0 without messages.
    pub message_end_time: u64,
    /// Messages per channel; empty when the writer did not count.
    pub channel_message_counts: BTreeMap<u16, u64>,
}

/// Named key-value pairs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata<'a> {
    /// Name of the record.
    pub name: Cow<'a, str>,
    /// The pairs.
    pub metadata: StringMap<'a>,
}

/// Where a metadata record is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetadataIndex<'a> {
    /// Offset of the metadata record.
    pub offset: u64,
    /// Length of the record, opcode and length field included.
    pub length: u64,
    /// Its name.
    pub name: Cow<'a, str>,
}

/// Where the summary records of one kind are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SummaryOffset {
    /// Opcode of the records.
    pub group_opcode: u8,
    /// Offset of the first.
    pub group_start: u64,
    /// Length of all of them.
    pub group_length: u64,
}

/// End of the data section.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DataEnd {
    /// CRC-32 from the start of the file up to this record; 0 when not computed.
    pub data_section_crc: u32,
}

impl<'a> Record<'a> {
    /// The record with this opcode and body; none when its fields run past the body.
    /// Bytes after the last field are ignored. Opcodes without a known meaning always parse.
    pub fn parse(opcode: u8, body: &'a [u8]) -> Option<Self> {
        let c = &mut Cursor::new(body);
        Some(match opcode {
            opcode::HEADER => Self::Header(Header::parse(c)?),
            opcode::FOOTER => Self::Footer(Footer::parse(c)?),
            opcode::SCHEMA => Self::Schema(Schema::parse(c)?),
            opcode::CHANNEL => Self::Channel(Channel::parse(c)?),
            opcode::MESSAGE => {
                let (header, data) = MessageHeader::split(body)?;
                Self::Message(Message { header, data })
            }
            opcode::CHUNK => Self::Chunk(Chunk::parse(c)?),
            opcode::MESSAGE_INDEX => Self::MessageIndex(MessageIndex::parse(c)?),
            opcode::CHUNK_INDEX => Self::ChunkIndex(ChunkIndex::parse(c)?),
            opcode::ATTACHMENT => Self::Attachment(Attachment::parse(c)?),
            opcode::ATTACHMENT_INDEX => Self::AttachmentIndex(AttachmentIndex::parse(c)?),
            opcode::STATISTICS => Self::Statistics(Statistics::parse(c)?),
            opcode::METADATA => Self::Metadata(Metadata {
                name: c.text()?,
                metadata: string_map(c)?,
            }),
            opcode::METADATA_INDEX => Self::MetadataIndex(MetadataIndex {
                offset: c.u64()?,
                length: c.u64()?,
                name: c.text()?,
            }),
            opcode::SUMMARY_OFFSET => Self::SummaryOffset(SummaryOffset {
                group_opcode: c.u8()?,
                group_start: c.u64()?,
                group_length: c.u64()?,
            }),
            opcode::DATA_END => Self::DataEnd(DataEnd {
                data_section_crc: c.u32()?,
            }),
            opcode => Self::Unknown { opcode, data: body },
        })
    }

    /// The record's opcode.
    pub const fn opcode(&self) -> u8 {
        match self {
            Self::Header(_) => opcode::HEADER,
            Self::Footer(_) => opcode::FOOTER,
            Self::Schema(_) => opcode::SCHEMA,
            Self::Channel(_) => opcode::CHANNEL,
            Self::Message(_) => opcode::MESSAGE,
            Self::Chunk(_) => opcode::CHUNK,
            Self::MessageIndex(_) => opcode::MESSAGE_INDEX,
            Self::ChunkIndex(_) => opcode::CHUNK_INDEX,
            Self::Attachment(_) => opcode::ATTACHMENT,
            Self::AttachmentIndex(_) => opcode::ATTACHMENT_INDEX,
            Self::Statistics(_) => opcode::STATISTICS,
            Self::Metadata(_) => opcode::METADATA,
            Self::MetadataIndex(_) => opcode::METADATA_INDEX,
            Self::SummaryOffset(_) => opcode::SUMMARY_OFFSET,
            Self::DataEnd(_) => opcode::DATA_END,
            Self::Unknown { opcode, .. } => *opcode,
        }
    }
}

impl<'a> Header<'a> {
    fn parse(c: &mut Cursor<'a>) -> Option<Self> {
        Some(Self {
            profile: c.text()?,
            library: c.text()?,
        })
    }
}

impl Footer {
    pub(crate) fn parse(c: &mut Cursor<'_>) -> Option<Self> {
        Some(Self {
            summary_start: c.u64()?,
            summary_offset_start: c.u64()?,
            summary_crc: c.u32()?,
        })
    }
}

impl<'a> Schema<'a> {
    pub(crate) fn parse(c: &mut Cursor<'a>) -> Option<Self> {
        Some(Self {
            id: c.u16()?,
            name: c.text()?,
            encoding: c.text()?,
            data: c.bytes_u32()?,
        })
    }
}

impl<'a> Channel<'a> {
    pub(crate) fn parse(c: &mut Cursor<'a>) -> Option<Self> {
        Some(Self {
            id: c.u16()?,
            schema_id: c.u16()?,
            topic: c.text()?,
            message_encoding: c.text()?,
            metadata: string_map(c)?,
        })
    }
}

impl<'a> Chunk<'a> {
    fn parse(c: &mut Cursor<'a>) -> Option<Self> {
        Some(Self {
            message_start_time: c.u64()?,
            message_end_time: c.u64()?,
            uncompressed_size: c.u64()?,
            uncompressed_crc: c.u32()?,
            compression: c.text()?,
            records: c.bytes_u64()?,
        })
    }

    /// Everything up to the records' length, which is returned with the length of all that;
    /// the records may be cut off. A compression name beyond any sense counts as damage.
    pub(crate) fn parse_head(body: &'a [u8]) -> Option<(Self, u64, usize)> {
        const LONGEST_NAME: usize = 64;
        let c = &mut Cursor::new(body);
        let mut head = Self {
            message_start_time: c.u64()?,
            message_end_time: c.u64()?,
            uncompressed_size: c.u64()?,
            uncompressed_crc: c.u32()?,
            ..Self::default()
        };
        let name = c.bytes_u32().filter(|name| name.len() <= LONGEST_NAME)?;
        head.compression = String::from_utf8_lossy(name);
        let length = c.u64()?;
        Some((head, length, c.position()))
    }
}

impl MessageIndex {
    fn parse(c: &mut Cursor<'_>) -> Option<Self> {
        let channel_id = c.u16()?;
        let entries = c.bytes_u32()?;
        let (pairs, rest) = entries.as_chunks::<16>();
        if !rest.is_empty() {
            return None;
        }
        let pair = |bytes: &[u8; 16]| {
            let c = &mut Cursor::new(bytes);
            Some((c.u64()?, c.u64()?))
        };
        Some(Self {
            channel_id,
            records: pairs.iter().filter_map(pair).collect(),
        })
    }
}

impl<'a> ChunkIndex<'a> {
    fn parse(c: &mut Cursor<'a>) -> Option<Self> {
        Some(Self {
            message_start_time: c.u64()?,
            message_end_time: c.u64()?,
            chunk_start_offset: c.u64()?,
            chunk_length: c.u64()?,
            message_index_offsets: number_map(c)?,
            message_index_length: c.u64()?,
            compression: c.text()?,
            compressed_size: c.u64()?,
            uncompressed_size: c.u64()?,
        })
    }
}

impl<'a> Attachment<'a> {
    fn parse(c: &mut Cursor<'a>) -> Option<Self> {
        Some(Self {
            log_time: c.u64()?,
            create_time: c.u64()?,
            name: c.text()?,
            media_type: c.text()?,
            data: c.bytes_u64()?,
            crc: c.u32()?,
        })
    }

    /// The part of the body the CRC covers.
    pub(crate) fn covered(body: &[u8]) -> Option<&[u8]> {
        let c = &mut Cursor::new(body);
        c.take(16)?;
        c.bytes_u32()?;
        c.bytes_u32()?;
        c.bytes_u64()?;
        body.get(..c.position())
    }
}

impl<'a> AttachmentIndex<'a> {
    fn parse(c: &mut Cursor<'a>) -> Option<Self> {
        Some(Self {
            offset: c.u64()?,
            length: c.u64()?,
            log_time: c.u64()?,
            create_time: c.u64()?,
            data_size: c.u64()?,
            name: c.text()?,
            media_type: c.text()?,
        })
    }
}

impl Statistics {
    fn parse(c: &mut Cursor<'_>) -> Option<Self> {
        Some(Self {
            message_count: c.u64()?,
            schema_count: c.u16()?,
            channel_count: c.u32()?,
            attachment_count: c.u32()?,
            metadata_count: c.u32()?,
            chunk_count: c.u32()?,
            message_start_time: c.u64()?,
            message_end_time: c.u64()?,
            channel_message_counts: number_map(c)?,
        })
    }
}

fn string_map<'a>(c: &mut Cursor<'a>) -> Option<StringMap<'a>> {
    let mut entries = Cursor::new(c.bytes_u32()?);
    let mut map = BTreeMap::new();
    while !entries.is_empty() {
        map.insert(entries.text()?, entries.text()?);
    }
    Some(map)
}

fn number_map(c: &mut Cursor<'_>) -> Option<BTreeMap<u16, u64>> {
    let mut entries = Cursor::new(c.bytes_u32()?);
    let mut map = BTreeMap::new();
    while !entries.is_empty() {
        map.insert(entries.u16()?, entries.u64()?);
    }
    Some(map)
}
