//! Rules of a format, and notes about their violations kept within a limit.
//!
//! Read [`Rule`] and [`Notes`]. Not here: the rules themselves; each format publishes its table.

use fieldassay_model::{Account, LossReason, Note};
use std::collections::BTreeMap;

/// One rule a format's reader checks: the code of its note and what a violation means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable code, `structure.name` or `loss.name`.
    pub code: &'static str,
    /// Whether the recording breaks its format; otherwise it is merely unusual.
    pub error: bool,
    /// What a violation means, in one sentence.
    pub meaning: &'static str,
}

/// Collects notes, at most a given number per code; the last one kept says how many more there were.
#[derive(Clone, Debug)]
pub struct Notes {
    limit: usize,
    kept: Vec<Note>,
    seen: BTreeMap<&'static str, (usize, usize)>,
}

impl Notes {
    /// Keeps at most `limit` notes per code, at least one.
    pub fn new(limit: usize) -> Self {
        Self {
            limit: limit.max(1),
            kept: Vec::new(),
            seen: BTreeMap::new(),
        }
    }

    /// Adds a note; `message` is called only when the note is kept.
    pub fn add(
        &mut self,
        code: &'static str,
        offset: Option<u64>,
        message: impl FnOnce() -> String,
    ) {
        let (count, last) = self.seen.entry(code).or_default();
        *count += 1;
        if *count <= self.limit {
            *last = self.kept.len();
            self.kept.push(Note {
                code,
                offset,
                message: message(),
            });
        }
    }

    /// Moves the notes into `account`.
    pub fn finish(mut self, account: &mut Account) {
        for &(count, last) in self.seen.values() {
            if count > self.limit
                && let Some(note) = self.kept.get_mut(last)
            {
                let more = count - self.limit;
                note.message = format!("{} (and {more} more like it)", note.message);
            }
        }
        account.notes.append(&mut self.kept);
    }
}

/// Keeps the first losses of each code and puts the rest into the last one kept.
pub(crate) fn bound_losses(account: &mut Account, limit: usize) {
    let mut kept: Vec<LossReason> = Vec::new();
    let mut more: BTreeMap<String, (usize, usize, usize)> = BTreeMap::new();
    for loss in account.losses.drain(..) {
        let (count, last, extra) = more.entry(loss.code.clone()).or_default();
        *count += 1;
        if *count <= limit.max(1) {
            *last = kept.len();
            kept.push(loss);
        } else if let Some(into) = kept.get_mut(*last) {
            *extra += 1;
            into.messages = into.messages.zip(loss.messages).map(|(a, b)| a + b);
            into.end += loss.end.saturating_sub(loss.start);
        }
    }
    for (_, last, extra) in more.into_values().filter(|(_, _, extra)| *extra > 0) {
        if let Some(loss) = kept.get_mut(last) {
            loss.message = format!("{} (and {extra} more like it)", loss.message);
        }
    }
    account.losses = kept;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_beyond_the_limit_are_counted_in_the_last() {
        let mut notes = Notes::new(2);
        for i in 0..5 {
            notes.add("structure.a", Some(i), || format!("a{i}"));
        }
        notes.add("structure.b", None, || "b".into());
        let mut account = Account::default();
        notes.finish(&mut account);
        let messages: Vec<_> = account.notes.iter().map(|n| n.message.as_str()).collect();
        assert_eq!(messages, ["a0", "a1 (and 3 more like it)", "b"]);
    }
}
