//! Errors of the SQL engine in words of ours: the place in the text, the nearest name, no internals.

use crate::session::{Name, NameKind};
use crate::{Excerpt, QueryError};
use datafusion::arrow::error::ArrowError;
use datafusion::common::{Column, DataFusionError, SchemaError, Span};
use datafusion::sql::sqlparser::parser::ParserError;
use fieldassay_model::nearest;
use fieldassay_store::StoreError;
use std::sync::Arc;

/// What an error of the engine means for the text of a query.
pub(crate) fn explain(error: DataFusionError, sql: &str, names: &[Name]) -> QueryError {
    Explainer { sql, names }.explain(error, None)
}

struct Explainer<'a> {
    sql: &'a str,
    names: &'a [Name],
}

impl Explainer<'_> {
    fn explain(&self, error: DataFusionError, span: Option<Span>) -> QueryError {
        match error {
            DataFusionError::Diagnostic(diagnostic, source) => {
                self.explain(*source, diagnostic.span.or(span))
            }
            DataFusionError::Context(_, source) => self.explain(*source, span),
            DataFusionError::Collection(errors) => match errors.into_iter().next() {
                Some(first) => self.explain(first, span),
                None => failed("no reason is known"),
            },
            DataFusionError::Shared(source) => match Arc::try_unwrap(source) {
                Ok(source) => self.explain(source, span),
                Err(source) => shared(&source),
            },
            DataFusionError::SQL(source, _) => self.syntax(&source),
            DataFusionError::SchemaError(source, _) => self.schema(&source, span),
            DataFusionError::Plan(message) => self.plan(&message, span),
            DataFusionError::NotImplemented(message) => QueryError::Invalid {
                message: format!("this is not supported: {}", one_line(&message)),
                excerpt: self.excerpt(span),
            },
            DataFusionError::ArrowError(source, _) => arrow(*source),
            DataFusionError::Execution(message) => QueryError::Value {
                message: one_line(&message),
            },
            DataFusionError::ResourcesExhausted(message) => QueryError::Memory {
                message: memory(&message),
            },
            DataFusionError::External(source) => taken(source),
            DataFusionError::ObjectStore(source) => failed(&source.to_string()),
            DataFusionError::IoError(source) => failed(&source.to_string()),
            DataFusionError::ParquetError(source) => failed(&source.to_string()),
            other => failed(&other.strip_backtrace()),
        }
    }

    fn excerpt(&self, span: Option<Span>) -> Option<Excerpt> {
        let start = span?.start;
        Excerpt::at(self.sql, start.line, start.column)
    }

    fn syntax(&self, error: &ParserError) -> QueryError {
        match error {
            ParserError::TokenizerError(text) | ParserError::ParserError(text) => {
                let (message, excerpt) = self.located(text);
                QueryError::Syntax { message, excerpt }
            }
            ParserError::RecursionLimitExceeded => QueryError::Syntax {
                message: "the query is nested too deeply".to_owned(),
                excerpt: None,
            },
        }
    }

    /// Takes the place off the end of a message of the parser.
    fn located(&self, text: &str) -> (String, Option<Excerpt>) {
        let text = one_line(text);
        let Some((message, place)) = text.rsplit_once(" at Line: ") else {
            let excerpt = if text.ends_with("EOF") {
                Excerpt::end(self.sql)
            } else {
                None
            };
            return (lowered(&text).replace("EOF", "the end"), excerpt);
        };
        let numbers = place.split_once(", Column: ");
        let place = numbers.and_then(|(line, column)| {
            let column: String = column.chars().take_while(char::is_ascii_digit).collect();
            Excerpt::at(self.sql, line.trim().parse().ok()?, column.parse().ok()?)
        });
        (lowered(message).replace("EOF", "the end"), place)
    }

    fn schema(&self, error: &SchemaError, span: Option<Span>) -> QueryError {
        match error {
            SchemaError::FieldNotFound {
                field,
                valid_fields,
            } => self.column(field, valid_fields, span),
            SchemaError::AmbiguousReference { field } => QueryError::Invalid {
                message: format!(
                    "column `{}` is in more than one of the tables; write the table before it, as in `t.{}`,",
                    field.name, field.name
                ),
                excerpt: self.excerpt(span.or_else(|| field.spans.first())),
            },
            other => QueryError::Invalid {
                message: one_line(&lowered(&other.to_string())),
                excerpt: self.excerpt(span),
            },
        }
    }

    fn column(&self, field: &Column, valid: &[Column], span: Option<Span>) -> QueryError {
        let excerpt = self.excerpt(span.or_else(|| field.spans.first()));
        let name = field.flat_name();
        let mut bare: Vec<&str> = valid.iter().map(|column| column.name.as_str()).collect();
        bare.sort_unstable();
        bare.dedup();
        let found = nearest(&field.name.to_lowercase(), bare.iter().copied());
        let hint = match found {
            Some(found) if found == field.name => {
                let full = valid.iter().find(|column| column.name == found);
                let full = full.map_or_else(|| found.to_owned(), Column::flat_name);
                format!("the column is `{full}`")
            }
            Some(found) if found.chars().any(|c| c.is_uppercase() || c == '.') => {
                format!("did you mean `\"{found}\"`, with the quotes?")
            }
            Some(found) => format!("did you mean `{found}`?"),
            None if bare.is_empty() => String::new(),
            None => format!("the columns are {}", bare.join(", ")),
        };
        QueryError::Unknown {
            what: "column",
            name,
            hint,
            excerpt,
        }
    }

    fn plan(&self, message: &str, span: Option<Span>) -> QueryError {
        let excerpt = self.excerpt(span);
        if let Some(name) = between(message, "table '", "' not found") {
            let name = name.rsplit('.').next().unwrap_or(name);
            return self.unknown("table", NameKind::Table, name, excerpt);
        }
        if let Some(name) = between(message, "table function '", "' not found") {
            return self.unknown("table function", NameKind::TableFunction, name, excerpt);
        }
        if let Some(name) = between(message, "Invalid function '", "'") {
            return self.unknown("function", NameKind::Function, name, excerpt);
        }
        QueryError::Invalid {
            message: crate::arguments::refused(message).unwrap_or_else(|| plain(message)),
            excerpt,
        }
    }

    fn unknown(
        &self,
        what: &'static str,
        kind: NameKind,
        name: &str,
        excerpt: Option<Excerpt>,
    ) -> QueryError {
        let candidates = || {
            let of_kind = self.names.iter().filter(move |name| name.kind == kind);
            of_kind.map(|name| name.name.as_str())
        };
        let hint = match nearest(&name.to_lowercase(), candidates()) {
            Some(found) => format!("did you mean `{found}`?"),
            None if kind == NameKind::Function => "SHOW FUNCTIONS lists them".to_owned(),
            None => format!(
                "the {what}s are {}",
                candidates().collect::<Vec<_>>().join(", ")
            ),
        };
        QueryError::Unknown {
            what,
            name: name.to_owned(),
            hint,
            excerpt,
        }
    }
}

fn arrow(error: ArrowError) -> QueryError {
    match error {
        ArrowError::DivideByZero => QueryError::Value {
            message: "a division by zero".to_owned(),
        },
        ArrowError::ComputeError(message)
        | ArrowError::CastError(message)
        | ArrowError::ParseError(message)
        | ArrowError::ArithmeticOverflow(message)
        | ArrowError::InvalidArgumentError(message) => QueryError::Value {
            message: lowered(&one_line(&message)),
        },
        ArrowError::ExternalError(source) => taken(source),
        other => failed(&other.to_string()),
    }
}

/// An error of ours that went through the engine comes out as it was.
fn taken(source: Box<dyn std::error::Error + Send + Sync>) -> QueryError {
    let source = match source.downcast::<QueryError>() {
        Ok(error) => return *error,
        Err(source) => source,
    };
    let source = match source.downcast::<StoreError>() {
        Ok(error) => return QueryError::Store(*error),
        Err(source) => source,
    };
    match source.downcast::<DataFusionError>() {
        Ok(error) => explain(*error, "", &[]),
        Err(source) => failed(&source.to_string()),
    }
}

/// An error that others hold as well can be told, not taken apart.
fn shared(error: &DataFusionError) -> QueryError {
    match error.find_root() {
        DataFusionError::ResourcesExhausted(message) => QueryError::Memory {
            message: memory(message),
        },
        DataFusionError::Execution(message) => QueryError::Value {
            message: one_line(message),
        },
        DataFusionError::External(inner) => failed(&inner.to_string()),
        other => failed(&other.strip_backtrace()),
    }
}

fn failed(message: &str) -> QueryError {
    QueryError::Failed {
        message: one_line(message),
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = text.split_once(before)?.1;
    Some(rest.split_once(after)?.0)
}

/// Who asked for how much, without what the pool is called and who else holds memory.
fn memory(message: &str) -> String {
    let message = one_line(message);
    let (_, message) = message.rsplit_once("Error: ").unwrap_or(("", &message));
    let (message, _) = message.split_once(": fair(").unwrap_or((message, ""));
    lowered(message)
}

/// A message of the planner without what it calls its parts.
fn plain(message: &str) -> String {
    let message = message
        .split("\n\nDid you mean")
        .next()
        .unwrap_or(message)
        .split(". No function matches the given name")
        .next()
        .unwrap_or(message);
    lowered(&one_line(message))
}

pub(crate) fn one_line(message: &str) -> String {
    let message = message.split("\n\nbacktrace:").next().unwrap_or(message);
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Begins a message in lower case, unless it begins with an abbreviation.
pub(crate) fn lowered(message: &str) -> String {
    let mut chars = message.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if first.is_uppercase() && second.is_lowercase() => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => message.to_owned(),
    }
}
