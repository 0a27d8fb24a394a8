//! What goes in is found again: rows, messages, clips, jobs, context.

use crate::bench::{Bench, a_second, in_world, recording};
use fieldassay_engine::workspace::ask::{Asked, Limits};
use fieldassay_engine::workspace::clip::{self, Request as ClipRequest};
use fieldassay_engine::workspace::ingest::{Outcome, Request, Watch};
use fieldassay_engine::workspace::jobs::{self, Worker};
use fieldassay_engine::workspace::list;
use fieldassay_engine::workspace::verify::{Request as Verify, verify};
use fieldassay_engine::workspace::watch::{self, Landing};
use fieldassay_engine::workspace::{Format, Workspace, init};
use fieldassay_engine::{EngineError, NoProgress};
use fieldassay_model::TimeBound;
use serde_json::json;

#[test]
fn messages_of_a_recording_are_counted_decoded_and_cut_out() {
    let bench = Bench::new();
    let id = bench.brought();
    let counted = format!(
        "SELECT topic, count(*) AS n FROM messages WHERE recording_id = '{id}' GROUP BY 1 ORDER BY 1"
    );
    assert_eq!(
        bench.ask(&counted),
        json!([{"topic": "/a", "n": 500}, {"topic": "/b", "n": 500}])
    );
    let decoded =
        format!("SELECT count(*) AS n, sum(\"n\") AS s, max(x) AS x FROM read_topic('{id}', '/a')");
    assert_eq!(
        bench.ask(&decoded),
        json!([{"n": 500, "s": 249_500, "x": 1996.5}])
    );

    let output = bench.folder.path().join("clip.mcap");
    let workspace = bench.open();
    let request = a_second(&id, &output);
    let outcome = clip::run(&workspace, &request).expect("a clip");
    assert_eq!((outcome.message_count, outcome.channel_count), (50, 1));
    let nothing = ClipRequest {
        start: TimeBound::FromStart(100_000_000_000),
        end: TimeBound::FromStart(200_000_000_000),
        output: bench.folder.path().join("none.mcap"),
        ..request.clone()
    };
    let error = clip::run(&workspace, &nothing).expect_err("nothing there");
    assert!(error.to_string().contains("holds nothing"), "{error}");
    assert!(!bench.folder.path().join("none.mcap").exists());
    assert!(matches!(
        clip::run(&workspace, &request),
        Err(EngineError::Exists { .. })
    ));
    drop(workspace);
    let back = bench.ingest(&[&output], &NoProgress).expect("a run");
    assert_eq!(back.inputs[0].rows["channels"], 1);
}

#[test]
fn the_same_bytes_under_two_names_are_one_recording() {
    let bench = Bench::new();
    let (one, two) = (bench.inputs().join("a.mcap"), bench.inputs().join("b.mcap"));
    recording(&one, 1, 10);
    std::fs::copy(&one, &two).expect("a copy");
    let outcome = bench
        .ingest(&[&bench.inputs()], &NoProgress)
        .expect("a run");
    let statuses: Vec<&str> = outcome.inputs.iter().map(|input| input.status).collect();
    assert_eq!(statuses, ["added", "present"]);
    assert_eq!(
        outcome.inputs[0].recording_id,
        outcome.inputs[1].recording_id
    );
    assert_eq!(
        bench.ask("SELECT name FROM recordings"),
        json!([{"name": "a.mcap"}])
    );
    // A file that was changed is read again, one that was only touched too, and is the same.
    recording(&two, 2, 10);
    let outcome = bench
        .ingest(&[&bench.inputs()], &NoProgress)
        .expect("a run");
    let statuses: Vec<&str> = outcome.inputs.iter().map(|input| input.status).collect();
    assert_eq!(statuses, ["present", "added"]);
}

#[test]
fn what_the_workspace_asks_for_and_nobody_says_keeps_a_recording_apart() {
    let bench = Bench::new();
    let file = bench.path().join("fieldassay.toml");
    let text = std::fs::read_to_string(&file).expect("settings");
    std::fs::write(
        &file,
        text.replace("required = []", "required = [\"site\"]"),
    )
    .expect("settings");
    let (one, two) = (bench.inputs().join("a.mcap"), bench.inputs().join("b.mcap"));
    recording(&one, 1, 10);
    recording(&two, 2, 10);
    std::fs::write(
        bench.inputs().join("b.context.yaml"),
        "site: plant-3\nspeed_limit: {value: 30, unit: km/h}\n",
    )
    .expect("a file");
    let outcome = bench
        .ingest(&[&bench.inputs()], &NoProgress)
        .expect("a run");
    assert!(outcome.inputs[0].quarantined);
    assert_eq!(outcome.inputs[0].findings[0].code, "context.missing");
    assert!(!outcome.inputs[1].quarantined);
    let rows =
        bench.ask("SELECT field, value, value_real, unit, given_by FROM context ORDER BY field");
    assert_eq!(
        rows[0],
        json!({"field": "site", "value": "plant-3", "value_real": null, "unit": null, "given_by": "sidecar"})
    );
    assert_eq!(rows[1]["value_real"], 30.0);
    let workspace = bench.open();
    let shown = list::show(&workspace, "a.mcap").expect("a recording");
    assert_eq!(shown.findings[0]["code"], "context.missing");
    let error = list::show(&workspace, "c.mcap")
        .expect_err("none")
        .to_string();
    assert!(error.contains("did you mean"), "{error}");
    let error = list::show(&workspace, "r-").expect_err("two");
    assert_eq!(error.kind(), fieldassay_engine::ErrorKind::Usage);
    assert!(error.to_string().contains("any of 2"), "{error}");
}

#[test]
fn queued_work_is_done_once() {
    let bench = Bench::new();
    for seed in 1..=3 {
        recording(&bench.inputs().join(format!("drive{seed}.mcap")), seed, 20);
    }
    let workspace = bench.open();
    let policy = fieldassay_model::Policy::built_in("default").expect("a policy");
    let inputs = [bench.inputs().display().to_string()];
    let request = Request {
        context: &["site=here".to_owned()],
        jobs: 1,
        ..Request::new(&inputs, &policy)
    };
    for _ in 0..2 {
        let queued = in_world(|world| jobs::enqueue(&workspace, world, &request, "default"));
        assert_eq!(queued.expect("jobs").jobs.len(), 3);
    }
    let worker = Worker {
        label: "",
        until_empty: true,
        jobs: 1,
    };
    let mut done = 0;
    in_world(|world| {
        jobs::work(&workspace, world, &worker, &NoProgress, &mut |worked| {
            assert_eq!(worked.error, None);
            done += 1;
            true
        })
    })
    .expect("work");
    assert_eq!(done, 3);
    let all = jobs::list(&workspace, None).expect("jobs").jobs;
    assert!(all.iter().all(|job| job.state == "done"));
    assert_eq!(
        bench.ask("SELECT count(*) AS n FROM context WHERE value = 'here'")[0]["n"],
        3
    );
}

#[test]
fn what_lands_in_a_watched_folder_comes_in() {
    let bench = Bench::new();
    recording(&bench.inputs().join("early.mcap"), 1, 20);
    let workspace = bench.open();
    let policy = fieldassay_model::Policy::built_in("default").expect("a policy");
    let request = Request {
        jobs: 1,
        ..Request::new(&[], &policy)
    };
    let landing = bench.inputs();
    let landing = Landing {
        folder: &landing,
        until_idle_secs: Some(3),
    };
    let mut seen = Vec::new();
    in_world(|world| {
        watch::run(
            &workspace,
            world,
            &request,
            (&landing, &NoProgress),
            &mut |outcome| {
                let added = outcome
                    .inputs
                    .iter()
                    .filter(|input| input.status == "added");
                seen.extend(added.map(|input| input.path.clone()));
                if seen.len() == 1 {
                    recording(&bench.inputs().join("late.mcap"), 2, 20);
                }
                true
            },
        )
    })
    .expect("watching");
    assert_eq!(seen.len(), 2);
    assert!(seen[1].ends_with("late.mcap"));
}

#[test]
fn a_folder_with_nothing_known_in_it_is_waited_for() {
    let bench = Bench::new();
    let folder = bench.inputs();
    std::fs::write(folder.join("README.txt"), "Recordings land here.\n").expect("a file");
    let workspace = bench.open();
    let policy = fieldassay_model::Policy::built_in("default").expect("a policy");
    let request = Request::new(&[], &policy);
    let landing = Landing {
        folder: &folder,
        until_idle_secs: Some(4),
    };
    let (mut added, mut skipped) = (0, Vec::new());
    let watched = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(1500));
            recording(&folder.join("late.mcap"), 2, 20);
        });
        in_world(|world| {
            let mut tell = |outcome: &Outcome| {
                added += outcome.inputs.len();
                skipped.extend(outcome.skipped.clone());
                true
            };
            let landing = (&landing, &NoProgress as &dyn Watch);
            watch::run(&workspace, world, &request, landing, &mut tell)
        })
    });
    watched.expect("watching");
    assert_eq!((added, skipped.len()), (1, 1));
    assert!(skipped[0].path.ends_with("README.txt"));
}

#[test]
fn what_is_there_already_keeps_its_verdict_and_what_is_left_is_told() {
    let bench = Bench::new();
    let good = bench.drive(1);
    let bytes = std::fs::read(&good).expect("a recording");
    let cut = bench.inputs().join("cut.mcap");
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).expect("a file");
    std::fs::write(bench.inputs().join("notes.txt"), "nothing\n").expect("a file");
    let inputs = bench.inputs();
    let first = bench.ingest(&[&inputs], &NoProgress).expect("a run");
    let again = bench.ingest(&[&inputs], &NoProgress).expect("a run");
    for (run, status) in [(&first, "added"), (&again, "present")] {
        let [cut, good] = run.inputs.as_slice() else {
            panic!("two inputs: {:?}", run.inputs);
        };
        assert_eq!([cut.status, good.status], [status; 2]);
        assert_eq!((cut.verdict, cut.quarantined), (Some("fail"), true));
        assert!(good.verdict != Some("fail") && !good.quarantined);
        assert_eq!(good.verdict, first.inputs[1].verdict);
        assert_eq!((run.skipped.len(), run.skipped_count), (1, 1));
        assert!(run.skipped[0].path.ends_with("notes.txt"));
    }
}

#[test]
fn a_workspace_without_its_catalogue_says_so_and_makes_no_other() {
    let bench = Bench::new();
    bench.brought();
    let kept = bench.path().join(".fieldassay");
    for file in ["catalog.db", "catalog.db-wal", "catalog.db-shm"] {
        let _ = std::fs::remove_file(kept.join(file));
    }
    let open = || in_world(|world| Workspace::open(&bench.path(), world).map(drop));
    let again = || in_world(|world| init(&bench.path(), world).map(drop));
    for error in [open().expect_err("lost"), again().expect_err("lost")] {
        assert_eq!(error.code(), "workspace.no_catalog", "{error}");
    }
    assert!(!kept.join("catalog.db").exists());
}

#[test]
fn questions_are_answered_where_nothing_can_be_put_aside() {
    let bench = Bench::new();
    // As in a folder that is only to be read, which is no obstacle to root.
    std::fs::create_dir(bench.path().join(".fieldassay/spill.lock")).expect("a folder");
    assert_eq!(bench.ask("SELECT 1 AS n"), json!([{"n": 1}]));
    assert!(!bench.path().join(".fieldassay/spill").exists());
}

#[test]
fn a_workspace_fed_little_by_little_keeps_few_files_and_all_rows() {
    let bench = Bench::new();
    for seed in 1..=40 {
        let path = bench.inputs().join(format!("drive{seed:02}.mcap"));
        recording(&path, seed, 4);
        bench.ingest(&[&path], &NoProgress).expect("a run");
    }
    assert_eq!(
        bench.ask("SELECT count(*) AS n FROM recordings")[0]["n"],
        40
    );
    assert_eq!(bench.ask("SELECT count(*) AS n FROM channels")[0]["n"], 80);
    let workspace = bench.open();
    let before = Asked::new(&workspace, Some(20), Limits::default()).expect("a session");
    let mut bytes = Vec::new();
    before
        .write(
            "SELECT count(*) AS n FROM channels",
            Format::Json,
            &mut bytes,
        )
        .expect("rows");
    assert_eq!(bytes.trim_ascii(), br#"[{"n":40}]"#);
    let log = bench.path().join(".fieldassay/log");
    let names = std::fs::read_dir(log).expect("a log").map(|entry| {
        let name = entry.expect("an entry").file_name();
        name.to_string_lossy().into_owned()
    });
    let documents = names.filter(|name| name.contains(".json")).count();
    assert_eq!(
        documents, 42,
        "its beginning, a batch per run, and one that put files together"
    );
    let found = verify(&workspace, &Verify::default()).expect("an answer");
    assert!(found.holds, "{:?}", found.problems);
    // A file for each level, and no partial one of a tree before.
    let tiles = bench.path().join(".fieldassay/log/tile/0/000.p");
    assert_eq!(std::fs::read_dir(tiles).expect("tiles").count(), 1);
}

#[test]
fn context_that_is_said_too_late_is_told() {
    let bench = Bench::new();
    let path = bench.inputs().join("drive.mcap");
    recording(&path, 1, 20);
    let said = |context: &'static [String]| {
        let outcome = bench.ingest_as(&[&path], &NoProgress, |request| Request {
            context,
            ..request
        });
        outcome.expect("a run").inputs.remove(0)
    };
    let first: &[String] = Box::leak(Box::new(["site=here".to_owned()]));
    let other: &[String] = Box::leak(Box::new(["site=there".to_owned(), "rig=r1".to_owned()]));
    assert_eq!(said(first).status, "added");
    let again = said(first);
    assert_eq!((again.status, again.notes.len()), ("present", 0));
    let late = said(other);
    assert_eq!(late.status, "present");
    assert_eq!(late.notes.len(), 2, "{:?}", late.notes);
    let (rig, site) = (&late.notes[0], &late.notes[1]);
    assert!(rig.contains("`rig` stays `nothing`"), "{rig}");
    assert!(site.contains("`site` stays `here`"), "{site}");
    assert_eq!(
        bench.ask("SELECT field, \"value\" FROM context"),
        json!([{"field": "site", "value": "here"}])
    );
}
