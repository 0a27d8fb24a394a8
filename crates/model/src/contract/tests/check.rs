use super::{FRONT_CAMERA, WAREHOUSE, contract, speed};
use crate::contract::*;
use crate::ontology::Ontology;
use crate::{Finding, Verdict};
use expect_test::expect;
use proptest::prelude::*;

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
    expect![[r"
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
    "]].assert_eq(&lines.concat());
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

#[test]
fn pieces_that_are_put_together_are_the_whole() {
    let whole = contract(
        "contract: a\nversion: 1\nchannels:\n  /a:\n    fields:\n      x: {min: 0, max: 10, nulls: never}\n      m: {type: 'float64[3]'}\n",
    );
    let fields = &whole.channels.values().next().unwrap().fields;
    let (rule, list) = (&fields["x"], &fields["m"]);
    let values: Vec<f64> = (0..100).map(|i| f64::from(i % 23) - 5.0).collect();
    let valid: Vec<bool> = (0..100).map(|i| i % 17 != 3).collect();
    let piece = |range: std::ops::Range<usize>, first: u64| {
        let mut rules = ValueRules::new("/a", "x", rule);
        rules.push(Batch {
            rows: Rows::From(first),
            values: Slice::Real(&values[range.clone()]),
            valid: Some(&valid[range.clone()]),
        });
        let offset = i64::try_from(range.start).unwrap() - i64::try_from(first).unwrap();
        rules.date(&|row| Some(1000 + offset + i64::try_from(row).unwrap()));
        rules
    };
    let expected = piece(0..100, 0).finish();
    // Grouped to the right: the last two first.
    let mut tail = piece(30..70, 0);
    tail.append(piece(70..100, 0), 40);
    let mut all = piece(0..30, 0);
    all.append(tail, 30);
    assert_eq!(all.finish(), expected);
    let first = &expected.violations[0];
    assert_eq!((first.times_ns.len(), first.rows.len()), (6, 6));
    assert_eq!(
        expected.violations[0].times_ns[0],
        1000 + i64::try_from(expected.violations[0].rows[0]).unwrap()
    );
    assert!(expected.violations[0].finding().window.is_some());

    let mut lengths = ValueRules::new("/a", "m", list);
    lengths.push_length(0, 3);
    lengths.push_length(1, 4);
    let found = lengths.finish().violations.remove(0);
    assert_eq!(
        (found.code.as_str(), &found.rows[..]),
        ("contract.type", &[1][..])
    );
    assert_eq!(
        (found.expected.as_str(), found.found.as_str()),
        ("float64[3]", "4 values")
    );
}

#[test]
fn names_types_and_units_follow_a_migration() {
    let old = contract(
        "contract: a\nversion: 1\nchannels:\n  /wheel:\n    fields:\n      v: {type: float64, unit: km/h}\n      gear: {type: int8}\n",
    );
    let new = contract(
        "contract: a\nversion: 2\nchannels:\n  /odom:\n    fields:\n      speed: {type: float64, unit: m/s}\n      gear: {type: int32}\nmigrate:\n  from: 1\n  steps:\n    - rename: {in: /wheel, to: /odom}\n    - rename: {in: /odom, field: v, to: speed}\n    - unit: {in: /odom, field: speed, from: km/h, to: m/s}\n    - widen: {in: /odom, field: gear, from: int8, to: int32}\n",
    );
    let migration = Migration::between(&old, &new).unwrap();
    assert_eq!(migration.field_of("/wheel", "v"), "speed");
    let field = |kind: &str, unit: Option<&str>| ObservedField {
        kind: FieldType::try_from(kind.to_owned()).unwrap(),
        unit: unit.and_then(crate::unit::Unit::named),
    };
    let seen = ObservedChannel {
        message_count: 1,
        fields: Some(
            [
                ("v".to_owned(), field("float64", None)),
                ("gear".to_owned(), field("int8", None)),
            ]
            .into(),
        ),
        ..ObservedChannel::default()
    };
    let observed = migration.observed(&Observed {
        channels: Some([("/wheel".to_owned(), seen)].into()),
        ..Observed::default()
    });
    let channel = &observed.channels.unwrap()["/odom"];
    let fields = channel.fields.as_ref().unwrap();
    assert_eq!(fields["speed"], field("float64", Some("m/s")));
    assert_eq!(fields["gear"], field("int32", None));
}
