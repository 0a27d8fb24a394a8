//! The official conformance files: read record for record, written byte for byte.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

use crate::support::{Collect, read_units};
use fieldassay_formats::mcap::records::{
    self, Attachment, AttachmentIndex, Chunk, ChunkIndex, DataEnd, Footer, Header, MessageIndex,
    Metadata, MetadataIndex, Statistics, SummaryOffset,
};
use fieldassay_formats::mcap::{
    Compression, McapRecording, MessageHeader, OpenOptions, Record, RecordWriter, StreamReader,
    Writer, WriterOptions,
};
use fieldassay_formats::{Limits, Recording, Schema};
use fieldassay_testkit::shared_data;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Bytes the `pad` variants add to records.
const PADDING: [u8; 3] = [0x01, 0xFF, 0xFF];

struct Case {
    name: String,
    features: Vec<String>,
    /// Type and fields of every record, chunks opened.
    records: Vec<(String, Map<String, Value>)>,
    bytes: Vec<u8>,
}

impl Case {
    fn has(&self, feature: &str) -> bool {
        self.features.iter().any(|f| f == feature)
    }
}

fn files(folder: PathBuf, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(path, found);
        } else if path.extension().is_some_and(|e| e == "json") {
            found.push(path);
        }
    }
}

fn cases() -> Vec<Case> {
    let Some(folder) = shared_data("mcap_conformance_dev/conformance/data") else {
        return Vec::new();
    };
    let mut paths = Vec::new();
    files(folder, &mut paths);
    paths.sort();
    assert_eq!(paths.len(), 174, "all pairs are there");
    paths.iter().map(case).collect()
}

fn case(path: &PathBuf) -> Case {
    let document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let record = |record: &Value| {
        let fields = record["fields"].as_array().unwrap().iter();
        let fields = fields.map(|f| (f[0].as_str().unwrap().to_owned(), f[1].clone()));
        (
            record["type"].as_str().unwrap().to_owned(),
            fields.collect(),
        )
    };
    let features = document["meta"]["variant"]["features"].as_array().unwrap();
    Case {
        name: path.file_stem().unwrap().to_string_lossy().into_owned(),
        features: features
            .iter()
            .map(|f| f.as_str().unwrap().to_owned())
            .collect(),
        records: document["records"]
            .as_array()
            .unwrap()
            .iter()
            .map(record)
            .collect(),
        bytes: std::fs::read(path.with_extension("mcap")).unwrap(),
    }
}

fn text(n: &impl ToString) -> Value {
    Value::String(n.to_string())
}

fn byte_list(bytes: &[u8]) -> Value {
    bytes.iter().map(text).collect()
}

fn map_of<K: ToString, V: ToString>(map: &BTreeMap<K, V>) -> Value {
    let entries = map.iter().map(|(k, v)| (k.to_string(), text(v)));
    Value::Object(entries.collect())
}

/// The record in the form of the conformance files.
fn described(record: &Record<'_>) -> (String, Map<String, Value>) {
    let fields = match record {
        Record::Header(r) => json!({"library": r.library, "profile": r.profile}),
        Record::Footer(r) => {
            json!({"summary_crc": text(&r.summary_crc), "summary_offset_start": text(&r.summary_offset_start), "summary_start": text(&r.summary_start)})
        }
        Record::Schema(r) => {
            json!({"data": byte_list(r.data), "encoding": r.encoding, "id": text(&r.id), "name": r.name})
        }
        Record::Channel(r) => {
            json!({"id": text(&r.id), "message_encoding": r.message_encoding, "metadata": map_of(&r.metadata), "schema_id": text(&r.schema_id), "topic": r.topic})
        }
        Record::Message(r) => {
            json!({"channel_id": text(&r.header.channel), "data": byte_list(r.data), "log_time": text(&r.header.log_time), "publish_time": text(&r.header.publish_time), "sequence": text(&r.header.sequence)})
        }
        Record::ChunkIndex(r) => {
            json!({"chunk_length": text(&r.chunk_length), "chunk_start_offset": text(&r.chunk_start_offset), "compressed_size": text(&r.compressed_size), "compression": r.compression, "message_end_time": text(&r.message_end_time), "message_index_length": text(&r.message_index_length), "message_index_offsets": map_of(&r.message_index_offsets), "message_start_time": text(&r.message_start_time), "uncompressed_size": text(&r.uncompressed_size)})
        }
        Record::Attachment(r) => {
            json!({"create_time": text(&r.create_time), "data": byte_list(r.data), "log_time": text(&r.log_time), "media_type": r.media_type, "name": r.name})
        }
        Record::AttachmentIndex(r) => {
            json!({"create_time": text(&r.create_time), "data_size": text(&r.data_size), "length": text(&r.length), "log_time": text(&r.log_time), "media_type": r.media_type, "name": r.name, "offset": text(&r.offset)})
        }
        Record::Statistics(r) => {
            json!({"attachment_count": text(&r.attachment_count), "channel_count": text(&r.channel_count), "channel_message_counts": map_of(&r.channel_message_counts), "chunk_count": text(&r.chunk_count), "message_count": text(&r.message_count), "message_end_time": text(&r.message_end_time), "message_start_time": text(&r.message_start_time), "metadata_count": text(&r.metadata_count), "schema_count": text(&r.schema_count)})
        }
        Record::Metadata(r) => json!({"metadata": map_of(&r.metadata), "name": r.name}),
        Record::MetadataIndex(r) => {
            json!({"length": text(&r.length), "name": r.name, "offset": text(&r.offset)})
        }
        Record::SummaryOffset(r) => {
            json!({"group_length": text(&r.group_length), "group_opcode": text(&r.group_opcode), "group_start": text(&r.group_start)})
        }
        Record::DataEnd(r) => json!({"data_section_crc": text(&r.data_section_crc)}),
        Record::Chunk(_) | Record::MessageIndex(_) | Record::Unknown { .. } => json!({}),
    };
    let name = records::opcode_name(record.opcode()).to_owned();
    (name, fields.as_object().unwrap().clone())
}

#[test]
fn streams_are_read_record_for_record() {
    for case in cases() {
        for piece in [1, 2, 7, 64, 1000, case.bytes.len()] {
            let mut reader = StreamReader::new(Limits::default());
            let mut read = Vec::new();
            let mut pieces = case.bytes.chunks(piece);
            while !reader.is_done() {
                while let Some(found) = reader.next_record().unwrap() {
                    if !matches!(found.record, Record::MessageIndex(_)) {
                        read.push(described(&found.record));
                    }
                }
                match pieces.next() {
                    Some(bytes) => reader.feed(bytes),
                    None => reader.finish(),
                }
            }
            assert_eq!(read, case.records, "{} in pieces of {piece}", case.name);
            assert_eq!(reader.account().losses, [], "{}", case.name);
            assert_eq!(reader.account().notes, [], "{}", case.name);
        }
    }
}

#[test]
fn recordings_hold_what_the_records_say() {
    for case in cases() {
        let recording = McapRecording::open(&case.bytes, OpenOptions::default()).unwrap();
        let mut collect = Collect::default();
        let units = read_units(&recording, &mut collect);
        let data: Vec<_> = case
            .records
            .iter()
            .take_while(|r| r.0 != "DataEnd")
            .collect();
        let of = |name: &str| {
            data.iter()
                .filter(|r| r.0 == name)
                .map(|r| r.1.clone())
                .collect::<Vec<_>>()
        };
        let messages: Vec<_> = collect
            .rows
            .iter()
            .map(|row| {
                let header = MessageHeader {
                    channel: row.0,
                    sequence: row.1,
                    log_time: row.2,
                    publish_time: row.3,
                };
                described(&Record::Message(records::Message {
                    header,
                    data: &row.4,
                }))
                .1
            })
            .collect();
        assert_eq!(messages, of("Message"), "{}", case.name);
        let attachments = recording.attachments();
        let attachments: Vec<_> = attachments
            .into_iter()
            .map(|a| described(&Record::Attachment(a.record)).1)
            .collect();
        assert_eq!(attachments, of("Attachment"), "{}", case.name);
        let channels: Vec<_> = of("Channel")
            .iter()
            .map(|c| (c["id"].clone(), c["topic"].clone()))
            .collect();
        let known: Vec<_> = recording
            .channels()
            .iter()
            .map(|c| (text(&c.id), text(&c.topic)))
            .collect();
        assert_eq!(known, channels, "{}", case.name);
        assert_eq!(known.len(), collect.channels.len(), "{}", case.name);
        assert_eq!(
            recording.statistics().is_some(),
            case.has("st"),
            "{}",
            case.name
        );
        let mut account = recording.account(&units);
        for unit in &units {
            account.append(unit.account.clone());
        }
        assert_eq!(account.losses, [], "{}", case.name);
        let mut codes: Vec<_> = account.notes.iter().map(|note| note.code).collect();
        codes.dedup();
        let mut expected = vec!["structure.header_library"];
        if case.has("ch") && case.has("chx") && !(case.has("rch") && case.has("rsh")) {
            expected.push("structure.index_not_repeated");
        }
        if case.has("ch") && !case.has("chx") {
            expected.push("structure.index_missing");
        }
        assert_eq!(codes, expected, "{}", case.name);
    }
}

type Fields = Map<String, Value>;

fn number<T: std::str::FromStr>(fields: &Fields, key: &str) -> T {
    let parsed = fields[key].as_str().unwrap().parse();
    parsed.unwrap_or_else(|_| panic!("`{key}` is a number"))
}

fn string<'f>(fields: &'f Fields, key: &str) -> Cow<'f, str> {
    Cow::Borrowed(fields[key].as_str().unwrap())
}

fn bytes_of(fields: &Fields) -> Vec<u8> {
    let numbers = fields["data"].as_array().unwrap().iter();
    numbers
        .map(|n| n.as_str().unwrap().parse().unwrap())
        .collect()
}

fn pairs(fields: &Fields, key: &str) -> BTreeMap<String, String> {
    let entries = fields[key].as_object().unwrap().iter();
    entries
        .map(|(k, v)| (k.clone(), v.as_str().unwrap().to_owned()))
        .collect()
}

fn numbers<K: std::str::FromStr + Ord>(fields: &Fields, key: &str) -> BTreeMap<K, u64> {
    let parse = |(k, v): (String, String)| Some((k.parse().ok()?, v.parse().ok()?));
    pairs(fields, key).into_iter().filter_map(parse).collect()
}

fn cow_map(map: &BTreeMap<String, String>) -> records::StringMap<'_> {
    map.iter()
        .map(|(k, v)| (k.as_str().into(), v.as_str().into()))
        .collect()
}

/// Calls `with` with the record the fields describe.
fn with_record<R>(kind: &str, f: &Fields, with: impl FnOnce(&Record<'_>) -> R) -> R {
    let data = if f.contains_key("data") {
        bytes_of(f)
    } else {
        Vec::new()
    };
    let map = if f.contains_key("metadata") {
        pairs(f, "metadata")
    } else {
        BTreeMap::new()
    };
    with(&match kind {
        "Header" => Record::Header(Header {
            profile: string(f, "profile"),
            library: string(f, "library"),
        }),
        "Schema" => Record::Schema(records::Schema {
            id: number(f, "id"),
            name: string(f, "name"),
            encoding: string(f, "encoding"),
            data: &data,
        }),
        "Channel" => Record::Channel(records::Channel {
            id: number(f, "id"),
            schema_id: number(f, "schema_id"),
            topic: string(f, "topic"),
            message_encoding: string(f, "message_encoding"),
            metadata: cow_map(&map),
        }),
        "Message" => Record::Message(records::Message {
            header: MessageHeader {
                channel: number(f, "channel_id"),
                sequence: number(f, "sequence"),
                log_time: number(f, "log_time"),
                publish_time: number(f, "publish_time"),
            },
            data: &data,
        }),
        "ChunkIndex" => Record::ChunkIndex(ChunkIndex {
            message_start_time: number(f, "message_start_time"),
            message_end_time: number(f, "message_end_time"),
            chunk_start_offset: number(f, "chunk_start_offset"),
            chunk_length: number(f, "chunk_length"),
            message_index_offsets: numbers(f, "message_index_offsets"),
            message_index_length: number(f, "message_index_length"),
            compression: string(f, "compression"),
            compressed_size: number(f, "compressed_size"),
            uncompressed_size: number(f, "uncompressed_size"),
        }),
        "Attachment" => {
            let attachment = Attachment {
                log_time: number(f, "log_time"),
                create_time: number(f, "create_time"),
                name: string(f, "name"),
                media_type: string(f, "media_type"),
                data: &data,
                crc: 0,
            };
            let mut bytes = Vec::new();
            Record::Attachment(attachment.clone())
                .encode(&mut bytes)
                .unwrap();
            let crc = crc32fast::hash(&bytes[9..bytes.len() - 4]);
            Record::Attachment(Attachment { crc, ..attachment })
        }
        "AttachmentIndex" => Record::AttachmentIndex(AttachmentIndex {
            offset: number(f, "offset"),
            length: number(f, "length"),
            log_time: number(f, "log_time"),
            create_time: number(f, "create_time"),
            data_size: number(f, "data_size"),
            name: string(f, "name"),
            media_type: string(f, "media_type"),
        }),
        "Statistics" => Record::Statistics(Statistics {
            message_count: number(f, "message_count"),
            schema_count: number(f, "schema_count"),
            channel_count: number(f, "channel_count"),
            attachment_count: number(f, "attachment_count"),
            metadata_count: number(f, "metadata_count"),
            chunk_count: number(f, "chunk_count"),
            message_start_time: number(f, "message_start_time"),
            message_end_time: number(f, "message_end_time"),
            channel_message_counts: numbers(f, "channel_message_counts"),
        }),
        "Metadata" => Record::Metadata(Metadata {
            name: string(f, "name"),
            metadata: cow_map(&map),
        }),
        "MetadataIndex" => Record::MetadataIndex(MetadataIndex {
            offset: number(f, "offset"),
            length: number(f, "length"),
            name: string(f, "name"),
        }),
        "SummaryOffset" => Record::SummaryOffset(SummaryOffset {
            group_opcode: number(f, "group_opcode"),
            group_start: number(f, "group_start"),
            group_length: number(f, "group_length"),
        }),
        "DataEnd" => Record::DataEnd(DataEnd {
            data_section_crc: number(f, "data_section_crc"),
        }),
        "Footer" => Record::Footer(Footer {
            summary_start: number(f, "summary_start"),
            summary_offset_start: number(f, "summary_offset_start"),
            summary_crc: number(f, "summary_crc"),
        }),
        kind => panic!("record `{kind}` is known"),
    })
}

/// Writes the file the records describe, record by record.
fn rewritten(case: &Case) -> Vec<u8> {
    let mut out = RecordWriter::new(Vec::new());
    let pad: &[u8] = if case.has("pad") { &PADDING } else { &[] };
    let inside = |kind: &str| matches!(kind, "Schema" | "Channel" | "Message");
    let mut chunk = Vec::new();
    let mut indexes: BTreeMap<u16, Vec<(u64, u64)>> = BTreeMap::new();
    let mut times = (u64::MAX, 0);
    let mut in_data = true;
    out.magic().unwrap();
    for (kind, fields) in &case.records {
        if in_data && case.has("ch") && inside(kind) {
            if kind == "Message" {
                let time: u64 = number(fields, "log_time");
                times = (times.0.min(time), times.1.max(time));
                let entry = (time, chunk.len() as u64);
                indexes
                    .entry(number(fields, "channel_id"))
                    .or_default()
                    .push(entry);
            }
            with_record(kind, fields, |record| record.encode(&mut chunk)).unwrap();
            continue;
        }
        if kind == "DataEnd" {
            if !chunk.is_empty() {
                let record = Chunk {
                    message_start_time: times.0,
                    message_end_time: times.1,
                    uncompressed_size: chunk.len() as u64,
                    uncompressed_crc: crc32fast::hash(&chunk),
                    compression: "".into(),
                    records: &chunk,
                };
                out.record(&Record::Chunk(record)).unwrap();
                if case.has("mx") {
                    for (channel_id, records) in std::mem::take(&mut indexes) {
                        out.record_padded(
                            &Record::MessageIndex(MessageIndex {
                                channel_id,
                                records,
                            }),
                            pad,
                        )
                        .unwrap();
                    }
                }
            }
            assert_eq!(
                out.crc(),
                number::<u32>(fields, "data_section_crc"),
                "{}",
                case.name
            );
            in_data = false;
        }
        if kind == "Footer" {
            with_record(kind, fields, |record| match record {
                Record::Footer(footer) => out.footer(*footer, true),
                _ => Ok(()),
            })
            .unwrap();
            continue;
        }
        let padded = !matches!(kind.as_str(), "Message" | "DataEnd");
        let padding = if padded { pad } else { &[] };
        with_record(kind, fields, |record| out.record_padded(record, padding)).unwrap();
        if kind == "DataEnd" {
            out.restart_crc();
        }
    }
    out.magic().unwrap();
    out.into_inner()
}

#[test]
fn files_are_written_byte_for_byte_record_by_record() {
    for case in cases() {
        assert_eq!(rewritten(&case), case.bytes, "{}", case.name);
    }
}

#[test]
fn files_are_written_byte_for_byte_by_the_writer() {
    let mut written = 0;
    for case in cases().iter().filter(|case| !case.has("pad")) {
        let options = WriterOptions {
            compression: Compression::None,
            use_chunks: case.has("ch"),
            message_index: case.has("mx"),
            chunk_index: case.has("chx"),
            attachment_index: case.has("ax"),
            metadata_index: case.has("mdx"),
            repeat_schemas: case.has("rsh"),
            repeat_channels: case.has("rch"),
            statistics: case.has("st"),
            summary_offsets: case.has("sum"),
            library: String::new(),
            ..WriterOptions::default()
        };
        let mut writer = Writer::new(Vec::new(), options).unwrap();
        for (kind, fields) in case.records.iter().take_while(|r| r.0 != "DataEnd") {
            match kind.as_str() {
                "Schema" => {
                    let schema = Schema {
                        name: string(fields, "name").into_owned(),
                        encoding: string(fields, "encoding").into_owned(),
                        data: bytes_of(fields),
                    };
                    assert_eq!(writer.schema(&schema).unwrap(), number::<u16>(fields, "id"));
                }
                "Channel" => {
                    let (topic, encoding) =
                        (string(fields, "topic"), string(fields, "message_encoding"));
                    let id = writer.channel(
                        &topic,
                        number(fields, "schema_id"),
                        &encoding,
                        &pairs(fields, "metadata"),
                    );
                    assert_eq!(id.unwrap(), number::<u16>(fields, "id"));
                }
                kind => with_record(kind, fields, |record| match record {
                    Record::Message(message) => {
                        writer.message(&message.header, message.data).unwrap();
                    }
                    Record::Attachment(attachment) => writer.attachment(attachment).unwrap(),
                    Record::Metadata(metadata) => writer
                        .metadata(&metadata.name, &pairs(fields, "metadata"))
                        .unwrap(),
                    _ => {}
                }),
            }
        }
        assert_eq!(writer.finish().unwrap(), case.bytes, "{}", case.name);
        written += 1;
    }
    assert!(written == 0 || written > 80, "{written} files");
}
