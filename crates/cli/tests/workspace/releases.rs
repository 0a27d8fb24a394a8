//! Releases as a user meets them: made, listed, tagged, compared, exported, made again.

use super::common::{json, run};
use super::{example, workspace};
use std::path::Path;

/// Small drives of three sites.
fn drives(folder: &Path) {
    for seed in 1..=3 {
        let name = format!("drive{seed}.mcap");
        let seed = seed.to_string();
        let made = run(
            folder,
            &["simulate", &name, "--seed", &seed, "--duration", "2"],
        );
        assert_eq!(made.code, 0, "{}", made.stderr);
        let context = format!("site: s{seed}\nrig: r{seed}\n");
        std::fs::write(folder.join(format!("drive{seed}.context.yaml")), context).expect("a file");
    }
}

#[test]
fn from_drives_to_a_folder_others_read() {
    let folder = workspace();
    let here = folder.path();
    let added = run(here, &["ingest", &example(), "--set", "site=plant-3"]);
    assert!(matches!(added.code, 0 | 4), "{}", added.stderr);
    let create = [
        "release",
        "create",
        "night",
        "--include-quarantined",
        "--json",
    ];
    let made = run(here, &create);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let document = json(&made);
    for key in [
        "name",
        "version",
        "manifest_sha256",
        "members",
        "files",
        "splits",
        "leakage",
    ] {
        assert!(!document[key].is_null(), "{key}");
    }
    assert_eq!(
        (&document["version"], &document["members"]),
        (&1.into(), &1.into())
    );
    assert!(
        made.stderr.contains("checkpoint of the log"),
        "{}",
        made.stderr
    );
    let again = json(&run(here, &create));
    assert_eq!(
        (&again["version"], &again["is_new"]),
        (&1.into(), &false.into())
    );

    let listed = json(&run(here, &["release", "ls", "--json"]));
    assert_eq!(
        listed["releases"][0]["manifest_sha256"],
        document["manifest_sha256"]
    );
    let shown = run(here, &["release", "show", "night"]);
    assert!(shown.stdout.contains("members.parquet"), "{}", shown.stdout);
    let tagged = run(here, &["tag", "night@1", "golden"]);
    assert_eq!(tagged.code, 0, "{}", tagged.stderr);
    let same = json(&run(here, &["diff", "night@1", "night@golden", "--json"]));
    assert_eq!(same["is_same"], true);
    let exported = run(here, &["export", "night@golden", "-o", "out", "--json"]);
    assert_eq!(exported.code, 0, "{}", exported.stderr);
    assert!(here.join("out/manifest.json").is_file());
    assert!(here.join("out/release.tlog-proof").is_file());
    assert_eq!(run(here, &["export", "night", "-o", "out"]).code, 2);
    let reproduced = json(&run(here, &["reproduce", "night@1", "--json"]));
    assert_eq!(reproduced["differences"], serde_json::json!([]));
}

#[test]
fn what_cannot_be_is_explained_and_leakage_is_a_gate() {
    let folder = workspace();
    let here = folder.path();
    drives(here);
    let inputs = ["ingest", "drive1.mcap", "drive2.mcap", "drive3.mcap"];
    let added = run(here, &inputs);
    assert!(matches!(added.code, 0 | 4), "{}", added.stderr);
    let create = |more: &[&str]| {
        let first = ["release", "create", "x", "--include-quarantined"];
        run(here, &[&first[..], more].concat())
    };
    for (more, code, word) in [
        (&["--where", "false"][..], 2, "would be empty"),
        (&["--split", "site"], 2, "no `:`"),
        (&["--split", "site:25/25/25/25"], 2, "names are known"),
        (
            &["--split", "weather:80/20"],
            2,
            "no member has a `weather`",
        ),
        (&["--split", "site:a=1,b=1,c=1,d=1"], 2, "makes 3 groups"),
        (&["--allow-leakage", "scnee"], 2, "did you mean `scene`"),
        (&["--from", "nothing"], 2, "no table"),
        (&["--contract", "none.yaml"], 1, "none.yaml"),
    ] {
        let refused = create(more);
        assert_eq!(refused.code, code, "{more:?}: {}", refused.stderr);
        assert!(
            refused.stderr.contains(word),
            "{more:?}: {}",
            refused.stderr
        );
    }
    let planned = create(&["--split", "site:80/10/10", "--dry-run"]);
    assert_eq!(planned.code, 0, "{}{}", planned.stdout, planned.stderr);
    assert!(
        planned.stdout.contains("nothing was changed"),
        "{}",
        planned.stdout
    );
    // The fourth is of the rig of the first.
    let made = run(
        here,
        &["simulate", "drive4.mcap", "--seed", "4", "--duration", "2"],
    );
    assert_eq!(made.code, 0, "{}", made.stderr);
    let context = "site: s4\nrig: r1\n";
    std::fs::write(here.join("drive4.context.yaml"), context).expect("a file");
    let added = run(here, &["ingest", "drive4.mcap"]);
    assert!(matches!(added.code, 0 | 4), "{}", added.stderr);
    let split = [
        "--split",
        "recording:a=1,b=1,c=1,d=1",
        "--time-gap",
        "1000000000",
        "--json",
    ];
    let late = create(&split);
    assert_eq!(late.code, 4, "{}", late.stderr);
    assert!(
        late.stderr.contains("nothing was published"),
        "{}",
        late.stderr
    );
    assert_eq!(json(&late)["leakage"]["checks"][1]["status"], "found");
    let listed = json(&run(here, &["release", "ls", "--json"]));
    assert_eq!(listed["releases"], serde_json::json!([]));
    let allowed = create(&[&split[..], &["--allow-leakage", "time"]].concat());
    assert_eq!(allowed.code, 0, "{}", allowed.stderr);
    let document = json(&allowed);
    assert_eq!(document["leakage"]["checks"][1]["status"], "allowed");
    assert_eq!(document["splits"].as_array().map(Vec::len), Some(4));
    // Kept together by rig there is nothing to allow.
    assert_eq!(create(&["--split", "rig:1/1"]).code, 0);
}
