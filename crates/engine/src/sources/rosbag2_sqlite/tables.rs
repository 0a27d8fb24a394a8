//! The small tables of a bag: topics, definitions, schema version, embedded metadata.

use super::SqliteError;
use super::connect::Database;
use super::salvage::{LEAST_ROW_BYTES, Pages};
use fieldassay_formats::rosbag2::{service_event_definition, standard_definition};
use fieldassay_formats::{Channel, Notes, Schema};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the small tables hold.
#[derive(Debug, Default)]
pub(super) struct Tables {
    topics: Vec<Topic>,
    /// Encoding and text by type name.
    definitions: BTreeMap<String, (String, String)>,
    /// Text of the newest row of the `metadata` table.
    pub(super) metadata: Option<String>,
    /// ROS distribution of the `schema` table, may be empty.
    pub(super) distro: String,
    /// How the rows of `messages` are reached.
    pub(super) rows: Rows,
}

/// How the rows of `messages` are reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Rows {
    /// There are none.
    #[default]
    None,
    /// Through SQLite, first and last row id.
    Between(i64, i64),
    /// From the pages: the file is cut, or SQLite cannot tell the row ids.
    OnPages,
}

#[derive(Debug)]
struct Topic {
    id: i64,
    name: String,
    type_name: String,
    serialization_format: String,
    /// `offered_qos_profiles` and `type_description_hash`, as far as the file has them.
    more: BTreeMap<String, String>,
}

/// Reads the small tables, from the pages where SQLite cannot.
pub(super) fn read(
    database: &Database,
    pages: &Pages,
    notes: &mut Notes,
) -> Result<Tables, SqliteError> {
    let names = database.with(table_names);
    let mut tables = Tables::default();
    let mut damaged = |what: &str, error: &rusqlite::Error| {
        notes.add("structure.sqlite_damaged", None, || {
            format!("{what}: SQLite says `{error}`")
        });
    };
    match &names {
        Ok(names) if !names.contains("topics") || !names.contains("messages") => {
            if !pages.truncated() && !pages.has_messages() {
                return Err(SqliteError::NotABag);
            }
        }
        Ok(_) => {}
        Err(error) => damaged("list of tables", error),
    }
    let names = names.unwrap_or_default();
    match database.with(topics) {
        Ok(topics) => tables.topics = topics,
        Err(error) => {
            damaged("table `topics`", &error);
            tables.salvage(pages);
        }
    }
    if names.contains("message_definitions") {
        match database.with(definitions) {
            Ok(definitions) => tables.definitions = definitions,
            Err(error) => {
                damaged("table `message_definitions`", &error);
                tables.salvage(pages);
            }
        }
    }
    // Neither table is needed to read messages, and old files have none.
    tables.metadata = database
        .with(|c| {
            text(
                c,
                "SELECT metadata FROM metadata ORDER BY metadata_version DESC, id DESC",
            )
        })
        .unwrap_or_default();
    tables.distro = database
        .with(|c| text(c, "SELECT ros_distro FROM schema"))
        .unwrap_or_default()
        .unwrap_or_default();
    tables.rows = match database.with(row_range) {
        Ok(rows) => Rows::plausible(rows, pages),
        Err(error) => {
            damaged("table `messages`", &error);
            Rows::OnPages
        }
    };
    if tables.topics.is_empty() && !pages.has_messages() && !names.contains("topics") {
        return Err(SqliteError::NotABag);
    }
    Ok(tables)
}

impl Rows {
    /// The row ids SQLite names, unless the file is cut or cannot hold that many rows.
    fn plausible(rows: Option<(i64, i64)>, pages: &Pages) -> Self {
        let most = pages.file_bytes() / LEAST_ROW_BYTES;
        match rows {
            _ if pages.truncated() => Self::OnPages,
            None => Self::None,
            Some((first, last)) if last.abs_diff(first) > most => Self::OnPages,
            Some((first, last)) => Self::Between(first, last),
        }
    }
}

fn table_names(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let mut statement =
        connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table'")?;
    let names = statement.query_map([], |row| row.get(0))?;
    names.collect()
}

/// First and last row id; two look-ups at the edges of the tree.
fn row_range(connection: &Connection) -> rusqlite::Result<Option<(i64, i64)>> {
    let edge = |sql| connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
    let first = edge("SELECT min(id) FROM messages")?;
    let last = edge("SELECT max(id) FROM messages")?;
    Ok(first.zip(last))
}

fn text(connection: &Connection, sql: &str) -> rusqlite::Result<Option<String>> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    match rows.next()? {
        Some(row) => row.get(0),
        None => Ok(None),
    }
}

fn topics(connection: &Connection) -> rusqlite::Result<Vec<Topic>> {
    let mut statement = connection.prepare("SELECT * FROM topics ORDER BY id")?;
    let columns: Vec<String> = statement
        .column_names()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let mut rows = statement.query([])?;
    let mut topics = Vec::new();
    while let Some(row) = rows.next()? {
        let mut texts: BTreeMap<String, String> = BTreeMap::new();
        for column in columns.iter().filter(|column| *column != "id") {
            let value = row.get_ref(column.as_str())?;
            let bytes = value.as_bytes_or_null().ok().flatten().unwrap_or_default();
            texts.insert(column.clone(), String::from_utf8_lossy(bytes).into_owned());
        }
        let mut take = |name: &str| texts.remove(name).unwrap_or_default();
        topics.push(Topic {
            id: row.get("id")?,
            name: take("name"),
            type_name: take("type"),
            serialization_format: take("serialization_format"),
            more: texts,
        });
    }
    Ok(topics)
}

fn definitions(connection: &Connection) -> rusqlite::Result<BTreeMap<String, (String, String)>> {
    let mut statement = connection.prepare(
        "SELECT topic_type, encoding, encoded_message_definition FROM message_definitions ORDER BY id",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    rows.collect()
}

impl Tables {
    /// Takes topics and definitions from the pages, by what their texts look like.
    fn salvage(&mut self, pages: &Pages) {
        for (id, texts) in pages.small_tables().texts {
            let mut texts = texts.into_iter();
            let mut next = || texts.next().unwrap_or_default();
            let (first, second, third) = (next(), next(), next());
            if matches!(second.as_str(), "ros2msg" | "ros2idl" | "unknown") {
                self.definitions.entry(first).or_insert((second, third));
            } else if second.split('/').count() == 3 && !self.topics.iter().any(|t| t.id == id) {
                let names = ["offered_qos_profiles", "type_description_hash"];
                self.topics.push(Topic {
                    id,
                    name: first,
                    type_name: second,
                    serialization_format: third,
                    more: names.into_iter().map(str::to_owned).zip(texts).collect(),
                });
            }
        }
        self.topics.sort_by_key(|topic| topic.id);
    }

    /// The topics as channels, by id, each type with the best definition there is.
    pub(super) fn channels(&self, notes: &mut Notes) -> Vec<Channel> {
        let mut schemas: BTreeMap<&str, Arc<Schema>> = BTreeMap::new();
        for topic in &self.topics {
            let name = topic.type_name.as_str();
            if !schemas.contains_key(name) {
                schemas.insert(name, Arc::new(self.schema(name, notes)));
            }
        }
        let channels = self.topics.iter().filter_map(|topic| {
            Some(Channel {
                id: u32::try_from(topic.id).ok()?,
                topic: topic.name.clone(),
                schema: schemas.get(topic.type_name.as_str()).cloned(),
                message_encoding: topic.serialization_format.clone(),
                metadata: topic.more.clone(),
            })
        });
        let mut channels: Vec<Channel> = channels.collect();
        channels.dedup_by_key(|channel| channel.id);
        channels
    }

    /// Encoding and text the file holds for a type; events of a service come from its definition.
    fn definition(&self, name: &str) -> Option<(String, String)> {
        let service = name
            .strip_suffix("_Event")
            .filter(|name| name.contains("/srv/"));
        let stored = self
            .definitions
            .get(name)
            .filter(|(_, text)| !text.is_empty());
        let (encoding, text) = stored.or_else(|| self.definitions.get(service?))?;
        let event = service_event_definition(name, text);
        Some((encoding.clone(), event.unwrap_or_else(|| text.clone())))
    }

    fn schema(&self, name: &str, notes: &mut Notes) -> Schema {
        let (encoding, data) = match self.definition(name) {
            Some(found) => found,
            None => match standard_definition(name) {
                Some(text) => ("ros2msg".to_owned(), text),
                None => (String::new(), String::new()),
            },
        };
        if data.is_empty() {
            notes.add("structure.definition_missing", None, || {
                format!("type `{name}` has no definition in the file and none is embedded")
            });
        }
        Schema {
            name: name.to_owned(),
            encoding,
            data: data.into_bytes(),
        }
    }
}
