use super::*;
use crate::workspace::layouts::{Form, find, survey};
use arrow_array::RecordBatch;
use fieldassay_testkit::{loud, shared_data};
use std::path::PathBuf;

fn rows(input: &LabelInput, options: &Options) -> (BTreeMap<&'static str, RecordBatch>, LeftOut) {
    let mut out = Gathered::default();
    let left_out = gather(input, "r-0123456789abcdef", options, &mut out);
    let left_out = left_out.unwrap_or_else(|error| panic!("{}: {error}", input.path.display()));
    (checked(out), left_out)
}

/// The rows, which the store takes.
fn checked(out: Gathered) -> BTreeMap<&'static str, RecordBatch> {
    let batches = out.batches().expect("rows of the declared tables");
    let sorted = batches.into_iter().map(|(table, batch)| {
        let sorted = fieldassay_store::sorted(table, &batch).expect("rows the store takes");
        (table.name, sorted)
    });
    sorted.collect()
}

#[test]
fn all_of_the_shared_data_gives_rows() {
    let Some(root) = shared_data("README.md").and_then(|path| Some(path.parent()?.to_owned()))
    else {
        return;
    };
    let inputs = [root.display().to_string()];
    let taken =
        crate::sources::find(&inputs, &crate::limits::Limits::default()).expect("recordings");
    let options = Options {
        image_sizes: None::<PathBuf>,
        ..Options::default()
    };
    for input in survey(&[root], &taken, None).expect("a survey").inputs {
        if [Form::Yolo, Form::OpenImages].contains(&input.form) {
            continue;
        }
        let (tables, left_out) = rows(&input, &options);
        let counts: Vec<String> = tables
            .iter()
            .map(|(name, batch)| format!("{name} {}", batch.num_rows()))
            .collect();
        loud(&format!(
            "{} {}: {} {left_out:?}",
            input.form.name(),
            input.path.display(),
            counts.join(" ")
        ));
        assert!(!tables.is_empty(), "{}", input.path.display());
    }
}
