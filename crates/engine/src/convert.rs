//! `recover` and `convert`: everything readable, written as a clean MCAP.

use crate::EngineError;
use crate::limits::Limits;
use crate::output::{Output, refuse_existing};
use crate::sources::{OpenedRecording, Source};
use fieldassay_formats::mcap::records::StringMap;
use fieldassay_formats::mcap::{MessageHeader, Writer, WriterOptions};
use fieldassay_formats::{Buffers, Channel, Message, Schema, UnitSummary, Visitor, full_account};
use fieldassay_model::Loss;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Name of the metadata record that says where a written file came from.
pub const ORIGIN_METADATA: &str = "fieldassay.origin";

/// What to write, and from what.
#[derive(Clone, Debug)]
pub struct Request {
    /// The damaged or foreign recording; never changed.
    pub input: PathBuf,
    /// The MCAP to write.
    pub output: PathBuf,
    /// Whether an existing output may be replaced.
    pub force: bool,
    /// `recover` or `convert`, for the document and the origin record.
    pub verb: &'static str,
    /// Written limits.
    pub limits: Limits,
}

/// The document of `recover --json` and `convert --json`.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// `fieldassay.recover` or `fieldassay.convert`.
    pub schema: String,
    /// Version of this form.
    pub version: u32,
    /// The input.
    pub input: String,
    /// The file written.
    pub output: String,
    /// Format of the input.
    pub format: &'static str,
    /// SHA-256 of the input.
    pub sha256: String,
    /// Messages written.
    pub message_count: u64,
    /// Channels written.
    pub channel_count: usize,
    /// Attachments written.
    pub attachment_count: usize,
    /// Metadata records written, the origin record not counted.
    pub metadata_count: usize,
    /// Whether everything the input holds was written and nothing is suspect.
    pub complete: bool,
    /// What could not be read.
    pub loss: Loss,
}

/// Reads the input once and writes everything readable, in file order. The output appears under
/// its name only when it is whole. Memory: one unit of the input and one chunk of the output.
pub fn run(request: &Request) -> Result<Outcome, EngineError> {
    if same_file(&request.input, &request.output) {
        return Err(EngineError::SameFile {
            path: request.output.clone(),
        });
    }
    refuse_existing(&request.output, request.force)?;
    let source = Source::read(&request.input)?;
    // Every chunk is read anyway, so definitions are never taken from an index that may lie.
    let opened = source.open(true, &request.limits)?;
    let sha256 = source.digests()?.sha256;
    let output = Output::create(&request.output, request.force)?;
    let write_error = |error| EngineError::io("write", &request.output, error);
    let mut rewrite = Rewrite::new(output, &opened).map_err(write_error)?;
    let units = rewrite.units(&opened).map_err(write_error)?;
    let loss = Loss::from_reasons(full_account(opened.recording(), &units).losses);
    let (attachment_count, metadata_count) = rewrite.extras(&opened).map_err(write_error)?;
    rewrite
        .origin(request.verb, &sha256, &loss)
        .map_err(write_error)?;
    let (message_count, channel_count) = (rewrite.messages, rewrite.channels.len());
    let mut output = rewrite.writer.finish().map_err(write_error)?;
    output.flush().map_err(write_error)?;
    output.finish()?;
    Ok(Outcome {
        schema: format!("fieldassay.{}", request.verb),
        version: 1,
        input: request.input.display().to_string(),
        output: request.output.display().to_string(),
        format: opened.recording().format().name(),
        sha256,
        message_count,
        channel_count,
        attachment_count,
        metadata_count,
        complete: loss.is_none(),
        loss,
    })
}

fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

/// A writer that takes what the visitor is given; the first error stops it.
pub(crate) struct Rewrite<W: Write> {
    writer: Writer<W>,
    definitions: BTreeMap<u32, Channel>,
    channels: BTreeMap<u32, u16>,
    schemas: Vec<(Arc<Schema>, u16)>,
    messages: u64,
    error: Option<std::io::Error>,
}

impl<W: Write> Rewrite<W> {
    fn new(sink: W, opened: &OpenedRecording<'_>) -> std::io::Result<Self> {
        let (profile, library) = opened.recording().origin();
        let profile = match opened {
            OpenedRecording::Mcap(_) => profile,
            OpenedRecording::Rosbag1(_) => "ros1".to_owned(),
            OpenedRecording::Rosbag2(_) | OpenedRecording::Folder(_) => "ros2".to_owned(),
            // No profile of MCAP fits PX4.
            OpenedRecording::Ulog(_) => String::new(),
        };
        let library = if library.is_empty() {
            format!("fieldassay {}", env!("CARGO_PKG_VERSION"))
        } else {
            format!("fieldassay {} (from: {library})", env!("CARGO_PKG_VERSION"))
        };
        let options = WriterOptions {
            profile,
            library,
            ..WriterOptions::default()
        };
        let mut rewrite = Self::onto(Writer::new(sink, options)?);
        for channel in opened.recording().channels() {
            rewrite.define(channel);
        }
        Ok(rewrite)
    }

    /// Onto a writer, with no channel known yet.
    pub(crate) fn onto(writer: Writer<W>) -> Self {
        Self {
            writer,
            definitions: BTreeMap::new(),
            channels: BTreeMap::new(),
            schemas: Vec::new(),
            messages: 0,
            error: None,
        }
    }

    /// Learns what a channel is; it is written with its first message.
    pub(crate) fn define(&mut self, channel: &Channel) {
        self.definitions
            .entry(channel.id)
            .or_insert_with(|| channel.clone());
    }

    /// Channels written.
    #[cfg(feature = "platform")]
    pub(crate) fn channel_count(&self) -> usize {
        self.channels.len()
    }

    /// Says where the file came from.
    #[cfg(feature = "platform")]
    pub(crate) fn note(&mut self, entries: &BTreeMap<String, String>) -> std::io::Result<()> {
        self.writer.metadata(ORIGIN_METADATA, entries)
    }

    /// Ends the file.
    #[cfg(feature = "platform")]
    pub(crate) fn finish(self) -> std::io::Result<W> {
        self.writer.finish()
    }

    fn units(&mut self, opened: &OpenedRecording<'_>) -> std::io::Result<Vec<UnitSummary>> {
        let recording = opened.recording();
        let mut buffers = Buffers::default();
        let mut units = Vec::with_capacity(recording.unit_count());
        for unit in 0..recording.unit_count() {
            units.push(recording.read_unit(unit, &mut buffers, self));
            if let Some(error) = self.error.take() {
                return Err(error);
            }
        }
        // Channels without messages are part of the recording too.
        let unused: Vec<u32> = self
            .definitions
            .keys()
            .filter(|id| !self.channels.contains_key(id))
            .copied()
            .collect();
        for id in unused {
            self.channel_id(id)?;
        }
        Ok(units)
    }

    /// The id of a channel in the output; written on first use.
    ///
    /// Messages of a channel nothing defines are kept on a topic that says so.
    fn channel_id(&mut self, id: u32) -> std::io::Result<u16> {
        if let Some(written) = self.channels.get(&id) {
            return Ok(*written);
        }
        let channel = self
            .definitions
            .get(&id)
            .cloned()
            .unwrap_or_else(|| Channel {
                id,
                topic: format!("/fieldassay/undefined_channel_{id}"),
                schema: None,
                message_encoding: String::new(),
                metadata: BTreeMap::new(),
            });
        let schema = match &channel.schema {
            None => 0,
            Some(schema) => self.schema_id(schema)?,
        };
        let written = self.writer.channel(
            &channel.topic,
            schema,
            &channel.message_encoding,
            &channel.metadata,
        )?;
        self.channels.insert(id, written);
        Ok(written)
    }

    /// The id of a schema in the output; written on first use.
    fn schema_id(&mut self, schema: &Arc<Schema>) -> std::io::Result<u16> {
        if let Some((_, written)) = self.schemas.iter().find(|(known, _)| known == schema) {
            return Ok(*written);
        }
        let written = self.writer.schema(schema)?;
        self.schemas.push((schema.clone(), written));
        Ok(written)
    }

    /// Writes a message, and its channel before its first.
    pub(crate) fn write(&mut self, message: &Message<'_>) -> std::io::Result<()> {
        let channel = self.channel_id(message.channel)?;
        let time = |nanos: i64| u64::try_from(nanos).unwrap_or(0);
        let log_time = time(message.log_time);
        self.writer.message(
            &MessageHeader {
                channel,
                sequence: message.sequence.unwrap_or(0),
                log_time,
                publish_time: message.publish_time.map_or(log_time, time),
            },
            message.data,
        )?;
        self.messages += 1;
        Ok(())
    }

    fn extras(&mut self, opened: &OpenedRecording<'_>) -> std::io::Result<(usize, usize)> {
        let mcap = match opened {
            OpenedRecording::Mcap(mcap) => mcap,
            OpenedRecording::Ulog(ulog) => {
                let metadata = ulog.metadata();
                for (name, entries) in metadata {
                    self.writer.metadata(name, entries)?;
                }
                return Ok((0, metadata.len()));
            }
            _ => return Ok((0, 0)),
        };
        let attachments = mcap.attachments();
        for attachment in &attachments {
            self.writer.attachment(&attachment.record)?;
        }
        let metadata = mcap.metadata();
        for metadata in &metadata {
            let entries = owned(&metadata.record.metadata);
            self.writer.metadata(&metadata.record.name, &entries)?;
        }
        Ok((attachments.len(), metadata.len()))
    }

    fn origin(&mut self, verb: &str, sha256: &str, loss: &Loss) -> std::io::Result<()> {
        let lost = loss
            .messages
            .map_or_else(|| "unknown".to_owned(), |n| n.to_string());
        let entries = BTreeMap::from([
            ("verb".to_owned(), verb.to_owned()),
            ("input_sha256".to_owned(), sha256.to_owned()),
            ("lost_messages".to_owned(), lost),
            ("lost_bytes".to_owned(), loss.bytes.to_string()),
            (
                "suspect_messages".to_owned(),
                loss.suspect_messages.to_string(),
            ),
        ]);
        self.writer.metadata(ORIGIN_METADATA, &entries)
    }
}

/// Entries of a metadata record that live on their own.
pub(crate) fn owned(entries: &StringMap<'_>) -> BTreeMap<String, String> {
    entries
        .iter()
        .map(|(key, value)| (key.to_string(), value.to_string()))
        .collect()
}

impl<W: Write> Visitor for Rewrite<W> {
    fn channel(&mut self, channel: &Channel) {
        self.define(channel);
    }

    fn message(&mut self, message: &Message<'_>) {
        if self.error.is_none()
            && let Err(error) = self.write(message)
        {
            self.error = Some(error);
        }
    }
}
