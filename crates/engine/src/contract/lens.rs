//! What contracts want to know of the messages of a recording, gathered while its units are read in any order.
//!
//! Read [`Lens`] first: it is made for the channels of a recording, sees every unit once, and ends as [`Seen`]. Stretches
//! of units that follow each other are put together at once, so that memory does not grow with the recording.
//!
//! Not here: reading (`check`, `tee`), what follows ([`super::hold`]).

use super::columns::{Gathering, Leaf, Reader, feed, leaves};
use super::migrate::migrated;
use fieldassay_formats::decode::{ColumnDecoder, StampKind, StampReader};
use fieldassay_formats::{Channel, Message};
use fieldassay_model::Contract;
use fieldassay_model::contract::{
    Channel as Rule, Migration, NotEvaluated, Notes, Observed, ObservedChannel, ObservedField,
    ValueRules,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// Frames of one channel that are told apart.
const MOST_FRAMES: usize = 100;

/// A contract that recordings are held to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held<'a> {
    pub(crate) contract: &'a Contract,
    /// Classes of its ontology; none where that is not at hand.
    pub(crate) classes: Option<&'a BTreeSet<String>>,
    /// How data of an older version is read.
    pub(crate) migration: Option<&'a Migration>,
}

impl Held<'_> {
    fn name_of(&self, topic: &str) -> String {
        self.migration
            .map_or_else(|| topic.to_owned(), |migration| migration.name_of(topic))
    }

    fn field_of(&self, topic: &str, field: &str) -> String {
        self.migration
            .map_or_else(|| field.to_owned(), |one| one.field_of(topic, field))
    }
}

/// What contracts want of the channels of one recording.
pub(crate) struct Lens<'a> {
    held: &'a [Held<'a>],
    topics: Vec<Topic<'a>>,
    /// Topic of every channel.
    channels: BTreeMap<u32, usize>,
    /// Stretches of units that follow each other, by the first; each with one past its last.
    seen: Mutex<BTreeMap<usize, (usize, UnitSeen<'a>)>>,
}

/// Channels that share a topic.
struct Topic<'a> {
    name: String,
    types: BTreeSet<(Option<String>, String)>,
    fields: Option<BTreeMap<String, ObservedField>>,
    reason: String,
    frames: Option<StampReader>,
    reader: Option<Reader>,
    wants: Vec<Want<'a>>,
}

/// Rules that wait for the values of one field.
struct Want<'a> {
    held: usize,
    /// The field, in the order of the reader.
    column: usize,
    rules: ValueRules<'a>,
}

impl<'a> Lens<'a> {
    /// A lens for the channels of a recording. Cost: that of parsing the definitions of the channels contracts ask about.
    pub(crate) fn new(channels: &[Channel], held: &'a [Held<'a>]) -> Self {
        let mut by_topic: BTreeMap<&str, Vec<&Channel>> = BTreeMap::new();
        for channel in channels {
            by_topic.entry(&channel.topic).or_default().push(channel);
        }
        let mut lens = Self {
            held,
            topics: Vec::with_capacity(by_topic.len()),
            channels: BTreeMap::new(),
            seen: Mutex::default(),
        };
        for (name, channels) in by_topic {
            for channel in &channels {
                lens.channels.insert(channel.id, lens.topics.len());
            }
            lens.topics.push(Topic::new(name, &channels, held));
        }
        lens
    }

    /// Begins with a unit.
    pub(crate) fn unit<'l>(&'l self) -> Look<'l, 'a> {
        Look {
            lens: self,
            topics: self.topics.iter().map(|_| None).collect(),
        }
    }

    /// Keeps what was seen of a unit. A unit that is seen again says the same again.
    pub(crate) fn keep(&self, unit: usize, look: Look<'_, 'a>) {
        let seen = look.finish();
        let Ok(mut all) = self.seen.lock() else {
            return;
        };
        let before = all.range(..=unit).next_back();
        let before = before.map(|(start, (end, _))| (*start, *end));
        if before.is_some_and(|(_, end)| end > unit) {
            return;
        }
        let (mut start, mut end, mut whole) = (unit, unit + 1, seen);
        if let Some((first, _)) = before.filter(|(_, end)| *end == unit)
            && let Some((_, mut earlier)) = all.remove(&first)
        {
            earlier.append(whole);
            (start, whole) = (first, earlier);
        }
        if let Some((last, later)) = all.remove(&end) {
            whole.append(later);
            end = last;
        }
        all.insert(start, (end, whole));
    }

    /// What was seen of all units.
    pub(crate) fn finish(self) -> Seen<'a> {
        let stretches = self.seen.into_inner().unwrap_or_default();
        let mut whole = UnitSeen::default();
        for (_, later) in stretches.into_values() {
            whole.append(later);
        }
        let mut topics: Vec<(Topic<'a>, TopicSeen<'a>)> = Vec::new();
        for (at, topic) in self.topics.into_iter().enumerate() {
            let seen = whole.0.get_mut(at).and_then(Option::take);
            let seen = seen.unwrap_or_else(|| TopicSeen::new(&topic));
            topics.push((topic, seen));
        }
        Seen { topics }
    }
}

impl<'a> Topic<'a> {
    fn new(name: &str, channels: &[&Channel], held: &'a [Held<'a>]) -> Self {
        let rules: Vec<(usize, &'a Rule)> = held
            .iter()
            .enumerate()
            .flat_map(|(at, one)| {
                let topic = one.name_of(name);
                let rules = one.contract.channels.iter();
                rules
                    .filter(move |(pattern, _)| pattern.matches(&topic))
                    .map(move |(_, rule)| (at, rule))
            })
            .collect();
        let types = channels.iter().map(|channel| {
            let schema = channel.schema.as_ref().map(|schema| schema.name.clone());
            (schema, channel.message_encoding.clone())
        });
        let mut topic = Self {
            name: name.to_owned(),
            types: types.collect(),
            fields: None,
            reason: String::new(),
            frames: None,
            reader: None,
            wants: Vec::new(),
        };
        if rules.is_empty() {
            return topic;
        }
        let Some(first) = channels.first() else {
            return topic;
        };
        let is_same = |other: &&&Channel| {
            other.schema == first.schema && other.message_encoding == first.message_encoding
        };
        if channels.iter().filter(|one| !is_same(one)).count() > 0 {
            "its channels are of different types".clone_into(&mut topic.reason);
            return topic;
        }
        let stamps = StampReader::new(first.schema.as_deref(), &first.message_encoding);
        let asks_frame = rules.iter().any(|(_, rule)| rule.frame.is_some());
        if asks_frame && !matches!(stamps.kind(), StampKind::None(_)) {
            topic.frames = Some(stamps);
        }
        match fields_of(first) {
            Ok(found) => topic.want(first, found, (&rules, held)),
            Err(reason) => topic.reason = reason,
        }
        topic
    }

    /// Says which fields are to be read, for whom.
    fn want(
        &mut self,
        channel: &Channel,
        found: Vec<Leaf>,
        (rules, held): (&[(usize, &'a Rule)], &'a [Held<'a>]),
    ) {
        let mut wanted: Vec<Leaf> = Vec::new();
        let mut place = |leaf: &Leaf| {
            let known = wanted.iter().position(|one| one.path == leaf.path);
            known.unwrap_or_else(|| {
                wanted.push(leaf.clone());
                wanted.len().saturating_sub(1)
            })
        };
        for (at, rule) in rules {
            let Some(one) = held.get(*at) else { continue };
            let topic = one.name_of(&self.name);
            for (name, field) in &rule.fields {
                if !field.looks_at_values() && !field.has_length() {
                    continue;
                }
                let is_it = |leaf: &&Leaf| one.field_of(&self.name, &leaf.path) == *name;
                if let Some(leaf) = found.iter().find(is_it) {
                    self.wants.push(Want {
                        held: *at,
                        column: place(leaf),
                        rules: ValueRules::new(&topic, name, field),
                    });
                }
            }
            let looked_at = one.migration.map(|one| one.looked_at(&self.name));
            for name in looked_at.into_iter().flatten() {
                found
                    .iter()
                    .filter(|leaf| leaf.path == name)
                    .for_each(|leaf| {
                        place(leaf);
                    });
            }
        }
        if !self.wants.is_empty() {
            let schema = channel.schema.as_ref();
            self.reader = Some(Reader::new(schema, &channel.message_encoding, wanted));
        }
        let fields = found.into_iter().map(|leaf| (leaf.path, leaf.is));
        self.fields = Some(fields.collect());
    }
}

/// Fields of the messages of a channel; why not where they cannot be told.
fn fields_of(channel: &Channel) -> Result<Vec<Leaf>, String> {
    let schema = channel.schema.as_deref();
    if channel.message_encoding == "json" && schema.is_none_or(|schema| schema.data.is_empty()) {
        return Err("its messages have no definition".to_owned());
    }
    let decoder = ColumnDecoder::new(schema, &channel.message_encoding);
    let decoder = decoder.map_err(|error| format!("its messages cannot be decoded: {error}"))?;
    Ok(leaves(decoder.schema().fields()))
}

/// What was seen of some units, by topic.
#[derive(Default)]
struct UnitSeen<'a>(Vec<Option<TopicSeen<'a>>>);

/// What was seen of the messages of one topic.
struct TopicSeen<'a> {
    messages: u64,
    times: Option<(i64, i64)>,
    frames: BTreeSet<String>,
    rules: Vec<ValueRules<'a>>,
    undecoded: u64,
    first_undecoded: Option<(u64, String)>,
    notes: BTreeMap<usize, Notes>,
    errors: BTreeMap<usize, String>,
}

impl UnitSeen<'_> {
    fn append(&mut self, later: Self) {
        if self.0.len() < later.0.len() {
            self.0.resize_with(later.0.len(), || None);
        }
        for (one, later) in self.0.iter_mut().zip(later.0) {
            match (one.as_mut(), later) {
                (Some(one), Some(later)) => one.append(later),
                (None, later) => *one = later,
                (Some(_), None) => {}
            }
        }
    }
}

impl<'a> TopicSeen<'a> {
    fn new(topic: &Topic<'a>) -> Self {
        Self {
            messages: 0,
            times: None,
            frames: BTreeSet::new(),
            rules: topic.wants.iter().map(|want| want.rules.clone()).collect(),
            undecoded: 0,
            first_undecoded: None,
            notes: BTreeMap::new(),
            errors: BTreeMap::new(),
        }
    }

    fn append(&mut self, later: Self) {
        let offset = self.messages;
        for (one, later) in self.rules.iter_mut().zip(later.rules) {
            one.append(later, offset);
        }
        self.messages += later.messages;
        self.times = match (self.times, later.times) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, other) => one.or(other),
        };
        self.frames.extend(later.frames);
        self.undecoded += later.undecoded;
        if self.first_undecoded.is_none() {
            let first = later.first_undecoded;
            self.first_undecoded = first.map(|(row, why)| (row + offset, why));
        }
        for (held, notes) in later.notes {
            self.notes.entry(held).or_default().append(notes, offset);
        }
        for (held, error) in later.errors {
            self.errors.entry(held).or_insert(error);
        }
    }
}

/// A look at one unit.
pub(crate) struct Look<'l, 'a> {
    lens: &'l Lens<'a>,
    topics: Vec<Option<TopicLook<'l, 'a>>>,
}

struct TopicLook<'l, 'a> {
    topic: &'l Topic<'a>,
    held: &'a [Held<'a>],
    seen: TopicSeen<'a>,
    gathering: Option<Gathering<'l>>,
    /// Times of the rows that are gathered.
    row_times: Vec<i64>,
}

impl<'a> Look<'_, 'a> {
    /// Looks at a message.
    pub(crate) fn message(&mut self, message: &Message<'_>) {
        let Some(at) = self.lens.channels.get(&message.channel) else {
            return;
        };
        let (Some(topic), Some(look)) = (self.lens.topics.get(*at), self.topics.get_mut(*at))
        else {
            return;
        };
        let held = self.lens.held;
        let look = look.get_or_insert_with(|| TopicLook {
            topic,
            held,
            seen: TopicSeen::new(topic),
            gathering: topic.reader.as_ref().map(Reader::gathering),
            row_times: Vec::new(),
        });
        look.message(message);
    }

    fn finish(self) -> UnitSeen<'a> {
        let topics = self.topics.into_iter();
        UnitSeen(topics.map(|look| look.map(TopicLook::finish)).collect())
    }
}

impl<'a> TopicLook<'_, 'a> {
    fn message(&mut self, message: &Message<'_>) {
        let time = message.log_time;
        let times = self.seen.times.unwrap_or((time, time));
        self.seen.times = Some((times.0.min(time), times.1.max(time)));
        if let Some(stamps) = &self.topic.frames
            && self.seen.frames.len() < MOST_FRAMES
            && let Some(frame) = stamps.frame_id(message.data)
            && !self.seen.frames.contains(frame)
        {
            self.seen.frames.insert(frame.to_owned());
        }
        let row = self.seen.messages;
        let decoded = self.gathering.as_mut().map(|one| one.push(message.data));
        match decoded {
            Some(Ok(())) => {
                self.row_times.push(time);
                self.seen.messages += 1;
                if self.gathering.as_ref().is_some_and(Gathering::is_full) {
                    self.flush();
                }
            }
            Some(Err(why)) => {
                // Rows before it are contiguous, and so are those after it.
                self.flush();
                self.seen.messages += 1;
                self.seen.undecoded += 1;
                self.seen.first_undecoded.get_or_insert((row, why));
            }
            None => self.seen.messages += 1,
        }
    }

    /// Feeds the rules with what is gathered.
    fn flush(&mut self) {
        let Some(gathering) = &mut self.gathering else {
            return;
        };
        let (rows, columns) = gathering.take();
        let times = std::mem::take(&mut self.row_times);
        if rows == 0 {
            return;
        }
        let first = self.seen.messages.saturating_sub(u64::from(rows));
        let leaves = self.topic.reader.as_ref().map_or(&[][..], Reader::wanted);
        let named = || leaves.iter().map(|leaf| leaf.path.as_str()).zip(&columns);
        for (at, held) in self.held.iter().enumerate() {
            let Some(migration) = held.migration else {
                continue;
            };
            let new = match migrated(migration, &self.topic.name, named(), first) {
                Ok((new, notes)) => {
                    self.seen.notes.entry(at).or_default().append(notes, first);
                    new
                }
                Err(error) => {
                    self.seen.errors.entry(at).or_insert(error);
                    continue;
                }
            };
            let wants = self.topic.wants.iter().zip(&mut self.seen.rules);
            for (_, rules) in wants.filter(|(want, _)| want.held == at) {
                if let Some(column) = new.get(rules.field()) {
                    feed(rules, column, (first, rows));
                }
            }
        }
        let wants = self.topic.wants.iter().zip(&mut self.seen.rules);
        for (want, rules) in wants {
            let is_as_it_is = self
                .held
                .get(want.held)
                .is_some_and(|one| one.migration.is_none());
            if let Some(column) = columns.get(want.column).filter(|_| is_as_it_is) {
                feed(rules, column, (first, rows));
            }
            rules.date(&|row| {
                let at = usize::try_from(row.checked_sub(first)?).ok()?;
                times.get(at).copied()
            });
        }
    }

    fn finish(mut self) -> TopicSeen<'a> {
        self.flush();
        if let Some(gathering) = self.gathering {
            gathering.leave();
        }
        self.seen
    }
}

/// What contracts want to know of the messages of a recording.
pub(crate) struct Seen<'a> {
    topics: Vec<(Topic<'a>, TopicSeen<'a>)>,
}

/// What one contract wants to know of them.
pub(super) struct SeenFor<'a> {
    pub(super) channels: BTreeMap<String, ObservedChannel>,
    pub(super) rules: Vec<ValueRules<'a>>,
    pub(super) skipped: Vec<NotEvaluated>,
    pub(super) notes: Notes,
    /// Why data of an older version cannot be read as the new one.
    pub(super) error: Option<String>,
}

impl<'a> Seen<'a> {
    /// Of one of the contracts the lens was made for.
    pub(super) fn of(&self, at: usize, held: &Held<'a>) -> SeenFor<'a> {
        let mut out = SeenFor {
            channels: BTreeMap::new(),
            rules: Vec::new(),
            skipped: Vec::new(),
            notes: Notes::default(),
            error: None,
        };
        for (topic, seen) in &self.topics {
            out.channels
                .insert(topic.name.clone(), observed(topic, seen));
            let mine = topic.wants.iter().zip(&seen.rules);
            let mine = mine.filter(|(want, _)| want.held == at);
            let mine: Vec<_> = mine.map(|(_, rules)| rules.clone()).collect();
            if let Some((row, why)) = seen.first_undecoded.as_ref().filter(|_| !mine.is_empty()) {
                out.skipped.push(NotEvaluated {
                    stream: held.name_of(&topic.name),
                    field: None,
                    reason: format!(
                        "{} of {} messages could not be decoded, the first in row {row}: {why}",
                        seen.undecoded, seen.messages
                    ),
                });
            }
            out.rules.extend(mine);
            if let Some(notes) = seen.notes.get(&at) {
                out.notes.append(notes.clone(), 0);
            }
            if let Some(error) = seen.errors.get(&at) {
                out.error.get_or_insert_with(|| error.clone());
            }
        }
        if let Some(migration) = held.migration {
            let old = Observed {
                channels: Some(std::mem::take(&mut out.channels)),
                ..Observed::default()
            };
            out.channels = migration.observed(&old).channels.unwrap_or_default();
        }
        out
    }
}

fn observed(topic: &Topic<'_>, seen: &TopicSeen<'_>) -> ObservedChannel {
    let joined = |words: BTreeSet<&str>| words.into_iter().collect::<Vec<_>>().join(", ");
    let schemas: BTreeSet<&str> = topic
        .types
        .iter()
        .filter_map(|of| of.0.as_deref())
        .collect();
    let encodings: BTreeSet<&str> = topic.types.iter().map(|of| of.1.as_str()).collect();
    let text = |text: String| (!text.is_empty()).then_some(text);
    let span = seen.times.map(|(first, last)| last.saturating_sub(first));
    let rate_hz = span.filter(|span| *span > 0).and_then(|span| {
        let steps = seen.messages.checked_sub(1)?;
        Some(steps as f64 / (span as f64 / 1e9))
    });
    ObservedChannel {
        schema: text(joined(schemas)),
        encoding: text(joined(encodings)),
        frames: topic.frames.as_ref().map(|_| seen.frames.clone()),
        message_count: seen.messages,
        rate_hz,
        fields: topic.fields.clone(),
        reason: topic.reason.clone(),
    }
}
