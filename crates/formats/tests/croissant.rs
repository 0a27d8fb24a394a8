//! Documents of Croissant: ours are valid, and what is wrong with others is named by its place.
#![expect(clippy::expect_used, reason = "helpers of tests may fail loudly")]

use fieldassay_formats::croissant::{
    Creator, Dataset, Field, FileObject, Kind, Problem, Provenance, Rai, RecordSet, problems,
};
use serde_json::{Value, json};

fn data_set() -> Dataset {
    let field = |name: &str, kind, is_list| Field {
        name: name.to_owned(),
        description: "x".to_owned(),
        kind,
        is_list,
        references: None,
    };
    Dataset {
        name: "night".to_owned(),
        description: Some("Drives at night".to_owned()),
        license: vec!["https://spdx.org/licenses/CC-BY-4.0".to_owned()],
        url: Some("https://example.com/night".to_owned()),
        creators: vec![Creator {
            name: "Example".to_owned(),
            url: None,
            is_person: false,
        }],
        date_published: Some("2026-11-22T10:00:00Z".to_owned()),
        version: Some("1.0.0".to_owned()),
        files: vec![FileObject {
            id: "members.parquet".to_owned(),
            description: "x".to_owned(),
            content_url: "members.parquet".to_owned(),
            encoding_format: "application/x-parquet".to_owned(),
            size_bytes: 7,
            sha256: "ab".repeat(32),
        }],
        record_sets: vec![RecordSet {
            id: "members".to_owned(),
            description: "x".to_owned(),
            file: "members.parquet".to_owned(),
            key: vec!["recording_id".to_owned()],
            fields: vec![
                field("recording_id", Kind::Text, false),
                field("channels", Kind::Integer, true),
            ],
        }],
        rai: Rai::from([("dataUseCases", vec!["testing".to_owned()])]),
        provenance: Some(Provenance {
            activity: "release".to_owned(),
            activity_id: "urn:x:1".to_owned(),
            software: "fieldassay".to_owned(),
            derived_from: vec![("urn:x:r-1".to_owned(), "a.mcap".to_owned())],
            ..Provenance::default()
        }),
        ..Dataset::default()
    }
}

#[test]
fn what_is_written_is_valid_and_what_is_missing_is_named() {
    assert_eq!(problems(&data_set().document()), []);
    let bare = Dataset {
        name: "x".to_owned(),
        ..Dataset::default()
    };
    let found = problems(&bare.document());
    let missing: Vec<&str> = found.iter().map(Problem::property).collect();
    assert_eq!(
        missing,
        [
            "creator",
            "datePublished",
            "description",
            "distribution",
            "license",
            "url"
        ]
    );
    assert_eq!(problems(&json!([])).len(), 1);
}

/// Changes one place of a valid document; gives the path of what is found wrong.
fn broken(pointer: &str, value: Value) -> Vec<String> {
    let mut document = data_set().document();
    let place = document.pointer_mut(pointer).expect(pointer);
    *place = value;
    problems(&document)
        .into_iter()
        .map(|one| one.path)
        .collect()
}

#[test]
fn every_mistake_is_named_by_its_path() {
    let cases = [
        ("/@type", json!("sc:Thing"), "$.@type"),
        ("/conformsTo", json!("http://example.com"), "$.conformsTo"),
        ("/@context/cr", json!("http://example.com"), "$.@context.cr"),
        (
            "/@context/@vocab",
            json!("http://example.com"),
            "$.@context.@vocab",
        ),
        ("/name", json!(" "), "$.name"),
        ("/description", json!({"en": 1}), "$.description"),
        ("/url", json!("no url"), "$.url"),
        ("/license", json!(7), "$.license[0]"),
        ("/creator/0/name", json!(""), "$.creator[0].name"),
        ("/creator", json!("me"), "$.creator[0]"),
        ("/datePublished", json!("22.11.2026"), "$.datePublished"),
        (
            "/distribution/0/sha256",
            json!("abc"),
            "$.distribution[0].sha256",
        ),
        (
            "/distribution/0/contentUrl",
            json!(""),
            "$.distribution[0].contentUrl",
        ),
        (
            "/distribution/0/encodingFormat",
            json!("parquet"),
            "$.distribution[0].encodingFormat",
        ),
        (
            "/distribution/0/@type",
            json!("cr:File"),
            "$.distribution[0].@type",
        ),
        (
            "/recordSet/0/key/0/@id",
            json!("members/recording"),
            "$.recordSet[0].key",
        ),
        (
            "/recordSet/0/field/0/@id",
            json!("members/channels"),
            "$.recordSet[0].field[1].@id",
        ),
        (
            "/recordSet/0/field/0/source/fileObject/@id",
            json!("member.parquet"),
            "$.recordSet[0].field[0].source.fileObject",
        ),
        (
            "/recordSet/0/field/1/arrayShape",
            Value::Null,
            "$.recordSet[0].field[1].arrayShape",
        ),
    ];
    for (pointer, value, expected) in cases {
        let paths = broken(pointer, value);
        assert!(
            paths.iter().any(|path| path == expected),
            "{pointer}: {paths:?}"
        );
    }
    let mut document = data_set().document();
    document["rai:dataUseCase"] = json!("x");
    let found = problems(&document);
    assert!(found[0].message.contains("`rai:dataUseCases`"), "{found:?}");
}

/// What the reference loader's own documents lack, beside the two that all of them lack.
#[test]
fn documents_of_the_reference_loader_are_held_to_the_specification() {
    let known: [(&str, &[&str]); 12] = [
        // It says `None` where a URL is asked for, and its images have a key that is no field.
        // It says `None` where a URL is asked for, and a key of its images is no field.
        (
            "coco2014-mini/metadata.json",
            &["$.recordSet[1].key", "$.url"],
        ),
        ("fashion-mnist/metadata.json", &[]),
        ("json-join/metadata.json", &[]),
        ("simple-parquet/metadata.json", &[]),
        ("simple-join/metadata.json", &[]),
        ("titanic/metadata.json", &[]),
        ("recipes/minimal_recommended.json", &[]),
        ("recipes/multiple_conforms_to.json", &[]),
        ("recipes/minimal.json", &["$.distribution", "$.license"]),
        ("recipes/live_dataset.json", &["$.license"]),
        ("recipes/file_object_in_zip.json", &["$.license"]),
        (
            "huggingface-anthropic-hh-rlhf/metadata.json",
            &["$.distribution[0].sha256"],
        ),
    ];
    let mut wrong = Vec::new();
    for (name, expected) in known {
        let path = format!("croissant_dev/datasets/1.0/{name}");
        let Some(path) = fieldassay_testkit::shared_data(&path) else {
            return;
        };
        let text = std::fs::read_to_string(path).expect(name);
        let document: Value = serde_json::from_str(&text).expect(name);
        let found = problems(&document);
        let mut paths: Vec<&str> = found.iter().map(|one| one.path.as_str()).collect();
        for all_lack in ["$.creator", "$.datePublished"] {
            let at = paths.iter().position(|path| *path == all_lack).expect(name);
            paths.remove(at);
        }
        if paths != expected {
            wrong.push(format!("{name}: {found:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
