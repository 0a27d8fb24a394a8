//! From YAML text to an [`Ontology`], and what must hold between its classes.
//!
//! Read [`parse`] first. Not here: whether targets of mappings exist in the other ontology ([`Ontology::problems`]).

use super::{Mapping, Ontology, Target};
use crate::nearest;
use crate::strict::{self, Crossed, FileError};
use std::collections::{BTreeMap, BTreeSet};

const FILE: &str = "ontology";

type Found = Result<(), Crossed>;

pub(super) fn parse(yaml: &str) -> Result<Ontology, FileError> {
    let ontology: Ontology = strict::read(FILE, yaml)?;
    let checks = [head, names, parents, successors, attributes, mappings];
    for check in checks {
        check(&ontology).map_err(|fault| strict::contradiction(FILE, yaml, fault))?;
    }
    Ok(ontology)
}

fn wrong(word: &str, message: String) -> Found {
    Err((vec![word.to_owned()], message))
}

/// The same for what is found in a class or mapping.
fn wrong_in(place: &str, word: &str, message: String) -> Found {
    Err((vec![place.to_owned(), word.to_owned()], message))
}

/// What to do about a class that is none.
fn meant(ontology: &Ontology, name: &str) -> String {
    match nearest(name, ontology.classes.keys().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "add the class".to_owned(),
    }
}

fn head(ontology: &Ontology) -> Found {
    if ontology.version == 0 {
        let message = "`version` is `0`\nhint: versions begin at 1".to_owned();
        return wrong("version", message);
    }
    if ontology.ontology.is_empty() || ontology.ontology.contains(['@', '/', ' ']) {
        let message = format!(
            "`{}` is no name of an ontology\nhint: letters, digits, `-`, `_` and `.`",
            ontology.ontology
        );
        return wrong("ontology", message);
    }
    if ontology.labels().is_empty() {
        let message =
            "no class can be a label\nhint: add classes that are neither abstract nor deprecated";
        return wrong("classes", message.to_owned());
    }
    Ok(())
}

/// Names that differ in case and separators only are one name to people.
fn names(ontology: &Ontology) -> Found {
    let mut plain: BTreeMap<String, &str> = BTreeMap::new();
    let mut numbers: BTreeMap<i64, &str> = BTreeMap::new();
    for (name, class) in &ontology.classes {
        let letters = name.chars().filter(|c| !"-_ ".contains(*c));
        let key: String = letters.flat_map(char::to_lowercase).collect();
        if key.is_empty() {
            return wrong(name, "a class has no name\nhint: name it".to_owned());
        }
        if let Some(other) = plain.insert(key, name) {
            let message = format!(
                "`{other}` and `{name}` are one name to people\nhint: keep one, and map the other's labels to it"
            );
            return wrong(name, message);
        }
        if let Some(id) = class.id
            && let Some(other) = numbers.insert(id, name)
        {
            let message =
                format!("`{other}` and `{name}` both have id `{id}`\nhint: ids are unique");
            return wrong(name, message);
        }
    }
    Ok(())
}

fn parents(ontology: &Ontology) -> Found {
    for (name, class) in &ontology.classes {
        let Some(parent) = &class.parent else {
            continue;
        };
        if !ontology.classes.contains_key(parent) {
            let message = format!(
                "`{name}` is a kind of `{parent}`, which is no class\nhint: {}",
                meant(ontology, parent)
            );
            return wrong_in(name, parent, message);
        }
        let mut line = vec![name];
        let mut next = Some(parent);
        while let Some(parent) = next {
            if line.contains(&parent) {
                line.push(parent);
                let line: Vec<_> = line.into_iter().map(|name| format!("`{name}`")).collect();
                let message = format!(
                    "classes are kinds of each other: {}\nhint: drop one `parent`",
                    line.join(" of ")
                );
                return wrong(name, message);
            }
            line.push(parent);
            next = ontology
                .classes
                .get(parent)
                .and_then(|class| class.parent.as_ref());
        }
    }
    Ok(())
}

fn successors(ontology: &Ontology) -> Found {
    for (name, class) in &ontology.classes {
        let Some(deprecated) = &class.deprecated else {
            continue;
        };
        if deprecated.since > ontology.version {
            let message = format!(
                "`{name}` is deprecated since version `{}`, and this is `{}`\nhint: correct `since`",
                deprecated.since, ontology.version
            );
            return wrong(name, message);
        }
        let Some(successor) = &deprecated.successor else {
            continue;
        };
        match ontology.classes.get(successor) {
            None => {
                let message = format!(
                    "the successor of `{name}` is `{successor}`, which is no class\nhint: {}",
                    meant(ontology, successor)
                );
                return wrong_in(name, successor, message);
            }
            Some(class) if class.deprecated.is_some() || class.is_abstract => {
                let message = format!(
                    "the successor of `{name}` is `{successor}`, which is no label itself\nhint: name one that is"
                );
                return wrong_in(name, successor, message);
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn attributes(ontology: &Ontology) -> Found {
    for (name, class) in &ontology.classes {
        if let Some((attribute, _)) = class
            .attributes
            .iter()
            .find(|(_, values)| values.is_empty())
        {
            let message = format!(
                "attribute `{attribute}` of `{name}` may have no value\nhint: list its values"
            );
            return wrong_in(name, attribute, message);
        }
    }
    Ok(())
}

fn mappings(ontology: &Ontology) -> Found {
    let mut seen = BTreeSet::new();
    for mapping in &ontology.mappings {
        let to = mapping.to.to_string();
        if mapping.to == ontology.id() {
            return wrong(
                &to,
                format!("`{to}` maps to itself\nhint: drop the mapping"),
            );
        }
        if !seen.insert(&mapping.to) {
            return wrong(
                &to,
                format!("there are two mappings to `{to}`\nhint: join them"),
            );
        }
        if let Some(name) = mapping
            .classes
            .keys()
            .find(|name| !ontology.classes.contains_key(*name))
        {
            let message = format!(
                "the mapping to `{to}` names `{name}`, which is no class\nhint: {}",
                meant(ontology, name)
            );
            return wrong_in(&to, name, message);
        }
        exact(mapping, &to)?;
    }
    Ok(())
}

/// Two classes cannot both be exactly one.
fn exact(mapping: &Mapping, to: &str) -> Found {
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, target) in &mapping.classes {
        match target {
            Target::Exact(target) => {
                if let Some(other) = taken.insert(target, name) {
                    let message = format!(
                        "`{other}` and `{name}` both map exactly to `{target}`\nhint: where they are merged, write `{{broader: {target}}}`"
                    );
                    return wrong_in(to, name, message);
                }
            }
            Target::Split(targets) if targets.len() < 2 => {
                let message = format!(
                    "`{name}` is split into fewer than two\nhint: name one class without brackets, or all"
                );
                return wrong_in(to, name, message);
            }
            _ => {}
        }
    }
    Ok(())
}
