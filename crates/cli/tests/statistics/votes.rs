//! `votes`: recorded crowds with known truth, every form of tables, and what cannot be.

use super::{document, file, is_statistic, refused, run, text};
use fieldassay_testkit::shared_data;
use serde_json::Value;

/// Twelve votes of three people on four items; `d` is tied under two labels.
const VOTES: &str = "item,annotator,label\n\
    a,x,cat\na,y,cat\na,z,dog\n\
    b,x,dog\nb,y,dog\nb,z,dog\n\
    c,x,cat\nc,y,cat\nc,z,cat\n\
    d,x,cat\nd,y,dog\n";

fn list<'a>(document: &'a Value, key: &str) -> &'a Vec<Value> {
    document[key].as_array().expect("a list")
}

#[test]
fn a_small_table_by_hand() {
    let folder = tempfile::tempdir().expect("a folder");
    let votes = file(folder.path(), "votes.csv", VOTES);
    let truth = file(
        folder.path(),
        "truth.csv",
        "item,label\na,cat\nb,dog\nc,dog\nd,cat\n",
    );
    let found = document(&["votes", text(&votes), "--truth", text(&truth)]);
    // Right on a and b, wrong on c, and half right on d.
    is_statistic(&found["accuracy"], 2.5 / 4.0, 1e-12);
    assert_eq!(found["accuracy"]["n"], 4);
    let items = list(&found, "items");
    assert_eq!(items.len(), 4);
    assert_eq!(items[0]["item"], "a");
    assert_eq!(items[0]["label"], "cat");
    assert_eq!(items[0]["soft"][0].as_f64(), Some(2.0 / 3.0));
    assert_eq!(items[0]["confidence"].as_f64(), Some(2.0 / 3.0));
    assert_eq!(
        (&items[3]["tied"], &items[3]["label"]),
        (&true.into(), &"cat".into())
    );
    let annotators = list(&found, "annotators");
    assert_eq!(annotators[0]["annotator"], "x");
    // Three decided items right, and half of the tied one.
    is_statistic(&annotators[0]["quality"], 3.5 / 4.0, 1e-12);
    is_statistic(&annotators[2]["quality"], 2.0 / 3.0, 1e-12);
    assert_eq!(annotators[2]["votes"], 3);
    let said = run(&["votes", text(&votes), "--truth", text(&truth)]);
    assert_eq!(said.code, 0);
    assert!(said.stdout.contains("accuracy 0.625"), "{}", said.stdout);
    assert!(
        said.stderr.contains("each counts by its share"),
        "{}",
        said.stderr
    );
}

#[test]
fn every_form_of_table_gives_the_same_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows: Vec<Vec<&str>> = VOTES
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect())
        .collect();
    let votes = file(folder.path(), "votes.csv", VOTES);
    let swapped: Vec<String> = rows
        .iter()
        .map(|row| format!("{}\t{}\t{}", row[1], row[0], row[2]))
        .collect();
    let swapped = swapped.join("\n");
    let tabs = file(folder.path(), "votes.txt", swapped);
    let lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let [item, annotator, label] = [0, 1, 2].map(|at| row[at]);
            format!("{{\"question\":\"{item}\",\"worker\":\"{annotator}\",\"answer\":\"{label}\"}}")
        })
        .collect();
    let lines = lines.join("\n");
    let lines = file(folder.path(), "votes.jsonl", lines);
    let expected = document(&["votes", text(&votes), "--method", "ds"]);
    let unnamed = [
        "votes",
        text(&tabs),
        "--columns",
        "item=1,annotator=0,label=2",
        "--method",
        "ds",
    ];
    let named = [
        "votes",
        text(&lines),
        "--columns",
        "item=question,annotator=worker,label=answer",
        "--method",
        "ds",
    ];
    for arguments in [&unnamed[..], &named[..]] {
        let found = document(arguments);
        for key in ["items", "annotators", "labels", "votes", "rounds"] {
            assert_eq!(found[key], expected[key], "{key}");
        }
    }
}

#[test]
fn labels_are_written_and_never_over_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let votes = file(
        folder.path(),
        "votes.csv",
        "item,annotator,label\n\"a, \"\"1\"\"\",x,cat\nb,x,dog\nc,x,\n",
    );
    let out = folder.path().join("labels.csv");
    let arguments = ["votes", text(&votes), "--out", text(&out)];
    let said = run(&arguments);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(
        said.stderr.contains("1 of 3 rows have no label"),
        "{}",
        said.stderr
    );
    let written = std::fs::read_to_string(&out).expect("the labels");
    assert_eq!(
        written,
        "item,label,confidence,votes\n\"a, \"\"1\"\"\",cat,1,1\nb,dog,1,1\nc,,,0\n"
    );
    let found = document(&["votes", text(&votes)]);
    assert_eq!(found["items"][2]["label"], Value::Null);
    assert!(refused(&arguments).contains("is already there"));
    assert_eq!(
        run(&["votes", text(&votes), "--out", text(&out), "--force"]).code,
        0
    );
    assert!(refused(&["votes", text(&votes), "--out", "labels.parquet"]).contains(".csv"));
}

#[test]
fn dawid_and_skene_beat_the_majority_on_recorded_crowds() {
    let by_place = [
        "--columns",
        "item=1,annotator=0,label=2",
        "--truth-columns",
        "item=0,label=1",
    ];
    let by_name = [
        "--columns",
        "item=question,annotator=worker,label=answer",
        "--truth-columns",
        "item=question,label=truth",
    ];
    for (votes, truth, columns, [majority, ours], n) in [
        (
            "crowd_survey_dev/d_Duck_Identification/answer.csv",
            "crowd_survey_dev/d_Duck_Identification/truth.csv",
            by_name,
            [0.7593, 0.898],
            108,
        ),
        (
            "crowd_survey_dev/s4_Dog_data/answer.csv",
            "crowd_survey_dev/s4_Dog_data/truth.csv",
            by_name,
            [0.8222, 0.843],
            807,
        ),
        (
            "gal_dev/BarzanMozafari/labels.txt",
            "gal_dev/BarzanMozafari/evaluation.txt",
            by_place,
            [0.696, 0.712],
            1000,
        ),
    ] {
        let (Some(votes), Some(truth)) = (shared_data(votes), shared_data(truth)) else {
            return;
        };
        let mut arguments = vec!["votes", text(&votes), "--truth", text(&truth)];
        arguments.extend(columns);
        let found = document(&arguments);
        is_statistic(&found["accuracy"], majority, 5e-5);
        assert_eq!(found["accuracy"]["n"], n);
        assert_eq!(list(&found, "items").len(), n);
        let mut accuracies = Vec::new();
        for method in ["ds", "onecoin", "glad", "mace"] {
            let mut asked = arguments.clone();
            asked.extend(["--method", method]);
            let found = document(&asked);
            is_statistic(&found["majority_accuracy"], majority, 5e-5);
            accuracies.push(found["accuracy"]["estimate"].as_f64().expect("a number"));
            for annotator in list(&found, "annotators") {
                let quality = annotator["quality"]["estimate"].as_f64().expect("a number");
                is_statistic(&annotator["quality"], quality, 0.0);
                assert_eq!(annotator["quality"]["n"], annotator["votes"]);
            }
        }
        eprintln!(
            "{}: ds, onecoin, glad, mace {accuracies:?}",
            votes.display()
        );
        let ds = accuracies[0];
        assert!(
            (ds - ours).abs() < 0.006 && ds > majority,
            "{ds} for {ours}"
        );
    }
}

#[test]
fn what_cannot_be_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let votes = file(folder.path(), "votes.csv", VOTES);
    let votes = text(&votes);
    let one = file(
        folder.path(),
        "one.csv",
        "item,annotator,label\na,x,1\na,y,1\n",
    );
    let empty = file(
        folder.path(),
        "empty.csv",
        "item,annotator,label\na,x,\na,y,\n",
    );
    let gap = file(
        folder.path(),
        "gap.csv",
        "item,annotator,label\n,x,1\na,y,1\n",
    );
    let other = file(folder.path(), "other.csv", "item,label\nq,cat\n");
    let twice = file(folder.path(), "twice.csv", "item,label\na,cat\na,dog\n");
    for (arguments, code, said) in [
        (
            &["votes", text(&one), "--method", "ds"][..],
            1,
            "same label",
        ),
        (&["votes", text(&empty)], 1, "no votes"),
        (&["votes", text(&gap)], 1, "row `0`"),
        (
            &["votes", votes, "--truth", text(&other)],
            1,
            "none of its items has a vote",
        ),
        (
            &["votes", votes, "--truth", text(&twice)],
            1,
            "another label before",
        ),
        (
            &["votes", votes, "--columns", "item=question"],
            2,
            "no column `question`",
        ),
        (
            &["votes", votes, "--columns", "wheel=x"],
            2,
            "not asked for",
        ),
        (
            &["votes", votes, "--iterations", "5"],
            2,
            "`--iterations` has no meaning",
        ),
        (
            &["votes", votes, "--method", "mace", "--tolerance", "1"],
            2,
            "`--tolerance`",
        ),
        (
            &["votes", votes, "--method", "ds", "--seed", "1"],
            2,
            "`--seed`",
        ),
        (&["votes", "absent.csv"], 1, "does not exist"),
    ] {
        let found = run(arguments);
        assert_eq!(found.code, code, "{arguments:?} {}", found.stderr);
        let message = refused(arguments);
        assert!(message.contains(said), "{arguments:?} {message}");
    }
    // What can still be said of a single label.
    let found = document(&["votes", text(&one)]);
    assert_eq!(found["items"][0]["label"], "1");
}
