//! rosbag2 SQLite files as a [`Recording`].
//!
//! Read [`SqliteRecording::open`] first. Rows come through SQLite as long as it answers; where it
//! reports damage they come from the pages themselves (`salvage`). The input is opened in a way that
//! writes nothing beside it.
//!
//! Not here: the file format (`formats::rosbag2`), deciding that a file is SQLite ([`sniff`] does).

mod connect;
mod salvage;
mod tables;

use connect::Database;
use fieldassay_formats::rosbag2::{self, Metadata, Observed, PayloadError};
use fieldassay_formats::{
    Buffers, Channel, Format, Limits, Message, Notes, Recording, UnitSummary, Visitor,
};
use fieldassay_model::{Account, LossReason};
use rusqlite::types::ValueRef;
use salvage::{Pages, Salvaged};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use tables::Rows;

/// Most rows of one unit.
const UNIT_ROWS: i64 = 4096;
/// A unit holds about this many bytes at most, going by the mean size of a row.
const UNIT_BYTES: u64 = 8 << 20;
/// Leaf pages of one unit, where pages are read without SQLite.
const UNIT_LEAVES: usize = 256;

/// Why an SQLite file cannot be read as a bag.
#[derive(Debug, thiserror::Error)]
pub enum SqliteError {
    /// The file is no SQLite database, or its first page is destroyed.
    #[error(
        "the SQLite header is missing or damaged; hint: `sqlite3 FILE .recover` may find rows a bag reader cannot"
    )]
    Header,
    /// SQLite refused and the pages show no bag either.
    #[error("SQLite cannot read it: {reason}; hint: check that the file is complete and readable")]
    Sqlite {
        /// What SQLite says.
        reason: String,
    },
    /// An SQLite database of something else.
    #[error(
        "it is an SQLite database without the tables `topics` and `messages` of rosbag2; hint: give the `.db3` file of a bag"
    )]
    NotABag,
    /// A file-system call failed.
    #[error("cannot {action}: {reason}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// What the system said.
        reason: String,
    },
}

impl SqliteError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Header => "rosbag2_sqlite3.header",
            Self::Sqlite { .. } => "rosbag2_sqlite3.sqlite",
            Self::NotABag => "rosbag2_sqlite3.not_a_bag",
            Self::Io { .. } => "rosbag2_sqlite3.io",
        }
    }
}

/// Whether the bytes start as an SQLite database does.
pub fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(rosbag2::pages::MAGIC)
}

/// A rosbag2 SQLite file, opened.
///
/// Units are ranges of row ids, which is the order of writing. Channel ids are topic ids; `log_time`
/// is the receive time, nanoseconds; `publish_time` and `sequence` are none, the tables have neither.
#[derive(Debug)]
pub struct SqliteRecording {
    database: Database,
    pages: Pages,
    file_name: String,
    limits: Limits,
    channels: Vec<Channel>,
    metadata: Option<Metadata>,
    /// Whether the metadata is that of the file's own table.
    own_metadata: bool,
    units: Units,
    account: Account,
    distro: String,
}

impl SqliteRecording {
    /// Opens a file with the text of the `metadata.yaml` beside it, if there is one.
    ///
    /// A write-ahead log or rollback journal beside the file is honored through a temporary copy of
    /// both. Costs two index look-ups and the small tables; a damaged file is walked once by page.
    ///
    /// # Errors
    /// When the header is destroyed, or the database is no bag.
    pub fn open(path: &Path, metadata: Option<&str>) -> Result<Self, SqliteError> {
        Self::open_with(path, metadata, Limits::default())
    }

    /// As [`Self::open`], with limits for payloads and notes.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(
        path: &Path,
        metadata: Option<&str>,
        limits: Limits,
    ) -> Result<Self, SqliteError> {
        let mut notes = Notes::new(limits.notes_per_code);
        let database = Database::open(path, &mut notes)?;
        let pages = Pages::open(database.path())?;
        let mut account = Account::default();
        pages.note_truncation(&mut account);
        let tables = tables::read(&database, &pages, &mut notes)?;
        let own_metadata = metadata.is_none();
        let metadata = match metadata {
            Some(text) => read_metadata(text, &mut notes),
            // The table holds what was known when recording began, until recording ends; it lists
            // no topics before.
            None => tables
                .metadata
                .as_deref()
                .and_then(|text| Metadata::parse(text).ok())
                .filter(|metadata| !metadata.topics.is_empty()),
        };
        let channels = tables.channels(&mut notes);
        let units = Units::new(tables.rows, &pages);
        if units == Units::Leaves {
            note_missing_leaves(&pages, &mut account);
        }
        notes.finish(&mut account);
        Ok(Self {
            file_name: path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            database,
            pages,
            limits,
            channels,
            metadata,
            own_metadata,
            units,
            account,
            distro: tables.distro,
        })
    }

    /// The path that is read: the file itself, or its temporary copy.
    pub fn path(&self) -> &PathBuf {
        self.database.path()
    }

    fn channel(&self, id: u32) -> Option<&Channel> {
        self.channels
            .binary_search_by_key(&id, |channel| channel.id)
            .ok()
            .and_then(|at| self.channels.get(at))
    }
}

fn read_metadata(text: &str, notes: &mut Notes) -> Option<Metadata> {
    match Metadata::parse(text) {
        Ok(metadata) => Some(metadata),
        Err(error) => {
            notes.add("structure.metadata_unreadable", None, || error.to_string());
            None
        }
    }
}

/// How the recording is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Units {
    /// Ranges of row ids, read through SQLite.
    Rows { first: i64, last: i64, step: i64 },
    /// Runs of leaf pages.
    Leaves,
}

/// What one unit covers.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Unit {
    Rows(i64, i64),
    Leaves(Range<usize>),
}

impl Units {
    fn new(rows: Rows, pages: &Pages) -> Self {
        match rows {
            Rows::None => Self::Rows {
                first: 0,
                last: -1,
                step: 1,
            },
            Rows::OnPages => Self::Leaves,
            Rows::Between(first, last) => {
                // So many rows that a unit has about `UNIT_BYTES`, at most `UNIT_ROWS` of them.
                let rows = last.abs_diff(first).saturating_add(1);
                let mean_bytes = (pages.file_bytes() / rows).max(1);
                let step = i64::try_from(UNIT_BYTES / mean_bytes).unwrap_or(UNIT_ROWS);
                Self::Rows {
                    first,
                    last,
                    step: step.clamp(1, UNIT_ROWS),
                }
            }
        }
    }

    fn count(&self, pages: &Pages) -> usize {
        match *self {
            Self::Rows { first, last, .. } if last < first => 0,
            Self::Rows { first, last, step } => {
                let rows = last.abs_diff(first).saturating_add(1);
                usize::try_from(rows.div_ceil(step.unsigned_abs().max(1))).unwrap_or(usize::MAX)
            }
            Self::Leaves => pages.leaf_count().div_ceil(UNIT_LEAVES),
        }
    }

    fn get(&self, unit: usize, pages: &Pages) -> Option<Unit> {
        if unit >= self.count(pages) {
            return None;
        }
        match *self {
            Self::Rows { first, last, step } => {
                let start = i64::try_from(unit)
                    .ok()?
                    .checked_mul(step)?
                    .checked_add(first)?;
                Some(Unit::Rows(start, start.saturating_add(step - 1).min(last)))
            }
            Self::Leaves => {
                let start = unit * UNIT_LEAVES;
                Some(Unit::Leaves(
                    start..(start + UNIT_LEAVES).min(pages.leaf_count()),
                ))
            }
        }
    }
}

/// Rows whose leaf pages are gone, between those that are there.
fn note_missing_leaves(pages: &Pages, account: &mut Account) {
    let missing = pages.missing_between_leaves();
    if missing != Some(0) {
        account.losses.push(LossReason {
            code: "loss.page".into(),
            start: 0,
            end: 0,
            messages: missing,
            suspect_messages: 0,
            message: "pages with rows are missing between those that were found".into(),
        });
    }
}

impl Recording for SqliteRecording {
    fn format(&self) -> Format {
        Format::Rosbag2Sqlite3
    }

    fn channels(&self) -> &[Channel] {
        &self.channels
    }

    fn unit_count(&self) -> usize {
        self.units.count(&self.pages)
    }

    fn unit_log_times(&self, _unit: usize) -> Option<(i64, i64)> {
        None
    }

    fn unit_bytes(&self, unit: usize) -> u64 {
        let units = self.unit_count();
        if unit < units {
            self.pages.file_bytes() / units as u64
        } else {
            0
        }
    }

    fn read_unit(
        &self,
        unit: usize,
        buffers: &mut Buffers,
        visitor: &mut dyn Visitor,
    ) -> UnitSummary {
        let Some(unit) = self.units.get(unit, &self.pages) else {
            return UnitSummary::default();
        };
        let mut reader = UnitReader {
            recording: self,
            buffers,
            visitor,
            summary: UnitSummary::default(),
            notes: Notes::new(self.limits.notes_per_code),
            newest: i64::MIN,
        };
        match unit {
            Unit::Rows(first, last) => reader.read_rows(first, last),
            Unit::Leaves(leaves) => reader.read_leaves(leaves),
        }
        reader.finish()
    }

    fn account(&self, units: &[UnitSummary]) -> Account {
        let mut account = self.account.clone();
        let mut notes = Notes::new(self.limits.notes_per_code);
        let mut newest = i64::MIN;
        let mut range: Option<(i64, i64)> = None;
        let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
        for summary in units {
            for (&id, &count) in &summary.channel_messages {
                *counts.entry(id).or_default() += count;
            }
            if let Some((first, last)) = summary.log_time_range {
                if first < newest {
                    notes.add("structure.message_order", None, || {
                        format!("log time `{first}` ns in a later row than `{newest}` ns")
                    });
                }
                newest = newest.max(last);
                range = Some(range.map_or((first, last), |(a, b)| (a.min(first), b.max(last))));
            }
        }
        for (&id, &count) in counts.iter().filter(|(id, _)| self.channel(**id).is_none()) {
            notes.add("structure.undefined_channel", None, || {
                format!("topic id `{id}` has `{count}` messages and is not in the topics table")
            });
        }
        self.check_metadata(&counts, range, &mut notes);
        self.count_truncated(units, &mut account);
        notes.finish(&mut account);
        account
    }

    fn origin(&self) -> (String, String) {
        let distro = self
            .metadata
            .as_ref()
            .map(|metadata| metadata.ros_distro.clone())
            .filter(|distro| !distro.is_empty())
            .unwrap_or_else(|| self.distro.clone());
        ("ros2".into(), distro)
    }
}

impl SqliteRecording {
    fn check_metadata(
        &self,
        counts: &BTreeMap<u32, u64>,
        log_time_range: Option<(i64, i64)>,
        notes: &mut Notes,
    ) {
        let Some(metadata) = &self.metadata else {
            return;
        };
        let topics = self.channels.iter().map(|channel| {
            (
                channel.topic.as_str(),
                channel
                    .schema
                    .as_ref()
                    .map_or("", |schema| schema.name.as_str()),
                channel.message_encoding.as_str(),
                counts.get(&channel.id).copied().unwrap_or_default(),
            )
        });
        // Metadata from the file's own table names it as it was recorded, before any renaming.
        let own_name = metadata
            .relative_file_paths
            .first()
            .filter(|_| self.own_metadata);
        let observed = Observed {
            file_name: own_name.unwrap_or(&self.file_name),
            storage_identifier: "sqlite3",
            topics: topics.collect(),
            log_time_range,
        };
        metadata.check(&observed, notes);
    }

    /// Messages the file should hold by its metadata, where that counts this file alone.
    fn declared_messages(&self) -> Option<u64> {
        let metadata = self.metadata.as_ref()?;
        let file = metadata
            .files
            .iter()
            .find(|file| file.path.ends_with(&self.file_name));
        match file {
            Some(file) => Some(file.message_count),
            None if metadata.relative_file_paths.len() == 1 => metadata.message_count,
            None => None,
        }
    }

    /// Says how many messages a truncated file has lost, where the metadata tells.
    fn count_truncated(&self, units: &[UnitSummary], account: &mut Account) {
        let truncated = account
            .losses
            .iter_mut()
            .find(|loss| loss.code == "loss.truncated");
        let (Some(loss), Some(declared)) = (truncated, self.declared_messages()) else {
            return;
        };
        let read: u64 = units.iter().map(|unit| unit.messages).sum();
        let elsewhere = units.iter().flat_map(|unit| &unit.account.losses);
        let elsewhere: u64 = elsewhere.filter_map(|loss| loss.messages).sum();
        loss.messages = Some(declared.saturating_sub(read).saturating_sub(elsewhere));
    }
}

/// Reads one unit.
struct UnitReader<'r, 'v> {
    recording: &'r SqliteRecording,
    buffers: &'r mut Buffers,
    visitor: &'r mut (dyn Visitor + 'v),
    summary: UnitSummary,
    notes: Notes,
    newest: i64,
}

impl UnitReader<'_, '_> {
    /// Rows `first..=last`, through SQLite up to the first error or gap, then from the pages.
    ///
    /// rosbag2 numbers rows without gaps, so where an id is missing the pages are asked as well: a
    /// damaged page above the rows can hide them without SQLite noticing.
    fn read_rows(&mut self, first: i64, last: i64) {
        let mut next = first;
        let outcome = self.recording.database.with(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, topic_id, timestamp, data FROM messages WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
            )?;
            let mut rows = statement.query((first, last))?;
            while let Some(row) = rows.next()? {
                if row.get::<_, i64>(0)? != next {
                    break;
                }
                self.row(next, row.get_ref(1)?, row.get_ref(2)?, row.get_ref(3)?);
                next = next.saturating_add(1);
            }
            Ok(())
        });
        if next > last && outcome.is_ok() {
            return;
        }
        if let Err(error) = &outcome {
            self.notes.add("structure.sqlite_damaged", None, || {
                format!("rows `{next}..={last}`: SQLite says `{error}`")
            });
        }
        let missing = self.salvage(next, last);
        if missing == 0 {
            return;
        }
        if outcome.is_err() {
            self.lose_page(
                missing,
                format!("`{missing}` of rows `{next}..={last}` are on damaged or missing pages"),
            );
        } else {
            self.notes.add("structure.row_gap", None, || {
                format!("`{missing}` of rows `{next}..={last}` are not there")
            });
        }
    }

    /// Rows of some leaf pages.
    fn read_leaves(&mut self, leaves: Range<usize>) {
        let pages = &self.recording.pages;
        let missing = pages.rows_of_leaves(leaves, &mut |row| self.salvaged(&row));
        if missing > 0 {
            self.lose_page(missing, format!("`{missing}` rows are on damaged pages"));
        }
    }

    fn row(&mut self, id: i64, topic: ValueRef<'_>, time: ValueRef<'_>, data: ValueRef<'_>) {
        let topic = match topic {
            ValueRef::Integer(topic) => u32::try_from(topic).ok(),
            _ => None,
        };
        match (topic, time, data) {
            (Some(topic), ValueRef::Integer(time), ValueRef::Blob(data)) => {
                self.message(topic, time, data);
            }
            _ => self.lose_row(
                id,
                "loss.record",
                "a column holds a value of the wrong kind",
            ),
        }
    }

    fn message(&mut self, channel: u32, log_time: i64, data: &[u8]) {
        let limit = self.recording.limits.unit_bytes;
        let payload = rosbag2::decompress_payload(data, limit, self.buffers);
        let data = match payload {
            Ok(data) => data,
            Err(error) => {
                let code = match error {
                    PayloadError::Damaged => "loss.decompress",
                    PayloadError::TooLarge { .. } => "loss.too_large",
                };
                let message =
                    format!("message of topic id `{channel}` at `{log_time}` ns: {error}");
                self.lose_row(0, code, &message);
                return;
            }
        };
        if log_time < self.newest {
            let newest = self.newest;
            self.notes.add("structure.message_order", None, || {
                format!("topic id `{channel}`: log time `{log_time}` ns after `{newest}` ns")
            });
        }
        self.newest = self.newest.max(log_time);
        self.visitor.message(&Message {
            channel,
            sequence: None,
            log_time,
            publish_time: None,
            data,
        });
        let summary = &mut self.summary;
        summary.messages += 1;
        *summary.channel_messages.entry(channel).or_default() += 1;
        if self.recording.channel(channel).is_none() {
            summary.undefined_channel_messages += 1;
        }
        let (first, last) = summary.log_time_range.unwrap_or((log_time, log_time));
        summary.log_time_range = Some((first.min(log_time), last.max(log_time)));
    }

    fn lose_row(&mut self, id: i64, code: &str, message: &str) {
        let losses = &mut self.summary.account.losses;
        if losses.len() >= self.recording.limits.notes_per_code.max(1)
            && let Some(last) = losses.last_mut()
        {
            last.messages = last.messages.map(|messages| messages + 1);
            return;
        }
        losses.push(LossReason {
            code: code.into(),
            start: 0,
            end: 0,
            messages: Some(1),
            suspect_messages: 0,
            message: if id == 0 {
                message.into()
            } else {
                format!("row `{id}`: {message}")
            },
        });
    }

    /// Rows `next..=last` from the leaf pages that are still there; returns how many did not turn up.
    fn salvage(&mut self, next: i64, last: i64) -> u64 {
        let recording = self.recording;
        let mut found = 0_u64;
        recording.pages.rows_between(next, last, &mut |row| {
            self.salvaged(&row);
            found += 1;
        });
        last.abs_diff(next).saturating_add(1).saturating_sub(found)
    }

    /// Passes on a row from a page, or counts it as lost.
    fn salvaged(&mut self, row: &Salvaged<'_>) {
        match *row {
            Salvaged::Message {
                rowid,
                topic_id,
                timestamp,
                data,
            } => match u32::try_from(topic_id) {
                Ok(topic) => self.message(topic, timestamp, data),
                Err(_) => self.lose_row(rowid, "loss.record", "the topic id is damaged"),
            },
            Salvaged::Broken { rowid } => {
                self.lose_row(rowid, "loss.page", "its pages are damaged or missing");
            }
        }
    }

    fn lose_page(&mut self, messages: u64, message: String) {
        self.summary.account.losses.push(LossReason {
            code: "loss.page".into(),
            start: 0,
            end: 0,
            messages: Some(messages),
            suspect_messages: 0,
            message,
        });
    }

    fn finish(self) -> UnitSummary {
        let mut summary = self.summary;
        let mut account = Account::default();
        self.notes.finish(&mut account);
        summary.account.notes = account.notes;
        summary
    }
}
