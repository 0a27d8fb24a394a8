//! The verbs of a workspace as a user meets them, and a process that is killed.
#![cfg(feature = "platform")]
#![expect(clippy::expect_used, reason = "a helper of tests may fail loudly")]

#[path = "../common/mod.rs"]
mod common;
mod killed;
mod lineage;
mod proof;
mod readers;
mod releases;

use common::{json, run};
use std::path::Path;

/// The example of the repository.
fn example() -> String {
    let path = fieldassay_testkit::repository_root().join("examples/drive.mcap");
    path.display().to_string()
}

fn workspace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let made = run(folder.path(), &["init"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    assert!(made.stderr.contains("workspace made"), "{}", made.stderr);
    folder
}

#[test]
fn a_first_session_from_init_to_clip() {
    let folder = workspace();
    let here = folder.path();
    let ingested = run(
        here,
        &["ingest", &example(), "--set", "site=plant-3", "--json"],
    );
    let document = json(&ingested);
    assert_eq!(document["schema"], "fieldassay.ingest");
    assert_eq!(document["version"], 1);
    let input = &document["inputs"][0];
    assert_eq!(input["status"], "added");
    let id = input["recording_id"].as_str().expect("an id").to_owned();
    let quarantined = input["quarantined"] == true;
    assert_eq!(ingested.code, if quarantined { 4 } else { 0 });

    let listed = json(&run(here, &["ls", "--json"]));
    assert_eq!(listed["recordings"][0]["recording_id"], id);
    let late = run(here, &["ingest", &example(), "--set", "site=plant-4"]);
    assert!(
        late.stdout.contains("note: `site` stays `plant-3`"),
        "{}",
        late.stdout
    );
    let published = json(&run(here, &["ls", "--batches", "--json"]));
    assert_eq!(published["schema"], "fieldassay.batches");
    // The first is the beginning of its log.
    assert_eq!(published["batches"][1]["sequence"], listed["sequence"]);
    assert_eq!(published["batches"][1]["recordings"], 1);
    let shown = json(&run(here, &["show", &id, "--json"]));
    assert_eq!(shown["context"][0]["value"], "plant-3");
    assert!(shown["rows"]["facts"].as_u64().expect("a count") > 10);

    let sql = format!(
        "select topic, count(*) as n from messages where recording_id = '{id}' group by 1 order by 1"
    );
    let answer = run(here, &["query", &sql, "--format", "json"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let rows: serde_json::Value = serde_json::from_str(&answer.stdout).expect("an array");
    let total: u64 = rows
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| row["n"].as_u64().expect("a count"))
        .sum();
    assert_eq!(Some(total), shown["recording"]["message_count"].as_u64());
    let written = run(here, &["query", &sql, "--out", "topics.parquet"]);
    assert_eq!(written.code, 0, "{}", written.stderr);
    assert!(here.join("topics.parquet").is_file());
    assert_eq!(
        run(here, &["query", &sql, "--out", "topics.parquet"]).code,
        2
    );

    let clip = run(here, &["clip", &id, "0.5", "1.5", "out.mcap", "--json"]);
    assert_eq!(clip.code, 0, "{}", clip.stderr);
    let checked = json(&run(here, &["check", "out.mcap", "--json"]));
    let found = checked["recordings"][0]["message_count"]
        .as_u64()
        .expect("a count");
    let said = json(&clip);
    assert_eq!(
        found,
        said["message_count"].as_u64().expect("n") + said["held_count"].as_u64().expect("n")
    );

    let again = json(&run(here, &["ingest", &example(), "--json"]));
    assert_eq!(again["inputs"][0]["status"], "present");
}

#[test]
fn the_plan_changes_nothing() {
    let folder = workspace();
    let planned = run(
        folder.path(),
        &["ingest", &example(), "--dry-run", "--json"],
    );
    assert_eq!(planned.code, 0, "{}", planned.stderr);
    let plan = json(&planned);
    assert_eq!(plan["schema"], "fieldassay.ingest_plan");
    assert_eq!(plan["inputs"][0]["present"], serde_json::Value::Null);
    assert_eq!(
        json(&run(folder.path(), &["ls", "--json"]))["recordings"],
        serde_json::json!([])
    );
}

#[test]
fn mistakes_are_explained() {
    let folder = workspace();
    let here = folder.path();
    let refused = |arguments: &[&str], code: i32, words: &[&str]| {
        let run = run(here, arguments);
        assert_eq!(run.code, code, "{arguments:?}: {}", run.stderr);
        assert!(run.stdout.is_empty(), "{}", run.stdout);
        for word in words {
            assert!(run.stderr.contains(word), "{arguments:?}: {}", run.stderr);
        }
    };
    refused(
        &["query", "select tpic from channels"],
        2,
        &["`tpic`", "did you mean `topic`"],
    );
    refused(&["query", "select * frm channels"], 2, &["line 1", "^"]);
    refused(&["query", "drop table channels"], 2, &["hint"]);
    refused(
        &["ls", "--where", "mesage_count > 1"],
        2,
        &["line 1, column 1\n", "\n  mesage_count > 1\n  ^\n", "hint"],
    );
    refused(&["show", "r-0000"], 1, &["`r-0000`", "hint"]);
    refused(&["show", "r-"], 1, &["`r-`", "hint"]);
    refused(&["ingest", "nowhere.mcap"], 1, &["nowhere.mcap", "hint"]);
    refused(
        &["ingest", &example(), "--set", "site"],
        2,
        &["--set site", "hint"],
    );
    refused(&["clip", "r-0000", "0", "1", "out.txt"], 2, &["hint"]);
    refused(&["jobs", "--retry", "j-1"], 2, &["j-1", "hint"]);
    let outside = tempfile::tempdir().expect("a folder");
    let none = run(outside.path(), &["ls"]);
    assert_eq!(none.code, 2);
    assert!(none.stderr.contains("fieldassay init"), "{}", none.stderr);
}

#[test]
fn the_shell_answers_one_statement_after_the_other() {
    let folder = workspace();
    let run = piped(
        folder.path(),
        "select 1 as one;\n\\json\nselect 2\nas two;\nselect nothing;\n",
    );
    assert_eq!(run.code, 1);
    assert!(
        run.stdout.contains("one") && run.stdout.contains(r#"[{"two":2}]"#),
        "{}",
        run.stdout
    );
    assert!(run.stderr.contains("`nothing`"), "{}", run.stderr);
}

#[test]
fn the_shell_answers_every_statement_of_a_line() {
    let folder = workspace();
    let run = piped(
        folder.path(),
        "\\json\nselect 1 as a; select ';' as b; select\n3 as c; -- done;\n-- nothing\n\\csv\nselect 4 as d",
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(
        run.stdout,
        "[{\"a\":1}]\n[{\"b\":\";\"}]\n[{\"c\":3}]\nd\n4\n"
    );
}

/// Runs `sql` with statements on its standard input.
fn piped(folder: &Path, statements: &str) -> common::Run {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_fieldassay"))
        .current_dir(folder)
        .arg("sql")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(statements.as_bytes()).expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("an end");
    common::Run {
        code: output.status.code().expect("an exit code"),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}
