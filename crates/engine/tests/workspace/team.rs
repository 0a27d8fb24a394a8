//! A team's workspace, a PostgreSQL and an object store, does what a folder does, for eight at once too.

use crate::bench::{Bench, StopAt, Team, a_second, in_world, recording};
use fieldassay_engine::NoProgress;
use fieldassay_engine::workspace::clip;
use fieldassay_engine::workspace::ingest::Watch;
use fieldassay_engine::workspace::list::{self, Filter};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const WRITERS: usize = 8;
const RECORDINGS: usize = 12;
/// Recordings of one writer; its neighbors have all but one of them too.
const EACH: usize = 5;

/// What is asked of a workspace with one recording, and a clip of it.
fn asked(bench: &Bench, drive: &Path) -> (Vec<Value>, Vec<u8>) {
    let outcome = bench.ingest(&[drive], &NoProgress).expect("a run");
    assert_eq!(outcome.inputs[0].status, "added");
    let id = outcome.inputs[0].recording_id.clone().expect("an id");
    let again = bench.ingest(&[drive], &NoProgress).expect("a run");
    assert_eq!(again.inputs[0].status, "present");
    let workspace = bench.open();
    let listed = list::list(&workspace, &Filter::default()).expect("a list");
    let output = bench.folder.path().join("clip.mcap");
    let request = a_second(&id, &output);
    assert_eq!(
        clip::run(&workspace, &request)
            .expect("a clip")
            .message_count,
        50
    );
    let answers = vec![
        json!(listed),
        bench.ask(&format!(
            "SELECT topic, count(*) AS n FROM messages WHERE recording_id = '{id}' GROUP BY 1 ORDER BY 1"
        )),
        bench.ask(&format!("SELECT count(*) AS n, sum(\"n\") AS s, max(x) AS x FROM read_topic('{id}', '/a')")),
    ];
    (answers, std::fs::read(output).expect("a clip"))
}

#[test]
fn a_team_gets_what_one_person_gets() {
    let Some(team) = Team::new("team") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let drive = folder.path().join("drive.mcap");
    recording(&drive, 2, 1000);
    let (alone, shared) = (Bench::new(), team.bench());
    let (alone_asked, shared_asked) = (asked(&alone, &drive), asked(&shared, &drive));
    assert_eq!(
        alone_asked.0[1],
        json!([{"topic": "/a", "n": 500}, {"topic": "/b", "n": 500}])
    );
    assert_eq!(
        alone_asked.0[2],
        json!([{"n": 500, "s": 249_500, "x": 1996.5}])
    );
    assert!(alone_asked == shared_asked);
    assert_eq!(alone.content(), team.content(&shared));
    // Its beginning, and the batch.
    assert_eq!(team.log(), [0, 1]);
}

/// Drives in a folder of their own, which all writers see.
fn drives(folder: &Path) -> Vec<PathBuf> {
    let drive = |number: usize| {
        let path = folder.join(format!("drive{number:02}.mcap"));
        recording(&path, 1 + number as u64, 40 + 10 * number as u64);
        path
    };
    (0..RECORDINGS).map(drive).collect()
}

/// Each writer has a machine of its own, sets it up and brings in its share; `before` may be cut off. Gives how many
/// recordings they say they added in their last run.
fn all_at_once(
    team: &Team,
    drives: &[PathBuf],
    before: impl Fn(usize) -> Option<StopAt> + Sync,
) -> usize {
    let work = |writer: usize| {
        let share: Vec<&Path> = (0..EACH)
            .map(|step| drives[(writer + step) % drives.len()].as_path())
            .collect();
        let bench = team.bench();
        if let Some(stop) = before(writer) {
            let stop: &dyn Watch = &stop;
            // Whether it gets far enough to be stopped depends on the others.
            let _ = bench.ingest(&share, stop);
        }
        let outcome = bench.ingest(&share, &NoProgress).expect("a run");
        assert!(outcome.inputs.iter().all(|input| input.error.is_none()));
        outcome
            .inputs
            .iter()
            .filter(|input| input.status == "added")
            .count()
    };
    std::thread::scope(|scope| {
        let work = &work;
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| scope.spawn(move || work(writer)))
            .collect();
        writers
            .into_iter()
            .map(|writer| writer.join().expect("a writer"))
            .sum()
    })
}

fn as_one_alone(team: &Team, drives: &[PathBuf]) {
    let alone = Bench::new();
    for drive in drives {
        alone.ingest(&[drive], &NoProgress).expect("a run");
    }
    let shared = team.bench();
    let counted = "SELECT count(*) AS n, count(DISTINCT recording_id) AS ids FROM recordings";
    assert_eq!(
        shared.ask(counted),
        json!([{"n": RECORDINGS, "ids": RECORDINGS}])
    );
    assert_eq!(alone.content(), team.content(&shared));
    let workspace = shared.open();
    let listed = list::list(&workspace, &Filter::default()).expect("a list");
    assert_eq!(listed.recordings.len(), RECORDINGS);
    // One entry for every batch that readers see, none left out.
    let log = team.log();
    assert_eq!(log, (0..=listed.sequence).collect::<Vec<i64>>());
}

#[test]
fn eight_writers_lose_nothing_and_add_nothing_twice() {
    let Some(team) = Team::new("eight") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let drives = drives(folder.path());
    let added = all_at_once(&team, &drives, |_| None);
    assert_eq!(added, RECORDINGS);
    as_one_alone(&team, &drives);
    let settings = in_world(|world| {
        fieldassay_engine::workspace::init(&team.bench().path(), world).map(|made| made.1.is_new)
    });
    assert!(!settings.expect("a workspace"));
}

#[test]
fn eight_writers_that_are_cut_off_end_as_one_that_was_not() {
    let Some(team) = Team::new("cut_off") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let drives = drives(folder.path());
    all_at_once(&team, &drives, |writer| Some(StopAt::new(3 + 3 * writer)));
    as_one_alone(&team, &drives);
}

#[test]
fn a_writer_that_died_with_the_right_to_publish_is_followed_when_its_lease_ends() {
    let Some(team) = Team::new("died") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let drive = folder.path().join("drive.mcap");
    recording(&drive, 2, 100);
    let bench = team.bench();
    let is_fenced = team.died_publishing();
    let outcome = bench.ingest(&[&drive], &NoProgress).expect("a run");
    assert_eq!(outcome.inputs[0].status, "added");
    assert!(is_fenced());
    assert_eq!(team.log(), [0, 1]);
}
