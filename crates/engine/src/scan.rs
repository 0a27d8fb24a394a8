//! The bare scan: every unit read once with its checksums, nothing measured.
//!
//! The yardstick of `cargo xtask race check`, and what `info` counts with.

use crate::{EngineError, limits::Limits, sources::OpenedRecording};
use fieldassay_formats::{Buffers, Channel, Message, Recording, UnitSummary, Visitor};
use rayon::prelude::*;

/// Receives messages and forgets them.
struct Forget;

impl Visitor for Forget {
    fn channel(&mut self, _channel: &Channel) {}
    fn message(&mut self, _message: &Message<'_>) {}
}

/// Reads every unit with checksums on, in parallel on the current pool; summaries in file order.
pub fn scan(recording: &dyn Recording) -> Vec<UnitSummary> {
    (0..recording.unit_count())
        .into_par_iter()
        .map_init(Buffers::default, |buffers, unit| {
            recording.read_unit(unit, buffers, &mut Forget)
        })
        .collect()
}

/// Opens a file and reads every unit and both digests: what no report can do without.
pub fn scan_with_digests(
    path: &std::path::Path,
) -> Result<(u64, fieldassay_model::Digests), EngineError> {
    let source = crate::sources::Source::read(path)?;
    let opened: OpenedRecording<'_> = source.open(false, &Limits::default())?;
    let (digests, summaries) = rayon::join(|| source.digests(), || scan(opened.recording()));
    Ok((summaries.iter().map(|unit| unit.messages).sum(), digests?))
}
