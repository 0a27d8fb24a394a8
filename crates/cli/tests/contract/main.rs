//! `contract` and `ontology` as a user meets them: exit codes, documents, mistakes.
#![expect(clippy::expect_used, reason = "a helper of tests may fail loudly")]

#[path = "../common/mod.rs"]
mod common;

use common::{json, run};
use std::path::Path;

fn example(name: &str) -> String {
    let path = fieldassay_testkit::repository_root()
        .join("examples")
        .join(name);
    path.display().to_string()
}

fn odometry(version: u32, rule: &str, rest: &str) -> String {
    format!(
        "contract: odometry\nversion: {version}\nchannels:\n  /odom:\n    fields:\n      twist.twist.linear.x: {rule}\n{rest}"
    )
}

#[test]
fn the_example_meets_its_contract_and_violations_name_rows_values_and_times() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let drive = example("drive.mcap");
    let met = run(
        here,
        &["contract", "check", &example("drive.contract.yaml"), &drive],
    );
    assert_eq!(met.code, 0, "{}{}", met.stdout, met.stderr);
    assert!(met.stdout.contains("1 of 1 met"), "{}", met.stdout);

    let slow = odometry(
        1,
        "{type: float64, unit: m/s, max: 0.5}",
        "context:\n  site: {}\n",
    );
    std::fs::write(here.join("slow.yaml"), slow).expect("a file");
    let broken = run(here, &["contract", "check", "slow.yaml", &drive, "--json"]);
    assert_eq!(broken.code, 4, "{}", broken.stderr);
    let document = json(&broken);
    assert_eq!(document["schema"], "fieldassay.contract_check");
    assert_eq!(document["verdict"], "fail");
    let violations = document["inputs"][0]["violations"]
        .as_array()
        .expect("a list");
    let codes: Vec<_> = violations.iter().map(|one| one["code"].clone()).collect();
    assert_eq!(codes, ["contract.range", "contract.context"]);
    let rows = violations[0]["rows"].as_array().expect("rows").len();
    assert!(rows > 0);
    for list in ["values", "times_ns"] {
        assert_eq!(violations[0][list].as_array().expect("a list").len(), rows);
    }
    assert_eq!(violations[0]["expected"], "0.5 m/s or less");
    // The same with one thread as with four.
    let one = json(&run(
        here,
        &[
            "contract",
            "check",
            "slow.yaml",
            &drive,
            "--json",
            "--jobs",
            "1",
        ],
    ));
    assert_eq!(one, document);

    std::fs::write(here.join("slow.context.yaml"), "site: plant-3\n").expect("a file");
    std::fs::copy(&drive, here.join("slow.mcap")).expect("a copy");
    let with = json(&run(
        here,
        &["contract", "check", "slow.yaml", "slow.mcap", "--json"],
    ));
    assert_eq!(
        with["inputs"][0]["violations"]
            .as_array()
            .expect("a list")
            .len(),
        1
    );
}

#[test]
fn mistakes_losses_and_what_is_nothing_have_their_exit_codes() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let drive = example("drive.mcap");
    let slip = odometry(1, "{mix: 3}", "");
    std::fs::write(here.join("slip.yaml"), slip).expect("a file");
    let refused = run(here, &["contract", "check", "slip.yaml", &drive]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("line `6`"), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("did you mean `m"),
        "{}",
        refused.stderr
    );
    let missing = run(here, &["contract", "check", "nothing.yaml", &drive]);
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.contains("hint:"), "{}", missing.stderr);

    std::fs::write(here.join("fine.yaml"), odometry(1, "{type: float64}", "")).expect("a file");
    std::fs::write(here.join("odd.mcap"), "no recording").expect("a file");
    let nothing = run(
        here,
        &["contract", "check", "fine.yaml", "odd.mcap", "--json"],
    );
    assert_eq!(nothing.code, 1, "{}", nothing.stdout);
    assert!(json(&nothing)["inputs"][0]["error"].is_string());
    let bytes = std::fs::read(&drive).expect("bytes");
    std::fs::write(here.join("cut.mcap"), &bytes[..bytes.len() / 2]).expect("a file");
    let cut = run(
        here,
        &["contract", "check", "fine.yaml", "cut.mcap", "--json"],
    );
    assert_eq!(cut.code, 3, "{}", cut.stdout);
    assert_eq!(json(&cut)["inputs"][0]["complete"], false);

    // What cannot be looked at is no pass.
    let framed = "contract: a\nversion: 1\ntables:\n  objects: {categories: ontology}\nontology: nobody@7\nchannels:\n  /diagnostics: {frame: map}\n  /imu: {}\n";
    std::fs::write(here.join("framed.yaml"), framed).expect("a file");
    let skipped = run(
        here,
        &["contract", "check", "framed.yaml", &drive, "--json"],
    );
    assert_ne!(skipped.code, 0, "{}", skipped.stdout);
}

#[test]
fn old_data_is_read_as_a_new_version_and_the_steps_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let drive = example("drive.mcap");
    let old = odometry(1, "{type: float64, unit: m/s}", "");
    let new = "contract: odometry\nversion: 2\nchannels:\n  /wheels:\n    fields:\n      speed: {type: float64, unit: km/h, max: 1.8}\nmigrate:\n  from: 1\n  steps:\n    - rename: {in: /odom, to: /wheels}\n    - rename: {in: /wheels, field: twist.twist.linear.x, to: speed}\n    - unit: {in: /wheels, field: speed, from: m/s, to: km/h}\n";
    std::fs::write(here.join("old.yaml"), old).expect("a file");
    std::fs::write(here.join("new.yaml"), new).expect("a file");
    let plain = json(&run(
        here,
        &["contract", "check", "new.yaml", &drive, "--json"],
    ));
    assert_eq!(
        plain["inputs"][0]["violations"][0]["code"],
        "contract.missing_channel"
    );
    let read = run(
        here,
        &[
            "contract",
            "check",
            "new.yaml",
            &drive,
            "--migrate-from",
            "old.yaml",
            "--json",
        ],
    );
    assert_eq!(read.code, 4, "{}", read.stderr);
    let read = json(&read);
    assert_eq!(read["migration"]["from"]["version"], 1);
    assert_eq!(
        read["migration"]["steps"].as_array().expect("steps").len(),
        3
    );
    let violation = &read["inputs"][0]["violations"][0];
    assert_eq!(
        (&violation["code"], &violation["stream"]),
        (&"contract.range".into(), &"/wheels".into())
    );
    // 1.8 km/h are 0.5 m/s: the same rows break the old unit.
    let slow = odometry(1, "{type: float64, unit: m/s, max: 0.5}", "");
    std::fs::write(here.join("slow.yaml"), slow).expect("a file");
    let slow = json(&run(
        here,
        &["contract", "check", "slow.yaml", &drive, "--json"],
    ));
    let of_slow = &slow["inputs"][0]["violations"][0];
    assert_eq!(violation["rows"], of_slow["rows"]);
    assert_eq!(violation["count"], of_slow["count"]);

    let compared = run(
        here,
        &["contract", "compare", "old.yaml", "new.yaml", "--json"],
    );
    let document = json(&compared);
    assert_eq!(document["schema"], "fieldassay.contract_compare");
    assert_eq!(document["mode"], "backward");
    assert_eq!(
        compared.code,
        if document["accepted"] == true { 0 } else { 4 }
    );
    assert_eq!(document["migration"]["sha256"], read["migration"]["sha256"]);
}

#[test]
fn a_breaking_version_is_refused_with_the_difference() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    for (name, version, most) in [("one", 1, 10), ("two", 2, 5), ("wide", 2, 50)] {
        let text = odometry(version, &format!("{{type: float64, max: {most}}}"), "");
        std::fs::write(here.join(format!("{name}.yaml")), text).expect("a file");
    }
    let broken = run(here, &["contract", "compare", "one.yaml", "two.yaml"]);
    assert_eq!(broken.code, 4, "{}", broken.stdout);
    assert!(
        broken.stdout.contains("refused") && broken.stdout.contains("range"),
        "{}",
        broken.stdout
    );
    assert_eq!(
        run(here, &["contract", "compare", "one.yaml", "wide.yaml"]).code,
        0
    );
    let forward = [
        "contract", "compare", "one.yaml", "two.yaml", "--mode", "forward",
    ];
    assert_eq!(run(here, &forward).code, 0);
    let back = run(here, &["contract", "compare", "two.yaml", "one.yaml"]);
    assert_eq!(back.code, 4);
    assert!(back.stderr.contains("does not follow"), "{}", back.stderr);
}

#[test]
fn an_ontology_is_checked_mapped_and_compared() {
    let here = Path::new(".");
    let warehouse = example("warehouse.ontology.yaml");
    let checked = run(here, &["ontology", "check", &warehouse, "--json"]);
    let document = json(&checked);
    assert_eq!(document["schema"], "fieldassay.ontology_check");
    assert_eq!(document["ontology"], "warehouse@3");
    let coco = &document["mappings"][1];
    assert_eq!(
        (&coco["to"], &coco["at_hand"]),
        (&"coco@2017".into(), &true.into())
    );
    let problems = coco["problems"].as_array().expect("a list");
    assert_eq!(checked.code, if problems.is_empty() { 0 } else { 4 });

    let mapped = json(&run(
        here,
        &["ontology", "map", &warehouse, "--to", "coco@2017", "--json"],
    ));
    assert_eq!(mapped["schema"], "fieldassay.ontology_map");
    let class = |name: &str| {
        let classes = mapped["classes"].as_array().expect("a list");
        classes
            .iter()
            .find(|one| one["class"] == name)
            .cloned()
            .expect("a class")
    };
    assert_eq!(class("person")["relation"], "exact");
    assert_eq!(class("robot")["relation"], "none");
    let lost = mapped["losses"].as_array().expect("a list");
    assert!(lost.iter().any(|one| one["class"] == "robot"));
    let built_in = run(
        here,
        &["ontology", "map", "nuscenes", "--to", "openlabel@1"],
    );
    assert_eq!(built_in.code, 0, "{}", built_in.stderr);
    let nowhere = run(here, &["ontology", "map", &warehouse, "--to", "nuscenes"]);
    assert_eq!(nowhere.code, 2);
    assert!(nowhere.stderr.contains("it maps to"), "{}", nowhere.stderr);

    let folder = tempfile::tempdir().expect("a folder");
    let write =
        |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    write(
        "one.yaml",
        "ontology: a\nversion: 1\nclasses:\n  car: {}\n  van: {}\n",
    );
    write(
        "two.yaml",
        "ontology: a\nversion: 2\nclasses:\n  car: {}\n  vans: {}\n",
    );
    let compared = run(
        folder.path(),
        &["ontology", "compare", "one.yaml", "two.yaml", "--json"],
    );
    assert_eq!(compared.code, 4, "{}", compared.stderr);
    let document = json(&compared);
    assert_eq!(document["lost"][0]["class"], "van");
    assert_eq!(document["lost"][0]["nearest"], "vans");
}
