//! Where messages are: what the tables `recordings`, `channels` and `chunks` say of the files.

use super::{Recordings, Wanted, meant, several};
use crate::QueryError;
use datafusion::arrow::array::{Array, AsArray as _, RecordBatch};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::common::DataFusionError;
use datafusion::logical_expr::{Expr, col, lit};
use datafusion::prelude::SessionContext;
use fieldassay_formats::{Channel, Format, Schema};
use fieldassay_model::nearest;
use fieldassay_store::Blobs;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Largest definition of a message type, bytes.
const MOST_SCHEMA_BYTES: u64 = 16 << 20;
/// SHA-256 of nothing: a schema without bytes is no blob.
const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/// Recordings that are named one by one when their parts are looked up; beyond, all are.
const MOST_NAMED: usize = 500;

/// Finds the parts of recordings.
#[derive(Clone)]
pub(crate) struct Directory {
    /// A session with the tables of record alone.
    pub(crate) context: SessionContext,
    pub(crate) blobs: Blobs,
    pub(crate) recordings: Option<Arc<dyn Recordings>>,
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Directory")
            .field("blobs", &self.blobs)
            .finish_non_exhaustive()
    }
}

/// A channel as its row says.
#[derive(Clone, Debug)]
pub(crate) struct ChannelRow {
    pub(crate) recording_id: Arc<str>,
    pub(crate) id: u32,
    pub(crate) topic: Arc<str>,
    pub(crate) message_encoding: String,
    pub(crate) message_count: u64,
    /// Name, encoding and digest of the definition.
    pub(crate) schema: Option<(String, String, String)>,
    pub(crate) times: Option<(i64, i64)>,
    pub(crate) metadata_json: Option<String>,
}

/// A recording and those of its channels that are wanted.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) recording_id: Arc<str>,
    pub(crate) format: Option<Format>,
    /// Topics by number of the channel.
    pub(crate) topics: BTreeMap<u32, Arc<str>>,
}

/// Something that is read at once.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) source: Arc<Source>,
    /// Where its bytes are; none for a recording that is read whole.
    pub(crate) range: Option<PartRange>,
    /// Messages of each wanted channel.
    pub(crate) counts: Vec<(u32, u64)>,
    /// Smallest and largest log time.
    pub(crate) times: Option<(i64, i64)>,
}

#[derive(Clone, Debug)]
pub(crate) struct PartRange {
    pub(crate) blob_sha256: String,
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

impl Part {
    pub(crate) fn messages(&self) -> u64 {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    pub(crate) fn wanted(&self, (start_ns, end_ns): (i64, i64)) -> Wanted {
        Wanted {
            channels: self.source.topics.keys().copied().collect(),
            start_ns,
            end_ns,
        }
    }
}

impl Directory {
    /// Channels for which all filters over their columns are true, by recording and number.
    pub(crate) async fn channels(
        &self,
        filters: &[Expr],
    ) -> Result<Vec<ChannelRow>, DataFusionError> {
        let names = [
            "recording_id",
            "channel",
            "topic",
            "schema_name",
            "schema_encoding",
            "schema_sha256",
            "message_encoding",
            "message_count",
            "start_ns",
            "end_ns",
            "metadata_json",
        ];
        let rows = self.rows("channels", &names, filters).await?;
        let mut channels = Vec::new();
        for rows in &rows {
            let (text, integer) = (|name| texts(rows, name), |name| integers(rows, name));
            for row in 0..rows.num_rows() {
                let schema = match (
                    text("schema_name")(row),
                    text("schema_encoding")(row),
                    text("schema_sha256")(row),
                ) {
                    (Some(name), Some(encoding), Some(sha256)) => Some((name, encoding, sha256)),
                    _ => None,
                };
                channels.push(ChannelRow {
                    recording_id: text("recording_id")(row).unwrap_or_default().into(),
                    id: integer("channel")(row)
                        .and_then(|id| u32::try_from(id).ok())
                        .unwrap_or_default(),
                    topic: text("topic")(row).unwrap_or_default().into(),
                    message_encoding: text("message_encoding")(row).unwrap_or_default(),
                    message_count: count(integer("message_count")(row)),
                    schema,
                    times: integer("start_ns")(row).zip(integer("end_ns")(row)),
                    metadata_json: text("metadata_json")(row),
                });
            }
        }
        channels.sort_by(|a, b| (&a.recording_id, a.id).cmp(&(&b.recording_id, b.id)));
        Ok(channels)
    }

    /// The parts that hold messages of these channels, in the order of the files; the channels are sorted by recording.
    pub(crate) async fn parts(
        &self,
        channels: &[ChannelRow],
    ) -> Result<Vec<Part>, DataFusionError> {
        let with_messages = channels.iter().filter(|row| row.message_count > 0);
        let ids: BTreeSet<&str> = with_messages.map(|row| row.recording_id.as_ref()).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let named = if ids.len() <= MOST_NAMED {
            let list = ids.iter().map(|id| lit(*id)).collect();
            vec![col("recording_id").in_list(list, false)]
        } else {
            Vec::new()
        };
        let sources = self.sources(channels, &ids, &named).await?;
        let mut parts = self.chunks(&sources, &named).await?;
        // What has no parts is read whole.
        let in_parts: BTreeSet<Arc<str>> =
            parts.iter().map(|(key, _)| Arc::clone(&key.0)).collect();
        for (id, source) in &sources {
            if in_parts.contains(id) {
                continue;
            }
            let of_source = channels.iter().filter(|row| row.recording_id == *id);
            let counts = of_source.clone().map(|row| (row.id, row.message_count));
            let times = of_source.filter_map(|row| row.times);
            let part = Part {
                source: Arc::clone(source),
                range: None,
                counts: counts.collect(),
                times: times.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))),
            };
            parts.push(((Arc::clone(id), 0), part));
        }
        parts.sort_by(|a, b| a.0.cmp(&b.0));
        let parts = parts.into_iter().map(|(_, part)| part);
        Ok(parts.filter(|part| part.messages() > 0).collect())
    }

    async fn sources(
        &self,
        channels: &[ChannelRow],
        ids: &BTreeSet<&str>,
        named: &[Expr],
    ) -> Result<BTreeMap<Arc<str>, Arc<Source>>, DataFusionError> {
        let rows = self
            .rows("recordings", &["recording_id", "format"], named)
            .await?;
        let mut formats = BTreeMap::new();
        for rows in &rows {
            for row in 0..rows.num_rows() {
                let id = texts(rows, "recording_id")(row).unwrap_or_default();
                let name = texts(rows, "format")(row).unwrap_or_default();
                let format = Format::ALL.into_iter().find(|format| format.name() == name);
                formats.insert(id, format);
            }
        }
        let mut sources: BTreeMap<Arc<str>, Source> = BTreeMap::new();
        for channel in channels {
            if !ids.contains(channel.recording_id.as_ref()) {
                continue;
            }
            let source = sources
                .entry(Arc::clone(&channel.recording_id))
                .or_insert_with(|| Source {
                    recording_id: Arc::clone(&channel.recording_id),
                    format: formats
                        .get(channel.recording_id.as_ref())
                        .copied()
                        .flatten(),
                    topics: BTreeMap::new(),
                });
            source.topics.insert(channel.id, Arc::clone(&channel.topic));
        }
        let shared = sources
            .into_iter()
            .map(|(id, source)| (id, Arc::new(source)));
        Ok(shared.collect())
    }

    /// Chunks of recordings that are wanted, with recording and number.
    async fn chunks(
        &self,
        sources: &BTreeMap<Arc<str>, Arc<Source>>,
        named: &[Expr],
    ) -> Result<Vec<((Arc<str>, i64), Part)>, DataFusionError> {
        let names = [
            "recording_id",
            "chunk",
            "blob_sha256",
            "offset_bytes",
            "length_bytes",
            "start_ns",
            "end_ns",
            "channels",
            "channel_message_counts",
        ];
        let rows = self.rows("chunks", &names, named).await?;
        let mut parts = Vec::new();
        for rows in &rows {
            let integer = |name| integers(rows, name);
            for row in 0..rows.num_rows() {
                let id = texts(rows, "recording_id")(row).unwrap_or_default();
                let Some((id, source)) = sources.get_key_value(id.as_str()) else {
                    continue;
                };
                let channels = items(rows, "channels", row);
                let counts = items(rows, "channel_message_counts", row);
                let counts = channels.into_iter().zip(counts).filter_map(|(channel, n)| {
                    let channel = u32::try_from(channel).ok()?;
                    let wanted = source.topics.contains_key(&channel);
                    wanted.then(|| (channel, count(Some(n))))
                });
                let part = Part {
                    source: Arc::clone(source),
                    range: Some(PartRange {
                        blob_sha256: texts(rows, "blob_sha256")(row).unwrap_or_default(),
                        offset: count(integer("offset_bytes")(row)),
                        length: count(integer("length_bytes")(row)),
                    }),
                    counts: counts.collect(),
                    times: integer("start_ns")(row).zip(integer("end_ns")(row)),
                };
                let number = integer("chunk")(row).unwrap_or_default();
                parts.push(((Arc::clone(id), number), part));
            }
        }
        Ok(parts)
    }

    async fn rows(
        &self,
        table: &str,
        columns: &[&str],
        filters: &[Expr],
    ) -> Result<Vec<RecordBatch>, DataFusionError> {
        let mut frame = self.context.table(table).await?;
        for filter in filters {
            frame = frame.filter(filter.clone())?;
        }
        frame.select_columns(columns)?.collect().await
    }

    /// Channels of a recording with these topics, all of them where none is named. The recording is given by its id, the
    /// start of it, or its name.
    ///
    /// Errors: [`QueryError::Unknown`] with the nearest recording or topic, [`QueryError::Invalid`] for a text that may
    /// mean several recordings.
    pub(crate) async fn named(
        &self,
        recording: &str,
        topics: &[String],
    ) -> Result<Vec<ChannelRow>, QueryError> {
        let mut channels = self.of_recording(recording).await?;
        if channels.is_empty() {
            let id = self.meant(recording).await?;
            channels = self.of_recording(&id).await?;
        }
        for topic in topics {
            if !channels.iter().any(|row| row.topic.as_ref() == topic) {
                let of: Vec<&str> = channels.iter().map(|row| row.topic.as_ref()).collect();
                let near = nearest(topic, of.iter().copied());
                return Err(unknown("topic", topic, (near, &of)));
            }
        }
        let wanted =
            |row: &ChannelRow| topics.is_empty() || topics.iter().any(|topic| *topic == *row.topic);
        Ok(channels.into_iter().filter(wanted).collect())
    }

    async fn of_recording(&self, id: &str) -> Result<Vec<ChannelRow>, QueryError> {
        let channels = self.channels(&[col("recording_id").eq(lit(id))]).await;
        channels.map_err(|error| crate::explain::explain(error, "", &[]))
    }

    /// The id of the recording that a text means.
    async fn meant(&self, text: &str) -> Result<String, QueryError> {
        let rows = self.rows("recordings", &["recording_id", "name"], &[]);
        let rows = rows.await;
        let rows = rows.map_err(|error| crate::explain::explain(error, "", &[]))?;
        let mut known = Vec::new();
        for rows in &rows {
            let (id, name) = (texts(rows, "recording_id"), texts(rows, "name"));
            let pair = |row| (id(row).unwrap_or_default(), name(row).unwrap_or_default());
            known.extend((0..rows.num_rows()).map(pair));
        }
        known.sort_unstable();
        known.dedup();
        match meant(text, &known, |(id, name)| (id.as_str(), name.as_str())).as_slice() {
            [(id, _)] => Ok(id.clone()),
            [] => {
                let names = known.iter().flat_map(|(id, name)| [&**id, &**name]);
                let names = names.filter(|name| !name.is_empty());
                let ids: Vec<&str> = known.iter().map(|(id, _)| id.as_str()).collect();
                Err(unknown("recording", text, (nearest(text, names), &ids)))
            }
            found => {
                let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
                Err(QueryError::Invalid {
                    message: several(text, &ids),
                    excerpt: None,
                })
            }
        }
    }

    /// The channel with its definition, whose bytes are a blob.
    pub(crate) async fn channel(&self, row: &ChannelRow) -> Result<Channel, QueryError> {
        let schema = match &row.schema {
            None => None,
            Some((name, encoding, sha256)) => {
                let data = if sha256 == NOTHING {
                    Vec::new()
                } else {
                    let read = self.blobs.read(sha256, 0..MOST_SCHEMA_BYTES).await?;
                    read.to_vec()
                };
                Some(Arc::new(Schema {
                    name: name.clone(),
                    encoding: encoding.clone(),
                    data,
                }))
            }
        };
        let metadata = row.metadata_json.as_deref();
        let metadata = metadata.and_then(|text| serde_json::from_str(text).ok());
        Ok(Channel {
            id: row.id,
            topic: row.topic.to_string(),
            schema,
            message_encoding: row.message_encoding.clone(),
            metadata: metadata.unwrap_or_default(),
        })
    }
}

fn unknown(what: &'static str, name: &str, (near, known): (Option<&str>, &[&str])) -> QueryError {
    /// Names listed in a hint.
    const MOST_LISTED: usize = 20;
    let known: BTreeSet<&str> = known.iter().copied().collect();
    let hint = match near {
        Some(found) => format!("did you mean `{found}`?"),
        None if known.is_empty() => format!("there are no {what}s"),
        None if known.len() <= MOST_LISTED => {
            let known: Vec<&str> = known.into_iter().collect();
            format!("the {what}s are {}", known.join(", "))
        }
        None if what == "topic" => format!("the table `channels` lists its {} topics", known.len()),
        None => format!("the table `{what}s` lists all {}", known.len()),
    };
    QueryError::Unknown {
        what,
        name: name.to_owned(),
        hint,
        excerpt: None,
    }
}

fn count(value: Option<i64>) -> u64 {
    value
        .and_then(|value| u64::try_from(value).ok())
        .unwrap_or_default()
}

/// Reads a column of texts by row; none for nulls and for a column that is not there.
fn texts<'a>(rows: &'a RecordBatch, name: &str) -> impl Fn(usize) -> Option<String> + use<'a> {
    let column = rows.column_by_name(name);
    let column = column.and_then(|column| column.as_string_view_opt());
    move |row| {
        let column = column.filter(|column| column.is_valid(row))?;
        Some(column.value(row).to_owned())
    }
}

fn integers<'a>(rows: &'a RecordBatch, name: &str) -> impl Fn(usize) -> Option<i64> + use<'a> {
    let column = rows.column_by_name(name);
    let column = column.and_then(|column| column.as_primitive_opt::<Int64Type>());
    move |row| {
        let column = column.filter(|column| column.is_valid(row))?;
        Some(column.value(row))
    }
}

fn items(rows: &RecordBatch, name: &str, row: usize) -> Vec<i64> {
    let column = rows.column_by_name(name);
    let list = column.and_then(|column| column.as_list_opt::<i32>());
    let values = list.map(|list| list.value(row));
    let values = values
        .as_ref()
        .and_then(|values| values.as_primitive_opt::<Int64Type>());
    values.map_or_else(Vec::new, |values| values.values().to_vec())
}
