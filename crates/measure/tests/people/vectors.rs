//! Every vector through the registry, at its own tolerance.

use fieldassay_measure::registry;
use fieldassay_testkit::people::{PEOPLE, people_vectors};
use fieldassay_testkit::repository_root;
use serde_json::Value;

/// The first place where `found` lacks or differs from what is expected.
fn difference(at: &str, found: &Value, expected: &Value, tolerance: f64) -> Option<String> {
    match expected {
        Value::Object(expected) => expected
            .iter()
            .find_map(|(key, e)| difference(&format!("{at}.{key}"), &found[key], e, tolerance)),
        Value::Array(expected) => {
            if found.as_array().map(Vec::len) != Some(expected.len()) {
                return Some(format!("{at}: found {found}, expected {expected:?}"));
            }
            let entries = expected.iter().enumerate();
            entries
                .into_iter()
                .find_map(|(i, e)| difference(&format!("{at}[{i}]"), &found[i], e, tolerance))
        }
        Value::Number(expected) => {
            let expected = expected.as_f64().unwrap_or(f64::NAN);
            let found = found.get("estimate").unwrap_or(found).as_f64();
            let close =
                found.is_some_and(|x| (x - expected).abs() <= tolerance * expected.abs().max(1.0));
            (!close).then(|| format!("{at}: found {found:?}, expected {expected}"))
        }
        other => (found != other).then(|| format!("{at}: found {found}, expected {other}")),
    }
}

#[test]
fn vectors_agree() {
    let folder = repository_root().join("conformance/annotation");
    let mut wrong = Vec::new();
    for (file, _) in PEOPLE {
        let text = std::fs::read_to_string(folder.join(format!("{file}.json"))).unwrap();
        let cases = people_vectors(file, &serde_json::from_str(&text).unwrap()).unwrap();
        assert!(!cases.is_empty(), "{file}: no cases");
        for case in cases {
            let measure =
                registry::find(case.measure).unwrap_or_else(|| panic!("no {}", case.measure));
            let name = format!("{file} {}", case.entry);
            match ((measure.run)(&case.case), &case.out) {
                (Ok(found), Some(out)) => {
                    wrong.extend(difference(&name, &found, out, case.tolerance));
                }
                (Err(_), None) => {}
                (found, _) => wrong.push(format!("{name}: {found:?}")),
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
