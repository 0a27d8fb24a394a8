//! What can go wrong with a query.

use fieldassay_store::{ErrorKind, StoreError};
use std::fmt;

/// Why a query gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// Text that is no SQL.
    #[error("{message}{}", Shown(excerpt.as_ref()))]
    Syntax {
        /// What was expected and what was found.
        message: String,
        /// Where.
        excerpt: Option<Excerpt>,
    },
    /// A name that nothing has.
    #[error("there is no {what} `{name}`{}{}", Shown(excerpt.as_ref()), Hint(hint))]
    Unknown {
        /// What it was taken for: `table`, `column`, `function`, …
        what: &'static str,
        /// The name as it was written.
        name: String,
        /// What to do: the nearest name, or those there are.
        hint: String,
        /// Where.
        excerpt: Option<Excerpt>,
    },
    /// A statement that would change something, or several at once.
    #[error(
        "{what} is not run here\nhint: one statement that reads: SELECT, WITH, EXPLAIN, DESCRIBE or SHOW TABLES; rows are added by `fieldassay ingest`"
    )]
    Refused {
        /// What was asked for.
        what: String,
    },
    /// SQL that makes no sense over these tables: types that do not fit, a column that is not grouped.
    #[error("{message}{}", Shown(excerpt.as_ref()))]
    Invalid {
        /// What is wrong.
        message: String,
        /// Where.
        excerpt: Option<Excerpt>,
    },
    /// Values that cannot be computed with: an overflow, a division by zero, a text that is no number.
    #[error("{message}")]
    Value {
        /// What is wrong.
        message: String,
    },
    /// More memory than the limit.
    #[error(
        "the query needs more memory than its limit: {message}\nhint: raise the limit, or read less: fewer columns, a narrower WHERE"
    )]
    Memory {
        /// Who asked for how much.
        message: String,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Bytes of a recording that are not what its rows say.
    #[error(
        "recording `{recording_id}` cannot be read: {what}\nhint: `fieldassay check` the original, and restore the blob from a copy"
    )]
    Recording {
        /// The recording.
        recording_id: String,
        /// What is wrong.
        what: String,
    },
    /// An answer could not be written.
    #[error("cannot write the answer: {source}")]
    Output {
        /// What the system said.
        source: std::io::Error,
    },
    /// Something failed that is not the caller's.
    #[error("the query failed: {message}")]
    Failed {
        /// What is known.
        message: String,
    },
}

impl QueryError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "query.syntax",
            Self::Unknown { .. } => "query.unknown",
            Self::Refused { .. } => "query.refused",
            Self::Invalid { .. } => "query.invalid",
            Self::Value { .. } => "query.value",
            Self::Memory { .. } => "query.memory",
            Self::Store(error) => error.code(),
            Self::Recording { .. } => "query.recording",
            Self::Output { .. } => "query.output",
            Self::Failed { .. } => "query.failed",
        }
    }

    /// What a caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Syntax { .. }
            | Self::Unknown { .. }
            | Self::Refused { .. }
            | Self::Invalid { .. }
            | Self::Value { .. } => ErrorKind::Usage,
            Self::Memory { .. } | Self::Output { .. } | Self::Failed { .. } => ErrorKind::System,
            Self::Recording { .. } => ErrorKind::Damage,
            Self::Store(error) => error.kind(),
        }
    }

    /// The error with its place in what somebody gave, where that began after so many lines of the text that was run. A
    /// place in the lines before is left out.
    #[must_use]
    pub fn after_lines(mut self, lines: usize) -> Self {
        if let Self::Syntax { excerpt, .. }
        | Self::Unknown { excerpt, .. }
        | Self::Invalid { excerpt, .. } = &mut self
        {
            *excerpt = excerpt.take().and_then(|place| {
                let line = place.line.checked_sub(lines).filter(|line| *line > 0)?;
                Some(Excerpt { line, ..place })
            });
        }
        self
    }
}

/// A place in the text of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The line.
    pub text: String,
}

impl Excerpt {
    /// The place in the text, none for one outside of it. One past the end of a line is inside.
    pub(crate) fn at(sql: &str, line: u64, column: u64) -> Option<Self> {
        let line = usize::try_from(line).ok()?;
        let column = usize::try_from(column).ok()?.max(1);
        let text = sql.lines().nth(line.checked_sub(1)?)?;
        Some(Self {
            line,
            column: column.min(text.chars().count() + 1),
            text: text.to_owned(),
        })
    }

    /// The place behind the last character that is no blank.
    pub(crate) fn end(sql: &str) -> Option<Self> {
        let text = sql.trim_end();
        let line = text.lines().count().max(1);
        let column = text.lines().last().unwrap_or_default().chars().count() + 1;
        Self::at(sql, line as u64, column as u64)
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Tabs stay tabs, so that the caret stands under its character.
        let before: String = self
            .text
            .chars()
            .take(self.column - 1)
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        write!(
            f,
            "line {}, column {}\n  {}\n  {before}^",
            self.line, self.column, self.text
        )
    }
}

struct Shown<'a>(Option<&'a Excerpt>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |excerpt| write!(f, " at {excerpt}"))
    }
}

struct Hint<'a>(&'a str);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(f, "\nhint: {}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Excerpt, QueryError};

    #[test]
    fn a_place_is_told_in_the_text_that_was_given() {
        let sql = "select 1 where\ntrue and\n  nme > 1";
        let error = |line| QueryError::Unknown {
            what: "column",
            name: "nme".to_owned(),
            hint: String::new(),
            excerpt: Excerpt::at(sql, line, 3),
        };
        assert_eq!(
            error(3).after_lines(1).to_string(),
            "there is no column `nme` at line 2, column 3\n    nme > 1\n    ^"
        );
        assert_eq!(
            error(1).after_lines(1).to_string(),
            "there is no column `nme`"
        );
    }
}
