//! `drift` on whole files.

use super::{document, file, refused, text};
use fieldassay_testkit::{expect_near, loud, repository_root, shared_data};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;
use tempfile::tempdir;

/// Numbers between -1 and 1 without pattern, from a seed.
fn noise(n: u32, seed: u32) -> Vec<f64> {
    let mut state = u64::from(seed) * 2_654_435_769 + 12_345;
    (0..n)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        })
        .collect()
}

/// A table of columns.
fn table(columns: &[(&str, &[f64])]) -> String {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let mut out = names.join(",") + "\n";
    for row in 0..columns[0].1.len() {
        let cells: Vec<String> = columns
            .iter()
            .map(|(_, values)| values[row].to_string())
            .collect();
        out += &(cells.join(",") + "\n");
    }
    out
}

fn of<'a>(document: &'a Value, name: &str) -> &'a Value {
    let columns = document["columns"].as_array().expect("columns");
    let mut named = columns.iter().filter(|one| one["column"] == name);
    named.next().expect("the column")
}

fn drifts(reference: &Path, current: &Path, more: &[&str]) -> Value {
    let mut arguments = vec!["drift", text(reference), text(current)];
    arguments.extend(more);
    document(&arguments)
}

#[test]
fn distances_are_those_of_scipy() {
    let path = repository_root().join("conformance/scenario/drift.json");
    let vector: Value =
        serde_json::from_slice(&std::fs::read(path).expect("vectors")).expect("JSON");
    let cases = vector["cases"].as_array().expect("cases");
    let folder = tempdir().expect("a folder");
    let ks = cases
        .iter()
        .find(|case| case["fn"] == "ks_2samp")
        .expect("a case");
    let column = |key: &str| {
        let values = ks["in"][key].as_array().expect("values");
        let mut out = String::new();
        for value in values {
            let _ = writeln!(out, "{value}");
        }
        out
    };
    let old = file(folder.path(), "old.txt", column("x"));
    let new = file(folder.path(), "new.txt", column("y"));
    let found = drifts(&old, &new, &["--columns", "0", "--block", "1"]);
    let one = of(&found, "0");
    let number = |value: &Value| value.as_f64().expect("a number");
    expect_near(
        number(&one["ks"]["estimate"]),
        number(&ks["out"]["D"]),
        1e-12,
    );
    expect_near(number(&one["p"]), number(&ks["out"]["p_exact"]), 1e-9);
    assert_eq!(
        (&one["verdict"], &one["test"]),
        (&"drift".into(), &"kolmogorov_smirnov".into())
    );
}

#[test]
fn the_index_of_names_is_that_of_their_counts() {
    let path = repository_root().join("conformance/scenario/drift.json");
    let vector: Value =
        serde_json::from_slice(&std::fs::read(path).expect("vectors")).expect("JSON");
    let cases = vector["cases"].as_array().expect("cases");
    let folder = tempdir().expect("a folder");
    let index = cases
        .iter()
        .filter(|case| case["fn"] == "psi_counts")
        .nth(1)
        .expect("a case");
    let named = |key: &str| {
        let mut out = String::from("kind\n");
        for (name, count) in index["in"][key]
            .as_array()
            .expect("counts")
            .iter()
            .enumerate()
        {
            for _ in 0..count.as_u64().expect("a count") {
                let _ = writeln!(out, "k{name}");
            }
        }
        out
    };
    let old = file(folder.path(), "old.csv", named("ref"));
    let new = file(folder.path(), "new.csv", named("cur"));
    let found = drifts(&old, &new, &["--block", "1"]);
    let one = of(&found, "kind");
    let (psi, expected) = (&one["psi"]["estimate"], &index["out"]);
    let (psi, expected) = (psi.as_f64().expect("an index"), expected.as_f64());
    expect_near(psi, expected.expect("a number"), 1e-12);
    assert_eq!(
        (&one["kind"], &one["test"]),
        (&"category".into(), &"chi_square".into())
    );
    assert_eq!(one["psi"]["n"], 2000);
    assert_eq!(
        (&one["verdict"], &found["verdict"]),
        (&"no_drift".into(), &"no_drift".into())
    );
}

#[test]
fn verdicts_of_columns_and_of_all_numbers_together() {
    let folder = tempdir().expect("a folder");
    let (a, b, c, d) = (noise(800, 1), noise(800, 2), noise(800, 3), noise(800, 4));
    let shifted: Vec<f64> = d.iter().map(|x| x + 0.3).collect();
    let old = file(
        folder.path(),
        "old.csv",
        table(&[("still", &a), ("moved", &b)]),
    );
    let new = file(
        folder.path(),
        "new.csv",
        table(&[("still", &c), ("moved", &shifted)]),
    );
    let found = drifts(&old, &new, &["--block", "1"]);
    assert_eq!(of(&found, "moved")["verdict"], "drift");
    assert_eq!(of(&found, "still")["verdict"], "no_drift");
    assert_eq!(found["verdict"], "drift");
    let tests = found["together"]["tests"].as_array().expect("tests");
    let names: Vec<&str> = tests
        .iter()
        .filter_map(|test| test["test"].as_str())
        .collect();
    assert_eq!(names, ["energy", "mmd", "classifier"]);
    assert!(
        tests
            .iter()
            .all(|test| test["p_adjusted"].as_f64() < Some(0.05)),
        "{tests:?}"
    );
    assert_eq!(found["together"]["telling"][0]["column"], "moved");
    // The same values, tied to each other: no column shows it, all together do.
    let tied = file(
        folder.path(),
        "tied.csv",
        table(&[("still", &a), ("moved", &a)]),
    );
    let found = drifts(&old, &tied, &["--block", "1"]);
    assert_eq!(found["verdict"], "drift");
    assert!(
        ["still", "moved"]
            .iter()
            .all(|name| of(&found, name)["verdict"] != "drift")
    );
    let only = drifts(&old, &new, &["--columns", "still", "--block", "1"]);
    assert_eq!(
        (&only["verdict"], &only["together"]),
        (&"no_drift".into(), &Value::Null)
    );
    let few = file(
        folder.path(),
        "few.csv",
        table(&[("still", &c[..60]), ("moved", &d[..60])]),
    );
    assert_eq!(drifts(&old, &few, &[])["verdict"], "inconclusive");
}

#[test]
fn rows_that_are_alike_count_as_one() {
    let folder = tempdir().expect("a folder");
    // Twenty drives of a hundred rows, each with its own level.
    let side = |seed: u32| {
        let mut out = String::from("drive,speed,weather\n");
        for (drive, level) in noise(20, seed).iter().enumerate() {
            let weather = if *level > 0.0 { "rain" } else { "dry" };
            for jitter in noise(100, 1000 * seed + u32::try_from(drive).expect("few")) {
                let _ = writeln!(out, "d{drive},{},{weather}", level + 0.05 * jitter);
            }
        }
        out
    };
    let old = file(folder.path(), "old.csv", side(5));
    let new = file(folder.path(), "new.csv", side(9));
    let columns = ["--columns", "speed,weather"];
    let alone = drifts(&old, &new, &[columns[0], columns[1], "--block", "1"]);
    assert_eq!(alone["verdict"], "drift");
    let together = drifts(&old, &new, &[columns[0], columns[1], "--cluster", "drive"]);
    for name in ["speed", "weather"] {
        let one = of(&together, name);
        assert_eq!(one["units"], serde_json::json!([20, 20]));
        assert_eq!(
            (&one["test"], &one["verdict"]),
            (&"permutation".into(), &"inconclusive".into())
        );
    }
    let told = drifts(&old, &new, &columns);
    assert!(of(&told, "speed")["block"].as_u64() > Some(10));
    assert_ne!(of(&told, "speed")["verdict"], "drift");
    // Two drives a side are too few for any test.
    let two = |from: &str| from.lines().take(201).collect::<Vec<_>>().join("\n");
    let (a, b) = (
        file(folder.path(), "a.csv", two(&side(5))),
        file(folder.path(), "b.csv", two(&side(9))),
    );
    let found = drifts(&a, &b, &["--cluster", "drive"]);
    assert!(of(&found, "speed")["p"].is_null());
    assert_eq!(found["verdict"], "inconclusive");
}

#[test]
fn names_and_gaps_drift_too() {
    let folder = tempdir().expect("a folder");
    let rows = |n: usize, cell: &dyn Fn(usize) -> String| {
        let mut out = String::from("site,value,id\n");
        for row in 0..n {
            let _ = writeln!(out, "{},row-{row}", cell(row));
        }
        out
    };
    let values = noise(600, 8);
    let old = rows(600, &|row| format!("s{},{}", row % 3, values[row]));
    let new = rows(600, &|row| {
        let value = if row % 4 == 0 {
            String::new()
        } else {
            values[row].to_string()
        };
        format!("s{},{value}", row % 4)
    });
    let old = file(folder.path(), "old.csv", old);
    let new = file(folder.path(), "new.csv", new);
    let found = drifts(&old, &new, &["--block", "1", "--correction", "bh"]);
    let site = of(&found, "site");
    assert_eq!(site["verdict"], "drift");
    assert_eq!(site["new_categories"], serde_json::json!(["s3"]));
    let value = of(&found, "value");
    assert_eq!(value["verdict"], "drift");
    assert_eq!(value["missing"]["current"], 0.25);
    assert!(value["why"].as_str().expect("words").contains("missing"));
    assert_eq!(found["columns"].as_array().map(Vec::len), Some(2));
    let notes = found["notes"].to_string();
    assert!(notes.contains("`id` is left out"), "{notes}");
}

#[test]
fn a_rig_at_rest_and_in_flight() {
    let Some(path) = shared_data("euroc_micro/mav0/imu0/data.csv") else {
        loud("skipped: euroc_micro is absent, drift was not run on a real IMU");
        return;
    };
    let all = std::fs::read_to_string(path).expect("text");
    let folder = tempdir().expect("a folder");
    let columns = "t,wx,wy,wz,ax,ay,az";
    let cut = |name: &str, from: usize, to: usize| {
        let rows: Vec<&str> = all
            .lines()
            .skip(1 + from)
            .take(to - from)
            .step_by(4)
            .collect();
        file(
            folder.path(),
            name,
            format!("{columns}\n{}\n", rows.join("\n")),
        )
    };
    let rest = cut("rest.csv", 0, 4000);
    let flight = cut("flight.csv", 12_000, 20_000);
    let wanted = ["--columns", "wx,wy,wz,ax,ay,az", "--permutations", "399"];
    let found = drifts(&rest, &flight, &wanted);
    assert_eq!(found["verdict"], "drift");
    assert!(
        found["columns"]
            .as_array()
            .expect("columns")
            .iter()
            .any(|one| one["verdict"] == "drift")
    );
    for one in found["columns"].as_array().expect("columns") {
        for key in [
            "column",
            "kind",
            "psi",
            "ks",
            "wasserstein",
            "js",
            "p",
            "p_adjusted",
            "verdict",
        ] {
            assert!(one.get(key).is_some(), "{key}");
        }
    }
}

#[test]
fn bad_tables_are_told() {
    let folder = tempdir().expect("a folder");
    let good = file(folder.path(), "good.csv", "x,y\n1,a\n2,b\n3,a\n");
    for (content, more, word) in [
        ("x,y\n", &[][..], "no rows"),
        ("z\n1\n", &[], "no column can be compared"),
        ("x,y\n1,a\n", &["--columns", "q"], "no column `q`"),
        ("x,y\n1,a\n", &["--cluster", "drive"], "no column `drive`"),
        ("x,y\n1,a\n", &["--categories", "q"], "no column `q`"),
        ("x,y\n1,a\n2,b\n", &["--alpha", "2"], "--alpha"),
    ] {
        let path = file(folder.path(), "bad.csv", content);
        let mut arguments = vec!["drift", text(&good), text(&path)];
        arguments.extend(more);
        let said = refused(&arguments);
        assert!(said.contains(word), "{content}: {said}");
    }
}
