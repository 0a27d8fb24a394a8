//! Which statements are run: those that read; and where each of several ends.

use crate::QueryError;
use crate::recordings::ReadTopic;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Query, SetExpr, Statement as Sql, TableFactor, Visit as _,
    Visitor,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, Tokenizer};
use std::collections::BTreeSet;
use std::iter::Peekable;
use std::ops::ControlFlow;
use std::str::CharIndices;

/// Deepest nesting of expressions and subqueries that is parsed.
const MOST_NESTED: usize = 64;

/// Statements of a text, cut at every `;` that is no part of a text, a name or a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statements<'a> {
    /// Those that have their end, in order and without their `;`. Blanks and comments alone are none.
    pub whole: Vec<&'a str>,
    /// What no `;` ends; empty where only blanks and comments are left.
    pub rest: &'a str,
}

impl<'a> Statements<'a> {
    /// Cuts a text. A text, name or comment that is not closed reaches to the end; what is no SQL for another reason is
    /// a statement as it is, for the parser to tell.
    pub fn of(text: &'a str) -> Self {
        let mut tokens = Vec::new();
        let read = Tokenizer::new(&GenericDialect {}, text)
            .tokenize_with_location_into_buf(&mut tokens)
            .map_err(|error| error.message);
        let mut offsets = Offsets::new(text);
        let mut whole = Vec::new();
        let (mut start, mut blank) = (0, true);
        for token in &tokens {
            match token.token {
                Token::SemiColon => {
                    // Inside a comment that other databases read as SQL places are not those of the text.
                    let Some(end) = offsets.of(token.span.start, ';') else {
                        continue;
                    };
                    if !blank {
                        whole.extend(text.get(start..end));
                    }
                    (start, blank) = (end + 1, true);
                }
                Token::Whitespace(_) => {}
                _ => blank = false,
            }
        }
        let mut rest = text.get(start..).unwrap_or_default();
        match read {
            Ok(()) if blank => rest = "",
            Err(message) if !is_open(&message) => whole.push(std::mem::take(&mut rest)),
            _ => {}
        }
        Self { whole, rest }
    }

    /// Whether there is no statement, whole or begun.
    pub fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.rest.is_empty()
    }
}

/// Whether the tokenizer came to the end inside a text, a name or a comment.
fn is_open(message: &str) -> bool {
    let words = ["Unterminated", "before EOF", "Unexpected EOF"];
    words.iter().any(|word| message.contains(word))
}

/// Bytes before places of the tokenizer, which are asked for in order.
struct Offsets<'a> {
    rest: Peekable<CharIndices<'a>>,
    line: u64,
    column: u64,
}

impl<'a> Offsets<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            rest: text.char_indices().peekable(),
            line: 1,
            column: 1,
        }
    }

    /// Bytes before a place, where that character stands there.
    fn of(&mut self, place: Location, wanted: char) -> Option<usize> {
        while let Some((offset, one)) = self.rest.peek().copied() {
            if (self.line, self.column) >= (place.line, place.column) {
                return (one == wanted).then_some(offset);
            }
            (self.line, self.column) = match one {
                '\n' => (self.line + 1, 1),
                _ => (self.line, self.column + 1),
            };
            self.rest.next();
        }
        None
    }
}

/// Parses one statement that reads. Errors: [`QueryError::Syntax`], [`QueryError::Refused`].
pub(crate) fn parse(sql: &str) -> Result<Statement, QueryError> {
    let parsed = DFParserBuilder::new(sql)
        .with_dialect(&GenericDialect {})
        .with_recursion_limit(MOST_NESTED)
        .build()
        .and_then(|mut parser| parser.parse_statements())
        .map_err(|error| crate::explain::explain(error, sql, &[]))?;
    let mut statements = parsed.into_iter();
    match (statements.next(), statements.next()) {
        (Some(statement), None) => match refused(&statement) {
            None => Ok(statement),
            Some(what) => Err(QueryError::Refused { what }),
        },
        (None, _) => Err(QueryError::Refused {
            what: "an empty text".to_owned(),
        }),
        (Some(_), Some(_)) => Err(QueryError::Refused {
            what: "more than one statement".to_owned(),
        }),
    }
}

/// What a statement asks for, unless it only reads.
fn refused(statement: &Statement) -> Option<String> {
    let statement = match statement {
        Statement::Statement(statement) => statement,
        Statement::Explain(explained) => return refused(&explained.statement),
        other => return Some(first_words(&other.to_string())),
    };
    match statement.as_ref() {
        Sql::Query(query) if reads(query) => None,
        Sql::ExplainTable { .. }
        | Sql::ShowTables { .. }
        | Sql::ShowColumns { .. }
        | Sql::ShowFunctions { .. } => None,
        other => Some(first_words(&other.to_string())),
    }
}

/// Recordings and topics that a statement reads by `read_topic`, each pair once.
pub(crate) fn topics(statement: &Statement) -> BTreeSet<(String, String)> {
    match statement {
        Statement::Statement(statement) => {
            let mut named = Named(BTreeSet::new());
            // It never breaks off.
            let _ = statement.visit(&mut named);
            named.0
        }
        Statement::Explain(explained) => topics(&explained.statement),
        _ => BTreeSet::new(),
    }
}

struct Named(BTreeSet<(String, String)>);

impl Visitor for Named {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table {
            name,
            args: Some(args),
            ..
        } = factor
            && name.to_string().eq_ignore_ascii_case(ReadTopic::NAME)
            && let [recording_id, topic] = args.args.as_slice()
            && let (Some(recording_id), Some(topic)) = (text(recording_id), text(topic))
        {
            self.0.insert((recording_id, topic));
        }
        ControlFlow::Continue(())
    }
}

fn text(argument: &FunctionArg) -> Option<String> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value))) => {
            value.value.clone().into_string()
        }
        _ => None,
    }
}

fn reads(query: &Query) -> bool {
    let with = query.with.iter().flat_map(|with| &with.cte_tables);
    with.into_iter().all(|table| reads(&table.query)) && body_reads(&query.body)
}

fn body_reads(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => select.into.is_none(),
        SetExpr::Query(query) => reads(query),
        SetExpr::SetOperation { left, right, .. } => body_reads(left) && body_reads(right),
        SetExpr::Values(_) | SetExpr::Table(_) => true,
        _ => false,
    }
}

/// The first two words, which say what a statement does.
fn first_words(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(2).collect();
    format!("`{}`", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::Statements;

    #[track_caller]
    fn check(text: &str, whole: &[&str], rest: &str) {
        let cut = Statements::of(text);
        assert_eq!((cut.whole.as_slice(), cut.rest), (whole, rest), "{text}");
    }

    #[test]
    fn statements_are_cut_where_they_end() {
        check(
            "select 1 as a; select 2 as b;\n",
            &["select 1 as a", " select 2 as b"],
            "",
        );
        check("select 1; select\n2", &["select 1"], " select\n2");
        check("select 1", &[], "select 1");
        check(" ;; \n;", &[], "");
        check("", &[], "");
    }

    #[test]
    fn a_semicolon_in_quotes_and_comments_ends_nothing() {
        check(
            "select ';', \"a;b\", 'it''s;' ; ",
            &["select ';', \"a;b\", 'it''s;' "],
            "",
        );
        check("select 1 -- not here;", &[], "select 1 -- not here;");
        check("select 1; -- done; really", &["select 1"], "");
        check("select /* ; */ 1;/* ; */", &["select /* ; */ 1"], "");
        check("-- one;\nselect 1;\n-- two\n", &["-- one;\nselect 1"], "");
        check("select 'ü;€', 1; x", &["select 'ü;€', 1"], " x");
    }

    #[test]
    fn what_is_not_closed_goes_on() {
        check("select 1; select ';", &["select 1"], " select ';");
        check("select \"a;", &[], "select \"a;");
        check("/* a; ", &[], "/* a; ");
        check("select $$ a; ", &[], "select $$ a; ");
    }

    #[test]
    fn what_is_no_sql_is_not_waited_for() {
        check(
            "select U&'\\00zz'; select 1;",
            &["select U&'\\00zz'; select 1;"],
            "",
        );
        // Some databases read such a comment; it is never cut.
        check("select 1 /*! ; */ + 1;", &["select 1 /*! ; */ + 1"], "");
    }
}
