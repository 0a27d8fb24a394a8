//! Entries of readers of releases and cards: manifests, names, splits, Croissant; see `entries.rs`.

use super::{Target, target};
use fieldassay_formats::croissant::problems;
use fieldassay_model::release::{Manifest, ReleaseRef, Split};

/// What is fed here.
pub(crate) const TARGETS: &[Target] = &[
    target("release_manifest", release_manifest),
    target("release_words", release_words),
    target("croissant_document", croissant_document),
];

/// A manifest that is read prints as it was: nothing in it is passed over.
fn release_manifest(bytes: &[u8]) {
    match Manifest::parse(bytes) {
        Ok(manifest) => assert_eq!(manifest.canonical().as_bytes(), bytes),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// What people type: a release by its name, a split by its shares.
fn release_words(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match ReleaseRef::parse(&text) {
        Ok(named) => assert!(text.starts_with(&named.name)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    match Split::parse(&text) {
        Ok(split) => assert!(split.shares.len() > 1 && !split.by.is_empty()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A document is held to the specification, whatever it is; every problem says what it is about.
fn croissant_document(bytes: &[u8]) {
    if let Ok(document) = serde_json::from_slice(bytes) {
        let found = problems(&document);
        let is_placed = |path: &str| path.starts_with('$');
        assert!(
            found
                .iter()
                .all(|one| is_placed(&one.path) && !one.message.is_empty())
        );
    }
}
