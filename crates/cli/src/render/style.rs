//! Color, only where a person looks.

use fieldassay_model::{Severity, Verdict};
use std::io::IsTerminal as _;

/// Whether to color, decided once per stream: on a terminal, unless `NO_COLOR` is set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    colored: bool,
}

impl Style {
    /// For standard output.
    pub(crate) fn for_stdout() -> Self {
        Self {
            colored: std::io::stdout().is_terminal() && wanted(),
        }
    }

    /// For standard error.
    pub(crate) fn for_stderr() -> Self {
        Self {
            colored: std::io::stderr().is_terminal() && wanted(),
        }
    }

    fn paint(self, text: &str, code: &str) -> String {
        if self.colored {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// The label of an error message.
    pub(crate) fn error(self, text: &str) -> String {
        self.paint(text, "1;31")
    }

    /// Something to read first.
    pub(crate) fn strong(self, text: &str) -> String {
        self.paint(text, "1")
    }

    /// Something to read last.
    pub(crate) fn faint(self, text: &str) -> String {
        self.paint(text, "2")
    }

    /// A verdict as a word of fixed width.
    pub(crate) fn verdict(self, verdict: Verdict) -> String {
        match verdict {
            Verdict::Pass => self.paint("PASS", "1;32"),
            Verdict::Warn => self.paint("WARN", "1;33"),
            Verdict::Fail => self.paint("FAIL", "1;31"),
            Verdict::NotEvaluated => self.paint("NOT EVALUATED", "1;35"),
        }
    }

    /// A severity as a word, padded to five characters.
    pub(crate) fn severity(self, severity: Severity) -> String {
        match severity {
            Severity::Info => self.paint("info ", "36"),
            Severity::Warn => self.paint("warn ", "33"),
            Severity::Error => self.paint("error", "31"),
        }
    }
}

fn wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
