//! Releases from outside: the same request gives the same digest, splits hold together, and what is made outlives its tables.

use crate::bench::{Bench, StopAt, in_world, recording};
use fieldassay_engine::workspace::ingest::Watch;
use fieldassay_engine::workspace::release::create::{self, Outcome, Plan};
use fieldassay_engine::workspace::release::export::{self, Format};
use fieldassay_engine::workspace::release::{diff, reproduce, show, tag};
use fieldassay_engine::{EngineError, NoProgress};
use fieldassay_model::release::{LeakageKind, LeakageStatus, Manifest, Request, Split};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Drives of five sites, each with a rig of its own, and a file of labels.
fn fleet(folder: &Path, seeds: std::ops::RangeInclusive<u64>) {
    for seed in seeds {
        drive(
            folder,
            &format!("drive{seed:02}"),
            seed,
            60,
            &format!("site: s{}\nrig: r{seed}\n", seed % 5),
        );
    }
}

fn drive(folder: &Path, name: &str, seed: u64, messages: u64, context: &str) {
    recording(&folder.join(format!("{name}.mcap")), seed, messages);
    std::fs::write(folder.join(format!("{name}.context.yaml")), context).expect("a file");
}

const COCO: &str = r#"{"images":[{"id":7,"file_name":"a.jpg","width":40,"height":30},{"id":8,"file_name":"b.jpg","width":40,"height":30}],
"categories":[{"id":1,"name":"car"},{"id":2,"name":"person"}],
"annotations":[{"id":1,"image_id":7,"category_id":2,"bbox":[1,2,10,20],"area":200,"iscrowd":0,"segmentation":[[1,2,11,2,11,22,1,22]]},
{"id":2,"image_id":7,"category_id":1,"bbox":[5,5,8,4],"area":32,"iscrowd":0},
{"id":3,"image_id":8,"category_id":1,"bbox":[0,0,40,30],"area":1200,"iscrowd":1,"segmentation":{"size":[30,40],"counts":[0,1200]}}]}"#;

fn labels(folder: &Path) {
    std::fs::write(folder.join("boxes.json"), COCO).expect("a file");
}

pub(crate) fn request(split: Option<&str>) -> Request {
    Request {
        split: split.map(|split| Split::parse(split).expect("a split")),
        include_quarantined: true,
        ..Request::default()
    }
}

pub(crate) fn asked(name: &str, release: Request) -> create::Request {
    create::Request {
        name: name.to_owned(),
        release,
        contracts: Vec::new(),
        keep_splits: None,
        jobs: 2,
    }
}

pub(crate) fn plan(bench: &Bench, asked: &create::Request) -> Result<Plan, EngineError> {
    create::plan(&bench.open(), asked)
}

pub(crate) fn made(
    bench: &Bench,
    asked: &create::Request,
    watch: &dyn Watch,
) -> Result<Outcome, EngineError> {
    let workspace = bench.open();
    let plan = create::plan(&workspace, asked)?;
    in_world(|world| create::run(&workspace, world, plan, watch))
}

#[test]
fn one_request_gives_one_digest_in_any_order_with_any_threads_and_after_interruptions() {
    let release = || request(Some("site:60/20/20"));
    let mut digests = BTreeSet::new();
    // All at once.
    let first = Bench::new();
    fleet(&first.inputs(), 1..=10);
    labels(&first.inputs());
    first
        .ingest(&[&first.inputs()], &NoProgress)
        .expect("a run");
    for jobs in [1, 4] {
        let asked = create::Request {
            jobs,
            ..asked("fleet", release())
        };
        let outcome = made(&first, &asked, &NoProgress).expect("a release");
        assert_eq!((outcome.version, outcome.is_new), (1, jobs == 1));
        assert!(outcome.checkpoint.is_some());
        digests.insert(outcome.manifest_sha256);
    }
    // One after the other, backwards, with a release in between.
    let second = Bench::new();
    fleet(&second.inputs(), 1..=10);
    labels(&second.inputs());
    let mut files: Vec<_> = std::fs::read_dir(second.inputs())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| !path.to_string_lossy().ends_with(".yaml"))
        .collect();
    files.sort();
    for (at, file) in files.iter().rev().enumerate() {
        second.ingest(&[file], &NoProgress).expect("a run");
        if at == 4 {
            made(&second, &asked("other", request(None)), &NoProgress).expect("a release");
        }
    }
    digests.insert(
        made(&second, &asked("renamed", release()), &NoProgress)
            .expect("a release")
            .manifest_sha256,
    );
    // Cut off and repeated, both when brought in and when made.
    let third = Bench::new();
    fleet(&third.inputs(), 1..=10);
    labels(&third.inputs());
    assert!(third.ingest(&[&third.inputs()], &StopAt::new(9)).is_err());
    third
        .ingest(&[&third.inputs()], &NoProgress)
        .expect("a run");
    assert!(made(&third, &asked("fleet", release()), &StopAt::new(3)).is_err());
    digests.insert(
        made(&third, &asked("fleet", release()), &NoProgress)
            .expect("a release")
            .manifest_sha256,
    );
    assert_eq!(digests.len(), 1, "{digests:?}");
}

#[test]
fn a_release_cut_off_at_any_step_and_repeated_is_there_once() {
    let source = Bench::new();
    fleet(&source.inputs(), 1..=3);
    let whole = {
        source
            .ingest(&[&source.inputs()], &NoProgress)
            .expect("a run");
        made(&source, &asked("night", request(None)), &NoProgress).expect("a release")
    };
    let mut cut = 0;
    for at in 0.. {
        let bench = Bench::new();
        fleet(&bench.inputs(), 1..=3);
        bench
            .ingest(&[&bench.inputs()], &NoProgress)
            .expect("a run");
        let done = made(&bench, &asked("night", request(None)), &StopAt::new(at));
        let seen = show::list(&bench.open(), None)
            .expect("a list")
            .releases
            .len();
        if done.is_ok() {
            assert_eq!(seen, 1);
            break;
        }
        cut += 1;
        assert!(seen <= 1);
        let again =
            made(&bench, &asked("night", request(None)), &NoProgress).expect("the same again");
        assert_eq!(
            (again.version, &again.manifest_sha256),
            (1, &whole.manifest_sha256)
        );
        let listed = show::list(&bench.open(), None).expect("a list").releases;
        assert_eq!(listed.len(), 1, "after a stop at step {at}");
        show::show(&bench.open(), "night@1").expect("whole");
    }
    assert!(cut > 8, "only {cut} steps were there to stop at");
}

#[test]
fn groups_stay_together_and_where_they_were_when_data_is_added() {
    let bench = Bench::new();
    fleet(&bench.inputs(), 1..=10);
    bench
        .ingest(&[&bench.inputs()], &NoProgress)
        .expect("a run");
    let first = made(
        &bench,
        &asked("fleet", request(Some("site:60/20/20"))),
        &NoProgress,
    );
    let first = first.expect("a release");
    let counts: Vec<u64> = first.splits.iter().map(|part| part.members).collect();
    assert_eq!(counts, [6, 2, 2]);
    let before = placed(&bench, "fleet@1");
    for (split, group) in before.values() {
        let of_group = before.values().filter(|(_, other)| other == group);
        assert!(of_group.map(|(other, _)| other).all(|other| other == split));
    }
    drive(&bench.inputs(), "new", 31, 60, "site: s9\nrig: r31\n");
    drive(&bench.inputs(), "more", 32, 60, "site: s1\nrig: r32\n");
    bench
        .ingest(&[&bench.inputs()], &NoProgress)
        .expect("a run");
    let second = made(
        &bench,
        &asked("fleet", request(Some("site:60/20/20"))),
        &NoProgress,
    );
    let second = second.expect("a release");
    assert_eq!((second.version, second.members), (2, 12));
    let after = placed(&bench, "fleet@2");
    for (id, place) in &before {
        assert_eq!(after.get(id), Some(place), "{id}");
    }
    let changed = diff::run(&bench.open(), "fleet@1", "fleet@2").expect("a diff");
    let members = &changed.members;
    assert_eq!((members.added, members.removed, members.moved), (2, 0, 0));
    assert!(changed.tables.is_empty() && changed.request.is_empty());
    let site = changed
        .shares
        .iter()
        .find(|one| one.field == "context.site" && one.value == "s9");
    let site = site.expect("a new site");
    assert!(site.from.estimate == 0.0 && (site.to.estimate - 1.0 / 12.0).abs() < 1e-12);
    assert!(
        site.difference
            .low
            .is_some_and(|low| low < site.difference.estimate)
    );
    assert!(
        changed
            .numbers
            .iter()
            .any(|one| one.name == "member.duration")
    );
    // Another name begins anew, unless it is told to keep.
    let kept = create::Request {
        keep_splits: Some("fleet@1".to_owned()),
        ..asked("again", request(Some("site:60/20/20")))
    };
    let plan = plan(&bench, &kept).expect("a plan");
    assert_eq!(
        (plan.kept_groups, plan.kept_splits),
        (5, vec!["fleet@1".to_owned()])
    );
    // The same manifest, whether splits were kept by the version before or by name.
    let outcome = made(&bench, &kept, &NoProgress).expect("a release");
    assert_eq!(outcome.manifest_sha256, second.manifest_sha256);
}

/// Split and group of every recording of a release.
fn placed(bench: &Bench, release: &str) -> BTreeMap<String, (String, String)> {
    let workspace = bench.open();
    let folder = tempfile::tempdir().expect("a folder");
    let output = folder.path().join("out");
    let request = export::Request {
        release: release.to_owned(),
        format: Format::Arrow,
        output: output.clone(),
        force: false,
    };
    in_world(|world| export::run(&workspace, world, &request)).expect("an export");
    let text = rows_of(&output.join("members.parquet"));
    text.into_iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().expect(name).to_owned();
            (text("recording_id"), (text("split"), text("split_group")))
        })
        .collect()
}

/// Rows of a Parquet file.
fn rows_of(path: &Path) -> Vec<serde_json::Value> {
    use fieldassay_query::{Format, Options, Session, Sources, output};
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let folder = path.parent().expect("a folder");
    let sources = Sources {
        place: fieldassay_store::Place::folder(folder).expect("a place"),
        snapshots: BTreeMap::new(),
        recordings: None,
    };
    let session = Session::new(sources, &Options::small()).expect("a session");
    let mut bytes = Vec::new();
    runtime.block_on(async {
        session.add_parquet("t", path).await.expect("a file");
        let answer = session.run("SELECT * FROM t").await.expect("rows");
        output::write(answer, Format::Json, 0, &mut bytes)
            .await
            .expect("JSON");
    });
    serde_json::from_slice(&bytes).expect("JSON")
}

#[test]
fn shares_that_cannot_be_met_are_explained() {
    let bench = Bench::new();
    fleet(&bench.inputs(), 1..=4);
    drive(&bench.inputs(), "nowhere", 40, 60, "rig: r40\n");
    bench
        .ingest(&[&bench.inputs()], &NoProgress)
        .expect("a run");
    let refused = |split: &str| {
        let error = plan(&bench, &asked("x", request(Some(split)))).expect_err(split);
        error.to_string()
    };
    let error = refused("site:a=1,b=1,c=1,d=1,e=1,f=1");
    assert!(
        error.contains("makes 5 groups") && error.contains("hint:"),
        "{error}"
    );
    let error = refused("weather:80/20");
    assert!(error.contains("no member has a `weather`"), "{error}");
    let error = refused("sites:80/20");
    assert!(error.contains("`site`"), "{error}");
    let plan = plan(&bench, &asked("x", request(Some("site:80/10/10")))).expect("a plan");
    let split = plan.split.expect("a split");
    assert!(split.parts.iter().all(|part| part.members > 0));
    assert!(
        split
            .deviations
            .iter()
            .any(|one| one.contains("were asked for")),
        "{split:?}"
    );
    assert!(
        split
            .deviations
            .iter()
            .any(|one| one.contains("1 members have no `site`")),
        "{split:?}"
    );
}

#[test]
fn what_leaks_between_splits_is_found_named_and_refused() {
    let bench = Bench::new();
    fleet(&bench.inputs(), 1..=8);
    // The same drive again but for its last messages: another file, nearly the same content.
    drive(&bench.inputs(), "twin", 3, 55, "site: s3\nrig: r3\n");
    bench
        .ingest(&[&bench.inputs()], &NoProgress)
        .expect("a run");
    let mut found = 0;
    for seed in 0..12 {
        let mut release = request(Some("recording:50/50"));
        release.split.as_mut().expect("a split").seed = seed;
        let planned = plan(&bench, &asked("x", release.clone())).expect("a plan");
        let check = |kind: LeakageKind| {
            let mut checks = planned.leakage.checks.iter();
            checks
                .find(|check| check.kind == kind)
                .expect("a check")
                .clone()
        };
        let content = check(LeakageKind::Content);
        assert_eq!(check(LeakageKind::Group).status, LeakageStatus::None);
        assert_eq!(
            check(LeakageKind::Scene).status,
            LeakageStatus::NotEvaluated
        );
        assert_eq!(planned.refuses(), content.count > 0);
        if content.count == 0 {
            continue;
        }
        found += 1;
        let one = content.findings.first().expect("a finding");
        assert_eq!(one.measure, "equal_messages");
        assert!((one.value - 55.0 / 60.0).abs() < 1e-9, "{one:?}");
        assert_ne!(one.first.split, one.second.split);
        // They are of one rig at the same time, too.
        let time = check(LeakageKind::Time);
        assert_eq!(time.status, LeakageStatus::Found);
        assert!(
            time.findings[0].message.contains("overlap"),
            "{:?}",
            time.findings
        );
        let workspace = bench.open();
        let error = in_world(|world| create::run(&workspace, world, planned, &NoProgress));
        assert!(error.expect_err("refused").to_string().contains("leak"));
        assert!(
            show::list(&workspace, None)
                .expect("a list")
                .releases
                .is_empty()
        );
        release.allow_leakage = [LeakageKind::Content, LeakageKind::Time].into();
        let allowed = plan(&bench, &asked("x", release)).expect("a plan");
        assert!(!allowed.refuses());
        assert_eq!(allowed.leakage.checks[2].status, LeakageStatus::Allowed);
    }
    assert!(
        (1..12).contains(&found),
        "{found} of 12 seeds part the twins"
    );
    // Split by near-duplicates they are never parted.
    for seed in 0..4 {
        let mut release = request(Some("near_duplicate:50/50"));
        release.split.as_mut().expect("a split").seed = seed;
        assert!(
            !plan(&bench, &asked("x", release))
                .expect("a plan")
                .refuses()
        );
    }
}

#[test]
fn members_of_one_rig_that_nearly_touch_are_named_with_their_gap() {
    let bench = Bench::new();
    // 1000 s lie between the starts of seeds, and 60 messages take 0.59 s.
    for seed in 1..=6 {
        drive(&bench.inputs(), &format!("d{seed}"), seed, 60, "rig: one\n");
    }
    bench
        .ingest(&[&bench.inputs()], &NoProgress)
        .expect("a run");
    let planned = |time_gap_ns| {
        let release = Request {
            time_gap_ns,
            ..request(Some("recording:50/50"))
        };
        plan(&bench, &asked("x", release)).expect("a plan")
    };
    assert!(!planned(0).refuses());
    assert!(!planned(999_000_000_000).refuses());
    let found = planned(1_000_000_000_000);
    assert!(found.refuses());
    let time = &found.leakage.checks[1];
    assert_eq!((time.kind, time.looked_at), (LeakageKind::Time, 6));
    assert!(
        (time.findings[0].value - 999.41).abs() < 1e-6,
        "{:?}",
        time.findings[0]
    );
}

#[test]
fn an_empty_release_is_refused_and_quarantined_recordings_are_left_out() {
    let bench = Bench::new();
    fleet(&bench.inputs(), 1..=3);
    std::fs::write(bench.inputs().join("broken.mcap"), b"\x89MCAP0\r\nnothing").expect("a file");
    let _ = bench
        .ingest(&[&bench.inputs()], &NoProgress)
        .expect("a run");
    let kept_apart = bench.ask("SELECT count(*) AS n FROM recordings WHERE quarantined");
    let kept_apart = kept_apart[0]["n"].as_u64().expect("a count");
    assert!(kept_apart > 0);
    let all = Request {
        include_quarantined: false,
        ..request(None)
    };
    match plan(&bench, &asked("x", all.clone())) {
        Ok(plan) => assert_eq!(plan.members, 4 - kept_apart),
        Err(error) => assert!(error.to_string().contains("quarantined"), "{error}"),
    }
    let nothing = Request {
        condition: Some("message_count > 1000000".to_owned()),
        ..all
    };
    let error = plan(&bench, &asked("x", nothing))
        .expect_err("nothing")
        .to_string();
    for word in [
        "would be empty",
        "4 rows in `recordings`",
        "leaves 0",
        "hint:",
    ] {
        assert!(error.contains(word), "{word}: {error}");
    }
    for (name, condition, word) in [
        ("Upper", None, "lower-case"),
        ("x", Some("no_such_column = 1"), "no_such_column"),
        ("x", Some("drop table recordings"), ""),
    ] {
        let release = Request {
            condition: condition.map(str::to_owned),
            ..request(None)
        };
        let error = plan(&bench, &asked(name, release))
            .expect_err(name)
            .to_string();
        assert!(error.contains(word), "{error}");
    }
    let from = Request {
        from: Some("interval".to_owned()),
        ..request(None)
    };
    let error = plan(&bench, &asked("x", from))
        .expect_err("no table")
        .to_string();
    assert!(error.contains("did you mean `intervals`"), "{error}");
}

#[test]
fn rows_of_a_table_are_members_and_only_what_lies_in_them_comes_along() {
    let bench = Bench::new();
    let table = "name,start_ns,end_ns\ncut_in,1000,2000\ncut_in,1500,3000\ncut_in,9000,9500\ncut_in,1000,2000\nstop,4000,5000\n";
    std::fs::write(bench.inputs().join("scenes.intervals.csv"), table).expect("a file");
    bench
        .ingest(&[&bench.inputs()], &NoProgress)
        .expect("a run");
    let release = Request {
        from: Some("intervals".to_owned()),
        condition: Some("name = 'cut_in'".to_owned()),
        ..request(None)
    };
    let outcome = made(&bench, &asked("cuts", release), &NoProgress).expect("a release");
    assert_eq!((outcome.members, outcome.recordings), (3, 1));
    let rows = |file: &str| {
        outcome
            .files
            .iter()
            .find(|one| one.path == file)
            .map(|one| one.rows)
    };
    // Two rows say the same stretch; `stop` lies in none.
    assert_eq!(rows("intervals.parquet"), Some(4));
    assert_eq!(rows("members.parquet"), Some(3));
}

#[test]
fn a_release_outlives_its_tables_and_is_made_again_from_its_batch() {
    let bench = Bench::new();
    fleet(&bench.inputs(), 1..=6);
    bench
        .ingest(&[&bench.inputs()], &NoProgress)
        .expect("a run");
    let outcome = made(
        &bench,
        &asked("night", request(Some("site:50/50"))),
        &NoProgress,
    );
    let outcome = outcome.expect("a release");
    // So many small batches that their files are put together.
    for number in 0..34 {
        let file = bench.inputs().join(format!("votes{number}.csv"));
        std::fs::write(&file, format!("item,annotator,label\na{number},x,1\n")).expect("a file");
        bench.ingest(&[&file], &NoProgress).expect("a run");
    }
    let done = reproduce::run(&bench.open(), "night@1", 1).expect("made again");
    assert_eq!(done.differences, []);
    assert_eq!(
        (done.made_sha256, done.files),
        (outcome.manifest_sha256.clone(), outcome.files.len())
    );
    let folder = bench.folder.path().join("out");
    let workspace = bench.open();
    let request = export::Request {
        release: "night".to_owned(),
        format: Format::Originals,
        output: folder.clone(),
        force: false,
    };
    let exported = in_world(|world| export::run(&workspace, world, &request)).expect("an export");
    assert!(exported.entry.is_some());
    let manifest = std::fs::read(folder.join("manifest.json")).expect("a manifest");
    let manifest = Manifest::parse(&manifest).expect("a manifest");
    assert_eq!(manifest.sha256(), outcome.manifest_sha256);
    for file in &manifest.files {
        let bytes = std::fs::read(folder.join(&file.path)).expect("a file");
        assert_eq!(sha256(&bytes), file.sha256, "{}", file.path);
    }
    for row in rows_of(&folder.join("files.parquet")) {
        let text = |name: &str| row[name].as_str().expect(name).to_owned();
        let path = folder
            .join("originals")
            .join(text("recording_id"))
            .join(text("path"));
        assert_eq!(
            sha256(&std::fs::read(path).expect("an original")),
            text("sha256")
        );
    }
    for name in ["release.dsse.json", "release.tlog-proof", "release.pub"] {
        assert!(folder.join(name).is_file(), "{name}");
    }
    // Nothing is replaced unasked, and nothing is left of what was made beside.
    assert!(matches!(
        in_world(|world| export::run(&workspace, world, &request)),
        Err(EngineError::Exists { .. })
    ));
    let forced = export::Request {
        force: true,
        ..request
    };
    in_world(|world| export::run(&workspace, world, &forced)).expect("another");
    let beside = std::fs::read_dir(bench.folder.path()).expect("a folder");
    let beside: BTreeSet<String> = beside
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert_eq!(beside, ["in", "out", "ws"].map(str::to_owned).into());
}

fn sha256(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x");
    std::fs::write(&path, bytes).expect("a file");
    let place = fieldassay_store::Place::folder(folder.path()).expect("a place");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let found = runtime
        .expect("a runtime")
        .block_on(fieldassay_store::Objects::new(place).sha256("x"));
    found.expect("read").expect("there").0
}

#[test]
fn tags_name_versions_and_what_is_damaged_is_refused() {
    let bench = Bench::new();
    fleet(&bench.inputs(), 1..=2);
    bench
        .ingest(&[&bench.inputs()], &NoProgress)
        .expect("a run");
    let first = made(&bench, &asked("night", request(None)), &NoProgress).expect("a release");
    fleet(&bench.inputs(), 3..=3);
    bench
        .ingest(&[&bench.inputs()], &NoProgress)
        .expect("a run");
    made(&bench, &asked("night", request(None)), &NoProgress).expect("a release");
    made(&bench, &asked("day", request(None)), &NoProgress).expect("a release");
    let workspace = bench.open();
    let tagged = |release: &str, tag: &str| {
        in_world(|world| tag::run(&workspace, (world, &NoProgress), (release, tag)))
    };
    assert!(tagged("night@1", "golden").expect("a tag").is_new);
    assert!(!tagged("night@1", "golden").expect("a tag").is_new);
    // Every release has its own.
    assert!(tagged("day", "golden").expect("a tag").is_new);
    let version = |name: &str| show::show(&workspace, name).map(|one| one.release.version);
    assert_eq!(version("night@golden").expect("a release"), 1);
    assert_eq!(version("night").expect("a release"), 2);
    assert_eq!(tagged("night", "golden").expect("a tag").before, Some(1));
    assert_eq!(version("night@golden").expect("a release"), 2);
    assert_eq!(tagged("night@1", "golden").expect("a tag").before, Some(2));
    assert_eq!(version("night@golden").expect("a release"), 1);
    for (wrong, word) in [
        ("nigth", "did you mean `night`"),
        ("night@7", "`night@2`"),
        ("night@gold", "`night@golden`"),
        ("night@", "hint:"),
    ] {
        let error = version(wrong).expect_err(wrong).to_string();
        assert!(error.contains(word), "{error}");
    }
    assert!(tagged("night", "2").is_err());
    let manifest = bench.path().join(format!(
        ".fieldassay/releases/{}/manifest.json",
        first.manifest_sha256
    ));
    let mut bytes = std::fs::read(&manifest).expect("a manifest");
    bytes[10] ^= 1;
    std::fs::write(&manifest, bytes).expect("written");
    let error = version("night@1").expect_err("damaged").to_string();
    assert!(error.contains("damaged"), "{error}");
}

#[test]
fn shapes_are_written_as_coco_and_stretches_as_clips() {
    let bench = Bench::new();
    fleet(&bench.inputs(), 1..=2);
    labels(&bench.inputs());
    bench
        .ingest(&[&bench.inputs()], &NoProgress)
        .expect("a run");
    let outcome = made(&bench, &asked("mixed", request(None)), &NoProgress).expect("a release");
    assert_eq!(outcome.members, 3);
    let exported = |format: Format| {
        let folder = bench.folder.path().join(format.name());
        let request = export::Request {
            release: "mixed".to_owned(),
            format,
            output: folder.clone(),
            force: false,
        };
        let workspace = bench.open();
        let done = in_world(|world| export::run(&workspace, world, &request));
        (folder, done.expect("an export"))
    };
    let (folder, _) = exported(Format::Coco);
    let text = std::fs::read_to_string(folder.join("coco/all.json")).expect("COCO");
    let coco: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(coco["images"].as_array().map(Vec::len), Some(2));
    let annotations = coco["annotations"].as_array().expect("annotations");
    assert_eq!(annotations.len(), 3, "{text}");
    assert_eq!(coco["categories"][0]["name"], "car");
    let person = &annotations[0];
    assert_eq!(person["category_id"], 2);
    assert_eq!(person["bbox"], serde_json::json!([1.0, 2.0, 10.0, 20.0]));
    assert_eq!(person["area"], 200.0);
    assert_eq!(person["segmentation"][0].as_array().map(Vec::len), Some(8));
    let crowd = &annotations[2];
    assert_eq!(
        (&crowd["iscrowd"], &crowd["area"]),
        (&1.into(), &1200.0.into())
    );
    assert_eq!(crowd["segmentation"]["size"], serde_json::json!([30, 40]));
    let (folder, done) = exported(Format::Mcap);
    let clips = std::fs::read_dir(folder.join("clips"))
        .expect("clips")
        .count();
    assert_eq!((clips, done.left_out.len()), (2, 1));
    let (folder, _) = exported(Format::Arrow);
    let arrow = std::fs::read(folder.join("arrow/members.arrow")).expect("Arrow");
    assert!(arrow.starts_with(b"ARROW1"));
}
