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

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

fn run(arguments: &[&str]) -> Run {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_fieldassay"))
        .env("NO_COLOR", "1")
        .args(arguments)
        .output()
        .expect("the binary starts");
    Run {
        code: status.code().expect("an exit code"),
        stdout: String::from_utf8(stdout).expect("text"),
        stderr: String::from_utf8(stderr).expect("text"),
    }
}

/// The document of a run that must succeed; the first argument is the verb.
fn document(arguments: &[&str]) -> Value {
    let mut with_json = arguments.to_vec();
    with_json.push("--json");
    let run = run(&with_json);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let document: Value = serde_json::from_str(&run.stdout).expect("one JSON document");
    let verb = arguments.first().expect("a verb");
    assert_eq!(document["schema"], format!("fieldassay.{verb}"));
    assert_eq!(document["version"], 1);
    document
}

/// What a run that must fail says.
fn refused(arguments: &[&str]) -> String {
    let run = run(arguments);
    assert!(matches!(run.code, 1 | 2), "{} {}", run.code, run.stdout);
    assert!(run.stdout.is_empty(), "{}", run.stdout);
    assert!(run.stderr.contains("hint: "), "{}", run.stderr);
    run.stderr
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
