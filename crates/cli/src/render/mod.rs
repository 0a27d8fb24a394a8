//! What people see: results on standard output, everything else on standard error.

pub(crate) mod agree;
pub(crate) mod check;
pub(crate) mod checks;
pub(crate) mod compare;
pub(crate) mod confidence;
pub(crate) mod contract;
pub(crate) mod convert;
pub(crate) mod demo;
pub(crate) mod drift;
pub(crate) mod info;
pub(crate) mod label_errors;
#[cfg(feature = "platform")]
pub(crate) mod log;
pub(crate) mod measure;
pub(crate) mod ontology;
pub(crate) mod plan_qa;
pub(crate) mod prefer;
#[cfg(feature = "platform")]
pub(crate) mod release;
pub(crate) mod richness;
pub(crate) mod route;
pub(crate) mod score;
pub(crate) mod simulate;
pub(crate) mod statistic;
mod style;
mod table;
pub(crate) mod traj;
pub(crate) mod votes;
#[cfg(feature = "platform")]
pub(crate) mod workspace;

pub(crate) use style::Style;
pub(crate) use table::{Align, Table};

use fieldassay_engine::Progress;
use std::io::{IsTerminal as _, Write as _};

/// Writes text to standard output.
pub(crate) fn text(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Writes one JSON document to standard output.
pub(crate) fn json<T: serde::Serialize>(document: &T) -> anyhow::Result<()> {
    // As much as a pipe takes at once.
    let mut out = std::io::BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    // As an error of the stream, so that a reader that stops early is known for one.
    serde_json::to_writer_pretty(&mut out, document).map_err(std::io::Error::from)?;
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(())
}

/// An answer: one JSON document, or in words.
pub(crate) fn answer<T: serde::Serialize>(
    as_json: bool,
    document: &T,
    in_words: impl FnOnce(&T) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if as_json {
        json(document)
    } else {
        in_words(document)
    }
}

/// Text on standard output, and what to mind about it on standard error.
pub(crate) fn text_with_notes(out: &str, notes: &[String]) -> anyhow::Result<()> {
    text(out)?;
    for line in notes {
        note(&format!("note: {line}"));
    }
    Ok(())
}

/// A line for the person at the terminal, on standard error.
pub(crate) fn note(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A message whose hint stands on a line of its own; the rooms below put it into one line.
pub(crate) fn with_hint(message: &str) -> String {
    message.replace("; hint: ", "\nhint: ")
}

/// An error with its causes and its hint.
pub(crate) fn error(error: &anyhow::Error) {
    let style = Style::for_stderr();
    // Our own errors print their cause themselves where it belongs inside the sentence.
    let mut message = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !message.contains(&cause) {
            message = format!("{message}: {cause}");
        }
    }
    note(&format!(
        "{} {}",
        style.error("error:"),
        with_hint(&message)
    ));
}

/// A progress bar on a terminal, nothing elsewhere.
pub(crate) struct Bar(Option<indicatif::ProgressBar>);

impl Bar {
    /// A bar over so many bytes; short inputs get none.
    pub(crate) fn new(bytes: u64) -> Self {
        const WORTH_A_BAR_BYTES: u64 = 64 << 20;
        if bytes < WORTH_A_BAR_BYTES || !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = indicatif::ProgressBar::new(bytes);
        if let Ok(style) = indicatif::ProgressStyle::with_template(
            "{bar:30} {bytes}/{total_bytes} {binary_bytes_per_sec}, {eta} left",
        ) {
            bar.set_style(style);
        }
        Self(Some(bar))
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Bar {
    fn advance(&self, bytes: u64) {
        if let Some(bar) = &self.0 {
            bar.inc(bytes);
        }
    }
}
