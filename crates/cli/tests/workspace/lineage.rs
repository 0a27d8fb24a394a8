//! `lineage` on the command line, and its events as the client of `OpenLineage` reads them.

use super::common::{json, run};
use super::{example, workspace};
use fieldassay_testkit::servers::server;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Makes objects of the client's classes, which are generated from the published schemas, of every event: an unknown or
/// missing field, a run that is no UUID or a time that is none is an error there.
const SCRIPT: &str = r#"
import json, sys
from openlineage.client import event_v2
from openlineage.client.generated import dataset_version_dataset, parent_run, schema_dataset

def facet(name, value):
    made = {
        "version": lambda v: dataset_version_dataset.DatasetVersionDatasetFacet(datasetVersion=v["datasetVersion"]),
        "schema": lambda v: schema_dataset.SchemaDatasetFacet(
            fields=[schema_dataset.SchemaDatasetFacetFields(**field) for field in v["fields"]]),
        "parent": lambda v: parent_run.ParentRunFacet(
            run=parent_run.Run(**v["run"]), job=parent_run.Job(**v["job"])),
    }[name](value)
    assert value["_schemaURL"] == made._schemaURL, (value["_schemaURL"], made._schemaURL)
    assert value["_producer"].startswith("https://"), value
    known = set(value) - {"_producer", "_schemaURL"}
    assert known == {a for a in vars_of(made)} & known, known
    return made

def vars_of(made):
    return [a.name for a in made.__attrs_attrs__]

def facets(all):
    return {name: facet(name, value) for name, value in all.items()}

def datasets(kind, all):
    return [kind(namespace=one["namespace"], name=one["name"], facets=facets(one["facets"])) for one in all]

states, facets_seen = {}, set()
for line in sys.stdin:
    event = json.loads(line)
    run = event_v2.Run(runId=event["run"]["runId"], facets=facets(event["run"]["facets"]))
    made = event_v2.RunEvent(
        eventType=event_v2.RunState[event["eventType"]],
        eventTime=event["eventTime"],
        run=run,
        job=event_v2.Job(**event["job"]),
        producer=event["producer"],
        inputs=datasets(event_v2.InputDataset, event["inputs"]),
        outputs=datasets(event_v2.OutputDataset, event["outputs"]),
    )
    assert event["schemaURL"] == made.schemaURL, (event["schemaURL"], made.schemaURL)
    allowed = {"eventType", "eventTime", "run", "job", "producer", "inputs", "outputs", "schemaURL"}
    assert set(event) == allowed, set(event) ^ allowed
    states.setdefault(run.runId, []).append(event["eventType"])
    for one in event["inputs"] + event["outputs"]:
        facets_seen.update(one["facets"])
assert states and all(said == ["START", "COMPLETE"] for said in states.values()), states
assert {"version", "schema"} <= facets_seen, facets_seen
print(len(states))
"#;

#[test]
fn a_recording_is_followed_in_every_form() {
    let folder = workspace();
    let here = folder.path();
    let ingested = json(&run(here, &["ingest", &example(), "--json"]));
    let id = ingested["inputs"][0]["recording_id"]
        .as_str()
        .expect("an id");
    let told = run(here, &["lineage", "drive.mcap"]);
    assert_eq!(told.code, 0, "{}", told.stderr);
    assert!(
        told.stdout
            .starts_with(&format!("recording {id}  drive.mcap")),
        "{}",
        told.stdout
    );
    assert!(
        told.stdout.contains("ingest: blob blob:"),
        "{}",
        told.stdout
    );
    let document = json(&run(here, &["lineage", id, "--up", "--format", "json"]));
    assert_eq!(document["schema"], "fieldassay.lineage");
    assert_eq!(document["version"], 1);
    let same = json(&run(here, &["lineage", id, "--json"]));
    assert_eq!(same, document);
    let stretch = format!("{id}@1-2");
    let sample = json(&run(here, &["lineage", &stretch, "--json"]));
    assert!(
        sample["sample"]["chunks"][0]["length_bytes"]
            .as_i64()
            .expect("a size")
            > 0
    );
    let drawn = run(
        here,
        &["lineage", &stretch, "--format", "svg", "-o", "lineage.svg"],
    );
    assert_eq!(
        (drawn.code, drawn.stdout.as_str()),
        (0, ""),
        "{}",
        drawn.stderr
    );
    assert!(here.join("lineage.svg").is_file());
    let again = run(
        here,
        &["lineage", &stretch, "--format", "svg", "-o", "lineage.svg"],
    );
    assert_eq!(again.code, 2, "{}", again.stderr);
    let graph = run(here, &["lineage", id, "--format", "dot"]);
    assert!(
        graph.stdout.starts_with("digraph lineage {"),
        "{}",
        graph.stdout
    );
    let unknown = run(here, &["lineage", "drive.mcp"]);
    assert!(
        unknown.code == 1 && unknown.stderr.contains("drive.mcap"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn the_client_of_openlineage_reads_the_events() {
    let Some(python) = server("READERS", "the_client_of_openlineage_reads_the_events") else {
        return;
    };
    let folder = workspace();
    let here = folder.path();
    run(here, &["ingest", &example()]);
    let told = run(here, &["lineage", "drive.mcap", "--format", "openlineage"]);
    assert_eq!(told.code, 0, "{}", told.stderr);
    let mut reader = Command::new(python)
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let mut input = reader.stdin.take().expect("an input");
    input.write_all(told.stdout.as_bytes()).expect("it listens");
    drop(input);
    let output = reader.wait_with_output().expect("an answer");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{}", told.stdout);
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "1");
}
