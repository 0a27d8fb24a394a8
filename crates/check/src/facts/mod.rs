//! Second pass: columns into facts.
//!
//! Read [`stream_outcome`] first (one stream by itself), then [`recording_facts`] (streams against
//! each other) and [`transform_facts`].
//!
//! Not here: thresholds. A fact says what was measured, or why it could not be.

mod clock;
mod columns;
mod epoch;
mod order;
mod sheet;
mod stall;
mod stream;
mod structure;
mod sync;
mod timing;

pub(crate) use stream::{StreamOutcome, recording_span, stream_outcome};
pub(crate) use structure::{rules, structure_facts, total_loss};

use crate::collect::{Arena, Collected};
use crate::run::Span;
use fieldassay_model::Fact;
use fieldassay_model::plot::TransformEdge;

/// Subject of facts about the recording as a whole.
pub(crate) const RECORDING: &str = "recording";

/// Nanoseconds as seconds.
pub(crate) fn secs(nanos: f64) -> f64 {
    nanos / 1e9
}

/// Facts about several streams; moves what they share from the streams to the recording.
pub(crate) fn recording_facts<'a>(
    collected: &'a Collected<'a>,
    arena: &Arena<'a>,
    outcomes: &mut [StreamOutcome],
) -> Vec<Fact> {
    let mut facts = stall::shared_stalls(outcomes);
    let clocks = epoch::clock_facts(outcomes);
    let foreign = epoch::foreign_topics(&clocks);
    facts.extend(clocks);
    facts.extend(sync::sync_facts(collected, arena, outcomes, &foreign));
    facts
}

/// Facts about the transform tree, and its edges for the report.
pub(crate) fn transform_facts(
    _collected: &Collected<'_>,
    _arena: &Arena<'_>,
    _outcomes: &[StreamOutcome],
    _span: Option<Span>,
) -> (Vec<Fact>, Vec<TransformEdge>) {
    (Vec::new(), Vec::new())
}
