//! `richness` on whole files.

use super::{document, file, is_statistic, picture, refused, text};
use fieldassay_testkit::{loud, repository_root, shared_data};
use serde_json::Value;
use std::fmt::Write as _;
use tempfile::tempdir;

/// One statistic, as other programs have it.
fn has(found: &Value, expected: &Value) {
    match expected.as_f64() {
        Some(value) => is_statistic(found, value, 1e-9),
        None => assert!(found.is_null(), "{found}"),
    }
}

#[test]
fn counts_give_the_numbers_of_scikit_bio() {
    let path = repository_root().join("conformance/scenario/species_coverage.json");
    let vector: Value =
        serde_json::from_slice(&std::fs::read(path).expect("vectors")).expect("JSON");
    let folder = tempdir().expect("a folder");
    for case in vector["cases"].as_array().expect("cases") {
        let (mut csv, mut unnamed) = (String::from("category,count\n"), String::new());
        for (i, count) in case["in"]["counts"]
            .as_array()
            .expect("counts")
            .iter()
            .enumerate()
        {
            let _ = writeln!(csv, "kind {i},{count}");
            let _ = writeln!(unnamed, "kind {i}\t{count}");
        }
        let path = file(folder.path(), "counts.csv", csv);
        let found = document(&["richness", text(&path)]);
        let out = &case["out"];
        has(&found["chao1"], &out["chao1_bias_corrected"]);
        has(&found["ace"], &out["ace"]);
        has(
            &found["coverage"]["chao_jost"],
            &out["coverage_chao_jost2012"],
        );
        has(&found["coverage"]["good_turing"], &out["goods_coverage"]);
        let ends = out["chao1_ci95"].as_array().expect("ends");
        for (end, expected) in ["low", "high"].iter().zip(ends) {
            let (found, expected) = (found["chao1"][end].as_f64(), expected.as_f64());
            let gap = found.expect("an end") - expected.expect("an end");
            assert!(gap.abs() < 1e-9, "{gap}");
        }
        assert_eq!(
            (&found["samples"], &found["observed"]),
            (&out["n"], &out["sobs"])
        );
        let path = file(folder.path(), "counts.tsv", unnamed);
        let mut same = document(&["richness", text(&path), "--columns", "category=0,count=1"]);
        same["input"] = found["input"].clone();
        assert_eq!(same, found);
    }
}

#[test]
fn more_samples_are_told_and_the_curve_goes_on_to_twice_the_sample() {
    let folder = tempdir().expect("a folder");
    let path = file(
        folder.path(),
        "counts.csv",
        "category,count\na,50\nb,20\nc,5\nd,2\ne,1\nf,1\ng,1\n",
    );
    let found = document(&["richness", text(&path)]);
    let more = found["more"].as_array().expect("a list");
    assert_eq!(more[0]["coverage"], 0.95);
    assert_eq!(more[0]["samples"], 0);
    assert!(more[1]["samples"].as_u64() > Some(0));
    let curve = found["curve"].as_array().expect("a list");
    let last = curve.last().expect("a point");
    assert_eq!((&curve[0]["n"], &last["n"]), (&1.into(), &160.into()));
    is_statistic(&curve[0], 1.0, 1e-12);
    let at = curve
        .iter()
        .find(|point| point["n"] == 80)
        .expect("the sample");
    is_statistic(at, 7.0, 1e-12);
    assert!(last["estimate"].as_f64() > Some(7.0));
}

#[test]
fn units_are_counted_once_and_those_without_a_category_too() {
    let folder = tempdir().expect("a folder");
    let rows = "unit,category\nd1,a\nd1,a\nd1,b\nd2,a\nd3,\nd2,c\n";
    let path = file(folder.path(), "units.csv", rows);
    let found = document(&["richness", text(&path)]);
    assert_eq!(found["basis"], "units");
    assert_eq!(
        (&found["samples"], &found["observed"]),
        (&3.into(), &3.into())
    );
    assert_eq!((&found["once"], &found["twice"]), (&2.into(), &1.into()));
    // 3 + 2/3 2 1 / (2 2).
    is_statistic(&found["chao2"], 3.0 + 1.0 / 3.0, 1e-12);
    assert!(found["chao1"].is_null() && found["ace"].is_null());
    let more = document(&["richness", text(&path), "--units", "10"]);
    assert_eq!(more["samples"], 10);
    let lines = r#"{"drive":"d1","tag":"a"}
{"drive":"d1","tag":"b"}
{"drive":"d2","tag":"a"}
{"drive":"d3"}
{"drive":"d2","tag":"c"}
"#;
    let path = file(folder.path(), "units.jsonl", lines);
    let columns = ["--columns", "unit=drive,category=tag"];
    let mut same = document(&["richness", text(&path), columns[0], columns[1]]);
    same["input"] = found["input"].clone();
    assert_eq!(same, found);
}

#[test]
fn crashes_of_the_nhtsa() {
    let name = "nhtsa_sgo_dev/SGO-2021-01_Incident_Reports_ADS.csv";
    let Some(path) = shared_data(name) else {
        loud("skipped: nhtsa_sgo_dev is absent, richness was not run on real reports");
        return;
    };
    let found = document(&[
        "richness",
        text(&path),
        "--columns",
        "unit=Same Incident ID,category=Crash With",
    ]);
    // 436 reports of 194 incidents; 15 kinds, three of them in one incident only, two in two.
    assert_eq!(
        (&found["samples"], &found["observed"]),
        (&194.into(), &15.into())
    );
    assert_eq!((&found["once"], &found["twice"]), (&3.into(), &2.into()));
    is_statistic(&found["chao2"], 15.0 + 193.0 / 194.0, 1e-9);
}

#[test]
fn a_plot_has_the_curve_and_its_interval() {
    let folder = tempdir().expect("a folder");
    let path = file(
        folder.path(),
        "counts.csv",
        "category,count\na,5\nb,2\nc,1\n",
    );
    let plot = folder.path().join("curve.svg");
    let arguments = ["richness", text(&path), "--plot", text(&plot)];
    let svg = picture(&arguments);
    assert!(svg.contains("95 % interval") && svg.contains("expected beyond the 8 samples"));
}

#[test]
fn bad_counts_are_told() {
    let folder = tempdir().expect("a folder");
    for (content, more, word) in [
        ("category,count\na,0\n", &[][..], "nothing was counted"),
        ("category,count\na,1.5\n", &[], "not a count"),
        ("category,count\na,-1\n", &[], "not a count"),
        ("category,count\n,3\n", &[], "the category is empty"),
        ("kind,count\na,3\n", &[], "no column `category`"),
        (
            "unit,category\nd1,a\nd2,a\n",
            &["--units", "1"],
            "less than the 2 units",
        ),
        (
            "category,count\na,1\n",
            &["--units", "9"],
            "no column of units",
        ),
        ("unit,category\nd1,\n", &[], "nothing was counted"),
        ("unit,category\n,a\n", &[], "`unit` is empty"),
    ] {
        let path = file(folder.path(), "bad.csv", content);
        let mut arguments = vec!["richness", text(&path)];
        arguments.extend(more);
        let said = refused(&arguments);
        assert!(said.contains(word), "{content}: {said}");
    }
}
