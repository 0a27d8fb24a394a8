use super::*;
use fieldassay_testkit::shared_data;

/// What is in the shared data, by form.
fn count(survey: &Survey, form: Form) -> usize {
    survey
        .inputs
        .iter()
        .filter(|input| input.form == form)
        .count()
}

#[test]
fn everything_under_a_folder_is_known_or_skipped_with_a_reason() {
    let Some(root) = shared_data("README.md").and_then(|path| Some(path.parent()?.to_owned()))
    else {
        return;
    };
    let inputs = [root.display().to_string()];
    let taken = crate::sources::find(&inputs, &Limits::default()).expect("recordings");
    let survey = survey(&[root], &taken, None, &|_| None).expect("a survey");
    assert_eq!(count(&survey, Form::Voc), 1);
    assert_eq!(count(&survey, Form::OpenLabel), 52);
    assert_eq!(count(&survey, Form::CommonRoad), 4);
    assert_eq!(count(&survey, Form::Argoverse2), 5);
    assert!(survey.skipped_count > 100);
    assert!(survey.skipped.iter().all(|one| !one.reason.is_empty()));
    let of_log = |input: &LabelInput| taken.iter().any(|taken| input.path.starts_with(taken));
    assert!(!survey.inputs.iter().any(of_log), "recordings are searched");
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    folder
}

#[test]
fn files_of_yolo_belong_to_the_names_above_them() {
    const BOX: &str = "0 0.5 0.5 0.1 0.1\n";
    let made = folder(&[
        ("a/data.yaml", "names: [cat]\n"),
        ("a/labels/train/1.txt", BOX),
        ("a/labels/train/2.txt", ""),
        ("a/labels/val/3.txt", BOX),
        ("b/4.txt", BOX),
    ]);
    let root = made.path();
    let all = survey(&[root.to_owned()], &[], None, &|_| None).expect("a survey");
    assert_eq!((all.inputs.len(), all.skipped_count), (1, 1));
    assert_eq!(
        (all.inputs[0].path.clone(), all.inputs[0].files.len()),
        (root.join("a"), 4)
    );
    assert!(all.skipped[0].reason.contains("--as yolo"));
    // Names above what was named are found too; who says what it is needs none.
    let part = find(&[root.join("a/labels/val")], &[], None, &|_| None).expect("labels");
    assert_eq!(part.inputs[0].files.len(), 2);
    let bare = find(&[root.join("b")], &[], Some(Form::Yolo), &|_| None).expect("labels");
    assert_eq!((bare.inputs.len(), bare.inputs[0].form), (1, Form::Yolo));
}

#[test]
fn what_belongs_to_recordings_is_not_left_over() {
    let metadata = "rosbag2_bagfile_information:\n  version: 5\n";
    let made = folder(&[
        ("context.yaml", "site: here\n"),
        ("bag/drive.context.yaml", "site: there\n"),
        ("bag/metadata.yaml", metadata),
        ("bag/drive.db3", "x"),
        ("empty/metadata.yaml", metadata),
        ("my-context.yaml", "site: nowhere\n"),
    ]);
    let root = made.path();
    let taken = [root.join("bag/drive.db3")];
    let all = survey(&[root.to_owned()], &taken, None, &|_| None).expect("a survey");
    let skipped = all.skipped.iter().map(ToString::to_string);
    let skipped: Vec<String> = skipped.collect();
    assert_eq!(skipped.len(), 2, "{skipped:?}");
    assert!(
        skipped[0].contains("empty/metadata.yaml: what lies beside"),
        "{skipped:?}"
    );
    assert!(skipped[1].contains("my-context.yaml"), "{skipped:?}");
}

#[test]
fn what_is_named_and_nothing_known_is_an_error_that_says_what_was_seen() {
    let made = folder(&[
        ("a.csv", "item,label,confidence\n1,cat,0.5\n"),
        ("b/c.xosc", "<OpenSCENARIO/>"),
        ("d/e.mcap", "x"),
        ("f/LICENSE", "x"),
        ("f/a.json", "{\"images\": ["),
        ("f/b.xml", "<a/>"),
        ("g/rows.json", "{\"a\": 1}\n{\"a\": 2}\n"),
        ("f/c.pb", "x"),
    ]);
    let root = made.path();
    let error = |name: &str| {
        let found = find(&[root.join(name)], &[], None, &|_| None);
        found.expect_err("nothing known").to_string()
    };
    assert!(error("a.csv").contains("--as labels"), "{}", error("a.csv"));
    assert!(error("b").contains("`<OpenSCENARIO>`"), "{}", error("b"));
    assert!(error("x").contains("does not exist"), "{}", error("x"));
    assert!(error("g").contains("named .jsonl"), "{}", error("g"));
    // What tells most is named first, and not by the whole path again.
    let many = error("f");
    for part in [
        "`a.json` is JSON that cannot be read: EOF",
        "line 1",
        "`<a>`",
        "`c.pb`",
    ] {
        assert!(many.contains(part), "{part}: {many}");
    }
    assert!(
        many.contains("; 4 files in all") && !many.contains("LICENSE"),
        "{many}"
    );
    let labels = find(&[root.join("a.csv")], &[], Some(Form::Labels), &|_| None).expect("labels");
    assert_eq!(labels.inputs[0].form, Form::Labels);
    let taken = [root.join("d/e.mcap")];
    assert_eq!(
        find(&[root.join("d")], &taken, None, &|_| None)
            .expect("a recording")
            .inputs,
        []
    );
    assert_eq!(
        find(&taken, &taken, None, &|_| None)
            .expect("a recording")
            .inputs,
        []
    );
}
