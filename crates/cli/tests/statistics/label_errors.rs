//! `label-errors`: what cleanlab finds, what people say of it, and what cannot be.

use super::confidence::model;
use super::{document, file, is_statistic, refused, run, text};
use fieldassay_testkit::shared_data;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

fn rows(document: &Value) -> Vec<u64> {
    let items = document["items"].as_array().expect("a list").iter();
    items
        .map(|item| item["row"].as_u64().expect("a row"))
        .collect()
}

/// What cleanlab 2.9.0 finds with each filter, ranked by self-confidence: how many, and the first six rows.
type Peer = (&'static str, usize, [u64; 6]);

const MNIST: [Peer; 4] = [
    ("confident", 15, [2597, 947, 9729, 3520, 1681, 582]),
    ("prune-by-class", 15, [2597, 947, 9729, 3520, 1681, 582]),
    (
        "prune-by-noise-rate",
        15,
        [2597, 947, 9729, 3520, 1681, 582],
    ),
    ("both", 15, [2597, 947, 9729, 3520, 1681, 582]),
];
const NEWS: [Peer; 4] = [
    ("confident", 55, [194, 705, 593, 456, 1970, 1601]),
    ("prune-by-class", 96, [194, 199, 254, 279, 456, 552]),
    ("prune-by-noise-rate", 95, [194, 456, 593, 705, 719, 1601]),
    ("both", 44, [194, 456, 593, 705, 719, 1601]),
];

/// Rows that people looked at: whether at most two of five kept the label, and the class that was suggested to them.
fn verdicts(name: &str) -> Option<BTreeMap<u64, (bool, u64)>> {
    let path = shared_data(&format!("cleanlab_{name}/mturk/{name}_mturk.json"))?;
    let text = std::fs::read_to_string(path).expect("verdicts");
    let rows: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    let one = |row: &Value| {
        let number = |value: &Value| value.as_u64().expect("a number");
        let is_rejected = number(&row["mturk"]["given"]) <= 2;
        (
            number(&row["id"]),
            (is_rejected, number(&row["our_guessed_label"])),
        )
    };
    Some(rows.iter().map(one).collect())
}

#[test]
fn suspects_are_those_of_cleanlab_and_most_are_rejected_by_people() {
    for (name, estimated, peers, [judged, rejected]) in [
        ("mnist", 15.0, MNIST, [15, 7]),
        ("20news", 96.0, NEWS, [63, 55]),
    ] {
        let (Some((p, labels)), Some(verdicts)) = (model(name), verdicts(name)) else {
            return;
        };
        for (filter, count, first) in peers {
            let found = document(&["label-errors", text(&p), text(&labels), "--filter", filter]);
            is_statistic(&found["estimated_errors"], estimated, 0.0);
            let rows = rows(&found);
            // In 20news several labels of a class have a probability of exactly 0; which of them is pruned is chance in
            // cleanlab, and shows in what both ways of pruning have in common.
            let chance = usize::from(name == "20news" && filter == "both");
            assert!(
                rows.len().abs_diff(count) <= chance,
                "{name} {filter} {}",
                rows.len()
            );
            assert!(
                first.iter().all(|row| rows.contains(row)),
                "{name} {filter} {rows:?}"
            );
            if name == "mnist" {
                assert_eq!(rows.get(..6), Some(&first[..]), "{filter}");
            }
        }
        let found = document(&["label-errors", text(&p), text(&labels)]);
        assert_eq!(found["filter"], "prune_by_noise_rate");
        let items = found["items"].as_array().expect("a list");
        let (mut looked_at, mut confirmed) = (0, 0);
        for item in items {
            let row = item["row"].as_u64().expect("a row");
            assert_eq!(item["score"], item["self_confidence"]);
            assert_ne!(item["given"], item["suggested"]);
            if let Some((is_rejected, suggested)) = verdicts.get(&row) {
                assert_eq!(item["suggested"], suggested.to_string());
                looked_at += 1;
                confirmed += usize::from(*is_rejected);
            }
        }
        eprintln!("{name}: people reject {confirmed} of {looked_at} suspects they saw");
        // The suspects are those of cleanlab, and so are the verdicts on them.
        assert_eq!([looked_at, confirmed], [judged, rejected], "{name}");
        let off: u64 = found["confusions"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| one["count"].as_u64().expect("a count"))
            .sum();
        assert_eq!(
            Some(off as f64),
            found["estimated_errors"]["estimate"].as_f64()
        );
    }
}

#[test]
fn names_items_and_scores() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut p = String::from("item,cat,dog\n");
    let mut y = String::from("item,label\n");
    for i in 0..40 {
        let cat = if i < 20 { 0.9 } else { 0.1 };
        let _ = writeln!(p, "i{i},{cat},{}", 1.0 - cat);
        // The last dog is called a cat.
        let label = if i < 20 || i == 39 { "cat" } else { "dog" };
        let _ = writeln!(y, "i{i},{label}");
    }
    let (p, y) = (
        file(folder.path(), "p.csv", p),
        file(folder.path(), "y.csv", y),
    );
    let arguments = [
        "label-errors",
        text(&p),
        text(&y),
        "--score",
        "normalized-margin",
    ];
    let found = document(&arguments);
    is_statistic(&found["estimated_errors"], 1.0, 0.0);
    assert_eq!(rows(&found), [39]);
    let item = &found["items"][0];
    assert_eq!(
        (&item["item"], &item["given"], &item["suggested"]),
        (&"i39".into(), &"cat".into(), &"dog".into())
    );
    assert!((item["score"].as_f64().expect("a number") - 0.1).abs() < 1e-12);
    assert!((item["self_confidence"].as_f64().expect("a number") - 0.1).abs() < 1e-12);
    let said = run(&arguments);
    assert!(
        said.stdout.contains("about 1 of 40 labels are wrong"),
        "{}",
        said.stdout
    );
    assert!(said.stdout.contains("i39"), "{}", said.stdout);
}

#[test]
fn what_cannot_be_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, content: &str| text(&file(folder.path(), name, content)).to_owned();
    let y = write("y.csv", "label\na\nb\n");
    for (p, said) in [
        (
            write("sum.csv", "a,b\n0.6,0.4\n0.6,0.7\n"),
            "item `1` sum to `1.29",
        ),
        (
            write("one.csv", "a\n0.6\n0.6\n"),
            "give a column of probabilities for each",
        ),
        (
            write("short.csv", "a,b\n0.6,0.4\n"),
            "labels for the `1` rows",
        ),
        (
            write("none.csv", "item,label\nx,a\n"),
            "no column of numbers",
        ),
    ] {
        let message = refused(&["label-errors", &p, &y]);
        assert!(message.contains(said), "{said}: {message}");
    }
    let found = run(&["label-errors", &y, &y, "--filter", "some"]);
    assert_eq!(found.code, 2, "{}", found.stderr);
}
