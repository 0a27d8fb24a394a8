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

    fn counts(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for (topic, _, _) in &self.messages {
            *counts.entry(topic.as_str()).or_default() += 1;
        }
        counts
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

/// Twins that upstream recorded in two runs of the same nodes: only their counts agree.
const TWO_RUNS: [&str; 2] = ["bag_with_topics_and_service_events", "topics_and_services"];

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
            "{}: {} messages, {} topics {:?}",
            name(&path),
            content.messages.len(),
            content.channels.len(),
            content.codes()
        );
        assert!(content.losses().is_empty(), "{}", path.display());
    }
    expect![[r#"
        empty_bag_0: 0 messages, 2 topics []
        topics_and_services: 13 messages, 5 topics []
        rewriter_a_0: 150 messages, 2 topics ["structure.definition_missing"]
        rewriter_b_0: 75 messages, 2 topics ["structure.definition_missing"]
        multiple_files_0: 1324 messages, 1 topics []
        multiple_files_1: 1324 messages, 1 topics []
        multiple_files_2: 529 messages, 1 topics []
        talker: 20 messages, 3 topics []
        wbag_0: 1246 messages, 8 topics []
        wbag_1: 1240 messages, 8 topics []
        wbag_2: 1240 messages, 8 topics []
        wbag_3: 1240 messages, 8 topics []
        wbag_4: 1108 messages, 8 topics []
        bag_with_topics_and_service_events: 10 messages, 5 topics []
        cdr_test_0: 7 messages, 2 topics []
        wrong_rmw_test_0: 7 messages, 2 topics ["structure.definition_missing", "structure.metadata_mismatch"]
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
        if TWO_RUNS.contains(&name(&database).as_str()) {
            assert_eq!(sqlite.counts(), mcap.counts(), "{}", database.display());
        } else {
            assert!(sqlite.sorted() == mcap.sorted(), "{}", database.display());
        }
        pairs += 1;
    }
    assert_eq!(pairs, 15);
}

/// Writes bytes as a file of that name in a fresh folder.
fn scratch(bytes: &[u8], name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut number = 0;
    for _ in 0..8 {
        let byte = *bytes.get(*at)?;
        *at += 1;
        number = (number << 7) | u64::from(byte & 127);
        if byte < 128 {
            return Some(number);
        }
    }
    None
}

/// An independent count: rows of `messages` whose bytes all lie before the cut.
///
/// Walks the pages of the cut file; `other` are the pages of other tables. Rows must be small.
fn naive_count(bytes: &[u8], other: &[usize]) -> usize {
    let pages = bytes.chunks(4096).enumerate();
    let pages = pages.filter(|(i, page)| page.first() == Some(&13) && !other.contains(&(i + 1)));
    pages
        .map(|(_, page)| {
            let short = |at: usize| {
                page.get(at..at + 2)
                    .map(|b| usize::from(b[0]) << 8 | usize::from(b[1]))
            };
            let count = short(3).unwrap_or(0);
            let whole = (0..count).filter(|i| {
                let Some(mut at) = short(8 + 2 * i) else {
                    return false;
                };
                let (Some(len), Some(_)) = (varint(page, &mut at), varint(page, &mut at)) else {
                    return false;
                };
                at + usize::try_from(len).unwrap() <= page.len()
            });
            whole.count()
        })
        .sum()
}

/// Root pages of everything but `messages`, all of one page in these bags.
fn other_pages(path: &Path) -> Vec<usize> {
    let connection =
        rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)
            .unwrap();
    let mut statement = connection
        .prepare("SELECT rootpage FROM sqlite_master WHERE name != 'messages'")
        .unwrap();
    let pages = statement.query_map([], |row| row.get::<_, i64>(0)).unwrap();
    pages
        .map(|page| usize::try_from(page.unwrap()).unwrap())
        .collect()
}

fn wbag() -> Option<(Vec<u8>, Vec<usize>, String)> {
    let folder = shared_data("rosbag2/rosbag2_py/test/resources/sqlite3/wbag")?;
    let bytes = std::fs::read(folder.join("wbag_0.db3")).unwrap();
    // A copy, because SQLite locks what it opens in the usual way.
    let (_folder, copy) = scratch(&bytes, "wbag_0.db3");
    let metadata = std::fs::read_to_string(folder.join("metadata.yaml")).unwrap();
    Some((bytes, other_pages(&copy), metadata))
}

#[test]
fn cuts_keep_every_whole_row() {
    let Some((bytes, other, metadata)) = wbag() else {
        return;
    };
    let (_folder, path) = scratch(&bytes, "wbag_0.db3");
    let all = read(&path).messages;
    let all: Vec<_> = all.iter().map(|m| (m.1, &m.2)).collect();
    let mut random = Lcg::new(5);
    let pages = (1..=bytes.len() / 4096).map(|page| page * 4096);
    let cuts: Vec<usize> = pages
        .chain((0..200).map(|_| random.below(bytes.len())))
        .collect();
    for cut in cuts {
        let (_folder, path) = scratch(&bytes[..cut], "wbag_0.db3");
        let recording = match SqliteRecording::open(&path, Some(&metadata)) {
            Ok(recording) => recording,
            Err(SqliteError::Header) if cut < 100 => continue,
            // Without the pages of both tables there is nothing to read.
            Err(SqliteError::NotABag) if naive_count(&bytes[..cut], &other) == 0 => continue,
            Err(error) => panic!("cut at {cut}: {error}"),
        };
        let content = Content::of(&recording);
        let times: Vec<_> = content.messages.iter().map(|m| (m.1, &m.2)).collect();
        assert_eq!(
            times.len(),
            naive_count(&bytes[..cut], &other),
            "cut at {cut}"
        );
        // Rows lie back to front in a page, so a cut page keeps its later ones.
        let mut rest = all.iter();
        assert!(
            times.iter().all(|row| rest.any(|other| other == row)),
            "cut at {cut}"
        );
        if cut < bytes.len() {
            assert!(
                content.codes().contains(&"loss.truncated"),
                "{:?}",
                content.codes()
            );
        }
    }
}

#[test]
fn flips_cost_at_most_a_page() {
    let Some((bytes, _, metadata)) = wbag() else {
        return;
    };
    let (_folder, path) = scratch(&bytes, "wbag_0.db3");
    let all = Content::of(&SqliteRecording::open(&path, Some(&metadata)).unwrap());
    let mut random = Lcg::new(17);
    for _ in 0..300 {
        let (at, bit) = (random.below(bytes.len()), random.below(8));
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << bit;
        let (_folder, path) = scratch(&damaged, "wbag_0.db3");
        let recording = match SqliteRecording::open(&path, Some(&metadata)) {
            Ok(recording) => recording,
            Err(error) => {
                assert!(at < 100, "flip of bit {bit} at {at}: {error}");
                continue;
            }
        };
        let content = Content::of(&recording);
        let whole: std::collections::HashSet<_> =
            all.messages.iter().map(|m| (m.1, m.2.as_slice())).collect();
        let right = content
            .messages
            .iter()
            .filter(|m| whole.contains(&(m.1, m.2.as_slice())))
            .count();
        assert!(
            right + 100 >= all.messages.len(),
            "flip of bit {bit} at {at} keeps {right} of {}: {:?}",
            all.messages.len(),
            content.account
        );
        assert!(content.messages.len() <= all.messages.len() + 100);
        if content.messages.len() < all.messages.len() {
            assert_ne!(content.codes(), all.codes(), "flip of bit {bit} at {at}");
        }
    }
}

#[test]
fn nothing_is_written_beside_the_input() {
    let Some((bytes, _, _)) = wbag() else {
        return;
    };
    let (folder, path) = scratch(&bytes, "a name with % and ?.db3");
    assert_eq!(read(&path).messages.len(), 1246);
    let names = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(names, 1);
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}
