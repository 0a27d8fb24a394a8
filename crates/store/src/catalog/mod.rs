//! The catalogue: which batches are published, which version of each table a reader sees, and which recordings there are.
//!
//! Read [`Catalog`] and [`Batch`] first. Publishing is in steps that can all be repeated: take the publisher
//! ([`Catalog::take_publisher`]), roll forward what an interrupted one left ([`Catalog::unfinished`]), open a batch, commit its tables,
//! and last [`Catalog::publish`], by which readers see it whole. A fence, one higher for every publisher, keeps one that was given up
//! for dead from finishing.
//!
//! Not here: the tables' own versions ([`crate::Tables`]), what a batch holds (`engine`).

mod db;
mod jobs;
mod lineage;
mod packed;
mod recorded;

pub use jobs::{Claim, Job, JobState, NewJob, Retry};
pub use lineage::{Direction, LineageQuestion, Link, Links};
pub use recorded::{
    Committed, Edge, Lineage, LogEntry, LogHead, Node, Operation, Recorded, Release, Tag,
};

use crate::StoreError;
use db::{Database, Row, Transaction, Value, malformed};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Files that are read of the catalogue at a time.
const FILES_AT_ONCE: i64 = 16_384;

/// The catalogue of a workspace.
#[derive(Clone, Debug)]
pub struct Catalog {
    db: Database,
}

/// The right to publish, until its lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publisher {
    /// Who has it.
    pub owner: String,
    /// Higher than that of any publisher before.
    pub fence: i64,
}

/// What is published together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its number: steps of tables and entries of the log have the same.
    pub sequence: i64,
    /// What it came from; a plan is published once.
    pub plan_sha256: String,
    /// All that is needed to finish it, JSON of `engine`.
    pub content: String,
    /// Whether readers see it.
    pub is_published: bool,
}

/// A batch as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Published {
    /// Its number, which `--at` and `table_at` go by.
    pub sequence: i64,
    /// When readers saw it first, in microseconds since 1970.
    pub published_us: i64,
    /// Recordings it brought.
    pub recordings: i64,
    /// The plan it came from.
    pub plan_sha256: String,
}

/// A recording as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its id.
    pub recording_id: String,
    /// Name for people.
    pub name: String,
    /// Container or layout.
    pub format: String,
    /// What the policy decided.
    pub verdict: String,
    /// Whether it is kept apart because of its verdict.
    pub quarantined: bool,
    /// Its size.
    pub size_bytes: i64,
    /// Its messages.
    pub message_count: i64,
    /// Time of its first message, where it has any.
    pub start_ns: Option<i64>,
    /// Time of its last message.
    pub end_ns: Option<i64>,
}

/// A file that was ingested, by what tells without reading it that it is still the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenFile {
    /// Its path.
    pub path: String,
    /// Its size.
    pub size_bytes: i64,
    /// When it was changed last.
    pub modified_ns: i64,
    /// Its number in the file system; 0 where there is none.
    pub inode: i64,
    /// The recording it is.
    pub recording_id: String,
}

/// A file that was ingested, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// What tells that it is still the same.
    pub file: SeenFile,
    /// Container, layout or form of its recording, where it is one that was asked for.
    pub format: Option<String>,
}

/// What policies said of all recordings.
#[derive(Clone, Debug, Default)]
pub struct Verdicts {
    /// Verdicts with whether such recordings are kept apart; the first is that of most.
    kinds: Vec<(String, bool)>,
    /// Which of them, of all recordings that have another than most.
    others: HashMap<String, usize>,
}

impl Verdicts {
    /// The verdict of a recording that the workspace has, and whether it is kept apart; none where it has no recordings.
    pub fn of(&self, recording_id: &str) -> Option<(&str, bool)> {
        let kind = self.others.get(recording_id).copied().unwrap_or(0);
        let (verdict, is_quarantined) = self.kinds.get(kind)?;
        Some((verdict, *is_quarantined))
    }
}

/// What becomes visible with a batch.
#[derive(Clone, Debug, Default)]
pub struct Publication {
    /// Version of each table that was written.
    pub versions: BTreeMap<String, i64>,
    /// Recordings that are new.
    pub recordings: Vec<Listed>,
    /// Files that were read.
    pub files: Vec<SeenFile>,
    /// What else the batch records.
    pub recorded: Recorded,
}

impl Catalog {
    /// Opens a catalogue: a URL of PostgreSQL, or the path of a file, which is made where it is not there.
    ///
    /// Errors: [`StoreError::Catalog`]; [`StoreError::Newer`] for one that a newer version made.
    pub async fn open(place: &str) -> Result<Self, StoreError> {
        let is_server = ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| place.starts_with(scheme));
        let db = if is_server {
            Database::server(place).await?
        } else {
            Database::file(Path::new(place)).await?
        };
        Ok(Self { db })
    }

    /// Writes everything down and lets go of the database.
    pub async fn close(&self) {
        self.db.close().await;
    }

    /// A setting of the workspace.
    pub async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT value FROM settings WHERE name = $1";
        let rows = self.db.rows(sql, &[name.into()]).await?;
        rows.first().map(|row| row.get(0)).transpose()
    }

    /// Sets what nobody has set; gives the value in force.
    pub async fn settle(&self, name: &str, value: &str) -> Result<String, StoreError> {
        let mut open = self.db.begin().await?;
        let sql =
            "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
        open.run(sql, &[name.into(), value.into()]).await?;
        open.commit().await?;
        Ok(self
            .setting(name)
            .await?
            .unwrap_or_else(|| value.to_owned()))
    }

    /// Takes the right to publish until `until_us`, unless another has it at `now_us`.
    pub async fn take_publisher(
        &self,
        owner: &str,
        now_us: i64,
        until_us: i64,
    ) -> Result<Option<Publisher>, StoreError> {
        let mut open = self.db.begin().await?;
        let sql = "UPDATE publisher SET owner = $1, lease_until_us = $2, fence = fence + 1 \
                   WHERE one = 1 AND (owner IS NULL OR lease_until_us <= $3) RETURNING fence";
        let values = [owner.into(), until_us.into(), now_us.into()];
        let rows = open.rows(sql, &values).await?;
        open.commit().await?;
        let fence = rows.first().map(|row| row.get(0)).transpose()?;
        Ok(fence.map(|fence| Publisher {
            owner: owner.to_owned(),
            fence,
        }))
    }

    /// Keeps the right for longer. Errors: [`StoreError::Fenced`] where another has it by now.
    pub async fn keep_publisher(
        &self,
        publisher: &Publisher,
        until_us: i64,
    ) -> Result<(), StoreError> {
        let mut open = self.db.begin().await?;
        let sql = "UPDATE publisher SET lease_until_us = $1 WHERE one = 1 AND fence = $2";
        let kept = open
            .run(sql, &[until_us.into(), publisher.fence.into()])
            .await?;
        if kept == 0 {
            return Err(StoreError::Fenced);
        }
        open.commit().await
    }

    /// Gives the right back.
    pub async fn leave_publisher(&self, publisher: &Publisher) -> Result<(), StoreError> {
        let mut open = self.db.begin().await?;
        let sql =
            "UPDATE publisher SET owner = NULL, lease_until_us = 0 WHERE one = 1 AND fence = $1";
        open.run(sql, &[publisher.fence.into()]).await?;
        open.commit().await
    }

    /// Batches that were opened and never published, first first: the next publisher finishes them before all else.
    pub async fn unfinished(&self) -> Result<Vec<Batch>, StoreError> {
        let sql = "SELECT sequence, plan_sha256, content, state FROM batches \
                   WHERE state = 'open' ORDER BY sequence";
        let rows = self.db.rows(sql, &[]).await?;
        rows.iter().map(batch).collect()
    }

    /// What was published when, first first: number, time in microseconds, recordings it brought, hash of its plan.
    pub async fn published(&self) -> Result<Vec<Published>, StoreError> {
        let sql = "SELECT b.sequence, b.published_us, COUNT(r.recording_id), b.plan_sha256 FROM batches b \
                   LEFT JOIN recordings r ON r.sequence = b.sequence WHERE b.state = 'published' \
                   GROUP BY b.sequence, b.published_us, b.plan_sha256 ORDER BY b.sequence";
        let rows = self.db.rows(sql, &[]).await?;
        let one = |row: &Row| {
            Ok(Published {
                sequence: row.get(0)?,
                published_us: row.get(1)?,
                recordings: row.get(2)?,
                plan_sha256: row.get(3)?,
            })
        };
        rows.iter().map(one).collect()
    }

    /// Opens a batch, or gives the one that the plan opened before.
    ///
    /// Errors: [`StoreError::Fenced`].
    pub async fn open_batch(
        &self,
        publisher: &Publisher,
        plan_sha256: &str,
        content: &str,
        now_us: i64,
    ) -> Result<Batch, StoreError> {
        let values = [plan_sha256.into(), content.into(), now_us.into()];
        self.open_after(publisher, 0, values).await
    }

    /// Opens the batch that begins the log: number 0 of a workspace in which nothing was published yet.
    ///
    /// Errors: [`StoreError::Fenced`].
    pub async fn open_founding(
        &self,
        publisher: &Publisher,
        plan_sha256: &str,
        content: &str,
        now_us: i64,
    ) -> Result<Batch, StoreError> {
        let values = [plan_sha256.into(), content.into(), now_us.into()];
        self.open_after(publisher, -1, values).await
    }

    async fn open_after(
        &self,
        publisher: &Publisher,
        least: i64,
        [plan_sha256, content, now_us]: [Value; 3],
    ) -> Result<Batch, StoreError> {
        let mut open = self.db.begin().await?;
        fenced(&mut open, publisher).await?;
        let sql = "INSERT INTO batches (sequence, plan_sha256, state, content, opened_us) \
                   SELECT COALESCE(MAX(sequence), $4) + 1, $1, 'open', $2, $3 FROM batches WHERE true \
                   ON CONFLICT (plan_sha256) DO NOTHING";
        let values = [plan_sha256.clone(), content, now_us, least.into()];
        open.run(sql, &values).await?;
        let sql =
            "SELECT sequence, plan_sha256, content, state FROM batches WHERE plan_sha256 = $1";
        let rows = open.rows(sql, &[plan_sha256]).await?;
        open.commit().await?;
        rows.first().map_or(Err(StoreError::Fenced), batch)
    }

    /// Whether a plan opened a batch before.
    pub async fn has_batch(&self, plan_sha256: &str) -> Result<bool, StoreError> {
        let sql = "SELECT sequence FROM batches WHERE plan_sha256 = $1";
        Ok(!self.db.rows(sql, &[plan_sha256.into()]).await?.is_empty())
    }

    /// Makes a batch visible, all at once. Doing it again changes nothing.
    ///
    /// Errors: [`StoreError::Fenced`].
    pub async fn publish(
        &self,
        publisher: &Publisher,
        sequence: i64,
        publication: &Publication,
        now_us: i64,
    ) -> Result<(), StoreError> {
        let mut open = self.db.begin().await?;
        fenced(&mut open, publisher).await?;
        for (table, version) in &publication.versions {
            let sql = "INSERT INTO versions (sequence, table_name, version) VALUES ($1, $2, $3) \
                       ON CONFLICT (table_name, sequence) DO NOTHING";
            open.run(
                sql,
                &[sequence.into(), table.as_str().into(), (*version).into()],
            )
            .await?;
        }
        for one in &publication.recordings {
            add_recording(&mut open, sequence, one).await?;
        }
        for file in &publication.files {
            add_file(&mut open, file).await?;
        }
        publication.recorded.write(&mut open, sequence).await?;
        // What it was made from holds salts, which must be erasable: from now on they stand in one place.
        let sql = "UPDATE batches SET state = 'published', published_us = $1, content = '' \
                   WHERE sequence = $2 AND state = 'open'";
        open.run(sql, &[now_us.into(), sequence.into()]).await?;
        open.commit().await
    }

    /// Remembers files that were read and brought nothing new. Errors: [`StoreError::Fenced`].
    pub async fn see(&self, publisher: &Publisher, files: &[SeenFile]) -> Result<(), StoreError> {
        let mut open = self.db.begin().await?;
        fenced(&mut open, publisher).await?;
        for file in files {
            add_file(&mut open, file).await?;
        }
        open.commit().await
    }

    /// The number of the last batch that readers see; 0 before the first.
    pub async fn sequence(&self) -> Result<i64, StoreError> {
        let sql = "SELECT COALESCE(MAX(sequence), 0) FROM batches WHERE state = 'published'";
        let rows = self.db.rows(sql, &[]).await?;
        rows.first().map_or(Ok(0), |row| row.get(0))
    }

    /// Version of every table as readers see it after a batch, the last where none is named. Tables that were never
    /// written are absent.
    pub async fn versions(
        &self,
        sequence: Option<i64>,
    ) -> Result<BTreeMap<String, i64>, StoreError> {
        let last = match sequence {
            Some(sequence) => sequence,
            None => self.sequence().await?,
        };
        let sql = "SELECT v.table_name, MAX(v.version) FROM versions v \
                   JOIN batches b ON b.sequence = v.sequence \
                   WHERE b.state = 'published' AND v.sequence <= $1 GROUP BY v.table_name";
        let rows = self.db.rows(sql, &[last.into()]).await?;
        rows.iter()
            .map(|row| Ok((row.get(0)?, row.get(1)?)))
            .collect()
    }

    /// Recordings, in the order of their names.
    pub async fn recordings(&self) -> Result<Vec<Listed>, StoreError> {
        let sql = "SELECT recording_id, name, format, verdict, quarantined, size_bytes, message_count, start_ns, end_ns \
                   FROM recordings ORDER BY name, recording_id";
        let rows = self.db.rows(sql, &[]).await?;
        rows.iter().map(listed).collect()
    }

    /// Which of these ids are there already.
    pub async fn has_recording(&self, recording_id: &str) -> Result<bool, StoreError> {
        let sql = "SELECT recording_id FROM recordings WHERE recording_id = $1";
        Ok(!self.db.rows(sql, &[recording_id.into()]).await?.is_empty())
    }

    /// What is known of every file that was ever ingested, sorted by path; the format where it is one of these.
    ///
    /// Cost: a text of many files at a time, as a row of its own for each would take longer than all else.
    pub async fn seen_files(&self, formats: &[&str]) -> Result<Vec<Known>, StoreError> {
        let of_recordings = self.formats(formats).await?;
        let sql = "SELECT MAX(path), string_agg(concat(size_bytes, ' ', modified_ns, ' ', inode, ' ', length(path), ' ', \
                   recording_id, ' ', path), '') \
                   FROM (SELECT path, size_bytes, modified_ns, inode, recording_id FROM seen_files \
                   WHERE path > $1 ORDER BY path LIMIT $2) AS page";
        let mut all = Vec::new();
        let mut last = String::new();
        loop {
            let rows = self
                .db
                .rows(sql, &[last.as_str().into(), FILES_AT_ONCE.into()])
                .await?;
            let Some(row) = rows.first() else { break };
            let (Some(end), Some(text)) = (row.get::<Option<String>>(0)?, row.get(1)?) else {
                break;
            };
            let text: String = text;
            let before = all.len();
            let mut rest = text.as_str();
            while !rest.is_empty() {
                let (file, behind) = seen_file(rest).ok_or_else(|| malformed("seen_files"))?;
                let format = of_recordings.get(&file.recording_id).cloned();
                all.push(Known { file, format });
                rest = behind;
            }
            if i64::try_from(all.len() - before).unwrap_or(0) < FILES_AT_ONCE {
                break;
            }
            last = end;
        }
        // PostgreSQL may have another order than ours.
        all.sort_by(|a, b| a.file.path.cmp(&b.file.path));
        Ok(all)
    }

    /// The verdict of every recording.
    ///
    /// Cost: a pass over them for each verdict there is, and memory for those that are not as most are.
    pub async fn verdicts(&self) -> Result<Verdicts, StoreError> {
        let kinds = "SELECT verdict, quarantined FROM recordings \
                     GROUP BY verdict, quarantined ORDER BY COUNT(*) DESC, verdict";
        let ids = "SELECT recording_id FROM recordings WHERE verdict = $1 AND quarantined = $2";
        let mut all = Verdicts::default();
        for (kind, row) in self.db.rows(kinds, &[]).await?.iter().enumerate() {
            let (verdict, is_quarantined): (String, bool) = (row.get(0)?, row.get(1)?);
            if kind > 0 {
                let values = [verdict.as_str().into(), is_quarantined.into()];
                for row in &self.db.rows(ids, &values).await? {
                    all.others.insert(row.get(0)?, kind);
                }
            }
            all.kinds.push((verdict, is_quarantined));
        }
        Ok(all)
    }

    /// Recordings of these formats, with their format.
    async fn formats(&self, formats: &[&str]) -> Result<BTreeMap<String, String>, StoreError> {
        // Most workspaces have few formats, and often none of these: that is found faster than what each recording is.
        let there = self.db.rows("SELECT DISTINCT format FROM recordings", &[]);
        let there: Result<Vec<String>, StoreError> =
            there.await?.iter().map(|row| row.get(0)).collect();
        let mut formats = formats.to_vec();
        let there = there?;
        formats.retain(|format| there.iter().any(|one| one == format));
        // A list of values is not the same text for both databases, but so many values are.
        let sql = "SELECT recording_id, format FROM recordings WHERE format IN ($1, $2, $3, $4, $5, $6, $7, $8)";
        let mut found = BTreeMap::new();
        for some in formats.chunks(8) {
            let mut values = [""; 8];
            values
                .iter_mut()
                .zip(some)
                .for_each(|(value, format)| *value = format);
            let rows = self.db.rows(sql, &values.map(Value::from)).await?;
            for row in &rows {
                found.insert(row.get(0)?, row.get(1)?);
            }
        }
        Ok(found)
    }
}

async fn fenced(open: &mut Transaction, publisher: &Publisher) -> Result<(), StoreError> {
    // An update, not a look: it also keeps the next publisher out until this transaction is done.
    let sql = "UPDATE publisher SET fence = fence WHERE one = 1 AND fence = $1";
    match open.run(sql, &[publisher.fence.into()]).await? {
        0 => Err(StoreError::Fenced),
        _ => Ok(()),
    }
}

async fn add_recording(
    open: &mut Transaction,
    sequence: i64,
    one: &Listed,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO recordings (recording_id, sequence, name, format, verdict, quarantined, size_bytes, \
               message_count, start_ns, end_ns) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
               ON CONFLICT (recording_id) DO NOTHING";
    let values = [
        one.recording_id.as_str().into(),
        sequence.into(),
        one.name.as_str().into(),
        one.format.as_str().into(),
        one.verdict.as_str().into(),
        one.quarantined.into(),
        one.size_bytes.into(),
        one.message_count.into(),
        one.start_ns.into(),
        one.end_ns.into(),
    ];
    open.run(sql, &values).await.map(drop)
}

async fn add_file(open: &mut Transaction, file: &SeenFile) -> Result<(), StoreError> {
    let sql = "INSERT INTO seen_files (path, size_bytes, modified_ns, inode, recording_id) \
               VALUES ($1, $2, $3, $4, $5) ON CONFLICT (path) DO UPDATE SET \
               size_bytes = excluded.size_bytes, modified_ns = excluded.modified_ns, \
               inode = excluded.inode, recording_id = excluded.recording_id";
    let values = [
        file.path.as_str().into(),
        file.size_bytes.into(),
        file.modified_ns.into(),
        file.inode.into(),
        file.recording_id.as_str().into(),
    ];
    open.run(sql, &values).await.map(drop)
}

/// The first of the files that a text lists, and the text behind it: numbers, how many letters its path has, its recording
/// and its path, which may hold any letter.
fn seen_file(text: &str) -> Option<(SeenFile, &str)> {
    let mut rest = text;
    let mut word = || {
        let (word, behind) = rest.split_once(' ')?;
        rest = behind;
        Some(word)
    };
    let (size_bytes, modified_ns) = (word()?.parse().ok()?, word()?.parse().ok()?);
    let (inode, letters) = (word()?.parse().ok()?, word()?.parse::<usize>().ok()?);
    let recording_id = word()?.to_owned();
    let (path, behind) = packed::letters(rest, letters)?;
    let file = SeenFile {
        path: path.to_owned(),
        size_bytes,
        modified_ns,
        inode,
        recording_id,
    };
    Some((file, behind))
}

fn batch(row: &Row) -> Result<Batch, StoreError> {
    Ok(Batch {
        sequence: row.get(0)?,
        plan_sha256: row.get(1)?,
        content: row.get(2)?,
        is_published: row.get::<String>(3)? == "published",
    })
}

fn listed(row: &Row) -> Result<Listed, StoreError> {
    Ok(Listed {
        recording_id: row.get(0)?,
        name: row.get(1)?,
        format: row.get(2)?,
        verdict: row.get(3)?,
        quarantined: row.get(4)?,
        size_bytes: row.get(5)?,
        message_count: row.get(6)?,
        start_ns: row.get(7)?,
        end_ns: row.get(8)?,
    })
}
