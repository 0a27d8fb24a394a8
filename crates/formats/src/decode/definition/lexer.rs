//! Tokens of IDL text: words, numbers, quoted text and single signs; comments and `#` lines are skipped.

use super::DefinitionError;

/// A token, borrowed from the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Identifier, keyword or number.
    Word(&'a str),
    /// Quoted text or character, quotes included.
    Quoted(&'a str),
    /// Any other sign; `::` is `Scope`.
    Sign(char),
    /// `::`.
    Scope,
    /// The end of the text.
    End,
}

/// A reading position in IDL text.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    position: usize,
    line: usize,
}

impl<'a> Lexer<'a> {
    /// A lexer whose first line has the number `line`.
    pub(super) fn new(text: &'a str, line: usize) -> Self {
        Self {
            text,
            position: 0,
            line,
        }
    }

    /// Line of the token read last, from 1.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// Line of the next token.
    pub(super) fn next_line(&self) -> usize {
        let mut ahead = self.clone();
        ahead.skip_blank();
        ahead.line
    }

    /// Byte the next token starts at or before.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Text between two positions.
    pub(super) fn between(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or("")
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or("")
    }

    /// Consumes `length` bytes, counting lines.
    fn advance(&mut self, length: usize) {
        let passed = self.rest().get(..length).unwrap_or(self.rest());
        let lines = passed.bytes().filter(|b| *b == b'\n').count();
        self.line = self.line.saturating_add(lines);
        self.position = self.position.saturating_add(passed.len());
    }

    fn skip_blank(&mut self) {
        loop {
            let rest = self.rest();
            let blank = rest.len().saturating_sub(rest.trim_start().len());
            if blank > 0 {
                self.advance(blank);
            } else if rest.starts_with("//") || rest.starts_with('#') {
                self.advance(rest.find('\n').unwrap_or(rest.len()));
            } else if let Some(comment) = rest.strip_prefix("/*") {
                let length = comment
                    .find("*/")
                    .map_or(rest.len(), |end| end.saturating_add(4));
                self.advance(length);
            } else {
                return;
            }
        }
    }

    /// The next token.
    pub(super) fn next(&mut self) -> Result<Token<'a>, DefinitionError> {
        self.skip_blank();
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Ok(Token::End);
        };
        let word = |c: char| c.is_alphanumeric() || c == '_';
        if word(first) {
            // A number may hold `.` and an exponent's sign.
            let number = first.is_ascii_digit();
            let mut previous = ' ';
            let length = rest
                .find(|c: char| {
                    let part = word(c)
                        || (number && c == '.')
                        || (number && matches!(c, '+' | '-') && matches!(previous, 'e' | 'E'));
                    previous = c;
                    !part
                })
                .unwrap_or(rest.len());
            self.advance(length);
            return Ok(Token::Word(rest.get(..length).unwrap_or("")));
        }
        if matches!(first, '"' | '\'') {
            return self.quoted(first);
        }
        if rest.starts_with("::") {
            self.advance(2);
            return Ok(Token::Scope);
        }
        self.advance(first.len_utf8());
        Ok(Token::Sign(first))
    }

    fn quoted(&mut self, quote: char) -> Result<Token<'a>, DefinitionError> {
        let rest = self.rest();
        let mut escaped = false;
        for (index, c) in rest.char_indices().skip(1) {
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == quote {
                let length = index.saturating_add(1);
                self.advance(length);
                return Ok(Token::Quoted(rest.get(..length).unwrap_or("")));
            }
        }
        Err(DefinitionError::syntax(
            self.line,
            "a closing quote",
            rest,
            "text in quotes must end",
        ))
    }

    /// The next token, left in place.
    pub(super) fn peek(&self) -> Result<Token<'a>, DefinitionError> {
        self.clone().next()
    }
}

/// How a token reads in a message.
pub(super) fn show(token: Token<'_>) -> String {
    match token {
        Token::Word(text) | Token::Quoted(text) => text.to_owned(),
        Token::Sign(c) => c.to_string(),
        Token::Scope => "::".to_owned(),
        Token::End => "the end of the text".to_owned(),
    }
}
