//! The same tables as CSV, JSON lines, `NumPy` and Parquet, the last written by pyarrow and by Polars, give the same answers.

use super::{document, text};
use fieldassay_testkit::repository_root;
use serde_json::Value;
use std::path::PathBuf;

fn table(name: &str) -> PathBuf {
    repository_root().join("conformance/table").join(name)
}

/// The documents of one verb on every form of its table, without what names the file or tells of its form.
fn answers(verb: &[&str], forms: &[&str], more: &[&str]) -> Vec<Value> {
    let one = |form: &&str| {
        let path = table(form);
        let arguments: Vec<&str> = [verb, &[text(&path)], more].concat();
        let mut found = document(&arguments);
        let fields = found.as_object_mut().expect("an object");
        fields.retain(|key, _| !["input", "notes"].contains(&key.as_str()));
        found
    };
    forms.iter().map(one).collect()
}

#[test]
fn votes_are_the_same_in_every_form() {
    let forms = [
        "votes.csv",
        "votes.jsonl",
        "votes_pyarrow.parquet",
        "votes_polars.parquet",
    ];
    for verb in [&["agree"][..], &["votes", "--method", "ds"]] {
        let found = answers(verb, &forms, &[]);
        for (form, other) in forms.iter().zip(&found) {
            assert_eq!(other, &found[0], "{verb:?} {form}");
        }
    }
    let first = document(&["votes", text(&table(forms[2]))]);
    assert_eq!(first["items"].as_array().map(Vec::len), Some(60));
}

#[test]
fn probabilities_are_the_same_in_every_form() {
    let labels = table("labels.npy");
    let forms = [
        "probabilities.npy",
        "probabilities_pyarrow.parquet",
        "probabilities_polars.parquet",
    ];
    for verb in ["confidence", "label-errors"] {
        let found = answers(&[verb], &forms, &[text(&labels)]);
        let [first, others @ ..] = found.as_slice() else {
            unreachable!("three forms were asked for");
        };
        for other in others {
            assert_eq!(without_names(other), without_names(first), "{verb}");
        }
        assert_ne!(without_names(first), Value::Null);
    }
}

/// `NumPy` numbers the classes, Parquet names them.
fn without_names(document: &Value) -> Value {
    let told = ["car", "pedestrian", "cyclist"];
    let mut words = document.to_string();
    for (i, name) in told.iter().enumerate() {
        words = words.replace(&format!("\"{name}\""), &format!("\"{i}\""));
    }
    serde_json::from_str(&words).expect("JSON")
}
