//! Rules that need the whole file: what was declared against what was found.
//!
//! Read [`account`] first. Not here: rules about a single unit ([`super::unit`]) and those about
//! the index records of the summary ([`super::verify_index`]).

use super::cursor::wide;
use super::layout::Unit;
use super::open::{McapRecording, data_crc};
use super::records::{Statistics, opcode};
use super::summary::Crc;
use super::unit::{UnitFacts, signed};
use super::verify_index;
use crate::{Notes, UnitSummary};
use fieldassay_model::{Account, LossReason};
use std::collections::{BTreeMap, BTreeSet};

/// Profiles of the format's registry; empty is one, too.
const PROFILES: [&str; 3] = ["", "ros1", "ros2"];

/// Notes and losses of the file as a whole.
pub(crate) fn account(recording: &McapRecording<'_>, units: &[UnitSummary]) -> Account {
    let mut check = Check {
        recording,
        units,
        notes: recording.layout.notes.clone(),
        losses: recording.layout.losses.clone(),
        data_fails: false,
    };
    check.head();
    check.checksums();
    let definitions = check.definitions();
    check.order();
    check.statistics(&definitions);
    check.lost_by_statistics();
    check.missing_by_statistics();
    let mut notes = check.notes;
    verify_index::check(recording, units, &mut notes);
    let mut account = Account {
        losses: check.losses,
        ..Account::default()
    };
    notes.finish(&mut account);
    account
}

/// What the reader remembers of a unit.
pub(crate) fn facts(unit: &UnitSummary) -> Option<&UnitFacts> {
    unit.detail.mcap.as_deref()
}

struct Check<'r, 'a> {
    recording: &'r McapRecording<'a>,
    units: &'r [UnitSummary],
    notes: Notes,
    losses: Vec<LossReason>,
    /// Whether the checksum of the data section fails.
    data_fails: bool,
}

impl Check<'_, '_> {
    fn head(&mut self) {
        if !self.recording.magic {
            self.notes.add("structure.magic", Some(0), || {
                "the first bytes are not the magic of an MCAP file".to_owned()
            });
        }
        let Some(header) = self.recording.header() else {
            self.notes.add("structure.no_header", None, || {
                "the first record is not a header".to_owned()
            });
            return;
        };
        if header.library.is_empty() {
            self.notes.add("structure.header_library", None, || {
                "the header does not say which library wrote the file".to_owned()
            });
        }
        if !PROFILES.contains(&&*header.profile) {
            self.notes.add("structure.header_profile", None, || {
                format!(
                    "the header names profile `{}`; registered are `ros1` and `ros2`",
                    header.profile
                )
            });
        }
    }

    fn checksums(&mut self) {
        let recording = self.recording;
        if recording.summary.crc == Crc::Invalid {
            let at = recording.layout.footer.map(|(offset, _)| wide(offset));
            self.notes.add("structure.summary_crc", at, || {
                "the checksum of the summary fails".to_owned()
            });
        }
        let early = recording.data_crc;
        let crc = early.unwrap_or_else(|| data_crc(recording.bytes, &recording.layout));
        if let (Crc::Invalid, Some((end, _))) = (crc, recording.layout.data_end) {
            self.data_fails = true;
            self.notes.add("structure.data_crc", Some(wide(end)), || {
                "the checksum of the data section fails".to_owned()
            });
            let own = |unit: &&UnitSummary| {
                unit.account
                    .losses
                    .iter()
                    .all(|loss| loss.code != "loss.chunk_crc")
            };
            let suspect = self
                .units
                .iter()
                .filter(own)
                .map(|unit| unit.suspect_messages)
                .sum();
            if suspect > 0 {
                self.losses.push(LossReason {
                    code: "loss.data_crc".to_owned(),
                    start: 0,
                    end: wide(end),
                    messages: (!recording.layout.strange).then_some(0),
                    suspect_messages: suspect,
                    message: "the checksum of the data section fails; messages without a checksum of their own are kept and suspect".to_owned(),
                });
            }
        }
        for attachment in recording.attachments() {
            if attachment.crc != Crc::Invalid {
                continue;
            }
            let (start, name) = (attachment.offset, &attachment.record.name);
            self.notes.add("structure.attachment_crc", Some(start), || {
                format!("the checksum of attachment `{name}` fails")
            });
            self.losses.push(LossReason {
                code: "loss.attachment_crc".to_owned(),
                start,
                end: start.saturating_add(wide(attachment.record.data.len())),
                messages: Some(0),
                suspect_messages: 0,
                message: format!(
                    "the checksum of attachment `{name}` fails; it is kept and suspect"
                ),
            });
        }
    }

    /// Whether a definition may have been lost before this unit.
    fn gaps_before(&self, unit: usize) -> bool {
        let start = self
            .recording
            .layout
            .units
            .get(unit)
            .map_or(0, Unit::offset);
        self.losses
            .iter()
            .any(|loss| loss.code == "loss.framing" && loss.start < wide(start))
    }

    /// Checks order and repetition of definitions; returns how often each id is defined in the data.
    fn definitions(&mut self) -> BTreeMap<(u8, u16), u64> {
        let mut seen: BTreeMap<(u8, u16), u64> = BTreeMap::new();
        let mut named: BTreeSet<u16> = BTreeSet::new();
        let mut sound = true;
        for (index, unit) in self.units.iter().enumerate() {
            let Some(facts) = facts(unit) else {
                sound = false;
                continue;
            };
            sound &= !self.gaps_before(index);
            for channel in &facts.used_first {
                let known = self.recording.definitions.channel(*channel).is_some();
                let before = seen.contains_key(&(opcode::CHANNEL, *channel));
                if known && sound && !before {
                    let at = self
                        .recording
                        .layout
                        .units
                        .get(index)
                        .map(|unit| wide(unit.offset()));
                    self.notes.add("structure.undefined_channel", at, || {
                        format!("a message of channel `{channel}` comes before the channel is defined in the data section")
                    });
                }
            }
            for (key, count) in &facts.definitions {
                let sum = seen.entry(*key).or_default();
                *sum = sum.saturating_add(*count);
            }
            named.extend(&facts.named_schemas);
            sound &= facts.sound;
        }
        named.extend(
            self.recording
                .summary
                .channels
                .iter()
                .map(|(_, c)| c.schema_id),
        );
        let known = &self.recording.definitions.schemas;
        for schema in named
            .iter()
            .filter(|id| **id != 0 && !known.contains_key(id))
        {
            self.notes.add("structure.unknown_schema", None, || {
                format!("a channel names schema `{schema}`, which is not defined")
            });
        }
        for ((opcode, id), count) in seen.iter().filter(|(_, count)| **count > 1) {
            let (code, what) = if *opcode == opcode::SCHEMA {
                ("structure.duplicate_schema", "schema")
            } else {
                ("structure.duplicate_channel", "channel")
            };
            self.notes.add(code, None, || {
                format!("{what} `{id}` is defined `{count}` times in the data section")
            });
        }
        seen
    }

    /// Log times across units; within a unit its own account tells.
    fn order(&mut self) {
        let mut latest: Option<i64> = None;
        for (index, unit) in self.units.iter().enumerate() {
            let Some((low, high)) = unit.log_time_range else {
                continue;
            };
            if let Some(before) = latest.filter(|before| low < *before) {
                let at = self
                    .recording
                    .layout
                    .units
                    .get(index)
                    .map(|unit| wide(unit.offset()));
                self.notes.add("structure.message_order", at, || {
                    format!("messages from log time `{low}` on come after one of `{before}`")
                });
            }
            latest = latest.max(Some(high));
        }
    }

    fn messages(&self) -> u64 {
        self.units.iter().map(|unit| unit.messages).sum()
    }

    /// Whether anything is missing that would explain different counts.
    fn damaged(&self) -> bool {
        !self.losses.is_empty()
            || self
                .units
                .iter()
                .any(|unit| !unit.account.losses.is_empty())
    }

    fn statistics(&mut self, definitions: &BTreeMap<(u8, u16), u64>) {
        let all = &self.recording.summary.statistics;
        if let Some((offset, _)) = all.get(1) {
            self.notes.add(
                "structure.statistics_duplicate",
                Some(wide(*offset)),
                || format!("the file has `{}` statistics records", all.len()),
            );
        }
        if self.damaged() || self.units.len() != self.recording.layout.units.len() {
            return;
        }
        for (offset, statistics) in all {
            self.compare_statistics(wide(*offset), statistics, definitions);
        }
    }

    fn compare_statistics(
        &mut self,
        at: u64,
        statistics: &Statistics,
        definitions: &BTreeMap<(u8, u16), u64>,
    ) {
        for (what, declared, found) in self.declared_and_found(statistics, definitions) {
            if declared != found {
                self.notes
                    .add("structure.statistics_mismatch", Some(at), || {
                        format!(
                            "the statistics declare `{declared}` {what}, the file has `{found}`"
                        )
                    });
            }
        }
        self.compare_channel_counts(at, &statistics.channel_message_counts);
    }

    /// What the statistics count, as they declare it and as it was found.
    fn declared_and_found(
        &self,
        statistics: &Statistics,
        definitions: &BTreeMap<(u8, u16), u64>,
    ) -> [(&'static str, u64, u64); 8] {
        let layout = &self.recording.layout;
        let chunk = |unit: &&Unit<'_>| matches!(unit, Unit::Chunk(_));
        let ids = |kind: u8| {
            wide(
                definitions
                    .keys()
                    .filter(|(opcode, _)| *opcode == kind)
                    .count(),
            )
        };
        let ranges = || self.units.iter().filter_map(|unit| unit.log_time_range);
        let start = ranges().map(|(low, _)| low).min().unwrap_or(0);
        let end = ranges().map(|(_, high)| high).max().unwrap_or(0);
        let time = |time: i64| u64::try_from(time).unwrap_or(0);
        let saturated = |declared: u64| u64::try_from(signed(declared)).unwrap_or(0);
        [
            ("messages", statistics.message_count, self.messages()),
            (
                "schemas",
                u64::from(statistics.schema_count),
                ids(opcode::SCHEMA),
            ),
            (
                "channels",
                u64::from(statistics.channel_count),
                ids(opcode::CHANNEL),
            ),
            (
                "attachments",
                u64::from(statistics.attachment_count),
                wide(layout.attachments.len()),
            ),
            (
                "metadata records",
                u64::from(statistics.metadata_count),
                wide(layout.metadata.len()),
            ),
            (
                "chunks",
                u64::from(statistics.chunk_count),
                wide(layout.units.iter().filter(chunk).count()),
            ),
            (
                "as first log time",
                saturated(statistics.message_start_time),
                time(start),
            ),
            (
                "as last log time",
                saturated(statistics.message_end_time),
                time(end),
            ),
        ]
    }

    fn compare_channel_counts(&mut self, at: u64, declared: &BTreeMap<u16, u64>) {
        if declared.is_empty() {
            return;
        }
        let mut found: BTreeMap<u16, u64> = BTreeMap::new();
        for (id, count) in self.units.iter().flat_map(|unit| &unit.channel_messages) {
            let sum = found
                .entry(u16::try_from(*id).unwrap_or(u16::MAX))
                .or_default();
            *sum = sum.saturating_add(*count);
        }
        for id in declared.keys().chain(found.keys()).collect::<BTreeSet<_>>() {
            let (declared, found) = (declared.get(id).copied(), found.get(id).copied());
            if declared.unwrap_or(0) != found.unwrap_or(0) {
                let (declared, found) = (declared.unwrap_or(0), found.unwrap_or(0));
                self.notes.add("structure.statistics_channel_counts", Some(at), || {
                    format!("the statistics count `{declared}` messages of channel `{id}`, the file has `{found}`")
                });
            } else if self.recording.definitions.channel(*id).is_none() {
                self.notes
                    .add("structure.statistics_channel_counts", Some(at), || {
                        format!(
                            "the statistics count messages of channel `{id}`, which is not defined"
                        )
                    });
            }
        }
    }

    /// Counts what the losses found on opening cost, when sound statistics tell the whole and no
    /// other loss is uncounted. With several such places all is put down to the first.
    fn lost_by_statistics(&mut self) {
        let in_units = || self.units.iter().flat_map(|unit| &unit.account.losses);
        let Some(statistics) = self.recording.summary.sound_statistics() else {
            return;
        };
        if in_units().any(|loss| loss.messages.is_none())
            || self.losses.iter().all(|loss| loss.messages.is_some())
        {
            return;
        }
        let losses = in_units().chain(&self.losses);
        let counted: u64 = losses.filter_map(|loss| loss.messages).sum();
        let read = self.messages().saturating_add(counted);
        let Some(mut missing) = statistics.message_count.checked_sub(read) else {
            return;
        };
        for loss in self
            .losses
            .iter_mut()
            .filter(|loss| loss.messages.is_none())
        {
            loss.messages = Some(missing);
            missing = 0;
        }
    }

    /// Finds messages that are missing although every place could be read: statistics that agree
    /// with themselves count more, and something else shows too that the data has changed.
    fn missing_by_statistics(&mut self) {
        let [(_, statistics)] = self.recording.summary.statistics.as_slice() else {
            return;
        };
        let units = self.units.iter().flat_map(|unit| &unit.account.losses);
        let counted: Option<u64> = units.chain(&self.losses).map(|loss| loss.messages).sum();
        let Some(counted) = counted else {
            return;
        };
        let per_channel: u64 = statistics
            .channel_message_counts
            .values()
            .fold(0, |sum, count| sum.saturating_add(*count));
        let found = self.messages().saturating_add(counted);
        let missing = statistics.message_count.saturating_sub(found);
        let chunk = |unit: &&Unit<'_>| matches!(unit, Unit::Chunk(_));
        let chunks = self.recording.layout.units.iter().filter(chunk).count();
        let witness = self.data_fails || u64::from(statistics.chunk_count) > wide(chunks);
        if missing == 0 || per_channel != statistics.message_count || !witness {
            return;
        }
        let end = self
            .recording
            .layout
            .data_end
            .map_or(0, |(end, _)| wide(end));
        self.losses.push(LossReason {
            code: "loss.missing".to_owned(),
            start: end,
            end,
            messages: Some(missing),
            suspect_messages: 0,
            message: format!(
                "the statistics count `{}` messages, `{found}` are there or known to be lost; the bytes of the others are gone",
                statistics.message_count
            ),
        });
    }
}
