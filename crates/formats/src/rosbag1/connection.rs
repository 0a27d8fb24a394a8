//! Connection records as channels.

use super::record::{Record, fields};
use crate::{Channel, Schema};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The channel a connection record defines; none when it has no id.
///
/// The topic is the record's own: it is where messages are stored. The connection header in the data
/// repeats what the publisher named, which differs after remapping.
pub(super) fn channel(record: &Record<'_>, bytes: &[u8]) -> Option<Channel> {
    let id = record.header.conn?;
    let mut metadata = BTreeMap::new();
    let (mut name, mut definition) = (String::new(), Vec::new());
    for (key, value) in fields(record.data(bytes)).flatten() {
        let text = || String::from_utf8_lossy(value).into_owned();
        match key {
            b"type" => name = text(),
            b"message_definition" => definition = value.to_vec(),
            b"callerid" | b"latching" | b"md5sum" => {
                metadata.insert(String::from_utf8_lossy(key).into_owned(), text());
            }
            _ => {}
        }
    }
    let topic = String::from_utf8_lossy(record.header.topic.unwrap_or_default()).into_owned();
    Some(Channel {
        id,
        topic,
        schema: Some(Arc::new(Schema {
            name,
            encoding: "ros1msg".into(),
            data: definition,
        })),
        message_encoding: "ros1".into(),
        metadata,
    })
}
