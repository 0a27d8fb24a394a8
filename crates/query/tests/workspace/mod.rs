//! A small made-up workspace: two versions of objects, a recording in parts and one that is read whole.

use fieldassay_formats::mcap::{
    Compression, McapRecording, MessageHeader, OpenOptions, Writer, WriterOptions,
};
use fieldassay_formats::{Buffers, Channel, Message, Recording, Schema, UnitSummary, Visitor};
use fieldassay_model::tables::{Kind, TABLES, Table, table};
use fieldassay_query::arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, ListBuilder, RecordBatch, StringArray,
    new_null_array,
};
use fieldassay_query::arrow::datatypes::{DataType, Field};
use fieldassay_query::recordings::{Recordings, Wanted};
use fieldassay_query::{Options, QueryError, Session, Sources, Spill};
use fieldassay_store::{Blobs, Place, Step, Tables, schema};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// The recording that is kept in parts.
pub(crate) const CHUNKED: &str = "r-00000000000000aa";
/// The recording that is read whole.
pub(crate) const WHOLE: &str = "r-00000000000000bb";
/// Messages of each topic of the first.
pub(crate) const MESSAGES: i64 = 1000;

pub(crate) fn options() -> Options {
    Options {
        threads: 2,
        memory_bytes: 64 << 20,
        batch_rows: 1024,
        spill: Spill::Nowhere,
    }
}

/// Rows of a table from objects of names and values; what is not named is null, or filled where it may not be.
pub(crate) fn rows(table: &Table, objects: &[Value]) -> RecordBatch {
    let schema = schema(table);
    let columns: Vec<ArrayRef> = table
        .columns()
        .zip(schema.fields())
        .map(|(column, field)| array(column.kind, field, column.name, objects))
        .collect();
    RecordBatch::try_new(schema, columns).expect("rows")
}

fn array(kind: Kind, field: &Field, name: &str, objects: &[Value]) -> ArrayRef {
    let given = |value: Option<&Value>| value.cloned().unwrap_or(Value::Null);
    let values: Vec<Value> = objects.iter().map(|row| given(row.get(name))).collect();
    let fill = !field.is_nullable();
    match kind {
        Kind::Text => {
            let texts = values.iter().map(|value| match value.as_str() {
                None if fill => Some("x".to_owned()),
                text => text.map(str::to_owned),
            });
            Arc::new(texts.collect::<StringArray>())
        }
        Kind::Integer => {
            let mut builder = Int64Builder::new();
            for value in &values {
                builder.append_option(value.as_i64().or(fill.then_some(0)));
            }
            Arc::new(builder.finish())
        }
        Kind::Real => {
            let mut builder = Float64Builder::new();
            for value in &values {
                builder.append_option(value.as_f64().or(fill.then_some(0.0)));
            }
            Arc::new(builder.finish())
        }
        Kind::Boolean => {
            let mut builder = BooleanBuilder::new();
            for value in &values {
                builder.append_option(value.as_bool().or(fill.then_some(false)));
            }
            Arc::new(builder.finish())
        }
        Kind::IntegerList => {
            let item = Field::new("element", DataType::Int64, false);
            let mut builder = ListBuilder::new(Int64Builder::new()).with_field(item);
            for value in &values {
                let items = value.as_array().cloned().unwrap_or_default();
                let items: Vec<i64> = items.iter().filter_map(Value::as_i64).collect();
                builder.values().append_slice(&items);
                builder.append(true);
            }
            Arc::new(builder.finish())
        }
        Kind::TextList | Kind::RealList | Kind::ReadingList => {
            assert!(!fill, "`{name}` is not made here");
            new_null_array(field.data_type(), objects.len())
        }
    }
}

/// Puts rows into a table.
pub(crate) async fn put(tables: &Tables, name: &str, number: i64, objects: &[Value]) {
    let table = table(name).expect("a table");
    tables.create(table).await.expect("created");
    let file = tables.write(table, &rows(table, objects)).await;
    let file = file.expect("written").expect("rows");
    let step = Step {
        writer: "test",
        number,
    };
    tables.append(name, step, &[file]).await.expect("added");
}

/// Everything, at a place.
pub(crate) async fn workspace(place: &Place) -> Session {
    let tables = Tables::new(place.clone());
    put(&tables, "objects", 1, &objects("r-0000000000000001", 4)).await;
    put(&tables, "objects", 2, &objects("r-0000000000000002", 6)).await;
    let (bytes, channels, chunks) = recording(place).await;
    let recordings = [
        json!({"recording_id": CHUNKED, "format": "mcap", "size_bytes": bytes.len()}),
        json!({"recording_id": WHOLE, "format": "rosbag2_sqlite3"}),
    ];
    put(&tables, "recordings", 1, &recordings).await;
    put(&tables, "channels", 1, &channels).await;
    put(&tables, "chunks", 1, &chunks).await;
    open(place, options()).await
}

/// A session over what is at a place.
pub(crate) async fn open(place: &Place, options: Options) -> Session {
    let tables = Tables::new(place.clone());
    let mut snapshots = BTreeMap::new();
    for table in TABLES {
        if let Ok(snapshot) = tables.snapshot(table.name, None).await {
            snapshots.insert(table.name.to_owned(), snapshot);
        }
    }
    let sources = Sources {
        place: place.clone(),
        snapshots,
        recordings: Some(Arc::new(Whole)),
    };
    Session::new(sources, &options).expect("a session")
}

fn objects(recording: &str, count: i64) -> Vec<Value> {
    let row = |n: i64| {
        json!({
            "recording_id": recording,
            "source_id": "s",
            "source_row": n,
            "t_ns": 1_700_000_000_000_000_000_i64 + n * 100_000_000,
            "track_id": format!("t{}", n % 2),
            "category": if n % 2 == 0 { "car" } else { "pedestrian" },
            "x_m": 0.1 * n as f64,
            "y_m": 4.0,
            "qw": 1.0, "qx": 0.0, "qy": 0.0, "qz": 0.0,
        })
    };
    (0..count).map(row).collect()
}

const POINT: &str = "builtin_interfaces/Time stamp\ngeometry_msgs/Vector3 rate\nuint8 mode\nfloat32[] extra\n================================================================================\nMSG: builtin_interfaces/Time\nint32 sec\nuint32 nanosec\n================================================================================\nMSG: geometry_msgs/Vector3\nfloat64 x\nfloat64 y\nfloat64 z\n";

/// A message of [`POINT`] in CDR, little endian.
fn payload(n: i64) -> Vec<u8> {
    let mut out = vec![0, 1, 0, 0];
    let sec = i32::try_from(n).expect("small");
    out.extend(sec.to_le_bytes());
    out.extend(5_u32.to_le_bytes());
    for factor in [1.0, 10.0, 100.0] {
        out.extend((factor * n as f64).to_le_bytes());
    }
    out.push(u8::try_from(n % 200).expect("small"));
    out.extend([0; 3]);
    out.extend(2_u32.to_le_bytes());
    out.extend(1.5_f32.to_le_bytes());
    out.extend((n as f32).to_le_bytes());
    out
}

/// Nanoseconds of message `n`.
fn time(n: i64) -> i64 {
    1_700_000_000_000_000_000 + n * 1_000_000
}

fn definition() -> Schema {
    Schema {
        name: "test_msgs/msg/Point".to_owned(),
        encoding: "ros2msg".to_owned(),
        data: POINT.as_bytes().to_vec(),
    }
}

/// Writes a recording as a blob and gives rows of `channels` and `chunks`, as ingest makes them.
async fn recording(place: &Place) -> (Vec<u8>, Vec<Value>, Vec<Value>) {
    let options = WriterOptions {
        compression: Compression::Zstd,
        chunk_bytes: 8 << 10,
        ..WriterOptions::default()
    };
    let mut writer = Writer::new(Vec::new(), options).expect("a writer");
    let schema = writer.schema(&definition()).expect("a schema");
    for topic in ["/imu", "/other"] {
        writer
            .channel(topic, schema, "cdr", &BTreeMap::new())
            .expect("a channel");
    }
    for n in 0..MESSAGES {
        for channel in 1..=2 {
            let data = payload(n * i64::from(channel));
            // One message that cannot be decoded.
            let data = if n == 7 && channel == 1 {
                &data[..9]
            } else {
                &data[..]
            };
            let header = MessageHeader {
                channel,
                sequence: u32::try_from(n).expect("small"),
                log_time: u64::try_from(time(n)).expect("after 1970"),
                publish_time: u64::try_from(time(n) - 10).expect("after 1970"),
            };
            writer.message(&header, data).expect("written");
        }
    }
    let bytes = writer.finish().expect("written");
    let blobs = Blobs::new(place.clone());
    let kept = blobs.keep_bytes(bytes.clone().into()).await.expect("kept");
    let definition = blobs
        .keep_bytes(POINT.as_bytes().into())
        .await
        .expect("kept");
    let (blob, definition) = (kept.digests.sha256, definition.digests.sha256);
    let channel = |recording: &str, number: i64, topic: &str, count: i64| {
        json!({
            "recording_id": recording, "channel": number, "topic": topic,
            "schema_name": "test_msgs/msg/Point", "schema_encoding": "ros2msg",
            "schema_sha256": definition, "message_encoding": "cdr",
            "message_count": count, "size_bytes": 0,
            "start_ns": time(0), "end_ns": time(count - 1),
        })
    };
    let channels = vec![
        channel(CHUNKED, 1, "/imu", MESSAGES),
        channel(CHUNKED, 2, "/other", MESSAGES),
        channel(WHOLE, 3, "/imu", 10),
    ];
    let chunks = chunks(&bytes, &blob);
    (bytes, channels, chunks)
}

fn chunks(bytes: &[u8], blob: &str) -> Vec<Value> {
    let opened = McapRecording::open(bytes, OpenOptions::default()).expect("a recording");
    let mut rows = Vec::new();
    for unit in 0..opened.unit_count() {
        let part = opened.unit_part(unit).expect("a part");
        let summary: UnitSummary = opened.read_unit(unit, &mut Buffers::default(), &mut Nothing);
        let Some((start, end)) = summary.log_time_range else {
            continue;
        };
        let channels: Vec<u32> = summary.channel_messages.keys().copied().collect();
        let counts: Vec<u64> = summary.channel_messages.values().copied().collect();
        rows.push(json!({
            "recording_id": CHUNKED, "chunk": rows.len(), "blob_sha256": blob,
            "offset_bytes": part.offset, "length_bytes": part.length,
            "compression": part.compression, "uncompressed_bytes": part.uncompressed_bytes,
            "start_ns": start, "end_ns": end, "message_count": summary.messages,
            "channels": channels, "channel_message_counts": counts,
        }));
    }
    assert!(rows.len() > 5, "several parts");
    rows
}

struct Nothing;

impl Visitor for Nothing {
    fn channel(&mut self, _: &Channel) {}
    fn message(&mut self, _: &Message<'_>) {}
}

/// Reads the recording that has no parts: ten messages of one channel.
#[derive(Debug)]
struct Whole;

impl Recordings for Whole {
    fn read(
        &self,
        recording_id: &str,
        _: &Wanted,
        visit: &mut dyn FnMut(&Message<'_>) -> ControlFlow<()>,
    ) -> Result<(), QueryError> {
        assert_eq!(recording_id, WHOLE);
        for n in 0..10 {
            let data = payload(n);
            let message = Message {
                channel: 3,
                sequence: None,
                log_time: time(n),
                publish_time: None,
                data: &data,
            };
            if visit(&message).is_break() {
                break;
            }
        }
        Ok(())
    }
}
