//! Which statements are run: those that read.

use crate::QueryError;
use crate::recordings::ReadTopic;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Query, SetExpr, Statement as Sql, TableFactor, Visit as _,
    Visitor,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// Deepest nesting of expressions and subqueries that is parsed.
const MOST_NESTED: usize = 64;

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
