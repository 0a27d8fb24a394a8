//! Contracts and ontologies of a workspace: what breaks one is kept apart, versions that break are refused, labels name
//! what they are of.

use crate::bench::{Bench, recording};
use fieldassay_engine::contract::{self, Files, Request};
use fieldassay_engine::limits::Limits;
use fieldassay_engine::workspace::ingest::Outcome;
use fieldassay_engine::workspace::{classes, held};
use fieldassay_engine::{EngineError, ErrorKind, NoProgress};
use fieldassay_model::{Ontology, Verdict};
use fieldassay_testkit::{repository_root, shared_data};
use std::path::{Path, PathBuf};

/// The question the guide documents.
const HISTORY: &str = include_str!("../../../../docs/guides/contracts-history.sql");

fn written(bench: &Bench, name: &str, text: &str) -> PathBuf {
    let path = bench.inputs().join(name);
    std::fs::write(&path, text).expect("a file");
    path
}

fn recorded(bench: &Bench, name: &str, seed: u64) -> PathBuf {
    let path = bench.inputs().join(name);
    recording(&path, seed, 40);
    path
}

/// A contract over one field of `/a`.
fn rule(version: u32, rule: &str, rest: &str) -> String {
    format!(
        "contract: poses\nversion: {version}\nchannels:\n  /a:\n    schema: pose\n    encoding: json\n    fields:\n      x: {rule}\n      n: {{type: integer, nulls: never}}\n{rest}"
    )
}

fn with_contract(bench: &Bench, input: &Path, contract: &Path) -> Result<Outcome, EngineError> {
    bench.ingest_as(&[input], &NoProgress, |request| {
        fieldassay_engine::workspace::ingest::Request {
            contracts: vec![contract.to_owned()],
            ..request
        }
    })
}

/// What classes of labels are by an ontology, week by week.
fn drift(bench: &Bench, ontology: &Ontology) -> classes::Document {
    let request = classes::Request {
        ontology,
        window_days: 7,
        by: None,
        options: classes::TaxonomyOptions::default(),
    };
    classes::run(&bench.open(), &request).expect("a document")
}

#[test]
fn what_breaks_a_contract_is_kept_apart_and_its_history_can_be_asked() {
    let bench = Bench::new();
    let drive = recorded(&bench, "one.mcap", 1);
    let contract = written(
        &bench,
        "poses.yaml",
        &rule(1, "{type: float64, max: 20}", "context:\n  site: {}\n"),
    );
    let outcome = with_contract(&bench, &drive, &contract).expect("a run");
    let input = &outcome.inputs[0];
    assert!(input.quarantined, "{:?}", input.findings);
    assert_eq!(input.verdict, Some("fail"));
    let held = &input.contracts[0];
    assert_eq!((held.verdict, held.violations), ("fail", 2));
    let codes: Vec<&str> = input.findings.iter().map(|one| one.code.as_str()).collect();
    assert!(
        codes.contains(&"contract.range") && codes.contains(&"contract.context"),
        "{codes:?}"
    );

    let rows = bench.ask(
        "SELECT code, policy_name, policy_version, policy_sha256, \"count\", message, window_start_ns FROM findings WHERE code LIKE 'contract.%' ORDER BY code",
    );
    let range = &rows[1];
    assert_eq!(range["code"], "contract.range");
    assert_eq!(
        (&range["policy_name"], &range["policy_version"]),
        (&"poses".into(), &1.into())
    );
    assert_eq!(range["policy_sha256"], held.contract.sha256.as_str());
    // Every second message from 0 on, 0.5 above its number: 20.5 is row 10 of `/a`, the 21st message.
    assert_eq!(range["count"], 10);
    let first = 1_600_000_000_000_000_000_i64 + 1_000_000_000_000 + 20 * 10_000_000;
    assert_eq!(range["window_start_ns"], first);
    // It is kept all the same, and so is the contract.
    assert_eq!(bench.ask("SELECT count(*) AS n FROM messages")[0]["n"], 40);
    let text = std::fs::read(&contract).expect("a file");
    let digest = fieldassay_engine::digests(&text, &|_| ()).sha256;
    assert!(bench.content().contains_key(&digest), "{digest}");

    let context: &'static [String] = vec!["site=plant-3".to_owned()].leak();
    let second = recorded(&bench, "two.mcap", 2);
    bench
        .ingest_as(&[&second], &NoProgress, |request| {
            fieldassay_engine::workspace::ingest::Request {
                contracts: vec![contract.clone()],
                context,
                ..request
            }
        })
        .expect("a run");
    let history = bench.ask(HISTORY);
    let line = |row: &serde_json::Value| {
        ["contract", "site", "code", "recordings", "violations"].map(|name| row[name].to_string())
    };
    let lines: Vec<_> = history.as_array().expect("rows").iter().map(line).collect();
    let expected = [
        ["\"poses\"", "\"plant-3\"", "\"contract.range\"", "1", "15"],
        ["\"poses\"", "null", "\"contract.context\"", "1", "1"],
        ["\"poses\"", "null", "\"contract.range\"", "1", "10"],
    ];
    assert_eq!(lines, expected.map(|line| line.map(str::to_owned)));
}

#[test]
fn contracts_of_the_settings_count_and_are_part_of_the_plan() {
    let bench = Bench::new();
    let drive = recorded(&bench, "one.mcap", 1);
    let plan = |bench: &Bench| {
        let workspace = bench.open();
        let policy = fieldassay_model::Policy::built_in("default").expect("a policy");
        let inputs = [drive.display().to_string()];
        let request = fieldassay_engine::workspace::ingest::Request::new(&inputs, &policy);
        let plan = fieldassay_engine::workspace::ingest::plan(&workspace, &request);
        plan.expect("a plan")
    };
    let before = plan(&bench).plan_sha256;
    let settings = bench.path().join("fieldassay.toml");
    let text = std::fs::read_to_string(&settings).expect("settings");
    let text = text.replacen(
        "[contracts]\n",
        "[contracts]\nfiles = [\"held/*.yaml\"]\n",
        1,
    );
    let text = text.replacen(
        "quarantined: [\"contracts/*.yaml\"]\nfiles = []",
        "quarantined",
        1,
    );
    std::fs::write(&settings, text).expect("settings");
    std::fs::create_dir(bench.path().join("held")).expect("a folder");
    let met = rule(1, "{type: float64, min: 0}", "");
    std::fs::write(bench.path().join("held/poses.yaml"), met).expect("a file");
    let after = plan(&bench);
    assert_ne!(before, after.plan_sha256);
    assert_eq!(after.contracts[0].contract, "poses");
    let outcome = bench.ingest(&[&drive], &NoProgress).expect("a run");
    assert_eq!(outcome.inputs[0].contracts[0].verdict, "pass");
}

#[test]
fn a_version_that_breaks_the_one_before_is_refused_with_the_difference() {
    let bench = Bench::new();
    let drive = recorded(&bench, "one.mcap", 1);
    let first = written(&bench, "v1.yaml", &rule(1, "{type: float64, max: 50}", ""));
    with_contract(&bench, &drive, &first).expect("a run");
    let before = bench.content();
    let next = recorded(&bench, "two.mcap", 2);

    let narrow = written(&bench, "v2.yaml", &rule(2, "{type: float64, max: 5}", ""));
    let error = with_contract(&bench, &next, &narrow).expect_err("a breaking change");
    assert_eq!(
        (error.code(), error.kind()),
        ("contract.breaking", ErrorKind::Gate)
    );
    let text = error.to_string();
    assert!(
        text.contains("`x` of `/a`, range") && text.contains("hint:"),
        "{text}"
    );
    let other = written(
        &bench,
        "other.yaml",
        &rule(1, "{type: float64, max: 5}", ""),
    );
    let error = with_contract(&bench, &next, &other).expect_err("another text");
    assert!(error.to_string().contains("raise `version`"), "{error}");
    assert_eq!(bench.content(), before);

    let wide = written(&bench, "v3.yaml", &rule(2, "{type: float64, max: 500}", ""));
    let outcome = with_contract(&bench, &next, &wide).expect("a wider version");
    assert_eq!(outcome.inputs[0].contracts[0].verdict, "pass");
}

#[test]
fn labels_name_their_ontology_and_unknown_classes_are_told() {
    let bench = Bench::new();
    let labels = written(
        &bench,
        "labels.csv",
        "item,label\na,person\nb,carton\nc,unicorn\nd,pallet\ne,vehicle\n",
    );
    let ontology = repository_root().join("examples/warehouse.ontology.yaml");
    let outcome = bench
        .ingest_as(&[&labels], &NoProgress, |request| {
            fieldassay_engine::workspace::ingest::Request {
                ontology: Some(ontology.display().to_string()),
                ..request
            }
        })
        .expect("a run");
    assert!(
        outcome.inputs[0].recording_id.is_some(),
        "{:?}",
        outcome.inputs[0].error
    );
    let named = bench.ask("SELECT DISTINCT ontology FROM labels");
    assert_eq!(named, serde_json::json!([{"ontology": "warehouse@3"}]));
    let found = bench.ask(
        "SELECT code, \"count\", message, policy_name FROM findings WHERE code LIKE 'ontology.%' ORDER BY code",
    );
    let codes: Vec<_> = found
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| row["code"].clone())
        .collect();
    assert_eq!(
        codes,
        [
            "ontology.abstract_class",
            "ontology.deprecated_class",
            "ontology.unknown_class"
        ]
    );
    assert_eq!(found[2]["message"], "`warehouse@3` has no class `unicorn`");

    // What is kept is found again by its name.
    let more = written(&bench, "more.csv", "item,label\nx,person\n");
    bench
        .ingest_as(&[&more], &NoProgress, |request| {
            fieldassay_engine::workspace::ingest::Request {
                ontology: Some("warehouse@3".to_owned()),
                ..request
            }
        })
        .expect("a run");
    assert_eq!(
        bench.ask("SELECT count(*) AS n FROM labels WHERE ontology = 'warehouse@3'")[0]["n"],
        6
    );
    let ontology = fieldassay_engine::contract::files::ontology(&ontology.display().to_string());
    let document = drift(&bench, &ontology.expect("an ontology"));
    assert_eq!(document.labels, 6);
    assert_eq!(
        document.unknown.keys().collect::<Vec<_>>(),
        ["carton", "unicorn", "vehicle"]
    );
    assert!(document.unused.contains(&"forklift".to_owned()));
    assert_eq!(document.windows.len(), 0);
}

#[test]
fn classes_of_the_stream_are_compared_window_by_window() {
    let bench = Bench::new();
    // Two weeks of 200 images each: one class has another name in the second, and one is new.
    let mut table = String::from("item,label,said_ns\n");
    let week = 7 * 86_400_000_000_000_i64;
    for (at, (old, extra)) in [("truck_old", "person"), ("truck_new", "robot")]
        .iter()
        .enumerate()
    {
        for batch in 0..5 {
            for number in 0..40 {
                let label = match number % 4 {
                    0 => *old,
                    1 if number < 8 => *extra,
                    _ => "person",
                };
                let said = week * (3000 + i64::try_from(at).expect("small")) + number;
                let line = format!("{at}-{batch}-{number},{label},{said}\n");
                table.push_str(&line);
            }
        }
    }
    let labels = written(&bench, "labels.csv", &table);
    bench.ingest(&[&labels], &NoProgress).expect("a run");
    let ontology = Ontology::parse(
        "ontology: trucks\nversion: 1\nclasses:\n  person: {}\n  truck_new: {}\n  robot: {}\n",
    );
    let document = drift(&bench, &ontology.expect("an ontology"));
    assert_eq!(document.windows.len(), 1);
    let window = &document.windows[0];
    assert_eq!(
        (window.source.as_str(), window.units),
        ("labels", [200, 200])
    );
    assert_eq!(window.renamed[0].from, "truck_old");
    assert_eq!(window.renamed[0].to, "truck_new");
    let new = window
        .classes
        .iter()
        .filter(|one| one.fate == classes::ClassFate::New);
    assert_eq!(
        new.map(|one| one.class.as_str()).collect::<Vec<_>>(),
        ["robot", "truck_new"]
    );
    assert_eq!(document.unknown.keys().collect::<Vec<_>>(), ["truck_old"]);
}

fn checked(files: &Files, inputs: &[String]) -> contract::CheckDocument {
    let request = Request {
        inputs,
        context: &[],
        context_file: None,
        jobs: 2,
        limits: Limits::default(),
    };
    let plan = contract::plan(&request).expect("a plan");
    contract::run(files, &request, &plan, &NoProgress).expect("a document")
}

#[test]
fn what_is_kept_is_held_to_a_contract_as_the_file_was() {
    let bench = Bench::new();
    let drive = recorded(&bench, "one.mcap", 1);
    let outcome = bench.ingest(&[&drive], &NoProgress).expect("a run");
    let id = outcome.inputs[0].recording_id.clone().expect("an id");
    let contract = written(
        &bench,
        "poses.yaml",
        &rule(1, "{type: float64, max: 20}", ""),
    );
    let files = Files::read(&contract, &[], &[]).expect("a contract");
    let of_file = checked(&files, &[drive.display().to_string()]);
    assert_eq!(of_file.verdict, Verdict::Fail);
    let violation = &of_file.inputs[0].violations[0];
    assert_eq!(
        (violation.code.as_str(), violation.count),
        ("contract.range", 10)
    );
    assert_eq!(
        (violation.rows[0], violation.values[0].as_str()),
        (10, "20.5")
    );
    assert_eq!(violation.times_ns.len(), 10);
    let limits = Limits::default();
    let kept = held::check(
        &bench.open(),
        std::slice::from_ref(&id),
        &files,
        (&limits, &NoProgress),
    )
    .expect("held");
    assert_eq!(kept[0].violations, of_file.inputs[0].violations);
    assert_eq!(kept[0].path, id);
    assert_eq!(kept[0].id, of_file.inputs[0].id);
}

#[test]
fn real_labels_and_recordings_are_held_to_contracts() {
    let Some(coco) = shared_data("coco_val2014_100/dataset/cocoapi/instances_val2014_100.json")
    else {
        return;
    };
    let bench = Bench::new();
    let met = written(
        &bench,
        "coco.yaml",
        "contract: coco\nversion: 1\nontology: coco@2017\ntables:\n  objects:\n    required: true\n    categories: ontology\n    fields:\n      width_px: {unit: px, min: 0}\n",
    );
    let outcome = with_contract(&bench, &coco, &met).expect("a run");
    let held_to = &outcome.inputs[0].contracts[0];
    assert_eq!((held_to.verdict, held_to.violations), ("pass", 0));
    let named = bench.ask("SELECT DISTINCT ontology FROM objects");
    assert_eq!(named, serde_json::json!([{"ontology": "coco@2017"}]));
    let narrow = written(
        &bench,
        "narrow.yaml",
        "contract: narrow\nversion: 1\ntables:\n  objects:\n    categories: [person, car]\n    fields:\n      width_px: {unit: px, min: 0, max: 300}\n",
    );
    let files = Files::read(&narrow, &[], &[]).expect("a contract");
    let of_file = checked(&files, &[coco.display().to_string()]);
    let id = outcome.inputs[0].recording_id.clone().expect("an id");
    let limits = Limits::default();
    let kept = held::check(&bench.open(), &[id], &files, (&limits, &NoProgress)).expect("held");
    assert_eq!(kept[0].violations, of_file.inputs[0].violations);
    let counts = bench.ask(
        "SELECT sum(CASE WHEN category NOT IN ('person', 'car') THEN 1 ELSE 0 END) AS odd, sum(CASE WHEN width_px > 300 THEN 1 ELSE 0 END) AS wide FROM objects",
    );
    let of = |code: &str| {
        let violation = kept[0].violations.iter().find(|one| one.code == code);
        violation.expect(code).count
    };
    assert_eq!(counts[0]["odd"], of("contract.category"));
    assert_eq!(counts[0]["wide"], of("contract.range"));

    let Some(drive) = shared_data("evo_nav2_mcap/nav2_turtlebot.mcap") else {
        return;
    };
    let odometry = written(
        &bench,
        "odometry.yaml",
        "contract: odometry\nversion: 1\nchannels:\n  /odom:\n    schema: nav_msgs/msg/Odometry\n    encoding: cdr\n    frame: odom\n    fields:\n      twist.twist.linear.x: {type: float64, unit: m/s, min: -1, max: 1, finite: true}\n      pose.covariance: {type: 'float64[36]', finite: true}\n      child_frame_id: {type: text, allowed: [base_footprint, base_link]}\n      header.stamp: {type: time}\n",
    );
    let files = Files::read(&odometry, &[], &[]).expect("a contract");
    let document = checked(&files, &[drive.display().to_string()]);
    let input = &document.inputs[0];
    assert_eq!(
        input.verdict,
        Verdict::Pass,
        "{:?} {:?}",
        input.violations,
        input.not_evaluated
    );
    assert_eq!(input.message_count, 8197);
    assert_eq!(input.assumed.len(), 1);
}
