//! How the records of the MCAP format are encoded.
//!
//! Read [`Record::encode`]. Not here: which records make a file ([`super::Writer`]).

use super::cursor::wide;
use super::records::{
    Attachment, AttachmentIndex, Channel, Chunk, ChunkIndex, MessageHeader, MessageIndex, Record,
    Schema, Statistics, StringMap,
};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

impl Record<'_> {
    /// Appends opcode, length and body.
    ///
    /// # Errors
    /// `InvalidInput` when a field is too long for its 32-bit length; `out` is as before then.
    pub fn encode(&self, out: &mut Vec<u8>) -> io::Result<()> {
        self.encode_padded(&[], out)
    }

    /// Like [`Record::encode`], with bytes after the last field that readers must skip.
    ///
    /// # Errors
    /// As [`Record::encode`].
    pub fn encode_padded(&self, padding: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        let start = out.len();
        framed(out, self.opcode(), |out| {
            self.encode_body(out)?;
            out.extend_from_slice(padding);
            Ok(())
        })
        .inspect_err(|_| out.truncate(start))
    }

    fn encode_body(&self, out: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Header(r) => {
                put_text(out, &r.profile)?;
                put_text(out, &r.library)?;
            }
            Self::Footer(r) => {
                put_u64s(out, &[r.summary_start, r.summary_offset_start]);
                out.extend_from_slice(&r.summary_crc.to_le_bytes());
            }
            Self::Schema(r) => r.encode(out)?,
            Self::Channel(r) => r.encode(out)?,
            Self::Message(r) => {
                r.header.encode(out);
                out.extend_from_slice(r.data);
            }
            Self::Chunk(r) => r.encode(out)?,
            Self::MessageIndex(r) => r.encode(out)?,
            Self::ChunkIndex(r) => r.encode(out)?,
            Self::Attachment(r) => {
                r.encode_before_crc(out)?;
                out.extend_from_slice(&r.crc.to_le_bytes());
            }
            Self::AttachmentIndex(r) => r.encode(out)?,
            Self::Statistics(r) => r.encode(out)?,
            Self::Metadata(r) => {
                put_text(out, &r.name)?;
                put_map(out, &r.metadata)?;
            }
            Self::MetadataIndex(r) => {
                put_u64s(out, &[r.offset, r.length]);
                put_text(out, &r.name)?;
            }
            Self::SummaryOffset(r) => {
                out.push(r.group_opcode);
                put_u64s(out, &[r.group_start, r.group_length]);
            }
            Self::DataEnd(r) => out.extend_from_slice(&r.data_section_crc.to_le_bytes()),
            Self::Unknown { data, .. } => out.extend_from_slice(data),
        }
        Ok(())
    }
}

impl MessageHeader {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.channel.to_le_bytes());
        out.extend_from_slice(&self.sequence.to_le_bytes());
        out.extend_from_slice(&self.log_time.to_le_bytes());
        out.extend_from_slice(&self.publish_time.to_le_bytes());
    }
}

impl Schema<'_> {
    fn encode(&self, out: &mut Vec<u8>) -> io::Result<()> {
        out.extend_from_slice(&self.id.to_le_bytes());
        put_text(out, &self.name)?;
        put_text(out, &self.encoding)?;
        put_bytes_u32(out, self.data)
    }
}

impl Channel<'_> {
    fn encode(&self, out: &mut Vec<u8>) -> io::Result<()> {
        out.extend_from_slice(&self.id.to_le_bytes());
        out.extend_from_slice(&self.schema_id.to_le_bytes());
        put_text(out, &self.topic)?;
        put_text(out, &self.message_encoding)?;
        put_map(out, &self.metadata)
    }
}

impl Chunk<'_> {
    fn encode(&self, out: &mut Vec<u8>) -> io::Result<()> {
        self.encode_head(out)?;
        out.extend_from_slice(self.records);
        Ok(())
    }

    /// Everything in front of the records.
    pub(crate) fn encode_head(&self, out: &mut Vec<u8>) -> io::Result<()> {
        put_u64s(
            out,
            &[
                self.message_start_time,
                self.message_end_time,
                self.uncompressed_size,
            ],
        );
        out.extend_from_slice(&self.uncompressed_crc.to_le_bytes());
        put_text(out, &self.compression)?;
        put_u64s(out, &[wide(self.records.len())]);
        Ok(())
    }
}

impl MessageIndex {
    fn encode(&self, out: &mut Vec<u8>) -> io::Result<()> {
        out.extend_from_slice(&self.channel_id.to_le_bytes());
        put_u32_length(out, self.records.len().saturating_mul(16))?;
        for (time, offset) in &self.records {
            put_u64s(out, &[*time, *offset]);
        }
        Ok(())
    }
}

impl ChunkIndex<'_> {
    fn encode(&self, out: &mut Vec<u8>) -> io::Result<()> {
        put_u64s(
            out,
            &[
                self.message_start_time,
                self.message_end_time,
                self.chunk_start_offset,
                self.chunk_length,
            ],
        );
        put_number_map(out, &self.message_index_offsets)?;
        put_u64s(out, &[self.message_index_length]);
        put_text(out, &self.compression)?;
        put_u64s(out, &[self.compressed_size, self.uncompressed_size]);
        Ok(())
    }
}

impl Attachment<'_> {
    pub(crate) fn encode_before_crc(&self, out: &mut Vec<u8>) -> io::Result<()> {
        put_u64s(out, &[self.log_time, self.create_time]);
        put_text(out, &self.name)?;
        put_text(out, &self.media_type)?;
        put_u64s(out, &[wide(self.data.len())]);
        out.extend_from_slice(self.data);
        Ok(())
    }
}

impl AttachmentIndex<'_> {
    fn encode(&self, out: &mut Vec<u8>) -> io::Result<()> {
        put_u64s(
            out,
            &[
                self.offset,
                self.length,
                self.log_time,
                self.create_time,
                self.data_size,
            ],
        );
        put_text(out, &self.name)?;
        put_text(out, &self.media_type)
    }
}

impl Statistics {
    fn encode(&self, out: &mut Vec<u8>) -> io::Result<()> {
        put_u64s(out, &[self.message_count]);
        out.extend_from_slice(&self.schema_count.to_le_bytes());
        for count in [
            self.channel_count,
            self.attachment_count,
            self.metadata_count,
            self.chunk_count,
        ] {
            out.extend_from_slice(&count.to_le_bytes());
        }
        put_u64s(out, &[self.message_start_time, self.message_end_time]);
        put_number_map(out, &self.channel_message_counts)
    }
}

/// Appends opcode, length and what `body` appends; used where a record would only borrow to be copied.
pub(crate) fn framed(
    out: &mut Vec<u8>,
    opcode: u8,
    body: impl FnOnce(&mut Vec<u8>) -> io::Result<()>,
) -> io::Result<()> {
    out.push(opcode);
    let at = out.len();
    put_u64s(out, &[0]);
    let start = out.len();
    body(out)?;
    let length = wide(out.len().saturating_sub(start));
    if let Some(field) = out.get_mut(at..start) {
        field.copy_from_slice(&length.to_le_bytes());
    }
    Ok(())
}

fn put_u64s(out: &mut Vec<u8>, values: &[u64]) {
    for value in values {
        out.extend_from_slice(&value.to_le_bytes());
    }
}

fn put_u32_length(out: &mut Vec<u8>, length: usize) -> io::Result<()> {
    let length = u32::try_from(length).map_err(|_| {
        let message = format!("a field of `{length}` bytes is too long for its 32-bit length; hint: keep definitions, names and maps below 4 GiB");
        io::Error::new(io::ErrorKind::InvalidInput, message)
    })?;
    out.extend_from_slice(&length.to_le_bytes());
    Ok(())
}

fn put_bytes_u32(out: &mut Vec<u8>, bytes: &[u8]) -> io::Result<()> {
    put_u32_length(out, bytes.len())?;
    out.extend_from_slice(bytes);
    Ok(())
}

fn put_text(out: &mut Vec<u8>, text: &str) -> io::Result<()> {
    put_bytes_u32(out, text.as_bytes())
}

fn put_map(out: &mut Vec<u8>, map: &StringMap<'_>) -> io::Result<()> {
    let entry = |(k, v): (&Cow<'_, str>, &Cow<'_, str>)| {
        8_usize.saturating_add(k.len()).saturating_add(v.len())
    };
    let length = map.iter().map(entry).fold(0, usize::saturating_add);
    put_u32_length(out, length)?;
    for (key, value) in map {
        put_text(out, key)?;
        put_text(out, value)?;
    }
    Ok(())
}

fn put_number_map(out: &mut Vec<u8>, map: &BTreeMap<u16, u64>) -> io::Result<()> {
    put_u32_length(out, map.len().saturating_mul(10))?;
    for (key, value) in map {
        out.extend_from_slice(&key.to_le_bytes());
        put_u64s(out, &[*value]);
    }
    Ok(())
}
