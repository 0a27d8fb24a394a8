use super::{contract, speed};
use crate::contract::*;
use crate::ontology::Ontology;
use expect_test::{Expect, expect};
use proptest::prelude::*;
use std::fmt::Write as _;

fn check_compare(old: &Contract, new: &Contract, expected: &Expect) {
    let changes = compare(old, new, &[]).unwrap();
    let mut text = format!(
        "{} / {}\n",
        changes.compatibility.name(),
        changes.with_migration.name()
    );
    for change in &changes.changes {
        let field = change
            .field
            .as_deref()
            .map(|f| format!(" {f}"))
            .unwrap_or_default();
        let migrated = if change.migrated { ", migrated" } else { "" };
        let _ = writeln!(
            text,
            "{}{field} {}: {} -> {}: {}{migrated}: {}",
            change.stream,
            change.part,
            change.before,
            change.after,
            change.compatibility.name(),
            change.explanation
        );
    }
    expected.assert_eq(&text);
}

#[test]
fn changes_are_classified_and_explained() {
    let base = "{type: float32, unit: m/s, min: 0, max: 50, nulls: never}";
    let old = speed(1, base, "");
    let change = |rule: &str| speed(2, rule, "");
    check_compare(
        &old,
        &change("{type: float64, unit: m/s, min: 0, max: 60, nulls: never}"),
        &expect![[r"
        backward / backward
        /odom speed range: 0 to 50 m/s -> 0 to 60 m/s: backward: readers of version 1 would meet values above 50 m/s
        /odom speed type: float32 -> float64: backward: readers of version 1 would meet values of float64 that float32 does not hold
    "]],
    );
    check_compare(
        &old,
        &change("{type: float32, unit: m/s, min: 0, max: 40, nulls: never, finite: true}"),
        &expect![[r"
        forward / forward
        /odom speed finite: any -> finite: forward: data of version 1 may have NaN or infinities, which readers of version 2 do not expect
        /odom speed range: 0 to 50 m/s -> 0 to 40 m/s: forward: data of version 1 may have values above 40 m/s, which readers of version 2 do not expect
    "]],
    );
    check_compare(
        &old,
        &change("{type: float32, unit: km/h, min: 0, max: 180, nulls: {at_most: 0.1}}"),
        &expect![[r"
        none / none
        /odom speed nulls: 0 % -> 10 %: backward: readers of version 1 would meet up to 10 % missing values
        /odom speed unit: m/s -> km/h: none: readers of version 1 would meet the unit km/h; data of version 1 may have the unit m/s, which readers of version 2 do not expect
    "]],
    );
    check_compare(
        &old,
        &change("{type: int64, unit: m/s, min: 0, max: 50, nulls: never, required: false}"),
        &expect![[r"
        none / none
        /odom speed presence: required -> optional: backward: readers of version 1 would meet no `speed`
        /odom speed type: float32 -> int64: none: readers of version 1 would meet values of int64 that float32 does not hold; data of version 1 may have values of float32 that int64 does not hold, which readers of version 2 do not expect
    "]],
    );
    check_compare(
        &old,
        &change(base),
        &expect![[r"
        full / full
    "]],
    );
}

#[test]
fn channels_tables_context_and_ontologies_are_compared() {
    let old = contract(
        "contract: c\nversion: 1\nontology: warehouse@2\nchannels:\n  /a: {schema: A, rate_hz: {min: 9}}\n  /b: {}\n  /c: {required: false}\ncontext: {light: {allowed: [day, night]}}\ntables: {objects: {categories: [car, van]}}\n",
    );
    let new = contract(
        "contract: c\nversion: 2\nontology: warehouse@3\nchannels:\n  /a: {schema: B, rate_hz: {min: 5, max: 11}, frame: base}\n  /d: {}\n  /e: {required: false}\ncontext: {light: {allowed: [day]}, site: {}}\ntables: {objects: {categories: [car, van, bus]}}\n",
    );
    check_compare(
        &old,
        &new,
        &expect![[r"
        none / none
        /a frame: any -> base: forward: data of version 1 may have another frame than base, which readers of version 2 do not expect
        /a rate_hz: 9 Hz or more -> 5 to 11 Hz: none: readers of version 1 would meet rates below 9 Hz; data of version 1 may have rates above 11 Hz, which readers of version 2 do not expect
        /a schema: A -> B: none: readers of version 1 would meet the schema B; data of version 1 may have the schema A, which readers of version 2 do not expect
        /b presence: required -> absent: backward: readers of version 1 would meet no `/b`
        /c presence: optional -> absent: full: nobody is affected
        /d presence: absent -> required: forward: data of version 1 may have no `/d`, which readers of version 2 do not expect
        /e presence: absent -> optional: full: nobody is affected
        context light allowed: one of day, night -> day: forward: data of version 1 may have `night`, which readers of version 2 do not expect
        context site presence: absent -> required: forward: data of version 1 may have no `site`, which readers of version 2 do not expect
        contract ontology: not known -> not known: none: ontology `warehouse@2` is not at hand, so nothing can be promised
        objects categories: one of car, van -> one of bus, car, van: backward: readers of version 1 would meet `bus`
    "]],
    );
}

#[test]
fn a_new_ontology_is_judged_by_what_becomes_of_its_labels() {
    let parse = |yaml: &str| Ontology::parse(yaml).unwrap();
    let two = parse("ontology: w\nversion: 2\nclasses: {car: {}, van: {}, dog: {}}\n");
    let three = parse(
        "ontology: w\nversion: 3\nclasses: {auto: {}, dog: {}, cat: {}}\nmappings:\n  - to: w@2\n    classes: {auto: [car, van], dog: dog, cat: ~}\n",
    );
    let with = |version: u32, id: &str| {
        contract(&format!(
            "contract: c\nversion: {version}\nontology: {id}\ntables: {{objects: {{categories: ontology}}}}\n"
        ))
    };
    let changes = compare(&with(1, "w@2"), &with(2, "w@3"), &[two, three]).unwrap();
    let ontology = changes
        .changes
        .iter()
        .find(|c| c.part == "ontology")
        .unwrap();
    expect![[r"
        backward readers of version 1 would meet classes that have no one place: `auto`, `cat`
    "]]
    .assert_eq(&format!(
        "{} {}\n",
        ontology.compatibility.name(),
        ontology.explanation
    ));
}

#[test]
fn what_breaks_is_refused_with_the_difference_unless_a_migration_covers_it() {
    let old = speed(1, "{unit: km/h, min: 0, max: 180}", "");
    let broken = speed(2, "{unit: m/s, min: 0, max: 50}", "");
    let refused = accept(&old, &broken, &[]).expect_err("a break");
    expect![[r"
        version `2` must stay `backward` compatible and is not:
          `speed` of `/odom`, unit: `km/h` becomes `m/s`: readers of version 1 would meet the unit m/s; data of version 1 may have the unit km/h, which readers of version 2 do not expect
        hint: take the change back, declare a `migrate` step for old data, or give the contract a new name
    "]].assert_eq(&format!("{refused}\n"));
    let step = "migrate:\n  from: 1\n  steps:\n    - unit: {in: /odom, field: speed, from: km/h, to: m/s}\n";
    let new = speed(2, "{unit: m/s, min: 0, max: 50}", step);
    let changes = accept(&old, &new, &[]).unwrap();
    assert_eq!(changes.compatibility, Compatibility::None);
    assert_eq!(changes.with_migration, Compatibility::Backward);
    assert!(changes.changes.iter().all(|change| change.migrated));
    // A migration brings old data forward, it helps no reader of the old version.
    let mut full = old.clone();
    full.compatibility = Mode::Full;
    assert!(matches!(
        accept(&full, &new, &[]),
        Err(Refused::Breaking { .. })
    ));
    let mut free = old.clone();
    free.compatibility = Mode::None;
    assert!(accept(&free, &broken, &[]).is_ok());
    // A narrower range behind the migration is seen.
    let narrow = speed(2, "{unit: m/s, min: 0, max: 40}", step);
    let refused = accept(&old, &narrow, &[]).expect_err("a narrower range");
    assert!(
        refused.to_string().contains("values above 40 m/s"),
        "{refused}"
    );
    assert_eq!(
        accept(&new, &old, &[]).expect_err("a lower version").code(),
        "contract.version"
    );
    let mut other = new.clone();
    other.contract = "lidar".to_owned();
    assert_eq!(
        accept(&old, &other, &[]).expect_err("another name").code(),
        "contract.other"
    );
}

proptest! {
    /// Comparing is the other way round when the versions are.
    #[test]
    fn compatibility_is_mirrored(a in 0.0_f64..10.0, b in 10.0_f64..20.0, c in 0.0_f64..10.0, d in 10.0_f64..20.0, nulls in any::<[bool; 2]>()) {
        let make = |min: f64, max: f64, never: bool| {
            speed(1, &format!("{{min: {min}, max: {max}, nulls: {}}}", if never { "never" } else { "allowed" }), "")
        };
        let (x, y) = (make(a, b, nulls[0]), make(c, d, nulls[1]));
        let there = compare(&x, &y, &[]).unwrap().compatibility;
        let back = compare(&y, &x, &[]).unwrap().compatibility;
        prop_assert_eq!(there.keeps(Side::Backward), back.keeps(Side::Forward));
        prop_assert_eq!(there.keeps(Side::Forward), back.keeps(Side::Backward));
        // The promise itself: where old data may be read, every old value meets the new rule.
        if there.keeps(Side::Backward) {
            for value in [a, f64::midpoint(a, b), b] {
                prop_assert!((c..=d).contains(&value));
            }
        }
    }
}
