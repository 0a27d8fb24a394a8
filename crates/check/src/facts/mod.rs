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
pub(crate) mod sheet;
mod stall;
mod stream;
mod structure;
mod sync;
mod timing;
mod transform;

pub(crate) use stream::{StreamOutcome, recording_span, stream_outcome};
pub(crate) use structure::{rules, structure_facts, total_loss};
pub(crate) use transform::transform_facts;

use crate::collect::{Arena, Collected};
use fieldassay_model::Fact;

/// Subject of facts about the recording as a whole.
pub(crate) const RECORDING: &str = "recording";

/// Facts about several streams, and the topics on a clock of their own; moves what streams share to the recording.
pub(crate) fn recording_facts<'a>(
    collected: &'a Collected<'a>,
    arena: &'a Arena<'a>,
    outcomes: &mut [StreamOutcome],
) -> (Vec<Fact>, Vec<String>) {
    let mut facts = stall::shared_stalls(outcomes);
    let clocks = epoch::clock_facts(outcomes);
    let foreign = epoch::foreign_topics(&clocks);
    facts.extend(clocks);
    facts.extend(sync::sync_facts(collected, arena, outcomes, &foreign));
    (facts, foreign)
}
