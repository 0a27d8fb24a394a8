//! One entry function per decoder: any bytes in, no panic, no unbounded memory or time.
//!
//! Read [`TARGETS`] first. `fuzz/fuzz_targets` includes this file, so that libFuzzer, the mutation
//! loop and the corpus replay run the same code. Not here: choosing inputs.

#[path = "label_entries.rs"]
mod label_entries;
#[path = "media_entries.rs"]
mod media_entries;
#[path = "proof_entries.rs"]
mod proof_entries;
#[path = "release_entries.rs"]
mod release_entries;

use fieldassay_formats::decode::definition::Definitions;
use fieldassay_formats::decode::{ColumnDecoder, PoseReader, StampReader, TransformReader};
use fieldassay_formats::folder::{self, MemoryFiles};
use fieldassay_formats::mcap::{McapRecording, OpenOptions, StreamReader};
use fieldassay_formats::rosbag1::BagRecording;
use fieldassay_formats::rosbag2::{self, pages};
use fieldassay_formats::sensor::SensorReader;
use fieldassay_formats::trajectory::{self, Kind, TIMES_PATH, TRAJECTORY_PATH};
use fieldassay_formats::ulog::UlogRecording;
use fieldassay_formats::{Buffers, Channel, Limits, Message, Recording, Schema, Visitor};
use fieldassay_measure::logic::{Formula, Monitor, robustness};
use fieldassay_model::contract::{Compatibility, Contract, compare};
use fieldassay_model::{Ontology, Policy};

/// A decoder and how it is fed.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    /// Its name: the folder of its corpus and its libFuzzer target.
    pub(crate) name: &'static str,
    /// Feeds it.
    pub(crate) run: fn(&[u8]),
}

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run }
}

/// Every decoder and every parser of user text.
pub(crate) const TARGETS: &[Target] = &[
    target("mcap_open_read", mcap_open_read),
    target("mcap_stream", mcap_stream),
    target("rosbag1", rosbag1),
    target("ulog", ulog),
    target("trajectory", trajectory),
    target("folder_tables", folder_tables),
    target("dataset_files", dataset_files),
    target("sqlite_pages", sqlite_pages),
    target("metadata_yaml", metadata_yaml),
    target("ros_definition", ros_definition),
    target("ros_idl", ros_idl),
    target("cdr_decode", cdr_decode),
    target("protobuf", protobuf),
    target("flatbuffer", flatbuffer),
    target("sensor", sensor),
    target("json_stamp", json_stamp),
    target("json_columns", json_columns),
    target("policy_yaml", policy_yaml),
    target("contract_yaml", contract_yaml),
    target("ontology_yaml", ontology_yaml),
    target("stl_formula", stl_formula),
    media_entries::TARGETS[0],
    media_entries::TARGETS[1],
    media_entries::TARGETS[2],
    media_entries::TARGETS[3],
    media_entries::TARGETS[4],
    media_entries::TARGETS[5],
    label_entries::TARGETS[0],
    label_entries::TARGETS[1],
    label_entries::TARGETS[2],
    proof_entries::TARGETS[0],
    proof_entries::TARGETS[1],
    release_entries::TARGETS[0],
    release_entries::TARGETS[1],
    release_entries::TARGETS[2],
];

/// Small, so that a claimed size shows as a refusal and not as memory.
fn limits() -> Limits {
    Limits {
        unit_bytes: 1 << 24,
        ..Limits::default()
    }
}

/// Compiles the readers every channel gets and feeds them every message.
#[derive(Default)]
struct Readers {
    channels: std::collections::BTreeMap<u32, (StampReader, Option<TransformReader>)>,
}

impl Visitor for Readers {
    fn channel(&mut self, channel: &Channel) {
        if self.channels.len() < 64 {
            let schema = channel.schema.as_deref();
            let stamps = StampReader::new(schema, &channel.message_encoding);
            let transforms =
                schema.and_then(|schema| TransformReader::new(schema, &channel.message_encoding));
            self.channels.insert(channel.id, (stamps, transforms));
        }
    }

    fn message(&mut self, message: &Message<'_>) {
        if let Some((stamps, transforms)) = self.channels.get(&message.channel) {
            let _ = stamps.stamp(message.data);
            let _ = stamps.frame_id(message.data);
            if let Some(transforms) = transforms {
                let _ = transforms.read(message.data, &mut |_| ());
            }
        }
    }
}

/// Reads every unit and asks for the account; counts must add up.
fn read_all(recording: &dyn Recording) {
    let mut buffers = Buffers::default();
    let mut readers = Readers::default();
    for channel in recording.channels() {
        readers.channel(channel);
    }
    let units: Vec<_> = (0..recording.unit_count())
        .map(|unit| {
            let _ = recording.unit_log_times(unit);
            let _ = recording.unit_bytes(unit);
            recording.read_unit(unit, &mut buffers, &mut readers)
        })
        .collect();
    for unit in &units {
        assert!(unit.suspect_messages <= unit.messages);
        assert_eq!(unit.channel_messages.values().sum::<u64>(), unit.messages);
    }
    let account = recording.account(&units);
    for loss in account.losses {
        assert!(loss.start <= loss.end, "a loss ends before it starts");
    }
    let _ = recording.origin();
}

fn mcap_open_read(bytes: &[u8]) {
    for scan_definitions in [false, true] {
        let options = OpenOptions {
            scan_definitions,
            limits: limits(),
        };
        if let Ok(recording) = McapRecording::open(bytes, options) {
            read_all(&recording);
        }
    }
}

fn ulog(bytes: &[u8]) {
    if let Ok(recording) = UlogRecording::open(bytes, limits()) {
        read_all(&recording);
    }
}

/// The bytes as poses and as times, in each form.
fn trajectory(bytes: &[u8]) {
    let _ = trajectory::sniff(bytes);
    let files = [TRAJECTORY_PATH, TIMES_PATH].map(|path| (path.to_owned(), bytes));
    let files = MemoryFiles::new(files);
    for kind in [Kind::Tum, Kind::Kitti, Kind::Euroc] {
        if let Ok(recording) = folder::open(&files, trajectory::layout(kind), limits()) {
            read_all(&recording);
        }
    }
}

/// The bytes as every table and calibration file of the layouts.
fn folder_tables(bytes: &[u8]) {
    let layouts: [&[&str]; 3] = [
        &[
            "cam0/data.csv",
            "cam0/data/10.png",
            "cam0/sensor.yaml",
            "gt0/data.csv",
            "imu0/data.csv",
            "imu0/sensor.yaml",
            "leica0/data.csv",
        ],
        &[
            "calib_cam_to_cam.txt",
            "calib_imu_to_velo.txt",
            "calib_velo_to_cam.txt",
            "image_00/data/0000000000.png",
            "image_00/timestamps.txt",
            "oxts/data/0000000000.txt",
            "oxts/timestamps.txt",
            "velodyne_points/data/0000000000.bin",
            "velodyne_points/timestamps.txt",
        ],
        &[
            "calib.txt",
            "image_0/000000.png",
            "poses.txt",
            "times.txt",
            "velodyne/000000.bin",
        ],
    ];
    for paths in layouts {
        let files = MemoryFiles::new(paths.iter().map(|path| ((*path).to_owned(), bytes)));
        if let Some(layout) = folder::detect(&files)
            && let Ok(recording) = folder::open(&files, layout, limits())
        {
            read_all(&recording);
        }
    }
}

/// The bytes as each file of a data set, the others as small as the layout allows.
fn dataset_files(bytes: &[u8]) {
    const INFO: &[u8] = br#"{"codebase_version":"v3.0","fps":30,"features":{"action":{"dtype":"float32"},"v":{"dtype":"video"}}}"#;
    const EPISODES: &[u8] = b"{\"episode_index\":0,\"length\":3}\n";
    const DATA: &str = "data/chunk-000/episode_000000.parquet";
    let pooled = "meta/episodes/chunk-000/file-000.parquet";
    let layouts: [&[(&str, &[u8])]; 8] = [
        &[("meta/info.json", bytes), ("meta/episodes.jsonl", EPISODES)],
        &[("meta/info.json", INFO), (pooled, bytes)],
        &[
            ("meta/info.json", br#"{"codebase_version":"v2.1"}"#),
            ("meta/episodes.jsonl", EPISODES),
            (DATA, bytes),
        ],
        &[
            ("meta/info.json", br#"{"codebase_version":"v2.1"}"#),
            ("meta/episodes.jsonl", bytes),
        ],
        &[
            ("features.json", b"{}"),
            ("dataset_info.json", b"{}"),
            ("x-train.tfrecord-00000-of-00001", bytes),
        ],
        &[
            ("features.json", bytes),
            ("dataset_info.json", bytes),
            ("x-train.tfrecord-00000-of-00001", b""),
        ],
        &[
            ("annotations.feather", bytes),
            ("city_SE3_egovehicle.feather", bytes),
            ("sensors/lidar/1.feather", bytes),
        ],
        &[
            ("calibrated_sensor.json", bytes),
            ("ego_pose.json", bytes),
            ("sample.json", bytes),
            ("sample_annotation.json", bytes),
            ("sample_data.json", bytes),
            ("sensor.json", bytes),
        ],
    ];
    for files in layouts {
        let files = files
            .iter()
            .map(|(path, bytes)| ((*path).to_owned(), *bytes));
        let files = MemoryFiles::new(files);
        if let Some(layout) = folder::detect(&files)
            && let Ok(recording) = folder::open(&files, layout, limits())
        {
            read_all(&recording);
        }
    }
}

/// What comes out must not depend on how the stream was cut.
fn mcap_stream(bytes: &[u8]) {
    let whole = stream_records(bytes, usize::MAX);
    let pieces = stream_records(bytes, 97);
    assert_eq!(whole, pieces, "records depend on the cuts");
}

/// Records of a stream pushed in pieces, and how many damaged places there are.
fn stream_records(bytes: &[u8], piece: usize) -> (usize, usize) {
    let mut reader = StreamReader::new(limits());
    let mut records = 0;
    for part in bytes.chunks(piece) {
        reader.feed(part);
        while let Ok(Some(_)) = reader.next_record() {
            records += 1;
        }
    }
    reader.finish();
    while let Ok(Some(_)) = reader.next_record() {
        records += 1;
    }
    (records, reader.account().losses.len())
}

/// Every page of the file as a leaf, every row as a message.
fn sqlite_pages(bytes: &[u8]) {
    let Some(geometry) = pages::Geometry::parse(bytes) else {
        return;
    };
    for (index, page) in bytes.chunks(geometry.page_bytes).enumerate() {
        for cell in pages::cells(page, index == 0, geometry) {
            let _ = pages::starts_as_message(cell.local);
            let _ = pages::values(cell.local);
            if let Some(row) = pages::message_row(cell.local) {
                let mut buffers = Buffers::default();
                let _ = rosbag2::decompress_payload(row.data, 1 << 20, &mut buffers);
            }
        }
    }
}

/// `metadata.yaml`, and the definitions of the types it names.
fn metadata_yaml(bytes: &[u8]) {
    match rosbag2::Metadata::parse(&String::from_utf8_lossy(bytes)) {
        Ok(metadata) => {
            for topic in metadata.topics {
                let _ = rosbag2::standard_definition(&topic.type_name);
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn rosbag1(bytes: &[u8]) {
    if let Ok(recording) = BagRecording::open(bytes, limits()) {
        read_all(&recording);
    }
}

/// What stands before the first NUL, as text, and what follows it.
fn split(bytes: &[u8]) -> (String, &[u8]) {
    let at = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    let rest = bytes.get(at + 1..).unwrap_or_default();
    (String::from_utf8_lossy(&bytes[..at]).into_owned(), rest)
}

/// `name NUL text`, read as both kinds of message definition.
fn ros_definition(bytes: &[u8]) {
    let (name, text) = split(bytes);
    for encoding in ["ros1msg", "ros2msg"] {
        parse_definition(&name, encoding, text);
    }
}

/// `name NUL text`, read as IDL.
fn ros_idl(bytes: &[u8]) {
    let (name, text) = split(bytes);
    for encoding in ["ros2idl", "omgidl"] {
        parse_definition(&name, encoding, text);
    }
}

fn parse_definition(name: &str, encoding: &str, text: &[u8]) {
    let schema = Schema {
        name: name.to_owned(),
        encoding: encoding.to_owned(),
        data: text.to_vec(),
    };
    if let Ok(definitions) = Definitions::parse(&schema) {
        assert!(
            definitions.root_type().is_some(),
            "a parsed bundle has its root"
        );
    }
}

/// `kind definition NUL payload`: `1` is ros1msg, `i` IDL, anything else ros2msg.
fn cdr_decode(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    let (text, payload) = split(rest);
    let (name, schema_encoding, message_encoding) = match kind {
        b'1' => ("x/H", "ros1msg", "ros1"),
        b'i' => ("x/msg/H", "ros2idl", "cdr"),
        _ => ("tf2_msgs/msg/TFMessage", "ros2msg", "cdr"),
    };
    let schema = Schema {
        name: name.to_owned(),
        encoding: schema_encoding.to_owned(),
        data: text.into_bytes(),
    };
    read_payload(&schema, message_encoding, payload);
}

/// `length (two bytes, little-endian), descriptor set, payload`.
fn protobuf(bytes: &[u8]) {
    sized(bytes, "foxglove.FrameTransform", "protobuf", "protobuf");
}

/// `length (two bytes, little-endian), binary schema, payload`.
fn flatbuffer(bytes: &[u8]) {
    sized(bytes, "test.All", "flatbuffer", "flatbuffer");
}

/// `kind, name NUL, length (two bytes, little-endian), schema, payload`; `kind` is the first letter of
/// the message encoding, `1` for ROS 1.
fn sensor(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    let (name, rest) = split(rest);
    let (schema_encoding, message_encoding) = match kind {
        b'1' => ("ros1msg", "ros1"),
        b'p' => ("protobuf", "protobuf"),
        b'j' => ("jsonschema", "json"),
        b'f' => ("flatbuffer", "flatbuffer"),
        _ => ("ros2msg", "cdr"),
    };
    sized(rest, &name, schema_encoding, message_encoding);
}

/// A schema with its size before it, and a payload.
fn sized(bytes: &[u8], name: &str, schema_encoding: &str, message_encoding: &str) {
    let Some((length, rest)) = bytes.split_first_chunk() else {
        return;
    };
    let at = usize::from(u16::from_le_bytes(*length)).min(rest.len());
    let (data, payload) = rest.split_at(at);
    let schema = Schema {
        name: name.to_owned(),
        encoding: schema_encoding.to_owned(),
        data: data.to_vec(),
    };
    read_payload(&schema, message_encoding, payload);
}

fn json_stamp(bytes: &[u8]) {
    for name in ["", "foxglove.FrameTransform", "foxglove.FrameTransforms"] {
        let schema = Schema {
            name: name.to_owned(),
            encoding: "jsonschema".to_owned(),
            data: b"{}".to_vec(),
        };
        read_payload(&schema, "json", bytes);
    }
}

/// `JSON Schema NUL message`.
fn json_columns(bytes: &[u8]) {
    let (text, payload) = split(bytes);
    let schema = Schema {
        name: "x".to_owned(),
        encoding: "jsonschema".to_owned(),
        data: text.into_bytes(),
    };
    read_payload(&schema, "json", payload);
}

fn read_payload(schema: &Schema, message_encoding: &str, payload: &[u8]) {
    let stamps = StampReader::new(Some(schema), message_encoding);
    let _ = stamps.stamp(payload);
    let _ = stamps.frame_id(payload);
    let _ = stamps.header_sequence(payload);
    if let Some(reader) = TransformReader::new(schema, message_encoding) {
        let _ = reader.read(payload, &mut |_| ());
    }
    if let Some(reader) = PoseReader::new(schema, message_encoding) {
        let _ = reader.read(payload, &mut |_| ());
    }
    if let Some(reader) = SensorReader::new(schema, message_encoding) {
        // Large parts are borrowed: what a sample owns stays within a limit of the payload.
        let _ = reader.read(payload);
    }
    if let Ok(mut decoder) = ColumnDecoder::new(Some(schema), message_encoding) {
        let decoded = usize::from(decoder.push(payload).is_ok());
        let again = usize::from(decoder.push(payload).is_ok());
        assert_eq!(decoded, again, "decoding has a memory");
        let batch = decoder.finish().map(|batch| batch.num_rows());
        assert_eq!(
            batch.ok(),
            Some(decoded + again),
            "a refused row is taken back"
        );
    }
}

/// A policy that parses is written and read back to the same policy.
fn policy_yaml(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Policy::parse(&text) {
        Ok(policy) => {
            let again = Policy::parse(&policy.to_yaml());
            assert_eq!(
                again.map(|again| again.canonical_json()).ok(),
                Some(policy.canonical_json()),
                "the written policy reads back"
            );
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A contract that parses is read back from its canonical text, and is compatible with itself.
fn contract_yaml(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Contract::parse(&text) {
        Ok(contract) => {
            let again: Option<Contract> = serde_json::from_str(&contract.canonical_json()).ok();
            // Numbers may come back one bit off, which no contract rests on.
            let again = again.map(|again| (again.channels.len(), again.tables.len()));
            let counts = (contract.channels.len(), contract.tables.len());
            assert_eq!(again, Some(counts), "the canonical text reads back");
            let changes = compare(&contract, &contract, &[]).map(|changes| changes.compatibility);
            assert_eq!(changes, Ok(Compatibility::Full), "nothing changed");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// An ontology that parses is read back from its canonical text, and maps every label without a cycle.
fn ontology_yaml(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Ontology::parse(&text) {
        Ok(ontology) => {
            let again: Option<Ontology> = serde_json::from_str(&ontology.canonical_json()).ok();
            assert_eq!(
                again.map(|again| again.sha256()),
                Some(ontology.sha256()),
                "the canonical text reads back"
            );
            for mapping in &ontology.mappings {
                assert!(ontology.losses(&mapping.to).is_ok(), "labels are classes");
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A formula that parses gives the same robustness online as over the whole trace, where it can run online.
fn stl_formula(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let formula = match Formula::parse(&text) {
        Ok(formula) => formula,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let trace = [1.0, -2.0, 0.5, 3.0, -0.25];
    let mut signals: Vec<(&str, &[f64])> = vec![("", &trace)];
    signals.extend(
        formula
            .signals()
            .iter()
            .map(|name| (name.as_str(), &trace[..])),
    );
    let offline = robustness(&formula, &signals);
    if formula.horizon().is_none_or(|horizon| horizon > 10_000) {
        return;
    }
    let Ok(mut monitor) = Monitor::new(&formula) else {
        return;
    };
    let mut online = Vec::new();
    for x in trace {
        match monitor.push(&vec![x; formula.signals().len()]) {
            Ok(found) => online.extend(found),
            Err(_) => return,
        }
    }
    if let (Ok(rest), Ok(offline)) = (monitor.finish(), offline) {
        online.extend(rest);
        assert_eq!(online, offline, "online is offline, late");
    }
}
