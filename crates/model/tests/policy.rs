//! Policies: parsed strictly, evaluated without surprises.
#![expect(clippy::expect_used, reason = "a helper of tests may fail loudly")]

use expect_test::{Expect, expect};
use fieldassay_model::{
    CheckInfo, Compare, Fact, FactValue, Policy, Severity, Subject, Verdict, evaluate,
};

const CATALOG: [CheckInfo; 3] = [
    check_info(
        "time.gap",
        "time.gap",
        Compare::Above,
        "{subject} is silent for {length_ns}, {value} (tolerated {threshold})",
    ),
    check_info(
        "time.rate",
        "time.rate",
        Compare::Declared,
        "{subject} runs at {value}, declared {threshold}",
    ),
    check_info(
        "channel.missing",
        "channel.messages",
        Compare::Below,
        "no message on `{subject}`",
    ),
];

const fn check_info(
    code: &'static str,
    fact: &'static str,
    compare: Compare,
    message: &'static str,
) -> CheckInfo {
    CheckInfo {
        code,
        title: "a title",
        fact,
        subject: Subject::Channel,
        compare,
        unit: "periods",
        meaning: "",
        formula: "",
        source: "",
        blind_spots: "",
        message,
        hint: "look at the recorder",
    }
}

fn gap(topic: &str, ratio: f64, start_ns: i64) -> Fact {
    Fact::number("time.gap", topic, ratio, "periods")
        .with_n(100)
        .with_window(start_ns, start_ns + 10)
        .with_detail("length_ns", FactValue::Integer(250_000_000))
}

fn policy(yaml: &str) -> Policy {
    Policy::parse(yaml).expect("a valid policy")
}

fn check_error(yaml: &str, expected: &Expect) {
    let error = Policy::parse(yaml).expect_err("an invalid policy");
    expected.assert_eq(&error.to_string());
}

#[test]
fn same_facts_two_policies_two_verdicts() {
    let facts = [
        gap("/imu", 4.0, 0),
        gap("/imu", 4.5, 100),
        gap("/odom", 2.0, 50),
    ];
    let strict = policy("{name: s, checks: {time.gap: {warn: 1.5, error: 4.2}}}");
    let lenient = policy("{name: l, checks: {time.gap: {warn: 3, error: 10}}}");
    let (findings, verdict) = evaluate(&strict, &CATALOG, &facts);
    assert_eq!(verdict, Verdict::Fail);
    assert_eq!(findings.len(), 3);
    let (findings, verdict) = evaluate(&lenient, &CATALOG, &facts);
    assert_eq!(verdict, Verdict::Warn);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].count, 2);
    assert_eq!(findings[0].window.map(|w| w.start_ns), Some(100));
    expect!["/imu is silent for 250 ms, 4.5 periods (tolerated 3 periods) (the worst of 2)"]
        .assert_eq(&findings[0].message);
}

#[test]
fn missing_facts_are_never_a_pass() {
    let required = policy("{name: r, checks: {time.gap: {warn: 3, required: true}}}");
    let (findings, verdict) = evaluate(&required, &CATALOG, &[]);
    assert_eq!(verdict, Verdict::NotEvaluated);
    assert_eq!(findings[0].severity, Severity::Info);
    let refused = [Fact::not_evaluated(
        "time.gap",
        "/imu",
        "periods",
        "two messages only",
    )];
    let (findings, verdict) = evaluate(&required, &CATALOG, &refused);
    assert_eq!(verdict, Verdict::NotEvaluated);
    assert!(
        findings[0].message.ends_with("two messages only"),
        "{}",
        findings[0].message
    );
    let facts = [refused[0].clone(), gap("/odom", 1.0, 0)];
    assert_eq!(evaluate(&required, &CATALOG, &facts).1, Verdict::Pass);
    let here = policy(
        "{name: h, channels: [{topics: imu, checks: {time.gap: {required: true}}}], checks: {time.gap: {warn: 3}}}",
    );
    assert_eq!(evaluate(&here, &CATALOG, &facts).1, Verdict::NotEvaluated);
}

#[test]
fn channels_that_do_not_matter_are_information_only() {
    let policy = policy(
        "{name: c, channels: [{topics: '^/rosout$', matters: false}, {topics: '^/cam$', required: true}, {topics: '^/imu$', rate_hz: 200}], checks: {time.gap: {warn: 3}, time.rate: {warn: 0.1}}}",
    );
    let facts = [
        gap("/rosout", 50.0, 0),
        Fact::number("time.rate", "/imu", 150.0, "Hz"),
        Fact::number("time.rate", "/odom", 150.0, "Hz"),
        Fact::count("channel.messages", "/imu", 10),
    ];
    let (findings, verdict) = evaluate(&policy, &CATALOG, &facts);
    assert_eq!(verdict, Verdict::Fail);
    let lines: Vec<String> = findings
        .iter()
        .map(|f| format!("{:?} {} {}", f.severity, f.code, f.message))
        .collect();
    expect![[r"
        Error channel.missing no message on `^/cam$`
        Warn time.rate /imu runs at 150 Hz, declared 200 Hz
        Info time.gap /rosout is silent for 250 ms, 50 periods (tolerated 3 periods)"]]
    .assert_eq(&lines.join("\n"));
}

#[test]
fn slips_are_errors_with_the_nearest_valid_key() {
    check_error(
        "{name: x, checks: {time.gpa: {warn: 3}}}",
        &expect![[r"
            unknown key `time.gpa` in checks
            hint: did you mean `time.gap`?"]],
    );
    check_error(
        "{name: x, checks: {time.gap: {wran: 3}}}",
        &expect![[r"
            unknown key `wran` in checks.time.gap
            hint: did you mean `warn`?"]],
    );
    check_error(
        "{name: x, chanels: []}",
        &expect![[r"
            unknown key `chanels` in the policy
            hint: did you mean `channels`?"]],
    );
    check_error(
        "{name: x, extends: strct}",
        &expect![[r"
            no policy is named `strct`
            hint: did you mean `strict`?"]],
    );
    check_error(
        "{name: x, checks: {time.gap: {warn: lots}}}",
        &expect![[r#"
            `checks.time.gap.warn` is `"lots"`, expected a number, or null for none
            hint: correct the value in the policy file"#]],
    );
    check_error(
        "{name: x, channels: [{topics: '('}]}",
        &expect![[r"
            `channels[0].topics` is `(`, expected a regular expression (regex parse error:
                (
                ^
            error: unclosed group)
            hint: correct the value in the policy file"]],
    );
    assert_eq!(
        Policy::parse("a: [").expect_err("broken").code(),
        "policy.yaml"
    );
}

#[test]
fn extending_changes_only_what_is_named() {
    let base = Policy::built_in("default").expect("built in");
    let mine = policy("{name: mine, extends: default, checks: {time.gap: {warn: 7}}}");
    assert_eq!(mine.checks.len(), base.checks.len());
    assert_eq!(mine.checks["time.gap"].warn, Some(7.0));
    assert_eq!(mine.checks["time.gap"].error, base.checks["time.gap"].error);
    assert_ne!(mine.reference().sha256, base.reference().sha256);
    let without = policy("{name: without, extends: default, checks: {time.gap: off}}");
    assert!(!without.checks["time.gap"].enabled);
}

#[test]
fn every_built_in_policy_survives_its_resolved_text() {
    for name in fieldassay_model::policy::BUILT_IN {
        let policy = Policy::built_in(name).expect("built in");
        let again = Policy::parse(&policy.to_yaml()).expect("its own text");
        assert_eq!(policy.canonical_json(), again.canonical_json());
    }
}
