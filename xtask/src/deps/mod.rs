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
    breaches.extend(default_build(&default_tree()?)?);
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

/// Everything the binary is built from when nobody asks for features, as a tree: `<depth><name> v<version>` per line.
/// `cargo metadata` would not do: it resolves features for the whole workspace at once.
fn default_tree() -> Result<String> {
    let command = "cargo tree --package fieldassay --edges normal,build --prefix depth";
    Step::new(command).output()
}

/// Heavy engine crates in the tree of the binary's default build.
fn default_build(tree: &str) -> Result<Vec<String>> {
    let mut path: Vec<&str> = Vec::new();
    let mut breaches = BTreeMap::new();
    for line in tree.lines().filter(|line| !line.is_empty()) {
        let digits = line
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(line.len());
        let (depth, rest) = line.split_at(digits);
        let depth: usize = depth
            .parse()
            .with_context(|| format!("`cargo tree` wrote `{line}`"))?;
        let name = rest.split_whitespace().next().unwrap_or_default();
        path.truncate(depth);
        path.push(name);
        if is_never(name) {
            let way = || {
                format!(
                    "`{name}` is part of the default build: {}",
                    path.join(" > ")
                )
            };
            breaches.entry(name).or_insert_with(way);
        }
    }
    if path.is_empty() {
        bail!("`cargo tree` knows no package `fieldassay`");
    }
    Ok(breaches.into_values().collect())
}

fn is_never(name: &str) -> bool {
    NEVER_IN_CHECK
        .iter()
        .any(|rule| match rule.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == *rule,
        })
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
        let light = "0fieldassay v0.1.0 (/x)\n1a v1.0.0\n2b v1.0.0\n1c v2.1.0\n";
        assert!(default_build(light).expect("a tree").is_empty());
        let heavy = format!("{light}2tokio v1.0.0\n1tokio v1.0.0 (*)\n");
        assert_eq!(
            default_build(&heavy).expect("a tree"),
            ["`tokio` is part of the default build: fieldassay > c > tokio"]
        );
        assert!(default_build("").is_err());
        assert!(default_build("what is this").is_err());
    }
}
