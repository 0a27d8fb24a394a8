//! Catalog and built-in policies agree.

use fieldassay_check::catalog;
use fieldassay_model::Policy;
use std::collections::BTreeSet;

#[test]
fn every_check_has_a_default_and_every_default_a_check() {
    let policy = Policy::built_in("default").expect("built in");
    let known: BTreeSet<&str> = catalog().iter().map(|check| check.code).collect();
    let judged: BTreeSet<&str> = policy.checks.keys().map(String::as_str).collect();
    let without_default: Vec<_> = known.difference(&judged).collect();
    let without_check: Vec<_> = judged.difference(&known).collect();
    assert!(
        without_default.is_empty() && without_check.is_empty(),
        "not in default.yaml: {without_default:?}; not in the catalog: {without_check:?}"
    );
}

#[test]
fn every_built_in_policy_parses() {
    for name in fieldassay_model::policy::BUILT_IN {
        let policy = Policy::built_in(name).expect("built in");
        assert_eq!(policy.name, name);
        assert!(!policy.description.is_empty());
    }
}

#[test]
fn texts_are_complete_and_name_what_they_fill_in() {
    for check in catalog() {
        for (what, text) in [
            ("title", check.title),
            ("fact", check.fact),
            ("meaning", check.meaning),
            ("formula", check.formula),
            ("source", check.source),
            ("blind_spots", check.blind_spots),
            ("message", check.message),
            ("hint", check.hint),
        ] {
            assert!(!text.is_empty(), "{} has no {what}", check.code);
            assert_eq!(text.trim(), text, "{} {what}", check.code);
        }
        assert_eq!(
            check.message.matches('{').count(),
            check.message.matches('}').count(),
            "{}",
            check.code
        );
        assert!(check.code.contains('.'), "{}", check.code);
    }
}
