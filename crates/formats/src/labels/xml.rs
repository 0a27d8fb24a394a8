//! Elements of XML that know their place, so that an error names file and line.
//!
//! Read [`Element`] first. What is between `<` and `>` is roxmltree's; a `DOCTYPE` is an error there, so nothing expands.
//!
//! Not here: what elements mean.

use super::{At, LabelError, Place};
use roxmltree::{Document, Node, ParsingOptions};

/// How deep elements of any form lie in each other at most.
const MOST_DEPTH: usize = 64;

/// Parses a file of at most so many nodes. Errors: no UTF-8, no XML, too deep, too many nodes.
///
/// Cost: the file as a tree, about 70 bytes a node.
pub(super) fn parse<'a>(
    file: &str,
    bytes: &'a [u8],
    hint: &'static str,
    most_nodes: u32,
) -> Result<Document<'a>, LabelError> {
    let whole = At {
        file,
        place: Place::File,
    };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| whole.form(error.to_string(), hint))?;
    if is_too_deep(text) {
        return Err(whole.form("its elements are nested too deep", hint));
    }
    let options = ParsingOptions {
        nodes_limit: most_nodes,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).map_err(|error| whole.form(error.to_string(), hint))
}

/// Whether elements lie deeper in each other than any form's, which would make a tree nobody can walk.
fn is_too_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    for (at, _) in text.match_indices('<') {
        match text.as_bytes().get(at + 1) {
            Some(b'/') => depth = depth.saturating_sub(1),
            Some(b'?' | b'!') | None => {}
            Some(_) => {
                let rest = text.get(at..).unwrap_or_default();
                // A tag without an end is the parser's to refuse.
                let Some(end) = rest.find('>') else {
                    return false;
                };
                let is_empty = rest.get(..end).is_some_and(|tag| tag.ends_with('/'));
                depth += usize::from(!is_empty);
            }
        }
        if depth > MOST_DEPTH {
            return true;
        }
    }
    false
}

/// One element of a named file.
#[derive(Clone, Copy)]
pub(super) struct Element<'a, 'i> {
    file: &'a str,
    hint: &'static str,
    node: Node<'a, 'i>,
}

impl<'a, 'i> Element<'a, 'i> {
    /// The root, which must have one of the names.
    pub(super) fn root(
        file: &'a str,
        document: &'a Document<'i>,
        names: &[&str],
        hint: &'static str,
    ) -> Result<Self, LabelError> {
        let root = Self {
            file,
            hint,
            node: document.root_element(),
        };
        if names.contains(&root.name()) {
            Ok(root)
        } else {
            let whole = At {
                file,
                place: Place::File,
            };
            Err(whole.form(format!("its root is `<{}>`", root.name()), hint))
        }
    }

    /// Its name.
    pub(super) fn name(self) -> &'a str {
        self.node.tag_name().name()
    }

    /// Its place. Cost: counts lines from the beginning, so only errors ask.
    pub(super) fn at(self) -> At<'a> {
        let line = self
            .node
            .document()
            .text_pos_at(self.node.range().start)
            .row;
        At {
            file: self.file,
            place: Place::Line(u64::from(line)),
        }
    }

    /// An error about it.
    pub(super) fn wrong(self, what: impl Into<String>) -> LabelError {
        self.at().form(what, self.hint)
    }

    /// Its elements.
    pub(super) fn elements(self) -> impl Iterator<Item = Self> {
        let children = self.node.children().filter(Node::is_element);
        children.map(move |node| Self { node, ..self })
    }

    /// Its elements of a name.
    pub(super) fn all(self, name: &'a str) -> impl Iterator<Item = Self> {
        self.elements().filter(move |one| one.name() == name)
    }

    /// Its first element of a name.
    pub(super) fn find(self, name: &str) -> Option<Self> {
        self.elements().find(|one| one.name() == name)
    }

    /// Its first element of a name, which must be there.
    pub(super) fn need(self, name: &str) -> Result<Self, LabelError> {
        let missing = || self.wrong(format!("`<{}>` has no `<{name}>`", self.name()));
        self.find(name).ok_or_else(missing)
    }

    /// Its text, without the blanks around it.
    pub(super) fn text(self) -> &'a str {
        self.node.text().unwrap_or_default().trim()
    }

    /// Text of its first element of a name, where there is one that is not empty.
    pub(super) fn text_of(self, name: &str) -> Option<&'a str> {
        let text = self.find(name)?.text();
        (!text.is_empty()).then_some(text)
    }

    /// An attribute.
    pub(super) fn attribute(self, name: &str) -> Option<&'a str> {
        self.node.attribute(name)
    }

    /// All attributes, in the order of the file.
    pub(super) fn attributes(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.node.attributes().map(|one| (one.name(), one.value()))
    }

    /// An attribute that must be there.
    pub(super) fn need_attribute(self, name: &str) -> Result<&'a str, LabelError> {
        let missing = || self.wrong(format!("`<{}>` has no `{name}`", self.name()));
        self.attribute(name).ok_or_else(missing)
    }

    /// An attribute that is a finite number.
    pub(super) fn number_attribute(self, name: &'static str) -> Result<f64, LabelError> {
        let text = self.need_attribute(name)?;
        self.finite(name, text)
    }

    /// Its text as a finite number, which errors call `name`.
    pub(super) fn number(self, name: &'static str) -> Result<f64, LabelError> {
        self.finite(name, self.text())
    }

    /// A text as a finite number.
    pub(super) fn finite(self, name: &'static str, text: &str) -> Result<f64, LabelError> {
        let value = text.trim().parse::<f64>().ok();
        let value = value.filter(|value| value.is_finite());
        value.ok_or_else(|| self.at().value(name, text, "finite numbers belong there"))
    }

    /// A text as a whole number.
    pub(super) fn whole(self, name: &'static str, text: &str) -> Result<i64, LabelError> {
        let value = text.trim().parse::<i64>();
        value.map_err(|_| self.at().value(name, text, "whole numbers belong there"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_and_open_files_are_refused_quickly() {
        let deep = "<a>".repeat(100_000);
        let error = parse("f.xml", deep.as_bytes(), "h", 1 << 20).unwrap_err();
        assert!(error.to_string().contains("too deep"), "{error}");
        // Without a single `>` the search for one must not start over at each `<`.
        let open = "<a".repeat(2_000_000) + "/";
        assert!(parse("f.xml", open.as_bytes(), "h", 1 << 20).is_err());
        let many = format!("<a>{}</a>", "<b/>".repeat(100));
        assert!(parse("f.xml", many.as_bytes(), "h", 50).is_err());
        assert!(parse("f.xml", b"\xef\xbb\xbf<a/>", "h", 50).is_ok());
    }

    #[test]
    fn errors_name_the_line() {
        let document = parse("f.xml", b"<a>\n <b x='1e999'/>\n</a>", "h", 50).unwrap();
        let root = Element::root("f.xml", &document, &["a"], "h").unwrap();
        let inner = root.need("b").unwrap();
        let error = inner.number_attribute("x").unwrap_err().to_string();
        assert!(
            error.starts_with("`f.xml` line `2`: `x` is `1e999`"),
            "{error}"
        );
        let error = inner.need("c").err().unwrap().to_string();
        assert!(error.contains("`<b>` has no `<c>`"), "{error}");
        assert!(Element::root("f.xml", &document, &["b"], "h").is_err());
    }
}
