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
use std::collections::HashMap;
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

impl Recording {
    /// A row of [`Sql::recordings`].
    fn of(cells: &Cells<'_>) -> Self {
        Self {
            id: cells.text(0).unwrap_or_default().to_owned(),
            start_ns: cells.integer(1),
            clock: cells.text(2).map(str::to_owned),
            has_messages: cells.integer(3).unwrap_or(0) > 0,
            first: 0,
            members: 0,
        }
    }
}

/// A recording whose stretches are gathered.
struct Of {
    recording: Recording,
    end_ns: Option<i64>,
    /// Whether it may have members.
    is_kept: bool,
    spans: Vec<(i64, i64)>,
}

impl Of {
    fn unseen(id: &str) -> Self {
        Self {
            recording: Recording {
                id: id.to_owned(),
                ..Recording::default()
            },
            end_ns: None,
            is_kept: true,
            spans: Vec::new(),
        }
    }
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
        let selected = match sql.from {
            None => Self::whole(session, &sql).await?,
            Some(_) => Self::stretches(session, &sql).await?,
        };
        if selected.spans.is_empty() {
            return Err(sql.empty(session).await?);
        }
        Ok(selected)
    }

    /// Recordings as they are.
    async fn whole(session: &Session, sql: &Sql<'_>) -> Result<Self, EngineError> {
        let mut selected = Self::default();
        each(session, &sql.recordings(), |cells| {
            let recording = Recording {
                first: selected.spans.len(),
                members: 1,
                ..Recording::of(cells)
            };
            let start = recording.start_ns.unwrap_or(NO_TIME);
            selected.recordings.push(recording);
            selected
                .spans
                .push((start, cells.integer(4).unwrap_or(NO_TIME)));
            room_for(selected.spans.len())
        })
        .await?;
        counted(selected.spans.len())?;
        Ok(selected)
    }

    /// Stretches that rows of a table say. They are sorted here, recording by recording: to the engine of SQL they are
    /// rows of texts, which takes several times as long.
    async fn stretches(session: &Session, sql: &Sql<'_>) -> Result<Self, EngineError> {
        let mut found: HashMap<String, usize> = HashMap::new();
        let mut all: Vec<Of> = Vec::new();
        every(session, &sql.recordings(), |cells| {
            let recording = Recording::of(cells);
            found.insert(recording.id.clone(), all.len());
            all.push(Of {
                end_ns: cells.integer(4),
                is_kept: cells.text(5).is_none(),
                recording,
                spans: Vec::new(),
            });
        })
        .await?;
        let mut last = usize::MAX;
        let mut members = 0;
        each(session, &sql.rows(), |cells| {
            let id = cells.text(0).unwrap_or_default();
            if all.get(last).is_none_or(|one| one.recording.id != id) {
                last = found.get(id).copied().unwrap_or_else(|| {
                    // Rows may be about recordings that the workspace has not seen.
                    found.insert(id.to_owned(), all.len());
                    all.push(Of::unseen(id));
                    all.len() - 1
                });
            }
            let Some(of) = all.get_mut(last).filter(|one| one.is_kept) else {
                return ControlFlow::Continue(());
            };
            let (start, end) = (cells.integer(1), cells.integer(2));
            let from = start.or(of.recording.start_ns);
            let to = end.or(start).or(of.end_ns);
            of.spans
                .push((from.unwrap_or(NO_TIME), to.unwrap_or(NO_TIME)));
            members += 1;
            room_for(members)
        })
        .await?;
        counted(members)?;
        all.retain(|one| !one.spans.is_empty());
        all.sort_by(|a, b| a.recording.id.cmp(&b.recording.id));
        let mut selected = Self::default();
        selected.spans.reserve_exact(members);
        for mut of in all {
            // Rows that say the same stretch are one member.
            of.spans.sort_unstable();
            of.spans.dedup();
            selected.recordings.push(Recording {
                first: selected.spans.len(),
                members: of.spans.len(),
                ..of.recording
            });
            selected.spans.append(&mut of.spans);
        }
        Ok(selected)
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

/// Whether so many members can be held; nothing more is asked for when not.
const fn room_for(members: usize) -> ControlFlow<()> {
    if members > MOST_MEMBERS {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    }
}

fn counted(members: usize) -> Result<(), EngineError> {
    if room_for(members).is_continue() {
        return Ok(());
    }
    Err(EngineError::Request {
        message: format!(
            "the release would have more than {MOST_MEMBERS} members\nhint: select fewer with --where, or make several releases"
        ),
    })
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

    /// Recordings that may be members, or have them: id, first moment, clock, messages, last moment, and a text where
    /// it is left out.
    fn recordings(&self) -> String {
        let columns = "r.recording_id, r.start_ns, r.clock, r.message_count, r.end_ns";
        let kept_in = self.kept_in();
        match self.from {
            None => format!(
                "SELECT {columns} FROM (SELECT * FROM recordings WHERE {}) r WHERE {kept_in} ORDER BY 1",
                self.condition
            ),
            Some(_) => format!(
                "SELECT {columns}, CASE WHEN {kept_in} THEN NULL ELSE 'left out' END FROM recordings r"
            ),
        }
    }

    /// Rows that are members: recording, start, end.
    fn rows(&self) -> String {
        let (table, start, end) = self.from.unwrap_or_default();
        format!(
            "SELECT recording_id, {start} AS s, {end} AS e FROM {table} WHERE {}",
            self.condition
        )
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
