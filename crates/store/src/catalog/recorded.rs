//! What a batch records besides recordings: the head of the log, releases, tags, and where everything came from.
//!
//! Read [`Recorded`] first; all of it becomes visible with its batch ([`Catalog::publish`]). Not here: what an entry of the
//! log says and when a release is made (`engine`).

use super::Catalog;
use super::db::{Row, Transaction, Value};
use crate::StoreError;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// All that a batch records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The head of the log with the entries of this batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<LogHead>,
    /// Entries of the log that are of this batch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<LogEntry>,
    /// Who stands behind commitments of these entries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<Committed>,
    /// Releases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub releases: Vec<Release>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// What came from what.
    #[serde(default)]
    pub lineage: Lineage,
}

/// The head of the log after a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogHead {
    /// Entries in the tree.
    pub size: i64,
    /// Its root, 64 hexadecimal digits.
    pub root: String,
    /// The signed checkpoint, as it is written.
    pub checkpoint: String,
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Its place in the tree, from 0.
    pub entry: i64,
    /// The batch it is of.
    pub sequence: i64,
    /// What it says: `ingest`, `check`, `contract`, `release`, …
    pub kind: String,
    /// What it is about: `batch:7`, `night-rain@2`, `contract:front-camera@1`.
    pub subject: String,
}

/// A value behind a commitment; erasing the row makes the commitment say nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// The commitment, 64 hexadecimal digits.
    pub commitment: String,
    /// What it is for: `actor`.
    pub purpose: String,
    /// Its salt, 64 hexadecimal digits.
    pub salt: String,
    /// The value.
    pub value: String,
}

/// A release as the catalogue knows it; what it holds is in its manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Its name.
    pub name: String,
    /// Its version, from 1.
    pub version: i64,
    /// Digest of its manifest, which also names its folder: `releases/<digest>/`.
    pub manifest_sha256: String,
    /// Size of its manifest.
    pub manifest_bytes: i64,
    /// Members.
    pub members: i64,
    /// The batch whose tables it was made from.
    pub tables_at: i64,
    /// When it was made, nanoseconds since 1970.
    pub created_ns: i64,
    /// Who made it, as a commitment.
    pub actor: String,
    /// What stands outside the digested part, canonical JSON of `engine`.
    pub envelope: String,
}

/// A name for a version of a release. Setting it again adds a row; the newest holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// The tag.
    pub tag: String,
    /// Name of the release.
    pub release: String,
    /// Its version.
    pub version: i64,
}

/// Things and what they came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// Things, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<Node>,
    /// What was done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<Operation>,
    /// Which thing came from which.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edges: Vec<Edge>,
}

/// A thing that something came from, or that came from something; it never changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Node {
    /// Its id: `r-…`, `blob:<sha256>`, `night-rain@2`, `contract:front-camera@1`, `policy:default@3`.
    pub node_id: String,
    /// What it is: `blob`, `recording`, `release`, `contract`, `policy`, `file`, …
    pub kind: String,
    /// Name for people.
    pub name: String,
    /// SHA-256 of its content, where it has one.
    pub sha256: Option<String>,
}

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Operation {
    /// Its id.
    pub operation_id: String,
    /// The verb: `ingest`, `release`, …
    pub verb: String,
    /// SHA-256 of its plan.
    pub plan_sha256: String,
    /// Who did it, as a commitment.
    pub actor: String,
    /// When, nanoseconds since 1970.
    pub time_ns: i64,
}

/// That one thing came from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Edge {
    /// What came.
    pub child: String,
    /// From what.
    pub parent: String,
    /// By which operation.
    pub operation_id: String,
}

impl Catalog {
    /// The head of the log after a batch, the last where none is named; none where nothing was signed yet.
    pub async fn log_head(&self, sequence: Option<i64>) -> Result<Option<LogHead>, StoreError> {
        let last = sequence.unwrap_or(i64::MAX);
        let sql = "SELECT h.size, h.root, h.checkpoint FROM log_heads h JOIN batches b ON b.sequence = h.sequence \
                   WHERE b.state = 'published' AND h.sequence <= $1 ORDER BY h.sequence DESC LIMIT 1";
        let rows = self.db.rows(sql, &[last.into()]).await?;
        let one = |row: &Row| {
            Ok(LogHead {
                size: row.get(0)?,
                root: row.get(1)?,
                checkpoint: row.get(2)?,
            })
        };
        rows.first().map(one).transpose()
    }

    /// Every head of the log that was published, with the number of its batch, first first.
    pub async fn log_heads(&self) -> Result<Vec<(i64, LogHead)>, StoreError> {
        let sql =
            "SELECT h.size, h.root, h.checkpoint, h.sequence FROM log_heads h ORDER BY h.sequence";
        let rows = self.db.rows(sql, &[]).await?;
        let one = |row: &Row| {
            let head = LogHead {
                size: row.get(0)?,
                root: row.get(1)?,
                checkpoint: row.get(2)?,
            };
            Ok((row.get(3)?, head))
        };
        rows.iter().map(one).collect()
    }

    /// Number, name and state (`open`, `published`) of every batch, first first.
    pub async fn batch_rows(&self) -> Result<Vec<(i64, String, String)>, StoreError> {
        let sql = "SELECT sequence, plan_sha256, state FROM batches ORDER BY sequence";
        let rows = self.db.rows(sql, &[]).await?;
        let one = |row: &Row| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        rows.iter().map(one).collect()
    }

    /// Which batch made which version of which table.
    pub async fn version_rows(&self) -> Result<Vec<(i64, String, i64)>, StoreError> {
        let sql =
            "SELECT sequence, table_name, version FROM versions ORDER BY sequence, table_name";
        let rows = self.db.rows(sql, &[]).await?;
        let one = |row: &Row| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        rows.iter().map(one).collect()
    }

    /// Which batch brought which recording.
    pub async fn recording_rows(&self) -> Result<Vec<(i64, String)>, StoreError> {
        let sql = "SELECT sequence, recording_id FROM recordings ORDER BY sequence, recording_id";
        let rows = self.db.rows(sql, &[]).await?;
        let one = |row: &Row| Ok((row.get(0)?, row.get(1)?));
        rows.iter().map(one).collect()
    }

    /// Every tag that was ever set, with the number of its batch.
    pub async fn tag_rows(&self) -> Result<Vec<(i64, Tag)>, StoreError> {
        let sql = "SELECT tag, release, version, sequence FROM tags ORDER BY sequence, tag";
        let rows = self.db.rows(sql, &[]).await?;
        let one = |row: &Row| {
            let tag = Tag {
                tag: row.get(0)?,
                release: row.get(1)?,
                version: row.get(2)?,
            };
            Ok((row.get(3)?, tag))
        };
        rows.iter().map(one).collect()
    }

    /// Every entry of the log, by number.
    pub async fn log_entries(&self) -> Result<Vec<LogEntry>, StoreError> {
        let sql = "SELECT entry, sequence, kind, subject FROM log_entries ORDER BY entry";
        let rows = self.db.rows(sql, &[]).await?;
        let one = |row: &Row| {
            Ok(LogEntry {
                entry: row.get(0)?,
                sequence: row.get(1)?,
                kind: row.get(2)?,
                subject: row.get(3)?,
            })
        };
        rows.iter().map(one).collect()
    }

    /// Every value behind a commitment that was not erased.
    pub async fn commitments(&self) -> Result<Vec<Committed>, StoreError> {
        let sql = "SELECT commitment, purpose, salt, value FROM commitments ORDER BY commitment";
        let rows = self.db.rows(sql, &[]).await?;
        let one = |row: &Row| {
            Ok(Committed {
                commitment: row.get(0)?,
                purpose: row.get(1)?,
                salt: row.get(2)?,
                value: row.get(3)?,
            })
        };
        rows.iter().map(one).collect()
    }

    /// Every release, by name and version.
    pub async fn releases(&self) -> Result<Vec<Release>, StoreError> {
        let sql = "SELECT r.name, r.version, r.manifest_sha256, r.manifest_bytes, r.members, r.tables_at, r.created_ns, \
                   r.actor, r.envelope FROM releases r JOIN batches b ON b.sequence = r.sequence \
                   WHERE b.state = 'published' ORDER BY r.name, r.version";
        let rows = self.db.rows(sql, &[]).await?;
        rows.iter().map(release).collect()
    }

    /// The tags in force, by name and release: every release has its own.
    pub async fn tags(&self) -> Result<Vec<Tag>, StoreError> {
        let sql = "SELECT t.tag, t.release, t.version FROM tags t WHERE t.sequence = \
                   (SELECT MAX(u.sequence) FROM tags u WHERE u.tag = t.tag AND u.release = t.release) ORDER BY t.tag, t.release";
        let rows = self.db.rows(sql, &[]).await?;
        let one = |row: &Row| {
            Ok(Tag {
                tag: row.get(0)?,
                release: row.get(1)?,
                version: row.get(2)?,
            })
        };
        rows.iter().map(one).collect()
    }
}

fn release(row: &Row) -> Result<Release, StoreError> {
    Ok(Release {
        name: row.get(0)?,
        version: row.get(1)?,
        manifest_sha256: row.get(2)?,
        manifest_bytes: row.get(3)?,
        members: row.get(4)?,
        tables_at: row.get(5)?,
        created_ns: row.get(6)?,
        actor: row.get(7)?,
        envelope: row.get(8)?,
    })
}

impl Recorded {
    /// Writes it down with its batch; what is there already stays.
    pub(super) async fn write(
        &self,
        open: &mut Transaction,
        sequence: i64,
    ) -> Result<(), StoreError> {
        if let Some(head) = &self.head {
            let sql = "INSERT INTO log_heads (sequence, size, root, checkpoint) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT (sequence) DO NOTHING";
            let values = [
                sequence.into(),
                head.size.into(),
                head.root.as_str().into(),
                head.checkpoint.as_str().into(),
            ];
            open.run(sql, &values).await?;
        }
        for one in &self.entries {
            let sql = "INSERT INTO log_entries (entry, sequence, kind, subject) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT (entry) DO NOTHING";
            let values = [
                one.entry.into(),
                sequence.into(),
                one.kind.as_str().into(),
                one.subject.as_str().into(),
            ];
            open.run(sql, &values).await?;
        }
        for one in &self.people {
            let sql = "INSERT INTO commitments (commitment, purpose, salt, value) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT (commitment) DO NOTHING";
            let values = [&one.commitment, &one.purpose, &one.salt, &one.value];
            open.run(sql, &values.map(|text| Value::from(text.as_str())))
                .await?;
        }
        for one in &self.releases {
            one.write(open, sequence).await?;
        }
        for one in &self.tags {
            let sql = "INSERT INTO tags (tag, sequence, release, version) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT (tag, sequence) DO NOTHING";
            let values = [
                one.tag.as_str().into(),
                sequence.into(),
                one.release.as_str().into(),
                one.version.into(),
            ];
            open.run(sql, &values).await?;
        }
        self.lineage.write(open, sequence).await
    }
}

impl Release {
    async fn write(&self, open: &mut Transaction, sequence: i64) -> Result<(), StoreError> {
        let sql = "INSERT INTO releases (name, version, manifest_sha256, manifest_bytes, members, tables_at, created_ns, \
                   actor, envelope, sequence) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
                   ON CONFLICT (name, version) DO NOTHING";
        let values = [
            self.name.as_str().into(),
            self.version.into(),
            self.manifest_sha256.as_str().into(),
            self.manifest_bytes.into(),
            self.members.into(),
            self.tables_at.into(),
            self.created_ns.into(),
            self.actor.as_str().into(),
            self.envelope.as_str().into(),
            sequence.into(),
        ];
        open.run(sql, &values).await.map(drop)
    }
}

/// Rows of one statement: writing ten thousand one by one would take seconds.
const AT_ONCE: usize = 100;

/// Statements that add rows of one table; what is there already stays.
struct Insert {
    many: String,
    one: String,
    columns: usize,
}

impl Insert {
    fn new(table: &str, columns: &[&str], keys: usize) -> Self {
        let key = columns.get(..keys).unwrap_or_default().join(", ");
        let of = |rows: usize| {
            let values = (0..rows).map(|row| {
                let bound = (1..=columns.len()).map(|at| format!("${}", row * columns.len() + at));
                format!("({})", bound.collect::<Vec<_>>().join(", "))
            });
            format!(
                "INSERT INTO {table} ({}) VALUES {} ON CONFLICT ({key}) DO NOTHING",
                columns.join(", "),
                values.collect::<Vec<_>>().join(", ")
            )
        };
        Self {
            many: of(AT_ONCE),
            one: of(1),
            columns: columns.len(),
        }
    }

    /// Adds rows, their values one after the other.
    async fn run(
        &'static self,
        open: &mut Transaction,
        values: &[Value],
    ) -> Result<(), StoreError> {
        let (many, rest) = values.split_at(values.len() - values.len() % (AT_ONCE * self.columns));
        for rows in many.chunks(AT_ONCE * self.columns) {
            open.run(&self.many, rows).await?;
        }
        for row in rest.chunks(self.columns) {
            open.run(&self.one, row).await?;
        }
        Ok(())
    }
}

static NODES: LazyLock<Insert> =
    LazyLock::new(|| Insert::new("nodes", &["node_id", "kind", "name", "sha256"], 1));
static OPERATIONS: LazyLock<Insert> = LazyLock::new(|| {
    let columns = [
        "operation_id",
        "verb",
        "plan_sha256",
        "actor",
        "time_ns",
        "sequence",
    ];
    Insert::new("operations", &columns, 1)
});
static EDGES: LazyLock<Insert> =
    LazyLock::new(|| Insert::new("edges", &["child", "parent", "operation_id"], 3));

impl Lineage {
    async fn write(&self, open: &mut Transaction, sequence: i64) -> Result<(), StoreError> {
        let nodes = self.nodes.iter().flat_map(|one| {
            let texts = [&one.node_id, &one.kind, &one.name].map(|text| text.as_str().into());
            texts.into_iter().chain([one.sha256.clone().into()])
        });
        NODES.run(open, &nodes.collect::<Vec<_>>()).await?;
        let operations = self.operations.iter().flat_map(|one| {
            let texts = [&one.operation_id, &one.verb, &one.plan_sha256, &one.actor];
            let texts = texts.map(|text| text.as_str().into());
            texts
                .into_iter()
                .chain([one.time_ns.into(), sequence.into()])
        });
        OPERATIONS
            .run(open, &operations.collect::<Vec<_>>())
            .await?;
        let edges = self.edges.iter().flat_map(|one| {
            [&one.child, &one.parent, &one.operation_id].map(|text| text.as_str().into())
        });
        EDGES.run(open, &edges.collect::<Vec<_>>()).await
    }
}
