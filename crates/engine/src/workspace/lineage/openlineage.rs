//! Lineage told in events of `OpenLineage` 2-0-2: a `START` and a `COMPLETE` for every operation.
//!
//! Read [`events`] first. Things are data sets, operations are runs of the job `fieldassay.<verb>`. A run's id is made of
//! the operation, so that the same operation is the same run whenever it is told.
//!
//! Schemas: `https://openlineage.io/spec/2-0-2/OpenLineage.json`, and of each facet the one its `_schemaURL` names.

use super::{Deed, Document, Thing};
use fieldassay_model::display::iso8601;
use fieldassay_model::hexadecimal;
use serde_json::{Value, json};
use sha2::Digest as _;
use std::collections::BTreeMap;

/// Who tells it.
const PRODUCER: &str = concat!(
    "https://github.com/fieldassay/fieldassay/tree/v",
    env!("CARGO_PKG_VERSION")
);
/// What an event is.
const EVENT: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
/// Namespace of jobs and data sets, where none is given.
pub const NAMESPACE: &str = "fieldassay";

/// Name and type of the columns or topics of a thing.
pub type Schemas = BTreeMap<String, Vec<(String, String)>>;

/// The events, in the order of the operations. `schemas` says of things, by id, what they have.
pub fn events(document: &Document, namespace: &str, schemas: &Schemas) -> Vec<Value> {
    let things: BTreeMap<&str, &Thing> = document
        .nodes
        .iter()
        .map(|thing| (thing.id.as_str(), thing))
        .collect();
    let data_set = |id: &str| {
        let thing = things.get(id).copied();
        json!({
            "namespace": namespace,
            "name": id,
            "facets": facets(id, thing, schemas),
        })
    };
    let mut operations: Vec<&Deed> = document.operations.iter().collect();
    operations.sort_by(|a, b| (a.batch, &a.id).cmp(&(b.batch, &b.id)));
    let mut all = Vec::new();
    for deed in operations {
        let edges = document
            .edges
            .iter()
            .filter(|edge| edge.operation.as_deref() == Some(deed.id.as_str()));
        let edges: Vec<_> = edges.collect();
        let mut inputs: Vec<&str> = edges.iter().map(|edge| edge.parent.as_str()).collect();
        let mut outputs: Vec<&str> = edges.iter().map(|edge| edge.child.as_str()).collect();
        for list in [&mut inputs, &mut outputs] {
            list.sort_unstable();
            list.dedup();
        }
        let run = json!({"runId": run_id(deed), "facets": run_facets(deed, document, namespace)});
        let job = json!({"namespace": namespace, "name": job_name(deed)});
        let done_ns = deed.published_ns.unwrap_or(deed.time_ns).max(deed.time_ns);
        for (kind, time_ns) in [("START", deed.time_ns), ("COMPLETE", done_ns)] {
            let outputs = outputs.iter().map(|id| data_set(id));
            all.push(json!({
                "eventType": kind,
                "eventTime": iso8601(time_ns),
                "producer": PRODUCER,
                "schemaURL": EVENT,
                "run": run,
                "job": job,
                "inputs": inputs.iter().map(|id| data_set(id)).collect::<Vec<_>>(),
                "outputs": outputs.collect::<Vec<_>>(),
            }));
        }
    }
    all
}

fn job_name(deed: &Deed) -> String {
    format!("fieldassay.{}", deed.verb)
}

/// A UUID of version 8 (RFC 9562, section 5.8): the first bits of a SHA-256 over what was done.
fn run_id(deed: &Deed) -> String {
    let text = format!(
        "fieldassay run\n{}\n{}\n{}",
        deed.id, deed.plan_sha256, deed.time_ns
    );
    let digest = hexadecimal(&sha2::Sha256::digest(text.as_bytes()));
    let part = |from: usize, to: usize| digest.get(from..to).unwrap_or_default();
    // The two highest bits of the variant are `10`.
    let variant = ["8", "9", "a", "b"];
    let nibble = usize::from_str_radix(part(15, 16), 16).unwrap_or(0);
    let variant = variant.get(nibble % 4).copied().unwrap_or("8");
    format!(
        "{}-{}-8{}-{variant}{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 15),
        part(16, 19),
        part(20, 32)
    )
}

fn facet(name: &str, version: &str, mut content: Value) -> Value {
    if let Some(object) = content.as_object_mut() {
        let schema =
            format!("https://openlineage.io/spec/facets/{version}/{name}.json#/$defs/{name}");
        object.insert("_producer".to_owned(), json!(PRODUCER));
        object.insert("_schemaURL".to_owned(), json!(schema));
    }
    content
}

/// The run that a part of an operation belongs to: `op:7` of `op:7/1`.
fn run_facets(deed: &Deed, document: &Document, namespace: &str) -> Value {
    let whole = deed.id.split_once('/').map(|(whole, _)| whole);
    let parent = whole.and_then(|whole| document.operations.iter().find(|one| one.id == whole));
    parent.map_or_else(
        || json!({}),
        |parent| {
            let content = json!({
                "run": {"runId": run_id(parent)},
                "job": {"namespace": namespace, "name": job_name(parent)},
            });
            json!({"parent": facet("ParentRunFacet", "1-2-0", content)})
        },
    )
}

fn facets(id: &str, thing: Option<&Thing>, schemas: &Schemas) -> Value {
    let mut all = serde_json::Map::new();
    // What has a digest is the version it is; what has a number has it after the `@`.
    let digest = thing.and_then(|thing| thing.sha256.as_deref());
    let number = id.rsplit_once('@').map(|(_, version)| version);
    if let Some(version) = digest.or(number) {
        let content = json!({"datasetVersion": version});
        let made = facet("DatasetVersionDatasetFacet", "1-0-1", content);
        all.insert("version".to_owned(), made);
    }
    if let Some(columns) = schemas.get(id).filter(|columns| !columns.is_empty()) {
        let fields = columns
            .iter()
            .map(|(name, kind)| json!({"name": name, "type": kind}));
        let content = json!({"fields": fields.collect::<Vec<_>>()});
        let made = facet("SchemaDatasetFacet", "1-2-0", content);
        all.insert("schema".to_owned(), made);
    }
    Value::Object(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::lineage::{Direction, Step};

    fn deed(id: &str, batch: i64) -> Deed {
        Deed {
            id: id.to_owned(),
            verb: "ingest".to_owned(),
            plan_sha256: "pp".to_owned(),
            actor: "aa".to_owned(),
            time_ns: 1_700_000_000_123_000_000,
            published_ns: Some(1_700_000_001_000_000_000),
            batch,
        }
    }

    #[test]
    fn every_operation_starts_and_completes_as_one_run() {
        let step = |child: &str, parent: &str, operation: &str| Step {
            child: child.to_owned(),
            parent: parent.to_owned(),
            operation: Some(operation.to_owned()),
        };
        let document = Document {
            schema: "fieldassay.lineage",
            version: 1,
            id: "r-1".to_owned(),
            direction: Direction::Up,
            nodes: vec![Thing {
                id: "blob:b1".to_owned(),
                kind: "blob".to_owned(),
                name: "a.mcap".to_owned(),
                sha256: Some("b1".to_owned()),
            }],
            operations: vec![deed("op:7", 7), deed("op:7/1", 7), deed("op:2", 2)],
            edges: vec![step("r-1", "blob:b1", "op:7"), step("x@3", "r-1", "op:7/1")],
            sample: None,
            is_cut: false,
        };
        let schemas = Schemas::from([(
            "r-1".to_owned(),
            vec![("/imu".to_owned(), "Imu".to_owned())],
        )]);
        let all = events(&document, NAMESPACE, &schemas);
        let kinds: Vec<&str> = all
            .iter()
            .filter_map(|one| one["eventType"].as_str())
            .collect();
        assert_eq!(kinds, ["START", "COMPLETE"].repeat(3));
        assert_eq!(all[2]["run"]["runId"], all[3]["run"]["runId"]);
        assert_ne!(all[0]["run"]["runId"], all[2]["run"]["runId"]);
        assert_eq!(
            all[2]["inputs"][0]["facets"]["version"]["datasetVersion"],
            "b1"
        );
        assert_eq!(
            all[2]["outputs"][0]["facets"]["schema"]["fields"][0]["type"],
            "Imu"
        );
        assert_eq!(
            all[4]["outputs"][0]["facets"]["version"]["datasetVersion"],
            "3"
        );
        assert_eq!(
            all[4]["run"]["facets"]["parent"]["run"]["runId"],
            all[2]["run"]["runId"]
        );
        assert_eq!(all[2]["eventTime"], "2023-11-14T22:13:20.123Z");
        let id = all[0]["run"]["runId"].as_str().expect("an id");
        let groups: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12], "{id}");
        assert_eq!(id.as_bytes()[14], b'8', "{id}");
        assert!(b"89ab".contains(&id.as_bytes()[19]), "{id}");
    }
}
