//! `LeRobot` and RLDS data sets: tiny ones other software wrote, what it reads back, and damage.

use crate::support::{Content, Disk, memory, read};
use fieldassay_formats::folder::{Files, Part, detect, open};
use fieldassay_formats::sensor::Sample;
use fieldassay_formats::{Format, Limits};
use fieldassay_testkit::{Lcg, repository_root, shared_data};
use serde_json::Value;
use std::collections::BTreeMap;

fn content(files: &dyn Files, format: Format) -> Content {
    let layout = detect(files).expect("a layout");
    assert_eq!(layout.format, format);
    assert!(!layout.format.is_recorded());
    read(&open(files, layout, Limits::default()).expect("a recording"))
}

/// The files of `conformance/folder/<name>`, held so that tests can change them.
fn files(name: &str) -> BTreeMap<String, Vec<u8>> {
    let disk = Disk::new(&repository_root().join("conformance/folder").join(name));
    let paths = disk.paths().to_vec();
    let read = |path: &String| disk.read(path).expect("a file").as_ref().to_vec();
    paths
        .iter()
        .map(|path| (path.clone(), read(path)))
        .collect()
}

fn of(files: &BTreeMap<String, Vec<u8>>, format: Format) -> Content {
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
        .collect();
    content(&memory(&files), format)
}

fn expected() -> Value {
    let path = repository_root().join("conformance/folder/expected.json");
    serde_json::from_slice(&std::fs::read(path).expect("vectors")).expect("JSON")
}

fn positions(found: &Content, topic: &str) -> Vec<Vec<f64>> {
    let joints = |sample: Sample<'_>| match sample {
        Sample::Joints(joints) => joints.position,
        _ => panic!("no joints"),
    };
    found.samples(topic).into_iter().map(joints).collect()
}

/// Numbers that were written as singles; `serde_json` reads them to the last place of a double or the one beside it.
#[expect(clippy::cast_possible_truncation, reason = "they came from singles")]
fn singles(rows: &[Vec<f64>]) -> Vec<Vec<f32>> {
    let row = |row: &Vec<f64>| row.iter().map(|x| *x as f32).collect();
    rows.iter().map(row).collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    let list = value.as_array().expect("a list");
    list.iter().map(|v| v.as_f64().expect("a number")).collect()
}

/// pyarrow 26.0.1 wrote and read the rows, row groups of 30 rows across episodes included.
#[test]
fn frames_are_what_pyarrow_reads() {
    for (name, version) in [("lerobot_v21", "2.1"), ("lerobot_v30", "3.0")] {
        let found = of(&files(name), Format::LeRobot);
        assert_eq!(found.said(), [""; 0], "{version}");
        for (column, feature) in [(2, "observation.state"), (3, "action")] {
            for episode in 0..2 {
                let topic = format!("/episode_{episode:06}/{feature}");
                let expected = expected();
                let rows = expected[name].as_array().expect("rows").iter();
                let rows: Vec<&Value> = rows.filter(|row| row[0] == episode).collect();
                let seen = positions(&found, &topic);
                assert_eq!(seen.len(), rows.len());
                for (seen, row) in seen.iter().zip(&rows) {
                    let close = seen.iter().zip(numbers(&row[column]));
                    // `serde_json` reads numbers to the last place or the one beside it.
                    for (seen, expected) in close {
                        assert!((seen - expected).abs() < 1e-15, "{version} {topic}");
                    }
                    assert_eq!(seen.len(), 3);
                }
                // One second, then one episode after the other at 30 Hz, to the nanosecond.
                let start = 1_000_000_000 + if episode == 0 { 0 } else { 1_333_333_333 };
                let times = found.of(&topic).map(|message| message.time);
                for (frame, time) in (0_i64..).zip(times) {
                    let due = start + (frame * 2_000_000_000 / 30 + 1) / 2;
                    assert_eq!(time, due, "{version} {topic} {frame}");
                }
            }
        }
        let channel = found.channels.iter();
        let mut channel = channel.filter(|c| c.topic == "/episode_000001/action");
        let channel = channel.next().expect("a channel");
        let of = |key: &str| channel.metadata.get(key).map_or("", String::as_str);
        let frames = if version == "2.1" { "35" } else { "75" };
        assert_eq!(of("observation.images.top.frames"), frames);
        assert_eq!(of("observation.images.top.fps"), "30.000");
        assert_eq!(of("observation.images.top.size"), "64x48");
        assert_eq!(of("robot_type"), "so100");
        let samples = found.samples("/episode_000000/action");
        let Sample::Joints(joints) = &samples[0] else {
            panic!("no joints");
        };
        assert_eq!(joints.names, ["joint_0", "joint_1", "joint_2"]);
    }
}

/// The package `lerobot` wrote and read them, in both forms of its data sets: every number is the same.
#[test]
fn frames_are_what_lerobot_reads() {
    for (name, version) in [
        ("lerobot_peer_v21", "lerobot 0.3.3"),
        ("lerobot_peer_v30", "lerobot 0.4.4"),
    ] {
        let path = repository_root().join(format!("conformance/folder/{name}.json"));
        let peer: Value =
            serde_json::from_slice(&std::fs::read(path).expect("vectors")).expect("JSON");
        assert_eq!(peer["peer"], version);
        let found = of(&files(name), Format::LeRobot);
        assert_eq!(found.said(), [""; 0], "{version}");
        let rows = peer["rows"].as_array().expect("rows");
        assert_eq!((peer["frames"].as_u64(), rows.len()), (Some(115), 115));
        for episode in 0..3 {
            let rows: Vec<&Value> = rows.iter().filter(|row| row[0] == episode).collect();
            assert_eq!(rows.len(), [40, 35, 40][episode]);
            for (column, feature) in [(2, "observation.state"), (3, "action")] {
                let topic = format!("/episode_{episode:06}/{feature}");
                let seen = positions(&found, &topic);
                let peer: Vec<Vec<f64>> = rows.iter().map(|row| numbers(&row[column])).collect();
                assert_eq!(singles(&seen), singles(&peer), "{version} {topic}");
            }
        }
        let channel = found
            .channels
            .iter()
            .find(|c| c.topic == "/episode_000001/action");
        let metadata = &channel.expect("a channel").metadata;
        let of = |key: &str| metadata.get(key).map_or("", String::as_str);
        assert_eq!(of("observation.images.top.codec"), "av01");
        let frames = if name.ends_with("v21") { "35" } else { "115" };
        assert_eq!(of("observation.images.top.frames"), frames);
        assert_eq!((of("robot_type"), of("fps")), ("so100", "30"));
    }
}

fn said(change: impl FnOnce(&mut BTreeMap<String, Vec<u8>>), name: &str) -> Vec<String> {
    let mut files = files(name);
    change(&mut files);
    of(&files, Format::LeRobot).said()
}

fn replace(files: &mut BTreeMap<String, Vec<u8>>, path: &str, from: &str, to: &str) {
    let text = String::from_utf8(files[path].clone()).expect("text");
    assert!(text.contains(from), "{path}");
    files.insert(path.to_owned(), text.replace(from, to).into_bytes());
}

const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";

/// What is done to the files of a data set.
type Change = Box<dyn FnOnce(&mut BTreeMap<String, Vec<u8>>)>;

#[test]
fn tables_frames_and_videos_that_disagree() {
    let info = "meta/info.json";
    let episodes = "meta/episodes.jsonl";
    let data = |k: u32| format!("data/chunk-000/episode_{k:06}.parquet");
    let video = |k: u32| format!("videos/chunk-000/observation.images.top/episode_{k:06}.mp4");
    let cases: Vec<(Change, &[&str])> = vec![
        (
            Box::new(move |f| replace(f, info, "\"total_episodes\": 2", "\"total_episodes\": 5")),
            &[
                "structure.episode_count: `meta/info.json` says `5` episodes, but the table of episodes has `2`",
            ],
        ),
        (
            Box::new(move |f| replace(f, episodes, "\"length\": 35", "\"length\": 20")),
            &[
                "structure.episode_count: `meta/info.json` says `75` frames",
                "structure.episode_short: episode `1` lasts `0.67` s",
                "structure.episode_rows: episode `1` has `35` frames, its table says `20`",
                "structure.video: `videos/chunk-000/observation.images.top/episode_000001.mp4` holds `35` frames, its episodes have `20`",
            ],
        ),
        (
            Box::new(move |f| replace(f, info, "\"fps\": 30", "\"fps\": 25")),
            &[
                "structure.frame_times: `39` of `40` timestamps of episode `0` are not `frame_index / fps`",
                "structure.video: `videos/chunk-000/observation.images.top/episode_000000.mp4` runs at `30.00` frames per second, the data set says `25`",
            ],
        ),
        (
            Box::new(move |f| drop(f.insert(data(1), POINTER.to_vec()))),
            &[
                "structure.lfs_pointer: `data/chunk-000/episode_000001.parquet` is a pointer of Git LFS",
            ],
        ),
        (
            Box::new(move |f| drop(f.remove(&data(0)))),
            &["loss.file: `data/chunk-000/episode_000000.parquet` is missing"],
        ),
        (
            Box::new(move |f| drop(f.insert(data(0), b"PAR1".to_vec()))),
            &["loss.file: `data/chunk-000/episode_000000.parquet` cannot be read as Parquet: "],
        ),
        (
            Box::new(move |f| {
                let other = f[&data(0)].clone();
                f.insert(data(1), other);
            }),
            &[
                "structure.episode_rows: row `0` of `data/chunk-000/episode_000001.parquet` says episode `0`, its file is of episode `1`",
            ],
        ),
        (
            Box::new(move |f| {
                let bytes = f[&video(0)].clone();
                f.insert(video(0), bytes[..bytes.len() / 3].to_vec());
            }),
            &["structure.video: `videos/chunk-000/observation.images.top/episode_000000.mp4`"],
        ),
        (
            Box::new(move |f| {
                f.remove(&video(0));
                f.remove(&video(1));
            }),
            &[
                "structure.media_missing: none of the `2` videos of `observation.images.top` is there",
            ],
        ),
        (
            Box::new(move |f| f.get_mut(episodes).expect("a table").extend(b"{\n")),
            &["loss.row: `meta/episodes.jsonl` line `3`"],
        ),
    ];
    for (change, expected) in cases {
        let said = said(change, "lerobot_v21").join("\n");
        for part in expected {
            assert!(said.contains(part), "{part}\n-- in --\n{said}");
        }
    }
    let said = said(
        |f| replace(f, info, "\"total_frames\": 75", "\"total_frames\": 76"),
        "lerobot_v30",
    );
    assert_eq!(said.len(), 1);
}

/// Upstream trimmed the episodes and left `info.json`; data and videos are LFS pointers there.
#[test]
fn a_trimmed_data_set_is_found() {
    let Some(path) = shared_data("lerobot_meta_v21") else {
        return;
    };
    let found = content(&Disk::new(&path), Format::LeRobot);
    assert!(found.messages.is_empty());
    let said = found.said().join("\n");
    for part in [
        "structure.episode_count: `meta/info.json` says `14983` frames, but the lengths of its episodes sum to `899`",
        "structure.media_missing: none of the `3` files of frames is there",
        "structure.media_missing: none of the `3` videos of `observation.image` is there",
    ] {
        assert!(said.contains(part), "{part}\n-- in --\n{said}");
    }
}

/// tfrecord 1.14.6 wrote and read the records.
#[test]
fn steps_are_what_tfrecord_reads() {
    let disk = Disk::new(&repository_root().join("conformance/folder/rlds"));
    let found = content(&Part::new(&disk, "1.0.0/"), Format::Rlds);
    assert_eq!(
        found.said(),
        ["structure.time_missing: steps of RLDS have no times; a step stands for a second"]
    );
    let expected = expected();
    for episode in 0..2_usize {
        let rows = expected["rlds"][episode].as_array().expect("steps");
        let topic = format!("/episode_{episode:06}/action");
        // tfrecord prints singles as singles, so they are read as such.
        for (seen, row) in positions(&found, &topic).iter().zip(rows) {
            for (seen, expected) in seen.iter().zip(numbers(row)) {
                assert!((seen - expected).abs() < 1e-7, "{seen} {expected}");
            }
        }
        assert_eq!(found.of(&topic).count(), rows.len());
        let images = found.samples(&format!("/episode_{episode:06}/observation/image"));
        assert_eq!(images.len(), rows.len());
        let Sample::Image(image) = &images[0] else {
            panic!("no image");
        };
        assert!(image.compressed && image.data.starts_with(b"\x89PNG"));
    }
}

/// `tensorflow_datasets` wrote and read them; it stores episodes in an order of its own.
#[test]
fn steps_are_what_tensorflow_datasets_reads() {
    let folder = repository_root().join("conformance/folder");
    let text = std::fs::read(folder.join("rlds_peer.json")).expect("vectors");
    let peer: Value = serde_json::from_slice(&text).expect("JSON");
    let disk = Disk::new(&folder.join("rlds_peer/tiny/1.0.0"));
    let found = content(&disk, Format::Rlds);
    assert_eq!(
        found.said(),
        ["structure.time_missing: steps of RLDS have no times; a step stands for a second"]
    );
    let episodes = peer["episodes"].as_array().expect("episodes");
    assert_eq!(episodes.len(), 2);
    for (index, episode) in episodes.iter().enumerate() {
        for (key, feature) in [("state", "observation/state"), ("action", "action")] {
            let rows = episode[key].as_array().expect("steps");
            let peer: Vec<Vec<f64>> = rows.iter().map(numbers).collect();
            let seen = positions(&found, &format!("/episode_{index:06}/{feature}"));
            assert_eq!(singles(&seen), singles(&peer), "{index} {feature}");
        }
        let images = found.samples(&format!("/episode_{index:06}/observation/image"));
        assert_eq!(
            images.len(),
            episode["image"].as_array().expect("images").len()
        );
    }
}

#[test]
fn records_damaged_and_shards_missing() {
    let name = "tiny-train.tfrecord-00000-of-00001";
    let mut changed: BTreeMap<String, Vec<u8>> = files("rlds/1.0.0");
    changed.get_mut(name).expect("records")[600] ^= 1;
    let said = of(&changed, Format::Rlds).said().join("\n");
    assert!(
        said.contains(&format!("structure.checksum: record `0` of `{name}`")),
        "{said}"
    );
    let mut changed = files("rlds/1.0.0");
    let whole = changed[name].len();
    changed.get_mut(name).expect("records").truncate(whole - 3);
    let said = of(&changed, Format::Rlds).said().join("\n");
    for part in [
        "the file ends within a record",
        "structure.episode_count: `tiny-train.tfrecord-00000-of-00001` holds `1` episodes, `dataset_info.json` says `2`",
    ] {
        assert!(said.contains(part), "{part}\n-- in --\n{said}");
    }
    let mut changed = files("rlds/1.0.0");
    replace(&mut changed, "dataset_info.json", "\"2\"", "\"2\", \"4\"");
    let said = of(&changed, Format::Rlds).said().join("\n");
    assert!(
        said.contains("loss.file: the file of shard `1` of `train`"),
        "{said}"
    );
}

#[test]
fn cuts_and_flips_everywhere() {
    let mut random = Lcg::new(11);
    for (name, format) in [
        ("lerobot_v21", Format::LeRobot),
        ("lerobot_v30", Format::LeRobot),
        ("rlds/1.0.0", Format::Rlds),
    ] {
        let whole = files(name);
        let paths: Vec<&String> = whole.keys().collect();
        for round in 0..200_usize {
            let mut changed = whole.clone();
            let path = paths[round % paths.len()];
            let bytes = changed.get_mut(path).expect("a file");
            if round % 5 == 0 {
                bytes.truncate(random.next_u32() as usize % bytes.len());
            } else {
                for _ in 0..3 {
                    let at = random.next_u32() as usize % bytes.len();
                    bytes[at] = random.next_u32().to_le_bytes()[0];
                }
            }
            let changed: Vec<(&str, &[u8])> = changed
                .iter()
                .map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
                .collect();
            let changed = memory(&changed);
            let Some(layout) = detect(&changed) else {
                continue;
            };
            assert_eq!(layout.format, format);
            if let Ok(recording) = open(&changed, layout, Limits::default()) {
                let _ = read(&recording);
            }
        }
    }
}
