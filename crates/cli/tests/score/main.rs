//! `score` on whole files: the vectors of other programs written in the forms of each benchmark, real data with known
//! answers, and bad input.
//!
//! Here is what all of them share; tests by kind of benchmark are beside it.
#![expect(clippy::expect_used, reason = "a helper of tests may fail loudly")]

mod images;
mod space;
mod tracks;

use fieldassay_testkit::{expect_near, repository_root};
use serde_json::Value;
use std::path::Path;
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
        .arg("score")
        .args(arguments)
        .output()
        .expect("the binary starts");
    Run {
        code: status.code().expect("an exit code"),
        stdout: String::from_utf8(stdout).expect("text"),
        stderr: String::from_utf8(stderr).expect("text"),
    }
}

/// The document of a run that must succeed.
fn scored(arguments: &[&str]) -> Value {
    let mut with_json = arguments.to_vec();
    with_json.push("--json");
    let run = run(&with_json);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let document: Value = serde_json::from_str(&run.stdout).expect("one JSON document");
    assert_eq!(document["schema"], "fieldassay.score");
    assert_eq!(document["version"], 1);
    document
}

/// What a run that must fail says.
fn refused(arguments: &[&str]) -> String {
    let run = run(arguments);
    assert!(matches!(run.code, 1 | 2), "{} {}", run.code, run.stdout);
    assert!(run.stdout.is_empty());
    assert!(run.stderr.contains("hint: "), "{}", run.stderr);
    run.stderr
}

fn vectors(name: &str) -> Value {
    let path = repository_root().join("conformance/annotation").join(name);
    let text = std::fs::read_to_string(path).expect("the file of vectors");
    serde_json::from_str(&text).expect("JSON")
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(&path, content).expect("written");
    path.to_str().expect("text").to_owned()
}

fn near(found: &Value, expected: &Value, tolerance: f64) {
    let found = found["estimate"].as_f64().expect("a number");
    expect_near(found, expected.as_f64().expect("a number"), tolerance);
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().expect("a list")
}
