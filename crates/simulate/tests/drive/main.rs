//! Drives as a reader sees them: same seed same bytes, and the truth file agrees with the bytes.
#![expect(clippy::unwrap_used, reason = "a test")]

mod contents;

use fieldassay_formats::decode::{StampReader, TransformReader};
use fieldassay_formats::mcap::{McapRecording, OpenOptions};
use fieldassay_formats::{Buffers, Channel, Message, Recording, Visitor};
use fieldassay_simulate::{
    CameraSpec, DriveSpec, Encoding, Fault, FaultKind, LidarSpec, Rates, SimulateError, Truth,
    TruthEntry, fault_kinds, write_drive,
};
use std::collections::BTreeMap;

const SMALL_CAMERA: CameraSpec = CameraSpec {
    hz: 10,
    width: 160,
    height: 120,
    encoding: Encoding::Mono8,
};
const SMALL_LIDAR: LidarSpec = LidarSpec {
    rings: 16,
    columns: 180,
};

/// One message as read back.
#[derive(Clone, Debug)]
struct Row {
    log: i64,
    publish: i64,
    stamp: i64,
    data: Vec<u8>,
}

/// A whole drive read back, per topic in file order.
#[derive(Default)]
struct Scan {
    readers: BTreeMap<u32, (String, StampReader, Option<TransformReader>)>,
    rows: BTreeMap<String, Vec<Row>>,
    edges: Vec<(i64, String, String)>,
}

impl Visitor for Scan {
    fn channel(&mut self, channel: &Channel) {
        let schema = channel.schema.as_deref();
        let transforms = schema.and_then(|s| TransformReader::new(s, &channel.message_encoding));
        let stamps = StampReader::new(schema, &channel.message_encoding);
        self.readers
            .insert(channel.id, (channel.topic.clone(), stamps, transforms));
    }

    fn message(&mut self, message: &Message<'_>) {
        let (topic, stamps, transforms) = &self.readers[&message.channel];
        if let Some(reader) = transforms {
            reader
                .read(message.data, &mut |transform| {
                    let (parent, child) = (transform.parent.to_owned(), transform.child.to_owned());
                    self.edges.push((message.log_time, parent, child));
                })
                .unwrap();
        }
        self.rows.entry(topic.clone()).or_default().push(Row {
            log: message.log_time,
            publish: message.publish_time.unwrap(),
            stamp: stamps.stamp(message.data).unwrap_or_default(),
            data: message.data.to_vec(),
        });
    }
}

fn bytes(spec: &DriveSpec) -> (Vec<u8>, Truth) {
    let mut out = Vec::new();
    let truth = write_drive(spec, &mut out).unwrap();
    (out, truth)
}

fn scan(file: &[u8]) -> Scan {
    let recording = McapRecording::open(file, OpenOptions::default()).unwrap();
    let mut scan = Scan::default();
    for channel in recording.channels() {
        scan.channel(channel);
    }
    let mut buffers = Buffers::default();
    for unit in 0..recording.unit_count() {
        recording.read_unit(unit, &mut buffers, &mut scan);
    }
    scan
}

fn spec(faults: &[&str]) -> DriveSpec {
    DriveSpec {
        seed: 7,
        duration_secs: 20.0,
        faults: faults
            .iter()
            .map(|text| Fault::parse(text).unwrap())
            .collect(),
        ..DriveSpec::default()
    }
}

/// A drive with one fault, and the same drive without it.
fn with_and_without(fault: &str) -> (Scan, Scan, TruthEntry) {
    let (file, truth) = bytes(&spec(&[fault]));
    (scan(&file), scan(&bytes(&spec(&[])).0), truth.0[0].clone())
}

fn steps(rows: &[Row], value: impl Fn(&Row) -> i64) -> Vec<i64> {
    rows.windows(2)
        .map(|w| value(&w[1]) - value(&w[0]))
        .collect()
}

#[test]
fn same_recipe_same_bytes() {
    let (one, truth_one) = bytes(&spec(&["stall_s=1", "flip_bytes=2"]));
    let (two, truth_two) = bytes(&spec(&["stall_s=1", "flip_bytes=2"]));
    assert!(one == two);
    assert_eq!(truth_one, truth_two);
    let other = DriveSpec {
        seed: 8,
        ..spec(&[])
    };
    assert!(bytes(&spec(&[])).0 != bytes(&other).0);
}

#[test]
fn a_clean_drive_has_its_channels_rates_and_sizes() {
    let (file, truth) = bytes(&spec(&[]));
    assert_eq!(truth, Truth::default());
    let scan = scan(&file);
    let counts: Vec<(&str, usize)> = scan
        .rows
        .iter()
        .map(|(t, r)| (t.as_str(), r.len()))
        .collect();
    assert_eq!(
        counts,
        [
            ("/camera/camera_info", 600),
            ("/diagnostics", 20),
            ("/gnss/fix", 100),
            ("/imu", 4000),
            ("/joint_states", 2000),
            ("/lidar/scan", 200),
            ("/odom", 1000),
            ("/rosout", 5),
            ("/tf", 1000),
            ("/tf_static", 1),
        ]
    );
    for (topic, rows) in &scan.rows {
        assert!(steps(rows, |r| r.log).iter().all(|d| *d > 0), "{topic}");
        assert!(steps(rows, |r| r.stamp).iter().all(|d| *d > 0), "{topic}");
        assert!(
            rows.iter().all(|r| r.publish <= r.log && r.stamp <= r.log),
            "{topic}"
        );
    }
    assert!(scan.rows["/imu"].iter().all(|row| row.data.len() == 324));
}

#[test]
fn the_header_and_the_metadata_say_it_is_simulated() {
    let (file, _) = bytes(&spec(&["step_ms=20"]));
    let recording = McapRecording::open(&file, OpenOptions::default()).unwrap();
    let (profile, library) = recording.origin();
    assert_eq!(profile, "ros2");
    assert!(library.starts_with("simulated by fieldassay"), "{library}");
    let text = String::from_utf8_lossy(&file);
    assert!(text.contains("simulated by fieldassay, not recorded from a vehicle"));
    assert!(text.contains("step_ms=20"));
}

#[test]
fn race_recordings_have_exactly_the_messages_asked_for() {
    let spec = DriveSpec {
        messages: Some(1003),
        ..DriveSpec::default()
    };
    let scan = scan(&bytes(&spec).0);
    assert_eq!(scan.rows.len(), 8);
    assert_eq!(scan.rows.values().map(Vec::len).sum::<usize>(), 1003);
    assert!(
        scan.rows
            .values()
            .flatten()
            .all(|row| row.data.len() == 324)
    );
}

#[test]
fn clock_faults_move_the_stamps_and_nothing_else() {
    for (fault, first, last) in [
        ("offset_ms=20", 20_000_000, 20_000_000),
        ("step_ms=-20", 0, -20_000_000),
        ("skew_ppm=200", 0, 4_000_000),
        ("leap_s=18", 18_000_000_000, 18_000_000_000),
        ("tai_s=37", 37_000_000_000, 37_000_000_000),
        (
            "epoch_offset_s=315964800",
            -315_964_800_000_000_000,
            -315_964_800_000_000_000,
        ),
    ] {
        let fault = format!("{fault}@/imu");
        let (hit, clean, truth) = with_and_without(&fault);
        let moved: Vec<i64> = hit.rows["/imu"]
            .iter()
            .zip(&clean.rows["/imu"])
            .map(|(a, b)| a.stamp - b.stamp)
            .collect();
        // A skew of 200 ppm moves by 1 us per period.
        assert!((moved[0] - first).abs() < 2_000, "{fault} {}", moved[0]);
        assert!(
            (moved[moved.len() - 1] - last).abs() < 2_000,
            "{fault} {moved:?}"
        );
        assert!(
            hit.rows["/imu"]
                .iter()
                .zip(&clean.rows["/imu"])
                .all(|(a, b)| a.log == b.log)
        );
        assert!(
            hit.rows["/odom"]
                .iter()
                .zip(&clean.rows["/odom"])
                .all(|(a, b)| a.data == b.data)
        );
        let touched = hit.rows["/imu"]
            .iter()
            .zip(&moved)
            .filter(|(row, _)| (truth.start_ns..=truth.end_ns).contains(&row.log))
            .count() as u64;
        assert_eq!(Some(touched), truth.messages, "{fault}");
    }
    let (hit, _, _) = with_and_without("uptime_s=5@/imu");
    assert!((5_000_000_000..5_010_000_000).contains(&hit.rows["/imu"][0].stamp));
    let (hit, clean, _) = with_and_without("jitter_ms=1@/imu");
    let spread = |rows: &[Row]| {
        let d = steps(rows, |r| r.stamp);
        (d.iter()
            .map(|d| (*d - 5_000_000).pow(2) as f64)
            .sum::<f64>()
            / d.len() as f64)
            .sqrt()
    };
    // Differences of two scattered stamps: 1 ms times the square root of 2.
    assert!((1.3e6..1.55e6).contains(&spread(&hit.rows["/imu"])));
    assert!(spread(&clean.rows["/imu"]) < 1e5);
}

#[test]
fn delivery_faults_change_what_arrives_as_told() {
    let (hit, clean, truth) = with_and_without("drop_percent=1");
    assert_eq!(clean.rows["/imu"].len() - hit.rows["/imu"].len(), 40);
    assert_eq!(truth.messages, Some(40));

    let (hit, _, truth) = with_and_without("stall_s=1");
    let rows = &hit.rows["/lidar/scan"];
    let longest = steps(rows, |r| r.log).into_iter().max().unwrap();
    assert!(
        (1_000_000_000..=1_120_000_000).contains(&longest),
        "{longest}"
    );
    assert!(
        rows.iter()
            .all(|r| !(truth.start_ns..=truth.end_ns).contains(&r.log))
    );
    assert_eq!(truth.channel.as_deref(), Some("/lidar/scan"));

    let (hit, clean, truth) = with_and_without("duplicate_percent=1");
    let rows = &hit.rows["/odom"];
    let copies = rows.windows(2).filter(|w| w[0].data == w[1].data).count();
    assert_eq!((copies, rows.len()), (10, clean.rows["/odom"].len() + 10));
    assert_eq!(truth.messages, Some(20));

    let (hit, _, truth) = with_and_without("reorder_count=1");
    let back: Vec<i64> = hit.rows["/imu"]
        .windows(2)
        .filter(|w| w[1].stamp < w[0].stamp)
        .map(|w| w[1].log)
        .collect();
    assert_eq!(back, [truth.end_ns]);

    let (hit, _, truth) = with_and_without("burst_count=10");
    let burst: Vec<&Row> = hit.rows["/imu"]
        .iter()
        .filter(|r| (truth.start_ns..=truth.end_ns).contains(&r.log))
        .collect();
    assert_eq!(burst.len(), 10);
    assert!(burst[9].log - burst[0].log < 3_000_000);
    assert!(burst[9].stamp - burst[0].stamp > 44_000_000);

    let (hit, clean, truth) = with_and_without("recorder_stall_s=1");
    for topic in ["/imu", "/odom", "/lidar/scan"] {
        assert_eq!(hit.rows[topic].len(), clean.rows[topic].len());
        let longest = steps(&hit.rows[topic], |r| r.log)
            .into_iter()
            .max()
            .unwrap();
        assert!(longest >= 990_000_000, "{topic} {longest}");
    }
    assert_eq!(truth.channel, None);
}

#[test]
fn transform_faults_change_the_tree_as_told() {
    let (hit, clean, truth) = with_and_without("transform_cycle_count=3");
    let ring = |scan: &Scan| -> Vec<i64> {
        let closing = scan
            .edges
            .iter()
            .filter(|(_, p, c)| p == "base_link" && c == "map");
        closing.map(|(log, _, _)| *log).collect()
    };
    assert_eq!(ring(&clean), Vec::<i64>::new());
    assert_eq!(ring(&hit).len(), 3);
    assert_eq!(
        (ring(&hit)[0], ring(&hit)[2]),
        (truth.start_ns, truth.end_ns)
    );

    let (hit, _, truth) = with_and_without("reparent_count=1");
    let parents: Vec<(i64, &str)> = hit
        .edges
        .iter()
        .filter(|(_, _, child)| child == "base_link")
        .map(|(log, parent, _)| (*log, parent.as_str()))
        .collect();
    let changes: Vec<i64> = parents
        .windows(2)
        .filter(|w| w[0].1 != w[1].1)
        .map(|w| w[1].0)
        .collect();
    assert_eq!(changes, [truth.start_ns]);
}

#[test]
fn byte_faults_damage_exactly_the_bytes_told() {
    let clean = |faults: &[&str]| {
        // The metadata record names the faults, so the undamaged file is taken from the damaged one.
        let (file, truth) = bytes(&spec(faults));
        (file, truth.0[0].clone())
    };
    let (whole, truth) = clean(&["truncate_bytes=1000"]);
    assert_eq!(whole.len() as u64, truth.byte_start.unwrap());
    assert_eq!(truth.byte_end.unwrap() - truth.byte_start.unwrap(), 1000);
    let (cut, truth) = clean(&["truncate_percent=10"]);
    let share = cut.len() as f64 / truth.byte_end.unwrap() as f64;
    assert!((share - 0.9).abs() < 1e-4, "{share}");

    let (flipped, truth) = clean(&["flip_bytes=1"]);
    let at = usize::try_from(truth.byte_start.unwrap()).unwrap();
    assert_eq!(truth.byte_end.unwrap(), truth.byte_start.unwrap() + 1);
    let mut candidates = (0..8).map(|bit| {
        let mut repaired = flipped.clone();
        repaired[at] ^= 1 << bit;
        repaired
    });
    let sound = |file: &Vec<u8>| {
        McapRecording::open(file, OpenOptions::default()).is_ok_and(|recording| {
            let mut scan = Scan::default();
            recording.channels().iter().for_each(|c| scan.channel(c));
            let mut buffers = Buffers::default();
            let units: Vec<_> = (0..recording.unit_count())
                .map(|unit| recording.read_unit(unit, &mut buffers, &mut scan))
                .collect();
            let account = recording.account(&units);
            account.losses.is_empty() && units.iter().all(|unit| unit.suspect_messages == 0)
        })
    };
    assert!(candidates.any(|file| sound(&file)));
}

#[test]
fn every_kind_can_be_injected_and_is_in_the_truth() {
    for info in fault_kinds() {
        let magnitude = match info.kind {
            FaultKind::BurstCount => 10.0,
            FaultKind::AudioLagMs => 100.0,
            _ => 1.0_f64.clamp(info.min, info.max),
        };
        let fault = Fault::new(info.kind, magnitude);
        let spec = DriveSpec {
            duration_secs: 10.0,
            rates: Rates::Small,
            faults: vec![fault],
            camera: SMALL_CAMERA,
            lidar: SMALL_LIDAR,
            ..DriveSpec::default()
        };
        let (_, truth) = bytes(&spec);
        let [entry] = truth.0.as_slice() else {
            unreachable!("one fault, one entry");
        };
        assert_eq!(entry.kind, info.name);
        assert_eq!(entry.unit, info.unit);
        assert_eq!(entry.channel.as_deref(), info.default_channel);
        assert!(entry.start_ns <= entry.end_ns);
        assert_ne!(entry.messages, Some(0), "{}", info.name);
        assert_eq!(
            serde_json::from_str::<Truth>(&truth.to_json()).unwrap(),
            truth
        );
    }
}

#[test]
fn impossible_recipes_are_refused_with_a_way_out() {
    let refuse = |spec: DriveSpec| write_drive(&spec, std::io::sink()).unwrap_err();
    let error = refuse(spec(&["skew_ppm=200@/nowhere"]));
    assert!(
        error.to_string().contains("`/imu`, `/joint_states`"),
        "{error}"
    );
    assert!(matches!(
        refuse(spec(&["stall_s=19"])),
        SimulateError::DoesNotFit { .. }
    ));
    assert!(matches!(
        refuse(spec(&["transform_cycle_count=1@/imu"])),
        SimulateError::Channel { .. }
    ));
    let endless = DriveSpec {
        duration_secs: f64::INFINITY,
        ..DriveSpec::default()
    };
    assert!(matches!(refuse(endless), SimulateError::Duration { .. }));
}

/// The recording of the repository is the one its page says how to make.
#[test]
fn the_example_is_made_by_its_command() {
    let folder = fieldassay_testkit::repository_root().join("examples");
    let page = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let command = page
        .lines()
        .find(|line| line.starts_with("fieldassay simulate examples/drive.mcap"))
        .unwrap();
    let words: Vec<&str> = command.split(' ').collect();
    let after = |flag: &str| {
        let place = words.iter().position(|word| *word == flag).unwrap();
        words[place + 1]
    };
    let faults = words.windows(2).filter(|pair| pair[0] == "--fault");
    let spec = DriveSpec {
        seed: after("--seed").parse().unwrap(),
        duration_secs: after("--duration").parse().unwrap(),
        rates: Rates::Small,
        faults: faults.map(|pair| Fault::parse(pair[1]).unwrap()).collect(),
        ..DriveSpec::default()
    };
    assert!(words.contains(&"--small"));
    let (file, truth) = bytes(&spec);
    assert!(file.len() < 200_000, "{}", file.len());
    assert!(file == std::fs::read(folder.join("drive.mcap")).unwrap());
    let committed = std::fs::read_to_string(folder.join("drive.truth.json")).unwrap();
    assert_eq!(committed, truth.to_json());
}
