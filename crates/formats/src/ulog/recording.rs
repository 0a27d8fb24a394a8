//! A `ULog` file as a [`Recording`].

use super::bytes::{nanos, u8_at, u16_at, u64_at};
use super::scan::{Change, Record, Scan, Subscription, Unit, record, scan};
use super::{UlogError, sniff};
use crate::message::{self, LogLine};
use crate::{
    Buffers, Channel, Format, Limits, Message, Notes, Recording, UnitSummary, Visitor, bound_losses,
};
use fieldassay_model::{Account, LossReason};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A `ULog` file, opened.
///
/// Channels come in order of subscription, the log of strings last. `publish_time` and `sequence`
/// are none; messages of different topics are not ordered by time, the file is not.
#[derive(Debug)]
pub struct UlogRecording<'a> {
    bytes: &'a [u8],
    channels: Vec<Channel>,
    log_channel: Option<u32>,
    scan: Scan,
    limits: Limits,
}

impl<'a> UlogRecording<'a> {
    /// Opens a file. Cost: one walk over its message headers.
    ///
    /// # Errors
    /// When the header is cut, or the file sets flags that must not be ignored.
    pub fn open(bytes: &'a [u8], limits: Limits) -> Result<Self, UlogError> {
        if !sniff(bytes) {
            return Err(UlogError::Header);
        }
        let mut scan = scan(bytes, &limits)?;
        bound_losses(&mut scan.account, limits.notes_per_code);
        let mut channels: Vec<Channel> = scan
            .subscriptions
            .iter()
            .enumerate()
            .map(|(index, subscription)| channel(index, subscription))
            .collect();
        let log_channel = scan.has_log.then(|| {
            let id = number(channels.len());
            channels.push(Channel {
                id,
                topic: "/log".to_owned(),
                schema: message::schema("rcl_interfaces/msg/Log").map(Arc::new),
                message_encoding: "cdr".to_owned(),
                metadata: BTreeMap::new(),
            });
            id
        });
        Ok(Self {
            bytes,
            channels,
            log_channel,
            scan,
            limits,
        })
    }

    /// Information and parameters as metadata records have them: name and entries.
    pub fn metadata(&self) -> [(&'static str, &BTreeMap<String, String>); 2] {
        [
            ("ulog.information", self.information()),
            ("ulog.parameters", self.parameters()),
        ]
    }

    fn changes_before(&self, unit: &Unit) -> usize {
        let changes = &self.scan.changes;
        changes.partition_point(|change| change.at < unit.bytes.start)
    }

    /// Which message id is which subscription where a unit begins.
    fn ids_before(&self, unit: &Unit) -> BTreeMap<u16, usize> {
        let mut ids = BTreeMap::new();
        for change in self.scan.changes.iter().take(self.changes_before(unit)) {
            apply(&mut ids, change);
        }
        ids
    }

    /// Information messages: name and value as text, parts of one value put together.
    pub fn information(&self) -> &BTreeMap<String, String> {
        &self.scan.information
    }

    /// Parameters: name and value as text; a change in flight is `name@<nanoseconds since boot>`.
    pub fn parameters(&self) -> &BTreeMap<String, String> {
        &self.scan.parameters
    }
}

fn channel(index: usize, subscription: &Subscription) -> Channel {
    let Subscription { name, instance, .. } = subscription;
    Channel {
        id: number(index),
        topic: if *instance == 0 {
            format!("/{name}")
        } else {
            format!("/{name}/{instance}")
        },
        schema: subscription.schema.clone(),
        message_encoding: "ros1".to_owned(),
        metadata: BTreeMap::new(),
    }
}

fn apply(ids: &mut BTreeMap<u16, usize>, change: &Change) {
    match change.subscription {
        Some(index) => ids.insert(change.id, index),
        None => ids.remove(&change.id),
    };
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

impl Recording for UlogRecording<'_> {
    fn format(&self) -> Format {
        Format::Ulog
    }

    fn channels(&self) -> &[Channel] {
        &self.channels
    }

    fn unit_count(&self) -> usize {
        self.scan.units.len()
    }

    fn unit_log_times(&self, unit: usize) -> Option<(i64, i64)> {
        self.scan.units.get(unit)?.times
    }

    fn unit_bytes(&self, unit: usize) -> u64 {
        self.scan
            .units
            .get(unit)
            .map_or(0, |unit| unit.bytes.len() as u64)
    }

    fn read_unit(
        &self,
        unit: usize,
        buffers: &mut Buffers,
        visitor: &mut dyn Visitor,
    ) -> UnitSummary {
        let Some(unit) = self.scan.units.get(unit) else {
            return UnitSummary::default();
        };
        let mut reader = UnitReader {
            recording: self,
            ids: self.ids_before(unit),
            next_change: self.changes_before(unit),
            time: unit.time_before,
            visitor,
            out: &mut buffers.decompressed,
            summary: UnitSummary::default(),
            notes: Notes::new(self.limits.notes_per_code),
        };
        let mut at = unit.bytes.start;
        while let Some((found, next)) = record(self.bytes, at, unit.bytes.end) {
            reader.read(found, at);
            at = next;
        }
        let UnitReader {
            mut summary, notes, ..
        } = reader;
        notes.finish(&mut summary.account);
        bound_losses(&mut summary.account, self.limits.notes_per_code);
        summary
    }

    fn account(&self, _units: &[UnitSummary]) -> Account {
        self.scan.account.clone()
    }

    fn origin(&self) -> (String, String) {
        let information = |name: &str| self.scan.information.get(name).cloned();
        let system = information("sys_name").unwrap_or_default();
        let version = information("ver_sw").unwrap_or_default();
        let library = format!("{system} {version}").trim().to_owned();
        ("px4".to_owned(), library)
    }
}

struct UnitReader<'a, 'u, 'v, 'b> {
    recording: &'u UlogRecording<'a>,
    /// Message ids to numbers of subscriptions, as they hold where the reader is.
    ids: BTreeMap<u16, usize>,
    next_change: usize,
    time: i64,
    visitor: &'v mut dyn Visitor,
    out: &'b mut Vec<u8>,
    summary: UnitSummary,
    notes: Notes,
}

impl UnitReader<'_, '_, '_, '_> {
    fn read(&mut self, record: Record<'_>, at: usize) {
        let changes = &self.recording.scan.changes;
        while let Some(change) = changes.get(self.next_change).filter(|c| c.at <= at) {
            apply(&mut self.ids, change);
            self.next_change += 1;
        }
        match record.kind {
            b'D' => self.data(record.body, at),
            b'L' => self.log(record.body, 1, None),
            b'C' => self.log(record.body, 3, u16_at(record.body, 1)),
            _ => {}
        }
    }

    fn data(&mut self, body: &[u8], at: usize) {
        let Some(id) = u16_at(body, 0) else {
            return;
        };
        let Some(index) = self.ids.get(&id).copied() else {
            self.notes
                .add("structure.undefined_channel", Some(at as u64), || {
                    format!("message id `{id}` has no subscription")
                });
            self.lose(at, body, format!("message id `{id}` has no subscription"));
            return;
        };
        let subscription = self.recording.scan.subscriptions.get(index);
        let payload = body.get(2..).unwrap_or_default();
        let Some(compiled) = subscription.and_then(|known| known.compiled.as_ref()) else {
            // Without a format there is no time either; the bytes are passed on.
            self.pass(number(index), payload);
            return;
        };
        // Some writers keep the padding at the end.
        let Some(payload) = payload.get(..compiled.bytes) else {
            let name = subscription.map_or("", |known| known.name.as_str());
            let message = format!(
                "a message of `{name}` has `{}` bytes, its format `{}`",
                payload.len(),
                compiled.bytes
            );
            self.lose(at, body, message);
            return;
        };
        let stamp = compiled.timestamp_at.and_then(|at| u64_at(payload, at));
        if let Some(time) = stamp.and_then(nanos) {
            self.time = time;
        }
        self.pass(number(index), payload);
    }

    /// A logged string; its time is at `time_at`, the text follows.
    fn log(&mut self, body: &[u8], time_at: usize, tag: Option<u16>) {
        let Some(channel) = self.recording.log_channel else {
            return;
        };
        if let Some(time) = u64_at(body, time_at).and_then(nanos) {
            self.time = time;
        }
        let text = String::from_utf8_lossy(body.get(time_at + 8..).unwrap_or_default());
        let name = tag.map_or_else(|| "px4".to_owned(), |tag| format!("px4 tag {tag}"));
        let line = LogLine {
            level: level(u8_at(body, 0).unwrap_or(0)),
            name: &name,
            text: &text,
        };
        message::log(self.out, self.time, &line);
        let payload = std::mem::take(self.out);
        self.pass(channel, &payload);
        *self.out = payload;
    }

    fn pass(&mut self, channel: u32, data: &[u8]) {
        let time = self.time;
        self.visitor.message(&Message {
            channel,
            sequence: None,
            log_time: time,
            publish_time: None,
            data,
        });
        let summary = &mut self.summary;
        summary.messages += 1;
        *summary.channel_messages.entry(channel).or_default() += 1;
        let (first, last) = summary.log_time_range.unwrap_or((time, time));
        summary.log_time_range = Some((first.min(time), last.max(time)));
    }

    fn lose(&mut self, at: usize, body: &[u8], message: String) {
        self.summary.account.losses.push(LossReason {
            code: "loss.record".to_owned(),
            start: at as u64,
            end: (at + body.len()) as u64,
            messages: Some(1),
            suspect_messages: 0,
            message,
        });
    }
}

/// `'0'` emergency … `'7'` debug (Linux kernel levels) as levels of `rcl_interfaces/msg/Log`.
fn level(level: u8) -> u8 {
    match level {
        b'0'..=b'2' => 50,
        b'3' => 40,
        b'4' => 30,
        b'7' => 10,
        _ => 20,
    }
}
