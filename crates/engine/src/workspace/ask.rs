//! Questions in SQL: an answer in a form for people or programs.

use super::opened::Workspace;
use crate::EngineError;
use crate::output::Output;
use fieldassay_query::{Format, Options, QueryError, Session, output};
use serde_json::{Map, Value};
use std::io::Write;
use std::path::Path;

/// A row by the names of its columns.
pub(super) type Row = Map<String, Value>;

/// Limits of a question.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Threads; 0 means one per core.
    pub threads: usize,
    /// Memory of sorts, joins and aggregates together.
    pub memory_bytes: usize,
    /// Rows shown of a table for people.
    pub shown_rows: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            threads: 0,
            memory_bytes: 1 << 30,
            shown_rows: 1000,
        }
    }
}

/// A workspace as it is after one batch, ready to be asked.
#[derive(Debug)]
pub struct Asked<'a> {
    workspace: &'a Workspace,
    session: Session,
    shown_rows: usize,
}

impl<'a> Asked<'a> {
    /// The workspace after a batch, the last where none is named. Errors: what the store says; a batch that is not there.
    pub fn new(
        workspace: &'a Workspace,
        sequence: Option<i64>,
        limits: Limits,
    ) -> Result<Self, EngineError> {
        let options = options(workspace, limits);
        let last = workspace.runtime.block_on(workspace.catalog.sequence())?;
        if let Some(sequence) = sequence.filter(|sequence| !(0..=last).contains(sequence)) {
            return Err(EngineError::Request {
                message: format!(
                    "the workspace has no batch `{sequence}`\nhint: its last is {last}; `fieldassay ls --batches` lists them"
                ),
            });
        }
        let session = workspace.session(sequence, &options);
        Ok(Self {
            workspace,
            session: workspace.runtime.block_on(session)?,
            shown_rows: limits.shown_rows,
        })
    }

    /// Names for completion.
    pub fn names(&self) -> &[fieldassay_query::Name] {
        self.session.names()
    }

    /// Answers one statement; gives the rows.
    pub fn write(
        &self,
        sql: &str,
        format: Format,
        sink: &mut (dyn Write + Send),
    ) -> Result<u64, EngineError> {
        let written = async {
            let answer = self.session.run(sql).await?;
            output::write(answer, format, self.shown_rows, sink).await
        };
        Ok(self.workspace.runtime.block_on(written)?)
    }

    /// Answers one statement into a file, which appears when it is whole.
    pub fn write_file(
        &self,
        sql: &str,
        format: Format,
        path: &Path,
        force: bool,
    ) -> Result<u64, EngineError> {
        let mut file = Output::create(path, force)?;
        let rows = self.write(sql, format, &mut file)?;
        file.finish()?;
        Ok(rows)
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    pub(super) fn rows(&self, sql: &str) -> Result<Vec<Row>, EngineError> {
        self.workspace.runtime.block_on(rows(&self.session, sql))
    }
}

/// Options of a session within limits.
pub(super) fn options(workspace: &Workspace, limits: Limits) -> Options {
    let threads = match limits.threads {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        threads => threads,
    };
    Options {
        threads,
        memory_bytes: limits.memory_bytes,
        spill: workspace.spill(),
        ..Options::small()
    }
}

/// Rows of an answer, for answers that are small.
pub(super) async fn rows(session: &Session, sql: &str) -> Result<Vec<Row>, EngineError> {
    let mut bytes = Vec::new();
    let answer = session.run(sql).await?;
    output::write(answer, Format::Json, usize::MAX, &mut bytes).await?;
    serde_json::from_slice(&bytes).map_err(|error| {
        EngineError::Query(QueryError::Failed {
            message: format!("the answer cannot be read back: {error}"),
        })
    })
}

/// A text in SQL.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
