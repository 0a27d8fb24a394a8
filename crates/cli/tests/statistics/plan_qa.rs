//! `plan-qa` on whole files.

use super::{document, file, picture, refused, run, text};
use fieldassay_testkit::repository_root;
use serde_json::Value;
use tempfile::tempdir;

const STRATA: &str = "stratum,size,expected_error,cluster_size,reviewer_miss
car,98180,,,
cyclist,200,,,
rare,30,,,
frames,50000,,11,
missed,10000,,,0.2
hoped,20000,0.01,,
";

fn of<'a>(document: &'a Value, name: &str) -> &'a Value {
    let strata = document["strata"].as_array().expect("strata");
    let mut named = strata.iter().filter(|one| one["stratum"] == name);
    named.next().expect("the stratum")
}

#[test]
fn every_stratum_has_its_number_and_its_reason() {
    let folder = tempdir().expect("a folder");
    let path = file(folder.path(), "strata.csv", STRATA);
    let claim = ["--claim", "0.95", "--confidence", "0.95"];
    let with = |more: &[&str]| {
        let mut arguments = vec!["plan-qa", text(&path)];
        arguments.extend(claim);
        arguments.extend(more);
        document(&arguments)
    };
    let plain = with(&["--floor", "0"]);
    // annotation, D.2: 59 without an error show 95 % at 95 %.
    for (name, n, reason) in [
        ("car", 59, "claim"),
        ("rare", 30, "whole"),
        ("frames", 118, "claim"),
        ("missed", 74, "claim"),
    ] {
        let one = of(&plain, name);
        assert_eq!(
            (&one["n"], &one["reason"]),
            (&n.into(), &reason.into()),
            "{one}"
        );
        assert!(one["why"].as_str().is_some_and(|why| !why.is_empty()));
    }
    // 11 errors in 200 are the first beyond the claim: an urn asks for less.
    assert!(of(&plain, "cyclist")["n"].as_u64() < Some(59));
    let hoped = of(&plain, "hoped");
    assert!(hoped["allowed"].as_u64() >= Some(1) && hoped["power"].as_f64() >= Some(0.8));
    let floor = with(&[]);
    assert_eq!(of(&floor, "car")["n"], 9818);
    assert_eq!(of(&floor, "car")["reason"], "floor");
    let strata = floor["strata"].as_array().expect("strata");
    let sum: u64 = strata.iter().filter_map(|one| one["n"].as_u64()).sum();
    assert_eq!(floor["n"], sum);
    let joint = with(&["--floor", "0", "--joint"]);
    assert!(of(&joint, "car")["n"].as_u64() > Some(59));
}

#[test]
fn sizes_of_finite_lots_are_those_of_scipy() {
    let path = repository_root().join("conformance/annotation/D_hypergeom_n.json");
    let vector: Value =
        serde_json::from_slice(&std::fs::read(path).expect("vectors")).expect("JSON");
    let folder = tempdir().expect("a folder");
    let mut seen = 0;
    for case in vector["cases"].as_array().expect("cases") {
        if case["allowed_errors"] != 0 || case["n"].is_null() {
            continue;
        }
        let strata = format!("all\t{}\n", case["lot"]);
        let path = file(folder.path(), "strata.tsv", strata);
        let found = document(&[
            "plan-qa",
            text(&path),
            "--columns",
            "stratum=0,size=1",
            "--claim",
            &case["accuracy"].to_string(),
            "--confidence",
            &case["confidence"].to_string(),
            "--floor",
            "0",
            "--least",
            "0",
        ]);
        assert_eq!(found["strata"][0]["n"], case["n"], "{case}");
        seen += 1;
    }
    assert!(seen >= 2, "{seen}");
}

#[test]
fn a_claim_that_cannot_be_shown_is_told_for_its_stratum() {
    let folder = tempdir().expect("a folder");
    let rows = r#"{"class":"bad","items":500,"expected_error":0.2}
{"class":"blind","items":20,"reviewer_miss":0.9}
{"class":"good","items":500}
"#;
    let path = file(folder.path(), "strata.jsonl", rows);
    let arguments = [
        "plan-qa",
        text(&path),
        "--columns",
        "stratum=class,size=items",
        "--claim",
        "0.95",
        "--confidence",
        "0.95",
    ];
    let found = document(&arguments);
    for (name, word) in [("bad", "repair first"), ("blind", "reviewed twice")] {
        let one = of(&found, name);
        assert_eq!(one["reason"], "not_provable");
        assert_eq!((&one["n"], &one["required"]), (&one["size"], &Value::Null));
        assert!(one["why"].as_str().expect("words").contains(word), "{one}");
    }
    assert_eq!(of(&found, "good")["reason"], "claim");
    let shown = run(&arguments);
    assert!(
        shown.stderr.contains("cannot be shown for `bad`, `blind`"),
        "{}",
        shown.stderr
    );
}

#[test]
fn a_plot_is_drawn_once() {
    let folder = tempdir().expect("a folder");
    let path = file(folder.path(), "strata.csv", STRATA);
    let plot = folder.path().join("oc.svg");
    let arguments = [
        "plan-qa",
        text(&path),
        "--claim",
        "0.95",
        "--confidence",
        "0.95",
        "--plot",
        text(&plot),
    ];
    let svg = picture(&arguments);
    assert!(svg.contains("items that are wrong [%]") && svg.contains("claim: above 5 % wrong"));
}

#[test]
fn bad_strata_are_told() {
    let folder = tempdir().expect("a folder");
    let says = |content: &str, more: &[&str]| {
        let path = file(folder.path(), "bad.csv", content);
        let mut arguments = vec!["plan-qa", text(&path)];
        arguments.extend(if more.is_empty() {
            &["--claim", "0.95", "--confidence", "0.95"]
        } else {
            more
        });
        refused(&arguments)
    };
    for (content, word) in [
        ("stratum,size\na,0\nb,10\n", "`a` is empty"),
        ("stratum,size\na,10\na,10\n", "stands twice"),
        ("stratum,size\na,1.5\n", "not a count"),
        ("stratum,size\na,-3\n", "not a count"),
        ("stratum,size\n", "no strata"),
        ("stratum,size,reviewer_miss\na,10,1\n", "reviewer_miss"),
        ("stratum,size,cluster_size\na,10,0\n", "cluster_size"),
        ("stratum,size,expected_error\na,10,2\n", "expected_error"),
        ("name,size\na,10\n", "no column `stratum`"),
    ] {
        let said = says(content, &[]);
        assert!(said.contains(word), "{content}: {said}");
    }
    let claim = says(
        "stratum,size\na,10\n",
        &["--claim", "1.5", "--confidence", "0.95"],
    );
    assert!(claim.contains("`claim` is `1.5`"), "{claim}");
    let floor = ["--claim", "0.9", "--confidence", "0.9", "--floor", "2"];
    assert!(says("stratum,size\na,10\n", &floor).contains("floor"));
}
