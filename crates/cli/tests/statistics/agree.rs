use super::{document, file, is_statistic, refused, run, text};
use fieldassay_testkit::shared_data;
use serde_json::Value;
use std::fmt::Write as _;

/// Krippendorff's example of 4 annotators and 12 units (alpha 0.743 nominal, 0.815 ordinal, 0.849 interval, 0.797 ratio).
const ROWS: [[u32; 12]; 4] = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
    [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
];

fn rows() -> impl Iterator<Item = (usize, usize, u32)> {
    ROWS.iter().enumerate().flat_map(|(annotator, row)| {
        let given = row.iter().enumerate().filter(|(_, label)| **label > 0);
        given.map(move |(item, label)| (item, annotator, *label))
    })
}

fn long(header: &str, separator: char) -> String {
    let lines = rows().map(|(item, annotator, label)| {
        format!("u{item}{separator}w{annotator}{separator}{label}\n")
    });
    std::iter::once(header.to_owned()).chain(lines).collect()
}

#[test]
fn every_level_in_every_form_of_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let csv = file(folder.path(), "v.csv", long("item,annotator,label\n", ','));
    let tabs = file(folder.path(), "v.txt", long("", '\t'));
    let lines: Vec<String> = rows()
        .map(|(item, annotator, label)| {
            format!("{{\"q\": \"u{item}\", \"who\": \"w{annotator}\", \"answer\": {label}}}")
        })
        .collect();
    let lines = lines.join("\n");
    let json = file(folder.path(), "v.jsonl", lines);
    for (level, alpha) in [
        ("nominal", 0.743_421),
        ("ordinal", 0.815_388),
        ("interval", 0.849_107),
        ("ratio", 0.797_403),
    ] {
        let found = document(&["agree", text(&csv), "--level", level]);
        is_statistic(&found["overall"]["alpha"], alpha, 1e-6);
        let by_place = ["--columns", "item=0,annotator=1,label=2", "--level", level];
        let mut arguments = vec!["agree", text(&tabs)];
        arguments.extend(by_place);
        assert_eq!(document(&arguments)["overall"], found["overall"]);
        let named = [
            "agree",
            text(&json),
            "--columns",
            "item=q,annotator=who,label=answer",
            "--level",
            level,
        ];
        assert_eq!(document(&named)["overall"], found["overall"]);
    }
}

#[test]
fn promised_keys_and_slices() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut table = "item,annotator,label,category\n".to_owned();
    for (item, annotator, label) in rows() {
        let category = if item < 6 { "car" } else { "van" };
        let _ = writeln!(table, "{item},{annotator},{label},{category}");
    }
    table += "12,0,,van\n";
    let path = file(folder.path(), "v.csv", table);
    let found = document(&["agree", text(&path)]);
    for key in ["alpha", "fleiss", "ac1", "brennan_prediger"] {
        is_statistic(&found["overall"][key], 0.76, 0.05);
    }
    assert_eq!(found["by"], "label");
    assert_eq!(found["per_category"].as_array().map(Vec::len), Some(5));
    let pair = &found["pairs"][0];
    assert_eq!(
        (pair["a"].as_str(), pair["b"].as_str()),
        (Some("0"), Some("1"))
    );
    // Of nine units eight the same, 23 of 81 by chance.
    is_statistic(&pair["kappa"], 49.0 / 58.0, 1e-12);
    assert!(
        found["notes"][0]
            .as_str()
            .is_some_and(|note| note.contains("have no label"))
    );
    let by = document(&["agree", text(&path), "--by", "category"]);
    let names: Vec<&Value> = by["per_category"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["category"])
        .collect();
    assert_eq!(names, ["car", "van"]);
    assert!(
        by["per_category"][0]["alpha"]["estimate"].is_f64()
            && by["per_category"][1]["ac1"]["n"].is_u64()
    );
    // Without such a column each label is a category.
    let plain = file(folder.path(), "w.csv", long("item,annotator,label\n", ','));
    let labels = document(&["agree", text(&plain), "--by", "category"]);
    assert_eq!(
        (&labels["by"], &labels["per_category"][0]["category"]),
        (&"label".into(), &"1".into())
    );
    assert!(
        run(&["agree", text(&path)])
            .stdout
            .contains("Krippendorff's alpha")
    );
}

#[test]
fn bad_tables_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let csv = |name: &str, content: &str| file(folder.path(), name, content);
    for (content, said) in [
        (
            "question,worker,answer\n1,2,3\n",
            "no column `item`, but `question`, `worker`, `answer`",
        ),
        (
            "item,annotator,label\n1,a,x\n1,b,x\n2,a,x\n2,b,x\n",
            "values are the same",
        ),
        (
            "item,annotator,label\n1,a,x\n2,b,y\n",
            "no unit has two values",
        ),
        ("item,annotator,label\n1,a,\n2,b,\n", "no votes"),
        ("item,annotator,label\n,a,1\n2,b,1\n", "row `0`"),
        ("item,annotator,label\n", "no votes"),
    ] {
        let path = csv("bad.csv", content);
        let error = refused(&["agree", text(&path)]);
        assert!(error.contains(said), "{error}");
    }
    let words = csv(
        "words.csv",
        "item,annotator,label\n1,a,x\n1,b,y\n2,a,x\n2,b,x\n",
    );
    let error = refused(&["agree", text(&words), "--level", "ordinal"]);
    assert!(error.contains("label `x` is no number"), "{error}");
    assert!(refused(&["agree", "no.csv"]).contains("does not exist"));
    let error = refused(&["agree", text(&words), "--columns", "worker=annotator"]);
    assert!(error.contains("`item`, `annotator`, `label`"), "{error}");
}

#[test]
fn a_crowd_of_people() {
    let Some(data) = shared_data("crowd_survey_dev") else {
        return;
    };
    let votes = data.join("s4_Dog_data/answer.csv");
    let found = document(&[
        "agree",
        text(&votes),
        "--columns",
        "item=question,annotator=worker,label=answer",
    ]);
    assert_eq!(
        (
            found["items"].as_u64(),
            found["annotators"].as_u64(),
            found["votes"].as_u64()
        ),
        (Some(807), Some(109), Some(8070))
    );
    // The crate's own vectors hold the formula; here the same votes in another form.
    let lines = std::fs::read_to_string(&votes).expect("the votes");
    let folder = tempfile::tempdir().expect("a folder");
    let tabs: String = lines
        .lines()
        .skip(1)
        .map(|line| line.replace(',', "\t") + "\n")
        .collect();
    let other = file(folder.path(), "votes.txt", tabs);
    let again = document(&[
        "agree",
        text(&other),
        "--columns",
        "item=0,annotator=1,label=2",
    ]);
    assert_eq!(again["overall"], found["overall"]);
    assert_eq!(again["per_annotator"], found["per_annotator"]);
}

#[test]
fn a_bad_week_shows_in_the_chart() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut table = "item,annotator,label,time\n".to_owned();
    for week in 0..12 {
        for item in 0..40 {
            // One in ten is disputed, half of them in the ninth week.
            let is_disputed = item % 10 == week % 10 || week == 8 && item % 2 == 0;
            for (annotator, label) in [("a", 0), ("b", u8::from(is_disputed))] {
                let _ = writeln!(table, "{week}-{item},{annotator},{label},2026-w{week:02}");
            }
        }
    }
    let path = file(folder.path(), "v.csv", table);
    let plot = folder.path().join("chart.svg");
    let found = document(&["agree", text(&path), "--plot", text(&plot)]);
    let samples = found["chart"]["samples"].as_array().expect("samples");
    let signals: Vec<&Value> = samples
        .iter()
        .filter(|sample| sample["is_signal"] == true)
        .map(|sample| &sample["time"])
        .collect();
    assert_eq!(signals, ["2026-w08"]);
    assert_eq!(samples.len(), 12);
    assert!(
        std::fs::read_to_string(&plot)
            .expect("a picture")
            .contains("2026-w08")
    );
    assert!(refused(&["agree", text(&path), "--plot", text(&plot)]).contains("already there"));
    let shown = run(&["agree", text(&path)]).stdout;
    assert!(shown.contains("outside the limits: 2026-w08"), "{shown}");
}
