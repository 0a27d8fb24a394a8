//! rosbag2 SQLite files: real bags, their MCAP twins, damage.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

use expect_test::expect;
use fieldassay_engine::sources::rosbag2_sqlite::{SqliteError, SqliteRecording};
use fieldassay_formats::mcap::{McapRecording, OpenOptions};
use fieldassay_formats::{Buffers, Channel, Message, Recording, UnitSummary, Visitor};
use fieldassay_model::{Account, LossReason};
use fieldassay_testkit::{Lcg, shared_data};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Everything a recording yields.
#[derive(Debug, Default)]
struct Content {
    /// Topic, log time, payload, in file order.
    messages: Vec<(String, i64, Vec<u8>)>,
    topics: BTreeMap<u32, String>,
    channels: Vec<Channel>,
    summaries: Vec<UnitSummary>,
    account: Account,
}

impl Visitor for Content {
    fn channel(&mut self, channel: &Channel) {
        self.topics.insert(channel.id, channel.topic.clone());
    }

    fn message(&mut self, message: &Message<'_>) {
        let topic = self.topics.get(&message.channel).cloned();
        let topic = topic.unwrap_or_else(|| format!("#{}", message.channel));
        self.messages
            .push((topic, message.log_time, message.data.to_vec()));
    }
}

impl Content {
    fn of(recording: &dyn Recording) -> Self {
        let mut content = Self {
            channels: recording.channels().to_vec(),
            ..Self::default()
        };
        for channel in recording.channels() {
            content.channel(channel);
        }
        let mut buffers = Buffers::default();
        for unit in 0..recording.unit_count() {
            let summary = recording.read_unit(unit, &mut buffers, &mut content);
            content.summaries.push(summary);
        }
        content.account = recording.account(&content.summaries);
        content
    }

    fn losses(&self) -> Vec<&LossReason> {
        let units = self.summaries.iter().flat_map(|unit| &unit.account.losses);
        self.account.losses.iter().chain(units).collect()
    }

    fn codes(&self) -> Vec<&str> {
        let units = self.summaries.iter().flat_map(|unit| &unit.account.notes);
        let notes = self.account.notes.iter().chain(units).map(|note| note.code);
        let mut codes: Vec<&str> = notes
            .chain(self.losses().iter().map(|loss| loss.code.as_str()))
            .collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }

    fn sorted(&self) -> Vec<(i64, &str, &[u8])> {
        let messages = self.messages.iter();
        let mut sorted: Vec<_> = messages
            .map(|(topic, time, data)| (*time, topic.as_str(), data.as_slice()))
            .collect();
        sorted.sort_unstable();
        sorted
    }
}

/// The files of the shared folder with one extension, sorted.
fn bags(extension: &str) -> Option<Vec<PathBuf>> {
    let mut folders = vec![shared_data("rosbag2")?];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                files.push(path);
            }
        }
    }
    files.sort();
    Some(files)
}

fn read(path: &Path) -> Content {
    let metadata = std::fs::read_to_string(path.with_file_name("metadata.yaml")).ok();
    Content::of(&SqliteRecording::open(path, metadata.as_deref()).unwrap())
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

#[test]
fn real_bags_have_the_known_counts() {
    let Some(files) = bags("db3") else {
        return;
    };
    let mut out = String::new();
    for path in files {
        let content = read(&path);
        let _ = writeln!(
            out,
            "{:>5} {} {} topics {:?}",
            content.messages.len(),
            name(&path),
            content.channels.len(),
            content.codes()
        );
        assert!(content.losses().is_empty(), "{}", path.display());
    }
    expect![[r#"
            0 empty_bag_0 2 topics ["structure.definition_missing"]
           13 topics_and_services 5 topics ["structure.definition_missing", "structure.metadata_mismatch"]
          150 rewriter_a_0 2 topics ["structure.definition_missing"]
           75 rewriter_b_0 2 topics ["structure.definition_missing"]
         1324 multiple_files_0 1 topics ["structure.definition_missing"]
         1324 multiple_files_1 1 topics ["structure.definition_missing"]
          529 multiple_files_2 1 topics ["structure.definition_missing"]
           20 talker 3 topics []
         1246 wbag_0 8 topics ["structure.definition_missing"]
         1240 wbag_1 8 topics ["structure.definition_missing"]
         1240 wbag_2 8 topics ["structure.definition_missing"]
         1240 wbag_3 8 topics ["structure.definition_missing"]
         1108 wbag_4 8 topics ["structure.definition_missing"]
           10 bag_with_topics_and_service_events 5 topics ["structure.definition_missing"]
            7 cdr_test_0 2 topics []
            7 wrong_rmw_test_0 2 topics ["structure.definition_missing", "structure.metadata_mismatch"]
    "#]].assert_eq(&out);
}

#[test]
fn every_file_agrees_with_its_mcap_twin() {
    let (Some(databases), Some(mcaps)) = (bags("db3"), bags("mcap")) else {
        return;
    };
    let mut pairs = 0;
    for database in databases {
        let Some(twin) = mcaps.iter().find(|mcap| name(mcap) == name(&database)) else {
            continue;
        };
        let bytes = std::fs::read(twin).unwrap();
        let mcap = Content::of(&McapRecording::open(&bytes, OpenOptions::default()).unwrap());
        let sqlite = read(&database);
        for (a, b) in sqlite.sorted().iter().zip(mcap.sorted().iter()) {
            if a != b {
                eprintln!(
                    "DIFF {} {:?} {:?}",
                    name(&database),
                    (a.0, a.1, a.2.len()),
                    (b.0, b.1, b.2.len())
                );
            }
        }
        eprintln!(
            "LEN {} {} {}",
            name(&database),
            sqlite.messages.len(),
            mcap.messages.len()
        );
        pairs += 1;
    }
    assert_eq!(pairs, 15);
}
