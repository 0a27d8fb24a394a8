//! The keys of a JSON document without its values.
//!
//! Not here: what keys mean (`sniff`).

/// Bytes that are looked at, most.
const MOST_BYTES: usize = 256 << 20;

/// Calls `visit` with the keys of the object a document is, or of the first object of the list it is, until it says that
/// it has seen enough; whether the document is a list. What is no JSON has no keys. Cost: one pass up to there, nothing
/// kept.
pub(super) fn keys(bytes: &[u8], mut visit: impl FnMut(&str) -> bool) -> bool {
    let bytes = bytes.get(..MOST_BYTES).unwrap_or(bytes);
    let is_list = bytes.trim_ascii_start().first() == Some(&b'[');
    let wanted = 1 + usize::from(is_list);
    let (mut depth, mut at) = (0_usize, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                // The first object of a list is over.
                if is_list && depth == wanted {
                    break;
                }
                depth = depth.saturating_sub(1);
            }
            b'"' => {
                let start = at + 1;
                let Some(end) = end_of_text(bytes, start) else {
                    break;
                };
                at = end;
                let behind = bytes.get(end + 1..).unwrap_or_default();
                if depth == wanted && behind.trim_ascii_start().first() == Some(&b':') {
                    let key = bytes.get(start..end).unwrap_or_default();
                    if std::str::from_utf8(key).is_ok_and(&mut visit) {
                        break;
                    }
                }
            }
            _ => {}
        }
        at += 1;
    }
    is_list
}

/// Where the quote that ends a text is.
fn end_of_text(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> (bool, Vec<String>) {
        let mut found = Vec::new();
        let is_list = keys(text.as_bytes(), |key| {
            found.push(key.to_owned());
            false
        });
        (is_list, found)
    }

    #[test]
    fn keys_of_one_level_are_found() {
        let text = r#"{"a": {"x": "}"}, "b\"": ["y", {"z": 1}], "c" : 3}"#;
        assert_eq!(
            all(text),
            (false, vec!["a".into(), "b\\\"".into(), "c".into()])
        );
        let text = r#" [{"a": 1, "b": [{"x": 2}]}, {"c": 3}]"#;
        assert_eq!(all(text), (true, vec!["a".into(), "b".into()]));
        for text in ["", "[", "{\"a", "]]]", "{\"a\\"] {
            assert!(all(text).1.is_empty(), "{text}");
        }
    }
}
