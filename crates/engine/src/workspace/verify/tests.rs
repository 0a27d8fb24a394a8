//! A release that was said in the log: in the workspace, and in a folder with nothing but a key.

use super::*;
use crate::workspace::ingest::publish::{Plan, Scene, Told, publish_operation};
use crate::workspace::ledger::proofs::proof_files;
use crate::workspace::ledger::say::Said;
use crate::workspace::opened::{World, init};
use crate::workspace::verify::tree::sha256;
use fieldassay_check::NoProgress;
use fieldassay_model::release::{
    LeakageReport, Manifest, ReleaseFile, Request as Wanted, SCHEMA, TableForm, VERSION,
};
use fieldassay_model::tables::MEMBERS;
use fieldassay_store::{Objects, Recorded, Release, Tag};

fn manifest(members: &[u8]) -> Manifest {
    let request = Wanted::default();
    Manifest {
        schema: SCHEMA.to_owned(),
        version: VERSION,
        request_sha256: request.sha256(),
        policies: Vec::new(),
        contracts: Vec::new(),
        ontologies: Vec::new(),
        tables: vec![TableForm::of(&MEMBERS)],
        members: 2,
        recordings: 1,
        files: vec![ReleaseFile {
            path: "members.parquet".to_owned(),
            sha256: sha256(members),
            blake3: "cd".repeat(32),
            size_bytes: members.len() as u64,
            rows: 2,
        }],
        split: None,
        leakage: LeakageReport::default(),
        request,
    }
}

/// What is said and recorded of the release `made@1`, tagged `golden`.
fn told(manifest: &Manifest) -> Told {
    let sha256 = manifest.sha256();
    Told {
        statements: vec![
            Said::Release {
                name: "made".to_owned(),
                version: 1,
                manifest_sha256: sha256.clone(),
                members: 2,
                held_to: Vec::new(),
                inputs: Vec::new(),
            },
            Said::Tag {
                tag: "golden".to_owned(),
                release: "made".to_owned(),
                version: 1,
                manifest_sha256: sha256.clone(),
            },
        ],
        recorded: Recorded {
            releases: vec![Release {
                name: "made".to_owned(),
                version: 1,
                manifest_sha256: sha256,
                manifest_bytes: 1,
                members: 2,
                tables_at: 0,
                created_ns: 5,
                actor: String::new(),
                envelope: "{}".to_owned(),
            }],
            tags: vec![Tag {
                tag: "golden".to_owned(),
                release: "made".to_owned(),
                version: 1,
            }],
            ..Recorded::default()
        },
        key: "made@1".to_owned(),
    }
}

#[test]
fn a_release_is_what_was_signed_here_and_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = folder.path().join("keys").display().to_string();
    let world = World {
        now_ns: &|| 1_700_000_000_000_000_000,
        environment: &|name| (name == "FIELDASSAY_KEYS").then(|| keys.clone()),
        actor: "tester",
        process: "p",
        random: &|bytes| {
            bytes.fill(7);
            Ok(())
        },
    };
    let (workspace, made) = init(&folder.path().join("ws"), &world).expect("a workspace");
    let manifest = manifest(b"members");
    let place = format!("releases/{}", manifest.sha256());
    let objects = Objects::new(workspace.place.clone());
    let scene = Scene {
        workspace: &workspace,
        world: &world,
        watch: &NoProgress,
    };
    let plan = Plan {
        verb: "release",
        sha256: &"ab".repeat(32),
        about: std::collections::BTreeMap::new(),
    };
    let proof = workspace.runtime.block_on(async {
        let files = [
            ("manifest.json", manifest.canonical()),
            ("members.parquet", "members".to_owned()),
        ];
        for (name, text) in files {
            objects
                .put(&format!("{place}/{name}"), text.into())
                .await
                .expect("written");
        }
        let first = publish_operation(scene, &plan, told(&manifest))
            .await
            .expect("published");
        let again = publish_operation(scene, &plan, told(&manifest))
            .await
            .expect("published");
        assert_eq!(
            (first.sequence, &first.checkpoint),
            (Some(1), &again.checkpoint)
        );
        let other = Told {
            key: "another".to_owned(),
            ..told(&manifest)
        };
        let taken = publish_operation(scene, &plan, other).await;
        assert!(taken.expect_err("taken").to_string().contains("made@1"));
        proof_files(&workspace, &world, 2).await.expect("a proof")
    });
    for id in ["made", "made@1", "made@golden"] {
        let request = Request {
            id: Some(id.to_owned()),
            ..Request::default()
        };
        let found = verify(&workspace, &request).expect("an answer");
        assert!(found.holds, "{:?}", found.problems);
        assert_eq!(found.verified["files of releases"], 1);
    }
    let found = verify(&workspace, &Request::default()).expect("an answer");
    assert!(found.holds, "{:?}", found.problems);
    let tells = |found: &Document| {
        let mut told = found.not_verified.iter();
        told.any(|one| one.contains("that no release names"))
    };
    assert!(!tells(&found), "{:?}", found.not_verified);
    let left = format!("releases/{}/members.parquet", "ab".repeat(32));
    let put = workspace
        .runtime
        .block_on(objects.put(&left, "members".to_owned().into()));
    put.expect("written");
    let found = verify(&workspace, &Request::default()).expect("an answer");
    assert!(found.holds && tells(&found), "{:?}", found.not_verified);
    let export = folder.path().join("export");
    std::fs::create_dir(&export).expect("a folder");
    let files: [(&str, &[u8]); 5] = [
        ("manifest.json", &manifest.canonical().into_bytes()),
        ("members.parquet", b"members"),
        ("release.dsse.json", &proof.statement),
        ("release.tlog-proof", proof.proof.as_bytes()),
        ("release.pub", proof.public_key.as_bytes()),
    ];
    for (name, bytes) in files {
        std::fs::write(export.join(name), bytes).expect("written");
    }
    let request = Request {
        key: Some(made.log.public_key),
        ..Request::default()
    };
    let asked = || verify_folder(&export, &request).expect("an answer");
    assert!(asked().holds, "{:?}", asked().problems);
    for (name, bytes) in files {
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut other = bytes.to_vec();
            other[at] ^= 1;
            std::fs::write(export.join(name), &other).expect("written");
            let found = verify_folder(&export, &request);
            let named =
                found.map(|found| found.problems.iter().any(|one| one.place.ends_with(name)));
            // A checkpoint ends in a line break, and a key in one that nobody reads.
            let is_end = name == "release.pub" && at + 1 == bytes.len();
            assert!(named.expect("an answer") || is_end, "{name} at {at}");
        }
        std::fs::remove_file(export.join(name)).expect("gone");
        assert!(!asked().holds || name == "release.pub", "{name} is gone");
        std::fs::write(export.join(name), bytes).expect("written");
    }
    assert!(asked().holds);
    let trusting = verify_folder(&export, &Request::default()).expect("an answer");
    assert!(
        trusting
            .not_verified
            .iter()
            .any(|one| one.contains("--key"))
    );
}
