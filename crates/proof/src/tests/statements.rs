//! Envelopes, statements, canonical JSON and commitments.

use super::{signer, vkeys, witness_key};
use crate::commitment::{Commitment, Salt};
use crate::dsse::pre_authentication_encoding;
use crate::statement::{
    Check, Contract, DigestSet, Ingest, Operation, PAYLOAD_TYPE, Predicate, Reference, Release,
    Resource, canonical_json,
};
use crate::{Algorithm, Envelope, SignerKey, Statement};
use expect_test::expect;
use fieldassay_model::{Stamp, Verdict};
use serde_json::json;

fn resource(name: &str, digit: char) -> Resource {
    let digest = DigestSet {
        sha256: digit.to_string().repeat(64),
        blake3: None,
    };
    Resource {
        name: Some(name.to_owned()),
        digest,
    }
}

fn operation() -> Operation {
    let actor = Commitment::new("actor", &Salt::from_bytes([7; 32]), b"Ada");
    let inputs = vec![resource("b.mcap", 'b'), resource("a.mcap", 'a')];
    Operation::new(
        "c".repeat(64),
        inputs,
        &actor,
        Stamp(1_700_000_000_123_456_789),
    )
}

fn reference() -> Reference {
    Reference {
        name: "strict".to_owned(),
        version: 3,
        sha256: "d".repeat(64),
    }
}

fn ingest() -> Statement<Ingest> {
    let mut subject = resource("r-aaaaaaaaaaaaaaaa", 'a');
    subject.digest.blake3 = Some("e".repeat(64));
    Statement {
        subjects: vec![subject],
        predicate: Ingest {
            operation: operation(),
            batch: 12,
            failed: 0,
        },
    }
}

#[test]
fn what_is_signed_has_type_and_lengths() {
    // The example of the DSSE protocol.
    let encoded = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
    assert_eq!(
        encoded,
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
    assert_eq!(pre_authentication_encoding("", b""), b"DSSEv1 0  0 ");
    assert_eq!(
        pre_authentication_encoding("\u{e4}", b""),
        "DSSEv1 2 \u{e4} 0 ".as_bytes()
    );
}

#[test]
fn an_envelope_counts_keys_and_not_signatures() {
    let keys: Vec<SignerKey> = (1..=3)
        .map(|seed| signer("a", Algorithm::Ed25519, seed))
        .collect();
    let known = vkeys(&keys);
    let mut envelope = Envelope::new("text/x", b"content".to_vec());
    assert!(envelope.verify("text/x", &known, 1).is_err());
    for key in &keys[..2] {
        envelope.sign(key).expect("Ed25519");
        envelope.sign(key).expect("Ed25519");
    }
    let envelope = Envelope::parse(envelope.to_json().as_bytes()).expect("printed");
    assert_eq!(
        envelope.verify("text/x", &known, 2),
        Ok(b"content".as_slice())
    );
    let code = |known: &[_], threshold, payload_type| {
        envelope
            .verify(payload_type, known, threshold)
            .expect_err("refused")
            .code()
    };
    assert_eq!(code(&known, 3, "text/x"), "dsse.signatures");
    assert_eq!(code(&known[2..], 1, "text/x"), "dsse.signatures");
    assert_eq!(code(&[], 1, "text/x"), "dsse.signatures");
    assert_eq!(code(&known, 0, "text/x"), "dsse.no_threshold");
    assert_eq!(code(&known, 1, "text/y"), "dsse.payload_type");
    // One key under two names is one key.
    let twice = [
        signer("a", Algorithm::Ed25519, 1),
        signer("b", Algorithm::Ed25519, 1),
    ];
    assert_eq!(code(&vkeys(&twice), 2, "text/x"), "dsse.signatures");
    assert_eq!(
        code(&vkeys(&[witness_key(1)]), 1, "text/x"),
        "note.algorithm"
    );
    let mut envelope = envelope;
    assert!(envelope.sign(&witness_key(1)).is_err());
    for seed in 10..40 {
        envelope
            .sign(&signer("a", Algorithm::Ed25519, seed))
            .expect("room");
    }
    let full = envelope
        .sign(&signer("a", Algorithm::Ed25519, 99))
        .expect_err("full");
    assert_eq!(full.code(), "dsse.too_many");
}

#[test]
fn only_the_form_of_an_envelope_is_read() {
    for bad in [
        "",
        "null",
        "[1]",
        "{\"payload\":1}",
        "{\"payload\":\"A\"}",
        "{\"payload\":\"-+==\"}",
        "{\"payload\":\"AA\"}",
        "{\"payload\":\"\",\"payload\":\"\"}",
        "{\"signatures\":[{}]}",
        "{\"signatures\":[{\"sig\":\"!\"}]}",
        "{\"signatures\":[{\"sig\":\"\",\"keyid\":1}]}",
        "{} {}",
        &format!("{{\"signatures\":[{}]}}", ["{\"sig\":\"\"}"; 33].join(",")),
        &"[".repeat(100_000),
    ] {
        let refused = Envelope::parse(bad.as_bytes()).expect_err("no envelope");
        assert!(refused.to_string().contains("hint: "), "{refused}");
    }
    let lenient = "{\"more\":[], \"payload\":\"_w==\", \"payloadType\":\"t\", \"signatures\":[{\"sig\":\"\",\"x\":1}]}";
    let read = Envelope::parse(lenient.as_bytes()).expect("unknown fields are left out");
    assert_eq!(
        read.to_json(),
        "{\"payload\":\"/w==\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"\"}]}"
    );
}

#[test]
fn an_ingest_is_stated_in_canonical_json() {
    let json = ingest().to_json().expect("canonical");
    expect![[r#"{"_type":"https://in-toto.io/Statement/v1","predicate":{"batch":12,"failed":0,"operation":{"actor":"ACTOR","inputs":[{"digest":{"sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"name":"a.mcap"},{"digest":{"sha256":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"},"name":"b.mcap"}],"plan_sha256":"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc","time":"2023-11-14T22:13:20.123Z"}},"predicateType":"https://github.com/fieldassay/fieldassay/predicate/ingest/v1","subject":[{"digest":{"blake3":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"name":"r-aaaaaaaaaaaaaaaa"}]}"#]]
    .assert_eq(&json.replace(&operation().actor, "ACTOR"));
    let key = signer("a", Algorithm::Ed25519, 1);
    let mut envelope = ingest().seal().expect("canonical");
    envelope.sign(&key).expect("Ed25519");
    let known = vkeys(&[key]);
    assert_eq!(Statement::open(&envelope, &known, 1), Ok(ingest()));
    let as_release = Statement::<Release>::open(&envelope, &known, 1).expect_err("another type");
    assert_eq!(as_release.code(), "statement.type");
    let stranger = vkeys(&[signer("a", Algorithm::Ed25519, 2)]);
    assert_eq!(
        Statement::<Ingest>::open(&envelope, &stranger, 1)
            .expect_err("unsigned")
            .code(),
        "dsse.signatures"
    );
    let mut elsewhere = Envelope::new("text/plain", json.into_bytes());
    elsewhere
        .sign(&signer("a", Algorithm::Ed25519, 1))
        .expect("Ed25519");
    assert_eq!(
        Statement::<Ingest>::open(&elsewhere, &known, 1)
            .expect_err("a text")
            .code(),
        "dsse.payload_type"
    );
}

fn comes_back<P: Predicate + Clone + PartialEq + std::fmt::Debug>(predicate: P) {
    let statement = Statement {
        subjects: vec![resource("x", 'f')],
        predicate,
    };
    let json = statement.to_json().expect("canonical");
    assert_eq!(Statement::parse(json.as_bytes()), Ok(statement), "{json}");
}

#[test]
fn every_predicate_comes_back() {
    comes_back(Check {
        operation: operation(),
        policy: reference(),
        verdict: Verdict::NotEvaluated,
    });
    comes_back(Contract {
        operation: operation(),
        contract: reference(),
        verdict: Verdict::Fail,
        violations: 9_007_199_254_740_991,
    });
    comes_back(Release {
        operation: operation(),
        name: "night-rain".to_owned(),
        version: 2,
        members: 1_000_000,
        held_to: vec![reference()],
    });
}

#[test]
fn statements_that_mean_nothing_are_refused() {
    let code = |change: fn(&mut Statement<Ingest>)| {
        let mut statement = ingest();
        change(&mut statement);
        let refused = statement.to_json().expect_err("refused");
        assert!(refused.to_string().contains("hint: "), "{refused}");
        refused.code()
    };
    assert_eq!(code(|s| s.subjects.clear()), "statement.subjects");
    assert_eq!(
        code(|s| s.subjects.push(s.subjects[0].clone())),
        "statement.subjects"
    );
    assert_eq!(
        code(|s| s.subjects[0].digest.sha256.truncate(63)),
        "statement.digest"
    );
    assert_eq!(
        code(|s| s.subjects[0].digest.sha256 = "A".repeat(64)),
        "statement.digest"
    );
    assert_eq!(
        code(|s| s.subjects[0].digest.blake3 = Some(String::new())),
        "statement.digest"
    );
    assert_eq!(
        code(|s| s.predicate.operation.plan_sha256.clear()),
        "statement.digest"
    );
    assert_eq!(
        code(|s| s.predicate.operation.actor = "Ada".to_owned()),
        "statement.digest"
    );
    assert_eq!(
        code(|s| s.predicate.operation.inputs[0].digest.sha256.clear()),
        "statement.digest"
    );
    assert_eq!(
        code(|s| s.predicate.batch = 1 << 53),
        "statement.not_canonical"
    );
    let good = ingest().to_json().expect("canonical");
    for (from, to, code) in [
        ("Statement/v1", "Statement/v0.1", "statement.type"),
        ("ingest/v1", "ingest/v2", "statement.type"),
        ("\"batch\":12", "\"batch\":-1", "statement.form"),
        ("\"batch\":12", "\"batch\":\"12\"", "statement.form"),
        ("\"batch\":12,", "", "statement.form"),
        ("\"sha256\"", "\"sha512\"", "statement.form"),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good);
        let refused = Statement::<Ingest>::parse(bad.as_bytes()).expect_err(to);
        assert_eq!(refused.code(), code, "{to}");
    }
    let more = good
        .replacen('{', "{\"more\":1,", 1)
        .replace("\"batch\"", "\"x\":{},\"batch\"");
    assert_eq!(Statement::parse(more.as_bytes()), Ok(ingest()));
    // What in-toto allows and we know nothing of.
    let more = good.replace("\"sha256\":\"a", "\"sha512\":\"00\",\"sha256\":\"a");
    assert_eq!(Statement::parse(more.as_bytes()), Ok(ingest()));
}

#[test]
fn canonical_json_is_the_one_of_rfc_8785() {
    // Section 3.2.3: keys by UTF-16 code units, so the emoji comes before U+FB33.
    let keys = json!({
        "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
        "1": "One", "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control",
        "\u{f6}": "Latin Small Letter O With Diaeresis"
    });
    let written = canonical_json(&keys).expect("canonical");
    assert_eq!(
        written,
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"\u{f6}\":\"Latin Small Letter O With Diaeresis\",\"\u{20ac}\":\"Euro Sign\",\"\u{1f600}\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}"
    );
    // Section 3.2.2.2, and literals.
    let text = json!({"string": "\u{20ac}$\u{f}\nA'B\"\\\\\"/\u{1f}\u{7f}", "literals": [null, true, false], "n": [0, -1, 9_007_199_254_740_991i64]});
    assert_eq!(
        canonical_json(&text).expect("canonical"),
        "{\"literals\":[null,true,false],\"n\":[0,-1,9007199254740991],\"string\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\\u001f\u{7f}\"}"
    );
    for bad in [
        json!(0.5),
        json!(1.0),
        json!(9_007_199_254_740_992i64),
        json!(i64::MIN),
        json!(u64::MAX),
    ] {
        let refused = canonical_json(&json!({"a": [0, bad]})).expect_err("no whole number");
        assert!(refused.to_string().contains("`a.1`"), "{refused}");
    }
    let mut deep = json!(1);
    for _ in 0..200 {
        deep = json!([deep]);
    }
    assert!(canonical_json(&deep).is_err());
}

#[test]
fn a_commitment_fits_one_value_one_purpose_and_one_salt() {
    let salt = Salt::from_bytes([3; 32]);
    let committed = Commitment::new("actor", &salt, b"Ada Lovelace");
    // SHA-256 by Python's hashlib over the bytes the documentation names.
    expect!["9f919d6a8e1c014ea179402f5d846e5ab9f9c0d7a662a34220290b84bc6b98e9"]
        .assert_eq(&committed.to_string());
    assert!(committed.is_of("actor", &salt, b"Ada Lovelace"));
    assert!(!committed.is_of("actor", &salt, b"Ada"));
    assert!(!committed.is_of("driver", &salt, b"Ada Lovelace"));
    assert!(!committed.is_of("actor", &Salt::from_bytes([4; 32]), b"Ada Lovelace"));
    assert_eq!(format!("{salt:?}"), "Salt");
    assert_eq!(PAYLOAD_TYPE, "application/vnd.in-toto+json");
}
