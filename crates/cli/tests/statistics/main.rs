//! The verbs of statistics on whole files: promised keys, real data with known answers, and bad input.
#![expect(clippy::expect_used, reason = "a helper of tests may fail loudly")]

mod agree;
mod compare;
mod confidence;
mod drift;
mod forms;
mod label_errors;
mod plan_qa;
mod prefer;
mod richness;
mod route;
mod votes;

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/verb.rs"]
mod verb;

use serde_json::Value;
use std::path::{Path, PathBuf};
use verb::{document, refused, run};

/// The picture that a run draws to the file its last argument names; it is never drawn over another.
fn picture(arguments: &[&str]) -> String {
    let drawn = run(arguments);
    assert_eq!(drawn.code, 0, "{}", drawn.stderr);
    let svg = std::fs::read_to_string(arguments.last().expect("a file")).expect("a picture");
    let said = refused(arguments);
    assert!(
        said.contains("is already there") && said.contains("--force"),
        "{said}"
    );
    svg
}

/// A file in a folder that goes away.
fn file(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).expect("a file");
    path
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path that is text")
}

/// Asserts that a statistic has the promised keys and, within `tolerance`, the value.
fn is_statistic(value: &Value, expected: f64, tolerance: f64) {
    for key in ["estimate", "low", "high", "n"] {
        assert!(value.get(key).is_some(), "{key} of {value}");
    }
    let found = value["estimate"].as_f64().expect("a number");
    assert!(
        (found - expected).abs() <= tolerance,
        "{found} for {expected}"
    );
    if let (Some(low), Some(high)) = (value["low"].as_f64(), value["high"].as_f64()) {
        assert!(low <= found && found <= high, "{value}");
    }
}
