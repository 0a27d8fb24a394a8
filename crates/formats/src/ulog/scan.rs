//! One walk over the message headers: definitions, subscriptions, and where the data lies.

use super::bytes::{nanos, u8_at, u16_at, u64_at, value_text};
use super::format::{Compiled, Formats, is_name};
use super::{HEADER_BYTES, UlogError};
use crate::{Limits, Notes, Schema, bound_losses};
use fieldassay_model::{Account, LossReason};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Bytes of a message header: size, type.
pub(super) const MESSAGE_HEADER: usize = 3;
/// A synchronization message as it lies in the file.
const SYNC: &[u8] = &[8, 0, b'S', 0x2F, 0x73, 0x13, 0x20, 0x25, 0x0C, 0xBB, 0x12];
/// Message types of the specification.
const TYPES: &[u8] = b"BFIMPQARDLCSO";
/// Messages that must follow each other for a place after damage to be believed.
const BELIEVED: usize = 6;
/// Most subscriptions and changes of them that are followed; real files have a few hundred.
const SUBSCRIPTIONS: usize = 1 << 16;
/// Losses kept before those of one code are put together.
const LOSSES: usize = 4096;
/// A unit is cut beyond this many bytes.
const UNIT_BYTES: usize = 4 << 20;

/// A subscription (`A`): one channel.
#[derive(Clone, Debug)]
pub(super) struct Subscription {
    pub(super) name: String,
    pub(super) instance: u8,
    pub(super) compiled: Option<Arc<Compiled>>,
    pub(super) schema: Option<Arc<Schema>>,
}

/// From `at` on, message id `id` is that of a subscription, or of none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    pub(super) at: usize,
    pub(super) id: u16,
    pub(super) subscription: Option<usize>,
}

/// A run of messages.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub(super) bytes: Range<usize>,
    pub(super) times: Option<(i64, i64)>,
    /// Log time of a logged string or message without a time of its own.
    pub(super) time_before: i64,
}

/// Everything the walk finds.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) units: Vec<Unit>,
    pub(super) subscriptions: Vec<Subscription>,
    pub(super) changes: Vec<Change>,
    pub(super) has_log: bool,
    pub(super) information: BTreeMap<String, String>,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) account: Account,
}

/// One message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) kind: u8,
    pub(super) body: &'a [u8],
}

/// The message at a place and where it ends; none when it is cut by `end`.
pub(super) fn record(bytes: &[u8], at: usize, end: usize) -> Option<(Record<'_>, usize)> {
    let size = usize::from(u16_at(bytes, at)?);
    let kind = u8_at(bytes, at + 2)?;
    let start = at + MESSAGE_HEADER;
    let next = start + size;
    if next > end {
        return None;
    }
    let body = bytes.get(start..next)?;
    Some((Record { kind, body }, next))
}

struct Walk<'a> {
    bytes: &'a [u8],
    formats: Formats,
    ids: BTreeMap<u16, usize>,
    /// Subscriptions by name and instance.
    known: BTreeMap<(String, u8), usize>,
    /// Formats compiled so far.
    compiled: BTreeMap<String, Option<Arc<Compiled>>>,
    scan: Scan,
    unit: Option<Unit>,
    time: i64,
    loss_limit: usize,
    notes: Notes,
}

/// Walks the file. Memory: the definitions and one small entry per unit.
pub(super) fn scan(bytes: &[u8], limits: &Limits) -> Result<Scan, UlogError> {
    let start = u64_at(bytes, 8).ok_or(UlogError::Header)?;
    let mut walk = Walk {
        bytes,
        formats: Formats::default(),
        ids: BTreeMap::new(),
        scan: Scan::default(),
        known: BTreeMap::new(),
        compiled: BTreeMap::new(),
        unit: None,
        time: nanos(start).unwrap_or(0),
        loss_limit: limits.notes_per_code,
        notes: Notes::new(limits.notes_per_code),
    };
    let mut parts = walk.flags()?;
    parts.push(bytes.len());
    let mut at = HEADER_BYTES;
    for end in parts {
        walk.part(at, end);
        at = end;
    }
    Ok(walk.finish())
}

impl<'a> Walk<'a> {
    /// Where appended data begins, ascending, by the flags message.
    fn flags(&mut self) -> Result<Vec<usize>, UlogError> {
        let first = record(self.bytes, HEADER_BYTES, self.bytes.len());
        let Some((Record { kind: b'B', body }, _)) = first else {
            return Ok(Vec::new());
        };
        let incompatible = u64_at(body, 8).unwrap_or(0);
        if incompatible & !1 != 0 {
            return Err(UlogError::Incompatible {
                flags: incompatible,
            });
        }
        if incompatible & 1 == 0 {
            return Ok(Vec::new());
        }
        let mut offsets: Vec<usize> = (0..3)
            .filter_map(|index| u64_at(body, 16 + 8 * index))
            .filter_map(|offset| usize::try_from(offset).ok())
            .filter(|offset| (HEADER_BYTES..self.bytes.len()).contains(offset))
            .collect();
        offsets.sort_unstable();
        offsets.dedup();
        Ok(offsets)
    }

    /// Walks the messages from `at` to `end`.
    fn part(&mut self, mut at: usize, end: usize) {
        while at < end {
            let next = match record(self.bytes, at, end) {
                Some((found, next)) if Self::plausible(found) => {
                    self.take(found, at, next);
                    Some(next)
                }
                // Types to come are to be skipped, where what follows shows that this is one.
                Some((found, next))
                    if !TYPES.contains(&found.kind) && self.follows(next, end, 2) =>
                {
                    let kind = found.kind;
                    self.notes
                        .add("structure.unknown_opcode", Some(at as u64), || {
                            format!("message of type `{kind:#04x}`")
                        });
                    Some(next)
                }
                _ => None,
            };
            at = next.unwrap_or_else(|| self.resynchronize(at, end));
        }
    }

    /// Whether a message can be what it says.
    fn plausible(record: Record<'_>) -> bool {
        let Record { kind, body } = record;
        match kind {
            b'B' => body.len() >= 40,
            b'F' => body.contains(&b':') && body.is_ascii(),
            b'I' | b'P' => key(body).is_some(),
            b'M' | b'Q' => key(body.get(1..).unwrap_or_default()).is_some(),
            b'A' => {
                body.len() > 3
                    && body
                        .get(3..)
                        .and_then(|name| std::str::from_utf8(name).ok())
                        .is_some_and(is_name)
            }
            b'D' => u16_at(body, 0).is_some(),
            b'L' => body.len() >= 9,
            b'C' => body.len() >= 11,
            b'S' => SYNC.get(MESSAGE_HEADER..) == Some(body),
            b'R' | b'O' => body.len() == 2,
            _ => false,
        }
    }

    /// Whether a message belongs where it stands, asked of places after damage: data must fit a subscription.
    fn believed(&self, record: Record<'_>) -> bool {
        Self::plausible(record)
            && (record.kind != b'D'
                || u16_at(record.body, 0)
                    .and_then(|id| self.ids.get(&id))
                    .and_then(|index| self.scan.subscriptions.get(*index))
                    .and_then(|subscription| subscription.compiled.as_ref())
                    .is_some_and(|compiled| record.body.len().saturating_sub(2) == compiled.bytes))
    }

    /// Whether `count` messages follow each other from `at`, or fewer up to the very end.
    fn follows(&self, mut at: usize, end: usize, count: usize) -> bool {
        for _ in 0..count {
            if at == end {
                return true;
            }
            match record(self.bytes, at, end) {
                Some((found, next)) if self.believed(found) => at = next,
                _ => return false,
            }
        }
        true
    }

    /// The next place to read on after damage at `at`, which is accounted for.
    fn resynchronize(&mut self, at: usize, end: usize) -> usize {
        self.close();
        let found = (at + 1..end).find(|&place| {
            self.bytes
                .get(place..)
                .is_some_and(|rest| rest.starts_with(SYNC))
                || (self
                    .bytes
                    .get(place + 2)
                    .is_some_and(|kind| TYPES.contains(kind))
                    && self.follows(place, end, BELIEVED))
        });
        let next = found.unwrap_or(end);
        let cut = found.is_none() && record(self.bytes, at, end).is_none();
        let (code, message) = if cut {
            let size = u16_at(self.bytes, at).map_or(0, usize::from);
            let present = end.saturating_sub(at + MESSAGE_HEADER);
            (
                "loss.truncated",
                format!("a message of `{size}` bytes at `{at}` is cut after `{present}`"),
            )
        } else {
            (
                "loss.framing",
                format!("bytes `{at}` to `{next}` are no messages"),
            )
        };
        self.lose(LossReason {
            code: code.to_owned(),
            start: at as u64,
            end: next as u64,
            messages: cut.then_some(1),
            suspect_messages: 0,
            message,
        });
        next
    }

    fn take(&mut self, record: Record<'a>, at: usize, next: usize) {
        let Record { kind, body } = record;
        match kind {
            b'F' => {
                if let Ok(text) = std::str::from_utf8(body)
                    && self.formats.add(text).is_none()
                {
                    self.notes
                        .add("structure.definition_missing", Some(at as u64), || {
                            format!("format `{text}` cannot be read")
                        });
                }
            }
            b'I' => self.information(body, false),
            b'M' => {
                let continued = u8_at(body, 0) == Some(1);
                self.information(body.get(1..).unwrap_or_default(), continued);
            }
            b'P' => {
                if let Some((kind, name, value)) = key(body) {
                    let text = value_text(kind, value);
                    // Those after the first data message are changes in flight.
                    let changed = self.scan.parameters.contains_key(name);
                    let name = if changed {
                        format!("{name}@{}", self.time)
                    } else {
                        name.to_owned()
                    };
                    self.scan.parameters.insert(name, text);
                }
            }
            b'A' => self.subscribe(body, at),
            b'R' => {
                if let Some(id) = u16_at(body, 0) {
                    self.change(at, id, None);
                }
            }
            b'D' => {
                let time = self.data_time(body);
                self.extend(at, next, time);
            }
            b'L' | b'C' => {
                self.scan.has_log = true;
                let place = if kind == b'L' { 1 } else { 3 };
                let time = u64_at(body, place).and_then(nanos);
                self.extend(at, next, time);
            }
            b'O' => {
                let millis = u16_at(body, 0).unwrap_or(0);
                let secs = self.time as f64 / 1e9;
                self.lose(LossReason {
                    code: "loss.dropout".to_owned(),
                    start: at as u64,
                    end: at as u64,
                    messages: None,
                    suspect_messages: 0,
                    message: format!("the logger lost `{millis}` ms of data near `{secs:.3}` s"),
                });
            }
            _ => {}
        }
    }

    /// Time of a data message; also the newest one so far.
    fn data_time(&self, body: &[u8]) -> Option<i64> {
        let index = self.ids.get(&u16_at(body, 0)?)?;
        let compiled = self.scan.subscriptions.get(*index)?.compiled.as_ref()?;
        u64_at(body, 2 + compiled.timestamp_at?).and_then(nanos)
    }

    fn information(&mut self, body: &[u8], continued: bool) {
        let Some((kind, name, value)) = key(body) else {
            return;
        };
        let text = value_text(kind, value);
        let entry = self.scan.information.entry(name.to_owned()).or_default();
        if entry.is_empty() || continued {
            entry.push_str(&text);
        } else {
            entry.push('\n');
            entry.push_str(&text);
        }
    }

    fn subscribe(&mut self, body: &[u8], at: usize) {
        let (Some(instance), Some(id), Some(name)) =
            (u8_at(body, 0), u16_at(body, 1), body.get(3..))
        else {
            return;
        };
        let name = String::from_utf8_lossy(name).into_owned();
        let key = (name, instance);
        let index = match self.known.get(&key) {
            Some(index) => *index,
            None if self.scan.subscriptions.len() < SUBSCRIPTIONS => {
                let index = self.scan.subscriptions.len();
                let subscription = self.subscription(&key.0, instance, at);
                self.scan.subscriptions.push(subscription);
                self.known.insert(key, index);
                index
            }
            None => return,
        };
        self.change(at, id, Some(index));
    }

    fn subscription(&mut self, name: &str, instance: u8, at: usize) -> Subscription {
        let formats = &self.formats;
        let compiled = self
            .compiled
            .entry(name.to_owned())
            .or_insert_with(|| formats.compile(name).map(Arc::new))
            .clone();
        if compiled.is_none() {
            self.notes
                .add("structure.definition_missing", Some(at as u64), || {
                    format!("topic `{name}` has no format that can be read")
                });
        }
        let schema = compiled.as_ref().map(|compiled| {
            Arc::new(Schema {
                name: format!("px4/{name}"),
                encoding: "ros1msg".to_owned(),
                data: compiled.text.clone().into_bytes(),
            })
        });
        Subscription {
            name: name.to_owned(),
            instance,
            compiled,
            schema,
        }
    }

    fn change(&mut self, at: usize, id: u16, subscription: Option<usize>) {
        if self.scan.changes.len() >= SUBSCRIPTIONS {
            return;
        }
        match subscription {
            Some(index) => self.ids.insert(id, index),
            None => self.ids.remove(&id),
        };
        self.scan.changes.push(Change {
            at,
            id,
            subscription,
        });
    }

    fn lose(&mut self, loss: LossReason) {
        self.scan.account.losses.push(loss);
        if self.scan.account.losses.len() >= LOSSES {
            bound_losses(&mut self.scan.account, self.loss_limit);
        }
    }

    /// Adds a message to the unit under way.
    fn extend(&mut self, at: usize, next: usize, time: Option<i64>) {
        if self
            .unit
            .as_ref()
            .is_some_and(|unit| at - unit.bytes.start >= UNIT_BYTES)
        {
            self.close();
        }
        let time_before = self.time;
        let unit = self.unit.get_or_insert(Unit {
            bytes: at..next,
            times: None,
            time_before,
        });
        unit.bytes.end = next;
        let time = time.unwrap_or(self.time);
        let (first, last) = unit.times.unwrap_or((time, time));
        unit.times = Some((first.min(time), last.max(time)));
        self.time = time;
    }

    /// Ends the unit under way.
    fn close(&mut self) {
        if let Some(unit) = self.unit.take() {
            self.scan.units.push(unit);
        }
    }

    fn finish(mut self) -> Scan {
        self.close();
        let mut account = self.scan.account;
        self.notes.finish(&mut account);
        self.scan.account = account;
        self.scan
    }
}

/// Type, name and value of `key_len, "type name", value`.
fn key(body: &[u8]) -> Option<(&str, &str, &[u8])> {
    let length = usize::from(u8_at(body, 0)?);
    let text = std::str::from_utf8(body.get(1..1 + length)?).ok()?;
    let (kind, name) = text.split_once(' ')?;
    Some((kind, name, body.get(1 + length..)?))
}
