mod check;
mod compare;
mod migrate;

use super::*;
use expect_test::{Expect, expect};
use proptest::prelude::*;

const FRONT_CAMERA: &str = include_str!("../../../../../examples/front-camera.contract.yaml");
const WAREHOUSE: &str = include_str!("../../../../../examples/warehouse.ontology.yaml");

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
        &expect![[r"
            file.unknown: contract, line `5`: unknown key `rate`
            hint: valid here are `about`, `schema`, `encoding`, `required`, `frame`, `rate_hz`, `fields`
        "]],
    );
    check_error(
        "contract: a\nversion: 1\nchanels: {}\n",
        &expect![[r"
            file.unknown: contract, line `3`: unknown key `chanels`
            hint: did you mean `channels`?
        "]],
    );
    check_error(
        "contract: a\nversion: 1\nchannels:\n  /odom:\n    fields:\n      speed: {unit: km/hr}\n",
        &expect![[r"
            file.unknown: contract, line `6`: unknown unit `km/hr`
            hint: did you mean `km/h`?
        "]],
    );
    check_error(
        "contract: a\nversion: 1\nchannels:\n  /odom:\n    fields:\n      speed: {type: flaot64}\n",
        &expect![[r"
            file.unknown: contract, line `6`: unknown type `flaot64`
            hint: did you mean `float64`?
        "]],
    );
    check_error(
        "contract: a\nversion: 1\nchannels:\n  /odom:\n    fields:\n      speed: {nulls: nevr}\n",
        &expect![[r"
            file.unknown: contract, line `6`: unknown word `nevr`
            hint: did you mean `never`?
        "]],
    );
    check_error(
        "contract: a\nversion: 1\nchannels:\n  /odom: {required: maybe}\n",
        &expect![[r"
            file.value: contract, line `4`: `maybe` is not `true` or `false`
            hint: correct the value
        "]],
    );
    check_error(
        "contract: a\nversion: two\nchannels: {}\n",
        &expect![[r"
            file.value: contract, line `2`: `two` is not a whole number in range
            hint: correct the value
        "]],
    );
    check_error(
        "version: 1\n",
        &expect![[r"
        file.missing: contract, line `1`: `contract` is missing
        hint: add `contract: …` to the part that begins here
    "]],
    );
    check_error(
        "contract: [a\n",
        &expect![[r"
        file.value: contract, line `1`: `[a` is not a text
        hint: correct the value
    "]],
    );
    check_error(
        "contract: a\nversion: 1\nmigrate:\n  from: 0\n  steps:\n    - renam: {in: /a, to: /b}\n",
        &expect![[r"
        file.unknown: contract, line `6`: unknown word `renam`
        hint: did you mean `rename`?
    "]],
    );
    check_error(
        "contract: a\nversion: 1\ntables:\n  object: {}\n",
        &expect![[r"
        file.contradiction: contract, line `4`: there is no table `object`
        hint: did you mean `objects`?
    "]],
    );
    check_error(
        "contract: a\nversion: 1\ntables:\n  objects:\n    fields:\n      lenght_m: {min: 0}\n",
        &expect![[r"
        file.contradiction: contract, line `6`: table `objects` has no column `lenght_m`
        hint: did you mean `length_m`?
    "]],
    );
    check_error(
        "contract: a\nversion: 1\nontology: warehouse\ncontext: {site: {}}\n",
        &expect![[r"
        file.contradiction: contract, line `3`: `warehouse` names no version of an ontology
        hint: `name@version`, as `warehouse@3`
    "]],
    );
}

#[test]
fn contradictions_are_refused() {
    check_error(
        "contract: a\nversion: 1\nchannels:\n  /odom:\n    fields:\n      speed: {min: 3, max: 1}\n",
        &expect![[r"
            file.contradiction: contract, line `6`: `min` is `3`, above `max`, which is `1`
            hint: exchange them
        "]],
    );
    check_error(
        "contract: a\nversion: 1\nchannels:\n  /odom: {}\n  /imu: {}\n  /odom: {}\n",
        &expect![[r"
            file.yaml: contract, line `6`: not valid YAML: duplicate mapping key: /odom
            hint: correct the line, or the one before it
        "]],
    );
    check_error(
        "contract: a\nversion: 1\nchannels:\n  /odom:\n    fields:\n      name: {type: text, max: 3}\n",
        &expect![[r"
            file.contradiction: contract, line `6`: `text` has no numbers, and a range is asked
            hint: drop it, or correct the type
        "]],
    );
    check_error(
        "contract: a\nversion: 1\nchannels:\n  /odom:\n    fields:\n      gear: {type: int8, allowed: [1, 2, 9], max: 5}\n",
        &expect![[r"
            file.contradiction: contract, line `6`: `9` is allowed and outside of `min` and `max`
            hint: drop one of the two
        "]],
    );
    check_error(
        "contract: a\nversion: 1\nchannels:\n  /odom:\n    fields:\n      x: {nulls: {at_most: 5}}\n",
        &expect![[r"
            file.contradiction: contract, line `6`: `at_most` is `5`
            hint: a share of values, 0 to 1
        "]],
    );
    check_error(
        "contract: a\nversion: 0\nchannels: {/odom: {}}\n",
        &expect![[r"
        file.contradiction: contract, line `2`: `version` is `0`
        hint: versions begin at 1
    "]],
    );
    check_error(
        "contract: a\nversion: 1\n",
        &expect![[r"
        file.contradiction: contract, line `1`: the contract asks for nothing
        hint: name `channels`, `context` or `tables`
    "]],
    );
    check_error(
        "contract: a\nversion: 1\ntables: {objects: {categories: ontology}}\n",
        &expect![[r"
            file.contradiction: contract, line `3`: `categories` is `ontology`, and the contract names none
            hint: add `ontology: name@version`
        "]],
    );
    check_error(
        "contract: a\nversion: 3\nchannels: {/odom: {}}\nmigrate: {from: 1, steps: []}\n",
        &expect![[r"
            file.contradiction: contract, line `4`: version `3` migrates from `1`
            hint: a contract migrates from the version before it; older ones take one step after the other
        "]],
    );
    check_error(
        "contract: a\nversion: 2\nchannels: {/odom: {}}\nmigrate:\n  from: 1\n  steps:\n    - unit: {in: /odom, field: speed, from: m, to: m/s}\n",
        &expect![[r"
            file.contradiction: contract, line `7`: step `1`: m measures length, m/s measures speed
            hint: only units of one kind convert
        "]],
    );
    check_error(
        "contract: a\nversion: 2\nchannels: {/odom: {}}\nmigrate:\n  from: 1\n  steps:\n    - widen: {in: /odom, field: n, from: int64, to: int32}\n",
        &expect![[r"
            file.contradiction: contract, line `7`: step `1`: int32 does not hold more than int64
            hint: only a wider type takes every value; narrowing has no migration
        "]],
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
    // A number needs no quotes among allowed values, and is none itself.
    let words = &schema["$defs"]["Field"]["properties"]["allowed"]["items"]["type"];
    assert_eq!(words, &serde_json::json!(["string", "number", "boolean"]));
    let units = &schema["$defs"]["Unit"]["enum"];
    assert!(units.as_array().unwrap().contains(&"km/h".into()));
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
