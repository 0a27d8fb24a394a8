//! Every rule of the MCAP format on the smallest file that breaks it.
#![expect(clippy::unwrap_used, reason = "a test")]

use crate::support::{options, read, written};
use fieldassay_formats::mcap::records::{
    Attachment, AttachmentIndex, Channel, Chunk, ChunkIndex, DataEnd, Footer, Header, Message,
    MessageIndex, MetadataIndex, Schema, Statistics, SummaryOffset,
};
use fieldassay_formats::mcap::{MessageHeader, OpenOptions, RULES, Record, RecordWriter};
use std::collections::{BTreeMap, BTreeSet};

fn header() -> Record<'static> {
    Record::Header(Header {
        profile: "ros2".into(),
        library: "test".into(),
    })
}

fn schema(id: u16) -> Record<'static> {
    Record::Schema(Schema {
        id,
        name: "a/msg/A".into(),
        encoding: "ros2msg".into(),
        data: b"int32 a",
    })
}

fn channel(id: u16, schema_id: u16) -> Record<'static> {
    Record::Channel(Channel {
        id,
        schema_id,
        topic: "/a".into(),
        message_encoding: "cdr".into(),
        metadata: BTreeMap::new(),
    })
}

fn message(channel: u16, log_time: u64) -> Record<'static> {
    let header = MessageHeader {
        channel,
        log_time,
        ..MessageHeader::default()
    };
    Record::Message(Message { header, data: b"x" })
}

fn encoded(records: &[Record<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for record in records {
        record.encode(&mut bytes).unwrap();
    }
    bytes
}

/// A chunk with true times and checksum.
fn chunk(records: &[u8]) -> Chunk<'_> {
    Chunk {
        message_start_time: 10,
        message_end_time: 20,
        uncompressed_size: records.len() as u64,
        uncompressed_crc: crc32fast::hash(records),
        compression: "".into(),
        records,
    }
}

fn usual() -> Vec<u8> {
    encoded(&[schema(1), channel(1, 1), message(1, 10), message(1, 20)])
}

/// The file with these records in its data and summary sections.
fn file(data: &[Record<'_>], summary: &[Record<'_>]) -> Vec<u8> {
    let mut out = RecordWriter::new(Vec::new());
    out.magic().unwrap();
    for record in data {
        out.record(record).unwrap();
    }
    let data_section_crc = out.crc();
    out.record(&Record::DataEnd(DataEnd { data_section_crc }))
        .unwrap();
    out.restart_crc();
    let start = out.offset();
    for record in summary {
        out.record(record).unwrap();
    }
    let footer = Footer {
        summary_start: if summary.is_empty() { 0 } else { start },
        ..Footer::default()
    };
    out.footer(footer, true).unwrap();
    out.magic().unwrap();
    out.into_inner()
}

fn codes(bytes: &[u8]) -> BTreeSet<String> {
    let account = read(bytes, OpenOptions::default()).account;
    let notes = account.notes.iter().map(|note| note.code.to_owned());
    let codes: BTreeSet<String> = notes
        .chain(account.losses.into_iter().map(|loss| loss.code))
        .collect();
    for code in &codes {
        assert!(
            RULES.iter().any(|rule| rule.code == code),
            "{code} is in the table"
        );
    }
    codes
}

#[track_caller]
fn check(bytes: &[u8], expected: &[&str]) {
    let expected: BTreeSet<String> = expected.iter().map(|code| (*code).to_owned()).collect();
    assert_eq!(codes(bytes), expected);
}

#[track_caller]
fn check_data(data: &[Record<'_>], expected: &[&str]) {
    check(&file(data, &[]), expected);
}

#[test]
fn the_table_names_each_code_once() {
    let codes: BTreeSet<&str> = RULES.iter().map(|rule| rule.code).collect();
    assert_eq!(codes.len(), RULES.len());
    assert!(
        codes
            .iter()
            .all(|code| code.starts_with("structure.") || code.starts_with("loss."))
    );
}

#[test]
fn headers() {
    let data = [schema(1), channel(1, 1), message(1, 10)];
    let with = |header: Record<'static>| {
        let mut all = vec![header];
        all.extend(data.iter().cloned());
        all
    };
    check_data(&with(header()), &[]);
    check_data(&data, &["structure.no_header"]);
    let odd = Record::Header(Header {
        profile: "ros3".into(),
        library: "".into(),
    });
    check_data(
        &with(odd),
        &["structure.header_library", "structure.header_profile"],
    );
    let mut twice = with(header());
    twice.push(header());
    check_data(&twice, &["structure.misplaced_record"]);
    let mut bytes = file(&with(header()), &[]);
    bytes[2] = 0;
    check(
        &bytes,
        &["structure.magic", "structure.data_crc", "loss.data_crc"],
    );
}

#[test]
fn schemas() {
    let named = |id, encoding: &'static str, data: &'static [u8]| {
        Record::Schema(Schema {
            id,
            name: "n".into(),
            encoding: encoding.into(),
            data,
        })
    };
    check_data(
        &[header(), named(0, "e", b"d")],
        &["structure.schema_id_zero"],
    );
    check_data(
        &[header(), named(1, "", b"d")],
        &["structure.schema_encoding_empty"],
    );
    check_data(&[header(), named(1, "", b"")], &["structure.schema_empty"]);
    check_data(
        &[header(), schema(1), schema(1)],
        &["structure.duplicate_schema"],
    );
    let conflict = ["structure.duplicate_schema", "structure.schema_conflict"];
    check_data(&[header(), schema(1), named(1, "e", b"d")], &conflict);
    check_data(&[header(), channel(1, 7)], &["structure.unknown_schema"]);
}

#[test]
fn channels() {
    check_data(
        &[header(), channel(1, 0), channel(1, 0)],
        &["structure.duplicate_channel"],
    );
    let conflict = ["structure.duplicate_channel", "structure.channel_conflict"];
    check_data(
        &[header(), schema(1), channel(1, 0), channel(1, 1)],
        &conflict,
    );
    check_data(&[header(), message(3, 1)], &["structure.undefined_channel"]);
    check_data(
        &[header(), message(3, 1), channel(3, 0)],
        &["structure.undefined_channel"],
    );
    check_data(
        &[header(), channel(1, 0), message(1, 9), message(1, 8)],
        &["structure.message_order"],
    );
    check_data(
        &[header(), channel(1, 0), message(1, u64::MAX)],
        &["structure.time_range"],
    );
}

#[test]
fn records_out_of_place() {
    let unknown = Record::Unknown {
        opcode: 0x20,
        data: b"?",
    };
    let private = Record::Unknown {
        opcode: 0x90,
        data: b"?",
    };
    check_data(&[header(), private, channel(1, 0)], &[]);
    check_data(
        &[header(), unknown.clone(), channel(1, 0)],
        &["structure.unknown_opcode"],
    );
    let index = Record::MessageIndex(MessageIndex {
        channel_id: 1,
        records: vec![(1, 0)],
    });
    check_data(
        &[header(), channel(1, 0), index],
        &["structure.message_index_misplaced"],
    );
    let inside = encoded(&[
        schema(1),
        channel(1, 1),
        header(),
        unknown,
        message(1, 10),
        message(1, 20),
    ]);
    let expected = [
        "structure.illegal_record_in_chunk",
        "structure.unknown_opcode",
        "structure.index_missing",
    ];
    check_data(&[header(), Record::Chunk(chunk(&inside))], &expected);
    let mut late = file(&[header(), channel(1, 0), message(1, 10)], &[]);
    late.truncate(late.len() - 8 - 29);
    late.extend(encoded(&[message(1, 11)]));
    Record::DataEnd(DataEnd::default())
        .encode(&mut late)
        .unwrap();
    Record::Footer(Footer::default()).encode(&mut late).unwrap();
    late.extend(fieldassay_formats::mcap::MAGIC);
    check(&late, &["structure.misplaced_record"]);
}

#[test]
fn chunks() {
    let records = usual();
    let of = |chunk: Chunk<'_>| file(&[header(), Record::Chunk(chunk)], &[]);
    let missing = "structure.index_missing";
    check(&of(chunk(&records)), &[missing]);
    check(
        &of(Chunk {
            message_end_time: 21,
            ..chunk(&records)
        }),
        &[missing, "structure.chunk_times"],
    );
    check(
        &of(Chunk {
            uncompressed_size: 7,
            ..chunk(&records)
        }),
        &[missing, "structure.chunk_size"],
    );
    let crc = Chunk {
        uncompressed_crc: 7,
        ..chunk(&records)
    };
    check(
        &of(crc),
        &[missing, "structure.chunk_crc", "loss.chunk_crc"],
    );
    let unknown = Chunk {
        compression: "brotli".into(),
        ..chunk(&records)
    };
    check(&of(unknown), &[missing, "loss.unknown_compression"]);
    let zstd = Chunk {
        compression: "zstd".into(),
        ..chunk(&records)
    };
    check(&of(zstd), &[missing, "loss.decompress"]);
    let cut = &records[..records.len() - 1];
    check(&of(Chunk { ..chunk(cut) }), &[missing, "loss.record"]);
}

/// A file of one chunk with its index, changed by `change`.
fn indexed(change: impl Fn(&mut ChunkIndex<'_>)) -> Vec<u8> {
    let records = usual();
    let start = 8 + encoded(&[header()]).len() as u64;
    let mut index = ChunkIndex {
        message_start_time: 10,
        message_end_time: 20,
        chunk_start_offset: start,
        chunk_length: encoded(&[Record::Chunk(chunk(&records))]).len() as u64,
        compressed_size: records.len() as u64,
        uncompressed_size: records.len() as u64,
        ..ChunkIndex::default()
    };
    change(&mut index);
    let summary = [schema(1), channel(1, 1), Record::ChunkIndex(index)];
    file(&[header(), Record::Chunk(chunk(&records))], &summary)
}

#[test]
fn chunk_indexes() {
    check(&indexed(|_| {}), &[]);
    let mismatch = ["structure.chunk_index_mismatch"];
    check(&indexed(|index| index.chunk_length += 1), &mismatch);
    check(&indexed(|index| index.message_end_time += 1), &mismatch);
    check(
        &indexed(|index| index.compression = "lz4".into()),
        &mismatch,
    );
    check(&indexed(|index| index.uncompressed_size += 1), &mismatch);
    check(
        &indexed(|index| index.message_index_offsets.extend([(1, 9)])),
        &mismatch,
    );
    let offset = [
        "structure.chunk_index_offset",
        "structure.chunk_not_indexed",
    ];
    check(&indexed(|index| index.chunk_start_offset += 1), &offset);
    let records = usual();
    let data = [header(), Record::Chunk(chunk(&records))];
    let start = 8 + encoded(&[header()]).len() as u64;
    let index = Record::ChunkIndex(ChunkIndex {
        message_start_time: 10,
        message_end_time: 20,
        chunk_start_offset: start,
        chunk_length: encoded(&data[1..]).len() as u64,
        compressed_size: records.len() as u64,
        uncompressed_size: records.len() as u64,
        ..ChunkIndex::default()
    });
    let repeated = [schema(1), channel(1, 1), index.clone(), index.clone()];
    check(
        &file(&data, &repeated),
        &["structure.chunk_index_duplicate"],
    );
    check(&file(&data, &[index]), &["structure.index_not_repeated"]);
}

#[test]
fn message_indexes() {
    let records = usual();
    let offset = encoded(&[schema(1), channel(1, 1)]).len() as u64;
    let second = offset + encoded(&[message(1, 10)]).len() as u64;
    let of = |entries: &[(u64, u64)]| {
        let index = MessageIndex {
            channel_id: 1,
            records: entries.to_vec(),
        };
        file(
            &[
                header(),
                Record::Chunk(chunk(&records)),
                Record::MessageIndex(index),
            ],
            &[],
        )
    };
    let missing = "structure.index_missing";
    check(&of(&[(10, offset), (20, second)]), &[missing]);
    check(
        &of(&[(10, offset), (21, second)]),
        &[missing, "structure.message_index"],
    );
    check(&of(&[(10, offset)]), &[missing, "structure.message_index"]);
    check(
        &of(&[(10, offset), (10, offset)]),
        &[missing, "structure.message_index"],
    );
    check(
        &of(&[(10, offset), (20, u64::MAX)]),
        &[missing, "structure.message_index"],
    );
}

#[test]
fn statistics() {
    let data = [
        header(),
        schema(1),
        channel(1, 1),
        message(1, 10),
        message(1, 20),
    ];
    let right = Statistics {
        message_count: 2,
        schema_count: 1,
        channel_count: 1,
        message_start_time: 10,
        message_end_time: 20,
        channel_message_counts: BTreeMap::from([(1, 2)]),
        ..Statistics::default()
    };
    let of = |statistics: &Statistics| file(&data, &[Record::Statistics(statistics.clone())]);
    check(&of(&right), &[]);
    let mismatch = ["structure.statistics_mismatch"];
    check(
        &of(&Statistics {
            message_count: 3,
            ..right.clone()
        }),
        &mismatch,
    );
    check(
        &of(&Statistics {
            channel_count: 3,
            ..right.clone()
        }),
        &mismatch,
    );
    check(
        &of(&Statistics {
            attachment_count: 1,
            ..right.clone()
        }),
        &mismatch,
    );
    check(
        &of(&Statistics {
            message_end_time: 21,
            ..right.clone()
        }),
        &mismatch,
    );
    let wrong = Statistics {
        channel_message_counts: BTreeMap::from([(1, 1), (2, 1)]),
        ..right.clone()
    };
    check(&of(&wrong), &["structure.statistics_channel_counts"]);
    let twice = [Record::Statistics(right.clone()), Record::Statistics(right)];
    check(&file(&data, &twice), &["structure.statistics_duplicate"]);
}

#[test]
fn other_indexes() {
    let attachment = |crc| {
        Record::Attachment(Attachment {
            log_time: 1,
            name: "n".into(),
            data: b"d",
            crc,
            ..Attachment::default()
        })
    };
    let offset = 8 + encoded(&[header()]).len() as u64;
    let length = encoded(&[attachment(0)]).len() as u64;
    let index = |offset, log_time| {
        let name = "n".into();
        Record::AttachmentIndex(AttachmentIndex {
            offset,
            length,
            log_time,
            data_size: 1,
            name,
            ..AttachmentIndex::default()
        })
    };
    let of = |index| file(&[header(), attachment(0)], &[index]);
    check(&of(index(offset, 1)), &[]);
    check(&of(index(offset, 2)), &["structure.attachment_index"]);
    check(&of(index(offset + 1, 1)), &["structure.attachment_index"]);
    let crc = file(&[header(), attachment(7)], &[]);
    check(&crc, &["structure.attachment_crc", "loss.attachment_crc"]);
    let metadata = Record::MetadataIndex(MetadataIndex {
        offset,
        length: 1,
        name: "m".into(),
    });
    check(
        &file(&[header()], &[metadata]),
        &["structure.metadata_index"],
    );
    let group = SummaryOffset {
        group_opcode: 3,
        group_start: 1,
        group_length: 2,
    };
    let offsets = file(&[header()], &[schema(1), Record::SummaryOffset(group)]);
    check(
        &offsets,
        &["structure.summary_offset", "structure.footer_offsets"],
    );
}

#[test]
fn ends() {
    let whole = file(&[header(), schema(1), channel(1, 1), message(1, 10)], &[]);
    check(
        &whole[..whole.len() - 3],
        &["structure.end_magic", "loss.truncated"],
    );
    let no_footer = ["structure.no_footer", "loss.truncated"];
    check(&whole[..whole.len() - 8 - 29], &no_footer);
    let no_end = [
        "structure.no_data_end",
        "structure.no_footer",
        "loss.truncated",
    ];
    check(&whole[..whole.len() - 8 - 29 - 13], &no_end);
    let mut trailing = whole.clone();
    trailing.extend(b"more");
    check(&trailing, &["loss.framing"]);
    let mut crc = whole;
    let payload = crc.len() - 8 - 29 - 13 - 1;
    crc[payload] ^= 1;
    check(&crc, &["structure.data_crc", "loss.data_crc"]);
}

#[test]
fn a_summary_that_was_changed() {
    let options = options(fieldassay_formats::mcap::Compression::None, true);
    let mut bytes = written(options, 50, 1);
    let end = bytes.len();
    bytes[end - 8 - 4] ^= 1;
    check(&bytes, &["structure.summary_crc"]);
}
