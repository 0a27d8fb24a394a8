//! Markup that is safe to put into a page as it is.
//!
//! Read [`Markup`] first. Text from outside goes in through [`Markup::text`] or an attribute and is
//! escaped there; everything else is a literal of this crate or a number.

use askama::filters::HtmlSafe;
use std::fmt::{self, Display, Write as _};

/// A piece of HTML or SVG in which every text from outside is already escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Markup(String);

impl Markup {
    /// Nothing.
    pub(crate) const fn new() -> Self {
        Self(String::new())
    }

    /// Adds markup written in this crate.
    pub(crate) fn literal(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Adds other markup.
    pub(crate) fn append(&mut self, markup: &Self) -> &mut Self {
        self.0.push_str(&markup.0);
        self
    }

    /// Adds text, escaped for element content and quoted attributes.
    pub(crate) fn text(&mut self, text: impl Display) -> &mut Self {
        // Writing to a `String` cannot fail.
        let _ = write!(Escaping(&mut self.0), "{text}");
        self
    }

    /// Adds ` name="value"`, the value escaped.
    pub(crate) fn attribute(&mut self, name: &'static str, value: impl Display) -> &mut Self {
        self.literal(" ").literal(name).literal("=\"");
        self.text(value).literal("\"")
    }
}

impl Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Markup {}

/// Escapes what is written through it.
struct Escaping<'a>(&'a mut String);

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c => self.0.push(c),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Markup;

    #[test]
    fn text_and_attributes_are_escaped() {
        let mut out = Markup::new();
        out.literal("<p").attribute("title", "a\"'<b>&");
        out.literal(">").text("<script>").literal("</p>");
        assert_eq!(
            out.to_string(),
            "<p title=\"a&quot;&#39;&lt;b&gt;&amp;\">&lt;script&gt;</p>"
        );
    }
}
