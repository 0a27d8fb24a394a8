//! Order, repetition, zeros, resolution and numbering of one stream.

use super::columns::{Columns, is_shared};
use super::sheet::{Annotate as _, Sheet, count_detail, secs_detail};
use super::timing::{LEAST_MESSAGES, Timing};
use crate::collect::{Stream, is_repeated, sequence_of};
use fieldassay_measure::time::{StampSummary, sequence, stamp_summary};
use fieldassay_model::Regressions;

/// Stamps below which a common quantum may be chance.
const QUANTUM_STAMPS: usize = 20;
/// Share of repetitions above which a channel publishes a kept value again and again.
const REPUBLISHED_SHARE: f64 = 0.5;

/// What the stamps of a stream say by themselves.
pub(crate) struct Order {
    log: Option<StampSummary>,
    publish: Option<StampSummary>,
    header: Option<StampSummary>,
}

impl Order {
    /// Looks at every clock of the stream.
    pub(crate) fn new(columns: &Columns<'_>) -> Self {
        Self {
            log: stamp_summary(&columns.log).ok(),
            publish: columns.publish.as_ref().and_then(|p| stamp_summary(p).ok()),
            header: columns
                .header_and_log()
                .and_then(|(header, _)| stamp_summary(header).ok()),
        }
    }

    /// Backward steps for the channel's report.
    pub(crate) fn regressions(&self) -> Regressions {
        let count = |s: &StampSummary| s.regressions.count as u64;
        Regressions {
            log_time: self.log.as_ref().map_or(0, count),
            publish_time: self.publish.as_ref().map(count),
            header_time: self.header.as_ref().map(count),
        }
    }

    /// All facts about order and repetition.
    pub(crate) fn facts(
        &self,
        stream: &Stream,
        columns: &Columns<'_>,
        timing: &Timing,
        sheet: &mut Sheet,
    ) {
        if let Some(log) = &self.log {
            order_fact("time.log_order", "log time", log, &columns.log, sheet);
        }
        self.sender_order(stream, columns, sheet);
        zero_fact(columns, sheet);
        repeat_facts(stream, columns, self.header.as_ref(), sheet);
        quantum_fact(self.header.as_ref(), timing, sheet);
        sequence_fact(stream, columns, sheet);
    }

    fn sender_order(&self, stream: &Stream, columns: &Columns<'_>, sheet: &mut Sheet) {
        let shared = is_shared(stream);
        let several = "several nodes may publish on this topic";
        match (&self.publish, &columns.publish) {
            _ if shared => sheet.none("time.publish_order", "count", several),
            (Some(summary), Some(_)) => {
                let name = "time.publish_order";
                order_fact(name, "publish time", summary, &columns.log, sheet);
            }
            _ => sheet.none(
                "time.publish_order",
                "count",
                "the format has no publish time",
            ),
        }
        match (&self.header, columns.header_and_log()) {
            _ if shared => sheet.none("time.header_order", "count", several),
            (Some(summary), Some((_, log))) => {
                order_fact("time.header_order", "header stamp", summary, log, sheet);
            }
            _ => sheet.none("time.header_order", "count", NO_STAMPS),
        }
    }
}

/// Why stamp facts are missing.
pub(crate) const NO_STAMPS: &str = "the messages carry no header stamps that are set";

fn order_fact(name: &str, clock: &str, summary: &StampSummary, log: &[i64], sheet: &mut Sheet) {
    let method = format!("count of backward steps of {clock} in file order");
    let fact = sheet
        .count(name, summary.regressions.count as u64, &method)
        .of(summary.n)
        .with(&[
            secs_detail("worst_secs", summary.regressions.worst_ns as f64),
            count_detail("swaps_count", summary.adjacent_swaps as u64),
        ]);
    if let Some(index) = summary.regressions.worst_index {
        let at = |index: usize| log.get(index).copied();
        if let Some((a, b)) = at(index.saturating_sub(1)).zip(at(index)) {
            fact.at(a.min(b), a.max(b));
        }
    }
}

fn zero_fact(columns: &Columns<'_>, sheet: &mut Sheet) {
    if columns.stamps == 0 {
        sheet.none(
            "time.zero_stamp",
            "share",
            "the messages carry no header stamps",
        );
    } else if columns.zero_stamps == columns.stamps {
        sheet.none(
            "time.zero_stamp",
            "share",
            "the channel is never stamped: every stamp is 0",
        );
    } else {
        // A clock that counts from 0, as in trajectory files, has one such stamp by right: its first.
        let is_first = columns.zero_stamps == 1 && columns.log.iter().min() == Some(&0);
        let zero_stamps = columns.zero_stamps - usize::from(is_first);
        sheet
            .number(
                "time.zero_stamp",
                zero_stamps as f64 / columns.stamps as f64,
                "share",
                "share of header stamps that are 0; the first of a clock that counts from 0 is none of them",
            )
            .of(columns.stamps);
    }
}

fn repeat_facts(
    stream: &Stream,
    columns: &Columns<'_>,
    header: Option<&StampSummary>,
    sheet: &mut Sheet,
) {
    let names = [("time.duplicate", "share"), ("time.stamp_repeat", "share")];
    let Some(header) = header.filter(|h| h.n > 1) else {
        sheet.none_of(&names, NO_STAMPS);
        return;
    };
    let pairs = (header.n - 1) as f64;
    let repeated = columns
        .packed
        .iter()
        .filter(|word| is_repeated(**word))
        .count();
    if header.duplicates as f64 / pairs > REPUBLISHED_SHARE {
        sheet.none_of(
            &names,
            "most stamps repeat: a kept value is published again and again",
        );
        return;
    }
    let fact = sheet
        .number(
            "time.duplicate",
            repeated as f64 / columns.log.len() as f64,
            "share",
            "stamp and payload (xxh3) equal to those of the message before",
        )
        .with(&[count_detail("repeated_count", repeated as u64)]);
    if let Some(index) = columns.packed.iter().position(|word| is_repeated(*word)) {
        let at = |index: usize| columns.log.get(index).copied().unwrap_or_default();
        fact.at(at(index.saturating_sub(1)), at(index));
    }
    if is_shared(stream) {
        sheet.none(
            "time.stamp_repeat",
            "share",
            "several nodes may publish on this topic",
        );
        return;
    }
    // Zero stamps are left out of `header`, so a few repetitions among them may not be counted there.
    let only_stamp = header.duplicates.saturating_sub(repeated);
    sheet
        .number(
            "time.stamp_repeat",
            only_stamp as f64 / pairs,
            "share",
            "stamp equal to the one before, payload different",
        )
        .of(header.n);
}

fn quantum_fact(header: Option<&StampSummary>, timing: &Timing, sheet: &mut Sheet) {
    let quantum = header
        .filter(|h| h.n >= QUANTUM_STAMPS)
        .and_then(|h| h.quantum_ns);
    let summary = timing
        .header
        .as_ref()
        .filter(|_| timing.header_is_regular());
    let Some((quantum, summary)) = quantum.zip(summary) else {
        sheet.none(
            "time.quantum",
            "periods",
            "no regular header stamps, or fewer than 20",
        );
        return;
    };
    // Stamps on an exact grid (simulated time) lose nothing by it.
    let visible = summary.jitter_p95_ns > 0.0;
    let share = if visible {
        quantum as f64 / summary.median_ns
    } else {
        0.0
    };
    sheet
        .number(
            "time.quantum",
            share,
            "periods",
            "largest power of ten dividing every stamp, over the median period",
        )
        .with(&[secs_detail("quantum_secs", quantum as f64)]);
}

fn sequence_fact(stream: &Stream, columns: &Columns<'_>, sheet: &mut Sheet) {
    let names = [
        ("time.sequence_loss", "share"),
        ("time.sequence_loss_at_least", "share"),
    ];
    if !columns.is_numbered {
        sheet.none_of(&names, "the messages are not numbered");
        return;
    }
    if columns.packed.len() < LEAST_MESSAGES {
        sheet.none_of(&names, "fewer than 10 messages");
        return;
    }
    if is_shared(stream) {
        sheet.none_of(&names, "several nodes may publish on this topic");
        return;
    }
    let steps_of_one = columns
        .packed
        .iter()
        .zip(columns.packed.iter().skip(1))
        .filter(|(a, b)| sequence_of(**b).wrapping_sub(sequence_of(**a)) == 1)
        .count();
    if steps_of_one * 2 < columns.packed.len() {
        sheet.none_of(
            &names,
            "the numbers do not count the messages of this channel",
        );
        return;
    }
    let numbers: Vec<u32> = columns
        .packed
        .iter()
        .map(|word| sequence_of(*word))
        .collect();
    match sequence(&numbers) {
        Ok(report) => {
            let details = [
                count_detail("missing_count", report.missing),
                count_detail("resets_count", report.resets),
                count_detail("reordered_count", report.reordered),
            ];
            let method = "numbers never seen, over those plus the messages";
            sheet
                .number("time.sequence_loss", report.loss_ratio, "share", method)
                .within(Some(report.interval))
                .with(&details);
            let method = "lower end of the 95 % interval of time.sequence_loss";
            let name = "time.sequence_loss_at_least";
            let fact = sheet
                .number(name, report.interval.low, "share", method)
                .within(Some(report.interval))
                .with(&details);
            if let Some(index) = report.largest_gap_index {
                let at = |index: usize| columns.log.get(index).copied().unwrap_or_default();
                fact.at(at(index.saturating_sub(1)), at(index));
            }
        }
        Err(_) => sheet.none_of(&names, "the numbers never change"),
    }
}
