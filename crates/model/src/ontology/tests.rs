use super::*;
use expect_test::{Expect, expect};
use proptest::prelude::*;

const WAREHOUSE: &str = include_str!("../../../../examples/warehouse.ontology.yaml");

fn ontology(yaml: &str) -> Ontology {
    Ontology::parse(yaml).unwrap_or_else(|error| panic!("{error}"))
}

fn check_error(yaml: &str, expected: &Expect) {
    let error = Ontology::parse(yaml).expect_err("an ontology with a fault");
    expected.assert_eq(&format!("{}: {error}\n", error.code()));
}

fn id(text: &str) -> OntologyId {
    OntologyId::try_from(text.to_owned()).unwrap()
}

#[test]
fn what_does_not_hold_together_is_refused() {
    let with = |classes: &str| format!("ontology: w\nversion: 2\nclasses:\n  car: {{}}\n{classes}");
    check_error(
        &with("  van: {parent: vehicel}\n  vehicle: {}\n"),
        &expect![[r"
        file.contradiction: ontology, line `5`: `van` is a kind of `vehicel`, which is no class
        hint: did you mean `vehicle`?
    "]],
    );
    check_error(
        &with("  a: {parent: b}\n  b: {parent: c}\n  c: {parent: a}\n"),
        &expect![[r"
        file.contradiction: ontology, line `5`: classes are kinds of each other: `a` of `b` of `c` of `a`
        hint: drop one `parent`
    "]],
    );
    check_error(
        &with("  Car: {}\n"),
        &expect![[r"
        file.contradiction: ontology, line `4`: `Car` and `car` are one name to people
        hint: keep one, and map the other's labels to it
    "]],
    );
    check_error(
        &with("  car: {}\n"),
        &expect![[r"
        file.yaml: ontology, line `5`: not valid YAML: duplicate mapping key: car
        hint: correct the line, or the one before it
    "]],
    );
    check_error(
        &with("  a: {id: 3}\n  b: {id: 3}\n"),
        &expect![[r"
        file.contradiction: ontology, line `6`: `a` and `b` both have id `3`
        hint: ids are unique
    "]],
    );
    check_error(
        &with("  van: {deprecated: {since: 2, successor: cra}}\n"),
        &expect![[r"
        file.contradiction: ontology, line `5`: the successor of `van` is `cra`, which is no class
        hint: did you mean `car`?
    "]],
    );
    check_error(
        &with("  van: {deprecated: {since: 4}}\n"),
        &expect![[r"
        file.contradiction: ontology, line `5`: `van` is deprecated since version `4`, and this is `2`
        hint: correct `since`
    "]],
    );
    check_error(
        &with("  van: {attributes: {color: []}}\n"),
        &expect![[r"
        file.contradiction: ontology, line `5`: attribute `color` of `van` may have no value
        hint: list its values
    "]],
    );
    check_error(
        &with("  van: {atributes: {}}\n"),
        &expect![[r"
        file.unknown: ontology, line `5`: unknown key `atributes`
        hint: did you mean `attributes`?
    "]],
    );
    check_error(
        &with("mappings:\n  - {to: coco@2017, classes: {cra: car}}\n"),
        &expect![[r"
        file.contradiction: ontology, line `6`: the mapping to `coco@2017` names `cra`, which is no class
        hint: did you mean `car`?
    "]],
    );
    check_error(
        &with("  van: {}\nmappings:\n  - {to: coco@2017, classes: {car: car, van: car}}\n"),
        &expect![[r"
        file.contradiction: ontology, line `7`: `car` and `van` both map exactly to `car`
        hint: where they are merged, write `{broader: car}`
    "]],
    );
    check_error(
        &with("mappings:\n  - to: coco@2017\n    classes:\n      car: {brodaer: vehicle}\n"),
        &expect![[r"
        file.unknown: ontology, line `8`: unknown key `brodaer`
        hint: did you mean `broader`?
    "]],
    );
    check_error(
        &with("mappings:\n  - to: coco\n    classes: {}\n"),
        &expect![[r"
        file.contradiction: ontology, line `6`: `coco` names no version of an ontology
        hint: `name@version`, as `warehouse@3`
    "]],
    );
}

#[test]
fn labels_are_mapped_with_how_well_they_fit() {
    let own = ontology(WAREHOUSE);
    let before = id("warehouse@2");
    let shown = |label: &str| {
        let mapped = own.map(&before, label).unwrap();
        format!(
            "{label}: {:?} {:?} through {:?}\n",
            mapped.relation, mapped.classes, mapped.through
        )
    };
    let text: String = own.classes.keys().map(|label| shown(label)).collect();
    expect![[r#"
        box: Split ["carton", "crate"] through None
        cart: None [] through None
        carton: Split ["carton", "crate"] through Some("box")
        forklift: Broader ["truck"] through None
        load: Exact ["load"] through None
        other: Exact ["other"] through None
        pallet: Broader ["load"] through Some("load")
        person: Exact ["person"] through None
        robot: Broader ["truck"] through None
        vehicle: None [] through None
    "#]]
    .assert_eq(&text);
    let error = own.map(&before, "palet").expect_err("a slip");
    expect![[r"
        `warehouse@3` has no class `palet`; hint: did you mean `pallet`?
    "]]
    .assert_eq(&format!("{error}\n"));
    let error = own.map(&id("coco@2"), "pallet").expect_err("no mapping");
    expect![[r"
        `warehouse@3` has no mapping to `coco@2`; hint: it maps to `warehouse@2`, `coco@2017`
    "]]
    .assert_eq(&format!("{error}\n"));
    let losses: Vec<String> = own
        .losses(&before)
        .unwrap()
        .iter()
        .map(|loss| format!("{}\n", loss.explanation))
        .collect();
    expect![[r"
        `box` is one of `carton`, `crate`: labels need a look
        `cart` has no place: labels are dropped
        `forklift` cannot be told from `robot` in `truck`
        `load` holds more than `pallet`
        `robot` cannot be told from `forklift` in `truck`
    "]]
    .assert_eq(&losses.concat());
}

#[test]
fn targets_must_be_there() {
    let own = ontology(
        "ontology: w\nversion: 1\nclasses: {human: {}, dog: {}, thing: {}}\nmappings:\n  - to: coco@2017\n    classes: {human: persn, dog: dog, thing: animal}\n",
    );
    let coco = Ontology::built_in("coco").unwrap();
    let problems: Vec<String> = own
        .problems(&coco)
        .unwrap()
        .iter()
        .map(|p| format!("{}: {}\n", p.class, p.message))
        .collect();
    expect![[r"
        human: `coco@2017` has no class `persn`; hint: did you mean `person`?
        thing: `animal` is abstract in `coco@2017`; hint: only `broader` leads there
    "]]
    .assert_eq(&problems.concat());
}

#[test]
fn the_lists_that_come_with_the_program_hold_together() {
    for (name, labels) in [
        ("argoverse", 30),
        ("coco", 80),
        ("nuscenes", 23),
        ("nuscenes-detection", 10),
        ("openlabel", 22),
    ] {
        let vocabulary = Ontology::built_in(name).unwrap();
        assert_eq!(vocabulary.labels().len(), labels, "{name}");
        assert!(!vocabulary.source.is_empty());
        for mapping in &vocabulary.mappings {
            let to = Ontology::built_in_version(&mapping.to)
                .expect("a vocabulary that comes with the program");
            assert_eq!(vocabulary.problems(&to).unwrap(), [], "{name}");
        }
    }
    assert!(Ontology::built_in("cocoa").is_err());
}

#[test]
fn public_vocabularies_map_as_their_owners_say() {
    let nuscenes = Ontology::built_in("nuscenes").unwrap();
    let detection = id("nuscenes-detection@1");
    let target = |label: &str| nuscenes.map(&detection, label).unwrap().classes.join(" ");
    assert_eq!(target("human.pedestrian.child"), "pedestrian");
    assert_eq!(target("vehicle.bus.bendy"), "bus");
    assert_eq!(target("human.pedestrian.stroller"), "");
    let openlabel = id("openlabel@1");
    let mapped = nuscenes
        .map(&openlabel, "vehicle.emergency.police")
        .unwrap();
    assert_eq!(
        (mapped.classes.concat().as_str(), mapped.relation),
        ("VehicleEmergency", Relation::Broader)
    );
    // A stroller is no pedestrian, although its name says so.
    assert_eq!(
        nuscenes
            .map(&openlabel, "human.pedestrian.stroller")
            .unwrap()
            .relation,
        Relation::None
    );
    let argoverse = Ontology::built_in("argoverse").unwrap();
    assert_eq!(
        argoverse
            .map(&openlabel, "REGULAR_VEHICLE")
            .unwrap()
            .relation,
        Relation::Split
    );
    assert_eq!(
        argoverse.map(&openlabel, "BOLLARD").unwrap().relation,
        Relation::None
    );
}

#[test]
fn the_digest_is_of_what_decides() {
    let own = ontology(WAREHOUSE);
    let mut other = own.clone();
    other.about.clear();
    other.classes.get_mut("pallet").unwrap().definition.clear();
    assert_eq!(own.sha256(), other.sha256());
    other.classes.remove("pallet");
    assert_ne!(own.sha256(), other.sha256());
    assert_eq!(ontology(&own.canonical_json()).sha256(), own.sha256());
    let schema = Ontology::json_schema();
    assert_eq!(schema["additionalProperties"], false);
}

proptest! {
    /// A file cut, or with a stretch of it put elsewhere, is read or refused, and what is refused names a line of it.
    #[test]
    fn damaged_files_are_read_or_refused(from in 0_usize..2000, length in 0_usize..60, to in 0_usize..2000) {
        let mut chars: Vec<char> = WAREHOUSE.chars().collect();
        let from = from % chars.len();
        let piece: Vec<char> = chars.drain(from..(from + length).min(WAREHOUSE.chars().count())).collect();
        let to = to % (chars.len() + 1);
        chars.splice(to..to, piece);
        let text: String = chars.into_iter().collect();
        if let Err(error) = Ontology::parse(&text) {
            prop_assert!(error.line <= text.lines().count() as u64 + 1, "{error}");
        }
    }
}
