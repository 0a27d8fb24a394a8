//! A small reader of our own pages: enough HTML to say whether a page is well formed.

#![expect(
    clippy::expect_used,
    reason = "a page that is not well formed must fail the test"
)]

use std::collections::BTreeSet;

/// A start tag.
#[derive(Debug)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
}

impl Tag {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

const VOID: [&str; 5] = ["img", "meta", "link", "input", "br"];

/// Every start tag in order; panics where a tag is not closed, an attribute is not quoted or given
/// twice, or text holds a bare `<`, `>` or `&`.
pub(crate) fn tags(page: &str) -> Vec<Tag> {
    let mut rest = page.strip_prefix("<!doctype html>").expect("a doctype");
    let mut open: Vec<String> = Vec::new();
    let mut tags = Vec::new();
    while let Some(start) = rest.find('<') {
        check_text(&rest[..start]);
        rest = &rest[start + 1..];
        if let Some(after) = rest.strip_prefix('/') {
            let end = after.find('>').expect("an end of the end tag");
            let name = &after[..end];
            assert_eq!(open.pop().as_deref(), Some(name), "closed out of order");
            rest = &after[end + 1..];
            continue;
        }
        let (tag, closed, after) = start_tag(rest);
        rest = after;
        if tag.name == "script" || tag.name == "style" {
            let end = rest
                .find(&format!("</{}>", tag.name))
                .expect("raw text ends");
            rest = &rest[end..];
        }
        if !closed && !VOID.contains(&tag.name.as_str()) {
            open.push(tag.name.clone());
        }
        tags.push(tag);
    }
    check_text(rest);
    assert!(open.is_empty(), "left open: {open:?}");
    tags
}

fn start_tag(text: &str) -> (Tag, bool, &str) {
    let end = text.find([' ', '>', '/']).expect("an end of the tag name");
    let name = text[..end].to_owned();
    assert!(
        name.chars().all(|c| c.is_ascii_alphanumeric()),
        "tag `{name}`"
    );
    let mut attributes: Vec<(String, String)> = Vec::new();
    let mut rest = &text[end..];
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix("/>") {
            return (Tag { name, attributes }, true, after);
        }
        if let Some(after) = rest.strip_prefix('>') {
            return (Tag { name, attributes }, false, after);
        }
        let end = rest
            .find(['=', ' ', '>', '/'])
            .expect("an end of the attribute");
        let key = rest[..end].to_owned();
        assert!(
            !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'),
            "attribute `{key}` of `{name}`"
        );
        assert!(
            attributes.iter().all(|(known, _)| *known != key),
            "`{key}` twice in `{name}`"
        );
        rest = &rest[end..];
        let mut value = String::new();
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.strip_prefix('"').expect("a quoted attribute");
            let end = after.find('"').expect("a closed attribute");
            check_text(&after[..end]);
            after[..end].clone_into(&mut value);
            rest = &after[end + 1..];
        }
        attributes.push((key, value));
    }
}

fn check_text(text: &str) {
    assert!(
        !text.contains('>') && !text.contains('<'),
        "bare bracket in `{text}`"
    );
    for (at, _) in text.match_indices('&') {
        let entity: String = text[at + 1..]
            .chars()
            .take_while(|c| *c != ';')
            .take(8)
            .collect();
        assert!(
            entity.starts_with('#') || ["amp", "lt", "gt", "quot"].contains(&entity.as_str()),
            "bare `&{entity}`"
        );
    }
}

/// Every `id`, each of which must be there once.
pub(crate) fn ids(tags: &[Tag]) -> BTreeSet<&str> {
    let mut ids = BTreeSet::new();
    for id in tags.iter().filter_map(|tag| tag.attribute("id")) {
        assert!(ids.insert(id), "id `{id}` twice");
    }
    ids
}
