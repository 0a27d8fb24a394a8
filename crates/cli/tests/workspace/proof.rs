//! `verify` and `log` as a user meets them.

use super::{example, workspace};
use crate::common::{json, run};
use std::path::Path;

fn first_file(folder: &Path) -> std::path::PathBuf {
    let entry = std::fs::read_dir(folder).expect("a folder").next();
    let path = entry.expect("a file").expect("an entry").path();
    if path.is_dir() {
        first_file(&path)
    } else {
        path
    }
}

#[test]
fn what_is_stored_is_verified_and_a_changed_byte_is_named() {
    let folder = workspace();
    let here = folder.path();
    run(here, &["ingest", &example()]);
    let whole = run(here, &["verify"]);
    assert_eq!(whole.code, 0, "{}{}", whole.stdout, whole.stderr);
    assert!(whole.stdout.contains("workspace holds"), "{}", whole.stdout);
    let document = json(&run(here, &["verify", "--json"]));
    assert_eq!(document["schema"], "fieldassay.verify");
    assert_eq!(
        (&document["holds"], &document["problems"]),
        (&true.into(), &serde_json::json!([]))
    );
    assert!(document["verified"]["blobs"].as_u64() > Some(0));
    let blob = first_file(&here.join(".fieldassay/blobs"));
    let mut bytes = std::fs::read(&blob).expect("bytes");
    bytes[0] ^= 1;
    std::fs::write(&blob, &bytes).expect("written");
    let changed = run(here, &["verify", "--json"]);
    assert_eq!(changed.code, 1);
    let problem = &json(&changed)["problems"][0];
    assert_eq!(problem["what"], "blob");
    assert!(blob.ends_with(problem["where"].as_str().expect("a path")));
    assert_eq!(problem["expected"].as_str().map(str::len), Some(64));
    assert_ne!(problem["expected"], problem["found"]);
    let said = run(here, &["verify"]);
    assert!(said.stdout.contains("DOES NOT HOLD"), "{}", said.stdout);
}

#[test]
fn the_log_is_shown_proved_witnessed_and_its_key_changed() {
    let folder = workspace();
    let here = folder.path();
    run(here, &["ingest", &example()]);
    let checkpoint = run(here, &["log", "checkpoint"]);
    assert!(
        checkpoint.stdout.starts_with("fieldassay/"),
        "{}",
        checkpoint.stdout
    );
    let shown = run(here, &["log", "show"]);
    assert!(shown.stdout.contains("ingest"), "{}", shown.stdout);
    let proved = run(here, &["log", "prove", "batch:1", "-o", "drive.tlog-proof"]);
    assert_eq!(proved.code, 0, "{}", proved.stderr);
    for (name, begins) in [
        ("drive.tlog-proof", "c2sp.org/tlog-proof@v1"),
        ("drive.dsse.json", "{\"payload\""),
        ("drive.pub", "fieldassay/"),
    ] {
        let text = std::fs::read_to_string(here.join(name)).expect(name);
        assert!(text.starts_with(begins), "{name}: {text}");
    }
    let again = run(here, &["log", "prove", "batch:1", "-o", "drive.tlog-proof"]);
    assert_eq!(again.code, 2, "{}", again.stderr);
    let key = run(
        here,
        &[
            "log",
            "witness",
            "--key-new",
            "w.key",
            "--name",
            "w.example",
        ],
    );
    assert!(key.stdout.starts_with("w.example+"), "{}", key.stdout);
    let kept = run(here, &["log", "witness", "kept.txt", "--cosign", "w.key"]);
    assert!(
        kept.stdout.contains("cosigned by w.example"),
        "{}{}",
        kept.stdout,
        kept.stderr
    );
    let rotated = run(here, &["log", "rotate"]);
    assert_eq!(rotated.code, 0, "{}", rotated.stderr);
    let held = run(here, &["verify", "--checkpoint", "kept.txt"]);
    assert_eq!(held.code, 0, "{}{}", held.stdout, held.stderr);
    let none = run(here, &["log", "prove", "nothing@1"]);
    assert_eq!(none.code, 2, "{}", none.stderr);
    assert!(none.stderr.contains("log show"), "{}", none.stderr);
    let none = run(here, &["verify", "nothing@1"]);
    assert_eq!(none.code, 1, "{}", none.stderr);
}
