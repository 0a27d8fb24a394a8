//! `route`: guarantees on real models, infeasible risks as answers, and what cannot be.

use super::confidence::model;
use super::{document, file, is_statistic, picture, refused, run, text};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;

/// Items with scores from 0 to 1, wrong as often as their score is below 1.
fn scored(folder: &Path) -> (String, String) {
    let (mut scores, mut right) = (String::from("score\n"), String::from("correct\n"));
    for i in 0..1000_u32 {
        let score = f64::from(i) / 1000.0;
        writeln!(scores, "{score}").expect("text");
        // A sequence that fills the unit interval evenly.
        let draw = (f64::from(i) * 0.618_033_988_75).fract();
        writeln!(right, "{}", u8::from(draw < score)).expect("text");
    }
    let write = |name: &str, content: String| text(&file(folder, name, content)).to_owned();
    (write("scores.csv", scores), write("right.csv", right))
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

#[test]
fn each_method_holds_its_risk() {
    let folder = tempfile::tempdir().expect("a folder");
    let (scores, right) = scored(folder.path());
    for method in ["sgr", "ltt", "crc"] {
        let found = document(&[
            "route",
            &scores,
            &right,
            "--risk",
            "0.2",
            "--confidence",
            "0.9",
            "--method",
            method,
        ]);
        assert_eq!(found["feasible"], true);
        assert_eq!(found["n"], 1000);
        let threshold = number(&found["threshold"]);
        is_statistic(&found["coverage"], 1.0 - threshold, 2e-3);
        is_statistic(&found["review_load"], threshold, 2e-3);
        assert!(number(&found["risk_bound"]) <= 0.2, "{found}");
        // The chance of an error among answered items, and of one that is answered over all.
        let (selective, of_all) = ((1.0 - threshold) / 2.0, (1.0 - threshold).powi(2) / 2.0);
        let truth = if method == "crc" { of_all } else { selective };
        assert!(truth <= 0.2 && truth > 0.12, "{method} {truth}");
        assert!(found["guarantee"].as_str().expect("words").contains("20 %"));
        assert!(
            number(&found["selective_risk"]["estimate"])
                <= number(&found["risk_of_all"]["estimate"])
        );
    }
}

#[test]
fn a_risk_that_cannot_be_held_is_an_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let (scores, right) = scored(folder.path());
    for method in ["sgr", "ltt", "crc"] {
        let ask = |risk: f64| {
            let risk = format!("{risk}");
            document(&[
                "route",
                &scores,
                &right,
                "--risk",
                &risk,
                "--confidence",
                "0.95",
                "--method",
                method,
            ])
        };
        let found = ask(0.0005);
        assert_eq!(found["feasible"], false);
        assert_eq!(
            (&found["threshold"], &found["risk_bound"]),
            (&Value::Null, &Value::Null)
        );
        is_statistic(&found["coverage"], 0.0, 0.0);
        is_statistic(&found["review_load"], 1.0, 0.0);
        let least = number(&found["least_feasible_risk"]);
        assert_eq!(ask(least * 0.999)["feasible"], false, "{method} {least}");
        assert_eq!(ask(least * 1.000_001)["feasible"], true, "{method} {least}");
    }
    let said = run(&[
        "route",
        &scores,
        &right,
        "--risk",
        "0.0005",
        "--confidence",
        "0.95",
    ]);
    assert_eq!(said.code, 0);
    assert!(said.stdout.starts_with("not feasible"), "{}", said.stdout);
    assert!(said.stderr.contains("would be feasible"), "{}", said.stderr);
}

#[test]
fn a_real_model_answers_most_digits_alone() {
    let Some((p, labels)) = model("mnist") else {
        return;
    };
    let Some((news, topics)) = model("20news") else {
        return;
    };
    for method in ["sgr", "ltt"] {
        let ask = |p: &Path, y: &Path, risk: &str| {
            document(&[
                "route",
                text(p),
                text(y),
                "--risk",
                risk,
                "--confidence",
                "0.95",
                "--method",
                method,
            ])
        };
        let found = ask(&p, &labels, "0.005");
        assert_eq!(found["feasible"], true);
        let coverage = number(&found["coverage"]["estimate"]);
        eprintln!("mnist {method}: {coverage} from {}", found["threshold"]);
        assert!(coverage > 0.95 && coverage < 1.0, "{coverage}");
        let found = ask(&news, &topics, "0.05");
        let coverage = number(&found["coverage"]["estimate"]);
        eprintln!("20news {method}: {coverage} from {}", found["threshold"]);
        assert!(coverage > 0.6 && coverage < 1.0, "{coverage}");
        assert!(number(&found["risk_bound"]) <= 0.05);
    }
}

#[test]
fn the_picture_shows_the_curve_and_the_threshold() {
    let folder = tempfile::tempdir().expect("a folder");
    let (scores, right) = scored(folder.path());
    let out = folder.path().join("route.svg");
    let arguments = [
        "route",
        &scores,
        &right,
        "--risk",
        "0.2",
        "--confidence",
        "0.9",
        "--plot",
        text(&out),
    ];
    let svg = picture(&arguments);
    for part in [
        "largest risk asked for: 0.2",
        "threshold 0.",
        "coverage (share of items answered)",
    ] {
        assert!(svg.contains(part), "{part}");
    }
}

#[test]
fn what_cannot_be_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, content: &str| text(&file(folder.path(), name, content)).to_owned();
    let right = write("right.csv", "correct\n1\n0\n1\n");
    let scores = write("scores.csv", "score\n3.5\n2\n1\n");
    let gap = write("gap.csv", "item,score\n1,0.5\n2,\n3,0.2\n");
    let limits = ["--risk", "0.1", "--confidence", "0.9"];
    for (options, code, said) in [
        (
            &["--risk", "0", "--confidence", "0.9"][..],
            2,
            "`--risk` is `0`",
        ),
        (
            &["--risk", "0.1", "--confidence", "1"],
            2,
            "`--confidence` is `1`",
        ),
        (
            &["--risk", "0.1", "--confidence", "0.9", "--method", "ltt"],
            2,
            "row `0` (the first is 0): the score is `3.5`",
        ),
        (
            &["--risk", "0.1", "--confidence", "0.9", "--thresholds", "1"],
            2,
            "no meaning for `sgr`",
        ),
    ] {
        let mut arguments = vec!["route", &scores, &right];
        arguments.extend(options);
        assert_eq!(run(&arguments).code, code, "{options:?}");
        let message = refused(&arguments);
        assert!(message.contains(said), "{said}: {message}");
    }
    let mut arguments = vec!["route", &gap, &right];
    arguments.extend(limits);
    let message = refused(&arguments);
    assert!(
        message.contains("row `1`") && message.contains("empty"),
        "{message}"
    );
    // Three items can show little, and it says from which risk on they can.
    let mut arguments = vec!["route", &scores, &right];
    arguments.extend(limits);
    let found = document(&arguments);
    assert_eq!(found["feasible"], false);
    assert!(number(&found["least_feasible_risk"]) > 0.5);
    arguments.extend(["--method", "ltt", "--thresholds", "1,2,3"]);
    assert_eq!(document(&arguments)["least_feasible_risk"], Value::Null);
}
