//! A folder as a [`Recording`]: events sorted by time, cut into units.

use super::{Contents, Event, Failure, Files, Maker, OpenFiles};
use crate::{
    Buffers, Channel, Format, Limits, Message, Recording, UnitSummary, VideoFile, Visitor,
    bound_losses,
};
use fieldassay_model::{Account, LossReason};
use std::ops::Range;

/// A unit holds about this many bytes of files at most; a single event may be larger.
const UNIT_BYTES: u64 = 4 << 20;
/// Most events of a unit.
const UNIT_EVENTS: usize = 1024;

/// A folder, opened: its messages are made when they are read.
///
/// Log times are the stamps of the layout, nanoseconds; `publish_time` and `sequence` are none.
/// Memory: 32 bytes per message, and the payload under way.
pub struct FolderRecording<'a> {
    files: &'a dyn Files,
    format: Format,
    paths: Vec<String>,
    channels: Vec<Channel>,
    events: Vec<Event>,
    units: Vec<Unit>,
    videos: Vec<VideoFile>,
    maker: Option<Box<dyn Maker + 'a>>,
    account: Account,
    origin: String,
    limits: Limits,
}

struct Unit {
    events: Range<usize>,
    bytes: u64,
}

impl std::fmt::Debug for FolderRecording<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FolderRecording")
            .field("format", &self.format)
            .field("channels", &self.channels.len())
            .field("events", &self.events.len())
            .finish_non_exhaustive()
    }
}

impl<'a> FolderRecording<'a> {
    pub(crate) fn new(
        files: &'a dyn Files,
        format: Format,
        mut contents: Contents<'a>,
        limits: Limits,
    ) -> Self {
        let account = contents.take_account();
        let mut events = contents.events;
        // Stable, so rows of one time keep the order of their table and channels that of the layout.
        events.sort_by_key(|event| event.log_time);
        Self {
            files,
            format,
            paths: contents.files,
            channels: contents.channels,
            units: units(&events),
            events,
            videos: contents.videos,
            maker: contents.maker,
            account,
            origin: contents.origin,
            limits,
        }
    }

    fn events_of(&self, unit: usize) -> &[Event] {
        self.units
            .get(unit)
            .and_then(|unit| self.events.get(unit.events.clone()))
            .unwrap_or_default()
    }
}

/// Cuts events into units.
fn units(events: &[Event]) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    for (index, event) in events.iter().enumerate() {
        let size = u64::from(event.bytes);
        match units.last_mut() {
            Some(unit) if unit.events.len() < UNIT_EVENTS && unit.bytes + size <= UNIT_BYTES => {
                unit.events.end = index + 1;
                unit.bytes += size;
            }
            _ => units.push(Unit {
                events: index..index + 1,
                bytes: size,
            }),
        }
    }
    units
}

impl Recording for FolderRecording<'_> {
    fn format(&self) -> Format {
        self.format
    }

    fn channels(&self) -> &[Channel] {
        &self.channels
    }

    fn videos(&self) -> &[VideoFile] {
        &self.videos
    }

    fn unit_count(&self) -> usize {
        self.units.len()
    }

    fn unit_log_times(&self, unit: usize) -> Option<(i64, i64)> {
        let events = self.events_of(unit);
        Some((events.first()?.log_time, events.last()?.log_time))
    }

    fn unit_bytes(&self, unit: usize) -> u64 {
        self.units.get(unit).map_or(0, |unit| unit.bytes)
    }

    fn read_unit(
        &self,
        unit: usize,
        buffers: &mut Buffers,
        visitor: &mut dyn Visitor,
    ) -> UnitSummary {
        let mut summary = UnitSummary::default();
        let Some(maker) = &self.maker else {
            return summary;
        };
        let mut open = OpenFiles::new(self.files, &self.paths);
        let out = &mut buffers.decompressed;
        for event in self.events_of(unit) {
            if event.bytes as usize > self.limits.unit_bytes {
                summary.account.losses.push(self.too_large(event));
                continue;
            }
            if let Err(failure) = maker.make(event, &mut open, out) {
                summary.account.losses.push(failure.into_loss());
                continue;
            }
            visitor.message(&Message {
                channel: event.channel,
                sequence: None,
                log_time: event.log_time,
                publish_time: None,
                data: out,
            });
            summary.messages += 1;
            *summary.channel_messages.entry(event.channel).or_default() += 1;
            let (first, last) = summary
                .log_time_range
                .unwrap_or((event.log_time, event.log_time));
            summary.log_time_range = Some((first.min(event.log_time), last.max(event.log_time)));
        }
        bound_losses(&mut summary.account, self.limits.notes_per_code);
        summary
    }

    fn account(&self, _units: &[UnitSummary]) -> Account {
        let mut account = self.account.clone();
        bound_losses(&mut account, self.limits.notes_per_code);
        account
    }

    fn origin(&self) -> (String, String) {
        ("ros2".to_owned(), self.origin.clone())
    }
}

impl FolderRecording<'_> {
    fn too_large(&self, event: &Event) -> LossReason {
        let path = usize::try_from(event.file)
            .ok()
            .and_then(|file| self.paths.get(file))
            .map(String::as_str)
            .unwrap_or_default();
        Failure {
            code: "loss.too_large",
            start: 0,
            end: u64::from(event.bytes),
            message: format!(
                "`{path}` has `{}` bytes, the limit is `{}`",
                event.bytes, self.limits.unit_bytes
            ),
        }
        .into_loss()
    }
}
