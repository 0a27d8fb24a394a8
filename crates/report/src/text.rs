//! Values as text for the page.
//!
//! Read [`clean`] first: every text from a recording passes through it. Numbers and units come
//! from `fieldassay_model::display`, so that messages and page say the same.

use crate::markup::Markup;
use fieldassay_model::{Window, display};

/// Longest topic, frame, type name or path shown, in characters.
pub(crate) const NAME_CHARS: usize = 160;

/// Longest sentence shown, in characters.
pub(crate) const SENTENCE_CHARS: usize = 700;

/// Text from outside made safe to read: at most `limit` characters, and control and direction
/// characters written out as `\u{..}`, because they would change how the text around them reads.
pub(crate) fn clean(text: &str, limit: usize) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == limit {
            out.push('…');
            break;
        }
        match c {
            '\n' | '\t' | '\r' => out.push(' '),
            c if c.is_control() || is_direction(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// A topic, frame, type name or path.
pub(crate) fn name(text: &str) -> String {
    clean(text, NAME_CHARS)
}

/// A message, hint or reason.
pub(crate) fn sentence(text: &str) -> String {
    clean(text, SENTENCE_CHARS)
}

/// A sentence with its parts in backticks set as code.
pub(crate) fn rich(sentence: &str) -> Markup {
    let mut out = Markup::new();
    let parts: Vec<&str> = sentence.split('`').collect();
    let last = parts.len() - 1;
    for (index, part) in parts.into_iter().enumerate() {
        if index % 2 == 0 {
            out.text(part);
        } else if index == last {
            // A backtick that nothing closes is just a backtick.
            out.literal("`").text(part);
        } else {
            out.literal("<code>").text(part).literal("</code>");
        }
    }
    out
}

/// Characters that are invisible or turn the direction of the text after them.
const fn is_direction(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// `count` with its noun, plural by `s`: `1 error`, `2 errors`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", integer(count as u64))
}

/// A count with grouped digits.
pub(crate) fn integer(count: u64) -> String {
    display::integer(count as f64)
}

/// Nanoseconds from the start as seconds with milliseconds, computed in integers: `5,025.120`.
pub(crate) fn relative(time_ns: i64, start_ns: i64) -> String {
    let nanos = i128::from(time_ns) - i128::from(start_ns);
    let millis = (nanos.unsigned_abs() + 500_000) / 1_000_000;
    let sign = if nanos < 0 && millis > 0 { "−" } else { "" };
    let whole = u64::try_from(millis / 1000).unwrap_or(u64::MAX);
    format!("{sign}{}.{:03}", integer(whole), millis % 1000)
}

/// A stretch of time in seconds from the start: `12.300–14.457 s`, `at 12.300 s`.
pub(crate) fn window(window: Window, start_ns: i64) -> String {
    let from = relative(window.start_ns, start_ns);
    let to = relative(window.end_ns, start_ns);
    if from == to {
        format!("at {from} s")
    } else {
        format!("{from}–{to} s")
    }
}

/// Length of a recording in the unit a person would choose.
pub(crate) fn duration(start_ns: i64, end_ns: i64) -> String {
    let nanos = i128::from(end_ns) - i128::from(start_ns);
    display::seconds(nanos as f64 * 1e-9)
}

/// Last part of a path, with either separator.
pub(crate) fn file_name(path: &str) -> &str {
    path.trim_end_matches(['/', '\\'])
        .rsplit(['/', '\\'])
        .next()
        .filter(|name| !name.is_empty())
        .unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::{clean, counted, file_name, relative, rich, window};
    use fieldassay_model::Window;

    #[test]
    fn text_from_outside_cannot_turn_the_page_around() {
        assert_eq!(clean("/a\u{202e}b\0c\nd", 99), "/a\\u{202e}b\\u{0}c d");
        assert_eq!(clean("abcdef", 3), "abc…");
        assert_eq!(clean("abc", 3), "abc");
    }

    #[test]
    fn times_are_relative_and_exact() {
        let start = 1_585_866_235_112_411_371;
        assert_eq!(relative(start + 5_025_120_400_000, start), "5,025.120");
        assert_eq!(relative(start - 1_500_000, start), "−0.002");
        assert_eq!(relative(i64::MAX, i64::MIN), "18,446,744,073.710");
        let at = |a: i64, b: i64| {
            let (start_ns, end_ns) = (start + a, start + b);
            window(Window { start_ns, end_ns }, start)
        };
        assert_eq!(at(1_000_000_000, 1_000_100_000), "at 1.000 s");
        assert_eq!(at(1_000_000_000, 2_500_000_000), "1.000–2.500 s");
    }

    #[test]
    fn backticks_become_code() {
        let html = |text: &str| rich(text).to_string();
        assert_eq!(html("see `<b>` here"), "see <code>&lt;b&gt;</code> here");
        assert_eq!(html("one ` only"), "one ` only");
        assert_eq!(html(""), "");
    }

    #[test]
    fn small_words() {
        assert_eq!(counted(1, "error"), "1 error");
        assert_eq!(counted(1200, "message"), "1,200 messages");
        assert_eq!(file_name("a/b/c.mcap"), "c.mcap");
        assert_eq!(file_name("a\\bag\\"), "bag");
        assert_eq!(file_name("/"), "/");
    }
}
