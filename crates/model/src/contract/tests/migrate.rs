use super::{contract, speed};
use crate::contract::*;
use expect_test::expect;
use proptest::prelude::*;

const V1: &str = "contract: c\nversion: 1\nchannels:\n  /vehicle/odo:\n    fields:\n      v: {type: int32, unit: km/h}\n      stamp: {type: int64, unit: us}\ntables: {objects: {categories: [car, van, vehicle]}}\n";
const V2: &str = "contract: c\nversion: 2\nchannels:\n  /odom:\n    fields:\n      speed: {type: float64, unit: m/s}\n      stamp: {type: int64, unit: us}\ntables: {objects: {categories: [car, van, truck, bus]}}\nmigrate:\n  from: 1\n  steps:\n    - rename: {in: /vehicle/odo, to: /odom}\n    - rename: {in: /odom, field: v, to: speed}\n    - widen: {in: /odom, field: speed, from: int32, to: float64}\n    - unit: {in: /odom, field: speed, from: km/h, to: m/s}\n    - split:\n        in: objects\n        category: vehicle\n        into: [truck, bus, car]\n        cases:\n          - {when: {field: length_m, min: 11}, to: bus}\n          - {when: {field: length_m, min: 6, below: 11}, to: truck}\n          - {when: {field: origin, equals: model}, to: car}\n";
const V3: &str = "contract: c\nversion: 3\nchannels:\n  /odom:\n    fields:\n      speed: {type: float64, unit: m/s}\n      stamp: {type: int64, unit: ns}\ntables: {objects: {categories: [car, truck, bus]}}\nmigrate:\n  from: 2\n  steps:\n    - unit: {in: /odom, field: stamp, from: us, to: ns}\n    - merge: {in: objects, categories: [car, van], into: car}\n    - deprecate: {in: objects, category: bus, successor: truck}\n";

fn stream(name: &str, fields: &[(&str, Cells)]) -> Stream {
    Stream {
        name: name.to_owned(),
        fields: fields
            .iter()
            .map(|(name, cells)| ((*name).to_owned(), cells.clone()))
            .collect(),
    }
}

fn texts(words: &[&str]) -> Cells {
    Cells::Text(
        words
            .iter()
            .map(|word| (!word.is_empty()).then(|| (*word).to_owned()))
            .collect(),
    )
}

#[test]
fn old_columns_come_in_the_new_form() {
    let (one, two, three) = (contract(V1), contract(V2), contract(V3));
    assert!(
        accept(&one, &two, &[]).is_ok(),
        "{:#?}",
        compare(&one, &two, &[])
    );
    accept(&two, &three, &[]).unwrap();
    let all = Migration::through(&[&one, &two, &three]).unwrap().unwrap();
    let odom = stream(
        "/vehicle/odo",
        &[
            ("v", Cells::Integer(vec![Some(18), None, Some(-36)])),
            ("stamp", Cells::Integer(vec![Some(5), Some(6), None])),
        ],
    );
    let (odom, notes) = all.apply(odom).unwrap();
    assert_eq!(
        odom,
        stream(
            "/odom",
            &[
                ("speed", Cells::Real(vec![Some(5.0), None, Some(-10.0)])),
                ("stamp", Cells::Integer(vec![Some(5000), Some(6000), None])),
            ]
        )
    );
    assert_eq!(notes, Notes::default());
    assert_eq!(all.name_of("/vehicle/odo"), "/odom");
    let objects = stream(
        "objects",
        &[
            (
                "category",
                texts(&["car", "van", "vehicle", "vehicle", "vehicle", "vehicle", ""]),
            ),
            (
                "length_m",
                Cells::Real(vec![
                    None,
                    None,
                    Some(12.0),
                    Some(6.0),
                    Some(4.0),
                    Some(f64::NAN),
                    None,
                ]),
            ),
            (
                "origin",
                texts(&["human", "human", "human", "human", "model", "human", ""]),
            ),
        ],
    );
    let (objects, notes) = all.apply(objects).unwrap();
    assert_eq!(
        objects.fields["category"],
        texts(&["car", "car", "bus", "truck", "car", "", ""])
    );
    assert_eq!(
        (notes.relabel[0].count, &notes.relabel[0].rows[..]),
        (1, &[5][..])
    );
    assert_eq!(
        (
            notes.deprecated[0].count,
            notes.deprecated[0].successor.as_deref()
        ),
        (1, Some("truck"))
    );
    let record = all.record();
    assert_eq!(
        (record.from.version, record.to.version, record.steps.len()),
        (1, 3, 8)
    );
    assert_eq!(record.from, one.reference());
}

#[test]
fn values_without_an_exact_form_are_errors_that_name_them() {
    let (two, three) = (contract(V2), contract(V3));
    let late = Migration::between(&two, &three).unwrap();
    let error = late
        .apply(stream(
            "/odom",
            &[("stamp", Cells::Integer(vec![Some(1), Some(i64::MAX)]))],
        ))
        .expect_err("an overflow");
    expect![[r"
        step `1`, `stamp` of `/odom` goes from us to ns: row `1` is `9223372036854775807`: it is no whole number of 64 bits in the new unit
        hint: widen the field to `float64` first
    "]].assert_eq(&format!("{error}\n"));
    let error = late
        .apply(stream("/odom", &[("stamp", texts(&["a"]))]))
        .expect_err("texts");
    expect![[r"
        step `1`, `stamp` of `/odom` goes from us to ns: there are texts
        hint: only numbers have units
    "]]
    .assert_eq(&format!("{error}\n"));
    let wide = "migrate:\n  from: 1\n  steps:\n    - widen: {in: /odom, field: speed, from: int64, to: float64}\n";
    let (old, new) = (
        speed(1, "{type: int64}", ""),
        speed(2, "{type: float64}", wide),
    );
    let error = Migration::between(&old, &new)
        .unwrap()
        .apply(stream(
            "/odom",
            &[("speed", Cells::Integer(vec![Some((1 << 53) + 1)]))],
        ))
        .expect_err("too fine");
    expect![[r"
        step `1`, `speed` of `/odom` goes from int64 to float64: row `0` is `9007199254740993`: it has no exact form in floating point
        hint: keep the field whole
    "]].assert_eq(&format!("{error}\n"));
}

#[test]
fn steps_must_fit_the_version_before() {
    let error = |steps: &str| {
        let new = contract(&format!(
            "contract: c\nversion: 2\nchannels: {{/odom: {{}}}}\nmigrate:\n  from: 1\n  steps:\n    - {steps}\n"
        ));
        Migration::between(&contract(V1), &new)
            .expect_err("a step that does not fit")
            .to_string()
            + "\n"
    };
    let all = [
        error("rename: {in: /vehicle/od, to: /odom}"),
        error("rename: {in: /vehicle/odo, field: w, to: x}"),
        error("rename: {in: /vehicle/odo, field: v, to: stamp}"),
        error("unit: {in: /vehicle/odo, field: v, from: m/s, to: km/h}"),
        error("merge: {in: objects, categories: [vann], into: car}"),
        error("merge: {in: /vehicle/odo, categories: [a], into: b}"),
    ];
    expect![[r"
        step `1`, `/vehicle/od` becomes `/odom`: there is no `/vehicle/od`
        hint: did you mean `/vehicle/odo`?
        step `1`, `w` of `/vehicle/odo` becomes `x`: there is no `w`
        hint: did you mean `v`?
        step `1`, `v` of `/vehicle/odo` becomes `stamp`: there is a `stamp` already
        hint: two cannot become one; choose another name
        step `1`, `v` of `/vehicle/odo` goes from m/s to km/h: it is in km/h
        hint: correct `from`
        step `1`, categories `vann` of `objects` become `car`: there is no `vann`
        hint: did you mean `van`?
        step `1`, categories `a` of `/vehicle/odo` become `b`: `/vehicle/odo` has no column of categories
        hint: add `field: …`
    "]].assert_eq(&all.concat());
    assert_eq!(
        Migration::between(&contract(V1), &contract(V3))
            .expect_err("a version between")
            .code(),
        "migrate.not_next"
    );
}

proptest! {
    /// A composed migration does what its parts do one after the other, errors included.
    #[test]
    fn composition_is_stepwise_application(
        speeds in proptest::collection::vec(proptest::option::of(any::<i32>()), 0..20),
        stamps in proptest::collection::vec(proptest::option::of(any::<i64>()), 0..20),
        kinds in proptest::collection::vec((0_usize..4, proptest::option::of(0.0_f64..20.0)), 0..20),
    ) {
        let (one, two, three) = (contract(V1), contract(V2), contract(V3));
        let (a, b) = (Migration::between(&one, &two).unwrap(), Migration::between(&two, &three).unwrap());
        let composed = a.clone().then(b.clone()).unwrap();
        let words = ["car", "van", "vehicle", ""];
        let (kinds, lengths): (Vec<usize>, Vec<Option<f64>>) = kinds.into_iter().unzip();
        let words: Vec<&str> = kinds.into_iter().map(|kind| words[kind]).collect();
        for old in [
            stream("/vehicle/odo", &[("v", Cells::Integer(speeds.into_iter().map(|x| x.map(i64::from)).collect())), ("stamp", Cells::Integer(stamps.clone()))]),
            stream("objects", &[("category", texts(&words)), ("length_m", Cells::Real(lengths.clone()))]),
        ] {
            let stepwise = a.apply(old.clone()).and_then(|(middle, mut notes)| {
                let (last, more) = b.apply(middle)?;
                notes.relabel.extend(more.relabel);
                notes.deprecated.extend(more.deprecated);
                Ok((last, notes))
            });
            match (composed.apply(old), stepwise) {
                (Ok(x), Ok(y)) => prop_assert_eq!(x, y),
                // Numbers of steps count from the beginning of what is applied.
                (Err(MigrateError::Value { row: x, .. }), Err(MigrateError::Value { row: y, .. })) => prop_assert_eq!(x, y),
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}
