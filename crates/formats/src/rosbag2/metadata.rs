//! `metadata.yaml`, which rosbag2 writes beside its files.
//!
//! Read [`Metadata::parse`] first, then [`Metadata::check`]. Forms 1 to 9 are read: later ones
//! added compression (3), quality of service (4), one entry per file (5), type hashes (7), the ROS
//! distribution (8) and quality of service as a list instead of text (9).
//!
//! Not here: finding the file, opening what it describes.

use crate::Notes;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a rosbag2 folder says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Version of the form.
    pub version: u32,
    /// `sqlite3`, `mcap`, …
    pub storage_identifier: String,
    /// Files of the bag, in order of recording.
    pub relative_file_paths: Vec<String>,
    /// First receive time, nanoseconds; none for an empty bag.
    pub start_ns: Option<i64>,
    /// Last receive time less the first, nanoseconds.
    pub duration_ns: Option<i64>,
    /// Messages in all files.
    pub message_count: Option<u64>,
    /// One entry per topic.
    pub topics: Vec<TopicMetadata>,
    /// `zstd` or empty.
    pub compression_format: String,
    /// `FILE`, `MESSAGE` or empty, in upper case.
    pub compression_mode: String,
    /// One entry per file, from form 5 on.
    pub files: Vec<FileMetadata>,
    /// ROS distribution that recorded, may be empty.
    pub ros_distro: String,
}

/// A topic of the bag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicMetadata {
    /// Topic.
    pub name: String,
    /// `pkg/msg/Type`.
    pub type_name: String,
    /// `cdr` and the like.
    pub serialization_format: String,
    /// Quality of service as written; a list (form 9) as JSON.
    pub offered_qos_profiles: String,
    /// `RIHS01_…` or empty.
    pub type_description_hash: String,
    /// Messages in all files.
    pub message_count: u64,
}

/// A file of the bag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileMetadata {
    /// Path relative to the folder.
    pub path: String,
    /// First receive time, nanoseconds; none for an empty file.
    pub start_ns: Option<i64>,
    /// Last receive time less the first, nanoseconds.
    pub duration_ns: Option<i64>,
    /// Messages in the file.
    pub message_count: u64,
}

/// Why a `metadata.yaml` cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`metadata.yaml` cannot be read: {reason}; hint: `ros2 bag reindex` writes it anew")]
pub struct MetadataError {
    /// What the parser says.
    pub reason: String,
}

impl MetadataError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        "rosbag2.metadata"
    }
}

/// What was read from one file of the bag, to compare with what it says.
#[derive(Clone, Debug, Default)]
pub struct Observed<'a> {
    /// Name of the file.
    pub file_name: &'a str,
    /// Storage it was read as: `sqlite3` or `mcap`.
    pub storage_identifier: &'a str,
    /// Topic, type, serialization format and messages read.
    pub topics: Vec<(&'a str, &'a str, &'a str, u64)>,
    /// First and last log time, nanoseconds; none without messages.
    pub log_time_range: Option<(i64, i64)>,
}

impl Metadata {
    /// Reads the text of a `metadata.yaml`, or of the `metadata` table (which lacks the outer key).
    ///
    /// Unknown keys are ignored, missing ones are empty; only text that is no such document is an error.
    pub fn parse(text: &str) -> Result<Self, MetadataError> {
        let error = |e: serde_saphyr::Error| MetadataError {
            reason: first_line(&e.to_string()),
        };
        let document: Document = serde_saphyr::from_str(text).map_err(error)?;
        let body = match document.rosbag2_bagfile_information {
            Some(body) => body,
            None => serde_saphyr::from_str(text).map_err(error)?,
        };
        if body.version.is_none() && body.storage_identifier.is_none() {
            return Err(MetadataError {
                reason: "neither `version` nor `storage_identifier` is in it".into(),
            });
        }
        Ok(body.into_metadata())
    }

    /// Notes `structure.metadata_mismatch` for whatever the metadata says otherwise than was read.
    ///
    /// Counts by topic are compared for bags of one file only; for split bags the count by file is,
    /// where the form has it. Cost: topics of the file times topics of the metadata.
    pub fn check(&self, observed: &Observed<'_>, notes: &mut Notes) {
        let mut mismatch = |message: String| {
            notes.add("structure.metadata_mismatch", None, || message);
        };
        let name = observed.file_name;
        if !self
            .relative_file_paths
            .iter()
            .any(|path| ends_with(path, name))
        {
            mismatch(format!("`metadata.yaml` does not list the file `{name}`"));
            return;
        }
        if self.storage_identifier != observed.storage_identifier {
            mismatch(format!(
                "`metadata.yaml` says storage `{}`, the file is `{}`",
                self.storage_identifier, observed.storage_identifier
            ));
        }
        let read: u64 = observed.topics.iter().map(|topic| topic.3).sum();
        let single = self.relative_file_paths.len() == 1;
        let file = self.files.iter().find(|file| ends_with(&file.path, name));
        let expected =
            file.map(|file| file.message_count)
                .or(if single { self.message_count } else { None });
        if let Some(expected) = expected.filter(|&expected| expected != read) {
            mismatch(format!(
                "`metadata.yaml` says `{expected}` messages in `{name}`, `{read}` were read"
            ));
        }
        self.check_topics(observed, single, &mut mismatch);
        self.check_times(observed, file, single, &mut mismatch);
    }

    fn check_topics(
        &self,
        observed: &Observed<'_>,
        single: bool,
        mismatch: &mut dyn FnMut(String),
    ) {
        let declared: BTreeMap<&str, &TopicMetadata> = self
            .topics
            .iter()
            .map(|topic| (topic.name.as_str(), topic))
            .collect();
        for &(name, type_name, serialization_format, count) in &observed.topics {
            let Some(topic) = declared.get(name) else {
                mismatch(format!("`metadata.yaml` does not list the topic `{name}`"));
                continue;
            };
            let pairs = [
                ("type", topic.type_name.as_str(), type_name),
                (
                    "serialization format",
                    topic.serialization_format.as_str(),
                    serialization_format,
                ),
            ];
            for (what, said, seen) in pairs {
                if said != seen {
                    mismatch(format!(
                        "`metadata.yaml` gives topic `{name}` the {what} `{said}`, the file `{seen}`"
                    ));
                }
            }
            if single && topic.message_count != count {
                mismatch(format!(
                    "`metadata.yaml` says `{}` messages on `{name}`, `{count}` were read",
                    topic.message_count
                ));
            }
        }
        if !single {
            return;
        }
        for topic in self.topics.iter().filter(|topic| topic.message_count > 0) {
            if !observed.topics.iter().any(|seen| seen.0 == topic.name) {
                mismatch(format!(
                    "`metadata.yaml` lists the topic `{}` with `{}` messages, the file has no such topic",
                    topic.name, topic.message_count
                ));
            }
        }
    }

    fn check_times(
        &self,
        observed: &Observed<'_>,
        file: Option<&FileMetadata>,
        single: bool,
        mismatch: &mut dyn FnMut(String),
    ) {
        let Some(seen) = observed.log_time_range else {
            return;
        };
        let (start, duration) = match file {
            Some(file) => (file.start_ns, file.duration_ns),
            None if single => (self.start_ns, self.duration_ns),
            None => return,
        };
        let (Some(start), Some(duration)) = (start, duration) else {
            return;
        };
        let said = (start, start.saturating_add(duration));
        if said != seen {
            mismatch(format!(
                "`metadata.yaml` says log times `{}` to `{}` ns, read `{}` to `{}` ns",
                said.0, said.1, seen.0, seen.1
            ));
        }
    }
}

/// Whether the last part of a path is `name`; metadata of old forms holds absolute paths.
fn ends_with(path: &str, name: &str) -> bool {
    path.rsplit(['/', '\\']).next() == Some(name)
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[derive(Deserialize)]
struct Document {
    rosbag2_bagfile_information: Option<Body>,
}

#[derive(Deserialize)]
struct Body {
    version: Option<u32>,
    storage_identifier: Option<String>,
    #[serde(default)]
    relative_file_paths: Option<Vec<String>>,
    starting_time: Option<StartingTime>,
    duration: Option<Nanoseconds>,
    message_count: Option<u64>,
    topics_with_message_count: Option<Vec<TopicCount>>,
    compression_format: Option<String>,
    compression_mode: Option<String>,
    files: Option<Vec<FileBody>>,
    ros_distro: Option<String>,
}

#[derive(Deserialize)]
struct StartingTime {
    nanoseconds_since_epoch: i64,
}

#[derive(Deserialize)]
struct Nanoseconds {
    nanoseconds: i64,
}

#[derive(Deserialize)]
struct TopicCount {
    topic_metadata: TopicBody,
    #[serde(default)]
    message_count: u64,
}

#[derive(Deserialize)]
struct TopicBody {
    #[serde(default)]
    name: String,
    #[serde(default, rename = "type")]
    type_name: String,
    #[serde(default)]
    serialization_format: String,
    #[serde(default)]
    offered_qos_profiles: serde_json::Value,
    #[serde(default)]
    type_description_hash: String,
}

#[derive(Deserialize)]
struct FileBody {
    path: String,
    starting_time: Option<StartingTime>,
    duration: Option<Nanoseconds>,
    #[serde(default)]
    message_count: u64,
}

impl Body {
    fn into_metadata(self) -> Metadata {
        let topics = self.topics_with_message_count.unwrap_or_default();
        let files = self.files.unwrap_or_default();
        Metadata {
            version: self.version.unwrap_or_default(),
            storage_identifier: self.storage_identifier.unwrap_or_default(),
            relative_file_paths: self.relative_file_paths.unwrap_or_default(),
            start_ns: start(self.starting_time.as_ref()),
            duration_ns: self.duration.map(|d| d.nanoseconds),
            message_count: self.message_count,
            topics: topics.into_iter().map(TopicCount::into_metadata).collect(),
            compression_format: self.compression_format.unwrap_or_default(),
            compression_mode: self.compression_mode.unwrap_or_default().to_uppercase(),
            files: files.into_iter().map(FileBody::into_metadata).collect(),
            ros_distro: self.ros_distro.unwrap_or_default(),
        }
    }
}

impl TopicCount {
    fn into_metadata(self) -> TopicMetadata {
        let topic = self.topic_metadata;
        let offered_qos_profiles = match topic.offered_qos_profiles {
            serde_json::Value::Null => String::new(),
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        TopicMetadata {
            name: topic.name,
            type_name: topic.type_name,
            serialization_format: topic.serialization_format,
            offered_qos_profiles,
            type_description_hash: topic.type_description_hash,
            message_count: self.message_count,
        }
    }
}

impl FileBody {
    fn into_metadata(self) -> FileMetadata {
        FileMetadata {
            path: self.path,
            start_ns: start(self.starting_time.as_ref()),
            duration_ns: self.duration.map(|d| d.nanoseconds),
            message_count: self.message_count,
        }
    }
}

/// rosbag2 writes the largest time for "no message yet".
fn start(time: Option<&StartingTime>) -> Option<i64> {
    time.map(|time| time.nanoseconds_since_epoch)
        .filter(|&nanoseconds| nanoseconds != i64::MAX)
}
