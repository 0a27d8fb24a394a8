//! `confidence`: real models with known errors, every form of tables, and what cannot be.

use super::{document, file, is_statistic, picture, refused, run, text};
use fieldassay_testkit::arrays::npy_of_floats;
use fieldassay_testkit::shared_data;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Probabilities and labels of a model, where they are there.
pub(super) fn model(name: &str) -> Option<(PathBuf, PathBuf)> {
    Some((
        shared_data(&format!(
            "cleanlab_{name}/cross_validated_predicted_probabilities/{name}_test_set_pyx.npy"
        ))?,
        shared_data(&format!(
            "cleanlab_{name}/original_test_labels/{name}_test_set_original_labels.npy"
        ))?,
    ))
}

/// Expected values by numpy: accuracy, errors of 15 bins of equal width and of equally many, and both Brier scores.
const KNOWN: [(&str, [f64; 5]); 2] = [
    (
        "mnist",
        [
            0.9913,
            0.002_975_887,
            0.001_213_737,
            0.006_884_151,
            0.014_480_971,
        ],
    ),
    (
        "20news",
        [
            0.923_393_521,
            0.201_135_964,
            0.201_135_964,
            0.107_013_105,
            0.192_912_069,
        ],
    ),
];

#[test]
fn errors_of_real_models_are_those_counted_with_numpy() {
    for (name, [accuracy, ece, adaptive, brier, over_classes]) in KNOWN {
        let Some((p, labels)) = model(name) else {
            return;
        };
        let arguments = ["confidence", text(&p), text(&labels), "--bootstrap", "50"];
        let found = document(&arguments);
        is_statistic(&found["accuracy"], accuracy, 1e-8);
        is_statistic(&found["ece"], ece, 1e-8);
        is_statistic(&found["adaptive_ece"], adaptive, 1e-8);
        is_statistic(&found["brier"], brier, 1e-8);
        is_statistic(&found["brier_classes"], over_classes, 1e-8);
        assert!(found["ece"]["low"].as_f64() < found["ece"]["high"].as_f64());
        let bins = found["reliability"].as_array().expect("bins");
        assert_eq!(bins.len(), 15);
        let mut items = 0;
        let mut most = 0.0_f64;
        for (at, bin) in bins.iter().enumerate() {
            let of = |key: &str| bin[key].as_f64().expect("a number");
            assert!((of("low_edge") - at as f64 / 15.0).abs() < 1e-15);
            assert!(of("low") <= of("accuracy") && of("accuracy") <= of("high"));
            let n = bin["n"].as_u64().expect("a count");
            items += n;
            if n > 0 {
                assert!(of("low_edge") <= of("confidence") && of("confidence") <= of("high_edge"));
                most = most.max((of("accuracy") - of("confidence")).abs());
            }
        }
        assert_eq!(found["n"], items);
        is_statistic(&found["mce"], most, 1e-12);
        assert_eq!(found, document(&arguments), "the same seed");
        let gain = &found["temperature"];
        assert_eq!(gain["ece_before"], found["ece"]["estimate"]);
        if name == "20news" {
            // It is not sure enough: a temperature below 1 mends some of it; it gives true labels a probability of 0, which
            // keeps the temperature from mending all.
            assert!(gain["temperature"].as_f64() < Some(0.9), "{gain}");
            assert!(gain["ece_after"].as_f64() < Some(0.17), "{gain}");
            assert!(
                gain["nll_after"].as_f64() < gain["nll_before"].as_f64(),
                "{gain}"
            );
        }
    }
}

#[test]
fn one_confidence_per_item_with_right_and_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut one, mut both) = (
        String::from("confidence\n"),
        String::from("item,correct,confidence\n"),
    );
    let mut right = String::from("correct\n");
    for i in 0..40 {
        let (c, hit) = (0.5 + 0.01 * f64::from(i), i % 4 != 0);
        writeln!(one, "{c}").expect("text");
        writeln!(both, "{i},{hit},{c}").expect("text");
        writeln!(right, "{}", u8::from(hit)).expect("text");
    }
    let one = file(folder.path(), "p.csv", one);
    let right = file(folder.path(), "y.csv", right);
    let both = file(folder.path(), "both.csv", both);
    let expected = document(&["confidence", text(&one), text(&right), "--bins", "5"]);
    is_statistic(&expected["accuracy"], 0.75, 1e-12);
    is_statistic(&expected["mean_confidence"], 0.695, 1e-12);
    assert_eq!(expected["brier_classes"], Value::Null);
    let found = document(&["confidence", text(&both), text(&both), "--bins", "5"]);
    for key in [
        "ece",
        "adaptive_ece",
        "mce",
        "brier",
        "accuracy",
        "reliability",
    ] {
        assert_eq!(found[key], expected[key], "{key}");
    }
}

/// Thirty items of three classes: their probabilities, and which class is true.
fn small() -> (Vec<Vec<f64>>, Vec<usize>) {
    let row = |i: usize| {
        let mut row = vec![0.2, 0.2, 0.2];
        row[i % 3] = 0.6;
        row
    };
    (0..30)
        .map(|i| (row(i), if i % 5 == 0 { (i + 1) % 3 } else { i % 3 }))
        .unzip()
}

#[test]
fn classes_by_name_by_number_and_in_any_order_of_rows() {
    let folder = tempfile::tempdir().expect("a folder");
    let (p, y) = small();
    let names = ["car", "bus", "van"];
    let line = |row: &[f64]| format!("{},{},{}\n", row[0], row[1], row[2]);
    let bare: String = p.iter().map(|row| line(row)).collect();
    let array = file(folder.path(), "p.npy", npy_of_floats(&p));
    let codes: Vec<Vec<f64>> = y.iter().map(|y| vec![*y as f64]).collect();
    let numbers = file(folder.path(), "y.npy", npy_of_floats(&codes));
    let named = file(folder.path(), "p.csv", format!("car,bus,van\n{bare}"));
    let words: Vec<&str> = y.iter().map(|y| names[*y]).collect();
    let words = words.join("\n");
    let of_words = file(folder.path(), "y.csv", format!("label\n{words}"));
    let unnamed = file(folder.path(), "bare.csv", &bare);
    let unnamed_words = file(folder.path(), "bare_y.csv", &words);
    let mut items = String::from("item,van,car,bus\n");
    for (i, row) in p.iter().enumerate() {
        writeln!(items, "i{i},{},{},{}", row[2], row[0], row[1]).expect("text");
    }
    let items = file(folder.path(), "items.csv", items);
    let mut backward = String::from("id\tclass\n");
    for i in (0..30).rev() {
        writeln!(backward, "i{i}\t{}", names[y[i]]).expect("text");
    }
    let backward = file(folder.path(), "backward.tsv", backward);
    let expected = document(&["confidence", text(&array), text(&numbers)]);
    is_statistic(&expected["accuracy"], 0.8, 1e-12);
    is_statistic(&expected["ece"], 0.2, 1e-12);
    for arguments in [
        &[text(&named), text(&of_words)][..],
        &[text(&named), text(&unnamed_words)],
        &[text(&named), text(&numbers)],
        &[text(&unnamed), text(&numbers)],
        &[
            text(&items),
            text(&backward),
            "--truth-columns",
            "item=id,label=class",
        ],
    ] {
        let mut all = vec!["confidence"];
        all.extend(arguments);
        let found = document(&all);
        for key in [
            "n",
            "ece",
            "mce",
            "brier",
            "brier_classes",
            "accuracy",
            "reliability",
        ] {
            assert_eq!(found[key], expected[key], "{key} {arguments:?}");
        }
    }
}

#[test]
fn the_picture_is_a_reliability_diagram_and_never_over_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let (p, y) = small();
    let p = file(folder.path(), "p.npy", npy_of_floats(&p));
    let codes: Vec<Vec<f64>> = y.iter().map(|y| vec![*y as f64]).collect();
    let y = file(folder.path(), "y.npy", npy_of_floats(&codes));
    let out = folder.path().join("r.svg");
    let arguments = ["confidence", text(&p), text(&y), "--plot", text(&out)];
    let svg = picture(&arguments);
    for part in [
        "right as often as sure",
        "95 % interval",
        "share of items",
        "accuracy (share right)",
    ] {
        assert!(svg.contains(part), "{part}");
    }
}

#[test]
fn what_cannot_be_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, content: &str| text(&file(folder.path(), name, content)).to_owned();
    let fine = write("p.csv", "a,b\n0.6,0.4\n0.3,0.7\n");
    let y = write("y.csv", "label\na\nb\n");
    for (p, y, said) in [
        (
            &write("sum.csv", "a,b\n0.6,0.4\n0.6,0.7\n"),
            &y,
            "item `1` add to `1.29",
        ),
        (
            &write("logits.csv", "a,b\n2.5,-1\n0.6,0.4\n"),
            &y,
            "from 0 to 1",
        ),
        (&write("gap.csv", "a,b\n,0.4\n0.6,0.4\n"), &y, "item `0`"),
        (
            &write("word.csv", "a,b\nx,0.4\n0.6,0.4\n"),
            &y,
            "row `0`: `a` is `x`",
        ),
        (
            &fine,
            &write("long.csv", "label\na\nb\na\n"),
            "`3` labels for the `2` rows",
        ),
        (
            &fine,
            &write("other.csv", "label\na\nc\n"),
            "row `1` (the first is 0): the label `c` has no column",
        ),
        (
            &fine,
            &write("empty.csv", "label,x\na,1\n,1\n"),
            "`label` is empty",
        ),
        (
            &fine,
            &write("high.csv", "label\n0\n2\n"),
            "the label `2` has no column",
        ),
        (
            &fine,
            &write("two.csv", "x,y\na,1\nb,1\n"),
            "no column `label`",
        ),
        (
            &write("one.csv", "confidence\n0.9\n0.8\n"),
            &y,
            "neither 1 (right) nor 0 (wrong)",
        ),
        (
            &write("big.csv", "confidence\n9\n0.8\n"),
            &write("c.csv", "correct\n1\n0\n"),
            "item `0` is `9`",
        ),
    ] {
        let message = refused(&["confidence", p, y]);
        assert!(message.contains(said), "{said}: {message}");
    }
    let found = run(&["confidence", &fine, &y, "--bins", "0"]);
    assert_eq!(found.code, 2, "{}", found.stderr);
    // Two items in fifteen bins: no adaptive error, no temperature, and it says so.
    let few = run(&["confidence", &fine, &y]);
    assert_eq!(few.code, 0, "{}", few.stderr);
    assert!(
        few.stderr.contains("2 items cannot fill 15 bins"),
        "{}",
        few.stderr
    );
    assert_eq!(
        document(&["confidence", &fine, &y])["adaptive_ece"],
        Value::Null
    );
}
