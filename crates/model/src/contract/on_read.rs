//! What a migration makes of names and types, before values are read.
//!
//! Read [`Migration::observed`] first. Not here: values ([`Migration::apply`]), contracts ([`Migration::contract`]).

use super::{
    KEPT_ROWS, Migration, Notes, Observed, ObservedChannel, ObservedField, Pattern, Rename, Step,
};
use std::collections::{BTreeMap, BTreeSet};

impl Migration {
    /// What was seen of old data, in the form it has after the migration: names, types and units. Tables keep theirs.
    pub fn observed(&self, old: &Observed) -> Observed {
        let channels = old.channels.as_ref().map(|channels| {
            channels
                .iter()
                .map(|(topic, seen)| (self.name_of(topic), self.channel(topic, seen)))
                .collect()
        });
        Observed {
            channels,
            context: old.context.clone(),
            tables: old.tables.clone(),
        }
    }

    fn channel(&self, topic: &str, seen: &ObservedChannel) -> ObservedChannel {
        let fields = seen.fields.as_ref().map(|fields| {
            fields
                .iter()
                .map(|(name, is)| self.field(topic, name, *is))
                .collect::<BTreeMap<_, _>>()
        });
        ObservedChannel {
            fields,
            ..seen.clone()
        }
    }

    /// The name a field of a channel or table has after the migration; names are those of the old version.
    pub fn field_of(&self, stream: &str, field: &str) -> String {
        let (mut stream, mut name) = (stream.to_owned(), field.to_owned());
        for step in self.steps() {
            renamed(step, &mut stream, &mut name);
        }
        name
    }

    fn field(&self, stream: &str, name: &str, is: ObservedField) -> (String, ObservedField) {
        let (mut stream, mut name, mut is) = (stream.to_owned(), name.to_owned(), is);
        for step in self.steps() {
            if !Pattern::from(step.stream()).matches(&stream) {
                continue;
            }
            match step {
                Step::Unit(step)
                    if step.field == name && is.unit.is_none_or(|u| u == step.from) =>
                {
                    is.unit = Some(step.to);
                }
                Step::Widen(step) if step.field == name && step.from.holds(is.kind) => {
                    is.kind = step.to;
                }
                _ => renamed(step, &mut stream, &mut name),
            }
        }
        (name, is)
    }

    /// Old names of the fields of a channel or table that steps look at to decide about others.
    pub fn looked_at(&self, stream: &str) -> BTreeSet<String> {
        let mut out = BTreeSet::new();
        let mut stream = stream.to_owned();
        // Names in a step are those the steps before it left: they are followed back.
        let mut before: BTreeMap<String, String> = BTreeMap::new();
        for step in self.steps() {
            if !Pattern::from(step.stream()).matches(&stream) {
                continue;
            }
            match step {
                Step::Rename(Rename {
                    field: Some(field),
                    to,
                    ..
                }) => {
                    let old = before.remove(field).unwrap_or_else(|| field.clone());
                    before.insert(to.clone(), old);
                }
                Step::Rename(Rename { to, .. }) => to.clone_into(&mut stream),
                Step::Split(split) => {
                    let whens = split.cases.iter().filter_map(|case| case.when.as_ref());
                    out.extend(whens.map(|when| {
                        let old = before.get(&when.field);
                        old.unwrap_or(&when.field).clone()
                    }));
                }
                _ => {}
            }
        }
        out
    }
}

impl Notes {
    /// Adds those of a later piece of the data, whose first row is `offset` of the whole.
    pub fn append(&mut self, later: Self, offset: u64) {
        for mut more in later.relabel {
            for row in &mut more.rows {
                *row = row.saturating_add(offset);
            }
            let known = self.relabel.iter_mut().find(|known| {
                (&known.stream, &known.field, &known.category, &known.into)
                    == (&more.stream, &more.field, &more.category, &more.into)
            });
            match known {
                Some(known) => {
                    known.count += more.count;
                    let room = KEPT_ROWS.saturating_sub(known.rows.len());
                    known.rows.extend(more.rows.into_iter().take(room));
                }
                None => self.relabel.push(more),
            }
        }
        for more in later.deprecated {
            let known = self.deprecated.iter_mut().find(|known| {
                (&known.stream, &known.field, &known.category)
                    == (&more.stream, &more.field, &more.category)
            });
            match known {
                Some(known) => known.count += more.count,
                None => self.deprecated.push(more),
            }
        }
    }
}

/// Follows one step in what it does to the names of a stream and of one of its fields.
fn renamed(step: &Step, stream: &mut String, name: &mut String) {
    let Step::Rename(Rename {
        stream: place,
        field,
        to,
    }) = step
    else {
        return;
    };
    if !Pattern::from(place.as_str()).matches(stream) {
        return;
    }
    match field {
        None => to.clone_into(stream),
        Some(field) if *field == *name => to.clone_into(name),
        Some(_) => {}
    }
}
