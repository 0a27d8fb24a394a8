//! Reading whole recordings, and folders of the disk.

use fieldassay_formats::folder::{FileBytes, Files, FolderError};
use fieldassay_formats::sensor::{Sample, SensorReader};
use fieldassay_formats::{
    Buffers, Channel, Message, Recording, UnitSummary, Visitor, full_account,
};
use fieldassay_model::Account;
use std::path::{Path, PathBuf};

/// A message that lives on its own.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Taken {
    pub(crate) topic: String,
    pub(crate) time: i64,
    pub(crate) data: Vec<u8>,
}

/// Everything a recording yields.
pub(crate) struct Content {
    pub(crate) channels: Vec<Channel>,
    pub(crate) messages: Vec<Taken>,
    pub(crate) account: Account,
}

struct Collect<'a> {
    channels: &'a [Channel],
    messages: Vec<Taken>,
}

impl Visitor for Collect<'_> {
    fn channel(&mut self, _channel: &Channel) {}

    fn message(&mut self, message: &Message<'_>) {
        let channel = self.channels.iter().find(|c| c.id == message.channel);
        self.messages.push(Taken {
            topic: channel.map(|c| c.topic.clone()).unwrap_or_default(),
            time: message.log_time,
            data: message.data.to_vec(),
        });
    }
}

pub(crate) fn read(recording: &dyn Recording) -> Content {
    let mut buffers = Buffers::default();
    let mut collect = Collect {
        channels: recording.channels(),
        messages: Vec::new(),
    };
    let units: Vec<UnitSummary> = (0..recording.unit_count())
        .map(|unit| {
            let before = collect.messages.len();
            let summary = recording.read_unit(unit, &mut buffers, &mut collect);
            let claimed = recording.unit_log_times(unit);
            for message in &collect.messages[before..] {
                let (first, last) = claimed.expect("units know their times");
                assert!((first..=last).contains(&message.time));
            }
            let passed = collect.messages.len() - before;
            assert_eq!(usize::try_from(summary.messages), Ok(passed));
            summary
        })
        .collect();
    Content {
        channels: recording.channels().to_vec(),
        messages: collect.messages,
        account: full_account(recording, &units),
    }
}

impl Content {
    /// Messages, first and last time of a topic.
    pub(crate) fn summary(&self, topic: &str) -> (usize, i64, i64) {
        let times: Vec<i64> = self.of(topic).map(|m| m.time).collect();
        let (first, last) = (times.iter().min(), times.iter().max());
        (
            times.len(),
            first.copied().unwrap_or(0),
            last.copied().unwrap_or(0),
        )
    }

    pub(crate) fn of<'a>(&'a self, topic: &'a str) -> impl Iterator<Item = &'a Taken> {
        self.messages.iter().filter(move |m| m.topic == topic)
    }

    /// Codes and messages of losses and notes.
    pub(crate) fn said(&self) -> Vec<String> {
        let losses = self.account.losses.iter();
        losses
            .map(|loss| format!("{}: {}", loss.code, loss.message))
            .chain(
                self.account
                    .notes
                    .iter()
                    .map(|note| format!("{}: {}", note.code, note.message)),
            )
            .collect()
    }

    /// The samples of a topic.
    pub(crate) fn samples(&self, topic: &str) -> Vec<Sample<'_>> {
        let channel = self.channels.iter().find(|c| c.topic == topic);
        let channel = channel.unwrap_or_else(|| panic!("no channel `{topic}`"));
        let schema = channel.schema.as_ref().expect("a schema");
        let reader = SensorReader::new(schema, &channel.message_encoding).expect("a sensor");
        self.messages
            .iter()
            .filter(|m| m.topic == topic)
            .filter_map(|m| reader.read(&m.data).expect("a sample"))
            .collect()
    }
}

/// A folder of the disk, read whole on use.
pub(crate) struct Disk {
    root: PathBuf,
    paths: Vec<String>,
}

impl Disk {
    pub(crate) fn new(root: &Path) -> Self {
        let mut paths = Vec::new();
        let mut waiting = vec![root.to_owned()];
        while let Some(folder) = waiting.pop() {
            for entry in std::fs::read_dir(&folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    waiting.push(path);
                } else {
                    let relative = path.strip_prefix(root).expect("below the root");
                    paths.push(relative.to_str().expect("UTF-8").replace('\\', "/"));
                }
            }
        }
        paths.sort();
        Self {
            root: root.to_owned(),
            paths,
        }
    }
}

impl Files for Disk {
    fn paths(&self) -> &[String] {
        &self.paths
    }

    fn size(&self, path: &str) -> u64 {
        std::fs::metadata(self.root.join(path)).map_or(0, |m| m.len())
    }

    fn read(&self, path: &str) -> Result<FileBytes<'_>, FolderError> {
        match std::fs::read(self.root.join(path)) {
            Ok(bytes) => Ok(FileBytes::Owned(Box::new(bytes))),
            Err(_) => Err(FolderError::Missing {
                path: path.to_owned(),
            }),
        }
    }
}

/// Files given as text.
pub(crate) fn memory<'a>(
    files: &[(&str, &'a [u8])],
) -> fieldassay_formats::folder::MemoryFiles<'a> {
    fieldassay_formats::folder::MemoryFiles::new(
        files
            .iter()
            .map(|(path, bytes)| ((*path).to_owned(), *bytes)),
    )
}
