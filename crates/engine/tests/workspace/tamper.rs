//! Everything that is stored, changed in every way a test can make: `verify` finds it and names the place.

use crate::bench::{Bench, in_world, recording};
use fieldassay_engine::workspace::verify::{Document, Request, verify};
use fieldassay_engine::workspace::{Workspace, log};
use fieldassay_engine::{EngineError, NoProgress};
use fieldassay_testkit::Lcg;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A workspace of three batches: recordings, and votes.
fn full() -> Bench {
    let bench = Bench::new();
    for seed in 1..=2 {
        recording(&bench.inputs().join(format!("drive{seed}.mcap")), seed, 40);
    }
    let votes = "item,annotator,label\na,x,1\na,y,2\nb,x,1\n";
    std::fs::write(bench.inputs().join("votes.csv"), votes).expect("a file");
    for name in ["drive1.mcap", "drive2.mcap", "votes.csv"] {
        let input = bench.inputs().join(name);
        bench.ingest(&[&input], &NoProgress).expect("a run");
    }
    bench
}

fn verified(workspace: &Workspace) -> Document {
    verify(workspace, &Request::default()).expect("an answer")
}

/// Every file of the store, by path, that is part of the workspace.
fn stored(store: &Path) -> Vec<String> {
    let mut all = Vec::new();
    let mut waiting = vec![store.to_owned()];
    while let Some(at) = waiting.pop() {
        for entry in std::fs::read_dir(&at).expect("a folder") {
            let path = entry.expect("an entry").path();
            let inside = path
                .strip_prefix(store)
                .expect("inside")
                .display()
                .to_string();
            let is_part = ["log", "tables", "blobs"]
                .iter()
                .any(|part| inside.starts_with(part));
            if path.is_dir() {
                waiting.push(path);
            } else if is_part {
                all.push(inside);
            }
        }
    }
    all.sort();
    all
}

fn kind(path: &str) -> &'static str {
    let contains = |part: &str| path.contains(part);
    match () {
        () if contains("tile/entries") => "bundle",
        () if contains("tile/") => "tile",
        () if path.ends_with("log/checkpoint") => "checkpoint",
        () if contains("_delta_log") => "commit",
        () if path.starts_with("tables/") => "table file",
        () if path.starts_with("blobs/") => "blob",
        () => "document",
    }
}

/// One change of the bytes of a file; none takes the file away.
fn changed(way: usize, bytes: &[u8], other: &[u8], random: &mut Lcg) -> Option<Vec<u8>> {
    let mut bytes = bytes.to_vec();
    let len = bytes.len();
    let flip = |bytes: &mut Vec<u8>, at: usize, bit: u32| bytes[at.min(len - 1)] ^= 1 << bit;
    let bit = random.next_u32() % 8;
    let anywhere = random.next_u32() as usize % len;
    match way {
        0 => flip(&mut bytes, 0, bit),
        1 => flip(&mut bytes, len - 1, bit),
        2 => flip(&mut bytes, len / 2, bit),
        3 => flip(&mut bytes, 4 + random.next_u32() as usize % 12, bit),
        4 => flip(&mut bytes, anywhere, bit),
        5 => bytes.truncate(anywhere),
        6 => bytes.push(b'\n'),
        7 => return None,
        _ => return Some(other.to_vec()),
    }
    Some(bytes)
}

#[test]
fn every_changed_file_is_found_and_named() {
    let bench = full();
    let workspace = bench.open();
    let whole = verified(&workspace);
    assert!(whole.holds, "{:?}", whole.problems);
    let store = bench.path().join(".fieldassay");
    let mut by_kind: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for path in stored(&store) {
        by_kind.entry(kind(&path)).or_default().push(path);
    }
    assert_eq!(by_kind.len(), 7);
    let mut random = Lcg::new(7);
    let mut cases = 0;
    for files in by_kind.values() {
        for turn in 0..6 {
            let path = &files[turn * files.len() / 6 % files.len()];
            let other = &files[(turn * files.len() / 6 + 1) % files.len()];
            let file = store.join(path);
            let bytes = std::fs::read(&file).expect("bytes");
            let other = std::fs::read(store.join(other)).expect("bytes");
            for way in 0..9 {
                let new = changed(way, &bytes, &other, &mut random);
                if new.as_ref() == Some(&bytes) {
                    continue;
                }
                match &new {
                    Some(new) => std::fs::write(&file, new).expect("written"),
                    None => std::fs::remove_file(&file).expect("gone"),
                }
                let found = verified(&workspace);
                assert!(!found.holds, "{path}, way {way}");
                let named = found.problems.iter().any(|problem| problem.place == *path);
                assert!(named, "{path}, way {way}: {:?}", found.problems);
                cases += 1;
                std::fs::write(&file, &bytes).expect("written");
            }
        }
    }
    assert!(cases >= 300, "only {cases} cases");
    assert!(verified(&workspace).holds);
}

#[test]
fn files_that_nobody_signed_are_named() {
    let bench = full();
    let workspace = bench.open();
    let store = bench.path().join(".fieldassay");
    let new = [
        "log/00000000000000000099.json",
        "log/tile/0/001",
        "log/tile/0/000.p/3",
        "log/tile/entries/000.p/200",
        "log/rotations/00000000000000000001.note",
        "tables/labels/_delta_log/00000000000000000001.json",
        "tables/labels/_delta_log/_last_checkpoint",
        "tables/labels/part-1.parquet",
    ];
    for path in new {
        let file = store.join(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(&file, b"{}").expect("a file");
        let found = verified(&workspace);
        let named = found
            .problems
            .iter()
            .any(|problem| path.starts_with(&problem.place));
        assert!(named, "{path}: {:?}", found.problems);
        std::fs::remove_file(&file).expect("gone");
    }
    assert!(verified(&workspace).holds);
}

/// The catalogue as it is, to be put back.
struct Kept {
    file: PathBuf,
    bytes: Vec<u8>,
}

impl Kept {
    fn new(bench: &Bench) -> Self {
        drop(bench.open());
        let file = bench.path().join(".fieldassay/catalog.db");
        let bytes = std::fs::read(&file).expect("bytes");
        Self { file, bytes }
    }

    fn put_back(&self) {
        for end in ["-wal", "-shm"] {
            let mut beside = self.file.clone().into_os_string();
            beside.push(end);
            let _ = std::fs::remove_file(beside);
        }
        std::fs::write(&self.file, &self.bytes).expect("written");
    }
}

#[test]
fn every_claim_of_the_catalogue_that_was_changed_is_found_and_named() {
    let bench = full();
    let kept = Kept::new(&bench);
    let cases = [
        (
            "UPDATE versions SET version = version + 1 WHERE sequence = 2 AND table_name = 'recordings'",
            "`versions`",
        ),
        (
            "DELETE FROM versions WHERE sequence = 1 AND table_name = 'files'",
            "`versions`",
        ),
        (
            "INSERT INTO versions (sequence, table_name, version) VALUES (1, 'labels', 0)",
            "`versions`",
        ),
        (
            "UPDATE recordings SET verdict = 'pass' WHERE name = 'votes.csv'",
            "`recordings`",
        ),
        (
            "UPDATE recordings SET quarantined = NOT quarantined",
            "`recordings`",
        ),
        ("UPDATE recordings SET name = 'x' || name", "`recordings`"),
        (
            "UPDATE recordings SET start_ns = start_ns + 1 WHERE start_ns IS NOT NULL",
            "`recordings`",
        ),
        ("UPDATE recordings SET sequence = 1", "`recordings`"),
        (
            "DELETE FROM recordings WHERE name = 'drive1.mcap'",
            "`recordings`",
        ),
        (
            "UPDATE batches SET plan_sha256 = 'x' WHERE sequence = 2",
            "`batches` 2",
        ),
        (
            "UPDATE batches SET state = 'open' WHERE sequence = 3",
            "`batches` 3",
        ),
        ("DELETE FROM batches WHERE sequence = 1", "`batches` 1"),
        (
            "INSERT INTO batches (sequence, plan_sha256, state, content, opened_us) VALUES (9, 'x', 'open', '{}', 1)",
            "`batches` 9",
        ),
        (
            "INSERT INTO batches (sequence, plan_sha256, state, content, opened_us, published_us) VALUES (9, 'x', 'published', '', 1, 2)",
            "`batches` 9",
        ),
        (
            "UPDATE log_heads SET size = size - 1 WHERE sequence = 3",
            "`log_heads` 3",
        ),
        (
            "UPDATE log_heads SET root = replace(root, substr(root, 1, 1), '0') || '' WHERE sequence = 1 AND substr(root, 1, 1) <> '0'; UPDATE log_heads SET root = '1' || substr(root, 2) WHERE sequence = 1 AND substr(root, 1, 1) = '0'",
            "`log_heads` 1",
        ),
        (
            "UPDATE log_heads SET checkpoint = replace(checkpoint, 'fieldassay/', 'fieldassays/') WHERE sequence = 0",
            "`log_heads` 0",
        ),
        ("DELETE FROM log_heads WHERE sequence = 3", "log/checkpoint"),
        ("DELETE FROM log_heads", "`log_heads`"),
        (
            "UPDATE log_entries SET kind = 'release' WHERE entry = 1",
            "`log_entries`",
        ),
        (
            "UPDATE log_entries SET subject = 'batch:7' WHERE entry = 0",
            "`log_entries`",
        ),
        (
            "UPDATE log_entries SET sequence = 3 WHERE entry = 1",
            "`log_entries`",
        ),
        ("DELETE FROM log_entries WHERE entry = 2", "`log_entries`"),
        (
            "INSERT INTO log_entries (entry, sequence, kind, subject) VALUES (99, 3, 'ingest', 'batch:3')",
            "`log_entries`",
        ),
        (
            "UPDATE commitments SET value = 'somebody else'",
            "`commitments`",
        ),
        (
            "UPDATE commitments SET salt = 'f' || substr(salt, 2)",
            "`commitments`",
        ),
        (
            "UPDATE settings SET value = replace(value, 'fieldassay/', 'fieldassay/0') WHERE name = 'log'",
            "settings",
        ),
        (
            "INSERT INTO releases (name, version, manifest_sha256, manifest_bytes, members, tables_at, created_ns, actor, envelope, sequence) VALUES ('made', 1, 'x', 1, 1, 1, 1, 'a', '{}', 3)",
            "`releases`",
        ),
        (
            "INSERT INTO tags (tag, sequence, release, version) VALUES ('golden', 3, 'made', 1)",
            "`tags`",
        ),
    ];
    for (sql, place) in cases {
        bench.change_catalog(sql);
        let workspace = bench.open();
        let found = verified(&workspace);
        drop(workspace);
        let named = found
            .problems
            .iter()
            .any(|problem| problem.place.contains(place));
        assert!(named && !found.holds, "{sql}: {:?}", found.problems);
        kept.put_back();
    }
    assert!(verified(&bench.open()).holds);
}

#[test]
fn erasing_who_did_it_leaves_the_log_whole() {
    let bench = full();
    bench.change_catalog("DELETE FROM commitments");
    let found = verified(&bench.open());
    assert!(found.holds, "{:?}", found.problems);
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copied(&path, &target);
        } else {
            std::fs::copy(&path, target).expect("a copy");
        }
    }
}

/// The checkpoint of a workspace, kept in a file elsewhere.
fn keep_checkpoint(bench: &Bench, file: &Path) {
    let workspace = bench.open();
    let kept = in_world(|world| log::witness(&workspace, world, file, None));
    assert_eq!(kept.expect("kept").file, file);
}

#[test]
fn a_log_that_was_cut_off_or_made_anew_does_not_pass_by_a_checkpoint_kept_elsewhere() {
    let bench = Bench::new();
    bench
        .ingest(&[&bench.drive(1)], &NoProgress)
        .expect("a run");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let (old, kept) = (elsewhere.path().join("old"), elsewhere.path().join("kept"));
    copied(&bench.path(), &old);
    keep_checkpoint(&bench, &kept);
    bench
        .ingest(&[&bench.drive(2)], &NoProgress)
        .expect("a run");
    keep_checkpoint(&bench, &kept);
    let asked = |bench: &Bench| {
        let request = Request {
            checkpoint: Some(kept.clone()),
            ..Request::default()
        };
        verify(&bench.open(), &request).expect("an answer")
    };
    assert!(asked(&bench).holds);
    // Shorter: in itself it is whole.
    std::fs::remove_dir_all(bench.path()).expect("gone");
    copied(&old, &bench.path());
    assert!(verified(&bench.open()).holds);
    let found = asked(&bench);
    assert!(
        found
            .problems
            .iter()
            .any(|one| one.place == kept.display().to_string()),
        "{:?}",
        found.problems
    );
    let refused = in_world(|world| log::witness(&bench.open(), world, &kept, None));
    assert!(
        refused
            .expect_err("shorter")
            .to_string()
            .contains("does not continue")
    );
    // Another past of the same length, by somebody who has the key and forgot what it signed.
    bench.forget_last();
    bench
        .ingest(&[&bench.drive(3)], &NoProgress)
        .expect("a run");
    assert!(verified(&bench.open()).holds);
    assert!(!asked(&bench).holds);
    let refused = in_world(|world| log::witness(&bench.open(), world, &kept, None));
    assert!(refused.is_err());
}

#[test]
fn another_key_verifies_nothing() {
    let (bench, other) = (full(), Bench::new());
    let key = in_world(|world| log::checkpoint(&other.open(), world))
        .expect("one")
        .public_key;
    let request = Request {
        key: Some(key),
        ..Request::default()
    };
    let found = verify(&bench.open(), &request).expect("an answer");
    let places: Vec<&str> = found
        .problems
        .iter()
        .map(|one| one.place.as_str())
        .collect();
    assert!(
        places.contains(&"fieldassay.toml") && places.contains(&"log/checkpoint"),
        "{places:?}"
    );
    let request = Request {
        key: Some("nothing of the kind".to_owned()),
        ..Request::default()
    };
    let error = verify(&bench.open(), &request).expect_err("no key");
    assert!(error.to_string().contains("--key"), "{error}");
}

#[test]
fn a_changed_key_goes_on_and_the_first_one_still_leads_to_it() {
    let bench = full();
    let first = in_world(|world| log::checkpoint(&bench.open(), world))
        .expect("one")
        .public_key;
    for _ in 0..2 {
        let rotated = in_world(|world| log::rotate(&bench.open(), world)).expect("a new key");
        assert_ne!(rotated.old_key, rotated.new_key);
        let drive = bench.inputs().join("later.mcap");
        recording(&drive, 9 + rotated.note.len() as u64, 20);
        bench.ingest(&[&drive], &NoProgress).expect("a run");
    }
    let request = Request {
        key: Some(first),
        ..Request::default()
    };
    let found = verify(&bench.open(), &request).expect("an answer");
    assert!(found.holds, "{:?}", found.problems);
    let shown = in_world(|world| log::show(&bench.open(), world, None)).expect("entries");
    let changes = shown
        .entries
        .iter()
        .filter(|entry| entry.kind == "key_change");
    assert_eq!(changes.count(), 2);
    let note = bench
        .path()
        .join(".fieldassay/log/rotations/00000000000000000001.note");
    std::fs::remove_file(note).expect("gone");
    let found = verified(&bench.open());
    assert!(
        found
            .problems
            .iter()
            .any(|one| one.place.starts_with("log/rotations")),
        "{:?}",
        found.problems
    );
}

#[test]
fn a_witness_signs_what_continues_and_proofs_hold_elsewhere() -> Result<(), EngineError> {
    use fieldassay_proof::{KeyChain, SignedCheckpoint, TlogProof, Trust, VerifierKey};
    let bench = full();
    let elsewhere = tempfile::tempdir().expect("a folder");
    let key = elsewhere.path().join("witness.key");
    let public = in_world(|world| log::new_witness_key(world, "customer.example", &key))?;
    let workspace = bench.open();
    let kept = in_world(|world| log::witness(&workspace, world, elsewhere.path(), Some(&key)))?;
    assert_eq!((kept.before, kept.cosigned_by), (0, Some(public.clone())));
    let again = in_world(|world| log::witness(&workspace, world, &kept.file, Some(&key)))?;
    assert_eq!((again.before, again.size), (kept.size, kept.size));
    let log_key = in_world(|world| log::checkpoint(&workspace, world))?.public_key;
    let log_key = VerifierKey::parse(&log_key).expect("a key");
    let chain = KeyChain::new(log_key.name(), log_key.clone()).expect("a log");
    let witness = VerifierKey::parse(&public).expect("a key");
    let trust = Trust::witnessed(chain.clone(), vec![witness], 1).expect("trust");
    let signed = SignedCheckpoint::parse(again.checkpoint.as_bytes()).expect("a checkpoint");
    assert_eq!(signed.open(&trust).expect("cosigned").cosigners.len(), 1);
    for id in ["0", "batch:2", "drive1.mcap", "r-nothing"] {
        let id = if id == "drive1.mcap" {
            bench.ask("SELECT recording_id AS r FROM recordings WHERE name = 'drive1.mcap'")[0]["r"]
                .as_str()
                .expect("an id")
                .to_owned()
        } else {
            id.to_owned()
        };
        let proved = in_world(|world| log::prove(&workspace, world, &id));
        if id == "r-nothing" {
            assert!(proved.is_err());
            continue;
        }
        let proved = proved?;
        let proof = TlogProof::parse(proved.proof.as_bytes()).expect("a proof");
        proof
            .verify(&proved.statement, &Trust::log(chain.clone()))
            .expect("it holds");
        assert!(proof.verify(b"other", &Trust::log(chain.clone())).is_err());
    }
    Ok(())
}
