//! Where something came from, and what came of it: one recursive question over `edges`.
//!
//! Read [`LineageQuestion`] and [`Catalog::lineage`] first. Nothing is loaded whole: every step is a search in an index,
//! and the answer stops at its limit. Edges can make no circle, because whatever is made names what was there before;
//! where a damaged catalogue has one, a node that was reached is not reached again, so that every question ends.
//!
//! Not here: how lineage is written ([`super::Lineage`]), what a node means (`engine`).

use super::Catalog;
use super::db::{Row, Value, malformed};
use super::packed::{Packed, packed};
use super::recorded::{Node, Operation};
use crate::StoreError;

/// Which way to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To what it came from.
    Up,
    /// To what came of it.
    Down,
}

/// What to follow, and how far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineageQuestion<'a> {
    /// Where to start.
    pub node_id: &'a str,
    /// Which way.
    pub direction: Direction,
    /// Steps at most; none for all.
    pub depth: Option<u32>,
    /// Only what batches up to this one recorded; none for all.
    pub until: Option<i64>,
    /// Links at most.
    pub most: usize,
}

/// One step: what came, from what, by which operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What came.
    pub child: String,
    /// From what.
    pub parent: String,
    /// By what.
    pub operation: Operation,
    /// The batch of the operation.
    pub sequence: i64,
    /// When readers saw it first, microseconds since 1970.
    pub published_us: Option<i64>,
    /// What is known of the farther end; none where nobody wrote it down.
    pub node: Option<Node>,
}

/// The links that were reached, by child, parent and operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// The links.
    pub links: Vec<Link>,
    /// Whether there are more than were asked for.
    pub is_cut: bool,
}

/// The question in one text for both databases: `CROSS JOIN` keeps SQLite at the order written here, from the few nodes
/// that were reached to their edges by index. Without a depth a node is reached once, with one once per depth.
macro_rules! question {
    ($reached:literal, $step:literal, $near:literal, $far:literal, $within:literal) => {
        concat!(
            "WITH RECURSIVE reached (node_id, depth) AS (SELECT CAST($1 AS TEXT), CAST(0 AS BIGINT) UNION SELECT e.",
            $far,
            ", ",
            $step,
            " FROM reached r CROSS JOIN edges e CROSS JOIN operations o WHERE e.",
            $near,
            " = r.node_id AND o.operation_id = e.operation_id AND o.sequence <= $2 ",
            $within,
            ") SELECT o.operation_id, o.verb, o.plan_sha256, o.actor, o.time_ns, o.sequence, b.published_us, l.links ",
            "FROM (SELECT operation_id, string_agg(link, '') AS links FROM (SELECT o.operation_id, ",
            packed!("e.child", "e.parent", "n.kind", "n.name", "n.sha256"),
            " AS link FROM ",
            $reached,
            " r CROSS JOIN edges e CROSS JOIN operations o LEFT JOIN nodes n ON n.node_id = e.",
            $far,
            " WHERE e.",
            $near,
            " = r.node_id AND o.operation_id = e.operation_id AND o.sequence <= $2 LIMIT $3) AS one GROUP BY operation_id) AS l ",
            "JOIN operations o ON o.operation_id = l.operation_id LEFT JOIN batches b ON b.sequence = o.sequence"
        )
    };
}

const UP: &str = question!("reached", "CAST(0 AS BIGINT)", "child", "parent", "");
const DOWN: &str = question!("reached", "CAST(0 AS BIGINT)", "parent", "child", "");
const UP_WITHIN: &str = question!(
    "(SELECT DISTINCT node_id FROM reached WHERE depth < $4)",
    "r.depth + 1",
    "child",
    "parent",
    "AND r.depth + 1 < $4"
);
const DOWN_WITHIN: &str = question!(
    "(SELECT DISTINCT node_id FROM reached WHERE depth < $4)",
    "r.depth + 1",
    "parent",
    "child",
    "AND r.depth + 1 < $4"
);

impl Catalog {
    /// Everything that a node came from, or that came of it. Cost: a search in an index per node and link reached.
    pub async fn lineage(&self, question: &LineageQuestion<'_>) -> Result<Links, StoreError> {
        let most = i64::try_from(question.most).unwrap_or(i64::MAX);
        let mut values: Vec<Value> = vec![
            question.node_id.into(),
            question.until.unwrap_or(i64::MAX).into(),
            most.saturating_add(1).into(),
        ];
        let sql = match (question.direction, question.depth) {
            (Direction::Up, None) => UP,
            (Direction::Down, None) => DOWN,
            (Direction::Up, Some(_)) => UP_WITHIN,
            (Direction::Down, Some(_)) => DOWN_WITHIN,
        };
        if let Some(depth) = question.depth {
            values.push(i64::from(depth).into());
        }
        let rows = self.db.rows(sql, &values).await?;
        let mut links = Vec::new();
        for row in &rows {
            of_operation(row, question.direction, &mut links)?;
        }
        let is_cut = links.len() > question.most;
        links.truncate(question.most);
        links.sort_by(|a, b| key(a).cmp(&key(b)));
        Ok(Links { links, is_cut })
    }

    /// What is known of a node.
    pub async fn node(&self, node_id: &str) -> Result<Option<Node>, StoreError> {
        let sql = "SELECT node_id, kind, name, sha256 FROM nodes WHERE node_id = $1";
        let rows = self.db.rows(sql, &[node_id.into()]).await?;
        rows.first().map(node).transpose()
    }

    /// Nodes whose id begins so, by id. Cost: every node is looked at.
    pub async fn nodes_like(&self, start: &str, most: usize) -> Result<Vec<Node>, StoreError> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        // Not a range: databases differ in how they order texts.
        let sql = "SELECT node_id, kind, name, sha256 FROM nodes \
                   WHERE substr(node_id, 1, length(CAST($1 AS TEXT))) = $1 ORDER BY node_id LIMIT $2";
        let rows = self.db.rows(sql, &[start.into(), most.into()]).await?;
        rows.iter().map(node).collect()
    }

    /// The batch that recorded what a node came from first; none for what came from nothing.
    pub async fn made_at(&self, node_id: &str) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT MIN(o.sequence) FROM edges e JOIN operations o ON o.operation_id = e.operation_id \
                   WHERE e.child = $1";
        let rows = self.db.rows(sql, &[node_id.into()]).await?;
        rows.first().map_or(Ok(None), |row| row.get(0))
    }
}

/// What links are sorted by.
fn key(link: &Link) -> (&str, &str, i64, &str) {
    let operation = &link.operation.operation_id;
    (&link.child, &link.parent, link.sequence, operation)
}

fn node(row: &Row) -> Result<Node, StoreError> {
    Ok(Node {
        node_id: row.get(0)?,
        kind: row.get(1)?,
        name: row.get(2)?,
        sha256: row.get(3)?,
    })
}

/// The links of one operation.
fn of_operation(row: &Row, way: Direction, links: &mut Vec<Link>) -> Result<(), StoreError> {
    let operation = Operation {
        operation_id: row.get(0)?,
        verb: row.get(1)?,
        plan_sha256: row.get(2)?,
        actor: row.get(3)?,
        time_ns: row.get(4)?,
    };
    let (sequence, published_us) = (row.get(5)?, row.get(6)?);
    let text: String = row.get(7)?;
    let mut packed = Packed::new(&text);
    while !packed.is_empty() {
        let texts = packed.texts().ok_or_else(|| malformed("edges"))?;
        let [child, parent, kind, name, sha256] = texts.map(str::to_owned);
        let far = match way {
            Direction::Up => &parent,
            Direction::Down => &child,
        };
        let node = (!kind.is_empty()).then(|| Node {
            node_id: far.clone(),
            kind,
            name,
            sha256: (!sha256.is_empty()).then_some(sha256),
        });
        links.push(Link {
            child,
            parent,
            operation: operation.clone(),
            sequence,
            published_us,
            node,
        });
    }
    Ok(())
}
