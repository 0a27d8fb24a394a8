//! The log of a workspace: what is signed, what is refused, who holds the key.

use crate::bench::{Bench, StopAt, in_world, in_world_with, recording};
use fieldassay_engine::NoProgress;
use fieldassay_engine::workspace::verify::{Request, verify};
use fieldassay_engine::workspace::{Workspace, init, log};
use fieldassay_testkit::servers::Database;
use std::collections::BTreeMap;
use std::path::Path;

/// Every file below a folder, by its path in it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(at) = waiting.pop() {
        for entry in std::fs::read_dir(&at).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let inside = path.strip_prefix(folder).expect("inside");
                let bytes = std::fs::read(&path).expect("bytes");
                all.insert(inside.display().to_string(), bytes);
            }
        }
    }
    all
}

fn restore(folder: &Path, kept: &BTreeMap<String, Vec<u8>>) {
    std::fs::remove_dir_all(folder).expect("gone");
    for (path, bytes) in kept {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, bytes).expect("a file");
    }
}

#[test]
fn a_workspace_restored_from_a_backup_signs_nothing() {
    let bench = Bench::new();
    bench
        .ingest(&[&bench.drive(1)], &NoProgress)
        .expect("a run");
    let backup = files(&bench.path());
    bench
        .ingest(&[&bench.drive(2)], &NoProgress)
        .expect("a run");
    let newer = files(&bench.path());
    restore(&bench.path(), &backup);
    let error = bench
        .ingest(&[&bench.drive(3)], &NoProgress)
        .expect_err("refused");
    let said = error.to_string();
    assert!(
        said.contains("older copy") && said.contains(".last"),
        "{said}"
    );
    let checkpoint = |all: &BTreeMap<String, Vec<u8>>| all[".fieldassay/log/checkpoint"].clone();
    assert_eq!(checkpoint(&files(&bench.path())), checkpoint(&backup));
    // A store without its catalogue, and a catalogue without its store, are no better.
    for part in ["log/", "catalog.db"] {
        let mixed = newer.iter().map(|(path, bytes)| {
            let is_old = path.contains(part);
            let old = backup.get(path).filter(|_| is_old);
            (path.clone(), old.unwrap_or(bytes).clone())
        });
        restore(&bench.path(), &mixed.collect());
        let error = bench
            .ingest(&[&bench.drive(3)], &NoProgress)
            .expect_err(part);
        assert!(error.to_string().contains("hint:"), "{part}: {error}");
    }
    restore(&bench.path(), &newer);
    bench
        .ingest(&[&bench.drive(3)], &NoProgress)
        .expect("a run");
}

#[test]
fn a_machine_without_the_key_reads_and_says_what_it_lacks() {
    let bench = Bench::new();
    let drive = bench.inputs().join("drive.mcap");
    recording(&drive, 1, 20);
    bench.ingest(&[&drive], &NoProgress).expect("a run");
    let (empty, copied) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    let other = bench.inputs().join("other.mcap");
    recording(&other, 2, 20);
    let keys = empty.path().display().to_string();
    let without = |name: &str| (name == "FIELDASSAY_KEYS").then(|| keys.clone());
    let error = bench
        .ingest_in(&[&other], &without)
        .expect_err("no key is there");
    let said = error.to_string();
    assert!(
        said.contains("fieldassay/") && said.contains(&keys),
        "{said}"
    );
    assert!(said.contains("FIELDASSAY_LOG_KEY"), "{said}");
    assert_eq!(bench.ask("SELECT count(*) AS n FROM recordings")[0]["n"], 1);
    let nowhere = |_: &str| None;
    let error = bench.ingest_in(&[&other], &nowhere).expect_err("no folder");
    assert!(error.to_string().contains("FIELDASSAY_KEYS"), "{error}");
    let made = in_world_with(&nowhere, |world| {
        init(&copied.path().join("ws"), world).map(drop)
    });
    assert!(made.expect_err("no folder").to_string().contains("HOME"));
    // The line of the key in the environment will do.
    let line = bench.key_line();
    let carried = |name: &str| (name == "FIELDASSAY_LOG_KEY").then(|| line.clone());
    bench.ingest_in(&[&other], &carried).expect("a run");
    let wrong = line.replace("PRIVATE", "PUBLIC");
    let wrong = |name: &str| (name == "FIELDASSAY_LOG_KEY").then(|| wrong.clone());
    let third = bench.inputs().join("third.mcap");
    recording(&third, 3, 20);
    let error = bench.ingest_in(&[&third], &wrong).expect_err("no key");
    assert!(error.to_string().contains("holds no key"), "{error}");
    assert!(!error.to_string().contains("PUBLIC+KEY"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_private_key_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let keys = folder.path().join("a/keys").display().to_string();
    let environment = |name: &str| (name == "FIELDASSAY_KEYS").then(|| keys.clone());
    let made = in_world_with(&environment, |world| {
        init(&folder.path().join("ws"), world).map(|made| made.1)
    });
    let made = made.expect("a workspace");
    let mode = |path: &Path| {
        let found = std::fs::metadata(path).expect("there");
        found.permissions().mode() & 0o777
    };
    let name = format!("{}.key", made.log.origin.replace('/', "_"));
    assert_eq!(mode(Path::new(&keys)), 0o700);
    assert_eq!(mode(&Path::new(&keys).join(name)), 0o600);
    let settings = std::fs::read_to_string(folder.path().join("ws/fieldassay.toml"));
    assert!(settings.expect("settings").contains(&made.log.public_key));
    assert!(
        made.log
            .checkpoint
            .expect("one")
            .starts_with(&made.log.origin)
    );
}

#[test]
fn a_workspace_of_before_gets_a_log_that_names_what_is_there() {
    let bench = Bench::new();
    let drive = bench.inputs().join("drive.mcap");
    recording(&drive, 1, 20);
    bench.ingest(&[&drive], &NoProgress).expect("a run");
    bench.forget_log();
    let other = bench.inputs().join("other.mcap");
    recording(&other, 2, 20);
    let error = bench.ingest(&[&other], &NoProgress).expect_err("no log");
    assert!(error.to_string().contains("fieldassay init"), "{error}");
    let made = in_world(|world| init(&bench.path(), world).map(|made| made.1));
    assert!(made.expect("a log").log.checkpoint.is_some());
    let said = std::fs::read_to_string(
        bench
            .path()
            .join(".fieldassay/log/00000000000000000002.json"),
    );
    let said: serde_json::Value = serde_json::from_str(&said.expect("a document")).expect("JSON");
    assert_eq!(said["verb"], "init");
    assert_eq!(said["earlier"].as_array().expect("a list").len(), 2);
    bench.ingest(&[&other], &NoProgress).expect("a run");
}

#[test]
fn nobody_is_named_in_the_log() {
    let bench = Bench::new();
    let drive = bench.inputs().join("drive.mcap");
    recording(&drive, 1, 20);
    bench.ingest(&[&drive], &NoProgress).expect("a run");
    let log = bench.path().join(".fieldassay/log");
    let all = files(&log);
    assert!(all.len() > 4);
    for (path, bytes) in all {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!text.contains("tester"), "{path}");
    }
    let document = std::fs::read(log.join("00000000000000000001.json")).expect("a document");
    let document: serde_json::Value = serde_json::from_slice(&document).expect("JSON");
    assert_eq!(document["actor"].as_str().expect("a text").len(), 64);
}

#[test]
fn a_log_cut_off_at_any_step_of_signing_goes_on_to_the_same_bytes() {
    let mut cut = 0;
    for at in 0.. {
        let bench = Bench::new();
        let drive = bench.inputs().join("drive.mcap");
        recording(&drive, 1, 20);
        if bench.ingest(&[&drive], &StopAt::new(at)).is_ok() {
            break;
        }
        cut += 1;
        let log = bench.path().join(".fieldassay/log");
        let before = files(&log);
        bench
            .ingest(&[&drive], &NoProgress)
            .expect("the same again");
        let after = files(&log);
        for (path, bytes) in before {
            let is_kept = path == "checkpoint" || path.contains(".p/");
            assert!(
                after.get(&path) == Some(&bytes) || is_kept,
                "`{path}` was changed after a stop at step {at}"
            );
        }
        in_world(|world| Workspace::open(&bench.path(), world).map(drop)).expect("a workspace");
    }
    assert!(cut > 10, "only {cut} steps were there to stop at");
}

#[test]
fn a_catalogue_on_a_server_is_held_to_the_same() {
    let Some(database) = Database::fresh("log") else {
        return;
    };
    let bench = Bench::with_catalog(&database.url);
    for seed in 1..=2 {
        let drive = bench.inputs().join(format!("drive{seed}.mcap"));
        recording(&drive, seed, 20);
        bench.ingest(&[&drive], &NoProgress).expect("a run");
    }
    let found = verify(&bench.open(), &Request::default()).expect("an answer");
    assert!(found.holds, "{:?}", found.problems);
    assert!(found.verified["rows of the catalogue"] > 10);
    in_world(|world| log::rotate(&bench.open(), world)).expect("a new key");
    let found = verify(&bench.open(), &Request::default()).expect("an answer");
    assert!(found.holds, "{:?}", found.problems);
}
