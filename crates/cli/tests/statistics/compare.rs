//! `compare` on whole files.

use super::{document, file, is_statistic, refused, text};
use fieldassay_testkit::{repository_root, shared_data};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use tempfile::tempdir;

/// A table of scores by item.
fn table(scores: impl IntoIterator<Item = f64>) -> String {
    let mut out = String::from("item,score\n");
    for (i, score) in scores.into_iter().enumerate() {
        let _ = writeln!(out, "i{i},{score}");
    }
    out
}

/// Numbers between -1 and 1 without pattern.
fn noise(n: u32) -> impl Iterator<Item = f64> {
    (0..n).map(|i| (f64::from(i) * 78.233).sin() * 43_758.545 % 1.0)
}

#[test]
fn differences_are_those_of_the_vectors() {
    let path = repository_root().join("conformance/scenario/paired_bootstrap.json");
    let vector: Value =
        serde_json::from_slice(&std::fs::read(path).expect("vectors")).expect("JSON");
    let case = &vector["cases"][0];
    let folder = tempdir().expect("a folder");
    let of = |key: &str| {
        let scores = case["in"][key].as_array().expect("scores");
        table(scores.iter().filter_map(Value::as_f64))
    };
    let old = file(folder.path(), "old.csv", of("old"));
    let new = file(folder.path(), "new.csv", of("new"));
    let found = document(&["compare", text(&old), text(&new), "--by", "item"]);
    let expected = case["out"]["mean_diff"].as_f64().expect("a number");
    is_statistic(&found["difference"], expected, 1e-12);
    assert_eq!(found["difference"]["n"], 10);
    assert_eq!(found["verdict"], "inconclusive");
    assert_eq!(found["method"], "percentile");
    // Other draws than those of the vector, which has 200 of them: one item of the ten lost 0.65, so ends move in steps
    // of 0.065.
    let ends = case["out"]["pct_ci90"].as_array().expect("ends");
    for (end, expected) in ["low", "high"].iter().zip(ends) {
        let gap =
            found["bounds"][end].as_f64().expect("an end") - expected.as_f64().expect("an end");
        assert!(gap.abs() < 0.065, "{end}: {gap}");
    }
}

#[test]
fn verdicts_follow_direction_and_margin() {
    let folder = tempdir().expect("a folder");
    let old = file(folder.path(), "old.csv", table(noise(300)));
    let by = |shift: f64| -> Vec<f64> {
        let jitter = noise(600).skip(300);
        noise(300)
            .zip(jitter)
            .map(|(x, e)| x + shift + 0.1 * e)
            .collect()
    };
    let higher = file(folder.path(), "higher.csv", table(by(0.2)));
    let lower = file(folder.path(), "lower.csv", table(by(-0.2)));
    let same = file(folder.path(), "same.csv", table(by(0.0)));
    let verdict = |new: &std::path::Path, more: &[&str]| {
        let mut arguments = vec!["compare", text(&old), text(new)];
        arguments.extend(more);
        document(&arguments)["verdict"]
            .as_str()
            .expect("a verdict")
            .to_owned()
    };
    assert_eq!(verdict(&higher, &[]), "better");
    assert_eq!(verdict(&higher, &["--higher-is-better"]), "better");
    assert_eq!(verdict(&higher, &["--lower-is-better"]), "worse");
    assert_eq!(verdict(&lower, &["--lower-is-better"]), "better");
    assert_eq!(verdict(&lower, &[]), "worse");
    assert_eq!(verdict(&lower, &["--margin", "0.3"]), "not_worse");
    assert_eq!(verdict(&same, &["--margin", "0.05"]), "not_worse");
    assert_eq!(verdict(&same, &["--margin", "0.001"]), "inconclusive");
}

#[test]
fn pass_and_fail_give_mcnemar() {
    let path = repository_root().join("conformance/scenario/mcnemar.json");
    let vector: Value =
        serde_json::from_slice(&std::fs::read(path).expect("vectors")).expect("JSON");
    let folder = tempdir().expect("a folder");
    for case in vector["cases"].as_array().expect("cases") {
        let count = |key: &str| case["in"][key].as_u64().expect("a count");
        let cells = [
            ("both_pass", 1.0, 1.0),
            ("old_pass_new_fail", 1.0, 0.0),
            ("old_fail_new_pass", 0.0, 1.0),
            ("both_fail", 0.0, 0.0),
        ];
        let (mut old, mut new) = (Vec::new(), Vec::new());
        for (key, before, after) in cells {
            for _ in 0..count(key) {
                old.push(before);
                new.push(after);
            }
        }
        let n = old.len();
        let (old, new) = (
            file(folder.path(), "old.csv", table(old)),
            file(folder.path(), "new.csv", table(new)),
        );
        let found = document(&["compare", text(&old), text(&new), "--margin", "0.1"]);
        for key in ["exact_p", "mid_p", "chi2_cc_p"] {
            let found = found["tests"]["mcnemar"][key].as_f64().expect("a number");
            let expected = case["out"][key].as_f64().expect("a number");
            assert!(
                (found - expected).abs() <= 1e-9,
                "{key}: {found} {expected}"
            );
        }
        let fall = case["out"]["diff_fail_rate_new_minus_old"]
            .as_f64()
            .expect("a number");
        is_statistic(&found["difference"], -fall, 1e-12);
        assert_eq!(found["difference"]["n"], n);
        assert_eq!(found["method"], "score_interval");
        assert_eq!(
            found["tests"]["non_inferiority"]["verdict"],
            found["verdict"]
        );
    }
}

#[test]
fn nothing_changed_in_few_items_is_no_evidence() {
    let folder = tempdir().expect("a folder");
    let few = file(folder.path(), "few.csv", table(vec![1.0; 20]));
    let many = file(folder.path(), "many.csv", table(vec![1.0; 1000]));
    let verdict = |path: &std::path::Path| {
        document(&["compare", text(path), text(path), "--margin", "0.05"])["verdict"].clone()
    };
    assert_eq!(verdict(&few), "inconclusive");
    assert_eq!(verdict(&many), "not_worse");
}

#[test]
fn clusters_are_drawn_whole() {
    let folder = tempdir().expect("a folder");
    // Thirty drives of forty frames; a drive is better or worse as a whole.
    let drives: Vec<f64> = noise(30).collect();
    let (mut old, mut new) = (
        String::from("frame,drive,ade\n"),
        String::from("frame,ade\n"),
    );
    for (drive, shift) in drives.iter().enumerate() {
        for frame in 0..40 {
            let _ = writeln!(old, "{drive}-{frame},d{drive},1");
            let _ = writeln!(new, "{drive}-{frame},{}", 1.0 + shift + 0.15);
        }
    }
    let (old, new) = (
        file(folder.path(), "old.csv", old),
        file(folder.path(), "new.csv", new),
    );
    let with = |more: &[&str]| {
        let mut arguments = vec![
            "compare",
            text(&old),
            text(&new),
            "--by",
            "frame",
            "--score",
            "ade",
        ];
        arguments.extend(more);
        document(&arguments)
    };
    let width = |found: &Value| {
        let of = |key: &str| found["difference"][key].as_f64().expect("a number");
        of("high") - of("low")
    };
    let (alone, together) = (
        with(&["--lower-is-better"]),
        with(&["--lower-is-better", "--cluster", "drive"]),
    );
    assert!(
        width(&together) > 4.0 * width(&alone),
        "{} {}",
        width(&together),
        width(&alone)
    );
    assert_eq!(
        (&together["clusters"], &together["items"]),
        (&30.into(), &1200.into())
    );
    assert_eq!(together["method"], "bca");
    for key in ["percentile95", "bca95", "percentile90", "bca90"] {
        assert!(
            together["tests"]["bootstrap"][key]["low"].is_number(),
            "{key}"
        );
    }
}

#[test]
fn items_of_one_table_are_left_out_and_forms_do_not_matter() {
    let folder = tempdir().expect("a folder");
    let old = file(
        folder.path(),
        "old.csv",
        "item,score\na,1\nb,2\nc,3\nd,\ne,5\nf,6\ng,7\nh,8\n",
    );
    let new = file(
        folder.path(),
        "new.csv",
        "item,score\nb,2.5\nc,3.1\nd,4\ne,5.2\nf,6.3\ng,7.4\nh,8.2\nx,9\n",
    );
    let found = document(&["compare", text(&old), text(&new)]);
    assert_eq!(found["items"], 6);
    assert_eq!(found["left_out"]["only_old"], 1);
    assert_eq!(found["left_out"]["only_new"], 1);
    assert_eq!(found["left_out"]["without_score"], 1);
    assert_eq!(found["verdict"], "better");
    let old = file(
        folder.path(),
        "old.tsv",
        "a\t1\nb\t2\nc\t3\ne\t5\nf\t6\ng\t7\nh\t8\n",
    );
    let new = file(
        folder.path(),
        "new.tsv",
        "b\t2.5\nc\t3.1\ne\t5.2\nf\t6.3\ng\t7.4\nh\t8.2\n",
    );
    let columns = ["--columns", "item=0,score=1"];
    let same = document(&["compare", text(&old), text(&new), columns[0], columns[1]]);
    assert_eq!(same["difference"], found["difference"]);
}

/// What a person gains who counts votes by Dawid and Skene instead of by majority, item by item on recorded crowds.
#[test]
fn ways_of_counting_real_votes_are_told_apart() {
    for (folder, gain, verdict) in [
        ("d_Duck_Identification", 0.139, "better"),
        ("s4_Dog_data", 0.021, "better"),
    ] {
        let [answers, truth] = ["answer", "truth"]
            .map(|name| shared_data(&format!("crowd_survey_dev/{folder}/{name}.csv")));
        let (Some(answers), Some(truth)) = (answers, truth) else {
            return;
        };
        let truth = std::fs::read_to_string(truth).expect("truth");
        let truth: BTreeMap<&str, &str> = truth
            .lines()
            .skip(1)
            .filter_map(|line| line.trim_end().split_once(','))
            .collect();
        let place = tempdir().expect("a folder");
        let [old, new] = ["mv", "ds"].map(|method| {
            let columns = "item=question,annotator=worker,label=answer";
            let asked = [
                "votes",
                text(&answers),
                "--columns",
                columns,
                "--method",
                method,
            ];
            let found = document(&asked);
            let mut rows = String::from("item,score\n");
            for item in found["items"].as_array().expect("items") {
                let name = item["item"].as_str().expect("a name");
                let is_right = item["label"].as_str() == truth.get(name).copied();
                let _ = writeln!(rows, "{name},{}", u8::from(is_right));
            }
            file(place.path(), &format!("{method}.csv"), rows)
        });
        let found = document(&["compare", text(&old), text(&new), "--by", "item"]);
        let n = truth.len();
        assert_eq!(found["difference"]["n"], n, "{folder}");
        let difference = found["difference"]["estimate"].as_f64().expect("a number");
        // Ties of the majority go to the first class here, half to each in the published shares.
        assert!((difference - gain).abs() < 0.03, "{folder} {difference}");
        assert_eq!(found["verdict"], verdict, "{folder} {}", found["bounds"]);
    }
}

#[test]
fn bad_tables_are_told() {
    let folder = tempdir().expect("a folder");
    let good = file(
        folder.path(),
        "good.csv",
        "item,score,drive\na,1,d\nb,2,d\n",
    );
    for (content, more, word) in [
        (
            "item,score\nx,1\ny,2\n",
            &[][..],
            "no item has a score here",
        ),
        ("item,score\na,1\na,2\n", &[], "stands twice"),
        ("item,score\na,inf\n", &[], "not finite"),
        ("item,score\na,many\n", &[], "not a number"),
        ("item,score\n,1\n", &[], "`item` is empty"),
        ("item,value\na,1\n", &[], "no column `score`"),
        ("item,score\na,1\n", &["--margin", "-1"], "margin"),
        (
            "item,score\na,1\n",
            &["--cluster", "site"],
            "neither table has a column `site`",
        ),
        (
            "item,score,drive\na,1,e\n",
            &["--cluster", "drive"],
            "an item belongs to one cluster",
        ),
        ("item,score\na,1\n", &["--bootstrap", "0"], "ask for 1000"),
    ] {
        let path = file(folder.path(), "bad.csv", content);
        let mut arguments = vec!["compare", text(&good), text(&path)];
        arguments.extend(more);
        let said = refused(&arguments);
        assert!(said.contains(word), "{content}: {said}");
    }
    let absent = refused(&["compare", text(&good), "/nowhere/x.csv"]);
    assert!(absent.contains("/nowhere/x.csv"), "{absent}");
}
