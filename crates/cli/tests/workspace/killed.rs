//! A process that is killed at fifty moments: what is repeated ends as what was not interrupted.

use super::{example, piped, workspace};
use crate::common::{KEYS, run};
use fieldassay_model::tables::TABLES;
use fieldassay_testkit::Lcg;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Moments, spread over a run and a little beyond.
const MOMENTS: usize = 50;

/// Everything a workspace holds but for what is volatile, and the names of its blobs.
fn content(folder: &Path) -> String {
    let mut statements = "\\json\n".to_owned();
    for table in TABLES {
        let columns = table.columns().filter(|column| !column.volatile);
        let columns: Vec<String> = columns
            .map(|column| format!("\"{}\"", column.name))
            .collect();
        let _ = writeln!(
            statements,
            "SELECT {} FROM {} ORDER BY {};",
            columns.join(", "),
            table.name,
            table.key.join(", ")
        );
    }
    let answers = piped(folder, &statements);
    assert_eq!(answers.code, 0, "{}", answers.stderr);
    let mut all = answers.stdout;
    let mut names = Vec::new();
    let mut waiting = vec![folder.join(".fieldassay/blobs")];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let inside = path
                    .strip_prefix(folder.parent().expect("above"))
                    .expect("inside");
                names.push(inside.display().to_string());
            }
        }
    }
    names.sort();
    all.push_str(&names.join("\n"));
    all
}

fn inputs(folder: &Path) {
    for name in ["a", "b", "c"] {
        let path = folder.join(format!("{name}.csv"));
        std::fs::write(
            path,
            format!("item,annotator,label\n{name},x,1\n{name},y,2\n"),
        )
        .expect("a file");
    }
    std::fs::copy(example(), folder.join("drive.mcap")).expect("a copy");
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a run takes is what moments are spread over; nothing is asserted of it"
)]
#[test]
fn killed_at_any_moment_and_repeated_it_ends_the_same() {
    let data = tempfile::tempdir().expect("a folder");
    inputs(data.path());
    let data = data.path().display().to_string();
    let whole = workspace();
    let start = Instant::now();
    run(whole.path(), &["ingest", &data]);
    let length = start.elapsed();
    let expected = content(whole.path());
    let mut random = Lcg::new(6);
    let mut killed = 0;
    for moment in 0..MOMENTS {
        let folder = workspace();
        let mut child = Command::new(env!("CARGO_BIN_EXE_fieldassay"))
            .current_dir(folder.path())
            .env("FIELDASSAY_KEYS", KEYS)
            .args(["ingest", &data])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let share = random.below(1100) as f64 / 1000.0;
        std::thread::sleep(Duration::from_secs_f64(length.as_secs_f64() * share));
        // It may have ended by itself.
        let _ = child.kill();
        let status = child.wait().expect("an end");
        killed += usize::from(status.code().is_none());
        let again = run(folder.path(), &["ingest", &data]);
        assert!(
            matches!(again.code, 0 | 4),
            "moment {moment}: {}",
            again.stderr
        );
        assert_eq!(
            content(folder.path()),
            expected,
            "moment {moment}, {share} of a run"
        );
    }
    assert!(
        killed > MOMENTS / 2,
        "only {killed} of {MOMENTS} were killed before their end"
    );
}

/// A limit on the size of files stands for a disk that is full: writing fails in the middle of a file, at another place for
/// every limit.
#[cfg(unix)]
#[test]
fn where_nothing_more_can_be_written_it_says_so_and_the_repeated_run_ends_the_same() {
    let data = tempfile::tempdir().expect("a folder");
    inputs(data.path());
    let data = data.path().display().to_string();
    let whole = workspace();
    run(whole.path(), &["ingest", &data]);
    let expected = content(whole.path());
    let mut failed = 0;
    for blocks in (0..14).map(|power| 1_u32 << power) {
        let folder = workspace();
        let script = r#"trap "" XFSZ; ulimit -f "$1"; exec "$0" ingest "$2""#;
        let limited = Command::new("sh")
            .current_dir(folder.path())
            .env("FIELDASSAY_KEYS", KEYS)
            .args(["-c", script, env!("CARGO_BIN_EXE_fieldassay")])
            .args([&blocks.to_string(), &data])
            .output()
            .expect("a shell");
        let said = String::from_utf8_lossy(&limited.stderr);
        assert!(!said.contains("panicked"), "{blocks} blocks: {said}");
        if !matches!(limited.status.code(), Some(0 | 4)) {
            failed += 1;
            assert_eq!(limited.status.code(), Some(1), "{blocks} blocks: {said}");
            assert!(said.starts_with("error: "), "{blocks} blocks: {said}");
        }
        let again = run(folder.path(), &["ingest", &data]);
        assert!(
            matches!(again.code, 0 | 4),
            "{blocks} blocks: {}",
            again.stderr
        );
        assert_eq!(content(folder.path()), expected, "{blocks} blocks");
    }
    assert!(failed > 3, "only {failed} limits were met");
}
