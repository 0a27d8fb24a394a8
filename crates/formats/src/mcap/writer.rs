//! Writes MCAP files whose bytes depend only on the calls made.
//!
//! Read [`Writer`] first; [`RecordWriter`] underneath writes single records, for files the
//! [`Writer`] would not make. Not here: files and the clock; anything that is [`io::Write`] will do.

use super::compression::{Compression, Compressor};
use super::cursor::{FRAME_HEADER_BYTES, MAGIC, plus, wide};
use super::encode::framed;
use super::records::{
    self, Attachment, AttachmentIndex, Channel, Chunk, ChunkIndex, DataEnd, Footer, Header,
    Message, MessageHeader, MessageIndex, Metadata, MetadataIndex, Record, Statistics, StringMap,
    SummaryOffset, opcode,
};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// What a [`Writer`] puts into the file besides the data.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent option of the format"
)]
#[derive(Clone, Debug)]
pub struct WriterOptions {
    /// Compression of chunks.
    pub compression: Compression,
    /// Level of zstd; 1 is fast, 3 its own default.
    pub zstd_level: i32,
    /// A chunk is closed once its records reach this many bytes.
    pub chunk_bytes: usize,
    /// Messages go into chunks; otherwise they stand at top level.
    pub use_chunks: bool,
    /// Message index records after every chunk.
    pub message_index: bool,
    /// Chunk index in the summary.
    pub chunk_index: bool,
    /// Attachment index in the summary.
    pub attachment_index: bool,
    /// Metadata index in the summary.
    pub metadata_index: bool,
    /// Schemas repeated in the summary.
    pub repeat_schemas: bool,
    /// Channels repeated in the summary.
    pub repeat_channels: bool,
    /// Statistics in the summary.
    pub statistics: bool,
    /// Summary offset records after the summary.
    pub summary_offsets: bool,
    /// Checksums over chunks, attachments, data section and summary.
    pub crcs: bool,
    /// Name of the writing program, for the header.
    pub library: String,
    /// Profile, for the header: empty, `ros1`, `ros2`, …
    pub profile: String,
}

impl Default for WriterOptions {
    /// Everything on, zstd, chunks of 768 KiB (the default of the reference writers).
    fn default() -> Self {
        Self {
            compression: Compression::Zstd,
            zstd_level: 3,
            chunk_bytes: 768 * 1024,
            use_chunks: true,
            message_index: true,
            chunk_index: true,
            attachment_index: true,
            metadata_index: true,
            repeat_schemas: true,
            repeat_channels: true,
            statistics: true,
            summary_offsets: true,
            crcs: true,
            library: concat!("fieldassay ", env!("CARGO_PKG_VERSION")).to_owned(),
            profile: String::new(),
        }
    }
}

/// Writes records one after the other and keeps offset and checksum of what was written.
#[derive(Debug)]
pub struct RecordWriter<W> {
    inner: W,
    offset: u64,
    crc: crc32fast::Hasher,
    scratch: Vec<u8>,
}

impl<W: Write> RecordWriter<W> {
    /// A writer at offset 0; nothing is written yet, not even the magic.
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            offset: 0,
            crc: crc32fast::Hasher::new(),
            scratch: Vec::new(),
        }
    }

    /// Bytes written so far.
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// CRC-32 of what was written since the start or the last [`RecordWriter::restart_crc`].
    pub fn crc(&self) -> u32 {
        self.crc.clone().finalize()
    }

    /// Forgets what was written for [`RecordWriter::crc`].
    pub fn restart_crc(&mut self) {
        self.crc = crc32fast::Hasher::new();
    }

    /// Writes the magic that starts and ends a file.
    pub fn magic(&mut self) -> io::Result<()> {
        self.raw(&MAGIC)
    }

    /// Writes bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.inner.write_all(bytes)?;
        self.crc.update(bytes);
        self.offset = self.offset.saturating_add(wide(bytes.len()));
        Ok(())
    }

    /// Writes a record; returns the offset it starts at.
    pub fn record(&mut self, record: &Record<'_>) -> io::Result<u64> {
        self.record_padded(record, &[])
    }

    /// Writes a record with bytes after its last field; returns the offset it starts at.
    pub fn record_padded(&mut self, record: &Record<'_>, padding: &[u8]) -> io::Result<u64> {
        let start = self.offset;
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        let written = record
            .encode_padded(padding, &mut scratch)
            .and_then(|()| self.raw(&scratch));
        self.scratch = scratch;
        written.map(|()| start)
    }

    /// Writes a footer with these offsets and, when `crc` is on, the checksum over everything since
    /// [`RecordWriter::restart_crc`], its own first fields included.
    pub fn footer(&mut self, mut footer: Footer, crc: bool) -> io::Result<()> {
        let mut bytes = Vec::new();
        Record::Footer(footer).encode(&mut bytes)?;
        if crc {
            let mut hasher = self.crc.clone();
            let before_crc = bytes.len().saturating_sub(4);
            hasher.update(bytes.get(..before_crc).unwrap_or_default());
            footer.summary_crc = hasher.finalize();
        }
        self.record(&Record::Footer(footer)).map(|_| ())
    }

    /// What was written to.
    pub fn into_inner(self) -> W {
        self.inner
    }
}

/// The chunk being filled.
#[derive(Debug, Default)]
struct OpenChunk {
    records: Vec<u8>,
    times: Option<(u64, u64)>,
    indexes: BTreeMap<u16, Vec<(u64, u64)>>,
}

/// What the summary will say.
#[derive(Debug, Default)]
struct Summary {
    schemas: Vec<crate::Schema>,
    channels: Vec<Channel<'static>>,
    chunk_indexes: Vec<ChunkIndex<'static>>,
    attachment_indexes: Vec<AttachmentIndex<'static>>,
    metadata_indexes: Vec<MetadataIndex<'static>>,
    times: Option<(u64, u64)>,
    statistics: Statistics,
}

/// Writes a recording; see [`WriterOptions`]. A writer that is dropped without
/// [`Writer::finish`] leaves a file without its last chunk, summary and footer.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: RecordWriter<W>,
    options: WriterOptions,
    compressor: Compressor,
    chunk: OpenChunk,
    summary: Summary,
}

impl<W: Write> Writer<W> {
    /// Writes magic and header.
    ///
    /// # Errors
    /// Those of `inner`, here and below.
    pub fn new(inner: W, options: WriterOptions) -> io::Result<Self> {
        let mut out = RecordWriter::new(inner);
        out.magic()?;
        out.record(&Record::Header(Header {
            profile: Cow::Borrowed(&options.profile),
            library: Cow::Borrowed(&options.library),
        }))?;
        Ok(Self {
            out,
            compressor: Compressor::new(options.compression, options.zstd_level)?,
            options,
            chunk: OpenChunk::default(),
            summary: Summary::default(),
        })
    }

    /// Defines a message type and returns its id, counted from 1; the same definition again
    /// returns the same id and writes nothing.
    ///
    /// # Errors
    /// `InvalidInput` after 65,535 schemas.
    pub fn schema(&mut self, schema: &crate::Schema) -> io::Result<u16> {
        let known = self.summary.schemas.iter().position(|s| s == schema);
        let index = known.unwrap_or(self.summary.schemas.len());
        let id = next_id(index, "schemas")?;
        if known.is_none() {
            let record = Record::Schema(schema_record(id, schema));
            put(
                &mut self.out,
                &mut self.chunk,
                self.options.use_chunks,
                &record,
            )?;
            self.summary.schemas.push(schema.clone());
        }
        Ok(id)
    }

    /// Defines a channel and returns its id, counted from 1. `schema` is an id from
    /// [`Writer::schema`], or 0 for none. Every call makes a new channel.
    ///
    /// # Errors
    /// `InvalidInput` for an unknown schema and after 65,535 channels.
    pub fn channel(
        &mut self,
        topic: &str,
        schema: u16,
        message_encoding: &str,
        metadata: &BTreeMap<String, String>,
    ) -> io::Result<u16> {
        if usize::from(schema) > self.summary.schemas.len() {
            return Err(invalid(format!(
                "channel `{topic}` names schema `{schema}`, which is not defined; hint: call `schema` first"
            )));
        }
        let id = next_id(self.summary.channels.len(), "channels")?;
        let channel = Channel {
            id,
            schema_id: schema,
            topic: Cow::Owned(topic.to_owned()),
            message_encoding: Cow::Owned(message_encoding.to_owned()),
            metadata: owned_map(metadata),
        };
        let record = Record::Channel(channel.clone());
        put(
            &mut self.out,
            &mut self.chunk,
            self.options.use_chunks,
            &record,
        )?;
        self.summary.channels.push(channel);
        Ok(id)
    }

    /// Writes a message. `header.channel` is an id from [`Writer::channel`].
    ///
    /// # Errors
    /// `InvalidInput` for an unknown channel.
    pub fn message(&mut self, header: &MessageHeader, data: &[u8]) -> io::Result<()> {
        let known = self.summary.channels.len();
        if header.channel == 0 || usize::from(header.channel) > known {
            return Err(invalid(format!(
                "a message names channel `{}`, which is not defined; hint: call `channel` first",
                header.channel
            )));
        }
        let offset = self.chunk.records.len();
        let record = Record::Message(Message {
            header: *header,
            data,
        });
        put(
            &mut self.out,
            &mut self.chunk,
            self.options.use_chunks,
            &record,
        )?;
        let time = header.log_time;
        self.summary.times = Some(widen(self.summary.times, time));
        let statistics = &mut self.summary.statistics;
        statistics.message_count = statistics.message_count.saturating_add(1);
        let count = statistics
            .channel_message_counts
            .entry(header.channel)
            .or_default();
        *count = count.saturating_add(1);
        if self.options.use_chunks {
            self.chunk.times = Some(widen(self.chunk.times, time));
            if self.options.message_index {
                let index = self.chunk.indexes.entry(header.channel).or_default();
                index.push((time, wide(offset)));
            }
            if self.chunk.records.len() >= self.options.chunk_bytes {
                self.flush_chunk()?;
            }
        }
        Ok(())
    }

    /// Writes an attachment; its `crc` is computed here.
    pub fn attachment(&mut self, attachment: &Attachment<'_>) -> io::Result<()> {
        let mut attachment = attachment.clone();
        attachment.crc = 0;
        if self.options.crcs {
            let mut covered = Vec::new();
            attachment.encode_before_crc(&mut covered)?;
            attachment.crc = crc32fast::hash(&covered);
        }
        let record = Record::Attachment(attachment.clone());
        let offset = self.out.record(&record)?;
        self.summary.attachment_indexes.push(AttachmentIndex {
            offset,
            length: self.out.offset().saturating_sub(offset),
            log_time: attachment.log_time,
            create_time: attachment.create_time,
            data_size: wide(attachment.data.len()),
            name: Cow::Owned(attachment.name.into_owned()),
            media_type: Cow::Owned(attachment.media_type.into_owned()),
        });
        Ok(())
    }

    /// Writes a metadata record.
    pub fn metadata(&mut self, name: &str, metadata: &BTreeMap<String, String>) -> io::Result<()> {
        let offset = self.out.record(&Record::Metadata(Metadata {
            name: Cow::Borrowed(name),
            metadata: owned_map(metadata),
        }))?;
        self.summary.metadata_indexes.push(MetadataIndex {
            offset,
            length: self.out.offset().saturating_sub(offset),
            name: Cow::Owned(name.to_owned()),
        });
        Ok(())
    }

    /// Closes the current chunk, so that what was written so far survives a crash.
    pub fn flush_chunk(&mut self) -> io::Result<()> {
        if self.chunk.records.is_empty() {
            return Ok(());
        }
        let crc = if self.options.crcs {
            crc32fast::hash(&self.chunk.records)
        } else {
            0
        };
        let stored = self.compressor.compress(&self.chunk.records)?;
        let (start, end) = self.chunk.times.unwrap_or_default();
        let name = self.options.compression.name();
        let chunk = Chunk {
            message_start_time: start,
            message_end_time: end,
            uncompressed_size: wide(self.chunk.records.len()),
            uncompressed_crc: crc,
            compression: Cow::Borrowed(name),
            records: stored,
        };
        let mut index = ChunkIndex {
            message_start_time: start,
            message_end_time: end,
            compression: Cow::Borrowed(name),
            compressed_size: wide(stored.len()),
            uncompressed_size: wide(self.chunk.records.len()),
            ..ChunkIndex::default()
        };
        let mut head = Vec::new();
        framed(&mut head, opcode::CHUNK, |out| chunk.encode_head(out))?;
        // The frame was made around the head alone; its length must cover the records too.
        let body = plus(head.len().saturating_sub(FRAME_HEADER_BYTES), stored.len());
        if let Some(field) = head.get_mut(1..FRAME_HEADER_BYTES) {
            field.copy_from_slice(&wide(body).to_le_bytes());
        }
        index.chunk_start_offset = self.out.offset();
        self.out.raw(&head)?;
        self.out.raw(stored)?;
        index.chunk_length = self.out.offset().saturating_sub(index.chunk_start_offset);
        let indexes_start = self.out.offset();
        for (channel_id, records) in std::mem::take(&mut self.chunk.indexes) {
            let record = Record::MessageIndex(MessageIndex {
                channel_id,
                records,
            });
            let offset = self.out.record(&record)?;
            index.message_index_offsets.insert(channel_id, offset);
        }
        index.message_index_length = self.out.offset().saturating_sub(indexes_start);
        self.summary.chunk_indexes.push(index);
        self.chunk.records.clear();
        self.chunk.times = None;
        Ok(())
    }

    /// Writes what is pending, the summary and the footer, and gives back what was written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.flush_chunk()?;
        let data_section_crc = if self.options.crcs { self.out.crc() } else { 0 };
        self.out
            .record(&Record::DataEnd(DataEnd { data_section_crc }))?;
        self.out.restart_crc();
        let summary_start = self.out.offset();
        let groups = self.write_summary()?;
        let offsets_start = self.out.offset();
        if self.options.summary_offsets {
            for group in &groups {
                self.out.record(&Record::SummaryOffset(*group))?;
            }
        }
        let none_if = |empty: bool, offset: u64| if empty { 0 } else { offset };
        let footer = Footer {
            summary_start: none_if(offsets_start == summary_start, summary_start),
            summary_offset_start: none_if(self.out.offset() == offsets_start, offsets_start),
            summary_crc: 0,
        };
        self.out.footer(footer, self.options.crcs)?;
        self.out.magic()?;
        let mut inner = self.out.into_inner();
        inner.flush()?;
        Ok(inner)
    }

    fn write_summary(&mut self) -> io::Result<Vec<SummaryOffset>> {
        let statistics = self.final_statistics();
        let Self {
            out,
            options,
            summary,
            ..
        } = self;
        let mut records: Vec<Record<'_>> = Vec::new();
        if options.repeat_schemas {
            for (index, schema) in summary.schemas.iter().enumerate() {
                records.push(Record::Schema(schema_record(
                    next_id(index, "schemas")?,
                    schema,
                )));
            }
        }
        if options.repeat_channels {
            records.extend(summary.channels.drain(..).map(Record::Channel));
        }
        if options.statistics {
            records.push(Record::Statistics(statistics));
        }
        if options.chunk_index {
            records.extend(summary.chunk_indexes.drain(..).map(Record::ChunkIndex));
        }
        if options.attachment_index {
            let indexes = summary.attachment_indexes.drain(..);
            records.extend(indexes.map(Record::AttachmentIndex));
        }
        if options.metadata_index {
            let indexes = summary.metadata_indexes.drain(..);
            records.extend(indexes.map(Record::MetadataIndex));
        }
        let mut groups: Vec<SummaryOffset> = Vec::new();
        for record in &records {
            let start = out.record(record)?;
            let length = out.offset().saturating_sub(start);
            match groups.last_mut() {
                Some(last) if last.group_opcode == record.opcode() => {
                    last.group_length = last.group_length.saturating_add(length);
                }
                _ => groups.push(SummaryOffset {
                    group_opcode: record.opcode(),
                    group_start: start,
                    group_length: length,
                }),
            }
        }
        Ok(groups)
    }

    fn final_statistics(&self) -> Statistics {
        let summary = &self.summary;
        let (start, end) = summary.times.unwrap_or_default();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Statistics {
            schema_count: u16::try_from(summary.schemas.len()).unwrap_or(u16::MAX),
            channel_count: count(summary.channels.len()),
            attachment_count: count(summary.attachment_indexes.len()),
            metadata_count: count(summary.metadata_indexes.len()),
            chunk_count: count(summary.chunk_indexes.len()),
            message_start_time: start,
            message_end_time: end,
            ..summary.statistics.clone()
        }
    }
}

/// Puts a record into the open chunk, or into the file when there are no chunks.
fn put<W: Write>(
    out: &mut RecordWriter<W>,
    chunk: &mut OpenChunk,
    use_chunks: bool,
    record: &Record<'_>,
) -> io::Result<()> {
    if use_chunks {
        record.encode(&mut chunk.records)
    } else {
        out.record(record).map(|_| ())
    }
}

fn schema_record(id: u16, schema: &crate::Schema) -> records::Schema<'_> {
    records::Schema {
        id,
        name: Cow::Borrowed(&schema.name),
        encoding: Cow::Borrowed(&schema.encoding),
        data: &schema.data,
    }
}

fn owned_map(map: &BTreeMap<String, String>) -> StringMap<'static> {
    map.iter()
        .map(|(k, v)| (Cow::Owned(k.clone()), Cow::Owned(v.clone())))
        .collect()
}

fn widen(range: Option<(u64, u64)>, time: u64) -> (u64, u64) {
    range.map_or((time, time), |(low, high)| (low.min(time), high.max(time)))
}

fn next_id(index: usize, what: &str) -> io::Result<u16> {
    u16::try_from(index.saturating_add(1)).map_err(|_| {
        invalid(format!(
            "more than 65,535 {what}; hint: split the recording, MCAP ids have 16 bits"
        ))
    })
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
