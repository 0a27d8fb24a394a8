//! The same evidence as a document and as a page; parts nobody said are named and never made up.

use super::evidence::{Class, Counted, Evidence, FactOver, Format, Known, Split};
use super::{croissant, page, told};
use crate::workspace::settings::Card;
use fieldassay_formats::croissant::problems;
use fieldassay_model::Verdict;
use fieldassay_model::release::{
    ContractResult, LeakageReport, Manifest, ReleaseFile, Request, TableForm,
};
use fieldassay_model::tables::{MEMBERS, table};
use fieldassay_report::{card_html, card_markdown};
use fieldassay_store::Release;
use fieldassay_testkit::servers::server;
use std::collections::BTreeMap;
use std::process::Command;

fn counted(all: &[(&str, u64)]) -> Vec<Counted> {
    let one = |(name, count): &(&str, u64)| Counted {
        name: (*name).to_owned(),
        count: *count,
    };
    all.iter().map(one).collect()
}

fn manifest() -> Manifest {
    let file = |path: &str, digit: &str| ReleaseFile {
        path: path.to_owned(),
        sha256: digit.repeat(64),
        blake3: digit.repeat(64),
        size_bytes: 1000,
        rows: 12,
    };
    let request = Request::default();
    let forms = [Some(&MEMBERS), table("recordings")];
    Manifest {
        schema: "fieldassay.release".to_owned(),
        version: 1,
        request_sha256: request.sha256(),
        request,
        policies: Vec::new(),
        contracts: vec![ContractResult {
            name: "front-camera".to_owned(),
            version: 1,
            sha256: "c".repeat(64),
            verdict: Verdict::Pass,
            violations: 0,
            recordings: 10,
            not_evaluated: 0,
        }],
        ontologies: Vec::new(),
        tables: forms.into_iter().flatten().map(TableForm::of).collect(),
        members: 12,
        recordings: 10,
        files: vec![
            file("members.parquet", "a"),
            file("recordings.parquet", "b"),
        ],
        split: None,
        leakage: LeakageReport::default(),
    }
}

fn evidence() -> Evidence {
    let known = |recordings, values: &[(&str, u64)]| Known {
        recordings,
        values: counted(values),
    };
    Evidence {
        release: Release {
            name: "night-rain".to_owned(),
            version: 2,
            manifest_sha256: "d".repeat(64),
            manifest_bytes: 2000,
            members: 12,
            tables_at: 7,
            created_ns: 1_763_800_000_000_000_000,
            actor: "e".repeat(64),
            envelope: "{}".to_owned(),
        },
        manifest: manifest(),
        said: Card {
            description: Some("Drives at night, in rain".to_owned()),
            url: Some("https://example.com/night-rain".to_owned()),
            citation: Some("Example Robotics: night-rain".to_owned()),
            ..Card::default()
        },
        entry: Some(41),
        formats: vec![Format {
            name: "mcap".to_owned(),
            recordings: 10,
            bytes: 5_000_000,
            simulated: 1,
        }],
        verdicts: counted(&[("pass", 9), ("warn", 1)]),
        incomplete: 1,
        times: Some((1_600_000_000_000_000_000, 1_600_000_360_000_000_000)),
        splits: vec![Split {
            name: None,
            members: 12,
            recordings: 10,
            seconds: 360.0,
        }],
        recordings: vec![("r-1".to_owned(), "a.mcap".to_owned(), "f".repeat(64))],
        classes: vec![Class {
            of: "object",
            name: "car".to_owned(),
            count: 1200,
            recordings: 8,
        }],
        origins: counted(&[("human", 1200)]),
        named: BTreeMap::from([("tool", counted(&[("cvat 2", 1200)]))]),
        votes: Some((1, 3.0, 5)),
        context: BTreeMap::from([
            ("license".to_owned(), known(10, &[("CC-BY-4.0", 10)])),
            ("owner".to_owned(), known(10, &[("Example Robotics", 10)])),
            ("weather".to_owned(), known(9, &[("rain", 9)])),
            ("consent".to_owned(), known(6, &[("given", 6)])),
        ]),
        facts: vec![FactOver {
            name: "time.jitter_p95".to_owned(),
            unit: "s".to_owned(),
            recordings: 10,
            least: 0.001,
            median: 0.002,
            most: 0.01,
            interval: Some((0.0015, 0.004)),
        }],
        not_evaluated: vec![("clock.skew".to_owned(), "no second clock".to_owned(), 4)],
        findings: vec![("time.gap".to_owned(), "warn".to_owned(), 1)],
        quarantined: 3,
    }
}

#[test]
fn the_document_is_valid_and_says_what_evidence_says() {
    let document = croissant::data_set(&evidence()).document();
    assert_eq!(problems(&document), []);
    assert_eq!(document["license"], "https://spdx.org/licenses/CC-BY-4.0");
    assert_eq!(document["creator"][0]["name"], "Example Robotics");
    assert_eq!(document["version"], "2.0.0");
    assert_eq!(document["datePublished"], "2025-11-22");
    assert_eq!(document["distribution"][0]["sha256"], "d".repeat(64));
    assert_eq!(document["distribution"][1]["contentUrl"], "members.parquet");
    assert_eq!(
        document["rai:dataCollectionTimeframe"][0],
        "2020-09-13T12:26:40.000Z"
    );
    assert_eq!(
        document["rai:annotationsPerItem"],
        "1 to 5 votes per item, median 3."
    );
    let consent = document["rai:personalSensitiveInformation"]
        .as_str()
        .expect("a text");
    assert!(
        consent.contains("given (6)") && consent.contains("not known of 4"),
        "{consent}"
    );
    // Nothing says anything of these.
    for absent in [
        "rai:annotatorDemographics",
        "rai:dataSocialImpact",
        "rai:machineAnnotationTools",
        "rai:dataUseCases",
    ] {
        assert!(document.get(absent).is_none(), "{absent}");
    }
    let made = document["prov:wasGeneratedBy"]["prov:label"]
        .as_str()
        .expect("a text");
    assert!(made.contains("entry 41 of the log"), "{made}");
    assert_eq!(
        document["prov:wasDerivedFrom"][0]["@id"],
        format!("urn:sha256:{}", "f".repeat(64))
    );
    let times = document["recordSet"][0]["field"]
        .as_array()
        .expect("fields");
    let start = times
        .iter()
        .find(|field| field["name"] == "start_ns")
        .expect("a field");
    assert_eq!(start["dataType"], "sc:Integer");
}

#[test]
fn what_only_people_can_say_is_named_with_where_to_say_it() {
    let mut evidence = evidence();
    evidence.said = Card::default();
    evidence.context.remove("license");
    evidence.context.remove("owner");
    let document = croissant::data_set(&evidence).document();
    let missing: Vec<String> = problems(&document).iter().map(told).collect();
    let names: Vec<&str> = missing
        .iter()
        .filter_map(|line| line.split('`').nth(1))
        .collect();
    assert_eq!(names, ["creator", "description", "license", "url"]);
    assert!(
        missing.iter().all(|line| line.contains("[card]")),
        "{missing:?}"
    );
    let html = card_html(&page::page(&evidence, &missing)).expect("a page");
    assert!(html.contains("Draft."), "{html}");
}

#[test]
fn the_page_says_gaps_and_what_cannot_be_said() {
    let text = card_markdown(&page::page(&evidence(), &[]));
    for expected in [
        "| object | car | 1,200 | 8 of 10, 80.0 % \\[49.0, 94.3\\] |",
        "3 recordings of the workspace are quarantined; none of them is in the release.",
        "`weather` is not known of 1 of 10, 10.0 %",
        "| clock.skew | 4 of 10, 40.0 %",
        "| front-camera@1 | pass | 0 | 10 | 0 |",
        "For which purposes the recordings may be used is not known.",
        "The release is not split.",
        "| Entry of the log | 41 |",
        "Nothing here says that they are a sample",
    ] {
        assert!(text.contains(expected), "`{expected}` in:\n{text}");
    }
}

/// Loads a document; problems are errors there, and what it misses warnings.
const SCRIPT: &str = r#"
import json, sys
import mlcroissant
data_set = mlcroissant.Dataset(jsonld=json.loads(sys.argv[1]))
issues = data_set.metadata.ctx.issues
assert not issues.errors, issues.report()
assert not issues.warnings, issues.report()
metadata = data_set.metadata.to_json()
print(metadata["name"], len(metadata["distribution"]), len(metadata["recordSet"]))
"#;

#[test]
fn the_reference_loader_accepts_it_without_a_warning() {
    let Some(python) = server("READERS", "the_reference_loader_accepts_it") else {
        return;
    };
    let document = croissant::data_set(&evidence()).document().to_string();
    let output = Command::new(python)
        .args(["-c", SCRIPT, &document])
        .output()
        .expect("Python starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "night-rain 3 2"
    );
}
