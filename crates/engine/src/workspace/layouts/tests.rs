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
    let survey = survey(&[root], &taken, None).expect("a survey");
    for input in &survey.inputs {
        fieldassay_testkit::loud(&format!(
            "{} {} ({})",
            input.form.name(),
            input.path.display(),
            input.files.len()
        ));
    }
    for skipped in &survey.skipped {
        fieldassay_testkit::loud(&format!(
            "-- {} x{}: {}",
            skipped.path.display(),
            skipped.count,
            skipped.reason
        ));
    }
    assert_eq!(count(&survey, Form::Voc), 1);
    assert_eq!(count(&survey, Form::OpenLabel), 52);
    assert!(survey.skipped_count > 100);
}
