use super::*;
use crate::tables::{MEMBERS, table};
use std::collections::BTreeSet;

fn file(path: &str, rows: u64) -> ReleaseFile {
    ReleaseFile {
        path: path.to_owned(),
        sha256: "ab".repeat(32),
        blake3: "cd".repeat(32),
        size_bytes: 10,
        rows,
    }
}

fn manifest() -> Manifest {
    let request = Request {
        condition: Some("format = 'mcap'".to_owned()),
        split: Some(Split::parse("site+day:80/10/10").expect("a split")),
        allow_leakage: BTreeSet::from([LeakageKind::Scene]),
        ..Request::default()
    };
    let part = |name: &str, wanted_ratio, members| Part {
        name: name.to_owned(),
        wanted_ratio,
        ratio: members as f64 / 10.0,
        members,
        groups: 1,
        strata: Vec::new(),
    };
    Manifest {
        schema: SCHEMA.to_owned(),
        version: VERSION,
        request_sha256: request.sha256(),
        policies: vec![Reference {
            name: "default".to_owned(),
            version: 3,
            sha256: "ef".repeat(32),
        }],
        contracts: Vec::new(),
        ontologies: vec!["driving@2".to_owned()],
        tables: vec![
            TableForm::of(&MEMBERS),
            TableForm::of(table("recordings").expect("a table")),
        ],
        members: 10,
        recordings: 10,
        files: vec![file("members.parquet", 10), file("recordings.parquet", 10)],
        split: Some(SplitReport {
            by: vec!["site".to_owned(), "day".to_owned()],
            groups: 3,
            parts: vec![
                part("train", 0.8, 8),
                part("val", 0.1, 1),
                part("test", 0.1, 1),
            ],
            deviations: Vec::new(),
        }),
        leakage: LeakageReport::default(),
        request,
    }
}

#[test]
fn what_is_written_is_read_again() {
    let manifest = manifest();
    let text = manifest.canonical();
    assert_eq!(Manifest::parse(text.as_bytes()), Ok(manifest.clone()));
    assert_eq!(
        crate::hexadecimal(&sha2::Digest::finalize(sha2::Digest::chain_update(
            <sha2::Sha256 as sha2::Digest>::new(),
            &text
        ))),
        manifest.sha256()
    );
}

#[test]
fn every_other_byte_is_refused_or_another_manifest() {
    let manifest = manifest();
    let text = manifest.canonical();
    let mut read = 0;
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        if let Ok(other) = Manifest::parse(&bytes) {
            assert_ne!(other.sha256(), manifest.sha256(), "byte {at}");
            read += 1;
        }
    }
    // A digit of a digest or a letter of a sentence makes another manifest, whose own digest tells it apart.
    assert!(read > 0 && read < text.len());
    let longer = format!("{text}\n");
    assert_eq!(
        Manifest::parse(longer.as_bytes()).map_err(|error| error.code()),
        Err("manifest.not_canonical")
    );
}

#[test]
fn contradictions_are_named() {
    let refused = |change: &dyn Fn(&mut Manifest)| {
        let mut manifest = manifest();
        change(&mut manifest);
        match Manifest::parse(manifest.canonical().as_bytes()) {
            Err(ManifestError::Contradiction { place, .. }) => place,
            other => format!("{other:?}"),
        }
    };
    assert_eq!(refused(&|m| m.request.time_gap_ns = 1), "request_sha256");
    assert_eq!(refused(&|m| m.members = 0), "members");
    assert_eq!(refused(&|m| m.recordings = 11), "members");
    assert_eq!(refused(&|m| m.files.reverse()), "files");
    assert_eq!(
        refused(&|m| m.files[1].path = "../x.parquet".to_owned()),
        "files"
    );
    assert_eq!(refused(&|m| m.files[0].rows = 9), "files");
    assert_eq!(refused(&|m| m.files[0].sha256 = "AB".repeat(32)), "files");
    assert_eq!(refused(&|m| m.split = None), "split");
    assert_eq!(
        refused(&|m| {
            m.tables.pop();
            m.files.pop();
            m.tables.push(TableForm::of(&MEMBERS));
        }),
        "tables"
    );
    let mut other = manifest();
    other.version = 2;
    let error = Manifest::parse(other.canonical().as_bytes()).map_err(|error| error.code());
    assert_eq!(error, Err("manifest.form"));
    let unknown = manifest().canonical().replacen('{', "{\"a\":1,", 1);
    let error = Manifest::parse(unknown.as_bytes()).map_err(|error| error.code());
    assert_eq!(error, Err("manifest.form"));
    let error = Manifest::parse(&vec![b' '; MAX_BYTES + 1]).map_err(|error| error.code());
    assert_eq!(error, Err("manifest.large"));
}

#[test]
fn splits_are_read_and_mistakes_named() {
    let names = |text: &str| {
        let split = Split::parse(text).expect(text);
        let shares = split.shares.iter();
        let shares: Vec<String> = shares
            .map(|one| format!("{}={}", one.name, one.parts))
            .collect();
        format!("{} {}", split.by.join("+"), shares.join(" "))
    };
    assert_eq!(names("site:80/10/10"), "site train=80 val=10 test=10");
    assert_eq!(names("site+day:9/1"), "site+day train=9 test=1");
    assert_eq!(names("rig:fit=3, holdout=1"), "rig fit=3 holdout=1");
    for (text, what) in [
        ("site", "no `:`"),
        (":80/20", "empty"),
        ("site:80", "1 shares"),
        ("site:25/25/25/25", "4 shares"),
        ("site:80/x", "`x`"),
        ("site:80/-1", "`-1`"),
        ("site:100/0", "share `0`"),
        ("site:a=1,a=2", "twice"),
        ("site:a/b=1,c=2", "no name of a split"),
        ("site+site:80/20", "key stands twice"),
    ] {
        let error = Split::parse(text).expect_err(text).to_string();
        assert!(
            error.contains(what) && error.contains("hint:"),
            "{text}: {error}"
        );
    }
    assert!(
        LeakageKind::parse("scnee")
            .expect_err("a typo")
            .to_string()
            .contains("`scene`")
    );
}

#[test]
fn names_and_versions_are_read() {
    let read = |text: &str| ReleaseRef::parse(text).map(|read| read.which);
    assert_eq!(read("night-rain"), Ok(Which::Newest));
    assert_eq!(read("night-rain@2"), Ok(Which::Version(2)));
    assert_eq!(
        read("night-rain@golden"),
        Ok(Which::Tag("golden".to_owned()))
    );
    for wrong in [
        "", "Night", "../x", "a/b", "a@0", "a@-1", "a@B", "r-12", "a@", "1a", "a b",
    ] {
        let error = ReleaseRef::parse(wrong).expect_err(wrong).to_string();
        assert!(error.contains("hint:"), "{error}");
    }
}

#[test]
fn a_request_is_its_canonical_text() {
    let request = Request::default();
    assert_eq!(
        request.canonical(),
        r#"{"content_min_ratio":0.8,"scene_min_cosine":0.999}"#
    );
    let other = Request {
        time_gap_ns: 5,
        ..Request::default()
    };
    assert_ne!(request.sha256(), other.sha256());
    for wrong in [
        Request {
            content_min_ratio: 0.0,
            ..Request::default()
        },
        Request {
            scene_min_cosine: f64::NAN,
            ..Request::default()
        },
        Request {
            time_gap_ns: -1,
            ..Request::default()
        },
    ] {
        assert!(wrong.check().is_err(), "{wrong:?}");
    }
}
