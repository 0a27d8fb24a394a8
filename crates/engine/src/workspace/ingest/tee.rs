//! A recording seen thrice in one pass: by the checks, by what the tables want to know of its messages, and by contracts.

use crate::contract::lens::{Lens, Look};
use fieldassay_formats::{
    Buffers, Channel, Format, Message, Recording, UnitPart, UnitSummary, VideoFile, Visitor,
};
use fieldassay_model::Account;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// What is known of the messages of one channel.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) messages: u64,
    pub(super) bytes: u64,
    /// Smallest and largest log time.
    pub(super) times: Option<(i64, i64)>,
}

/// What the pass saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Every channel, by id, those only its units define included.
    pub(super) channels: BTreeMap<u32, Channel>,
    /// Messages of every channel that has any.
    pub(super) tallies: BTreeMap<u32, Tally>,
    /// Units by number.
    pub(super) units: BTreeMap<usize, Unit>,
}

/// What one unit holds.
#[derive(Debug, Default)]
pub(super) struct Unit {
    pub(super) tallies: BTreeMap<u32, Tally>,
    /// Where it lies, where it can be read by itself.
    pub(super) part: Option<UnitPart>,
    channels: Vec<Channel>,
}

/// The recording around which this stands, for whoever reads it.
pub(super) struct Tee<'a, 'c> {
    inner: &'a dyn Recording,
    lens: &'a Lens<'c>,
    units: Mutex<BTreeMap<usize, Unit>>,
}

impl<'a, 'c> Tee<'a, 'c> {
    pub(super) fn new(inner: &'a dyn Recording, lens: &'a Lens<'c>) -> Self {
        Self {
            inner,
            lens,
            units: Mutex::default(),
        }
    }

    /// What went by.
    pub(super) fn finish(self) -> Seen {
        let channels = self.inner.channels().iter();
        let mut seen = Seen {
            channels: channels
                .map(|channel| (channel.id, channel.clone()))
                .collect(),
            units: self.units.into_inner().unwrap_or_default(),
            ..Seen::default()
        };
        for unit in seen.units.values_mut() {
            for channel in unit.channels.drain(..) {
                seen.channels.entry(channel.id).or_insert(channel);
            }
            for (id, tally) in &unit.tallies {
                seen.tallies.entry(*id).or_default().add(*tally);
            }
        }
        seen
    }
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.messages += other.messages;
        self.bytes += other.bytes;
        self.times = match (self.times, other.times) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, other) => one.or(other),
        };
    }
}

struct Both<'a, 'l, 'c> {
    outer: &'a mut dyn Visitor,
    unit: Unit,
    look: Look<'l, 'c>,
}

impl Visitor for Both<'_, '_, '_> {
    fn channel(&mut self, channel: &Channel) {
        self.unit.channels.push(channel.clone());
        self.outer.channel(channel);
    }

    fn message(&mut self, message: &Message<'_>) {
        self.unit
            .tallies
            .entry(message.channel)
            .or_default()
            .add(Tally {
                messages: 1,
                bytes: message.data.len() as u64,
                times: Some((message.log_time, message.log_time)),
            });
        self.look.message(message);
        self.outer.message(message);
    }
}

impl Recording for Tee<'_, '_> {
    fn format(&self) -> Format {
        self.inner.format()
    }

    fn channels(&self) -> &[Channel] {
        self.inner.channels()
    }

    fn unit_count(&self) -> usize {
        self.inner.unit_count()
    }

    fn unit_log_times(&self, unit: usize) -> Option<(i64, i64)> {
        self.inner.unit_log_times(unit)
    }

    fn unit_bytes(&self, unit: usize) -> u64 {
        self.inner.unit_bytes(unit)
    }

    fn read_unit(
        &self,
        unit: usize,
        buffers: &mut Buffers,
        visitor: &mut dyn Visitor,
    ) -> UnitSummary {
        let mut both = Both {
            outer: visitor,
            unit: Unit::default(),
            look: self.lens.unit(),
        };
        let summary = self.inner.read_unit(unit, buffers, &mut both);
        let Both {
            unit: mut seen,
            look,
            ..
        } = both;
        self.lens.keep(unit, look);
        seen.part = self.inner.unit_part(unit);
        if let Ok(mut units) = self.units.lock() {
            // A unit that is read again says the same again.
            units.insert(unit, seen);
        }
        summary
    }

    fn unit_part(&self, unit: usize) -> Option<UnitPart> {
        self.inner.unit_part(unit)
    }

    fn account(&self, units: &[UnitSummary]) -> Account {
        self.inner.account(units)
    }

    fn origin(&self) -> (String, String) {
        self.inner.origin()
    }

    fn videos(&self) -> &[VideoFile] {
        self.inner.videos()
    }
}
