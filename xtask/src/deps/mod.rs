//! What may depend on what: edges between rooms, heavy crates, the default build, licences.
//!
//! Read [`run`] first. The rules are data in `ARCHITECTURE.md` (Rooms) and [`NEVER_IN_CHECK`];
//! [`licence`] holds the allow-list. Not here: words in source files (`tidy`).

mod licence;

use crate::architecture::{self, Room};
use crate::shell::Step;
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Crates that must never be part of what `fieldassay check` needs: each brings minutes of build.
/// A name that ends in `*` stands for all that begin with it.
const NEVER_IN_CHECK: &[&str] = &[
    "arrow",
    "ballista*",
    "datafusion*",
    "delta*",
    "hyper",
    "object_store",
    "openssl*",
    "reqwest",
    "sqlx*",
    "tokio",
];

/// Rooms that tests may use besides those of their row.
const TEST_EDGES: &[&str] = &["testkit", "simulate"];

/// Checks the whole graph and fails with the list of breaches.
pub(crate) fn run(_arguments: &[String]) -> Result<()> {
    let rooms = architecture::rooms()?;
    let metadata = metadata()?;
    let mut breaches = room_edges(&metadata, &rooms)?;
    breaches.extend(heavy_crates(&metadata, &rooms)?);
    breaches.extend(default_build(&metadata)?);
    breaches.extend(licence::check(&metadata)?);
    for breach in &breaches {
        println!("{breach}");
    }
    match breaches.len() {
        0 => Ok(()),
        n => bail!("{n} dependencies that ARCHITECTURE.md or the licence list does not allow"),
    }
}

/// The resolved graph for this machine's target, so that nothing is fetched for others.
fn metadata() -> Result<Value> {
    let version = Step::new("rustc -vV").output()?;
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .context("`rustc -vV` names no host")?;
    let text = Step::new("cargo metadata --format-version 1 --filter-platform")
        .with(host)
        .output()?;
    serde_json::from_str(&text).context("`cargo metadata` wrote no JSON")
}

/// An array in a JSON value.
fn list<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    value[key]
        .as_array()
        .with_context(|| format!("`cargo metadata` has no list `{key}`"))
}

/// A string in a JSON value, empty when absent.
fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The room a package is: the folder under `crates/` that holds it.
fn room_name(package: &Value) -> Option<&str> {
    let folder = text(package, "manifest_path").strip_suffix("/Cargo.toml")?;
    let (above, name) = folder.rsplit_once('/')?;
    (above.ends_with("/crates") && package["source"].is_null()).then_some(name)
}

/// Packages that are rooms, by room name.
fn room_packages(metadata: &Value) -> Result<BTreeMap<&str, &Value>> {
    Ok(list(metadata, "packages")?
        .iter()
        .filter_map(|package| Some((room_name(package)?, package)))
        .collect())
}

/// Edges between rooms that the table does not have. Tests may use `testkit` besides.
fn room_edges(metadata: &Value, rooms: &BTreeMap<String, Room>) -> Result<Vec<String>> {
    let packages = room_packages(metadata)?;
    let by_package: BTreeMap<&str, &str> = packages
        .iter()
        .map(|(room, package)| (text(package, "name"), *room))
        .collect();
    let mut breaches = Vec::new();
    for (name, package) in &packages {
        let Some(room) = rooms.get(*name) else {
            breaches.push(format!("`{name}` has no row in ARCHITECTURE.md"));
            continue;
        };
        for dependency in list(package, "dependencies")? {
            let Some(target) = by_package.get(text(dependency, "name")) else {
                continue;
            };
            let optional = dependency["optional"].as_bool() == Some(true);
            let allowed = room.edges.contains(*target)
                || (optional && room.optional_edges.contains(*target))
                || (text(dependency, "kind") == "dev" && TEST_EDGES.contains(target));
            if !allowed {
                breaches.push(format!(
                    "`{name}` depends on `{target}`; ARCHITECTURE.md allows: {}",
                    join(&room.edges)
                ));
            }
        }
    }
    Ok(breaches)
}

/// Heavy crates named by rooms whose row does not name them.
fn heavy_crates(metadata: &Value, rooms: &BTreeMap<String, Room>) -> Result<Vec<String>> {
    let heavy: BTreeSet<&String> = rooms.values().flat_map(|room| &room.heavy).collect();
    let mut breaches = Vec::new();
    for (name, package) in room_packages(metadata)? {
        for dependency in list(package, "dependencies")? {
            let crate_name = text(dependency, "name").to_owned();
            let shipped = text(dependency, "kind") != "dev";
            let allowed = rooms
                .get(name)
                .is_some_and(|room| room.heavy.contains(&crate_name));
            if shipped && heavy.contains(&crate_name) && !allowed {
                breaches.push(format!(
                    "`{name}` names the crate `{crate_name}`, which its row in ARCHITECTURE.md does not"
                ));
            }
        }
    }
    Ok(breaches)
}

/// Heavy engine crates in the tree of the binary's default build.
fn default_build(metadata: &Value) -> Result<Vec<String>> {
    let names: BTreeMap<&str, &str> = list(metadata, "packages")?
        .iter()
        .map(|package| (text(package, "id"), text(package, "name")))
        .collect();
    let nodes: BTreeMap<&str, &Value> = list(&metadata["resolve"], "nodes")?
        .iter()
        .map(|node| (text(node, "id"), node))
        .collect();
    let start = names
        .iter()
        .find(|(_, name)| **name == "fieldassay")
        .map(|(id, _)| *id)
        .context("the workspace has no package `fieldassay`")?;
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut open = vec![start];
    while let Some(id) = open.pop() {
        let Some(node) = nodes.get(id) else { continue };
        for dependency in list(node, "deps")? {
            let kinds = list(dependency, "dep_kinds")?;
            let target = text(dependency, "pkg");
            if kinds.iter().all(|kind| text(kind, "kind") == "dev")
                || came_from.contains_key(target)
            {
                continue;
            }
            came_from.insert(target, id);
            open.push(target);
        }
    }
    let breaches = came_from.keys().filter_map(|id| {
        let name = names.get(id)?;
        is_never(name).then(|| {
            let path = path_to(id, &came_from, &names);
            format!("`{name}` is part of the default build: {path}")
        })
    });
    Ok(breaches.collect())
}

fn is_never(name: &str) -> bool {
    NEVER_IN_CHECK
        .iter()
        .any(|rule| match rule.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == *rule,
        })
}

/// How the crate came in, from the binary on.
fn path_to(id: &str, came_from: &BTreeMap<&str, &str>, names: &BTreeMap<&str, &str>) -> String {
    let mut path = vec![names.get(id).copied().unwrap_or(id)];
    let mut at = id;
    while let Some(from) = came_from.get(at) {
        path.push(names.get(from).copied().unwrap_or(from));
        at = from;
    }
    path.reverse();
    path.join(" > ")
}

fn join(names: &BTreeSet<String>) -> String {
    if names.is_empty() {
        return "nothing".to_owned();
    }
    names
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn package(room: &str, dependencies: &Value) -> Value {
        json!({
            "id": room, "name": format!("fieldassay-{room}"), "source": null,
            "manifest_path": format!("/x/crates/{room}/Cargo.toml"), "dependencies": dependencies,
        })
    }

    fn house() -> BTreeMap<String, Room> {
        let check = Room {
            edges: BTreeSet::from(["measure".to_owned()]),
            heavy: BTreeSet::from(["rayon".to_owned()]),
            ..Room::default()
        };
        BTreeMap::from([
            ("check".to_owned(), check),
            ("measure".to_owned(), Room::default()),
        ])
    }

    #[test]
    fn an_edge_the_table_has_not_is_found() {
        let good = json!([{"name": "fieldassay-measure", "kind": null}]);
        let bad =
            json!([{"name": "fieldassay-check", "kind": null}, {"name": "rayon", "kind": null}]);
        let metadata = json!({"packages": [package("check", &good), package("measure", &bad)]});
        assert_eq!(room_edges(&metadata, &house()).expect("metadata").len(), 1);
        assert_eq!(
            heavy_crates(&metadata, &house()).expect("metadata").len(),
            1
        );
    }

    #[test]
    fn a_heavy_crate_is_found_however_deep() {
        let node = |id: &str, to: &[&str], kind: &Value| {
            let deps: Vec<Value> = to
                .iter()
                .map(|to| json!({"pkg": to, "dep_kinds": [{"kind": kind}]}))
                .collect();
            json!({"id": id, "deps": deps})
        };
        let packages: Vec<Value> = ["fieldassay", "a", "tokio"]
            .iter()
            .map(|name| json!({"id": name, "name": name}))
            .collect();
        let graph = |kind: &Value| {
            json!({"packages": packages, "resolve": {"nodes": [
                node("fieldassay", &["a"], &Value::Null), node("a", &["tokio"], kind), node("tokio", &[], &Value::Null)]}})
        };
        let found = default_build(&graph(&Value::Null)).expect("metadata");
        assert_eq!(
            found,
            ["`tokio` is part of the default build: fieldassay > a > tokio"]
        );
        assert!(
            default_build(&graph(&json!("dev")))
                .expect("metadata")
                .is_empty()
        );
    }
}
