//! `sql`: questions one after the other.

use super::Where;
use super::query::How;
use crate::render;
use fieldassay_engine::workspace::Statements;
use fieldassay_engine::workspace::ask::Asked;
use fieldassay_engine::workspace::{Format, Name, NameKind};
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Config, Context, Editor, Helper, Highlighter, Hinter};
use std::io::{BufRead, IsTerminal as _, Write as _};

/// Ask the workspace in SQL, one question after the other: history, completion with Tab, statements end with `;`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    workspace: Where,
    #[command(flatten)]
    how: How,
}

const HELP: &str = "statements end with `;`
\\d          tables        \\d TABLE    its columns
\\f          functions     \\json, \\csv, \\table   form of answers
\\h          this          \\q          quit (or Ctrl-D)\n";

/// Keywords that are completed.
const WORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP BY",
    "ORDER BY",
    "HAVING",
    "LIMIT",
    "JOIN",
    "LEFT JOIN",
    "ON",
    "USING",
    "AS",
    "AND",
    "OR",
    "NOT",
    "IN",
    "BETWEEN",
    "LIKE",
    "IS NULL",
    "IS NOT NULL",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "WITH",
    "DISTINCT",
    "UNION ALL",
    "OVER",
    "PARTITION BY",
    "EXPLAIN",
    "DESCRIBE",
    "SHOW TABLES",
];

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let workspace = arguments.workspace.open()?;
    let asked = Asked::new(&workspace, arguments.how.at(), arguments.how.limits())?;
    let mut shell = Shell {
        asked: &asked,
        format: Format::Table,
        failed: false,
    };
    if !std::io::stdin().is_terminal() {
        return shell.piped(std::io::stdin().lock());
    }
    let config = Config::builder().auto_add_history(true).build();
    let mut editor: Editor<Words, FileHistory> = Editor::with_config(config)?;
    editor.set_helper(Some(Words::new(asked.names())));
    let history = workspace.folder().join(".fieldassay/sql_history");
    // The first time there is none.
    let _ = editor.load_history(&history);
    render::note("SQL over the workspace; \\h for help, \\q to quit");
    loop {
        match editor.readline("fieldassay> ") {
            Ok(line) if line.trim().is_empty() => {}
            Ok(line) if line.starts_with('\\') => {
                if !shell.command(&line)? {
                    break;
                }
            }
            Ok(line) => {
                let rest = shell.answer_whole(&line)?;
                shell.answer(rest)?;
            }
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(error.into()),
        }
        if let Err(error) = editor.append_history(&history) {
            render::note(&format!("the history cannot be kept: {error}"));
        }
    }
    Ok(crate::exit::DONE)
}

/// Whether what was typed can be answered: every statement has its end, or it is a command of the shell.
fn is_done(text: &str) -> bool {
    text.trim_start().starts_with('\\') || Statements::of(text).rest.is_empty()
}

/// Bytes from which on a statement is looked at again only when it has doubled.
const LONG: usize = 1 << 16;

struct Shell<'a> {
    asked: &'a Asked<'a>,
    format: Format,
    failed: bool,
}

impl Shell<'_> {
    fn code(&self) -> u8 {
        if self.failed {
            crate::exit::FAILED
        } else {
            crate::exit::DONE
        }
    }

    /// Answers what comes in lines from a file or another program.
    fn piped(&mut self, lines: impl BufRead) -> anyhow::Result<u8> {
        let mut waiting = String::new();
        // How long it was when it was looked at last.
        let mut looked = 0;
        for line in lines.lines() {
            let line = line?;
            if line.trim_start().starts_with('\\') && Statements::of(&waiting).is_empty() {
                waiting.clear();
                if !self.command(&line)? {
                    return Ok(self.code());
                }
                continue;
            }
            waiting.push_str(&line);
            waiting.push('\n');
            // Only such a line can end a statement; long ones are not looked at again with every line.
            let is_long = waiting.len() > LONG && waiting.len() < 2 * looked;
            if line.contains(';') && !is_long {
                waiting = self.answer_whole(&waiting)?.to_owned();
                looked = waiting.len();
            }
        }
        let rest = self.answer_whole(&waiting)?;
        self.answer(rest)?;
        Ok(self.code())
    }

    /// Answers the statements that have their end, and gives what is left.
    fn answer_whole<'t>(&mut self, text: &'t str) -> anyhow::Result<&'t str> {
        let cut = Statements::of(text);
        for statement in cut.whole {
            self.answer(statement)?;
        }
        Ok(cut.rest)
    }

    /// Answers a statement; what is wrong with it is said, and the shell goes on.
    fn answer(&mut self, sql: &str) -> anyhow::Result<()> {
        let sql = sql.trim();
        if sql.is_empty() {
            return Ok(());
        }
        let mut out = std::io::BufWriter::new(std::io::stdout());
        let answered = self.asked.write(sql, self.format, &mut out);
        out.flush()?;
        if let Err(error) = answered {
            self.failed = true;
            render::error(&error.into());
        }
        Ok(())
    }

    /// Does what a line that begins with `\` says; whether to go on.
    fn command(&mut self, line: &str) -> anyhow::Result<bool> {
        let mut words = line.split_whitespace();
        match (words.next().unwrap_or_default(), words.next()) {
            ("\\q", _) => return Ok(false),
            ("\\d", None) => self.answer("SHOW TABLES")?,
            ("\\d", Some(table)) => self.answer(&format!("DESCRIBE {table}"))?,
            ("\\f", _) => {
                let names = self.asked.names().iter();
                let functions = names.filter(|name| {
                    matches!(name.kind, NameKind::Function | NameKind::TableFunction)
                });
                let names: Vec<&str> = functions.map(|name| name.name.as_str()).collect();
                render::text(&format!("{}\n", names.join(" ")))?;
            }
            ("\\json", _) => self.format = Format::Json,
            ("\\csv", _) => self.format = Format::Csv,
            ("\\table", _) => self.format = Format::Table,
            ("\\h", _) => render::text(HELP)?,
            (other, _) => render::note(&format!("no command `{other}`; \\h lists them")),
        }
        Ok(true)
    }
}

/// Completion of names, and lines until a statement ends.
#[derive(Helper, Highlighter, Hinter)]
struct Words {
    names: Vec<String>,
}

impl Words {
    fn new(names: &[Name]) -> Self {
        let words = WORDS.iter().map(|word| (*word).to_owned());
        let mut names: Vec<String> = names
            .iter()
            .map(|name| name.name.clone())
            .chain(words)
            .collect();
        names.sort_unstable();
        names.dedup();
        Self { names }
    }

    /// What the word that ends at `at` may become, and where it begins.
    fn of(&self, line: &str, at: usize) -> (usize, Vec<&str>) {
        let before = line.get(..at).unwrap_or_default();
        let is_part = |one: char| one.is_alphanumeric() || one == '_';
        let start = before
            .char_indices()
            .rev()
            .take_while(|(_, one)| is_part(*one))
            .last()
            .map_or(at, |(index, _)| index);
        let word = before.get(start..).unwrap_or_default().to_lowercase();
        if word.is_empty() {
            return (start, Vec::new());
        }
        let fits = |name: &&String| name.to_lowercase().starts_with(&word);
        (
            start,
            self.names.iter().filter(fits).map(String::as_str).collect(),
        )
    }
}

impl Completer for Words {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, names) = self.of(line, at);
        let pair = |name: &str| Pair {
            display: name.to_owned(),
            replacement: name.to_owned(),
        };
        Ok((start, names.into_iter().map(pair).collect()))
    }
}

impl Validator for Words {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if is_done(context.input()) {
            ValidationResult::Valid(None)
        } else {
            ValidationResult::Incomplete
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_until_every_statement_has_its_end() {
        for done in [
            "select 1;",
            "select ';' ; \n",
            "select 1; -- done",
            "select 1; select 2;",
            "\\d channels",
            "-- nothing",
            " ",
        ] {
            assert!(is_done(done), "{done}");
        }
        for open in [
            "select ';",
            "select 1",
            "select 1 -- not here;",
            "select 1; select 2",
        ] {
            assert!(!is_done(open), "{open}");
        }
    }

    #[test]
    fn the_word_before_the_cursor_is_completed() {
        let words = Words {
            names: vec!["recordings".to_owned(), "SELECT".to_owned()],
        };
        assert_eq!(words.of("select * from rec", 17), (14, vec!["recordings"]));
        assert_eq!(words.of("sel", 3), (0, vec!["SELECT"]));
        assert_eq!(words.of("", 0), (0, vec![]));
    }
}
