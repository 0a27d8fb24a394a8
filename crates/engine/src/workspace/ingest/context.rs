//! What is known about a recording besides its messages, as rows and as notes.
//!
//! Not here: who says it (`crate::context`), which fields a workspace asks for (`settings`).

use super::super::Gathered;
use super::super::ask::{Asked, Limits};
use super::super::opened::Workspace;
use super::super::rows::Value;
use crate::EngineError;
use fieldassay_model::tables::CONTEXT_FIELDS;
use fieldassay_model::{TimeBound, nearest};
use std::collections::BTreeMap;

pub(super) use crate::context::{Fields, Given};

/// Names that are near to those everybody means the same by, but other.
pub(super) fn slips(fields: &Fields) -> Vec<String> {
    let known = || CONTEXT_FIELDS.iter().map(|field| field.name);
    let unknown = fields
        .keys()
        .filter(|name| known().all(|known| known != *name));
    unknown
        .filter_map(|name| {
            let near = nearest(name, known())?;
            Some(format!(
                "context field `{name}` is kept as it is; did you mean `{near}`?"
            ))
        })
        .collect()
}

impl Given {
    /// Whether the command says nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.flags.is_empty() && self.all.is_empty() && self.some.is_empty()
    }
}

/// What was said of every recording when it came in: values of fields, by recording.
pub(super) struct Before(BTreeMap<String, BTreeMap<String, Vec<String>>>);

impl Before {
    /// Everything the workspace has. Errors: what the store says.
    pub(super) fn read(workspace: &Workspace) -> Result<Self, EngineError> {
        let asked = Asked::new(workspace, None, Limits::default())?;
        let rows = asked.rows(
            "SELECT recording_id, field, \"value\" FROM context ORDER BY recording_id, field, \"number\"",
        )?;
        let mut all = Self(BTreeMap::new());
        for row in &rows {
            let text = |name: &str| row.get(name)?.as_str().map(str::to_owned);
            if let (Some(id), Some(field), Some(value)) =
                (text("recording_id"), text("field"), text("value"))
            {
                let fields = all.0.entry(id).or_default();
                fields.entry(field).or_default().push(value);
            }
        }
        Ok(all)
    }

    /// A note for every field of which other things are said now than when the recording came in.
    pub(super) fn notes(&self, recording_id: &str, now: &Fields) -> Vec<String> {
        let known = self.0.get(recording_id);
        let differs = now.iter().filter_map(|(field, said)| {
            let said: Vec<&str> = said.iter().map(|one| one.value.as_str()).collect();
            let before = known.and_then(|fields| fields.get(field));
            match before {
                Some(before) if *before == said => None,
                Some(before) => Some((field, before.join(", "), said.join(", "))),
                None => Some((field, "nothing".to_owned(), said.join(", "))),
            }
        });
        differs
            .map(|(field, before, now)| {
                format!(
                    "`{field}` stays `{before}`, as it was said when the recording came in; `{now}` was not added"
                )
            })
            .collect()
    }
}

/// Adds the rows of a recording that starts at `start_ns`.
pub(super) fn rows(
    fields: &Fields,
    id: &str,
    start_ns: Option<i64>,
    out: &mut Gathered,
) -> Result<(), EngineError> {
    let rows = out.table("context")?;
    let at = |bound: Option<TimeBound>| bound.map(|bound| bound.at(start_ns.unwrap_or(0)));
    for (field, values) in fields {
        for (number, said) in values.iter().enumerate() {
            rows.add([
                ("recording_id", id.into()),
                ("field", field.into()),
                ("number", number.into()),
                ("value", Value::Text(&said.value)),
                ("value_real", said.real.into()),
                ("unit", said.unit.as_deref().into()),
                ("start_ns", at(said.start).into()),
                ("end_ns", at(said.end).into()),
                ("given_by", said.given_by.into()),
                ("place", Value::Text(&said.place)),
            ]);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_name_near_to_a_known_one_is_told() {
        let given = Given::read(&["wether=rain".to_owned()], None).expect("given");
        let fields = given
            .of(Path::new("nowhere.mcap"), &BTreeMap::new())
            .expect("fields");
        assert!(slips(&fields)[0].contains("did you mean `weather`?"));
    }
}
