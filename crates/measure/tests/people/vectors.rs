//! Every vector through the registry, at its own tolerance.

use fieldassay_measure::registry;
use fieldassay_testkit::people::{PEOPLE, people_vectors};
use fieldassay_testkit::{Comparison, repository_root};

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
                    let mut to = Comparison::default();
                    to.agree(&name, &found, out, case.tolerance);
                    wrong.extend(to.differences);
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
