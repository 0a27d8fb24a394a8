//! Runs that are cut off, at every step and in every way a test can make.

use crate::bench::{Bench, StopAt, in_world, recording};
use fieldassay_engine::workspace::{Workspace, init};
use fieldassay_engine::{EngineError, NoProgress};
use std::path::Path;

fn three(bench: &Bench) {
    for seed in 1..=3 {
        recording(&bench.inputs().join(format!("drive{seed}.mcap")), seed, 40);
    }
    std::fs::write(
        bench.inputs().join("votes.csv"),
        "item,annotator,label\na,x,1\na,y,2\nb,x,1\n",
    )
    .expect("a file");
}

#[test]
fn a_run_cut_off_at_any_step_and_repeated_ends_as_one_that_was_not() {
    let whole = Bench::new();
    three(&whole);
    whole
        .ingest(&[&whole.inputs()], &NoProgress)
        .expect("a run");
    let expected = whole.content();
    assert!(expected["table votes"].contains("annotator"));
    let mut cut = 0;
    for at in 0.. {
        let bench = Bench::new();
        three(&bench);
        let done = bench.ingest(&[&bench.inputs()], &StopAt::new(at));
        if done.is_ok() {
            break;
        }
        cut += 1;
        bench
            .ingest(&[&bench.inputs()], &NoProgress)
            .expect("the same again");
        let found = bench.content();
        for (what, expected) in &expected {
            assert_eq!(
                found.get(what),
                Some(expected),
                "{what} after a stop at step {at}"
            );
        }
        assert_eq!(
            found.len(),
            expected.len(),
            "more than expected after a stop at step {at}"
        );
        let again = bench
            .ingest(&[&bench.inputs()], &NoProgress)
            .expect("once more");
        assert!(again.inputs.iter().all(|input| input.status == "present"));
    }
    assert!(cut > 20, "only {cut} steps were there to stop at");
}

#[test]
fn readers_see_a_batch_whole_or_not_at_all() {
    for at in 0.. {
        let bench = Bench::new();
        three(&bench);
        let done = bench.ingest(&[&bench.inputs()], &StopAt::new(at)).is_ok();
        let rows = |table: &str| {
            let rows = bench.ask(&format!("SELECT count(*) AS n FROM {table}"));
            rows[0]["n"].as_u64().expect("a count")
        };
        let seen = (rows("recordings"), rows("channels"), rows("votes"));
        assert!(
            seen == (0, 0, 0) || seen == (4, 6, 3),
            "{seen:?} after a stop at step {at}"
        );
        if done {
            assert_eq!(seen.0, 4);
            return;
        }
    }
}

#[test]
fn two_runs_at_once_bring_nothing_in_twice() {
    let bench = Bench::new();
    three(&bench);
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| bench.ingest(&[&bench.inputs()], &NoProgress)))
            .collect();
        let added: usize = runs
            .into_iter()
            .map(|run| {
                let outcome = run.join().expect("no panic").expect("a run");
                outcome
                    .inputs
                    .iter()
                    .filter(|input| input.status == "added")
                    .count()
            })
            .sum();
        assert_eq!(added, 4);
    });
    let alone = Bench::new();
    three(&alone);
    alone
        .ingest(&[&alone.inputs()], &NoProgress)
        .expect("a run");
    assert_eq!(bench.content(), alone.content());
}

#[test]
fn an_input_that_vanishes_after_the_plan_is_told_and_the_others_come_in() {
    let bench = Bench::new();
    three(&bench);
    let gone = bench.inputs().join("drive2.mcap");
    let outcome = bench
        .ingest_after(&[&bench.inputs()], || {
            std::fs::remove_file(&gone).expect("gone");
        })
        .expect("a run");
    let statuses: Vec<&str> = outcome.inputs.iter().map(|input| input.status).collect();
    assert_eq!(statuses, ["added", "failed", "added", "added"]);
    let why = outcome.inputs[1].error.as_deref().expect("why");
    assert!(why.contains("drive2.mcap"), "{why}");
    let error = bench
        .ingest(&[&gone], &NoProgress)
        .expect_err("nothing there");
    assert!(error.to_string().contains("drive2.mcap"), "{error}");
}

#[test]
fn a_file_that_is_no_recording_is_kept_and_kept_apart() {
    let bench = Bench::new();
    let path = bench.inputs().join("broken.mcap");
    std::fs::write(&path, b"nothing of the kind").expect("a file");
    let outcome = bench.ingest(&[&path], &NoProgress).expect("a run");
    let input = &outcome.inputs[0];
    assert_eq!((input.status, input.quarantined), ("added", true));
    assert!(
        input
            .error
            .as_deref()
            .expect("why")
            .contains("not a recording")
    );
    assert_eq!(
        bench.ask("SELECT verdict, quarantined FROM recordings")[0]["verdict"],
        "not_evaluated"
    );
}

#[test]
fn damage_is_counted_and_what_is_readable_is_kept() {
    let bench = Bench::new();
    let whole = bench.inputs().join("whole.mcap");
    recording(&whole, 5, 400);
    let bytes = std::fs::read(&whole).expect("bytes");
    let cut = bench.inputs().join("cut.mcap");
    std::fs::write(&cut, &bytes[..bytes.len() - 100]).expect("a file");
    let outcome = bench.ingest(&[&cut], &NoProgress).expect("a run");
    assert!(!outcome.inputs[0].complete);
    assert!(outcome.inputs[0].rows["losses"] >= 1);
    assert_eq!(
        bench.ask("SELECT complete FROM recordings")[0]["complete"],
        false
    );
}

#[test]
fn a_workspace_of_a_newer_version_and_a_folder_without_one_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    in_world(|world| init(folder.path(), world).map(drop)).expect("a workspace");
    let file = folder.path().join("fieldassay.toml");
    let text = std::fs::read_to_string(&file).expect("settings");
    std::fs::write(&file, text.replace("version = 1", "version = 2")).expect("settings");
    let refused = |folder: &Path| -> EngineError {
        in_world(|world| Workspace::open(folder, world)).expect_err("refused")
    };
    assert!(refused(folder.path()).to_string().contains("newer version"));
    let none = tempfile::tempdir().expect("a folder");
    assert!(refused(none.path()).to_string().contains("fieldassay init"));
}

#[cfg(unix)]
#[test]
fn a_store_that_cannot_be_written_changes_nothing() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::new();
    three(&bench);
    let store = bench.path().join(".fieldassay");
    // A file where the folder of blobs would be: nobody, root neither, can write below it.
    std::fs::write(store.join("blobs"), b"").expect("a file");
    let error = bench
        .ingest(&[&bench.inputs()], &NoProgress)
        .expect_err("no room");
    assert!(error.to_string().contains("blobs"), "{error}");
    std::fs::remove_file(store.join("blobs")).expect("gone");
    std::fs::set_permissions(&store, std::fs::Permissions::from_mode(0o755)).expect("rights");
    bench
        .ingest(&[&bench.inputs()], &NoProgress)
        .expect("a run");
    let whole = Bench::new();
    three(&whole);
    whole
        .ingest(&[&whole.inputs()], &NoProgress)
        .expect("a run");
    assert_eq!(bench.content(), whole.content());
}
