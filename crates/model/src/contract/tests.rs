use super::*;
use crate::ontology::Ontology;
use crate::{Finding, Verdict};
use expect_test::{Expect, expect};
use proptest::prelude::*;

const FRONT_CAMERA: &str = include_str!("../../../../examples/front-camera.contract.yaml");
const WAREHOUSE: &str = include_str!("../../../../examples/warehouse.ontology.yaml");

fn contract(yaml: &str) -> Contract {
    Contract::parse(yaml).unwrap_or_else(|error| panic!("{error}"))
}

fn check_error(yaml: &str, expected: &Expect) {
    let error = Contract::parse(yaml).expect_err("a contract with a fault");
    expected.assert_eq(&format!("{}: {error}\n", error.code()));
}

/// A contract of one channel with one field.
fn speed(version: u32, rule: &str, rest: &str) -> Contract {
    contract(&format!(
        "contract: odometry\nversion: {version}\nchannels:\n  /odom:\n    fields:\n      speed: {rule}\n{rest}"
    ))
}

#[test]
fn slips_are_named_with_their_line_and_the_nearest_word() {
    check_error(
        "contract: a\nversion: 1\nchannels:\n  /odom:\n    rate: {min: 1}\n",
        &expect![[r#"
            file.unknown: contract, line `5`: unknown key `rate`
            hint: valid here are `about`, `schema`, `encoding`, `required`, `frame`, `rate_hz`, `fields`
        "#]],
    );
    check_error(
        "contract: a\nversion: 1\nchanels: {}\n",
        &expect![[r#"
            file.unknown: contract, line `3`: unknown key `chanels`
            hint: did you mean `channels`?
        "#]],
    );
    check_error(
        "contract: a\nversion: 1\nchannels:\n  /odom:\n    fields:\n      speed: {unit: km/hr}\n",
        &expect![[r#"
            file.unknown: contract, line `6`: unknown unit `km/hr`
            hint: did you mean `km/h`?
        "#]],
    );
    check_error(
        "contract: a\nversion: 1\nchannels:\n  /odom:\n    fields:\n      speed: {type: flaot64}\n",
        &expect![[r#"
            file.unknown: contract, line `6`: unknown type `flaot64`
            hint: did you mean `float64`?
        "#]],
    );
    check_error(
        "contract: a\nversion: 1\nchannels:\n  /odom:\n    fields:\n      speed: {nulls: nevr}\n",
        &expect![[r#"
            file.unknown: contract, line `6`: unknown word `nevr`
            hint: did you mean `never`?
        "#]],
    );
    check_error(
        "contract: a\nversion: 1\nchannels:\n  /odom: {required: maybe}\n",
        &expect![[r#"
            file.value: contract, line `4`: `maybe` is not `true` or `false`
            hint: correct the value
        "#]],
    );
    check_error(
        "contract: a\nversion: two\nchannels: {}\n",
        &expect![[r#"
            file.value: contract, line `2`: `two` is not a whole number in range
            hint: correct the value
        "#]],
    );
    check_error(
        "version: 1\n",
        &expect![[r#"
        file.missing: contract, line `1`: `contract` is missing
        hint: add `contract: …` to the part that begins here
    "#]],
    );
    check_error(
        "contract: [a\n",
        &expect![[r#"
        file.value: contract, line `1`: `[a` is not a text
        hint: correct the value
    "#]],
    );
    check_error(
        "contract: a\nversion: 1\nmigrate:\n  from: 0\n  steps:\n    - renam: {in: /a, to: /b}\n",
        &expect![[r#"
        file.unknown: contract, line `6`: unknown word `renam`
        hint: did you mean `rename`?
    "#]],
    );
    check_error(
        "contract: a\nversion: 1\ntables:\n  object: {}\n",
        &expect![[r#"
        file.contradiction: contract, line `4`: there is no table `object`
        hint: did you mean `objects`?
    "#]],
    );
    check_error(
        "contract: a\nversion: 1\ntables:\n  objects:\n    fields:\n      lenght_m: {min: 0}\n",
        &expect![[r#"
        file.contradiction: contract, line `6`: table `objects` has no column `lenght_m`
        hint: did you mean `length_m`?
    "#]],
    );
    check_error(
        "contract: a\nversion: 1\nontology: warehouse\ncontext: {site: {}}\n",
        &expect![[r#"
        file.contradiction: contract, line `3`: `warehouse` names no version of an ontology
        hint: `name@version`, as `warehouse@3`
    "#]],
    );
}

#[test]
fn contradictions_are_refused() {
    check_error(
        "contract: a\nversion: 1\nchannels:\n  /odom:\n    fields:\n      speed: {min: 3, max: 1}\n",
        &expect![[r#"
            file.contradiction: contract, line `6`: `min` is `3`, above `max`, which is `1`
            hint: exchange them
        "#]],
    );
    check_error(
        "contract: a\nversion: 1\nchannels:\n  /odom: {}\n  /imu: {}\n  /odom: {}\n",
        &expect![[r#"
            file.yaml: contract, line `6`: not valid YAML: duplicate mapping key: /odom
            hint: correct the line, or the one before it
        "#]],
    );
    check_error(
        "contract: a\nversion: 1\nchannels:\n  /odom:\n    fields:\n      name: {type: text, max: 3}\n",
        &expect![[r#"
            file.contradiction: contract, line `6`: `text` has no numbers, and a range is asked
            hint: drop it, or correct the type
        "#]],
    );
    check_error(
        "contract: a\nversion: 1\nchannels:\n  /odom:\n    fields:\n      gear: {type: int8, allowed: [1, 2, 9], max: 5}\n",
        &expect![[r#"
            file.contradiction: contract, line `6`: `9` is allowed and outside of `min` and `max`
            hint: drop one of the two
        "#]],
    );
    check_error(
        "contract: a\nversion: 1\nchannels:\n  /odom:\n    fields:\n      x: {nulls: {at_most: 5}}\n",
        &expect![[r#"
            file.contradiction: contract, line `6`: `at_most` is `5`
            hint: a share of values, 0 to 1
        "#]],
    );
    check_error(
        "contract: a\nversion: 0\nchannels: {/odom: {}}\n",
        &expect![[r#"
        file.contradiction: contract, line `2`: `version` is `0`
        hint: versions begin at 1
    "#]],
    );
    check_error(
        "contract: a\nversion: 1\n",
        &expect![[r#"
        file.contradiction: contract, line `1`: the contract asks for nothing
        hint: name `channels`, `context` or `tables`
    "#]],
    );
    check_error(
        "contract: a\nversion: 1\ntables: {objects: {categories: ontology}}\n",
        &expect![[r#"
            file.contradiction: contract, line `3`: `categories` is `ontology`, and the contract names none
            hint: add `ontology: name@version`
        "#]],
    );
    check_error(
        "contract: a\nversion: 3\nchannels: {/odom: {}}\nmigrate: {from: 1, steps: []}\n",
        &expect![[r#"
            file.contradiction: contract, line `4`: version `3` migrates from `1`
            hint: a contract migrates from the version before it; older ones take one step after the other
        "#]],
    );
    check_error(
        "contract: a\nversion: 2\nchannels: {/odom: {}}\nmigrate:\n  from: 1\n  steps:\n    - unit: {in: /odom, field: speed, from: m, to: m/s}\n",
        &expect![[r#"
            file.contradiction: contract, line `7`: step `1`: m measures length, m/s measures speed
            hint: only units of one kind convert
        "#]],
    );
    check_error(
        "contract: a\nversion: 2\nchannels: {/odom: {}}\nmigrate:\n  from: 1\n  steps:\n    - widen: {in: /odom, field: n, from: int64, to: int32}\n",
        &expect![[r#"
            file.contradiction: contract, line `7`: step `1`: int32 does not hold more than int64
            hint: only a wider type takes every value; narrowing has no migration
        "#]],
    );
}

#[test]
fn words_stay_as_they_are_written() {
    let field = "{allowed: [on, no, 1, 1.50, true]}";
    let parsed = speed(1, field, "");
    let allowed = parsed.channels[&Pattern::from("/odom")].fields["speed"]
        .allowed
        .clone();
    let words: Vec<_> = allowed.unwrap().into_iter().collect();
    assert_eq!(words, ["1", "1.50", "no", "on", "true"]);
}

#[test]
fn the_digest_is_of_what_decides() {
    let one = contract(FRONT_CAMERA);
    let mut other = one.clone();
    other.about = "other words".to_owned();
    other.schema = None;
    assert_eq!(one.reference(), other.reference());
    other.channels.clear();
    assert_ne!(one.reference(), other.reference());
    // What is canonical reads back as the same contract.
    let again = contract(&one.canonical_json());
    assert_eq!(again.reference(), one.reference());
    assert_eq!(again.canonical_json(), one.canonical_json());
    // Keys left at their default change nothing.
    assert_eq!(
        speed(1, "{nulls: allowed, finite: false}", "").reference(),
        speed(1, "{}", "").reference()
    );
}

#[test]
fn the_schema_knows_every_key() {
    let schema = Contract::json_schema();
    let keys: Vec<_> = schema["properties"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(
        keys,
        [
            "about",
            "channels",
            "compatibility",
            "context",
            "contract",
            "migrate",
            "ontology",
            "schema",
            "tables",
            "version"
        ]
    );
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(
        schema["required"],
        serde_json::json!(["contract", "version"])
    );
    let units = &schema["$defs"]["Unit"]["enum"];
    assert!(units.as_array().unwrap().contains(&"km/h".into()));
}

// ---- checking -------------------------------------------------------------------------------

fn observed() -> Observed {
    let one = |scalar| ObservedField {
        kind: FieldType::one(scalar),
        unit: None,
    };
    let image = ObservedChannel {
        schema: Some("sensor_msgs/msg/Image".to_owned()),
        encoding: Some("cdr".to_owned()),
        frames: Some(BTreeSet::from(["front_camera_optical".to_owned()])),
        message_count: 300,
        rate_hz: Some(10.02),
        fields: Some(BTreeMap::from([
            ("encoding".to_owned(), one(Scalar::Text)),
            ("height".to_owned(), one(Scalar::Uint(32))),
            ("width".to_owned(), one(Scalar::Uint(32))),
        ])),
        reason: String::new(),
    };
    let odom = ObservedChannel {
        message_count: 1500,
        rate_hz: Some(50.0),
        fields: Some(BTreeMap::from([("speed".to_owned(), one(Scalar::Float64))])),
        ..ObservedChannel::default()
    };
    let given = |value: &str| {
        vec![ObservedContext {
            value: value.to_owned(),
            real: value.parse().ok(),
            unit: None,
        }]
    };
    Observed {
        channels: Some(BTreeMap::from([
            ("/camera/front/image".to_owned(), image),
            ("/odom".to_owned(), odom),
        ])),
        context: Some(BTreeMap::from([
            ("site".to_owned(), given("hall-3")),
            ("light".to_owned(), given("day")),
            ("consent".to_owned(), given("not_required")),
        ])),
        tables: Some(BTreeMap::from([(
            "objects".to_owned(),
            ObservedTable {
                row_count: 4,
                ontologies: Some(BTreeSet::from(["warehouse@3".to_owned()])),
            },
        )])),
    }
}

fn feed(checking: &mut Checking<'_>) {
    for rules in checking.rules() {
        let (stream, field) = (rules.stream().to_owned(), rules.field().to_owned());
        let values = match (stream.as_str(), field.as_str()) {
            ("/camera/front/image", "height") => Slice::Integer(&[1080, 1080]),
            ("/camera/front/image", "width") => Slice::Integer(&[1920, 1920]),
            ("/camera/front/image", _) => Slice::Text(&["rgb8", "rgb8"]),
            ("/odom", _) => Slice::Real(&[0.0, 1.5]),
            ("objects", "category") => Slice::Text(&["pallet", "person"]),
            ("objects", "length_m") => Slice::Real(&[1.2, 0.4]),
            other => panic!("{other:?}"),
        };
        rules.push(Batch {
            rows: Rows::From(0),
            values,
            valid: None,
        });
    }
}

#[test]
fn a_recording_that_gives_what_is_asked_passes_only_when_values_were_looked_at() {
    let contract = contract(FRONT_CAMERA);
    let classes = Ontology::parse(WAREHOUSE).unwrap().labels();
    let mut checking = contract.checking(&observed(), Some(&classes));
    feed(&mut checking);
    let checked = checking.finish();
    assert_eq!(checked.violations, []);
    assert_eq!(checked.not_evaluated, []);
    assert_eq!(checked.verdict(), Verdict::Pass);
    // ROS messages state no units; the contract's is taken, and said so.
    assert_eq!(checked.assumed.len(), 1);

    let unfed = contract.check(&observed(), Some(&classes));
    assert_eq!(unfed.verdict(), Verdict::NotEvaluated);
    assert_eq!(unfed.not_evaluated.len(), 6);
    let nothing = contract.check(&Observed::default(), None);
    assert_eq!(
        (nothing.verdict(), nothing.violations.len()),
        (Verdict::NotEvaluated, 0)
    );
    let unknown = contract.check(&observed(), None);
    assert!(
        unknown
            .not_evaluated
            .iter()
            .any(|n| n.reason.contains("ontology"))
    );
}

#[test]
fn every_kind_of_violation_is_named_with_what_was_expected_and_found() {
    let contract = contract(FRONT_CAMERA);
    let mut seen = observed();
    let channels = seen.channels.as_mut().unwrap();
    let image = channels.get_mut("/camera/front/image").unwrap();
    image.schema = Some("sensor_msgs/msg/CompressedImage".to_owned());
    image.encoding = Some("json".to_owned());
    image.frames = Some(BTreeSet::from([
        "base".to_owned(),
        "front_camera_optical".to_owned(),
    ]));
    image.rate_hz = Some(4.0);
    let fields = image.fields.as_mut().unwrap();
    fields.remove("width");
    fields.insert(
        "with".to_owned(),
        ObservedField {
            kind: FieldType::one(Scalar::Uint(32)),
            unit: None,
        },
    );
    fields.get_mut("height").unwrap().kind = FieldType::one(Scalar::Text);
    let odom = channels.remove("/odom").unwrap();
    channels.insert("/odom2".to_owned(), odom);
    let context = seen.context.as_mut().unwrap();
    context.remove("site");
    context.get_mut("light").unwrap()[0].value = "dusk".to_owned();
    let objects = seen.tables.as_mut().unwrap().get_mut("objects").unwrap();
    objects.ontologies = Some(BTreeSet::from([String::new(), "warehouse@2".to_owned()]));
    let classes = Ontology::parse(WAREHOUSE).unwrap().labels();
    let mut checking = contract.checking(&seen, Some(&classes));
    for rules in checking.rules() {
        let values = match rules.field() {
            "category" => Slice::Text(&["pallet", "palet", "cart", "palet"]),
            "length_m" => Slice::Real(&[1.2, -0.5, f64::NAN, 40.0]),
            _ => Slice::Text(&["rgb8", "bgr8", "mono8"]),
        };
        let rows = if rules.field() == "encoding" {
            Rows::All(7)
        } else {
            Rows::From(100)
        };
        rules.push(Batch {
            rows,
            values,
            valid: None,
        });
    }
    let checked = checking.finish();
    assert_eq!(checked.verdict(), Verdict::Fail);
    let lines: Vec<String> = checked
        .violations
        .iter()
        .map(|violation| {
            format!(
                "{}: {}\n  {}\n",
                violation.code,
                violation.message(),
                violation.hint()
            )
        })
        .collect();
    expect![[r#"
        contract.encoding: `/camera/front/image`: json, expected cdr
          the sender changed its messages: correct it, or declare a new version with `migrate`
        contract.frame: `/camera/front/image`: base, expected front_camera_optical
          correct the frame where it is set
        contract.rate: `/camera/front/image`: 4 Hz, expected 9 to 11 Hz
          `fieldassay check` shows gaps and lost messages
        contract.schema: `/camera/front/image`: sensor_msgs/msg/CompressedImage, expected sensor_msgs/msg/Image
          the sender changed its messages: correct it, or declare a new version with `migrate`
        contract.allowed: `encoding` of `/camera/front/image`: mono8, expected one of bgr8, rgb8 (row 7)
          look at the rows named; raise the limit only in a new version
        contract.type: `height` of `/camera/front/image`: text, expected integer
          the sender changed its messages: correct it, or declare a new version with `migrate`
        contract.missing_field: `width` of `/camera/front/image`: no such field; `with` is there, expected a field
          the sender changed its messages: correct it, or declare a new version with `migrate`
        contract.missing_channel: `/odom`: no such channel; `/odom2` is there, expected messages
          record it, correct its name, or make it `required: false`
        contract.context: `light` of `context`: dusk, expected one of day, low, night (row 0)
          give it when ingesting: `--set field=value`, or a `context.yaml` beside the recording
        contract.context: `site` of `context`: not given, expected a value
          give it when ingesting: `--set field=value`, or a `context.yaml` beside the recording
        contract.ontology: `objects`: none, warehouse@2, expected warehouse@3
          relabel, or declare a mapping: `fieldassay ontology map`
        contract.category: `category` of `objects`: palet, expected one of box, cart, forklift, other, pallet, person, robot (2 rows, first 101)
          relabel, or declare a mapping: `fieldassay ontology map`
        contract.not_finite: `length_m` of `objects`: NaN, expected finite numbers (row 102)
          look at the rows named; raise the limit only in a new version
        contract.range: `length_m` of `objects`: -0.5 to 40, expected 0.01 to 30 m (2 rows, first 101)
          look at the rows named; raise the limit only in a new version
    "#]].assert_eq(&lines.concat());
    let finding: Finding = checked.violations[0].finding();
    assert_eq!(finding.count, 1);
}

#[test]
fn units_stated_by_the_source_are_compared() {
    let contract = speed(1, "{type: float64, unit: m/s, max: 50}", "");
    let mut seen = observed();
    let odom = seen.channels.as_mut().unwrap().get_mut("/odom").unwrap();
    odom.fields.as_mut().unwrap().get_mut("speed").unwrap().unit = Unit::named("km/h");
    let checked = contract.check(&seen, None);
    assert_eq!(checked.violations.len(), 1);
    assert_eq!(checked.violations[0].code, "contract.unit");
    assert_eq!(checked.assumed, []);
}

#[test]
fn nulls_are_shares_of_all_batches() {
    let rule =
        |text: &str| speed(1, text, "").channels[&Pattern::from("/odom")].fields["speed"].clone();
    let run = |rule: &Field, valid: &[bool]| {
        let mut rules = ValueRules::new("/odom", "speed", rule);
        for (at, is_there) in valid.iter().enumerate() {
            rules.push(Batch {
                rows: Rows::From(at as u64),
                values: Slice::Integer(&[1]),
                valid: Some(&[*is_there]),
            });
        }
        rules.finish()
    };
    let never = run(&rule("{nulls: never}"), &[true, false, true, false]);
    assert_eq!(
        (never.violations[0].count, &never.violations[0].rows[..]),
        (2, &[1, 3][..])
    );
    assert_eq!(never.violations[0].found, "2 of 4 missing");
    assert_eq!(
        run(&rule("{nulls: {at_most: 0.5}}"), &[true, false]).violations,
        []
    );
    assert_eq!(
        run(&rule("{nulls: {at_most: 0.4}}"), &[true, false])
            .violations
            .len(),
        1
    );
    assert_eq!(
        run(&rule("{nulls: never}"), &[]).verdict(),
        Verdict::NotEvaluated
    );
}

proptest! {
    /// Streaming equals one batch, whatever the cuts.
    #[test]
    fn streaming_equals_one_batch(values in proptest::collection::vec((-5.0_f64..15.0, any::<bool>()), 1..60), cut in 0_usize..60) {
        let rule = Field { min: Some(0.0), max: Some(10.0), nulls: Nulls::Never, ..Field::default() };
        let (real, valid): (Vec<f64>, Vec<bool>) = values.into_iter().unzip();
        let cut = cut.min(real.len());
        let mut whole = ValueRules::new("s", "f", &rule);
        whole.push(Batch { rows: Rows::From(0), values: Slice::Real(&real), valid: Some(&valid) });
        let mut parts = ValueRules::new("s", "f", &rule);
        for range in [0..cut, cut..real.len()] {
            let start = range.start as u64;
            parts.push(Batch { rows: Rows::From(start), values: Slice::Real(&real[range.clone()]), valid: Some(&valid[range]) });
        }
        let found = whole.finish();
        prop_assert_eq!(&found, &parts.finish());
        let outside = real.iter().zip(&valid).filter(|(x, there)| **there && !(0.0..=10.0).contains(*x)).count() as u64;
        let counted: u64 = found.violations.iter().filter(|v| v.code == "contract.range").map(|v| v.count).sum();
        prop_assert_eq!(counted, outside);
    }
}

// ---- comparing ------------------------------------------------------------------------------

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
        text += &format!(
            "{}{field} {}: {} -> {}: {}{migrated}: {}\n",
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
        &expect![[r#"
        backward / backward
        /odom speed range: 0 to 50 m/s -> 0 to 60 m/s: backward: readers of version 1 would meet values above 50 m/s
        /odom speed type: float32 -> float64: backward: readers of version 1 would meet values of float64 that float32 does not hold
    "#]],
    );
    check_compare(
        &old,
        &change("{type: float32, unit: m/s, min: 0, max: 40, nulls: never, finite: true}"),
        &expect![[r#"
        forward / forward
        /odom speed finite: any -> finite: forward: data of version 1 may have NaN or infinities, which readers of version 2 do not expect
        /odom speed range: 0 to 50 m/s -> 0 to 40 m/s: forward: data of version 1 may have values above 40 m/s, which readers of version 2 do not expect
    "#]],
    );
    check_compare(
        &old,
        &change("{type: float32, unit: km/h, min: 0, max: 180, nulls: {at_most: 0.1}}"),
        &expect![[r#"
        none / none
        /odom speed nulls: 0 % -> 10 %: backward: readers of version 1 would meet up to 10 % missing values
        /odom speed unit: m/s -> km/h: none: readers of version 1 would meet the unit km/h; data of version 1 may have the unit m/s, which readers of version 2 do not expect
    "#]],
    );
    check_compare(
        &old,
        &change("{type: int64, unit: m/s, min: 0, max: 50, nulls: never, required: false}"),
        &expect![[r#"
        none / none
        /odom speed presence: required -> optional: backward: readers of version 1 would meet no `speed`
        /odom speed type: float32 -> int64: none: readers of version 1 would meet values of int64 that float32 does not hold; data of version 1 may have values of float32 that int64 does not hold, which readers of version 2 do not expect
    "#]],
    );
    check_compare(
        &old,
        &change(base),
        &expect![[r#"
        full / full
    "#]],
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
        &expect![[r#"
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
    "#]],
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
    expect![[r#"
        backward readers of version 1 would meet classes that have no one place: `auto`, `cat`
    "#]]
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
    expect![[r#"
        version `2` must stay `backward` compatible and is not:
          `speed` of `/odom`, unit: `km/h` becomes `m/s`: readers of version 1 would meet the unit m/s; data of version 1 may have the unit km/h, which readers of version 2 do not expect
        hint: take the change back, declare a `migrate` step for old data, or give the contract a new name
    "#]].assert_eq(&format!("{refused}\n"));
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

// ---- migrating ------------------------------------------------------------------------------

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
    expect![[r#"
        step `1`, `stamp` of `/odom` goes from us to ns: row `1` is `9223372036854775807`: it is no whole number of 64 bits in the new unit
        hint: widen the field to `float64` first
    "#]].assert_eq(&format!("{error}\n"));
    let error = late
        .apply(stream("/odom", &[("stamp", texts(&["a"]))]))
        .expect_err("texts");
    expect![[r#"
        step `1`, `stamp` of `/odom` goes from us to ns: there are texts
        hint: only numbers have units
    "#]]
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
    expect![[r#"
        step `1`, `speed` of `/odom` goes from int64 to float64: row `0` is `9007199254740993`: it has no exact form in floating point
        hint: keep the field whole
    "#]].assert_eq(&format!("{error}\n"));
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
    expect![[r#"
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
    "#]].assert_eq(&all.concat());
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

proptest! {
    /// A file cut, or with a stretch of it put elsewhere, is read or refused, and what is refused names a line of it.
    #[test]
    fn damaged_files_are_read_or_refused(from in 0_usize..2000, length in 0_usize..60, to in 0_usize..2000) {
        let mut chars: Vec<char> = FRONT_CAMERA.chars().collect();
        let from = from % chars.len();
        let piece: Vec<char> = chars.drain(from..(from + length).min(FRONT_CAMERA.chars().count())).collect();
        let to = to % (chars.len() + 1);
        chars.splice(to..to, piece);
        let text: String = chars.into_iter().collect();
        if let Err(error) = Contract::parse(&text) {
            prop_assert!(error.line <= text.lines().count() as u64 + 1, "{error}");
        }
    }
}
