//! Which stretches of which recordings a request means.
//!
//! Read [`Selected`] first. Not here: where they go (`groups`).

use super::cells::{Cells, each, every};
use super::{Making, RECORDINGS_TABLE};
use crate::EngineError;
use crate::workspace::ask::quoted;
use arrow_array::builder::{Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use fieldassay_model::release::{Member, Request};
use fieldassay_model::tables::{MEMBERS, TABLES, table};
use fieldassay_query::Session;
use fieldassay_store::{RowsFile, WrittenFile, lasting_schema};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// Members of one release at most: they are held in memory, 16 bytes each.
const MOST_MEMBERS: usize = 100_000_000;
/// Rows of a batch of members.
const BATCH_ROWS: usize = 8192;

/// A recording of a release.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Recording {
    /// Its id.
    pub(super) id: String,
    /// First moment of its messages.
    pub(super) start_ns: Option<i64>,
    /// What its moments were read from.
    pub(super) clock: Option<String>,
    /// Whether it has messages.
    pub(super) has_messages: bool,
    /// First of its members.
    pub(super) first: usize,
    /// Members of it.
    pub(super) members: usize,
}

/// What a request selects: recordings by id, and the stretches of each in the order of time.
#[derive(Debug, Default)]
pub(super) struct Selected {
    pub(super) recordings: Vec<Recording>,
    /// Start and end of every member, recording by recording; a missing moment is [`NO_TIME`].
    spans: Vec<(i64, i64)>,
}

/// Stands for a moment that is not known; nothing is recorded in the year 1677.
const NO_TIME: i64 = i64::MIN;

/// Where every recording of a selection goes: its split and group.
pub(super) type Placed<'a> = &'a dyn Fn(usize) -> (Option<&'a str>, Option<&'a str>);

impl Selected {
    /// Asks the workspace. Errors: what SQL says; more members than can be held; [`EngineError::Request`] for none, with
    /// what each condition removed.
    pub(super) async fn ask(session: &Session, request: &Request) -> Result<Self, EngineError> {
        let sql = Sql::new(request)?;
        let mut selected = Self::default();
        let mut is_too_much = false;
        each(session, &sql.members(), |cells| {
            if selected.spans.len() >= MOST_MEMBERS {
                is_too_much = true;
                return ControlFlow::Break(());
            }
            selected.add(cells);
            ControlFlow::Continue(())
        })
        .await?;
        if is_too_much {
            return Err(EngineError::Request {
                message: format!(
                    "the release would have more than {MOST_MEMBERS} members\nhint: select fewer with --where, or make several releases"
                ),
            });
        }
        if selected.spans.is_empty() {
            return Err(sql.empty(session).await?);
        }
        Ok(selected)
    }

    fn add(&mut self, cells: &Cells<'_>) {
        let id = cells.text(0).unwrap_or_default();
        if self.recordings.last().is_none_or(|last| last.id != id) {
            self.recordings.push(Recording {
                id: id.to_owned(),
                start_ns: cells.integer(3),
                clock: cells.text(4).map(str::to_owned),
                has_messages: cells.integer(5).unwrap_or(0) > 0,
                first: self.spans.len(),
                members: 0,
            });
        }
        let time = |column| cells.integer(column).unwrap_or(NO_TIME);
        let span = (time(1), time(2));
        let Some(last) = self.recordings.last_mut() else {
            return;
        };
        // Rows come sorted: those that say the same stretch follow each other, and are one member.
        if last.members > 0 && self.spans.last() == Some(&span) {
            return;
        }
        last.members += 1;
        self.spans.push(span);
    }

    /// Members in all.
    pub(super) fn members(&self) -> usize {
        self.spans.len()
    }

    /// The members of a recording, as start and end.
    pub(super) fn spans(
        &self,
        recording: &Recording,
    ) -> impl Iterator<Item = (Option<i64>, Option<i64>)> + use<'_> {
        let end = recording.first + recording.members;
        let spans = self.spans.get(recording.first..end).unwrap_or_default();
        let known = |time: i64| (time != NO_TIME).then_some(time);
        spans
            .iter()
            .map(move |(start, end)| (known(*start), known(*end)))
    }

    /// The recording of an id.
    pub(super) fn find(&self, id: &str) -> Option<usize> {
        let found = self
            .recordings
            .binary_search_by(|one| one.id.as_str().cmp(id));
        found.ok()
    }

    /// The recording that a member is of.
    pub(super) fn recording_of(&self, member: usize) -> usize {
        let after = self.recordings.partition_point(|one| one.first <= member);
        after.saturating_sub(1)
    }

    /// A member, with where it goes.
    pub(super) fn member(&self, at: usize, placed: Placed<'_>) -> Member {
        let index = self.recording_of(at);
        let one = self.recordings.get(index);
        let span = one.and_then(|one| self.spans(one).nth(at.saturating_sub(one.first)));
        let (start_ns, end_ns) = span.unwrap_or_default();
        let (split, group) = placed(index);
        Member {
            recording_id: one.map(|one| one.id.clone()).unwrap_or_default(),
            start_ns,
            end_ns,
            split: split.map(str::to_owned),
            split_group: group.map(str::to_owned),
        }
    }

    /// Makes the recordings of the members a table of the session, each once: a join with every member of a recording
    /// would take as many steps as there are members, for each of its rows.
    pub(super) async fn add_recordings(&self, making: &Making) -> Result<(), EngineError> {
        let path = making.file(RECORDINGS_TABLE);
        let once = self.recordings.iter();
        write_file(
            &path,
            once.map(|one| (one.id.as_str(), (None, None), (None, None))),
        )?;
        Ok(making.session.add_parquet(RECORDINGS_TABLE, &path).await?)
    }

    /// Writes the members as a file of their table.
    pub(super) fn write(
        &self,
        path: &Path,
        placed: Placed<'_>,
    ) -> Result<WrittenFile, EngineError> {
        let recordings = self.recordings.iter().enumerate();
        let rows = recordings.flat_map(|(index, recording)| {
            let place = placed(index);
            let spans = self.spans(recording);
            spans.map(move |span| (recording.id.as_str(), span, place))
        });
        write_file(path, rows)
    }
}

/// A row of members: its recording, first and last moment, split and group.
type MemberRow<'a> = (
    &'a str,
    (Option<i64>, Option<i64>),
    (Option<&'a str>, Option<&'a str>),
);

fn write_file<'a>(
    path: &Path,
    members: impl Iterator<Item = MemberRow<'a>>,
) -> Result<WrittenFile, EngineError> {
    let mut file = RowsFile::create(&MEMBERS, path)?;
    let mut rows = MemberRows::default();
    for (id, (start, end), (split, group)) in members {
        rows.ids.append_value(id);
        rows.starts.append_option(start);
        rows.ends.append_option(end);
        rows.splits.append_option(split);
        rows.groups.append_option(group);
        rows.count += 1;
        if rows.count == BATCH_ROWS {
            file.write(&rows.take()?, None)?;
        }
    }
    if rows.count > 0 {
        file.write(&rows.take()?, None)?;
    }
    Ok(file.finish()?)
}

#[derive(Default)]
struct MemberRows {
    ids: StringBuilder,
    starts: Int64Builder,
    ends: Int64Builder,
    splits: StringBuilder,
    groups: StringBuilder,
    count: usize,
}

impl MemberRows {
    fn take(&mut self) -> Result<RecordBatch, EngineError> {
        self.count = 0;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.ids.finish()),
            Arc::new(self.starts.finish()),
            Arc::new(self.ends.finish()),
            Arc::new(self.splits.finish()),
            Arc::new(self.groups.finish()),
        ];
        let batch = RecordBatch::try_new(lasting_schema(&MEMBERS), columns);
        batch.map_err(|error| EngineError::Rows {
            table: MEMBERS.name,
            what: error.to_string(),
        })
    }
}

/// Columns that say when a row of a table is: one moment, or the first and the last.
pub(super) fn times_of(table: &str) -> Option<(&'static str, &'static str)> {
    let table = fieldassay_model::tables::table(table)?;
    let has = |name: &str| table.column(name).is_some();
    let pairs = [
        ("start_ns", "end_ns"),
        ("t_ns", "end_ns"),
        ("t_ns", "t_ns"),
        ("window_start_ns", "window_end_ns"),
    ];
    pairs
        .into_iter()
        .find(|(start, end)| has(start) && has(end))
}

/// The questions of a request.
struct Sql<'a> {
    request: &'a Request,
    /// The table whose rows are members, and its columns of time.
    from: Option<(&'a str, &'static str, &'static str)>,
    condition: String,
}

impl<'a> Sql<'a> {
    fn new(request: &'a Request) -> Result<Self, EngineError> {
        let from = match request.from.as_deref().filter(|name| *name != "recordings") {
            None => None,
            Some(name) => {
                let (start, end) = times_of(name).ok_or_else(|| no_such(name))?;
                Some((name, start, end))
            }
        };
        let condition = request.condition.as_ref();
        let condition = condition.map_or("true".to_owned(), |condition| format!("({condition}\n)"));
        Ok(Self {
            request,
            from,
            condition,
        })
    }

    fn kept_in(&self) -> &'static str {
        if self.request.include_quarantined {
            "true"
        } else {
            // Rows may be about recordings that the workspace has not seen.
            "NOT coalesce(r.quarantined, false)"
        }
    }

    fn members(&self) -> String {
        let kept_in = self.kept_in();
        let condition = &self.condition;
        let rest = "r.start_ns AS recording_start_ns, r.clock, r.message_count";
        match self.from {
            None => format!(
                "SELECT r.recording_id, r.start_ns, r.end_ns, {rest} FROM (SELECT * FROM recordings WHERE {condition}) r \
                 WHERE {kept_in} ORDER BY r.recording_id"
            ),
            Some((table, start, end)) => format!(
                "SELECT t.recording_id, coalesce(t.s, r.start_ns) AS start_ns, coalesce(t.e, t.s, r.end_ns) AS end_ns, {rest} \
                 FROM (SELECT recording_id, {start} AS s, {end} AS e FROM {table} WHERE {condition}) t \
                 LEFT JOIN recordings r ON r.recording_id = t.recording_id WHERE {kept_in} \
                 ORDER BY 1, 2 NULLS FIRST, 3 NULLS FIRST"
            ),
        }
    }

    /// Why nothing is left, step by step.
    async fn empty(&self, session: &Session) -> Result<EngineError, EngineError> {
        let condition = &self.condition;
        let (what, all, met, left) = match self.from {
            None => (
                "recordings",
                "SELECT count(*) FROM recordings".to_owned(),
                format!("SELECT count(*) FROM recordings WHERE {condition}"),
                format!(
                    "SELECT count(*) FROM (SELECT * FROM recordings WHERE {condition}) r WHERE {}",
                    self.kept_in()
                ),
            ),
            Some((table, ..)) => (
                table,
                format!("SELECT count(*) FROM {table}"),
                format!("SELECT count(*) FROM {table} WHERE {condition}"),
                format!(
                    "SELECT count(*) FROM (SELECT * FROM {table} WHERE {condition}) t \
                     LEFT JOIN recordings r ON r.recording_id = t.recording_id WHERE {}",
                    self.kept_in()
                ),
            ),
        };
        let mut counts = Vec::new();
        for sql in [all, met, left] {
            let mut count = 0;
            every(session, &sql, |cells| count = cells.count(0)).await?;
            counts.push(count);
        }
        let of = |at: usize| counts.get(at).copied().unwrap_or(0);
        let (all, met, left) = (of(0), of(1), of(2));
        let mut steps = vec![format!("there are {all} rows in `{what}`")];
        if let Some(condition) = &self.request.condition {
            steps.push(format!("--where {} leaves {met}", quoted(condition)));
        }
        if !self.request.include_quarantined {
            steps.push(format!(
                "{} of these are quarantined and left out",
                met.saturating_sub(left)
            ));
        }
        Ok(EngineError::Request {
            message: format!(
                "the release would be empty: {}\nhint: `fieldassay query` shows what a condition leaves; --include-quarantined takes what is kept apart",
                steps.join("; ")
            ),
        })
    }
}

fn no_such(name: &str) -> EngineError {
    let able = TABLES.iter().map(|table| table.name);
    let able: Vec<&str> = able.filter(|name| times_of(name).is_some()).collect();
    let message = if table(name).is_some() {
        format!("the rows of `{name}` say no times, so they cannot be members")
    } else {
        let near = fieldassay_model::nearest(name, able.iter().copied());
        let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        format!("there is no table `{name}`{near}")
    };
    EngineError::Request {
        message: format!("{message}\nhint: rows of these can: {}", able.join(", ")),
    }
}

/// The condition by which rows of a table are about a member.
pub(super) fn about_members(column: &str) -> String {
    format!("{column} IN (SELECT recording_id FROM {RECORDINGS_TABLE})")
}
