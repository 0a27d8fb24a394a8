//! What the MCAP tests share: visitors, a naive independent walk, and files to read.
#![expect(clippy::unwrap_used, reason = "a test")]

use fieldassay_formats::mcap::{
    Compression, McapRecording, MessageHeader, OpenOptions, Writer, WriterOptions,
};
use fieldassay_formats::{Buffers, Channel, Message, Recording, Schema, UnitSummary, Visitor};
use fieldassay_model::Account;
use fieldassay_testkit::{Lcg, shared_data};
use std::collections::BTreeMap;
use std::io::Read as _;

/// Channel, sequence, log time, publish time, payload.
pub(crate) type Row = (u16, u32, u64, u64, Vec<u8>);

/// Ignores everything.
pub(crate) struct Nothing;

impl Visitor for Nothing {
    fn channel(&mut self, _: &Channel) {}
    fn message(&mut self, _: &Message<'_>) {}
}

/// Keeps everything.
#[derive(Default)]
pub(crate) struct Collect {
    pub(crate) rows: Vec<Row>,
    pub(crate) channels: Vec<Channel>,
}

impl Visitor for Collect {
    fn channel(&mut self, channel: &Channel) {
        self.channels.push(channel.clone());
    }

    fn message(&mut self, message: &Message<'_>) {
        let unsigned = |time: i64| u64::try_from(time).unwrap();
        self.rows.push((
            u16::try_from(message.channel).unwrap(),
            message.sequence.unwrap(),
            unsigned(message.log_time),
            unsigned(message.publish_time.unwrap()),
            message.data.to_vec(),
        ));
    }
}

pub(crate) fn read_units(
    recording: &McapRecording<'_>,
    visitor: &mut dyn Visitor,
) -> Vec<UnitSummary> {
    let mut buffers = Buffers::default();
    (0..recording.unit_count())
        .map(|unit| recording.read_unit(unit, &mut buffers, visitor))
        .collect()
}

/// Everything read from bytes that are an MCAP file.
pub(crate) struct Reading {
    pub(crate) rows: Vec<Row>,
    pub(crate) account: Account,
    pub(crate) units: Vec<UnitSummary>,
    pub(crate) channels: Vec<Channel>,
}

pub(crate) fn read(bytes: &[u8], options: OpenOptions) -> Reading {
    let recording = McapRecording::open(bytes, options).unwrap();
    let mut collect = Collect::default();
    let units = read_units(&recording, &mut collect);
    let mut account = recording.account(&units);
    for unit in &units {
        account.append(unit.account.clone());
    }
    Reading {
        rows: collect.rows,
        account,
        units,
        channels: recording.channels().to_vec(),
    }
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn row(body: &[u8]) -> Row {
    let channel = u16::from_le_bytes(body[..2].try_into().unwrap());
    (
        channel,
        u32_at(body, 2),
        u64_at(body, 6),
        u64_at(body, 14),
        body[22..].to_vec(),
    )
}

/// Opcode and body of every complete record from `position` on, up to the first that is not.
fn complete_records(bytes: &[u8], mut position: usize) -> Vec<(u8, usize, &[u8])> {
    let mut records = Vec::new();
    while position + 9 <= bytes.len() {
        let length = u64_at(bytes, position + 1);
        let Some(body) = usize::try_from(length)
            .ok()
            .and_then(|length| bytes[position + 9..].get(..length))
        else {
            // A record that is cut off; of a chunk the part that is there is wanted.
            records.push((bytes[position] | 0x80, position, &bytes[position + 9..]));
            break;
        };
        records.push((bytes[position], position, body));
        position += 9 + body.len();
    }
    records
}

/// The messages of a file that was cut off, by the plainest means: front to back, chunks
/// decompressed as streams, complete records only.
pub(crate) fn naive_messages(bytes: &[u8]) -> Vec<Row> {
    let mut rows = Vec::new();
    if bytes.len() < 8 {
        return rows;
    }
    for (opcode, _, body) in complete_records(bytes, 8) {
        match opcode {
            0x05 => rows.push(row(body)),
            0x06 | 0x86 if body.len() >= 32 => {
                let name = u32_at(body, 28) as usize;
                let Some(stored) = body.get(32 + name + 8..) else {
                    continue;
                };
                let mut records = Vec::new();
                match &body[32..32 + name] {
                    b"" => records.extend_from_slice(stored),
                    b"zstd" => {
                        let mut decoder = zstd::stream::read::Decoder::new(stored).unwrap();
                        let mut block = vec![0; 64 * 1024];
                        while let Ok(n @ 1..) = decoder.read(&mut block) {
                            records.extend_from_slice(&block[..n]);
                        }
                    }
                    _ => {
                        let mut decoder = lz4_flex::frame::FrameDecoder::new(stored);
                        let mut block = vec![0; 64 * 1024];
                        while let Ok(n @ 1..) = decoder.read(&mut block) {
                            records.extend_from_slice(&block[..n]);
                        }
                    }
                }
                let inner = complete_records(&records, 0);
                rows.extend(inner.iter().filter(|r| r.0 == 0x05).map(|r| row(r.2)));
            }
            0x0F => break,
            _ => {}
        }
    }
    rows
}

/// Every offset at which a record starts or ends, those within uncompressed chunks included.
pub(crate) fn boundaries(bytes: &[u8]) -> Vec<usize> {
    let mut offsets = vec![0, 8, bytes.len()];
    for (opcode, offset, body) in complete_records(bytes, 8) {
        offsets.push(offset);
        if opcode == 0x06 && u32_at(body, 28) == 0 {
            let start = offset + 9 + 40;
            offsets.extend(complete_records(&body[40..], 0).iter().map(|r| start + r.1));
        }
        if opcode == 0x02 {
            break;
        }
    }
    offsets.sort_unstable();
    offsets.dedup();
    offsets
}

/// A file with four channels and the given number of messages of changing size.
pub(crate) fn written(options: WriterOptions, messages: u64, seed: u64) -> Vec<u8> {
    let mut random = Lcg::new(seed);
    let mut writer = Writer::new(Vec::new(), options).unwrap();
    let schema = |name: &str| Schema {
        name: name.to_owned(),
        encoding: "ros2msg".to_owned(),
        data: format!("# {name}\nint32 value").into_bytes(),
    };
    let schemas = [
        writer.schema(&schema("test_msgs/msg/A")).unwrap(),
        writer.schema(&schema("test_msgs/msg/B")).unwrap(),
        0,
    ];
    let metadata = BTreeMap::from([("offered_qos_profiles".to_owned(), "- depth: 1".to_owned())]);
    let channels: Vec<u16> = (0..4_u16)
        .map(|i| {
            let schema = schemas[usize::from(i) % schemas.len()];
            writer
                .channel(&format!("/topic_{i}"), schema, "cdr", &metadata)
                .unwrap()
        })
        .collect();
    writer.metadata("about", &metadata).unwrap();
    for i in 0..messages {
        let data: Vec<u8> = (0..random.below(300))
            .map(|_| u8::try_from(random.below(16)).unwrap())
            .collect();
        let log_time = 1_700_000_000_000_000_000 + i * 1_000_000;
        let header = MessageHeader {
            channel: channels[random.below(4)],
            sequence: u32::try_from(i).unwrap(),
            log_time,
            publish_time: log_time - u64::from(random.next_u32()),
        };
        writer.message(&header, &data).unwrap();
    }
    writer
        .attachment(&fieldassay_formats::mcap::records::Attachment {
            log_time: 1,
            create_time: 2,
            name: "notes.txt".into(),
            media_type: "text/plain".into(),
            data: b"an attachment",
            crc: 0,
        })
        .unwrap();
    writer.finish().unwrap()
}

pub(crate) fn options(compression: Compression, use_chunks: bool) -> WriterOptions {
    WriterOptions {
        compression,
        use_chunks,
        chunk_bytes: 16 * 1024,
        ..WriterOptions::default()
    }
}

/// Recordings to damage: real ones as far as they are there, and some written here.
pub(crate) fn recordings() -> Vec<(String, Vec<u8>)> {
    let real = [
        "evo_nav2_mcap/nav2_turtlebot.mcap",
        "rosbag2/rosbag2_py/test/resources/mcap/talker/talker.mcap",
        "lichtblick_dev/example.mcap",
    ];
    let mut all: Vec<(String, Vec<u8>)> = real
        .iter()
        .filter_map(|name| {
            Some((
                (*name).to_owned(),
                std::fs::read(shared_data(name)?).unwrap(),
            ))
        })
        .collect();
    let bare = WriterOptions {
        message_index: false,
        chunk_index: false,
        attachment_index: false,
        metadata_index: false,
        repeat_schemas: false,
        repeat_channels: false,
        statistics: false,
        summary_offsets: false,
        ..options(Compression::Zstd, true)
    };
    for (name, options) in [
        ("zstd", options(Compression::Zstd, true)),
        ("lz4", options(Compression::Lz4, true)),
        ("uncompressed", options(Compression::None, true)),
        ("unchunked", options(Compression::None, false)),
        ("no summary", bare),
    ] {
        all.push((name.to_owned(), written(options, 600, 7)));
    }
    // Blocks within a chunk: the readable prefix of a damaged one is worth something.
    let large = WriterOptions {
        chunk_bytes: 600 * 1024,
        ..options(Compression::Zstd, true)
    };
    all.push(("large chunks".to_owned(), written(large, 5000, 8)));
    all
}
