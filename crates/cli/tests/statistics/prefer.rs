//! `prefer` on whole files.

use super::{document, file, is_statistic, refused, text};
use fieldassay_testkit::preferences::preferences;
use fieldassay_testkit::{expect_near, repository_root};
use serde_json::Value;
use std::fmt::Write as _;
use tempfile::tempdir;

fn vector() -> Value {
    let path = repository_root().join("conformance/annotation/G_preference.json");
    serde_json::from_slice(&std::fs::read(path).expect("vectors")).expect("JSON")
}

/// The comparisons of the vector, with a header or without.
fn comparisons(vector: &Value, between: char) -> String {
    let mut out = String::new();
    let rows = vector["comparisons_[winner,loser]"]
        .as_array()
        .expect("rows");
    for (i, row) in rows.iter().enumerate() {
        let (winner, loser) = (&row[0], &row[1]);
        // Half of the winners on either side.
        let (left, right) = if i % 2 == 0 {
            (winner, loser)
        } else {
            (loser, winner)
        };
        let _ = writeln!(out, "m{left}{between}m{right}{between}m{winner}");
    }
    out
}

#[test]
fn strengths_are_those_of_choix() {
    let vector = vector();
    let folder = tempdir().expect("a folder");
    let csv = format!("left,right,winner\n{}", comparisons(&vector, ','));
    let path = file(folder.path(), "pairs.csv", csv);
    let found = document(&["prefer", text(&path)]);
    let items = found["items"].as_array().expect("items");
    let expected = vector["mm_logworth_mean0"].as_array().expect("strengths");
    let covariance = &vector["cov_sum_to_zero_pinv_of_information"];
    assert_eq!(items.len(), expected.len());
    for (i, expected) in expected.iter().enumerate() {
        let name = format!("m{i}");
        let item = items
            .iter()
            .find(|one| one["item"] == name)
            .expect("the item");
        let expected = expected.as_f64().expect("a number");
        is_statistic(&item["strength"], expected, 1e-7);
        let half = 1.959_963_984_540_054 * covariance[i][i].as_f64().expect("a number").sqrt();
        let high = item["strength"]["high"].as_f64().expect("an end");
        expect_near(high, expected + half, 1e-6);
        // The vector's strengths fall with the number of the item.
        assert_eq!(item["rank"], i + 1);
    }
    let circles = &vector["intransitivity"];
    let mut wins = "left,right,winner\n".to_owned();
    for (i, row) in circles["wins"].as_array().expect("rows").iter().enumerate() {
        for (j, count) in row.as_array().expect("a row").iter().enumerate() {
            let line = format!("m{i},m{j},left\n");
            wins += &line.repeat(serde_json::from_value(count.clone()).expect("a count"));
        }
    }
    let majority = file(folder.path(), "wins.csv", wins);
    let turning = document(&["prefer", text(&majority)]);
    assert_eq!(
        turning["intransitivity"]["cyclic"],
        circles["cyclic_triads"]
    );
    assert_eq!(
        turning["intransitivity"]["triads"],
        circles["complete_triads"]
    );
    let test = &found["intransitivity"]["test"];
    assert!(
        test["p_bootstrap"]
            .as_f64()
            .is_some_and(|p| p > 0.0 && p <= 1.0)
    );
    assert!(found["left_side"]["p"].as_f64() > Some(0.01));
    let path = file(folder.path(), "pairs.tsv", comparisons(&vector, '\t'));
    let mut same = document(&[
        "prefer",
        text(&path),
        "--columns",
        "left=0,right=1,winner=2",
    ]);
    same["input"] = found["input"].clone();
    assert_eq!(same, found);
}

/// Three items with ties, in JSON lines: `tie` and nothing are the same.
fn with_ties() -> String {
    let mut out = String::new();
    let rows = [
        ("a", "b", [9, 3, 4]),
        ("a", "c", [8, 1, 2]),
        ("b", "c", [6, 4, 5]),
    ];
    for (left, right, counts) in rows {
        for (winner, count) in [left, right, "tie"].iter().zip(counts) {
            for i in 0..count {
                let empty = *winner == "tie" && i % 2 == 0;
                let winner = if empty {
                    String::new()
                } else {
                    format!(",\"winner\":\"{winner}\"")
                };
                let _ = writeln!(out, "{{\"left\":\"{left}\",\"right\":\"{right}\"{winner}}}");
            }
        }
    }
    out
}

#[test]
fn ties_have_three_meanings() {
    let folder = tempdir().expect("a folder");
    let path = file(folder.path(), "ties.jsonl", with_ties());
    let of = |ties: &str| document(&["prefer", text(&path), "--ties", ties]);
    let half = of("half");
    assert_eq!(
        (&half["tied"], &half["comparisons"]),
        (&11.into(), &42.into())
    );
    assert!(half["tie_parameter"].is_null());
    for (name, most) in [("davidson", 5.0), ("rao-kupper", 5.0)] {
        let found = of(name);
        let tie = &found["tie_parameter"];
        let (low, value) = (tie["low"].as_f64(), tie["estimate"].as_f64());
        assert!(
            low < value && value < tie["high"].as_f64() && value < Some(most),
            "{tie}"
        );
        assert_eq!(found["items"][0]["item"], "a");
        assert!(found["items"][0]["strength"]["low"].is_number());
    }
    let none = file(
        folder.path(),
        "none.csv",
        "left,right,winner\na,b,a\nb,a,b\na,b,a\n",
    );
    let found = document(&["prefer", text(&none), "--ties", "davidson"]);
    assert_eq!(found["tie_parameter"]["estimate"], 0.0);
    assert!(refused(&["prefer", text(&none), "--ties", "rao-kupper"]).contains("no ties"));
}

#[test]
fn circles_are_found_and_named() {
    let folder = tempdir().expect("a folder");
    let mut csv = String::from("left,right,winner\n");
    for (left, right) in [
        ("rock", "scissors"),
        ("scissors", "paper"),
        ("paper", "rock"),
    ] {
        for i in 0..30 {
            let winner = if i < 24 { left } else { right };
            let _ = writeln!(csv, "{left},{right},{winner}");
        }
    }
    let path = file(folder.path(), "circle.csv", csv);
    let found = document(&["prefer", text(&path)]);
    let circles = &found["intransitivity"];
    assert_eq!(
        (&circles["cyclic"], &circles["triads"]),
        (&1.into(), &1.into())
    );
    assert_eq!(circles["cycles"][0].as_array().map(Vec::len), Some(3));
    assert!(circles["test"]["p_bootstrap"].as_f64() < Some(0.05));
}

#[test]
fn annotators_are_told_apart() {
    let folder = tempdir().expect("a folder");
    let mut csv = String::from("left,right,winner,annotator,weight\n");
    let items = ["a", "b", "c", "d"];
    for round in 0..12 {
        for i in 0..items.len() {
            for j in i + 1..items.len() {
                for (annotator, is_right) in [
                    ("good", (round + i + j) % 6 != 0),
                    ("fine", (round + 2 * i + j) % 5 != 0),
                    ("turned", (round + i * j) % 6 == 0),
                ] {
                    let winner = if is_right { items[i] } else { items[j] };
                    let _ = writeln!(csv, "{},{},{winner},{annotator},1", items[i], items[j]);
                }
            }
        }
    }
    let path = file(folder.path(), "crowd.csv", csv);
    let found = document(&["prefer", text(&path)]);
    let each = found["annotators"]["each"].as_array().expect("annotators");
    let reliability = |name: &str| {
        let one = each
            .iter()
            .find(|one| one["annotator"] == name)
            .expect("one");
        assert_eq!(one["comparisons"], 72);
        one["reliability"].as_f64().expect("a number")
    };
    assert!(reliability("good") > 0.7 && reliability("fine") > 0.7);
    assert!(reliability("turned") < 0.4, "{}", reliability("turned"));
    assert!(found["annotators"]["flip_rate"].as_f64() > Some(0.1));
    assert!(found["annotators"]["alpha"]["estimate"].is_number());
    assert_eq!(found["items"][0]["item"], "a");
}

#[test]
fn bad_comparisons_are_told() {
    let folder = tempdir().expect("a folder");
    for (content, more, word) in [
        ("left,right,winner\na,b,c\n", &[][..], "neither `a` nor `b`"),
        ("left,right,winner\na,b,a\nc,d,c\n", &[], "{a}"),
        ("left,right,winner\na,b,a\nc,d,c\n", &[], "--penalty"),
        ("left,right,winner\n", &[], "no comparisons"),
        ("left,right,winner\na,a,a\n", &[], "no comparisons"),
        ("left,right,winner\n,b,b\n", &[], "`left` is empty"),
        ("left,right,winner,weight\na,b,a,-1\n", &[], "weight"),
        ("left,right\na,b\n", &[], "no column `winner`"),
        ("left,right,winner\na,b,a\n", &["--penalty", "0"], "penalty"),
    ] {
        let path = file(folder.path(), "bad.csv", content);
        let mut arguments = vec!["prefer", text(&path)];
        arguments.extend(more);
        let said = refused(&arguments);
        assert!(said.contains(word), "{content}: {said}");
    }
    // What is not connected can still be placed.
    let path = file(
        folder.path(),
        "apart.csv",
        "left,right,winner\na,b,a\nc,d,right\n",
    );
    let found = document(&["prefer", text(&path), "--penalty", "0.5"]);
    let first: Vec<&Value> = found["items"]
        .as_array()
        .expect("items")
        .iter()
        .take(2)
        .collect();
    assert!(
        first
            .iter()
            .all(|one| one["item"] == "a" || one["item"] == "d")
    );
    assert!(
        first
            .iter()
            .all(|one| one["rank"] == 1 && one["strength"]["low"].is_null())
    );
}

/// Whether people prefer the longer of two answers, which would reward a model for length: in hh-rlhf they do not.
#[test]
fn length_does_not_win_in_recorded_preferences() {
    let Some(preferences) = preferences() else {
        return;
    };
    let mut rows = String::from("left,right,winner\n");
    let (mut longer, mut shorter) = (0_u32, 0_u32);
    for one in &preferences {
        let winner = match one.chosen.len().cmp(&one.rejected.len()) {
            std::cmp::Ordering::Greater => "longer",
            std::cmp::Ordering::Less => "shorter",
            std::cmp::Ordering::Equal => continue,
        };
        longer += u32::from(winner == "longer");
        shorter += u32::from(winner == "shorter");
        let _ = writeln!(rows, "longer,shorter,{winner}");
    }
    let folder = tempdir().expect("a folder");
    let path = file(folder.path(), "length.csv", rows);
    let found = document(&["prefer", text(&path)]);
    let items = found["items"].as_array().expect("items");
    let strength = |name: &str| {
        let item = items.iter().find(|one| one["item"] == name);
        let item = item.expect("the item");
        item["strength"]["estimate"].as_f64().expect("a number")
    };
    // The best strengths of two are the log odds of the counts.
    let odds = (f64::from(longer) / f64::from(shorter)).ln();
    expect_near(strength("longer") - strength("shorter"), odds, 1e-7);
    assert!(longer + shorter > 2200 && odds < 0.1, "{longer} {shorter}");
}
