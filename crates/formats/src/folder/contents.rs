//! What a layout found: channels, events and who encodes them.

use super::{FolderError, OpenFiles};
use crate::message::schema;
use crate::{Channel, Limits, Notes, Schema, VideoFile};
use fieldassay_model::{Account, LossReason};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One message to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Log time, nanoseconds.
    pub log_time: i64,
    /// Id of its channel.
    pub channel: u32,
    /// Number of the file its content comes from, see [`Contents::file`].
    pub file: u32,
    /// Where in the file; what it counts (bytes, rows) is the layout's choice.
    pub place: u64,
    /// Bytes it covers, for the size of units.
    pub bytes: u32,
}

/// A message that could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// `loss.row` or `loss.file`.
    pub code: &'static str,
    /// First byte of the damaged place in its file.
    pub start: u64,
    /// One past its last byte.
    pub end: u64,
    /// What happened, with the path.
    pub message: String,
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        Self {
            code: "loss.file",
            start: 0,
            end: 0,
            message: error.to_string(),
        }
    }
}

/// Encodes the events of a layout.
pub trait Maker: Sync {
    /// Leaves the payload of `event` in `out`, whose content before is undefined.
    ///
    /// # Errors
    /// Where its bytes are missing or not what the layout says.
    fn make(
        &self,
        event: &Event,
        files: &mut OpenFiles<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure>;
}

/// What a layout keeps about the channel of an event, `streams` being in the order of [`Contents::channel`].
pub(super) fn stream_of<'s, S>(streams: &'s [S], event: &Event) -> Option<&'s S> {
    streams.get(usize::try_from(event.channel).ok()?)
}

/// Everything a layout lists of its folder.
pub struct Contents<'a> {
    pub(crate) files: Vec<String>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) events: Vec<Event>,
    pub(crate) videos: Vec<VideoFile>,
    pub(crate) account: Account,
    pub(crate) maker: Option<Box<dyn Maker + 'a>>,
    schemas: BTreeMap<&'static str, Option<Arc<Schema>>>,
    notes: Notes,
    /// What the writer says about itself; may be empty.
    pub origin: String,
}

impl std::fmt::Debug for Contents<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contents")
            .field("channels", &self.channels.len())
            .field("events", &self.events.len())
            .finish_non_exhaustive()
    }
}

impl<'a> Contents<'a> {
    /// Nothing found yet.
    pub fn new(limits: &Limits) -> Self {
        Self {
            files: Vec::new(),
            channels: Vec::new(),
            events: Vec::new(),
            videos: Vec::new(),
            account: Account::default(),
            maker: None,
            schemas: BTreeMap::new(),
            notes: Notes::new(limits.notes_per_code),
            origin: String::new(),
        }
    }

    /// Adds a file that events will point to; its number.
    pub fn file(&mut self, path: impl Into<String>) -> u32 {
        self.files.push(path.into());
        number(self.files.len())
    }

    /// The path of a file added before; empty for a number that names none.
    pub fn path(&self, file: u32) -> &str {
        usize::try_from(file)
            .ok()
            .and_then(|file| self.files.get(file))
            .map(String::as_str)
            .unwrap_or_default()
    }

    /// Adds a channel of CDR messages of a type [`schema`] knows; its id, counted from 0.
    pub fn channel(&mut self, topic: impl Into<String>, type_name: &'static str) -> u32 {
        let schema = self
            .schemas
            .entry(type_name)
            .or_insert_with(|| schema(type_name).map(Arc::new))
            .clone();
        let id = number(self.channels.len() + 1);
        self.channels.push(Channel {
            id,
            topic: topic.into(),
            schema,
            message_encoding: "cdr".to_owned(),
            metadata: BTreeMap::new(),
        });
        id
    }

    /// Adds a property to the channel added last.
    pub fn property(&mut self, key: &str, value: impl Into<String>) {
        if let Some(channel) = self.channels.last_mut() {
            channel.metadata.insert(key.to_owned(), value.into());
        }
    }

    /// Adds an event; order does not matter.
    pub fn event(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Adds a video file of which no messages are made.
    pub fn video(&mut self, video: VideoFile) {
        self.videos.push(video);
    }

    /// Adds a note; the message is made only when it is kept.
    pub fn note(&mut self, code: &'static str, message: impl FnOnce() -> String) {
        self.notes.add(code, None, message);
    }

    /// Adds a loss of one message.
    pub fn lose(&mut self, failure: Failure) {
        self.account.losses.push(failure.into_loss());
    }

    /// Ends the listing: who makes the messages.
    #[must_use]
    pub fn made_by(mut self, maker: impl Maker + 'a) -> Self {
        self.maker = Some(Box::new(maker));
        self
    }

    /// The smallest log time of all events so far.
    pub fn first_time(&self) -> Option<i64> {
        self.events.iter().map(|event| event.log_time).min()
    }

    pub(crate) fn take_account(&mut self) -> Account {
        let mut account = std::mem::take(&mut self.account);
        std::mem::replace(&mut self.notes, Notes::new(1)).finish(&mut account);
        account
    }
}

impl Failure {
    pub(crate) fn into_loss(self) -> LossReason {
        LossReason {
            code: self.code.to_owned(),
            start: self.start,
            end: self.end,
            messages: Some(1),
            suspect_messages: 0,
            message: self.message,
        }
    }
}

/// The number of the last of `count` things.
fn number(count: usize) -> u32 {
    u32::try_from(count.saturating_sub(1)).unwrap_or(u32::MAX)
}
