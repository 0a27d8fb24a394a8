//! Releases, the log and lineage against programs that do a part of their work: `sort`, `openssl`, `sqlite3`.
//!
//! Read [`COURSE`] first. Inputs are made for the race and removed after it. Not here: how a race runs and is kept
//! ([`super::measure`]), workspaces and duels ([`super::store`]).

use super::measure::{Course, Duel, Part, Setting, row, word};
use super::store::{
    About, Done, Entrant, Workspace, chapter, drives, duel, remove, settle, under, words,
};
use super::timed;
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

/// The race of releases.
pub(super) const COURSE: Course = Course {
    verb: "release",
    build: super::store::COURSE.build,
    rounds: 5,
    parts: &[
        Part {
            name: "manifest",
            run: manifest,
        },
        Part {
            name: "verify",
            run: verify,
        },
        Part {
            name: "lineage",
            run: lineage,
        },
    ],
    section: under,
};

/// Times the time of `sort` that a manifest may take, as the share of our time that `sort` takes at least.
const MANIFEST_AIM: f64 = 1.0 / 3.0;
/// Not slower.
const EQUAL_AIM: f64 = 1.0;
const START_NS: i64 = 1_700_000_000_000_000_000;
/// Recordings the members are spread over, and edges of each in the graph of lineage.
const RECORDINGS: u64 = 500;

/// All duels under their heading.
pub(super) fn sections(duels: &[Duel]) -> Result<String> {
    chapter(
        "Releases",
        "Made by `cargo xtask race release`; `--only manifest,verify,lineage` runs some of the parts and `--quick` all of them on small inputs. Where ours may take at most 3 times the time of others, they have to take at least 0.33 times ours.",
        duels,
    )
}

/// The members of a release as lines, in no order: recording, start, end.
fn stretches(folder: &Path, count: u64) -> Result<(PathBuf, PathBuf)> {
    remove(folder)?;
    std::fs::create_dir_all(folder.join("in"))?;
    let (table, text) = (folder.join("in/stretches.csv"), folder.join("members.txt"));
    let mut csv = BufWriter::new(std::fs::File::create(&table)?);
    let mut lines = BufWriter::new(std::fs::File::create(&text)?);
    writeln!(csv, "recording_id,start_ns,end_ns,name")?;
    for number in 0..count {
        // Every number once, in an order that is none: the factor is odd and no divisor of any power of ten.
        let number = number.wrapping_mul(7_368_787) % count;
        let recording = format!(
            "r-{:016x}",
            (number.wrapping_mul(2_654_435_761) >> 7) % RECORDINGS
        );
        let start = START_NS + i64::try_from(number)? * 100_000_000;
        let end = start + 50_000_000;
        writeln!(csv, "{recording},{start},{end},drive")?;
        writeln!(lines, "{recording} {start} {end}")?;
    }
    csv.flush()?;
    lines.flush()?;
    Ok((folder.join("in"), text))
}

/// A manifest of very many members against sorting them as text.
fn manifest(setting: &Setting<'_>) -> Result<Vec<Duel>> {
    let count = if setting.is_quick { 20_000 } else { 1_000_000 };
    let (inputs, text) = stretches(&setting.place.join("members"), count)?;
    let sorted = setting.place.join("sorted.txt");
    let workspace = Workspace::new(setting, "workspace")?;
    workspace.ingest(&inputs)?;
    let mut version = 0;
    let ours = || {
        settle()?;
        version += 1;
        // A name of its own: nothing can be taken from the release before.
        let name = format!("members{version}");
        let (run, document) =
            workspace.told(&["release", "create", &name, "--from", "intervals", "--json"])?;
        let members = document["members"].as_f64();
        let members = members.context("the release does not say how many members it has")?;
        remove_releases(&workspace)?;
        Ok((run.seconds, run.peak_anon_bytes, vec![members]))
    };
    let theirs = || {
        settle()?;
        let script = r#"LC_ALL=C sort "$1" > "$2" && wc -l < "$2""#;
        let arguments = words(&["-c", script, "sh", &word(&text), &word(&sorted)]);
        let run = timed::run(Path::new("sh"), &arguments, "sort")?;
        let lines = run.output.trim().parse()?;
        Ok((run.seconds, run.peak_anon_bytes, vec![lines]))
    };
    let about = About {
        part: "manifest",
        title: "A manifest of very many members",
        aim: MANIFEST_AIM,
        note: "Ours asks the tables, sorts, writes the members and all rows about them as Parquet, looks for leakage, signs and publishes. Compared is how many members there are.",
        input: format!("{count} stretches of {RECORDINGS} recordings, in no order"),
    };
    let entrants = vec![
        entrant(
            "fieldassay",
            "`fieldassay release create NAME --from intervals`",
            ours,
        ),
        system("sort", "`LC_ALL=C sort` of one line a member", theirs),
    ];
    let found = duel(about, entrants, setting)?;
    remove(&setting.place)?;
    Ok(vec![found])
}

/// What a release wrote, so that the next one writes it too.
fn remove_releases(workspace: &Workspace) -> Result<()> {
    remove(&workspace.folder.join(".fieldassay/releases"))
}

/// Verifying a release against hashing the same files.
fn verify(setting: &Setting<'_>) -> Result<Vec<Duel>> {
    let (count, bytes) = if setting.is_quick {
        (4, 16_000_000)
    } else {
        (4, 500_000_000)
    };
    let inputs = drives(setting, count, bytes)?;
    let workspace = Workspace::new(setting, "workspace")?;
    workspace.ingest(&inputs)?;
    let (_, made) = workspace.told(&[
        "release",
        "create",
        "drives",
        "--include-quarantined",
        "--json",
    ])?;
    let manifest = made["manifest_sha256"].as_str();
    let manifest = manifest.context("the release has no digest")?;
    let store = workspace.folder.join(".fieldassay");
    let folder = store.join("releases").join(manifest);
    let ours = || {
        let (run, document) = workspace.told(&["verify", "drives@1", "--json"])?;
        let wrong = document["problems"].as_array().map_or(1, Vec::len) as f64;
        Ok((run.seconds, run.peak_anon_bytes, vec![wrong]))
    };
    let theirs = || {
        let script = r#"find "$1" "$2" -type f -print0 | xargs -0 openssl dgst -sha256 | wc -l"#;
        let blobs = word(&store.join("blobs"));
        let arguments = words(&["-c", script, "sh", &blobs, &word(&folder)]);
        let run = timed::run(Path::new("sh"), &arguments, "openssl")?;
        let files: f64 = run.output.trim().parse()?;
        if files < count as f64 {
            bail!("`openssl` saw {files} files only");
        }
        Ok((run.seconds, run.peak_anon_bytes, vec![0.0]))
    };
    let about = About {
        part: "verify",
        title: "Verify a release",
        aim: EQUAL_AIM,
        note: "Ours hashes all that the other hashes, and checks signatures, proofs, the manifest, and what it names. Compared is that nothing is wrong.",
        input: format!(
            "a release of {count} simulated drives of {} MB with its own files",
            bytes / 1_000_000
        ),
    };
    let entrants = vec![
        entrant("fieldassay", "`fieldassay verify NAME@1`", ours),
        system(
            "openssl",
            "`openssl dgst -sha256` of the originals and the files of the release",
            theirs,
        ),
    ];
    let found = duel(about, entrants, setting)?;
    remove(&setting.place)?;
    Ok(vec![found])
}

/// A graph with very many edges: originals, recordings, and releases of them, each release with many.
const GRAPH: &str = "
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < COUNT)
INSERT INTO nodes SELECT 'blob:' || printf('%064x', i), 'blob', 'original ' || i, printf('%064x', i) FROM n;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < COUNT)
INSERT INTO nodes SELECT 'r-' || printf('%016x', i), 'recording', 'drive ' || i, NULL FROM n;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < COUNT)
INSERT INTO edges SELECT 'r-' || printf('%016x', i), 'blob:' || printf('%064x', i), 'op:race' FROM n;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < SETS)
INSERT INTO nodes SELECT 'set@' || (i + 1), 'release', 'set@' || (i + 1), NULL FROM n;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < COUNT)
INSERT INTO edges SELECT 'set@' || (i * SETS / COUNT + 1), 'r-' || printf('%016x', i), 'op:race' FROM n;
";

/// The same question for `sqlite3`: everything above a release, thing by thing.
const UP: &str = "WITH RECURSIVE up(id) AS (SELECT 'set@7' UNION SELECT e.parent FROM edges e JOIN up ON e.child = up.id) \
                  SELECT up.id, n.kind, n.name, n.sha256 FROM up JOIN nodes n ON n.node_id = up.id;";
/// And everything below an original.
const DOWN: &str = "WITH RECURSIVE down(id) AS (SELECT 'ID' UNION SELECT e.child FROM edges e JOIN down ON e.parent = down.id) \
                    SELECT down.id, n.kind, n.name, n.sha256 FROM down JOIN nodes n ON n.node_id = down.id;";

/// Lineage in a large graph against the same question to the same file.
fn lineage(setting: &Setting<'_>) -> Result<Vec<Duel>> {
    let count: u64 = if setting.is_quick { 10_000 } else { 500_000 };
    let sets = count / 500;
    let workspace = Workspace::new(setting, "workspace")?;
    let catalog = word(&workspace.folder.join(".fieldassay/catalog.db"));
    let graph = GRAPH
        .replace("COUNT", &count.to_string())
        .replace("SETS", &sets.to_string());
    let operation = "INSERT INTO operations SELECT 'op:race', 'ingest', printf('%064x', 0), '', 0, MAX(sequence) FROM batches;";
    sqlite3(&catalog, &format!("BEGIN; {operation} {graph} COMMIT;"))?;
    let original = format!("blob:{:064x}", count / 2);
    let mut found = Vec::new();
    for (title, id, way, sql) in [
        (
            "Lineage of a release up to its originals",
            "set@7",
            "--up",
            UP.to_owned(),
        ),
        (
            "Lineage of an original down to what used it",
            original.as_str(),
            "--down",
            DOWN.replace("ID", &original),
        ),
    ] {
        let ours = || {
            let (run, document) = workspace.told(&["lineage", id, way, "--format", "json"])?;
            let nodes = document["nodes"].as_array().map_or(0, Vec::len) as f64;
            Ok((run.seconds, run.peak_anon_bytes, vec![nodes]))
        };
        let theirs = || {
            let run = timed::run(
                Path::new("sqlite3"),
                &words(&["-json", &catalog, &sql]),
                "sqlite3",
            )?;
            let rows: Value = serde_json::from_str(&run.output)?;
            let rows = rows.as_array().map_or(0, Vec::len) as f64;
            Ok((run.seconds, run.peak_anon_bytes, vec![rows]))
        };
        let about = About {
            part: "lineage",
            title,
            aim: EQUAL_AIM,
            note: "Whole processes over one file. Compared is how many things are found.",
            input: format!("a graph of {} edges", count * 2),
        };
        let entrants = vec![
            entrant("fieldassay", "`fieldassay lineage ID --format json`", ours),
            system("sqlite3", "a recursive query, `sqlite3 -json`", theirs),
        ];
        found.push(duel(about, entrants, setting)?);
    }
    remove(&setting.place)?;
    Ok(found)
}

fn sqlite3(catalog: &str, sql: &str) -> Result<()> {
    let status = std::process::Command::new("sqlite3")
        .args([catalog, sql])
        .status()
        .context("`sqlite3` could not be started; hint: `apt-get install sqlite3`")?;
    if !status.success() {
        bail!("`sqlite3` failed ({status})");
    }
    Ok(())
}

fn entrant<'a>(name: &str, does: &str, run: impl FnMut() -> Result<Done> + 'a) -> Entrant<'a> {
    Entrant {
        row: row(name, env!("CARGO_PKG_VERSION"), does),
        run: Box::new(run),
    }
}

fn system<'a>(name: &str, does: &str, run: impl FnMut() -> Result<Done> + 'a) -> Entrant<'a> {
    Entrant {
        row: row(name, "of the system", does),
        run: Box::new(run),
    }
}
