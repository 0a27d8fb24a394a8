//! The answer of `recover` and `convert`.

use super::text;
use fieldassay_engine::convert::Outcome;
use fieldassay_model::display;
use std::fmt::Write as _;

pub(crate) fn outcome(outcome: &Outcome) -> anyhow::Result<()> {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "wrote {} messages on {} channels to {}",
        display::integer(outcome.message_count as f64),
        outcome.channel_count,
        outcome.output
    );
    if outcome.attachment_count + outcome.metadata_count > 0 {
        let _ = writeln!(
            out,
            "  with {} attachments and {} metadata records",
            outcome.attachment_count, outcome.metadata_count
        );
    }
    if outcome.complete {
        let _ = writeln!(out, "  nothing was lost");
    } else {
        let _ = writeln!(
            out,
            "  lost: {}; {} messages written are suspect",
            super::check::lost(&outcome.loss),
            display::integer(outcome.loss.suspect_messages as f64)
        );
        for reason in &outcome.loss.reasons {
            let _ = writeln!(out, "    {}", super::check::loss_line(reason));
        }
    }
    text(&out)
}
