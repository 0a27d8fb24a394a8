//! Counts messages per channel fast enough for the inner loop.
//!
//! Read [`Tallies`]. Small ids index a table directly, large ones a map.

use std::collections::BTreeMap;

/// Ids below this have a place in the table.
const TABLE: usize = 4096;

/// What was seen of one channel.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Messages.
    pub(crate) count: u64,
    /// Sum of their offsets, to compare with an index.
    pub(crate) offsets: u64,
    /// Whether no definition was known at its first message.
    pub(crate) undefined: bool,
    /// Messages before the definition came.
    early: u64,
}

/// What was seen per channel.
#[derive(Debug, Default)]
pub(crate) struct Tallies {
    table: Vec<Tally>,
    large: BTreeMap<u16, Tally>,
}

impl Tallies {
    #[inline]
    pub(crate) fn of(&mut self, channel: u16) -> &mut Tally {
        let index = usize::from(channel);
        if index >= TABLE {
            return self.large.entry(channel).or_default();
        }
        if index >= self.table.len() {
            self.table.resize(index.saturating_add(1), Tally::default());
        }
        match self.table.get_mut(index) {
            Some(tally) => tally,
            None => self.large.entry(channel).or_default(),
        }
    }

    /// The channel is defined from here on.
    pub(crate) fn define(&mut self, channel: u16) {
        let tally = self.of(channel);
        if tally.undefined {
            tally.early = tally.count;
            tally.undefined = false;
        }
    }

    /// Channels with messages, by id.
    pub(crate) fn all(&self) -> impl Iterator<Item = (u16, Tally)> {
        let table = (0..=u16::MAX)
            .zip(&self.table)
            .map(|(id, tally)| (id, *tally));
        table
            .chain(self.large.iter().map(|(id, tally)| (*id, *tally)))
            .filter(|(_, tally)| tally.count > 0)
    }

    pub(crate) fn total(&self) -> u64 {
        self.all().map(|(_, tally)| tally.count).sum()
    }

    pub(crate) fn by_channel(&self) -> BTreeMap<u32, u64> {
        self.all()
            .map(|(id, tally)| (u32::from(id), tally.count))
            .collect()
    }

    /// Messages whose channel was not defined when they came.
    pub(crate) fn undefined(&self) -> u64 {
        let count = |tally: Tally| {
            if tally.undefined {
                tally.count
            } else {
                tally.early
            }
        };
        self.all().map(|(_, tally)| count(tally)).sum()
    }

    /// Channels with such messages.
    pub(crate) fn undefined_channels(&self) -> Vec<u16> {
        self.all()
            .filter(|(_, tally)| tally.undefined || tally.early > 0)
            .map(|(id, _)| id)
            .collect()
    }
}
