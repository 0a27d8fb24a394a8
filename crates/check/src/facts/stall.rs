//! Stalls of the recorder seen on several channels at once: told once, about the recording.

use super::RECORDING;
use super::sheet::{Annotate as _, Sheet, count_detail, text_detail};
use super::stream::StreamOutcome;
use fieldassay_measure::time::shared_gaps;
use fieldassay_model::{Fact, FactStatus, Window};

/// Shared stalls kept.
const LIMIT: usize = 100;
/// Shortest stall that is looked for across channels, nanoseconds: shorter ones are the scheduler's.
const SHORTEST_NS: i64 = 20_000_000;

/// Moves stalls, and bursts right after them, that most channels share from the channels to the recording.
///
/// The facts of the channels keep their values under the names `time.shared_stall` and `time.shared_burst`.
pub(crate) fn shared_stalls(outcomes: &mut [StreamOutcome]) -> Vec<Fact> {
    let regular = outcomes
        .iter()
        .filter(|o| o.header_period_ns.is_some())
        .count();
    let messages: u64 = outcomes.iter().map(|o| o.report.message_count).sum();
    let mut sheet = Sheet::new(RECORDING, usize::try_from(messages).unwrap_or(usize::MAX));
    if regular < 2 {
        sheet.none(
            "time.stall",
            "s",
            "fewer than two streams with regular header stamps",
        );
        return sheet.facts;
    }
    let stalls: Vec<Vec<(i64, i64)>> = outcomes
        .iter()
        .map(|outcome| {
            windows(outcome, "time.stall")
                .filter(|w| w.end_ns.saturating_sub(w.start_ns) >= SHORTEST_NS)
                .map(|w| (w.start_ns, w.end_ns))
                .collect()
        })
        .collect();
    // Slow channels may have no message due during a short stall, so half of them are enough.
    let needed = regular.div_ceil(2).max(2);
    let mut shared = shared_gaps(&stalls, needed);
    shared.sort_by_key(|gap| (gap.start_ns.saturating_sub(gap.end_ns), gap.start_ns));
    shared.truncate(LIMIT);
    if shared.is_empty() {
        sheet.number("time.stall", 0.0, "s", METHOD);
    }
    for gap in &shared {
        sheet
            .number(
                "time.stall",
                gap.end_ns.saturating_sub(gap.start_ns) as f64 / 1e9,
                "s",
                METHOD,
            )
            .with(&[
                count_detail("channels_count", gap.channels as u64),
                text_detail("class", "recorder_stall"),
            ])
            .at(gap.start_ns, gap.end_ns);
    }
    let within: Vec<Window> = shared
        .iter()
        .map(|gap| Window {
            start_ns: gap.start_ns,
            end_ns: gap.end_ns,
        })
        .collect();
    for outcome in outcomes {
        let period = outcome.header_period_ns.unwrap_or(0.0);
        rename_shared(&mut outcome.facts, &within, period);
    }
    sheet.facts
}

const METHOD: &str = "stretches in which at least half of the regular streams stall";

fn windows<'a>(outcome: &'a StreamOutcome, name: &'a str) -> impl Iterator<Item = Window> + 'a {
    outcome
        .facts
        .iter()
        .filter(move |fact| fact.name == name && fact.status == FactStatus::Ok)
        .filter_map(|fact| fact.window)
}

/// Renames what a shared stall explains: at least half of the silence beyond the channel's own period.
fn rename_shared(facts: &mut [Fact], shared: &[Window], period_ns: f64) {
    for fact in facts {
        let Some(window) = fact.window else { continue };
        let length = window.end_ns.saturating_sub(window.start_ns);
        let explained = shared.iter().any(|s| {
            let end = window.end_ns.min(s.end_ns);
            let overlap = end.saturating_sub(window.start_ns.max(s.start_ns));
            overlap > 0 && 2.0 * overlap as f64 >= length as f64 - period_ns
        });
        if explained {
            match fact.name.as_str() {
                "time.stall" => "time.shared_stall".clone_into(&mut fact.name),
                "time.burst" => "time.shared_burst".clone_into(&mut fact.name),
                _ => {}
            }
        }
    }
}
