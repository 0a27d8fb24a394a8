//! Laws of the MCAP reader and writer: what is written is read; how a stream is cut does not matter;
//! no bytes make them fail.
#![expect(clippy::unwrap_used, reason = "a test")]

use crate::support::{Row, read, written};
use fieldassay_formats::mcap::{
    Compression, MAGIC, McapRecording, MessageHeader, OpenOptions, Record, StreamReader, Writer,
    WriterOptions,
};
use fieldassay_formats::{Limits, Recording as _, Schema};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn any_options() -> impl Strategy<Value = WriterOptions> {
    let compression = prop_oneof![
        Just(Compression::None),
        Just(Compression::Zstd),
        Just(Compression::Lz4)
    ];
    let flags = proptest::array::uniform8(any::<bool>());
    (compression, 1..5000_usize, flags).prop_map(|(compression, chunk_bytes, flags)| {
        WriterOptions {
            compression,
            chunk_bytes,
            use_chunks: flags[0],
            message_index: flags[1],
            chunk_index: flags[2],
            repeat_schemas: flags[3],
            repeat_channels: flags[3],
            statistics: flags[4],
            summary_offsets: flags[5],
            crcs: flags[6],
            attachment_index: flags[7],
            ..WriterOptions::default()
        }
    })
}

fn any_rows() -> impl Strategy<Value = Vec<Row>> {
    let time = 0..=i64::MAX.unsigned_abs();
    let data = proptest::collection::vec(any::<u8>(), 0..200);
    proptest::collection::vec((1..=3_u16, any::<u32>(), time.clone(), time, data), 0..80)
}

fn write(options: WriterOptions, rows: &[Row]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), options).unwrap();
    let schema = Schema {
        name: "a/msg/A".to_owned(),
        encoding: "ros2msg".to_owned(),
        data: b"int32 a".to_vec(),
    };
    let schema = writer.schema(&schema).unwrap();
    for topic in ["/a", "/b", "/c"] {
        writer
            .channel(topic, schema, "cdr", &BTreeMap::new())
            .unwrap();
    }
    for (channel, sequence, log_time, publish_time, data) in rows {
        let header = MessageHeader {
            channel: *channel,
            sequence: *sequence,
            log_time: *log_time,
            publish_time: *publish_time,
        };
        writer.message(&header, data).unwrap();
    }
    writer.finish().unwrap()
}

/// Everything a stream gives, as text, and what it says about it.
fn streamed(bytes: &[u8], pieces: &[usize]) -> (Vec<String>, String) {
    let mut reader = StreamReader::new(Limits::default());
    let mut found = Vec::new();
    let mut rest = bytes;
    let mut pieces = pieces.iter().cycle();
    while !reader.is_done() {
        loop {
            match reader.next_record() {
                Ok(Some(record)) => found.push(format!("{record:?}")),
                Ok(None) => break,
                Err(error) => return (found, error.to_string()),
            }
        }
        if rest.is_empty() {
            reader.finish();
        } else {
            let (piece, after) = rest.split_at(rest.len().min(*pieces.next().unwrap()));
            reader.feed(piece);
            rest = after;
        }
    }
    (found, format!("{:?}", reader.account()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(options in any_options(), rows in any_rows()) {
        let bytes = write(options, &rows);
        for scan_definitions in [false, true] {
            let reading = read(&bytes, OpenOptions { scan_definitions, ..OpenOptions::default() });
            prop_assert_eq!(&reading.rows, &rows);
            prop_assert_eq!(&reading.account.losses, &[]);
            let topics: Vec<_> = reading.channels.iter().map(|c| c.topic.as_str()).collect();
            prop_assert_eq!(topics, ["/a", "/b", "/c"]);
            let unusual = ["structure.message_order", "structure.index_missing", "structure.index_not_repeated"];
            for note in &reading.account.notes {
                prop_assert!(unusual.contains(&note.code), "{:?}", note);
            }
        }
    }

    #[test]
    fn the_same_calls_write_the_same_bytes(options in any_options(), rows in any_rows()) {
        prop_assert_eq!(write(options.clone(), &rows), write(options, &rows));
    }

    #[test]
    fn a_stream_does_not_depend_on_its_pieces(
        options in any_options(),
        rows in any_rows(),
        pieces in proptest::collection::vec(1..400_usize, 1..20),
        damage in proptest::option::of((any::<prop::sample::Index>(), any::<u8>())),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = write(options, &rows);
        if let Some((at, value)) = damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let (whole, whole_account) = streamed(&bytes, &[bytes.len().max(1)]);
        let (pieced, account) = streamed(&bytes, &pieces);
        prop_assert_eq!(whole, pieced);
        prop_assert_eq!(whole_account, account);
    }

    #[test]
    fn a_cut_stream_gives_what_the_cut_file_gives(
        options in any_options(),
        rows in any_rows(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = write(options, &rows);
        bytes.truncate(cut.index(bytes.len()).max(8));
        let mut reader = StreamReader::new(Limits::default());
        reader.feed(&bytes);
        reader.finish();
        let mut found = Vec::new();
        while let Some(record) = reader.next_record().unwrap() {
            if let Record::Message(m) = record.record {
                let h = m.header;
                found.push((h.channel, h.sequence, h.log_time, h.publish_time, m.data.to_vec()));
            }
        }
        prop_assert_eq!(found, read(&bytes, OpenOptions::default()).rows);
    }

    #[test]
    fn no_bytes_make_it_fail(noise in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(&noise);
        let reading = read(&bytes, OpenOptions::default());
        prop_assert!(!reading.account.losses.is_empty());
        streamed(&bytes, &[17]);
        streamed(&noise, &[17]);
        let _ = McapRecording::open(&noise, OpenOptions::default());
    }

    #[test]
    fn no_lengths_make_it_fail(records in proptest::collection::vec((1..=20_u8, prop_oneof![0..60_u64, any::<u64>()], proptest::collection::vec(0..4_u8, 0..80)), 0..20)) {
        let mut bytes = MAGIC.to_vec();
        for (opcode, length, body) in &records {
            bytes.push(*opcode);
            bytes.extend(length.to_le_bytes());
            bytes.extend(body);
        }
        let limits = Limits { unit_bytes: 1 << 20, ..Limits::default() };
        let account = read(&bytes, OpenOptions { limits, scan_definitions: true }).account;
        prop_assert!(!account.losses.is_empty() || !account.notes.is_empty());
        streamed(&bytes, &[13]);
    }
}

/// A claim of any size allocates no more than the limit, and the bytes beyond the limit are lost.
#[test]
fn sizes_are_limited() {
    let options = WriterOptions {
        chunk_bytes: 1 << 20,
        ..WriterOptions::default()
    };
    for compression in [Compression::Zstd, Compression::Lz4] {
        let bytes = written(
            WriterOptions {
                compression,
                ..options.clone()
            },
            5000,
            3,
        );
        let limits = Limits {
            unit_bytes: 10_000,
            ..Limits::default()
        };
        let reading = read(
            &bytes,
            OpenOptions {
                limits,
                ..OpenOptions::default()
            },
        );
        assert!(!reading.rows.is_empty());
        let codes: Vec<_> = reading
            .account
            .losses
            .iter()
            .map(|loss| loss.code.as_str())
            .collect();
        assert!(
            codes.iter().all(|code| *code == "loss.too_large"),
            "{codes:?}"
        );
        let lost: Option<u64> = reading
            .account
            .losses
            .iter()
            .map(|loss| loss.messages)
            .sum();
        assert_eq!(lost, Some(5000 - reading.rows.len() as u64));
    }
}

#[test]
fn every_unit_is_read_from_its_own_bytes() {
    let mut all = crate::support::recordings();
    // One that ends within a chunk.
    let cut = all.iter().find(|(name, _)| name == "zstd").unwrap();
    let cut = cut.1[..cut.1.len() / 2].to_vec();
    all.push(("cut".to_owned(), cut));
    for (name, bytes) in &all {
        let recording = McapRecording::open(bytes, OpenOptions::default()).unwrap();
        let mut buffers = fieldassay_formats::Buffers::default();
        let mut messages = 0;
        for unit in 0..recording.unit_count() {
            let mut whole = crate::support::Collect::default();
            let mut part = crate::support::Collect::default();
            recording.read_unit(unit, &mut buffers, &mut whole);
            let place = recording.unit_part(unit).unwrap();
            let start = usize::try_from(place.offset).unwrap();
            let end = start + usize::try_from(place.length).unwrap();
            assert!(fieldassay_formats::read_part(
                fieldassay_formats::Format::Mcap,
                &bytes[start..end],
                fieldassay_formats::Limits::default(),
                &mut buffers,
                &mut part,
            ));
            assert_eq!(part.rows, whole.rows, "{name}, unit {unit}");
            messages += part.rows.len();
        }
        assert!(messages > 0, "{name}");
    }
}
