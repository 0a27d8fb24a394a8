//! `lineage`: what something came from, and what came of it.
//!
//! Read [`Request`] and [`run`] first. [`find`] tells what an id means, [`sample`] follows a stretch of a recording or a
//! row of a table to the bytes it lies in and to the releases that hold it, [`record`] makes lineage when something is
//! published, [`openlineage`] tells it in events.
//!
//! Not here: how lineage is kept and followed (`store`), how it is drawn (`report`).

mod find;
pub mod openlineage;
pub(in crate::workspace) mod record;
mod sample;

pub(in crate::workspace) use find::release;
pub use sample::{Chunk, Sample};

use super::ask::{Asked, Limits, quoted};
use super::opened::Workspace;
use crate::EngineError;
use crate::output::write_text;
use fieldassay_report::{LineageEdge, LineageGraph, LineageNode, dot, drawing, tree};
use fieldassay_store::{Direction as Way, LineageQuestion, Link, Links, Node};
use find::Found;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Links followed at most, where nothing else is asked for.
pub const MOST_LINKS: usize = 20_000;

/// Which way to follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To what it came from.
    #[default]
    Up,
    /// To what came of it.
    Down,
}

/// What to follow.
#[derive(Clone, Debug)]
pub struct Request {
    /// A recording, a digest of a file, `release@version`, `contract:name@version`, `policy:name@version`, a stretch
    /// `r-…@start-end`, a row `r-…/table/row`.
    pub id: String,
    /// Which way.
    pub direction: Direction,
    /// Steps at most; none for all.
    pub depth: Option<u32>,
    /// Links at most.
    pub most: usize,
}

/// A thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Thing {
    /// Its id.
    pub id: String,
    /// What it is: `blob`, `recording`, `release`, `contract`, `policy`, `sample`, `row`, `chunk`.
    pub kind: String,
    /// Name for people.
    pub name: String,
    /// SHA-256 of its content, where it has one.
    pub sha256: Option<String>,
}

impl From<Node> for Thing {
    fn from(node: Node) -> Self {
        Self {
            id: node.node_id,
            kind: node.kind,
            name: node.name,
            sha256: node.sha256,
        }
    }
}

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Deed {
    /// Its id, `op:<batch>`.
    pub id: String,
    /// The verb.
    pub verb: String,
    /// SHA-256 of its plan.
    pub plan_sha256: String,
    /// Who did it, as a commitment.
    pub actor: String,
    /// When, nanoseconds since 1970.
    pub time_ns: i64,
    /// When readers saw it first, nanoseconds since 1970.
    pub published_ns: Option<i64>,
    /// Its batch.
    pub batch: i64,
}

/// That one thing came from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Step {
    /// What came.
    pub child: String,
    /// From what.
    pub parent: String,
    /// By which operation; none where one is a part of the other.
    pub operation: Option<String>,
}

/// The document of `lineage --json`.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// `fieldassay.lineage`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// What was asked about, by its full id.
    pub id: String,
    /// Which way.
    pub direction: Direction,
    /// Things, by id.
    pub nodes: Vec<Thing>,
    /// What was done, by id.
    pub operations: Vec<Deed>,
    /// Steps, by child, parent and operation.
    pub edges: Vec<Step>,
    /// The stretch or row that was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
    /// Whether there is more than was asked for.
    pub is_cut: bool,
}

/// Follows something. Errors: an id that means nothing here, with the nearest one; what store and tables say.
pub fn run(workspace: &Workspace, request: &Request) -> Result<Document, EngineError> {
    match find::find(workspace, &request.id)? {
        Found::Node(node) => of_node(workspace, request, node),
        Found::Sample(place) => sample::follow(workspace, request, &place),
    }
}

/// Everything up or down from one thing. What a release came from is what was so when it was made.
fn of_node(workspace: &Workspace, request: &Request, node: Node) -> Result<Document, EngineError> {
    let mut gathered = Gathered::default();
    let links = links(workspace, request, &node)?;
    let id = node.node_id.clone();
    gathered.thing(node);
    gathered.links(links);
    Ok(gathered.document(request, id, None))
}

fn links(workspace: &Workspace, request: &Request, node: &Node) -> Result<Links, EngineError> {
    let catalog = &workspace.catalog;
    let is_upwards = request.direction == Direction::Up;
    let until = if is_upwards && node.kind == "release" {
        workspace.runtime.block_on(catalog.made_at(&node.node_id))?
    } else {
        None
    };
    let question = LineageQuestion {
        node_id: &node.node_id,
        direction: if is_upwards { Way::Up } else { Way::Down },
        depth: request.depth,
        until,
        most: request.most,
    };
    Ok(workspace.runtime.block_on(catalog.lineage(&question))?)
}

/// What was reached so far.
#[derive(Default)]
struct Gathered {
    nodes: BTreeMap<String, Thing>,
    operations: BTreeMap<String, Deed>,
    edges: BTreeSet<Step>,
    is_cut: bool,
}

impl Gathered {
    fn thing(&mut self, thing: impl Into<Thing>) {
        let thing = thing.into();
        self.nodes.entry(thing.id.clone()).or_insert(thing);
    }

    fn part(&mut self, child: &str, parent: &str) {
        self.edges.insert(Step {
            child: child.to_owned(),
            parent: parent.to_owned(),
            operation: None,
        });
    }

    fn links(&mut self, links: Links) {
        self.is_cut |= links.is_cut;
        for link in links.links {
            self.link(link);
        }
    }

    fn link(&mut self, link: Link) {
        let operation = link.operation;
        self.edges.insert(Step {
            child: link.child,
            parent: link.parent,
            operation: Some(operation.operation_id.clone()),
        });
        if let Some(node) = link.node {
            self.thing(node);
        }
        let (batch, published_us) = (link.sequence, link.published_us);
        self.operations
            .entry(operation.operation_id.clone())
            .or_insert_with(|| Deed {
                id: operation.operation_id,
                verb: operation.verb,
                plan_sha256: operation.plan_sha256,
                actor: operation.actor,
                time_ns: operation.time_ns,
                published_ns: published_us.map(|us| us.saturating_mul(1000)),
                batch,
            });
    }

    fn document(mut self, request: &Request, id: String, sample: Option<Sample>) -> Document {
        // An end that nobody described is a thing all the same.
        let ends: BTreeSet<String> = self
            .edges
            .iter()
            .flat_map(|edge| [edge.child.clone(), edge.parent.clone()])
            .collect();
        for end in ends {
            let kind = if end.starts_with("r-") {
                "recording"
            } else {
                "unknown"
            };
            self.nodes.entry(end.clone()).or_insert_with(|| Thing {
                kind: kind.to_owned(),
                name: String::new(),
                sha256: None,
                id: end,
            });
        }
        Document {
            schema: "fieldassay.lineage",
            version: 1,
            id,
            direction: request.direction,
            nodes: self.nodes.into_values().collect(),
            operations: self.operations.into_values().collect(),
            edges: self.edges.into_iter().collect(),
            sample,
            is_cut: self.is_cut,
        }
    }
}

impl Document {
    /// A tree of text, and what it means when there is nothing in it.
    pub fn tree(&self) -> String {
        let mut text = tree(&self.graph(), self.direction == Direction::Down);
        if self.edges.is_empty() {
            text.push_str(match self.direction {
                Direction::Up => "it came from nothing that is kept here\n",
                Direction::Down => "nothing came of it yet\n",
            });
        }
        text
    }

    /// A graph of Graphviz.
    pub fn dot(&self) -> String {
        dot(&self.graph())
    }

    /// A drawing, SVG.
    pub fn drawing(&self) -> String {
        drawing(&self.graph())
    }

    /// The graph as it is drawn.
    pub fn graph(&self) -> LineageGraph {
        let verbs: BTreeMap<&str, &str> = self
            .operations
            .iter()
            .map(|one| (one.id.as_str(), one.verb.as_str()))
            .collect();
        let label = |step: &Step| {
            let verb = |id: &String| {
                verbs
                    .get(id.as_str())
                    .map_or(id.clone(), |verb| (*verb).to_owned())
            };
            step.operation
                .as_ref()
                .map_or_else(|| "part of".to_owned(), verb)
        };
        LineageGraph {
            root: self.id.clone(),
            nodes: self.nodes.iter().map(drawn).collect(),
            edges: self
                .edges
                .iter()
                .map(|step| LineageEdge {
                    child: step.child.clone(),
                    parent: step.parent.clone(),
                    label: label(step),
                })
                .collect(),
            left_out: if self.is_cut {
                format!(
                    "Only the first {} steps are here; --most follows more, --depth fewer.",
                    self.edges.len()
                )
            } else {
                String::new()
            },
        }
    }
}

fn drawn(thing: &Thing) -> LineageNode {
    LineageNode {
        id: thing.id.clone(),
        kind: thing.kind.clone(),
        name: thing.name.clone(),
        note: String::new(),
    }
}

/// Recordings whose topics are told with their events.
const TOLD: usize = 64;

/// The document as events of `OpenLineage`, with the topics of its recordings where these are few.
pub fn told(
    workspace: &Workspace,
    document: &Document,
    namespace: &str,
) -> Result<Vec<serde_json::Value>, EngineError> {
    let recordings = document.nodes.iter().filter(|one| one.kind == "recording");
    let recordings: Vec<String> = recordings
        .take(TOLD + 1)
        .map(|one| quoted(&one.id))
        .collect();
    let mut schemas = openlineage::Schemas::new();
    if !recordings.is_empty() && recordings.len() <= TOLD {
        let asked = Asked::new(workspace, None, Limits::default())?;
        let rows = asked.rows(&format!(
            "SELECT DISTINCT recording_id, topic, schema_name FROM channels WHERE recording_id IN ({}) \
             ORDER BY recording_id, topic, schema_name",
            recordings.join(", ")
        ))?;
        for row in &rows {
            let text = |name: &str| row.get(name).and_then(|value| value.as_str());
            let column = (text("topic"), text("schema_name").unwrap_or("unknown"));
            if let (Some(id), (Some(topic), kind)) = (text("recording_id"), column) {
                let columns: &mut Vec<_> = schemas.entry(id.to_owned()).or_default();
                columns.push((topic.to_owned(), kind.to_owned()));
            }
        }
    }
    Ok(openlineage::events(document, namespace, &schemas))
}

/// Writes what was rendered, whole or not at all. Errors: an output that is there, what the system says.
pub fn write(path: &Path, text: &str, force: bool) -> Result<(), EngineError> {
    write_text(path, text, force)
}
