//! One verb that reads files and prints a document: what it promises, and how it refuses.
#![expect(
    unreachable_pub,
    reason = "every test of this folder compiles it as a part of its own"
)]

use super::common::{self, Run, json};
use serde_json::Value;
use std::path::Path;

/// Runs the binary; the first argument is the verb, files are named by whole paths.
pub fn run(arguments: &[&str]) -> Run {
    common::run(Path::new("."), arguments)
}

/// The document of a run that must succeed.
pub fn document(arguments: &[&str]) -> Value {
    let run = run(&[arguments, &["--json"]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let document = json(&run);
    let verb = arguments.first().expect("a verb");
    assert_eq!(document["schema"], format!("fieldassay.{verb}"));
    assert_eq!(document["version"], 1);
    document
}

/// What a run that must fail says.
pub fn refused(arguments: &[&str]) -> String {
    let run = run(arguments);
    assert!(matches!(run.code, 1 | 2), "{} {}", run.code, run.stdout);
    assert!(run.stdout.is_empty(), "{}", run.stdout);
    assert!(run.stderr.contains("hint: "), "{}", run.stderr);
    run.stderr
}
