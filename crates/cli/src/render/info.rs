//! The answer of `info`.

use super::{Align, Style, Table, text};
use fieldassay_engine::info::InfoDocument;
use fieldassay_model::display;
use std::fmt::Write as _;

pub(crate) fn document(document: &InfoDocument) -> anyhow::Result<()> {
    let style = Style::for_stdout();
    let mut out = String::new();
    let _ = writeln!(out, "{}", style.strong(&document.path));
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(out, "  {name:<10} {value}");
        }
    };
    line("id", document.id.as_str());
    line("format", document.format);
    line("profile", &document.profile);
    line("library", &document.library);
    line("size", &display::bytes(document.size_bytes as f64));
    if let (Some(start), Some(end)) = (document.start_ns, document.end_ns) {
        line(
            "start",
            &format!("{} ({start} ns)", display::iso8601(start)),
        );
        line("end", &format!("{} ({end} ns)", display::iso8601(end)));
        line(
            "duration",
            &display::seconds(end.saturating_sub(start) as f64 * 1e-9),
        );
    }
    line("messages", &display::integer(document.message_count as f64));
    line("units", &display::integer(document.unit_count as f64));
    line("sha256", &document.sha256);
    line("blake3", &document.blake3);
    if !document.complete {
        line("lost", &super::check::lost(&document.loss));
    }
    for reason in &document.loss.reasons {
        let _ = writeln!(out, "    {}", super::check::loss_line(reason));
    }
    channels(&mut out, document);
    for attachment in &document.attachments {
        let size = display::bytes(attachment.size_bytes as f64);
        let _ = writeln!(
            out,
            "  attachment {} ({}, {size})",
            attachment.name, attachment.media_type
        );
    }
    for record in &document.metadata {
        let entries: Vec<String> = record
            .entries
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let _ = writeln!(out, "  metadata   {}: {}", record.name, entries.join(", "));
    }
    text(&out)
}

fn channels(out: &mut String, document: &InfoDocument) {
    if document.channels.is_empty() {
        return;
    }
    let mut table = Table::new(&[
        ("channel", Align::Left),
        ("id", Align::Right),
        ("type", Align::Left),
        ("definition", Align::Left),
        ("encoding", Align::Left),
        ("messages", Align::Right),
    ]);
    for channel in &document.channels {
        table.row(vec![
            channel.topic.clone(),
            channel.id.to_string(),
            channel.schema.clone(),
            channel.schema_encoding.clone(),
            channel.encoding.clone(),
            display::integer(channel.message_count as f64),
        ]);
    }
    out.push('\n');
    out.push_str(&table.render("  "));
}
