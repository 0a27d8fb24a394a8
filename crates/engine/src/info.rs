//! `info`: what a recording holds, without measuring anything.

use crate::limits::Limits;
use crate::sources::{OpenedRecording, Source};
use crate::{EngineError, check, scan};
use fieldassay_formats::{Recording, UnitSummary, full_account};
use fieldassay_model::{Loss, RecordingId};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The document of `info --json`.
#[derive(Clone, Debug, Serialize)]
pub struct InfoDocument {
    /// Always `fieldassay.info`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// Path as given.
    pub path: String,
    /// Id by content.
    pub id: RecordingId,
    /// `mcap`, `rosbag1`, `rosbag2_sqlite3`, `ulog`, `tum`, `euroc`, …
    pub format: &'static str,
    /// Size of the file, or of all files of the folder.
    pub size_bytes: u64,
    /// SHA-256 of the bytes; of a folder, of what `sha256sum` prints for its files sorted by path.
    pub sha256: String,
    /// BLAKE3 of the bytes; of a folder, of what `b3sum` prints for its files sorted by path.
    pub blake3: String,
    /// Profile the writer declared; may be empty.
    pub profile: String,
    /// Library that wrote it; may be empty.
    pub library: String,
    /// Messages read.
    pub message_count: u64,
    /// Smallest log time, nanoseconds.
    pub start_ns: Option<i64>,
    /// Largest log time, nanoseconds.
    pub end_ns: Option<i64>,
    /// Independently readable parts: chunks, or runs of records.
    pub unit_count: usize,
    /// Whether everything was read.
    pub complete: bool,
    /// What could not be read.
    pub loss: Loss,
    /// One entry per channel, by topic.
    pub channels: Vec<InfoChannel>,
    /// Attachments.
    pub attachments: Vec<InfoAttachment>,
    /// Metadata records: name and entries.
    pub metadata: Vec<InfoMetadata>,
}

/// A channel of [`InfoDocument`].
#[derive(Clone, Debug, Serialize)]
pub struct InfoChannel {
    /// Topic.
    pub topic: String,
    /// Id within the recording.
    pub id: u32,
    /// Message type.
    pub schema: String,
    /// Encoding of the definition.
    pub schema_encoding: String,
    /// Encoding of the messages.
    pub encoding: String,
    /// Messages read.
    pub message_count: u64,
}

/// An attachment of [`InfoDocument`].
#[derive(Clone, Debug, Serialize)]
pub struct InfoAttachment {
    /// Name.
    pub name: String,
    /// Media type.
    pub media_type: String,
    /// Size of the content.
    pub size_bytes: u64,
}

/// A metadata record of [`InfoDocument`].
#[derive(Clone, Debug, Serialize)]
pub struct InfoMetadata {
    /// Name.
    pub name: String,
    /// Entries.
    pub entries: BTreeMap<String, String>,
}

/// Reads a recording once and says what it holds.
pub fn run(path: &Path, jobs: usize, limits: &Limits) -> Result<InfoDocument, EngineError> {
    let source = Source::read(path)?;
    let pool = check::thread_pool(jobs)?;
    pool.install(|| {
        let opened = source.open(false, limits)?;
        let (digests, units) = rayon::join(|| source.digests(), || scan::scan(opened.recording()));
        let undefined: u64 = units
            .iter()
            .map(|unit| unit.undefined_channel_messages)
            .sum();
        // An index can be sound by its checksum and still not name every channel.
        let opened = if undefined > 0 {
            source.open(true, limits)?
        } else {
            opened
        };
        Ok(document(&source, &opened, &units, digests?))
    })
}

fn document(
    source: &Source,
    opened: &OpenedRecording<'_>,
    units: &[UnitSummary],
    digests: fieldassay_model::Digests,
) -> InfoDocument {
    let recording = opened.recording();
    let loss = Loss::from_reasons(full_account(recording, units).losses);
    let (profile, library) = recording.origin();
    let ranges = || units.iter().filter_map(|unit| unit.log_time_range);
    let (attachments, metadata) = extras(opened);
    InfoDocument {
        schema: "fieldassay.info",
        version: 1,
        path: source.path().display().to_string(),
        id: RecordingId::from_sha256(&digests.sha256),
        format: recording.format().name(),
        size_bytes: source.size_bytes(),
        sha256: digests.sha256,
        blake3: digests.blake3,
        profile,
        library,
        message_count: units.iter().map(|unit| unit.messages).sum(),
        start_ns: ranges().map(|(start, _)| start).min(),
        end_ns: ranges().map(|(_, end)| end).max(),
        unit_count: units.len(),
        complete: loss.is_none(),
        loss,
        channels: channels(recording, units),
        attachments,
        metadata,
    }
}

fn channels(recording: &dyn Recording, units: &[UnitSummary]) -> Vec<InfoChannel> {
    let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
    for unit in units {
        for (channel, count) in &unit.channel_messages {
            *counts.entry(*channel).or_default() += count;
        }
    }
    let mut channels: Vec<InfoChannel> = recording
        .channels()
        .iter()
        .map(|channel| InfoChannel {
            topic: channel.topic.clone(),
            id: channel.id,
            schema: channel
                .schema
                .as_ref()
                .map(|s| s.name.clone())
                .unwrap_or_default(),
            schema_encoding: channel
                .schema
                .as_ref()
                .map(|s| s.encoding.clone())
                .unwrap_or_default(),
            encoding: channel.message_encoding.clone(),
            message_count: counts.get(&channel.id).copied().unwrap_or(0),
        })
        .collect();
    channels.sort_by(|a, b| (&a.topic, a.id).cmp(&(&b.topic, b.id)));
    channels
}

fn extras(opened: &OpenedRecording<'_>) -> (Vec<InfoAttachment>, Vec<InfoMetadata>) {
    let mcap = match opened {
        OpenedRecording::Mcap(mcap) => mcap,
        OpenedRecording::Ulog(ulog) => {
            let metadata = ulog.metadata().map(|(name, entries)| InfoMetadata {
                name: name.to_owned(),
                entries: entries.clone(),
            });
            return (Vec::new(), metadata.to_vec());
        }
        _ => return (Vec::new(), Vec::new()),
    };
    let attachments = mcap
        .attachments()
        .iter()
        .map(|attachment| InfoAttachment {
            name: attachment.record.name.to_string(),
            media_type: attachment.record.media_type.to_string(),
            size_bytes: attachment.record.data.len() as u64,
        })
        .collect();
    let metadata = mcap
        .metadata()
        .iter()
        .map(|metadata| InfoMetadata {
            name: metadata.record.name.to_string(),
            entries: crate::convert::owned(&metadata.record.metadata),
        })
        .collect();
    (attachments, metadata)
}
