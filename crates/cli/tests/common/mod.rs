//! Running the binary in tests.
#![expect(
    unreachable_pub,
    reason = "every test of this folder compiles it as a part of its own"
)]

use std::path::Path;
use std::process::{Command, Output};

/// Where the keys of workspaces of tests are.
pub const KEYS: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/keys");

/// What a command did.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the binary in `folder`.
pub fn run(folder: &Path, arguments: &[&str]) -> Run {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_fieldassay"))
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env("FIELDASSAY_KEYS", KEYS)
        .args(arguments)
        .output()
        .expect("the binary starts");
    Run {
        code: status.code().expect("an exit code"),
        stdout: String::from_utf8(stdout).expect("text"),
        stderr: String::from_utf8(stderr).expect("text"),
    }
}

/// The document a command printed.
pub fn json(run: &Run) -> serde_json::Value {
    serde_json::from_str(&run.stdout).expect("one JSON document")
}
