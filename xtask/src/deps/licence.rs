//! The licence allow-list, over everything the workspace resolves to.
//!
//! Not here: the text of licences; crates ship their own.

use super::{list, text};
use anyhow::Result;
use serde_json::Value;

/// Licences that ask for no more than attribution, and MPL-2.0, which stays within its own files.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    // The list of root certificates of `webpki-roots`: data, to be passed on with its licence text.
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    "bzip2-1.0.6",
];

/// Packages whose licence expression the list does not satisfy.
pub(super) fn check(metadata: &Value) -> Result<Vec<String>> {
    let breaches = list(metadata, "packages")?.iter().filter_map(|package| {
        let expression = text(package, "license");
        (!is_allowed(expression)).then(|| {
            format!(
                "`{}` {} is under `{expression}`, which the allow-list does not satisfy",
                text(package, "name"),
                text(package, "version")
            )
        })
    });
    Ok(breaches.collect())
}

/// Whether an SPDX expression can be satisfied from the list.
/// `/` is the old way of writing `OR`; an empty or malformed expression is not allowed.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    alternatives(&words, &mut at) && at == words.len()
}

fn alternatives(words: &[&str], at: &mut usize) -> bool {
    let mut allowed = all_of(words, at);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        allowed |= all_of(words, at);
    }
    allowed
}

fn all_of(words: &[&str], at: &mut usize) -> bool {
    let mut allowed = single(words, at);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        allowed &= single(words, at);
    }
    allowed
}

fn single(words: &[&str], at: &mut usize) -> bool {
    let Some(word) = words.get(*at) else {
        return false;
    };
    *at += 1;
    if *word == "(" {
        let allowed = alternatives(words, at);
        let closed = words.get(*at) == Some(&")");
        *at += 1;
        return allowed && closed;
    }
    if words.get(*at) == Some(&"WITH") {
        let exception = words.get(*at + 1).copied().unwrap_or_default();
        *at += 2;
        return ALLOWED.contains(&format!("{word} WITH {exception}").as_str())
            || ALLOWED.contains(word);
    }
    ALLOWED.contains(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_as_spdx_means_them() {
        for good in [
            "MIT",
            "MIT OR GPL-3.0",
            "MIT/Apache-2.0",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
        ] {
            assert!(is_allowed(good), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "(MIT OR",
            "MIT Apache-2.0",
            "LGPL-2.1 OR AGPL-3.0",
        ] {
            assert!(!is_allowed(bad), "{bad}");
        }
    }
}
