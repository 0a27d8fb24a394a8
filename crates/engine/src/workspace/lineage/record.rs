//! What came from what, made when something is published.
//!
//! Read [`of_batch`] and [`of_release`] first. A batch gets its number when it is opened, after its lineage was made:
//! operations are `op:0` until [`numbered`] names them by their batch.
//!
//! Not here: writing lineage down (`store`), asking for it ([`super`]).

use crate::EngineError;
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array as _, RecordBatch};
use fieldassay_store::{Edge, Lineage, Node, Operation};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Id of an operation before its batch has a number.
const UNNUMBERED: &str = "op:0";

/// Who did what, by which plan, when.
#[derive(Clone, Copy, Debug)]
pub(in crate::workspace) struct Done<'a> {
    /// The verb.
    pub(in crate::workspace) verb: &'a str,
    /// SHA-256 of the plan.
    pub(in crate::workspace) plan_sha256: &'a str,
    /// Who, as a commitment; empty until the batch says it.
    pub(in crate::workspace) actor: &'a str,
    /// When, nanoseconds since 1970; 0 until the batch says it.
    pub(in crate::workspace) time_ns: i64,
}

impl Done<'_> {
    fn operation(&self, operation_id: &str) -> Operation {
        Operation {
            operation_id: operation_id.to_owned(),
            verb: self.verb.to_owned(),
            plan_sha256: self.plan_sha256.to_owned(),
            actor: self.actor.to_owned(),
            time_ns: self.time_ns,
        }
    }
}

/// A thing with its digest: a policy, a contract.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::workspace) struct Named {
    /// Its name.
    pub(in crate::workspace) name: String,
    /// Its version.
    pub(in crate::workspace) version: i64,
    /// SHA-256 of its canonical form.
    pub(in crate::workspace) sha256: String,
}

impl Named {
    fn node(&self, kind: &str) -> Node {
        Node {
            node_id: format!("{kind}:{}@{}", self.name, self.version),
            kind: kind.to_owned(),
            name: format!("{}@{}", self.name, self.version),
            sha256: Some(self.sha256.clone()),
        }
    }
}

/// Nodes and edges of one operation, each once.
#[derive(Default)]
struct Made {
    nodes: BTreeMap<String, Node>,
    edges: BTreeSet<(String, String)>,
}

impl Made {
    fn node(&mut self, node: Node) {
        self.nodes.entry(node.node_id.clone()).or_insert(node);
    }

    fn came(&mut self, child: &str, parent: Node) {
        self.edges
            .insert((child.to_owned(), parent.node_id.clone()));
        self.node(parent);
    }

    fn lineage(self, done: &Done<'_>, operation_id: &str) -> Lineage {
        let edges = self.edges.into_iter().map(|(child, parent)| Edge {
            child,
            parent,
            operation_id: operation_id.to_owned(),
        });
        Lineage {
            nodes: self.nodes.into_values().collect(),
            operations: vec![done.operation(operation_id)],
            edges: edges.collect(),
        }
    }
}

/// What the recordings of a batch came from: their files by digest, and the policy that judged them, both as the rows of
/// `recordings` and `files` say, and the contracts they were held to. A batch without recordings has none.
///
/// Errors: [`EngineError::Rows`] for rows that are not of these tables.
pub(in crate::workspace) fn of_batch(
    done: &Done<'_>,
    tables: &BTreeMap<&'static str, Vec<RecordBatch>>,
    contracts: &[(String, Named)],
) -> Result<Lineage, EngineError> {
    let mut made = Made::default();
    for (id, contract) in contracts {
        made.came(id, contract.node("contract"));
    }
    for batch in tables.get("recordings").into_iter().flatten() {
        let [id, name, sha256] = texts("recordings", batch, ["recording_id", "name", "sha256"])?;
        let [policy, policy_sha256] = texts("recordings", batch, ["policy_name", "policy_sha256"])?;
        let version = batch
            .column_by_name("policy_version")
            .and_then(|column| column.as_primitive_opt::<Int64Type>());
        for row in 0..batch.num_rows() {
            let (Some(id), Some(name)) = (id.at(row), name.at(row)) else {
                continue;
            };
            made.node(Node {
                node_id: id.to_owned(),
                kind: "recording".to_owned(),
                name: name.to_owned(),
                sha256: sha256.at(row).map(str::to_owned),
            });
            if let (Some(name), Some(sha256), Some(version)) =
                (policy.at(row), policy_sha256.at(row), version)
            {
                let judged = Named {
                    name: name.to_owned(),
                    version: version.value(row),
                    sha256: sha256.to_owned(),
                };
                made.came(id, judged.node("policy"));
            }
        }
    }
    for batch in tables.get("files").into_iter().flatten() {
        let [id, path, sha256] = texts("files", batch, ["recording_id", "path", "sha256"])?;
        for row in 0..batch.num_rows() {
            let (Some(id), Some(path), Some(sha256)) = (id.at(row), path.at(row), sha256.at(row))
            else {
                continue;
            };
            made.came(
                id,
                Node {
                    node_id: format!("blob:{sha256}"),
                    kind: "blob".to_owned(),
                    name: path.to_owned(),
                    sha256: Some(sha256.to_owned()),
                },
            );
        }
    }
    if made.nodes.is_empty() {
        return Ok(Lineage::default());
    }
    Ok(made.lineage(done, UNNUMBERED))
}

/// What a release came from.
#[derive(Clone, Debug, Default)]
pub(in crate::workspace) struct ReleaseParents {
    /// Its name and version: `night-rain@2`.
    pub(in crate::workspace) release: String,
    /// Digest of its manifest.
    pub(in crate::workspace) manifest_sha256: String,
    /// Recordings that are members, and inputs whose rows are about them.
    pub(in crate::workspace) recordings: BTreeSet<String>,
    /// Contracts it was held to.
    pub(in crate::workspace) contracts: Vec<Named>,
    /// Policies that judged its recordings.
    pub(in crate::workspace) policies: Vec<Named>,
    /// The version before, whose splits it keeps.
    pub(in crate::workspace) parent: Option<String>,
}

/// What a release came from, for its batch. Recordings and the version before have nodes already.
pub(in crate::workspace) fn of_release(done: &Done<'_>, parents: &ReleaseParents) -> Lineage {
    let mut made = Made::default();
    made.node(Node {
        node_id: parents.release.clone(),
        kind: "release".to_owned(),
        name: parents.release.clone(),
        sha256: Some(parents.manifest_sha256.clone()),
    });
    for (kind, all) in [
        ("contract", &parents.contracts),
        ("policy", &parents.policies),
    ] {
        for one in all {
            made.came(&parents.release, one.node(kind));
        }
    }
    for id in parents.recordings.iter().chain(&parents.parent) {
        made.edges.insert((parents.release.clone(), id.clone()));
    }
    made.lineage(done, UNNUMBERED)
}

/// Names operations by the batch they are of; those that are named stay. Who did them and when is what `document` of the
/// batch says, where nobody knew it before.
pub(in crate::workspace) fn numbered(
    mut lineage: Lineage,
    sequence: i64,
    document: &BTreeMap<String, Json>,
) -> Lineage {
    let name = |id: &mut String| {
        let rest = id
            .strip_prefix(UNNUMBERED)
            .filter(|rest| rest.is_empty() || rest.starts_with('/'));
        if let Some(rest) = rest {
            *id = format!("op:{sequence}{rest}");
        }
    };
    for one in &mut lineage.operations {
        name(&mut one.operation_id);
        if one.actor.is_empty() {
            let actor = document.get("actor").and_then(Json::as_str);
            actor.unwrap_or_default().clone_into(&mut one.actor);
        }
        if one.time_ns == 0 {
            one.time_ns = document.get("time_ns").and_then(Json::as_i64).unwrap_or(0);
        }
    }
    for one in &mut lineage.edges {
        name(&mut one.operation_id);
    }
    lineage
}

/// A column of texts.
struct Texts<'a>(&'a arrow_array::StringArray);

impl<'a> Texts<'a> {
    fn at(&self, row: usize) -> Option<&'a str> {
        self.0.is_valid(row).then(|| self.0.value(row))
    }
}

fn texts<'a, const N: usize>(
    table: &'static str,
    batch: &'a RecordBatch,
    names: [&str; N],
) -> Result<[Texts<'a>; N], EngineError> {
    let found = names.map(|name| {
        let column = batch.column_by_name(name);
        column
            .and_then(|column| column.as_string_opt::<i32>())
            .map(Texts)
            .ok_or(name)
    });
    if let Some(Err(name)) = found.iter().find(|one| one.is_err()) {
        return Err(EngineError::Rows {
            table,
            what: format!("there is no text `{name}`"),
        });
    }
    let mut all = Vec::with_capacity(N);
    all.extend(found.into_iter().flatten());
    all.try_into().map_err(|_| EngineError::Rows {
        table,
        what: "columns are missing".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Gathered;

    const DONE: Done<'_> = Done {
        verb: "ingest",
        plan_sha256: "pp",
        actor: "",
        time_ns: 7,
    };

    #[test]
    fn a_recording_comes_from_its_files_and_the_policy_that_judged_it() {
        let mut rows = Gathered::default();
        for (path, sha256) in [("a.mcap", "b1"), ("copy.mcap", "b1"), ("c.yaml", "b2")] {
            rows.table("files").expect("a table").add([
                ("recording_id", "r-1".into()),
                ("path", path.into()),
                ("sha256", sha256.into()),
                ("blake3", "x".into()),
                ("size_bytes", 1_i64.into()),
                ("role", "recording".into()),
            ]);
        }
        let mut tables: BTreeMap<&'static str, Vec<RecordBatch>> = BTreeMap::new();
        for (table, batch) in rows.batches().expect("rows") {
            tables.entry(table.name).or_default().push(batch);
        }
        let document = BTreeMap::from([("actor".to_owned(), Json::from("cc"))]);
        let lineage = numbered(
            of_batch(&DONE, &tables, &[]).expect("lineage"),
            12,
            &document,
        );
        let edges: Vec<(&str, &str, &str)> = lineage
            .edges
            .iter()
            .map(|one| {
                (
                    one.child.as_str(),
                    one.parent.as_str(),
                    one.operation_id.as_str(),
                )
            })
            .collect();
        assert_eq!(
            edges,
            [("r-1", "blob:b1", "op:12"), ("r-1", "blob:b2", "op:12")]
        );
        assert_eq!(lineage.nodes.len(), 2);
        let operation = &lineage.operations[0];
        assert_eq!(
            (operation.operation_id.as_str(), operation.actor.as_str()),
            ("op:12", "cc")
        );
        assert_eq!(operation.time_ns, 7);
        let nothing = of_batch(&DONE, &BTreeMap::new(), &[]).expect("nothing");
        assert_eq!(nothing, Lineage::default());
    }
}
