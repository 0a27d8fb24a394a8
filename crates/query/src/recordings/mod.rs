//! Recordings as tables: the messages as they are stored, and the messages of one topic decoded into columns.
//!
//! Read [`Recordings`] (what a caller provides for recordings that are not read by byte range) and `Directory` (which
//! parts of which files a query needs) first. `messages` and `topic` are the tables, `scan` reads their parts; [`meant()`]
//! says which recording a text names.
//!
//! Not here: formats and decoding (`formats`), how blobs and rows of parts are kept (`store`, `engine`).

mod between;
mod directory;
mod meant;
mod messages;
mod scan;
mod topic;

pub(crate) use directory::Directory;
pub use meant::{meant, several};
pub(crate) use messages::Messages;
pub(crate) use topic::{ReadTopic, Topic};

use crate::QueryError;
use fieldassay_formats::Message;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// Reads recordings that have no rows in the table `chunks`: databases, logs that are read as a whole, folders.
pub trait Recordings: std::fmt::Debug + Send + Sync {
    /// Passes the wanted messages of a recording in the order of the file to `visit`, on the calling thread, until
    /// that asks to stop. Channels are numbered as in the table `channels`. Messages that are not wanted may be passed
    /// on too; those that are must be.
    ///
    /// It is called on a thread that may block; `visit` may wait until somebody asks for more.
    fn read(
        &self,
        recording_id: &str,
        wanted: &Wanted,
        visit: &mut dyn FnMut(&Message<'_>) -> ControlFlow<()>,
    ) -> Result<(), QueryError>;
}

/// Which messages of a recording are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Numbers of the channels.
    pub channels: BTreeSet<u32>,
    /// First log time, nanoseconds.
    pub start_ns: i64,
    /// Last log time, nanoseconds.
    pub end_ns: i64,
}

impl Wanted {
    pub(crate) fn has(&self, message: &Message<'_>) -> bool {
        let times = self.start_ns..=self.end_ns;
        times.contains(&message.log_time) && self.channels.contains(&message.channel)
    }
}

/// A stretch of topics and time of one recording, for [`crate::Session::messages_between`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The recording.
    pub recording_id: String,
    /// First log time, nanoseconds.
    pub start_ns: i64,
    /// Last log time, nanoseconds.
    pub end_ns: i64,
    /// Topics; empty for all.
    pub topics: Vec<String>,
}
