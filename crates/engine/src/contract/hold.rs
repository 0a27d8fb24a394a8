//! One recording and a contract: what was seen of it, held to what is asked.

use super::lens::{Held, Lens, Seen};
use crate::EngineError;
use crate::context::{self, Fields};
use fieldassay_formats::{
    Buffers, Channel, Message, Recording, UnitSummary, Visitor, full_account,
};
use fieldassay_model::Loss;
use fieldassay_model::contract::{Checked, Checking, Notes, Observed, ObservedTable};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// What came of holding a recording to one contract.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) checked: Checked,
    pub(crate) notes: Notes,
    /// Why data of an older version cannot be read as the new one.
    pub(crate) error: Option<String>,
}

/// Tables of labels and objects of a recording.
pub(crate) trait Tables {
    /// What is there.
    fn observed(&self) -> &BTreeMap<String, ObservedTable>;
    /// Feeds the rules that wait for values of tables. Errors: what reading says.
    fn feed(
        &self,
        held: &Held<'_>,
        checking: &mut Checking<'_>,
        notes: &mut Notes,
    ) -> Result<(), EngineError>;
}

/// No table at all.
pub(crate) struct NoTables(pub(crate) BTreeMap<String, ObservedTable>);

impl Tables for NoTables {
    fn observed(&self) -> &BTreeMap<String, ObservedTable> {
        &self.0
    }

    fn feed(&self, _: &Held<'_>, _: &mut Checking<'_>, _: &mut Notes) -> Result<(), EngineError> {
        Ok(())
    }
}

/// What is known of a recording; none where nobody looked.
#[derive(Clone, Copy)]
pub(crate) struct Known<'k> {
    pub(crate) context: Option<&'k Fields>,
    pub(crate) tables: Option<&'k dyn Tables>,
}

/// Holds what was seen of messages, context and tables to the contract number `at` of those the lens was made for.
///
/// Errors: what reading the tables says.
pub(crate) fn hold<'a>(
    held: &Held<'a>,
    seen: Option<(&Seen<'a>, usize)>,
    known: Known<'_>,
) -> Result<Outcome, EngineError> {
    let messages = seen.map(|(seen, at)| seen.of(at, held));
    let (mut channels, mut out) = (None, Outcome::default());
    let (mut rules, mut skipped) = (Vec::new(), Vec::new());
    if let Some(messages) = messages {
        channels = Some(messages.channels);
        (rules, skipped) = (messages.rules, messages.skipped);
        (out.notes, out.error) = (messages.notes, messages.error);
    }
    let observed = Observed {
        channels,
        context: known.context.map(context::observed),
        tables: known.tables.map(|tables| tables.observed().clone()),
    };
    let mut checking = held.contract.checking(&observed, held.classes);
    checking.take(rules);
    for what in skipped {
        checking.skip(what);
    }
    if let Some(tables) = known.tables {
        tables.feed(held, &mut checking, &mut out.notes)?;
    }
    out.checked = checking.finish();
    Ok(out)
}

/// What a pass over a recording gave.
pub(crate) struct Passed<'a> {
    pub(crate) seen: Seen<'a>,
    pub(crate) loss: Loss,
    pub(crate) complete: bool,
    pub(crate) message_count: u64,
    /// Messages no channel definition names.
    pub(crate) undefined: u64,
}

struct Looking<'v, 'l, 'a>(&'v mut super::lens::Look<'l, 'a>);

impl Visitor for Looking<'_, '_, '_> {
    fn channel(&mut self, _channel: &Channel) {}

    fn message(&mut self, message: &Message<'_>) {
        self.0.message(message);
    }
}

/// Reads a recording once, in parallel on the current pool. Memory: the units under way and what contracts keep.
pub(crate) fn pass<'a>(
    recording: &dyn Recording,
    held: &'a [Held<'a>],
    read: &(dyn Fn(u64) + Sync),
) -> Passed<'a> {
    let lens = Lens::new(recording.channels(), held);
    let units: Vec<UnitSummary> = (0..recording.unit_count())
        .into_par_iter()
        .map_init(Buffers::default, |buffers, unit| {
            let mut look = lens.unit();
            let summary = recording.read_unit(unit, buffers, &mut Looking(&mut look));
            lens.keep(unit, look);
            read(recording.unit_bytes(unit));
            summary
        })
        .collect();
    let loss = Loss::from_reasons(full_account(recording, &units).losses);
    let suspect: u64 = units.iter().map(|unit| unit.suspect_messages).sum();
    Passed {
        seen: lens.finish(),
        complete: loss.reasons.is_empty() && suspect == 0,
        loss,
        message_count: units.iter().map(|unit| unit.messages).sum(),
        undefined: units
            .iter()
            .map(|unit| unit.undefined_channel_messages)
            .sum(),
    }
}
