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

/// A bag as an old rosbag2 wrote it: no quality of service, no definitions.
fn old_bag(rows: &[(i64, i64, Vec<u8>)]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old_0.db3");
    let mut connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE topics(id INTEGER PRIMARY KEY,name TEXT NOT NULL,type TEXT NOT NULL,serialization_format TEXT NOT NULL);
             CREATE TABLE messages(id INTEGER PRIMARY KEY,topic_id INTEGER NOT NULL,timestamp INTEGER NOT NULL, data BLOB NOT NULL);
             CREATE INDEX timestamp_idx ON messages (timestamp ASC);
             INSERT INTO topics VALUES (1, '/imu', 'sensor_msgs/msg/Imu', 'cdr'), (2, '/own', 'my_msgs/msg/Own', 'cdr');",
        )
        .unwrap();
    insert(&mut connection, rows);
    (folder, path)
}

fn insert(connection: &mut rusqlite::Connection, rows: &[(i64, i64, Vec<u8>)]) {
    let transaction = connection.transaction().unwrap();
    for (topic, time, data) in rows {
        transaction
            .execute(
                "INSERT INTO messages(topic_id, timestamp, data) VALUES (?1, ?2, ?3)",
                (topic, time, data),
            )
            .unwrap();
    }
    transaction.commit().unwrap();
}

/// Rows of 8 bytes to some pages, a millisecond apart.
fn rows(count: usize, largest: usize) -> Vec<(i64, i64, Vec<u8>)> {
    let mut random = Lcg::new(3);
    (0..count)
        .map(|i| {
            let data = (0..8 + random.below(largest)).map(|j| u8::try_from((i + j) % 251).unwrap());
            (1, 1_000_000 * i64::try_from(i).unwrap(), data.collect())
        })
        .collect()
}

fn payloads(content: &Content) -> Vec<&[u8]> {
    content
        .messages
        .iter()
        .map(|message| message.2.as_slice())
        .collect()
}

#[test]
fn old_bags_get_standard_definitions() {
    let (_folder, path) = old_bag(&rows(3, 10));
    let content = read(&path);
    let [imu, own] = content.channels.as_slice() else {
        panic!("{:?}", content.channels);
    };
    let schema = imu.schema.as_ref().unwrap();
    assert_eq!(
        (schema.encoding.as_str(), imu.message_encoding.as_str()),
        ("ros2msg", "cdr")
    );
    assert!(
        schema
            .data
            .starts_with(b"std_msgs/Header header\ngeometry_msgs/Quaternion orientation")
    );
    assert!(own.schema.as_ref().unwrap().data.is_empty());
    assert_eq!(content.codes(), ["structure.definition_missing"]);
}

#[test]
fn many_rows_make_several_units_in_order() {
    let rows = rows(10_000, 200);
    let (_folder, path) = old_bag(&rows);
    let recording = SqliteRecording::open(&path, None).unwrap();
    assert_eq!(recording.unit_count(), 3);
    let content = Content::of(&recording);
    let expected: Vec<&[u8]> = rows.iter().map(|row| row.2.as_slice()).collect();
    assert!(payloads(&content) == expected);
    assert_eq!(content.codes(), ["structure.definition_missing"]);
    let total: u64 = (0..3).map(|unit| recording.unit_bytes(unit)).sum();
    assert!(total <= std::fs::metadata(&path).unwrap().len());
}

#[test]
fn large_rows_survive_a_cut_and_a_destroyed_page() {
    let rows = rows(300, 20_000);
    let (_folder, path) = old_bag(&rows);
    let bytes = std::fs::read(&path).unwrap();
    let all: Vec<&[u8]> = rows.iter().map(|row| row.2.as_slice()).collect();

    let (_folder, path) = scratch(&bytes[..bytes.len() / 2], "old_0.db3");
    let content = read(&path);
    let kept = payloads(&content);
    assert!(kept.len() > 100 && kept.iter().all(|data| all.contains(data)));
    assert!(content.codes().contains(&"loss.truncated"));

    // A zeroed page in the middle costs the rows that touch it, and they are counted.
    let mut damaged = bytes.clone();
    let page = damaged.len() / 4096 / 2;
    damaged[page * 4096..(page + 1) * 4096].fill(0);
    let (_folder, path) = scratch(&damaged, "old_0.db3");
    let content = read(&path);
    let kept = payloads(&content);
    let whole = kept.iter().filter(|data| all.contains(data)).count();
    // Overflow pages carry no checksum: a zeroed one that ends its chain reads as zeros.
    assert!(whole >= 295, "{whole}");
    let lost: u64 = content
        .losses()
        .iter()
        .filter_map(|loss| loss.messages)
        .sum();
    assert_eq!(
        kept.len() + usize::try_from(lost).unwrap(),
        rows.len(),
        "{:?}",
        content.losses()
    );
}

#[test]
fn a_destroyed_leaf_is_counted_exactly() {
    let rows = rows(2000, 20);
    let (_folder, path) = old_bag(&rows);
    let mut bytes = std::fs::read(&path).unwrap();
    let leaves = bytes
        .chunks(4096)
        .enumerate()
        .filter(|(_, page)| page[0] == 13);
    let (leaf, page) = leaves.clone().nth(8).unwrap();
    let count = usize::from(page[3]) << 8 | usize::from(page[4]);
    bytes[leaf * 4096..(leaf + 1) * 4096].fill(0xa5);
    let (_folder, path) = scratch(&bytes, "old_0.db3");
    let content = read(&path);
    assert_eq!(content.messages.len(), rows.len() - count);
    let lost: u64 = content
        .losses()
        .iter()
        .map(|loss| loss.messages.unwrap())
        .sum();
    assert_eq!(lost, count as u64);
    assert!(content.codes().contains(&"structure.sqlite_damaged"));
}

#[test]
fn deleted_rows_are_a_note_and_no_loss() {
    let (_folder, path) = old_bag(&rows(200, 20));
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch("DELETE FROM messages WHERE id % 3 = 0; VACUUM;")
        .unwrap();
    drop(connection);
    let content = read(&path);
    assert_eq!(content.messages.len(), 134);
    assert!(content.losses().is_empty());
    assert_eq!(
        content.codes(),
        ["structure.definition_missing", "structure.row_gap"]
    );
}

#[test]
fn a_write_ahead_log_is_read_and_left_alone() {
    let (folder, path) = old_bag(&rows(10, 20));
    let mut connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .pragma_update(None, "journal_mode", "wal")
        .unwrap();
    connection
        .pragma_update(None, "wal_autocheckpoint", 0)
        .unwrap();
    insert(&mut connection, &rows(5, 20));
    // The recorder is gone before it closes the file.
    let crashed = tempfile::tempdir().unwrap();
    for name in ["old_0.db3", "old_0.db3-wal"] {
        std::fs::copy(folder.path().join(name), crashed.path().join(name)).unwrap();
    }
    let before = std::fs::read(crashed.path().join("old_0.db3-wal")).unwrap();
    let content = read(&crashed.path().join("old_0.db3"));
    assert_eq!(content.messages.len(), 15);
    assert!(content.codes().contains(&"structure.journal_leftover"));
    assert_eq!(
        std::fs::read(crashed.path().join("old_0.db3-wal")).unwrap(),
        before
    );
    assert_eq!(std::fs::read_dir(crashed.path()).unwrap().count(), 2);
}

#[test]
fn an_unfinished_transaction_is_rolled_back_in_the_copy() {
    let (folder, path) = old_bag(&rows(400, 20));
    let mut connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "cache_size", 1).unwrap();
    // More than the cache holds, so pages reach the file before the transaction ends.
    let transaction = connection.transaction().unwrap();
    for i in 0..4000 {
        transaction
            .execute(
                "INSERT INTO messages(topic_id, timestamp, data) VALUES (1, ?1, x'00')",
                [i],
            )
            .unwrap();
    }
    let crashed = tempfile::tempdir().unwrap();
    for name in ["old_0.db3", "old_0.db3-journal"] {
        std::fs::copy(folder.path().join(name), crashed.path().join(name)).unwrap();
    }
    let content = read(&crashed.path().join("old_0.db3"));
    assert_eq!(content.messages.len(), 400, "{:?}", content.codes());
    assert!(content.codes().contains(&"structure.journal_leftover"));
    assert_eq!(std::fs::read_dir(crashed.path()).unwrap().count(), 2);
}

#[test]
fn rows_of_the_wrong_kind_are_lost_and_counted() {
    let (_folder, path) = old_bag(&rows(20, 20));
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch("UPDATE messages SET data = 'text' WHERE id = 4; UPDATE messages SET topic_id = 'x' WHERE id = 9; UPDATE messages SET topic_id = 77 WHERE id = 11;")
        .unwrap();
    drop(connection);
    let content = read(&path);
    assert_eq!(content.messages.len(), 18);
    let lost: Vec<_> = content
        .losses()
        .iter()
        .map(|loss| (loss.code.as_str(), loss.messages))
        .collect();
    assert_eq!(lost, [("loss.record", Some(1)), ("loss.record", Some(1))]);
    assert!(content.codes().contains(&"structure.undefined_channel"));
    let undefined: u64 = content
        .summaries
        .iter()
        .map(|s| s.undefined_channel_messages)
        .sum();
    assert_eq!(undefined, 1);
}

#[test]
fn files_that_are_no_bag_are_refused_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.db3");
    rusqlite::Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE a(b); INSERT INTO a VALUES (1);")
        .unwrap();
    let error = SqliteRecording::open(&other, None).unwrap_err();
    assert!(matches!(error, SqliteError::NotABag), "{error}");
    assert!(error.to_string().contains("hint: "));

    let (_folder, path) = old_bag(&rows(3, 3));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[..100].fill(0);
    let (_folder, path) = scratch(&bytes, "old_0.db3");
    let error = SqliteRecording::open(&path, None).unwrap_err();
    assert_eq!(error.code(), "rosbag2_sqlite3.header");

    let error = SqliteRecording::open(&folder.path().join("absent.db3"), None).unwrap_err();
    assert_eq!(error.code(), "rosbag2_sqlite3.io");
}

#[test]
fn broken_metadata_is_noted() {
    let (_folder, path) = old_bag(&rows(3, 3));
    let content = Content::of(&SqliteRecording::open(&path, Some("a: [")).unwrap());
    assert_eq!(content.messages.len(), 3);
    assert!(content.codes().contains(&"structure.metadata_unreadable"));
}
